#include "server/content/activity_yaml.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/leaks.h"

static struct activities builtin(void)
{
    struct activities a;
    struct err_info why = {0};
    cr_assert_eq(activity_builtin(&a, &why), ERR_OK, "%s", why.text);
    return a;
}

/* ---- the built-in ones: every row of the field's calendar ---- */

struct row {
    char code[12], by[24];
    enum activity_each each;
    enum activity_rule rule;
    uint32_t count;
    bool law, nil_return;
    char template[8];
};

ParameterizedTestParameters(activity_yaml, every_activity_of_the_field_is_there)
{
    /* clang-format off */
    static struct row rows[] = {
        {"REV1",  "FRO",            ACTIVITY_EACH_CARER,  ACTIVITY_AFTER_APPROVAL,   1, true,  false, "FCA"},
        {"REVn",  "FRO",            ACTIVITY_EACH_CARER,  ACTIVITY_AFTER_REVIEW,     1, true,  false, "FCA"},
        {"REP",   "FSW",            ACTIVITY_EACH_CARER,  ACTIVITY_BEFORE_OTHERS,    1, false, false, ""   },
        {"TMA",   "FTM",            ACTIVITY_EACH_PERSON, ACTIVITY_EVERY,            2, false, false, "FCA"},
        {"AUTH",  "FTM",            ACTIVITY_EACH_PERSON, ACTIVITY_EACH_WORKING_DAY, 1, false, false, ""   },
        {"MOD",   "IRO",            ACTIVITY_EACH_PERSON, ACTIVITY_EVERY,            1, false, true,  ""   },
        {"OBS",   "FTM SM HOS DIR", ACTIVITY_EACH_PERSON, ACTIVITY_EVERY,            1, false, false, "OBS"},
        {"LEAD",  "HOS DIR EXEC",   ACTIVITY_EACH_SITE,   ACTIVITY_WHEN_ASKED,       1, false, false, ""   },
        {"THEME", "FRO SM QA",      ACTIVITY_EACH_SITE,   ACTIVITY_WHEN_ASKED,       1, false, false, "PSA"},
        {"NOTIF", "FTM",            ACTIVITY_EACH_PERSON, ACTIVITY_EVERY,            1, false, true,  ""   },
        {"LADOR", "LADO",           ACTIVITY_EACH_SITE,   ACTIVITY_BEFORE_OTHERS,    1, false, true,  ""   },
        {"IROE",  "IROM",           ACTIVITY_EACH_SITE,   ACTIVITY_BEFORE_OTHERS,    1, false, true,  ""   },
        {"IROT",  "IROM",           ACTIVITY_EACH_SITE,   ACTIVITY_BEFORE_OTHERS,    1, false, false, ""   },
        {"HILI",  "QA",             ACTIVITY_EACH_SITE,   ACTIVITY_EVERY,            1, false, false, ""   },
        {"PQA",   "DIR",            ACTIVITY_EACH_SITE,   ACTIVITY_EVERY,            1, false, false, ""   },
        {"QREP",  "SM QA",          ACTIVITY_EACH_SITE,   ACTIVITY_EVERY,            1, false, false, ""   },
        {"XLT",   "HOS DIR",        ACTIVITY_EACH_SITE,   ACTIVITY_EVERY,            1, false, false, ""   },
        {"LEARN", "SM SSL",         ACTIVITY_EACH_SITE,   ACTIVITY_EVERY,            1, false, false, ""   },
        {"PANR",  "PANEL",          ACTIVITY_EACH_SITE,   ACTIVITY_EVERY,            1, false, false, ""   },
        {"ANN",   "SM",             ACTIVITY_EACH_SITE,   ACTIVITY_EVERY,            1, false, false, ""   },
        {"OFS",   "SM QA",          ACTIVITY_EACH_SITE,   ACTIVITY_EVERY,            1, false, false, ""   },
        {"IRO2",  "IRO",            ACTIVITY_EACH_PERSON, ACTIVITY_AFTER_LAST,       1, false, false, ""   },
    };
    /* clang-format on */
    return cr_make_param_array(struct row, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct row *row, activity_yaml, every_activity_of_the_field_is_there)
{
    struct activities a = builtin();
    const struct activity *got = activities_find(&a, row->code);
    char by[64] = "";
    cr_assert_not_null(got, "%s", row->code);
    for (int r = 1; r < ROLE_COUNT; r++)
        if (got->by & ROLE_BIT(r))
            (void)snprintf(by + strlen(by), sizeof by - strlen(by), "%s%s", *by ? " " : "",
                           role_code((enum role)r));
    cr_assert_str_eq(by, row->by, "%s", row->code);
    cr_assert_eq(got->each, row->each, "%s", row->code);
    cr_assert_eq(got->rule, row->rule, "%s", row->code);
    cr_assert_eq(got->count, row->count, "%s", row->code);
    cr_assert_eq(got->law, row->law, "%s", row->code);
    cr_assert_eq(got->nil_return, row->nil_return, "%s", row->code);
    cr_assert_str_eq(got->template, row->template, "%s", row->code);
    cr_assert_eq(a.n, 22u, "the rows above name them all");
    activities_fini(&a);
    CHECK_NO_LEAKS();
}

Test(activity_yaml, a_moderation_and_a_theme_may_be_asked_for)
{
    struct activities a = builtin();
    cr_assert_eq(activities_find(&a, "MOD")->asked, ACTIVITY_ON_SUBMISSION);
    cr_assert_eq(activities_find(&a, "MOD")->clock, CLOCK_MODERATE_DAYS);
    cr_assert_eq(activities_find(&a, "THEME")->asked, ACTIVITY_ON_TRIGGER);
    cr_assert_eq(activities_find(&a, "LEAD")->asked, ACTIVITY_ON_LIST);
    activities_fini(&a);
}

/* ---- a worked example for each rule, by hand ---- */

struct example {
    char code[12], base[11], limit[11], planned[11];
};

static struct civil day(const char *iso)
{
    struct civil d = {0};
    struct err_info why = {0};
    cr_assert_eq(civil_parse(iso, &d, &why), ERR_OK, "%s: %s", iso, why.text);
    return d;
}

ParameterizedTestParameters(activity_yaml, limits_and_plans_are_those_of_the_field)
{
    static struct example rows[] = {
  /* 29 May 2028 is a bank holiday; 11 months: Sat 29 Apr 2028, so Friday */
        {"REVn",  "2027-05-29", "2028-05-29", "2028-04-28"},
 /* approved on a leap day: 28 Feb 2025 is a Friday; 29 Jan 2025 a Wednesday */
        {"REV1",  "2024-02-29", "2025-02-28", "2025-01-29"},
 /* 10 wd before Wed 6 Jan 2027: 5, 4, 31, 30, 29, 24, 23, 22, 21, 18 December */
        {"REP",   "2027-01-06", "2026-12-18", "2026-12-18"},
 /* Mon 31 Aug 2026 is a bank holiday */
        {"TMA",   "2026-08-31", "2026-08-28", "2026-08-28"},
        {"TMA",   "2028-02-29", "2028-02-29", "2028-02-29"},
        {"MOD",   "2027-01-31", "2027-01-29", "2027-01-29"},
        {"OBS",   "2026-05-31", "2026-05-29", "2026-05-29"},
 /* from Thu 31 Dec 2026: Mon 4, Tue 5, Wed 6 January */
        {"NOTIF", "2026-12-31", "2027-01-06", "2027-01-06"},
 /* 5 wd before Wed 21 Apr 2027: 20, 19, 16, 15, 14 */
        {"LADOR", "2027-04-21", "2027-04-14", "2027-04-14"},
        {"IROE",  "2027-04-21", "2027-04-14", "2027-04-14"},
        {"IROT",  "2027-04-21", "2027-04-14", "2027-04-14"},
 /* from Wed 31 Mar 2027: Thu 1, Fri 2, Mon 5, Tue 6, Wed 7 April */
        {"HILI",  "2027-03-31", "2027-04-07", "2027-04-07"},
        {"PQA",   "2027-04-21", "2027-04-21", "2027-04-21"},
 /* from 31 Mar 2027, 15 wd: 1, 2, 5-9, 12-16, 19-21 April */
        {"QREP",  "2027-03-31", "2027-04-21", "2027-04-21"},
 /* the last working day of January 2027 is Fri 29 */
        {"XLT",   "2026-12-31", "2027-01-29", "2027-01-29"},
 /* 31 Mar 2029 is a Saturday, 30 March Good Friday */
        {"LEARN", "2029-03-31", "2029-03-29", "2029-03-29"},
 /* from Wed 30 Sep 2026, 20 wd: the whole of October to Wed 28 */
        {"PANR",  "2026-09-30", "2026-10-28", "2026-10-28"},
 /* 30 June 2029 is a Saturday */
        {"ANN",   "2029-06-30", "2029-06-30", "2029-06-29"},
        {"OFS",   "2027-03-31", "2027-04-30", "2027-04-30"},
 /* 31 Dec + 2 months, clamped: Sun 28 Feb 2027 */
        {"IRO2",  "2026-12-31", "2027-02-28", "2027-02-26"},
    };
    return cr_make_param_array(struct example, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct example *row, activity_yaml, limits_and_plans_are_those_of_the_field)
{
    struct activities a = builtin();
    struct holidays h;
    struct clock_values clock;
    char limit[11], planned[11];
    holidays_init(&h);
    clock_values_default(&clock);
    struct due due = activity_due_from(activities_find(&a, row->code), day(row->base), &clock, &h);
    civil_format(due.limit, limit);
    civil_format(due.planned, planned);
    cr_assert_str_eq(limit, row->limit, "%s from %s", row->code, row->base);
    cr_assert_str_eq(planned, row->planned, "%s from %s", row->code, row->base);
    activities_fini(&a);
}

struct series {
    char code[12], days[130]; /* in the year from 1 April 2026 */
};

ParameterizedTestParameters(activity_yaml, the_days_of_a_year_are_those_of_the_field)
{
    static struct series rows[] = {
        {"TMA",  "30/4 31/5 30/6 31/7 31/8 30/9 31/10 30/11 31/12 31/1 28/2 31/3"},
        {"PQA",  "15/4 20/5 17/6 15/7 19/8 16/9 21/10 18/11 16/12 20/1 17/2 17/3"},
        {"QREP", "30/6 30/9 31/12 31/3"                                          },
        {"PANR", "30/9 31/3"                                                     },
        {"ANN",  "30/6"                                                          },
    };
    return cr_make_param_array(struct series, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct series *row, activity_yaml, the_days_of_a_year_are_those_of_the_field)
{
    struct activities a = builtin();
    struct err_info why = {0};
    struct civil *days;
    char got[200] = "";
    size_t n;
    cr_assert_eq(activity_days(activities_find(&a, row->code)->every, day("2026-04-01"),
                               day("2027-04-01"), &days, &n, &why),
                 ERR_OK, "%s", why.text);
    for (size_t i = 0; i < n; i++)
        (void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s%d/%d", i ? " " : "",
                       days[i].day, days[i].month);
    cr_assert_str_eq(got, row->days, "%s", row->code);
    free(days);
    activities_fini(&a);
}

/* From whatever day one looks, it is the same days: every second month stays every second one. */
Test(activity_yaml, the_days_do_not_depend_on_where_one_begins_to_look)
{
    static const char *const rules[] = {"FREQ=MONTHLY;BYMONTHDAY=-1",
                                        "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=-1",
                                        "FREQ=MONTHLY;INTERVAL=5;BYDAY=3WE",
                                        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
                                        "FREQ=YEARLY;BYMONTH=3,6,9,12;BYMONTHDAY=-1",
                                        "FREQ=YEARLY;INTERVAL=3;BYMONTH=2;BYMONTHDAY=29",
                                        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH",
                                        "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,SU",
                                        "FREQ=DAILY;INTERVAL=7",
                                        "FREQ=YEARLY",
                                        "FREQ=MONTHLY;BYMONTHDAY=31;UNTIL=20300101"};
    const struct civil epoch = {2002, 4, 1}, until = {2036, 4, 1};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        struct civil *all, *some;
        size_t nall, nsome;
        cr_assert_eq(activity_days(rules[i], epoch, until, &all, &nall, NULL), ERR_OK);
        for (struct civil from = {2026, 3, 27}; from.year < 2031; from = civil_add_days(from, 17)) {
            size_t skipped = 0;
            while (skipped < nall && civil_compare(all[skipped], from) < 0)
                skipped++;
            cr_assert_eq(activity_days(rules[i], from, until, &some, &nsome, NULL), ERR_OK);
            cr_assert_eq(nsome, nall - skipped, "%s from %d-%d-%d: %zu, not %zu", rules[i],
                         from.year, from.month, from.day, nsome, nall - skipped);
            for (size_t j = 0; j < nsome; j++)
                cr_assert_eq(civil_compare(some[j], all[skipped + j]), 0, "%s", rules[i]);
            free(some);
        }
        free(all);
    }
}

Test(activity_yaml, only_reviews_are_said_to_be_law)
{
    struct activities a = builtin();
    struct clock_values clock;
    char text[200];
    clock_values_default(&clock);
    for (size_t i = 0; i < a.n; i++) {
        bool review = !strncmp(a.rows[i].code, "REV", 3);
        activity_say(&a.rows[i], &clock, text, sizeof text);
        cr_assert_eq(strstr(text, "law") != NULL, review, "%s: %s", a.rows[i].code, text);
    }
    activity_say(activities_find(&a, "REVn"), &clock, text, sizeof text);
    cr_assert_str_eq(text, "12 months after the last review (set by law), planned at 11 months");
    activities_fini(&a);
}

/* ---- what a site writes ---- */

static enum err site_file(const char *text, struct activities *out, struct err_info *why)
{
    struct activities base = builtin();
    *why = (struct err_info){0};
    enum err e = activity_yaml_parse("own.yaml", text, strlen(text), &base, out, why);
    activities_fini(&base);
    return e;
}

Test(activity_yaml, a_site_changes_adds_and_removes)
{
    struct activities a;
    struct err_info why;
    cr_assert_eq(site_file("activities:\n"
                           "  - {code: PQA, title: Quality meeting, by: [DIR], every: "
                           "\"FREQ=MONTHLY;BYDAY=2TU\"}\n"
                           "  - {code: WALK, title: Walk through the house, by: [SM], each: team,\n"
                           "     every: \"FREQ=WEEKLY;INTERVAL=2;BYDAY=TH\", count: 1}\n"
                           "  - {code: IRO2, off: yes}\n",
                           &a, &why),
                 ERR_OK, "%s", why.text);
    cr_assert_eq(a.n, 22u);
    cr_assert_str_eq(activities_find(&a, "PQA")->every, "FREQ=MONTHLY;BYDAY=2TU");
    cr_assert_eq(activities_find(&a, "WALK")->each, ACTIVITY_EACH_TEAM);
    cr_assert_null(activities_find(&a, "IRO2"));
    cr_assert_eq(activities_find(&a, "TMA")->count, 2u);
    activities_fini(&a);
    CHECK_NO_LEAKS();
}

struct refusal {
    char text[200], sentence[130];
};

ParameterizedTestParameters(activity_yaml, what_cannot_be_is_refused_with_its_line)
{
    static struct refusal rows[] = {
        {"activities:\n - {code: A, title: t, by: [FOO], every: FREQ=DAILY}\n",
         "own.yaml:2: A: by: \"FOO\" is not known; write roles such as"                                                                                       },
        {"activities:\n - {code: A, title: t, by: [QA], every: FREQ=SECONDLY}\n",
         "own.yaml:2: A: every: \"FREQ=SECONDLY\" recurs within a day and would never come"                                                                   },
        {"activities:\n - code: A\n   title: t\n   by: [QA]\n   every: FREQ=HOURLY;COUNT=3\n",
         "own.yaml:5: A: every: \"FREQ=HOURLY;COUNT=3\" recurs within a day"                                                                                  },
        {"activities:\n - {code: A, title: t, by: [QA], every: \"FREQ=DAILY;BYHOUR=1,2\"}\n",
         "own.yaml:2: A: every: \"FREQ=DAILY;BYHOUR=1,2\" recurs within a day"                                                                                },
        {"activities:\n - {code: A, title: t, by: [QA], every: \"FREQ=DAILY;COUNT=3\"}\n",
         "own.yaml:2: A: every: \"FREQ=DAILY;COUNT=3\": leave COUNT out"                                                                                      },
        {"activities:\n - {code: A, title: t, by: [QA], every: monthly}\n",
         "own.yaml:2: A: every: \"monthly\" is no recurrence: write an RRULE"                                                                                 },
        {"activities:\n - {code: A, title: t, by: [QA], "
         "every: \"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\"}\n",                          "not one day in 10 years"                                     },
        {"activities:\n - {code: A, title: t, by: [QA], every: FREQ=DAILY}\n"
         " - {code: A, title: t, by: [QA], every: FREQ=DAILY}\n",                      "own.yaml:3: A: this code stands twice"                       },
        {"activities:\n - {code: A, title: t, by: [QA], each: child, every: FREQ=DAILY}\n",
         "own.yaml:2: A: each: \"child\" is not known; write site, person, team or carer"                                                                     },
        {"activities:\n - {code: A, title: t, by: [QA], every: FREQ=DAILY, clock: soon}\n",
         "own.yaml:2: A: clock: \"soon\" is not known; write the name of a setting"                                                                           },
        {"activities:\n - {code: A, title: t, by: [QA], every: FREQ=DAILY, due: after}\n",
         "own.yaml:2: A: say how long: clock is"                                                                                                              },
        {"activities:\n - {code: A, title: t, by: [QA], every: FREQ=DAILY, due: noon}\n",
         "own.yaml:2: A: due: \"noon\" is not known"                                                                                                          },
        {"activities:\n - {code: A, title: t, by: [QA], every: FREQ=DAILY, law: yes}\n",
         "own.yaml:2: A: the law sets only the limits of carers' reviews"                                                                                     },
        {"activities:\n - {code: REVn, title: t, by: [FRO], each: carer, after: review, "
         "months: 18, law: yes}\n",                                                    "own.yaml:2: REVn: the law sets this limit: at most 12 months"},
        {"activities:\n - {code: REVn, off: yes}\n",                                            "own.yaml:2: REVn: the law asks for it"                       },
        {"activities:\n - {code: NONE, off: yes}\n",                                            "own.yaml:2: NONE: there is no such activity"                 },
        {"activities:\n - {code: PQA, off: yes}\n",                                             "LADOR: there is no activity PQA"                             },
        {"activities:\n - {code: A, title: t, by: [QA]}\n",
         "own.yaml:2: A: nothing brings it about"                                                                                                             },
        {"activities:\n - {code: A, title: t, by: [QA], every: FREQ=DAILY, after: last}\n",
         "own.yaml:2: A: write only one of"                                                                                                                   },
        {"activities:\n - {code: A, title: t, by: [QA], after: last}\n",
         "own.yaml:2: A: months, from 1 to 120"                                                                                                               },
        {"activities:\n - {code: A, title: t, every: FREQ=DAILY}\n",
         "own.yaml:2: A: say who does it"                                                                                                                     },
        {"activities:\n - {code: A, by: [QA], every: FREQ=DAILY}\n",
         "own.yaml:2: A: write a title"                                                                                                                       },
        {"activities:\n - {code: a-b, title: t, by: [QA], every: FREQ=DAILY}\n",
         "own.yaml:2: a-b: a code is letters and digits"                                                                                                      },
        {"activities:\n - {code: A, title: t, by: [QA], every: FREQ=DAILY, count: 0}\n",
         "own.yaml:2: A: count is from 1 to 20"                                                                                                               },
        {"activities:\n - {code: A, title: t, by: [QA], each: team, before: [PQA], "
         "clock: papers_days}\n",                                                      "own.yaml:2: A: it prepares PQA, so write \"each: site\""     },
        {"activities:\n - {code: A, title: t, by: [QA], before: [LEAD], clock: papers_days}\n",
         "own.yaml:2: A: LEAD has no days of its own"                                                                                                         },
        {"activities:\n - {code: A, titel: t}\n",                                               "own.yaml:2: unknown key \"titel\""                           },
        {"activities: \"open\n",                                                                "own.yaml:1: this is not YAML"                                },
        {"",                                                                                    "own.yaml: the file is empty"                                 },
    };
    return cr_make_param_array(struct refusal, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct refusal *row, activity_yaml, what_cannot_be_is_refused_with_its_line)
{
    struct activities a;
    struct err_info why;
    cr_assert_eq(site_file(row->text, &a, &why), ERR_INPUT, "%s", row->text);
    cr_assert_not_null(strstr(why.text, row->sentence), "%s", why.text);
    cr_assert_eq(a.n, 0u, "nothing is half read");
    CHECK_NO_LEAKS();
}

Test(activity_yaml, a_file_that_is_not_there_is_said)
{
    struct activities a;
    struct err_info why = {0};
    cr_assert_eq(activity_yaml_load("/nowhere/own.yaml", NULL, &a, &why), ERR_IO);
    cr_assert_not_null(strstr(why.text, "/nowhere/own.yaml: cannot be read"), "%s", why.text);
}

/* ---- days without one ---- */

Test(activity_yaml, gaps_are_working_days_without_one)
{
    struct holidays h;
    struct civil gaps[4];
    const struct civil done[] = {
        {2027, 3, 25},
        {2027, 3, 27},
        {2027, 3, 31}
    };
    char text[11];
    holidays_init(&h);
    /* Thu 25 March to Thu 1 April 2027: Good Friday 26, Easter Monday 29 */
    size_t n = activity_gaps(&h, day("2027-03-24"), day("2027-04-02"), done, 3, gaps, 4);
    cr_assert_eq(n, 3u);
    civil_format(gaps[0], text);
    cr_assert_str_eq(text, "2027-03-24");
    civil_format(gaps[1], text);
    cr_assert_str_eq(text, "2027-03-30");
    civil_format(gaps[2], text);
    cr_assert_str_eq(text, "2027-04-01");
}
