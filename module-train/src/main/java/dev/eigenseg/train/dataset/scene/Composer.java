package dev.eigenseg.train.dataset.scene;

import dev.eigenseg.train.dataset.scene.Ground.Field;
import dev.eigenseg.train.dataset.scene.Ground.Paving;
import dev.eigenseg.train.dataset.scene.Shade.Color;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** Invents scenes: streets, canals, coasts, lakes and villages. */
final class Composer {
  private static final List<Color> WALLS =
      List.of(
          new Color(0.62, 0.36, 0.28),
          new Color(0.52, 0.30, 0.24),
          new Color(0.80, 0.72, 0.58),
          new Color(0.74, 0.60, 0.42),
          new Color(0.66, 0.65, 0.63),
          new Color(0.78, 0.79, 0.77),
          new Color(0.56, 0.62, 0.68),
          new Color(0.78, 0.56, 0.48));
  private static final List<Color> LEAVES =
      List.of(
          new Color(0.30, 0.42, 0.17),
          new Color(0.24, 0.37, 0.19),
          new Color(0.37, 0.45, 0.18),
          new Color(0.27, 0.39, 0.26));
  private static final List<Color> AUTUMN =
      List.of(
          new Color(0.66, 0.44, 0.15), new Color(0.60, 0.32, 0.14), new Color(0.56, 0.48, 0.17));

  private final RandomGenerator random;
  private final Light light;
  private final Noise noise;
  private final boolean autumn;
  private final List<SceneObject> objects = new ArrayList<>();
  private final double eye;

  private SceneClass base = SceneClass.GRASS;
  private Field water = Field.NOWHERE;
  private double beach;
  private Field road = Field.NOWHERE;
  private double roadWidth;
  private Paving paving = Paving.ASPHALT;
  private double ridge;
  private double scrub;
  private double walk;
  private double flowers;

  private Composer(long seed) {
    this.random = new SplittableRandom(seed);
    this.light = Light.random(random);
    this.noise = new Noise(random.nextLong());
    this.autumn = random.nextInt(5) == 0;
    this.eye = random.nextDouble(1.9, 3.1);
  }

  /** The scene of a seed. */
  static Scene compose(long seed) {
    Composer composer = new Composer(seed);
    switch (composer.random.nextInt(7)) {
      case 0, 1 -> composer.street();
      case 2 -> composer.canal();
      case 3, 4 -> composer.coast();
      case 5 -> composer.lake();
      default -> composer.village();
    }
    return composer.scene();
  }

  private Scene scene() {
    Color grass =
        autumn
            ? new Color(0.50, 0.48, 0.22)
            : new Color(0.38, 0.51, 0.20).mix(new Color(0.50, 0.54, 0.25), random.nextDouble());
    Color sand = new Color(0.82, 0.72, 0.53).mix(new Color(0.78, 0.74, 0.64), random.nextDouble());
    Color deep = new Color(0.10, 0.30, 0.38).mix(new Color(0.16, 0.27, 0.24), random.nextDouble());
    Ground ground =
        new Ground(
            base, scrub, water, beach, road, roadWidth, walk, paving, grass, sand, deep, flowers,
            noise);
    return new Scene(eye, ridge, ground, objects, light, leaves().times(0.95), noise);
  }

  private void street() {
    roadWidth = random.nextDouble(2.8, 4.2);
    if (random.nextInt(3) > 0) {
      walk = random.nextDouble(1.6, 2.4);
      roadWidth += walk;
    }
    double bend = random.nextDouble(-0.5, 0.5);
    road = (x, z) -> roadWidth - Math.abs(x - bend);
    paving = random.nextInt(4) == 0 ? Paving.COBBLES : Paving.ASPHALT;
    ridge = random.nextBoolean() ? random.nextDouble(0.03, 0.09) : 0;
    for (int side = -1; side <= 1; side += 2) {
      double verge = roadWidth + random.nextDouble(1.6, 4.5);
      boolean built = side > 0 || random.nextInt(4) > 0;
      if (built) {
        terrace(side, verge + random.nextDouble(1.5, 3.5), random.nextDouble(4, 12), 130);
      }
      avenue(side, verge, built ? random.nextDouble(9, 22) : random.nextDouble(5, 9), 110);
    }
  }

  private void canal() {
    double half = random.nextDouble(2.6, 4.4);
    double shift = random.nextDouble(-1.5, 1.5);
    water = (x, z) -> half - Math.abs(x - shift);
    double quay = random.nextDouble(1.8, 3);
    roadWidth = quay;
    road = (x, z) -> half + quay - Math.abs(x - shift);
    paving = Paving.COBBLES;
    for (int side = -1; side <= 1; side += 2) {
      double edge = half + quay + random.nextDouble(0.5, 2.5);
      terrace(side, edge + 1.2 + Math.abs(shift), random.nextDouble(5, 10), 140);
      avenue(side, edge + side * shift, random.nextDouble(12, 26), 110);
    }
  }

  private void coast() {
    base = random.nextInt(3) > 0 ? SceneClass.SAND : SceneClass.GRASS;
    beach = random.nextDouble(5, 14);
    double shore = random.nextDouble(6, 14);
    scrub = random.nextDouble(0.5, 1.1);
    double slant = (random.nextBoolean() ? 1 : -1) * random.nextDouble(0.15, 1.4);
    Noise line = new Noise(random.nextLong());
    water = (x, z) -> (z - shore - slant * x - 2.6 * line.at(x * 0.11, 4)) / (1 + Math.abs(slant));
    if (random.nextInt(3) == 0) {
      ridge = random.nextDouble(0.03, 0.08);
    }
    double side = slant > 0 ? 1 : -1;
    int plants = random.nextInt(5, 14);
    for (int i = 0; i < plants; i++) {
      double z = random.nextDouble(8, 30);
      double x = side * (z * random.nextDouble(0.25, 0.8) + 1);
      if (water.at(x, z) < -2) {
        tree(x, z, random.nextInt(3) == 0 ? Tree.Form.BUSH : Tree.Form.BROAD);
      }
    }
    if (random.nextBoolean()) {
      double z = random.nextDouble(13, 24);
      double x = side * z * random.nextDouble(0.5, 0.75);
      if (water.at(x - 6 * side, z + 8) < -1) {
        house(x, z);
      }
    }
    if (random.nextInt(3) == 0) {
      skyline(-side);
    }
  }

  private void lake() {
    double centreX = random.nextDouble(-9, 9);
    double centreZ = random.nextDouble(22, 38);
    double wide = random.nextDouble(16, 34);
    double deep = random.nextDouble(9, 16);
    Noise line = new Noise(random.nextLong());
    water =
        (x, z) -> {
          double a = (x - centreX) / wide;
          double b = (z - centreZ) / deep;
          return deep * 0.5 * (1 - a * a - b * b + 0.3 * line.fractal(x * 0.08, z * 0.12, 2));
        };
    beach = random.nextBoolean() ? random.nextDouble(0.8, 3.5) : 0;
    ridge = random.nextDouble(0.05, 0.16);
    flowers = random.nextDouble();
    if (random.nextInt(3) > 0) {
      track();
    }
    scatter(random.nextInt(8, 16), 70);
    if (random.nextInt(3) > 0) {
      double z = centreZ + deep + random.nextDouble(8, 16);
      house(random.nextDouble(-0.4, 0.4) * z, z);
    }
  }

  private void village() {
    track();
    paving = random.nextBoolean() ? Paving.ASPHALT : Paving.TRACK;
    ridge = random.nextDouble(0.03, 0.12);
    flowers = random.nextDouble(0.8);
    int houses = random.nextInt(3, 7);
    double z = random.nextDouble(13, 18);
    for (int i = 0; i < houses; i++) {
      int side = (i & 1) == 0 ? 1 : -1;
      double half = random.nextDouble(3.4, 5.5);
      for (double x = 0; x < 40; x += 0.5) {
        if (x > half + 1.5 && clear(side * (x - half - 1.5), z)) {
          block(side * x - half, side * x + half, z);
          break;
        }
      }
      z += random.nextDouble(5, 12);
    }
    scatter(random.nextInt(9, 18), 80);
  }

  private boolean clear(double x, double z) {
    return road.at(x, z) < 0 && road.at(x, z + 4) < 0 && road.at(x, z + 8) < 0;
  }

  private void track() {
    double amplitude = random.nextDouble(1.5, 7) * (random.nextBoolean() ? 1 : -1);
    double phase = random.nextDouble(10);
    Noise curve = new Noise(random.nextLong());
    roadWidth = random.nextDouble(1.5, 2.7);
    road =
        (x, z) ->
            roadWidth - Math.abs(x - amplitude * curve.at(z * 0.028, phase) * Math.min(1, z / 9));
    paving = Paving.TRACK;
  }

  private void terrace(int side, double edge, double start, double end) {
    double z = start;
    boolean tall = random.nextBoolean();
    while (z < end) {
      double length = random.nextDouble(7, 17);
      double height = tall ? random.nextDouble(9, 19) : random.nextDouble(5.5, 10);
      double roof = random.nextInt(3) > 0 ? random.nextDouble(1.5, 3.2) : 0;
      double near = edge + random.nextDouble(0.6);
      double left = side > 0 ? near : -near - 14;
      objects.add(building(left, left + 14, z, z + length, height, roof));
      z += length + (random.nextInt(4) == 0 ? random.nextDouble(3, 12) : 0.02);
    }
  }

  private void avenue(int side, double x, double gap, double end) {
    Tree.Form form = random.nextInt(4) == 0 ? Tree.Form.CONIFER : Tree.Form.BROAD;
    for (double z = random.nextDouble(6, 6 + gap);
        z < end;
        z += gap * random.nextDouble(0.8, 1.3)) {
      double px = side * (x + random.nextDouble(-0.5, 0.5));
      if (water.at(px, z) < 0 && road.at(px, z) < 0) {
        tree(px, z, random.nextInt(7) == 0 ? Tree.Form.BUSH : form);
      }
    }
  }

  private void scatter(int count, double end) {
    for (int i = 0; i < count; i++) {
      // Uniform in the picture rather than on the ground, where most would be far away.
      double z = 8 + (end - 8) * random.nextDouble() * random.nextDouble();
      double x = z * random.nextDouble(-0.85, 0.85);
      boolean free = water.at(x, z) < -beach - 0.6 && road.at(x, z) < -0.8;
      if (free && Math.abs(x) > 1.5) {
        int form = random.nextInt(7);
        tree(x, z, form < 2 ? Tree.Form.CONIFER : form < 4 ? Tree.Form.BUSH : Tree.Form.BROAD);
      }
    }
  }

  private void skyline(double side) {
    double x = side * random.nextDouble(40, 70);
    int count = random.nextInt(5, 11);
    for (int i = 0; i < count; i++) {
      double width = random.nextDouble(10, 22);
      double height = random.nextDouble(12, 45);
      objects.add(building(x, x + width, 190, 215, height, 0));
      x += side * (width + random.nextDouble(-3, 6));
    }
  }

  private void house(double x, double z) {
    double half = random.nextDouble(3.5, 6);
    block(x - half, x + half, z);
  }

  private void block(double left, double right, double z) {
    double depth = random.nextDouble(6, 9);
    objects.add(
        building(
            left,
            right,
            z,
            z + depth,
            random.nextDouble(2.9, 6),
            random.nextDouble(0.42, 0.6) * depth));
  }

  private Building building(
      double left, double right, double front, double back, double height, double roof) {
    Building.Wall wall =
        height > 13 && random.nextInt(3) > 0
            ? Building.Wall.CONCRETE
            : random.nextBoolean() ? Building.Wall.BRICK : Building.Wall.PLASTER;
    Color paint =
        wall == Building.Wall.BRICK
            ? WALLS.get(random.nextInt(4) == 0 ? 3 : random.nextInt(2))
            : WALLS.get(random.nextInt(2, WALLS.size()));
    return new Building(
        left,
        right,
        front,
        back,
        eye,
        height,
        roof,
        wall,
        paint.times(random.nextDouble(0.86, 1.08)),
        random);
  }

  private void tree(double x, double z, Tree.Form form) {
    if (objects.stream().anyMatch(o -> o instanceof Building b && b.touches(x, z, 0.8))) {
      return;
    }
    double height =
        switch (form) {
          case BROAD -> random.nextDouble(4.5, 9);
          case CONIFER -> random.nextDouble(6, 12);
          case BUSH -> random.nextDouble(0.9, 1.9);
        };
    Color color = form == Tree.Form.CONIFER ? new Color(0.17, 0.28, 0.17) : leaves();
    objects.add(
        new Tree(x, z, eye, height, form, color.times(random.nextDouble(0.85, 1.15)), random));
  }

  private Color leaves() {
    List<Color> palette = autumn && random.nextInt(3) > 0 ? AUTUMN : LEAVES;
    return palette.get(random.nextInt(palette.size()));
  }
}
