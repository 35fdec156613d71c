package your.app;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.SegmentBatch;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmenter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * Segments a folder of any size in bounded memory: {@code SegmentFolder model.safetensors photos
 * masks}. Two images are worked on at a time, and at most four are begun ahead of the one that is
 * written: if writing is slow, segmenting waits.
 */
public final class SegmentFolder {
  private SegmentFolder() {}

  public static void main(String[] args) throws Exception {
    Path target = Files.createDirectories(Path.of(args[2]));
    try (Segmenter segmenter = Segmenter.load(Path.of(args[0]));
        Stream<Path> files = Files.list(Path.of(args[1])).filter(Files::isRegularFile).sorted();
        SegmentBatch batch = segmenter.segmentAll(files::iterator, SegmentOptions.DEFAULT, 2)) {
      while (batch.hasNext()) {
        SegmentBatch.Item item = batch.next();
        try {
          item.segments().writeIndexPng(target.resolve(item.image().getFileName() + ".png"));
        } catch (BadInputException e) {
          System.err.println("left out: " + e.getMessage());
        }
      }
    }
  }
}
