package dev.eigenseg.cli.report;

import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.ClusterNames;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.train.evaluation.Matching;
import java.util.Optional;

/**
 * What clusters are called, and their colours: those of their classes where these are known.
 * Immutable.
 */
public final class Naming {
  private static final int NO_CLASS_RGB = 0x808080;

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

  boolean named() {
    return names.isPresent();
  }

  /** The class of each cluster, or -1. */
  int[] classOfCluster() {
    return names.orElseThrow().classOfCluster();
  }

  /** The class of a cluster, or what stands for it. */
  String label(int cluster) {
    if (names.isEmpty()) {
      return "cluster " + cluster;
    }
    int index = names.get().classOf(cluster);
    return index < 0 ? "no class" : names.get().classes().name(index);
  }

  /** {@code 0xRRGGBB}. */
  int color(int cluster) {
    if (names.isEmpty()) {
      return Segmentation.clusterColor(cluster);
    }
    int index = names.get().classOf(cluster);
    return index < 0 ? NO_CLASS_RGB : names.get().classes().classes().get(index).rgb();
  }
}
