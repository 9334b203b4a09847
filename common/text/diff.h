#ifndef TANDEM_COMMON_TEXT_DIFF_H
#define TANDEM_COMMON_TEXT_DIFF_H

/* Minimal differences between two sequences of numbers: Myers, "An O(ND) Difference Algorithm and
 * Its Variations" (1986), the linear-space variation, with a stack of its own instead of recursion.
 * Pure. */

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/* Marks what to take out of `a` (gone[i] = 1) and what of `b` to put in (added[j] = 1); what stays
 * unmarked is the same in both, in order. `gone` and `added` have n and m bytes and are zeroed by
 * the caller. Where more than some thousand differences lie between two common places, they are
 * marked as a whole instead of minimally: time stays bounded. ERR_OK or ERR_NOMEM. */
MUST_CHECK enum err diff_marks(const uint32_t *a, size_t n, const uint32_t *b, size_t m,
                               uint8_t *gone, uint8_t *added);

#endif
