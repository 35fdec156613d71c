/** Segmenters, their results, backbones and errors. */
package dev.eigenseg.api;
