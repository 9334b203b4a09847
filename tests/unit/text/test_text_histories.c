/* Random concurrent histories: 2 to 5 replicas write, delete, undo, receive in any causal order,
 * receive again, are saved and loaded; each is held against the slow model all the way, and all end
 * equal. TEXT_HISTORIES=1000000 runs more, TEXT_SEED=n starts elsewhere; a failure names its seed.
 */

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text/text.h"
#include "tests/lib/text_model.h"

enum { REPLICAS_MAX = 5, OPS_MAX = 64 };

struct made {
    struct buf blob;
    uint64_t when;
    size_t needs[REPLICAS_MAX];
};

struct replica {
    uint32_t agent;
    struct text *t;
    struct text_model *m;
    size_t seen[REPLICAS_MAX]; /* operations of each, own ones included */
    size_t confirmed;          /* own ones */
    size_t typing_at;
};

struct world {
    uint64_t rng;
    uint64_t seed;
    size_t n;
    struct replica r[REPLICAS_MAX];
    struct made made[REPLICAS_MAX][OPS_MAX];
    size_t n_made[REPLICAS_MAX];
    bool words_lost; /* a replica was loaded without struck words */
};

static uint32_t dice(struct world *w, uint32_t sides)
{
    w->rng ^= w->rng << 13;
    w->rng ^= w->rng >> 7;
    w->rng ^= w->rng << 17;
    return (uint32_t)((w->rng >> 20) % sides);
}

#define EXPECT(w, x) cr_assert((x), "seed %llu: %s", (unsigned long long)(w)->seed, #x)

/* ---- holding a replica against its model ---- */

struct lines {
    struct buf b;
    bool words;
};

static bool add_line(void *user, const struct text_run *run)
{
    struct lines *l = user;
    buf_appendf(&l->b, "%u:%u @%zu +%zu %d %u %llu ", (unsigned)run->id.agent,
                (unsigned)run->id.seq, run->pos_cp, run->len_cp, run->deleted,
                (unsigned)run->deleted_by, (unsigned long long)run->deleted_when);
    if (run->utf8 && (l->words || !run->deleted))
        buf_append(&l->b, run->utf8, run->len_bytes);
    buf_append_u8(&l->b, '\n');
    return true;
}

static bool same_bytes(const struct buf *a, const struct buf *b)
{
    return a->len == b->len && (!a->len || memcmp(a->data, b->data, a->len) == 0);
}

static void expect_lines(struct world *w, struct buf *a, struct buf *b)
{
    cr_assert(same_bytes(a, b), "seed %llu: here\n%s\nthe model\n%s", (unsigned long long)w->seed,
              buf_cstr(a), buf_cstr(b));
}

static void compare(struct world *w, const struct replica *r)
{
    struct lines x = {.words = !w->words_lost}, y = x;
    size_t len = text_len_cp(r->t);
    text_check_invariants(r->t);
    EXPECT(w, len == text_model_len_cp(r->m));
    size_t start = dice(w, (uint32_t)len + 1), end = start + dice(w, (uint32_t)(len - start) + 1);
    if (dice(w, 2)) {
        start = 0;
        end = len;
    }
    text_runs(r->t, start, end, add_line, &x);
    text_model_runs(r->m, start, end, add_line, &y);
    /* with lost words the runs may be cut elsewhere */
    if (!w->words_lost)
        expect_lines(w, &x.b, &y.b);
    buf_clear(&x.b);
    buf_clear(&y.b);
    text_read(r->t, start, end, &x.b);
    text_model_read(r->m, start, end, &y.b);
    expect_lines(w, &x.b, &y.b);
    EXPECT(w, text_byte_of_cp(r->t, end) - text_byte_of_cp(r->t, start) == x.b.len);
    EXPECT(w, text_cp_of_byte(r->t, text_byte_of_cp(r->t, start)) == start);
    for (size_t i = 0; i < 3; i++) {
        size_t pos = dice(w, (uint32_t)len + 1), here, there;
        struct text_anchor a = text_anchor_at(r->t, pos, dice(w, 2) ? TEXT_BEFORE : TEXT_AFTER);
        EXPECT(w, text_anchor_pos(r->t, a, &here) == ERR_OK && here == pos);
        uint32_t agent = 1 + dice(w, (uint32_t)w->n), next = text_next_seq(r->t, agent);
        EXPECT(w, next == text_model_next_seq(r->m, agent));
        if (!next)
            continue;
        a.id = (struct text_id){agent, dice(w, next)};
        EXPECT(w, text_anchor_pos(r->t, a, &here) == ERR_OK);
        EXPECT(w, text_model_anchor_pos(r->m, a, &there) == ERR_OK);
        EXPECT(w, here == there);
    }
    buf_free(&x.b);
    buf_free(&y.b);
}

/* ---- steps ---- */

static const struct text_limits NO_LIMIT = {.max_len_cp = SIZE_MAX};

static void publish(struct world *w, struct replica *r, struct buf blob)
{
    size_t me = r->agent - 1, k = w->n_made[me]++;
    struct made *o = &w->made[me][k];
    o->blob = blob;
    o->when = 1 + dice(w, 30) + 5 * k;
    memcpy(o->needs, r->seen, sizeof o->needs);
    r->seen[me]++;
    EXPECT(w, text_model_apply(r->m, r->agent, TEXT_WHEN_PENDING, blob.data, blob.len) == ERR_OK);
}

static size_t random_words(struct world *w, char out[64])
{
    static const char *const letters[] = {"a",  "b",      "c",      " ",
                                          "\n", "\u00e9", "\u2013", "\U0001F600"};
    size_t n = 1 + dice(w, dice(w, 4) ? 3 : 9), len = 0;
    for (size_t i = 0; i < n; i++) {
        const char *s = letters[dice(w, dice(w, 3) ? 4 : 8)];
        memcpy(out + len, s, strlen(s));
        len += strlen(s);
    }
    return len;
}

static void insert_long(struct world *w, struct replica *r, size_t pos, struct buf *op)
{
    struct buf words = BUF_INIT;
    for (size_t n = 5 + dice(w, 20); n; n--) {
        char some[64];
        buf_append(&words, some, random_words(w, some));
    }
    EXPECT(w, text_insert(r->t, r->agent, pos, (char *)words.data, words.len, op) == ERR_OK);
    buf_free(&words);
}

static void undo_some(struct world *w, struct replica *r, struct buf *op)
{
    size_t me = r->agent - 1, n = w->n_made[me];
    if (!n)
        return;
    size_t k = dice(w, 2) ? n - 1 : dice(w, (uint32_t)n), changed = 0;
    const struct buf *blob = &w->made[me][k].blob;
    EXPECT(w, text_undo(r->t, r->agent, blob->data, blob->len, op, &changed) == ERR_OK);
    EXPECT(w, changed <= text_len_cp(r->t));
}

static void edit(struct world *w, struct replica *r)
{
    struct buf op = BUF_INIT;
    size_t len = text_len_cp(r->t), pos = dice(w, (uint32_t)len + 1), n;
    char words[64];
    switch (dice(w, 10)) {
    case 0:
    case 1:
    case 2:                                             /* typing on */
        pos = r->typing_at <= len ? r->typing_at : len; /* fall through */
    case 3:
    case 4:
        n = random_words(w, words);
        EXPECT(w, text_insert(r->t, r->agent, pos, words, n, &op) == ERR_OK);
        r->typing_at = pos + text_len_cp(r->t) - len;
        break;
    case 5: /* backspace or delete */
        pos = r->typing_at <= len ? r->typing_at : len;
        if (pos < len && dice(w, 2))
            pos++;
        if (pos)
            EXPECT(w, text_delete(r->t, r->agent, pos - 1, pos, TEXT_WHEN_PENDING, &op) == ERR_OK);
        r->typing_at = pos ? pos - 1 : 0;
        break;
    case 6:
        n = dice(w, (uint32_t)(len - pos) + 1);
        EXPECT(w, text_delete(r->t, r->agent, pos, pos + n, TEXT_WHEN_PENDING, &op) == ERR_OK);
        r->typing_at = pos;
        break;
    case 7:
        undo_some(w, r, &op);
        break;
    case 8:
        if (dice(w, 8) == 0)
            insert_long(w, r, pos, &op);
        break;
    default: /* several in one blob */
        for (n = 1 + dice(w, 3); n; n--) {
            len = text_len_cp(r->t);
            pos = dice(w, (uint32_t)len + 1);
            size_t m = random_words(w, words);
            EXPECT(w, text_insert(r->t, r->agent, pos, words, m, &op) == ERR_OK);
            if (len)
                EXPECT(w, text_delete(r->t, r->agent, dice(w, (uint32_t)len), len,
                                      TEXT_WHEN_PENDING, &op) == ERR_OK);
        }
    }
    if (op.len)
        publish(w, r, op);
    else
        buf_free(&op);
}

static bool may_receive(const struct world *w, const struct replica *r, size_t from)
{
    if (r->seen[from] == w->n_made[from] || from == r->agent - 1)
        return false;
    const struct made *o = &w->made[from][r->seen[from]];
    for (size_t i = 0; i < w->n; i++)
        if (o->needs[i] > r->seen[i])
            return false;
    return true;
}

static void receive(struct world *w, struct replica *r, size_t from)
{
    struct made *o = &w->made[from][r->seen[from]];
    uint32_t agent = (uint32_t)from + 1;
    if (dice(w, 2))
        EXPECT(w, text_check(r->t, agent, o->blob.data, o->blob.len, &NO_LIMIT, NULL) == ERR_OK);
    EXPECT(w, text_apply(r->t, agent, o->when, o->blob.data, o->blob.len) == ERR_OK);
    EXPECT(w, text_model_apply(r->m, agent, o->when, o->blob.data, o->blob.len) == ERR_OK);
    r->seen[from]++;
}

static void receive_again(struct world *w, struct replica *r)
{
    size_t from = dice(w, (uint32_t)w->n);
    size_t n = from == r->agent - 1 ? r->confirmed : r->seen[from];
    if (!n)
        return;
    const struct made *o = &w->made[from][dice(w, (uint32_t)n)];
    uint32_t agent = (uint32_t)from + 1;
    struct buf before = BUF_INIT, after = BUF_INIT;
    text_encode(r->t, true, &before);
    EXPECT(w, text_check(r->t, agent, o->blob.data, o->blob.len, &NO_LIMIT, NULL) == ERR_EXISTS);
    EXPECT(w, text_apply(r->t, agent, o->when, o->blob.data, o->blob.len) == ERR_OK);
    text_encode(r->t, true, &after);
    EXPECT(w, same_bytes(&before, &after));
    buf_free(&before);
    buf_free(&after);
}

static void confirm_next(struct world *w, struct replica *r)
{
    size_t me = r->agent - 1;
    if (r->confirmed == w->n_made[me])
        return;
    const struct made *o = &w->made[me][r->confirmed++];
    EXPECT(w, text_apply(r->t, r->agent, o->when, o->blob.data, o->blob.len) == ERR_OK);
    EXPECT(w, text_model_apply(r->m, r->agent, o->when, o->blob.data, o->blob.len) == ERR_OK);
}

static void save_and_load(struct world *w, struct replica *r, bool words)
{
    struct buf once = BUF_INIT, twice = BUF_INIT;
    struct text *t = NULL;
    text_encode(r->t, words, &once);
    EXPECT(w, text_decode(once.data, once.len, &t) == ERR_OK);
    text_encode(t, words, &twice);
    EXPECT(w, same_bytes(&once, &twice));
    text_free(r->t);
    r->t = t;
    buf_free(&once);
    buf_free(&twice);
}

static void step(struct world *w)
{
    struct replica *r = &w->r[dice(w, (uint32_t)w->n)];
    size_t from = dice(w, (uint32_t)w->n);
    switch (dice(w, 16)) {
    case 0:
        receive_again(w, r);
        break;
    case 1:
    case 2:
        confirm_next(w, r);
        break;
    case 3:
        if (dice(w, 3) == 0)
            save_and_load(w, r, !w->words_lost || dice(w, 2));
        break;
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
        if (may_receive(w, r, from))
            receive(w, r, from);
        break;
    default:
        if (w->n_made[r->agent - 1] < OPS_MAX)
            edit(w, r);
    }
    if (dice(w, 8) == 0)
        compare(w, r);
}

static void settle(struct world *w)
{
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < w->n; i++)
            for (size_t from = 0; from < w->n; from++)
                while (may_receive(w, &w->r[i], from)) {
                    receive(w, &w->r[i], from);
                    moved = true;
                }
    }
    for (size_t i = 0; i < w->n; i++)
        while (w->r[i].confirmed < w->n_made[i])
            confirm_next(w, &w->r[i]);
}

static void expect_all_equal(struct world *w)
{
    struct buf state = BUF_INIT, dump = BUF_INIT;
    text_encode(w->r[0].t, !w->words_lost, &state);
    text_model_dump(w->r[0].m, &dump);
    for (size_t i = 0; i < w->n; i++) {
        struct buf b = BUF_INIT;
        for (size_t k = 0; k < w->n; k++)
            EXPECT(w, w->r[i].seen[k] == w->n_made[k]);
        compare(w, &w->r[i]);
        text_encode(w->r[i].t, !w->words_lost, &b);
        EXPECT(w, same_bytes(&state, &b));
        buf_clear(&b);
        text_model_dump(w->r[i].m, &b);
        EXPECT(w, same_bytes(&dump, &b));
        buf_free(&b);
    }
    save_and_load(w, &w->r[0], !w->words_lost);
    compare(w, &w->r[0]);
    buf_free(&state);
    buf_free(&dump);
}

static void run_history(uint64_t seed, bool words_lost, size_t steps)
{
    static struct world w;
    w = (struct world){.rng = seed * 0x9e3779b97f4a7c15u + 88172645463325252u,
                       .seed = seed,
                       .words_lost = words_lost};
    for (int i = 0; i < 8; i++)
        (void)dice(&w, 2);
    w.n = 2 + dice(&w, 4);
    for (size_t i = 0; i < w.n; i++)
        w.r[i] = (struct replica){.agent = (uint32_t)i + 1, .t = text_new(), .m = text_model_new()};
    for (size_t i = 0; i < steps; i++)
        step(&w);
    settle(&w);
    expect_all_equal(&w);
    for (size_t i = 0; i < w.n; i++) {
        text_free(w.r[i].t);
        text_model_free(w.r[i].m);
        for (size_t k = 0; k < w.n_made[i]; k++)
            buf_free(&w.made[i][k].blob);
    }
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *s = getenv(name);
    return s ? strtoull(s, NULL, 10) : otherwise;
}

static char seed_line[64];

/* An assertion inside the text does not know the seed. */
static void say_seed(int sig)
{
    (void)!write(STDERR_FILENO, seed_line, strlen(seed_line));
    signal(sig, SIG_DFL);
    raise(sig);
}

/* Four parts, so that they run beside each other. */
static void run_part(uint64_t part)
{
    uint64_t n = setting("TEXT_HISTORIES", 100000) / 4, from = setting("TEXT_SEED", 1) + part * n;
    signal(SIGABRT, say_seed);
    signal(SIGSEGV, say_seed);
    for (uint64_t i = 0; i < n; i++) {
        snprintf(seed_line, sizeof seed_line, "in seed %llu\n", (unsigned long long)(from + i));
        /* how it goes depends on the seed only, so that it can be run alone */
        run_history(from + i, (from + i) % 8 == 7, (from + i) % 16 == 15 ? 160 : 40);
    }
}

Test(text_histories, first_part_converges, .timeout = 0)
{
    run_part(0);
}

Test(text_histories, second_part_converges, .timeout = 0)
{
    run_part(1);
}

Test(text_histories, third_part_converges, .timeout = 0)
{
    run_part(2);
}

Test(text_histories, fourth_part_converges, .timeout = 0)
{
    run_part(3);
}
