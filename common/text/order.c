#include "common/text/inside.h"

#include <assert.h>

/* The order of characters: the tree of Fugue (Weidner & Kleppmann, "The Art of the Fugue:
 * Minimizing Interleaving in Collaborative Text Editing", 2023), walked in order: a character's
 * left children, itself, its right children; siblings by agent. The document is kept in that order,
 * so the place of a new character follows from its neighbours. Nearly always it has no sibling and
 * its place is right beside its parent; else the siblings before it and all that hangs below them
 * are stepped over, span by span, from the parent outwards. */

struct walk {
    const struct text *t;
    struct text_id self; /* of the new character */
    struct text_id parent;
    struct place out;
};

static struct at find(const struct text *t, struct text_id id)
{
    int32_t agent = agent_index(t, id.agent);
    assert(agent >= 0);
    return ids_find(t, (uint32_t)agent, id.seq);
}

/* What does this character hang on? True: on the left. */
static bool parent_of(const struct text *t, struct text_id id, struct text_id *parent)
{
    uint32_t agent = (uint32_t)agent_index(t, id.agent);
    const struct origin *o = agent_origin(t, agent, id.seq);
    if (o->seq == id.seq) {
        *parent = origin_parent(t, o);
        return o->left;
    }
    *parent = (struct text_id){id.agent, id.seq - 1};
    return false;
}

/* From `u` up while it is a left child. *parent is what the last one hangs on, on the right. */
static struct text_id climb_left_children(struct walk *w, struct text_id u, struct text_id *parent)
{
    while (parent_of(w->t, u, parent)) {
        u = *parent;
        w->out.steps++;
    }
    return u;
}

/* From `u` up to the first that is a left child, whole runs at a time. False: there is none. */
static bool climb_right_children(struct walk *w, struct text_id *u, struct text_id *parent)
{
    for (;;) {
        w->out.steps++;
        uint32_t agent = (uint32_t)agent_index(w->t, u->agent);
        const struct origin *o = agent_origin(w->t, agent, u->seq);
        *parent = origin_parent(w->t, o);
        u->seq = o->seq;
        if (o->left)
            return true;
        if (!parent->agent)
            return false;
        *u = *parent;
    }
}

static struct at behind_span(struct at a)
{
    return (struct at){a.leaf, a.i + 1, 0};
}

/* `at` is behind sibling `s`, which stands at `s_at`, or inside what hangs on its right. Moves on
 * to the end of all that. */
static struct at skip_right(struct walk *w, struct at s_at, struct at at)
{
    for (;;) {
        at_normal(&at);
        if (at_end(&at))
            return at;
        w->out.steps++;
        struct text_id first = span_first(w->t, at_span(&at)), hangs_on;
        struct text_id u = climb_left_children(w, first, &hangs_on);
        if (!hangs_on.agent)
            return at;
        struct at parent_at = find(w->t, hangs_on);
        if (tree_before(&parent_at, &s_at))
            return at;
        at = behind_span(id_same(u, first) ? at : find(w->t, u));
    }
}

static void place_among_right(struct walk *w, struct at at)
{
    for (;;) {
        at_normal(&at);
        if (at_end(&at))
            break;
        w->out.steps++;
        struct text_id first = span_first(w->t, at_span(&at)), hangs_on;
        struct text_id s = climb_left_children(w, first, &hangs_on);
        if (!id_same(hangs_on, w->parent))
            break;
        w->out.own_sibling |= s.agent == w->self.agent;
        if (order_right_before(w->self, s))
            break;
        struct at s_at = id_same(s, first) ? at : find(w->t, s);
        at = skip_right(w, s_at, behind_span(s_at));
    }
    w->out.at = at;
}

static void place_right(struct walk *w)
{
    const struct text *t = w->t;
    if (!w->parent.agent) {
        w->out.at = (struct at){t->first, 0, 0};
        if (t->first)
            place_among_right(w, w->out.at);
        return;
    }
    struct at at = find(t, w->parent);
    const struct span *s = at_span(&at);
    if (at.off + 1u < s->len) { /* its first right child is the next of the run */
        struct text_id next = {w->parent.agent, w->parent.seq + 1};
        w->out.own_sibling |= next.agent == w->self.agent;
        w->out.at = (struct at){at.leaf, at.i, at.off + 1};
        if (order_right_before(w->self, next))
            return;
        place_among_right(w, skip_right(w, w->out.at, behind_span(at)));
    } else if (s->flags & SPAN_RIGHT) {
        place_among_right(w, behind_span(at));
    } else {
        w->out.at = behind_span(at);
    }
}

/* The mirror of skip_right: `at` is the boundary before left sibling `s`, or inside what hangs on
 * its left. */
static struct at skip_left(struct walk *w, struct at s_at, struct at at)
{
    const struct span *before;
    while ((before = at_span_before(&at))) {
        w->out.steps++;
        struct text_id u = span_last(w->t, before), hangs_on;
        if (!climb_right_children(w, &u, &hangs_on))
            break;
        struct at parent_at = find(w->t, hangs_on);
        if (tree_before(&s_at, &parent_at))
            break;
        at = find(w->t, u);
    }
    return at;
}

static void place_left(struct walk *w)
{
    struct at at = find(w->t, w->parent);
    w->out.at = at;
    if (at.off || !(at_span(&at)->flags & SPAN_LEFT))
        return;
    const struct span *before;
    while ((before = at_span_before(&at))) {
        struct text_id s = span_last(w->t, before), hangs_on;
        if (!climb_right_children(w, &s, &hangs_on) || !id_same(hangs_on, w->parent))
            break;
        w->out.own_sibling |= s.agent == w->self.agent;
        if (order_left_before(s, w->self))
            break;
        struct at s_at = find(w->t, s);
        at = at_span(&s_at)->flags & SPAN_LEFT ? skip_left(w, s_at, s_at) : s_at;
    }
    w->out.at = at;
}

struct place order_place(const struct text *t, uint32_t agent, uint32_t seq, struct text_id parent,
                         bool left)
{
    struct walk w = {
        .t = t, .self = {agent, seq},
             .parent = parent
    };
    if (left)
        place_left(&w);
    else
        place_right(&w);
    return w.out;
}
