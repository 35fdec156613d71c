package dev.eigenseg.infer.vit;

import java.lang.foreign.Arena;
import java.util.function.DoubleUnaryOperator;

/** A Vision Transformer in plain loops and double precision. */
record VitOracle(VitCheckpoint checkpoint, VitConfig config, int rows, int columns) {
  /** All tokens after the last norm, on the grid of the checkpoint unless positions are rotary. */
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
      for (int row = 0; row < hidden.length; row++) {
        double[] active = new double[config.mlp()];
        for (int c = 0; c < active.length; c++) {
          double linear = config.gated() ? hidden[row][active.length + c] : 1;
          active[c] = activation().applyAsDouble(hidden[row][c]) * linear;
        }
        hidden[row] = active;
      }
      add(x, linear(hidden, block + "mlp.fc2"), block + "ls2");
    }
    return norm(x, "norm");
  }

  private DoubleUnaryOperator activation() {
    return switch (config.activation()) {
      case GELU -> v -> v * phi(v);
      case QUICK_GELU -> v -> v / (1 + Math.exp(-1.702 * v));
      case SILU -> v -> v / (1 + Math.exp(-v));
      case GELU_TANH ->
          v -> v / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v * v * v)));
    };
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
    int width = side * columns;
    int plane = width * side * rows;
    int prefix = config.prefixTokens();
    double[][] x = new double[prefix + rows * columns][config.dim()];
    float[] kernel = floats("patch_embed.proj.weight");
    float[] bias = config.patchBias() ? floats("patch_embed.proj.bias") : new float[config.dim()];
    boolean learned = config.rotary().isEmpty();
    float[] positions = learned ? floats("pos_embed") : new float[0];
    for (int token = 0; token < x.length; token++) {
      int patch = token - prefix;
      for (int c = 0; c < config.dim(); c++) {
        int position =
            token < config.prefixPositions()
                ? token
                : patch < 0 ? -1 : patch + config.prefixPositions();
        double sum = position < 0 || !learned ? 0 : positions[position * config.dim() + c];
        if (patch < 0) {
          String name = token == 0 ? "cls_token" : "reg_token";
          x[token][c] = sum + floats(name)[Math.max(0, token - 1) * config.dim() + c];
          continue;
        }
        for (int i = 0; i < 3 * side * side; i++) {
          int channel = i / (side * side);
          int row = patch / columns * side + i / side % side;
          int column = patch % columns * side + i % side;
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
    double[][] qkv = turned(linear(x, block + "attn.qkv"));
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

  /** Complex numbers of channels c and c + half are multiplied by exp(i angle). */
  private double[][] turned(double[][] qkv) {
    int size = config.headDim();
    for (int token = config.prefixTokens();
        config.rotary().isPresent() && token < qkv.length;
        token++) {
      int patch = token - config.prefixTokens();
      double[] center = {
        (2.0 * (patch / columns) + 1) / rows - 1, (2.0 * (patch % columns) + 1) / columns - 1
      };
      for (int head = 0; head < 2 * config.heads(); head++) {
        for (int c = 0; c < size / 2; c++) {
          double period = Math.pow(config.rotary().get().theta(), c % (size / 4) * 4.0 / size);
          double angle = 2 * Math.PI * center[c / (size / 4)] / period;
          int at = head * size + c;
          double real = qkv[token][at];
          double imaginary = qkv[token][at + size / 2];
          qkv[token][at] = real * Math.cos(angle) - imaginary * Math.sin(angle);
          qkv[token][at + size / 2] = real * Math.sin(angle) + imaginary * Math.cos(angle);
        }
      }
    }
    return qkv;
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
