#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/audit/field.h"

static char *items[] = {"review report", "carer's statement", "safer-caring plan", NULL};
static char *options[] = {"planned", "unplanned", NULL};
static struct grade grades[] = {
    {"strong", "Strong", false},
    {"mixed",  "Mixed",  true },
    {"poor",   "Poor",   true },
};
/* one question of each kind; a composite one at the end */
enum {
    JUDGEMENT = 1,
    TEXT,
    CHECKLIST,
    YNP,
    DATE,
    PEOPLE,
    SCALE,
    NUMBER,
    CHOICE,
    EVIDENCE,
    VOICE,
    OBSERVATION,
    FINDINGS,
    ACTIONS,
    INFO,
    REFS,
    PERIOD,
    MODERATION,
    CHECK_AND_JUDGE,
    CHALLENGE,
    QUESTIONS = CHALLENGE
};
/* clang-format off */
static struct question questions[] = {
    {.code = "A1", .kinds = KIND_JUDGEMENT},
    {.code = "A2", .kinds = KIND_TEXT},
    {.code = "A3", .kinds = KIND_CHECKLIST, .items = items},
    {.code = "A4", .kinds = KIND_YNP},
    {.code = "A5", .kinds = KIND_DATE},
    {.code = "A6", .kinds = KIND_PEOPLE},
    {.code = "A7", .kinds = KIND_SCALE},
    {.code = "A8", .kinds = KIND_NUMBER},
    {.code = "A9", .kinds = KIND_CHOICE, .options = options},
    {.code = "B1", .kinds = KIND_EVIDENCE},
    {.code = "B2", .kinds = KIND_VOICE},
    {.code = "B3", .kinds = KIND_OBSERVATION},
    {.code = "B4", .kinds = KIND_FINDINGS},
    {.code = "B5", .kinds = KIND_ACTIONS},
    {.code = "B6", .kinds = KIND_INFO},
    {.code = "B7", .kinds = KIND_REFS},
    {.code = "B8", .kinds = KIND_PERIOD},
    {.code = "B9", .kinds = KIND_MODERATION},
    {.code = "C1", .kinds = KIND_CHECKLIST | KIND_JUDGEMENT, .items = items},
    {.code = "C2", .kinds = KIND_CHECKLIST | KIND_CHALLENGE | KIND_DATED, .items = items},
};
/* clang-format on */
static const struct template template = {.id = "T",
                                         .grades = grades,
                                         .ngrades = 3,
                                         .questions = questions,
                                         .nquestions = sizeof questions / sizeof *questions};

struct address {
    struct field f;
    bool ok;
};
/* clang-format off */
static const struct address addresses[] = {
    {{JUDGEMENT, PART_GRADE_AUDITOR, 0}, true},
    {{JUDGEMENT, PART_GRADE_AUDITOR, 1}, false},
    {{JUDGEMENT, PART_RATIONALE, 0}, true},
    {{JUDGEMENT, PART_EVIDENCE, 0}, true},
    {{JUDGEMENT, PART_EVIDENCE, 1ull << 40}, true},
    {{JUDGEMENT, PART_PLACE, 7}, true},
    {{JUDGEMENT, PART_PLACE, 0}, false}, /* of which item? */
    {{JUDGEMENT, PART_DATE, 7}, true},
    {{JUDGEMENT, PART_DATE, 0}, false},
    {{JUDGEMENT, PART_TEXT, 0}, false},
    {{JUDGEMENT, PART_NONE, 0}, false},
    {{JUDGEMENT, 9, 0}, false},
    {{JUDGEMENT, 65535, 0}, false},
    {{TEXT, PART_TEXT, 0}, true},
    {{TEXT, PART_TEXT, 1}, false},
    {{TEXT, PART_RATIONALE, 0}, false},
    {{CHECKLIST, PART_CHECK, 0}, false},
    {{CHECKLIST, PART_CHECK, 1}, true},
    {{CHECKLIST, PART_CHECK, 3}, true},
    {{CHECKLIST, PART_CHECK, 4}, false},
    {{CHECKLIST, PART_CHECK, 1ull << 32 | 1}, false},
    {{CHECKLIST, PART_NOTE, 2}, true},
    {{CHECKLIST, PART_NOTE, 0}, false},
    {{YNP, PART_YNP, 0}, true},
    {{YNP, PART_YNP, 1}, false},
    {{DATE, PART_DATE, 0}, true},
    {{DATE, PART_DATE, 1}, false},
    {{PEOPLE, PART_PEOPLE, 0}, true},
    {{PEOPLE, PART_ROLE, 5}, true},
    {{PEOPLE, PART_ROLE, 0}, false},
    {{EVIDENCE, PART_DATE, 5}, true},
    {{EVIDENCE, PART_DATE, 0}, false},
    {{VOICE, PART_DATE, 0}, true},
    {{VOICE, PART_WORDS, 0}, true},
    {{VOICE, PART_WORDS, 1}, false},
    {{FINDINGS, PART_TEXT, 9}, true},
    {{FINDINGS, PART_TEXT, 0}, false},
    {{ACTIONS, PART_STATUS, 9}, true},
    {{ACTIONS, PART_STATUS, 0}, false},
    {{ACTIONS, PART_THEME, 9}, false},
    {{INFO, PART_TEXT, 0}, false},
    {{MODERATION, PART_VIEW, JUDGEMENT}, true},
    {{MODERATION, PART_VIEW, CHECK_AND_JUDGE}, true},
    {{MODERATION, PART_VIEW, 0}, false},
    {{MODERATION, PART_VIEW, TEXT}, false},
    {{MODERATION, PART_VIEW, 1 << 16 | JUDGEMENT}, false}, /* does not wrap to a number */
    {{MODERATION, PART_VIEW, 999}, false},
    {{CHECK_AND_JUDGE, PART_CHECK, 1}, true},
    {{CHECK_AND_JUDGE, PART_RATIONALE, 0}, true},
    {{CHECK_AND_JUDGE, PART_RATIONALE, 1}, false},
    {{CHECK_AND_JUDGE, PART_CHALLENGE_MADE, 1}, false},
    {{CHALLENGE, PART_CHALLENGE_MADE, 0}, false},
    {{CHALLENGE, PART_CHALLENGE_MADE, 1}, true},
    {{CHALLENGE, PART_RESTORATIVE, 3}, true},
    {{CHALLENGE, PART_ITEM_EVIDENCE, 4}, false},
    {{CHALLENGE, PART_ITEM_DATE, 3}, true},
    {{MODERATION, PART_RESPONSE, JUDGEMENT}, true},
    {{MODERATION, PART_DECISION_REASON, 0}, false},
    {{MODERATION, PART_DECISION, TEXT}, false},
    {{ACTIONS, PART_FINDING, 9}, true},
    {{ACTIONS, PART_CLAIMED_BY, 0}, false},
    {{FINDINGS, PART_NO_ACTION, 9}, true},
    {{0, PART_TEXT, 0}, false},
    {{QUESTIONS + 1, PART_TEXT, 0}, false},
    {{65535, PART_TEXT, 0}, false},
};
/* clang-format on */

Test(field, addresses)
{
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct err_info why = {0};
        enum err e = field_check(&template, addresses[i].f, &why);
        cr_expect_eq(e, addresses[i].ok ? ERR_OK : ERR_INPUT, "row %zu: %s", i, why.text);
        cr_expect_eq(strlen(why.text) > 10, !addresses[i].ok, "row %zu gives a reason", i);
        cr_expect_eq(field_check(&template, addresses[i].f, NULL), e);
    }
}

struct value {
    uint16_t question;
    enum part part;
    uint64_t item;
    const char *value;
    bool ok;
};
static const struct value values[] = {
  /* grades of this scale */
    {JUDGEMENT,   PART_GRADE_AGREED,       0, "strong",                              true },
    {JUDGEMENT,   PART_GRADE_PRACTITIONER, 0, "poor",                                true },
    {JUDGEMENT,   PART_GRADE_AGREED,       0, "good",                                false},
    {JUDGEMENT,   PART_GRADE_AGREED,       0, "Strong",                              false},
    {JUDGEMENT,   PART_GRADE_AGREED,       0, "strong ",                             false},
    {MODERATION,  PART_PROPOSED,           1, "mixed",                               true },
    {MODERATION,  PART_PROPOSED,           1, "agree",                               false},
    {MODERATION,  PART_VIEW,               1, "insufficient",                        true },
    {MODERATION,  PART_VIEW,               1, "strong",                              false},
 /* codes */
    {YNP,         PART_YNP,                0, "yes",                                 true },
    {YNP,         PART_YNP,                0, "partly",                              true },
    {YNP,         PART_YNP,                0, "no",                                  true },
    {YNP,         PART_YNP,                0, "na",                                  true },
    {YNP,         PART_YNP,                0, "no_evidence",                         true },
    {YNP,         PART_YNP,                0, "maybe",                               false},
    {YNP,         PART_YNP,                0, "YES",                                 false},
    {YNP,         PART_YNP,                0, "y",                                   false},
    {OBSERVATION, PART_CHILD_ALONE,        0, "partly",                              true },
    {CHECKLIST,   PART_CHECK,              1, "met",                                 true },
    {CHECKLIST,   PART_CHECK,              2, "not_met",                             true },
    {CHECKLIST,   PART_CHECK,              3, "not_seen",                            true },
    {CHECKLIST,   PART_CHECK,              3, "na",                                  true },
    {CHECKLIST,   PART_CHECK,              3, "yes",                                 false},
    {CHOICE,      PART_CHOICE,             0, "planned",                             true },
    {CHOICE,      PART_CHOICE,             0, "unplanned",                           true },
    {CHOICE,      PART_CHOICE,             0, "plan",                                false},
    {VOICE,       PART_STATUS,             0, "obtained",                            true },
    {VOICE,       PART_STATUS,             0, "not_possible",                        true },
    {VOICE,       PART_STATUS,             0, "open",                                false},
    {ACTIONS,     PART_STATUS,             9, "open",                                true },
    {ACTIONS,     PART_STATUS,             9, "done_verified",                       true },
    {ACTIONS,     PART_STATUS,             9, "obtained",                            false},
    {VOICE,       PART_REASON,             0, "no_reply",                            true },
    {VOICE,       PART_REASON,             0, "other",                               false},
    {PEOPLE,      PART_ROLE,               4, "IRO",                                 true },
    {PEOPLE,      PART_ROLE,               4, "carer",                               true },
    {PEOPLE,      PART_ROLE,               4, "boss",                                false},
    {EVIDENCE,    PART_RECORD,             4, "child",                               true },
    {EVIDENCE,    PART_RECORD,             4, "carer",                               true },
    {EVIDENCE,    PART_RECORD,             4, "team",                                false},
    {FINDINGS,    PART_SIGN,               4, "development",                         true },
    {FINDINGS,    PART_SCOPE,              4, "system",                              true },
    {ACTIONS,     PART_PRIORITY,           4, "high",                                true },
    {ACTIONS,     PART_PRIORITY,           4, "urgent",                              false},
 /* several codes: canonical order, none twice, one way to write them */
    {VOICE,       PART_SHOWN_TO,           0, "auditors",                            true },
    {VOICE,       PART_SHOWN_TO,           0, "auditors, reports",                   true },
    {VOICE,       PART_SHOWN_TO,           0, "auditors, managers, worker, reports", true },
    {VOICE,       PART_SHOWN_TO,           0, "reports, auditors",                   false},
    {VOICE,       PART_SHOWN_TO,           0, "auditors, auditors",                  false},
    {VOICE,       PART_SHOWN_TO,           0, "auditors,reports",                    false},
    {VOICE,       PART_SHOWN_TO,           0, "auditors, ",                          false},
    {VOICE,       PART_SHOWN_TO,           0, ", auditors",                          false},
    {VOICE,       PART_SHOWN_TO,           0, "auditors, everyone",                  false},
    {VOICE,       PART_SHOWN_TO,           0, "audit",                               false},
    {FINDINGS,    PART_THEME,              4, "carer-log, joint-work",               true },
    {FINDINGS,    PART_THEME,              4, "data",                                true },
    {FINDINGS,    PART_THEME,              4, "recording, voice, data",              true },
    {FINDINGS,    PART_THEME,              4, "voice, recording",                    false},
 /* dates */
    {DATE,        PART_DATE,               0, "2027-04-19",                          true },
    {DATE,        PART_DATE,               0, "2027-04",                             true },
    {DATE,        PART_DATE,               0, "2028-02-29",                          true },
    {DATE,        PART_DATE,               0, "2000-02-29",                          true },
    {DATE,        PART_DATE,               0, "2027-02-29",                          false},
    {DATE,        PART_DATE,               0, "2100-02-29",                          false},
    {DATE,        PART_DATE,               0, "2027-02-31",                          false},
    {DATE,        PART_DATE,               0, "2027-04-31",                          false},
    {DATE,        PART_DATE,               0, "2027-12-31",                          true },
    {DATE,        PART_DATE,               0, "2027-12-32",                          false},
    {DATE,        PART_DATE,               0, "2027-04-00",                          false},
    {DATE,        PART_DATE,               0, "2027-00-10",                          false},
    {DATE,        PART_DATE,               0, "2027-13",                             false},
    {DATE,        PART_DATE,               0, "2027-00",                             false},
    {DATE,        PART_DATE,               0, "2027",                                false},
    {DATE,        PART_DATE,               0, "1899-12-31",                          false},
    {DATE,        PART_DATE,               0, "2200-01-01",                          false},
    {DATE,        PART_DATE,               0, "19/04/2027",                          false},
    {DATE,        PART_DATE,               0, "2027-4-19",                           false},
    {DATE,        PART_DATE,               0, "2027-04-19 ",                         false},
    {DATE,        PART_DATE,               0, "2027-04-1x",                          false},
    {DATE,        PART_DATE,               0, "-027-04-19",                          false},
    {DATE,        PART_DATE,               0, "2027-04-",                            false},
    {DATE,        PART_DATE,               0, "today",                               false},
    {PERIOD,      PART_PERIOD_FROM,        0, "2026-05-29",                          true },
    {PERIOD,      PART_PERIOD_TO,          0, "2026-06-31",                          false},
    {EVIDENCE,    PART_DATE,               5, "2026-05",                             true },
    {ACTIONS,     PART_DUE,                5, "2026-05-32",                          false},
 /* numbers */
    {NUMBER,      PART_NUMBER,             0, "0",                                   true },
    {NUMBER,      PART_NUMBER,             0, "7",                                   true },
    {NUMBER,      PART_NUMBER,             0, "-3",                                  true },
    {NUMBER,      PART_NUMBER,             0, "12.5",                                true },
    {NUMBER,      PART_NUMBER,             0, "0.25",                                true },
    {NUMBER,      PART_NUMBER,             0, "999999999999.999999",                 true },
    {NUMBER,      PART_NUMBER,             0, "1000000000000",                       false},
    {NUMBER,      PART_NUMBER,             0, "0.1234567",                           false},
    {NUMBER,      PART_NUMBER,             0, "007",                                 false},
    {NUMBER,      PART_NUMBER,             0, "1.",                                  false},
    {NUMBER,      PART_NUMBER,             0, ".5",                                  false},
    {NUMBER,      PART_NUMBER,             0, "-",                                   false},
    {NUMBER,      PART_NUMBER,             0, "--1",                                 false},
    {NUMBER,      PART_NUMBER,             0, "+1",                                  false},
    {NUMBER,      PART_NUMBER,             0, "1,5",                                 false},
    {NUMBER,      PART_NUMBER,             0, "1e5",                                 false},
    {NUMBER,      PART_NUMBER,             0, "0x10",                                false},
    {NUMBER,      PART_NUMBER,             0, "1.2.3",                               false},
    {NUMBER,      PART_NUMBER,             0, "nan",                                 false},
    {NUMBER,      PART_NUMBER,             0, "1 ",                                  false},
    {NUMBER,      PART_NUMBER,             0, " 1",                                  false},
 /* scale */
    {SCALE,       PART_SCALE,              0, "0",                                   true },
    {SCALE,       PART_SCALE,              0, "9",                                   true },
    {SCALE,       PART_SCALE,              0, "10",                                  true },
    {SCALE,       PART_SCALE,              0, "11",                                  false},
    {SCALE,       PART_SCALE,              0, "100",                                 false},
    {SCALE,       PART_SCALE,              0, "-1",                                  false},
    {SCALE,       PART_SCALE,              0, "5.5",                                 false},
    {SCALE,       PART_SCALE,              0, "05",                                  false},
    {SCALE,       PART_SCALE,              0, "five",                                false},
 /* lines */
    {REFS,        PART_CARER_REF,          0, "FC-10442",                            true },
    {REFS,        PART_CHILD_REFS,         0, "LAC-1, LAC-2",                        true },
    {VOICE,       PART_METHOD,             0, "drawing, \xc3\xa9t\xc3\xa9",          true },
    {JUDGEMENT,   PART_CANNOT_JUDGE,       0, "the record stops in March",           true },
    {JUDGEMENT,   PART_PLACE,              5, "two\nlines",                          false},
    {JUDGEMENT,   PART_PLACE,              5, "a\ttab",                              false},
    {JUDGEMENT,   PART_PLACE,              5, "bell\a",                              false},
    {JUDGEMENT,   PART_PLACE,              5, "\x1b[2J",                             false},
    {JUDGEMENT,   PART_PLACE,              5, "\xff",                                false},
    {JUDGEMENT,   PART_PLACE,              5, "cut \xe2\x82",                        false},
    {JUDGEMENT,   PART_PLACE,              5, "turned \xe2\x80\xae round",           false},
 /* what comes with a life after writing */
    {MODERATION,  PART_RESPONSE,           1, "accept",                              true },
    {MODERATION,  PART_RESPONSE,           1, "differ",                              false},
    {MODERATION,  PART_DECISION,           1, "mixed",                               true },
    {MODERATION,  PART_DECISION,           1, "good",                                false},
    {CHALLENGE,   PART_CHALLENGE_MADE,     2, "yes",                                 true },
    {CHALLENGE,   PART_ITEM_DATE,          2, "2027-04",                             true },
    {CHALLENGE,   PART_ITEM_DATE,          2, "soon",                                false},
    {ACTIONS,     PART_SOURCE,             4, "xlt",                                 true },
    {ACTIONS,     PART_SOURCE,             4, "rumour",                              false},
    {ACTIONS,     PART_IMPACT,             4, "cannot_tell",                         true },
    {ACTIONS,     PART_ACTION_THEME,       4, "recording, data",                     true },
    {ACTIONS,     PART_ACTION_THEME,       4, "data, recording",                     false},
 /* other items, and people: decimal numbers without ornaments */
    {ACTIONS,     PART_FINDING,            4, "1",                                   true },
    {ACTIONS,     PART_FINDING,            4, "7340033, 7340032",                    true },
    {ACTIONS,     PART_FINDING,            4, "18446744073709551615",                true },
    {ACTIONS,     PART_FINDING,            4, "18446744073709551616",                false},
    {ACTIONS,     PART_FINDING,            4, "99999999999999999999",                false},
    {ACTIONS,     PART_FINDING,            4, "1,2",                                 false},
    {ACTIONS,     PART_FINDING,            4, "1, ",                                 false},
    {ACTIONS,     PART_FINDING,            4, ", 1",                                 false},
    {ACTIONS,     PART_FINDING,            4, "1 ",                                  false},
    {ACTIONS,     PART_FINDING,            4, "0",                                   false},
    {ACTIONS,     PART_FINDING,            4, "01",                                  false},
    {ACTIONS,     PART_FINDING,            4, "-1",                                  false},
    {ACTIONS,     PART_FINDING,            4, "L3[2]",                               false},
    {ACTIONS,     PART_LEADS_TO,           4, "12, 13, 14",                          true },
    {ACTIONS,     PART_CLAIMED_BY,         4, "12",                                  true },
    {ACTIONS,     PART_CLAIMED_BY,         4, "4294967295",                          true },
    {ACTIONS,     PART_CLAIMED_BY,         4, "4294967296",                          false},
    {ACTIONS,     PART_CLAIMED_BY,         4, "0",                                   false},
    {ACTIONS,     PART_CLOSED_BY,          4, "1, 2",                                false},
    {ACTIONS,     PART_CLOSED_BY,          4, "Ana",                                 false},
 /* not set by value */
    {TEXT,        PART_TEXT,               0, "words",                               false},
    {FINDINGS,    PART_FINDINGS,           0, "1",                                   false},
 /* not an address */
    {TEXT,        PART_YNP,                0, "yes",                                 false},
    {CHECKLIST,   PART_CHECK,              4, "met",                                 false},
};

Test(field, values)
{
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const struct value *v = &values[i];
        struct field f = {v->question, (uint16_t)v->part, v->item};
        struct err_info why = {0};
        enum err e = field_check_value(&template, f, v->value, &why);
        cr_expect_eq(e, v->ok ? ERR_OK : ERR_INPUT, "row %zu \"%s\": %s", i, v->value, why.text);
        cr_expect_eq(strlen(why.text) > 10, !v->ok, "row %zu \"%s\" gives a reason", i, v->value);
    }
}

Test(field, empty_clears_whatever_exists_and_nothing_else)
{
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
        cr_expect_eq(field_check_value(&template, addresses[i].f, "", NULL),
                     addresses[i].ok ? ERR_OK : ERR_INPUT, "row %zu", i);
}

Test(field, reasons_say_what_is_allowed)
{
    struct err_info why;
    struct field ynp = {YNP, PART_YNP, 0};
    cr_assert_eq(field_check_value(&template, ynp, "maybe", &why), ERR_INPUT);
    cr_expect_not_null(strstr(why.text, "yes, partly, no, na, no_evidence"), "%s", why.text);
    struct field grade = {JUDGEMENT, PART_GRADE_AUDITOR, 0};
    cr_assert_eq(field_check_value(&template, grade, "good", &why), ERR_INPUT);
    cr_expect_not_null(strstr(why.text, "strong, mixed, poor"), "%s", why.text);
    struct field date = {DATE, PART_DATE, 0};
    cr_assert_eq(field_check_value(&template, date, "2027-02-31", &why), ERR_INPUT);
    cr_expect_not_null(strstr(why.text, "28 days"), "%s", why.text);
    struct field theme = {FINDINGS, PART_THEME, 1};
    cr_assert_eq(field_check_value(&template, theme, "x", &why), ERR_INPUT);
    cr_expect_not_null(strstr(why.text, "data."), "the whole list fits: %s", why.text);
}

Test(field, many_options_are_listed_as_far_as_there_is_room)
{
    char codes[40][32];
    char *many[41] = {NULL};
    for (int i = 0; i < 40; i++) {
        (void)snprintf(codes[i], sizeof codes[i], "option_number_%d", i + 1);
        many[i] = codes[i];
    }
    struct question q = {.number = 1, .code = "A1", .kinds = KIND_CHOICE, .options = many};
    struct template t = {.id = "T", .questions = &q, .nquestions = 1};
    struct field f = {1, PART_CHOICE, 0};
    struct err_info why;
    cr_expect_eq(field_check_value(&t, f, "option_number_40", &why), ERR_OK);
    cr_assert_eq(field_check_value(&t, f, "option", &why), ERR_INPUT);
    cr_expect_not_null(strstr(why.text, "option_number_1, option_number_2, "), "%s", why.text);
    cr_expect_not_null(strstr(why.text, ", ... (there are more)."), "%s", why.text);
}

Test(field, line_length_is_counted_in_characters)
{
    struct field place = {JUDGEMENT, PART_PLACE, 5};
    uint32_t max = part_find(PART_PLACE)->max_len_cp;
    char *line = calloc(max * 2 + 3, 1);
    for (uint32_t i = 0; i < max; i++)
        memcpy(line + i * 2, "\xc3\xa9", 2);
    cr_expect_eq(field_check_value(&template, place, line, NULL), ERR_OK);
    line[max * 2] = 'x';
    struct err_info why;
    cr_expect_eq(field_check_value(&template, place, line, &why), ERR_TOO_LARGE);
    free(line);
}

Test(field, codes_for_pickers)
{
    const char *const *c = field_codes(&template, (struct field){CHOICE, PART_CHOICE, 0});
    cr_assert_not_null(c);
    cr_expect_str_eq(c[0], "planned");
    c = field_codes(&template, (struct field){VOICE, PART_STATUS, 0});
    cr_assert_not_null(c);
    cr_expect_str_eq(c[0], "asked");
    c = field_codes(&template, (struct field){ACTIONS, PART_STATUS, 3});
    cr_assert_not_null(c);
    cr_expect_str_eq(c[0], "open");
    cr_expect_null(field_codes(&template, (struct field){ACTIONS, PART_STATUS, 0}));
    cr_expect_null(field_codes(&template, (struct field){JUDGEMENT, PART_GRADE_AGREED, 0}));
    cr_expect_null(field_codes(&template, (struct field){TEXT, PART_TEXT, 0}));
}

Test(field, a_date_may_be_typed_day_first)
{
    static const struct {
        const char *typed, *want; /* NULL: not such a date */
    } cases[] = {
        {"3/9/2026",   "2026-09-03"},
        {"30/11/2026", "2026-11-30"},
        {"03.09.2026", "2026-09-03"},
        {"3-9-2026",   "2026-09-03"},
        {"31/2/2026",  "2026-02-31"}, /* refused where it is checked */
        {"2026-09-03", NULL        },
        {"2026-09",    NULL        },
        {"3/9/26",     NULL        },
        {"3/9-2026",   NULL        },
        {"3/9/20261",  NULL        },
        {"3/9",        NULL        },
        {"",           NULL        },
        {"3",          NULL        },
        {"3/",         NULL        },
        {"3/9/",       NULL        },
        {"300/9/2026", NULL        },
        {"tomorrow",   NULL        },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[16];
        bool is = field_date_typed(cases[i].typed, out);
        cr_assert_eq(is, cases[i].want != NULL, "%s", cases[i].typed);
        if (is)
            cr_assert_str_eq(out, cases[i].want);
    }
}
