#ifndef TANDEM_CLIENT_LINK_LOG_FETCH_H
#define TANDEM_CLIENT_LINK_LOG_FETCH_H

/* An audit's whole log, asked for page by page and folded here: with the words that were struck
 * out, which nobody is given when they join. For showing them on demand. */

#include "client/link/link.h"

struct log_fetch;

/* Both are taken by the callee (free the audit first); NULL with an error, then `text` says why.
 * Runs once, never from inside log_fetch_start, unless it was cancelled; the fetch frees itself. */
typedef void (*log_fetch_fn)(void *user, enum err e, const char *text, struct audit *a,
                             struct template *t);

/* Borrows `t`, the audit's template. The result is for log_fetch_cancel; NULL without memory or
 * when the link has ended. */
struct log_fetch *log_fetch_start(struct link *l, const char *ref, const struct template *t,
                                  log_fetch_fn fn, void *user);
/* The callback will not run. Not after it has run. NULL is allowed. */
void log_fetch_cancel(struct log_fetch *f);

#endif
