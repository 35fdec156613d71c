package dev.eigenseg.train.evaluation;

import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.ClusterNames;
import dev.eigenseg.api.IncompatibleException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleBiFunction;

/**
 * How clusters get the names of classes. All but {@link #STORED} look at the ground truth of the
 * split they are scored on: they are oracles, an upper bound on what an honest naming reaches, and
 * are called so wherever they are printed.
 */
public enum Matching {
  /**
   * Each cluster goes to the class with which its intersection over union is highest, as in the
   * published tables. The lowest class wins ties; so a cluster without pixels goes to class 0.
   */
  IOU,
  /** Each cluster goes to the class with which it shares most pixels; ties as for {@link #IOU}. */
  MAJORITY,
  /**
   * One to one, so that as many pixels as possible agree. Clusters beyond the number of classes get
   * no class, -1: their pixels are errors.
   */
  HUNGARIAN,
  /** What the model file says, matched to the classes of a dataset by name. */
  STORED;

  /** The name of options and files, such as {@code "iou"}. */
  public String option() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether this matching looks at the ground truth that it is scored on. */
  public boolean oracle() {
    return this != STORED;
  }

  /**
   * The class of each cluster, or -1 for none, from counts alone.
   *
   * @throws IllegalStateException of {@link #STORED}, which does not follow from counts
   */
  public int[] match(ConfusionMatrix confusion) {
    return switch (this) {
      case IOU -> best(confusion, iou(confusion));
      case MAJORITY -> best(confusion, confusion::count);
      case HUNGARIAN -> Assignment.maximise(confusion);
      case STORED -> throw new IllegalStateException("stored names come from the model");
    };
  }

  /**
   * The class of each cluster, or -1 for none.
   *
   * @param classes those of the dataset, in the order of the counts
   * @param stored the names in the model, asked for by {@link #STORED} alone
   * @throws IncompatibleException of {@link #STORED}, if the model has no names, not one name for
   *     each cluster, or none that the dataset knows
   */
  public int[] match(ConfusionMatrix confusion, ClassList classes, Optional<ClusterNames> stored) {
    if (oracle()) {
      return match(confusion);
    }
    return byName(
        confusion,
        classes,
        stored.orElseThrow(() ->
            new IncompatibleException(
                "the model holds no names for its clusters; store them with 'eigenseg match', or "
                    + "choose the iou, majority or hungarian matching")));
  }

  private static int[] byName(ConfusionMatrix confusion, ClassList classes, ClusterNames stored) {
    int[] classOfCluster = stored.classOfCluster();
    if (classOfCluster.length != confusion.clusters()) {
      throw new IncompatibleException(
          "the model has %d clusters, but names for %d; store them again with 'eigenseg match'"
              .formatted(confusion.clusters(), classOfCluster.length));
    }
    int[] translated =
        stored.classes().classes().stream().mapToInt(c -> indexOf(c.name(), classes)).toArray();
    if (Arrays.stream(translated).allMatch(index -> index < 0)) {
      throw new IncompatibleException(
          "none of the model's stored names %s is a class of this dataset %s"
              .formatted(names(stored.classes()), names(classes)));
    }
    return Arrays.stream(classOfCluster).map(c -> c < 0 ? -1 : translated[c]).toArray();
  }

  private static int indexOf(String name, ClassList classes) {
    for (int i = 0; i < classes.size(); i++) {
      if (classes.name(i).equals(name)) {
        return i;
      }
    }
    return -1;
  }

  private static String names(ClassList classes) {
    return classes.classes().stream().map(ClassList.NamedClass::name).toList().toString();
  }

  private static ToDoubleBiFunction<Integer, Integer> iou(ConfusionMatrix confusion) {
    long[] classTotals = new long[confusion.classes()];
    Arrays.setAll(classTotals, confusion::classTotal);
    long[] clusterTotals = new long[confusion.clusters()];
    Arrays.setAll(clusterTotals, confusion::clusterTotal);
    return (cluster, classIndex) -> {
      long both = confusion.count(cluster, classIndex);
      return both == 0
          ? 0
          : (double) both / (clusterTotals[cluster] + classTotals[classIndex] - both);
    };
  }

  private static int[] best(
      ConfusionMatrix confusion, ToDoubleBiFunction<Integer, Integer> affinity) {
    int[] classOfCluster = new int[confusion.clusters()];
    for (int cluster = 0; cluster < confusion.clusters(); cluster++) {
      double best = affinity.applyAsDouble(cluster, 0);
      for (int c = 1; c < confusion.classes(); c++) {
        double value = affinity.applyAsDouble(cluster, c);
        if (value > best) {
          best = value;
          classOfCluster[cluster] = c;
        }
      }
    }
    return classOfCluster;
  }
}
