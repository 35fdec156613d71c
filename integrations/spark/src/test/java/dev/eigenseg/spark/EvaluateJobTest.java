package dev.eigenseg.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.bank.ExtractOptions;
import dev.eigenseg.train.dataset.FolderDataset;
import dev.eigenseg.train.dataset.GeneratedScenes;
import dev.eigenseg.train.evaluation.Evaluation;
import dev.eigenseg.train.evaluation.EvaluationReport;
import dev.eigenseg.train.evaluation.Evaluator;
import dev.eigenseg.train.evaluation.Evaluator.EvaluatedModel;
import dev.eigenseg.train.evaluation.Protocol;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.SparkException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluateJobTest {
  @TempDir Path folder;

  private Path images;
  private Path model;
  private EvaluateJob.Source source;

  @BeforeEach
  void write() throws IOException {
    Path root = folder.resolve("scenes");
    images = OnSpark.scenes(root, 5);
    Path bank = OnSpark.bank(folder.resolve("bank"), OnSpark.files(images), ExtractOptions.DEFAULT);
    model = OnSpark.model(folder.resolve("model.safetensors"), bank, 6);
    source = new EvaluateJob.Source(FolderDataset.NAME, root.toString(), GeneratedScenes.VAL);
  }

  private static SegmentOptions mirrored() {
    return SegmentOptions.DEFAULT.withFlip(true);
  }

  private EvaluateJob job(boolean skip) throws IOException {
    return new EvaluateJob(
        source,
        Protocol.WHOLE_IMAGE,
        List.of(
            new EvaluateJob.Model("once", ModelFile.of(model)),
            new EvaluateJob.Model("mirrored", ModelFile.of(model), EvaluateJobTest::mirrored)),
        skip);
  }

  private String report(Evaluation evaluation) throws IOException {
    return EvaluationReport.of(
            source.open(), Protocol.WHOLE_IMAGE, evaluation, Map.of(), info -> false)
        .toJson()
        .toString();
  }

  private Evaluation ofOneMachine(boolean skip) throws IOException {
    try (Segmenter segmenter = Segmenter.load(model)) {
      return Evaluator.evaluate(
          source.open(),
          Protocol.WHOLE_IMAGE,
          List.of(
              new EvaluatedModel("once", segmenter),
              new EvaluatedModel("mirrored", segmenter, mirrored())),
          1,
          skip,
          Progress.NONE);
    }
  }

  @Test
  void countsAreThoseOfOneMachineWhateverTheTasks() throws IOException {
    String expected = report(ofOneMachine(false));
    for (int tasks : new int[] {1, 3, 20}) {
      assertEquals(expected, report(job(false).run(OnSpark.session(), tasks)));
    }
  }

  @Test
  void whatCannotBeUsedIsLeftOutIfItMay() throws IOException {
    Files.writeString(images.resolve("scene-0002.png"), "no picture");
    Evaluation expected = ofOneMachine(true);
    Evaluation found = job(true).run(OnSpark.session(), 5);
    assertEquals(report(expected), report(found));
    assertEquals(expected.skipped(), found.skipped());
    assertEquals(1, found.skipped().size());
    assertEquals(4, found.images());
    Exception failure =
        assertThrows(SparkException.class, () -> job(false).run(OnSpark.session(), 2));
    assertTrue(failure.getMessage().contains("scene-0002.png"), failure.getMessage());
  }

  @Test
  void refusesAnEvaluationOfNothing() throws IOException {
    for (Path image : OnSpark.files(images)) {
      Files.writeString(image, "no picture");
    }
    Exception refusal =
        assertThrows(BadInputException.class, () -> job(true).run(OnSpark.session(), 2));
    assertTrue(
        refusal.getMessage().startsWith("none of the 5 images could be used; the first: "),
        refusal.getMessage());
  }
}
