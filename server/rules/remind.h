#ifndef TANDEM_SERVER_RULES_REMIND_H
#define TANDEM_SERVER_RULES_REMIND_H

/* Reminders about something that is due: how near or late it is, and who hears of it. Nothing is
 * stored: all follows from the due day and today. Counted in working days, so a reminder is always
 * of a working day; on other days the last one stands. Pure. */

#include "common/audit/template.h"
#include "server/rules/clock.h"
#include "server/rules/workday.h"

enum remind_level {
    REMIND_NONE,     /* further away than the first reminder */
    REMIND_SOON,     /* remind_before_days or fewer to go */
    REMIND_TODAY,    /* this is the day, or no working day is left before it */
    REMIND_LATE,     /* the day has gone by */
    REMIND_LATE_SM,  /* late_sm_days late: the service manager hears of it */
    REMIND_LATE_HOS, /* late_hos_days late: the head of service too */
};
const char *remind_level_code(enum remind_level level); /* "soon"; "none" */

struct reminder {
    enum remind_level level;
    int64_t days_left; /* working days after today; negative: so many late */
    bool owner;        /* hears of it now */
    role_set roles;    /* so do these, for the record's team: FTM from the first late reminder on */
    uint32_t count;    /* how many reminders there were until now; 0: none yet */
    struct civil on;   /* the day of the last of them; the due day while count is 0 */
};
/* Reminders are given remind_before_days before, on the day, and every remind_every_days after it.
 * What is due on a day off is remembered on the last working day before. */
struct reminder remind_of(const struct clock_values *c, const struct holidays *h, struct civil due,
                          struct civil today);
/* "due in 3 working days (Thu 12 Mar 2026)", "due today", "2 working days late (was due ...)". */
enum { REMIND_WORDS_BYTES = 80 };
void remind_words(const struct holidays *h, struct civil due, struct civil today,
                  char out[REMIND_WORDS_BYTES]);

#endif
