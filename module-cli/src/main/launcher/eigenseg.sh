# shellcheck shell=bash
# How the command line starts, from a checkout (../../../../eigenseg) and from a distribution (bin/eigenseg beside it) alike: sourced by
# both. DIST is a folder with `modules` for the module path, `classpath` for jars that are no valid modules, and `natives` for libtorch.
needed=25

die() {
  printf 'eigenseg: %s\n' "$*" >&2
  exit 1
}

# java_version HOME TOOL...: prints the major version of the Java in a folder, or nothing if there is none or a tool is missing.
java_version() {
  local home=$1 tool
  shift
  for tool in java "$@"; do [ -x "$home/bin/$tool" ] || return 0; done
  [ -r "$home/release" ] || return 0
  sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$home/release"
}

# find_java TOOL...: prints the folder of a Java that is new enough and has these tools as well.
find_java() {
  local candidates=() home version java
  [ -n "${JAVA_HOME:-}" ] && candidates+=("$JAVA_HOME")
  if java=$(command -v java); then
    java=$(readlink -f "$java" 2>/dev/null || printf '%s' "$java")
    candidates+=("$(dirname "$(dirname "$java")")")
  fi
  candidates+=(/usr/lib/jvm/* /usr/java/* /opt/*jdk* /opt/*/*jdk* /Library/Java/JavaVirtualMachines/*/Contents/Home
    "${HOME:-}"/.sdkman/candidates/java/* "${HOME:-}"/.jdks/* "${HOME:-}"/.local/share/mise/installs/java/*)
  for home in "${candidates[@]}"; do
    version=$(java_version "$home" "$@")
    if [ -n "$version" ] && [ "$version" -ge $needed ]; then
      printf '%s' "$home"
      return
    fi
  done
  die "no JDK $needed or newer found in JAVA_HOME, on the PATH or in the usual folders.
  Get one from https://adoptium.net, or with a package manager (for example: apt-get install temurin-$needed-jdk,
  sdk install java $needed-tem, brew install openjdk@$needed), or point JAVA_HOME at it."
}

# choose_libtorch DIST: sets class_path and torch_options for the libtorch to use. The packaged CPU libtorch always wins over another one
# while it is on the class path, so it is left out when the user names a folder.
choose_libtorch() {
  class_path="$1/classpath/*:$1/natives/*"
  torch_options=(-Dai.djl.offline=true)
  if [ -n "${PYTORCH_LIBRARY_PATH:-}" ]; then
    [ -d "$PYTORCH_LIBRARY_PATH" ] ||
      die "PYTORCH_LIBRARY_PATH is $PYTORCH_LIBRARY_PATH, which is not a folder; point it at libtorch's lib folder or unset it"
    class_path="$1/classpath/*"
    export PYTORCH_VERSION=${PYTORCH_VERSION:-2.7.1}
    if [ -z "${PYTORCH_FLAVOR:-}" ]; then
      PYTORCH_FLAVOR=cpu
      if compgen -G "$PYTORCH_LIBRARY_PATH/*torch_cuda*" >/dev/null; then PYTORCH_FLAVOR=cu128; fi
    fi
    export PYTORCH_FLAVOR
  fi
}

# By default glibc gives every tensor above 32 MB back to the kernel, which clears the pages of the next one: 80,000 page faults an image
# of extract with a look at twice its size, a quarter of the time. Kept, they are a tenth, without more memory at the peak. Not so in
# training, whose peak doubles.
keep_freed_memory() {
  export MALLOC_ARENA_MAX=${MALLOC_ARENA_MAX:-1} MALLOC_MMAP_THRESHOLD_=${MALLOC_MMAP_THRESHOLD_:-268435456} \
    MALLOC_TRIM_THRESHOLD_=${MALLOC_TRIM_THRESHOLD_:-536870912}
}

# Java reads file names in the locale's character set: in the POSIX locale, or in one that is not installed, that is ASCII.
read_names_as_utf8() {
  if [ "$(locale charmap 2>/dev/null || true)" != UTF-8 ]; then export LC_ALL=C.UTF-8; fi
}

few_processors() { [ "$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 8)" -le 4 ]; }

# Images of a few megabytes come and go, nearly all else lies outside the heap. G1 keeps regions for garbage that never comes: a first
# mask peaked at 581 MiB with it and at 280 with the serial collector, in the same time. With many processors one thread
# that collects would hold up the others.
choose_collector() {
  collector=()
  case "${EIGENSEG_JAVA_OPTS:-} ${JDK_JAVA_OPTIONS:-} ${JAVA_TOOL_OPTIONS:-}" in *-XX:+Use*GC*) return ;; esac
  if few_processors; then collector=(-XX:+UseSerialGC); fi
}

# A first mask waits for the optimising compiler, of which the JVM has one with two processors: a second one, and fewer methods that wait
# in its queue, save a fifth of that time. One arena of glibc's keeps what the compilers have freed together: 10 MiB less at the peak. A
# cache with profiles (JEP 515) the JDK refuses where an incubator module is used: see docs/performance.md.
choose_compilation() {
  compilation=()
  if [ "${1:-}" != segment ]; then return; fi
  compilation=(-Xms32m)
  if few_processors; then
    compilation+=(-XX:CICompilerCount=4 -XX:Tier3DelayOn=20)
    export MALLOC_ARENA_MAX=${MALLOC_ARENA_MAX:-1}
  fi
}

# Below these limits Java dies with words that name neither.
check_limits() {
  local files memory
  files=$(ulimit -n)
  [ "$files" = unlimited ] || [ "$files" -ge 128 ] ||
    die "this shell lets a program open $files files, Java and its jars need more: 'ulimit -n 1024' first"
  memory=$(ulimit -v)
  [ "$memory" = unlimited ] || [ "$memory" -ge 3145728 ] ||
    die "this shell lets a program reserve $memory kB of addresses, Java needs some millions: 'ulimit -v unlimited' first"
}

# Java would open a file of its own under the number of an output that is closed, and results would go there.
keep_outputs_apart() {
  if ! { : >&1; } 2>/dev/null; then exec 1</dev/null; fi
  if ! { : >&2; } 2>/dev/null; then exec 2>/dev/null; fi
}

# choose_options DIST ARGUMENTS...: sets options, all that java needs before the arguments, and the environment that it runs in.
choose_options() {
  local dist=$1
  shift
  choose_collector
  choose_compilation "$@"
  choose_libtorch "$dist"
  read_names_as_utf8
  # libtorch's idle threads spin by default: on a machine that does anything else this costs more than it gains. Half a millisecond spares
  # many of the hundreds of times that an update of psi would wake a thread; ten times as much costs a quarter of it beside other work.
  export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-PASSIVE} GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-10000}
  if [ "${1:-}" = extract ]; then keep_freed_memory; fi
  # shellcheck disable=SC2206  # EIGENSEG_JAVA_OPTS is a list of options
  options=(${collector[@]+"${collector[@]}"} ${compilation[@]+"${compilation[@]}"} "${torch_options[@]}" ${EIGENSEG_JAVA_OPTS:-}
    --add-modules com.sun.jna --enable-native-access=ai.djl.api,ai.djl.pytorch_engine,com.sun.jna,dev.eigenseg.api,dev.eigenseg.graph
    -p "$dist/modules" -cp "$class_path" -m dev.eigenseg.cli/dev.eigenseg.cli.Main)
}

# archived_classes DIST: prints the file for the classes of this Java, of these jars and of the user's options: the JVM itself looks at the
# jars' sizes and times alone, which are the same in reproducible archives. With a file that it does not take it starts slower than without.
archived_classes() {
  local sum
  sum=$({
    cat "$JAVA_HOME/release" "$1"/modules/eigenseg-*.jar
    printf '%s\n' "${PYTORCH_LIBRARY_PATH:-}" "${EIGENSEG_JAVA_OPTS:-}" "${JDK_JAVA_OPTIONS:-}" "${JAVA_TOOL_OPTIONS:-}"
  } | cksum)
  printf '%s/classes-%s.jsa' "$1" "${sum%% *}"
}

# choose_archive DIST: sets archive, the options for the classes that `prepare` has archived. What the JVM would say where it does not
# take them is turned off.
choose_archive() {
  local file
  archive=()
  compgen -G "$1/classes-*.jsa" >/dev/null || return 0
  file=$(archived_classes "$1")
  if [ -r "$file" ]; then archive=("-XX:SharedArchiveFile=$file" -Xlog:cds=off -Xlog:aot=off); fi
}

explain_prepare() {
  cat <<'END'
Usage: eigenseg prepare COMMAND ARGUMENTS...

Runs a command and archives the classes that it needed beside eigenseg's own files (30 MB), so that
later starts take them from there: 0.4 s less for 'segment' on two processors, less for commands that
need fewer of them. It is worth it once, after installing: in a container's description, for example.
With another Java, another version of eigenseg or other options in EIGENSEG_JAVA_OPTS, starts take as
long as before; prepare it again.

Example: eigenseg prepare segment -m model.safetensors -o segments photo.jpg
END
}

# await_java OPTIONS...: as an exec would be: whoever ends the launcher ends Java, which begins deaf to Ctrl-C in the background.
await_java() {
  local child code=0
  "$JAVA_HOME/bin/java" "$@" <&0 &
  child=$!
  trap 'kill -TERM "$child" 2>/dev/null || true' TERM HUP INT
  wait "$child" || code=$?
  # A signal ends the wait, not yet the process.
  while kill -0 "$child" 2>/dev/null; do
    code=0
    wait "$child" || code=$?
  done
  trap - TERM HUP INT
  return "$code"
}

# prepare DIST COMMAND ARGUMENTS...: see above.
prepare() {
  local dist=$1 file
  shift
  case ${1:-} in
    '' | -h | --help)
      explain_prepare
      return
      ;;
  esac
  work=$(mktemp -d "$dist/prepare.XXXXXX" 2>/dev/null) ||
    die "the classes would be archived in $dist, which cannot be written: run this as the user who installed eigenseg"
  trap 'rm -rf "$work"' EXIT
  choose_options "$dist" "$@"
  file=$(archived_classes "$dist")
  await_java "-XX:DumpLoadedClassList=$work/list" "${options[@]}" "$@" || exit
  await_java -Xshare:dump "-XX:SharedClassListFile=$work/list" "-XX:SharedArchiveFile=$work/classes" "${options[@]}" \
    >"$work/log" 2>&1 || die "this Java cannot archive classes: $(tail -n 3 "$work/log")"
  [ "$file" = "$(archived_classes "$dist")" ] || die "Java or eigenseg has changed meanwhile: prepare it again"
  rm -f "$dist"/classes-*.jsa
  mv "$work/classes" "$file"
  printf 'eigenseg: prepared, %s\n' "$file" >&2
}

# start_eigenseg DIST ARGUMENTS...: becomes the command line.
start_eigenseg() {
  local dist=$1
  shift
  check_limits
  keep_outputs_apart
  if [ "${1:-}" = prepare ]; then
    shift
    prepare "$dist" "$@"
    exit
  fi
  choose_archive "$dist"
  choose_options "$dist" "$@"
  exec "$JAVA_HOME/bin/java" ${archive[@]+"${archive[@]}"} "${options[@]}" "$@"
}
