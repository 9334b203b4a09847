#ifndef TANDEM_SERVER_RULES_TRIGGER_H
#define TANDEM_SERVER_RULES_TRIGGER_H

/* What calls for a challenge at once, or for a care planning meeting. Each is a statement that
 * somebody makes about a child; some are only true when hours have passed. Pure. */

#include "common/audit/template.h"

enum trigger_kind { TRIGGER_CHALLENGE = 1, TRIGGER_MEETING = 2 };
enum trigger_route { TRIGGER_NO_ROUTE, TRIGGER_BOTH_ROUTES, TRIGGER_ROUTE_A, TRIGGER_ROUTE_B };

struct trigger {
    const char *code; /* "reg24_48h" */
    enum trigger_kind kind;
    const char *words; /* what it states: "a connected person's ... was not approved in 48 hours" */
    uint32_t hours;    /* elapsed since it began before it fires; 0: at once */
    uint32_t stage;    /* suggested, as in op_move: 1 + the challenge's stage; 0: none */
    role_set alerted;  /* for the child's team */
    enum trigger_route route; /* meetings */
    enum role chair;  /* meetings: suggested chair; challenges: of the meeting it asks for */
    const char *next; /* what to do, for a person */
};
/* THE table; challenges first, in the order in which the field names them. */
const struct trigger *trigger_table(size_t *count);
const struct trigger *trigger_find(const char *code); /* NULL: unknown */
/* ERR_INPUT with a sentence that names the codes there are. */
MUST_CHECK enum err trigger_get(const char *code, const struct trigger **out, struct err_info *why);

struct trigger_state {
    bool fired;
    int64_t fires_utc_ms; /* when it did or will: `since` and its hours, weekends included */
    char sentence[400];   /* has it fired, since when, what to do now */
};
/* `since_utc_ms`: when what it is about began. ERR_INPUT: that lies after now. */
MUST_CHECK enum err trigger_check(const struct trigger *t, int64_t since_utc_ms, int64_t now_utc_ms,
                                  struct trigger_state *out, struct err_info *why);

#endif
