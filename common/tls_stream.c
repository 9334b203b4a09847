#include "common/tls_stream.h"

#include <assert.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No BIO of ours holds bytes: reading takes from what tls_stream_receive was given, writing goes
 * straight to the caller's buffer. With SSL_MODE_RELEASE_BUFFERS an idle stream keeps no buffer. */

enum { MAX_PEER_CHAIN_BYTES = 16 * 1024, MAX_CHAIN_DEPTH = 2 };

static const uint8_t alpn[] = "\x08tandem/1";
enum { ALPN_LEN = sizeof alpn - 1 };

struct tls_context {
    SSL_CTX *ctx;
    BIO_METHOD *bio;
    bool server;
    bool by_hash; /* enrolment: the authority is known by its fingerprint only */
    uint8_t authority_hash16[16];
    char host[256];
    bool host_is_address;
    unsigned users; /* the owner and every stream */
};

struct tls_stream {
    struct tls_context *context;
    SSL *ssl;
    const uint8_t *in; /* only inside tls_stream_receive */
    size_t in_len;
    struct buf *out; /* only inside calls */
    bool ready;
    int verify_error; /* the worst; X509_V_OK */
    struct tls_peer peer;
};

/* ---- the BIO ---- */

static int bio_read(BIO *bio, char *out, int len)
{
    struct tls_stream *s = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!s->in_len) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t n = (size_t)len < s->in_len ? (size_t)len : s->in_len;
    memcpy(out, s->in, n);
    s->in += n;
    s->in_len -= n;
    return (int)n;
}

static int bio_write(BIO *bio, const char *data, int len)
{
    struct tls_stream *s = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!s->out)
        return -1;
    buf_append(s->out, data, (size_t)len);
    return buf_failed(s->out) ? -1 : len;
}

static long bio_ctrl(BIO *bio, int cmd, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return cmd == BIO_CTRL_FLUSH;
}

static BIO_METHOD *new_bio_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "tandem");
    if (!m)
        return NULL;
    (void)BIO_meth_set_read(m, bio_read);
    (void)BIO_meth_set_write(m, bio_write);
    (void)BIO_meth_set_ctrl(m, bio_ctrl);
    return m;
}

/* ---- judging certificates ---- */

/* Server side: any certificate passes here; what is wrong with it is remembered, and a broken
 * signature or a stranger weighs more than a date. */
static int note_verify_error(int ok, X509_STORE_CTX *store_ctx)
{
    if (ok)
        return 1;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store_ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_stream *s = SSL_get_app_data(ssl);
    int error = X509_STORE_CTX_get_error(store_ctx);
    bool date = error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID;
    if (!date || s->verify_error == X509_V_OK)
        s->verify_error = error;
    return 1;
}

static bool is_p256(X509 *cert)
{
    char group[32];
    size_t len;
    EVP_PKEY *key = X509_get0_pubkey(cert);
    return key && EVP_PKEY_is_a(key, "EC") &&
           EVP_PKEY_get_group_name(key, group, sizeof group, &len) &&
           OBJ_sn2nid(group) == NID_X9_62_prime256v1;
}

/* Server side. Our authority gives keys of one kind only. A stranger's chain of the largest RSA
 * keys would cost us a hundred times what it costs them, and is no less a stranger's unverified. */
static int verify_client(X509_STORE_CTX *store_ctx, void *context)
{
    (void)context;
    STACK_OF(X509) *shown = X509_STORE_CTX_get0_untrusted(store_ctx);
    for (int i = 0; i < sk_X509_num(shown); i++)
        if (!is_p256(sk_X509_value(shown, i))) {
            X509_STORE_CTX_set_error(store_ctx, X509_V_ERR_CERT_UNTRUSTED);
            ERR_clear_error();
            return note_verify_error(0, store_ctx);
        }
    return X509_verify_cert(store_ctx);
}

/* Client side. By fingerprint: that certificate of the chain shown which has it is the authority.
 */
static int verify_server(X509_STORE_CTX *store_ctx, void *context)
{
    struct tls_context *c = context;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store_ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_stream *s = SSL_get_app_data(ssl);
    STACK_OF(X509) *trusted = NULL;
    if (c->by_hash) {
        STACK_OF(X509) *shown = X509_STORE_CTX_get0_untrusted(store_ctx);
        trusted = sk_X509_new_null();
        for (int i = 0; trusted && i < sk_X509_num(shown); i++) {
            X509 *cert = sk_X509_value(shown, i);
            uint8_t hash[HASH_LEN];
            unsigned len;
            if (X509_digest(cert, EVP_sha256(), hash, &len) &&
                !memcmp(hash, c->authority_hash16, sizeof c->authority_hash16))
                (void)sk_X509_push(trusted, cert); /* borrowed; not pushed = not trusted */
        }
        if (!trusted)
            return 0;
        X509_STORE_CTX_set0_trusted_stack(store_ctx, trusted);
    }
    int ok = X509_verify_cert(store_ctx) == 1;
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store_ctx);
    if (ok) {
        X509 *root = sk_X509_value(chain, sk_X509_num(chain) - 1);
        ok = X509_digest(root, EVP_sha256(), s->peer.authority_hash, NULL);
    } else {
        s->verify_error = X509_STORE_CTX_get_error(store_ctx);
    }
    sk_X509_free(trusted);
    return ok;
}

static void read_peer(struct tls_stream *s)
{
    X509 *cert = SSL_get0_peer_certificate(s->ssl);
    if (!cert) {
        s->peer.cert = TLS_PEER_NONE;
        return;
    }
    bool date = s->verify_error == X509_V_ERR_CERT_HAS_EXPIRED ||
                s->verify_error == X509_V_ERR_CERT_NOT_YET_VALID;
    s->peer.cert = s->verify_error == X509_V_OK ? TLS_PEER_OK
                   : date                       ? TLS_PEER_EXPIRED
                                                : TLS_PEER_UNKNOWN;
    BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    struct tm tm;
    if (n && BN_bn2binpad(n, s->peer.serial, sizeof s->peer.serial) == sizeof s->peer.serial &&
        ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm))
        s->peer.not_after_utc_ms = (int64_t)timegm(&tm) * 1000;
    else
        s->peer.cert = TLS_PEER_UNKNOWN; /* a number that our authority never gives */
    BN_free(n);
}

/* ---- contexts ---- */

static int no_passphrase(char *out, int size, int writing, void *user)
{
    (void)out, (void)size, (void)writing, (void)user;
    return -1;
}

static X509 *read_cert(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
    BIO_free(bio);
    return cert;
}

static enum err use_own(SSL_CTX *ctx, const char *cert_pem, const char *key_pem,
                        struct err_info *why)
{
    X509 *cert = read_cert(cert_pem);
    BIO *bio = BIO_new_mem_buf(key_pem, -1);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    enum err e = ERR_OK;
    if (!cert)
        e = err_set(why, ERR_INPUT, "The certificate cannot be read; it is not PEM or damaged.");
    else if (!key)
        e = err_set(why, ERR_INPUT, "The private key cannot be read; it is not PEM or damaged.");
    else if (SSL_CTX_use_certificate(ctx, cert) != 1 || SSL_CTX_use_PrivateKey(ctx, key) != 1)
        e = err_set(why, ERR_INPUT, "The private key does not belong to the certificate.");
    EVP_PKEY_free(key);
    BIO_free(bio);
    X509_free(cert);
    return e;
}

/* The only certificate that chains may end in. */
static enum err trust(SSL_CTX *ctx, const char *authority_pem, bool send_along,
                      struct err_info *why)
{
    X509 *ca = read_cert(authority_pem);
    bool ok = ca && X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca) &&
              (!send_along || SSL_CTX_add1_chain_cert(ctx, ca));
    X509_free(ca);
    return ok ? ERR_OK
              : err_set(why, ERR_INPUT,
                        "The authority's certificate cannot be read or is damaged.");
}

static int select_alpn(SSL *ssl, const uint8_t **out, uint8_t *out_len, const uint8_t *in,
                       unsigned in_len, void *user)
{
    (void)ssl, (void)user;
    uint8_t *chosen;
    if (SSL_select_next_proto(&chosen, out_len, alpn, ALPN_LEN, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* A client that names no protocol at all never gets to select_alpn. */
static int require_alpn(SSL *ssl, int *alert, void *user)
{
    (void)user;
    const uint8_t *ext;
    size_t len;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &ext,
                                  &len))
        return SSL_CLIENT_HELLO_SUCCESS;
    *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
    ERR_raise(ERR_LIB_SSL, SSL_R_NO_APPLICATION_PROTOCOL);
    return SSL_CLIENT_HELLO_ERROR;
}

static struct tls_context *new_context(bool server)
{
    struct tls_context *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->server = server;
    c->users = 1;
    c->bio = new_bio_method();
    c->ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    if (!c->bio || !c->ctx || !SSL_CTX_set_min_proto_version(c->ctx, TLS1_3_VERSION) ||
        !SSL_CTX_set_ciphersuites(c->ctx, "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:"
                                          "TLS_AES_256_GCM_SHA384") ||
        !SSL_CTX_set1_groups_list(c->ctx, "X25519:P-256") || !SSL_CTX_set_num_tickets(c->ctx, 0)) {
        tls_context_free(c);
        return NULL;
    }
    (void)SSL_CTX_set_options(c->ctx, SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                          SSL_OP_NO_COMPRESSION);
    (void)SSL_CTX_set_session_cache_mode(c->ctx, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_mode(c->ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_max_cert_list(c->ctx, MAX_PEER_CHAIN_BYTES);
    SSL_CTX_set_verify_depth(c->ctx, MAX_CHAIN_DEPTH);
    return c;
}

enum err tls_context_server(const char *cert_pem, const char *key_pem, const char *authority_pem,
                            struct tls_context **out, struct err_info *why)
{
    *out = NULL;
    struct tls_context *c = new_context(true);
    if (!c)
        return err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    enum err e = use_own(c->ctx, cert_pem, key_pem, why);
    if (!e)
        e = trust(c->ctx, authority_pem, true, why);
    if (!e && !SSL_CTX_set1_sigalgs_list(c->ctx, "ecdsa_secp256r1_sha256"))
        e = err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    ERR_clear_error();
    if (e) {
        tls_context_free(c);
        return e;
    }
    SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, note_verify_error);
    SSL_CTX_set_cert_verify_callback(c->ctx, verify_client, NULL);
    SSL_CTX_set_alpn_select_cb(c->ctx, select_alpn, NULL);
    SSL_CTX_set_client_hello_cb(c->ctx, require_alpn, NULL);
    *out = c;
    return ERR_OK;
}

static bool set_host(struct tls_context *c, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(c->ctx);
    (void)snprintf(c->host, sizeof c->host, "%s", host);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, host)) {
        c->host_is_address = true;
        return true;
    }
    ERR_clear_error();
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return *host && strlen(host) < sizeof c->host && X509_VERIFY_PARAM_set1_host(param, host, 0);
}

enum err tls_context_client(const char *cert_pem, const char *key_pem, const char *authority_pem,
                            const uint8_t authority_hash16[16], const char *host,
                            struct tls_context **out, struct err_info *why)
{
    *out = NULL;
    struct tls_context *c = new_context(false);
    if (!c)
        return err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    enum err e = ERR_OK;
    if (!cert_pem) {
        c->by_hash = true;
        memcpy(c->authority_hash16, authority_hash16, sizeof c->authority_hash16);
    } else {
        e = use_own(c->ctx, cert_pem, key_pem, why);
        if (!e)
            e = trust(c->ctx, authority_pem, false, why);
    }
    if (!e && !set_host(c, host))
        e = err_set(why, ERR_INPUT, "\"%s\" is not the name or address of a computer.", host);
    if (!e && SSL_CTX_set_alpn_protos(c->ctx, alpn, ALPN_LEN)) /* 0 means success here */
        e = err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    ERR_clear_error();
    if (e) {
        tls_context_free(c);
        return e;
    }
    SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(c->ctx, verify_server, c);
    *out = c;
    return ERR_OK;
}

void tls_context_free(struct tls_context *c)
{
    if (!c || --c->users)
        return;
    SSL_CTX_free(c->ctx);
    BIO_meth_free(c->bio);
    free(c);
}

/* ---- streams ---- */

struct tls_stream *tls_stream_new(struct tls_context *c)
{
    struct tls_stream *s = calloc(1, sizeof *s);
    BIO *bio = BIO_new(c->bio);
    if (s)
        s->ssl = SSL_new(c->ctx);
    if (!s || !s->ssl || !bio) {
        BIO_free(bio);
        if (s)
            SSL_free(s->ssl);
        free(s);
        ERR_clear_error();
        return NULL;
    }
    s->context = c;
    c->users++;
    BIO_set_data(bio, s);
    BIO_set_init(bio, 1);
    SSL_set_bio(s->ssl, bio, bio);
    (void)SSL_set_app_data(s->ssl, s);
    if (c->server) {
        SSL_set_accept_state(s->ssl);
    } else {
        SSL_set_connect_state(s->ssl);
        if (!c->host_is_address)
            (void)SSL_set_tlsext_host_name(s->ssl, c->host); /* a hint; the check is ours */
    }
    return s;
}

void tls_stream_free(struct tls_stream *s)
{
    if (!s)
        return;
    SSL_free(s->ssl);
    tls_context_free(s->context);
    free(s);
}

bool tls_stream_ready(const struct tls_stream *s)
{
    return s->ready;
}

const struct tls_peer *tls_stream_peer(const struct tls_stream *s)
{
    assert(s->ready);
    return &s->peer;
}

/* What went wrong, for a person. Clears OpenSSL's queue. */
static enum err explain(struct tls_stream *s, struct err_info *why)
{
    unsigned long code = ERR_peek_error();
    int reason = ERR_GET_REASON(code);
    const char *text = ERR_reason_error_string(code);
    enum err e;
    if (s->out && buf_failed(s->out)) {
        e = err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    } else if (!s->context->server && s->verify_error == X509_V_ERR_HOSTNAME_MISMATCH) {
        e = err_set(why, ERR_TLS,
                    "The server's certificate is not for \"%s\". Use the name that the "
                    "administrator gave with --host.",
                    s->context->host);
    } else if (!s->context->server && s->verify_error == X509_V_ERR_IP_ADDRESS_MISMATCH) {
        e = err_set(why, ERR_TLS,
                    "The server's certificate is not for the address %s. Use the name that the "
                    "administrator gave with --host.",
                    s->context->host);
    } else if (!s->context->server && (s->verify_error == X509_V_ERR_CERT_HAS_EXPIRED ||
                                       s->verify_error == X509_V_ERR_CERT_NOT_YET_VALID)) {
        e = err_set(why, ERR_TLS,
                    "The server's certificate is out of its time. Check this computer's clock, "
                    "then tell the administrator: restarting tandemd renews it.");
    } else if (!s->context->server && s->verify_error != X509_V_OK) {
        e = err_set(why, ERR_TLS,
                    s->context->by_hash
                        ? "The server is not the one that made the enrolment code: its "
                          "authority's fingerprint differs."
                        : "The server is not the one you enrolled with: its certificate is not "
                          "from your site's authority.");
    } else if (reason == SSL_R_HTTP_REQUEST || reason == SSL_R_HTTPS_PROXY_REQUEST ||
               reason == SSL_R_WRONG_VERSION_NUMBER) {
        e = err_set(why, ERR_TLS, "The other side does not speak TLS.");
    } else if (reason == SSL_R_UNSUPPORTED_PROTOCOL ||
               reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION) {
        e = err_set(why, ERR_TLS, "The other side does not speak TLS 1.3.");
    } else if (reason == SSL_R_NO_APPLICATION_PROTOCOL ||
               reason == SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL) {
        e = err_set(why, ERR_TLS, "The other side does not speak Tandem's protocol (tandem/1).");
    } else {
        e = err_set(why, ERR_TLS, "The secure connection failed: %s.", text ? text : "no reason");
    }
    ERR_clear_error();
    return e;
}

static enum err handshake(struct tls_stream *s, struct err_info *why)
{
    int r = SSL_do_handshake(s->ssl);
    if (r != 1) {
        int ssl_error = SSL_get_error(s->ssl, r);
        return ssl_error == SSL_ERROR_WANT_READ ? ERR_OK : explain(s, why);
    }
    const uint8_t *protocol;
    unsigned len;
    SSL_get0_alpn_selected(s->ssl, &protocol, &len);
    if (len != ALPN_LEN - 1)
        return err_set(why, ERR_TLS, "The other side does not speak Tandem's protocol (tandem/1).");
    read_peer(s);
    s->ready = true;
    return ERR_OK;
}

enum err tls_stream_start(struct tls_stream *s, struct buf *to_line, struct err_info *why)
{
    ERR_clear_error();
    s->out = to_line;
    enum err e = handshake(s, why);
    s->out = NULL;
    return e;
}

static enum err read_plain(struct tls_stream *s, struct buf *plain, struct err_info *why)
{
    for (;;) {
        if (!buf_reserve(plain, SSL3_RT_MAX_PLAIN_LENGTH))
            return err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
        int n = SSL_read(s->ssl, plain->data + plain->len, SSL3_RT_MAX_PLAIN_LENGTH);
        if (n > 0) {
            plain->len += (size_t)n;
            continue;
        }
        switch (SSL_get_error(s->ssl, n)) {
        case SSL_ERROR_WANT_READ:
            return ERR_OK;
        case SSL_ERROR_ZERO_RETURN:
            return err_set(why, ERR_NET, "The other side closed the connection.");
        default:
            return explain(s, why);
        }
    }
}

enum err tls_stream_receive(struct tls_stream *s, const void *data, size_t len, struct buf *plain,
                            struct buf *to_line, struct err_info *why)
{
    enum err e = ERR_OK;
    ERR_clear_error();
    s->in = data;
    s->in_len = len;
    s->out = to_line;
    if (!s->ready)
        e = handshake(s, why);
    if (!e && s->ready)
        e = read_plain(s, plain, why);
    s->in = NULL;
    s->in_len = 0;
    s->out = NULL;
    return e;
}

enum err tls_stream_send(struct tls_stream *s, const void *plain, size_t len, struct buf *to_line)
{
    assert(s->ready);
    if (!len)
        return ERR_OK;
    ERR_clear_error();
    s->out = to_line;
    size_t written = 0;
    int ok = SSL_write_ex(s->ssl, plain, len, &written);
    enum err e = ok && written == len ? ERR_OK : explain(s, NULL);
    s->out = NULL;
    return e;
}

void tls_stream_close(struct tls_stream *s, struct buf *to_line)
{
    if (!s->ready)
        return;
    s->out = to_line;
    (void)SSL_shutdown(s->ssl); /* one-sided: we do not wait for theirs */
    ERR_clear_error();
    s->out = NULL;
}
