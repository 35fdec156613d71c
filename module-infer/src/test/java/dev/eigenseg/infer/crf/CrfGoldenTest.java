package dev.eigenseg.infer.crf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import dev.eigenseg.api.CrfOptions;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.Fixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every case and variant of the fixtures whose name begins with crf: the lattice against the
 * published implementation's Q, the oracle against the exact one.
 */
class CrfGoldenTest {
  @TestFactory
  List<DynamicTest> meanField() throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    for (Path folder : Fixtures.golden("crf")) {
      JsonObject fixture =
          new Gson().fromJson(Files.readString(folder.resolve("fixture.json")), JsonObject.class);
      JsonObject cases = fixture.getAsJsonObject("cases");
      for (String name : cases.keySet()) {
        JsonObject variants = cases.getAsJsonObject(name).getAsJsonObject("variants");
        for (String variant : variants.keySet()) {
          tests.add(
              DynamicTest.dynamicTest(
                  name + " " + variant,
                  () ->
                      check(
                          folder.resolve(name + ".safetensors"),
                          variant,
                          options(
                              fixture.getAsJsonObject("parameters"),
                              variants.getAsJsonObject(variant)),
                          fixture.getAsJsonObject("tolerance"))));
        }
      }
    }
    assertFalse(tests.isEmpty(), "no crf fixture in the golden folder");
    return tests;
  }

  private static CrfOptions options(JsonObject parameters, JsonObject variant) {
    return new CrfOptions(
        variant.get("iterations").getAsInt(),
        variant.get("pos_w").getAsDouble(),
        parameters.get("pos_xy_std").getAsDouble(),
        variant.get("bi_w").getAsDouble(),
        parameters.get("bi_xy_std").getAsDouble(),
        parameters.get("bi_rgb_std").getAsDouble(),
        1 << 20);
  }

  private static void check(Path file, String variant, CrfOptions options, JsonObject tolerance)
      throws IOException {
    try (SafeTensors tensors = SafeTensors.open(file)) {
      Tensor image = tensors.tensor("image");
      int width = Math.toIntExact(image.size(1));
      int[] rgb = new int[Math.toIntExact(image.size(0)) * width];
      for (int i = 0; i < rgb.length; i++) {
        rgb[i] =
            ((int) image.getLong(3L * i) << 16)
                | ((int) image.getLong(3L * i + 1) << 8)
                | (int) image.getLong(3L * i + 2);
      }
      double[][] probabilities = pixels(tensors.tensor("prob"));
      compare(
          pixels(tensors.tensor(variant + ".Q")),
          CrfCases.infer(probabilities, width, rgb, options, 2),
          tolerance.get("lattice implementation vs Q").getAsDouble());
      compare(
          pixels(tensors.tensor(variant + ".exact_Q")),
          ExactCrf.infer(probabilities, width, rgb, options),
          tolerance.get("exact implementation vs exact_Q").getAsDouble());
    }
  }

  /** From {@code [classes, height, width]}. */
  private static double[][] pixels(Tensor planes) {
    int classes = Math.toIntExact(planes.size(0));
    int pixels = Math.toIntExact(planes.size() / classes);
    double[][] values = new double[pixels][classes];
    for (int i = 0; i < pixels; i++) {
      for (int k = 0; k < classes; k++) {
        values[i][k] = planes.get((long) k * pixels + i);
      }
    }
    return values;
  }

  private static void compare(double[][] expected, double[][] found, double tolerance) {
    for (int i = 0; i < expected.length; i++) {
      for (int k = 0; k < expected[i].length; k++) {
        assertEquals(expected[i][k], found[i][k], tolerance, "pixel " + i + ", class " + k);
      }
    }
  }
}
