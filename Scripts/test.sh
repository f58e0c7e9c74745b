#!/usr/bin/env bash
# Runs all tests in release and says how many were skipped and why. Arguments go to `swift test`.
# WHYFAKE_TEST_DATA names a folder of videos and face crops that some tests need; without it they are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

Scripts/install.sh --tests
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
swift test -c release --scratch-path .build-test "$@" 2>&1 | tee "$log" || status=$?
if grep -q 'warning:' "$log"; then
  echo "test: there are warnings" >&2
  status=1
fi
skipped=$(grep -E '(Test|Suite) .* skipped(:|\.|$)' "$log" || true)
if [ -n "$skipped" ]; then
  echo "test: $(printf '%s\n' "$skipped" | wc -l) SKIPPED:"
  printf '%s\n' "$skipped"
else
  echo "test: none skipped"
fi
exit "$status"
