/* Files of figures: what is taken over could be typed as well, all that is not is said. */
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"
#include "server/rules/measure_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct civil today = {2026, 11, 24};

static void check_said(const char *s)
{
    if (!*s || utf8_check_text(s, strlen(s), false, NULL))
        abort();
}

static void check_result(const struct measure_set *s, const struct import_options *o,
                         const struct import_result *r)
{
    char words[MEASURE_WORDS_BYTES];
    if (r->n + r->unchanged > r->rows || r->corrected > r->n)
        abort();
    for (size_t i = 0; i < r->n; i++) {
        const struct measure_value *v = &r->values[i];
        if (v->id != o->next_id + i || measure_set_check(s, v, &o->known, today, NULL))
            abort();
        measure_say(v->key.measure, v->figure, words);
        check_said(words);
    }
    for (size_t i = 0; i < r->nfaults && i < IMPORT_MOST_FAULTS; i++)
        check_said(r->faults[i].text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const teams[] = {"north", "south"};
    struct measure_set s = {0};
    struct import_options o = {
        .map = "",
        .reason = "",
        .today = today,
        .by = 1,
        .file = "f",
        .next_id = 5,
        .known = {.teams = teams, .nteams = 2}
    };
    struct measure_value there = {
        .id = 1, .figure = {true, true, 12, 14},
             .by = 2
    };
    struct import_result r;
    struct err_info why = {0};
    struct csv c;
    there.key.measure = measure_find("H6");
    there.key.month = month_of(today);
    if (size < 2 || csv_read(data + 2, size - 2, &csv_limits_default, &c, NULL))
        return 0;
    o.skip_bad = data[0] & 1;
    o.reason = data[0] & 2 ? "counted again" : "";
    o.map = data[0] & 4 ? "n=E;d=F" : "";
    if (measure_set_add(&s, &there, 1))
        abort();
    if (measure_import(&s, &c, &o, &r, &why)) {
        check_said(why.text);
        if (r.n)
            abort();
    }
    check_result(&s, &o, &r);
    import_result_free(&r);
    csv_free(&c);
    measure_set_free(&s);
    return 0;
}
