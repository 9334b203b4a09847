#include "client/when.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <time.h>

/* London: UTC in winter, an hour before it in summer. */
static void in_london(void)
{
    setenv("TZ", "Europe/London", 1);
    tzset();
}

/* Tuesday 24 November 2026, 09:00 UTC. */
static const int64_t now = INT64_C(1795510800000);

TestSuite(when, .init = in_london);

Test(when, a_day_is_its_first_or_its_last_moment)
{
    int64_t begins, ends;
    cr_assert(when_moment("2026-11-24", WHEN_DAY_BEGINS, now, &begins));
    cr_assert_eq(begins, now - 9 * 3600 * 1000);
    cr_assert(when_moment("24/11/2026", WHEN_DAY_ENDS, now, &ends));
    cr_assert_eq(ends, begins + 24 * 3600 * 1000 - 1);
}

Test(when, times_are_local_unless_they_say_utc)
{
    int64_t local, utc, spaced;
    cr_assert(when_moment("2026-07-01T09:30", WHEN_DAY_ENDS, now, &local));
    cr_assert(when_moment("2026-07-01T08:30:00Z", WHEN_DAY_ENDS, now, &utc));
    cr_assert(when_moment("2026-07-01 09:30", WHEN_DAY_ENDS, now, &spaced));
    cr_assert_eq(local, utc);
    cr_assert_eq(local, spaced);
}

Test(when, a_time_alone_is_of_today)
{
    int64_t at;
    cr_assert(when_moment("08:15", WHEN_DAY_ENDS, now, &at));
    cr_assert_eq(at, now - 45 * 60 * 1000);
}

Test(when, hours_are_counted_from_now)
{
    int64_t at;
    cr_assert(when_until("48h", now, &at));
    cr_assert_eq(at, now + INT64_C(48) * 3600 * 1000);
    cr_assert_not(when_until("0h", now, &at));
    cr_assert_not(when_until("h", now, &at));
    cr_assert_not(when_until("4hours", now, &at));
    cr_assert(when_until("2026-11-24", now, &at));
    cr_assert_eq(at, now + INT64_C(15) * 3600 * 1000 - 1);
}

Test(when, a_number_is_an_event)
{
    uint64_t seq;
    int64_t at;
    cr_assert(when_point("83", &seq, &at));
    cr_assert_eq(seq, 83);
    cr_assert_eq(at, 0);
    cr_assert(when_point("2026-11-24T09:00Z", &seq, &at));
    cr_assert_eq(seq, 0);
    cr_assert_eq(at, now);
}

Test(when, what_is_no_day_and_no_time_is_refused)
{
    static const char *const wrong[] = {"",           "soon",       "2026-02-30",       "31/4/2026",
                                        "2026-13-01", "2026-11",    "2026-11-24T25:00", "-1",
                                        "25:00",      "2026-11-24x"};
    uint64_t seq;
    int64_t at;
    char date[16];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_assert_not(when_point(wrong[i], &seq, &at), "%s", wrong[i]);
        cr_assert_not(when_date(wrong[i], date), "%s", wrong[i]);
    }
    cr_assert_not(when_point("0", &seq, &at));
}

Test(when, dates_may_be_typed_day_first)
{
    char date[16];
    cr_assert(when_date("3/9/2026", date));
    cr_assert_str_eq(date, "2026-09-03");
    cr_assert(when_date("2028-02-29", date));
    cr_assert_str_eq(date, "2028-02-29");
}
