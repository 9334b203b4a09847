#include <criterion/criterion.h>
#include <string.h>

#include "common/audit/template.h"

static const uint32_t every_kind = (1u << 20) - 1;

Test(part, table_is_ordered_and_complete)
{
    size_t n;
    const struct part_def *table = part_table(&n);
    cr_assert_eq(n, 78u, "one row for each part that template.h numbers, here are %zu", n);
    for (size_t i = 0; i < n; i++) {
        const struct part_def *d = &table[i];
        cr_expect(i == 0 || table[i - 1].part < d->part, "%s: in order of number", d->code);
        cr_expect_eq(part_find(d->part), d, "%s", d->code);
        cr_expect_eq(part_find_code(d->code), d, "%s: code is unique", d->code);
        cr_expect(strlen(d->label) > 0, "%s has a label", d->code);
        cr_expect(d->kinds || d->list, "%s: some question or list has it", d->code);
        cr_expect_eq(d->kinds & ~every_kind, 0u, "%s: only known kinds", d->code);
    }
    cr_expect_null(part_find(PART_NONE));
    cr_expect_null(part_find((enum part)8));
    cr_expect_null(part_find((enum part)96));
    cr_expect_null(part_find((enum part)65535));
    cr_expect_null(part_find_code("grade"));
    cr_expect_null(part_find_code(""));
}

Test(part, types_come_with_what_they_need)
{
    size_t n;
    const struct part_def *table = part_table(&n);
    for (size_t i = 0; i < n; i++) {
        const struct part_def *d = &table[i];
        bool coded = d->type == TYPE_CODE || d->type == TYPE_CODES;
        cr_expect_eq(d->codes != NULL, coded, "%s: codes", d->code);
        bool bounded = d->type == TYPE_LINE || d->type == TYPE_CODES || d->type == TYPE_ITEMS;
        cr_expect_eq(d->max_len_cp > 0, bounded, "%s: a bound", d->code);
        if (d->list) {
            const struct part_def *list = part_find(d->list);
            cr_assert_not_null(list, "%s", d->code);
            cr_expect_eq(list->type, TYPE_LIST, "%s belongs to a list", d->code);
        }
        if (d->type == TYPE_CODES) { /* all of them together must fit */
            size_t all = 0;
            for (size_t c = 0; d->codes[c]; c++)
                all += strlen(d->codes[c]) + 2;
            cr_expect(all - 2 <= d->max_len_cp, "%s: %zu", d->code, all);
        }
    }
}

Test(part, every_kind_but_info_has_a_part_and_a_main_part_of_its_own)
{
    size_t n;
    const struct part_def *table = part_table(&n);
    for (unsigned k = 0; k < 20; k++) {
        struct question q = {.kinds = 1u << k};
        bool has = false;
        for (size_t i = 0; i < n; i++)
            has = has || question_has_part(&q, &table[i]);
        cr_expect_eq(has, q.kinds != KIND_INFO, "kind %u", k);
        enum part main = question_main_part(&q);
        if (q.kinds == KIND_INFO) {
            cr_expect_eq(main, PART_NONE);
            continue;
        }
        const struct part_def *d = part_find(main);
        cr_assert_not_null(d, "kind %u has a main part", k);
        cr_expect(d->kinds & q.kinds, "kind %u: its main part is its own", k);
    }
}

static const struct {
    uint32_t kinds;
    enum part main;
} mains[] = {
    {KIND_JUDGEMENT,                               PART_GRADE_AGREED},
    {KIND_JUDGEMENT | KIND_DATE,                   PART_GRADE_AGREED},
    {KIND_CHECKLIST | KIND_JUDGEMENT,              PART_GRADE_AGREED},
    {KIND_CHECKLIST,                               PART_CHECK       },
    {KIND_YNP | KIND_DATE,                         PART_YNP         },
    {KIND_YNP | KIND_TEXT,                         PART_YNP         },
    {KIND_YNP | KIND_EVIDENCE,                     PART_YNP         },
    {KIND_TEXT,                                    PART_TEXT        },
    {KIND_DATE | KIND_PERIOD,                      PART_DATE        },
    {KIND_VOICE,                                   PART_STATUS      },
    {KIND_REFS,                                    PART_CARER_REF   },
    {KIND_CHECKLIST | KIND_CHALLENGE | KIND_DATED, PART_CHECK       },
    {KIND_INFO,                                    PART_NONE        },
    {KIND_INFO | KIND_TEXT,                        PART_TEXT        },
};

Test(part, what_names_items_says_of_which_list)
{
    size_t n;
    const struct part_def *table = part_table(&n);
    for (size_t i = 0; i < n; i++) {
        enum part list = part_points_to(table[i].part);
        cr_expect_eq(list != PART_NONE, table[i].type == TYPE_ITEMS, "%s", table[i].code);
        cr_expect(list == PART_NONE || part_find(list)->type == TYPE_LIST, "%s", table[i].code);
    }
    cr_expect_eq(part_points_to(PART_FINDING), PART_FINDINGS);
    cr_expect_eq(part_points_to(PART_LEADS_TO), PART_ACTIONS);
}

Test(part, main_part_of_combined_kinds)
{
    for (size_t i = 0; i < sizeof mains / sizeof *mains; i++) {
        struct question q = {.kinds = mains[i].kinds};
        cr_expect_eq(question_main_part(&q), mains[i].main, "row %zu", i);
    }
}

static const struct {
    uint32_t kinds;
    enum part part;
    bool has;
} having[] = {
    {KIND_JUDGEMENT,   PART_RATIONALE,      true },
    {KIND_JUDGEMENT,   PART_EVIDENCE,       true },
    {KIND_JUDGEMENT,   PART_PLACE,          true },
    {KIND_JUDGEMENT,   PART_DATE,           true }, /* of its evidence */
    {KIND_JUDGEMENT,   PART_TEXT,           false},
    {KIND_TEXT,        PART_TEXT,           true },
    {KIND_FINDINGS,    PART_TEXT,           true }, /* of an item */
    {KIND_FINDINGS,    PART_THEME,          true },
    {KIND_FINDINGS,    PART_DUE,            false},
    {KIND_ACTIONS,     PART_STATUS,         true },
    {KIND_ACTIONS,     PART_DUE,            true },
    {KIND_VOICE,       PART_STATUS,         true },
    {KIND_VOICE,       PART_WORDS,          true },
    {KIND_OBSERVATION, PART_WORDS,          false},
    {KIND_PEOPLE,      PART_ROLE,           true },
    {KIND_YNP,         PART_NOTE,           false},
    {KIND_MODERATION,  PART_PROPOSED,       true },
    {KIND_MODERATION,  PART_GRADE_AUDITOR,  false},
    {KIND_MODERATION,  PART_DECISION,       true },
    {KIND_CHECKLIST,   PART_NOTE,           true },
    {KIND_CHECKLIST,   PART_CHALLENGE_MADE, false},
    {KIND_CHECKLIST,   PART_ITEM_DATE,      false},
    {KIND_CHALLENGE,   PART_RESTORATIVE,    true },
    {KIND_CHALLENGE,   PART_ITEM_DATE,      false},
    {KIND_DATED,       PART_ITEM_DATE,      true },
    {KIND_ACTIONS,     PART_LEADS_TO,       true },
    {KIND_ACTIONS,     PART_ACTION_THEME,   true },
    {KIND_FINDINGS,    PART_NO_ACTION,      true },
    {KIND_FINDINGS,    PART_FINDING,        false},
    {KIND_INFO,        PART_TEXT,           false},
};

Test(part, questions_have_the_parts_of_their_kinds)
{
    for (size_t i = 0; i < sizeof having / sizeof *having; i++) {
        struct question q = {.kinds = having[i].kinds};
        cr_expect_eq(question_has_part(&q, part_find(having[i].part)), having[i].has, "row %zu", i);
    }
}
