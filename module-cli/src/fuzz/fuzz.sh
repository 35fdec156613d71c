#!/usr/bin/env bash
# Fuzzes the readers with coverage: fuzz.sh DIST WORK [READER,...|all] [SECONDS], the seconds for each reader. Called by `eigenseg fuzz`,
# which builds DIST and puts Jazzer into WORK/jazzer. Inputs that were worth keeping stay in WORK/corpus, findings in WORK/findings.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dist=$1 work=$2 reader=${3:-all} seconds=${4:-60}
readers=(manifest images level unfinished graph part journal lists checkpoint model tensors vit vit-config shards labels image exif classes
  names http)
if [ "$reader" = all ]; then chosen=("${readers[@]}"); else IFS=, read -ra chosen <<<"$reader"; fi
for reader in "${chosen[@]}"; do
  [[ " ${readers[*]} " == *" $reader "* ]] || {
    printf "eigenseg: there is no reader '%s' to fuzz; there are %s, and all\n" "$reader" "${readers[*]}" >&2
    exit 2
  }
done

# Our jars without a module path: readers of packages that are not exported are reached as well.
class_path=$work/classes
for jar in "$dist"/modules/*.jar "$dist"/classpath/*.jar "$work"/jazzer/*.jar; do class_path+=:$jar; done
java=("$JAVA_HOME/bin/java" --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -Djava.awt.headless=true -Xmx600m
  "-Deigenseg.fuzz.golden=$here/../test/resources/golden/v1" -cp "$class_path")
memory=/tmp
[ ! -w /dev/shm ] || memory=/dev/shm # millions of small files
place=$(mktemp -d "$memory/eigenseg-fuzz.XXXXXX")
trap 'rm -rf "$place"' EXIT

mkdir -p "$work/classes" "$work/corpus"
mapfile -d '' sources < <(find "$here/java" -name '*.java' -print0)
output=$("$JAVA_HOME/bin/javac" -nowarn -proc:none --add-modules jdk.incubator.vector -d "$work/classes" -cp "$class_path" \
  "${sources[@]}" 2>&1) || {
  printf '%s\n' "$output"
  exit 1
}
mkdir "$place/seeds"
"${java[@]}" dev.eigenseg.cli.fuzz.Surroundings "$place/seeds" "$work/corpus"
for archive in "$here"/corpus/*.zip; do # small inputs of earlier runs that reached something new
  (cd "$work/corpus/$(basename "$archive" .zip)" && "$JAVA_HOME/bin/jar" --extract --file "$archive")
done

# The server is ours, and files are where they are to be.
sanitizers=com.code_intelligence.jazzer.sanitizers
failed=0
for reader in "${chosen[@]}"; do
  findings=$work/findings/$reader
  mkdir -p "$findings" "$place/$reader"
  arguments=(--target_class=dev.eigenseg.cli.fuzz.FuzzTarget "--target_args=$reader $place/$reader"
    '--instrumentation_includes=dev.eigenseg.**:com.google.gson.**' "--reproducer_path=$findings" "-artifact_prefix=$findings/"
    "--disabled_hooks=$sanitizers.ServerSideRequestForgery:$sanitizers.FilePathTraversal"
    "-max_total_time=$seconds" -max_len=8192 -rss_limit_mb=3000 -timeout=30 -print_final_stats=1
    "-seed=${EIGENSEG_FUZZ_SEED:-0}") # 0: another one each time
  code=0
  "${java[@]}" com.code_intelligence.jazzer.Jazzer "${arguments[@]}" "$work/corpus/$reader" >"$work/$reader.log" 2>&1 || code=$?
  runs=$(grep -ao 'stat::number_of_executed_units: [0-9]*' "$work/$reader.log" | grep -o '[0-9]*$' | tail -n 1 || true)
  printf '%s: %s executions, %s\n' "$reader" "${runs:-0}" "$([ $code -eq 0 ] && echo 'no finding' || echo "see $work/$reader.log")"
  [ $code -eq 0 ] || failed=1
done
exit $failed
