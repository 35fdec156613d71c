package dev.eigenseg.api.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.UnavailableException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Which kernels this run has, and how others get theirs. */
final class SelectionTest {
  /** What the build wants this run to be about; vectors unless it says otherwise. */
  private static final String EXPECTED = System.getProperty("eigenseg.expected-kernels", "simd");

  @Test
  void theKernelsOfThisRunAreThoseThatItIsAbout() {
    System.out.println(VectorMath.selection());
    boolean scalar = EXPECTED.equals("scalar");
    assertEquals(EXPECTED, VectorMath.best().name(), VectorMath.selection());
    assertSame(scalar ? VectorMath.scalar() : VectorMath.simd(), VectorMath.best());
    Class<? extends GemmTile> tile = scalar ? ScalarTile.class : SimdTile.class;
    assertInstanceOf(tile, Gemm.tile());
    assertTrue(VectorMath.selection().startsWith(EXPECTED + ": "), VectorMath.selection());
    int expected =
        Integer.getInteger("eigenseg.expected-vector-bits", SimdMath.FLOATS.vectorBitSize());
    assertEquals(expected, SimdMath.FLOATS.vectorBitSize(), "this run is about narrow vectors");
  }

  @Test
  void whatWasForcedIsSaid() {
    boolean forced = System.getProperty("eigenseg.expected-kernels") != null;
    assertEquals(
        forced, VectorMath.selection().contains("forced by -Deigenseg.kernels=" + EXPECTED));
  }

  @Test
  void whatIsNamedIsTaken() {
    Selection scalar = Selection.forced("scalar", "");
    assertSame(VectorMath.scalar(), scalar.math());
    assertTrue(scalar.text().contains("forced"), scalar.text());
    Selection simd = Selection.forced("simd", "");
    assertSame(VectorMath.simd(), simd.math());
    assertTrue(simd.text().contains("forced"), simd.text());
  }

  @Test
  void vectorsThatAreNamedAndMissingAreAnError() {
    UnavailableException e =
        assertThrows(UnavailableException.class, () -> Selection.forced("simd", "; add it"));
    assertTrue(e.getMessage().endsWith("; add it"), e.getMessage());
  }

  @Test
  void anUnknownNameIsRefused() {
    BadInputException e = assertThrows(BadInputException.class, () -> Selection.forced("fast", ""));
    assertTrue(
        e.getMessage().contains("-Deigenseg.kernels=fast") && e.getMessage().contains("scalar"),
        e.getMessage());
  }

  /** A twin of the scalar kernels that takes so long for every call, busy as kernels are. */
  private static VectorMath taking(long nanos, AtomicInteger calls) {
    return (VectorMath)
        Proxy.newProxyInstance(
            VectorMath.class.getClassLoader(),
            new Class<?>[] {VectorMath.class},
            (proxy, method, arguments) -> {
              calls.incrementAndGet();
              long end = System.nanoTime() + nanos;
              while (System.nanoTime() < end) {
                Thread.onSpinWait();
              }
              return 0f;
            });
  }

  @Test
  void theScalarTwinIsChosenWhereVectorsAreSlow() {
    AtomicInteger calls = new AtomicInteger();
    VectorMath slow = taking(1_000_000, calls);
    Selection selection = Selection.decide(VectorMath.scalar(), slow, 100_000_000, 10_000_000);
    assertSame(VectorMath.scalar(), selection.math());
    assertTrue(selection.text().startsWith("scalar: "), selection.text());
    assertTrue(calls.get() > 0, "vectors were not even tried");
  }

  @Test
  void vectorsThatAreALittleSlowAreTakenInTheEnd() {
    VectorMath scalar = taking(200_000, new AtomicInteger());
    VectorMath slow = taking(260_000, new AtomicInteger());
    Selection selection = Selection.decide(scalar, slow, 2_000_000_000, 100_000_000);
    assertSame(slow, selection.math(), selection.text());
  }
}
