/* Links against the server's real core, with the store in memory: histories of typing, cuts and
 * commits made by a seed. The simulator (tests/sim) goes further; this says which side is wrong. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/link/link.h"
#include "tests/lib/core_bench.h"
#include "tests/lib/leaks.h"

enum { WRITERS = 3, QUEUE = 256 };

struct writer {
    struct world *w;
    unsigned conn;
    uint32_t person;
    struct link *link;
    bool wanted, open; /* the line */
    struct buf out[QUEUE];
    size_t nout;
    bool joined;
};
struct world {
    struct bench *b;
    struct writer writers[WRITERS];
    char ref[32];
    uint32_t random;
};

static uint32_t next_random(struct world *w, uint32_t below)
{
    w->random = w->random * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)(w->random >> 4) * below >> 28);
}

static void on_send(void *user, const uint8_t *payload, size_t len)
{
    struct writer *x = user;
    cr_assert_lt(x->nout, (size_t)QUEUE);
    x->out[x->nout] = (struct buf)BUF_INIT;
    buf_append(&x->out[x->nout++], payload, len);
}

static void on_open_line(void *user)
{
    struct writer *x = user;
    x->wanted = true;
}

static void on_close_line(void *user)
{
    (void)user; /* nothing in these worlds makes a link give its line up */
}

static void on_joined(void *user, enum err e, const char *text)
{
    struct writer *x = user;
    cr_assert_eq(e, ERR_OK, "%s", text);
    x->joined = true;
}

static void drop_out(struct writer *x)
{
    while (x->nout)
        buf_free(&x->out[--x->nout]);
}

static void cut(struct writer *x)
{
    if (!x->open)
        return;
    drop_out(x);
    bench_forget(x->w->b, x->conn);
    bench_drop(x->w->b, x->conn);
    x->open = false;
    link_line_closed(x->link, ERR_NET, "cut");
}

/* One frame each way, when there is one. */
static bool move_one(struct writer *x)
{
    struct bench_conn *c = &x->w->b->conns[x->conn];
    bool moved = false;
    if (x->open && x->nout) {
        struct buf first = x->out[0];
        memmove(&x->out[0], &x->out[1], --x->nout * sizeof x->out[0]);
        bench_send_bytes(x->w->b, x->conn, first.data, first.len);
        buf_free(&first);
        moved = true;
    }
    if (x->open && bench_take(x->w->b, x->conn)) {
        struct buf frame = BUF_INIT;
        buf_append(&frame, c->frame.data, c->frame.len);
        link_receive(x->link, frame.data, frame.len);
        buf_free(&frame);
        moved = true;
    }
    return moved;
}

static void pass_time(struct world *w, int64_t ms)
{
    bench_time(w->b, ms);
    for (size_t i = 0; i < WRITERS; i++) {
        struct writer *x = &w->writers[i];
        link_time(x->link, w->b->mono_ms, w->b->utc_ms);
        if (!x->wanted)
            continue;
        x->wanted = false;
        x->open = true;
        struct core_peer peer = bench_peer(w->b, x->person);
        bench_open(w->b, x->conn, &peer);
        link_line_open(x->link);
    }
}

static void rest(struct world *w)
{
    for (int turn = 0; turn < 3000; turn++) {
        bool moved = false;
        for (size_t i = 0; i < WRITERS; i++)
            moved |= move_one(&w->writers[i]);
        bench_step(w->b);
        if (!moved)
            pass_time(w, 20);
    }
}

static void text_of(const struct replica *r, struct field f, struct buf *out)
{
    const struct text *t = replica_audit(r) ? audit_text(replica_audit(r), f) : NULL;
    buf_clear(out);
    if (t)
        text_read(t, 0, text_len_cp(t), out);
}

static void edit(struct writer *x, struct field f)
{
    struct replica *r = link_replica(x->link);
    struct err_info why;
    const struct text *t = audit_text(replica_audit(r), f);
    size_t len = t ? text_len_cp(t) : 0;
    uint32_t what = next_random(x->w, 10);
    enum err e;
    if (what < 2 && len > 3) {
        size_t start = next_random(x->w, (uint32_t)len - 2);
        e = replica_delete(r, f, start, start + 1 + next_random(x->w, 2), &why);
    } else if (what == 2) {
        size_t at;
        e = replica_undo(r, f, &at, &why);
        if (e == ERR_NOT_FOUND)
            e = ERR_OK;
    } else {
        char word[8];
        (void)snprintf(word, sizeof word, "%c%u ", 'a' + (char)(x->conn % 26),
                       (unsigned)next_random(x->w, 1000));
        e = replica_insert(r, f, next_random(x->w, (uint32_t)len + 1), word, strlen(word), &why);
        replica_undo_boundary(r);
    }
    cr_assert_eq(e, ERR_OK, "%s", why.text);
}

static void world_up(struct world *w, uint32_t seed)
{
    static const char *const names[] = {"Ana Flint", "Ben Ode", "Cy West"};
    *w = (struct world){.b = bench_new(NULL), .random = seed};
    uint32_t ana = bench_person(w->b, names[0], ROLE_FRO, "North");
    uint32_t ben = bench_person(w->b, names[1], ROLE_FSW, "North");
    bench_connect(w->b, 10, ana);
    bench_new_audit(w->b, 10, names[1], w->ref);
    bench_drop(w->b, 10);
    for (unsigned i = 0; i < WRITERS; i++) { /* Ana writes on two screens */
        struct writer *x = &w->writers[i];
        *x = (struct writer){.w = w, .conn = i, .person = i == 1 ? ben : ana};
        struct link_hooks hooks = {
            .user = x, .send = on_send, .open_line = on_open_line, .close_line = on_close_line};
        x->link = link_new(&hooks, "test", w->b->mono_ms);
        cr_assert_eq(link_join(x->link, w->ref, false, NULL, 0, on_joined, x), ERR_OK);
    }
    rest(w);
    for (unsigned i = 0; i < WRITERS; i++)
        cr_assert(w->writers[i].joined, "%s", link_why(w->writers[i].link));
}

static void world_down(struct world *w)
{
    for (unsigned i = 0; i < WRITERS; i++) {
        cut(&w->writers[i]);
        drop_out(&w->writers[i]);
        link_free(w->writers[i].link);
    }
    bench_free(w->b);
}

Test(link_core, replicas_on_the_real_server_end_equal_whatever_is_cut)
{
    for (uint32_t seed = 1; seed <= 40; seed++) {
        struct world w;
        struct field f;
        struct err_info why;
        world_up(&w, seed);
        cr_assert_eq(
            audit_field_parse(replica_audit(link_replica(w.writers[0].link)), "C2", &f, &why),
            ERR_OK);
        for (int step = 0; step < 400; step++) {
            struct writer *x = &w.writers[next_random(&w, WRITERS)];
            uint32_t what = next_random(&w, 100);
            if (what < 30)
                edit(x, f);
            else if (what < 70)
                (void)move_one(x);
            else if (what < 80)
                bench_commit(w.b);
            else if (what < 98)
                pass_time(&w, next_random(&w, 50));
            else
                cut(x);
        }
        rest(&w);
        struct buf first = BUF_INIT, other = BUF_INIT;
        text_of(link_replica(w.writers[0].link), f, &first);
        cr_assert_gt(first.len, 50, "seed %u", (unsigned)seed);
        for (unsigned i = 0; i < WRITERS; i++) {
            cr_assert(link_all_acknowledged(w.writers[i].link), "seed %u", (unsigned)seed);
            cr_assert_eq(replica_kept_count(link_replica(w.writers[i].link)), 0);
            text_of(link_replica(w.writers[i].link), f, &other);
            cr_assert_str_eq(buf_cstr(&other), buf_cstr(&first), "seed %u, replica %u",
                             (unsigned)seed, i);
        }
        bench_connect(w.b, 11, w.writers[0].person);
        bench_join(w.b, 11, w.ref); /* what the server itself gives to somebody who comes now */
        cr_assert_str_eq(bench_text(w.b, 11, "C2", &other), buf_cstr(&first), "seed %u",
                         (unsigned)seed);
        buf_free(&first);
        buf_free(&other);
        world_down(&w);
    }
    CHECK_NO_LEAKS();
}
