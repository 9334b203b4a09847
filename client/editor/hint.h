#ifndef TANDEM_CLIENT_EDITOR_HINT_H
#define TANDEM_CLIENT_EDITOR_HINT_H

/* Hints while somebody writes: words that look like an identifier and are not explained, and what
 * an action lacks of SMART. For the full screen, --plain and `tandem write` alike. They block
 * nothing. What is appended may hold words of others as they are. Pure. */

#include "client/link/replica.h"
#include "common/audit/smart.h"
#include "common/identifiers.h"

/* A comment on the words that begins so, with a reason behind it, explains them. */
#define HINT_WHY_NEEDED "why needed: "

struct hint {
    struct identifier words; /* bytes */
    size_t start_cp, end_cp;
};
/* The first one at or behind byte `from` in the live text `f`, whose words are `utf8`. What an open
 * comment explains is passed over: one on all of its words, by whoever wrote them or may write
 * there. To see them all, go on from out->words.end. */
bool hint_next(const struct audit *a, struct field f, const void *utf8, size_t len, size_t from,
               struct hint *out);
/* ERR_INPUT for a comment that is nothing but HINT_WHY_NEEDED, without a reason. */
MUST_CHECK enum err hint_check_reason(const char *comment, struct err_info *why);
/* "\"943 476 5919\" looks like an NHS number: use the case-system reference, or say why ..." */
void hint_describe(const struct hint *h, const void *utf8, struct buf *out);

/* False: `f` is not of an action that is still to be done, or it lacks nothing. `today` as in
 * smart_check; one's own choices count before they are confirmed. */
bool hint_smart(const struct replica *r, struct field f, const char *today, struct smart *out);
/* The letter to ask for where somebody stands: that of the part `f`, else the first one missing. */
enum smart_letter hint_smart_at(const struct smart *s, struct field f);
/* "SMART: M, T missing" */
void hint_smart_short(const struct smart *s, struct buf *out);
/* "SMART, M missing: how shall we know it is done?" */
void hint_smart_describe(const struct smart *s, enum smart_letter letter, struct buf *out);

#endif
