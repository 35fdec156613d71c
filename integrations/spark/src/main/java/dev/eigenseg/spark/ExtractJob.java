package dev.eigenseg.spark;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.BankSettings;
import dev.eigenseg.api.bank.ExtractOptions;
import dev.eigenseg.api.bank.Extractor;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.internal.file.AtomicFile;
import java.io.IOException;
import java.io.Serializable;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.CRC32C;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Images to a bank: a task for each partition makes a shard, which is a bank itself; the driver
 * joins the shards. The bank has the bytes of one that a single machine makes of the same images in
 * the order of their paths, whatever the partitions.
 *
 * <pre>{@code
 * Dataset<Row> images = spark.read().format("binaryFile").load("/data/photos");
 * new ExtractJob(BackboneSource.of("descriptor"), () -> ExtractOptions.DEFAULT)
 *     .run(images, Path.of("/data/photos.bank"));
 * }</pre>
 *
 * <p>Shards are kept in a hidden folder beside the bank until it is whole: a job that failed, or
 * whose driver died, goes on with the same call. It takes twice the room of the bank.
 *
 * @param backbone that extracts
 * @param options how images become a bank. Without {@link ExtractOptions#skip} an image that cannot
 *     be used fails its task, and after Spark's repetitions the job
 */
public record ExtractJob(BackboneSource backbone, TaskOptions<ExtractOptions> options) {
  private static final String PATH = "path";
  private static final String CONTENT = "content";
  private static final int NAMED = 5;

  /**
   * What a job has made.
   *
   * @param images in the bank
   * @param patches likewise
   * @param skipped why images were left out, by their names
   */
  public record Result(int images, long patches, SortedMap<String, String> skipped) {
    /** Copies the map. */
    public Result {
      skipped = Collections.unmodifiableSortedMap(new TreeMap<>(skipped));
    }
  }

  /**
   * A table of image files that all machines see.
   *
   * @param paths of the files
   * @param partitions how many tasks, and shards, there are
   */
  public static Dataset<Row> files(SparkSession spark, List<String> paths, int partitions) {
    List<Row> rows = paths.stream().sorted().map(path -> RowFactory.create(path)).toList();
    JavaRDD<Row> sliced =
        JavaSparkContext.fromSparkContext(spark.sparkContext()).parallelize(rows, partitions);
    return spark.createDataFrame(sliced, new StructType().add(PATH, DataTypes.StringType, false));
  }

  /**
   * Makes the bank.
   *
   * @param images a row for each image: {@code path}, and if the files are not on a disk that all
   *     machines see, {@code content}, as Spark's {@code binaryFile} has it. A path that begins
   *     with {@code file:} stands in the bank without that
   * @param bank its directory, which does not exist yet, on a disk that all machines see
   * @throws BadInputException if the bank is there, an image is in the table twice, no image can be
   *     used, or a shard is missing; the message names them
   * @throws dev.eigenseg.api.UnavailableException if another job is making this bank
   * @throws dev.eigenseg.api.IncompatibleException if an unfinished job for this bank is there that
   *     has another backbone, other settings or other images; the message names what differs
   */
  public Result run(Dataset<Row> images, Path bank) throws IOException {
    Path target = bank.toAbsolutePath().normalize();
    Set<String> names = names(images);
    boolean inMemory = Arrays.asList(images.columns()).contains(CONTENT);
    JavaRDD<Row> rows = (inMemory ? images.select(PATH, CONTENT) : images.select(PATH)).toJavaRDD();
    int shards = rows.getNumPartitions();
    BankSettings settings = options().get().settings(backbone.backbone());
    try (JobFolder job = JobFolder.open(target, claim(settings, names, shards))) {
      ShardTask task =
          new ShardTask(
              backbone, settings.backboneSha256(), options, job.path().toString(), shards);
      rows.foreachPartition(task::run);
      Result result = join(job.path(), shards, names, target);
      job.delete();
      return result;
    }
  }

  private static Set<String> names(Dataset<Row> images) {
    Set<String> names = new TreeSet<>();
    for (String path : images.select(PATH).as(Encoders.STRING()).collectAsList()) {
      if (!names.add(name(path))) {
        throw new BadInputException(name(path) + " is twice among the images; leave one out");
      }
    }
    if (names.isEmpty()) {
      throw new BadInputException("there are no images; give at least one");
    }
    return names;
  }

  /** What a bank calls an image. */
  static String name(String path) {
    if (!path.startsWith("file:")) {
      return path;
    }
    String rest = path.substring("file:".length());
    return rest.startsWith("///") ? rest.substring("//".length()) : rest;
  }

  private SortedMap<String, String> claim(BankSettings settings, Set<String> names, int shards) {
    CRC32C sum = new CRC32C();
    names.forEach(name -> sum.update((name + "\n").getBytes(StandardCharsets.UTF_8)));
    SortedMap<String, String> claim = new TreeMap<>();
    claim.put("version", Provenance.version());
    claim.put("backbone", settings.backboneId());
    claim.put("backbone's SHA-256", settings.backboneSha256());
    claim.put("backbone's settings", new TreeMap<>(settings.backboneSettings()).toString());
    claim.put("type", settings.dtype().toString());
    claim.put("geometry", settings.geometry().toString());
    claim.put("views", new TreeMap<>(settings.views()).toString());
    claim.put("number of images", Integer.toString(names.size()));
    claim.put("list of images", String.format(Locale.ROOT, "%08x", sum.getValue()));
    claim.put("number of shards", Integer.toString(shards));
    return claim;
  }

  private static Result join(Path job, int count, Set<String> names, Path target)
      throws IOException {
    List<Path> shards = new ArrayList<>();
    SortedMap<String, String> skipped = new TreeMap<>();
    Set<String> missing = new TreeSet<>(names);
    for (int number = 0; number < count; number++) {
      Path shard = job.resolve(ShardTask.shard(number, count));
      try {
        skipped.putAll(ShardTask.skipped(shard));
      } catch (NoSuchFileException e) {
        throw new BadInputException(
            shard + " is missing, though its task has ended; start the same job again", e);
      }
      Path bank = shard.resolve(ShardTask.BANK);
      if (Files.exists(bank)) {
        shards.add(bank);
        try (FeatureBank open = FeatureBank.open(bank)) {
          open.images().stream().map(ImageEntry::path).forEach(missing::remove);
        }
      }
    }
    missing.removeAll(skipped.keySet());
    if (!missing.isEmpty()) {
      throw new BadInputException(
          "%d images are in no shard of %s, such as %s; the table of images has changed meanwhile: delete that folder and start again"
              .formatted(missing.size(), job, missing.stream().limit(NAMED).toList()));
    }
    if (shards.isEmpty()) {
      throw new BadInputException(
          "none of the %d images could be used; the first: %s"
              .formatted(names.size(), skipped.get(skipped.firstKey())));
    }
    try (Attempt attempt = Attempt.begin(job)) {
      Path whole = attempt.folder().resolve(ShardTask.BANK);
      FeatureBank.merge(shards, whole, Progress.NONE);
      AtomicFile.publish(whole, target);
    }
    try (FeatureBank bank = FeatureBank.open(target)) {
      int plain = (int) bank.images().stream().filter(ImageEntry::plain).count();
      return new Result(plain, bank.rows(), skipped);
    }
  }

  /** Makes a shard of a partition. Sent to executors. */
  record ShardTask(
      BackboneSource backbone,
      String sha256,
      TaskOptions<ExtractOptions> options,
      String job,
      int shards)
      implements Serializable {
    static final String BANK = "bank";
    private static final String SKIPPED = "skipped.json";

    /** The name of a partition's folder: a bank, unless it has no image, and what was left out. */
    static String shard(int number, int count) {
      return String.format(Locale.ROOT, "shard-%05d-of-%05d", number, count);
    }

    static SortedMap<String, String> skipped(Path shard) throws IOException {
      SortedMap<String, String> skipped = new TreeMap<>();
      JsonParser.parseString(Files.readString(shard.resolve(SKIPPED)))
          .getAsJsonObject()
          .asMap()
          .forEach((name, reason) -> skipped.put(name, reason.getAsString()));
      return skipped;
    }

    void run(Iterator<Row> images) throws IOException {
      make(TaskContext.getPartitionId(), images);
    }

    void make(int number, Iterator<Row> images) throws IOException {
      Path result = Path.of(job).resolve(shard(number, shards));
      if (Files.exists(result)) { // of an attempt whose end the driver has not heard of
        return;
      }
      try (Attempt attempt = Attempt.begin(Path.of(job))) {
        JsonObject skipped = new JsonObject();
        if (images.hasNext()) {
          extract(images, attempt.folder().resolve(BANK), skipped);
        }
        Files.writeString(attempt.folder().resolve(SKIPPED), skipped + "\n");
        attempt.publish(result);
      }
    }

    private void extract(Iterator<Row> images, Path bank, JsonObject skipped) throws IOException {
      Backbone opened = backbone.backbone(sha256);
      ExtractOptions each =
          options
              .get()
              .withBackbone(backbone.spec(), backbone.device())
              .withThreads(Tasks.threads())
              .withOverwrite(false);
      Progress progress = Tasks.progress();
      boolean any = false;
      try (Extractor extractor = Extractor.open(List.of(), opened, bank, each)) {
        while (images.hasNext()) {
          progress.checkCancelled();
          Row row = images.next();
          String name = name(row.getString(0));
          try {
            extractor.append(name, MemorySegment.ofArray(content(row, name)), progress);
            any = true;
          } catch (BadInputException e) {
            if (!each.skip()) {
              throw e;
            }
            skipped.addProperty(name, e.getMessage());
          }
        }
        if (any) {
          extractor.finish(progress);
        }
      }
    }

    private static byte[] content(Row row, String name) throws IOException {
      if (row.length() > 1) {
        return row.getAs(1);
      }
      try {
        return Files.readAllBytes(Path.of(name));
      } catch (NoSuchFileException e) {
        throw new BadInputException(
            name + ": there is no such file on this executor; read it with Spark's binaryFile", e);
      }
    }
  }
}
