/* Operations on the host's own files: the run directory, control files, counters. */
#include "sys.h"

#include <stdio.h> /* rename(2) */

#include "ops.h"
#include "shim.h"

static int parent_of(const char *path, char parent[PATH_MAX]) {
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;
    errno = EINVAL;
    if (length == 0 || length >= PATH_MAX) return -1;
    memcpy(parent, path, length);
    parent[length] = 0;
    return 0;
}

/* Another box may remove the empty parent between the two calls: begin again, a bounded number of times. */
static int make_parent_and_dir(const char *path) {
    char parent[PATH_MAX];
    if (parent_of(path, parent)) return -1;
    for (int attempt = 0; attempt < 100; attempt++) {
        if (mkdir(parent, 0700) && errno != EEXIST) return -1;
        if (mkdir(path, 0700) == 0) return 0;
        if (errno != ENOENT) return -1;
    }
    return -1;
}

int op_claim(const struct op *op) {
    const char *path = op_field(op, CLAIM_PATH).s;
    uint64_t reclaim = op_field(op, CLAIM_RECLAIM).n;
    /* The janitor lives before the first side effect, so no kill finds a moment without someone to clean up. */
    if (janitor_start(path)) return -1;
    bool fresh = false;
    int lock = -1;
    /* A directory that goes away between the two calls belonged to a box that has just ended: begin again. */
    for (int attempt = 0; attempt < 100 && lock < 0; attempt++) {
        /* Before they are true: a kill in between must find them marked. */
        shared->heir = reclaim == 1;
        shared->claimed = true;
        fresh = make_parent_and_dir(path) == 0;
        if (!fresh && (errno != EEXIST || reclaim == 2)) break;
        lock = lock_run_dir(path);
        if (lock < 0 && errno != ENOENT) break;
    }
    if (lock < 0) {
        int cause = errno == EWOULDBLOCK ? EEXIST : errno;
        shared->claimed = false;
        janitor_dismiss();
        return errno = cause, -1;
    }
    box.claimed = true;
    shared->heir = false;
    /* Nobody holds it: its owner and its owner's janitor were both killed. Same name, same paths: what they would
       have torn down is our own teardown list, but for the directory itself, which is ours now. */
    if (!fresh && reclaim == 1) {
        shared->all = true;
        for (uint32_t i = 0; i < the_plan.count[TEARDOWN]; i++) {
            const struct op *step = &the_plan.ops[the_plan.first[TEARDOWN] + i];
            if (step->code == OP_KILL_CGROUP || step->code == OP_REMOVE_CGROUP) (void)op_run(step);
        }
    }
    box.lock_slot = op_field(op, CLAIM_SLOT).n;
    return slot_keep(box.lock_slot, lock);
}

int op_take(const struct op *op) {
    box.lock_slot = op_field(op, TAKE_SLOT).n;
    return slot_keep(box.lock_slot, lock_patiently(op_field(op, TAKE_PATH).s));
}

int op_own(const struct op *op) {
    (void)op;
    box.claimed = shared->all = true;
    box.exit_status = 0;
    return 0;
}

int op_ended(const struct op *op) {
    bool alive;
    (void)recorded_process(slot_fd(op_field(op, ENDED_DIR).n), op_field(op, ENDED_FILE).s, &alive);
    errno = EBUSY;
    return alive ? -1 : 0;
}

/* A reader finds no file or the whole of it. */
int op_write_pid(const struct op *op) {
    char text[PROC_TEXT], temporary[PATH_MAX];
    struct field path = op_field(op, WRITE_PID_PATH);
    errno = ENAMETOOLONG;
    if (path.len + 5 > sizeof temporary) return -1;
    memcpy(temporary, path.s, path.len);
    memcpy(temporary + path.len, ".new", 5);
    if (!op_field(op, WRITE_PID_LINE).n) put_decimal(text, (uint64_t)box.host_pid);
    else if (!read_proc(box.host_pid, "/stat", text)) return -1;
    (void)unlink(temporary);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) return -1;
    int result = write_whole(fd, text, strlen(text));
    close_keeping_errno(fd);
    return result || rename(temporary, path.s) ? -1 : 0;
}

int op_lock(const struct op *op) {
    return slot_keep(op_field(op, LOCK_SLOT).n, lock_run_dir(op_field(op, LOCK_PATH).s));
}

int op_open(const struct op *op) {
    int flags = (int)op_field(op, OPEN_FLAGS).n | O_CLOEXEC | O_NOCTTY;
    return slot_keep(op_field(op, OPEN_SLOT).n, open(op_field(op, OPEN_PATH).s, flags));
}

int op_write_at(const struct op *op) {
    struct field data = op_field(op, WRITE_AT_DATA);
    int fd = sys_open_beneath(slot_fd(op_field(op, WRITE_AT_DIR).n), op_field(op, WRITE_AT_FILE).s, O_WRONLY);
    if (fd < 0) return -1;
    int result = write_words(fd, data);
    close_keeping_errno(fd);
    return result;
}

int op_collect(const struct op *op) {
    char text[MAX_PAYLOAD_BYTES + 2] = "\n"; /* so that a key "\nname " begins a line */
    int fd = sys_open_beneath(slot_fd(op_field(op, COLLECT_DIR).n), op_field(op, COLLECT_FILE).s, O_RDONLY);
    if (fd < 0) return -1;
    ssize_t length = read(fd, text + 1, MAX_PAYLOAD_BYTES);
    close_keeping_errno(fd);
    if (length < 0) return -1;
    text[1 + length] = 0;
    struct field key = op_field(op, COLLECT_KEY);
    for (const char *line = key.s ? text : NULL; line; line = strchr(line + 1, '\n'))
        if (strncmp(line, key.s, key.len) == 0 && line[key.len] != '0') box.notable = true;
    tell_with(&(struct record){.kind = RECORD_COUNTER, .code = op->code, .index = op->index, .ns = now_ns(),
                               .length = (uint32_t)length}, text + 1);
    return 0;
}

/* Files only: what a run directory holds is ours, one inside it would not be. */
static void remove_files(const char *path) {
    _Alignas(8) char entries[1024];
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    for (long n; dir >= 0 && (n = syscall(SYS_getdents64, dir, entries, sizeof entries)) > 0;) {
        for (long at = 0; at < n; at += ((const struct dirent *)(entries + at))->d_reclen) {
            const struct dirent *entry = (const struct dirent *)(entries + at);
            if (entry->d_type != DT_DIR) (void)unlinkat(dir, entry->d_name, 0);
        }
    }
    if (dir >= 0) close(dir);
}

int op_release(const struct op *op) {
    char parent[PATH_MAX];
    const char *path = op_field(op, RELEASE_PATH).s;
    remove_files(path);
    if (rmdir(path) && errno != ENOENT) return -1;
    if (parent_of(path, parent) == 0) (void)rmdir(parent); /* other boxes may live there */
    return 0;
}

int op_await(const struct op *op) {
    char byte;
    tell_op(RECORD_AWAIT, op, 0);
    ssize_t n = read(CONTROL_FD, &byte, 1);
    if (n == 0) errno = EPIPE;
    return n == 1 ? 0 : -1;
}
