package dev.eigenseg.cli.input;

import dev.eigenseg.cli.session.Session;
import dev.eigenseg.train.dataset.Dataset;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Parameters;

/** Images that the user names, or those of a dataset. */
public final class ImageSource {
  @ArgGroup(exclusive = false)
  private DatasetOptions dataset;

  @Parameters(arity = "1..*", paramLabel = "INPUT", description = InputOptions.DESCRIPTION)
  private List<String> inputs = List.of();

  /**
   * The images with their ground truth, if the user named a dataset that has one.
   *
   * @param check whether its files are looked into first
   */
  public Optional<Dataset> groundTruth(Session session, boolean check) throws IOException {
    return dataset != null && dataset.labelled()
        ? Optional.of(dataset.open(session, check))
        : Optional.empty();
  }

  /**
   * The images.
   *
   * @param check whether a dataset's files are looked into first, and whether what cannot be read
   *     ends the work; else it is skipped
   */
  public List<Inputs.Input> images(Session session, boolean check) throws IOException {
    if (dataset == null) {
      return Inputs.expand(session, inputs, !check);
    }
    return dataset.images(session, check).stream()
        .map(path -> new Inputs.Input(path, path.getFileName()))
        .toList();
  }
}
