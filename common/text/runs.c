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

/* ---- the inner rules ---- */

static void check_span(const struct text *t, const struct leaf *l, uint32_t i, uint32_t byte)
{
    const struct span *s = &l->spans[i];
    assert(s->len && s->agent < t->n_agents && (s->bytes || s->held));
    assert(s->seq + s->len <= t->agents[s->agent].next_seq);
    assert(!s->held || (s->held < t->n_holds && t->holds[s->held].refs));
    uint32_t n = 0;
    for (uint32_t k = 0; k < s->bytes; k++)
        n += (l->text[byte + k] & 0xc0) != 0x80;
    assert(!s->bytes || n == s->len);
    const struct origin *o = agent_origin(t, s->agent, s->seq);
    assert((o->seq == s->seq) == !!(s->flags & SPAN_ROOT));
    assert(s->flags & SPAN_ROOT || o->seq < s->seq);
    struct at at = ids_find(t, s->agent, s->seq + s->len - 1u);
    assert(at.leaf == l && at.i == i);
}

static void check_leaf(const struct text *t, const struct leaf *l)
{
    uint32_t byte = 0, vis = 0, vis_bytes = 0;
    assert(l->n && l->n <= l->cap && l->text_len <= l->text_cap && l->cap <= LEAF_SPANS);
    assert(l->text_cap <= LEAF_TEXT && t->leaves[l->no] == l);
    for (uint32_t i = 0; i < l->n; i++) {
        check_span(t, l, i, byte);
        byte += l->spans[i].bytes;
        if (!l->spans[i].held) {
            vis += l->spans[i].len;
            vis_bytes += l->spans[i].bytes;
        }
    }
    assert(byte == l->text_len && vis == l->vis && vis_bytes == l->vis_bytes);
    uint32_t slot = l->slot, height = 0;
    const void *child = l;
    for (const struct inner *p = l->parent; p; child = p, slot = p->slot, p = p->parent) {
        assert(p->child[slot] == child && slot < p->n && p->n <= FAN && p->n > 0);
        height++;
    }
    assert(child == t->root && height == t->height);
    if (l->parent)
        assert(l->parent->vis[l->slot] == vis && l->parent->bytes[l->slot] == vis_bytes);
}

/* Every flag says what the origins say. */
static void check_flags(const struct text *t)
{
    for (const struct leaf *l = t->first; l; l = l->next) {
        for (uint32_t i = 0; i < l->n; i++) {
            struct at at = {(struct leaf *)l, i, 0};
            struct text_id last = span_last(t, &l->spans[i]), first = span_first(t, &l->spans[i]);
            bool right = last.seq + 1 < t->agents[l->spans[i].agent].next_seq &&
                         agent_origin(t, l->spans[i].agent, last.seq + 1)->seq != last.seq + 1;
            bool left = false;
            for (uint32_t k = 0; k < t->n_agents; k++)
                for (uint32_t j = 0; j < t->agents[k].n_origins; j++) {
                    const struct origin *o = &t->agents[k].origins[j];
                    struct text_id parent = origin_parent(t, o);
                    right |= !o->left && id_same(parent, last);
                    left |= o->left && id_same(parent, first);
                }
            assert(right == !!(at_span(&at)->flags & SPAN_RIGHT));
            assert(left == !!(at_span(&at)->flags & SPAN_LEFT));
        }
    }
}

void text_check_invariants(const struct text *t)
{
    uint32_t vis = 0, vis_bytes = 0, chars = 0, leaves = 0, spans = 0, origins = 0;
    for (const struct leaf *l = t->first; l; l = l->next) {
        check_leaf(t, l);
        assert(!l->next || l->next->prev == l);
        vis += l->vis;
        vis_bytes += l->vis_bytes;
        leaves++;
        spans += l->n;
        for (uint32_t i = 0; i < l->n; i++)
            chars += l->spans[i].len;
    }
    assert(vis == t->vis && vis_bytes == t->vis_bytes && leaves == t->n_leaves);
    for (uint32_t k = 0; k < t->n_agents; k++) {
        chars -= t->agents[k].next_seq;
        origins += t->agents[k].n_origins;
        assert(!k || t->agents[t->by_number[k - 1]].number < t->agents[t->by_number[k]].number);
        assert(t->agents[k].confirmed <= t->agents[k].strikes);
    }
    assert(chars == 0);
    for (const struct inner *p = t->height ? t->root : NULL; p; p = p->leaves ? NULL : p->child[0])
        for (uint32_t k = 0; !p->leaves && k < p->n; k++) {
            const struct inner *c = p->child[k];
            uint32_t v = 0, b = 0;
            for (uint32_t j = 0; j < c->n; j++) {
                v += c->vis[j];
                b += c->bytes[j];
            }
            assert(v == p->vis[k] && b == p->bytes[k]);
        }
    if ((uint64_t)spans * origins < 100000) /* it looks at every pair */
        check_flags(t);
}
