#!/bin/busybox sh
# Process 1 of the virtual machine, first half: reach the disks, then hand over to run.sh on them.
set -e
bb=/bin/busybox
root=/newroot

trap '$bb echo "guest-init.sh: line $LINENO failed" >/dev/console; $bb reboot -f' EXIT

$bb mount -t devtmpfs devtmpfs /dev
while read -r module; do
  $bb insmod "$module"
done </vm/modules

tries=100
until [ -b /dev/vda ] && [ -b /dev/vdb ] && [ -c /dev/vport0p3 ]; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ]
  $bb sleep 0.05
done

$bb mount -t ext4 /dev/vda $root
$bb mount -t tmpfs -o mode=1777,size=75% tmpfs $root/tmp
$bb mount -t tmpfs -o mode=755,nosuid,nodev tmpfs $root/run
$bb mkdir -p $root/run/vm $root/run/lock
$bb cp /vm/* $root/run/vm/

# The checkout keeps the path it has on the host; its dependencies come with the userland, which is made once.
read -r checkout </vm/checkout
$bb mkdir -p "$root$checkout"
$bb mount -t ext4 /dev/vdb "$root$checkout"
$bb mkdir -p "$root$checkout/node_modules"
$bb mount -o bind $root/opt/node_modules "$root$checkout/node_modules"

$bb mount -o move /dev $root/dev
trap - EXIT
exec $bb switch_root $root /bin/sh /run/vm/run.sh
