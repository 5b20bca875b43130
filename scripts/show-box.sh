#!/bin/sh
# What a box sees and what it may use, told from inside it. Shell builtins only: a root may hold nothing else.

line() { printf '%-12s %s\n' "$1" "$2"; }
first() { [ -r "$1" ] && read -r REPLY <"$1"; }

# Prints words filled into lines of at most 90 columns under one label.
fill() {
  label=$1 text=
  shift
  for word; do
    if [ ${#text} -gt 0 ] && [ $((${#text} + ${#word})) -gt 76 ]; then
      line "$label" "$text"
      label= text=
    fi
    text="$text${text:+ }$word"
  done
  line "$label" "$text"
}

field() { # of /proc/self/status
  while read -r key value; do
    [ "$key" != "$1:" ] || { echo "$value"; break; }
  done </proc/self/status
}

limit() { # of /proc/self/limits: soft value
  while read -r row; do
    case $row in "$1 "*) set -- ${row#"$1"}; echo "$1"; break ;; esac
  done </proc/self/limits
}

cgroup() { # label, file on cgroup v2, file on v1
  for file in "/sys/fs/cgroup/$2" "/sys/fs/cgroup/$3"; do
    first "$file" || continue
    case $REPLY in
      max* | -1 | 9223372036854*) REPLY='no limit' ;;
      *????????) REPLY="$((REPLY >> 20)) MiB" ;;
    esac
    line "$1" "$REPLY"
    return
  done
  line "$1" "set outside, not visible from here"
}

echo "What this box sees"
first /proc/sys/kernel/hostname && line hostname "$REPLY"
first /proc/1/comm && line "pid 1" "$REPLY (this shell is pid $$)"
set -- /proc/[0-9]*
line processes "$#"
line user "uid $(field Uid | { read -r uid _; echo "$uid"; }), gid $(field Gid | { read -r gid _; echo "$gid"; })"
set -- /*
fill "root holds" "$@"
set --
while read -r _ _ _ _ target _ rest; do
  rest=${rest#*- }
  set -- "$@" "$target(${rest%% *})"
done </proc/self/mountinfo
fill mounts "$@"
set --
{
  read -r _ && read -r _
  while read -r name _; do set -- "$@" "${name%%:*}"; done
} </proc/net/dev
fill interfaces "${@:-none}"

echo "What it may use"
cgroup memory memory.max memory/memory.limit_in_bytes
cgroup pids pids.max pids/pids.max
cgroup cpu cpu.max cpu/cpu.cfs_quota_us
line "open files" "$(limit 'Max open files')"
line "core size" "$(limit 'Max core file size')"
line capabilities "$(field CapEff) (mask)"
line privileges "no_new_privs $(field NoNewPrivs), seccomp mode $(field Seccomp)"
