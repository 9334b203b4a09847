/* Calendars of other sites: what is read lies where it was asked for and is written again. */
#include <stdlib.h>
#include <string.h>

#include "server/rules/ical.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct civil from = {2026, 4, 1}, until = {2027, 10, 1};
    struct ical_events e;
    struct err_info why = {0};
    if (ical_read("fuzz.ics", data, size, from, until, &e, &why)) {
        if (!*why.text || e.n)
            abort();
        return 0;
    }
    for (size_t i = 0; i < e.n; i++) {
        const struct ical_event *at = &e.at[i];
        bool inside = civil_compare(at->day, from) >= 0 && civil_compare(at->day, until) < 0;
        bool ordered = !i || civil_compare(e.at[i - 1].day, at->day) <= 0;
        if (!*at->uid || !inside || !ordered || strlen(at->summary) > ICAL_MAX_TEXT)
            abort();
    }
    ical_events_fini(&e);
    return 0;
}
