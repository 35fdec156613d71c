package dev.eigenseg.train.dataset.scene;

/**
 * What one ray saw: a class, a colour in linear steps from 0 to 1, and which object it was.
 * Mutable, one a thread.
 */
final class Shade {
  SceneClass kind = SceneClass.SKY;
  int object;
  double red;
  double green;
  double blue;

  void set(SceneClass newKind, int newObject) {
    kind = newKind;
    object = newObject;
  }

  void color(Color c) {
    red = c.red();
    green = c.green();
    blue = c.blue();
  }

  void color(Color a, Color b, double weight) {
    red = Noise.mix(a.red(), b.red(), weight);
    green = Noise.mix(a.green(), b.green(), weight);
    blue = Noise.mix(a.blue(), b.blue(), weight);
  }

  void towards(Color c, double weight) {
    red = Noise.mix(red, c.red(), weight);
    green = Noise.mix(green, c.green(), weight);
    blue = Noise.mix(blue, c.blue(), weight);
  }

  void scale(double factor) {
    red *= factor;
    green *= factor;
    blue *= factor;
  }

  void tint(Color c) {
    red *= c.red();
    green *= c.green();
    blue *= c.blue();
  }

  /** A colour; 1 is as bright as white paper, more is allowed. */
  record Color(double red, double green, double blue) {
    Color times(double factor) {
      return new Color(red * factor, green * factor, blue * factor);
    }

    Color mix(Color other, double weight) {
      return new Color(
          Noise.mix(red, other.red, weight),
          Noise.mix(green, other.green, weight),
          Noise.mix(blue, other.blue, weight));
    }
  }
}
