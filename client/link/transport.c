#include "client/link/transport.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/clock.h"
#include "common/frame.h"
#include "common/hash.h"
#include "common/pki.h"
#include "common/tls_stream.h"
#include "proto/wire.pb-c.h"

/* One line, from the lookup of the name to its end. It lives until its handle's close callback and
 * its requests have come back, which may be after the transport has begun another one. */
struct line {
    struct transport *t; /* NULL once it is given up */
    uv_tcp_t tcp;
    uv_getaddrinfo_t lookup;
    uv_connect_t connect;
    struct addrinfo *addresses, *next_address;
    unsigned pins;
    bool tcp_ready, closing, told_open;
    struct tls_stream *tls;
    struct frame_decoder decoder;
    struct buf plain, to_line;
    char input[64 * 1024];
};

struct transport {
    uv_loop_t *loop;
    uv_timer_t timer;
    uv_prepare_t before_wait;
    unsigned pins;
    bool closing;
    struct link *link;
    struct line *line;
    struct tls_context *tls;
    struct tls_context *old_tls; /* of a line that began before a renewal */
    struct profile *profile;
    struct recovery *recovery;
    char host[256];
    uint16_t port;
    int64_t open_until_ms; /* of the attempt; 0: none */
    enum err attempt_err;
    char attempt_why[400];
    bool want_close;  /* asked for inside a callback of the link */
    bool renew_tried; /* on this line */
    bool renew_waits; /* for the answer */
    struct buf new_key;
    char keep_error[400];
    void (*state_changed)(void *user, enum link_state state);
    void *user;
};

/* ---- the line's end ---- */

static void line_unpin(struct line *c)
{
    if (--c->pins)
        return;
    uv_freeaddrinfo(c->addresses);
    tls_stream_free(c->tls);
    frame_decoder_fini(&c->decoder);
    buf_free(&c->plain);
    buf_free(&c->to_line);
    free(c);
}

static void on_tcp_closed(uv_handle_t *h)
{
    line_unpin(h->data);
}

static void close_tcp(struct line *c)
{
    if (!c->tcp_ready || uv_is_closing((uv_handle_t *)&c->tcp))
        return;
    uv_close((uv_handle_t *)&c->tcp, on_tcp_closed);
}

static void line_end(struct line *c)
{
    if (c->closing)
        return;
    c->closing = true;
    if (c->t) {
        c->t->line = NULL;
        c->t->open_until_ms = 0;
    }
    c->t = NULL;
    (void)uv_cancel((uv_req_t *)&c->lookup); /* may be over already */
    close_tcp(c);
    line_unpin(c); /* the transport's */
}

static void fail(struct line *c, enum err e, const char *why)
{
    struct transport *t = c->t;
    if (c->closing)
        return;
    line_end(c);
    if (t && !t->closing)
        link_line_closed(t->link, e, why);
}

static void fail_uv(struct line *c, const char *doing, int status)
{
    struct err_info why;
    const struct transport *t = c->t;
    (void)err_set(&why, ERR_NET, "%s:%u %s: %s.", t ? t->host : "", t ? (unsigned)t->port : 0,
                  doing, uv_strerror(status));
    fail(c, ERR_NET, why.text);
}

/* ---- bytes ---- */

struct write {
    uv_write_t req;
    struct line *line;
    struct buf bytes;
};

static void on_written(uv_write_t *req, int status)
{
    struct write *w = req->data;
    struct line *c = w->line;
    buf_free(&w->bytes);
    free(w);
    if (status < 0 && !c->closing)
        fail_uv(c, "stopped taking what is sent", status);
    line_unpin(c);
}

/* Sends what is in to_line. */
static void flush(struct line *c)
{
    if (!c->to_line.len || !c->tcp_ready)
        return;
    struct write *w = calloc(1, sizeof *w);
    if (!w) {
        fail(c, ERR_NET, err_text(ERR_NOMEM));
        return;
    }
    w->line = c;
    w->bytes = c->to_line;
    c->to_line = (struct buf)BUF_INIT;
    w->req.data = w;
    uv_buf_t b = uv_buf_init((char *)w->bytes.data, (unsigned)w->bytes.len);
    c->pins++;
    int status = uv_write(&w->req, (uv_stream_t *)&c->tcp, &b, 1, on_written);
    if (status < 0) {
        buf_free(&w->bytes);
        free(w);
        line_unpin(c);
        fail_uv(c, "does not take what is sent", status);
    }
}

static bool on_frame(void *user, const uint8_t *payload, size_t len)
{
    struct line *c = user;
    link_receive(c->t->link, payload, len);
    return !c->closing;
}

static void on_bytes(struct line *c, const char *data, size_t len)
{
    struct err_info why = {.text = ""};
    buf_clear(&c->plain);
    enum err e = tls_stream_receive(c->tls, data, len, &c->plain, &c->to_line, &why);
    flush(c);
    if (c->closing)
        return;
    link_time(c->t->link, clock_mono_ms(), clock_utc_ms());
    if (!c->closing && !c->told_open && tls_stream_ready(c->tls)) {
        c->told_open = true;
        c->t->open_until_ms = 0;
        link_line_open(c->t->link);
    }
    if (!c->closing && c->plain.len &&
        frame_decode(&c->decoder, c->plain.data, c->plain.len, on_frame, c) && !c->closing) {
        fail(c, ERR_NET, "The server sent something that is not a message.");
        return;
    }
    if (c->closing || !e)
        return;
    fail(c, e, e == ERR_NET ? "The server closed the connection." : why.text);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *out)
{
    struct line *c = h->data;
    (void)suggested;
    *out = uv_buf_init(c->input, sizeof c->input);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
    struct line *c = s->data;
    if (c->closing || n == 0)
        return;
    if (n == UV_EOF)
        fail(c, ERR_NET, "The server closed the connection.");
    else if (n < 0)
        fail_uv(c, "broke off", (int)n);
    else
        on_bytes(c, b->base, (size_t)n);
}

/* ---- opening ---- */

static void try_next_address(struct line *c);

static void on_retry_closed(uv_handle_t *h)
{
    struct line *c = h->data;
    c->tcp_ready = false;
    if (!c->closing)
        try_next_address(c);
    line_unpin(c);
}

static void greet(struct line *c)
{
    struct err_info why = {.text = ""};
    (void)uv_tcp_nodelay(&c->tcp, 1); /* slower without, no worse */
    enum err e = tls_stream_start(c->tls, &c->to_line, &why);
    int read = uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
    if (e || read < 0)
        fail(c, e ? e : ERR_NET, e ? why.text : uv_strerror(read));
    else
        flush(c);
}

static void on_connected(uv_connect_t *req, int status)
{
    struct line *c = req->data;
    if (!c->closing && status < 0) {
        (void)snprintf(c->t->attempt_why, sizeof c->t->attempt_why,
                       "The server cannot be reached: %s:%u: %s.", c->t->host, (unsigned)c->t->port,
                       uv_strerror(status));
        uv_close((uv_handle_t *)&c->tcp, on_retry_closed); /* the next one needs a new socket */
    } else if (!c->closing) {
        greet(c);
    }
    line_unpin(c);
}

static void try_next_address(struct line *c)
{
    struct addrinfo *a = c->next_address;
    if (!a) {
        fail(c, ERR_NET, c->t->attempt_why);
        return;
    }
    c->next_address = a->ai_next;
    if (uv_tcp_init(c->t->loop, &c->tcp)) {
        fail(c, ERR_NET, err_text(ERR_NET));
        return;
    }
    c->tcp.data = c;
    c->tcp_ready = true;
    c->pins += 2; /* the handle, the connection attempt */
    c->connect.data = c;
    int status = uv_tcp_connect(&c->connect, &c->tcp, a->ai_addr, on_connected);
    if (status < 0) {
        line_unpin(c);
        fail_uv(c, "cannot be reached", status);
    }
}

static void on_looked_up(uv_getaddrinfo_t *req, int status, struct addrinfo *res)
{
    struct line *c = req->data;
    c->addresses = c->next_address = status < 0 ? NULL : res;
    if (!c->closing) {
        if (status < 0) {
            struct err_info why;
            (void)err_set(&why, ERR_NET, "The server's name %s is not known here: %s.", c->t->host,
                          uv_strerror(status));
            fail(c, ERR_NET, why.text);
        } else {
            try_next_address(c);
        }
    }
    line_unpin(c);
}

static struct line *line_new(struct transport *t)
{
    struct line *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->tls = tls_stream_new(t->tls);
    if (!c->tls) {
        free(c);
        return NULL;
    }
    frame_decoder_init(&c->decoder, FRAME_MAX_BYTES);
    c->t = t;
    c->pins = 1;
    return c;
}

/* Begun on the next turn of the loop, because the link may not be called from its own hook. */
static void open_now(struct transport *t)
{
    struct line *c = line_new(t);
    if (!c) {
        link_line_closed(t->link, ERR_NET, err_text(ERR_NOMEM));
        return;
    }
    t->line = c;
    t->attempt_why[0] = '\0';
    t->open_until_ms = clock_mono_ms() + TRANSPORT_CONNECT_MS;
    char port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC};
    (void)snprintf(port, sizeof port, "%u", (unsigned)t->port);
    c->lookup.data = c;
    c->pins++;
    int status = uv_getaddrinfo(t->loop, &c->lookup, on_looked_up, t->host, port, &hints);
    if (status < 0) {
        line_unpin(c);
        fail_uv(c, "cannot be looked up", status);
    }
}

/* ---- hooks of the link ---- */

static void on_send(void *user, const uint8_t *payload, size_t len)
{
    struct transport *t = user;
    struct line *c = t->line;
    if (!c || !tls_stream_ready(c->tls))
        return;
    struct buf frame = BUF_INIT;
    frame_append(&frame, payload, len);
    if (buf_failed(&frame) || tls_stream_send(c->tls, frame.data, frame.len, &c->to_line))
        t->want_close = true;
    buf_free(&frame);
}

static void on_open_line(void *user)
{
    struct transport *t = user;
    t->open_until_ms = -1; /* wanted */
}

static void on_close_line(void *user)
{
    struct transport *t = user;
    if (t->open_until_ms == -1)
        t->open_until_ms = 0;
    t->want_close = t->line != NULL;
}

static void on_keep(void *user, const uint8_t *data, size_t len)
{
    struct transport *t = user;
    struct err_info why = {.text = ""};
    t->keep_error[0] = '\0';
    if (t->recovery && recovery_keep(t->recovery, data, len, &why))
        (void)snprintf(t->keep_error, sizeof t->keep_error, "%s", why.text);
}

static uint32_t on_random(void *user)
{
    uint32_t r;
    (void)user;
    hash_random(&r, sizeof r);
    return r;
}

/* ---- renewal ---- */

static void on_renewed(void *user, enum err e, const char *text, const struct Tandem__Envelope *m)
{
    struct transport *t = user;
    struct err_info why;
    struct buf cert = BUF_INIT;
    struct tls_context *tls = NULL;
    t->renew_waits = false;
    (void)text; /* what does not work now is tried again on the next line */
    if (!e && m->body_case == TANDEM__ENVELOPE__BODY_ENROLLED &&
        !pki_der_to_pem(m->enrolled->certificate_der.data, m->enrolled->certificate_der.len,
                        &cert) &&
        !tls_context_client(buf_cstr(&cert), buf_cstr(&t->new_key),
                            buf_cstr(&t->profile->authority_pem), NULL, t->host, &tls, &why) &&
        !profile_renew(t->profile, &t->new_key, &cert, &why)) {
        /* the present line keeps what it began with; the next one is made with the new pair */
        tls_context_free(t->old_tls);
        t->old_tls = t->tls;
        t->tls = tls;
        tls = NULL;
    }
    tls_context_free(tls);
    buf_free(&cert);
    if (t->new_key.data)
        explicit_bzero(t->new_key.data, t->new_key.cap);
    buf_free(&t->new_key);
}

/* Once per line: when it does not work now the next one tries again; there is a month's time. */
static void renew(struct transport *t)
{
    struct buf csr = BUF_INIT;
    Tandem__Renew renew = TANDEM__RENEW__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    t->renew_tried = true;
    buf_clear(&t->new_key);
    if (pki_make_request(&t->new_key, &csr) == ERR_OK) {
        renew.csr_der = (ProtobufCBinaryData){csr.len, csr.data};
        m.body_case = TANDEM__ENVELOPE__BODY_RENEW;
        m.renew = &renew;
        t->renew_waits = link_request(t->link, &m, on_renewed, t) == ERR_OK;
    }
    buf_free(&csr);
}

static void on_state(void *user, enum link_state state)
{
    struct transport *t = user;
    if (state == LINK_OFFLINE)
        t->renew_tried = false;
    if (t->state_changed)
        t->state_changed(t->user, state);
}

/* ---- time ---- */

static void on_timer(uv_timer_t *h)
{
    (void)h; /* it only ends the wait: before_wait does the work */
}

/* Everything that is due, before the loop waits again. */
static void on_before_wait(uv_prepare_t *h)
{
    struct transport *t = h->data;
    if (t->closing)
        return;
    int64_t now = clock_mono_ms();
    link_time(t->link, now, clock_utc_ms());
    if (t->want_close && t->line) {
        struct line *c = t->line;
        if (tls_stream_ready(c->tls))
            tls_stream_close(c->tls, &c->to_line);
        flush(c);
        if (!c->closing)
            line_end(c);
    }
    t->want_close = false;
    if (t->open_until_ms == -1 && !t->line)
        open_now(t);
    if (t->line && t->open_until_ms > 0 && now >= t->open_until_ms)
        fail(t->line, ERR_NET, t->attempt_why[0] ? t->attempt_why : "The server does not answer.");
    if (t->profile && !t->renew_tried && link_state(t->link) == LINK_ONLINE &&
        link_renew_soon(t->link))
        renew(t);
    if (t->line)
        flush(t->line);
    int64_t next = link_next_ms(t->link);
    if (t->line && t->open_until_ms > 0 && t->open_until_ms < next)
        next = t->open_until_ms;
    if (next == INT64_MAX) {
        uv_timer_stop(&t->timer);
        return;
    }
    uv_update_time(t->loop);
    (void)uv_timer_start(&t->timer, on_timer, next > now ? (uint64_t)(next - now) : 0, 0);
}

/* ---- beginning and end ---- */

static enum err make_tls(struct transport *t, const struct transport_config *config,
                         struct err_info *why)
{
    if (!t->profile)
        return tls_context_client(NULL, NULL, NULL, config->authority_hash16, t->host, &t->tls,
                                  why);
    return tls_context_client(buf_cstr(&t->profile->cert_pem), buf_cstr(&t->profile->key_pem),
                              buf_cstr(&t->profile->authority_pem), NULL, t->host, &t->tls, why);
}

static void transport_free(struct transport *t)
{
    link_free(t->link);
    tls_context_free(t->tls);
    tls_context_free(t->old_tls);
    buf_free(&t->new_key);
    free(t);
}

enum err transport_new(uv_loop_t *loop, const struct transport_config *config,
                       struct transport **out, struct err_info *why)
{
    struct transport *t = calloc(1, sizeof *t);
    if (!t)
        return err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    struct link_hooks hooks = {.user = t,
                               .send = on_send,
                               .open_line = on_open_line,
                               .close_line = on_close_line,
                               .state_changed = on_state,
                               .keep = config->recovery ? on_keep : NULL,
                               .random = on_random};
    t->loop = loop;
    t->profile = config->profile;
    t->recovery = config->recovery;
    t->state_changed = config->state_changed;
    t->user = config->user;
    (void)snprintf(t->host, sizeof t->host, "%s",
                   t->profile && !config->host ? t->profile->host : config->host);
    t->port = t->profile && !config->port ? t->profile->port : config->port;
    enum err e = make_tls(t, config, why);
    if (!e) {
        t->link = link_new(&hooks, config->program, clock_mono_ms());
        if (!t->link || uv_timer_init(loop, &t->timer))
            e = err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    }
    if (e) {
        transport_free(t);
        return e;
    }
    (void)uv_prepare_init(loop, &t->before_wait); /* cannot fail */
    t->timer.data = t->before_wait.data = t;
    t->pins = 2;
    (void)uv_prepare_start(&t->before_wait, on_before_wait);
    (void)uv_timer_start(&t->timer, on_timer, 0, 0);
    *out = t;
    return ERR_OK;
}

struct link *transport_link(struct transport *t)
{
    return t->link;
}

bool transport_is_renewing(const struct transport *t)
{
    return t->renew_waits;
}

const char *transport_keep_error(const struct transport *t)
{
    return t->keep_error;
}

static void on_handle_closed(uv_handle_t *h)
{
    struct transport *t = h->data;
    if (--t->pins == 0)
        transport_free(t);
}

void transport_close(struct transport *t)
{
    if (!t || t->closing)
        return;
    link_time(t->link, clock_mono_ms(), clock_utc_ms()); /* the recovery file's last state */
    link_goodbye(t->link);
    t->closing = true;
    if (t->line) {
        struct line *c = t->line;
        if (tls_stream_ready(c->tls))
            tls_stream_close(c->tls, &c->to_line);
        flush(c);
        if (!c->closing)
            line_end(c);
    }
    uv_close((uv_handle_t *)&t->timer, on_handle_closed);
    uv_close((uv_handle_t *)&t->before_wait, on_handle_closed);
}
