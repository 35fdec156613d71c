package dev.eigenseg.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.BankSettings;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.FeatureBankWriter;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.FeatureScales;
import dev.eigenseg.train.TrainingOptions.Kernel;
import dev.eigenseg.train.TrainingOptions.Network;
import dev.eigenseg.train.TrainingOptions.Run;
import dev.eigenseg.train.TrainingOptions.Schedule;
import dev.eigenseg.train.dataset.GeneratedScenes;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** In-batch training on new views of generated scenes. */
class AugmentedTrainingTest {
  private static final Augmentation AUGMENTATION = Augmentation.DEFAULT.withCrop(new Size(64, 64));
  private static final Augmentation NOTHING =
      Augmentation.DEFAULT.withScale(1, 1).withFlip(false).withColors(0);

  @TempDir private Path folder;
  private FeatureBank bank;

  @BeforeEach
  void extract() throws IOException {
    GeneratedScenes.write(folder.resolve("scenes"), 5, 0, new Size(96, 72), 1, 1, Progress.NONE);
    bank = bank(Map.of());
  }

  @AfterEach
  void close() {
    bank.close();
  }

  /** A bank of the scenes; with settings of views, each scene is there twice. */
  private FeatureBank bank(Map<String, String> views) throws IOException {
    Path place = folder.resolve("bank" + views.size());
    try (Backbone backbone = Backbones.open("descriptor", "cpu");
        Stream<Path> files = Files.list(folder.resolve("scenes/images/train"))) {
      BankSettings settings =
          new BankSettings(
              backbone.id(),
              backbone.sha256(),
              "descriptor",
              backbone.settings(),
              backbone.dims(),
              DType.F32,
              new ImageGeometry(Optional.empty(), backbone.patchSize()),
              views);
      Provenance provenance = Provenance.here("extract", Map.of(), Map.of(), 0, "cpu");
      try (FeatureBankWriter writer = FeatureBankWriter.open(place, settings, provenance)) {
        for (Path file : files.sorted().toList()) {
          BufferedImage image = Images.read(file);
          try (Tensor pixels = settings.geometry().pixels(image);
              Tensor colors = settings.geometry().patchColors(pixels);
              PatchFeatures features = backbone.extract(pixels)) {
            for (int view = 1; view <= (views.isEmpty() ? 1 : 2); view++) {
              writer.append(
                  file.toString(), view, image.getWidth(), image.getHeight(), features, colors);
            }
          }
        }
        writer.finish(Progress.NONE);
      }
    }
    return FeatureBank.open(place);
  }

  private static TrainingOptions options(Augmentation augmentation) {
    return TrainingOptions.of(5)
        .with(Network.DEFAULT.withProjection(16).withHeadDim(8).withScaleInputs(true))
        .with(Kernel.DEFAULT.withMode(TrainingMode.IN_BATCH))
        .with(Schedule.DEFAULT.withAugmentation(augmentation).withEpochs(3).withBatchSize(2))
        .with(Run.DEFAULT.withSeed(4).withThreads(2));
  }

  private TrainingResult train(Augmentation augmentation, String model) throws IOException {
    AtomicBoolean stop = new AtomicBoolean();
    TrainingListener stopping =
        new TrainingListener() {
          @Override
          public void step(Step step) {
            stop.set(model.equals("interrupted") && step.step() == 3);
          }
        };
    return Trainer.train(
        bank,
        Optional.empty(),
        options(augmentation),
        folder.resolve(model),
        stopping,
        Progress.stoppedBy(stop::get));
  }

  @Test
  void anInterruptedRunContinuesToTheSameBytes() throws IOException {
    TrainingResult whole = train(AUGMENTATION, "whole");
    assertEquals(6, whole.steps());
    assertThrows(CancelledException.class, () -> train(AUGMENTATION, "interrupted"));
    IncompatibleException other =
        assertThrows(
            IncompatibleException.class, () -> train(AUGMENTATION.withFlip(false), "interrupted"));
    assertTrue(other.getMessage().contains("augment-flip"), other.getMessage());
    TrainingResult rest =
        Trainer.train(
            bank,
            Optional.empty(),
            options(AUGMENTATION),
            folder.resolve("interrupted"),
            TrainingListener.NONE,
            Progress.NONE);
    assertTrue(rest.resumed());
    assertArrayEquals(Files.readAllBytes(whole.model()), Files.readAllBytes(rest.model()));
  }

  @Test
  void anAugmentationThatChangesNothingGivesTheBanksRows() throws IOException {
    List<ImageEntry> images = bank.images();
    FeatureScales scales = new FeatureScales(2, 3, 4);
    try (BatchSource plain = new BankBatches(bank, scales);
        BatchSource augmented =
            AugmentedBatches.open(
                bank.directory(), bank.manifest(), images, scales, NOTHING, options(NOTHING));
        Batch expected = plain.batch(images, 0);
        Batch found = augmented.batch(images, 2)) {
      assertEquals(expected.parts(), found.parts());
      assertArrayEquals(expected.input().toFloats(), found.input().toFloats());
      assertArrayEquals(expected.high().toFloats(), found.high().toFloats());
      assertArrayEquals(expected.colors().toFloats(), found.colors().toFloats());
    }
  }

  @Test
  void theColoursOfABatchAreThoseOfItsViews() throws IOException {
    ImageEntry entry = bank.images().getFirst();
    try (BatchSource augmented =
            AugmentedBatches.open(
                bank.directory(),
                bank.manifest(),
                List.of(entry),
                FeatureScales.ONE,
                AUGMENTATION,
                options(AUGMENTATION));
        Batch first = augmented.batch(List.of(entry), 0);
        Batch second = augmented.batch(List.of(entry), 1)) {
      ImageGeometry geometry = bank.manifest().geometry();
      AugmentedView view =
          AUGMENTATION.view(geometry, entry.width(), entry.height(), 4, entry.path(), 1);
      try (Tensor pixels = view.pixels(Images.read(Path.of(entry.path())));
          Tensor colors = geometry.patchColors(pixels)) {
        assertEquals(view.gridRows(), second.parts().getFirst().gridRows());
        assertArrayEquals(colors.toFloats(), second.colors().toFloats());
        assertFalse(Arrays.equals(colors.toFloats(), first.colors().toFloats()));
      }
    }
  }

  @Test
  void otherViewsInTheBankAreNotReadAsImages() throws IOException {
    try (FeatureBank twice = bank(Map.of("views", "2"))) {
      assertEquals(10, twice.images().size());
      TrainingResult result =
          Trainer.train(
              twice,
              Optional.empty(),
              options(AUGMENTATION),
              folder.resolve("twice"),
              TrainingListener.NONE,
              Progress.NONE);
      assertEquals(6, result.steps()); // three epochs of five images in batches of two
    }
  }

  @Test
  void imagesThatAreGoneOrOfAnotherSizeAreRefused() throws IOException {
    Path image = Path.of(bank.images().get(2).path());
    Images.writePng(new BufferedImage(30, 40, BufferedImage.TYPE_INT_RGB), image);
    IncompatibleException other =
        assertThrows(IncompatibleException.class, () -> train(AUGMENTATION, "m"));
    assertTrue(other.getMessage().contains(image + " has 30 x 40 pixels now"), other.getMessage());
    Files.delete(image);
    BadInputException gone = assertThrows(BadInputException.class, () -> train(AUGMENTATION, "m"));
    assertTrue(gone.getMessage().contains(image.toString()), gone.getMessage());
  }
}
