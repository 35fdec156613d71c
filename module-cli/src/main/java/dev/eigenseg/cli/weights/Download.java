package dev.eigenseg.cli.weights;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.ChannelWrites;
import dev.eigenseg.api.internal.file.RegularFile;
import dev.eigenseg.cli.session.Json;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Fetches files over HTTP. What has arrived of a large one stays in a {@code .part} file, where the
 * next call goes on if the server can and still has the same file.
 */
final class Download {
  private static final Duration CONNECT = Duration.ofSeconds(30);
  private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d+)-\\d+/(\\d+|\\*)");
  private static final Pattern UNSATISFIED = Pattern.compile("bytes \\*/(\\d+)");
  private static final Pattern SHA256 = Pattern.compile("\"?([0-9a-f]{64})\"?");
  private static final int CHUNK = 1 << 16;
  private static final int MOST_SMALL_BYTES = 1 << 20;
  private static final long POLL_MILLIS = 50;

  // Slower is taken for a server that keeps a connection busy without wanting to end.
  private static final long LEAST_BYTES_PER_SECOND = 1 << 10;
  private static final Duration LONGEST_SMALL = Duration.ofSeconds(60);

  private final Progress progress;
  private final Duration patience;

  /** What is known of a file's size before its end. */
  @FunctionalInterface
  interface Beginning {
    /**
     * Looks at what has come.
     *
     * @return how many bytes the whole has; empty as long as that is not known
     * @throws dev.eigenseg.api.CorruptFileException if this is no beginning of what is wanted
     */
    OptionalLong bytes(Path part) throws IOException;
  }

  /**
   * @param patience how long a server may send nothing, or less than a kilobyte a second
   */
  Download(Progress progress, Duration patience) {
    this.progress = progress;
    this.patience = patience;
  }

  /**
   * What came of a download.
   *
   * @param resumedFrom bytes that were there before
   * @param sha256 what the server says of the file: model hubs send the SHA-256 of large files in
   *     {@code X-Linked-Etag}
   */
  record Received(long resumedFrom, Optional<String> sha256) {}

  /**
   * Fetches a file into {@code part}.
   *
   * @param beginning asked as soon as something is there: nobody's whole disk is filled by what is
   *     no such file, or does not end where it says
   * @throws BadInputException if the server has no such file
   * @throws dev.eigenseg.api.CorruptFileException if it is something else, or longer than it says;
   *     nothing is kept then
   * @throws IOException if the connection fails; what has arrived is kept
   * @throws dev.eigenseg.api.CancelledException if the user wants to stop, likewise
   */
  Received file(URI source, Path part, Beginning beginning) throws IOException {
    try (HttpClient client = client()) {
      Optional<String> validator = validatorOf(source, part);
      if (validator.isPresent() && Files.exists(part) && Files.size(part) > 0) {
        Optional<Received> resumed = resume(client, source, part, validator.get(), beginning);
        if (resumed.isPresent()) {
          return resumed.get();
        }
      }
      HttpResponse<InputStream> response = send(client, HttpRequest.newBuilder(source).build());
      if (response.statusCode() != 200) {
        throw refused(source, response);
      }
      return whole(source, part, response, beginning);
    }
  }

  // Closing a client waits for what is under way; here nothing is, or nobody wants it any more.
  private static HttpClient client() {
    return HttpClient.newBuilder()
        .followRedirects(HttpClient.Redirect.NORMAL) // to other hosts, never from https to http
        .connectTimeout(CONNECT)
        .build();
  }

  // Empty if the file must be fetched from its beginning.
  private Optional<Received> resume(
      HttpClient client, URI source, Path part, String validator, Beginning beginning)
      throws IOException {
    long have = Files.size(part);
    HttpRequest request =
        HttpRequest.newBuilder(source)
            .header("Range", "bytes=" + have + "-")
            .header("If-Range", validator)
            .build();
    HttpResponse<InputStream> response = send(client, request);
    return switch (response.statusCode()) {
      case 206 -> continued(source, part, response, have, validator, beginning);
      case 200 ->
          Optional.of(
              whole(source, part, response, beginning)); // no ranges, or another file by now
      case 416 -> {
        response.body().close();
        Matcher matcher = UNSATISFIED.matcher(contentRange(response));
        boolean complete = matcher.matches() && matcher.group(1).equals(Long.toString(have));
        yield complete ? Optional.of(new Received(have, claim(response))) : Optional.empty();
      }
      default -> throw refused(source, response);
    };
  }

  private Optional<Received> continued(
      URI source,
      Path part,
      HttpResponse<InputStream> response,
      long have,
      String validator,
      Beginning beginning)
      throws IOException {
    Matcher matcher = CONTENT_RANGE.matcher(contentRange(response));
    boolean continues = matcher.matches() && matcher.group(1).equals(Long.toString(have));
    if (!continues || !validator(response.headers()).equals(Optional.of(validator))) {
      response.body().close();
      return Optional.empty();
    }
    copy(source, part, response, have, beginning);
    return Optional.of(new Received(have, claim(response)));
  }

  private static String contentRange(HttpResponse<?> response) {
    return response.headers().firstValue("Content-Range").orElse("");
  }

  private Received whole(
      URI source, Path part, HttpResponse<InputStream> response, Beginning beginning)
      throws IOException {
    Files.deleteIfExists(part); // before its validator changes
    remember(source, part, validator(response.headers()));
    copy(source, part, response, 0, beginning);
    return new Received(0, claim(response));
  }

  private void copy(
      URI source, Path part, HttpResponse<InputStream> response, long have, Beginning beginning)
      throws IOException {
    OptionalLong length = response.headers().firstValueAsLong("Content-Length");
    long done = have;
    OptionalLong whole = OptionalLong.empty();
    try (Guard guard = new Guard(response.body(), progress, patience);
        FileChannel channel =
            FileChannel.open(
                part,
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                LinkOption.NOFOLLOW_LINKS);
        Progress.Task task =
            progress.start("pull", length.isPresent() ? length.getAsLong() / 1000 : -1, "kB")) {
      channel.position(have);
      byte[] chunk = new byte[CHUNK];
      for (int read = guard.read(chunk); read >= 0; read = guard.read(chunk)) {
        ChannelWrites.all(channel, ByteBuffer.wrap(chunk, 0, read));
        task.advance((done + read) / 1000 - done / 1000);
        done += read;
        if (whole.isEmpty()) {
          whole = beginning.bytes(part);
        }
        if (whole.isPresent()) {
          requireWithin(source, whole.getAsLong(), done, have, length);
        }
      }
      channel.force(true);
    } catch (CorruptFileException | BadInputException e) {
      discard(part);
      throw e;
    } catch (IOException e) {
      progress.checkCancelled();
      throw new IOException(
          "%s broke off after %d%s bytes: %s; the same command again continues"
              .formatted(
                  source,
                  done,
                  length.isPresent() ? " of " + (have + length.getAsLong()) : "",
                  reason(e)),
          e);
    }
  }

  private static void requireWithin(
      URI source, long whole, long done, long have, OptionalLong length) {
    long announced = length.isPresent() ? have + length.getAsLong() : done;
    if (Math.max(done, announced) > whole) {
      throw new CorruptFileException(
          "%s: by its header the file has %d bytes, the server sends %d or more; pull from another server"
              .formatted(source, whole, Math.max(done, announced)));
    }
  }

  /**
   * Fetches a small text.
   *
   * @return empty if the server has none, or nothing small
   * @throws IOException if the connection fails, or the text takes longer than a minute
   */
  Optional<String> text(URI source) throws IOException {
    try (HttpClient client = client()) {
      HttpResponse<InputStream> response = send(client, HttpRequest.newBuilder(source).build());
      try (Guard guard = new Guard(response.body(), progress, patience)) {
        if (response.statusCode() != 200) {
          return Optional.empty();
        }
        return small(source, guard);
      }
    }
  }

  private Optional<String> small(URI source, Guard guard) throws IOException {
    long deadline = System.nanoTime() + LONGEST_SMALL.toNanos();
    byte[] bytes = new byte[MOST_SMALL_BYTES];
    byte[] chunk = new byte[1 << 12];
    int count = 0;
    for (int read = guard.read(chunk); read >= 0; read = guard.read(chunk)) {
      if (count + read > bytes.length) {
        return Optional.empty();
      }
      if (System.nanoTime() > deadline) {
        throw new IOException(
            source + " did not end within " + LONGEST_SMALL.toSeconds() + " s; try again later");
      }
      System.arraycopy(chunk, 0, bytes, count, read);
      count += read;
    }
    return Optional.of(new String(bytes, 0, count, StandardCharsets.UTF_8));
  }

  private HttpResponse<InputStream> send(HttpClient client, HttpRequest request)
      throws IOException {
    CompletableFuture<HttpResponse<InputStream>> sent =
        client.sendAsync(request, BodyHandlers.ofInputStream());
    long deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      try {
        return sent.get(POLL_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        if (progress.cancelled() || System.nanoTime() > deadline) {
          sent.cancel(true);
          progress.checkCancelled();
          throw new IOException(
              "%s: no answer for %d s; try again, or name a mirror with --from"
                  .formatted(request.uri(), patience.toSeconds()),
              e);
        }
      } catch (ExecutionException e) {
        throw new IOException(
            "cannot reach %s: %s; check the network, or name a mirror with --from"
                .formatted(request.uri(), reason(e.getCause())),
            e);
      } catch (InterruptedException e) {
        sent.cancel(true);
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while waiting for " + request.uri(), e);
      }
    }
  }

  private static IOException refused(URI source, HttpResponse<InputStream> response)
      throws IOException {
    response.body().close();
    int status = response.statusCode();
    String where =
        source.equals(response.uri()) ? source.toString() : source + " (" + response.uri() + ")";
    if (status == 404 || status == 410) {
      throw new BadInputException(
          where
              + ": the server has no such file (status "
              + status
              + "); check the name with 'eigenseg weights list', and --from");
    }
    return new IOException(
        where + ": the server answered with status " + status + "; try again later, or --from");
  }

  private static Optional<String> claim(HttpResponse<?> response) {
    for (HttpResponse<?> r = response; r != null; r = r.previousResponse().orElse(null)) {
      Matcher matcher = SHA256.matcher(r.headers().firstValue("X-Linked-Etag").orElse(""));
      if (matcher.matches()) {
        return Optional.of(matcher.group(1));
      }
    }
    return Optional.empty();
  }

  // Weak tags may stay while bytes change, so that nothing can be continued on them.
  private static Optional<String> validator(HttpHeaders headers) {
    return headers
        .firstValue("ETag")
        .filter(tag -> tag.startsWith("\""))
        .or(() -> headers.firstValue("Last-Modified"));
  }

  private static Path state(Path part) {
    return part.resolveSibling(part.getFileName() + ".json");
  }

  private static void remember(URI source, Path part, Optional<String> validator)
      throws IOException {
    JsonObject json = new JsonObject();
    json.addProperty("url", source.toString());
    validator.ifPresent(text -> json.addProperty("validator", text));
    AtomicFile.writeString(state(part), Json.text(json));
  }

  private static Optional<String> validatorOf(URI source, Path part) throws IOException {
    if (!Files.exists(state(part))) {
      return Optional.empty();
    }
    try {
      JsonObject json = new Gson().fromJson(RegularFile.text(state(part)), JsonObject.class);
      return json != null
              && json.has("url")
              && json.has("validator")
              && json.get("url").getAsString().equals(source.toString())
          ? Optional.of(json.get("validator").getAsString())
          : Optional.empty();
    } catch (JsonParseException | IllegalStateException | UnsupportedOperationException e) {
      return Optional.empty(); // not ours: the file is fetched from its beginning
    }
  }

  /** Forgets a part and what belongs to it. */
  static void discard(Path part) throws IOException {
    Files.deleteIfExists(part);
    Files.deleteIfExists(state(part));
  }

  private static String reason(Throwable failure) {
    Throwable cause = failure;
    while (cause.getMessage() == null && cause.getCause() != null) {
      cause = cause.getCause(); // connections that are refused have no message of their own
    }
    return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
  }

  /**
   * Owns a response's body; ends a read that waits for a server which sends nothing, or next to
   * nothing, when the user wants to stop or when patience is over.
   */
  private static final class Guard implements AutoCloseable {
    private final InputStream body;
    private final Progress progress;
    private final Duration patience;
    private final Thread watcher;
    private volatile long came;
    private volatile boolean done;
    private volatile boolean stalled;

    Guard(InputStream body, Progress progress, Duration patience) {
      this.body = body;
      this.progress = progress;
      this.patience = patience;
      watcher = Thread.ofVirtual().name("eigenseg-download").start(this::watch);
    }

    private void watch() {
      // Of each stretch of patience so much has to come.
      long least = Math.max(1, LEAST_BYTES_PER_SECOND * patience.toSeconds());
      long begin = System.nanoTime();
      long before = 0;
      try {
        while (!done) {
          Thread.sleep(POLL_MILLIS);
          if (came - before >= least) {
            begin = System.nanoTime();
            before = came;
          }
          stalled = System.nanoTime() - begin > patience.toNanos();
          if (stalled || progress.cancelled()) {
            body.close();
            return;
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (IOException e) {
        stalled = true; // the reader sees the same failure
      }
    }

    int read(byte[] chunk) throws IOException {
      progress.checkCancelled();
      try {
        int read = body.read(chunk);
        if (read < 0) {
          progress.checkCancelled();
        } else {
          count(read);
        }
        return read;
      } catch (IOException e) {
        throw stalled
            ? new IOException(
                "nothing came for " + patience.toSeconds() + " s, or hardly anything", e)
            : e;
      }
    }

    private synchronized void count(int bytes) {
      came += bytes;
    }

    @Override
    public void close() throws IOException {
      done = true;
      watcher.interrupt();
      body.close();
    }
  }
}
