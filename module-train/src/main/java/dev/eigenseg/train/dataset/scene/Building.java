package dev.eigenseg.train.dataset.scene;

import dev.eigenseg.train.dataset.scene.Shade.Color;
import java.util.random.RandomGenerator;

/** A block with windows, and a roof whose ridge runs across the line of sight if it has one. */
final class Building implements SceneObject {
  /** Surfaces of walls. */
  enum Wall {
    BRICK,
    PLASTER,
    CONCRETE
  }

  private static final Color GLASS = new Color(0.16, 0.21, 0.27);
  private static final Color CURTAIN = new Color(0.72, 0.68, 0.58);
  private static final Color DOOR = new Color(0.30, 0.20, 0.15);

  private final double left;
  private final double right;
  private final double front;
  private final double back;
  private final double ground;
  private final double height;
  private final double roof;
  private final Wall wall;
  private final Color paint;
  private final Color frame;
  private final Color tiles;
  private final double storey;
  private final double bay;
  private final double paneWidth;
  private final double paneHeight;
  private final boolean shop;
  private final Noise noise;

  /**
   * The block {@code [left, right] x [front, back]} of a height up to the eaves, with a roof of a
   * further height or none.
   */
  Building(
      double left,
      double right,
      double front,
      double back,
      double ground,
      double height,
      double roof,
      Wall wall,
      Color paint,
      RandomGenerator random) {
    this.left = left;
    this.right = right;
    this.front = front;
    this.back = back;
    this.ground = ground;
    this.height = height;
    this.roof = roof;
    this.wall = wall;
    this.paint = paint;
    this.noise = new Noise(random.nextLong());
    this.frame = random.nextInt(3) == 0 ? paint.times(0.55) : new Color(0.86, 0.85, 0.81);
    this.tiles =
        random.nextBoolean()
            ? new Color(0.55, 0.27, 0.18).times(random.nextDouble(0.8, 1.15))
            : new Color(0.33, 0.33, 0.36).times(random.nextDouble(0.8, 1.2));
    this.storey = height / Math.max(1, Math.round(height / 3.1));
    this.bay = random.nextDouble(2.1, 3.2);
    this.paneWidth = wall == Wall.CONCRETE ? 0.74 : random.nextDouble(0.36, 0.5);
    this.paneHeight = wall == Wall.CONCRETE ? 0.5 : random.nextDouble(0.48, 0.62);
    this.shop = height > 8 && random.nextInt(3) > 0;
  }

  @Override
  public SceneClass kind() {
    return SceneClass.BUILDING;
  }

  @Override
  public double distance(Ray ray) {
    return Math.min(Math.min(front(ray), side(ray)), slope(ray));
  }

  private double front(Ray ray) {
    double px = ray.x * front;
    double up = up(ray, front);
    return px >= left && px <= right && up >= 0 && up <= height ? front : Double.POSITIVE_INFINITY;
  }

  private double side(Ray ray) {
    double plane = left > 0 ? left : right;
    if ((left <= 0 && right >= 0) || plane * ray.x <= 0) {
      return Double.POSITIVE_INFINITY;
    }
    double z = plane / ray.x;
    double up = up(ray, z);
    double middle = (front + back) / 2;
    double gable = roof * (1 - Math.abs(z - middle) / (middle - front));
    return z >= front && z <= back && up >= 0 && up <= height + gable
        ? z
        : Double.POSITIVE_INFINITY;
  }

  private double slope(Ray ray) {
    if (roof <= 0) {
      return Double.POSITIVE_INFINITY;
    }
    double depth = (back - front) / 2;
    double steep = roof / depth;
    double z = (ground - height - ray.originY + steep * front) / (ray.y + steep);
    double px = ray.x * z;
    // The eaves hang over the wall and a little below its top.
    return z >= front - 0.35 && z <= front + depth && px >= left - 0.3 && px <= right + 0.3
        ? z
        : Double.POSITIVE_INFINITY;
  }

  private double up(Ray ray, double z) {
    return ground - (ray.originY + ray.y * z);
  }

  @Override
  public void shade(Ray ray, double z, Light light, Shade shade) {
    double up = up(ray, z);
    double sharp = 1 / (1 + z * z * 0.0009);
    if (slope(ray) == z) {
      tile(ray.x * z, z, sharp, shade);
      light.apply(shade, 0.8);
    } else if (front(ray) == z) {
      facade(ray.x * z - left, right - left, up, sharp, shade);
      light.apply(shade, 0.5 + 0.15 * noise.cell(1, 1));
    } else {
      facade(z - front, back - front, up, sharp, shade);
      // A wall on the left faces right: it is lit by a sun on the right.
      boolean lit = (right <= 0) == (light.side() > 0);
      light.apply(shade, lit ? 0.92 : 0.12);
    }
    // Light from the ground and the street's dirt: darker at the foot.
    shade.scale(0.84 + 0.16 * Noise.step(0, 2.2, up));
  }

  /** Whether something at a point of the ground would touch the walls. */
  boolean touches(double x, double z, double margin) {
    return x > left - margin && x < right + margin && z > front - margin && z < back + margin;
  }

  private void tile(double s, double t, double sharp, Shade shade) {
    double row = t * 2.6;
    double line = row - Noise.floor(row);
    shade.color(tiles);
    shade.scale(
        1
            + sharp * (0.28 * (line - 0.5) + 0.16 * noise.at(s * 4, Noise.floor(row)))
            + 0.12 * noise.fractal(s * 0.5, t * 0.5, 2));
  }

  private void facade(double s, double width, double up, double sharp, Shade shade) {
    surface(s, up, sharp, shade);
    if (up > height - 0.35 && roof <= 0) {
      shade.color(frame.mix(paint, 0.4), paint, 1 - sharp);
      return;
    }
    if (up > height) {
      return;
    }
    int bays = Math.max(1, (int) (width / bay));
    double wide = width / bays;
    int column = Math.clamp(Noise.floor(s / wide), 0, bays - 1);
    int floor = Noise.floor(up / storey);
    double a = s / wide - column - 0.5;
    double b = up / storey - floor - 0.5;
    if (floor == 0 && shop) {
      shopFront(a, up, column, shade);
    } else if (floor == 0 && column == bays / 2) {
      door(a * wide, up, shade);
    } else {
      window(a, b, column, floor, shade);
    }
  }

  private void door(double fromMiddle, double up, Shade shade) {
    double across = Math.abs(fromMiddle);
    if (across < 0.5 && up < 2.1) {
      shade.color(DOOR, paint, 0.1);
      shade.scale(across < 0.36 && Math.abs(up - 1.1) < 0.75 ? 1.15 : 1);
    } else if (across < 0.62 && up < 2.24) {
      shade.color(frame);
    }
  }

  private void window(double a, double b, int column, int floor, Shade shade) {
    double u = Math.abs(a) / (paneWidth / 2);
    double v = Math.abs(b) / (paneHeight / 2);
    if (u < 1 && v < 1) {
      pane(b, column, floor, shade);
      boolean bar = wall != Wall.CONCRETE && (Math.abs(a) < 0.018 || Math.abs(b - 0.08) < 0.015);
      if (bar) {
        shade.color(frame);
      }
    } else if (u < 1.22 && v < 1.14) {
      shade.color(frame);
      shade.scale(b < -paneHeight / 2 ? 0.72 : 0.95);
    }
  }

  private void pane(double b, int column, int floor, Shade shade) {
    double luck = noise.cell(column * 7 + 3, floor * 13 + 5);
    shade.color(GLASS);
    shade.scale(0.75 + 0.6 * luck);
    // The upper part of a pane mirrors the sky.
    shade.towards(new Color(0.52, 0.62, 0.72), 0.35 * Noise.step(-0.3, 0.4, b) * luck);
    if (luck > 0.72 && b > (luck - 0.86) * 2.5) {
      shade.towards(CURTAIN, 0.75);
    }
  }

  private void shopFront(double a, double up, int column, Shade shade) {
    double luck = noise.cell(column * 3 + 1, 77);
    if (up > storey * 0.8) {
      // The sign above the window.
      shade.color(
          new Color(0.3 + 0.5 * luck, 0.25 + 0.4 * noise.cell(column, 78), 0.24), paint, 0.35);
    } else if (Math.abs(a) < 0.42 && up > 0.5) {
      shade.color(GLASS, CURTAIN, 0.3 * luck + 0.15 * noise.at(a * 6, up * 2));
    } else {
      shade.scale(0.7);
    }
  }

  private void surface(double s, double up, double sharp, Shade shade) {
    shade.color(paint);
    double stain = noise.fractal(s * 0.35, up * 0.22, 3);
    switch (wall) {
      case BRICK -> {
        double row = up * 7;
        int r = Noise.floor(row);
        double shifted = s * 3.2 + (r & 1) * 0.5;
        int c = Noise.floor(shifted);
        boolean joint = row - r < 0.16 || shifted - c < 0.08;
        double tone = 0.28 * (noise.cell(c, r) - 0.5);
        shade.scale(1 + sharp * (joint ? 0.22 : tone) + 0.12 * stain);
      }
      case PLASTER -> shade.scale(1 + 0.13 * stain + sharp * 0.05 * noise.at(s * 9, up * 9));
      case CONCRETE -> {
        double panel = up / storey - Noise.floor(up / storey);
        shade.scale(1 + 0.1 * stain - (panel < 0.03 ? 0.2 * sharp : 0));
      }
    }
  }

  @Override
  public double sunlight(double px, double pz, Light light) {
    double length = height * 0.55 * Math.abs(light.side());
    // The sun on the right throws shadows to the left.
    double from = light.side() > 0 ? left - px : px - right;
    if (from < 0 || from > length * 1.1) {
      return 1;
    }
    // It falls a little towards the camera, and is softer the farther it falls.
    double z = pz + 0.3 * from;
    double soft = 0.15 + 0.06 * from;
    double along =
        Noise.step(front - soft, front + soft, z) * Noise.step(back + soft, back - soft, z);
    return 1 - along * Noise.step(length * 1.08, length * 0.92, from);
  }
}
