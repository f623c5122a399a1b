#!/usr/bin/env bash
# Installs DynamoDB Local, which the tracker's tests in `npm run test:aws:more` run against, from Maven into the repository's
# cache, if it is not there yet.
set -euo pipefail
version=2.6.1
here="$(cd "$(dirname "$0")" && pwd)"
target="$here/../../../.cache/dynamodb-local-$version"
[ -e "$target/installed" ] && exit

for command in java mvn; do
  command -v "$command" >/dev/null && continue
  echo "npm run test:aws:more needs Java 17 and Maven for DynamoDB Local, and there is no \"$command\" on this machine's PATH." >&2
  exit 1
done

echo "installing DynamoDB Local $version" >&2
mkdir -p "$target"
cat >"$target/pom.xml" <<POM
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>cloud-sync</groupId>
  <artifactId>dynamodb-local</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>com.amazonaws</groupId>
      <artifactId>DynamoDBLocal</artifactId>
      <version>$version</version>
    </dependency>
  </dependencies>
</project>
POM
mvn --quiet --batch-mode --file "$target/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$target/lib" >&2
javac -cp "$target/lib/*" -d "$target/classes" "$here/DynamoLocal.java"
touch "$target/installed"
