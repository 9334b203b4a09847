#ifndef TANDEM_TESTS_LIB_CORE_BENCH_H
#define TANDEM_TESTS_LIB_CORE_BENCH_H

/* The server's core on a bench: the store in memory, a clock that the test turns, and connections
 * that keep what was sent to them. Nothing is committed before bench_step. Anything that a test did
 * not expect ends it with a sentence. */

#include "common/pb_alloc.h"
#include "proto/wire.pb-c.h"
#include "server/api/core.h"
#include "server/store/store_mem.h"

enum { BENCH_CONNS = 64 };

/* Batches on their way: encoded bodies. */
struct bench_batch {
    struct bench_batch *next;
    uint64_t batch_no;
    struct buf body;
};

struct bench_conn {
    bool open;     /* the core thinks so */
    bool closing;  /* the core has asked for its end */
    bool stuck;    /* reads nothing: what is sent stays queued */
    size_t queued; /* bytes that count against the limit */
    size_t max_frame;
    struct buf sent; /* frames not taken yet: length (4 bytes), bytes */
    struct buf all;  /* every byte that was ever sent to it */
    struct pb_alloc alloc;
    struct buf frame; /* the one that bench_take gave last */
    uint32_t next_id;
    uint32_t person;

    /* Its room, after bench_join. */
    struct audit *audit;
    uint32_t room, agent;
    uint64_t batch_no, seq;
    int64_t utc_ms;
    struct bench_batch *batches;
    unsigned acked, events, stale;
    bool room_closed;
    uint32_t closed_code;
};

/* Stands before the store, so that `inside` is true in the core alone. */
struct bench_front {
    struct store store;
    struct bench *bench;
    struct bench_asked {
        struct bench_asked *next;
        struct store_req *req;
        store_done_fn done;
    } * first, **last; /* answered in this order */
};

struct bench {
    struct core_settings settings;
    struct store *store; /* in memory; what the core gets is `front` */
    struct bench_front front;
    struct core *core;
    int64_t mono_ms, utc_ms;
    struct bench_conn conns[BENCH_CONNS];
    unsigned fatal;
    bool inside; /* the core is running, and not the store or one of the bench's hooks */
    bool ready;
    struct template *t;
    uint8_t serials;
};

/* With a template ("TST" of audit_make.h) and no people. `settings` NULL: the defaults. */
struct bench *bench_new(const struct core_settings *settings);
/* Also checks that the core gives everything back. */
void bench_free(struct bench *b);
/* A new core on the same store, as after a crash; all connections are gone. */
void bench_restart(struct bench *b);
/* The two halves of that; after bench_begin the core has not started before bench_step. */
void bench_stop(struct bench *b);
void bench_begin(struct bench *b);

/* From now on records are made with this template, which is added. Takes `t`. */
void bench_template(struct bench *b, struct template *t);

/* Through the store, as admin does. `role` and `team` may be followed by another role (NULL: none).
 */
uint32_t bench_person(struct bench *b, const char *name, enum role role, const char *team);
void bench_give_role(struct bench *b, uint32_t person, enum role role, const char *team);
void bench_change_roles(struct bench *b, uint32_t person, enum role role, const char *team);
void bench_revoke(struct bench *b, uint32_t person);
/* As another server would: appends an event that moves the audit, behind the core's back (it must
 * not have the audit in memory). */
void bench_move(struct bench *b, const char *ref, enum audit_state to);
/* The same with any operation of the server's, in the name of `asker`. */
void bench_serve(struct bench *b, const char *ref, uint32_t asker, struct audit_op op);
/* Lets idle audits leave memory. */
void bench_idle(struct bench *b);
/* Commits what waits, and what that leads to. */
void bench_step(struct bench *b);
/* One commit of everything that waits now. */
void bench_commit(struct bench *b);
void bench_time(struct bench *b, int64_t later_ms);

/* A connection; `peer` as TLS says. Nothing is sent. */
void bench_open(struct bench *b, unsigned conn, const struct core_peer *peer);
struct core_peer bench_peer(struct bench *b, uint32_t person); /* a good certificate */
/* Opens and greets as this person. */
void bench_connect(struct bench *b, unsigned conn, uint32_t person);
void bench_drop(struct bench *b, unsigned conn);

/* A message of this kind with these fields, where it has them; nothing else in it. */
struct bench_plain {
    Tandem__Envelope env;
    union {
        ProtobufCMessage base;
        uint64_t space[64];
    } inner;
};
Tandem__Envelope *bench_make(struct bench_plain *m, int kind, const char *ref, uint32_t room);
/* Sends a request with the next id, which it returns. */
uint32_t bench_send(struct bench *b, unsigned conn, Tandem__Envelope *e);
void bench_send_bytes(struct bench *b, unsigned conn, const void *payload, size_t len);
/* The next frame sent to it, decoded; NULL: none. Valid until the next take. */
const Tandem__Envelope *bench_take(struct bench *b, unsigned conn);
/* The same; must be of this kind (TANDEM__ENVELOPE__BODY_...). */
const Tandem__Envelope *bench_expect(struct bench *b, unsigned conn, int kind);
/* The next must be an Error with this code; its text is not empty. */
const Tandem__Error *bench_expect_error(struct bench *b, unsigned conn, enum err e);
/* Nothing waits to be taken. */
void bench_expect_nothing(struct bench *b, unsigned conn);
/* Throws away what waits. */
void bench_forget(struct bench *b, unsigned conn);
bool bench_was_sent(const struct bench *b, unsigned conn, const char *words);

/* Requests made easy; each answers at once or after bench_step. */
void bench_new_audit(struct bench *b, unsigned conn, const char *practitioner, char ref[32]);
void bench_ask_new_audit(struct bench *b, unsigned conn, const char *practitioner);
void bench_ask_join(struct bench *b, unsigned conn, const char *ref, bool only_read);
void bench_take_joined(struct bench *b, unsigned conn); /* folds it */
void bench_join(struct bench *b, unsigned conn, const char *ref);
void bench_rejoin(struct bench *b, unsigned conn, const char *ref, uint32_t agent,
                  uint64_t have_seq);
void bench_set_member(struct bench *b, unsigned conn, const char *ref, const char *person,
                      enum role role);
/* Types at the end of a text of its replica, and sends the batch. */
void bench_type(struct bench *b, unsigned conn, const char *where, const char *words);
/* Sends a batch with one SET; base_rev from its replica. */
void bench_set(struct bench *b, unsigned conn, const char *where, const char *value);
/* Sends any batch as the room's agent with the next number. */
void bench_batch(struct bench *b, unsigned conn, struct audit_op *ops, size_t nops);
void bench_resend(struct bench *b, unsigned conn); /* the oldest batch that is not acknowledged */
/* Takes everything, folds events and acknowledgements into the replica. */
void bench_fold(struct bench *b, unsigned conn);
/* What its replica holds; borrowed from `out`. */
const char *bench_text(struct bench *b, unsigned conn, const char *where, struct buf *out);

#endif
