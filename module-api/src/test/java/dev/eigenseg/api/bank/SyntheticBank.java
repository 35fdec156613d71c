package dev.eigenseg.api.bank;

import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Small banks with known content: image i is made from seed i, whoever asks and whenever. */
final class SyntheticBank {
  static final int PATCH = 8;
  static final FeatureDims DIMS = new FeatureDims(3, 5, 21);

  /** So small that images straddle files on every level. */
  static final long FILE_BYTES = 4096 + 64 * 25 + 4;

  static final Provenance PROVENANCE =
      Provenance.here("extract", Map.of("dtype", "f32"), Map.of("backbone", "ab"), 1, "cpu");

  private SyntheticBank() {}

  static BankSettings settings(DType dtype) {
    return new BankSettings(
        "test",
        "ab12",
        "test:FILE",
        Map.of(),
        DIMS,
        dtype,
        new ImageGeometry(Optional.empty(), PATCH));
  }

  static String path(int image) {
    return "images/a\tb \\" + image + "\nä.png";
  }

  static int columns(int image) {
    return 1 + image % 4;
  }

  static int rows(int image) {
    return 1 + image % 3;
  }

  static float[] values(int image, int level, int dim) {
    Random random = new Random(image * 31L + level);
    float[] values = new float[rows(image) * columns(image) * dim];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian() * (level + 1) + 0.5f;
    }
    return values;
  }

  static void append(FeatureBankWriter writer, int image) throws IOException {
    int patches = rows(image) * columns(image);
    try (PatchFeatures features =
            new PatchFeatures(
                rows(image),
                columns(image),
                Tensor.of(values(image, 0, DIMS.low()), patches, DIMS.low()),
                Tensor.of(values(image, 1, DIMS.mid()), patches, DIMS.mid()),
                Tensor.of(values(image, 2, DIMS.high()), patches, DIMS.high()));
        Tensor colors = Tensor.of(values(image, 3, 3), patches, 3)) {
      writer.append(path(image), columns(image) * PATCH - 1, rows(image) * PATCH, features, colors);
    }
  }

  /** The same call as after a crash: what is there is passed over. */
  static void extract(Path directory, DType dtype, int images) throws IOException {
    try (FeatureBankWriter writer =
        FeatureBankWriter.open(directory, settings(dtype), PROVENANCE, FILE_BYTES)) {
      for (int i = 0; i < images; i++) {
        if (!writer.contains(path(i))) {
          append(writer, i);
        }
      }
      writer.finish(Progress.NONE);
    }
  }

  /** All files of a bank with their bytes. */
  static SortedMap<String, String> content(Path directory) throws IOException {
    SortedMap<String, String> content = new TreeMap<>();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        byte[] bytes = Files.readAllBytes(file);
        content.put(file.getFileName().toString(), bytes.length + ":" + Arrays.hashCode(bytes));
      }
    }
    return content;
  }

  static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }
}
