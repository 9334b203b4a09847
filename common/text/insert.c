#include <string.h>

#include "common/text/inside.h"

/* Putting a new run into the leaves. */

static void set_parent_flag(const struct text *t, const struct at *at, struct text_id parent,
                            bool left)
{
    if (left) {
        struct at next = *at;
        at_normal(&next);
        if (next.i < next.leaf->n && id_same(span_first(t, at_span(&next)), parent))
            at_span(&next)->flags |= SPAN_LEFT;
    } else {
        struct span *before = at_span_before(at);
        if (before && id_same(span_last(t, before), parent))
            before->flags |= SPAN_RIGHT;
    }
}

static void put_span(struct text *t, struct at *at, struct span s, const uint8_t *utf8)
{
    struct leaf *l = at->leaf;
    uint32_t byte = at->i == l->n ? l->text_len : leaf_byte_of(l, at->i);
    leaf_open_span(l, at->i);
    l->spans[at->i] = s;
    leaf_put_words(l, byte, utf8, s.bytes);
    ids_append(t, s.agent, s.seq, l);
    at->i++;
}

/* The new run's state when it is in place. */
static void finish(struct text *t, uint32_t agent, uint32_t len_cp)
{
    t->agents[agent].next_seq += len_cp;
    t->chars += len_cp;
}

static enum err insert_small(struct text *t, struct at *at, struct span s, struct text_id parent,
                             bool left, const uint8_t *utf8)
{
    if (!at->leaf) {
        at->leaf = tree_add_leaf(t, NULL, false);
        if (!at->leaf)
            return ERR_NOMEM;
    }
    if (!edit_split(t, at))
        return ERR_NOMEM;
    const struct span *before = at->i ? &at->leaf->spans[at->i - 1] : NULL;
    bool extend = before && span_continues(before, &s) && !before->held &&
                  !(before->flags & SPAN_RIGHT) && !left &&
                  at->leaf->text_len + s.bytes <= LEAF_TEXT;
    if (!tree_room(t, at, extend ? 0 : 1, s.bytes, true))
        return ERR_NOMEM;
    struct leaf *l = at->leaf;
    if (extend) {
        leaf_put_words(l, at->i == l->n ? l->text_len : leaf_byte_of(l, at->i), utf8, s.bytes);
        struct span *a = &l->spans[at->i - 1];
        a->len = (uint16_t)(a->len + s.len);
        a->bytes = (uint16_t)(a->bytes + s.bytes);
    } else {
        set_parent_flag(t, at, parent, left);
        put_span(t, at, s, utf8);
    }
    tree_count(t, l, s.len, s.bytes);
    return ERR_OK;
}

/* Leaves of one span each, linked by next. NULL: no memory. */
static struct leaf *leaves_of(struct text *t, struct span s, const uint8_t *utf8, uint32_t len_cp,
                              uint32_t *count)
{
    struct leaf *first = NULL, **link = &first;
    *count = 0;
    while (len_cp) {
        uint32_t bytes, n = words_fit(utf8, len_cp, LEAF_TEXT * 7 / 8, &bytes);
        struct leaf *l = leaf_alloc(t, 2, bytes);
        if (!l)
            goto fail;
        *link = l;
        link = &l->next;
        s.len = (uint16_t)n;
        s.bytes = (uint16_t)bytes;
        s.flags = (uint16_t)((s.flags & SPAN_ROOT) | (len_cp > n ? SPAN_RIGHT : 0));
        l->spans[0] = s;
        l->n = 1;
        memcpy(l->text, utf8, bytes);
        l->text_len = (uint16_t)bytes;
        s.flags = 0;
        s.seq += n;
        utf8 += bytes;
        len_cp -= n;
        ++*count;
    }
    return first;
fail:
    while (first) {
        struct leaf *next = first->next;
        leaf_free(t, first);
        first = next;
    }
    return NULL;
}

/* A long run gets leaves of its own, made before anything is changed. */
static enum err insert_large(struct text *t, struct at *at, struct span s, struct text_id parent,
                             bool left, const uint8_t *utf8, uint32_t len_cp)
{
    uint32_t count;
    struct leaf *fresh = leaves_of(t, s, utf8, len_cp, &count);
    bool ok = fresh && edit_split(t, at);
    if (ok && at->leaf && at->i && at->i < at->leaf->n) {
        ok = tree_split_leaf(t, at->leaf, at->i);
        if (ok)
            edit_forget_cursor(t);
    }
    if (!ok || !tree_reserve(t, count)) {
        for (struct leaf *next; fresh; fresh = next) {
            next = fresh->next;
            leaf_free(t, fresh);
        }
        return ERR_NOMEM;
    }
    if (at->leaf)
        set_parent_flag(t, at, parent, left);
    struct leaf *beside = at->leaf;
    bool before = beside && at->i == 0;
    for (struct leaf *l = fresh, *next; l; l = next, before = false) {
        next = l->next;
        l->next = NULL;
        tree_link_leaf(t, beside, before, l);
        ids_append(t, s.agent, l->spans[0].seq, l);
        tree_count(t, l, l->spans[0].len, l->spans[0].bytes);
        beside = l;
    }
    *at = (struct at){beside, 1, 0};
    return ERR_OK;
}

enum err edit_insert(struct text *t, struct at *at, uint32_t agent, uint32_t seq,
                     struct text_id parent, bool left, const uint8_t *utf8, uint32_t len_cp,
                     size_t len_bytes)
{
    bool chained = !left && seq && parent.agent == t->agents[agent].number && parent.seq == seq - 1;
    if (len_cp > TEXT_CHARS_MAX - t->chars)
        return ERR_TOO_LARGE;
    if (!chained && !agent_reserve_origin(t, agent))
        return ERR_NOMEM;
    struct span s = {.seq = seq, .agent = (uint16_t)agent, .flags = chained ? 0 : SPAN_ROOT};
    enum err e;
    if (len_bytes <= SMALL_INSERT) {
        s.len = (uint16_t)len_cp;
        s.bytes = (uint16_t)len_bytes;
        e = insert_small(t, at, s, parent, left, utf8);
    } else {
        e = insert_large(t, at, s, parent, left, utf8, len_cp);
    }
    if (e)
        return e;
    if (!chained)
        agent_add_origin(t, agent, seq, parent, left);
    finish(t, agent, len_cp);
    return ERR_OK;
}
