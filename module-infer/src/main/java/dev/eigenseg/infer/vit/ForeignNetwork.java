package dev.eigenseg.infer.vit;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Networks that are not read here, known by a tensor that only they have. */
final class ForeignNetwork {
  private record Mark(Pattern pattern, String network) {
    static Mark of(String pattern, String network) {
      return new Mark(Pattern.compile(pattern), network);
    }
  }

  // The telling ones first: a Swin Transformer has relative position biases as well.
  private static final List<Mark> MARKS =
      List.of(
          Mark.of("patch_embed\\.backbone", "a hybrid of a ViT and a convolutional network"),
          Mark.of("patch_embed\\.(conv|stem)", "a ViT with a convolutional stem"),
          Mark.of("layers\\.\\d+\\.blocks\\.\\d+\\.", "a Swin Transformer"),
          Mark.of("layer[1-4]\\.\\d+\\.(conv|bn)\\d", "a ResNet"),
          Mark.of("blocks\\.\\d+\\.\\d+\\.conv|conv_stem", "an EfficientNet or MobileNet"),
          Mark.of(
              "stages\\.\\d+\\.((blocks|layers)\\.)?\\d+\\.(conv_dw|dwconv|depthwise_conv)\\."
                  + "|downsample_layers\\.",
              "a ConvNeXt"),
          Mark.of("(^|\\.)stages\\.", "a hierarchical network such as ConvNeXt, MaxViT or LeViT"),
          Mark.of("blocks\\.\\d+\\.proj\\.", "a Hiera"),
          Mark.of(
              "relative_position|rel_pos_bias", "a BEiT or data2vec (relative position biases)"),
          Mark.of("rel_pos_[hw]$", "SAM's or ViTDet's ViT (relative positions)"),
          Mark.of("rel_pos\\.", "a ViT with relative positions"),
          Mark.of("blocks\\.\\d+\\.(mlp|attn)\\.norm\\.", "an EVA-02 or BEiT-3"),
          Mark.of(
              "blocks\\.\\d+\\.(mlp\\.ffn_ln|attn\\.(inner_attn_ln|[qkv]_proj))\\.", "an EVA-02"),
          Mark.of("rope\\.freqs", "an EVA-02 or RoPE-ViT (rotary positions of another kind)"),
          Mark.of("(q|k)_norm", "a ViT with normalised queries and keys"),
          Mark.of("transformer\\.resblocks", "a CLIP under OpenCLIP's names; timm's are read"),
          Mark.of("mlp_tokens", "an MLP-Mixer"),
          Mark.of("blocks_token_only", "a CaiT"),
          Mark.of("cls_attn_blocks", "an XCiT"),
          Mark.of(
              "word_embeddings|embed_tokens|(^|\\.)wte\\.|token_embedding", "a language model"));

  /** What timm calls networks of other kinds, also where their tensors look like those of a ViT. */
  private static final Pattern ARCHITECTURES =
      Pattern.compile(
          "(eva|beit|swin|convnext|vit_pe_|samvit|hiera|maxvit|resnet|vitamin).*|.*_rope_.*");

  private static final Pattern EVA_BIAS = Pattern.compile("blocks\\.\\d+\\.attn\\.q_bias");
  private static final Pattern EVA_SCALE = Pattern.compile("blocks\\.\\d+\\.gamma_1");

  private ForeignNetwork() {}

  /** What a network is, if its tensors or its architecture's name show that it is not read here. */
  static Optional<String> recognise(Set<String> names, String architecture) {
    if (ARCHITECTURES.matcher(architecture).matches()) {
      return Optional.of("its configuration says '%s'".formatted(architecture));
    }
    for (Mark mark : MARKS) {
      for (String name : names) {
        if (mark.pattern().matcher(name).find()) {
          return Optional.of("'%s' belongs to %s".formatted(name, mark.network()));
        }
      }
    }
    return eva(names);
  }

  // timm's class Eva is DINOv3's as well, which has no learned positions and a last norm.
  private static Optional<String> eva(Set<String> names) {
    // A CLIP tower has a last norm and no pooling; a Perception Encoder turns queries as well.
    boolean pooling = names.stream().anyMatch(name -> name.startsWith("attn_pool."));
    if (names.contains("norm_pre.weight") && (pooling || !names.contains("norm.weight"))) {
      return Optional.of(
          "'norm_pre' with %s belongs to a Perception Encoder"
              .formatted(pooling ? "'attn_pool'" : "no 'norm.weight'"));
    }
    boolean likeDinov3 = !names.contains("pos_embed") && names.contains("norm.weight");
    return likeDinov3
        ? Optional.empty()
        : names.stream()
            .filter(name -> EVA_BIAS.matcher(name).matches() || EVA_SCALE.matcher(name).matches())
            .findFirst()
            .map(name ->
                "'%s' with %s belongs to an EVA, EVA-02 or another of timm's class Eva"
                    .formatted(
                        name, names.contains("pos_embed") ? "'pos_embed'" : "no 'norm.weight'"));
  }
}
