#include "common/text/op.h"

#include <string.h>

#include "common/utf8.h"

enum {
    KIND_MASK = 3,
    PARENT_SHIFT = 2,
    PARENT_MASK = 7,
    INSERT_LEN_SHIFT = 5,
    INSERT_LEN_MAX = 7,
    NUMBER_FOLLOWS = 1 << 2,
    TARGET_OWN = 1 << 3,
    STRIKE_LEN_SHIFT = 4,
    STRIKE_LEN_MAX = 15,
};

static uint32_t read_u32(struct rd *rd)
{
    if (rd->p < rd->end && *rd->p < 0x80) /* most numbers */
        return *rd->p++;
    return (uint32_t)rd_varint_max(rd, UINT32_MAX);
}

long op_count_words(const uint8_t *utf8, size_t len_bytes)
{
    uint64_t high = 0;
    size_t at = 0;
    for (uint64_t eight; at + 8 <= len_bytes; at += 8) {
        memcpy(&eight, utf8 + at, 8);
        high |= eight;
    }
    for (; at < len_bytes; at++)
        high |= utf8[at];
    return high & 0x8080808080808080u ? utf8_count(utf8, len_bytes) : (long)len_bytes;
}

static bool read_words(struct rd *rd, size_t len, struct op *op)
{
    op->utf8 = rd_bytes(rd, len);
    op->len_bytes = len;
    if (!op->utf8)
        return false;
    if (len == 1 && op->utf8[0] < 0x80) {
        op->len_cp = 1;
        return true;
    }
    long n = op_count_words(op->utf8, len);
    if (n <= 0 || n > (long)UINT32_MAX)
        return false;
    op->len_cp = (uint32_t)n;
    return true;
}

static bool read_insert(struct op_reader *r, uint8_t head, struct op *op)
{
    struct rd *rd = &r->rd;
    size_t len = head >> INSERT_LEN_SHIFT;
    if (!len)
        len = read_u32(rd);
    op->seq = read_u32(rd);
    op->left = false;
    switch ((enum op_parent)(head >> PARENT_SHIFT & PARENT_MASK)) {
    case OP_CHAINED:
        if (op->seq == 0)
            return false;
        op->parent = (struct text_id){r->agent, op->seq - 1};
        break;
    case OP_LEFT_OWN:
        op->left = true; /* fall through */
    case OP_RIGHT_OWN:
        op->parent = (struct text_id){r->agent, read_u32(rd)};
        break;
    case OP_LEFT_OTHER:
        op->left = true; /* fall through */
    case OP_RIGHT_OTHER:
        op->parent.agent = read_u32(rd);
        op->parent.seq = read_u32(rd);
        if (op->parent.agent == 0)
            return false;
        break;
    case OP_RIGHT_START:
        op->parent = (struct text_id){0, 0};
        break;
    case OP_PARENT_KINDS:
    default: /* the bits can hold more than the enumeration */
        return false;
    }
    return read_words(rd, len, op) && op->len_cp <= UINT32_MAX - op->seq;
}

static bool read_strike(struct op_reader *r, uint8_t head, struct op *op)
{
    struct rd *rd = &r->rd;
    uint32_t len = head >> STRIKE_LEN_SHIFT;
    if (!len)
        len = read_u32(rd);
    if (head & NUMBER_FOLLOWS) {
        if (!r->has_number)
            return false;
        op->number = r->next_number;
    } else {
        op->number = read_u32(rd);
    }
    op->target.agent = head & TARGET_OWN ? r->agent : read_u32(rd);
    op->target.seq = read_u32(rd);
    op->len_cp = len;
    op->utf8 = NULL;
    op->len_bytes = 0;
    if (op->kind == OP_RESTORE && !read_words(rd, len, op))
        return false;
    if (!op->target.agent || !op->len_cp || op->len_cp > UINT32_MAX - op->target.seq ||
        op->len_cp > UINT32_MAX - op->number)
        return false;
    r->next_number = op->number + op->len_cp;
    r->has_number = true;
    return true;
}

bool op_read(struct op_reader *r, struct op *op)
{
    if (r->rd.p == r->rd.end || r->rd.bad)
        return false;
    uint8_t head = *r->rd.p++;
    bool ok = false;
    switch (head & KIND_MASK) {
    case OP_INSERT:
        op->kind = OP_INSERT;
        ok = read_insert(r, head, op);
        break;
    case OP_STRIKE:
    case OP_RESTORE:
        op->kind = (enum op_kind)(head & KIND_MASK);
        ok = read_strike(r, head, op);
        break;
    default:
        break;
    }
    if (!ok)
        r->rd.bad = true;
    return !r->rd.bad;
}

/* ---- writing ---- */

static uint8_t *put_varint(uint8_t *p, uint32_t v)
{
    while (v >= 0x80) {
        *p++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *p++ = (uint8_t)v;
    return p;
}

static enum op_parent parent_kind(uint32_t agent, const struct op *op)
{
    if (op->parent.agent == 0)
        return OP_RIGHT_START;
    if (op->parent.agent != agent)
        return op->left ? OP_LEFT_OTHER : OP_RIGHT_OTHER;
    if (op->left)
        return OP_LEFT_OWN;
    return op->parent.seq + 1 == op->seq ? OP_CHAINED : OP_RIGHT_OWN;
}

static uint8_t *put_insert(uint8_t *p, uint32_t agent, const struct op *op)
{
    enum op_parent parent = parent_kind(agent, op);
    size_t small = op->len_bytes <= INSERT_LEN_MAX ? op->len_bytes : 0;
    *p++ = (uint8_t)(OP_INSERT | (unsigned)parent << PARENT_SHIFT | small << INSERT_LEN_SHIFT);
    if (!small)
        p = put_varint(p, (uint32_t)op->len_bytes);
    p = put_varint(p, op->seq);
    if (parent == OP_LEFT_OTHER || parent == OP_RIGHT_OTHER)
        p = put_varint(p, op->parent.agent);
    if (parent != OP_CHAINED && parent != OP_RIGHT_START)
        p = put_varint(p, op->parent.seq);
    return p;
}

static uint8_t *put_strike(uint8_t *p, uint32_t agent, const struct op *op, bool follows)
{
    size_t len = op->kind == OP_RESTORE ? op->len_bytes : op->len_cp;
    size_t small = len <= STRIKE_LEN_MAX ? len : 0;
    bool own = op->target.agent == agent;
    *p++ = (uint8_t)((unsigned)op->kind | (follows ? NUMBER_FOLLOWS : 0u) |
                     (own ? TARGET_OWN : 0u) | small << STRIKE_LEN_SHIFT);
    if (!small)
        p = put_varint(p, (uint32_t)len);
    if (!follows)
        p = put_varint(p, op->number);
    if (!own)
        p = put_varint(p, op->target.agent);
    return put_varint(p, op->target.seq);
}

void op_write(struct buf *out, uint32_t agent, const struct op *op, bool follows)
{
    enum { HEAD_MAX = 1 + 4 * 5 };
    if (!buf_reserve(out, HEAD_MAX + op->len_bytes))
        return;
    uint8_t *p = out->data + out->len;
    p = op->kind == OP_INSERT ? put_insert(p, agent, op) : put_strike(p, agent, op, follows);
    if (op->len_bytes)
        memcpy(p, op->utf8, op->len_bytes);
    out->len = (size_t)(p - out->data) + op->len_bytes;
}
