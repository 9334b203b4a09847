#ifndef TANDEM_SERVER_STORE_STORE_H
#define TANDEM_SERVER_STORE_STORE_H

/* The only door to data. Speaks of audits, events, people and queries; never of SQL. Asynchronous
 * and batch-first: a request is submitted on the loop thread and its `done` runs later on the loop
 * thread, never inside the submission. Behind it stand SQLite (store_sqlite.h: one storage thread,
 * whatever waits shares one transaction and one sync) and memory (store_mem.h: for the simulator,
 * with faults). One conformance suite runs against both.
 *
 * Durable before visible: `done` of a writing request runs only after its commit has been synced.
 * Requests complete in the order in which they were submitted, but for backups and long lists. A
 * writing request that fails leaves
 * nothing behind, and does not take the others of its commit with it, except after ERR_STORE or
 * ERR_FULL of the commit itself, which all of that commit's requests get. After a failed sync the
 * store refuses everything with ERR_STORE for good (store_is_dead): the server must stop.
 *
 * Memory: a request and what it points to stay owned by the submitter and must stay valid until
 * `done`. Results that a request "returns new" are the submitter's from then on; after an error
 * there are none.
 *
 * Any request may end with ERR_INPUT or ERR_TOO_LARGE (malformed), ERR_NOMEM, ERR_FULL, ERR_STORE,
 * and any that reads with ERR_CORRUPT. A read sees every write that was submitted before it. */

#include "common/audit/audit.h"
#include "common/hash.h"

struct store;
struct store_req;
typedef void (*store_done_fn)(struct store_req *r);

enum store_op {
    STORE_APPEND = 1,
    STORE_LOAD,
    STORE_EVENTS,
    STORE_ENTER,
    STORE_LIST_AUDITS,
    STORE_CREATE_AUDIT,
    STORE_SAVE_SNAPSHOT,
    STORE_PEOPLE_LOAD,
    STORE_PERSON_PUT,
    STORE_CODE_PUT,
    STORE_CODE_USE,
    STORE_CERT_PUT,
    STORE_TEMPLATE_PUT,
    STORE_TEMPLATE_LOAD,
    STORE_READ_LOG,
    STORE_SETTING_GET,
    STORE_SETTING_PUT,
    STORE_BACKUP,
};

/* First member of every request. Fill op, done; the rest is the store's. */
struct store_req {
    enum store_op op;
    store_done_fn done;
    enum err err; /* set before `done` */
    struct store_req *next;
};

/* What queries need of an audit: the projection's row, written with the event that changes it. */
struct store_summary {
    char ref[32];
    char template_id[32];
    uint32_t template_version;
    char team[64];
    char carer_ref[64];
    char period_from[11], period_to[11];
    enum audit_state state;
    uint32_t answered, required, open_comments;
    uint64_t seq;       /* of the last event */
    int64_t utc_ms;     /* of the last event */
    uint32_t max_agent; /* highest agent that has written */
};
struct store_member {
    uint32_t person;
    enum role role;
    char sections[64];
};

/* One event to be stored. The chain hash is computed by the store (store/chain.h):
 * hash = SHA-256(hash of the event before, audit, seq, utc_ms, actor, stored body). */
struct store_event {
    uint64_t seq;
    int64_t utc_ms;
    uint32_t actor;
    const uint8_t *body; /* encoded EventBody */
    size_t body_len;
    uint8_t hash[HASH_LEN]; /* set by the store, on append and on reading */
};

/* STORE_APPEND: appends `events` (seqs expected_seq + 1 ..., none earlier than the one before) to
 * an audit, with the projection's row and, when it changed, its members. ERR_STALE: the sequence
 * has moved on. ERR_NOT_FOUND: the number was never reserved. ERR_INPUT: seqs, times, a first event
 * without summary, or another ref than the reserved one. */
struct store_append {
    struct store_req req;
    uint64_t audit;
    uint64_t expected_seq;
    struct store_event *events;
    size_t nevents;
    /* After the last event; NULL = only seq and utc changed (these two are taken from the events).
     * Giving it when it is the same costs a comparison, not a write. */
    const struct store_summary *summary;
    const struct store_member *members; /* the new whole list; NULL = unchanged */
    size_t nmembers;
};

/* STORE_CREATE_AUDIT: reserves an audit's number and the next free reference of template and year
 * ("FCA-2026-0001"), for good. The audit exists once its first event is appended (STORE_APPEND with
 * expected_seq 0); a number that is never used leaves a gap. */
struct store_create_audit {
    struct store_req req;
    char template_id[32];
    int year;
    uint64_t audit; /* out */
    char ref[32];   /* out */
};

/* STORE_LOAD: the newest snapshot and the events after it. By `audit`, or by `ref` when audit is 0.
 * ERR_NOT_FOUND: no such audit, or it did not exist at at_utc_ms. ERR_INPUT: at_seq is not there
 * yet. */
struct store_load {
    struct store_req req;
    uint64_t audit;      /* in/out */
    char ref[32];        /* in/out */
    uint64_t at_seq;     /* in: 0 = now; else the state needed is that after event at_seq */
    int64_t at_utc_ms;   /* in: 0 = not asked; else the last event not after it */
    struct buf snapshot; /* out, returns new (buf_free); empty = none, fold all events */
    uint64_t snapshot_seq;
    struct store_event *events; /* out, returns new: one block, free() */
    size_t nevents;
    uint32_t next_agent; /* out: first agent number not given away */
};

/* STORE_EVENTS: a page of an audit's log, [from_seq, from_seq + max_events), cut at max_bytes of
 * bodies (at least one event); empty behind the end. ERR_NOT_FOUND: no such audit. */
struct store_events {
    struct store_req req;
    uint64_t audit;
    uint64_t from_seq;
    uint32_t max_events;
    size_t max_bytes;
    struct store_event *events; /* out, returns new: one block, free() */
    size_t nevents;
};

/* STORE_ENTER: notes in the read log that `person` opens the audit and, when want_agent, gives away
 * the audit's next agent number for good. Committed before `done`. Audit 0, without an agent, notes
 * what names no audit in particular ("list"). ERR_NOT_FOUND. */
struct store_enter {
    struct store_req req;
    uint64_t audit;
    uint32_t person;
    int64_t utc_ms;
    char what[16]; /* "open", "show", "history", "list", "export" ... */
    bool want_agent;
    uint32_t agent; /* out */
};

/* STORE_READ_LOG: who opened this audit, oldest first, one page of what is later than
 * `after_utc_ms`; ask again with the last row's time until it is empty (a page never ends inside a
 * millisecond). */
struct store_read_log {
    struct store_req req;
    uint64_t audit;
    int64_t after_utc_ms;
    struct store_read_row {
        int64_t utc_ms;
        uint32_t person;
        char what[16];
    } * rows; /* out, returns new: free() */
    size_t nrows;
};

/* STORE_SAVE_SNAPSHOT: keeps the state after event `seq`; older ones but the first of each hundred
 * may be dropped by the store. One that is not newer than the newest is ignored. ERR_NOT_FOUND;
 * ERR_STALE: that event is not there. */
struct store_save_snapshot {
    struct store_req req;
    uint64_t audit;
    uint64_t seq;
    const uint8_t *data;
    size_t len;
};

/* STORE_LIST_AUDITS: all rows of the projection with their members, by ref (the caller filters by
 * right). The result also says the audits' numbers. A long list is read a slice at a time between
 * commits: it does not hold up the requests behind it, and each row is as of its own moment, none
 * before the request. */
struct store_list_audits {
    struct store_req req;
    struct store_audit_row {
        uint64_t audit;
        struct store_summary summary;
        struct store_member *members; /* inside the same block */
        size_t nmembers;
    } * rows; /* out, returns new: one block, free() */
    size_t nrows;
};

/* ---- people, certificates, codes ---- */
struct store_person {
    uint32_t id;   /* in PERSON_PUT: 0 = new, set on return */
    char name[64]; /* unique among people who are not revoked */
    struct viewer_role roles[16];
    size_t nroles;
    bool revoked;
    int64_t created_utc_ms, revoked_utc_ms;
};
struct store_cert {
    uint8_t serial[20]; /* big-endian, left-padded with zeros */
    uint32_t person;
    int64_t not_after_utc_ms;
    bool revoked;
};
/* STORE_PEOPLE_LOAD: everybody, and every certificate that has not expired. */
struct store_people_load {
    struct store_req req;
    int64_t now_utc_ms;
    struct store_person *people; /* out, returns new: free() */
    size_t npeople;
    struct store_cert *certs; /* out, returns new: free() */
    size_t ncerts;
};
/* STORE_PERSON_PUT: adds or changes one (created_utc_ms never changes); a revocation revokes their
 * certificates and codes too. ERR_EXISTS: the name is taken. ERR_NOT_FOUND: no such id. */
struct store_person_put {
    struct store_req req;
    struct store_person person; /* in/out */
};
/* STORE_CODE_PUT: keeps the SHA-256 of an enrolment code's secret; earlier unused codes of the
 * person die. ERR_NOT_FOUND: no such person, or revoked. ERR_EXISTS: the secret is known. */
struct store_code_put {
    struct store_req req;
    uint8_t secret_hash[HASH_LEN];
    uint32_t person;
    int64_t ends_utc_ms;
};
/* STORE_CODE_USE: consumes a code and stores the certificate made for it, in one transaction: the
 * secret can be used once. ERR_NOT_FOUND: unknown, used, expired or revoked (`why` says which, for
 * the log; the peer gets one answer). */
struct store_code_use {
    struct store_req req;
    uint8_t secret_hash[HASH_LEN];
    int64_t now_utc_ms;
    struct store_cert cert; /* in; cert.person out */
    const char *why;        /* out: "unknown", "used", "expired", "revoked" */
};
/* STORE_CERT_PUT: a renewed certificate. ERR_NOT_FOUND: no such person, or revoked. ERR_EXISTS: the
 * serial is known. */
struct store_cert_put {
    struct store_req req;
    struct store_cert cert;
};

/* ---- templates, settings ---- */
/* STORE_TEMPLATE_PUT: keeps an encoded template. ERR_EXISTS when that version is there with other
 * bytes (a used version is frozen); storing the same bytes again is fine. */
struct store_template_put {
    struct store_req req;
    char id[32];
    uint32_t version;
    const uint8_t *data;
    size_t len;
};
/* STORE_TEMPLATE_LOAD: all of them. */
struct store_template_load {
    struct store_req req;
    struct store_template {
        char id[32];
        uint32_t version;
        const uint8_t *data; /* inside the same block */
        size_t len;
    } * templates; /* out, returns new: one block, free() */
    size_t ntemplates;
};
struct store_setting {
    struct store_req req; /* STORE_SETTING_GET (ERR_NOT_FOUND), STORE_SETTING_PUT */
    char name[64];
    char value[512]; /* in/out */
};

/* STORE_BACKUP: a consistent copy of the whole into a new directory (made, 0700), a slice at a time
 * between commits. It does not hold up those behind it. ERR_EXISTS: something is
 * there already. ERR_SLOW_DOWN: one is under way. ERR_FULL, ERR_IO: of the copy; nothing is left of
 * it. The store in memory refuses it (ERR_INPUT). */
struct store_backup {
    struct store_req req;
    const char *to_dir;
};

/* ---- the store itself ---- */
struct store_vtable {
    void (*submit)(struct store *s, struct store_req *r);
    bool (*is_dead)(const struct store *s);
    size_t (*queued)(const struct store *s);
};
struct store {
    const struct store_vtable *vtable; /* the implementation's struct starts with this one */
};

/* Never fails at once: refusal (queue full: ERR_FULL, dead: ERR_STORE) also arrives through `done`.
 */
static inline void store_submit(struct store *s, struct store_req *r)
{
    s->vtable->submit(s, r);
}
static inline bool store_is_dead(const struct store *s)
{
    return s->vtable->is_dead(s);
}
static inline size_t store_queued(const struct store *s)
{
    return s->vtable->queued(s);
}

#endif
