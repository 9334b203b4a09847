/* What somebody needs who comes, or comes back. */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "server/live/live_inner.h"

enum {
    SMALL_TAIL_BYTES = 8 * 1024,   /* not worth making a snapshot for */
    LARGE_TAIL_BYTES = 256 * 1024, /* does not go into one answer */
};

void live_views_drop(struct live_audit *la)
{
    for (size_t i = 0; i < CACHED_VIEWS; i++) {
        buf_free(&la->views[i].key);
        buf_free(&la->views[i].bytes);
        la->views[i].seq = 0;
    }
}

/* Can somebody be brought from `seq` to now with the events in memory? Their sum in *bytes. Event
 * `seq` itself counts too: its author has folded it, but not what it showed them. */
static bool tail_from(const struct live_audit *la, uint64_t seq, size_t *bytes)
{
    *bytes = 0;
    if (seq < la->first_seq || seq >= la->end_seq || live_event_at(la, seq)->changes_rights)
        return false;
    for (uint64_t q = seq + 1; q < la->end_seq; q++) {
        const struct live_event *e = live_event_at(la, q);
        if (e->changes_rights)
            return false;
        *bytes += e->body_len + 16;
    }
    return true;
}

static struct cached_view *cached(struct live_audit *la, const struct buf *key)
{
    for (size_t i = 0; i < CACHED_VIEWS; i++) {
        struct cached_view *c = &la->views[i];
        if (c->bytes.len && c->key.len == key->len && !memcmp(c->key.data, key->data, key->len))
            return c;
    }
    return NULL;
}

static struct cached_view *oldest(struct live_audit *la)
{
    struct cached_view *c = &la->views[0];
    for (size_t i = 1; i < CACHED_VIEWS && c->bytes.len; i++)
        if (!la->views[i].bytes.len || la->views[i].used_ms < c->used_ms)
            c = &la->views[i];
    return c;
}

/* A snapshot as `v` may see it, not more than a short tail behind. */
static struct cached_view *view_for(struct live_audit *la, const struct viewer *v)
{
    struct buf key = BUF_INIT;
    live_view_key(la, v, &key);
    struct cached_view *c = buf_failed(&key) ? NULL : cached(la, &key);
    size_t tail = 0;
    if (c && (c->seq + 1 == la->end_seq || tail_from(la, c->seq, &tail)) &&
        (tail <= SMALL_TAIL_BYTES || (tail <= c->bytes.len / 8 && tail <= LARGE_TAIL_BYTES))) {
        buf_free(&key);
        c->used_ms = la->live->mono_ms;
        return c;
    }
    if (!c)
        c = oldest(la);
    buf_free(&c->key);
    buf_clear(&c->bytes);
    c->key = key;
    c->seq = audit_seq(la->audit);
    c->used_ms = la->live->mono_ms;
    audit_encode(la->audit, v, &c->bytes);
    if (buf_failed(&c->bytes) || buf_failed(&c->key)) {
        buf_free(&c->bytes);
        buf_free(&c->key);
        return NULL;
    }
    la->snapshot_bytes = c->bytes.len;
    return c;
}

enum err live_catch_up(struct live_audit *la, const struct viewer *v, uint64_t have_seq,
                       struct live_catch_up *out)
{
    assert(la->state == LIVE_READY);
    *out = (struct live_catch_up){
        .from_seq = have_seq, .seq = audit_seq(la->audit), .utc_ms = audit_utc_ms(la->audit)};
    size_t tail;
    bool by_tail = have_seq && tail_from(la, have_seq, &tail);
    if (by_tail && tail <= SMALL_TAIL_BYTES)
        return ERR_OK;
    struct cached_view *c = view_for(la, v);
    if (!c)
        return ERR_NOMEM;
    if (by_tail && tail <= c->bytes.len && tail <= LARGE_TAIL_BYTES)
        return ERR_OK;
    out->snapshot = c->bytes.data;
    out->snapshot_len = c->bytes.len;
    out->from_seq = c->seq;
    return ERR_OK;
}

enum err live_event_body(const struct live_audit *la, const struct live_event *e,
                         const struct viewer *v, struct buf *scratch, const uint8_t **body,
                         size_t *body_len)
{
    *body = e->body;
    *body_len = e->body_len;
    if (!e->special)
        return ERR_OK;
    struct event_body *b = NULL;
    enum err err = event_body_decode(e->body, e->body_len, &b, NULL);
    if (err)
        return err == ERR_NOMEM ? err : ERR_CORRUPT;
    bool changed = false, reveal = false;
    buf_clear(scratch);
    err = audit_redact_body(la->audit, v, b, scratch, &changed, &reveal);
    event_body_free(b);
    if (!err && changed) {
        *body = scratch->data;
        *body_len = scratch->len;
    }
    return err;
}
