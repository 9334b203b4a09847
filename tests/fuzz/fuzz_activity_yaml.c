/* A site's activities: what is accepted makes a calendar, and only reviews are limits by law. */
#include <stdlib.h>
#include <string.h>

#include "server/content/activity_yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_days(const struct activity *row)
{
    const struct civil from = {2026, 4, 1}, until = {2027, 10, 1};
    struct civil *days = NULL;
    size_t n;
    if (row->rule == ACTIVITY_EVERY && activity_days(row->every, from, until, &days, &n, NULL))
        abort();
    free(days);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct activities base;
    struct activities a;
    struct err_info why = {0};
    if (!base.n && activity_builtin(&base, &why))
        abort();
    if (activity_yaml_parse("fuzz.yaml", data, size, &base, &a, &why)) {
        if (!*why.text || a.n)
            abort();
        return 0;
    }
    if (activities_check(&a, NULL))
        abort();
    for (size_t i = 0; i < a.n; i++) {
        check_days(&a.rows[i]);
        if (a.rows[i].law && (a.rows[i].each != ACTIVITY_EACH_CARER || a.rows[i].months > 12))
            abort();
    }
    activities_fini(&a);
    return 0;
}
