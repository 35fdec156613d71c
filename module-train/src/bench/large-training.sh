#!/usr/bin/env bash
# Cross-batch training on a synthetic bank in bounded memory: a float16 bank and a graph of random neighbours are written to disk,
# then the command line trains on them. Prints what it says, the time of each update, and the peak of the resident set.
#
#   CLASS_PATH=... large-training.sh [WORK]     PATCHES (2000000), NEIGHBORS (16), CLUSTERS (64), BATCH_SIZE (5), MEMORY (1536m),
#                                               SECONDS_OF_TRAINING (120; then it is stopped), THREADS (all)
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
work=${1:-}
if [ -z "$work" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi
mkdir -p "$work"
bank=$work/bank
export EIGENSEG_JAVA_OPTS=${EIGENSEG_JAVA_OPTS:--Xmx512m}

if [ ! -e "$bank/graph.knn" ]; then
  echo "== ${PATCHES:=2000000} patches, ${NEIGHBORS:=16} neighbours each"
  "$JAVA_HOME/bin/java" --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -cp "$CLASS_PATH" \
    dev.eigenseg.train.SyntheticCollection "$bank" "$PATCHES" "$NEIGHBORS"
fi
du -sh "$bank"
"$root/eigenseg" build

echo "== train"
status=$work/status.txt
rm -f "$work"/model.*
"$root/eigenseg" train "$bank" -o "$work/model.safetensors" --clusters "${CLUSTERS:-64}" --batch-size "${BATCH_SIZE:-5}" \
  --epochs 20 --projection 256 --memory "${MEMORY:-1536m}" --threads "${THREADS:-$(nproc)}" --seed 0 --log "$work/log.jsonl" &
pid=$!
end=$((SECONDS + ${SECONDS_OF_TRAINING:-120}))
disk=0
# Looks once; what it looks at may be gone at any time.
look() {
  local blocks
  grep -E 'VmHWM|VmRSS|RssAnon|RssFile' "/proc/$pid/status" >"$status.next" && [ -s "$status.next" ] && mv "$status.next" "$status"
  # Temporary files have no name, but descriptors.
  blocks=$(find "/proc/$pid/fd" -lname '*.tmp (deleted)' -exec stat -L -c %b {} + | awk '{ s += $1 } END { print int(s / 2048) }')
  if [ "${blocks:-0}" -gt "$disk" ]; then disk=$blocks; fi
}

# The process takes its peak with it, so it is read again and again.
while kill -0 $pid 2>/dev/null; do
  look 2>/dev/null || true
  [ $SECONDS -lt $end ] || kill -TERM $pid 2>/dev/null || true
  sleep 0.5
done
wait $pid || echo "stopped with status $?"
cat "$status"
echo "largest temporary files: $disk MiB"
