package dev.eigenseg.api;

import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Image files as cameras, scanners and programs write them and ImageIO does not, byte by byte. */
final class WrittenImages {
  private WrittenImages() {}

  /** EXIF with an orientation and nothing else. */
  static byte[] exif(int orientation, ByteOrder order) {
    return tiffHead(order, 8)
        .putShort((short) 1)
        .putShort((short) 274)
        .putShort((short) 3)
        .putInt(1)
        .putShort((short) orientation)
        .putShort((short) 0)
        .putInt(0)
        .array();
  }

  private static ByteBuffer tiffHead(ByteOrder order, int directory) {
    return ByteBuffer.allocate(26)
        .order(order)
        .put((order == ByteOrder.LITTLE_ENDIAN ? "II" : "MM").getBytes(StandardCharsets.US_ASCII))
        .putShort((short) 42)
        .putInt(directory);
  }

  /** A JPEG of the best quality; of four bands without a word on what they are. */
  static byte[] jpeg(IIOImage image) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    try (MemoryCacheImageOutputStream output = new MemoryCacheImageOutputStream(bytes)) {
      writer.setOutput(output);
      ImageWriteParam quality = writer.getDefaultWriteParam();
      quality.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
      quality.setCompressionQuality(1);
      writer.write(null, image, quality);
    } finally {
      writer.dispose();
    }
    return bytes.toByteArray();
  }

  static byte[] jpeg(BufferedImage image) throws IOException {
    return jpeg(new IIOImage(image, null, null));
  }

  /** A JPEG of one pixel's four numbers all over. */
  static byte[] jpeg(int... ink) throws IOException {
    WritableRaster raster = Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, 8, 8, 4, null);
    for (int i = 0; i < 64; i++) {
      raster.setPixel(i % 8, i / 8, ink);
    }
    return jpeg(new IIOImage(raster, null, null));
  }

  /** A JPEG with one segment more, the first. */
  static byte[] withSegment(byte[] jpeg, int marker, byte[] content) {
    ByteBuffer bytes = ByteBuffer.allocate(jpeg.length + 4 + content.length);
    bytes.put(jpeg, 0, 2).putShort((short) (0xFF00 | marker));
    bytes.putShort((short) (2 + content.length)).put(content);
    return bytes.put(jpeg, 2, jpeg.length - 2).array();
  }

  static byte[] withExif(byte[] jpeg, byte[] exif) {
    return withSegment(jpeg, 0xE1, concat("Exif\0\0".getBytes(StandardCharsets.US_ASCII), exif));
  }

  /** Adobe's segment, which says what three or four components are. */
  static byte[] withAdobe(byte[] jpeg, int transform) {
    byte[] content = Arrays.copyOf("Adobe\0d".getBytes(StandardCharsets.US_ASCII), 12);
    content[11] = (byte) transform;
    return withSegment(jpeg, 0xEE, content);
  }

  /** A profile in parts, of which the last comes first. */
  static byte[] withProfile(byte[] jpeg, byte[] profile, int parts) {
    byte[] made = jpeg;
    for (int part = 0; part < parts; part++) {
      byte[] name = "ICC_PROFILE\0".getBytes(StandardCharsets.US_ASCII);
      byte[] number = {(byte) (part + 1), (byte) parts};
      byte[] piece =
          Arrays.copyOfRange(
              profile, profile.length * part / parts, profile.length * (part + 1) / parts);
      made = withSegment(made, 0xE2, concat(name, number, piece));
    }
    return made;
  }

  static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  static byte[] png(BufferedImage image) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(image, "png", bytes);
    return bytes.toByteArray();
  }

  /** A PNG with one chunk more, right behind its header or right before its end. */
  static byte[] withChunk(byte[] png, String name, byte[] content, boolean first) {
    int at = first ? 33 : png.length - 12;
    byte[] body = concat(name.getBytes(StandardCharsets.US_ASCII), content);
    CRC32 crc = new CRC32();
    crc.update(body);
    byte[] chunk =
        ByteBuffer.allocate(body.length + 8)
            .putInt(content.length)
            .put(body)
            .putInt((int) crc.getValue())
            .array();
    return concat(Arrays.copyOf(png, at), chunk, Arrays.copyOfRange(png, at, png.length));
  }

  static byte[] withProfile(byte[] png, byte[] profile) {
    try (Deflater deflater = new Deflater()) {
      deflater.setInput(profile);
      deflater.finish();
      byte[] packed = new byte[profile.length + 100];
      int length = deflater.deflate(packed);
      byte[] name = {'x', 0, 0};
      return withChunk(png, "iCCP", concat(name, Arrays.copyOf(packed, length)), true);
    }
  }

  /** sRGB's curves, with red and blue light exchanged: colours of it have the two exchanged. */
  static byte[] swappedProfile() {
    byte[] profile = ICC_Profile.getInstance(ColorSpace.CS_sRGB).getData();
    ByteBuffer bytes = ByteBuffer.wrap(profile);
    int red = -1;
    int blue = -1;
    for (int i = 0; i < bytes.getInt(128); i++) {
      int at = 132 + 12 * i;
      red = bytes.getInt(at) == 0x7258595A ? at : red;
      blue = bytes.getInt(at) == 0x6258595A ? at : blue;
    }
    bytes.putInt(red, 0x6258595A).putInt(blue, 0x7258595A);
    return profile;
  }

  static byte[] linearProfile() {
    return ICC_Profile.getInstance(ColorSpace.CS_LINEAR_RGB).getData();
  }

  static byte[] linearGrayProfile() {
    return ICC_Profile.getInstance(ColorSpace.CS_GRAY).getData();
  }

  /**
   * A printer's profile of two steps an ink: the lightness falls by a third for cyan, magenta and
   * yellow each, and black halves it; a* and b* follow magenta and yellow.
   */
  static byte[] cmykProfile() {
    ByteArrayOutputStream table = new ByteArrayOutputStream();
    for (int corner = 0; corner < 16; corner++) {
      int cyan = corner >> 3 & 1;
      int magenta = corner >> 2 & 1;
      int yellow = corner >> 1 & 1;
      int black = corner & 1;
      table.write((255 - 60 * (cyan + magenta + yellow)) / (1 + black));
      table.write(128 + (magenta - cyan) * 40 / (1 + black));
      table.write(128 + (yellow - (cyan + magenta) / 2) * 40 / (1 + black));
    }
    byte[] curve = new byte[256];
    for (int i = 0; i < curve.length; i++) {
      curve[i] = (byte) i;
    }
    ByteBuffer lut = ByteBuffer.allocate(48).putInt(0x6D667431).putInt(0);
    lut.put((byte) 4).put((byte) 3).put((byte) 2).put((byte) 0);
    for (int i = 0; i < 9; i++) {
      lut.putInt(i % 4 == 0 ? 0x10000 : 0);
    }
    byte[] curves = concat(curve, curve, curve);
    byte[] content = concat(lut.array(), curve, curves, table.toByteArray(), curves);
    byte[] white =
        ByteBuffer.allocate(20)
            .putInt(0x58595A20)
            .putInt(0)
            .putInt(0xF6D6)
            .putInt(0x10000)
            .putInt(0xD32D)
            .array();
    byte[] text = concat("text\0\0\0\0none\0\0\0\0".getBytes(StandardCharsets.US_ASCII));
    return profile(new String[] {"A2B0", "wtpt", "cprt"}, content, white, text);
  }

  private static byte[] profile(String[] names, byte[]... contents) {
    int at = 132 + 12 * names.length;
    ByteBuffer head = ByteBuffer.allocate(at);
    head.putInt(8, 0x02400000);
    ascii(head, 12, "prtrCMYKLab ");
    ascii(head, 36, "acsp");
    head.putInt(68, 0xF6D6).putInt(72, 0x10000).putInt(76, 0xD32D).putInt(128, names.length);
    byte[] all = new byte[0];
    for (int i = 0; i < names.length; i++) {
      ascii(head, 132 + 12 * i, names[i]);
      head.putInt(136 + 12 * i, at + all.length).putInt(140 + 12 * i, contents[i].length);
      all = concat(all, contents[i], new byte[-contents[i].length & 3]);
    }
    head.putInt(0, at + all.length);
    return concat(head.array(), all);
  }

  private static void ascii(ByteBuffer bytes, int at, String text) {
    bytes.put(at, text.getBytes(StandardCharsets.US_ASCII));
  }

  /**
   * An uncompressed TIFF file.
   *
   * @param pixels row by row, in the byte order of the file, which is little-endian
   * @param photometric 1 for grey, 2 for RGB
   * @param format of samples: 1 is whole numbers, 3 fractions
   * @param tags more of them in rising order, each a tag and its one number or several
   */
  static byte[] tiff(
      int width, byte[] pixels, int samples, int bits, int photometric, int format, int[]... tags) {
    int height = pixels.length / (width * samples * bits / 8);
    int[][] entries =
        concatTags(
            new int[][] {
              {256, width},
              {257, height},
              fill(258, samples, bits),
              {259, 1},
              {262, photometric},
              {273, 8},
              {277, samples},
              {278, height},
              {279, pixels.length},
              fill(339, samples, format)
            },
            tags);
    int directory = 8 + pixels.length;
    int values = directory + 2 + 12 * entries.length + 4;
    ByteBuffer bytes =
        ByteBuffer.allocate(values + 400 + 8 * samples).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(tiffHead(ByteOrder.LITTLE_ENDIAN, directory).array(), 0, 8).put(pixels);
    bytes.putShort((short) entries.length);
    int at = values;
    for (int[] entry : entries) {
      int count = entry.length - 1;
      boolean wide = entry[0] == 279 || entry[0] == 273; // the rest are 16-bit numbers
      bytes.putShort((short) entry[0]).putShort((short) (wide ? 4 : 3)).putInt(count);
      int place = bytes.position();
      if (wide) {
        bytes.putInt(place, entry[1]);
      } else if (count > 2) {
        bytes.putInt(place, at);
        place = at;
        at += 2 * count;
      }
      for (int i = 0; i < count && !wide; i++) {
        bytes.putShort(place + 2 * i, (short) entry[i + 1]);
      }
      bytes.position(bytes.position() + 4);
    }
    return Arrays.copyOf(bytes.array(), at);
  }

  private static int[] fill(int tag, int count, int value) {
    int[] entry = new int[count + 1];
    Arrays.fill(entry, value);
    entry[0] = tag;
    return entry;
  }

  private static int[][] concatTags(int[][] one, int[][] other) {
    int[][] all = Arrays.copyOf(one, one.length + other.length);
    System.arraycopy(other, 0, all, one.length, other.length);
    Arrays.sort(all, (a, b) -> Integer.compare(a[0], b[0]));
    return all;
  }

  static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  static byte[] floats(float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      bytes.putFloat(value);
    }
    return bytes.array();
  }

  static byte[] shorts(int... values) {
    ByteBuffer bytes = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int value : values) {
      bytes.putShort((short) value);
    }
    return bytes.array();
  }
}
