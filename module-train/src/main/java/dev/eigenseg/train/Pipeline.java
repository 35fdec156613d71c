package dev.eigenseg.train;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.bank.ExtractOptions;
import dev.eigenseg.api.bank.Extractor;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.graph.BankGraph;
import dev.eigenseg.graph.GraphOptions;
import dev.eigenseg.graph.KnnGraph;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * From photographs to masks, in one folder: {@code bank}, {@code bank/graph.knn} and {@code
 * model.safetensors} are made one after the other, with the bytes that the commands {@code
 * extract}, {@code graph} and {@code train} make. Owns the backbone. Used by one thread.
 *
 * <p>Every step goes on where it was stopped, does nothing if its work is there already, and
 * refuses to replace what was made with other options. Who wants to follow a step more closely uses
 * what it is made of: {@link Extractor}, {@link BankGraph}, {@link Trainer}, {@link Segmenter}.
 */
public final class Pipeline implements AutoCloseable {
  private final Path folder;
  private final String spec;
  private final String device;
  private final Backbone backbone;
  private final Progress progress;

  private Pipeline(Path folder, String spec, String device, Backbone backbone, Progress progress) {
    this.folder = folder;
    this.spec = spec;
    this.device = device;
    this.backbone = backbone;
    this.progress = progress;
  }

  /** As {@link #open(Path, String, String, Map, Progress)}, on the CPU, without settings. */
  public static Pipeline open(Path folder, String spec, Progress progress) throws IOException {
    return open(folder, spec, "cpu", Map.of(), progress);
  }

  /**
   * Opens the backbone and creates the folder.
   *
   * @param spec the backbone, as for {@link Backbones#open(String, String, Map)}
   * @param device likewise
   * @param settings likewise
   * @param progress follows all steps, and may stop them
   */
  public static Pipeline open(
      Path folder, String spec, String device, Map<String, String> settings, Progress progress)
      throws IOException {
    Files.createDirectories(folder);
    return new Pipeline(folder, spec, device, Backbones.open(spec, device, settings), progress);
  }

  /** The folder of the bank. */
  public Path bank() {
    return folder.resolve("bank");
  }

  /** The model's file. */
  public Path model() {
    return folder.resolve("model.safetensors");
  }

  /**
   * Puts the features of photographs into the bank; those that are there are left out.
   *
   * @throws BadInputException if an image cannot be used and is not to be skipped
   * @throws dev.eigenseg.api.IncompatibleException if the bank was made with other options
   * @throws dev.eigenseg.api.CancelledException if the user wants the work to stop
   */
  public void extract(List<Path> photographs, ExtractOptions options) throws IOException {
    // Several images are in work at a time, and all of them together may use the threads.
    int inWork = Math.clamp(photographs.size(), 1, options.threads());
    Devices.preferThreads(options.threads() / inWork);
    Extractor.extract(photographs, backbone, bank(), options.withBackbone(spec, device), progress);
  }

  /**
   * Builds the bank's graph, unless it is there.
   *
   * @throws dev.eigenseg.api.IncompatibleException if the one that is there was made with other
   *     options, or of what the bank held before
   * @throws dev.eigenseg.api.CancelledException if the user wants the work to stop
   */
  public void graph(GraphOptions options) throws IOException {
    try (FeatureBank bank = FeatureBank.open(bank());
        KnnGraph graph = graph(bank, options)) {
      graph.rows();
    }
  }

  private KnnGraph graph(FeatureBank bank, GraphOptions options) throws IOException {
    BankGraph wanted = new BankGraph(bank, options);
    return wanted.openOrBuild(wanted.file(), BankGraph.Listener.NONE, progress);
  }

  /**
   * Learns the eigenfunctions; training across batches first builds the graph if that was not done.
   *
   * @throws dev.eigenseg.api.IncompatibleException if the model that is there was made with other
   *     options, or of other photographs
   * @throws dev.eigenseg.api.CancelledException if the user wants the work to stop; a checkpoint is
   *     kept
   */
  public TrainingResult train(TrainingOptions options) throws IOException {
    try (FeatureBank bank = FeatureBank.open(bank())) {
      if (options.kernel().mode() == TrainingMode.IN_BATCH) {
        return train(bank, Optional.empty(), options);
      }
      GraphOptions any =
          GraphOptions.DEFAULT.withSeed(options.run().seed()).withThreads(options.run().threads());
      try (KnnGraph graph = graph(bank, any)) {
        return train(bank, Optional.of(graph), options);
      }
    }
  }

  private TrainingResult train(FeatureBank bank, Optional<KnnGraph> graph, TrainingOptions options)
      throws IOException {
    Devices.preferThreads(options.run().threads());
    return Trainer.train(bank, graph, options, model(), TrainingListener.NONE, progress);
  }

  /**
   * Writes a mask of every photograph, {@code NAME.png}: indices of classes if the model has names,
   * else of clusters. A mask that is newer than its photograph and the model is left as it is.
   *
   * @param masks the folder, created if missing; one for each way of looking at images
   * @throws BadInputException if a photograph is none, or two have the same name
   * @throws dev.eigenseg.api.CancelledException if the user wants the work to stop
   */
  public void segment(List<Path> photographs, SegmentOptions options, Path masks)
      throws IOException {
    requireDifferentNames(photographs);
    Files.createDirectories(masks);
    try (Segmenter segmenter = Segmenter.load(model(), spec, device);
        Progress.Task task = progress.start("segment", photographs.size(), "images")) {
      for (Path photograph : photographs) {
        progress.checkCancelled();
        Path mask = masks.resolve(stem(photograph) + ".png");
        if (!newer(mask, photograph) || !newer(mask, model())) {
          write(segmenter, photograph, options, mask);
        }
        task.advance(1);
      }
    }
  }

  private static void requireDifferentNames(List<Path> photographs) {
    Set<String> names = new HashSet<>();
    for (Path photograph : photographs) {
      if (!names.add(stem(photograph))) {
        throw new BadInputException(
            "the masks of two photographs would be called %s.png, the second is %s; segment them into different folders"
                .formatted(stem(photograph), photograph));
      }
    }
  }

  private static String stem(Path photograph) {
    String name = photograph.getFileName().toString();
    int dot = name.lastIndexOf('.');
    return dot > 0 ? name.substring(0, dot) : name;
  }

  private static boolean newer(Path mask, Path source) throws IOException {
    return Files.exists(mask)
        && Files.getLastModifiedTime(mask).compareTo(Files.getLastModifiedTime(source)) >= 0;
  }

  private static void write(Segmenter segmenter, Path photograph, SegmentOptions options, Path mask)
      throws IOException {
    var segments = segmenter.segment(Images.read(photograph), options);
    if (segmenter.info().names().isPresent()) {
      segments.writeClassPng(mask, segmenter.info().names().get().classes().size());
    } else {
      segments.writeIndexPng(mask);
    }
  }

  /** Closes the backbone; what was made stays. */
  @Override
  public void close() {
    backbone.close();
  }
}
