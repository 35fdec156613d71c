package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Trainings that are repeated from what their models record. */
class LikeTest extends OnSmallBank {
  private static final String[] CROSS_BATCH = {
    "--clusters=4",
    "--projection=64",
    "--epochs=2",
    "--batch-size=2",
    "--beta=0.5",
    "--neighbors=9",
    "--outputs-dtype=f32",
    "--mlp=48"
  };

  private void train(String name, String... more) {
    done(arguments(name, more));
  }

  private String[] arguments(String name, String... more) {
    List<String> arguments = new ArrayList<>(List.of("train", in("bank"), "-o", in(name)));
    arguments.addAll(List.of(more));
    arguments.addAll(List.of("--threads=2"));
    return arguments.toArray(String[]::new);
  }

  private String refused(int code, String name, String... more) {
    assertEquals(code, shell.run(arguments(name, more)), shell.out());
    assertFalse(Files.exists(folder.resolve(name)), "nothing is trained");
    assertFalse(shell.err().contains("unexpected"), shell.err());
    return shell.err();
  }

  private void assertSame(String one, String other) throws IOException {
    assertEquals(-1, Files.mismatch(folder.resolve(one), folder.resolve(other)), one);
  }

  @Test
  void allMethodsAreRepeatedToTheSameBytes() throws IOException {
    train("ours", append(CROSS_BATCH, "--seed=-3"));
    train("ours2", "--like", in("ours"));
    assertSame("ours", "ours2");
    train(
        "ours3",
        "--like=" + in("ours"),
        "--epochs=2",
        "--seed=-3",
        "--t=1e-2",
        "--json=" + in("j"));
    assertSame("ours", "ours3");
    assertTrue(Files.readString(folder.resolve("j")).contains("\"seed\": -3"));

    train("star", "--clusters=3", "--method=kmeans-hidden", "--from=" + in("ours"), "--seed=7");
    train("star2", "--like", in("star"), "--from", in("ours2"));
    assertSame("star", "star2");
    assertTrue(refused(2, "star3", "--like", in("star")).contains("--from"));

    train("kmeans", "--clusters=5", "--method=kmeans-features", "--inits=2", "--normalize-rows");
    train("kmeans2", "--like", in("kmeans"));
    assertSame("kmeans", "kmeans2");
  }

  @Test
  void augmentedTrainingIsRepeated() throws IOException {
    train(
        "ours",
        "--clusters=4",
        "--projection=64",
        "--epochs=1",
        "--batch-size=2",
        "--mode=in-batch",
        "--augment",
        "--augment-crop=64x64",
        "--augment-scale=1,1.5",
        "--augment-flip=false");
    train("ours2", "--like", in("ours"), "--augment-scale=1.0,1.5");
    assertSame("ours", "ours2");
  }

  @Test
  void whatContradictsIsRefused() throws IOException {
    train("ours", CROSS_BATCH);
    for (String option :
        List.of(
            "--epochs=3",
            "--method=kmeans-features",
            "--seed=1",
            "--clusters=5",
            "--scale-inputs=false",
            "--augment",
            "--preset=paper",
            "--seeds=2",
            "--mode=in-batch")) {
      String err = refused(2, "x", "--like", in("ours"), option);
      assertTrue(err.contains(option.split("=")[0]), err);
    }
    String err = refused(1, "x", "--like", in("ours"), "--heads=2"); // recorded as left out
    assertTrue(err.contains("heads default there, 2 here"), err);
    train("kmeans", "--clusters=4", "--method=kmeans-features");
    refused(2, "x", "--like", in("kmeans"), "--normalize-rows");
  }

  @Test
  void anotherBankAndAnotherGraphAreRefused() throws IOException {
    train("ours", CROSS_BATCH);
    Path graph = folder.resolve("bank/graph.knn");
    Files.delete(graph);
    done("graph", in("bank"), "--neighbors=5");
    String err = refused(1, "x", "--like", in("ours"));
    assertTrue(err.contains("trained on the graph") && err.contains("graph.knn"), err);
    done("extract", "-o", in("other"), in("scenes/images/val"));
    assertEquals(
        1, shell.run("train", in("other"), "-o", in("x"), "--like", in("ours")), shell.out());
    assertTrue(shell.err().contains("trained on the bank"), shell.err());
    assertTrue(shell.err().contains(in("other")) && shell.err().contains(in("ours")), shell.err());
  }

  private static String[] append(String[] options, String more) {
    List<String> all = new ArrayList<>(List.of(options));
    all.add(more);
    return all.toArray(String[]::new);
  }
}
