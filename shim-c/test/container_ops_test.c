/* Operations that only containers need, as far as they can be tried without a container: what is copied, written, opened and
   spawned, and what a process's number is worth. */
#include "sys.h"

#include <limits.h>
#include <sys/wait.h>

#include "one_op.h"

static int copy_up(void) {
    op(OP_COPY_UP);
    number(ROOT), number(OTHER);
    return run();
}

static int fresh(const char *from, const char *to) {
    mkdir(from, 0755), mkdir(to, 0700);
    return open_slot(ROOT, from) | open_slot(OTHER, to);
}

static void copied(void) {
    struct stat st;
    struct timespec then[2] = {{.tv_sec = 1000}, {.tv_sec = 2000}};
    is(fresh("from", "to"), 0, "a directory that holds things, and an empty one");
    is(make_dir("a/b") | make_file("a/f", "text") | make_file("set", ""), 0, "directories and files");
    is(symlink("/etc/hostname", "from/out") | mkfifo("from/pipe", 0611) | chmod("from/set", 04711) |
           utimensat(AT_FDCWD, "from/a/f", then, 0) | chmod("from", 01777),
       0, "links, pipes, modes and times");
    is(copy_up(), 0, "are copied");
    ok(holds("to/a/f", "text"), "with what they hold");
    ok(stat("to/a/f", &st) == 0 && st.st_mtim.tv_sec == 2000 && (st.st_mode & 07777) == 0640, "time and mode");
    ok(stat("to/set", &st) == 0 && (st.st_mode & 07777) == 04711, "special bits too");
    ok(lstat("to/out", &st) == 0 && S_ISLNK(st.st_mode), "a link stays a link");
    ok(lstat("to/pipe", &st) == 0 && S_ISFIFO(st.st_mode) && (st.st_mode & 0777) == 0611, "a pipe a pipe, read from by nobody");
    ok(stat("to", &st) == 0 && (st.st_mode & 07777) == 01777, "and the directory itself has the mode of the first");
    is(copy_up(), EEXIST, "into what is not empty nothing is copied");
    is(fresh("deep", "deep-to"), 0, "a hundred directories");
    char command[400] = "mkdir -p deep";
    for (int i = 0; i < 100; i++) strcat(command, "/d");
    is(system(command), 0, "in one another");
    is(copy_up(), ELOOP, "are more than are copied");
}

static int open_inside_op(const char *path, unsigned make, unsigned nofollow) {
    op(OP_OPEN_INSIDE);
    number(OTHER), number(ROOT), string(path), number(make), number(nofollow);
    return run();
}

static bool leads_to(const char *path) {
    struct stat found, wanted;
    return fstat(slot_fd(OTHER), &found) == 0 && stat(path, &wanted) == 0 && found.st_ino == wanted.st_ino;
}

static void opened(void) {
    char outside[PATH_MAX];
    snprintf(outside, sizeof outside, "%s/outside", home);
    mkdir("outside", 0755), mkdir("root", 0755), mkdir("root/in", 0755);
    is(open_slot(ROOT, "root"), 0, "a root");
    is(symlink(outside, "root/absolute") | symlink("../outside", "root/up") | symlink("in", "root/honest"), 0,
       "with links out and in");
    is(open_inside_op("honest", 0, 0), 0, "one that leads inside");
    ok(leads_to("root/in"), "is followed");
    is(open_inside_op("honest", 0, 1), ELOOP, "unless no link may be");
    is(open_inside_op("up", 0, 0), ENOENT, "one that leads up ends at the root, where that is not");
    is(open_inside_op("absolute", 1, 0), 0, "one that leads out");
    ok(!leads_to("outside"), "leads to a place of that name inside");
    is(open_inside_op("new/one", 0, 0), ENOENT, "what is not there is not made");
    is(open_inside_op("new/one", 1, 0), 0, "unless it may be");
    ok(leads_to("root/new/one"), "then it is a directory");
}

static int make_pipe(unsigned mode) {
    op(OP_MAKE_NODE);
    number(ROOT), string("pipe"), number(S_IFIFO | mode), number(0), number(0), number(getuid()), number(getgid());
    return run();
}

static void nodes(void) {
    struct stat st;
    is(make_pipe(0642), 0, "a node is made");
    ok(stat("root/pipe", &st) == 0 && (st.st_mode & 07777) == 0642, "with its mode");
    is(make_pipe(0642), 0, "the same one may be there already");
    is(unlink("root/pipe"), 0, "in place of it");
    is(make_file("pipe", "x"), 0, "something else");
    is(make_pipe(0642), EEXIST, "is an error");
    ok(holds("root/pipe", "x"), "and stays");
    is(unlink("root/pipe") | symlink("elsewhere", "root/pipe"), 0, "a link");
    is(make_pipe(0642), EEXIST, "is one too");
    ok(!exists("root/elsewhere"), "and not made through");
}

static int write_pid(const char *path, unsigned line) {
    op(OP_WRITE_PID);
    string(path), number(line);
    return run();
}

static int ended(void) {
    op(OP_ENDED);
    number(ROOT), string("process");
    return run();
}

static void numbers(void) {
    char text[32], path[PATH_MAX];
    is(open_slot(ROOT, home), 0, "a place for numbers");
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    box.host_pid = child;
    snprintf(text, sizeof text, "%d", child), snprintf(path, sizeof path, "%s/pid", home);
    is(symlink("victim", "pid"), 0, "where a link lies");
    is(write_pid(path, 0), 0, "a number is written");
    ok(holds("pid", text) && !exists("victim"), "in its place, without a line end");
    snprintf(path, sizeof path, "%s/process", home);
    is(write_pid(path, 1), 0, "and a line that says when it was started");
    is(ended(), EBUSY, "a process that runs has not ended");
    int fd = open("group", O_WRONLY | O_CREAT, 0600);
    close(fd);
    op(OP_WRITE_AT), number(ROOT), string("group"), data("\032");
    is(run(), 0, "its number is written to a file of the kernel");
    ok(holds("group", text), "alone");
    kill(child, SIGKILL);
    siginfo_t info;
    is(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0, "one that was killed");
    is(ended(), 0, "has ended while nobody has asked for its status");
    waitpid(child, NULL, 0);
    is(ended(), 0, "and after");
    op(OP_OPEN_PROCESS), number(5), number((uint64_t)getpid()), put_u64(&plan_bytes, 1);
    is(run(), ESRCH, "a number with another start is not that process");
    ok(write_pid(path, 1) != 0, "of one that is gone there is nothing to write");
    box.host_pid = 0;
}

static struct record told;
static char output[MAX_PAYLOAD_BYTES];

/* Runs a line of sh; its errno. What it is told of is in `told` and `output`. */
static int spawned(const char *script, const char *input, uint64_t ms, unsigned optional) {
    int ends[2], saved = status_fd;
    memset(&told, 0, sizeof told), memset(output, 0, sizeof output);
    if (pipe2(ends, O_NONBLOCK)) return -1;
    status_fd = ends[1];
    op(OP_SPAWN), string("/bin/sh");
    number(5), string("sh"), string("-c"), string(script), string("sh"), string("\032");
    number(1), string("A=b");
    data(input);
    number(ms), number(optional);
    int result = run();
    status_fd = saved;
    if (read(ends[0], &told, sizeof told) == sizeof told) (void)!read(ends[0], output, sizeof output);
    close(ends[0]), close(ends[1]);
    return result;
}

static void programs(void) {
    box.host_pid = 4711;
    is(spawned("read line; test \"$line\" = 'pid 4711!' && test \"$A$1\" = b4711 && test -z \"$HOME\"", "pid \032!\n", 0, 0), 0,
       "a program has its input, arguments and environment, and nothing of ours");
    is(spawned("exit 0", "nobody reads this", 0, 0), 0, "it need not read");
    is(spawned("test $(ls /proc/self/fd | wc -l) -eq 4", "", 0, 0), 0, "it has no descriptor of ours");
    is(spawned("test $(grep SigBlk /proc/self/status | tr -d 'SigBlk:\t') = 0000000000000000", "", 0, 0), 0, "no signal is blocked in it");
    is(spawned("echo no; echo way >&2; exit 3", "", 0, 0), ECHILD, "its failure is ours");
    ok(told.kind == RECORD_OUTPUT && WEXITSTATUS(told.value) == 3, "with its status");
    is(strcmp(output, "no\nway\n"), 0, "and its words");
    is(spawned("echo no; exit 3", "", 0, 1), 0, "unless it is optional");
    is(told.kind, RECORD_OUTPUT, "then it is told");
    is(spawned("echo no; exit 3", "", 0, 2), 0, "or of no account");
    is(told.kind, 0, "then it is not");
    is(spawned("exec sleep 100", "", 100, 0), ETIMEDOUT, "one that takes too long is ended");
    is(spawned("sleep 100 & exit 0", "", 5000, 0), 0, "what it leaves running is not waited for");
    is(spawned("kill -9 $$", "", 0, 0), ECHILD, "death by a signal is a failure");
    is(spawned("head -c 100000 /dev/zero; exit 1", "", 0, 0), ECHILD, "however much it says");
    ok(told.length > 0 && told.length <= 1024, "some of it is kept");
    box.host_pid = 0;
}

int main(void) {
    umask(0);
    for (int fd = 3; fd < 10; fd++) dup2(2, fd);
    status_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (!mkdtemp(home) || chdir(home)) return 1;
    copied();
    opened();
    nodes();
    numbers();
    programs();
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", home);
    is(chdir("/") | system(command), 0, "nothing is left behind");
    return done_testing();
}
