# Whether a machine is quiet enough to measure on, for the scripts that compare; sourced.

# Processors' worth of work that others may do: more moves the ratio of ours to a peer whose threads spin while they wait.
quiet_limit=0.15

# Processors that were busy over some seconds, from the kernel's counters; empty where there are none.
busy_processors() {
  [ -r /proc/stat ] || return 0
  local before
  before=$(head -n 1 /proc/stat)
  sleep "$1"
  { echo "$before"; head -n 1 /proc/stat; } | awk -v n="$(nproc)" '
    { all = 0; for (i = 2; i <= 9; i++) all += $i; idle = $5 + $6; if (NR == 1) { all0 = all; idle0 = idle } }
    END { printf "%.2f", n * (1 - (idle - idle0) / (all - all0)) }'
}

# Prints what others do on the machine, and ends the script if that is too much; with EIGENSEG_BUSY=1 it only says so.
require_quiet() {
  local busy
  busy=$(busy_processors 2)
  if [ -z "$busy" ]; then
    echo "how busy the machine is cannot be seen here" >&2
    return 0
  fi
  echo "before $1: $busy of $(nproc) processors busy" >&2
  awk -v busy="$busy" -v limit=$quiet_limit 'BEGIN { exit !(busy > limit) }' || return 0
  if [ -n "${EIGENSEG_BUSY:-}" ]; then
    echo "the machine is not quiet ($quiet_limit would be): these figures say little" >&2
    return 0
  fi
  echo "the machine is not quiet: $busy of $(nproc) processors are busy, $quiet_limit would do. Wait, or measure all the same" \
    "with EIGENSEG_BUSY=1" >&2
  exit 1
}
