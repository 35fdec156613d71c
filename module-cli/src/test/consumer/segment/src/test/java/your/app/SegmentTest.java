package your.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Under Surefire, on the class path, with the README's flag. */
class SegmentTest {
  @Test
  void segments() throws Exception {
    try (Segmenter segmenter = Segmenter.load(Path.of(System.getProperty("model")))) {
      Segmentation segments = segmenter.segment(Path.of(System.getProperty("photo")));
      assertEquals(160, segments.width());
    }
  }
}
