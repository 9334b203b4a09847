#ifndef TANDEM_SERVER_RULES_MEETING_H
#define TANDEM_SERVER_RULES_MEETING_H

/* Care planning meetings: how long before a final hearing, who chairs, and what must have been done
 * with the family first. What calls for one: trigger.h. Pure. */

#include "server/rules/facts.h"
#include "server/rules/workday.h"

/* The latest day before a final hearing (meeting_weeks before it), and the working day to plan. */
struct due meeting_due(const struct clock_values *c, const struct holidays *h,
                       struct civil hearing);

/* Is the meeting on `day` early enough before the hearing on `hearing`? ERR_OK, *late says whether
 * it must be recorded as late: only with a reason ("" or NULL: none). ERR_INPUT without one, or
 * when the meeting would be on or after the hearing: the sentence says limit, planned day, and how
 * many days before the hearing the chosen one is. */
MUST_CHECK enum err meeting_check_day(const struct clock_values *c, const struct holidays *h,
                                      struct civil hearing, struct civil day, const char *reason,
                                      bool *late, struct err_info *why);
/* The same of a record: false when it names no hearing (or says that there is none). *late: its day
 * (the meeting's date, or the planned day) is after the day to plan for, or it has no day. */
bool meeting_of(const struct facts *f, struct due *due, bool *late);

/* Who chairs: the service manager of the team; the team manager of the fostering assessment where
 * special guardianship (what called for it, or the decision: "sgo") is the question. */
enum role meeting_chair_role(const char *trigger, const char *decision);
enum role meeting_chair_of(const struct facts *f);
/* ERR_REFUSED_ROLE with who may. */
MUST_CHECK enum err meeting_check_chair(const struct facts *f, const struct viewer *v,
                                        struct err_info *why);

/* No care decision without a family-led meeting that has been held, or its absence explained and
 * the explanation accepted by the service manager. */
enum meeting_family { MEETING_FAMILY_DONE, MEETING_FAMILY_WARN, MEETING_FAMILY_BLOCK };
/* The sentence (not for DONE) says what is missing and who can do it. BLOCK: on the decision that a
 * child enters care. */
enum meeting_family meeting_family(const struct facts *f, struct err_info *why);

#endif
