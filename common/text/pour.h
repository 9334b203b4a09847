#ifndef TANDEM_COMMON_TEXT_POUR_H
#define TANDEM_COMMON_TEXT_POUR_H

/* Fills the leaves of a text that is being loaded, from left to right, run by run. tree_build puts
 * the tree on top of them. */

#include "common/text/state.h"

enum { FILL_SPANS = LEAF_SPANS * 7 / 8, FILL_TEXT = LEAF_TEXT * 7 / 8 };

struct pour {
    struct text *t;
    struct leaf *tail; /* the last full one */
    const uint8_t *words;
    const uint8_t *words_end; /* well-formed UTF-8 up to here */
    const uint8_t *high;      /* the next byte that is not ASCII, or the end */
    /* the leaf being filled; its words are copied when it is full */
    uint32_t n, text_len, vis, vis_bytes;
    uint32_t names; /* of its spans, from here; full leaves' by their numbers */
    struct span spans[LEAF_SPANS];
};

/* The words of the runs to come, kept until the last one is poured. False: they are not UTF-8. */
bool pour_words(struct pour *p, const uint8_t *words, const uint8_t *end);
/* Ends the last leaf. ERR_OK or ERR_NOMEM. */
MUST_CHECK enum err pour_flush(struct pour *p);
/* As pour_run, for whatever does not go into one span of the present leaf. */
MUST_CHECK enum err pour_parts(struct pour *p, struct run r, unsigned flags);

/* Appends a part of a run, whose words are the next `bytes`. */
static inline void pour_part(struct pour *p, const struct run *r, uint32_t seq, uint32_t len,
                             uint32_t bytes, unsigned flags)
{
    struct span *s = &p->spans[p->n++];
    s->seq = seq;
    s->held = r->held;
    s->agent = (uint16_t)r->agent;
    s->len = (uint16_t)len;
    s->bytes = (uint16_t)bytes;
    s->flags = (uint16_t)flags;
    p->words += bytes;
    p->text_len += bytes;
    held_ref(p->t, r->held);
    if (!r->held) {
        p->vis += len;
        p->vis_bytes += bytes;
    }
}

/* Appends the run's spans; the run takes its words from `words`. *last names its last span. ERR_OK,
 * ERR_NOMEM, or ERR_INPUT: there are not so many words. */
MUST_CHECK static inline enum err pour_run(struct pour *p, const struct run *r, bool has_left,
                                           uint32_t *last)
{
    unsigned flags = (r->root ? SPAN_ROOT : 0u) | (has_left ? SPAN_LEFT : 0u);
    uint32_t room = r->words ? FILL_TEXT - p->text_len : UINT16_MAX;
    bool one_span = p->n < FILL_SPANS && r->len <= room &&
                    (!r->words || r->len <= (size_t)(p->high - p->words));
    enum err e = ERR_OK;
    if (one_span)
        pour_part(p, r, r->seq, r->len, r->words ? r->len : 0, flags);
    else
        e = pour_parts(p, *r, flags);
    *last = p->names + p->n - 1u;
    return e;
}

static inline struct span *pour_span(struct pour *p, uint32_t last)
{
    if (last >= p->names)
        return &p->spans[last - p->names];
    return &p->t->leaves[last / LEAF_SPANS]->spans[last % LEAF_SPANS];
}

#endif
