#!/usr/bin/env bash
# Shows that nothing is fetched at run time: the commands of the README in a network namespace that has no route, with a home of its own,
# so that nothing lies there from before: offline-test.sh DIST. Skipped, with the reason, where such a namespace cannot be had.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../../.." && pwd)
dist=$1
if ! reason=$(unshare -rn true 2>&1); then
  printf 'offline: 0 passed, 0 failed, skipped: no network namespace here (%s)\n' "$reason"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=module-cli/src/test/shell/checks.sh
. "$root/module-cli/src/test/shell/checks.sh"
mkdir "$work/home"
export HOME=$work/home EIGENSEG_JAVA_OPTS=-Duser.home=$work/home XDG_STATE_HOME=$work/home XDG_CONFIG_HOME=$work/home
unset EIGENSEG_WEIGHTS DJL_CACHE_DIR DJL_OFFLINE PYTORCH_LIBRARY_PATH
cd "$work"

# alone ARGUMENTS...: a command without a network; its exit code is the last line.
alone() {
  # shellcheck disable=SC2016  # the inner shell expands them
  unshare -rn bash -c '. "$1/module-cli/src/main/launcher/eigenseg.sh"; shift; start_eigenseg "$@"' alone "$root" "$dist" "$@" </dev/null
  printf 'code %s\n' "$?"
}

check "there is no network" 'cannot reach' alone weights pull vit_small_patch16_384.augreg_in21k_ft_in1k -o weights
check "demo" '^code 0$' alone demo -o demo --threads 2
scenes=demo/scenes
check "extract" '^code 0$' alone extract -o bank --size 128x96 "$scenes/images/val"
check "graph" '^code 0$' alone graph bank
check "train" '^code 0$' alone train bank -o m.safetensors --clusters 4 --epochs 1
check "train k-means" '^code 0$' alone train bank -o k.safetensors --clusters 4 --method kmeans-features
check "match" '^code 0$' alone match m.safetensors --dataset folder --root "$scenes" --split val
check "segment" '^code 0$' alone segment -m m.safetensors -o masks --format coco-rle "$scenes/images/val"
check "evaluate" '^code 0$' alone evaluate --dataset folder --root "$scenes" --split val m.safetensors
check "report" '^code 0$' alone report -m m.safetensors -o report --dataset folder --root "$scenes" --split val
check "the report names no other place" '^0$' sh -c "grep -Eo '(src|href)=\"https?://' report/report.html | wc -l"
check "spectral" '^code 0$' alone spectral bank --clusters 4
check "info" '^code 0$' alone info
# Libraries of our own jars, and what the JDK knows of fonts.
check "nothing else was put into the home" '^0$' sh -c "find home -type f ! -path 'home/.djl.ai/*' ! -path 'home/.cache/eigenseg/native/*' \
  ! -path 'home/.java/fonts/*' | tee /dev/stderr | wc -l"
report offline
