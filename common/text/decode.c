#include <stdlib.h>
#include <string.h>

#include "common/text/pour.h"
#include "common/text/spine.h"
#include "common/text/state.h"
#include "common/utf8.h"

/* text_decode. */

struct decoder {
    struct text *t;
    struct rd rd;
    struct pour pour;
    bool mixed, struck_words;
    bool seen_with, seen_without; /* struck runs with and without words */
    bool no_memory;
    uint64_t *seen; /* a bit per character: is it in a run? */
    uint32_t *seen_from;
    uint32_t *expect;
    uint64_t chars;
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
static uint64_t get(struct decoder *d, uint64_t max)
{
    struct rd *rd = &d->rd;
    if (rd->p < rd->end && *rd->p < 0x80 && *rd->p <= max)
        return *rd->p++;
    const uint8_t *from = rd->p;
    uint64_t v = rd_varint_max(rd, max);
    if (!rd->bad && rd->p - from > 1 && rd->p[-1] == 0)
        rd->bad = true;
    return v;
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
        a->strikes = (uint32_t)get(d, UINT32_MAX);
        a->confirmed = a->strikes - (uint32_t)get(d, a->strikes);
        d->chars += a->next_seq;
        if (d->rd.bad || !agent_used(a) || d->chars > TEXT_CHARS_MAX)
            return wrong(d);
    }
    d->expect = calloc(n + 1, sizeof *d->expect);
    d->seen_from = calloc(n + 1, sizeof *d->seen_from);
    d->seen = calloc(d->chars / 64 + 1, sizeof *d->seen);
    if (!d->expect || !d->seen_from || !d->seen)
        return no_memory(d);
    for (uint32_t i = 0; i < n; i++)
        d->seen_from[i + 1] = d->seen_from[i] + t->agents[i].next_seq;
    return true;
}

/* Notes that [seq, seq + len) are in a run. False: beyond the agent's, or a second time. */
static bool see(struct decoder *d, const struct run *r)
{
    uint32_t next = d->t->agents[r->agent].next_seq;
    if (r->seq >= next || r->len > next - r->seq)
        return false;
    uint64_t bit = (uint64_t)d->seen_from[r->agent] + r->seq, end = bit + r->len;
    while (bit < end) {
        uint64_t in_word = 64 - bit % 64, n = end - bit < in_word ? end - bit : in_word;
        uint64_t mask = (n == 64 ? UINT64_MAX : ((uint64_t)1 << n) - 1) << bit % 64;
        if (d->seen[bit / 64] & mask)
            return false;
        d->seen[bit / 64] |= mask;
        bit += n;
    }
    d->chars -= r->len;
    return true;
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
        d->rd.bad |= d->expect[index] >> 31; /* the same agent twice */
        d->expect[index] |= (uint32_t)1 << 31;
    }
    for (uint32_t k = 0; k < t->n_agents; k++)
        d->expect[k] &= UINT32_MAX >> 1;
    uint32_t held = d->rd.bad ? 0 : held_make(t, holds, n);
    free(holds);
    return held;
}

static bool get_holds(struct decoder *d, struct run *r)
{
    struct text *t = d->t;
    uint64_t x = get(d, UINT64_MAX), before = d->when;
    uint32_t last = d->last_struck;
    if (d->rd.bad || (!last && (x == 0 || x & 1)) || (x == 0 && !d->mixed))
        return wrong(d);
    if (x == 0) {
        r->held = last;
        return true;
    }
    if (x & 1) {
        d->when += (uint64_t)unzigzag(x >> 1);
        r->held = held_one(t, t->holds[last].agent, d->when);
    } else {
        if (x >> 1 > rd_left(&d->rd))
            return wrong(d);
        r->held = get_list(d, (uint32_t)(x >> 1));
    }
    if (d->rd.bad)
        return false;
    if (r->held == UINT32_MAX)
        return no_memory(d);
    bool could_be_same = last && held_same(t, r->held, last);
    bool could_be_brief = last && x == 2 && t->holds[last].agent == t->holds[r->held].agent &&
                          zigzag((int64_t)(d->when - before)) <= UINT64_MAX >> 1;
    d->last_struck = r->held;
    if (could_be_same || could_be_brief) {
        held_drop_unused(t, r->held);
        return wrong(d);
    }
    return true;
}

static bool get_said_parent(struct decoder *d, struct run *r)
{
    uint64_t who = get(d, 2 * (uint64_t)d->t->n_agents + 1);
    uint64_t seq = get(d, UINT32_MAX);
    if (d->rd.bad)
        return false;
    r->left = who & 1;
    if (who >> 1) {
        const struct agent *a = &d->t->agents[(who >> 1) - 1];
        r->parent = (struct text_id){a->number, (uint32_t)seq};
        if (seq >= a->next_seq)
            return wrong(d);
    } else if (seq || r->left) {
        return wrong(d);
    }
    struct spine_item *top = spine_top(&d->spine);
    struct text_id before = {top->agent, top->last};
    bool short_form = !r->left && id_same(r->parent, before);
    return short_form ? wrong(d) : true;
}

/* The part of a run that says which characters these are and what they hang on. */
static bool get_identity(struct decoder *d, uint8_t head, struct run *r)
{
    struct text *t = d->t;
    int hangs = head & HANGS_MASK;
    struct spine_item *top = spine_top(&d->spine);
    if (hangs == HANGS_CHAINED) {
        uint32_t depth = head & HEAD_NEAR ? 0 : (uint32_t)get(d, d->spine.n - 1);
        if (d->rd.bad || (!(head & HEAD_NEAR) && !depth))
            return wrong(d);
        const struct spine_item *it = top - depth;
        if (!it->agent || it->cut)
            return wrong(d);
        r->agent = (uint32_t)agent_index(t, it->agent);
        r->seq = it->last + 1;
        r->parent = (struct text_id){it->agent, it->last};
        return true;
    }
    r->root = true;
    bool first = !d->begun;
    r->agent = head & HEAD_NEAR ? d->last_agent : (uint32_t)get(d, TEXT_AGENTS_MAX);
    if (d->rd.bad || r->agent >= t->n_agents || (first && head & HEAD_NEAR) ||
        (!first && !(head & HEAD_NEAR) && r->agent == d->last_agent))
        return wrong(d);
    int64_t seq = unzigzag(get(d, UINT64_MAX >> 1));
    if (d->rd.bad || seq > UINT32_MAX || seq < -(int64_t)UINT32_MAX)
        return wrong(d);
    seq += d->expect[r->agent];
    if (seq < 0 || seq > UINT32_MAX)
        return wrong(d);
    r->seq = (uint32_t)seq;
    r->left = hangs == HANGS_LEFT;
    if (hangs == HANGS_RIGHT)
        r->parent = (struct text_id){top->agent, top->last};
    else if (r->left)
        r->parent = (struct text_id){SPINE_UNKNOWN, 0};
    else if (!get_said_parent(d, r))
        return false;
    /* what is chained has a shorter form */
    bool chained = !r->left && r->seq && r->parent.agent == t->agents[r->agent].number &&
                   r->parent.seq == r->seq - 1;
    return chained ? wrong(d) : true;
}

static bool put_origin(struct decoder *d, const struct run *r)
{
    if (!agent_reserve_origin(d->t, r->agent))
        return no_memory(d);
    bool waits = r->left && r->parent.agent == SPINE_UNKNOWN;
    agent_add_origin(d->t, r->agent, r->seq, waits ? (struct text_id){0, 0} : r->parent, r->left);
    if (waits) {
        d->open_agent = r->agent;
        d->open_origin = d->t->agents[r->agent].n_origins - 1;
    }
    return true;
}

/* Hangs the run into the tree as far as it is known; checks that this is its place. */
static bool hang(struct decoder *d, const struct run *r)
{
    struct text *t = d->t;
    struct spine_item *top = spine_top(&d->spine), *under;
    struct text_id id = {t->agents[r->agent].number, r->seq};
    if (spine_waits(&d->spine)) {
        struct origin *o = &t->agents[d->open_agent].origins[d->open_origin];
        o->parent_agent = (uint16_t)(r->agent + 1);
        o->parent_seq = r->seq;
    } else if (d->last_said && top->left && id_same(top->parent, id)) {
        return wrong(d); /* it could have said "the next" */
    }
    struct spine_run hung = {.agent = id.agent,
                             .first = r->seq,
                             .last = r->seq + r->len - 1,
                             .parent_agent = r->parent.agent,
                             .parent_seq = r->parent.seq,
                             .left = r->left};
    switch (spine_add(&d->spine, &hung, &under)) {
    case SPINE_OK:
        break;
    case SPINE_WRONG:
        return wrong(d);
    case SPINE_NOMEM:
        return no_memory(d);
    }
    if (under && under->agent && !under->cut)
        pour_span(&d->pour, under->tag)->flags |= SPAN_RIGHT;
    return true;
}

static bool get_run(struct decoder *d)
{
    struct run r = {0};
    uint8_t head = rd_u8(&d->rd);
    r.len = head >> HEAD_LEN_SHIFT & HEAD_LEN_MAX;
    if (!r.len) {
        r.len = (uint32_t)get(d, TEXT_CHARS_MAX);
        if (r.len <= HEAD_LEN_MAX)
            return wrong(d);
    }
    bool struck = head & HEAD_STRUCK;
    bool marked = head & HEAD_AGAIN, again = struck && marked && !d->mixed;
    r.words = !struck || (d->mixed ? marked : d->struck_words);
    d->seen_with |= struck && r.words;
    d->seen_without |= struck && !r.words;
    if (d->rd.bad || (marked && !struck) || !get_identity(d, head, &r) || !see(d, &r) ||
        (again && !d->last_struck))
        return wrong(d);
    if (again)
        r.held = d->last_struck;
    else if (struck && !get_holds(d, &r))
        return false;
    if (d->rd.bad)
        return false;
    bool joins = !r.root && head & HEAD_NEAR && r.words == d->last_words &&
                 held_same(d->t, r.held, d->last_held);
    if (joins)
        return wrong(d);
    if (!hang(d, &r) || (r.root && !put_origin(d, &r)))
        return false;
    enum err e = pour_run(&d->pour, &r, d->spine.took_left, &spine_top(&d->spine)->tag);
    if (e)
        return e == ERR_NOMEM ? no_memory(d) : wrong(d);
    d->expect[r.agent] = r.seq + r.len;
    d->last_said = (head & HANGS_MASK) == HANGS_SAID;
    d->last_agent = r.agent;
    d->last_held = r.held;
    d->last_words = r.words;
    d->begun = true;
    return true;
}

static bool check_utf8(const uint8_t *p, const uint8_t *end, bool ascii)
{
    while (p < end) {
        uint64_t eight;
        uint32_t cp;
        if (end - p >= 8) {
            memcpy(&eight, p, 8);
            if (!(eight & 0x8080808080808080u)) {
                p += 8;
                continue;
            }
        }
        size_t step = utf8_decode(p, end, &cp);
        if (!step || (ascii && step > 1))
            return false;
        p += step;
    }
    return true;
}

static bool has_high(const uint8_t *p, const uint8_t *end)
{
    for (; p < end; p++)
        if (*p & 0x80)
            return true;
    return false;
}

static bool get_all(struct decoder *d)
{
    if (rd_u8(&d->rd) != STATE_VERSION)
        return wrong(d);
    uint8_t flags = rd_u8(&d->rd);
    struct pour *p = &d->pour;
    p->ascii = flags & FLAG_ASCII;
    d->mixed = flags & FLAG_MIXED;
    d->struck_words = flags & FLAG_STRUCK;
    if (d->rd.bad || flags > (FLAG_ASCII | FLAG_MIXED) || !get_agents(d))
        return wrong(d);
    uint64_t words = get(d, rd_left(&d->rd));
    uint32_t n_runs = (uint32_t)get(d, UINT32_MAX);
    if (d->rd.bad || words > rd_left(&d->rd))
        return wrong(d);
    p->words_end = d->rd.end;
    d->rd.end -= words;
    p->words = d->rd.end;
    if (!check_utf8(p->words, p->words_end, p->ascii) ||
        (!p->ascii && !has_high(p->words, p->words_end)) || n_runs > rd_left(&d->rd))
        return wrong(d);
    p->leaf = leaf_alloc(d->t, LEAF_SPANS, 0);
    if (!p->leaf || !spine_init(&d->spine))
        return no_memory(d);
    while (n_runs--)
        if (!get_run(d))
            return false;
    if (d->rd.bad || d->rd.p != d->rd.end || p->words != p->words_end || d->chars ||
        !spine_is_whole(&d->spine))
        return wrong(d);
    if (pour_flush(p))
        return no_memory(d);
    if (d->mixed ? !d->seen_with || !d->seen_without : d->struck_words && !d->seen_with)
        return wrong(d);
    for (uint32_t i = 0; i < d->t->n_agents; i++) {
        d->t->chars += d->t->agents[i].next_seq;
        if (!agent_sort_origins(&d->t->agents[i]))
            return no_memory(d);
    }
    return tree_build(d->t) || no_memory(d);
}

enum err text_decode(const void *data, size_t len_bytes, struct text **out)
{
    struct decoder d = {.t = text_new(), .rd = rd_of(data, len_bytes)};
    if (!d.t)
        return ERR_NOMEM;
    d.pour.t = d.t;
    d.t->indexed = false; /* made when first needed */
    bool ok = get_all(&d);
    leaf_free(d.t, d.pour.leaf);
    spine_fini(&d.spine);
    free(d.seen);
    free(d.seen_from);
    free(d.expect);
    if (!ok) {
        text_free(d.t);
        return d.no_memory ? ERR_NOMEM : ERR_INPUT;
    }
    *out = d.t;
    return ERR_OK;
}
