/* Fails the n-th allocation of the core and of the store beneath it, for every n until there is
 * none left to fail, while people join, write, look and leave: each is answered or told, nobody's
 * words are lost or doubled, and the server goes on. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/core_bench.h"
#include "tests/lib/leaks.h"

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
Test(core_memory, only_where_malloc_is_ours)
{
    cr_skip("AddressSanitizer has its own malloc");
}
#else

static const struct bench *watched; /* only its core's allocations fail */
#define FAILING_MALLOC_HERE() (watched && watched->inside)
#include "tests/lib/failing_malloc.h"

#define BODY(k) TANDEM__ENVELOPE__BODY_##k

struct scene {
    struct bench *b;
    uint32_t people[4];
    char ref[32];
};

static struct scene scene_new(void)
{
    struct scene s = {.b = bench_new(NULL)};
    s.people[1] = bench_person(s.b, "Ana", ROLE_FRO, "North");
    s.people[2] = bench_person(s.b, "Ben", ROLE_FSW, "North");
    s.people[3] = bench_person(s.b, "Quinn", ROLE_QA, "");
    for (unsigned c = 1; c <= 3; c++)
        bench_connect(s.b, c, s.people[c]);
    bench_new_audit(s.b, 1, "Ben", s.ref);
    for (unsigned c = 1; c <= 2; c++)
        bench_join(s.b, c, s.ref);
    for (unsigned c = 1; c <= 2; c++)
        bench_fold(s.b, c);
    return s;
}

/* What is going on when memory runs out. */
static void act(struct scene *s)
{
    struct bench *b = s->b;
    struct bench_plain m;
    if (!b->conns[1].closing)
        bench_type(b, 1, "C2", "words of Ana's");
    if (!b->conns[2].closing)
        bench_set(b, 2, "B2", "yes");
    (void)bench_send(b, 3, bench_make(&m, BODY(JOIN), s->ref, 0));
    (void)bench_send(b, 3, bench_make(&m, BODY(LIST_AUDITS), "", 0));
    (void)bench_send(b, 3, bench_make(&m, BODY(HISTORY), s->ref, 0));
    Tandem__Envelope *e = bench_make(&m, BODY(VIEW_AT), s->ref, 0);
    e->view_at->seq = 1;
    (void)bench_send(b, 3, e);
    bench_step(b);
    (void)bench_send(b, 3, bench_make(&m, BODY(LIST_PEOPLE), "", 0));
    /* Nothing with a fingerprint: the library that makes it does not do without memory. */
    static const int asks[] = {BODY(NEXT), BODY(INBOX), BODY(READERS), BODY(RULES)};
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++)
        (void)bench_send(b, 1, bench_make(&m, asks[i], s->ref, 0));
    bench_step(b);
    e = bench_make(&m, BODY(RAISE_FLAG), s->ref, 0);
    e->raise_flag->text = (char *)"a concern";
    e->raise_flag->told = (char *)"duty manager";
    (void)bench_send(b, 2, e);
    bench_step(b);
    bench_time(b, 61 * 1000); /* the keeper looks */
    bench_step(b);
    bench_time(b, 1000);
    bench_step(b);
}

/* Everybody comes back if they must, and sends what was not acknowledged. */
static void come_back(struct scene *s, unsigned c)
{
    struct bench *b = s->b;
    struct bench_batch *pending = b->conns[c].batches;
    b->conns[c].batches = NULL;
    bench_drop(b, c);
    b->conns[c].batches = pending;
    bench_connect(b, c, s->people[c]);
    /* as the agent of before: no snapshot is folded onto what was typed here */
    bench_rejoin(b, c, s->ref, c, 0);
    bench_step(b);
    bench_forget(b, c);
    if (b->conns[c].batches) {
        bench_resend(b, c);
        bench_step(b);
        (void)bench_expect(b, c, BODY(ACKED));
    }
    bench_forget(b, c);
}

/* Allocation n fails. Did it? */
static bool play(size_t n)
{
    struct scene s = scene_new();
    struct buf out = BUF_INIT;
    struct field f;
    watched = s.b;
    failed = false;
    fail_at = n;
    act(&s);
    fail_at = 0;
    watched = NULL;
    cr_assert_eq(s.b->fatal, 0, "allocation %zu", n);
    for (unsigned c = 1; c <= 2; c++)
        come_back(&s, c);
    bench_drop(s.b, 3);
    bench_connect(s.b, 3, s.people[3]);
    bench_join(s.b, 3, s.ref);
    cr_assert_str_eq(bench_text(s.b, 3, "C2", &out), "words of Ana's", "allocation %zu", n);
    cr_assert_eq(audit_field_parse(s.b->conns[3].audit, "B2", &f, NULL), ERR_OK);
    cr_assert_str_eq(audit_value(s.b->conns[3].audit, f).value, "yes", "allocation %zu", n);
    cr_assert_eq(core_health(s.b->core).events_in_flight, 0);
    buf_free(&out);
    bench_free(s.b);
    return failed;
}

/* The same while the audit is read from the store. */
static bool play_cold(size_t n)
{
    struct scene s = scene_new();
    struct buf out = BUF_INIT;
    bench_type(s.b, 1, "C2", "as it was");
    bench_step(s.b);
    for (unsigned c = 1; c <= 3; c++)
        bench_drop(s.b, c);
    bench_idle(s.b);
    bench_connect(s.b, 1, s.people[1]);
    watched = s.b;
    failed = false;
    fail_at = n;
    bench_ask_join(s.b, 1, s.ref, false);
    bench_step(s.b);
    fail_at = 0;
    watched = NULL;
    bench_drop(s.b, 1);
    bench_connect(s.b, 1, s.people[1]);
    bench_join(s.b, 1, s.ref);
    cr_assert_str_eq(bench_text(s.b, 1, "C2", &out), "as it was", "allocation %zu", n);
    buf_free(&out);
    bench_free(s.b);
    return failed;
}

Test(core_memory, an_audit_that_could_not_be_read_can_be_read_again, .timeout = 120)
{
    for (size_t n = 1; play_cold(n); n++) {
        long before = live;
        (void)play_cold(n);
        cr_assert_eq(live, before, "allocation %zu leaks %ld", n, live - before);
        cr_assert_lt(n, 10000);
    }
    cr_assert(play_cold(20), "the core takes memory where this looks");
}

Test(core_memory, nothing_is_lost_doubled_or_leaked_when_memory_runs_out, .timeout = 120)
{
    for (size_t n = 1; play(n); n++) {
        long before = live; /* the C library has taken what it keeps */
        (void)play(n);
        cr_assert_eq(live, before, "allocation %zu leaks %ld", n, live - before);
        cr_assert_lt(n, 10000);
    }
    cr_assert(play(50), "the core takes memory where this looks");
}

#endif
