package dev.eigenseg.api.internal.image;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The first directory of a TIFF file, which is also how EXIF is written. What is damaged is taken
 * for absent: the reader of the pixels is the one to complain.
 */
final class Ifd {
  static final int NEW_SUBFILE_TYPE = 254;
  static final int BITS_PER_SAMPLE = 258;
  static final int COMPRESSION = 259;
  static final int PHOTOMETRIC = 262;
  static final int ORIENTATION = 274;
  static final int SAMPLES_PER_PIXEL = 277;
  static final int EXTRA_SAMPLES = 338;
  static final int PROFILE = 34675;
  static final int DNG_VERSION = 50706;

  private static final int ENTRY_BYTES = 12;
  private static final int BYTE = 1;
  private static final int SHORT = 3;
  private static final int LONG = 4;
  private static final int UNDEFINED = 7;
  private static final int LAST_TYPE = 13;

  /** Where the values of a tag are. */
  private record Entry(int type, long count, long at) {}

  private final Bytes bytes;
  private final Map<Integer, Entry> entries = new HashMap<>();
  private final Set<Integer> odd = new HashSet<>(); // tags that others may read otherwise
  private boolean unknownTypes;

  private Ifd(Bytes bytes) {
    this.bytes = bytes;
  }

  static Ifd first(MemorySegment tiff) {
    boolean little = Bytes.bigEndian(tiff).isText(0, "II");
    Ifd ifd = new Ifd(new Bytes(tiff, little ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN));
    boolean known =
        Bytes.bigEndian(tiff).isText(0, "II*\0") || Bytes.bigEndian(tiff).isText(0, "MM\0*");
    if (known && ifd.bytes.holds(0, 8)) {
      ifd.addEntries(ifd.bytes.unsignedInt(4));
    }
    return ifd;
  }

  private void addEntries(long start) {
    if (!bytes.holds(start, 2)) {
      return;
    }
    int count = bytes.unsignedShort(start);
    for (int i = 0; i < count; i++) {
      long at = start + 2 + (long) i * ENTRY_BYTES;
      if (!bytes.holds(at, ENTRY_BYTES)) {
        return;
      }
      int type = bytes.unsignedShort(at + 2);
      unknownTypes |= type < BYTE || type > LAST_TYPE;
      if (type != SHORT || entries.containsKey(bytes.unsignedShort(at))) {
        odd.add(bytes.unsignedShort(at));
      }
      long values = bytes.unsignedInt(at + 4);
      long length = values * bytesOf(type);
      long place = length <= 4 ? at + 8 : bytes.unsignedInt(at + 8);
      if (length > 0 && bytes.holds(place, length)) {
        entries.put(bytes.unsignedShort(at), new Entry(type, values, place));
      }
    }
  }

  // Of the types that hold what is asked for here; others count as absent.
  private static int bytesOf(int type) {
    return switch (type) {
      case BYTE, UNDEFINED -> 1;
      case SHORT -> 2;
      case LONG -> 4;
      default -> 0;
    };
  }

  /**
   * Whether every reader finds the same short numbers for a tag: it is there once or not at all,
   * and no entry is of a type that is not known, behind which readers go on at different places.
   */
  boolean isPlain(int tag) {
    return !unknownTypes && !odd.contains(tag);
  }

  boolean has(int tag) {
    return entries.containsKey(tag);
  }

  /** The whole numbers of a tag, none if it is absent. */
  long[] numbers(int tag) {
    Entry entry = entries.get(tag);
    if (entry == null) {
      return new long[0];
    }
    long[] numbers = new long[Math.toIntExact(Math.min(entry.count, 1 << 16))];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] =
          switch (entry.type) {
            case SHORT -> bytes.unsignedShort(entry.at + 2L * i);
            case LONG -> bytes.unsignedInt(entry.at + 4L * i);
            default -> bytes.unsignedByte(entry.at + i);
          };
    }
    return numbers;
  }

  long number(int tag, long absent) {
    long[] numbers = numbers(tag);
    return numbers.length == 0 ? absent : numbers[0];
  }

  Optional<MemorySegment> content(int tag) {
    return Optional.ofNullable(entries.get(tag))
        .filter(entry -> bytesOf(entry.type) == 1)
        .map(entry -> bytes.slice(entry.at, entry.count));
  }

  Orientation orientation() {
    return Orientation.of(number(ORIENTATION, 1));
  }
}
