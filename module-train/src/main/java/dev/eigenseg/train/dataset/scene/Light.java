package dev.eigenseg.train.dataset.scene;

import dev.eigenseg.train.dataset.scene.Shade.Color;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * The weather of a scene.
 *
 * @param side where the sun stands, -1 left to 1 right
 * @param sun the colour of sunlit surfaces
 * @param shadow the colour of surfaces in shadow, relative to white
 * @param zenith the sky above
 * @param horizon the sky at the horizon, also the colour of haze
 * @param haze the distance in metres at which 63 % of what is seen is haze
 * @param clouds the share of the sky under clouds, 0 to 1
 */
record Light(
    double side, Color sun, Color shadow, Color zenith, Color horizon, double haze, double clouds) {
  private static final List<Light> MOODS =
      List.of(
          new Light(
              1,
              new Color(1.08, 1.03, 0.94),
              new Color(0.47, 0.52, 0.62),
              new Color(0.20, 0.43, 0.78),
              new Color(0.70, 0.83, 0.93),
              420,
              0.42),
          new Light(
              1,
              new Color(1.20, 0.98, 0.70),
              new Color(0.44, 0.44, 0.54),
              new Color(0.33, 0.47, 0.70),
              new Color(0.98, 0.81, 0.60),
              260,
              0.38),
          new Light(
              1,
              new Color(0.90, 0.91, 0.93),
              new Color(0.66, 0.68, 0.72),
              new Color(0.60, 0.65, 0.71),
              new Color(0.82, 0.84, 0.86),
              180,
              0.75),
          new Light(
              1,
              new Color(0.98, 0.78, 0.72),
              new Color(0.38, 0.37, 0.50),
              new Color(0.27, 0.30, 0.54),
              new Color(0.96, 0.66, 0.55),
              240,
              0.45),
          new Light(
              1,
              new Color(1.06, 1.02, 0.90),
              new Color(0.52, 0.56, 0.62),
              new Color(0.42, 0.62, 0.80),
              new Color(0.91, 0.91, 0.84),
              150,
              0.25));

  static Light random(RandomGenerator random) {
    // Clear days twice as often as each of the others.
    Light mood = MOODS.get(Math.max(0, random.nextInt(MOODS.size() + 1) - 1));
    Light other = MOODS.get(random.nextInt(MOODS.size()));
    double blend = random.nextDouble(0.3);
    return new Light(
        (random.nextBoolean() ? 1 : -1) * random.nextDouble(0.55, 1),
        mood.sun.mix(other.sun, blend).times(random.nextDouble(0.94, 1.06)),
        mood.shadow.mix(other.shadow, blend),
        mood.zenith.mix(other.zenith, blend),
        mood.horizon.mix(other.horizon, blend),
        mood.haze * random.nextDouble(0.8, 1.4),
        Math.clamp(mood.clouds + random.nextDouble(-0.2, 0.2), 0, 1));
  }

  /** Lights a surface: 0 lies in shadow, 1 faces the sun. */
  void apply(Shade shade, double lit) {
    shade.red *= Noise.mix(shadow.red(), sun.red(), lit);
    shade.green *= Noise.mix(shadow.green(), sun.green(), lit);
    shade.blue *= Noise.mix(shadow.blue(), sun.blue(), lit);
  }

  /** Fades what lies far away. */
  void veil(Shade shade, double distance) {
    shade.towards(horizon, distance / (distance + haze));
  }
}
