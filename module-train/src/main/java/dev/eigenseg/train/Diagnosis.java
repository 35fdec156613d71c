package dev.eigenseg.train;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.eigenseg.api.EigensegException;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SequencedMap;

/** Writes down what led to a loss that is not a number. */
final class Diagnosis {
  private static final Gson GSON =
      new GsonBuilder().setPrettyPrinting().serializeSpecialFloatingPointValues().create();

  private Diagnosis() {}

  /** Writes {@code MODEL.diagnosis.json} and returns the error to throw, which names it. */
  static EigensegException notFinite(
      Path model,
      TrainingOptions options,
      Batch batch,
      PsiLearner learner,
      RunHistory history,
      PsiLearner.Outcome outcome,
      double temperature,
      double learningRate)
      throws IOException {
    JsonObject json = new JsonObject();
    json.addProperty("update", history.updates() + 1);
    json.addProperty("loss", outcome.loss());
    json.addProperty("regularizer", outcome.regularizer());
    json.addProperty("temperature", temperature);
    json.addProperty("learning-rate", learningRate);
    json.add("settings", GSON.toJsonTree(options.settings()));
    JsonArray images = new JsonArray();
    batch.parts().forEach(part -> images.add(part.image().name()));
    json.add("images", images);
    json.add("input", summary(batch.input()));
    JsonObject weights = new JsonObject();
    SequencedMap<String, Tensor> tensors = learner.weights();
    try {
      tensors.forEach((name, tensor) -> weights.add(name, summary(tensor)));
    } finally {
      Closing.all(tensors.values(), Tensor::close);
    }
    json.add("weights", weights);
    Path file = model.resolveSibling(model.getFileName() + ".diagnosis.json");
    AtomicFile.writeString(file, GSON.toJson(json) + "\n");
    return new EigensegException(
        ("update %d has loss %s and regularizer %s, or a gradient that is not finite; what led "
                + "there is in %s. Try a lower learning-rate, or scale-inputs")
            .formatted(history.updates() + 1, outcome.loss(), outcome.regularizer(), file));
  }

  private static JsonObject summary(Tensor tensor) {
    double largest = 0;
    long wrong = 0;
    for (long i = 0; i < tensor.size(); i++) {
      float value = tensor.get(i);
      if (Float.isFinite(value)) {
        largest = Math.max(largest, Math.abs(value));
      } else {
        wrong++;
      }
    }
    JsonObject json = new JsonObject();
    json.addProperty("largest", largest);
    json.addProperty("not-finite", wrong);
    return json;
  }
}
