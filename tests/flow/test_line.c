/* The real tandemd as the network meets it: strangers, rubbish, people with and without a
 * certificate. A client made of a socket and tls_stream, waiting for bytes with a deadline. */

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/frame.h"
#include "common/pki.h"
#include "common/tls_stream.h"
#include "proto/wire.pb-c.h"
#include "tests/lib/daemon.h"

/* ---- a client that waits ---- */

struct wire {
    int fd;
    struct tls_context *context;
    struct tls_stream *tls;
    struct frame_decoder decoder;
    struct buf frames[8]; /* received and not yet taken */
    size_t nframes;
    bool ended; /* by the server: FIN, close_notify or a reset */
};

static int connect_raw(const struct daemon *d)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(d->port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0, "connect: %s", strerror(errno));
    return fd;
}

static bool keep_frame(void *user, const uint8_t *payload, size_t len)
{
    struct wire *w = user;
    cr_assert_lt(w->nframes, 8u);
    buf_append(&w->frames[w->nframes++], payload, len);
    return true;
}

static void wire_write(struct wire *w, struct buf *line)
{
    if (line->len) /* a server that has gone is noticed when reading */
        (void)send(w->fd, line->data, line->len, MSG_NOSIGNAL);
    buf_free(line);
}

/* Waits for bytes, once. */
static void wire_read(struct wire *w)
{
    struct pollfd p = {.fd = w->fd, .events = POLLIN};
    struct buf plain = BUF_INIT, line = BUF_INIT;
    char bytes[16384];
    cr_assert_eq(poll(&p, 1, DAEMON_DEADLINE_MS), 1, "the server says nothing and does not close");
    ssize_t n = recv(w->fd, bytes, sizeof bytes, 0);
    if (n <= 0) {
        w->ended = true;
        return;
    }
    enum err e = tls_stream_receive(w->tls, bytes, (size_t)n, &plain, &line, NULL);
    wire_write(w, &line);
    if (plain.len)
        cr_assert_eq(frame_decode(&w->decoder, plain.data, plain.len, keep_frame, w), ERR_OK);
    w->ended = e != ERR_OK;
    buf_free(&plain);
}

/* Who shows `id`; NULL: nobody, and knows the server by the code. */
struct identity {
    struct buf key, cert, authority; /* PEM */
};

static void wire_open(struct wire *w, const struct daemon *d, const struct pki_code *code,
                      struct identity *id)
{
    struct buf line = BUF_INIT;
    *w = (struct wire){.fd = connect_raw(d)};
    frame_decoder_init(&w->decoder, FRAME_MAX_BYTES);
    enum err e =
        id ? tls_context_client(buf_cstr(&id->cert), buf_cstr(&id->key), buf_cstr(&id->authority),
                                NULL, "127.0.0.1", &w->context, NULL)
           : tls_context_client(NULL, NULL, NULL, code->authority_hash16, code->host, &w->context,
                                NULL);
    cr_assert_eq(e, ERR_OK);
    w->tls = tls_stream_new(w->context);
    cr_assert_eq(tls_stream_start(w->tls, &line, NULL), ERR_OK);
    wire_write(w, &line);
    while (!tls_stream_ready(w->tls)) {
        wire_read(w);
        cr_assert_not(w->ended, "the handshake failed");
    }
}

static void wire_close(struct wire *w)
{
    close(w->fd);
    tls_stream_free(w->tls);
    tls_context_free(w->context);
    frame_decoder_fini(&w->decoder);
    for (size_t i = 0; i < w->nframes; i++)
        buf_free(&w->frames[i]);
}

static void wire_send_bytes(struct wire *w, const void *data, size_t len)
{
    struct buf line = BUF_INIT;
    cr_assert_eq(tls_stream_send(w->tls, data, len, &line), ERR_OK);
    wire_write(w, &line);
}

static void wire_send(struct wire *w, const Tandem__Envelope *m)
{
    struct buf frame = BUF_INIT;
    size_t len = tandem__envelope__get_packed_size(m);
    uint8_t *payload = malloc(len);
    tandem__envelope__pack(m, payload);
    frame_append(&frame, payload, len);
    wire_send_bytes(w, frame.data, frame.len);
    free(payload);
    buf_free(&frame);
}

/* The next message; NULL when the server has closed instead. Freed by the caller. */
static Tandem__Envelope *wire_take(struct wire *w)
{
    while (!w->nframes && !w->ended)
        wire_read(w);
    if (!w->nframes)
        return NULL;
    struct buf first = w->frames[0];
    memmove(&w->frames[0], &w->frames[1], --w->nframes * sizeof first);
    w->frames[w->nframes] = (struct buf)BUF_INIT;
    Tandem__Envelope *m = tandem__envelope__unpack(NULL, first.len, first.data);
    cr_assert_not_null(m);
    buf_free(&first);
    return m;
}

/* An Error with this code, whose sentence holds `word`; then the end. */
static void expect_error_and_end(struct wire *w, enum err code, const char *word)
{
    Tandem__Envelope *m = wire_take(w);
    cr_assert_not_null(m, "the server closed without a word");
    cr_assert_eq(m->body_case, TANDEM__ENVELOPE__BODY_ERROR);
    cr_assert_eq(m->error->code, (uint32_t)code, "%u: %s", m->error->code, m->error->text);
    cr_assert_not_null(strstr(m->error->text, word), "%s", m->error->text);
    tandem__envelope__free_unpacked(m, NULL);
    cr_assert_null(wire_take(w), "there is nothing behind it");
}

static Tandem__Envelope *hello(struct wire *w)
{
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    Tandem__Hello h = TANDEM__HELLO__INIT;
    h.protocol = 1;
    h.program = (char *)"test";
    m.id = 1;
    m.body_case = TANDEM__ENVELOPE__BODY_HELLO;
    m.hello = &h;
    wire_send(w, &m);
    return wire_take(w);
}

static struct pki_code code_for(struct daemon *d, const char *name, const char *role)
{
    struct pki_code code;
    char *text = role ? daemon_add_person(d, name, role) : daemon_code(d, name);
    cr_assert_eq(pki_code_parse(text, &code, NULL), ERR_OK);
    free(text);
    return code;
}

/* Says Hello and Enrol with this code; the answer. */
static Tandem__Envelope *ask_enrol(struct wire *w, const struct pki_code *code,
                                   const struct buf *csr)
{
    Tandem__Envelope *welcome = hello(w);
    cr_assert(welcome && welcome->body_case == TANDEM__ENVELOPE__BODY_WELCOME);
    cr_assert_null(welcome->welcome->you);
    tandem__envelope__free_unpacked(welcome, NULL);
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    Tandem__Enrol e = TANDEM__ENROL__INIT;
    e.secret = (ProtobufCBinaryData){sizeof code->secret, (uint8_t *)(uintptr_t)code->secret};
    e.csr_der = (ProtobufCBinaryData){csr->len, csr->data};
    m.id = 2;
    m.body_case = TANDEM__ENVELOPE__BODY_ENROL;
    m.enrol = &e;
    wire_send(w, &m);
    return wire_take(w);
}

static struct identity enrol(struct daemon *d, const struct pki_code *code)
{
    struct wire w;
    struct identity id = {0};
    struct buf csr = BUF_INIT;
    cr_assert_eq(pki_make_request(&id.key, &csr), ERR_OK);
    wire_open(&w, d, code, NULL);
    Tandem__Envelope *m = ask_enrol(&w, code, &csr);
    cr_assert_not_null(m);
    cr_assert_eq(m->body_case, TANDEM__ENVELOPE__BODY_ENROLLED);
    Tandem__Enrolled *e = m->enrolled;
    cr_assert_eq(pki_der_to_pem(e->certificate_der.data, e->certificate_der.len, &id.cert), ERR_OK);
    cr_assert_eq(pki_der_to_pem(e->authority_der.data, e->authority_der.len, &id.authority),
                 ERR_OK);
    tandem__envelope__free_unpacked(m, NULL);
    buf_free(&csr);
    wire_close(&w);
    return id;
}

static void identity_free(struct identity *id)
{
    buf_free(&id->key);
    buf_free(&id->cert);
    buf_free(&id->authority);
}

static void expect_served(struct daemon *d, const struct pki_code *code)
{
    struct wire w;
    wire_open(&w, d, code, NULL);
    Tandem__Envelope *m = hello(&w);
    cr_assert(m && m->body_case == TANDEM__ENVELOPE__BODY_WELCOME);
    tandem__envelope__free_unpacked(m, NULL);
    wire_close(&w);
}

static void add_setting(const struct daemon *d, const char *line)
{
    char path[120];
    (void)snprintf(path, sizeof path, "%s/tandem.yaml", d->dir);
    FILE *f = fopen(path, "a");
    cr_assert_not_null(f);
    cr_assert_geq(fputs(line, f), 0);
    cr_assert_eq(fclose(f), 0);
}

/* How long until the server ends this connection. */
static int64_t ms_until_end(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int64_t began_ms = clock_mono_ms();
    char bytes[4096];
    do
        cr_assert_eq(poll(&p, 1, DAEMON_DEADLINE_MS), 1, "it is never ended");
    while (recv(fd, bytes, sizeof bytes, 0) > 0);
    return clock_mono_ms() - began_ms;
}

/* ---- strangers ---- */

Test(line, other_protocols_and_rubbish_are_shown_out_and_the_rest_is_served)
{
    static const struct {
        const char *bytes;
        size_t len;
    } rubbish[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n",                 27},
        {"SSH-2.0-OpenSSH_9.2\r\n",                           21},
        {"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00 and more", 18},
        {"\x00\x00\x00\x05hello and more",                    18},
        {"\xff\xff\xff\xff\xff\xff\xff\xff",                  8 },
    };
    struct daemon d;
    daemon_init(&d);
    daemon_start(&d);
    for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++) {
        int fd = connect_raw(&d);
        cr_assert_eq(send(fd, rubbish[i].bytes, rubbish[i].len, MSG_NOSIGNAL),
                     (ssize_t)rubbish[i].len);
        cr_assert_lt(ms_until_end(fd), 9000, "at once, not by the clock");
        close(fd);
    }
    struct pki_code code = code_for(&d, "Ana Flint", "FRO:north");
    expect_served(&d, &code);
    cr_assert_eq(daemon_stop(&d), 0);
    daemon_remove(&d);
}

Test(line, who_is_slow_with_the_handshake_or_with_hello_is_ended)
{
    struct daemon d;
    struct wire w;
    daemon_init(&d);
    add_setting(&d, "handshake_timeout_ms: 200\nhello_timeout_ms: 200\n");
    daemon_start(&d);
    struct pki_code code = code_for(&d, "Ana Flint", "FRO:north");
    int fd = connect_raw(&d);
    cr_assert_eq(send(fd, "\x16\x03\x01", 3, MSG_NOSIGNAL), 3);
    cr_assert_geq(ms_until_end(fd), 150);
    close(fd);
    wire_open(&w, &d, &code, NULL); /* and then nothing */
    Tandem__Envelope *m = wire_take(&w);
    cr_assert(!m || m->body_case == TANDEM__ENVELOPE__BODY_ERROR);
    tandem__envelope__free_unpacked(m, NULL);
    cr_assert_null(wire_take(&w));
    wire_close(&w);
    wire_open(&w, &d, &code, NULL); /* half a frame, and then nothing */
    wire_send_bytes(&w,
                    "\0\0\0\x10"
                    "half",
                    8);
    m = wire_take(&w);
    cr_assert(!m || m->body_case == TANDEM__ENVELOPE__BODY_ERROR);
    tandem__envelope__free_unpacked(m, NULL);
    cr_assert_null(wire_take(&w));
    wire_close(&w);
    cr_assert_eq(daemon_stop(&d), 0);
    daemon_remove(&d);
}

Test(line, frames_that_break_the_rules_are_answered_with_a_sentence_and_ended)
{
    static const uint8_t long_header[] = {0, 0, 0x10, 1}; /* 4097 */
    static const uint8_t longest[] = {0xff, 0xff, 0xff, 0xff};
    static const uint8_t empty[] = {0, 0, 0, 0};
    struct daemon d;
    struct wire w;
    daemon_init(&d);
    daemon_start(&d);
    struct pki_code code = code_for(&d, "Ana Flint", "FRO:north");
    wire_open(&w, &d, &code, NULL);
    wire_send_bytes(&w, long_header, sizeof long_header);
    expect_error_and_end(&w, ERR_TOO_LARGE, "4096");
    wire_close(&w);
    wire_open(&w, &d, &code, NULL);
    wire_send_bytes(&w, longest, sizeof longest);
    expect_error_and_end(&w, ERR_TOO_LARGE, "4096");
    wire_close(&w);
    wire_open(&w, &d, &code, NULL);
    wire_send_bytes(&w, empty, sizeof empty);
    expect_error_and_end(&w, ERR_INPUT, "empty");
    wire_close(&w);
    expect_served(&d, &code);
    cr_assert_eq(daemon_stop(&d), 0);
    daemon_remove(&d);
}

/* ---- people ---- */

Test(line, a_code_lets_its_person_in_once_and_the_certificate_from_then_on)
{
    struct daemon d;
    struct wire w;
    struct buf key = BUF_INIT, csr = BUF_INIT;
    daemon_init(&d);
    daemon_start(&d);
    struct pki_code code = code_for(&d, "Ana Flint", "FRO:north");
    struct identity ana = enrol(&d, &code);
    wire_open(&w, &d, NULL, &ana);
    Tandem__Envelope *m = hello(&w);
    cr_assert(m && m->body_case == TANDEM__ENVELOPE__BODY_WELCOME && m->welcome->you);
    cr_assert_str_eq(m->welcome->you->name, "Ana Flint");
    cr_assert_str_eq(m->welcome->site, "Northshire");
    tandem__envelope__free_unpacked(m, NULL);
    wire_close(&w);

    cr_assert_eq(pki_make_request(&key, &csr), ERR_OK);
    wire_open(&w, &d, &code, NULL);
    m = ask_enrol(&w, &code, &csr);
    cr_assert_eq(m->body_case, TANDEM__ENVELOPE__BODY_ERROR, "a second time");
    tandem__envelope__free_unpacked(m, NULL);
    wire_close(&w);

    struct pki_code guessed = code;
    guessed.secret[0] ^= 1;
    wire_open(&w, &d, &guessed, NULL);
    m = ask_enrol(&w, &guessed, &csr);
    cr_assert_eq(m->body_case, TANDEM__ENVELOPE__BODY_ERROR, "a guess");
    tandem__envelope__free_unpacked(m, NULL);
    wire_close(&w);

    struct pki_code older = code_for(&d, "Ana Flint", NULL);
    struct pki_code newer = code_for(&d, "Ana Flint", NULL);
    wire_open(&w, &d, &older, NULL);
    m = ask_enrol(&w, &older, &csr);
    cr_assert_eq(m->body_case, TANDEM__ENVELOPE__BODY_ERROR, "a newer code kills the older");
    tandem__envelope__free_unpacked(m, NULL);
    wire_close(&w);
    struct identity again = enrol(&d, &newer);

    cr_assert_eq(daemon_stop(&d), 0); /* all of it is on disk */
    daemon_start(&d);
    wire_open(&w, &d, NULL, &again);
    m = hello(&w);
    cr_assert(m && m->body_case == TANDEM__ENVELOPE__BODY_WELCOME && m->welcome->you);
    tandem__envelope__free_unpacked(m, NULL);
    wire_close(&w);
    cr_assert_eq(daemon_stop(&d), 0);
    identity_free(&ana);
    identity_free(&again);
    buf_free(&key);
    buf_free(&csr);
    daemon_remove(&d);
}

Test(line, who_is_revoked_is_out_at_once_and_stays_out)
{
    struct daemon d;
    struct wire open_line, w;
    daemon_init(&d);
    daemon_start(&d);
    struct pki_code code = code_for(&d, "Ana Flint", "FRO:north");
    struct identity ana = enrol(&d, &code);
    wire_open(&open_line, &d, NULL, &ana);
    tandem__envelope__free_unpacked(hello(&open_line), NULL);
    struct run r = RUN("tandemd", "person", "revoke", "Ana Flint", "--data", d.dir);
    cr_assert_eq(r.exit_code, 0);
    run_free(&r);
    expect_error_and_end(&open_line, ERR_NOT_AUTHENTICATED, "withdrawn");
    wire_open(&w, &d, NULL, &ana);
    Tandem__Envelope *m = hello(&w);
    cr_assert(m && m->body_case == TANDEM__ENVELOPE__BODY_ERROR);
    cr_assert_eq(m->error->code, (uint32_t)ERR_NOT_AUTHENTICATED);
    tandem__envelope__free_unpacked(m, NULL);
    cr_assert_null(wire_take(&w));
    wire_close(&w);
    wire_close(&open_line);
    cr_assert_eq(daemon_stop(&d), 0);
    identity_free(&ana);
    daemon_remove(&d);
}

/* Certificates that this site did not give, or whose time is over. */
Test(line, other_certificates_are_told_why_they_are_not_accepted)
{
    struct daemon d;
    struct wire w;
    char path[120];
    daemon_init(&d);
    daemon_start(&d);
    int64_t now = clock_utc_ms(), day = INT64_C(24) * 3600 * 1000;
    struct pki_code code = code_for(&d, "Ana Flint", "FRO:north");
    struct identity ana = enrol(&d, &code);

    struct pki_pair self_made, ours = {0};
    cr_assert_eq(pki_make_authority("Northshire", 1, now, &self_made), ERR_OK);
    (void)snprintf(path, sizeof path, "%s/authority.key", d.dir);
    struct run key = RUN("/bin/cat", path);
    buf_append(&ours.cert_pem, ana.authority.data, ana.authority.len);
    buf_append_str(&ours.key_pem, run_out(&key));
    (void)buf_cstr(&ours.cert_pem);
    (void)buf_cstr(&ours.key_pem);

    const struct {
        const struct pki_pair *signer;
        int64_t begins, ends;
        const char *word;
    } cases[] = {
        {&self_made, now,            now + day, "does not know your certificate"},
        {&ours,      now - 90 * day, now - day, "ended on"                      },
        {&ours,      now,            now + day, "does not know your certificate"}, /* not in the list */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct identity id = {0};
        struct buf csr = BUF_INIT, der = BUF_INIT;
        uint8_t serial[20];
        cr_assert_eq(pki_make_request(&id.key, &csr), ERR_OK);
        cr_assert_eq(pki_sign_request(cases[i].signer, csr.data, csr.len, 2, cases[i].begins,
                                      cases[i].ends, &der, serial, NULL),
                     ERR_OK);
        cr_assert_eq(pki_der_to_pem(der.data, der.len, &id.cert), ERR_OK);
        buf_append(&id.authority, ana.authority.data, ana.authority.len);
        wire_open(&w, &d, NULL, &id);
        Tandem__Envelope *m = hello(&w);
        cr_assert(m && m->body_case == TANDEM__ENVELOPE__BODY_ERROR, "case %zu", i);
        cr_assert_eq(m->error->code, (uint32_t)ERR_NOT_AUTHENTICATED);
        cr_assert_not_null(strstr(m->error->text, cases[i].word), "%s", m->error->text);
        tandem__envelope__free_unpacked(m, NULL);
        cr_assert_null(wire_take(&w));
        wire_close(&w);
        identity_free(&id);
        buf_free(&csr);
        buf_free(&der);
    }
    run_free(&key);
    pki_pair_free(&self_made);
    pki_pair_free(&ours);
    identity_free(&ana);
    cr_assert_eq(daemon_stop(&d), 0);
    daemon_remove(&d);
}

Test(line, everybody_is_told_when_the_server_goes_down)
{
    struct daemon d;
    struct wire known, stranger, silent;
    daemon_init(&d);
    daemon_start(&d);
    struct pki_code code = code_for(&d, "Ana Flint", "FRO:north");
    struct identity ana = enrol(&d, &code);
    wire_open(&known, &d, NULL, &ana);
    tandem__envelope__free_unpacked(hello(&known), NULL);
    wire_open(&stranger, &d, &code, NULL);
    tandem__envelope__free_unpacked(hello(&stranger), NULL);
    wire_open(&silent, &d, &code, NULL);
    int half = connect_raw(&d);
    (void)kill(d.pid, SIGTERM);
    expect_error_and_end(&known, ERR_NET, "going down");
    expect_error_and_end(&stranger, ERR_NET, "going down");
    cr_assert_geq(ms_until_end(half), 0);
    wire_close(&known);
    wire_close(&stranger);
    wire_close(&silent);
    close(half);
    cr_assert_eq(program_wait(d.pid), 0);
    d.pid = 0;
    identity_free(&ana);
    daemon_remove(&d);
}

/* A handshake with a server that may have no file left for it. */
static bool can_connect(const struct daemon *d, const struct pki_code *code)
{
    struct wire w = {.fd = connect_raw(d)};
    struct buf line = BUF_INIT;
    frame_decoder_init(&w.decoder, FRAME_MAX_BYTES);
    cr_assert_eq(
        tls_context_client(NULL, NULL, NULL, code->authority_hash16, code->host, &w.context, NULL),
        ERR_OK);
    w.tls = tls_stream_new(w.context);
    cr_assert_eq(tls_stream_start(w.tls, &line, NULL), ERR_OK);
    wire_write(&w, &line);
    while (!tls_stream_ready(w.tls) && !w.ended)
        wire_read(&w);
    bool ready = tls_stream_ready(w.tls);
    wire_close(&w);
    return ready;
}

/* May a client that looks for `host` believe this server? */
static bool believes(const struct daemon *d, struct identity *id, const char *host)
{
    struct wire w = {.fd = connect_raw(d)};
    struct buf line = BUF_INIT;
    frame_decoder_init(&w.decoder, FRAME_MAX_BYTES);
    cr_assert_eq(tls_context_client(buf_cstr(&id->cert), buf_cstr(&id->key),
                                    buf_cstr(&id->authority), NULL, host, &w.context, NULL),
                 ERR_OK);
    w.tls = tls_stream_new(w.context);
    cr_assert_eq(tls_stream_start(w.tls, &line, NULL), ERR_OK);
    wire_write(&w, &line);
    while (!tls_stream_ready(w.tls) && !w.ended)
        wire_read(&w);
    bool ready = tls_stream_ready(w.tls);
    wire_close(&w);
    return ready;
}

Test(line, the_servers_certificate_is_for_the_hosts_in_the_settings_and_this_computer)
{
    static const char *const good[] = {"127.0.0.1", "::1", "localhost", "qa.example", "10.0.0.7"};
    static const char *const bad[] = {"example", "qa.example.org", "x.qa.example", "10.0.0.8"};
    struct daemon d;
    daemon_init(&d);
    add_setting(&d, "hosts: [127.0.0.1, qa.example, 10.0.0.7]\n");
    daemon_start(&d);
    struct pki_code code = code_for(&d, "Ana Flint", "FRO:north");
    struct identity ana = enrol(&d, &code);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_assert(believes(&d, &ana, good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_not(believes(&d, &ana, bad[i]), "%s", bad[i]);
    cr_assert_eq(daemon_stop(&d), 0);
    identity_free(&ana);
    daemon_remove(&d);
}

Test(line, who_says_nothing_is_asked_and_then_ended)
{
    struct daemon d;
    struct wire w;
    daemon_init(&d);
    add_setting(&d, "hello_timeout_ms: 100\nping_after_ms: 150\nsilence_ms: 600\n");
    daemon_start(&d);
    struct pki_code code = code_for(&d, "Ana Flint", "FRO:north");
    struct identity ana = enrol(&d, &code);
    wire_open(&w, &d, NULL, &ana);
    int64_t began_ms = clock_mono_ms();
    tandem__envelope__free_unpacked(hello(&w), NULL);
    Tandem__Envelope *m = wire_take(&w);
    cr_assert(m && m->body_case == TANDEM__ENVELOPE__BODY_PING);
    cr_assert_geq(clock_mono_ms() - began_ms, 140);
    tandem__envelope__free_unpacked(m, NULL);
    while ((m = wire_take(&w))) {
        cr_assert(m->body_case == TANDEM__ENVELOPE__BODY_PING ||
                  m->body_case == TANDEM__ENVELOPE__BODY_ERROR);
        tandem__envelope__free_unpacked(m, NULL);
    }
    cr_assert_geq(clock_mono_ms() - began_ms, 590);
    wire_close(&w);
    cr_assert_eq(daemon_stop(&d), 0);
    identity_free(&ana);
    daemon_remove(&d);
}

/* ---- too many ---- */

Test(line, running_out_of_files_is_survived)
{
    enum { MANY = 100 };
    struct daemon d;
    int fds[MANY];
    struct rlimit few = {.rlim_cur = 60, .rlim_max = 60};
    daemon_init(&d);
    daemon_start(&d);
    struct pki_code code = code_for(&d, "Ana Flint", "FRO:north");
    cr_assert_eq(prlimit(d.pid, RLIMIT_NOFILE, &few, NULL), 0);
    for (int i = 0; i < MANY; i++)
        fds[i] = connect_raw(&d);
    cr_assert_lt(ms_until_end(fds[MANY - 1]), DAEMON_DEADLINE_MS, "the last one is let go");
    for (int i = 0; i < MANY; i++)
        close(fds[i]);
    struct identity ana = {0};
    for (int tries = 0; !ana.cert.len; tries++) { /* the server may still be closing its ends */
        cr_assert_lt(tries, 1000, "it never serves again");
        if (can_connect(&d, &code))
            ana = enrol(&d, &code);
    }
    identity_free(&ana);
    struct run r = RUN("tandemd", "health", "--data", d.dir);
    cr_assert_eq(r.exit_code, 0);
    run_free(&r);
    cr_assert_eq(daemon_stop(&d), 0);
    daemon_remove(&d);
}

Test(line, a_storm_of_strangers_does_not_keep_people_out)
{
    enum { MANY = 600 }; /* more than may wait unauthenticated */
    struct daemon d;
    int *fds = calloc(MANY, sizeof *fds);
    struct wire w;
    struct rlimit enough = {.rlim_cur = 2000, .rlim_max = 2000};
    (void)setrlimit(RLIMIT_NOFILE, &enough); /* the assertion in connect_raw would say */
    daemon_init(&d);
    daemon_start(&d);
    struct pki_code code = code_for(&d, "Ana Flint", "FRO:north");
    struct identity ana = enrol(&d, &code);
    struct wire before;
    wire_open(&before, &d, NULL, &ana);
    tandem__envelope__free_unpacked(hello(&before), NULL);
    for (int i = 0; i < MANY; i++)
        fds[i] = connect_raw(&d);
    wire_open(&w, &d, NULL, &ana);
    Tandem__Envelope *m = hello(&w);
    cr_assert(m && m->body_case == TANDEM__ENVELOPE__BODY_WELCOME && m->welcome->you);
    tandem__envelope__free_unpacked(m, NULL);
    cr_assert_lt(ms_until_end(fds[0]), 9000, "the oldest made room");
    Tandem__Envelope ping = TANDEM__ENVELOPE__INIT;
    Tandem__Ping body = TANDEM__PING__INIT;
    ping.id = 7;
    ping.body_case = TANDEM__ENVELOPE__BODY_PING;
    ping.ping = &body;
    wire_send(&before, &ping);
    m = wire_take(&before);
    cr_assert(m && m->body_case == TANDEM__ENVELOPE__BODY_PONG && m->id == 7);
    tandem__envelope__free_unpacked(m, NULL);
    for (int i = 0; i < MANY; i++)
        close(fds[i]);
    wire_close(&w);
    wire_close(&before);
    identity_free(&ana);
    cr_assert_eq(daemon_stop(&d), 0);
    daemon_remove(&d);
    free(fds);
}
