package dev.eigenseg.cli.segment;

import com.google.gson.JsonObject;
import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.cli.input.InputOptions;
import dev.eigenseg.cli.input.Inputs;
import dev.eigenseg.cli.input.MaskOptions;
import dev.eigenseg.cli.mask.ImageMask;
import dev.eigenseg.cli.session.OutputFolder;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.cli.session.Surroundings;
import dev.eigenseg.cli.session.WorkCommand;
import dev.eigenseg.train.Devices;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Images to label maps. */
@Command(
    name = "segment",
    description = {
      "Turns images into label maps and overlays.",
      "For each NAME it writes NAME.png, a map of indices (of classes if 'match' has stored "
          + "names in the model, else of clusters), and NAME-overlay.png with a legend; "
          + "classes.json says what the indices mean. images.jsonl which image each was made "
          + "from. The same command again continues where it stopped, and redoes images that "
          + "have changed."
    },
    footer = {
      "",
      "Examples:",
      "  eigenseg segment -m street.safetensors -o segments photos/",
      "  eigenseg segment -m street.safetensors -o segments --format coco-rle,fiftyone photos/",
      "  eigenseg segment -m street.safetensors -o twelve --segments 12 photos/",
      "  eigenseg segment -m photos.safetensors -o few-large --segments auto --regions --crf on photos/",
      "  eigenseg segment -m street.safetensors -o aerial --size own --window 480 --crf on aerial.png"
    })
public final class SegmentCommand extends WorkCommand {
  @Option(
      names = {"-o", "--output"},
      paramLabel = "DIR",
      required = true,
      description = "The folder for the results, created if missing.")
  private Path output;

  @Option(
      names = "--overwrite",
      description =
          "Write again what is there already; the results of other models and settings are deleted first.")
  private boolean overwrite;

  @Option(
      names = "--format",
      paramLabel = "coco-rle|polygons|fiftyone|voc|cityscapes",
      split = ",",
      converter = MaskFormat.Converter.class,
      description = {
        "Write the masks in these forms too, separated by commas, made from the PNGs of all images named:",
        "coco-rle: coco-rle.json, run lengths as pycocotools reads them;",
        "polygons: coco-polygons.json, along the edges of pixels, holes reached through cuts of no width;",
        "fiftyone: the folder fiftyone, a FiftyOneDataset with copies of the images;",
        "voc: the folder voc, palette PNGs and a labelmap.txt, with copies of the images, which zipped is CVAT's segmentation mask 1.1;",
        "cityscapes: the folder cityscapes, labelIds, instanceIds and colours, with copies of the images."
      })
  private Set<MaskFormat> formats = Set.of();

  @Option(
      names = {"-m", "--model"},
      paramLabel = "MODEL",
      required = true,
      description = "The segmenter file.")
  private Path model;

  @Mixin private MaskOptions mask;
  @Mixin private InputOptions inputs;

  public SegmentCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  protected JsonObject work(Session session) throws IOException {
    SegmentOptions single = sensible(mask::options);
    List<Inputs.Input> images = Inputs.expand(session, inputs.inputs(), inputs.skip());
    SequencedMap<String, Inputs.Input> stems = Inputs.byStem(images);
    int threads = session.threadsPerImage(stems.size());
    SegmentOptions options = single.withThreads(threads);
    Devices.preferThreads(threads);
    try (Segmenter segmenter = session.stage("open", () -> mask.open(session, model));
        OutputFolder _ = OutputFolder.open(output)) {
      SegmentFolder folder =
          SegmentFolder.open(output, segmenter.info(), model, mask.settings(options));
      formats.forEach(format -> format.require(folder.classes().classes()));
      folder.prepare(stems, overwrite);
      SegmentRun run =
          new SegmentRun(session, segmenter, options, folder, inputs.skip(), overwrite);
      session.stage("segment", () -> run.all(stems));
      export(session, folder, folder.masks(stems));
      session.say(
          "%s: %d images segmented, %d there before"
              .formatted(output, run.written(), run.present()));
      return json(session, run);
    }
  }

  private void export(Session session, SegmentFolder folder, List<ImageMask> masks)
      throws IOException {
    ClassList classes = folder.classes().classes();
    for (MaskFormat format : new TreeSet<>(formats)) {
      session.stage(
          "export",
          () -> {
            format.write(output, masks, classes, session.progress());
            return masks;
          });
    }
  }

  private JsonObject json(Session session, SegmentRun run) {
    JsonObject json = new JsonObject();
    json.addProperty("model", model.toString());
    json.addProperty("output", output.toString());
    json.addProperty("segmented", run.written());
    json.addProperty("present", run.present());
    json.add("skipped", session.skippedJson());
    json.add("seconds", session.stages().toJson());
    return json;
  }
}
