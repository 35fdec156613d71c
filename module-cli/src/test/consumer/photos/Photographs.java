import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import javax.imageio.ImageIO;

/** Pictures with something to find: a plain sky over noisy ground, and a dark block on it. Arguments: folder. */
final class Photographs {
  public static void main(String[] args) throws IOException {
    Random random = new Random(1);
    for (int n = 0; n < 9; n++) {
      BufferedImage image = new BufferedImage(160, 96, BufferedImage.TYPE_INT_RGB);
      for (int y = 0; y < 96; y++) {
        for (int x = 0; x < 160; x++) {
          boolean block = x > 40 + 5 * n && x < 80 + 5 * n && y > 30;
          int ground = 0x406000 | random.nextInt(90);
          image.setRGB(x, y, block ? 0x301010 : y < 40 ? 0x80B0F0 - y : ground);
        }
      }
      Path file = Files.createDirectories(Path.of(args[0])).resolve("photo-" + n + ".png");
      ImageIO.write(image, "png", file.toFile());
    }
  }
}
