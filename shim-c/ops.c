#include "sys.h"

#include "ops.h"

#include "gen/kernel_asserts.h"

int slot_fd(uint64_t slot) {
    return slot == NO_SLOT ? AT_FDCWD : (int)(SLOT_BASE + slot);
}

int slot_keep(uint64_t slot, int fd) {
    if (fd < 0) return -1;
    int kept = dup3(fd, slot_fd(slot), O_CLOEXEC);
    close_keeping_errno(fd);
    return kept < 0 ? -1 : 0;
}

int op_run(const struct op *op) {
    switch (op->code) {
#define OP(NAME, name, code, chapters, kinds) \
    case OP_##NAME: return op_##name(op);
#include "gen/plan.def"
#undef OP
    default: errno = ENOSYS; return -1;
    }
}
