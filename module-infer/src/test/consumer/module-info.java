/** An application that segments pictures: what it requires is all that it gets. */
module app.consumer {
  requires dev.eigenseg.api;
  requires dev.eigenseg.infer;
}
