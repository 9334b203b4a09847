#ifndef TANDEM_SERVER_RULES_MASK_H
#define TANDEM_SERVER_RULES_MASK_H

/* Small numbers are masked in what leaves the service, so that nobody can be recognised in them.
 * And so that a masked number cannot be computed from the totals beside it, others are masked with
 * it. Pure; what a table means is not looked at here.
 *
 * A number is small from 1 to below the limit. A zero tells of nobody and is shown, unless the site
 * wants it otherwise. What is promised: with everything that is shown of ONE table (its totals, and
 * the rule itself, being known), each masked number could still be at least one other number. Two
 * tables that count the same children differently, or this month's beside last month's, are for the
 * person who issues them to compare. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

struct mask_rules {
    uint32_t below; /* 5: numbers from 1 to 4 are small; 0 and 1 mask nothing */
    bool zero;      /* zeros are small too */
};
extern const struct mask_rules mask_rules_default; /* †: below 5, zeros are shown */

enum mask {
    MASK_SHOWN,
    MASK_SMALL,  /* small by itself */
    MASK_BESIDE, /* masked so that a small one cannot be computed */
    MASK_ABSENT, /* a total that is not given at all */
};
/* How both kinds are printed, without a difference between them, and what stands below. */
extern const char mask_sign[];
void mask_note(const struct mask_rules *r, char out[160]);

bool mask_is_small(const struct mask_rules *r, int64_t n);
/* May `n` of `d` be shown? Not when n, d, or the others (d - n, if n is a part of d) are small. */
bool mask_may_show_share(const struct mask_rules *r, int64_t n, int64_t d, bool n_within_d);

/* A table of counts (from 0) and which of its totals are given with it. */
enum { MASK_MOST_LINES = 48 }; /* a table full of small numbers then takes about 0.2 s */
struct mask_table {
    size_t rows, cols;    /* from 1 to MASK_MOST_LINES each, without totals */
    const int64_t *cells; /* rows x cols, row by row; borrowed */
    bool row_totals;      /* the sum of each row is given */
    bool col_totals;      /* the sum of each column is given */
    bool grand_total;     /* the sum of all is given */
};
/* Says for each number what becomes of it: `out` has (rows + 1) x (cols + 1), the totals behind
 * each row and below each column. As little as possible is masked, cells before totals. ERR_INPUT:
 * a number below 0, sums too large to count, or a table out of bounds; ERR_NOMEM. */
MUST_CHECK enum err mask_table(const struct mask_rules *r, const struct mask_table *t,
                               enum mask *out, struct err_info *why);

#endif
