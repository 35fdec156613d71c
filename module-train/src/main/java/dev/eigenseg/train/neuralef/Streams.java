package dev.eigenseg.train.neuralef;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * The random numbers of a run. Every use draws from a stream of its own, a pure function of the
 * seed and of what it is for, so a checkpoint needs no generator state: the update's number is the
 * state.
 */
public final class Streams {
  private static final RandomGeneratorFactory<RandomGenerator> ALGORITHM =
      RandomGeneratorFactory.of("L64X128MixRandom");
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  private Streams() {}

  /** What random numbers are for. */
  public enum Purpose {
    /** Initial weights. */
    WEIGHTS(1),
    /** The order of images in an epoch. */
    ORDER(2),
    /** The Gumbel noise of an update. */
    NOISE(3),
    /** One augmented view of an image. */
    AUGMENTATION(4);

    private final long code;

    Purpose(long code) {
      this.code = code;
    }
  }

  /** The stream for the {@code index}-th use of a purpose. */
  public static RandomGenerator stream(long seed, Purpose purpose, long index) {
    return ALGORITHM.create(mix(mix(seed + GOLDEN * purpose.code) + GOLDEN * (index + 1)));
  }

  // The finaliser of SplitMix64 (Steele, Lea, Flood 2014): neighbouring seeds become unrelated
  // ones.
  private static long mix(long z) {
    long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
    return b ^ (b >>> 31);
  }

  /** A random order of the numbers below {@code count}. */
  public static int[] permutation(RandomGenerator random, int count) {
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  /**
   * Fills memory with float32 strictly between 0 and 1: 23 bits and a half, so that neither
   * logarithm of Gumbel noise overflows.
   */
  public static void fillUniform(RandomGenerator random, MemorySegment target, long count) {
    for (long i = 0; i < count; i++) {
      target.setAtIndex(ValueLayout.JAVA_FLOAT, i, ((random.nextInt() >>> 9) + 0.5f) * 0x1p-23f);
    }
  }
}
