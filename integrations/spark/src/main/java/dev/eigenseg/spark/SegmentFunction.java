package dev.eigenseg.spark;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.mask.MaskRuns;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Segments images in columns: a file's bytes become a row of {@link #SCHEMA}.
 *
 * <pre>{@code
 * SegmentFunction.register(spark, "segment", Path.of("street.safetensors"));
 * spark.sql("SELECT path, segment(content).png FROM binaryFile.`photos/*.jpg`");
 * }</pre>
 *
 * <p>An image that cannot be segmented has an {@code error} and nothing else; the job goes on. What
 * is wrong with the model or the machine ends the job. Masks are those of one machine, byte by
 * byte.
 */
public final class SegmentFunction implements UDF1<byte[], Row> {
  /**
   * The result's columns: {@code width} and {@code height} in pixels; {@code png}, the clusters as
   * {@link Segmentation#writeIndexPng} writes them; {@code shares} of classes, or of clusters where
   * no names are known, the largest first; {@code masks} of the clusters that occur, with area, box
   * (left, top, width, height) and COCO's run lengths; {@code error}, null if there is none.
   */
  public static final StructType SCHEMA =
      new StructType()
          .add("width", DataTypes.IntegerType)
          .add("height", DataTypes.IntegerType)
          .add("png", DataTypes.BinaryType)
          .add(
              "shares",
              DataTypes.createArrayType(
                  new StructType()
                      .add("index", DataTypes.IntegerType, false)
                      .add("name", DataTypes.StringType, false)
                      .add("pixels", DataTypes.LongType, false)
                      .add("share", DataTypes.DoubleType, false),
                  false))
          .add(
              "masks",
              DataTypes.createArrayType(
                  new StructType()
                      .add("cluster", DataTypes.IntegerType, false)
                      .add("area", DataTypes.LongType, false)
                      .add("box", DataTypes.createArrayType(DataTypes.IntegerType, false), false)
                      .add("rle", DataTypes.StringType, false),
                  false))
          .add("error", DataTypes.StringType);

  private static final long serialVersionUID = 1;

  private final ModelFile model;
  private final TaskOptions<SegmentOptions> options;

  /** Segments with a model, every image in the way of the options. */
  public SegmentFunction(ModelFile model, TaskOptions<SegmentOptions> options) {
    this.model = model;
    this.options = options;
  }

  /** Segments with a model, which looks at every image once, as a whole. */
  public SegmentFunction(ModelFile model) {
    this(model, () -> SegmentOptions.DEFAULT);
  }

  /**
   * Makes a function of SQL, for this session: what PySpark calls, too.
   *
   * @param name under which SQL knows it, such as {@code "segment"}
   * @param model as the driver sees it
   */
  public static void register(SparkSession spark, String name, Path model) throws IOException {
    new SegmentFunction(ModelFile.of(model)).register(spark, name);
  }

  /** As {@link #register(SparkSession, String, Path)}, for callers that have no paths. */
  public static void register(SparkSession spark, String name, String model) throws IOException {
    register(spark, name, Path.of(model));
  }

  /** Makes this a function of SQL, for this session. */
  public void register(SparkSession spark, String name) {
    spark.udf().register(name, this, SCHEMA);
  }

  /**
   * Segments a column of images.
   *
   * @param images such as {@code spark.read().format("binaryFile").load(folder)}
   * @param content the column with the files' bytes
   * @param result the column to add, of {@link #SCHEMA}
   */
  public Dataset<Row> segment(Dataset<Row> images, String content, String result) {
    Column bytes = images.col(content);
    return images.withColumn(result, functions.udf(this, SCHEMA).apply(bytes));
  }

  @Override
  public Row call(byte[] content) throws IOException {
    if (content == null) {
      return null;
    }
    Segmenter segmenter = model.segmenter();
    SegmentOptions each = options.get().withThreads(Tasks.threads());
    try {
      return row(segmenter.segment(MemorySegment.ofArray(content), each));
    } catch (BadInputException e) {
      return failed(e.getMessage());
    } catch (OutOfMemoryError | StackOverflowError e) {
      return failed("not enough memory for this image (" + e + "); give executors more");
    }
  }

  private static Row failed(String reason) {
    return RowFactory.create(null, null, null, null, null, reason);
  }

  private static Row row(Segmentation segments) throws IOException {
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    segments.writeIndexPng(png);
    List<Row> shares = new ArrayList<>();
    for (Segmentation.Share share : segments.shares()) {
      shares.add(RowFactory.create(share.index(), share.name(), share.pixels(), share.share()));
    }
    List<Row> masks = new ArrayList<>();
    for (Map.Entry<Integer, MaskRuns> mask : segments.clusterRuns().entrySet()) {
      MaskRuns runs = mask.getValue();
      masks.add(RowFactory.create(mask.getKey(), runs.area(), runs.box(), runs.text()));
    }
    return RowFactory.create(
        segments.width(),
        segments.height(),
        png.toByteArray(),
        shares.toArray(),
        masks.toArray(),
        null);
  }
}
