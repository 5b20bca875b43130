#!/bin/sh
# Brings node_modules to what package-lock.json says, and makes sure that a usable Node is there.
set -eu
cd "$(dirname "$0")/.."

for tool in node npm; do
  command -v "$tool" >/dev/null 2>&1 || {
    echo "tsbox needs Node 20 or newer with npm to set itself up; $tool was not found" >&2
    exit 1
  }
done

if [ -f node_modules/.package-lock.json ] && node scripts/npm-is-current.cjs; then
  echo "node_modules is what package-lock.json says"
else
  echo "npm ci"
  # A system Node older than our engines field is expected here: it only runs npm.
  npm ci --include=dev --no-audit --no-fund --loglevel=error
fi

node=$(scripts/find-node.sh)
if ! "$node" --version >/dev/null 2>&1; then
  # npm was told not to run install scripts, so the package `node` has not fetched its binary yet.
  echo "fetching Node from the npm package node"
  (cd node_modules/node && node installArchSpecificPackage.js >/dev/null) || true
fi
"$node" --version >/dev/null 2>&1 || {
  echo "no Node 22.18 or newer: the system's is $(node --version) and the npm package 'node' could not be" \
    "installed; allow its install script (npm rebuild node) or install a newer Node" >&2
  exit 1
}
touch node_modules/.package-lock.json
