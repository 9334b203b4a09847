/* Ten years of a large service: what generating promises, after every step of a random life. */

#include "server/rules/calendar.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/calendar_make.h"
#include "tests/lib/leaks.h"

enum { YEARS = 10 };

/* What was there before: by number, which stays. */
struct seen {
    char uid[OCCURRENCE_UID_BYTES];
    struct civil limit, first_planned, planned, ended;
    enum occurrence_end end;
    bool moved;
};

struct memory {
    struct seen *at;
    size_t n;
};

static void remember(struct memory *m, const struct calendar *c)
{
    m->at = realloc(m->at, (c->n + 1) * sizeof *m->at);
    cr_assert_not_null(m->at);
    for (size_t i = 0; i < c->n; i++) {
        const struct occurrence *o = &c->at[i];
        struct seen *s = &m->at[i];
        if (i >= m->n)
            occurrence_uid(o, s->uid);
        *s = (struct seen){.limit = o->limit,
                           .first_planned = o->first_planned,
                           .planned = o->planned,
                           .ended = o->ended,
                           .end = o->end,
                           .moved = o->moved};
        occurrence_uid(o, s->uid);
    }
    m->n = c->n;
}

static bool by_somebody(enum occurrence_end end)
{
    return end == OCCURRENCE_ENDED_HELD || end == OCCURRENCE_ENDED_MISSED ||
           end == OCCURRENCE_ENDED_CANCELLED;
}

static void nothing_is_lost(const struct memory *m, const struct calendar *c, uint64_t seed)
{
    cr_assert_geq(c->n, m->n, "seed %llu", (unsigned long long)seed);
    for (size_t i = 0; i < m->n; i++) {
        const struct seen *s = &m->at[i];
        const struct occurrence *o = &c->at[i];
        char uid[OCCURRENCE_UID_BYTES];
        occurrence_uid(o, uid);
        cr_assert_str_eq(uid, s->uid, "seed %llu", (unsigned long long)seed);
        cr_assert(!civil_compare(o->limit, s->limit) &&
                      !civil_compare(o->first_planned, s->first_planned),
                  "%s: a limit has moved, seed %llu", uid, (unsigned long long)seed);
        if (by_somebody(s->end))
            cr_assert(o->end == s->end && !civil_compare(o->ended, s->ended) &&
                          !civil_compare(o->planned, s->planned),
                      "%s has changed, seed %llu", uid, (unsigned long long)seed);
        if (s->moved)
            cr_assert_eq(civil_compare(o->planned, s->planned), 0, "%s was moved, seed %llu", uid,
                         (unsigned long long)seed);
    }
}

static int by_uid(const void *a, const void *b)
{
    return strcmp(((const struct seen *)a)->uid, ((const struct seen *)b)->uid);
}

static void nothing_is_doubled(const struct calendar *c, uint64_t seed)
{
    struct memory all = {0};
    remember(&all, c);
    qsort(all.at, all.n, sizeof *all.at, by_uid);
    for (size_t i = 1; i < all.n; i++)
        cr_assert_neq(strcmp(all.at[i - 1].uid, all.at[i].uid), 0, "%s twice, seed %llu",
                      all.at[i].uid, (unsigned long long)seed);
    free(all.at);
}

static void plans_are_in_time(const struct service *s, uint64_t seed)
{
    for (size_t i = 0; i < s->calendar.n; i++) {
        const struct occurrence *o = &s->calendar.at[i];
        bool own = !o->moved;
        cr_assert(!own || civil_compare(o->planned, o->limit) <= 0, "seed %llu",
                  (unsigned long long)seed);
        cr_assert(!own || o->end != OCCURRENCE_OPEN || workday_is(&s->holidays, o->planned),
                  "seed %llu", (unsigned long long)seed);
    }
}

/* What follows the one that was held counts from that day; a review's limit is 12 months on. */
static void chains_hold(const struct service *s, uint64_t seed)
{
    for (size_t i = 0; i < s->calendar.n; i++) {
        const struct occurrence *o = &s->calendar.at[i];
        int64_t months = o->law ? 12 : 2;
        if (!o->chain || o->prepares)
            continue;
        cr_assert_eq(civil_compare(o->limit, civil_add_months(o->base, months)), 0);
        if (o->position == 1)
            continue;
        struct occurrence before = *o;
        before.position--;
        size_t last = calendar_find(&s->calendar, &before);
        cr_assert_neq(last, SIZE_MAX, "the chain to what came before, seed %llu",
                      (unsigned long long)seed);
        const struct occurrence *p = &s->calendar.at[last];
        cr_assert_neq(p->end, OCCURRENCE_OPEN, "one open at a time, seed %llu",
                      (unsigned long long)seed);
        if (p->end == OCCURRENCE_ENDED_HELD)
            cr_assert_eq(civil_compare(p->ended, o->base), 0, "seed %llu",
                         (unsigned long long)seed);
    }
}

/* Every approved carer has exactly one open review, by an own, slow look at everything. */
static void reviews_are_whole(const struct service *s, uint64_t seed)
{
    size_t ncarers = s->facts.ncarers;
    size_t *open = calloc(ncarers + 1, sizeof *open);
    cr_assert_not_null(open);
    for (size_t i = 0; i < s->calendar.n; i++) {
        const struct occurrence *o = &s->calendar.at[i];
        if (!strncmp(o->code, "REV", 3) && o->end == OCCURRENCE_OPEN)
            open[strtoul(o->subject + 2, NULL, 10)]++;
    }
    for (size_t i = 0; i < ncarers; i++)
        cr_assert_eq(open[i], s->carers[i].ended.year ? 0u : 1u, "carer %zu, seed %llu", i,
                     (unsigned long long)seed);
    free(open);
}

static void check(const struct service *s, const struct memory *m, uint64_t seed)
{
    nothing_is_lost(m, &s->calendar, seed);
    nothing_is_doubled(&s->calendar, seed);
    plans_are_in_time(s, seed);
    chains_hold(s, seed);
    reviews_are_whole(s, seed);
}

/* A month of work: most of what is planned is held, some is moved, some goes wrong. */
static void live(struct service *s, struct civil today)
{
    for (size_t i = 0; i < s->calendar.n; i++) {
        struct occurrence *o = &s->calendar.at[i];
        struct occurrence_step step = {.by = 1, .today = today, .day = today, .reason = "because"};
        uint64_t luck = service_random(s, 100);
        enum err e = ERR_OK;
        if (o->end != OCCURRENCE_OPEN || civil_compare(o->planned, today) > 0)
            continue;
        if (luck < 80) {
            step.day = o->planned;
            e = occurrence_hold(o, &step, NULL);
        } else if (luck < 90 && !o->law) {
            e = occurrence_miss(o, &step, NULL);
        } else if (luck < 93) {
            e = occurrence_cancel(o, &step, NULL);
        } else {
            step.day = workday_back(&s->holidays, civil_add_days(today, 20));
            step.past_limit = true;
            e = occurrence_move(o, &step, &s->holidays, NULL);
        }
        cr_assert(e == ERR_OK || e == ERR_INPUT); /* held on the base's own day is refused */
    }
}

/* Facts and settings change: carers end, managers come and go, dates are corrected, a bank holiday
 * is proclaimed. */
static void change(struct service *s, struct civil today)
{
    for (size_t i = 0; i < s->facts.ncarers; i++) {
        struct calendar_carer *carer = &s->carers[i];
        if (service_random(s, 400) == 0 && !carer->ended.year)
            carer->ended = today;
        if (service_random(s, 50) == 0)
            carer->approved = civil_add_days(carer->approved, -3);
    }
    for (size_t i = 0; i < 5 && i < s->facts.npeople; i++)
        s->people[i].roles = service_random(s, 10) ? ROLE_BIT(ROLE_FTM) : ROLE_BIT(ROLE_FSW);
    s->clock.review_plan_months = 9 + (uint32_t)service_random(s, 4);
    s->clock.notify_days = 2 + (uint32_t)service_random(s, 5);
    s->clock.rep_days = 8 + (uint32_t)service_random(s, 5);
    struct holiday_override o = {HOLIDAY_ADDED, civil_month_end(civil_add_months(today, 3)), {0}};
    if (service_random(s, 4) == 0 && civil_weekday(o.day) < WEEKDAY_SATURDAY)
        cr_assert_eq(holidays_change(&s->holidays, &o, NULL), ERR_OK);
}

/* Reviews whose limit was in the past when a carer ended stay open and owed: this counts none of
 * them, so such carers end their open review by hand. */
static void settle(struct service *s, struct civil today)
{
    for (size_t i = 0; i < s->calendar.n; i++) {
        struct occurrence *o = &s->calendar.at[i];
        if (o->end != OCCURRENCE_OPEN || strncmp(o->code, "REV", 3))
            continue;
        size_t carer = strtoul(o->subject + 2, NULL, 10);
        struct occurrence_step step = {.by = 1, .today = today, .reason = "ended"};
        if (s->carers[carer].ended.year)
            cr_assert_eq(occurrence_cancel(o, &step, NULL), ERR_OK);
    }
}

static void agree_again(struct service *s, const struct activities *with)
{
    activities_fini(&s->activities);
    cr_assert_eq(activities_copy(with, &s->activities), ERR_OK);
    s->programme.version++;
}

static void ten_years(struct service_size size, unsigned months_a_step, uint64_t seed)
{
    struct service s;
    struct memory m = {0};
    struct activities whole, fewer;
    service_init(&s, size, seed);
    cr_assert_eq(activities_copy(&s.activities, &whole), ERR_OK);
    cr_assert_eq(activities_copy(&s.activities, &fewer), ERR_OK);
    activities_remove(&fewer, "OBS");
    activities_remove(&fewer, "IROT");
    for (unsigned month = 0; month < 12 * YEARS; month += months_a_step) {
        struct civil today = civil_add_months((struct civil){2026, 4, 1}, month);
        s.programme.year = programme_year_of(today);
        if (month == 12 * 3)
            agree_again(&s, &fewer);
        if (month == 12 * 4)
            agree_again(&s, &whole);
        live(&s, today);
        change(&s, today);
        remember(&m, &s.calendar);
        (void)service_generate(&s, today, calendar_horizon(&s.clock, today));
        settle(&s, today);
        check(&s, &m, seed);
    }
    cr_log_info("seed %llu: %zu occurrences", (unsigned long long)seed, s.calendar.n);
    free(m.at);
    activities_fini(&whole);
    activities_fini(&fewer);
    service_fini(&s);
    CHECK_NO_LEAKS();
}

Test(calendar_years, a_large_service_loses_and_doubles_nothing)
{
    ten_years((struct service_size){60, 40, 800}, 6, 20261124);
}

Test(calendar_years, small_services_neither_with_any_seed)
{
    for (uint64_t seed = 1; seed <= 12; seed++)
        ten_years((struct service_size){3, 2, 25}, 2, seed);
}

/* All at once: what a horizon of ten years holds. */
Test(calendar_years, ten_years_at_once_are_the_same_when_agreed_again)
{
    struct service s;
    service_init(&s, (struct service_size){60, 40, 800}, 7);
    struct calendar_result r = service_generate(&s, civil_of("2026-04-01"), civil_of("2036-04-01"));
    /* each month: 60 x 2 TMA, 63 OBS (with SM, HOS, DIR), 60 NOTIF, 40 MOD, HILI, PQA and its three
     * papers; a year: 4 x 4 quarterly, 2 PANR, 1 ANN; once: 800 reviews, their reports, 40 IRO2 */
    size_t expected = 120u * (120 + 63 + 60 + 40 + 5) + 10u * (16 + 2 + 1) + 800 + 800 + 40;
    cr_assert_eq(r.added, expected);
    cr_assert_eq(s.calendar.n, expected);
    s.programme.version = 2;
    r = service_generate(&s, civil_of("2026-04-01"), civil_of("2036-04-01"));
    cr_assert_eq(r.nchanged, 0u);
    s.programme.version = 3;
    r = service_generate(&s, civil_of("2026-04-01"), civil_of("2036-04-01"));
    cr_assert_eq(r.nchanged, 0u);
    cr_assert_eq(s.calendar.n, expected);
    service_fini(&s);
    CHECK_NO_LEAKS();
}
