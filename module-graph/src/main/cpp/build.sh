#!/usr/bin/env bash
# Builds the FAISS shim into a folder, laid out as in its jar, if FAISS is installed: build.sh OUTPUT CLASSIFIER JAVA_HOME.
# Says in one line what is missing and succeeds otherwise: the pure Java engine needs none of it.
set -euo pipefail
export JAVA_HOME=$3
here=$(cd "$(dirname "$0")" && pwd)
output=$1/META-INF/eigenseg/native/$2
missing=()
command -v cmake >/dev/null || missing+=(cmake)
command -v c++ >/dev/null || missing+=(g++)
compgen -G '/usr/*include/faiss/Index.h' >/dev/null || compgen -G '/usr/local/include/faiss/Index.h' >/dev/null || missing+=(libfaiss-dev)
ldconfig -p 2>/dev/null | grep -q libopenblas || missing+=(libopenblas0-pthread)
if [ ${#missing[@]} -gt 0 ]; then
  echo "eigenseg: the FAISS engine is not built; it needs: ${missing[*]}"
  exit 0
fi
mkdir -p "$1"
build=$(cd "$1" && pwd)-build
cmake -S "$here" -B "$build" >"$build.log" 2>&1 && cmake --build "$build" >>"$build.log" 2>&1 || {
  cat "$build.log"
  echo "eigenseg: the FAISS engine cannot be built, see above"
  exit 1
}
mkdir -p "$output"
library=$output/libeigenseg-faiss.so
cmp -s "$build/libeigenseg-faiss.so" "$library" || cp "$build/libeigenseg-faiss.so" "$library"
# What the extraction compares with: bytes and SHA-256.
printf '%s %s\n' "$(stat -c %s "$library")" "$(sha256sum "$library" | cut -d ' ' -f 1)" >"$library.sha256"
