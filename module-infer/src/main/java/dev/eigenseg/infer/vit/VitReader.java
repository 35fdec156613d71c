package dev.eigenseg.infer.vit;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.infer.vit.VitConfig.Activation;
import dev.eigenseg.infer.vit.VitConfig.High;
import dev.eigenseg.infer.vit.VitConfig.Positions;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;

/** Puts the configuration of a Vision Transformer together from its tensors and settings. */
final class VitReader {
  private static final int HEAD_DIM = 64;
  private static final float EPS = 1e-6f;
  private static final float CLIP_EPS = 1e-5f;

  /**
   * Widths of published models whose heads do not have 64 channels: SO400M has 16 of 72, huge 16 of
   * 80, giant 16 of 88, gigantic 16 of 104.
   */
  private static final Map<Integer, Integer> OTHER_HEADS =
      Map.of(1152, 16, 1280, 16, 1408, 16, 1664, 16);

  private final VitTensors tensors;
  private final VitSettings settings;
  private final TimmConfig published;
  private final boolean normPre;

  private VitReader(VitTensors tensors, VitSettings settings) {
    this.tensors = tensors;
    this.settings = settings;
    this.published = settings.published();
    this.normPre = tensors.has("norm_pre.weight");
  }

  static VitConfig read(VitTensors tensors, VitSettings settings) {
    return new VitReader(tensors, settings).config();
  }

  /** The settings under which {@link #read} gives this configuration again. */
  static SequencedMap<String, String> settings(VitConfig config, VitTensors tensors) {
    SequencedMap<String, String> settings = new LinkedHashMap<>();
    settings.put(VitSettings.HEADS, "" + config.heads());
    settings.put(VitSettings.NORMALIZATION, config.normalization().text());
    settings.put(VitSettings.HIGH, VitSettings.text(config.high()));
    settings.put(VitSettings.EPS, "" + config.eps());
    settings.put(VitSettings.POSITIONS, VitSettings.text(config.positions()));
    settings.put(VitSettings.ACTIVATION, VitSettings.text(config.activation()));
    int[] shown = squareGrid(tensors.shape("pos_embed", 3)[1], config.prefixTokens());
    if (shown.length == 0 || shown[0] != config.gridRows() || shown[0] != config.gridColumns()) {
      settings.put(VitSettings.GRID, config.gridRows() + "x" + config.gridColumns());
    }
    return settings;
  }

  private VitConfig config() {
    int depth = tensors.depth();
    long[] patch = tensors.shape("patch_embed.proj.weight", 4);
    int dim = Math.toIntExact(patch[0]);
    if (patch[1] != 3 || patch[2] != patch[3]) {
      throw tensors.refused(
          "its patches are %d x %d pixels of %d channels, expected squares of 3 channels"
              .formatted(patch[2], patch[3], patch[1]));
    }
    checkWidth(dim);
    int patchSize = Math.toIntExact(patch[2]);
    int mlp = mlp(dim);
    int registers =
        tensors.has("reg_token") ? Math.toIntExact(tensors.shape("reg_token", 3)[1]) : 0;
    boolean classToken = tensors.has("cls_token");
    boolean distilled = tensors.has("dist_token");
    int prefix = (classToken ? 1 : 0) + (distilled ? 1 : 0) + registers;
    long positions = tensors.shape("pos_embed", 3)[1];
    int[] grid = grid(positions, prefix, patchSize);
    VitConfig config =
        new VitConfig(
            patchSize,
            dim,
            depth,
            heads(dim),
            mlp,
            grid[0],
            grid[1],
            classToken,
            distilled,
            registers,
            prefix > 0 && positions != (long) grid[0] * grid[1],
            tensors.has("blocks.0.ls1.gamma"),
            normPre,
            tensors.has("patch_embed.proj.bias"),
            tensors.has("blocks.0.attn.qkv.bias"),
            eps(),
            activation(),
            normalization(distilled, registers),
            settings.choice(VitSettings.HIGH, High.class).orElse(High.TOKENS),
            settings.choice(VitSettings.POSITIONS, Positions.class).orElse(Positions.BICUBIC));
    tensors.check(config);
    return config;
  }

  private void checkWidth(int dim) {
    OptionalInt said = published.features();
    if (said.isPresent() && said.getAsInt() != dim) {
      throw new BadInputException(
          "%s describes a model of %d channels, %s has %d; a configuration of its own beside NAME.safetensors is called NAME.json"
              .formatted(published.where(), said.getAsInt(), tensors.where(), dim));
    }
  }

  private int mlp(int dim) {
    long hidden = tensors.shape("blocks.0.mlp.fc1.weight", 2)[0];
    long[] out = tensors.shape("blocks.0.mlp.fc2.weight", 2);
    if (hidden == 2 * out[1] && out[0] == dim) {
      throw tensors.refused(
          "its hidden layers are gated (SwiGLU): fc1 gives %d channels, fc2 takes %d"
              .formatted(hidden, out[1]));
    }
    return Math.toIntExact(hidden);
  }

  private int heads(int dim) {
    OptionalInt said = published.argument("num_heads");
    String architecture = published.architecture();
    Optional<Integer> given = settings.heads();
    int heads;
    if (given.isPresent()) {
      heads = given.get();
    } else if (said.isPresent()) {
      heads = said.getAsInt();
    } else if (OTHER_HEADS.containsKey(dim) && !architecture.isEmpty()) {
      heads = OTHER_HEADS.get(dim);
    } else if (OTHER_HEADS.containsKey(dim) || dim % HEAD_DIM != 0) {
      throw new BadInputException(
          "%s has %d channels, which %s; set heads, or put timm's config.json beside it"
              .formatted(
                  tensors.where(),
                  dim,
                  dim % HEAD_DIM != 0
                      ? "are no multiple of 64, so its number of heads cannot be guessed"
                      : "published models divide into other heads than of 64"));
    } else {
      heads = dim / HEAD_DIM;
      if (architecture.isEmpty()) {
        settings
            .assumed()
            .add(
                "heads = %d, 64 channels each as in nearly all published models: the weights do not show it"
                    .formatted(heads));
      }
    }
    if (dim % heads != 0) {
      throw new BadInputException(
          "%d heads do not divide the %d channels of %s".formatted(heads, dim, tensors.where()));
    }
    return heads;
  }

  /** Rows and columns of the grid of the position embeddings. */
  private int[] grid(long positions, int prefix, int patchSize) {
    Optional<int[]> given = settings.grid();
    if (given.isPresent()) {
      return fitting(given.get(), positions, prefix)
          .orElseThrow(() ->
              new BadInputException(
                  "%s has %d position embeddings and %d tokens before the patches, which do not make a grid of %d x %d"
                      .formatted(
                          tensors.where(), positions, prefix, given.get()[0], given.get()[1])));
    }
    int[] square = squareGrid(positions, prefix);
    Optional<int[]> said =
        published
            .imageSize()
            .map(size -> new int[] {size[0] / patchSize, size[1] / patchSize})
            .flatMap(grid -> fitting(grid, positions, prefix));
    return said.orElseGet(() -> {
      if (square.length == 0) {
        throw new BadInputException(
            "%s has %d position embeddings and %d tokens before the patches, which do not make one square grid; set grid to ROWSxCOLUMNS"
                .formatted(tensors.where(), positions, prefix));
      }
      return square;
    });
  }

  private static Optional<int[]> fitting(int[] grid, long positions, int prefix) {
    long patches = (long) grid[0] * grid[1];
    return patches > 0 && (patches == positions || patches + prefix == positions)
        ? Optional.of(grid)
        : Optional.empty();
  }

  /** The one square grid that fits, with the prefix or without; empty if there is none, or two. */
  private static int[] squareGrid(long positions, int prefix) {
    int all = root(positions);
    int patches = root(positions - prefix);
    if (prefix > 0 && all > 0 && patches > 0) {
      return new int[0];
    }
    int side = Math.max(all, patches);
    return side == 0 ? new int[0] : new int[] {side, side};
  }

  private static int root(long square) {
    int root = square <= 0 ? 0 : (int) Math.round(Math.sqrt(square));
    return (long) root * root == square ? root : 0;
  }

  private float eps() {
    Optional<Float> given = settings.eps();
    if (given.isPresent()) {
      return given.get();
    }
    float eps = normPre || published.architecture().contains("clip") ? CLIP_EPS : EPS;
    if (published.architecture().isEmpty()) {
      settings
          .assumed()
          .add(
              normPre
                  ? "eps = 1e-5, as in timm's CLIP towers: norm_pre shows one, the weights do not show eps"
                  : "eps = 1e-6, as in all of timm's ViTs but CLIP: the weights do not show it");
    }
    return eps;
  }

  private Activation activation() {
    Optional<Activation> given = settings.choice(VitSettings.ACTIVATION, Activation.class);
    if (given.isPresent()) {
      return given.get();
    }
    Optional<String> said = published.activation();
    if (said.isPresent()) {
      return switch (said.get()) {
        case "gelu" -> Activation.GELU;
        case "quick_gelu", "quickgelu" -> Activation.QUICK_GELU;
        default ->
            throw new BadInputException(
                "%s says act_layer = %s; supported are gelu and quick_gelu"
                    .formatted(published.where(), said.get()));
      };
    }
    if (normPre && published.architecture().isEmpty()) {
      throw new BadInputException(
          "%s is a CLIP tower (norm_pre): OpenAI's use quick-gelu, LAION's gelu; set activation, or put timm's config.json beside it"
              .formatted(tensors.where()));
    }
    return published.architecture().contains("quickgelu") ? Activation.QUICK_GELU : Activation.GELU;
  }

  private PixelNormalization normalization(boolean distilled, int registers) {
    Optional<String> given = settings.text(VitSettings.NORMALIZATION);
    if (given.isPresent()) {
      return PixelNormalization.parse(given.get());
    }
    return published
        .normalization()
        .orElseGet(() -> {
          if (normPre) {
            return assumed(PixelNormalization.CLIP, "norm_pre shows a CLIP tower");
          }
          if (distilled) {
            return assumed(PixelNormalization.IMAGENET, "dist_token shows a DeiT");
          }
          if (registers > 0 || tensors.has("blocks.0.ls1.gamma")) {
            return assumed(
                PixelNormalization.IMAGENET, "layer scale or registers show a DINOv2 or DeiT III");
          }
          return assumed(
              PixelNormalization.VIT,
              "as the ViTs trained on ImageNet-21k; DINO and DeiT need imagenet, and have the same tensors");
        });
  }

  private PixelNormalization assumed(PixelNormalization normalization, String why) {
    settings.assumed().add("normalization = %s: %s".formatted(normalization.text(), why));
    return normalization;
  }
}
