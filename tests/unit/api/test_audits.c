#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/audit_make.h"
#include "tests/lib/core_bench.h"

#define BODY(k) TANDEM__ENVELOPE__BODY_##k

static const Tandem__AuditList *list(struct bench *b, unsigned conn)
{
    struct bench_plain m;
    (void)bench_send(b, conn, bench_make(&m, BODY(LIST_AUDITS), "", 0));
    bench_step(b);
    return bench_expect(b, conn, BODY(AUDIT_LIST))->audit_list;
}

/* ---- the list ---- */

Test(audits, the_list_shows_what_the_asker_may_see_and_nothing_else)
{
    static const struct asker {
        const char *name;
        enum role role;
        const char *team;
        size_t sees;
    } askers[] = {
        {"practitioner",  ROLE_FSW,   "North", 1},
        {"colleague",     ROLE_FSW,   "North", 0},
        {"team manager",  ROLE_FTM,   "North", 2},
        {"other manager", ROLE_FTM,   "South", 0},
        {"quality",       ROLE_QA,    "",      2},
        {"service",       ROLE_SM,    "North", 2},
        {"operator",      ROLE_ADMIN, "",      0},
        {"councillor",    ROLE_BOARD, "",      0},
    };
    struct bench *b = bench_new(NULL);
    char ref[32], other[32];
    bench_connect(b, 1, bench_person(b, "Ana", ROLE_FRO, "North"));
    for (size_t i = 0; i < sizeof askers / sizeof *askers; i++) {
        uint32_t p = bench_person(b, askers[i].name, askers[i].role, askers[i].team);
        bench_connect(b, 2 + (unsigned)i, p);
    }
    bench_new_audit(b, 1, "practitioner", ref);
    bench_new_audit(b, 1, "", other);
    for (size_t i = 0; i < sizeof askers / sizeof *askers; i++)
        cr_assert_eq(list(b, 2 + (unsigned)i)->n_rows, askers[i].sees, "%s", askers[i].name);
    const Tandem__AuditList *l = list(b, 1);
    cr_assert_eq(l->n_rows, 2);
    cr_assert(!l->more);
    const Tandem__AuditRow *row = l->rows[0];
    cr_assert_str_eq(row->ref, ref);
    cr_assert_str_eq(row->template_id, "TST");
    cr_assert_str_eq(row->carer_ref, "CA-1");
    cr_assert_str_eq(row->team, "North");
    cr_assert_eq(row->state, AUDIT_IN_PROGRESS);
    cr_assert_gt(row->required, 0);
    cr_assert_str_eq(row->period_to, "2026-09-21");
    cr_assert_str_eq(row->period_from, "2025-09-21");
    cr_assert_eq(row->n_members, 2);
    cr_assert_str_eq(row->members[0]->name, "Ana");
    cr_assert_eq(row->members[1]->role, ROLE_FSW);
    bench_free(b);
}

Test(audits, the_list_joins_ones_teams_with_what_one_takes_part_in)
{
    struct bench *b = bench_new(NULL);
    char north[32], south[32], other[32];
    bench_connect(b, 1, bench_person(b, "Ana", ROLE_FRO, "North"));
    bench_connect(b, 2, bench_person(b, "Bo", ROLE_FRO, "South"));
    uint32_t mo = bench_person(b, "Mo", ROLE_FSW, "South");
    bench_connect(b, 3, mo);
    bench_new_audit(b, 1, "", north);
    bench_new_audit(b, 2, "Mo", south);
    bench_new_audit(b, 2, "", other);
    const Tandem__AuditList *l = list(b, 3);
    cr_assert_eq(l->n_rows, 1);
    cr_assert_str_eq(l->rows[0]->ref, south);
    bench_give_role(b, mo, ROLE_FTM, "North");
    bench_forget(b, 3);
    l = list(b, 3);
    cr_assert_eq(l->n_rows, 2);
    cr_assert_str_eq(l->rows[0]->ref, north);
    cr_assert_str_eq(l->rows[1]->ref, south);
    bench_free(b);
}

Test(audits, the_list_says_who_is_in_the_room_and_how_far_it_is)
{
    struct bench *b = bench_new(NULL);
    char ref[32];
    bench_connect(b, 1, bench_person(b, "Ana", ROLE_FRO, "North"));
    bench_new_audit(b, 1, "", ref);
    uint32_t answered = list(b, 1)->rows[0]->answered;
    bench_join(b, 1, ref);
    bench_type(b, 1, "C2", "All is well.");
    bench_step(b);
    bench_fold(b, 1);
    const Tandem__AuditRow *row = list(b, 1)->rows[0];
    cr_assert_eq(row->answered, answered + 1);
    cr_assert_eq(row->n_here, 1);
    cr_assert_str_eq(row->here[0]->name, "Ana");
    cr_assert_eq(row->here[0]->role, ROLE_FRO);
    bench_free(b);
}

Test(audits, a_long_list_comes_in_pages)
{
    struct core_settings set;
    core_settings_default(&set);
    set.requests_burst = 1000 * 1000;
    struct bench *b = bench_new(&set);
    char ref[32], last[32] = "";
    bench_connect(b, 1, bench_person(b, "Ana", ROLE_FRO, "North"));
    for (int i = 0; i < 9000; i++)
        bench_new_audit(b, 1, "", ref);
    size_t seen = 0, pages = 0;
    for (bool more = true; more; pages++) {
        struct bench_plain m;
        Tandem__Envelope *e = bench_make(&m, BODY(LIST_AUDITS), "", 0);
        e->list_audits->after_ref = last;
        (void)bench_send(b, 1, e);
        bench_step(b);
        cr_assert_lt(b->conns[1].sent.len, 1024 * 1024);
        const Tandem__AuditList *l = bench_expect(b, 1, BODY(AUDIT_LIST))->audit_list;
        cr_assert(l->n_rows && strcmp(l->rows[0]->ref, last) > 0);
        seen += l->n_rows;
        more = l->more;
        (void)snprintf(last, sizeof last, "%s", l->rows[l->n_rows - 1]->ref);
    }
    cr_assert_eq(seen, 9000);
    cr_assert_gt(pages, 1);
    bench_free(b);
}

/* ---- new ones ---- */

static void ask_new(struct bench *b, unsigned conn, const char *template_id, const char *carer,
                    const char *practitioner, const char *team, const char *from, const char *to)
{
    Tandem__NewAudit r = TANDEM__NEW_AUDIT__INIT;
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    r.template_id = (char *)template_id;
    r.carer_ref = (char *)carer;
    r.practitioner = (char *)practitioner;
    r.team = (char *)team;
    r.period_from = (char *)from;
    r.period_to = (char *)to;
    e.body_case = BODY(NEW_AUDIT);
    e.new_audit = &r;
    (void)bench_send(b, conn, &e);
    bench_step(b);
}

Test(audits, a_new_audit_that_makes_no_sense_is_refused_with_the_reason)
{
    struct bench *b = bench_new(NULL);
    bench_connect(b, 1, bench_person(b, "Ana", ROLE_FRO, "North"));
    (void)bench_person(b, "Ben", ROLE_FSW, "North");
    (void)bench_person(b, "Cat", ROLE_IRO, "");
    static const struct bad {
        const char *template_id, *carer, *practitioner, *team, *from, *to;
        enum err e;
    } bad[] = {
        {"NOPE", "CA-1", "",       "",      "",           "",           ERR_INPUT       },
        {"TST",  "",     "",       "",      "",           "",           ERR_INPUT       },
        {"TST",  "CA-1", "Nobody", "",      "",           "",           ERR_INPUT       },
        {"TST",  "CA-1", "Cat",    "",      "",           "",           ERR_INPUT       },
        {"TST",  "CA-1", "Ben",    "South", "",           "",           ERR_REFUSED_ROLE},
        {"TST",  "CA-1", "Ben",    "",      "2026-02-30", "",           ERR_INPUT       },
        {"TST",  "CA-1", "Ben",    "",      "2026-03-01", "2026-02-01", ERR_INPUT       },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ask_new(b, 1, bad[i].template_id, bad[i].carer, bad[i].practitioner, bad[i].team,
                bad[i].from, bad[i].to);
        (void)bench_expect_error(b, 1, bad[i].e);
    }
    cr_assert_eq(list(b, 1)->n_rows, 0);
    ask_new(b, 1, "TST", "CA-1", "ben", "North", "2026-01-01", "2026-02-01");
    cr_assert_str_eq(bench_expect(b, 1, BODY(AUDIT_CREATED))->audit_created->ref, "TST-2026-0001",
                     "refused ones used up no numbers");
    bench_free(b);
}

Test(audits, who_works_for_several_teams_says_which)
{
    struct bench *b = bench_new(NULL);
    uint32_t ana = bench_person(b, "Ana", ROLE_FRO, "North");
    bench_give_role(b, ana, ROLE_FRO, "South");
    bench_connect(b, 1, ana);
    ask_new(b, 1, "TST", "CA-1", "", "", "", "");
    (void)bench_expect_error(b, 1, ERR_INPUT);
    ask_new(b, 1, "TST", "CA-1", "", "South", "", "");
    (void)bench_expect(b, 1, BODY(AUDIT_CREATED));
    cr_assert_str_eq(list(b, 1)->rows[0]->team, "South");
    bench_free(b);
}

Test(audits, a_store_that_fails_while_one_is_made_is_told)
{
    for (unsigned n = 1; n <= 2; n++) {
        struct bench *b = bench_new(NULL);
        bench_connect(b, 1, bench_person(b, "Ana", ROLE_FRO, "North"));
        store_mem_fail_commit(b->store, n, ERR_FULL);
        bench_ask_new_audit(b, 1, "");
        bench_step(b);
        (void)bench_expect_error(b, 1, ERR_STORE);
        bench_free(b);
    }
}

/* ---- people, templates ---- */

Test(audits, people_and_templates_are_told_to_whoever_is_known)
{
    struct bench *b = bench_new(NULL);
    struct bench_plain m;
    uint32_t ana = bench_person(b, "Ana", ROLE_FRO, "North");
    uint32_t eve = bench_person(b, "Eve", ROLE_FSW, "South");
    bench_connect(b, 1, ana);
    bench_revoke(b, eve);
    (void)bench_send(b, 1, bench_make(&m, BODY(LIST_PEOPLE), "", 0));
    const Tandem__PeopleList *l = bench_expect(b, 1, BODY(PEOPLE_LIST))->people_list;
    cr_assert_eq(l->n_people, 2);
    cr_assert_eq(l->people[1]->id, eve);
    cr_assert(l->people[1]->revoked && !l->people[0]->revoked);
    Tandem__Envelope *e = bench_make(&m, BODY(GET_TEMPLATE), "", 0);
    e->get_template->id = (char *)"TST";
    (void)bench_send(b, 1, e);
    const Tandem__TemplateReply *t = bench_expect(b, 1, BODY(TEMPLATE_REPLY))->template_reply;
    struct template *decoded = NULL;
    cr_assert_eq(template_decode(t->template_.data, t->template_.len, &decoded, NULL), ERR_OK);
    cr_assert_str_eq(decoded->id, "TST");
    template_free(decoded);
    e->get_template->version = 99;
    (void)bench_send(b, 1, e);
    (void)bench_expect_error(b, 1, ERR_NOT_FOUND);
    bench_free(b);
}

/* ---- history, and how it stood ---- */

static uint64_t write_some(struct bench *b, char ref[32])
{
    bench_connect(b, 1, bench_person(b, "Ana", ROLE_FRO, "North"));
    bench_connect(b, 2, bench_person(b, "Ben", ROLE_FSW, "North"));
    bench_new_audit(b, 1, "Ben", ref);
    bench_join(b, 1, ref);
    bench_join(b, 2, ref);
    for (int i = 0; i < 10; i++) {
        bench_fold(b, 1);
        bench_fold(b, 2);
        bench_time(b, 1000);
        bench_type(b, 1 + (unsigned)i % 2, "C2", i % 2 ? "b" : "a");
        bench_step(b);
    }
    bench_fold(b, 1);
    bench_fold(b, 2);
    return b->conns[1].seq;
}

Test(audits, history_is_the_log_in_pages)
{
    struct bench *b = bench_new(NULL);
    char ref[32];
    uint64_t last = write_some(b, ref), next = 1;
    struct bench_plain m;
    while (next <= last) {
        Tandem__Envelope *e = bench_make(&m, BODY(HISTORY), ref, 0);
        e->history->from_seq = next;
        e->history->max_events = 4;
        (void)bench_send(b, 1, e);
        bench_step(b);
        const Tandem__HistoryPage *p = bench_expect(b, 1, BODY(HISTORY_PAGE))->history_page;
        cr_assert_eq(p->last_seq, last);
        cr_assert_str_eq(p->template_id, "TST");
        cr_assert_eq(p->n_people, 2);
        cr_assert(p->n_events > 0 && p->n_events <= 4);
        for (size_t i = 0; i < p->n_events; i++, next++) {
            const Tandem__Event *ev = p->events[i];
            cr_assert_eq(ev->seq, next);
            cr_assert(ev->utc_ms && (ev->actor || ev->seq == 2) && ev->body.len,
                      "the calendar's alone has nobody as its actor");
        }
    }
    cr_assert_eq(next, last + 1);
    bench_free(b);
}

static const Tandem__View *view(struct bench *b, const char *ref, uint64_t seq, int64_t utc_ms,
                                struct buf *text)
{
    struct bench_plain m;
    Tandem__Envelope *e = bench_make(&m, BODY(VIEW_AT), ref, 0);
    e->view_at->seq = seq;
    e->view_at->utc_ms = utc_ms;
    (void)bench_send(b, 2, e);
    bench_step(b);
    const Tandem__View *v = bench_expect(b, 2, BODY(VIEW))->view;
    struct audit *a = NULL;
    cr_assert_eq(audit_decode(b->t, v->snapshot.data, v->snapshot.len, &a, NULL), ERR_OK);
    const struct text *t = audit_text(a, (struct field){.question = 11, .part = PART_TEXT});
    buf_clear(text);
    if (t)
        text_read(t, 0, text_len_cp(t), text);
    cr_assert_eq(audit_seq(a), v->seq);
    audit_free(a);
    return v;
}

Test(audits, an_audit_is_shown_as_it_stood)
{
    struct bench *b = bench_new(NULL);
    char ref[32];
    struct buf text = BUF_INIT;
    uint64_t last = write_some(b, ref);
    int64_t end_ms = b->utc_ms;
    const Tandem__View *now = view(b, ref, 0, 0, &text);
    cr_assert_eq(now->seq, last);
    cr_assert_str_eq(buf_cstr(&text), "ababababab");
    cr_assert_eq(now->n_here, 2);
    cr_assert_eq(view(b, ref, last - 4, 0, &text)->n_here, 0);
    cr_assert_str_eq(buf_cstr(&text), "ababab");
    cr_assert_eq(view(b, ref, 0, end_ms - 2500, &text)->seq, last - 3);
    cr_assert_str_eq(buf_cstr(&text), "abababa");
    cr_assert_eq(view(b, ref, 0, end_ms + 100000, &text)->seq, last);
    struct bench_plain m;
    Tandem__Envelope *e = bench_make(&m, BODY(VIEW_AT), ref, 0);
    e->view_at->seq = last + 1;
    (void)bench_send(b, 2, e);
    bench_step(b);
    (void)bench_expect_error(b, 2, ERR_INPUT);
    e->view_at->seq = 0;
    e->view_at->utc_ms = 1;
    (void)bench_send(b, 2, e);
    bench_step(b);
    (void)bench_expect_error(b, 2, ERR_INPUT);
    buf_free(&text);
    bench_free(b);
}

static void log_read(struct store_req *r)
{
    cr_assert_eq(r->err, ERR_OK);
}

static size_t notes_of(struct bench *b, const char *what)
{
    struct store_read_log log = {
        .req = {.op = STORE_READ_LOG, .done = log_read},
          .audit = 1
    };
    size_t n = 0;
    store_submit(b->store, &log.req);
    bench_step(b);
    for (size_t i = 0; i < log.nrows; i++)
        n += !strcmp(log.rows[i].what, what) && log.rows[i].person == b->conns[1].person;
    free(log.rows);
    return n;
}

/* Everything that shows a record is in the read log before its first byte goes out. */
Test(audits, every_reading_is_noted_before_it_is_shown)
{
    static const struct reading {
        int kind, answer;
        const char *what;
    } readings[] = {
        {BODY(JOIN),    BODY(JOINED),       "open"   },
        {BODY(HISTORY), BODY(HISTORY_PAGE), "history"},
        {BODY(VIEW_AT), BODY(VIEW),         "show"   },
        {BODY(WHO),     BODY(PRESENTS),     "who"    },
    };
    struct bench *b = bench_new(NULL);
    char ref[32];
    bench_connect(b, 1, bench_person(b, "Ana", ROLE_FRO, "North"));
    bench_new_audit(b, 1, "", ref);
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        struct bench_plain m;
        (void)bench_send(b, 1, bench_make(&m, readings[i].kind, ref, 0));
        for (int commits = 0; !b->conns[1].sent.len; commits++) {
            cr_assert_lt(commits, 6);
            bench_commit(b);
        }
        (void)bench_expect(b, 1, readings[i].answer);
        cr_assert_eq(notes_of(b, readings[i].what), 1, "%s", readings[i].what);
    }
    /* the same with a store that cannot keep the note: nothing is shown */
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        struct bench_plain m;
        bench_time(b, 1);
        store_mem_fail_commit(b->store, 1, ERR_FULL);
        (void)bench_send(b, 1, bench_make(&m, readings[i].kind, ref, 0));
        bench_step(b);
        (void)bench_expect_error(b, 1, ERR_FULL);
        bench_expect_nothing(b, 1);
    }
    bench_free(b);
}
