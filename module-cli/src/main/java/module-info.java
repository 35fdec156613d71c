/** The {@code eigenseg} command. */
module dev.eigenseg.cli {
  requires dev.eigenseg.api;
  requires dev.eigenseg.graph;
  requires dev.eigenseg.infer;
  requires dev.eigenseg.train;
  requires com.google.gson;
  requires info.picocli;
  requires me.tongfei.progressbar;
  requires xchart;

  opens dev.eigenseg.cli to
      info.picocli;
}
