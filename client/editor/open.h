#ifndef TANDEM_CLIENT_EDITOR_OPEN_H
#define TANDEM_CLIENT_EDITOR_OPEN_H

/* `tandem open`: the room on a terminal, full screen or line by line. The caller has a loop, a link
 * on that loop (client/link/transport.h) and nothing else on the terminal:
 *
 *     struct open_args args = {.loop = loop, .link = transport_link(t), .ref = "FCA-2026-0001",
 *                              .recovered = kept, .recovered_len = kept_len,
 *                              .poke = on_poke, .user = t, .in_fd = 0, .out_fd = 1};
 *     enum err e = plain ? plain_open(&args, &why) : editor_open(&args, &why);
 *
 * Both join the audit themselves (link_join) and run the loop until the person leaves; they say
 * link_goodbye, wait at most OPEN_FAREWELL_MS for the last acknowledgements when somebody leaves
 * with text on its way, and leave the loop and the link to the caller (transport_close,
 * loop_close). What was not acknowledged by then has gone through the link's `keep` hook. Link
 * state and news are looked at after every turn of the loop, so no hook of the link is used;
 * replica_on_news of the link's replica is taken while they run. */

#include "client/link/link.h"

struct uv_loop_s;

enum {
    OPEN_FIRST_JOIN_MS = 10000, /* not reachable for so long before the first join: ERR_NET */
    OPEN_FAREWELL_MS = 2000,
};

struct open_args {
    struct uv_loop_s *loop; /* borrowed; not running yet */
    struct link *link;      /* borrowed; not joined to anything yet */
    const char *ref;
    bool only_read;
    const uint8_t *recovered; /* what `keep` had stored, or NULL; borrowed */
    size_t recovered_len;
    /* Something was typed: the transport should call link_time soon (at link_next_ms). May be NULL
     * when the transport looks at link_next_ms after every turn of the loop by itself. */
    void (*poke)(void *user);
    void *user;
    int in_fd, out_fd; /* editor_open: a terminal */
};

/* ERR_OK: the person left. Otherwise with a sentence in `why` (may be NULL): the join was refused
 * (that error), ERR_NET (never reached), ERR_NOT_AUTHENTICATED (the line was ended for good and the
 * person has left after reading so), ERR_INPUT (not a terminal; unknown TERM), ERR_NOMEM. The
 * terminal is as it was before, whatever happened. */
MUST_CHECK enum err editor_open(const struct open_args *args, struct err_info *why);

/* The same room line by line: for a screen reader, a dumb terminal, a pipe. End of input leaves. */
MUST_CHECK enum err plain_open(const struct open_args *args, struct err_info *why);

#endif
