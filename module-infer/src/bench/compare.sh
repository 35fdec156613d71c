#!/usr/bin/env bash
# Inference beside the libraries that others use: one table, every line measured alternately (A B A B) in this run, two threads each
# unless a line says otherwise.
#
#   eigenseg bench infer         CLASS_PATH: what to run with, set by the launcher
#                                EIGENSEG_PYTHON: a Python with timm (and pydensecrf), for timm's own ViT (and the CRF)
#                                EIGENSEG_OPENBLAS: OpenBLAS's library (default: where Debian puts it)
#                                EIGENSEG_SHARED: the folder with camvid/ and weights/ (default: beside the checkout)
#                                EIGENSEG_COMPARE: some of the parts: gemm gemm_avx2 vit dinov2 first_mask second_image upsample crf; and
#                                stages, where the time of a Vision Transformer goes, a table of its own
#                                EIGENSEG_BUSY: 1 to measure on a machine that is not quiet
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
bench=$root/module-infer/src/bench
. "$root/module-api/src/bench/table.sh"
. "$bench/quiet.sh"
python=${EIGENSEG_PYTHON:-}
shared=${EIGENSEG_SHARED:-$root/../shared}
threads=2
pairs=5
work=$(mktemp -d)
trap 'code=$?; [ $code -eq 0 ] || tail -n 30 "$work/log" >&2; rm -rf "$work"' EXIT
table=$work/table.tsv
: >"$table"
# Peers run with their own defaults: these variables would slow them.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE OMP_WAIT_POLICY GOMP_SPINCOUNT OMP_NUM_THREADS
[ -x /usr/bin/time ] || { echo "GNU time is needed to measure memory (Debian: apt-get install time)" >&2; exit 1; }
java=("$JAVA_HOME/bin/java" --add-modules jdk.incubator.vector)
# For libtorch, and for weights in huge pages, by which a first mask gains nothing.
native=--enable-native-access=ALL-UNNAMED
lean=$root/module-infer/target/test-classes:$root/module-infer/target/classes:$(cat "$root/module-infer/target/runtime.classpath")
torch=("${java[@]}" $native -Dai.djl.offline=true "-Dai.djl.pytorch.num_threads=$threads" -cp "$CLASS_PATH")

# Medians in milliseconds of benchmarks that run alternately: interleaved SECONDS BENCHMARK...
interleaved() { "${torch[@]:0:1}" ${vectors:+"$vectors"} "${torch[@]:1}" dev.eigenseg.train.Interleaved "$@" 2>>"$work/log"; }

# An option of the JVM's for its vectors; none for the widest.
vectors=

# The column of the fastest peer: $1 is ours, the others are peers.
fastest() { awk '{ best = 2; for (i = 3; i <= NF; i++) if ($i + 0 < $best + 0) best = i; print best }' <<<"$1"; }

gemm() {
  local libraries=() library found shape count benchmark=dev.eigenseg.api.internal.kernel.GemmBenchmark.product
  library=${EIGENSEG_OPENBLAS:-/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0}
  [ -r "$library" ] && libraries+=("$library")
  if [ -n "$python" ]; then
    found=$("$python" -c 'import glob, os, numpy
print(next(iter(glob.glob(os.path.dirname(numpy.__file__) + ".libs/libscipy_openblas64*")), ""))')
    [ -n "$found" ] && libraries+=("$found")
  fi
  if [ ${#libraries[@]} -eq 0 ]; then
    skipped "GEMM" "no OpenBLAS in $library (Debian: apt-get install libopenblas0-pthread) nor in EIGENSEG_PYTHON's NumPy"
    return
  fi
  for count in 2 1; do
    for shape in 2048x2048x2048 900x384x1536 900x1536x384 900x384x1152 900x384x384; do
      local peers=() result options="shape=$shape&threads=$count"
      for library in "${libraries[@]}"; do peers+=("$benchmark?engine=openblas&$options&library=$library"); done
      # Weights are packed once, when a network is opened; the square product packs both sides in every call.
      local engine=vector-packed
      [ $shape = 2048x2048x2048 ] && engine=vector
      result=$(interleaved 4 "$benchmark?engine=$engine&$options" "${peers[@]}")
      line "GEMM $shape, threads: $count${vectors:+, $vectors}" "$(cut -f 1 <<<"$result")" \
        "$(cut -f "$(fastest "$result")" <<<"$result")" ms 0.95 "$(fastest_library "$result" "${libraries[@]}")"
    done
  done
}

# The kernels and the version of the library whose product was the fastest: RESULT LIBRARY...
fastest_library() {
  local column
  column=$(fastest "$1")
  awk -v library="${*:column:1}" 'index($0, "OpenBLAS: ") == 1 && index($0, library) {
    sub(/^OpenBLAS: /, ""); sub(/ of [^ ]*$/, ""); found = $0 } END { print found }' "$work/log"
}

# Ours on vectors of 256 bits; OpenBLAS keeps the kernels of its choice.
gemm_avx2() {
  vectors=-XX:UseAVX=2
  gemm
  vectors=
}

vit() {
  local benchmark=dev.eigenseg.train.vit.VitComparisonBenchmark.extract result name peers
  local files="checkpoint=$work/vit.safetensors&export=$work/vit.pt"
  local contenders=("$benchmark?engine=vector&$files" "$benchmark?engine=djl&$files")
  if [ -n "$python" ] && "$python" "$bench/export_vit.py" "$work/vit.safetensors" "$work/vit.pt" 2>>"$work/log"; then
    contenders+=("$benchmark?engine=torchscript&$files")
  else
    say "timm's own ViT is left out: set EIGENSEG_PYTHON to a Python with timm"
  fi
  result=$(interleaved 15 "${contenders[@]}")
  peers=$(cut -f 2- <<<"$result" |
    awk '{ print "DJL blocks " int($1) " ms" (NF > 1 ? ", timm in TorchScript " int($2) " ms" : ", no timm here") }')
  line "ViT-S/16, 480 x 480" "$(cut -f 1 <<<"$result")" "$(cut -f "$(fastest "$result")" <<<"$result")" ms 1.2 "$peers"
}

# Real weights on real photographs, from the file to the features.
dinov2() {
  local weights=$shared/weights/vit-s14-dinov2.safetensors ours name figure note target
  if [ ! -r "$weights" ] || [ ! -d "$shared/camvid" ] || [ -z "$python" ]; then
    skipped "DINOv2-S/14, CamVid" "no weights or no CamVid in $shared, or no EIGENSEG_PYTHON with timm"
    return
  fi
  mkdir "$work/dinov2"
  "$python" "$bench/dinov2_features.py" "$weights" "$shared/camvid/images/val" $threads "$work/dinov2" \
    "${java[@]}" $native -cp "$lean" dev.eigenseg.infer.PhotographFeatures "vit:$weights" 490x364 $threads \
    >"$work/dinov2.tsv" 2>>"$work/log"
  ours=$(awk -F '\t' '$1 == "ours" { print $2 }' "$work/dinov2.tsv")
  grep 'pixels of the first' "$work/log" >&2
  while IFS=$'\t' read -r name figure note; do
    [ "$name" != ours ] || continue
    target=1.2
    [ "${name#torch}" != "$name" ] || target=1
    line "DINOv2-S/14, CamVid 490 x 364" "$ours" "$figure" ms $target "$name; $note"
  done <"$work/dinov2.tsv"
}

stages() { "${java[@]}" -cp "$lean" dev.eigenseg.infer.vit.VitStages 2>>"$work/log"; }

# How a process starts fast; docs/performance.md has it for applications, the launcher does the same.
quick=(env MALLOC_ARENA_MAX=1 "${java[@]}" -XX:+UseSerialGC -Xms32m -XX:CICompilerCount=4 -XX:Tier3DelayOn=20)

seconds_of() { cut -d ' ' -f 1 "$work/$1.txt" | median; }
mebibytes_of() { cut -d ' ' -f 2 "$work/$1.txt" | median | awk '{ printf "%.0f", $1 / 1024 }'; }

# Sets archived, of its caller; classes are archived from jars alone.
archive_classes() {
  local jars
  mkdir -p "$work/lean"
  cp -r "$root"/module-{api,infer}/target/classes/. "$root/module-infer/target/test-classes/." "$work/lean"
  rm -f "$work/lean/module-info.class"
  "$JAVA_HOME/bin/jar" --create --file "$work/lean.jar" -C "$work/lean" .
  jars=$(tr ':' '\n' <"$root/module-infer/target/runtime.classpath" | grep '\.jar$' | paste -sd :)
  jars=$work/lean.jar:$jars
  "${quick[@]}" "-XX:DumpLoadedClassList=$work/lean.list" -cp "$jars" "$@" >>"$work/log" 2>&1
  "${quick[@]}" -Xshare:dump "-XX:SharedClassListFile=$work/lean.list" "-XX:SharedArchiveFile=$work/lean.jsa" -cp "$jars" \
    >>"$work/log" 2>&1
  archived=("${quick[@]}" -Xshare:on "-XX:SharedArchiveFile=$work/lean.jsa" -cp "$jars")
}

first_mask() {
  local ours=(dev.eigenseg.infer.FirstMask "$work/model.safetensors" "vit:$work/vit.safetensors" "$work/photo.png" "$work/ours.png"
    $threads)
  local peer=(dev.eigenseg.train.vit.TorchVitFirstMask "$work/model.safetensors" "$work/vit.safetensors" "$work/photo.png" "$work/peer.png")
  local archived pair name
  # The first start unpacks libtorch and fills the disk's cache: not counted.
  "${torch[@]}" "${peer[@]}" >>"$work/log" 2>&1
  archive_classes "${ours[@]}"
  for ((pair = 0; pair < pairs; pair++)); do
    first_mask_of plain "${java[@]}" -cp "$lean" "${ours[@]}"
    first_mask_of quick "${quick[@]}" -cp "$lean" "${ours[@]}"
    first_mask_of archived "${archived[@]}" "${ours[@]}"
    first_mask_of one "${archived[@]}" -XX:LoopUnrollLimit=0 "${ours[@]}"
    first_mask_of peer "${torch[@]}" "${peer[@]}"
  done
  for name in "quick the options for a fast start" "archived these, and an archive of classes" \
    "one these, and without unrolled loops, for one mask alone" "plain the JVM's defaults"; do
    line "JVM start to first mask, with ${name#* }" "$(seconds_of "${name%% *}")" "$(seconds_of peer)" s 2 \
      "DJL, median of $pairs alternating rounds"
    line "peak resident memory of it" "$(mebibytes_of "${name%% *}")" "$(mebibytes_of peer)" MiB 3 "DJL, the same rounds"
  done
  line "the fastest of these, within 1.5 s" "$(for name in quick archived one; do seconds_of $name; done | sort -n | head -n 1)" 1.5 s 1 \
    "no peer: the target itself"
}

# first_mask_of NAME COMMAND...: seconds and kilobytes of one process, another line of NAME.txt.
first_mask_of() {
  local name=$1
  shift
  /usr/bin/time -a -o "$work/$name.txt" -f '%e %M' "$@" >>"$work/log" 2>&1
}

# No peer: the second image of a process beside its own steady state.
second_image() {
  local kind backbone model round
  for kind in ViT-S/16 descriptor; do
    backbone=vit:$work/vit.safetensors model=$work/model.safetensors
    [ $kind = ViT-S/16 ] || backbone=descriptor model=$work/descriptor.safetensors
    : >"$work/second.txt"
    for round in 1 2 3; do
      "${quick[@]}" $native -cp "$lean" dev.eigenseg.infer.SecondImage "$model" "$backbone" \
        "$work/photo.png" "$work/second.png" $threads 2>>"$work/log" >>"$work/second.txt"
    done
    line "second image, $kind" "$(cut -f 2 "$work/second.txt" | median)" "$(cut -f 3 "$work/second.txt" | median)" ms 0.769 \
      "its own steady state (within 1.3 times); the first took $(cut -f 1 "$work/second.txt" | median) ms; medians of 3 processes"
  done
}

upsample() {
  local benchmark=dev.eigenseg.train.UpsampleBenchmark result
  result=$(interleaved 6 "$benchmark.fused" "$benchmark.libtorchPlanes" "$benchmark.libtorchChannelsLast")
  line "upsample + argmax, K = 256" "$(cut -f 1 <<<"$result")" "$(cut -f "$(fastest "$result")" <<<"$result")" ms 10 \
    "libtorch, the faster of two layouts"
  result=$("${torch[@]}" $benchmark 2>>"$work/log")
  line "memory of it" "$(cut -f 1 <<<"$result" | awk '{ printf "%.2f", $1 / 1048576 }')" \
    "$(cut -f 2 <<<"$result" | awk '{ printf "%.0f", $1 / 1048576 }')" MiB 100 \
    "what we allocate; rise of the peak resident set with libtorch"
}

crf() {
  local benchmark=dev.eigenseg.infer.crf.CrfBenchmark.refine?threads=$threads round
  if [ -z "$python" ] || ! "$python" -c 'import pydensecrf.densecrf' 2>/dev/null; then
    line "dense CRF, 320 x 320, 27 classes" "$(interleaved 8 "$benchmark" | tail -n 1)" 710 ms 2 \
      "no pydensecrf here: its 0.71 s were measured on another such machine"
    return
  fi
  for round in 1 2 3; do
    interleaved 3 "$benchmark" | tail -n 1 >>"$work/crf-ours.txt"
    "$python" "$bench/pydensecrf_time.py" "$work/crf.png" >>"$work/crf-peer.txt"
  done
  line "dense CRF, 320 x 320, 27 classes" "$(median <"$work/crf-ours.txt")" "$(median <"$work/crf-peer.txt")" ms 2 pydensecrf
}

"${torch[@]}" dev.eigenseg.infer.ComparisonFiles "$work" 2>>"$work/log"
for part in ${EIGENSEG_COMPARE:-gemm vit dinov2 first_mask second_image upsample crf}; do
  require_quiet "$part"
  "$part"
done
print_tables
