#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/audit/template.h"

static char *items[] = {"plan", "log", NULL};
static char *options[] = {"planned", "unplanned", NULL};
static struct grade grades[] = {
    {"strong", "Strong", false},
    {"poor",   "Poor",   true },
};
/* clang-format off */
static struct question questions[] = {
    {.number = 1, .code = "A1", .kinds = KIND_YNP},
    {.number = 2, .code = "A2", .kinds = KIND_CHOICE | KIND_TEXT, .options = options},
    {.number = 3, .code = "A3", .kinds = KIND_JUDGEMENT},
    {.number = 4, .code = "A4", .kinds = KIND_JUDGEMENT, .blind = true},
    {.number = 5, .code = "A5", .kinds = KIND_NUMBER},
    {.number = 6, .code = "A6", .kinds = KIND_SCALE},
    {.number = 7, .code = "A7", .kinds = KIND_DATE},
    {.number = 8, .code = "A8", .kinds = KIND_CHECKLIST, .items = items},
    {.number = 9, .code = "A9", .kinds = KIND_VOICE},
    {.number = 10, .code = "B1", .kinds = KIND_INFO},
    {.number = 11, .code = "B2", .kinds = KIND_TEXT},
    {.number = 12, .code = "B3", .kinds = KIND_FINDINGS | KIND_EVIDENCE},
    {.number = 13, .code = "B4", .kinds = KIND_MODERATION},
    {.number = 14, .code = "B5", .kinds = KIND_REFS},
};
/* clang-format on */
static const struct template template = {.id = "T",
                                         .grades = grades,
                                         .ngrades = 2,
                                         .questions = questions,
                                         .nquestions = sizeof questions / sizeof *questions};

static const char *const accepted[] = {
    "",
    "A1 == yes",
    "A1==yes",
    "A1!=yes",
    "  A1  ==  yes  ",
    "a1 == no_evidence", /* the case of a question's code does not matter */
    "A1.ynp == partly",
    "A2 == planned",
    "A2.choice != unplanned",
    "A3 == strong",
    "A3.grade_auditor == poor",
    "A4 == poor",
    "A4.grade_final == poor",
    "A5 == 12.5",
    "A5 == -3",
    "A6 == 10",
    "A7 == 2027-04",
    "A9 == declined",
    "A9.reason == unsafe",
    "A1 == yes and A2 == planned",
    "A1 == yes or A2 == planned and A3 != poor or A6 == 0",
    "A1 == yes and A1 != no and A1 != na and A1 != partly",
};

static const char *const refused[] = {
    " ", /* nothing to compare */
    "A1",
    "A1 ==",
    "== yes",
    "A1 = yes",
    "A1 === yes",
    "A1 <> yes",
    "A1 < yes",
    "A1 == yes no",
    "A1 == yes and",
    "A1 == yes or ",
    "and A1 == yes",
    "A1 == yes and or A2 == planned",
    "A1 == yes xor A2 == planned",
    "A1 == yes AND A2 == planned",
    "A1 == yes && A2 == planned",
    "(A1 == yes)",
    "not A1 == yes",
    "yes == A1",
    "A1 == maybe",
    "A1 == Yes",
    "A1 == A1",
    "A1 == \"yes\"",
    "Z9 == yes",
    "A1.nothing == yes",
    "A1. == yes",
    ".ynp == yes",
    "A1.ynp.ynp == yes",
    "A1.date == 2027-04",       /* not its part */
    "A2.text == planned",       /* words */
    "A3.rationale == poor",     /* words */
    "A3.cannot_judge == x",     /* words */
    "A3.evidence == 1",         /* a list */
    "A3.record == child",       /* inside a list */
    "A4.grade_auditor == poor", /* hidden from some */
    "A4.grade_practitioner == poor",
    "A3 == excellent",
    "A5 == many",
    "A6 == 11",
    "A7 == 2027-02-31",
    "A8 == met", /* which item? */
    "A8.check == met",
    "A9.words == x",
    "A9.shown_to == worker", /* several codes */
    "B1 == yes",             /* info has no answer */
    "B2 == x",
    "B3 == strength",
    "B3.sign == strength",
    "B4 == agree",
    "B5 == FC-1",
    "A1 == yes\tand A2 == planned",
    "A1 == yes; A2 == planned",
    "A1 == \xc3\xa9",
    "A1 == yes\x1b[2J",
    "A1[1] == yes",
};

Test(condition, accepted)
{
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        struct err_info why = {0};
        cr_expect_eq(template_condition_check(&template, accepted[i], &why), ERR_OK, "\"%s\": %s",
                     accepted[i], why.text);
    }
}

Test(condition, refused_with_a_reason)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct err_info why = {0};
        cr_expect_eq(template_condition_check(&template, refused[i], &why), ERR_INPUT, "\"%s\"",
                     refused[i]);
        cr_expect(!strncmp(why.text, "the condition ", 14), "\"%s\": %s", refused[i], why.text);
        for (const char *p = why.text; *p; p++)
            cr_expect(*p >= ' ' && *p < 0x7f, "\"%s\": plain words only", refused[i]);
        cr_expect_eq(template_condition_check(&template, refused[i], NULL), ERR_INPUT);
    }
}

Test(condition, long_ones_are_refused_and_as_long_as_allowed_ones_work)
{
    struct buf b = BUF_INIT;
    while (b.len + strlen(" and A1!=no") + strlen("A1!=na") <= TEMPLATE_MAX_CONDITION)
        buf_appendf(&b, "%sA1!=no", b.len ? " and " : "");
    cr_expect_eq(template_condition_check(&template, buf_cstr(&b), NULL), ERR_OK);
    while (b.len <= TEMPLATE_MAX_CONDITION)
        buf_append_str(&b, " ");
    cr_expect_eq(template_condition_check(&template, buf_cstr(&b), NULL), ERR_TOO_LARGE);
    buf_clear(&b);
    for (int i = 0; i < 200; i++)
        buf_append_str(&b, "A");
    cr_expect_eq(template_condition_check(&template, buf_cstr(&b), NULL), ERR_INPUT);
    buf_clear(&b);
    for (int i = 0; i < 1000 * 1000; i++)
        buf_append_str(&b, "(");
    cr_expect_eq(template_condition_check(&template, buf_cstr(&b), NULL), ERR_TOO_LARGE);
    buf_free(&b);
}

Test(condition, last_question_it_looks_at)
{
    cr_expect_eq(template_condition_last(&template, ""), 0);
    cr_expect_eq(template_condition_last(&template, "A3 == poor"), 3);
    cr_expect_eq(template_condition_last(&template, "A3 == poor or A7 != 2027-04 and A1 == no"), 7);
    cr_expect_eq(template_condition_last(&template, "A3 == "), 0);
}

/* ---- truth ---- */

static const char *values[16]; /* by question */

static const char *value_of(void *user, uint16_t question, enum part part)
{
    (void)part;
    ++*(int *)user;
    return values[question];
}

static bool truth(const char *condition)
{
    int asked = 0;
    cr_assert_eq(template_condition_check(&template, condition, NULL), ERR_OK, "%s", condition);
    return template_condition(&template, condition, value_of, &asked);
}

Test(condition, empty_condition_is_true_and_asks_nothing)
{
    int asked = 0;
    cr_expect(template_condition(&template, "", value_of, &asked));
    cr_expect_eq(asked, 0);
}

Test(condition, empty_answer_equals_nothing)
{
    cr_expect_not(truth("A1 == yes"));
    cr_expect(truth("A1 != yes"));
    values[1] = "";
    cr_expect_not(truth("A1 == yes"));
    cr_expect(truth("A1 != yes"));
    values[1] = "yes";
    cr_expect(truth("A1 == yes"));
    cr_expect_not(truth("A1 != yes"));
    values[1] = "no";
    cr_expect_not(truth("A1 == yes"));
    cr_expect(truth("A1 != yes"));
}

/* Every combination of three comparisons against the same in C. */
Test(condition, and_binds_tighter_than_or)
{
    for (int bits = 0; bits < 8; bits++) {
        bool a = bits & 1, b = bits & 2, c = bits & 4;
        values[1] = a ? "yes" : "no";
        values[2] = b ? "planned" : "unplanned";
        values[3] = c ? "poor" : NULL;
        cr_expect_eq(truth("A1 == yes and A2 == planned or A3 == poor"), (a && b) || c, "%d", bits);
        cr_expect_eq(truth("A1 == yes or A2 == planned and A3 == poor"), a || (b && c), "%d", bits);
        cr_expect_eq(truth("A1 == yes or A2 == planned or A3 == poor"), a || b || c, "%d", bits);
        cr_expect_eq(truth("A1 == yes and A2 == planned and A3 == poor"), a && b && c, "%d", bits);
        cr_expect_eq(truth("A1 == yes and A2 != planned or A1 == no and A3 != poor"),
                     (a && !b) || (!a && !c), "%d", bits);
    }
}

Test(condition, asks_for_the_part_that_is_named)
{
    cr_expect_eq(question_main_part(&questions[2]), PART_GRADE_AGREED);
    values[9] = "unsafe";
    cr_expect(truth("A9.reason == unsafe"));
    cr_expect_not(truth("A9.status == declined"));
}
