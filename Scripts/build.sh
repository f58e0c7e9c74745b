#!/usr/bin/env bash
# Builds everything from nothing, and the benchmarks; a warning or an import of an undeclared dependency fails.
set -euo pipefail
cd "$(dirname "$0")/.."

scratch=.build-gate
log=$(mktemp)
trap 'rm -rf "$log" "$scratch"' EXIT
rm -rf "$scratch"
swift build -c release --scratch-path "$scratch" --explicit-target-dependency-import-check error 2>&1 | tee "$log"
swift build -c release --package-path Benchmarks 2>&1 | tee -a "$log"
if grep -n 'warning:' "$log"; then
  echo "build: there are warnings" >&2
  exit 1
fi
echo "build: no warnings"
