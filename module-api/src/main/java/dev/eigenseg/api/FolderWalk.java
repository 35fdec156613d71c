package dev.eigenseg.api;

import dev.eigenseg.api.internal.file.SystemReason;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.Set;

/**
 * The visible files in a folder and the folders below it, each once: a file's own name comes before
 * those that links give it, and a link to a folder above itself is walked past. What cannot be
 * looked into is kept for the caller.
 */
final class FolderWalk {
  // Of Windows, macOS and the makers of network drives; theirs may hold small copies of every
  // image.
  private static final Set<String> SYSTEMS_OWN =
      Set.of(
          "thumbs.db",
          "ehthumbs.db",
          "desktop.ini",
          "__macosx",
          "@eadir",
          "$recycle.bin",
          "system volume information");

  /** A file by the name under which it was found, and where it really is. */
  record Found(Path path, Path real) {}

  private final List<Found> files = new ArrayList<>();
  private final List<Path> again = new ArrayList<>();
  private final List<BadInputException> unreadable = new ArrayList<>();
  private final Set<Path> realFolders = new HashSet<>();
  private final Set<Path> realFiles = new HashSet<>();
  // Looked at when everything that has its own name is known.
  private final Queue<Found> links = new ArrayDeque<>();
  private int hidden;
  private int loops;

  private FolderWalk() {}

  /**
   * Walks a folder.
   *
   * @throws IOException if the folder itself cannot be read
   */
  static FolderWalk of(Path folder) throws IOException {
    FolderWalk walk = new FolderWalk();
    Path real = folder.toRealPath();
    walk.realFolders.add(real);
    walk.enter(folder, real);
    for (Found link = walk.links.poll(); link != null; link = walk.links.poll()) {
      walk.follow(link);
    }
    return walk;
  }

  /** Files of all kinds, sorted by path. */
  List<Found> files() {
    files.sort((a, b) -> a.path().compareTo(b.path()));
    return List.copyOf(files);
  }

  /** Further names of files that are among {@link #files}. */
  List<Path> again() {
    return List.copyOf(again);
  }

  /** What could not be looked into, and why. */
  List<BadInputException> unreadable() {
    return List.copyOf(unreadable);
  }

  int hidden() {
    return hidden;
  }

  int loops() {
    return loops;
  }

  private void enter(Path folder, Path real) throws IOException {
    List<Path> entries = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
      stream.forEach(entries::add);
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    entries.sort(null);
    for (Path entry : entries) {
      look(entry, real);
    }
  }

  private void look(Path entry, Path realFolder) {
    if (!hasName(entry)) {
      unreadable.add(
          new BadInputException(
              "%s: its name cannot be written in this system's character set, %s; rename it, or set LC_ALL=C.UTF-8"
                  .formatted(entry, characters())));
      return;
    }
    try {
      if (isHidden(entry)) {
        hidden++;
        return;
      }
      Path real = realFolder.resolve(entry.getFileName());
      BasicFileAttributes kind =
          Files.readAttributes(entry, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      if (kind.isSymbolicLink()) {
        links.add(new Found(entry, real));
      } else if (kind.isDirectory()) {
        if (realFolders.add(real)) {
          enter(entry, real);
        }
      } else if (kind.isRegularFile()) {
        add(entry, real);
      }
    } catch (IOException e) {
      refuse(entry, e);
    }
  }

  private void follow(Found link) {
    Path target;
    try {
      target = link.path().toRealPath();
    } catch (IOException e) { // leads nowhere, or to itself
      loops++;
      return;
    }
    try {
      if (!Files.isDirectory(target)) {
        add(link.path(), target);
      } else if (link.real().startsWith(target) || !realFolders.add(target)) {
        loops++;
      } else {
        enter(link.path(), target);
      }
    } catch (IOException e) {
      refuse(link.path(), e);
    }
  }

  private void add(Path path, Path real) {
    if (realFiles.add(real)) {
      files.add(new Found(path, real));
    } else {
      again.add(path);
    }
  }

  private void refuse(Path entry, IOException e) {
    unreadable.add(
        new BadInputException(
            "%s: %s; allow this user to read it, or leave it out"
                .formatted(entry, SystemReason.of(e)),
            e));
  }

  private static boolean isHidden(Path entry) throws IOException {
    return Files.isHidden(entry)
        || SYSTEMS_OWN.contains(entry.getFileName().toString().toLowerCase(Locale.ROOT));
  }

  // A name that was not read whole would lead to another file, or to none.
  private static boolean hasName(Path entry) {
    String name = entry.getFileName().toString();
    if (name.indexOf('\uFFFD') < 0) {
      return true;
    }
    try {
      return entry.getFileSystem().getPath(name).equals(entry.getFileName());
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private static String characters() {
    return System.getProperty("sun.jnu.encoding", Charset.defaultCharset().name());
  }
}
