#ifndef TANDEM_SERVER_STORE_SEAL_H
#define TANDEM_SERVER_STORE_SEAL_H

/* Every event body and snapshot passes through here on its way to and from the disk, so that
 * sealing them later (AES-256-GCM, a key per audit) touches nothing else. At present the stored
 * form is one byte of format (0 = plain) and the bytes. The hash chain is over what is stored. */

#include "common/buf.h"
#include "common/hash.h"

/* Appends the stored form of `body` to `out`. */
MUST_CHECK enum err seal_close(uint64_t audit, const void *body, size_t len, struct buf *out);
/* Borrows: *body points into `stored`. ERR_CORRUPT, ERR_VERSION (an unknown format). */
MUST_CHECK enum err seal_open(uint64_t audit, const void *stored, size_t len, const uint8_t **body,
                              size_t *body_len);

/* hash = SHA-256(previous hash, audit, seq, utc_ms, actor as 8 bytes big-endian each, stored body).
 */
void seal_chain(const uint8_t previous[HASH_LEN], uint64_t audit, uint64_t seq, int64_t utc_ms,
                uint32_t actor, const void *stored, size_t len, uint8_t out[HASH_LEN]);

#endif
