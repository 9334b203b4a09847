#ifndef TANDEM_COMMON_TLS_STREAM_H
#define TANDEM_COMMON_TLS_STREAM_H

/* TLS 1.3 over bytes that somebody else moves: memory BIOs in, memory BIOs out. With pki.c, the
 * only code that knows OpenSSL's TLS. No session tickets, no resumption, no 0-RTT: a resumed
 * session would not check the certificate again. ALPN "tandem/1" is required. */

#include "common/buf.h"
#include "common/hash.h"

struct tls_context;
struct tls_stream;

enum tls_peer_cert {
    TLS_PEER_NONE,    /* it showed none */
    TLS_PEER_OK,      /* signed by our authority and within its time */
    TLS_PEER_EXPIRED, /* ours, but over (or not begun) */
    TLS_PEER_UNKNOWN, /* not from our authority, or self-made */
};
struct tls_peer {
    enum tls_peer_cert cert;
    uint8_t serial[20]; /* big-endian, left-padded; of TLS_PEER_OK and TLS_PEER_EXPIRED */
    int64_t not_after_utc_ms;
    uint8_t
        authority_hash[HASH_LEN]; /* client side: SHA-256 of the DER of the chain's root as sent */
};

/* Server: its certificate and key, and the authority that clients' certificates must come from. The
 * handshake succeeds with any client certificate or none; tls_stream_peer says what it was, and the
 * server answers with a sentence instead of a TLS alert. All PEM, borrowed. Returns new. */
MUST_CHECK enum err tls_context_server(const char *cert_pem, const char *key_pem,
                                       const char *authority_pem, struct tls_context **out,
                                       struct err_info *why);
/* Client: with certificate, key and authority (normal), or with all three NULL and the first
 * 16 bytes of the authority's SHA-256 fingerprint (enrolment: the server must show a chain whose
 * root has it; servers send their authority's certificate along). The server's certificate must be
 * valid for `host` (DNS name or IP address). Returns new. */
MUST_CHECK enum err tls_context_client(const char *cert_pem, const char *key_pem,
                                       const char *authority_pem,
                                       const uint8_t authority_hash16[16], const char *host,
                                       struct tls_context **out, struct err_info *why);
void tls_context_free(struct tls_context *c);

/* Returns new or NULL. Keeps `c` until tls_stream_free. */
struct tls_stream *tls_stream_new(struct tls_context *c);
void tls_stream_free(struct tls_stream *s);

/* Bytes from the line go in; plain bytes and bytes for the line come out (both appended). Drives
 * the handshake. ERR_TLS with a sentence in `why`; what is in `to_line` should still be sent (the
 * alert). ERR_NET: the peer closed its side properly (close_notify). */
MUST_CHECK enum err tls_stream_receive(struct tls_stream *s, const void *data, size_t len,
                                       struct buf *plain, struct buf *to_line,
                                       struct err_info *why);
/* Starts the client's handshake (call once, nothing received yet). */
MUST_CHECK enum err tls_stream_start(struct tls_stream *s, struct buf *to_line,
                                     struct err_info *why);
bool tls_stream_ready(const struct tls_stream *s); /* the handshake is complete */
/* Only when ready: encrypts (in as few records as possible) and appends to `to_line`. */
MUST_CHECK enum err tls_stream_send(struct tls_stream *s, const void *plain, size_t len,
                                    struct buf *to_line);
void tls_stream_close(struct tls_stream *s, struct buf *to_line);   /* appends close_notify */
const struct tls_peer *tls_stream_peer(const struct tls_stream *s); /* only when ready */

#endif
