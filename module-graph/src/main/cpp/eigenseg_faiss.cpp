// The JNI shim over FAISS, one function for each native method of dev.eigenseg.graph.faiss.FaissLibrary. Memory comes as raw
// addresses of off-heap segments and stays theirs; exceptions become dev.eigenseg.api.EigensegException with FAISS's own text.

#include <faiss/Index.h>
#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIVF.h>
#include <faiss/IndexIVFFlat.h>
#include <faiss/IndexScalarQuantizer.h>
#include <faiss/utils/utils.h>
#include <jni.h>
#include <omp.h>

#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#ifdef EIGENSEG_FAISS_GPU
#include <faiss/gpu/GpuDistance.h>
#include <faiss/gpu/StandardGpuResources.h>
#include <faiss/gpu/utils/DeviceUtils.h>
#endif

// FAISS calls the Fortran interface; so do we, to measure the very library that it is bound to.
extern "C" {
int sgemm_(const char*, const char*, const int*, const int*, const int*, const float*, const float*, const int*, const float*,
           const int*, const float*, float*, const int*);
char* openblas_get_config(void);
char* openblas_get_corename(void);
int openblas_get_num_threads(void);
}

namespace {

#ifndef EIGENSEG_FAISS_GPU
constexpr const char* WITHOUT_GPU = "the FAISS shim was built without FAISS_ENABLE_GPU";
#endif

void raise(JNIEnv* env, const char* message) {
  jclass type = env->FindClass("dev/eigenseg/api/EigensegException");
  if (type != nullptr) {
    env->ThrowNew(type, message);
  }
}

// Runs work; an exception becomes a Java one, and the result a zero.
template <typename Work>
auto guarded(JNIEnv* env, Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::exception& e) {
    raise(env, (std::string("FAISS: ") + e.what()).c_str());
  } catch (...) {
    raise(env, "FAISS failed with something that is no std::exception");
  }
  return decltype(work())();
}

template <typename T>
T* pointer(jlong address) {
  return reinterpret_cast<T*>(static_cast<std::uintptr_t>(address));
}

faiss::IndexIVF* ivf(faiss::Index* index) {
  auto* found = dynamic_cast<faiss::IndexIVF*>(index);
  if (found == nullptr) {
    throw std::invalid_argument("the index has no inverted lists");
  }
  return found;
}

}  // namespace

extern "C" {

JNIEXPORT jstring JNICALL Java_dev_eigenseg_graph_faiss_FaissLibrary_version(JNIEnv* env, jclass) {
  const std::string version = std::to_string(FAISS_VERSION_MAJOR) + "." + std::to_string(FAISS_VERSION_MINOR) + "." +
                              std::to_string(FAISS_VERSION_PATCH);
  return env->NewStringUTF(version.c_str());
}

// What runs, which need not be what the headers were of: objects of another size destroy the heap. FAISS says so from 1.9 on.
JNIEXPORT jstring JNICALL Java_dev_eigenseg_graph_faiss_FaissLibrary_boundVersion(JNIEnv* env, jclass type) {
#if FAISS_VERSION_MAJOR > 1 || FAISS_VERSION_MINOR >= 9
  (void)type;
  return env->NewStringUTF(faiss::get_version().c_str());
#else
  return Java_dev_eigenseg_graph_faiss_FaissLibrary_version(env, type);
#endif
}

JNIEXPORT jstring JNICALL Java_dev_eigenseg_graph_faiss_FaissLibrary_blas(JNIEnv* env, jclass) {
  const std::string text = std::string(openblas_get_config()) + ", kernels for " + openblas_get_corename();
  return env->NewStringUTF(text.c_str());
}

JNIEXPORT jint JNICALL Java_dev_eigenseg_graph_faiss_FaissLibrary_threads(JNIEnv*, jclass) { return omp_get_max_threads(); }

// Of the calling thread: OpenMP keeps the number for each thread that starts a parallel region.
JNIEXPORT void JNICALL Java_dev_eigenseg_graph_faiss_FaissLibrary_useThreads(JNIEnv*, jclass, jint threads) {
  omp_set_num_threads(threads);
}

JNIEXPORT jint JNICALL Java_dev_eigenseg_graph_faiss_FaissLibrary_gpuCount(JNIEnv* env, jclass) {
#ifdef EIGENSEG_FAISS_GPU
  return guarded(env, [] { return static_cast<jint>(faiss::gpu::getNumDevices()); });
#else
  (void)env;
  return 0;
#endif
}

JNIEXPORT void JNICALL Java_dev_eigenseg_graph_faiss_FaissLibrary_multiply(JNIEnv*, jclass, jint side, jlong a, jlong b, jlong c) {
  const float one = 1;
  const float zero = 0;
  sgemm_("T", "N", &side, &side, &side, &one, pointer<const float>(a), &side, pointer<const float>(b), &side, &zero,
         pointer<float>(c), &side);
}

JNIEXPORT jlong JNICALL Java_dev_eigenseg_graph_faiss_FaissLibrary_newFlat(JNIEnv* env, jclass, jint dim) {
  return guarded(env, [=] { return static_cast<jlong>(reinterpret_cast<std::uintptr_t>(new faiss::IndexFlatIP(dim))); });
}

JNIEXPORT jlong JNICALL Java_dev_eigenseg_graph_faiss_FaissLibrary_newIvf(JNIEnv* env, jclass, jint dim, jint lists, jboolean half) {
  return guarded(env, [=] {
    auto quantizer = std::make_unique<faiss::IndexFlatIP>(dim);
    std::unique_ptr<faiss::IndexIVF> index;
    if (half) {
      index = std::make_unique<faiss::IndexIVFScalarQuantizer>(quantizer.get(), dim, lists, faiss::ScalarQuantizer::QT_fp16,
                                                               faiss::METRIC_INNER_PRODUCT);
    } else {
      index = std::make_unique<faiss::IndexIVFFlat>(quantizer.get(), dim, lists, faiss::METRIC_INNER_PRODUCT);
    }
    quantizer.release();
    index->own_fields = true;
    // The caller chose how many rows to learn from: no warning that they are few, no sampling of those that are many.
    index->cp.min_points_per_centroid = 1;
    index->cp.max_points_per_centroid = std::numeric_limits<int>::max() / lists;
    return static_cast<jlong>(reinterpret_cast<std::uintptr_t>(static_cast<faiss::Index*>(index.release())));
  });
}

JNIEXPORT jlong JNICALL Java_dev_eigenseg_graph_faiss_FaissLibrary_newHnsw(JNIEnv* env, jclass, jint dim, jint links, jint efConstruction) {
  return guarded(env, [=] {
    auto index = std::make_unique<faiss::IndexHNSWFlat>(dim, links, faiss::METRIC_INNER_PRODUCT);
    index->hnsw.efConstruction = efConstruction;
    return static_cast<jlong>(reinterpret_cast<std::uintptr_t>(static_cast<faiss::Index*>(index.release())));
  });
}

JNIEXPORT void JNICALL Java_dev_eigenseg_graph_faiss_FaissLibrary_free(JNIEnv*, jclass, jlong index) {
  delete pointer<faiss::Index>(index);
}

JNIEXPORT void JNICALL Java_dev_eigenseg_graph_faiss_FaissLibrary_train(JNIEnv* env, jclass, jlong index, jlong rows, jlong data) {
  guarded(env, [=] {
    pointer<faiss::Index>(index)->train(rows, pointer<const float>(data));
    return 0;
  });
}

JNIEXPORT void JNICALL Java_dev_eigenseg_graph_faiss_FaissLibrary_add(JNIEnv* env, jclass, jlong index, jlong rows, jlong data) {
  guarded(env, [=] {
    pointer<faiss::Index>(index)->add(rows, pointer<const float>(data));
    return 0;
  });
}

JNIEXPORT void JNICALL Java_dev_eigenseg_graph_faiss_FaissLibrary_useProbes(JNIEnv* env, jclass, jlong index, jint probes) {
  guarded(env, [=] {
    ivf(pointer<faiss::Index>(index))->nprobe = probes;
    return 0;
  });
}

JNIEXPORT void JNICALL Java_dev_eigenseg_graph_faiss_FaissLibrary_useEfSearch(JNIEnv* env, jclass, jlong index, jint efSearch) {
  guarded(env, [=] {
    auto* hnsw = dynamic_cast<faiss::IndexHNSW*>(pointer<faiss::Index>(index));
    if (hnsw == nullptr) {
      throw std::invalid_argument("the index is no HNSW graph");
    }
    hnsw->hnsw.efSearch = efSearch;
    return 0;
  });
}

JNIEXPORT void JNICALL Java_dev_eigenseg_graph_faiss_FaissLibrary_search(JNIEnv* env, jclass, jlong index, jlong rows, jlong queries,
                                                                         jint k, jlong similarities, jlong ids) {
  guarded(env, [=] {
    pointer<faiss::Index>(index)->search(rows, pointer<const float>(queries), k, pointer<float>(similarities),
                                         pointer<std::int64_t>(ids));
    return 0;
  });
}

// Streams, handles and scratch memory of the GPUs; freed by freeGpu.
JNIEXPORT jlong JNICALL Java_dev_eigenseg_graph_faiss_FaissLibrary_newGpu(JNIEnv* env, jclass) {
#ifdef EIGENSEG_FAISS_GPU
  return guarded(env, [] { return static_cast<jlong>(reinterpret_cast<std::uintptr_t>(new faiss::gpu::StandardGpuResources())); });
#else
  raise(env, WITHOUT_GPU);
  return 0;
#endif
}

JNIEXPORT void JNICALL Java_dev_eigenseg_graph_faiss_FaissLibrary_freeGpu(JNIEnv* env, jclass, jlong gpu) {
#ifdef EIGENSEG_FAISS_GPU
  (void)env;
  delete pointer<faiss::gpu::StandardGpuResources>(gpu);
#else
  (void)gpu;
  raise(env, WITHOUT_GPU);
#endif
}

// The k best of one tile of the bank for a block of queries; all memory is the host's, so that the bank may be larger than the
// device's.
JNIEXPORT void JNICALL Java_dev_eigenseg_graph_faiss_FaissLibrary_searchOnGpu(JNIEnv* env, jclass, jlong gpu, jint device, jint dim,
                                                                              jlong tile, jlong tileRows, jlong queries,
                                                                              jlong queryRows, jint k, jlong similarities, jlong ids) {
#ifdef EIGENSEG_FAISS_GPU
  guarded(env, [=] {
    faiss::gpu::GpuDistanceParams params;
    params.metric = faiss::METRIC_INNER_PRODUCT;
    params.k = k;
    params.dims = dim;
    params.vectors = pointer<const void>(tile);
    params.numVectors = tileRows;
    params.queries = pointer<const void>(queries);
    params.numQueries = queryRows;
    params.outDistances = pointer<float>(similarities);
    params.outIndicesType = faiss::gpu::IndicesDataType::I64;
    params.outIndices = pointer<void>(ids);
    // Of the calling thread; FAISS 1.7.3 has no other way to name a device, later ones take this one unless told otherwise.
    const faiss::gpu::DeviceScope scope(device);
    faiss::gpu::bfKnn(pointer<faiss::gpu::StandardGpuResources>(gpu), params);
    return 0;
  });
#else
  (void)gpu, (void)device, (void)dim, (void)tile, (void)tileRows, (void)queries, (void)queryRows, (void)k, (void)similarities, (void)ids;
  raise(env, WITHOUT_GPU);
#endif
}

}  // extern "C"
