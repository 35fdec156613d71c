#!/usr/bin/env bash
# Builds the commit of this checkout twice, in two folders, and compares all jars and archives byte by byte. A few minutes; not a part of
# `eigenseg test`. The FAISS shim is left out: what a C++ compiler writes is not promised.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for copy in first second-with-another-name; do
  git clone --quiet --no-hardlinks "$root" "$work/$copy"
  (cd "$work/$copy" && ./mvnw --batch-mode --quiet -Prelease,dist -Dmaven.test.skip=true -Dspotless.check.skip=true package)
done
cd "$work/first"
find integrations module-* -path '*/target/*' \( -name 'eigenseg-*.jar' -o -name 'eigenseg-*.zip' -o -name 'eigenseg-*.tar.gz' \) \
  ! -name '*-linux-x86_64.*' | sort >"$work/files"
count=0
failed=0
while read -r file; do
  count=$((count + 1))
  cmp "$file" "$work/second-with-another-name/$file" || failed=$((failed + 1))
done <"$work/files"
printf 'reproducible: %d files, %d differ\n' "$count" "$failed"
[ "$count" -ge 17 ] && [ "$failed" -eq 0 ]
