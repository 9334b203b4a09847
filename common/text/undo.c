#include <stdlib.h>

#include "common/text/inside.h"

/* The reverse of a blob against the text as it stands: its operations from the last to the first,
 * each on those of its characters that are still as the operation left them. */

struct undo {
    struct text *t;
    uint32_t agent; /* number */
    uint32_t index;
    struct buf *inverse;
    size_t *changed_cp;
    bool follows;
};

static void note_change(struct undo *u, struct text_id id, enum text_bias bias)
{
    struct text_anchor a = {.id = id, .bias = (uint8_t)bias};
    if (u->changed_cp && text_anchor_pos(u->t, a, u->changed_cp))
        *u->changed_cp = 0; /* cannot be: it has just been changed */
}

/* Makes one operation here and appends it. */
static enum err emit(struct undo *u, struct op *op)
{
    struct agent *a = &u->t->agents[u->index];
    uint32_t target = (uint32_t)agent_index(u->t, op->target.agent);
    if (!buf_reserve(u->inverse, op->len_bytes + 32))
        return ERR_NOMEM;
    if (op->len_cp > TEXT_STRIKES_MAX - a->strikes)
        return ERR_TOO_LARGE;
    op->number = a->strikes;
    op_write(u->inverse, u->agent, op, u->follows);
    enum err e = op->kind == OP_STRIKE
                     ? edit_strike(u->t, u->index, TEXT_WHEN_PENDING, target, op->target.seq,
                                   op->len_cp, false)
                     : edit_restore(u->t, u->index, target, op->target.seq, op->utf8, op->len_cp);
    a->strikes += op->len_cp; /* also on failure: what was done in part has this number */
    u->follows = true;
    struct text_id last = {op->target.agent, op->target.seq + op->len_cp - 1};
    note_change(u, op->kind == OP_STRIKE ? op->target : last,
                op->kind == OP_STRIKE ? TEXT_BEFORE : TEXT_AFTER);
    return e;
}

/* Can the reverse be done to this span? */
static bool applies(const struct undo *u, const struct span *s, bool restore)
{
    return restore ? s->bytes && held_by(u->t, s->held, u->index) : !s->held;
}

/* The longest part from `id` on, up to `len`, to which the reverse can (or cannot) be done. */
static uint32_t stretch(const struct undo *u, struct text_id id, uint32_t len, bool restore,
                        bool *can, struct buf *words)
{
    uint32_t n = 0, agent = (uint32_t)agent_index(u->t, id.agent);
    buf_clear(words);
    while (n < len) {
        struct at at = ids_find(u->t, agent, id.seq + n);
        const struct span *s = at_span(&at);
        bool now = applies(u, s, restore);
        uint32_t more = s->len - at.off;
        if (n == 0)
            *can = now;
        else if (now != *can)
            break;
        if (more > len - n)
            more = len - n;
        if (now && restore) {
            uint32_t byte = leaf_byte_of(at.leaf, at.i);
            uint32_t from = span_bytes(at.leaf, at.i, byte, at.off);
            uint32_t to = span_bytes(at.leaf, at.i, byte, at.off + more);
            buf_append(words, at.leaf->text + byte + from, to - from);
        }
        n += more;
    }
    return n;
}

static enum err reverse_run(struct undo *u, struct text_id id, uint32_t len, bool restore)
{
    struct buf words = BUF_INIT;
    enum err e = ERR_OK;
    while (len && !e) {
        bool can = false;
        uint32_t n = stretch(u, id, len, restore, &can, &words);
        struct op op = {.kind = restore ? OP_RESTORE : OP_STRIKE,
                        .target = id,
                        .len_cp = n,
                        .utf8 = words.data,
                        .len_bytes = words.len};
        if (buf_failed(&words))
            e = ERR_NOMEM;
        else if (can)
            e = emit(u, &op);
        id.seq += n;
        len -= n;
    }
    buf_free(&words);
    return e;
}

/* All operations of a blob, in an array that the caller frees; NULL: none, or *e says why. */
static struct op *read_all(uint32_t agent, const void *blob, size_t len_bytes, size_t n,
                           enum err *e)
{
    struct op *ops = malloc((n + 1) * sizeof *ops);
    *e = ops ? ERR_OK : ERR_NOMEM;
    struct op_reader r = op_reader_of(agent, blob, len_bytes);
    for (size_t i = 0; ops && i <= n && op_read(&r, &ops[i]); i++)
        ;
    return ops;
}

enum err text_undo(struct text *t, uint32_t agent, const void *op, size_t len_bytes,
                   struct buf *inverse, size_t *changed_cp)
{
    struct op last;
    size_t n;
    bool all_here;
    enum err e = text_check_causes(t, agent, op, len_bytes, NULL, &all_here, &n, &last);
    if (e || !n)
        return e;
    int32_t index = agent_get(t, agent);
    if (index < 0 || buf_failed(inverse))
        return ERR_NOMEM;
    if (!all_here) /* never applied here: there is nothing to take back */
        return ERR_INPUT;
    struct op *ops = read_all(agent, op, len_bytes, n, &e);
    struct undo u = {.t = t,
                     .agent = agent,
                     .index = (uint32_t)index,
                     .inverse = inverse,
                     .changed_cp = changed_cp};
    while (n-- && !e) {
        const struct op *o = &ops[n];
        struct text_id id = o->kind == OP_INSERT ? (struct text_id){agent, o->seq} : o->target;
        e = reverse_run(&u, id, o->len_cp, o->kind == OP_STRIKE);
    }
    free(ops);
    return e;
}
