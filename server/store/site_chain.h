#ifndef TANDEM_SERVER_STORE_SITE_CHAIN_H
#define TANDEM_SERVER_STORE_SITE_CHAIN_H

/* The chain over the whole site: every commit that appended events adds one row that says which
 * audits got which last seq, and a hash over their heads and the row before. An audit's own chain
 * finds a changed event; this one also finds a log that was cut short or lost altogether. Whoever
 * notes the site's head elsewhere (verify prints it) can tell when the newest commits are gone.
 *
 * heads blob: varint number of audits, then per audit varint audit, varint seq.
 * hash = SHA-256(hash before, n, per audit: audit, seq, its event's hash); numbers 8 bytes BE. */

#include "server/store/db.h"

/* Reads the last row into d->commit_n, d->commit_hash (0 and zeros: none yet). */
MUST_CHECK enum err site_chain_load(struct db *d);
/* Writes the row for the dirty heads, if any, inside the transaction. */
MUST_CHECK enum err site_chain_append(struct db *d);

struct site_chain_head {
    uint64_t audit, seq;
    uint8_t hash[HASH_LEN];
};
/* `out` may be `previous`. ERR_NOMEM. */
MUST_CHECK enum err site_chain_hash(const uint8_t previous[HASH_LEN], uint64_t n,
                                    const struct site_chain_head *heads, size_t nheads,
                                    struct buf *scratch, uint8_t out[HASH_LEN]);
/* Decodes a heads blob (hashes not filled). Returns new in *heads (free()). ERR_CORRUPT. */
MUST_CHECK enum err site_chain_decode(const void *blob, size_t len, struct site_chain_head **heads,
                                      size_t *nheads);

#endif
