package dev.eigenseg.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.spi.Availability;
import dev.eigenseg.graph.KnnEngines;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * FAISS and libtorch in one process: each brings an OpenMP library, and which is loaded first
 * decides how many there are. What is loaded stays, so every case is a process of its own.
 */
class FaissBesideTorchTest {
  private static final String LIBRARY = "eigenseg.faiss.library";

  @TempDir Path folder;

  @BeforeEach
  void requireFaiss() {
    Availability availability =
        KnnEngines.all().stream()
            .filter(engine -> engine.name().equals("faiss"))
            .findFirst()
            .orElseThrow()
            .availability();
    if (System.getenv("CI") != null) {
      assertEquals(List.of(), availability.reasons());
    }
    Assumptions.assumeTrue(availability.available(), availability.reasons().toString());
  }

  @ParameterizedTest
  @CsvSource({"faiss, 1", "faiss, 3", "torch, 1", "torch, 3"})
  void bothWorkInEitherOrder(String first, int threads) throws Exception {
    String output =
        ForkedJvm.run(
            folder,
            List.of("-Xmx512m", "-D" + LIBRARY + "=" + System.getProperty(LIBRARY)),
            FaissBesideTorch.class,
            first,
            Integer.toString(threads));
    assertTrue(output.contains(FaissBesideTorch.GOOD), output);
  }
}
