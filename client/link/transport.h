#ifndef TANDEM_CLIENT_LINK_TRANSPORT_H
#define TANDEM_CLIENT_LINK_TRANSPORT_H

/* The link on a real line: name lookup, TCP, TLS and frames on a libuv loop, and its clock. Looks
 * at link_next_ms before the loop waits, so nobody has to poke it. Renews the certificate when the
 * server says that it is time. Not here: what is said on the line (link.h). */

#include "client/link/link.h"
#include "client/link/profile.h"
#include "client/link/recovery.h"

struct uv_loop_s;
struct transport;

enum { TRANSPORT_CONNECT_MS = 10 * 1000 };

struct transport_config {
    const char *program;     /* "tandem 0.1.0" */
    struct profile *profile; /* kept until transport_close; renewed in place. NULL: enrolment */
    /* Enrolment instead: where, and how to know the server. Copied. */
    const char *host;
    uint16_t port;
    const uint8_t *authority_hash16;
    struct recovery *recovery; /* kept until transport_close; NULL: nothing is kept on disk */
    void (*state_changed)(void *user, enum link_state state); /* may be NULL */
    void *user;
};
/* Nothing is opened before the loop runs. Returns new in *out. */
MUST_CHECK enum err transport_new(struct uv_loop_s *loop, const struct transport_config *config,
                                  struct transport **out, struct err_info *why);
struct link *transport_link(struct transport *t);
/* A new certificate has been asked for: whoever is about to leave should wait a moment. */
bool transport_is_renewing(const struct transport *t);
/* Why the recovery file could not be written, or "". */
const char *transport_keep_error(const struct transport *t);
/* Ends the link (link_goodbye) and closes all handles; the memory goes when the loop has run the
 * callbacks. After it only the loop may be used. */
void transport_close(struct transport *t);

#endif
