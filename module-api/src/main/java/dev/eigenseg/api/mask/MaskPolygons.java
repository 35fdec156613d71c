package dev.eigenseg.api.mask;

import dev.eigenseg.api.mask.Regions.Loop;
import dev.eigenseg.api.mask.Regions.Point;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * The polygons of each value of an index map: one for each connected part, along the edges of its
 * pixels, so that nothing is lost.
 *
 * <p>COCO's polygons have no holes. Where a part has some, its polygon runs along its outer border,
 * through a cut of no width to a hole, around that, and back through the cut: readers that fill by
 * the even-odd or the non-zero rule leave holes empty.
 */
public final class MaskPolygons {
  private static final Comparator<Point> LEFTMOST =
      Comparator.comparingInt(Point::x).thenComparingInt(Point::y);

  private MaskPolygons() {}

  /**
   * The polygons of all values that occur, by value, ascending.
   *
   * @return for each value its parts in the order of their first pixels, each as {@code x, y, x, y,
   *     ...} in whole pixels from the top left; the last corner is joined to the first
   */
  public static SequencedMap<Integer, List<int[]>> of(IndexMap labels) {
    TreeMap<Integer, List<int[]>> polygons = new TreeMap<>();
    for (Regions.Region region : Regions.of(labels)) {
      polygons
          .computeIfAbsent(region.value(), value -> new ArrayList<>())
          .add(flat(join(region.loops())));
    }
    return polygons;
  }

  private static int[] flat(List<Point> points) {
    int[] numbers = new int[2 * points.size()];
    for (int i = 0; i < points.size(); i++) {
      numbers[2 * i] = points.get(i).x();
      numbers[2 * i + 1] = points.get(i).y();
    }
    return numbers;
  }

  private static List<Point> join(List<Loop> loops) {
    List<Point> polygon =
        new ArrayList<>(
            loops.stream()
                .filter(loop -> loop.doubleArea() > 0)
                .findFirst()
                .orElseThrow()
                .points());
    // From left to right: what lies on the left of a hole is in the polygon already.
    loops.stream()
        .filter(loop -> loop.doubleArea() < 0)
        .sorted(Comparator.comparing(MaskPolygons::leftmost, LEFTMOST))
        .forEach(hole -> cut(polygon, hole));
    return polygon;
  }

  private static Point leftmost(Loop loop) {
    return loop.points().stream().min(LEFTMOST).orElseThrow();
  }

  /** Reaches a hole from the nearest vertical line on the left of its leftmost corner. */
  private static void cut(List<Point> polygon, Loop hole) {
    Point target = leftmost(hole);
    int nearest = -1;
    for (int i = 0; i < polygon.size(); i++) {
      Point from = polygon.get(i);
      Point to = polygon.get((i + 1) % polygon.size());
      if (from.x() == to.x()
          && from.x() < target.x()
          && Math.min(from.y(), to.y()) <= target.y()
          && Math.max(from.y(), to.y()) >= target.y()
          && (nearest < 0 || from.x() > polygon.get(nearest).x())) {
        nearest = i;
      }
    }
    Point gate = new Point(polygon.get(nearest).x(), target.y());
    int first = hole.points().indexOf(target);
    List<Point> detour = new ArrayList<>();
    detour.add(gate);
    detour.addAll(hole.points().subList(first, hole.points().size()));
    detour.addAll(hole.points().subList(0, first));
    detour.add(target);
    detour.add(gate);
    polygon.addAll(nearest + 1, detour);
  }
}
