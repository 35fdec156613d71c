package your.app;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Cancellation;
import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.DeadlineExceededException;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.mask.MaskRuns;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.LongAdder;

/**
 * A service on the JDK's HTTP server: {@code Service model.safetensors 8080 2 10} listens on port
 * 8080, segments two images at a time and gives each ten seconds.
 *
 * <pre>
 * curl --data-binary @photo.jpg localhost:8080/segment   classes, or clusters, with COCO run lengths
 * curl localhost:8080/health                             200, or 503 while it stops
 * curl localhost:8080/metrics                            for Prometheus
 * </pre>
 */
public final class Service {
  private static final int MOST_BYTES = 32 << 20;
  private static final long MOST_PIXELS = 50_000_000; // a file of some kilobytes may claim billions
  private static final int GRACE_SECONDS = 20;

  private final Segmenter segmenter;
  private final Duration time;
  private final Semaphore room;

  // Reading and writing may be slow and takes virtual threads; segmenting takes processors.
  private final ExecutorService workers;
  private final Map<Integer, LongAdder> responses = new ConcurrentSkipListMap<>();
  private final LongAdder seconds = new LongAdder(); // in nanoseconds
  private final LongAdder done = new LongAdder();
  private final int limit;
  private volatile boolean stopping;

  private Service(Segmenter segmenter, int limit, Duration time) {
    this.segmenter = segmenter;
    this.limit = limit;
    this.time = time;
    room = new Semaphore(limit);
    workers = Executors.newFixedThreadPool(limit);
  }

  public static void main(String[] args) throws Exception {
    Segmenter segmenter = Segmenter.load(Path.of(args[0]));
    Duration time = Duration.ofMillis((long) (1000 * Double.parseDouble(args[3])));
    Service service = new Service(segmenter, Integer.parseInt(args[2]), time);
    HttpServer server = HttpServer.create(new InetSocketAddress(Integer.parseInt(args[1])), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/segment", service::segment);
    server.createContext("/health", service::health);
    server.createContext("/metrics", service::metrics);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> service.stop(server)));
    server.start();
    System.out.println("listening on " + server.getAddress().getPort());
  }

  /** Takes no more requests, lets those finish that are under way, and ends what takes too long. */
  private void stop(HttpServer server) {
    stopping = true;
    server.stop(GRACE_SECONDS);
    segmenter.close(); // calls that still run end within a fraction of a second
    workers.shutdown();
  }

  private void segment(HttpExchange exchange) throws IOException {
    if (!exchange.getRequestMethod().equals("POST")) {
      answer(exchange, 405, "send an image by POST");
      return;
    }
    byte[] image = exchange.getRequestBody().readNBytes(MOST_BYTES + 1);
    if (image.length > MOST_BYTES) {
      answer(exchange, 413, "more than " + MOST_BYTES + " bytes");
    } else if (stopping || !room.tryAcquire()) {
      exchange.getResponseHeaders().set("Retry-After", Long.toString(time.toSeconds() + 1));
      answer(exchange, 503, "busy: " + limit + " images are being segmented");
    } else {
      Answer result;
      long begin = System.nanoTime();
      try {
        result = segment(image);
      } finally {
        seconds.add(System.nanoTime() - begin);
        done.increment();
        room.release(); // before the answer, which a slow reader may take long to fetch
      }
      if (result.code == 200) {
        exchange.getResponseHeaders().set("Content-Type", "application/json");
      }
      answer(exchange, result.code, result.text);
    }
  }

  private record Answer(int code, String text) {}

  private Answer segment(byte[] image) {
    Cancellation deadline = Cancellation.after(time);
    try {
      return new Answer(
          200, workers.submit(() -> json(MemorySegment.ofArray(image), deadline)).get());
    } catch (InterruptedException e) {
      deadline.cancel();
      Thread.currentThread().interrupt();
      return new Answer(503, "interrupted");
    } catch (ExecutionException e) {
      return switch (e.getCause()) {
        case BadInputException bad -> new Answer(422, bad.getMessage());
        case DeadlineExceededException late -> new Answer(504, late.getMessage());
        case CancelledException closed -> new Answer(503, closed.getMessage());
        case OutOfMemoryError full -> new Answer(413, "too large for this machine's memory");
        default -> {
          e.printStackTrace();
          yield new Answer(500, "something is wrong here: see the log");
        }
      };
    }
  }

  private String json(MemorySegment image, Cancellation deadline) {
    Images.Header header = Images.header(image);
    if ((long) header.width() * header.height() > MOST_PIXELS) {
      throw new BadInputException("more than " + MOST_PIXELS + " pixels");
    }
    Segmentation segments = segmenter.segment(image, SegmentOptions.DEFAULT, deadline);
    boolean named = segments.names().isPresent();
    Map<Integer, MaskRuns> masks = named ? segments.classRuns() : segments.clusterRuns();
    JsonArray classes = new JsonArray();
    for (Segmentation.Share share : segments.shares()) {
      if (share.index() >= 0) {
        classes.add(describe(share, masks.get(share.index())));
      }
    }
    JsonObject json = new JsonObject();
    json.addProperty("width", segments.width());
    json.addProperty("height", segments.height());
    json.add("classes", classes);
    return json.toString();
  }

  private static JsonObject describe(Segmentation.Share share, MaskRuns mask) {
    JsonArray size = new JsonArray();
    size.add(mask.height());
    size.add(mask.width());
    JsonObject rle = new JsonObject();
    rle.add("size", size);
    rle.addProperty("counts", mask.text());
    JsonArray box = new JsonArray();
    for (int side : mask.box()) {
      box.add(side);
    }
    JsonObject json = new JsonObject();
    json.addProperty("index", share.index());
    json.addProperty("name", share.name());
    json.addProperty("share", share.share());
    json.add("bbox", box);
    json.add("segmentation", rle);
    return json;
  }

  private void health(HttpExchange exchange) throws IOException {
    answer(exchange, stopping ? 503 : 200, stopping ? "stopping" : "ok");
  }

  private void metrics(HttpExchange exchange) throws IOException {
    StringBuilder text = new StringBuilder();
    text.append("# TYPE eigenseg_responses_total counter\n");
    new TreeMap<>(responses)
        .forEach((code, count) ->
            text.append("eigenseg_responses_total{code=\"%d\"} %d\n".formatted(code, count.sum())));
    text.append("# TYPE eigenseg_images_in_work gauge\n");
    text.append("eigenseg_images_in_work %d\n".formatted(limit - room.availablePermits()));
    text.append("# TYPE eigenseg_image_seconds summary\n");
    text.append("eigenseg_image_seconds_sum %s\n".formatted(seconds.sum() / 1e9));
    text.append("eigenseg_image_seconds_count %d\n".formatted(done.sum()));
    exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4");
    answer(exchange, 200, text.toString());
  }

  private void answer(HttpExchange exchange, int code, String text) throws IOException {
    responses.computeIfAbsent(code, c -> new LongAdder()).increment();
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    try (exchange) {
      exchange.sendResponseHeaders(code, body.length);
      exchange.getResponseBody().write(body);
    }
  }
}
