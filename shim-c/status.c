#include "sys.h"

#include "shim.h"

int status_fd = 4;
uint32_t told_from;

uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* A record and its payload fit PIPE_BUF, so two writers cannot mix. A reader that is gone is no reason to stop:
   teardown matters more than telling, and the lease says when the owner is lost. */
void tell_with(const struct record *record, const void *payload) {
    uint8_t bytes[RECORD_BYTES + MAX_PAYLOAD_BYTES];
    int saved = errno;
    struct record told = *record;
    if (told.index != ~0u) told.index -= told_from;
    memcpy(bytes, &told, RECORD_BYTES);
    if (payload) memcpy(bytes + RECORD_BYTES, payload, record->length);
    (void)write_whole(status_fd, bytes, RECORD_BYTES + record->length);
    errno = saved;
}

void tell(struct record record) {
    if (record.ns == 0) record.ns = now_ns();
    tell_with(&record, NULL);
}

void tell_op(enum record_kind kind, const struct op *op, int value) {
    tell((struct record){.kind = (uint16_t)kind, .code = op->code, .index = op->index, .value = value});
}
