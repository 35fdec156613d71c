package dev.eigenseg.cli.report;

import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ImageGeometry.Size;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * For each cluster the patches about which the model decides most clearly. Thread-safe; the result
 * does not depend on the order in which images come.
 */
final class TypicalPatches {
  private static final int MOST_KEPT = 6;
  private static final int FEWEST_KEPT = 2;
  private static final int KEPT_OF_ALL = 6 * 256; // about 2 MB of a page
  private static final int KEPT_OF_AN_IMAGE = 2;

  // A patch alone is a spot of colour: it is shown with its neighbours.
  private static final int PATCHES_ACROSS = 3;
  private static final Size CROP = new Size(56, 56);
  private static final float QUALITY = 0.75f;

  /**
   * A patch.
   *
   * @param margin by how much its cluster was chosen
   * @param image the number of its image
   * @param patch its number there
   * @param picture of it and its neighbours
   */
  private record Patch(float margin, int image, int patch, Optional<BufferedImage> picture) {}

  private static final Comparator<Patch> CLEAREST_FIRST =
      Comparator.comparingDouble(Patch::margin)
          .reversed()
          .thenComparingInt(Patch::image)
          .thenComparingInt(Patch::patch);

  private final List<TreeSet<Patch>> best = new ArrayList<>();
  private final int kept;

  /**
   * For one of the models of a page.
   *
   * @param all clusters of all models: the more, the fewer patches each is given
   */
  TypicalPatches(int clusters, int all) {
    kept = Math.clamp(KEPT_OF_ALL / all, FEWEST_KEPT, MOST_KEPT);
    for (int k = 0; k < clusters; k++) {
      best.add(new TreeSet<>(CLEAREST_FIRST));
    }
  }

  /** Looks through the patches of an image. */
  void add(int index, BufferedImage image, ImageGeometry geometry, Decisions decisions) {
    int[] taken = new int[best.size()];
    clearestFirst(decisions)
        .forEach(patch -> {
          int cluster = decisions.cluster()[patch];
          if (taken[cluster]++ < KEPT_OF_AN_IMAGE) {
            offer(cluster, decisions.margin()[patch], index, patch, image, geometry);
          }
        });
  }

  private static List<Integer> clearestFirst(Decisions decisions) {
    List<Integer> patches = new ArrayList<>();
    for (int patch = 0; patch < decisions.cluster().length; patch++) {
      patches.add(patch);
    }
    patches.sort(
        Comparator.comparingDouble((Integer patch) -> decisions.margin()[patch]).reversed());
    return patches;
  }

  private void offer(
      int cluster,
      float margin,
      int index,
      int patch,
      BufferedImage image,
      ImageGeometry geometry) {
    TreeSet<Patch> patches = best.get(cluster);
    // Most patches are worse than those there: their pictures are never made.
    synchronized (patches) {
      Patch candidate = new Patch(margin, index, patch, Optional.empty());
      if (patches.size() == kept && CLEAREST_FIRST.compare(candidate, patches.last()) > 0) {
        return;
      }
      patches.add(new Patch(margin, index, patch, Optional.of(picture(patch, image, geometry))));
      if (patches.size() > kept) {
        patches.pollLast();
      }
    }
  }

  private static BufferedImage picture(int patch, BufferedImage image, ImageGeometry geometry) {
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
    return Thumbnail.resize(image.getSubimage(left, top, sideX, sideY), CROP);
  }

  private static int start(double centre, int side, int limit) {
    return Math.clamp(Math.round(centre - side / 2.0), 0, limit - side);
  }

  /**
   * Patches side by side.
   *
   * @param count how many
   * @param picture to stand in a page
   */
  record Strip(int count, String picture) {}

  /** The clearest patches of a cluster; empty if it has none. */
  Optional<Strip> of(int cluster) {
    List<Patch> patches = List.copyOf(best.get(cluster));
    if (patches.isEmpty()) {
      return Optional.empty();
    }
    BufferedImage strip =
        new BufferedImage(patches.size() * CROP.width(), CROP.height(), BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = strip.createGraphics();
    try {
      for (int i = 0; i < patches.size(); i++) {
        graphics.drawImage(patches.get(i).picture().orElseThrow(), i * CROP.width(), 0, null);
      }
    } finally {
      graphics.dispose();
    }
    return Optional.of(new Strip(patches.size(), Embedded.jpeg(strip, QUALITY)));
  }
}
