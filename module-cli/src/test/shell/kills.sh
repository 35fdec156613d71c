#!/usr/bin/env bash
# Kills commands (SIGKILL) at random moments, resumes included, gives the same command again and compares what it leaves with an undisturbed
# run, byte by byte: kills.sh DIST KILLS [SEED [COMMAND...]]. Prints a line for each command; run by hand, and with few kills by .ci/run.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../../.." && pwd)
dist=$(cd "$1" && pwd)
kills=$2
seed=${3:-$$}
RANDOM=$seed
shift $(($# < 3 ? $# : 3))
all=(extract graph part ivf merge train in-batch kmeans hidden merge-clusters match segment evaluate report spectral export pull reproduce)
commands=("$@")
[ ${#commands[@]} -gt 0 ] || commands=("${all[@]}")
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
export EIGENSEG_JAVA_OPTS="-Duser.home=$work ${EIGENSEG_JAVA_OPTS:-}" XDG_STATE_HOME=$work/state XDG_CONFIG_HOME=$work/config
unset EIGENSEG_WEIGHTS

# shellcheck source=module-cli/src/main/launcher/eigenseg.sh
. "$root/module-cli/src/main/launcher/eigenseg.sh"
JAVA_HOME=$(find_java)
export JAVA_HOME
eigenseg() { (start_eigenseg "$dist" "$@"); }

printf 'kills: seed %s\n' "$seed"

# What commands start from; a server for pulls.
mkdir "$work/base"
cd "$work/base"
data=(--dataset folder --root scenes --split val)
weights=vit_small_patch16_384.augreg_in21k_ft_in1k
{
  eigenseg demo -o "$work/demo" --threads 2
  mkdir scenes
  cp -r "$work/demo/scenes/." scenes/
  eigenseg extract -o bank --size 128x96 scenes/images/val
  eigenseg graph bank
  for i in 1 2; do eigenseg graph bank --part $i/2 -o part-$i.knn; done
  eigenseg train bank -o m.safetensors --clusters 6 --epochs 2
} >"$work/base.log" 2>&1 || {
  cat "$work/base.log"
  exit 1
}
mkdir -p "$work/www/$weights/resolve/main"
cp m.safetensors "$work/www/$weights/resolve/main/model.safetensors"
"$JAVA_HOME/bin/jwebserver" -b 127.0.0.1 -p 0 -d "$work/www" -o none >"$work/server.log" 2>&1 &
server=$!
until grep -qs 'http://' "$work/server.log"; do sleep 0.2; done
url=$(grep -o 'http://127.0.0.1:[0-9]*' "$work/server.log" | tail -n 1)

# arguments COMMAND: the command line, into $line; what it leaves, into $results.
arguments() {
  results=(out)
  case $1 in
    extract) line=(extract -o out --size 128x96 scenes/images/val) ;;
    graph) line=(graph bank -o out) ;;
    part) line=(graph bank --part 2/3 -o out) ;;
    ivf) line=(graph bank --index ivf --part 1/2 --memory 64m -o out) ;;
    merge) line=(graph merge part-1.knn part-2.knn -o out --overwrite) ;;
    train) line=(train bank -o out --clusters 6 --epochs 12) ;;
    in-batch) line=(train bank -o out --clusters 6 --epochs 6 --mode in-batch --augment) ;;
    kmeans) line=(train bank -o out --clusters 16 --method kmeans-features --inits 4) ;;
    hidden) line=(train bank -o out --clusters 8 --method kmeans-hidden --from m.safetensors) ;;
    merge-clusters) line=(merge-clusters m.safetensors --bank bank) results=(m.safetensors) ;;
    match) line=(match m.safetensors "${data[@]}") results=(m.safetensors) ;;
    segment) line=(segment -m m.safetensors -o out --format coco-rle,voc scenes/images/val) ;;
    evaluate) line=(evaluate "${data[@]}" m.safetensors --markdown out) ;;
    report) line=(report -m m.safetensors -o out "${data[@]}") ;;
    spectral) line=(spectral bank --clusters 4 -o out --overwrite) ;;
    export) line=(export m.safetensors -o out --overwrite) ;;
    pull) line=(weights pull "$weights" --from "$url" -o out) ;;
    reproduce)
      line=(reproduce --dataset folder --data scenes -b descriptor --parts k --clusters 4 --seeds 1 --epochs 1 --size 128x96 -o out)
      results=(out/banks out/models)
      ;;
    *) die "there is no $1 here: ${all[*]}" ;;
  esac
  line+=(--threads 2)
}

# fresh: what is there before the command, always in the same place and of the same age, both of which results may name.
fresh() {
  rm -rf "$work/run"
  cp -a "$work/base" "$work/run"
  cd "$work/run"
}

# untimed FILE: a report without the seconds that it took.
untimed() { sed -e '/<th scope="row">read<\/th>/d' -e 's/"timings":{.*}//' "$1"; }

# hidden: what commands by inverted lists leave beside the result besides locks; their work is as large as the bank.
hidden() {
  [ "$1" != ivf ] || find . -maxdepth 1 -name '.?*' ! -name '.*.lock'
}

# same: whether the results have the bytes of the undisturbed run; locks and what a dead process could not delete aside. Lines of
# images.jsonl stand in the order in which threads came to an end, and reports and logs of epochs say how long
# they took.
same() {
  local result
  for result in "${results[@]}"; do
    diff -r -x '.*.lock' -x .lock -x '.*.tmp' -x images.jsonl -x report.html -x '*-seed*.jsonl' "$work/whole/$result" "$result" \
      >"$work/difference" || return 1
    [ ! -f "$result/images.jsonl" ] ||
      diff <(sort "$work/whole/$result/images.jsonl") <(sort "$result/images.jsonl") >"$work/difference" || return 1
    [ ! -f "$result/report.html" ] ||
      diff <(untimed "$work/whole/$result/report.html") <(untimed "$result/report.html") >"$work/difference" || return 1
  done
}

total=0
failed=0
for command in "${commands[@]}"; do
  arguments "$command"
  begin=$(date +%s%3N)
  fresh
  eigenseg "${line[@]}" >"$work/log" 2>&1 || {
    cat "$work/log"
    printf '%s: FAILED without a kill\n' "$command"
    failed=$((failed + 1))
    continue
  }
  millis=$(($(date +%s%3N) - begin))
  rm -rf "$work/whole"
  mv "$work/run" "$work/whole"
  done_here=0
  trial=0
  wrong=0
  while [ "$done_here" -lt "$kills" ]; do
    trial=$((trial + 1))
    fresh
    for ((round = RANDOM % 3; round >= 0; round--)); do
      start_eigenseg "$dist" "${line[@]}" >"$work/log" 2>&1 & # becomes the JVM, unlike a function in brackets
      child=$!
      pause=$(((RANDOM * 32768 + RANDOM) % millis))
      sleep "$((pause / 1000)).$(printf '%03d' $((pause % 1000)))"
      if kill -KILL "$child" 2>/dev/null; then done_here=$((done_here + 1)); fi
      wait "$child" 2>/dev/null || true
    done
    if ! eigenseg "${line[@]}" >"$work/log" 2>&1; then
      wrong=$((wrong + 1))
      cat "$work/log"
    elif ! same; then
      wrong=$((wrong + 1))
      cat "$work/difference"
    elif [ -n "$(hidden "$command")" ]; then
      wrong=$((wrong + 1))
      printf '%s: left beside the result: %s\n' "$command" "$(hidden "$command" | tr '\n' ' ')"
    fi
    [ "$trial" -lt $((20 * kills + 20)) ] || break # it ends before it can be killed
  done
  if [ "$done_here" -lt "$kills" ]; then
    wrong=$((wrong + 1))
    printf '%s: %d kills, expected %d: it ended before it could be killed\n' "$command" "$done_here" "$kills"
  fi
  printf '%s: %d kills in %d trials, %d wrong\n' "$command" "$done_here" "$trial" "$wrong"
  total=$((total + done_here))
  failed=$((failed + wrong))
done
printf 'kills: %d passed, %d failed\n' "$total" "$failed"
[ "$failed" -eq 0 ]
