package dev.eigenseg.train.study;

import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.train.Preset;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * How the models of an experiment are made. Experiments with the same recipe share them.
 *
 * @param train the images to learn from
 * @param backbone of the features
 * @param size to which images are resized for the bank, if they are
 * @param half whether the bank holds float16
 * @param preset of the training
 * @param clusters K
 * @param epochs if not those of the preset
 * @param pixelWeight alpha, if not the default
 * @param beta if not the default for K
 */
public record Recipe(
    StudySplit train,
    StudyBackbone backbone,
    Optional<Size> size,
    boolean half,
    Preset preset,
    int clusters,
    OptionalInt epochs,
    OptionalDouble pixelWeight,
    OptionalDouble beta) {
  /** A name for the bank of features, the same for recipes that share it. */
  public String bankName() {
    return String.join(
        "-",
        train.dataset(),
        train.split(),
        backbone.label(),
        size.map(Size::toString).orElse("own"));
  }

  /**
   * A name for a model of one method, without ending; the same for recipes whose models of this
   * method are the same.
   */
  public String modelName(SegmenterMethod method) {
    StringBuilder name = new StringBuilder(bankName()).append("-k").append(clusters);
    if (method.usesPsi()) {
      name.append('-').append(preset.name());
      epochs.ifPresent(value -> name.append("-epochs").append(value));
      pixelWeight.ifPresent(value -> name.append("-alpha").append(value));
      beta.ifPresent(value -> name.append("-beta").append(value));
    }
    return name.append('-').append(method.text()).toString();
  }

  /** A short training of its kind. */
  public Recipe trial(int trialClusters, int trialEpochs) {
    return new Recipe(
        train,
        backbone,
        size,
        half,
        preset,
        trialClusters,
        OptionalInt.of(trialEpochs),
        pixelWeight,
        beta);
  }

  /** The same for other images. */
  Recipe withTrain(StudySplit other) {
    return new Recipe(other, backbone, size, half, preset, clusters, epochs, pixelWeight, beta);
  }

  /** The same with another number of clusters. */
  Recipe withClusters(int other) {
    return new Recipe(train, backbone, size, half, preset, other, epochs, pixelWeight, beta);
  }

  /** The same with another weight of the pixel graph. */
  Recipe withPixelWeight(double other) {
    return new Recipe(
        train, backbone, size, half, preset, clusters, epochs, OptionalDouble.of(other), beta);
  }

  /** The same with another weight of the regulariser. */
  Recipe withBeta(double other) {
    return new Recipe(
        train,
        backbone,
        size,
        half,
        preset,
        clusters,
        epochs,
        pixelWeight,
        OptionalDouble.of(other));
  }
}
