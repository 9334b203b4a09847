#ifndef TANDEM_SERVER_RULES_WORKDAY_H
#define TANDEM_SERVER_RULES_WORKDAY_H

/* Working days of England and Wales: Monday to Friday, but not Good Friday, Christmas Day or a bank
 * holiday. Bank holidays are a rule (the present one, applied to every year) and what proclamations
 * change in it. Pure; days are those of civil.h. */

#include <stddef.h>

#include "server/rules/civil.h"

enum {
    HOLIDAYS_A_YEAR = 8,
    HOLIDAYS_FIRST_YEAR = 1880, /* outside of these years only weekends are known */
    HOLIDAYS_LAST_YEAR = 2220,
    HOLIDAYS_MAX_ADDED = 64,
    HOLIDAYS_MAX =
        (HOLIDAYS_LAST_YEAR - HOLIDAYS_FIRST_YEAR + 1) * HOLIDAYS_A_YEAR + HOLIDAYS_MAX_ADDED,
    WORKDAY_EXPLAIN_BYTES = 120,
};

struct holidays { /* made once, then only read; may be copied */
    size_t n;
    int32_t day[HOLIDAYS_MAX]; /* civil_days, ascending; none on a weekend */
};

/* ---- bank holidays ---- */

enum holiday_change { HOLIDAY_ADDED, HOLIDAY_REMOVED, HOLIDAY_MOVED };
struct holiday_override {
    enum holiday_change change;
    struct civil day;
    struct civil to; /* HOLIDAY_MOVED only */
};

/* What the rule alone gives for a year, ascending. */
void holidays_rule(int year, struct civil out[HOLIDAYS_A_YEAR]);
struct civil holidays_easter(int year); /* Easter Sunday; years from 1583 */
/* The rule and the overrides that are built in (since 1995). */
void holidays_init(struct holidays *h);
/* Changes one day more. What is in force already may be said again. ERR_INPUT with a sentence: not
 * a bank holiday (removed, moved), on a weekend (added, moved to), moved to itself, or a year
 * outside of CIVIL_YEAR_FIRST ... LAST; ERR_TOO_LARGE. Then nothing has changed. */
MUST_CHECK enum err holidays_change(struct holidays *h, const struct holiday_override *o,
                                    struct err_info *why);
/* One override as the settings write it: "2022-09-19 added", "2027-05-03 removed", "2020-05-04
 * moved to 2020-05-08". ERR_INPUT with a sentence. */
MUST_CHECK enum err holiday_override_parse(const char *text, struct holiday_override *out,
                                           struct err_info *why);

/* ---- working days ---- */

bool workday_is(const struct holidays *h, struct civil d);
/* Why it is not one: "a Saturday", "Good Friday", "a bank holiday" ... NULL: it is. */
const char *workday_why_not(const struct holidays *h, struct civil d);
/* d if it is a working day, or the last one before it. */
struct civil workday_back(const struct holidays *h, struct civil d);
/* The last working day of d's month. */
struct civil workday_month_end(const struct holidays *h, struct civil d);
/* The last day of "within n working days of d": d is day 0 and the count starts with the next
 * working day. `inclusive`: d itself counts as the first, if it is one. n below 0 counts backwards
 * in the same way ("10 working days before d"); 0 is d. n is within a million. */
struct civil workday_add(const struct holidays *h, struct civil d, int64_t n, bool inclusive);
/* How many working days from the day after `from` up to and with `to`: workday_add back again. When
 * `to` is earlier it is negative: the working days since then. */
int64_t workday_count(const struct holidays *h, struct civil from, struct civil to);

/* ---- limit and plan ---- */

/* A limit never moves; the planned day is the limit or earlier, rolled back to a working day. */
struct due {
    struct civil limit, planned;
};
struct due workday_due(const struct holidays *h, struct civil limit);
/* "Not less than so many weeks before d." */
struct due workday_weeks_before(const struct holidays *h, struct civil d, int64_t weeks);
/* Both and why: "limit 29 May 2028, a bank holiday, so planned Fri 26 May 2028". */
void workday_explain(const struct holidays *h, const struct due *due,
                     char out[WORKDAY_EXPLAIN_BYTES]);

#endif
