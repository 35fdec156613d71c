package dev.eigenseg.graph.spectral;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.GoldenCases;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.RandomData;
import dev.eigenseg.graph.StoppingProgress;
import dev.eigenseg.graph.TestEngines;
import dev.eigenseg.graph.TestSeed;
import dev.eigenseg.graph.kernel.GoldenKernel;
import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import dev.eigenseg.graph.kernel.Workspace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;

class EigensolverTest {
  /** A kernel of so many separate groups: its eigenvalue 1 is there once for each. */
  private static NormalizedAdjacency groups(int rows, int groups, long seed) throws IOException {
    Random random = new Random(seed);
    try (Tensor features = RandomData.gaussian(random, rows, 8 * groups)) {
      for (long row = 0; row < rows; row++) {
        for (long c = 0; c < 8L * groups; c++) {
          long place = row * 8 * groups + c;
          float value = c / 8 == row % groups ? 3 + features.get(place) : 0;
          features.set(place, value);
        }
      }
      return of(features, 10);
    }
  }

  private static NormalizedAdjacency of(Tensor features, int neighbors) throws IOException {
    try (KnnGraph graph =
        KnnGraph.build(
            TestEngines.underTest(),
            new KnnEngine.Request(FeatureRows.of(features), neighbors, 64 << 20, 2),
            Progress.NONE)) {
      return NormalizedAdjacency.ofNeighbors(graph, Workspace.UNBOUNDED, 2);
    }
  }

  @Test
  void theGoldenSpectrumIsFound() throws IOException {
    Path folder = GoldenCases.folder("kernel-spectrum");
    int clear = GoldenCases.json(folder).get("clear_gap_after").getAsInt();
    try (NormalizedAdjacency kernel = GoldenKernel.of("case_a");
        SafeTensors golden = SafeTensors.open(folder.resolve("tensors.safetensors"))) {
      EigenOptions options = EigenOptions.of(8).withTolerance(1e-5);
      try (Eigenpairs lanczos = BlockLanczos.leading(kernel, options, Progress.NONE);
          Eigenpairs dense = DenseEigensolver.leading(kernel, options)) {
        checkGolden(golden, clear, lanczos);
        checkGolden(golden, clear, dense);
      }
    }
  }

  private static void checkGolden(SafeTensors golden, int clear, Eigenpairs found) {
    for (int i = 0; i < 8; i++) {
      assertEquals(golden.tensor("top8_eigenvalues").get(i), found.values()[i], 1e-5);
    }
    // The first ones stand clear of the others: the projection onto their space.
    Tensor expected = golden.tensor("top8_eigenvectors");
    for (int i = 0; i < clear; i++) {
      double inside = 0;
      for (int j = 0; j < clear; j++) {
        double product = 0;
        for (long row = 0; row < expected.size(0); row++) {
          product += (double) expected.get(row * 8 + i) * found.vectors().get(row * 8 + j);
        }
        inside += product * product;
      }
      assertEquals(1, inside, 1e-3);
    }
  }

  @Test
  void lanczosFindsWhatTheWholeDecompositionFinds() throws IOException {
    findsWhatTheWholeDecompositionFinds(TestSeed.next());
  }

  /** A product of which little is new: what rounding leaves in it must not be scaled up. */
  @Test
  void aBasisStaysOrthogonalWhereProductsHoldLittleNew() throws IOException {
    findsWhatTheWholeDecompositionFinds(26378714803835L);
  }

  private static void findsWhatTheWholeDecompositionFinds(long seed) throws IOException {
    try (Tensor features = RandomData.gaussian(new Random(seed), 900, 6);
        NormalizedAdjacency kernel = of(features, 12)) {
      EigenOptions options = EigenOptions.of(20).withTolerance(1e-5);
      try (Eigenpairs found = Eigensolver.leading(kernel, options, Progress.NONE);
          Eigenpairs oracle = DenseEigensolver.leading(kernel, options)) {
        assertArrayEquals(oracle.values(), found.values(), 1e-5, "seed " + seed);
        assertTrue(found.worstResidual() <= 1e-5 * found.values()[0], "seed " + seed);
        checkResiduals(kernel, found, 1e-4);
        checkOrthonormal(found);
      }
    }
  }

  /** Eigenvalues that lie close take many restarts, and so a filter. */
  @Test
  void closeEigenvaluesAreFoundThroughAFilter() throws IOException {
    long seed = TestSeed.next();
    try (Tensor features = RandomData.gaussian(new Random(seed), 1500, 3);
        NormalizedAdjacency kernel = of(features, 8)) {
      EigenOptions options = EigenOptions.of(40).withTolerance(1e-5);
      assertTrue(
          plainRestarts(kernel, options) > BlockLanczos.PLAIN_RESTARTS, "too easy, seed " + seed);
      try (Eigenpairs found = BlockLanczos.leading(kernel, options, Progress.NONE);
          Eigenpairs oracle = DenseEigensolver.leading(kernel, options)) {
        assertArrayEquals(oracle.values(), found.values(), 1e-5, "seed " + seed);
        assertTrue(found.worstResidual() <= 1e-5 * found.values()[0], "seed " + seed);
        checkResiduals(kernel, found, 2e-5);
        checkOrthonormal(found);
      }
    }
  }

  /**
   * Restarts without a filter until all is found; one more than there are if that is not enough.
   */
  private static int plainRestarts(NormalizedAdjacency kernel, EigenOptions options)
      throws IOException {
    for (int restarts = 0; restarts <= BlockLanczos.PLAIN_RESTARTS; restarts++) {
      EigenOptions few =
          new EigenOptions(options.count(), options.tolerance(), restarts, 0, options.threads());
      try (Eigenpairs found = BlockLanczos.leading(kernel, few, Progress.NONE)) {
        if (found.worstResidual() <= options.tolerance() * found.values()[0]) {
          return restarts;
        }
      }
    }
    return BlockLanczos.PLAIN_RESTARTS + 1;
  }

  @Test
  void aFilterIsAChebyshevPolynomialOfTheKernel() throws IOException {
    try (NormalizedAdjacency kernel = groups(700, 5, 6);
        Eigenpairs pairs = DenseEigensolver.leading(kernel, EigenOptions.of(TallMatrix.WIDTH));
        TallMatrix source = new TallMatrix(700);
        TallMatrix target = new TallMatrix(700);
        TallMatrix one = new TallMatrix(700);
        TallMatrix other = new TallMatrix(700)) {
      source.take(pairs.vectors(), 0);
      for (int degree : new int[] {1, 3, 5, 7, 15}) {
        ChebyshevFilter filter =
            degree == 1 ? ChebyshevFilter.NONE : new ChebyshevFilter(degree, 0.1, 0.6);
        TallMatrix[] spare = {one, other};
        filter.multiply(kernel, source, target, spare, 2);
        double[] lifted = source.inner(target, 2);
        for (int i = 0; i < TallMatrix.WIDTH; i++) {
          double value = lifted[i * TallMatrix.WIDTH + i];
          double own = pairs.values()[i];
          double expected = degree == 1 ? own : chebyshev(degree, (own - 0.1) / 0.6);
          assertEquals(expected, value, 1e-4 * Math.max(1, expected), "degree " + degree);
          if (own > 0.71 && degree > 1) {
            assertEquals(own, filter.eigenvalue(value), 1e-5, "degree " + degree);
          }
        }
      }
    }
  }

  @Test
  void residualsOfAFilterBoundThoseOfTheKernel() {
    for (int degree = 3; degree <= 15; degree += 2) {
      ChebyshevFilter filter = new ChebyshevFilter(degree, 0.1, 0.6);
      for (double own = 0.71; own < 1.5; own += 0.01) {
        double bound = filter.residualBound(own);
        double tightest = 0;
        for (double other = own - 1.7; other < 1.5; other += 0.00317) {
          if (other < -0.5) {
            continue; // below the interval there is nothing
          }
          double lifted =
              chebyshev(degree, (own - 0.1) / 0.6) - chebyshev(degree, (other - 0.1) / 0.6);
          double ratio = Math.abs(own - other) / Math.abs(lifted);
          assertTrue(ratio <= bound, "degree %d, %s and %s".formatted(degree, own, other));
          tightest = Math.max(tightest, ratio);
        }
        assertTrue(bound < 2 * tightest, "degree %d, %s".formatted(degree, own));
      }
    }
  }

  @Test
  void aFilterIsAsStrongAsRoundingAndToleranceAllow() {
    assertEquals(ChebyshevFilter.NONE, ChebyshevFilter.between(-0.2, 0.9, 1, 1e-6));
    int last = 1;
    for (double tolerance : new double[] {1e-5, 1e-4, 1e-3}) {
      ChebyshevFilter filter = ChebyshevFilter.between(-0.2, 0.9, 1, tolerance);
      assertTrue(filter.degree() > last && filter.degree() % 2 == 1, "degree " + filter.degree());
      assertEquals(0.9, filter.cut(), 1e-12);
      // Rounding of the largest product is a small part of what a vector at the cut may be off by.
      double lift = chebyshev(filter.degree(), (1 - filter.centre()) / filter.halfWidth());
      assertTrue(8 * 0x1p-24 * lift <= tolerance, "lift " + lift);
      last = filter.degree();
    }
  }

  private static double chebyshev(int degree, double x) {
    if (Math.abs(x) <= 1) {
      return Math.cos(degree * Math.acos(x));
    }
    return Math.pow(Math.signum(x), degree) * Math.cosh(degree * acosh(Math.abs(x)));
  }

  private static double acosh(double x) {
    return Math.log(x + Math.sqrt(x * x - 1));
  }

  @Test
  void equalEigenvaluesAreAllFound() throws IOException {
    try (NormalizedAdjacency kernel = groups(700, 20, 1);
        Eigenpairs found = Eigensolver.leading(kernel, EigenOptions.of(24), Progress.NONE)) {
      for (int i = 0; i < 20; i++) {
        assertEquals(1, found.values()[i], 1e-5);
      }
      assertTrue(found.values()[20] < 0.99, "20 groups only");
      checkOrthonormal(found);
      checkResiduals(kernel, found, 1e-3);
    }
  }

  /** More equal eigenvalues than a block has vectors, and close ones, through a filter. */
  @Test
  void moreEqualEigenvaluesThanABlockHoldsAreAllFoundThroughAFilter() throws IOException {
    findsAllCopies(TestSeed.next());
  }

  /** Products of one block alone show the 16 copies that it has vectors for. */
  @Test
  void equalEigenvaluesThatProductsNeverShowAreFound() throws IOException {
    findsAllCopies(14490724677851L);
  }

  private static void findsAllCopies(long seed) throws IOException {
    int copies = 20;
    EigenOptions options = EigenOptions.of(64).withTolerance(1e-5);
    try (Tensor one = RandomData.gaussian(new Random(seed), 250, 3);
        Tensor all = copies(one, copies);
        NormalizedAdjacency single = of(one, 8);
        NormalizedAdjacency kernel = of(all, 8)) {
      assertTrue(
          plainRestarts(kernel, options) > BlockLanczos.PLAIN_RESTARTS, "too easy, seed " + seed);
      try (Eigenpairs expected = DenseEigensolver.leading(single, EigenOptions.of(4));
          Eigenpairs found = BlockLanczos.leading(kernel, options, Progress.NONE)) {
        for (int i = 0; i < 64; i++) {
          String what = "eigenvalue %d, seed %d".formatted(i, seed);
          assertEquals(expected.values()[i / copies], found.values()[i], 1e-5, what);
        }
        assertTrue(found.worstResidual() <= 1e-5 * found.values()[0], "seed " + seed);
        checkOrthonormal(found);
      }
    }
  }

  /** The same rows again and again, each time in channels of their own. */
  private static Tensor copies(Tensor rows, int copies) {
    long dim = rows.size(1);
    Tensor all = Tensor.allocate(DType.F32, rows.size(0) * copies, dim * copies);
    for (long row = 0; row < all.size(0); row++) {
      long copy = row % copies;
      for (long c = 0; c < dim; c++) {
        all.set((row * copies + copy) * dim + c, rows.get(row / copies * dim + c));
      }
    }
    return all;
  }

  @Test
  void threadsChangeNothingAndSeedsOnlyRounding() throws IOException {
    try (NormalizedAdjacency kernel = groups(2500, 5, 2)) {
      EigenOptions options = EigenOptions.of(9).withThreads(1);
      try (Eigenpairs one = Eigensolver.leading(kernel, options, Progress.NONE);
          Eigenpairs three = Eigensolver.leading(kernel, options.withThreads(3), Progress.NONE);
          Eigenpairs other = Eigensolver.leading(kernel, options.withSeed(7), Progress.NONE)) {
        assertEquals(-1, one.vectors().segment().mismatch(three.vectors().segment()));
        assertArrayEquals(one.values(), three.values());
        assertArrayEquals(one.values(), other.values(), 1e-4);
      }
    }
  }

  @Test
  void patchesWithoutNeighboursAreZeroInEveryVector() throws IOException {
    try (Tensor features = RandomData.gaussian(new Random(3), 600, 4)) {
      for (long c = 0; c < 4; c++) {
        features.set(100 * 4 + c, 0); // no similarity to anything
      }
      try (NormalizedAdjacency kernel = of(features, 5);
          Eigenpairs found = Eigensolver.leading(kernel, EigenOptions.of(3), Progress.NONE)) {
        for (long c = 0; c < 3; c++) {
          assertEquals(0, found.vectors().get(100 * 3 + c), 1e-4);
        }
      }
    }
  }

  @Test
  void refusesMorePairsThanRowsAndStopsWhenAsked() throws IOException {
    try (NormalizedAdjacency kernel = groups(600, 3, 4)) {
      String message =
          assertThrows(
                  BadInputException.class,
                  () -> Eigensolver.leading(kernel, EigenOptions.of(601), Progress.NONE))
              .getMessage();
      assertTrue(message.contains("601 eigenvectors of a kernel of 600 patches"), message);
      assertThrows(
          CancelledException.class,
          () -> Eigensolver.leading(kernel, EigenOptions.of(3), new StoppingProgress()));
    }
  }

  @Test
  void functionsThatSpanTheEigenvectorsAreFullyAligned() throws IOException {
    try (NormalizedAdjacency kernel = groups(600, 4, 5);
        Eigenpairs exact = Eigensolver.leading(kernel, EigenOptions.of(6), Progress.NONE);
        Tensor mixed = Tensor.allocate(DType.F32, 600, 5);
        Tensor one = Tensor.allocate(DType.F32, 600, 1)) {
      for (long row = 0; row < 600; row++) {
        float[] values = exact.vectors().slice(row, 1).toFloats();
        mixed.set(row * 5, values[0] + values[1]);
        mixed.set(row * 5 + 1, values[0] - 3 * values[2]);
        mixed.set(row * 5 + 2, values[1] + values[2]);
        mixed.set(row * 5 + 3, values[3] - values[2]);
        mixed.set(row * 5 + 4, values[0] + 2 * values[1] + values[2]); // of those before
        one.set(row, values[1] + values[5]);
      }
      Alignment whole = Alignment.of(kernel, exact, mixed, 2);
      assertEquals(4, whole.rank());
      assertEquals(1, whole.trace(), 1e-3);
      assertEquals(1, whole.mean(4), 1e-3);
      assertEquals(0, whole.shares()[4] + whole.shares()[5], 1e-3);
      Alignment half = Alignment.of(kernel, exact, one, 2);
      assertEquals(0.5, half.shares()[1], 1e-3);
      assertEquals(0.5, half.shares()[5], 1e-3);
      try (Tensor projected = Alignment.project(one, exact.vectors())) {
        for (long row = 0; row < 600; row++) {
          assertEquals(one.get(row) / 2, projected.get(row * 6 + 1), 1e-4);
          assertEquals(0, projected.get(row * 6), 1e-4);
        }
      }
    }
  }

  private static void checkResiduals(NormalizedAdjacency kernel, Eigenpairs found, double most)
      throws IOException {
    long rows = kernel.rows();
    int count = found.count();
    try (Tensor product = Tensor.allocate(DType.F32, rows, count)) {
      kernel.multiply(0, rows, found.vectors(), product, 2);
      for (int pair = 0; pair < count; pair++) {
        double squares = 0;
        for (long row = 0; row < rows; row++) {
          long place = row * count + pair;
          double rest = product.get(place) - found.values()[pair] * found.vectors().get(place);
          squares += rest * rest;
        }
        assertTrue(Math.sqrt(squares) < most, "pair " + pair + ": " + Math.sqrt(squares));
      }
    }
  }

  private static void checkOrthonormal(Eigenpairs found) {
    int count = found.count();
    for (int i = 0; i < count; i++) {
      for (int j = 0; j <= i; j++) {
        double product = 0;
        for (long row = 0; row < found.vectors().size(0); row++) {
          product +=
              (double) found.vectors().get(row * count + i) * found.vectors().get(row * count + j);
        }
        assertEquals(i == j ? 1 : 0, product, 1e-4);
      }
    }
  }
}
