package dev.eigenseg.train.dataset;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import javax.imageio.ImageIO;

/** Writes the few small files of a dataset in its own layout. */
record TinyTree(Path root) {
  /** An image without content, in the format that its ending says. */
  void image(String path, int width, int height) throws IOException {
    write(path, new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB));
  }

  /** An 8-bit grey label map, or one of 16 bits if a value needs them; unnamed pixels are 0. */
  void label(String path, int width, int height, int... labels) throws IOException {
    char[] all = new char[width * height];
    for (int i = 0; i < labels.length; i++) {
      all[i] = (char) labels[i];
    }
    write(path, LabelMap.of(width, height, all).toImage());
  }

  /** A label map with a palette, whose colours say nothing about the indices. */
  void paletteLabel(String path, int width, int height, int... labels) throws IOException {
    byte[] grey = new byte[256];
    BufferedImage image =
        new BufferedImage(
            width,
            height,
            BufferedImage.TYPE_BYTE_INDEXED,
            new IndexColorModel(8, 256, grey, grey, grey));
    for (int i = 0; i < labels.length; i++) {
      image.getRaster().setSample(i % width, i / width, 0, labels[i]);
    }
    write(path, image);
  }

  /** One row of colours. */
  void colors(String path, int width, int... colors) throws IOException {
    BufferedImage image = new BufferedImage(width, 1, BufferedImage.TYPE_INT_RGB);
    image.setRGB(0, 0, width, 1, colors, 0, width);
    write(path, image);
  }

  /** A grey JPEG whatever the path ends in. */
  void lossyLabel(String path, int width, int height) throws IOException {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY);
    ImageIO.write(image, "jpeg", parent(path).toFile());
  }

  /** A JPEG that lies on its side: EXIF's orientation 6, so it is seen as height x width. */
  void turnedImage(String path, int width, int height) throws IOException {
    ByteArrayOutputStream jpeg = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB), "jpeg", jpeg);
    byte[] bytes = jpeg.toByteArray();
    ByteArrayOutputStream turned = new ByteArrayOutputStream();
    turned.write(bytes, 0, 2);
    turned.writeBytes(
        HexFormat.of()
            .parseHex(
                "ffe10022457869660000" // Exif
                    + "4d4d002a00000008000101120003000000010006000000000000"));
    turned.write(bytes, 2, bytes.length - 2);
    Files.write(parent(path), turned.toByteArray());
  }

  void text(String path, String... lines) throws IOException {
    Files.write(parent(path), List.of(lines));
  }

  void delete(String path) throws IOException {
    Files.delete(root.resolve(path));
  }

  private void write(String path, BufferedImage image) throws IOException {
    String ending = path.substring(path.lastIndexOf('.') + 1);
    if (!ImageIO.write(image, ending, parent(path).toFile())) {
      throw new IOException("no writer for " + path);
    }
  }

  private Path parent(String path) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    return file;
  }
}
