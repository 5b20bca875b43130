/* The command's front door. Verbs of a container whose plans were written when it was created need no Node: their plans
   lie in its state directory and are run as they are. Everything else, and whatever is unusual, is for the command. */
#include "sys.h"

#include "ops.h"
#include "shim.h"

#define DEFAULT_ROOT "/run/tsbox-oci"

static char **front_argv;

/* How the caller started us, for the command. */
static struct {
    sigset_t mask;
    struct rlimit files;
    mode_t umask;
} caller;

static const struct option {
    const char *name;
    bool takes_value;
} options[] = {
    {"--root", true}, {"--log", true}, {"--log-format", true}, {"--debug", false}, {"--systemd-cgroup", false},
};

struct request {
    const char *root, *verb, *id;
    bool force;
};

/* The value of an option of ours, "" for one that has none, NULL for what we do not know. */
static const char *value_of(const struct option *option, char ***at) {
    size_t length = strlen(option->name);
    if (strncmp(**at, option->name, length)) return NULL;
    if ((**at)[length] == '=') return option->takes_value ? **at + length + 1 : NULL;
    if ((**at)[length]) return NULL;
    return option->takes_value ? *++*at : "";
}

static bool read_option(struct request *request, char ***at) {
    if (request->verb && !strcmp(request->verb, "delete") && (!strcmp(**at, "--force") || !strcmp(**at, "-f")))
        return request->force = true;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const char *value = value_of(&options[i], at);
        if (!value && !**at) return false;
        if (value && i == 0) request->root = value;
        if (value) return true;
    }
    return false;
}

/* As the command has it; what is no id is for the command to refuse. */
static bool is_id(const char *id) {
    static const char letters[] = "-.+_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    size_t length = strspn(id, letters);
    return length > 0 && length <= 128 && !id[length] && *id != '-' && *id != '.';
}

static bool read_request(struct request *request, char **argv) {
    for (char **at = argv + 1; *at; at++) {
        if (**at == '-') {
            if (!read_option(request, &at)) return false;
        } else if (!request->verb) request->verb = *at;
        else if (!request->id) request->id = *at;
        else return false;
    }
    bool known = request->verb && (!strcmp(request->verb, "start") || !strcmp(request->verb, "delete"));
    return known && request->id && *request->root == '/' && is_id(request->id);
}

/* A plan is run with our rights: it must be a file that only we could have written. */
static bool is_trusted(int fd) {
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022);
}

static int open_written_plan(const struct request *request) {
    char path[PATH_MAX];
    size_t root = strlen(request->root), id = strlen(request->id), verb = strlen(request->verb);
    if (root + id + verb + 8 > sizeof path) return -1;
    char *end = stpcpy(stpcpy(stpcpy(path, request->root), "/"), request->id);
    struct stat st;
    /* What is not there need not be removed; with the last container its root has gone too. */
    if (request->force && stat(path, &st) && errno == ENOENT) _exit(0);
    /* What others can write, or have made, is for the command to look at. */
    if (stat(request->root, &st) || st.st_uid != geteuid() || (st.st_mode & 022)) return -1;
    stpcpy(stpcpy(stpcpy(end, "/"), request->verb), ".plan");
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && is_trusted(fd)) return fd;
    if (fd >= 0) close(fd);
    return -1;
}

/* The command and its Node lie beside this program, which may be known by another name. Node is to open no debugger, and to
   take no word behind -- for its own; without one there the command's first line says which. */
static _Noreturn void become_command(void) {
    static char node[PATH_MAX], path[PATH_MAX], *words[MAX_STRINGS + 4];
    size_t count = 0;
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 16);
    while (length > 0 && path[length - 1] != '/') length--;
    if (length > 0) {
        memcpy(path + length, "tsbox.cjs", 10);
        stpcpy(mempcpy(node, path, (size_t)length), "node");
        for (; count < MAX_STRINGS && front_argv[count]; count++) words[count + 3] = front_argv[count];
        words[0] = node, words[1] = "--disable-sigusr1", words[2] = "--", words[3] = path;
        if (count > 0 && !front_argv[count]) execve(node, words, environ);
        execve(path, front_argv, environ);
    }
    const char *lost = length > 0 ? "tsbox: tsbox.cjs beside this program, or the Node it names, cannot be run; try: make install\n"
                                  : "tsbox: /proc/self/exe cannot be read; try: mount -t proc proc /proc\n";
    (void)!write(STDERR_FILENO, lost, strlen(lost));
    _exit(EXIT_OURS);
}

bool front_open(char **argv) {
    struct request request = {.root = DEFAULT_ROOT};
    front_argv = argv;
    sigprocmask(SIG_SETMASK, NULL, &caller.mask);
    (void)sys_rlimit(RLIMIT_NOFILE, NULL, &caller.files);
    umask(caller.umask = umask(0));
    int plan = read_request(&request, argv) ? open_written_plan(&request) : -1;
    int status = plan < 0 ? -1 : memfd_create("tsbox-status", 0);
    if (status < 0) become_command();
    /* High first: either may have the other's place. */
    if ((plan = fcntl(plan, F_DUPFD, 16)) < 0 || (status = fcntl(status, F_DUPFD, 16)) < 0) _exit(EXIT_OURS);
    if (dup2(plan, CONTROL_FD) < 0 || dup2(status, STATUS_FD) < 0) _exit(EXIT_OURS);
    sys_close_range(STATUS_FD + 1, ~0u, 0);
    return true;
}

/* A plan that changed nothing is no more than an attempt: the command knows why it could not be. */
void front_give_up(void) {
    if (!front_argv || box.claimed || box.handback) return;
    signals_by_default();
    sigprocmask(SIG_SETMASK, &caller.mask, NULL);
    (void)sys_rlimit(RLIMIT_NOFILE, &caller.files, NULL);
    umask(caller.umask);
    become_command();
}

/* The words of the caller go along to the program that tells what happened. */
size_t front_arguments(const char **vector, size_t room) {
    size_t n = 0;
    for (; front_argv && front_argv[n + 1] && n < room; n++) vector[n] = front_argv[n + 1];
    return n;
}
