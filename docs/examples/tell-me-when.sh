#!/usr/bin/env bash
# Archives without output. Prints something only if a file failed, the run could not work, or there
# is a warning, for example about old cookies.
# Usage: bash docs/examples/tell-me-when.sh ARCHIVE
set -euo pipefail

archive=$1
errors=$(mktemp)
trap 'rm "$errors"' EXIT
code=0
npx cloud-sync sync --provider gopro --to "$archive" --quiet 2>"$errors" || code=$?
case $code in
  0) cat "$errors" ;;
  1)
    echo 'Not everything could be archived as it should be:'
    npx cloud-sync list --to "$archive" --status failed,quarantined,missing,damaged,suspect
    npx cloud-sync list --to "$archive" --proof disputed
    ;;
  3) echo 'The cookies have expired. Sign in at gopro.com and run: npx cloud-sync login gopro' ;;
  4) echo 'Another run is at work; nothing to do.' ;;
  *) cat "$errors" ;;
esac
exit "$code"
