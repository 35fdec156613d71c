package dev.eigenseg.train.dataset.scene;

import dev.eigenseg.train.dataset.scene.Shade.Color;
import java.util.random.RandomGenerator;

/** A tree, a conifer or a bush, painted on a plane that faces the camera. */
final class Tree implements SceneObject {
  private static final Color BARK = new Color(0.34, 0.27, 0.21);

  /** Shapes of trees. */
  enum Form {
    BROAD,
    CONIFER,
    BUSH
  }

  private final double x;
  private final double z;
  private final double ground;
  private final double height;
  private final double radius;
  private final Form form;
  private final Color leaves;
  private final Noise noise;
  // Clumps of leaves in units of the radius, the first the crown as a whole: x, y above the crown's
  // middle, radius.
  private final double[][] clumps;

  Tree(
      double x,
      double z,
      double ground,
      double height,
      Form form,
      Color leaves,
      RandomGenerator random) {
    this.x = x;
    this.z = z;
    this.ground = ground;
    this.height = height;
    this.form = form;
    this.leaves = leaves;
    this.noise = new Noise(random.nextLong());
    this.radius =
        switch (form) {
          case BROAD -> height * random.nextDouble(0.3, 0.42);
          case CONIFER -> height * random.nextDouble(0.17, 0.24);
          case BUSH -> height * random.nextDouble(0.6, 1.1);
        };
    this.clumps = new double[form == Form.CONIFER ? 0 : 9][];
    for (int i = 0; i < clumps.length; i++) {
      clumps[i] =
          i == 0
              ? new double[] {0, 0, 0.72}
              : new double[] {
                random.nextDouble(-0.62, 0.62),
                random.nextDouble(-0.5, 0.62),
                random.nextDouble(0.28, 0.46)
              };
    }
  }

  @Override
  public SceneClass kind() {
    return SceneClass.TREE;
  }

  @Override
  public double distance(Ray ray) {
    double dx = ray.x * z - x;
    double up = ground - (ray.originY + ray.y * z);
    if (up < 0 || up > height * 1.1 || Math.abs(dx) > radius * 1.25) {
      return Double.POSITIVE_INFINITY;
    }
    boolean hit =
        switch (form) {
          case BROAD -> crown(dx, up) > 0 || trunk(dx, up);
          case CONIFER -> conifer(dx, up) > 0 || trunk(dx, up);
          case BUSH -> crown(dx, up) > 0;
        };
    return hit ? z : Double.POSITIVE_INFINITY;
  }

  private boolean trunk(double dx, double up) {
    double width = height * (0.022 + 0.02 * Noise.step(0.12, 0, up / height));
    return up < height * 0.55 && Math.abs(dx + 0.02 * height * noise.at(3, up)) < width;
  }

  private double crownUp(double up) {
    double middle = form == Form.BUSH ? height * 0.42 : height * 0.64;
    double half = form == Form.BUSH ? height * 0.58 : height * 0.37;
    return (up - middle) / half;
  }

  /** How deep a point lies in the crown; positive inside. */
  private double crown(double dx, double up) {
    double a = dx / radius;
    double b = crownUp(up);
    double depth = -1;
    for (double[] clump : clumps) {
      double da = a - clump[0];
      double db = b - clump[1];
      depth = Math.max(depth, 1 - (da * da + db * db) / (clump[2] * clump[2]));
    }
    if (depth < -0.9) {
      return depth;
    }
    return depth + 0.55 * noise.fractal(dx * 2.2, up * 2.2, 2) + 0.35 * noise.at(dx * 9, up * 9);
  }

  private double conifer(double dx, double up) {
    double share = up / height;
    if (share < 0.09 + 0.03 * noise.at(dx * 4, 2) || share > 1) {
      return -1;
    }
    double tier = share * 9 - Noise.floor(share * 9);
    double half = radius * (1.02 - share) * (1.08 - 0.34 * tier);
    return 1
        - Math.abs(dx) / half
        + 0.2 * noise.at(dx * 5, up * 5)
        + 0.25 * noise.at(dx * 14, up * 14);
  }

  @Override
  public void shade(Ray ray, double distance, Light light, Shade shade) {
    double dx = ray.x * z - x;
    double up = ground - (ray.originY + ray.y * z);
    boolean foliage = form == Form.CONIFER ? conifer(dx, up) > 0 : crown(dx, up) > 0;
    if (!foliage) {
      shade.color(BARK);
      shade.scale(1 + 0.35 * noise.at(dx * 20, up * 2.5));
      light.apply(shade, 0.35 + 0.3 * light.side() * dx / (0.04 * height));
      return;
    }
    double lit =
        form == Form.CONIFER
            ? 0.42 + 0.5 * light.side() * dx / radius + 0.25 * (up / height - 0.5)
            : clumpLight(dx, up, light);
    // Clusters of leaves: coarse and fine noise, finer than the eye resolves from far away.
    double fine = 1 / (1 + z * 0.012);
    double leaf =
        noise.fractal(dx * 3.4 + 7, up * 3.4, 2) + fine * 0.7 * noise.at(dx * 13, up * 13);
    shade.color(leaves);
    shade.tint(new Color(1 + 0.22 * leaf, 1 + 0.16 * leaf, 1 + 0.06 * leaf));
    light.apply(shade, Math.clamp(lit + 0.5 * leaf, 0, 1.1));
    shade.scale(0.82 + 0.24 * Noise.step(0, 0.9, up / height));
  }

  private double clumpLight(double dx, double up, Light light) {
    double a = dx / radius;
    double b = crownUp(up);
    double best = -9;
    double lit = 0;
    for (double[] clump : clumps) {
      double da = (a - clump[0]) / clump[2];
      double db = (b - clump[1]) / clump[2];
      double depth = 1 - da * da - db * db;
      if (depth > best) {
        best = depth;
        lit = 0.38 + 0.4 * db + 0.34 * light.side() * da;
      }
    }
    return lit + 0.12 * b + 0.1 * light.side() * a;
  }

  @Override
  public double sunlight(double px, double pz, Light light) {
    double centre = x - light.side() * height * 0.45;
    double a = (px - centre) / (radius * 1.5 + 0.2 * height);
    double b = (pz - z) / (radius * 1.1);
    double d = a * a + b * b;
    return d > 1.5 ? 1 : Noise.step(0.35, 1.3, d + 0.25 * noise.at(px * 2, pz * 2));
  }
}
