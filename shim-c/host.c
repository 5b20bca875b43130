/* Operations on the host's own files: the run directory, control files, counters. */
#include "sys.h"

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
    /* The janitor lives before the first side effect, so no kill finds a moment without someone to clean up. */
    if (janitor_start(path)) return -1;
    bool fresh = false;
    int lock = -1;
    /* A directory that goes away between the two calls belonged to a box that has just ended: begin again. */
    for (int attempt = 0; attempt < 100 && lock < 0; attempt++) {
        shared->claimed = true; /* before it is true: a kill in between must find it marked */
        fresh = make_parent_and_dir(path) == 0;
        shared->claimed = fresh;
        if (!fresh && errno != EEXIST) break;
        lock = lock_run_dir(path);
        if (lock < 0 && errno != ENOENT) break;
    }
    if (lock < 0) {
        int cause = errno == EWOULDBLOCK ? EEXIST : errno;
        shared->claimed = false;
        janitor_dismiss();
        return errno = cause, -1;
    }
    box.claimed = shared->claimed = true;
    /* Nobody holds it: its owner and its owner's janitor were both killed. Same name, same paths: what they would
       have torn down is our own teardown list, but for the directory itself, which is ours now. */
    if (!fresh && op_field(op, CLAIM_RECLAIM).n) {
        memset(shared->made, 1, sizeof shared->made);
        for (uint32_t i = 0; i < the_plan.count[TEARDOWN]; i++) {
            const struct op *step = &the_plan.ops[the_plan.first[TEARDOWN] + i];
            if (step->code == OP_KILL_CGROUP || step->code == OP_REMOVE_CGROUP) (void)op_run(step);
        }
    }
    box.lock_slot = op_field(op, CLAIM_SLOT).n;
    return slot_keep(box.lock_slot, lock);
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
    int result = write_whole(fd, data.p, data.len);
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
    const char *found = key.s ? strstr(text, key.s) : NULL;
    if (found && found[key.len] != '0') box.notable = true;
    tell_payload(op, text + 1, (uint32_t)length);
    return 0;
}

int op_release(const struct op *op) {
    char parent[PATH_MAX];
    const char *path = op_field(op, RELEASE_PATH).s;
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
