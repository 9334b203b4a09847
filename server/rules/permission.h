#ifndef TANDEM_SERVER_RULES_PERMISSION_H
#define TANDEM_SERVER_RULES_PERMISSION_H

/* Who may do what on the site, outside of one audit's fields (those: common/audit, audit_right).
 * Pure: takes values, returns values. */

#include "common/audit/audit.h"

/* As which role somebody has to do with an audit of this team: their part in it, or else the first
 * of their roles that sees the team's audits; ROLE_NONE. */
enum role permission_part(const struct viewer *v, enum role member_role, const char *team);
/* Does the list of audits show this person one of this team, in which they are a member as
 * `member_role` (ROLE_NONE: not a member)? The same answer as audit_may_see. */
bool permission_may_list(const struct viewer *v, enum role member_role, const char *team);

/* The teams whose audits somebody sees without being a member ("" = every team): what to ask the
 * store for before permission_may_list decides about each. Borrowed from `v`. Returns how many. */
enum { PERMISSION_MAX_TEAMS = sizeof(((struct viewer *)0)->roles) / sizeof(struct viewer_role) };
size_t permission_teams(const struct viewer *v, const char *teams[PERMISSION_MAX_TEAMS]);

/* Which team's will a new audit be? `wanted` "" means: the creator's only one. The roles in
 * `creators` count. ERR_REFUSED_ROLE or ERR_INPUT with a sentence. */
MUST_CHECK enum err permission_new_team(const struct viewer *v, role_set creators,
                                        const char *wanted, char team[32], struct err_info *why);

/* What is asked when somebody is made a member, given another part, or removed. */
struct permission_member {
    const struct viewer *asker;
    enum role asker_role; /* in this audit; ROLE_NONE */
    const struct viewer *target;
    enum role present_role; /* of the target in this audit; ROLE_NONE */
    enum role new_role;     /* ROLE_NONE removes */
    const char *team;       /* the audit's */
    bool wrote_as_author;   /* the target has written in it, not as its moderator */
    bool created;           /* the target opened it */
    bool moderates;         /* the target is its moderator, and it is not moderated yet */
    size_t other_fros;      /* reviewing officers among the members besides the target */
};
/* ERR_NOT_FOUND: the asker may not even know of this audit. ERR_REFUSED_ROLE: with the reason. */
MUST_CHECK enum err permission_set_member(const struct permission_member *q, struct err_info *why);

#endif
