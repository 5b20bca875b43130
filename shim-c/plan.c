/* Bytes to operations. This file is the fuzz target: pure, no allocation, one bounds check. */
#include "plan.h"

#include <errno.h>
#include <string.h>

static const struct {
    const char *kinds;
    uint8_t chapters;
} rows[] = {
#define OP(NAME, name, code, chapters, kinds) [code] = {kinds, chapters},
#include "gen/plan.def"
#undef OP
};

#define KNOWN_CODES (sizeof rows / sizeof rows[0])

struct reader {
    const uint8_t *at;
    size_t left;
};

/* The one bounds check: every read of a plan's bytes goes through here. */
static const uint8_t *take(struct reader *r, size_t n) {
    if (n > r->left) return NULL;
    const uint8_t *p = r->at;
    r->at += n;
    r->left -= n;
    return p;
}

static uint32_t le32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint16_t le16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

static int take_u32(struct reader *r, uint32_t *value) {
    const uint8_t *p = take(r, 4);
    if (!p) return -1;
    *value = le32(p);
    return 0;
}

/* A string's length counts exactly one NUL, its last byte; length 0 is "left out", where that is allowed. */
static int take_string(struct reader *r, struct field *f, int optional) {
    uint32_t length;
    if (take_u32(r, &length)) return -1;
    f->s = NULL;
    f->len = 0;
    if (length == 0) return optional ? 0 : -1;
    const uint8_t *p = take(r, length);
    if (!p || memchr(p, 0, length) != p + length - 1) return -1;
    f->s = (const char *)p;
    f->len = length - 1;
    return 0;
}

static int take_list(struct reader *r, struct field *f, int of_strings) {
    uint32_t count;
    if (take_u32(r, &count) || count > MAX_STRINGS) return -1;
    f->n = count;
    f->p = r->at;
    struct field item;
    uint32_t number;
    for (uint32_t i = 0; i < count; i++) {
        if (of_strings ? take_string(r, &item, 0) : take_u32(r, &number)) return -1;
    }
    f->len = (uint32_t)(r->at - f->p);
    return 0;
}

static int take_field(struct reader *r, char kind, struct field *f) {
    uint32_t low, high;
    *f = (struct field){0};
    switch (kind) {
    case 'u':
    case 's':
        if (take_u32(r, &low) || (kind == 's' && low >= MAX_SLOTS && low != NO_SLOT)) return -1;
        f->n = low;
        return 0;
    case 'q':
        if (take_u32(r, &low) || take_u32(r, &high)) return -1;
        f->n = low | (uint64_t)high << 32;
        return 0;
    case 'z':
    case 'o': return take_string(r, f, kind == 'o');
    case 'v':
    case 'n': return take_list(r, f, kind == 'v');
    case 'b':
        if (take_u32(r, &f->len)) return -1;
        f->p = take(r, f->len);
        return f->p ? 0 : -1;
    default: return -1;
    }
}

int plan_header(struct plan_header *header, const uint8_t bytes[HEADER_BYTES]) {
    *header = (struct plan_header){
        .flags = le16(bytes + 6),
        .count = {le32(bytes + 8), le32(bytes + 12), le32(bytes + 16)},
        .body = le32(bytes + 20),
    };
    errno = EPROTO;
    if (le32(bytes) != MAGIC) return -1;
    errno = EPROTONOSUPPORT;
    if (le16(bytes + 4) != VERSION || (header->flags & ~PLAN_TRACE)) return -1;
    errno = E2BIG;
    if (header->body > MAX_BODY_BYTES) return -1;
    uint64_t ops = (uint64_t)header->count[OUTER] + header->count[INNER] + header->count[TEARDOWN];
    return ops > MAX_OPS ? -1 : 0;
}

static int decode_op(struct op *op, struct reader *body, enum chapter chapter) {
    const uint8_t *head = take(body, 8);
    if (!head || le16(head + 2) != 0) return -1;
    op->code = le16(head);
    op->length = le32(head + 4);
    op->payload = take(body, op->length);
    if (!op->payload || op->code >= KNOWN_CODES || !rows[op->code].kinds) return -1;
    if (!(rows[op->code].chapters & 1u << chapter)) return -1;
    struct reader r = {op->payload, op->length};
    struct field unused;
    for (const char *kind = rows[op->code].kinds; *kind; kind++) {
        if (take_field(&r, *kind, &unused)) return -1;
    }
    return r.left == 0 ? 0 : -1;
}

int plan_decode(struct plan *plan, const struct plan_header *header, const uint8_t *body, uint32_t *at) {
    struct reader r = {body, header->body};
    plan->flags = header->flags;
    *at = 0;
    for (enum chapter chapter = OUTER; chapter < CHAPTERS; chapter++) {
        plan->first[chapter] = *at;
        plan->count[chapter] = header->count[chapter];
        for (uint32_t i = 0; i < header->count[chapter]; i++, ++*at) {
            plan->ops[*at].index = *at;
            if (decode_op(&plan->ops[*at], &r, chapter)) {
                errno = EBADMSG;
                return -1;
            }
        }
    }
    errno = EBADMSG;
    return r.left == 0 ? 0 : -1;
}

struct field op_field(const struct op *op, unsigned i) {
    struct reader r = {op->payload, op->length};
    struct field f = {0};
    for (const char *kind = rows[op->code].kinds; *kind; kind++) {
        if (take_field(&r, *kind, &f) || i-- == 0) break;
    }
    return f;
}

const char *list_next(struct field *list) {
    uint32_t length = le32(list->p);
    const char *s = (const char *)list->p + 4;
    list->p += 4 + length;
    return s;
}

void list_vector(struct field list, const char **vector) {
    uint64_t n = list.n;
    for (uint64_t i = 0; i < n; i++) vector[i] = list_next(&list);
    vector[n] = NULL;
}
