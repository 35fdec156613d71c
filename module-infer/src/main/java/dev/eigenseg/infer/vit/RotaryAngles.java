package dev.eigenseg.infer.vit;

import dev.eigenseg.infer.vit.VitConfig.Rotary;

/** The angles by which rotary positions turn queries and keys. */
final class RotaryAngles {
  private RotaryAngles() {}

  /** The periods of a head's quarter of channels, {@code theta^(4 i / headDim)}. */
  static float[] periods(Rotary rotary, int headDim) {
    float[] periods = new float[headDim / 4];
    for (int i = 0; i < periods.length; i++) {
      periods[i] = (float) Math.pow(rotary.theta(), 4.0 * i / headDim);
    }
    return periods;
  }

  /**
   * Cosines, then sines, of the angles of all tokens on a grid: {@code [2, tokens, headDim / 2]}.
   * Tokens before the patches are not turned.
   */
  static float[] on(VitConfig config, float[] periods, int rows, int columns) {
    int half = config.headDim() / 2;
    int tokens = Math.addExact(config.prefixTokens(), Math.multiplyExact(rows, columns));
    int sines = Math.multiplyExact(tokens, half);
    float[] table = new float[Math.multiplyExact(2, sines)];
    for (int i = 0; i < config.prefixTokens() * half; i++) {
      table[i] = 1;
    }
    int at = config.prefixTokens() * half;
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        for (int channel = 0; channel < half; channel++) {
          boolean ofRow = channel < periods.length;
          double center = ofRow ? 2 * (row + 0.5) / rows - 1 : 2 * (column + 0.5) / columns - 1;
          double angle = 2 * Math.PI * center / periods[channel % periods.length];
          table[at] = (float) Math.cos(angle);
          table[sines + at] = (float) Math.sin(angle);
          at++;
        }
      }
    }
    return table;
  }
}
