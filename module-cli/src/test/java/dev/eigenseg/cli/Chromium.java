package dev.eigenseg.cli;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * Owns a browser without a window and one tab of it, which is driven through the DevTools protocol:
 * clicks and keys take the way that those of a person take. Skips the test without a browser, or
 * fails it where CI is set.
 */
final class Chromium implements AutoCloseable {
  /** A key that types nothing. */
  enum Key {
    ENTER("Enter", 13, "\r"),
    ESCAPE("Escape", 27, ""),
    TAB("Tab", 9, ""),
    RIGHT("ArrowRight", 39, "");

    private final String name;
    private final int code;
    private final String text;

    Key(String name, int code, String text) {
      this.name = name;
      this.code = code;
      this.text = text;
    }
  }

  private static final List<String> NAMES =
      List.of("chromium", "chromium-browser", "google-chrome");
  private static final int PATIENCE_SECONDS = 60;
  private static final int CONTROL = 2;
  private static final int SHIFT = 8;

  private final Process process;
  private final HttpClient client = HttpClient.newHttpClient();
  private final WebSocket socket;
  private final AtomicInteger last = new AtomicInteger();
  private final Map<Integer, CompletableFuture<JsonObject>> answers = new ConcurrentHashMap<>();
  private final List<String> problems = new CopyOnWriteArrayList<>();
  private final String session;
  private volatile CompletableFuture<Void> loaded = new CompletableFuture<>();

  /**
   * Starts one.
   *
   * @param work an empty folder for its profile, its messages and its downloads
   */
  static Chromium start(Path work) throws Exception {
    Optional<Path> program =
        NAMES.stream()
            .flatMap(name ->
                Stream.of(System.getenv("PATH").split(File.pathSeparator))
                    .map(folder -> Path.of(folder, name)))
            .filter(Files::isExecutable)
            .findFirst();
    if (program.isEmpty() && System.getenv("CI") != null) {
      throw new AssertionError("CI is set, but there is no chromium; .ci/run installs it");
    }
    Assumptions.assumeTrue(
        program.isPresent(), "no chromium on the PATH; apt-get install chromium");
    return new Chromium(program.get(), work);
  }

  private Chromium(Path program, Path work) throws Exception {
    Path profile = work.resolve("profile");
    process =
        new ProcessBuilder(
                program.toString(),
                "--headless=new",
                "--no-sandbox", // root in a container has no other way
                "--disable-gpu",
                "--user-data-dir=" + profile,
                "--window-size=1280,900",
                "--remote-debugging-port=0",
                "about:blank")
            .redirectErrorStream(true)
            .redirectOutput(work.resolve("messages.txt").toFile())
            .start();
    try {
      List<String> place = place(profile.resolve("DevToolsActivePort"));
      URI address = URI.create("ws://127.0.0.1:" + place.get(0) + place.get(1));
      socket =
          client
              .newWebSocketBuilder()
              .buildAsync(address, new Ear())
              .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
      String tab =
          send("", "Target.createTarget", "url", "about:blank").get("targetId").getAsString();
      session =
          send("", "Target.attachToTarget", "targetId", tab, "flatten", true)
              .get("sessionId")
              .getAsString();
      send("", "Browser.setDownloadBehavior", "behavior", "allow", "downloadPath", work.toString());
      send(
          "",
          "Browser.grantPermissions",
          "permissions",
          List.of("clipboardReadWrite", "clipboardSanitizedWrite"));
      for (String domain : List.of("Page", "Runtime", "Log")) {
        send(session, domain + ".enable");
      }
      // Without a window the page would believe that somebody else has the keyboard.
      send(session, "Emulation.setFocusEmulationEnabled", "enabled", true);
    } catch (Exception | Error e) {
      process.destroyForcibly();
      client.close();
      throw e;
    }
  }

  private List<String> place(Path file) throws IOException, InterruptedException {
    for (int i = 0; i < 20 * PATIENCE_SECONDS; i++) {
      if (Files.exists(file) && Files.readAllLines(file).size() == 2) {
        return Files.readAllLines(file);
      }
      if (!process.isAlive()) {
        break;
      }
      Thread.sleep(50);
    }
    throw new AssertionError("chromium did not open its port");
  }

  /** Messages come in pieces. */
  private final class Ear implements WebSocket.Listener {
    private final StringBuilder message = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence piece, boolean end) {
      message.append(piece);
      if (end) {
        hear(JsonParser.parseString(message.toString()).getAsJsonObject());
        message.setLength(0);
      }
      from.request(1);
      return null;
    }
  }

  private void hear(JsonObject message) {
    if (message.has("id")) {
      Optional.ofNullable(answers.remove(message.get("id").getAsInt()))
          .ifPresent(answer -> answer.complete(message));
      return;
    }
    switch (message.get("method").getAsString()) {
      case "Page.loadEventFired" -> loaded.complete(null);
      case "Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled" ->
          problems.add(message.toString());
      default -> {}
    }
  }

  private JsonObject send(String to, String method, Object... parameters) throws Exception {
    JsonObject values = new JsonObject();
    for (int i = 0; i < parameters.length; i += 2) {
      values.add((String) parameters[i], new Gson().toJsonTree(parameters[i + 1]));
    }
    JsonObject message = new JsonObject();
    int id = last.incrementAndGet();
    message.addProperty("id", id);
    message.addProperty("method", method);
    message.add("params", values);
    if (!to.isEmpty()) {
      message.addProperty("sessionId", to);
    }
    CompletableFuture<JsonObject> answer = new CompletableFuture<>();
    answers.put(id, answer);
    socket.sendText(message.toString(), true).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    JsonObject said = answer.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    if (said.has("error")) {
      throw new AssertionError(method + ": " + said.get("error"));
    }
    return said.getAsJsonObject("result");
  }

  /** Opens a page and waits until it is loaded. */
  void open(Path page) throws Exception {
    loaded = new CompletableFuture<>();
    send(session, "Page.navigate", "url", page.toUri().toString());
    loaded.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  /** Loads the page anew. */
  void reload() throws Exception {
    loaded = new CompletableFuture<>();
    send(session, "Page.reload");
    loaded.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  /** The value of an expression of JavaScript; promises are waited for. */
  JsonElement evaluate(String expression) throws Exception {
    JsonObject said =
        send(
            session,
            "Runtime.evaluate",
            "expression",
            expression,
            "awaitPromise",
            true,
            "returnByValue",
            true);
    if (said.has("exceptionDetails")) {
      throw new AssertionError(expression + ": " + said.get("exceptionDetails"));
    }
    return said.getAsJsonObject("result").get("value");
  }

  /** The text of an expression. */
  String text(String expression) throws Exception {
    return evaluate(expression).getAsString();
  }

  /** Waits until an expression holds. */
  void await(String expression) throws Exception {
    for (int i = 0; i < 20 * PATIENCE_SECONDS; i++) {
      if (evaluate("!!(" + expression + ")").getAsBoolean()) {
        return;
      }
      Thread.sleep(50);
    }
    throw new AssertionError("never true: " + expression);
  }

  /** Brings an element into view and presses and releases the mouse in its middle. */
  void click(String selector) throws Exception {
    click(selector, 0.5, 0.5);
  }

  /** The same at another place, as fractions of its width and height. */
  void click(String selector, double across, double down) throws Exception {
    double[] place = place(selector, across, down);
    mouse("mouseMoved", place, 0);
    mouse("mousePressed", place, 1);
    mouse("mouseReleased", place, 1);
  }

  /** Presses the mouse in an element, moves it, and releases it. */
  void drag(String selector, double from, double to) throws Exception {
    mouse("mouseMoved", place(selector, from, 0.5), 0);
    mouse("mousePressed", place(selector, from, 0.5), 1);
    mouse("mouseMoved", place(selector, (from + to) / 2, 0.5), 1);
    mouse("mouseMoved", place(selector, to, 0.5), 1);
    mouse("mouseReleased", place(selector, to, 0.5), 1);
  }

  private double[] place(String selector, double across, double down) throws Exception {
    String box =
        """
        (() => {
          const element = document.querySelector(%s);
          const seen = element.getBoundingClientRect();
          if (seen.top < 150 || seen.bottom > innerHeight - 120) {
            element.scrollIntoView({ block: "center", behavior: "instant" });
          }
          const box = element.getBoundingClientRect();
          return [box.left + %s * box.width, box.top + %s * box.height];
        })()\
        """
            .formatted(new Gson().toJson(selector), across, down);
    JsonElement place = evaluate(box);
    return new double[] {
      place.getAsJsonArray().get(0).getAsDouble(), place.getAsJsonArray().get(1).getAsDouble()
    };
  }

  private void mouse(String what, double[] place, int buttons) throws Exception {
    send(
        session,
        "Input.dispatchMouseEvent",
        "type",
        what,
        "x",
        place[0],
        "y",
        place[1],
        "button",
        buttons == 0 ? "none" : "left",
        "buttons",
        what.equals("mouseReleased") ? 0 : buttons,
        "clickCount",
        buttons);
  }

  /** Types a text into what has the focus, key by key. */
  void type(String text) throws Exception {
    for (String letter : text.codePoints().mapToObj(Character::toString).toList()) {
      send(session, "Input.dispatchKeyEvent", "type", "keyDown", "text", letter, "key", letter);
      send(session, "Input.dispatchKeyEvent", "type", "keyUp", "key", letter);
    }
  }

  /** Presses a key. */
  void press(Key key) throws Exception {
    key("keyDown", key.name, key.code, key.text, 0);
    key("keyUp", key.name, key.code, "", 0);
  }

  /** Presses a letter together with Control, and Shift too if it is upper case. */
  void control(char letter) throws Exception {
    int modifiers = Character.isUpperCase(letter) ? CONTROL | SHIFT : CONTROL;
    key("keyDown", Character.toString(letter), Character.toUpperCase(letter), "", modifiers);
    key("keyUp", Character.toString(letter), Character.toUpperCase(letter), "", modifiers);
  }

  private void key(String what, String name, int code, String text, int modifiers)
      throws Exception {
    send(
        session,
        "Input.dispatchKeyEvent",
        "type",
        what.equals("keyDown") && text.isEmpty() ? "rawKeyDown" : what,
        "key",
        name,
        "code",
        name,
        "windowsVirtualKeyCode",
        code,
        "text",
        text,
        "modifiers",
        modifiers);
  }

  /** What the page threw, and what it or the browser said on the console. */
  List<String> problems() {
    return List.copyOf(problems);
  }

  @Override
  public void close() {
    // Asked, it takes its lock away; told, it leaves links behind.
    socket.sendText("{\"id\":0,\"method\":\"Browser.close\"}", true).join();
    process.onExit().completeOnTimeout(process, PATIENCE_SECONDS, TimeUnit.SECONDS).join();
    process.destroyForcibly();
    client.shutdownNow();
    client.close();
  }
}
