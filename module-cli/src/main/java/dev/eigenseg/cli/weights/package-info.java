/** The catalogue of published weights and their download: {@code weights}. */
package dev.eigenseg.cli.weights;
