package dev.eigenseg.graph.rows;

/**
 * A neighbour as one long: its similarity as a sortable int above the complement of its id, so that
 * the order of longs is "more similar first, then lower id". That order is strict, hence the k
 * largest of a row are the same whatever the order in which they come.
 */
public final class Neighbor {
  private Neighbor() {}

  /** Packs a neighbour; the id is an unsigned int. */
  public static long key(float similarity, long id) {
    int bits = Float.floatToRawIntBits(similarity + 0f); // + 0f makes -0 equal to 0
    int sortable = bits ^ ((bits >> 31) & Integer.MAX_VALUE);
    return (long) sortable << 32 | (~id & 0xFFFFFFFFL);
  }

  /** The similarity in a key. */
  public static float similarity(long key) {
    int sortable = (int) (key >> 32);
    return Float.intBitsToFloat(sortable ^ ((sortable >> 31) & Integer.MAX_VALUE));
  }

  /** The id in a key, unsigned. */
  public static int id(long key) {
    return ~(int) key;
  }
}
