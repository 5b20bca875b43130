/* Plans as bytes, written one field at a time, right or wrong. */
#ifndef TSBOX_TEST_BYTES_H
#define TSBOX_TEST_BYTES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

struct bytes {
    size_t length;
    uint8_t at[HEADER_BYTES + MAX_BODY_BYTES + 4096];
};

__attribute__((unused)) static void put(struct bytes *b, const void *data, size_t length) {
    if (b->length + length > sizeof b->at) abort();
    if (length) memcpy(b->at + b->length, data, length);
    b->length += length;
}

__attribute__((unused)) static void put_number(struct bytes *b, uint64_t n, int size) {
    uint8_t bytes[8];
    for (int i = 0; i < size; i++) bytes[i] = (uint8_t)(n >> 8 * i);
    put(b, bytes, (size_t)size);
}

__attribute__((unused)) static void put_u32(struct bytes *b, uint64_t n) { put_number(b, n, 4); }

__attribute__((unused)) static void put_u64(struct bytes *b, uint64_t n) { put_number(b, n, 8); }

__attribute__((unused)) static void put_str(struct bytes *b, const char *s) {
    put_number(b, strlen(s) + 1, 4);
    put(b, s, strlen(s) + 1);
}

/* An operation's head; end_op fills in its length. Returns where it begins. */
__attribute__((unused)) static size_t begin_op(struct bytes *b, unsigned code) {
    size_t start = b->length;
    put_number(b, code, 2);
    put_number(b, 0, 2);
    put_number(b, 0, 4);
    return start;
}

__attribute__((unused)) static void patch(struct bytes *b, size_t at, uint64_t n, int size) {
    for (int i = 0; i < size; i++) b->at[at + (size_t)i] = (uint8_t)(n >> 8 * i);
}

__attribute__((unused)) static void end_op(struct bytes *b, size_t start) { patch(b, start + 4, b->length - start - 8, 4); }

/* Reads a file of test/vectors, from the root of the checkout or from beside the build. */
__attribute__((unused)) static size_t read_vector(const char *name, void *to, size_t size) {
    const char *build = getenv("TSBOX_BUILD");
    char path[4096];
    snprintf(path, sizeof path, "%s%stest/vectors/%s", build ? build : "", build ? "/../" : "", name);
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(2);
    }
    size_t length = fread(to, 1, size, file);
    fclose(file);
    return length;
}

static const char *const VECTORS[] = {"nothing", "smallest", "every-op", "every-chapter", "strings", "numbers"};
#define VECTOR_COUNT (sizeof VECTORS / sizeof VECTORS[0])

#endif
