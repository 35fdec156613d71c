package dev.eigenseg.api;

import dev.eigenseg.api.internal.service.Services;
import dev.eigenseg.api.spi.Availability;
import dev.eigenseg.api.spi.BackboneProvider;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

/** Opens backbones by their specification, through the {@link BackboneProvider}s that are found. */
public final class Backbones {
  private static final List<String> CHECKPOINTS =
      List.of(".safetensors", ".index.json", ".pth", ".bin", ".ckpt");
  // To tell one that is not here from one that is not declared.
  private static final Map<String, String> OWN_PROVIDERS =
      Map.of(
          "descriptor", "dev.eigenseg.infer.descriptor.DescriptorProvider",
          "vit", "dev.eigenseg.infer.vit.VitProvider",
          "torchscript", "dev.eigenseg.train.torchscript.TorchScriptProvider");

  private Backbones() {}

  /** As {@link #open(String, String, Map)}, without settings. */
  public static Backbone open(String spec, String device) throws IOException {
    return open(spec, device, Map.of());
  }

  /**
   * Opens a backbone.
   *
   * @param text a scheme and a location, such as {@code "descriptor"} or {@code "vit:FILE"}, or
   *     what {@link #specification} takes for one
   * @param device {@code "cpu"} or {@code "cuda:0"}
   * @param settings how to read the weights, see {@link Backbone#settings()}
   * @return a backbone that the caller owns
   * @throws UnavailableException if no provider knows the scheme, or it cannot work here; the
   *     message says why and what to do
   * @throws BadInputException if a setting is unknown to the backbone or does not fit its weights
   */
  public static Backbone open(String text, String device, Map<String, String> settings)
      throws IOException {
    String spec = specification(text);
    int colon = spec.indexOf(':');
    String scheme = colon < 0 ? spec : spec.substring(0, colon);
    String location = colon < 0 ? "" : spec.substring(colon + 1);
    return looking(
        settings,
        own -> {
          BackboneProvider provider = provider(spec, scheme, device);
          try {
            return provider.open(location, device, own);
          } catch (LinkageError e) {
            throw new UnavailableException(
                "backbone '%s' cannot be opened: a class is missing or does not fit (%s)%s"
                    .formatted(spec, e.getMessage(), Services.incubatorHint()),
                e);
          }
        });
  }

  /**
   * The specification that a text stands for: the file of a checkpoint alone becomes {@code
   * vit:FILE}; anything else stays.
   *
   * @param text a specification, or a file that ends with {@code .safetensors}, {@code
   *     .safetensors.index.json}, or as PyTorch's pickles do, which the provider refuses with what
   *     to do about them
   */
  public static String specification(String text) {
    boolean known =
        providers().stream()
            .map(BackboneProvider::scheme)
            .anyMatch(scheme -> text.equals(scheme) || text.startsWith(scheme + ":"));
    return !known && CHECKPOINTS.stream().anyMatch(text::endsWith) ? "vit:" + text : text;
  }

  /** Opens a backbone with its own settings. */
  public interface Opening {
    Backbone open(Map<String, String> settings) throws IOException;
  }

  /**
   * Opens a backbone that looks several times if the settings hold {@code looks}: factors of the
   * image's sides with commas between them, from 0.25 to 8. With {@code mirror-looks} it looks at
   * the mirrored image as well. Its features are the mean over the looks. With {@code finer}, its
   * patches are so many times narrower than the backbone's own.
   *
   * @param settings with or without {@code looks}
   * @param opening opens the backbone itself, with the other settings
   * @return a backbone that the caller owns
   * @throws BadInputException if the looks are none, or there is no such grid
   */
  public static Backbone looking(Map<String, String> settings, Opening opening) throws IOException {
    Map<String, String> own = new LinkedHashMap<>(settings);
    String looks = own.remove(MultiLookBackbone.LOOKS);
    String mirror = own.remove(MultiLookBackbone.MIRROR);
    String finer = own.remove(MultiLookBackbone.FINER);
    Backbone backbone = opening.open(own);
    if (looks == null && mirror == null && finer == null) {
      return backbone;
    }
    return MultiLookBackbone.of(
        backbone,
        looks == null ? "1" : looks,
        mirror == null ? "false" : mirror,
        finer == null ? "1" : finer);
  }

  /**
   * The same features on a finer grid, for a model that was trained on a coarser one.
   *
   * @param backbone one that looks several times; ownership passes to the result, or the backbone
   *     is closed if there is none
   * @param factor how many times narrower patches are than the backbone's own
   * @throws BadInputException if the backbone looks once, so that a finer grid would hold nothing
   *     new, or the factor does not divide the side of a patch
   */
  public static Backbone finer(Backbone backbone, int factor) {
    try {
      if (backbone instanceof MultiLookBackbone looking) {
        return looking.onFinerGrid(factor);
      }
      throw new BadInputException(
          "backbone '%s' looks at an image once and has no finer grid; extract with --looks, such as --looks 1,2"
              .formatted(backbone.id()));
    } catch (RuntimeException | Error e) {
      backbone.close();
      throw e;
    }
  }

  /**
   * Whether a backbone looks several times, so that {@link #finer} gives more than its own grid.
   *
   * @param settings the backbone's, see {@link Backbone#settings()}
   */
  public static boolean hasFinerGrid(Map<String, String> settings) {
    return settings.containsKey(MultiLookBackbone.LOOKS);
  }

  /**
   * Opens the backbone of a model: the one in its file, or the one that {@link #find} finds.
   *
   * @return a backbone that the caller owns
   */
  public static Backbone of(Path model) throws IOException {
    return Segmenters.backbone(model);
  }

  /**
   * Opens a backbone as a model needs it.
   *
   * @param spec as for {@link #open(String, String)}
   * @return a backbone that the caller owns
   */
  public static Backbone of(Path model, String spec, String device) throws IOException {
    return open(spec, device, Segmenters.info(model).backboneSettings());
  }

  /**
   * Whether two backbones of equal weights give the same features of a point: their settings are
   * equal, the grid aside.
   *
   * @param settings of one, see {@link Backbone#settings()}
   * @param other of the other
   */
  public static boolean equalButForTheGrid(
      Map<String, String> settings, Map<String, String> other) {
    return withoutGrid(settings).equals(withoutGrid(other));
  }

  private static Map<String, String> withoutGrid(Map<String, String> settings) {
    Map<String, String> rest = new LinkedHashMap<>(settings);
    rest.remove(MultiLookBackbone.FINER);
    return rest;
  }

  /**
   * Finds the backbone that a model was trained on, as {@link Segmenter#load(Path)} does: beside
   * the model, in {@code EIGENSEG_WEIGHTS}, in the user's cache, and among the files that the user
   * has named to the command line before, by its hash. The path that is recorded is not looked at.
   *
   * @param model the model's file, or the bank that one is trained on
   * @param info what it says of its backbone
   * @return a specification for {@link #open(String, String, Map)}
   * @throws UnavailableException if it is in none of these places
   * @throws IncompatibleException if only files with other hashes are
   */
  public static String find(Path model, ModelInfo info) throws IOException {
    return Segmenters.findBackbone(model, info);
  }

  private static BackboneProvider provider(String spec, String scheme, String device) {
    Services.Found<BackboneProvider> found = installed();
    List<BackboneProvider> known =
        found.providers().stream().filter(p -> p.scheme().equals(scheme)).toList();
    if (known.isEmpty()) {
      throw new UnavailableException(unknown(spec, scheme, found));
    }
    // One provider alone says itself what is wrong with a device.
    List<BackboneProvider> serving =
        known.size() == 1 ? known : known.stream().filter(p -> p.serves(device)).toList();
    List<String> reasons = new ArrayList<>();
    for (BackboneProvider provider : serving) {
      Availability availability = provider.availability();
      if (availability.available()) {
        return provider;
      }
      reasons.addAll(availability.reasons());
    }
    throw new UnavailableException(
        "backbone '%s' is not available on '%s': %s"
            .formatted(
                spec,
                device,
                reasons.isEmpty()
                    ? "nothing here runs it on such a device; use 'cpu' or 'cuda:0'"
                    : String.join("; ", reasons)));
  }

  private static Services.Found<BackboneProvider> installed() {
    return Services.find(
        Backbones.class, classes -> ServiceLoader.load(BackboneProvider.class, classes));
  }

  /** The providers that are found, by scheme; also those that say they cannot work here. */
  public static List<BackboneProvider> providers() {
    return installed().providers().stream()
        .sorted(
            Comparator.comparing(BackboneProvider::scheme)
                .thenComparing(provider -> !provider.serves("cpu")))
        .toList();
  }

  private static String unknown(
      String spec, String scheme, Services.Found<BackboneProvider> found) {
    List<String> known = new ArrayList<>();
    for (BackboneProvider provider : found.providers()) {
      Availability availability = provider.availability();
      known.add(
          availability.available()
              ? provider.scheme()
              : provider.scheme()
                  + " (not here: "
                  + String.join("; ", availability.reasons())
                  + ")");
    }
    known.sort(Comparator.naturalOrder());
    StringBuilder message = new StringBuilder();
    message.append("no provider opens backbone '").append(spec).append("'; known schemes: ");
    message.append(known.isEmpty() ? "none" : String.join(", ", new LinkedHashSet<>(known)));
    switch (scheme) {
      case "torchscript" ->
          message.append(
              "; TorchScript needs the module dev.eigenseg.train and DJL's PyTorch engine");
      case "vit" ->
          message.append(
              "; a Vision Transformer needs the module dev.eigenseg.infer for the CPU, or dev.eigenseg.train for a GPU");
      case "descriptor" -> message.append("; this one needs the module dev.eigenseg.infer");
      default -> message.append("; check the spelling, or add the module that provides it");
    }
    message.append(Services.incubatorHint());
    if (OWN_PROVIDERS.containsKey(scheme)) {
      message.append(
          Services.unmergedHint(
              Backbones.class, BackboneProvider.class, OWN_PROVIDERS.get(scheme)));
    }
    for (String failure : found.failures()) {
      message.append("; a provider could not be loaded: ").append(failure);
    }
    return message.toString();
  }
}
