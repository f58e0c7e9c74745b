#!/usr/bin/env bash
# Builds and runs a package that imports ours beside swift-metrics.
set -euo pipefail
cd "$(dirname "$0")/../Tests/ClientPackage"
swift run -c release Client
