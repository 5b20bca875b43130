/** mountinfo texts of the kinds of host there are, with other file systems around the cgroup ones. */
const AROUND = `22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
23 22 0:21 / /sys rw,nosuid,nodev,noexec,relatime shared:2 - sysfs sysfs rw
24 22 0:22 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw
`

export const V2 = `${AROUND}30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
31 23 0:27 / /sys/fs/bpf rw,nosuid shared:5 - bpf bpf rw,mode=700
`
export const V2_CONTROLLERS = 'cpuset cpu io memory hugetlb pids rdma misc\n'

export const V1 = `${AROUND}25 23 0:23 / /sys/fs/cgroup ro,nosuid,nodev,noexec shared:9 - tmpfs tmpfs ro,mode=755
26 25 0:24 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:10 - cgroup cgroup rw,cpu,cpuacct
27 25 0:25 / /sys/fs/cgroup/memory rw,nosuid shared:11 - cgroup cgroup rw,memory
28 25 0:26 / /sys/fs/cgroup/pids rw,nosuid shared:13 - cgroup cgroup rw,pids
29 25 0:27 / /sys/fs/cgroup/blkio rw,nosuid shared:14 - cgroup cgroup rw,blkio
30 25 0:28 / /sys/fs/cgroup/freezer rw,nosuid shared:15 - cgroup cgroup rw,freezer
31 25 0:29 / /sys/fs/cgroup/cpuset rw,nosuid shared:16 - cgroup cgroup rw,cpuset
32 25 0:30 / /sys/fs/cgroup/hugetlb rw,nosuid shared:17 - cgroup cgroup rw,hugetlb
33 25 0:31 / /sys/fs/cgroup/net_cls,net_prio rw,nosuid shared:18 - cgroup cgroup rw,net_cls,net_prio
`

export const HYBRID = `${V1}34 25 0:32 / /sys/fs/cgroup/systemd rw,nosuid shared:19 - cgroup cgroup rw,xattr,name=systemd
35 25 0:33 / /sys/fs/cgroup/unified rw,nosuid shared:20 - cgroup2 cgroup2 rw,nsdelegate
`

export const NONE = AROUND
