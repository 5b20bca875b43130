/* The init process becomes what the plan says, and then the program. */
#include "sys.h"

#include <linux/capability.h>
#include <linux/keyctl.h>
#include <net/if.h>

#include "ops.h"
#include "shim.h"

int op_set_hostname(const struct op *op) {
    struct field name = op_field(op, SET_HOSTNAME_NAME);
    return sethostname(name.s, name.len);
}

int op_set_domainname(const struct op *op) {
    struct field name = op_field(op, SET_DOMAINNAME_NAME);
    return setdomainname(name.s, name.len);
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
    return sys_rlimit((int)op_field(op, SET_RLIMIT_RESOURCE).n, &limit, NULL);
}

/* What a keyring's owner may do by default, and find it by its name, so that who joins a container finds the one it has: its
   user's rights, those of who possesses it above them (keyctl(2)). */
#define FINDABLE (0x3f000000u | 0x00010000u | 0x00020000u | 0x00080000u | 0x00100000u)

/* Without a session of its own the box could push characters into the caller's terminal (TIOCSTI) and read the
   keys of the caller's session. */
int op_new_session(const struct op *op) {
    const char *keyring = op_field(op, NEW_SESSION_KEYRING).s;
    if (setsid() < 0) return -1;
    if (!keyring) return 0;
    long key = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, *keyring ? keyring : NULL, 0, 0, 0);
    if (key >= 0 && *keyring) (void)syscall(SYS_keyctl, KEYCTL_SETPERM, key, FINDABLE);
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
    if (op_field(op, SET_IDS_SET_GROUPS).n && syscall(SYS_setgroups, list.n, groups)) return -1;
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)) return -1;
    if (syscall(SYS_setresgid, gid, gid, gid) || syscall(SYS_setresuid, uid, uid, uid)) return -1;
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    die_with_supervisor(); /* another user's process does not keep what was asked for (prctl(2)) */
    return prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
}

int op_set_caps(const struct op *op) {
    uint64_t p = op_field(op, SET_CAPS_PERMITTED).n, e = op_field(op, SET_CAPS_EFFECTIVE).n;
    uint64_t i = op_field(op, SET_CAPS_INHERITABLE).n, ambient = op_field(op, SET_CAPS_AMBIENT).n;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {
        {.permitted = (uint32_t)p, .effective = (uint32_t)e, .inheritable = (uint32_t)i},
        {.permitted = (uint32_t)(p >> 32), .effective = (uint32_t)(e >> 32), .inheritable = (uint32_t)(i >> 32)},
    };
    if (syscall(SYS_capset, &header, data)) return -1;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)) return -1;
    for (int cap = 0; cap < 64; cap++)
        if (ambient >> cap & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0)) return -1;
    return 0;
}

int op_no_new_privs(const struct op *op) {
    (void)op;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* From here on no path can lead out through a descriptor of ours. The status pipe stays until exec, sockets that are
   kept for later (in rising order) too; those are no directories and no programs. */
int op_close_fds(const struct op *op) {
    struct stat st;
    int preserve = (int)op_field(op, CLOSE_FDS_PRESERVE).n, status = status_fd, link = box.link;
    for (int fd = 0; fd < 3; fd++) /* a directory of the host would be a way out */
        if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) return errno = EISDIR, -1;
    /* Ours make room for those that come. */
    int far = slot_fd(MAX_SLOTS);
    if (preserve && ((status = fcntl(status, F_DUPFD, far)) < 0 || (link = fcntl(link, F_DUPFD, far)) < 0)) return -1;
    status_fd = status;
    for (int i = 0; i < preserve; i++)
        if (dup2(slot_fd(PRESERVED_SLOT) + i, 3 + i) < 0) return -1;
    if (status_fd != 3 + preserve && dup3(status_fd, 3 + preserve, O_CLOEXEC) < 0) return -1;
    status_fd = 3 + preserve;
    struct field keep = op_field(op, CLOSE_FDS_KEEP);
    unsigned first = (unsigned)status_fd + 1;
    /* Whoever waits for a later step needs the way to the supervisor too, until it has gone. */
    if (keep.n && (box.link = dup3(link, (int)first++, O_CLOEXEC)) < 0) return -1;
    for (uint64_t i = 0; i < keep.n; i++) {
        uint32_t slot;
        memcpy(&slot, keep.p + 4 * i, 4);
        unsigned fd = (unsigned)slot_fd(slot);
        if (fd > first && sys_close_range(first, fd - 1, 0)) return -1;
        first = fd + 1;
    }
    return sys_close_range(first, ~0u, 0);
}

int op_personality(const struct op *op) {
    return syscall(SYS_personality, op_field(op, PERSONALITY_PERSONA).n) < 0 ? -1 : 0;
}

int op_set_scheduler(const struct op *op) {
    return (int)syscall(SYS_sched_setattr, 0, op_field(op, SET_SCHEDULER_SETTINGS).p, 0);
}

int op_set_io_priority(const struct op *op) {
    return (int)syscall(SYS_ioprio_set, 1, 0, op_field(op, SET_IO_PRIORITY_PRIORITY).n);
}

int op_set_affinity(const struct op *op) {
    struct field mask = op_field(op, SET_AFFINITY_PROCESSORS);
    return (int)syscall(SYS_sched_setaffinity, 0, mask.len, mask.p);
}

/* As exec would find it, for the user that is to run it. */
int op_find_program(const struct op *op) {
    struct field paths = op_field(op, FIND_PROGRAM_PATHS);
    int cause = ENOENT;
    for (struct stat st; paths.n > 0; paths.n--) {
        const char *path = list_next(&paths);
        bool there = stat(path, &st) == 0;
        if (there && S_ISREG(st.st_mode) && access(path, X_OK) == 0) return 0;
        if (there || errno == EACCES) cause = EACCES;
        else if (errno != ENOENT && errno != ENOTDIR) return -1;
    }
    return errno = cause, -1;
}

static char home[512]; /* HOME=..., once it was looked for */

/* Fields of a line are parted by colons; number n, or NULL when there are fewer. */
static const char *field_of(const char *line, int n) {
    for (; n > 0 && *line != '\n' && *line; line++) n -= *line == ':';
    return n == 0 ? line : NULL;
}

/* passwd(5): the third field is the user's number, the sixth the home. A root without such a file, or with one that is no
   file, has "/" as everybody's. */
int op_find_home(const struct op *op) {
    static char text[65536];
    struct stat st;
    memcpy(home, "HOME=/", 7);
    int fd = open("/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    ssize_t length = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read(fd, text, sizeof text - 1) : 0;
    if (fd >= 0) close(fd);
    for (const char *line = length > 0 ? text : NULL; line && *line; line = strchr(line, '\n'), line += line != NULL) {
        const char *uid = field_of(line, 2), *path = field_of(line, 5);
        size_t size = path ? strcspn(path, ":\n") : 0;
        if (!uid || *uid < '0' || *uid > '9' || parse_number(uid, 10) != op_field(op, FIND_HOME_UID).n) continue;
        if (size == 0 || size > sizeof home - 6) break;
        memcpy(home + 5, path, size);
        home[5 + size] = 0;
        break;
    }
    return 0;
}

static void add_home(const char **env, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        if (strncmp(env[i], "HOME=", 5) == 0) return;
    env[count] = *home ? home : NULL;
    env[count + 1] = NULL;
}

/* Signals as they are for a program that changes none. */
void signals_by_default(void) {
    sigset_t none;
    sigemptyset(&none);
    sys_signal(SIGPIPE, 0);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

int op_exec(const struct op *op) {
    static const char *argv[MAX_STRINGS + 1], *env[MAX_STRINGS + 2];
    struct field paths = op_field(op, EXEC_PATHS), environment = op_field(op, EXEC_ENV);
    list_vector(op_field(op, EXEC_ARGV), argv);
    list_vector(environment, env);
    add_home(env, environment.n);
    tell_op(RECORD_STARTED, op, 0); /* counts once the pipe ends without a failure */
    signals_by_default();
    if (filter_apply(true)) return -1;
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
