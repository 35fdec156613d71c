package dev.eigenseg.graph.strips;

import java.io.IOException;
import java.nio.channels.FileChannel;

/** What commits ask of the machine: a clock, and that written bytes outlive it. */
public interface Disk {
  /** This machine's. */
  Disk REAL = FileChannel::force;

  /** Returns when the disk has what was written, and the file's times as well if that is asked. */
  void force(FileChannel file, boolean metadata) throws IOException;

  /** {@link System#nanoTime}. */
  default long nanoTime() {
    return System.nanoTime();
  }
}
