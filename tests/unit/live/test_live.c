#include "server/live/live.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/store_mem.h"
#include "server/store/summary.h"
#include "tests/lib/audit_make.h"
#include "tests/lib/leaks.h"

/* Rooms without connections: what live/ itself promises. The rest is tested through the core, in
 * tests/unit/api/test_room.c. */

struct heard {
    char what[400]; /* one letter each: a(cked) e(vent) n(ot stored) c(losed) p(resent) */
    enum err closed;
    bool slow; /* takes nothing */
};

struct world {
    struct store *store;
    struct live *live;
    struct heard heard[P_END];
    int64_t mono_ms, utc_ms;
    unsigned fatal;
};

static void note(struct world *w, const struct live_seat *s, char c)
{
    char *what = w->heard[s->viewer.person].what;
    size_t len = strlen(what);
    cr_assert_lt(len, sizeof w->heard[0].what - 1);
    what[len] = c;
}

static const struct template *find(void *user, const char *id, uint32_t version)
{
    (void)user;
    const struct template *t = audit_make_template();
    return !strcmp(id, t->id) && version == t->version ? t : NULL;
}

static bool on_event(void *user, struct live_seat *s, const struct live_event *e,
                     const uint8_t *body, size_t body_len)
{
    struct world *w = user;
    cr_assert_eq(e->seq, s->last_seq + 1, "in order, without gaps");
    cr_assert_leq(s->last_utc_ms, e->utc_ms);
    cr_assert_leq(e->seq, live_committed_seq(s->audit));
    cr_assert(body && body_len);
    if (w->heard[s->viewer.person].slow)
        return false;
    note(w, s, 'e');
    return true;
}

static bool on_acked(void *user, struct live_seat *s, const struct live_event *e, uint32_t request,
                     bool again)
{
    struct world *w = user;
    cr_assert_eq(request, 100 + e->batch_no);
    cr_assert_leq(e->seq, live_committed_seq(s->audit));
    note(w, s, again ? 'A' : 'a');
    return true;
}

static void on_not_stored(void *user, struct live_seat *s, uint32_t request, uint64_t batch_no,
                          enum err e)
{
    cr_assert_eq(request, 100 + batch_no);
    cr_assert_neq(e, ERR_OK);
    note(user, s, 'n');
}

static void on_closed(void *user, struct live_seat *s, enum err e)
{
    struct world *w = user;
    note(w, s, 'c');
    w->heard[s->viewer.person].closed = e;
}

static void on_present(void *user, struct live_seat *to, const struct live_seat *about, bool gone,
                       bool cursor)
{
    cr_assert_neq(to, about);
    note(user, to, gone ? 'g' : cursor ? 'm' : 'p');
}

static void on_fatal(void *user, const char *why)
{
    cr_assert(*why);
    ((struct world *)user)->fatal++;
}

static void stored(struct store_req *r)
{
    cr_assert_eq(r->err, ERR_OK, "%s", err_name(r->err));
}

/* Puts the test library's room into the store as its log says. */
static void put_audit(struct world *w)
{
    struct room *r = room_new();
    struct store_create_audit create = {
        .req = {.op = STORE_CREATE_AUDIT, .done = stored},
          .template_id = "TST", .year = 2026
    };
    store_submit(w->store, &create.req);
    (void)store_mem_step(w->store, SIZE_MAX);
    struct store_event *events = calloc(r->nevents, sizeof *events);
    struct store_summary summary;
    struct store_member *members = NULL;
    size_t nmembers;
    cr_assert_not_null(events);
    for (size_t i = 0; i < r->nevents; i++)
        events[i] = (struct store_event){.seq = r->events[i].seq,
                                         .utc_ms = r->events[i].utc_ms,
                                         .actor = r->events[i].actor,
                                         .body = r->events[i].body.data,
                                         .body_len = r->events[i].body.len};
    summary_of(r->a, &summary);
    cr_assert_eq(summary_members_of(r->a, &members, &nmembers), ERR_OK);
    struct store_append append = {
        .req = {.op = STORE_APPEND, .done = stored},
        .audit = create.audit,
        .events = events,
        .nevents = r->nevents,
        .summary = &summary,
        .members = members,
        .nmembers = nmembers
    };
    store_submit(w->store, &append.req);
    (void)store_mem_step(w->store, SIZE_MAX);
    w->utc_ms = r->utc_ms + 1000;
    free(events);
    free(members);
    room_free(r);
}

static struct world *world_new(uint32_t window_ms)
{
    static const struct live_settings settings = {.snapshot_every_events = 50,
                                                  .idle_audit_ms = 1000,
                                                  .max_events_in_flight = 40,
                                                  .max_text_cp = 120};
    struct world *w = calloc(1, sizeof *w);
    cr_assert_not_null(w);
    struct live_settings set = settings;
    set.fanout_window_ms = window_ms;
    const struct live_hooks hooks = {.user = w,
                                     .template_find = find,
                                     .event = on_event,
                                     .acked = on_acked,
                                     .not_stored = on_not_stored,
                                     .closed = on_closed,
                                     .present = on_present,
                                     .fatal = on_fatal};
    w->store = store_mem_new();
    w->live = live_new(&hooks, &set, w->store);
    cr_assert(w->store && w->live);
    put_audit(w);
    w->mono_ms = 5000;
    live_time(w->live, w->mono_ms, w->utc_ms);
    return w;
}

static void world_free(struct world *w)
{
    live_free(w->live);
    store_mem_free(w->store);
    free(w);
    CHECK_NO_LEAKS();
}

static void later(struct world *w, int64_t ms)
{
    w->mono_ms += ms;
    w->utc_ms += ms;
    live_time(w->live, w->mono_ms, w->utc_ms);
}

static void commit(struct world *w)
{
    for (int i = 0; i < 100 && store_mem_step(w->store, SIZE_MAX); i++)
        continue;
}

struct wait {
    struct live_waiter waiter; /* first */
    unsigned ran;
    enum err e;
};

static void waited(struct live_waiter *wt, enum err e)
{
    struct wait *x = (struct wait *)wt;
    x->ran++;
    x->e = e;
}

static struct live_audit *opened(struct world *w)
{
    struct live_audit *la = live_pin(w->live, "TST-2026-0001");
    struct wait x = {.waiter.fn = waited};
    cr_assert_not_null(la);
    if (!live_is_settled(la, 0)) {
        live_wait(la, &x.waiter, 0);
        cr_assert_eq(x.ran, 0, "never from inside");
        commit(w);
        cr_assert_eq(x.ran, 1);
        cr_assert_eq(x.e, ERR_OK);
    }
    return la;
}

/* Agent numbers are the persons', as in the room that the log came from. */
static struct live_seat *sit(struct live_audit *la, uint32_t person)
{
    struct live_seat *s = live_sit(la, audit_make_viewer(person), person, false, NULL);
    cr_assert_not_null(s);
    live_seated(s);
    return s;
}

static enum err type(struct live_seat *s, uint64_t batch_no, uint32_t seq, const char *letter)
{
    /* an insertion chained behind the agent's last character, or at the start (op.h) */
    uint8_t blob[8] = {seq ? 0x20 : 0x34, (uint8_t)seq, (uint8_t)letter[0]};
    struct audit_op op = {.kind = OP_TEXT};
    op.text = (struct op_text){
        .field = {.question = 11, .part = PART_TEXT},
          .blob = blob, .blob_len = 3
    };
    const struct event_body b = {.agent = s->agent, .batch_no = batch_no, .ops = &op, .nops = 1};
    struct err_info why = {0};
    struct audit_conflict conflict;
    uint64_t at;
    enum err e = live_edit(s, &b, 100 + (uint32_t)batch_no, &why, &conflict, &at);
    cr_assert(e == ERR_OK || why.text[0], "a refusal says why");
    return e;
}

Test(live, an_audit_that_does_not_exist_is_not_found_and_forgotten)
{
    struct world *w = world_new(0);
    static const char *const names[] = {"TST-2026-0002", "", "x",
                                        "a name longer than any audit's can be"};
    for (size_t i = 0; i < 4; i++) {
        struct live_audit *la = live_pin(w->live, names[i]);
        struct wait x = {.waiter.fn = waited};
        cr_assert(!live_is_settled(la, 0));
        cr_assert_null(live_state(la));
        live_wait(la, &x.waiter, 0);
        commit(w);
        cr_assert_eq(x.ran, 1);
        cr_assert_eq(x.e, ERR_NOT_FOUND);
        live_unpin(la);
        cr_assert_eq(live_health(w->live).audits, 0);
    }
    world_free(w);
}

Test(live, an_event_is_given_once_to_each_after_its_commit)
{
    struct world *w = world_new(0);
    struct live_audit *la = opened(w);
    struct live_seat *fro = sit(la, P_FRO), *fsw = sit(la, P_FSW);
    (void)sit(la, P_IRO);
    memset(w->heard, 0, sizeof w->heard);
    cr_assert_eq(type(fro, 1, 0, "a"), ERR_OK);
    cr_assert_eq(type(fro, 2, 1, "b"), ERR_OK);
    cr_assert_eq(type(fsw, 1, 0, "c"), ERR_OK);
    cr_assert_str_eq(w->heard[P_FRO].what, "");
    cr_assert_eq(live_health(w->live).events_in_flight, 3);
    commit(w);
    cr_assert_str_eq(w->heard[P_FRO].what, "aae");
    cr_assert_str_eq(w->heard[P_FSW].what, "eea");
    cr_assert_str_eq(w->heard[P_IRO].what, "eee");
    cr_assert_eq(live_health(w->live).events_in_flight, 0);
    cr_assert_eq(live_health(w->live).events_total, 3);
    live_unpin(la);
    world_free(w);
}

Test(live, a_repeated_batch_is_one_event)
{
    struct world *w = world_new(0);
    struct live_audit *la = opened(w);
    struct live_seat *fro = sit(la, P_FRO);
    uint64_t before = live_committed_seq(la);
    cr_assert_eq(type(fro, 1, 0, "a"), ERR_OK);
    cr_assert_eq(type(fro, 1, 0, "a"), ERR_OK, "on its way: answered with the commit");
    commit(w);
    cr_assert_str_eq(w->heard[P_FRO].what, "aA");
    cr_assert_eq(type(fro, 1, 0, "a"), ERR_EXISTS);
    cr_assert_eq(live_committed_seq(la), before + 1);
    live_unpin(la);
    world_free(w);
}

Test(live, too_many_events_in_flight_are_refused_for_now)
{
    struct world *w = world_new(0);
    struct live_audit *la = opened(w);
    struct live_seat *fro = sit(la, P_FRO);
    for (uint32_t i = 0; i < 40; i++)
        cr_assert_eq(type(fro, 1 + i, i, "x"), ERR_OK);
    cr_assert_eq(type(fro, 41, 40, "x"), ERR_SLOW_DOWN);
    commit(w);
    cr_assert_eq(type(fro, 41, 40, "x"), ERR_OK);
    commit(w);
    cr_assert_eq(strlen(w->heard[P_FRO].what), 41);
    live_unpin(la);
    world_free(w);
}

Test(live, an_answer_longer_than_the_site_allows_is_refused)
{
    struct world *w = world_new(0);
    struct live_audit *la = opened(w);
    struct live_seat *fro = sit(la, P_FRO), *fsw = sit(la, P_FSW);
    for (uint32_t i = 0; i < 119; i++) {
        cr_assert_eq(type(fro, 1 + i, i, "x"), ERR_OK);
        commit(w);
    }
    cr_assert_eq(type(fsw, 1, 0, "y"), ERR_OK, "the hundred-and-twentieth");
    cr_assert_eq(type(fro, 120, 119, "x"), ERR_TOO_LARGE);
    commit(w);
    cr_assert_eq(type(fro, 120, 119, "x"), ERR_TOO_LARGE);
    live_unpin(la);
    world_free(w);
}

Test(live, the_window_gathers_and_asks_for_its_time)
{
    struct world *w = world_new(4);
    struct live_audit *la = opened(w);
    struct live_seat *fro = sit(la, P_FRO);
    (void)sit(la, P_FSW);
    memset(w->heard, 0, sizeof w->heard);
    cr_assert_eq(type(fro, 1, 0, "a"), ERR_OK);
    commit(w);
    cr_assert_eq(live_next_ms(w->live), w->mono_ms + 4);
    later(w, 3);
    cr_assert_eq(type(fro, 2, 1, "b"), ERR_OK);
    commit(w);
    cr_assert_str_eq(w->heard[P_FSW].what, "");
    later(w, 1);
    cr_assert_str_eq(w->heard[P_FSW].what, "ee");
    cr_assert_str_eq(w->heard[P_FRO].what, "aa");
    live_unpin(la);
    world_free(w);
}

Test(live, a_failed_commit_ends_all_seats_and_the_audit_is_read_again)
{
    struct world *w = world_new(0);
    struct live_audit *la = opened(w);
    struct live_seat *fro = sit(la, P_FRO);
    (void)sit(la, P_IRO);
    memset(w->heard, 0, sizeof w->heard);
    cr_assert_eq(type(fro, 1, 0, "a"), ERR_OK);
    commit(w);
    uint64_t durable = live_committed_seq(la);
    cr_assert_eq(type(fro, 2, 1, "b"), ERR_OK);
    struct wait behind = {.waiter.fn = waited};
    live_wait(la, &behind.waiter, durable + 1);
    store_mem_fail_commit(w->store, 1, ERR_FULL);
    (void)store_mem_step(w->store, SIZE_MAX);
    cr_assert_str_eq(w->heard[P_FRO].what, "anc");
    cr_assert_str_eq(w->heard[P_IRO].what, "ec");
    cr_assert_eq(w->heard[P_IRO].closed, ERR_REJOIN);
    cr_assert_eq(behind.e, ERR_REJOIN);
    cr_assert_eq(live_seat_count(la), 0);
    cr_assert(!live_is_settled(la, 0));
    struct wait again = {.waiter.fn = waited};
    live_wait(la, &again.waiter, 0);
    commit(w);
    cr_assert_eq(again.e, ERR_OK);
    cr_assert_eq(audit_seq(live_state(la)), durable);
    cr_assert_eq(type(sit(la, P_FRO), 2, 1, "b"), ERR_OK);
    commit(w);
    cr_assert_eq(live_committed_seq(la), durable + 1);
    live_unpin(la);
    world_free(w);
}

Test(live, a_reader_that_takes_nothing_loses_its_seat_alone)
{
    struct world *w = world_new(0);
    struct live_audit *la = opened(w);
    struct live_seat *fro = sit(la, P_FRO);
    (void)sit(la, P_FSW);
    (void)sit(la, P_IRO);
    memset(w->heard, 0, sizeof w->heard);
    w->heard[P_FSW].slow = true;
    cr_assert_eq(type(fro, 1, 0, "a"), ERR_OK);
    commit(w);
    cr_assert_str_eq(w->heard[P_FSW].what, "c");
    cr_assert_eq(w->heard[P_FSW].closed, ERR_SLOW_DOWN);
    cr_assert_str_eq(w->heard[P_FRO].what, "ag", "and is told that they went");
    cr_assert_str_eq(w->heard[P_IRO].what, "eg");
    cr_assert_eq(live_seat_count(la), 2);
    live_unpin(la);
    world_free(w);
}

Test(live, more_slow_readers_than_one_look_holds_all_go)
{
    struct world *w = world_new(0);
    struct live_audit *la = opened(w);
    struct live_seat *fro = sit(la, P_FRO);
    for (int i = 0; i < 30; i++) {
        struct live_seat *s = live_sit(la, audit_make_viewer(P_FSW), 0, false, NULL);
        cr_assert_not_null(s);
        live_seated(s);
    }
    w->heard[P_FSW].slow = true;
    cr_assert_eq(type(fro, 1, 0, "a"), ERR_OK);
    commit(w);
    cr_assert_eq(strlen(w->heard[P_FSW].what), 30);
    cr_assert_eq(live_seat_count(la), 1);
    cr_assert_str_eq(w->heard[P_FRO].what, "a", "readers come and go unseen");
    live_unpin(la);
    world_free(w);
}

Test(live, a_paused_seat_hears_everything_later)
{
    struct world *w = world_new(0);
    struct live_audit *la = opened(w);
    struct live_seat *fro = sit(la, P_FRO), *iro = sit(la, P_IRO);
    memset(w->heard, 0, sizeof w->heard);
    live_pause(iro);
    for (uint32_t i = 0; i < 100; i++) {
        cr_assert_eq(type(fro, 1 + i, i, "x"), ERR_OK);
        commit(w);
    }
    cr_assert_str_eq(w->heard[P_IRO].what, "");
    live_resume(iro);
    cr_assert_eq(strlen(w->heard[P_IRO].what), 100);
    live_unpin(la);
    world_free(w);
}

Test(live, agents_belong_to_who_wrote_or_got_them)
{
    struct world *w = world_new(0);
    struct live_audit *la = opened(w);
    struct live_seat *fro = sit(la, P_FRO);
    cr_assert_eq(type(fro, 1, 0, "a"), ERR_OK);
    (void)sit(la, P_IRO);
    cr_assert(live_may_be_agent(la, P_FRO, P_FRO), "wrote");
    cr_assert(!live_may_be_agent(la, P_FSW, P_FRO));
    cr_assert(live_may_be_agent(la, P_IRO, P_IRO), "was given it");
    cr_assert(!live_may_be_agent(la, P_FSW, P_IRO));
    cr_assert(!live_may_be_agent(la, P_FRO, 0));
    cr_assert(!live_may_be_agent(la, P_FRO, 4711), "never given away");
    commit(w);
    live_unpin(la);
    world_free(w);
}

Test(live, an_idle_audit_is_forgotten_and_one_in_use_is_not)
{
    struct world *w = world_new(0);
    struct live_audit *la = opened(w);
    struct live_seat *fro = sit(la, P_FRO);
    live_unpin(la);
    later(w, 5000);
    cr_assert_eq(live_health(w->live).audits, 1);
    cr_assert_not_null(live_find(w->live, "TST-2026-0001"));
    live_leave(fro);
    later(w, 999);
    cr_assert_eq(live_health(w->live).audits, 1);
    later(w, 1);
    cr_assert_eq(live_health(w->live).audits, 0);
    cr_assert_null(live_find(w->live, "TST-2026-0001"));
    world_free(w);
}

Test(live, catching_up_is_the_tail_or_a_snapshot_and_leads_to_the_same)
{
    struct world *w = world_new(0);
    struct live_audit *la = opened(w);
    const struct viewer *iro = audit_make_viewer(P_IRO);
    struct live_seat *fro = sit(la, P_FRO);
    struct live_catch_up up;
    uint64_t start = audit_seq(live_state(la));
    for (uint32_t i = 0; i < 30; i++)
        cr_assert_eq(type(fro, 1 + i, i, "x"), ERR_OK);
    commit(w);
    cr_assert_eq(live_catch_up(la, iro, start + 10, &up), ERR_OK);
    cr_assert_eq(up.snapshot_len, 0);
    cr_assert_eq(up.from_seq, start + 10);
    cr_assert_eq(up.seq, start + 30);
    cr_assert_eq(live_catch_up(la, iro, 0, &up), ERR_OK);
    cr_assert_gt(up.snapshot_len, 0);
    cr_assert_eq(up.from_seq, up.seq);
    cr_assert_eq(live_catch_up(la, iro, start + 4711, &up), ERR_OK);
    cr_assert_gt(up.snapshot_len, 0, "from a future that never was");
    /* the snapshot is kept: the next one gets it and a tail */
    cr_assert_eq(type(fro, 31, 30, "y"), ERR_OK);
    commit(w);
    cr_assert_eq(live_catch_up(la, iro, 0, &up), ERR_OK);
    cr_assert_eq(up.from_seq, start + 30);
    cr_assert_eq(up.seq, start + 31);
    struct audit *a = NULL;
    cr_assert_eq(audit_decode(audit_make_template(), up.snapshot, up.snapshot_len, &a, NULL),
                 ERR_OK);
    const struct live_event *e = live_event_at(la, up.seq);
    struct event_body *b = NULL;
    cr_assert_eq(event_body_decode(e->body, e->body_len, &b, NULL), ERR_OK);
    const struct event ev = {.seq = e->seq, .utc_ms = e->utc_ms, .actor = e->actor, .body = *b};
    cr_assert_eq(audit_apply(a, &ev), ERR_OK);
    struct buf mine = BUF_INIT, theirs = BUF_INIT;
    audit_encode(a, iro, &mine);
    audit_encode(live_state(la), iro, &theirs);
    cr_assert_eq(mine.len, theirs.len);
    cr_assert_arr_eq(mine.data, theirs.data, mine.len);
    event_body_free(b);
    audit_free(a);
    buf_free(&mine);
    buf_free(&theirs);
    live_unpin(la);
    world_free(w);
}

static void serve(struct live_audit *la, uint32_t asker, struct audit_op op)
{
    const struct event_body b = {.ops = &op, .nops = 1};
    struct err_info why = {0};
    uint64_t seq;
    cr_assert_eq(live_act(la, audit_make_viewer(asker), &b, &why, &seq), ERR_OK, "%s", why.text);
}

Test(live, who_broke_the_glass_sits_here_until_their_time_is_over)
{
    struct world *w = world_new(0);
    struct live_audit *la = opened(w);
    struct live_seat *fro = sit(la, P_FRO);
    serve(la, P_QA,
          (struct audit_op){
              .kind = OP_GLASS,
              .glass = {.person = P_STRANGER, .until_utc_ms = INT64_MAX, .reason = "a complaint"}
    });
    commit(w);
    cr_assert_str_eq(w->heard[P_FRO].what, "e", "it is told to everybody");
    struct live_seat *s = live_sit(la, audit_make_viewer(P_STRANGER), 0, false, NULL);
    cr_assert_not_null(s);
    cr_assert_eq(s->role, ROLE_FRO, "as the first thing that they are on the site");
    live_seated(s);
    cr_assert_eq(type(fro, 1, 0, "a"), ERR_OK);
    commit(w);
    cr_assert_str_eq(w->heard[P_STRANGER].what, "e");
    serve(la, P_QA, (struct audit_op){.kind = OP_GLASS_END, .glass = {.person = P_STRANGER}});
    commit(w);
    cr_assert_str_eq(w->heard[P_STRANGER].what, "ec");
    cr_assert_eq(w->heard[P_STRANGER].closed, ERR_NOT_FOUND);
    live_unpin(la);
    world_free(w);
}

/* Written for each who may see it. */
Test(live, a_flags_words_go_only_to_those_who_may_read_them)
{
    static const char secret[] = "Zwetschgenknoedel";
    struct world *w = world_new(0);
    struct live_audit *la = opened(w);
    serve(la, P_FSW,
          (struct audit_op){
              .kind = OP_FLAG,
              .flag = {.text = secret, .told = "FTM Sue", .told_utc_ms = 1750000000000}
    });
    commit(w);
    const struct live_event *e = live_event_at(la, live_committed_seq(la));
    const uint32_t people[] = {P_FRO, P_FSW, P_IRO};
    for (size_t i = 0; i < 3; i++) {
        struct buf scratch = BUF_INIT;
        const uint8_t *seen;
        size_t len;
        cr_assert_eq(live_event_body(la, e, audit_make_viewer(people[i]), &scratch, &seen, &len),
                     ERR_OK);
        cr_assert_eq(memmem(seen, len, secret, sizeof secret - 1) != NULL, people[i] != P_FRO);
        buf_free(&scratch);
    }
    live_unpin(la);
    world_free(w);
}
