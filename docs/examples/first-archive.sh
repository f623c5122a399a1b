#!/usr/bin/env bash
# Archives a simulated library, verifies the archive and shows its status. You need no account.
# Usage: bash docs/examples/first-archive.sh [FOLDER]
set -euo pipefail

folder=${1:-first-archive}
mkdir -p "$folder"
# With a separate home, this archive stays apart from your real archives.
export CLOUD_SYNC_HOME=$folder/home

# Job control (set -m) gives the simulator a process group, so that kill ends npx and its children.
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
