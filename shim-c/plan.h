/* A decoded plan: where each operation's fields lie in the bytes that were read. */
#ifndef TSBOX_PLAN_H
#define TSBOX_PLAN_H

#include <stdint.h>

#include "gen/plan_gen.h"

enum op_code {
#define OP(NAME, name, code, chapters, kinds) OP_##NAME = (code),
#include "gen/plan.def"
#undef OP
};

enum chapter { OUTER, INNER, TEARDOWN, CHAPTERS };

struct op {
    uint16_t code;
    uint32_t index; /* in the whole plan */
    uint32_t length;
    const uint8_t *payload;
};

struct plan {
    uint16_t flags;
    uint32_t first[CHAPTERS]; /* each chapter's first operation */
    uint32_t count[CHAPTERS];
    struct op ops[MAX_OPS];
};

/* One field. Numbers are in n; text in s (NULL when the plan left it out); bytes and lists in p, with length len
   and, for lists, n items. */
struct field {
    uint64_t n;
    const char *s;
    const uint8_t *p;
    uint32_t len;
};

struct plan_header {
    uint16_t flags;
    uint32_t count[CHAPTERS];
    uint32_t body;
};

/* 0, or -1 with errno EPROTO (not a plan), EPROTONOSUPPORT (another version) or E2BIG. */
int plan_header(struct plan_header *header, const uint8_t bytes[HEADER_BYTES]);

/* Decodes and checks every operation; touches nothing but its arguments. 0, or -1 with errno set and the
   index of the operation that was refused in *at. */
int plan_decode(struct plan *plan, const struct plan_header *header, const uint8_t *body, uint32_t *at);

/* Field number i of an operation that plan_decode accepted. */
struct field op_field(const struct op *op, unsigned i);

/* Walks a list of strings: returns the next one. */
const char *list_next(struct field *list);

/* A whole list of strings as argv and environ are; vector has room for one more than the list. */
void list_vector(struct field list, const char **vector);

#endif
