#!/usr/bin/env bash
# What goes to share/ in the archives: share.sh JAVA_HOME CLASS_PATH FOLDER. The commands write their man pages and completions themselves.
set -euo pipefail
java=$1/bin/java
class_path=$2
share=$3

eigenseg() { "$java" --add-modules jdk.incubator.vector -cp "$class_path" dev.eigenseg.cli.Main "$@"; }

rm -rf "$share"
mkdir -p "$share/bash-completion/completions" "$share/fish/vendor_completions.d"
eigenseg generate-manual -o "$share/man/man1"
eigenseg generate-completion bash >"$share/bash-completion/completions/eigenseg"
eigenseg generate-completion fish >"$share/fish/vendor_completions.d/eigenseg.fish"
