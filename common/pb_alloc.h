#ifndef TANDEM_COMMON_PB_ALLOC_H
#define TANDEM_COMMON_PB_ALLOC_H

/* The allocator that every protobuf message of a peer, a file or the database is decoded with:
 * memory comes zeroed, a byte budget and a count budget end a message that unfolds to far more than
 * its own size, and everything goes at once.
 *
 *     struct pb_alloc a;
 *     pb_alloc_init(&a, pb_alloc_budget(len), PB_ALLOC_COUNT);
 *     Envelope *m = envelope__unpack(&a.pb, len, data);
 *     if (!m)
 *         e = pb_alloc_error(&a, why);
 *     ... copy what is needed ...
 *     pb_alloc_fini(&a);      (this frees `m`; there is no need for __free_unpacked)
 */

#include <google/protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

struct pb_alloc {
    ProtobufCAllocator pb; /* pass &a.pb to unpack; points back here: do not move the struct */
    size_t bytes_left;
    size_t count_left;
    bool over_budget;
    bool no_memory;
    struct pb_block *blocks;
};

/* Enough allocations for any message that we make ourselves within the frame limit. */
enum { PB_ALLOC_COUNT = 100 * 1000 };

/* Bytes for decoding `len_bytes` of our own messages: a small part unfolds to a struct, a pointer
 * to it and protobuf-c's own note, some twenty times its size; a message of nothing but empty parts
 * would be a hundred times. */
size_t pb_alloc_budget(size_t len_bytes);

/* Cannot fail; takes no memory before it is used. */
void pb_alloc_init(struct pb_alloc *a, size_t max_bytes, size_t max_count);
/* Forgets everything decoded, keeps one block for the next message: for who decodes all day. */
void pb_alloc_reset(struct pb_alloc *a, size_t max_bytes, size_t max_count);
void pb_alloc_fini(struct pb_alloc *a);

/* Why unpack returned NULL: ERR_TOO_LARGE (budget), ERR_NOMEM, or else ERR_INPUT (malformed). */
enum err pb_alloc_error(const struct pb_alloc *a, struct err_info *why);

/* Zeroed memory that lives as long as the messages and counts like them; NULL when refused. */
void *pb_alloc_get(struct pb_alloc *a, size_t len_bytes);

#endif
