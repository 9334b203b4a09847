#include "server/rules/sample.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CARERS = 60 };

static char refs[CARERS][8];
static struct sample_carer carers[CARERS];

/* Teams North and South in turn; nobody was looked at yet. */
static void begin(void)
{
    for (unsigned i = 0; i < CARERS; i++) {
        (void)snprintf(refs[i], sizeof refs[i], "C-%02u", i);
        carers[i] = (struct sample_carer){.ref = refs[i], .team = i % 2 ? "South" : "North"};
    }
}

static const struct sample_order order = {
    .team = "North", .day = {2027, 4, 30},
         .avoid_months = 12, .count = 2, .seed = 123456789
};

Test(sample, the_same_seed_draws_the_same_in_any_order, .init = begin)
{
    size_t first[2], again[2];
    const char *drawn[2];
    cr_assert_eq(sample_draw(carers, CARERS, &order, first).n, 2u);
    for (size_t i = 0; i < 2; i++)
        drawn[i] = carers[first[i]].ref;
    for (size_t i = 0; i < CARERS / 2; i++) { /* turned round */
        struct sample_carer c = carers[i];
        carers[i] = carers[CARERS - 1 - i];
        carers[CARERS - 1 - i] = c;
    }
    cr_assert_eq(sample_draw(carers, CARERS, &order, again).n, 2u);
    for (size_t i = 0; i < 2; i++)
        cr_assert_str_eq(carers[again[i]].ref, drawn[i]);
}

Test(sample, everybody_has_the_same_chance, .init = begin)
{
    size_t times[CARERS] = {0}, picks[2];
    struct sample_order o = order;
    for (o.seed = 0; o.seed < 3000; o.seed++) {
        struct sample_result r = sample_draw(carers, CARERS, &o, picks);
        cr_assert_eq(r.n, 2u);
        cr_assert_eq(r.eligible, 30u);
        cr_assert_neq(picks[0], picks[1], "nobody twice");
        for (size_t i = 0; i < 2; i++)
            times[picks[i]]++;
    }
    /* 6000 draws among 30: 200 each, deviation 13.9; five of them are no accident */
    for (size_t i = 0; i < CARERS; i++)
        if (i % 2)
            cr_assert_eq(times[i], 0u, "another team");
        else
            cr_assert(times[i] > 130 && times[i] < 270, "%s %zu", refs[i], times[i]);
}

Test(sample, a_year_of_months_repeats_nobody, .init = begin)
{
    struct sample_order o = order;
    for (unsigned month = 0; month < 15; month++) { /* 30 of North, two a month */
        size_t picks[2];
        o.day = civil_month_end(civil_add_months((struct civil){2027, 4, 1}, month));
        o.seed = 99 + month;
        struct sample_result r = sample_draw(carers, CARERS, &o, picks);
        cr_assert_eq(r.n, 2u, "month %u", month);
        for (size_t i = 0; i < r.n; i++) {
            struct civil *at = &carers[picks[i]].looked_at;
            cr_assert(!at->year || civil_compare(civil_add_months(*at, 12), o.day) <= 0);
            *at = o.day;
        }
    }
}

Test(sample, twelve_months_to_the_day, .init = begin)
{
    size_t picks[30];
    struct sample_order o = order;
    o.count = 30;
    carers[0].looked_at = (struct civil){2026, 4, 30};
    cr_assert_eq(sample_draw(carers, CARERS, &o, picks).n, 30u);
    carers[0].looked_at = (struct civil){2026, 5, 1};
    cr_assert_eq(sample_draw(carers, CARERS, &o, picks).n, 29u);
}

Test(sample, too_few_are_said_and_nobody_is_repeated, .init = begin)
{
    size_t picks[2] = {0};
    char said[200];
    for (size_t i = 0; i < CARERS; i++)
        if (i != 4)
            carers[i].looked_at = (struct civil){2027, 1, 15};
    struct sample_result r = sample_draw(carers, CARERS, &order, picks);
    cr_assert_eq(r.n, 1u);
    cr_assert_eq(picks[0], 4u);
    cr_assert_eq(r.short_by, 1u);
    cr_assert_eq(r.avoided, 29u);
    sample_say(&order, &r, said, sizeof said);
    cr_assert_str_eq(said, "1 of 1 carers' records, drawn with seed 00000000075bcd15; 1 too few "
                           "are left: 29 were looked at within 12 months. Choose others by hand, "
                           "or agree a lower number.");
}

Test(sample, carers_of_another_time_are_not_drawn, .init = begin)
{
    size_t picks[CARERS];
    struct sample_order o = order;
    o.team = "";
    o.count = CARERS;
    carers[0].ended = (struct civil){2027, 4, 29};
    carers[1].ended = (struct civil){2027, 4, 30};
    carers[2].approved = (struct civil){2027, 5, 1};
    carers[3].approved = (struct civil){2027, 4, 30};
    struct sample_result r = sample_draw(carers, CARERS, &o, picks);
    cr_assert_eq(r.n, (size_t)CARERS - 2);
    for (size_t i = 0; i < r.n; i++)
        cr_assert(picks[i] != 0 && picks[i] != 2);
    o.count = 0;
    cr_assert_eq(sample_draw(carers, CARERS, &o, picks).n, 0u);
}

Test(sample, a_seed_can_be_typed_again)
{
    char text[SAMPLE_SEED_BYTES];
    uint64_t seed = 0;
    sample_seed_text(UINT64_C(0xfedcba9876543210), text);
    cr_assert_str_eq(text, "fedcba9876543210");
    cr_assert(sample_seed_parse(text, &seed));
    cr_assert_eq(seed, UINT64_C(0xfedcba9876543210));
    cr_assert_not(sample_seed_parse("fedcba987654321", &seed));
    cr_assert_not(sample_seed_parse("fedcba987654321g", &seed));
    cr_assert_not(sample_seed_parse("-edcba9876543210", &seed));
}
