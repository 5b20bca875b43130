/* Operations that can be tried without being root or leaving anything behind: what they do to files and descriptors,
   and that a root full of hostile links stays a root. */
#include "sys.h"

#include <limits.h>
#include <sys/wait.h>

#include "one_op.h"

static void slots(void) {
    is(slot_fd(NO_SLOT), AT_FDCWD, "no slot is the host's own view");
    is(slot_fd(0), SLOT_BASE, "the first slot is above the standard streams, the pipes and what we open in passing");
    is(slot_fd(MAX_SLOTS - 1), SLOT_BASE + MAX_SLOTS - 1, "the last slot is the last descriptor of the slots");
    is(slot_keep(ROOT, -1), -1, "a descriptor that could not be opened is an error");
    is(open_slot(ROOT, "/"), 0, "a directory goes into its slot");
    is(fcntl(slot_fd(ROOT), F_GETFD), FD_CLOEXEC, "which no program inherits");
    is(open_slot(ROOT, home), 0, "another takes its place");
    is(open_slot(ROOT, "/nowhere/at all"), ENOENT, "one that does not exist is an error");
    is(open_slot(NO_SLOT, "/"), EBADF, "what has no slot to go to is an error");
    struct stat st;
    ok(fstat(slot_fd(ROOT), &st) == 0, "and a failure leaves the slot as it was");
}

static int make_link(const char *path, const char *target) {
    op(OP_MAKE_LINK);
    number(ROOT), string(path), string(target);
    return run();
}

static void entries(void) {
    struct stat st;
    is(make_dir("root"), 0, "a directory is made");
    ok(stat("root", &st) == 0 && (st.st_mode & 07777) == 0750, "with its mode");
    is(make_dir("root"), 0, "one that exists is left as it is");
    is(open_slot(ROOT, "root"), 0, "it becomes the root of what follows");
    is(make_dir("/a/b/c"), 0, "parents that are missing are made");
    is(make_dir("a//b/./c/"), 0, "a path may have more slashes than it needs");
    is(make_file("a/f", "text"), 0, "a file is made");
    ok(holds("root/a/f", "text"), "with its text");
    is(make_file("a/f", "other"), EEXIST, "one that exists is an error");
    ok(holds("root/a/f", "text"), "and stays what it was");
    is(make_file("a/empty", ""), 0, "a file may be empty");
    is(make_file("a/f/g", ""), ENOTDIR, "a file has no entries");
    is(make_file("", ""), EINVAL, "an empty path is refused");
    is(make_dir("/"), EINVAL, "so is the root itself");
    char name[400];
    memset(name, 'n', 300);
    name[300] = 0;
    is(make_dir(name), ENAMETOOLONG, "a name that is too long is refused");
    is(make_link("a/link", "f"), 0, "a link is made");
    is(make_link("a/link", "g"), 0, "a link takes the place of another");
    char target[8] = "";
    ok(readlink("root/a/link", target, sizeof target - 1) == 1 && target[0] == 'g', "and leads where it says");
    is(make_link("a/link", "f"), 0, "and back");
    is(make_link("a/b", "g"), EISDIR, "but not of a directory");
}

/* Links that would lead out of the root, were they followed as the host follows them. */
static void hostile_links(void) {
    char absolute[PATH_MAX];
    snprintf(absolute, sizeof absolute, "%s/outside", home);
    mkdir("outside", 0755);
    is(symlink(absolute, "root/absolute") | symlink("../outside", "root/up") | symlink("../../../../../..", "root/far") |
           symlink("/proc/self/root", "root/magic") | symlink("loop", "root/loop") |
           symlink("/fresh/deep/target", "root/dangling"),
       0, "a root has links that lead anywhere");
    is(make_file("absolute/x", "1"), 0, "an absolute link");
    ok(!exists("outside/x"), "leads to no place outside");
    is(make_dir("up/y"), 0, "a link with ..");
    ok(!exists("outside/y"), "leads to no place outside");
    is(make_dir("far/z"), 0, "many of them");
    ok(exists("root/z"), "end at the root");
    ok(make_dir("../../escaped") == 0 && exists("root/escaped") && !exists("escaped"), ".. of our own ends there too");
    is(make_dir("magic/run"), 0, "a link to the host's /proc");
    ok(exists("root/proc/self/root/run"), "is one to the root's own");
    is(make_dir("loop/x"), ELOOP, "a link to itself is refused");
    is(make_dir("dangling/x"), 0, "a link to what is missing");
    ok(exists("root/fresh/deep/target/x"), "has it made, inside");
    is(make_file("dangling2", ""), 0, "a file");
    unlink("root/dangling2");
    is(symlink("/elsewhere", "root/dangling2"), 0, "becomes a link before it is written");
    is(make_file("dangling2", ""), EEXIST, "and is not written through");
    int fd = open_inside(slot_fd(ROOT), "dangling3/a", 0, 0);
    ok(fd < 0 && errno == ENOENT, "what is not to be made is not made");
    fd = open_inside(slot_fd(ROOT), "absolute", 1, RESOLVE_NO_SYMLINKS);
    ok(fd < 0 && errno == ELOOP, "where no link may be, a link is refused");
    fd = open_inside(slot_fd(ROOT), "dangling4/mount", 2, 0);
    struct stat st;
    ok(fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode), "a mount point for a file is a file");
    close(fd);
    for (int i = 0; i < 100; i++) {
        char from[32], to[32];
        snprintf(from, sizeof from, "root/chain%d", i), snprintf(to, sizeof to, "chain%d", i + 1);
        if (symlink(to, from)) break;
    }
    is(make_dir("chain0/x"), ELOOP, "a chain of a hundred links is refused");
}

static int write_at(const char *file, const char *text) {
    op(OP_WRITE_AT);
    number(ROOT), string(file), data(text);
    return run();
}

static void control_files(void) {
    is(open_slot(ROOT, home), 0, "a directory of control files");
    is(mkdir("group", 0700) | symlink("group", "alias") | symlink("/etc/hostname", "out"), 0, "has groups and links");
    int fd = open("group/limit", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    close(fd);
    is(write_at("group/limit", "20"), 0, "a value is written");
    ok(holds("group/limit", "20"), "as it is");
    is(write_at("group/none", "20"), ENOENT, "a file that is missing is an error, and not made");
    ok(!exists("group/none"), "it is not there afterwards");
    is(write_at("alias/limit", "30"), ELOOP, "no link is followed on the way");
    is(write_at("out", "30"), ELOOP, "nor at its end");
    is(write_at("../limit", "30"), EXDEV, "nothing above is reached");
    is(write_at("/etc/hostname", "30"), EXDEV, "nor an absolute path");
}

static struct record told;
static char payload[MAX_PAYLOAD_BYTES];

/* Collects a file of one text, with a key or none; true when that was worth telling. */
static bool collected(const char *text, const char *key) {
    int ends[2], fd = open("group/counter", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool failed = pipe(ends) || write_whole(fd, text, strlen(text));
    close(fd);
    int saved = status_fd;
    status_fd = ends[1];
    box.notable = false;
    op(OP_COLLECT);
    number(ROOT), string("group/counter");
    if (key) string(key);
    else number(0);
    failed = failed || run() || read(ends[0], &told, sizeof told) != sizeof told ||
             read(ends[0], payload, sizeof payload) < (ssize_t)told.length;
    status_fd = saved;
    close(ends[0]), close(ends[1]);
    if (failed) printf("# %s\n", strerror(errno));
    return !failed && box.notable;
}

static void counters(void) {
    ok(!collected("max 0\n", "\nmax "), "a counter of 0 is not worth telling");
    ok(told.kind == RECORD_COUNTER && told.length == 6 && memcmp(payload, "max 0\n", 6) == 0, "but told");
    ok(collected("max 3\n", "\nmax "), "another one is");
    ok(collected("low 0\noom_kill 12\n", "\noom_kill "), "in any line");
    ok(!collected("low 0\noom_kill 0\nx 5\n", "\noom_kill "), "and in no other");
    ok(!collected("group_oom_kill 7\n", "\noom_kill "), "a name that ends like it is another name");
    ok(!collected("oom_killer 7\n", "\noom_kill "), "so is one that begins like it");
    ok(!collected("x 7\n", NULL), "without a key nothing is worth telling");
    op(OP_COLLECT);
    number(ROOT), string("group/missing"), number(0);
    is(run(), ENOENT, "a counter this kernel does not have is an error");
    is(sizeof(struct record) + MAX_PAYLOAD_BYTES, PIPE_BUF, "a record with its payload is written whole to any pipe");
}

static void release(void) {
    mkdir("run", 0700), mkdir("run/box", 0700);
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/run/box", home);
    int lock = lock_run_dir(path);
    ok(lock >= 0, "a run directory is locked");
    ok(lock_run_dir(path) < 0 && errno == EWOULDBLOCK, "by one owner at a time");
    op(OP_RELEASE), string(path);
    is(run(), 0, "and released");
    ok(!exists("run"), "with its parent, which is empty");
    close(lock);
    is(run(), 0, "what is gone already is no error");
    ok(lock_run_dir(path) < 0 && errno == ENOENT, "what is gone cannot be locked");
    mkdir("run", 0700), mkdir("run/box", 0700), mkdir("run/other", 0700);
    op(OP_RELEASE), string(path);
    is(run(), 0, "where others live");
    ok(exists("run/other"), "the parent stays");
    mkdir("run/box", 0700), mkdir("run/box/full", 0700);
    is(run(), ENOTEMPTY, "a directory that holds something is an error");
    is(symlink("box", "run/link"), 0, "a link in its place");
    snprintf(path, sizeof path, "%s/run/link", home);
    ok(lock_run_dir(path) < 0 && (errno == ELOOP || errno == ENOTDIR), "is not locked");
}

static void process(void) {
    op(OP_CHANGE_DIR), string("/");
    is(in_child(), 0, "the working directory is entered");
    op(OP_CHANGE_DIR), string("/nowhere/at all");
    is(in_child(), ENOENT, "one that is missing is an error");
    op(OP_INTERFACE_UP), string("a-name-longer-than-16");
    is(in_child(), ENAMETOOLONG, "a name longer than an interface's is refused");
    op(OP_SET_RLIMIT), number(RLIMIT_CORE), put_u64(&plan_bytes, 2), put_u64(&plan_bytes, 1);
    is(in_child(), EINVAL, "a soft limit above the hard one is refused");
    op(OP_SET_RLIMIT), number(99), put_u64(&plan_bytes, 1), put_u64(&plan_bytes, 1);
    is(in_child(), EINVAL, "so is a limit that does not exist");
    op(OP_SET_IDS), number(0), number(0), number(1025);
    for (int i = 0; i < 1025; i++) number(0);
    number(1);
    is(in_child(), EINVAL, "more groups than there is room for are refused");
    op(OP_SET_UMASK), number(027);
    is(in_child(), 0, "the mask is set");
    op(OP_EXEC), number(2), string("/nowhere/at all"), string("/nor here"), number(0), number(0);
    is(in_child(), ENOENT, "a program that is nowhere is not found");
    op(OP_EXEC), number(2), string(home), string("/nor here"), number(0), number(0);
    is(in_child(), EACCES, "a directory is no program");
    op(OP_EXEC), number(0), number(0), number(0);
    is(in_child(), ENOENT, "no path at all is no program either");
}

static void await(void) {
    int control[2], status[2], saved = status_fd;
    if (pipe(control) || pipe(status)) return;
    dup2(control[0], CONTROL_FD);
    status_fd = status[1];
    op(OP_AWAIT), number(7);
    is(write(control[1], ".", 1), 1, "the owner answers");
    is(run(), 0, "an await ends with a byte");
    ok(read(status[0], &told, sizeof told) == sizeof told && told.kind == RECORD_AWAIT, "and is told");
    close(control[1]);
    is(run(), EPIPE, "an owner that is gone is an error");
    status_fd = saved;
    close(control[0]), close(CONTROL_FD), close(status[0]), close(status[1]);
}

int main(void) {
    umask(0);
    /* The numbers of the pipes and of what we open in passing are not to meet. */
    for (int fd = 3; fd < 10; fd++) dup2(2, fd);
    status_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (!mkdtemp(home) || chdir(home)) return 1;
    slots();
    entries();
    hostile_links();
    control_files();
    counters();
    release();
    process();
    await();
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", home);
    is(chdir("/") | system(command), 0, "nothing is left behind");
    return done_testing();
}
