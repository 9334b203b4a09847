#include "server/store/summary.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"
#include "server/content/template_yaml.h"
#include "server/store/request.h"
#include "tests/lib/audit_make.h"

Test(summary, says_how_the_audit_stands)
{
    struct room *r = room_new();
    struct store_summary s;
    cr_assert_eq(room_set(r, P_FRO, "B2", "yes"), ERR_OK);
    cr_assert_eq(room_comment(r, P_IRO, "C2", "why?"), ERR_OK);
    summary_of(r->a, &s);
    cr_assert_str_eq(s.ref, "TST-2026-0001");
    cr_assert_str_eq(s.template_id, "TST");
    cr_assert_eq(s.template_version, 1);
    cr_assert_str_eq(s.team, "North");
    cr_assert_str_eq(s.carer_ref, "CA-77");
    cr_assert_str_eq(s.period_from, "2026-01-01");
    cr_assert_str_eq(s.period_to, "2026-12-31");
    cr_assert_eq(s.state, AUDIT_IN_PROGRESS);
    cr_assert_eq(s.answered, audit_progress(r->a).answered);
    cr_assert_eq(s.required, audit_progress(r->a).required);
    cr_assert_eq(s.open_comments, 1);
    cr_assert_eq(s.seq, audit_seq(r->a));
    cr_assert_eq(s.utc_ms, r->utc_ms);
    cr_assert_eq(s.max_agent, P_IRO);
    room_free(r);
}

Test(summary, says_what_has_become_of_the_audit)
{
    struct room *r = room_new();
    struct store_summary s;
    summary_of(r->a, &s);
    cr_assert_eq(s.since_utc_ms, audit_info(r->a).created_utc_ms);
    cr_assert_eq(s.revision, 0);
    cr_assert_eq(s.moderator, 0);
    cr_assert_str_empty(s.planned);
    struct audit_op plan = {
        .kind = OP_PLAN, .plan = {.planned = "2027-01-18", .reason = "the carer is away"}
    };
    struct audit_op assign = {
        .kind = OP_ASSIGN, .assign = {.person = P_IRO, .reason = ""}
    };
    cr_assert_eq(room_serve(r, P_QA, plan), ERR_OK, "%s", r->why.text);
    cr_assert_eq(room_serve(r, P_QA, assign), ERR_OK, "%s", r->why.text);
    static const enum audit_state way[] = {AUDIT_MODERATING, AUDIT_RETURNED, AUDIT_MODERATING,
                                           AUDIT_RETURNED, AUDIT_MODERATING};
    for (size_t i = 0; i < sizeof way / sizeof way[0]; i++) {
        r->utc_ms += 5000;
        struct audit_op move = {
            .kind = OP_MOVE, .move = {.to = way[i], .reason = "", .revision = 1, .stage = 3}
        };
        cr_assert_eq(room_serve(r, P_QA, move), ERR_OK, "%s", r->why.text);
    }
    int64_t moved = r->utc_ms;
    cr_assert_eq(room_comment(r, P_IRO, "C2", "why?"), ERR_OK);
    summary_of(r->a, &s);
    cr_assert_str_eq(s.planned, "2027-01-18");
    cr_assert_eq(s.moderator, P_IRO);
    cr_assert_eq(s.state, AUDIT_MODERATING);
    cr_assert_eq(s.stage, 3);
    cr_assert_eq(s.returns, 2);
    cr_assert_eq(s.revision, 1);
    cr_assert_eq(s.since_utc_ms, moved);
    room_free(r);
}

Test(summary, says_where_the_audit_came_from)
{
    struct audit_op op = {
        .kind = OP_CREATE,
        .create = {.ref = "TST-2026-0001",
                   .template_id = "TST",
                   .template_version = 1,
                   .team = "North",
                   .carer_ref = "CA-1",
                   .period_from = "2026-01-01",
                   .period_to = "2026-12-31",
                   .state = AUDIT_PLANNED,
                   .planned = "2027-01-18",
                   .way_in = "dip",
                   .source = "CHA-2026-0003"}
    };
    struct event e = {
        .seq = 1, .utc_ms = 77, .body = {.ops = &op, .nops = 1}
    };
    struct audit *a = audit_new(audit_make_template());
    struct store_summary s;
    cr_assert_eq(audit_apply(a, &e), ERR_OK);
    summary_of(a, &s);
    cr_assert_str_eq(s.planned, "2027-01-18");
    cr_assert_str_eq(s.way_in, "dip");
    cr_assert_str_eq(s.source, "CHA-2026-0003");
    cr_assert_eq(s.state, AUDIT_PLANNED);
    cr_assert_eq(s.since_utc_ms, 77);
    audit_free(a);
}

static int64_t glass_until(const struct room *r)
{
    struct store_summary s;
    summary_of(r->a, &s);
    return s.glass_until_utc_ms;
}

static void glass(struct room *r, uint32_t person, enum op_kind kind, int64_t until_utc_ms)
{
    struct audit_op op = {
        .kind = kind,
        .glass = {.person = person, .until_utc_ms = until_utc_ms, .reason = "a call at night"}
    };
    cr_assert_eq(room_serve(r, P_QA, op), ERR_OK, "%s", r->why.text);
}

Test(summary, says_when_the_first_open_break_glass_ends)
{
    struct room *r = room_new();
    int64_t hour = r->utc_ms + 3600 * 1000;
    cr_assert_eq(glass_until(r), 0);
    glass(r, P_STRANGER, OP_GLASS, hour + 2);
    cr_assert_eq(glass_until(r), hour + 2);
    glass(r, P_FTM_SOUTH, OP_GLASS, hour);
    cr_assert_eq(glass_until(r), hour);
    glass(r, P_FTM_SOUTH, OP_GLASS_END, 0);
    cr_assert_eq(glass_until(r), hour + 2);
    glass(r, P_STRANGER, OP_GLASS_END, 0);
    cr_assert_eq(glass_until(r), 0);
    room_free(r);
}

/* A final or agreed grade, set by the server as after a moderation. */
static void grade(struct room *r, uint16_t question, enum part part, const char *code)
{
    struct audit_op op = {
        .kind = OP_SET, .set = {.field = {.question = question, .part = part}, .value = code}
    };
    op.set.base_rev = audit_value(r->a, op.set.field).rev;
    cr_assert_eq(room_serve(r, P_QA, op), ERR_OK, "%s", r->why.text);
}

Test(summary, says_the_overall_grade_and_whether_the_audit_is_a_weaker_one)
{
    struct err_info why = {0};
    struct template *t;
    struct store_summary s;
    uint16_t overall = 0, key = 0, other = 0;
    cr_assert_eq(template_builtin("FCA", &t, &why), ERR_OK, "%s", why.text);
    for (size_t i = 0; i < t->nquestions; i++) {
        const struct question *q = &t->questions[i];
        if (q->overall)
            overall = q->number;
        else if (q->key)
            key = q->number;
        else if (q->kinds & KIND_JUDGEMENT && !q->blind)
            other = q->number;
    }
    cr_assert(overall && key && other);
    const struct {
        uint16_t question;
        enum part part;
        const char *code, *overall;
        uint32_t weak;
    } steps[] = {
        {other,   PART_GRADE_AGREED, "inadequate",           "",                     0},
        {overall, PART_GRADE_AGREED, "good",                 "good",                 0},
        {key,     PART_GRADE_AGREED, "requires_improvement", "good",                 0},
        {key,     PART_GRADE_AGREED, "inadequate",           "good",                 1},
        {key,     PART_GRADE_FINAL,  "good",                 "good",                 0},
        {overall, PART_GRADE_FINAL,  "requires_improvement", "requires_improvement", 1},
        {overall, PART_GRADE_FINAL,  "inadequate",           "inadequate",           1},
        {overall, PART_GRADE_FINAL,  "outstanding",          "outstanding",          0},
        {overall, PART_GRADE_FINAL,  "",                     "good",                 0},
        {overall, PART_GRADE_AGREED, "",                     "",                     0},
    };
    struct room *r = room_new_of(t);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        grade(r, steps[i].question, steps[i].part, steps[i].code);
        summary_of(r->a, &s);
        cr_assert_str_eq(s.overall, steps[i].overall, "step %zu", i);
        cr_assert_eq(s.weak, steps[i].weak, "step %zu", i);
    }
    room_free(r);
    template_free(t);
}

Test(summary, lists_the_members_by_number)
{
    struct room *r = room_new();
    struct store_member *m;
    size_t n;
    cr_assert_eq(room_member(r, P_FRO, ROLE_FRO, ""), ERR_OK);
    cr_assert_eq(summary_members_of(r->a, &m, &n), ERR_OK);
    cr_assert_eq(n, 5);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(m[i].person, i + 1);
    cr_assert_eq(m[P_CSW - 1].role, ROLE_CSW);
    cr_assert_str_eq(m[P_CSW - 1].sections, "B");
    free(m);
    room_free(r);
}

Test(summary, a_text_too_long_for_its_place_is_cut_at_a_character)
{
    char carer[140];
    for (int i = 0; i < 69; i++)
        memcpy(carer + 2 * i, "é", 2);
    carer[138] = '\0';
    struct audit_op op = {
        .kind = OP_CREATE,
        .create = {.ref = "TST-2026-0001",
                   .template_id = "TST",
                   .template_version = 1,
                   .team = "",
                   .carer_ref = carer,
                   .period_from = "2026-01-01",
                   .period_to = "2026-12-31",
                   .state = AUDIT_PLANNED}
    };
    struct event e = {
        .seq = 1, .utc_ms = 1, .body = {.ops = &op, .nops = 1}
    };
    struct audit *a = audit_new(audit_make_template());
    cr_assert_eq(audit_apply(a, &e), ERR_OK);
    struct store_summary s;
    summary_of(a, &s);
    cr_assert_eq(strlen(s.carer_ref), 62,
                 "31 characters of two bytes: a 32nd would not leave the NUL");
    cr_assert_eq(utf8_count(s.carer_ref, strlen(s.carer_ref)), 31);
    audit_free(a);
}

Test(summary, equality_looks_at_everything_but_seq_and_time)
{
    struct store_summary a = {.ref = "R", .template_id = "T", .team = "N"}, b = a;
    b.seq = 9;
    b.utc_ms = 9;
    cr_assert(store_summary_equal(&a, &b));
    for (size_t i = 0; i < STORE_SUMMARY_NFIELDS; i++) {
        const struct store_field *f = &store_summary_fields[i];
        b = a;
        ((char *)&b)[f->at] ^= 1;
        cr_assert_not(store_summary_equal(&a, &b), "%s", f->name);
    }
}

/* Seq and utc_ms, which the last event says, and what the compiler puts between: everything else is
 * in the table. */
Test(summary, the_table_of_fields_leaves_nothing_out)
{
    enum { SIZE = sizeof(struct store_summary) };
    size_t size[SIZE] = {0}; /* of the member that begins there */
    size[offsetof(struct store_summary, seq)] = sizeof(uint64_t);
    size[offsetof(struct store_summary, utc_ms)] = sizeof(int64_t);
    for (size_t i = 0; i < STORE_SUMMARY_NFIELDS; i++) {
        const struct store_field *f = &store_summary_fields[i];
        cr_assert_eq(size[f->at], 0, "%s twice", f->name);
        size[f->at] = f->size;
    }
    for (size_t at = 0, gap = 0; at < SIZE;) {
        size_t align = size[at] == 8 && at % 8 == 0 ? 8 : size[at] == 4 ? 4 : 1;
        cr_assert(!size[at] || gap < align, "a member ends at byte %zu", at);
        cr_assert_lt(gap, 8);
        gap = size[at] ? 0 : gap + 1;
        at += size[at] ? size[at] : 1;
    }
}
