# The first program of a machine of its own (machine.ts): it has its namespaces already and makes its file systems.
# In the environment: HIERARCHIES, a line "TYPE OPTIONS PLACE" for each cgroup tree; LEAF; HOST_NAME; RUNTIME.
set -eu

mount --make-rprivate /
hostname "$HOST_NAME"
ip link set lo up

# /run first: sockets, network namespaces and state of every engine lie there.
mount -t tmpfs -o mode=755 run /run
mkdir -m 1777 /run/tmp /run/lock
mkdir -p /run/home /run/machine/dev

# Writes to these stay in the machine.
for dir in /etc /var /opt /usr/local/bin; do
  upper=/run/machine$dir/upper work=/run/machine$dir/work
  mkdir -p "$upper" "$work"
  mount -t overlay -o "lowerdir=$dir,upperdir=$upper,workdir=$work" overlay "$dir"
done
# An overlay cannot be the upper layer of another one, and these hold the layers of images.
for dir in docker containerd containers cni; do
  mkdir -p "/var/lib/$dir"
  mount -t tmpfs -o mode=711 "$dir" "/var/lib/$dir"
done
mount -t tmpfs -o mode=755 home /home
rm -rf /etc/cni/net.d/*
ln -sfn "$RUNTIME" /usr/local/bin/tsbox

# Devices: what an engine or runtime does wrong to /dev/null is done to a copy.
dev=/run/machine/dev
mount -t tmpfs -o mode=755 dev "$dev"
for node in 'null 1 3' 'zero 1 5' 'full 1 7' 'random 1 8' 'urandom 1 9' 'tty 5 0' 'fuse 10 229' 'net/tun 10 200'; do
  set -- $node
  mkdir -p "$dev/${1%/*}" 2>/dev/null || true
  rm -rf "$dev/$1" 2>/dev/null || true
  mknod -m 666 "$dev/$1" c "$2" "$3"
done
mkdir "$dev/pts" "$dev/shm" "$dev/mqueue"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$dev/pts"
mount -t tmpfs -o mode=1777 shm "$dev/shm"
mount -t mqueue mqueue "$dev/mqueue"
ln -s pts/ptmx "$dev/ptmx"
ln -s /proc/self/fd "$dev/fd"
umount -R -l /dev
mount --rbind "$dev" /dev

# /sys shows the machine's network, and cgroup trees whose top is the machine's group.
umount -R -l /sys
mount -t sysfs sysfs /sys
flat=$(echo "$HIERARCHIES" | grep -c ' /sys/fs/cgroup$' || true)
[ "$flat" -gt 0 ] || mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
echo "$HIERARCHIES" | while read -r type options place; do
  mkdir -p "$place"
  [ "$options" = - ] && options=rw
  mount -t "$type" -o "$options" cgroup "$place"
  [ "$type" = cgroup2 ] || continue
  mkdir "$place/$LEAF"
  for pid in 1 $$; do echo "$pid" >"$place/$LEAF/cgroup.procs"; done
done

# As on a host whose init is systemd: mounts are shared, here among the machine's own namespaces only.
mount --make-rshared /
unset HIERARCHIES LEAF HOST_NAME RUNTIME
echo ready
# The end of standard input is the end of the machine: it comes when its owner stops it, or dies.
exec cat >/dev/null
