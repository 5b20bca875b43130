/* What the shim tells: fixed-size records, numbers only. */
#ifndef TSBOX_STATUS_H
#define TSBOX_STATUS_H

#include <stdint.h>

#include "plan.h"

struct record {
    uint16_t kind;
    uint16_t code;
    uint32_t index;
    int32_t value;
    int32_t extra;
    uint64_t ns;
    uint32_t length; /* of the payload that follows */
    uint32_t zero;
};
_Static_assert(sizeof(struct record) == RECORD_BYTES, "a record has no padding");

/* Where this process's records go: descriptor 4 in the supervisor, the inner pipe in the box's init. */
extern int status_fd;

uint64_t now_ns(void);
void tell(struct record record);
void tell_op(enum record_kind kind, const struct op *op, int value);
void tell_payload(const struct op *op, const void *data, uint32_t length);

#endif
