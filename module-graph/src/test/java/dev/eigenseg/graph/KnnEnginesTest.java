package dev.eigenseg.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KnnEnginesTest {
  @Test
  void selectsByNameAndAutomatically() {
    assertEquals("vector", KnnEngines.select("vector").name());
    assertEquals("vector", KnnEngines.select("auto").name());
  }

  @Test
  void anUnknownNameListsTheKnown() {
    UnavailableException e =
        assertThrows(UnavailableException.class, () -> KnnEngines.select("abacus"));
    assertTrue(e.getMessage().contains("abacus") && e.getMessage().contains("vector"));
  }

  @Test
  void theThreadsOwnLoaderIsAskedToo(@TempDir Path folder) throws IOException {
    Path services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.writeString(services.resolve(KnnEngine.class.getName()), "com.example.Missing");
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (URLClassLoader plugins = new URLClassLoader(new URL[] {folder.toUri().toURL()}, before)) {
      thread.setContextClassLoader(plugins);
      List<String> failures = KnnEngines.installed().failures();
      assertEquals(1, failures.size(), failures.toString());
      assertTrue(failures.getFirst().contains("com.example.Missing"), failures.toString());
      assertEquals("vector", KnnEngines.select("auto").name());
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** What an application on the class path gets that forgot the flag of the Vector API. */
  static final class WithoutVectors {
    private static final int ROWS = 40;
    private static final int K = 3;

    private WithoutVectors() {}

    public static void main(String[] arguments) throws IOException {
      for (String name : new String[] {"vector", "blas", "auto"}) {
        try {
          KnnEngine engine = KnnEngines.select(name);
          System.out.println(name + " is " + engine.name() + search(engine));
        } catch (UnavailableException e) {
          System.out.println(name + " says " + e.getMessage());
        }
      }
    }

    private static String search(KnnEngine engine) throws IOException {
      float[] values = new float[ROWS * 2];
      for (int i = 0; i < ROWS; i++) { // around a circle: the next ones are the nearest
        values[2 * i] = (float) Math.cos(2 * Math.PI * i / ROWS);
        values[2 * i + 1] = (float) Math.sin(2 * Math.PI * i / ROWS);
      }
      try (Tensor rows = Tensor.of(values, ROWS, 2);
          KnnGraph graph =
              KnnGraph.build(
                  engine,
                  new KnnEngine.Request(FeatureRows.of(rows), K, 1 << 28, 1),
                  Progress.NONE)) {
        return " and finds " + graph.rows();
      }
    }
  }

  @Test
  void withoutTheVectorApiAutoTakesWhatWorksOrNamesTheFlag(@TempDir Path folder) throws Exception {
    try (ChildJvm jvm =
        ChildJvm.start(
            folder.resolve("log"), List.of(ChildJvm.WITHOUT_VECTORS), WithoutVectors.class)) {
      List<String> lines = jvm.output().lines().toList();
      String flag = "start java with --add-modules jdk.incubator.vector";
      assertTrue(lines.contains("vector says engine vector: " + flag), lines.toString());
      assertTrue(lines.contains("blas says engine blas: " + flag), lines.toString());
      String auto =
          lines.stream().filter(line -> line.startsWith("auto ")).findFirst().orElseThrow();
      assertTrue(
          auto.equals("auto is faiss and finds 40")
              || (auto.startsWith("auto says ") && auto.contains("vector: " + flag)),
          auto);
    }
  }
}
