package dev.eigenseg.train.neuralef;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.train.dataset.ReferenceData;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Reference values shared by the golden tests: where they are, and how far from them is too far.
 */
public final class Golden {
  private Golden() {}

  /** The golden folder. */
  public static Path root() {
    return ReferenceData.folder("eigenseg.golden", "");
  }

  /** The folders under the golden one that have a fixture.json of the wanted kind, at least one. */
  public static List<Path> cases(Predicate<JsonObject> wanted) {
    try (Stream<Path> children = Files.list(root())) {
      List<Path> found =
          children
              .filter(folder -> Files.isRegularFile(folder.resolve("fixture.json")))
              .filter(folder -> wanted.test(fixture(folder)))
              .sorted()
              .toList();
      assertTrue(!found.isEmpty(), "no case found under " + root());
      return found;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The description of a case. */
  public static JsonObject fixture(Path folder) {
    try {
      return JsonParser.parseString(Files.readString(folder.resolve("fixture.json")))
          .getAsJsonObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A copy of a reference tensor in a scope. */
  public static NDArray array(NDManager scope, SafeTensors file, String name) {
    Tensor tensor = file.tensor(name);
    return scope.create(tensor.toFloats(), new Shape(tensor.shape()));
  }

  /** Asserts equality within an absolute tolerance. */
  public static void assertClose(String what, Tensor expected, NDArray found, double tolerance) {
    assertClose(what, expected.toFloats(), found.toFloatArray(), tolerance);
  }

  /** Asserts equality within an absolute tolerance. */
  static void assertClose(String what, float[] expected, float[] found, double tolerance) {
    assertEquals(expected.length, found.length, what);
    double worst = 0;
    for (int i = 0; i < expected.length; i++) {
      double difference = Math.abs((double) expected[i] - found[i]);
      worst = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(worst, difference);
    }
    assertTrue(
        worst <= tolerance, "%s differs by %g, allowed %g".formatted(what, worst, tolerance));
  }

  /** Asserts that a gradient differs by less than a fraction of the reference's largest entry. */
  public static void assertGradient(String what, Tensor expected, NDArray found, double relative) {
    float[] values = expected.toFloats();
    double largest = 0;
    for (float value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    assertTrue(largest > 0, what + ": the reference is all zero");
    assertClose(what, values, found.toFloatArray(), relative * largest);
  }
}
