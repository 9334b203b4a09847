#include "server/rules/coverage.h"

#include <criterion/criterion.h>
#include <string.h>

#include "server/content/template_yaml.h"

enum { CYP1 = 1u << COVERAGE_CYP1, CYP2 = 1u << COVERAGE_CYP2, CAR5 = 1u << COVERAGE_CAR5 };
enum { EVERY = (1u << COVERAGE_AREAS) - 1 };

Test(coverage, the_collaborative_audit_touches_all_nine)
{
    struct template *t;
    struct err_info why = {0};
    cr_assert_eq(template_builtin("FCA", &t, &why), ERR_OK, "%s", why.text);
    cr_assert_eq(coverage_of(t), EVERY);
    template_free(t);
    cr_assert_str_eq(coverage_code(COVERAGE_CYP4), "CYP4");
    cr_assert_str_eq(coverage_code(COVERAGE_CAR5), "CAR5");
    cr_assert_str_eq(coverage_title(COVERAGE_CAR4), "staff");
}

static const struct coverage_entry entries[] = {
    {CYP1 | CYP2, {2026, 4, 10}, 1, true,  false},
    {CYP1,        {2026, 4, 30}, 1, false, false},
    {CYP1,        {2026, 5, 29}, 2, true,  false},
    {CAR5,        {2027, 3, 31}, 2, false, false},
    {CYP1,        {2026, 4, 20}, 2, false, true }, /* cancelled */
    {CYP1,        {2026, 3, 31}, 1, true,  false}, /* another year */
    {CYP1,        {2027, 4, 1},  1, true,  false},
};
enum { N = sizeof entries / sizeof *entries };

Test(coverage, done_stands_against_planned_by_area_and_month)
{
    struct coverage c;
    coverage_count(entries, N, 2026, &c);
    cr_assert_eq(c.cell[COVERAGE_CYP1][0].planned, 2u);
    cr_assert_eq(c.cell[COVERAGE_CYP1][0].done, 1u);
    cr_assert_eq(c.cell[COVERAGE_CYP1][1].planned, 1u);
    cr_assert_eq(c.cell[COVERAGE_CYP2][0].planned, 1u);
    cr_assert_eq(c.cell[COVERAGE_CAR5][11].planned, 1u, "March is the last month");
    cr_assert_eq(c.cell[COVERAGE_CAR5][11].done, 0u);
    cr_assert_eq(c.area[COVERAGE_CYP1].planned, 3u);
    cr_assert_eq(c.area[COVERAGE_CYP1].done, 2u);
    cr_assert_eq(c.month[0].planned, 2u, "an audit counts once, whatever it touches");
    cr_assert_eq(c.all.planned, 4u);
    cr_assert_eq(c.all.done, 2u);
}

Test(coverage, areas_are_thin_by_what_should_be_done_by_now)
{
    struct coverage c;
    coverage_count(entries, N, 2026, &c);
    const coverage_set never = EVERY & ~(CYP1 | CYP2 | CAR5);
    cr_assert_eq(coverage_thin(&c, (struct civil){2026, 4, 2}, 80), never | CYP1, "1 of 2");
    cr_assert_eq(coverage_thin(&c, (struct civil){2026, 4, 2}, 50), never);
    cr_assert_eq(coverage_thin(&c, (struct civil){2026, 5, 2}, 60), never, "2 of 3");
    cr_assert_eq(coverage_thin(&c, (struct civil){2027, 3, 1}, 60), never | CAR5, "0 of 1");
    cr_assert_eq(coverage_thin(&c, (struct civil){2026, 3, 1}, 100), never, "not begun");
    cr_assert_eq(coverage_thin(&c, (struct civil){2028, 3, 1}, 100), never | CYP1 | CAR5, "over");
}

Test(coverage, who_is_short_stands_with_the_most_behind_first)
{
    static const struct coverage_entry some[] = {
        {CYP1, {2026, 4, 1}, 7, true,  false},
        {CYP1, {2026, 4, 2}, 7, false, false},
        {CYP1, {2026, 4, 3}, 5, false, false},
        {CYP1, {2026, 4, 4}, 5, false, false},
        {CYP1, {2026, 4, 5}, 6, true,  false},
        {CYP1, {2026, 4, 6}, 4, false, false},
        {CYP1, {2026, 5, 6}, 6, false, false},
        {CYP1, {2025, 4, 6}, 6, false, false},
        {CYP1, {2026, 4, 6}, 0, false, false},
        {CYP1, {2026, 4, 6}, 6, false, true },
    };
    struct coverage_short out[3];
    size_t n = coverage_who_is_short(some, sizeof some / sizeof *some, (struct civil){2026, 4, 20},
                                     out, 3);
    cr_assert_eq(n, 3u);
    cr_assert(out[0].person == 5 && out[0].planned == 2 && out[0].done == 0);
    cr_assert(out[1].person == 4 && out[1].planned == 1 && out[1].done == 0);
    cr_assert(out[2].person == 7 && out[2].planned == 2 && out[2].done == 1);
    n = coverage_who_is_short(some, sizeof some / sizeof *some, (struct civil){2026, 4, 20}, out,
                              1);
    cr_assert_eq(n, 3u, "all are counted");
    cr_assert_eq(out[0].person, 5u);
    cr_assert_eq(coverage_who_is_short(some, sizeof some / sizeof *some,
                                       (struct civil){2026, 4, 20}, NULL, 0),
                 3u);
}

Test(coverage, templates_are_suggested_that_fill_the_gaps)
{
    const coverage_set sets[] = {CYP1, CYP1 | CYP2, CAR5};
    size_t out[3];
    coverage_set left;
    cr_assert_eq(coverage_suggest(CYP1 | CYP2, sets, 3, out, &left), 1u);
    cr_assert_eq(out[0], 1u);
    cr_assert_eq(left, 0u);
    cr_assert_eq(coverage_suggest(CYP1 | CAR5 | 1u << COVERAGE_CAR4, sets, 3, out, &left), 2u);
    cr_assert(out[0] == 0 && out[1] == 2);
    cr_assert_eq(left, 1u << COVERAGE_CAR4);
    cr_assert_eq(coverage_suggest(0, sets, 3, out, &left), 0u);
    cr_assert_eq(coverage_suggest(CYP1, sets, 0, out, &left), 0u);
    cr_assert_eq(left, (coverage_set)CYP1);
}
