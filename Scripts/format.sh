#!/usr/bin/env bash
# Checks formatting and documentation comments; `Scripts/format.sh --fix` formats in place.
set -euo pipefail
cd "$(dirname "$0")/.."

places=(Package.swift Sources Tests Examples Fuzzing/Package.swift Fuzzing/Sources Benchmarks/Package.swift
  Benchmarks/Sources)
if [ "${1:-}" = "--fix" ]; then
  swift format --in-place --recursive --parallel "${places[@]}"
else
  swift format lint --strict --recursive --parallel "${places[@]}"
  echo "format: clean"
fi
