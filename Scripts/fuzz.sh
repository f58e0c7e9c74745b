#!/usr/bin/env bash
# Fuzzes everything that reads weights, guided by coverage and under the address sanitizer:
#   Scripts/fuzz.sh [seconds for each target, 15] [targets…]
# What is found is in Fuzzing/.build/findings; run one again with
#   WHYFAKE_FUZZ=TARGET WHYFAKE_FUZZ_SAY=1 SWIFT_BACKTRACE=enable=no Fuzzing/.build/release/Fuzz FILE
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-15}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(pickle zip legacy safetensors npy)

resources=$(swift -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')
runtime="$resources/clang/lib/linux"
for part in fuzzer asan; do
  if [ ! -e "$runtime/libclang_rt.$part-$(uname -m).a" ]; then
    echo "fuzz: SKIPPED: this toolchain has no libclang_rt.$part for $(uname -m) in $runtime" >&2
    exit 0
  fi
done

# Of two --sanitize, Swift (not C) is given the last one only, so it is told again, and what to count.
swift build -c release --package-path Fuzzing --product Fuzz --sanitize fuzzer --sanitize address \
  -Xswiftc -sanitize=fuzzer,address \
  -Xswiftc -sanitize-coverage=edge,indirect-calls,trace-cmp,inline-8bit-counters,pc-table
program=$PWD/Fuzzing/.build/release/Fuzz
corpora=$PWD/Fuzzing/.build/corpora
findings=$PWD/Fuzzing/.build/findings
mkdir -p "$corpora" "$findings"
# The toolchain's own report of a crash waits for a debugger.
export SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=16
WHYFAKE_FUZZ_SEEDS="$corpora" WHYFAKE_FUZZ_GOLDENS="$PWD/Tests/Golden/files" "$program"

status=0
for target in "${targets[@]}"; do
  echo "fuzz: $target, $seconds s"
  log="$findings/$target.log"
  WHYFAKE_FUZZ=$target timeout -k 5 $((seconds + 60)) "$program" \
    -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -malloc_limit_mb=64 -max_len=32768 \
    -use_value_profile=1 -dict=Fuzzing/words.dict -artifact_prefix="$findings/$target-" -print_final_stats=1 \
    -verbosity=1 "$corpora/$target" < /dev/null > "$log" 2>&1 || status=$?
  # Were the code not instrumented, a few edges of C would be all that is counted.
  edges=$(sed -n 's/.*DONE *cov: \([0-9]*\).*/\1/p' "$log" | tail -1)
  [ "${edges:-0}" -ge 100 ] || { echo "fuzz: ${edges:-0} edges: coverage does not guide this" >&2; status=1; }
  grep -E '^#[0-9]+.*DONE|number_of_executed_units|peak_rss_mb' "$log" || true
  if [ "$status" -ne 0 ]; then
    tail -40 "$log" >&2
    echo "fuzz: $target FAILED; the input is in $findings" >&2
    exit 1
  fi
done
echo "fuzz: nothing found"
