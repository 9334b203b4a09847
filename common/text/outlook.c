#include "common/text/outlook.h"

#include <stdlib.h>

#include "common/utf8.h"

enum state {
    AS_IT_WAS,
    STRUCK, /* by this blob */
    BACK,   /* restored by it */
};

/* Characters that every operation of the blob names together or not at all. */
struct stretch {
    struct text_id id;
    uint32_t len;
    enum state state;
};

/* What the blob itself inserts. */
struct fresh {
    uint32_t seq, len;
    const uint8_t *utf8, *end;
};

struct outlook {
    const struct text *t;
    uint32_t agent;
    int32_t me;
    uint32_t next, strikes; /* of the agent, before the blob */
    struct text_id *edges;
    size_t n_edges;
    struct stretch *stretches;
    size_t n_stretches;
    struct fresh *fresh;
    size_t n_fresh;
    uint64_t inserted_cp;
    uint64_t *steps, most_steps;
    struct err_info *why;
};

static enum err not_deleted(const struct outlook *o)
{
    return err_set(o->why, ERR_INPUT, "the edit brings back what its writer did not delete");
}

static bool is_fresh(const struct outlook *o, struct text_id id)
{
    return id.agent == o->agent && id.seq >= o->next;
}

/* ---- cutting the named characters into stretches ---- */

static int edge_compare(const void *x, const void *y)
{
    const struct text_id *a = x, *b = y;
    if (a->agent != b->agent)
        return a->agent < b->agent ? -1 : 1;
    return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static void collect(struct outlook *o, const void *blob, size_t len_bytes)
{
    struct op_reader r = op_reader_of(o->agent, blob, len_bytes);
    struct op op;
    o->edges[o->n_edges++] = (struct text_id){o->agent, o->next};
    while (op_read(&r, &op)) {
        if (op.kind == OP_INSERT) {
            if (op.seq < o->next)
                continue;
            o->inserted_cp += op.len_cp;
            o->fresh[o->n_fresh++] =
                (struct fresh){op.seq, op.len_cp, op.utf8, op.utf8 + op.len_bytes};
        } else if (op.number >= o->strikes) {
            o->edges[o->n_edges++] = op.target;
            o->edges[o->n_edges++] = (struct text_id){op.target.agent, op.target.seq + op.len_cp};
        }
    }
    qsort(o->edges, o->n_edges, sizeof *o->edges, edge_compare);
    for (size_t i = 0; i + 1 < o->n_edges; i++) {
        struct text_id a = o->edges[i], b = o->edges[i + 1];
        if (a.agent == b.agent && a.seq < b.seq)
            o->stretches[o->n_stretches++] = (struct stretch){a, b.seq - a.seq, AS_IT_WAS};
    }
}

static struct stretch *find_stretch(const struct outlook *o, struct text_id id)
{
    size_t lo = 0, hi = o->n_stretches;
    while (hi - lo > 1) {
        size_t mid = (lo + hi) / 2;
        if (edge_compare(&o->stretches[mid].id, &id) <= 0)
            lo = mid;
        else
            hi = mid;
    }
    return &o->stretches[lo];
}

/* ---- words ---- */

/* Compares n characters at *words with those at `mine` (NULL: not known); moves both on. */
static bool same_words(const uint8_t **words, const uint8_t *mine, uint32_t n)
{
    for (uint32_t k = 0; k < n; k++) {
        uint32_t lead = **words, len = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        for (uint32_t i = 0; mine && i < len; i++)
            if ((*words)[i] != *mine++)
                return false;
        *words += len;
    }
    return true;
}

static enum err other_words(const struct outlook *o)
{
    return err_set(o->why, ERR_INPUT, "the edit brings back other words than were deleted");
}

static enum err compare_here(const struct outlook *o, const struct stretch *x,
                             const uint8_t **words)
{
    uint32_t agent = (uint32_t)agent_index(o->t, x->id.agent);
    for (uint32_t done = 0, n; done < x->len; done += n) {
        struct at at = ids_find(o->t, agent, x->id.seq + done);
        const struct span *s = at_span(&at);
        n = s->len - at.off;
        if (n > x->len - done)
            n = x->len - done;
        ++*o->steps;
        if (x->state == AS_IT_WAS && (o->me < 0 || !held_by(o->t, s->held, (uint32_t)o->me)))
            return not_deleted(o);
        uint32_t byte = leaf_byte_of(at.leaf, at.i);
        const uint8_t *mine =
            s->bytes ? at.leaf->text + byte + span_bytes(at.leaf, at.i, byte, at.off) : NULL;
        if (!same_words(words, mine, n))
            return other_words(o);
    }
    return ERR_OK;
}

static enum err compare_fresh(const struct outlook *o, const struct stretch *x,
                              const uint8_t **words)
{
    size_t lo = 0, hi = o->n_fresh;
    while (hi - lo > 1) {
        size_t mid = (lo + hi) / 2;
        if (o->fresh[mid].seq <= x->id.seq)
            lo = mid;
        else
            hi = mid;
    }
    uint32_t skip = x->id.seq - o->fresh[lo].seq, left = x->len, bytes;
    for (const struct fresh *f = &o->fresh[lo]; left; f++, skip = 0) {
        uint32_t n = f->len - skip < left ? f->len - skip : left;
        (void)words_fit(f->utf8, skip, UINT32_MAX, &bytes);
        *o->steps += 1 + skip / 64;
        if (!same_words(words, f->utf8 + bytes, n))
            return other_words(o);
        left -= n;
    }
    return ERR_OK;
}

/* ---- one operation after the other ---- */

static enum err foresee(struct outlook *o, const struct op *op)
{
    const uint8_t *words = op->utf8;
    struct stretch *x = find_stretch(o, op->target);
    for (uint32_t done = 0; done < op->len_cp; done += x->len, x++) {
        ++*o->steps;
        if (op->kind == OP_RESTORE) {
            bool fresh = is_fresh(o, x->id);
            if (x->state == BACK || (fresh && x->state == AS_IT_WAS))
                return not_deleted(o);
            enum err e = fresh ? compare_fresh(o, x, &words) : compare_here(o, x, &words);
            if (e)
                return e;
        }
        x->state = op->kind == OP_STRIKE ? STRUCK : BACK;
        if (*o->steps > o->most_steps)
            return err_set(o->why, ERR_TOO_LARGE, "the edit is too tangled");
    }
    return ERR_OK;
}

/* By how much do the stretch's characters change the length? */
static int64_t change_of(const struct outlook *o, const struct stretch *x)
{
    int64_t change = 0;
    if (x->state == AS_IT_WAS)
        return 0;
    if (is_fresh(o, x->id))
        return x->state == STRUCK ? -(int64_t)x->len : 0;
    uint32_t agent = (uint32_t)agent_index(o->t, x->id.agent);
    for (uint32_t done = 0, n; done < x->len; done += n) {
        struct at at = ids_find(o->t, agent, x->id.seq + done);
        const struct span *s = at_span(&at);
        n = s->len - at.off;
        if (n > x->len - done)
            n = x->len - done;
        ++*o->steps;
        const struct hold *h = s->held ? &o->t->holds[s->held] : NULL;
        if (x->state == STRUCK && !h)
            change -= n;
        else if (x->state == BACK && h && !h->next && h->agent == (uint32_t)o->me)
            change += n;
    }
    return change;
}

static enum err look(struct outlook *o, const void *blob, size_t len_bytes, uint64_t *len_cp)
{
    collect(o, blob, len_bytes);
    struct op_reader r = op_reader_of(o->agent, blob, len_bytes);
    struct op op;
    enum err e = ERR_OK;
    while (!e && op_read(&r, &op))
        if (op.kind != OP_INSERT && op.number >= o->strikes)
            e = foresee(o, &op);
    int64_t change = 0;
    for (size_t i = 0; i < o->n_stretches && !e; i++)
        change += change_of(o, &o->stretches[i]);
    *len_cp = (uint64_t)((int64_t)(o->t->vis + o->inserted_cp) + change);
    return e;
}

enum err outlook(const struct text *t, uint32_t agent, const void *blob, size_t len_bytes,
                 size_t n_ops, uint64_t *steps, uint64_t most_steps, uint64_t *len_cp,
                 struct err_info *why)
{
    struct outlook o = {.t = t,
                        .agent = agent,
                        .me = agent_index(t, agent),
                        .steps = steps,
                        .most_steps = most_steps,
                        .why = why};
    if (o.me >= 0) {
        o.next = t->agents[o.me].next_seq;
        o.strikes = t->agents[o.me].strikes;
    }
    o.edges = malloc((2 * n_ops + 1) * sizeof *o.edges);
    o.stretches = malloc((2 * n_ops + 1) * sizeof *o.stretches);
    o.fresh = malloc((n_ops + 1) * sizeof *o.fresh);
    enum err e = o.edges && o.stretches && o.fresh ? look(&o, blob, len_bytes, len_cp)
                                                   : err_set(why, ERR_NOMEM, "out of memory");
    free(o.edges);
    free(o.stretches);
    free(o.fresh);
    return e;
}
