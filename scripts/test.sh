#!/bin/sh
# test.sh [FILE...]: runs the tests as root, TAP on stdout unless a person watches. Without files it is all of them, those with
# real engines one after the other at the end, because an engine keeps two processors busy; --clients is those alone.
set -eu
cd "$(dirname "$0")/.."
reporter=tap
[ ! -t 1 ] || reporter=base

status=0
run() { scripts/as-root.sh tap --reporter="$reporter" "$@" || status=$?; }
clients() { run --jobs=1 test/clients/*.test.ts; }

case "$#:${1:-}" in
  0:*)
    # Names of tests have no blanks.
    run $(find packages/*/test test -name '*.test.ts' -not -path 'test/clients/*' | sort)
    clients
    ;;
  1:--clients) clients ;;
  *) run "$@" ;;
esac
if [ "$(id -u)" -ne 0 ]; then
  # What root wrote here goes back to whom the checkout belongs to.
  scripts/as-root.sh chown -R "$(stat -c %u:%g Makefile)" .tap build
fi
exit "$status"
