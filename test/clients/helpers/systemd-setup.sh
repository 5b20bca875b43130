# Makes systemd the first process of a pid namespace, with cgroup trees of its own, in a machine of these tests (machine.ts).
# In the environment: HIERARCHIES, a line "TYPE OPTIONS PLACE" for each cgroup tree.
set -eu

units=/run/units
mkdir -p "$units/default.target.wants"
printf '[Unit]\nDefaultDependencies=no\n' >"$units/default.target"
printf '[Unit]\nDefaultDependencies=no\n[Socket]\nListenStream=/run/dbus/system_bus_socket\n' >"$units/dbus.socket"
cat >"$units/dbus.service" <<EOF
[Unit]
DefaultDependencies=no
Requires=dbus.socket
[Service]
ExecStart=$(command -v dbus-daemon) --system --address=systemd: --nofork --nopidfile --systemd-activation
EOF
ln -sf ../dbus.service "$units/default.target.wants/"

# Nothing else may be in the groups that systemd manages: unshare(1) stays where it is.
cat >/run/units/first.sh <<'EOF'
set -eu
echo "$HIERARCHIES" | while read -r type options place; do
  mkdir "$place/systemd"
  if [ "$type" = cgroup2 ]; then
    sed 's/\([a-z_]\+\)/+\1/g' "$place/cgroup.controllers" >"$place/cgroup.subtree_control"
    echo $$ >"$place/systemd/cgroup.procs"
    continue
  fi
  for file in cpuset.cpus cpuset.mems; do
    [ ! -e "$place/$file" ] || cat "$place/$file" >"$place/systemd/$file"
  done
  echo $$ >"$place/systemd/tasks"
done
exec unshare --mount --cgroup sh /run/units/second.sh
EOF

# Mounted anew from inside their cgroup namespace, the trees have systemd's own groups at their top.
cat >/run/units/second.sh <<'EOF'
set -eu
echo "$HIERARCHIES" | while read -r type options place; do
  umount "$place"
  [ "$options" = - ] && options=rw
  mount -t "$type" -o "$options" cgroup "$place"
done
unset HIERARCHIES
exec /lib/systemd/systemd --system --unit=default.target --log-target=console
EOF
export container=other SYSTEMD_UNIT_PATH=/run/units:/run/systemd/transient
exec unshare --mount --pid --fork --mount-proc --kill-child sh /run/units/first.sh
