package dev.eigenseg.api.bank;

import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.tensor.DType;
import java.util.Map;

/**
 * What must be equal for features to stand in one bank.
 *
 * @param backboneId the backbone's id
 * @param backboneSha256 SHA-256 of its weights
 * @param backboneSpec the specification under which it was opened; may differ between runs, since
 *     files move
 * @param backboneSettings the backbone's {@link dev.eigenseg.api.Backbone#settings()}
 * @param dims its channels
 * @param dtype {@link DType#F32} or {@link DType#F16}, in which low, mid and high are stored
 * @param geometry how images became patches
 * @param views how further views of each image were made, by option names; empty if the bank holds
 *     the images as they are alone
 */
public record BankSettings(
    String backboneId,
    String backboneSha256,
    String backboneSpec,
    Map<String, String> backboneSettings,
    FeatureDims dims,
    DType dtype,
    ImageGeometry geometry,
    Map<String, String> views) {
  /** Checks the type and the channels; copies the maps. */
  public BankSettings {
    backboneSettings = Map.copyOf(backboneSettings);
    views = Map.copyOf(views);
    if (dtype != DType.F32 && dtype != DType.F16) {
      throw new IllegalArgumentException("banks hold float32 or float16, not " + dtype);
    }
    if (dims.low() < 1 || dims.mid() < 1 || dims.high() < 1) {
      throw new IllegalArgumentException("every level needs at least one channel: " + dims);
    }
  }

  /** Settings of a bank that holds each image as it is. */
  public BankSettings(
      String backboneId,
      String backboneSha256,
      String backboneSpec,
      Map<String, String> backboneSettings,
      FeatureDims dims,
      DType dtype,
      ImageGeometry geometry) {
    this(
        backboneId,
        backboneSha256,
        backboneSpec,
        backboneSettings,
        dims,
        dtype,
        geometry,
        Map.of());
  }
}
