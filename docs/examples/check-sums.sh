#!/usr/bin/env bash
# Archives new files with a SHA-256 checksum each, and checks all checksums without Cloud Sync.
# Usage: bash docs/examples/check-sums.sh ARCHIVE
set -euo pipefail

archive=$1
npx cloud-sync sync --provider gopro --to "$archive" --hash sha256
cd "$archive"
sha256sum --check --quiet .cloud-sync/SHA256SUMS
echo "All $(wc -l <.cloud-sync/SHA256SUMS) checksums are right."
