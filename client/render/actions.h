#ifndef TANDEM_CLIENT_RENDER_ACTIONS_H
#define TANDEM_CLIENT_RENDER_ACTIONS_H

/* One agreed action in a line: how it stands, whose it is, by when, and what its words do not say
 * yet. Pure. */

#include <jansson.h>

#include "common/audit/audit.h"

struct action_line {
    char where[40], status[24];          /* "L5[2]"; "open" when nothing is recorded yet */
    const char *owner, *due, *first_due; /* borrowed from the audit until its next change; "" */
    int days_late;                       /* calendar days; 0: not late, or settled */
    char gaps[16];                       /* letters of SMART that are missing: "MT" */
    char *what;                          /* its first words, on one line; as they are, not safe */
};
/* `item` names the action. `today` as YYYY-MM-DD. Always to be ended with action_line_fini. */
void render_action(const struct audit *a, struct field item, const char *today,
                   struct action_line *out);
void action_line_fini(struct action_line *l);
json_t *render_action_json(const struct action_line *l);

#endif
