package dev.eigenseg.api.internal.file;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.EigensegException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.io.StringReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SequencedSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Owns a read-only mapping of a {@code .safetensors} file of any size. Thread-safe.
 *
 * <p>Layout: the header's length (u64, little-endian), the header (JSON: name to dtype, shape and
 * data offsets, texts under {@code __metadata__}), the data without gaps. Everything is checked
 * against the file's size before it is believed; sizes in the header allocate nothing.
 */
public final class SafeTensors implements AutoCloseable {
  static final String METADATA = "__metadata__";

  /** The limit of the format's reference implementation. */
  static final long MAX_HEADER_BYTES = 100_000_000;

  // Published element types that we cannot compute with; their sizes are still checked.
  private static final Map<String, Integer> OTHER_TYPES =
      Map.ofEntries(
          Map.entry("BOOL", 1),
          Map.entry("I8", 1),
          Map.entry("F8_E4M3", 1),
          Map.entry("F8_E5M2", 1),
          Map.entry("I16", 2),
          Map.entry("U16", 2),
          Map.entry("U32", 4),
          Map.entry("F64", 8),
          Map.entry("U64", 8),
          Map.entry("C64", 8));

  @SuppressWarnings("ArrayRecordComponent") // private, and never compared
  private record Entry(String name, String type, long[] shape, long begin, long end) {
    Optional<DType> dtype() {
      return Arrays.stream(DType.values()).filter(d -> d.name().equals(type)).findFirst();
    }
  }

  private record Header(Map<String, String> metadata, Map<String, Entry> entries, long dataBytes) {}

  private final Path file;
  private final Arena arena;
  private final MemorySegment data;
  private final Header header;
  private final Map<String, Tensor> tensors = new ConcurrentHashMap<>();
  private final AtomicBoolean closed = new AtomicBoolean();

  private SafeTensors(Path file, Arena arena, MemorySegment data, Header header) {
    this.file = file;
    this.arena = arena;
    this.data = data;
    this.header = header;
  }

  /**
   * Maps a file.
   *
   * @throws CorruptFileException if it is not a whole, valid safetensors file
   * @throws BadInputException if it is something else that people have in its place
   */
  @SuppressWarnings("MustBeClosedChecker")
  public static SafeTensors open(Path file) throws IOException {
    requireLittleEndian();
    Arena arena = Arena.ofShared();
    try (FileChannel channel = RegularFile.channel(file)) {
      long size = channel.size();
      if (size < Long.BYTES) {
        throw corrupt(file, "it has %d bytes, its header's length alone takes 8", size);
      }
      MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      long headerBytes = all.get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
      if (headerBytes < 0 || headerBytes > size - Long.BYTES || headerBytes > MAX_HEADER_BYTES) {
        throw noHeader(file, all, headerBytes, "the file has " + size);
      }
      MemorySegment data = all.asSlice(Long.BYTES + headerBytes);
      Header header = parse(file, decode(file, all.asSlice(Long.BYTES, headerBytes)));
      if (header.dataBytes() != data.byteSize()) {
        throw corrupt(
            file,
            "its tensors take %d bytes, the file holds %d",
            header.dataBytes(),
            data.byteSize());
      }
      return new SafeTensors(file, arena, data, header);
    } catch (IOException | RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /**
   * How large a file is that has not come to its end yet, by its header.
   *
   * @return empty as long as the header is not whole
   * @throws CorruptFileException if the beginning is not that of a safetensors file
   * @throws BadInputException if it is that of something else that people have in its place
   */
  public static OptionalLong bytesOf(Path beginning) throws IOException {
    requireLittleEndian();
    try (FileChannel channel = RegularFile.channel(beginning);
        Arena arena = Arena.ofConfined()) {
      long size = channel.size();
      if (size <= Long.BYTES) {
        return OptionalLong.empty();
      }
      MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      long headerBytes = all.get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
      if (headerBytes < 2
          || headerBytes > MAX_HEADER_BYTES
          || all.get(ValueLayout.JAVA_BYTE, Long.BYTES) != '{') {
        String expected = "expected at most %d that begin with '{'".formatted(MAX_HEADER_BYTES);
        throw noHeader(beginning, all, headerBytes, expected);
      }
      if (size < Long.BYTES + headerBytes) {
        return OptionalLong.empty();
      }
      Header header = parse(beginning, decode(beginning, all.asSlice(Long.BYTES, headerBytes)));
      if (header.dataBytes() > Long.MAX_VALUE - Long.BYTES - headerBytes) {
        throw corrupt(beginning, "its tensors take %d bytes", header.dataBytes());
      }
      return OptionalLong.of(Long.BYTES + headerBytes + header.dataBytes());
    }
  }

  /** The texts of {@code __metadata__}, empty if there are none. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  /**
   * The names of all tensors in the order of the header, also of those with element types that
   * cannot be read.
   */
  public SequencedSet<String> names() {
    return Collections.unmodifiableSequencedSet(
        ((LinkedHashMap<String, Entry>) header.entries()).sequencedKeySet());
  }

  /** Whether there is a tensor of this name. */
  public boolean contains(String name) {
    return header.entries().containsKey(name);
  }

  /**
   * One tensor, borrowed: valid until this is closed, read-only unless it had to be copied because
   * it is not aligned in the file.
   *
   * @throws IncompatibleException if there is no such tensor
   * @throws BadInputException if its element type is none of {@link DType}
   */
  public Tensor tensor(String name) {
    if (closed.get()) {
      throw new IllegalStateException("the mapping of " + file + " is closed");
    }
    return tensors.computeIfAbsent(name, this::view);
  }

  /**
   * The shape of a tensor, also of one with an element type that cannot be read.
   *
   * @throws IncompatibleException if there is no such tensor
   */
  public long[] shape(String name) {
    return entry(name).shape().clone();
  }

  private Entry entry(String name) {
    Entry entry = header.entries().get(name);
    if (entry == null) {
      throw new IncompatibleException(
          "%s has no tensor '%s'; it has %s"
              .formatted(file, name, abbreviated(header.entries().keySet())));
    }
    return entry;
  }

  private Tensor view(String name) {
    Entry entry = entry(name);
    DType dtype =
        entry
            .dtype()
            .orElseThrow(() ->
                new BadInputException(
                    "tensor '%s' of %s has element type %s; convert it to one of %s"
                        .formatted(name, file, entry.type(), Arrays.toString(DType.values()))));
    MemorySegment memory = data.asSlice(entry.begin(), entry.end() - entry.begin());
    if (memory.address() % dtype.bytes() != 0) {
      memory = arena.allocate(Math.max(1, memory.byteSize()), 64).copyFrom(memory);
    }
    return Tensor.borrow(memory, dtype, entry.shape());
  }

  private static String abbreviated(Iterable<String> names) {
    List<String> shown = new ArrayList<>();
    for (String name : names) {
      if (shown.size() == 8) {
        shown.add("...");
        break;
      }
      shown.add(name);
    }
    return shown.toString();
  }

  /**
   * Says that a part of a file will not be read again soon, so that its pages need not stay in
   * memory beside what was made of them. Nothing happens to other memory.
   */
  public static void release(MemorySegment segment) {
    if (segment.isMapped()) {
      segment.unload();
    }
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      arena.close();
    }
  }

  @Override
  public String toString() {
    return "SafeTensors[" + file + "]";
  }

  // Tensors are in native order in memory and little-endian in files; mapping needs the two to be
  // the same.
  static void requireLittleEndian() {
    if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
      throw new UnsupportedOperationException("Eigenseg's files need a little-endian processor");
    }
  }

  @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency
  private static CorruptFileException corrupt(Path file, String message, Object... arguments) {
    return new CorruptFileException(
        "%s is no valid safetensors file: %s".formatted(file, message.formatted(arguments)));
  }

  private static EigensegException noHeader(
      Path file, MemorySegment content, long claimed, String expected) {
    Optional<BadInputException> foreign = ForeignFile.recognise(file, content);
    if (foreign.isPresent()) {
      return foreign.get();
    }
    return corrupt(
        file, "its header claims %s bytes, %s", Long.toUnsignedString(claimed), expected);
  }

  private static String decode(Path file, MemorySegment bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes.asByteBuffer()).toString();
    } catch (CharacterCodingException e) {
      throw new CorruptFileException(
          file + " is no valid safetensors file: its header is not UTF-8", e);
    }
  }

  private static Header parse(Path file, String json) {
    Map<String, String> metadata = Map.of();
    LinkedHashMap<String, Entry> entries = new LinkedHashMap<>();
    try (JsonReader reader = new JsonReader(new StringReader(json))) {
      reader.setStrictness(Strictness.STRICT);
      boolean hasMetadata = false;
      reader.beginObject();
      while (reader.hasNext()) {
        String name = reader.nextName();
        boolean repeated;
        if (name.equals(METADATA)) {
          repeated = hasMetadata;
          hasMetadata = true;
          metadata = texts(file, reader);
        } else {
          repeated = entries.put(name, entry(file, name, reader)) != null;
        }
        if (repeated) {
          throw corrupt(file, "'%s' stands in its header twice", name);
        }
      }
      reader.endObject();
      if (reader.peek() != JsonToken.END_DOCUMENT) {
        throw corrupt(file, "text follows the JSON of its header");
      }
    } catch (IOException | IllegalStateException | NumberFormatException e) {
      throw new CorruptFileException(
          "%s is no valid safetensors file: its header cannot be parsed: %s"
              .formatted(file, e.getMessage()),
          e);
    }
    checkSizes(file, entries.values());
    return new Header(metadata, entries, tiled(file, entries.values()));
  }

  private static Map<String, String> texts(Path file, JsonReader reader) throws IOException {
    LinkedHashMap<String, String> texts = new LinkedHashMap<>();
    reader.beginObject();
    while (reader.hasNext()) {
      String key = reader.nextName();
      if (reader.peek() != JsonToken.STRING) {
        throw corrupt(file, "metadata '%s' is no text", key);
      }
      if (texts.put(key, reader.nextString()) != null) {
        throw corrupt(file, "metadata '%s' stands in its header twice", key);
      }
    }
    reader.endObject();
    return Collections.unmodifiableMap(texts);
  }

  private static Entry entry(Path file, String name, JsonReader reader) throws IOException {
    String type = "";
    long[] shape = null;
    long[] offsets = null;
    int fields = 0;
    reader.beginObject();
    while (reader.hasNext()) {
      fields++;
      switch (reader.nextName()) {
        case "dtype" -> {
          if (reader.peek() != JsonToken.STRING) {
            throw corrupt(file, "the dtype of '%s' is no text", name);
          }
          type = reader.nextString();
        }
        case "shape" -> shape = numbers(file, name, reader);
        case "data_offsets" -> offsets = numbers(file, name, reader);
        case String other -> throw corrupt(file, "'%s' has an unknown field '%s'", name, other);
      }
    }
    reader.endObject();
    if (fields != 3 || type.isEmpty() || shape == null || offsets == null || offsets.length != 2) {
      throw corrupt(file, "'%s' needs one dtype, one shape and two data offsets", name);
    }
    return new Entry(name, type, shape, offsets[0], offsets[1]);
  }

  private static long[] numbers(Path file, String name, JsonReader reader) throws IOException {
    List<Long> numbers = new ArrayList<>();
    reader.beginArray();
    while (reader.hasNext()) {
      if (reader.peek() != JsonToken.NUMBER) {
        throw corrupt(file, "a size of '%s' is no number", name);
      }
      long number = reader.nextLong();
      if (number < 0) {
        throw corrupt(file, "'%s' has the negative size %d", name, number);
      }
      numbers.add(number);
    }
    reader.endArray();
    return numbers.stream().mapToLong(Long::longValue).toArray();
  }

  private static void checkSizes(Path file, Iterable<Entry> entries) {
    for (Entry entry : entries) {
      Optional<Integer> bytes =
          entry
              .dtype()
              .map(DType::bytes)
              .or(() -> Optional.ofNullable(OTHER_TYPES.get(entry.type())));
      if (bytes.isPresent() && !fits(entry, bytes.get())) {
        throw corrupt(
            file,
            "'%s', %s%s, lies at bytes %d to %d",
            entry.name(),
            entry.type(),
            Arrays.toString(entry.shape()),
            entry.begin(),
            entry.end());
      }
    }
  }

  private static boolean fits(Entry entry, long elementBytes) {
    long bytes = elementBytes;
    try {
      for (long axis : entry.shape()) {
        bytes = Math.multiplyExact(bytes, axis);
      }
    } catch (ArithmeticException e) {
      return false;
    }
    return entry.begin() <= entry.end() && entry.end() - entry.begin() == bytes;
  }

  // The format allows neither gaps nor overlaps, so sorted entries must tile the data, up to here.
  private static long tiled(Path file, Iterable<Entry> entries) {
    List<Entry> sorted = new ArrayList<>();
    entries.forEach(sorted::add);
    sorted.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    long expected = 0;
    for (Entry entry : sorted) {
      if (entry.begin() != expected || entry.end() < entry.begin()) {
        throw corrupt(
            file,
            "'%s' lies at bytes %d to %d of the data, expected it to begin at %d",
            entry.name(),
            entry.begin(),
            entry.end(),
            expected);
      }
      expected = entry.end();
    }
    return expected;
  }
}
