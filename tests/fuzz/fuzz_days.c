/* Days as people type them: what is read is a day that there is, and reads back from its words. */
#include <stdlib.h>
#include <string.h>

#include "server/rules/workday.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_day(struct civil d)
{
    char words[3][16];
    struct civil back;
    if (!civil_is_real(d) || d.year < CIVIL_YEAR_FIRST || d.year > CIVIL_YEAR_LAST)
        abort();
    civil_format(d, words[0]);
    civil_say(d, words[1]);
    civil_say_weekday(d, words[2]);
    for (size_t i = 0; i < 3; i++)
        if (civil_parse(words[i], &back, NULL) || civil_compare(back, d))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct holidays whole;
    struct holidays h;
    struct civil d;
    struct holiday_override o;
    struct err_info why = {0};
    char *typed = strndup((const char *)data, size);
    if (!whole.n)
        holidays_init(&whole);
    h = whole;
    enum err e = civil_parse(typed, &d, &why);
    if (!e)
        check_day(d);
    else if (!*why.text)
        abort();
    if (!holiday_override_parse(typed, &o, &why)) {
        check_day(o.day);
        if (!holidays_change(&h, &o, &why) && workday_is(&h, o.day) == (o.change == HOLIDAY_ADDED))
            abort();
    }
    free(typed);
    return 0;
}
