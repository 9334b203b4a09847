#ifndef TANDEM_COMMON_TEXT_OUTLOOK_H
#define TANDEM_COMMON_TEXT_OUTLOOK_H

/* What a blob's strikes and restores would make of a text, without doing it. */

#include "common/text/inside.h"

/* May each restore of the blob be done when its turn comes, and how long is the text then? *steps
 * is raised by what it costs; above `most_steps` it is given up. ERR_OK, ERR_INPUT, ERR_TOO_LARGE
 * or ERR_NOMEM; text_check_causes has accepted the blob, which has n_ops operations. */
MUST_CHECK enum err outlook(const struct text *t, uint32_t agent, const void *blob,
                            size_t len_bytes, size_t n_ops, uint64_t *steps, uint64_t most_steps,
                            uint64_t *len_cp, struct err_info *why);

#endif
