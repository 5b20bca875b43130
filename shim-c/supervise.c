/* The supervisor: starts init, then forwards signals, relays the terminal, keeps the deadline and the lease, and
   waits. It is the box's only resident process on the host's side, beside its janitor. */
#include "sys.h"

#include <sys/signalfd.h>

#include "ops.h"
#include "shim.h"

#define NEVER UINT64_MAX
#define MS 1000000ull

static struct {
    uint64_t deadline; /* when the time is up */
    uint64_t kill_at;  /* when patience is */
    int stop_signal;
    uint64_t stop_timeout;
    enum end_reason reason;
    int end_signal; /* a signal the box would have died of, had its program not been process 1 */
    struct record started;
} end = {.deadline = NEVER, .kill_at = NEVER};

struct relay { /* bytes on their way from one terminal to the other */
    int from, to;
    size_t at, length;
    char bytes[2048];
};

static struct relay keys, screen; /* none until init hands over its terminal */

/* ---- start ---- */

/* The kernel kills us when the supervisor ends. Had it ended before we asked, nobody would read our status pipe. */
void die_with_supervisor(void) {
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (poll(&(struct pollfd){.fd = status_fd}, 1, 0) > 0) _exit(EXIT_OURS);
}

/* /proc is the host's still, and names us as the host does. */
static pid_t own_number(void) {
    char text[16];
    ssize_t length = readlink("/proc/self", text, sizeof text - 1);
    text[length > 0 ? length : 0] = 0;
    return (pid_t)parse_number(text, 10);
}

/* Nobody looks into init (CVE-2016-9962): from its birth on, or in a new user namespace once the maps are written, which who is
   not root can do only of a process that can be looked into (user_namespaces(7)); see op_set_ids. */
static _Noreturn void be_init(const int records[2], const int link[2], bool mapped_later) {
    janitor_forget();
    box.host_pid = own_number();
    if (box.lock_slot != NO_SLOT) close(slot_fd(box.lock_slot));
    if (!mapped_later) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    dup3(records[1], STATUS_FD, O_CLOEXEC);
    close(records[0]), close(records[1]);
    die_with_supervisor();
    close(link[0]);
    box.link = link[1];
    run_chapter(INNER);
    leave(EXIT_OURS);
}

int op_clone(const struct op *op) {
    int records[2], link[2];
    uint64_t cgroup = op_field(op, CLONE_CGROUP).n;
    if (pipe2(records, O_CLOEXEC)) return -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, link)) return -1;
    struct clone_args args = {
        .flags = op_field(op, CLONE_FLAGS).n | CLONE_PIDFD | (cgroup == NO_SLOT ? 0 : CLONE_INTO_CGROUP),
        .pidfd = (uint64_t)(uintptr_t)&box.pidfd,
        .exit_signal = SIGCHLD,
        .cgroup = cgroup == NO_SLOT ? 0 : (uint64_t)slot_fd(cgroup),
    };
    uint64_t before = now_ns(); /* init may be done with all its operations before we run again */
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0) be_init(records, link, args.flags & CLONE_NEWUSER);
    close_keeping_errno(records[1]), close_keeping_errno(link[1]);
    if (pid < 0) return -1;
    box.pid = box.host_pid = pid;
    box.records = records[0];
    box.link = link[0];
    tell((struct record){.kind = RECORD_CLONED, .value = pid, .ns = before});
    return 0;
}

/* ---- end ---- */

/* Process 1 is not hurt by signals it does not handle, which would make a plain "sleep" deaf to Ctrl-C. Whether it
   handles one, the kernel says: lines "SigBlk:\t", "SigIgn:\t" and "SigCgt:\t" with 16 hexadecimal digits, bit n - 1
   for signal n. While it waits for signals (sigwaitinfo, as many an init does), they are not even shown as blocked,
   and the set it waits for is read where it lies. */
static bool is_deaf_to(int signal_number) {
    char text[PROC_TEXT];
    uint64_t set = 0;
    if (read_proc(box.pid, "/syscall", text) && parse_number(text, 10) == SYS_rt_sigtimedwait) {
        const char *first = text + strcspn(text, " ");
        struct iovec to = {&set, sizeof set}, from = {(void *)(uintptr_t)parse_number(first, 16), sizeof set};
        (void)syscall(SYS_process_vm_readv, box.pid, &to, 1, &from, 1, 0);
    }
    if (!read_proc(box.pid, "/status", text)) return false;
    for (const char *line = text; line; line = strchr(line + 1, '\n'))
        if (strncmp(line, "\nSig", 4) == 0 && !strchr("PQ", line[4])) set |= parse_number(line + 8, 16);
    return !(set >> (signal_number - 1) & 1);
}

#define BIT(n) (1ull << ((n) - 1))

/* Signals that do not end a program that leaves them alone (signal(7)). */
static const uint64_t harmless = BIT(SIGCHLD) | BIT(SIGCONT) | BIT(SIGURG) | BIT(SIGWINCH) | BIT(SIGSTOP) |
                                 BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU);

static void deliver(int signal_number) {
    bool deaf = !(harmless & BIT(signal_number)) && (!box.started || is_deaf_to(signal_number));
    if (deaf && end.end_signal == 0) end.end_signal = signal_number;
    (void)sys_pidfd_send_signal(box.pidfd, deaf ? SIGKILL : signal_number);
}

static void stop(enum end_reason reason) {
    if (end.reason == END_EXIT) end.reason = reason;
    if (end.kill_at == NEVER) end.kill_at = now_ns() + end.stop_timeout;
    deliver(end.stop_signal);
}

void box_kill(void) {
    if (box.pid <= 0) return;
    (void)kill(box.pid, SIGKILL);
    (void)waitpid(box.pid, NULL, 0);
    box.pid = 0;
}

/* The caller's keys go to the box; one in the background leaves them to whoever has the terminal, until it is brought to the front. */
static void take_keys(void) {
    if (box.terminal < 0 || keys.to >= 0 || tcgetpgrp(0) != getpgrp()) return;
    terminal_make_raw();
    keys = (struct relay){.from = 0, .to = box.terminal};
}

static void on_signal(int fd) {
    struct signalfd_siginfo info;
    if (read(fd, &info, sizeof info) != sizeof info) return;
    int signal_number = (int)info.ssi_signo;
    if (signal_number == SIGCHLD) {
        if ((pid_t)info.ssi_pid == box.pid) return; /* its pidfd tells */
        pid_t dead = waitpid((pid_t)info.ssi_pid, NULL, WNOHANG);
        if (dead > 0) janitor_revive(dead);
    } else if (signal_number == SIGWINCH && screen.to >= 0) terminal_resize(box.terminal);
    else if (signal_number == SIGTERM) stop(END_STOPPED);
    else {
        if (signal_number == SIGCONT) take_keys();
        deliver(signal_number);
    }
}

static void on_deadline(void) {
    uint64_t now = now_ns();
    if (now >= end.deadline) {
        end.deadline = NEVER;
        stop(END_TIMEOUT);
    }
    if (now >= end.kill_at) {
        end.kill_at = NEVER;
        (void)sys_pidfd_send_signal(box.pidfd, SIGKILL);
    }
}

static int until_deadline(void) {
    uint64_t next = end.deadline < end.kill_at ? end.deadline : end.kill_at, now = now_ns();
    if (next == NEVER) return -1;
    uint64_t ms = next <= now ? 0 : (next - now) / MS + 1;
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

/* ---- what init tells ---- */

/* A child of init's has taken its place, because a pid namespace begins with one. It is our child too, or somebody who took hold
   of init tells us to watch, and in the end to kill, a process that is none of ours. */
static void replace_init(pid_t pid) {
    siginfo_t none;
    if (waitid(P_PID, (id_t)pid, &none, WEXITED | WNOHANG | WNOWAIT)) return;
    (void)waitpid(box.pid, NULL, 0);
    close(box.pidfd);
    box.pid = box.host_pid = pid;
    box.pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
}

static void pass_on(const struct record *record) {
    uint8_t payload[MAX_PAYLOAD_BYTES];
    if (record->length > sizeof payload) return;
    ssize_t n = record->length ? read(box.records, payload, record->length) : 0; /* another record may follow */
    if (n == (ssize_t)record->length) tell_with(record, payload);
}

/* Init's records pass through us, so that there is one writer and one order. "Started" waits for the end of the
   pipe: exec closes it, and a failure would have come before that. */
bool hear_record(void) {
    struct record record;
    if (read(box.records, &record, sizeof record) == sizeof record) {
        if (record.index != ~0u) record.index += box.heard_from;
        if (record.kind == RECORD_FAILED) box.failed = true;
        if (record.kind == RECORD_STARTED) end.started = record;
        else if (record.kind == RECORD_CLONED) replace_init(record.value);
        else if (record.kind != RECORD_LISTENER) pass_on(&record);
        else if (listener_hand_over(&record)) {
            box.failed = true;
            (void)sys_pidfd_send_signal(box.pidfd, SIGKILL);
        }
        return true;
    }
    close(box.records);
    box.records = -1;
    if (end.started.kind && !box.failed) {
        box.started = true;
        end.started.value = box.pid;
        tell_with(&end.started, NULL);
    }
    return false;
}

/* ---- the terminal ---- */

/* Moves what can be moved without waiting; a relay with an end that is gone is over. */
static void relay_move(struct relay *relay) {
    bool full = relay->length > 0;
    ssize_t n = full ? write(relay->to, relay->bytes + relay->at, relay->length)
                     : read(relay->from, relay->bytes, sizeof relay->bytes);
    if (n == 0 || (n < 0 && errno != EAGAIN)) relay->from = relay->to = -1;
    if (n <= 0) return;
    relay->at = full ? relay->at + (size_t)n : 0;
    relay->length = full ? relay->length - (size_t)n : (size_t)n;
}

/* Ctrl-C and Ctrl-\ become signals in the box's terminal, where the kernel drops those that process 1 leaves alone. */
static void on_keys(void) {
    struct termios t;
    relay_move(&keys);
    bool live = keys.length && !tcgetattr(keys.to, &t) && t.c_lflag & ISIG && tcgetpgrp(keys.to) == box.pid;
    for (int n = SIGINT; live && n <= SIGQUIT; n++)
        if (memchr(keys.bytes + keys.at, t.c_cc[n - SIGINT + VINTR], keys.length) && is_deaf_to(n)) deliver(n);
}

/* It waits for room at one end when it holds bytes, for bytes at the other when it does not. */
static struct pollfd relay_watch(const struct relay *relay) {
    bool full = relay->length > 0;
    return (struct pollfd){.fd = full ? relay->to : relay->from, .events = full ? POLLOUT : POLLIN};
}

/* The box has ended: what its terminal still holds belongs to the user, who has a second to look at it. */
static void relay_drain(struct relay *out) {
    for (struct pollfd p; out->from >= 0; relay_move(out)) {
        p = relay_watch(out);
        if (poll(&p, 1, out->length ? 1000 : 0) <= 0) return;
    }
}

/* ---- the loop ---- */

enum { SIGNALS, RECORDS, LEASE, EXIT, HANDOVER, KEYS, SCREEN, WATCHED };

static void on_handover(void) {
    int terminal = terminal_receive(box.link);
    close(box.link);
    box.link = -1;
    if (terminal < 0) return;
    box.terminal = terminal;
    take_keys();
    /* Opened anew, so that not waiting for a slow screen is our affair and not that of all who share it. */
    int tty = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    screen = (struct relay){.from = terminal, .to = tty < 0 ? 1 : tty};
}

static void on_events(struct pollfd fds[WATCHED]) {
    if (fds[RECORDS].revents) { /* first all of it: a program that has started is asked to stop, not killed */
        if (hear_record()) return;
    }
    if (fds[SIGNALS].revents) on_signal(fds[SIGNALS].fd);
    if (fds[LEASE].revents) {
        end.reason = END_OWNER_LOST;
        (void)sys_pidfd_send_signal(box.pidfd, SIGKILL);
    }
    if (fds[HANDOVER].revents) on_handover();
    if (fds[KEYS].revents) on_keys();
    if (fds[SCREEN].revents) relay_move(&screen);
    on_deadline();
}

static void wait_for_exit(int signals, bool lease, bool terminal) {
    struct pollfd fds[WATCHED];
    do {
        bool held = lease && end.reason != END_OWNER_LOST;
        fds[SIGNALS] = (struct pollfd){.fd = signals, .events = POLLIN};
        fds[RECORDS] = (struct pollfd){.fd = box.records, .events = POLLIN};
        fds[LEASE] = (struct pollfd){.fd = held ? CONTROL_FD : -1, .events = POLLRDHUP};
        fds[EXIT] = (struct pollfd){.fd = box.pidfd, .events = POLLIN};
        fds[HANDOVER] = (struct pollfd){.fd = terminal ? box.link : -1, .events = POLLIN};
        fds[KEYS] = relay_watch(&keys);
        fds[SCREEN] = relay_watch(&screen);
        if (poll(fds, WATCHED, until_deadline()) > 0) on_events(fds);
        else on_deadline();
    } while (!fds[EXIT].revents);
}

int op_supervise(const struct op *op) {
    sigset_t all;
    keys.from = keys.to = screen.from = screen.to = -1;
    uint64_t flags = op_field(op, SUPERVISE_FLAGS).n, timeout = op_field(op, SUPERVISE_TIMEOUT_MS).n;
    end.stop_signal = (int)op_field(op, SUPERVISE_STOP_SIGNAL).n;
    end.stop_timeout = op_field(op, SUPERVISE_STOP_TIMEOUT_MS).n * MS;
    if (timeout) end.deadline = now_ns() + timeout * MS;
    sigfillset(&all);
    int signals = signalfd(-1, &all, SFD_CLOEXEC);
    if (signals < 0) return -1;
    wait_for_exit(signals, flags & SUPERVISE_LEASE, flags & SUPERVISE_TERMINAL);
    while (box.records >= 0 && hear_record()) {
    }
    relay_drain(&screen);
    int status = 0;
    if (waitpid(box.pid, &status, 0) != box.pid) return -1;
    box.pid = 0;
    if (end.end_signal) box.exit_status = 128 + end.end_signal;
    else box.exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (!box.started) box.failed = true;
    if (end.reason == END_TIMEOUT) box.notable = true;
    tell((struct record){.kind = RECORD_EXITED, .value = status, .extra = (int)end.reason | end.end_signal << 8});
    return 0;
}
