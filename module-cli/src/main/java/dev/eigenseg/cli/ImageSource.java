package dev.eigenseg.cli;

import java.io.IOException;
import java.util.List;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Parameters;

/** Images that the user names, or those of a dataset. */
final class ImageSource {
  @ArgGroup(exclusive = false)
  private DatasetOptions dataset;

  @Parameters(arity = "1..*", paramLabel = "INPUT", description = InputOptions.DESCRIPTION)
  private List<String> inputs = List.of();

  /**
   * The images.
   *
   * @param check whether a dataset's files are looked into first
   */
  List<Inputs.Input> images(Session session, boolean check) throws IOException {
    if (dataset == null) {
      return Inputs.expand(inputs);
    }
    return dataset.images(session, check).stream()
        .map(path -> new Inputs.Input(path, path.getFileName()))
        .toList();
  }
}
