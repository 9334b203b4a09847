#include "server/rules/workday.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct holidays holidays;

static void begin(void)
{
    holidays_init(&holidays);
}

static const char *text(struct civil d)
{
    static char out[4][11];
    static size_t at;
    char *s = out[at++ % 4];
    civil_format(d, s);
    return s;
}

static struct civil day(const char *iso)
{
    struct civil d = {0};
    struct err_info why = {0};
    cr_assert_eq(civil_parse(iso, &d, &why), ERR_OK, "%s: %s", iso, why.text);
    return d;
}

/* ---- the holidays of the field's text ---- */

struct year {
    int year;
    char days[80]; /* day/month, as published */
};

ParameterizedTestParameters(workday, the_rule_gives_the_bank_holidays)
{
    static struct year rows[] = {
        {2024, "1/1 29/3 1/4 6/5 27/5 26/8 25/12 26/12" },
        {2025, "1/1 18/4 21/4 5/5 26/5 25/8 25/12 26/12"},
        {2026, "1/1 3/4 6/4 4/5 25/5 31/8 25/12 28/12"  },
        {2027, "1/1 26/3 29/3 3/5 31/5 30/8 27/12 28/12"},
        {2028, "3/1 14/4 17/4 1/5 29/5 28/8 25/12 26/12"},
 /* earlier years, as they were: a Boxing Day on Monday before the substitute of a Sunday's
  * Christmas Day; New Year's Day on Sunday */
        {2021, "1/1 2/4 5/4 3/5 31/5 30/8 27/12 28/12"  },
        {2016, "1/1 25/3 28/3 2/5 30/5 29/8 26/12 27/12"},
        {2017, "2/1 14/4 17/4 1/5 29/5 28/8 25/12 26/12"},
    };
    return cr_make_param_array(struct year, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct year *row, workday, the_rule_gives_the_bank_holidays)
{
    struct civil rule[HOLIDAYS_A_YEAR];
    char got[160] = "";
    holidays_rule(row->year, rule);
    for (size_t i = 0; i < HOLIDAYS_A_YEAR; i++)
        (void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s%d/%d", i ? " " : "",
                       rule[i].day, rule[i].month);
    cr_assert_str_eq(got, row->days, "%d", row->year);
    begin();
    size_t weekdays_off = 0;
    for (struct civil d = {row->year, 1, 1}; d.year == row->year; d = civil_add_days(d, 1))
        weekdays_off += civil_weekday(d) < WEEKDAY_SATURDAY && !workday_is(&holidays, d);
    cr_assert_eq(weekdays_off, 8u, "and there are no others");
    for (size_t i = 0; i < HOLIDAYS_A_YEAR; i++)
        cr_assert_not(workday_is(&holidays, rule[i]), "%s", text(rule[i]));
}

/* What was proclaimed: (day, was it a working day?). */
Test(workday, proclaimed_days_are_built_in, .init = begin)
{
    static const struct {
        const char *day;
        bool works;
    } rows[] = {
        {"2022-09-19", false},
        {"2023-05-08", false},
        {"2023-05-01", false},
        {"2020-05-04", true },
        {"2020-05-08", false},
        {"2022-05-30", true },
        {"2022-06-02", false},
        {"2022-06-03", false},
        {"2012-05-28", true },
        {"2012-06-04", false},
        {"2012-06-05", false},
        {"2011-04-29", false},
        {"2002-05-27", true },
        {"2002-06-03", false},
        {"2002-06-04", false},
        {"1999-12-31", false},
        {"1995-05-01", true },
        {"1995-05-08", false},
        {"2022-09-20", true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_eq(workday_is(&holidays, day(rows[i].day)), rows[i].works, "%s", rows[i].day);
}

/* Gauss's algorithm with its two exceptions: another one than the program's. */
static struct civil gauss(int year)
{
    int a = year % 19, b = year % 4, c = year % 7, k = year / 100;
    int p = (13 + 8 * k) / 25, q = k / 4;
    int m = (15 - p + k - q) % 30, n = (4 + k - q) % 7;
    int d = (19 * a + m) % 30, e = (2 * b + 4 * c + 6 * d + n) % 7;
    int march = 22 + d + e;
    if (d == 29 && e == 6)
        march = 50; /* 19 April */
    if (d == 28 && e == 6 && (11 * m + 11) % 30 < 19)
        march = 49; /* 18 April */
    return march <= 31 ? (struct civil){year, 3, march} : (struct civil){year, 4, march - 31};
}

Test(workday, easter_agrees_with_gauss_and_with_almanacs)
{
    static const char *const almanac[] = {"1913-03-23", "1943-04-25", "1954-04-18", "1981-04-19",
                                          "2000-04-23", "2008-03-23", "2011-04-24", "2024-03-31",
                                          "2025-04-20", "2026-04-05", "2027-03-28", "2028-04-16",
                                          "2038-04-25"};
    for (int year = 1583; year <= 4000; year++) {
        cr_assert_str_eq(text(holidays_easter(year)), text(gauss(year)));
        cr_assert_eq(civil_weekday(holidays_easter(year)), WEEKDAY_SUNDAY);
    }
    for (size_t i = 0; i < sizeof almanac / sizeof *almanac; i++)
        cr_assert_str_eq(text(holidays_easter(day(almanac[i]).year)), almanac[i]);
}

/* ---- an independent, slow way: one day after the other ---- */

enum { SLOW_FIRST = 1895, SLOW_DAYS = 312 * 366 };
static bool slow_off[SLOW_DAYS];
static int64_t slow_zero;

static bool *slow(int64_t number)
{
    return &slow_off[number - slow_zero];
}

static void slow_free_weekday(int64_t number) /* the next day that is not off */
{
    while (*slow(number))
        number++;
    *slow(number) = true;
}

static void slow_begin(void)
{
    static const char *const came[] = {"1995-05-08", "1999-12-31", "2002-06-03", "2002-06-04",
                                       "2011-04-29", "2012-06-04", "2012-06-05", "2020-05-08",
                                       "2022-06-02", "2022-06-03", "2022-09-19", "2023-05-08"};
    static const char *const went[] = {"1995-05-01", "2002-05-27", "2012-05-28", "2020-05-04",
                                       "2022-05-30"};
    begin();
    slow_zero = civil_days((struct civil){SLOW_FIRST, 1, 1});
    for (int64_t i = 0; i < SLOW_DAYS; i++) /* 1 January 1900, a Monday, is day -25567 */
        slow_off[i] = ((slow_zero + i + 25567) % 7 + 7) % 7 >= 5;
    for (int year = SLOW_FIRST; year < SLOW_FIRST + 310; year++) {
        int64_t easter = civil_days(gauss(year)), may = civil_days((struct civil){year, 5, 1});
        int64_t june = civil_days((struct civil){year, 6, 1});
        int64_t september = civil_days((struct civil){year, 9, 1});
        int64_t christmas = civil_days((struct civil){year, 12, 25});
        while (((may + 25567) % 7 + 7) % 7)
            may++;
        do
            june--;
        while (((june + 25567) % 7 + 7) % 7);
        do
            september--;
        while (((september + 25567) % 7 + 7) % 7);
        *slow(easter - 2) = *slow(easter + 1) = *slow(may) = *slow(june) = *slow(september) = true;
        slow_free_weekday(civil_days((struct civil){year, 1, 1}));
        bool on_sunday = ((christmas + 25567) % 7 + 7) % 7 == 6;
        slow_free_weekday(on_sunday ? christmas + 1 : christmas); /* the weekday one first */
        slow_free_weekday(on_sunday ? christmas : christmas + 1);
    }
    for (size_t i = 0; i < sizeof came / sizeof *came; i++)
        *slow(civil_days(day(came[i]))) = true;
    for (size_t i = 0; i < sizeof went / sizeof *went; i++)
        *slow(civil_days(day(went[i]))) = false;
}

static int64_t slow_add(int64_t number, int n, bool inclusive)
{
    int step = n < 0 ? -1 : 1, left = abs(n);
    if (left && inclusive && !*slow(number))
        left--;
    while (left > 0) {
        number += step;
        left -= !*slow(number);
    }
    return number;
}

static int64_t slow_count(int64_t from, int64_t to)
{
    int64_t n = 0;
    for (int64_t i = from + 1; i <= to; i++)
        n += !*slow(i);
    for (int64_t i = to + 1; i <= from; i++)
        n -= !*slow(i);
    return n;
}

Test(workday, every_day_of_three_centuries_works_or_not, .init = slow_begin)
{
    for (struct civil d = {1900, 1, 1}; d.year <= 2200; d = civil_add_days(d, 1)) {
        bool off = *slow(civil_days(d));
        int64_t back = civil_days(d);
        while (*slow(back))
            back--;
        cr_assert_eq(workday_is(&holidays, d), !off, "%s", text(d));
        cr_assert_eq(workday_why_not(&holidays, d) == NULL, !off, "%s", text(d));
        cr_assert_eq(civil_days(workday_back(&holidays, d)), back, "%s", text(d));
    }
}

Test(workday, counting_agrees_with_a_walk, .init = slow_begin)
{
    srand(3);
    const int64_t first = civil_days((struct civil){1900, 1, 1});
    const int64_t days = civil_days((struct civil){2201, 1, 1}) - first;
    for (unsigned i = 0; i < 50000; i++) {
        int64_t number = first + (int64_t)(((unsigned)rand() * 32768u + (unsigned)rand()) % days);
        int n = rand() % 801 - 400;
        bool inclusive = rand() % 2;
        struct civil d = civil_of_days(number);
        struct civil got = workday_add(&holidays, d, n, inclusive);
        cr_assert_eq(civil_days(got), slow_add(number, n, inclusive), "%d from %s%s: %s", n,
                     text(d), inclusive ? " inclusive" : "", text(got));
        int64_t other = number + rand() % 1201 - 600;
        if (other < first || other >= first + days)
            continue;
        cr_assert_eq(workday_count(&holidays, d, civil_of_days(other)), slow_count(number, other),
                     "%s to %s", text(d), text(civil_of_days(other)));
        if (n > 0)
            cr_assert_eq(workday_count(&holidays, d, workday_add(&holidays, d, n, false)), n);
    }
}

/* ---- worked examples ---- */

struct example {
    char from[11];
    int n;
    bool inclusive;
    char expected[11];
};

ParameterizedTestParameters(workday, so_many_working_days_from_a_day)
{
    static struct example rows[] = {
        {"2026-12-11", 20,  false, "2027-01-13"},
        {"2027-03-24", 5,   false, "2027-04-02"},
        {"2026-12-18", 10,  false, "2027-01-06"},
        {"2026-12-11", 0,   false, "2026-12-11"},
        {"2026-12-12", 0,   true,  "2026-12-12"}, /* nothing to count, nothing moves */
        {"2026-12-11", 1,   false, "2026-12-14"},
        {"2026-12-11", 1,   true,  "2026-12-11"},
        {"2026-12-12", 1,   true,  "2026-12-14"}, /* a Saturday does not count as the first */
        {"2026-12-11", 20,  true,  "2027-01-12"},
        {"2027-01-13", -20, false, "2026-12-11"},
        {"2026-12-14", -1,  false, "2026-12-11"},
        {"2026-12-14", -1,  true,  "2026-12-14"},
        {"2026-12-13", -1,  false, "2026-12-11"},
        {"2027-03-30", -1,  false, "2027-03-25"}, /* over Easter */
    };
    return cr_make_param_array(struct example, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct example *row, workday, so_many_working_days_from_a_day)
{
    begin();
    cr_assert_str_eq(text(workday_add(&holidays, day(row->from), row->n, row->inclusive)),
                     row->expected, "%d from %s", row->n, row->from);
}

Test(workday, working_days_left_and_gone, .init = begin)
{
    cr_assert_eq(workday_count(&holidays, day("2026-12-11"), day("2027-01-13")), 20);
    cr_assert_eq(workday_count(&holidays, day("2027-01-13"), day("2026-12-11")), -20);
    cr_assert_eq(workday_count(&holidays, day("2026-12-11"), day("2026-12-11")), 0);
    cr_assert_eq(workday_count(&holidays, day("2026-12-11"), day("2026-12-13")), 0, "a weekend");
    cr_assert_eq(workday_count(&holidays, day("2026-12-14"), day("2026-12-11")), -1);
}

Test(workday, a_months_last_working_day, .init = begin)
{
    cr_assert_str_eq(text(workday_month_end(&holidays, day("2027-05-02"))), "2027-05-28");
    cr_assert_str_eq(text(workday_month_end(&holidays, day("2026-12-31"))), "2026-12-31");
    cr_assert_str_eq(text(workday_month_end(&holidays, day("2027-02-01"))), "2027-02-26");
}

static const char *explained(struct due due)
{
    static char out[WORKDAY_EXPLAIN_BYTES];
    workday_explain(&holidays, &due, out);
    return out;
}

Test(workday, a_limit_stays_and_the_plan_goes_back_to_a_working_day, .init = begin)
{
    struct due year = workday_due(&holidays, civil_add_months(day("2027-05-29"), 12));
    cr_assert_str_eq(text(year.limit), "2028-05-29");
    cr_assert_str_eq(text(year.planned), "2028-05-26");
    cr_assert_str_eq(explained(year),
                     "limit 29 May 2028, a bank holiday, so planned Fri 26 May 2028");
    struct due hearing = workday_weeks_before(&holidays, day("2027-04-19"), 3);
    cr_assert_str_eq(text(hearing.limit), "2027-03-29");
    cr_assert_str_eq(text(hearing.planned), "2027-03-25");
    cr_assert_str_eq(explained(hearing),
                     "limit 29 Mar 2027, Easter Monday, so planned Thu 25 Mar 2027");
    cr_assert_str_eq(explained(workday_due(&holidays, day("2028-05-26"))),
                     "limit and planned day Fri 26 May 2028");
    cr_assert_str_eq(explained(workday_due(&holidays, day("2028-05-13"))),
                     "limit 13 May 2028, a Saturday, so planned Fri 12 May 2028");
    struct due early = {.limit = day("2028-05-29"), .planned = day("2028-04-28")};
    cr_assert_str_eq(explained(early), "limit Mon 29 May 2028, planned Fri 28 Apr 2028");
}

Test(workday, why_a_day_does_not_work, .init = begin)
{
    static const struct {
        const char *day, *why;
    } rows[] = {
        {"2027-03-26", "Good Friday"   },
        {"2027-03-27", "a Saturday"    },
        {"2027-03-28", "a Sunday"      },
        {"2027-03-29", "Easter Monday" },
        {"2026-12-25", "Christmas Day" },
        {"2027-12-27", "a bank holiday"},
        {"2022-09-19", "a bank holiday"},
        {"2026-12-28", "a bank holiday"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_str_eq(workday_why_not(&holidays, day(rows[i].day)), rows[i].why, "%s",
                         rows[i].day);
    cr_assert_null(workday_why_not(&holidays, day("2026-11-23")));
}

/* ---- overrides ---- */

static enum err change(const char *words, struct err_info *why)
{
    struct holiday_override o;
    memset(why, 0, sizeof *why);
    enum err e = holiday_override_parse(words, &o, why);
    return e ? e : holidays_change(&holidays, &o, why);
}

Test(workday, overrides_add_move_and_remove, .init = begin)
{
    struct err_info why;
    cr_assert_eq(change("2027-06-15 added", &why), ERR_OK, "%s", why.text);
    cr_assert_not(workday_is(&holidays, day("2027-06-15")));
    cr_assert_str_eq(text(workday_add(&holidays, day("2027-06-14"), 1, false)), "2027-06-16");
    cr_assert_eq(change("3 May 2027 moved to 10/5/2027", &why), ERR_OK, "%s", why.text);
    cr_assert(workday_is(&holidays, day("2027-05-03")));
    cr_assert_not(workday_is(&holidays, day("2027-05-10")));
    cr_assert_eq(change("2027-08-30 removed", &why), ERR_OK, "%s", why.text);
    cr_assert(workday_is(&holidays, day("2027-08-30")));
    /* a site's file may say what a newer version has built in */
    size_t n = holidays.n;
    static const char *const again[] = {"2027-06-15 added", "2027-05-03 moved to 2027-05-10",
                                        "2027-08-30 removed", "2022-09-19 added"};
    for (size_t i = 0; i < sizeof again / sizeof *again; i++)
        cr_assert_eq(change(again[i], &why), ERR_OK, "%s: %s", again[i], why.text);
    cr_assert_eq(holidays.n, n);
}

Test(workday, overrides_that_cannot_be_are_refused_with_a_sentence, .init = begin)
{
    static const struct {
        const char *words, *sentence;
    } rows[] = {
        {"2027-06-13 added",                                                   "13 Jun 2027 is a Sunday, no working day as it is"},
        {"2027-05-03 moved to 2027-05-08",                                     "8 May 2027 is a Saturday"                        },
        {"2027-05-04 removed",                                                 "Tue 4 May 2027 is not a bank holiday"            },
        {"2027-05-04 moved to 2027-05-11",                                     "Tue 4 May 2027 is not a bank holiday"            },
        {"2027-05-03 moved to 2027-05-03",                                     "It is moved to the day it is on"                 },
        {"2027-02-30 added",                                                   "There is no 30 February 2027"                    },
        {"2200-05-05 added",                                                   "The year must be from 1900 to 2199"              },
        {"2027-05-03 moved to",                                                "Write the day and what happens to it"            },
        {"2027-05-03",                                                         "Write the day and what happens to it"            },
        {"",                                                                   "Write the day and what happens to it"            },
        {"2027-05-03 added twice",                                             "Write the day and what happens to it"            },
        {" added",                                                             "This is not a day"                               },
        {"2027-05-03 moved to soon",                                           "This is not a day"                               },
        {"2027-05-03                                                   added", "This is not a day"                               },
    };
    struct holidays before = holidays;
    struct err_info why;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_eq(change(rows[i].words, &why), ERR_INPUT, "%s", rows[i].words);
        cr_assert_not_null(strstr(why.text, rows[i].sentence), "%s: %s", rows[i].words, why.text);
    }
    cr_assert_eq(memcmp(&before, &holidays, sizeof before), 0, "nothing has changed");
}

Test(workday, so_many_can_be_added_and_no_more, .init = begin)
{
    struct holiday_override o = {
        .change = HOLIDAY_ADDED, .day = {2030, 1, 2}
    };
    size_t room = HOLIDAYS_MAX - holidays.n;
    cr_assert(room > 40 && room < 100);
    for (size_t i = 0; i < room; i++) {
        cr_assert_eq(holidays_change(&holidays, &o, NULL), ERR_OK);
        o.day = workday_add(&holidays, o.day, 1, false);
    }
    cr_assert_eq(holidays_change(&holidays, &o, NULL), ERR_TOO_LARGE);
    cr_assert(workday_is(&holidays, o.day));
    cr_assert_str_eq(text(workday_add(&holidays, day("2030-01-01"), 1, false)), text(o.day),
                     "counted over all of them");
}

Test(workday, outside_of_the_known_years_only_weekends_are_known, .init = begin)
{
    struct civil far = {2600, 12, 25}; /* a Tuesday */
    cr_assert_eq(civil_weekday(far), civil_weekday((struct civil){2200, 12, 25}));
    cr_assert(workday_is(&holidays, far));
    cr_assert_eq(workday_count(&holidays, far, civil_add_days(far, 700)), 500);
    cr_assert_eq(civil_days(workday_add(&holidays, far, 500, false)), civil_days(far) + 700);
    struct civil old = {1500, 6, 1};
    cr_assert_eq(workday_count(&holidays, old, civil_add_days(old, -700)), -500);
}
