package dev.eigenseg.cli.report;

import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.ClusterNames;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.train.evaluation.Matching;
import java.util.List;
import java.util.Optional;

/** What clusters are called when a page is opened, and their colours. Immutable. */
public final class Naming {
  private static final int GREY = 0xA0A0A0;

  private final Optional<ClusterNames> names;
  private final String matching;

  private Naming(Optional<ClusterNames> names, String matching) {
    this.names = names;
    this.matching = matching;
  }

  /** Names from a dataset with ground truth. */
  public static Naming matched(ClassList classes, int[] classOfCluster, Matching matching) {
    String how = matching.option() + (matching.oracle() ? " (oracle)" : "");
    return new Naming(Optional.of(new ClusterNames(classes, classOfCluster, how)), how);
  }

  /** The names in a model, if it has any. */
  public static Naming stored(Optional<ClusterNames> names) {
    return new Naming(names, names.isPresent() ? Matching.STORED.option() : "none");
  }

  /** How the names were found, {@code "none"} without names. */
  public String matching() {
    return matching;
  }

  /** Whether clusters may have names at all. */
  boolean named() {
    return names.isPresent();
  }

  /** The class of each cluster, or -1. */
  int[] classOfCluster() {
    return names.orElseThrow().classOfCluster();
  }

  /** The name of a cluster, if it has one. */
  Optional<String> name(int cluster) {
    return names
        .filter(known -> known.classOf(cluster) >= 0)
        .map(known -> known.classes().name(known.classOf(cluster)));
  }

  /** The classes that names come from. */
  List<ClassList.NamedClass> classes() {
    return names.map(known -> known.classes().classes()).orElse(List.of());
  }

  /**
   * The colour of a cluster without a name, {@code 0xRRGGBB}: pale where others have the colours of
   * classes, which it is not to be taken for.
   */
  int color(int cluster) {
    int own = Segmentation.clusterColor(cluster);
    return named() ? halfway(own, GREY) : own;
  }

  private static int halfway(int a, int b) {
    return ((a & 0xFEFEFE) >> 1) + ((b & 0xFEFEFE) >> 1);
  }
}
