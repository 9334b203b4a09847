#include "common/tls_stream.h"

#include <criterion/criterion.h>
#include <malloc.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <string.h>

#include "common/clock.h"
#include "common/pki.h"

static const int64_t day = INT64_C(24) * 3600 * 1000;

static struct pki_pair make_authority(void)
{
    struct pki_pair p;
    cr_assert_eq(pki_make_authority("Northshire", 10, clock_utc_ms() - 100 * day, &p), ERR_OK);
    return p;
}

static const char *cert_of(const struct pki_pair *p)
{
    return (const char *)p->cert_pem.data;
}

static const char *key_of(const struct pki_pair *p)
{
    return (const char *)p->key_pem.data;
}

static struct pki_pair make_server_cert(const struct pki_pair *ca, int64_t ends_utc_ms)
{
    static const char *const hosts[] = {"qa.example", "127.0.0.1", "::1"};
    struct pki_pair p;
    cr_assert_eq(pki_make_server(ca, hosts, 3, clock_utc_ms() - 50 * day, ends_utc_ms, &p), ERR_OK);
    return p;
}

static struct pki_pair make_person(const struct pki_pair *ca, int64_t begins_utc_ms,
                                   int64_t ends_utc_ms, uint8_t serial[20])
{
    struct pki_pair p = {0};
    struct buf csr = BUF_INIT, der = BUF_INIT;
    cr_assert_eq(pki_make_request(&p.key_pem, &csr), ERR_OK);
    cr_assert_eq(
        pki_sign_request(ca, csr.data, csr.len, 7, begins_utc_ms, ends_utc_ms, &der, serial, NULL),
        ERR_OK);
    cr_assert_eq(pki_der_to_pem(der.data, der.len, &p.cert_pem), ERR_OK);
    buf_free(&csr);
    buf_free(&der);
    return p;
}

/* Two streams and the line between them. */
struct line {
    struct tls_context *server_context, *client_context;
    struct tls_stream *server, *client;
    struct buf to_server, to_client; /* on the line */
    struct buf at_server, at_client; /* plain */
    enum err server_err, client_err;
    struct err_info server_why, client_why;
};

static void pump(struct line *l)
{
    for (int turn = 0; turn < 20 && (l->to_server.len || l->to_client.len); turn++) {
        if (l->to_server.len && !l->server_err)
            l->server_err = tls_stream_receive(l->server, l->to_server.data, l->to_server.len,
                                               &l->at_server, &l->to_client, &l->server_why);
        buf_clear(&l->to_server);
        if (l->to_client.len && !l->client_err)
            l->client_err = tls_stream_receive(l->client, l->to_client.data, l->to_client.len,
                                               &l->at_client, &l->to_server, &l->client_why);
        buf_clear(&l->to_client);
    }
}

static void begin(struct line *l)
{
    l->server = tls_stream_new(l->server_context);
    l->client = tls_stream_new(l->client_context);
    cr_assert(l->server && l->client);
    cr_assert_eq(tls_stream_start(l->client, &l->to_server, NULL), ERR_OK);
    pump(l);
}

static void end(struct line *l)
{
    tls_stream_free(l->server);
    tls_stream_free(l->client);
    tls_context_free(l->server_context);
    tls_context_free(l->client_context);
    buf_free(&l->to_server);
    buf_free(&l->to_client);
    buf_free(&l->at_server);
    buf_free(&l->at_client);
}

struct site {
    struct pki_pair ca, server, person;
    uint8_t serial[20];
};

static struct site make_site(void)
{
    struct site s;
    s.ca = make_authority();
    s.server = make_server_cert(&s.ca, clock_utc_ms() + 100 * day);
    s.person = make_person(&s.ca, clock_utc_ms(), clock_utc_ms() + 90 * day, s.serial);
    return s;
}

static void free_site(struct site *s)
{
    pki_pair_free(&s->ca);
    pki_pair_free(&s->server);
    pki_pair_free(&s->person);
}

static void contexts(struct line *l, const struct site *s, const struct pki_pair *person,
                     const char *host)
{
    *l = (struct line){0};
    cr_assert_eq(tls_context_server(cert_of(&s->server), key_of(&s->server), cert_of(&s->ca),
                                    &l->server_context, NULL),
                 ERR_OK);
    cr_assert_eq(tls_context_client(cert_of(person), key_of(person), cert_of(&s->ca), NULL, host,
                                    &l->client_context, NULL),
                 ERR_OK);
}

Test(tls_stream, people_and_server_of_one_site_meet)
{
    static const char *const hosts[] = {"qa.example", "127.0.0.1", "::1"};
    struct site s = make_site();
    for (int i = 0; i < 3; i++) {
        struct line l;
        contexts(&l, &s, &s.person, hosts[i]);
        begin(&l);
        cr_assert(tls_stream_ready(l.server) && tls_stream_ready(l.client), "%s", hosts[i]);
        const struct tls_peer *p = tls_stream_peer(l.server);
        cr_assert_eq(p->cert, TLS_PEER_OK);
        cr_assert_eq(memcmp(p->serial, s.serial, 20), 0);
        cr_assert_gt(p->not_after_utc_ms, clock_utc_ms() + 89 * day);
        uint8_t hash[HASH_LEN];
        cr_assert_eq(pki_fingerprint(cert_of(&s.ca), hash), ERR_OK);
        cr_assert_eq(memcmp(tls_stream_peer(l.client)->authority_hash, hash, HASH_LEN), 0);
        end(&l);
    }
    free_site(&s);
}

Test(tls_stream, bytes_arrive_both_ways_and_large_ones_too)
{
    struct site s = make_site();
    struct line l;
    contexts(&l, &s, &s.person, "qa.example");
    begin(&l);
    static uint8_t big[100 * 1000];
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * 7);
    cr_assert_eq(tls_stream_send(l.client, big, sizeof big, &l.to_server), ERR_OK);
    cr_assert_lt(l.to_server.len, sizeof big + 7 * 30, "seven records are enough");
    cr_assert_eq(tls_stream_send(l.server, "hello", 5, &l.to_client), ERR_OK);
    pump(&l);
    cr_assert_eq(l.at_server.len, sizeof big);
    cr_assert_eq(memcmp(l.at_server.data, big, sizeof big), 0);
    cr_assert_eq(l.at_client.len, 5u);
    end(&l);
    free_site(&s);
}

Test(tls_stream, works_when_the_line_gives_one_byte_at_a_time)
{
    struct site s = make_site();
    struct line l;
    contexts(&l, &s, &s.person, "qa.example");
    l.server = tls_stream_new(l.server_context);
    l.client = tls_stream_new(l.client_context);
    cr_assert_eq(tls_stream_start(l.client, &l.to_server, NULL), ERR_OK);
    for (int turn = 0; turn < 4; turn++) {
        for (size_t i = 0; i < l.to_server.len; i++)
            cr_assert_eq(tls_stream_receive(l.server, l.to_server.data + i, 1, &l.at_server,
                                            &l.to_client, NULL),
                         ERR_OK);
        buf_clear(&l.to_server);
        for (size_t i = 0; i < l.to_client.len; i++)
            cr_assert_eq(tls_stream_receive(l.client, l.to_client.data + i, 1, &l.at_client,
                                            &l.to_server, NULL),
                         ERR_OK);
        buf_clear(&l.to_client);
    }
    cr_assert(tls_stream_ready(l.server) && tls_stream_ready(l.client));
    end(&l);
    free_site(&s);
}

/* Who the server believes to see for a certificate of `person` (NULL: none is shown). */
static enum tls_peer_cert seen_as(const struct site *s, const struct pki_pair *person)
{
    struct line l = {0};
    uint8_t hash[HASH_LEN];
    if (person) {
        contexts(&l, s, person, "qa.example");
    } else {
        cr_assert_eq(tls_context_server(cert_of(&s->server), key_of(&s->server), cert_of(&s->ca),
                                        &l.server_context, NULL),
                     ERR_OK);
        cr_assert_eq(pki_fingerprint(cert_of(&s->ca), hash), ERR_OK);
        cr_assert_eq(
            tls_context_client(NULL, NULL, NULL, hash, "qa.example", &l.client_context, NULL),
            ERR_OK);
    }
    begin(&l);
    cr_assert(tls_stream_ready(l.server), "%s", l.server_why.text);
    cr_assert(tls_stream_ready(l.client), "%s", l.client_why.text);
    enum tls_peer_cert cert = tls_stream_peer(l.server)->cert;
    end(&l);
    return cert;
}

Test(tls_stream, no_certificate_is_told_apart_and_enrolment_knows_the_server_by_its_authority)
{
    struct site s = make_site();
    cr_assert_eq(seen_as(&s, NULL), TLS_PEER_NONE);
    free_site(&s);
}

Test(tls_stream, expired_certificate_is_told_apart)
{
    struct site s = make_site();
    uint8_t serial[20];
    struct pki_pair old =
        make_person(&s.ca, clock_utc_ms() - 91 * day, clock_utc_ms() - day, serial);
    struct pki_pair early =
        make_person(&s.ca, clock_utc_ms() + 2 * day, clock_utc_ms() + 9 * day, serial);
    cr_assert_eq(seen_as(&s, &old), TLS_PEER_EXPIRED);
    cr_assert_eq(seen_as(&s, &early), TLS_PEER_EXPIRED);
    pki_pair_free(&old);
    pki_pair_free(&early);
    free_site(&s);
}

Test(tls_stream, strangers_are_told_apart)
{
    struct site s = make_site();
    struct site other = make_site(); /* same names everywhere, another key */
    struct pki_pair self_made = make_authority();
    uint8_t serial[20];
    struct pki_pair old_stranger =
        make_person(&other.ca, clock_utc_ms() - 91 * day, clock_utc_ms() - day, serial);
    cr_assert_eq(seen_as(&s, &other.person), TLS_PEER_UNKNOWN);
    cr_assert_eq(seen_as(&s, &self_made), TLS_PEER_UNKNOWN);
    cr_assert_eq(seen_as(&s, &old_stranger), TLS_PEER_UNKNOWN, "not merely expired");
    cr_assert_eq(seen_as(&s, &s.server), TLS_PEER_UNKNOWN, "a server's is not a person's");
    pki_pair_free(&self_made);
    pki_pair_free(&old_stranger);
    free_site(&other);
    free_site(&s);
}

/* The client must not go on, and must say why. */
static void expect_client_refuses(struct line *l, const char *word)
{
    begin(l);
    cr_assert_eq(l->client_err, ERR_TLS);
    cr_assert_not(tls_stream_ready(l->client));
    cr_assert_not(tls_stream_ready(l->server));
    cr_assert_not_null(strstr(l->client_why.text, word), "%s", l->client_why.text);
    cr_assert_eq(l->server_err, ERR_TLS, "the server got the alert");
    end(l);
}

Test(tls_stream, client_refuses_a_server_of_another_name)
{
    static const char *const wrong[] = {"qa.example.org", "127.0.0.2", "example", "::2"};
    struct site s = make_site();
    for (int i = 0; i < 4; i++) {
        struct line l;
        contexts(&l, &s, &s.person, wrong[i]);
        expect_client_refuses(&l, wrong[i]);
    }
    free_site(&s);
}

Test(tls_stream, client_refuses_a_server_of_another_authority)
{
    struct site s = make_site(), other = make_site();
    struct line l;
    contexts(&l, &s, &s.person, "qa.example");
    tls_context_free(l.client_context);
    cr_assert_eq(tls_context_client(cert_of(&s.person), key_of(&s.person), cert_of(&other.ca), NULL,
                                    "qa.example", &l.client_context, NULL),
                 ERR_OK);
    expect_client_refuses(&l, "not the one you enrolled with");
    free_site(&other);
    free_site(&s);
}

Test(tls_stream, client_refuses_an_expired_server)
{
    struct site s = make_site();
    struct line l;
    pki_pair_free(&s.server);
    s.server = make_server_cert(&s.ca, clock_utc_ms() - day);
    contexts(&l, &s, &s.person, "qa.example");
    expect_client_refuses(&l, "out of its time");
    free_site(&s);
}

static void enrolment(struct line *l, const struct site *s, const uint8_t hash16[16],
                      const char *host)
{
    *l = (struct line){0};
    cr_assert_eq(tls_context_server(cert_of(&s->server), key_of(&s->server), cert_of(&s->ca),
                                    &l->server_context, NULL),
                 ERR_OK);
    cr_assert_eq(tls_context_client(NULL, NULL, NULL, hash16, host, &l->client_context, NULL),
                 ERR_OK);
}

Test(tls_stream, enrolment_refuses_wrong_fingerprint_and_wrong_name)
{
    struct site s = make_site();
    uint8_t hash[HASH_LEN], server_hash[HASH_LEN];
    cr_assert_eq(pki_fingerprint(cert_of(&s.ca), hash), ERR_OK);
    cr_assert_eq(pki_fingerprint(cert_of(&s.server), server_hash), ERR_OK);
    struct line l;
    for (int i = 0; i < 16; i++) {
        hash[i] ^= 0x10;
        enrolment(&l, &s, hash, "qa.example");
        expect_client_refuses(&l, "fingerprint differs");
        hash[i] ^= 0x10;
    }
    enrolment(&l, &s, hash, "other.example");
    expect_client_refuses(&l, "other.example");
    enrolment(&l, &s, server_hash, "qa.example");
    expect_client_refuses(&l, "fingerprint differs"); /* the server itself is no authority */
    free_site(&s);
}

/* A stranger who shows the right authority's certificate behind a leaf of his own. */
Test(tls_stream, enrolment_refuses_a_chain_that_only_carries_the_right_authority_along)
{
    struct site s = make_site(), other = make_site();
    uint8_t hash[HASH_LEN];
    cr_assert_eq(pki_fingerprint(cert_of(&s.ca), hash), ERR_OK);
    struct line l = {0};
    cr_assert_eq(tls_context_server(cert_of(&other.server), key_of(&other.server), cert_of(&s.ca),
                                    &l.server_context, NULL),
                 ERR_OK);
    cr_assert_eq(tls_context_client(NULL, NULL, NULL, hash, "qa.example", &l.client_context, NULL),
                 ERR_OK);
    expect_client_refuses(&l, "fingerprint differs");
    free_site(&other);
    free_site(&s);
}

/* ---- other people's clients: OpenSSL used directly ---- */

struct plain_client {
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in, *out;
};

static struct plain_client plain_new(int min, int max, const char *alpn)
{
    struct plain_client c = {.ctx = SSL_CTX_new(TLS_client_method())};
    cr_assert(SSL_CTX_set_min_proto_version(c.ctx, min) &&
              SSL_CTX_set_max_proto_version(c.ctx, max));
    if (alpn)
        cr_assert_eq(SSL_CTX_set_alpn_protos(c.ctx, (const uint8_t *)alpn, (unsigned)strlen(alpn)),
                     0);
    c.ssl = SSL_new(c.ctx);
    c.in = BIO_new(BIO_s_mem());
    c.out = BIO_new(BIO_s_mem());
    SSL_set_bio(c.ssl, c.in, c.out);
    SSL_set_connect_state(c.ssl);
    return c;
}

static void plain_free(struct plain_client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
}

static enum err plain_pump(struct plain_client *c, struct tls_stream *server, struct err_info *why)
{
    struct buf plain = BUF_INIT, back = BUF_INIT;
    enum err e = ERR_OK;
    for (int turn = 0; turn < 6 && !e; turn++) {
        char bytes[8192];
        (void)SSL_do_handshake(c->ssl);
        (void)SSL_read(c->ssl, bytes, sizeof bytes);
        int n = BIO_read(c->out, bytes, sizeof bytes);
        if (n > 0)
            e = tls_stream_receive(server, bytes, (size_t)n, &plain, &back, why);
        (void)BIO_write(c->in, back.data, (int)back.len);
        buf_clear(&back);
    }
    char bytes[100];
    (void)SSL_read(c->ssl, bytes, sizeof bytes);
    buf_free(&plain);
    buf_free(&back);
    return e;
}

static struct tls_context *server_context(const struct site *s)
{
    struct tls_context *c;
    cr_assert_eq(
        tls_context_server(cert_of(&s->server), key_of(&s->server), cert_of(&s->ca), &c, NULL),
        ERR_OK);
    return c;
}

Test(tls_stream, tls_1_2_is_refused)
{
    struct site s = make_site();
    struct tls_context *context = server_context(&s);
    struct tls_stream *server = tls_stream_new(context);
    struct plain_client c = plain_new(TLS1_2_VERSION, TLS1_2_VERSION, "\x08tandem/1");
    struct err_info why;
    cr_assert_eq(plain_pump(&c, server, &why), ERR_TLS);
    cr_assert_not_null(strstr(why.text, "TLS 1.3"), "%s", why.text);
    cr_assert_not(SSL_is_init_finished(c.ssl));
    plain_free(&c);
    tls_stream_free(server);
    tls_context_free(context);
    free_site(&s);
}

Test(tls_stream, missing_or_other_protocol_name_is_refused)
{
    static const char *const names[] = {NULL, "\x08tandem/2", "\x02h2\x08http/1.1"};
    struct site s = make_site();
    struct tls_context *context = server_context(&s);
    for (int i = 0; i < 3; i++) {
        struct tls_stream *server = tls_stream_new(context);
        struct plain_client c = plain_new(TLS1_3_VERSION, TLS1_3_VERSION, names[i]);
        struct err_info why;
        cr_assert_eq(plain_pump(&c, server, &why), ERR_TLS);
        cr_assert_not_null(strstr(why.text, "tandem/1"), "%s", why.text);
        cr_assert_not(tls_stream_ready(server));
        plain_free(&c);
        tls_stream_free(server);
    }
    tls_context_free(context);
    free_site(&s);
}

static int sessions_offered;
static int count_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl, (void)session;
    sessions_offered++;
    return 0;
}

Test(tls_stream, server_gives_no_ticket_to_resume_with)
{
    struct site s = make_site();
    struct tls_context *context = server_context(&s);
    struct tls_stream *server = tls_stream_new(context);
    struct plain_client c = plain_new(TLS1_3_VERSION, TLS1_3_VERSION, "\x08tandem/1");
    SSL_CTX_set_session_cache_mode(c.ctx, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(c.ctx, count_session);
    cr_assert_eq(plain_pump(&c, server, NULL), ERR_OK);
    cr_assert(tls_stream_ready(server) && SSL_is_init_finished(c.ssl));
    cr_assert_eq(sessions_offered, 0);
    cr_assert_not(SSL_SESSION_is_resumable(SSL_get0_session(c.ssl)));
    plain_free(&c);
    tls_stream_free(server);
    tls_context_free(context);
    free_site(&s);
}

/* A certificate of nobody's, with a key that no authority of ours gives. */
static X509 *rsa_cert(EVP_PKEY *key)
{
    X509 *cert = X509_new();
    cr_assert(cert && ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) &&
              X509_gmtime_adj(X509_getm_notBefore(cert), -3600) &&
              X509_gmtime_adj(X509_getm_notAfter(cert), 3600) && X509_set_pubkey(cert, key) &&
              X509_sign(cert, key, EVP_sha256()));
    return cert;
}

/* `with` a person's own certificate the RSA one is shown beside it, else alone. */
static enum tls_peer_cert rsa_seen_as(const struct site *s, bool with)
{
    struct tls_context *context = server_context(s);
    struct tls_stream *server = tls_stream_new(context);
    struct plain_client c = plain_new(TLS1_3_VERSION, TLS1_3_VERSION, "\x08tandem/1");
    EVP_PKEY *rsa = EVP_RSA_gen(2048);
    X509 *rsa_shown = rsa_cert(rsa);
    if (with) {
        BIO *cert = BIO_new_mem_buf(cert_of(&s->person), -1);
        BIO *key = BIO_new_mem_buf(key_of(&s->person), -1);
        X509 *own = PEM_read_bio_X509(cert, NULL, NULL, NULL);
        EVP_PKEY *own_key = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
        cr_assert(SSL_use_certificate(c.ssl, own) && SSL_use_PrivateKey(c.ssl, own_key) &&
                  SSL_add1_chain_cert(c.ssl, rsa_shown));
        EVP_PKEY_free(own_key);
        X509_free(own);
        BIO_free(key);
        BIO_free(cert);
    } else {
        cr_assert(SSL_use_certificate(c.ssl, rsa_shown) && SSL_use_PrivateKey(c.ssl, rsa));
    }
    cr_assert_eq(plain_pump(&c, server, NULL), ERR_OK);
    cr_assert(tls_stream_ready(server));
    enum tls_peer_cert seen = tls_stream_peer(server)->cert;
    X509_free(rsa_shown);
    EVP_PKEY_free(rsa);
    plain_free(&c);
    tls_stream_free(server);
    tls_context_free(context);
    return seen;
}

/* Verifying with the largest keys that OpenSSL takes costs a hundred handshakes. */
Test(tls_stream, keys_of_another_kind_are_not_worked_on)
{
    struct site s = make_site();
    cr_assert_eq(rsa_seen_as(&s, false), TLS_PEER_NONE, "the server does not ask for such");
    cr_assert_eq(rsa_seen_as(&s, true), TLS_PEER_UNKNOWN, "a chain with one is not verified");
    free_site(&s);
}

/* ---- what is not TLS ---- */

Test(tls_stream, other_bytes_end_with_a_sentence)
{
    static const char http[] = "GET / HTTP/1.1\r\nHost: qa.example\r\n\r\n";
    static const char ssh[] = "SSH-2.0-OpenSSH_9.2\r\n";
    struct site s = make_site();
    struct tls_context *context = server_context(&s);
    const char *bytes[] = {http, ssh};
    for (int i = 0; i < 2; i++) {
        struct tls_stream *server = tls_stream_new(context);
        struct buf plain = BUF_INIT, back = BUF_INIT;
        struct err_info why;
        cr_assert_eq(tls_stream_receive(server, bytes[i], strlen(bytes[i]), &plain, &back, &why),
                     ERR_TLS);
        cr_assert_not_null(strstr(why.text, "does not speak TLS"), "%s", why.text);
        cr_assert_eq(plain.len, 0u);
        buf_free(&plain);
        buf_free(&back);
        tls_stream_free(server);
    }
    tls_context_free(context);
    free_site(&s);
}

Test(tls_stream, changed_bytes_on_the_line_end_the_stream)
{
    struct site s = make_site();
    struct line l;
    contexts(&l, &s, &s.person, "qa.example");
    begin(&l);
    cr_assert_eq(tls_stream_send(l.client, "salary", 6, &l.to_server), ERR_OK);
    l.to_server.data[l.to_server.len - 1] ^= 1;
    pump(&l);
    cr_assert_eq(l.server_err, ERR_TLS);
    cr_assert_eq(l.at_server.len, 0u);
    end(&l);
    free_site(&s);
}

Test(tls_stream, a_proper_goodbye_is_not_an_error_of_tls)
{
    struct site s = make_site();
    struct line l;
    contexts(&l, &s, &s.person, "qa.example");
    begin(&l);
    cr_assert_eq(tls_stream_send(l.client, "bye", 3, &l.to_server), ERR_OK);
    tls_stream_close(l.client, &l.to_server);
    pump(&l);
    cr_assert_eq(l.server_err, ERR_NET);
    cr_assert_eq(l.at_server.len, 3u, "what came before it has arrived");
    end(&l);
    free_site(&s);
}

Test(tls_stream, unusable_material_is_refused_with_a_sentence)
{
    struct site s = make_site();
    struct tls_context *c;
    struct err_info why;
    cr_assert_eq(tls_context_server("rubbish", key_of(&s.server), cert_of(&s.ca), &c, &why),
                 ERR_INPUT);
    cr_assert_eq(tls_context_server(cert_of(&s.server), "rubbish", cert_of(&s.ca), &c, &why),
                 ERR_INPUT);
    cr_assert_eq(tls_context_server(cert_of(&s.server), key_of(&s.ca), cert_of(&s.ca), &c, &why),
                 ERR_INPUT);
    cr_assert_not_null(strstr(why.text, "does not belong"), "%s", why.text);
    cr_assert_eq(tls_context_server(cert_of(&s.server), key_of(&s.server), "", &c, &why),
                 ERR_INPUT);
    cr_assert_null(c);
    free_site(&s);
}

Test(tls_stream, context_may_go_before_its_streams)
{
    struct site s = make_site();
    struct line l;
    contexts(&l, &s, &s.person, "qa.example");
    begin(&l);
    tls_context_free(l.server_context);
    l.server_context = NULL;
    cr_assert_eq(tls_stream_send(l.server, "x", 1, &l.to_client), ERR_OK);
    pump(&l);
    cr_assert_eq(l.at_client.len, 1u);
    end(&l);
    free_site(&s);
}

/* The aim is 25 KB for a whole idle connection; TLS must leave room for the rest of it. */
Test(tls_stream, an_idle_stream_is_small)
{
    enum { STREAMS = 50 };
    struct site s = make_site();
    struct line l[STREAMS];
    struct tls_context *context = server_context(&s);
    struct line first;
    contexts(&first, &s, &s.person, "qa.example");
    begin(&first); /* what is loaded once */
    size_t used = 0;
    for (int i = 0; i < STREAMS; i++) {
        l[i] = (struct line){.server_context = context, .client_context = first.client_context};
        begin(&l[i]);
        cr_assert_eq(tls_stream_send(l[i].client, "hello", 5, &l[i].to_server), ERR_OK);
        pump(&l[i]);
        cr_assert_eq(tls_stream_send(l[i].server, "hello", 5, &l[i].to_client), ERR_OK);
        pump(&l[i]);
        buf_free(&l[i].to_server);
        buf_free(&l[i].to_client);
        buf_free(&l[i].at_server);
        buf_free(&l[i].at_client);
        tls_stream_free(l[i].client);
    }
    size_t with = mallinfo2().uordblks;
    for (int i = 0; i < STREAMS; i++)
        tls_stream_free(l[i].server);
    used = (with - mallinfo2().uordblks) / STREAMS;
    cr_assert_leq(used, 20u * 1024);
    tls_context_free(context);
    end(&first);
    free_site(&s);
}
