/* Cgroups are made, emptied and removed here so that this happens even when nobody is left to ask for it. */
#include "sys.h"

#include "ops.h"
#include "shim.h"

/* Of groups that were made on the way to a box's: the last box in one removes it. The bit means nothing in a cgroup, and nobody
   else sets it; it comes with the directory, so that no kill finds one without. */
#define PARENT_MODE 01755
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static int write_file(int dir, const char *name, const char *data, size_t length) {
    int fd = openat(dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return -1;
    int result = write_whole(fd, data, length);
    close_keeping_errno(fd);
    return result;
}

static ssize_t read_file(int dir, const char *name, char *text, size_t size) {
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return -1;
    ssize_t length = read(fd, text, size);
    close_keeping_errno(fd);
    return length;
}

/* v1 cpuset: a new group has no CPUs and no memory nodes, and nothing can join it until it has. */
static int inherit(int parent, int child, struct field files) {
    while (files.n-- > 0) {
        char text[1024];
        const char *name = list_next(&files);
        ssize_t length = read_file(child, name, text, sizeof text);
        if (length > 1) continue;
        length = read_file(parent, name, text, sizeof text);
        if (length < 0 || write_file(child, name, text, (size_t)length)) return -1;
    }
    return 0;
}

/* Copies the next component of a path to name; false at the end. */
static bool next_component(const char **path, char name[256]) {
    while (**path == '/') ++*path;
    size_t length = strcspn(*path, "/");
    if (length == 0 || length > 255) return false;
    memcpy(name, *path, length);
    name[length] = 0;
    *path += length;
    return true;
}

/* Every process listed in a group gets a signal, or none with 0; returns how many there were. */
static int kill_listed(int dir, int signal_number) {
    char text[512];
    long pid = 0;
    int killed = 0, fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    for (ssize_t n; fd >= 0 && (n = read(fd, text, sizeof text)) > 0;) {
        for (ssize_t i = 0; i < n; i++) {
            if (text[i] != '\n') {
                pid = pid * 10 + (text[i] - '0');
                continue;
            }
            /* 0 is a process of a pid namespace that cannot be seen from here; kill(0) would hit ourselves. */
            if (pid > 0) (void)kill((pid_t)pid, signal_number);
            killed++;
            pid = 0;
        }
    }
    if (fd >= 0) close(fd);
    return killed;
}

/* From the mount down to the new group. The group itself must not exist; its parents may come and go with other
   boxes, so ENOENT means: begin again. */
static int make_path(const struct op *op) {
    const char *path = op_field(op, MAKE_CGROUP_PATH).s;
    struct field enable = op_field(op, MAKE_CGROUP_ENABLE);
    char name[256];
    int dir = open(op_field(op, MAKE_CGROUP_MOUNT).s, DIR_FLAGS);
    while (dir >= 0 && next_component(&path, name)) {
        int child = -1;
        bool last = path[strspn(path, "/")] == 0;
        bool ready = !enable.s || write_file(dir, "cgroup.subtree_control", enable.s, enable.len) == 0;
        if (ready && (mkdirat(dir, name, last ? 0755 : PARENT_MODE) == 0 ||
                      (errno == EEXIST && (!last || op_field(op, MAKE_CGROUP_REUSE).n))))
            child = openat(dir, name, DIR_FLAGS);
        if (child >= 0 && last && op_field(op, MAKE_CGROUP_REUSE).n < 2 && kill_listed(child, 0) > 0) {
            close(child);
            child = -1;
            errno = EEXIST;
        }
        if (child >= 0 && inherit(dir, child, op_field(op, MAKE_CGROUP_INHERIT))) {
            close_keeping_errno(child);
            child = -1;
        }
        close_keeping_errno(dir);
        dir = child;
    }
    return dir;
}

int op_make_cgroup(const struct op *op) {
    int dir = -1;
    shared->made[op->index] = 1; /* before it is true: a kill in between must find it marked */
    for (int attempt = 0; attempt < 100; attempt++) {
        dir = make_path(op);
        if (dir >= 0 || (errno != ENOENT && errno != ENODEV)) break;
    }
    if (dir < 0 && (errno == EEXIST || errno == EROFS)) shared->made[op->index] = 0;
    return slot_keep(op_field(op, MAKE_CGROUP_SLOT).n, dir);
}

/* Whether a group to be killed or removed is one this plan made: what was there before is not ours to touch. */
static bool is_ours(const char *mount, const char *path) {
    if (shared->all) return true;
    for (uint32_t i = 0; i < the_plan.count[OUTER]; i++) {
        const struct op *op = &the_plan.ops[the_plan.first[OUTER] + i];
        if (op->code == OP_MAKE_CGROUP && shared->made[op->index] &&
            strcmp(op_field(op, MAKE_CGROUP_MOUNT).s, mount) == 0 &&
            strcmp(op_field(op, MAKE_CGROUP_PATH).s, path) == 0)
            return true;
    }
    return false;
}

/* Kills what is in the groups inside dir, or removes them; returns how many processes there were. Their names are the
   box's own choice, so links are never followed. */
static int sweep(int dir, bool remove) {
    _Alignas(8) char entries[512]; /* a box may nest groups thousands deep */
    int total = remove ? 0 : kill_listed(dir, SIGKILL), list = openat(dir, ".", DIR_FLAGS);
    for (long n; list >= 0 && (n = syscall(SYS_getdents64, list, entries, sizeof entries)) > 0;) {
        for (long at = 0; at < n; at += ((const struct dirent *)(entries + at))->d_reclen) {
            const struct dirent *entry = (const struct dirent *)(entries + at);
            if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
            int child = openat(dir, entry->d_name, DIR_FLAGS);
            if (child < 0) continue;
            total += sweep(child, remove);
            close(child);
            if (remove) (void)unlinkat(dir, entry->d_name, AT_REMOVEDIR);
        }
    }
    if (list >= 0) close(list);
    return total;
}

static int open_group(const char *mount, const char *path) {
    int root = open(mount, DIR_FLAGS), dir = openat(root, path + strspn(path, "/"), DIR_FLAGS);
    if (root >= 0) close_keeping_errno(root);
    return dir;
}

int op_kill_cgroup(const struct op *op) {
    const char *mount = op_field(op, KILL_CGROUP_MOUNT).s, *path = op_field(op, KILL_CGROUP_PATH).s;
    if (!is_ours(mount, path)) return 0;
    int dir = open_group(mount, path);
    if (dir < 0) return errno == ENOENT ? 0 : -1;
    /* Linux 5.14 kills a whole v2 group at once; elsewhere a loop must outrun the forks, which the pids limit and
       the death of init bound. */
    (void)write_file(dir, "cgroup.kill", "1", 1);
    int left = 1;
    for (int attempt = 0; attempt < 5000 && left > 0; attempt++) {
        left = sweep(dir, false);
        if (left > 0) usleep(attempt < 20 ? 1000 : 2000);
    }
    close(dir);
    errno = EBUSY;
    return left > 0 ? -1 : 0;
}

/* A killed process leaves its group a moment after it can be waited for, and v1 memory groups linger: EBUSY. */
static int remove_patiently(int parent, const char *name) {
    for (int attempt = 0; attempt < 2500; attempt++) {
        int dir = openat(parent, name, DIR_FLAGS);
        if (dir >= 0) {
            (void)sweep(dir, true);
            close(dir);
        }
        if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
        if (errno != EBUSY && errno != ENOTEMPTY) return -1;
        usleep(attempt < 20 ? 1000 : 2000);
    }
    return -1;
}

static bool is_parent_of_ours(int parent) {
    struct stat st;
    return fstat(parent, &st) == 0 && (st.st_mode & 07777) == PARENT_MODE;
}

int op_remove_cgroup(const struct op *op) {
    char path[4096] = ".";
    struct field wanted = op_field(op, REMOVE_CGROUP_PATH);
    if (!is_ours(op_field(op, REMOVE_CGROUP_MOUNT).s, wanted.s)) return 0;
    errno = ENAMETOOLONG;
    if (wanted.len + 2 > sizeof path) return -1;
    memcpy(path + 1, wanted.s, wanted.len + 1);
    int root = open(op_field(op, REMOVE_CGROUP_MOUNT).s, DIR_FLAGS);
    if (root < 0) return -1;
    int result = remove_patiently(root, path);
    for (char *slash; result == 0 && (slash = strrchr(path, '/')) && slash > path + 1;) {
        *slash = 0;
        int parent = openat(root, path, DIR_FLAGS);
        if (parent < 0 && errno == ENOENT) continue; /* we came to an end before it was made */
        bool ours = parent >= 0 && is_parent_of_ours(parent);
        if (parent >= 0) close(parent);
        if (!ours || unlinkat(root, path, AT_REMOVEDIR)) break; /* or other boxes live there */
    }
    close_keeping_errno(root);
    return result;
}
