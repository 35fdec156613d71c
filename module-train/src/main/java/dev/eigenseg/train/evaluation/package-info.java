/**
 * How good a model is, where the truth is known.
 *
 * <p>An {@link dev.eigenseg.train.evaluation.Evaluator} runs models over a dataset and counts in a
 * {@link dev.eigenseg.train.evaluation.ConfusionMatrix} which clusters meet which classes, under a
 * {@link dev.eigenseg.train.evaluation.Protocol} that says which pixels count. Clusters have no
 * names: a {@link dev.eigenseg.train.evaluation.Matching} gives them some, by the truth of the very
 * images that are scored (an oracle) or as they are stored in the model. {@link
 * dev.eigenseg.train.evaluation.Scores} follow, and for models that differ by their seed alone the
 * {@link dev.eigenseg.train.evaluation.Spread} of a {@link
 * dev.eigenseg.train.evaluation.SeedGroup}. An {@link
 * dev.eigenseg.train.evaluation.EvaluationReport} is all of it, and as JSON.
 */
package dev.eigenseg.train.evaluation;
