#!/bin/sh
# Runs its arguments as root: directly, or through sudo with the caller's PATH (sudo's own may lack our Node).
[ "$(id -u)" -ne 0 ] || exec "$@"
if command -v sudo >/dev/null 2>&1; then
  exec sudo -- env "PATH=$PATH" "$@"
fi
echo "this needs root and sudo is not installed; as root, run: $*" >&2
exit 1
