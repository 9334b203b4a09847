#include "server/rules/calendar.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/calendar_make.h"
#include "tests/lib/leaks.h"

/* One manager (person 1), one IRO (2), the rest of the house, and as many carers as asked for. */
static struct service s;

static void begin(uint32_t carers)
{
    service_init(&s, (struct service_size){1, 1, carers}, 1);
}

static void end(void)
{
    service_fini(&s);
    CHECK_NO_LEAKS();
}

static struct calendar_result generate(const char *from, const char *until)
{
    return service_generate(&s, civil_of(from), civil_of(until));
}

static struct occurrence *get(const char *uid)
{
    size_t i = calendar_find_uid(&s.calendar, uid);
    cr_assert_neq(i, SIZE_MAX, "%s", uid);
    return &s.calendar.at[i];
}

static bool is_here(const char *uid)
{
    return calendar_find_uid(&s.calendar, uid) != SIZE_MAX;
}

static size_t count(const char *code, enum occurrence_end as)
{
    size_t n = 0;
    for (size_t i = 0; i < s.calendar.n; i++)
        n += !strcmp(s.calendar.at[i].code, code) && s.calendar.at[i].end == as;
    return n;
}

static const char *text(struct civil d)
{
    static char out[4][11];
    static size_t at;
    char *t = out[at++ % 4];
    civil_format(d, t);
    return t;
}

static void hold(const char *uid, const char *on)
{
    struct occurrence_step step = {
        .by = 3, .today = civil_of(on), .day = civil_of(on), .reason = "so it was"};
    struct err_info why = {0};
    cr_assert_eq(occurrence_hold(get(uid), &step, &why), ERR_OK, "%s", why.text);
}

static void move(const char *uid, const char *today, const char *to)
{
    struct occurrence_step step = {
        .by = 3, .today = civil_of(today), .day = civil_of(to), .reason = "leave"};
    struct err_info why = {0};
    cr_assert_eq(occurrence_move(get(uid), &step, &s.holidays, &why), ERR_OK, "%s", why.text);
}

/* ---- a year, by hand ---- */

Test(calendar, a_year_has_what_the_field_asks_for)
{
    begin(0);
    struct calendar_result r = generate("2026-04-01", "2027-04-01");
    static const struct {
        const char *code;
        size_t n;
    } rows[] = {
        {"TMA",   24}, /* two a month of the one manager */
        {"OBS",   48}, /* FTM, SM, HOS, DIR each month */
        {"MOD",   12},
        {"NOTIF", 12},
        {"HILI",  12},
        {"PQA",   12},
        {"LADOR", 12},
        {"IROE",  12},
        {"IROT",  12},
        {"QREP",  4 },
        {"XLT",   4 },
        {"LEARN", 4 },
        {"OFS",   4 },
        {"PANR",  2 },
        {"ANN",   1 },
        {"IRO2",  1 }, /* the next one when this was held
  */
        {"AUTH",  0 },
        {"THEME", 0 },
        {"LEAD",  0 },
        {"REV1",  0 },
    };
    size_t all = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_eq(count(rows[i].code, OCCURRENCE_OPEN), rows[i].n, "%s", rows[i].code);
        all += rows[i].n;
    }
    cr_assert_eq(s.calendar.n, all);
    cr_assert_eq(r.added, all);
    cr_assert_eq(r.nchanged, all);
    end();
}

Test(calendar, days_limits_and_people_are_as_the_rules_say)
{
    begin(0);
    (void)generate("2026-04-01", "2027-04-01");
    const struct occurrence *o = get("TMA/person-1/2026-08-31/2");
    cr_assert_str_eq(text(o->limit), "2026-08-28"); /* Monday 31 is a bank holiday */
    cr_assert_eq(o->person, 1u);
    cr_assert_str_eq(o->team, "T0");
    cr_assert_eq(o->programme_year, 2026);
    cr_assert_eq(o->programme_version, 1u);
    /* papers: 5 wd before Wed 16 December 2026 */
    o = get("LADOR/site/2026-12-16/1");
    cr_assert_str_eq(text(o->planned), "2026-12-09");
    cr_assert(o->prepares);
    /* the IRO's first declaration: two months from the programme's first day */
    cr_assert_str_eq(text(get("IRO2/person-2/1")->limit), "2026-06-01");
    end();
}

Test(calendar, the_same_again_changes_nothing)
{
    begin(20);
    (void)generate("2026-04-01", "2027-10-01");
    size_t n = s.calendar.n;
    struct calendar_result r = generate("2026-04-01", "2027-10-01");
    cr_assert_eq(s.calendar.n, n);
    cr_assert_eq(r.added + r.dropped + r.restored + r.replanned + r.nchanged, 0u);
    end();
}

/* ---- carers' reviews ---- */

static void one_carer(const char *approved, const char *reviewed)
{
    begin(1);
    s.carers[0].approved = civil_of(approved);
    s.carers[0].last_review = (struct civil){0};
    if (reviewed)
        s.carers[0].last_review = civil_of(reviewed);
}

Test(calendar, reviews_are_a_chain_from_the_day_each_was_held)
{
    one_carer("2026-02-10", NULL);
    (void)generate("2026-04-01", "2027-10-01");
    const struct occurrence *first = get("REV/carer-C-0000/1");
    cr_assert_str_eq(first->code, "REV1");
    cr_assert(first->law);
    cr_assert_eq(first->person, 900u);
    cr_assert_str_eq(text(first->limit), "2027-02-10");
    cr_assert_str_eq(text(first->planned), "2027-01-08"); /* 10 January is a Sunday */
    /* its report: 10 wd before 8 January 2027, counting 7-4, 31-29, 24-22 (three holidays) */
    cr_assert_str_eq(text(get("REP/carer-C-0000/1")->planned), "2026-12-22");
    cr_assert_eq(get("REP/carer-C-0000/1")->person, 800u);
    cr_assert_not(is_here("REV/carer-C-0000/2"), "the next counts from the day this is held");
    hold("REV/carer-C-0000/1", "2026-12-15");
    (void)generate("2026-04-01", "2028-10-01");
    const struct occurrence *second = get("REV/carer-C-0000/2");
    cr_assert_str_eq(second->code, "REVn");
    cr_assert_str_eq(text(second->base), "2026-12-15");
    cr_assert_str_eq(text(second->limit), "2027-12-15");
    cr_assert_str_eq(text(second->planned), "2027-11-15");
    cr_assert_eq(get("REV/carer-C-0000/1")->end, OCCURRENCE_ENDED_HELD);
    cr_assert_eq(count("REVn", OCCURRENCE_OPEN), 1u);
    end();
}

Test(calendar, an_earlier_review_begins_the_chain_with_a_later_one)
{
    one_carer("2019-02-10", "2026-01-20");
    (void)generate("2026-04-01", "2027-10-01");
    cr_assert_str_eq(get("REV/carer-C-0000/1")->code, "REVn");
    cr_assert_str_eq(text(get("REV/carer-C-0000/1")->limit), "2027-01-20");
    end();
}

Test(calendar, a_limit_by_law_stays_when_facts_and_settings_change)
{
    one_carer("2019-02-10", "2026-01-20");
    (void)generate("2026-04-01", "2027-10-01");
    s.carers[0].last_review = civil_of("2026-03-20");
    s.clock.review_plan_months = 10;
    (void)generate("2026-04-01", "2027-10-01");
    cr_assert_str_eq(text(get("REV/carer-C-0000/1")->limit), "2027-01-20");
    cr_assert_str_eq(text(get("REV/carer-C-0000/1")->planned), "2026-11-20", "ten months");
    cr_assert_str_eq(text(get("REV/carer-C-0000/1")->first_planned), "2026-12-18");
    cr_assert_eq(count("REVn", OCCURRENCE_OPEN), 1u);
    end();
}

Test(calendar, a_review_cancelled_by_mistake_comes_again)
{
    one_carer("2019-02-10", "2026-01-20");
    (void)generate("2026-04-01", "2027-10-01");
    struct occurrence_step step = {.by = 3, .today = civil_of("2026-05-05"), .reason = "a slip"};
    struct err_info why;
    cr_assert_eq(occurrence_cancel(get("REV/carer-C-0000/1"), &step, &why), ERR_OK);
    (void)generate("2026-04-01", "2027-10-01");
    cr_assert_eq(get("REV/carer-C-0000/1")->end, OCCURRENCE_ENDED_CANCELLED);
    cr_assert_str_eq(text(get("REV/carer-C-0000/2")->limit), "2027-01-20");
    cr_assert_eq(get("REP/carer-C-0000/1")->end, OCCURRENCE_ENDED_DROPPED);
    cr_assert_eq(get("REP/carer-C-0000/2")->end, OCCURRENCE_OPEN);
    end();
}

Test(calendar, carers_who_end_owe_no_review_after_it)
{
    one_carer("2019-02-10", "2026-01-20");
    (void)generate("2026-04-01", "2027-10-01");
    s.carers[0].ended = civil_of("2026-09-03");
    struct calendar_result r = generate("2026-04-01", "2027-10-01");
    const struct occurrence *o = get("REV/carer-C-0000/1");
    cr_assert_eq(o->end, OCCURRENCE_ENDED_DROPPED);
    cr_assert_str_eq(o->end_reason, "The carer's approval ended on 3 Sep 2026 (programme 2026-27, "
                                    "version 1).");
    cr_assert_eq(get("REP/carer-C-0000/1")->end, OCCURRENCE_ENDED_DROPPED);
    cr_assert_eq(r.dropped, 2u);
    s.carers[0].ended = (struct civil){0}; /* it was another carer */
    r = generate("2026-04-01", "2027-10-01");
    cr_assert_eq(r.restored, 2u);
    cr_assert_eq(r.added, 0u, "the same ones, not new ones");
    cr_assert_eq(get("REV/carer-C-0000/1")->end, OCCURRENCE_OPEN);
    cr_assert_null(get("REV/carer-C-0000/1")->end_reason);
    end();
}

Test(calendar, what_was_owed_before_an_ending_stays_owed)
{
    one_carer("2019-02-10", "2025-05-20");
    (void)generate("2026-04-01", "2027-10-01");
    s.carers[0].ended = civil_of("2026-06-30");
    (void)generate("2026-04-01", "2027-10-01");
    cr_assert_eq(get("REV/carer-C-0000/1")->end, OCCURRENCE_OPEN, "its limit was 20 May");
    end();
}

Test(calendar, carers_without_dates_are_named)
{
    begin(2);
    s.carers[1].approved = s.carers[1].last_review = (struct civil){0};
    struct calendar_result r = generate("2026-04-01", "2027-10-01");
    cr_assert_eq(r.nundated, 1u);
    cr_assert_str_eq(r.undated, "C-0001");
    end();
}

Test(calendar, a_report_follows_its_review)
{
    one_carer("2019-02-10", "2026-01-20");
    (void)generate("2026-04-01", "2027-10-01");
    struct civil limit = get("REP/carer-C-0000/1")->limit;
    move("REV/carer-C-0000/1", "2026-05-05", "2026-11-11");
    struct calendar_result r = generate("2026-04-01", "2027-10-01");
    cr_assert_eq(r.replanned, 1u);
    /* 10 wd before Wed 11 November 2026 is Wed 28 October */
    cr_assert_str_eq(text(get("REP/carer-C-0000/1")->planned), "2026-10-28");
    cr_assert_eq(civil_compare(get("REP/carer-C-0000/1")->limit, limit), 0);
    cr_assert_str_eq(text(get("REV/carer-C-0000/1")->planned), "2026-11-11", "moved by somebody");
    end();
}

/* ---- agreeing again ---- */

Test(calendar, what_is_no_longer_asked_for_is_dropped_with_the_version)
{
    begin(0);
    (void)generate("2026-04-01", "2027-04-01");
    hold("HILI/site/2026-04-30/1", "2026-05-06");
    move("HILI/site/2026-12-31/1", "2026-05-06", "2027-01-07");
    activities_remove(&s.activities, "HILI");
    s.programme.version = 2;
    struct calendar_result r = generate("2026-09-16", "2027-04-01");
    cr_assert_eq(get("HILI/site/2026-04-30/1")->end, OCCURRENCE_ENDED_HELD);
    cr_assert_eq(get("HILI/site/2026-08-31/1")->end, OCCURRENCE_OPEN, "owed before the agreement");
    cr_assert_eq(get("HILI/site/2026-12-31/1")->end, OCCURRENCE_OPEN, "moved by somebody");
    cr_assert_eq(get("HILI/site/2026-09-30/1")->end, OCCURRENCE_ENDED_DROPPED);
    cr_assert_str_eq(get("HILI/site/2026-09-30/1")->end_reason,
                     "It is no longer asked for (programme 2026-27, version 2).");
    cr_assert_str_eq(text(get("HILI/site/2026-09-30/1")->ended), "2026-09-16");
    cr_assert_eq(r.dropped, 6u, "September to March without December");
    cr_assert_eq(s.calendar.n, r.added + 176u, "nothing is taken out");
    end();
}

Test(calendar, another_day_of_the_month_replaces_and_keeps_what_was_held)
{
    begin(0);
    (void)generate("2026-04-01", "2027-04-01");
    hold("PQA/site/2026-04-15/1", "2026-04-15");
    struct activity pqa = *activities_find(&s.activities, "PQA");
    pqa.title = strdup("Quality meeting");
    pqa.text = strdup("");
    pqa.every = strdup("FREQ=MONTHLY;BYDAY=2TU");
    pqa.template = strdup("");
    cr_assert_eq(activities_put(&s.activities, &pqa), ERR_OK);
    s.programme.version = 2;
    (void)generate("2026-05-01", "2027-04-01");
    cr_assert_eq(get("PQA/site/2026-04-15/1")->end, OCCURRENCE_ENDED_HELD);
    cr_assert_eq(get("PQA/site/2026-05-20/1")->end, OCCURRENCE_ENDED_DROPPED);
    cr_assert_eq(get("PQA/site/2026-05-12/1")->end, OCCURRENCE_OPEN);
    cr_assert_eq(count("PQA", OCCURRENCE_OPEN), 11u);
    cr_assert_eq(get("LADOR/site/2026-05-20/1")->end, OCCURRENCE_ENDED_DROPPED);
    cr_assert_eq(get("LADOR/site/2026-05-12/1")->end, OCCURRENCE_OPEN);
    end();
}

Test(calendar, a_new_bank_holiday_moves_the_plan_but_not_the_limit)
{
    begin(0);
    (void)generate("2026-04-01", "2027-04-01");
    const struct holiday_override o = {
        HOLIDAY_ADDED, {2026, 10, 30},
         {0 }
    };
    struct err_info why;
    cr_assert_eq(holidays_change(&s.holidays, &o, &why), ERR_OK);
    struct calendar_result r = generate("2026-04-01", "2027-04-01");
    cr_assert_str_eq(text(get("TMA/person-1/2026-10-31/1")->planned), "2026-10-29");
    cr_assert_str_eq(text(get("TMA/person-1/2026-10-31/1")->limit), "2026-10-30");
    cr_assert_gt(r.replanned, 0u);
    cr_assert_eq(r.added + r.dropped, 0u);
    end();
}

Test(calendar, an_override_on_a_weekend_is_refused)
{
    struct holidays h;
    const struct holiday_override o = {
        HOLIDAY_ADDED, {2026, 10, 31},
         {0 }
    };
    struct err_info why = {0};
    holidays_init(&h);
    cr_assert_eq(holidays_change(&h, &o, &why), ERR_INPUT);
    cr_assert_not_null(strstr(why.text, "Saturday"), "%s", why.text);
}

Test(calendar, a_person_who_leaves_owes_nothing_more)
{
    begin(0);
    (void)generate("2026-04-01", "2027-04-01");
    move("TMA/person-1/2026-12-31/1", "2026-05-05", "2026-12-15");
    s.people[0].roles = ROLE_BIT(ROLE_FSW);
    (void)generate("2026-09-16", "2027-04-01");
    cr_assert_eq(get("TMA/person-1/2026-08-31/1")->end, OCCURRENCE_OPEN);
    cr_assert_eq(get("TMA/person-1/2026-12-31/1")->end, OCCURRENCE_ENDED_DROPPED,
                 "moved, but by nobody who is still there");
    cr_assert_not_null(strstr(get("TMA/person-1/2026-12-31/1")->end_reason, "has left"));
    end();
}

Test(calendar, a_person_who_comes_owes_nothing_from_before)
{
    begin(0);
    s.people[0].since = civil_of("2026-06-10");
    (void)generate("2026-04-01", "2027-04-01");
    cr_assert_not(is_here("TMA/person-1/2026-05-31/1"));
    cr_assert(is_here("TMA/person-1/2026-06-30/1"));
    end();
}

Test(calendar, what_counts_from_the_last_time_goes_on)
{
    begin(0);
    (void)generate("2026-04-01", "2027-04-01");
    hold("IRO2/person-2/1", "2026-05-12");
    (void)generate("2026-04-01", "2027-04-01");
    cr_assert_str_eq(text(get("IRO2/person-2/2")->limit), "2026-07-12");
    cr_assert_str_eq(text(get("IRO2/person-2/2")->planned), "2026-07-10");
    struct occurrence_step step = {.by = 3, .today = civil_of("2026-07-20"), .reason = "ill"};
    struct err_info why;
    cr_assert_eq(occurrence_miss(get("IRO2/person-2/2"), &step, &why), ERR_OK);
    (void)generate("2026-04-01", "2027-04-01");
    cr_assert_str_eq(text(get("IRO2/person-2/3")->limit), "2026-09-12", "from the missed limit");
    end();
}

/* Next year's programme has no highlight report; this year's is then agreed again. */
Test(calendar, two_years_stand_side_by_side)
{
    begin(3);
    struct programme all[] = {
        s.programme,
        {.year = 2027, .version = 1, .state = PROGRAMME_AGREED, .agreed = {2027, 2, 1}}
    };
    struct activities this_year = s.activities, next_year;
    const struct civil horizon = civil_of("2028-08-01");
    size_t n = 0;
    cr_assert_eq(activities_copy(&this_year, &next_year), ERR_OK);
    activities_remove(&next_year, "HILI");
    (void)service_generate(&s, civil_of("2026-04-01"), civil_of("2027-10-01"));
    cr_assert_eq(get("HILI/site/2027-04-30/1")->end, OCCURRENCE_OPEN, "for want of another");
    for (unsigned round = 0; round < 3; round++) {
        for (size_t y = 0; y < 2; y++) {
            struct civil from, until;
            programme_window(all, 2, &all[y], horizon, &from, &until);
            s.programme = all[y];
            s.activities = y ? next_year : this_year;
            (void)service_generate(&s, from, until);
        }
        cr_assert(round == 0 || s.calendar.n == n, "the same again");
        n = s.calendar.n;
        cr_assert_eq(get("HILI/site/2027-03-31/1")->end, OCCURRENCE_OPEN);
        cr_assert_eq(get("HILI/site/2027-04-30/1")->end, OCCURRENCE_ENDED_DROPPED);
        cr_assert_eq(get("PQA/site/2028-07-19/1")->end, OCCURRENCE_OPEN);
        cr_assert_eq(count("REV1", OCCURRENCE_OPEN) + count("REVn", OCCURRENCE_OPEN), 3u);
        all[0].version = round + 2;
        all[0].agreed = civil_of("2027-02-15");
    }
    s.activities = this_year;
    activities_fini(&next_year);
    end();
}

/* ---- refusals, and what somebody asks for ---- */

Test(calendar, an_order_that_cannot_be_changes_nothing)
{
    static const struct {
        enum programme_state state;
        const char *until, *second, *sentence;
    } rows[] = {
        {PROGRAMME_PROPOSED, "2027-04-01", "C-0001", "is not agreed yet"   },
        {PROGRAMME_AGREED,   "2026-04-01", "C-0001", "end before it begins"},
        {PROGRAMME_AGREED,   "2027-04-01", "C-0000", "stands twice"        },
        {PROGRAMME_AGREED,   "2027-04-01", "",       "1 to 47 characters"  },
    };
    begin(2);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct calendar_order order = {&s.programme,
                                       &s.activities,
                                       &s.facts,
                                       &s.clock,
                                       &s.holidays,
                                       civil_of("2026-04-01"),
                                       civil_of(rows[i].until),
                                       civil_of("2026-04-01")};
        struct calendar_result r;
        struct err_info why = {0};
        s.programme.state = rows[i].state;
        s.carers[1].ref = rows[i].second;
        cr_assert_eq(calendar_generate(&s.calendar, &order, &r, &why), ERR_INPUT);
        cr_assert_not_null(strstr(why.text, rows[i].sentence), "%s", why.text);
        cr_assert_eq(s.calendar.n, 0u);
    }
    end();
}

Test(calendar, more_than_anybody_meant_is_refused)
{
    service_init(&s, (struct service_size){60, 0, 0}, 1);
    struct activity daily = {.code = "DAILY", .by = ROLE_BIT(ROLE_FTM), .clock = -1, .plan = -1};
    struct calendar_result r;
    struct err_info why = {0};
    daily.each = ACTIVITY_EACH_PERSON;
    daily.rule = ACTIVITY_EVERY;
    daily.due = ACTIVITY_DUE_THAT_DAY;
    daily.count = 20;
    daily.title = strdup("Look at everything");
    daily.text = strdup("");
    daily.every = strdup("FREQ=DAILY");
    daily.template = strdup("");
    cr_assert_eq(activities_put(&s.activities, &daily), ERR_OK);
    struct calendar_order order = {&s.programme,
                                   &s.activities,
                                   &s.facts,
                                   &s.clock,
                                   &s.holidays,
                                   civil_of("2026-04-01"),
                                   civil_of("2027-04-01"),
                                   civil_of("2026-04-01")};
    cr_assert_eq(calendar_generate(&s.calendar, &order, &r, &why), ERR_TOO_LARGE);
    /* 365 days x 60 managers x 20 */
    cr_assert_not_null(strstr(why.text, "DAILY would stand 438000 times"), "%s", why.text);
    cr_assert_eq(s.calendar.n, 0u);
    end();
}

Test(calendar, what_is_asked_for_stands_once_and_stays)
{
    begin(0);
    const struct activity *mod = activities_find(&s.activities, "MOD");
    struct calendar_asked asked = {.what = "FCA-2026-0007", .day = civil_of("2026-05-05")};
    struct err_info why = {0};
    size_t i;
    cr_assert_eq(
        calendar_ask(&s.calendar, mod, &asked, &s.programme, &s.clock, &s.holidays, &i, &why),
        ERR_OK, "%s", why.text);
    /* 10 wd from Tue 5 May 2026: Tue 19 May */
    cr_assert_str_eq(text(s.calendar.at[i].limit), "2026-05-19");
    asked.day = civil_of("2026-06-05");
    cr_assert_eq(
        calendar_ask(&s.calendar, mod, &asked, &s.programme, &s.clock, &s.holidays, &i, &why),
        ERR_EXISTS);
    cr_assert_str_eq(why.text, "MOD is in the calendar for FCA-2026-0007 already.");
    (void)generate("2026-04-01", "2027-04-01");
    (void)generate("2026-04-01", "2027-04-01");
    cr_assert_eq(get("MOD/asked-FCA-2026-0007/1")->end, OCCURRENCE_OPEN);
    cr_assert_eq(count("MOD", OCCURRENCE_OPEN), 13u);
    end();
}

Test(calendar, a_listed_day_is_a_working_day)
{
    begin(0);
    const struct activity *lead = activities_find(&s.activities, "LEAD");
    const struct activity *tma = activities_find(&s.activities, "TMA");
    struct calendar_asked asked = {
        .what = "Visit North", .day = civil_of("2026-04-01"), .planned = civil_of("2026-10-31")};
    struct err_info why = {0};
    size_t i;
    cr_assert_eq(
        calendar_ask(&s.calendar, lead, &asked, &s.programme, &s.clock, &s.holidays, &i, &why),
        ERR_INPUT);
    cr_assert_str_eq(why.text, "Sat 31 Oct 2026 is a Saturday: choose a working day, such as Fri "
                               "30 Oct 2026.");
    cr_assert_eq(
        calendar_ask(&s.calendar, tma, &asked, &s.programme, &s.clock, &s.holidays, &i, &why),
        ERR_INPUT);
    cr_assert_eq(s.calendar.n, 0u);
    end();
}
