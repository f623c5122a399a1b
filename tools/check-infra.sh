#!/usr/bin/env bash
# Synthesizes the three environments and checks the templates with cfn-lint and checkov.
# Needs Python 3.10 or newer. Installs both tools into the repository's cache, not into the system.
set -euo pipefail
cd "$(dirname "$0")/.."

cfn_lint=1.58.0
checkov=3.3.0
tools=".cache/check-infra-$cfn_lint-$checkov"
# A Python environment cannot be moved, so it is made in place. `installed` marks it as complete.
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
# W3005 is off: CDK also lists a role as a dependency of each resource that refers to the role.
"$tools/bin/cfn-lint" --ignore-checks W3005 -- "$templates"/*/*.template.json
"$tools/bin/checkov" --config-file infra/checkov.yaml --directory "$templates" --framework cloudformation --compact --quiet --skip-download
echo 'cfn-lint and checkov found no problems.'
