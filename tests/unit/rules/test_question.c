#include "server/rules/question.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/leaks.h"

static struct err_info why;
static const struct civil today = {2026, 11, 24};
static const struct question_known anything;

static const struct question_def *get(const char *name)
{
    const struct question_def *q;
    cr_assert_eq(question_get(name, &q, &why), ERR_OK, "%s: %s", name, why.text);
    return q;
}

static struct question_ask ask(const char *name)
{
    struct question_ask a;
    question_ask_init(&a, get(name), today);
    return a;
}

static enum err add(struct question_ask *a, const char *filter, const char *value)
{
    why.text[0] = 0;
    return question_ask_add(a, filter, value, &anything, today, &why);
}

/* ---- the table ---- */

/* The field's 26, in its order. */
static const char *const names[] = {
    "overdue",
    "due",
    "awaiting-moderation",
    "returned",
    "inadequate-without-actions",
    "awaiting-assurance",
    "late-actions",
    "no-impact",
    "no-review-booked",
    "late-reviews",
    "missing-views",
    "grade-differences",
    "short-of-audits",
    "grades",
    "themes",
    "thin-areas",
    "disputes",
    "triggers",
    "hearings-without-meeting",
    "eleven-months",
    "missed-observations",
    "re-audit",
    "rooms",
    "readers",
    "promises",
    "missing-returns",
};

Test(question, all_of_the_field_are_there_by_name_and_number)
{
    size_t n;
    char digits[24];
    const struct question_def *all = question_table(&n);
    cr_assert_eq(n, 26);
    cr_assert_eq(sizeof names / sizeof *names, 26);
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(digits, sizeof digits, "%zu", i + 1);
        cr_assert_str_eq(all[i].name, names[i]);
        cr_assert_eq(all[i].number, i + 1);
        cr_assert_eq(get(names[i]), &all[i]);
        cr_assert_eq(get(digits), &all[i]);
    }
}

Test(question, each_says_what_it_counts_and_leads_to_what_it_found)
{
    size_t n;
    const struct question_def *all = question_table(&n);
    for (size_t i = 0; i < n; i++) {
        const struct question_def *q = &all[i];
        cr_assert(q->sentence[strlen(q->sentence) - 1] == '?' && isupper((int)q->sentence[0]));
        cr_assert(q->counted[0] && q->not_counted[0], "%s", q->name);
        cr_assert(q->ncolumns >= 4 && q->ncolumns <= 8, "%s", q->name);
        for (size_t c = 0; c < q->ncolumns; c++) {
            cr_assert(q->columns[c].title[0] && q->columns[c].type >= ANSWER_TEXT);
            cr_assert_eq(strspn(q->columns[c].name, "abcdefghijklmnopqrstuvwxyz_0123456789"),
                         strlen(q->columns[c].name), "%s: %s", q->name, q->columns[c].name);
            for (size_t k = 0; k < c; k++)
                cr_assert_str_neq(q->columns[c].name, q->columns[k].name, "%s", q->name);
        }
    }
}

Test(question, operators_and_councillors_ask_none_of_them)
{
    size_t n;
    const struct question_def *all = question_table(&n);
    for (size_t i = 0; i < n; i++) {
        cr_assert_eq(question_may_ask(&all[i], ROLE_BIT(ROLE_ADMIN), &why), ERR_REFUSED_ROLE);
        cr_assert_eq(question_may_ask(&all[i], ROLE_BIT(ROLE_BOARD), &why), ERR_REFUSED_ROLE);
        cr_assert_eq(question_may_ask(&all[i], 0, &why), ERR_REFUSED_ROLE);
        cr_assert_eq(question_may_ask(&all[i], ROLE_BIT(ROLE_SM), &why), ERR_OK);
        cr_assert_eq(question_may_ask(&all[i], ROLE_BIT(ROLE_QA), &why), ERR_OK);
        cr_assert_eq(question_may_ask(&all[i], ROLE_BIT(ROLE_ADMIN) | ROLE_BIT(ROLE_QA), &why),
                     ERR_OK);
    }
    cr_assert_eq(question_may_ask(get("short-of-audits"), ROLE_BIT(ROLE_FSW), &why),
                 ERR_REFUSED_ROLE);
    cr_assert(strstr(why.text, "FTM") && strstr(why.text, "SM"), "%s", why.text);
    cr_assert_eq(question_may_ask(get("overdue"), ROLE_BIT(ROLE_FSW), &why), ERR_OK);
}

Test(question, an_unknown_one_is_answered_with_the_nearest)
{
    const struct question_def *q;
    cr_assert_eq(question_get("re", &q, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "returned") && strstr(why.text, "re-audit"), "%s", why.text);
    cr_assert_eq(question_get("27", &q, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "26"), "%s", why.text);
    cr_assert_eq(question_get("", &q, &why), ERR_INPUT);
    cr_assert_eq(question_get("7x", &q, &why), ERR_INPUT);
    cr_assert_eq(question_get("07", &q, &why), ERR_INPUT);
}

/* ---- filters ---- */

Test(question, only_now_can_be_asked_of_rooms_and_any_day_of_the_others)
{
    size_t n;
    const struct question_def *all = question_table(&n);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(!(all[i].filters & FILTER_BIT(FILTER_AS_AT)), !strcmp(all[i].name, "rooms"),
                     "%s", all[i].name);
}

Test(question, filters_combine_and_are_made_regular)
{
    struct question_ask a = ask("awaiting-moderation");
    struct buf said = BUF_INIT;
    cr_assert_eq(civil_compare(a.as_at, today), 0);
    cr_assert_eq(add(&a, "team", "north"), ERR_OK);
    cr_assert_eq(add(&a, "state", "moderating"), ERR_OK, "%s", why.text);
    cr_assert_eq(add(&a, "as-at", "3 Mar 2026"), ERR_OK, "%s", why.text);
    cr_assert_str_eq(a.text[FILTER_STATE], "MODERATING");
    cr_assert_str_eq(a.text[FILTER_AS_AT], "2026-03-03");
    cr_assert_eq(civil_compare(a.as_at, (struct civil){2026, 3, 3}), 0);
    question_ask_say(&a, &said);
    cr_assert_str_eq(buf_cstr(&said),
                     "What awaits moderation? team north; state MODERATING; as at 3 Mar 2026.");
    buf_free(&said);
}

Test(question, filters_that_cannot_be_are_refused_with_what_can)
{
    static const char *const teams[] = {"north", "south", NULL};
    static const struct question_known known = {.teams = teams};
    static const struct {
        const char *question, *filter, *value, *says;
    } rows[] = {
        {"overdue", "team",   "nroth",                  "choose one of: north, south"},
        {"overdue", "colour", "red",                    "but by: team, person, role" },
        {"overdue", "theme",  "visits",                 "but by: team, person, role" },
        {"overdue", "role",   "XYZ",                    "FRO, FTM, QA"               },
        {"overdue", "state",  "DONE",                   "PLANNED"                    },
        {"overdue", "as-at",  "30 Feb 2026",            ""                           },
        {"overdue", "as-at",  "25 Nov 2026",            "still to come"              },
        {"overdue", "team",   "",                       "a team's name"              },
        {"overdue", "team",   "a\x1b[2J",               "control character"          },
        {"rooms",   "as-at",  "3 Mar 2026",             "but by: team, template"     },
        {"themes",  "period", "lately",                 "2026-27"                    },
        {"themes",  "period", "2026-05-02..2026-05-01", "before it begins"           },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct question_ask a = ask(rows[i].question), before = a;
        why.text[0] = 0;
        cr_assert_eq(question_ask_add(&a, rows[i].filter, rows[i].value, &known, today, &why),
                     ERR_INPUT, "row %zu", i);
        cr_assert(why.text[0] && strstr(why.text, rows[i].says), "row %zu: %s", i, why.text);
        cr_assert_eq(civil_compare(a.as_at, before.as_at), 0);
        for (int f = 0; f < FILTER_COUNT; f++)
            cr_assert_str_eq(a.text[f], "");
    }
    struct question_ask a = ask("overdue");
    cr_assert_eq(add(&a, "team", "north"), ERR_OK);
    cr_assert_eq(add(&a, "team", "south"), ERR_INPUT);
    cr_assert(strstr(why.text, "twice"), "%s", why.text);
}

Test(question, who_read_a_record_needs_the_record)
{
    struct question_ask a = ask("readers");
    cr_assert_eq(question_ask_check(&a, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "which record"), "%s", why.text);
    cr_assert_eq(add(&a, "record", "FCA-2026-0001"), ERR_OK);
    cr_assert_eq(question_ask_check(&a, &why), ERR_OK);
    a = ask("overdue");
    cr_assert_eq(question_ask_check(&a, &why), ERR_OK);
}

/* ---- periods ---- */

Test(question, periods_are_read_as_people_write_them)
{
    static const struct {
        const char *typed, *from, *to;
    } rows[] = {
        {"2026-09",                "2026-09-01", "2026-10-01"},
        {"Dec 2026",               "2026-12-01", "2027-01-01"},
        {"2026-27",                "2026-04-01", "2027-04-01"},
        {"2026-27 Q2",             "2026-07-01", "2026-10-01"},
        {"2026-27 Q4",             "2027-01-01", "2027-04-01"},
        {"2026-09-15",             "2026-09-15", "2026-09-16"},
        {"2026-09-01..2026-10-15", "2026-09-01", "2026-10-16"},
        {"2026-09..2026-11",       "2026-09-01", "2026-12-01"},
        {"1/9/2026..30/9/2026",    "2026-09-01", "2026-10-01"},
        {"2011-12",                "2011-12-01", "2012-01-01"}, /* a month before a year */
        {"2026-28",                "",           ""          },
        {"2026-27 Q5",             "",           ""          },
        {"2026-27 Q1 x",           "",           ""          },
        {"..2026-09",              "",           ""          },
        {"2026-09..",              "",           ""          },
        {"2026-10..2026-09",       "",           ""          },
        {"31/9/2026",              "",           ""          },
        {"",                       "",           ""          },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct civil from, to;
        char out[2][11];
        why.text[0] = 0;
        enum err e = question_period(rows[i].typed, &from, &to, &why);
        cr_assert_eq(e, *rows[i].from ? ERR_OK : ERR_INPUT, "%s", rows[i].typed);
        if (e) {
            cr_assert(*why.text);
            continue;
        }
        civil_format(from, out[0]);
        civil_format(to, out[1]);
        cr_assert(!strcmp(out[0], rows[i].from) && !strcmp(out[1], rows[i].to), "%s: %s %s",
                  rows[i].typed, out[0], out[1]);
    }
}

/* ---- the answer ---- */

Test(question, an_answer_brings_its_definitions)
{
    struct question_ask a = ask("overdue");
    struct answer out;
    cr_assert_eq(add(&a, "team", "north"), ERR_OK);
    question_answer_init(&a, &out);
    cr_assert_not(answer_failed(&out));
    cr_assert_str_eq(out.question, "overdue");
    cr_assert_str_eq(out.sentence, "What is overdue? team north.");
    cr_assert_str_eq(out.counted, a.question->counted);
    cr_assert(strstr(out.not_counted, a.question->not_counted));
    cr_assert(strstr(out.not_counted, "may not see"));
    cr_assert(out.ncolumns == a.question->ncolumns && out.nrows == 0 && out.count == 0);
    answer_free(&out);
    CHECK_NO_LEAKS();
}
