package dev.eigenseg.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.bank.ExtractOptions;
import dev.eigenseg.api.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.SparkException;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExtractJobTest {
  private static final int IMAGES = 7;

  // Where options are made is where a test can let a task die.
  private static final AtomicInteger DYING = new AtomicInteger();

  @TempDir Path folder;

  private final SparkSession spark = OnSpark.session();
  private Path images;
  private Path bank;
  private Path work;

  @BeforeEach
  void write() throws IOException {
    images = OnSpark.scenes(folder.resolve("scenes"), IMAGES);
    bank = folder.resolve("bank");
    work = folder.resolve(".bank.spark");
  }

  private static ExtractOptions plain() {
    return ExtractOptions.DEFAULT;
  }

  private static ExtractOptions mortal() {
    if (TaskContext.get() != null && DYING.getAndDecrement() > 0) {
      throw new IllegalStateException("killed by a test");
    }
    return ExtractOptions.DEFAULT;
  }

  private ExtractJob.Result extract(TaskOptions<ExtractOptions> options, Dataset<Row> table)
      throws IOException {
    return new ExtractJob(BackboneSource.of("descriptor"), options).run(table, bank);
  }

  private Dataset<Row> files(int partitions) throws IOException {
    return ExtractJob.files(spark, OnSpark.paths(images), partitions);
  }

  private SortedMap<String, String> ofOneMachine(ExtractOptions options) throws IOException {
    return OnSpark.content(OnSpark.bank(folder.resolve("single"), OnSpark.files(images), options));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 11})
  void theBankIsThatOfOneMachineWhateverThePartitions(int partitions) throws IOException {
    ExtractJob.Result result = extract(ExtractJobTest::plain, files(partitions));
    assertEquals(IMAGES, result.images());
    assertEquals(ofOneMachine(ExtractOptions.DEFAULT), OnSpark.content(bank));
    assertFalse(Files.exists(work));
  }

  @Test
  void imagesMayComeFromMemoryInAnyOrder() throws IOException {
    Dataset<Row> table =
        spark.read().format("binaryFile").load(images.toString()).orderBy("length").repartition(3);
    TaskOptions<ExtractOptions> small =
        () -> ExtractOptions.DEFAULT.withDtype(DType.F16).withSize(48, 48);
    extract(small, table);
    assertEquals(ofOneMachine(small.get()), OnSpark.content(bank));
  }

  @Test
  void deadTasksAreRepeatedAndLeaveNothing() throws IOException {
    DYING.set(2);
    extract(ExtractJobTest::mortal, files(4));
    assertEquals(ofOneMachine(ExtractOptions.DEFAULT), OnSpark.content(bank));
    assertFalse(Files.exists(work));
  }

  @Test
  void aFailedJobGoesOnWithWhatIsThere() throws IOException {
    DYING.set(100);
    Exception failure =
        assertThrows(SparkException.class, () -> extract(ExtractJobTest::mortal, files(3)));
    assertTrue(failure.getMessage().contains("killed by a test"), failure.getMessage());
    assertFalse(Files.exists(bank));
    DYING.set(0);
    Exception other =
        assertThrows(IncompatibleException.class, () -> extract(ExtractJobTest::mortal, files(2)));
    assertEquals(
        "an unfinished job for %s is in %s, but its number of shards is 3, not 2; start it again as it was, or delete that folder"
            .formatted(bank, work),
        other.getMessage());
    extract(ExtractJobTest::mortal, files(3));
    assertEquals(ofOneMachine(ExtractOptions.DEFAULT), OnSpark.content(bank));
  }

  @Test
  void aShardThatIsThereIsNotMadeAgain() throws IOException {
    Path job = Files.createDirectory(folder.resolve("job"));
    BackboneSource descriptor = BackboneSource.of("descriptor");
    ExtractJob.ShardTask task =
        new ExtractJob.ShardTask(
            descriptor, descriptor.backbone().sha256(), ExtractJobTest::plain, job.toString(), 2);
    task.make(1, List.of(RowFactory.create(OnSpark.paths(images).getFirst())).iterator());
    SortedMap<String, String> before = OnSpark.content(job);
    assertEquals(List.of(job.resolve("shard-00001-of-00002")), OnSpark.files(job));
    Iterator<Row> untouched =
        new Iterator<>() {
          @Override
          public boolean hasNext() {
            throw new IllegalStateException("images are looked at");
          }

          @Override
          public Row next() {
            throw new IllegalStateException("images are looked at");
          }
        };
    task.make(1, untouched);
    assertEquals(before, OnSpark.content(job));
  }

  @Test
  void whatCannotBeUsedIsLeftOutIfItMay() throws IOException {
    SortedMap<String, String> expected = ofOneMachine(ExtractOptions.DEFAULT);
    Path broken = images.resolve("a broken.jpg");
    Files.writeString(broken, "no picture");
    ExtractJob.Result result =
        extract(() -> ExtractOptions.DEFAULT.withSkip(true), files(IMAGES + 1));
    assertEquals(List.of(broken.toString()), List.copyOf(result.skipped().keySet()));
    assertEquals(expected, OnSpark.content(bank));
    bank = folder.resolve("strict");
    Exception failure =
        assertThrows(SparkException.class, () -> extract(ExtractJobTest::plain, files(2)));
    assertTrue(failure.getMessage().contains(broken.toString()), failure.getMessage());
    assertFalse(Files.exists(bank));
  }

  @Test
  void refusesAnImageThatIsThereTwice() throws IOException {
    List<String> paths = OnSpark.paths(images);
    Dataset<Row> table =
        ExtractJob.files(spark, List.of(paths.get(0), paths.get(1), "file:" + paths.get(0)), 2);
    Exception refusal =
        assertThrows(BadInputException.class, () -> extract(ExtractJobTest::plain, table));
    assertEquals(paths.get(0) + " is twice among the images; leave one out", refusal.getMessage());
  }

  @Test
  void refusesABankThatIsThereOrBeingMade() throws IOException {
    extract(ExtractJobTest::plain, files(2));
    SortedMap<String, String> before = OnSpark.content(bank);
    assertThrows(BadInputException.class, () -> extract(ExtractJobTest::plain, files(2)));
    assertEquals(before, OnSpark.content(bank));
    bank = folder.resolve("second");
    try (JobFolder other = JobFolder.open(bank, new TreeMap<>())) {
      Exception refusal =
          assertThrows(UnavailableException.class, () -> extract(ExtractJobTest::plain, files(2)));
      assertEquals(
          "another job is making %s, in %s; wait until it has ended, or stop it"
              .formatted(bank, other.path()),
          refusal.getMessage());
    }
  }

  @Test
  void whoIsLaterDoesNotReplace() throws IOException {
    Path job = Files.createDirectory(folder.resolve("job"));
    Path result = job.resolve("shard");
    try (Attempt late = Attempt.begin(job);
        Attempt early = Attempt.begin(job)) {
      Files.writeString(late.folder().resolve("file"), "late");
      Files.writeString(early.folder().resolve("file"), "early");
      early.publish(result);
      late.publish(result);
    }
    assertEquals("early", Files.readString(result.resolve("file")));
    assertEquals(List.of(result), OnSpark.files(job));
  }

  @Test
  void anAttemptAfterTheEndOfItsJobLeavesNothing() throws IOException {
    JobFolder job = JobFolder.open(bank, new TreeMap<>());
    Path shard = job.path().resolve("shard");
    try (Attempt late = Attempt.begin(job.path())) {
      Files.writeString(late.folder().resolve("file"), "late");
      job.delete();
      assertThrows(
          IOException.class, () -> Files.writeString(late.folder().resolve("more"), "later"));
      assertThrows(IOException.class, () -> late.publish(shard));
    }
    assertThrows(IOException.class, () -> Attempt.begin(job.path()));
    assertEquals(List.of(folder.resolve("scenes")), OnSpark.files(folder));
  }
}
