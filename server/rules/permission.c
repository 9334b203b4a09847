#include "server/rules/permission.h"

#include <stdio.h>
#include <string.h>

static const role_set sees_team = ROLE_BIT(ROLE_QA) | ROLE_BIT(ROLE_FTM) | ROLE_BIT(ROLE_SM);
static const role_set authors = ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_FSW) | ROLE_BIT(ROLE_CSW);

static bool is_for(const struct viewer_role *r, const char *team)
{
    return !r->team[0] || !strcmp(r->team, team);
}

static bool has_for(const struct viewer *v, role_set roles, const char *team)
{
    for (size_t i = 0; i < v->nroles; i++)
        if (roles & ROLE_BIT(v->roles[i].role) && is_for(&v->roles[i], team))
            return true;
    return false;
}

static bool has_any(const struct viewer *v, enum role role)
{
    for (size_t i = 0; i < v->nroles; i++)
        if (v->roles[i].role == role)
            return true;
    return false;
}

enum role permission_part(const struct viewer *v, enum role member_role, const char *team)
{
    for (size_t i = 0; member_role == ROLE_NONE && i < v->nroles; i++)
        if (sees_team & ROLE_BIT(v->roles[i].role) && is_for(&v->roles[i], team))
            return v->roles[i].role;
    return member_role;
}

bool permission_may_list(const struct viewer *v, enum role member_role, const char *team)
{
    return permission_part(v, member_role, team) != ROLE_NONE;
}

size_t permission_teams(const struct viewer *v, const char *teams[PERMISSION_MAX_TEAMS])
{
    size_t n = 0;
    for (size_t i = 0; i < v->nroles; i++)
        if (sees_team & ROLE_BIT(v->roles[i].role))
            teams[n++] = v->roles[i].team;
    return n;
}

static enum err not_theirs(role_set creators, struct err_info *why)
{
    char roles[128] = "";
    for (enum role r = ROLE_NONE + 1; r < ROLE_COUNT; r++) {
        size_t len = strlen(roles);
        if (creators & ROLE_BIT(r))
            (void)snprintf(roles + len, sizeof roles - len, "%s%s", len ? ", " : "", role_code(r));
    }
    return err_set(why, ERR_REFUSED_ROLE, "Your role may not open audits of this kind; ask: %s.",
                   roles);
}

enum err permission_new_team(const struct viewer *v, role_set creators, const char *wanted,
                             char team[32], struct err_info *why)
{
    bool any = false, every = false, more = false;
    team[0] = 0;
    for (size_t i = 0; i < v->nroles; i++) {
        const struct viewer_role *r = &v->roles[i];
        if (!(creators & ROLE_BIT(r->role)))
            continue;
        any = true;
        every = every || !r->team[0];
        if (*wanted && is_for(r, wanted) && strlen(wanted) < 32) {
            (void)snprintf(team, 32, "%s", wanted);
            return ERR_OK;
        }
        more = more || (team[0] && r->team[0] && strcmp(team, r->team));
        if (!team[0])
            (void)snprintf(team, 32, "%s", r->team);
    }
    if (!any)
        return not_theirs(creators, why);
    if (*wanted)
        return err_set(why, ERR_REFUSED_ROLE, "You do not open audits for the team \"%s\".",
                       wanted);
    if (every || more)
        return err_set(
            why, ERR_INPUT,
            "Your role is for more than one team: say which one this is for (--team TEAM).");
    return ERR_OK;
}

static bool may_ask(const struct permission_member *q)
{
    bool fro = q->asker_role == ROLE_FRO;
    bool qa = has_for(q->asker, ROLE_BIT(ROLE_QA), q->team);
    bool moderators =
        has_for(q->asker, ROLE_BIT(ROLE_IROM), q->team) &&
        (q->new_role == ROLE_IRO || (q->new_role == ROLE_NONE && q->present_role == ROLE_IRO));
    return fro || qa || moderators;
}

/* Nobody moderates an audit they wrote in, opened, or whose worker they manage. */
static enum err check_moderator(const struct permission_member *q, struct err_info *why)
{
    if (q->present_role != ROLE_NONE && authors & ROLE_BIT(q->present_role))
        return err_set(why, ERR_REFUSED_ROLE,
                       "They write this audit as %s: nobody moderates what they wrote.",
                       role_code(q->present_role));
    if (q->wrote_as_author)
        return err_set(why, ERR_REFUSED_ROLE,
                       "They have written in this audit: nobody moderates what they wrote.");
    if (q->created)
        return err_set(why, ERR_REFUSED_ROLE,
                       "They opened this audit: nobody moderates an audit they led.");
    if (has_for(q->target, ROLE_BIT(ROLE_FTM), q->team))
        return err_set(why, ERR_REFUSED_ROLE,
                       "They manage the team of this audit: it needs a moderator from outside.");
    return ERR_OK;
}

enum err permission_set_member(const struct permission_member *q, struct err_info *why)
{
    if (!may_ask(q)) {
        if (permission_may_list(q->asker, q->asker_role, q->team))
            return err_set(why, ERR_REFUSED_ROLE,
                           "The audit's FRO or QA chooses who takes part; the IROM its moderator.");
        return err_set(why, ERR_NOT_FOUND, "%s", err_text(ERR_NOT_FOUND));
    }
    if (q->present_role == ROLE_FRO && q->new_role != ROLE_FRO && !q->other_fros)
        return err_set(why, ERR_REFUSED_ROLE,
                       "They are the only FRO of this audit: name another one first.");
    if (q->moderates && q->new_role != ROLE_IRO)
        return err_set(why, ERR_REFUSED_ROLE,
                       "They moderate this audit: QA or the IRO manager (IROM) names another "
                       "moderator first (tandem assign).");
    if (q->new_role == ROLE_NONE)
        return ERR_OK;
    if (!has_any(q->target, q->new_role))
        return err_set(why, ERR_REFUSED_ROLE, "They are not %s on this site.",
                       role_code(q->new_role));
    if (q->new_role == ROLE_IRO)
        return check_moderator(q, why);
    if (q->present_role == ROLE_IRO && authors & ROLE_BIT(q->new_role))
        return err_set(why, ERR_REFUSED_ROLE,
                       "They moderate this audit: nobody writes what they moderate.");
    return ERR_OK;
}
