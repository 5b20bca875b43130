/* The janitor: a second process that waits for the supervisor to end. A supervisor that is killed cannot clean up
   after itself, and nobody else knows of the box; the janitor has the same plan and runs the same teardown. When
   the janitor is the one that is killed, the supervisor starts another. */
#include "sys.h"

#include "ops.h"
#include "shim.h"

static struct shared alone;
struct shared *shared = &alone;

static pid_t janitor;
static int leash = -1; /* the supervisor holds the other end; its end of file is the supervisor's */
static const char *run_dir;

int lock_run_dir(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return -1;
    struct stat locked, named;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        errno = ENOENT;
        if (fstat(fd, &locked) == 0 && stat(path, &named) == 0 && locked.st_ino == named.st_ino &&
            locked.st_dev == named.st_dev)
            return fd;
        errno = ENOENT; /* what we locked has been removed meanwhile */
    }
    close_keeping_errno(fd);
    return -1;
}

/* The supervisor's lock can outlive it for a moment, in an init that is being killed. If another owner comes first,
   it has taken over and cleaned up, and the name is no longer ours. */
int lock_patiently(const char *path) {
    int lock = lock_run_dir(path);
    for (int attempt = 0; attempt < 5000 && lock < 0 && errno == EWOULDBLOCK; attempt++) {
        usleep(1000);
        lock = lock_run_dir(path);
    }
    return lock;
}

static _Noreturn void wait_for_the_end(int end) {
    char done;
    setsid();
    prctl(PR_SET_NAME, "tsbox-janitor", 0, 0, 0);
    /* Of the descriptors we keep the terminal's, to restore it, and the end of the pipe. */
    dup3(end, CONTROL_FD, O_CLOEXEC);
    sys_close_range(CONTROL_FD + 1, ~0u, 0);
    (void)!read(CONTROL_FD, &done, 1);
    terminal_restore();
    if (shared->claimed && lock_patiently(run_dir) >= 0) {
        shared->all |= shared->heir;
        run_chapter(TEARDOWN);
    }
    _exit(0);
}

int janitor_start(const char *path) {
    int ends[2];
    run_dir = path;
    if (shared == &alone) {
        struct shared *both = mmap(NULL, sizeof *both, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (both == MAP_FAILED) return -1;
        shared = both;
    }
    if (pipe2(ends, O_CLOEXEC)) return -1;
    janitor = fork();
    if (janitor == 0) wait_for_the_end((close(ends[1]), ends[0]));
    close_keeping_errno(ends[0]);
    leash = ends[1];
    return janitor < 0 ? -1 : 0;
}

void janitor_revive(pid_t dead) {
    if (dead != janitor || leash < 0) return;
    close(leash);
    (void)janitor_start(run_dir);
}

void janitor_dismiss(void) {
    if (leash < 0) return;
    (void)kill(janitor, SIGKILL); /* before its pipe ends, so that it never acts; also when it was stopped */
    close(leash);
    leash = -1;
    (void)waitpid(janitor, NULL, 0);
}

/* In init: holding the supervisor's end of the pipe would hide the supervisor's death. */
void janitor_forget(void) {
    if (leash >= 0) close(leash);
    leash = -1;
}
