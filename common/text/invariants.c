#include <assert.h>

#include "common/text/inside.h"

/* What must always be true inside a text. */

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
