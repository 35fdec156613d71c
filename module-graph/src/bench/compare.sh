#!/usr/bin/env bash
# Graphs, k-means and eigenvectors beside FAISS, scikit-learn and SciPy, how time grows, and memory: one table.
#
#   eigenseg bench graph         CLASS_PATH: what to run with, set by the launcher
#                                EIGENSEG_PYTHON: a Python with faiss-cpu, to compare with as well; with scikit-learn for k-means,
#                                with SciPy and threadpoolctl for spectral
#                                EIGENSEG_BANK, EIGENSEG_GRAPH: a bank for k-means and spectral, and its graph (default: CamVid's
#                                images through the ViT in shared/weights, and an IVF graph of recall 0.95: ten minutes)
#                                EIGENSEG_KMEANS_ROWS: clustered rows of 384 in place of the bank for k-means
#                                EIGENSEG_KMEANS_PEERS: some of faiss lloyd elkan
#                                EIGENSEG_SHARED: the folder with camvid/ and weights/ (default: beside the checkout)
#                                EIGENSEG_COMPARE: some of the parts: exact growth memory approximate approximate_growth kmeans_64
#                                kmeans_256 journal spectral; and kernels, an exact search beside each of the kernels that OpenBLAS
#                                can be told to take
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
  "$root/eigenseg" extract --trust -b "torchscript:$shared/weights/mobilenetv2-dense.pt" --size 480x352 -o "$bank" \
    "$shared/camvid/images/train" --quiet 2>>"$work/log"
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

# Sets bank: the one that is named, or CamVid's patches as the ViT sees them.
vit_bank() {
  local weights=$shared/weights/vit-s14-dinov2.safetensors
  bank=${EIGENSEG_BANK:-$work/vit}
  [ ! -d "$bank" ] || return 0
  if [ ! -d "$shared/camvid" ] || [ ! -f "$weights" ]; then return 1; fi
  "$root/eigenseg" build
  "$root/eigenseg" extract -b "vit:$weights" --size 490x364 -o "$bank" "$shared/camvid/images/train" --quiet 2>>"$work/log"
}

# K-means to convergence, two threads each, from our seeds, rows in memory on all sides; FAISS, which knows no convergence, makes as many
# passes as we do. FAISS says what each pass reached: so we are also compared for as many passes as bring it within 0.1 % of the end.
kmeans() {
  local k=$1 threads=2 most=300 bank what ours rows dim seconds end passes peer near note ours_near source
  if [ -z "$python" ] || { [ -z "${EIGENSEG_KMEANS_ROWS:-}" ] && ! vit_bank; }; then
    skipped "k-means" "no Python with faiss-cpu and scikit-learn (EIGENSEG_PYTHON), or no bank (EIGENSEG_BANK), CamVid and weights"
    return
  fi
  source=(bank "${bank:-}")
  [ -z "${EIGENSEG_KMEANS_ROWS:-}" ] || source=(clustered "$EIGENSEG_KMEANS_ROWS" 384)
  "${java[@]}" dev.eigenseg.graph.RowsFile "$work/rows.f32" "${source[@]}" 2>>"$work/log"
  ours=$(seeded "$k" $most)
  IFS=$'\t' read -r seconds _ end passes _ rows dim <<<"$ours"
  what="k-means, $rows x $dim, K = $k"
  for peer in ${EIGENSEG_KMEANS_PEERS:-faiss lloyd elkan}; do
    note=$("$python" "$bench/kmeans_peers.py" "$work/rows.f32" "$work/start.f32" "$dim" "$passes" $threads "$end" $peer 2>>"$work/log")
    [ $peer != faiss ] || near=$(cut -f 5 <<<"$note")
    line "$what, $(cut -f 4 <<<"$note") passes" "$seconds" "$(cut -f 1 <<<"$note")" s 1 \
      "$(cut -f 6 <<<"$note"), $threads threads; ours $passes passes, processor $(cut -f 2 <<<"$ours") and $(cut -f 2 <<<"$note") s"
    # The peer's over ours: at least 0.999 if ours is within 0.1 % of it, or below.
    line "$what, inertia" "$end" "$(cut -f 3 <<<"$note")" "" 0.999 "$(cut -f 6 <<<"$note")"
    if [ $peer = faiss ] && [ "$near" != - ]; then
      ours_near=$(seeded "$k" "$near")
      line "$what, within 0.1 % of that" "$(cut -f 1 <<<"$ours_near")" \
        "$(awk -v t="$(cut -f 1 <<<"$note")" -v n="$near" -v all="$passes" 'BEGIN { print t * n / all }')" s 1 \
        "FAISS's share of its time; $near passes each, inertia $(cut -f 3 <<<"$ours_near")"
    fi
  done
  rm "$work/rows.f32"
}

kmeans_64() { kmeans 64; }
kmeans_256() { kmeans 256; }

# Ours in $1 clusters and $2 passes at most, rows in memory.
seeded() { "${java[@]}" dev.eigenseg.graph.kmeans.KMeansComparison "$work/start.f32" "$1" "$2" 2 "${source[@]}" 2>>"$work/log"; }

# A search in little memory with its journal forced to disk and not, in turns; medians.
journal() {
  local limit=16 images=88 rounds=3 bank=$work/bank
  [ -d "$bank" ] || "${java[@]}" dev.eigenseg.graph.ClusteredBank "$bank" $images 384 2>>"$work/log"
  "${java[@]}" dev.eigenseg.graph.vector.JournalComparison "$bank" $limit 2 $rounds "$work/journal.knn" 2>>"$work/log" |
    tee "$work/journal.tsv" >&2
  line "graph --memory ${limit}m, journal forced" "$(journal_figure forced 2)" "$(journal_figure not 2)" s 0.95 \
    "the same, not forced, in turns; $images,000 rows of 384, k = 64, 2 threads; $(journal_figure forced 4) commits of \
$(journal_figure forced 5) units, $(journal_figure forced 3) s in forcing"
}

journal_figure() { awk -F '\t' -v way="$1" -v column="$2" '$1 == way { print $column }' "$work/journal.tsv" | median; }

ppm() { awk -v x="$1" 'BEGIN { printf "%.1f", x * 1e6 }'; }

# 64 eigenvectors of a bank's kernel, and of the very same matrix by SciPy; residuals of both are measured by SciPy in float64.
spectral() {
  local bank graph count=64 tolerance=1e-4 threads=2 ours peer
  if [ -z "$python" ] || ! vit_bank; then
    skipped "spectral" "no Python with SciPy and threadpoolctl (EIGENSEG_PYTHON), or no bank (EIGENSEG_BANK), CamVid and weights"
    return
  fi
  graph=${EIGENSEG_GRAPH:-$work/vit.knn}
  if [ ! -f "$graph" ]; then
    "$root/eigenseg" build
    "$root/eigenseg" graph "$bank" --index ivf --recall 0.95 -o "$graph" --quiet 2>>"$work/log"
  fi
  mkdir "$work/spectral"
  ours=$("${java[@]}" dev.eigenseg.graph.kernel.SpectralComparison "$bank" "$graph" $count $tolerance $threads "$work/spectral" \
    2>>"$work/log")
  peer=$("$python" "$bench/spectral_peer.py" "$work/spectral" $count $tolerance $threads 2>>"$work/log")
  rm -r "$work/spectral"
  line "spectral, $(cut -f 3 <<<"$ours") patches, $(cut -f 4 <<<"$ours") entries, $count vectors" "$(cut -f 1 <<<"$ours")" \
    "$(cut -f 1 <<<"$peer")" s 1 \
    "$(cut -f 7 <<<"$peer"), $threads threads, $(cut -f 6 <<<"$peer") products, eigenvalues differ by $(cut -f 5 <<<"$peer"); \
processor $(cut -f 2 <<<"$ours") and $(cut -f 2 <<<"$peer") s"
  line "its worst residual" "$(ppm "$(cut -f 4 <<<"$peer")")" "$(ppm $tolerance)" ppm 1 \
    "what was asked of both, of the largest eigenvalue; eigsh has $(ppm "$(cut -f 3 <<<"$peer")") ppm"
}

for part in ${EIGENSEG_COMPARE:-exact growth memory approximate approximate_growth kmeans_64 kmeans_256 journal spectral}; do
  require_quiet "$part"
  "$part"
done
print_tables
