#ifndef TANDEM_CLIENT_RENDER_WORDS_H
#define TANDEM_CLIENT_RENDER_WORDS_H

/* What changed in a text between two of its states, word by word, and who changed it. Pure. */

#include "common/audit/audit.h"

enum words_kind { WORDS_SAME, WORDS_STRUCK, WORDS_ADDED };

struct words_piece {
    enum words_kind kind;
    const char *utf8; /* borrowed during the callback; as it is, not made safe; NUL-terminated */
    size_t len_bytes;
    uint32_t by; /* person who struck out or wrote; 0: not known, or SAME */
};
typedef void (*words_fn)(void *user, const struct words_piece *p);

/* Calls `fn` for the pieces in order: SAME and STRUCK ones joined are the earlier text, SAME and
 * ADDED ones the later. `from` and `to` are states of one text (NULL: empty), `later` the audit
 * that `to` is of, which knows whose each agent is. ERR_NOMEM. */
MUST_CHECK enum err words_diff(const struct text *from, const struct text *to,
                               const struct audit *later, words_fn fn, void *user);

#endif
