#ifndef TANDEM_COMMON_TEXT_SPINE_H
#define TANDEM_COMMON_TEXT_SPINE_H

/* Walking a text from left to right as an in-order walk of Fugue's tree, run by run: which earlier
 * runs can the next one still hang on? It proves in linear time that a sequence of runs stands in
 * the one order that their origins allow, and gives short names (a depth) to parents.
 *
 * The stack holds the runs whose right side is still open. A run that hangs on the left of a
 * character yet to come starts a group; its parent ends it. Within a group, each item hangs on the
 * right of one below it.
 *
 * Agents may be named by anything that orders them as their numbers do, from 1 up. */

#include "common/text/inside.h"

struct spine_item {
    uint32_t agent;             /* 0: the start of the text, the bottom of the stack */
    uint32_t first, last;       /* seq; what lies behind `last` is closed */
    uint32_t base;              /* index of the first item of its group */
    bool cut;                   /* the run went on behind `last` */
    bool left;                  /* starts a group: hangs on the left of `parent` */
    struct text_id parent;      /* of an item that starts a group */
    struct text_id right_child; /* of `last`, the latest; agent 0: none */
    uint32_t tag;               /* the user's */
};

struct spine {
    struct spine_item *items; /* there is always room for another */
    uint32_t n, cap;
    bool took_left; /* the last run was hung with something on its left */
};

#define SPINE_UNKNOWN UINT32_MAX /* parent.agent: the next run's first character */

/* False: no memory. */
bool spine_init(struct spine *s);
void spine_fini(struct spine *s);

enum spine_result {
    SPINE_OK,
    SPINE_WRONG, /* not the order of the tree */
    SPINE_NOMEM,
};
struct spine_run {
    struct text_id id; /* of its first character */
    uint32_t last;
    bool left; /* hangs on the left of its parent */
    struct text_id parent;
};

/* The run that starts with this character comes next: ends the groups whose parent it is. False:
 * they stand in a wrong order. */
bool spine_end_groups(struct spine *s, struct text_id id);
/* The open item that has this character, which becomes its last; UINT32_MAX: there is none. */
uint32_t spine_find(struct spine *s, struct text_id id);
bool spine_grow(struct spine *s);
/* Have all groups ended? */
bool spine_is_whole(const struct spine *s);

static inline struct spine_item *spine_top(const struct spine *s)
{
    return &s->items[s->n - 1];
}
/* Is the topmost run waiting for the next one to be its parent? */
static inline bool spine_waits(const struct spine *s)
{
    return spine_top(s)->left && spine_top(s)->parent.agent == SPINE_UNKNOWN;
}

/* Closes what is above this item and puts the character on the right of its last one. */
static inline bool spine_open(struct spine *s, uint32_t item, struct text_id id)
{
    if (item >= s->n || item < spine_top(s)->base)
        return false;
    struct spine_item *it = &s->items[item];
    if (it->right_child.agent && !order_right_before(it->right_child, id))
        return false;
    it->right_child = id;
    s->n = item + 1;
    return true;
}

/* Adds a run. If it hangs on the right, *under is the index of the item whose last character is its
 * parent, or UINT32_MAX: it is looked for, and cut where needed. The new item is the topmost. */
static inline enum spine_result spine_add(struct spine *s, const struct spine_run *run,
                                          uint32_t *under)
{
    const struct spine_item *base = &s->items[spine_top(s)->base];
    bool ends = base->parent.agent == SPINE_UNKNOWN || id_same(base->parent, run->id);
    s->took_left = false;
    if (base->left && ends && !spine_end_groups(s, run->id))
        return SPINE_WRONG;
    if (!run->left && *under == UINT32_MAX)
        *under = spine_find(s, run->parent);
    if (!run->left && !spine_open(s, *under, run->id))
        return SPINE_WRONG;
    struct spine_item *it = &s->items[s->n];
    it->agent = run->id.agent;
    it->first = run->id.seq;
    it->last = run->last;
    it->base = run->left ? s->n : it[-1].base;
    it->cut = false;
    it->left = run->left;
    it->parent = run->parent;
    it->right_child = (struct text_id){0, 0};
    it->tag = 0;
    return ++s->n < s->cap || spine_grow(s) ? SPINE_OK : SPINE_NOMEM;
}

#endif
