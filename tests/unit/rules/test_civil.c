#include "server/rules/civil.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/audit/field.h"

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

/* ---- an independent calendar: it only knows what follows a day ---- */

static bool is_leap(int year)
{
    return year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
}

static void tick(struct civil *d)
{
    bool thirty = d->month == 4 || d->month == 6 || d->month == 9 || d->month == 11;
    int last = d->month == 2 ? (is_leap(d->year) ? 29 : 28) : thirty ? 30 : 31;
    if (d->day < last) {
        d->day++;
        return;
    }
    d->day = 1;
    d->month = d->month == 12 ? 1 : d->month + 1;
    d->year += d->month == 1;
}

/* 1 January 1900 was a Monday, and 25,567 days before 1 January 1970. */
Test(civil, every_day_of_three_centuries_has_its_number_and_its_weekday)
{
    struct civil d = {1900, 1, 1};
    int64_t number = -25567;
    for (unsigned n = 0; d.year <= 2200; n++, number++) {
        struct civil back = civil_of_days(number);
        cr_assert(civil_is_real(d));
        cr_assert_eq(civil_days(d), number, "%s", text(d));
        cr_assert(back.year == d.year && back.month == d.month && back.day == d.day, "%s", text(d));
        cr_assert_eq((unsigned)civil_weekday(d), n % 7, "%s", text(d));
        tick(&d);
    }
    cr_assert_eq(number, 84371, "1 January 2201 has been reached");
}

Test(civil, days_long_ago_and_far_ahead_count_too)
{
    cr_assert_eq(civil_days((struct civil){1, 1, 1}), -719162);
    for (int64_t n = -1000000; n <= 1000000; n += 997)
        cr_assert_eq(civil_days(civil_of_days(n)), n);
}

Test(civil, months_keep_the_day_or_take_the_months_end)
{
    srand(1);
    for (unsigned n = 0; n < 20000; n++) {
        struct civil d = civil_of_days(-25567 + rand() % 109938);
        int months = rand() % 2401 - 1200;
        struct civil expected = d, got = civil_add_months(d, months);
        for (int i = 0; i < abs(months); i++) {
            expected.month += months > 0 ? 1 : -1;
            expected.year += expected.month == 13 ? 1 : expected.month == 0 ? -1 : 0;
            expected.month = expected.month == 13 ? 1 : expected.month == 0 ? 12 : expected.month;
        }
        while (!civil_is_real(expected))
            expected.day--;
        cr_assert_str_eq(text(got), text(expected), "%s and %d months", text(d), months);
    }
    cr_assert_str_eq(text(civil_add_months(day("2026-11-30"), 3)), "2027-02-28");
    cr_assert_str_eq(text(civil_add_months(day("2027-11-30"), 3)), "2028-02-29");
    cr_assert_str_eq(text(civil_add_months(day("2028-02-29"), 12)), "2029-02-28");
    cr_assert_str_eq(text(civil_add_months(day("2027-05-29"), 12)), "2028-05-29");
    cr_assert_str_eq(text(civil_add_months(day("2026-03-31"), -1)), "2026-02-28");
    cr_assert_str_eq(text(civil_add_days(day("2027-04-19"), -21)), "2027-03-29");
}

Test(civil, days_compare)
{
    cr_assert_lt(civil_compare(day("2026-12-31"), day("2027-01-01")), 0);
    cr_assert_gt(civil_compare(day("2027-02-01"), day("2027-01-31")), 0);
    cr_assert_eq(civil_compare(day("2027-02-01"), day("2027-02-01")), 0);
}

Test(civil, weekdays_of_a_month_are_found)
{
    cr_assert_str_eq(text(civil_nth_weekday(2026, 12, 3, WEEKDAY_WEDNESDAY)), "2026-12-16");
    cr_assert_str_eq(text(civil_nth_weekday(2027, 2, 1, WEEKDAY_MONDAY)), "2027-02-01");
    cr_assert_str_eq(text(civil_nth_weekday(2027, 2, 5, WEEKDAY_MONDAY)), "2027-03-01");
    cr_assert_str_eq(text(civil_last_weekday(2027, 2, WEEKDAY_SUNDAY)), "2027-02-28");
    cr_assert_str_eq(text(civil_last_weekday(2027, 5, WEEKDAY_MONDAY)), "2027-05-31");
    cr_assert_str_eq(text(civil_last_weekday(2026, 3, WEEKDAY_SUNDAY)), "2026-03-29");
    cr_assert_str_eq(text(civil_month_end(day("2028-02-01"))), "2028-02-29");
}

/* ---- quarters ---- */

Test(civil, quarters_begin_in_april)
{
    static const struct {
        const char *day, *start, *end, *label;
        int quarter;
    } rows[] = {
        {"2026-04-01", "2026-04-01", "2026-07-01", "2026-27", 1},
        {"2026-06-30", "2026-04-01", "2026-07-01", "2026-27", 1},
        {"2026-07-01", "2026-07-01", "2026-10-01", "2026-27", 2},
        {"2026-12-31", "2026-10-01", "2027-01-01", "2026-27", 3},
        {"2027-01-01", "2027-01-01", "2027-04-01", "2026-27", 4},
        {"2027-03-31", "2027-01-01", "2027-04-01", "2026-27", 4},
        {"2100-03-31", "2100-01-01", "2100-04-01", "2099-00", 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct civil_quarter q = civil_quarter_of(day(rows[i].day));
        char label[12];
        civil_year_label(q.year, label);
        cr_assert_eq(q.quarter, rows[i].quarter, "%s", rows[i].day);
        cr_assert_str_eq(text(civil_quarter_start(q)), rows[i].start);
        cr_assert_str_eq(text(civil_quarter_end(q)), rows[i].end);
        cr_assert_str_eq(label, rows[i].label);
    }
}

/* ---- words ---- */

Test(civil, days_are_said_as_people_say_them)
{
    char out[16];
    civil_say(day("2028-05-29"), out);
    cr_assert_str_eq(out, "29 May 2028");
    civil_say_weekday(day("2028-05-26"), out);
    cr_assert_str_eq(out, "Fri 26 May 2028");
    civil_say_weekday(day("2026-09-01"), out);
    cr_assert_str_eq(out, "Tue 1 Sep 2026");
    cr_assert_str_eq(civil_weekday_name(WEEKDAY_SUNDAY), "Sunday");
    cr_assert_str_eq(civil_month_name(12), "December");
}

struct typed {
    char typed[40], iso[16], sentence[100]; /* either a day, or words of the refusal */
};

ParameterizedTestParameters(civil, days_are_read_as_people_type_them)
{
    static struct typed rows[] = {
        {"2027-04-19",                  "2027-04-19", ""                                                             },
        {"2027-4-9",                    "2027-04-09", ""                                                             },
        {" 19/4/2027 ",                 "2027-04-19", ""                                                             },
        {"19.04.2027",                  "2027-04-19", ""                                                             },
        {"9-4-2027",                    "2027-04-09", ""                                                             },
        {"19 Apr 2027",                 "2027-04-19", ""                                                             },
        {"19 april 2027",               "2027-04-19", ""                                                             },
        {"1st Sept 2027",               "2027-09-01", ""                                                             },
        {"Mon 19th April 2027",         "2027-04-19", ""                                                             },
        {"Monday, 19 April 2027",       "2027-04-19", ""                                                             },
        {"19apr2027",                   "2027-04-19", ""                                                             },
        {"1900-01-01",                  "1900-01-01", ""                                                             },
        {"31/12/2199",                  "2199-12-31", ""                                                             },
        {"29/2/2028",                   "2028-02-29", ""                                                             },
        {"29/2/2027",                   "",           "There is no 29 February 2027: that month has 28 days."        },
        {"2100-02-29",                  "",           "There is no 29 February 2100: that month has 28 days."        },
        {"31 June 2027",                "",           "There is no 31 June 2027: that month has 30 days."            },
        {"0/6/2027",                    "",           "There is no 0 June 2027: that month has 30 days."             },
        {"4/19/2027",                   "",           "There is no month 19: write 1 to 12."                         },
        {"2027-00-10",                  "",           "There is no month 0: write 1 to 12."                          },
        {"19/4/27",                     "",           "Write the year in full, with four digits, as in 2027."        },
        {"19 Apr 27",                   "",           "Write the year in full, with four digits, as in 2027."        },
        {"31/12/1899",                  "",           "The year must be from 1900 to 2199."                          },
        {"2200-01-01",                  "",           "The year must be from 1900 to 2199."                          },
        {"Mon 20 Apr 2027",             "",           "20 April 2027 is a Tuesday, not a Monday: which day is meant?"},
        {"Tue 19 Apr 2027",             "",           "19 April 2027 is a Monday, not a Tuesday: which day is meant?"},
        {"",                            "",           "This is not a day"                                            },
        {"tomorrow",                    "",           "This is not a day"                                            },
        {"2027-04",                     "",           "This is not a day"                                            },
        {"19/4",                        "",           "This is not a day"                                            },
        {"19/4-2027",                   "",           "This is not a day"                                            },
        {"19/4/2027x",                  "",           "This is not a day"                                            },
        {"19/4/20277",                  "",           "This is not a day"                                            },
        {"119/4/2027",                  "",           "This is not a day"                                            },
        {"19 Ap 2027",                  "",           "This is not a day"                                            },
        {"19 Aprill 2027",              "",           "This is not a day"                                            },
        {"April 2027",                  "",           "This is not a day"                                            },
        {"-19/4/2027",                  "",           "This is not a day"                                            },
        {"99999999999999999999/4/2027", "",           "This is not a day"                                            },
        {"19/\xd9\xa4/2027",            "",           "This is not a day"                                            },
    };
    return cr_make_param_array(struct typed, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct typed *row, civil, days_are_read_as_people_type_them)
{
    struct civil d = {1, 2, 3};
    struct err_info why = {0};
    enum err e = civil_parse(row->typed, &d, &why);
    if (*row->iso) {
        cr_assert_eq(e, ERR_OK, "\"%s\": %s", row->typed, why.text);
        cr_assert_str_eq(text(d), row->iso, "\"%s\"", row->typed);
        return;
    }
    cr_assert_eq(e, ERR_INPUT, "\"%s\" was read as %s", row->typed, text(d));
    cr_assert_not_null(strstr(why.text, row->sentence), "\"%s\": %s", row->typed, why.text);
    cr_assert(d.year == 1 && d.month == 2 && d.day == 3, "a refusal leaves the day alone");
}

/* An answer of kind `date` is read by field_date_typed: what it reads, this reads in the same way.
 */
Test(civil, reads_what_the_fields_of_an_audit_read)
{
    srand(2);
    for (unsigned n = 0; n < 20000; n++) {
        char typed[32], iso[16];
        struct civil d;
        char sign = "/.-"[rand() % 3];
        (void)snprintf(typed, sizeof typed, rand() % 2 ? "%02d%c%02d%c%d" : "%d%c%d%c%d",
                       1 + rand() % 28, sign, 1 + rand() % 12, sign, 1900 + rand() % 300);
        cr_assert(field_date_typed(typed, iso));
        cr_assert_eq(civil_parse(typed, &d, NULL), ERR_OK, "%s", typed);
        cr_assert_str_eq(text(d), iso);
        cr_assert_eq(civil_parse(iso, &d, NULL), ERR_OK);
        cr_assert_str_eq(text(d), iso);
    }
}

Test(civil, what_is_said_is_read_back)
{
    for (int64_t n = civil_days(day("1900-01-01")); n <= civil_days(day("2199-12-31")); n += 3) {
        char said[16];
        struct civil d;
        civil_say_weekday(civil_of_days(n), said);
        cr_assert_eq(civil_parse(said, &d, NULL), ERR_OK, "%s", said);
        cr_assert_eq(civil_days(d), n, "%s", said);
        civil_say(civil_of_days(n), said);
        cr_assert_eq(civil_parse(said, &d, NULL), ERR_OK, "%s", said);
        cr_assert_eq(civil_days(d), n, "%s", said);
    }
}

/* ---- instants ---- */

static int64_t instant(const char *utc) /* "2026-03-29T00:30" */
{
    struct tm tm = {0};
    cr_assert_not_null(strptime(utc, "%Y-%m-%dT%H:%M", &tm));
    return (int64_t)timegm(&tm) * 1000;
}

static const char *shown(int64_t utc_ms)
{
    static char out[32];
    struct civil_time t = civil_time_of(utc_ms);
    (void)snprintf(out, sizeof out, "%sT%02d:%02d", text(t.day), t.hour % 100, t.minute % 100);
    return out;
}

Test(civil, the_clocks_of_london_change_on_the_last_sundays)
{
    cr_assert_str_eq(shown(instant("2026-03-29T00:59")), "2026-03-29T00:59");
    cr_assert_str_eq(shown(instant("2026-03-29T01:00")), "2026-03-29T02:00");
    cr_assert_str_eq(shown(instant("2026-10-25T00:59")), "2026-10-25T01:59");
    cr_assert_str_eq(shown(instant("2026-10-25T01:00")), "2026-10-25T01:00");
    cr_assert_str_eq(shown(instant("2026-07-01T23:30")), "2026-07-02T00:30");
    cr_assert_str_eq(shown(instant("2026-12-01T23:30")), "2026-12-01T23:30");
    /* the hour that is shown twice, and the one that is not shown */
    struct civil_time twice = {.day = day("2026-10-25"), .hour = 1, .minute = 30};
    cr_assert_eq(civil_time_utc_ms(twice), instant("2026-10-25T00:30"), "the first one");
    struct civil_time never = {.day = day("2026-03-29"), .hour = 1, .minute = 30};
    cr_assert_str_eq(shown(civil_time_utc_ms(never)), "2026-03-29T02:30");
}

/* The C library knows the same rule when it is told in its own words, but only from 1970 on: the
 * years before are compared with those of four centuries later, which have the same weekdays. */
Test(civil, instants_agree_with_the_systems_clock)
{
    const int64_t from = civil_days((struct civil){1970, 1, 2}) * 86400;
    const int64_t to = civil_days((struct civil){2400, 1, 1}) * 86400;
    const int64_t centuries_s = INT64_C(146097) * 86400;
    cr_assert_eq(setenv("TZ", "GMT0BST,M3.5.0/1,M10.5.0/2", 1), 0);
    tzset();
    for (int64_t s = from, n = 0; s < to; s += 7919 + (n++ % 13) * 3600) {
        time_t at = (time_t)s;
        struct tm tm;
        cr_assert_not_null(localtime_r(&at, &tm));
        struct civil_time t = civil_time_of(s * 1000 + 999);
        cr_assert(t.day.year == tm.tm_year + 1900 && t.day.month == tm.tm_mon + 1 &&
                      t.day.day == tm.tm_mday && t.hour == tm.tm_hour && t.minute == tm.tm_min &&
                      t.second == tm.tm_sec,
                  "%lld s is shown as %s", (long long)s, shown(s * 1000));
        int64_t back = civil_time_utc_ms(t);
        cr_assert(back == s * 1000 || (back == s * 1000 - 3600000 && t.hour == 1 && !tm.tm_isdst),
                  "%s", shown(s * 1000));
        struct civil_time early = civil_time_of((s - centuries_s) * 1000);
        t.day.year -= 400;
        cr_assert(!civil_compare(early.day, t.day) && early.hour == t.hour, "%s",
                  shown((s - centuries_s) * 1000));
    }
}

Test(civil, a_day_ends_where_the_next_begins)
{
    cr_assert_eq(civil_start_ms(day("2026-07-01")), instant("2026-06-30T23:00"));
    cr_assert_eq(civil_end_ms(day("2026-12-01")), instant("2026-12-02T00:00"));
    cr_assert_eq(civil_end_ms(day("2026-03-29")) - civil_start_ms(day("2026-03-29")),
                 23 * INT64_C(3600000));
    cr_assert_eq(civil_end_ms(day("2026-10-25")) - civil_start_ms(day("2026-10-25")),
                 25 * INT64_C(3600000));
    for (int64_t n = civil_days(day("1900-01-01")); n <= civil_days(day("2199-12-31")); n++) {
        struct civil d = civil_of_days(n);
        cr_assert_eq(civil_days(civil_today(civil_start_ms(d))), n, "%s", text(d));
        cr_assert_eq(civil_days(civil_today(civil_end_ms(d) - 1)), n, "%s", text(d));
        cr_assert_eq(civil_days(civil_today(civil_end_ms(d))), n + 1, "%s", text(d));
    }
}

Test(civil, hours_are_elapsed_hours)
{
    /* Friday 11 December 2026, 16:30 */
    int64_t friday = instant("2026-12-11T16:30");
    cr_assert_str_eq(shown(civil_after_hours_ms(friday, 48)), "2026-12-13T16:30");
    /* the clocks go forward in between: 48 hours have gone by an hour later by the clock */
    friday = instant("2026-03-27T16:30");
    cr_assert_str_eq(shown(civil_after_hours_ms(friday, 48)), "2026-03-29T17:30");
    cr_assert_eq(civil_hours_between(friday, civil_after_hours_ms(friday, 120)), 120);
    cr_assert_eq(civil_hours_between(friday, friday + 48 * INT64_C(3600000) - 1), 47);
    cr_assert_eq(civil_hours_between(friday, friday - 48 * INT64_C(3600000)), -48);
}
