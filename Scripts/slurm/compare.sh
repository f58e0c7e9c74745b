#!/usr/bin/env bash
# Compares on many machines (Documentation/Compare.md), from a login node of a Slurm cluster:
#   Scripts/slurm/compare.sh N OUTPUT INPUT… [OPTION of whyfake compare]…
# A job array of N tasks writes OUTPUT/parts/1 to N; when all have ended, a last job joins them in OUTPUT. The same command
# again computes only what is missing. WHYFAKE names the tool (by default the one on the PATH, or else the one that was built
# here), WHYFAKE_SBATCH options for sbatch, such as "--cpus-per-task=4 --time=8:00:00".
set -euo pipefail

# part N PARTS WHYFAKE INPUT… [OPTION…]: what a task of the array runs.
part() {
  local count=$1 part=$2/$SLURM_ARRAY_TASK_ID whyfake=$3 status=0
  shift 3
  "$whyfake" compare --threads "${SLURM_CPUS_PER_TASK:-$SLURM_CPUS_ON_NODE}" "$@" \
    --shard "$SLURM_ARRAY_TASK_ID/$count" --output "$part" || status=$?
  echo "$status" >"$part.status"
  exit "$status"
}

# merge N PARTS WHYFAKE OUTPUT: what the last job runs. Its status is that of one run: 1 where something could not be read.
merge() {
  local count=$1 parts=$2 whyfake=$3 output=$4 status=0 missing=0 folders=()
  for ((i = 1; i <= count; i++)); do
    if ! [ -e "$parts/$i/comparison.json" ] || ! [ -e "$parts/$i.status" ]; then
      missing=$((missing + 1))
      echo "compare.sh: part $i of $count is missing; $parts/$i.log may say why" >&2
    elif [ "$(<"$parts/$i.status")" != 0 ]; then
      status=1
      echo "compare.sh: part $i of $count is there without what could not be read; see $parts/$i.log" >&2
    fi
    folders+=("$parts/$i")
  done
  if [ "$missing" != 0 ]; then
    echo "compare.sh: nothing was joined; the same command again computes what is missing" >&2
    exit 1
  fi
  "$whyfake" compare merge "${folders[@]}" --output "$output"
  exit "$status"
}

case ${1:-} in part | merge) "$@" ;; esac

if [ $# -lt 3 ] || ! [[ $1 =~ ^[1-9][0-9]*$ ]]; then
  echo "usage: $0 N OUTPUT INPUT… [OPTION of whyfake compare]…" >&2
  exit 64
fi
count=$1 output=$2 parts=$2/parts
shift 2
script=$(realpath "$0")
whyfake=${WHYFAKE:-$(command -v whyfake || echo "${script%/Scripts/*}/.build/release/whyfake")}
whyfake=$(realpath -m "$whyfake")
if ! [ -x "$whyfake" ]; then
  echo "compare.sh: there is no $whyfake; name the tool by WHYFAKE" >&2
  exit 1
fi

# What an earlier array wrote is no part of this one; its results stay.
mkdir -p "$parts"
rm -f "$parts"/*/comparison.json "$parts"/*.status

# submit LOG OPTION… SCRIPT ARGUMENT…: prints the job's number. In the name of a log, % is Slurm's own.
submit() {
  local log=${parts//%/%%}/$1 job
  shift
  # shellcheck disable=SC2086 # These are several options.
  job=$(sbatch --parsable ${WHYFAKE_SBATCH:-} --requeue --output="$log" "$@") || return
  echo "${job%%;*}"
}

array=$(submit %a.log --job-name=whyfake-compare --array="1-$count" "$script" part "$count" "$parts" "$whyfake" "$@")
echo "job $array: $count tasks that compare, with results and logs in $parts"
# After any end of the tasks, also a bad one: a broken video shall not keep the others from being joined.
last=$(submit merge.log --job-name=whyfake-merge --dependency="afterany:$array" --cpus-per-task=1 \
  "$script" merge "$count" "$parts" "$whyfake" "$output")
echo "job $last: joins them in $output, with its log in $parts"
