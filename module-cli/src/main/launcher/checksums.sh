#!/usr/bin/env bash
# Writes a checksum beside each archive, and the descriptions for package managers with version and checksum filled in:
# checksums.sh VERSION FOLDER.
set -euo pipefail
integrations=$(cd "$(dirname "$0")/../../../../integrations" && pwd)
version=$1
cd "$2"
sum() { if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi; }
for archive in eigenseg-"$version"*.zip eigenseg-"$version"*.tar.gz; do sum "$archive" >"$archive.sha256"; done

checksum() { cut -d ' ' -f 1 "$1.sha256"; }
for template in homebrew/eigenseg.rb sdkman/release.json; do
  sed -e "s/@VERSION@/$version/g" -e "s/@SHA256_TAR@/$(checksum "eigenseg-$version.tar.gz")/g" \
    -e "s/@SHA256_ZIP@/$(checksum "eigenseg-$version.zip")/g" "$integrations/$template" >"$(basename "$template")"
done
mv release.json sdkman-release.json
