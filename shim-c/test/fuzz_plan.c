/* Feeds the decoder what nobody would write. `fuzz_plan RUNS [SEED]` changes the golden vectors for RUNS inputs;
   built with -DTSBOX_LIBFUZZER it is a target for libFuzzer instead. Either way every field of a plan that was
   decoded is read to its last byte, so that a sanitizer sees what the operations would read. */
#include "sys.h"

#include <time.h>

#include "bytes.h"
#include "standin.h"

static const char *const KINDS_OF[] = {
#define OP(NAME, name, code, chapters, kinds) [code] = (kinds),
#include "gen/plan.def"
#undef OP
};

static uint64_t digest; /* of everything that was read: keeps the reads from being left out */

static void read_bytes(const void *p, size_t length) {
    for (size_t i = 0; i < length; i++) digest = digest * 31 + ((const uint8_t *)p)[i];
}

static void read_field(char kind, struct field f) {
    static const char *vector[MAX_STRINGS + 1];
    digest += f.n;
    if (f.s && strlen(f.s) != f.len) abort();
    if (f.s) read_bytes(f.s, f.len + 1);
    if (f.p) read_bytes(f.p, f.len);
    if (kind == 'n' && f.len != 4 * f.n) abort();
    if (kind != 'v') return;
    const uint8_t *end = f.p + f.len;
    list_vector(f, vector);
    for (uint64_t n = f.n; n > 0; n--) {
        const char *s = list_next(&f);
        read_bytes(s, strlen(s) + 1);
    }
    if (f.p != end) abort();
}

/* True when the input was a plan. The body lies in memory of exactly its size. */
static int decode(const uint8_t *data, size_t size) {
    static struct plan plan;
    struct plan_header header;
    uint32_t at;
    if (size < HEADER_BYTES || plan_header(&header, data) || header.body > size - HEADER_BYTES) return 0;
    uint8_t *body = malloc(header.body ? header.body : 1);
    memcpy(body, data + HEADER_BYTES, header.body);
    int decoded = plan_decode(&plan, &header, body, &at) == 0;
    for (uint32_t i = 0; decoded && i < at; i++) {
        const char *kinds = KINDS_OF[plan.ops[i].code];
        for (unsigned k = 0; kinds[k]; k++) read_field(kinds[k], op_field(&plan.ops[i], k));
    }
    free(body);
    return decoded;
}

#ifdef TSBOX_LIBFUZZER

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    decode(data, size);
    return 0;
}

#else

#define LARGEST 4096

struct input {
    size_t size;
    uint8_t at[LARGEST];
};

static struct input seeds[VECTOR_COUNT];
static uint64_t state;

/* xorshift64*: the same inputs for the same seed, everywhere. */
static uint32_t below(uint32_t limit) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * 0x2545f4914f6cdd1dull) >> 32) % limit;
}

static uint32_t word_at(const struct input *in, size_t at) {
    return (uint32_t)in->at[at] | (uint32_t)in->at[at + 1] << 8 | (uint32_t)in->at[at + 2] << 16 |
           (uint32_t)in->at[at + 3] << 24;
}

static void set_word(struct input *in, size_t at, uint32_t n) {
    for (int i = 0; i < 4; i++) in->at[at + (size_t)i] = (uint8_t)(n >> 8 * i);
}

/* A number that decides something: an end, a neighbour, the size of what is there. */
static uint32_t interesting(const struct input *in, uint32_t old) {
    const uint32_t numbers[] = {0, 1, old + 1, old - 1, 0x7fffffff, 0x80000000, UINT32_MAX, MAX_OPS, MAX_STRINGS,
                                MAX_STRINGS + 1, MAX_SLOTS, MAX_BODY_BYTES, (uint32_t)in->size, below(256)};
    return numbers[below(sizeof numbers / sizeof numbers[0])];
}

static void insert_or_remove(struct input *in) {
    size_t place = below((uint32_t)in->size), n = 1 + below(16);
    if (below(2) && in->size + n <= LARGEST) {
        memmove(in->at + place + n, in->at + place, in->size - place);
        for (size_t i = 0; i < n; i++) in->at[place + i] = (uint8_t)below(256);
        in->size += n;
    } else if (place + n < in->size) {
        memmove(in->at + place, in->at + place + n, in->size - place - n);
        in->size -= n;
    }
}

static void graft(struct input *in) {
    const struct input *other = &seeds[below(VECTOR_COUNT)];
    size_t from = below((uint32_t)other->size), to = below((uint32_t)in->size), n = other->size - from;
    if (n > LARGEST - to) n = LARGEST - to;
    memcpy(in->at + to, other->at + from, n);
    in->size = to + n;
}

/* Where operation number n begins, or 0. */
static size_t op_at(const struct input *in, uint32_t n) {
    size_t place = HEADER_BYTES;
    for (; n > 0 && place + 8 <= in->size; n--) {
        uint32_t length = word_at(in, place + 4);
        if (length > LARGEST) return 0;
        place += 8 + length;
    }
    return place + 8 <= in->size ? place : 0;
}

/* Writes an operation twice and counts it, which stays a plan when the operation is one of its chapter. */
static void repeat_op(struct input *in) {
    size_t place = op_at(in, below(40));
    size_t n = place ? 8 + (size_t)word_at(in, place + 4) : 0;
    if (!place || place + n > in->size || in->size + n > LARGEST) return;
    memmove(in->at + place + n, in->at + place, in->size - place);
    in->size += n;
    size_t counter = 8 + 4 * (size_t)below(3);
    set_word(in, counter, word_at(in, counter) + 1);
}

static void mutate(struct input *in) {
    size_t place = below((uint32_t)in->size);
    switch (below(8)) {
    case 0: in->at[place] ^= (uint8_t)(1u << below(8)); break;
    case 1: in->at[place] = (uint8_t)below(256); break;
    case 2: insert_or_remove(in); break;
    case 3: graft(in); break;
    case 4:
    case 5:
        if (in->size < 4) break;
        place = below((uint32_t)in->size - 3);
        set_word(in, place, interesting(in, word_at(in, place)));
        break;
    case 6: repeat_op(in); break;
    default:
        place = op_at(in, below(40));
        if (place) in->at[place] = (uint8_t)below(48);
    }
    if (in->size < HEADER_BYTES) in->size = HEADER_BYTES;
}

/* Most changes would end at the length of the body; three of four inputs have it put right. */
static void fit(struct input *in) {
    if (below(4)) set_word(in, 20, (uint32_t)in->size - HEADER_BYTES);
}

int main(int argc, char **argv) {
    unsigned long runs = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000, decoded = 0;
    state = argc > 2 ? strtoull(argv[2], NULL, 10) : 20260101;
    if (state == 0) state = 1;
    printf("seed %llu\n", (unsigned long long)state);
    char name[64];
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        snprintf(name, sizeof name, "%s.bin", VECTORS[i]);
        seeds[i].size = read_vector(name, seeds[i].at, LARGEST);
        if (!decode(seeds[i].at, seeds[i].size)) return fprintf(stderr, "%s is no plan\n", name), 1;
    }
    clock_t begin = clock();
    for (unsigned long run = 0; run < runs; run++) {
        struct input in = seeds[below(VECTOR_COUNT)];
        for (uint32_t changes = 1 + below(4); changes > 0; changes--) mutate(&in);
        fit(&in);
        decoded += (unsigned long)decode(in.at, in.size);
    }
    printf("%lu inputs, %lu decoded, %.1f s, digest %016llx\n", runs, decoded,
           (double)(clock() - begin) / CLOCKS_PER_SEC, (unsigned long long)digest);
    /* Inputs that are all refused would test nothing but the first check. */
    return runs > 1000 && decoded * 100 < runs;
}

#endif
