package dev.eigenseg.infer;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.tensor.Tensor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The features of photographs for {@code eigenseg bench infer}: decodes, resizes and extracts all
 * of them for every line that is read, and answers {@code done}. Before that, the pixels and the
 * features of the first one are written as float32.
 *
 * <p>Arguments: backbone, size, threads, folder to write to, photographs.
 */
public final class PhotographFeatures {
  private PhotographFeatures() {}

  public static void main(String[] args) throws IOException {
    int threads = Integer.parseInt(args[2]);
    List<Path> photographs = Arrays.stream(args).skip(4).map(Path::of).toList();
    BufferedReader requests =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    try (Backbone backbone = Backbones.open(args[0], "cpu")) {
      ImageGeometry geometry =
          new ImageGeometry(Optional.of(ImageGeometry.Size.parse(args[1])), backbone.patchSize());
      write(backbone, geometry, photographs.getFirst(), threads, Path.of(args[3]));
      do {
        System.out.println("done");
        System.out.flush();
        if (requests.readLine() == null) {
          return;
        }
        for (Path photograph : photographs) {
          try (Tensor pixels = geometry.pixels(geometry.read(photograph));
              PatchFeatures features = backbone.extract(pixels, threads)) {
            if (features.patches() == 0) {
              throw new IllegalStateException("no features of " + photograph);
            }
          }
        }
      } while (true);
    }
  }

  private static void write(
      Backbone backbone, ImageGeometry geometry, Path photograph, int threads, Path folder)
      throws IOException {
    try (Tensor pixels = geometry.pixels(geometry.read(photograph));
        PatchFeatures features = backbone.extract(pixels, threads)) {
      write(pixels, folder.resolve("pixels.f32"));
      write(features.low(), folder.resolve("low.f32"));
      write(features.mid(), folder.resolve("mid.f32"));
      write(features.high(), folder.resolve("high.f32"));
    }
  }

  private static void write(Tensor tensor, Path file) throws IOException {
    byte[] bytes = new byte[Math.toIntExact(tensor.segment().byteSize())];
    tensor.segment().asByteBuffer().order(ByteOrder.LITTLE_ENDIAN).get(bytes);
    Files.write(file, bytes);
  }
}
