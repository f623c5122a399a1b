#!/usr/bin/env bash
# Packs the program, installs the tarball into an empty folder and runs it there, as somebody who never saw this repository would.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

tarball=$(cd "$root" && npm pack --silent --pack-destination "$folder")
cd "$folder"
npm init --yes >/dev/null
npm install --no-fund --no-audit --loglevel=error "./$tarball"
export PATH="$root/node_modules/node/bin:$PATH"
node --version
npx --no-install cloud-sync demo
