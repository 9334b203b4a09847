#ifndef TANDEM_SERVER_STORE_STORE_H
#define TANDEM_SERVER_STORE_STORE_H

/* The only door to data. Speaks of audits, events, people and queries; never of SQL. Asynchronous
 * and batch-first: a request is submitted on the loop thread and its `done` runs later on the loop
 * thread, never inside the submission. Behind it stand SQLite (store_sqlite.h: one storage thread,
 * whatever waits shares one transaction and one sync) and memory (store_mem.h: for the simulator,
 * with faults). One conformance suite runs against both.
 *
 * Durable before visible: `done` of a writing request runs only after its commit has been synced.
 * Requests complete in the order in which they were submitted, but for backups, lists and duties. A
 * writing request that fails leaves nothing behind, and does not take the others of its commit with
 * it, except after ERR_STORE or ERR_FULL of the commit itself, which all of that commit's requests
 * get. After a failed sync the store refuses everything with ERR_STORE for good (store_is_dead):
 * the server must stop.
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
    STORE_DUTIES,
    STORE_DUE_AUDITS,
    STORE_GLASS_AUDITS,
    STORE_SOURCE_AUDITS,
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
    uint64_t seq;         /* of the last event */
    int64_t utc_ms;       /* of the last event */
    uint32_t max_agent;   /* highest agent that has written */
    char planned[11];     /* YYYY-MM-DD or "" */
    char way_in[32];      /* "annual_review" ... or "" */
    char source[64];      /* the record or trigger it came from, or "" */
    uint32_t moderator;   /* 0: none assigned */
    uint32_t stage;       /* of a challenge, 1 + its number; 0 */
    int64_t since_utc_ms; /* when its present state began */
    char overall[32];     /* grade of the overall question: final, else agreed, else "" */
    uint32_t weak;    /* 1: that grade is a weaker one, or a key judgement has the scale's lowest */
    uint32_t returns; /* how often moderation has sent it back */
    uint64_t revision;          /* of the content at the last move (not at the last key press); 0 */
    int64_t glass_until_utc_ms; /* the earliest end of an open break-glass entry; 0: none is open */
};
struct store_member {
    uint32_t person;
    enum role role;
    char sections[64];
};

/* What somebody has to do about an audit, and by when: a projection like the summary, made by the
 * rules above the store. */
struct store_duty {
    char kind[24];      /* "moderate", "answer_query" ...: the rules' code */
    uint32_t person;    /* 0: whoever has `role` for the audit's team */
    enum role role;     /* as which; ROLE_NONE is allowed with a person */
    char due[11];       /* YYYY-MM-DD or "" */
    char first_due[11]; /* before it was moved; or "" */
    char since[11];     /* or "" */
    uint16_t question;  /* what it is about, as far as that says it; 0 */
    uint64_t item;
    char text[200]; /* UTF-8; summary_copy cuts at a character */
};
enum { STORE_MAX_DUTIES = 4096 }; /* of one audit */

/* What the rules make of an audit as it stands: the same, whoever asks and whenever. `duties`
 * returned new (free()). ERR_NOMEM only. */
struct store_projection {
    struct store_duty *duties;
    size_t nduties;
};
typedef enum err (*store_project_fn)(void *user, const struct audit *a,
                                     struct store_projection *out);
struct store_rules {
    store_project_fn project;
    void *user;
    uint64_t version; /* another number whenever `project` would make other duties of old audits */
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
 * an audit, with the projection's row and, when they changed, its members and duties. ERR_STALE:
 * the sequence has moved on. ERR_NOT_FOUND: the number was never reserved. ERR_INPUT: seqs, times,
 * a first event or duties without summary, or another ref than the reserved one. */
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
    /* The new whole list, at most STORE_MAX_DUTIES (ERR_TOO_LARGE), in an order that changes
     * little: only places whose duty is another one are written. NULL = unchanged. */
    const struct store_duty *duties;
    size_t nduties;
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

/* STORE_READ_LOG: who has read what, oldest first, one page of what is later than `after_utc_ms`;
 * ask again with the last row's time until it is empty (a page never ends inside a millisecond).
 * With `person`: what this person has read, of `audit` or, when that is 0, of all; without: who has
 * read `audit`, or, when that is 0, what names no audit in particular. */
struct store_read_log {
    struct store_req req;
    uint64_t audit;
    uint32_t person; /* 0: everybody */
    int64_t after_utc_ms;
    struct store_read_row {
        int64_t utc_ms;
        uint64_t audit; /* 0: none in particular; `ref` is then "" */
        char ref[32];
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

/* STORE_LIST_AUDITS: rows of the projection with their members, by ref. A request that is zero in
 * all but `req` lists every audit. The result also says the audits' numbers. A long list is read a
 * slice at a time between commits: it does not hold up the requests behind it, and each row is as
 * of its own moment, none before the request. What it costs depends on the audits of the person,
 * the teams or the states asked for, not on those of the site. */
struct store_list_audits {
    struct store_req req;
    char after_ref[32]; /* "": from the first */
    uint32_t limit;     /* 0: no end */
    /* All of these must hold ... */
    uint32_t states;         /* bits 1u << enum audit_state; 0: any */
    char template_id[32];    /* "": any */
    char planned_before[11]; /* it has a planned day, and that is before this one; "": any */
    /* ... and one of these, unless nothing is asked here: it is of one of the teams ("" = every
     * team), or the person is a member of it. */
    const char *const *teams; /* borrowed until `done` */
    size_t nteams;            /* at most STORE_MAX_TEAMS */
    uint32_t person;          /* 0: nobody */
    struct store_audit_row {
        uint64_t audit;
        struct store_summary summary;
        struct store_member *members; /* inside the same block */
        size_t nmembers;
    } * rows; /* out, returns new: one block, free() */
    size_t nrows;
    bool more; /* out: there are others behind the last */
};
enum { STORE_MAX_TEAMS = 64 };

/* STORE_DUTIES: what somebody has to do, by due day (those without one last), then by the audit's
 * ref and the duty's place `n` in it; one page behind `after`. Theirs are: those of their own
 * number, those of nobody in particular for one of their roles and its team ("" = every team), and
 * everybody's in audits of `teams` ("" = every team); each once. Read in slices like a list. */
struct store_duties {
    struct store_req req;
    uint32_t person;                 /* 0: nobody */
    const struct viewer_role *roles; /* borrowed until `done` */
    size_t nroles;                   /* at most STORE_MAX_TEAMS */
    const char *const *teams;        /* borrowed until `done` */
    size_t nteams;                   /* at most STORE_MAX_TEAMS */
    uint32_t limit;                  /* 1 ... STORE_MAX_PAGE */
    struct {                         /* the last row of the page before; zero: from the first */
        char due[11];
        char ref[32];
        uint32_t n;
    } after;
    struct store_duty_row {
        uint64_t audit;
        char ref[32], template_id[32], team[64];
        enum audit_state state;
        uint32_t n;
        struct store_duty duty;
    } * rows; /* out, returns new: free() */
    size_t nrows;
    bool more; /* out: there are others behind the last */
};
enum { STORE_MAX_PAGE = 512 };

/* Audits for which it is time; the first `limit` behind `after`.
 * STORE_DUE_AUDITS: those in the state PLANNED for `day` or earlier, the earliest first.
 * STORE_GLASS_AUDITS: those with an open break-glass entry whose end is `utc_ms` or earlier, the
 * earliest first.
 * STORE_SOURCE_AUDITS: those that came from the record or trigger `source`, by ref. */
struct store_found_audit {
    uint64_t audit;
    char ref[32];
    char planned[11];
    int64_t glass_until_utc_ms;
};
struct store_find_audits {
    struct store_req req;
    char day[11];
    int64_t utc_ms;
    char source[64];
    uint32_t limit;                 /* 1 ... STORE_MAX_PAGE */
    struct store_found_audit after; /* the last row of the page before; zero: from the first */
    struct store_found_audit *rows; /* out, returns new: free() */
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
