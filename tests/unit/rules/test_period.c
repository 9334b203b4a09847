#include "server/rules/period.h"

#include <criterion/criterion.h>
#include <time.h>

static const char *text(struct civil d)
{
    static char out[11];
    period_format(d, out);
    return out;
}

/* 1700000000 s is 14 November 2023, 22:13:20 UTC, as any calendar of instants says. */
Test(period, today_is_a_day_in_london)
{
    cr_assert_str_eq(text(period_today(0)), "1970-01-01");
    cr_assert_str_eq(text(period_today(INT64_C(1700000000000))), "2023-11-14");
    /* summer time: 1 July 2026, 23:30 UTC is half past midnight on the 2nd */
    cr_assert_str_eq(text(period_today(INT64_C(1782948600000))), "2026-07-02");
    cr_assert_str_eq(text(period_today(INT64_C(1782948600000) - 31 * 60000)), "2026-07-01");
    /* winter: 1 December 2026, 23:30 UTC */
    cr_assert_str_eq(text(period_today(INT64_C(1796167800000))), "2026-12-01");
    cr_assert_str_eq(text(period_today(-1)), "1969-12-31");
}

/* The clocks go forward on 29 March 2026 and back on 25 October 2026, at 01:00 UTC. */
Test(period, the_last_sundays_change_the_clocks)
{
    struct tm spring = {.tm_year = 126, .tm_mon = 2, .tm_mday = 28, .tm_hour = 23, .tm_min = 30};
    int64_t ms = (int64_t)timegm(&spring) * 1000;
    cr_assert_str_eq(text(period_today(ms)), "2026-03-28", "still winter");
    cr_assert_str_eq(text(period_today(ms + INT64_C(86400000))), "2026-03-30", "summer");
    struct tm autumn = {.tm_year = 126, .tm_mon = 9, .tm_mday = 24, .tm_hour = 23, .tm_min = 30};
    ms = (int64_t)timegm(&autumn) * 1000;
    cr_assert_str_eq(text(period_today(ms)), "2026-10-25", "still summer");
    cr_assert_str_eq(text(period_today(ms + INT64_C(86400000))), "2026-10-25", "winter");
}

Test(period, days_agree_with_the_systems_calendar_in_winter)
{
    for (int64_t day = -20000; day < 40000; day += 13) {
        time_t noon = (time_t)(day * 86400 + 43200);
        struct tm tm;
        char expected[11];
        cr_assert_not_null(gmtime_r(&noon, &tm));
        cr_assert_gt(strftime(expected, sizeof expected, "%Y-%m-%d", &tm), 0);
        cr_assert_str_eq(text(period_today((int64_t)noon * 1000)), expected);
    }
}

Test(period, months_before_keep_the_day_or_the_months_end)
{
    cr_assert_str_eq(text(period_months_before((struct civil){2026, 9, 21}, 12)), "2025-09-21");
    cr_assert_str_eq(text(period_months_before((struct civil){2026, 5, 31}, 3)), "2026-02-28");
    cr_assert_str_eq(text(period_months_before((struct civil){2028, 3, 30}, 1)), "2028-02-29");
    cr_assert_str_eq(text(period_months_before((struct civil){2026, 1, 15}, 1)), "2025-12-15");
    cr_assert_str_eq(text(period_months_before((struct civil){2026, 1, 15}, 0)), "2026-01-15");
}

Test(period, only_real_days_are_days)
{
    cr_assert(period_is_day("2028-02-29"));
    cr_assert(period_is_day("2026-12-31"));
    static const char *const not [] = {"",           "2026-02-29",  "2026-02-30", "2026-13-01",
                                       "2026-00-10", "2026-01-00",  "2026-1-01",  "2026/01/01",
                                       "2026-01-1x", "2026-01-011", "x026-01-01", "2100-02-29"};
    for (size_t i = 0; i < sizeof not / sizeof *not ; i++)
        cr_assert(!period_is_day(not [i]), "%s", not [i]);
}
