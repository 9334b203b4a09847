#ifndef TANDEM_SERVER_API_CORE_H
#define TANDEM_SERVER_API_CORE_H

/* The server without sockets, files and clocks: connections send it frames, it sends frames back.
 * The daemon (net/) and the simulator drive the same core. Everything runs on one thread; no hook
 * is called from inside core_new, and none may call back into the core. */

#include "server/rules/clock.h"
#include "server/rules/people.h"
#include "server/store/store.h"

struct core;

/* What TLS found out about the other end (see common/tls_stream.h). */
enum core_cert { CORE_CERT_NONE, CORE_CERT_OK, CORE_CERT_EXPIRED, CORE_CERT_UNKNOWN };
struct core_peer {
    enum core_cert cert;
    uint8_t serial[20];
    int64_t cert_ends_utc_ms;
};

struct core_hooks {
    void *user;
    /* Queues one frame's payload (an encoded Envelope) for a connection. Borrows. False: its queue
     * is over the limit; the frame was not taken. */
    bool (*send)(void *user, uint64_t conn, const uint8_t *payload, size_t len);
    /* Bytes waiting for the line. */
    size_t (*queued_bytes)(void *user, uint64_t conn);
    /* Sends what is queued, then closes; core_conn_closed follows later. */
    void (*close)(void *user, uint64_t conn);
    /* After authentication frames may be larger. */
    void (*set_max_frame)(void *user, uint64_t conn, size_t max_bytes);
    /* The site's authority signs a request. */
    enum err (*sign)(void *user, const void *csr_der, size_t len, uint32_t person,
                     int64_t now_utc_ms, int64_t ends_utc_ms, struct buf *cert_der,
                     uint8_t serial[20], struct err_info *why);
    void (*authority_der)(void *user, struct buf *out);
    void (*random)(void *user, void *out, size_t len);
    /* The store died, or a bug was met: the process must end (after telling everybody). */
    void (*fatal)(void *user, const char *why);
};

/* Limits, with the defaults of core_settings_default. Zero is not "no limit". */
struct core_settings {
    char site[128];
    size_t max_frame_bytes;         /* 1 MiB */
    size_t max_batch_bytes;         /* 64 KiB */
    size_t max_text_cp;             /* 256 Ki, which is also the most there can be */
    size_t max_outbound_bytes;      /* 4 MiB */
    uint32_t requests_per_s;        /* 200 */
    uint32_t requests_burst;        /* 1000 */
    uint32_t ping_after_ms;         /* 30000 */
    uint32_t silence_ms;            /* 90000 */
    uint32_t hello_timeout_ms;      /* 10000 */
    uint32_t max_unauthenticated;   /* 256 */
    uint32_t max_per_person;        /* 64 connections; over it, the quietest is closed */
    uint32_t cert_days;             /* 90; renewed when a third is left */
    uint32_t code_hours;            /* 72 */
    uint32_t snapshot_every_events; /* 500 */
    uint32_t idle_audit_ms;         /* 60000: an audit with nobody in it leaves memory */
    uint32_t fanout_window_ms;      /* 5: rooms with many people gather for this long; 0: at once */
    uint32_t fanout_window_people;  /* 12: ... from this many on */
    struct clock_values clock;      /* how long things may take: clock_values_default */
    struct holidays holidays;       /* holidays_init */
};
void core_settings_default(struct core_settings *s);

/* Returns new or NULL. Keeps store, hooks' user. */
struct core *core_new(const struct core_hooks *hooks, const struct core_settings *settings,
                      struct store *store, int64_t mono_ms, int64_t utc_ms);
/* The store must have no request of this core in flight (closed, or crashed). */
void core_free(struct core *c);
/* Loads people and templates; then calls `ready` once (with an error when the store failed). Frames
 * that arrive earlier wait. */
void core_start(struct core *c, void (*ready)(void *user, enum err e), void *user);

/* `conn` is any number that is not in use; peer is what TLS said. */
void core_conn_open(struct core *c, uint64_t conn, const struct core_peer *peer);
void core_conn_frame(struct core *c, uint64_t conn, const uint8_t *payload, size_t len);
void core_conn_closed(struct core *c, uint64_t conn);
/* The peer broke the framing: tell it why (Error with id 0) and close. */
void core_conn_bad_frame(struct core *c, uint64_t conn, enum err e, const char *text);

/* Time passes: timeouts, pings, gathered fan-out, idle audits. Call at least when core_next_ms
 * says. Also call with the new time before each batch of other calls (it is how the core knows the
 * time). */
void core_time(struct core *c, int64_t mono_ms, int64_t utc_ms);
int64_t core_next_ms(const struct core *c); /* mono_ms of the next thing to do; INT64_MAX = none */

/* An orderly end: everybody is told "the server is going down"; nothing new is accepted. */
void core_shutdown(struct core *c);

struct people *core_people(struct core *c);
/* After the store has accepted a change to a person (server/api/admin.h does): takes effect on open
 * connections at once; a revoked person's are told and closed. */
void core_person_changed(struct core *c, const struct person *person);
/* After the store has accepted a template: audits can be opened with it from now on. */
MUST_CHECK enum err core_template_added(struct core *c, const void *data, size_t len);

struct core_health {
    size_t connections, authenticated, rooms, audits_in_memory, events_in_flight;
    uint64_t events_total, refused_total;
    bool disk_full; /* nothing can be stored until there is room */
    bool store_dead;
};
struct core_health core_health(const struct core *c);

#endif
