package dev.eigenseg.train.dataset.scene;

/**
 * Smooth random functions of the plane: Perlin's gradient noise (Improving Noise, 2002) over hashed
 * lattice points. The same seed gives the same function on every machine: no table, and no
 * arithmetic but additions and products.
 */
final class Noise {
  private final int seed;

  Noise(long seed) {
    this.seed = (int) (seed ^ (seed >>> 32));
  }

  /** Roughly in [-1, 1], with features one unit wide. */
  double at(double x, double y) {
    int left = floor(x);
    int top = floor(y);
    double fx = x - left;
    double fy = y - top;
    double u = fade(fx);
    double upper = mix(slope(left, top, fx, fy), slope(left + 1, top, fx - 1, fy), u);
    double lower =
        mix(slope(left, top + 1, fx, fy - 1), slope(left + 1, top + 1, fx - 1, fy - 1), u);
    return 1.5 * mix(upper, lower, fade(fy));
  }

  /** A sum of octaves, each twice as fine and half as strong. */
  double fractal(double x, double y, int octaves) {
    double sum = 0;
    double strength = 0.6;
    for (int i = 0; i < octaves; i++) {
      sum += strength * at(x, y);
      // Shifted, so that the lattices of the octaves never meet in one point.
      x = 2 * x + 17.3;
      y = 2 * y - 9.7;
      strength *= 0.5;
    }
    return sum;
  }

  /** A random number in [0, 1) for a lattice point. */
  double cell(int x, int y) {
    return (hash(x, y) >>> 8) * 0x1p-24;
  }

  /** The largest whole number not above. */
  static int floor(double value) {
    int truncated = (int) value;
    return value < truncated ? truncated - 1 : truncated;
  }

  /** A value between two, by a weight from 0 to 1. */
  static double mix(double a, double b, double weight) {
    return a + weight * (b - a);
  }

  /** 0 below {@code from}, 1 above {@code to}, smooth between. */
  static double step(double from, double to, double value) {
    double t = Math.clamp((value - from) / (to - from), 0, 1);
    return t * t * (3 - 2 * t);
  }

  private static double fade(double t) {
    return t * t * t * (t * (t * 6 - 15) + 10);
  }

  private double slope(int x, int y, double dx, double dy) {
    return switch (hash(x, y) >>> 29) {
      case 0 -> dx + 0.4 * dy;
      case 1 -> dx - 0.4 * dy;
      case 2 -> -dx + 0.4 * dy;
      case 3 -> -dx - 0.4 * dy;
      case 4 -> 0.4 * dx + dy;
      case 5 -> 0.4 * dx - dy;
      case 6 -> -0.4 * dx + dy;
      default -> -0.4 * dx - dy;
    };
  }

  private int hash(int x, int y) {
    int h = seed ^ (x * 0x27d4eb2d) ^ (y * 0x165667b1);
    h = (h ^ (h >>> 15)) * 0x2c1b3c6d;
    h = (h ^ (h >>> 12)) * 0x297a2d39;
    return h ^ (h >>> 15);
  }
}
