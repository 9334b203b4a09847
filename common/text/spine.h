#ifndef TANDEM_COMMON_TEXT_SPINE_H
#define TANDEM_COMMON_TEXT_SPINE_H

/* Walking a text from left to right as an in-order walk of Fugue's tree, run by run: which earlier
 * runs can the next one still hang on? It proves in linear time that a sequence of runs stands in
 * the one order that their origins allow, and gives short names (a depth) to parents.
 *
 * The stack holds the runs whose right side is still open. A run that hangs on the left of a
 * character yet to come starts a group; its parent ends it. Within a group, each item hangs on the
 * right of one below it. */

#include "common/text/inside.h"

struct spine_item {
    uint32_t agent;       /* number; 0: the start of the text, the bottom of the stack */
    uint32_t first, last; /* seq; what lies behind `last` is closed */
    uint32_t base;        /* index of the first item of its group */
    bool cut;             /* the run went on behind `last` */
    bool left;            /* starts a group: hangs on the left of `parent` */
    struct text_id parent;
    struct text_id right_child; /* of `last`, the latest; agent 0: none */
    uint32_t tag;               /* the user's */
};

struct spine {
    struct spine_item *items;
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
    uint32_t agent; /* number */
    uint32_t first, last;
    uint32_t parent_agent, parent_seq;
    bool left;
};
/* Adds a run, which hangs on its parent. On success the item that it hangs on
 * (right side) is returned in *under as it was, before a cut; the new item is the topmost. */
enum spine_result spine_add(struct spine *s, const struct spine_run *run,
                            struct spine_item **under);
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

#endif
