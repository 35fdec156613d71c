# Tables of measurements beside a peer's, for the scripts that compare; sourced. $table is the file of their lines.

say() { printf '%s\n' "$*" >&2; }

# line NAME OURS PEER UNIT TARGET NOTE: a row of the table; the ratio is the peer's figure over ours.
line() { printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$@" | tee -a "$table" >&2; }

skipped() { say "skipped: $1: $2"; line "$1" - - "" - "skipped: $2"; }

median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

print_table() {
  awk -F '\t' -v style="$1" '
    function number(x) { return x == "-" ? x : x + 0 >= 100 ? sprintf("%.0f", x) : x + 0 >= 10 ? sprintf("%.1f", x) : sprintf("%.2f", x) }
    BEGIN {
      row = style == "markdown" ? "| %s | %s | %s | %s | %s | %s | %s |\n" : "%-34s %12s %12s %9s %8s %4s  %s\n"
      printf row, "what", "ours", "peer", "peer/ours", "target", "met", "peer"
      if (style == "markdown") print "| --- | --- | --- | --- | --- | --- | --- |"
    }
    {
      ratio = $2 == "-" ? "-" : $3 / $2
      met = ratio == "-" ? "-" : ratio >= $5 ? "yes" : "no"
      printf row, $1, number($2) " " $4, number($3) " " $4, number(ratio), $5 == "-" ? "-" : ">= " $5, met, $6
    }' "$table"
}

# The processor, as its name alone does not say it: vendors sell several kinds under one.
processor() {
  if [ -r /proc/cpuinfo ]; then
    awk -F ': *' '
      /^model name/ { name = $2 } /^cpu family/ { family = $2 } /^model\t/ { model = $2 }
      /^flags/ { wide = $2 ~ / avx512f / ? "AVX-512" : $2 ~ / avx2 / ? "AVX2" : "neither AVX-512 nor AVX2" }
      END { printf "%s (family %s, model %s, %s)", name, family, model, wide }' /proc/cpuinfo
  else
    uname -m
  fi
}

# Both styles of the table, and what the machine was doing.
print_tables() {
  echo
  print_table text
  echo
  print_table markdown
  echo
  echo "$(processor); $("$JAVA_HOME/bin/java" --version | sed -n 2p)"
  echo "$SECONDS s; $(nproc) processors, load $(cut -d ' ' -f 1 /proc/loadavg)"
}
