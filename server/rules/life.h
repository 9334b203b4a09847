#ifndef TANDEM_SERVER_RULES_LIFE_H
#define TANDEM_SERVER_RULES_LIFE_H

/* The rules of a record's life: which state follows which, who may ask for it, what must be there
 * first, what is recorded. ONE table per kind of record (life_table.c); the server's answers, "what
 * next", the help, the rules printed for people, the state diagram and the tests all read it. Who
 * may write which answer in which state is not decided here (common/audit, audit_right); nor is
 * what happens to one action (action.h). Pure: no I/O, no clock; only life_make allocates.
 *
 *   life_check   may this be asked for now? If not: one sentence, and every missing thing by itself
 *   life_make    the operations of an accepted request, for one event by the server (agent 0)
 *   life_next    all that may follow from here, for this person and for others
 */

#include "common/audit/audit.h"
#include "server/rules/clock.h"
#include "server/rules/people.h"

/* ---- the table ---- */

/* Kinds of record by the way they go; from the template's type. */
enum life_path {
    LIFE_AUDIT,       /* collaborative, thematic: agreed, moderated, followed up */
    LIFE_SHORT,       /* dip: an IRO alone, no moderation */
    LIFE_OBSERVATION, /* of practice, by a manager */
    LIFE_FEEDBACK,    /* one voice's form */
    LIFE_MEETING,     /* care planning */
    LIFE_CHALLENGE,   /* practice challenge and dispute, in stages */
    LIFE_PATHS
};
enum life_path life_path_of(const struct template *t); /* LIFE_AUDIT for an unknown type */
const char *life_path_code(enum life_path p);          /* "audit", "short" ... */
const char *life_path_title(enum life_path p);         /* "Collaborative and thematic audits" */

/* How a move comes about. */
enum life_how {
    LIFE_ASKED,    /* somebody asks for it: tandem move */
    LIFE_SIGNED,   /* when all signatures stand: tandem sign */
    LIFE_CALENDAR, /* the server, when its day has come */
    LIFE_FOLLOWS,  /* at once, from the move before */
};

/* Parts that are not roles of the site, beside ROLE_BIT(...) in a row's `who`. */
enum {
    LIFE_MODERATOR = 1 << 24, /* whoever is assigned to moderate this audit */
    LIFE_SIGNER = 1 << 25,    /* whoever's signature stands under it */
    LIFE_WRITER = 1 << 26,    /* whoever takes part with a role that writes in this template */
    LIFE_SERVER = 1 << 27,    /* the calendar: nobody in person */
};

enum life_reason {
    LIFE_NO_REASON, /* may be given */
    LIFE_REASON,    /* must be given */
    LIFE_EXCUSES,   /* must be given when one of the row's `excused` guards is open */
};

/* What must be so first. One row of life_guards() each. */
enum life_guard {
    GUARD_WINDOW,       /* its day has come, by the planned date */
    GUARD_PRACTITIONER, /* a practitioner is named */
    GUARD_SELF,         /* their own assessment is in */
    GUARD_REVIEW,       /* the review meeting was held */
    GUARD_ANSWERS,      /* required answers, rationales, voices */
    GUARD_SIGNATURES,   /* all that are needed stand under this revision */
    GUARD_NO_QUESTION,  /* no open comment that must be answered */
    GUARD_MODERATOR,    /* somebody is named who may moderate this audit */
    GUARD_OWN_IRO,      /* it is the child's own IRO, unless they may not */
    GUARD_QUERY,        /* the moderator asks something */
    GUARD_QUERIES_ANSWERED,
    GUARD_VIEWS,     /* a view on every sampled judgement */
    GUARD_AGREEMENT, /* every difference has come to an end */
    GUARD_PLAN,      /* every development finding leads to an action, or says why not */
    GUARD_ACTIONS,   /* every action says all it must */
    GUARD_NOT_OWN_PLAN,
    GUARD_SETTLED, /* every action has come to its end */
    GUARD_FAMILY_LED,
    GUARD_STAGE,    /* of a challenge: a stage that may begin now */
    GUARD_POSITION, /* the IRO's position at that stage is written */
    GUARD_OUTCOME,
    GUARD_DIFFERENCE, /* to the child */
    GUARD_HAS_ACTION,
    GUARD_NO_ACTION, /* nothing is left to follow up */
    GUARD_COUNT
};
#define GUARD_BIT(g) (UINT32_C(1) << (g))

/* A row that is only there for some records. */
enum life_when {
    LIFE_ALWAYS,
    LIFE_WHEN_WEAK, /* a weaker audit: life_is_weak */
    LIFE_WHEN_SOUND,
    LIFE_WHEN_SGO, /* a meeting about special guardianship */
    LIFE_WHEN_NOT_SGO,
};

#define STATE_BIT(s) (UINT32_C(1) << (s))
enum { LIFE_BEGINNING = 0 }; /* as a state to come from: there is no record yet */

struct life_move {
    enum life_path path;
    uint32_t from; /* STATE_BIT set */
    enum audit_state to;
    enum life_how how;
    uint32_t who; /* ROLE_BIT and LIFE_MODERATOR ... set */
    enum life_when when;
    enum life_reason reason;
    uint32_t guards, excused; /* GUARD_BIT sets; excused is part of guards */
    bool opens_actions;       /* from here on they are followed up */
    enum clock clock;         /* how long `from` may last; CLOCK_COUNT: no limit */
    const char *title;        /* what one does: "Open the room" */
    const char *reason_for;   /* what the reason is to say, or "" */
    const char *records;      /* what is recorded besides who, when, revision and fingerprint; "" */
};
const struct life_move *life_table(size_t *count);

struct life_guard_row {
    enum life_guard guard;
    const char *needs; /* "a practitioner is named": for the rules as people read them */
    const char *who;   /* who can put it right: "The reviewing officer names them." */
};
const struct life_guard_row *life_guards(void); /* GUARD_COUNT rows, by number */

/* Who may open a new record of this kind (site roles, for permission_new_team). */
role_set life_creators(enum life_path p);

/* ---- what is asked, about what ---- */

/* Who changed the content last: what a signer is told who has not seen it. */
struct life_change {
    uint64_t seq;
    uint32_t by;
    int64_t utc_ms;
    struct field field;
};

struct life_facts { /* all borrowed */
    const struct audit *audit;
    const struct people *people;
    const struct clock_values *clock;
    const struct holidays *holidays;
    int64_t now_utc_ms;
    bool new_auditor;                 /* it is the auditor's first: every judgement is looked at */
    const struct life_change *change; /* of audit_revision, from the log; NULL: not known */
    const uint32_t *present;          /* who is in the room; npresent, EVENT_MAX_PRESENT at most */
    size_t npresent;
};

struct life_request {         /* strings are never NULL */
    const struct viewer *who; /* person 0: the calendar */
    enum audit_state to;
    const char *reason;
    bool sign;              /* their signature, not a move */
    uint64_t revision;      /* sign: that they saw; 0: as it stands */
    const char *difference; /* sign: their view where it differs, or "" */
    bool absent;            /* sign: for the practitioner, who is away */
    uint32_t moderator;     /* a person; 0: the one assigned */
    uint32_t stage;         /* challenges: 1 + the stage that begins; 0: the next */
};

/* One thing that is missing, in a sentence for people. */
struct life_missing {
    enum life_guard guard;
    struct field field;   /* what it is about; question 0: no answer in particular */
    bool blocks;          /* false: a warning, or what a given reason excuses */
    bool excusable;       /* a reason would do */
    const char *sentence; /* borrowed during the call; no full stop */
};
typedef void (*life_missing_fn)(void *user, const struct life_missing *m);

/* ---- asking ---- */

/* May this be asked for now? In this order:
 *   ERR_NOT_FOUND      they may not know of the record
 *   ERR_REFUSED_ROLE   never with their part; says who may
 *   ERR_REFUSED_STATE  not from here; says what may follow. Or something is missing: `fn` (may be
 *                      NULL) is called for each, `why` counts them, names the first and who can
 * help ERR_STALE          a signature under a revision that has moved on; says who changed what,
 * when ERR_INPUT          no reason where one is asked for, nobody by that number, no such stage
 * ERR_OK: *row is the row of the table (for a signature in RETURNED, which moves nothing: NULL),
 * and `fn` was called for warnings only. `row` and `why` may be NULL. */
MUST_CHECK enum err life_check(const struct life_facts *f, const struct life_request *q,
                               const struct life_move **row, life_missing_fn fn, void *user,
                               struct err_info *why);

/* May they assign (or re-assign) the moderator, without moving the audit? QA and IROM, from
 * SUBMITTED to RETURNED; another than before needs a reason. */
MUST_CHECK enum err life_check_assign(const struct life_facts *f, const struct life_request *q,
                                      struct err_info *why);

/* The operations of one event. */
struct life_ops {
    struct audit_op *ops;
    size_t nops;
    size_t cap;
    char **kept; /* strings of `ops` */
    size_t nkept, kept_cap;
};
void life_ops_free(struct life_ops *o); /* also of one that is all zero; o may be used again */

/* What an accepted request writes, into *out (all zero before; free it with life_ops_free whatever
 * comes back): signature and the move that it completes, moderator's and final grades, opening of
 * actions, the moderator's part, and moves that follow at once. It borrows nothing from `f` or `q`
 * afterwards. Asks life_check again: the same refusals, without a sentence; and ERR_NOMEM. */
MUST_CHECK enum err life_make(const struct life_facts *f, const struct life_request *q,
                              struct life_ops *out);
MUST_CHECK enum err life_make_assign(const struct life_facts *f, const struct life_request *q,
                                     struct life_ops *out);
/* Further operations for the same event: this record has to do with another one. */
MUST_CHECK enum err life_make_link(struct life_ops *out, const char *kind, const char *ref);

/* ---- what next ---- */

struct life_step {
    const struct life_move *row;
    bool mine;           /* this person may do it, once nothing is missing */
    bool ready;          /* nothing is missing (a reason may have to be given) */
    bool reason;         /* a reason must be given as things stand */
    const char *command; /* "tandem sign FCA-2026-0001"; "" when it is not theirs */
    const char *who;     /* who does it: "Ana Flint (FRO) and Ben Okafor (FSW) sign" */
};
typedef void (*life_step_fn)(void *user, const struct life_step *s);

/* Calls `step` for every row that leaves the present state (for a challenge also the next stage),
 * those that lead on before those that lead back or out, and after each of them `missing` for what
 * is missing before it. Both may not be NULL. Strings are borrowed during the call. ERR_NOT_FOUND:
 * this person may not know of the record. */
MUST_CHECK enum err life_next(const struct life_facts *f, const struct viewer *who,
                              life_step_fn step, life_missing_fn missing, void *user,
                              struct err_info *why);

/* ---- what other rules ask ---- */

/* The person's parts in this record: their membership, the roles they hold for its team (managers,
 * QA, IROM), and LIFE_MODERATOR, LIFE_SIGNER, LIFE_WRITER; person 0: LIFE_SERVER. */
uint32_t life_parts(const struct audit *a, const struct viewer *v);

/* Parts that have to sign and have not (one of these roles, or each of them for an audit with two
 * signatures); 0: none is missing, or this kind is not signed. */
role_set life_unsigned(const struct audit *a);

/* A weaker audit: its overall grade (final, else agreed) is a weak one of the scale, or that of a
 * key judgement is the scale's last. `say` (may be NULL) gets why, as half a sentence: "its overall
 * grade (L1) is Requires improvement". */
bool life_is_weak(const struct audit *a, char say[160]);

/* The latest day for the audit after a weaker one, counted from today; false: none is asked for. */
bool life_reaudit(const struct life_facts *f, struct civil *day);

/* ---- for people ---- */
/* The rules of every path as text; `clock` gives the working days (marked † as defaults that may
 * differ by authority). */
void life_rules_text(struct buf *out, const struct clock_values *clock);
/* The same as Graphviz: one digraph for each path. */
void life_rules_dot(struct buf *out);

#endif
