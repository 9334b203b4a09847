#include <stdlib.h>

#include "common/text/inside.h"
#include "common/utf8.h"

/* May a blob of somebody else be applied? Everything that honest programs never send is refused
 * here, so that what follows need not fear it: above all it keeps the search for a character's
 * place (order.c) short. */

/* Spans that may be stepped over for one blob, some 50 ms; honest ones need some dozens. */
enum { STEPS_MAX = 1000000 };

static const char *const NOT_DELETED = "the edit brings back what its writer did not delete";

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
    struct range *restored;
    size_t n_restored;
    struct range *inserted; /* ascending */
    size_t n_inserted;
    uint64_t inserted_cp, restored_cp, struck_cp; /* new ones */
    uint64_t steps;
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

static int range_compare(const void *x, const void *y)
{
    const struct range *a = x, *b = y;
    if (a->id.agent != b->id.agent)
        return a->id.agent < b->id.agent ? -1 : 1;
    return a->id.seq < b->id.seq ? -1 : a->id.seq > b->id.seq;
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
    if (c->steps > STEPS_MAX)
        return err_set(c->why, ERR_TOO_LARGE, "the edit is too tangled");
    c->inserted[c->n_inserted++] = (struct range){
        {c->agent, op->seq},
        op->len_cp
    };
    c->inserted_cp += op->len_cp;
    return utf8_check_text(op->utf8, op->len_bytes, true, c->why);
}

/* The characters exist: are they held by the agent, and are these the words? */
static enum err check_words(const struct check *c, const struct op *op)
{
    uint32_t agent = (uint32_t)agent_index(c->t, op->target.agent);
    int32_t me = agent_index(c->t, c->agent);
    const uint8_t *words = op->utf8;
    for (uint32_t done = 0; done < op->len_cp;) {
        struct at at = ids_find(c->t, agent, op->target.seq + done);
        const struct span *s = at_span(&at);
        uint32_t n = s->len - at.off;
        if (n > op->len_cp - done)
            n = op->len_cp - done;
        if (me < 0 || !held_by(c->t, s->held, (uint32_t)me))
            return err_set(c->why, ERR_INPUT, "%s", NOT_DELETED);
        uint32_t byte = leaf_byte_of(at.leaf, at.i);
        uint32_t pos = byte + span_bytes(at.leaf, at.i, byte, at.off);
        for (uint32_t k = 0; k < n; k++) {
            uint32_t cp, mine;
            words += utf8_decode(words, op->utf8 + op->len_bytes, &cp);
            if (s->bytes)
                pos += (uint32_t)utf8_decode(at.leaf->text + pos, at.leaf->text + at.leaf->text_len,
                                             &mine);
            if (s->bytes && mine != cp)
                return err_set(c->why, ERR_INPUT,
                               "the edit brings back other words than were deleted");
        }
        done += n;
    }
    return ERR_OK;
}

static enum err check_strike(struct check *c, const struct op *op)
{
    if (op->number < c->strikes)
        return ERR_OK;
    if (op->kind == OP_STRIKE) {
        c->struck_cp += op->len_cp;
        return ERR_OK;
    }
    c->restored[c->n_restored++] = (struct range){op->target, op->len_cp};
    c->restored_cp += op->len_cp;
    return utf8_check_text(op->utf8, op->len_bytes, true, c->why);
}

static bool exists(const struct check *c, const struct op *op)
{
    return op->target.agent != c->agent || op->target.seq + op->len_cp <= c->next;
}

/* Restores are held against the text directly, unless the blob also strikes out. */
static enum err check_restores(struct check *c, const void *blob, size_t len_bytes)
{
    struct op_reader r = op_reader_of(c->agent, blob, len_bytes);
    struct op op;
    enum err e = ERR_OK;
    while (!e && op_read(&r, &op)) {
        if (op.kind != OP_RESTORE || op.number < c->strikes)
            continue;
        e = exists(c, &op) ? check_words(c, &op) : err_set(c->why, ERR_INPUT, "%s", NOT_DELETED);
    }
    if (e || c->n_restored < 2)
        return e;
    qsort(c->restored, c->n_restored, sizeof *c->restored, range_compare);
    for (size_t i = 1; i < c->n_restored; i++) {
        const struct range *a = &c->restored[i - 1], *b = a + 1;
        if (a->id.agent == b->id.agent && a->id.seq + a->len > b->id.seq)
            return err_set(c->why, ERR_INPUT, "%s", NOT_DELETED);
    }
    return ERR_OK;
}

static enum err copy_text(const struct text *t, struct text **out)
{
    struct buf b = BUF_INIT;
    text_encode(t, true, &b);
    enum err e = buf_failed(&b) ? ERR_NOMEM : text_decode(b.data, b.len, out);
    buf_free(&b);
    return e;
}

static enum err too_long(struct check *c, const struct text_limits *limits)
{
    return err_set(c->why, ERR_TOO_LARGE, "the answer would be longer than %zu characters",
                   limits->max_len_cp);
}

/* Where one operation of the blob bears on another, and near the limit, only trying it on a copy
 * tells. */
static enum err check_on_copy(struct check *c, const void *blob, size_t len_bytes,
                              const struct text_limits *limits)
{
    struct text *copy = NULL;
    enum err e = copy_text(c->t, &copy);
    if (e)
        return err_set(c->why, ERR_NOMEM, "out of memory");
    struct op_reader r = op_reader_of(c->agent, blob, len_bytes);
    struct op op;
    while (!e && op_read(&r, &op)) {
        if (op.kind == OP_RESTORE && op.number >= c->strikes) {
            struct check now = {.t = copy, .agent = c->agent, .why = c->why};
            e = check_words(&now, &op);
        }
        if (!e)
            e = text_apply_op(copy, c->agent, 0, &op);
    }
    if (!e && text_len_cp(copy) > limits->max_len_cp && text_len_cp(copy) > text_len_cp(c->t))
        e = too_long(c, limits);
    text_free(copy);
    return e;
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

static enum err check_ops(struct check *c, const void *blob, size_t len_bytes,
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
    bool may_be_long = c->inserted_cp + c->restored_cp &&
                       text_len_cp(c->t) + c->inserted_cp + c->restored_cp > limits->max_len_cp;
    if ((may_be_long || c->n_restored) && c->struck_cp)
        return check_on_copy(c, blob, len_bytes, limits);
    if (c->n_restored)
        e = check_restores(c, blob, len_bytes);
    if (!e && may_be_long)
        e = c->n_restored ? check_on_copy(c, blob, len_bytes, limits) : too_long(c, limits);
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
    struct check c = {.t = t, .agent = agent, .why = why};
    if (index >= 0) {
        c.next = t->agents[index].next_seq;
        c.strikes = t->agents[index].strikes;
    }
    struct hanging one_hanging;
    struct range one_restored, one_inserted;
    c.hangings = n == 1 ? &one_hanging : malloc(n * sizeof *c.hangings);
    c.restored = n == 1 ? &one_restored : malloc(n * sizeof *c.restored);
    c.inserted = n == 1 ? &one_inserted : malloc(n * sizeof *c.inserted);
    if (c.hangings && c.restored && c.inserted)
        e = check_ops(&c, blob, len_bytes, limits);
    else
        e = err_set(why, ERR_NOMEM, "out of memory");
    if (n != 1) {
        free(c.hangings);
        free(c.restored);
        free(c.inserted);
    }
    return e;
}
