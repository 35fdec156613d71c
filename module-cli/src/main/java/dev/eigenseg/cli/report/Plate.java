package dev.eigenseg.cli.report;

import dev.eigenseg.api.ImageGeometry.Size;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.function.IntBinaryOperator;

/**
 * A photograph and the maps that lie over it, as large as their share of a page allows.
 *
 * @param size of photograph and maps
 * @param photo as JPEG, to stand in a page
 * @param maps in the order in which they were given
 */
record Plate(Size size, String photo, List<SmallMap> maps) {
  /** One way to make a picture smaller. */
  private record Form(int side, float quality) {}

  // From best to smallest: first fewer pixels, since few screens show more; then, where a picture
  // has the size of a column, coarser ones.
  private static final List<Form> FORMS =
      List.of(
          new Form(960, 0.8f),
          new Form(720, 0.8f),
          new Form(480, 0.8f),
          new Form(480, 0.65f),
          new Form(400, 0.65f),
          new Form(320, 0.6f),
          new Form(256, 0.5f));

  /**
   * A large map.
   *
   * @param limit what its numbers lie below
   * @param at the number at a column and a row
   */
  record Layer(int limit, IntBinaryOperator at) {}

  /**
   * The best form that fits; the smallest, if none does.
   *
   * @param layers of the image's size
   * @param bytes how much of the page the picture may take
   */
  static Plate of(BufferedImage image, List<Layer> layers, long bytes) {
    Plate plate = null;
    for (Form form : FORMS) {
      Size size = Thumbnail.sizeOf(image.getWidth(), image.getHeight(), form.side());
      // Small images keep their size, so that several forms may have the same maps.
      List<SmallMap> maps =
          plate != null && plate.size().equals(size) ? plate.maps() : maps(image, layers, size);
      String photo = Embedded.jpeg(Thumbnail.resize(image, size), form.quality());
      plate = new Plate(size, photo, maps);
      if (plate.bytes() <= bytes) {
        break;
      }
    }
    return plate;
  }

  private static List<SmallMap> maps(BufferedImage image, List<Layer> layers, Size size) {
    return layers.stream()
        .map(layer ->
            SmallMap.of(size, image.getWidth(), image.getHeight(), layer.limit(), layer.at()))
        .toList();
  }

  private long bytes() {
    return photo.length() + maps.stream().mapToLong(map -> map.text().length()).sum();
  }
}
