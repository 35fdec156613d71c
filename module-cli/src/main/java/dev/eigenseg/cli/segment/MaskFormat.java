package dev.eigenseg.cli.segment;

import dev.eigenseg.cli.session.KebabEnum;

/** Forms of masks for other tools, beside the PNGs. */
enum MaskFormat {
  COCO_RLE,
  POLYGONS,
  FIFTYONE;

  /** Reads one. */
  static final class Converter extends KebabEnum<MaskFormat> {
    Converter() {
      super(MaskFormat.class);
    }
  }
}
