#include "server/rules/duty.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"
#include "server/rules/life.h"
#include "tests/lib/leaks.h"
#include "tests/lib/record_make.h"

/* ---- looking for duties ---- */

static struct duty_list list;

static void look(const struct record *r)
{
    struct facts f = record_facts(r);
    cr_assert_eq(duties_of(&f, &list), ERR_OK);
}

static size_t count(const struct record *r, enum duty_kind kind)
{
    size_t n = 0;
    look(r);
    for (size_t i = 0; i < list.n; i++)
        n += list.duties[i].kind == kind;
    return n;
}

/* The duty of this kind that this person (0: this role) has; NULL. */
static const struct duty *find(const struct record *r, enum duty_kind kind, uint32_t person,
                               enum role role)
{
    look(r);
    for (size_t i = 0; i < list.n; i++) {
        const struct duty *d = &list.duties[i];
        if (d->kind == kind && d->person == person && (person || d->role == role))
            return d;
    }
    return NULL;
}

static const struct duty *expect(const struct record *r, enum duty_kind kind, uint32_t person,
                                 enum role role, const char *due, const char *says)
{
    const struct duty *d = find(r, kind, person, role);
    cr_assert(d, "%s: nobody", duty_def(kind)->code);
    cr_assert_str_eq(d->due, due, "%s is due %s", duty_def(kind)->code, d->due);
    cr_assert(strstr(d->text, says), "%s: %s", duty_def(kind)->code, d->text);
    cr_assert(d->since[0]);
    return d;
}

static void expect_none(const struct record *r, enum duty_kind kind)
{
    cr_assert_eq(count(r, kind), 0, "%s is still there", duty_def(kind)->code);
}

/* An audit with Ana (FRO), Ben (FSW) and Iris (IRO), planned for Fri 18 Dec 2026. */
static struct record *make(enum audit_state state, const char *day)
{
    struct record *r = record_new("FCA", "2026-12-18", "2026-11-20");
    record_member(r, ANA, ROLE_FRO);
    record_member(r, BEN, ROLE_FSW);
    record_member(r, IRIS, ROLE_IRO);
    record_day(r, day);
    if (state != AUDIT_PLANNED)
        record_move(r, ANA, state);
    return r;
}

/* ---- the table ---- */

Test(duty, every_kind_has_one_row_with_a_code_of_its_own)
{
    for (enum duty_kind k = DUTY_VIEW; k < DUTY_END; k++) {
        const struct duty_def *d = duty_def(k);
        cr_assert_eq(d->kind, k);
        cr_assert(d->code[0] && strlen(d->code) < 24, "%s", d->code);
        cr_assert(d->who[0] && d->words[0], "%s", d->code);
        cr_assert_eq(duty_def_find(d->code), d, "%s", d->code);
    }
    cr_assert_null(duty_def_find("prepare"));
    cr_assert_null(duty_def_find(""));
}

/* ---- preparing ---- */

/* The view question's duty; NULL. */
static const struct duty *view(const struct record *r, const char *code)
{
    look(r);
    for (size_t i = 0; i < list.n; i++)
        if (list.duties[i].kind == DUTY_VIEW && strstr(list.duties[i].text, code))
            return &list.duties[i];
    return NULL;
}

/* 15 and 5 working days before Fri 18 Dec 2026 are Fri 27 Nov and Fri 11 Dec. */
Test(duty, each_view_is_asked_for_by_who_collects_it)
{
    static const struct {
        const char *code;
        uint32_t person;
        const char *due, *again, *words;
    } views[] = {
        {"J1", ANA,  "2026-12-18", "2026-12-18", "social worker's"},
        {"J2", ANA,  "2026-11-27", "2026-12-11", "the carer's"    },
        {"J3", IRIS, "2026-12-18", "2026-12-18", "young person's" },
        {"J4", ANA,  "2026-12-18", "2026-12-18", "parent's"       },
        {"J5", BEN,  "2026-12-18", "2026-12-18", "partner"        },
    };
    static const char *const settled[] = {"obtained", "declined", "not_possible"};
    static const enum audit_state states[] = {AUDIT_PREPARING, AUDIT_IN_PROGRESS};
    for (size_t s = 0; s < 2; s++) {
        struct record *r = make(states[s], "2026-11-20");
        for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
            const struct duty *d = view(r, views[i].code);
            cr_assert(d, "%s", views[i].code);
            cr_assert_eq(d->person, views[i].person, "%s: %u", views[i].code, d->person);
            cr_assert_eq(d->question, record_field(r, views[i].code).question);
            cr_assert_str_eq(d->due, views[i].due, "%s: %s", views[i].code, d->due);
            cr_assert(strstr(d->text, views[i].words) && !strstr(d->text, "again"), "%s", d->text);
            record_set(r, ANA, views[i].code, "asked");
            d = view(r, views[i].code);
            cr_assert(d, "%s", views[i].code);
            cr_assert_str_eq(d->due, views[i].again, "%s: %s", views[i].code, d->due);
            cr_assert(strstr(d->text, "Ask again"), "%s", d->text);
            record_set(r, ANA, views[i].code, settled[i % 3]);
            cr_assert_null(view(r, views[i].code), "%s", views[i].code);
        }
        record_free(r);
    }
}

Test(duty, where_nobody_collects_a_view_somebody_is_invited)
{
    struct record *r = record_new("FCA", "2026-12-18", "2026-11-20");
    record_member(r, ANA, ROLE_FRO);
    record_move(r, ANA, AUDIT_PREPARING);
    const struct duty *d = view(r, "J3");
    cr_assert(d && d->person == ANA && strstr(d->text, "Invite") && strstr(d->text, "IRO"));
    record_member(r, ANA, ROLE_NONE);
    d = view(r, "J2");
    cr_assert(d && !d->person && d->role == ROLE_FRO, "nobody leads it: any FRO of the team");
    record_free(r);
}

Test(duty, without_a_planned_day_nothing_is_due)
{
    struct record *r = record_new("FCA", "", "2026-11-20");
    record_member(r, ANA, ROLE_FRO);
    record_move(r, ANA, AUDIT_PREPARING);
    expect(r, DUTY_VIEW, ANA, 0, "", "Ask");
    expect(r, DUTY_OPEN, ANA, 0, "", "Open");
    record_free(r);
}

Test(duty, the_practitioner_writes_their_own_assessment)
{
    struct record *r = make(AUDIT_PREPARING, "2026-11-20");
    expect(r, DUTY_ASSESSMENT, BEN, 0, "2026-12-18", "own assessment");
    cr_assert_eq(count(r, DUTY_ASSESSMENT), 1);
    record_set(r, BEN, "A6.grade_practitioner", "good");
    expect_none(r, DUTY_ASSESSMENT);
    record_free(r);
}

Test(duty, a_practitioner_who_has_left_is_to_be_named_anew)
{
    struct record *r = make(AUDIT_PREPARING, "2026-11-20");
    record_leaves(r, BEN);
    expect(r, DUTY_ASSESSMENT, ANA, 0, "2026-12-18", "Name the practitioner");
    cr_assert_eq(count(r, DUTY_ASSESSMENT), 1);
    record_free(r);
}

Test(duty, the_room_is_opened_by_the_planned_day)
{
    struct record *r = make(AUDIT_PREPARING, "2026-11-20");
    const struct duty *d = expect(r, DUTY_OPEN, ANA, 0, "2026-12-18", "Open the room");
    cr_assert_str_eq(d->since, "2026-11-20");
    cr_assert_str_eq(d->first_due, "2026-12-18");
    record_do(
        r, ANA,
        (struct audit_op){
            .kind = OP_PLAN, .plan = {.planned = "2027-01-08", .reason = "The carer is away."}
    });
    d = expect(r, DUTY_OPEN, ANA, 0, "2027-01-08", "Open the room");
    cr_assert_str_eq(d->first_due, "2026-12-18");
    record_move(r, ANA, AUDIT_IN_PROGRESS);
    expect_none(r, DUTY_OPEN);
    record_free(r);
}

/* An audit in PLANNED waits for the calendar; other records are opened from there. */
Test(duty, records_without_preparation_are_opened_from_planned)
{
    static const struct {
        const char *template_id;
        uint32_t person;
        enum role role;
    } rows[] = {
        {"IDA", IRIS, ROLE_IRO},
        {"OBS", FAY,  ROLE_FTM},
        {"VCA", ANA,  ROLE_FRO},
        {"CHA", IRIS, ROLE_IRO},
    };
    struct record *r = make(AUDIT_PLANNED, "2026-11-20");
    look(r);
    cr_assert_eq(list.n, 0);
    record_free(r);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        r = record_new(rows[i].template_id, "2026-12-18", "2026-11-20");
        cr_assert(find(r, DUTY_OPEN, 0, rows[i].role), "%s", rows[i].template_id);
        record_member(r, rows[i].person, rows[i].role);
        expect(r, DUTY_OPEN, rows[i].person, 0, "2026-12-18", "");
        cr_assert_eq(count(r, DUTY_OPEN), 1);
        record_move(r, rows[i].person, AUDIT_IN_PROGRESS);
        expect_none(r, DUTY_OPEN);
        record_free(r);
    }
}

/* ---- agreeing ---- */

/* 10 working days: after Fri 18 Dec 2026, 6 Jan 2027; after Tue 1 Dec, 15 Dec. */
Test(duty, both_sign_ten_working_days_after_the_review)
{
    struct record *r = make(AUDIT_IN_PROGRESS, "2026-12-01");
    expect(r, DUTY_AGREE, ANA, 0, "2026-12-15", "sign");
    expect(r, DUTY_AGREE, BEN, 0, "2026-12-15", "sign");
    record_set(r, ANA, "A3", "2026-12-18");
    expect(r, DUTY_AGREE, ANA, 0, "2027-01-06", "sign");
    record_sign(r, BEN, ROLE_FSW);
    cr_assert_null(find(r, DUTY_AGREE, BEN, 0));
    expect(r, DUTY_AGREE, ANA, 0, "2027-01-06", "sign");
    record_type(r, ANA, "L6", "One more thought."); /* the content moved on */
    expect(r, DUTY_AGREE, BEN, 0, "2027-01-06", "sign");
    record_sign(r, BEN, ROLE_FSW);
    record_sign(r, ANA, ROLE_FRO);
    expect_none(r, DUTY_AGREE);
    record_free(r);
}

/* Re-opened after closing on Tue 1 June 2027: the review was long ago. 10 working days: 15 June. */
Test(duty, a_reopened_audit_is_agreed_anew)
{
    struct record *r = make(AUDIT_IN_PROGRESS, "2026-12-01");
    record_set(r, ANA, "A3", "2026-12-18");
    record_move(r, FAY, AUDIT_CLOSED);
    record_day(r, "2027-06-01");
    record_move(r, QUINN, AUDIT_IN_PROGRESS);
    expect(r, DUTY_AGREE, ANA, 0, "2027-06-15", "sign");
    record_free(r);
}

Test(duty, records_of_one_are_finished_by_who_leads_them)
{
    static const struct {
        const char *template_id;
        uint32_t person;
        enum role role;
        const char *says;
    } rows[] = {
        {"IDA", IRIS, ROLE_IRO, "sign"   },
        {"OBS", FAY,  ROLE_FTM, "sign"   },
        {"VCA", ANA,  ROLE_FRO, "close"  },
        {"CPM", SAM,  ROLE_SM,  "minutes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct record *r = record_new(rows[i].template_id, "2026-12-18", "2026-12-01");
        record_member(r, rows[i].person, rows[i].role);
        record_move(r, rows[i].person, AUDIT_IN_PROGRESS);
        expect(r, DUTY_AGREE, rows[i].person, 0, "2026-12-15", rows[i].says);
        record_move(r, rows[i].person, AUDIT_CLOSED);
        expect_none(r, DUTY_AGREE);
        record_free(r);
    }
}

/* ---- comments ---- */

Test(duty, the_authors_answer_and_who_asked_settles)
{
    static const enum audit_state states[] = {AUDIT_IN_PROGRESS, AUDIT_AGREED};
    for (size_t s = 0; s < 2; s++) {
        struct record *r = make(states[s], "2026-12-01");
        uint64_t c = record_ask(r, IRIS, "B1.rationale");
        const struct duty *d = expect(r, DUTY_ANSWER, ANA, 0, "", "1 comment ");
        cr_assert_eq(d->question, record_field(r, "B1").question);
        expect(r, DUTY_ANSWER, BEN, 0, "", "1 comment ");
        cr_assert_eq(count(r, DUTY_ANSWER), 2);
        uint64_t own = record_ask(r, ANA, "B2.rationale"); /* not hers to answer */
        expect(r, DUTY_ANSWER, ANA, 0, "", "1 comment ");
        expect(r, DUTY_ANSWER, BEN, 0, "", "2 comments ");
        record_reply(r, ANA, own); /* nor an answer of hers */
        expect_none(r, DUTY_SETTLE);
        record_reply(r, BEN, own);
        expect(r, DUTY_SETTLE, ANA, 0, "", "your comment");
        record_reply(r, BEN, c);
        expect_none(r, DUTY_ANSWER);
        expect(r, DUTY_SETTLE, IRIS, 0, "", "your comment");
        record_resolve(r, IRIS, c);
        record_resolve(r, ANA, own);
        expect_none(r, DUTY_SETTLE);
        record_free(r);
    }
}

Test(duty, the_comment_of_somebody_who_left_is_settled_by_who_leads)
{
    struct record *r = make(AUDIT_IN_PROGRESS, "2026-12-01");
    uint64_t c = record_ask(r, IRIS, "B1.rationale");
    record_reply(r, BEN, c);
    record_member(r, IRIS, ROLE_NONE);
    expect(r, DUTY_SETTLE, ANA, 0, "", "a comment");
    record_free(r);
}

Test(duty, an_agreed_record_is_passed_on)
{
    struct record *r = make(AUDIT_AGREED, "2026-12-01");
    expect(r, DUTY_SUBMIT, ANA, 0, "", "Submit");
    record_move(r, ANA, AUDIT_SUBMITTED);
    expect_none(r, DUTY_SUBMIT);
    record_free(r);
    r = record_new("IDA", "", "2026-12-01");
    record_member(r, IRIS, ROLE_IRO);
    record_move(r, IRIS, AUDIT_AGREED);
    expect(r, DUTY_SUBMIT, IRIS, 0, "", "acted on");
    record_free(r);
}

/* ---- moderation ---- */

static void assign(struct record *r, uint32_t person)
{
    record_do(r, QUINN,
              (struct audit_op){
                  .kind = OP_ASSIGN, .assign = {.person = person, .reason = ""}
    });
}

/* Submitted on Fri 18 Dec 2026: 2 working days are Tue 22 Dec. */
Test(duty, qa_forwards_within_two_working_days)
{
    struct record *r = make(AUDIT_SUBMITTED, "2026-12-18");
    expect(r, DUTY_ASSIGN, 0, ROLE_QA, "2026-12-22", "moderator");
    assign(r, IRIS);
    record_move(r, QUINN, AUDIT_MODERATING);
    expect_none(r, DUTY_ASSIGN);
    record_leaves(r, IRIS);
    expect(r, DUTY_ASSIGN, 0, ROLE_QA, "2026-12-22", "another moderator");
    expect_none(r, DUTY_MODERATE);
    record_free(r);
}

/* Received on Fri 18 Dec 2026: 10 working days are 6 Jan 2027. Received again: counted again. */
Test(duty, the_moderator_has_ten_working_days)
{
    struct record *r = make(AUDIT_SUBMITTED, "2026-12-17");
    record_member(r, INES, ROLE_IRO);
    assign(r, INES);
    record_day(r, "2026-12-18");
    record_move(r, QUINN, AUDIT_MODERATING);
    expect(r, DUTY_MODERATE, INES, 0, "2027-01-06", "each judgement");
    cr_assert_eq(count(r, DUTY_MODERATE), 1);
    record_move(r, INES, AUDIT_RETURNED);
    expect_none(r, DUTY_MODERATE);
    record_day(r, "2027-01-06");
    record_move(r, ANA, AUDIT_MODERATING);
    expect(r, DUTY_MODERATE, INES, 0, "2027-01-20", "each judgement");
    record_move(r, INES, AUDIT_MODERATED);
    expect_none(r, DUTY_MODERATE);
    record_free(r);
}

/* Returned on Wed 24 Mar 2027: 5 working days are 2 Apr (Good Friday, Easter Monday between). */
Test(duty, queries_are_answered_and_the_audit_sent_back)
{
    struct record *r = make(AUDIT_MODERATING, "2027-03-22");
    record_sign(r, ANA, ROLE_FRO);
    record_sign(r, BEN, ROLE_FSW);
    assign(r, IRIS);
    uint64_t first = record_ask(r, IRIS, "B1.rationale");
    uint64_t second = record_ask(r, IRIS, "B2.rationale");
    record_day(r, "2027-03-24");
    record_move(r, IRIS, AUDIT_RETURNED);
    const struct duty *d = expect(r, DUTY_ANSWER_QUERY, ANA, 0, "2027-04-02", "2 queries");
    cr_assert_eq(d->question, record_field(r, "B1").question);
    expect(r, DUTY_ANSWER_QUERY, BEN, 0, "2027-04-02", "2 queries");
    expect_none(r, DUTY_RETURN);
    expect_none(r, DUTY_AGREE);
    record_reply(r, ANA, first);
    expect(r, DUTY_ANSWER_QUERY, BEN, 0, "2027-04-02", "query");
    record_reply(r, BEN, second);
    expect_none(r, DUTY_ANSWER_QUERY);
    expect(r, DUTY_RETURN, ANA, 0, "2027-04-02", "back to the moderator");
    record_type(r, BEN, "B1.rationale", "And the log says so."); /* both sign again first */
    expect_none(r, DUTY_RETURN);
    expect(r, DUTY_AGREE, ANA, 0, "2027-04-02", "sign");
    expect(r, DUTY_AGREE, BEN, 0, "2027-04-02", "sign");
    record_sign(r, ANA, ROLE_FRO);
    record_sign(r, BEN, ROLE_FSW);
    expect_none(r, DUTY_AGREE);
    expect(r, DUTY_RETURN, ANA, 0, "2027-04-02", "back to the moderator");
    record_move(r, ANA, AUDIT_MODERATING);
    expect_none(r, DUTY_RETURN);
    record_free(r);
}

static struct field view_field(const struct record *r, const char *code, enum part part)
{
    return (struct field){.question = template_question_find(r->t, "M1")->number,
                          .part = part,
                          .item = template_question_find(r->t, code)->number};
}

static void see(struct record *r, const char *code, enum part part, const char *value)
{
    struct field f = view_field(r, code, part);
    record_do(r, IRIS,
              (struct audit_op){
                  .kind = OP_SET,
                  .set = {.field = f, .value = value, .base_rev = audit_value(r->a, f).rev}
    });
}

static void reason(struct record *r, const char *code, enum part part)
{
    struct buf blob = BUF_INIT;
    struct text *t = text_new();
    uint32_t agent = 100 + part; /* one text each, no state to carry over */
    cr_assert_eq(text_insert(t, agent, 0, "Because.", 8, &blob), ERR_OK);
    struct audit_op op = {
        .kind = OP_TEXT,
        .text = {.field = view_field(r, code, part), .blob = blob.data, .blob_len = blob.len}
    };
    struct event e = {
        .seq = audit_seq(r->a) + 1,
        .utc_ms = r->utc_ms++,
        .actor = IRIS,
        .body = {.agent = agent, .batch_no = 1, .ops = &op, .nops = 1}
    };
    cr_assert_eq(audit_apply(r->a, &e), ERR_OK);
    text_free(t);
    buf_free(&blob);
}

/* One grade apart, seen on Fri 18 Dec 2026: 5 working days are 29 Dec. */
Test(duty, a_view_one_grade_away_is_accepted_or_answered)
{
    struct record *r = make(AUDIT_MODERATING, "2026-12-17");
    assign(r, IRIS);
    record_set(r, ANA, "B1", "good");
    expect_none(r, DUTY_RESPOND);
    record_day(r, "2026-12-18");
    see(r, "B1", PART_VIEW, "differ");
    see(r, "B1", PART_PROPOSED, "requires_improvement");
    reason(r, "B1", PART_VIEW_REASON);
    const struct duty *d = expect(r, DUTY_RESPOND, ANA, 0, "2026-12-29", "B1");
    cr_assert_eq(d->question, template_question_find(r->t, "M1")->number);
    cr_assert_eq(d->item, record_field(r, "B1").question);
    expect_none(r, DUTY_DECIDE);
    see(r, "B1", PART_RESPONSE, "accept");
    expect_none(r, DUTY_RESPOND);
    expect_none(r, DUTY_DECIDE);
    record_free(r);
}

/* Two grades apart: QA decides, in the time that moderation has (10 working days of 18 Dec). */
Test(duty, a_split_is_decided_by_qa)
{
    struct record *r = make(AUDIT_MODERATING, "2026-12-18");
    assign(r, IRIS);
    record_set(r, ANA, "B1", "good");
    see(r, "B1", PART_VIEW, "differ");
    see(r, "B1", PART_PROPOSED, "inadequate");
    reason(r, "B1", PART_VIEW_REASON);
    expect(r, DUTY_DECIDE, 0, ROLE_QA, "2027-01-06", "B1");
    expect_none(r, DUTY_RESPOND);
    see(r, "B1", PART_DECISION, "requires_improvement");
    reason(r, "B1", PART_DECISION_REASON);
    expect_none(r, DUTY_DECIDE);
    record_free(r);
}

/* ---- plan and assurance ---- */

/* From Fri 18 Dec 2026: 5 working days are 29 Dec, 2 are 22 Dec. */
Test(duty, the_plan_is_due_sooner_for_an_inadequate_audit)
{
    static const struct {
        const char *grade, *due;
    } rows[] = {
        {"outstanding",          "2026-12-29"},
        {"requires_improvement", "2026-12-29"},
        {"inadequate",           "2026-12-22"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct record *r = make(AUDIT_MODERATED, "2026-12-18");
        record_set(r, ANA, "L1", "good");
        record_set(r, ANA, "L1.grade_final", rows[i].grade);
        record_move(r, 0, AUDIT_ACTION_PLANNING);
        expect(r, DUTY_PLAN, 0, ROLE_FTM, rows[i].due, "Plan the actions");
        record_move(r, FAY, AUDIT_ASSURANCE);
        expect_none(r, DUTY_PLAN);
        expect(r, DUTY_ASSURE, 0, ROLE_SM, "2026-12-29", "Assure");
        record_move(r, SAM, AUDIT_ACTION_PLANNING);
        expect_none(r, DUTY_ASSURE);
        expect(r, DUTY_PLAN, 0, ROLE_FTM, rows[i].due, "sent back");
        record_free(r);
    }
}

/* ---- actions ---- */

/* In FOLLOW_UP since Tue 1 Dec 2026 with one action of Ben's. */
static struct record *make_action(const char *due)
{
    struct record *r = make(AUDIT_ACTION_PLANNING, "2026-12-01");
    record_add(r, FAY, "L5.actions");
    record_set(r, FAY, "L5[1].owner", "Ben (FSW)");
    record_type(r, FAY, "L5[1].specific", "Book respite\nfor two nights.");
    record_set(r, FAY, "L5[1].due", due);
    return r;
}

static void put(struct record *r, const char *where, const char *value)
{
    struct field f = record_field(r, where);
    record_do(r, BEN,
              (struct audit_op){
                  .kind = OP_SET,
                  .set = {.field = f, .value = value, .base_rev = audit_value(r->a, f).rev}
    });
}

Test(duty, an_action_is_its_owners_until_it_is_said_to_be_done)
{
    struct record *r = make_action("2027-01-08");
    expect_none(r, DUTY_ACTION);
    record_move(r, FAY, AUDIT_FOLLOW_UP);
    put(r, "L5[1].first_due", "2026-12-22");
    const struct duty *d = expect(r, DUTY_ACTION, BEN, 0, "2027-01-08", "(action L5[1])");
    cr_assert_str_eq(d->first_due, "2026-12-22");
    cr_assert_eq(d->question, record_field(r, "L5").question);
    cr_assert_eq(d->item, record_field(r, "L5[1].due").item);
    put(r, "L5[1].status", "in_progress");
    expect(r, DUTY_ACTION, BEN, 0, "2027-01-08", "Do what was agreed");
    put(r, "L5[1].status", "done_claimed");
    expect_none(r, DUTY_ACTION);
    record_free(r);
}

Test(duty, an_action_of_nobody_here_is_the_team_managers)
{
    struct record *r = make_action("");
    record_set(r, FAY, "L5[1].owner", "school nurse");
    record_move(r, FAY, AUDIT_FOLLOW_UP);
    expect(r, DUTY_ACTION, 0, ROLE_FTM, "2026-12-31", "Do what was agreed"); /* 20 wd of 1 Dec */
    record_set(r, FAY, "L5[1].priority", "high");
    expect(r, DUTY_ACTION, 0, ROLE_FTM, "2026-12-08", "Do what was agreed"); /* 5 wd */
    record_free(r);
}

Test(duty, another_person_verifies)
{
    struct record *r = make_action("2027-01-08");
    record_move(r, FAY, AUDIT_FOLLOW_UP);
    expect_none(r, DUTY_VERIFY);
    record_day(r, "2026-12-10");
    put(r, "L5[1].status", "done_claimed");
    const struct duty *d = expect(r, DUTY_VERIFY, 0, ROLE_FTM, "2027-01-08", "verify");
    cr_assert_str_eq(d->since, "2026-12-10");
    put(r, "L5[1].owner", "Fay"); /* the only team manager */
    expect(r, DUTY_VERIFY, 0, ROLE_SM, "2027-01-08", "verify");
    cr_assert_null(find(r, DUTY_VERIFY, 0, ROLE_FTM));
    put(r, "L5[1].status", "done_verified");
    expect_none(r, DUTY_VERIFY);
    record_free(r);
}

/* Verified on 30 Nov 2026: three months later is 28 Feb 2027. */
Test(duty, impact_is_asked_for_three_months_later_also_after_closing)
{
    struct record *r = make_action("2027-01-08");
    record_move(r, FAY, AUDIT_FOLLOW_UP);
    put(r, "L5[1].status", "done_verified");
    put(r, "L5[1].closed_on", "2026-11-30");
    const struct duty *d = expect(r, DUTY_IMPACT, BEN, 0, "2027-02-28", "difference");
    cr_assert_str_eq(d->since, "2027-02-28");
    cr_assert_not(duty_is_current(d, (struct civil){2027, 2, 27}));
    cr_assert(duty_is_current(d, (struct civil){2027, 2, 28}));
    cr_assert(duty_is_current(d, (struct civil){2028, 2, 28}), "it is late, not gone");
    record_move(r, FAY, AUDIT_CLOSED);
    expect(r, DUTY_IMPACT, BEN, 0, "2027-02-28", "difference");
    record_leaves(r, BEN);
    expect(r, DUTY_IMPACT, 0, ROLE_FTM, "2027-02-28", "difference");
    put(r, "L5[1].impact", "better");
    expect_none(r, DUTY_IMPACT);
    record_free(r);
}

Test(duty, is_closed_when_every_action_is_settled_a_weaker_one_by_the_service_manager)
{
    for (int weak = 0; weak < 2; weak++) {
        struct record *r = make_action("2027-01-08");
        record_set(r, ANA, "L1.grade_final", weak ? "requires_improvement" : "good");
        record_move(r, FAY, AUDIT_FOLLOW_UP);
        expect_none(r, DUTY_CLOSE);
        put(r, "L5[1].status", "not_effective");
        expect_none(r, DUTY_CLOSE);
        put(r, "L5[1].status", "cancelled");
        expect(r, DUTY_CLOSE, 0, weak ? ROLE_SM : ROLE_FTM, "", "Close");
        cr_assert_eq(count(r, DUTY_CLOSE), 1);
        record_move(r, FAY, AUDIT_CLOSED);
        expect_none(r, DUTY_CLOSE);
        record_free(r);
    }
}

Test(duty, of_a_dip_audit_actions_move_in_planning)
{
    struct record *r = record_new("IDA", "", "2026-12-01");
    record_member(r, IRIS, ROLE_IRO);
    record_add(r, IRIS, "L1.actions");
    record_set(r, IRIS, "L1[1].owner", "Ben");
    record_move(r, IRIS, AUDIT_ACTION_PLANNING);
    expect_none(r, DUTY_PLAN);
    expect(r, DUTY_ACTION, BEN, 0, "2026-12-31", "Do what was agreed");
    put(r, "L1[1].status", "done_verified");
    expect(r, DUTY_CLOSE, IRIS, 0, "", "Close");
    record_free(r);
}

/* Closed on Tue 1 Dec 2026: 3 months are Mon 1 Mar, 6 months Tue 1 June 2027. */
Test(duty, a_weak_audit_is_followed_by_another)
{
    static const struct {
        const char *grade, *due;
    } rows[] = {
        {"inadequate",           "2027-03-01"},
        {"requires_improvement", "2027-06-01"},
        {"good",                 NULL        },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct record *r = make(AUDIT_FOLLOW_UP, "2026-12-01");
        record_set(r, ANA, "L1.grade_final", rows[i].grade);
        expect_none(r, DUTY_REAUDIT);
        record_move(r, SAM, AUDIT_CLOSED);
        if (!rows[i].due) {
            expect_none(r, DUTY_REAUDIT);
        } else {
            expect(r, DUTY_REAUDIT, 0, ROLE_QA, rows[i].due, "next audit");
            record_do(r, QUINN,
                      (struct audit_op){
                          .kind = OP_LINK, .link = {.kind = "re_audit", .ref = "FCA-2027-0001"}
            });
            expect_none(r, DUTY_REAUDIT);
        }
        record_free(r);
    }
}

/* ---- challenges ---- */

Test(duty, the_holder_of_a_stage_answers)
{
    static const struct {
        uint32_t stage;
        role_set roles;
        const char *answer;
    } rows[] = {
        {0, ROLE_BIT(ROLE_FTM),                       "B2"},
        {1, ROLE_BIT(ROLE_FTM),                       "C2"},
        {2, ROLE_BIT(ROLE_SM),                        "D2"},
        {3, ROLE_BIT(ROLE_HOS),                       "E2"},
        {4, ROLE_BIT(ROLE_DIR) | ROLE_BIT(ROLE_EXEC), "F2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct record *r = record_new("CHA", "", "2026-12-01");
        record_member(r, IRIS, ROLE_IRO);
        record_member(r, BEN, ROLE_FSW);
        record_member(r, CLEO, ROLE_CSW);
        record_stage(r, IRIS, rows[i].stage);
        for (enum role role = ROLE_FRO; role < ROLE_COUNT; role++)
            cr_assert_eq(find(r, DUTY_STAGE_ANSWER, 0, role) != NULL,
                         (rows[i].roles & ROLE_BIT(role)) != 0, "stage %u, %s", rows[i].stage,
                         role_code(role));
        cr_assert_eq(find(r, DUTY_STAGE_ANSWER, BEN, 0) != NULL, rows[i].stage == 0);
        cr_assert_eq(find(r, DUTY_STAGE_ANSWER, CLEO, 0) != NULL, rows[i].stage == 0);
        cr_assert_eq(list.duties[0].question, record_field(r, rows[i].answer).question);
        cr_assert_str_eq(list.duties[0].due, "2026-12-08"); /* 5 working days of Tue 1 Dec */
        expect_none(r, DUTY_STAGE_NEXT);
        record_type(r, FAY, rows[i].answer, "We see it so.");
        expect_none(r, DUTY_STAGE_ANSWER);
        expect(r, DUTY_STAGE_NEXT, IRIS, 0, "2026-12-08", "take it further");
        record_move(r, IRIS, AUDIT_CLOSED);
        expect_none(r, DUTY_STAGE_NEXT);
        record_free(r);
    }
}

/* Stages 1-4 have 20 working days together: from Tue 1 Dec 2026 until 31 Dec. */
Test(duty, the_last_stage_is_due_within_the_total)
{
    struct record *r = record_new("CHA", "", "2026-12-01");
    record_stage(r, IRIS, 1);
    record_day(r, "2026-12-29");
    record_stage(r, IRIS, 4);
    expect(r, DUTY_STAGE_ANSWER, 0, ROLE_DIR, "2026-12-31", "stage 4");
    record_free(r);
}

/* ---- meetings ---- */

/* A final hearing on 19 Apr 2027: limit 29 March (Easter Monday), planned 25 March. */
Test(duty, a_meeting_is_held_before_the_hearing)
{
    struct record *r = record_new("CPM", "", "2027-02-01");
    expect(r, DUTY_MEETING_HOLD, 0, ROLE_SM, "", "Book");
    expect_none(r, DUTY_MEETING_LATE);
    record_set(r, SAM, "A4.date", "2027-04-19");
    expect(r, DUTY_MEETING_HOLD, 0, ROLE_SM, "2027-03-25", "Book");
    expect(r, DUTY_MEETING_LATE, 0, ROLE_SM, "2027-03-25", "Thu 25 Mar 2027");
    record_set(r, SAM, "A6", "2027-03-10");
    expect(r, DUTY_MEETING_HOLD, 0, ROLE_SM, "2027-03-10", "Hold");
    expect_none(r, DUTY_MEETING_LATE);
    record_set(r, SAM, "A6", "2027-04-12");
    expect(r, DUTY_MEETING_HOLD, 0, ROLE_SM, "2027-03-25", "Hold");
    expect(r, DUTY_MEETING_LATE, 0, ROLE_SM, "2027-03-25", "Thu 25 Mar 2027");
    record_set(r, SAM, "A3", "sgo");
    expect(r, DUTY_MEETING_HOLD, 0, ROLE_FTM, "2027-03-25", "Hold");
    expect(r, DUTY_MEETING_LATE, 0, ROLE_FTM, "2027-03-25", "");
    cr_assert_null(find(r, DUTY_MEETING_HOLD, 0, ROLE_SM));
    record_move(r, FAY, AUDIT_IN_PROGRESS);
    expect_none(r, DUTY_MEETING_HOLD);
    expect_none(r, DUTY_MEETING_LATE);
    record_free(r);
}

/* ---- in every state ---- */

static void raise_flag(struct record *r, uint32_t told)
{
    record_do(r, ANA,
              (struct audit_op){
                  .kind = OP_FLAG,
                  .flag = {.text = "SECRET words",
                           .told = "the manager",
                           .told_utc_ms = r->utc_ms,
                           .told_person = told}
    });
}

Test(duty, a_flag_is_seen_to_the_same_day_in_every_state)
{
    for (enum audit_state s = AUDIT_PLANNED; s <= AUDIT_WITHDRAWN; s++) {
        struct record *r = make(s, "2026-12-19"); /* a Saturday: it does not wait */
        raise_flag(r, SAM);
        uint64_t flag = audit_flag_at(r->a, 0)->seq;
        const struct duty *d = expect(r, DUTY_FLAG, SAM, 0, "2026-12-19", "safeguarding");
        cr_assert_eq(d->item, flag);
        for (size_t i = 0; i < list.n; i++)
            cr_assert_not(strstr(list.duties[i].text, "SECRET"), "its words are for named roles");
        record_do(r, SAM,
                  (struct audit_op){
                      .kind = OP_FLAG_NOTE,
                      .flag_note = {.flag = flag, .text = "Looked into.", .closed = false}
        });
        expect(r, DUTY_FLAG, SAM, 0, "2026-12-19", "safeguarding");
        record_do(r, SAM,
                  (struct audit_op){
                      .kind = OP_FLAG_NOTE,
                      .flag_note = {.flag = flag, .text = "The child is safe.", .closed = true}
        });
        expect_none(r, DUTY_FLAG);
        record_free(r);
    }
}

Test(duty, a_flag_told_to_nobody_here_is_the_team_managers)
{
    static const uint32_t told[] = {0, LEFT};
    for (size_t i = 0; i < 2; i++) {
        struct record *r = make(AUDIT_IN_PROGRESS, "2026-12-18");
        raise_flag(r, told[i]);
        expect(r, DUTY_FLAG, 0, ROLE_FTM, "2026-12-18", "safeguarding");
        record_free(r);
    }
}

/* Until Fri 18 Dec 2026 and 10 working days more: 6 Jan 2027. Ended earlier, on Tue 1 Dec: 15 Dec.
 */
Test(duty, break_glass_is_told_to_qa_and_service_manager)
{
    struct record *r = make(AUDIT_CLOSED, "2026-12-01");
    struct civil_time until = {
        {2026, 12, 18},
        17, 0, 0
    };
    record_do(r, NOBODY,
              (struct audit_op){
                  .kind = OP_GLASS,
                  .glass = {.person = NOBODY,
                            .until_utc_ms = civil_time_utc_ms(until),
                            .reason = "A question of the court."}
    });
    expect(r, DUTY_GLASS_NOTICE, 0, ROLE_QA, "2027-01-06", "Nora");
    const struct duty *d = expect(r, DUTY_GLASS_NOTICE, 0, ROLE_SM, "2027-01-06", "Nora");
    cr_assert_eq(count(r, DUTY_GLASS_NOTICE), 2);
    cr_assert_not(duty_is_current(d, (struct civil){2026, 11, 30}));
    cr_assert(duty_is_current(d, (struct civil){2026, 12, 1}));
    cr_assert(duty_is_current(d, (struct civil){2027, 1, 6}));
    cr_assert_not(duty_is_current(d, (struct civil){2027, 1, 7}));
    record_do(r, QUINN,
              (struct audit_op){
                  .kind = OP_GLASS_END, .glass = {.person = NOBODY, .reason = ""}
    });
    expect(r, DUTY_GLASS_NOTICE, 0, ROLE_SM, "2026-12-15", "Nora");
    record_free(r);
}

/* ---- all of it ---- */

/* Everything that could be a duty is there; only flags and notices are left when it is withdrawn,
 * and in CLOSED also impact and re-audit. */
Test(duty, states_leave_only_what_still_matters)
{
    static const struct {
        enum audit_state state;
        uint64_t kinds;
    } rows[] = {
        {AUDIT_WITHDRAWN, 1ull << DUTY_FLAG                                             },
        {AUDIT_CLOSED,    1ull << DUTY_FLAG | 1ull << DUTY_IMPACT | 1ull << DUTY_REAUDIT},
        {AUDIT_MODERATED, 1ull << DUTY_FLAG                                             },
    };
    struct record *r = make_action("2027-01-08");
    record_set(r, ANA, "L1.grade_final", "inadequate");
    record_add(r, FAY, "L5.actions");
    put(r, "L5[1].status", "done_verified");
    put(r, "L5[1].closed_on", "2026-11-30");
    record_ask(r, IRIS, "B1.rationale");
    raise_flag(r, SAM);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t kinds = 0;
        record_move(r, QUINN, rows[i].state);
        look(r);
        for (size_t k = 0; k < list.n; k++)
            kinds |= 1ull << list.duties[k].kind;
        cr_assert_eq(kinds, rows[i].kinds, "%s: %llx", audit_state_code(rows[i].state),
                     (unsigned long long)kinds);
    }
    record_free(r);
}

/* Whoever is named works here; nothing depends on the day; every text is whole. */
Test(duty, the_same_on_every_day_and_to_people_who_work_here)
{
    struct record *r = make_action("2027-01-08");
    record_ask(r, IRIS, "B1.rationale");
    raise_flag(r, SAM);
    record_member(r, LEFT, ROLE_FSW);
    for (enum audit_state s = AUDIT_PREPARING; s <= AUDIT_WITHDRAWN; s++) {
        struct duty_list then = {0};
        record_move(r, QUINN, s);
        struct facts f = record_facts(r);
        cr_assert_eq(duties_of(&f, &then), ERR_OK);
        f.now_utc_ms += (int64_t)400 * 24 * 3600 * 1000;
        cr_assert_eq(duties_of(&f, &list), ERR_OK);
        cr_assert_eq(list.n, then.n);
        for (size_t i = 0; i < list.n; i++) {
            const struct duty *d = &list.duties[i];
            cr_assert_eq(memcmp(d, &then.duties[i], sizeof *d), 0);
            cr_assert(d->person || d->role);
            cr_assert_neq(d->person, LEFT);
            cr_assert(d->text[0] && strlen(d->text) < sizeof d->text - 1, "%s", d->text);
            cr_assert(strlen(d->due) == 0 || strlen(d->due) == 10);
            cr_assert_eq(strlen(d->since), 10);
        }
        duty_list_free(&then);
    }
    record_free(r);
}

Test(duty, repeats_nothing_that_is_written_in_the_record)
{
    struct record *r = make_action("2027-01-08");
    record_ask(r, IRIS, "B1.rationale");
    raise_flag(r, SAM);
    for (enum audit_state s = AUDIT_PREPARING; s <= AUDIT_WITHDRAWN; s++) {
        static const char *const statuses[] = {"open", "done_claimed", "done_verified"};
        record_move(r, QUINN, s);
        for (size_t k = 0; k < 3; k++) {
            put(r, "L5[1].status", statuses[k]);
            look(r);
            for (size_t i = 0; i < list.n; i++) {
                cr_assert_not(strstr(list.duties[i].text, "respite"), "%s", list.duties[i].text);
                cr_assert_not(strstr(list.duties[i].text, "How do we know"), "%s",
                              list.duties[i].text);
                cr_assert_not(strstr(list.duties[i].text, "SECRET"), "%s", list.duties[i].text);
            }
        }
    }
    record_free(r);
}

/* A name of the longest kind, all of characters of several bytes. */
Test(duty, a_text_is_whole_characters)
{
    struct record *r = make(AUDIT_IN_PROGRESS, "2026-12-01");
    struct person p = {.viewer = *record_viewer(r, NOBODY)};
    for (size_t i = 0; i + 2 < sizeof p.name - 1; i += 3)
        memcpy(p.name + i, "\u20ac", 3);
    cr_assert_eq(people_put(r->people, &p), ERR_OK);
    record_do(
        r, NOBODY,
        (struct audit_op){
            .kind = OP_GLASS,
            .glass = {.person = NOBODY, .until_utc_ms = r->utc_ms + 1000, .reason = "Court."}
    });
    const struct duty *d = find(r, DUTY_GLASS_NOTICE, 0, ROLE_QA);
    cr_assert(d);
    cr_assert_neq(utf8_count(d->text, strlen(d->text)), UTF8_BAD);
    cr_assert(strstr(d->text, p.name));
    record_free(r);
}

Test(duty, leaves_nothing_behind)
{
    struct record *r = make_action("2027-01-08");
    record_move(r, FAY, AUDIT_FOLLOW_UP);
    look(r);
    cr_assert(list.n > 0);
    duty_list_free(&list);
    duty_list_free(&list);
    cr_assert_eq(list.n, 0);
    record_free(r);
    CHECK_NO_LEAKS();
}

/* ---- what the life of a record says ---- */

/* A duty to move a record is given to somebody whom the table of moves lets do it. */
Test(duty, who_has_to_move_a_record_may)
{
    static const struct {
        const char *template_id;
        enum duty_kind kind;
        enum audit_state from, to;
    } rows[] = {
        {"FCA", DUTY_OPEN,         AUDIT_PREPARING,       AUDIT_IN_PROGRESS    },
        {"IDA", DUTY_OPEN,         AUDIT_PLANNED,         AUDIT_IN_PROGRESS    },
        {"OBS", DUTY_OPEN,         AUDIT_PLANNED,         AUDIT_IN_PROGRESS    },
        {"CHA", DUTY_OPEN,         AUDIT_PLANNED,         AUDIT_IN_PROGRESS    },
        {"CPM", DUTY_MEETING_HOLD, AUDIT_PLANNED,         AUDIT_IN_PROGRESS    },
        {"FCA", DUTY_AGREE,        AUDIT_IN_PROGRESS,     AUDIT_AGREED         },
        {"IDA", DUTY_AGREE,        AUDIT_IN_PROGRESS,     AUDIT_AGREED         },
        {"OBS", DUTY_AGREE,        AUDIT_IN_PROGRESS,     AUDIT_AGREED         },
        {"CPM", DUTY_AGREE,        AUDIT_IN_PROGRESS,     AUDIT_FOLLOW_UP      },
        {"FCA", DUTY_SUBMIT,       AUDIT_AGREED,          AUDIT_SUBMITTED      },
        {"IDA", DUTY_SUBMIT,       AUDIT_AGREED,          AUDIT_ACTION_PLANNING},
        {"OBS", DUTY_SUBMIT,       AUDIT_AGREED,          AUDIT_FOLLOW_UP      },
        {"FCA", DUTY_ASSIGN,       AUDIT_SUBMITTED,       AUDIT_MODERATING     },
        {"FCA", DUTY_RETURN,       AUDIT_RETURNED,        AUDIT_MODERATING     },
        {"FCA", DUTY_PLAN,         AUDIT_ACTION_PLANNING, AUDIT_FOLLOW_UP      },
        {"FCA", DUTY_ASSURE,       AUDIT_ASSURANCE,       AUDIT_FOLLOW_UP      },
        {"FCA", DUTY_CLOSE,        AUDIT_FOLLOW_UP,       AUDIT_CLOSED         },
        {"OBS", DUTY_CLOSE,        AUDIT_FOLLOW_UP,       AUDIT_CLOSED         },
        {"CPM", DUTY_CLOSE,        AUDIT_FOLLOW_UP,       AUDIT_CLOSED         },
        {"CHA", DUTY_CLOSE,        AUDIT_FOLLOW_UP,       AUDIT_CLOSED         },
        {"IDA", DUTY_CLOSE,        AUDIT_ACTION_PLANNING, AUDIT_CLOSED         },
    };
    size_t n;
    const struct life_move *moves = life_table(&n);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct record *r = record_new(rows[i].template_id, "2026-12-18", "2026-11-20");
        uint32_t who = 0;
        if (rows[i].kind == DUTY_RETURN) {
            record_sign(r, ANA, ROLE_FRO);
            record_sign(r, BEN, ROLE_FSW);
        }
        if (rows[i].from != AUDIT_PLANNED)
            record_move(r, ANA, rows[i].from);
        for (size_t k = 0; k < n; k++)
            if (moves[k].path == life_path_of(r->t) && moves[k].to == rows[i].to &&
                moves[k].from & STATE_BIT(rows[i].from))
                who |= moves[k].who;
        look(r);
        size_t seen = 0;
        for (size_t k = 0; k < list.n; k++) {
            if (list.duties[k].kind != rows[i].kind)
                continue;
            cr_assert(who & ROLE_BIT(list.duties[k].role), "%s %s: %s", rows[i].template_id,
                      duty_def(rows[i].kind)->code, role_code(list.duties[k].role));
            seen++;
        }
        cr_assert(seen, "%s %s", rows[i].template_id, duty_def(rows[i].kind)->code);
        record_free(r);
    }
}
