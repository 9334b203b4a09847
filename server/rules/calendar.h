#ifndef TANDEM_SERVER_RULES_CALENDAR_H
#define TANDEM_SERVER_RULES_CALENDAR_H

/* The calendar of activity: every occurrence that a service has or had, and how an agreed programme
 * fills it in. Pure: no clock, no files. Tens of thousands of occurrences are comfortable: they lie
 * in one array, found by their identity.
 *
 * What generating promises, however often it is done and whatever has changed meanwhile:
 * - nothing stands twice and nothing is ever taken out;
 * - a limit never moves: the first one stays, also when a rule, a setting or a fact has changed;
 * - what was held, missed or cancelled by somebody, moved by somebody or asked for by somebody
 *   stays as it is. Only when there is nobody any more for whom it would be (a carer whose approval
 *   ended, a person who left), or what it prepares is gone, what was moved is dropped, too;
 * - what is still open and no longer asked for is dropped, with the programme as the reason, and
 *   comes back as itself when it is asked for again. */

#include "server/rules/activity.h"
#include "server/rules/occurrence.h"
#include "server/rules/programme.h"

enum { CALENDAR_MAX_OF_ONE = 200000 }; /* times that an activity may be asked for at once */

struct calendar { /* {0} is empty */
    struct occurrence *at;
    size_t n, cap;
    uint32_t *index; /* open addressing: number + 1; 0 is free */
    size_t index_size;
};

void calendar_fini(struct calendar *c);
/* The number of the occurrence with this one's identity (key, of, subject, position, base unless
 * chain); SIZE_MAX: there is none. Numbers stay as they are. */
size_t calendar_find(const struct calendar *c, const struct occurrence *like);
/* The same by what occurrence_uid gives; walks. */
size_t calendar_find_uid(const struct calendar *c, const char *uid);
/* Takes what *o owns (also on failure). ERR_EXISTS: its identity is here. ERR_NOMEM. */
MUST_CHECK enum err calendar_put(struct calendar *c, struct occurrence *o);

/* ---- what the service is made of ---- */

struct calendar_person {
    uint32_t id;
    role_set roles;
    const char *team;   /* "" or NULL: every team, or several */
    struct civil since; /* asked for nothing before; year 0: always here */
};

struct calendar_carer {
    const char *ref; /* of the carer's record; at most OCCURRENCE_SUBJECT - 1 bytes */
    const char *team;
    uint32_t reviewing_officer, social_worker; /* persons; 0: not known */
    struct civil approved, last_review, ended; /* year 0: not known, none yet, not ended */
};

struct calendar_facts { /* all borrowed */
    const struct calendar_person *people;
    size_t npeople;
    const char *const *teams;
    size_t nteams;
    const struct calendar_carer *carers;
    size_t ncarers;
};

/* ---- filling it in ---- */

struct calendar_order {                /* all borrowed */
    const struct programme *programme; /* the one that asks */
    const struct activities *activities;
    const struct calendar_facts *facts;
    const struct clock_values *clock;
    const struct holidays *holidays;
    struct civil from, until; /* programme_window; years in their order */
    struct civil today;       /* of the agreement: the day on which something is dropped */
};

struct calendar_result {
    size_t added, replanned, dropped, restored;
    size_t
        *changed; /* owned; numbers of all of these and of those with another person, ascending */
    size_t nchanged;
    /* Carers without approval and review dates: no review can be planned for them. */
    size_t nundated;
    char undated[OCCURRENCE_SUBJECT]; /* the first one */
};
void calendar_result_fini(struct calendar_result *r);

/* Fills the calendar in. Whoever is asked for by an RRULE gets what falls into [from, until). A
 * carer has one open review at a time, the next one is counted from the day it was held; the same
 * for what counts from the last time. What prepares others follows their planned day.
 * With a sentence, before anything has changed: ERR_INPUT: until is not after from, the programme
 * is not AGREED, a carer's reference is too long or stands twice, activities_check's reasons;
 * ERR_TOO_LARGE: more than CALENDAR_MAX_OF_ONE of one activity. ERR_NOMEM: the calendar is only
 * good for calendar_fini. */
MUST_CHECK enum err calendar_generate(struct calendar *c, const struct calendar_order *order,
                                      struct calendar_result *result, struct err_info *why);
/* How far ahead: the setting horizon_months after today. */
struct civil calendar_horizon(const struct clock_values *clock, struct civil today);

/* Something that somebody asks for: an audit was submitted, a trigger was recorded, the programme's
 * list names it. `what` is its reference and, with the activity, its identity. */
struct calendar_asked {
    const char *what;
    struct civil day;     /* on which it was asked for */
    struct civil planned; /* year 0: as the activity says; otherwise that day is limit and plan */
    uint32_t person;      /* 0: whoever holds a role */
    const char *team;
};
/* *number is the new one. ERR_EXISTS: it is here. ERR_INPUT: this activity cannot be asked for, the
 * reference is empty or too long, planned is no working day. ERR_NOMEM: nothing has changed. */
MUST_CHECK enum err calendar_ask(struct calendar *c, const struct activity *row,
                                 const struct calendar_asked *asked, const struct programme *p,
                                 const struct clock_values *clock, const struct holidays *h,
                                 size_t *number, struct err_info *why);

#endif
