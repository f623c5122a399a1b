#!/usr/bin/env bash
# Synthesizes the three environments and has cfn-lint and checkov look at the templates. Needs Python 3.10 or newer; installs both into
# the repository's cache, not into the system.
set -euo pipefail
cd "$(dirname "$0")/.."

cfn_lint=1.58.0
checkov=3.3.0
tools=".cache/check-infra-$cfn_lint-$checkov"
# A Python environment cannot be moved, so a mark says that it is whole.
if [ ! -e "$tools/installed" ]; then
  echo "installing cfn-lint $cfn_lint and checkov $checkov" >&2
  python3 -m venv --clear "$tools"
  "$tools/bin/python" -m pip install --quiet --disable-pip-version-check "cfn-lint==$cfn_lint" "checkov==$checkov"
  touch "$tools/installed"
fi

templates=$(mktemp -d)
trap 'rm -rf "$templates"' EXIT
for environment in dev staging prod; do
  npx cdk synth --quiet --context "env=$environment" --output "$templates/$environment"
done
# W3005: CDK names a role among the dependencies of what refers to it anyway.
"$tools/bin/cfn-lint" --ignore-checks W3005 -- "$templates"/*/*.template.json
"$tools/bin/checkov" --config-file infra/checkov.yaml --directory "$templates" --framework cloudformation --compact --quiet --skip-download
echo 'cfn-lint and checkov have nothing to say.'
