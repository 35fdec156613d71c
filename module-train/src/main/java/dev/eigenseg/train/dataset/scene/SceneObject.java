package dev.eigenseg.train.dataset.scene;

/**
 * Something that stands on the ground. The camera looks along z from x = 0; y points down; lengths
 * are metres.
 */
interface SceneObject {
  /**
   * Where a ray meets the object.
   *
   * @param ray from {@code (0, ray.originY, 0)} with the direction {@code (ray.x, ray.y, 1)}
   * @return the distance along z, or infinity if it misses
   */
  double distance(Ray ray);

  /** Sets the colour, without haze, of the point that {@link #distance} found. */
  void shade(Ray ray, double z, Light light, Shade shade);

  /** Its class. */
  SceneClass kind();

  /** How much light reaches a point of the ground: 1 all, 0 none. */
  double sunlight(double x, double z, Light light);

  /** A line of sight. Mutable, one a thread. */
  final class Ray {
    double originY;
    double x;
    double y;
  }
}
