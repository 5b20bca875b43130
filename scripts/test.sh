#!/bin/sh
# test.sh [FILE...]: runs the tests as root, TAP on stdout unless a person watches.
set -eu
cd "$(dirname "$0")/.."
reporter=tap
[ ! -t 1 ] || reporter=base

status=0
scripts/as-root.sh tap --reporter="$reporter" "$@" || status=$?
if [ "$(id -u)" -ne 0 ]; then
  # What root wrote here goes back to whom the checkout belongs to.
  scripts/as-root.sh chown -R "$(stat -c %u:%g Makefile)" .tap build
fi
exit "$status"
