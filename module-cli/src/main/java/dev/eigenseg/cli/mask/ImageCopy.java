package dev.eigenseg.cli.mask;

import dev.eigenseg.api.Images;
import dev.eigenseg.api.internal.file.AtomicFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The copy of an image that lies beside its label map. Some readers turn an image as EXIF says and
 * some do not, and masks lie on the upright one. So an image that carries an orientation is written
 * upright and without it, as a PNG, of which nothing is lost; all others are copied as they are.
 */
final class ImageCopy {
  private static final String PNG = ".png";

  private ImageCopy() {}

  /** Writes the copy of an image into a folder, under its own name, which is returned. */
  static Path write(ImageMask image, Path folder) throws IOException {
    boolean turned = Images.header(image.image()).orientation() > 1;
    Path name = turned ? Path.of(image.stem() + PNG) : image.name();
    write(image.image(), folder.resolve(name), turned);
    return name;
  }

  /** Writes the copy of an image as a PNG. */
  static void writePng(ImageMask image, Path copy) throws IOException {
    boolean turned = Images.header(image.image()).orientation() > 1;
    write(image.image(), copy, turned || !image.name().toString().endsWith(PNG));
  }

  private static void write(Path image, Path copy, boolean anew) throws IOException {
    Files.createDirectories(copy.getParent());
    if (anew) {
      Images.writePng(Images.read(image), copy);
    } else {
      copy(image, copy);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    if (Files.exists(to) && Files.isSameFile(from, to)) {
      return;
    }
    AtomicFile.write(
        to,
        target -> {
          try (FileChannel source = FileChannel.open(from)) {
            for (long done = 0; done < source.size(); ) {
              done += source.transferTo(done, source.size() - done, target);
            }
          }
        });
  }
}
