#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/core_bench.h"

#define BODY(k) TANDEM__ENVELOPE__BODY_##k

/* An audit with its auditor (connection 1), practitioner (2) and moderator (3), all in the room. */
struct trio {
    struct bench *b;
    uint32_t fro, fsw, iro;
    char ref[32];
};

static struct trio trio_with(const struct core_settings *settings)
{
    struct trio t = {.b = bench_new(settings)};
    t.fro = bench_person(t.b, "Ana Flint", ROLE_FRO, "North");
    t.fsw = bench_person(t.b, "Ben Stone", ROLE_FSW, "North");
    t.iro = bench_person(t.b, "Cat Moss", ROLE_IRO, "");
    bench_connect(t.b, 1, t.fro);
    bench_connect(t.b, 2, t.fsw);
    bench_connect(t.b, 3, t.iro);
    bench_new_audit(t.b, 1, "Ben Stone", t.ref);
    bench_set_member(t.b, 1, t.ref, "Cat Moss", ROLE_IRO);
    bench_step(t.b);
    (void)bench_expect(t.b, 1, BODY(DONE));
    for (unsigned c = 1; c <= 3; c++)
        bench_join(t.b, c, t.ref);
    for (unsigned c = 1; c <= 3; c++)
        bench_fold(t.b, c);
    return t;
}

static struct trio trio_new(void)
{
    return trio_with(NULL);
}

static void fold_all(struct trio *t)
{
    for (unsigned c = 1; c <= 3; c++)
        bench_fold(t->b, c);
}

Test(room, an_edit_reaches_everybody_and_its_author_is_acknowledged)
{
    struct trio t = trio_new();
    struct buf out = BUF_INIT;
    bench_type(t.b, 1, "C2", "What we saw");
    bench_step(t.b);
    fold_all(&t);
    cr_assert_eq(t.b->conns[1].acked, 1);
    cr_assert_eq(t.b->conns[1].events, 0,
                 "the author gets the acknowledgement in the event's place");
    for (unsigned c = 1; c <= 3; c++)
        cr_assert_str_eq(bench_text(t.b, c, "C2", &out), "What we saw");
    buf_free(&out);
    bench_free(t.b);
}

Test(room, nothing_is_said_before_the_commit)
{
    struct trio t = trio_new();
    bench_type(t.b, 1, "C2", "secretly typed");
    for (unsigned c = 1; c <= 3; c++)
        bench_expect_nothing(t.b, c);
    bench_commit(t.b);
    (void)bench_expect(t.b, 1, BODY(ACKED));
    (void)bench_expect(t.b, 2, BODY(EVENT));
    bench_free(t.b);
}
