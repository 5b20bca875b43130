/* Where those who make, run and start a box meet: supervisor and init on a socket of their own, whoever starts it
   later at a gate with a name. */
#include "sys.h"

#include <stddef.h>
#include <sys/un.h>

#include "ops.h"
#include "shim.h"

/* The name of a socket holds 107 bytes, the path of a state directory more: what is open is named by its number. */
static socklen_t name_socket(struct sockaddr_un *address, int fd, const char *name) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX, .sun_path = "/proc/self/fd/"};
    size_t length = strlen(address->sun_path);
    length += put_decimal(address->sun_path + length, (uint64_t)fd);
    if (name) {
        size_t more = strnlen(name, 32);
        address->sun_path[length++] = '/';
        memcpy(address->sun_path + length, name, more);
        length += more;
    }
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
}

int op_listen(const struct op *op) {
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    socklen_t length = name_socket(&address, slot_fd(op_field(op, LISTEN_DIR).n), op_field(op, LISTEN_NAME).s);
    umask(0177);
    int result = bind(fd, (struct sockaddr *)&address, length);
    umask(0);
    if (result == 0) result = listen(fd, 8);
    if (result == 0) return slot_keep(op_field(op, LISTEN_SLOT).n, fd);
    close_keeping_errno(fd);
    return -1;
}

int connect_to(int dir, const char *path) {
    struct sockaddr_un address;
    int file = openat(dir, path, O_PATH | O_CLOEXEC);
    if (file < 0) return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result = fd < 0 ? -1 : connect(fd, (struct sockaddr *)&address, name_socket(&address, file, NULL));
    close_keeping_errno(file);
    if (result == 0 || fd < 0) return fd;
    close_keeping_errno(fd);
    return -1;
}

int op_connect(const struct op *op) {
    return slot_keep(op_field(op, CONNECT_SLOT).n, connect_to(AT_FDCWD, op_field(op, CONNECT_PATH).s));
}

/* The supervisor hears what init tells while it waits; an init that ends has told why. */
static int hear_until_met(void) {
    char byte;
    for (;;) {
        struct pollfd fds[] = {{.fd = box.records, .events = POLLIN}, {.fd = box.link, .events = POLLIN}};
        if (poll(fds, 2, -1) < 0) return -1;
        if (fds[0].revents && !hear_record()) break;
        if (fds[1].revents && recv(box.link, &byte, 1, MSG_DONTWAIT) == 1) return 0;
        if (fds[1].revents) break;
    }
    while (box.records >= 0 && hear_record()) {
    }
    return errno = EPIPE, -1;
}

int op_meet(const struct op *op) {
    char byte = 0;
    (void)op;
    bool in_init = box.pid == 0;
    ssize_t n = send(box.link, &byte, 1, MSG_NOSIGNAL);
    if (!in_init) return hear_until_met();
    if (n == 1) n = recv(box.link, &byte, 1, 0);
    if (n == 0) errno = EPIPE;
    return n == 1 ? 0 : -1;
}

int op_outlive(const struct op *op) {
    (void)op;
    return prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
}

int op_gate(const struct op *op) {
    int gate = slot_fd(op_field(op, GATE_SLOT).n), caller = accept4(gate, NULL, NULL, SOCK_CLOEXEC);
    if (caller < 0) return -1;
    close(gate), close(box.link);
    int result = dup3(caller, status_fd, O_CLOEXEC);
    close_keeping_errno(caller);
    told_from = op->index + 1;
    return result < 0 ? -1 : 0;
}

int op_started(const struct op *op) {
    (void)op;
    while (box.records >= 0 && hear_record()) {
    }
    errno = EPIPE;
    return box.started ? 0 : -1;
}

int op_knock(const struct op *op) {
    int dir = slot_fd(op_field(op, KNOCK_DIR).n);
    const char *gate = op_field(op, KNOCK_GATE).s;
    bool alive;
    box.pid = box.host_pid = recorded_process(dir, op_field(op, KNOCK_PROCESS).s, &alive);
    box.pidfd = alive ? (int)syscall(SYS_pidfd_open, box.pid, 0) : -1;
    box.heard_from = the_plan.first[INNER];
    errno = ESRCH;
    if (box.pidfd < 0 || (box.records = connect_to(dir, gate)) < 0) return box.pid = 0, -1;
    int result = op_started(op), cause = errno;
    (void)unlinkat(dir, gate, 0);
    return errno = cause, result;
}

/* The box has been made and goes on without us. */
int op_detach(const struct op *op) {
    (void)op;
    box.claimed = shared->claimed = false;
    box.pid = 0;
    box.exit_status = 0;
    return 0;
}
