#ifndef TANDEM_SERVER_STORE_STORE_MEM_H
#define TANDEM_SERVER_STORE_STORE_MEM_H

/* The store in memory, for the simulator: nothing happens until store_mem_step, so that a test
 * decides when a commit reaches the disk, and what a crash loses. */

#include "server/store/store.h"

struct store *store_mem_new(void); /* returns new or NULL */
void store_mem_free(struct store *s);

/* Commits up to `max` waiting requests as one transaction and runs their `done`. Returns how many.
 */
size_t store_mem_step(struct store *s, size_t max);

/* The power fails: what was submitted and not committed is gone, its `done` never runs (the caller
 * throws the server core away as well). Committed data stays. */
void store_mem_crash(struct store *s);

/* Positive control for the simulator: `done` of writing requests runs although nothing was kept
 * (until the next honest step writes it), as a server that acknowledges before the commit would do.
 */
void store_mem_set_ack_before_commit(struct store *s, bool on);

/* The n-th commit from now (1 = the next) fails with `e` (ERR_STORE, ERR_FULL); 0 = none. */
void store_mem_fail_commit(struct store *s, unsigned n, enum err e);

#endif
