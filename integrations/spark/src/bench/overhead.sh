#!/usr/bin/env bash
# What Spark costs: processor time of one executor with one core that computes an exact graph in parts, beside that of the plain command
# on one thread, in turns.
#   SPARK_HOME=... integrations/spark/src/bench/overhead.sh WORK [THOUSANDS_OF_ROWS] [PARTS] [TURNS]
# after `./mvnw -pl integrations/spark -am package -DskipTests` (tests are compiled, one of which writes the bank); 60, 2 and 3 are the
# defaults, 384 channels, 64 neighbours. Prints for each turn the seconds of the command, of the executor's tasks, of all of the executor
# (with its start and its compiler), of the driver, and the executor's and the tasks' over the command's.
# The first executor with a new jar leaves an archive of its classes in WORK, with which the others start: leave that turn out.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../../.." && pwd)
: "${SPARK_HOME:?names no distribution of Spark}"
mkdir -p "${1:?usage: overhead.sh WORK [THOUSANDS_OF_ROWS] [PARTS] [TURNS]}"
work=$(cd "$1" && pwd)
thousands=${2:-60}
parts=${3:-2}
turns=${4:-3}
jar=$(ls "$root"/integrations/spark/target/eigenseg-spark-*-submit.jar)
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
port=${EIGENSEG_SPARK_PORT:-7187}
archive=(-XX:+AutoCreateSharedArchive "-XX:SharedArchiveFile=$work/executor.jsa")
executor_options=${EXECUTOR_JAVA_OPTIONS:--XX:+UseSerialGC ${archive[*]}}
export SPARK_LOCAL_IP=127.0.0.1 SPARK_NO_DAEMONIZE=1
started=()
finish() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
}
trap finish EXIT

bank=$work/bank-$thousands
[ -d "$bank" ] || "$java" --add-modules jdk.incubator.vector \
  -cp "$root/module-graph/target/test-classes:$jar" dev.eigenseg.graph.ClusteredBank "$bank" "$thousands" 384
"$SPARK_HOME/bin/spark-class" org.apache.spark.deploy.master.Master --host 127.0.0.1 --port "$port" --webui-port 0 \
  >"$work/master.log" 2>&1 &
started+=($!)
"$SPARK_HOME/bin/spark-class" org.apache.spark.deploy.worker.Worker --host 127.0.0.1 --cores 1 --memory 2g --webui-port 0 \
  --work-dir "$work/worker" "spark://127.0.0.1:$port" >"$work/worker.log" 2>&1 &
started+=($!)
"$root/eigenseg" --version >/dev/null 2>&1 # builds if it has to

# seconds PID: the processor time of a process, with that of its threads that have ended.
ticks=$(getconf CLK_TCK)
seconds() {
  sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk -v ticks="$ticks" '{ printf "%.2f", ($12 + $13) / ticks }'
}
TIMEFORMAT='%U %S'
for turn in $(seq "$turns"); do
  rm -rf "$work/plain.knn" "$work/spark.knn" "$work/events"
  mkdir "$work/events"
  { time "$root/eigenseg" graph --quiet --threads 1 --memory 1g -o "$work/plain.knn" "$bank" 2>"$work/plain.log"; } 2>"$work/time"
  plain=$(awk '{ print $1 + $2 }' "$work/time")
  "$SPARK_HOME/bin/spark-submit" --master "spark://127.0.0.1:$port" --driver-memory 512m --executor-memory 1g \
    --conf spark.ui.enabled=false --conf spark.driver.host=127.0.0.1 \
    --conf spark.eventLog.enabled=true --conf spark.eventLog.dir="file:$work/events" \
    --conf spark.eventLog.compress=false --conf spark.eventLog.rolling.enabled=false \
    --conf spark.executor.extraJavaOptions="$executor_options" \
    "$jar" graph --parts "$parts" --memory 1024 -o "$work/spark.knn" "$bank" \
    >"$work/spark.out" 2>"$work/spark.log" &
  driver=$!
  executor=0
  driven=0
  while kill -0 "$driver" 2>/dev/null; do
    pid=$(pgrep -P "${started[1]}" -f CoarseGrainedExecutorBackend | head -1 || true)
    now=$([ -z "$pid" ] || seconds "$pid")
    executor=${now:-$executor}
    now=$(seconds "$driver")
    driven=${now:-$driven}
    sleep 0.2
  done
  wait "$driver"
  cmp "$work/plain.knn" "$work/spark.knn"
  tasks=$(grep -ho '"Executor CPU Time":[0-9]*' "$work"/events/* | awk -F: '{ sum += $2 } END { print sum / 1e9 }')
  awk -v turn="$turn" -v plain="$plain" -v tasks="$tasks" -v executor="$executor" -v driver="$driven" 'BEGIN {
    printf "turn %d: command %.1f s, tasks %.1f s, executor %.1f s, driver %.1f s; executor / command %.3f, tasks / command %.3f\n",
      turn, plain, tasks, executor, driver, executor / plain, tasks / plain }'
done
