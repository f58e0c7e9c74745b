#!/usr/bin/env bash
# Compares every architecture, from a file of every format, with PyTorch, and prints the table of
# Documentation/Checkpoints.md:
#   python Tests/Golden/checkpoints/make.py FOLDER --effnet06 DIR     makes the files (gigabytes; half an hour)
#   Scripts/compare-checkpoints.sh FOLDER
set -euo pipefail
folder=$(realpath "$1")
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
WHYFAKE_CHECKPOINTS=$folder swift test -c release --scratch-path .build-test --filter CheckpointFolderTests \
  >"$log" 2>&1 || status=$?
echo "| file | project | architecture | padding | size | logits | maps | blocks |"
echo "| --- | --- | --- | --- | --- | --- | --- | --- |"
grep '^| ' "$log" || true
grep -E '✘|error:|Test run with' "$log" >&2 || true
exit "$status"
