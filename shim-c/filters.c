/* Filters made elsewhere and put on here: of system calls, and of devices on cgroup v2. */
#include "sys.h"

#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "ops.h"
#include "shim.h"

#define LISTENER_PATIENCE 30000000000ull

static const struct op *filter, *listener;

int op_seccomp(const struct op *op) {
    filter = op;
    return 0;
}

int op_listener(const struct op *op) {
    listener = op;
    return 0;
}

/* With the filter on, any call of ours may be one that is asked about, and nobody answers yet. So the number that the
   listener will have is told before; then we wait, with no call at all (the clock is read in memory), until it is taken. */
static int filter_with_listener(struct sock_fprog *program, unsigned flags) {
    volatile uint32_t taken = 0;
    int next = dup(status_fd);
    if (next < 0) return -1;
    close(next);
    tell((struct record){.kind = RECORD_LISTENER, .value = next, .ns = (uint64_t)(uintptr_t)&taken});
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program) < 0) return -1;
    for (uint64_t end = now_ns() + LISTENER_PATIENCE; !taken;)
        if (now_ns() > end) return errno = ETIMEDOUT, -1;
    return 0;
}

/* A hook in the container gets the filter of the program it comes before. Who would be asked is not there yet: without
   anybody to ask the kernel answers ENOSYS. */
int filter_apply(bool asks) {
    if (!filter) return 0;
    struct field bytes = op_field(filter, SECCOMP_PROGRAM);
    struct sock_fprog program = {.len = (unsigned short)(bytes.len / sizeof(struct sock_filter)),
                                 .filter = (struct sock_filter *)(uintptr_t)bytes.p};
    unsigned flags = (unsigned)op_field(filter, SECCOMP_FLAGS).n;
    if (!asks) flags &= ~(unsigned)(SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
    if (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) return filter_with_listener(&program, flags);
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

/* It is there a moment after it was announced. */
static int steal(int number) {
    int fd = -1;
    for (int attempt = 0; attempt < 10000 && fd < 0; attempt++) {
        fd = (int)syscall(SYS_pidfd_getfd, box.pidfd, number, 0);
        if (fd < 0 && errno != EBADF) break;
        if (fd < 0) usleep(1000);
    }
    return fd;
}

/* In whoever hears init: the listener goes to the agent, with what the specification has it told. */
int listener_hand_over(const struct record *announced) {
    char words[4096];
    uint32_t one = 1;
    errno = ENOENT;
    if (!listener) return -1;
    int fd = steal(announced->value), agent = fd < 0 ? -1 : connect_to(AT_FDCWD, op_field(listener, LISTENER_PATH).s);
    int text = agent < 0 ? -1 : memfd_create("tsbox-words", MFD_CLOEXEC), result = -1;
    if (text >= 0 && write_words(text, op_field(listener, LISTENER_WORDS)) == 0) {
        ssize_t length = pread(text, words, sizeof words, 0);
        if (length > 0) result = send_fd(agent, fd, words, (size_t)length);
    }
    struct iovec from = {&one, sizeof one}, to = {(void *)(uintptr_t)announced->ns, sizeof one};
    if (result == 0) result = syscall(SYS_process_vm_writev, box.pid, &from, 1, &to, 1, 0) == sizeof one ? 0 : -1;
    if (text >= 0) close_keeping_errno(text);
    if (agent >= 0) close_keeping_errno(agent);
    if (fd >= 0) close_keeping_errno(fd);
    if (result) tell_op(RECORD_FAILED, listener, errno);
    return result;
}

static int bpf(int command, union bpf_attr *attr) {
    return (int)syscall(SYS_bpf, command, attr, sizeof *attr);
}

/* The one program that is on the group already, which a new one replaces; two would both have to allow. */
static int attached(int cgroup) {
    uint32_t ids[2];
    union bpf_attr query = {.query = {.target_fd = (uint32_t)cgroup, .attach_type = BPF_CGROUP_DEVICE,
                                      .prog_ids = (uint64_t)(uintptr_t)ids, .prog_cnt = 2}};
    if (bpf(BPF_PROG_QUERY, &query) || query.query.prog_cnt != 1) return -1;
    return bpf(BPF_PROG_GET_FD_BY_ID, &(union bpf_attr){.prog_id = ids[0]});
}

int op_device_filter(const struct op *op) {
    struct field bytes = op_field(op, DEVICE_FILTER_PROGRAM);
    int cgroup = slot_fd(op_field(op, DEVICE_FILTER_CGROUP).n), old = attached(cgroup);
    union bpf_attr load = {.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
                           .insn_cnt = (uint32_t)(bytes.len / sizeof(struct bpf_insn)),
                           .insns = (uint64_t)(uintptr_t)bytes.p, .license = (uint64_t)(uintptr_t)""};
    int program = bpf(BPF_PROG_LOAD, &load);
    union bpf_attr attach = {.target_fd = (uint32_t)cgroup, .attach_bpf_fd = (uint32_t)program,
                             .attach_type = BPF_CGROUP_DEVICE,
                             .attach_flags = BPF_F_ALLOW_MULTI | (old < 0 ? 0 : BPF_F_REPLACE),
                             .replace_bpf_fd = old < 0 ? 0 : (uint32_t)old};
    int result = program < 0 ? -1 : bpf(BPF_PROG_ATTACH, &attach);
    if (program >= 0) close_keeping_errno(program);
    if (old >= 0) close_keeping_errno(old);
    return result;
}
