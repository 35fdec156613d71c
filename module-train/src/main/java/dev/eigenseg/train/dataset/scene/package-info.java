/**
 * A small ray caster of landscapes, streets and coasts whose ground truth is known for every pixel.
 */
package dev.eigenseg.train.dataset.scene;
