package dev.eigenseg.api.bank;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** Owns the open shards of a bank, and makes one of them. Used by one thread. */
final class BankMerge implements AutoCloseable {
  // As a file system's paths are sorted where they are bytes.
  private static final Comparator<Piece> ORDER =
      Comparator.comparing(Piece::pathBytes, Arrays::compareUnsigned)
          .thenComparingInt(piece -> piece.line().image().view());

  private final List<FeatureBank> shards;
  private final List<Piece> pieces = new ArrayList<>();

  /** An image of a shard. */
  private record Piece(FeatureBank shard, ImageJournal.Line line) {
    byte[] pathBytes() {
      return line.image().path().getBytes(StandardCharsets.UTF_8);
    }
  }

  private BankMerge(List<FeatureBank> shards) {
    this.shards = shards;
  }

  static BankMerge open(List<Path> paths) throws IOException {
    if (paths.isEmpty()) {
      throw new BadInputException("there are no shards to join; name all shards of a bank");
    }
    BankMerge merge = new BankMerge(new ArrayList<>());
    try {
      for (Path path : paths) {
        merge.add(FeatureBank.open(path));
      }
      merge.sort();
      return merge;
    } catch (IOException | RuntimeException | Error e) {
      merge.close();
      throw e;
    }
  }

  private void add(FeatureBank shard) {
    shards.add(shard);
    FeatureBank first = shards.getFirst();
    SettingsDifference.first(first.manifest().settings(), shard.manifest().settings())
        .ifPresent(difference -> {
          throw new IncompatibleException(
              "%s and %s are shards of different banks: %s is %s and %s; join shards of one backbone with the same settings"
                  .formatted(
                      first.directory(),
                      shard.directory(),
                      difference.setting(),
                      difference.one(),
                      difference.other()));
        });
    shard.lines().forEach(line -> pieces.add(new Piece(shard, line)));
  }

  private void sort() {
    pieces.sort(ORDER);
    for (int i = 1; i < pieces.size(); i++) {
      if (ORDER.compare(pieces.get(i - 1), pieces.get(i)) == 0) {
        throw new BadInputException(
            "%s is in %s and in %s; leave one of these shards out"
                .formatted(
                    pieces.get(i).line().image().name(),
                    pieces.get(i - 1).shard().directory(),
                    pieces.get(i).shard().directory()));
      }
    }
  }

  /** Writes the bank under a temporary name and renames it. */
  void write(Path target, Progress progress) throws IOException {
    requireAbsent(target);
    Path absolute = target.toAbsolutePath();
    Path temporary = AtomicFile.temporaryName(absolute);
    try {
      copy(temporary, progress);
      requireAbsent(target);
      AtomicFile.publish(temporary, absolute);
    } catch (IOException | RuntimeException | Error e) {
      try {
        FeatureBank.delete(temporary);
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  private static void requireAbsent(Path target) {
    if (Files.exists(target)) {
      throw new BadInputException(target + " is there already; name another folder, or delete it");
    }
  }

  private void copy(Path target, Progress progress) throws IOException {
    BankManifest manifest = pieces.getFirst().shard().manifest();
    try (FeatureBankWriter writer =
            FeatureBankWriter.open(target, manifest.settings(), manifest.provenance());
        Progress.Task task = progress.start("merge", pieces.size(), "images")) {
      for (Piece piece : pieces) {
        progress.checkCancelled();
        copy(piece, writer);
        task.advance(1);
      }
      writer.finish(progress);
    }
  }

  private static void copy(Piece piece, FeatureBankWriter writer) throws IOException {
    ImageEntry image = piece.line().image();
    try (PatchFeatures features = piece.shard().features(image);
        Tensor colors = piece.shard().patchColors(image)) {
      ImageJournal.Line written =
          writer.appendLine(
              image.path(), image.view(), image.width(), image.height(), features, colors);
      for (Level level : Level.values()) {
        requireEqual(piece, level, piece.line().block(level).crc(), written.block(level).crc());
      }
    }
  }

  private static void requireEqual(Piece piece, Level level, int expected, int found) {
    if (expected != found) {
      throw new CorruptFileException(
          "%s: checksum of %s, %s, is %08x, expected %08x; the data have changed: make this shard again"
              .formatted(
                  piece.shard().directory(),
                  piece.line().image().name(),
                  level.fileStem(),
                  found,
                  expected));
    }
  }

  @Override
  public void close() {
    Closing.all(shards, FeatureBank::close);
  }
}
