#!/bin/sh
# Prints the Node every make target uses: the system's when it is new enough to run TypeScript and to replace
# itself with another program, else the one that `npm ci` puts into this checkout.
here=$(cd "$(dirname "$0")/.." && pwd)
ours=$here/node_modules/node/bin/node

# The search leaves out the checkout's own directories: inside an npm script they come first in PATH.
IFS=:
for dir in $PATH; do
  case $dir in "$here"/* | '') continue ;; esac
  [ -x "$dir/node" ] || continue
  version=$("$dir/node" --version 2>/dev/null) || continue
  version=${version#v}
  major=${version%%.*}
  minor=${version#*.}
  minor=${minor%%.*}
  if [ "$major" -gt 22 ] || { [ "$major" -eq 22 ] && [ "$minor" -ge 18 ]; }; then
    echo "$dir/node"
    exit 0
  fi
  break
done
echo "$ours"
