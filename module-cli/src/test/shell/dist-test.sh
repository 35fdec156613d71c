#!/usr/bin/env bash
# Tests of the archives that are shipped: unpacked elsewhere, started through a link, copied, without any Java but their own.
# Started by `eigenseg test`: dist-test.sh ARCHIVES DIST, both of one build.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../../.." && pwd)
archives=$1
dist=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=module-cli/src/test/shell/checks.sh
. "$(dirname "$0")/checks.sh"
zip=$(ls "$archives"/eigenseg-*.zip)
tar=${zip%.zip}.tar.gz
own=$(ls "$archives"/eigenseg-*-linux-x86_64.tar.gz)

for archive in "$zip" "$tar" "$own"; do
  check "the checksum of $(basename "$archive")" ': OK$' sh -c "cd '$archives' && sha256sum -c '$archive.sha256'"
done
check "Homebrew's description names the tar's checksum" "sha256 \"$(cut -d ' ' -f 1 "$tar.sha256")\"" cat "$archives/eigenseg.rb"
check "SDKMAN's names the zip's" "\"SHA-256\": \"$(cut -d ' ' -f 1 "$zip.sha256")\"" cat "$archives/sdkman-release.json"
sbom=${zip%.zip}-sbom.json
for jar in "$dist"/modules/*.jar "$dist"/classpath/*.jar "$dist"/natives/*.jar; do basename "$jar" .jar; done |
  sed -E 's/-[0-9][0-9a-zA-Z.]*(-SNAPSHOT|-[0-9.]+)?(-linux-x86_64|-all)?$//' | sort -u >"$work/shipped"
check "the bill of materials is CycloneDX" '"bomFormat" *: *"CycloneDX"' cat "$sbom"
check "and names every jar" '^missing: $' sh -c "printf 'missing: '; while read -r name; do
  grep -q \"\\\"name\\\" *: *\\\"\$name\\\"\" '$sbom' || printf '%s ' \"\$name\"; done <'$work/shipped'; echo"
check "nothing in them is left to fill in" '^0$' \
  sh -c "cat '$archives/eigenseg.rb' '$archives/sdkman-release.json' | grep -c '@[A-Z]'; true"
if command -v ruby >/dev/null; then check "the formula is Ruby" 'Syntax OK' ruby -c "$archives/eigenseg.rb"; fi

mkdir "$work/zip" "$work/tar" "$work/own" "$work/bin"
(cd "$work/zip" && "$JAVA_HOME/bin/jar" --extract --file "$zip")
tar -xzf "$tar" -C "$work/tar"
tar -xzf "$own" -C "$work/own"
name=$(ls "$work/zip")
check "zip and tar hold the same" '^same$' sh -c "diff -r '$work/zip/$name' '$work/tar/$name' && echo same"
check "there is a launcher for Windows, with its line ends" 'CRLF' file "$work/zip/$name/bin/eigenseg.cmd"
check "and none where it would not run" '^eigenseg$' ls "$work/own/$name/bin"

share=$work/tar/$name/share
check "a man page for each command" '^eigenseg-graph-merge\.1$' ls "$share/man/man1"
if command -v man >/dev/null; then
  check "which man shows" 'Turns images into label maps' env MANPATH="$share/man" MANPAGER=cat man eigenseg-segment
fi
# shellcheck disable=SC2016  # the inner shell expands it
check "bash completes" '^segment$' bash -c 'source "$1/bash-completion/completions/eigenseg"
  COMP_WORDS=(eigenseg segm) COMP_CWORD=1; _complete_eigenseg; printf "%s\n" "${COMPREPLY[@]}"' bash "$share"
if command -v fish >/dev/null; then
  check "fish completes" '^segment' fish --no-config -c \
    "source '$share/fish/vendor_completions.d/eigenseg.fish'; complete -C 'eigenseg segm'"
fi

# Whoever started this test: nothing of it is seen by the launchers.
clean=(env -u JAVA_HOME -u EIGENSEG_HOME -u EIGENSEG_JAVA_OPTS -u PYTORCH_LIBRARY_PATH)
# A PATH without Java, and a home without any.
bare=("${clean[@]}" "PATH=/usr/bin:/bin" "HOME=$work")

ln -s "$work/tar/$name/bin/eigenseg" "$work/bin/linked"
ln -s linked "$work/bin/eigenseg"
version=${name#eigenseg-}
commit='^commit ([0-9a-f]{10} of 20[0-9T:-]*Z|unknown: built from a tree without its history)'
check "the version, through links" "^eigenseg $version\$" "${clean[@]}" JAVA_HOME="$JAVA_HOME" "$work/bin/eigenseg" --version
check "with commit" "$commit" cat "$work/output"
check "and JDK" '^jdk (2[5-9]|[3-9][0-9])' cat "$work/output"
check "info" 'libtorch: PyTorch ' "${clean[@]}" JAVA_HOME="$JAVA_HOME" "$work/bin/eigenseg" info

# The runtime that came with it, whatever else there is.
ln -s "$work/own/$name/bin/eigenseg" "$work/bin/own"
mkdir "$work/photos"
printf '%s' 'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mOQi7LBihiGlgQAjkctAdFIVjEAAAAASUVORK5CYII=' |
  base64 -d | tee "$work/photos/a.png" >"$work/photos/b.png"
check "without JAVA_HOME, from its own runtime" "^jdk: .*, in $work/own/$name/runtime" "${bare[@]}" "$work/bin/own" info
check "libtorch starts in it" 'libtorch: PyTorch ' cat "$work/output"
check "so do the kernels" '^simd: ' cat "$work/output"
check "which reads images" 'bank: 2 images' "${bare[@]}" "$work/bin/own" extract --size 32x32 -o "$work/bank" "$work/photos"
check "and learns" 'model' "${bare[@]}" "$work/bin/own" train --method kmeans-features --clusters 2 \
  -o "$work/model.safetensors" "$work/bank"
check "and segments" '2 images' "${bare[@]}" "$work/bin/own" segment -m "$work/model.safetensors" -o "$work/segments" "$work/photos"
check "the portable one segments as well" '2 images' "${clean[@]}" JAVA_HOME="$JAVA_HOME" \
  "$work/bin/eigenseg" segment -m "$work/model.safetensors" -o "$work/again" "$work/photos"
check "to the same masks" '^same$' sh -c "cmp '$work/segments/a.png' '$work/again/a.png' && echo same"
check "no warnings but the JVM's own" '^0$' \
  sh -c "'$work/bin/own' info 2>&1 | grep -i warning | grep -vc 'Using incubator modules: jdk.incubator.vector'; true"

# Copied without its distribution.
cp "$work/tar/$name/bin/eigenseg" "$work/bin/copied"
check "a copy alone says what to do" 'stands without its distribution' "${bare[@]}" "$work/bin/copied" --version
check "and finds it by EIGENSEG_HOME" "^eigenseg $version\$" \
  "${clean[@]}" JAVA_HOME="$JAVA_HOME" EIGENSEG_HOME="$work/tar/$name" "$work/bin/copied" --version
cp "$root/eigenseg" "$work/bin/checkout"
check "so does a copy of the checkout's" 'was copied out of its checkout' "$work/bin/checkout" --version
mkdir "$work/a folder"
mv "$work/own/$name" "$work/a folder/moved"
check "the whole folder may be moved, to a name with a blank" "^eigenseg $version\$" \
  "${bare[@]}" "$work/a folder/moved/bin/eigenseg" --version

# The runtime's modules are those that the jars name, and a few that nothing names: see runtime.sh.
shipped=$("$work/a folder/moved/runtime/bin/java" --list-modules | cut -d @ -f 1)
class_path=$(printf '%s:' "$dist"/classpath/*.jar)
for module in $("$JAVA_HOME/bin/jdeps" --multi-release 25 --ignore-missing-deps --print-module-deps --module-path "$dist/modules" \
  --add-modules ALL-MODULE-PATH -cp "$class_path" "$dist"/modules/*.jar 2>/dev/null | tail -n 1 | tr , ' '); do
  check "the runtime has $module, which a jar names" "^$module\$" printf '%s\n' "$shipped"
done

report distribution
