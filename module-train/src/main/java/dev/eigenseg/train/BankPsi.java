package dev.eigenseg.train;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.PsiConfig;
import dev.eigenseg.infer.SegmenterModel;
import dev.eigenseg.infer.psi.PsiInput;
import dev.eigenseg.infer.psi.PsiNetwork;
import java.io.IOException;

/** What a learned psi makes of all patches of a bank. Needs no tensor engine. */
public final class BankPsi {
  private BankPsi() {}

  private interface Pass {
    void run(PsiNetwork network, Tensor input, Tensor out);
  }

  /** Psi's hidden features, float32 {@code [patches, hidden]}; to be closed by the caller. */
  static Tensor hidden(FeatureBank bank, SegmenterModel model, int threads, Progress progress)
      throws IOException {
    int width = model.psi().orElseThrow().hidden();
    return pass(
        bank,
        model,
        width,
        "hidden",
        threads,
        progress,
        (network, input, out) -> network.hidden(input, out, 1));
  }

  /**
   * The eigenfunctions as they were learned: the softmax of psi's logits over their divisor.
   *
   * @param bank borrowed; features of the backbone that the model was trained on
   * @param model borrowed
   * @param progress counts images
   * @return float32 {@code [patches, K]}, to be closed by the caller
   * @throws BadInputException if the model has no psi
   */
  public static Tensor outputs(
      FeatureBank bank, SegmenterModel model, int threads, Progress progress) throws IOException {
    if (model.psi().isEmpty()) {
      throw new BadInputException(
          "a %s model has no eigenfunctions; give one of --method neural-eigenfunctions"
              .formatted(model.method().text()));
    }
    int clusters = model.info().clusters();
    VectorMath math = VectorMath.best();
    return pass(
        bank,
        model,
        clusters,
        "eigenfunctions",
        threads,
        progress,
        (network, input, out) -> {
          network.logits(input, out, 1);
          math.softmaxRows(model.logitDivisor(), out.segment(), 0, out.size(0), clusters);
        });
  }

  private static Tensor pass(
      FeatureBank bank,
      SegmenterModel model,
      int width,
      String what,
      int threads,
      Progress progress,
      Pass pass)
      throws IOException {
    PsiConfig config = model.psi().orElseThrow();
    Tensor rows = Tensor.allocate(DType.F32, bank.rows(), width);
    try (PsiNetwork network = PsiNetwork.of(model).orElseThrow()) {
      BankImages.forEach(
          bank,
          what,
          threads,
          progress,
          (image, features) -> {
            try (Tensor input = Tensor.allocate(DType.F32, image.patches(), config.inputDim())) {
              PsiInput.concat(features, model.scales(), input);
              pass.run(network, input, rows.slice(image.firstRow(), image.patches()));
            }
          });
      return rows;
    } catch (IOException | RuntimeException | Error e) {
      rows.close();
      throw e;
    }
  }
}
