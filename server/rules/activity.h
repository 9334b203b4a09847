#ifndef TANDEM_SERVER_RULES_ACTIVITY_H
#define TANDEM_SERVER_RULES_ACTIVITY_H

/* What a service does for quality, who does it and when: the rows that the calendar is made of.
 * They are data (server/content/activities.yaml, and what a site adds); this module knows what a
 * row may say and on which days it falls. Pure. What becomes of a day once it stands in the
 * calendar is the business of occurrence.h; making the calendar that of calendar.h. */

#include "common/audit/template.h"
#include "server/rules/clock.h"

enum {
    ACTIVITY_CODE = 12,  /* bytes with the NUL */
    ACTIVITY_BEFORE = 4, /* an activity may prepare so many others */
    ACTIVITY_MAX_ROWS = 200,
    ACTIVITY_MAX_COUNT = 20,
    ACTIVITY_MAX_DAYS = 20000, /* that one question to activity_days may answer */
};

/* Each what gets its own? */
enum activity_each {
    ACTIVITY_EACH_SITE = 1, /* one for the whole service */
    ACTIVITY_EACH_PERSON,   /* with one of the roles */
    ACTIVITY_EACH_TEAM,
    ACTIVITY_EACH_CARER,
};

/* On which days does it fall? */
enum activity_rule {
    ACTIVITY_EVERY = 1,        /* the days of an RRULE (RFC 5545) */
    ACTIVITY_AFTER_APPROVAL,   /* once, so many months after a carer's approval */
    ACTIVITY_AFTER_REVIEW,     /* so many months after a carer's last review, again and again */
    ACTIVITY_AFTER_LAST,       /* so many months after it was last done, again and again */
    ACTIVITY_BEFORE_OTHERS,    /* it prepares others: so long before each of them */
    ACTIVITY_EACH_WORKING_DAY, /* never in the calendar: only the days without one are reported */
    ACTIVITY_WHEN_ASKED,       /* only when something brings it about */
};

/* What may bring one about, besides the rule. */
enum activity_asked {
    ACTIVITY_ON_SUBMISSION = 1u << 0, /* an audit was submitted */
    ACTIVITY_ON_TRIGGER = 1u << 1,    /* something was noticed: a pattern, a complaint ... */
    ACTIVITY_ON_LIST = 1u << 2,       /* it stands in the list of the year's programme */
};

/* The limit, counted from a day of the RRULE. */
enum activity_due {
    ACTIVITY_DUE_THAT_DAY = 1,
    ACTIVITY_DUE_LAST_WORKING_DAY,      /* of that day's month */
    ACTIVITY_DUE_NEXT_LAST_WORKING_DAY, /* of the month after it */
    ACTIVITY_DUE_AFTER,                 /* as long after it as a clock says */
};

struct activity {
    char code[ACTIVITY_CODE]; /* "TMA" */
    char *title;
    char *text; /* for people: what counts as done, what is reported */
    role_set by;
    enum activity_each each;
    enum activity_rule rule;
    uint32_t asked; /* enum activity_asked */
    char *every;    /* RRULE; "" with other rules */
    enum activity_due due;
    uint32_t months;                             /* AFTER_...: the limit */
    char before[ACTIVITY_BEFORE][ACTIVITY_CODE]; /* codes that it prepares */
    size_t nbefore;
    int clock; /* enum clock: of ACTIVITY_DUE_AFTER, BEFORE_OTHERS, what is asked for; -1: none */
    int plan;  /* enum clock, in months: AFTER_... is planned so long after; -1: at the limit */
    uint32_t count; /* so many each time */
    uint32_t
        avoid_months; /* of a sample: not what was looked at within so many months; 0: no sample */
    bool law;         /* § the limit is set by law. Everything else is a local choice (†) */
    bool nil_return;  /* "there was none" counts as done */
    char *template;   /* id of the audit that it makes; "" */
};

struct activities { /* owns its rows; {0} is empty */
    struct activity *rows;
    size_t n;
};

void activities_fini(struct activities *a);
/* Returns a new copy in *out. ERR_NOMEM: *out is empty. */
MUST_CHECK enum err activities_copy(const struct activities *from, struct activities *out);
/* Takes what *row owns (also on failure; *row is then empty). A row with this code is replaced. */
MUST_CHECK enum err activities_put(struct activities *a, struct activity *row);
/* Removes the row of this code, if there is one. */
void activities_remove(struct activities *a, const char *code);
const struct activity *activities_find(const struct activities *a, const char *code); /* or NULL */
void activity_fini(struct activity *row); /* what it owns; *row is {0} then */

/* May these rows make a calendar? ERR_INPUT with a sentence that begins "CODE: " (or says that
 * there are none): codes that are no codes or that stand twice, no role, what the rule needs and is
 * missing or what it has no use for, an RRULE that cannot be one (activity_every_check), a prepared
 * activity that there is not, or one that prepares others itself; § where the law sets nothing, or
 * without it where it does: the two carers' reviews, within 12 months, are the only limits by law.
 */
MUST_CHECK enum err activities_check(const struct activities *a, struct err_info *why);

/* Is this an RRULE for days? ERR_INPUT with a sentence: not an RRULE, several times within a day,
 * with COUNT (there is no first day to count from) or without any day in ten years. */
MUST_CHECK enum err activity_every_check(const char *rrule, struct err_info *why);
/* The days of an RRULE in [from, until), ascending. The rule is counted from Monday 1 April 2002:
 * every second month is April, June, August ... ERR_INPUT: as activity_every_check says; ERR_NOMEM;
 * ERR_TOO_LARGE: more than ACTIVITY_MAX_DAYS. Returns new: free(*out). */
MUST_CHECK enum err activity_days(const char *rrule, struct civil from, struct civil until,
                                  struct civil **out, size_t *n, struct err_info *why);

/* The limit and the planned day of what counts from `base`: a day of the RRULE, the approval, the
 * last review, the last time, the day that it was asked for, or (ACTIVITY_BEFORE_OTHERS) the day
 * that is prepared. Not for ACTIVITY_EACH_WORKING_DAY. */
struct due activity_due_from(const struct activity *row, struct civil base,
                             const struct clock_values *clock, const struct holidays *h);
/* The same for what was asked for on `base` (an audit submitted, a trigger): by its clock, or that
 * very day. */
struct due activity_due_asked(const struct activity *row, struct civil base,
                              const struct clock_values *clock, const struct holidays *h);

/* Working days in [from, until) without one: done[] is ascending. For ACTIVITY_EACH_WORKING_DAY.
 * How many there are; the first `cap` go to out[]. */
size_t activity_gaps(const struct holidays *h, struct civil from, struct civil until,
                     const struct civil *done, size_t ndone, struct civil *out, size_t cap);

/* Words as the YAML writes them: "site", "person" ...; "that day", "last working day" ...
 * 0 when unknown. */
enum activity_each activity_each_find(const char *word);
enum activity_due activity_due_find(const char *word);
enum activity_asked activity_asked_find(const char *word);
const char *activity_each_word(enum activity_each each);

/* "each team manager, monthly ..." is for people to write (text); this says the rule in full: "12
 * months after the last review (set by law), planned at 11 months", "3 working days after each day
 * of FREQ=MONTHLY;BYMONTHDAY=-1 (a local choice)". */
void activity_say(const struct activity *row, const struct clock_values *clock, char *out,
                  size_t cap);

#endif
