#ifndef TANDEM_SERVER_RULES_CHALLENGE_H
#define TANDEM_SERVER_RULES_CHALLENGE_H

/* Practice challenge, dispute and escalation: the stages, who answers at each, and the two clocks
 * (a stage's own, and at most 20 working days for the formal stages 1-4 together, which do not stop
 * for leave). What asks for one: trigger.h. Pure. */

#include "server/rules/facts.h"

enum { CHALLENGE_STAGES = 5, CHALLENGE_FORMAL = 1 /* the first formal stage */ };

/* One row per stage, by number. */
struct challenge_stage {
    const char *title;    /* "dispute with the team manager" */
    const char *use;      /* of the question that holds the answer: "answer1" */
    const char *position; /* "position1" */
    role_set members;     /* who holds it: those members of the record */
    role_set roles;       /* and whoever has one of these for the team */
    const char *ends;     /* "the answer is accepted" */
};
const struct challenge_stage *challenge_stage(uint32_t stage); /* stage < CHALLENGE_STAGES */

struct challenge_clock {
    uint32_t stage;         /* 0 ... 4 */
    struct civil began;     /* this stage */
    struct civil due;       /* its answer: the stage's own clock or the total, whichever is first */
    bool formal;            /* a formal stage has begun; then: */
    struct civil total_due; /* of stages 1-4 */
    int64_t total_used;     /* working days from the first formal stage's day until today */
};
/* False: no stage of it has begun (or it is no challenge). Ends counting when it has ended. */
bool challenge_clock(const struct facts *f, struct challenge_clock *out);
/* "stage 1 (dispute with the team manager), 3 of 20 working days used, answer due Fri 8 Jan 2027".
 */
enum { CHALLENGE_WORDS_BYTES = 200 };
void challenge_words(const struct challenge_clock *c, const struct clock_values *v,
                     char out[CHALLENGE_WORDS_BYTES]);
/* How a move to `to` is told: "begins at stage 2 ...", "goes on to ...", "goes from stage 0 to
 * stage 3; stages 1 and 2 were passed over". from: -1 when none has begun. */
void challenge_step_words(int from, uint32_t to, char out[CHALLENGE_WORDS_BYTES]);
/* Taking the child's case outside is open at every stage, at any time; said so. */
extern const char challenge_external_words[];

#endif
