#include "server/rules/period.h"

#include <stdio.h>
#include <string.h>

/* Proleptic Gregorian days since 1970-01-01, in eras of 400 years that begin on 1 March. */
static int64_t days_of(struct civil d)
{
    int64_t y = d.month <= 2 ? d.year - 1 : d.year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year = y - era * 400;
    int64_t day = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;
    return era * 146097 + year * 365 + year / 4 - year / 100 + day - 719468;
}

static struct civil civil_of(int64_t days)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t of_era = z - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t day = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * day + 2) / 153;
    struct civil d = {.day = (int)(day - (153 * month + 2) / 5 + 1),
                      .month = (int)(month < 10 ? month + 3 : month - 9)};
    d.year = (int)(year + era * 400) + (d.month <= 2);
    return d;
}

static const int64_t hour_ms = 3600 * 1000, day_ms = 24 * 3600 * 1000;

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* 01:00 UTC on the last Sunday of March (3) or October (10), both of which have 31 days. */
static int64_t change_ms(int year, int month)
{
    int64_t last = days_of((struct civil){year, month, 31});
    int64_t weekday = ((last + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday; 0 = Sunday */
    return (last - weekday) * day_ms + hour_ms;
}

struct civil period_today(int64_t utc_ms)
{
    int year = civil_of(floor_div(utc_ms, day_ms)).year;
    bool summer = utc_ms >= change_ms(year, 3) && utc_ms < change_ms(year, 10);
    return civil_of(floor_div(utc_ms + (summer ? hour_ms : 0), day_ms));
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

struct civil period_months_before(struct civil d, unsigned months)
{
    int64_t index = (int64_t)d.year * 12 + d.month - 1 - (int64_t)months;
    d.year = (int)floor_div(index, 12);
    d.month = (int)(index - (int64_t)d.year * 12) + 1;
    int most = month_days(d.year, d.month);
    if (d.day > most)
        d.day = most;
    return d;
}

static int number(const char *s, size_t digits)
{
    int n = 0;
    for (size_t i = 0; i < digits; i++) {
        if (s[i] < '0' || s[i] > '9')
            return -1;
        n = n * 10 + s[i] - '0';
    }
    return n;
}

bool period_is_day(const char *s)
{
    if (strlen(s) != 10 || s[4] != '-' || s[7] != '-')
        return false;
    int year = number(s, 4), month = number(s + 5, 2), day = number(s + 8, 2);
    return year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= month_days(year, month);
}

void period_format(struct civil d, char out[11])
{
    unsigned year = d.year < 0 ? 0u : d.year > 9999 ? 9999u : (unsigned)d.year;
    (void)snprintf(out, 11, "%04u-%02u-%02u", year % 10000, (unsigned)d.month % 100,
                   (unsigned)d.day % 100);
}
