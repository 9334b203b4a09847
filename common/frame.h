#ifndef TANDEM_COMMON_FRAME_H
#define TANDEM_COMMON_FRAME_H

/* Frames: four bytes of length, big-endian, then that many bytes (one Envelope). The decoder
 * refuses a length over the limit before it keeps a byte of it. Pure. */

#include "common/buf.h"

enum {
    FRAME_MAX_BYTES = 1024 * 1024,
    FRAME_MAX_UNAUTHENTICATED_BYTES = 4 * 1024,
    FRAME_HEADER_BYTES = 4
};

struct frame_decoder {
    struct buf pending; /* bytes of a frame that is not complete yet */
    size_t max_bytes;   /* may be changed between frames */
};

void frame_decoder_init(struct frame_decoder *d, size_t max_bytes);
void frame_decoder_fini(struct frame_decoder *d);

/* Feeds received bytes; calls `fn` for each complete frame (payload borrowed for the call). `fn`
 * returns false to stop: the rest of the bytes is dropped (the connection is being closed).
 * ERR_TOO_LARGE: a frame over the limit, or ERR_INPUT: an empty one; the connection cannot go on.
 */
typedef bool (*frame_fn)(void *user, const uint8_t *payload, size_t len);
MUST_CHECK enum err frame_decode(struct frame_decoder *d, const void *data, size_t len, frame_fn fn,
                                 void *user);

/* Appends header and payload. The payload must not be longer than FRAME_MAX_BYTES. */
void frame_append(struct buf *out, const void *payload, size_t len);

#endif
