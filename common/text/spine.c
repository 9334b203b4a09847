#include "common/text/spine.h"

#include <stdlib.h>

bool spine_init(struct spine *s)
{
    *s = (struct spine){.cap = 32};
    s->items = malloc(s->cap * sizeof *s->items);
    if (!s->items)
        return false;
    s->items[s->n++] = (struct spine_item){0};
    return true;
}

void spine_fini(struct spine *s)
{
    free(s->items);
}

bool spine_is_whole(const struct spine *s)
{
    return spine_top(s)->base == 0;
}

/* Ends the groups whose parent this character is: its left children, in order. */
static enum spine_result end_groups(struct spine *s, struct text_id id)
{
    struct text_id behind = {0, 0};
    s->took_left = false;
    for (;;) {
        const struct spine_item *base = &s->items[spine_top(s)->base];
        if (!base->left || !id_same(base->parent, id))
            return SPINE_OK;
        struct text_id child = {base->agent, base->first};
        if (behind.agent && !order_left_before(child, behind))
            return SPINE_WRONG;
        behind = child;
        s->took_left = true;
        s->n = (uint32_t)(base - s->items);
    }
}

/* Closes what is above the character, within its group. */
static enum spine_result open_parent(struct spine *s, struct text_id id, uint32_t agent,
                                     uint32_t seq)
{
    for (;;) {
        struct spine_item *it = spine_top(s);
        if (it->agent == agent && seq >= it->first && seq <= it->last)
            break;
        if (it->base == s->n - 1)
            return SPINE_WRONG;
        s->n--;
    }
    struct spine_item *it = spine_top(s);
    if (seq != it->last) {
        it->cut = true;
        it->last = seq;
        it->right_child = (struct text_id){agent, seq + 1};
    }
    if (it->right_child.agent && !order_right_before(it->right_child, id))
        return SPINE_WRONG;
    it->right_child = id;
    return SPINE_OK;
}

enum spine_result spine_add(struct spine *s, const struct spine_run *run, struct spine_item **under)
{
    struct text_id id = {run->agent, run->first};
    if (s->n == s->cap) {
        void *p = realloc(s->items, 2 * s->cap * sizeof *s->items);
        if (!p)
            return SPINE_NOMEM;
        s->items = p;
        s->cap *= 2;
    }
    if (spine_waits(s))
        spine_top(s)->parent = id;
    enum spine_result r = end_groups(s, id);
    *under = NULL;
    if (r == SPINE_OK && !run->left) {
        r = open_parent(s, id, run->parent_agent, run->parent_seq);
        *under = spine_top(s);
    }
    if (r != SPINE_OK)
        return r;
    struct spine_item *it = &s->items[s->n];
    it->agent = run->agent;
    it->first = run->first;
    it->last = run->last;
    it->base = run->left ? s->n : spine_top(s)->base;
    it->cut = false;
    it->left = run->left;
    it->parent.agent = run->parent_agent;
    it->parent.seq = run->parent_seq;
    it->right_child.agent = it->right_child.seq = 0;
    it->tag = 0;
    s->n++;
    return SPINE_OK;
}
