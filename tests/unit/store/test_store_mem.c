/* What store_mem.h adds to store.h: steps, power failures, the positive control. */

#include "server/store/store_mem.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/store_impl.h"

static struct store_under_test t;

static void open_mem(void)
{
    t = (struct store_under_test){.impl = &store_impl_mem};
    t.impl->open(&t);
}
static void close_mem(void)
{
    t.impl->close(&t);
}
TestSuite(store_mem, .init = open_mem, .fini = close_mem);

static int ndone;
static struct store_req *done_order[16];
static void note(struct store_req *r)
{
    done_order[ndone++] = r;
}

/* An append of one event after `seq`, ready to be submitted. */
struct one {
    struct store_append a;
    struct store_event e;
};
static struct one *one(struct one *o, uint64_t audit, uint64_t seq)
{
    *o = (struct one){
        .a = {.req = {.op = STORE_APPEND, .done = note},
              .audit = audit,
              .expected_seq = seq,
              .nevents = 1                                                                                          },
        .e = {.seq = seq + 1,                            .utc_ms = 9000, .body = (const uint8_t *)"x", .body_len = 1}
    };
    o->a.events = &o->e;
    return o;
}

static uint64_t last_seq(uint64_t audit)
{
    struct store_load l = {.req.op = STORE_LOAD, .audit = audit};
    cr_assert_eq(t.impl->run(&t, &l.req), ERR_OK);
    uint64_t n = l.nevents;
    free(l.events);
    return n;
}

Test(store_mem, nothing_happens_before_the_step)
{
    uint64_t audit = put_audit(&t);
    struct one o[3];
    for (uint64_t i = 0; i < 3; i++)
        store_submit(t.store, &one(&o[i], audit, 1 + i)->a.req);
    cr_assert_eq(ndone, 0);
    cr_assert_eq(store_queued(t.store), 3);
    cr_assert_eq(store_mem_step(t.store, 2), 2);
    cr_assert_eq(ndone, 2);
    cr_assert_eq(done_order[0], &o[0].a.req);
    cr_assert_eq(done_order[1], &o[1].a.req);
    cr_assert_eq(store_mem_step(t.store, 99), 1);
    cr_assert_eq(store_mem_step(t.store, 99), 0);
    cr_assert_eq(last_seq(audit), 4);
}

static void submit_again(struct store_req *r)
{
    note(r);
    struct one *o = (struct one *)r;
    if (o->e.seq < 4) {
        one(o, o->a.audit, o->e.seq);
        o->a.req.done = submit_again;
        store_submit(t.store, r);
    }
}

Test(store_mem, what_done_submits_waits_for_the_next_step)
{
    uint64_t audit = put_audit(&t);
    struct one o;
    one(&o, audit, 1);
    o.a.req.done = submit_again;
    store_submit(t.store, &o.a.req);
    cr_assert_eq(store_mem_step(t.store, 99), 1);
    cr_assert_eq(ndone, 1);
    cr_assert_eq(store_mem_step(t.store, 99), 1);
    cr_assert_eq(store_mem_step(t.store, 99), 1);
    cr_assert_eq(store_mem_step(t.store, 99), 0);
    cr_assert_eq(last_seq(audit), 4);
}

Test(store_mem, a_crash_loses_what_was_not_committed_and_nothing_else)
{
    uint64_t audit = put_audit(&t);
    struct one o[2];
    store_submit(t.store, &one(&o[0], audit, 1)->a.req);
    store_mem_step(t.store, 1);
    store_submit(t.store, &one(&o[1], audit, 2)->a.req);
    store_mem_crash(t.store);
    cr_assert_eq(store_queued(t.store), 0);
    cr_assert_eq(store_mem_step(t.store, 99), 0);
    cr_assert_eq(ndone, 1);
    cr_assert_eq(last_seq(audit), 2);
}

Test(store_mem, a_full_disk_fails_the_whole_commit_and_passes)
{
    uint64_t audit = put_audit(&t), other = put_audit(&t);
    struct one o[4];
    store_mem_fail_commit(t.store, 2, ERR_FULL);
    store_submit(t.store, &one(&o[0], audit, 1)->a.req);
    store_mem_step(t.store, 1);
    cr_assert_eq(o[0].a.req.err, ERR_OK);
    struct store_list_audits list = {.req.op = STORE_LIST_AUDITS};
    store_submit(t.store, &one(&o[1], audit, 2)->a.req);
    store_submit(t.store, &list.req);
    store_submit(t.store, &one(&o[2], other, 1)->a.req);
    store_mem_step(t.store, 99);
    cr_assert_eq(o[1].a.req.err, ERR_FULL);
    cr_assert_eq(o[2].a.req.err, ERR_FULL);
    cr_assert_eq(list.req.err, ERR_OK, "a read has no commit to fail");
    cr_assert_eq(list.rows[0].summary.seq, 2, "and does not see what was not kept");
    free(list.rows);
    cr_assert_not(store_is_dead(t.store));
    store_submit(t.store, &one(&o[3], audit, 2)->a.req);
    store_mem_step(t.store, 99);
    cr_assert_eq(o[3].a.req.err, ERR_OK);
    cr_assert_eq(last_seq(other), 1);
}

Test(store_mem, a_failed_sync_is_for_good_until_the_restart)
{
    uint64_t audit = put_audit(&t);
    struct one o;
    store_mem_fail_commit(t.store, 1, ERR_STORE);
    store_submit(t.store, &one(&o, audit, 1)->a.req);
    store_mem_step(t.store, 99);
    cr_assert_eq(o.a.req.err, ERR_STORE);
    cr_assert(store_is_dead(t.store));
    struct store_list_audits list = {.req.op = STORE_LIST_AUDITS};
    cr_assert_eq(t.impl->run(&t, &list.req), ERR_STORE);
    store_mem_crash(t.store);
    cr_assert_not(store_is_dead(t.store));
    cr_assert_eq(last_seq(audit), 1);
}

Test(store_mem, acknowledging_before_the_commit_loses_acknowledged_events_in_a_crash)
{
    uint64_t audit = put_audit(&t);
    struct one o;
    store_mem_set_ack_before_commit(t.store, true);
    store_submit(t.store, &one(&o, audit, 1)->a.req);
    store_mem_step(t.store, 99);
    cr_assert_eq(o.a.req.err, ERR_OK);
    cr_assert_eq(last_seq(audit), 2, "it looks kept");
    uint64_t second = put_audit(&t);
    store_mem_crash(t.store);
    cr_assert_eq(last_seq(audit), 1, "it was not");
    struct store_load l = {.req.op = STORE_LOAD, .audit = second};
    cr_assert_eq(t.impl->run(&t, &l.req), ERR_NOT_FOUND);
}

Test(store_mem, the_next_honest_step_writes_what_was_acknowledged_early)
{
    uint64_t audit = put_audit(&t);
    struct one o;
    store_mem_set_ack_before_commit(t.store, true);
    store_submit(t.store, &one(&o, audit, 1)->a.req);
    store_mem_step(t.store, 99);
    store_mem_set_ack_before_commit(t.store, false);
    struct store_setting s = {.req.op = STORE_SETTING_PUT, .name = "x"};
    cr_assert_eq(t.impl->run(&t, &s.req), ERR_OK);
    store_mem_crash(t.store);
    cr_assert_eq(last_seq(audit), 2);
}
