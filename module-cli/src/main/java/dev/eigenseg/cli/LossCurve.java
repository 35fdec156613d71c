package dev.eigenseg.cli;

import com.google.gson.JsonObject;
import java.awt.image.BufferedImage;
import java.util.List;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;

/** A picture of a training run: the loss and the clusters in use, by epoch. */
final class LossCurve {
  private LossCurve() {}

  /** Draws the lines of a training log. */
  static BufferedImage draw(List<JsonObject> epochs) {
    XYChart chart =
        new XYChartBuilder()
            .width(900)
            .height(500)
            .title("Learning the eigenfunctions")
            .xAxisTitle("epoch")
            .build();
    chart.getStyler().setLegendPosition(Styler.LegendPosition.InsideNE);
    chart.getStyler().setYAxisGroupPosition(1, Styler.YAxisPosition.Right);
    chart.setYAxisGroupTitle(0, "loss");
    chart.setYAxisGroupTitle(1, "clusters in use");
    double[] x = values(epochs, "epoch");
    chart.addSeries("loss", x, values(epochs, "loss"));
    chart.addSeries("clusters in use", x, values(epochs, "clusters-used")).setYAxisGroup(1);
    return BitmapEncoder.getBufferedImage(chart);
  }

  private static double[] values(List<JsonObject> epochs, String name) {
    return epochs.stream().mapToDouble(epoch -> epoch.get(name).getAsDouble()).toArray();
  }
}
