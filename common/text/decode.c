#include <stdlib.h>

#include "common/text/cover.h"
#include "common/text/pour.h"
#include "common/text/spine.h"
#include "common/text/state.h"

/* text_decode. Agents are named by their rank and one more, in the spine as well. */

/* What is known of an agent. */
struct writer {
    uint32_t n;      /* characters */
    uint32_t before; /* characters of the agents before */
    uint32_t expect; /* where its last run ended */
    bool listed;     /* in the list of holds that is being read */
};

struct decoder {
    struct text *t;
    struct rd rd;
    struct pour pour;
    bool mixed;
    bool words[4];  /* does a run of this kind have words? (kind_of) */
    unsigned kinds; /* seen */
    bool no_memory;
    struct writer *writers;
    struct cover cover; /* all characters, one agent's behind the other's */
    uint64_t chars;     /* not yet in a run */
    struct spine spine;
    bool begun;                 /* there was a run before, and it was: */
    bool last_words, last_said; /* said its parent */
    uint32_t last_agent, last_held;
    uint32_t last_struck;
    uint64_t when;
    uint32_t open_agent, open_origin; /* the origin that waits for the next run */
};

static bool wrong(struct decoder *d)
{
    d->rd.bad = true;
    return false;
}

static bool no_memory(struct decoder *d)
{
    d->no_memory = true;
    return false;
}

/* A varint in its shortest form. */
static uint64_t get_long(struct decoder *d, uint64_t max)
{
    struct rd *rd = &d->rd;
    const uint8_t *from = rd->p;
    if (rd_left(rd) > 1 && from[0] & 0x80 && from[1] && from[1] < 0x80) {
        uint32_t two = (from[0] & 0x7fu) | (uint32_t)from[1] << 7;
        if (two <= max) {
            rd->p += 2;
            return two;
        }
    }
    uint64_t v = rd_varint_max(rd, max);
    if (!rd->bad && rd->p - from > 1 && rd->p[-1] == 0)
        rd->bad = true;
    return v;
}

static inline uint64_t get(struct decoder *d, uint64_t max)
{
    struct rd *rd = &d->rd;
    if (rd->p < rd->end && *rd->p < 0x80 && *rd->p <= max)
        return *rd->p++;
    return get_long(d, max);
}

static bool get_agents(struct decoder *d)
{
    struct text *t = d->t;
    uint32_t n = (uint32_t)get(d, TEXT_AGENTS_MAX);
    uint64_t number = 0;
    if (n > rd_left(&d->rd))
        return wrong(d);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t more = get(d, UINT32_MAX);
        number += more;
        if (d->rd.bad || !more || number >= UINT32_MAX)
            return wrong(d);
        int32_t index = agent_get(t, (uint32_t)number);
        if (index < 0)
            return no_memory(d);
        struct agent *a = &t->agents[index];
        a->next_seq = (uint32_t)get(d, TEXT_CHARS_MAX);
        a->strikes = (uint32_t)get(d, TEXT_STRIKES_MAX);
        a->confirmed = a->strikes - (uint32_t)get(d, a->strikes);
        d->chars += a->next_seq;
        if (d->rd.bad || !agent_used(a) || d->chars > TEXT_CHARS_MAX)
            return wrong(d);
    }
    d->writers = calloc(n + 1, sizeof *d->writers);
    if (!d->writers || !cover_init(&d->cover, d->chars))
        return no_memory(d);
    for (uint32_t i = 0; i < n; i++) {
        d->writers[i].n = t->agents[i].next_seq;
        d->writers[i + 1].before = d->writers[i].before + d->writers[i].n;
    }
    return true;
}

/* Notes that [seq, seq + len) are in a run. False: beyond the agent's, or seen to be in another;
 * that none is in two is known at the end. */
static bool see(struct decoder *d, const struct run *r)
{
    const struct writer *w = &d->writers[r->agent];
    if ((uint64_t)r->seq + r->len > w->n || r->len > d->chars)
        return false;
    d->chars -= r->len;
    size_t first = (size_t)w->before + r->seq;
    return cover_add(&d->cover, first, first + r->len - 1);
}

/* A list in full. */
static uint32_t get_list(struct decoder *d, uint32_t n)
{
    struct text *t = d->t;
    struct hold *holds = malloc(n * sizeof *holds);
    if (!holds)
        return UINT32_MAX;
    for (uint32_t k = 0; k < n && !d->rd.bad; k++) {
        uint32_t index = (uint32_t)get(d, t->n_agents - 1u);
        d->when += (uint64_t)unzigzag(get(d, UINT64_MAX));
        if (d->rd.bad)
            break;
        holds[k] = (struct hold){.when = d->when, .agent = (uint16_t)index};
        bool sorted = !k || holds[k - 1].when < d->when ||
                      (holds[k - 1].when == d->when && holds[k - 1].agent < index);
        d->rd.bad |= !sorted || !t->agents[index].strikes;
        d->rd.bad |= d->writers[index].listed; /* the same agent twice */
        d->writers[index].listed = true;
    }
    for (uint32_t k = 0; k < t->n_agents; k++)
        d->writers[k].listed = false;
    uint32_t held = d->rd.bad ? 0 : held_make(t, holds, n);
    free(holds);
    return held;
}

/* One hold, by the agent of the last one. */
static bool get_brief_hold(struct decoder *d, uint64_t apart)
{
    if (!d->last_struck)
        return wrong(d);
    const struct hold *last = &d->t->holds[d->last_struck];
    d->when += (uint64_t)unzigzag(apart);
    bool could_be_same = !last->next && last->when == d->when;
    if (could_be_same)
        return wrong(d);
    uint32_t agent = last->agent;
    struct text *t = d->t;
    if (t->n_holds == t->cap_holds &&
        !mem_grow(t, (void **)&t->holds, &t->cap_holds, 2 * t->n_holds + 4, sizeof *t->holds))
        return no_memory(d);
    d->last_struck = held_one(t, agent, d->when);
    return d->last_struck != UINT32_MAX || no_memory(d);
}

/* Any list of n holds. */
static bool get_hold_list(struct decoder *d, uint64_t n)
{
    struct text *t = d->t;
    uint64_t before = d->when;
    uint32_t last = d->last_struck;
    if (n > rd_left(&d->rd))
        return wrong(d);
    uint32_t held = get_list(d, (uint32_t)n);
    if (d->rd.bad)
        return false;
    if (held == UINT32_MAX)
        return no_memory(d);
    d->last_struck = held;
    bool could_be_same = last && held_same(t, held, last);
    bool could_be_brief = last && n == 1 && t->holds[last].agent == t->holds[held].agent &&
                          zigzag((int64_t)(d->when - before)) <= UINT64_MAX >> 1;
    return could_be_same || could_be_brief ? wrong(d) : true;
}

/* The holds of a struck run, into last_struck. */
static bool get_holds(struct decoder *d)
{
    uint64_t x = get(d, UINT64_MAX);
    if (d->rd.bad)
        return false;
    if (x == 0)
        return (d->last_struck && d->mixed) || wrong(d);
    return x & 1 ? get_brief_hold(d, x >> 1) : get_hold_list(d, x >> 1);
}

static bool get_said_parent(struct decoder *d, struct run *r)
{
    uint64_t who = get(d, 2 * (uint64_t)d->t->n_agents + 1);
    uint64_t seq = get(d, UINT32_MAX);
    if (d->rd.bad)
        return false;
    r->left = who & 1;
    r->parent = (struct text_id){(uint32_t)(who >> 1), (uint32_t)seq};
    if (who >> 1 ? seq >= d->writers[(who >> 1) - 1].n : seq || r->left)
        return wrong(d);
    struct spine_item *top = spine_top(&d->spine);
    struct text_id before = {top->agent, top->last};
    bool short_form = !r->left && id_same(r->parent, before);
    return short_form ? wrong(d) : true;
}

/* A run that goes on where an earlier one ended. */
static bool get_chained(struct decoder *d, uint8_t head, struct run *r, uint32_t *under)
{
    uint32_t depth = head & HEAD_NEAR ? 0 : (uint32_t)get(d, d->spine.n - 1);
    if (d->rd.bad || (!(head & HEAD_NEAR) && !depth))
        return wrong(d);
    *under = d->spine.n - 1 - depth;
    const struct spine_item *it = &d->spine.items[*under];
    if (!it->agent || it->cut)
        return wrong(d);
    r->agent = it->agent - 1;
    r->seq = it->last + 1;
    r->parent = (struct text_id){it->agent, it->last};
    return true;
}

/* A run with an origin of its own. */
static bool get_root(struct decoder *d, uint8_t head, struct run *r, uint32_t *under)
{
    int hangs = head & HANGS_MASK;
    bool first = !d->begun;
    r->agent = head & HEAD_NEAR ? d->last_agent : (uint32_t)get(d, TEXT_AGENTS_MAX);
    if (d->rd.bad || r->agent >= d->t->n_agents || (first && head & HEAD_NEAR) ||
        (!first && !(head & HEAD_NEAR) && r->agent == d->last_agent))
        return wrong(d);
    int64_t seq = unzigzag(get(d, UINT64_MAX >> 1));
    if (d->rd.bad || seq > UINT32_MAX || seq < -(int64_t)UINT32_MAX)
        return wrong(d);
    seq += d->writers[r->agent].expect;
    if (seq < 0 || seq > UINT32_MAX)
        return wrong(d);
    r->seq = (uint32_t)seq;
    r->root = true;
    r->left = hangs == HANGS_LEFT;
    *under = UINT32_MAX;
    if (hangs == HANGS_RIGHT) {
        const struct spine_item *top = spine_top(&d->spine);
        r->parent = (struct text_id){top->agent, top->last};
        *under = d->spine.n - 1;
    } else if (r->left) {
        r->parent = (struct text_id){SPINE_UNKNOWN, 0};
    } else if (!get_said_parent(d, r)) {
        return false;
    }
    /* what is chained has a shorter form */
    bool chained =
        !r->left && r->seq && r->parent.agent == r->agent + 1 && r->parent.seq == r->seq - 1;
    return chained ? wrong(d) : true;
}

static bool put_origin(struct decoder *d, const struct run *r)
{
    struct agent *a = &d->t->agents[r->agent];
    if (a->n_origins == a->cap_origins && !mem_grow(d->t, (void **)&a->origins, &a->cap_origins,
                                                    2 * a->n_origins + 4, sizeof *a->origins))
        return no_memory(d);
    bool waits = r->parent.agent == SPINE_UNKNOWN;
    if (waits) {
        d->open_agent = r->agent;
        d->open_origin = a->n_origins;
    }
    a->origins[a->n_origins++] =
        (struct origin){.seq = r->seq,
                        .parent_seq = r->parent.seq,
                        .parent_agent = (uint16_t)(waits ? 0 : r->parent.agent),
                        .left = r->left};
    return true;
}

/* Hangs the run into the tree as far as it is known; checks that this is its place. */
static bool hang(struct decoder *d, const struct run *r, uint32_t under)
{
    struct text_id id = {r->agent + 1, r->seq};
    const struct spine_item *top = spine_top(&d->spine);
    if (spine_waits(&d->spine)) {
        struct origin *o = &d->t->agents[d->open_agent].origins[d->open_origin];
        o->parent_agent = (uint16_t)id.agent;
        o->parent_seq = id.seq;
    } else if (d->last_said && top->left && id_same(top->parent, id)) {
        return wrong(d); /* it could have said "the next" */
    }
    struct spine_run hung = {
        .id = id, .last = r->seq + r->len - 1, .left = r->left, .parent = r->parent};
    switch (spine_add(&d->spine, &hung, &under)) {
    case SPINE_OK:
        break;
    case SPINE_WRONG:
        return wrong(d);
    case SPINE_NOMEM:
        return no_memory(d);
    }
    if (r->left)
        return true;
    const struct spine_item *it = &d->spine.items[under];
    if (it->agent && !it->cut)
        pour_span(&d->pour, it->tag)->flags |= SPAN_RIGHT;
    return true;
}

/* HEAD_STRUCK and HEAD_AGAIN together. */
enum kind { KIND_VISIBLE, KIND_STRUCK, KIND_WRONG, KIND_MARKED };

static inline enum kind kind_of(uint8_t head)
{
    return (enum kind)(head / HEAD_STRUCK % 2 | head / HEAD_AGAIN * 2);
}

static void set_kinds(struct decoder *d, uint8_t flags)
{
    bool struck = flags & FLAG_STRUCK;
    d->mixed = flags & FLAG_MIXED;
    d->words[KIND_VISIBLE] = true;
    d->words[KIND_STRUCK] = struck;
    d->words[KIND_MARKED] = struck || d->mixed;
}

/* Are there the struck runs that the flags speak of? */
static bool kinds_are_there(const struct decoder *d)
{
    unsigned both = 1u << KIND_STRUCK | 1u << KIND_MARKED, seen = d->kinds & both;
    return d->mixed ? seen == both : seen || !d->words[KIND_STRUCK];
}

static bool get_len(struct decoder *d, uint8_t head, struct run *r)
{
    r->len = head >> HEAD_LEN_SHIFT & HEAD_LEN_MAX;
    if (r->len)
        return true;
    r->len = (uint32_t)get(d, TEXT_CHARS_MAX);
    return r->len > HEAD_LEN_MAX || wrong(d);
}

/* Visible or struck, by whom, and are its words here? */
static bool get_state(struct decoder *d, enum kind kind, struct run *r)
{
    d->kinds |= 1u << kind;
    r->words = d->words[kind];
    if (kind == KIND_VISIBLE)
        return true;
    bool again = kind == KIND_MARKED && !d->mixed;
    if (kind == KIND_WRONG || (again && !d->last_struck))
        return wrong(d);
    if (!again && !get_holds(d))
        return false;
    r->held = d->last_struck;
    return !d->rd.bad;
}

static bool get_run(struct decoder *d)
{
    struct run r = {0};
    uint32_t under;
    uint8_t head = rd_u8(&d->rd);
    bool root = head & HANGS_MASK;
    if (!get_len(d, head, &r) ||
        (root ? !get_root(d, head, &r, &under) : !get_chained(d, head, &r, &under)) ||
        !see(d, &r) || !get_state(d, kind_of(head), &r))
        return wrong(d);
    /* lists that are the same are one here: get_holds refuses a second one like the last */
    bool joins = !r.root && head & HEAD_NEAR && r.words == d->last_words && r.held == d->last_held;
    if (joins)
        return wrong(d);
    if (!hang(d, &r, under) || (r.root && !put_origin(d, &r)))
        return false;
    enum err e = pour_run(&d->pour, &r, d->spine.took_left, &spine_top(&d->spine)->tag);
    if (e)
        return e == ERR_NOMEM ? no_memory(d) : wrong(d);
    d->writers[r.agent].expect = r.seq + r.len;
    d->last_said = (head & HANGS_MASK) == HANGS_SAID;
    d->last_agent = r.agent;
    d->last_held = r.held;
    d->last_words = r.words;
    d->begun = true;
    return true;
}

static bool get_all(struct decoder *d)
{
    struct text *t = d->t;
    if (rd_u8(&d->rd) != STATE_VERSION)
        return wrong(d);
    uint8_t flags = rd_u8(&d->rd);
    struct pour *p = &d->pour;
    set_kinds(d, flags);
    if (d->rd.bad || flags > (FLAG_ASCII | FLAG_MIXED) || !get_agents(d))
        return wrong(d);
    uint64_t words = get(d, rd_left(&d->rd));
    uint32_t n_runs = (uint32_t)get(d, UINT32_MAX);
    if (d->rd.bad || words > rd_left(&d->rd))
        return wrong(d);
    const uint8_t *end = d->rd.end;
    d->rd.end -= words;
    bool ascii = flags & FLAG_ASCII;
    if (!pour_words(p, d->rd.end, end) || ascii != (p->high == end) || n_runs > rd_left(&d->rd))
        return wrong(d);
    if (!spine_init(&d->spine))
        return no_memory(d);
    while (n_runs--)
        if (!get_run(d))
            return false;
    if (d->rd.bad || d->rd.p != d->rd.end || p->words != p->words_end ||
        !cover_is_whole(&d->cover) || !spine_is_whole(&d->spine))
        return wrong(d);
    if (pour_flush(p))
        return no_memory(d);
    if (!kinds_are_there(d))
        return wrong(d);
    for (uint32_t i = 0; i < t->n_agents; i++) {
        struct agent *a = &t->agents[i];
        t->chars += a->next_seq;
        mem_trim(t, (void **)&a->origins, &a->cap_origins, a->n_origins, sizeof *a->origins);
        if (!agent_sort_origins(a))
            return no_memory(d);
    }
    mem_trim(t, (void **)&t->holds, &t->cap_holds, t->n_holds, sizeof *t->holds);
    return tree_build(t) || no_memory(d);
}

enum err text_decode(const void *data, size_t len_bytes, struct text **out)
{
    struct decoder d = {.t = text_new(), .rd = rd_of(data, len_bytes)};
    if (!d.t)
        return ERR_NOMEM;
    d.pour.t = d.t;
    d.t->indexed = false; /* made when first needed */
    bool ok = get_all(&d);
    spine_fini(&d.spine);
    cover_fini(&d.cover);
    free(d.writers);
    if (!ok) {
        text_free(d.t);
        return d.no_memory ? ERR_NOMEM : ERR_INPUT;
    }
    *out = d.t;
    return ERR_OK;
}
