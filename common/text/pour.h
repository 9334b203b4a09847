#ifndef TANDEM_COMMON_TEXT_POUR_H
#define TANDEM_COMMON_TEXT_POUR_H

/* Fills the leaves of a text that is being loaded, from left to right, run by run. tree_build puts
 * the tree on top of them. */

#include "common/text/state.h"

struct pour {
    struct text *t;
    struct leaf *leaf; /* being filled; its words are copied when it is full */
    struct leaf *tail; /* the last full one */
    const uint8_t *words;
    const uint8_t *words_end; /* well-formed UTF-8 up to here */
    bool ascii;
};

/* Appends the run's spans; the run takes its words from `words`. *last names its last span. ERR_OK,
 * ERR_NOMEM, or ERR_INPUT: there are not so many words. */
MUST_CHECK enum err pour_run(struct pour *p, const struct run *r, bool has_left, uint32_t *last);
struct span *pour_span(const struct pour *p, uint32_t last);
/* Ends the last leaf. ERR_OK or ERR_NOMEM. */
MUST_CHECK enum err pour_flush(struct pour *p);

#endif
