/* tsbox-shim: reads a plan, refuses it whole or runs it, tells what happened. See README.md here for the story. */
#include "sys.h"

#include "ops.h"
#include "shim.h"

struct plan the_plan;
struct box box = {.pidfd = -1, .records = -1, .link = -1, .terminal = -1, .exit_status = EXIT_OURS, .lock_slot = NO_SLOT};

static uint8_t body[MAX_BODY_BYTES];

int run_chapter(enum chapter chapter) {
    for (uint32_t i = 0; i < the_plan.count[chapter]; i++) {
        const struct op *op = &the_plan.ops[the_plan.first[chapter] + i];
        if (op_run(op) == 0) {
            if (the_plan.flags & PLAN_TRACE) tell_op(RECORD_DONE, op, 0);
            continue;
        }
        tell_op(RECORD_FAILED, op, errno);
        if (chapter != TEARDOWN) return -1;
        if (op->code != OP_COLLECT) box.notable = true; /* something stays behind: the user must hear of it */
    }
    return 0;
}

static int read_whole(void *to, size_t length) {
    uint8_t *at = to;
    while (length > 0) {
        ssize_t n = read(CONTROL_FD, at, length);
        if (n == 0) errno = EPIPE;
        if (n <= 0) return -1;
        at += n;
        length -= (size_t)n;
    }
    return 0;
}

static int read_plan(uint32_t *at) {
    uint8_t bytes[HEADER_BYTES];
    struct plan_header header;
    if (read_whole(bytes, sizeof bytes) || plan_header(&header, bytes) || read_whole(body, header.body)) return -1;
    return plan_decode(&the_plan, &header, body, at);
}

/* What the caller of a Node program cannot see it did: ignored signals, a raised descriptor limit. The plan says
   what the box gets; until then we want the defaults, and every descriptor we may have. */
static void undo_inheritance(void) {
    sigset_t all;
    struct rlimit files;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (int number = 1; number < 65; number++) sys_signal(number, 0);
    sys_signal(SIGPIPE, 1); /* whoever does not listen any more ends nothing; programs get it back */
    umask(0);
    if (sys_rlimit(RLIMIT_NOFILE, NULL, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)sys_rlimit(RLIMIT_NOFILE, &files, NULL);
    }
    prctl(PR_SET_NAME, "tsbox", 0, 0, 0);
}

int op_handback(const struct op *op) {
    box.handback = op;
    if (op_field(op, HANDBACK_ALWAYS).n) box.notable = true;
    return 0;
}

/* While children are to be born in another namespace of processes or clocks the kernel lets nobody start threads, and the
   program to come has many. */
static void return_home(void) {
    static const char *const own[] = {"/proc/self/ns/pid", "/proc/self/ns/time"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        int fd = open(own[i], O_RDONLY | O_CLOEXEC);
        if (fd >= 0) (void)setns(fd, 0);
        if (fd >= 0) close(fd);
    }
}

/* Becomes the program that turns records into words, with the plan and the records as it knows them. */
static void hand_back(void) {
    static const char *argv[64], *env[MAX_STRINGS + 1];
    struct field arguments = op_field(box.handback, HANDBACK_ARGV), environment = op_field(box.handback, HANDBACK_ENV);
    size_t room = sizeof argv / sizeof argv[0] - 1;
    if (arguments.n > room) return;
    list_vector(arguments, argv);
    argv[arguments.n + front_arguments(argv + arguments.n, room - arguments.n)] = NULL;
    list_vector(environment, env);
    return_home();
    sys_close_range(STATUS_FD + 1, ~0u, 0);
    signals_by_default();
    if (argv[0]) execve(argv[0], (char *const *)argv, (char *const *)env);
}

/* The shim is called by its own name; as anything else it is the command. */
static bool is_shim(const char *name) {
    const char *slash = name ? strrchr(name, '/') : NULL;
    return name && strcmp(slash ? slash + 1 : name, "tsbox-shim") == 0;
}

int main(int argc, char **argv) {
    /* Not a privilege boundary: whoever writes the plan has its rights, so more rights than the caller's are a mistake. */
    if (getauxval(AT_SECURE)) return EXIT_OURS;
    bool shim = argc < 1 || is_shim(argv[0]);
    if (!shim) front_open(argv);
    undo_inheritance();
    if (shim && continue_sealed(environ, argc > 1 ? (unsigned)parse_number(argv[1], 10) : 0)) return EXIT_OURS;
    uint32_t at = 0;
    if (read_plan(&at)) {
        front_give_up();
        tell((struct record){.kind = RECORD_REFUSED, .index = at, .value = errno});
        return EXIT_OURS;
    }
    if (the_plan.flags & PLAN_TRACE) tell((struct record){.kind = RECORD_DONE, .index = ~0u});
    if (run_chapter(OUTER)) {
        front_give_up();
        box.failed = true;
        box_kill();
    }
    if (box.claimed) run_chapter(TEARDOWN);
    tell((struct record){.kind = RECORD_TORN_DOWN});
    terminal_restore();
    janitor_dismiss();
    if (box.handback && (box.failed || box.notable)) hand_back();
    return box.exit_status;
}
