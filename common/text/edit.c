#include "common/text/inside.h"

#include <assert.h>
#include <string.h>

#include "common/utf8.h"

void edit_forget_cursor(struct text *t)
{
    t->cur.leaf = NULL;
}

/* ---- spans in a leaf ---- */

void leaf_open_span(struct leaf *l, uint32_t i)
{
    assert(l->n < l->cap);
    memmove(l->spans + i + 1, l->spans + i, (l->n - i) * sizeof *l->spans);
    l->n++;
}

void leaf_put_words(struct leaf *l, uint32_t byte, const uint8_t *utf8, uint32_t bytes)
{
    uint8_t *p = l->text + byte;
    memmove(p + bytes, p, l->text_len - byte);
    memcpy(p, utf8, bytes);
    l->text_len = (uint16_t)(l->text_len + bytes);
}

/* How many of the next n characters fit into `most` bytes? Their size in *bytes. */
uint32_t words_fit(const uint8_t *utf8, uint32_t n, uint32_t most, uint32_t *bytes)
{
    uint32_t k = 0, at = 0;
    for (; k < n; k++) {
        uint32_t lead = utf8[at], step = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        if (at + step > most)
            break;
        at += step;
    }
    *bytes = at;
    return k;
}

static void close_span(struct leaf *l, uint32_t i)
{
    l->n--;
    memmove(l->spans + i, l->spans + i + 1, (l->n - i) * sizeof *l->spans);
}

/* Cuts span i behind its first n characters. There is room. */
static void cut_span(struct text *t, struct leaf *l, uint32_t i, uint32_t n)
{
    uint32_t bytes = span_bytes(
        l, i, l->spans[i].bytes == l->spans[i].len || !l->spans[i].bytes ? 0 : leaf_byte_of(l, i),
        n);
    leaf_open_span(l, i + 1);
    struct span *a = &l->spans[i], *b = a + 1;
    *b = *a;
    a->len = (uint16_t)n;
    a->bytes = (uint16_t)bytes;
    a->flags |= SPAN_RIGHT;
    b->seq += n;
    b->len = (uint16_t)(b->len - n);
    b->bytes = (uint16_t)(b->bytes - bytes);
    b->flags &= SPAN_RIGHT;
    held_ref(t, b->held);
}

bool edit_split(struct text *t, struct at *at)
{
    if (!at->off)
        return true;
    if (!tree_room(t, at, 1, 0, false))
        return false;
    cut_span(t, at->leaf, at->i, at->off);
    *at = (struct at){at->leaf, at->i + 1, 0};
    edit_forget_cursor(t);
    return true;
}

static bool joinable(const struct text *t, const struct span *a, const struct span *b)
{
    return span_continues(a, b) && !a->bytes == !b->bytes && a->len + b->len <= UINT16_MAX &&
           held_same(t, a->held, b->held);
}

/* Joins span i to the one before it. */
static void join_back(struct text *t, struct leaf *l, uint32_t i)
{
    struct span *a = &l->spans[i - 1], *b = a + 1;
    a->len = (uint16_t)(a->len + b->len);
    a->bytes = (uint16_t)(a->bytes + b->bytes);
    a->flags = (uint16_t)((a->flags & ~SPAN_RIGHT) | (b->flags & SPAN_RIGHT));
    held_unref(t, b->held);
    close_span(l, i);
}

/* ---- striking and restoring a part of a span ---- */

static void count_change(struct text *t, struct leaf *l, bool was_held, bool is_held, uint32_t n,
                         uint32_t bytes)
{
    if (was_held && !is_held)
        tree_count(t, l, (int32_t)n, (int32_t)bytes);
    else if (!was_held && is_held)
        tree_count(t, l, -(int32_t)n, -(int32_t)bytes);
}

/* Moves n characters from the start of span i to the end of the one before. */
static void shift_back(struct leaf *l, uint32_t i, uint32_t n, uint32_t bytes)
{
    struct span *a = &l->spans[i - 1], *b = a + 1;
    a->len = (uint16_t)(a->len + n);
    a->bytes = (uint16_t)(a->bytes + bytes);
    b->seq += n;
    b->len = (uint16_t)(b->len - n);
    b->bytes = (uint16_t)(b->bytes - bytes);
}

/* Moves n characters from the end of span i to the start of the next. */
static void shift_forth(struct leaf *l, uint32_t i, uint32_t n, uint32_t bytes)
{
    struct span *a = &l->spans[i], *b = a + 1;
    a->len = (uint16_t)(a->len - n);
    a->bytes = (uint16_t)(a->bytes - bytes);
    b->seq -= n;
    b->len = (uint16_t)(b->len + n);
    b->bytes = (uint16_t)(b->bytes + bytes);
}

/* Could these characters, once `held`, be joined to the neighbour b behind (before) them? */
static bool takes_behind(const struct text *t, const struct leaf *l, uint32_t i, uint32_t n,
                         uint32_t held)
{
    if (i + 1 >= l->n)
        return false;
    const struct span *a = &l->spans[i], *b = a + 1;
    return span_continues(a, b) && !a->bytes == !b->bytes && b->len + n <= UINT16_MAX &&
           held_same(t, b->held, held);
}

static bool takes_before(const struct text *t, const struct leaf *l, uint32_t i, uint32_t n,
                         uint32_t held)
{
    if (i == 0)
        return false;
    const struct span *a = &l->spans[i - 1], *b = a + 1;
    return span_continues(a, b) && !a->bytes == !b->bytes && a->len + n <= UINT16_MAX &&
           held_same(t, a->held, held);
}

static void give_hold(struct text *t, struct span *s, uint32_t held)
{
    held_ref(t, held);
    held_unref(t, s->held);
    s->held = held;
}

uint32_t edit_hold(struct text *t, const struct at *at, uint32_t n, uint32_t held)
{
    struct leaf *l = at->leaf;
    uint32_t i = at->i, off = at->off;
    struct span *s = &l->spans[i];
    bool was_held = s->held;
    uint32_t byte = s->bytes == s->len || !s->bytes ? 0 : leaf_byte_of(l, i);
    uint32_t before = off ? span_bytes(l, i, byte, off) : 0;
    uint32_t bytes =
        off + n == s->len ? s->bytes - before : span_bytes(l, i, byte, off + n) - before;
    count_change(t, l, was_held, held, n, bytes);
    if (off && off + n == s->len && takes_behind(t, l, i, n, held)) {
        shift_forth(l, i, n, bytes);
        held_drop_unused(t, held);
        return i + 2;
    }
    if (!off && n < s->len && takes_before(t, l, i, n, held)) {
        shift_back(l, i, n, bytes);
        held_drop_unused(t, held);
        return i;
    }
    if (off) {
        cut_span(t, l, i, off);
        i++;
    }
    if (n < l->spans[i].len)
        cut_span(t, l, i, n);
    give_hold(t, &l->spans[i], held);
    if (i + 1 < l->n && joinable(t, &l->spans[i], &l->spans[i + 1]))
        join_back(t, l, i + 1);
    if (i && joinable(t, &l->spans[i - 1], &l->spans[i])) {
        join_back(t, l, i);
        return i;
    }
    return i + 1;
}

/* ---- by identity ---- */

/* Puts a list of holds on as many characters from `at` on as are in its span, n at most. */
static bool hold_part(struct text *t, struct at *at, uint32_t *n, uint32_t held)
{
    uint32_t in_span = at_span(at)->len - at->off;
    if (*n > in_span)
        *n = in_span;
    bool part = *n < at_span(at)->len;
    if (part && !tree_room(t, at, 2, 0, false)) {
        held_drop_unused(t, held);
        return false;
    }
    (void)edit_hold(t, at, *n, held);
    t->hint = at->leaf;
    t->hint_i = at->i < at->leaf->n ? at->i : 0;
    return true;
}

enum err edit_strike(struct text *t, uint32_t agent, uint64_t when, uint32_t target, uint32_t seq,
                     uint32_t len, bool confirm_only)
{
    edit_forget_cursor(t);
    while (len) {
        struct at at = ids_find(t, target, seq);
        uint32_t n = at_span(&at)->len - at.off, old = at_span(&at)->held;
        if (n > len)
            n = len;
        if (held_by(t, old, agent) == confirm_only) {
            uint32_t held = held_with(t, old, agent, when);
            if (held == UINT32_MAX)
                return ERR_NOMEM;
            if (held_same(t, held, old)) /* confirmed at the time it had */
                held_drop_unused(t, held);
            else if (!hold_part(t, &at, &n, held))
                return ERR_NOMEM;
        }
        seq += n;
        len -= n;
    }
    return ERR_OK;
}

/* The words of a struck span come back from outside: n characters, within one span at `at`. */
static bool fill_words(struct text *t, struct at *at, uint32_t n, const uint8_t *utf8,
                       uint32_t bytes)
{
    if (!tree_room(t, at, 2, bytes, false))
        return false;
    struct leaf *l = at->leaf;
    if (at->off) {
        cut_span(t, l, at->i, at->off);
        *at = (struct at){l, at->i + 1, 0};
    }
    if (n < at_span(at)->len)
        cut_span(t, l, at->i, n);
    leaf_put_words(l, leaf_byte_of(l, at->i), utf8, bytes);
    at_span(at)->bytes = (uint16_t)bytes;
    return true;
}

enum err edit_restore(struct text *t, uint32_t agent, uint32_t target, uint32_t seq,
                      const uint8_t *utf8, uint32_t len)
{
    edit_forget_cursor(t);
    while (len) {
        struct at at = ids_find(t, target, seq);
        struct span *s = at_span(&at);
        uint32_t n = s->len - at.off, bytes;
        if (n > len)
            n = len;
        /* words that are not held come into one leaf, as many as it surely takes */
        n = words_fit(utf8, n, s->bytes ? UINT32_MAX : SMALL_INSERT, &bytes);
        if (held_by(t, s->held, agent)) {
            if (!s->bytes && !fill_words(t, &at, n, utf8, bytes))
                return ERR_NOMEM;
            uint32_t held = held_without(t, at_span(&at)->held, agent);
            if (held == UINT32_MAX || !hold_part(t, &at, &n, held))
                return ERR_NOMEM;
        }
        utf8 += bytes;
        seq += n;
        len -= n;
    }
    return ERR_OK;
}
