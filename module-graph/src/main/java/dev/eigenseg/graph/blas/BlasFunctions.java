package dev.eigenseg.graph.blas;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.eigenseg.api.internal.resource.NativeFunctions;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Collections;
import java.util.Optional;

/**
 * The functions of a BLAS.
 *
 * @param sgemm {@code sgemm_}, which every BLAS has, on an array of its 13 arguments
 * @param setThreadsOfThread MKL's, for the calling thread
 * @param setThreads OpenBLAS's, for the whole process
 * @param threads OpenBLAS's, likewise
 * @param config what OpenBLAS says of itself
 */
record BlasFunctions(
    MethodHandle sgemm,
    Optional<MethodHandle> setThreadsOfThread,
    Optional<MethodHandle> setThreads,
    Optional<MethodHandle> threads,
    Optional<MethodHandle> config) {
  private static final int SGEMM_ARGUMENTS = 13;

  /** Those of a library; empty if it is no BLAS. */
  static Optional<BlasFunctions> of(SymbolLookup library) {
    ValueLayout[] references =
        Collections.nCopies(SGEMM_ARGUMENTS, ADDRESS).toArray(ValueLayout[]::new);
    return NativeFunctions.find(library, "sgemm_", FunctionDescriptor.ofVoid(references))
        .map(sgemm ->
            new BlasFunctions(
                sgemm.asSpreader(MemorySegment[].class, SGEMM_ARGUMENTS),
                NativeFunctions.find(
                    library,
                    "MKL_Set_Num_Threads_Local",
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT)),
                NativeFunctions.find(
                    library, "openblas_set_num_threads", FunctionDescriptor.ofVoid(JAVA_INT)),
                NativeFunctions.find(
                    library, "openblas_get_num_threads", FunctionDescriptor.of(JAVA_INT)),
                NativeFunctions.find(
                    library, "openblas_get_config", FunctionDescriptor.of(ADDRESS))));
  }
}
