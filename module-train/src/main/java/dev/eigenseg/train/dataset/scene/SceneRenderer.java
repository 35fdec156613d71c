package dev.eigenseg.train.dataset.scene;

import dev.eigenseg.train.dataset.scene.SceneObject.Ray;
import java.awt.image.BufferedImage;
import java.util.SplittableRandom;

/** Takes pictures of invented scenes. Thread-safe; a seed always gives the same picture. */
public final class SceneRenderer {
  // The four points of a rotated grid: an edge of any slope crosses them one after another.
  private static final double[][] SUBPIXELS = {
    {-0.375, -0.125}, {0.125, -0.375}, {0.375, 0.125}, {-0.125, 0.375}
  };

  private final Scene scene;
  private final int width;
  private final int height;
  private final double centre;
  private final double horizon;
  private final SplittableRandom grain;
  private final char[] labels;
  private final int[] objects;
  private final float[] colors;

  private SceneRenderer(long seed, int width, int height) {
    this.width = width;
    this.height = height;
    this.scene = Composer.compose(seed);
    this.grain = new SplittableRandom(~seed);
    this.centre = width * grain.nextDouble(0.4, 0.6);
    this.horizon = height * grain.nextDouble(0.4, 0.54);
    this.labels = new char[Math.multiplyExact(width, height)];
    this.objects = new int[labels.length];
    this.colors = new float[Math.multiplyExact(labels.length, 3)];
  }

  /**
   * A picture and the class of the point under the centre of each of its pixels.
   *
   * @param image RGB
   * @param labels {@link SceneClass#label()}, row by row
   */
  @SuppressWarnings("ArrayRecordComponent")
  public record Picture(BufferedImage image, char[] labels) {}

  /** Renders the scene of a seed. */
  public static Picture render(long seed, int width, int height) {
    SceneRenderer renderer = new SceneRenderer(seed, width, height);
    renderer.centres();
    renderer.smoothEdges();
    return new Picture(renderer.develop(), renderer.labels);
  }

  private void centres() {
    Ray ray = new Ray();
    Shade shade = new Shade();
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        look(x, y, ray, shade);
        int pixel = y * width + x;
        labels[pixel] = (char) shade.kind.label();
        objects[pixel] = shade.object;
        store(pixel, shade.red, shade.green, shade.blue);
      }
    }
  }

  private void look(double x, double y, Ray ray, Shade shade) {
    scene.look((x + 0.5 - centre) / height, (y + 0.5 - horizon) / height, ray, shade);
  }

  private void store(int pixel, double red, double green, double blue) {
    colors[3 * pixel] = (float) red;
    colors[3 * pixel + 1] = (float) green;
    colors[3 * pixel + 2] = (float) blue;
  }

  // Only where two objects meet are steps visible; elsewhere one ray a pixel is enough, in a
  // quarter of the time.
  private void smoothEdges() {
    Ray ray = new Ray();
    Shade shade = new Shade();
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        if (!edge(x, y)) {
          continue;
        }
        double red = 0;
        double green = 0;
        double blue = 0;
        for (double[] offset : SUBPIXELS) {
          look(x + offset[0], y + offset[1], ray, shade);
          red += shade.red / SUBPIXELS.length;
          green += shade.green / SUBPIXELS.length;
          blue += shade.blue / SUBPIXELS.length;
        }
        store(y * width + x, red, green, blue);
      }
    }
  }

  private boolean edge(int x, int y) {
    int here = objects[y * width + x];
    return (x > 0 && objects[y * width + x - 1] != here)
        || (x + 1 < width && objects[y * width + x + 1] != here)
        || (y > 0 && objects[(y - 1) * width + x] != here)
        || (y + 1 < height && objects[(y + 1) * width + x] != here);
  }

  /** Vignette, a film's soft shoulder, and grain. */
  private BufferedImage develop() {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    int[] row = new int[width];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        double dx = (x + 0.5) / width - 0.5;
        double dy = (y + 0.5) / height - 0.5;
        double vignette = 1.03 - 0.34 * (dx * dx + dy * dy);
        double noise = 0.014 * (grain.nextDouble() + grain.nextDouble() + grain.nextDouble() - 1.5);
        int rgb = 0;
        for (int channel = 0; channel < 3; channel++) {
          double value = colors[3 * (y * width + x) + channel] * vignette;
          rgb = rgb << 8 | tone(value + noise + 0.008 * (grain.nextDouble() - 0.5));
        }
        row[x] = rgb;
      }
      image.setRGB(0, y, width, 1, row, 0, width);
    }
    return image;
  }

  private static int tone(double value) {
    double v = Math.max(value, 0);
    // Straight up to 0.7, then bent so that 1.4 becomes white; no highlight is cut off.
    double bent = v < 0.7 ? v : 1 - 0.3 * square(Math.max(0, 1 - (v - 0.7) / 0.6));
    return (int) Math.round(255 * Math.clamp(bent, 0, 1));
  }

  private static double square(double value) {
    return value * value;
  }
}
