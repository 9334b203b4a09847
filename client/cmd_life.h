#ifndef TANDEM_CLIENT_CMD_LIFE_H
#define TANDEM_CLIENT_CMD_LIFE_H

/* What commands that lead a record on have in common. */

#include "client/session.h"
#include "common/audit/event.h"

/* Steps, decoded; the answer of Next is borrowed only for its callback. */
struct steps {
    Tandem__Steps *answer; /* NULL: none; steps_fini */
};
MUST_CHECK enum err steps_ask(struct session *s, const char *ref, struct steps *out);
void steps_fini(struct steps *x);

/* What a move asks for; strings may be NULL. */
struct move {
    const char *ref;
    enum audit_state to;
    const char *reason, *person;
    uint32_t stage; /* 1 + the stage's number; 0: none named */
};
/* "2", a stage's number, to `stage` above; NULL to 0. False: there is no such stage. */
bool move_stage(const char *typed, uint32_t *stage);
/* Asks for it and prints what the server says (also as --json). When something is missing, the list
 * goes to stderr, one per line, and s->why is printed: the exit code is what is returned. */
int move_and_print(struct session *s, const struct cli *c, const struct move *m);

#endif
