package dev.eigenseg.cli.demo;

import com.google.gson.JsonObject;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;

/** A picture of a training run: the loss and the clusters in use, by epoch. */
final class LossCurve {
  // Keeps the line of the clusters off the upper edge.
  private static final double HEADROOM = 1.1;

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
    double[] used = values(epochs, "clusters-used");
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setYAxisMin(1, 0.0);
    chart.getStyler().setYAxisMax(1, HEADROOM * Arrays.stream(used).max().orElse(1));
    chart.addSeries("loss", x, values(epochs, "loss"));
    chart.addSeries("clusters in use", x, used).setYAxisGroup(1);
    return BitmapEncoder.getBufferedImage(chart);
  }

  private static double[] values(List<JsonObject> epochs, String name) {
    return epochs.stream().mapToDouble(epoch -> epoch.get(name).getAsDouble()).toArray();
  }
}
