#!/usr/bin/env bash
# Everything at a time in one process, for long: soak.sh DIST MINUTES [SEED]. 16 threads segment with deadlines and cancellations while the
# segmenter is replaced, one trains, one makes graphs; masks, models and graphs are compared with those of an undisturbed run. Fails if
# any differ, calls end that nobody ended, memory grows by more than a tenth after the first fifth of the time, files or threads stay
# open, threads lock each other or get nowhere in a minute of the processors. Run by hand; needs a JDK, and /proc.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dist=$(cd "$1" && pwd)
minutes=$2
seed=${3:-$$}
# shellcheck source=module-cli/src/main/launcher/eigenseg.sh
. "$here/../../main/launcher/eigenseg.sh"
JAVA_HOME=$(find_java javac)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

# One unnamed module: the backbones and engines are found as in a program on the class path.
class_path=$place/classes
for jar in "$dist"/modules/*.jar "$dist"/classpath/*.jar "$dist"/natives/*.jar; do class_path+=:$jar; done
mkdir "$place/classes" "$place/work"
mapfile -d '' sources < <(find "$here/../../soak/java" -name '*.java' -print0)
"$JAVA_HOME/bin/javac" -nowarn -proc:none -d "$place/classes" -cp "$class_path" "${sources[@]}"

# As the launcher: threads of two OpenMP libraries that spin keep each other waiting. The heap is touched at once, so that RSS grows by what
# lies outside.
export OMP_WAIT_POLICY=PASSIVE GOMP_SPINCOUNT=10000
"$JAVA_HOME/bin/java" -Xms512m -Xmx512m -XX:+AlwaysPreTouch --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED \
  -Dai.djl.offline=true -Djava.awt.headless=true -cp "$class_path" dev.eigenseg.cli.soak.Soak "$place/work" "$minutes" "$seed" \
  2>"$place/log" || {
  tail -n 100 "$place/log"
  exit 1
}
