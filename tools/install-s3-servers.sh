#!/usr/bin/env bash
# Installs the servers that `npm run test:s3` and `npm run test:aws` run against: into the repository's cache, not into the system, and only what is
# not there yet. Arguments: the servers to install; default both.
set -euo pipefail
cache="$(cd "$(dirname "$0")/.." && pwd)/.cache/s3-servers"
versitygw=1.8.0
ministack=1.5.33

# need COMMAND WHAT-FOR
need() {
  command -v "$1" >/dev/null && return
  echo "These tests need $2, and there is no \"$1\" on this machine's PATH." >&2
  exit 1
}

# A program is moved to its place when it is whole, so what is there can be relied on.
install_versitygw() {
  local target="$cache/versitygw-$versitygw/versitygw"
  [ -x "$target" ] && return
  need go 'Go 1.25 or newer, to build versitygw from its source'
  echo "building versitygw $versitygw (a minute or two)" >&2
  local building
  building=$(mktemp -d "$cache/building.XXXXXX")
  if ! GOBIN="$building" go install "github.com/versity/versitygw/cmd/versitygw@v$versitygw"; then
    rm -rf "$building"
    echo "versitygw $versitygw could not be built; go said why above." >&2
    exit 1
  fi
  mkdir -p "$(dirname "$target")"
  mv "$building/versitygw" "$target"
  rmdir "$building"
}

# A Python environment cannot be moved, so a mark says that it is whole.
install_ministack() {
  local target="$cache/ministack-$ministack"
  [ -e "$target/installed" ] && return
  need python3 'Python 3.10 or newer, to run MiniStack'
  echo "installing ministack $ministack" >&2
  if ! python3 -m venv --clear "$target"; then
    echo 'Python cannot make a virtual environment here; on Debian and Ubuntu that takes the package python3-venv.' >&2
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
