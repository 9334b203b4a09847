#ifndef TANDEM_CLIENT_RENDER_DIFF_H
#define TANDEM_CLIENT_RENDER_DIFF_H

/* What changed in an audit between two of its states: answers, grades, findings, actions, word by
 * word with their authors; and the moves and signatures between. As text and as JSON. Pure. */

#include <jansson.h>

#include "client/render/render.h"

struct diff_source {
    const struct audit *from, *to;     /* states of one audit, `to` not the earlier one */
    struct render_source names;        /* .audit is not looked at */
    const char *from_words, *to_words; /* "submitted": how each was asked for */
    const struct diff_removal {        /* items taken out between, as far as known; may be NULL */
        struct field item;
        uint32_t by;
    } * removals;
    size_t nremovals;
};
/* Is anything of `from`'s lists no longer in `to`'s? Then it is worth knowing who took it out. */
bool diff_has_removals(const struct audit *from, const struct audit *to);

/* Wrapped at 80 columns, words of others made safe. ERR_NOMEM; then `out` holds a part. */
MUST_CHECK enum err render_diff(const struct diff_source *src, struct buf *out);
/* NULL without memory. */
json_t *render_diff_json(const struct diff_source *src);

/* A state as people name it: "agreed", "submitted", "moderated", "final", "now", an event's number
 * or a time (when.h). */
struct diff_point {
    uint64_t seq;   /* 0: a time, or now */
    int64_t utc_ms; /* 0: none */
};
/* ERR_INPUT with a sentence. `now` is the audit as it stands. */
MUST_CHECK enum err diff_point_find(const struct audit *now, const char *typed,
                                    struct diff_point *out, struct err_info *why);
/* What is compared when nothing is named: submitted (else agreed), and final (else now). NULL in
 * *from: neither has happened yet. */
void diff_points_usual(const struct audit *now, const char **from, const char **to);

#endif
