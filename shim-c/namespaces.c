/* Namespaces and processes that exist already, and the maps of user namespaces. */
#include "sys.h"

#include "ops.h"
#include "shim.h"

int op_unshare(const struct op *op) {
    return unshare((int)op_field(op, UNSHARE_FLAGS).n);
}

int op_join_namespaces(const struct op *op) {
    return setns(slot_fd(op_field(op, JOIN_NAMESPACES_FROM).n), (int)op_field(op, JOIN_NAMESPACES_FLAGS).n);
}

/* Held first and looked at then: while it is held its number is given to no other. */
int op_open_process(const struct op *op) {
    char line[PROC_TEXT];
    pid_t pid = (pid_t)op_field(op, OPEN_PROCESS_PID).n;
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0) return -1;
    if (!read_proc(pid, "/stat", line) || start_time(line) != op_field(op, OPEN_PROCESS_STARTED).n)
        return close(pidfd), errno = ESRCH, -1;
    return slot_keep(op_field(op, OPEN_PROCESS_SLOT).n, pidfd);
}

int op_send_signal(const struct op *op) {
    return sys_pidfd_send_signal(slot_fd(op_field(op, SEND_SIGNAL_PROCESS).n), (int)op_field(op, SEND_SIGNAL_SIGNAL).n);
}

static int write_map(pid_t pid, const char *name, struct field text) {
    int fd = open_proc(pid, name, O_WRONLY);
    if (fd < 0) return -1;
    int result = write_whole(fd, text.s, text.len);
    close_keeping_errno(fd);
    return result;
}

int op_map_ids(const struct op *op) {
    static const struct field deny = {.s = "deny", .len = 4};
    if (!op_field(op, MAP_IDS_SET_GROUPS).n && write_map(box.pid, "/setgroups", deny)) return -1;
    if (write_map(box.pid, "/uid_map", op_field(op, MAP_IDS_USERS))) return -1;
    return write_map(box.pid, "/gid_map", op_field(op, MAP_IDS_GROUPS));
}

/* A user namespace lives as long as a process in it or a descriptor of it: a child makes it and waits until we have it open. */
int op_make_user_namespace(const struct op *op) {
    int hold[2], none;
    if (pipe2(hold, O_CLOEXEC)) return -1;
    struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0) {
        close(hold[1]);
        (void)!read(hold[0], &none, 1);
        _exit(0);
    }
    close_keeping_errno(hold[0]);
    int fd = -1;
    if (pid > 0 && write_map(pid, "/uid_map", op_field(op, MAKE_USER_NAMESPACE_USERS)) == 0 &&
        write_map(pid, "/gid_map", op_field(op, MAKE_USER_NAMESPACE_GROUPS)) == 0)
        fd = open_proc(pid, "/ns/user", O_RDONLY);
    close_keeping_errno(hold[1]);
    int cause = errno;
    if (pid > 0) (void)waitpid(pid, NULL, 0);
    return errno = cause, slot_keep(op_field(op, MAKE_USER_NAMESPACE_SLOT).n, fd);
}

/* The pid namespace that was unshared is that of our children: one of them is its init. It is the supervisor's child, as
   we were, and we end. */
int op_fork(const struct op *op) {
    struct clone_args args = {.flags = CLONE_PARENT};
    (void)op;
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (pid > 0) {
        tell((struct record){.kind = RECORD_CLONED, .value = pid});
        _exit(0);
    }
    if (pid == 0) die_with_supervisor();
    return pid < 0 ? -1 : 0;
}
