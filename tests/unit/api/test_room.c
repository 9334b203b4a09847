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

Test(room, three_who_type_at_once_end_with_the_same_text)
{
    struct trio t = trio_new();
    struct buf a = BUF_INIT, b = BUF_INIT, c = BUF_INIT;
    const char *letters = "abcdefghijklmnopqrstuvwxyz";
    for (size_t i = 0; i < 200; i++) {
        char word[3] = {letters[i % 26], letters[(i / 26) % 26], 0};
        bench_type(t.b, 1 + (unsigned)(i * 7 + i / 3) % 2, "C2", word);
        if (i % 5 == 0)
            bench_commit(t.b);
        if (i % 3 == 0)
            bench_fold(t.b, 1 + (unsigned)i % 3);
    }
    bench_step(t.b);
    fold_all(&t);
    const char *one = bench_text(t.b, 1, "C2", &a);
    cr_assert_eq(strlen(one), 400);
    cr_assert_str_eq(one, bench_text(t.b, 2, "C2", &b));
    cr_assert_str_eq(one, bench_text(t.b, 3, "C2", &c));
    cr_assert_eq(t.b->conns[1].acked + t.b->conns[2].acked, 200);
    cr_assert_eq(t.b->conns[3].events, 200);
    buf_free(&a);
    buf_free(&b);
    buf_free(&c);
    bench_free(t.b);
}

Test(room, a_gathered_window_loses_and_reorders_nothing)
{
    struct core_settings set;
    core_settings_default(&set);
    set.fanout_window_ms = 5;
    set.fanout_window_people = 3;
    struct trio t = trio_with(&set);
    struct buf out = BUF_INIT;
    bench_type(t.b, 1, "C2", "one ");
    bench_step(t.b);
    bench_type(t.b, 2, "C2", "two ");
    bench_step(t.b);
    bench_type(t.b, 1, "C2", "three");
    bench_step(t.b);
    for (unsigned c = 1; c <= 3; c++)
        bench_expect_nothing(t.b, c);
    cr_assert_leq(core_next_ms(t.b->core), t.b->mono_ms + 5);
    bench_time(t.b, 5);
    fold_all(&t);
    cr_assert_eq(t.b->conns[1].acked, 2);
    cr_assert_eq(t.b->conns[2].acked, 1);
    cr_assert_eq(t.b->conns[3].events, 3);
    cr_assert(strstr(bench_text(t.b, 3, "C2", &out), "one "));
    buf_free(&out);
    bench_free(t.b);
}

/* ---- retries ---- */

Test(room, a_batch_sent_twice_is_applied_once_and_answered_twice)
{
    struct trio t = trio_new();
    bench_type(t.b, 1, "C2", "once");
    bench_resend(t.b, 1);
    bench_expect_nothing(t.b, 1);
    bench_step(t.b);
    const Tandem__Envelope *first = bench_expect(t.b, 1, BODY(ACKED));
    cr_assert_eq(first->acked->seq, 0, "in the event's place");
    const Tandem__Envelope *second = bench_expect(t.b, 1, BODY(ACKED));
    cr_assert_eq(second->acked->batch_no, 1);
    cr_assert_neq(second->acked->seq, 0, "outside the order of the room");
    bench_expect_nothing(t.b, 1);
    (void)bench_expect(t.b, 2, BODY(EVENT));
    bench_expect_nothing(t.b, 2);
    bench_resend(t.b, 1);
    const Tandem__Envelope *third = bench_expect(t.b, 1, BODY(ACKED));
    cr_assert_eq(third->acked->batch_no, 1);
    bench_expect_nothing(t.b, 2);
    bench_free(t.b);
}

Test(room, a_retry_after_a_break_is_acknowledged_and_not_applied_again)
{
    struct trio t = trio_new();
    struct buf out = BUF_INIT;
    uint32_t agent = t.b->conns[1].agent;
    bench_type(t.b, 1, "C2", "kept");
    struct buf body = BUF_INIT;
    buf_append(&body, t.b->conns[1].batches->body.data, t.b->conns[1].batches->body.len);
    core_conn_closed(t.b->core, 1); /* the line breaks while it is on its way */
    t.b->conns[1].open = false;
    bench_step(t.b);
    bench_connect(t.b, 4, t.fro);
    bench_rejoin(t.b, 4, t.ref, agent, 0);
    cr_assert_eq(t.b->conns[4].agent, agent);
    cr_assert_eq(t.b->conns[4].batch_no, 1, "it arrived");
    Tandem__Edit edit = TANDEM__EDIT__INIT;
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    edit.room = t.b->conns[4].room;
    edit.body = (ProtobufCBinaryData){.len = body.len, .data = body.data};
    e.body_case = BODY(EDIT);
    e.edit = &edit;
    (void)bench_send(t.b, 4, &e);
    bench_step(t.b);
    cr_assert_eq(bench_expect(t.b, 4, BODY(ACKED))->acked->batch_no, 1);
    bench_fold(t.b, 2);
    cr_assert_str_eq(bench_text(t.b, 2, "C2", &out), "kept");
    buf_free(&body);
    buf_free(&out);
    bench_free(t.b);
}

Test(room, a_gap_in_the_numbers_is_refused)
{
    struct trio t = trio_new();
    t.b->conns[1].batch_no = 4;
    bench_set(t.b, 1, "B4", "3");
    const Tandem__Error *e = bench_expect_error(t.b, 1, ERR_INPUT);
    cr_assert_eq(e->batch_no, 5);
    bench_free(t.b);
}

Test(room, a_batch_in_anothers_name_is_refused)
{
    struct trio t = trio_new();
    t.b->conns[1].agent = t.b->conns[2].agent;
    bench_set(t.b, 1, "B4", "3");
    (void)bench_expect_error(t.b, 1, ERR_INPUT);
    t.b->conns[1].agent = 0;
    bench_set(t.b, 1, "B4", "3");
    (void)bench_expect_error(t.b, 1, ERR_INPUT);
    bench_expect_nothing(t.b, 2);
    bench_free(t.b);
}

Test(room, a_stale_choice_is_refused_and_shows_the_other_persons)
{
    struct trio t = trio_new();
    bench_set(t.b, 1, "B2", "yes");
    bench_step(t.b);
    bench_forget(t.b, 2);
    bench_set(t.b, 2, "B2", "no");
    const Tandem__Error *e = bench_expect_error(t.b, 2, ERR_STALE);
    cr_assert_str_eq(e->their_value, "yes");
    cr_assert_eq(e->their_person, t.fro);
    cr_assert_eq(e->batch_no, 1);
    cr_assert_neq(e->their_rev, 0);
    cr_assert(strstr(e->field, "B2"), "%s", e->field);
    bench_step(t.b);
    bench_free(t.b);
}

Test(room, a_choice_that_is_not_durable_yet_is_not_shown_to_who_comes_too_late)
{
    struct trio t = trio_new();
    bench_set(t.b, 1, "B2", "yes");
    bench_set(t.b, 2, "B2", "no"); /* the other's is on its way to the disk and may yet fail */
    const Tandem__Error *e = bench_expect_error(t.b, 2, ERR_SLOW_DOWN);
    cr_assert_str_empty(e->their_value);
    cr_assert_eq(e->their_rev, 0);
    bench_step(t.b);
    bench_forget(t.b, 2);
    bench_resend(t.b, 2);
    e = bench_expect_error(t.b, 2, ERR_STALE);
    cr_assert_str_eq(e->their_value, "yes");
    bench_free(t.b);
}

Test(room, who_joined_to_read_does_not_write)
{
    struct trio t = trio_new();
    bench_connect(t.b, 4, t.fsw);
    bench_ask_join(t.b, 4, t.ref, true);
    bench_step(t.b);
    bench_take_joined(t.b, 4);
    cr_assert_eq(t.b->conns[4].agent, 0);
    bench_expect_nothing(t.b, 1);
    bench_set(t.b, 4, "B4", "3");
    (void)bench_expect_error(t.b, 4, ERR_REFUSED_ROOM);
    bench_set(t.b, 1, "B4", "3");
    bench_step(t.b);
    bench_fold(t.b, 4);
    cr_assert_eq(t.b->conns[4].events, 1, "but follows");
    bench_free(t.b);
}

Test(room, the_moderator_does_not_write_answers)
{
    struct trio t = trio_new();
    bench_set(t.b, 3, "B4", "3");
    (void)bench_expect_error(t.b, 3, ERR_REFUSED_ROLE);
    t.b->conns[3].batch_no--; /* what was refused does not count */
    bench_type(t.b, 3, "C2", "improper");
    (void)bench_expect_error(t.b, 3, ERR_REFUSED_ROLE);
    bench_step(t.b);
    bench_expect_nothing(t.b, 1);
    bench_free(t.b);
}

/* ---- joining ---- */

Test(room, a_join_waits_for_the_commit_of_what_it_shows)
{
    struct trio t = trio_new();
    struct buf out = BUF_INIT;
    bench_connect(t.b, 4, t.fsw);
    bench_ask_join(t.b, 4, t.ref, false);
    bench_type(t.b, 1, "C2", "in flight");
    bench_commit(t.b); /* the note in the read log, and the edit */
    bench_type(t.b, 1, "C2", " again");
    bench_take_joined(t.b, 4);
    cr_assert_str_eq(bench_text(t.b, 4, "C2", &out), "in flight");
    bench_connect(t.b, 5, t.fsw);
    bench_ask_join(t.b, 5, t.ref, false);
    bench_commit(t.b);
    bench_type(t.b, 1, "C2", " and again");
    /* its note is committed and the audit stands with " and again" on its way */
    bench_connect(t.b, 6, t.fsw);
    bench_ask_join(t.b, 6, t.ref, false);
    bench_step(t.b);
    bench_take_joined(t.b, 5);
    bench_take_joined(t.b, 6);
    bench_fold(t.b, 5);
    bench_fold(t.b, 6);
    cr_assert_str_eq(bench_text(t.b, 5, "C2", &out), "in flight again and again");
    cr_assert_str_eq(bench_text(t.b, 6, "C2", &out), "in flight again and again");
    buf_free(&out);
    bench_free(t.b);
}

Test(room, a_join_between_edit_and_commit_shows_nothing_early)
{
    struct trio t = trio_new();
    struct buf out = BUF_INIT;
    for (int i = 0; i < 20; i++) {
        unsigned c = 4 + (unsigned)i;
        bench_connect(t.b, c, t.fsw);
        bench_ask_join(t.b, c, t.ref, false);
        if (i % 2)
            bench_commit(t.b);
        bench_type(t.b, 1, "C2", "x");
        if (i % 2 == 0) /* its note is not committed, or the edit is not */
            bench_expect_nothing(t.b, c);
        bench_step(t.b);
        bench_take_joined(t.b, c);
        bench_fold(t.b, c);
        bench_fold(t.b, 1);
        cr_assert_eq(strlen(bench_text(t.b, c, "C2", &out)), (size_t)i + 1);
    }
    buf_free(&out);
    bench_free(t.b);
}

Test(room, coming_back_gets_the_missing_events_only)
{
    struct trio t = trio_new();
    struct buf out = BUF_INIT;
    bench_type(t.b, 1, "C2", "before, ");
    bench_step(t.b);
    fold_all(&t);
    uint32_t agent = t.b->conns[2].agent;
    uint64_t have = t.b->conns[2].seq;
    struct audit *mine = t.b->conns[2].audit;
    t.b->conns[2].audit = NULL;
    bench_drop(t.b, 2);
    bench_type(t.b, 1, "C2", "meanwhile");
    bench_step(t.b);
    bench_connect(t.b, 2, t.fsw);
    t.b->conns[2].audit = mine;
    Tandem__Join r = TANDEM__JOIN__INIT;
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    r.ref = t.ref;
    r.agent = agent;
    r.have_seq = have;
    r.have_template = (char *)"TST";
    r.have_template_version = 1;
    e.body_case = BODY(JOIN);
    e.join = &r;
    (void)bench_send(t.b, 2, &e);
    bench_step(t.b);
    struct buf copy = BUF_INIT;
    buf_append(&copy, t.b->conns[2].sent.data, t.b->conns[2].sent.len);
    const Tandem__Joined *j = bench_expect(t.b, 2, BODY(JOINED))->joined;
    cr_assert_eq(j->snapshot.len, 0);
    cr_assert_eq(j->template_.len, 0, "it holds the template");
    cr_assert_eq(j->n_events, 1);
    cr_assert_eq(j->events[0]->seq, have + 1);
    cr_assert_eq(j->agent, agent);
    buf_free(&t.b->conns[2].sent);
    t.b->conns[2].sent = copy;
    bench_take_joined(t.b, 2);
    cr_assert_str_eq(bench_text(t.b, 2, "C2", &out), "before, meanwhile");
    buf_free(&out);
    bench_free(t.b);
}

Test(room, an_agent_belongs_to_one_person)
{
    struct trio t = trio_new();
    uint32_t agent = t.b->conns[1].agent;
    bench_type(t.b, 1, "C2", "mine");
    bench_step(t.b);
    bench_connect(t.b, 4, t.fsw);
    bench_rejoin(t.b, 4, t.ref, agent, 0);
    cr_assert_neq(t.b->conns[4].agent, agent, "somebody else's");
    bench_connect(t.b, 5, t.fro);
    bench_rejoin(t.b, 5, t.ref, 4711, 0);
    cr_assert_neq(t.b->conns[5].agent, 4711, "never given away");
    cr_assert_neq(t.b->conns[5].agent, agent);
    bench_free(t.b);
}

Test(room, the_same_agent_from_elsewhere_takes_over)
{
    struct trio t = trio_new();
    bench_connect(t.b, 4, t.fro);
    bench_rejoin(t.b, 4, t.ref, t.b->conns[1].agent, 0);
    bench_fold(t.b, 1);
    cr_assert(t.b->conns[1].room_closed);
    cr_assert_eq(t.b->conns[1].closed_code, (uint32_t)ERR_REFUSED_ROOM,
                 "and the two do not displace each other for ever");
    bench_type(t.b, 4, "C2", "from here");
    bench_step(t.b);
    bench_fold(t.b, 4);
    cr_assert_eq(t.b->conns[4].acked, 1);
    bench_free(t.b);
}

Test(room, an_agent_that_never_wrote_is_kept_over_a_restart)
{
    struct trio t = trio_new();
    uint32_t agent = t.b->conns[1].agent;
    bench_restart(t.b);
    bench_connect(t.b, 1, t.fro);
    bench_rejoin(t.b, 1, t.ref, agent, 0);
    cr_assert_eq(t.b->conns[1].agent, agent);
    bench_free(t.b);
}

Test(room, a_large_snapshot_comes_in_parts)
{
    struct core_settings set;
    core_settings_default(&set);
    set.requests_burst = 100000;
    struct trio t = trio_with(&set);
    struct buf words = BUF_INIT, out = BUF_INIT;
    for (int i = 0; i < 3000; i++)
        buf_append_str(&words, "a word "); /* 21,000 bytes */
    for (int i = 0; i < 12; i++) {
        bench_type(t.b, 1, "C2", buf_cstr(&words));
        bench_type(t.b, 1, "B1.rationale", buf_cstr(&words));
        bench_step(t.b);
        bench_fold(t.b, 1);
    }
    bench_connect(t.b, 4, t.fsw);
    bench_ask_join(t.b, 4, t.ref, false);
    bench_step(t.b);
    cr_assert_eq(bench_take(t.b, 4)->body_case, BODY(SNAPSHOT_PART));
    bench_forget(t.b, 4);
    bench_connect(t.b, 5, t.fsw);
    bench_join(t.b, 5, t.ref);
    cr_assert_eq(strlen(bench_text(t.b, 5, "C2", &out)), 12 * words.len);
    buf_free(&words);
    buf_free(&out);
    bench_free(t.b);
}

Test(room, a_snapshot_larger_than_the_queue_goes_out_as_the_line_takes_it)
{
    struct core_settings set;
    core_settings_default(&set);
    set.max_outbound_bytes = 600 * 1000;
    struct trio t = trio_with(&set);
    struct buf words = BUF_INIT, out = BUF_INIT;
    for (int i = 0; i < 5000; i++)
        buf_append_str(&words, "ten bytes ");
    for (int i = 0; i < 20; i++) { /* a megabyte in four answers */
        static const char *const where[] = {"C2", "B1.rationale", "A6.rationale", "C1.rationale"};
        bench_type(t.b, 1, where[i % 4], buf_cstr(&words));
        bench_step(t.b);
        for (unsigned c = 1; c <= 3; c++)
            bench_fold(t.b, c);
    }
    bench_connect(t.b, 4, t.fsw);
    t.b->conns[4].stuck = true;
    bench_ask_join(t.b, 4, t.ref, false);
    bench_step(t.b);
    size_t first = t.b->conns[4].sent.len;
    cr_assert(first && first <= 600 * 1000);
    bench_type(t.b, 1, "C2", "and more");
    bench_step(t.b);
    cr_assert_eq(t.b->conns[4].sent.len, first, "the feed waits for the snapshot");
    for (int i = 0; i < 50; i++) { /* the line takes what there is */
        t.b->conns[4].queued = 0;
        bench_time(t.b, 20);
    }
    bench_take_joined(t.b, 4);
    bench_fold(t.b, 4);
    cr_assert(strstr(bench_text(t.b, 4, "C2", &out), "and more"));
    cr_assert_eq(strlen(buf_cstr(&out)), 5 * words.len + strlen("and more"));
    buf_free(&words);
    buf_free(&out);
    bench_free(t.b);
}

/* A megabyte in four answers. */
static struct trio trio_with_much_text(const struct core_settings *settings)
{
    static const char *const where[] = {"C2", "B1.rationale", "A6.rationale", "C1.rationale"};
    struct trio t = trio_with(settings);
    struct buf words = BUF_INIT;
    for (int i = 0; i < 5000; i++)
        buf_append_str(&words, "ten bytes ");
    for (int i = 0; i < 20; i++) {
        bench_type(t.b, 1, where[i % 4], buf_cstr(&words));
        bench_step(t.b);
        fold_all(&t);
    }
    buf_free(&words);
    return t;
}

Test(room, answers_that_nobody_takes_do_not_pile_up)
{
    struct core_settings set;
    core_settings_default(&set);
    set.max_outbound_bytes = 600 * 1000;
    struct trio t = trio_with_much_text(&set);
    struct bench_plain m;
    unsigned told = 0;
    t.b->conns[2].stuck = true;
    for (int i = 0; i < 40; i++) {
        (void)bench_send(t.b, 2, bench_make(&m, BODY(VIEW_AT), t.ref, 0));
        bench_step(t.b);
    }
    for (const Tandem__Envelope *e; (e = bench_take(t.b, 2));)
        told += e->body_case == BODY(ERROR) && e->error->code == (uint32_t)ERR_SLOW_DOWN;
    cr_assert_geq(told, 38, "each of them is a megabyte");
    /* taking nothing for ten seconds ends it */
    for (int i = 0; i < 12 && !t.b->conns[2].closing; i++) {
        bench_time(t.b, 1000);
        (void)bench_send(t.b, 2, bench_make(&m, BODY(PONG), "", 0));
    }
    cr_assert(t.b->conns[2].closing);
    bench_free(t.b);
}

Test(room, a_slow_line_that_takes_something_is_not_cut_off)
{
    struct core_settings set;
    core_settings_default(&set);
    set.max_outbound_bytes = 600 * 1000;
    struct trio t = trio_with_much_text(&set);
    struct bench_plain m;
    bench_connect(t.b, 4, t.fsw);
    t.b->conns[4].stuck = true;
    bench_ask_join(t.b, 4, t.ref, false);
    bench_step(t.b);
    for (int i = 0; i < 20; i++) {
        size_t queued = t.b->conns[4].queued;
        t.b->conns[4].queued = queued > 60000 ? queued - 60000 : 0;
        bench_time(t.b, 4000);
        (void)bench_send(t.b, 4, bench_make(&m, BODY(PONG), "", 0));
        cr_assert(!t.b->conns[4].closing, "after %d", i);
    }
    bench_take_joined(t.b, 4);
    bench_free(t.b);
}

/* ---- a slow reader ---- */

Test(room, a_slow_reader_is_told_and_cut_off_and_the_others_notice_nothing)
{
    struct core_settings set;
    core_settings_default(&set);
    set.max_outbound_bytes = 32 * 1024;
    set.requests_burst = 1000 * 1000;
    struct trio t = trio_with(&set);
    t.b->conns[2].stuck = true;
    for (int i = 0; i < 2000; i++) {
        bench_type(t.b, 1, "C2", "x");
        bench_step(t.b);
        bench_fold(t.b, 1);
        cr_assert_leq(t.b->conns[2].queued, 32 * 1024);
    }
    cr_assert_eq(t.b->conns[1].acked, 2000);
    bench_fold(t.b, 3);
    cr_assert_eq(t.b->conns[3].events, 2000);
    bench_fold(t.b, 2);
    cr_assert(t.b->conns[2].room_closed);
    cr_assert_eq(t.b->conns[2].closed_code, (uint32_t)ERR_REJOIN);
    cr_assert_lt(t.b->conns[2].events, 2000);
    cr_assert(!t.b->conns[2].closing);
    for (int i = 0; i < 12 && !t.b->conns[2].closing; i++)
        bench_time(t.b, 1000);
    cr_assert(t.b->conns[2].closing, "it took nothing for ten seconds");
    cr_assert(!t.b->conns[3].closing);
    bench_free(t.b);
}

Test(room, a_reader_that_was_slow_for_a_moment_comes_back_from_its_seq)
{
    struct core_settings set;
    core_settings_default(&set);
    set.max_outbound_bytes = 32 * 1024;
    set.requests_burst = 1000 * 1000;
    struct trio t = trio_with(&set);
    struct buf out = BUF_INIT;
    t.b->conns[2].stuck = true;
    for (int i = 0; i < 2000; i++) {
        bench_type(t.b, 1, "C2", "x");
        bench_step(t.b);
        bench_fold(t.b, 1);
    }
    bench_fold(t.b, 2);
    t.b->conns[2].stuck = false;
    t.b->conns[2].queued = 0;
    bench_rejoin(t.b, 2, t.ref, t.b->conns[2].agent, t.b->conns[2].seq);
    cr_assert_eq(strlen(bench_text(t.b, 2, "C2", &out)), 2000);
    bench_type(t.b, 1, "C2", "y");
    bench_step(t.b);
    bench_fold(t.b, 2);
    cr_assert_eq(strlen(bench_text(t.b, 2, "C2", &out)), 2001, "what follows is heard at once");
    bench_time(t.b, 11 * 1000);
    cr_assert(!t.b->conns[2].closing);
    buf_free(&out);
    bench_free(t.b);
}

/* ---- presence ---- */

static void move_to(struct trio *t, unsigned conn, uint32_t question, uint32_t agent, uint32_t seq)
{
    Tandem__Presence p = TANDEM__PRESENCE__INIT;
    Tandem__Anchor head = TANDEM__ANCHOR__INIT;
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    p.room = t->b->conns[conn].room;
    p.question = question;
    p.part = PART_TEXT;
    p.person = 4711; /* not the client's to say */
    head.agent = agent;
    head.seq = seq;
    p.head = &head;
    e.body_case = BODY(PRESENCE);
    e.presence = &p;
    (void)bench_send(t->b, conn, &e);
}

Test(room, a_cursor_is_told_to_the_others_after_the_words_that_it_stands_on)
{
    struct trio t = trio_new();
    bench_type(t.b, 1, "C2", "words");
    move_to(&t, 1, 11, t.b->conns[1].agent, 4);
    bench_expect_nothing(t.b, 2);
    bench_step(t.b);
    (void)bench_expect(t.b, 2, BODY(EVENT));
    const Tandem__Presence *p = bench_expect(t.b, 2, BODY(PRESENCE))->presence;
    cr_assert_eq(p->person, t.fro);
    cr_assert_eq(p->agent, t.b->conns[1].agent);
    cr_assert_eq(p->question, 11);
    cr_assert(p->head && p->head->seq == 4);
    (void)bench_expect(t.b, 1, BODY(ACKED));
    bench_expect_nothing(t.b, 1);
    bench_free(t.b);
}

Test(room, coming_and_going_is_told)
{
    struct trio t = trio_new();
    bench_connect(t.b, 4, t.fsw);
    bench_join(t.b, 4, t.ref);
    const Tandem__Presents *p = bench_expect(t.b, 1, BODY(PRESENTS))->presents;
    cr_assert_eq(p->n_here, 1);
    cr_assert_eq(p->here[0]->person, t.fsw);
    cr_assert_str_eq(p->here[0]->name, "Ben Stone");
    cr_assert_eq(p->here[0]->role, ROLE_FSW);
    cr_assert(!p->here[0]->gone);
    bench_drop(t.b, 4);
    p = bench_expect(t.b, 1, BODY(PRESENTS))->presents;
    cr_assert(p->here[0]->gone);
    struct bench_plain m;
    (void)bench_send(t.b, 1, bench_make(&m, BODY(WHO), t.ref, 0));
    bench_step(t.b);
    cr_assert_eq(bench_expect(t.b, 1, BODY(PRESENTS))->presents->n_here, 3);
    (void)bench_send(t.b, 1, bench_make(&m, BODY(LEAVE), "", t.b->conns[1].room));
    (void)bench_expect(t.b, 1, BODY(DONE));
    bench_type(t.b, 2, "C2", "x");
    bench_step(t.b);
    bench_expect_nothing(t.b, 1);
    bench_free(t.b);
}

Test(room, who_looks_in_by_their_office_is_shown_with_it)
{
    struct trio t = trio_new();
    bench_connect(t.b, 4, bench_person(t.b, "Quinn", ROLE_QA, ""));
    bench_join(t.b, 4, t.ref);
    cr_assert_eq(bench_expect(t.b, 1, BODY(PRESENTS))->presents->here[0]->role, ROLE_QA);
    bench_free(t.b);
}

/* ---- what is withheld ---- */

Test(room, the_young_persons_words_never_reach_the_worker)
{
    static const char words[] = "the dog sleeps on my bed";
    struct trio t = trio_new();
    bench_set(t.b, 3, "J3.status", "obtained");
    bench_type(t.b, 3, "J3.words", words);
    bench_step(t.b);
    fold_all(&t);
    move_to(&t, 3, 17, t.b->conns[3].agent, 3);
    cr_assert_eq(t.b->conns[3].acked, 2);
    cr_assert_eq(t.b->conns[2].seq, t.b->conns[3].seq, "they know that something happened");
    /* coming back, looking at history and at how it stood */
    uint64_t have = t.b->conns[2].seq;
    uint32_t agent = t.b->conns[2].agent;
    struct bench_plain m;
    (void)bench_send(t.b, 2, bench_make(&m, BODY(HISTORY), t.ref, 0));
    bench_step(t.b);
    for (int i = 0; i < 3; i++) {
        Tandem__Envelope *e = bench_make(&m, BODY(VIEW_AT), t.ref, 0);
        e->view_at->seq = i ? have - (uint64_t)i + 1 : 0;
        (void)bench_send(t.b, 2, e);
        bench_step(t.b);
    }
    bench_forget(t.b, 2);
    bench_connect(t.b, 4, t.fsw);
    bench_join(t.b, 4, t.ref);
    bench_forget(t.b, 2);
    bench_rejoin(t.b, 2, t.ref, agent, have - 1);
    cr_assert(!bench_was_sent(t.b, 2, words));
    cr_assert(!bench_was_sent(t.b, 4, words));
    cr_assert(!bench_was_sent(t.b, 2, "the dog"));
    /* until the IRO shares them */
    bench_fold(t.b, 2);
    bench_set(t.b, 3, "J3.shown_to", "worker");
    bench_step(t.b);
    bench_fold(t.b, 2);
    cr_assert(t.b->conns[2].room_closed);
    cr_assert_eq(t.b->conns[2].closed_code, (uint32_t)ERR_REJOIN);
    bench_rejoin(t.b, 2, t.ref, agent, t.b->conns[2].seq);
    struct buf out = BUF_INIT;
    cr_assert_str_eq(bench_text(t.b, 2, "J3.words", &out), words);
    /* and when they take that back, it is gone, in the past as well */
    bench_fold(t.b, 3);
    bench_set(t.b, 3, "J3.shown_to", "");
    bench_step(t.b);
    bench_fold(t.b, 2);
    cr_assert(t.b->conns[2].room_closed);
    buf_clear(&t.b->conns[2].all);
    bench_rejoin(t.b, 2, t.ref, agent, t.b->conns[2].seq);
    Tandem__Envelope *e = bench_make(&m, BODY(VIEW_AT), t.ref, 0);
    e->view_at->seq = have + 1;
    (void)bench_send(t.b, 2, e);
    bench_step(t.b);
    (void)bench_expect(t.b, 2, BODY(VIEW));
    cr_assert(!bench_was_sent(t.b, 2, words));
    buf_free(&out);
    bench_free(t.b);
}

/* Who knows all but a few letters of an event could try them out against a hash over it. */
Test(room, no_hash_goes_to_whom_something_is_withheld)
{
    struct trio t = trio_new();
    struct bench_plain m;
    bench_type(t.b, 3, "J3.words", "dog");
    bench_step(t.b);
    fold_all(&t);
    bench_type(t.b, 1, "C2", "after it");
    bench_step(t.b);
    fold_all(&t);
    bench_set(t.b, 1, "A6.grade_auditor", "good"); /* first grades are blind until both are in */
    bench_step(t.b);
    fold_all(&t);
    bench_set(t.b, 2, "A6.grade_practitioner", "good");
    bench_step(t.b);
    fold_all(&t);
    static const size_t hash_len[] = {[2] = 0, [3] = HASH_LEN};
    for (unsigned c = 2; c <= 3; c++) {
        (void)bench_send(t.b, c, bench_make(&m, BODY(HISTORY), t.ref, 0));
        bench_step(t.b);
        const Tandem__HistoryPage *p = bench_expect(t.b, c, BODY(HISTORY_PAGE))->history_page;
        cr_assert_eq(p->n_events, p->last_seq);
        for (size_t i = 0; i < p->n_events; i++)
            cr_assert_eq(p->events[i]->hash.len, hash_len[c], "person %u, event %zu", c, i + 1);
    }
    bench_free(t.b);
}

Test(room, a_comment_on_withheld_words_is_withheld_too)
{
    struct trio t = trio_new();
    struct audit_op op = {.kind = OP_COMMENT_ADD};
    struct field f;
    cr_assert_eq(audit_field_parse(t.b->conns[3].audit, "J3.words", &f, NULL), ERR_OK);
    op.comment = (struct op_comment){.comment = event_local_id(t.b->conns[3].agent, 1),
                                     .field = f,
                                     .text = "she was whispering"};
    bench_batch(t.b, 3, &op, 1);
    bench_step(t.b);
    op.kind = OP_COMMENT_REPLY;
    op.comment.text = "and then laughed";
    bench_batch(t.b, 3, &op, 1);
    bench_step(t.b);
    fold_all(&t);
    cr_assert_eq(t.b->conns[3].acked, 2);
    cr_assert_eq(t.b->conns[2].events, 2);
    struct bench_plain m;
    (void)bench_send(t.b, 2, bench_make(&m, BODY(HISTORY), t.ref, 0));
    bench_step(t.b);
    bench_connect(t.b, 4, t.fsw);
    bench_join(t.b, 4, t.ref);
    for (unsigned c = 2; c <= 4; c += 2)
        cr_assert(!bench_was_sent(t.b, c, "whispering") && !bench_was_sent(t.b, c, "laughed"));
    bench_free(t.b);
}

Test(room, a_cursor_in_withheld_words_has_no_place)
{
    struct trio t = trio_new();
    bench_type(t.b, 3, "J3.words", "hidden");
    bench_step(t.b);
    fold_all(&t);
    move_to(&t, 3, 17, t.b->conns[3].agent, 3);
    const Tandem__Presence *p = bench_expect(t.b, 2, BODY(PRESENCE))->presence;
    cr_assert_eq(p->question, 17);
    cr_assert_null(p->head);
    bench_free(t.b);
}

Test(room, what_was_withheld_in_the_past_is_shown_once_it_is_shared)
{
    static const char words[] = "I like the garden";
    struct trio t = trio_new();
    bench_type(t.b, 3, "J3.words", words);
    bench_step(t.b);
    fold_all(&t);
    uint64_t then = t.b->conns[3].seq;
    bench_set(t.b, 3, "J3.shown_to", "worker");
    bench_step(t.b);
    bench_fold(t.b, 2);
    cr_assert(!bench_was_sent(t.b, 2, words));
    struct bench_plain m;
    Tandem__Envelope *e = bench_make(&m, BODY(VIEW_AT), t.ref, 0);
    e->view_at->seq = then;
    (void)bench_send(t.b, 2, e);
    bench_step(t.b);
    const Tandem__View *v = bench_expect(t.b, 2, BODY(VIEW))->view;
    cr_assert_eq(v->seq, then);
    cr_assert(bench_was_sent(t.b, 2, words));
    bench_free(t.b);
}

Test(room, blind_grades_are_shown_when_both_are_in)
{
    struct trio t = trio_new();
    for (unsigned c = 1; c <= 3; c++)
        buf_clear(&t.b->conns[c].all); /* the template names all grades */
    bench_set(t.b, 1, "A6.grade_auditor", "good");
    bench_step(t.b);
    fold_all(&t);
    cr_assert(!bench_was_sent(t.b, 2, "good"));
    bench_set(t.b, 2, "A6.grade_practitioner", "inadequate");
    bench_step(t.b);
    bench_fold(t.b, 1);
    bench_fold(t.b, 2);
    cr_assert(t.b->conns[1].room_closed && t.b->conns[2].room_closed);
    cr_assert_eq(t.b->conns[2].acked, 1, "the author is acknowledged first");
    bench_rejoin(t.b, 2, t.ref, t.b->conns[2].agent, t.b->conns[2].seq);
    struct field f;
    cr_assert_eq(audit_field_parse(t.b->conns[2].audit, "A6.grade_auditor", &f, NULL), ERR_OK);
    cr_assert_str_eq(audit_value(t.b->conns[2].audit, f).value, "good");
    bench_free(t.b);
}

/* ---- members and roles change ---- */

Test(room, who_is_removed_leaves_the_room_at_once)
{
    struct trio t = trio_new();
    bench_person(t.b, "Dee Ash", ROLE_FSW, "North");
    bench_set_member(t.b, 1, t.ref, "Ben Stone", ROLE_NONE);
    bench_step(t.b);
    bench_fold(t.b, 2);
    cr_assert(t.b->conns[2].room_closed);
    cr_assert_eq(t.b->conns[2].closed_code, (uint32_t)ERR_NOT_FOUND);
    bench_type(t.b, 1, "C2", "alone now");
    bench_step(t.b);
    cr_assert(!bench_was_sent(t.b, 2, "alone now"));
    bench_ask_join(t.b, 2, t.ref, false);
    bench_step(t.b);
    (void)bench_expect_error(t.b, 2, ERR_NOT_FOUND);
    bench_free(t.b);
}

Test(room, nobody_moderates_what_they_write)
{
    struct trio t = trio_new();
    bench_give_role(t.b, t.fsw, ROLE_IRO, "");
    bench_give_role(t.b, t.iro, ROLE_FSW, "North");
    bench_forget(t.b, 1);
    bench_set_member(t.b, 1, t.ref, "Ben Stone", ROLE_IRO);
    bench_step(t.b);
    (void)bench_expect_error(t.b, 1, ERR_REFUSED_ROLE);
    bench_set_member(t.b, 1, t.ref, "Cat Moss", ROLE_FSW);
    bench_step(t.b);
    (void)bench_expect_error(t.b, 1, ERR_REFUSED_ROLE);
    bench_set_member(t.b, 1, t.ref, "Nobody Atall", ROLE_FSW);
    bench_step(t.b);
    (void)bench_expect_error(t.b, 1, ERR_INPUT);
    bench_free(t.b);
}

Test(room, a_revoked_person_is_told_and_out)
{
    struct trio t = trio_new();
    bench_revoke(t.b, t.fsw);
    (void)bench_expect_error(t.b, 2, ERR_NOT_AUTHENTICATED);
    cr_assert(t.b->conns[2].closing);
    bench_type(t.b, 1, "C2", "after that");
    bench_step(t.b);
    cr_assert(!bench_was_sent(t.b, 2, "after that"));
    const Tandem__Presents *p = bench_expect(t.b, 1, BODY(PRESENTS))->presents;
    cr_assert(p->here[0]->gone);
    const struct core_peer peer = bench_peer(t.b, t.fsw);
    struct bench_plain m;
    bench_open(t.b, 4, &peer);
    Tandem__Envelope *e = bench_make(&m, BODY(HELLO), "", 0);
    e->hello->protocol = 1;
    (void)bench_send(t.b, 4, e);
    (void)bench_expect_error(t.b, 4, ERR_NOT_AUTHENTICATED);
    bench_free(t.b);
}

Test(room, a_role_taken_away_counts_from_the_next_frame)
{
    struct trio t = trio_new();
    bench_connect(t.b, 4, bench_person(t.b, "Quinn", ROLE_QA, ""));
    bench_join(t.b, 4, t.ref);
    bench_change_roles(t.b, t.b->conns[4].person, ROLE_QA, "South");
    const Tandem__RoomClosed *closed = bench_expect(t.b, 4, BODY(ROOM_CLOSED))->room_closed;
    cr_assert_eq(closed->code, (uint32_t)ERR_NOT_FOUND);
    bench_ask_join(t.b, 4, t.ref, false);
    bench_step(t.b);
    (void)bench_expect_error(t.b, 4, ERR_NOT_FOUND);
    bench_free(t.b);
}

/* ---- the store fails ---- */

Test(room, a_failed_commit_is_told_and_the_server_is_well_again)
{
    static const enum err kinds[] = {ERR_STORE, ERR_FULL};
    for (size_t k = 0; k < 2; k++) {
        struct trio t = trio_new();
        struct buf out = BUF_INIT;
        bench_type(t.b, 1, "C2", "safe ");
        bench_step(t.b);
        fold_all(&t);
        store_mem_fail_commit(t.b->store, 1, kinds[k]);
        bench_type(t.b, 1, "C2", "lost");
        bench_type(t.b, 2, "C2", "lost too");
        bench_step(t.b);
        if (store_is_dead(t.b->store)) {
            cr_assert_gt(t.b->fatal, 0);
            buf_free(&out);
            bench_free(t.b);
            continue;
        }
        const Tandem__Error *e = bench_expect_error(t.b, 1, kinds[k]);
        cr_assert_eq(e->batch_no, 2);
        cr_assert(strstr(e->text, "kept on your screen"));
        cr_assert_eq(bench_expect(t.b, 1, BODY(ROOM_CLOSED))->room_closed->code,
                     (uint32_t)ERR_REJOIN);
        cr_assert_eq(bench_expect_error(t.b, 2, kinds[k])->batch_no, 1);
        (void)bench_expect(t.b, 2, BODY(ROOM_CLOSED));
        (void)bench_expect(t.b, 3, BODY(ROOM_CLOSED));
        cr_assert(!bench_was_sent(t.b, 3, "lost"));
        cr_assert_eq(core_health(t.b->core).events_in_flight, 0);
        /* they come back and send it again */
        for (unsigned c = 1; c <= 3; c++)
            bench_rejoin(t.b, c, t.ref, t.b->conns[c].agent, t.b->conns[c].seq);
        cr_assert_eq(t.b->conns[1].batch_no, 1);
        for (unsigned c = 1; c <= 3; c++)
            bench_forget(t.b, c);
        bench_resend(t.b, 1);
        bench_resend(t.b, 2);
        bench_step(t.b);
        bench_fold(t.b, 3);
        const char *text = bench_text(t.b, 3, "C2", &out);
        cr_assert(strstr(text, "safe ") && strstr(text, "lost too"), "%s", text);
        buf_free(&out);
        bench_free(t.b);
    }
}

Test(room, a_join_that_meets_a_failed_commit_is_answered_with_what_is_durable)
{
    struct trio t = trio_new();
    struct buf out = BUF_INIT;
    bench_connect(t.b, 4, t.fsw);
    bench_ask_join(t.b, 4, t.ref, false);
    bench_type(t.b, 1, "C2", "never");
    cr_assert_eq(store_mem_step(t.b->store, 1), 1); /* the note in the read log */
    bench_expect_nothing(t.b, 4);
    store_mem_fail_commit(t.b->store, 1, ERR_FULL);
    bench_step(t.b);
    bench_take_joined(t.b, 4);
    cr_assert_str_eq(bench_text(t.b, 4, "C2", &out), "");
    cr_assert(!bench_was_sent(t.b, 4, "never"));
    bench_forget(t.b, 2);
    bench_rejoin(t.b, 2, t.ref, t.b->conns[2].agent, t.b->conns[2].seq);
    bench_forget(t.b, 4);
    bench_type(t.b, 2, "C2", "after all");
    bench_step(t.b);
    bench_fold(t.b, 4);
    cr_assert_str_eq(bench_text(t.b, 4, "C2", &out), "after all");
    buf_free(&out);
    bench_free(t.b);
}

Test(room, a_history_that_meets_a_failed_commit_shows_nothing_of_it)
{
    struct trio t = trio_new();
    struct bench_plain m;
    (void)bench_send(t.b, 2, bench_make(&m, BODY(VIEW_AT), t.ref, 0));
    bench_type(t.b, 1, "C2", "never");
    cr_assert_eq(store_mem_step(t.b->store, 1), 1);
    bench_expect_nothing(t.b, 2);
    store_mem_fail_commit(t.b->store, 1, ERR_FULL);
    bench_step(t.b);
    cr_assert(!bench_was_sent(t.b, 2, "never"));
    bench_free(t.b);
}

/* The second request on its way of an audit whose first one fails: neither is kept, the writer is
 * told of both, once each. */
Test(room, what_was_behind_a_failed_commit_is_lost_with_it)
{
    struct trio t = trio_new();
    bench_type(t.b, 1, "C2", "one");
    bench_type(t.b, 1, "C2", "two");
    bench_type(t.b, 2, "C2", "three");
    store_mem_fail_commit(t.b->store, 1, ERR_FULL);
    cr_assert_eq(store_mem_step(t.b->store, 1), 1);
    bench_step(t.b);
    cr_assert_eq(bench_expect_error(t.b, 1, ERR_FULL)->batch_no, 1);
    cr_assert_eq(bench_expect_error(t.b, 1, ERR_FULL)->batch_no, 2);
    (void)bench_expect(t.b, 1, BODY(ROOM_CLOSED));
    bench_expect_nothing(t.b, 1);
    cr_assert_eq(bench_expect_error(t.b, 2, ERR_FULL)->batch_no, 1);
    bench_forget(t.b, 3);
    bench_rejoin(t.b, 3, t.ref, t.b->conns[3].agent, 0);
    struct buf out = BUF_INIT;
    cr_assert_str_eq(bench_text(t.b, 3, "C2", &out), "");
    buf_free(&out);
    bench_free(t.b);
}

Test(room, a_dead_store_ends_the_server)
{
    struct trio t = trio_new();
    store_mem_fail_commit(t.b->store, 1, ERR_STORE);
    bench_type(t.b, 1, "C2", "x");
    bench_step(t.b);
    cr_assert_eq(store_is_dead(t.b->store), t.b->fatal > 0);
    bench_free(t.b);
}

/* ---- memory ---- */

Test(room, an_audit_with_nobody_in_it_leaves_memory_and_comes_back_the_same)
{
    struct trio t = trio_new();
    struct buf out = BUF_INIT;
    for (int i = 0; i < 700; i++) {
        bench_type(t.b, 1, "C2", "y");
        bench_step(t.b);
        bench_fold(t.b, 1);
        bench_time(t.b, 10);
    }
    cr_assert_eq(core_health(t.b->core).audits_in_memory, 1);
    for (unsigned c = 1; c <= 3; c++)
        bench_drop(t.b, c);
    bench_idle(t.b);
    bench_connect(t.b, 1, t.fro);
    bench_join(t.b, 1, t.ref);
    cr_assert_eq(strlen(bench_text(t.b, 1, "C2", &out)), 700);
    bench_restart(t.b);
    bench_connect(t.b, 1, t.fro);
    bench_join(t.b, 1, t.ref);
    cr_assert_eq(strlen(bench_text(t.b, 1, "C2", &out)), 700);
    buf_free(&out);
    bench_free(t.b);
}

/* They may be no members; whoever reads the audit needs their names all the same. */
Test(room, people_whom_the_audits_life_names_are_named)
{
    static const char *const names[] = {"Dan Mover", "Eve Signer", "Fay Present",
                                        "Gus Told",  "Hel Noter",  "Ian Glass"};
    struct trio t = trio_new();
    uint32_t ids[6];
    for (size_t i = 0; i < 6; i++)
        ids[i] = bench_person(t.b, names[i], ROLE_SSL, "South");
    for (unsigned c = 1; c <= 3; c++)
        bench_drop(t.b, c);
    bench_idle(t.b);
    struct audit_op move = {
        .kind = OP_MOVE, .move = {.to = AUDIT_AGREED, .present = &ids[2], .npresent = 1}
    };
    struct audit_op sign = {
        .kind = OP_SIGN, .sign = {.role = ROLE_FRO, .revision = 1}
    };
    struct audit_op flag = {
        .kind = OP_FLAG,
        .flag = {.text = "x", .told = "SM", .told_utc_ms = 1, .told_person = ids[3]}
    };
    struct audit_op glass = {
        .kind = OP_GLASS, .glass = {.person = ids[5], .until_utc_ms = INT64_MAX, .reason = "x"}
    };
    bench_serve(t.b, t.ref, ids[0], move);
    bench_serve(t.b, t.ref, ids[1], sign);
    bench_serve(t.b, t.ref, t.fro, flag);
    bench_connect(t.b, 4, t.fro);
    bench_join(t.b, 4, t.ref);
    struct audit_op note = {
        .kind = OP_FLAG_NOTE, .flag_note = {.flag = audit_seq(t.b->conns[4].audit), .text = "x"}
    };
    bench_drop(t.b, 4);
    bench_idle(t.b);
    bench_serve(t.b, t.ref, ids[4], note);
    bench_serve(t.b, t.ref, t.fro, glass);
    bench_connect(t.b, 5, t.fro);
    bench_join(t.b, 5, t.ref);
    for (size_t i = 0; i < 6; i++)
        cr_expect(bench_was_sent(t.b, 5, names[i]), "%s", names[i]);
    bench_free(t.b);
}
