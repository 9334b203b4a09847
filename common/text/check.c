#include <stdlib.h>

#include "common/text/outlook.h"
#include "common/utf8.h"

/* May a blob of somebody else be applied? Everything that honest programs never send is refused
 * here, so that what follows need not fear it: above all it keeps the search for a character's
 * place (order.c) short. */

/* Spans that may be stepped over for one blob, at some 50 ns each. Honest blobs need some dozens; a
 * short one by somebody who was away while thousands of runs were written at one place, more. */
enum { STEPS_LEAST = 100000, STEPS_PER_BYTE = 16 };

struct hanging { /* a character and one side of it, on which the blob hangs a run */
    struct text_id parent;
    bool left;
};

struct range {
    struct text_id id;
    uint32_t len;
};

struct check {
    const struct text *t;
    uint32_t agent;
    uint32_t next; /* the agent's first seq that is not here */
    uint32_t strikes;
    struct err_info *why;
    struct hanging *hangings;
    size_t n_hangings;
    struct range *inserted; /* ascending */
    size_t n_inserted;
    uint64_t inserted_cp, restored_cp, struck_cp; /* new ones */
    uint64_t steps, most_steps;
};

static int hanging_compare(const void *x, const void *y)
{
    const struct hanging *a = x, *b = y;
    if (a->parent.agent != b->parent.agent)
        return a->parent.agent < b->parent.agent ? -1 : 1;
    if (a->parent.seq != b->parent.seq)
        return a->parent.seq < b->parent.seq ? -1 : 1;
    return a->left - b->left;
}

static enum err two_on_one_side(struct check *c)
{
    return err_set(c->why, ERR_INPUT, "the edit puts two runs at one place");
}

/* Is this character of the blob's own followed by another of the same run? */
static bool inside_new_run(const struct check *c, uint32_t seq)
{
    size_t lo = 0, hi = c->n_inserted;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (c->inserted[mid].id.seq + c->inserted[mid].len <= seq)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < c->n_inserted && seq + 1 < c->inserted[lo].id.seq + c->inserted[lo].len;
}

static enum err check_insert(struct check *c, const struct op *op)
{
    if (op->seq + op->len_cp <= c->next)
        return ERR_OK; /* a retry */
    if (op->seq < c->next)
        return err_set(c->why, ERR_INPUT, "the edit repeats a part of an earlier one");
    bool is_new = op->parent.agent == c->agent && op->parent.seq >= c->next;
    c->hangings[c->n_hangings++] = (struct hanging){op->parent, op->left};
    if (is_new && !op->left && inside_new_run(c, op->parent.seq))
        return two_on_one_side(c);
    if (!is_new && c->t->first) {
        struct place p = order_place(c->t, c->agent, op->seq, op->parent, op->left);
        if (p.own_sibling)
            return two_on_one_side(c);
        c->steps += p.steps ? p.steps + c->n_inserted : 0;
    }
    if (c->steps > c->most_steps)
        return err_set(c->why, ERR_TOO_LARGE, "the edit is too tangled");
    c->inserted[c->n_inserted++] = (struct range){
        {c->agent, op->seq},
        op->len_cp
    };
    c->inserted_cp += op->len_cp;
    return utf8_check_text(op->utf8, op->len_bytes, true, c->why);
}

static enum err check_strike(struct check *c, const struct op *op)
{
    if (op->number < c->strikes)
        return ERR_OK;
    if (op->kind == OP_STRIKE) {
        c->struck_cp += op->len_cp;
        return ERR_OK;
    }
    c->restored_cp += op->len_cp;
    return utf8_check_text(op->utf8, op->len_bytes, true, c->why);
}

static enum err check_hangings(struct check *c)
{
    if (c->n_hangings < 2)
        return ERR_OK;
    qsort(c->hangings, c->n_hangings, sizeof *c->hangings, hanging_compare);
    for (size_t i = 1; i < c->n_hangings; i++)
        if (hanging_compare(&c->hangings[i - 1], &c->hangings[i]) == 0)
            return two_on_one_side(c);
    return ERR_OK;
}

static enum err check_ops(struct check *c, const void *blob, size_t len_bytes, size_t n_ops,
                          const struct text_limits *limits)
{
    struct op_reader r = op_reader_of(c->agent, blob, len_bytes);
    struct op op;
    enum err e = ERR_OK;
    while (!e && op_read(&r, &op))
        e = op.kind == OP_INSERT ? check_insert(c, &op) : check_strike(c, &op);
    if (e)
        return e;
    e = check_hangings(c);
    if (e)
        return e;
    if (c->inserted_cp > TEXT_CHARS_MAX - c->t->chars)
        return err_set(c->why, ERR_TOO_LARGE, "the text's history is full");
    /* every deletion of a character but the first needs its return in between */
    if (c->struck_cp > c->t->chars + c->inserted_cp + c->restored_cp)
        return err_set(c->why, ERR_INPUT, "the edit deletes the same characters again and again");
    uint64_t most = text_len_cp(c->t) + c->inserted_cp + c->restored_cp, len = most;
    if (c->restored_cp || (most > limits->max_len_cp && c->struck_cp))
        e = outlook(c->t, c->agent, blob, len_bytes, n_ops, &c->steps, c->most_steps, &len, c->why);
    if (!e && len > limits->max_len_cp && len > text_len_cp(c->t))
        e = err_set(c->why, ERR_TOO_LARGE, "the answer would be longer than %zu characters",
                    limits->max_len_cp);
    return e;
}

enum err text_check(const struct text *t, uint32_t agent, const void *blob, size_t len_bytes,
                    const struct text_limits *limits, struct err_info *why)
{
    struct op only;
    size_t n;
    bool all_here;
    enum err e = text_check_causes(t, agent, blob, len_bytes, why, &all_here, &n, &only);
    if (e || !n)
        return e;
    if (all_here)
        return err_set(why, ERR_EXISTS, "the edit is already here");
    int32_t index = agent_index(t, agent);
    if (index < 0 && t->n_agents >= TEXT_AGENTS_MAX)
        return err_set(why, ERR_TOO_LARGE, "too many writers in one text");
    struct check c = {.t = t,
                      .agent = agent,
                      .why = why,
                      .most_steps = STEPS_LEAST + STEPS_PER_BYTE * (uint64_t)len_bytes};
    if (index >= 0) {
        c.next = t->agents[index].next_seq;
        c.strikes = t->agents[index].strikes;
    }
    struct hanging one_hanging;
    struct range one_inserted;
    c.hangings = n == 1 ? &one_hanging : malloc(n * sizeof *c.hangings);
    c.inserted = n == 1 ? &one_inserted : malloc(n * sizeof *c.inserted);
    if (c.hangings && c.inserted)
        e = check_ops(&c, blob, len_bytes, n, limits);
    else
        e = err_set(why, ERR_NOMEM, "out of memory");
    if (n != 1) {
        free(c.hangings);
        free(c.inserted);
    }
    return e;
}
