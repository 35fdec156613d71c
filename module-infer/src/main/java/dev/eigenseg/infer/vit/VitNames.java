package dev.eigenseg.infer.vit;

import dev.eigenseg.infer.vit.TensorParts.Part;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Translates the names of a checkpoint's tensors into timm's, which are those of this package.
 * Queries, keys and values, and the two halves of a gated layer, become one tensor.
 */
final class VitNames {
  private static final Pattern BLOCK =
      Pattern.compile(
          "(?:blocks\\.(?:(\\d{1,5})\\.)?|encoder\\.layers?\\.|(?:model\\.)?layer\\.)(\\d{1,5})\\.(.+)");

  /** Parts that no feature of a patch depends on. */
  private static final Pattern UNUSED =
      Pattern.compile(
          "(head|head_dist|fc_norm|attn_pool|pre_logits|pooler|classifier|cls_classifier"
              + "|distillation_classifier|cls_norm|local_cls_norm|dino_head|ibot_head|projectors"
              + "|decoder_blocks|decoder_embed|decoder_norm|decoder_pred|decoder)\\..+"
              + "|(embeddings\\.)?mask_token|decoder_pos_embed|pos_embed_window"
              + "|embeddings\\.position_ids");

  /** Layers with a weight and perhaps a bias, and single tensors, outside of the blocks. */
  private static final Map<String, String> TOP =
      Map.ofEntries(
          Map.entry("patch_embed.proj", "patch_embed.proj"),
          Map.entry("embeddings.patch_embeddings.projection", "patch_embed.proj"),
          Map.entry("embeddings.patch_embeddings", "patch_embed.proj"),
          Map.entry("embeddings.patch_embedding", "patch_embed.proj"),
          Map.entry("pos_embed", "pos_embed"),
          Map.entry("embeddings.position_embeddings", "pos_embed"),
          Map.entry("embeddings.position_embedding.weight", "pos_embed"),
          Map.entry("cls_token", "cls_token"),
          Map.entry("embeddings.cls_token", "cls_token"),
          Map.entry("embeddings.class_embedding", "cls_token"),
          Map.entry("dist_token", "dist_token"),
          Map.entry("embeddings.distillation_token", "dist_token"),
          Map.entry("reg_token", "reg_token"),
          Map.entry("register_tokens", "reg_token"),
          Map.entry("storage_tokens", "reg_token"),
          Map.entry("embeddings.register_tokens", "reg_token"),
          Map.entry("rope.periods", VitConfig.PERIODS),
          Map.entry("rope_embed.periods", VitConfig.PERIODS),
          Map.entry("norm_pre", "norm_pre"),
          Map.entry("pre_layrnorm", "norm_pre"),
          Map.entry("norm", "norm"),
          Map.entry("layernorm", "norm"),
          Map.entry("post_layernorm", "norm"));

  /** Likewise inside of a block; {@code #n} is a part of the tensor. */
  private static final Map<String, String> IN_BLOCK = inBlock();

  private static final String REGISTERS = "reg_token";
  private static final String MASK = "attn.qkv.bias_mask";

  /** Layers of which some families leave the biases out; reading zeros is the same. */
  private static final List<String> MAYBE_WITHOUT_BIAS = List.of("attn.proj", "mlp.fc1", "mlp.fc2");

  private final SequencedSet<String> own;
  private final Function<String, long[]> shape;
  private final VitForm form;
  private final String prefix;
  private final SequencedMap<String, TensorParts> tensors = new LinkedHashMap<>();
  private final SortedSet<String> unknown = new TreeSet<>();
  private final Set<Integer> masked = new TreeSet<>();

  private static Map<String, String> inBlock() {
    Map<String, String> names = new HashMap<>();
    for (String norm : List.of("norm1", "layernorm_before", "layer_norm1")) {
      names.put(norm, "norm1");
    }
    for (String norm : List.of("norm2", "layernorm_after", "layer_norm2")) {
      names.put(norm, "norm2");
    }
    names.put("attn.qkv", "attn.qkv");
    String[] letters = {"q", "k", "v"};
    String[] words = {"query", "key", "value"};
    for (int i = 0; i < letters.length; i++) {
      names.put("attention.attention." + words[i], "attn.qkv#" + i);
      names.put("attention." + letters[i] + "_proj", "attn.qkv#" + i);
      names.put("self_attn." + letters[i] + "_proj", "attn.qkv#" + i);
      names.put("attn." + letters[i] + "_bias", "attn.qkv.bias#" + i);
    }
    for (String out :
        List.of("attn.proj", "attention.output.dense", "attention.o_proj", "self_attn.out_proj")) {
      names.put(out, "attn.proj");
    }
    for (String in : List.of("mlp.fc1", "intermediate.dense", "mlp.weights_in", "mlp.w12")) {
      names.put(in, "mlp.fc1");
    }
    for (String gate : List.of("mlp.gate_proj", "mlp.fc1_g", "mlp.w1")) {
      names.put(gate, "mlp.fc1#0");
    }
    for (String linear : List.of("mlp.up_proj", "mlp.fc1_x", "mlp.w2")) {
      names.put(linear, "mlp.fc1#1");
    }
    for (String out :
        List.of("mlp.fc2", "output.dense", "mlp.weights_out", "mlp.w3", "mlp.down_proj")) {
      names.put(out, "mlp.fc2");
    }
    for (int i = 1; i <= 2; i++) {
      names.put("ls" + i + ".gamma", "ls" + i + ".gamma");
      names.put("gamma_" + i, "ls" + i + ".gamma");
      names.put("layer_scale" + i + ".lambda1", "ls" + i + ".gamma");
    }
    return Map.copyOf(names);
  }

  /**
   * Translates.
   *
   * @param names of the file
   * @param shape of a tensor of the file
   */
  VitNames(SequencedSet<String> names, Function<String, long[]> shape) {
    this.prefix = VitPrefix.of(names);
    this.own = VitPrefix.remove(names, prefix);
    this.shape = shape;
    this.form = form(own);
    Map<String, SortedMap<Integer, String>> pieces = new LinkedHashMap<>();
    Map<String, Integer> blocks = blocks();
    for (String name : own) {
      place(name, blocks, pieces);
    }
    pieces.forEach((target, parts) -> {
      if (target.endsWith(".weight") || !isPartial(target, parts)) {
        tensors.put(target, join(target, parts));
      }
    });
    // Biases after the weights, whose shapes say how many zeros stand for a missing one.
    pieces.forEach((target, parts) -> {
      if (!tensors.containsKey(target)) {
        tensors.put(target, join(target, parts));
      }
    });
    masked.forEach(this::mask);
    addMissingBiases();
  }

  private VitForm form(Set<String> names) {
    if (names.contains("embeddings.patch_embeddings.weight")) {
      return VitForm.TRANSFORMERS_DINOV3;
    }
    if (names.contains("embeddings.patch_embedding.weight")) {
      return VitForm.TRANSFORMERS_CLIP;
    }
    if (names.contains("embeddings.patch_embeddings.projection.weight")) {
      return names.stream().anyMatch(name -> name.contains("layer_scale1"))
          ? VitForm.TRANSFORMERS_DINOV2
          : VitForm.TRANSFORMERS_VIT;
    }
    if (names.contains("storage_tokens")
        || names.contains("rope_embed.periods")
        || names.stream().anyMatch(name -> name.endsWith(MASK))) {
      return VitForm.DINOV3;
    }
    // timm's DINOv2 has neither of these; its repository's has the token of masked patches.
    boolean scaled = names.stream().anyMatch(name -> name.endsWith("ls1.gamma"));
    return names.contains("register_tokens") || (scaled && names.contains("mask_token"))
        ? VitForm.DINOV2
        : VitForm.TIMM;
  }

  /**
   * The number of each block, by its name. DINOv2 stores blocks in chunks, {@code blocks.CHUNK.n};
   * n counts through all of them, unless it begins anew in each.
   */
  private Map<String, Integer> blocks() {
    SortedMap<Long, String> keys = new TreeMap<>();
    SortedSet<Integer> numbers = new TreeSet<>();
    for (String name : own) {
      Matcher matcher = BLOCK.matcher(name);
      if (matcher.matches()) {
        int chunk = matcher.group(1) == null ? 0 : Integer.parseInt(matcher.group(1));
        int number = Integer.parseInt(matcher.group(2));
        keys.put(((long) chunk << 32) + number, blockKey(matcher));
        numbers.add(number);
      }
    }
    Map<String, Integer> blocks = new HashMap<>();
    boolean unique = numbers.size() == keys.size();
    keys.forEach((key, name) -> blocks.put(name, unique ? (int) (long) key : blocks.size()));
    return blocks;
  }

  private static String blockKey(Matcher matcher) {
    return (matcher.group(1) == null ? "" : matcher.group(1)) + "." + matcher.group(2);
  }

  private void place(
      String name, Map<String, Integer> blocks, Map<String, SortedMap<Integer, String>> pieces) {
    Matcher matcher = BLOCK.matcher(name);
    boolean inBlock = matcher.matches();
    String rest = inBlock ? matcher.group(3) : name;
    String target = target(inBlock ? IN_BLOCK : TOP, rest);
    if (target.equals(REGISTERS)
        && Arrays.stream(shape.apply(prefix + name)).anyMatch(n -> n == 0)) {
      return; // what transformers stores of a DINOv3 without registers
    }
    if (!target.isEmpty()) {
      String block = inBlock ? "blocks." + blocks.get(blockKey(matcher)) + "." : "";
      int mark = target.indexOf('#');
      String whole = mark < 0 ? target : target.substring(0, mark) + target.substring(mark + 2);
      int part = mark < 0 ? -1 : target.charAt(mark + 1) - '0';
      String twin =
          pieces.computeIfAbsent(block + whole, key -> new TreeMap<>()).put(part, prefix + name);
      if (twin != null) {
        unknown.add(name);
      }
    } else if (inBlock && rest.equals(MASK)) {
      masked.add(blocks.get(blockKey(matcher)));
    } else if (!UNUSED.matcher(name).matches()) {
      unknown.add(name);
    }
  }

  private static String target(Map<String, String> names, String name) {
    String found = names.get(name);
    if (found != null) {
      return found;
    }
    for (String end : List.of(".weight", ".bias")) {
      String layer = name.endsWith(end) ? name.substring(0, name.length() - end.length()) : "";
      if (names.containsKey(layer)) {
        return names.get(layer) + end;
      }
    }
    return "";
  }

  private static boolean isPartial(String target, SortedMap<Integer, String> parts) {
    return parts.firstKey() >= 0 && target.endsWith(".bias");
  }

  private TensorParts join(String target, SortedMap<Integer, String> parts) {
    boolean whole = parts.firstKey() < 0;
    if (whole && parts.size() > 1) {
      unknown.addAll(parts.tailMap(0).values());
    }
    // DINOv3's up_proj is all of the layer where there is no gate.
    if (whole || (parts.size() == 1 && parts.get(parts.firstKey()).contains("up_proj"))) {
      return TensorParts.of(Part.all(parts.get(parts.firstKey())));
    }
    int count = target.contains("attn.qkv") ? 3 : 2;
    long rows = rows(target, count);
    Part[] joined = new Part[count];
    for (int i = 0; i < count; i++) {
      if (!parts.containsKey(i) && target.endsWith(".weight")) {
        unknown.addAll(parts.values());
      }
      joined[i] = parts.containsKey(i) ? Part.all(parts.get(i)) : Part.zeros(rows);
    }
    return TensorParts.of(joined);
  }

  /** The rows of each of the parts, from the layer's weight if that is known. */
  private long rows(String target, int count) {
    String layer = target.substring(0, target.lastIndexOf('.'));
    TensorParts weight = tensors.get(layer + ".weight");
    return weight == null ? 0 : shape(weight)[0] / count;
  }

  /** DINOv3 stores biases of keys, and a mask that makes them zero. */
  private void mask(int block) {
    String name = "blocks." + block + ".attn.qkv.bias";
    TensorParts bias = tensors.get(name);
    if (bias != null && bias.whole()) {
      String stored = bias.parts().getFirst().name();
      long rows = shape.apply(stored)[0] / 3;
      tensors.put(
          name,
          TensorParts.of(
              new Part(stored, 0, rows), Part.zeros(rows), new Part(stored, 2 * rows, rows)));
    }
  }

  private void addMissingBiases() {
    for (String layer : MAYBE_WITHOUT_BIAS) {
      Map<String, TensorParts> zeros = new LinkedHashMap<>();
      boolean some = false;
      for (Map.Entry<String, TensorParts> entry : tensors.entrySet()) {
        String name = entry.getKey();
        some |= name.endsWith(layer + ".bias");
        if (name.endsWith(layer + ".weight")) {
          zeros.put(
              name.substring(0, name.length() - "weight".length()) + "bias",
              TensorParts.of(Part.zeros(shape(entry.getValue())[0])));
        }
      }
      if (!some) {
        tensors.putAll(zeros);
      }
    }
  }

  private long[] shape(TensorParts tensor) {
    return shape(tensor, shape);
  }

  /** The shape of the rows of all parts together; that of the first part if they do not fit. */
  static long[] shape(TensorParts tensor, Function<String, long[]> shape) {
    long rows = 0;
    long[] first = new long[0];
    for (Part part : tensor.parts()) {
      long[] own = part.isZeros() ? new long[] {part.rows()} : shape.apply(part.name()).clone();
      first = first.length == 0 || tensor.parts().getFirst().isZeros() ? own : first;
      rows += part.rows() == Part.ALL ? (own.length == 0 ? 1 : own[0]) : part.rows();
    }
    if (first.length > 0) {
      first[0] = rows;
    }
    return first;
  }

  /** How each tensor of the network is made, by its name in timm. */
  SequencedMap<String, TensorParts> tensors() {
    return Collections.unmodifiableSequencedMap(tensors);
  }

  /** Names of the file, without the prefix, of which nothing is known. */
  SortedSet<String> unknown() {
    return Collections.unmodifiableSortedSet(unknown);
  }

  /** Names of the file, without the prefix. */
  SequencedSet<String> own() {
    return own;
  }

  VitForm form() {
    return form;
  }

  /** What stood before all names, such as {@code "module."}, or nothing. */
  String prefix() {
    return prefix;
  }
}
