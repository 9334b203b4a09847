#include "server/rules/measure_set.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct err_info why;
static const struct civil today = {2026, 11, 24};
static const struct measure_known anything;

static month_no month(const char *s)
{
    month_no m;
    cr_assert_eq(month_parse(s, &m, &why), ERR_OK, "%s", why.text);
    return m;
}

static struct measure_value value(uint64_t id, const char *code, const char *m, const char *team,
                                  struct measure_figure f)
{
    struct measure_value v = {.id = id, .figure = f, .origin = MEASURE_TYPED, .by = 7};
    v.key.measure = measure_find(code);
    v.key.month = month(m);
    (void)snprintf(v.key.team, sizeof v.key.team, "%s", team);
    v.entered_utc_ms = civil_start_ms((struct civil){2026, 10, 5}) + 12 * 3600000;
    return v;
}

static struct measure_figure of(int64_t n, int64_t d) /* below 0: blank */
{
    return (struct measure_figure){n >= 0, d >= 0, n < 0 ? 0 : n, d < 0 ? 0 : d};
}

static void add(struct measure_set *s, struct measure_value v)
{
    cr_assert_eq(measure_set_add(s, &v, 1), ERR_OK);
}

/* ---- what may be added ---- */

Test(measure_set, takes_what_can_be_and_says_what_cannot)
{
    static const char *const teams[] = {"north", "south"}, *const types[] = {"mainstream"};
    const struct measure_known known = {teams, 2, types, 1};
    struct measure_set s = {0};
    struct measure_value v = value(1, "H6", "2026-09", "north", of(12, 14));
    cr_assert_eq(measure_set_check(&s, &v, &known, today, &why), ERR_OK, "%s", why.text);

    v = value(1, "H6", "2026-12", "north", of(12, 14));
    cr_assert_eq(measure_set_check(&s, &v, &known, today, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "Dec 2026 has not begun"), "%s", why.text);
    v = value(1, "H6", "2026-11", "north", of(12, 14));
    cr_assert_eq(measure_set_check(&s, &v, &known, today, &why), ERR_OK);

    v = value(1, "H6", "2026-09", "nroth", of(12, 14));
    cr_assert_eq(measure_set_check(&s, &v, &known, today, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "no team \"nroth\""), "%s", why.text);

    v = value(1, "H6", "2026-09", "", of(12, 14));
    (void)snprintf(v.key.carer_type, sizeof v.key.carer_type, "connected");
    cr_assert_eq(measure_set_check(&s, &v, &known, today, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "no carer type \"connected\""), "%s", why.text);

    v = value(1, "H6", "2026-09", "a\nb", of(12, 14));
    cr_assert_eq(measure_set_check(&s, &v, &anything, today, &why), ERR_INPUT);

    v = value(1, "H6", "2026-09", "", of(15, 14));
    cr_assert_eq(measure_set_check(&s, &v, &known, today, &why), ERR_INPUT);

    v = value(1, "H6", "2026-09", "", of(-1, -1));
    cr_assert_eq(measure_set_check(&s, &v, &known, today, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "at least one number"), "%s", why.text);

    v = value(1, "H6", "2026-09", "", of(12, -1)); /* a blank denominator is a true answer */
    cr_assert_eq(measure_set_check(&s, &v, &known, today, &why), ERR_OK);
}

Test(measure_set, a_computed_measure_is_not_typed)
{
    struct measure_set s = {0};
    struct measure_value v = value(1, "H9", "2026-09", "", of(12, 14));
    cr_assert_eq(measure_set_check(&s, &v, &anything, today, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "computed from the records"), "%s", why.text);
    v.origin = MEASURE_IMPORTED;
    cr_assert_eq(measure_set_check(&s, &v, &anything, today, &why), ERR_INPUT);
    v.origin = MEASURE_FROM_LOG;
    cr_assert_eq(measure_set_check(&s, &v, &anything, today, &why), ERR_OK);
}

Test(measure_set, a_correction_names_what_it_corrects_and_why)
{
    struct measure_set s = {0};
    struct measure_value v = value(1, "H6", "2026-09", "north", of(12, 14));
    add(&s, v);
    v.id = 2;
    v.figure = of(13, 14);
    cr_assert_eq(measure_set_check(&s, &v, &anything, today, &why), ERR_EXISTS);
    cr_assert(strstr(why.text, "12 of 14") && strstr(why.text, "5 Oct 2026"), "%s", why.text);

    v.corrects = 1;
    cr_assert_eq(measure_set_check(&s, &v, &anything, today, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "say why"), "%s", why.text);
    (void)snprintf(v.reason, sizeof v.reason, "one was counted in August");
    cr_assert_eq(measure_set_check(&s, &v, &anything, today, &why), ERR_OK);
    add(&s, v);

    struct measure_value late = v;
    late.id = 3;
    late.figure = of(11, 14);
    cr_assert_eq(measure_set_check(&s, &late, &anything, today, &why), ERR_STALE);
    cr_assert(strstr(why.text, "13 of 14"), "%s", why.text);
    late.corrects = 2;
    late.figure = of(13, 14);
    cr_assert_eq(measure_set_check(&s, &late, &anything, today, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "there already"), "%s", why.text);
    late.figure = of(-1, -1); /* taken back: nobody knows */
    cr_assert_eq(measure_set_check(&s, &late, &anything, today, &why), ERR_OK, "%s", why.text);

    struct measure_value none = value(4, "H6", "2026-08", "north", of(1, 2));
    none.corrects = 1;
    cr_assert_eq(measure_set_check(&s, &none, &anything, today, &why), ERR_STALE);
    measure_set_free(&s);
}

Test(measure_set, keeps_every_value_with_who_and_when)
{
    struct measure_set s = {0};
    struct measure_value v = value(5, "H6", "2026-09", "north", of(12, 14));
    struct measure_value other = value(6, "H6", "2026-09", "south", of(1, 2));
    struct measure_value fixed = v;
    size_t n;
    fixed.id = 9;
    fixed.by = 8;
    fixed.corrects = 5;
    fixed.figure = of(13, 14);
    add(&s, fixed); /* as they come from a store: in any order */
    add(&s, other);
    add(&s, v);
    const struct measure_value *all = measure_set_history(&s, &v.key, &n);
    cr_assert_eq(n, 2);
    cr_assert(all[0].id == 5 && all[0].by == 7 && all[0].figure.n == 12);
    cr_assert(all[1].id == 9 && all[1].by == 8 && all[1].corrects == 5);
    cr_assert_eq(measure_set_current(&s, &v.key)->id, 9);
    cr_assert_eq(measure_set_current(&s, &other.key)->id, 6);
    struct measure_key absent = v.key;
    absent.month++;
    cr_assert_null(measure_set_current(&s, &absent));
    measure_set_free(&s);
}

/* ---- totals ---- */

static struct measure_total total(const struct measure_set *s, const char *code, const char *from,
                                  const char *to, const char *team)
{
    return measure_set_total(s, measure_find(code), month(from), month(to) + 1, team, "");
}

static void check_total(const struct measure_set *s, const char *code, const char *from,
                        const char *to, const char *team, const char *expected)
{
    char words[MEASURE_WORDS_BYTES];
    struct measure_total t = total(s, code, from, to, team);
    measure_say_total(measure_find(code), &t, words);
    cr_assert_str_eq(words, expected, "%s %s-%s %s: %s", code, from, to, team, words);
}

Test(measure_set, months_go_together_as_each_number_allows)
{
    struct measure_set s = {0};
    static const char *const months[] = {"2026-07", "2026-08", "2026-09"};
    for (uint64_t i = 0; i < 3; i++) {
        int64_t k = (int64_t)i;
        add(&s, value(10 + i, "H6", months[i], "", of(4 + k, 10))); /* 4 5 6 of 10 10 10 */
        add(&s,
            value(20 + i, "H10", months[i], "", of(1 + k, 100 + k))); /* 1 2 3 for 102 at last */
        add(&s, value(30 + i, "M4", months[i], "", of(8 - k, -1)));   /* 8 7 6 */
        add(&s, value(40 + i, "M1.leavers", months[i], "", of(2 + k, -1))); /* since April: 4 */
        add(&s, value(50 + i, "H7", months[i], "", of(1, 90)));
        add(&s, value(60 + i, "B4", months[i], "", of(5, 9)));
        add(&s, value(70 + i, "V1", months[i], "", of(100000, 10)));
    }
    check_total(&s, "H6", "2026-07", "2026-09", "", "50 % (15 of 30)");
    check_total(&s, "H10", "2026-07", "2026-09", "",
                "6 (5.9 for every 100 of 102 approved households)");
    check_total(&s, "M4", "2026-07", "2026-09", "", "6");
    check_total(&s, "M1.leavers", "2026-07", "2026-09", "", "4");
    check_total(&s, "V1", "2026-07", "2026-09", "", "\u00a3100.00 (\u00a33000.00 for 30 nights)");
    check_total(&s, "H7", "2026-09", "2026-09", "", "1 % (1 of 90)");
    check_total(&s, "H7", "2026-07", "2026-09", "",
                "not known: placements open at any time in the period of several months cannot be "
                "added up; ask for one month");
    cr_assert(total(&s, "H7", "2026-07", "2026-09", "").figure.has_n); /* endings do add up */
    cr_assert_not(total(&s, "B4", "2026-07", "2026-09", "").figure.has_n);
    measure_set_free(&s);
}

Test(measure_set, a_missing_month_leaves_the_whole_not_known)
{
    struct measure_set s = {0};
    add(&s, value(1, "H6", "2026-07", "", of(4, 10)));
    add(&s, value(2, "H6", "2026-09", "", of(6, 10)));
    check_total(&s, "H6", "2026-07", "2026-09", "", "not known (2 of 3 months are complete)");
    add(&s, value(3, "H6", "2026-08", "", of(0, -1)));
    check_total(&s, "H6", "2026-07", "2026-09", "", "not known (2 of 3 months are complete)");
    check_total(&s, "H6", "2026-08", "2026-08", "", "not known (0 of an unknown number)");
    check_total(&s, "H6", "2026-06", "2026-06", "", "not known");
    measure_set_free(&s);
}

Test(measure_set, the_whole_goes_before_the_sum_of_its_parts)
{
    struct measure_set s = {0};
    add(&s, value(1, "H6", "2026-09", "north", of(4, 10)));
    add(&s, value(2, "H6", "2026-09", "south", of(5, 10)));
    check_total(&s, "H6", "2026-09", "2026-09", "", "45 % (9 of 20)");
    cr_assert(total(&s, "H6", "2026-09", "2026-09", "").summed);
    check_total(&s, "H6", "2026-09", "2026-09", "north", "40 % (4 of 10)");
    add(&s, value(3, "H6", "2026-09", "", of(12, 24))); /* some belong to no team */
    check_total(&s, "H6", "2026-09", "2026-09", "", "50 % (12 of 24)");
    cr_assert_not(total(&s, "H6", "2026-09", "2026-09", "").summed);
    struct measure_value fixed = value(4, "H6", "2026-09", "", of(13, 26));
    fixed.corrects = 3;
    add(&s, fixed);
    check_total(&s, "H6", "2026-09", "2026-09", "", "50 % (13 of 26)");
    measure_set_free(&s);
}

Test(measure_set, carer_types_are_parts_of_a_team)
{
    struct measure_set s = {0};
    struct measure_value a = value(1, "H6", "2026-09", "north", of(4, 10)), b = a;
    (void)snprintf(a.key.carer_type, sizeof a.key.carer_type, "mainstream");
    (void)snprintf(b.key.carer_type, sizeof b.key.carer_type, "connected");
    b.id = 2;
    b.figure = of(1, -1);
    add(&s, a);
    check_total(&s, "H6", "2026-09", "2026-09", "north", "40 % (4 of 10)");
    check_total(&s, "H6", "2026-09", "2026-09", "", "40 % (4 of 10)");
    check_total(&s, "H6", "2026-09", "2026-09", "south", "not known");
    add(&s, b);
    check_total(&s, "H6", "2026-09", "2026-09", "north", "not known (5 of an unknown number)");
    struct measure_total t =
        measure_set_total(&s, a.key.measure, a.key.month, a.key.month + 1, "north", "connected");
    cr_assert(t.figure.has_n && t.figure.n == 1 && !t.figure.has_d && !t.summed);
    measure_set_free(&s);
}
