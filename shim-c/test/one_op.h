/* Operations one at a time, as a plan would have them, and looks at what they did. */
#ifndef TSBOX_TEST_ONE_OP_H
#define TSBOX_TEST_ONE_OP_H

#include "sys.h"

#include "bytes.h"
#include "standin.h"
#include "tap.h"

static struct bytes plan_bytes;
static struct plan plan;
static size_t op_start;
static char home[] = "/tmp/tsbox-ops-XXXXXX";

static const uint8_t CHAPTERS_OF[] = {
#define OP(NAME, name, code, chapters, kinds) [code] = (chapters),
#include "gen/plan.def"
#undef OP
};

static void op(unsigned code) {
    plan_bytes.length = 0;
    op_start = begin_op(&plan_bytes, code);
}

static void number(uint64_t n) { put_u32(&plan_bytes, n); }

static void string(const char *s) { put_str(&plan_bytes, s); }

__attribute__((unused)) static void data(const char *s) {
    number(strlen(s));
    put(&plan_bytes, s, strlen(s));
}

/* Runs the operation that was written; 0 or its errno. */
static int run(void) {
    uint32_t at;
    end_op(&plan_bytes, op_start);
    struct plan_header header = {.body = (uint32_t)plan_bytes.length};
    enum chapter chapter = OUTER;
    while (!(CHAPTERS_OF[plan_bytes.at[op_start]] & 1u << chapter)) chapter++;
    header.count[chapter] = 1;
    if (plan_decode(&plan, &header, plan_bytes.at, &at)) return printf("Bail out! not a plan\n"), exit(2), 0;
    errno = 0;
    return op_run(&plan.ops[0]) ? errno : 0;
}

__attribute__((unused)) static int exists(const char *path) { return access(path, F_OK) == 0; }

static int holds(const char *path, const char *text) {
    char found[256] = "";
    int fd = open(path, O_RDONLY);
    ssize_t length = fd < 0 ? -1 : read(fd, found, sizeof found - 1);
    if (fd >= 0) close(fd);
    return length == (ssize_t)strlen(text) && memcmp(found, text, (size_t)length) == 0;
}

enum { ROOT = 3, OTHER = 4 };

static int open_slot(uint64_t slot, const char *path) {
    op(OP_OPEN);
    number(slot), string(path), number(O_PATH | O_DIRECTORY);
    return run();
}

static int make_dir(const char *path) {
    op(OP_MAKE_DIR);
    number(ROOT), string(path), number(0750);
    return run();
}

static int make_file(const char *path, const char *text) {
    op(OP_MAKE_FILE);
    number(ROOT), string(path), number(0640), data(text);
    return run();
}

/* In a child, since it changes the process: its errno, or 0. */
__attribute__((unused)) static int in_child(void) {
    pid_t pid = fork();
    if (pid == 0) _exit(run());
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#endif
