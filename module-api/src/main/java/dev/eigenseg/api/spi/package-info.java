/**
 * What third parties implement: backbones, nearest-neighbour engines and loaders of segmenter
 * files.
 *
 * <p>Each is found as a service: {@code provides} in a {@code module-info}, or a file in {@code
 * META-INF/services} on the class path. A {@link dev.eigenseg.api.spi.BackboneProvider} opens the
 * specifications of its scheme, as {@code vit} opens {@code vit:FILE}; a {@link
 * dev.eigenseg.api.spi.KnnEngine} finds the neighbours of a bank's rows, and a {@link
 * dev.eigenseg.api.spi.ResumableKnnEngine} goes on after a stop; a {@link
 * dev.eigenseg.api.spi.SegmenterLoader} makes segmenters of a model's file.
 *
 * <p>Providers are asked whether they can work here before they are used. The answer is an {@link
 * dev.eigenseg.api.spi.Availability}: yes, or all the reasons why not, which users see when they
 * name that provider. Who is named never gives way to another.
 */
package dev.eigenseg.api.spi;
