#include "server/rules/workday.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* ---- the rule ---- */

/* The anonymous Gregorian computus (Meeus, Astronomical Algorithms, chapter 8). */
struct civil holidays_easter(int year)
{
    int a = year % 19, b = year / 100, c = year % 100;
    int f = (b + 8) / 25, g = (b - f + 1) / 3;
    int h = (19 * a + b - b / 4 - g + 15) % 30;
    int l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    int m = (a + 11 * h + 22 * l) / 451;
    int n = h + l - 7 * m + 114;
    return (struct civil){year, n / 31, n % 31 + 1};
}

static bool is_weekend(struct civil d)
{
    return civil_weekday(d) >= WEEKDAY_SATURDAY;
}

static bool is_among(const struct civil *days, size_t n, struct civil d)
{
    for (size_t i = 0; i < n; i++)
        if (!civil_compare(days[i], d))
            return true;
    return false;
}

/* Puts d where it belongs by date. */
static void place(struct civil *days, size_t *n, struct civil d)
{
    size_t at = *n;
    for (; at > 0 && civil_compare(days[at - 1], d) > 0; at--)
        days[at] = days[at - 1];
    days[at] = d;
    (*n)++;
}

/* Weekday ones are placed first; then each fixed day of a weekend gets the next weekday that is
 * free, in this order. */
void holidays_rule(int year, struct civil out[HOLIDAYS_A_YEAR])
{
    struct civil easter = holidays_easter(year);
    const struct civil days[HOLIDAYS_A_YEAR] = {
        {year, 1,  1 },
        civil_add_days(easter, -2),
        civil_add_days(easter, 1),
        civil_nth_weekday(year, 5, 1, WEEKDAY_MONDAY),
        civil_last_weekday(year, 5, WEEKDAY_MONDAY),
        civil_last_weekday(year, 8, WEEKDAY_MONDAY),
        {year, 12, 25},
        {year, 12, 26},
    };
    size_t n = 0;
    for (size_t i = 0; i < HOLIDAYS_A_YEAR; i++)
        if (!is_weekend(days[i]))
            place(out, &n, days[i]);
    for (size_t i = 0; i < HOLIDAYS_A_YEAR; i++) {
        struct civil d = days[i];
        if (!is_weekend(d))
            continue;
        while (is_weekend(d) || is_among(out, n, d))
            d = civil_add_days(d, 1);
        place(out, &n, d);
    }
}

/* ---- the rule and its overrides ---- */

static const struct holiday_override built_in[] = {
    {HOLIDAY_MOVED, {1995, 5, 1},   {1995, 5, 8}}, /* VE Day, 50 years */
    {HOLIDAY_ADDED, {1999, 12, 31}, {0}         },
    {HOLIDAY_MOVED, {2002, 5, 27},  {2002, 6, 4}}, /* Golden Jubilee */
    {HOLIDAY_ADDED, {2002, 6, 3},   {0}         },
    {HOLIDAY_ADDED, {2011, 4, 29},  {0}         }, /* royal wedding */
    {HOLIDAY_MOVED, {2012, 5, 28},  {2012, 6, 4}}, /* Diamond Jubilee */
    {HOLIDAY_ADDED, {2012, 6, 5},   {0}         },
    {HOLIDAY_MOVED, {2020, 5, 4},   {2020, 5, 8}}, /* VE Day, 75 years */
    {HOLIDAY_MOVED, {2022, 5, 30},  {2022, 6, 2}}, /* Platinum Jubilee */
    {HOLIDAY_ADDED, {2022, 6, 3},   {0}         },
    {HOLIDAY_ADDED, {2022, 9, 19},  {0}         }, /* state funeral */
    {HOLIDAY_ADDED, {2023, 5, 8},   {0}         }, /* coronation */
};

/* The number of holidays before a day. */
static size_t holidays_before(const struct holidays *h, int64_t day)
{
    size_t low = 0, high = h->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (h->day[mid] < day)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool is_holiday(const struct holidays *h, struct civil d)
{
    size_t at = holidays_before(h, civil_days(d));
    return at < h->n && h->day[at] == civil_days(d);
}

static void add(struct holidays *h, struct civil d)
{
    size_t at = holidays_before(h, civil_days(d));
    memmove(h->day + at + 1, h->day + at, (h->n - at) * sizeof *h->day);
    h->day[at] = (int32_t)civil_days(d);
    h->n++;
}

static void drop(struct holidays *h, struct civil d)
{
    size_t at = holidays_before(h, civil_days(d));
    h->n--;
    memmove(h->day + at, h->day + at + 1, (h->n - at) * sizeof *h->day);
}

static bool is_ruled(struct civil d)
{
    struct civil rule[HOLIDAYS_A_YEAR];
    holidays_rule(d.year, rule);
    return is_among(rule, HOLIDAYS_A_YEAR, d);
}

static enum err check_year(struct civil d, struct err_info *why)
{
    if (d.year >= CIVIL_YEAR_FIRST && d.year <= CIVIL_YEAR_LAST)
        return ERR_OK;
    return err_set(why, ERR_INPUT, "The year must be from %d to %d.", CIVIL_YEAR_FIRST,
                   CIVIL_YEAR_LAST);
}

/* May `d` go? What the rule has and is not here any more has gone before. */
static enum err check_leaves(const struct holidays *h, struct civil d, struct err_info *why)
{
    char day[16];
    enum err e = check_year(d, why);
    if (e || is_holiday(h, d) || is_ruled(d))
        return e;
    civil_say_weekday(d, day);
    return err_set(why, ERR_INPUT, "%s is not a bank holiday, so it cannot be removed or moved.",
                   day);
}

static enum err check_comes(const struct holidays *h, struct civil d, struct err_info *why)
{
    char day[16];
    enum err e = check_year(d, why);
    if (!e && is_weekend(d)) {
        civil_say(d, day);
        e = err_set(why, ERR_INPUT,
                    "%s is a %s, no working day as it is: name the weekday that becomes a bank "
                    "holiday.",
                    day, civil_weekday_name(civil_weekday(d)));
    }
    if (!e && h->n == HOLIDAYS_MAX)
        e = err_set(why, ERR_TOO_LARGE, "At most %d bank holidays can be added.",
                    HOLIDAYS_MAX_ADDED);
    return e;
}

enum err holidays_change(struct holidays *h, const struct holiday_override *o, struct err_info *why)
{
    bool leaves = o->change != HOLIDAY_ADDED, comes = o->change != HOLIDAY_REMOVED;
    struct civil to = o->change == HOLIDAY_MOVED ? o->to : o->day;
    enum err e = leaves ? check_leaves(h, o->day, why) : ERR_OK;
    if (!e && o->change == HOLIDAY_MOVED && !civil_compare(o->day, to))
        e = err_set(why, ERR_INPUT, "It is moved to the day it is on: name another one.");
    if (!e && comes)
        e = check_comes(h, to, why);
    if (e)
        return e;
    if (leaves && is_holiday(h, o->day))
        drop(h, o->day);
    if (comes && !is_holiday(h, to))
        add(h, to);
    return ERR_OK;
}

void holidays_init(struct holidays *h)
{
    memset(h, 0, sizeof *h);
    for (int year = HOLIDAYS_FIRST_YEAR; year <= HOLIDAYS_LAST_YEAR; year++) {
        struct civil rule[HOLIDAYS_A_YEAR];
        holidays_rule(year, rule);
        for (size_t i = 0; i < HOLIDAYS_A_YEAR; i++)
            h->day[h->n++] = (int32_t)civil_days(rule[i]);
    }
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++) {
        enum err e = holidays_change(h, &built_in[i], NULL);
        assert(!e); /* the table is ours */
    }
}

/* ---- overrides as text ---- */

/* The day in text[0, len). */
static enum err parse_part(const char *text, size_t len, struct civil *out, struct err_info *why)
{
    char day[40];
    if (len >= sizeof day)
        return civil_parse("", out, why); /* no day is that long */
    memcpy(day, text, len);
    day[len] = 0;
    return civil_parse(day, out, why);
}

enum err holiday_override_parse(const char *text, struct holiday_override *out,
                                struct err_info *why)
{
    static const char *const words[] = {
        [HOLIDAY_ADDED] = " added",
        [HOLIDAY_REMOVED] = " removed",
        [HOLIDAY_MOVED] = " moved to ",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *word = strstr(text, words[i]);
        const char *rest = word ? word + strlen(words[i]) : "";
        bool moved = i == HOLIDAY_MOVED;
        if (!word || (!moved && *rest))
            continue;
        *out = (struct holiday_override){.change = (enum holiday_change)i};
        enum err e = parse_part(text, (size_t)(word - text), &out->day, why);
        return e || !moved ? e : parse_part(rest, strlen(rest), &out->to, why);
    }
    return err_set(why, ERR_INPUT,
                   "Write the day and what happens to it: \"2022-09-19 added\", \"2027-05-03 "
                   "removed\" or \"2020-05-04 moved to 2020-05-08\".");
}

/* ---- working days, by their ordinal ----
 *
 * ordinal(day) counts the working days before a day (from an arbitrary zero on); day_of turns it
 * round. Everything else is arithmetic with these two. */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t ordinal(const struct holidays *h, int64_t day)
{
    int64_t since_monday = day + 3; /* 1970-01-01 was a Thursday */
    int64_t weeks = floor_div(since_monday, 7), rest = since_monday - weeks * 7;
    return weeks * 5 + (rest < 5 ? rest : 5) - (int64_t)holidays_before(h, day);
}

/* The working day that has this ordinal: the last day with so many working days before it. */
static int64_t day_of(const struct holidays *h, int64_t wanted)
{
    int64_t low = floor_div(wanted, 5) * 7 - 3; /* holidays only make it later */
    int64_t high = low + 2 * (int64_t)HOLIDAYS_MAX + 14;
    while (low < high) { /* the first day after which there are more than `wanted` */
        int64_t mid = low + (high - low) / 2;
        if (ordinal(h, mid + 1) > wanted)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

bool workday_is(const struct holidays *h, struct civil d)
{
    return !is_weekend(d) && !is_holiday(h, d);
}

const char *workday_why_not(const struct holidays *h, struct civil d)
{
    if (is_weekend(d))
        return civil_weekday(d) == WEEKDAY_SATURDAY ? "a Saturday" : "a Sunday";
    if (!is_holiday(h, d))
        return NULL;
    int64_t since_easter = civil_days(d) - civil_days(holidays_easter(d.year));
    if (since_easter == -2 || since_easter == 1)
        return since_easter == 1 ? "Easter Monday" : "Good Friday";
    return d.month == 12 && d.day == 25 ? "Christmas Day" : "a bank holiday";
}

struct civil workday_back(const struct holidays *h, struct civil d)
{
    return civil_of_days(day_of(h, ordinal(h, civil_days(d) + 1) - 1));
}

struct civil workday_month_end(const struct holidays *h, struct civil d)
{
    return workday_back(h, civil_month_end(d));
}

struct civil workday_add(const struct holidays *h, struct civil d, int64_t n, bool inclusive)
{
    int64_t day = civil_days(d);
    if (n > 0)
        return civil_of_days(day_of(h, ordinal(h, inclusive ? day : day + 1) + n - 1));
    if (n < 0)
        return civil_of_days(day_of(h, ordinal(h, inclusive ? day + 1 : day) + n));
    return d;
}

int64_t workday_count(const struct holidays *h, struct civil from, struct civil to)
{
    return ordinal(h, civil_days(to) + 1) - ordinal(h, civil_days(from) + 1);
}

/* ---- limit and plan ---- */

struct due workday_due(const struct holidays *h, struct civil limit)
{
    return (struct due){.limit = limit, .planned = workday_back(h, limit)};
}

struct due workday_weeks_before(const struct holidays *h, struct civil d, int64_t weeks)
{
    return workday_due(h, civil_add_days(d, -7 * weeks));
}

void workday_explain(const struct holidays *h, const struct due *due,
                     char out[WORKDAY_EXPLAIN_BYTES])
{
    char limit[16], limit_day[16], planned[16];
    const char *why = workday_why_not(h, due->limit);
    civil_say(due->limit, limit);
    civil_say_weekday(due->limit, limit_day);
    civil_say_weekday(due->planned, planned);
    if (!civil_compare(due->limit, due->planned))
        (void)snprintf(out, WORKDAY_EXPLAIN_BYTES, "limit and planned day %s", planned);
    else if (why && !civil_compare(due->planned, workday_back(h, due->limit)))
        (void)snprintf(out, WORKDAY_EXPLAIN_BYTES, "limit %s, %s, so planned %s", limit, why,
                       planned);
    else
        (void)snprintf(out, WORKDAY_EXPLAIN_BYTES, "limit %s, planned %s", limit_day, planned);
}
