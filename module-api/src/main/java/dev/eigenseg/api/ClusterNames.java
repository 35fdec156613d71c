package dev.eigenseg.api;

import java.util.Arrays;

/**
 * A matching: the class to which each cluster belongs.
 *
 * @param classes the classes
 * @param classOfCluster for each cluster the index of its class, or -1 for none
 * @param matching how it was found, such as {@code "iou"}
 */
@SuppressWarnings("ArrayRecordComponent")
public record ClusterNames(ClassList classes, int[] classOfCluster, String matching) {
  /** Copies the array and checks the indices. */
  public ClusterNames {
    classOfCluster = classOfCluster.clone();
    for (int index : classOfCluster) {
      if (index < -1 || index >= classes.size()) {
        throw new IllegalArgumentException(
            "class %d of %d in %s"
                .formatted(index, classes.size(), Arrays.toString(classOfCluster)));
      }
    }
  }

  @Override
  public int[] classOfCluster() {
    return classOfCluster.clone();
  }

  /** The class of one cluster, or -1. */
  public int classOf(int cluster) {
    return classOfCluster[cluster];
  }
}
