#!/usr/bin/env bash
# The complete run on CamVid: extract the training split, graph, cross-batch training, evaluation on the validation split. Prints what
# each command says, then the seconds, share and peak resident memory of each stage, and how much of the processors others had meanwhile.
#
#   eigenseg bench camvid [--backbone mobilenetv2|vit] [WORK]
#
#   mobilenetv2 (the default): the exact graph. vit: DINOv2 ViT-S/14 at 490 x 364 and the graph by inverted lists; then, where
#   EIGENSEG_PYTHON is set, a table beside other methods on the same features (camvid_peers.py).
#
#   WORK                       stages that are done there are not run again, their figures are kept (default: a new folder)
#   EIGENSEG_SHARED            the folder with camvid/ and weights/ (default: beside the checkout)
#   EIGENSEG_PYTHON            vit: a Python with numpy, scipy, scikit-learn, Pillow, torch, and with ncut-pytorch if there is one
#   EIGENSEG_COMPARE           vit: some of the parts: run ours spectral kmeans minibatch ncut per_image probe
#   IMAGES                     only so many images of each split, spread evenly, for trials
#   NEIGHBORS (64), CLUSTERS (64), BATCH_SIZE (8), EPOCHS (20; vit: 16), SEED (0), THREADS (all)
#   PER_IMAGE_CLUSTERS (11), PROBE_EPOCHS (20)
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$bench/../../.." && pwd)
shared=${EIGENSEG_SHARED:-$root/../shared}
. "$root/module-api/src/bench/table.sh"
usage() {
  echo "usage: eigenseg bench camvid [--backbone mobilenetv2|vit] [WORK]" >&2
  exit 2
}

backbone=mobilenetv2
work=
while [ $# -gt 0 ]; do
  case $1 in
    --backbone) [ $# -ge 2 ] || usage; backbone=$2; shift 2 ;;
    --backbone=*) backbone=${1#*=}; shift ;;
    -*) usage ;;
    *) [ -z "$work" ] || usage; work=$1; shift ;;
  esac
done
case $backbone in mobilenetv2 | vit) ;; *) usage ;; esac
[ -d "$shared/camvid" ] || { echo "no CamVid in $shared; set EIGENSEG_SHARED" >&2; exit 1; }
[ -x /usr/bin/time ] || { echo "GNU time is needed to measure memory (Debian: apt-get install time)" >&2; exit 1; }
work=${work:-$(mktemp -d)}
mkdir -p "$work"

processors=$(nproc)
threads=${THREADS:-$processors}
seed=${SEED:-0}
clusters=${CLUSTERS:-64}
neighbors=${NEIGHBORS:-64}
batch=${BATCH_SIZE:-8}
options=(--threads "$threads" --seed "$seed" --quiet --trust)
images=()
if [ -n "${IMAGES:-}" ]; then images=(--images "$IMAGES"); fi
export EIGENSEG_JAVA_OPTS=${EIGENSEG_JAVA_OPTS:--Xmx512m}
val=(--dataset camvid --root "$shared/camvid" --split val ${images[@]+"${images[@]}"})
train=(--dataset camvid --root "$shared/camvid" --split train ${images[@]+"${images[@]}"})
model=$work/ours.safetensors
stages=$work/stages.txt
if [ $backbone = vit ]; then
  weights=vit:$shared/weights/vit-s14-dinov2.safetensors
  grid=(--size 490x364 --dtype f16)
  search=(--index ivf --recall 0.95)
  epochs=${EPOCHS:-16}
  target=360
else
  weights=torchscript:$shared/weights/mobilenetv2-dense.pt
  grid=(--size 480x352)
  search=(--memory 1g)
  epochs=${EPOCHS:-20}
  target=
fi

# Seconds of all processors together, idle ones left out, since the machine started; what a hypervisor gave to others counts.
busy_seconds() { awk -v tick="$(getconf CLK_TCK)" '/^cpu / { print ($2 + $3 + $4 + $7 + $8 + $9) / tick }' /proc/stat; }

# What others did in so many seconds, as a percentage of all processors: others BEFORE AFTER WALL [OURS]
others() {
  awk -v before="$1" -v after="$2" -v wall="$3" -v ours="${4:-0}" -v all="$processors" \
    'BEGIN { share = wall > 0 ? 100 * (after - before - ours) / wall / all : 0; printf "%.1f\n", (share > 0 ? share : 0) }'
}

surroundings() {
  local before
  load=$(cut -d ' ' -f 1-3 /proc/loadavg)
  before=$(busy_seconds)
  sleep 3
  busy=$(others "$before" "$(busy_seconds)" 3)
  echo "processor: $(processor), $processors processors, $threads threads"
  echo "load at the start: $load (1, 5, 15 minutes); $busy % of the processors busy during 3 s before it"
  if awk -v busy="$busy" 'BEGIN { exit busy <= 5 }'; then
    echo "THE MACHINE IS NOT QUIET: seconds of this run are of little worth"
  fi
}

is_done() { awk -v name="$1" '$1 == name { found = 1 } END { exit !found }' "$stages"; }

# Runs a program and keeps, in one line of stages.txt: its name, seconds, peak resident KiB, the share of others in percent.
measure() {
  local name=$1 before figures
  shift
  if is_done "$name"; then
    echo "== $name: done before"
    return
  fi
  echo "== $name"
  before=$(busy_seconds)
  /usr/bin/time -f '%e %M %U %S' -o "$work/time.txt" "$@" || return
  read -r -a figures <<<"$(tail -n 1 "$work/time.txt")"
  echo "$name ${figures[0]} ${figures[1]} $(others "$before" "$(busy_seconds)" "${figures[0]}" \
    "$(awk -v u="${figures[2]}" -v s="${figures[3]}" 'BEGIN { print u + s }')")" >>"$stages"
}

# What a stage that was stopped has left is replaced: its seconds would be those of the rest.
stage() {
  local name=$1
  shift
  measure "$name" "$root/eigenseg" "$@" "${options[@]}"
}

whole_run() {
  stage extract extract -b "$weights" "${grid[@]}" --overwrite -o "$work/bank" "${train[@]}"
  stage graph graph "$work/bank" --neighbors "$neighbors" "${search[@]}" --overwrite
  stage train train "$work/bank" -o "$model" --clusters "$clusters" --batch-size "$batch" --epochs "$epochs" --scale-inputs \
    --projection 256 --overwrite
  stage evaluate evaluate "${val[@]}" -b "$weights" --json "$work/ours.json" "$model"
}

# The run's own four stages; a busy machine and a part of the images cannot say that a target was missed, or met.
print_stages() {
  awk -v target="$target" -v images="${IMAGES:-}" '
    $1 ~ /^(extract|graph|train|evaluate)$/ {
      n++; name[n] = $1; seconds[n] = $2; peak[n] = $3; busy[n] = $4
      total += $2; others += $2 * $4
      if ($3 > most) most = $3
    }
    END {
      printf "%-10s %9s %7s %14s %9s\n", "stage", "seconds", "share", "peak resident", "others"
      for (i = 1; i <= n; i++)
        printf "%-10s %9.1f %6.1f%% %10.0f MiB %7.1f %%\n", name[i], seconds[i], 100 * seconds[i] / total, peak[i] / 1024, busy[i]
      if (n < 4) { print "not all stages are done: no total"; exit }
      others /= total
      printf "%-10s %9.1f %7s %10.0f MiB %7.1f %%\n", "total", total, "", most / 1024, others
      if (target == "") exit
      met = total <= target ? "yes" : others > 5 ? "no, but others had " sprintf("%.0f", others) " % of the processors" : "no"
      if (images != "") met = "not judged, " images " images of each split are not the whole"
      printf "target     <= %.0f s; met: %s\n", target, met
    }' "$stages"
}

# The run looks at val's photographs themselves; other methods are scored on their features.
val_bank() { is_done extract-val || stage extract-val extract -b "$weights" "${grid[@]}" --overwrite -o "$work/val" "${val[@]}"; }

ours() {
  stage kmeans train "$work/bank" -o "$work/kmeans.safetensors" --method kmeans-features --clusters "$clusters" --overwrite
  stage star train "$work/bank" -o "$work/star.safetensors" --method kmeans-hidden --from "$model" --clusters "$clusters" --overwrite
  stage evaluate-all evaluate "${val[@]}" -b "$weights" --json "$work/all.json" "$work/kmeans.safetensors" "$model" "$work/star.safetensors"
}

# Exact eigenvectors exist for the patches of their own bank alone: those of val are computed, and scored.
spectral() {
  stage graph-val graph "$work/val" --neighbors "$neighbors" "${search[@]}" --overwrite
  stage spectral spectral "$work/val" --clusters "$clusters" --json "$work/spectral.json" "${val[@]}"
}

# Peers have their libraries' own kernels: these variables would slow them. Status 3 is that of a library that is not there.
peer() {
  (
    unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE OMP_WAIT_POLICY GOMP_SPINCOUNT
    export OMP_NUM_THREADS=$threads
    measure "peer-$1" "$EIGENSEG_PYTHON" "$bench/camvid_peers.py" "$@" --work "$work" --labels "$shared/camvid" \
      --clusters "$clusters" --seed "$seed" --threads "$threads" \
      --per-image-clusters "${PER_IMAGE_CLUSTERS:-11}" --probe-epochs "${PROBE_EPOCHS:-20}"
  )
}

# A folder holds one run: figures of other settings are not mixed in.
settings="$backbone images=${IMAGES:-all} neighbors=$neighbors clusters=$clusters batch=$batch epochs=$epochs seed=$seed threads=$threads"
settings+=" per-image=${PER_IMAGE_CLUSTERS:-11} probe-epochs=${PROBE_EPOCHS:-20}"
if [ -e "$work/settings.txt" ] && [ "$(cat "$work/settings.txt")" != "$settings" ]; then
  echo "$work holds a run of other settings, '$(cat "$work/settings.txt")', not '$settings'; name another folder" >&2
  exit 1
fi
echo "$settings" >"$work/settings.txt"
touch "$stages"

python=${EIGENSEG_PYTHON:-}
everything="run ours spectral kmeans minibatch ncut per_image probe"
parts=run
if [ -n "$python" ]; then
  "$python" -c 'import numpy, PIL, scipy, sklearn' || {
    echo "EIGENSEG_PYTHON=$python needs numpy, Pillow, scipy and scikit-learn" >&2
    exit 1
  }
  parts=${EIGENSEG_COMPARE:-$everything}
fi

"$root/eigenseg" build
echo "work: $work"
surroundings
if [ $backbone = mobilenetv2 ]; then
  whole_run
  print_stages
  exit
fi
for part in $parts; do
  case $part in
    run) whole_run ;;
    ours | spectral) val_bank; $part ;;
    kmeans | minibatch | ncut | per_image | probe) val_bank; peer "$part" || [ $? -eq 3 ] ;;
    *) echo "EIGENSEG_COMPARE names '$part'; the parts are: $everything" >&2; exit 2 ;;
  esac
done
print_stages
if [ -z "$python" ]; then
  echo "the table beside other methods is left out: set EIGENSEG_PYTHON to a Python with numpy, scipy, scikit-learn, Pillow and torch"
  exit
fi
"$python" "$bench/camvid_peers.py" table --work "$work" --labels "$shared/camvid" --clusters "$clusters"
