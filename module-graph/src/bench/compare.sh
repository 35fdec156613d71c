#!/usr/bin/env bash
# Graphs beside FAISS, how their time grows, and their memory: one table.
#
#   eigenseg bench graph         CLASS_PATH: what to run with, set by the launcher
#                                EIGENSEG_PYTHON: a Python with faiss-cpu, to compare with as well
#                                EIGENSEG_SHARED: the folder with camvid/ and weights/ (default: beside the checkout)
#                                EIGENSEG_COMPARE: some of the parts: exact growth memory approximate approximate_growth; and
#                                kernels, an exact search beside each of the kernels that OpenBLAS can be told to take
#                                EIGENSEG_BUSY: 1 to measure on a machine that is not quiet
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
bench=$root/module-graph/src/bench
python=${EIGENSEG_PYTHON:-}
shared=${EIGENSEG_SHARED:-$root/../shared}
work=$(mktemp -d)
cgroup=
trap 'code=$?; [ $code -eq 0 ] || tail -n 30 "$work/log" >&2; rm -rf "$work"; [ -z "$cgroup" ] || rmdir "$cgroup"' EXIT
table=$work/table.tsv
: >"$table"
. "$root/module-api/src/bench/table.sh"
. "$root/module-infer/src/bench/quiet.sh"
# Peers run with their own defaults: these variables would slow them.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE OMP_WAIT_POLICY GOMP_SPINCOUNT OMP_NUM_THREADS
shim=$(find "$root/module-graph/target/native" -name 'libeigenseg-faiss.so' 2>/dev/null | head -n 1)
java=("$JAVA_HOME/bin/java" --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED
  ${shim:+"-Deigenseg.faiss.library=$shim"} -cp "$CLASS_PATH")

# What engine NAME (column $2: 2 processor seconds, 3 wall seconds, 4 share of neighbours in common) has in the lines of a comparison.
figure() { awk -F '\t' -v name="$1" -v column="$2" '$1 == name { print $column }' "$work/exact.tsv"; }

# One thread each: OpenBLAS's own threads spin while they wait, and processor time would count that.
exact_search() {
  local rows=$1 k=$2 rounds=$3 engine target dim=384 threads=1 peer
  local -x OPENBLAS_NUM_THREADS=$threads
  "${java[@]}" dev.eigenseg.graph.ExactComparison "$rows" $dim "$k" $threads "$rounds" vector blas faiss >"$work/exact.tsv" 2>>"$work/log"
  for engine in vector blas; do
    target=$4
    [ $engine = vector ] || target=2
    line "exact, $rows x $dim, k = $k, $engine" "$(figure $engine 2)" "$(figure faiss 2)" s "$target" \
      "FAISS of this system; $(figure faiss 4) of the neighbours in common; wall $(figure $engine 3) and $(figure faiss 3) s"
  done
  [ -n "$python" ] || return 0
  "${java[@]}" dev.eigenseg.graph.RowsFile "$work/rows.f32" clustered "$rows" $dim 2>>"$work/log"
  peer=$("$python" "$bench/faiss_search.py" "$work/rows.f32" $dim "$k" $threads 1 2>>"$work/log")
  rm "$work/rows.f32"
  line "exact, $rows x $dim, k = $k, vector" "$(figure vector 2)" "$(cut -f 1 <<<"$peer")" s "$4" \
    "$(faiss_cpu), right after; wall $(cut -f 2 <<<"$peer") s"
}

# OpenBLAS chooses its kernels by the processor's name and knows none that is younger than itself: what it can be told is measured too.
kernels() {
  local kernel peer name rows=14400 dim=384 k=256 threads=1
  local -x OPENBLAS_NUM_THREADS=$threads
  if [ -n "$python" ]; then
    "${java[@]}" dev.eigenseg.graph.RowsFile "$work/rows.f32" clustered $rows $dim 2>>"$work/log"
  fi
  for kernel in "" SkylakeX Cooperlake Haswell; do
    unset OPENBLAS_CORETYPE
    name="OpenBLAS's own choice"
    if [ -n "$kernel" ]; then
      local -x OPENBLAS_CORETYPE=$kernel
      name="OPENBLAS_CORETYPE=$kernel"
    fi
    "${java[@]}" dev.eigenseg.graph.ExactComparison $rows $dim $k $threads 3 vector ${shim:+faiss} >"$work/exact.tsv" 2>>"$work/log"
    if [ -n "$shim" ]; then
      line "exact, $rows x $dim, k = $k, vector" "$(figure vector 2)" "$(figure faiss 2)" s 1.7 \
        "FAISS of this system, $name; $(figure faiss 4) of the neighbours in common"
    fi
    [ -n "$python" ] || continue
    peer=$("$python" "$bench/faiss_search.py" "$work/rows.f32" $dim $k $threads 3 2>>"$work/log")
    line "exact, $rows x $dim, k = $k, vector" "$(figure vector 2)" "$(cut -f 1 <<<"$peer")" s 1.7 "$(faiss_cpu), right after, $name"
  done
  unset OPENBLAS_CORETYPE
  rm -f "$work/rows.f32"
}

faiss_cpu() { "$python" -c 'import faiss; print("faiss-cpu", faiss.__version__, "from Python")'; }

exact() {
  if [ -z "$shim" ]; then
    skipped "exact search" "no FAISS here (Debian: apt-get install libfaiss-dev libopenblas0-pthread cmake g++)"
    return
  fi
  exact_search 14400 256 5 1.5
  exact_search 60000 64 3 1.4
  exact_search 60000 256 3 1.4
}

# Picoseconds of a pair and channel, by rows.
growth() {
  local rows
  for rows in 15000 60000 240000; do
    "${java[@]}" dev.eigenseg.graph.ExactComparison $rows 384 64 2 1 vector 2>>"$work/log" |
      awk -F '\t' -v n=$rows '{ printf "%s\t%.4f\n", n, $2 / n / n / 384 * 1e12 }' | tee -a "$work/growth.tsv" >&2
  done
  line "exact, per pair and channel, 240,000 rows" "$(awk '$1 == 240000 { print $2 }' "$work/growth.tsv")" \
    "$(awk '$1 == 15000 { print $2 }' "$work/growth.tsv")" ps 0.83 \
    "15,000 rows; $(awk '$1 == 60000 { print $2 }' "$work/growth.tsv") ps with 60,000 (d = 384, k = 64, processor time)"
}

# CamVid's features, as many neighbours and threads for all; FAISS with the fewest probes that find as much as ours.
approximate() {
  local bank=$work/camvid dim=416 k=64 threads=2 lists=1513 probes=34 ours peer
  if [ ! -d "$shared/camvid" ] || [ -z "$shim" ]; then
    skipped "approximate search" "no CamVid in $shared, or no FAISS here"
    return
  fi
  "$root/eigenseg" build
  "$root/eigenseg" extract -b "torchscript:$shared/weights/mobilenetv2-dense.pt" --size 480x352 -o "$bank" "$shared/camvid/images/train" \
    --quiet 2>>"$work/log"
  "${java[@]}" dev.eigenseg.graph.IvfComparison bank 0.95 "$bank" 1 $lists $probes 2>>"$work/log" | tee "$work/ivf.txt" >&2
  ours=$(grep '^vector' "$work/ivf.txt" | tail -n 1)
  peer=$(grep '^faiss' "$work/ivf.txt" | tail -n 1)
  line "approximate, CamVid, k = $k" "$(seconds "$ours")" "$(seconds "$peer")" s 1 "FAISS of this system: ${peer##*  }; ours: ${ours##*  }"
  [ -n "$python" ] || return 0
  "${java[@]}" dev.eigenseg.graph.RowsFile "$work/rows.f32" bank "$bank" 2>>"$work/log"
  peer=$("$python" "$bench/faiss_search.py" "$work/rows.f32" $dim $k $threads 1 $lists $probes 2>>"$work/log")
  rm "$work/rows.f32"
  line "approximate, CamVid, k = $k" "$(seconds "$ours")" "$(cut -f 1 <<<"$peer")" s 1 \
    "$(faiss_cpu), right after: recall $(cut -f 3 <<<"$peer")"
}

# Processor seconds in a line of IvfComparison.
seconds() { sed -E 's/.* ([0-9.]+) cpu-s .*/\1/' <<<"$1"; }

# The exponent of time over rows.
approximate_growth() {
  local first last
  "${java[@]}" dev.eigenseg.graph.IvfComparison growth 0.95 60000 250000 1000000 2>>"$work/log" | tee "$work/growth.txt" >&2
  first=$(grep ' 60,000 rows' "$work/growth.txt" | tail -n 1)
  last=$(grep ' 1,000,000 rows' "$work/growth.txt" | tail -n 1)
  line "approximate, growth from 60,000 to 1,000,000" "$(awk -v a="$(seconds "$first")" -v b="$(seconds "$last")" \
    'BEGIN { print log(b / a) / log(1000000 / 60000) }')" 1.3 "" 1 \
    "exponent of processor time; $(seconds "$first") and $(seconds "$last") s, ${last##*  }"
}

# A bank of clustered float16 rows four times as large as what the search may take, in a control group where one can be made.
memory() {
  local limit=16 images=88 parent peak within=""
  local allowed=$((limit + 256))
  "${java[@]}" dev.eigenseg.graph.ClusteredBank "$work/bank" $images 384 2>>"$work/log"
  parent=/sys/fs/cgroup/memory
  if mkdir "$parent/eigenseg-bench" 2>/dev/null; then
    cgroup=$parent/eigenseg-bench
    echo $((allowed << 20)) >"$cgroup/memory.limit_in_bytes"
    within=", in a control group of $allowed MiB"
  fi
  "$root/eigenseg" build
  (
    [ -z "$cgroup" ] || echo "$BASHPID" >"$cgroup/cgroup.procs"
    exec /usr/bin/time -o "$work/peak.txt" -f '%M' "$root/eigenseg" graph "$work/bank" --neighbors 64 --memory ${limit}m --threads 2 --quiet
  ) >>"$work/log" 2>&1
  peak=$(awk 'END { printf "%.0f", $1 / 1024 }' "$work/peak.txt")
  line "peak of a bank 4 x --memory ${limit}m" "$peak" $allowed MiB 1 \
    "the limit and 256 MiB; $images,000 rows of 384 in float16$within"
}

for part in ${EIGENSEG_COMPARE:-exact growth memory approximate approximate_growth}; do
  require_quiet "$part"
  "$part"
done
print_tables
