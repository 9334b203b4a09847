#ifndef TANDEM_SERVER_RULES_SAMPLE_H
#define TANDEM_SERVER_RULES_SAMPLE_H

/* Which carers' records a manager looks at this month: by lot, so that nobody chooses, and so that
 * anybody can do it again: the same seed gives the same records, in whatever order the carers
 * stand. Pure: the seed comes from outside and is shown with the sample. */

#include <stddef.h>
#include <stdint.h>

#include "server/rules/civil.h"

enum { SAMPLE_SEED_BYTES = 17 };

struct sample_carer {
    const char *ref, *team;
    struct civil approved, ended; /* year 0: not known, not ended */
    struct civil looked_at;       /* when an audit last looked at this record; year 0: never */
};

struct sample_order {
    const char *team;      /* of whose carers; "" or NULL: of all */
    struct civil day;      /* for which it is drawn */
    uint32_t avoid_months; /* not what was looked at within so many months before it */
    size_t count;          /* so many are wanted */
    uint64_t seed;
};

struct sample_result {
    size_t n;        /* drawn */
    size_t short_by; /* so many too few were left */
    size_t eligible; /* from which they were drawn */
    size_t avoided;  /* approved, but looked at lately */
};

/* Draws up to order->count carers: their numbers in carers[] go to picks[], in the order in which
 * they were drawn. When too few are left, it draws those there are and never one looked at lately.
 */
struct sample_result sample_draw(const struct sample_carer *carers, size_t n,
                                 const struct sample_order *order, size_t *picks);
/* What to tell the manager: "2 of 14 carers' records, drawn with seed 00000000075bcd15; 3 were left
 * out because they were looked at within 12 months." or what to do when there are too few. */
void sample_say(const struct sample_order *order, const struct sample_result *r, char *out,
                size_t cap);
/* The seed as it is printed and typed again: 16 hexadecimal digits. */
void sample_seed_text(uint64_t seed, char out[SAMPLE_SEED_BYTES]);
/* False: it is not one. */
bool sample_seed_parse(const char *text, uint64_t *seed);

#endif
