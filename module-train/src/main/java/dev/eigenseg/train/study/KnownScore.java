package dev.eigenseg.train.study;

import java.util.OptionalDouble;

/**
 * A score that somebody else has reported.
 *
 * @param method of which, by {@link dev.eigenseg.infer.SegmenterMethod#text()} or, for methods that
 *     are not run here, by its name in the source
 * @param accuracy of pixels in percent, if reported
 * @param meanIou in percent, if reported
 * @param where it stands: table, row and column
 */
public record KnownScore(
    String method, OptionalDouble accuracy, OptionalDouble meanIou, String where) {}
