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

bool spine_grow(struct spine *s)
{
    void *p = realloc(s->items, 2 * s->cap * sizeof *s->items);
    if (!p)
        return false;
    s->items = p;
    s->cap *= 2;
    return true;
}

bool spine_is_whole(const struct spine *s)
{
    return spine_top(s)->base == 0;
}

/* They are the character's left children, met from right to left. */
bool spine_end_groups(struct spine *s, struct text_id id)
{
    struct text_id behind = {0, 0};
    if (spine_waits(s))
        spine_top(s)->parent = id;
    for (;;) {
        const struct spine_item *base = &s->items[spine_top(s)->base];
        if (!base->left || !id_same(base->parent, id))
            return true;
        struct text_id child = {base->agent, base->first};
        if (behind.agent && !order_left_before(child, behind))
            return false;
        behind = child;
        s->took_left = true;
        s->n = (uint32_t)(base - s->items);
    }
}

uint32_t spine_find(struct spine *s, struct text_id id)
{
    for (uint32_t k = s->n, base = spine_top(s)->base; k-- > base;) {
        struct spine_item *it = &s->items[k];
        if (it->agent != id.agent || id.seq < it->first || id.seq > it->last)
            continue;
        if (id.seq != it->last) {
            it->cut = true;
            it->last = id.seq;
            it->right_child = (struct text_id){id.agent, id.seq + 1};
        }
        return k;
    }
    return UINT32_MAX;
}
