#include "tests/lib/text_model.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/text/op.h"
#include "common/utf8.h"

/* One entry per character in document order: obvious, and as slow as it looks. */

struct hold {
    uint32_t agent;
    uint64_t when;
};

struct ch {
    struct text_id id;
    struct text_id parent;
    bool left;
    bool known; /* the word is held */
    uint32_t cp;
    size_t n_holds;
    struct hold *holds;
};

struct agent {
    uint32_t agent;
    uint32_t next_seq;
    uint32_t strikes;
    uint32_t confirmed; /* those below have the server's time */
};

struct text_model {
    struct ch *chars;
    size_t n;
    size_t cap;
    struct agent *agents; /* by number */
    size_t n_agents;
};

static const size_t NOWHERE = SIZE_MAX;

struct text_model *text_model_new(void)
{
    return calloc(1, sizeof(struct text_model));
}

void text_model_free(struct text_model *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->n; i++)
        free(t->chars[i].holds);
    free(t->chars);
    free(t->agents);
    free(t);
}

static bool visible(const struct ch *c)
{
    return c->n_holds == 0;
}

static bool same_id(struct text_id a, struct text_id b)
{
    return a.agent == b.agent && a.seq == b.seq;
}

static size_t find(const struct text_model *t, struct text_id id)
{
    for (size_t i = 0; i < t->n; i++)
        if (same_id(t->chars[i].id, id))
            return i;
    return NOWHERE;
}

/* Index of the visible character at pos_cp, or t->n. */
static size_t index_at(const struct text_model *t, size_t pos_cp)
{
    size_t pos = 0;
    for (size_t i = 0; i < t->n; i++)
        if (visible(&t->chars[i]) && pos++ == pos_cp)
            return i;
    assert(pos == pos_cp);
    return t->n;
}

static size_t pos_of_index(const struct text_model *t, size_t index)
{
    size_t pos = 0;
    for (size_t i = 0; i < index; i++)
        pos += visible(&t->chars[i]);
    return pos;
}

static const struct agent *agent_find(const struct text_model *t, uint32_t agent)
{
    for (size_t i = 0; i < t->n_agents; i++)
        if (t->agents[i].agent == agent)
            return &t->agents[i];
    return NULL;
}

static struct agent *agent_get(struct text_model *t, uint32_t agent)
{
    const struct agent *found = agent_find(t, agent);
    if (found)
        return (struct agent *)found;
    struct agent *grown = realloc(t->agents, (t->n_agents + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    t->agents = grown;
    size_t i = t->n_agents++;
    for (; i && grown[i - 1].agent > agent; i--)
        grown[i] = grown[i - 1];
    grown[i] = (struct agent){.agent = agent};
    return &grown[i];
}

static uint32_t strikes_of(const struct text_model *t, uint32_t agent)
{
    const struct agent *a = agent_find(t, agent);
    return a ? a->strikes : 0;
}

uint32_t text_model_next_seq(const struct text_model *t, uint32_t agent)
{
    const struct agent *a = agent_find(t, agent);
    return a ? a->next_seq : 0;
}

static struct hold *hold_of(const struct ch *c, uint32_t agent)
{
    for (size_t i = 0; i < c->n_holds; i++)
        if (c->holds[i].agent == agent)
            return &c->holds[i];
    return NULL;
}

/* ---- reading ---- */

size_t text_model_len_cp(const struct text_model *t)
{
    return pos_of_index(t, t->n);
}

static void append_cp(struct buf *out, uint32_t cp)
{
    uint8_t b[4];
    buf_append(out, b, utf8_encode(cp, b));
}

void text_model_read(const struct text_model *t, size_t start_cp, size_t end_cp, struct buf *out)
{
    size_t pos = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (!visible(&t->chars[i]))
            continue;
        if (pos >= start_cp && pos < end_cp)
            append_cp(out, t->chars[i].cp);
        pos++;
    }
    assert(start_cp <= end_cp && end_cp <= pos);
}

/* ---- the order: Fugue's tree, walked in order ---- */

struct kid {
    size_t parent;
    bool left;
    struct text_id id;
    size_t index;
};

static int kid_compare(const void *a, const void *b)
{
    const struct kid *x = a, *y = b;
    if (x->parent != y->parent)
        return x->parent < y->parent ? -1 : 1;
    if (x->left != y->left)
        return x->left ? -1 : 1;
    if (x->id.agent != y->id.agent)
        return x->id.agent < y->id.agent ? -1 : 1;
    bool earlier = x->id.seq < y->id.seq;
    return earlier == x->left ? -1 : 1;
}

/* Puts the characters into the order of the tree. False: no memory, or not one tree. */
static bool rebuild(struct text_model *t)
{
    size_t n = t->n;
    struct kid *kids = malloc((n + 1) * sizeof *kids);
    size_t *stack = malloc((2 * n + 2) * sizeof *stack);
    struct ch *out = malloc((n + 1) * sizeof *out);
    size_t n_out = 0, depth = 0;
    bool ok = kids && stack && out;
    for (size_t i = 0; ok && i < n; i++) {
        const struct ch *c = &t->chars[i];
        size_t parent = c->parent.agent ? find(t, c->parent) : n;
        ok = parent != NOWHERE;
        kids[i] = (struct kid){parent, c->left, c->id, i};
    }
    if (!ok)
        goto done;
    qsort(kids, n, sizeof *kids, kid_compare);
    /* the stack holds nodes to visit; an odd entry is a node whose left side is done */
    stack[depth++] = n << 1;
    while (depth) {
        size_t top = stack[--depth], node = top >> 1;
        if (top & 1) {
            if (node != n)
                out[n_out++] = t->chars[node];
            continue;
        }
        size_t lo = 0, hi;
        for (size_t end = n; lo < end;) {
            size_t mid = (lo + end) / 2;
            if (kids[mid].parent < node)
                lo = mid + 1;
            else
                end = mid;
        }
        for (hi = lo; hi < n && kids[hi].parent == node; hi++)
            ;
        size_t k = hi;
        for (; k > lo && !kids[k - 1].left; k--)
            stack[depth++] = kids[k - 1].index << 1;
        stack[depth++] = node << 1 | 1;
        for (; k > lo; k--)
            stack[depth++] = kids[k - 1].index << 1;
    }
    ok = n_out == n;
    if (ok && n)
        memcpy(t->chars, out, n * sizeof *out);
done:
    free(kids);
    free(stack);
    free(out);
    return ok;
}

static bool has_sibling(const struct text_model *t, struct text_id parent, bool left)
{
    for (size_t i = 0; i < t->n; i++)
        if (same_id(t->chars[i].parent, parent) && t->chars[i].left == left)
            return true;
    return false;
}

static bool reserve_chars(struct text_model *t, size_t more)
{
    if (t->cap - t->n >= more)
        return true;
    size_t cap = 2 * t->cap + more;
    struct ch *chars = realloc(t->chars, cap * sizeof *chars);
    if (!chars)
        return false;
    t->chars = chars;
    t->cap = cap;
    return true;
}

/* Adds one character where its parent says. */
static bool place(struct text_model *t, struct ch c)
{
    struct agent *a = agent_get(t, c.id.agent);
    if (!a || !reserve_chars(t, 1))
        return false;
    bool crowded = has_sibling(t, c.parent, c.left);
    size_t at = c.parent.agent ? find(t, c.parent) + !c.left : 0;
    memmove(t->chars + at + 1, t->chars + at, (t->n - at) * sizeof *t->chars);
    t->chars[at] = c;
    t->n++;
    if (crowded && !rebuild(t)) {
        at = find(t, c.id);
        memmove(t->chars + at, t->chars + at + 1, (t->n - at - 1) * sizeof *t->chars);
        t->n--;
        return false;
    }
    a->next_seq++;
    return true;
}

static enum err apply_insert(struct text_model *t, uint32_t agent, const struct op *op)
{
    const uint8_t *p = op->utf8, *end = p + op->len_bytes;
    struct ch c = {
        .id = {agent, op->seq},
          .parent = op->parent, .left = op->left, .known = true
    };
    for (; p < end; c.id.seq++) {
        p += utf8_decode(p, end, &c.cp);
        if (c.id.seq >= text_model_next_seq(t, agent) && !place(t, c))
            return ERR_NOMEM;
        c.parent = c.id;
        c.left = false;
    }
    return ERR_OK;
}

static enum err strike_char(struct ch *c, uint32_t agent, uint64_t when, bool fresh)
{
    struct hold *h = hold_of(c, agent);
    if (h && !fresh) /* the confirmation of a strike made here */
        h->when = when;
    if (h || !fresh)
        return ERR_OK;
    struct hold *holds = realloc(c->holds, (c->n_holds + 1) * sizeof *holds);
    if (!holds)
        return ERR_NOMEM;
    c->holds = holds;
    holds[c->n_holds++] = (struct hold){agent, when};
    return ERR_OK;
}

static void restore_char(struct ch *c, uint32_t agent, uint32_t cp)
{
    struct hold *h = hold_of(c, agent);
    if (!h)
        return;
    *h = c->holds[--c->n_holds];
    if (!c->known)
        c->cp = cp;
    c->known = true;
}

static enum err apply_strike(struct text_model *t, uint32_t agent, uint64_t when,
                             const struct op *op)
{
    struct agent *a = agent_get(t, agent);
    if (!a)
        return ERR_NOMEM;
    bool fresh = op->number == a->strikes;
    if (op->number < a->confirmed || (!fresh && when == TEXT_WHEN_PENDING))
        return ERR_OK;
    const uint8_t *p = op->utf8, *end = p ? p + op->len_bytes : p;
    enum err e = ERR_OK;
    for (uint32_t i = 0; i < op->len_cp && !e; i++) {
        struct ch *c = &t->chars[find(t, (struct text_id){op->target.agent, op->target.seq + i})];
        uint32_t cp = 0;
        if (op->kind == OP_RESTORE)
            p += utf8_decode(p, end, &cp);
        if (op->kind == OP_STRIKE)
            e = strike_char(c, agent, when, fresh);
        else if (fresh)
            restore_char(c, agent, cp);
    }
    if (fresh)
        a->strikes += op->len_cp;
    if (when != TEXT_WHEN_PENDING)
        a->confirmed = op->number + op->len_cp;
    return e;
}

static enum err apply_op(struct text_model *t, uint32_t agent, uint64_t when, const struct op *op)
{
    return op->kind == OP_INSERT ? apply_insert(t, agent, op) : apply_strike(t, agent, when, op);
}

/* ---- operations from elsewhere ---- */

/* Are all causes of the blob's operations here (or earlier in the blob)? */
static enum err check_causes(const struct text_model *t, uint32_t agent, const void *blob,
                             size_t len_bytes, struct err_info *why, bool *all_here)
{
    struct op_reader r = op_reader_of(agent, blob, len_bytes);
    struct op op;
    uint32_t next = text_model_next_seq(t, agent), strikes = strikes_of(t, agent);
    *all_here = true;
    if (!agent)
        return err_set(why, ERR_INPUT, "an edit without a writer");
    while (op_read(&r, &op)) {
        struct text_id id = op.kind == OP_INSERT ? op.parent : op.target;
        uint32_t last = op.kind == OP_INSERT ? id.seq : id.seq + op.len_cp - 1;
        uint32_t known = id.agent == agent ? next : text_model_next_seq(t, id.agent);
        if (id.agent && last >= known)
            return err_set(why, ERR_INPUT, "the edit names characters that do not exist");
        if (op.kind == OP_INSERT) {
            if (op.seq > next)
                return err_set(why, ERR_INPUT, "the edit leaves out characters of its writer");
            if (op.seq + op.len_cp > next) {
                *all_here = false;
                next = op.seq + op.len_cp;
            }
        } else {
            if (op.number > strikes)
                return err_set(why, ERR_INPUT, "the edit leaves out deletions of its writer");
            if (op.number < strikes && op.number + op.len_cp > strikes)
                return err_set(why, ERR_INPUT, "the edit repeats a part of an earlier deletion");
            if (op.number == strikes) {
                *all_here = false;
                strikes += op.len_cp;
            }
        }
    }
    return r.rd.bad ? err_set(why, ERR_INPUT, "the edit is malformed") : ERR_OK;
}

enum err text_model_apply(struct text_model *t, uint32_t agent, uint64_t when, const void *blob,
                          size_t len_bytes)
{
    bool all_here;
    enum err e = check_causes(t, agent, blob, len_bytes, NULL, &all_here);
    struct op_reader r = op_reader_of(agent, blob, len_bytes);
    struct op op;
    while (!e && op_read(&r, &op))
        e = apply_op(t, agent, when, &op);
    return e;
}

struct text_model *text_model_clone(const struct text_model *t)
{
    struct text_model *copy = text_model_new();
    if (!copy || !reserve_chars(copy, t->n + 1))
        abort();
    copy->agents = calloc(t->n_agents + 1, sizeof *copy->agents);
    if (!copy->agents)
        abort();
    copy->n_agents = t->n_agents;
    for (size_t i = 0; i < t->n_agents; i++)
        copy->agents[i] = t->agents[i];
    for (; copy->n < t->n; copy->n++) {
        struct ch *c = &copy->chars[copy->n];
        *c = t->chars[copy->n];
        c->holds = calloc(c->n_holds + 1, sizeof *c->holds);
        if (!c->holds)
            abort();
        for (size_t k = 0; k < c->n_holds; k++)
            c->holds[k] = t->chars[copy->n].holds[k];
    }
    return copy;
}

/* Nobody honest hangs two characters on one side of one. */
static enum err check_insert(const struct text_model *t, uint32_t agent, const struct op *op,
                             struct err_info *why)
{
    uint32_t next = text_model_next_seq(t, agent);
    if (op->seq + op->len_cp <= next)
        return ERR_OK;
    if (op->seq < next)
        return err_set(why, ERR_INPUT, "the edit repeats a part of an earlier one");
    for (size_t i = 0; i < t->n; i++) {
        const struct ch *c = &t->chars[i];
        if (c->id.agent == agent && same_id(c->parent, op->parent) && c->left == op->left)
            return err_set(why, ERR_INPUT, "the edit puts two runs at one place");
    }
    return ERR_OK;
}

static enum err check_restore(const struct text_model *t, uint32_t agent, const struct op *op,
                              struct err_info *why)
{
    const uint8_t *p = op->utf8, *end = p + op->len_bytes;
    if (op->number < strikes_of(t, agent))
        return ERR_OK;
    for (uint32_t i = 0; i < op->len_cp; i++) {
        uint32_t cp;
        p += utf8_decode(p, end, &cp);
        const struct ch *c =
            &t->chars[find(t, (struct text_id){op->target.agent, op->target.seq + i})];
        if (!hold_of(c, agent))
            return err_set(why, ERR_INPUT, "the edit brings back what its writer did not delete");
        if (c->known && c->cp != cp)
            return err_set(why, ERR_INPUT, "the edit brings back other words than were deleted");
    }
    return ERR_OK;
}

enum err text_model_check(const struct text_model *t, uint32_t agent, const void *blob,
                          size_t len_bytes, const struct text_limits *limits, struct err_info *why)
{
    bool all_here;
    enum err e = check_causes(t, agent, blob, len_bytes, why, &all_here);
    if (e || !len_bytes)
        return e;
    if (all_here)
        return err_set(why, ERR_EXISTS, "the edit is already here");
    struct text_model *after = text_model_clone(t);
    uint64_t struck = 0, may_be_struck = t->n;
    uint32_t strikes = strikes_of(t, agent);
    struct op_reader r = op_reader_of(agent, blob, len_bytes);
    struct op op;
    while (!e && op_read(&r, &op)) {
        if (op.utf8)
            e = utf8_check_text(op.utf8, op.len_bytes, true, why);
        if (op.kind == OP_STRIKE && op.number >= strikes)
            struck += op.len_cp;
        if (op.kind == OP_RESTORE && op.number >= strikes)
            may_be_struck += op.len_cp;
        if (!e && op.kind == OP_INSERT)
            e = check_insert(after, agent, &op, why);
        if (!e && op.kind == OP_RESTORE)
            e = check_restore(after, agent, &op, why);
        if (!e)
            e = apply_op(after, agent, 0, &op);
    }
    if (!e && struck > may_be_struck + (after->n - t->n))
        e = err_set(why, ERR_INPUT, "the edit deletes the same characters again and again");
    if (!e && text_model_len_cp(after) > limits->max_len_cp &&
        text_model_len_cp(after) > text_model_len_cp(t))
        e = err_set(why, ERR_TOO_LARGE, "the answer would be longer than %zu characters",
                    limits->max_len_cp);
    text_model_free(after);
    return e;
}

/* ---- identity, anchors ---- */

struct text_id text_model_id_at(const struct text_model *t, size_t pos_cp)
{
    size_t at = index_at(t, pos_cp);
    assert(at < t->n);
    return t->chars[at].id;
}

enum err text_model_anchor_pos(const struct text_model *t, struct text_anchor a, size_t *pos_cp)
{
    if (a.bias > TEXT_AFTER)
        return ERR_NOT_FOUND;
    if (!a.id.agent) {
        *pos_cp = a.bias == TEXT_BEFORE ? text_model_len_cp(t) : 0;
        return ERR_OK;
    }
    size_t at = find(t, a.id);
    if (at == NOWHERE)
        return ERR_NOT_FOUND;
    *pos_cp = pos_of_index(t, at) + (a.bias == TEXT_AFTER && visible(&t->chars[at]));
    return ERR_OK;
}

/* ---- who wrote, who struck out ---- */

static struct hold first_hold(const struct ch *c)
{
    struct hold best = {0, 0};
    for (size_t i = 0; i < c->n_holds; i++) {
        const struct hold *h = &c->holds[i];
        if (!best.agent || h->when < best.when || (h->when == best.when && h->agent < best.agent))
            best = *h;
    }
    return best;
}

static bool same_run(const struct ch *a, const struct ch *b)
{
    struct hold x = first_hold(a), y = first_hold(b);
    return a->id.agent == b->id.agent && a->id.seq + 1 == b->id.seq && a->known == b->known &&
           x.agent == y.agent && x.when == y.when;
}

void text_model_runs(const struct text_model *t, size_t start_cp, size_t end_cp, text_run_fn fn,
                     void *user)
{
    struct buf words = BUF_INIT;
    size_t pos = 0, i = 0;
    for (; i < t->n && pos < start_cp; i++)
        pos += visible(&t->chars[i]);
    bool more = true;
    while (more && i < t->n && (pos < end_cp || !visible(&t->chars[i]))) {
        const struct ch *c = &t->chars[i];
        struct hold h = first_hold(c);
        struct text_run run = {.id = c->id,
                               .pos_cp = pos,
                               .deleted = !visible(c),
                               .deleted_by = h.agent,
                               .deleted_when = h.when};
        buf_clear(&words);
        do {
            append_cp(&words, t->chars[i].cp);
            pos += visible(c);
            run.len_cp++;
            i++;
        } while (i < t->n && same_run(&t->chars[i - 1], &t->chars[i]) &&
                 (run.deleted || pos < end_cp));
        if (c->known) {
            run.utf8 = (const char *)words.data;
            run.len_bytes = words.len;
        }
        more = fn(user, &run);
    }
    buf_free(&words);
}

/* ---- for comparing ---- */

static int hold_compare(const void *a, const void *b)
{
    const struct hold *x = a, *y = b;
    return x->agent < y->agent ? -1 : x->agent > y->agent;
}

void text_model_dump(const struct text_model *t, struct buf *out)
{
    for (size_t i = 0; i < t->n_agents; i++)
        if (t->agents[i].next_seq || t->agents[i].strikes)
            buf_appendf(out, "agent %u %u %u %u\n", (unsigned)t->agents[i].agent,
                        (unsigned)t->agents[i].next_seq, (unsigned)t->agents[i].strikes,
                        (unsigned)t->agents[i].confirmed);
    for (size_t i = 0; i < t->n; i++) {
        const struct ch *c = &t->chars[i];
        buf_appendf(out, "%u:%u %s %u:%u U+%04X", (unsigned)c->id.agent, (unsigned)c->id.seq,
                    c->left ? "left of" : "right of", (unsigned)c->parent.agent,
                    (unsigned)c->parent.seq, c->known ? (unsigned)c->cp : 0);
        if (c->n_holds)
            qsort(c->holds, c->n_holds, sizeof *c->holds, hold_compare);
        for (size_t k = 0; k < c->n_holds; k++)
            buf_appendf(out, " held %u@%llu", (unsigned)c->holds[k].agent,
                        (unsigned long long)c->holds[k].when);
        buf_append_str(out, "\n");
    }
}
