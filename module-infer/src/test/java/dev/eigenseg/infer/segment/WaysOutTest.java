package dev.eigenseg.infer.segment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Cancellation;
import dev.eigenseg.api.CrfOptions;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ImageGeometry.Border;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.PatchLogits;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.Fixtures;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.infer.SegmenterModel;
import dev.eigenseg.infer.TestSeed;
import dev.eigenseg.infer.descriptor.DescriptorBackbone;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What comes out besides the segments: logits, probabilities, features. */
class WaysOutTest {
  private static final int CLUSTERS = 12;

  @TempDir Path folder;
  private Segmenter segmenter;
  private BufferedImage image;

  @BeforeEach
  void load() throws IOException {
    Path file = folder.resolve("model.safetensors");
    SegmenterModel model =
        Fixtures.model(TestSeed.random(), SegmenterMethod.NEURAL_EIGENFUNCTIONS, CLUSTERS);
    SegmenterFile.write(file, model);
    Fixtures.close(model.tensors());
    segmenter = new SafetensorsSegmenterLoader().load(file, new DescriptorBackbone());
    image = Fixtures.image(TestSeed.random(), 110, 81);
  }

  @AfterEach
  void close() {
    segmenter.close();
  }

  private static List<SegmentOptions> views() {
    SegmentOptions one = SegmentOptions.DEFAULT;
    return List.of(
        one,
        one.withThreads(3).withWindows(64, 48),
        one.withFlip(true).withScales(List.of(0.75, 1.5)));
  }

  /** All rows of values, as they come. */
  private static float[] flat(List<float[]> strips) {
    float[] all = new float[strips.stream().mapToInt(strip -> strip.length).sum()];
    int at = 0;
    for (float[] strip : strips) {
      System.arraycopy(strip, 0, all, at, strip.length);
      at += strip.length;
    }
    return all;
  }

  private float[] pixelLogits(SegmentOptions options) {
    List<float[]> strips = new ArrayList<>();
    int[] rows = {0};
    segmenter.pixelLogits(
        image,
        options,
        Cancellation.NONE,
        (firstRow, values) -> {
          assertEquals(rows[0], firstRow);
          assertArrayEquals(
              new long[] {values.size(0), image.getWidth(), CLUSTERS}, values.shape());
          rows[0] += Math.toIntExact(values.size(0));
          strips.add(values.toFloats());
        });
    assertEquals(image.getHeight(), rows[0]);
    return flat(strips);
  }

  @Test
  void pixelsHaveTheLogitsThatDecideThem() {
    for (SegmentOptions options : views()) {
      float[] logits = pixelLogits(options);
      Segmentation segments = segmenter.segment(image, options);
      for (int pixel = 0; pixel < logits.length / CLUSTERS; pixel++) {
        int decided = segments.clusterAt(pixel % image.getWidth(), pixel / image.getWidth());
        float most = Float.NEGATIVE_INFINITY;
        for (int k = 0; k < CLUSTERS; k++) {
          most = Math.max(most, logits[pixel * CLUSTERS + k]);
        }
        // The upsampling that decides rounds in another order.
        assertEquals(most, logits[pixel * CLUSTERS + decided], 1e-4f * Math.abs(most));
      }
    }
  }

  @Test
  void probabilitiesAreTheSoftmaxOfLogits() {
    for (SegmentOptions options : views()) {
      float[] logits = pixelLogits(options);
      // Those of several views are logarithms of probabilities already.
      boolean several = options.flip();
      float divisor = several ? 1 : SegmenterModel.LOGIT_DIVISOR;
      try (Tensor probabilities = segmenter.pixelProbabilities(image, options)) {
        assertArrayEquals(new long[] {81, 110, CLUSTERS}, probabilities.shape());
        assertSoftmax(logits, divisor, probabilities.toFloats());
      }
    }
    try (PatchLogits patches = segmenter.logits(image, 2);
        Tensor probabilities = patches.probabilities()) {
      assertEquals(SegmenterModel.LOGIT_DIVISOR, patches.divisor());
      assertSoftmax(patches.values().toFloats(), patches.divisor(), probabilities.toFloats());
    }
  }

  private static void assertSoftmax(float[] logits, float divisor, float[] probabilities) {
    assertEquals(logits.length, probabilities.length);
    for (int first = 0; first < logits.length; first += CLUSTERS) {
      double sum = 0;
      double most = Double.NEGATIVE_INFINITY;
      for (int k = first; k < first + CLUSTERS; k++) {
        most = Math.max(most, logits[k] / (double) divisor);
      }
      for (int k = first; k < first + CLUSTERS; k++) {
        sum += Math.exp(logits[k] / (double) divisor - most);
      }
      for (int k = first; k < first + CLUSTERS; k++) {
        double expected = Math.exp(logits[k] / (double) divisor - most) / sum;
        assertEquals(expected, probabilities[k], 2e-6);
      }
    }
  }

  @Test
  void stripsDoNotShowInTheResult() {
    float[] whole = pixelLogits(SegmentOptions.DEFAULT);
    try (PatchLogits patches = segmenter.logits(image, 1);
        GridLogits pixels =
            GridLogits.of(
                Tensor.of(patches.values().toFloats(), patches.values().shape()),
                segmenter.info().geometry(),
                new ImageGeometry.Size(110, 81),
                false,
                1)) {
      for (long bytes : new long[] {1, 110L * CLUSTERS * 4 * 7, Long.MAX_VALUE}) {
        List<float[]> strips = new ArrayList<>();
        PixelStrips.read(pixels, bytes, (firstRow, values) -> strips.add(values.toFloats()));
        assertArrayEquals(whole, flat(strips));
      }
    }
  }

  @Test
  void refinementHasNoProbabilities() {
    SegmentOptions refined = SegmentOptions.DEFAULT.withCrf(CrfOptions.DEFAULT);
    assertThrows(
        IllegalArgumentException.class, () -> segmenter.pixelProbabilities(image, refined));
  }

  @Test
  void whatTheReceiverThrowsEndsTheCall() {
    BadInputException thrown = new BadInputException("enough");
    assertEquals(
        thrown,
        assertThrows(
            BadInputException.class,
            () ->
                segmenter.pixelLogits(
                    image,
                    SegmentOptions.DEFAULT,
                    Cancellation.NONE,
                    (firstRow, values) -> {
                      throw thrown;
                    })));
  }

  @Test
  void featuresComeFromAFile() throws IOException {
    Path file = folder.resolve("image.png");
    assertTrue(ImageIO.write(image, "png", file.toFile()));
    try (Backbone backbone = new DescriptorBackbone();
        PatchFeatures features = backbone.extract(file)) {
      assertEquals(7, features.gridColumns()); // 110 pixels are nearest to 7 patches of 16
      assertEquals(5, features.gridRows());
      ImageGeometry fitted =
          new ImageGeometry(Optional.empty(), backbone.patchSize()).withBorder(Border.FIT);
      try (Tensor pixels = fitted.pixels(image);
          PatchFeatures expected = backbone.extract(pixels)) {
        assertArrayEquals(expected.high().toFloats(), features.high().toFloats());
        assertArrayEquals(new long[] {35, backbone.dims().high()}, features.high().shape());
      }
      assertThrows(
          IllegalArgumentException.class,
          () -> backbone.extract(image, fitted.withPatchSize(8), 1));
    }
  }
}
