package dev.eigenseg.cli.report;

import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ImageGeometry.Size;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;

/**
 * For each cluster the patches of which the model is surest. Thread-safe; the result does not
 * depend on the order in which images come.
 */
final class TypicalPatches {
  private static final int KEPT = 6;
  private static final int KEPT_OF_AN_IMAGE = 2;

  // A patch alone is a spot of colour: it is shown with its neighbours.
  private static final int PATCHES_ACROSS = 3;
  private static final Size CROP = new Size(56, 56);

  /**
   * A patch.
   *
   * @param probability the softmax's
   * @param image the number of its image
   * @param patch its number there
   * @param picture of it and its neighbours, to stand in a page
   */
  record Patch(double probability, int image, int patch, String picture) {}

  private static final Comparator<Patch> SUREST_FIRST =
      Comparator.comparingDouble(Patch::probability)
          .reversed()
          .thenComparingInt(Patch::image)
          .thenComparingInt(Patch::patch);

  private final List<TreeSet<Patch>> best = new ArrayList<>();

  TypicalPatches(int clusters) {
    for (int k = 0; k < clusters; k++) {
      best.add(new TreeSet<>(SUREST_FIRST));
    }
  }

  /** Looks through the patches of an image. */
  void add(int index, BufferedImage image, ImageGeometry geometry, Softmax softmax) {
    int[] taken = new int[best.size()];
    surestFirst(softmax)
        .forEach(patch -> {
          int cluster = softmax.cluster()[patch];
          if (taken[cluster]++ < KEPT_OF_AN_IMAGE) {
            offer(cluster, softmax.probability()[patch], index, patch, image, geometry);
          }
        });
  }

  private static List<Integer> surestFirst(Softmax softmax) {
    List<Integer> patches = new ArrayList<>();
    for (int patch = 0; patch < softmax.cluster().length; patch++) {
      patches.add(patch);
    }
    patches.sort(
        Comparator.comparingDouble((Integer patch) -> softmax.probability()[patch]).reversed());
    return patches;
  }

  private void offer(
      int cluster,
      double probability,
      int index,
      int patch,
      BufferedImage image,
      ImageGeometry geometry) {
    TreeSet<Patch> kept = best.get(cluster);
    // Most patches are worse than those there: their pictures are never made.
    synchronized (kept) {
      Patch candidate = new Patch(probability, index, patch, "");
      if (kept.size() == KEPT && SUREST_FIRST.compare(candidate, kept.last()) > 0) {
        return;
      }
      kept.add(new Patch(probability, index, patch, picture(patch, image, geometry)));
      if (kept.size() > KEPT) {
        kept.pollLast();
      }
    }
  }

  private static String picture(int patch, BufferedImage image, ImageGeometry geometry) {
    int width = image.getWidth();
    int height = image.getHeight();
    Size content = geometry.content(width, height);
    int columns = geometry.gridColumns(width, height);
    double across = (double) geometry.patchSize() * width / content.width();
    double down = (double) geometry.patchSize() * height / content.height();
    int sideX = Math.clamp(Math.round(PATCHES_ACROSS * across), 1, width);
    int sideY = Math.clamp(Math.round(PATCHES_ACROSS * down), 1, height);
    int left = start((patch % columns + 0.5) * across, sideX, width);
    int top = start((patch / columns + 0.5) * down, sideY, height);
    return Embedded.jpeg(Thumbnail.resize(image.getSubimage(left, top, sideX, sideY), CROP));
  }

  private static int start(double centre, int side, int limit) {
    return Math.clamp(Math.round(centre - side / 2.0), 0, limit - side);
  }

  /** The surest patches of a cluster, the surest first; none if no patch falls into it. */
  List<Patch> of(int cluster) {
    return List.copyOf(best.get(cluster));
  }
}
