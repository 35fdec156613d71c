#!/usr/bin/env bash
# Tests of the launcher itself, in processes of their own: which libtorch it takes, which JDK it finds, and what it says if there is none.
# Started by `eigenseg test` after the modules' tests, with the folder of the built distribution.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../../.." && pwd)
dist=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=module-cli/src/test/shell/checks.sh
. "$(dirname "$0")/checks.sh"

check "the packaged libtorch is taken" 'libtorch: PyTorch .*PYTORCH_LIBRARY_PATH is not set' \
  env -u PYTORCH_LIBRARY_PATH "$root/eigenseg" info
# No warnings but the JVM's own line about the incubator module.
check "starts without warnings" '^0$' \
  sh -c "grep -i warning '$work/output' | grep -vc 'Using incubator modules: jdk.incubator.vector'; true"

# A CPU libtorch in a folder of its own stands in for a CUDA build.
(cd "$work" && "$JAVA_HOME/bin/jar" --extract --file "$(ls "$dist"/natives/pytorch-native-cpu-*.jar)" pytorch)
check "a libtorch that the user names is taken" "libtorch: PyTorch .*PYTORCH_LIBRARY_PATH is set to $work" \
  env PYTORCH_LIBRARY_PATH="$(dirname "$(find "$work/pytorch" -name 'libtorch_cpu*' | head -n 1)")" "$root/eigenseg" info
check "a folder that is not there is refused" 'which is not a folder' \
  env PYTORCH_LIBRARY_PATH="$work/nowhere" "$root/eigenseg" info
check "a JAVA_HOME that is too old or absent is passed over" '^jdk: (2[5-9]|[3-9][0-9])' \
  env JAVA_HOME="$work/nowhere" "$root/eigenseg" info

# A JDK that shows its environment instead of running anything.
mkdir -p "$work/jdk/bin"
printf 'JAVA_VERSION="25"\n' >"$work/jdk/release"
printf '#!/bin/sh\necho "arenas: $MALLOC_ARENA_MAX"\n' | tee "$work/jdk/bin/java" >"$work/jdk/bin/javac"
chmod +x "$work/jdk/bin/java" "$work/jdk/bin/javac"
mkdir "$work/few"
printf '#!/bin/sh\necho 2\n' >"$work/few/getconf"
chmod +x "$work/few/getconf"
check "extract keeps freed memory" '^arenas: 1$' env -u MALLOC_ARENA_MAX JAVA_HOME="$work/jdk" "$root/eigenseg" extract
check "unless the user has decided" '^arenas: 7$' env MALLOC_ARENA_MAX=7 JAVA_HOME="$work/jdk" "$root/eigenseg" extract
check "with few processors segment has one arena" '^arenas: 1$' \
  env -u MALLOC_ARENA_MAX JAVA_HOME="$work/jdk" PATH="$work/few:$PATH" "$root/eigenseg" segment
check "here too the user decides" '^arenas: 7$' \
  env MALLOC_ARENA_MAX=7 JAVA_HOME="$work/jdk" PATH="$work/few:$PATH" "$root/eigenseg" segment
check "training does neither" '^arenas: $' env -u MALLOC_ARENA_MAX JAVA_HOME="$work/jdk" "$root/eigenseg" train

# A JDK that shows its options.
printf '#!/bin/sh\necho "options: $*"\n' >"$work/jdk/bin/java"
check "segment starts with a small heap" '^options: .*-Xms32m .* segment$' \
  env JAVA_HOME="$work/jdk" "$root/eigenseg" segment
check "and the user's options come after that" 'Xms32m .*-XX:CICompilerCount=9 .* segment$' \
  env EIGENSEG_JAVA_OPTS=-XX:CICompilerCount=9 JAVA_HOME="$work/jdk" "$root/eigenseg" segment
check "other commands are left alone" '^options: [^,]* -m .* graph$' sh -c \
  "JAVA_HOME='$work/jdk' '$root/eigenseg' graph | sed 's/--enable-native-access=[^ ]*//'"
check "the JVM takes these options without a word" '^Usage: eigenseg segment' "$root/eigenseg" segment --help
check "and without warnings" '^0$' \
  sh -c "grep -E '^(WARNING|OpenJDK|Java HotSpot)|CompileCommand' '$work/output' | grep -vc 'Using incubator modules'; true"

# Classes that are archived once, in a copy of the distribution.
mkdir "$work/dist"
cp -r "$dist/modules" "$dist/classpath" "$work/dist"
ln -s "$dist/natives" "$work/dist/natives"
copied() {
  # shellcheck disable=SC2016  # for the shell that is started
  bash -euo pipefail -c '. "$1"; JAVA_HOME=${JAVA_HOME:-$(find_java)}; shift; start_eigenseg "$@"' copied \
    "$root/module-cli/src/main/launcher/eigenseg.sh" "$work/dist" "$@"
}
check "prepare says what it does" '^Usage: eigenseg prepare COMMAND' copied prepare --help
if [ -e /dev/full ]; then
  check "help that is lost is a failure" '^code [1-9]' sh -c "'$root/eigenseg' prepare --help >/dev/full; echo code \$?"
fi
check "nothing is archived for a command that fails" "there is no command 'nonsense'" copied prepare nonsense
check "nor left behind" '^classpath modules natives$' sh -c "cd '$work/dist' && echo *"
export EIGENSEG_JAVA_OPTS=-Xlog:class+load
check "the command runs, and its classes are archived" 'eigenseg: prepared, .*/classes-[0-9]+\.jsa$' copied prepare --version
check "nothing else is left behind" '^classes-[0-9]+\.jsa classpath modules natives$' sh -c "cd '$work/dist' && echo *"
check "they are taken from there" 'dev\.eigenseg\.cli\.Main source: shared objects file' copied --version
JAVA_HOME=$work/jdk check "another Java starts without them" '^options: .* --version$' copied --version
check "so it is not told of them" '^0$' sh -c "grep -c SharedArchiveFile '$work/output'; true"
# A JDK that only waits, until it is told to end.
printf '#!/bin/sh\ntrap "echo ended >>%s/ended; exit 143" TERM\necho begun >>%s/ended\nwhile :; do sleep 0.1; done\n' \
  "$work" "$work" >"$work/jdk/bin/java"
# shellcheck disable=SC2016  # for the shell that is started
JAVA_HOME=$work/jdk bash -euo pipefail -c '. "$1"; start_eigenseg "$2" prepare segment' waiting \
  "$root/module-cli/src/main/launcher/eigenseg.sh" "$work/dist" 2>/dev/null &
waiting=$!
until [ -s "$work/ended" ]; do sleep 0.1; done
kill -TERM "$waiting"
check "a request to end reaches the command that is prepared" '^ended$' sh -c "sleep 2; cat '$work/ended'"
wait "$waiting" || true
check "and nothing is left behind either" '^classes-[0-9]+\.jsa classpath modules natives$' sh -c "cd '$work/dist' && echo *"
truncate -s 1000000 "$work"/dist/classes-*.jsa
check "a file that was cut off is no harm" '^eigenseg [0-9]' copied --version
check "of which nobody is told" '^0$' sh -c "grep -c '\[cds\]\|\[aot\]' '$work/output'; true"
unset EIGENSEG_JAVA_OPTS

# Results that go nowhere are no success; who stops reading is no error.
if [ -e /dev/full ]; then
  check "a full output is a failure" '^code 1$' sh -c "'$root/eigenseg' info >/dev/full; echo code \$?"
  check "which is said" 'results are lost: No space left' sh -c "'$root/eigenseg' --help >/dev/full"
  check "of JSON too" '^code 1$' sh -c "'$root/eigenseg' info --json - >/dev/full; echo code \$?"
fi
check "a closed output is a failure" '^code 1$' sh -c "'$root/eigenseg' info >&-; echo code \$?"
check "a reader that goes away is none" '^0$' \
  sh -c "'$root/eigenseg' info 2>'$work/said' | head -n 1 >/dev/null; grep -vc 'Using incubator' '$work/said'; true"
ln -s /dev/null "$work/null"
check "devices stay devices" '^/dev/null$' sh -c "'$root/eigenseg' info --json '$work/null' >/dev/null; readlink '$work/null'"

# A request to end is heard, whatever a command waits for.
mkfifo "$work/pipe"
check "a pipe is no model" 'this is a pipe or a device, expected a file' \
  "$root/eigenseg" segment -m "$work/pipe" -o "$work/masks" "$root/docs/images/demo.png"
check "few open files are said to be few" 'lets a program open 16 files' sh -c "ulimit -n 16; '$root/eigenseg' info"

# In the POSIX locale Java would read file names as ASCII.
mkdir "$work/photos"
printf '%s' 'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mOQi7LBihiGlgQAjkctAdFIVjEAAAAASUVORK5CYII=' |
  base64 -d >"$work/photos/straße.png"
check "names beyond ASCII are read in the POSIX locale" 'bank: 1 images' \
  env LC_ALL=C "$root/eigenseg" extract -o "$work/bank" "$work/photos"
check "and written as they are" 'photos/straße\.png' cat "$work/bank/images.tsv"
check "Java itself says what is the matter" "its name cannot be written in this system's character set" \
  env LC_ALL=C "$JAVA_HOME/bin/java" -Dai.djl.offline=true -p "$dist/modules" -cp "$dist/classpath/*" \
  -m dev.eigenseg.cli/dev.eigenseg.cli.Main extract -o "$work/other" "$work/photos"

check "the pure jar of the graph holds no native library" '^0$' \
  sh -c "'$JAVA_HOME/bin/jar' --list --file '$(ls "$dist"/modules/eigenseg-graph-*.jar)' | grep -c '\\.so'; true"
if compgen -G "$dist/classpath/eigenseg-graph-*.jar" >/dev/null; then
  check "the packaged FAISS engine is found" 'faiss: available: FAISS 1\.' "$root/eigenseg" info
fi
mkdir "$work/bin"
for tool in bash cat dirname grep mkdir rm tee; do ln -s "$(command -v $tool)" "$work/bin/$tool"; done
shim=$root/module-graph/src/main/cpp/build.sh
check "what FAISS needs is named and the build goes on" '^eigenseg: the FAISS engine is not built; it needs: cmake g\+\+' \
  env -u CI PATH="$work/bin" "$work/bin/bash" -c "'$shim' '$work/native' linux-x86_64 '$JAVA_HOME' || echo failed"
check "nor does it fail" '^0$' grep -c failed "$work/output"
check "unless CI is set" '^failed$' \
  env CI=true PATH="$work/bin" "$work/bin/bash" -c "'$shim' '$work/native' linux-x86_64 '$JAVA_HOME' || echo failed"

report launcher
