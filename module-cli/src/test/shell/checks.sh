# shellcheck shell=bash disable=SC2154  # the test that reads this has made $work
# What tests in shell have in common.
passed=0
failed=0

# check NAME PATTERN COMMAND...: the command's output has a line that matches. It stays in $work/output for the next one to read.
check() {
  local name=$1 pattern=$2
  shift 2
  "$@" >"$work/output.new" 2>&1 || true
  mv "$work/output.new" "$work/output"
  if grep -Eq "$pattern" "$work/output"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED: %s: no line matches %s in:\n' "$name" "$pattern"
    cat "$work/output"
  fi
}

# report WHAT: says how it went, and fails if something did.
report() {
  printf '%s: %d passed, %d failed\n' "$1" "$passed" "$failed"
  [ "$failed" -eq 0 ]
}
