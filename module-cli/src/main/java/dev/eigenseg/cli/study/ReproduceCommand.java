package dev.eigenseg.cli.study;

import com.google.gson.JsonObject;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.cli.input.BackboneSpec;
import dev.eigenseg.cli.input.DatasetOptions;
import dev.eigenseg.cli.session.CommandRunner;
import dev.eigenseg.cli.session.CommonOptions;
import dev.eigenseg.cli.session.InnerCommands;
import dev.eigenseg.cli.session.KebabEnum;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.cli.session.SizeConverter;
import dev.eigenseg.cli.session.Surroundings;
import dev.eigenseg.cli.session.WorkCommand;
import dev.eigenseg.train.dataset.CamVid;
import dev.eigenseg.train.study.DataFolder;
import dev.eigenseg.train.study.OwnStudy;
import dev.eigenseg.train.study.PublishedTable;
import dev.eigenseg.train.study.Study;
import dev.eigenseg.train.study.StudyBackbone;
import dev.eigenseg.train.study.StudySplit;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** A study from data and weights to a table. */
@Command(
    name = "reproduce",
    description = {
      "Runs a study and sets its results beside published ones.",
      "What is missing is listed first, with where to get it, and the time is estimated. Every "
          + "step is shown as the command that it is; the same command again skips what is done."
    },
    footer = {
      "",
      "Examples:",
      "  eigenseg reproduce --table 1 --data data --weights weights --plan",
      "  eigenseg reproduce --table 1 --data data --weights weights --device cuda:0",
      "  eigenseg reproduce --trust --dataset camvid --data camvid --weights weights",
      "  eigenseg reproduce --trust --dataset camvid --data camvid --weights weights --parts k --limit 40 --epochs 4 --seeds 1 -o trial",
      "  eigenseg reproduce --dataset folder --data labelled --weights weights -b vit:dino.safetensors --clusters 32,64"
    })
public final class ReproduceCommand extends WorkCommand {
  /** What is studied: one of these. */
  static final class Subject {
    @Option(
        names = "--table",
        paramLabel = "1..8",
        converter = TableNumber.class,
        required = true,
        description = {
          "A table of Deng and Luo, ICCV 2023, with its datasets, backbones and settings.",
          "1: Pascal Context; 2: Cityscapes; 3: both with sliding windows; 4: ADE20K; 5: K; 6: alpha; 7: beta; 8: transfer from ImageNet."
        })
    private Optional<PublishedTable> table = Optional.empty();

    @Option(
        names = "--dataset",
        paramLabel = "NAME",
        converter = DatasetOptions.Name.class,
        required = true,
        description =
            "The paper's questions asked of this dataset, which needs the splits train and val: "
                + "several K, alpha, beta, and transfer to another dataset.")
    private Optional<String> dataset = Optional.empty();
  }

  /** Finds a table. */
  static final class TableNumber implements ITypeConverter<PublishedTable> {
    @Override
    public PublishedTable convert(String value) {
      try {
        return new PublishedTable(Integer.parseInt(value));
      } catch (NumberFormatException e) {
        throw new TypeConversionException("'" + value + "' is no number");
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  @ArgGroup(multiplicity = "1")
  private Subject subject;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      required = true,
      description = "The dataset's folder, or one that holds the datasets in their own folders.")
  private Path data;

  @Option(
      names = "--weights",
      paramLabel = "DIR",
      defaultValue = ".",
      description = "The folder of the backbones' weights (default: the current one).")
  private Path weights;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "DIR",
      defaultValue = "reproduce",
      description =
          "The folder for banks and models, which studies share, and for results.md and results.json in STUDY (default: ${DEFAULT-VALUE}).")
  private Path output;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "3",
      converter = CommonOptions.PositiveInt.class,
      description = "Models of each kind, --seed and those after it (default: ${DEFAULT-VALUE}).")
  private int seeds;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      description = "Passes over the images instead of the published number.")
  private Optional<Integer> epochs = Optional.empty();

  @Option(
      names = "--limit",
      paramLabel = "N",
      converter = CommonOptions.PositiveInt.class,
      description = "Take N images of each split only, spread evenly: for trials.")
  private Optional<Integer> limit = Optional.empty();

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      defaultValue = "cpu",
      description = "Where backbones and trainings run: cpu or cuda:0 (default: ${DEFAULT-VALUE}).")
  private String device;

  @Option(
      names = "--plan",
      description = "Check what is there and print the estimated time and the steps; run none.")
  private boolean plan;

  @ArgGroup(exclusive = false, heading = "%nOptions of --dataset:%n")
  private OwnStudyOptions own;

  private final CommandRunner runner;

  public ReproduceCommand(Surroundings surroundings, CommandRunner runner) {
    super(surroundings);
    this.runner = runner;
  }

  /** How the questions are asked of a dataset. */
  static final class OwnStudyOptions {
    @Option(
        names = {"-b", "--backbone"},
        paramLabel = "SPEC",
        converter = BackboneSpec.class,
        description =
            "The backbone (default: torchscript:mobilenetv2-dense.pt in the folder of --weights, which needs --trust).")
    private Optional<String> backbone = Optional.empty();

    @Option(
        names = "--size",
        paramLabel = "WxH",
        converter = SizeConverter.class,
        description =
            "Resize all images to this size (default: 480x352 for camvid, else each image's own).")
    private Optional<ImageGeometry.Size> size = Optional.empty();

    @Option(
        names = "--clusters",
        paramLabel = "K",
        split = ",",
        converter = CommonOptions.PositiveInt.class,
        description = "The numbers of clusters to compare (default: 32,64,128,256).")
    private List<Integer> clusters = OwnStudy.CLUSTERS;

    @Option(
        names = "--parts",
        paramLabel = "k|alpha|beta|transfer",
        split = ",",
        converter = KebabEnum.Part.class,
        description = "The questions to ask (default: all).")
    private List<OwnStudy.Part> parts = List.of(OwnStudy.Part.values());

    @Option(
        names = "--transfer",
        paramLabel = "NAME=ROOT",
        description =
            "The other dataset, with splits train and val (default: the generated scenes of 'demo').")
    private Optional<String> transfer = Optional.empty();

    Study study(String dataset, OptionalInt epochs) {
      return new OwnStudy(
              dataset,
              backbone.map(StudyBackbone::named).orElseGet(StudyBackbone::mobileNet),
              size.or(() ->
                  dataset.equals(CamVid.NAME)
                      ? Optional.of(OwnStudy.CAMVID_SIZE)
                      : Optional.empty()),
              clusters,
              epochs,
              transfer.map(text -> text.substring(0, separator(text))).orElse(StudySplit.SCENES),
              parts.stream().collect(Collectors.toUnmodifiableSet()))
          .study();
    }

    Map<String, Path> roots() {
      return transfer
          .map(text ->
              Map.of(
                  text.substring(0, separator(text)), Path.of(text.substring(separator(text) + 1))))
          .orElse(Map.of());
    }

    private static int separator(String text) {
      return Math.max(text.indexOf('='), 0);
    }
  }

  @Override
  protected JsonObject work(Session session) throws IOException {
    OwnStudyOptions options = own == null ? new OwnStudyOptions() : own;
    check(options);
    OptionalInt passes = epochs.map(OptionalInt::of).orElseGet(OptionalInt::empty);
    Study study =
        subject
            .table
            .map(table -> table.study(passes))
            .orElseGet(() -> options.study(subject.dataset.orElseThrow(), passes));
    StudyPlaces places =
        new StudyPlaces(new DataFolder(data), options.roots(), weights, output, limit, device);
    StudyRun run =
        new StudyRun(
            session,
            new InnerCommands(runner, surroundings(), session, "reproduce"),
            study,
            places,
            seeds);
    return plan ? run.plan() : run.run();
  }

  private void check(OwnStudyOptions options) {
    if (subject.table.isPresent() && own != null) {
      throw usage("a table has its own settings: an option belongs to --dataset alone");
    }
    options.transfer.ifPresent(text -> {
      if (text.indexOf('=') < 1) {
        throw usage("--transfer is '" + text + "', expected NAME=ROOT, such as camvid=data/camvid");
      }
    });
  }
}
