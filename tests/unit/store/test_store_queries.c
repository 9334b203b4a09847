/* Lists, duties and what else is asked over all audits, of every implementation. */

#include "server/store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/fault_vfs.h"
#include "tests/lib/store_conform.h"

/* ---- a site ---- */

/* A new audit of the template with this summary (its ref and template are filled in). */
static uint64_t put(struct store_under_test *t, const char *template_id, struct store_summary s,
                    const struct store_member *members, size_t nmembers,
                    const struct store_duty *duties, size_t nduties)
{
    struct store_create_audit c = {.req.op = STORE_CREATE_AUDIT, .year = 2026};
    snprintf(c.template_id, sizeof c.template_id, "%s", template_id);
    ASSERT_ERR(RUN(c), ERR_OK);
    memcpy(s.ref, c.ref, sizeof s.ref);
    memcpy(s.template_id, c.template_id, sizeof s.template_id);
    struct store_event e = {.seq = 1, .utc_ms = 1000, .body = (const uint8_t *)"x", .body_len = 1};
    struct store_append a = {.req.op = STORE_APPEND,
                             .audit = c.audit,
                             .events = &e,
                             .nevents = 1,
                             .summary = &s,
                             .members = members,
                             .nmembers = nmembers,
                             .duties = duties,
                             .nduties = nduties};
    ASSERT_ERR(RUN(a), ERR_OK);
    return c.audit;
}

/* One more event with another summary or other duties. */
static enum err change(struct store_under_test *t, uint64_t audit, uint64_t seq,
                       const struct store_summary *s, const struct store_duty *duties,
                       size_t nduties)
{
    struct store_event e = {
        .seq = seq + 1, .utc_ms = 5000, .body = (const uint8_t *)"x", .body_len = 1};
    struct store_append a = {.req.op = STORE_APPEND,
                             .audit = audit,
                             .expected_seq = seq,
                             .events = &e,
                             .nevents = 1,
                             .summary = s,
                             .duties = duties,
                             .nduties = nduties};
    return RUN(a);
}

static struct store_summary in_team(const char *team, enum audit_state state)
{
    struct store_summary s = {.template_version = 1, .state = state};
    snprintf(s.team, sizeof s.team, "%s", team);
    return s;
}

/* The refs of a list, joined with " ". */
static const char *refs(struct store_under_test *t, struct store_list_audits *q)
{
    static char line[4000];
    q->req.op = STORE_LIST_AUDITS;
    ASSERT_ERR(t->impl->run(t, &q->req), ERR_OK);
    size_t len = 0;
    line[0] = '\0';
    for (size_t i = 0; i < q->nrows; i++)
        len += (size_t)snprintf(line + len, sizeof line - len, "%s%s", i ? " " : "",
                                q->rows[i].summary.ref);
    free(q->rows);
    return line;
}

#define ASSERT_LIST(wanted, ...)                                                                   \
    do {                                                                                           \
        struct store_list_audits q_ = {__VA_ARGS__};                                               \
        const char *got_ = refs(t, &q_);                                                           \
        cr_assert_str_eq(got_, wanted, "%s: \"%s\" instead of \"%s\"", t->impl->name, got_,        \
                         wanted);                                                                  \
    } while (0)

/* ---- the summary's fields ---- */

CONFORMS(everything_in_a_summary_comes_back)
{
    struct store_summary s = {.template_version = 3,
                              .team = "north",
                              .carer_ref = "C-1",
                              .period_from = "2025-01-02",
                              .period_to = "2026-01-01",
                              .state = AUDIT_RETURNED,
                              .answered = 4,
                              .required = 5,
                              .open_comments = 6,
                              .max_agent = UINT32_MAX,
                              .planned = "2026-11-23",
                              .way_in = "annual_review",
                              .source = "CHA-2026-0007",
                              .moderator = 8,
                              .stage = 9,
                              .since_utc_ms = -10,
                              .overall = "good",
                              .weak = 1,
                              .returns = 2,
                              .revision = 1ull << 40,
                              .glass_until_utc_ms = 1ll << 41};
    put(t, "FCA", s, NULL, 0, NULL, 0);
    t->impl->reopen(t);
    struct store_list_audits q = {.req.op = STORE_LIST_AUDITS};
    ASSERT_ERR(RUN(q), ERR_OK);
    cr_assert_eq(q.nrows, 1);
    const struct store_summary *r = &q.rows[0].summary;
    cr_assert_str_eq(r->ref, "FCA-2026-0001");
    cr_assert_str_eq(r->template_id, "FCA");
    cr_assert_eq(r->template_version, 3);
    cr_assert_str_eq(r->team, "north");
    cr_assert_str_eq(r->carer_ref, "C-1");
    cr_assert_str_eq(r->period_from, "2025-01-02");
    cr_assert_str_eq(r->period_to, "2026-01-01");
    cr_assert_eq(r->state, AUDIT_RETURNED);
    cr_assert_eq(r->answered, 4);
    cr_assert_eq(r->required, 5);
    cr_assert_eq(r->open_comments, 6);
    cr_assert_eq(r->max_agent, UINT32_MAX);
    cr_assert_str_eq(r->planned, "2026-11-23");
    cr_assert_str_eq(r->way_in, "annual_review");
    cr_assert_str_eq(r->source, "CHA-2026-0007");
    cr_assert_eq(r->moderator, 8);
    cr_assert_eq(r->stage, 9);
    cr_assert_eq(r->since_utc_ms, -10);
    cr_assert_str_eq(r->overall, "good");
    cr_assert_eq(r->weak, 1);
    cr_assert_eq(r->returns, 2);
    cr_assert_eq(r->revision, 1ull << 40);
    cr_assert_eq(r->glass_until_utc_ms, 1ll << 41);
    free(q.rows);
}

/* ---- lists ---- */

static void put_five(struct store_under_test *t)
{
    static const struct store_member asha[] = {
        {.person = 1, .role = ROLE_FRO}
    };
    static const struct store_member both[] = {
        {.person = 1, .role = ROLE_FRO},
        {.person = 2, .role = ROLE_FSW}
    };
    struct store_summary s = in_team("north", AUDIT_PLANNED);
    snprintf(s.planned, sizeof s.planned, "2026-12-01");
    put(t, "FCA", s, asha, 1, NULL, 0); /* FCA-2026-0001 */
    put(t, "FCA", in_team("north", AUDIT_IN_PROGRESS), both, 2, NULL, 0);
    put(t, "PSA", in_team("south", AUDIT_IN_PROGRESS), both, 2, NULL, 0);
    put(t, "CHA", in_team("south", AUDIT_CLOSED), NULL, 0, NULL, 0);
    snprintf(s.planned, sizeof s.planned, "2026-12-02");
    put(t, "FCA", s, NULL, 0, NULL, 0); /* FCA-2026-0003 */
}

CONFORMS(a_list_holds_what_is_asked_for_and_nothing_else)
{
    static const char *const north[] = {"north"}, *const south[] = {"south"},
                             *const both[] = {"south", "north", "south"}, *const every[] = {""},
                             *const nowhere[] = {"nort"};
    put_five(t);
    t->impl->reopen(t);
    ASSERT_LIST("CHA-2026-0001 FCA-2026-0001 FCA-2026-0002 FCA-2026-0003 PSA-2026-0001",
                .states = 0);
    ASSERT_LIST("CHA-2026-0001 FCA-2026-0001 FCA-2026-0002 FCA-2026-0003 PSA-2026-0001",
                .teams = every, .nteams = 1);
    ASSERT_LIST("FCA-2026-0001 FCA-2026-0002 FCA-2026-0003", .teams = north, .nteams = 1);
    ASSERT_LIST("CHA-2026-0001 FCA-2026-0001 FCA-2026-0002 FCA-2026-0003 PSA-2026-0001",
                .teams = both, .nteams = 3);
    ASSERT_LIST("", .teams = nowhere, .nteams = 1);
    ASSERT_LIST("FCA-2026-0001 FCA-2026-0002 PSA-2026-0001", .person = 1);
    ASSERT_LIST("FCA-2026-0002 PSA-2026-0001", .person = 2);
    ASSERT_LIST("", .person = 3);
    ASSERT_LIST("CHA-2026-0001 FCA-2026-0002 PSA-2026-0001", .person = 2, .teams = south,
                .nteams = 1);
    ASSERT_LIST("CHA-2026-0001 FCA-2026-0001 FCA-2026-0002 FCA-2026-0003 PSA-2026-0001",
                .person = 2, .teams = every, .nteams = 1);
    ASSERT_LIST("FCA-2026-0002 PSA-2026-0001", .states = 1u << AUDIT_IN_PROGRESS);
    ASSERT_LIST("CHA-2026-0001 FCA-2026-0002 PSA-2026-0001",
                .states = 1u << AUDIT_IN_PROGRESS | 1u << AUDIT_CLOSED);
    ASSERT_LIST("FCA-2026-0002", .states = 1u << AUDIT_IN_PROGRESS, .teams = north, .nteams = 1);
    ASSERT_LIST("", .states = 1u << AUDIT_AGREED);
    ASSERT_LIST("FCA-2026-0001 FCA-2026-0002 FCA-2026-0003", .template_id = "FCA");
    ASSERT_LIST("", .template_id = "FC");
    ASSERT_LIST("PSA-2026-0001", .template_id = "PSA", .person = 1);
    ASSERT_LIST("FCA-2026-0001", .planned_before = "2026-12-02");
    ASSERT_LIST("FCA-2026-0001 FCA-2026-0003", .planned_before = "2026-12-03");
    ASSERT_LIST("", .planned_before = "2026-12-01");
}

CONFORMS(a_list_comes_in_pages)
{
    put_five(t);
    ASSERT_LIST("CHA-2026-0001 FCA-2026-0001", .limit = 2);
    ASSERT_LIST("FCA-2026-0002 FCA-2026-0003", .limit = 2, .after_ref = "FCA-2026-0001");
    ASSERT_LIST("PSA-2026-0001", .limit = 2, .after_ref = "FCA-2026-0003");
    ASSERT_LIST("FCA-2026-0003 PSA-2026-0001", .limit = 2, .after_ref = "FCA-2026-00029");
    ASSERT_LIST("FCA-2026-0001", .template_id = "FCA", .limit = 1);
    ASSERT_LIST("", .template_id = "CHA", .after_ref = "FCA-2026-0001");
    static const struct {
        uint32_t limit;
        bool more;
    } rows[] = {
        {0, false},
        {1, true },
        {4, true },
        {5, false},
        {6, false}
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct store_list_audits q = {
            .req.op = STORE_LIST_AUDITS, .limit = rows[i].limit, .more = !rows[i].more};
        ASSERT_ERR(RUN(q), ERR_OK);
        cr_assert_eq(q.more, rows[i].more, "%s: limit %u", t->impl->name, rows[i].limit);
        free(q.rows);
    }
}

CONFORMS(a_list_follows_what_changes)
{
    put_five(t);
    struct store_summary s = in_team("north", AUDIT_WITHDRAWN);
    snprintf(s.ref, sizeof s.ref, "FCA-2026-0001");
    snprintf(s.template_id, sizeof s.template_id, "FCA");
    ASSERT_ERR(change(t, 1, 1, &s, NULL, 0), ERR_OK);
    ASSERT_LIST("FCA-2026-0003", .states = 1u << AUDIT_PLANNED);
    ASSERT_LIST("FCA-2026-0001", .states = 1u << AUDIT_WITHDRAWN);
    static const struct store_member ben[] = {
        {.person = 2, .role = ROLE_FSW}
    };
    struct store_event e = {.seq = 3, .utc_ms = 6000, .body = (const uint8_t *)"x", .body_len = 1};
    struct store_append a = {.req.op = STORE_APPEND,
                             .audit = 1,
                             .expected_seq = 2,
                             .events = &e,
                             .nevents = 1,
                             .members = ben,
                             .nmembers = 1};
    ASSERT_ERR(RUN(a), ERR_OK);
    ASSERT_LIST("FCA-2026-0002 PSA-2026-0001", .person = 1);
    ASSERT_LIST("FCA-2026-0001 FCA-2026-0002 PSA-2026-0001", .person = 2);
}

CONFORMS(malformed_lists_are_refused)
{
    static const char *const broken[] = {"\xff"}, *const missing[] = {NULL};
    /* clang-format off */
    struct store_list_audits bad[] = {
        {.after_ref = "a\nb"           },
        {                                        .template_id = "\xff"                             },
        {            .planned_before = "2026-1-01"  },
        {                        .planned_before = "tomorrow"                  },
        {                                        .teams = broken,                   .nteams = 1},
        {                                                          .teams = missing, .nteams = 1},
        { .teams = broken,                                        .nteams = STORE_MAX_TEAMS + 1},
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        bad[i].req.op = STORE_LIST_AUDITS;
        cr_assert_eq(RUN(bad[i]), ERR_INPUT, "%s: row %zu", t->impl->name, i);
        cr_assert_null(bad[i].rows);
    }
}

/* ---- duties ---- */

/* The texts of a page, joined with " ". */
static const char *texts(struct store_under_test *t, struct store_duties *q)
{
    static char line[4000];
    q->req.op = STORE_DUTIES;
    q->limit = q->limit ? q->limit : STORE_MAX_PAGE;
    ASSERT_ERR(t->impl->run(t, &q->req), ERR_OK);
    size_t len = 0;
    line[0] = '\0';
    for (size_t i = 0; i < q->nrows; i++)
        len += (size_t)snprintf(line + len, sizeof line - len, "%s%s", i ? " " : "",
                                q->rows[i].duty.text);
    free(q->rows);
    return line;
}

#define ASSERT_DUTIES(wanted, ...)                                                                 \
    do {                                                                                           \
        struct store_duties q_ = {__VA_ARGS__};                                                    \
        const char *got_ = texts(t, &q_);                                                          \
        cr_assert_str_eq(got_, wanted, "%s: \"%s\" instead of \"%s\"", t->impl->name, got_,        \
                         wanted);                                                                  \
    } while (0)

/* Each duty's text says whose it is: a person's number or a role, and the day. */
static void put_duties(struct store_under_test *t)
{
    static const struct store_duty north[] = {
        {.kind = "sign", .person = 1,         .due = "2026-12-05", .text = "1/05" },
        {.kind = "send", .role = ROLE_QA,     .due = "2026-12-01", .text = "QA/01"},
        {.kind = "plan", .role = ROLE_FTM,    .text = "FTM/-"    },
        {.kind = "sign",   .person = 2, .due = "2026-12-05",      .text = "2/05"               },
    };
    static const struct store_duty south[] = {
        {.kind = "plan", .role = ROLE_FTM, .due = "2026-12-09", .text = "S-FTM/09"},
        {.kind = "act",  .person = 1,      .due = "2025-12-30", .text = "S-1/30"  },
        {.kind = "act",  .person = 1,      .role = ROLE_FTM,    .text = "S-1/-"   },
    };
    put(t, "FCA", in_team("north", AUDIT_IN_PROGRESS), NULL, 0, north, 4);
    put(t, "PSA", in_team("south", AUDIT_FOLLOW_UP), NULL, 0, south, 3);
}

CONFORMS(duties_are_those_of_the_person_their_roles_and_their_teams)
{
    static const struct viewer_role qa[] = {
        {ROLE_QA, ""}
    };
    static const struct viewer_role ftm_south[] = {
        {ROLE_FTM, "south"}
    };
    static const struct viewer_role ftm[] = {
        {ROLE_FTM, "south"},
        {ROLE_FTM, ""     }
    };
    static const char *const south[] = {"south"}, *const every[] = {"south", ""};
    put_duties(t);
    t->impl->reopen(t);
    ASSERT_DUTIES("", .person = 0);
    ASSERT_DUTIES("", .person = 3);
    ASSERT_DUTIES("S-1/30 1/05 S-1/-", .person = 1);
    ASSERT_DUTIES("2/05", .person = 2);
    ASSERT_DUTIES("QA/01", .roles = qa, .nroles = 1);
    ASSERT_DUTIES("S-FTM/09", .roles = ftm_south, .nroles = 1);
    ASSERT_DUTIES("S-FTM/09 FTM/-", .roles = ftm, .nroles = 2);
    ASSERT_DUTIES("2/05 S-FTM/09", .person = 2, .roles = ftm_south, .nroles = 1);
    ASSERT_DUTIES("S-1/30 S-FTM/09 S-1/-", .teams = south, .nteams = 1);
    ASSERT_DUTIES("S-1/30 S-FTM/09 S-1/-", .teams = south, .nteams = 1, .roles = ftm_south,
                  .nroles = 1);
    ASSERT_DUTIES("S-1/30 QA/01 1/05 2/05 S-FTM/09 FTM/- S-1/-", .teams = every, .nteams = 2,
                  .person = 1);
}

CONFORMS(a_duty_comes_back_with_its_audit)
{
    struct store_duty d = {.kind = "answer_query",
                           .person = 7,
                           .role = ROLE_FRO,
                           .due = "2026-12-05",
                           .first_due = "2026-12-01",
                           .since = "2026-11-23",
                           .question = 65535,
                           .item = INT64_MAX,
                           .text = "What changed?\nÜber two lines"};
    struct store_duty later = {.kind = "sign", .person = 7, .due = "2026-12-06"};
    struct store_duty both[] = {later, d};
    uint64_t audit = put(t, "FCA", in_team("north", AUDIT_RETURNED), NULL, 0, both, 2);
    t->impl->reopen(t);
    struct store_duties q = {.req.op = STORE_DUTIES, .person = 7, .limit = 5, .more = true};
    ASSERT_ERR(RUN(q), ERR_OK);
    cr_assert_eq(q.nrows, 2);
    cr_assert_not(q.more);
    const struct store_duty_row *r = &q.rows[0];
    cr_assert_eq(r->audit, audit);
    cr_assert_str_eq(r->ref, "FCA-2026-0001");
    cr_assert_str_eq(r->template_id, "FCA");
    cr_assert_str_eq(r->team, "north");
    cr_assert_eq(r->state, AUDIT_RETURNED);
    cr_assert_eq(r->n, 1);
    cr_assert_str_eq(r->duty.kind, d.kind);
    cr_assert_eq(r->duty.person, 7);
    cr_assert_eq(r->duty.role, ROLE_FRO);
    cr_assert_str_eq(r->duty.due, d.due);
    cr_assert_str_eq(r->duty.first_due, d.first_due);
    cr_assert_str_eq(r->duty.since, d.since);
    cr_assert_eq(r->duty.question, d.question);
    cr_assert_eq(r->duty.item, d.item);
    cr_assert_str_eq(r->duty.text, d.text);
    free(q.rows);
}

CONFORMS(a_new_list_of_duties_replaces_the_old_one)
{
    struct store_summary s = in_team("north", AUDIT_IN_PROGRESS);
    snprintf(s.ref, sizeof s.ref, "FCA-2026-0001");
    snprintf(s.template_id, sizeof s.template_id, "FCA");
    struct store_duty list[] = {
        {.kind = "a", .person = 1, .due = "2026-12-01", .text = "a"},
        {.kind = "b", .person = 1, .due = "2026-12-02", .text = "b"},
        {.kind = "c", .person = 1, .due = "2026-12-03", .text = "c"},
    };
    put(t, "FCA", s, NULL, 0, list, 3);
    ASSERT_DUTIES("a b c", .person = 1);
    list[1] = (struct store_duty){.kind = "b", .person = 2, .text = "mine-now"};
    ASSERT_ERR(change(t, 1, 1, &s, list, 3), ERR_OK);
    ASSERT_DUTIES("a c", .person = 1);
    ASSERT_DUTIES("mine-now", .person = 2);
    ASSERT_ERR(change(t, 1, 2, &s, NULL, 0), ERR_OK); /* NULL: as they were */
    t->impl->reopen(t);
    ASSERT_DUTIES("a c", .person = 1);
    ASSERT_ERR(change(t, 1, 3, &s, list, 1), ERR_OK); /* the first after a restart */
    ASSERT_DUTIES("a", .person = 1);
    ASSERT_DUTIES("", .person = 2);
    ASSERT_ERR(change(t, 1, 4, &s, list, 3), ERR_OK);
    ASSERT_DUTIES("mine-now", .person = 2);
    ASSERT_ERR(change(t, 1, 5, &s, list, 0), ERR_OK);
    t->impl->reopen(t);
    ASSERT_DUTIES("", .person = 1);
    ASSERT_DUTIES("", .person = 2);
}

CONFORMS(paging_through_duties_loses_none)
{
    static const char *const every[] = {""};
    static const struct viewer_role fro[] = {
        {ROLE_FRO, ""}
    };
    enum { AUDITS = 7, EACH = 5 };
    for (uint32_t i = 0; i < AUDITS; i++) {
        struct store_duty list[EACH];
        for (uint32_t k = 0; k < EACH; k++) {
            list[k] = (struct store_duty){.kind = "sign", .person = k % 2};
            list[k].role = k % 2 ? ROLE_NONE : ROLE_FRO;
            if (k != 3) /* few days: most pages end inside one */
                snprintf(list[k].due, sizeof list[k].due, "2026-12-0%u", 1 + i * k % 3);
            snprintf(list[k].text, sizeof list[k].text, "%u.%u", i, k);
        }
        put(t, "FCA", in_team(i % 2 ? "north" : "south", AUDIT_FOLLOW_UP), NULL, 0, list, EACH);
    }
    for (uint32_t limit = 1; limit < AUDITS * EACH + 2; limit += limit < 4 ? 1 : 11) {
        bool seen[AUDITS][EACH] = {{false}};
        size_t n = 0;
        /* some of them by two ways */
        struct store_duties q = {.req.op = STORE_DUTIES,
                                 .person = 1,
                                 .roles = fro,
                                 .nroles = 1,
                                 .teams = limit % 2 ? every : NULL,
                                 .nteams = limit % 2,
                                 .limit = limit};
        for (bool more = true; more;) {
            ASSERT_ERR(RUN(q), ERR_OK);
            more = q.more;
            cr_assert(!more || q.nrows == limit);
            for (size_t i = 0; i < q.nrows; i++, n++) {
                unsigned a, k;
                cr_assert_eq(sscanf(q.rows[i].duty.text, "%u.%u", &a, &k), 2);
                cr_assert_not(seen[a][k], "%s twice", q.rows[i].duty.text);
                seen[a][k] = true;
            }
            if (more) {
                const struct store_duty_row *last = &q.rows[q.nrows - 1];
                memcpy(q.after.due, last->duty.due, sizeof q.after.due);
                memcpy(q.after.ref, last->ref, sizeof q.after.ref);
                q.after.n = last->n;
            }
            free(q.rows);
        }
        cr_assert_eq(n, AUDITS * EACH, "%s: limit %u: %zu", t->impl->name, limit, n);
    }
}

CONFORMS(malformed_duties_are_refused_and_leave_nothing)
{
    struct store_summary s = in_team("north", AUDIT_IN_PROGRESS);
    snprintf(s.ref, sizeof s.ref, "FCA-2026-0001");
    snprintf(s.template_id, sizeof s.template_id, "FCA");
    put(t, "FCA", s, NULL, 0, NULL, 0);
    /* clang-format off */
    struct store_duty bad[] = {
        {.kind = "",   .person = 1              },
        {           .kind = "a\nb", .person = 1                         },
        { .kind = "a" },
        {           .kind = "a", .role = ROLE_COUNT        },
        {           .kind = "a", .person = 1,                .due = "~"},
        {           .kind = "a", .person = 1,          .due = "2026-12"},
        {           .kind = "a", .person = 1, .first_due = "26-12-2026"},
        {           .kind = "a", .person = 1,     .since = "2026-12-0x"},
        {           .kind = "a", .person = 1,            .text = "\xff"},
        {           .kind = "a",     .person = 1,    .item = UINT64_MAX},
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(change(t, 1, 1, &s, &bad[i], 1), ERR_INPUT, "%s: row %zu", t->impl->name, i);
    struct store_duty good = {.kind = "a", .person = 1};
    ASSERT_ERR(change(t, 1, 1, NULL, &good, 1), ERR_INPUT);
    struct store_duty *many = calloc(STORE_MAX_DUTIES + 1, sizeof *many);
    for (size_t i = 0; i <= STORE_MAX_DUTIES; i++)
        many[i] = good;
    ASSERT_ERR(change(t, 1, 1, &s, many, STORE_MAX_DUTIES + 1), ERR_TOO_LARGE);
    free(many);
    ASSERT_DUTIES("", .person = 1);
    /* clang-format off */
    struct store_duties q[] = {
        {.limit = 0},
        {          .limit = STORE_MAX_PAGE + 1         },
        { .limit = 1,          .nroles = STORE_MAX_TEAMS + 1},
        {          .limit = 1,          .after.due = "x"},
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof q / sizeof q[0]; i++) {
        q[i].req.op = STORE_DUTIES;
        cr_assert_eq(RUN(q[i]), ERR_INPUT, "%s: query %zu", t->impl->name, i);
    }
}

/* ---- due, glass, source ---- */

static const char *found(struct store_under_test *t, struct store_find_audits *q)
{
    static char line[1000];
    ASSERT_ERR(t->impl->run(t, &q->req), ERR_OK);
    size_t len = 0;
    line[0] = '\0';
    for (size_t i = 0; i < q->nrows; i++)
        len += (size_t)snprintf(line + len, sizeof line - len, "%s%" PRIu64, i ? " " : "",
                                q->rows[i].audit);
    if (q->nrows)
        q->after = q->rows[q->nrows - 1];
    free(q->rows);
    return line;
}

CONFORMS(audits_are_found_when_it_is_time)
{
    static const struct {
        enum audit_state state;
        const char *planned, *source;
        int64_t glass;
    } rows[] = {
        {AUDIT_PLANNED,     "2026-12-02", "CHA-2026-0001", 0  }, /* audit 1 */
        {AUDIT_PLANNED,     "2026-12-01", "",              500},
        {AUDIT_PREPARING,   "2026-12-01", "CHA-2026-0001", 400},
        {AUDIT_PLANNED,     "",           "CHA-2026-0002", 0  },
        {AUDIT_PLANNED,     "2026-12-03", "CHA-2026-0001", 400},
        {AUDIT_PLANNED,     "2026-12-01", "",              600},
        {AUDIT_IN_PROGRESS, "",           "",              0  },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct store_summary s = in_team("north", rows[i].state);
        snprintf(s.planned, sizeof s.planned, "%s", rows[i].planned);
        snprintf(s.source, sizeof s.source, "%s", rows[i].source);
        s.glass_until_utc_ms = rows[i].glass;
        cr_assert_eq(put(t, "FCA", s, NULL, 0, NULL, 0), i + 1);
    }
    put(t, "FCA", in_team("north", AUDIT_PLANNED), NULL, 0, NULL, 0);
    t->impl->reopen(t);
    static const struct {
        enum store_op op;
        const char *day, *source;
        int64_t utc_ms;
        uint32_t limit;
        const char *first, *second; /* page */
    } asked[] = {
        {STORE_DUE_AUDITS,    "2026-11-30", "",              0,   9, "",      ""   },
        {STORE_DUE_AUDITS,    "2026-12-01", "",              0,   9, "2 6",   ""   },
        {STORE_DUE_AUDITS,    "2026-12-02", "",              0,   9, "2 6 1", ""   },
        {STORE_DUE_AUDITS,    "2027-01-01", "",              0,   1, "2",     "6"  },
        {STORE_DUE_AUDITS,    "2027-01-01", "",              0,   2, "2 6",   "1 5"},
        {STORE_GLASS_AUDITS,  "",           "",              399, 9, "",      ""   },
        {STORE_GLASS_AUDITS,  "",           "",              500, 9, "3 5 2", ""   },
        {STORE_GLASS_AUDITS,  "",           "",              999, 3, "3 5 2", "6"  },
        {STORE_GLASS_AUDITS,  "",           "",              999, 1, "3",     "5"  },
        {STORE_SOURCE_AUDITS, "",           "CHA-2026-0001", 0,   9, "1 3 5", ""   },
        {STORE_SOURCE_AUDITS, "",           "CHA-2026-0001", 0,   2, "1 3",   "5"  },
        {STORE_SOURCE_AUDITS, "",           "CHA-2026-0003", 0,   2, "",      ""   },
    };
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        struct store_find_audits q = {
            .req.op = asked[i].op, .utc_ms = asked[i].utc_ms, .limit = asked[i].limit};
        snprintf(q.day, sizeof q.day, "%s", asked[i].day);
        snprintf(q.source, sizeof q.source, "%s", asked[i].source);
        cr_assert_str_eq(found(t, &q), asked[i].first, "%s: row %zu", t->impl->name, i);
        cr_assert_str_eq(found(t, &q), asked[i].second, "%s: row %zu, second", t->impl->name, i);
    }
    /* clang-format off */
    struct store_find_audits bad[] = {
        {.req.op = STORE_DUE_AUDITS, .limit = 1    },
        {.req.op = STORE_DUE_AUDITS, .day = "today", .limit = 1},
        {.req.op = STORE_DUE_AUDITS,                          .day = "2026-12-01"              },
        {.req.op = STORE_SOURCE_AUDITS,                          .limit = 1},
        {.req.op = STORE_GLASS_AUDITS,                          .limit = STORE_MAX_PAGE + 1               },
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(RUN(bad[i]), ERR_INPUT, "%s: bad row %zu", t->impl->name, i);
}

/* ---- who has read what ---- */

CONFORMS(what_one_person_has_read_is_found_over_all_audits)
{
    uint64_t a = put(t, "FCA", in_team("north", AUDIT_PLANNED), NULL, 0, NULL, 0);
    uint64_t b = put(t, "PSA", in_team("north", AUDIT_PLANNED), NULL, 0, NULL, 0);
    const struct {
        uint64_t audit;
        uint32_t person;
        int64_t utc_ms;
    } reads[] = {
        {a, 1, 10},
        {b, 2, 20},
        {0, 1, 30},
        {b, 1, 40},
        {a, 2, 50}
    };
    for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++) {
        struct store_enter n = {.req.op = STORE_ENTER,
                                .audit = reads[i].audit,
                                .person = reads[i].person,
                                .utc_ms = reads[i].utc_ms,
                                .what = "open"};
        ASSERT_ERR(RUN(n), ERR_OK);
    }
    t->impl->reopen(t);
    struct store_read_log q = {.req.op = STORE_READ_LOG, .person = 1};
    ASSERT_ERR(RUN(q), ERR_OK);
    cr_assert_eq(q.nrows, 3);
    static const char *const refs_read[] = {"FCA-2026-0001", "", "PSA-2026-0001"};
    const uint64_t audits[] = {a, 0, b};
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(q.rows[i].audit, audits[i]);
        cr_assert_str_eq(q.rows[i].ref, refs_read[i]);
        cr_assert_eq(q.rows[i].person, 1);
        cr_assert_str_eq(q.rows[i].what, "open");
    }
    free(q.rows);
    q.after_utc_ms = 30;
    ASSERT_ERR(RUN(q), ERR_OK);
    cr_assert_eq(q.nrows, 1);
    free(q.rows);
    q = (struct store_read_log){.req.op = STORE_READ_LOG, .person = 1, .audit = a};
    ASSERT_ERR(RUN(q), ERR_OK);
    cr_assert_eq(q.nrows, 1);
    cr_assert_eq(q.rows[0].utc_ms, 10);
    free(q.rows);
    q = (struct store_read_log){.req.op = STORE_READ_LOG, .audit = b};
    ASSERT_ERR(RUN(q), ERR_OK);
    cr_assert_eq(q.nrows, 2);
    cr_assert_str_eq(q.rows[0].ref, "PSA-2026-0001");
    free(q.rows);
}

/* ---- both the same ---- */

static uint32_t seed = 20261123;
static uint32_t random_below(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)seed * n >> 32);
}

static const char *const some_teams[] = {"north", "south", "east", "", "n"};
static const char *const some_templates[] = {"FCA", "PSA", "FC", "FCA-X", ""};

static struct store_duty random_duty(void)
{
    struct store_duty d = {.kind = "sign", .person = random_below(4)};
    d.role = d.person ? ROLE_NONE : (enum role)(1 + random_below(3));
    if (random_below(4))
        snprintf(d.due, sizeof d.due, "2026-12-%02u", 1 + random_below(9));
    snprintf(d.text, sizeof d.text, "%u", seed);
    return d;
}

static void put_random(struct store_under_test *both[2])
{
    struct store_summary s = in_team(some_teams[random_below(3)], 1 + random_below(13));
    struct store_member members[3];
    struct store_duty duties[6];
    size_t nmembers = random_below(4), nduties = random_below(7);
    if (random_below(2))
        snprintf(s.planned, sizeof s.planned, "2026-12-%02u", 1 + random_below(9));
    for (size_t i = 0; i < nmembers; i++)
        members[i] = (struct store_member){.person = 1 + (uint32_t)i * 2 + random_below(2)};
    for (size_t i = 0; i < nduties; i++)
        duties[i] = random_duty();
    const char *template_id = some_templates[random_below(4)];
    for (int i = 0; i < 2; i++)
        put(both[i], template_id, s, members, nmembers, duties, nduties);
}

static void compare_lists(struct store_under_test *both[2])
{
    const char *teams[3];
    for (size_t i = 0; i < 3; i++)
        teams[i] = some_teams[random_below(5)];
    struct store_list_audits q = {.limit = random_below(3) ? 1 + random_below(60) : 0,
                                  .states = random_below(2) ? random_below(1u << 14) : 0,
                                  .teams = teams,
                                  .nteams = random_below(4),
                                  .person = random_below(7)};
    snprintf(q.template_id, sizeof q.template_id, "%s",
             some_templates[random_below(2) ? random_below(5) : 4]);
    if (!random_below(4))
        snprintf(q.planned_before, sizeof q.planned_before, "2026-12-%02u", 1 + random_below(9));
    if (random_below(2))
        snprintf(q.after_ref, sizeof q.after_ref, "%s-2026-%04u", some_templates[random_below(4)],
                 random_below(200));
    struct store_list_audits q2 = q;
    char asked[300];
    struct store_list_audits *each[2] = {&q, &q2};
    for (int i = 0; i < 2; i++) {
        struct store_under_test *t = both[i];
        each[i]->req.op = STORE_LIST_AUDITS;
        ASSERT_ERR(t->impl->run(t, &each[i]->req), ERR_OK);
    }
    snprintf(asked, sizeof asked, "limit %u states %x teams %zu person %u template %s after %s",
             q.limit, q.states, q.nteams, q.person, q.template_id, q.after_ref);
    cr_assert_eq(q.nrows, q2.nrows, "%s: %zu, %zu", asked, q.nrows, q2.nrows);
    cr_assert_eq(q.more, q2.more, "%s", asked);
    for (size_t i = 0; i < q.nrows; i++) {
        cr_assert_eq(q.rows[i].audit, q2.rows[i].audit, "%s", asked);
        cr_assert_eq(q.rows[i].nmembers, q2.rows[i].nmembers, "%s", asked);
    }
    free(q.rows);
    free(q2.rows);
}

static void compare_duties(struct store_under_test *both[2])
{
    const char *teams[2];
    struct viewer_role roles[2];
    for (size_t i = 0; i < 2; i++) {
        teams[i] = some_teams[random_below(5)];
        roles[i] = (struct viewer_role){.role = (enum role)(1 + random_below(3))};
        snprintf(roles[i].team, sizeof roles[i].team, "%s", some_teams[random_below(5)]);
    }
    struct store_duties q[2];
    q[0] = (struct store_duties){.req.op = STORE_DUTIES,
                                 .person = random_below(5),
                                 .roles = roles,
                                 .nroles = random_below(3),
                                 .teams = teams,
                                 .nteams = random_below(3) ? 0 : random_below(3),
                                 .limit = 1 + random_below(STORE_MAX_PAGE)};
    if (random_below(2)) {
        snprintf(q[0].after.ref, sizeof q[0].after.ref, "FCA-2026-%04u", random_below(100));
        struct store_duty d = random_duty();
        memcpy(q[0].after.due, d.due, sizeof d.due);
        q[0].after.n = random_below(6);
    }
    q[1] = q[0];
    for (int i = 0; i < 2; i++) {
        struct store_under_test *t = both[i];
        ASSERT_ERR(t->impl->run(t, &q[i].req), ERR_OK);
    }
    cr_assert_eq(q[0].nrows, q[1].nrows);
    cr_assert_eq(q[0].more, q[1].more);
    for (size_t i = 0; i < q[0].nrows; i++) {
        cr_assert_eq(q[0].rows[i].audit, q[1].rows[i].audit);
        cr_assert_eq(q[0].rows[i].n, q[1].rows[i].n);
        cr_assert_str_eq(q[0].rows[i].duty.text, q[1].rows[i].duty.text);
    }
    free(q[0].rows);
    free(q[1].rows);
}

Test(store, random_questions_get_the_same_answers_from_both)
{
    enum { AUDITS = 600, QUESTIONS = 2000 };
    struct store_under_test mem = {.impl = &store_impl_mem}, disk = {.impl = &store_impl_sqlite};
    struct store_under_test *both[] = {&mem, &disk};
    fault_vfs_install(); /* does not sync: fast */
    for (int i = 0; i < 2; i++)
        both[i]->impl->open(both[i]);
    for (int i = 0; i < AUDITS; i++)
        put_random(both);
    for (int i = 0; i < QUESTIONS; i++) {
        compare_lists(both);
        compare_duties(both);
    }
    for (int i = 0; i < 2; i++)
        both[i]->impl->close(both[i]);
}
