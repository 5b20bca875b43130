#!/bin/sh
# run.sh NODE: the main job. A shell in a box at a terminal; without one, a look around; or the command in TSBOX_CMD.
set -eu
node=$1
checkout=$(cd "$(dirname "$0")/.." && pwd)
tsbox() {
  exec "$checkout/scripts/as-root.sh" "$node" -- "$checkout/packages/cli/dist/tsbox.cjs" "$@"
}

if [ -n "${TSBOX_CMD:-}" ]; then
  command=$TSBOX_CMD
  unset TSBOX_CMD
  tsbox run -- /bin/sh -c "$command"
elif [ -t 0 ] && [ -t 1 ]; then
  echo "A shell in a box of its own. \`exit\` leaves it, and nothing of it stays."
  tsbox run /bin/sh
else
  tsbox run -- /bin/sh -c "$(cat "$checkout/scripts/show-box.sh")"
fi
