#include "server/rules/measure_import.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/leaks.h"

static struct err_info why;

static struct import_options options(void)
{
    return (struct import_options){
        .map = "",
        .reason = "",
        .today = {2026, 11, 24},
        .now_utc_ms = 1795510800000,
        .by = 7,
        .file = "return.csv",
        .next_id = 100,
    };
}

static enum err import(const struct measure_set *s, const char *file,
                       const struct import_options *o, struct import_result *out)
{
    struct csv c;
    cr_assert_eq(csv_read(file, strlen(file), &csv_limits_default, &c, &why), ERR_OK, "%s",
                 why.text);
    why.text[0] = 0;
    enum err e = measure_import(s, &c, o, out, &why);
    csv_free(&c);
    return e;
}

#define HEAD "measure,month,team,n,d\n"

Test(measure_import, takes_every_row_with_its_origin)
{
    struct measure_set s = {0};
    struct import_options o = options();
    struct import_result r;
    cr_assert_eq(import(&s,
                        HEAD "ds.H6,2026-09,north,12,14\n"
                             "h6,Sep 2026,south,3,\n" /* the denominator is not known */
                             "\n"
                             "V1,09/2026,,\"\u00a381,250.00\",100\n",
                        &o, &r),
                 ERR_OK, "%s", why.text);
    cr_assert(r.n == 3 && r.rows == 3 && r.nfaults == 0 && r.unchanged == 0 && r.corrected == 0);
    const struct measure_value *v = r.values;
    cr_assert_str_eq(v[0].key.measure->code, "ds.H6");
    cr_assert_str_eq(v[0].key.team, "north");
    cr_assert(v[0].figure.has_n && v[0].figure.n == 12 && v[0].figure.has_d && v[0].figure.d == 14);
    cr_assert(v[0].id == 100 && v[0].by == 7 && v[0].entered_utc_ms == 1795510800000);
    cr_assert(v[0].origin == MEASURE_IMPORTED && !strcmp(v[0].origin_name, "return.csv"));
    cr_assert(v[1].id == 101 && v[1].figure.has_n && !v[1].figure.has_d);
    cr_assert_eq(v[1].key.month, v[0].key.month);
    cr_assert(v[2].id == 102 && v[2].figure.n == 8125000 && v[2].figure.d == 100);
    import_result_free(&r);
}

/* ---- columns ---- */

Test(measure_import, finds_columns_by_heading_or_by_the_map)
{
    /* clang-format off */
    static const struct {
        const char *map, *file;
        const char *says; /* "": it is read, as 12 of 14 */
    } rows[] = {
        {"", "Code;Period;Numerator;Denominator\nH6;2026-09;12;14\n", ""},
        {"", " MEASURE , Month ,n,d\nH6,2026-09,12,14\n", ""},
        {"n=Met; d=Of all", "measure,month,Of all,Met\nH6,2026-09,14,12\n", ""},
        {"measure=A;month=B;n=D;d=C", "w,x,y,z\nH6,2026-09,14,12\n", ""},
        {"n=X", HEAD "H6,2026-09,,12,14\n", "names for n is not in the first row"},
        {"n", HEAD "H6,2026-09,,12,14\n", "mapping is written as"},
        {"colour=red", HEAD "H6,2026-09,,12,14\n", "mapping is written as"},
        {"n=", HEAD "H6,2026-09,,12,14\n", "mapping is written as"},
        {"n=d", HEAD "H6,2026-09,,12,14\n", "same column"},
        {"", "measure,n,d\nH6,12,14\n", "no column holds the month"},
        {"", "H6,2026-09,12,14\n", "no column holds the measure"},
        {"", "", "empty"},
    };
    /* clang-format on */
    struct measure_set s = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct import_options o = options();
        struct import_result r;
        o.map = rows[i].map;
        enum err e = import(&s, rows[i].file, &o, &r);
        cr_assert_eq(e, *rows[i].says ? ERR_INPUT : ERR_OK, "row %zu: %s", i, why.text);
        cr_assert(strstr(why.text, rows[i].says), "row %zu: %s", i, why.text);
        cr_assert(e ? r.n == 0
                    : r.n == 1 && r.values[0].figure.n == 12 && r.values[0].figure.d == 14,
                  "row %zu", i);
        import_result_free(&r);
    }
    CHECK_NO_LEAKS();
}

/* ---- faults ---- */

#define BAD                                                                                        \
    HEAD "H6,2026-09,north,12,14\n"     /* 2 good */                                               \
         "H99,2026-13,north,12,14\n"    /* 3 measure and month */                                  \
         "H6,2026-09,south,15,14\n"     /* 4 more than all */                                      \
         "H9,2026-09,north,12,14\n"     /* 5 computed */                                           \
         "H6,2026-09,north,13,14\n"     /* 6 as row 2 */                                           \
         "H6,2026-08,north,12.5,many\n" /* 7 both numbers */                                       \
         "H6,2026-08\n"                 /* 8 cells are missing */                                  \
         "H6,2026-12,north,1,2\n"       /* 9 to come */                                            \
         "H6,2026-07,nroth,1,2\n"       /* 10 no such team */                                      \
         "H6,2026-07,south,1,2\n"       /* 11 good */

static const struct {
    size_t row, column;
    const char *says;
} faults[] = {
    {3,  0,                "row 3, column A (measure): there is no measure \"H99\""},
    {3,  1,                "row 3, column B (month): \"2026-13\" is not a month"   },
    {4,  IMPORT_NO_COLUMN, "row 4: 15 cannot be part of 14"                        },
    {5,  IMPORT_NO_COLUMN, "row 5: ds.H9"                                          },
    {6,  IMPORT_NO_COLUMN, "row 6: row 2 is about the same"                        },
    {7,  3,                "row 7, column D (n): \"12.5\""                         },
    {7,  4,                "row 7, column E (d): \"many\""                         },
    {8,  IMPORT_NO_COLUMN, "row 8: it has 2 columns, the first row names 5"        },
    {9,  IMPORT_NO_COLUMN, "row 9: Dec 2026 has not begun"                         },
    {10, IMPORT_NO_COLUMN, "row 10: there is no team \"nroth\""                    },
};
enum { FAULTS = sizeof faults / sizeof *faults };
static const char *const teams[] = {"north", "south"};

static void check_faults(const struct import_result *r)
{
    cr_assert_eq(r->nfaults, FAULTS, "%zu", r->nfaults);
    for (size_t i = 0; i < FAULTS; i++) {
        cr_assert_eq(r->faults[i].row, faults[i].row, "%s", r->faults[i].text);
        cr_assert_eq(r->faults[i].column, faults[i].column, "%s", r->faults[i].text);
        cr_assert_eq(strncmp(r->faults[i].text, faults[i].says, strlen(faults[i].says)), 0, "%s",
                     r->faults[i].text);
    }
}

Test(measure_import, one_bad_row_and_nothing_is_imported)
{
    struct measure_set s = {0};
    struct import_options o = options();
    struct import_result r;
    o.known = (struct measure_known){.teams = teams, .nteams = 2};
    cr_assert_eq(import(&s, BAD, &o, &r), ERR_INPUT);
    cr_assert(r.n == 0 && r.corrected == 0 && r.rows == 10);
    cr_assert(strstr(why.text, "nothing was imported; 10 things need to change, first row 3"), "%s",
              why.text);
    check_faults(&r);
    import_result_free(&r);
    CHECK_NO_LEAKS();
}

Test(measure_import, bad_rows_are_left_out_and_listed_only_if_asked)
{
    struct measure_set s = {0};
    struct import_options o = options();
    struct import_result r;
    o.known = (struct measure_known){.teams = teams, .nteams = 2};
    o.skip_bad = true;
    cr_assert_eq(import(&s, BAD, &o, &r), ERR_OK, "%s", why.text);
    check_faults(&r);
    cr_assert(r.n == 2 && r.values[0].figure.n == 12 && r.values[1].figure.n == 1);
    cr_assert(r.values[0].id == 100 && r.values[1].id == 101);
    import_result_free(&r);
    CHECK_NO_LEAKS();
}

Test(measure_import, counts_all_faults_and_keeps_the_first)
{
    struct measure_set s = {0};
    struct import_options o = options();
    struct import_result r;
    struct buf file = BUF_INIT;
    buf_append_str(&file, HEAD);
    for (int i = 0; i < 250; i++)
        buf_append_str(&file, "H6,lately,north,1,2\n");
    cr_assert_eq(import(&s, buf_cstr(&file), &o, &r), ERR_INPUT);
    cr_assert(r.nfaults == 250 && r.faults[0].row == 2);
    cr_assert(r.faults[IMPORT_MOST_FAULTS - 1].row == IMPORT_MOST_FAULTS + 1);
    import_result_free(&r);
    buf_free(&file);
}

/* ---- what is there already ---- */

Test(measure_import, the_same_file_again_changes_nothing)
{
    struct measure_set s = {0};
    struct import_options o = options();
    struct import_result r;
    const char *file = HEAD "H6,2026-09,north,12,14\nH6,2026-09,south,3,\n";
    cr_assert_eq(import(&s, file, &o, &r), ERR_OK);
    cr_assert_eq(measure_set_add(&s, r.values, r.n), ERR_OK);
    import_result_free(&r);
    cr_assert_eq(import(&s, file, &o, &r), ERR_OK, "%s", why.text);
    cr_assert(r.n == 0 && r.unchanged == 2 && r.nfaults == 0);
    import_result_free(&r);
    measure_set_free(&s);
}

Test(measure_import, another_number_needs_a_reason_to_correct)
{
    struct measure_set s = {0};
    struct import_options o = options();
    struct import_result r;
    cr_assert_eq(import(&s, HEAD "H6,2026-09,north,12,14\n", &o, &r), ERR_OK);
    cr_assert_eq(measure_set_add(&s, r.values, r.n), ERR_OK);
    import_result_free(&r);

    o.next_id = 200;
    cr_assert_eq(import(&s, HEAD "H6,2026-09,north,13,14\n", &o, &r), ERR_INPUT);
    cr_assert(strstr(why.text, "1 thing needs") && strstr(why.text, "12 of 14"), "%s", why.text);
    import_result_free(&r);
    o.reason = "counted again";
    cr_assert_eq(import(&s, HEAD "H6,2026-09,north,13,14\nH6,2026-08,north,1,2\n", &o, &r), ERR_OK,
                 "%s", why.text);
    cr_assert(r.n == 2 && r.corrected == 1);
    cr_assert(r.values[0].corrects == 100 && !strcmp(r.values[0].reason, "counted again"));
    cr_assert(r.values[1].corrects == 0 && r.values[1].id == 201);
    import_result_free(&r);

    /* a file that says both, what is there and something else */
    cr_assert_eq(import(&s, HEAD "H6,2026-09,north,12,14\nH6,2026-09,north,13,14\n", &o, &r),
                 ERR_INPUT);
    cr_assert(strstr(why.text, "row 3: row 2 is about the same"), "%s", why.text);
    import_result_free(&r);
    measure_set_free(&s);
    CHECK_NO_LEAKS();
}
