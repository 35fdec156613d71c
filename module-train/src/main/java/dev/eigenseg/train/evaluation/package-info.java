/** Matchings of clusters to classes, and scores. */
package dev.eigenseg.train.evaluation;
