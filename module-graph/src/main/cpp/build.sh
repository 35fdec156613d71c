#!/usr/bin/env bash
# Builds the FAISS shim into a folder, laid out as in its jar: build.sh OUTPUT CLASSIFIER JAVA_HOME.
# Where that is not possible it says in one line what is missing, keeps the line in OUTPUT.missing, and succeeds, since the embedded
# engine needs none of it; where CI is set it fails.
set -euo pipefail
export JAVA_HOME=$3
here=$(cd "$(dirname "$0")" && pwd)
output=$1/META-INF/eigenseg/native/$2

# skip LINE: nothing is built; a library of an earlier build does not stand in.
skip() {
  rm -rf "$1"
  echo "eigenseg: $2" | tee "$1.missing"
  [ -z "${CI:-}" ] || exit 1
  exit 0
}

mkdir -p "$1"
missing=()
command -v cmake >/dev/null || missing+=(cmake)
command -v c++ >/dev/null || missing+=(g++)
compgen -G '/usr/*include/faiss/Index.h' >/dev/null || compgen -G '/usr/local/include/faiss/Index.h' >/dev/null || missing+=(libfaiss-dev)
# Users' paths leave out where ldconfig is.
PATH=$PATH:/usr/sbin:/sbin ldconfig -p 2>/dev/null | grep libopenblas >/dev/null || missing+=(libopenblas0-pthread)
[ ${#missing[@]} -eq 0 ] || skip "$1" "the FAISS engine is not built; it needs: ${missing[*]}"
rm -f "$1.missing"
build=$(cd "$1" && pwd)-build
cmake -S "$here" -B "$build" >"$build.log" 2>&1 && cmake --build "$build" >>"$build.log" 2>&1 || {
  cat "$build.log"
  skip "$1" "the FAISS engine cannot be built with the FAISS that is installed, see above"
}
mkdir -p "$output"
library=$output/libeigenseg-faiss.so
cmp -s "$build/libeigenseg-faiss.so" "$library" || cp "$build/libeigenseg-faiss.so" "$library"
# What the extraction compares with: bytes and SHA-256.
printf '%s %s\n' "$(stat -c %s "$library")" "$(sha256sum "$library" | cut -d ' ' -f 1)" >"$library.sha256"
