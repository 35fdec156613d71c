package dev.eigenseg.cli.faults;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LineNumber;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Loads our classes from the class path anew, with each call that takes memory, works on a file,
 * enters native code or asks DJL for something led through {@link Faults}.
 */
final class FaultLoader extends ClassLoader {
  private static final String OURS = "dev.eigenseg.";
  private static final String HARNESS = Faults.class.getPackageName();

  // The one class of the harness that speaks of our classes.
  private static final String SCENARIOS = Scenarios.class.getName();

  private static final ClassDesc FAULTS = Faults.class.describeConstable().orElseThrow();
  private static final MethodTypeDesc BEFORE =
      MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_String);
  private static final ClassDesc SEGMENT = ClassDesc.of("java.lang.foreign.MemorySegment");
  private static final Pattern FILES =
      Pattern.compile("move|copy|create.*|new.*|read.*|write.*|lines|list|walk");

  private final Map<String, Set<String>> natives = new ConcurrentHashMap<>();

  FaultLoader(ClassLoader parent) {
    super("faults", parent);
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    boolean scenarios = name.replaceFirst("\\$.*", "").equals(SCENARIOS);
    if (!name.startsWith(OURS) || (name.startsWith(HARNESS + ".") && !scenarios)) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      if (loaded == null) {
        byte[] bytes = bytes(name);
        byte[] rewritten = scenarios ? bytes : rewrite(bytes);
        loaded = defineClass(name, rewritten, 0, rewritten.length);
      }
      return loaded;
    }
  }

  private byte[] bytes(String name) throws ClassNotFoundException {
    try (InputStream stream = getResourceAsStream(name.replace('.', '/') + ".class")) {
      if (stream == null) {
        throw new ClassNotFoundException(name);
      }
      return stream.readAllBytes();
    } catch (IOException e) {
      throw new ClassNotFoundException(name, e);
    }
  }

  private byte[] rewrite(byte[] bytes) {
    ClassModel model = ClassFile.of().parse(bytes);
    String type = model.thisClass().asInternalName().replaceFirst(".*/", "");
    return ClassFile.of()
        .transformClass(
            model,
            (ClassBuilder builder, ClassElement element) -> {
              if (element instanceof MethodModel method && method.code().isPresent()) {
                String name = type + "." + method.methodName().stringValue();
                builder.transformMethod(
                    method, MethodTransform.transformingCode(new Rewriting(name)));
              } else {
                builder.with(element);
              }
            });
  }

  private boolean isNative(String type, String method) {
    return natives
        .computeIfAbsent(
            type,
            t -> {
              try {
                return ClassFile.of().parse(bytes(t.replace('/', '.'))).methods().stream()
                    .filter(m -> m.flags().has(AccessFlag.NATIVE))
                    .map(m -> m.methodName().stringValue())
                    .collect(Collectors.toUnmodifiableSet());
              } catch (ClassNotFoundException e) {
                throw new IllegalStateException(e);
              }
            })
        .contains(method);
  }

  /** What is to be done about a call. */
  private record Hook(Optional<String> before, Action action) {
    static final Hook NONE = new Hook(Optional.empty(), Action.NONE);

    static Hook of(String before, Action action) {
      return new Hook(Optional.of(before), action);
    }
  }

  private enum Action {
    NONE,
    OPENED,
    MADE,
    FREED,
    ALLOCATED,
    RETURNED
  }

  private Hook hook(InvokeInstruction call) {
    String owner = call.owner().asInternalName();
    String name = call.name().stringValue();
    String type = call.type().stringValue();
    return switch (owner) {
      case "java/lang/foreign/Arena", "java/lang/foreign/SegmentAllocator" ->
          name.startsWith("of")
              ? Hook.of("memory", Action.OPENED)
              : name.startsWith("allocate") ? Hook.of("memory", Action.NONE) : Hook.NONE;
      case "java/lang/foreign/MemorySegment" ->
          name.equals("reinterpret") ? Hook.of("memory", Action.NONE) : Hook.NONE;
      case "java/lang/foreign/SymbolLookup" ->
          name.equals("libraryLookup") ? Hook.of("memory", Action.NONE) : Hook.NONE;
      case "java/lang/invoke/MethodHandle" -> downcall(name, type);
      case "java/nio/channels/FileChannel" ->
          name.equals("close") || name.equals("isOpen")
              ? Hook.NONE
              : Hook.of("file", name.equals("open") ? Action.OPENED : Action.NONE);
      case "java/nio/file/Files" ->
          FILES.matcher(name).matches() ? Hook.of("file", Action.NONE) : Hook.NONE;
      default ->
          owner.startsWith("ai/djl/")
              ? tensors(owner, name, type)
              : owner.startsWith(OURS.replace('.', '/')) && isNative(owner, name)
                  ? natives(name, type)
                  : Hook.NONE;
    };
  }

  private static Hook downcall(String name, String type) {
    if (!name.equals("invokeExact")) {
      return Hook.NONE;
    }
    if (type.equals("(Ljava/lang/foreign/MemorySegment;)V")) {
      return new Hook(Optional.empty(), Action.RETURNED);
    }
    boolean allocates = type.equals("(JJ)Ljava/lang/foreign/MemorySegment;");
    return Hook.of("memory", allocates ? Action.ALLOCATED : Action.NONE);
  }

  private static Hook natives(String name, String type) {
    if (name.startsWith("free")) {
      return new Hook(Optional.empty(), Action.FREED);
    }
    // Setting the number of threads back is a part of the end.
    return name.equals("useThreads")
        ? Hook.NONE
        : Hook.of("memory", type.endsWith(")J") ? Action.MADE : Action.NONE);
  }

  private static Hook tensors(String owner, String name, String type) {
    boolean gives =
        type.endsWith(")Lai/djl/ndarray/NDArray;")
            || type.endsWith("SubManager()Lai/djl/ndarray/NDManager;");
    boolean opens = name.equals("newSubManager") || name.equals("newBaseManager");
    if (name.equals("close") || name.equals("<init>") || name.equals("getManager")) {
      return Hook.NONE;
    }
    if (opens || (gives && !owner.endsWith("/NDList"))) {
      return Hook.of("engine", Action.OPENED);
    }
    return owner.equals("ai/djl/ndarray/NDArray") || owner.endsWith("/GradientCollector")
        ? Hook.of("engine", Action.NONE)
        : Hook.NONE;
  }

  private final class Rewriting implements CodeTransform {
    private final String method;
    private int line;
    private int number; // of the call in its line

    Rewriting(String method) {
      this.method = method;
    }

    @Override
    public void accept(CodeBuilder builder, CodeElement element) {
      if (element instanceof LineNumber entry) {
        number = entry.line() == line ? number : 0;
        line = entry.line();
      }
      if (!(element instanceof InvokeInstruction call)) {
        builder.with(element);
        return;
      }
      Hook hook = hook(call);
      String site =
          "%s:%d %s.%s#%d"
              .formatted(
                  method,
                  line,
                  call.owner().asInternalName().replaceFirst(".*/", ""),
                  call.name().stringValue(),
                  hook.equals(Hook.NONE) ? 0 : ++number);
      hook.before()
          .ifPresent(name -> builder.loadConstant(site).invokestatic(FAULTS, name, BEFORE));
      if (hook.action() == Action.FREED) {
        builder
            .dup2()
            .invokestatic(
                FAULTS, "freed", MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_long));
      } else if (hook.action() == Action.RETURNED) {
        builder
            .dup()
            .invokestatic(FAULTS, "returned", MethodTypeDesc.of(ConstantDescs.CD_void, SEGMENT));
      }
      builder.with(element);
      after(builder, hook.action(), site);
    }

    private static void after(CodeBuilder builder, Action action, String site) {
      switch (action) {
        case OPENED ->
            builder
                .dup()
                .loadConstant(site)
                .invokestatic(FAULTS, "opened", taking(ConstantDescs.CD_Object));
        case MADE ->
            builder
                .dup2()
                .loadConstant(site)
                .invokestatic(FAULTS, "made", taking(ConstantDescs.CD_long));
        case ALLOCATED ->
            builder.dup().loadConstant(site).invokestatic(FAULTS, "allocated", taking(SEGMENT));
        case NONE, FREED, RETURNED -> {}
      }
    }

    private static MethodTypeDesc taking(ClassDesc type) {
      return MethodTypeDesc.of(ConstantDescs.CD_void, type, ConstantDescs.CD_String);
    }
  }
}
