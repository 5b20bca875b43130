/* System calls and constants that the C library may lack. Kernel numbers only: no policy, no state. */
#ifndef TSBOX_SYS_H
#define TSBOX_SYS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* In-root resolution: absolute links and ".." stay below dir, /proc's magic links are refused. The kernel answers EAGAIN
   when anything on the machine was renamed or mounted while it looked at a ".."; a bounded number of times we ask again. */
static inline int sys_open_in_root(int dir, const char *path, uint64_t flags, uint64_t resolve) {
    struct open_how how = {
        .flags = flags | O_CLOEXEC,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve,
    };
    for (long fd, left = 1000;; left--)
        if ((fd = syscall(SYS_openat2, dir, path, &how, sizeof how)) >= 0 || errno != EAGAIN || left == 0) return (int)fd;
}

/* Strictly below dir, no links and no other mounts on the way: for the kernel's own control files. */
static inline int sys_open_beneath(int dir, const char *path, uint64_t flags) {
    struct open_how how = {
        .flags = flags | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
    };
    return (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
}

static inline int sys_open_tree(int dir, const char *path, unsigned flags) {
    return (int)syscall(SYS_open_tree, dir, path, flags | OPEN_TREE_CLOEXEC | OPEN_TREE_CLONE);
}

/* Both ends are descriptors, so nothing is resolved again between the check and the mount. */
static inline int sys_move_mount(int mount, int target) {
    return (int)syscall(SYS_move_mount, mount, "", target, "",
                        MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static inline int sys_mount_setattr(int mount, int recursive, struct mount_attr attr) {
    unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
    return (int)syscall(SYS_mount_setattr, mount, "", flags, &attr, sizeof attr);
}

static inline int sys_close_range(unsigned first, unsigned last, unsigned flags) {
    return (int)syscall(SYS_close_range, first, last, flags);
}

static inline int sys_pidfd_send_signal(int pidfd, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

/* _exit would try for ever where a filter refuses to let us go. */
static inline _Noreturn void leave(int status) {
    syscall(SYS_exit_group, status);
    __builtin_trap();
}

/* The kernel's own form: the C library keeps some signals to itself. 0 is the default, 1 is to ignore. */
static inline void sys_signal(int number, unsigned long handler) {
    unsigned long action[4] = {handler};
    (void)syscall(SYS_rt_sigaction, number, action, NULL, 8);
}

/* The kernel's own form: the C library would stop threads that we do not have. */
static inline int sys_rlimit(int resource, const struct rlimit *new, struct rlimit *old) {
    return (int)syscall(SYS_prlimit64, 0, resource, new, old);
}

/* A control file takes its value in one write, so a short one is an error. Every signal is blocked wherever this
   runs, so none interrupts it. */
static inline int write_whole(int fd, const void *data, size_t length) {
    ssize_t n = write(fd, data, length);
    if (n >= 0 && (size_t)n != length) errno = EIO;
    return n >= 0 && (size_t)n == length ? 0 : -1;
}

static inline void close_keeping_errno(int fd) {
    int saved = errno;
    close(fd);
    errno = saved;
}

#endif
