#ifndef TANDEM_SERVER_RULES_ACTION_H
#define TANDEM_SERVER_RULES_ACTION_H

/* What becomes of an agreed action: begun, said to be done, verified by somebody else, given
 * another day, closed in another way; later, the difference it made. Pure: says whether a step may
 * be taken and which operations it is. */

#include "server/rules/facts.h"

enum action_step {
    ACTION_START = 1,
    ACTION_CLAIM,         /* its owner says that it is done */
    ACTION_VERIFY,        /* somebody else has seen that it is */
    ACTION_REOPEN,        /* ... has seen that something is still to do */
    ACTION_NOT_EFFECTIVE, /* done, but it did not help enough; another action follows */
    ACTION_CANCEL,
    ACTION_SUPERSEDE,
    ACTION_DUE, /* another day */
    ACTION_IMPACT,
};

/* Where an action stands. */
enum action_status {
    ACTION_IS_OPEN = 1, /* also one without a status yet */
    ACTION_IS_IN_PROGRESS,
    ACTION_IS_DONE_CLAIMED,
    ACTION_IS_DONE_VERIFIED,
    ACTION_IS_NOT_EFFECTIVE,
    ACTION_IS_CANCELLED,
    ACTION_IS_SUPERSEDED,
};
const char *action_status_code(enum action_status s); /* "open"; "?" */
enum action_status action_status(const struct audit *a, uint16_t question, uint64_t item);
/* Is nothing more to be done about it: verified, cancelled, superseded, or not effective and
 * leading to another? */
bool action_is_settled(const struct audit *a, uint16_t question, uint64_t item);
/* Are actions followed up in the record's present state (all steps, not only impact)? */
bool action_is_followed_up(const struct audit *a);

/* Who may take a step, as bits. */
enum action_who {
    ACTION_BY_OWNER = 1u << 0, /* the person named; the FTM of the team when nobody here is */
    ACTION_BY_FTM = 1u << 1,   /* of the team, as all of these */
    ACTION_BY_SM = 1u << 2,
    ACTION_BY_QA = 1u << 3,
    ACTION_BY_LEAD = 1u << 4,    /* the reviewing officer (FRO) among the members; in dip audits and
                                  * challenges the IRO */
    ACTION_BY_ANOTHER = 1u << 5, /* of these, but neither its owner nor who said that it is done */
};
/* One row per step: THE table for rules, help and clients. */
struct action_step_def {
    enum action_step step;
    const char *code;      /* "claim" */
    const char *title;     /* "Say that it is done" */
    uint32_t from;         /* bits 1u << enum action_status */
    enum action_status to; /* 0: the status stays */
    uint32_t who;
    bool reason;         /* must be given */
    const char *asks;    /* what it asks for, for a person; "" */
    const char *records; /* what is recorded, for the help */
};
/* Every step is for FOLLOW_UP (in a dip audit, which has none, for ACTION_PLANNING); IMPACT for
 * CLOSED too. */
const struct action_step_def *action_steps(size_t *count);
const struct action_step_def *action_step_find(const char *code); /* NULL */

struct action_request { /* borrows everything */
    const struct viewer *who;
    enum action_step step;
    uint16_t question; /* the list's */
    uint64_t item;
    const char *reason;   /* "" or NULL: none. CLAIM: what shows that it is done, where that is not
                           * written with the action already; VERIFY: a statement, if there is one */
    const char *due;      /* DUE: a day as people type it */
    const char *impact;   /* IMPACT: better, same, worse, cannot_tell */
    const char *evidence; /* IMPACT: one line */
    uint64_t leads_to;    /* NOT_EFFECTIVE: the new action; SUPERSEDE: likewise, or 0 */
};
/* May this be done now? In this order: ERR_NOT_FOUND (no such action, or they may not know of it),
 * ERR_REFUSED_ROLE (with who can), ERR_REFUSED_STATE, ERR_INPUT (what is missing or impossible), or
 * ERR_TOO_LARGE. An action's owner may know of it without being a member. */
MUST_CHECK enum err action_check(const struct facts *f, const struct action_request *q,
                                 struct err_info *why);

enum { ACTION_MAX_OPS = 8 };
struct action_ops {
    struct audit_op ops[ACTION_MAX_OPS]; /* OP_SETs for agent 0, with what they saw as base */
    size_t nops;
    char person[11], day[11], first[11], items[21]; /* `ops` point here: do not copy the struct */
};
/* The operations of a request that action_check has accepted. Borrows the request and the audit
 * until they are encoded. */
void action_make(const struct facts *f, const struct action_request *q, struct action_ops *out);

/* The default due day of an action agreed on `agreed`: action_days working days, or
 * action_safety_days when its priority is high or its theme is safety. */
struct civil action_default_due(const struct facts *f, uint16_t question, uint64_t item,
                                struct civil agreed);
/* Its due day; when none is written (or only a month), the default from the day on which the
 * record's follow-up (or its present state) began. */
struct civil action_due(const struct facts *f, uint16_t question, uint64_t item);
/* When the difference is asked for: impact_months after it was verified. False: not verified. */
bool action_impact_day(const struct facts *f, uint16_t question, uint64_t item, struct civil *out);

/* Calls `fn` for every action of the record, in order of questions. False from it ends the walk. */
typedef bool (*action_fn)(void *user, uint16_t question, uint64_t item);
void action_each(const struct audit *a, action_fn fn, void *user);

#endif
