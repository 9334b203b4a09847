#ifndef TANDEM_COMMON_BUF_H
#define TANDEM_COMMON_BUF_H

/* A growing byte buffer and a bounded reader over bytes, with unsigned varints (LEB128) in both.
 * Running out of memory is remembered, not returned, by each call: append as much as you like and
 * ask buf_failed() once before using the bytes. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

struct buf {
    uint8_t *data;
    size_t len;
    size_t cap;
    bool failed;
};

#define BUF_INIT                                                                                   \
    {                                                                                              \
        0                                                                                          \
    }

void buf_free(struct buf *b);  /* releases the memory; `b` is empty and usable again */
void buf_clear(struct buf *b); /* keeps the memory, drops the bytes and the failure */
static inline bool buf_failed(const struct buf *b)
{
    return b->failed;
}

/* Room for `more` bytes behind the present ones. False when memory ran out (also remembered). */
bool buf_reserve(struct buf *b, size_t more);
void buf_append(struct buf *b, const void *data, size_t len);
void buf_append_str(struct buf *b, const char *s);
void buf_append_u8(struct buf *b, uint8_t v);
void buf_append_u32be(struct buf *b, uint32_t v);
void buf_append_varint(struct buf *b, uint64_t v);
void buf_appendf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Drops the first `len` bytes. */
void buf_consume(struct buf *b, size_t len);
/* The bytes with a NUL behind them (not counted in len); "" for an empty or failed buffer.
 * Borrowed from the buffer until its next change. */
const char *buf_cstr(struct buf *b);

/* Reading: any read past the end sets `bad` and gives zeros, so a decoder checks once, at its end
 * (but must check counts before looping over them). */
struct rd {
    const uint8_t *p;
    const uint8_t *end;
    bool bad;
};

static inline struct rd rd_of(const void *data, size_t len)
{
    return (struct rd){.p = data, .end = data ? (const uint8_t *)data + len : data};
}
static inline size_t rd_left(const struct rd *r)
{
    return (size_t)(r->end - r->p);
}
static inline uint8_t rd_u8(struct rd *r)
{
    if (r->p < r->end)
        return *r->p++;
    r->bad = true;
    return 0;
}
uint64_t rd_varint(struct rd *r);
/* As rd_varint; a value over `max` sets `bad`. */
uint64_t rd_varint_max(struct rd *r, uint64_t max);
/* A pointer to the next `len` bytes, or NULL (and bad). */
const uint8_t *rd_bytes(struct rd *r, size_t len);

#endif
