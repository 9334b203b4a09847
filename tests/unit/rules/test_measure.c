#include "server/rules/measure.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static struct err_info why;

static const struct measure *of(const char *code)
{
    const struct measure *m = measure_find(code);
    cr_assert(m, "%s", code);
    return m;
}

/* ---- the table ---- */

Test(measure, every_measure_of_the_field_is_there)
{
    /* as the field lists them; M1 has a line for each of its counts */
    static const struct {
        const char *code;
        enum measure_source source;
        bool has_d;
    } rows[] = {
        {"M1.households",        MEASURE_ENTERED,  false},
        {"M1.places_approved",   MEASURE_ENTERED,  false},
        {"M1.places_filled",     MEASURE_ENTERED,  false},
        {"M1.places_vacant",     MEASURE_ENTERED,  false},
        {"M1.enquiries",         MEASURE_ENTERED,  false},
        {"M1.applications",      MEASURE_ENTERED,  false},
        {"M1.approvals",         MEASURE_ENTERED,  false},
        {"M1.leavers",           MEASURE_ENTERED,  false},
        {"M1.unplanned_endings", MEASURE_ENTERED,  false},
        {"M1.missing",           MEASURE_ENTERED,  false},
        {"M2",                   MEASURE_ENTERED,  false},
        {"M3",                   MEASURE_ENTERED,  false},
        {"M4",                   MEASURE_ENTERED,  false},
        {"H1",                   MEASURE_ENTERED,  true },
        {"H2",                   MEASURE_ENTERED,  true },
        {"H3",                   MEASURE_ENTERED,  true },
        {"H4",                   MEASURE_ENTERED,  true },
        {"H5",                   MEASURE_ENTERED,  true },
        {"H6",                   MEASURE_ENTERED,  true },
        {"H7",                   MEASURE_ENTERED,  true },
        {"H8",                   MEASURE_COMPUTED, true },
        {"H9",                   MEASURE_COMPUTED, true },
        {"H10",                  MEASURE_ENTERED,  true },
        {"H11",                  MEASURE_ENTERED,  true },
        {"H12",                  MEASURE_ENTERED,  true },
        {"H13",                  MEASURE_ENTERED,  true },
        {"H14",                  MEASURE_ENTERED,  true },
        {"B1",                   MEASURE_ENTERED,  true },
        {"B2",                   MEASURE_ENTERED,  true },
        {"B3",                   MEASURE_COMPUTED, true },
        {"B4",                   MEASURE_ENTERED,  true },
        {"B5",                   MEASURE_ENTERED,  true },
        {"V1",                   MEASURE_ENTERED,  true },
        {"V2",                   MEASURE_ENTERED,  true },
    };
    size_t n, count = sizeof rows / sizeof *rows;
    const struct measure *all = measure_table(&n);
    cr_assert_eq(n, count);
    for (size_t i = 0; i < count; i++) {
        const struct measure *m = of(rows[i].code);
        cr_assert(!strncmp(m->code, "ds.", 3) && !strcmp(m->code + 3, rows[i].code));
        cr_assert_eq(m->source, rows[i].source, "%s", m->code);
        cr_assert_eq(m->d[0] != 0, rows[i].has_d, "%s", m->code);
        cr_assert_eq(m->kind == MEASURE_COUNT, !rows[i].has_d, "%s", m->code);
        cr_assert(m->title[0] && m->n[0] && measure_group_title(m->group)[0] &&
                  measure_span_words(m->n_span)[0]);
        cr_assert_eq(measure_find(m->code), m);
    }
    cr_assert_eq(all, of("ds.m1.HOUSEHOLDS"));
}

Test(measure, an_unknown_code_is_answered_with_a_hint)
{
    const struct measure *m;
    cr_assert_eq(measure_get("H99", &m, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "H99") && strstr(why.text, "ds.H9"), "%s", why.text);
    cr_assert_eq(measure_get("M1", &m, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "ds.M1.households"), "%s", why.text);
    cr_assert_null(measure_find(""));
    cr_assert_null(measure_find("ds"));
    cr_assert_null(measure_find("ds."));
}

/* ---- figures in words ---- */

/* clang-format off */
static const struct {
    const char *code;
    struct measure_figure f;
    enum measure_state state;
    const char *words;
} said[] = {
    {"M2", {true, false, 17, 0}, FIGURE_KNOWN, "17"},
    {"M2", {true, false, 0, 0}, FIGURE_KNOWN, "0"},
    {"M2", {false, false, 0, 0}, FIGURE_NOT_KNOWN, "not known"},
    {"H6", {true, true, 12, 14}, FIGURE_KNOWN, "86 % (12 of 14)"},
    {"H6", {true, true, 1, 8}, FIGURE_KNOWN, "13 % (1 of 8)"}, /* 12.5: half is rounded up */
    {"H6", {true, true, 0, 14}, FIGURE_KNOWN, "0 % (0 of 14)"},
    {"H6", {true, true, 14, 14}, FIGURE_KNOWN, "100 % (14 of 14)"},
    {"H6", {true, true, 1, 400}, FIGURE_KNOWN, "under 1 % (1 of 400)"},
    {"H6", {true, true, 399, 400}, FIGURE_KNOWN, "over 99 % (399 of 400)"},
    {"H6", {true, true, 0, 0}, FIGURE_NOTHING, "nothing to count: no placements that ended"},
    {"H6", {true, false, 12, 0}, FIGURE_NOT_KNOWN, "not known (12 of an unknown number)"},
    {"H6", {true, false, 0, 0}, FIGURE_NOT_KNOWN, "not known (0 of an unknown number)"},
    {"H6", {false, true, 0, 14}, FIGURE_NOT_KNOWN, "not known (an unknown number of 14)"},
    {"H6", {false, false, 0, 0}, FIGURE_NOT_KNOWN, "not known"},
    {"H10", {true, true, 3, 120}, FIGURE_KNOWN, "3 (2.5 for every 100 of 120 approved households)"},
    {"H10", {true, true, 0, 120}, FIGURE_KNOWN, "0 (0.0 for every 100 of 120 approved households)"},
    {"H10", {true, false, 3, 0}, FIGURE_NOT_KNOWN, "not known (3 for an unknown number)"},
    {"H10", {true, true, 0, 0}, FIGURE_NOTHING, "nothing to count: no approved households"},
    {"V1", {true, true, 8125000, 100}, FIGURE_KNOWN, "\u00a3812.50 (\u00a381250.00 for 100 nights)"},
    {"V1", {true, true, 100, 3}, FIGURE_KNOWN, "\u00a30.33 (\u00a31.00 for 3 nights)"},
    {"V1", {true, false, 8125000, 0}, FIGURE_NOT_KNOWN,
     "not known (a known cost for an unknown number)"},
};
/* clang-format on */

Test(measure, says_figures_with_both_numbers_and_blanks_as_not_known)
{
    char words[MEASURE_WORDS_BYTES];
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        cr_assert_eq(measure_state(of(said[i].code), said[i].f), said[i].state, "row %zu", i);
        measure_say(of(said[i].code), said[i].f, words);
        cr_assert_str_eq(words, said[i].words, "row %zu: %s", i, words);
    }
}

Test(measure, computes_rates)
{
    cr_assert(fabs(measure_rate(of("M2"), (struct measure_figure){true, false, 17, 0}) - 17) <
              1e-9);
    cr_assert(fabs(measure_rate(of("H6"), (struct measure_figure){true, true, 3, 4}) - .75) < 1e-9);
    cr_assert(fabs(measure_rate(of("V1"), (struct measure_figure){true, true, 900, 4}) - 2.25) <
              1e-9);
}

/* ---- typed numbers ---- */

/* clang-format off */
static const struct {
    const char *code;
    bool is_n;
    const char *typed;
    bool good, has;
    int64_t value;
} typed[] = {
    {"H6", true, "12", true, true, 12},
    {"H6", true, " 12 ", true, true, 12},
    {"H6", true, "0", true, true, 0},
    {"H6", true, "1,204", true, true, 1204},
    {"H6", true, "1 204 500", true, true, 1204500},
    {"H6", true, "", true, false, 0},
    {"H6", true, "-", true, false, 0},
    {"H6", true, "Not known", true, false, 0},
    {"H6", true, "12.5", false, false, 0},
    {"H6", true, "12.0", false, false, 0},
    {"H6", true, "-3", false, false, 0},
    {"H6", true, "12 %", false, false, 0},
    {"H6", true, "1,2", false, false, 0},
    {"H6", true, "12,34,567", false, false, 0},
    {"H6", true, "1234,567", false, false, 0},
    {"H6", true, "twelve", false, false, 0},
    {"H6", true, "99999999999999999999999", false, false, 0},
    {"V1", true, "812.50", true, true, 81250},
    {"V1", true, "\u00a31,812.5", true, true, 181250},
    {"V1", true, "812", true, true, 81200},
    {"V1", true, "812.505", false, false, 0},
    {"V1", true, "812.", false, false, 0},
    {"V1", true, "\u00a3", false, false, 0},
    {"V1", false, "30.5", false, false, 0}, /* nights are whole */
    {"V1", false, "30", true, true, 30},
};
/* clang-format on */

Test(measure, reads_numbers_as_people_type_them)
{
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        bool has;
        int64_t value;
        why.text[0] = 0;
        enum err e = measure_parse_number(of(typed[i].code), typed[i].is_n, typed[i].typed, &has,
                                          &value, &why);
        cr_assert_eq(e, typed[i].good ? ERR_OK : ERR_INPUT, "row %zu: %s", i, why.text);
        cr_assert_eq(has, typed[i].has, "row %zu", i);
        cr_assert_eq(value, typed[i].value, "row %zu: %lld", i, (long long)value);
        cr_assert(typed[i].good || strstr(why.text, typed[i].typed), "row %zu: %s", i, why.text);
    }
}

Test(measure, refuses_numbers_that_cannot_be)
{
    static const struct {
        const char *code;
        struct measure_figure f;
        const char *says; /* NULL: it can be */
    } rows[] = {
        {"H6",  {true, true, 12, 14},        NULL                     },
        {"H6",  {true, true, 14, 14},        NULL                     },
        {"H6",  {true, true, 15, 14},        "15 cannot be part of 14"},
        {"H6",  {true, false, 15, 0},        NULL                     },
        {"H6",  {true, true, -1, 14},        "below 0"                },
        {"H10", {true, true, 15, 14},        NULL                     },
        {"M2",  {true, true, 15, 20},        "plain count"            },
        {"M2",  {true, false, 15, 0},        NULL                     },
        {"V1",  {true, true, 90000, 3},      NULL                     },
        {"M2",  {true, false, INT64_MAX, 0}, "too large"              },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum err e = measure_check_figure(of(rows[i].code), rows[i].f, &why);
        cr_assert_eq(e, rows[i].says ? ERR_INPUT : ERR_OK, "row %zu", i);
        cr_assert(!rows[i].says || strstr(why.text, rows[i].says), "row %zu: %s", i, why.text);
    }
}

Test(measure, a_sentence_stays_one_line_whatever_was_typed)
{
    static const struct {
        const char *typed, *quoted;
    } rows[] = {
        {"12.5",                                      "12.5"                                    },
        {"caf\u00e9",                                 "caf\u00e9"                               },
        {"1\n2",                                      "this text"                               },
        {"\x1b[2J",                                   "this text"                               },
        {"0123456789012345678901234567890123456789",  "0123456789012345678901234567890123456789"},
        {"01234567890123456789012345678901234567890", "this text"                               },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_str_eq(measure_quote(rows[i].typed), rows[i].quoted);
}

/* ---- months ---- */

Test(measure, reads_months_as_people_write_them)
{
    static const struct {
        const char *typed;
        bool good;
        const char *formatted;
    } rows[] = {
        {"2026-09",        true,  "2026-09"},
        {"09/2026",        true,  "2026-09"},
        {"9/2026",         true,  "2026-09"},
        {"Sep 2026",       true,  "2026-09"},
        {"september 2026", true,  "2026-09"},
        {"2026-12",        true,  "2026-12"},
        {"Jan 2000",       true,  "2000-01"},
        {"2026-13",        false, ""       },
        {"2026-00",        false, ""       },
        {"13/2026",        false, ""       },
        {"2026-09-01",     false, ""       },
        {"2026",           false, ""       },
        {"Sept 2026",      false, ""       },
        {"Sep 26",         false, ""       },
        {"1999-12",        false, ""       },
        {"9999-12",        false, ""       },
        {"",               false, ""       },
        {"Sep",            false, ""       },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        month_no m;
        char out[8];
        why.text[0] = 0;
        enum err e = month_parse(rows[i].typed, &m, &why);
        cr_assert_eq(e, rows[i].good ? ERR_OK : ERR_INPUT, "%s", rows[i].typed);
        if (e) {
            cr_assert(*why.text);
            continue;
        }
        month_format(m, out);
        cr_assert_str_eq(out, rows[i].formatted);
    }
    char said_month[16];
    month_say(month_of((struct civil){2026, 9, 30}), said_month);
    cr_assert_str_eq(said_month, "Sep 2026");
}
