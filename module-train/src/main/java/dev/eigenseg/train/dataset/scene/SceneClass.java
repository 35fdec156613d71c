package dev.eigenseg.train.dataset.scene;

/** What a pixel of a generated scene shows, in the order of the labels. */
public enum SceneClass {
  /** Air and clouds. */
  SKY(0, 0x8FC7F5),
  /** Sea, lakes and canals. */
  WATER(1, 0x2C66B8),
  /** Beaches. */
  SAND(2, 0xEBD38C),
  /** Lawns and meadows. */
  GRASS(3, 0x86C450),
  /** Trees with their trunks, bushes, and forests far away. */
  TREE(4, 0x1F6E43),
  /** Asphalt, cobbles and tracks. */
  ROAD(5, 0x77717F),
  /** Houses with their roofs and windows. */
  BUILDING(6, 0xC4573E);

  private final int label;
  private final int rgb;

  SceneClass(int label, int rgb) {
    this.label = label;
    this.rgb = rgb;
  }

  /** The index in label maps. */
  public int label() {
    return label;
  }

  /** The colour in legends, {@code 0xRRGGBB}. */
  public int rgb() {
    return rgb;
  }
}
