package dev.eigenseg.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/**
 * A server on the loopback that can also behave badly: plain sockets, since a proper HTTP server
 * neither lies about lengths nor cuts its connections.
 */
final class MirrorServer implements AutoCloseable {
  /** One file and how it is served. */
  static final class Served {
    byte[] content = new byte[0];
    String etag = "\"first\"";
    boolean ranges = true;
    int status = 200;
    String location = "";
    Map<String, String> headers = Map.of();

    /** Bytes of the body after which the connection ends; all by default. */
    int cutAfter = Integer.MAX_VALUE;

    /** Added to the Content-Length that is announced. */
    int lie;

    /** Whether nothing comes after {@link #cutAfter}, instead of the connection's end. */
    boolean stall;

    /** Whether what follows {@link #cutAfter} comes a byte at a time. */
    boolean trickle;
  }

  private final ServerSocket socket;
  private final Map<String, Served> files = new ConcurrentHashMap<>();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread acceptor;

  MirrorServer() throws IOException {
    socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    acceptor = Thread.ofVirtual().start(this::accept);
  }

  String url() {
    return "http://127.0.0.1:" + socket.getLocalPort();
  }

  /** Serves a file under a path such as {@code /timm/x}. */
  Served serve(String path, byte[] content) {
    Served served = new Served();
    served.content = content;
    files.put(path, served);
    return served;
  }

  /** The requests so far: path, and the range that was asked for. */
  List<String> requests() {
    return requests;
  }

  private void accept() {
    while (!socket.isClosed()) {
      try {
        Socket client = socket.accept();
        Thread.ofVirtual().start(() -> answer(client));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void answer(Socket client) {
    try (client) {
      BufferedReader in =
          new BufferedReader(
              new InputStreamReader(client.getInputStream(), StandardCharsets.ISO_8859_1));
      String first = in.readLine();
      Map<String, String> headers = new TreeMap<>();
      for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
        int colon = line.indexOf(':');
        headers.put(
            line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
      }
      if (first != null) {
        String path = first.split(" ")[1];
        requests.add(path + " " + headers.getOrDefault("range", "whole"));
        send(client.getOutputStream(), files.get(path), headers);
      }
    } catch (IOException e) {
      requests.add("failed " + e); // the client went away, as some tests want
    }
  }

  private void send(OutputStream out, Served served, Map<String, String> headers)
      throws IOException {
    if (served == null) {
      head(out, 404, Map.of("Content-Length", "0"));
      return;
    }
    Map<String, String> fields = new TreeMap<>(served.headers);
    fields.put("Connection", "close");
    if (!served.location.isEmpty()) {
      fields.put("Location", served.location);
      fields.put("Content-Length", "0");
      head(out, 302, fields);
      return;
    }
    if (!served.etag.isEmpty()) {
      fields.put("ETag", served.etag);
    }
    int from = from(served, headers);
    if (from > 0 && from >= served.content.length) {
      fields.put("Content-Range", "bytes */" + served.content.length);
      fields.put("Content-Length", "0");
      head(out, 416, fields);
      return;
    }
    byte[] body = Arrays.copyOfRange(served.content, from, served.content.length);
    if (from > 0) {
      fields.put(
          "Content-Range",
          "bytes %d-%d/%d".formatted(from, served.content.length - 1, served.content.length));
    }
    fields.put("Content-Length", Integer.toString(body.length + served.lie));
    head(out, from > 0 ? 206 : served.status, fields);
    out.write(body, 0, Math.min(body.length, served.cutAfter));
    out.flush();
    for (int i = served.cutAfter; served.trickle && i < body.length; i++) {
      out.write(body[i]);
      out.flush();
      pause();
    }
    if (served.stall) {
      await();
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      throw new InterruptedIOException();
    }
  }

  private void await() {
    try {
      closed.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static int from(Served served, Map<String, String> headers) {
    String range = headers.getOrDefault("range", "");
    boolean same = headers.getOrDefault("if-range", served.etag).equals(served.etag);
    return served.ranges && same && !range.isEmpty()
        ? Integer.parseInt(range.substring("bytes=".length(), range.length() - 1))
        : 0;
  }

  private static void head(OutputStream out, int status, Map<String, String> fields)
      throws IOException {
    StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " Status\r\n");
    fields.forEach((name, value) -> head.append(name + ": " + value + "\r\n"));
    out.write(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
    out.flush();
  }

  @Override
  public void close() throws IOException {
    closed.countDown();
    socket.close();
    try {
      acceptor.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
