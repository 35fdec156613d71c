package dev.eigenseg.train.dataset.scene;

import dev.eigenseg.train.dataset.scene.Shade.Color;

/**
 * What lies where on the ground, in metres: x to the right, z away from the camera.
 *
 * @param base grass or sand, where there is nothing else
 * @param scrub how much of sand, where it is the base, is overgrown, 0 to 1
 * @param water how far inside the water a point lies; negative outside
 * @param beach the width of the sand around water
 * @param road how far inside the road a point lies, in metres from its edge; negative outside
 * @param roadWidth half the road's width, 0 if there is none
 * @param walk the width of the pavement on each side of the road, part of it
 * @param paving what the road is made of
 * @param grass the colour of grass
 * @param sand the colour of sand
 * @param deep the colour of deep water
 * @param flowers how many flowers the grass has, 0 to 1
 * @param noise the irregularity of all of it
 */
record Ground(
    SceneClass base,
    double scrub,
    Field water,
    double beach,
    Field road,
    double roadWidth,
    double walk,
    Paving paving,
    Color grass,
    Color sand,
    Color deep,
    double flowers,
    Noise noise) {
  /** A number for every point of the ground. */
  interface Field {
    /** Everywhere outside. */
    Field NOWHERE = (x, z) -> -1e9;

    double at(double x, double z);
  }

  /** Surfaces of roads. */
  enum Paving {
    ASPHALT,
    COBBLES,
    TRACK
  }

  private static final Color ASPHALT = new Color(0.36, 0.36, 0.38);
  private static final Color COBBLES = new Color(0.50, 0.47, 0.44);
  private static final Color TRACK = new Color(0.58, 0.49, 0.37);
  private static final Color SLABS = new Color(0.56, 0.54, 0.52);
  private static final Color PAINT = new Color(0.86, 0.86, 0.83);

  SceneClass kind(double x, double z) {
    double wet = water.at(x, z);
    if (wet > 0) {
      return SceneClass.WATER;
    }
    if (roadWidth > 0 && road.at(x, z) > 0) {
      return SceneClass.ROAD;
    }
    boolean tufts = scrub > 0 && noise.fractal(x * 0.16 + 9, z * 0.11, 4) > 0.5 - 0.5 * scrub;
    return wet <= -beach && (base == SceneClass.GRASS || tufts)
        ? SceneClass.GRASS
        : wet > -beach ? SceneClass.SAND : base;
  }

  /** The colour of dry ground in full light, and of water without what it mirrors. */
  void color(SceneClass kind, double x, double z, Shade shade) {
    // Detail finer than a pixel fades into its mean.
    double sharp = 1 / (1 + z * z * 0.0016);
    switch (kind) {
      case ROAD -> road(x, z, sharp, shade);
      case SAND -> sand(x, z, sharp, shade);
      case WATER -> water(x, z, shade);
      default -> grass(x, z, sharp, shade);
    }
  }

  private void grass(double x, double z, double sharp, Shade shade) {
    double patches = noise.fractal(x * 0.13, z * 0.09, 3);
    double tufts = noise.fractal(x * 1.4 + 31, z * 0.8, 2);
    double blades = noise.at(x * 22, z * 7) + 0.7 * noise.at(x * 47, z * 12);
    shade.color(grass);
    shade.tint(new Color(1 + 0.42 * patches, 1 + 0.16 * patches, 1 + 0.1 * patches));
    shade.scale(1 + 0.22 * tufts / (1 + z * 0.01) + 0.24 * sharp * blades);
    if (flowers > 0 && z < 40) {
      int cx = Noise.floor(x * 26);
      int cz = Noise.floor(z * 10);
      double luck = noise.cell(cx, cz);
      if (luck < flowers * 0.2 * (0.25 + patches)) {
        double petal = noise.cell(cx + 1000, cz);
        shade.towards(
            petal < 0.6 ? new Color(0.95, 0.92, 0.85) : new Color(0.93, 0.76, 0.24),
            0.7 * (0.3 + sharp));
      }
    }
  }

  private void sand(double x, double z, double sharp, Shade shade) {
    double dunes = noise.fractal(x * 0.22, z * 0.3, 3);
    double ripples = noise.at(x * 1.1 + 2 * dunes, z * 5.5 + 3 * dunes);
    double grains = noise.at(x * 34, z * 26) + 0.8 * noise.at(x * 71, z * 53);
    shade.color(sand);
    shade.scale(1 + 0.16 * dunes + 0.1 * ripples / (1 + z * 0.05) + 0.12 * sharp * grains);
    double wet = water.at(x, z);
    shade.tint(
        new Color(1, 1, 1)
            .mix(new Color(0.62, 0.63, 0.68), Noise.step(-2.4, -0.4, wet + 0.5 * dunes)));
  }

  private void road(double x, double z, double sharp, Shade shade) {
    double inside = road.at(x, z);
    double worn = noise.fractal(x * 0.3, z * 0.1, 3);
    double grains = noise.at(x * 30, z * 24) + 0.8 * noise.at(x * 66, z * 51);
    if (inside < walk) {
      pavement(inside, x, z, sharp, grains, shade);
      return;
    }
    switch (paving) {
      case ASPHALT -> {
        shade.color(ASPHALT);
        shade.scale(1 + 0.16 * worn + 0.17 * sharp * grains);
        lanes(inside - walk, z, sharp, shade);
      }
      case COBBLES -> {
        double row = z * 3.2;
        int r = Noise.floor(row);
        double shifted = x * 4 + (r & 1) * 0.5;
        int c = Noise.floor(shifted);
        double joint = Math.min(row - r, shifted - c) < 0.14 ? -0.3 : 0;
        shade.color(COBBLES);
        shade.scale(
            1 + 0.14 * worn + sharp * (joint + 0.32 * (noise.cell(c, r) - 0.5) + 0.08 * grains));
      }
      case TRACK -> {
        double rut = Noise.step(0.5, 0, Math.abs(inside / roadWidth - 0.45) * 2.2);
        shade.color(TRACK);
        shade.scale(1 + 0.2 * worn - 0.14 * rut + 0.2 * sharp * grains);
        shade.towards(grass, 0.5 * Noise.step(0.75, 1, inside / roadWidth + 0.3 * worn));
      }
    }
  }

  private void pavement(
      double inside, double x, double z, double sharp, double grains, Shade shade) {
    int slabX = Noise.floor(inside * 1.6);
    int slabZ = Noise.floor(z * 1.1);
    boolean joint = Math.min(inside * 1.6 - slabX, z * 1.1 - slabZ) < 0.06;
    double tone = 0.14 * (noise.cell(slabX + (x > 0 ? 50 : 0), slabZ) - 0.5);
    shade.color(SLABS);
    shade.scale(1 + sharp * ((joint ? -0.2 : tone) + 0.06 * grains));
    if (inside > walk - 0.22) {
      // The kerb.
      shade.scale(inside > walk - 0.08 ? 0.6 : 1.14);
    }
  }

  private void lanes(double inside, double z, double sharp, Shade shade) {
    double half = roadWidth - walk;
    double fade = 0.85 / (1 + z * 0.02);
    boolean centre = half - inside < 0.09 && z * 0.16 - Noise.floor(z * 0.16) < 0.5;
    boolean edge = inside > 0.25 && inside < 0.38;
    if (centre || edge) {
      shade.towards(PAINT, fade);
    } else {
      double tracks = Math.abs(Math.abs(half - inside) / half - 0.5);
      shade.scale(1 - 0.08 * Noise.step(0.25, 0, tracks) * (0.4 + sharp));
    }
  }

  private void water(double x, double z, Shade shade) {
    double wet = water.at(x, z);
    shade.color(sand.times(0.62), deep, Noise.step(-1, 7, wet));
    if (beach > 0) {
      double edge = wet - 0.5 - 0.9 * noise.fractal(x * 0.5, z * 0.4, 2);
      double foam = Noise.step(0.5, 0.1, Math.abs(edge));
      double second = Noise.step(0.35, 0, Math.abs(edge - 4 - noise.at(x * 0.3, 5))) * 0.7;
      double lace = 0.75 + 0.5 * noise.at(x * 6, z * 4);
      shade.towards(PAINT, Math.clamp((foam + second) * lace, 0, 0.9));
    }
  }
}
