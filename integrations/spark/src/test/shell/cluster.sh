#!/usr/bin/env bash
# A standalone cluster of one master and two workers, each a process of its own on loopback, makes a bank, its graph, masks and scores;
# all of it must have the bytes of one machine's command line. In every stage executors are killed with SIGKILL.
#   SPARK_HOME=... integrations/spark/src/test/shell/cluster.sh WORK [KILLS] [IMAGES]
# after `./mvnw -pl integrations/spark -am -DskipTests package`; WORK is made, 10 executors a stage and 40 images are the default.
# PyPI's pyspark brings a SPARK_HOME: pip install pyspark==4.2.0, then the folder pyspark in site-packages.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../../../.." && pwd)
: "${SPARK_HOME:?names no distribution of Spark}"
mkdir -p "${1:?usage: cluster.sh WORK [KILLS] [IMAGES]}"
work=$(cd "$1" && pwd)
wanted=${2:-10}
images=${3:-40}
jar=$(ls "$root"/integrations/spark/target/eigenseg-spark-*-submit.jar)
port=${EIGENSEG_SPARK_PORT:-7177}
export SPARK_LOCAL_IP=127.0.0.1 SPARK_NO_DAEMONIZE=1
started=()
finish() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
}
trap finish EXIT

cat >"$work/Scenes.java" <<'JAVA'
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.Progress;
import dev.eigenseg.train.dataset.GeneratedScenes;
import java.nio.file.Path;

class Scenes {
  public static void main(String[] arguments) throws Exception {
    int images = Integer.parseInt(arguments[1]);
    GeneratedScenes.write(Path.of(arguments[0]), 1, images, new Size(320, 240), 1, 2, Progress.NONE);
  }
}
JAVA
scenes=$work/scenes
[ -d "$scenes" ] ||
  "${JAVA_HOME:+$JAVA_HOME/bin/}java" --add-modules jdk.incubator.vector -cp "$jar" "$work/Scenes.java" "$scenes" "$images"
photographs=$scenes/images/val

# One machine.
single=$work/single
model=$work/model.safetensors
if [ ! -d "$single" ]; then
  mkdir -p "$single"
  "$root/eigenseg" extract --quiet -b descriptor -o "$single/bank" "$photographs"
  "$root/eigenseg" train --quiet --method kmeans-features --clusters 6 -o "$model" "$single/bank"
  "$root/eigenseg" graph --quiet -o "$single/graph.knn" "$single/bank"
  "$root/eigenseg" graph --quiet --index ivf --recall 0.9 -o "$single/lists.knn" "$single/bank"
  "$root/eigenseg" segment --quiet -m "$model" -o "$single/masks" "$photographs"
  "$root/eigenseg" evaluate --quiet --json "$single/scores.json" --dataset folder --root "$scenes" --split val "$model" >/dev/null
fi

# The cluster.
daemon() {
  local name=$1
  shift
  SPARK_DAEMON_MEMORY=256m SPARK_MASTER_OPTS=-Dspark.deploy.maxExecutorRetries=-1 \
    "$SPARK_HOME/bin/spark-class" "$@" >"$work/$name.log" 2>&1 &
  started+=($!)
}
daemon master org.apache.spark.deploy.master.Master --host 127.0.0.1 --port "$port" --webui-port 0
for worker in 1 2; do
  daemon "worker-$worker" org.apache.spark.deploy.worker.Worker --host 127.0.0.1 --cores 1 --memory 1g --webui-port 0 \
    --work-dir "$work/worker-$worker" "spark://127.0.0.1:$port"
done

submit() {
  "$SPARK_HOME/bin/spark-submit" --master "spark://127.0.0.1:$port" --driver-memory 512m --executor-memory 1g \
    --conf spark.ui.enabled=false --conf spark.driver.host=127.0.0.1 --conf spark.task.maxFailures=1000 \
    --conf spark.excludeOnFailure.enabled=false "$jar" "$@"
}

# The executors of the workers that have run for some seconds.
executors() {
  local worker pid
  for worker in "${started[@]:1}"; do
    for pid in $(pgrep -P "$worker" -f CoarseGrainedExecutorBackend); do
      if [ "$(ps -o etimes= -p "$pid" || echo 0)" -ge "$1" ]; then echo "$pid"; fi
    done
  done
}

# stage NAME OUTPUT COMMAND...: repeats the command until enough executors have died in it; `same_NAME` compares what it made.
failed=0
stage() {
  local name=$1 output=$2 killed=0 runs=0 pid age victim
  shift 2
  while [ "$killed" -lt "$wanted" ] || [ "$runs" -eq 0 ]; do
    rm -rf "$output"
    submit "$@" >"$work/$name.out" 2>"$work/$name.log" &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
      sleep 0.5
      age=$((3 + RANDOM % 5))
      victim=$(executors $age | shuf -n 1)
      if [ "$killed" -lt "$wanted" ] && [ -n "$victim" ] && kill -KILL "$victim" 2>/dev/null; then killed=$((killed + 1)); fi
    done
    wait "$pid" || { printf 'FAILED: %s ended with an error, see %s\n' "$name" "$work/$name.log"; failed=1; return; }
    runs=$((runs + 1))
    "same_$name" || { printf 'FAILED: %s made other bytes\n' "$name"; failed=1; return; }
  done
  printf '%s: the bytes of one machine in %d runs, %d executors killed\n' "$name" "$runs" "$killed"
}

same_extract() { diff -r "$single/bank" "$work/bank"; }
same_graph() { cmp "$single/graph.knn" "$work/graph.knn"; }
same_lists() { cmp "$single/lists.knn" "$work/lists.knn"; }
same_segment() {
  "$SPARK_HOME/bin/spark-sql" --master 'local[1]' --conf spark.ui.enabled=false --conf spark.sql.catalogImplementation=in-memory -S \
    -e "SELECT sha2(png, 256), regexp_extract(path, '[^/]*$', 0) FROM parquet.\`$work/masks\`" 2>/dev/null |
    awk '{ print $1 "  " $2 }' | sort -k 2 >"$work/masks.sha256"
  [ "$(wc -l <"$work/masks.sha256")" -eq "$images" ] && (cd "$single/masks" && sha256sum --quiet --check "$work/masks.sha256")
}
same_evaluate() {
  python3 -c 'import json, sys
one, other = (json.load(open(name))["results"] for name in sys.argv[1:])
sys.exit(one != other)' "$single/scores.json" "$work/evaluate.out"
}
stage extract "$work/bank" extract -b descriptor --partitions 12 -o "$work/bank" "$photographs"
stage graph "$work/graph.knn" graph --parts 16 -o "$work/graph.knn" "$work/bank"
stage lists "$work/lists.knn" graph --index ivf --recall 0.9 --parts 16 -o "$work/lists.knn" "$work/bank"
stage segment "$work/masks" segment -m "$model" -o "$work/masks" "$photographs"
stage evaluate "$work/none" evaluate --tasks 12 --dataset folder --root "$scenes" --split val "$model"
exit "$failed"
