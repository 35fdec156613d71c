/** The examples: delete what you do not need, and with Train the module dev.eigenseg.train. */
module your.app {
  requires dev.eigenseg.api;
  requires dev.eigenseg.infer;
  requires dev.eigenseg.train;
  requires com.google.gson;
  requires jdk.httpserver;

  provides dev.eigenseg.api.spi.BackboneProvider with
      your.app.MeanColorProvider;
}
