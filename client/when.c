#include "client/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/audit/field.h"

/* strptime takes the 31st of every month. */
static bool is_day(const struct tm *tm)
{
    struct tm noon = *tm;
    noon.tm_hour = 12;
    noon.tm_isdst = 0;
    return timegm(&noon) != (time_t)-1 && noon.tm_mday == tm->tm_mday && noon.tm_mon == tm->tm_mon;
}

bool when_date(const char *s, char out[16])
{
    char iso[16];
    struct tm tm = {0};
    if (field_date_typed(s, iso))
        s = iso;
    const char *end = strptime(s, "%Y-%m-%d", &tm);
    if (!end || *end || strlen(s) != 10 || !is_day(&tm))
        return false;
    (void)snprintf(out, 16, "%s", s);
    return true;
}

/* Reads "09:30", "09:30:15", with Z or without; NULL: it is none. */
static const char *read_clock(const char *s, struct tm *tm, bool *utc)
{
    const char *end = strptime(s, "%H:%M:%S", tm);
    if (!end)
        end = strptime(s, "%H:%M", tm);
    *utc = end && *end == 'Z';
    return end && *utc ? end + 1 : end;
}

static bool as_clock_of_today(const char *s, int64_t now_utc_ms, struct tm *tm, bool *utc)
{
    time_t now = (time_t)(now_utc_ms / 1000);
    if (!strchr(s, ':') || strchr(s, '-') || !localtime_r(&now, tm))
        return false;
    tm->tm_sec = 0;
    const char *end = read_clock(s, tm, utc);
    return end && !*end;
}

bool when_moment(const char *s, enum when_day day, int64_t now_utc_ms, int64_t *utc_ms)
{
    char date[16];
    struct tm tm = {0};
    bool utc = false, whole_day = false;
    size_t len = strcspn(s, "T ");
    if (!as_clock_of_today(s, now_utc_ms, &tm, &utc)) {
        char first[32];
        tm = (struct tm){0};
        utc = false;
        whole_day = !s[len];
        (void)snprintf(first, sizeof first, "%.*s", (int)(len < 31 ? len : 31), s);
        if (!when_date(first, date) || !strptime(date, "%Y-%m-%d", &tm))
            return false;
        const char *end = whole_day ? "" : read_clock(s + len + 1, &tm, &utc);
        if (!end || *end)
            return false;
    }
    if (whole_day && day == WHEN_DAY_ENDS)
        tm.tm_mday++; /* its last moment: one millisecond before the next day */
    tm.tm_isdst = -1;
    time_t t = utc ? timegm(&tm) : mktime(&tm);
    *utc_ms = (int64_t)t * 1000 - (whole_day && day == WHEN_DAY_ENDS ? 1 : 0);
    return t != (time_t)-1;
}

bool when_until(const char *s, int64_t now_utc_ms, int64_t *utc_ms)
{
    enum { MOST_HOURS = 100000 };
    char *end;
    unsigned long hours = strtoul(s, &end, 10);
    if (*s >= '0' && *s <= '9' && (*end == 'h' || *end == 'H') && !end[1] && hours <= MOST_HOURS) {
        *utc_ms = now_utc_ms + (int64_t)hours * 3600 * 1000;
        return hours > 0;
    }
    return when_moment(s, WHEN_DAY_ENDS, now_utc_ms, utc_ms);
}

bool when_point(const char *s, uint64_t *seq, int64_t *utc_ms)
{
    char *end;
    unsigned long long n = strtoull(s, &end, 10);
    *seq = 0;
    *utc_ms = 0;
    if (*s >= '0' && *s <= '9' && !*end && n) {
        *seq = n;
        return true;
    }
    return when_moment(s, WHEN_DAY_ENDS, (int64_t)time(NULL) * 1000, utc_ms);
}
