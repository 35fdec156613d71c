import dev.eigenseg.api.PatchLogits;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import java.awt.image.BufferedImage;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Writes logits of patches and clusters of pixels, big endian, for confidence.py. */
final class Logits {
  /** Model, folder of images, how many of them, target. */
  public static void main(String[] arguments) throws IOException {
    List<Path> images;
    try (Stream<Path> files = Files.list(Path.of(arguments[1]))) {
      images = files.sorted().toList();
    }
    int count = Math.min(images.size(), Integer.parseInt(arguments[2]));
    try (Segmenter segmenter = Segmenter.load(Path.of(arguments[0]));
        DataOutputStream out =
            new DataOutputStream(
                new BufferedOutputStream(Files.newOutputStream(Path.of(arguments[3]))))) {
      for (int i = 0; i < count; i++) {
        write(segmenter, images.get((int) (((long) i * images.size() + count - 1) / count)), out);
      }
    }
  }

  private static void write(Segmenter segmenter, Path file, DataOutputStream out)
      throws IOException {
    BufferedImage image = segmenter.info().geometry().read(file);
    try (PatchLogits logits = segmenter.logits(image, 2)) {
      Segmentation segments = segmenter.segment(logits, image.getWidth(), image.getHeight());
      out.writeUTF(file.getFileName().toString().replaceFirst("\\..*", ""));
      out.writeInt(logits.gridRows());
      out.writeInt(logits.gridColumns());
      out.writeInt(segments.clusters());
      out.writeInt(image.getHeight());
      out.writeInt(image.getWidth());
      out.writeFloat(logits.divisor());
      for (long k = 0; k < logits.values().size(0) * logits.values().size(1); k++) {
        out.writeFloat(logits.values().segment().getAtIndex(ValueLayout.JAVA_FLOAT, k));
      }
      for (int y = 0; y < image.getHeight(); y++) {
        for (int x = 0; x < image.getWidth(); x++) {
          out.writeShort(segments.clusterAt(x, y));
        }
      }
    }
  }
}
