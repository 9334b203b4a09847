#include "tests/lib/text_world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char seed_line[64];

/* An assertion inside the text does not know the seed. */
static void say_seed(int sig)
{
    (void)!write(STDERR_FILENO, seed_line, strlen(seed_line));
    signal(sig, SIG_DFL);
    raise(sig);
}

void world_fail(const struct world *w, const char *what)
{
    (void)w;
    fprintf(stderr, "expected: %s\n", what);
    abort();
}

void world_init(struct world *w, uint64_t seed, size_t replicas)
{
    *w = (struct world){.rng = seed * 0x9e3779b97f4a7c15u + 88172645463325252u, .seed = seed};
    snprintf(seed_line, sizeof seed_line, "in seed %llu\n", (unsigned long long)seed);
    signal(SIGABRT, say_seed);
    signal(SIGSEGV, say_seed);
    for (int i = 0; i < 8; i++)
        (void)world_dice(w, 2);
    w->n = replicas ? replicas : 2 + world_dice(w, 4);
    for (size_t i = 0; i < w->n; i++)
        w->r[i] =
            (struct replica){.agent = (uint32_t)i + 1, .t = text_new(), .m = text_model_new()};
}

void world_fini(struct world *w)
{
    for (size_t i = 0; i < w->n; i++) {
        text_free(w->r[i].t);
        text_model_free(w->r[i].m);
        for (size_t k = 0; k < w->n_made[i]; k++)
            buf_free(&w->made[i][k].blob);
    }
}

uint32_t world_dice(struct world *w, uint32_t sides)
{
    w->rng ^= w->rng << 13;
    w->rng ^= w->rng >> 7;
    w->rng ^= w->rng << 17;
    return (uint32_t)((w->rng >> 20) % sides);
}

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
    if (same_bytes(a, b))
        return;
    fprintf(stderr, "here\n%s\nthe model\n%s\n", buf_cstr(a), buf_cstr(b));
    world_fail(w, "the same");
}

void world_compare(struct world *w, const struct replica *r)
{
    struct lines x = {.words = !w->words_lost}, y = x;
    size_t len = text_len_cp(r->t);
    text_check_invariants(r->t);
    EXPECT(w, len == text_model_len_cp(r->m));
    size_t start = world_dice(w, (uint32_t)len + 1),
           end = start + world_dice(w, (uint32_t)(len - start) + 1);
    if (world_dice(w, 2)) {
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
        size_t pos = world_dice(w, (uint32_t)len + 1), here, there;
        struct text_anchor a =
            text_anchor_at(r->t, pos, world_dice(w, 2) ? TEXT_BEFORE : TEXT_AFTER);
        EXPECT(w, text_anchor_pos(r->t, a, &here) == ERR_OK && here == pos);
        uint32_t agent = 1 + world_dice(w, (uint32_t)w->n), next = text_next_seq(r->t, agent);
        EXPECT(w, next == text_model_next_seq(r->m, agent));
        if (!next)
            continue;
        a.id = (struct text_id){agent, world_dice(w, next)};
        EXPECT(w, text_anchor_pos(r->t, a, &here) == ERR_OK);
        EXPECT(w, text_model_anchor_pos(r->m, a, &there) == ERR_OK);
        EXPECT(w, here == there);
    }
    buf_free(&x.b);
    buf_free(&y.b);
}

static const struct text_limits NO_LIMIT = {.max_len_cp = SIZE_MAX};

void world_publish(struct world *w, struct replica *r, struct buf blob)
{
    size_t me = r->agent - 1, k = w->n_made[me]++;
    struct made *o = &w->made[me][k];
    o->blob = blob;
    o->when = 1 + world_dice(w, 30) + 5 * k;
    memcpy(o->needs, r->seen, sizeof o->needs);
    r->seen[me]++;
    EXPECT(w, text_model_apply(r->m, r->agent, TEXT_WHEN_PENDING, blob.data, blob.len) == ERR_OK);
}

bool world_may_receive(const struct world *w, const struct replica *r, size_t from)
{
    if (r->seen[from] == w->n_made[from] || from == r->agent - 1)
        return false;
    const struct made *o = &w->made[from][r->seen[from]];
    for (size_t i = 0; i < w->n; i++)
        if (o->needs[i] > r->seen[i])
            return false;
    return true;
}

/* The same verdict as the model's, near the limit too. */
static void check(struct world *w, const struct replica *r, uint32_t agent, const struct buf *blob)
{
    size_t len = text_len_cp(r->t), most = len + world_dice(w, 12);
    struct text_limits limits = {.max_len_cp = most > 4 ? most - 4 : 0};
    enum err e = text_check(r->t, agent, blob->data, blob->len, &limits, NULL);
    EXPECT(w, e == ERR_OK || e == ERR_TOO_LARGE);
    EXPECT(w, e == text_model_check(r->m, agent, blob->data, blob->len, &limits, NULL));
    EXPECT(w, text_check(r->t, agent, blob->data, blob->len, &NO_LIMIT, NULL) == ERR_OK);
}

void world_receive(struct world *w, struct replica *r, size_t from)
{
    struct made *o = &w->made[from][r->seen[from]];
    uint32_t agent = (uint32_t)from + 1;
    if (world_dice(w, 6) == 0)
        check(w, r, agent, &o->blob);
    EXPECT(w, text_apply(r->t, agent, o->when, o->blob.data, o->blob.len) == ERR_OK);
    EXPECT(w, text_model_apply(r->m, agent, o->when, o->blob.data, o->blob.len) == ERR_OK);
    r->seen[from]++;
}

void world_receive_again(struct world *w, struct replica *r)
{
    size_t from = world_dice(w, (uint32_t)w->n);
    size_t n = from == r->agent - 1 ? r->confirmed : r->seen[from];
    if (!n)
        return;
    const struct made *o = &w->made[from][world_dice(w, (uint32_t)n)];
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

void world_confirm_next(struct world *w, struct replica *r)
{
    size_t me = r->agent - 1;
    if (r->confirmed == w->n_made[me])
        return;
    const struct made *o = &w->made[me][r->confirmed++];
    EXPECT(w, text_apply(r->t, r->agent, o->when, o->blob.data, o->blob.len) == ERR_OK);
    EXPECT(w, text_model_apply(r->m, r->agent, o->when, o->blob.data, o->blob.len) == ERR_OK);
}

void world_save_and_load(struct world *w, struct replica *r, bool words)
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

void world_settle(struct world *w)
{
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < w->n; i++)
            for (size_t from = 0; from < w->n; from++)
                while (world_may_receive(w, &w->r[i], from)) {
                    world_receive(w, &w->r[i], from);
                    moved = true;
                }
    }
    for (size_t i = 0; i < w->n; i++)
        while (w->r[i].confirmed < w->n_made[i])
            world_confirm_next(w, &w->r[i]);
}

void world_expect_all_equal(struct world *w)
{
    struct buf state = BUF_INIT, dump = BUF_INIT;
    text_encode(w->r[0].t, !w->words_lost, &state);
    text_model_dump(w->r[0].m, &dump);
    for (size_t i = 0; i < w->n; i++) {
        struct buf b = BUF_INIT;
        for (size_t k = 0; k < w->n; k++)
            EXPECT(w, w->r[i].seen[k] == w->n_made[k]);
        world_compare(w, &w->r[i]);
        text_encode(w->r[i].t, !w->words_lost, &b);
        EXPECT(w, same_bytes(&state, &b));
        buf_clear(&b);
        text_model_dump(w->r[i].m, &b);
        EXPECT(w, same_bytes(&dump, &b));
        buf_free(&b);
    }
    world_save_and_load(w, &w->r[0], !w->words_lost);
    world_compare(w, &w->r[0]);
    buf_free(&state);
    buf_free(&dump);
}
