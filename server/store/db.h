#ifndef TANDEM_SERVER_STORE_DB_H
#define TANDEM_SERVER_STORE_DB_H

/* The one database connection with its prepared statements, and everything that carries requests
 * out on it. Synchronous: used by one thread at a time, the storage thread while the store is open.
 * Not for users of the store.
 *
 * Requests validate before they write, so a refusal leaves nothing to undo and needs no savepoint.
 * What fails half way for want of memory or because stored data is damaged makes the batch start
 * again without it; what fails because of the disk fails the batch's writes together. */

#include <assert.h>
#include <sqlite3.h>

#include "server/store/heads.h"
#include "server/store/store.h"

/* Every statement there is. The SQL is in the file of its area, one table each. */
enum stmt {
    /* db.c */
    STMT_BEGIN,
    STMT_COMMIT,
    STMT_ROLLBACK,
    /* store_events.c */
    STMT_EVENT_INSERT,
    STMT_EVENT_LAST,
    STMT_EVENT_TIME,
    STMT_EVENT_RANGE,
    STMT_SNAPSHOT_LAST,
    STMT_SNAPSHOT_AT,
    STMT_SNAPSHOT_INSERT,
    STMT_SNAPSHOT_DELETE,
    /* site_chain.c */
    STMT_COMMIT_LAST,
    STMT_COMMIT_INSERT,
    /* store_audits.c */
    STMT_AUDIT_GET,
    STMT_AUDIT_FIND_REF,
    STMT_AUDIT_MAX,
    STMT_AUDIT_INSERT,
    STMT_AUDIT_NEXT_AGENT,
    STMT_COUNTER_GET,
    STMT_COUNTER_PUT,
    STMT_SUMMARY_PUT,
    STMT_SUMMARY_GET,
    STMT_MEMBERS_GET,
    STMT_MEMBERS_DELETE,
    STMT_MEMBER_INSERT,
    STMT_READ_INSERT,
    STMT_READ_LIST,
    STMT_READ_LIST_PERSON,
    STMT_READ_LIST_BOTH,
    /* list_audits.c */
    STMT_LIST_ALL,
    STMT_LIST_TEAM,
    STMT_LIST_PERSON,
    STMT_LIST_STATE,
    /* store_duties.c */
    STMT_DUTIES_GET,
    STMT_DUTY_PUT,
    STMT_DUTIES_CUT,
    STMT_DUTIES_PERSON,
    STMT_DUTIES_ROLE,
    STMT_DUTIES_ROLE_TEAM,
    STMT_DUTIES_TEAM,
    STMT_DUTIES_ALL,
    /* store_find.c */
    STMT_FIND_DUE,
    STMT_FIND_GLASS,
    STMT_FIND_SOURCE,
    /* store_people.c */
    STMT_PERSON_GET,
    STMT_PERSON_NAMED,
    STMT_PERSON_MAX,
    STMT_PERSON_PUT,
    STMT_PERSON_LIST,
    STMT_ROLES_DELETE,
    STMT_ROLE_INSERT,
    STMT_ROLES_LIST,
    STMT_CERT_GET,
    STMT_CERT_INSERT,
    STMT_CERTS_REVOKE,
    STMT_CERTS_LIST,
    STMT_CODE_GET,
    STMT_CODE_INSERT,
    STMT_CODE_USED,
    STMT_CODES_REVOKE,
    /* store_templates.c */
    STMT_TEMPLATE_GET,
    STMT_TEMPLATE_INSERT,
    STMT_TEMPLATE_LIST,
    STMT_SETTING_GET,
    STMT_SETTING_PUT,
    /* check.c: for walk.c, verify.c, rebuild.c */
    STMT_SNAPSHOT_FROM,
    STMT_SNAPSHOT_PUT_DATA,
    STMT_AUDIT_LIST,
    STMT_EVENT_HASH,
    STMT_EVENT_LOST,
    STMT_SUMMARY_LOST,
    STMT_MEMBERS_LOST,
    STMT_DUTIES_LOST,
    STMT_COPIES_WRONG,
    STMT_COMMITS_LIST,
    STMT_SUMMARIES_CLEAR,
    STMT_MEMBERS_CLEAR,
    STMT_DUTIES_CLEAR,
    STMT_PROJECTED_GET,
    STMT_PROJECTED_PUT,
    STMT_PROJECTED_PUT_SUMMARIES,
    STMT_COUNT
};
struct db_statement {
    enum stmt id;
    const char *sql; /* NULL ends a table */
};
extern const struct db_statement store_events_sql[], store_audits_sql[], store_people_sql[],
    store_templates_sql[], site_chain_sql[], store_check_sql[], list_audits_sql[],
    store_duties_sql[], store_find_sql[];

struct db {
    sqlite3 *sql;
    sqlite3_stmt *stmt[STMT_COUNT];
    struct heads heads;
    struct buf scratch; /* the sealed body being written */
    struct work *work;  /* under way, the next first */

    /* The site's chain of commits: the last one. */
    uint64_t commit_n;
    uint8_t commit_hash[HASH_LEN];

    int wal_pages;     /* in the write-ahead log since the last checkpoint */
    bool changed;      /* the request that runs has written something */
    enum err disk_err; /* ERR_FULL or ERR_STORE: the transaction that runs is lost */
    bool dead;
};

/* Opens FILE (made when `create`), migrates it, prepares every statement. The caller holds the
 * directory's lock. ERR_NOT_FOUND, ERR_VERSION, ERR_CORRUPT, ERR_STORE, ERR_FULL, ERR_NOMEM. After
 * an error too, db_close. */
MUST_CHECK enum err db_open(struct db *d, const char *file, bool create, struct err_info *why);
/* Checkpoints (unless dead) and closes. */
void db_close(struct db *d);

/* One request of a batch. */
struct db_job {
    struct store_req *req;
    uint64_t key; /* see store_req_key */
    bool settled; /* failed for good; is not tried again */
    bool slow;    /* goes on after the batch: db_work finishes it */
};
/* Carries out a batch as one transaction and one sync; every req->err is final afterwards, nothing
 * of a failed one is kept. `jobs` come with `req` set (its err not 0: refused already). At most
 * DB_BATCH_MAX. Sets d->dead after a failed sync or read or write error. */
enum { DB_BATCH_MAX = 1024 };
void db_run_batch(struct db *d, struct db_job *jobs, size_t n);

/* Is there slow work to go on with? */
bool db_has_work(const struct db *d);
/* A slice of it, to be run between batches. The request that it finished, or NULL. */
struct store_req *db_work(struct db *d);

/* Moves the write-ahead log into the database. Not an error: the disk is full (it stays where it
 * is, and is tried again later). */
void db_checkpoint(struct db *d);

/* ---- for the areas: one request each, inside a batch ---- */
/* The head of an audit whose number is reserved (seq 0: it has no event yet). ERR_NOT_FOUND. */
MUST_CHECK enum err store_head_get(struct db *d, uint64_t audit, struct head **out);
MUST_CHECK enum err store_append_run(struct db *d, struct store_append *r);
MUST_CHECK enum err store_load_run(struct db *d, struct store_load *r);
MUST_CHECK enum err store_events_run(struct db *d, struct store_events *r);
MUST_CHECK enum err store_save_snapshot_run(struct db *d, const struct store_save_snapshot *r);
MUST_CHECK enum err store_enter_run(struct db *d, struct store_enter *r);
MUST_CHECK enum err store_read_log_run(struct db *d, struct store_read_log *r);
MUST_CHECK enum err store_create_audit_run(struct db *d, struct store_create_audit *r);
MUST_CHECK enum err store_summary_write(struct db *d, uint64_t audit,
                                        const struct store_summary *s);
MUST_CHECK enum err store_members_write(struct db *d, uint64_t audit, const char *ref,
                                        const struct store_member *m, size_t n);
/* Members or duties as they are read, added at the end; free(list). */
struct member_list {
    struct store_member *list;
    size_t n, cap;
};
struct duty_list {
    struct store_duty *list;
    size_t n, cap;
};
/* One audit's row of the projection (seq, utc_ms not filled); *found: there is one. */
MUST_CHECK enum err store_summary_read(struct db *d, uint64_t audit, bool *found,
                                       struct store_summary *s);
/* Its members by person; its duties by place. */
MUST_CHECK enum err store_members_read(struct db *d, uint64_t audit, struct member_list *out);
MUST_CHECK enum err store_duties_read(struct db *d, uint64_t audit, struct duty_list *out);
/* Makes the audit's duties these. `old`: what is stored now. */
MUST_CHECK enum err store_duties_write(struct db *d, uint64_t audit, const char *ref,
                                       const char *team, const struct duty_list *old,
                                       const struct store_duty *duties, size_t n);
MUST_CHECK enum err store_find_audits_run(struct db *d, struct store_find_audits *r);
MUST_CHECK enum err store_people_load_run(struct db *d, struct store_people_load *r);
MUST_CHECK enum err store_person_put_run(struct db *d, struct store_person_put *r);
MUST_CHECK enum err store_code_put_run(struct db *d, const struct store_code_put *r);
MUST_CHECK enum err store_code_use_run(struct db *d, struct store_code_use *r);
MUST_CHECK enum err store_cert_put_run(struct db *d, const struct store_cert_put *r);
MUST_CHECK enum err store_template_put_run(struct db *d, const struct store_template_put *r);
MUST_CHECK enum err store_template_load_run(struct db *d, struct store_template_load *r);
MUST_CHECK enum err store_setting_get_run(struct db *d, struct store_setting *r);
MUST_CHECK enum err store_setting_put_run(struct db *d, const struct store_setting *r);

/* Room for one more item at the end of a growing array; items_at points to the pointer to it.
 * ERR_NOMEM: it is as it was. */
MUST_CHECK enum err db_grow(void *items_at, size_t n, size_t *cap, size_t item_size);

/* ---- statements ----
 * db_use, bind, then db_row until it says no more, or db_write. Both reset the statement when it
 * has ended or failed; whoever stops before that calls db_reset. */
static inline sqlite3_stmt *db_use(struct db *d, enum stmt id)
{
    return d->stmt[id];
}
static inline void db_reset(sqlite3_stmt *q)
{
    sqlite3_reset(q);
}
/* *row: there is one, its columns can be read until the next call. */
MUST_CHECK enum err db_row(struct db *d, sqlite3_stmt *q, bool *row);
/* Runs a statement that changes something and has no rows. */
MUST_CHECK enum err db_write(struct db *d, sqlite3_stmt *q);
/* Translates and logs an SQLite code, and remembers when it is the disk. */
enum err db_fail(struct db *d, int rc, const char *what);

/* Borrowed values: they must stay until the statement is reset. Binding what is borrowed takes no
 * memory: it fails only for a parameter that is not there. */
static inline void db_bound(int rc)
{
    assert(rc == SQLITE_OK);
}
static inline void bind_int(sqlite3_stmt *q, int i, int64_t v)
{
    db_bound(sqlite3_bind_int64(q, i, v));
}
static inline void bind_num(sqlite3_stmt *q, int i, uint64_t v)
{
    db_bound(sqlite3_bind_int64(q, i, (int64_t)v));
}
static inline void bind_str(sqlite3_stmt *q, int i, const char *s)
{
    db_bound(sqlite3_bind_text(q, i, s, -1, SQLITE_STATIC));
}
static inline void bind_bytes(sqlite3_stmt *q, int i, const void *data, size_t len)
{
    db_bound(sqlite3_bind_blob64(q, i, data, len, SQLITE_STATIC));
}
static inline uint64_t col_num(sqlite3_stmt *q, int i)
{
    return (uint64_t)sqlite3_column_int64(q, i);
}
static inline uint32_t col_u32(sqlite3_stmt *q, int i)
{
    return (uint32_t)sqlite3_column_int64(q, i);
}
/* Copies text into an array, zeroed behind; ERR_CORRUPT when it does not fit. */
MUST_CHECK enum err col_str(sqlite3_stmt *q, int i, char *to, size_t cap);
/* Copies exactly `len` bytes; ERR_CORRUPT when there are more or fewer. */
MUST_CHECK enum err col_bytes(sqlite3_stmt *q, int i, void *to, size_t len);

#endif
