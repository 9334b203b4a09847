#include "server/rules/programme.h"

#include <criterion/criterion.h>
#include <string.h>

enum { QUINN = 11, SAM = 8, BOTH = 12, FAY = 6 };

static const struct civil today = {2026, 9, 15};
static const struct programme_actor quinn = {
    QUINN, ROLE_BIT(ROLE_QA), {2026, 9, 15}
};
static const struct programme_actor sam = {
    SAM, ROLE_BIT(ROLE_SM), {2026, 9, 16}
};
static const struct programme_actor fay = {
    FAY, ROLE_BIT(ROLE_FTM), {2026, 9, 16}
};
static const struct programme_actor both = {
    BOTH, ROLE_BIT(ROLE_QA) | ROLE_BIT(ROLE_SM), {2026, 9, 16}
};

static struct programme proposed(const struct programme *all, size_t n, int year)
{
    struct programme p;
    struct err_info why = {0};
    cr_assert_eq(programme_propose(all, n, year, &quinn, &p, &why), ERR_OK, "%s", why.text);
    return p;
}

Test(programme, qa_proposes_and_the_service_agrees)
{
    struct programme all[2] = {proposed(NULL, 0, 2026)};
    struct err_info why = {0};
    char name[40];
    cr_assert_eq(all[0].state, PROGRAMME_PROPOSED);
    cr_assert_null(programme_in_force(all, 1, 2026), "a proposal is not in force");
    cr_assert_eq(programme_agree(all, 1, &all[0], &sam, &why), ERR_OK, "%s", why.text);
    cr_assert_eq(programme_in_force(all, 1, 2026), &all[0]);
    cr_assert_null(programme_in_force(all, 1, 2027));
    programme_say(&all[0], name);
    cr_assert_str_eq(name, "programme 2026-27, version 1");
    all[1] = proposed(all, 1, 2026);
    cr_assert_eq(all[1].version, 2u);
    cr_assert_eq(programme_in_force(all, 2, 2026), &all[0], "until the next is agreed");
    cr_assert_eq(programme_agree(all, 2, &all[1], &sam, &why), ERR_OK);
    cr_assert_eq(programme_in_force(all, 2, 2026), &all[1]);
}

Test(programme, a_second_one_for_the_same_year_is_refused)
{
    struct programme p = proposed(NULL, 0, 2026), second;
    struct err_info why = {0};
    cr_assert_eq(programme_propose(&p, 1, 2026, &quinn, &second, &why), ERR_EXISTS);
    cr_assert_str_eq(why.text, "There is a proposal for this year: programme 2026-27, version 1. "
                               "Agree it or take it back first.");
    cr_assert_eq(programme_propose(&p, 1, 2027, &quinn, &second, &why), ERR_OK, "%s", why.text);
    cr_assert_eq(programme_withdraw(&p, &quinn, &why), ERR_OK);
    cr_assert_eq(programme_propose(&p, 1, 2026, &quinn, &second, &why), ERR_OK, "%s", why.text);
    cr_assert_eq(second.version, 2u, "a number is used once");
}

Test(programme, years_that_are_over_or_far_ahead_are_refused)
{
    struct programme p;
    struct err_info why = {0};
    cr_assert_eq(programme_propose(NULL, 0, 2025, &quinn, &p, &why), ERR_INPUT);
    cr_assert_not_null(strstr(why.text, "2025-26 is over"), "%s", why.text);
    cr_assert_eq(programme_propose(NULL, 0, 2029, &quinn, &p, &why), ERR_INPUT);
    cr_assert_not_null(strstr(why.text, "2029-30 is far ahead"), "%s", why.text);
    cr_assert_eq(programme_year_of(today), 2026);
    cr_assert_eq(programme_year_of((struct civil){2027, 3, 31}), 2026);
    cr_assert_eq(programme_year_of((struct civil){2027, 4, 1}), 2027);
}

Test(programme, who_may_not_is_told_who_may)
{
    struct programme p, own;
    struct err_info why = {0};
    cr_assert_eq(programme_propose(NULL, 0, 2026, &sam, &p, &why), ERR_REFUSED_ROLE);
    p = proposed(NULL, 0, 2026);
    cr_assert_eq(programme_agree(&p, 1, &p, &quinn, &why), ERR_REFUSED_ROLE);
    cr_assert_not_null(strstr(why.text, "service manager (SM)"), "%s", why.text);
    cr_assert_eq(programme_withdraw(&p, &fay, &why), ERR_REFUSED_ROLE);
    cr_assert_eq(p.state, PROGRAMME_PROPOSED);
    cr_assert_eq(programme_propose(NULL, 0, 2026, &both, &own, &why), ERR_OK);
    cr_assert_eq(programme_agree(&own, 1, &own, &both, &why), ERR_REFUSED_ROLE,
                 "two people, not one with two roles");
}

Test(programme, what_is_decided_stays_decided)
{
    struct programme all[2] = {proposed(NULL, 0, 2026)};
    struct err_info why = {0};
    cr_assert_eq(programme_agree(all, 1, &all[0], &sam, &why), ERR_OK);
    cr_assert_eq(programme_agree(all, 1, &all[0], &sam, &why), ERR_REFUSED_STATE);
    cr_assert_str_eq(why.text, "The programme 2026-27, version 1 is agreed already; to change it, "
                               "propose it again.");
    cr_assert_eq(programme_withdraw(&all[0], &quinn, &why), ERR_REFUSED_STATE);
    /* an older proposal that somebody still had on the screen */
    all[1] = all[0];
    all[1].version = 2;
    all[0].state = PROGRAMME_PROPOSED;
    cr_assert_eq(programme_agree(all, 2, &all[0], &sam, &why), ERR_STALE);
}

Test(programme, its_days_are_those_that_are_still_to_come)
{
    struct programme all[] = {
        {.year = 2026,             .version = 1, .state = PROGRAMME_AGREED, .agreed = {2026, 3, 2}},
        {.year = 2026,                        .version = 2,                         .state = PROGRAMME_AGREED,               .agreed = {2026, 9, 16}},
        {.year = 2027, .version = 1,             .state = PROGRAMME_PROPOSED            },
    };
    const struct civil horizon = {2028, 3, 15};
    struct civil from, until;
    char text[11];
    programme_window(all, 3, &all[0], horizon, &from, &until);
    civil_format(from, text);
    cr_assert_str_eq(text, "2026-04-01");
    programme_window(all, 3, &all[1], horizon, &from, &until);
    civil_format(from, text);
    cr_assert_str_eq(text, "2026-09-16");
    cr_assert_eq(civil_compare(until, horizon), 0, "a proposal takes nothing away");
    all[2].state = PROGRAMME_AGREED;
    all[2].agreed = (struct civil){2027, 2, 1};
    programme_window(all, 3, &all[1], horizon, &from, &until);
    civil_format(until, text);
    cr_assert_str_eq(text, "2027-04-01");
    programme_window(all, 3, &all[2], horizon, &from, &until);
    civil_format(from, text);
    cr_assert_str_eq(text, "2027-04-01");
    cr_assert_eq(civil_compare(until, horizon), 0);
}
