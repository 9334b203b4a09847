#include "common/text/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/text/op.h"
#include "common/utf8.h"

/* One entry per character in document order: obvious, and as slow as it looks. */

struct hold {
    uint32_t agent;
    uint32_t number; /* which of the agent's strikes this was */
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
};

struct text {
    struct ch *chars;
    size_t n;
    size_t cap;
    struct agent *agents; /* by number */
    size_t n_agents;
};

static const size_t NOWHERE = SIZE_MAX;

struct text *text_new(void)
{
    return calloc(1, sizeof(struct text));
}

void text_free(struct text *t)
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

static size_t cp_len(uint32_t cp)
{
    uint8_t b[4];
    return utf8_encode(cp, b);
}

static bool same_id(struct text_id a, struct text_id b)
{
    return a.agent == b.agent && a.seq == b.seq;
}

static size_t find(const struct text *t, struct text_id id)
{
    for (size_t i = 0; i < t->n; i++)
        if (same_id(t->chars[i].id, id))
            return i;
    return NOWHERE;
}

/* Index of the visible character at pos_cp, or t->n. */
static size_t index_at(const struct text *t, size_t pos_cp)
{
    size_t pos = 0;
    for (size_t i = 0; i < t->n; i++)
        if (visible(&t->chars[i]) && pos++ == pos_cp)
            return i;
    assert(pos == pos_cp);
    return t->n;
}

static size_t pos_of_index(const struct text *t, size_t index)
{
    size_t pos = 0;
    for (size_t i = 0; i < index; i++)
        pos += visible(&t->chars[i]);
    return pos;
}

static const struct agent *agent_find(const struct text *t, uint32_t agent)
{
    for (size_t i = 0; i < t->n_agents; i++)
        if (t->agents[i].agent == agent)
            return &t->agents[i];
    return NULL;
}

static struct agent *agent_get(struct text *t, uint32_t agent)
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

static uint32_t strikes_of(const struct text *t, uint32_t agent)
{
    const struct agent *a = agent_find(t, agent);
    return a ? a->strikes : 0;
}

uint32_t text_next_seq(const struct text *t, uint32_t agent)
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

size_t text_len_cp(const struct text *t)
{
    return pos_of_index(t, t->n);
}

size_t text_len_bytes(const struct text *t)
{
    size_t bytes = 0;
    for (size_t i = 0; i < t->n; i++)
        bytes += visible(&t->chars[i]) ? cp_len(t->chars[i].cp) : 0;
    return bytes;
}

static void append_cp(struct buf *out, uint32_t cp)
{
    uint8_t b[4];
    buf_append(out, b, utf8_encode(cp, b));
}

void text_read(const struct text *t, size_t start_cp, size_t end_cp, struct buf *out)
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

size_t text_cp_of_byte(const struct text *t, size_t byte)
{
    size_t pos = 0, at = 0;
    for (size_t i = 0; i < t->n && at < byte; i++) {
        at += visible(&t->chars[i]) ? cp_len(t->chars[i].cp) : 0;
        pos += visible(&t->chars[i]);
    }
    assert(at == byte);
    return pos;
}

size_t text_byte_of_cp(const struct text *t, size_t pos_cp)
{
    size_t pos = 0, at = 0;
    for (size_t i = 0; i < t->n && pos < pos_cp; i++) {
        at += visible(&t->chars[i]) ? cp_len(t->chars[i].cp) : 0;
        pos += visible(&t->chars[i]);
    }
    assert(pos == pos_cp);
    return at;
}

size_t text_memory_bytes(const struct text *t)
{
    size_t bytes = sizeof *t + t->cap * sizeof *t->chars + t->n_agents * sizeof *t->agents;
    for (size_t i = 0; i < t->n; i++)
        bytes += t->chars[i].n_holds * sizeof(struct hold);
    return bytes;
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
static bool rebuild(struct text *t)
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

static bool has_sibling(const struct text *t, struct text_id parent, bool left)
{
    for (size_t i = 0; i < t->n; i++)
        if (same_id(t->chars[i].parent, parent) && t->chars[i].left == left)
            return true;
    return false;
}

static bool reserve_chars(struct text *t, size_t more)
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
static bool place(struct text *t, struct ch c)
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

static enum err apply_insert(struct text *t, uint32_t agent, const struct op *op)
{
    const uint8_t *p = op->utf8, *end = p + op->len_bytes;
    struct ch c = {
        .id = {agent, op->seq},
          .parent = op->parent, .left = op->left, .known = true
    };
    for (; p < end; c.id.seq++) {
        p += utf8_decode(p, end, &c.cp);
        if (c.id.seq >= text_next_seq(t, agent) && !place(t, c))
            return ERR_NOMEM;
        c.parent = c.id;
        c.left = false;
    }
    return ERR_OK;
}

static enum err apply_strike(struct text *t, uint32_t agent, uint64_t when, const struct op *op)
{
    struct agent *a = agent_get(t, agent);
    if (!a)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < op->len_cp; i++) {
        struct ch *c = &t->chars[find(t, (struct text_id){op->target.agent, op->target.seq + i})];
        struct hold *h = hold_of(c, agent);
        if (op->number < a->strikes) { /* a retry: at most it confirms */
            if (h && h->number == op->number && h->when == TEXT_WHEN_PENDING)
                h->when = when;
            continue;
        }
        if (h)
            continue;
        struct hold *holds = realloc(c->holds, (c->n_holds + 1) * sizeof *holds);
        if (!holds)
            return ERR_NOMEM;
        c->holds = holds;
        holds[c->n_holds++] = (struct hold){agent, op->number, when};
    }
    if (op->number >= a->strikes)
        a->strikes = op->number + 1;
    return ERR_OK;
}

static enum err apply_restore(struct text *t, uint32_t agent, const struct op *op)
{
    struct agent *a = agent_get(t, agent);
    if (!a)
        return ERR_NOMEM;
    if (op->number < a->strikes)
        return ERR_OK;
    const uint8_t *p = op->utf8, *end = p + op->len_bytes;
    for (uint32_t i = 0; i < op->len_cp; i++) {
        struct ch *c = &t->chars[find(t, (struct text_id){op->target.agent, op->target.seq + i})];
        uint32_t cp;
        p += utf8_decode(p, end, &cp);
        struct hold *h = hold_of(c, agent);
        if (!h)
            continue;
        *h = c->holds[--c->n_holds];
        if (!c->known)
            c->cp = cp;
        c->known = true;
    }
    a->strikes = op->number + 1;
    return ERR_OK;
}

static enum err apply_op(struct text *t, uint32_t agent, uint64_t when, const struct op *op)
{
    switch (op->kind) {
    case OP_INSERT:
        return apply_insert(t, agent, op);
    case OP_STRIKE:
        return apply_strike(t, agent, when, op);
    case OP_RESTORE:
        return apply_restore(t, agent, op);
    }
    return ERR_INPUT;
}

/* ---- writing here ---- */

enum err text_insert(struct text *t, uint32_t agent, size_t pos_cp, const char *utf8,
                     size_t len_bytes, struct buf *op)
{
    if (!len_bytes)
        return ERR_OK;
    long n = utf8_count(utf8, len_bytes);
    assert(n > 0);
    uint32_t seq = text_next_seq(t, agent);
    if (buf_failed(op) || (unsigned long)n > UINT32_MAX - seq || !reserve_chars(t, (size_t)n) ||
        !agent_get(t, agent) || !buf_reserve(op, len_bytes + 32))
        return ERR_NOMEM;
    size_t at = index_at(t, pos_cp); /* behind what was struck out before pos_cp */
    struct text_id before = at ? t->chars[at - 1].id : (struct text_id){0, 0};
    struct op o = {.kind = OP_INSERT,
                   .seq = seq,
                   .parent = before,
                   .len_cp = (uint32_t)n,
                   .utf8 = (const uint8_t *)utf8,
                   .len_bytes = len_bytes};
    if (at < t->n && has_sibling(t, before, false)) {
        o.parent = t->chars[at].id;
        o.left = true;
    }
    enum err e = apply_insert(t, agent, &o);
    assert(!e); /* there is room, and no sibling to sort with */
    op_write(op, agent, &o, false);
    return e;
}

/* Strikes out what is visible of `n` characters from index `at` on, in runs. */
static enum err strike_indexes(struct text *t, uint32_t agent, size_t at, size_t n, uint64_t when,
                               struct buf *out)
{
    bool follows = false;
    for (size_t i = at, end = at + n; i < end;) {
        struct text_id id = t->chars[i].id;
        uint32_t len = 0;
        while (i < end && visible(&t->chars[i]) && t->chars[i].id.agent == id.agent &&
               t->chars[i].id.seq == id.seq + len) {
            len++;
            i++;
        }
        if (!len) {
            i++;
            continue;
        }
        struct op o = {
            .kind = OP_STRIKE, .number = strikes_of(t, agent), .target = id, .len_cp = len};
        enum err e = apply_strike(t, agent, when, &o);
        if (e)
            return e;
        op_write(out, agent, &o, follows);
        follows = true;
    }
    return buf_failed(out) ? ERR_NOMEM : ERR_OK;
}

enum err text_delete(struct text *t, uint32_t agent, size_t start_cp, size_t end_cp, uint64_t when,
                     struct buf *op)
{
    assert(start_cp <= end_cp);
    if (start_cp == end_cp)
        return ERR_OK;
    size_t at = index_at(t, start_cp), last = index_at(t, end_cp - 1);
    return strike_indexes(t, agent, at, last + 1 - at, when, op);
}

/* ---- undo ---- */

static enum err undo_run(struct text *t, uint32_t agent, struct text_id id, uint32_t len,
                         bool restore, struct buf *inverse, size_t *changed_cp)
{
    struct buf words = BUF_INIT;
    enum err e = ERR_OK;
    for (uint32_t i = 0; i < len && !e; i++) {
        size_t at = find(t, (struct text_id){id.agent, id.seq + i});
        if (at == NOWHERE)
            continue;
        struct ch *c = &t->chars[at];
        struct op o = {.kind = restore ? OP_RESTORE : OP_STRIKE,
                       .number = strikes_of(t, agent),
                       .target = c->id,
                       .len_cp = 1};
        if (restore ? !hold_of(c, agent) || !c->known : !visible(c))
            continue;
        buf_clear(&words);
        append_cp(&words, c->cp);
        if (restore) {
            o.utf8 = words.data;
            o.len_bytes = words.len;
            e = apply_restore(t, agent, &o);
        } else {
            e = apply_strike(t, agent, TEXT_WHEN_PENDING, &o);
        }
        if (!e)
            op_write(inverse, agent, &o, false);
        if (changed_cp)
            *changed_cp = pos_of_index(t, at) + (restore && visible(c));
    }
    buf_free(&words);
    return e;
}

enum err text_undo(struct text *t, uint32_t agent, const void *op, size_t len_bytes,
                   struct buf *inverse, size_t *changed_cp)
{
    struct op *ops = calloc(len_bytes + 1, sizeof *ops);
    if (!ops)
        return ERR_NOMEM;
    size_t n = 0;
    struct op_reader r = op_reader_of(agent, op, len_bytes);
    while (op_read(&r, &ops[n]))
        n++;
    enum err e = r.rd.bad ? ERR_INPUT : ERR_OK;
    while (n-- && !e) {
        const struct op *o = &ops[n];
        struct text_id id = o->kind == OP_INSERT ? (struct text_id){agent, o->seq} : o->target;
        e = undo_run(t, agent, id, o->len_cp, o->kind == OP_STRIKE, inverse, changed_cp);
    }
    free(ops);
    if (!e && buf_failed(inverse))
        e = ERR_NOMEM;
    return e;
}

/* ---- operations from elsewhere ---- */

/* Are all causes of the blob's operations here (or earlier in the blob)? */
static enum err check_causes(const struct text *t, uint32_t agent, const void *blob,
                             size_t len_bytes, struct err_info *why, bool *all_here)
{
    struct op_reader r = op_reader_of(agent, blob, len_bytes);
    struct op op;
    uint32_t next = text_next_seq(t, agent), strikes = strikes_of(t, agent);
    *all_here = true;
    if (!agent)
        return err_set(why, ERR_INPUT, "an edit without a writer");
    while (op_read(&r, &op)) {
        struct text_id id = op.kind == OP_INSERT ? op.parent : op.target;
        uint32_t last = op.kind == OP_INSERT ? id.seq : id.seq + op.len_cp - 1;
        uint32_t known = id.agent == agent ? next : text_next_seq(t, id.agent);
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
            if (op.number == strikes) {
                *all_here = false;
                strikes++;
            }
        }
    }
    return r.rd.bad ? err_set(why, ERR_INPUT, "the edit is malformed") : ERR_OK;
}

enum err text_apply(struct text *t, uint32_t agent, uint64_t when, const void *blob,
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

bool text_blob_is_empty(const void *blob, size_t len_bytes)
{
    (void)blob;
    return len_bytes == 0;
}

static struct text *clone(const struct text *t)
{
    struct buf b = BUF_INIT;
    struct text *copy = NULL;
    text_encode(t, true, &b);
    enum err e = buf_failed(&b) ? ERR_NOMEM : text_decode(b.data, b.len, &copy);
    buf_free(&b);
    return e ? NULL : copy;
}

static enum err check_restore(const struct text *t, uint32_t agent, const struct op *op,
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

enum err text_check(const struct text *t, uint32_t agent, const void *blob, size_t len_bytes,
                    const struct text_limits *limits, struct err_info *why)
{
    bool all_here;
    enum err e = check_causes(t, agent, blob, len_bytes, why, &all_here);
    if (e || !len_bytes)
        return e;
    if (all_here)
        return err_set(why, ERR_EXISTS, "the edit is already here");
    struct text *after = clone(t);
    if (!after)
        return err_set(why, ERR_NOMEM, "out of memory");
    struct op_reader r = op_reader_of(agent, blob, len_bytes);
    struct op op;
    while (!e && op_read(&r, &op)) {
        if (op.utf8)
            e = utf8_check_text(op.utf8, op.len_bytes, true, why);
        if (!e && op.kind == OP_RESTORE)
            e = check_restore(after, agent, &op, why);
        if (!e)
            e = apply_op(after, agent, 0, &op);
    }
    if (!e && text_len_cp(after) > limits->max_len_cp && text_len_cp(after) > text_len_cp(t))
        e = err_set(why, ERR_TOO_LARGE, "the answer would be longer than %zu characters",
                    limits->max_len_cp);
    text_free(after);
    return e;
}

/* ---- identity, anchors ---- */

struct text_id text_id_at(const struct text *t, size_t pos_cp)
{
    size_t at = index_at(t, pos_cp);
    assert(at < t->n);
    return t->chars[at].id;
}

struct text_anchor text_anchor_at(const struct text *t, size_t pos_cp, enum text_bias bias)
{
    struct text_anchor a = {
        .id = {0, 0},
          .bias = (uint8_t)bias
    };
    if (bias == TEXT_BEFORE && pos_cp < text_len_cp(t))
        a.id = text_id_at(t, pos_cp);
    else if (bias == TEXT_AFTER && pos_cp)
        a.id = text_id_at(t, pos_cp - 1);
    return a;
}

enum err text_anchor_pos(const struct text *t, struct text_anchor a, size_t *pos_cp)
{
    if (a.bias > TEXT_AFTER)
        return ERR_NOT_FOUND;
    if (!a.id.agent) {
        *pos_cp = a.bias == TEXT_BEFORE ? text_len_cp(t) : 0;
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
    struct hold best = {0, 0, 0};
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

void text_runs(const struct text *t, size_t start_cp, size_t end_cp, text_run_fn fn, void *user)
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

void text_version(const struct text *t, text_version_fn fn, void *user)
{
    for (size_t i = 0; i < t->n_agents; i++)
        if (t->agents[i].next_seq)
            fn(user, t->agents[i].agent, t->agents[i].next_seq);
}

/* ---- state ---- */

static int hold_compare(const void *a, const void *b)
{
    const struct hold *x = a, *y = b;
    return x->agent < y->agent ? -1 : x->agent > y->agent;
}

enum { STATE_VERSION = 1 };

void text_encode(const struct text *t, bool keep_struck, struct buf *out)
{
    buf_append_u8(out, STATE_VERSION);
    buf_append_varint(out, t->n_agents);
    for (size_t i = 0; i < t->n_agents; i++) {
        buf_append_varint(out, t->agents[i].agent);
        buf_append_varint(out, t->agents[i].next_seq);
        buf_append_varint(out, t->agents[i].strikes);
    }
    buf_append_varint(out, t->n);
    for (size_t i = 0; i < t->n; i++) {
        const struct ch *c = &t->chars[i];
        bool words = c->known && (visible(c) || keep_struck);
        buf_append_varint(out, c->id.agent);
        buf_append_varint(out, c->id.seq);
        buf_append_varint(out, c->parent.agent);
        buf_append_varint(out, c->parent.seq);
        buf_append_u8(out, (uint8_t)(c->left | words << 1));
        if (words)
            buf_append_varint(out, c->cp);
        if (c->n_holds > 1)
            qsort(c->holds, c->n_holds, sizeof *c->holds, hold_compare);
        buf_append_varint(out, c->n_holds);
        for (size_t k = 0; k < c->n_holds; k++) {
            bool pending = c->holds[k].when == TEXT_WHEN_PENDING;
            buf_append_varint(out, c->holds[k].agent);
            buf_append_varint(out, c->holds[k].when);
            if (pending)
                buf_append_varint(out, c->holds[k].number);
        }
    }
}

static bool decode_char(struct text *t, struct rd *rd)
{
    struct ch c = {0};
    c.id.agent = (uint32_t)rd_varint_max(rd, UINT32_MAX);
    c.id.seq = (uint32_t)rd_varint_max(rd, UINT32_MAX);
    c.parent.agent = (uint32_t)rd_varint_max(rd, UINT32_MAX);
    c.parent.seq = (uint32_t)rd_varint_max(rd, UINT32_MAX);
    uint8_t flags = rd_u8(rd);
    c.left = flags & 1;
    c.known = flags >> 1 & 1;
    if (c.known)
        c.cp = (uint32_t)rd_varint_max(rd, 0x10ffff);
    size_t n_holds = (size_t)rd_varint_max(rd, rd_left(rd));
    if (rd->bad || !reserve_chars(t, 1))
        return false;
    c.holds = n_holds ? calloc(n_holds, sizeof *c.holds) : NULL;
    c.n_holds = c.holds ? n_holds : 0;
    t->chars[t->n++] = c;
    for (size_t k = 0; k < n_holds && c.holds; k++) {
        c.holds[k].agent = (uint32_t)rd_varint_max(rd, UINT32_MAX);
        c.holds[k].when = rd_varint(rd);
        if (c.holds[k].when == TEXT_WHEN_PENDING)
            c.holds[k].number = (uint32_t)rd_varint_max(rd, UINT32_MAX);
    }
    return !rd->bad && (!n_holds || c.holds) && (c.known || n_holds);
}

enum err text_decode(const void *data, size_t len_bytes, struct text **out)
{
    struct rd rd = rd_of(data, len_bytes);
    struct text *t = text_new();
    struct buf again = BUF_INIT;
    if (!t)
        return ERR_NOMEM;
    bool ok = rd_u8(&rd) == STATE_VERSION;
    size_t n_agents = (size_t)rd_varint_max(&rd, rd_left(&rd));
    for (size_t i = 0; ok && i < n_agents && !rd.bad; i++) {
        struct agent *a = agent_get(t, (uint32_t)rd_varint_max(&rd, UINT32_MAX));
        ok = a;
        if (ok) {
            a->next_seq = (uint32_t)rd_varint_max(&rd, UINT32_MAX);
            a->strikes = (uint32_t)rd_varint_max(&rd, UINT32_MAX);
        }
    }
    size_t n = (size_t)rd_varint_max(&rd, rd_left(&rd));
    while (ok && n--)
        ok = decode_char(t, &rd);
    ok = ok && !rd.bad && !rd_left(&rd) && rebuild(t);
    if (ok) {
        text_encode(t, true, &again);
        ok = again.len == len_bytes && memcmp(again.data, data, len_bytes) == 0;
    }
    buf_free(&again);
    if (!ok) {
        text_free(t);
        return ERR_INPUT;
    }
    *out = t;
    return ERR_OK;
}

void text_check_invariants(const struct text *t)
{
    for (size_t i = 0; i < t->n; i++) {
        assert(t->chars[i].id.seq < text_next_seq(t, t->chars[i].id.agent));
        assert(t->chars[i].known || !visible(&t->chars[i]));
    }
}
