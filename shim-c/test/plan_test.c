/* What the decoder takes, what it refuses and where, and that it reads what the other language wrote. */
#include "sys.h"
#include <limits.h>

#include "bytes.h"
#include "describe.h"
#include "standin.h"
#include "tap.h"

static struct bytes plan_bytes;
static struct plan plan;
static uint32_t at;

static const uint8_t CHAPTERS_OF[] = {
#define OP(NAME, name, code, chapters, kinds) [code] = (chapters),
#include "gen/plan.def"
#undef OP
};
#define CODES (sizeof CHAPTERS_OF)

static void begin_plan(void) {
    plan_bytes.length = 0;
    put_u32(&plan_bytes, MAGIC);
    put_number(&plan_bytes, VERSION, 2);
    put_number(&plan_bytes, 0, 2);
    for (int i = 0; i < 4; i++) put_u32(&plan_bytes, 0);
}

static void count(enum chapter chapter, uint64_t n) { patch(&plan_bytes, 8 + 4 * (size_t)chapter, n, 4); }

/* Decodes what was written, in memory of exactly its size, so that the sanitizers see a read past its end. */
static int decode(void) {
    struct plan_header header;
    if (plan_header(&header, plan_bytes.at)) return errno;
    uint8_t *body = malloc(header.body ? header.body : 1);
    memcpy(body, plan_bytes.at + HEADER_BYTES, header.body);
    int result = plan_decode(&plan, &header, body, &at) ? errno : 0;
    free(body);
    return result;
}

static int finish(void) {
    patch(&plan_bytes, 20, plan_bytes.length - HEADER_BYTES, 4);
    return decode();
}

/* A plan of one inner operation with this payload. */
static int decode_one(unsigned code, const void *payload, size_t length) {
    begin_plan();
    count(INNER, 1);
    size_t start = begin_op(&plan_bytes, code);
    put(&plan_bytes, payload, length);
    end_op(&plan_bytes, start);
    return finish();
}

/* The smallest payload of each kind. */
static void put_sample(struct bytes *b, char kind) {
    switch (kind) {
    case 'q': put_u64(b, 0); return;
    case 'z': put_str(b, ""); return;
    default: put_u32(b, 0);
    }
}

static void put_sample_op(unsigned code) {
    size_t start = begin_op(&plan_bytes, code);
    for (const char *kind = KINDS_OF[code]; *kind; kind++) put_sample(&plan_bytes, *kind);
    end_op(&plan_bytes, start);
}

static void golden(void) {
    static char wanted[sizeof((struct text *)0)->at];
    static struct text text;
    char name[64];
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        snprintf(name, sizeof name, "%s.bin", VECTORS[i]);
        plan_bytes.length = read_vector(name, plan_bytes.at, sizeof plan_bytes.at);
        struct plan_header header;
        int refused = plan_header(&header, plan_bytes.at) || header.body != plan_bytes.length - HEADER_BYTES ||
                      plan_decode(&plan, &header, plan_bytes.at + HEADER_BYTES, &at);
        ok(!refused, "%s is decoded", name);
        if (refused) continue;
        snprintf(name, sizeof name, "%s.txt", VECTORS[i]);
        size_t length = read_vector(name, wanted, sizeof wanted);
        text.length = 0;
        say_plan(&text, &plan);
        if (!ok(text.length == length && memcmp(text.at, wanted, length) == 0, "and says what %s says", name))
            printf("# %.*s\n", (int)text.length, text.at);
    }
}

static void headers(void) {
    begin_plan();
    is(finish(), 0, "a plan without operations is a plan");
    for (size_t i = 0; i < 4; i++) {
        begin_plan();
        plan_bytes.at[i] ^= 1;
        is(finish(), EPROTO, "a wrong magic number is refused as no plan");
    }
    static const unsigned versions[] = {0, VERSION + 1, 0x100, 0xffff};
    for (size_t i = 0; i < 4; i++) {
        begin_plan();
        patch(&plan_bytes, 4, versions[i], 2);
        is(finish(), EPROTONOSUPPORT, "another version is refused as such");
    }
    for (unsigned bit = 0; bit < 16; bit++) {
        begin_plan();
        patch(&plan_bytes, 6, 1u << bit, 2);
        is(finish(), 1u << bit == PLAN_TRACE ? 0 : EPROTONOSUPPORT, "of the flags only the known one is taken");
    }
    begin_plan();
    patch(&plan_bytes, 20, MAX_BODY_BYTES + 1, 4);
    is(decode(), E2BIG, "a body over the maximum is refused before it is read");
    patch(&plan_bytes, 20, UINT32_MAX, 4);
    is(decode(), E2BIG, "a body of the largest number is refused");
    for (enum chapter chapter = OUTER; chapter < CHAPTERS; chapter++) {
        begin_plan();
        count(chapter, MAX_OPS + 1);
        is(finish(), E2BIG, "more operations than the maximum are refused");
        count(chapter, UINT32_MAX);
        is(finish(), E2BIG, "the largest number of operations is refused");
    }
    begin_plan();
    for (enum chapter chapter = OUTER; chapter < CHAPTERS; chapter++) count(chapter, 0x55555556);
    is(finish(), E2BIG, "numbers of operations whose sum overflows are refused");
    begin_plan();
    put_u32(&plan_bytes, 0);
    is(finish(), EBADMSG, "bytes after the last operation are refused");
}

static void operations(void) {
    for (unsigned code = 0; code < CODES; code++) {
        for (enum chapter chapter = OUTER; chapter < CHAPTERS; chapter++) {
            begin_plan();
            count(chapter, 1);
            if (KINDS_OF[code]) put_sample_op(code);
            else end_op(&plan_bytes, begin_op(&plan_bytes, code));
            bool allowed = KINDS_OF[code] && CHAPTERS_OF[code] & 1u << chapter;
            is(finish(), allowed ? 0 : EBADMSG,
               KINDS_OF[code] ? "an operation is taken in its chapters only" : "a number without operation is refused");
        }
    }
    static const unsigned unknown[] = {CODES, CODES + 1, 0x7fff, 0x8000, 0xffff};
    for (size_t i = 0; i < 5; i++) is(decode_one(unknown[i], "", 0), EBADMSG, "an unknown operation is refused");
    for (unsigned bit = 0; bit < 16; bit++) {
        begin_plan();
        count(INNER, 1);
        put_sample_op(OP_NEW_SESSION);
        patch(&plan_bytes, HEADER_BYTES + 2, 1u << bit, 2);
        is(finish(), EBADMSG, "a reserved bit that is set is refused");
    }
}

/* Every operation with one byte less, one byte more, and cut off at each place of the whole plan. */
static void lengths(void) {
    int taken = 0, cut = 0;
    for (unsigned code = 1; code < CODES; code++) {
        if (!KINDS_OF[code] || !(CHAPTERS_OF[code] & 1u << INNER)) continue;
        for (int by = -1; by <= 1; by += 2) {
            begin_plan();
            count(INNER, 1);
            put_sample_op(code);
            if (by > 0) put(&plan_bytes, "", 1);
            else if (plan_bytes.length > HEADER_BYTES + 8) plan_bytes.length--;
            else continue;
            end_op(&plan_bytes, HEADER_BYTES);
            if (finish() != EBADMSG) taken++;
        }
        begin_plan();
        count(INNER, 1);
        put_sample_op(code);
        for (size_t length = plan_bytes.length - 1; length >= HEADER_BYTES; length--) {
            patch(&plan_bytes, 20, length - HEADER_BYTES, 4);
            if (decode() != EBADMSG) cut++;
        }
    }
    is(taken, 0, "a payload that is a byte too short or too long is refused, for every operation");
    is(cut, 0, "a body that ends early is refused wherever it ends, for every operation");
    begin_plan();
    count(INNER, 2);
    put_sample_op(OP_NO_NEW_PRIVS);
    is(finish(), EBADMSG, "an operation that is announced and missing is refused");
    is(at, 1, "and named by its index");
    begin_plan();
    count(INNER, 1);
    put_sample_op(OP_NO_NEW_PRIVS);
    patch(&plan_bytes, HEADER_BYTES + 4, UINT32_MAX, 4);
    is(finish(), EBADMSG, "a payload longer than the plan is refused");
}

static void put_pair(struct bytes *b, uint32_t length, const char *s, size_t bytes) {
    b->length = 0;
    put_u32(b, length);
    put(b, s, bytes);
}

static void strings(void) {
    static struct bytes b;
    const unsigned str = OP_SET_HOSTNAME;
    put_pair(&b, 4, "abc", 4);
    is(decode_one(str, b.at, b.length), 0, "a string with its NUL is taken");
    put_pair(&b, 3, "abc", 3);
    is(decode_one(str, b.at, b.length), EBADMSG, "a string without a NUL is refused");
    put_pair(&b, 4, "a\0c", 4);
    is(decode_one(str, b.at, b.length), EBADMSG, "a NUL in the middle is refused");
    put_pair(&b, 5, "abc\0", 5);
    is(decode_one(str, b.at, b.length), EBADMSG, "two NULs are refused");
    put_pair(&b, 0, "", 0);
    is(decode_one(str, b.at, b.length), EBADMSG, "a string that is left out is refused where one is needed");
    put_pair(&b, 1, "", 1);
    is(decode_one(str, b.at, b.length), 0, "an empty string is taken");
    static const uint32_t too_long[] = {5, 0x7fffffff, 0x80000000, 0xfffffffc, UINT32_MAX};
    for (size_t i = 0; i < 5; i++) {
        put_pair(&b, too_long[i], "abc", 4);
        is(decode_one(str, b.at, b.length), EBADMSG, "a string longer than its operation is refused");
    }
}

/* collect's key, the one kind that may be missing; it is of the teardown chapter. */
static struct field optional(uint32_t length, const char *s, size_t bytes, int *error) {
    begin_plan();
    count(TEARDOWN, 1);
    size_t start = begin_op(&plan_bytes, OP_COLLECT);
    put_u32(&plan_bytes, NO_SLOT);
    put_str(&plan_bytes, "file");
    put_u32(&plan_bytes, length);
    put(&plan_bytes, s, bytes);
    end_op(&plan_bytes, start);
    patch(&plan_bytes, 20, plan_bytes.length - HEADER_BYTES, 4);
    struct plan_header header;
    *error = plan_header(&header, plan_bytes.at) || plan_decode(&plan, &header, plan_bytes.at + HEADER_BYTES, &at);
    return *error ? (struct field){0} : op_field(&plan.ops[0], COLLECT_KEY);
}

static void optionals(void) {
    int error;
    ok(optional(0, "", 0, &error).s == NULL && !error, "an optional string that is left out is none");
    struct field empty = optional(1, "", 1, &error);
    ok(empty.s && *empty.s == 0 && !error, "an optional string that is empty is an empty string");
    struct field text = optional(3, "ab", 3, &error);
    ok(text.s && strcmp(text.s, "ab") == 0 && text.len == 2, "an optional string has its text and its length");
    optional(2, "ab", 2, &error);
    ok(error, "an optional string without a NUL is refused");
}

static int decode_slot(uint32_t slot) {
    struct bytes *b = &plan_bytes;
    begin_plan();
    count(INNER, 1);
    size_t start = begin_op(b, OP_PIVOT_ROOT);
    put_u32(b, slot);
    end_op(b, start);
    return finish();
}

static int decode_list(unsigned code, uint32_t items, uint32_t present) {
    struct bytes *b = &plan_bytes;
    begin_plan();
    count(INNER, 1);
    size_t start = begin_op(b, code);
    if (code == OP_SET_IDS) put_u32(b, 0), put_u32(b, 0);
    put_u32(b, items);
    for (uint32_t i = 0; i < present; i++) {
        if (code == OP_SET_IDS) put_u32(b, i);
        else put_str(b, "");
    }
    if (code == OP_SET_IDS) put_u32(b, 1);
    else put_u32(b, 0), put_u32(b, 0);
    end_op(b, start);
    return finish();
}

static void maximums(void) {
    is(decode_slot(MAX_SLOTS - 1), 0, "the last slot is taken");
    is(decode_slot(NO_SLOT), 0, "no slot is taken");
    is(decode_slot(MAX_SLOTS), EBADMSG, "the slot after the last is refused");
    is(decode_slot(NO_SLOT - 1), EBADMSG, "the slot before none is refused");
    static const unsigned lists[] = {OP_EXEC, OP_SET_IDS};
    for (size_t i = 0; i < 2; i++) {
        is(decode_list(lists[i], MAX_STRINGS, MAX_STRINGS), 0, "a list of the maximum is taken");
        is(decode_list(lists[i], MAX_STRINGS + 1, MAX_STRINGS + 1), EBADMSG, "a list over the maximum is refused");
        is(decode_list(lists[i], UINT32_MAX, 1), EBADMSG, "a list of the largest number is refused");
        is(decode_list(lists[i], 3, 2), EBADMSG, "a list that is shorter than it says is refused");
    }
    begin_plan();
    count(INNER, MAX_OPS);
    for (unsigned i = 0; i < MAX_OPS; i++) put_sample_op(OP_NO_NEW_PRIVS);
    is(finish(), 0, "a plan of the maximum of operations is taken");
    is(plan.ops[MAX_OPS - 1].index, MAX_OPS - 1, "and numbered to the last");
    begin_plan();
    count(INNER, 1);
    size_t start = begin_op(&plan_bytes, OP_WRITE_AT);
    put_u32(&plan_bytes, 0);
    put_str(&plan_bytes, "f");
    uint32_t room = MAX_BODY_BYTES - (uint32_t)(plan_bytes.length + 4 - HEADER_BYTES);
    put_u32(&plan_bytes, room);
    plan_bytes.length += room;
    end_op(&plan_bytes, start);
    is(finish(), 0, "a plan of the maximum of bytes is taken");
}

static void chapters(void) {
    begin_plan();
    count(OUTER, 2), count(INNER, 1), count(TEARDOWN, 3);
    for (int i = 0; i < 6; i++) put_sample_op(OP_AWAIT);
    is(finish(), 0, "three chapters are decoded");
    ok(plan.first[OUTER] == 0 && plan.first[INNER] == 2 && plan.first[TEARDOWN] == 3, "each begins where the last ended");
    ok(plan.count[OUTER] == 2 && plan.count[INNER] == 1 && plan.count[TEARDOWN] == 3, "and has its number of operations");
    is(plan.ops[5].index, 5, "an operation's index counts through all of them");
    count(OUTER, 3), count(TEARDOWN, 2);
    patch(&plan_bytes, HEADER_BYTES + 3 * 12, OP_EXEC, 2);
    is(finish(), EBADMSG, "a wrong operation is refused");
    is(at, 3, "and named by its index in the whole plan");
    patch(&plan_bytes, 20, 7, 4);
    is(decode(), EBADMSG, "a body without a whole operation is refused");
    is(at, 0, "at the first");
}

static void vectors_of_strings(void) {
    static struct bytes b;
    const char *vector[4] = {"", "", "", ""};
    put_pair(&b, 3, "", 0);
    put_str(&b, "one"), put_str(&b, ""), put_str(&b, "three");
    struct field list = {.n = 3, .p = b.at + 4};
    list_vector(list, vector);
    ok(strcmp(vector[0], "one") == 0 && *vector[1] == 0 && strcmp(vector[2], "three") == 0, "a list becomes a vector");
    ok(vector[3] == NULL, "that ends with NULL");
}

int main(void) {
    golden();
    headers();
    operations();
    lengths();
    strings();
    optionals();
    maximums();
    chapters();
    vectors_of_strings();
    return done_testing();
}
