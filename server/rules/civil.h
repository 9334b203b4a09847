#ifndef TANDEM_SERVER_RULES_CIVIL_H
#define TANDEM_SERVER_RULES_CIVIL_H

/* Days of the calendar, and the instants at which they begin and end in Europe/London. Pure: the
 * time is an argument. Working days and bank holidays are the business of workday.h.
 *
 * A day goes in as YYYY-MM-DD or as people type it and is then from 1900 to 2199; what is counted
 * from there may lie outside (any Gregorian day within a million years works). London's clocks go
 * forward on the last Sunday of March and back on the last Sunday of October, at 01:00 UTC; this
 * rule of 1996 is applied to every year. */

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

enum { CIVIL_YEAR_FIRST = 1900, CIVIL_YEAR_LAST = 2199 };

struct civil {
    int year, month, day; /* month and day from 1 */
};

enum weekday {
    WEEKDAY_MONDAY,
    WEEKDAY_TUESDAY,
    WEEKDAY_WEDNESDAY,
    WEEKDAY_THURSDAY,
    WEEKDAY_FRIDAY,
    WEEKDAY_SATURDAY,
    WEEKDAY_SUNDAY,
};

/* ---- counting; every `struct civil` here must be a day that there is ---- */

/* Is there such a day (of any year)? */
bool civil_is_real(struct civil d);
/* Days since 1970-01-01, and back. */
int64_t civil_days(struct civil d);
struct civil civil_of_days(int64_t days);
/* Below 0: a is earlier; 0: the same day; above 0: a is later. */
int civil_compare(struct civil a, struct civil b);
struct civil civil_add_days(struct civil d, int64_t days); /* a week is 7 days; may be negative */
/* The same day number so many months later (earlier when negative), at most the end of that month:
 * 30 November + 3 months is 28 or 29 February. A year is 12 months. */
struct civil civil_add_months(struct civil d, int64_t months);
int civil_month_days(int year, int month); /* 28 ... 31 */
struct civil civil_month_end(struct civil d);

enum weekday civil_weekday(struct civil d);
const char *civil_weekday_name(enum weekday w); /* "Monday" */
const char *civil_month_name(int month);        /* "January" for 1 */
/* The nth (from 1) such weekday of a month, as in "the third Wednesday"; the fifth may lie in the
 * next month. And the last one. */
struct civil civil_nth_weekday(int year, int month, int nth, enum weekday w);
struct civil civil_last_weekday(int year, int month, enum weekday w);

/* Quarters begin on 1 April: quarter 1 of 2026 is April to June 2026, its quarter 4 January to
 * March 2027. */
struct civil_quarter {
    int year;    /* in which the year of the four began */
    int quarter; /* 1 ... 4 */
};
struct civil_quarter civil_quarter_of(struct civil d);
struct civil civil_quarter_start(struct civil_quarter q); /* its first day */
struct civil civil_quarter_end(struct civil_quarter q);   /* the first day after it */
void civil_year_label(int year, char out[12]);            /* 2026: "2026-27" */

/* ---- as people write them; years 0 ... 9999, others are cut off there ---- */

void civil_format(struct civil d, char out[11]);      /* "2028-05-26" */
void civil_say(struct civil d, char out[16]);         /* "26 May 2028" */
void civil_say_weekday(struct civil d, char out[16]); /* "Fri 26 May 2028" */
/* A day as people here type it: "2027-04-19", "19/4/2027", "19.04.2027", "19-4-2027", "19 Apr
 * 2027", "Mon 19th April 2027". ERR_INPUT with a sentence that says what is wrong: no date at all,
 * a day that there is not, a year out of range or not written in full, a weekday that does not fit.
 */
MUST_CHECK enum err civil_parse(const char *typed, struct civil *out, struct err_info *why);

/* ---- instants ---- */

struct civil_time { /* what a clock in London shows */
    struct civil day;
    int hour, minute, second;
};
struct civil_time civil_time_of(int64_t utc_ms);
/* The first instant at which the clock in London shows this. An hour that the clocks jump over is
 * taken as if they had not jumped yet (01:30 is then shown as 02:30). */
int64_t civil_time_utc_ms(struct civil_time t);
struct civil civil_today(int64_t utc_ms); /* the day in London */
int64_t civil_start_ms(struct civil d);   /* its first instant */
int64_t civil_end_ms(struct civil d);     /* the first instant after it: what is due on d is late */
/* Elapsed hours: nights, weekends and changes of the clock count like every other hour. */
int64_t civil_after_hours_ms(int64_t utc_ms, int64_t hours);
int64_t civil_hours_between(int64_t from_utc_ms, int64_t to_utc_ms); /* whole ones, towards 0 */

#endif
