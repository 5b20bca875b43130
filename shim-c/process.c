/* The init process becomes what the plan says, and then the program. */
#include "sys.h"

#include <linux/capability.h>
#include <linux/keyctl.h>
#include <net/if.h>

#include "ops.h"
#include "shim.h"

int op_unshare(const struct op *op) {
    return unshare((int)op_field(op, UNSHARE_FLAGS).n);
}

int op_set_hostname(const struct op *op) {
    struct field name = op_field(op, SET_HOSTNAME_NAME);
    return sethostname(name.s, name.len);
}

int op_interface_up(const struct op *op) {
    struct ifreq request = {0};
    struct field name = op_field(op, INTERFACE_UP_NAME);
    errno = ENAMETOOLONG;
    if (name.len >= sizeof request.ifr_name) return -1;
    memcpy(request.ifr_name, name.s, name.len);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    int result = ioctl(fd, SIOCGIFFLAGS, &request);
    request.ifr_flags |= IFF_UP;
    if (result == 0) result = ioctl(fd, SIOCSIFFLAGS, &request);
    close_keeping_errno(fd);
    return result;
}

int op_set_rlimit(const struct op *op) {
    struct rlimit limit = {.rlim_cur = op_field(op, SET_RLIMIT_SOFT).n, .rlim_max = op_field(op, SET_RLIMIT_HARD).n};
    return setrlimit((int)op_field(op, SET_RLIMIT_RESOURCE).n, &limit);
}

/* Without a session of its own the box could push characters into the caller's terminal (TIOCSTI) and read the
   keys of the caller's session. */
int op_new_session(const struct op *op) {
    (void)op;
    if (setsid() < 0) return -1;
    long key = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0);
    return key < 0 && errno != ENOSYS ? -1 : 0;
}

/* The kernel answers a path outside the root with "(unreachable)": a descriptor of the host must not become the
   working directory. */
int op_change_dir(const struct op *op) {
    char path[4096];
    if (chdir(op_field(op, CHANGE_DIR_PATH).s)) return -1;
    if (syscall(SYS_getcwd, path, sizeof path) < 0) return -1;
    errno = EXDEV;
    return path[0] == '/' ? 0 : -1;
}

int op_set_umask(const struct op *op) {
    umask((mode_t)op_field(op, SET_UMASK_MASK).n);
    return 0;
}

int op_bound_caps(const struct op *op) {
    uint64_t keep = op_field(op, BOUND_CAPS_KEEP).n;
    for (int cap = 0; cap < 64; cap++) {
        /* EINVAL: past the last capability this kernel knows */
        if (!(keep >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) && errno != EINVAL) return -1;
    }
    return 0;
}

int op_set_ids(const struct op *op) {
    static gid_t groups[1024];
    uid_t uid = (uid_t)op_field(op, SET_IDS_UID).n;
    gid_t gid = (gid_t)op_field(op, SET_IDS_GID).n;
    struct field list = op_field(op, SET_IDS_GROUPS);
    errno = EINVAL;
    if (list.n > sizeof groups / sizeof groups[0]) return -1;
    memcpy(groups, list.p, list.len);
    /* Always called, also for no groups: the caller's own must not come along. */
    if (syscall(SYS_setgroups, list.n, groups)) return -1;
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)) return -1;
    if (syscall(SYS_setresgid, gid, gid, gid) || syscall(SYS_setresuid, uid, uid, uid)) return -1;
    die_with_supervisor(); /* another user's process does not keep what was asked for (prctl(2)) */
    return prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
}

/* Nothing is inheritable, so nothing can be ambient: a program of another user finds no rights to inherit. */
int op_set_caps(const struct op *op) {
    uint64_t permitted = op_field(op, SET_CAPS_PERMITTED).n;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {
        {.permitted = (uint32_t)permitted, .effective = (uint32_t)permitted},
        {.permitted = (uint32_t)(permitted >> 32), .effective = (uint32_t)(permitted >> 32)},
    };
    return (int)syscall(SYS_capset, &header, data);
}

int op_no_new_privs(const struct op *op) {
    (void)op;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* From here on no path can lead out through a descriptor of ours. The status pipe stays until exec; a pipe is no
   directory and no program. */
int op_close_fds(const struct op *op) {
    (void)op;
    struct stat st;
    for (int fd = 0; fd < 3; fd++) /* a directory of the host would be a way out */
        if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) return errno = EISDIR, -1;
    if (status_fd != 3 && dup3(status_fd, 3, O_CLOEXEC) < 0) return -1;
    status_fd = 3;
    return sys_close_range(4, ~0u, 0);
}

int op_exec(const struct op *op) {
    static const char *argv[MAX_STRINGS + 1], *env[MAX_STRINGS + 1];
    struct field paths = op_field(op, EXEC_PATHS);
    list_vector(op_field(op, EXEC_ARGV), argv);
    list_vector(op_field(op, EXEC_ENV), env);
    tell_op(RECORD_STARTED, op, 0); /* counts once the pipe ends without a failure */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int denied = 0;
    errno = ENOENT;
    for (; paths.n > 0; paths.n--) {
        execve(list_next(&paths), (char *const *)argv, (char *const *)env);
        if (errno == EACCES) denied = 1;
        else if (errno != ENOENT && errno != ENOTDIR) return -1;
    }
    if (denied) errno = EACCES;
    return -1;
}
