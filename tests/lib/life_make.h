#ifndef TANDEM_TESTS_LIB_LIFE_MAKE_H
#define TANDEM_TESTS_LIB_LIFE_MAKE_H

/* Records for the tests of their life: a room (audit_make.h), the people of the site with names,
 * the default clocks, and a person who asks. Nothing here knows the rules. */

#include "server/rules/life.h"
#include "tests/lib/audit_make.h"

/* Beside those of audit_make.h; they take no part unless they are added. */
enum {
    W_IRO2 = 50, /* Ian Moss: another IRO of every team */
    W_SM2,       /* Sol Gray: another service manager of North */
    W_IROM,      /* Mae Lund: leads the IROs */
    W_IRO_FTM,   /* Kit Dove: IRO, and team manager of North */
    W_GONE,      /* Gus Wade: IRO, works here no more */
};

struct life_world {
    struct template *t;
    struct room *r;
    struct people *people;
    struct clock_values clock;
    struct holidays holidays;
    struct life_facts f; /* now: Wed 3 March 2027, 10:00 in London */
    struct life_change change;
    /* of the last question asked */
    struct err_info why;
    const struct life_move *row;
    size_t nmissing, nwarnings;
    struct buf sentences; /* what was missing, a line each */
    struct life_missing last;
};

/* "tests/unit/rules/life_audit.yaml", "server/content/ida.yaml" ...; in IN_PROGRESS. */
struct life_world *life_world_new(const char *template_path);
void life_world_free(struct life_world *w);
/* Somebody of either kind. */
const struct viewer *life_world_viewer(const struct life_world *w, uint32_t person);

/* A request with nothing in it but who and where to. */
struct life_request life_world_request(const struct life_world *w, uint32_t person,
                                       enum audit_state to);
/* Asks; fills what is "of the last question". */
enum err life_world_check(struct life_world *w, const struct life_request *q);
/* Asks, and does it as the server would. */
enum err life_world_do(struct life_world *w, const struct life_request *q);
enum err life_world_move(struct life_world *w, uint32_t person, enum audit_state to,
                         const char *reason);
enum err life_world_sign(struct life_world *w, uint32_t person);

/* What must go well while an audit is made. */
void life_put(struct life_world *w, uint32_t person, const char *where, const char *value);
void life_write(struct life_world *w, uint32_t person, const char *where, const char *words);
void life_add(struct life_world *w, uint32_t person, const char *list);
/* By the server, whoever may: a value that nobody sets by hand, or not in this state. */
void life_force(struct life_world *w, const char *where, const char *value);
/* The record is moved there, whatever the rules say. */
void life_at(struct life_world *w, enum audit_state s);
/* An open comment that must be answered. Its id. */
uint64_t life_query(struct life_world *w, uint32_t person, const char *where);
void life_reply(struct life_world *w, uint32_t person, uint64_t comment);

/* The life_audit.yaml one: every answer that is needed, all grades as given ("good"). */
void life_fill(struct life_world *w, const char *b1, const char *b2, const char *overall);
/* One development finding with a complete action that names it. */
void life_plan(struct life_world *w);

#endif
