#ifndef TANDEM_SERVER_NET_NET_H
#define TANDEM_SERVER_NET_NET_H

/* The line: a listening port, its connections, TLS and frames. Payloads of frames go up to handlers
 * and come down with net_send; who is talking and what it means is not known here. Loop thread
 * only.
 *
 *   accepted -> HANDSHAKE -> OPEN -> FINISHING -> closing -> gone
 *                  |           `-- peer went, write failed --^
 *                  `-- took too long, not TLS, too many waiting
 *
 * FINISHING sends what is queued, then says goodbye properly, and reads (without looking) until the
 * peer has gone too or the time for it is over: so that the last sentence arrives. */

#include <uv.h>

#include "common/buf.h"
#include "common/tls_stream.h"

struct net;

struct net_settings {
    uint32_t handshake_ms;        /* from accepting to the end of the TLS handshake */
    uint32_t finish_ms;           /* for FINISHING */
    uint32_t max_unauthenticated; /* over it, the oldest of them is closed */
    size_t max_outbound_bytes;    /* queue of one connection */
};
void net_settings_default(struct net_settings *s);

/* None of them is called from inside a function of this header. */
struct net_handlers {
    void *user;
    /* Before the calls that one reading causes; here the time may be looked up. */
    void (*batch)(void *user);
    void (*opened)(void *user, uint64_t conn, const struct tls_peer *peer);
    void (*frame)(void *user, uint64_t conn, const uint8_t *payload, size_t len); /* borrowed */
    void (*bad_frame)(void *user, uint64_t conn, enum err e, const char *text);
    void (*closed)(void *user, uint64_t conn); /* once for each `opened`; the number is then free */
};

/* Returns new (net_stop). Keeps `loop`; takes `tls` on success. */
MUST_CHECK enum err net_new(uv_loop_t *loop, const struct net_settings *settings,
                            const struct net_handlers *handlers, struct tls_context *tls,
                            struct net **out);
/* "127.0.0.1:7443", "[::1]:0". ERR_INPUT: not an address; ERR_NET: taken, not ours, not allowed.
 * Once. */
MUST_CHECK enum err net_listen(struct net *n, const char *address, struct err_info *why);
MUST_CHECK enum err net_parse_address(const char *address, struct sockaddr_storage *out,
                                      struct err_info *why);
/* Where it listens, with the port that was found when 0 was asked for. Borrowed. */
const char *net_address(const struct net *n);
uint16_t net_port(const struct net *n);
/* For connections from now on. Takes. */
void net_set_tls(struct net *n, struct tls_context *tls);

/* All four may name a connection that has gone: then nothing happens. */
/* False: its queue would grow over the limit; the frame was not taken. */
bool net_send(struct net *n, uint64_t conn, const uint8_t *payload, size_t len);
size_t net_queued_bytes(const struct net *n, uint64_t conn);
void net_close(struct net *n, uint64_t conn); /* FINISHING; `closed` follows */
/* Larger than the first limit means: it has authenticated. */
void net_set_max_frame(struct net *n, uint64_t conn, size_t max_bytes);

struct net_stats {
    size_t connections, unauthenticated;
    uint64_t accepted_total;
};
struct net_stats net_stats(const struct net *n);

/* Stops listening, finishes every connection; then `stopped` runs and the memory is gone. */
void net_stop(struct net *n, void (*stopped)(void *user), void *user);

#endif
