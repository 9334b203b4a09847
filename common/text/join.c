#include "common/text/op.h"

/* text_join: the log of an hour's typing as few operations instead of one per key. */

/* Can `b` be written as the end of insert `a`? */
static bool goes_on(uint32_t agent, const struct op *a, const struct op *b)
{
    return !b->left && b->parent.agent == agent && a->seq + a->len_cp == b->seq &&
           b->parent.seq + 1 == b->seq;
}

static bool join_strikes(struct op *a, const struct op *b)
{
    if (a->target.agent != b->target.agent || a->number + a->len_cp != b->number)
        return false;
    bool forth = a->target.seq + a->len_cp == b->target.seq;
    bool back = b->target.seq + b->len_cp == a->target.seq; /* backspacing */
    if (!forth && !back)
        return false;
    if (back)
        a->target.seq = b->target.seq;
    a->len_cp += b->len_cp;
    return true;
}

struct joining {
    struct buf *out;
    struct buf words; /* of an insert that was joined from several */
    uint32_t agent;
    struct op op; /* not yet written; len_cp 0: none */
    uint32_t next_number;
    bool has_number;
};

static bool join_op(struct joining *j, const struct op *b)
{
    struct op *a = &j->op;
    if (!a->len_cp || a->kind != b->kind)
        return false;
    if (a->kind == OP_STRIKE)
        return join_strikes(a, b);
    if (a->kind != OP_INSERT || !goes_on(j->agent, a, b))
        return false;
    if (!j->words.len)
        buf_append(&j->words, a->utf8, a->len_bytes);
    buf_append(&j->words, b->utf8, b->len_bytes);
    a->len_cp += b->len_cp;
    return true;
}

static void flush(struct joining *j)
{
    struct op *op = &j->op;
    if (!op->len_cp)
        return;
    if (j->words.len) {
        op->utf8 = j->words.data;
        op->len_bytes = j->words.len;
    }
    bool follows = op->kind != OP_INSERT && j->has_number && op->number == j->next_number;
    op_write(j->out, j->agent, op, follows);
    if (op->kind != OP_INSERT) {
        j->next_number = op->number + op->len_cp;
        j->has_number = true;
    }
    op->len_cp = 0;
    buf_clear(&j->words);
}

enum err text_join(uint32_t agent, const void *blob, size_t len_bytes, struct buf *out)
{
    struct joining j = {.out = out, .agent = agent, .words = BUF_INIT};
    struct op_reader r = op_reader_of(agent, blob, len_bytes);
    struct op op;
    size_t start = out->len;
    while (op_read(&r, &op)) {
        if (join_op(&j, &op))
            continue;
        flush(&j);
        j.op = op;
    }
    flush(&j);
    bool no_memory = buf_failed(&j.words) || buf_failed(out);
    buf_free(&j.words);
    if (r.rd.bad)
        out->len = start;
    return r.rd.bad ? ERR_INPUT : no_memory ? ERR_NOMEM : ERR_OK;
}
