#!/usr/bin/env bash
# Somebody else's build: resolves the modules from a local repository, as the README says, and runs them on the class path, on the module
# path, as an uber jar, and as a jlink image. Started by `eigenseg test`: consumer-test.sh, after the modules are built.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=module-cli/src/test/shell/checks.sh
. "$(dirname "$0")/checks.sh"
# A repository that holds nothing yet; what others have published is read from the usual one.
local=(--batch-mode --quiet -Dmaven.repo.local="$work/repository" -Dmaven.repo.local.tail="${MAVEN_REPOSITORY:-$HOME/.m2/repository}")
PATH=$JAVA_HOME/bin:$PATH
export PATH

# block SECTION LANGUAGE BEGINNING: the section's first block in the README of that language that begins so.
block() {
  awk -v section="## $1" -v fence="\`\`\`$2" -v beginning="$3" '
    /^## / { here = ($0 == section) }
    here && open && /^```/ { if (index(text, beginning) == 1) { printf "%s", text; exit } open = 0 }
    open { text = text $0 "\n" }
    here && $0 == fence { open = 1; text = "" }
  ' "$root/README.md"
}
segmenting='In a Java application'
training='Training in a Java application'
# command_line SECTION BEGINNING: the section's line of shell that begins so.
command_line() {
  awk -v section="## $1" -v beginning="$2" '/^## / { here = ($0 == section) } here && index($0, beginning) == 1' "$root/README.md"
}

(cd "$root" && ./mvnw "${local[@]}" -Dmaven.test.skip=true -Dspotless.check.skip=true \
  -pl integrations/bom,module-api,module-graph,module-infer,module-train -am install)
check "the repository has every module and the BOM" '^api bom graph infer parent train $' \
  sh -c "ls '$work/repository/dev/eigenseg' | sed s/eigenseg-// | sort | tr '\n' ' '"

# Pictures, and a model of them.
mkdir "$work/consumer"
cp -r "$root"/module-cli/src/test/consumer/* "$work/consumer"
cd "$work/consumer"
java photos/Photographs.java "$work/photos"
"$root/eigenseg" extract --quiet -o "$work/bank" "$work/photos"
"$root/eigenseg" train --quiet --method kmeans-features --clusters 4 -o "$work/model.safetensors" "$work/bank"

# The README's dependencies, flag and sources, where its reader would put them.
block "$segmenting" xml '<dependencyManagement>' >"$work/dependencies"
block "$segmenting" xml '<plugin>' | grep '<argLine>' >"$work/argLine"
for part in dependencies argLine; do
  [ -s "$work/$part" ] || { printf 'FAILED: the README has no %s for Maven\n' "$part"; exit 1; }
  sed -i "/<!-- README: $part -->/{
    r $work/$part
    d
  }" segment/pom.xml
done
sed 's/eigenseg-infer/eigenseg-train/' "$work/dependencies" >"$work/train"
sed -i "/<!-- README: dependencies -->/r $work/train" train/pom.xml
mkdir -p segment/src/main/java/your/app train/src/main/java/your/app modules
block "$segmenting" java 'package your.app' >segment/src/main/java/your/app/Segment.java
block "$training" java 'package your.app' >train/src/main/java/your/app/Train.java
block "$segmenting" java 'module your.app' >modules/module-info.java
printf 'module your.app {\n  requires dev.eigenseg.train;\n}\n' >train/src/main/java/module-info.java

"$root/mvnw" "${local[@]}" -Dmodel="$work/model.safetensors" -Dphoto="$work/photos/photo-0.png" package >"$work/output" 2>&1 || {
  cat "$work/output"
  exit 1
}
check "Surefire ran the test with the README's flag" 'Tests run: 1, Failures: 0, Errors: 0, Skipped: 0' \
  cat segment/target/surefire-reports/*.txt
check "segmenting takes three jars" '^eigenseg-api-.*eigenseg-infer-.*gson-.*jar $' sh -c "ls segment/libs | sort | tr '\n' ' '"

cd segment
# segments NAME COMMAND...: the command prints clusters and leaves a mask.
segments() {
  local name=$1
  shift
  rm -f "$work/mask.png"
  check "$name" '^4 clusters$' "$@" "$work/model.safetensors" "$work/photos/photo-0.png" "$work/mask.png"
  check "$name: a mask is there" 'PNG image data, 160 x' file "$work/mask.png"
}
segments "class path" java --add-modules jdk.incubator.vector -cp 'libs/*:target/classes' your.app.Segment
segments "uber jar" java --add-modules jdk.incubator.vector -jar uber.jar
javac -p libs -d app ../modules/module-info.java src/main/java/your/app/Segment.java 2>/dev/null
segments "module path" java -p libs:app -m your.app/your.app.Segment
if [ -d "$JAVA_HOME/jmods" ] || jlink --help | grep -q 'run-time image enabled'; then
  jlink -p libs:app --add-modules your.app --strip-debug --no-header-files --no-man-pages --output image
  segments "jlink image" image/bin/java -m your.app/your.app.Segment
fi

cd ../train
command_line "$training" 'mvn ' | while read -r _ arguments; do
  eval "'$root/mvnw'" "$(printf "'%s' " "${local[@]}")" "$arguments" </dev/null
done
cp -r target/classes app
ln -s "$work/photos" photos
check "training without anybody's SLF4J provider" '^0$' \
  sh -c "for jar in libs/*.jar; do unzip -l \$jar; done | grep -c META-INF/services/org.slf4j; true"
check "the module path holds no libtorch" '^0$' sh -c "ls libs | grep -c pytorch-native; true"
line=$(command_line "$training" 'java -p ')
check "training on the module path by the README's line" '^done$' sh -c "$line && echo done"
check "no warnings but the JVM's own" '^0$' \
  sh -c "grep WARNING '$work/output' | grep -vc 'Using incubator modules: jdk.incubator.vector'; true"
check "it has learned a model" 'model.safetensors' ls work
check "and segmented all photographs" '^9$' sh -c "find segments -name '*.png' | wc -l"
line=$(command_line "$training" 'java --add-modules ')
check "and on the class path" '^done$' sh -c "$line && echo done"
check "with a model as well" 'model.safetensors' ls class-path-work

report consumers
