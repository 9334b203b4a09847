#ifndef TANDEM_SERVER_STORE_HEADS_H
#define TANDEM_SERVER_STORE_HEADS_H

/* The ends of the logs that are being written, in memory: an append looks nothing up. The least
 * recently used make room. Part of db.h; forgotten whenever a transaction is rolled back. */

#include "server/store/store.h"

struct head {
    uint64_t audit;
    uint64_t seq; /* 0: reserved, no event yet */
    int64_t utc_ms;
    uint8_t hash[HASH_LEN];
    uint32_t next_agent;
    char ref[32];
    bool has_summary; /* `summary` is what the projection holds */
    struct store_summary summary;
    bool has_duties; /* `duties` are what the projection holds; returned new */
    struct store_duty *duties;
    size_t nduties;

    bool dirty; /* appended to in this transaction */
    struct head *next_in_bucket;
    struct head *newer, *older; /* by use */
};

enum { HEADS_MAX = 2048, HEADS_BUCKETS = 1024 };

struct heads {
    struct head *bucket[HEADS_BUCKETS];
    struct head *newest, *oldest;
    size_t n;
    struct head *dirty[HEADS_MAX]; /* in order of their first append */
    size_t ndirty;
};

/* NULL when it is not here. */
struct head *heads_find(struct heads *h, uint64_t audit);
/* Remembers these as the projection's. Without memory it forgets them: has_duties is false. */
void heads_keep_duties(struct head *head, const struct store_duty *duties, size_t n);
/* A zeroed entry for an audit that is not here; NULL without memory. Valid until as many others
 * were used as there is room for: longer than a transaction (DB_BATCH_MAX < HEADS_MAX). */
struct head *heads_add(struct heads *h, uint64_t audit);
void heads_mark_dirty(struct heads *h, struct head *head);
void heads_committed(struct heads *h); /* none is dirty any more */
void heads_forget(struct heads *h);    /* everything; also releases the memory */

#endif
