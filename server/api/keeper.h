#ifndef TANDEM_SERVER_API_KEEPER_H
#define TANDEM_SERVER_API_KEEPER_H

/* What happens by itself: records whose preparation begins, break-glass whose time is over, the
 * audit that follows a weaker one. Looks when the core has started, every minute, and when woken.
 * Everything it does is asked of the rules again, so that doing it twice does nothing. */

#include "server/api/core_inner.h"

struct keeper;

struct keeper *keeper_new(struct core *c); /* returns new or NULL */
/* The store must have no request of it in flight, or never answer again. */
void keeper_free(struct keeper *k);
void keeper_start(struct core *c); /* the core has what it needs */
void keeper_time(struct core *c);
int64_t keeper_next_ms(const struct core *c); /* mono_ms; INT64_MAX: nothing to do */

/* Look again at this time (utc_ms), at the latest. */
void keeper_wake(struct core *c, int64_t utc_ms);
/* This audit was closed: is another one to follow it? */
void keeper_closed(struct core *c, const char *ref);

#endif
