package dev.eigenseg.infer.vit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.eigenseg.infer.vit.VitConfig.Positions;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PositionEmbeddingsTest {
  private static final float[] GRID = {
    3, -1, 4, 1, -5, 9, 2, -6, 5, 3, -5, 8, 9, -7, 9, 3, 2, -3, 8, 4, 6, -2, 6, 4, -3
  };

  /**
   * On 3 x 7 patches by PyTorch's interpolate: antialiased, not, and by scale_factor of 0.1 more.
   */
  private static final Map<Positions, float[]> EXPECTED =
      Map.of(
          Positions.BICUBIC,
          new float[] {
            5.993279f, 2.670829f, -0.350885f, -0.246154f, 2.185334f, 0.872661f, -1.956833f,
            -0.635132f, 3.298396f, 5.544361f, 2.64186f, -0.853564f, 2.36207f, 7.739716f,
            4.855116f, 1.644109f, -0.143798f, 2.353845f, 5.43346f, 3.418539f, -0.400297f
          },
          Positions.BICUBIC_ALIASED,
          new float[] {
            6.143345f, 2.110624f, -1.070589f, 0.01852f, 2.804259f, 0.82097f, -3.26671f,
            -6.023329f, 2.43732f, 10.384839f, 9.0f, -4.483967f, -1.9621f, 10.259482f,
            6.017497f, 1.310764f, -1.006912f, 2.499996f, 6.084522f, 3.460914f, -1.638217f
          },
          Positions.BICUBIC_OFFSET,
          new float[] {
            5.869092f, 2.025686f, -0.945869f, 0.323073f, 2.688517f, 0.92922f, -3.289645f,
            -5.469337f, 2.446043f, 9.99777f, 8.96764f, -3.835473f, -2.991219f, 9.685524f,
            5.788843f, 1.791855f, -1.204398f, 0.57653f, 6.067436f, 5.230921f, -0.554301f
          });

  private static VitConfig config(Positions positions, int registers, int prefixPositions) {
    return new VitConfig(
        16,
        1,
        1,
        1,
        1,
        false,
        5,
        5,
        true,
        false,
        registers,
        prefixPositions,
        false,
        false,
        true,
        true,
        1e-6f,
        VitConfig.Activation.GELU,
        PixelNormalization.VIT,
        VitConfig.High.TOKENS,
        positions,
        Optional.empty());
  }

  @Test
  void aGridIsResampledAsItsLibraryDoes() {
    EXPECTED.forEach((positions, expected) -> {
      float[] found = PositionEmbeddings.fit(GRID, config(positions, 0, 0), 3, 7);
      assertEquals(0, found[0], "a class token without a position");
      assertArrayEquals(expected, Arrays.copyOfRange(found, 1, found.length), 2e-5f);
    });
  }

  @Test
  void itsOwnGridStaysAsItIs() {
    for (Positions positions : Positions.values()) {
      float[] found = PositionEmbeddings.fit(GRID, config(positions, 0, 0), 5, 5);
      assertArrayEquals(GRID, Arrays.copyOfRange(found, 1, found.length));
    }
  }

  @Test
  void registersMayHaveNoPositionWhereTheClassTokenHasOne() {
    float[] stored = new float[GRID.length + 1];
    stored[0] = 11;
    System.arraycopy(GRID, 0, stored, 1, GRID.length);
    float[] found = PositionEmbeddings.fit(stored, config(Positions.BICUBIC, 2, 1), 5, 5);
    assertArrayEquals(new float[] {11, 0, 0, 3}, Arrays.copyOf(found, 4));
    assertEquals(3 + GRID.length, found.length);
  }
}
