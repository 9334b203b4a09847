#include "server/rules/trigger.h"

#include <criterion/criterion.h>
#include <string.h>

#include "server/rules/civil.h"

enum {
    FTM = ROLE_BIT(ROLE_FTM),
    SM = ROLE_BIT(ROLE_SM),
    HOS = ROLE_BIT(ROLE_HOS),
    IRO = ROLE_BIT(ROLE_IRO),
};

/* As the field lists them: what is suggested (1 + stage), who must hear of it. */
Test(trigger, every_instant_trigger_of_the_field_is_there)
{
    static const struct {
        const char *code;
        uint32_t hours, stage;
        role_set hears;
        const char *says;
    } rows[] = {
        {"reg24_48h",                   48,  1 + 3, HOS,       "regulation 24"  },
        {"missing_5_days",              120, 0,     IRO,       "missing"        },
        {"failing_setting",             0,   1 + 1, FTM,       "setting"        },
        {"care_standards_not_to_panel", 0,   1 + 1, FTM,       "panel"          },
        {"secure_review_chair",         0,   1 + 2, SM,        "secure"         },
        {"home_without_hos",            0,   1 + 3, HOS,       "head of service"},
        {"pep_actions_undone",          0,   1 + 1, FTM | HOS, "PEP"            },
        {"plan_not_progressing",        0,   1 + 1, FTM,       "plan"           },
        {"pre_court_delay",             0,   1 + 1, FTM,       "pre-court"      },
        {"provision_gap",               0,   1 + 1, FTM,       "respite"        },
        {"partner_lapse",               0,   0,     SM,        "partner"        },
    };
    size_t n, of_kind = 0, count = sizeof rows / sizeof *rows;
    const struct trigger *all = trigger_table(&n);
    for (size_t i = 0; i < n; i++)
        of_kind += all[i].kind == TRIGGER_CHALLENGE;
    cr_assert_eq(of_kind, count);
    for (size_t i = 0; i < count; i++) {
        const struct trigger *t = trigger_find(rows[i].code);
        cr_assert(t, "%s", rows[i].code);
        cr_assert_eq(t->kind, TRIGGER_CHALLENGE);
        cr_assert_eq(t->hours, rows[i].hours, "%s", rows[i].code);
        cr_assert_eq(t->stage, rows[i].stage, "%s", rows[i].code);
        cr_assert_eq(t->alerted & rows[i].hears, rows[i].hears, "%s", rows[i].code);
        cr_assert(strstr(t->words, rows[i].says), "%s: %s", rows[i].code, t->words);
        cr_assert_eq(t->route, TRIGGER_NO_ROUTE);
        cr_assert(t->next[0]);
    }
    cr_assert_eq(trigger_find("missing_5_days")->chair, ROLE_IRO);
}

Test(trigger, every_care_planning_trigger_of_the_field_is_there)
{
    static const struct {
        const char *code;
        enum trigger_route route;
        enum role chair;
    } rows[] = {
        {"proceedings",           TRIGGER_BOTH_ROUTES, ROLE_SM },
        {"permanence",            TRIGGER_BOTH_ROUTES, ROLE_SM },
        {"adult_services",        TRIGGER_BOTH_ROUTES, ROLE_SM },
        {"stability_at_risk",     TRIGGER_BOTH_ROUTES, ROLE_SM },
        {"sgo",                   TRIGGER_BOTH_ROUTES, ROLE_FTM},
        {"repeat_referral",       TRIGGER_ROUTE_A,     ROLE_SM },
        {"family_placement_risk", TRIGGER_ROUTE_A,     ROLE_SM },
        {"legal_gateway",         TRIGGER_ROUTE_A,     ROLE_SM },
        {"reunification",         TRIGGER_ROUTE_B,     ROLE_SM },
        {"eleven_months",         TRIGGER_ROUTE_B,     ROLE_SM },
        {"adoption",              TRIGGER_ROUTE_B,     ROLE_SM },
    };
    size_t n, of_kind = 0, count = sizeof rows / sizeof *rows;
    const struct trigger *all = trigger_table(&n);
    for (size_t i = 0; i < n; i++)
        of_kind += all[i].kind == TRIGGER_MEETING;
    cr_assert_eq(of_kind, count);
    for (size_t i = 0; i < count; i++) {
        const struct trigger *t = trigger_find(rows[i].code);
        cr_assert(t, "%s", rows[i].code);
        cr_assert_eq(t->kind, TRIGGER_MEETING);
        cr_assert_eq(t->route, rows[i].route, "%s", rows[i].code);
        cr_assert_eq(t->chair, rows[i].chair, "%s", rows[i].code);
        cr_assert(t->alerted & SM, "%s", rows[i].code);
        cr_assert_eq(t->stage, 0);
    }
}

Test(trigger, an_unknown_code_is_answered_with_those_there_are)
{
    const struct trigger *t;
    struct err_info why = {0};
    size_t n;
    const struct trigger *all = trigger_table(&n);
    cr_assert_eq(trigger_get("reg24", &t, &why), ERR_INPUT);
    for (size_t i = 0; i < n; i++) {
        cr_assert(strstr(why.text, all[i].code), "%s is not in: %s", all[i].code, why.text);
        cr_assert_eq(trigger_get(all[i].code, &t, NULL), ERR_OK);
        cr_assert_eq(t, &all[i]);
    }
}

/* ---- hours ---- */

static int64_t at(int year, int month, int d, int hour, int minute)
{
    struct civil_time t = {
        {year, month, d},
        hour, minute, 0
    };
    return civil_time_utc_ms(t);
}

Test(trigger, hours_are_elapsed_ones_weekends_and_changed_clocks_included)
{
    const struct {
        const char *code;
        int64_t since, now;
        bool fired;
        int64_t fires;
    } rows[] = {
  /* Friday 16:30: 48 hours are over on Sunday 16:30 */
        {"reg24_48h",      at(2026, 12, 11, 16, 30), at(2026, 12, 13, 16, 29), false,
         at(2026,                                                                              12, 13, 16, 30)},
        {"reg24_48h",      at(2026, 12, 11, 16, 30), at(2026, 12, 13, 16, 30), false,
         at(2026,                                                                              12, 13, 16, 30)},
        {"reg24_48h",      at(2026, 12, 11, 16, 30), at(2026, 12, 13, 16, 31), true,
         at(2026,                                                                              12, 13, 16, 30)},
 /* the night of 28 March 2027 has an hour less, so the clock shows one more */
        {"reg24_48h",      at(2027, 3,  27, 12, 0),  at(2027, 3,  29, 12, 59), false,
         at(2027,                                                                              3,  29, 13, 0) },
        {"reg24_48h",      at(2027, 3,  27, 12, 0),  at(2027, 3,  29, 13, 1),  true,  at(2027, 3,  29, 13, 0) },
        {"missing_5_days", at(2026, 12, 23, 9,  0),  at(2026, 12, 28, 9,  0),  false,
         at(2026,                                                                              12, 28, 9,  0) },
        {"missing_5_days", at(2026, 12, 23, 9,  0),  at(2026, 12, 28, 9,  1),  true,
         at(2026,                                                                              12, 28, 9,  0) },
 /* a plain statement holds at once */
        {"partner_lapse",  at(2026, 12, 23, 9,  0),  at(2026, 12, 23, 9,  0),  true,
         at(2026,                                                                              12, 23, 9,  0) },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct trigger_state s;
        struct err_info why = {0};
        cr_assert_eq(
            trigger_check(trigger_find(rows[i].code), rows[i].since, rows[i].now, &s, &why),
            ERR_OK);
        cr_assert_eq(s.fired, rows[i].fired, "row %zu", i);
        cr_assert_eq(s.fires_utc_ms, rows[i].fires, "row %zu", i);
    }
}

Test(trigger, says_when_it_will_fire_and_what_to_do_when_it_has)
{
    struct trigger_state s;
    struct err_info why = {0};
    const struct trigger *t = trigger_find("reg24_48h");
    int64_t since = at(2026, 12, 11, 16, 30);
    cr_assert_eq(trigger_check(t, since, since, &s, &why), ERR_OK);
    cr_assert(strstr(s.sentence, "not yet") && strstr(s.sentence, "Sun 13 Dec 2026 16:30"), "%s",
              s.sentence);
    cr_assert_eq(trigger_check(t, since, since + 49 * 3600 * 1000, &s, &why), ERR_OK);
    cr_assert(strstr(s.sentence, t->next) && strstr(s.sentence, "Sun 13 Dec 2026 16:30"), "%s",
              s.sentence);
}

/* No sentence of the table is cut. */
Test(trigger, every_sentence_is_whole)
{
    size_t n;
    const struct trigger *all = trigger_table(&n);
    for (size_t i = 0; i < n; i++) {
        struct trigger_state s;
        cr_assert_eq(trigger_check(&all[i], 0, (int64_t)1 << 40, &s, NULL), ERR_OK);
        size_t len = strlen(s.sentence), end = strlen(all[i].next);
        cr_assert(len > end && !strcmp(s.sentence + len - end, all[i].next), "%s", s.sentence);
        cr_assert_eq(s.sentence[len - 1], '.');
    }
}

Test(trigger, something_still_to_come_is_refused)
{
    struct trigger_state s;
    struct err_info why = {0};
    cr_assert_eq(trigger_check(trigger_find("missing_5_days"), at(2026, 12, 24, 9, 0),
                               at(2026, 12, 23, 9, 0), &s, &why),
                 ERR_INPUT);
    cr_assert(strstr(why.text, "Thu 24 Dec 2026 09:00"), "%s", why.text);
}

/* Any number may come over the wire. */
Test(trigger, a_time_that_nobody_could_have_meant_is_refused)
{
    static const int64_t times[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX, -((int64_t)1 << 62)};
    struct trigger_state s;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct err_info why = {0};
        cr_assert_eq(trigger_check(trigger_find("missing_5_days"), times[i], at(2026, 12, 23, 9, 0),
                                   &s, &why),
                     ERR_INPUT);
        cr_assert(strstr(why.text, "say since when"), "%s", why.text);
    }
}
