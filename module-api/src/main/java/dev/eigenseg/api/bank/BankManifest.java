package dev.eigenseg.api.bank;

import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.tensor.DType;
import java.util.Map;

/**
 * What a finished bank says of itself.
 *
 * @param settings under which its features were computed
 * @param images the number of images
 * @param rows the number of patches, below 2^32
 * @param lowScale standard deviation of all low values over the bank; 1 where it would be 0
 * @param midScale likewise of the mid values
 * @param highScale likewise of the high values
 * @param provenance where it comes from
 */
public record BankManifest(
    BankSettings settings,
    int images,
    long rows,
    float lowScale,
    float midScale,
    float highScale,
    Provenance provenance) {
  /** The backbone's id. */
  public String backboneId() {
    return settings.backboneId();
  }

  /** SHA-256 of the backbone's weights. */
  public String backboneSha256() {
    return settings.backboneSha256();
  }

  /** The specification under which the backbone was opened. */
  public String backboneSpec() {
    return settings.backboneSpec();
  }

  /** The settings with which the backbone read its weights. */
  public Map<String, String> backboneSettings() {
    return settings.backboneSettings();
  }

  /** The channels of the levels. */
  public FeatureDims dims() {
    return settings.dims();
  }

  /** The type in which low, mid and high are stored. */
  public DType dtype() {
    return settings.dtype();
  }

  /** How images became patches. */
  public ImageGeometry geometry() {
    return settings.geometry();
  }
}
