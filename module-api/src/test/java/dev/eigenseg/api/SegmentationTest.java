package dev.eigenseg.api;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.ClassList.NamedClass;
import dev.eigenseg.api.mask.MaskRuns;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentationTest {
  private static final ClassList CLASSES =
      new ClassList(List.of(new NamedClass("Sky", 0x80C0FE), new NamedClass("Road", 0x804080)));

  @TempDir Path folder;

  private static Segmentation small(Optional<ClusterNames> names) {
    return Segmentation.of(3, 2, 4, new int[] {0, 1, 2, 3, 3, 3}, names);
  }

  private static Optional<ClusterNames> names() {
    return Optional.of(new ClusterNames(CLASSES, new int[] {1, 0, -1, 1}, "iou"));
  }

  @Test
  void tellsClustersAndClasses() {
    Segmentation plain = small(Optional.empty());
    assertEquals(2, plain.clusterAt(2, 0));
    assertEquals(3, plain.clusterAt(0, 1));
    assertEquals(-1, plain.classAt(0, 0));
    assertArrayEquals(new long[] {1, 1, 1, 3}, plain.counts());
    Segmentation named = small(names());
    assertEquals(1, named.classAt(0, 0));
    assertEquals(-1, named.classAt(2, 0));
    assertThrows(IndexOutOfBoundsException.class, () -> named.clusterAt(3, 0));
  }

  @Test
  void refusesWhatIsNoSegmentation() {
    assertThrows(
        IllegalArgumentException.class,
        () -> Segmentation.of(2, 1, 2, new int[] {0, 2}, Optional.empty()));
    assertThrows(
        IllegalArgumentException.class,
        () -> Segmentation.of(2, 1, 2, new int[] {0, -1}, Optional.empty()));
    assertThrows(
        IllegalArgumentException.class,
        () -> Segmentation.of(2, 1, 2, new int[] {0}, Optional.empty()));
    assertThrows(
        IllegalArgumentException.class, () -> Segmentation.of(1, 1, 5, new int[] {0}, names()));
  }

  @Test
  void pixelsAreCopiedInBulk() {
    Segmentation plain = small(Optional.empty());
    short[] shorts = new short[8];
    plain.copyTo(shorts, 1);
    assertArrayEquals(new short[] {0, 0, 1, 2, 3, 3, 3, 0}, shorts);
    byte[] bytes = new byte[6];
    plain.copyTo(bytes, 0);
    assertArrayEquals(new byte[] {0, 1, 2, 3, 3, 3}, bytes);
    assertThrows(IndexOutOfBoundsException.class, () -> plain.copyTo(bytes, 1));
    assertThrows(IndexOutOfBoundsException.class, () -> plain.copyTo(new short[5], 0));
    byte[] memory = new byte[6];
    MemorySegment target = MemorySegment.ofArray(memory);
    plain.copyRows(1, 1, target, JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN));
    assertArrayEquals(new byte[] {0, 3, 0, 3, 0, 3}, memory);
    plain.copyRows(0, 2, target, JAVA_BYTE);
    assertArrayEquals(bytes, memory);
    assertThrows(IndexOutOfBoundsException.class, () -> plain.copyRows(1, 2, target, JAVA_BYTE));
    assertThrows(
        IndexOutOfBoundsException.class, () -> plain.copyRows(0, 2, target, JAVA_SHORT_UNALIGNED));
    assertArrayEquals(new short[] {1, 0, 99, 1, 1, 1}, small(names()).classes(99));
    assertThrows(IllegalStateException.class, () -> plain.classes(99));
  }

  @Test
  void numbersThatDoNotFitIntoBytesAreRefused() {
    Segmentation most = Segmentation.of(1, 1, 256, new int[] {255}, Optional.empty());
    byte[] one = new byte[1];
    most.copyTo(one, 0);
    assertEquals(255, Byte.toUnsignedInt(one[0]));
    Segmentation more = Segmentation.of(1, 1, 257, new int[] {0}, Optional.empty());
    assertThrows(IllegalStateException.class, () -> more.copyTo(one, 0));
    MemorySegment target = MemorySegment.ofArray(one);
    assertThrows(IllegalStateException.class, () -> more.copyRows(0, 1, target, JAVA_BYTE));
    short[] wide = new short[1];
    Segmentation.of(1, 1, 65536, new int[] {65535}, Optional.empty()).copyTo(wide, 0);
    assertEquals(65535, Short.toUnsignedInt(wide[0]));
  }

  @Test
  void sharesNameWhatOccurs() {
    assertEquals(
        List.of(
            new Segmentation.Share(1, "Road", 0x804080, 4, 4 / 6.0),
            new Segmentation.Share(-1, "no class", 0x808080, 1, 1 / 6.0),
            new Segmentation.Share(0, "Sky", 0x80C0FE, 1, 1 / 6.0)),
        small(names()).shares());
    List<Segmentation.Share> clusters = small(Optional.empty()).shares();
    assertEquals(3, clusters.getFirst().index());
    assertEquals("cluster 3", clusters.getFirst().name());
    assertEquals(0.5, clusters.getFirst().share());
    assertEquals(4, clusters.size());
  }

  @Test
  void masksAreThoseOfClustersAndClasses() {
    Segmentation named = small(names());
    assertEquals(List.of(0, 1, 2, 3), List.copyOf(named.clusterRuns().keySet()));
    assertEquals(List.of(0, 1), List.copyOf(named.classRuns().keySet()));
    MaskRuns road = named.classRuns().get(1);
    // Down the columns: road road, sky road, none road.
    assertArrayEquals(new int[] {0, 2, 1, 1, 1, 1}, road.counts());
    assertEquals(4, road.area());
    assertArrayEquals(new int[] {0, 0, 3, 2}, road.box());
    assertEquals(1, named.classPolygons().get(1).size());
    assertEquals(List.of(0, 1), List.copyOf(named.classPolygons().keySet()));
    assertArrayEquals(
        new int[] {3, 1, 3, 2, 0, 2, 0, 1}, named.clusterPolygons().get(3).getFirst());
    assertThrows(IllegalStateException.class, () -> small(Optional.empty()).classRuns());
    assertThrows(IllegalStateException.class, () -> small(Optional.empty()).classPolygons());
  }

  @Test
  void streamsGetWhatFilesGet() throws IOException {
    Segmentation named = small(names());
    Path file = folder.resolve("mask.png");
    ByteArrayOutputStream stream =
        new ByteArrayOutputStream() {
          @Override
          public void close() {
            throw new AssertionError("the stream is the caller's");
          }
        };
    named.writeIndexPng(stream);
    named.writeIndexPng(file);
    assertArrayEquals(Files.readAllBytes(file), stream.toByteArray());
    stream.reset();
    named.writeClassPng(stream, 255);
    named.writeClassPng(file, 255);
    assertArrayEquals(Files.readAllBytes(file), stream.toByteArray());
  }

  @Test
  void indexFilesHoldTheNumbers() throws IOException {
    for (int clusters : new int[] {1, 2, 256, 257, 65536}) {
      int[] all = new int[clusters];
      for (int i = 0; i < clusters; i++) {
        all[i] = i;
      }
      Segmentation segmentation = Segmentation.of(clusters, 1, clusters, all, Optional.empty());
      Path file = folder.resolve("index.png");
      segmentation.writeIndexPng(file);
      BufferedImage read = Images.readRaw(file);
      assertEquals(
          clusters <= 256 ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_USHORT_GRAY,
          read.getType());
      for (int i = 0; i < clusters; i++) {
        assertEquals(i, read.getRaster().getSample(i, 0, 0));
      }
    }
  }

  @Test
  void classFilesHoldClassesAndTheValueForNone() throws IOException {
    Path file = folder.resolve("classes.png");
    small(names()).writeClassPng(file, 2);
    BufferedImage read = Images.readRaw(file);
    assertArrayEquals(
        new int[] {1, 0, 2, 1, 1, 1}, read.getRaster().getSamples(0, 0, 3, 2, 0, (int[]) null));
    assertEquals(BufferedImage.TYPE_USHORT_GRAY, small(names()).classImage(256).getType());
    assertEquals(256, small(names()).classImage(256).getRaster().getSample(2, 0, 0));
    assertThrows(IllegalStateException.class, () -> small(Optional.empty()).classImage(2));
  }

  @Test
  void overlaysMixHalfAndHalf() {
    BufferedImage image = new BufferedImage(3, 2, BufferedImage.TYPE_INT_RGB);
    image.setRGB(1, 0, 0xFFFFFF);
    BufferedImage overlay = small(names()).overlay(image);
    assertEquals(0x402040, overlay.getRGB(0, 0) & 0xFFFFFF);
    assertEquals(0xBFDFFE, overlay.getRGB(1, 0) & 0xFFFFFF);
    assertEquals(0x404040, overlay.getRGB(2, 0) & 0xFFFFFF);
    assertEquals(0, image.getRGB(0, 0) & 0xFFFFFF, "the image stays as it was");
    BufferedImage other = new BufferedImage(2, 3, BufferedImage.TYPE_INT_RGB);
    assertThrows(BadInputException.class, () -> small(names()).overlay(other));
  }

  @Test
  void legendsStandBesideTheOverlay() {
    BufferedImage image = new BufferedImage(3, 2, BufferedImage.TYPE_INT_RGB);
    BufferedImage legend = small(names()).overlayWithLegend(image);
    assertEquals(
        small(names()).overlay(image).getRGB(1, 0),
        legend.getRGB(1, 0),
        "the overlay stands on the left");
    assertTrue(legend.getWidth() > 30 && legend.getHeight() >= 3 * 20);
    // Largest first: road covers four of six pixels, then the cluster without a class or sky.
    assertEquals(0x804080, legend.getRGB(3 + 8 + 7, 8 + 10) & 0xFFFFFF);
    Set<Integer> colors = new HashSet<>();
    for (int y = 0; y < legend.getHeight(); y++) {
      colors.add(legend.getRGB(3 + 8 + 7, y) & 0xFFFFFF);
    }
    assertEquals(Set.of(0xFFFFFF, 0x804080, 0x80C0FE, 0x808080), colors);
  }

  @Test
  void longLegendsAreSummedUp() {
    int[] all = new int[100];
    for (int i = 0; i < 100; i++) {
      all[i] = i;
    }
    Segmentation segmentation = Segmentation.of(1, 100, 100, all, Optional.empty());
    BufferedImage image = new BufferedImage(1, 100, BufferedImage.TYPE_INT_RGB);
    BufferedImage legend = segmentation.overlayWithLegend(image);
    assertEquals(8 * 20 + 16, legend.getHeight());
    assertEquals(0xFFFFFF, legend.getRGB(1 + 8 + 7, 8 + 7 * 20 + 10) & 0xFFFFFF);
  }

  @Test
  void coloursOfManyClustersDiffer() {
    int clusters = 64;
    int closest = Integer.MAX_VALUE;
    for (int i = 0; i < clusters; i++) {
      for (int j = 0; j < i; j++) {
        int distance = 0;
        for (int shift = 0; shift < 24; shift += 8) {
          distance +=
              Math.abs(((Palette.color(i) >> shift) & 255) - ((Palette.color(j) >> shift) & 255));
        }
        closest = Math.min(closest, distance);
      }
    }
    assertTrue(closest >= 8, "two of the first 64 colours differ by " + closest);
  }
}
