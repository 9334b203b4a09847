#include "common/text/pour.h"

#include <string.h>

enum err pour_flush(struct pour *p)
{
    struct leaf *full = p->leaf;
    struct text *t = p->t;
    if (!full || !full->n)
        return ERR_OK;
    struct leaf *l = leaf_alloc(t, full->n, full->text_len);
    if (!l ||
        !mem_grow(t, (void **)&t->leaves, &t->cap_leaves, t->n_leaves + 1, sizeof(struct leaf *))) {
        leaf_free(t, l);
        return ERR_NOMEM;
    }
    memcpy(l->spans, full->spans, full->n * sizeof *l->spans);
    if (full->text_len)
        memcpy(l->text, p->words - full->text_len, full->text_len);
    t->vis += full->vis;
    t->vis_bytes += full->vis_bytes;
    l->n = full->n;
    l->text_len = full->text_len;
    l->vis = full->vis;
    l->vis_bytes = full->vis_bytes;
    l->no = t->n_leaves;
    l->prev = p->tail;
    if (p->tail)
        p->tail->next = l;
    else
        t->first = l;
    t->leaves[t->n_leaves++] = l;
    p->tail = l;
    full->n = full->text_len = 0;
    full->vis = full->vis_bytes = 0;
    return ERR_OK;
}

/* A part of a run, its words the next `bytes`: they are copied when the leaf is full. */
static void put_part(struct pour *p, const struct run *r, uint32_t seq, uint32_t len,
                     uint32_t bytes, unsigned flags)
{
    struct leaf *l = p->leaf;
    struct span *s = &l->spans[l->n++];
    s->seq = seq;
    s->held = r->held;
    s->agent = (uint16_t)r->agent;
    s->len = (uint16_t)len;
    s->bytes = (uint16_t)bytes;
    s->flags = (uint16_t)flags;
    p->words += bytes;
    l->text_len = (uint16_t)(l->text_len + bytes);
    held_ref(p->t, r->held);
    if (!r->held) {
        l->vis += len;
        l->vis_bytes += bytes;
    }
}

/* How many of n characters go into a span now; their bytes in *bytes; 0: the words end. */
static uint32_t take_words(const struct pour *p, uint32_t n, uint32_t room, uint32_t *bytes)
{
    size_t left = (size_t)(p->words_end - p->words);
    uint32_t k = 0;
    *bytes = 0;
    if (p->ascii) {
        k = n < room ? n : room;
        *bytes = k;
        return k <= left ? k : 0;
    }
    for (; k < n; k++) {
        if (*bytes >= left)
            return 0;
        uint32_t lead = p->words[*bytes];
        uint32_t step = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        if (*bytes + step > room)
            break;
        *bytes += step;
    }
    return *bytes <= left ? k : 0;
}

enum err pour_run(struct pour *p, const struct run *r, bool has_left, uint32_t *last)
{
    enum { FILL_SPANS = LEAF_SPANS * 7 / 8, FILL_TEXT = LEAF_TEXT * 7 / 8, LEAST = 16 };
    uint32_t left = r->len, seq = r->seq;
    unsigned flags = (r->root ? SPAN_ROOT : 0u) | (has_left ? SPAN_LEFT : 0u);
    while (left) {
        if (p->leaf->n >= FILL_SPANS || (r->words && p->leaf->text_len + LEAST > FILL_TEXT))
            if (pour_flush(p))
                return ERR_NOMEM;
        uint32_t n = left < UINT16_MAX ? left : UINT16_MAX, bytes = 0;
        if (r->words)
            n = take_words(p, n, (uint32_t)FILL_TEXT - p->leaf->text_len, &bytes);
        if (!n)
            return ERR_INPUT;
        left -= n;
        put_part(p, r, seq, n, bytes, flags | (left ? SPAN_RIGHT : 0));
        seq += n;
        flags = 0;
    }
    /* the leaf that is being filled will be number n_leaves */
    *last = p->t->n_leaves * LEAF_SPANS + p->leaf->n - 1u;
    return ERR_OK;
}

struct span *pour_span(const struct pour *p, uint32_t last)
{
    uint32_t no = last / LEAF_SPANS, i = last % LEAF_SPANS;
    return no == p->t->n_leaves ? &p->leaf->spans[i] : &p->t->leaves[no]->spans[i];
}
