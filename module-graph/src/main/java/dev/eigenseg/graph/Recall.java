package dev.eigenseg.graph;

/**
 * The measured fraction of true neighbours that an approximate search found.
 *
 * @param fraction of the sample
 * @param margin half the width of its 95 % confidence interval
 */
public record Recall(double fraction, double margin) {}
