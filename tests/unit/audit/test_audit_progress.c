#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/audit_make.h"
#include "tests/lib/leaks.h"

#define OK(call) cr_assert_eq((call), ERR_OK, "%s: %s", #call, r->why.text)

/* The reasons of one question (all: 0), as lines "why field: sentence". */
struct reasons {
    const struct audit *a;
    uint16_t question;
    size_t n;
    char text[20000];
    size_t len;
};

static void note(void *user, struct field f, enum missing_why why, const char *sentence)
{
    struct reasons *rs = user;
    if (rs->question && f.question != rs->question)
        return;
    struct buf name = BUF_INIT;
    audit_field_format(rs->a, f, &name);
    int n = snprintf(rs->text + rs->len, sizeof rs->text - rs->len, "%d %s: %s\n", (int)why,
                     buf_cstr(&name), sentence);
    cr_assert(n > 0 && (size_t)n < sizeof rs->text - rs->len);
    rs->len += (size_t)n;
    rs->n++;
    buf_free(&name);
}

static const struct reasons *missing(const struct room *r, const char *code)
{
    static struct reasons rs;
    const struct question *q = template_question_find(audit_make_template(), code);
    rs = (struct reasons){.a = r->a, .question = q->number};
    audit_missing(r->a, note, &rs);
    return &rs;
}

static enum question_state state(const struct room *r, const char *code)
{
    return audit_question_state(r->a, template_question_find(audit_make_template(), code)->number);
}

static void expect(const struct room *r, const char *code, enum question_state s, size_t reasons,
                   const char *says)
{
    const struct reasons *rs = missing(r, code);
    cr_assert_eq(state(r, code), s, "%s: %d\n%s", code, (int)state(r, code), rs->text);
    cr_assert_eq(rs->n, reasons, "%s", rs->text);
    cr_assert(strstr(rs->text, says), "\"%s\" is not in\n%s", says, rs->text);
}

Test(audit_progress, a_new_audit_counts_what_is_asked_of_it)
{
    struct room *r = room_new();
    struct audit_progress p = audit_progress(r->a);
    /* 23 questions; C3 is shown, C5 waits for B2, M1 and M2 for the moderator */
    cr_assert_eq(p.required, 19);
    cr_assert_eq(p.answered, 1); /* A2, from the creation */
    cr_assert_eq(state(r, "C3"), QUESTION_NOT_NEEDED);
    cr_assert_eq(state(r, "C5"), QUESTION_NOT_NEEDED);
    cr_assert_eq(state(r, "M1"), QUESTION_NOT_NEEDED);
    cr_assert_eq(state(r, "A2"), QUESTION_DONE);
    cr_assert_eq(state(r, "A3"), QUESTION_PARTLY);
    cr_assert_eq(state(r, "B1"), QUESTION_EMPTY);
    cr_assert_eq(audit_question_state(r->a, 999), QUESTION_NOT_NEEDED);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_progress, judgements_want_grade_rationale_and_evidence)
{
    struct room *r = room_new();
    expect(r, "B1", QUESTION_EMPTY, 3, "4 B1.evidence: B1 has no evidence yet");
    OK(room_set(r, P_FRO, "B1.grade_auditor", "good"));
    expect(r, "B1", QUESTION_PARTLY, 3, "5 B1: B1 has no agreed grade yet");
    OK(room_set(r, P_FRO, "B1", "good"));
    expect(r, "B1", QUESTION_PARTLY, 2, "3 B1.rationale: B1 has a grade but no rationale yet");
    OK(room_type(r, P_FSW, "B1.rationale", "because"));
    expect(r, "B1", QUESTION_PARTLY, 1, "B1 has no evidence yet");
    OK(room_add(r, P_FSW, "B1.evidence"));
    expect(r, "B1", QUESTION_PARTLY, 2, "2 B1[1].place: B1[1] does not say yet where");
    OK(room_set(r, P_FSW, "B1[1].record", "child"));
    OK(room_set(r, P_FSW, "B1[1].place", "visits, May"));
    expect(r, "B1", QUESTION_DONE, 0, "");
    OK(room_set(r, P_FRO, "B1", ""));
    expect(r, "B1", QUESTION_PARTLY, 1, "no agreed grade");
    OK(room_set(r, P_FRO, "B1.cannot_judge", "the record is closed"));
    expect(r, "B1", QUESTION_DONE, 0, "");
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_progress, a_reason_why_it_cannot_be_judged_is_enough)
{
    struct room *r = room_new();
    OK(room_set(r, P_FRO, "B1.cannot_judge", "placed yesterday"));
    expect(r, "B1", QUESTION_DONE, 0, "");
    OK(room_set(r, P_FRO, "B1", "good")); /* a grade after all wants what grades want */
    expect(r, "B1", QUESTION_PARTLY, 2, "a grade but no rationale");
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_progress, each_kind_knows_when_it_is_done)
{
    struct room *r = room_new();
    expect(r, "A1", QUESTION_EMPTY, 1, "1 A1: A1 names nobody yet");
    OK(room_add(r, P_FRO, "A1.people"));
    expect(r, "A1", QUESTION_PARTLY, 2, "A1[1] has no role yet");
    OK(room_set(r, P_FRO, "A1[1].role", "FSW"));
    OK(room_set(r, P_FRO, "A1[1].ref", "W-12"));
    expect(r, "A1", QUESTION_DONE, 0, "");

    expect(r, "A3", QUESTION_PARTLY, 1, "A3 has no date yet");
    OK(room_set(r, P_FRO, "A3.date", "2026-05"));
    expect(r, "A3", QUESTION_DONE, 0, "");
    OK(room_set(r, P_FRO, "A3.period_to", ""));
    expect(r, "A3", QUESTION_PARTLY, 1, "when the period ends");

    expect(r, "B2", QUESTION_EMPTY, 2, "yes, partly, no");
    OK(room_set(r, P_CSW, "B2", "partly"));
    expect(r, "B2", QUESTION_PARTLY, 1, "B2 has no date yet");
    OK(room_set(r, P_CSW, "B2", "no"));
    expect(r, "B2", QUESTION_DONE, 0, ""); /* no visit, no date */

    OK(room_set(r, P_FRO, "B3", "0"));
    OK(room_set(r, P_FRO, "B4", "-2.5"));
    OK(room_set(r, P_FRO, "B5", "unplanned"));
    OK(room_type(r, P_FRO, "C2", "."));
    expect(r, "B3", QUESTION_DONE, 0, "");
    expect(r, "B4", QUESTION_DONE, 0, "");
    expect(r, "B5", QUESTION_DONE, 0, "");
    expect(r, "C2", QUESTION_DONE, 0, "");
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_progress, checklists_name_the_items_that_are_open)
{
    struct room *r = room_new();
    OK(room_set(r, P_FRO, "C1.cannot_judge", "only the list is asked here"));
    OK(room_set(r, P_FRO, "C1[1]", "met"));
    OK(room_set(r, P_FRO, "C1[3]", "not_seen"));
    expect(r, "C1", QUESTION_PARTLY, 1, "2 C1[2].check: C1[2] (children's views) is open");
    OK(room_set(r, P_FRO, "C1[2]", "na"));
    expect(r, "C1", QUESTION_DONE, 0, "");
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_progress, evidence_is_wanted_from_each_record)
{
    struct room *r = room_new();
    expect(r, "C4", QUESTION_EMPTY, 2,
           "C4 names 0 places in the carer's record; at least 1 is wanted");
    OK(room_add(r, P_FRO, "C4.evidence"));
    OK(room_set(r, P_FRO, "C4[1].record", "carer"));
    OK(room_set(r, P_FRO, "C4[1].place", "log"));
    expect(r, "C4", QUESTION_PARTLY, 1, "child's record");
    OK(room_add(r, P_FRO, "C4.evidence"));
    OK(room_set(r, P_FRO, "C4[2].record", "child"));
    expect(r, "C4", QUESTION_PARTLY, 1, "C4[2] does not say yet where");
    OK(room_set(r, P_FRO, "C4[2].place", "plan"));
    expect(r, "C4", QUESTION_DONE, 0, "");
    OK(room_remove(r, P_FRO, "C4[1].evidence"));
    expect(r, "C4", QUESTION_PARTLY, 1, "carer's record");
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_progress, voices_are_obtained_or_reasoned)
{
    struct room *r = room_new();
    expect(r, "J2", QUESTION_EMPTY, 1, "how this view stands");
    OK(room_set(r, P_FRO, "J2.status", "asked"));
    expect(r, "J2", QUESTION_PARTLY, 1, "what came of it");
    OK(room_set(r, P_FRO, "J2.status", "not_possible"));
    expect(r, "J2", QUESTION_PARTLY, 1, "6 J2.reason: J2: their view was not possible");
    OK(room_set(r, P_FRO, "J2.reason", "no_reply"));
    expect(r, "J2", QUESTION_DONE, 0, "");
    OK(room_set(r, P_FRO, "J2.status", "declined"));
    expect(r, "J2", QUESTION_DONE, 0, "");
    OK(room_set(r, P_FRO, "J2.status", "obtained"));
    expect(r, "J2", QUESTION_PARTLY, 1, "words are not here yet");
    OK(room_type(r, P_FRO, "J2.words", "we felt heard"));
    expect(r, "J2", QUESTION_DONE, 0, "");
    /* The young person's: how it stands is all that everybody can see. */
    OK(room_set(r, P_IRO, "J3.status", "obtained"));
    expect(r, "J3", QUESTION_DONE, 0, "");
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_progress, observations_findings_and_actions_say_what_they_lack)
{
    struct room *r = room_new();
    expect(r, "K1", QUESTION_EMPTY, 1, "give its date, or say why there was none");
    OK(room_set(r, P_FRO, "K1.date", "2026-04-01"));
    expect(r, "K1", QUESTION_PARTLY, 2, "what was seen");
    OK(room_type(r, P_FRO, "K1.seen", "a calm evening"));
    OK(room_set(r, P_FRO, "K1.child_alone", "yes"));
    expect(r, "K1", QUESTION_DONE, 0, "");
    OK(room_set(r, P_FRO, "K1.date", ""));
    expect(r, "K1", QUESTION_PARTLY, 1, "2 ");
    OK(room_set(r, P_FRO, "K1.reason_none", "carer in hospital"));
    expect(r, "K1", QUESTION_DONE, 0, "");

    OK(room_add(r, P_FRO, "L1.findings"));
    OK(room_add(r, P_FRO, "L2.findings"));
    expect(r, "L1", QUESTION_PARTLY, 2, "L1[1] has no theme yet");
    expect(r, "L2", QUESTION_PARTLY, 3, "L2[1] is not marked as strength");

    expect(r, "L3", QUESTION_EMPTY, 1, "L3 has no action yet");
    OK(room_add(r, P_FRO, "L3.actions"));
    expect(r, "L3", QUESTION_PARTLY, 5, "L3[1] has no owner yet");
    OK(room_set(r, P_FRO, "L3[1].owner", "FSW, A. B."));
    OK(room_set(r, P_FRO, "L3[1].due", "2026-12-01"));
    OK(room_type(r, P_FRO, "L3[1].change", "x"));
    OK(room_type(r, P_FRO, "L3[1].specific", "x"));
    OK(room_type(r, P_FRO, "L3[1].measure", "x"));
    expect(r, "L3", QUESTION_DONE, 0, "");
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_progress, conditions_decide_what_is_asked)
{
    struct room *r = room_new();
    uint32_t before = audit_progress(r->a).required;
    OK(room_set(r, P_FRO, "B2", "yes"));
    cr_assert_eq(audit_progress(r->a).required, before + 1);
    expect(r, "C5", QUESTION_EMPTY, 1, "C5 has not been written yet");
    OK(room_set(r, P_FRO, "B2", "no"));
    cr_assert_eq(audit_progress(r->a).required, before);
    expect(r, "C5", QUESTION_NOT_NEEDED, 0, "");
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_progress, moderators_are_asked_once_the_audit_is_theirs)
{
    struct room *r = room_new();
    uint32_t before = audit_progress(r->a).required;
    OK(room_move(r, AUDIT_MODERATING));
    cr_assert_eq(audit_progress(r->a).required, before + 2);
    expect(r, "M1", QUESTION_EMPTY, 3, "M1 has no view on B1 yet");
    OK(room_set(r, P_IRO, "M1[A6].view", "agree"));
    OK(room_set(r, P_IRO, "M1[B1].view", "differ"));
    OK(room_set(r, P_IRO, "M1[C1].view", "insufficient"));
    expect(r, "M1", QUESTION_PARTLY, 2, "6 M1[B1].view_reason: M1: the view on B1 has no reason");
    OK(room_type(r, P_IRO, "M1[B1].view_reason", "x"));
    OK(room_type(r, P_IRO, "M1[C1].view_reason", "x"));
    expect(r, "M1", QUESTION_DONE, 0, "");
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_progress, everything_asked_and_answered_is_complete)
{
    struct room *r = room_new();
    cr_assert_eq(audit_make_template()->nquestions, 23, "fill in what is new below");
    static const char *const sets[][2] = {
        {"A1[1].role",      "FSW"         },
        {"A1[1].ref",       "W"           },
        {"A3.date",         "2026-05-05"  },
        {"A6.cannot_judge", "new"         },
        {"A6.date",         "2026-05"     },
        {"B1.cannot_judge", "new"         },
        {"B2",              "no"          },
        {"B3",              "10"          },
        {"B4",              "1"           },
        {"B5",              "planned"     },
        {"C1.cannot_judge", "new"         },
        {"C1[1]",           "met"         },
        {"C1[2]",           "met"         },
        {"C1[3]",           "met"         },
        {"C4[1].record",    "child"       },
        {"C4[1].place",     "x"           },
        {"C4[2].record",    "carer"       },
        {"C4[2].place",     "x"           },
        {"J1.status",       "declined"    },
        {"J2.status",       "declined"    },
        {"K1.reason_none",  "x"           },
        {"L1[1].theme",     "voice"       },
        {"L2[1].sign",      "strength"    },
        {"L2[1].theme",     "plans, voice"},
        {"L3[1].owner",     "x"           },
        {"L3[1].due",       "2027-01"     },
    };
    static const char *const texts[] = {"C2",           "L1[1].text",     "L2[1].text",
                                        "L3[1].change", "L3[1].specific", "L3[1].measure"};
    static const char *const lists[] = {"A1.people",   "C4.evidence", "C4.evidence",
                                        "L1.findings", "L2.findings", "L3.actions"};
    for (size_t i = 0; i < 6; i++)
        OK(room_add(r, P_FRO, lists[i]));
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        OK(room_set(r, P_FRO, sets[i][0], sets[i][1]));
    for (size_t i = 0; i < 6; i++)
        OK(room_type(r, P_FRO, texts[i], "x"));
    OK(room_set(r, P_IRO, "J3.status", "declined"));
    static struct reasons rs;
    rs = (struct reasons){.a = r->a};
    audit_missing(r->a, note, &rs);
    cr_assert_eq(rs.n, 0, "%s", rs.text);
    cr_assert_eq(audit_progress(r->a).answered, audit_progress(r->a).required);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_progress, what_need_not_be_answered_need_not_be_but_not_by_half)
{
    enum { N = 23 };
    static struct question questions[N];
    struct template t = *audit_make_template();
    cr_assert_eq(t.nquestions, N);
    memcpy(questions, t.questions, sizeof questions);
    questions[4].required = false; /* B1 */
    t.questions = questions;
    struct room *r = room_new_of(&t);
    cr_assert_eq(audit_progress(r->a).required, 18);
    expect(r, "B1", QUESTION_EMPTY, 0, "");
    OK(room_set(r, P_FRO, "B1", "good"));
    expect(r, "B1", QUESTION_PARTLY, 2, "a grade but no rationale");
    cr_assert_eq(audit_progress(r->a).required, 18);
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- the cache ---- */

Test(audit_progress, what_is_typed_here_counts_at_once)
{
    struct room *r = room_new();
    uint32_t before = audit_progress(r->a).answered;
    struct buf op = BUF_INIT;
    struct text *t = audit_text_edit(r->a, room_field(r, "C2"));
    cr_assert_eq(audit_progress(r->a).answered, before, "an empty text is no answer");
    cr_assert_eq(text_insert(t, P_FRO, 0, "x", 1, &op), ERR_OK);
    cr_assert_eq(audit_progress(r->a).answered, before + 1);
    cr_assert_eq(text_delete(t, P_FRO, 0, 1, TEXT_WHEN_PENDING, &op), ERR_OK);
    cr_assert_eq(audit_progress(r->a).answered, before);
    cr_assert_null(audit_text_edit(r->a, room_field(r, "B2")), "no text");
    cr_assert_null(audit_text_edit(r->a, (struct field){21, PART_CHANGE, 99}), "no such item");
    buf_free(&op);
    room_free(r);
    CHECK_NO_LEAKS();
}
