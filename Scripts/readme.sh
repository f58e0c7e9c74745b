#!/usr/bin/env bash
# Runs a document's own commands: `Scripts/readme.sh 1` runs the first shell block of the README, `Scripts/readme.sh 2 FILE` the
# second one of FILE.
set -euo pipefail
cd "$(dirname "$0")/.."

file=${2:-README.md}
block=$(awk -v n="$1" '/^```/ { if (inside) inside = 0; else if ($0 == "```sh" && ++k == n) { inside = 1; next } } inside' "$file")
[ -n "$block" ] || { echo "readme.sh: $file has no shell block $1" >&2; exit 1; }
echo "$file, block $1:"
printf '%s\n' "$block" | sed 's/^/  /'
bash -euo pipefail -c "$block"
