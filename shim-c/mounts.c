/* Mounts, all by descriptor: a mount is made detached, given its attributes, and attached at a place that was
   resolved inside the root and pinned. No path is resolved twice. */
#include "sys.h"

#include <sys/vfs.h>

#include "ops.h"

#define PROC_MAGIC 0x9fa0

int op_set_propagation(const struct op *op) {
    return mount(NULL, op_field(op, SET_PROPAGATION_PATH).s, NULL, op_field(op, SET_PROPAGATION_FLAGS).n, NULL);
}

int op_mount_overlay(const struct op *op) {
    const char *target = op_field(op, MOUNT_OVERLAY_TARGET).s;
    unsigned long flags = op_field(op, MOUNT_OVERLAY_FLAGS).n;
    if (mount("overlay", target, "overlay", flags, op_field(op, MOUNT_OVERLAY_OPTIONS).s)) return -1;
    return slot_keep(op_field(op, MOUNT_OVERLAY_SLOT).n, open(target, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static int configure(int fs, unsigned cmd, const char *key, const char *value) {
    return (int)syscall(SYS_fsconfig, fs, cmd, key, value, 0);
}

static int new_mount(const char *type, struct field options, unsigned attributes) {
    int result = 0, fs = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
    if (fs < 0) return -1;
    for (; result == 0 && options.n >= 2; options.n -= 2) {
        const char *key = list_next(&options), *value = list_next(&options);
        result = *value ? configure(fs, FSCONFIG_SET_STRING, key, value) : configure(fs, FSCONFIG_SET_FLAG, key, NULL);
    }
    if (result == 0) result = configure(fs, FSCONFIG_CMD_CREATE, NULL, NULL);
    if (result == 0) result = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes);
    close_keeping_errno(fs);
    return result;
}

int op_fs_mount(const struct op *op) {
    int mount = new_mount(op_field(op, FS_MOUNT_TYPE).s, op_field(op, FS_MOUNT_OPTIONS),
                          (unsigned)op_field(op, FS_MOUNT_ATTRIBUTES).n);
    return slot_keep(op_field(op, FS_MOUNT_SLOT).n, mount);
}

int op_open_tree(const struct op *op) {
    unsigned flags = op_field(op, OPEN_TREE_RECURSIVE).n ? AT_RECURSIVE : 0;
    int from = slot_fd(op_field(op, OPEN_TREE_FROM).n);
    return slot_keep(op_field(op, OPEN_TREE_SLOT).n, sys_open_tree(from, op_field(op, OPEN_TREE_PATH).s, flags));
}

int op_set_mount_attributes(const struct op *op) {
    return sys_mount_setattr(slot_fd(op_field(op, SET_MOUNT_ATTRIBUTES_MOUNT).n),
                             op_field(op, SET_MOUNT_ATTRIBUTES_RECURSIVE).n != 0,
                             (struct mount_attr){.attr_set = op_field(op, SET_MOUNT_ATTRIBUTES_SET).n,
                                                 .attr_clr = op_field(op, SET_MOUNT_ATTRIBUTES_CLEAR).n});
}

int op_set_mount_propagation(const struct op *op) {
    return sys_mount_setattr(slot_fd(op_field(op, SET_MOUNT_PROPAGATION_MOUNT).n),
                             op_field(op, SET_MOUNT_PROPAGATION_RECURSIVE).n != 0,
                             (struct mount_attr){.propagation = op_field(op, SET_MOUNT_PROPAGATION_PROPAGATION).n});
}

int op_map_owners(const struct op *op) {
    return sys_mount_setattr(slot_fd(op_field(op, MAP_OWNERS_MOUNT).n), op_field(op, MAP_OWNERS_RECURSIVE).n != 0,
                             (struct mount_attr){.attr_set = MOUNT_ATTR_IDMAP,
                                                 .userns_fd = (uint64_t)slot_fd(op_field(op, MAP_OWNERS_NAMESPACE).n)});
}

/* A directory is mounted on a directory, anything else on a file. */
static uint64_t kind_of(int mount) {
    struct stat st;
    return fstat(mount, &st) || S_ISDIR(st.st_mode) ? 1 : 2;
}

/* A link of the root's must not lead a mount to where the kernel tells of processes and is told their labels (CVE-2019-16884). */
static bool is_proc(int target) {
    struct statfs fs;
    return fstatfs(target, &fs) == 0 && fs.f_type == PROC_MAGIC;
}

int op_attach(const struct op *op) {
    int mount = slot_fd(op_field(op, ATTACH_MOUNT).n);
    uint64_t make = op_field(op, ATTACH_MAKE).n, resolve = op_field(op, ATTACH_NOFOLLOW).n ? RESOLVE_NO_SYMLINKS : 0;
    int target = open_inside(slot_fd(op_field(op, ATTACH_ROOT).n), op_field(op, ATTACH_TARGET).s,
                             make == 3 ? kind_of(mount) : make, resolve);
    if (target < 0) return -1;
    errno = EPERM;
    int result = !resolve && is_proc(target) ? -1 : sys_move_mount(mount, target);
    close_keeping_errno(target);
    return result;
}

/* The box's own null device, checked: a mask made of anything else would be a way in, not a cover. */
static int clone_null(int dev) {
    struct stat st;
    int null = openat(dev, "null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (null < 0) return -1;
    bool checked = fstat(null, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
    errno = ENODEV;
    int copy = checked ? sys_open_tree(null, "", AT_EMPTY_PATH) : -1;
    close_keeping_errno(null);
    return copy;
}

static int empty_directory(void) {
    static const uint8_t options[] = "\x0a\0\0\0nr_inodes\0\x02\0\0\0" "1\0\x05\0\0\0size\0\x02\0\0\0" "1";
    return new_mount("tmpfs", (struct field){.n = 4, .p = options},
                     MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

/* Something empty of the same kind. */
static int empty_cover(const struct op *op, int target) {
    struct stat st;
    if (fstat(target, &st)) return -1;
    return S_ISDIR(st.st_mode) ? empty_directory() : clone_null(slot_fd(op_field(op, MASK_DEV).n));
}

/* The same again, read-only. */
static int read_only_copy(const struct op *op, int target) {
    (void)op;
    int copy = sys_open_tree(target, "", AT_EMPTY_PATH | AT_RECURSIVE);
    if (copy < 0 || sys_mount_setattr(copy, 1, (struct mount_attr){.attr_set = MOUNT_ATTR_RDONLY}) == 0) return copy;
    close_keeping_errno(copy);
    return -1;
}

/* Puts a mount over a path of the root; a path this kernel does not have is no error. */
static int cover(const struct op *op, int (*make)(const struct op *op, int target)) {
    int target = sys_open_in_root(slot_fd(op_field(op, MASK_ROOT).n), op_field(op, MASK_PATH).s, O_PATH, 0);
    if (target < 0) return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
    int mount = make(op, target), result = mount < 0 ? -1 : sys_move_mount(mount, target);
    if (mount >= 0) close_keeping_errno(mount);
    close_keeping_errno(target);
    return result;
}

_Static_assert((int)PROTECT_ROOT == MASK_ROOT && (int)PROTECT_PATH == MASK_PATH, "root and path come first");

int op_mask(const struct op *op) {
    return cover(op, empty_cover);
}

int op_protect(const struct op *op) {
    return cover(op, read_only_copy);
}

/* The old root is stacked below the new one and detached, so no name and no descriptor of ours leads back. */
int op_pivot_root(const struct op *op) {
    if (fchdir(slot_fd(op_field(op, PIVOT_ROOT_ROOT).n)) || syscall(SYS_pivot_root, ".", ".")) return -1;
    return umount2(".", MNT_DETACH) ? -1 : chdir("/");
}

/* On an initial ramfs, which pivot_root(2) does not take. */
int op_move_root(const struct op *op) {
    int root = slot_fd(op_field(op, MOVE_ROOT_ROOT).n);
    if (fchdir(root) || mount(".", "/", NULL, MS_MOVE, NULL)) return -1;
    return chroot(".") ? -1 : chdir("/");
}
