/**
 * What third parties implement: backbones, nearest-neighbour engines and loaders of segmenter
 * files.
 */
package dev.eigenseg.api.spi;
