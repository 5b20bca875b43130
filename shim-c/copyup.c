/* What a directory of the root holds, copied into the empty file system that will lie over it. The directory is hostile and
   others may be writing in it: every name is opened below the one before, no link is followed. */
#include "sys.h"

#include <sys/sendfile.h>

#include "ops.h"

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define MAX_DEPTH 64

static int copy_all(int from, int to, int depth);

static int copy_directory(int from, int to, const char *name, int depth) {
    if (mkdirat(to, name, 0700)) return -1;
    int source = openat(from, name, DIR_FLAGS), target = openat(to, name, DIR_FLAGS);
    int result = source < 0 || target < 0 ? -1 : copy_all(source, target, depth + 1);
    if (source >= 0) close_keeping_errno(source);
    if (target >= 0) close_keeping_errno(target);
    return result;
}

static int copy_file(int from, int to, const char *name) {
    struct stat st;
    int source = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int target = source < 0 ? -1 : openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ssize_t n = target < 0 || fstat(source, &st) || !S_ISREG(st.st_mode) ? -1 : 1;
    while (n > 0) n = sendfile(target, source, NULL, 1 << 30);
    if (source >= 0) close_keeping_errno(source);
    if (target >= 0) close_keeping_errno(target);
    return n < 0 ? -1 : 0;
}

static int copy_link(int from, int to, const char *name) {
    char target[PATH_MAX];
    ssize_t length = readlinkat(from, name, target, sizeof target - 1);
    if (length < 0) return -1;
    target[length] = 0;
    return symlinkat(target, to, name);
}

static int copy_entry(int from, int to, const char *name, int depth) {
    struct stat st;
    if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW)) return -1;
    int result = S_ISDIR(st.st_mode)   ? copy_directory(from, to, name, depth)
                 : S_ISREG(st.st_mode) ? copy_file(from, to, name)
                 : S_ISLNK(st.st_mode) ? copy_link(from, to, name)
                                       : mknodat(to, name, st.st_mode, st.st_rdev);
    if (result || fchownat(to, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW)) return -1;
    if (!S_ISLNK(st.st_mode) && fchmodat(to, name, st.st_mode & 07777, 0)) return -1;
    return utimensat(to, name, (struct timespec[]){st.st_atim, st.st_mtim}, AT_SYMLINK_NOFOLLOW);
}

static int copy_all(int from, int to, int depth) {
    _Alignas(8) char entries[2048];
    errno = ELOOP;
    if (depth > MAX_DEPTH) return -1;
    long n;
    while ((n = syscall(SYS_getdents64, from, entries, sizeof entries)) > 0) {
        for (long at = 0; at < n; at += ((const struct dirent *)(entries + at))->d_reclen) {
            const char *name = ((const struct dirent *)(entries + at))->d_name;
            if (!strcmp(name, ".") || !strcmp(name, "..")) continue;
            if (copy_entry(from, to, name, depth)) return -1;
        }
    }
    return n < 0 ? -1 : 0;
}

int op_copy_up(const struct op *op) {
    struct stat st;
    int from = openat(slot_fd(op_field(op, COPY_UP_FROM).n), ".", DIR_FLAGS);
    int to = from < 0 ? -1 : openat(slot_fd(op_field(op, COPY_UP_TO).n), ".", DIR_FLAGS);
    int result = to < 0 ? -1 : copy_all(from, to, 0);
    if (result == 0 && fstat(from, &st) == 0) result = fchown(to, st.st_uid, st.st_gid) || fchmod(to, st.st_mode & 01777);
    if (from >= 0) close_keeping_errno(from);
    if (to >= 0) close_keeping_errno(to);
    return result;
}
