/* Programs of the host that run while a box is made or removed: hooks and helpers. */
#include "sys.h"

#include <sys/signalfd.h>

#include "ops.h"
#include "shim.h"

#define PID_MARK 26 /* the control character SUB, which no JSON text holds as itself */
#define OUTPUT_ROOM 1024

int write_words(int fd, struct field words) {
    char pid[21];
    size_t length = put_decimal(pid, (uint64_t)box.host_pid);
    for (const uint8_t *at = words.p, *end = at + words.len; at < end;) {
        const uint8_t *mark = memchr(at, PID_MARK, (size_t)(end - at)), *stop = mark ? mark : end;
        if (write_whole(fd, at, (size_t)(stop - at)) || (mark && write_whole(fd, pid, length))) return -1;
        at = mark ? mark + 1 : end;
    }
    return 0;
}

/* The text lies in memory, so that a program that does not read it keeps nobody waiting. */
static int open_words(struct field words) {
    int fd = memfd_create("tsbox-input", MFD_CLOEXEC);
    if (fd < 0 || (write_words(fd, words) == 0 && lseek(fd, 0, SEEK_SET) == 0)) return fd;
    close_keeping_errno(fd);
    return -1;
}

static _Noreturn void become_program(const struct op *op, int input, int output) {
    static const char *argv[256], *env[MAX_STRINGS + 1];
    static char pid[21];
    struct field arguments = op_field(op, SPAWN_ARGV);
    if (arguments.n >= sizeof argv / sizeof argv[0]) _exit(126);
    list_vector(arguments, argv);
    list_vector(op_field(op, SPAWN_ENV), env);
    put_decimal(pid, (uint64_t)box.host_pid);
    for (uint64_t i = 0; i < arguments.n; i++)
        if (argv[i][0] == PID_MARK && argv[i][1] == 0) argv[i] = pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    setpgid(0, 0); /* when its time is up, what it has started ends with it */
    if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 || chdir("/")) _exit(126);
    umask(umask(0) | 022); /* ours is none */
    sys_close_range(3, ~0u, 0);
    signals_by_default();
    if (filter_apply(false)) _exit(126);
    execve(op_field(op, SPAWN_PATH).s, (char *const *)argv, (char *const *)env);
    leave(errno == ENOENT ? 127 : 126);
}

/* Until the program ends, its time is up, or we are told to end; what it says is read to the last byte, and the first of it
   is kept. What it leaves running may hold the pipe for ever, so its end is not waited for. */
static int await_program(int pidfd, int output, int asked, uint64_t ms, struct output *kept) {
    uint64_t end = ms ? now_ns() + ms * 1000000 : UINT64_MAX;
    struct signalfd_siginfo told;
    for (char spill[4096];;) {
        struct pollfd fds[] = {
            {.fd = output, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}, {.fd = asked, .events = POLLIN}};
        uint64_t now = now_ns();
        if (now >= end) return errno = ETIMEDOUT, -1;
        int wait = end == UINT64_MAX ? -1 : (int)((end - now) / 1000000 + 1);
        if (poll(fds, 3, wait) < 0) return -1;
        if (fds[2].revents && read(asked, &told, sizeof told) > 0) return errno = EINTR, -1;
        if (!(fds[0].revents & POLLIN)) {
            if (fds[1].revents) return 0;
            if (fds[0].revents) output = -1;
            continue;
        }
        size_t room = OUTPUT_ROOM - kept->length;
        ssize_t n = read(output, room ? kept->text + kept->length : spill, room ? room : sizeof spill);
        if (room && n > 0) kept->length += (uint32_t)n;
    }
}

int op_spawn(const struct op *op) {
    struct output kept = {0};
    int output[2], pidfd = -1, status = 0, input = open_words(op_field(op, SPAWN_INPUT));
    if (input < 0) return -1;
    if (pipe2(output, O_CLOEXEC)) return close_keeping_errno(input), -1;
    sigset_t ends;
    sigemptyset(&ends), sigaddset(&ends, SIGTERM), sigaddset(&ends, SIGINT), sigaddset(&ends, SIGHUP);
    int asked = signalfd(-1, &ends, SFD_CLOEXEC);
    struct clone_args args = {.flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&pidfd, .exit_signal = SIGCHLD};
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0) become_program(op, input, output[1]);
    close_keeping_errno(input), close_keeping_errno(output[1]);
    int result = pid < 0 ? -1 : await_program(pidfd, output[0], asked, op_field(op, SPAWN_TIMEOUT_MS).n, &kept), cause = errno;
    if (pid > 0) {
        if (result && kill(-pid, SIGKILL)) (void)kill(pid, SIGKILL);
        (void)waitpid(pid, &status, 0);
        close(pidfd);
    }
    close(output[0]), close(asked);
    if (result == 0 && status != 0) result = -1, cause = ECHILD;
    if (result == 0 || op_field(op, SPAWN_OPTIONAL).n > 1) return 0;
    tell_with(&(struct record){.kind = RECORD_OUTPUT, .code = op->code, .index = op->index, .value = status,
                               .extra = cause, .length = kept.length}, kept.text);
    box.notable = true;
    return errno = cause, op_field(op, SPAWN_OPTIONAL).n ? 0 : -1;
}
