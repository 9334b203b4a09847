#include "server/net/net.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/frame.h"
#include "common/log.h"
#include "common/pki.h"
#include "tests/lib/leaks.h"

static const int64_t day = INT64_C(24) * 3600 * 1000;

enum { MAX_TURNS = 200 * 1000 };

/* ---- a server whose core is this test ---- */

struct server {
    uv_loop_t loop;
    struct net *net;
    struct pki_pair ca, cert;
    uint64_t conns[64]; /* in order of opening */
    size_t opened, closed, bad_frames;
    enum err bad_err;
    enum tls_peer_cert peer_cert;
    struct buf got; /* payloads, joined */
    size_t frames;
    bool raise_limit; /* as a core does once it knows who it is */
    bool say_why;     /* answers a bad frame with its text */
    bool stopped;
};

static void on_batch(void *user)
{
    (void)user;
}

static void on_opened(void *user, uint64_t conn, const struct tls_peer *peer)
{
    struct server *s = user;
    cr_assert_lt(s->opened, 64u);
    s->conns[s->opened++] = conn;
    s->peer_cert = peer->cert;
    if (s->raise_limit)
        net_set_max_frame(s->net, conn, FRAME_MAX_BYTES);
}

static void on_frame(void *user, uint64_t conn, const uint8_t *payload, size_t len)
{
    struct server *s = user;
    s->frames++;
    buf_append(&s->got, payload, len);
    if (len == 4 && !memcmp(payload, "echo", 4))
        cr_assert(net_send(s->net, conn, payload, len));
    if (len == 3 && !memcmp(payload, "bye", 3))
        net_close(s->net, conn);
}

static void on_bad_frame(void *user, uint64_t conn, enum err e, const char *text)
{
    struct server *s = user;
    s->bad_frames++;
    s->bad_err = e;
    if (s->say_why)
        cr_assert(net_send(s->net, conn, (const uint8_t *)text, strlen(text)));
}

static void on_closed(void *user, uint64_t conn)
{
    struct server *s = user;
    bool known = false;
    for (size_t i = 0; i < s->opened; i++)
        known = known || s->conns[i] == conn;
    cr_assert(known);
    s->closed++;
    cr_assert_leq(s->closed, s->opened);
}

static struct tls_context *server_tls(struct server *s)
{
    static const char *const host = "127.0.0.1";
    struct tls_context *tls;
    pki_pair_free(&s->cert);
    cr_assert_eq(pki_make_server(&s->ca, &host, 1, clock_utc_ms(), clock_utc_ms() + day, &s->cert),
                 ERR_OK);
    cr_assert_eq(tls_context_server((char *)s->cert.cert_pem.data, (char *)s->cert.key_pem.data,
                                    (char *)s->ca.cert_pem.data, &tls, NULL),
                 ERR_OK);
    return tls;
}

static struct net_settings quick(void)
{
    struct net_settings settings;
    net_settings_default(&settings);
    return settings;
}

static void server_start(struct server *s, struct net_settings settings)
{
    const struct net_handlers handlers = {
        .user = s,
        .batch = on_batch,
        .opened = on_opened,
        .frame = on_frame,
        .bad_frame = on_bad_frame,
        .closed = on_closed,
    };
    (void)signal(SIGPIPE, SIG_IGN); /* as every program that writes to sockets */
    log_set_level(LOG_LEVEL_ERROR);
    cr_assert_eq(uv_loop_init(&s->loop), 0);
    cr_assert_eq(pki_make_authority("Northshire", 1, clock_utc_ms(), &s->ca), ERR_OK);
    cr_assert_eq(net_new(&s->loop, &settings, &handlers, server_tls(s), &s->net), ERR_OK);
    cr_assert_eq(net_listen(s->net, "127.0.0.1:0", NULL), ERR_OK);
    cr_assert_neq(net_port(s->net), 0);
}

static void turn_until(struct server *s, bool (*done)(void *user), void *user, const char *what)
{
    for (int i = 0; i < MAX_TURNS; i++) {
        if (done(user))
            return;
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    }
    cr_assert_fail("never: %s", what);
}

static void on_stopped(void *user)
{
    ((struct server *)user)->stopped = true;
}

/* The end of every test: everything must come to rest by itself. */
static void server_end(struct server *s)
{
    if (!s->stopped)
        net_stop(s->net, on_stopped, s);
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    cr_assert(s->stopped);
    cr_assert_eq(s->opened, s->closed, "each opened connection was closed once");
    cr_assert_eq(uv_loop_close(&s->loop), 0);
    pki_pair_free(&s->ca);
    pki_pair_free(&s->cert);
    buf_free(&s->got);
}

/* ---- clients ---- */

struct client {
    uv_tcp_t tcp;
    uv_connect_t connect;
    struct server *server;
    struct tls_context *tls;
    struct tls_stream *stream; /* NULL: speaks no TLS */
    struct frame_decoder decoder;
    struct buf got;   /* payloads, joined */
    struct buf later; /* sent as soon as it is connected (raw) or ready */
    size_t frames, records;
    size_t to_skip;    /* bytes of the present record that are still to come */
    uint8_t header[5]; /* of the next one */
    size_t header_len;
    bool ready, eof, reset, closed, paused;
    char input[65536];
};

static bool take_payload(void *user, const uint8_t *payload, size_t len)
{
    struct client *c = user;
    c->frames++;
    buf_append(&c->got, payload, len);
    return true;
}

struct copy {
    uv_write_t req;
    struct buf bytes;
};

static void on_copied(uv_write_t *req, int status)
{
    (void)status;
    struct copy *w = req->data;
    buf_free(&w->bytes);
    free(w);
}

static void client_write(struct client *c, const void *data, size_t len)
{
    struct copy *w = calloc(1, sizeof *w);
    buf_append(&w->bytes, data, len);
    uv_buf_t b = uv_buf_init((char *)w->bytes.data, (unsigned)len);
    w->req.data = w;
    if (!len || uv_write(&w->req, (uv_stream_t *)&c->tcp, &b, 1, on_copied))
        on_copied(&w->req, 0);
}

/* Sends `payloads` (each a frame) in one go. */
static void client_send(struct client *c, const void *payload, size_t len)
{
    struct buf frame = BUF_INIT, line = BUF_INIT;
    frame_append(&frame, payload, len);
    cr_assert_eq(tls_stream_send(c->stream, frame.data, frame.len, &line), ERR_OK);
    client_write(c, line.data, line.len);
    buf_free(&frame);
    buf_free(&line);
}

static void client_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct client *c = h->data;
    *out = uv_buf_init(c->input, sizeof c->input);
}

/* Counts records of application data (type 23) on the line. */
static void count_records(struct client *c, const uint8_t *p, size_t len)
{
    while (len) {
        if (c->to_skip) {
            size_t n = c->to_skip < len ? c->to_skip : len;
            c->to_skip -= n;
            p += n;
            len -= n;
            continue;
        }
        c->header[c->header_len++] = *p++;
        len--;
        if (c->header_len == 5) {
            c->header_len = 0;
            c->records += c->header[0] == 23;
            c->to_skip = (size_t)c->header[3] << 8 | c->header[4];
        }
    }
}

static void client_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
    struct client *c = stream->data;
    struct buf plain = BUF_INIT, line = BUF_INIT;
    if (n < 0) {
        c->eof = true;
        c->reset = n != UV_EOF;
        (void)uv_read_stop(stream);
        return;
    }
    if (!c->stream || !n)
        return;
    count_records(c, (const uint8_t *)b->base, (size_t)n);
    enum err e = tls_stream_receive(c->stream, b->base, (size_t)n, &plain, &line, NULL);
    cr_assert(e == ERR_OK || e == ERR_NET);
    client_write(c, line.data, line.len);
    if (plain.len)
        cr_assert_eq(frame_decode(&c->decoder, plain.data, plain.len, take_payload, c), ERR_OK);
    if (!c->ready && tls_stream_ready(c->stream)) {
        c->ready = true;
        c->records = 0;
    }
    buf_free(&plain);
    buf_free(&line);
}

static void on_connected(uv_connect_t *req, int status)
{
    struct client *c = req->data;
    struct buf line = BUF_INIT;
    if (status < 0) {
        c->eof = c->reset = true;
        return;
    }
    cr_assert_eq(uv_read_start((uv_stream_t *)&c->tcp, client_alloc, client_read), 0);
    if (c->stream) {
        cr_assert_eq(tls_stream_start(c->stream, &line, NULL), ERR_OK);
        client_write(c, line.data, line.len);
        buf_free(&line);
    } else {
        client_write(c, c->later.data, c->later.len);
    }
}

static void client_connect(struct client *c, struct server *s, bool tls)
{
    struct sockaddr_in to;
    c->server = s;
    frame_decoder_init(&c->decoder, FRAME_MAX_BYTES);
    if (tls) {
        uint8_t hash[HASH_LEN];
        cr_assert_eq(pki_fingerprint((char *)s->ca.cert_pem.data, hash), ERR_OK);
        cr_assert_eq(tls_context_client(NULL, NULL, NULL, hash, "127.0.0.1", &c->tls, NULL),
                     ERR_OK);
        c->stream = tls_stream_new(c->tls);
        cr_assert_not_null(c->stream);
    }
    cr_assert_eq(uv_tcp_init(&s->loop, &c->tcp), 0);
    c->tcp.data = c;
    c->connect.data = c;
    cr_assert_eq(uv_ip4_addr("127.0.0.1", net_port(s->net), &to), 0);
    cr_assert_eq(uv_tcp_connect(&c->connect, &c->tcp, (struct sockaddr *)&to, on_connected), 0);
}

static void client_closed(uv_handle_t *h)
{
    ((struct client *)h->data)->closed = true;
}

static bool is_closed(void *user)
{
    return ((struct client *)user)->closed;
}

static void client_end(struct client *c)
{
    if (!uv_is_closing((uv_handle_t *)&c->tcp))
        uv_close((uv_handle_t *)&c->tcp, client_closed);
    turn_until(c->server, is_closed, c, "client closed");
    tls_stream_free(c->stream);
    tls_context_free(c->tls);
    frame_decoder_fini(&c->decoder);
    buf_free(&c->got);
    buf_free(&c->later);
}

static bool is_ready(void *user)
{
    struct client *c = user;
    return c->ready && c->server->opened;
}

static bool is_eof(void *user)
{
    return ((struct client *)user)->eof;
}

static bool has_frame(void *user)
{
    return ((struct client *)user)->frames > 0;
}

static struct client *new_client(struct server *s)
{
    struct client *c = calloc(1, sizeof *c);
    size_t before = s->opened;
    client_connect(c, s, true);
    turn_until(s, is_ready, c, "handshake");
    for (int i = 0; i < MAX_TURNS && s->opened == before; i++)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    return c;
}

static void free_client(struct client *c)
{
    client_end(c);
    free(c);
}

/* ---- tests ---- */

Test(net, frames_go_up_and_come_down)
{
    struct server s = {0};
    server_start(&s, quick());
    struct client *c = new_client(&s);
    cr_assert_eq(s.peer_cert, TLS_PEER_NONE);
    client_send(c, "hello", 5);
    client_send(c, "echo", 4);
    turn_until(&s, has_frame, c, "the echo");
    cr_assert_eq(s.frames, 2u);
    cr_assert_eq(memcmp(s.got.data, "helloecho", 9), 0);
    cr_assert(c->got.len == 4 && !memcmp(c->got.data, "echo", 4));
    cr_assert_eq(net_stats(s.net).connections, 1u);
    free_client(c);
    server_end(&s);
    CHECK_NO_LEAKS();
}

static bool has_hundred(void *user)
{
    return ((struct client *)user)->frames == 100;
}

Test(net, what_one_turn_queues_travels_in_one_record)
{
    struct server s = {0};
    server_start(&s, quick());
    struct client *c = new_client(&s);
    for (int i = 0; i < 100; i++)
        cr_assert(net_send(s.net, s.conns[0], (const uint8_t *)"0123456789", 10));
    cr_assert_eq(net_queued_bytes(s.net, s.conns[0]), 1400u);
    turn_until(&s, has_hundred, c, "100 frames");
    cr_assert_eq(c->records, 1u);
    cr_assert_eq(net_queued_bytes(s.net, s.conns[0]), 0u);
    free_client(c);
    server_end(&s);
    CHECK_NO_LEAKS();
}

Test(net, closing_sends_what_is_queued_then_says_goodbye)
{
    struct server s = {0};
    static uint8_t big[1000 * 1000];
    server_start(&s, quick());
    struct client *c = new_client(&s);
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * 31);
    cr_assert(net_send(s.net, s.conns[0], big, sizeof big));
    net_close(s.net, s.conns[0]);
    cr_assert_eq(s.closed, 0u, "never from inside the call");
    cr_assert(net_send(s.net, s.conns[0], big, sizeof big), "dropped without a word");
    turn_until(&s, is_eof, c, "the end");
    cr_assert_not(c->reset);
    cr_assert_eq(c->got.len, sizeof big);
    cr_assert_eq(memcmp(c->got.data, big, sizeof big), 0);
    free_client(c);
    server_end(&s);
    CHECK_NO_LEAKS();
}

Test(net, what_follows_a_close_in_the_same_bytes_is_not_heard)
{
    struct server s = {0};
    server_start(&s, quick());
    struct client *c = new_client(&s);
    struct buf frames = BUF_INIT, line = BUF_INIT;
    frame_append(&frames, "bye", 3);
    frame_append(&frames, "echo", 4);
    cr_assert_eq(tls_stream_send(c->stream, frames.data, frames.len, &line), ERR_OK);
    client_write(c, line.data, line.len);
    turn_until(&s, is_eof, c, "the end");
    cr_assert_eq(s.frames, 1u);
    cr_assert_eq(c->frames, 0u);
    buf_free(&frames);
    buf_free(&line);
    free_client(c);
    server_end(&s);
    CHECK_NO_LEAKS();
}

static void send_raw(struct server *s, const char *bytes, size_t len)
{
    struct client *c = calloc(1, sizeof *c);
    buf_append(&c->later, bytes, len);
    client_connect(c, s, false);
    turn_until(s, is_eof, c, "the end of a stranger");
    free_client(c);
}

Test(net, strangers_are_shown_out_and_the_core_hears_nothing)
{
    struct server s = {0};
    server_start(&s, quick());
    static const char http[] = "GET / HTTP/1.1\r\n\r\n";
    static const char half_tls[] = "\x16\x03\x01\x00\x05rubbish that looks like TLS at first";
    static const char ssh[] = "SSH-2.0-OpenSSH_9.2\r\n";
    send_raw(&s, http, sizeof http - 1);
    send_raw(&s, half_tls, sizeof half_tls - 1);
    send_raw(&s, ssh, sizeof ssh - 1);
    cr_assert_eq(s.opened, 0u);
    struct client *c = new_client(&s);
    client_send(c, "echo", 4);
    turn_until(&s, has_frame, c, "service as usual");
    free_client(c);
    server_end(&s);
    CHECK_NO_LEAKS();
}

Test(net, a_handshake_that_never_ends_is_ended)
{
    struct server s = {0};
    struct net_settings settings = quick();
    struct client silent = {0};
    settings.handshake_ms = 30;
    server_start(&s, settings);
    client_connect(&silent, &s, false);
    int64_t began_ms = clock_mono_ms();
    turn_until(&s, is_eof, &silent, "the end of the patience");
    cr_assert_geq(clock_mono_ms() - began_ms, 25);
    cr_assert_eq(s.opened, 0u);
    client_end(&silent);
    server_end(&s);
    CHECK_NO_LEAKS();
}

static bool three_have_gone(void *user)
{
    struct client *all = user;
    return all[0].eof && all[1].eof && all[2].eof;
}

Test(net, of_too_many_unauthenticated_the_oldest_goes)
{
    struct server s = {.raise_limit = true};
    struct net_settings settings = quick();
    settings.max_unauthenticated = 2;
    server_start(&s, settings);
    struct client *known = new_client(&s);
    struct client *waiting = calloc(5, sizeof *waiting);
    for (int i = 0; i < 5; i++) {
        client_connect(&waiting[i], &s, false);
        while (net_stats(s.net).accepted_total < (uint64_t)i + 2)
            (void)uv_run(&s.loop, UV_RUN_ONCE);
    }
    turn_until(&s, three_have_gone, waiting, "three of five go");
    cr_assert_not(waiting[3].eof);
    cr_assert_not(waiting[4].eof);
    cr_assert_eq(net_stats(s.net).unauthenticated, 2u);
    client_send(known, "echo", 4);
    turn_until(&s, has_frame, known, "who is known stays");
    for (int i = 0; i < 5; i++)
        client_end(&waiting[i]);
    free(waiting);
    free_client(known);
    server_end(&s);
    CHECK_NO_LEAKS();
}

Test(net, too_long_a_frame_is_told_and_ends_the_connection)
{
    struct server s = {.say_why = true};
    uint8_t big[FRAME_MAX_UNAUTHENTICATED_BYTES + 1] = {0};
    server_start(&s, quick());
    struct client *c = new_client(&s);
    client_send(c, big, sizeof big);
    turn_until(&s, is_eof, c, "the end");
    cr_assert_eq(s.frames, 0u);
    cr_assert_eq(s.bad_frames, 1u);
    cr_assert_eq(s.bad_err, ERR_TOO_LARGE);
    cr_assert_not_null(strstr(buf_cstr(&c->got), "4096 bytes"));
    cr_assert_not(c->reset);
    free_client(c);
    server_end(&s);
    CHECK_NO_LEAKS();
}

Test(net, an_empty_frame_ends_the_connection)
{
    struct server s = {0};
    struct buf line = BUF_INIT;
    server_start(&s, quick());
    struct client *c = new_client(&s);
    cr_assert_eq(tls_stream_send(c->stream, "\0\0\0\0", 4, &line), ERR_OK);
    client_write(c, line.data, line.len);
    turn_until(&s, is_eof, c, "the end");
    cr_assert_eq(s.bad_err, ERR_INPUT);
    buf_free(&line);
    free_client(c);
    server_end(&s);
    CHECK_NO_LEAKS();
}

static bool got_all(void *user)
{
    struct client *c = user;
    return c->got.len && c->got.len == *(size_t *)c->later.data;
}

Test(net, a_reader_that_stops_has_a_bounded_queue_and_loses_nothing_it_was_promised)
{
    struct server s = {0};
    struct net_settings settings = quick();
    static uint8_t block[100 * 1000];
    settings.max_outbound_bytes = 2 * 1000 * 1000;
    server_start(&s, settings);
    struct client *slow = new_client(&s);
    struct client *other = new_client(&s);
    (void)uv_read_stop((uv_stream_t *)&slow->tcp);
    size_t sent = 0;
    for (int refused = 0; refused < 10;) { /* refused again and again: the line is really full */
        if (net_send(s.net, s.conns[0], block, sizeof block)) {
            sent += sizeof block;
            refused = 0;
        } else {
            refused++;
        }
        cr_assert_leq(net_queued_bytes(s.net, s.conns[0]), settings.max_outbound_bytes);
        cr_assert_lt(sent, 100u * 1000 * 1000, "the queue has no end");
        (void)uv_run(&s.loop, UV_RUN_NOWAIT);
    }
    client_send(other, "echo", 4);
    turn_until(&s, has_frame, other, "the others do not wait");
    buf_append(&slow->later, &sent, sizeof sent);
    cr_assert_eq(uv_read_start((uv_stream_t *)&slow->tcp, client_alloc, client_read), 0);
    turn_until(&s, got_all, slow, "all that was taken");
    cr_assert(net_send(s.net, s.conns[0], block, sizeof block));
    free_client(slow);
    free_client(other);
    server_end(&s);
    CHECK_NO_LEAKS();
}

/* The system itself keeps megabytes otherwise. */
static void keep_little(uv_handle_t *h, void *user)
{
    int small = 8192;
    (void)user;
    if (h->type == UV_TCP)
        (void)uv_send_buffer_size(h, &small);
}

/* Asks for new keys again and again, which TLS answers by itself, and reads none of the answers.
 * How many it asked for before it was shown out; 0: it never was. */
static size_t ask_for_keys(struct server *s, size_t most)
{
    struct sockaddr_in to;
    static const unsigned char alpn[] = "\x08tandem/1";
    int small = 4096, fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(uv_ip4_addr("127.0.0.1", net_port(s->net), &to), 0);
    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    cr_assert_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    cr_assert(SSL_set_fd(ssl, fd));
    cr_assert_eq(SSL_set_alpn_protos(ssl, alpn, sizeof alpn - 1), 0);
    while (SSL_connect(ssl) != 1)
        (void)uv_run(&s->loop, UV_RUN_NOWAIT);
    uv_walk(&s->loop, keep_little, NULL);
    size_t asked = 0;
    while (asked < most && !s->closed) {
        if (SSL_get_key_update_type(ssl) == SSL_KEY_UPDATE_NONE)
            asked += (size_t)SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED);
        if (SSL_do_handshake(ssl) != 1 || asked % 256 == 0)
            (void)uv_run(&s->loop, UV_RUN_NOWAIT);
    }
    ERR_clear_error();
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    return s->closed ? asked : 0;
}

Test(net, who_makes_tls_answer_and_does_not_read_is_shown_out)
{
    struct server s = {0};
    struct net_settings settings = quick();
    settings.max_outbound_bytes = 128 * 1024;
    server_start(&s, settings);
    cr_assert(ask_for_keys(&s, 20 * 1000), "its answers pile up without an end");
    server_end(&s);
}

static bool one_closed(void *user)
{
    return ((struct server *)user)->closed == 1;
}

Test(net, a_slow_reader_that_is_closed_is_gone_when_its_time_is_over)
{
    struct server s = {0};
    struct net_settings settings = quick();
    static uint8_t block[1000 * 1000];
    settings.finish_ms = 30;
    settings.max_outbound_bytes = 20 * 1000 * 1000;
    server_start(&s, settings);
    struct client *slow = new_client(&s);
    (void)uv_read_stop((uv_stream_t *)&slow->tcp);
    for (int i = 0; i < 15; i++)
        cr_assert(net_send(s.net, s.conns[0], block, sizeof block));
    net_close(s.net, s.conns[0]);
    turn_until(&s, one_closed, &s, "the end");
    free_client(slow);
    server_end(&s);
    CHECK_NO_LEAKS();
}

Test(net, a_peer_that_vanishes_is_closed_once)
{
    struct server s = {0};
    server_start(&s, quick());
    struct client *c = new_client(&s);
    cr_assert(net_send(s.net, s.conns[0], (const uint8_t *)"x", 1));
    cr_assert_eq(uv_tcp_close_reset(&c->tcp, client_closed), 0);
    turn_until(&s, one_closed, &s, "noticed");
    net_close(s.net, s.conns[0]);
    cr_assert(net_send(s.net, s.conns[0], (const uint8_t *)"x", 1));
    cr_assert_eq(net_queued_bytes(s.net, s.conns[0]), 0u);
    free_client(c);
    server_end(&s);
    CHECK_NO_LEAKS();
}

Test(net, numbers_are_not_used_again)
{
    struct server s = {0};
    server_start(&s, quick());
    for (int i = 0; i < 20; i++)
        free_client(new_client(&s));
    for (size_t i = 0; i < s.opened; i++)
        for (size_t j = 0; j < i; j++)
            cr_assert_neq(s.conns[i], s.conns[j]);
    server_end(&s);
    CHECK_NO_LEAKS();
}

Test(net, stopping_finishes_everybody_in_every_state)
{
    struct server s = {0};
    struct net_settings settings = quick();
    settings.finish_ms = 50; /* for the one that does not listen */
    server_start(&s, settings);
    struct client *open = new_client(&s), *deaf = new_client(&s);
    struct client silent = {0};
    client_connect(&silent, &s, false);
    while (net_stats(s.net).connections < 3)
        (void)uv_run(&s.loop, UV_RUN_ONCE);
    (void)uv_read_stop((uv_stream_t *)&deaf->tcp);
    cr_assert(net_send(s.net, s.conns[0], (const uint8_t *)"going down", 10));
    net_stop(s.net, on_stopped, &s);
    turn_until(&s, is_eof, open, "told");
    cr_assert_eq(open->got.len, 10u);
    turn_until(&s, is_eof, &silent, "ended");
    free_client(open);
    client_end(&silent);
    for (int i = 0; i < MAX_TURNS && !s.stopped; i++)
        (void)uv_run(&s.loop, UV_RUN_ONCE);
    cr_assert(s.stopped, "the deaf one does not hold it up");
    free_client(deaf);
    server_end(&s);
    CHECK_NO_LEAKS();
}

Test(net, a_new_certificate_serves_new_connections_and_old_ones_go_on)
{
    struct server s = {0};
    server_start(&s, quick());
    struct client *before = new_client(&s);
    net_set_tls(s.net, server_tls(&s));
    struct client *after = new_client(&s);
    client_send(before, "echo", 4);
    turn_until(&s, has_frame, before, "the old one");
    client_send(after, "echo", 4);
    turn_until(&s, has_frame, after, "the new one");
    free_client(before);
    free_client(after);
    server_end(&s);
    CHECK_NO_LEAKS();
}

Test(net, port_taken_and_impossible_addresses_get_a_sentence)
{
    static const char *const bad[] = {"",           "7443",          "localhost:7443", "127.0.0.1",
                                      "1.2.3.4:",   "1.2.3.4:70000", "::1:80",         "[::1]",
                                      "1.2.3.4:-1", "1.2.3.4:1x",    ":7443"};
    struct server s = {0}, second = {0};
    struct err_info why = {0};
    struct sockaddr_storage address;
    server_start(&s, quick());
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        why.text[0] = 0;
        cr_assert_eq(net_parse_address(bad[i], &address, &why), ERR_INPUT, "%s", bad[i]);
        cr_assert_not_null(strstr(why.text, "ADDR:PORT"));
    }
    cr_assert_eq(net_parse_address("[::1]:80", &address, &why), ERR_OK);
    cr_assert_eq(address.ss_family, AF_INET6);
    const struct net_handlers none = {0};
    struct net_settings settings = quick();
    cr_assert_eq(net_new(&s.loop, &settings, &none, server_tls(&s), &second.net), ERR_OK);
    cr_assert_eq(net_listen(second.net, net_address(s.net), &why), ERR_NET);
    cr_assert_not_null(strstr(why.text, "taken"), "%s", why.text);
    net_stop(second.net, on_stopped, &second);
    server_end(&s);
    cr_assert(second.stopped);
    CHECK_NO_LEAKS();
}
