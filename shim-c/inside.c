/* Paths inside the root. Everything below it is hostile: each name is resolved by openat2 relative to the root's
   descriptor, so links lead inside the root or nowhere. */
#include "sys.h"

#include "ops.h"

/* Missing parents and dangling links together; the kernel follows 40 links. */
#define MAX_DEPTH 64

#define NAME_SIZE 256
#define PATH_SIZE 4096
#define MODE(op, name) ((mode_t)op_field(op, name##_MODE).n)

/* Splits path into its last component and what is before it, "." when that is the root itself. */
static int split(const char *path, char parent[PATH_SIZE], char name[NAME_SIZE]) {
    size_t end = strnlen(path, PATH_SIZE - 1);
    while (end > 0 && path[end - 1] == '/') end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/') start--;
    errno = end == start ? EINVAL : ENAMETOOLONG;
    if (end == start || end - start >= NAME_SIZE) return -1;
    memcpy(name, path + start, end - start);
    name[end - start] = 0;
    while (start > 0 && path[start - 1] == '/') start--;
    if (start == 0) memcpy(parent, ".", 2);
    else {
        memcpy(parent, path, start);
        parent[start] = 0;
    }
    return 0;
}

static int make_one(int parent, const char *name, bool directory) {
    if (directory) return mkdirat(parent, name, 0755);
    int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd >= 0) close(fd);
    return fd < 0 ? -1 : 0;
}

/* A link that leads nowhere stands where something is to be made: continue at its target, inside the root. */
static int follow_dangling(int parent, const char *name, const char *parent_path, char path[PATH_SIZE]) {
    char target[PATH_SIZE];
    ssize_t length = readlinkat(parent, name, target, sizeof target);
    if (length <= 0) return -1;
    size_t prefix = target[0] == '/' ? 0 : strlen(parent_path);
    errno = ENAMETOOLONG;
    if (prefix + 1 + (size_t)length >= PATH_SIZE) return -1;
    memcpy(path, parent_path, prefix);
    path[prefix] = '/';
    memcpy(path + prefix + 1, target, (size_t)length);
    path[prefix + 1 + (size_t)length] = 0;
    return 0;
}

/* Makes path and every missing directory above it. Depth is bounded by links and by the path's own length. */
static int make_inside(int root, const char *wanted, bool directory, uint64_t resolve, int depth) {
    char path[PATH_SIZE], parent_path[PATH_SIZE], name[NAME_SIZE];
    errno = ELOOP;
    if (depth > MAX_DEPTH || split(wanted, parent_path, name)) return -1;
    int parent = sys_open_in_root(root, parent_path, O_PATH | O_DIRECTORY, resolve);
    if (parent < 0 && errno == ENOENT && make_inside(root, parent_path, true, resolve, depth + 1) == 0)
        parent = sys_open_in_root(root, parent_path, O_PATH | O_DIRECTORY, resolve);
    if (parent < 0) return -1;
    int result = make_one(parent, name, directory);
    if (result && errno == EEXIST) {
        result = resolve & RESOLVE_NO_SYMLINKS ? 1 : follow_dangling(parent, name, parent_path, path);
        if (result == 0) result = make_inside(root, path, directory, resolve, depth + 1);
        else if (result > 0 || errno == EINVAL) result = 0; /* another box made it meanwhile; if not, opening it tells */
    }
    close_keeping_errno(parent);
    return result;
}

int open_inside(int root, const char *path, uint64_t make, uint64_t resolve) {
    int fd = sys_open_in_root(root, path, O_PATH, resolve);
    if (fd >= 0 || errno != ENOENT || make == 0) return fd;
    if (make_inside(root, path, make == 1, resolve, 0)) return -1;
    return sys_open_in_root(root, path, O_PATH, resolve);
}

static int write_new(int parent, const char *name, const struct op *op) {
    struct field data = op_field(op, MAKE_FILE_DATA);
    int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE(op, MAKE_FILE));
    if (fd < 0) return -1;
    int result = write_whole(fd, data.p, data.len);
    close_keeping_errno(fd);
    return result;
}

static int new_link(int parent, const char *name, const char *target) {
    if (symlinkat(target, parent, name) == 0) return 0;
    return errno != EEXIST || unlinkat(parent, name, 0) || symlinkat(target, parent, name) ? -1 : 0;
}

/* A root without a /dev of its own may bring the node along, and then keeps its owner and mode. */
static int new_node(int parent, const char *name, const struct op *op) {
    struct stat st;
    mode_t mode = MODE(op, MAKE_NODE);
    dev_t device = makedev(op_field(op, MAKE_NODE_MAJOR).n, op_field(op, MAKE_NODE_MINOR).n);
    uid_t uid = (uid_t)op_field(op, MAKE_NODE_UID).n;
    gid_t gid = (gid_t)op_field(op, MAKE_NODE_GID).n;
    if (mknodat(parent, name, mode, device) == 0) return fchownat(parent, name, uid, gid, AT_SYMLINK_NOFOLLOW);
    bool same = errno == EEXIST && fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                (st.st_mode & S_IFMT) == (mode & S_IFMT) && (S_ISFIFO(mode) || st.st_rdev == device);
    return same ? 0 : -1;
}

static int make_entry(int parent, const char *name, const struct op *op) {
    switch (op->code) {
    case OP_MAKE_DIR: return mkdirat(parent, name, MODE(op, MAKE_DIR)) && errno != EEXIST ? -1 : 0;
    case OP_MAKE_FILE: return write_new(parent, name, op);
    case OP_MAKE_LINK: return new_link(parent, name, op_field(op, MAKE_LINK_TARGET).s);
    default: return new_node(parent, name, op);
    }
}

/* Each of the four names a root and a path first: the entry's directory is opened, or made, inside the root. */
_Static_assert((int)MAKE_FILE_PATH == 1 && (int)MAKE_NODE_PATH == 1 && (int)MAKE_LINK_PATH == 1, "as MAKE_DIR_PATH");

static int make(const struct op *op) {
    char directory[PATH_SIZE], name[NAME_SIZE];
    if (split(op_field(op, MAKE_DIR_PATH).s, directory, name)) return -1;
    int parent = open_inside(slot_fd(op_field(op, MAKE_DIR_ROOT).n), directory, 1, 0);
    if (parent < 0) return -1;
    int result = make_entry(parent, name, op);
    close_keeping_errno(parent);
    return result;
}

int op_open_inside(const struct op *op) {
    uint64_t resolve = op_field(op, OPEN_INSIDE_NOFOLLOW).n ? RESOLVE_NO_SYMLINKS : 0;
    return slot_keep(op_field(op, OPEN_INSIDE_SLOT).n,
                     open_inside(slot_fd(op_field(op, OPEN_INSIDE_ROOT).n), op_field(op, OPEN_INSIDE_PATH).s,
                                 op_field(op, OPEN_INSIDE_MAKE).n, resolve));
}

int op_make_dir(const struct op *op) { return make(op); }
int op_make_file(const struct op *op) { return make(op); }
int op_make_node(const struct op *op) { return make(op); }
int op_make_link(const struct op *op) { return make(op); }
