/**
 * Masks in the forms that other tools read, for an index map of any kind: {@link
 * dev.eigenseg.api.mask.MaskRuns} are COCO's run lengths, {@link
 * dev.eigenseg.api.mask.MaskPolygons} polygons. {@link dev.eigenseg.api.Segmentation#clusterRuns}
 * and its siblings make them of segments.
 */
package dev.eigenseg.api.mask;
