#!/usr/bin/env bash
# Installs what the package builds on, where it is missing (Debian and Ubuntu). Asks for root only if it must.
#   Scripts/install.sh           what the library and the tool need
#   Scripts/install.sh --tests   and what the tests use to make videos (ffmpeg)
#   Scripts/install.sh --survey  and what the user study's server keeps answers in (SQLite)
set -euo pipefail

packages=(libopenblas-dev libavcodec-dev libavformat-dev libavutil-dev libswscale-dev)
[ "${1:-}" = "--tests" ] && packages+=(ffmpeg)
[ "${1:-}" = "--survey" ] && packages+=(libsqlite3-dev)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  run=()
  [ "$(id -u)" -eq 0 ] || run=(sudo)
  "${run[@]}" apt-get update -qq
  "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

command -v swift >/dev/null || {
  echo "install.sh: no Swift toolchain found; get 6.2 or newer from https://www.swift.org/install" >&2
  exit 1
}
