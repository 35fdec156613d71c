package dev.eigenseg.infer.segment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.SegmentOptions.Windows;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.Fixtures;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Windows, their mean, resizing and multi-scale inference against the published implementation. The
 * fixture's model works on single pixels, so that a patch is a pixel here.
 */
class WindowsGoldenTest {
  private static final float TOLERANCE = 1e-5f;
  private static final int[] THREADS = {1, 3};

  /** One case's numbers. */
  private record Fixture(JsonObject json, SafeTensors tensors) {
    float[] floats(String name) {
      return tensors.tensor(name).toFloats();
    }

    long[] longs(String name) {
      Tensor tensor = tensors.tensor(name);
      long[] values = new long[(int) tensor.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = tensor.getLong(i);
      }
      return values;
    }
  }

  @FunctionalInterface
  private interface Check {
    void run(Fixture fixture);
  }

  private static void forEachFixture(Check check) throws IOException {
    List<Path> folders = Fixtures.golden("windows");
    assertFalse(folders.isEmpty(), "no windows fixture in the golden folder");
    for (Path folder : folders) {
      JsonObject json =
          new Gson().fromJson(Files.readString(folder.resolve("fixture.json")), JsonObject.class);
      try (SafeTensors tensors = SafeTensors.open(folder.resolve("tensors.safetensors"))) {
        check.run(new Fixture(json, tensors));
      }
    }
  }

  private static Size size(JsonElement heightWidth) {
    JsonArray sides = heightWidth.getAsJsonArray();
    return new Size(sides.get(1).getAsInt(), sides.get(0).getAsInt());
  }

  /** Planes, {@code [channels, pixels]}, as rows of channels at another size. */
  private static GridLogits grid(float[] planes, Size from, Size to) {
    int pixels = from.width() * from.height();
    int channels = planes.length / pixels;
    float[] rows = new float[planes.length];
    for (int c = 0; c < channels; c++) {
      for (int i = 0; i < pixels; i++) {
        rows[i * channels + c] = planes[c * pixels + i];
      }
    }
    return GridLogits.of(
        Tensor.of(rows, pixels, channels), new ImageGeometry(Optional.of(from), 1), to, false, 1);
  }

  private static float[] read(PixelLogits logits, int y, int rows, int x, int columns) {
    try (Arena arena = Arena.ofShared()) {
      long count = (long) rows * columns * logits.clusters();
      MemorySegment target = arena.allocate(count * Float.BYTES, 64);
      logits.read(y, rows, x, columns, target);
      return target.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  /** Compares with planes, reading parts of a few rows and columns. */
  private static void compare(String what, float[] planes, PixelLogits found) {
    int width = found.width();
    int height = found.height();
    int clusters = found.clusters();
    assertEquals(planes.length, width * height * clusters, what);
    for (int y = 0; y < height; y += 7) {
      for (int x = 0; x < width; x += 31) {
        int columns = Math.min(31, width - x);
        float[] values = read(found, y, Math.min(7, height - y), x, columns);
        for (int i = 0; i < values.length; i++) {
          int pixel = i / clusters;
          int at = (y + pixel / columns) * width + x + pixel % columns;
          float expected = planes[i % clusters * width * height + at];
          assertEquals(expected, values[i], TOLERANCE, what + " at " + at);
        }
      }
    }
  }

  /** The part of planes that a window sees. */
  private static float[] crop(float[] planes, Size image, int top, int left, int window) {
    int channels = planes.length / image.width() / image.height();
    float[] crop = new float[channels * window * window];
    for (int i = 0; i < crop.length; i++) {
      int c = i / window / window;
      int y = top + i / window % window;
      int x = left + i % window;
      crop[i] = planes[(c * image.height() + y) * image.width() + x];
    }
    return crop;
  }

  @Test
  void windowsAndTheirMean() throws IOException {
    forEachFixture(fixture ->
        fixture
            .json
            .getAsJsonObject("windows")
            .asMap()
            .forEach((name, config) -> checkWindows(fixture, name, config.getAsJsonObject())));
  }

  private static void checkWindows(Fixture fixture, String name, JsonObject config) {
    Size image = size(config.get("image"));
    int side = config.get("window").getAsInt();
    int clusters = config.get("classes").getAsInt();
    Windows windows = new Windows(side, config.get("stride").getAsInt());
    float[] pixels = fixture.floats(name + ".im");
    float[] windowLogits = fixture.floats(name + ".window_logits");
    List<Long> anchors = new ArrayList<>();
    List<Float> crops = new ArrayList<>();
    for (int top : WindowAnchors.along(image.height(), side, windows.stride())) {
      for (int left : WindowAnchors.along(image.width(), side, windows.stride())) {
        anchors.add((long) top);
        anchors.add((long) left);
        for (float value : crop(pixels, image, top, left, side)) {
          crops.add(value);
        }
      }
    }
    long[] expectedAnchors = fixture.longs(name + ".anchors");
    assertArrayEquals(
        expectedAnchors, anchors.stream().mapToLong(Long::longValue).toArray(), name + ".anchors");
    float[] expectedCrops = fixture.floats(name + ".crops");
    assertEquals(expectedCrops.length, crops.size());
    for (int i = 0; i < expectedCrops.length; i++) {
      assertEquals(expectedCrops[i], crops.get(i), name + ".crops");
    }
    WindowModel model =
        (top, left, threads) -> {
          int index = 0;
          while (expectedAnchors[2 * index] != top || expectedAnchors[2 * index + 1] != left) {
            index++;
          }
          int count = clusters * side * side;
          float[] planes = new float[count];
          System.arraycopy(windowLogits, index * count, planes, 0, count);
          Size window = new Size(side, side);
          return grid(planes, window, window);
        };
    for (int threads : THREADS) {
      try (WindowedLogits logits =
          new WindowedLogits(image, windows, clusters, model, 0, threads)) {
        long[] counts = fixture.longs(name + ".count");
        for (int i = 0; i < counts.length; i++) {
          assertEquals(
              counts[i], logits.count(i % image.width(), i / image.width()), name + ".count");
        }
        compare(name + ".averaged_logits", fixture.floats(name + ".averaged_logits"), logits);
        PixelLogits resized =
            new ResizedLogits(
                logits,
                size(config.get("output_size")),
                config.get("flip").getAsBoolean(),
                threads);
        compare(
            name + ".merged",
            fixture.floats(name + ".merged"),
            new MeanProbabilities(List.of(resized), 1, threads));
      }
    }
  }

  @Test
  void smallViewsAreEnlarged() throws IOException {
    forEachFixture(fixture ->
        fixture
            .json
            .getAsJsonObject("resize")
            .asMap()
            .forEach((name, config) -> checkResize(fixture, name, config.getAsJsonObject())));
  }

  private static void checkResize(Fixture fixture, String name, JsonObject config) {
    Size input = size(config.get("input"));
    Size output = WindowAnchors.enlarged(input, config.get("smaller_size").getAsInt());
    assertEquals(size(config.get("output")), output, name);
    float[] pixels = fixture.floats(name + ".input");
    float[] expected = fixture.floats(name + ".output");
    try (GridLogits atOnce = grid(pixels, input, output);
        GridLogits same = grid(pixels, input, input)) {
      compare(name, expected, atOnce);
      compare(name, expected, new ResizedLogits(same, output, false, 2));
    }
  }

  @Test
  void theMeanOverViews() throws IOException {
    forEachFixture(fixture -> {
      for (int threads : THREADS) {
        checkInference(fixture, threads);
      }
    });
  }

  private static void checkInference(Fixture fixture, int threads) {
    JsonObject config = fixture.json.getAsJsonObject("inference");
    int side = config.get("window").getAsInt();
    Windows windows = new Windows(side, config.get("stride").getAsInt());
    Size output = size(config.get("output_size"));
    JsonArray versions = config.getAsJsonArray("versions");
    List<PixelLogits> views = new ArrayList<>();
    List<WindowedLogits> owned = new ArrayList<>();
    for (int i = 0; i < versions.size(); i++) {
      JsonObject version = versions.get(i).getAsJsonObject();
      Size image = size(version.get("size"));
      Size view = WindowAnchors.enlarged(image, side);
      float[] logits;
      try (GridLogits pixels = grid(fixture.floats("inference.im" + i), image, view)) {
        logits = linear(fixture, read(pixels, 0, view.height(), 0, view.width()));
      }
      WindowModel model =
          (top, left, ignored) -> {
            Size window = new Size(side, side);
            return grid(crop(logits, view, top, left, side), window, window);
          };
      int clusters = config.get("classes").getAsInt();
      owned.add(new WindowedLogits(view, windows, clusters, model, 0, threads));
      views.add(
          new ResizedLogits(owned.getLast(), output, version.get("flip").getAsBoolean(), threads));
    }
    compare(
        "inference.output",
        fixture.floats("inference.output"),
        new MeanProbabilities(views, 1, threads));
    owned.forEach(WindowedLogits::close);
  }

  /** {@code W x + b} of rows of three channels, as planes. */
  private static float[] linear(Fixture fixture, float[] rows) {
    float[] w = fixture.floats("inference.W");
    float[] b = fixture.floats("inference.b");
    int pixels = rows.length / 3;
    float[] planes = new float[b.length * pixels];
    for (int k = 0; k < b.length; k++) {
      for (int i = 0; i < pixels; i++) {
        float sum = b[k];
        for (int c = 0; c < 3; c++) {
          sum += w[k * 3 + c] * rows[i * 3 + c];
        }
        planes[k * pixels + i] = sum;
      }
    }
    return planes;
  }
}
