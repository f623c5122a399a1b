#!/usr/bin/env bash
# Installs the servers for `npm run test:s3` and `npm run test:aws`, if they are missing. They go
# into the repository's cache, not into the system. The arguments name the servers. Default: both.
set -euo pipefail
cache="$(cd "$(dirname "$0")/.." && pwd)/.cache/s3-servers"
versitygw=1.8.0
ministack=1.5.33

# need COMMAND PURPOSE: fails with a message if the machine lacks the command.
need() {
  command -v "$1" >/dev/null && return
  echo "These tests need $2, but \"$1\" is not on the PATH of this machine." >&2
  exit 1
}

# Builds in another folder and moves the program to its place when the program is complete.
install_versitygw() {
  local target="$cache/versitygw-$versitygw/versitygw"
  [ -x "$target" ] && return
  need go 'Go 1.25 or newer to build versitygw'
  echo "building versitygw $versitygw (a minute or two)" >&2
  local building
  building=$(mktemp -d "$cache/building.XXXXXX")
  if ! GOBIN="$building" go install "github.com/versity/versitygw/cmd/versitygw@v$versitygw"; then
    rm -rf "$building"
    echo "Building versitygw $versitygw failed. The messages of go are above." >&2
    exit 1
  fi
  mkdir -p "$(dirname "$target")"
  mv "$building/versitygw" "$target"
  rmdir "$building"
}

# A Python environment cannot be moved, so it is made in place. `installed` marks it as complete.
install_ministack() {
  local target="$cache/ministack-$ministack"
  [ -e "$target/installed" ] && return
  need python3 'Python 3.10 or newer to run MiniStack'
  echo "installing ministack $ministack" >&2
  if ! python3 -m venv --clear "$target"; then
    echo 'Python cannot create a virtual environment. On Debian and Ubuntu, install the package python3-venv.' >&2
    exit 1
  fi
  "$target/bin/python" -m pip install --quiet --disable-pip-version-check "ministack==$ministack"
  touch "$target/installed"
}

mkdir -p "$cache"
[ $# -gt 0 ] || set -- versitygw ministack
for server in "$@"; do
  case $server in
    versitygw) install_versitygw ;;
    ministack) install_ministack ;;
    *)
      echo "unknown server: $server" >&2
      exit 2
      ;;
  esac
done
