/* Answers that may be larger than a connection's queue: they go out as the line takes them. The
 * room's feed for that seat waits meanwhile. */

#include <stdlib.h>
#include <string.h>

#include "server/api/core_inner.h"

enum { PUMP_MS = 20 };

struct outflow {
    struct outflow *next;
    struct buf frames; /* length (4 bytes), bytes */
    size_t at;
    struct live_seat *seat; /* NULL: gone, or none */
    size_t queued;          /* when the line last took something of what is before it */
    int64_t moved_ms;
};

void outflow_add(struct buf *frames, struct buf *frame)
{
    buf_append_u32be(frames, (uint32_t)frame->len);
    buf_append(frames, frame->data, frame->len);
    frames->failed = frames->failed || frame->failed;
    buf_clear(frame);
}

void outflow_add_parts(struct buf *frames, struct buf *scratch, uint32_t id, const uint8_t *data,
                       size_t len)
{
    for (size_t at = 0; at < len; at += SNAPSHOT_PART_BYTES) {
        size_t part = len - at < SNAPSHOT_PART_BYTES ? len - at : SNAPSHOT_PART_BYTES;
        wire_snapshot_part(scratch, id, data + at, part);
        outflow_add(frames, scratch);
    }
}

static void free_first(struct conn *cn)
{
    struct outflow *o = cn->outflow;
    cn->outflow = o->next;
    cn->outflow_bytes -= o->frames.len;
    buf_free(&o->frames);
    free(o);
}

void outflow_free(struct conn *cn)
{
    while (cn->outflow)
        free_first(cn);
}

bool outflow_is_full(const struct conn *cn)
{
    return cn->outflow_bytes > cn->core->settings.max_outbound_bytes;
}

void outflow_seat_gone(struct conn *cn, const struct live_seat *s)
{
    for (struct outflow *o = cn->outflow; o; o = o->next)
        if (o->seat == s)
            o->seat = NULL;
}

/* Events pile up behind a seat that waits for its snapshot: a line that takes nothing ends. */
static void check_moving(struct conn *cn, struct outflow *o)
{
    struct core *c = cn->core;
    size_t queued = c->hooks.queued_bytes(c->hooks.user, cn->id);
    if (queued < o->queued || !o->moved_ms)
        o->moved_ms = c->mono_ms;
    else if (c->mono_ms - o->moved_ms >= SLOW_CUT_MS)
        conn_close(cn, 0, ERR_SLOW_DOWN, "Your line takes too little of what is sent to it.");
    o->queued = queued;
}

/* Sends what half a queue takes. True when all of it is out. */
static bool pump_one(struct conn *cn, struct outflow *o)
{
    struct core *c = cn->core;
    while (o->at < o->frames.len) {
        const uint8_t *p = o->frames.data + o->at;
        size_t len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        size_t queued = c->hooks.queued_bytes(c->hooks.user, cn->id);
        if (queued && queued + len > c->settings.max_outbound_bytes / 2)
            return false;
        if (!c->hooks.send(c->hooks.user, cn->id, p + 4, len))
            return false;
        o->at += 4 + len;
    }
    return true;
}

void outflow_pump(struct conn *cn)
{
    while (cn->outflow && !cn->closing) {
        struct outflow *o = cn->outflow;
        if (!pump_one(cn, o)) {
            struct core *c = cn->core;
            check_moving(cn, o);
            if (c->mono_ms + PUMP_MS < c->next_ms)
                c->next_ms = c->mono_ms + PUMP_MS;
            return;
        }
        struct live_seat *s = o->seat;
        free_first(cn);
        if (s)
            live_resume(s);
    }
}

void outflow_start(struct conn *cn, struct buf *frames, struct live_seat *seat)
{
    struct outflow *o = calloc(1, sizeof *o);
    if (!o) {
        buf_free(frames);
        conn_close(cn, 0, ERR_NOMEM, err_text(ERR_NOMEM));
        return;
    }
    o->frames = *frames;
    o->seat = seat;
    *frames = (struct buf)BUF_INIT;
    struct outflow **at = &cn->outflow;
    while (*at)
        at = &(*at)->next;
    *at = o;
    cn->outflow_bytes += o->frames.len;
    if (seat)
        live_pause(seat);
    outflow_pump(cn);
}
