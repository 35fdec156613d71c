package dev.eigenseg.train.dataset;

import java.nio.file.Path;

/**
 * One image of a dataset and the file of its labels.
 *
 * @param name unique in its split, the file name without its ending
 * @param image the picture
 * @param label a PNG of class indices, as {@link LabelMap} reads it
 */
public record Sample(String name, Path image, Path label) {}
