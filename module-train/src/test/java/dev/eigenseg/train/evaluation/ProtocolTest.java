package dev.eigenseg.train.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.CrfOptions;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.SegmentOptions.Windows;
import dev.eigenseg.train.dataset.Datasets;
import dev.eigenseg.train.evaluation.CenterCrop.Sampling;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProtocolTest {
  private static final ImageGeometry MODEL = new ImageGeometry(Optional.of(new Size(64, 64)), 16);

  private static Size view(Protocol protocol, String dataset, int width, int height) {
    return protocol.options(dataset).resolution().of(new Size(width, height), MODEL);
  }

  @ParameterizedTest
  @CsvSource({
    "pascal-context-60, 480, 320, 500x375, 693x520",
    "pascal-context-59, 480, 320, 375x500, 520x693",
    "cityscapes-19, 768, 512, 2048x1024, 2048x1024",
    "cityscapes-27, 768, 512, 512x256, 2048x1024",
    "ade20k, 512, 512, 683x512, 683x512",
    "ade20k, 512, 512, 4000x400, 2048x205"
  })
  void windowsSlideAsInSegmenter(
      String dataset, int window, int stride, String image, String resized) {
    Size size = Size.parse(image);
    assertEquals(
        Size.parse(resized), view(Protocol.SLIDING_WINDOW, dataset, size.width(), size.height()));
    assertEquals(
        Optional.of(new Windows(window, stride)),
        Protocol.SLIDING_WINDOW.options(dataset).windows());
    assertTrue(Protocol.SLIDING_WINDOW.crop(dataset).isEmpty());
  }

  @Test
  void otherDatasetsKeepTheirSizeAndHaveNoWindows() {
    assertEquals(new Size(480, 360), view(Protocol.SLIDING_WINDOW, "camvid", 480, 360));
    assertTrue(Protocol.SLIDING_WINDOW.options("camvid").windows().isEmpty());
  }

  @Test
  void theCropIsSegmentedAtItsOwnSize() {
    for (String dataset : Datasets.names()) {
      assertEquals(new Size(320, 320), view(Protocol.CENTER_CROP_320, dataset, 320, 320));
      Sampling sampling =
          dataset.equals("cityscapes-27") || dataset.equals("coco-stuff-27")
              ? Sampling.NEAREST
              : Sampling.BILINEAR;
      assertEquals(
          Optional.of(new CenterCrop(320, sampling)), Protocol.CENTER_CROP_320.crop(dataset));
    }
    // Features are shared where the model takes images as they are, and only there.
    SegmentOptions options = Protocol.CENTER_CROP_320.options("cityscapes-27");
    assertFalse(options.wholeImage(MODEL));
    assertTrue(options.wholeImage(new ImageGeometry(Optional.empty(), 16)));
    assertTrue(Protocol.WHOLE_IMAGE.options("cityscapes-27").wholeImage(MODEL));
  }

  @Test
  void remarksSayWhatWasPublished() {
    SegmentOptions sliding = Protocol.SLIDING_WINDOW.options("cityscapes-19");
    assertEquals(
        "as published for cityscapes-19",
        Protocol.SLIDING_WINDOW.remark(
            "cityscapes-19", sliding.withCrf(CrfOptions.DEFAULT).withThreads(2)));
    assertEquals(
        "as published for cityscapes-19 but for the views",
        Protocol.SLIDING_WINDOW.remark("cityscapes-19", sliding.withWindows(768, 768)));
    assertEquals(
        "the published protocol of cityscapes-27 is center-crop-320",
        Protocol.WHOLE_IMAGE.remark("cityscapes-27", SegmentOptions.DEFAULT));
    assertEquals(
        "no protocol is published for camvid",
        Protocol.WHOLE_IMAGE.remark("camvid", SegmentOptions.DEFAULT));
  }
}
