package dev.eigenseg.infer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.ClassList.NamedClass;
import dev.eigenseg.api.ClusterNames;
import dev.eigenseg.api.Dendrogram;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.ModelInfo;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The parts of a segmenter file that are JSON. Reading throws {@link IllegalArgumentException} on
 * what does not fit.
 */
final class ModelJson {
  // RGB in [0, 1] goes into the backbone, which applies its own normalisation. Models written
  // before this was recorded were trained so too.
  private static final String PIXELS = "pixel-normalisation";
  private static final String PIXELS_TO_BACKBONE = "backbone";

  // Models written before backbones had settings lack it.
  private static final String SETTINGS = "settings";

  // Only models of chosen bands have it.
  private static final String BANDS = "bands";
  // Models of before there was a choice do not have it: theirs is black.
  private static final String BORDER = "border";

  private ModelJson() {}

  /** What a configuration says: a model without its names, provenance and weights. */
  record Config(
      ModelInfo info,
      FeatureDims dims,
      FeatureScales scales,
      Optional<PsiConfig> psi,
      boolean normalizeRows,
      float logitDivisor) {}

  static JsonObject config(SegmenterModel model) {
    JsonObject json = new JsonObject();
    json.addProperty("method", model.info().method());
    json.addProperty("clusters", model.info().clusters());
    json.add("backbone", backbone(model));
    json.add("geometry", geometry(model.info().geometry()));
    json.addProperty(PIXELS, PIXELS_TO_BACKBONE);
    JsonObject scales = new JsonObject();
    scales.addProperty("low", model.scales().low());
    scales.addProperty("mid", model.scales().mid());
    scales.addProperty("high", model.scales().high());
    json.add("scales", scales);
    model.psi().ifPresent(psi -> json.add("psi", psi(psi)));
    json.addProperty("normalize-rows", model.normalizeRows());
    json.addProperty("logit-divisor", model.logitDivisor());
    return json;
  }

  private static JsonObject backbone(SegmenterModel model) {
    JsonObject json = new JsonObject();
    json.addProperty("id", model.info().backboneId());
    json.addProperty("sha256", model.info().backboneSha256());
    json.addProperty("spec", model.info().backboneSpec());
    JsonObject settings = new JsonObject();
    new TreeMap<>(model.info().backboneSettings()).forEach(settings::addProperty);
    json.add(SETTINGS, settings);
    json.addProperty("low", model.dims().low());
    json.addProperty("mid", model.dims().mid());
    json.addProperty("high", model.dims().high());
    return json;
  }

  private static JsonObject geometry(ImageGeometry geometry) {
    JsonObject json = new JsonObject();
    geometry.resize().ifPresent(size -> json.addProperty("size", size.toString()));
    json.addProperty("patch-size", geometry.patchSize());
    if (geometry.border() != ImageGeometry.Border.BLACK) {
      json.addProperty(BORDER, geometry.border().text());
    }
    geometry.bands().ifPresent(bands -> json.addProperty(BANDS, bands.toString()));
    return json;
  }

  private static JsonObject psi(PsiConfig psi) {
    JsonObject json = new JsonObject();
    json.addProperty("projection", psi.projection());
    json.addProperty("hidden", psi.hidden());
    json.addProperty("heads", psi.heads());
    json.addProperty("head-dim", psi.headDim());
    json.addProperty("mlp", psi.mlp());
    json.addProperty("blocks", psi.blocks());
    json.addProperty("clusters", psi.clusters());
    return json;
  }

  static Config config(JsonObject json) {
    if (json.has(PIXELS) && !text(json, PIXELS).equals(PIXELS_TO_BACKBONE)) {
      throw new IllegalArgumentException(
          "'%s' is %s, expected '%s'".formatted(PIXELS, json.get(PIXELS), PIXELS_TO_BACKBONE));
    }
    JsonObject backbone = object(json, "backbone");
    FeatureDims dims =
        new FeatureDims(
            integer(backbone, "low"), integer(backbone, "mid"), integer(backbone, "high"));
    JsonObject scales = object(json, "scales");
    ModelInfo info =
        new ModelInfo(
            text(json, "method"),
            integer(json, "clusters"),
            text(backbone, "id"),
            text(backbone, "sha256"),
            text(backbone, "spec"),
            backbone.has(SETTINGS) ? texts(object(backbone, SETTINGS)) : Map.of(),
            geometry(object(json, "geometry")),
            Optional.empty());
    return new Config(
        info,
        dims,
        new FeatureScales(number(scales, "low"), number(scales, "mid"), number(scales, "high")),
        json.has("psi") ? Optional.of(psi(object(json, "psi"), dims)) : Optional.empty(),
        bool(json, "normalize-rows"),
        number(json, "logit-divisor"));
  }

  private static ImageGeometry geometry(JsonObject json) {
    Optional<Size> size =
        json.has("size") ? Optional.of(Size.parse(text(json, "size"))) : Optional.empty();
    int patchSize = integer(json, "patch-size");
    if (patchSize < 1) {
      throw new IllegalArgumentException("patch-size is " + patchSize);
    }
    Optional<Images.Bands> bands =
        json.has(BANDS) ? Optional.of(Images.Bands.parse(text(json, BANDS))) : Optional.empty();
    ImageGeometry.Border border =
        json.has(BORDER)
            ? ImageGeometry.Border.parse(text(json, BORDER))
            : ImageGeometry.Border.BLACK;
    return new ImageGeometry(size, patchSize, border, bands);
  }

  private static PsiConfig psi(JsonObject json, FeatureDims dims) {
    return new PsiConfig(
        dims.low(),
        dims.mid(),
        dims.high(),
        integer(json, "projection"),
        integer(json, "hidden"),
        integer(json, "heads"),
        integer(json, "head-dim"),
        integer(json, "mlp"),
        integer(json, "blocks"),
        integer(json, "clusters"));
  }

  static JsonObject names(ClusterNames names) {
    JsonObject json = new JsonObject();
    json.addProperty("matching", names.matching());
    JsonArray classes = new JsonArray();
    for (NamedClass named : names.classes().classes()) {
      JsonObject entry = new JsonObject();
      entry.addProperty("name", named.name());
      entry.addProperty("rgb", named.rgb());
      classes.add(entry);
    }
    json.add("classes", classes);
    JsonArray classOfCluster = new JsonArray();
    for (int index : names.classOfCluster()) {
      classOfCluster.add(index);
    }
    json.add("class-of-cluster", classOfCluster);
    return json;
  }

  static ClusterNames names(JsonObject json) {
    List<NamedClass> classes = new ArrayList<>();
    for (JsonElement entry : array(json, "classes")) {
      if (!entry.isJsonObject()) {
        throw new IllegalArgumentException("'classes' holds " + entry + ", expected an object");
      }
      classes.add(
          new NamedClass(
              text(entry.getAsJsonObject(), "name"), integer(entry.getAsJsonObject(), "rgb")));
    }
    JsonArray indices = array(json, "class-of-cluster");
    int[] classOfCluster = new int[indices.size()];
    for (int i = 0; i < classOfCluster.length; i++) {
      classOfCluster[i] = exactInteger("class-of-cluster", indices.get(i));
    }
    return new ClusterNames(new ClassList(classes), classOfCluster, text(json, "matching"));
  }

  static JsonObject dendrogram(Dendrogram dendrogram) {
    JsonObject json = new JsonObject();
    json.addProperty("source", dendrogram.source());
    JsonArray patches = new JsonArray();
    Arrays.stream(dendrogram.patches()).forEach(patches::add);
    json.add("patches", patches);
    json.add("first", array(dendrogram.first()));
    json.add("second", array(dendrogram.second()));
    JsonArray affinities = new JsonArray();
    Arrays.stream(dendrogram.affinities()).forEach(affinities::add);
    json.add("affinities", affinities);
    return json;
  }

  private static JsonArray array(int[] values) {
    JsonArray array = new JsonArray();
    Arrays.stream(values).forEach(array::add);
    return array;
  }

  static Dendrogram dendrogram(JsonObject json) {
    return new Dendrogram(
        text(json, "source"),
        numbers(json, "patches").mapToLong(value -> exactLong("patches", value)).toArray(),
        numbers(json, "first").mapToInt(value -> exactInteger("first", value)).toArray(),
        numbers(json, "second").mapToInt(value -> exactInteger("second", value)).toArray(),
        numbers(json, "affinities")
            .mapToDouble(value -> checkedNumber("affinities", value).getAsDouble())
            .toArray());
  }

  private static Stream<JsonElement> numbers(JsonObject json, String key) {
    return array(json, key).asList().stream();
  }

  private static JsonElement member(JsonObject json, String key) {
    JsonElement value = json.get(key);
    if (value == null) {
      throw new IllegalArgumentException("'" + key + "' is missing");
    }
    return value;
  }

  private static JsonObject object(JsonObject json, String key) {
    JsonElement value = member(json, key);
    if (!value.isJsonObject()) {
      throw new IllegalArgumentException("'" + key + "' is " + value + ", expected an object");
    }
    return value.getAsJsonObject();
  }

  private static JsonArray array(JsonObject json, String key) {
    JsonElement value = member(json, key);
    if (!value.isJsonArray()) {
      throw new IllegalArgumentException("'" + key + "' is " + value + ", expected a list");
    }
    return value.getAsJsonArray();
  }

  private static String text(JsonObject json, String key) {
    JsonElement value = member(json, key);
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isString()) {
      throw new IllegalArgumentException("'" + key + "' is " + value + ", expected a text");
    }
    return value.getAsString();
  }

  private static Map<String, String> texts(JsonObject json) {
    Map<String, String> texts = new TreeMap<>();
    json.keySet().forEach(key -> texts.put(key, text(json, key)));
    return texts;
  }

  private static boolean bool(JsonObject json, String key) {
    JsonElement value = member(json, key);
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isBoolean()) {
      throw new IllegalArgumentException("'" + key + "' is " + value + ", expected true or false");
    }
    return value.getAsBoolean();
  }

  private static float number(JsonObject json, String key) {
    return checkedNumber(key, member(json, key)).getAsFloat();
  }

  private static JsonElement checkedNumber(String key, JsonElement value) {
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isNumber()) {
      throw new IllegalArgumentException("'" + key + "' is " + value + ", expected a number");
    }
    return value;
  }

  private static int integer(JsonObject json, String key) {
    return exactInteger(key, member(json, key));
  }

  private static long exactLong(String key, JsonElement value) {
    try {
      return exact(checkedNumber(key, value));
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("'" + key + "' is " + value + ", expected an integer", e);
    }
  }

  private static int exactInteger(String key, JsonElement value) {
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isNumber()) {
      throw new IllegalArgumentException("'" + key + "' is " + value + ", expected an integer");
    }
    try {
      return Math.toIntExact(exact(value));
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("'" + key + "' is " + value + ", expected an integer", e);
    }
  }

  // BigDecimal, which a process needs 20 ms to have ready, only for a number like 1e3 or 1.0.
  private static long exact(JsonElement number) {
    try {
      return Long.parseLong(number.getAsString());
    } catch (NumberFormatException _) {
      return number.getAsBigDecimal().longValueExact();
    }
  }
}
