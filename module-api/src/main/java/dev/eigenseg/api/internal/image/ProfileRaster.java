package dev.eigenseg.api.internal.image;

import java.awt.color.CMMException;
import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.ColorConvertOp;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.util.stream.IntStream;

/** Colours of a profile as sRGB, by the JDK's colour management. */
final class ProfileRaster {
  private static final ICC_Profile SRGB = ICC_Profile.getInstance(ColorSpace.CS_sRGB);
  private static final int STEP = 15;
  private static final int SIDE = 255 / STEP + 1;

  private ProfileRaster() {}

  private static ColorConvertOp toSrgb(ICC_Profile profile) {
    return new ColorConvertOp(new ICC_Profile[] {profile, SRGB}, null);
  }

  /**
   * Converts some bands of a raster, 16 bits from 16 bits: 8 bits of linear light would tell too
   * few dark tones apart.
   *
   * @return three bands of bytes
   */
  static Raster convert(ICC_Profile profile, Raster raster, int[] bands) {
    WritableRaster rgb = bytes(raster.getWidth(), raster.getHeight(), 3);
    Raster colors = raster.createChild(0, 0, raster.getWidth(), raster.getHeight(), 0, 0, bands);
    toSrgb(profile).filter(colors, rgb);
    return rgb;
  }

  /**
   * Whether colours of a profile have to be converted. Not if it says of 8-bit RGB what is assumed
   * without a profile, within a rounding, and not if it cannot be used, as viewers do.
   */
  static boolean matters(ICC_Profile profile) {
    try {
      if (profile.getColorSpaceType() != ColorSpace.TYPE_RGB) {
        int[] all = IntStream.range(0, profile.getNumComponents()).toArray();
        convert(profile, bytes(1, 1, all.length), all); // fails if it cannot
        return true;
      }
      WritableRaster grid = bytes(SIDE * SIDE, SIDE, 3);
      for (int i = 0; i < SIDE * SIDE * SIDE; i++) {
        int[] color = {i % SIDE * STEP, i / SIDE % SIDE * STEP, i / SIDE / SIDE * STEP};
        grid.setPixel(i % (SIDE * SIDE), i / SIDE / SIDE, color);
      }
      return difference(grid, convert(profile, grid, new int[] {0, 1, 2})) > 1;
    } catch (CMMException | IllegalArgumentException e) {
      return false;
    }
  }

  private static int difference(Raster a, Raster b) {
    int[] left = a.getPixels(0, 0, a.getWidth(), a.getHeight(), (int[]) null);
    int[] right = b.getPixels(0, 0, b.getWidth(), b.getHeight(), (int[]) null);
    return IntStream.range(0, left.length).map(i -> Math.abs(left[i] - right[i])).max().orElse(0);
  }

  private static WritableRaster bytes(int width, int height, int bands) {
    return Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, width, height, bands, null);
  }
}
