package dev.eigenseg.infer.segment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.infer.Fixtures;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.infer.SegmenterModel;
import dev.eigenseg.infer.TestSeed;
import dev.eigenseg.infer.descriptor.DescriptorBackbone;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An image gives the same mask whichever way it comes in. */
class WaysInTest {
  @TempDir Path folder;

  private static List<Integer> clusters(Segmentation segmentation) {
    List<Integer> clusters = new ArrayList<>();
    for (int y = 0; y < segmentation.height(); y++) {
      for (int x = 0; x < segmentation.width(); x++) {
        clusters.add(segmentation.clusterAt(x, y));
      }
    }
    return clusters;
  }

  private static BufferedImage gray(BufferedImage image, int type) {
    BufferedImage gray = new BufferedImage(image.getWidth(), image.getHeight(), type);
    int scale = type == BufferedImage.TYPE_USHORT_GRAY ? 257 : 1;
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        gray.getRaster().setSample(x, y, 0, (image.getRGB(x, y) >> 8 & 255) * scale);
      }
    }
    return gray;
  }

  private static byte[] encoded(BufferedImage image, String format) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    assertTrue(ImageIO.write(image, format, bytes));
    return bytes.toByteArray();
  }

  @Test
  void pathStreamBytesAndDecodedImageAgree() throws IOException {
    BufferedImage color = Fixtures.image(TestSeed.random(), 110, 81);
    List<byte[]> files =
        List.of(
            encoded(gray(color, BufferedImage.TYPE_BYTE_GRAY), "jpeg"),
            encoded(gray(color, BufferedImage.TYPE_USHORT_GRAY), "png"),
            encoded(color, "jpeg"));
    Path file = folder.resolve("model.safetensors");
    SegmenterModel model = Fixtures.model(new Random(2), SegmenterMethod.KMEANS_FEATURES, 30);
    SegmenterFile.write(file, model);
    Fixtures.close(model.tensors());
    try (Segmenter segmenter =
        new SafetensorsSegmenterLoader().load(file, new DescriptorBackbone())) {
      for (byte[] bytes : files) {
        Path path = Files.write(folder.resolve("image"), bytes);
        List<Integer> expected = clusters(segmenter.segment(path));
        assertTrue(expected.stream().distinct().count() > 1, "one cluster only");
        assertEquals(expected, clusters(segmenter.segment(bytes)));
        assertEquals(expected, clusters(segmenter.segment(ByteBuffer.wrap(bytes))));
        assertEquals(expected, clusters(segmenter.segment(MemorySegment.ofArray(bytes))));
        assertEquals(expected, clusters(segmenter.segment(new ByteArrayInputStream(bytes))));
        BufferedImage decoded = ImageIO.read(new ByteArrayInputStream(bytes));
        assertEquals(expected, clusters(segmenter.segment(decoded)));
      }
    }
  }
}
