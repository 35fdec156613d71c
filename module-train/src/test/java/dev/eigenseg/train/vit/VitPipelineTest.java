package dev.eigenseg.train.vit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.bank.BankSettings;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.FeatureBankWriter;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnEngines;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.train.TestSeed;
import dev.eigenseg.train.Trainer;
import dev.eigenseg.train.TrainingListener;
import dev.eigenseg.train.TrainingOptions;
import dev.eigenseg.train.TrainingOptions.Kernel;
import dev.eigenseg.train.TrainingOptions.Network;
import dev.eigenseg.train.TrainingOptions.Objective;
import dev.eigenseg.train.TrainingOptions.Run;
import dev.eigenseg.train.TrainingOptions.Schedule;
import dev.eigenseg.train.TrainingResult;
import dev.eigenseg.train.dataset.GeneratedScenes;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * From pictures to masks with a Vision Transformer of random weights: bank, graph, a short
 * training, and the same masks from the Vector API and from DJL.
 */
class VitPipelineTest {
  private static final double EQUAL_PIXELS = 0.999;
  private static final int CLUSTERS = 12;

  @TempDir static Path work;

  private static Path checkpoint;
  private static Path model;
  private static Map<String, String> settings;
  private static List<Path> seen;
  private static List<Path> unseen;

  @BeforeAll
  static void train() throws IOException {
    long seed = TestSeed.next();
    checkpoint = work.resolve("tiny.safetensors");
    RandomVit.write(checkpoint, RandomVit.plain(192, 12, 3), DType.F16, new Random(seed));
    settings = Map.of("eps", "1e-6", "normalization", "vit");
    // Neither side is a multiple of the patch.
    GeneratedScenes.write(work.resolve("scenes"), 4, 2, new Size(250, 170), seed, 2, Progress.NONE);
    seen = pictures(GeneratedScenes.TRAIN);
    unseen = pictures(GeneratedScenes.VAL);
    model = work.resolve("model.safetensors");
    extract(work.resolve("bank"));
    try (FeatureBank bank = FeatureBank.open(work.resolve("bank"));
        KnnGraph graph =
            KnnGraph.build(
                KnnEngines.select("auto"),
                new KnnEngine.Request(bank.level(Level.HIGH), 16, 64L << 20, 2),
                Progress.NONE)) {
      TrainingResult result =
          Trainer.train(
              bank,
              Optional.of(graph),
              TrainingOptions.of(CLUSTERS)
                  .with(Network.DEFAULT.withProjection(96).withHeadDim(16).withScaleInputs(true))
                  .with(Kernel.DEFAULT.withNeighbors(16))
                  .with(Objective.DEFAULT.withBalance(1))
                  .with(Schedule.DEFAULT.withEpochs(10).withBatchSize(2))
                  .with(Run.DEFAULT.withSeed(seed).withThreads(1)),
              model,
              TrainingListener.NONE,
              Progress.NONE);
      assertTrue(result.steps() > 0);
    }
  }

  private static List<Path> pictures(String split) throws IOException {
    try (Stream<Path> files = Files.list(work.resolve("scenes/images").resolve(split))) {
      return files.sorted().toList();
    }
  }

  private static void extract(Path folder) throws IOException {
    try (Backbone backbone = Backbones.open("vit:" + checkpoint, "cpu", settings)) {
      BankSettings bank =
          new BankSettings(
              backbone.id(),
              backbone.sha256(),
              "vit:" + checkpoint,
              backbone.settings(),
              backbone.dims(),
              DType.F32,
              new ImageGeometry(Optional.empty(), backbone.patchSize()));
      Provenance provenance = Provenance.here("extract", Map.of(), Map.of(), 0, "cpu");
      try (FeatureBankWriter writer = FeatureBankWriter.open(folder, bank, provenance)) {
        for (Path picture : seen) {
          BufferedImage image = Images.read(picture);
          try (Tensor pixels = bank.geometry().pixels(image);
              Tensor colors = bank.geometry().patchColors(pixels);
              PatchFeatures features = backbone.extract(pixels, 2)) {
            writer.append(
                picture.toString(), image.getWidth(), image.getHeight(), features, colors);
          }
        }
        writer.finish(Progress.NONE);
      }
    }
  }

  @Test
  void bankAndModelRememberTheSettings() throws IOException {
    try (FeatureBank bank = FeatureBank.open(work.resolve("bank"));
        Segmenter segmenter = Segmenter.load(model, "vit:" + checkpoint, "cpu")) {
      Map<String, String> stored = bank.manifest().backboneSettings();
      assertEquals("3", stored.get("heads"));
      assertEquals("vit", stored.get("normalization"));
      assertEquals(stored, segmenter.info().backboneSettings());
      assertEquals(stored, segmenter.backbone().settings());
      assertEquals("vit:tiny", segmenter.info().backboneId());
    }
    assertThrows(
        IncompatibleException.class,
        () ->
            Segmenter.load(
                model, TorchVitBackbone.open(checkpoint, "cpu", Map.of("high", "keys"))));
  }

  @Test
  void modelsFindTheirBackboneByThemselves() throws IOException {
    try (Segmenter segmenter = Segmenter.load(model)) {
      assertEquals("vit:tiny", segmenter.backbone().id());
    }
  }

  @Test
  void vectorApiAndDjlGiveTheSameMasks() throws IOException {
    Agreement features = new Agreement();
    Agreement everything = new Agreement();
    try (Segmenter vector = Segmenter.load(model, "vit:" + checkpoint, "cpu");
        Segmenter torchFeatures =
            Segmenter.load(
                model, TorchVitBackbone.open(checkpoint, "cpu", vector.info().backboneSettings()));
        TorchSegmenter torch = TorchSegmenter.open(model, checkpoint)) {
      for (Path picture : Stream.concat(seen.stream(), unseen.stream()).toList()) {
        Segmentation expected = vector.segment(picture);
        features.count(expected, torchFeatures.segment(picture));
        everything.count(expected, torch.segment(Images.read(picture)));
      }
    }
    System.out.printf(
        "equal pixels: %s with DJL's features, %s with DJL from the pixels to the clusters%n",
        features, everything);
    features.check();
    everything.check();
  }

  /** Pixels of several masks, and how many are equal. */
  private static final class Agreement {
    private final boolean[] used = new boolean[CLUSTERS];
    private long pixels;
    private long equal;

    void count(Segmentation expected, Segmentation found) {
      assertEquals(expected.width(), found.width());
      assertEquals(expected.height(), found.height());
      for (int y = 0; y < expected.height(); y++) {
        for (int x = 0; x < expected.width(); x++) {
          used[expected.clusterAt(x, y)] = true;
          equal += expected.clusterAt(x, y) == found.clusterAt(x, y) ? 1 : 0;
          pixels++;
        }
      }
    }

    void check() {
      assertTrue(equal >= EQUAL_PIXELS * pixels, toString());
      int clusters = 0;
      for (boolean cluster : used) {
        clusters += cluster ? 1 : 0;
      }
      assertTrue(clusters > 2, "masks of " + clusters + " clusters show little");
    }

    @Override
    public String toString() {
      return "%d of %d (%.4f %%)".formatted(equal, pixels, 100.0 * equal / pixels);
    }
  }
}
