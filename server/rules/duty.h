#ifndef TANDEM_SERVER_RULES_DUTY_H
#define TANDEM_SERVER_RULES_DUTY_H

/* What somebody has to do about one record, and by when: the source of every inbox. Derived from
 * the record, the people and the settings; whether something is overdue is not here, it follows
 * from the due day (remind.h). The time is not asked: the same record, people and settings give the
 * same duties on every day, so that they can be stored beside the record and checked. In a
 * WITHDRAWN record only open safeguarding flags and notices are left; in a CLOSED one also impact
 * and re-audit. What is written in the record is not repeated: duties are stored without a seal. */

#include "server/rules/facts.h"

enum duty_kind {
    DUTY_VIEW = 1,   /* ask for a view */
    DUTY_ASSESSMENT, /* write one's own assessment */
    DUTY_OPEN,       /* open the room */
    DUTY_AGREE,      /* sign */
    DUTY_ANSWER,     /* a comment that must be answered */
    DUTY_SETTLE,     /* look at the answer to one's comment */
    DUTY_SUBMIT,
    DUTY_ASSIGN,
    DUTY_MODERATE,
    DUTY_ANSWER_QUERY,
    DUTY_RETURN, /* send it back to the moderator */
    DUTY_RESPOND,
    DUTY_DECIDE,
    DUTY_PLAN,
    DUTY_ASSURE,
    DUTY_ACTION,
    DUTY_VERIFY,
    DUTY_IMPACT,
    DUTY_CLOSE,
    DUTY_REAUDIT,
    DUTY_STAGE_ANSWER,
    DUTY_STAGE_NEXT, /* the answer is in: accept it, or go on */
    DUTY_MEETING_HOLD,
    DUTY_MEETING_LATE,
    DUTY_FLAG,
    DUTY_GLASS_NOTICE,
    DUTY_END
};

/* One row per kind: THE table for rules, help and clients. */
struct duty_def {
    enum duty_kind kind;
    const char *code;  /* "prepare_view": on disk and on the wire, 23 bytes at most */
    const char *who;   /* for the help */
    const char *clock; /* by when, for the help; "" */
    const char *words; /* what it is, for the help */
    bool notice;       /* nothing to do but to know; gone after its due day (duty_is_current) */
};
const struct duty_def *duty_def(enum duty_kind kind);   /* from DUTY_VIEW to before DUTY_END */
const struct duty_def *duty_def_find(const char *code); /* NULL */

struct duty {
    enum duty_kind kind;
    uint32_t person;    /* 0: whoever has `role` for the record's team */
    enum role role;     /* as which they do it */
    char due[11];       /* YYYY-MM-DD or "" */
    char first_due[11]; /* the first that was agreed; "" where it never moves */
    char since[11];     /* from which day it is asked */
    uint16_t question;  /* what it is about; 0 */
    uint64_t item;
    char text[200]; /* what to do; UTF-8 */
};
struct duty_list { /* {0} is an empty one */
    struct duty *duties;
    size_t n, cap;
};
void duty_list_free(struct duty_list *l); /* leaves an empty one */

/* Every duty of the record, in the order of the table; the list is emptied first. Person and role
 * are never both 0. now_utc_ms is not looked at. ERR_NOMEM; then the list is empty. */
MUST_CHECK enum err duties_of(const struct facts *f, struct duty_list *out);
/* Is it asked on this day? Not before `since`; a notice not after its due day. */
bool duty_is_current(const struct duty *d, struct civil today);

#endif
