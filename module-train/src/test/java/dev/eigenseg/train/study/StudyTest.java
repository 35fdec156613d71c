package dev.eigenseg.train.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.train.evaluation.Protocol;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Studies as data. */
class StudyTest {
  private static List<Study> tables() {
    return IntStream.rangeClosed(1, PublishedTable.LAST)
        .mapToObj(number -> new PublishedTable(number).study(OptionalInt.empty()))
        .toList();
  }

  @Test
  void theSameModelOnTheSameImagesHasTheSameNumbersInAllTables() {
    record Cell(Recipe recipe, StudySplit evaluated, Protocol protocol, String method) {}
    Map<Cell, KnownScore> seen = new HashMap<>();
    int repeated = 0;
    for (Study table : tables()) {
      for (Experiment experiment : table.experiments()) {
        for (KnownScore score : experiment.known()) {
          Cell cell =
              new Cell(
                  experiment.recipe(),
                  experiment.evaluated(),
                  experiment.protocol(),
                  score.method());
          KnownScore before = seen.put(cell, score);
          if (before != null) {
            repeated++;
            assertEquals(before.meanIou(), score.meanIou(), before + " and " + score);
          }
        }
      }
    }
    assertEquals(5, repeated); // Ours of Table 1 in 5, 6 and 7, Ours* in 7; Ours of Table 2 in 6
  }

  @Test
  void everyTableSaysWhereItsNumbersStand() {
    for (Study table : tables()) {
      String number = table.name().replace("table-", "Table ");
      Set<String> names = new HashSet<>();
      for (Experiment experiment : table.experiments()) {
        assertTrue(names.add(experiment.name()), experiment.name());
        assertTrue(experiment.crf());
        assertEquals(
            Optional.of(experiment.protocol()),
            Protocol.published(experiment.evaluated().dataset()),
            experiment.label());
        for (KnownScore score : experiment.known()) {
          assertTrue(score.where().startsWith(number + ", "), score.where());
          assertTrue(score.meanIou().isPresent(), score.where());
        }
      }
    }
    assertThrows(IllegalArgumentException.class, () -> new PublishedTable(9));
  }

  @Test
  void ablationsShareWhatTheyDoNotChange() {
    Study study = own(EnumSet.allOf(OwnStudy.Part.class)).study();
    assertEquals(4 + 4 + 3 + 4, study.experiments().size());
    Set<String> kmeans = new HashSet<>();
    Set<String> ours = new HashSet<>();
    for (Experiment experiment : study.experiments()) {
      kmeans.add(experiment.recipe().modelName(SegmenterMethod.KMEANS_FEATURES));
      ours.add(experiment.recipe().modelName(SegmenterMethod.NEURAL_EIGENFUNCTIONS));
    }
    assertEquals(4 + 1, kmeans.size()); // four K, and the other dataset
    assertEquals(4 + 3 + 2 + 1, ours.size());
  }

  @Test
  void referenceScoresStandWhereTheyWereMeasured() {
    for (Experiment experiment : own(EnumSet.allOf(OwnStudy.Part.class)).study().experiments()) {
      boolean other =
          experiment.recipe().pixelWeight().isPresent()
              || experiment.recipe().beta().isPresent()
              || experiment.label().contains("scenes");
      boolean measured = experiment.recipe().clusters() != 32 && !other;
      assertEquals(
          measured,
          experiment.known(SegmenterMethod.NEURAL_EIGENFUNCTIONS).isPresent(),
          experiment.label());
    }
  }

  @Test
  void partsAreChosen() {
    Study study = own(EnumSet.of(OwnStudy.Part.BETA)).study();
    assertEquals(
        List.of("beta = 0.00", "beta = 0.320", "beta = 3.20"),
        study.experiments().stream().map(Experiment::label).toList());
    assertFalse(study.splits().stream().anyMatch(split -> split.dataset().equals("scenes")));
  }

  private static OwnStudy own(Set<OwnStudy.Part> parts) {
    return new OwnStudy(
        "camvid",
        StudyBackbone.mobileNet(),
        Optional.of(OwnStudy.CAMVID_SIZE),
        OwnStudy.CLUSTERS,
        OptionalInt.empty(),
        StudySplit.SCENES,
        parts);
  }

  @Test
  void datasetsAreFoundInTheirOwnFolders(@TempDir Path folder) throws Exception {
    DataFolder data = new DataFolder(folder);
    assertEquals(Optional.empty(), data.find("cityscapes-27"));
    assertTrue(data.missing("cityscapes-27").contains("https://www.cityscapes-dataset.com"));
    Files.createDirectories(folder.resolve("cityscapes/leftImg8bit"));
    assertEquals(Optional.of(folder.resolve("cityscapes")), data.find("cityscapes-27"));
    DataFolder root = new DataFolder(folder.resolve("cityscapes"));
    assertEquals(Optional.of(root.path()), root.find("cityscapes-19"));
  }
}
