package dev.eigenseg.train.study;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.train.Preset;
import dev.eigenseg.train.TrainingOptions;
import dev.eigenseg.train.dataset.CamVid;
import dev.eigenseg.train.evaluation.Protocol;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The paper's questions (Tables 5 to 8, and K-means beside Ours and Ours* as in Tables 1 to 4)
 * asked of one dataset with the preset {@code camvid}.
 *
 * @param dataset the dataset's name; its splits are {@code train} and {@code val}
 * @param backbone of the features
 * @param size to which all images are resized, also those of the other dataset
 * @param clusters the numbers of clusters to compare; alpha, beta and transfer are asked at 64, or
 *     at the first if 64 is not among them
 * @param epochs if not those of the preset
 * @param transfer the other dataset, with the same splits
 * @param parts the questions to ask
 */
public record OwnStudy(
    String dataset,
    StudyBackbone backbone,
    Optional<Size> size,
    List<Integer> clusters,
    OptionalInt epochs,
    String transfer,
    Set<Part> parts) {
  /** A question. */
  public enum Part {
    /** How do the methods compare for each number of clusters? */
    K,
    /** What does the weight of the pixel graph do? */
    ALPHA,
    /** What does the weight of the regulariser do? */
    BETA,
    /** How good are models on another dataset than the one they were trained on? */
    TRANSFER;

    /** The name on the command line. */
    public String option() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** The part of that name; throws {@link BadInputException} if there is none. */
    public static Part named(String option) {
      return Arrays.stream(values())
          .filter(part -> part.option().equals(option))
          .findFirst()
          .orElseThrow(() ->
              new BadInputException(
                  "there is no part '%s'; expected some of k, alpha, beta, transfer"
                      .formatted(option)));
    }
  }

  /** The numbers of clusters of the study on CamVid. */
  public static final List<Integer> CLUSTERS = List.of(32, 64, 128, 256);

  /** The size of CamVid's images in the reference experiment. */
  public static final Size CAMVID_SIZE = new Size(480, 352);

  private static final String PRESET = "camvid";
  private static final int ABLATED_CLUSTERS = 64;
  private static final double[] ALPHAS = {0, 0.1, 0.3, 1};
  private static final double[] BETA_FACTORS = {0, 1, 10};
  private static final List<SegmenterMethod> ALL =
      List.of(
          SegmenterMethod.KMEANS_FEATURES,
          SegmenterMethod.NEURAL_EIGENFUNCTIONS,
          SegmenterMethod.KMEANS_HIDDEN);
  private static final List<SegmenterMethod> LEARNED = ALL.subList(1, ALL.size());

  /** Copies the collections. */
  public OwnStudy {
    clusters = List.copyOf(clusters);
    parts = Set.copyOf(parts);
  }

  /** The experiments. */
  public Study study() {
    List<Experiment> experiments = new ArrayList<>();
    for (Part part : Part.values()) {
      if (parts.contains(part)) {
        experiments.addAll(
            switch (part) {
              case K -> methods();
              case ALPHA -> alphas();
              case BETA -> betas();
              case TRANSFER -> transfers();
            });
      }
    }
    boolean reference = dataset.equals(CamVid.NAME);
    return new Study(
        dataset,
        "The paper's questions on " + dataset,
        "reference experiment",
        reference
            ? "The reference experiment is a small one in Python with one to three seeds; its "
                + "settings are near those here, not equal. The paper has no numbers for this "
                + "dataset."
            : "There are no numbers of others for this dataset.",
        reference ? experiments.stream().map(OwnStudy::withReference).toList() : experiments,
        List.of());
  }

  private List<Experiment> methods() {
    return clusters.stream()
        .map(k -> experiment(Part.K, "K = " + k, recipe().withClusters(k), ALL, val(dataset)))
        .toList();
  }

  private List<Experiment> alphas() {
    double usual = TrainingOptions.Kernel.DEFAULT.pixelWeight();
    return Arrays.stream(ALPHAS)
        .mapToObj(alpha ->
            experiment(
                Part.ALPHA,
                "alpha = " + alpha,
                alpha == usual ? recipe() : recipe().withPixelWeight(alpha),
                LEARNED,
                val(dataset)))
        .toList();
  }

  private List<Experiment> betas() {
    double usual = TrainingOptions.of(ablated()).effectiveBeta();
    return Arrays.stream(BETA_FACTORS)
        .mapToObj(factor ->
            experiment(
                Part.BETA,
                String.format(Locale.ROOT, "beta = %.3g", factor * usual),
                factor == 1 ? recipe() : recipe().withBeta(factor * usual),
                LEARNED,
                val(dataset)))
        .toList();
  }

  private List<Experiment> transfers() {
    List<Experiment> experiments = new ArrayList<>();
    for (String evaluated : List.of(dataset, transfer)) {
      for (String trained : List.of(dataset, transfer)) {
        experiments.add(
            experiment(
                Part.TRANSFER,
                "from %s to %s".formatted(trained, evaluated),
                recipe().withTrain(new StudySplit(trained, "train")),
                ALL,
                val(evaluated)));
      }
    }
    return experiments;
  }

  private static Experiment experiment(
      Part part, String label, Recipe recipe, List<SegmenterMethod> methods, StudySplit evaluated) {
    return new Experiment(
        part.option(), label, recipe, methods, evaluated, Protocol.WHOLE_IMAGE, false, List.of());
  }

  private static StudySplit val(String dataset) {
    return new StudySplit(dataset, "val");
  }

  private int ablated() {
    return clusters.contains(ABLATED_CLUSTERS) ? ABLATED_CLUSTERS : clusters.getFirst();
  }

  private Recipe recipe() {
    return new Recipe(
        new StudySplit(dataset, "train"),
        backbone,
        size,
        false,
        Preset.named(PRESET),
        ablated(),
        epochs,
        OptionalDouble.empty(),
        OptionalDouble.empty());
  }

  private static Experiment withReference(Experiment experiment) {
    Recipe recipe = experiment.recipe();
    boolean measured =
        recipe.train().dataset().equals(experiment.evaluated().dataset())
            && recipe.train().dataset().equals(CamVid.NAME)
            && recipe.pixelWeight().isEmpty()
            && recipe.beta().isEmpty();
    if (!measured) {
      return experiment;
    }
    JsonArray scores = StudyResource.read("reference-camvid").getAsJsonArray("scores");
    List<KnownScore> known = new ArrayList<>();
    for (JsonElement element : scores) {
      JsonObject json = element.getAsJsonObject();
      if (json.get("clusters").getAsInt() == recipe.clusters()) {
        known.add(StudyResource.score(json));
      }
    }
    return experiment.withKnown(known);
  }
}
