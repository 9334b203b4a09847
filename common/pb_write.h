#ifndef TANDEM_COMMON_PB_WRITE_H
#define TANDEM_COMMON_PB_WRITE_H

/* Writes protobuf's wire form straight into a buffer, for messages that are made at every key press
 * or are large: no tree of structs first. Values that proto3 leaves out (0, empty) are left out;
 * the _always ones are for members of a oneof. Fields must be written in order of their numbers,
 * then the bytes are canonical. Failure is the buffer's (buf_failed). */

#include <string.h>

#include "common/buf.h"

enum { PBW_VARINT = 0, PBW_BYTES = 2 };

static inline void pbw_u64_always(struct buf *out, uint32_t field, uint64_t v)
{
    buf_append_varint(out, (uint64_t)field << 3 | PBW_VARINT);
    buf_append_varint(out, v);
}
static inline void pbw_u64(struct buf *out, uint32_t field, uint64_t v)
{
    if (v)
        pbw_u64_always(out, field, v);
}
static inline void pbw_bytes_always(struct buf *out, uint32_t field, const void *data, size_t len)
{
    buf_append_varint(out, (uint64_t)field << 3 | PBW_BYTES);
    buf_append_varint(out, len);
    buf_append(out, data, len);
}
static inline void pbw_bytes(struct buf *out, uint32_t field, const void *data, size_t len)
{
    if (len)
        pbw_bytes_always(out, field, data, len);
}
static inline void pbw_str(struct buf *out, uint32_t field, const char *s)
{
    pbw_bytes(out, field, s, strlen(s));
}

/* A message inside: write its fields between begin and end. Its length goes in front afterwards. */
static inline size_t pbw_begin(struct buf *out, uint32_t field)
{
    buf_append_varint(out, (uint64_t)field << 3 | PBW_BYTES);
    return out->len;
}
static inline void pbw_end(struct buf *out, size_t begin)
{
    if (buf_failed(out))
        return;
    size_t len = out->len - begin, header = 1;
    for (size_t v = len; v >= 0x80; v >>= 7)
        header++;
    if (!buf_reserve(out, header))
        return;
    memmove(out->data + begin + header, out->data + begin, len);
    out->len = begin;
    buf_append_varint(out, len);
    out->len += len;
}

#endif
