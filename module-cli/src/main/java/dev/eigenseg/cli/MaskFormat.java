package dev.eigenseg.cli;

/** Forms of masks for other tools, beside the PNGs. */
enum MaskFormat {
  COCO_RLE,
  POLYGONS,
  FIFTYONE
}
