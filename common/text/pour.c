#include "common/text/pour.h"

#include <string.h>

#include "common/utf8.h"

enum err pour_flush(struct pour *p)
{
    struct text *t = p->t;
    if (!p->n)
        return ERR_OK;
    struct leaf *l = leaf_alloc(t, p->n, p->text_len);
    if (!l ||
        !mem_grow(t, (void **)&t->leaves, &t->cap_leaves, t->n_leaves + 1, sizeof(struct leaf *))) {
        leaf_free(t, l);
        return ERR_NOMEM;
    }
    memcpy(l->spans, p->spans, p->n * sizeof *l->spans);
    if (p->text_len)
        memcpy(l->text, p->words - p->text_len, p->text_len);
    t->vis += p->vis;
    t->vis_bytes += p->vis_bytes;
    l->n = (uint16_t)p->n;
    l->text_len = (uint16_t)p->text_len;
    l->vis = p->vis;
    l->vis_bytes = p->vis_bytes;
    l->no = t->n_leaves;
    l->prev = p->tail;
    if (p->tail)
        p->tail->next = l;
    else
        t->first = l;
    t->leaves[t->n_leaves++] = l;
    p->names += LEAF_SPANS;
    p->tail = l;
    p->n = p->text_len = p->vis = p->vis_bytes = 0;
    return ERR_OK;
}

static const uint8_t *next_high(const uint8_t *p, const uint8_t *end)
{
    uint64_t w[4];
    for (; (size_t)(end - p) >= sizeof w; p += sizeof w) {
        memcpy(w, p, sizeof w);
        if ((w[0] | w[1] | w[2] | w[3]) & 0x8080808080808080u)
            break;
    }
    while (p < end && *p < 0x80)
        p++;
    return p;
}

bool pour_words(struct pour *p, const uint8_t *words, const uint8_t *end)
{
    p->words = words;
    p->words_end = end;
    p->high = next_high(words, end);
    for (const uint8_t *from = p->high; from < end; from = next_high(from, end)) {
        uint32_t cp;
        size_t step = utf8_decode(from, end, &cp);
        if (!step)
            return false;
        from += step;
    }
    return true;
}

/* How many of n characters go into a span now; their bytes in *bytes; 0: the words end. */
static uint32_t take_words(const struct pour *p, uint32_t n, uint32_t room, uint32_t *bytes)
{
    size_t left = (size_t)(p->words_end - p->words), plain = (size_t)(p->high - p->words);
    uint32_t k = n < room ? n : room;
    if (k > plain)
        k = (uint32_t)plain;
    *bytes = k;
    while (k < n) {
        if (*bytes >= left)
            return 0;
        uint32_t lead = p->words[*bytes];
        uint32_t step = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        if (*bytes + step > room)
            break;
        *bytes += step;
        k++;
    }
    return k;
}

enum err pour_parts(struct pour *p, struct run r, unsigned flags)
{
    enum { LEAST = 16 };
    uint32_t left = r.len, seq = r.seq;
    while (left) {
        if (p->n >= FILL_SPANS || (r.words && p->text_len + LEAST > FILL_TEXT))
            if (pour_flush(p))
                return ERR_NOMEM;
        uint32_t n = left < UINT16_MAX ? left : UINT16_MAX, bytes = 0;
        if (r.words)
            n = take_words(p, n, (uint32_t)FILL_TEXT - p->text_len, &bytes);
        if (!n)
            return ERR_INPUT;
        left -= n;
        pour_part(p, &r, seq, n, bytes, flags | (left ? SPAN_RIGHT : 0));
        if (p->words > p->high)
            p->high = next_high(p->words, p->words_end);
        seq += n;
        flags = 0;
    }
    return ERR_OK;
}
