package your.app;

import dev.eigenseg.api.ImageFiles;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.bank.ExtractOptions;
import dev.eigenseg.graph.GraphOptions;
import dev.eigenseg.train.Pipeline;
import dev.eigenseg.train.TrainingOptions;
import java.nio.file.Path;
import java.util.List;

/** A model from a folder of photographs, and their masks: {@code Train descriptor photos work}. */
public final class Train {
  private Train() {}

  public static void main(String[] args) throws Exception {
    List<Path> photographs = ImageFiles.in(Path.of(args[1]));
    Path work = Path.of(args[2]);
    try (Pipeline pipeline = Pipeline.open(work, args[0], Progress.NONE)) {
      pipeline.extract(photographs, ExtractOptions.DEFAULT);
      pipeline.graph(GraphOptions.DEFAULT.withNeighbors(16));
      pipeline.train(TrainingOptions.of(12)); // clusters
      pipeline.segment(photographs, SegmentOptions.DEFAULT, work.resolve("masks"));
    }
  }
}
