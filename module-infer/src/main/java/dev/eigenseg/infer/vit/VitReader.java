package dev.eigenseg.infer.vit;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.infer.vit.VitConfig.Activation;
import dev.eigenseg.infer.vit.VitConfig.High;
import dev.eigenseg.infer.vit.VitConfig.Positions;
import dev.eigenseg.infer.vit.VitConfig.Rotary;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.SequencedSet;

/** Puts the configuration of a Vision Transformer together from its tensors and settings. */
final class VitReader {
  private static final int HEAD_DIM = 64;
  private static final float EPS = 1e-6f;
  private static final float CLIP_EPS = 1e-5f;
  private static final float DINOV3_EPS = 1e-5f;
  private static final float TRANSFORMERS_VIT_EPS = 1e-12f;
  private static final float ROPE_THETA = 100;

  /**
   * Widths of published models whose heads do not have 64 channels: SO400M has 16 of 72, huge 16 of
   * 80, giant 16 of 88, gigantic 16 of 104.
   */
  private static final Map<Integer, Integer> OTHER_HEADS =
      Map.of(1152, 16, 1280, 16, 1408, 16, 1664, 16);

  /** Of DINOv3 there is one: 7B has 32 of 128. */
  private static final Map<Integer, Integer> OTHER_HEADS_OF_DINOV3 = Map.of(4096, 32);

  private final VitTensors tensors;
  private final VitSettings settings;
  private final PublishedConfig published;
  private final boolean normPre;
  private final boolean rotary;

  private VitReader(VitTensors tensors, VitSettings settings) {
    this.tensors = tensors;
    this.settings = settings;
    this.published = settings.published();
    this.normPre = tensors.has("norm_pre.weight");
    this.rotary = rotates();
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
    if (config.rotary().isEmpty()) {
      settings.put(VitSettings.POSITIONS, VitSettings.text(config.positions()));
    }
    settings.put(VitSettings.ACTIVATION, VitSettings.text(config.activation()));
    if (config.rotary().isPresent()) {
      if (!config.rotary().get().stored()) {
        settings.put(VitSettings.ROPE_THETA, "" + config.rotary().get().theta());
      }
      return settings;
    }
    PositionGrid own =
        new PositionGrid(config.gridRows(), config.gridColumns(), config.prefixPositions());
    // Of any form, since the weights may go into a model's file, under timm's names.
    Optional<PositionGrid> shown =
        PositionGrid.square(
            tensors.shape("pos_embed", 3)[1],
            prefixes(VitForm.TIMM, special(tensors), config.registers()));
    if (shown.isEmpty() || !shown.get().equals(own)) {
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
    long in = tensors.shape("blocks.0.mlp.fc1.weight", 2)[0];
    int mlp = Math.toIntExact(tensors.shape("blocks.0.mlp.fc2.weight", 2)[1]);
    boolean gated = in == 2L * mlp;
    int registers =
        tensors.has("reg_token") ? Math.toIntExact(tensors.shape("reg_token", 3)[1]) : 0;
    PositionGrid grid = rotary ? new PositionGrid(0, 0, 0) : grid(registers, patchSize);
    int heads = heads(dim);
    VitConfig config =
        new VitConfig(
            patchSize,
            dim,
            depth,
            heads,
            mlp,
            gated,
            grid.rows(),
            grid.columns(),
            tensors.has("cls_token"),
            tensors.has("dist_token"),
            registers,
            grid.prefix(),
            tensors.inAnyBlock("ls1.gamma"),
            normPre,
            tensors.has("patch_embed.proj.bias"),
            tensors.inAnyBlock("attn.qkv.bias"),
            eps(),
            activation(gated),
            normalization(registers),
            settings.choice(VitSettings.HIGH, High.class).orElse(High.TOKENS),
            positions(registers),
            rotary(dim, heads));
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

  /** Whether this is a DINOv3. */
  private boolean rotates() {
    boolean periods = tensors.has(VitConfig.PERIODS);
    boolean known =
        periods
            || tensors.form() == VitForm.DINOV3
            || tensors.form() == VitForm.TRANSFORMERS_DINOV3
            || settings.ropeTheta().isPresent()
            || dinov3OfTimm();
    if (known && tensors.has("pos_embed")) {
      throw tensors.refused(
          "it has rotary positions beside its 'pos_embed', as EVA-02 and others have");
    }
    return known;
  }

  // timm stores no trace of the rotary positions, but of the networks without any other that end in
  // a norm, only those with DINOv3's positions have registers.
  private boolean dinov3OfTimm() {
    String architecture = published.architecture();
    boolean named = architecture.contains("dinov3") || architecture.contains("lingbot");
    return tensors.form() == VitForm.TIMM
        && !tensors.has("pos_embed")
        && tensors.has("cls_token")
        && tensors.has("norm.weight")
        && tensors.inAnyBlock("ls1.gamma")
        && (named || (architecture.isEmpty() && tensors.has("reg_token")));
  }

  private Optional<Rotary> rotary(int dim, int heads) {
    if (!rotary) {
      return Optional.empty();
    }
    if (dim / heads % 4 != 0) {
      throw new BadInputException(
          "%s has rotary positions, which need heads of a multiple of 4 channels, but %d heads of its %d channels have %d; set heads"
              .formatted(tensors.where(), heads, dim, dim / heads));
    }
    if (tensors.has(VitConfig.PERIODS) && settings.ropeTheta().isEmpty()) {
      return Optional.of(new Rotary(ROPE_THETA, true));
    }
    Optional<Float> said = settings.ropeTheta().or(published::ropeTheta);
    if (said.isEmpty() && published.architecture().isEmpty()) {
      settings
          .assumed()
          .add("rope-theta = 100, as in all published DINOv3: the weights do not show it");
    }
    return Optional.of(new Rotary(said.orElse(ROPE_THETA), false));
  }

  private int heads(int dim) {
    OptionalInt said = published.heads();
    String architecture = published.architecture();
    Map<Integer, Integer> others = rotary ? OTHER_HEADS_OF_DINOV3 : OTHER_HEADS;
    Optional<Integer> given = settings.heads();
    int heads;
    if (given.isPresent()) {
      heads = given.get();
    } else if (said.isPresent()) {
      heads = said.getAsInt();
    } else if (tensors.has(VitConfig.PERIODS)) {
      heads = Math.max(1, dim / Math.toIntExact(4 * tensors.shape(VitConfig.PERIODS, 1)[0]));
    } else if (others.containsKey(dim) && (rotary || !architecture.isEmpty())) {
      heads = others.get(dim);
    } else if (others.containsKey(dim) || dim % HEAD_DIM != 0) {
      throw new BadInputException(
          "%s has %d channels, which %s; set heads (--heads N), or put the model's config.json beside it"
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

  private PositionGrid grid(int registers, int patchSize) {
    long positions = tensors.shape("pos_embed", 3)[1];
    return PositionGrid.of(
        tensors.where(),
        positions,
        prefixes(tensors.form(), special(tensors), registers),
        patchSize,
        settings);
  }

  private static int special(VitTensors tensors) {
    return (tensors.has("cls_token") ? 1 : 0) + (tensors.has("dist_token") ? 1 : 0);
  }

  /** How many tokens before the patches may have positions. */
  private static SequencedSet<Integer> prefixes(VitForm form, int special, int registers) {
    return form == VitForm.TIMM
        ? PositionGrid.prefixes(special + registers, special, 0)
        : PositionGrid.prefixes(special);
  }

  private Positions positions(int registers) {
    return settings
        .choice(VitSettings.POSITIONS, Positions.class)
        .orElseGet(() -> {
          boolean antialiased = registers > 0;
          return switch (tensors.form()) {
            case TRANSFORMERS_VIT, TRANSFORMERS_CLIP -> Positions.BICUBIC_ALIASED;
            case TRANSFORMERS_DINOV2 -> antialiased ? Positions.BICUBIC : Positions.BICUBIC_ALIASED;
            case DINOV2 -> antialiased ? Positions.BICUBIC : assumedOffset();
            case TIMM, DINOV3, TRANSFORMERS_DINOV3 -> Positions.BICUBIC;
          };
        });
  }

  private Positions assumedOffset() {
    settings
        .assumed()
        .add(
            "positions = bicubic-offset, as in DINOv2's repository: mask_token shows that the weights are from there");
    return Positions.BICUBIC_OFFSET;
  }

  private float eps() {
    Optional<Float> given = settings.eps().or(published::eps);
    if (given.isPresent()) {
      return given.get();
    }
    boolean clip = normPre || published.architecture().contains("clip");
    boolean transformersVit = tensors.form() == VitForm.TRANSFORMERS_VIT;
    if (published.architecture().isEmpty()) {
      settings
          .assumed()
          .add(
              rotary
                  ? "eps = 1e-5, as in all of DINOv3: the weights do not show it"
                  : normPre
                      ? "eps = 1e-5, as in timm's CLIP towers: norm_pre shows one, the weights do not show eps"
                      : transformersVit
                          ? "eps = 1e-12, as transformers makes its ViTs: the weights do not show it"
                          : "eps = 1e-6, as in all of timm's ViTs but CLIP: the weights do not show it");
    }
    if (rotary) {
      return DINOV3_EPS;
    }
    return clip ? CLIP_EPS : transformersVit ? TRANSFORMERS_VIT_EPS : EPS;
  }

  private Activation activation(boolean gated) {
    Optional<Activation> given = settings.choice(VitSettings.ACTIVATION, Activation.class);
    if (given.isPresent()) {
      return given.get();
    }
    // The gated layer of DINOv2 is SiLU whatever its configuration says.
    if (gated && tensors.form() == VitForm.TRANSFORMERS_DINOV2) {
      return Activation.SILU;
    }
    Optional<String> said = published.activation();
    if (said.isPresent()) {
      return activation(said.get());
    }
    boolean unsaid = published.architecture().isEmpty();
    if (gated) {
      if (unsaid) {
        settings
            .assumed()
            .add("activation = silu, as in all published gated layers: the weights do not show it");
      }
      return Activation.SILU;
    }
    if (normPre && unsaid) {
      throw new BadInputException(
          "%s is a CLIP tower (norm_pre): OpenAI's use quick-gelu, LAION's gelu; set activation, or put the model's config.json beside it"
              .formatted(tensors.where()));
    }
    if (tensors.form() == VitForm.TRANSFORMERS_CLIP && !normPre) {
      if (unsaid) {
        settings.assumed().add("activation = gelu-tanh, as in transformers' SigLIP");
      }
      return Activation.GELU_TANH;
    }
    return published.architecture().contains("quickgelu") ? Activation.QUICK_GELU : Activation.GELU;
  }

  private Activation activation(String said) {
    return switch (said) {
      case "gelu" -> Activation.GELU;
      case "quick_gelu", "quickgelu" -> Activation.QUICK_GELU;
      case "gelu_tanh", "gelu_pytorch_tanh", "gelu_new", "gelu_fast" -> Activation.GELU_TANH;
      case "silu", "swish" -> Activation.SILU;
      default ->
          throw new BadInputException(
              "%s says that the activation is '%s'; supported are gelu, gelu_tanh, quick_gelu and silu"
                  .formatted(published.where(), said));
    };
  }

  private PixelNormalization normalization(int registers) {
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
          if (rotary) {
            return assumed(
                PixelNormalization.IMAGENET,
                "as in DINOv3 on photographs; its models of satellite images have another");
          }
          if (tensors.has("dist_token")) {
            return assumed(PixelNormalization.IMAGENET, "dist_token shows a DeiT");
          }
          if (registers > 0 || tensors.inAnyBlock("ls1.gamma")) {
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
