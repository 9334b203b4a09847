#include "server/rules/period.h"

#include <string.h>

struct civil period_today(int64_t utc_ms)
{
    return civil_today(utc_ms);
}

struct civil period_months_before(struct civil d, unsigned months)
{
    return civil_add_months(d, -(int64_t)months);
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
    struct civil d = {number(s, 4), number(s + 5, 2), number(s + 8, 2)};
    return d.year >= 0 && civil_is_real(d);
}

void period_format(struct civil d, char out[11])
{
    civil_format(d, out);
}
