#ifndef TANDEM_SERVER_RULES_OCCURRENCE_H
#define TANDEM_SERVER_RULES_OCCURRENCE_H

/* One thing to do in the calendar: who, for whom, by when, and what became of it. Pure: today is an
 * argument. Whether it is due or late is derived from its days and never stored.
 *
 *               move (reason; the limit stays)
 *                 +--+
 *                 |  v          hold: the day, the record     -> HELD
 *   generated -> OPEN --------- miss: reason                  -> MISSED
 *                 ^  |          cancel: reason                -> CANCELLED
 *                 |  +--------- the programme drops it        -> DROPPED
 *                 +------------ the programme asks for it again  <-+ */

#include "common/audit/template.h"
#include "server/rules/workday.h"

enum {
    OCCURRENCE_CODE = 12,
    OCCURRENCE_SUBJECT = 48, /* bytes with the NUL, as all of these */
    OCCURRENCE_TEAM = 32,
    OCCURRENCE_UID_BYTES = 96,
    OCCURRENCE_EXPLAIN_BYTES = 640,
    OCCURRENCE_MAX_REASON = 300, /* bytes of a reason or a record's reference, longer is refused */
};

enum occurrence_of { /* what `subject` is; numbers are stored */
                     OCCURRENCE_OF_SITE = 1,
                     OCCURRENCE_OF_PERSON = 2, /* number in decimal */
                     OCCURRENCE_OF_TEAM = 3,
                     OCCURRENCE_OF_CARER = 4, /* reference of the carer's record */
                     OCCURRENCE_OF_ASKED =
                         5, /* what it was asked for by: an audit, a trigger, an entry of a list */
};

enum occurrence_end { /* numbers are stored */
                      OCCURRENCE_OPEN = 1,
                      OCCURRENCE_ENDED_HELD = 2,
                      OCCURRENCE_ENDED_MISSED = 3,
                      OCCURRENCE_ENDED_CANCELLED = 4, /* by a person */
                      OCCURRENCE_ENDED_DROPPED = 5, /* by a programme that asks for it no longer */
};

enum occurrence_state { /* as people see it */
                        OCCURRENCE_PLANNED = 1,
                        OCCURRENCE_DUE,  /* its planned day has come */
                        OCCURRENCE_LATE, /* its limit is over */
                        OCCURRENCE_HELD,
                        OCCURRENCE_MISSED,
                        OCCURRENCE_CANCELLED,
};

struct occurrence {
    char code[OCCURRENCE_CODE]; /* of the activity; a carer's reviews begin with REV1, then REVn */
    /* Its identity, with `of` and `subject`: never changes. */
    char key[OCCURRENCE_CODE]; /* the code; one for all reviews of a carer */
    enum occurrence_of of;
    char subject[OCCURRENCE_SUBJECT];
    bool chain;        /* identity by position alone, otherwise by base and position */
    struct civil base; /* the day it counts from: last review, month end ... */
    uint32_t position; /* in the chain, or which of several; from 1 */
    /* When. The limit never changes, nor does the day that was planned at first. */
    struct civil limit, first_planned, planned;
    bool law;        /* § its limit */
    bool prepares;   /* another one: it is late when its planned day is over, not its limit */
    bool moved;      /* by somebody: the programme leaves the planned day alone */
    bool asked;      /* by somebody: the programme leaves it alone */
    role_set by;     /* who does it: one of these roles ... */
    uint32_t person; /* ... this person; 0: whoever holds a role */
    char team[OCCURRENCE_TEAM]; /* "": every team */
    /* The programme that asked for it first, and the last one that dropped or restored it. */
    int programme_year;
    uint32_t programme_version;
    /* What became of it. */
    enum occurrence_end end;
    struct civil ended; /* HELD: the day it was held; otherwise the day this was said */
    uint32_t ended_by;  /* 0: the programme */
    char *end_reason;   /* owned; NULL: none */
    char *move_reason;  /* owned; of the last move; NULL: none */
    char *record;       /* owned; reference of what was held; NULL: none */
    uint32_t sequence;  /* grows with every change that people must hear of */
};

void occurrence_fini(struct occurrence *o); /* frees what it owns */

/* Stable and unique within the site: "TMA/person-7/2027-04-30/1", "REV/carer-C12/3". */
void occurrence_uid(const struct occurrence *o, char out[OCCURRENCE_UID_BYTES]);
enum occurrence_state occurrence_state(const struct occurrence *o, struct civil today);
const char *occurrence_state_name(enum occurrence_state s); /* "planned" */
/* The day after which it is late. */
struct civil occurrence_clock(const struct occurrence *o);
/* Held, but after that day. */
bool occurrence_held_late(const struct occurrence *o);
/* Limit, planned day and why, moves included: "Counted from Sat 29 May 2027: limit 29 May 2028, a
 * bank holiday, so planned Fri 26 May 2028. The limit is set by law." */
void occurrence_explain(const struct occurrence *o, const struct holidays *h,
                        char out[OCCURRENCE_EXPLAIN_BYTES]);

/* ---- steps: each changes all or nothing ---- */

struct occurrence_step { /* borrowed */
    uint32_t by;
    struct civil today;
    struct civil day;   /* hold: when it was; move: the new planned day */
    const char *reason; /* NULL or "": none */
    const char *record; /* hold: reference of the record; NULL or "": none */
    bool past_limit;    /* move: yes, although it is after the limit */
};

/* Common refusals: ERR_REFUSED_STATE, it has ended already; ERR_INPUT, a reason is missing or too
 * long, and what each one says; ERR_NOMEM. */

/* ERR_INPUT: a day to come, or not after the one it counts from; after a limit that is set by law
 * without a reason. */
MUST_CHECK enum err occurrence_hold(struct occurrence *o, const struct occurrence_step *s,
                                    struct err_info *why);
/* Always with a reason. ERR_INPUT: a day that is over, not a working day, the same day; after the
 * limit, unless past_limit: it will be late then. */
MUST_CHECK enum err occurrence_move(struct occurrence *o, const struct occurrence_step *s,
                                    const struct holidays *h, struct err_info *why);
/* With a reason. What the law asks for cannot be missed: it stays late until it is held. */
MUST_CHECK enum err occurrence_miss(struct occurrence *o, const struct occurrence_step *s,
                                    struct err_info *why);
/* With a reason. */
MUST_CHECK enum err occurrence_cancel(struct occurrence *o, const struct occurrence_step *s,
                                      struct err_info *why);

#endif
