/* What store.h promises, asked of every implementation. Lists and duties: test_store_queries.c. */

#include "server/store/store.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/seal.h"
#include "tests/lib/store_conform.h"

static struct store_load load(struct store_under_test *t, uint64_t audit)
{
    struct store_load l = {.req.op = STORE_LOAD, .audit = audit};
    ASSERT_ERR(RUN(l), ERR_OK);
    return l;
}

static void load_free(struct store_load *l)
{
    buf_free(&l->snapshot);
    free(l->events);
}

static uint64_t last_seq(struct store_under_test *t, uint64_t audit)
{
    struct store_load l = load(t, audit);
    uint64_t seq = l.snapshot_seq + l.nevents;
    load_free(&l);
    return seq;
}

static bool body_is(const struct store_event *e, const char *body)
{
    return e->body_len == strlen(body) && memcmp(e->body, body, e->body_len) == 0;
}

/* ---- the log ---- */

CONFORMS(what_was_appended_is_loaded_back_in_order_after_a_restart)
{
    uint64_t audit = put_audit(t);
    ASSERT_ERR(put_event(t, audit, 1, "second"), ERR_OK);
    ASSERT_ERR(put_event(t, audit, 2, "third"), ERR_OK);
    t->impl->reopen(t);
    struct store_load l = load(t, audit);
    cr_assert_eq(l.nevents, 3);
    cr_assert_eq(l.snapshot_seq, 0);
    cr_assert_eq(l.snapshot.len, 0);
    cr_assert_str_eq(l.ref, "FCA-2026-0001");
    cr_assert(body_is(&l.events[0], "created"));
    cr_assert(body_is(&l.events[1], "second"));
    cr_assert(body_is(&l.events[2], "third"));
    for (uint64_t i = 0; i < 3; i++) {
        cr_assert_eq(l.events[i].seq, i + 1);
        cr_assert_eq(l.events[i].utc_ms, (int64_t)(i + 1) * 1000);
        cr_assert_eq(l.events[i].actor, 7);
    }
    load_free(&l);
}

CONFORMS(several_events_go_in_together)
{
    uint64_t audit = put_audit(t);
    struct store_event e[3];
    for (size_t i = 0; i < 3; i++)
        e[i] = (struct store_event){.seq = 2 + i,
                                    .utc_ms = 2000,
                                    .actor = 8,
                                    .body = (const uint8_t *)"abc" + i,
                                    .body_len = 1};
    struct store_append a = {
        .req.op = STORE_APPEND, .audit = audit, .expected_seq = 1, .events = e, .nevents = 3};
    ASSERT_ERR(RUN(a), ERR_OK);
    struct store_load l = load(t, audit);
    cr_assert_eq(l.nevents, 4);
    cr_assert(body_is(&l.events[3], "c"));
    cr_assert_arr_eq(l.events[3].hash, e[2].hash, HASH_LEN, "the same hash as on append");
    load_free(&l);
}

CONFORMS(hashes_chain_each_event_to_the_one_before)
{
    uint64_t audit = put_audit(t);
    ASSERT_ERR(put_event(t, audit, 1, "second"), ERR_OK);
    struct store_load l = load(t, audit);
    uint8_t previous[HASH_LEN] = {0};
    for (size_t i = 0; i < l.nevents; i++) {
        const struct store_event *e = &l.events[i];
        struct buf stored = BUF_INIT;
        ASSERT_ERR(seal_close(audit, e->body, e->body_len, &stored), ERR_OK);
        seal_chain(previous, audit, e->seq, e->utc_ms, e->actor, stored.data, stored.len, previous);
        buf_free(&stored);
        cr_assert_arr_eq(e->hash, previous, HASH_LEN, "event %zu", i + 1);
    }
    load_free(&l);
}

CONFORMS(append_is_refused_when_the_sequence_has_moved_on)
{
    uint64_t audit = put_audit(t);
    ASSERT_ERR(put_event(t, audit, 1, "mine"), ERR_OK);
    ASSERT_ERR(put_event(t, audit, 1, "late"), ERR_STALE);
    ASSERT_ERR(put_event(t, audit, 3, "early"), ERR_STALE);
    struct store_load l = load(t, audit);
    cr_assert_eq(l.nevents, 2);
    cr_assert(body_is(&l.events[1], "mine"));
    load_free(&l);
}

CONFORMS(append_to_a_number_that_was_never_reserved_is_not_found)
{
    struct store_summary s = make_summary("FCA-2026-0001");
    struct store_event e = {.seq = 1, .body = (const uint8_t *)"x", .body_len = 1};
    struct store_append a = {
        .req.op = STORE_APPEND, .audit = 1, .events = &e, .nevents = 1, .summary = &s};
    ASSERT_ERR(RUN(a), ERR_NOT_FOUND);
}

CONFORMS(malformed_appends_are_refused_and_leave_nothing)
{
    char ref[32];
    uint64_t audit = put_reserve(t, ref);
    struct store_summary good = make_summary(ref), other = make_summary("FCA-2026-0099"),
                         unterminated = make_summary(ref);
    memset(unterminated.team, 'x', sizeof unterminated.team);
    const uint8_t *x = (const uint8_t *)"x";
    struct store_event one = {.seq = 1, .utc_ms = 5, .body = x, .body_len = 1};
    struct store_event empty = {.seq = 1, .utc_ms = 5, .body = x};
    struct store_event gap[] = {
        {.seq = 1, .body = x, .body_len = 1},
        {.seq = 3, .body = x, .body_len = 1}
    };
    struct store_event back[] = {
        {.seq = 1, .utc_ms = 5, .body = x, .body_len = 1},
        {.seq = 2, .utc_ms = 4, .body = x, .body_len = 1}
    };
    struct store_member twice[] = {
        {.person = 3, .role = ROLE_FRO},
        {.person = 3          }
    };
    struct store_append bad[] = {
        {.events = &one, .nevents = 0,             .summary = &good},
        {.events = &one, .nevents = 1            },
        {.events = &one,  .nevents = 1,        .summary = &other                },
        {.events = &one,  .nevents = 1, .summary = &unterminated},
        {.events = &one,  .nevents = 1,         .summary = &good,                 .members = twice, .nmembers = 2},
        {.events = &empty,              .nevents = 1,                       .summary = &good},
        {.events = gap,              .nevents = 2,                          .summary = &good             },
        {.events = back,              .nevents = 2,                         .summary = &good                                },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        bad[i].req.op = STORE_APPEND;
        bad[i].audit = audit;
        cr_assert_eq(RUN(bad[i]), ERR_INPUT, "%s: bad append %zu", t->impl->name, i);
    }
    struct store_load l = {.req.op = STORE_LOAD, .audit = audit};
    ASSERT_ERR(RUN(l), ERR_NOT_FOUND);
}

CONFORMS(time_does_not_run_backwards_between_appends)
{
    uint64_t audit = put_audit(t); /* at 1000 */
    struct store_event e = {.seq = 2, .utc_ms = 999, .body = (const uint8_t *)"x", .body_len = 1};
    struct store_append a = {
        .req.op = STORE_APPEND, .audit = audit, .expected_seq = 1, .events = &e, .nevents = 1};
    ASSERT_ERR(RUN(a), ERR_INPUT);
    e.utc_ms = 1000;
    ASSERT_ERR(RUN(a), ERR_OK);
}

CONFORMS(a_reserved_number_is_not_an_audit_yet)
{
    char ref[32];
    uint64_t audit = put_reserve(t, ref);
    struct store_load l = {.req.op = STORE_LOAD, .audit = audit};
    ASSERT_ERR(RUN(l), ERR_NOT_FOUND);
    struct store_load by_ref = {.req.op = STORE_LOAD};
    memcpy(by_ref.ref, ref, sizeof ref);
    ASSERT_ERR(RUN(by_ref), ERR_NOT_FOUND);
    struct store_enter n = {.req.op = STORE_ENTER, .audit = audit, .what = "open"};
    ASSERT_ERR(RUN(n), ERR_NOT_FOUND);
    struct store_list_audits list = {.req.op = STORE_LIST_AUDITS};
    ASSERT_ERR(RUN(list), ERR_OK);
    cr_assert_eq(list.nrows, 0);
    free(list.rows);
}

CONFORMS(references_count_up_per_template_and_year_and_leave_gaps)
{
    static const struct {
        const char *id;
        int year;
        const char *ref;
    } rows[] = {
        {"FCA", 2026, "FCA-2026-0001"},
        {"FCA", 2026, "FCA-2026-0002"},
        {"DIP", 2026, "DIP-2026-0001"},
        {"FCA", 2027, "FCA-2027-0001"},
        {"FCA", 2026, "FCA-2026-0003"}
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct store_create_audit c = {.req.op = STORE_CREATE_AUDIT, .year = rows[i].year};
        snprintf(c.template_id, sizeof c.template_id, "%s", rows[i].id);
        ASSERT_ERR(RUN(c), ERR_OK);
        cr_assert_str_eq(c.ref, rows[i].ref);
        cr_assert_eq(c.audit, i + 1);
        if (i == 2)
            t->impl->reopen(t);
    }
    struct store_create_audit bad = {.req.op = STORE_CREATE_AUDIT, .year = 2026};
    ASSERT_ERR(RUN(bad), ERR_INPUT);
}

CONFORMS(load_finds_an_audit_by_its_reference)
{
    put_audit(t);
    uint64_t audit = put_audit(t);
    struct store_load l = {.req.op = STORE_LOAD, .ref = "FCA-2026-0002"};
    ASSERT_ERR(RUN(l), ERR_OK);
    cr_assert_eq(l.audit, audit);
    cr_assert_eq(l.nevents, 1);
    load_free(&l);
    struct store_load none = {.req.op = STORE_LOAD, .ref = "FCA-2026-0003"};
    ASSERT_ERR(RUN(none), ERR_NOT_FOUND);
}

CONFORMS(load_gives_the_state_at_a_seq_or_an_instant)
{
    uint64_t audit = put_audit(t);
    for (uint64_t seq = 1; seq < 10; seq++) /* events 1 ... 10 at 1000 ... 10000 */
        ASSERT_ERR(put_event(t, audit, seq, "x"), ERR_OK);
    static const struct {
        uint64_t at_seq;
        int64_t at_utc_ms;
        enum err err;
        uint64_t last;
    } rows[] = {
        {1,  0,     ERR_OK,        1 },
        {4,  0,     ERR_OK,        4 },
        {10, 0,     ERR_OK,        10},
        {11, 0,     ERR_INPUT,     0 },
        {0,  999,   ERR_NOT_FOUND, 0 },
        {0,  1000,  ERR_OK,        1 },
        {0,  6999,  ERR_OK,        6 },
        {0,  7000,  ERR_OK,        7 },
        {0,  7001,  ERR_OK,        7 },
        {0,  10000, ERR_OK,        10},
        {0,  99999, ERR_OK,        10}
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct store_load l = {.req.op = STORE_LOAD,
                               .audit = audit,
                               .at_seq = rows[i].at_seq,
                               .at_utc_ms = rows[i].at_utc_ms};
        cr_assert_eq(RUN(l), rows[i].err, "%s: row %zu", t->impl->name, i);
        cr_assert_eq(l.nevents, rows[i].last, "%s: row %zu", t->impl->name, i);
        load_free(&l);
    }
}

CONFORMS(events_come_in_pages_cut_by_number_and_by_bytes)
{
    uint64_t audit = put_audit(t); /* 7 bytes */
    for (uint64_t seq = 1; seq < 6; seq++)
        ASSERT_ERR(put_event(t, audit, seq, "0123456789"), ERR_OK);
    static const struct {
        uint64_t from;
        uint32_t max_events;
        size_t max_bytes, n;
    } rows[] = {
        {1,  100, 1000, 6},
        {1,  2,   1000, 2},
        {5,  100, 1000, 2},
        {7,  5,   1000, 0},
        {2,  100, 20,   2},
        {2,  100, 29,   2},
        {2,  100, 30,   3},
        {2,  100, 0,    1},
        {1,  100, 16,   1},
        {99, 1,   1,    0}
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct store_events q = {.req.op = STORE_EVENTS,
                                 .audit = audit,
                                 .from_seq = rows[i].from,
                                 .max_events = rows[i].max_events,
                                 .max_bytes = rows[i].max_bytes};
        ASSERT_ERR(RUN(q), ERR_OK);
        cr_assert_eq(q.nevents, rows[i].n, "%s: row %zu: %zu", t->impl->name, i, q.nevents);
        for (size_t k = 0; k < q.nevents; k++)
            cr_assert_eq(q.events[k].seq, rows[i].from + k);
        free(q.events);
    }
    struct store_events none = {
        .req.op = STORE_EVENTS, .audit = audit + 1, .from_seq = 1, .max_events = 1};
    ASSERT_ERR(RUN(none), ERR_NOT_FOUND);
}

/* ---- snapshots ---- */

static enum err save_snapshot(struct store_under_test *t, uint64_t audit, uint64_t seq)
{
    char data[32];
    int len = snprintf(data, sizeof data, "state after %u", (unsigned)seq);
    struct store_save_snapshot s = {.req.op = STORE_SAVE_SNAPSHOT,
                                    .audit = audit,
                                    .seq = seq,
                                    .data = (const uint8_t *)data,
                                    .len = (size_t)len};
    return RUN(s);
}

CONFORMS(load_starts_from_the_newest_snapshot_that_is_not_too_new)
{
    uint64_t audit = put_audit(t);
    for (uint64_t seq = 1; seq < 8; seq++)
        ASSERT_ERR(put_event(t, audit, seq, "x"), ERR_OK);
    ASSERT_ERR(save_snapshot(t, audit, 2), ERR_OK); /* the first of its hundred: kept */
    ASSERT_ERR(save_snapshot(t, audit, 5), ERR_OK);
    t->impl->reopen(t);
    static const struct {
        uint64_t at_seq, snapshot_seq;
        size_t nevents;
        const char *data;
    } rows[] = {
        {0, 5, 3, "state after 5"},
        {5, 5, 0, "state after 5"},
        {6, 5, 1, "state after 5"},
        {4, 2, 2, "state after 2"},
        {2, 2, 0, "state after 2"},
        {1, 0, 1, ""             }
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct store_load l = {.req.op = STORE_LOAD, .audit = audit, .at_seq = rows[i].at_seq};
        ASSERT_ERR(RUN(l), ERR_OK);
        cr_assert_eq(l.snapshot_seq, rows[i].snapshot_seq, "%s: row %zu", t->impl->name, i);
        cr_assert_eq(l.nevents, rows[i].nevents, "%s: row %zu", t->impl->name, i);
        cr_assert_str_eq(buf_cstr(&l.snapshot), rows[i].data);
        if (l.nevents)
            cr_assert_eq(l.events[0].seq, l.snapshot_seq + 1);
        load_free(&l);
    }
}

CONFORMS(snapshots_of_what_is_not_there_are_refused_and_old_ones_ignored)
{
    uint64_t audit = put_audit(t);
    ASSERT_ERR(put_event(t, audit, 1, "x"), ERR_OK);
    ASSERT_ERR(save_snapshot(t, audit + 1, 1), ERR_NOT_FOUND);
    ASSERT_ERR(save_snapshot(t, audit, 3), ERR_STALE);
    ASSERT_ERR(save_snapshot(t, audit, 2), ERR_OK);
    ASSERT_ERR(save_snapshot(t, audit, 2), ERR_OK);
    ASSERT_ERR(save_snapshot(t, audit, 1), ERR_OK);
    struct store_load l = load(t, audit);
    cr_assert_eq(l.snapshot_seq, 2);
    load_free(&l);
}

CONFORMS(the_first_snapshot_of_each_hundred_stays)
{
    uint64_t audit = put_audit(t);
    for (uint64_t seq = 1; seq < 205; seq++)
        ASSERT_ERR(put_event(t, audit, seq, "x"), ERR_OK);
    for (uint64_t seq = 1; seq <= 205; seq++)
        ASSERT_ERR(save_snapshot(t, audit, seq), ERR_OK);
    static const uint64_t rows[][2] = {
        {205, 205},
        {204, 201},
        {200, 101},
        {101, 101},
        {100, 1  }
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct store_load l = {.req.op = STORE_LOAD, .audit = audit, .at_seq = rows[i][0]};
        ASSERT_ERR(RUN(l), ERR_OK);
        cr_assert_eq(l.snapshot_seq, rows[i][1], "%s: row %zu", t->impl->name, i);
        load_free(&l);
    }
}

/* ---- who enters, who has read ---- */

CONFORMS(agent_numbers_are_given_away_once_and_for_good)
{
    uint64_t audit = put_audit(t), other = put_audit(t);
    for (uint32_t want = 1; want <= 3; want++) {
        struct store_enter n = {
            .req.op = STORE_ENTER, .audit = audit, .person = 7, .what = "open", .want_agent = true};
        ASSERT_ERR(RUN(n), ERR_OK);
        cr_assert_eq(n.agent, want);
        t->impl->reopen(t);
    }
    struct store_enter reader = {.req.op = STORE_ENTER, .audit = audit, .what = "show"};
    ASSERT_ERR(RUN(reader), ERR_OK);
    cr_assert_eq(reader.agent, 0);
    struct store_enter elsewhere = {
        .req.op = STORE_ENTER, .audit = other, .what = "open", .want_agent = true};
    ASSERT_ERR(RUN(elsewhere), ERR_OK);
    cr_assert_eq(elsewhere.agent, 1);
    struct store_load l = load(t, audit);
    cr_assert_eq(l.next_agent, 4);
    load_free(&l);
    struct store_enter nobody = {.req.op = STORE_ENTER, .what = "list", .want_agent = true};
    ASSERT_ERR(RUN(nobody), ERR_INPUT);
    nobody.audit = 99;
    ASSERT_ERR(RUN(nobody), ERR_NOT_FOUND);
}

static void enter(struct store_under_test *t, uint64_t audit, uint32_t person, int64_t utc_ms)
{
    struct store_enter n = {
        .req.op = STORE_ENTER, .audit = audit, .person = person, .utc_ms = utc_ms, .what = "show"};
    ASSERT_ERR(RUN(n), ERR_OK);
}

CONFORMS(the_read_log_says_who_when_and_how_oldest_first)
{
    uint64_t audit = put_audit(t), other = put_audit(t);
    enter(t, audit, 3, 200);
    enter(t, other, 4, 150);
    enter(t, audit, 5, 100);
    enter(t, audit, 6, 200);
    enter(t, 0, 7, 100);
    t->impl->reopen(t);
    struct store_read_log q = {.req.op = STORE_READ_LOG, .audit = audit};
    ASSERT_ERR(RUN(q), ERR_OK);
    cr_assert_eq(q.nrows, 3);
    cr_assert_eq(q.rows[0].person, 5);
    cr_assert_eq(q.rows[1].person, 3);
    cr_assert_eq(q.rows[2].person, 6);
    cr_assert_eq(q.rows[2].utc_ms, 200);
    cr_assert_str_eq(q.rows[0].what, "show");
    free(q.rows);
    q.after_utc_ms = 100;
    ASSERT_ERR(RUN(q), ERR_OK);
    cr_assert_eq(q.nrows, 2);
    free(q.rows);
    q.after_utc_ms = 200;
    ASSERT_ERR(RUN(q), ERR_OK);
    cr_assert_eq(q.nrows, 0);
    free(q.rows);
    struct store_read_log site = {.req.op = STORE_READ_LOG};
    ASSERT_ERR(RUN(site), ERR_OK);
    cr_assert_eq(site.nrows, 1);
    cr_assert_eq(site.rows[0].person, 7);
    free(site.rows);
}

CONFORMS(paging_through_the_read_log_loses_nobody)
{
    uint64_t audit = put_audit(t);
    enum { READERS = 2500 }; /* seven at a time in the same millisecond */
    for (uint32_t i = 0; i < READERS; i++)
        enter(t, audit, i + 1, 1 + i / 7);
    uint32_t seen = 0;
    struct store_read_log q = {.req.op = STORE_READ_LOG, .audit = audit};
    for (int pages = 0; pages < READERS; pages++) {
        ASSERT_ERR(RUN(q), ERR_OK);
        size_t n = q.nrows;
        for (size_t i = 0; i < n; i++)
            cr_assert_eq(q.rows[i].person, ++seen);
        if (n)
            q.after_utc_ms = q.rows[n - 1].utc_ms;
        free(q.rows);
        if (n == 0)
            break;
    }
    cr_assert_eq(seen, READERS);
}

/* ---- the projection ---- */

CONFORMS(the_list_shows_each_audit_with_its_members_as_of_the_last_event)
{
    uint64_t first = put_audit(t), second = put_audit(t);
    struct store_summary s = make_summary("FCA-2026-0002");
    s.state = AUDIT_AGREED;
    s.answered = 20;
    s.max_agent = 9;
    struct store_member members[] = {
        {.person = 9, .role = ROLE_CSW, .sections = "B,C"},
        {.person = 2,           .role = ROLE_FRO                }
    };
    struct store_event e = {.seq = 2, .utc_ms = 7777, .body = (const uint8_t *)"x", .body_len = 1};
    struct store_append a = {.req.op = STORE_APPEND,
                             .audit = second,
                             .expected_seq = 1,
                             .events = &e,
                             .nevents = 1,
                             .summary = &s,
                             .members = members,
                             .nmembers = 2};
    ASSERT_ERR(RUN(a), ERR_OK);
    ASSERT_ERR(put_event(t, first, 1, "x"), ERR_OK); /* no summary: only seq and time move */
    t->impl->reopen(t);
    struct store_list_audits q = {.req.op = STORE_LIST_AUDITS};
    ASSERT_ERR(RUN(q), ERR_OK);
    cr_assert_eq(q.nrows, 2);
    const struct store_audit_row *r = q.rows;
    cr_assert_eq(r[0].audit, first);
    cr_assert_str_eq(r[0].summary.ref, "FCA-2026-0001");
    cr_assert_eq(r[0].summary.seq, 2);
    cr_assert_eq(r[0].summary.utc_ms, 2000);
    cr_assert_eq(r[0].summary.answered, 3);
    cr_assert_eq(r[0].nmembers, 0);
    cr_assert_eq(r[1].audit, second);
    cr_assert_str_eq(r[1].summary.template_id, "FCA");
    cr_assert_str_eq(r[1].summary.team, "north");
    cr_assert_str_eq(r[1].summary.carer_ref, "C-1001");
    cr_assert_str_eq(r[1].summary.period_from, "2025-11-24");
    cr_assert_str_eq(r[1].summary.period_to, "2026-11-23");
    cr_assert_eq(r[1].summary.state, AUDIT_AGREED);
    cr_assert_eq(r[1].summary.template_version, 1);
    cr_assert_eq(r[1].summary.answered, 20);
    cr_assert_eq(r[1].summary.required, 20);
    cr_assert_eq(r[1].summary.open_comments, 1);
    cr_assert_eq(r[1].summary.max_agent, 9);
    cr_assert_eq(r[1].summary.seq, 2);
    cr_assert_eq(r[1].summary.utc_ms, 7777);
    cr_assert_eq(r[1].nmembers, 2);
    cr_assert_eq(r[1].members[0].person, 2);
    cr_assert_eq(r[1].members[1].person, 9);
    cr_assert_eq(r[1].members[1].role, ROLE_CSW);
    cr_assert_str_eq(r[1].members[1].sections, "B,C");
    free(q.rows);
}

CONFORMS(a_new_list_of_members_replaces_the_old_one)
{
    uint64_t audit = put_audit(t);
    struct store_member two[] = {
        {.person = 1, .role = ROLE_FRO},
        {.person = 2, .role = ROLE_FSW}
    };
    for (size_t n = 2; n + 1 > 0 && n <= 2; n--) { /* two members, one, none */
        struct store_event e = {
            .seq = 4 - n, .utc_ms = 5000, .body = (const uint8_t *)"x", .body_len = 1};
        struct store_append a = {.req.op = STORE_APPEND,
                                 .audit = audit,
                                 .expected_seq = 3 - n,
                                 .events = &e,
                                 .nevents = 1,
                                 .members = two,
                                 .nmembers = n};
        ASSERT_ERR(RUN(a), ERR_OK);
        struct store_list_audits q = {.req.op = STORE_LIST_AUDITS};
        ASSERT_ERR(RUN(q), ERR_OK);
        cr_assert_eq(q.nrows, 1);
        cr_assert_eq(q.rows[0].nmembers, n);
        free(q.rows);
    }
}

/* ---- people ---- */

static struct store_people_load people(struct store_under_test *t, int64_t now_utc_ms)
{
    struct store_people_load q = {.req.op = STORE_PEOPLE_LOAD, .now_utc_ms = now_utc_ms};
    ASSERT_ERR(RUN(q), ERR_OK);
    return q;
}

static void people_free(struct store_people_load *q)
{
    free(q->people);
    free(q->certs);
}

CONFORMS(people_come_back_with_their_roles_in_order)
{
    struct store_person_put p = {
        .req.op = STORE_PERSON_PUT, .person = {.name = "Asha", .nroles = 2, .created_utc_ms = 77}
    };
    p.person.roles[0] = (struct viewer_role){ROLE_QA, ""};
    p.person.roles[1] = (struct viewer_role){ROLE_FRO, "north"};
    ASSERT_ERR(RUN(p), ERR_OK);
    cr_assert_eq(p.person.id, 1);
    cr_assert_eq(put_person(t, "Ben"), 2);
    t->impl->reopen(t);
    struct store_people_load q = people(t, 0);
    cr_assert_eq(q.npeople, 2);
    cr_assert_eq(q.people[0].id, 1);
    cr_assert_str_eq(q.people[0].name, "Asha");
    cr_assert_eq(q.people[0].created_utc_ms, 77);
    cr_assert_not(q.people[0].revoked);
    cr_assert_eq(q.people[0].nroles, 2);
    cr_assert_eq(q.people[0].roles[0].role, ROLE_QA);
    cr_assert_str_eq(q.people[0].roles[0].team, "");
    cr_assert_eq(q.people[0].roles[1].role, ROLE_FRO);
    cr_assert_str_eq(q.people[0].roles[1].team, "north");
    cr_assert_str_eq(q.people[1].name, "Ben");
    people_free(&q);
}

CONFORMS(a_name_belongs_to_one_person_who_is_not_revoked)
{
    uint32_t asha = put_person(t, "Asha"), ben = put_person(t, "Ben");
    struct store_person_put p = {.req.op = STORE_PERSON_PUT, .person = {.name = "Asha"}};
    ASSERT_ERR(RUN(p), ERR_EXISTS);
    cr_assert_eq(p.person.id, 0);
    p.person.id = ben;
    ASSERT_ERR(RUN(p), ERR_EXISTS);
    p.person.id = 99;
    ASSERT_ERR(RUN(p), ERR_NOT_FOUND);
    p.person.id = asha; /* keeping one's own name is fine; creation does not move */
    p.person.created_utc_ms = 1;
    ASSERT_ERR(RUN(p), ERR_OK);
    cr_assert_eq(p.person.created_utc_ms, 5000);
    p.person.revoked = true;
    p.person.revoked_utc_ms = 9000;
    ASSERT_ERR(RUN(p), ERR_OK);
    struct store_person_put again = {.req.op = STORE_PERSON_PUT, .person = {.name = "Asha"}};
    ASSERT_ERR(RUN(again), ERR_OK);
    cr_assert_eq(again.person.id, 3);
    struct store_people_load q = people(t, 0);
    cr_assert_eq(q.npeople, 3);
    cr_assert(q.people[0].revoked);
    cr_assert_eq(q.people[0].revoked_utc_ms, 9000);
    people_free(&q);
    p.person.revoked = false; /* back again: but the name is taken now */
    ASSERT_ERR(RUN(p), ERR_EXISTS);
}

CONFORMS(malformed_people_are_refused)
{
    struct store_person_put bad[] = {
        {.person = {.name = ""}},
        {.person = {.name = "a\nb"}},
        {.person = {.name = "\xff"}},
        {.person = {.name = "x", .nroles = 17}},
        {.person = {.name = "x", .nroles = 1, .roles = {{ROLE_COUNT, ""}}}},
        {.person = {.name = "x", .nroles = 1, .roles = {{ROLE_NONE, ""}}}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        bad[i].req.op = STORE_PERSON_PUT;
        cr_assert_eq(RUN(bad[i]), ERR_INPUT, "%s: row %zu", t->impl->name, i);
    }
    struct store_people_load q = people(t, 0);
    cr_assert_eq(q.npeople, 0);
    people_free(&q);
}

/* ---- codes and certificates ---- */

static enum err put_code(struct store_under_test *t, uint8_t secret, uint32_t person, int64_t ends)
{
    struct store_code_put c = {.req.op = STORE_CODE_PUT, .person = person, .ends_utc_ms = ends};
    memset(c.secret_hash, secret, HASH_LEN);
    return RUN(c);
}

/* Uses a code; the certificate's serial is `serial`, it ends at 100000. */
static enum err use_code(struct store_under_test *t, uint8_t secret, uint8_t serial, int64_t now,
                         const char **why, uint32_t *person)
{
    struct store_code_use u = {.req.op = STORE_CODE_USE, .now_utc_ms = now};
    memset(u.secret_hash, secret, HASH_LEN);
    u.cert.serial[19] = serial;
    u.cert.not_after_utc_ms = 100000;
    enum err e = RUN(u);
    if (why)
        *why = u.why ? u.why : "";
    if (person)
        *person = u.cert.person;
    return e;
}

CONFORMS(a_code_is_good_once_and_gives_its_persons_certificate)
{
    put_person(t, "Asha");
    uint32_t ben = put_person(t, "Ben"), person;
    const char *why;
    ASSERT_ERR(put_code(t, 1, ben, 1000), ERR_OK);
    ASSERT_ERR(use_code(t, 1, 50, 999, &why, &person), ERR_OK);
    cr_assert_eq(person, ben);
    t->impl->reopen(t);
    ASSERT_ERR(use_code(t, 1, 51, 999, &why, NULL), ERR_NOT_FOUND);
    cr_assert_str_eq(why, "used");
    struct store_people_load q = people(t, 99999);
    cr_assert_eq(q.ncerts, 1);
    cr_assert_eq(q.certs[0].person, ben);
    cr_assert_eq(q.certs[0].serial[19], 50);
    cr_assert_eq(q.certs[0].serial[0], 0);
    cr_assert_eq(q.certs[0].not_after_utc_ms, 100000);
    cr_assert_not(q.certs[0].revoked);
    people_free(&q);
    q = people(t, 100000);
    cr_assert_eq(q.ncerts, 0, "expired ones are not loaded");
    people_free(&q);
}

CONFORMS(codes_that_do_not_hold_say_why_to_the_log_and_one_thing_to_the_peer)
{
    uint32_t asha = put_person(t, "Asha");
    const char *why;
    ASSERT_ERR(use_code(t, 9, 1, 0, &why, NULL), ERR_NOT_FOUND);
    cr_assert_str_eq(why, "unknown");
    ASSERT_ERR(put_code(t, 1, asha, 1000), ERR_OK);
    ASSERT_ERR(use_code(t, 1, 1, 1000, &why, NULL), ERR_NOT_FOUND);
    cr_assert_str_eq(why, "expired");
    ASSERT_ERR(put_code(t, 2, asha, 1000), ERR_OK); /* the earlier one dies */
    ASSERT_ERR(use_code(t, 1, 1, 0, &why, NULL), ERR_NOT_FOUND);
    cr_assert_str_eq(why, "revoked");
    ASSERT_ERR(put_code(t, 2, asha, 1000), ERR_EXISTS);
    ASSERT_ERR(put_code(t, 3, 99, 1000), ERR_NOT_FOUND);
    ASSERT_ERR(use_code(t, 2, 1, 0, &why, NULL), ERR_OK);
}

CONFORMS(a_code_is_not_spent_when_its_certificate_cannot_be_kept)
{
    uint32_t asha = put_person(t, "Asha");
    ASSERT_ERR(put_code(t, 1, asha, 1000), ERR_OK);
    ASSERT_ERR(use_code(t, 1, 7, 0, NULL, NULL), ERR_OK);
    ASSERT_ERR(put_code(t, 2, asha, 1000), ERR_OK);
    ASSERT_ERR(use_code(t, 2, 7, 0, NULL, NULL), ERR_EXISTS);
    ASSERT_ERR(use_code(t, 2, 8, 0, NULL, NULL), ERR_OK);
}

CONFORMS(certificates_are_renewed_for_people_who_are_there)
{
    uint32_t asha = put_person(t, "Asha");
    struct store_cert_put c = {
        .req.op = STORE_CERT_PUT, .cert = {.serial = {1}, .person = asha, .not_after_utc_ms = 50}
    };
    ASSERT_ERR(RUN(c), ERR_OK);
    ASSERT_ERR(RUN(c), ERR_EXISTS);
    c.cert.serial[0] = 2;
    c.cert.person = 99;
    ASSERT_ERR(RUN(c), ERR_NOT_FOUND);
}

CONFORMS(revoking_a_person_revokes_what_they_hold_and_nobody_elses)
{
    uint32_t asha = put_person(t, "Asha"), ben = put_person(t, "Ben");
    const char *why;
    for (uint8_t i = 1; i <= 2; i++) {
        struct store_cert_put c = {
            .req.op = STORE_CERT_PUT,
            .cert = {.serial = {i}, .person = i == 1 ? asha : ben, .not_after_utc_ms = 5000}
        };
        ASSERT_ERR(RUN(c), ERR_OK);
        ASSERT_ERR(put_code(t, i, c.cert.person, 1000), ERR_OK);
    }
    struct store_person_put p = {
        .req.op = STORE_PERSON_PUT,
        .person = {.id = asha, .name = "Asha", .revoked = true, .revoked_utc_ms = 10}
    };
    ASSERT_ERR(RUN(p), ERR_OK);
    t->impl->reopen(t);
    struct store_people_load q = people(t, 0);
    cr_assert_eq(q.ncerts, 2);
    for (size_t i = 0; i < 2; i++)
        cr_assert_eq(q.certs[i].revoked, q.certs[i].person == asha);
    people_free(&q);
    ASSERT_ERR(use_code(t, 1, 9, 0, &why, NULL), ERR_NOT_FOUND);
    cr_assert_str_eq(why, "revoked");
    ASSERT_ERR(use_code(t, 2, 9, 0, &why, NULL), ERR_OK);
    ASSERT_ERR(put_code(t, 5, asha, 1000), ERR_NOT_FOUND);
    struct store_cert_put c = {
        .req.op = STORE_CERT_PUT, .cert = {.serial = {9}, .person = asha}
    };
    ASSERT_ERR(RUN(c), ERR_NOT_FOUND);
}

/* ---- templates, settings ---- */

static enum err put_template(struct store_under_test *t, const char *id, uint32_t version,
                             const char *data)
{
    struct store_template_put p = {.req.op = STORE_TEMPLATE_PUT,
                                   .version = version,
                                   .data = (const uint8_t *)data,
                                   .len = strlen(data)};
    snprintf(p.id, sizeof p.id, "%s", id);
    return RUN(p);
}

CONFORMS(a_templates_version_is_frozen)
{
    ASSERT_ERR(put_template(t, "FCA", 2, "two"), ERR_OK);
    ASSERT_ERR(put_template(t, "FCA", 1, "one"), ERR_OK);
    ASSERT_ERR(put_template(t, "DIP", 1, "dip"), ERR_OK);
    ASSERT_ERR(put_template(t, "FCA", 1, "one"), ERR_OK);
    ASSERT_ERR(put_template(t, "FCA", 1, "ONE"), ERR_EXISTS);
    ASSERT_ERR(put_template(t, "FCA", 1, "one and more"), ERR_EXISTS);
    ASSERT_ERR(put_template(t, "FCA", 0, "zero"), ERR_INPUT);
    t->impl->reopen(t);
    struct store_template_load q = {.req.op = STORE_TEMPLATE_LOAD};
    ASSERT_ERR(RUN(q), ERR_OK);
    cr_assert_eq(q.ntemplates, 3);
    static const char *const want[] = {"dip", "one", "two"};
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(q.templates[i].len, 3);
        cr_assert_arr_eq(q.templates[i].data, want[i], 3);
    }
    cr_assert_str_eq(q.templates[0].id, "DIP");
    cr_assert_eq(q.templates[2].version, 2);
    free(q.templates);
}

CONFORMS(settings_are_kept_and_replaced)
{
    struct store_setting get = {.req.op = STORE_SETTING_GET, .name = "site"};
    ASSERT_ERR(RUN(get), ERR_NOT_FOUND);
    struct store_setting put = {.req.op = STORE_SETTING_PUT, .name = "site", .value = "Northshire"};
    ASSERT_ERR(RUN(put), ERR_OK);
    strncpy(put.value, "", sizeof put.value);
    ASSERT_ERR(RUN(put), ERR_OK);
    ASSERT_ERR(RUN(get), ERR_OK);
    cr_assert_str_eq(get.value, "");
    snprintf(put.value, sizeof put.value, "Südshire");
    ASSERT_ERR(RUN(put), ERR_OK);
    t->impl->reopen(t);
    ASSERT_ERR(RUN(get), ERR_OK);
    cr_assert_str_eq(get.value, "Südshire");
    struct store_setting bad = {.req.op = STORE_SETTING_PUT, .value = "x"};
    ASSERT_ERR(RUN(bad), ERR_INPUT);
}

CONFORMS(an_unknown_request_is_refused)
{
    struct store_req r = {.op = (enum store_op)99};
    ASSERT_ERR(t->impl->run(t, &r), ERR_INPUT);
}

CONFORMS(a_snapshot_too_far_does_not_hurt_the_next_append)
{
    uint64_t audit = put_audit(t);
    ASSERT_ERR(save_snapshot(t, audit, 5), ERR_STALE);
    ASSERT_ERR(put_event(t, audit, 1, "x"), ERR_OK);
    cr_assert_eq(last_seq(t, audit), 2);
}
