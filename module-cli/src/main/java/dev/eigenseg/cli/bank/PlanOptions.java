package dev.eigenseg.cli.bank;

import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.cli.session.ByteSize;
import dev.eigenseg.cli.session.CommonOptions;
import dev.eigenseg.cli.session.Storage;
import dev.eigenseg.graph.BankGraph;
import dev.eigenseg.graph.plan.CostModel;
import dev.eigenseg.graph.plan.Machines;
import dev.eigenseg.graph.plan.PlannedGraph;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What a plan is for, in place of a search. */
final class PlanOptions {
  private static final int DIM = 384;
  private static final int CORES = Runtime.getRuntime().availableProcessors();
  private static final ByteSize DISK = new ByteSize(500 << 20);
  private static final ByteSize NETWORK = new ByteSize(1L << 30);

  @Option(
      names = "--plan",
      description =
          "Search nothing: print what time, memory, disk and network a graph would take, of BANK or of --rows, "
              + "from a model of measured runs.")
  private boolean plan;

  @Option(
      names = "--rows",
      paramLabel = "N",
      converter = WholeNumber.class,
      description = "--plan: patches, such as 1e9, in place of a bank.")
  private Optional<Long> rows = Optional.empty();

  @Option(
      names = "--dim",
      paramLabel = "D",
      converter = CommonOptions.PositiveInt.class,
      description = "--plan with --rows: channels of a patch (default: " + DIM + ").")
  private Optional<Integer> dim = Optional.empty();

  @Option(
      names = "--dtype",
      paramLabel = "f16|f32",
      description = "--plan with --rows: how the bank stores them (default: f16).")
  private Optional<Storage> dtype = Optional.empty();

  @Option(
      names = "--machines",
      paramLabel = "N",
      converter = CommonOptions.PositiveInt.class,
      description = "--plan: machines that see one disk (default: 1).")
  private Optional<Integer> machines = Optional.empty();

  @Option(
      names = "--cores",
      paramLabel = "N",
      converter = CommonOptions.PositiveInt.class,
      description = "--plan: cores of each machine (default: those of this one).")
  private Optional<Integer> cores = Optional.empty();

  @Option(
      names = "--parts",
      paramLabel = "N",
      converter = CommonOptions.PositiveInt.class,
      description =
          "--plan: how many parts the search is divided into (default: 1, or two for each of several machines).")
  private Optional<Integer> parts = Optional.empty();

  @Option(
      names = "--disk-rate",
      paramLabel = "SIZE",
      converter = ByteSize.Converter.class,
      description =
          "--plan: what a machine's own disk reads or writes in a second (default: 500m).")
  private Optional<ByteSize> diskRate = Optional.empty();

  @Option(
      names = "--network-rate",
      paramLabel = "SIZE",
      converter = ByteSize.Converter.class,
      description =
          "--plan: what a machine reads from the common disk in a second, all at the same time (default: 1g).")
  private Optional<ByteSize> networkRate = Optional.empty();

  @Option(
      names = "--measured",
      paramLabel = "ROWS=SECONDS",
      converter = MeasuredConverter.class,
      description =
          "--plan: processor seconds (user and system) that a whole graph of so many patches took on such a machine, with the "
              + "same other options; may be given several times. The model is scaled to them.")
  private List<Measured> measured = List.of();

  @Option(
      names = "--price",
      paramLabel = "P",
      description = "--plan: what a machine costs an hour.")
  private Optional<Double> price = Optional.empty();

  /** Reads a whole number as people write large ones. */
  static final class WholeNumber implements ITypeConverter<Long> {
    @Override
    public Long convert(String value) {
      try {
        long number = new BigDecimal(value).longValueExact();
        if (number > 0) {
          return number;
        }
      } catch (ArithmeticException | NumberFormatException e) {
        throw notWhole(value);
      }
      throw notWhole(value);
    }

    private static TypeConversionException notWhole(String value) {
      return new TypeConversionException(
          "'" + value + "' is not a whole number above zero such as 60000 or 1e9");
    }
  }

  /** A whole graph of so many patches took so many processor seconds. */
  record Measured(long patches, double seconds) {}

  /** Reads a measured run. */
  static final class MeasuredConverter implements ITypeConverter<Measured> {
    @Override
    public Measured convert(String value) {
      int sign = value.indexOf('=');
      try {
        double seconds = Double.parseDouble(value.substring(sign + 1));
        if (sign > 0 && seconds > 0 && seconds < Double.POSITIVE_INFINITY) {
          return new Measured(new WholeNumber().convert(value.substring(0, sign)), seconds);
        }
      } catch (NumberFormatException e) {
        throw noRun(value);
      }
      throw noRun(value);
    }

    private static TypeConversionException noRun(String value) {
      return new TypeConversionException(
          "'"
              + value
              + "' is no measured run such as 60000=24.3: patches, an equals sign, seconds");
    }
  }

  boolean wanted() {
    return plan;
  }

  /** Whether anything was given that only a plan knows. */
  boolean given() {
    return rows.isPresent()
        || dim.isPresent()
        || dtype.isPresent()
        || machines.isPresent()
        || cores.isPresent()
        || parts.isPresent()
        || diskRate.isPresent()
        || networkRate.isPresent()
        || price.isPresent()
        || !measured.isEmpty();
  }

  boolean ofRows() {
    return rows.isPresent();
  }

  /** Whether the shape of a bank was given that is not there. */
  boolean ofShape() {
    return rows.isPresent() || dim.isPresent() || dtype.isPresent();
  }

  /**
   * The graph of a bank that is not there.
   *
   * @throws IllegalArgumentException if it cannot be searched
   */
  PlannedGraph graph(Optional<Integer> neighbors, KnnIndex index, long memory) {
    long count = rows.orElseThrow();
    return new PlannedGraph(
        count,
        dim.orElse(DIM),
        dtype.orElse(Storage.F16).dtype(),
        neighbors.orElseGet(() -> BankGraph.neighborsFor(count)),
        index,
        memory);
  }

  /** The graph of a bank; likewise. */
  static PlannedGraph graph(
      FeatureBank bank, Optional<Integer> neighbors, KnnIndex index, long memory) {
    return new PlannedGraph(
        bank.rows(),
        bank.manifest().dims().high(),
        bank.manifest().dtype(),
        neighbors.orElseGet(() -> BankGraph.neighborsFor(bank.rows())),
        index,
        memory);
  }

  /**
   * The machines.
   *
   * @throws IllegalArgumentException if they cannot be
   */
  Machines machines() {
    int count = machines.orElse(1);
    return new Machines(
        count,
        cores.orElse(CORES),
        parts.orElseGet(() -> Machines.partsFor(count)),
        diskRate.orElse(DISK).bytes(),
        networkRate.orElse(NETWORK).bytes(),
        Machines.SPREAD,
        Machines.FAILURES);
  }

  /** Measured runs by their rows, the last of those with equal ones. */
  Map<Long, Double> measured() {
    Map<Long, Double> runs = new LinkedHashMap<>();
    for (Measured run : measured) {
      runs.put(run.patches(), run.seconds());
    }
    return runs;
  }

  /** The model, scaled to what was measured. */
  CostModel model(PlannedGraph graph) {
    Map<Long, Double> runs = measured();
    return runs.isEmpty()
        ? CostModel.DEFAULT
        : CostModel.DEFAULT.times(CostModel.DEFAULT.factor(graph, runs));
  }

  /**
   * What a machine costs an hour.
   *
   * @throws IllegalArgumentException if it is no price
   */
  Optional<Double> price() {
    if (price.isPresent() && !(price.get() >= 0 && price.get() < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("--price " + price.get() + " is no price");
    }
    return price;
  }
}
