package dev.eigenseg.infer.vit;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the names and shapes of a checkpoint's tensors show. */
record VitTensors(String where, Set<String> names, Function<String, Tensor> find) {
  private static final String SUPPORTED =
      "supported are timm's ViT, DeiT, DINO and DINOv2 (with GELU), and its CLIP image towers";

  private static final Pattern BLOCK = Pattern.compile("blocks\\.(0|[1-9]\\d{0,4})\\.(.+)");

  /** Parts that no feature depends on. */
  private static final Pattern UNUSED =
      Pattern.compile(
          "(head|head_dist|fc_norm|attn_pool|pre_logits)\\..+|mask_token|pos_embed_window");

  private static final Set<String> TOP =
      Set.of(
          "patch_embed.proj.weight",
          "patch_embed.proj.bias",
          "pos_embed",
          "cls_token",
          "dist_token",
          "reg_token",
          "norm_pre.weight",
          "norm_pre.bias",
          "norm.weight",
          "norm.bias");
  private static final Set<String> IN_BLOCK =
      Set.of(
          "norm1.weight",
          "norm1.bias",
          "norm2.weight",
          "norm2.bias",
          "attn.qkv.weight",
          "attn.qkv.bias",
          "attn.proj.weight",
          "attn.proj.bias",
          "mlp.fc1.weight",
          "mlp.fc1.bias",
          "mlp.fc2.weight",
          "mlp.fc2.bias",
          "ls1.gamma",
          "ls2.gamma");

  /** What marks of names mean, the telling ones first. */
  private static final Map<String, String> FOREIGN =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("mlp.w12", "a SwiGLU layer"),
              Map.entry("mlp.fc1_g", "a SwiGLU layer"),
              Map.entry("mlp.norm", "a normalised hidden layer"),
              Map.entry("relative_position", "relative position biases (BEiT)"),
              Map.entry("rel_pos", "relative position biases"),
              Map.entry("rope", "rotary position embeddings"),
              Map.entry("q_norm", "normalised queries and keys"),
              Map.entry("q_bias", "BEiT's attention"),
              Map.entry("stages.", "a hierarchical network such as ConvNeXt"),
              Map.entry("layers.", "a hierarchical network such as Swin"),
              Map.entry("layer1.", "a ResNet"),
              Map.entry("patch_embed.backbone", "a hybrid with a convolutional stem"),
              Map.entry("patch_embed.conv", "a convolutional stem"),
              Map.entry("register_tokens", "the names of DINOv2's own repository, not timm's"),
              Map.entry("encoder.layer", "the names of Hugging Face's transformers, not timm's"),
              Map.entry("transformer.resblocks", "the names of OpenCLIP, not timm's")));

  VitTensors {
    if (names.isEmpty()) {
      throw new BadInputException("%s holds no tensors; %s".formatted(where, SUPPORTED));
    }
  }

  boolean has(String name) {
    return names.contains(name);
  }

  /** The shape of a tensor that must be there, with a number of axes. */
  long[] shape(String name, int rank) {
    if (!has(name)) {
      throw refused("it has no '%s', but %s".formatted(name, sample(names)));
    }
    long[] shape = find.apply(name).shape();
    if (shape.length != rank || Arrays.stream(shape).anyMatch(n -> n < 1 || n > 1 << 24)) {
      throw refused(
          "'%s' has the shape %s, expected %d axes of usable size"
              .formatted(name, Arrays.toString(shape), rank));
    }
    return shape;
  }

  /** The number of blocks, after every name has been found to be known. */
  int depth() {
    Set<Integer> blocks = new TreeSet<>();
    Set<String> unknown = new TreeSet<>();
    for (String name : names) {
      Matcher matcher = BLOCK.matcher(name);
      if (matcher.matches() && IN_BLOCK.contains(matcher.group(2))) {
        blocks.add(Integer.valueOf(matcher.group(1)));
      } else if (!TOP.contains(name) && !UNUSED.matcher(name).matches()) {
        unknown.add(name);
      }
    }
    if (!unknown.isEmpty()) {
      throw refused(foreign(unknown));
    }
    for (int i = 0; i < blocks.size(); i++) {
      if (!blocks.contains(i)) {
        throw refused("its blocks are %s, without %d".formatted(blocks, i));
      }
    }
    if (blocks.isEmpty()) {
      throw refused("it has no 'blocks.0', but " + sample(names));
    }
    return blocks.size();
  }

  private static String foreign(Set<String> unknown) {
    for (Map.Entry<String, String> mark : FOREIGN.entrySet()) {
      for (String name : unknown) {
        if (name.contains(mark.getKey())) {
          return "'%s' belongs to %s".formatted(name, mark.getValue());
        }
      }
    }
    return "of these tensors nothing is known: " + sample(unknown);
  }

  /** Checks every tensor that a configuration uses. */
  void check(VitConfig config) {
    config
        .weightShapes()
        .forEach((name, shape) -> {
          if (!has(name)) {
            throw refused("it has no '%s'".formatted(name));
          }
          Tensor tensor = find.apply(name);
          if (!Arrays.equals(tensor.shape(), shape)) {
            throw refused(
                "'%s' is %s, expected the shape %s"
                    .formatted(name, tensor, Arrays.toString(shape)));
          }
          if (!List.of(DType.F32, DType.F16, DType.BF16).contains(tensor.dtype())) {
            throw refused("'%s' is %s, expected F32, F16 or BF16".formatted(name, tensor));
          }
        });
  }

  BadInputException refused(String reason) {
    return new BadInputException(
        "%s is no Vision Transformer that can be read: %s; %s".formatted(where, reason, SUPPORTED));
  }

  private static String sample(Set<String> names) {
    List<String> first = names.stream().limit(6).toList();
    return String.join(", ", first) + (names.size() > first.size() ? ", ..." : "");
  }
}
