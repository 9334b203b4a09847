#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/text/spine.h"
#include "common/utf8.h"

/* The saved form of a text. One text has one form: what could be written in two ways is refused in
 * one of them.
 *
 *   u8 version, u8 flags (bit 0: all words are ASCII; bit 1: there are struck runs and the words of
 *               all of them are here; bit 2: the words of some, see HEAD_AGAIN)
 *   varint n    agents, by number; each: number (less the one before), next seq, strikes seen,
 *               strikes not yet confirmed
 *   varint n    bytes of words, which end the state
 *   varint n    runs in document order, joined where nothing but a chain separates them; each:
 *     u8        bits 0-1 hangs: 0 chained to an earlier run (seq follows), 1 right of the character
 *                 before it here, 2 left of the first character of the next run, 3 as it says
 *               bit 2 chained: to the run just before; else: same agent as the run before
 *               bit 3 struck, bits 4-6 length if 1..7
 *               bit 7 struck, by the same holds as the struck run before, which are left out; with
 *                 flag bit 2 instead: struck, its words are here
 *     [varint]  length if over 7
 *     [varint]  chained: how many runs are open above that one (spine.h); else the agent's rank
 *     [varint]  not chained: seq, as a zigzag difference to the end of the agent's last run here
 *     [2 x]     hangs as it says: (rank + 1) * 2 + on the left (0: the start); seq
 *     [holds]   struck: 0 as the struck run before (with flag bit 2 only); an odd number: one hold,
 * by the same agent as that run's first, half of it is its time; else half of it is their number,
 * and for each follow the agent's rank and its time. Times are zigzag differences to the time
 * before words, in document order */

enum { STATE_VERSION = 1, FLAG_ASCII = 1, FLAG_STRUCK = 2, FLAG_MIXED = 4 };
enum { HANGS_CHAINED, HANGS_RIGHT, HANGS_LEFT, HANGS_SAID, HANGS_MASK = 3 };
enum { HEAD_NEAR = 4, HEAD_STRUCK = 8, HEAD_LEN_SHIFT = 4, HEAD_LEN_MAX = 7, HEAD_AGAIN = 128 };

static uint64_t zigzag(int64_t v)
{
    return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static int64_t unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* One run as it is saved. */
struct run {
    uint32_t agent; /* index */
    uint32_t seq, len;
    uint32_t held;
    bool words; /* are saved */
    bool root;
    bool left;
    struct text_id parent;
};

/* ---- encoding ---- */

struct encoder {
    const struct text *t;
    struct buf *out;
    bool keep_struck;
    unsigned flags;
    uint32_t *rank;   /* of an agent's index */
    uint32_t *expect; /* where an agent's last run ended, by index */
    struct spine spine;
    struct run last;
    uint32_t last_struck; /* hold list */
    uint64_t when;
    uint32_t n_runs;
    bool failed;
};

static bool agent_used(const struct agent *a)
{
    return a->next_seq || a->strikes;
}

static void put_holds(struct encoder *e, uint32_t held)
{
    const struct hold *holds = e->t->holds;
    uint32_t n = 0;
    for (uint32_t h = held; h; h = holds[h].next)
        n++;
    uint64_t apart = zigzag((int64_t)(holds[held].when - e->when));
    bool same_agent = n == 1 && e->last_struck && holds[held].agent == holds[e->last_struck].agent;
    bool brief = same_agent && apart <= UINT64_MAX >> 1;
    buf_append_varint(e->out, brief ? apart << 1 | 1 : (uint64_t)n << 1);
    for (uint32_t h = held; h; h = holds[h].next) {
        if (!brief) {
            buf_append_varint(e->out, e->rank[holds[h].agent]);
            buf_append_varint(e->out, zigzag((int64_t)(holds[h].when - e->when)));
        }
        e->when = holds[h].when;
    }
    e->last_struck = held;
}

static int hangs_how(const struct run *r, struct text_id before, struct text_id next)
{
    if (!r->root)
        return HANGS_CHAINED;
    if (!r->left && id_same(r->parent, before))
        return HANGS_RIGHT;
    return r->left && id_same(r->parent, next) ? HANGS_LEFT : HANGS_SAID;
}

/* `next` is the first character of the run behind. */
static void put_run(struct encoder *e, const struct run *r, struct text_id next)
{
    struct text_id id = {e->t->agents[r->agent].number, r->seq};
    struct spine_item *top = spine_top(&e->spine), *under;
    struct text_id before = {top->agent, top->last};
    uint32_t open = e->spine.n;
    struct spine_run hung = {.agent = id.agent,
                             .first = r->seq,
                             .last = r->seq + r->len - 1,
                             .parent_agent = r->parent.agent,
                             .parent_seq = r->parent.seq,
                             .left = r->left};
    if (spine_add(&e->spine, &hung, &under) != SPINE_OK) {
        e->failed = true; /* memory: the order is right by construction */
        return;
    }
    int hangs = hangs_how(r, before, next);
    uint32_t depth = hangs ? 0 : open - 1 - (uint32_t)(under - e->spine.items);
    bool again = r->held && e->last_struck && held_same(e->t, r->held, e->last_struck);
    bool marked = e->flags & FLAG_MIXED ? r->held && r->words : again;
    bool near = hangs ? e->n_runs && r->agent == e->last.agent : depth == 0;
    uint32_t small = r->len <= HEAD_LEN_MAX ? r->len : 0;
    buf_append_u8(e->out, (uint8_t)((unsigned)hangs | (near ? HEAD_NEAR : 0u) |
                                    (r->held ? HEAD_STRUCK : 0u) | small << HEAD_LEN_SHIFT |
                                    (marked ? HEAD_AGAIN : 0u)));
    if (!small)
        buf_append_varint(e->out, r->len);
    if (!near)
        buf_append_varint(e->out, hangs ? e->rank[r->agent] : depth);
    if (hangs)
        buf_append_varint(e->out, zigzag((int64_t)r->seq - e->expect[r->agent]));
    if (hangs == HANGS_SAID) {
        uint32_t rank = r->parent.agent ? e->rank[agent_index(e->t, r->parent.agent)] + 1 : 0;
        buf_append_varint(e->out, (uint64_t)rank << 1 | r->left);
        buf_append_varint(e->out, r->parent.seq);
    }
    if (r->held && !again)
        put_holds(e, r->held);
    else if (again && e->flags & FLAG_MIXED)
        buf_append_u8(e->out, 0);
    e->expect[r->agent] = r->seq + r->len;
    e->last = *r;
    e->n_runs++;
}

static struct run run_of(const struct encoder *e, const struct span *s)
{
    struct run r = {.agent = s->agent,
                    .seq = s->seq,
                    .len = s->len,
                    .held = s->held,
                    .words = s->bytes && (!s->held || e->keep_struck),
                    .root = s->flags & SPAN_ROOT};
    if (r.root) {
        const struct origin *o = agent_origin(e->t, s->agent, s->seq);
        r.parent = origin_parent(e->t, o);
        r.left = o->left;
    } else {
        r.parent = (struct text_id){e->t->agents[s->agent].number, s->seq - 1};
    }
    return r;
}

static bool run_goes_on(const struct encoder *e, const struct run *r, const struct run *next)
{
    return r->agent == next->agent && r->seq + r->len == next->seq && !next->root &&
           r->words == next->words && held_same(e->t, r->held, next->held);
}

static uint32_t put_runs(struct encoder *e)
{
    struct run r = {0};
    for (const struct leaf *l = e->t->first; l && !e->failed; l = l->next) {
        for (uint32_t i = 0; i < l->n; i++) {
            struct run next = run_of(e, &l->spans[i]);
            if (r.len && run_goes_on(e, &r, &next)) {
                r.len += next.len;
                continue;
            }
            if (r.len)
                put_run(e, &r, span_first(e->t, &l->spans[i]));
            r = next;
        }
    }
    if (r.len && !e->failed)
        put_run(e, &r, (struct text_id){0, 0});
    return e->n_runs;
}

static void put_words_of(const struct encoder *e, const struct leaf *l)
{
    uint32_t from = 0, byte = 0; /* [from, byte) is to be written */
    for (uint32_t i = 0; i < l->n; i++) {
        const struct span *s = &l->spans[i];
        if (s->held && !e->keep_struck) {
            buf_append(e->out, l->text + from, byte - from);
            from = byte + s->bytes;
        }
        byte += s->bytes;
    }
    buf_append(e->out, l->text + from, byte - from);
}

static unsigned flags_of(const struct text *t, bool keep_struck, size_t *bytes)
{
    bool ascii = true, with = false, without = false; /* struck runs with and without words */
    *bytes = 0;
    for (const struct leaf *l = t->first; l; l = l->next)
        for (uint32_t i = 0; i < l->n; i++) {
            const struct span *s = &l->spans[i];
            uint32_t saved = s->held && !keep_struck ? 0 : s->bytes;
            with |= s->held && saved;
            without |= s->held && !saved;
            *bytes += saved;
            ascii &= !saved || saved == s->len;
        }
    return (ascii ? FLAG_ASCII : 0u) | (with && without ? FLAG_MIXED : with ? FLAG_STRUCK : 0u);
}

static void put_agents(struct encoder *e)
{
    const struct text *t = e->t;
    uint32_t n = 0, before = 0;
    for (uint32_t k = 0; k < t->n_agents; k++)
        n += agent_used(&t->agents[k]);
    buf_append_varint(e->out, n);
    n = 0;
    for (uint32_t k = 0; k < t->n_agents; k++) {
        const struct agent *a = &t->agents[t->by_number[k]];
        if (!agent_used(a))
            continue;
        e->rank[t->by_number[k]] = n++;
        buf_append_varint(e->out, a->number - before);
        buf_append_varint(e->out, a->next_seq);
        buf_append_varint(e->out, a->strikes);
        buf_append_varint(e->out, a->strikes - a->confirmed);
        before = a->number;
    }
}

void text_encode(const struct text *t, bool keep_struck, struct buf *out)
{
    struct buf runs = BUF_INIT;
    struct encoder e = {.t = t, .out = out, .keep_struck = keep_struck};
    e.rank = calloc(t->n_agents + 1, sizeof *e.rank);
    e.expect = calloc(t->n_agents + 1, sizeof *e.expect);
    if (spine_init(&e.spine) && e.rank && e.expect) {
        size_t bytes;
        e.flags = flags_of(t, keep_struck, &bytes);
        buf_append_u8(out, STATE_VERSION);
        buf_append_u8(out, (uint8_t)e.flags);
        put_agents(&e);
        buf_append_varint(out, bytes);
        e.out = &runs;
        uint32_t n = put_runs(&e);
        e.out = out;
        buf_append_varint(out, n);
        buf_append(out, runs.data, runs.len);
        if (buf_reserve(out, bytes))
            for (const struct leaf *l = t->first; l; l = l->next)
                put_words_of(&e, l);
    } else {
        e.failed = true;
    }
    out->failed |= e.failed || buf_failed(&runs);
    spine_fini(&e.spine);
    free(e.rank);
    free(e.expect);
    buf_free(&runs);
}

/* ---- decoding ---- */

struct decoder {
    struct text *t;
    struct rd rd;
    const uint8_t *words;
    const uint8_t *words_end;
    bool ascii, mixed, struck_words;
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
    struct leaf *leaf;                /* being filled */
    struct leaf *tail;                /* last linked one */
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

static bool flush_leaf(struct decoder *d)
{
    struct leaf *full = d->leaf;
    struct text *t = d->t;
    if (!full || !full->n)
        return true;
    struct leaf *l = leaf_alloc(t, full->n, full->text_len);
    if (!l ||
        !mem_grow(t, (void **)&t->leaves, &t->cap_leaves, t->n_leaves + 1, sizeof(struct leaf *))) {
        leaf_free(t, l);
        return no_memory(d);
    }
    memcpy(l->spans, full->spans, full->n * sizeof *l->spans);
    if (full->text_len)
        memcpy(l->text, d->words - full->text_len, full->text_len);
    t->vis += full->vis;
    t->vis_bytes += full->vis_bytes;
    l->n = full->n;
    l->text_len = full->text_len;
    l->vis = full->vis;
    l->vis_bytes = full->vis_bytes;
    l->no = t->n_leaves;
    l->prev = d->tail;
    if (d->tail)
        d->tail->next = l;
    else
        t->first = l;
    t->leaves[t->n_leaves++] = l;
    d->tail = l;
    full->n = full->text_len = 0;
    full->vis = full->vis_bytes = 0;
    return true;
}

/* A part of a run, its words the next `bytes`: they are copied when the leaf is full. */
static void put_part(struct decoder *d, const struct run *r, uint32_t seq, uint32_t len,
                     uint32_t bytes, unsigned flags)
{
    struct leaf *l = d->leaf;
    struct span *s = &l->spans[l->n++];
    s->seq = seq;
    s->held = r->held;
    s->agent = (uint16_t)r->agent;
    s->len = (uint16_t)len;
    s->bytes = (uint16_t)bytes;
    s->flags = (uint16_t)flags;
    d->words += bytes;
    l->text_len = (uint16_t)(l->text_len + bytes);
    held_ref(d->t, r->held);
    if (!r->held) {
        l->vis += len;
        l->vis_bytes += bytes;
    }
}

/* How many of n characters go into a span now; their bytes in *bytes; 0: the words end. */
static uint32_t take_words(const struct decoder *d, uint32_t n, uint32_t room, uint32_t *bytes)
{
    size_t left = (size_t)(d->words_end - d->words);
    uint32_t k = 0;
    *bytes = 0;
    if (d->ascii) {
        k = n < room ? n : room;
        *bytes = k;
        return k <= left ? k : 0;
    }
    for (; k < n; k++) {
        if (*bytes >= left)
            return 0;
        uint32_t lead = d->words[*bytes];
        uint32_t step = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        if (*bytes + step > room)
            break;
        *bytes += step;
    }
    return *bytes <= left ? k : 0;
}

/* The run as spans behind what is there. */
static bool put_spans(struct decoder *d, const struct run *r)
{
    enum { FILL_SPANS = LEAF_SPANS * 7 / 8, FILL_TEXT = LEAF_TEXT * 7 / 8, LEAST = 16 };
    uint32_t left = r->len, seq = r->seq;
    unsigned flags = (r->root ? SPAN_ROOT : 0u) | (d->spine.took_left ? SPAN_LEFT : 0u);
    while (left) {
        if (d->leaf->n >= FILL_SPANS || (r->words && d->leaf->text_len + LEAST > FILL_TEXT))
            if (!flush_leaf(d))
                return false;
        uint32_t n = left < UINT16_MAX ? left : UINT16_MAX, bytes = 0;
        if (r->words)
            n = take_words(d, n, (uint32_t)FILL_TEXT - d->leaf->text_len, &bytes);
        if (!n)
            return wrong(d);
        left -= n;
        put_part(d, r, seq, n, bytes, flags | (left ? SPAN_RIGHT : 0));
        seq += n;
        flags = 0;
    }
    /* the leaf that is being filled will be number n_leaves */
    spine_top(&d->spine)->tag = d->t->n_leaves * LEAF_SPANS + d->leaf->n - 1u;
    return true;
}

static struct span *span_of_item(struct decoder *d, const struct spine_item *it)
{
    uint32_t no = it->tag / LEAF_SPANS, i = it->tag % LEAF_SPANS;
    return no == d->t->n_leaves ? &d->leaf->spans[i] : &d->t->leaves[no]->spans[i];
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
        span_of_item(d, under)->flags |= SPAN_RIGHT;
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
    if (!hang(d, &r) || (r.root && !put_origin(d, &r)) || !put_spans(d, &r))
        return false;
    d->expect[r.agent] = r.seq + r.len;
    d->last_said = (head & HANGS_MASK) == HANGS_SAID;
    d->last_agent = r.agent;
    d->last_held = r.held;
    d->last_words = r.words;
    d->begun = true;
    return true;
}

/* ---- origins come in document order and are wanted by seq ---- */

static int origin_compare(const void *x, const void *y)
{
    uint32_t a = ((const struct origin *)x)->seq, b = ((const struct origin *)y)->seq;
    return a < b ? -1 : a > b;
}

static bool sort_origins(struct agent *a)
{
    enum { DIGIT = 11, BUCKETS = 1 << DIGIT, FEW = 300 };
    if (a->n_origins < FEW) {
        if (a->n_origins > 1)
            qsort(a->origins, a->n_origins, sizeof *a->origins, origin_compare);
        return true;
    }
    struct origin *other = malloc(a->n_origins * sizeof *other), *from = a->origins, *to = other;
    if (!other)
        return false;
    for (unsigned shift = 0; shift < 32 && a->next_seq >> shift; shift += DIGIT) {
        uint32_t at[BUCKETS] = {0}, sum = 0;
        for (uint32_t i = 0; i < a->n_origins; i++)
            at[from[i].seq >> shift & (BUCKETS - 1)]++;
        for (uint32_t b = 0; b < BUCKETS; b++) {
            uint32_t n = at[b];
            at[b] = sum;
            sum += n;
        }
        for (uint32_t i = 0; i < a->n_origins; i++)
            to[at[from[i].seq >> shift & (BUCKETS - 1)]++] = from[i];
        struct origin *swap = from;
        from = to;
        to = swap;
    }
    if (from != a->origins)
        memcpy(a->origins, from, a->n_origins * sizeof *from);
    free(other);
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
    d->ascii = flags & FLAG_ASCII;
    d->mixed = flags & FLAG_MIXED;
    d->struck_words = flags & FLAG_STRUCK;
    if (d->rd.bad || flags > (FLAG_ASCII | FLAG_MIXED) || !get_agents(d))
        return wrong(d);
    uint64_t words = get(d, rd_left(&d->rd));
    uint32_t n_runs = (uint32_t)get(d, UINT32_MAX);
    if (d->rd.bad || words > rd_left(&d->rd))
        return wrong(d);
    d->words_end = d->rd.end;
    d->rd.end -= words;
    d->words = d->rd.end;
    if (!check_utf8(d->words, d->words_end, d->ascii) ||
        (!d->ascii && !has_high(d->words, d->words_end)) || n_runs > rd_left(&d->rd))
        return wrong(d);
    d->leaf = leaf_alloc(d->t, LEAF_SPANS, 0);
    if (!d->leaf || !spine_init(&d->spine))
        return no_memory(d);
    while (n_runs--)
        if (!get_run(d))
            return false;
    if (d->rd.bad || d->rd.p != d->rd.end || d->words != d->words_end || d->chars ||
        !spine_is_whole(&d->spine) || !flush_leaf(d))
        return wrong(d);
    if (d->mixed ? !d->seen_with || !d->seen_without : d->struck_words && !d->seen_with)
        return wrong(d);
    for (uint32_t i = 0; i < d->t->n_agents; i++) {
        d->t->chars += d->t->agents[i].next_seq;
        if (!sort_origins(&d->t->agents[i]))
            return no_memory(d);
    }
    return tree_build(d->t) || no_memory(d);
}

enum err text_decode(const void *data, size_t len_bytes, struct text **out)
{
    struct decoder d = {.t = text_new(), .rd = rd_of(data, len_bytes)};
    if (!d.t)
        return ERR_NOMEM;
    d.t->indexed = false; /* made when first needed */
    bool ok = get_all(&d);
    leaf_free(d.t, d.leaf);
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
