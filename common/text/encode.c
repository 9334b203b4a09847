#include <stdlib.h>

#include "common/text/spine.h"
#include "common/text/state.h"

/* text_encode. */

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
    struct spine_item *top = spine_top(&e->spine);
    struct text_id before = {top->agent, top->last};
    uint32_t open = e->spine.n, under = UINT32_MAX;
    struct spine_run hung = {
        .id = id, .last = r->seq + r->len - 1, .left = r->left, .parent = r->parent};
    if (spine_add(&e->spine, &hung, &under) != SPINE_OK) {
        e->failed = true; /* memory: the order is right by construction */
        return;
    }
    int hangs = hangs_how(r, before, next);
    uint32_t depth = hangs ? 0 : open - 1 - under;
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
