package dev.eigenseg.train.dataset.scene;

import dev.eigenseg.train.dataset.scene.SceneObject.Ray;
import java.util.List;

/**
 * A camera above a ground with things on it, under a sky. Immutable; any number of threads may look
 * at it.
 */
final class Scene {
  private static final double RIDGE_DISTANCE = 320;
  private static final int SKY_OBJECT = -1;
  private static final int RIDGE_OBJECT = -2;
  private static final int GROUND_OBJECT = -10;

  private final double eye;
  private final double ridge;
  private final Ground ground;
  private final List<SceneObject> objects;
  private final Light light;
  private final Shade.Color forest;
  private final Noise noise;

  /**
   * A scene.
   *
   * @param eye the camera's height above the ground
   * @param ridge the height of wooded hills at the horizon as a slope, 0 for none
   * @param forest their colour
   */
  Scene(
      double eye,
      double ridge,
      Ground ground,
      List<SceneObject> objects,
      Light light,
      Shade.Color forest,
      Noise noise) {
    this.eye = eye;
    this.ridge = ridge;
    this.ground = ground;
    this.objects = List.copyOf(objects);
    this.light = light;
    this.forest = forest;
    this.noise = noise;
  }

  /** What is seen in the direction {@code (x, y, 1)}, y pointing down. */
  void look(double x, double y, Ray ray, Shade shade) {
    ray.originY = 0;
    ray.x = x;
    ray.y = y;
    double z = y > 0 ? eye / y : Double.POSITIVE_INFINITY;
    int nearest = nearest(ray, z);
    if (nearest >= 0) {
      thing(nearest, ray, shade);
    } else if (z < RIDGE_DISTANCE) {
      ground(ray, x * z, z, shade);
    } else {
      background(ray, shade);
    }
  }

  private int nearest(Ray ray, double limit) {
    int nearest = -1;
    for (int i = 0; i < objects.size(); i++) {
      double z = objects.get(i).distance(ray);
      if (z < limit) {
        limit = z;
        nearest = i;
      }
    }
    return nearest;
  }

  private void thing(int index, Ray ray, Shade shade) {
    SceneObject object = objects.get(index);
    double z = object.distance(ray);
    object.shade(ray, z, light, shade);
    light.veil(shade, z);
    shade.set(object.kind(), index);
  }

  private void ground(Ray ray, double x, double z, Shade shade) {
    SceneClass kind = ground.kind(x, z);
    ground.color(kind, x, z, shade);
    double lit = 0.86;
    for (SceneObject object : objects) {
      lit *= object.sunlight(x, z, light);
    }
    if (kind == SceneClass.WATER) {
      light.apply(shade, 0.7);
      mirror(ray, x, z, shade);
    } else {
      light.apply(shade, lit);
      light.veil(shade, z);
    }
    shade.set(kind, GROUND_OBJECT - kind.label());
  }

  /**
   * Adds what waves of the water at a point mirror: the ray goes on upwards, as if the camera hung
   * as far below the surface.
   */
  private void mirror(Ray ray, double x, double z, Shade shade) {
    double red = shade.red;
    double green = shade.green;
    double blue = shade.blue;
    double slope = ray.y;
    double wave = waves(ray, x, z);
    ray.originY = 2 * eye;
    ray.x += 0.008 * wave;
    ray.y = -Math.abs(slope * (1 + 0.1 * wave) + 0.01 * wave);
    int nearest = nearest(ray, Double.POSITIVE_INFINITY);
    if (nearest >= 0) {
      thing(nearest, ray, shade);
    } else {
      background(ray, shade);
    }
    // Fresnel: the flatter the view, the more is mirrored.
    double grazing = 1 - Math.clamp(slope * 1.6, 0, 1);
    double share = Math.clamp(0.2 + 0.55 * grazing * grazing + 0.07 * wave, 0.1, 0.8);
    shade.red = Noise.mix(red, shade.red, share) * (1 + 0.07 * wave);
    shade.green = Noise.mix(green, shade.green, share) * (1 + 0.07 * wave);
    shade.blue = Noise.mix(blue, shade.blue, share) * (1 + 0.07 * wave);
  }

  // A wave shorter than a pixel's footprint is left out: it would turn into speckles. Far away,
  // streaks take its place.
  private double waves(Ray ray, double x, double z) {
    // In metres along the line of sight, for a picture some 350 pixels high.
    double footprint = z * ray.y > 0 ? z / (ray.y * 350) : 0;
    double sum = 0;
    double fine = 0.55;
    for (int octave = 0; octave < 4; octave++) {
      double seen = 1 / (1 + square(fine * footprint * 2.2));
      sum += 0.6 * seen * noise.at(x * fine * 0.7 + 13 * octave, z * fine);
      fine *= 2.3;
    }
    double far = 1 - 1 / (1 + square(footprint));
    return sum + far * 0.8 * noise.fractal(ray.x * 7, ray.y * 110, 2);
  }

  private static double square(double value) {
    return value * value;
  }

  private void background(Ray ray, Shade shade) {
    double up = -ray.y;
    if (ridge > 0 && up < ridge * (0.55 + 0.75 * noise.fractal(ray.x * 2.2 + 5, 8, 4))) {
      double texture = noise.fractal(ray.x * 34, up * 60, 3);
      shade.color(forest);
      shade.scale(1 + 0.45 * texture);
      light.apply(shade, Math.clamp(0.5 + 0.8 * texture, 0, 1));
      light.veil(shade, RIDGE_DISTANCE * 0.7);
      shade.set(SceneClass.TREE, RIDGE_OBJECT);
    } else {
      sky(ray.x, Math.max(up, 0), shade);
      shade.set(SceneClass.SKY, SKY_OBJECT);
    }
  }

  private void sky(double x, double up, Shade shade) {
    shade.color(light.horizon(), light.zenith(), Noise.step(-0.12, 0.62, up));
    double glow = Math.max(0, 1 - 0.9 * Math.abs(x - 0.7 * light.side()) - 1.6 * up);
    shade.towards(light.sun(), 0.5 * glow * glow);
    // Clouds lie on a ceiling: they flatten and close up towards the horizon.
    double ceiling = 1 / (up + 0.14);
    double cx = x * ceiling * 0.9;
    double cy = ceiling * 1.5;
    double mass = noise.fractal(cx + 3, cy, 5);
    double cover = Noise.step(0.5 - light.clouds() * 0.8, 0.85 - light.clouds() * 0.6, mass);
    if (cover > 0) {
      double thin = noise.fractal(cx + 3 + 0.22 * light.side(), cy - 0.18, 3);
      double lit = Math.clamp(0.62 + 0.9 * (mass - thin) - 0.25 * cover * light.clouds(), 0, 1);
      Shade.Color bright = light.sun().mix(new Shade.Color(1, 1, 1), 0.45);
      Shade.Color dark = light.horizon().mix(light.zenith(), 0.45).times(0.88);
      shade.towards(dark.mix(bright, lit), 0.88 * cover * Noise.step(0, 0.1, up));
    }
  }
}
