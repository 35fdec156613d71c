package dev.eigenseg.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.eigenseg.api.internal.kernel.VectorMath;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

/** The vectors of this run are as wide as the build wants them. */
class VectorWidthTest {
  @Test
  void vectorsAreUsedAndAsWideAsThisRunIsAbout() {
    int preferred = FloatVector.SPECIES_PREFERRED.vectorBitSize();
    assertEquals(Integer.getInteger("eigenseg.expected-vector-bits", preferred), preferred);
    assertSame(VectorMath.simd(), VectorMath.best(), VectorMath.selection());
  }
}
