#include <assert.h>
#include <string.h>

#include "common/text/inside.h"

/* Identities, anchors, and who wrote and who struck out what. */

uint32_t text_next_seq(const struct text *t, uint32_t agent)
{
    int32_t index = agent_index(t, agent);
    return index < 0 ? 0 : t->agents[index].next_seq;
}

struct text_id text_id_at(const struct text *t, size_t pos_cp)
{
    assert(pos_cp < t->vis);
    size_t leaf_pos, leaf_byte;
    struct at at = tree_seek(t, pos_cp, &leaf_pos, &leaf_byte);
    struct text_id id = span_first(t, at_span(&at));
    id.seq += at.off;
    return id;
}

struct text_anchor text_anchor_at(const struct text *t, size_t pos_cp, enum text_bias bias)
{
    assert(pos_cp <= t->vis);
    struct text_anchor a = {
        .id = {0, 0},
          .bias = (uint8_t)bias
    };
    if (bias == TEXT_BEFORE && pos_cp < t->vis)
        a.id = text_id_at(t, pos_cp);
    else if (bias == TEXT_AFTER && pos_cp)
        a.id = text_id_at(t, pos_cp - 1);
    return a;
}

enum err text_anchor_pos(const struct text *t, struct text_anchor a, size_t *pos_cp)
{
    if (a.bias > TEXT_AFTER)
        return ERR_NOT_FOUND;
    if (!a.id.agent) {
        *pos_cp = a.bias == TEXT_BEFORE ? t->vis : 0;
        return ERR_OK;
    }
    int32_t index = agent_index(t, a.id.agent);
    if (index < 0 || a.id.seq >= t->agents[index].next_seq)
        return ERR_NOT_FOUND;
    struct at at = ids_find(t, (uint32_t)index, a.id.seq);
    size_t pos = tree_pos_of_leaf(at.leaf);
    for (uint32_t i = 0; i < at.i; i++)
        if (!at.leaf->spans[i].held)
            pos += at.leaf->spans[i].len;
    if (!at_span(&at)->held)
        pos += at.off + (a.bias == TEXT_AFTER);
    *pos_cp = pos;
    return ERR_OK;
}

void text_version(const struct text *t, text_version_fn fn, void *user)
{
    for (uint32_t k = 0; k < t->n_agents; k++) {
        const struct agent *a = &t->agents[t->by_number[k]];
        if (a->next_seq)
            fn(user, a->number, a->next_seq);
    }
}

/* ---- runs ---- */

struct runs {
    const struct text *t;
    text_run_fn fn;
    void *user;
    struct text_run run;
    uint32_t held;
    struct buf joined; /* words of a run that lies in several spans */
    bool more;
};

static void runs_flush(struct runs *r)
{
    if (r->run.len_cp && r->more)
        r->more = r->fn(r->user, &r->run);
    r->run.len_cp = 0;
}

/* The run and what comes now in one piece of memory. False: not without memory for it. */
static bool runs_join_words(struct runs *r, const uint8_t *words, size_t bytes)
{
    if (!bytes)
        return true;
    if ((const char *)words == r->run.utf8 + r->run.len_bytes) { /* neighbours already */
        r->run.len_bytes += bytes;
        return true;
    }
    if (!r->joined.data || r->run.utf8 != (const char *)r->joined.data) {
        buf_clear(&r->joined);
        buf_append(&r->joined, r->run.utf8, r->run.len_bytes);
    }
    buf_append(&r->joined, words, bytes);
    if (buf_failed(&r->joined)) { /* the run keeps what it has, the rest is one of its own */
        buf_clear(&r->joined);
        return false;
    }
    r->run.utf8 = (const char *)r->joined.data;
    r->run.len_bytes = r->joined.len;
    return true;
}

static bool runs_joins(const struct runs *r, const struct span *s, uint32_t off)
{
    const struct hold *x = &r->t->holds[r->held], *y = &r->t->holds[s->held];
    bool same_state =
        r->held == s->held || (r->held && s->held && x->when == y->when && x->agent == y->agent);
    return r->run.len_cp && same_state && !r->run.utf8 == !s->bytes &&
           r->run.id.agent == r->t->agents[s->agent].number &&
           r->run.id.seq + r->run.len_cp == s->seq + off;
}

static uint32_t holder(const struct runs *r, const struct hold *h)
{
    return r->t->agents[h->agent].number;
}

/* n characters of the span from `off` on, their words at `words`. */
static void runs_add(struct runs *r, const struct span *s, uint32_t off, uint32_t n, size_t pos,
                     const uint8_t *words, size_t bytes)
{
    if (runs_joins(r, s, off) && runs_join_words(r, words, bytes)) {
        r->run.len_cp += n;
        return;
    }
    runs_flush(r);
    const struct hold *h = s->held ? &r->t->holds[s->held] : NULL;
    r->held = s->held;
    r->run = (struct text_run){
        .id = {r->t->agents[s->agent].number, s->seq + off},
        .pos_cp = pos,
        .len_cp = n,
        .deleted = h,
        .deleted_by = h ? holder(r, h) : 0,
        .deleted_when = h ? h->when : 0,
        .utf8 = bytes ? (const char *)words : NULL,
        .len_bytes = bytes
    };
}

void text_runs(const struct text *t, size_t start_cp, size_t end_cp, text_run_fn fn, void *user)
{
    assert(start_cp <= end_cp && end_cp <= t->vis);
    struct runs r = {.t = t, .fn = fn, .user = user, .more = true};
    size_t leaf_pos = 0, leaf_byte;
    struct at at = {t->first, 0, 0};
    if (start_cp) /* from behind the visible character before it: struck ones in between count */
        at.leaf = tree_seek(t, start_cp - 1, &leaf_pos, &leaf_byte).leaf;
    size_t pos = leaf_pos;
    for (const struct leaf *l = at.leaf; l && r.more; l = l->next) {
        uint32_t byte = 0;
        for (uint32_t i = 0; i < l->n && r.more; byte += l->spans[i].bytes, i++) {
            const struct span *s = &l->spans[i];
            uint32_t off = 0, n = s->len;
            if (pos > end_cp)
                goto done;
            if (s->held) {
                if (pos >= start_cp)
                    runs_add(&r, s, 0, n, pos, l->text + byte, s->bytes);
                continue;
            }
            if (pos >= end_cp)
                goto done;
            if (pos < start_cp)
                off = start_cp - pos < n ? (uint32_t)(start_cp - pos) : n;
            if (end_cp - pos < n)
                n = (uint32_t)(end_cp - pos);
            if (off < n) {
                uint32_t from = span_bytes(l, i, byte, off), to = span_bytes(l, i, byte, n);
                runs_add(&r, s, off, n - off, pos + off, l->text + byte + from, to - from);
            }
            pos += s->len;
        }
    }
done:
    runs_flush(&r);
    buf_free(&r.joined);
}
