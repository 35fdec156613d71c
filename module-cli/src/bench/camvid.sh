#!/usr/bin/env bash
# The complete run on CamVid: extract the training split, exact graph, cross-batch training, evaluation on the validation split.
# Prints what each command says, then the seconds, share and peak resident memory of each stage.
#
#   eigenseg bench camvid [WORK]     EIGENSEG_SHARED: the folder with camvid/ and weights/ (default: beside the checkout)
#                                    NEIGHBORS (64), CLUSTERS (64), BATCH_SIZE (8), EPOCHS (20), SEED (0), THREADS (all)
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
shared=${EIGENSEG_SHARED:-$root/../shared}
work=${1:-$(mktemp -d)}
backbone=torchscript:$shared/weights/mobilenetv2-dense.pt
options=(--threads "${THREADS:-$(nproc)}" --seed "${SEED:-0}" --quiet)
export EIGENSEG_JAVA_OPTS=${EIGENSEG_JAVA_OPTS:--Xmx512m}
[ -d "$shared/camvid" ] || { echo "no CamVid in $shared; set EIGENSEG_SHARED" >&2; exit 1; }
[ -x /usr/bin/time ] || { echo "GNU time is needed to measure memory (Debian: apt-get install time)" >&2; exit 1; }
mkdir -p "$work"
table=$work/stages.txt
: >"$table"

stage() {
  local name=$1
  shift
  echo "== $name"
  /usr/bin/time -f "$name %e %M" -a -o "$table" "$root/eigenseg" "$@" "${options[@]}"
}

"$root/eigenseg" build
model=$work/ours.safetensors
stage extract extract -b "$backbone" --size 480x352 -o "$work/bank" "$shared/camvid/images/train"
stage graph graph "$work/bank" --neighbors "${NEIGHBORS:-64}" --memory 1g
stage train train "$work/bank" -o "$model" --clusters "${CLUSTERS:-64}" --batch-size "${BATCH_SIZE:-8}" --epochs "${EPOCHS:-20}" \
  --scale-inputs --projection 256
stage evaluate evaluate --dataset camvid --root "$shared/camvid" --split val -b "$backbone" --match iou "$model"
awk '{ total += $2; name[NR] = $1; seconds[NR] = $2; peak[NR] = $3 }
  END {
    printf "%-10s %9s %7s %14s\n", "stage", "seconds", "share", "peak resident"
    for (i = 1; i <= NR; i++) printf "%-10s %9.1f %6.1f%% %10.0f MiB\n", name[i], seconds[i], 100 * seconds[i] / total, peak[i] / 1024
    printf "%-10s %9.1f\n", "total", total
  }' "$table"
