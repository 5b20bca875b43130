#!/bin/sh
# setup.sh PURPOSE: installs the Debian packages of scripts/debian-packages.txt that PURPOSE needs and that are
# missing. Asks nothing, needs no terminal, and touches apt only when something is missing.
set -eu
purpose=$1
here=$(cd "$(dirname "$0")" && pwd)

# Prints "name|why|purposes" for every package of this purpose.
listed() {
  sed -n 's/[[:space:]]*#[[:space:]]*/|/g; /^[a-z0-9]/p' "$here/debian-packages.txt" |
    while IFS='|' read -r name why purposes; do
      case " $purposes " in *" $purpose "*) echo "$name|$why|$purposes" ;; esac
    done
}

installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
  echo "not a Debian system: no packages are installed; for '$purpose' tsbox expects:"
  listed | while IFS='|' read -r name why _; do echo "  $name ($why)"; done
  exit 0
fi

can_install() {
  [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null 2>&1
}

apt() {
  "$here/as-root.sh" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

failed=
updated=
list=$(listed)
while IFS='|' read -r name why purposes; do
  if [ -z "$name" ] || installed "$name"; then continue; fi
  if can_install; then
    echo "installing Debian package $name ($why)"
    if [ -z "$updated" ]; then
      apt update || echo "apt-get update failed; trying with the package lists at hand" >&2
      updated=yes
    fi
    if apt install -y --no-install-recommends "$name" >/dev/null; then continue; fi
  else
    echo "Debian package $name ($why) is missing, and installing it needs root or sudo" >&2
  fi
  case " $purposes " in
    *" optional "*) echo "going on without $name" >&2 ;;
    *) failed="$failed $name" ;;
  esac
done <<END
$list
END

if [ -n "$failed" ]; then
  echo "could not install:$failed. As root, run: apt-get install --no-install-recommends$failed" >&2
  exit 1
fi
