package dev.eigenseg.api.internal.resource;

/** How large an image may be that is decoded into this heap. */
public final class MaxPixels {
  /**
   * What reading takes at most on the heap: 8 bytes a pixel as decoded (four samples of 16 bits), 4
   * as sRGB, and 4 turned upright.
   */
  public static final int BYTES_PER_PIXEL = 16;

  private MaxPixels() {}

  /** So many that one image takes half of the heap. */
  public static long ofThisHeap() {
    return Runtime.getRuntime().maxMemory() / 2 / BYTES_PER_PIXEL;
  }
}
