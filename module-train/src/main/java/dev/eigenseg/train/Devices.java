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
