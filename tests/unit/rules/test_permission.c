#include "server/rules/permission.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/audit_make.h"

static struct viewer holds(uint32_t person, enum role role, const char *team)
{
    struct viewer v = {.person = person, .nroles = role != ROLE_NONE};
    v.roles[0].role = role;
    (void)snprintf(v.roles[0].team, sizeof v.roles[0].team, "%s", team);
    return v;
}

/* ---- the list ---- */

/* Every role, for three teams, as a member of every kind and as none: the same answer as the
 * audit's own. */
Test(permission, the_list_agrees_with_the_audit)
{
    static const char *const teams[] = {"", "North", "South"};
    struct room *r = room_new(); /* its team is North */
    size_t yes = 0, no = 0;
    for (unsigned role = ROLE_NONE; role < ROLE_COUNT; role++)
        for (size_t t = 0; t < 3; t++)
            for (uint32_t person = P_FRO; person < P_END + 1; person++) {
                struct viewer v = holds(person, (enum role)role, teams[t]);
                const struct audit_member *m = audit_member_find(r->a, person);
                bool may = permission_may_list(&v, m ? m->role : ROLE_NONE, "North");
                cr_assert_eq(may, audit_may_see(r->a, &v), "role %s for \"%s\", person %u",
                             role_code((enum role)role), teams[t], person);
                yes += may;
                no += !may;
            }
    cr_assert(yes > 50 && no > 50);
    room_free(r);
}

Test(permission, the_teams_to_look_in_are_those_that_the_list_shows)
{
    static const char *const teams[] = {"", "North", "South"};
    size_t yes = 0;
    for (unsigned role = ROLE_FRO; role < ROLE_COUNT; role++)
        for (size_t held = 0; held < 3; held++) {
            struct viewer v = holds(1, (enum role)role, teams[held]);
            v.roles[v.nroles++] = (struct viewer_role){ROLE_FTM, "West"};
            const char *seen[PERMISSION_MAX_TEAMS];
            size_t n = permission_teams(&v, seen);
            cr_assert_str_eq(seen[n - 1], "West");
            for (size_t t = 1; t < 3; t++) {
                bool found = false;
                for (size_t i = 0; i < n; i++)
                    found = found || !*seen[i] || !strcmp(seen[i], teams[t]);
                cr_assert_eq(found, permission_may_list(&v, ROLE_NONE, teams[t]), "%s for \"%s\"",
                             role_code((enum role)role), teams[held]);
                yes += found;
            }
        }
    cr_assert_gt(yes, 8);
}

/* ---- whose team ---- */

Test(permission, a_new_audit_is_of_a_team_that_its_creator_works_for)
{
    const role_set creators = ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_QA);
    struct err_info why = {0};
    char team[32];
    struct viewer one = holds(1, ROLE_FRO, "North"), every = holds(2, ROLE_QA, "");
    struct viewer none = holds(3, ROLE_FSW, "North"), two = holds(4, ROLE_FRO, "North");
    two.roles[two.nroles++] = (struct viewer_role){.role = ROLE_QA, .team = "South"};
    cr_assert_eq(permission_new_team(&one, creators, "", team, &why), ERR_OK);
    cr_assert_str_eq(team, "North");
    cr_assert_eq(permission_new_team(&one, creators, "North", team, &why), ERR_OK);
    cr_assert_eq(permission_new_team(&one, creators, "South", team, &why), ERR_REFUSED_ROLE);
    cr_assert_eq(permission_new_team(&every, creators, "", team, &why), ERR_INPUT);
    cr_assert_eq(permission_new_team(&every, creators, "South", team, &why), ERR_OK);
    cr_assert_str_eq(team, "South");
    cr_assert_eq(permission_new_team(&none, creators, "North", team, &why), ERR_REFUSED_ROLE);
    cr_assert_eq(permission_new_team(&two, creators, "", team, &why), ERR_INPUT);
    cr_assert_eq(permission_new_team(&two, creators, "South", team, &why), ERR_OK);
    two.roles[1].role = ROLE_FSW; /* a role that does not open audits does not count */
    cr_assert_eq(permission_new_team(&two, creators, "", team, &why), ERR_OK);
    cr_assert_str_eq(team, "North");
    cr_assert_eq(permission_new_team(&one, creators,
                                     "a team whose name is longer than any team's name may be",
                                     team, &why),
                 ERR_REFUSED_ROLE);
}

/* ---- members ---- */

struct ask {
    const char *name;
    enum role asks; /* the asker, on the site */
    const char *team;
    enum role asker_in, target_site, present, new_role;
    bool wrote, created, manages;
    size_t other_fros;
    enum err expected;
};

/* clang-format off */
static const struct ask asks[] = {
    /* what                           asks       for      here      site      now       then      wrote opened manages other FROs */
    {"the FRO invites the worker",     ROLE_FRO,  "North", ROLE_FRO, ROLE_FSW, ROLE_NONE, ROLE_FSW, false, false, false, 1, ERR_OK},
    {"QA invites",                     ROLE_QA,   "",      ROLE_NONE, ROLE_CSW, ROLE_NONE, ROLE_CSW, false, false, false, 1, ERR_OK},
    {"QA of another team",             ROLE_QA,   "South", ROLE_NONE, ROLE_CSW, ROLE_NONE, ROLE_CSW, false, false, false, 1, ERR_NOT_FOUND},
    {"a FRO who is not in it",         ROLE_FRO,  "North", ROLE_NONE, ROLE_FSW, ROLE_NONE, ROLE_FSW, false, false, false, 1, ERR_NOT_FOUND},
    {"the worker",                     ROLE_FSW,  "North", ROLE_FSW, ROLE_FSW, ROLE_NONE, ROLE_FSW, false, false, false, 1, ERR_REFUSED_ROLE},
    {"the team's manager",             ROLE_FTM,  "North", ROLE_NONE, ROLE_FSW, ROLE_NONE, ROLE_FSW, false, false, false, 1, ERR_REFUSED_ROLE},
    {"IROM names a moderator",         ROLE_IROM, "",      ROLE_NONE, ROLE_IRO, ROLE_NONE, ROLE_IRO, false, false, false, 1, ERR_OK},
    {"IROM takes the moderator off",   ROLE_IROM, "",      ROLE_NONE, ROLE_IRO, ROLE_IRO, ROLE_NONE, false, false, false, 1, ERR_OK},
    {"IROM invites a worker",          ROLE_IROM, "",      ROLE_NONE, ROLE_FSW, ROLE_NONE, ROLE_FSW, false, false, false, 1, ERR_NOT_FOUND},
    {"IROM takes a worker off",        ROLE_IROM, "",      ROLE_NONE, ROLE_FSW, ROLE_FSW, ROLE_NONE, false, false, false, 1, ERR_NOT_FOUND},
    {"a part that they do not hold",   ROLE_FRO,  "North", ROLE_FRO, ROLE_FSW, ROLE_NONE, ROLE_IRO, false, false, false, 1, ERR_REFUSED_ROLE},
    {"the worker moderates",           ROLE_QA,   "",      ROLE_NONE, ROLE_IRO, ROLE_FSW, ROLE_IRO, false, false, false, 1, ERR_REFUSED_ROLE},
    {"the auditor moderates",          ROLE_QA,   "",      ROLE_NONE, ROLE_IRO, ROLE_FRO, ROLE_IRO, false, false, false, 1, ERR_REFUSED_ROLE},
    {"who wrote once moderates",       ROLE_QA,   "",      ROLE_NONE, ROLE_IRO, ROLE_NONE, ROLE_IRO, true,  false, false, 1, ERR_REFUSED_ROLE},
    {"who opened it moderates",        ROLE_QA,   "",      ROLE_NONE, ROLE_IRO, ROLE_NONE, ROLE_IRO, false, true,  false, 1, ERR_REFUSED_ROLE},
    {"the team's manager moderates",   ROLE_QA,   "",      ROLE_NONE, ROLE_IRO, ROLE_NONE, ROLE_IRO, false, false, true,  1, ERR_REFUSED_ROLE},
    {"a moderator once more",          ROLE_QA,   "",      ROLE_NONE, ROLE_IRO, ROLE_IRO, ROLE_IRO, false, false, false, 1, ERR_OK},
    {"the moderator writes",           ROLE_QA,   "",      ROLE_NONE, ROLE_FSW, ROLE_IRO, ROLE_FSW, false, false, false, 1, ERR_REFUSED_ROLE},
    {"the only FRO goes",              ROLE_QA,   "",      ROLE_NONE, ROLE_FRO, ROLE_FRO, ROLE_NONE, false, false, false, 0, ERR_REFUSED_ROLE},
    {"one of two FROs goes",           ROLE_QA,   "",      ROLE_NONE, ROLE_FRO, ROLE_FRO, ROLE_NONE, false, false, false, 1, ERR_OK},
    {"the operator",                   ROLE_ADMIN, "",      ROLE_NONE, ROLE_FSW, ROLE_NONE, ROLE_FSW, false, false, false, 1, ERR_NOT_FOUND},
};
/* clang-format on */

/* Whoever asks: the authors do not choose who moderates them, and it is never without a moderator.
 */
Test(permission, a_moderator_stays_until_another_is_named)
{
    static const struct {
        enum role asks, in;
    } askers[] = {
        {ROLE_FRO,  ROLE_FRO },
        {ROLE_QA,   ROLE_NONE},
        {ROLE_IROM, ROLE_NONE}
    };
    struct viewer target = holds(2, ROLE_IRO, "");
    for (size_t i = 0; i < sizeof askers / sizeof *askers; i++) {
        struct viewer asker = holds(1, askers[i].asks, "North");
        struct permission_member q = {.asker = &asker,
                                      .asker_role = askers[i].in,
                                      .target = &target,
                                      .present_role = ROLE_IRO,
                                      .new_role = ROLE_NONE,
                                      .team = "North",
                                      .moderates = true,
                                      .other_fros = 1};
        struct err_info why = {0};
        cr_assert_eq(permission_set_member(&q, &why), ERR_REFUSED_ROLE, "%s",
                     role_code(askers[i].asks));
        cr_assert(strstr(why.text, "names another moderator first"), "%s", why.text);
        q.moderates = false;
        cr_assert_eq(permission_set_member(&q, &why), ERR_OK, "%s", why.text);
    }
}

Test(permission, who_chooses_who_takes_part)
{
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        const struct ask *a = &asks[i];
        struct viewer asker = holds(1, a->asks, a->team);
        struct viewer target = holds(2, a->target_site, "");
        if (a->manages)
            target.roles[target.nroles++] = (struct viewer_role){.role = ROLE_FTM, .team = "North"};
        const struct permission_member q = {.asker = &asker,
                                            .asker_role = a->asker_in,
                                            .target = &target,
                                            .present_role = a->present,
                                            .new_role = a->new_role,
                                            .team = "North",
                                            .wrote_as_author = a->wrote,
                                            .created = a->created,
                                            .other_fros = a->other_fros};
        struct err_info why = {0};
        enum err e = permission_set_member(&q, &why);
        cr_assert_eq(e, a->expected, "%s: %s (%s)", a->name, err_name(e), why.text);
        cr_assert_eq(e != ERR_OK, why.text[0] != 0, "%s: a refusal says why", a->name);
    }
}
