#!/usr/bin/env bash
# Links the Java that comes with a distribution: runtime.sh JAVA_HOME OUTPUT. Libraries stay jars on the module path, as elsewhere.
set -euo pipefail
# What the jars name (dist-test.sh compares with jdeps), and what nothing names: sun.misc.Signal is found by reflection, and DJL reads
# jars as file systems.
modules=java.base,java.compiler,java.desktop,java.net.http,java.sql,jdk.incubator.vector,jdk.management,jdk.unsupported,jdk.zipfs
version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release")
[ "$version" -ge 25 ] || {
  printf 'eigenseg: Maven runs on JDK %s in %s, whose runtime would be too old to ship; run ./eigenseg dist\n' "$version" "$1" >&2
  exit 1
}
rm -rf "$2"
"$1/bin/jlink" --add-modules "$modules" --strip-debug --no-header-files --no-man-pages --generate-cds-archive --output "$2"
