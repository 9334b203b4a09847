#include "tests/lib/text_hostile.h"

#include <string.h>

#include "tests/lib/text_world.h"

enum { ME = 2, AGENTS = 4, MOST_CP = 60 };

static struct world dummy; /* for EXPECT */

struct pair {
    struct text *t;
    struct text_model *m;
    struct buf last; /* what we did last */
};

static void expect_same_text(const struct text *t, const struct text_model *m)
{
    struct buf a = BUF_INIT, b = BUF_INIT;
    text_check_invariants(t);
    text_read(t, 0, text_len_cp(t), &a);
    text_model_read(m, 0, text_model_len_cp(m), &b);
    EXPECT(&dummy, a.len == b.len && (!a.len || !memcmp(a.data, b.data, a.len)));
    buf_free(&a);
    buf_free(&b);
}

static void expect_loads(const struct text *t)
{
    struct buf a = BUF_INIT, b = BUF_INIT;
    struct text *copy = NULL;
    text_encode(t, true, &a);
    EXPECT(&dummy, !text_decode(a.data, a.len, &copy));
    text_check_invariants(copy);
    text_encode(copy, true, &b);
    EXPECT(&dummy, a.len == b.len && !memcmp(a.data, b.data, a.len));
    text_free(copy);
    buf_free(&a);
    buf_free(&b);
}

/* A client takes what its server has accepted without asking: no crash, and the same everywhere. */
static void apply_unchecked(const struct pair *p, uint32_t agent, const uint8_t *blob, size_t len)
{
    struct buf state = BUF_INIT;
    struct text *t = NULL;
    struct text_model *m = text_model_clone(p->m);
    text_encode(p->t, true, &state);
    EXPECT(&dummy, !text_decode(state.data, state.len, &t));
    enum err e = text_apply(t, agent, 9, blob, len);
    EXPECT(&dummy, text_model_apply(m, agent, 9, blob, len) == e);
    expect_same_text(t, m);
    expect_loads(t);
    text_free(t);
    text_model_free(m);
    buf_free(&state);
}

static void receive(struct pair *p, uint32_t agent, const uint8_t *blob, size_t len)
{
    static const struct text_limits limits = {.max_len_cp = MOST_CP};
    struct err_info why = {0};
    enum err e = text_check(p->t, agent, blob, len, &limits, &why);
    enum err f = text_model_check(p->m, agent, blob, len, &limits, NULL);
    EXPECT(&dummy, e == f || (e && f && e != ERR_EXISTS && f != ERR_EXISTS));
    EXPECT(&dummy, e == why.code);
    if (e) {
        apply_unchecked(p, agent, blob, len);
        return;
    }
    EXPECT(&dummy, !text_apply(p->t, agent, len, blob, len));
    EXPECT(&dummy, !text_model_apply(p->m, agent, len, blob, len));
    EXPECT(&dummy, text_len_cp(p->t) <= MOST_CP + 40); /* our own edits are not limited */
}

static void edit(struct pair *p, uint8_t how, uint8_t where)
{
    size_t len = text_len_cp(p->t), pos = len ? where % len : 0;
    struct buf op = BUF_INIT;
    if (how % 4 == 0 && len < MOST_CP)
        EXPECT(&dummy, !text_insert(p->t, ME, pos, &"xyz\u00e9"[how % 3], 5 - how % 3, &op));
    else if (how % 4 == 1 && len)
        EXPECT(&dummy, !text_delete(p->t, ME, pos, pos + 1, 5, &op));
    else if (how % 4 == 2 && len)
        EXPECT(&dummy, !text_delete(p->t, ME, pos, len, TEXT_WHEN_PENDING, &op));
    else
        EXPECT(&dummy, !text_undo(p->t, ME, p->last.data, p->last.len, &op, NULL));
    uint64_t when = how % 4 == 1 ? 5 : TEXT_WHEN_PENDING;
    EXPECT(&dummy, !text_model_apply(p->m, ME, when, op.data, op.len));
    buf_free(&p->last);
    p->last = op;
}

void text_hostile_ops(const uint8_t *data, size_t len)
{
    struct pair p = {.t = text_new(), .m = text_model_new()};
    const uint8_t *end = data + len;
    while (end - data >= 3) {
        uint8_t what = *data++, size = *data++;
        if (what & 1) {
            edit(&p, what >> 1, size);
        } else {
            size_t left = (size_t)(end - data), n = size < left ? size : left;
            receive(&p, 1 + what / 2 % AGENTS, data, n);
            data += n;
        }
        expect_same_text(p.t, p.m);
    }
    expect_loads(p.t);
    text_free(p.t);
    text_model_free(p.m);
    buf_free(&p.last);
}

void text_hostile_state(const uint8_t *data, size_t len)
{
    struct text *t = NULL;
    if (text_decode(data, len, &t))
        return;
    struct buf again = BUF_INIT, op = BUF_INIT;
    text_check_invariants(t);
    text_encode(t, true, &again);
    EXPECT(&dummy, again.len == len && !memcmp(again.data, data, len));
    EXPECT(&dummy, text_memory_bytes(t) < 100000 + 100 * len);
    if (text_next_seq(t, ME) < 1000) {
        size_t pos = text_len_cp(t) / 2;
        enum err e = text_insert(t, ME, pos, "new", 3, &op);
        EXPECT(&dummy, !e || e == ERR_TOO_LARGE);
        e = text_delete(t, ME, pos, text_len_cp(t), 7, &op);
        EXPECT(&dummy, !e || e == ERR_TOO_LARGE);
        text_check_invariants(t);
        expect_loads(t);
    }
    text_free(t);
    buf_free(&again);
    buf_free(&op);
}
