#ifndef TANDEM_CLIENT_LINK_LINK_H
#define TANDEM_CLIENT_LINK_LINK_H

/* The client's end of the line, without the line: takes frames and the time, gives frames. Knows
 * Hello, requests and their answers, one joined audit (its replica), batches on their way,
 * rejoining after a break, certificate renewal. transport.h puts it on libuv and TLS; the simulator
 * on its own network. */

#include "client/link/replica.h"

struct link;

enum link_state {
    LINK_OFFLINE,  /* no line; wants one at link_next_ms (backoff 0.25 s ... 15 s with jitter) */
    LINK_OPENING,  /* the transport is connecting */
    LINK_GREETING, /* Hello sent */
    LINK_ONLINE,
    LINK_ENDED, /* refused for good: not authenticated, revoked, wrong version; see link_why */
};

struct link_hooks {
    void *user;
    /* One frame's payload for the line. Only while the line is open. Borrows. */
    void (*send)(void *user, const uint8_t *payload, size_t len);
    /* Open a line now; link_line_open or link_line_closed follows. */
    void (*open_line)(void *user);
    void (*close_line)(void *user);
    void (*state_changed)(void *user, enum link_state state);
    /* The recovery file: `data` holds everything typed and not acknowledged (len 0: nothing; remove
     * it). Called when that changes, at most once per link_time call. May be NULL. */
    void (*keep)(void *user, const uint8_t *data, size_t len);
    uint32_t (*random)(void *user);
};

struct link *link_new(const struct link_hooks *hooks, const char *program,
                      int64_t mono_ms); /* or NULL */
void link_free(struct link *l);

void link_line_open(struct link *l); /* TLS is up */
void link_line_closed(struct link *l, enum err e,
                      const char *why); /* ERR_NOT_AUTHENTICATED, ERR_TLS end it */
void link_receive(struct link *l, const uint8_t *payload, size_t len);
/* Sends what is due, tries again what must be tried again. Call it when link_next_ms says so, and
 * after each call that changes the replica. */
void link_time(struct link *l, int64_t mono_ms, int64_t utc_ms);
int64_t link_next_ms(const struct link *l);
/* At least this long lies between two batches (default 5 ms): the first key press after a pause
 * leaves at once, what is typed within the window travels together. 0 sends with each link_time.
 */
void link_set_batch_window(struct link *l, uint32_t ms);

enum link_state link_state(const struct link *l);
const char *link_why(const struct link *l); /* why it is not online; a sentence */
enum err link_err(const struct link *l);    /* the same as a code; ERR_OK while all is well */
/* What the server's Welcome said; 0, "" or false before it. */
const struct viewer *link_me(const struct link *l);
const char *link_my_name(const struct link *l);
const char *link_site(const struct link *l);
int64_t link_certificate_ends_utc_ms(const struct link *l);
bool link_renew_soon(const struct link *l);
/* Leave the room, close the line, do not come back. `keep` runs once more if what it has is old. */
void link_goodbye(struct link *l);

/* ---- one audit ---- */
/* Joins now or as soon as there is a line, and again after every break. `recovered` (may be NULL):
 * what `keep` had stored; its text is merged and sent. `joined` runs after each join, with an error
 * when it was refused (then the link does not try again by itself). */
typedef void (*link_joined_fn)(void *user, enum err e, const char *text);
MUST_CHECK enum err link_join(struct link *l, const char *ref, bool only_read,
                              const uint8_t *recovered, size_t recovered_len, link_joined_fn joined,
                              void *user);
struct replica *link_replica(struct link *l); /* never NULL; empty before the join */
/* In the room, and up to date with it? False during a break. */
bool link_in_room(const struct link *l);
bool link_all_acknowledged(const struct link *l);

/* ---- requests ----
 * A request waits for the line when there is none yet; a break of the line, or an attempt that
 * fails, answers ERR_NET. The answer's protobuf struct (generated header) is borrowed for the
 * callback; a View has its snapshot in one piece. With an error it is NULL, or the Error itself. */
struct Tandem__Envelope;
typedef void (*link_answer_fn)(void *user, enum err e, const char *text,
                               const struct Tandem__Envelope *answer);
/* `request` is borrowed; its id is set by the link. */
MUST_CHECK enum err link_request(struct link *l, struct Tandem__Envelope *request,
                                 link_answer_fn answer, void *user);

#endif
