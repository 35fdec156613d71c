package dev.eigenseg.infer.vit;

import java.lang.foreign.Arena;
import java.util.function.DoubleUnaryOperator;

/** A Vision Transformer in plain loops and double precision. */
record VitOracle(VitCheckpoint checkpoint, VitConfig config) {
  /** The tokens of all patches after the last norm, on the grid of the checkpoint. */
  double[][] high(float[] pixels) {
    double[][] x = embed(pixels);
    if (config.normPre()) {
      x = norm(x, "norm_pre");
    }
    for (int i = 0; i < config.depth(); i++) {
      String block = "blocks." + i + ".";
      add(
          x,
          linear(attention(norm(x, block + "norm1"), block), block + "attn.proj"),
          block + "ls1");
      double[][] hidden = linear(norm(x, block + "norm2"), block + "mlp.fc1");
      for (double[] row : hidden) {
        for (int c = 0; c < row.length; c++) {
          row[c] = activation().applyAsDouble(row[c]);
        }
      }
      add(x, linear(hidden, block + "mlp.fc2"), block + "ls2");
    }
    return norm(x, "norm");
  }

  private DoubleUnaryOperator activation() {
    return config.activation() == VitConfig.Activation.QUICK_GELU
        ? v -> v / (1 + Math.exp(-1.702 * v))
        : v -> v * phi(v);
  }

  // Simpson's rule over the density.
  private static double phi(double x) {
    int n = 2000;
    double h = x / n;
    double sum = 0;
    for (int i = 0; i <= n; i++) {
      sum += (i == 0 || i == n ? 1 : i % 2 == 1 ? 4 : 2) * Math.exp(-i * h * i * h / 2);
    }
    return 0.5 + sum * h / 3 / Math.sqrt(2 * Math.PI);
  }

  private double[][] embed(float[] pixels) {
    int side = config.patchSize();
    int width = side * config.gridColumns();
    int plane = width * side * config.gridRows();
    int prefix = config.prefixTokens();
    double[][] x = new double[prefix + config.gridRows() * config.gridColumns()][config.dim()];
    float[] kernel = floats("patch_embed.proj.weight");
    float[] bias = config.patchBias() ? floats("patch_embed.proj.bias") : new float[config.dim()];
    float[] positions = floats("pos_embed");
    for (int token = 0; token < x.length; token++) {
      int patch = token - prefix;
      for (int c = 0; c < config.dim(); c++) {
        int position =
            token < config.prefixPositions()
                ? token
                : patch < 0 ? -1 : patch + config.prefixPositions();
        double sum = position < 0 ? 0 : positions[position * config.dim() + c];
        if (patch < 0) {
          String name = token == 0 ? "cls_token" : "reg_token";
          x[token][c] = sum + floats(name)[Math.max(0, token - 1) * config.dim() + c];
          continue;
        }
        for (int i = 0; i < 3 * side * side; i++) {
          int channel = i / (side * side);
          int row = patch / config.gridColumns() * side + i / side % side;
          int column = patch % config.gridColumns() * side + i % side;
          double pixel = pixels[channel * plane + row * width + column];
          double mean = config.normalization().mean().get(channel);
          double deviation = config.normalization().deviation().get(channel);
          sum += kernel[c * 3 * side * side + i] * (pixel - mean) / deviation;
        }
        x[token][c] = sum + bias[c];
      }
    }
    return x;
  }

  private double[][] attention(double[][] x, String block) {
    double[][] qkv = linear(x, block + "attn.qkv");
    int dim = config.dim();
    int size = config.headDim();
    double[][] result = new double[x.length][dim];
    for (int head = 0; head < config.heads(); head++) {
      for (int i = 0; i < x.length; i++) {
        double[] weights = new double[x.length];
        double total = 0;
        for (int j = 0; j < x.length; j++) {
          double dot = 0;
          for (int c = head * size; c < (head + 1) * size; c++) {
            dot += qkv[i][c] * qkv[j][dim + c];
          }
          weights[j] = Math.exp(dot / Math.sqrt(size));
          total += weights[j];
        }
        for (int j = 0; j < x.length; j++) {
          for (int c = head * size; c < (head + 1) * size; c++) {
            result[i][c] += weights[j] / total * qkv[j][2 * dim + c];
          }
        }
      }
    }
    return result;
  }

  private void add(double[][] x, double[][] y, String scale) {
    for (int i = 0; i < x.length; i++) {
      for (int c = 0; c < x[i].length; c++) {
        x[i][c] += y[i][c] * (config.layerScale() ? floats(scale + ".gamma")[c] : 1);
      }
    }
  }

  private double[][] norm(double[][] x, String name) {
    float[] gamma = floats(name + ".weight");
    float[] beta = floats(name + ".bias");
    double[][] result = new double[x.length][config.dim()];
    for (int i = 0; i < x.length; i++) {
      double mean = 0;
      double variance = 0;
      for (double v : x[i]) {
        mean += v / config.dim();
      }
      for (double v : x[i]) {
        variance += (v - mean) * (v - mean) / config.dim();
      }
      for (int c = 0; c < config.dim(); c++) {
        result[i][c] = (x[i][c] - mean) / Math.sqrt(variance + config.eps()) * gamma[c] + beta[c];
      }
    }
    return result;
  }

  private double[][] linear(double[][] x, String name) {
    float[] weight = floats(name + ".weight");
    float[] bias = floats(name + ".bias");
    double[][] result = new double[x.length][bias.length];
    for (int i = 0; i < x.length; i++) {
      for (int o = 0; o < bias.length; o++) {
        double sum = bias[o];
        for (int c = 0; c < x[i].length; c++) {
          sum += weight[o * x[i].length + c] * x[i][c];
        }
        result[i][o] = sum;
      }
    }
    return result;
  }

  private float[] floats(String name) {
    try (Arena arena = Arena.ofConfined()) {
      return checkpoint.read(name, arena).toFloats();
    }
  }
}
