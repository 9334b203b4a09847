#include "server/rules/civil.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const int64_t hour_ms = 3600 * 1000, day_ms = 24 * 3600 * 1000;

static const char *const month_names[] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};
static const char *const weekday_names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                            "Friday", "Saturday", "Sunday"};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* ---- counting ---- */

int civil_month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

bool civil_is_real(struct civil d)
{
    return d.month >= 1 && d.month <= 12 && d.day >= 1 &&
           d.day <= civil_month_days(d.year, d.month);
}

/* Proleptic Gregorian days, in eras of 400 years that begin on 1 March. */
int64_t civil_days(struct civil d)
{
    int64_t y = (int64_t)d.year - (d.month <= 2);
    int64_t era = floor_div(y, 400);
    int64_t year = y - era * 400;
    int64_t day = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;
    return era * 146097 + year * 365 + year / 4 - year / 100 + day - 719468;
}

struct civil civil_of_days(int64_t days)
{
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t of_era = z - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t day = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * day + 2) / 153;
    struct civil d = {.day = (int)(day - (153 * month + 2) / 5 + 1),
                      .month = (int)(month < 10 ? month + 3 : month - 9)};
    d.year = (int)(year + era * 400) + (d.month <= 2);
    return d;
}

int civil_compare(struct civil a, struct civil b)
{
    int64_t x = civil_days(a), y = civil_days(b);
    return (x > y) - (x < y);
}

struct civil civil_add_days(struct civil d, int64_t days)
{
    return civil_of_days(civil_days(d) + days);
}

struct civil civil_add_months(struct civil d, int64_t months)
{
    int64_t index = (int64_t)d.year * 12 + d.month - 1 + months;
    d.year = (int)floor_div(index, 12);
    d.month = (int)(index - (int64_t)d.year * 12) + 1;
    int most = civil_month_days(d.year, d.month);
    if (d.day > most)
        d.day = most;
    return d;
}

struct civil civil_month_end(struct civil d)
{
    d.day = civil_month_days(d.year, d.month);
    return d;
}

enum weekday civil_weekday(struct civil d)
{
    int64_t since_monday = civil_days(d) + 3; /* 1970-01-01 was a Thursday */
    return (enum weekday)(since_monday - floor_div(since_monday, 7) * 7);
}

const char *civil_weekday_name(enum weekday w)
{
    return weekday_names[w];
}

const char *civil_month_name(int month)
{
    return month_names[month - 1];
}

struct civil civil_nth_weekday(int year, int month, int nth, enum weekday w)
{
    struct civil first = {year, month, 1};
    int to_it = ((int)w - (int)civil_weekday(first) + 7) % 7;
    return civil_add_days(first, to_it + 7 * ((int64_t)nth - 1));
}

struct civil civil_last_weekday(int year, int month, enum weekday w)
{
    struct civil end = civil_month_end((struct civil){year, month, 1});
    return civil_add_days(end, -(((int)civil_weekday(end) - (int)w + 7) % 7));
}

struct civil_quarter civil_quarter_of(struct civil d)
{
    int since_april = (d.month + 8) % 12;
    return (struct civil_quarter){.year = d.year - (d.month < 4), .quarter = since_april / 3 + 1};
}

struct civil civil_quarter_start(struct civil_quarter q)
{
    return civil_add_months((struct civil){q.year, 4, 1}, 3 * ((int64_t)q.quarter - 1));
}

struct civil civil_quarter_end(struct civil_quarter q)
{
    return civil_add_months(civil_quarter_start(q), 3);
}

/* ---- as people write them ---- */

static unsigned four_digits(int year)
{
    return year < 0 ? 0u : year > 9999 ? 9999u : (unsigned)year;
}

void civil_year_label(int year, char out[12])
{
    unsigned y = four_digits(year);
    (void)snprintf(out, 12, "%04u-%02u", y % 10000, (y + 1) % 100);
}

void civil_format(struct civil d, char out[11])
{
    (void)snprintf(out, 11, "%04u-%02u-%02u", four_digits(d.year) % 10000, (unsigned)d.month % 100,
                   (unsigned)d.day % 100);
}

void civil_say(struct civil d, char out[16])
{
    (void)snprintf(out, 16, "%u %.3s %04u", (unsigned)d.day % 100, civil_month_name(d.month),
                   four_digits(d.year) % 10000);
}

void civil_say_weekday(struct civil d, char out[16])
{
    char day[16];
    civil_say(d, day);
    (void)snprintf(out, 16, "%.3s %.11s", civil_weekday_name(civil_weekday(d)), day);
}

/* Digits at *s, at most four of them; moves behind them. -1: none, or more. */
static int take_number(const char **s, size_t *digits)
{
    int n = 0;
    *digits = strspn(*s, "0123456789");
    if (!*digits || *digits > 4)
        return -1;
    for (size_t i = 0; i < *digits; i++)
        n = n * 10 + (*s)[i] - '0';
    *s += *digits;
    return n;
}

/* A word at *s that is one of `names` or at least its first three letters; moves behind it. */
static int take_name(const char **s, const char *const *names, size_t count)
{
    size_t len = strspn(*s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    for (size_t i = 0; len >= 3 && i < count; i++)
        if (len <= strlen(names[i]) && !strncasecmp(*s, names[i], len)) {
            *s += len;
            return (int)i;
        }
    return -1;
}

static const char *skip_ordinal(const char *s)
{
    static const char *const endings[] = {"st", "nd", "rd", "th"};
    for (size_t i = 0; i < 4; i++)
        if (!strncasecmp(s, endings[i], 2))
            return s + 2;
    return s;
}

static const char *skip_blanks(const char *s)
{
    return s + strspn(s, " ,");
}

/* "[Mon] 19[th] Apr 2027"; *weekday is -1 when none is said. */
static bool read_words(const char *s, struct civil *d, size_t *year_digits, int *weekday)
{
    size_t day_digits;
    *weekday = take_name(&s, weekday_names, 7);
    s = skip_blanks(s);
    d->day = take_number(&s, &day_digits);
    s = skip_blanks(skip_ordinal(s));
    d->month = take_name(&s, month_names, 12) + 1;
    s = skip_blanks(s);
    d->year = take_number(&s, year_digits);
    return d->day >= 0 && day_digits <= 2 && d->month && d->year >= 0 && !*skip_blanks(s);
}

/* Three numbers with the same sign between: year first if it has four digits, else day first. */
static bool read_numbers(const char *s, struct civil *d, size_t *year_digits)
{
    char between = 0;
    size_t digits[3];
    int n[3];
    for (size_t i = 0; i < 3; i++) {
        n[i] = take_number(&s, &digits[i]);
        if (n[i] < 0 || (i < 2 && (!*s || !strchr("-/.", *s))) || (i == 1 && *s != between))
            return false;
        between = *s;
        s += i < 2;
    }
    bool iso = digits[0] == 4;
    *d = iso ? (struct civil){n[0], n[1], n[2]} : (struct civil){n[2], n[1], n[0]};
    *year_digits = digits[iso ? 0 : 2];
    return !*skip_blanks(s) && digits[1] <= 2 && digits[iso ? 2 : 0] <= 2;
}

static enum err check_day(struct civil d, size_t year_digits, int weekday, struct err_info *why)
{
    if (year_digits != 4)
        return err_set(why, ERR_INPUT, "Write the year in full, with four digits, as in 2027.");
    if (d.year < CIVIL_YEAR_FIRST || d.year > CIVIL_YEAR_LAST)
        return err_set(why, ERR_INPUT, "The year must be from %d to %d.", CIVIL_YEAR_FIRST,
                       CIVIL_YEAR_LAST);
    if (d.month < 1 || d.month > 12)
        return err_set(why, ERR_INPUT, "There is no month %d: write 1 to 12.", d.month);
    if (!civil_is_real(d))
        return err_set(why, ERR_INPUT, "There is no %d %s %d: that month has %d days.", d.day,
                       civil_month_name(d.month), d.year, civil_month_days(d.year, d.month));
    if (weekday >= 0 && weekday != (int)civil_weekday(d))
        return err_set(why, ERR_INPUT, "%d %s %d is a %s, not a %s: which day is meant?", d.day,
                       civil_month_name(d.month), d.year, civil_weekday_name(civil_weekday(d)),
                       weekday_names[weekday]);
    return ERR_OK;
}

enum err civil_parse(const char *typed, struct civil *out, struct err_info *why)
{
    struct civil d;
    size_t year_digits;
    int weekday = -1;
    typed = skip_blanks(typed);
    if (!read_numbers(typed, &d, &year_digits) && !read_words(typed, &d, &year_digits, &weekday))
        return err_set(why, ERR_INPUT,
                       "This is not a day: write it as 19 Apr 2027, 19/4/2027 or 2027-04-19.");
    enum err e = check_day(d, year_digits, weekday, why);
    if (!e)
        *out = d;
    return e;
}

/* ---- instants ---- */

/* 01:00 UTC on the last Sunday of March or October. */
static int64_t change_ms(int year, int month)
{
    return civil_days(civil_last_weekday(year, month, WEEKDAY_SUNDAY)) * day_ms + hour_ms;
}

static bool is_summer(int64_t utc_ms)
{
    int year = civil_of_days(floor_div(utc_ms, day_ms)).year;
    return utc_ms >= change_ms(year, 3) && utc_ms < change_ms(year, 10);
}

struct civil_time civil_time_of(int64_t utc_ms)
{
    int64_t shown_ms = utc_ms + (is_summer(utc_ms) ? hour_ms : 0);
    int64_t days = floor_div(shown_ms, day_ms);
    int second = (int)((shown_ms - days * day_ms) / 1000);
    return (struct civil_time){.day = civil_of_days(days),
                               .hour = second / 3600,
                               .minute = second / 60 % 60,
                               .second = second % 60};
}

int64_t civil_time_utc_ms(struct civil_time t)
{
    int64_t second = ((int64_t)t.hour * 60 + t.minute) * 60 + t.second;
    int64_t winter_ms = civil_days(t.day) * day_ms + second * 1000;
    return is_summer(winter_ms - hour_ms) ? winter_ms - hour_ms : winter_ms;
}

struct civil civil_today(int64_t utc_ms)
{
    return civil_time_of(utc_ms).day;
}

int64_t civil_start_ms(struct civil d)
{
    return civil_time_utc_ms((struct civil_time){.day = d});
}

int64_t civil_end_ms(struct civil d)
{
    return civil_start_ms(civil_add_days(d, 1));
}

int64_t civil_after_hours_ms(int64_t utc_ms, int64_t hours)
{
    return utc_ms + hours * hour_ms;
}

int64_t civil_hours_between(int64_t from_utc_ms, int64_t to_utc_ms)
{
    return (to_utc_ms - from_utc_ms) / hour_ms;
}
