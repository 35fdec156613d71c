package dev.eigenseg.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.EigensegException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.file.SafeTensorsWriter;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnEngines;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.kmeans.KMeansOptions;
import dev.eigenseg.infer.FeatureScales;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.infer.psi.PsiInput;
import dev.eigenseg.infer.psi.PsiNetwork;
import dev.eigenseg.train.TrainingOptions.Kernel;
import dev.eigenseg.train.TrainingOptions.Network;
import dev.eigenseg.train.TrainingOptions.Run;
import dev.eigenseg.train.TrainingOptions.Schedule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrainerTest {
  private static final int EPOCHS = 4;
  private static final Network NETWORK = Network.DEFAULT.withHeadDim(4).withScaleInputs(true);
  private static final Schedule SCHEDULE = Schedule.DEFAULT.withEpochs(EPOCHS).withBatchSize(3);
  private static final Run RUN = Run.DEFAULT.withSeed(11).withThreads(1);

  @TempDir private Path folder;
  private FeatureBank bank;
  private KnnGraph graph;

  @BeforeEach
  void write() throws IOException {
    bank = TestBanks.write(folder.resolve("bank"), 10, 1);
    graph = TestBanks.graph(bank);
  }

  @AfterEach
  void close() {
    graph.close();
    bank.close();
  }

  private static TrainingOptions options(TrainingMode mode) {
    return options(5, mode);
  }

  private static TrainingOptions options(int clusters, TrainingMode mode) {
    return TrainingOptions.of(clusters)
        .with(NETWORK)
        .with(Kernel.DEFAULT.withMode(mode).withNeighbors(6))
        .with(SCHEDULE)
        .with(RUN);
  }

  private TrainingResult train(TrainingOptions options, String model) throws IOException {
    return Trainer.train(
        bank,
        Optional.of(graph),
        options,
        folder.resolve(model),
        TrainingListener.NONE,
        Progress.NONE);
  }

  @ParameterizedTest
  @EnumSource(TrainingMode.class)
  void continuesTheVerySameRun(TrainingMode mode) throws IOException {
    TrainingOptions options = options(mode);
    TrainingResult whole = train(options, "whole");
    assertEquals(EPOCHS * 3L, whole.steps());
    assertFalse(whole.resumed());

    Path model = folder.resolve("interrupted");
    CancelledException stopped = stopAfterFiveUpdates(options, model, false);
    assertTrue(stopped.getMessage().endsWith("the same command continues"), stopped.getMessage());
    assertFalse(Files.exists(model));
    assertTrue(Files.exists(Checkpoint.beside(model)));

    assertThrows(
        IncompatibleException.class,
        () -> train(options(mode).with(RUN.withSeed(12)), "interrupted"));
    assertContinued(whole, train(options, "interrupted"));
  }

  /** Stops in the middle of the second epoch. */
  private CancelledException stopAfterFiveUpdates(
      TrainingOptions options, Path model, boolean overwrite) {
    AtomicBoolean stop = new AtomicBoolean();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void step(Step step) {
            stop.set(step.step() == 5);
          }
        };
    return assertThrows(
        CancelledException.class,
        () ->
            Trainer.train(
                bank, Optional.of(graph), options, model, overwrite, listener, stopping(stop)));
  }

  private static void assertContinued(TrainingResult whole, TrainingResult rest)
      throws IOException {
    assertTrue(rest.resumed());
    assertEquals(EPOCHS, rest.history().size());
    for (int i = 0; i < EPOCHS; i++) {
      assertEquals(whole.history().get(i).loss(), rest.history().get(i).loss());
      assertEquals(whole.history().get(i).clustersUsed(), rest.history().get(i).clustersUsed());
    }
    assertFalse(Files.exists(Checkpoint.beside(rest.model())));
    assertArrayEquals(Files.readAllBytes(whole.model()), Files.readAllBytes(rest.model()));
  }

  @Test
  void aRunThatReplacesAModelContinuesWithoutOverwrite() throws IOException {
    TrainingOptions options = options(TrainingMode.CROSS_BATCH);
    TrainingResult whole = train(options, "whole");
    Path model =
        train(options(TrainingMode.CROSS_BATCH).with(SCHEDULE.withEpochs(2)), "model").model();
    byte[] replaced = Files.readAllBytes(model);
    CancelledException stopped = stopAfterFiveUpdates(options, model, true);
    assertTrue(
        stopped.getMessage().endsWith("the same command without --overwrite continues"),
        stopped.getMessage());
    assertArrayEquals(replaced, Files.readAllBytes(model));
    assertThrows(
        IncompatibleException.class,
        () -> train(options(TrainingMode.CROSS_BATCH).with(RUN.withSeed(12)), "model"));
    assertContinued(whole, train(options, "model"));
  }

  @Test
  void aStrangeCheckpointDoesNotHideAFinishedModel() throws IOException {
    TrainingOptions options = options(TrainingMode.CROSS_BATCH);
    Path model = train(options, "model").model();
    stopAfterFiveUpdates(
        options(TrainingMode.CROSS_BATCH).with(RUN.withSeed(12)), folder.resolve("other"), false);
    Files.move(Checkpoint.beside(folder.resolve("other")), Checkpoint.beside(model));
    assertTrue(train(options, "model").alreadyDone());
    Files.writeString(Checkpoint.beside(model), "not a checkpoint");
    assertTrue(train(options, "model").alreadyDone());
  }

  @ParameterizedTest
  @ValueSource(strings = {"step 5", "step 6", "epoch 2", "epoch 4"})
  void aListenerThatFailsLosesNoUpdate(String fatal) throws IOException {
    TrainingOptions options = options(TrainingMode.CROSS_BATCH);
    TrainingResult whole = train(options, "whole");
    List<String> told = new ArrayList<>();
    TrainingListener failing =
        new TrainingListener() {
          @Override
          public void step(Step step) {
            tell("step " + step.step());
          }

          @Override
          public void epoch(Epoch epoch) {
            tell("epoch " + epoch.epoch());
          }

          private void tell(String news) {
            told.add(news);
            if (news.equals(fatal)) {
              throw new UncheckedIOException(new IOException("no space left on device"));
            }
          }
        };
    Path model = folder.resolve("model");
    assertThrows(
        UncheckedIOException.class,
        () -> Trainer.train(bank, Optional.of(graph), options, model, failing, Progress.NONE));
    long done = told.stream().filter(news -> news.startsWith("step")).count();
    TrainingProgress progress = new TrainingProgress();
    assertContinued(
        whole,
        Trainer.train(bank, Optional.of(graph), options, model, TrainingListener.NONE, progress));
    assertEquals(whole.steps() - done, progress.advanced.get());
  }

  @Test
  void theModelDoesNotDependOnTheMemory() throws IOException {
    TrainingOptions options = options(TrainingMode.CROSS_BATCH);
    TrainingMemory plan = TrainingMemory.plan(bank, options);
    long least = plan.total() - plan.kernel() + TrainingMemory.SMALLEST_KERNEL;
    TrainingOptions tight = options(TrainingMode.CROSS_BATCH).with(RUN.withMemory(least));
    assertEquals(
        -1, Files.mismatch(train(options, "ample").model(), train(tight, "tight").model()));

    BadInputException refused =
        assertThrows(
            BadInputException.class,
            () ->
                train(
                    options(TrainingMode.CROSS_BATCH).with(RUN.withMemory(least - 1)),
                    "too-tight"));
    assertTrue(refused.getMessage().startsWith("memory is "), refused.getMessage());
    assertFalse(Files.exists(folder.resolve("too-tight")));
  }

  @Test
  void progressAfterAResumeIsThatOfTheRest() throws IOException {
    TrainingOptions options = options(TrainingMode.IN_BATCH);
    Path model = folder.resolve("model");
    stopAfterFiveUpdates(options, model, false);
    TrainingProgress progress = new TrainingProgress();
    Trainer.train(bank, Optional.of(graph), options, model, TrainingListener.NONE, progress);
    assertEquals(EPOCHS * 3L - 5, progress.total.get());
    assertEquals(EPOCHS * 3L - 5, progress.advanced.get());
  }

  /** Counts the updates that are announced and done. */
  private static final class TrainingProgress implements Progress {
    private final AtomicLong total = new AtomicLong();
    private final AtomicLong advanced = new AtomicLong();

    @Override
    public Task start(String name, long total, String unit) {
      if (!name.equals("train")) {
        return Task.NONE;
      }
      this.total.addAndGet(total);
      return advanced::addAndGet;
    }
  }

  @Test
  void aChangedByteOfACheckpointIsFound() throws IOException {
    TrainingOptions options = options(TrainingMode.CROSS_BATCH);
    Path model = folder.resolve("model");
    stopAfterFiveUpdates(options, model, false);
    byte[] whole = Files.readAllBytes(Checkpoint.beside(model));

    byte[] tensors = whole.clone();
    tensors[tensors.length - 1] = (byte) ~tensors[tensors.length - 1];
    assertDamaged(options, model, tensors, "remembered.outputs");

    String text = new String(whole, StandardCharsets.ISO_8859_1);
    String updates = "{\\\"updates\\\":5";
    assertTrue(text.contains(updates));
    byte[] history =
        text.replace(updates, updates.replace('5', '6')).getBytes(StandardCharsets.ISO_8859_1);
    assertDamaged(options, model, history, "history");
  }

  private void assertDamaged(TrainingOptions options, Path model, byte[] bytes, String part)
      throws IOException {
    Files.write(Checkpoint.beside(model), bytes);
    CorruptFileException e =
        assertThrows(
            CorruptFileException.class, () -> train(options, model.getFileName().toString()));
    assertTrue(
        e.getMessage().contains(Checkpoint.beside(model).toString())
            && e.getMessage().contains(part),
        e.getMessage());
  }

  @Test
  void aDamagedCheckpointIsNamed() throws IOException {
    TrainingOptions options = options(TrainingMode.CROSS_BATCH);
    Path checkpoint = Checkpoint.beside(folder.resolve("model"));
    Files.writeString(checkpoint, "not a checkpoint");
    CorruptFileException text =
        assertThrows(CorruptFileException.class, () -> train(options, "model"));
    assertTrue(text.getMessage().contains(checkpoint.toString()), text.getMessage());
    try (Tensor tensor = Tensor.allocate(DType.F32, 1)) {
      SequencedMap<String, Tensor> tensors = new LinkedHashMap<>(Map.of("x", tensor));
      Map<String, String> metadata =
          new HashMap<>(Map.of("format", "eigenseg-checkpoint", "version", "3"));
      SafeTensorsWriter.write(checkpoint, metadata, tensors);
      CorruptFileException empty =
          assertThrows(CorruptFileException.class, () -> train(options, "model"));
      assertTrue(empty.getMessage().contains("crc32c"), empty.getMessage());
      metadata.put("crc32c", "{");
      SafeTensorsWriter.write(checkpoint, metadata, tensors);
      assertThrows(CorruptFileException.class, () -> train(options, "model"));
    }
  }

  @Test
  void aHistoryOfNonsenseWithAGoodChecksumIsDamaged() throws IOException {
    Path checkpoint = folder.resolve("model.checkpoint");
    Provenance provenance = Provenance.here("train", Map.of(), Map.of(), 0, "cpu");
    String origin = provenance.toJson().toString();
    for (String history :
        List.of(
            "{}",
            "null",
            "7",
            "{\"updates\": -1, \"used\": [], \"epochs\": []}",
            "{\"updates\": 1, \"used\": [], \"epochs\": [null]}",
            "{\"updates\": 1, \"used\": [], \"epochs\": [{\"loss\": \"0 5\"}]}",
            "{\"updates\": 1, \"loss\": \"0 5\", \"used\": [], \"epochs\": []}")) {
      try (Tensor tensor = Tensor.of(new float[] {1}, 1)) {
        String sums =
            "{\"provenance\": \"%08x\", \"history\": \"%08x\", \"x\": \"%08x\"}"
                .formatted(
                    Hashes.crc32c(origin), Hashes.crc32c(history), Hashes.crc32c(tensor.segment()));
        Map<String, String> metadata = new HashMap<>();
        metadata.putAll(Map.of("format", "eigenseg-checkpoint", "version", "3"));
        metadata.putAll(Map.of("provenance", origin, "history", history, "crc32c", sums));
        SafeTensorsWriter.write(checkpoint, metadata, new LinkedHashMap<>(Map.of("x", tensor)));
      }
      CorruptFileException e =
          assertThrows(
              CorruptFileException.class, () -> Checkpoint.open(checkpoint, provenance), history);
      assertTrue(e.getMessage().contains("history"), e.getMessage());
    }
  }

  private static Progress stopping(AtomicBoolean stop) {
    return Progress.stoppedBy(stop::get);
  }

  @ParameterizedTest
  @EnumSource(TrainingMode.class)
  void theLossFalls(TrainingMode mode) throws IOException {
    TrainingResult result =
        train(
            options(mode).with(SCHEDULE.withEpochs(30).withLearningRate(new Cosine(3e-3, 1e-5))),
            "model");
    double first = result.history().getFirst().loss();
    double last = result.history().getLast().loss();
    assertTrue(last < 1.03 * first, "from %g to %g".formatted(first, last)); // losses are negative
  }

  @Test
  void finishedWorkIsNotRepeatedAndOtherWorkNotOverwritten() throws IOException {
    TrainingOptions options = options(TrainingMode.CROSS_BATCH);
    train(options, "model");
    byte[] bytes = Files.readAllBytes(folder.resolve("model"));
    assertTrue(train(options, "model").alreadyDone());
    IncompatibleException refused =
        assertThrows(
            IncompatibleException.class,
            () -> train(options(TrainingMode.CROSS_BATCH).with(SCHEDULE.withEpochs(5)), "model"));
    assertTrue(
        refused.getMessage().contains("'epochs': 4 there, 5 asked for"), refused.getMessage());
    assertArrayEquals(bytes, Files.readAllBytes(folder.resolve("model")));
    TrainingResult replaced =
        Trainer.train(
            bank,
            Optional.of(graph),
            options(TrainingMode.CROSS_BATCH).with(SCHEDULE.withEpochs(5)),
            folder.resolve("model"),
            true,
            TrainingListener.NONE,
            Progress.NONE);
    assertEquals(15, replaced.steps());
  }

  @Test
  void aLossThatIsNotFiniteLeavesADiagnosis() throws IOException {
    TrainingOptions options =
        options(TrainingMode.CROSS_BATCH).with(SCHEDULE.withLearningRate(new Cosine(1e38, 1e-5)));
    EigensegException e = assertThrows(EigensegException.class, () -> train(options, "model"));
    Path diagnosis = folder.resolve("model.diagnosis.json");
    assertTrue(e.getMessage().contains(diagnosis.toString()), e.getMessage());
    String text = Files.readString(diagnosis);
    assertTrue(
        text.contains("\"learning-rate\"")
            && text.contains("image ")
            && text.contains("not-finite"),
        text);
    assertFalse(Files.exists(folder.resolve("model")));
  }

  @Test
  void badInputIsRefusedBeforeAnyWork() throws IOException {
    assertRefused(
        UnavailableException.class,
        "cuda:9",
        options(TrainingMode.CROSS_BATCH).with(RUN.withDevice("cuda:9")));
    assertRefused(BadInputException.class, "212 patches", options(213, TrainingMode.CROSS_BATCH));
    assertRefused(
        BadInputException.class,
        "batch-size",
        options(TrainingMode.IN_BATCH).with(SCHEDULE.withBatchSize(11)));
    BadInputException noGraph =
        assertThrows(
            BadInputException.class,
            () ->
                Trainer.train(
                    bank,
                    Optional.empty(),
                    options(TrainingMode.CROSS_BATCH),
                    folder.resolve("model"),
                    TrainingListener.NONE,
                    Progress.NONE));
    assertTrue(noGraph.getMessage().contains("eigenseg graph"));
    try (FeatureBank other = TestBanks.write(folder.resolve("other"), 4, 2);
        KnnGraph otherGraph = TestBanks.graph(other)) {
      assertThrows(
          IncompatibleException.class,
          () ->
              Trainer.train(
                  bank,
                  Optional.of(otherGraph),
                  options(TrainingMode.CROSS_BATCH),
                  folder.resolve("model"),
                  TrainingListener.NONE,
                  Progress.NONE));
    }
    assertThrows(
        BadInputException.class,
        () -> options(TrainingMode.IN_BATCH).with(SCHEDULE.withEpochs(-1)));
  }

  private void assertRefused(
      Class<? extends EigensegException> type, String words, TrainingOptions options)
      throws IOException {
    EigensegException e = assertThrows(type, () -> train(options, "model"));
    assertTrue(e.getMessage().contains(words), e.getMessage());
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of(folder.resolve("bank")), left.toList());
    }
  }

  @Test
  void theBenchmarksBaselineIsTheSameKernel() throws IOException {
    TrainingOptions options = options(TrainingMode.IN_BATCH);
    try (BatchSource batches = new BankBatches(bank, FeatureScales.ONE);
        Batch batch = batches.batch(bank.images().subList(2, 6), 0);
        StepKernel ours = new InBatchKernel(KnnEngines.select("auto"), options);
        StepKernel published = new PublishedKernel(options);
        Tensor outputs = Tensor.allocate(DType.F32, batch.rows(), 5);
        Tensor expected = Tensor.allocate(DType.F32, batch.rows(), 5);
        Tensor found = Tensor.allocate(DType.F32, batch.rows(), 5)) {
      for (long i = 0; i < outputs.size(); i++) {
        outputs.set(i, (float) Math.sin(i));
      }
      published.multiply(batch, outputs, expected);
      ours.multiply(batch, outputs, found);
      assertArrayEquals(expected.toFloats(), found.toFloats(), 1e-5f);
    }
  }

  @Test
  void updatesLeaveNoTensorsBehind() throws IOException {
    TrainingOptions options = options(TrainingMode.IN_BATCH);
    train(options, "model");
    try (SegmenterFile file = SegmenterFile.open(folder.resolve("model"));
        PsiLearner learner = PsiLearner.fresh(file.model().psi().orElseThrow(), options);
        BatchSource batches = new BankBatches(bank, file.model().scales());
        StepKernel kernel = new InBatchKernel(KnnEngines.select("auto"), options)) {
      int before = learner.managedArrays();
      assertTrue(before > 0);
      for (int update = 1; update <= 5; update++) {
        try (Batch batch = batches.batch(bank.images().subList(0, 3), 0)) {
          learner.update(batch, kernel, update, 1, 1e-3, new BitSet());
          learner.outputs(batch, outputs -> {});
        }
        assertEquals(before, learner.managedArrays());
      }
    }
  }

  @Test
  void aBatchTakesTheMemoryOfTheOneBefore() throws IOException {
    List<ImageEntry> all = bank.images().subList(0, 4);
    List<ImageEntry> few = bank.images().subList(4, 6);
    try (BatchSource batches = new BankBatches(bank, FeatureScales.ONE);
        BatchSource fresh = new BankBatches(bank, FeatureScales.ONE);
        Batch expected = fresh.batch(few, 0)) {
      long address;
      try (Batch larger = batches.batch(all, 0)) {
        address = larger.input().segment().address();
        try (Batch beside = batches.batch(few, 0)) {
          assertNotEquals(address, beside.input().segment().address());
          assertArrayEquals(expected.input().toFloats(), beside.input().toFloats());
        }
      }
      try (Batch after = batches.batch(few, 0)) {
        assertEquals(address, after.input().segment().address());
        assertEquals(expected.rows(), after.input().size(0));
        assertArrayEquals(expected.input().toFloats(), after.input().toFloats());
        assertArrayEquals(expected.high().toFloats(), after.high().toFloats());
        assertArrayEquals(expected.colors().toFloats(), after.colors().toFloats());
      }
    }
  }

  @Test
  void inferenceComputesWhatTrainingSaw() throws IOException {
    TrainingOptions options = options(TrainingMode.CROSS_BATCH).with(NETWORK.withProjection(8));
    train(options, "model");
    ImageEntry image = bank.images().get(1);
    try (SegmenterFile file = SegmenterFile.open(folder.resolve("model"));
        PsiLearner learner =
            PsiLearner.restore(
                file.model().psi().orElseThrow(),
                options,
                name ->
                    file.model()
                        .tensors()
                        .get(name.replaceFirst("^(psi|adam\\.first|adam\\.second)\\.", "")));
        PsiNetwork network = PsiNetwork.of(file.model()).orElseThrow();
        PatchFeatures features = bank.features(image);
        Tensor input = Tensor.allocate(DType.F32, image.patches(), TestBanks.DIMS.total());
        Tensor logits = Tensor.allocate(DType.F32, image.patches(), 5);
        BatchSource batches = new BankBatches(bank, file.model().scales());
        Batch batch = batches.batch(List.of(image), 0)) {
      PsiInput.concat(features, file.model().scales(), input);
      network.logits(input, logits, 1);
      learner.outputs(
          batch,
          outputs -> {
            Tensor found = Tensor.borrow(outputs, DType.F32, image.patches(), 5);
            for (int row = 0; row < image.patches(); row++) {
              double sum = 0;
              for (int column = 0; column < 5; column++) {
                sum += Math.exp(logits.get(row * 5L + column));
              }
              for (int column = 0; column < 5; column++) {
                double expected = Math.exp(logits.get(row * 5L + column)) / sum;
                assertEquals(expected, found.get(row * 5L + column), 1e-5);
              }
            }
          });
    }
  }

  @Test
  void kMeansMakesBothKindsOfSegmenters() throws IOException {
    train(options(TrainingMode.CROSS_BATCH), "psi");
    KMeansOptions options = KMeansOptions.of(4).withSeed(3).withThreads(1);
    Path features = folder.resolve("features");
    Path hidden = folder.resolve("hidden");
    KMeansTrainer.features(bank, options, features, false, Progress.NONE);
    KMeansTrainer.hidden(bank, folder.resolve("psi"), options, hidden, false, Progress.NONE);
    try (SegmenterFile file = SegmenterFile.open(features)) {
      assertEquals("kmeans-features", file.info().method());
      assertArrayEquals(new long[] {4, 9}, file.model().tensors().get("centroids").shape());
    }
    try (SegmenterFile file = SegmenterFile.open(hidden)) {
      assertEquals("kmeans-hidden", file.info().method());
      assertArrayEquals(new long[] {4, 16}, file.model().tensors().get("centroids").shape());
    }
    assertTrue(KMeansTrainer.features(bank, options, features, false, Progress.NONE).alreadyDone());
    assertThrows(
        IncompatibleException.class,
        () -> KMeansTrainer.features(bank, options.withSeed(4), features, false, Progress.NONE));
    assertThrows(
        BadInputException.class,
        () -> KMeansTrainer.hidden(bank, features, options, hidden, true, Progress.NONE));
    assertThrows(
        BadInputException.class,
        () -> KMeansTrainer.features(bank, KMeansOptions.of(999), features, true, Progress.NONE));
  }

  @Test
  void hiddenFeaturesOfAnotherGeometryAreRefused() throws IOException {
    Path psi = train(options(TrainingMode.CROSS_BATCH), "psi").model();
    KMeansOptions options = KMeansOptions.of(4).withSeed(3).withThreads(1);
    Path hidden = folder.resolve("hidden");
    try (FeatureBank other = TestBanks.write(folder.resolve("other"), 4, 2, 8)) {
      IncompatibleException e =
          assertThrows(
              IncompatibleException.class,
              () -> KMeansTrainer.hidden(other, psi, options, hidden, false, Progress.NONE));
      assertTrue(
          e.getMessage().contains("patches of 16") && e.getMessage().contains("patches of 8"),
          e.getMessage());
    }
    assertFalse(Files.exists(hidden));
  }

  @Test
  void aPsiThatNoMachineHoldsIsRefusedBeforeItIsMade() {
    for (TrainingMode mode : TrainingMode.values()) {
      TrainingOptions base = options(mode);
      String endless = refused(base.with(NETWORK.withProjection(100_000)), mode + "-endless");
      assertTrue(endless.startsWith("psi is too large: its tensor "), endless);
      assertTrue(endless.contains("lower projection (100000)"), endless);
      // Weights, gradients and moments of 4e9 numbers are 64 GB.
      String large =
          refused(
              base.with(NETWORK.withProjection(20_000)).with(RUN.withMemory(8L << 30)),
              mode + "-large");
      assertTrue(large.startsWith("memory is 8192 MiB"), large);
      assertTrue(large.contains("projection (20000)"), large);
    }
  }

  private String refused(TrainingOptions options, String name) {
    String message = assertThrows(BadInputException.class, () -> train(options, name)).getMessage();
    assertFalse(Files.exists(folder.resolve(name)));
    return message;
  }

  @Test
  void whatPsiTakesIsCountedByItsShapes() throws IOException {
    TrainingOptions options = options(TrainingMode.IN_BATCH);
    long weights = 0;
    long largest = 0;
    for (long[] shape : options.psi(bank.manifest().dims()).weightShapes().values()) {
      long size = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
      weights += size;
      largest = Math.max(largest, size);
    }
    PsiMemory memory = PsiMemory.of(bank, options);
    assertEquals(weights, memory.weights());
    assertTrue(memory.bytes() > Float.BYTES * (4 * weights + 3 * largest), memory.toString());
  }

  @Test
  void theMachinesMemoryIsWhatLinuxSays() {
    assertEquals(
        OptionalLong.of(2048L << 10),
        MachineMemory.parse(List.of("MemTotal:  4096 kB", "MemAvailable:    2048 kB")));
    assertEquals(OptionalLong.empty(), MachineMemory.parse(List.of("MemTotal: 1 kB")));
    assertTrue(MachineMemory.available() > 1 << 20);
  }
}
