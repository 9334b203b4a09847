#include "server/rules/action.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/record_make.h"

/* ---- a record with two actions ---- */

struct made {
    struct record *r;
    uint16_t list;
    uint64_t item, other; /* Ben's; and one more, which is open */
};

/* In FOLLOW_UP since 1 December 2026; the first action is Ben's and due on 29 December. */
static struct made make_of(const char *template_id, const char *list)
{
    struct record *r = record_new(template_id, "2026-11-02", "2026-11-02");
    char where[40];
    (void)snprintf(where, sizeof where, "%s.actions", list);
    record_member(r, ANA, ROLE_FRO);
    record_member(r, BEN, ROLE_FSW);
    record_member(r, IRIS, ROLE_IRO);
    record_move(r, FAY, AUDIT_ACTION_PLANNING);
    struct made m = {.r = r, .list = record_field(r, where).question};
    m.item = record_add(r, ANA, where);
    m.other = record_add(r, ANA, where);
    (void)snprintf(where, sizeof where, "%s[1].owner", list);
    record_set(r, ANA, where, "Ben (FSW)");
    (void)snprintf(where, sizeof where, "%s[1].due", list);
    record_set(r, ANA, where, "2026-12-29");
    record_day(r, "2026-12-01");
    record_move(r, FAY, AUDIT_FOLLOW_UP);
    return m;
}

static struct made make(void)
{
    return make_of("FCA", "L5");
}

static struct field field_of(const struct made *m, enum part part)
{
    return (struct field){.question = m->list, .part = part, .item = m->item};
}

static const char *value_of(const struct made *m, enum part part)
{
    return audit_value(m->r->a, field_of(m, part)).value;
}

/* The server sets a part of the first action. */
static void put(const struct made *m, enum part part, const char *value)
{
    struct field f = field_of(m, part);
    record_do(m->r, QUINN,
              (struct audit_op){
                  .kind = OP_SET,
                  .set = {.field = f, .value = value, .base_rev = audit_value(m->r->a, f).rev}
    });
}

/* A request that has all that any step asks for. */
static struct action_request ask(const struct made *m, uint32_t person, enum action_step step)
{
    return (struct action_request){.who = record_viewer(m->r, person),
                                   .step = step,
                                   .question = m->list,
                                   .item = m->item,
                                   .reason = "The respite was booked.",
                                   .due = "2027-02-01",
                                   .impact = "better",
                                   .evidence = "The carer says so.",
                                   .leads_to = m->other};
}

static enum err check(const struct made *m, const struct action_request *q, struct err_info *why)
{
    struct facts f = record_facts(m->r);
    *why = (struct err_info){0};
    enum err e = action_check(&f, q, why);
    cr_assert_eq(why->code, e);
    cr_assert_eq(!why->text[0], !e, "a sentence if and only if it is refused");
    return e;
}

/* Takes the step as the server would: rules, fold's check, fold. */
static void take(const struct made *m, const struct action_request *q)
{
    struct err_info why;
    struct action_ops ops;
    struct facts f = record_facts(m->r);
    cr_assert_eq(check(m, q, &why), ERR_OK, "%s", why.text);
    action_make(&f, q, &ops);
    struct event e = {
        .seq = audit_seq(m->r->a) + 1,
        .utc_ms = m->r->utc_ms++,
        .actor = q->who->person,
        .body = {.ops = ops.ops, .nops = ops.nops}
    };
    cr_assert_eq(audit_check(m->r->a, q->who, &e.body, &why, NULL), ERR_OK, "%s", why.text);
    cr_assert_eq(audit_apply(m->r->a, &e), ERR_OK);
}

/* ---- status x step x person, from the field's text ---- */

/* clang-format off */
static const struct {
    enum action_step step;
    const char *code, *from, *who, *to;
    bool reason;
} expected[] = {
    {ACTION_START,         "start",         "open",                                   "Ben Fay",           "in_progress",   false},
    {ACTION_CLAIM,         "claim",         "open in_progress",                       "Ben",               "done_claimed",  true },
    {ACTION_VERIFY,        "verify",        "done_claimed",                           "Ana Fay Sam Quinn", "done_verified", false},
    {ACTION_REOPEN,        "reopen",        "done_claimed",                           "Ana Fay Sam Quinn", "in_progress",   true },
    {ACTION_NOT_EFFECTIVE, "not_effective", "in_progress done_claimed done_verified", "Ana Fay Sam Quinn", "not_effective", true },
    {ACTION_CANCEL,        "cancel",        "open in_progress done_claimed",          "Fay Sam Quinn",     "cancelled",     true },
    {ACTION_SUPERSEDE,     "supersede",     "open in_progress done_claimed",          "Fay Sam Quinn",     "superseded",    true },
    {ACTION_DUE,           "due",           "open in_progress",                       "Fay Sam",           "",              true },
    {ACTION_IMPACT,        "impact",        "done_verified",                          "Ana Ben Fay Sam",   "",              false},
};
/* clang-format on */
enum { STEPS = sizeof expected / sizeof *expected };
static const char sees[] = "Ana Ben Iris Fay Sam Quinn"; /* members, and managers of the team */

static bool has(const char *words, const char *word)
{
    const char *at = strstr(words, word);
    size_t len = strlen(word);
    return at && (at == words || at[-1] == ' ') && (!at[len] || at[len] == ' ');
}

static enum err expect(size_t step, const char *status, const char *name)
{
    if (!has(sees, name))
        return ERR_NOT_FOUND;
    if (!has(expected[step].who, name))
        return ERR_REFUSED_ROLE;
    return has(expected[step].from, status) ? ERR_OK : ERR_REFUSED_STATE;
}

Test(action, every_status_step_and_person)
{
    size_t cells = 0, allowed = 0;
    for (size_t s = ACTION_IS_OPEN; s <= ACTION_IS_SUPERSEDED; s++) {
        struct made m = make();
        const char *status = action_status_code((enum action_status)s);
        put(&m, PART_STATUS, status);
        put(&m, PART_CLOSED_ON, "2026-05-29");
        for (size_t k = 0; k < STEPS; k++)
            for (uint32_t p = ANA; p < PEOPLE_END; p++) {
                struct action_request q = ask(&m, p, expected[k].step);
                struct err_info why;
                const char *name = people_find(m.r->people, p)->name;
                enum err e = check(&m, &q, &why), wanted = expect(k, status, name);
                cr_assert_eq(e, wanted, "%s of an action that is %s, by %s: %s (%s)",
                             expected[k].code, status, name, err_name(e), why.text);
                cells++;
                allowed += e == ERR_OK;
            }
        record_free(m.r);
    }
    cr_assert_eq(cells, 7 * STEPS * (PEOPLE_END - 1));
    cr_assert_eq(allowed, 2 + 2 + 4 + 4 + 12 + 9 + 9 + 4 + 4);
}

Test(action, the_table_says_the_same)
{
    size_t n;
    const struct action_step_def *all = action_steps(&n);
    cr_assert_eq(n, STEPS);
    for (size_t k = 0; k < n; k++) {
        cr_assert_eq(all[k].step, expected[k].step);
        cr_assert_str_eq(all[k].code, expected[k].code);
        cr_assert_eq(action_step_find(expected[k].code), &all[k]);
        cr_assert_str_eq(all[k].to ? action_status_code(all[k].to) : "", expected[k].to);
        cr_assert(all[k].title[0] && all[k].records[0]);
    }
    cr_assert_null(action_step_find("close"));
}

Test(action, each_step_leaves_its_status)
{
    for (size_t k = 0; k < STEPS; k++) {
        struct made m = make();
        char first[40];
        (void)snprintf(first, sizeof first, "%.*s", (int)strcspn(expected[k].from, " "),
                       expected[k].from);
        put(&m, PART_STATUS, first);
        put(&m, PART_CLOSED_ON, "2026-05-29");
        struct action_request q = ask(&m, k == 1 ? BEN : FAY, expected[k].step);
        take(&m, &q);
        cr_assert_str_eq(value_of(&m, PART_STATUS), *expected[k].to ? expected[k].to : first);
        record_free(m.r);
    }
}

/* ---- states of the record ---- */

Test(action, steps_are_taken_in_follow_up_and_only_impact_after_closing)
{
    struct made m = make();
    put(&m, PART_CLOSED_ON, "2026-05-29");
    for (enum audit_state s = AUDIT_PLANNED; s <= AUDIT_WITHDRAWN; s++) {
        record_move(m.r, QUINN, s);
        cr_assert_eq(action_is_followed_up(m.r->a), s == AUDIT_FOLLOW_UP);
        for (size_t k = 0; k < STEPS; k++) {
            struct action_request q = ask(&m, k == 1 ? BEN : FAY, expected[k].step);
            struct err_info why;
            char first[40];
            (void)snprintf(first, sizeof first, "%.*s", (int)strcspn(expected[k].from, " "),
                           expected[k].from);
            put(&m, PART_STATUS, first);
            bool may =
                s == AUDIT_FOLLOW_UP || (s == AUDIT_CLOSED && expected[k].step == ACTION_IMPACT);
            cr_assert_eq(check(&m, &q, &why), may ? ERR_OK : ERR_REFUSED_STATE, "%s in %s",
                         expected[k].code, audit_state_code(s));
        }
    }
    record_free(m.r);
}

/* A dip audit is not followed up afterwards, so that its actions move while they are planned; its
 * IRO leads it. */
Test(action, of_a_dip_audit_moves_in_planning)
{
    struct made m = make_of("IDA", "L1");
    struct err_info why;
    record_move(m.r, IRIS, AUDIT_ACTION_PLANNING);
    struct action_request q = ask(&m, BEN, ACTION_CLAIM);
    take(&m, &q);
    q = ask(&m, ANA, ACTION_VERIFY);
    cr_assert_eq(check(&m, &q, &why), ERR_REFUSED_ROLE);
    q = ask(&m, IRIS, ACTION_VERIFY);
    take(&m, &q);
    cr_assert_str_eq(value_of(&m, PART_STATUS), "done_verified");
    record_free(m.r);
}

/* ---- owners ---- */

Test(action, of_somebody_who_does_not_work_here_is_claimed_by_the_team_manager)
{
    struct made m = make();
    struct err_info why;
    put(&m, PART_OWNER, "school nurse");
    struct action_request q = ask(&m, BEN, ACTION_CLAIM);
    cr_assert_eq(check(&m, &q, &why), ERR_REFUSED_ROLE);
    cr_assert(strstr(why.text, "Fay (FTM)"), "%s", why.text);
    q = ask(&m, FAY, ACTION_CLAIM);
    take(&m, &q);
    q = ask(&m, FAY, ACTION_VERIFY); /* who said so does not verify */
    cr_assert_eq(check(&m, &q, &why), ERR_REFUSED_ROLE);
    record_free(m.r);
}

Test(action, its_owner_may_claim_without_being_a_member)
{
    struct made m = make();
    struct err_info why;
    put(&m, PART_OWNER, "Cleo");
    struct action_request q = ask(&m, CLEO, ACTION_CLAIM);
    cr_assert_eq(check(&m, &q, &why), ERR_OK, "%s", why.text);
    q = ask(&m, CLEO, ACTION_VERIFY);
    cr_assert_eq(check(&m, &q, &why), ERR_REFUSED_ROLE);
    record_free(m.r);
}

/* ---- verifying ---- */

/* Owner and claimer, each in every role that could verify otherwise. */
Test(action, nobody_verifies_their_own)
{
    static const struct {
        const char *owner;
        uint32_t claimer, asks;
        bool may;
    } rows[] = {
        {"Ben",   BEN,   FAY,   true },
        {"Fay",   FAY,   FAY,   false},
        {"Fay",   FAY,   SAM,   true },
        {"Fay",   SAM,   FAY,   false}, /* the owner, though another said so */
        {"Fay",   SAM,   SAM,   false}, /* who said so, though not the owner */
        {"Fay",   SAM,   QUINN, true },
        {"Ana",   ANA,   ANA,   false},
        {"Ana",   ANA,   FAY,   true },
        {"Quinn", QUINN, QUINN, false},
        {"Sam",   SAM,   SAM,   false},
        {"Sam",   SAM,   ANA,   true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct made m = make();
        struct err_info why;
        char claimer[12];
        (void)snprintf(claimer, sizeof claimer, "%u", rows[i].claimer);
        put(&m, PART_OWNER, rows[i].owner);
        put(&m, PART_STATUS, "done_claimed");
        put(&m, PART_CLAIMED_BY, claimer);
        for (enum action_step s = ACTION_VERIFY; s <= ACTION_REOPEN; s++) {
            struct action_request q = ask(&m, rows[i].asks, s);
            const char *asker = people_find(m.r->people, rows[i].asks)->name;
            cr_assert_eq(check(&m, &q, &why), rows[i].may ? ERR_OK : ERR_REFUSED_ROLE,
                         "row %zu: %s", i, why.text);
            if (rows[i].may)
                continue;
            cr_assert(strstr(why.text, "somebody else") && strstr(why.text, " can"), "%s",
                      why.text);
            cr_assert_not(strstr(why.text, asker), "the asker is no help: %s", why.text);
            cr_assert_not(strstr(why.text, rows[i].owner), "the owner is no help: %s", why.text);
        }
        record_free(m.r);
    }
}

Test(action, verifying_records_who_and_when)
{
    struct made m = make();
    struct action_request q = ask(&m, BEN, ACTION_CLAIM);
    take(&m, &q);
    cr_assert_str_eq(value_of(&m, PART_CLAIMED_BY), "2");
    cr_assert_str_eq(value_of(&m, PART_CLOSE_REASON), q.reason);
    cr_assert_str_eq(value_of(&m, PART_CLOSED_ON), "");
    record_day(m.r, "2026-12-09");
    q = ask(&m, FAY, ACTION_VERIFY);
    q.reason = NULL;
    take(&m, &q);
    cr_assert_str_eq(value_of(&m, PART_CLAIMED_BY), "2");
    cr_assert_str_eq(value_of(&m, PART_CLOSED_BY), "6");
    cr_assert_str_eq(value_of(&m, PART_CLOSED_ON), "2026-12-09");
    cr_assert(action_is_settled(m.r->a, m.list, m.item));
    record_free(m.r);
}

Test(action, sent_back_is_to_be_claimed_again)
{
    struct made m = make();
    struct err_info why;
    struct action_request q = ask(&m, BEN, ACTION_CLAIM);
    take(&m, &q);
    q = ask(&m, FAY, ACTION_REOPEN);
    q.reason = "The second night is not booked yet.";
    take(&m, &q);
    cr_assert_str_eq(value_of(&m, PART_STATUS), "in_progress");
    cr_assert_str_eq(value_of(&m, PART_CLAIMED_BY), "");
    cr_assert_str_eq(value_of(&m, PART_CLOSE_REASON), q.reason);
    cr_assert_not(action_is_settled(m.r->a, m.list, m.item));
    q = ask(&m, BEN, ACTION_CLAIM);
    cr_assert_eq(check(&m, &q, &why), ERR_OK, "%s", why.text);
    record_free(m.r);
}

/* ---- reasons ---- */

Test(action, a_reason_is_asked_for_where_the_field_wants_one)
{
    static const char *const empty[] = {NULL, "", " ", "\t "};
    for (size_t k = 0; k < STEPS; k++) {
        struct made m = make();
        struct err_info why;
        char first[40];
        (void)snprintf(first, sizeof first, "%.*s", (int)strcspn(expected[k].from, " "),
                       expected[k].from);
        put(&m, PART_STATUS, first);
        put(&m, PART_CLOSED_ON, "2026-05-29");
        for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
            struct action_request q = ask(&m, k == 1 ? BEN : FAY, expected[k].step);
            q.reason = empty[i];
            cr_assert_eq(check(&m, &q, &why), expected[k].reason ? ERR_INPUT : ERR_OK, "%s: %s",
                         expected[k].code, why.text);
        }
        record_free(m.r);
    }
}

Test(action, may_be_claimed_with_what_is_written_already)
{
    struct made m = make();
    struct err_info why;
    struct action_request q = ask(&m, BEN, ACTION_CLAIM);
    q.reason = "";
    cr_assert_eq(check(&m, &q, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "what shows that it is done"), "%s", why.text);
    record_type(m.r, BEN, "L5[1].done_evidence", "Carer's record, 4 December.");
    cr_assert_eq(check(&m, &q, &why), ERR_OK, "%s", why.text);
    record_free(m.r);
}

Test(action, a_reason_that_is_no_line_is_refused)
{
    struct made m = make();
    struct err_info why;
    char long_reason[700];
    memset(long_reason, 'x', sizeof long_reason - 1);
    long_reason[sizeof long_reason - 1] = 0;
    const char *const bad[] = {"two\nlines", long_reason, "a bell \a"};
    static const enum action_step steps[] = {ACTION_CANCEL, ACTION_DUE};
    for (size_t s = 0; s < 2; s++)
        for (size_t i = 0; i < 3; i++) {
            struct action_request q = ask(&m, FAY, steps[s]);
            q.reason = bad[i];
            cr_assert_eq(check(&m, &q, &why), i == 1 ? ERR_TOO_LARGE : ERR_INPUT);
        }
    record_free(m.r);
}

/* ---- what follows ---- */

Test(action, one_that_did_not_help_names_the_next)
{
    struct made m = make();
    struct err_info why;
    put(&m, PART_STATUS, "done_verified");
    struct action_request q = ask(&m, FAY, ACTION_NOT_EFFECTIVE);
    const uint64_t bad[] = {0, m.item, m.other + 77};
    for (size_t i = 0; i < 3; i++) {
        q.leads_to = bad[i];
        cr_assert_eq(check(&m, &q, &why), ERR_INPUT);
        cr_assert(strstr(why.text, "name another action"), "%s", why.text);
    }
    q.leads_to = m.other;
    take(&m, &q);
    char id[24];
    (void)snprintf(id, sizeof id, "%llu", (unsigned long long)m.other);
    cr_assert_str_eq(value_of(&m, PART_LEADS_TO), id);
    cr_assert_str_eq(value_of(&m, PART_CLOSED_BY), "6");
    cr_assert_str_eq(value_of(&m, PART_CLOSED_ON), "2026-12-01");
    cr_assert(action_is_settled(m.r->a, m.list, m.item));

    /* and back again: they would wait for each other */
    struct made back = {.r = m.r, .list = m.list, .item = m.other, .other = m.item};
    put(&back, PART_STATUS, "in_progress");
    q = ask(&back, FAY, ACTION_NOT_EFFECTIVE);
    cr_assert_eq(check(&back, &q, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "still to be done"), "%s", why.text);
    record_free(m.r);
}

Test(action, one_that_is_superseded_may_name_what_takes_its_place)
{
    struct made m = make();
    struct err_info why;
    struct action_request q = ask(&m, FAY, ACTION_SUPERSEDE);
    q.leads_to = m.item;
    cr_assert_eq(check(&m, &q, &why), ERR_INPUT);
    q.leads_to = 0;
    take(&m, &q);
    cr_assert_str_eq(value_of(&m, PART_LEADS_TO), "");
    cr_assert(action_is_settled(m.r->a, m.list, m.item));
    record_free(m.r);
}

Test(action, is_settled_when_nothing_more_is_to_be_done)
{
    static const struct {
        const char *status, *leads_to;
        bool settled;
    } rows[] = {
        {"",              "",  false},
        {"open",          "",  false},
        {"in_progress",   "",  false},
        {"done_claimed",  "",  false},
        {"done_verified", "",  true },
        {"not_effective", "",  false},
        {"not_effective", "7", true },
        {"cancelled",     "",  true },
        {"superseded",    "",  true },
    };
    struct made m = make();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        put(&m, PART_STATUS, rows[i].status);
        put(&m, PART_LEADS_TO, rows[i].leads_to);
        cr_assert_eq(action_is_settled(m.r->a, m.list, m.item), rows[i].settled, "%s",
                     rows[i].status);
    }
    record_free(m.r);
}

/* ---- due days ---- */

Test(action, another_day_keeps_the_first)
{
    struct made m = make();
    struct action_request q = ask(&m, FAY, ACTION_DUE);
    q.due = "12 Jan 2027";
    take(&m, &q);
    cr_assert_str_eq(value_of(&m, PART_FIRST_DUE), "2026-12-29");
    cr_assert_str_eq(value_of(&m, PART_DUE), "2027-01-12");
    cr_assert_str_eq(value_of(&m, PART_DUE_REASON), q.reason);
    q.due = "2027-02-01";
    q.reason = "The family asked for it.";
    take(&m, &q);
    cr_assert_str_eq(value_of(&m, PART_FIRST_DUE), "2026-12-29");
    cr_assert_str_eq(value_of(&m, PART_DUE), "2027-02-01");
    cr_assert_str_eq(value_of(&m, PART_DUE_REASON), q.reason);
    cr_assert_str_eq(value_of(&m, PART_STATUS), "");
    record_free(m.r);
}

/* It had none: 20 working days from 1 December are 31 December (25 and 28 are holidays). */
Test(action, another_day_keeps_the_default_as_the_first)
{
    struct made m = make();
    put(&m, PART_DUE, "");
    struct action_request q = ask(&m, FAY, ACTION_DUE);
    take(&m, &q);
    cr_assert_str_eq(value_of(&m, PART_FIRST_DUE), "2026-12-31");
    record_free(m.r);
}

Test(action, a_day_that_cannot_be_is_refused)
{
    static const struct {
        const char *due, *says;
    } rows[] = {
        {NULL,         ""                },
        {"",           ""                },
        {"soon",       ""                },
        {"2027-02-29", ""                },
        {"2027-02",    ""                },
        {"2026-11-30", "has come already"},
        {"2026-12-01", "has come already"}, /* today */
        {"2026-12-29", "already"         }, /* as it is */
    };
    struct made m = make();
    struct err_info why;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct action_request q = ask(&m, FAY, ACTION_DUE);
        q.due = rows[i].due;
        cr_assert_eq(check(&m, &q, &why), ERR_INPUT, "row %zu", i);
        cr_assert(strstr(why.text, rows[i].says), "row %zu: %s", i, why.text);
    }
    struct action_request q = ask(&m, FAY, ACTION_DUE);
    q.due = "2026-12-02"; /* tomorrow */
    cr_assert_eq(check(&m, &q, &why), ERR_OK);
    record_free(m.r);
}

static void expect_day(struct civil d, const char *day)
{
    char s[11];
    civil_format(d, s);
    cr_assert_str_eq(s, day);
}

/* 20 working days from 1 Dec 2026 are 31 Dec, 5 are 8 Dec; from 18 Dec: 20 Jan and 29 Dec. */
Test(action, default_due_days_are_shorter_for_safety)
{
    static const struct {
        const char *priority, *theme;
        const char *from_1, *from_18;
    } rows[] = {
        {"",       "",                     "2026-12-31", "2027-01-20"},
        {"normal", "",                     "2026-12-31", "2027-01-20"},
        {"low",    "recording",            "2026-12-31", "2027-01-20"},
        {"high",   "",                     "2026-12-08", "2026-12-29"},
        {"low",    "safety",               "2026-12-08", "2026-12-29"},
        {"",       "visits, safety, data", "2026-12-08", "2026-12-29"},
    };
    struct made m = make();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        put(&m, PART_PRIORITY, rows[i].priority);
        put(&m, PART_ACTION_THEME, rows[i].theme);
        struct facts f = record_facts(m.r);
        expect_day(action_default_due(&f, m.list, m.item, (struct civil){2026, 12, 1}),
                   rows[i].from_1);
        expect_day(action_default_due(&f, m.list, m.item, (struct civil){2026, 12, 18}),
                   rows[i].from_18);
    }
    record_free(m.r);
}

Test(action, is_due_on_its_day_or_by_default_from_the_follow_up)
{
    struct made m = make();
    record_day(m.r, "2026-12-15");
    struct facts f = record_facts(m.r);
    expect_day(action_due(&f, m.list, m.item), "2026-12-29");
    put(&m, PART_DUE, "2027-01");
    expect_day(action_due(&f, m.list, m.item), "2026-12-31");
    put(&m, PART_DUE, "");
    expect_day(action_due(&f, m.list, m.item), "2026-12-31");
    record_free(m.r);
}

/* ---- the difference it made ---- */

Test(action, impact_is_told_from_three_months_after_verifying)
{
    struct made m = make();
    struct err_info why;
    struct civil from;
    struct facts f = record_facts(m.r);
    cr_assert_not(action_impact_day(&f, m.list, m.item, &from));
    put(&m, PART_STATUS, "done_verified");
    put(&m, PART_CLOSED_ON, "2026-11-30");
    f = record_facts(m.r);
    cr_assert(action_impact_day(&f, m.list, m.item, &from));
    expect_day(from, "2027-02-28"); /* clamped */
    record_day(m.r, "2027-02-27");
    struct action_request q = ask(&m, BEN, ACTION_IMPACT);
    cr_assert_eq(check(&m, &q, &why), ERR_REFUSED_STATE);
    cr_assert(strstr(why.text, "28 Feb 2027"), "%s", why.text);
    record_move(m.r, FAY, AUDIT_CLOSED);
    record_day(m.r, "2027-02-28");
    take(&m, &q);
    cr_assert_str_eq(value_of(&m, PART_IMPACT), "better");
    cr_assert_str_eq(value_of(&m, PART_IMPACT_EVIDENCE), q.evidence);
    cr_assert_str_eq(value_of(&m, PART_STATUS), "done_verified");
    record_free(m.r);
}

Test(action, impact_needs_a_word_and_its_evidence)
{
    static const struct {
        const char *impact, *evidence;
        enum err expected;
    } rows[] = {
        {"better",      "seen",      ERR_OK   },
        {"same",        "seen",      ERR_OK   },
        {"worse",       "seen",      ERR_OK   },
        {"cannot_tell", "too early", ERR_OK   },
        {"cannot_tell", "",          ERR_INPUT},
        {"better",      NULL,        ERR_INPUT},
        {"better",      "a\nb",      ERR_INPUT},
        {"",            "seen",      ERR_INPUT},
        {NULL,          "seen",      ERR_INPUT},
        {"great",       "seen",      ERR_INPUT},
    };
    struct made m = make();
    struct err_info why;
    put(&m, PART_STATUS, "done_verified");
    put(&m, PART_CLOSED_ON, "2026-05-29");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct action_request q = ask(&m, BEN, ACTION_IMPACT);
        q.impact = rows[i].impact;
        q.evidence = rows[i].evidence;
        cr_assert_eq(check(&m, &q, &why), rows[i].expected, "row %zu: %s", i, why.text);
    }
    record_free(m.r);
}

/* ---- what is not there ---- */

Test(action, that_does_not_exist_is_not_found)
{
    struct made m = make();
    struct err_info why;
    struct action_request q = ask(&m, FAY, ACTION_START);
    q.item = 12345;
    cr_assert_eq(check(&m, &q, &why), ERR_NOT_FOUND);
    q = ask(&m, FAY, ACTION_START);
    q.question = 1;
    cr_assert_eq(check(&m, &q, &why), ERR_NOT_FOUND);
    q.question = 0;
    cr_assert_eq(check(&m, &q, &why), ERR_NOT_FOUND);
    record_free(m.r);
}

Test(action, refusals_are_kind)
{
    static const char *const unkind[] = {"fail",   "must not",  "invalid", "illegal",
                                         "denied", "forbidden", "error"};
    for (size_t s = ACTION_IS_OPEN; s <= ACTION_IS_SUPERSEDED; s++) {
        struct made m = make();
        put(&m, PART_STATUS, action_status_code((enum action_status)s));
        for (size_t k = 0; k < STEPS; k++)
            for (uint32_t p = ANA; p < PEOPLE_END; p++) {
                struct action_request q = ask(&m, p, expected[k].step);
                struct err_info why;
                (void)check(&m, &q, &why); /* whatever it says */
                for (size_t i = 0; i < sizeof unkind / sizeof *unkind; i++)
                    cr_assert_not(strstr(why.text, unkind[i]), "%s", why.text);
            }
        record_free(m.r);
    }
}
