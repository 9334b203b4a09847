#ifndef TANDEM_SERVER_RULES_MEASURE_SET_H
#define TANDEM_SERVER_RULES_MEASURE_SET_H

/* The values of the data set: for each measure, month, team and carer type the figure that holds,
 * and every one that was entered before it, with who entered it and when. Nothing is overwritten: a
 * correction is one more value that names the one it corrects, and why. Pure; the caller numbers
 * the values and stores them. */

#include "server/rules/measure.h"

enum measure_origin { MEASURE_NO_ORIGIN, MEASURE_TYPED, MEASURE_IMPORTED, MEASURE_FROM_LOG };

struct measure_key {
    const struct measure *measure;
    month_no month;
    char team[32];       /* "": the whole service */
    char carer_type[32]; /* "": all of them */
};
struct measure_value {
    uint64_t id; /* from 1, growing */
    struct measure_key key;
    struct measure_figure figure;
    enum measure_origin origin;
    char origin_name[64]; /* the file's; "" */
    int64_t entered_utc_ms;
    uint32_t by;       /* person; 0: computed by the server */
    uint64_t corrects; /* the value that this one replaces; 0 */
    char reason[200];  /* of a correction */
};

struct measure_set {              /* {0} is an empty one */
    struct measure_value *values; /* by key, those of one key by id */
    size_t n, cap;
};
void measure_set_free(struct measure_set *s); /* leaves an empty one */
/* Adds values as they are stored, in any order; checks nothing. ERR_NOMEM: none was added. */
MUST_CHECK enum err measure_set_add(struct measure_set *s, const struct measure_value *values,
                                    size_t n);
/* All values of a key, oldest first; *n may become 0. Borrowed until the next addition. */
const struct measure_value *measure_set_history(const struct measure_set *s,
                                                const struct measure_key *key, size_t *n);
/* The one that holds; NULL: there is none. */
const struct measure_value *measure_set_current(const struct measure_set *s,
                                                const struct measure_key *key);

/* What a site knows; a list that is empty lets every short line of text through. */
struct measure_known {
    const char *const *teams;
    size_t nteams;
    const char *const *carer_types;
    size_t ncarer_types;
};
/* May this value be added? Its id is not looked at. ERR_INPUT: figure, month (not after today's),
 * team or carer type cannot be, nothing is filled in, a computed measure was typed, a correction
 * without reason or without a change. ERR_EXISTS: there is a value, and this is no correction.
 * ERR_STALE: it corrects one that does not hold (any more). Each with a sentence. */
MUST_CHECK enum err measure_set_check(const struct measure_set *s, const struct measure_value *v,
                                      const struct measure_known *known, struct civil today,
                                      struct err_info *why);

/* ---- several months, several teams ---- */

struct measure_total {
    struct measure_figure figure; /* blank where a part is missing or parts do not add up */
    uint32_t months, known;       /* asked for; with both numbers there */
    bool alone;                   /* blank because numbers of several months do not go together */
    bool summed; /* of teams or carer types, because there is no value for them together */
};
/* The months [from, to) for one team ("": the service) and carer type ("": all). A value for all of
 * them together goes before the sum of the single ones. A blank part leaves the whole blank: part
 * of a sum is not shown as the sum. */
struct measure_total measure_set_total(const struct measure_set *s, const struct measure *m,
                                       month_no from, month_no to, const char *team,
                                       const char *carer_type);
/* As measure_say, with what is missing: "not known (2 of 3 months are complete)". */
void measure_say_total(const struct measure *m, const struct measure_total *t,
                       char out[MEASURE_WORDS_BYTES]);

#endif
