#!/usr/bin/env bash
# Installs the packed program into an empty folder and runs the demo there.
# The argument is the tarball. Without an argument the script first packs the program.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

if [ $# -gt 0 ]; then
  tarball=$(realpath "$1")
else
  tarball=$folder/$(cd "$root" && npm pack --silent --pack-destination "$folder")
fi
cd "$folder"
npm init --yes >/dev/null
npm install --no-fund --no-audit --loglevel=error "$tarball"
export PATH="$root/node_modules/node/bin:$PATH"
node --version
npx --no-install cloud-sync demo
