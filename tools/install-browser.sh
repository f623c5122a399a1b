#!/usr/bin/env bash
# Installs Debian's Chromium for the tests of pages, unless there is a browser already.
set -euo pipefail

if command -v chromium > /dev/null; then exit 0; fi
as_root=()
if [ "$(id -u)" != 0 ]; then as_root=(sudo); fi
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium fonts-dejavu-core
