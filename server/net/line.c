#include "server/net/line.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"

/* Four full TLS records at a time: what a slow reader has not taken stays unencrypted, and later
 * frames join it in as few records as possible. */
enum { CHUNK_BYTES = 4 * 16384 };

static void line_unpin(struct line *c)
{
    if (--c->pins)
        return;
    struct net *n = c->net;
    if (c->told)
        n->handlers.closed(n->handlers.user, c->id);
    net_remove(n, c);
    tls_stream_free(c->tls);
    frame_decoder_fini(&c->decoder);
    buf_free(&c->plain);
    free(c);
    net_unpin(n);
}

static void on_closed(uv_handle_t *h)
{
    line_unpin(h->data);
}

void line_close(struct line *c)
{
    if (c->state == LINE_CLOSING)
        return;
    net_stop_clock(c->net, c);
    net_stop_waiting(c->net, c);
    if (c->dirty)
        TAILQ_REMOVE(&c->net->dirty, c, dirty_link);
    c->dirty = false;
    c->state = LINE_CLOSING;
    uv_close((uv_handle_t *)&c->tcp, on_closed);
}

void line_mark_dirty(struct line *c)
{
    if (c->dirty || c->state == LINE_CLOSING)
        return;
    net_add_dirty(c->net, c);
}

void line_finish(struct line *c)
{
    if (c->state == LINE_FINISHING || c->state == LINE_CLOSING)
        return;
    net_stop_clock(c->net, c); /* but it stays in `waiting`: strangers may not fill the table so */
    c->state = LINE_FINISHING;
    net_start_clock(c->net, c, &c->net->finishing, c->net->settings.finish_ms);
    line_mark_dirty(c);
}

/* ---- writing ---- */

struct slow_write {
    uv_write_t req;
    struct line *line;
    struct buf bytes;
};

static void on_written(uv_write_t *req, int status)
{
    struct slow_write *w = req->data;
    struct line *c = w->line;
    c->in_flight -= w->bytes.len;
    buf_free(&w->bytes);
    free(w);
    if (c->state != LINE_CLOSING) {
        if (status < 0)
            line_close(c);
        else
            line_mark_dirty(c);
    }
    line_unpin(c);
}

/* Hands encrypted bytes to the kernel; keeps a copy of what it does not take. */
static void write_bytes(struct line *c, const uint8_t *data, size_t len)
{
    if (!len || c->state == LINE_CLOSING)
        return;
    uv_buf_t b = uv_buf_init((char *)(uintptr_t)data, (unsigned)len);
    int n = c->in_flight ? UV_EAGAIN : uv_try_write((uv_stream_t *)&c->tcp, &b, 1);
    if (n < 0 && n != UV_EAGAIN) {
        line_close(c);
        return;
    }
    size_t done = n > 0 ? (size_t)n : 0;
    if (done == len)
        return;
    struct slow_write *w = calloc(1, sizeof *w);
    if (w)
        buf_append(&w->bytes, data + done, len - done);
    if (!w || buf_failed(&w->bytes)) {
        free(w);
        line_close(c);
        return;
    }
    w->line = c;
    w->req.data = w;
    b = uv_buf_init((char *)w->bytes.data, (unsigned)w->bytes.len);
    if (uv_write(&w->req, (uv_stream_t *)&c->tcp, &b, 1, on_written)) {
        buf_free(&w->bytes);
        free(w);
        line_close(c);
        return;
    }
    c->in_flight += w->bytes.len;
    c->pins++;
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
    (void)status; /* the peer's end, or the clock, closes it */
    struct line *c = req->data;
    free(req);
    line_unpin(c);
}

/* Everything is sent: close_notify and FIN. */
static void say_goodbye(struct line *c)
{
    c->goodbye_said = true;
    buf_clear(&c->net->wire);
    tls_stream_close(c->tls, &c->net->wire);
    write_bytes(c, c->net->wire.data, c->net->wire.len);
    uv_shutdown_t *req = c->state == LINE_CLOSING ? NULL : malloc(sizeof *req);
    if (!req) {
        line_close(c);
        return;
    }
    req->data = c;
    if (uv_shutdown(req, (uv_stream_t *)&c->tcp, on_shutdown)) {
        free(req);
        line_close(c);
        return;
    }
    c->pins++;
}

void line_flush(struct line *c)
{
    struct buf *wire = &c->net->wire;
    while (c->plain_done < c->plain.len && !c->in_flight && c->state != LINE_CLOSING) {
        size_t len = c->plain.len - c->plain_done;
        if (len > CHUNK_BYTES)
            len = CHUNK_BYTES;
        buf_clear(wire);
        if (tls_stream_send(c->tls, c->plain.data + c->plain_done, len, wire)) {
            log_warn("net", "encrypt_failed", "conn=%llu", (unsigned long long)c->id);
            line_close(c);
            return;
        }
        c->plain_done += len;
        write_bytes(c, wire->data, wire->len);
    }
    if (c->plain_done == c->plain.len) {
        buf_free(&c->plain);
        c->plain_done = 0;
    } else if (c->plain_done > c->plain.len / 2) {
        buf_consume(&c->plain, c->plain_done);
        c->plain_done = 0;
    }
    if (c->state == LINE_FINISHING && !c->plain.len && !c->in_flight && !c->goodbye_said)
        say_goodbye(c);
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct line *c = h->data;
    *out = uv_buf_init(c->net->input, sizeof c->net->input);
}

static bool on_frame(void *user, const uint8_t *payload, size_t len)
{
    struct line *c = user;
    c->net->handlers.frame(c->net->handlers.user, c->id, payload, len);
    return c->state == LINE_OPEN;
}

static void deliver(struct line *c, const struct buf *plain)
{
    struct net_handlers *h = &c->net->handlers;
    char text[120];
    enum err e = frame_decode(&c->decoder, plain->data, plain->len, on_frame, c);
    if (!e || c->state != LINE_OPEN)
        return;
    if (e == ERR_TOO_LARGE)
        (void)snprintf(text, sizeof text,
                       "A message was longer than the %zu bytes that are allowed here.",
                       c->decoder.max_bytes);
    else
        (void)snprintf(text, sizeof text, "%s",
                       e == ERR_INPUT ? "A message was empty." : err_text(e));
    h->bad_frame(h->user, c->id, e, text);
    line_finish(c);
}

static void receive(struct line *c, const char *data, size_t len)
{
    struct net *n = c->net;
    struct err_info why = {0};
    bool was_ready = c->state == LINE_OPEN;
    buf_clear(&n->plain);
    buf_clear(&n->wire);
    enum err e = tls_stream_receive(c->tls, data, len, &n->plain, &n->wire, &why);
    write_bytes(c, n->wire.data, n->wire.len);
    if (c->in_flight > n->settings.max_outbound_bytes) { /* TLS answers too, and asks nobody */
        log_info("net", "answers_not_read", "conn=%llu", (unsigned long long)c->id);
        line_close(c);
    }
    if (c->state == LINE_CLOSING)
        return;
    n->handlers.batch(n->handlers.user);
    if (!was_ready && tls_stream_ready(c->tls)) {
        net_stop_clock(n, c);
        c->state = LINE_OPEN;
        c->told = true;
        n->handlers.opened(n->handlers.user, c->id, tls_stream_peer(c->tls));
    }
    if (n->plain.len && c->state == LINE_OPEN)
        deliver(c, &n->plain);
    if (n->plain.cap > 4 * sizeof n->input) /* somebody's great message need not stay with us */
        buf_free(&n->plain);
    if (e == ERR_NET) {
        line_close(c);
    } else if (e) {
        log_info("net", was_ready ? "tls_failed" : "handshake_failed", "conn=%llu why=\"%s\"",
                 (unsigned long long)c->id, why.text);
        line_finish(c);
    }
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *b)
{
    struct line *c = stream->data;
    switch (c->state) {
    case LINE_HANDSHAKE:
    case LINE_OPEN:
        if (len > 0)
            receive(c, b->base, (size_t)len);
        else if (len < 0)
            line_close(c);
        break;
    case LINE_FINISHING: /* reads on only to see the peer's end */
        if (len < 0)
            line_close(c);
        break;
    case LINE_CLOSING:
        break;
    }
}

void line_accept(struct net *n)
{
    struct line *c = calloc(1, sizeof *c);
    if (!c || !net_add(n, c)) {
        log_error("net", "accept_failed", "why=memory");
        free(c);
        return;
    }
    c->net = n;
    n->pins++;
    frame_decoder_init(&c->decoder, FRAME_MAX_UNAUTHENTICATED_BYTES);
    (void)uv_tcp_init(n->loop, &c->tcp); /* without flags it opens no socket and cannot fail */
    c->tcp.data = c;
    c->pins = 1;
    TAILQ_INSERT_TAIL(&n->waiting, c, waiting_link);
    n->nwaiting++;
    n->accepted_total++;
    net_start_clock(n, c, &n->handshaking, n->settings.handshake_ms);
    int failed = uv_accept((uv_stream_t *)&n->listener, (uv_stream_t *)&c->tcp);
    c->tls = failed ? NULL : tls_stream_new(n->tls);
    if (!c->tls || uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read)) {
        line_close(c);
        return;
    }
    (void)uv_tcp_nodelay(&c->tcp, 1);       /* only slower without */
    (void)uv_tcp_keepalive(&c->tcp, 1, 60); /* the ping of the protocol is what counts */
    if (n->nwaiting > n->settings.max_unauthenticated) {
        struct line *oldest = TAILQ_FIRST(&n->waiting);
        log_warn("net", "too_many_unauthenticated", "closed_conn=%llu",
                 (unsigned long long)oldest->id);
        line_close(oldest);
    }
}
