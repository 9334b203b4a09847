/* Bytes from a line, in pieces that the input itself chooses: the decoder must cut them exactly as
 * a plain reading of the whole does, and keep no more than a frame may have. */

#include <stdlib.h>
#include <string.h>

#include "common/frame.h"

enum { MAX_BYTES = 300 };

struct seen {
    struct buf bytes; /* payloads, each behind its length */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool keep(void *user, const uint8_t *payload, size_t len)
{
    struct seen *s = user;
    buf_append_u32be(&s->bytes, (uint32_t)len);
    buf_append(&s->bytes, payload, len);
    return true;
}

/* What the frames of `data` are, read the simple way. */
static enum err read_whole(const uint8_t *data, size_t len, struct seen *s)
{
    while (len >= 4) {
        size_t n = (size_t)data[0] << 24 | (size_t)data[1] << 16 | (size_t)data[2] << 8 | data[3];
        if (n > MAX_BYTES)
            return ERR_TOO_LARGE;
        if (!n)
            return ERR_INPUT;
        if (len - 4 < n)
            return ERR_OK;
        (void)keep(s, data + 4, n);
        data += 4 + n;
        len -= 4 + n;
    }
    return ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 2)
        return 0;
    unsigned step = data[0], stride = data[1];
    struct seen whole = {0}, pieces = {0};
    struct frame_decoder d;
    enum err e = ERR_OK;
    data += 2;
    len -= 2;
    frame_decoder_init(&d, MAX_BYTES);
    for (size_t at = 0; at < len && !e;) {
        size_t n = 1 + step % 64;
        step = step * 5 + stride + 1;
        if (n > len - at)
            n = len - at;
        e = frame_decode(&d, data + at, n, keep, &pieces);
        at += n;
        if (d.pending.cap > 2 * (MAX_BYTES + FRAME_HEADER_BYTES))
            abort();
    }
    if (e != read_whole(data, len, &whole) || whole.bytes.len != pieces.bytes.len ||
        (whole.bytes.len && memcmp(whole.bytes.data, pieces.bytes.data, whole.bytes.len)))
        abort();
    frame_decoder_fini(&d);
    buf_free(&whole.bytes);
    buf_free(&pieces.bytes);
    return 0;
}
