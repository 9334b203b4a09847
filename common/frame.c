#include "common/frame.h"

#include <assert.h>

void frame_decoder_init(struct frame_decoder *d, size_t max_bytes)
{
    *d = (struct frame_decoder){.max_bytes = max_bytes};
}

void frame_decoder_fini(struct frame_decoder *d)
{
    buf_free(&d->pending);
}

static size_t length_of(const uint8_t *header)
{
    return (size_t)header[0] << 24 | (size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3];
}

static enum err check_length(const struct frame_decoder *d, size_t len)
{
    if (len > d->max_bytes)
        return ERR_TOO_LARGE;
    return len ? ERR_OK : ERR_INPUT;
}

/* Moves bytes from [*p, end) to the unfinished frame until it has `want` bytes. */
static bool fill(struct frame_decoder *d, size_t want, const uint8_t **p, const uint8_t *end)
{
    size_t n = want - d->pending.len;
    if (n > (size_t)(end - *p))
        n = (size_t)(end - *p);
    buf_append(&d->pending, *p, n);
    *p += n;
    return d->pending.len == want;
}

/* Goes on with the frame that earlier calls began. *stop: `fn` wants no more. */
static enum err finish_pending(struct frame_decoder *d, const uint8_t **p, const uint8_t *end,
                               frame_fn fn, void *user, bool *stop)
{
    if (d->pending.len < FRAME_HEADER_BYTES && !fill(d, FRAME_HEADER_BYTES, p, end))
        return buf_failed(&d->pending) ? ERR_NOMEM : ERR_OK;
    size_t len = length_of(d->pending.data);
    enum err e = check_length(d, len);
    if (e)
        return e;
    if (!fill(d, FRAME_HEADER_BYTES + len, p, end))
        return buf_failed(&d->pending) ? ERR_NOMEM : ERR_OK;
    struct buf frame = d->pending; /* `fn` may change the limit, and an idle line holds no memory */
    d->pending = (struct buf)BUF_INIT;
    *stop = !fn(user, frame.data + FRAME_HEADER_BYTES, len);
    buf_free(&frame);
    return ERR_OK;
}

enum err frame_decode(struct frame_decoder *d, const void *data, size_t len, frame_fn fn,
                      void *user)
{
    if (!len)
        return ERR_OK;
    const uint8_t *p = data, *end = p + len;
    bool stop = false;
    if (d->pending.len) {
        enum err e = finish_pending(d, &p, end, fn, user, &stop);
        if (e)
            return e;
    }
    while (!stop && end - p >= FRAME_HEADER_BYTES) {
        size_t n = length_of(p);
        enum err e = check_length(d, n);
        if (e)
            return e;
        if ((size_t)(end - p) - FRAME_HEADER_BYTES < n)
            break;
        stop = !fn(user, p + FRAME_HEADER_BYTES, n);
        p += FRAME_HEADER_BYTES + n;
    }
    if (!stop)
        buf_append(&d->pending, p, (size_t)(end - p));
    return buf_failed(&d->pending) ? ERR_NOMEM : ERR_OK;
}

void frame_append(struct buf *out, const void *payload, size_t len)
{
    assert(len && len <= FRAME_MAX_BYTES);
    if (!buf_reserve(out, FRAME_HEADER_BYTES + len))
        return;
    buf_append_u32be(out, (uint32_t)len);
    buf_append(out, payload, len);
}
