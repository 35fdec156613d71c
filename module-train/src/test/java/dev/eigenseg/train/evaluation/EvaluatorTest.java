package dev.eigenseg.train.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Cancellation;
import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.CrfOptions;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.PatchLogits;
import dev.eigenseg.api.PixelRows;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.train.dataset.Dataset;
import dev.eigenseg.train.dataset.Datasets;
import dev.eigenseg.train.dataset.FolderDataset;
import dev.eigenseg.train.evaluation.Evaluator.EvaluatedModel;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Models that see the brightness of the left half: what is counted, how often features are made,
 * what is skipped.
 */
class EvaluatorTest {
  private static final int IMAGES = 6;

  @TempDir private Path root;

  /** One patch of 8 x 8 pixels; its feature is the red of the first pixel. */
  private static final class Eye implements Backbone {
    private final AtomicInteger calls = new AtomicInteger();

    @Override
    public String id() {
      return "eye";
    }

    @Override
    public String sha256() {
      return "0";
    }

    @Override
    public int patchSize() {
      return 8;
    }

    @Override
    public FeatureDims dims() {
      return new FeatureDims(1, 1, 1);
    }

    @Override
    public PatchFeatures extract(Tensor pixels) {
      calls.incrementAndGet();
      int rows = (int) pixels.size(1) / 8;
      int columns = (int) pixels.size(2) / 8;
      long patches = (long) rows * columns;
      Tensor high = Tensor.allocate(DType.F32, patches, 1);
      high.set(0, pixels.get(0));
      return new PatchFeatures(
          rows,
          columns,
          Tensor.allocate(DType.F32, patches, 1),
          Tensor.allocate(DType.F32, patches, 1),
          high);
    }

    @Override
    public void close() {}
  }

  /** The whole image is cluster 1 if it is bright, else cluster 0. */
  private record Brightness(Backbone backbone, ModelInfo info) implements Segmenter {
    Brightness(Backbone backbone, Optional<Size> resize) {
      this(
          backbone,
          new ModelInfo(
              "test",
              3,
              "eye",
              "0",
              "eye",
              Map.of(),
              new ImageGeometry(resize, 8),
              Optional.empty()));
    }

    @Override
    public Segmenter withSegments(SegmentOptions.Segments segments) {
      throw new AssertionError("nobody asked for " + segments);
    }

    @Override
    public Segmentation segment(
        BufferedImage image,
        SegmentOptions options,
        Backbone features,
        Progress progress,
        Cancellation cancellation) {
      assertTrue(!options.wholeImage(info.geometry()), "the evaluator has features");
      try (Tensor pixels = info.geometry().pixels(image);
          PatchFeatures view = features.extract(pixels, options.threads())) {
        return all(image.getWidth(), image.getHeight(), view.high().get(0) > 0.5 ? 2 : 0);
      }
    }

    @Override
    public Segmentation segment(
        PatchFeatures features, BufferedImage image, CrfOptions crf, int threads) {
      return all(image.getWidth(), image.getHeight(), 0);
    }

    @Override
    public void pixelLogits(
        BufferedImage image, SegmentOptions options, Cancellation cancellation, PixelRows target) {
      throw new UnsupportedOperationException("the evaluator asks for segments");
    }

    @Override
    public void pixelProbabilities(
        BufferedImage image, SegmentOptions options, Cancellation cancellation, PixelRows target) {
      throw new UnsupportedOperationException("the evaluator asks for segments");
    }

    private static Segmentation all(int width, int height, int cluster) {
      int[] clusters = new int[width * height];
      Arrays.fill(clusters, cluster);
      return Segmentation.of(width, height, 3, clusters, Optional.empty());
    }

    @Override
    public Segmentation segment(PatchFeatures features, int width, int height) {
      return all(width, height, features.high().get(0) > 0.5 ? 1 : 0);
    }

    @Override
    public PatchLogits logits(PatchFeatures features, int threads) {
      throw new UnsupportedOperationException("the evaluator asks for segments");
    }

    @Override
    public Segmentation segment(PatchLogits logits, int width, int height) {
      throw new UnsupportedOperationException("the evaluator has features");
    }

    @Override
    public Segmentation segment(
        PatchLogits logits, BufferedImage image, CrfOptions crf, int threads) {
      throw new UnsupportedOperationException("the evaluator has features");
    }

    @Override
    public void close() {}
  }

  @BeforeEach
  void write() throws IOException {
    Files.createDirectories(root.resolve("images"));
    Files.createDirectories(root.resolve("labels"));
    Files.writeString(
        root.resolve("classes.json"),
        """
        {"void_index": 7, "classes": [{"index": 0, "name": "dark", "rgb": [0, 0, 0]},
                                      {"index": 1, "name": "bright", "rgb": [255, 255, 255]}]}
        """);
    for (int i = 0; i < IMAGES; i++) {
      BufferedImage image = new BufferedImage(10, 4 + i, BufferedImage.TYPE_INT_RGB);
      BufferedImage labels = new BufferedImage(10, 4 + i, BufferedImage.TYPE_BYTE_GRAY);
      for (int y = 0; y < 4 + i; y++) {
        for (int x = 0; x < 10; x++) {
          image.setRGB(x, y, i % 3 == 0 ? 0xFFFFFF : 0);
          labels.getRaster().setSample(x, y, 0, x == 9 ? 7 : i % 3 == 0 ? 1 : 0);
        }
      }
      ImageIO.write(image, "png", root.resolve("images/" + i + ".png").toFile());
      ImageIO.write(labels, "png", root.resolve("labels/" + i + ".png").toFile());
    }
  }

  private Dataset dataset() throws IOException {
    return Datasets.open(FolderDataset.NAME, root, "val");
  }

  @Test
  void countsWithoutVoidAndSharesFeatures() throws IOException {
    Eye eye = new Eye();
    List<EvaluatedModel> models =
        List.of(
            new EvaluatedModel("a", new Brightness(eye, Optional.empty())),
            new EvaluatedModel("b", new Brightness(eye, Optional.empty())),
            new EvaluatedModel("resized", new Brightness(eye, Optional.of(new Size(16, 8)))));
    for (int threads : new int[] {1, 4}) {
      eye.calls.set(0);
      Evaluation evaluation = Evaluator.evaluate(dataset(), models, threads, Progress.NONE);
      // Once for the two models of one geometry, once for the third.
      assertEquals(2 * IMAGES, eye.calls.get());
      assertEquals(IMAGES, evaluation.images());
      assertEquals(
          List.of("a", "b", "resized"),
          evaluation.results().stream().map(Evaluation.Result::name).toList());
      for (Evaluation.Result result : evaluation.results()) {
        ConfusionMatrix confusion = result.confusion();
        assertEquals(9 * (4 + 7), confusion.count(1, 1));
        assertEquals(9 * (5 + 6 + 8 + 9), confusion.count(0, 0));
        assertEquals(9 * (4 + 5 + 6 + 7 + 8 + 9), confusion.total());
        assertEquals(2, confusion.clustersInUse());
        assertEquals(1, Scores.of(confusion, Matching.IOU.match(confusion)).meanIou());
      }
      assertEquals(
          List.of("read", "extract", "segment", "compare", "total"),
          List.copyOf(evaluation.seconds().keySet()));
    }
  }

  @Test
  void optionsDecideWhoseFeaturesAreShared() throws IOException {
    Eye eye = new Eye();
    Brightness model = new Brightness(eye, Optional.empty());
    List<EvaluatedModel> models =
        List.of(
            new EvaluatedModel("windows", model, SegmentOptions.DEFAULT.withWindows(8, 4)),
            new EvaluatedModel("plain", model),
            new EvaluatedModel("crf", model, SegmentOptions.DEFAULT.withCrf(CrfOptions.DEFAULT)));
    Evaluation evaluation = Evaluator.evaluate(dataset(), models, 2, Progress.NONE);
    assertEquals(2 * IMAGES, eye.calls.get());
    List<ConfusionMatrix> counts =
        evaluation.results().stream().map(Evaluation.Result::confusion).toList();
    assertEquals(9 * (4 + 7), counts.get(0).count(2, 1));
    assertEquals(9 * (4 + 7), counts.get(1).count(1, 1));
    assertEquals(9 * (4 + 7), counts.get(2).count(0, 1));
    assertTrue(evaluation.results().get(2).options().crf().isPresent());
  }

  @Test
  void modelsThatSeeTheSameViewsShareFeatures() throws IOException {
    Eye eye = new Eye();
    SegmentOptions windows = SegmentOptions.DEFAULT.withWindows(8, 4);
    List<EvaluatedModel> models =
        List.of(
            new EvaluatedModel("one", new Brightness(eye, Optional.empty()), windows),
            new EvaluatedModel("other", new Brightness(eye, Optional.empty()), windows),
            new EvaluatedModel(
                "resized", new Brightness(eye, Optional.of(new Size(16, 8))), windows));
    Evaluation evaluation = Evaluator.evaluate(dataset(), models, 2, Progress.NONE);
    assertEquals(2 * IMAGES, eye.calls.get());
    for (Evaluation.Result result : evaluation.results()) {
      assertEquals(9 * (4 + 7), result.confusion().count(2, 1));
      assertEquals(9 * (5 + 6 + 8 + 9), result.confusion().count(0, 0));
    }
  }

  @Test
  void whatThereIsNoRoomForIsExtractedAgain() {
    Eye eye = new Eye();
    try (RememberedFeatures features = new RememberedFeatures(eye, 2 * 3 * Float.BYTES)) {
      for (int view : new int[] {1, 2, 3, 1, 2, 3, 3}) {
        try (Tensor pixels = Tensor.allocate(DType.F32, 3, 8, 8)) {
          pixels.set(0, view);
          try (PatchFeatures found = features.extract(pixels, 1)) {
            assertEquals(view, found.high().get(0));
          }
        }
      }
    }
    assertEquals(5, eye.calls.get());
  }

  @Test
  void badImagesEndItOrAreListed() throws IOException {
    Files.writeString(root.resolve("images/2.png"), "not an image");
    ImageIO.write(
        new BufferedImage(3, 3, BufferedImage.TYPE_BYTE_GRAY),
        "png",
        root.resolve("labels/4.png").toFile());
    List<EvaluatedModel> models =
        List.of(new EvaluatedModel("a", new Brightness(new Eye(), Optional.empty())));
    Dataset dataset = dataset();
    assertThrows(
        BadInputException.class, () -> Evaluator.evaluate(dataset, models, 2, Progress.NONE));
    Evaluation evaluation =
        Evaluator.evaluate(dataset, Protocol.WHOLE_IMAGE, models, 2, true, Progress.NONE);
    assertEquals(IMAGES - 2, evaluation.images());
    assertEquals(List.of("2", "4"), List.copyOf(evaluation.skipped().keySet()));
    assertTrue(evaluation.skipped().get("4").contains("3 x 3"));
    assertEquals(9 * (4 + 5 + 7 + 9), evaluation.results().getFirst().confusion().total());
  }

  @Test
  void nothingLeftIsAnError() throws IOException {
    for (int i = 0; i < IMAGES; i++) {
      Files.writeString(root.resolve("images/" + i + ".png"), "not an image");
    }
    List<EvaluatedModel> models =
        List.of(new EvaluatedModel("a", new Brightness(new Eye(), Optional.empty())));
    Dataset dataset = dataset();
    assertThrows(
        BadInputException.class,
        () -> Evaluator.evaluate(dataset, Protocol.WHOLE_IMAGE, models, 1, true, Progress.NONE));
    assertThrows(
        BadInputException.class, () -> Evaluator.evaluate(dataset, List.of(), 1, Progress.NONE));
  }

  @Test
  void stopsOnRequest() throws IOException {
    Eye eye = new Eye();
    Progress impatient = Progress.stoppedBy(() -> eye.calls.get() >= 2);
    List<EvaluatedModel> models =
        List.of(new EvaluatedModel("a", new Brightness(eye, Optional.empty())));
    Dataset dataset = dataset();
    assertThrows(CancelledException.class, () -> Evaluator.evaluate(dataset, models, 1, impatient));
    assertEquals(2, eye.calls.get());
  }
}
