package dev.eigenseg.train;

import dev.eigenseg.train.neuralef.Torch;
import java.util.List;

/**
 * The devices that can train and run TorchScript backbones. Every call starts the tensor engine if
 * nothing did before.
 */
public final class Devices {
  private Devices() {}

  /**
   * Says how many threads one tensor operation may use, if the tensor engine is started later;
   * starts nothing. The first start in a process fixes the number. Work on several images at the
   * same time wants fewer, since each of its threads brings that many.
   *
   * @param threads at least 1
   */
  public static void preferThreads(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException(threads + " threads, expected at least 1");
    }
    Torch.preferThreads(threads);
  }

  /**
   * Names of the devices that are here, {@code "cpu"} first.
   *
   * @throws dev.eigenseg.api.UnavailableException if the tensor engine cannot be started
   */
  public static List<String> available() {
    return Torch.devices();
  }

  /**
   * Checks that a device is here; {@code "cpu"} always is.
   *
   * @throws dev.eigenseg.api.UnavailableException naming the devices that are here
   */
  public static void require(String device) {
    Torch.device(device);
  }

  /**
   * The tensor engine and its native library, for people to read.
   *
   * @throws dev.eigenseg.api.UnavailableException if it cannot be started
   */
  public static String engine() {
    return Torch.description();
  }
}
