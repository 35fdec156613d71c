package dev.eigenseg.cli.demo;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.cli.session.CommandRunner;
import dev.eigenseg.cli.session.EpochLog;
import dev.eigenseg.cli.session.InnerCommands;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.cli.session.Surroundings;
import dev.eigenseg.cli.session.WorkCommand;
import dev.eigenseg.train.dataset.Dataset;
import dev.eigenseg.train.dataset.Datasets;
import dev.eigenseg.train.dataset.FolderDataset;
import dev.eigenseg.train.dataset.GeneratedScenes;
import dev.eigenseg.train.dataset.Sample;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The whole pipeline on generated scenes. */
@Command(
    name = "demo",
    description = {
      "Runs the whole pipeline on generated scenes.",
      "Runs extract, graph, train, match, segment and evaluate on scenes with known ground "
          + "truth, prints how K-means and the eigenfunctions compare, and writes pictures. "
          + "Every step is shown as the command that it is."
    },
    footer = {"", "Example:", "  eigenseg demo -o demo"})
public final class DemoCommand extends WorkCommand {
  private static final String MARKER = "demo.json";
  private static final String MARK = "{\"made-by\": \"eigenseg demo\"}\n";
  private static final List<String> MODELS = List.of("kmeans", "ours", "ours-star");
  private static final List<String> SHOWN_MODELS = List.of("kmeans", "ours");
  private static final int TRAIN_IMAGES = 80;
  private static final int VAL_IMAGES = 20;
  private static final int SHOWN_IMAGES = 5;
  private static final ImageGeometry.Size SIZE = new ImageGeometry.Size(320, 240);
  private static final String CLUSTERS = "32";

  @Option(
      names = {"-o", "--output"},
      paramLabel = "DIR",
      defaultValue = "demo",
      description =
          "The folder for everything (default: ${DEFAULT-VALUE}); an earlier demo in it is replaced, other files stay.")
  private Path folder;

  private final CommandRunner runner;

  public DemoCommand(Surroundings surroundings, CommandRunner runner) {
    super(surroundings);
    this.runner = runner;
  }

  @Override
  protected JsonObject work(Session session) throws IOException {
    prepare(session);
    session.stage("scenes", () -> scenes(session));
    run(session, "extract", "-o", path("bank"), path("scenes/images/train"));
    run(session, "graph", path("bank"));
    train(session, "kmeans", "--method", "kmeans-features");
    train(
        session,
        "ours",
        "--projection",
        "128",
        "--scale-inputs",
        "--epochs",
        "20",
        "--batch-size",
        "4",
        "--log",
        path("training.jsonl"));
    train(session, "ours-star", "--method", "kmeans-hidden", "--from", model("ours"));
    for (String name : MODELS) {
      run(
          session,
          "match",
          model(name),
          "--dataset",
          "folder",
          "--root",
          path("scenes"),
          "--split",
          "train");
    }
    List<Sample> shown = shown();
    for (String name : SHOWN_MODELS) {
      List<String> arguments =
          new ArrayList<>(List.of("-m", model(name), "-o", path("segments/" + name)));
      shown.forEach(sample -> arguments.add(sample.image().toString()));
      run(session, "segment", arguments.toArray(String[]::new));
    }
    JsonObject evaluation = evaluate(session);
    session.stage("pictures", () -> pictures(shown));
    session.result(DemoReport.table(evaluation).toString());
    session.result(DemoReport.NOTE);
    session.say(
        "look at "
            + path("comparison.png")
            + ", "
            + path("loss-curve.png")
            + " and "
            + path("segments"));
    evaluation.add("stages", session.stages().toJson());
    return evaluation;
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  private String model(String name) {
    return path(name + ".safetensors");
  }

  // Deletes nothing that an earlier demo did not write.
  private void prepare(Session session) throws IOException {
    if (isDemo()) {
      session.say("starting anew in " + folder + ", an earlier demo's folder");
      deleteResults();
    } else if (Files.exists(folder) && !isEmptyFolder(folder)) {
      throw new BadInputException(
          folder + " is there already and holds no demo; choose another folder with -o");
    }
    Files.createDirectories(folder);
    AtomicFile.writeString(folder.resolve(MARKER), MARK);
  }

  // A file that merely has the marker's name may be anybody's.
  private boolean isDemo() throws IOException {
    Path marker = folder.resolve(MARKER);
    return Files.isRegularFile(marker)
        && Files.size(marker) == MARK.length()
        && Arrays.equals(Files.readAllBytes(marker), MARK.getBytes(StandardCharsets.UTF_8));
  }

  private static boolean isEmptyFolder(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return false;
    }
    try (Stream<Path> content = Files.list(folder)) {
      return content.findAny().isEmpty();
    }
  }

  // The marker stays, so that a demo stopped in here can be started again.
  private void deleteResults() throws IOException {
    for (String name : results()) {
      delete(folder.resolve(name));
    }
    Path segments = folder.resolve("segments");
    if (isEmptyFolder(segments)) {
      Files.delete(segments);
    }
  }

  /** Everything that a demo writes beside its marker. */
  private static List<String> results() {
    List<String> names =
        new ArrayList<>(
            List.of(
                "comparison.png",
                "loss-curve.png",
                "evaluation.json",
                "training.jsonl",
                "bank",
                "scenes"));
    MODELS.forEach(name -> names.add(name + ".safetensors"));
    MODELS.forEach(name -> names.add(name + ".safetensors.checkpoint"));
    SHOWN_MODELS.forEach(name -> names.add("segments/" + name));
    return names;
  }

  private static void delete(Path file) throws IOException {
    if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (Stream<Path> files = Files.walk(file)) {
      for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }

  private Path scenes(Session session) throws IOException {
    session.say(
        "drawing %d + %d scenes of %s pixels with known ground truth"
            .formatted(TRAIN_IMAGES, VAL_IMAGES, SIZE));
    Path scenes = folder.resolve("scenes");
    GeneratedScenes.write(
        scenes,
        TRAIN_IMAGES,
        VAL_IMAGES,
        SIZE,
        session.seed(),
        session.threads(),
        session.progress());
    return scenes;
  }

  private Dataset dataset() throws IOException {
    return Datasets.open(FolderDataset.NAME, folder.resolve("scenes"), GeneratedScenes.VAL);
  }

  private List<Sample> shown() throws IOException {
    List<Sample> samples = dataset().samples();
    return samples.subList(0, Math.min(SHOWN_IMAGES, samples.size()));
  }

  private void train(Session session, String name, String... more) throws IOException {
    List<String> arguments =
        new ArrayList<>(List.of(path("bank"), "-o", model(name), "--clusters", CLUSTERS));
    arguments.addAll(Arrays.asList(more));
    run(session, "train", arguments.toArray(String[]::new));
  }

  private JsonObject evaluate(Session session) throws IOException {
    Path json = folder.resolve("evaluation.json");
    // Its table of every matching stays in the file; the demo prints a shorter one.
    inner(session)
        .runSilently(
            "evaluate",
            List.of(
                "--dataset",
                "folder",
                "--root",
                path("scenes"),
                "--split",
                "val",
                "--json",
                json.toString(),
                model("kmeans"),
                model("ours"),
                model("ours-star")));
    return JsonParser.parseString(Files.readString(json)).getAsJsonObject();
  }

  private Path pictures(List<Sample> shown) throws IOException {
    Images.writePng(
        new ContactSheet(dataset(), shown, folder.resolve("segments")).draw(),
        folder.resolve("comparison.png"));
    Images.writePng(
        LossCurve.draw(EpochLog.read(folder.resolve("training.jsonl"))),
        folder.resolve("loss-curve.png"));
    return folder;
  }

  private void run(Session session, String command, String... arguments) throws IOException {
    inner(session).run(command, List.of(arguments));
  }

  private InnerCommands inner(Session session) {
    return new InnerCommands(runner, surroundings(), session, "demo");
  }
}
