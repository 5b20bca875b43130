#!/bin/sh
# Process 1 of the virtual machine, second half: a Debian userland as systemd would leave it (cgroup v2 only,
# a shared root, lo up), then the command, with its output and exit status on ports of their own.
# Ports: 1 stdout, 2 stderr, 3 events (`start`, then `exit N`).

out=/dev/vport0p1
err=/dev/vport0p2
events=/dev/vport0p3

mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts -o nosuid,noexec,gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs /dev/shm
mount -t mqueue -o nosuid,nodev,noexec mqueue /dev/mqueue
ln -sf /proc/self/fd /dev/fd
ln -sf fd/0 /dev/stdin
ln -sf fd/1 /dev/stdout
ln -sf fd/2 /dev/stderr

# The command stands in a leaf, so that controllers can be enabled for the root's children.
mount -t cgroup2 -o nosuid,nodev,noexec,nsdelegate,memory_recursiveprot cgroup2 /sys/fs/cgroup
mkdir /sys/fs/cgroup/init
echo 1 >/sys/fs/cgroup/init/cgroup.procs

mount --make-rshared /
hostname tsbox-vm
ip link set lo up
ulimit -Hn 524288
modprobe -a overlay veth bridge nf_tables

exec 3>"$events"
mkfifo /run/vm/out /run/vm/err
cat /run/vm/out >$out 3>&- &
relays=$!
cat /run/vm/err >$err 3>&- &
relays="$relays $!"

echo start >&3
read -r checkout </run/vm/checkout
setsid env -i HOME=/root USER=root LOGNAME=root SHELL=/bin/bash LANG=C.UTF-8 TERM=dumb CI=true \
  NPM_CONFIG_UPDATE_NOTIFIER=false NPM_CONFIG_OFFLINE=true TSBOX_TEST_VM=1 \
  PATH="$checkout/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
  sh /run/vm/command.sh </dev/null >/run/vm/out 2>/run/vm/err 3>&- &
wait $!
status=$?

# A process the command left behind may hold its output open: it is named, and not waited for.
(
  sleep 5
  touch /run/vm/held
  kill $relays
) 3>&- &
wait $relays
if [ -e /run/vm/held ]; then
  { echo "vm: processes left behind hold the command's output open:"
    ps -N -p 1,2 --ppid 2 -o pid,ppid,args
  } >$err 2>&1
fi

echo "exit $status" >&3
echo b >/proc/sysrq-trigger
sleep 60
