package dev.eigenseg.infer.vit;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.infer.vit.TensorParts.Part;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the names and shapes of a checkpoint's tensors show; the names are timm's. */
final class VitTensors {
  private static final String SUPPORTED =
      "supported are the ViT, DeiT, DINO, DINOv2, DINOv3, CLIP and SigLIP image towers of timm and of "
          + "transformers, and the names of DINO's, DINOv2's and DINOv3's own repositories";

  private static final Pattern BLOCK = Pattern.compile("blocks\\.(\\d+)\\.(.+)");

  private final String where;
  private final CheckpointFiles files;
  private final VitNames names;

  /**
   * Takes the tensors of a checkpoint for those of a network.
   *
   * @param where for messages
   * @param architecture that a configuration says, or empty
   * @throws BadInputException if they are of another network, or there is one of which nothing is
   *     known
   */
  VitTensors(String where, CheckpointFiles files, VitNames names, String architecture) {
    this.where = where;
    this.files = files;
    this.names = names;
    if (files.names().isEmpty()) {
      throw new BadInputException("%s holds no tensors; %s".formatted(where, SUPPORTED));
    }
    Optional<String> foreign = ForeignNetwork.recognise(names.own(), architecture);
    if (foreign.isPresent()) {
      throw refused(foreign.get());
    }
    if (!names.unknown().isEmpty()) {
      throw refused("of these tensors nothing is known: " + sample(names.unknown()));
    }
  }

  String where() {
    return where;
  }

  VitForm form() {
    return names.form();
  }

  boolean has(String name) {
    return names.tensors().containsKey(name);
  }

  /** Whether any block has a tensor of this name. */
  boolean inAnyBlock(String name) {
    return names.tensors().keySet().stream()
        .anyMatch(own -> own.startsWith("blocks.") && own.endsWith("." + name));
  }

  /** The shape of a tensor that must be there, with a number of axes. */
  long[] shape(String name, int rank) {
    if (!has(name)) {
      throw missing(name);
    }
    long[] shape = shape(name);
    if (shape.length != rank || Arrays.stream(shape).anyMatch(n -> n < 1 || n > 1 << 24)) {
      throw refused(
          "'%s' has the shape %s, expected %d axes of usable size"
              .formatted(stored(name), Arrays.toString(shape), rank));
    }
    return shape;
  }

  /** The shape of a tensor; tokens have three axes, however many are stored. */
  long[] shape(String name) {
    TensorParts tensor = names.tensors().get(name);
    long[] shape = VitNames.shape(tensor, files::shape);
    long inner = Arrays.stream(shape).skip(1).reduce(1, (a, b) -> a * b);
    for (Part part : tensor.parts()) {
      long[] own = part.isZeros() ? shape : files.shape(part.name());
      if (own.length != shape.length
          || Arrays.stream(own).skip(1).reduce(1, (a, b) -> a * b) != inner) {
        throw refused(
            "'%s' has the shape %s, which does not fit %s beside it"
                .formatted(part.name(), Arrays.toString(own), Arrays.toString(shape)));
      }
    }
    boolean tokens = name.endsWith("_token") || name.equals("pos_embed");
    return tokens && shape.length < 3 ? ofThreeAxes(shape) : shape;
  }

  private static long[] ofThreeAxes(long[] shape) {
    long[] three = {1, 1, 1};
    System.arraycopy(shape, 0, three, 3 - shape.length, shape.length);
    return three;
  }

  private String stored(String name) {
    return names.tensors().get(name).parts().stream()
        .map(Part::name)
        .filter(part -> !part.isEmpty())
        .findFirst()
        .orElse(name);
  }

  /** The number of blocks. */
  int depth() {
    Set<Integer> blocks = new TreeSet<>();
    for (String name : names.tensors().keySet()) {
      Matcher matcher = BLOCK.matcher(name);
      if (matcher.matches()) {
        blocks.add(Integer.valueOf(matcher.group(1)));
      }
    }
    for (int i = 0; i < blocks.size(); i++) {
      if (!blocks.contains(i)) {
        throw refused("its blocks are %s, without %d".formatted(blocks, i));
      }
    }
    if (blocks.isEmpty()) {
      throw refused("it has no 'blocks.0', but " + sample(names.own()));
    }
    return blocks.size();
  }

  /** Checks every tensor that a configuration uses. */
  void check(VitConfig config) {
    for (Map.Entry<String, long[]> wanted : config.weightShapes().entrySet()) {
      String name = wanted.getKey();
      if (!has(name)) {
        throw missing(name);
      }
      long[] shape = shape(name);
      if (!Arrays.equals(shape, wanted.getValue())) {
        throw refused(
            "'%s' has the shape %s, expected the shape %s"
                .formatted(
                    stored(name), Arrays.toString(shape), Arrays.toString(wanted.getValue())));
      }
      for (Part part : names.tensors().get(name).parts()) {
        if (!part.isZeros()) {
          DType type = files.tensor(part.name()).dtype();
          if (!List.of(DType.F32, DType.F16, DType.BF16).contains(type)) {
            throw refused("'%s' is %s, expected F32, F16 or BF16".formatted(part.name(), type));
          }
        }
      }
    }
  }

  private BadInputException missing(String name) {
    return refused(
        form() == VitForm.TIMM
            ? "it has no '%s', but %s".formatted(name, sample(names.own()))
            : "under the names of %s it is not complete: it has no '%s', as timm calls it, but %s"
                .formatted(form().source(), name, sample(names.own())));
  }

  BadInputException refused(String reason) {
    return new BadInputException(
        "%s is no Vision Transformer that can be read: %s; %s".formatted(where, reason, SUPPORTED));
  }

  private static String sample(Collection<String> names) {
    List<String> first = names.stream().limit(6).toList();
    return String.join(", ", first) + (names.size() > first.size() ? ", ..." : "");
  }
}
