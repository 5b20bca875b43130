/* Process 1 of a box that was asked for one (--init): forwards signals to the program, reaps what is orphaned to
   it, and ends when the program does, which ends everything else in the box. */
#include "sys.h"

#include "ops.h"
#include "shim.h"

/* Reaps all that have ended; true when the program is among them, with its status. */
static bool reap(pid_t program, int *status) {
    bool ended = false;
    int s;
    for (pid_t pid; (pid = waitpid(-1, &s, WNOHANG)) > 0;) {
        if (pid != program) continue;
        *status = s;
        ended = true;
    }
    return ended;
}

/* From here on nothing may fail: our end is the end of the box. */
static _Noreturn void reaper(pid_t program) {
    sigset_t all;
    int status = 0;
    sigfillset(&all);
    prctl(PR_SET_NAME, "tsbox-init", 0, 0, 0);
    (void)chdir("/");
    sys_close_range(0, ~0u, 0);
    for (;;) {
        int signal = sigwaitinfo(&all, NULL);
        if (signal < 0) continue;
        if (signal != SIGCHLD) (void)kill(program, signal);
        else if (reap(program, &status)) break;
    }
    _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

int op_init(const struct op *op) {
    (void)op;
    pid_t program = fork();
    if (program > 0) reaper(program);
    return program < 0 ? -1 : 0;
}
