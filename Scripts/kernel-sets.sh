#!/usr/bin/env bash
# Runs the tests once more for each kernel set that the CPU has besides the best one, which `test.sh` runs with.
set -euo pipefail
cd "$(dirname "$0")/.."

sets=()
case $(uname -m) in
  x86_64)
    if grep -qw avx512vl /proc/cpuinfo; then sets+=(avx2); fi
    if grep -qw avx2 /proc/cpuinfo; then sets+=(portable); fi
    ;;
esac
for set in "${sets[@]}"; do
  echo "kernel set $set"
  WHYFAKE_KERNELS=$set Scripts/test.sh --filter 'TensorTests|DetectorTests|FaceCropTests|VideoIOTests|ExplainersTests|TrainingTests|WhyFakeTests'
done
echo "kernel sets: ${#sets[@]} besides the best one"
