package dev.eigenseg.graph.faiss;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnEngines;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.RandomData;
import dev.eigenseg.graph.TestEngines;
import dev.eigenseg.graph.TestSeed;
import dev.eigenseg.graph.rows.NeighborLists;
import dev.eigenseg.graph.rows.PreparedRows;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Search by tiles as on a GPU, with an index on the CPU in the GPU's place. */
class TiledSearchTest {
  private static final int[][] SHAPES = {
    {2, 1, 1}, {7, 3, 6}, {100, 5, 4}, {333, 16, 20}, {500, 9, 60}
  };
  private static final TiledSearch.Shape[] TILES = {
    new TiledSearch.Shape(1000, 1000), new TiledSearch.Shape(64, 50), new TiledSearch.Shape(13, 1)
  };

  private static TiledSearch.Tile onCpu(int dim) {
    return (tile, tileRows, queries, queryRows, k, similarities, ids) -> {
      try (FaissIndex index = FaissIndex.of(KnnIndex.EXACT, dim, 1)) {
        index.add(tile, tileRows);
        index.search(queries, queryRows, k, similarities, ids);
      }
    };
  }

  @Test
  void tilesGiveTheNeighboursOfAWholeSearch() throws IOException {
    KnnEngine engine = TestEngines.require("faiss");
    FaissNatives.require();
    long seed = TestSeed.next();
    Random random = new Random(seed);
    for (int[] shape : SHAPES) {
      int k = shape[2];
      try (Tensor features = RandomData.gaussian(random, shape[0], shape[1]);
          KnnGraph expected =
              KnnGraph.build(
                  engine,
                  new KnnEngine.Request(FeatureRows.of(features), k, 1L << 30, 2),
                  Progress.NONE)) {
        for (TiledSearch.Shape tiles : TILES) {
          checkTiles(features, k, tiles, expected, Arrays.toString(shape) + tiles + " " + seed);
        }
      }
    }
  }

  private static void checkTiles(
      Tensor features, int k, TiledSearch.Shape tiles, KnnGraph expected, String what) {
    long n = expected.rows();
    try (PreparedRows rows =
            PreparedRows.measure(FeatureRows.of(features), true, 2, Progress.NONE);
        TiledSearch search = new TiledSearch(rows, k, tiles, Progress.NONE);
        Tensor ids = Tensor.allocate(DType.I32, n, k);
        Tensor similarities = Tensor.allocate(DType.F32, n, k)) {
      search.run(onCpu(rows.dim()), NeighborLists.of(ids, similarities));
      assertArrayEquals(expected.similarities().toFloats(), similarities.toFloats(), 1e-5f, what);
      for (long row = 0; row < n; row++) {
        long self = row;
        long[] list = new long[k];
        Arrays.setAll(list, i -> ids.getLong(self * k + i));
        assertEquals(k, Arrays.stream(list).filter(id -> id != self).distinct().count(), what);
      }
    }
  }

  @Test
  void aDeviceThatIsNotThereIsAnErrorAndNeverFallsBack() {
    TestEngines.require("faiss");
    for (String engine : new String[] {"faiss", "vector", "auto"}) {
      UnavailableException e =
          assertThrows(
              UnavailableException.class,
              () -> KnnEngines.select(engine, KnnIndex.Kind.EXACT, "cuda:99"));
      assertTrue(e.getMessage().contains("cuda:99"), e.getMessage());
    }
    try (Tensor features = RandomData.gaussian(new Random(1), 9, 4)) {
      KnnEngine.Request request = request(features, 3, KnnIndex.EXACT);
      UnavailableException e =
          assertThrows(
              UnavailableException.class,
              () -> KnnGraph.build(KnnEngines.select("faiss"), request, Progress.NONE));
      assertTrue(e.getMessage().contains("cuda:99"), e.getMessage());
    }
  }

  @Test
  void whatTheGpuCannotDoIsSaid() {
    try (Tensor features = Tensor.allocate(DType.F32, 3000, 1)) {
      FaissKnnEngine.checkGpu(request(features, 2047, KnnIndex.EXACT));
      BadInputException many =
          assertThrows(
              BadInputException.class,
              () -> FaissKnnEngine.checkGpu(request(features, 2048, KnnIndex.EXACT)));
      assertTrue(many.getMessage().contains("at most 2047"), many.getMessage());
      BadInputException index =
          assertThrows(
              BadInputException.class,
              () -> FaissKnnEngine.checkGpu(request(features, 5, KnnIndex.of(KnnIndex.Kind.IVF))));
      assertTrue(index.getMessage().contains("--index"), index.getMessage());
    }
  }

  private static KnnEngine.Request request(Tensor features, int k, KnnIndex index) {
    return new KnnEngine.Request(FeatureRows.of(features), k, 1L << 30, 2, index, "cuda:99");
  }
}
