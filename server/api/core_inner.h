#ifndef TANDEM_SERVER_API_CORE_INNER_H
#define TANDEM_SERVER_API_CORE_INNER_H

/* What the files of the core share: core.c (life, time), conn.c (connections, limits), call.c
 * (requests on their way), routes.c (who may ask what), handle_<area>.c. */

#include "common/frame.h"
#include "common/pb_alloc.h"
#include "server/api/core.h"
#include "server/api/projection.h"
#include "server/api/wire.h"
#include "server/live/live.h"
#include "server/live/map.h"

enum {
    CORE_PROTOCOL = 1,
    MAX_ROOMS = 64,            /* of one connection */
    MAX_CALLS = 32,            /* of one connection, not yet answered */
    REQUEST_BYTES = 64 * 1024, /* of one request decoded, besides twice its length: none is deep */
    REQUEST_ALLOCS = 2000,
    EARLY_BYTES = 64 * 1024, /* kept per connection until the core has started */
    SNAPSHOT_PART_BYTES = 128 * 1024,
    MAX_ANSWER_BYTES = 512 * 1024, /* of one page of anything */
    SLOW_CUT_MS = 10 * 1000,       /* from "too slow" to cut off, unless the queue has emptied */
    MAX_EVENTS_IN_FLIGHT = 2000,   /* of one audit */
    TICK_MS = 250,                 /* timeouts of connections are as exact as this */
};

struct route;

struct conn {
    struct core *core;
    uint64_t id;     /* the caller's */
    uint64_t serial; /* ours, never reused */
    struct core_peer peer;
    uint32_t person; /* 0: not authenticated */
    bool greeted;    /* Hello was answered */
    bool closing;
    bool counted; /* in core.lines_of */
    bool listing; /* one of its calls has `lists` */
    bool pinged;
    int64_t opened_ms, heard_ms;
    int64_t slow_since_ms;                             /* its feed was ended; 0: no */
    int64_t tokens_milli, tokens_at_ms, refused_calls; /* rate limit */
    struct conn *older, *newer;                        /* among those not authenticated */
    struct live_seat **seats;
    size_t nseats, seats_cap;
    uint32_t last_room;
    unsigned calls;
    struct buf early; /* frames that came before the core had started: length (4 bytes), bytes */
    struct outflow *outflow; /* a snapshot that goes out as the line takes it */
    size_t outflow_bytes;    /* of all that wait so */
};

struct template_held {
    struct template *t;
    struct buf bytes;
};

struct core {
    struct core_hooks hooks;
    struct core_settings settings;
    struct store *store;
    struct people *people;
    struct live *live;
    int64_t mono_ms, utc_ms, next_ms;
    struct map conns;
    struct map lines_of; /* by person: how many connections are theirs, as a pointer */
    uint64_t serials;
    struct conn *oldest_stranger, *newest_stranger;
    size_t nstrangers, nauthenticated;
    struct call *calls; /* on their way */
    struct call *spare; /* for the next frame */
    struct template_held *templates;
    size_t ntemplates;
    struct start_job *starting; /* the request on its way */
    struct record_job *records; /* new ones on their way */
    struct keeper *keeper;
    struct projection_from projection;
    bool ready, down, told_fatal;
    enum err start_error;
    void (*on_ready)(void *user, enum err e);
    void *on_ready_user;
    uint64_t refused_total;
    bool disk_full; /* the last commit that this part knows of found no room */
    struct buf out; /* one frame being made */
};

/* ---- conn.c ---- */
struct conn *conn_of_serial(struct core *c, uint64_t id, uint64_t serial); /* NULL: gone, closing */
/* False: it was not taken, the reader is too slow (or the connection is closing). Clears core.out.
 */
bool conn_send_out(struct conn *cn);
/* The same for what may be left out or must leave room for a last word: refuses earlier. */
bool conn_send_feed(struct conn *cn);
void conn_answer(struct conn *cn, const Tandem__Envelope *e);
void conn_answer_packed(struct conn *cn, uint32_t id, const struct buf *frame);
void conn_error(struct conn *cn, uint32_t id, enum err e, const char *field, const char *text);
/* Tells why (Error with `id`, 0 = of our own accord), leaves all rooms, closes. */
void conn_close(struct conn *cn, uint32_t id, enum err e, const char *text);
void conn_authenticated(struct conn *cn, uint32_t person);
void conn_too_slow(struct conn *cn);
/* May it send another request, which counts as `cost`, now? Answers and closes by itself when not.
 */
bool conn_take_tokens(struct conn *cn, uint32_t id, unsigned cost);
struct live_seat *conn_seat(const struct conn *cn, uint32_t room);
MUST_CHECK enum err conn_seat_add(struct conn *cn, struct live_seat *s);
void conn_seat_remove(struct conn *cn, const struct live_seat *s);
void conn_time(struct conn *cn);
void conns_wake_at(struct core *c, int64_t mono_ms);

/* ---- call.c: one request until its answer ---- */
struct call {
    struct core *core;
    struct call *prev, *next;
    uint64_t conn_id, conn_serial;
    uint32_t id;
    const struct route *route;
    struct pb_alloc alloc; /* of the request */
    struct pb_alloc out;   /* of the answer */
    Tandem__Envelope *env;
    bool async; /* in core.calls, counted in conn.calls */
    bool lists; /* reads every audit's row: one at a time for each connection */

    struct live_audit *la; /* pinned */
    struct live_waiter waiter;
    void (*step)(struct call *c, enum err e);

    /* One request to the store at a time. */
    union call_store {
        struct store_req req;
        struct store_enter enter;
        struct store_events events;
        struct store_load load;
        struct store_list_audits list;
        struct store_duties duties;
        struct store_read_log readlog;
        struct store_code_use code;
        struct store_cert_put cert;
    } store;
    void (*stored)(struct call *c, enum err e);
    bool storing;

    /* Kept between the steps of particular handlers. */
    struct live_seat *seat;
    struct buf data;
    uint64_t seq;
    int64_t utc_ms;
    uint32_t agent;
    bool entered;
    enum err closed;               /* why a waiting seat went away */
    bool wrote;                    /* an event of it was accepted */
    bool new_auditor;              /* the audit is its auditor's first */
    void (*known)(struct call *c); /* call_know_auditor's */
    void (*then)(struct call *c);
    struct audit *past;                 /* made again from the log */
    uint8_t (*prints)[FINGERPRINT_LEN]; /* nprints, of its revisions */
    size_t nprints;
};

struct call *call_new(struct conn *cn);
void calls_forget(struct core *c); /* frees all, answers none; live/ goes next */
void call_free(struct call *c);    /* also ends it: unpins, unlinks */
/* The connection it came from, or NULL when that has gone: then free the call. */
struct conn *call_conn(const struct call *c);
const struct person *call_person(const struct call *c); /* or NULL */
/* The call will be answered later. False: too many are waiting already; it has been answered. */
bool call_keep(struct call *c);
void *call_alloc(struct call *c,
                 size_t len); /* zeroed; lives as long as the call; NULL: no memory */
char *call_strdup(struct call *c, const char *s);
/* Each answers and frees. */
void call_done(struct call *c);
void call_answer(struct call *c, Tandem__Envelope *e); /* sets the id */
void call_fail(struct call *c, enum err e, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void call_fail_info(struct call *c, const struct err_info *why);
void call_not_found(struct call *c);
void call_no_memory(struct call *c);
/* Submits c->store (op and fields set); `stored` runs later, not when the core is freed first. */
void call_store(struct call *c, enum store_op op, void (*stored)(struct call *c, enum err e));
/* Runs `step` when everything of c->la up to seq is durable: now, or later. */
void call_wait(struct call *c, uint64_t seq, void (*step)(struct call *c, enum err e));
/* Notes in the read log that the audit is opened, then runs `next` (or answers). */
void call_enter(struct call *c, const char *what, bool want_agent,
                void (*next)(struct call *c, enum err e));

/* Ends the process, once. */
void core_fatal(struct core *c, const char *why);

/* ---- for handlers ---- */
const struct template_held *core_template(const struct core *c, const char *id, uint32_t version);
void fill_person(struct call *c, Tandem__Person *to, const struct person *p);
/* Everybody who is named by number in the audit; NULL and *n = 0 without memory. */
Tandem__Person **named_people(struct call *c, const struct audit *a, size_t *n);
/* Those in the room that have an agent, but `except`. */
Tandem__Present **present_people(struct call *c, const struct live_audit *la,
                                 const struct viewer *reader, const struct live_seat *except,
                                 size_t *n);
const char *room_closed_text(enum err e); /* why a seat ends, for a person */
/* The hooks of live/, in room_feed.c. */
bool room_event(void *user, struct live_seat *s, const struct live_event *e, const uint8_t *body,
                size_t body_len);
bool room_acked(void *user, struct live_seat *s, const struct live_event *e, uint32_t request,
                bool again);
void room_not_stored(void *user, struct live_seat *s, uint32_t request, uint64_t batch_no,
                     enum err e);
void room_closed(void *user, struct live_seat *s, enum err e);
void room_present(void *user, struct live_seat *to, const struct live_seat *about, bool gone,
                  bool cursor);

/* ---- outflow.c ---- */
/* Sends frames (length in 4 bytes before each) as the line takes them; `seat` (may be NULL), on
 * this connection, hears of events only afterwards. Takes `frames`. `seat` may be gone after. */
void outflow_start(struct conn *cn, struct buf *frames, struct live_seat *seat);
/* Makings: appends a frame (and clears it), or a snapshot as SnapshotParts. */
void outflow_add(struct buf *frames, struct buf *frame);
void outflow_add_parts(struct buf *frames, struct buf *scratch, uint32_t id, const uint8_t *data,
                       size_t len);
/* More waits already than a queue holds: no other large answer is made meanwhile. */
bool outflow_is_full(const struct conn *cn);
void outflow_seat_gone(struct conn *cn, const struct live_seat *s);
void outflow_pump(struct conn *cn);
void outflow_free(struct conn *cn);

#endif
