#include "common/text/inside.h"

#include <assert.h>
#include <stdlib.h>

static const uint32_t NO_MEMORY = UINT32_MAX;

static uint32_t take_hold(struct text *t)
{
    uint32_t i = t->free_hold;
    if (i) {
        t->free_hold = t->holds[i].next;
        return i;
    }
    if (!t->n_holds)
        t->n_holds = 1; /* 0 means nobody */
    if (t->n_holds >= t->cap_holds &&
        !mem_grow(t, (void **)&t->holds, &t->cap_holds, t->n_holds + 1, sizeof *t->holds))
        return NO_MEMORY;
    return t->n_holds++;
}

static void free_list(struct text *t, uint32_t held)
{
    if (t->last_hold.from == held || t->last_hold.to == held)
        t->last_hold.to = t->last_hold.from = NO_MEMORY;
    while (held) {
        uint32_t next = t->holds[held].next;
        t->holds[held].next = t->free_hold;
        t->free_hold = held;
        held = next;
    }
}

void held_unref(struct text *t, uint32_t held)
{
    if (held && t->holds[held].refs < UINT16_MAX && --t->holds[held].refs == 0)
        free_list(t, held);
}

void held_drop_unused(struct text *t, uint32_t held)
{
    if (held && t->holds[held].refs == 0)
        free_list(t, held);
}

bool held_by(const struct text *t, uint32_t held, uint32_t agent)
{
    for (; held; held = t->holds[held].next)
        if (t->holds[held].agent == agent)
            return true;
    return false;
}

bool held_same(const struct text *t, uint32_t a, uint32_t b)
{
    while (a != b) {
        const struct hold *x = &t->holds[a], *y = &t->holds[b];
        if (!a || !b || x->when != y->when || x->agent != y->agent)
            return false;
        a = x->next;
        b = y->next;
    }
    return true;
}

static bool earlier(const struct text *t, const struct hold *a, const struct hold *b)
{
    if (a->when != b->when)
        return a->when < b->when;
    return t->agents[a->agent].number < t->agents[b->agent].number;
}

/* Appends a copy of `h` to the list that is being built. */
static bool append(struct text *t, uint32_t *first, uint32_t *last, struct hold h)
{
    uint32_t i = take_hold(t);
    if (i == NO_MEMORY) {
        free_list(t, *first);
        *first = 0;
        return false;
    }
    h.next = 0;
    h.refs = 0;
    t->holds[i] = h;
    if (*first)
        t->holds[*last].next = i;
    else
        *first = i;
    *last = i;
    return true;
}

uint32_t held_make(struct text *t, const struct hold *holds, uint32_t n)
{
    uint32_t first = 0, last = 0;
    for (uint32_t k = 0; k < n; k++)
        if (!append(t, &first, &last, holds[k]))
            return NO_MEMORY;
    return first;
}

uint32_t held_one(struct text *t, uint32_t agent, uint64_t when)
{
    uint32_t i = take_hold(t);
    if (i == NO_MEMORY)
        return i;
    struct hold *h = &t->holds[i];
    h->when = when;
    h->next = 0;
    h->agent = (uint16_t)agent;
    h->refs = 0;
    return i;
}

/* Copies `from` without the agent's hold and, if `add`, with `extra` in its place. */
static uint32_t copy(struct text *t, uint32_t from, uint32_t agent, bool add, struct hold extra)
{
    if (!from && add)
        return held_one(t, agent, extra.when);
    uint32_t first = 0, last = 0;
    for (uint32_t k = from; k; k = t->holds[k].next) {
        struct hold h = t->holds[k];
        if (h.agent == agent)
            continue;
        if (add && earlier(t, &extra, &h)) {
            if (!append(t, &first, &last, extra))
                return NO_MEMORY;
            add = false;
        }
        if (!append(t, &first, &last, h))
            return NO_MEMORY;
    }
    if (add && !append(t, &first, &last, extra))
        return NO_MEMORY;
    return first;
}

static uint32_t changed(struct text *t, uint32_t from, uint32_t agent, bool add, uint64_t when)
{
    if (t->last_hold.to != NO_MEMORY && t->last_hold.to && t->last_hold.from == from &&
        t->last_hold.agent == agent && t->last_hold.add == add && t->last_hold.when == when)
        return t->last_hold.to;
    uint32_t to = copy(t, from, agent, add, (struct hold){.when = when, .agent = (uint16_t)agent});
    if (to != NO_MEMORY && to) {
        t->last_hold.from = from;
        t->last_hold.to = to;
        t->last_hold.agent = agent;
        t->last_hold.add = add;
        t->last_hold.when = when;
    }
    return to;
}

uint32_t held_with(struct text *t, uint32_t from, uint32_t agent, uint64_t when)
{
    return changed(t, from, agent, true, when);
}

uint32_t held_without(struct text *t, uint32_t from, uint32_t agent)
{
    return changed(t, from, agent, false, 0);
}
