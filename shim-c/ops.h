/* The operations: one function each, doing one thing, 0 or -1 with errno. */
#ifndef TSBOX_OPS_H
#define TSBOX_OPS_H

#include "plan.h"

/* Runs one operation. */
int op_run(const struct op *op);

/* The descriptor a slot stands for; AT_FDCWD for NO_SLOT. */
int slot_fd(uint64_t slot);

/* Moves a new descriptor into its slot, replacing what was there; -1 passes an error on. */
int slot_keep(uint64_t slot, int fd);

/* One function for each: host.c, cgroup.c, mounts.c, inside.c, process.c, init.c, terminal.c, supervise.c, shim.c. */
#define OP(NAME, name, code, chapters, kinds) int op_##name(const struct op *op);
#include "gen/plan.def"
#undef OP

/* A path inside the root, opened O_PATH; made as a directory (1) or an empty file (2) when it is missing. */
int open_inside(int root, const char *path, uint64_t make, uint64_t resolve);

#endif
