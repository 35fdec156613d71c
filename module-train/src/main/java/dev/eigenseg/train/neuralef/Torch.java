package dev.eigenseg.train.neuralef;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.spi.Availability;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The one door to DJL's PyTorch engine: starts it without network, finds devices, shares memory
 * with it. Thread-safe.
 */
public final class Torch {
  private static final System.Logger LOG = System.getLogger(Torch.class.getName());
  private static final String ENGINE = "PyTorch";
  private static final String ENGINE_CLASS = "ai/djl/pytorch/engine/PtEngineProvider.class";
  private static boolean started;
  private static int preferredThreads = Runtime.getRuntime().availableProcessors();

  private Torch() {}

  /**
   * Whether the engine is there. Starting it is neither cheap nor without effect; whether its class
   * is there is a question for the class loader, which answers for class path and module path
   * alike.
   */
  public static Availability availability() {
    if (Torch.class.getClassLoader().getResource(ENGINE_CLASS) == null) {
      return Availability.no(
          "DJL's PyTorch engine is not there; add ai.djl.pytorch:pytorch-engine, pytorch-jni and pytorch-native-cpu");
    }
    return Availability.YES;
  }

  /**
   * Starts the engine if this process has not done so; its thread counts are fixed from then on.
   *
   * @param threads of one tensor operation
   * @throws UnavailableException if the native library cannot be loaded
   */
  public static synchronized Engine engine(int threads) {
    if (!started) {
      // Without these the engine asks a cloud's metadata address who is using it, and may download
      // a CUDA library.
      setUnlessSet("ai.djl.offline", "true");
      setUnlessSet("OPT_OUT_TRACKING", "true");
      setUnlessSet("ai.djl.pytorch.num_threads", Integer.toString(threads));
      setUnlessSet("ai.djl.pytorch.num_interop_threads", "1");
    }
    try {
      Engine engine = Engine.getEngine(ENGINE);
      if (!started) {
        LOG.log(
            System.Logger.Level.INFO,
            "tensor engine: {0} {1}, {2} threads",
            ENGINE,
            engine.getVersion(),
            System.getProperty("ai.djl.pytorch.num_threads"));
      }
      started = true;
      return engine;
    } catch (EngineException | IllegalArgumentException | LinkageError e) {
      throw new UnavailableException(
          "DJL's PyTorch engine cannot be started: put ai.djl.pytorch:pytorch-engine on the module path and pytorch-jni and"
              + " pytorch-native-cpu on the class path, or set PYTORCH_LIBRARY_PATH. Cause: "
              + e,
          e);
    }
  }

  /**
   * Threads of one tensor operation, should {@link #engine()} be what starts the engine; without
   * effect after that.
   */
  public static synchronized void preferThreads(int threads) {
    preferredThreads = threads;
  }

  /**
   * The engine, started with the preferred threads, by default one a processor, if nobody started
   * it before.
   */
  public static synchronized Engine engine() {
    return engine(preferredThreads);
  }

  private static void setUnlessSet(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  /** The devices that tensors can live on, {@code "cpu"} first. */
  public static List<String> devices() {
    List<String> names = new ArrayList<>();
    names.add("cpu");
    for (int i = 0; i < engine().getGpuCount(); i++) {
      names.add("cuda:" + i);
    }
    return names;
  }

  /** Name, version and native library of the engine, in one line. */
  public static String description() {
    Engine engine = engine();
    String library =
        System.getenv().getOrDefault("PYTORCH_LIBRARY_PATH", "pytorch-native on the class path");
    return "%s %s (%s)".formatted(ENGINE, engine.getVersion(), library);
  }

  /**
   * The device of a name.
   *
   * @throws UnavailableException if there is no such device
   */
  public static Device device(String name) {
    String wanted =
        name.toLowerCase(Locale.ROOT).equals("cuda") ? "cuda:0" : name.toLowerCase(Locale.ROOT);
    if (wanted.equals("cpu")) {
      return Device.cpu();
    }
    List<String> known = devices();
    if (!known.contains(wanted)) {
      throw new UnavailableException(
          "there is no device '%s'; here are: %s. CUDA devices need a CUDA build of libtorch, see docs/cuda.md"
              .formatted(name, String.join(", ", known)));
    }
    return Device.gpu(Integer.parseInt(wanted.substring("cuda:".length())));
  }

  /**
   * A tensor over memory of ours: the same bytes on the CPU, a copy elsewhere. The memory must
   * outlive it.
   */
  public static NDArray share(NDManager manager, MemorySegment memory, long... shape) {
    return manager.create(
        memory.asByteBuffer().order(ByteOrder.nativeOrder()), new Shape(shape), DataType.FLOAT32);
  }

  /** A float32 tensor of ours as one of the engine's own, on the device of its scope. */
  public static NDArray place(NDManager manager, Tensor tensor) {
    if (tensor.segment().isMapped()) { // a native library never reads a file that may be cut off
      try (Tensor copy = Tensor.allocate(DType.F32, tensor.shape())) {
        copy.segment().copyFrom(tensor.segment());
        return place(manager, copy);
      }
    }
    try (NDManager scope = manager.newSubManager()) {
      NDArray copy = share(scope, tensor.segment(), tensor.shape()).duplicate();
      copy.attach(manager);
      return copy;
    }
  }

  /**
   * A copy of a float32 tensor outside the engine, which the caller owns.
   *
   * @param shape of the same size as the tensor's own
   */
  public static Tensor copy(NDArray array, long... shape) {
    Tensor tensor = Tensor.allocate(DType.F32, shape);
    try {
      tensor.segment().copyFrom(bytes(array));
      return tensor;
    } catch (RuntimeException | Error e) {
      tensor.close();
      throw e;
    }
  }

  /**
   * The bytes of a dense tensor, borrowed on the CPU and valid as long as the tensor, a copy
   * elsewhere.
   */
  public static MemorySegment bytes(NDArray array) {
    return MemorySegment.ofBuffer(array.toByteBuffer(true));
  }

  /**
   * A number as an operand of differentiated expressions. {@code NDArray.mul(Number)} and its kin
   * wrap the number in a Java buffer that nothing refers to after the call, while autograd keeps
   * its address for the backward pass: a garbage collection in between turns gradients into noise
   * (seen with DJL 0.35.1). This one lives as long as its scope.
   */
  public static NDArray number(NDManager scope, double value) {
    return scope.create((float) value);
  }

  /**
   * A handle on the same values in another scope, cut off from any gradient. In-place operations
   * through it change the original, and what is computed from it lives in the scope: with the
   * original as receiver every result would live as long as it does.
   */
  public static NDArray view(NDManager scope, NDArray array) {
    NDArray view = array.stopGradient();
    view.attach(scope);
    return view;
  }

  /** Whether every value of every tensor is finite. */
  public static boolean allFinite(Iterable<NDArray> arrays) {
    double sum = 0;
    for (NDArray array : arrays) {
      sum += array.abs().max().getFloat();
    }
    return Double.isFinite(sum);
  }
}
