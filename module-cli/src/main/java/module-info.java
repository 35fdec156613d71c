/** The {@code eigenseg} command. */
module dev.eigenseg.cli {
  requires dev.eigenseg.api;
  requires dev.eigenseg.graph;
  requires dev.eigenseg.infer;
  requires dev.eigenseg.train;
  requires com.google.gson;
  requires com.samskivert.jmustache;
  requires info.picocli;
  requires me.tongfei.progressbar;
  requires xchart;
  requires java.net.http; // weights pull
  requires java.logging; // to keep the libraries quiet
  requires jdk.unsupported; // the second Ctrl-C: sun.misc.Signal, by reflection

  opens dev.eigenseg.cli to
      info.picocli;
  opens dev.eigenseg.cli.bank to
      info.picocli;
  opens dev.eigenseg.cli.demo to
      info.picocli;
  opens dev.eigenseg.cli.evaluate to
      info.picocli;
  opens dev.eigenseg.cli.info to
      info.picocli;
  opens dev.eigenseg.cli.input to
      info.picocli;
  opens dev.eigenseg.cli.segment to
      com.google.gson, // the records of its files
      info.picocli;
  opens dev.eigenseg.cli.session to
      info.picocli;
  opens dev.eigenseg.cli.shell to
      info.picocli;
  opens dev.eigenseg.cli.spectral to
      info.picocli;
  opens dev.eigenseg.cli.study to
      com.google.gson, // the records of its files
      info.picocli;
  opens dev.eigenseg.cli.train to
      info.picocli;
  opens dev.eigenseg.cli.weights to
      info.picocli;
  opens dev.eigenseg.cli.report to
      com.samskivert.jmustache; // what its templates name
}
