#ifndef TANDEM_CLIENT_LINK_ERRAND_H
#define TANDEM_CLIENT_LINK_ERRAND_H

/* What may be asked of the server about a record besides writing in it: what comes next, a step of
 * its life, a flag, who has read it. Questions and answers as plain structs, so that the editor
 * needs no protobuf and can be given answers by a test. Strings are as the server or others wrote
 * them: whoever shows them makes them safe. */

#include "client/link/link.h"

enum errand_kind {
    ERRAND_NEXT = 1,   /* -> steps, duties, state, since, revision */
    ERRAND_MOVE,       /* -> text, state, revision */
    ERRAND_SIGN,       /* the same */
    ERRAND_MODERATORS, /* -> moderators */
    ERRAND_ACTION,     /* -> nothing */
    ERRAND_FLAG,       /* -> nothing */
    ERRAND_FLAG_NOTE,  /* -> nothing */
    ERRAND_INBOX,      /* -> duties, of all records; more */
    ERRAND_READERS,    /* -> readers; more */
};

/* What is not asked for by the kind is 0 and NULL. Owns its strings. */
struct errand {
    enum errand_kind kind;
    uint32_t to;         /* MOVE: enum audit_state */
    uint32_t stage;      /* MOVE: 1 + a challenge's stage */
    uint64_t revision;   /* SIGN: that the signer has before them */
    bool absent;         /* SIGN: for a practitioner who is away */
    bool closed;         /* FLAG_NOTE */
    uint16_t question;   /* ACTION */
    uint64_t item;       /* ACTION */
    uint64_t other_item; /* ACTION: the action that this one leads to */
    uint64_t flag;       /* FLAG_NOTE */
    char *text;          /* SIGN: a difference of view; FLAG, FLAG_NOTE: the words */
    char *reason;        /* MOVE, SIGN, ACTION */
    char *person;        /* MOVE: name or number; FLAG: who was told */
    char *step, *value;  /* ACTION */
};
void errand_fini(struct errand *e); /* leaves it all zero */

/* ---- answers ---- */

struct errand_missing {
    char *sentence;
    struct field field; /* question 0: about no answer in particular */
};
struct errand_step {
    uint32_t to, stage;
    char *title, *command, *who;
    char *reason; /* what a reason is asked for; "" = none is */
    bool you, by_signing, by_itself, reason_needed;
    struct errand_missing *missing;
    size_t nmissing;
};
struct errand_duty {
    char *ref, *text, *due, *name, *level;
    uint32_t state, person, role;
    int32_t days_left; /* working days; below 0: late. Means something when `due` is not "" */
    bool mine;
    struct field field; /* question 0: about no answer in particular */
};
struct errand_moderator {
    uint32_t person, open;
    char *name;
    bool own;       /* the child's own IRO */
    char *conflict; /* "" : may moderate; else why not, all of it */
};
struct errand_reader {
    int64_t utc_ms;
    uint32_t person;
    char *name, *what;
};
struct errand_answer {
    enum err err;
    char *text; /* why not, or what it means: a sentence; may be "" when all is well */
    uint32_t state;
    uint64_t revision;
    int64_t since_utc_ms;
    struct errand_step *steps;
    size_t nsteps;
    struct errand_duty *duties;
    size_t nduties;
    struct errand_moderator *moderators;
    size_t nmoderators;
    struct errand_reader *readers;
    size_t nreaders;
    bool more;
};
void errand_answer_free(struct errand_answer *a); /* NULL is allowed */

/* ---- on its way ---- */

struct errand_run;
/* `a` is taken by the callee. Runs once, never from inside errand_start, unless it was cancelled.
 */
typedef void (*errand_fn)(void *user, struct errand_answer *a);
/* Asks about the record `ref` ("" : an inbox of all). Borrows everything but `user`. The result is
 * for errand_cancel; NULL without memory or when the link has ended. */
struct errand_run *errand_start(struct link *l, const char *ref, const struct errand *e,
                                errand_fn fn, void *user);
/* The callback will not run. Not after it has run. NULL is allowed. */
void errand_cancel(struct errand_run *r);

#endif
