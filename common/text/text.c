#include "common/text/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/text/inside.h"
#include "common/utf8.h"

struct text *text_new(void)
{
    struct text *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->memory = sizeof *t;
    t->indexed = true;
    return t;
}

void text_free(struct text *t)
{
    if (!t)
        return;
    tree_free(t);
    agents_free(t);
    free(t->holds);
    free(t);
}

/* ---- reading ---- */

size_t text_len_cp(const struct text *t)
{
    return t->vis;
}

size_t text_len_bytes(const struct text *t)
{
    return t->vis_bytes;
}

size_t text_memory_bytes(const struct text *t)
{
    return t->memory;
}

void text_read(const struct text *t, size_t start_cp, size_t end_cp, struct buf *out)
{
    assert(start_cp <= end_cp && end_cp <= t->vis);
    if (start_cp == end_cp)
        return;
    size_t leaf_pos, leaf_byte, left = end_cp - start_cp;
    struct at at = tree_seek(t, start_cp, &leaf_pos, &leaf_byte);
    uint32_t byte = leaf_byte_of(at.leaf, at.i), off = at.off;
    if (!buf_reserve(out, left))
        return;
    for (const struct leaf *l = at.leaf; left; l = l->next, at.i = 0, byte = 0) {
        for (uint32_t i = at.i; i < l->n && left; byte += l->spans[i].bytes, i++, off = 0) {
            const struct span *s = &l->spans[i];
            if (s->held)
                continue;
            uint32_t n = s->len - off;
            if (n > left)
                n = (uint32_t)left;
            uint32_t from = off ? span_bytes(l, i, byte, off) : 0;
            uint32_t to = off + n == s->len ? s->bytes : span_bytes(l, i, byte, off + n);
            buf_append(out, l->text + byte + from, to - from);
            left -= n;
        }
    }
}

/* Visible characters of the leaf before span i. */
static size_t leaf_vis_of(const struct leaf *l, uint32_t i)
{
    size_t vis = 0;
    for (uint32_t k = 0; k < i; k++)
        if (!l->spans[k].held)
            vis += l->spans[k].len;
    return vis;
}

size_t text_cp_of_byte(const struct text *t, size_t byte)
{
    assert(byte <= t->vis_bytes);
    if (byte == t->vis_bytes)
        return t->vis;
    size_t leaf_pos, leaf_byte;
    struct at at = tree_seek_byte(t, byte, &leaf_pos, &leaf_byte);
    return leaf_pos + leaf_vis_of(at.leaf, at.i) + at.off;
}

size_t text_byte_of_cp(const struct text *t, size_t pos_cp)
{
    assert(pos_cp <= t->vis);
    if (pos_cp == t->vis)
        return t->vis_bytes;
    size_t leaf_pos, leaf_byte, vis_bytes = 0;
    struct at at = tree_seek(t, pos_cp, &leaf_pos, &leaf_byte);
    uint32_t byte = 0;
    for (uint32_t k = 0; k < at.i; byte += at.leaf->spans[k].bytes, k++)
        if (!at.leaf->spans[k].held)
            vis_bytes += at.leaf->spans[k].bytes;
    return leaf_byte + vis_bytes + (at.off ? span_bytes(at.leaf, at.i, byte, at.off) : 0);
}

/* ---- the place of the last edit here, so that typing on need not search ---- */

/* As tree_seek, from the cursor when it is in the same leaf; the cursor moves to the boundary
 * before the span. At the end of a leaf the place may be there instead of at the start of the next
 * one. */
static struct at seek(struct text *t, size_t pos)
{
    struct cursor *c = &t->cur;
    if (!c->leaf || pos < c->leaf_pos || pos > c->leaf_pos + c->leaf->vis) {
        size_t leaf_pos;
        struct leaf *l = tree_seek_leaf(t, pos, &leaf_pos);
        *c = (struct cursor){.leaf = l, .leaf_pos = leaf_pos};
    }
    const struct span *spans = c->leaf->spans;
    uint32_t v = (uint32_t)(pos - c->leaf_pos), vis = c->vis, byte = c->byte, i = c->i;
    while (vis > v) {
        i--;
        byte -= spans[i].bytes;
        if (!spans[i].held)
            vis -= spans[i].len;
    }
    for (; i < c->leaf->n; byte += spans[i].bytes, i++) {
        if (spans[i].held)
            continue;
        if (v - vis < spans[i].len)
            break;
        vis += spans[i].len;
    }
    c->i = i;
    c->vis = vis;
    c->byte = byte;
    return (struct at){c->leaf, i, v - vis};
}

/* seek() for a character that exists. */
static struct at seek_character(struct text *t, size_t pos)
{
    struct at at = seek(t, pos);
    while (at.i == at.leaf->n || at_span(&at)->held) {
        if (at.i == at.leaf->n)
            at = (struct at){at.leaf->next, 0, 0};
        else
            at.i++;
    }
    return at;
}

/* Puts the cursor at a boundary whose byte is not known. */
static void remember(struct text *t, struct leaf *l, uint32_t i, size_t pos)
{
    struct cursor *c = &t->cur;
    size_t leaf_pos = c->leaf == l ? c->leaf_pos : tree_pos_of_leaf(l);
    *c = (struct cursor){l, leaf_pos, i, (uint32_t)(pos - leaf_pos), leaf_byte_of(l, i)};
}

/* ---- writing here ---- */

/* Typing on: the run before the cursor grows. */
static bool type_on(struct text *t, uint32_t agent, size_t pos, const uint8_t *utf8, uint32_t len,
                    uint32_t len_bytes, uint32_t *seq)
{
    struct cursor *c = &t->cur;
    struct leaf *l = c->leaf;
    if (!l || pos != c->leaf_pos + c->vis || !c->i || len_bytes > SMALL_INSERT ||
        l->text_len + len_bytes > l->text_cap || len > TEXT_CHARS_MAX - t->chars)
        return false;
    struct span *s = &l->spans[c->i - 1];
    struct agent *a = &t->agents[s->agent];
    if (a->number != agent || s->seq + s->len != a->next_seq || s->held || s->flags & SPAN_RIGHT)
        return false;
    uint8_t *p = l->text + c->byte;
    uint32_t tail = l->text_len - c->byte;
    if (len_bytes == 1) {
        memmove(p + 1, p, tail);
        *p = *utf8;
    } else {
        memmove(p + len_bytes, p, tail);
        memcpy(p, utf8, len_bytes);
    }
    l->text_len = (uint16_t)(l->text_len + len_bytes);
    s->len = (uint16_t)(s->len + len);
    s->bytes = (uint16_t)(s->bytes + len_bytes);
    c->vis += len;
    c->byte += len_bytes;
    *seq = a->next_seq;
    a->next_seq += len;
    t->chars += len;
    tree_count(t, l, (int32_t)len, (int32_t)len_bytes);
    return true;
}

/* What a run inserted at this place hangs on: right of the character before, if that has nothing
 * on its right yet; else left of the character behind, which then has nothing on its left. */
static bool parent_here(const struct text *t, const struct at *at, struct text_id *parent)
{
    const struct span *before = at->off || !at->leaf ? NULL : at_span_before(at);
    struct at behind = *at;
    if (at->leaf)
        at_normal(&behind);
    if (!at->off && (before ? !(before->flags & SPAN_RIGHT) : !at->leaf)) {
        *parent = before ? span_last(t, before) : (struct text_id){0, 0};
        return false;
    }
    *parent = span_first(t, at_span(&behind));
    parent->seq += behind.off;
    return true;
}

enum err text_insert(struct text *t, uint32_t agent, size_t pos_cp, const char *utf8,
                     size_t len_bytes, struct buf *op)
{
    if (!len_bytes)
        return ERR_OK;
    const uint8_t *words = (const uint8_t *)utf8;
    long n = op_count_words(words, len_bytes);
    assert(n > 0 && pos_cp <= t->vis && agent);
    if (n > TEXT_CHARS_MAX)
        return ERR_TOO_LARGE;
    if (buf_failed(op) || !buf_reserve(op, len_bytes + 32))
        return ERR_NOMEM;
    struct op o = {.kind = OP_INSERT, .len_cp = (uint32_t)n, .utf8 = words, .len_bytes = len_bytes};
    if (type_on(t, agent, pos_cp, words, o.len_cp, (uint32_t)len_bytes, &o.seq)) {
        o.parent = (struct text_id){agent, o.seq - 1};
        op_write(op, agent, &o, false);
        return ERR_OK;
    }
    int32_t index = agent_get(t, agent);
    if (index < 0)
        return ERR_NOMEM;
    struct at at = {0};
    bool bytewise = true; /* as many bytes before the place in its span as characters */
    if (t->first) {
        at = seek(t, pos_cp);
        bytewise = !at.off || at_span(&at)->bytes == at_span(&at)->len;
    }
    struct cursor was = t->cur;
    uint32_t off = at.off;
    o.seq = t->agents[index].next_seq;
    o.left = parent_here(t, &at, &o.parent);
    enum err e =
        edit_insert(t, &at, (uint32_t)index, o.seq, o.parent, o.left, words, o.len_cp, len_bytes);
    if (e) {
        edit_forget_cursor(t);
        return e;
    }
    if (at.leaf == was.leaf && bytewise)
        t->cur = (struct cursor){was.leaf, was.leaf_pos, at.i, was.vis + off + o.len_cp,
                                 was.byte + off + (uint32_t)len_bytes};
    else
        remember(t, at.leaf, at.i, pos_cp + o.len_cp);
    op_write(op, agent, &o, false);
    return ERR_OK;
}

/* Operations that strike out characters, collected while walking over them in order. */
struct strikes {
    struct buf *out;
    uint32_t agent, number;
    struct op op;
    bool follows;
};

static void strikes_flush(struct strikes *s)
{
    if (!s->op.len_cp)
        return;
    s->op.number = s->number;
    s->number += s->op.len_cp;
    op_write(s->out, s->agent, &s->op, s->follows);
    s->op.len_cp = 0;
    s->follows = true;
}

static void strikes_add(struct strikes *s, struct text_id id, uint32_t n)
{
    if (s->op.len_cp && s->op.target.agent == id.agent &&
        s->op.target.seq + s->op.len_cp == id.seq) {
        s->op.len_cp += n;
        return;
    }
    strikes_flush(s);
    s->op.kind = OP_STRIKE;
    s->op.target = id;
    s->op.len_cp = n;
}

static void strikes_done(struct text *t, struct strikes *s, uint32_t index, uint64_t when)
{
    strikes_flush(s);
    struct agent *a = &t->agents[index];
    a->strikes = s->number;
    if (when != TEXT_WHEN_PENDING)
        a->confirmed = s->number;
}

/* Within one span: backspacing, deleting forward, cutting a word that one person typed. */
static enum err delete_in_span(struct text *t, struct at at, uint32_t n, uint32_t held,
                               struct strikes *s, size_t start_cp)
{
    struct text_id id = span_first(t, at_span(&at));
    id.seq += at.off;
    if ((at.off || n < at_span(&at)->len) && !tree_room(t, &at, 2, 0, false)) {
        held_drop_unused(t, held);
        return ERR_NOMEM;
    }
    uint32_t behind = edit_hold(t, &at, n, held);
    remember(t, at.leaf, behind, start_cp);
    strikes_add(s, id, n);
    return ERR_OK;
}

/* From `at`, a visible character at a span's start, to the end of a span `n` visible ones later. */
static void delete_spans(struct text *t, struct at at, size_t n, uint32_t held, struct strikes *s)
{
    while (n) {
        at_normal(&at);
        struct span *x = at_span(&at);
        if (x->held) {
            at.i++;
            continue;
        }
        uint32_t len = x->len;
        strikes_add(s, span_first(t, x), len);
        at.i = edit_hold(t, &at, len, held);
        n -= len;
    }
}

/* How many spans are visible in [start, end)? An upper bound of the operations needed. */
static size_t count_spans(struct at at, size_t n)
{
    size_t spans = 0;
    for (; n; at.i++, at.off = 0) {
        at_normal(&at);
        const struct span *s = at_span(&at);
        if (s->held)
            continue;
        uint32_t len = s->len - at.off;
        n -= len < n ? len : n;
        spans++;
    }
    return spans;
}

static enum err delete_across(struct text *t, struct at at, size_t start_cp, size_t n,
                              uint32_t held, struct strikes *s)
{
    enum { STRIKE_BYTES = 16 };
    struct at end = {0};
    bool ok = buf_reserve(s->out, count_spans(at, n) * STRIKE_BYTES);
    if (ok && start_cp + n < t->vis) {
        end = seek_character(t, start_cp + n);
        ok = edit_split(t, &end);
    }
    if (ok) {
        at = seek_character(t, start_cp); /* the split may have moved it */
        ok = edit_split(t, &at);
    }
    if (!ok) {
        held_drop_unused(t, held);
        return ERR_NOMEM;
    }
    edit_forget_cursor(t);
    held_ref(t, held); /* the spans' own may go when they are joined to equal ones */
    delete_spans(t, at, n, held, s);
    held_unref(t, held);
    return ERR_OK;
}

enum err text_delete(struct text *t, uint32_t agent, size_t start_cp, size_t end_cp, uint64_t when,
                     struct buf *op)
{
    assert(start_cp <= end_cp && end_cp <= t->vis && agent);
    if (start_cp == end_cp)
        return ERR_OK;
    if (buf_failed(op) || !buf_reserve(op, 32))
        return ERR_NOMEM;
    int32_t index = agent_get(t, agent);
    uint32_t held = index < 0 ? UINT32_MAX : held_with(t, 0, (uint32_t)index, when);
    if (held == UINT32_MAX)
        return ERR_NOMEM;
    size_t n = end_cp - start_cp;
    struct strikes s = {.out = op, .agent = agent, .number = t->agents[index].strikes};
    if (n > TEXT_STRIKES_MAX - s.number) {
        held_drop_unused(t, held);
        return ERR_TOO_LARGE;
    }
    struct at at = seek_character(t, start_cp);
    enum err e = at.off + n <= at_span(&at)->len
                     ? delete_in_span(t, at, (uint32_t)n, held, &s, start_cp)
                     : delete_across(t, at, start_cp, n, held, &s);
    if (!e)
        strikes_done(t, &s, (uint32_t)index, when);
    return e;
}
