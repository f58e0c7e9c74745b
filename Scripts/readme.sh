#!/usr/bin/env bash
# Runs the README's own commands: `Scripts/readme.sh 1` runs its first shell block, and so on.
set -euo pipefail
cd "$(dirname "$0")/.."

block=$(awk -v n="$1" '/^```/ { if (inside) inside = 0; else if ($0 == "```sh" && ++k == n) { inside = 1; next } } inside' README.md)
[ -n "$block" ] || { echo "readme.sh: the README has no shell block $1" >&2; exit 1; }
echo "README, block $1:"
printf '%s\n' "$block" | sed 's/^/  /'
bash -euo pipefail -c "$block"
