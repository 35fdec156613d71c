#!/usr/bin/env bash
# Builds the FAISS shim against a wheel of faiss-cpu, which brings a shared library but no headers:
#   JAVA_HOME=... faiss-wheel.sh HEADERS SITE OUTPUT [CUDA]
# HEADERS is a checkout of FAISS at the wheel's version, SITE the folder with faiss/ and faiss_cpu.libs/ (an unpacked wheel, or
# site-packages). Prints the library, laid out as in its jar, for -Deigenseg.faiss.library=FILE. With CUDA, the folder nvidia/ of the wheels
# nvidia-cuda-runtime-cu12, nvidia-cublas-cu12, nvidia-cuda-nvcc-cu12 and nvidia-cuda-cccl-cu12, the branch for GPUs is compiled as well,
# without linking.
set -euo pipefail
usage="usage: JAVA_HOME=... faiss-wheel.sh HEADERS SITE OUTPUT [CUDA]"
headers=${1:?$usage}
site=$(cd "${2:?$usage}" && pwd)
output=${3:?$usage}
source=$(cd "$(dirname "$0")/../../main/cpp" && pwd)
: "${JAVA_HOME:?$usage}"

if [ $# -gt 3 ]; then
  cuda=()
  for folder in "$4"/*/include; do cuda+=(-isystem "$folder"); done
  c++ -std=c++17 -fopenmp -fsyntax-only -Wall -Wextra -Werror -DEIGENSEG_FAISS_GPU -I "$headers" "${cuda[@]}" \
    -I "$JAVA_HOME/include" -I "$JAVA_HOME/include/linux" "$source/eigenseg_faiss.cpp"
  echo "the branch for GPUs compiles" >&2
fi

# The wheel's own OpenMP library, or the number of threads would be set for another one; the older kind of run path, because the
# libraries of its libraries are found by no other.
cmake -S "$source" -B "$output-build" -DFAISS_INCLUDE_DIR="$headers" -DFAISS_LIBRARY="$site/faiss/libfaiss.so" \
  -DOPENBLAS_LIBRARY="$(ls "$site"/faiss_cpu.libs/libopenblas*)" -DOpenMP_gomp_LIBRARY="$(ls "$site"/faiss_cpu.libs/libgomp*)" \
  -DCMAKE_SHARED_LINKER_FLAGS=-Wl,--disable-new-dtags >&2
cmake --build "$output-build" >&2
library=$output/META-INF/eigenseg/native/linux-x86_64/libeigenseg-faiss.so
mkdir -p "$(dirname "$library")"
cp "$output-build/libeigenseg-faiss.so" "$library"
printf '%s %s\n' "$(stat -c %s "$library")" "$(sha256sum "$library" | cut -d ' ' -f 1)" >"$library.sha256"
echo "$library"
