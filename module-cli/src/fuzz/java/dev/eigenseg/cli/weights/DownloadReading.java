package dev.eigenseg.cli.weights;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.file.SafeTensors;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;

/** Lets the fuzzer into this package: a server that answers whatever it is given. */
public final class DownloadReading {
  private static final int REQUEST = 4096;
  private static final ServerSocket SERVER = open();
  private static volatile byte[] answer = new byte[0];

  private DownloadReading() {}

  private static ServerSocket open() {
    try {
      ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
      Thread.ofPlatform().daemon().start(() -> serve(server));
      return server;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void serve(ServerSocket server) {
    byte[] request = new byte[REQUEST];
    while (true) {
      try (Socket client = server.accept();
          InputStream in = client.getInputStream();
          OutputStream out = client.getOutputStream()) {
        if (in.read(request) > 0) {
          out.write(answer);
        }
      } catch (IOException e) {
        continue; // who asked has gone
      }
    }
  }

  /** Downloads that answer, as a file, going on, and as a text. */
  public static void read(byte[] bytes, Path part) throws IOException {
    answer = bytes;
    URI source = URI.create("http://127.0.0.1:" + SERVER.getLocalPort() + "/m.safetensors");
    Download download = new Download(Progress.NONE, Duration.ofSeconds(1));
    try {
      download.text(source);
      download.file(source, part, SafeTensors::bytesOf);
      download.file(source, part, SafeTensors::bytesOf);
    } finally {
      Download.discard(part);
    }
  }
}
