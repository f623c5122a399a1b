#!/usr/bin/env bash
# Archives a simulated library, checks the archive and says what is in it. Needs no account.
# Usage: bash docs/examples/first-archive.sh [FOLDER]
set -euo pipefail

folder=${1:-first-archive}
mkdir -p "$folder"
# The trackers of real archives stay apart from this one.
export CLOUD_SYNC_HOME=$folder/home

# Job control gives the simulator a process group, so that npx and what it starts end together.
set -m
npx cloud-sync simulate gopro >"$folder/simulator.txt" &
simulator=$!
set +m
trap 'kill -- "-$simulator"' EXIT
until grep -q 'Ctrl-C' "$folder/simulator.txt"; do
  kill -0 "$simulator"
  sleep 0.1
done
# The simulator prints its address and its credentials as `export` lines.
eval "$(grep '^  export ' "$folder/simulator.txt")"

npx cloud-sync sync --provider gopro --to "$folder/archive"
npx cloud-sync verify --to "$folder/archive"
npx cloud-sync status --to "$folder/archive"
