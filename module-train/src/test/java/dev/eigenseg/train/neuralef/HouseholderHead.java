package dev.eigenseg.train.neuralef;

/**
 * The published code's way to an orthogonal head, for comparison with it: its raw parameters are
 * Householder vectors (torch.nn.utils.parametrizations.orthogonal). For fewer clusters than
 * channels.
 */
final class HouseholderHead {
  private static final double STEP = 1e-5; // of central differences in double precision

  private final int clusters;
  private final int channels;
  private final float[] base; // [channels, channels]

  HouseholderHead(int clusters, int channels, float[] base) {
    this.clusters = clusters;
    this.channels = channels;
    this.base = base;
  }

  /** The matrix {@code [clusters, channels]} that is applied. */
  float[] effective(float[] raw) {
    double[] q = reflectors(widen(raw));
    float[] head = new float[raw.length];
    for (int k = 0; k < clusters; k++) {
      for (int h = 0; h < channels; h++) {
        double sum = 0;
        for (int n = 0; n < channels; n++) {
          sum += (double) base[h * channels + n] * q[n * clusters + k];
        }
        head[k * channels + h] = (float) (sum * sign(raw, k));
      }
    }
    return head;
  }

  /** The gradient by the raw parameters, from that by the matrix. */
  float[] pullBack(float[] raw, float[] gradient) {
    double[] byQ = new double[channels * clusters];
    for (int k = 0; k < clusters; k++) {
      for (int n = 0; n < channels; n++) {
        double sum = 0;
        for (int h = 0; h < channels; h++) {
          sum += (double) base[h * channels + n] * gradient[k * channels + h];
        }
        byQ[n * clusters + k] = sum * sign(raw, k);
      }
    }
    double[] moved = widen(raw);
    float[] result = new float[raw.length];
    for (int k = 0; k < clusters; k++) {
      for (int h = k + 1; h < channels; h++) { // on and above the diagonal nothing is learned
        int i = k * channels + h;
        double value = moved[i];
        moved[i] = value + STEP;
        double above = dot(byQ, reflectors(moved));
        moved[i] = value - STEP;
        result[i] = (float) ((above - dot(byQ, reflectors(moved))) / (2 * STEP));
        moved[i] = value;
      }
    }
    return result;
  }

  // The first columns of the product of all reflectors I - tau v v^T, [channels, clusters].
  private double[] reflectors(double[] raw) {
    double[] q = new double[channels * clusters];
    for (int k = 0; k < clusters; k++) {
      q[k * clusters + k] = 1;
    }
    for (int j = clusters - 1; j >= 0; j--) {
      double norm = 1;
      for (int h = j + 1; h < channels; h++) {
        norm += raw[j * channels + h] * raw[j * channels + h];
      }
      for (int k = 0; k < clusters; k++) {
        double along = q[j * clusters + k];
        for (int h = j + 1; h < channels; h++) {
          along += raw[j * channels + h] * q[h * clusters + k];
        }
        along *= 2 / norm;
        q[j * clusters + k] -= along;
        for (int h = j + 1; h < channels; h++) {
          q[h * clusters + k] -= along * raw[j * channels + h];
        }
      }
    }
    return q;
  }

  private int sign(float[] raw, int k) {
    return (int) raw[k * channels + k];
  }

  private static double[] widen(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
