#ifndef TANDEM_SERVER_RULES_PROGRAMME_H
#define TANDEM_SERVER_RULES_PROGRAMME_H

/* The year's programme of activity: quality assurance proposes it, the fostering service agrees.
 * An agreed one is changed by proposing it again: the next version. Pure. Years run from 1 April to
 * 31 March. The activities of a version are kept by who keeps the programmes; what an agreed
 * version does to the calendar is the business of calendar.h. */

#include "common/audit/template.h"
#include "server/rules/civil.h"

enum programme_state { /* numbers are stored */
                       PROGRAMME_PROPOSED = 1,
                       PROGRAMME_AGREED = 2,
                       PROGRAMME_WITHDRAWN = 3, /* proposed, and not agreed */
};

struct programme {
    int year;         /* 2026: from 1 April 2026 */
    uint32_t version; /* of this year's programme, from 1 */
    enum programme_state state;
    uint32_t proposed_by, agreed_by; /* persons; 0: nobody yet */
    struct civil proposed, agreed;   /* days */
};

struct programme_actor {
    uint32_t person;
    role_set roles;
    struct civil today;
};

/* Fills *out with the next version of this year's programme, PROPOSED. `all` are the programmes
 * there are, of any year, in any order. ERR_REFUSED_ROLE: who is not QA. ERR_EXISTS: one of this
 * year is proposed already. ERR_INPUT: the year is over, or more than two years ahead. */
MUST_CHECK enum err programme_propose(const struct programme *all, size_t n, int year,
                                      const struct programme_actor *who, struct programme *out,
                                      struct err_info *why);
/* p becomes AGREED. `all` may contain it. ERR_REFUSED_ROLE: the fostering service agrees (SM), and
 * not the person who proposed it. ERR_REFUSED_STATE: it is not PROPOSED. ERR_STALE: a later version
 * was agreed meanwhile. */
MUST_CHECK enum err programme_agree(const struct programme *all, size_t n, struct programme *p,
                                    const struct programme_actor *who, struct err_info *why);
/* p becomes WITHDRAWN: QA takes it back, or SM does not agree. Refusals as above. */
MUST_CHECK enum err programme_withdraw(struct programme *p, const struct programme_actor *who,
                                       struct err_info *why);
/* The one that is in force for this year: its latest AGREED version, or NULL. */
const struct programme *programme_in_force(const struct programme *all, size_t n, int year);

/* The days that p, AGREED, is asked about: from its year's first day, or the day it was agreed if
 * that is later (what was owed before stays as it was), until the next year for which there is one
 * in force, or the horizon. *from is not before *until only when it has no days. */
void programme_window(const struct programme *all, size_t n, const struct programme *p,
                      struct civil horizon, struct civil *from, struct civil *until);

int programme_year_of(struct civil d);                       /* 31 March 2027: 2026 */
struct civil programme_start(int year);                      /* 1 April */
void programme_say(const struct programme *p, char out[40]); /* "programme 2026-27, version 2" */

#endif
