#ifndef TANDEM_SERVER_RULES_FACTS_H
#define TANDEM_SERVER_RULES_FACTS_H

/* What the rules about one record look at, and questions that several of them ask: who has a role
 * for its team, what stands where. Pure: whoever asks fills it; nothing here is kept. */

#include "server/rules/civil.h"
#include "server/rules/people.h"

struct clock_values;
struct holidays;

struct facts { /* borrows all of it */
    const struct audit *audit;
    const struct people *people;
    const struct clock_values *clock;
    const struct holidays *holidays;
    int64_t now_utc_ms;
};

/* Does this person hold one of `roles` for the team ("" as a role's team: for every team)? */
bool facts_has_role(const struct viewer *v, role_set roles, const char *team);
/* Somebody who works here, holds one of `roles` for the record's team and is neither `not1` nor
 * `not2` (0: nobody); by number. NULL: there is nobody. */
const struct person *facts_with_role(const struct facts *f, role_set roles, uint32_t not1,
                                     uint32_t not2);
/* Their names for a sentence, three at most: "Sue (FTM), Sam (SM) or Quinn (QA)". "" when there is
 * nobody. Members with one of `members` count too. */
enum { FACTS_NAMES_BYTES = 320 };
void facts_names(const struct facts *f, role_set roles, role_set members, uint32_t not1,
                 uint32_t not2, char out[FACTS_NAMES_BYTES]);
/* Is this person a member of the record as one of `roles`? */
bool facts_is_member(const struct facts *f, uint32_t person, role_set roles);

/* The person that an action's owner means, written as "Ana", "Ana (FSW)", "Ana, FSW" or "FSW Ana":
 * the name of somebody who works here, upper and lower case alike. NULL: it names nobody. */
const struct person *facts_owner(const struct people *p, const char *owner);

/* The value of a part of the question that has this use; "" when there is none, or it is empty. */
const char *facts_use(const struct facts *f, const char *use, enum part part);
/* Are there words in the live text? */
bool facts_has_words(const struct facts *f, struct field field);
bool facts_use_has_words(const struct facts *f, const char *use);
/* YYYY-MM-DD as a day. False: empty, only a month, or no such day. */
bool facts_day(const char *value, struct civil *out);

#endif
