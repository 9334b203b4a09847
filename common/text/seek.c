#include "common/text/inside.h"

/* Positions in the tree. */

uint32_t leaf_byte_of(const struct leaf *l, uint32_t i)
{
    uint32_t bytes = 0;
    for (uint32_t k = 0; k < i; k++)
        bytes += l->spans[k].bytes;
    return bytes;
}

static uint32_t utf8_step(uint8_t lead)
{
    return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

uint32_t span_bytes(const struct leaf *l, uint32_t i, uint32_t byte, uint32_t n)
{
    const struct span *s = &l->spans[i];
    if (n == s->len || !s->bytes)
        return s->bytes;
    if (s->bytes == s->len)
        return n;
    uint32_t at = byte;
    for (; n; n--)
        at += utf8_step(l->text[at]);
    return at - byte;
}

static struct leaf *descend(const struct text *t, size_t target, bool by_bytes, size_t *leaf_pos,
                            size_t *leaf_byte)
{
    void *node = t->root;
    size_t pos = 0, byte = 0;
    for (uint32_t level = t->height; level; level--) {
        struct inner *p = node;
        const uint32_t *counts = by_bytes ? p->bytes : p->vis;
        uint32_t k = 0, last = p->n - 1u;
        for (; k < last && target >= counts[k]; k++) {
            target -= counts[k];
            pos += p->vis[k];
            byte += p->bytes[k];
        }
        node = p->child[k];
    }
    *leaf_pos = pos;
    *leaf_byte = byte;
    return node;
}

struct leaf *tree_seek_leaf(const struct text *t, size_t pos, size_t *leaf_pos)
{
    size_t leaf_byte;
    return descend(t, pos, false, leaf_pos, &leaf_byte);
}

struct at tree_seek(const struct text *t, size_t pos, size_t *leaf_pos, size_t *leaf_byte)
{
    struct at at = {.leaf = descend(t, pos, false, leaf_pos, leaf_byte)};
    size_t left = pos - *leaf_pos;
    const struct span *s = at.leaf->spans;
    for (; at.i < at.leaf->n; at.i++, s++) {
        if (s->held)
            continue;
        if (left < s->len) {
            at.off = (uint32_t)left;
            break;
        }
        left -= s->len;
    }
    return at;
}

struct at tree_seek_byte(const struct text *t, size_t byte, size_t *leaf_pos, size_t *leaf_byte)
{
    struct at at = {.leaf = descend(t, byte, true, leaf_pos, leaf_byte)};
    size_t left = byte - *leaf_byte;
    uint32_t in_leaf = 0;
    for (; at.i < at.leaf->n; in_leaf += at.leaf->spans[at.i].bytes, at.i++) {
        const struct span *s = &at.leaf->spans[at.i];
        if (s->held)
            continue;
        if (left < s->bytes) {
            while (span_bytes(at.leaf, at.i, in_leaf, at.off) < left)
                at.off = s->bytes == s->len ? (uint32_t)left : at.off + 1;
            break;
        }
        left -= s->bytes;
    }
    return at;
}

size_t tree_pos_of_leaf(const struct leaf *l)
{
    size_t pos = 0;
    uint32_t slot = l->slot;
    for (const struct inner *p = l->parent; p; p = p->parent) {
        for (uint32_t k = 0; k < slot; k++)
            pos += p->vis[k];
        slot = p->slot;
    }
    return pos;
}

bool tree_before(const struct at *a, const struct at *b)
{
    if (a->leaf == b->leaf)
        return a->i != b->i ? a->i < b->i : a->off < b->off;
    uint32_t x = a->leaf->slot, y = b->leaf->slot;
    const struct inner *p = a->leaf->parent, *q = b->leaf->parent;
    while (p != q) {
        x = p->slot;
        y = q->slot;
        p = p->parent;
        q = q->parent;
    }
    return x < y;
}
