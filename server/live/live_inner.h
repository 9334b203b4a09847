#ifndef TANDEM_SERVER_LIVE_LIVE_INNER_H
#define TANDEM_SERVER_LIVE_LIVE_INNER_H

/* What the files of live/ share: live.c (the set, loading, time), live_log.c (events: apply, store,
 * commit, fail), live_room.c (seats, delivery), live_catch_up.c (snapshots, tails). */

#include "server/live/live.h"
#include "server/store/summary.h"

enum {
    BUCKETS = 1024,
    APPENDS_AT_ONCE = 4, /* requests of one audit on their way; more events gather meanwhile */
    CACHED_VIEWS = 4,    /* encoded snapshots kept per audit */
};

/* A store request that has not come back. */
struct job {
    struct job *prev, *next;
    void (*drop)(struct job *j); /* frees the whole request, results included */
};

struct live {
    struct live_hooks hooks;
    struct live_settings settings;
    struct store *store;
    int64_t mono_ms, utc_ms;
    int64_t next_ms;
    struct live_audit *buckets[BUCKETS];
    struct job jobs; /* a ring with this as its head */
    uint64_t seat_ids;
    uint64_t events_total;
    size_t audits, seats, in_flight;
    struct buf scratch;
    bool told_fatal;
};

enum live_state { LIVE_LOADING, LIVE_READY, LIVE_FAILING, LIVE_GONE };

struct live_again {
    struct live_again *next;
    uint64_t seat;
    uint32_t request;
};

/* A special event as one seat may see it. */
struct live_view {
    uint64_t seat;
    struct buf body; /* empty: the event's own */
    bool rejoin;     /* what they see of earlier content has changed */
    bool leave;      /* they may not be here any more */
};

struct cached_view {
    struct buf key, bytes;
    uint64_t seq;
    int64_t used_ms;
};

struct live_audit {
    struct live *live;
    struct live_audit *next; /* in its bucket */
    enum live_state state;
    enum err load_error; /* of LIVE_GONE */
    char ref[32];
    uint64_t number;
    struct audit *audit;
    struct live_waiter *waiters; /* in order of arrival */
    unsigned pins, appends;

    /* Events [first_seq, end_seq), end_seq = audit_seq(audit) + 1; a power of two of places. */
    struct live_event **ring;
    size_t ring_cap, ring_bytes;
    uint64_t first_seq, end_seq;
    /* delivered <= committed <= submitted <= audit_seq */
    uint64_t delivered_seq, committed_seq, submitted_seq;
    int64_t deliver_at_ms; /* 0: not waiting */
    bool delivering;

    struct live_seat **seats;
    size_t nseats, seats_cap;
    size_t cursors_waiting;
    struct given_agent {
        uint32_t agent, person;
    } * given;
    size_t ngiven, given_cap;
    uint32_t next_agent; /* when it was loaded */

    struct cached_view views[CACHED_VIEWS];
    size_t snapshot_bytes; /* of the last one made, to guess the next one's size */
    struct save_job *save; /* made, waiting for its commit */
    bool saving;
    uint64_t saved_seq;
    int64_t idle_since_ms; /* 0: in use */
};

void live_job_add(struct live *l, struct job *j);
void live_job_end(struct job *j);
void live_wake_at(struct live *l, int64_t mono_ms);

void live_load(struct live_audit *la);
/* After whatever may have left it unused: forgets it when it may be, or notes since when it idles.
 * `la` may be freed. */
void live_settle(struct live_audit *la);
void live_run_waiters(struct live_audit *la, enum err e, uint64_t upto_seq);
/* Loses the audit and what belongs to its state; seats, waiters and pins stay. */
void live_drop_state(struct live_audit *la);
void live_check_fatal(struct live *l);

MUST_CHECK enum err live_ring_push(struct live_audit *la, struct live_event *e);
void live_ring_trim(struct live_audit *la);
void live_event_free(struct live_event *e);
/* Sets e->special and changes_rights; `a` is the audit after the event. */
void live_classify(const struct audit *a, const struct event_body *b, struct live_event *e);
void live_save_due(struct live_audit *la);
void live_save_drop(struct live_audit *la);
/* Once all that was on its way is back. */
void live_after_failure(struct live_audit *la);

/* Which seats see the event otherwise; false without memory. */
bool live_make_views(struct live_audit *la, struct live_event *e, const struct event_body *b);
void live_deliver(struct live_audit *la);
void live_deliver_soon(struct live_audit *la);
void live_close_all_seats(struct live_audit *la, enum err e);
struct live_seat *live_seat_find(const struct live_audit *la, uint64_t id);
/* What decides what somebody sees: two with the same key see the same. */
void live_view_key(const struct live_audit *la, const struct viewer *v, struct buf *out);

void live_views_drop(struct live_audit *la);

#endif
