package dev.eigenseg.cli.faults;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.EigensegException;
import dev.eigenseg.api.ImageFiles;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.bank.ExtractOptions;
import dev.eigenseg.api.bank.Extractor;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.internal.file.SafeTensorsWriter;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.cli.TinyVit;
import dev.eigenseg.graph.BankGraph;
import dev.eigenseg.graph.GraphOptions;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import dev.eigenseg.graph.kernel.Workspace;
import dev.eigenseg.graph.kmeans.KMeansOptions;
import dev.eigenseg.train.KMeansTrainer;
import dev.eigenseg.train.TrainingMode;
import dev.eigenseg.train.dataset.GeneratedScenes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A process in which files are cut off after they were opened, {@code CutFiles FOLDER}: prints what
 * each use of them ends in. A mapping that is read beyond the file's end is a SIGBUS, which ends a
 * process that does not know how to take it.
 */
public final class CutFiles {
  // Enough that methods are compiled before the file is cut.
  private static final int TIMES = 200;
  private static final long KEPT = 4096;
  private static final long RACE = 700_000_000; // nanoseconds

  /** Printed at the end. */
  static final String DONE = "still alive";

  private final Path folder;

  private CutFiles(Path folder) {
    this.folder = folder;
  }

  public static void main(String[] arguments) throws Exception {
    CutFiles files = new CutFiles(Path.of(arguments[0]));
    files.make();
    files.graph();
    files.bank();
    files.weights();
    files.halves();
    files.centroids();
    files.psi();
    System.out.println(DONE);
    System.exit(0);
  }

  private void make() throws IOException {
    GeneratedScenes.write(
        folder.resolve("scenes"), 16, 0, new ImageGeometry.Size(160, 128), 1, 2, Progress.NONE);
    List<Path> images = ImageFiles.in(folder.resolve("scenes/images/" + GeneratedScenes.TRAIN));
    try (Backbone backbone = Backbones.open("descriptor", "cpu")) {
      Extractor.extract(
          images, backbone, folder.resolve("bank"), ExtractOptions.DEFAULT, Progress.NONE);
    }
    try (FeatureBank bank = FeatureBank.open(folder.resolve("bank"))) {
      new BankGraph(bank, GraphOptions.DEFAULT.withNeighbors(16))
          .openOrBuild(folder.resolve("graph"), BankGraph.Listener.NONE, Progress.NONE)
          .close();
    }
    TinyVit.write(folder.resolve("vit"));
  }

  /** The same Vision Transformer in numbers of two bytes. */
  private Path halved(DType dtype) throws IOException {
    Path file = folder.resolve("vit-" + dtype);
    SequencedMap<String, Tensor> halves = new LinkedHashMap<>();
    try (SafeTensors tensors = SafeTensors.open(folder.resolve("vit"))) {
      for (String name : tensors.names()) {
        Tensor single = tensors.tensor(name);
        Tensor half = Tensor.allocate(dtype, single.shape());
        for (long i = 0; i < single.size(); i++) {
          half.segment().setAtIndex(ValueLayout.JAVA_SHORT, i, half(dtype, single.get(i)));
        }
        halves.put(name, half);
      }
    }
    SafeTensorsWriter.write(file, Map.of(), halves);
    halves.values().forEach(Tensor::close);
    return file;
  }

  private static short half(DType dtype, float value) {
    return dtype == DType.F16
        ? Float.floatToFloat16(value)
        : (short) (Float.floatToRawIntBits(value) >>> Short.SIZE);
  }

  /** Reads what was opened. */
  private interface Use {
    void run() throws IOException;
  }

  /** Cuts a file off and uses what was opened; then makes it whole, and uses it again. */
  private static void cut(String what, Path file, Use use) throws IOException {
    for (int i = 0; i < TIMES; i++) {
      use.run();
    }
    byte[] whole = Files.readAllBytes(file);
    cutOff(file);
    String end = end(use);
    restore(file, whole);
    use.run();
    System.out.printf("%s: %s%n", what, end);
  }

  /** Cuts a file off and makes it whole, over and over, while it is used. */
  private static void race(String what, Path file, Use use) throws Exception {
    byte[] whole = Files.readAllBytes(file);
    AtomicBoolean stop = new AtomicBoolean();
    Thread cutting =
        Thread.ofPlatform()
            .daemon()
            .start(() -> {
              while (!stop.get()) {
                try {
                  cutOff(file);
                  restore(file, whole);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              }
            });
    Map<String, Integer> ends = new TreeMap<>();
    try {
      for (long end = System.nanoTime() + RACE; System.nanoTime() < end; ) {
        ends.merge(end(use), 1, Integer::sum);
      }
    } finally {
      stop.set(true);
      cutting.join();
    }
    if (!Arrays.equals(whole, Files.readAllBytes(file))) {
      throw new IllegalStateException(file + " is not whole again");
    }
    use.run();
    System.out.printf("%s: %s%n", what, ends);
  }

  private static void cutOff(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(KEPT);
    }
  }

  /** In place: the file that is mapped is the one that is whole again. */
  private static void restore(Path file, byte[] whole) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(whole), 0);
    }
  }

  private static String end(Use use) {
    try {
      use.run();
      return "read";
    } catch (IOException | EigensegException | InternalError e) {
      return e.getClass().getSimpleName();
    }
  }

  private void graph() throws Exception {
    Path file = folder.resolve("graph");
    try (KnnGraph graph = KnnGraph.open(file)) {
      Use number = () -> graph.similarities().get(graph.similarities().size() - 1);
      Use kernel = () -> NormalizedAdjacency.ofNeighbors(graph, Workspace.UNBOUNDED, 2).close();
      cut("graph, a number", file, number);
      cut("graph, its kernel", file, kernel);
      race("graph, its checksums", file, () -> graph.verify(Progress.NONE));
      race("graph, its kernel", file, kernel);
    }
  }

  private void bank() throws Exception {
    Path file = folder.resolve("bank/high-00000.bank");
    try (FeatureBank bank = FeatureBank.open(folder.resolve("bank"));
        Tensor rows = Tensor.allocate(DType.F32, bank.rows(), bank.level(Level.HIGH).dim())) {
      Use reading = () -> bank.level(Level.HIGH).read(0, bank.rows(), rows.segment());
      cut("bank, its rows", file, reading);
      race("bank, its rows", file, reading);
      race("bank, its checksums", file, () -> bank.verify(Progress.NONE));
    }
  }

  private void weights() throws Exception {
    Path file = folder.resolve("vit");
    try (SafeTensors tensors = SafeTensors.open(file);
        Tensor copy = Tensor.allocate(DType.F32, 64, 64)) {
      MemorySegment mapped = tensors.tensor("blocks.1.attn.proj.weight").segment();
      cut("weights, copied", file, () -> copy.segment().copyFrom(mapped));
      race("weights, their checksum", file, () -> Hashes.crc32c(mapped));
    }
    race("weights, opened", file, () -> Backbones.open("vit:" + file, "cpu").close());
    try (Backbone backbone = Backbones.open("vit:" + file, "cpu");
        Tensor pixels = Tensor.allocate(DType.F32, 3, 64, 64)) {
      race("weights, in use", file, () -> backbone.extract(pixels).close());
    }
  }

  private void halves() throws Exception {
    for (DType dtype : List.of(DType.F16, DType.BF16)) {
      Path file = halved(dtype);
      String what = "weights of " + dtype + ", opened";
      race(what, file, () -> Backbones.open("vit:" + file, "cpu").close());
    }
  }

  private void psi() throws Exception {
    Path file = folder.resolve("psi");
    try (FeatureBank bank = FeatureBank.open(folder.resolve("bank"));
        KnnGraph graph = KnnGraph.open(folder.resolve("graph"))) {
      Scenarios.train(bank, Optional.of(graph), TrainingMode.CROSS_BATCH, file);
    }
    race("psi, opened", file, () -> Segmenter.load(file, "descriptor", "cpu").close());
  }

  private void centroids() throws Exception {
    Path file = folder.resolve("kmeans");
    try (FeatureBank bank = FeatureBank.open(folder.resolve("bank"))) {
      KMeansTrainer.features(bank, KMeansOptions.of(32), file, false, Progress.NONE);
    }
    race("centroids, opened", file, () -> Segmenter.load(file, "descriptor", "cpu").close());
  }
}
