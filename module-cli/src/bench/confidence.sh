#!/usr/bin/env bash
# What a model's logits say of its errors: CamVid's validation split, clusters named by IoU on that very split. Prints accuracy, the mean
# of the softmax, its calibration, and how well several figures rank wrong pixels behind right ones.
#
#   EIGENSEG_PYTHON=PYTHON eigenseg bench confidence MODEL...
#
#   MODEL                      a segmenter file of a ViT; its weights lie in weights/ below
#   EIGENSEG_SHARED            the folder with camvid/ and weights/ (default: beside the checkout)
#   EIGENSEG_PYTHON            a Python with NumPy, SciPy and Pillow
#   IMAGES                     only so many images, spread evenly (default: 51 of 101)
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
shared=${EIGENSEG_SHARED:-$bench/../../../../shared}
python=${EIGENSEG_PYTHON:-python3}
[ $# -gt 0 ] || { echo "usage: eigenseg bench confidence MODEL..." >&2; exit 2; }
[ -d "$shared/camvid" ] || { echo "no CamVid in $shared; set EIGENSEG_SHARED" >&2; exit 1; }
"$python" -c 'import numpy, scipy, PIL' || { echo "EIGENSEG_PYTHON=$python needs NumPy, SciPy and Pillow" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export EIGENSEG_WEIGHTS=${EIGENSEG_WEIGHTS:-$shared/weights}
for model in "$@"; do
  "$JAVA_HOME/bin/java" --add-modules jdk.incubator.vector -cp "$CLASS_PATH" "$bench/Logits.java" "$model" "$shared/camvid/images/val" \
    "${IMAGES:-51}" "$work/logits"
  "$python" "$bench/confidence.py" "$(basename "$model")" "$work/logits" "$shared/camvid/labels/val"
done
