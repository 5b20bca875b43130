/* Process 1 of a box that was asked for one (--init): forwards signals to the program, reaps what is orphaned to
   it, and ends when the program does, which ends everything else in the box. */
#include "sys.h"

#include <linux/capability.h>
#include <sys/signalfd.h>

#include "ops.h"
#include "shim.h"

/* A box that may trace its process 1 gains nothing by it: neither a right, but for that to signal a program of
   another user, nor what the plan says of the host. */
static int drop_rights(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{.permitted = 1u << CAP_KILL, .effective = 1u << CAP_KILL}};
    for (uint32_t i = the_plan.first[TEARDOWN] + the_plan.count[TEARDOWN]; i-- > 0;)
        memset((void *)the_plan.ops[i].payload, 0, the_plan.ops[i].length);
    return syscall(SYS_capset, &header, data) ? -1 : prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* From here on nothing may fail: our end is the end of the box. */
static _Noreturn void reaper(pid_t program) {
    sigset_t all;
    int status, signals;
    sigfillset(&all);
    /* Not sigwaitinfo: while that waits, /proc shows no signal blocked, and the supervisor would find us deaf. */
    if (drop_rights() || sys_close_range(0, ~0u, 0) || (signals = signalfd(-1, &all, SFD_CLOEXEC)) < 0) _exit(EXIT_OURS);
    prctl(PR_SET_NAME, "tsbox-init", 0, 0, 0);
    (void)chdir("/");
    for (struct signalfd_siginfo info;;) {
        if (read(signals, &info, sizeof info) == sizeof info && info.ssi_signo != SIGCHLD)
            (void)kill(program, (int)info.ssi_signo);
        for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
            if (pid == program) _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
        }
    }
}

/* The program must not meet a reaper that still has rights and descriptors: the pipe ends with the last of them. */
int op_init(const struct op *op) {
    int held[2], none;
    (void)op;
    if (pipe2(held, O_CLOEXEC)) return -1;
    pid_t program = fork();
    if (program > 0) reaper(program);
    return program < 0 || close(held[1]) ? -1 : (int)read(held[0], &none, 1);
}
