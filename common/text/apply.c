#include "common/text/inside.h"
#include "common/utf8.h"

/* Operations from elsewhere. */

static enum err apply_insert(struct text *t, uint32_t agent, const struct op *op)
{
    struct text_id parent = op->parent;
    bool left = op->left;
    const uint8_t *words = op->utf8;
    uint32_t next = t->agents[agent].next_seq, skip = next - op->seq;
    if (skip >= op->len_cp) /* all of it is here */
        return ERR_OK;
    if (skip) {
        uint32_t cp;
        for (uint32_t k = 0; k < skip; k++)
            words += utf8_decode(words, op->utf8 + op->len_bytes, &cp);
        parent = (struct text_id){t->agents[agent].number, next - 1};
        left = false;
    }
    struct place p = order_place(t, t->agents[agent].number, next, parent, left);
    edit_forget_cursor(t);
    enum err e = edit_insert(t, &p.at, agent, next, parent, left, words, op->len_cp - skip,
                             op->len_bytes - (size_t)(words - op->utf8));
    if (!e) {
        t->hint = p.at.leaf;
        t->hint_i = p.at.i - 1;
    }
    return e;
}

static enum err apply_strike(struct text *t, uint32_t agent, uint64_t when, const struct op *op)
{
    struct agent *a = &t->agents[agent];
    bool seen = op->number < a->strikes;
    if (op->number < a->confirmed || (seen && when == TEXT_WHEN_PENDING))
        return ERR_OK;
    bool fresh = !seen;
    uint32_t target = (uint32_t)agent_index(t, op->target.agent);
    enum err e = ERR_OK;
    if (op->kind == OP_STRIKE)
        e = edit_strike(t, agent, when, target, op->target.seq, op->len_cp, !fresh);
    else if (fresh)
        e = edit_restore(t, agent, target, op->target.seq, op->utf8, op->len_cp);
    if (e)
        return e;
    if (fresh)
        a->strikes += op->len_cp;
    if (when != TEXT_WHEN_PENDING)
        a->confirmed = op->number + op->len_cp;
    return ERR_OK;
}

/* May the operation follow what is here and `next` / `strikes` of the blob so far? */
static enum err causes_of(const struct text *t, uint32_t agent, const struct op *op, uint32_t *next,
                          uint32_t *strikes, struct err_info *why)
{
    struct text_id id = op->kind == OP_INSERT ? op->parent : op->target;
    uint32_t last = op->kind == OP_INSERT ? id.seq : id.seq + op->len_cp - 1;
    uint32_t known = id.agent == agent ? *next : text_next_seq(t, id.agent);
    if (id.agent && last >= known)
        return err_set(why, ERR_INPUT, "the edit names characters that do not exist");
    if (op->kind == OP_INSERT) {
        if (op->seq > *next)
            return err_set(why, ERR_INPUT, "the edit leaves out characters of its writer");
        if (op->seq + op->len_cp > *next)
            *next = op->seq + op->len_cp;
    } else {
        if (op->number > *strikes)
            return err_set(why, ERR_INPUT, "the edit leaves out deletions of its writer");
        if (op->number < *strikes && op->number + op->len_cp > *strikes)
            return err_set(why, ERR_INPUT, "the edit repeats a part of an earlier deletion");
        uint32_t more = op->number == *strikes ? op->len_cp : 0;
        if (more > TEXT_STRIKES_MAX - *strikes)
            return err_set(why, ERR_TOO_LARGE, "more deletions than one visit may make");
        *strikes += more;
    }
    return ERR_OK;
}

enum err text_check_causes(const struct text *t, uint32_t agent, const void *blob, size_t len_bytes,
                           struct err_info *why, bool *all_here, size_t *n_ops, struct op *only)
{
    struct op_reader r = op_reader_of(agent, blob, len_bytes);
    int32_t index = agent_index(t, agent);
    uint32_t next = index < 0 ? 0 : t->agents[index].next_seq;
    uint32_t strikes = index < 0 ? 0 : t->agents[index].strikes;
    uint32_t next_before = next, strikes_before = strikes;
    if (!agent)
        return err_set(why, ERR_INPUT, "an edit without a writer");
    *n_ops = 0;
    while (op_read(&r, only)) {
        enum err e = causes_of(t, agent, only, &next, &strikes, why);
        if (e)
            return e;
        ++*n_ops;
    }
    *all_here = next == next_before && strikes == strikes_before;
    return r.rd.bad ? err_set(why, ERR_INPUT, "the edit is malformed") : ERR_OK;
}

enum err text_apply_op(struct text *t, uint32_t agent, uint64_t when, const struct op *op)
{
    int32_t index = agent_get(t, agent);
    if (index < 0)
        return ERR_NOMEM;
    return op->kind == OP_INSERT ? apply_insert(t, (uint32_t)index, op)
                                 : apply_strike(t, (uint32_t)index, when, op);
}

enum err text_apply(struct text *t, uint32_t agent, uint64_t when, const void *blob,
                    size_t len_bytes)
{
    struct op op;
    size_t n;
    bool all_here;
    enum err e = text_check_causes(t, agent, blob, len_bytes, NULL, &all_here, &n, &op);
    if (e || !n)
        return e;
    if (n == 1)
        return text_apply_op(t, agent, when, &op);
    struct op_reader r = op_reader_of(agent, blob, len_bytes);
    while (!e && op_read(&r, &op))
        e = text_apply_op(t, agent, when, &op);
    return e;
}

bool text_blob_is_empty(const void *blob, size_t len_bytes)
{
    (void)blob;
    return len_bytes == 0;
}
