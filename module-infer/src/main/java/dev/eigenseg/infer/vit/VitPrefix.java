package dev.eigenseg.infer.vit;

import dev.eigenseg.api.BadInputException;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What training code puts before the names of a network: {@code module.}, {@code model.}, {@code
 * teacher.backbone.} and the like.
 */
final class VitPrefix {
  /** Every Vision Transformer has one embedding of patches. */
  private static final Pattern EMBEDDING =
      Pattern.compile(
          "(.*?)(?:patch_embed\\.proj|embeddings\\.patch_embeddings(?:\\.projection)?|embeddings\\.patch_embedding)\\.weight");

  /** The network that others learn from, or the running mean of one: what is meant to be used. */
  private static final Pattern TEACHER = Pattern.compile("(^|[._])(teacher|ema)[._]");

  private VitPrefix() {}

  /**
   * The prefix of the network, empty if there is none. Of a student and a teacher, the teacher's.
   *
   * @throws BadInputException if there are several networks
   */
  static String of(SequencedSet<String> names) {
    SortedSet<String> found = new TreeSet<>();
    for (String name : names) {
      Matcher matcher = EMBEDDING.matcher(name);
      if (matcher.matches()) {
        found.add(matcher.group(1));
      }
    }
    if (found.size() <= 1) {
      return found.isEmpty() ? "" : found.first();
    }
    List<String> teachers =
        found.stream().filter(prefix -> TEACHER.matcher(prefix).find()).toList();
    if (teachers.size() == 1) {
      return teachers.getFirst();
    }
    throw new BadInputException(
        "there are several networks, whose names begin with %s; save one of them alone"
            .formatted(
                String.join(", ", found.stream().map(prefix -> "'" + prefix + "'").toList())));
  }

  /** The names that begin with a prefix, without it. */
  static SequencedSet<String> remove(SequencedSet<String> names, String prefix) {
    SequencedSet<String> own = new LinkedHashSet<>();
    for (String name : names) {
      if (name.startsWith(prefix)) {
        own.add(name.substring(prefix.length()));
      }
    }
    return Collections.unmodifiableSequencedSet(own);
  }

  /** Says what was removed. */
  static String sentence(String prefix, int others) {
    return "prefix = %s: it stands before all names of the network and is left out%s"
        .formatted(
            prefix, others == 0 ? "" : "; %d tensors without it are not read".formatted(others));
  }
}
