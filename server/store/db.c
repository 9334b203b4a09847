#include "server/store/db.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "server/store/migrate.h"
#include "server/store/request.h"
#include "server/store/site_chain.h"
#include "server/store/work.h"

static const struct db_statement transaction_sql[] = {
    {STMT_BEGIN,    "BEGIN IMMEDIATE"},
    {STMT_COMMIT,   "COMMIT"         },
    {STMT_ROLLBACK, "ROLLBACK"       },
    {0,             NULL             },
};

static const struct db_statement *const tables[] = {
    transaction_sql, store_events_sql, store_audits_sql, store_people_sql, store_templates_sql,
    site_chain_sql,  store_check_sql,  list_audits_sql,  store_duties_sql, store_find_sql,
};

/* Exclusive locking comes before WAL: then there is never a -shm file. The log is moved into the
 * database by db_checkpoint only. */
static const char settings[] = "PRAGMA locking_mode = EXCLUSIVE;"
                               "PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA foreign_keys = ON;"
                               "PRAGMA mmap_size = 0;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA cache_size = -4096;"
                               "PRAGMA wal_autocheckpoint = 0;"
                               "PRAGMA trusted_schema = OFF;"
                               "PRAGMA secure_delete = ON;";

/* ---- errors ---- */

static bool is_disk(int rc)
{
    int base = rc & 0xff;
    return rc != SQLITE_IOERR_NOMEM &&
           (base == SQLITE_IOERR || base == SQLITE_READONLY || base == SQLITE_CANTOPEN ||
            base == SQLITE_BUSY || base == SQLITE_LOCKED);
}

/* Of the last write that failed; sqlite3_system_errno does not tell it after a COMMIT. */
static int write_errno(struct db *d, bool log)
{
    sqlite3_file *file = NULL;
    int os = 0;
    int what = log ? SQLITE_FCNTL_JOURNAL_POINTER : SQLITE_FCNTL_FILE_POINTER;
    if (d->sql && !sqlite3_file_control(d->sql, "main", what, &file) && file && file->pMethods)
        (void)file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &os); /* 0: not known */
    return os;
}

/* A quota and a limit on the size of files are a full disk too; SQLite knows ENOSPC only. */
static bool is_full(struct db *d, int rc)
{
    if (rc != SQLITE_IOERR_WRITE)
        return (rc & 0xff) == SQLITE_FULL;
    int log = write_errno(d, true), data = write_errno(d, false);
    return log == EDQUOT || log == EFBIG || data == EDQUOT || data == EFBIG;
}

enum err db_fail(struct db *d, int rc, const char *what)
{
    log_error("store", "sqlite_failed", "what=%s code=%d os=%d", what, rc,
              d->sql ? sqlite3_system_errno(d->sql) : 0);
    if (is_full(d, rc))
        return d->disk_err = ERR_FULL;
    if (is_disk(rc))
        return d->disk_err = ERR_STORE;
    if (rc == SQLITE_IOERR_NOMEM || (rc & 0xff) == SQLITE_NOMEM)
        return ERR_NOMEM;
    int base = rc & 0xff;
    if (base == SQLITE_CORRUPT || base == SQLITE_NOTADB || base == SQLITE_CONSTRAINT)
        return ERR_CORRUPT;
    return ERR_STORE;
}

enum err db_row(struct db *d, sqlite3_stmt *q, bool *row)
{
    int rc = sqlite3_step(q);
    *row = rc == SQLITE_ROW;
    if (*row)
        return ERR_OK;
    sqlite3_reset(q);
    return rc == SQLITE_DONE ? ERR_OK : db_fail(d, rc, sqlite3_sql(q));
}

enum err db_write(struct db *d, sqlite3_stmt *q)
{
    d->changed = true;
    int rc = sqlite3_step(q);
    sqlite3_reset(q);
    return rc == SQLITE_DONE ? ERR_OK : db_fail(d, rc, sqlite3_sql(q));
}

enum err db_grow(void *items_at, size_t n, size_t *cap, size_t item_size)
{
    void *items;
    if (n < *cap)
        return ERR_OK;
    size_t more = *cap ? 2 * *cap : 64;
    memcpy(&items, items_at, sizeof items);
    items = realloc(items, more * item_size);
    if (!items)
        return ERR_NOMEM;
    memcpy(items_at, &items, sizeof items);
    *cap = more;
    return ERR_OK;
}

enum err col_str(sqlite3_stmt *q, int i, char *to, size_t cap)
{
    const unsigned char *s = sqlite3_column_text(q, i);
    size_t len = (size_t)sqlite3_column_bytes(q, i);
    memset(to, 0, cap);
    if (!s || len >= cap)
        return s ? ERR_CORRUPT : ERR_NOMEM;
    memcpy(to, s, len);
    return ERR_OK;
}

enum err col_bytes(sqlite3_stmt *q, int i, void *to, size_t len)
{
    const void *p = sqlite3_column_blob(q, i);
    if ((size_t)sqlite3_column_bytes(q, i) != len || (len && !p))
        return ERR_CORRUPT;
    memcpy(to, p, len);
    return ERR_OK;
}

/* ---- open, close ---- */

static int on_commit(void *user, sqlite3 *sql, const char *name, int pages)
{
    (void)sql;
    (void)name;
    ((struct db *)user)->wal_pages = pages;
    return SQLITE_OK;
}

static int prepare_all(struct db *d)
{
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (const struct db_statement *s = tables[t]; s->sql; s++) {
            assert(!d->stmt[s->id]);
            int rc = sqlite3_prepare_v3(d->sql, s->sql, -1, SQLITE_PREPARE_PERSISTENT,
                                        &d->stmt[s->id], NULL);
            if (rc != SQLITE_OK)
                return rc;
        }
    }
    for (int i = 0; i < STMT_COUNT; i++)
        assert(d->stmt[i]);
    return SQLITE_OK;
}

/* SQLite would make it with the umask's rights. */
static enum err make_file(const char *file, struct err_info *why)
{
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(why, ERR_STORE, "cannot make %s: check the rights of its directory", file);
    close(fd);
    return ERR_OK;
}

static enum err opened(struct db *d, int rc, const char *file, struct err_info *why)
{
    if (rc == SQLITE_OK)
        return ERR_OK;
    enum err e = db_fail(d, rc, "open");
    const char *what = e == ERR_CORRUPT ? "it is damaged or not a database: restore a backup"
                       : e == ERR_FULL  ? "the disk is full: make room"
                                        : sqlite3_errstr(rc);
    return err_set(why, e, "cannot open %s: %s", file, what);
}

enum err db_open(struct db *d, const char *file, bool create, struct err_info *why)
{
    memset(d, 0, sizeof *d);
    enum err e = ERR_OK;
    if (access(file, F_OK) != 0)
        e = create ? make_file(file, why)
                   : err_set(why, ERR_NOT_FOUND, "there is no database %s", file);
    if (e)
        return e;
    int rc = sqlite3_open_v2(file, &d->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_extended_result_codes(d->sql, 1);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(d->sql, settings, NULL, NULL, NULL);
    if (rc == SQLITE_OK) {
        e = migrate_run(d->sql, migrate_newest(), &rc, why);
        if (e && rc == SQLITE_OK)
            return e;
    }
    if (rc == SQLITE_OK)
        rc = prepare_all(d);
    e = opened(d, rc, file, why);
    if (e)
        return e;
    sqlite3_wal_hook(d->sql, on_commit, d);
    e = site_chain_load(d);
    return e ? err_set(why, e, "cannot read the chain of commits in %s", file) : ERR_OK;
}

void db_close(struct db *d)
{
    for (int i = 0; i < STMT_COUNT; i++)
        sqlite3_finalize(d->stmt[i]);
    /* After a failed sync nobody knows what the disk holds: the log stays as it is, and the next
     * opening takes from it what its checksums vouch for. */
    if (d->dead)
        sqlite3_db_config(d->sql, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(d->sql);
    heads_forget(&d->heads);
    buf_free(&d->scratch);
    memset(d, 0, sizeof *d);
}

void db_checkpoint(struct db *d)
{
    if (d->dead)
        return;
    int left = 0, moved = 0;
    int rc = sqlite3_wal_checkpoint_v2(d->sql, NULL, SQLITE_CHECKPOINT_PASSIVE, &left, &moved);
    if (rc == SQLITE_OK) {
        d->wal_pages = left - moved;
        return;
    }
    if (db_fail(d, rc, "checkpoint") == ERR_STORE)
        d->dead = true;
}

/* ---- batches ---- */

static enum err run_request(struct db *d, struct store_req *r)
{
    switch (r->op) {
    case STORE_APPEND:
        return store_append_run(d, (struct store_append *)r);
    case STORE_LOAD:
        return store_load_run(d, (struct store_load *)r);
    case STORE_EVENTS:
        return store_events_run(d, (struct store_events *)r);
    case STORE_ENTER:
        return store_enter_run(d, (struct store_enter *)r);
    case STORE_LIST_AUDITS:
    case STORE_DUTIES: /* begin when the batch is through */
        return ERR_OK;
    case STORE_DUE_AUDITS:
    case STORE_GLASS_AUDITS:
    case STORE_SOURCE_AUDITS:
        return store_find_audits_run(d, (struct store_find_audits *)r);
    case STORE_CREATE_AUDIT:
        return store_create_audit_run(d, (struct store_create_audit *)r);
    case STORE_SAVE_SNAPSHOT:
        return store_save_snapshot_run(d, (struct store_save_snapshot *)r);
    case STORE_PEOPLE_LOAD:
        return store_people_load_run(d, (struct store_people_load *)r);
    case STORE_PERSON_PUT:
        return store_person_put_run(d, (struct store_person_put *)r);
    case STORE_CODE_PUT:
        return store_code_put_run(d, (struct store_code_put *)r);
    case STORE_CODE_USE:
        return store_code_use_run(d, (struct store_code_use *)r);
    case STORE_CERT_PUT:
        return store_cert_put_run(d, (struct store_cert_put *)r);
    case STORE_TEMPLATE_PUT:
        return store_template_put_run(d, (struct store_template_put *)r);
    case STORE_TEMPLATE_LOAD:
        return store_template_load_run(d, (struct store_template_load *)r);
    case STORE_READ_LOG:
        return store_read_log_run(d, (struct store_read_log *)r);
    case STORE_SETTING_GET:
        return store_setting_get_run(d, (struct store_setting *)r);
    case STORE_SETTING_PUT:
        return store_setting_put_run(d, (struct store_setting *)r);
    case STORE_BACKUP: /* store_sqlite.c carries it out between batches */
        return ERR_INPUT;
    }
    return ERR_INPUT;
}

static void roll_back(struct db *d)
{
    if (!sqlite3_get_autocommit(d->sql)) { /* SQLite may have done so itself */
        bool row;
        if (db_row(d, db_use(d, STMT_ROLLBACK), &row))
            d->dead = true;
    }
    heads_forget(&d->heads);
    if (site_chain_load(d))
        d->dead = true;
}

static enum err commit(struct db *d)
{
    bool row;
    enum err e = site_chain_append(d);
    if (!e)
        e = db_row(d, db_use(d, STMT_COMMIT), &row);
    if (!e)
        heads_committed(&d->heads);
    return e;
}

enum round { ROUND_DONE, ROUND_AGAIN };

/* The writes of this round are lost for `e`, everything that only reads is tried again. */
static enum round lose_writes(struct db *d, struct db_job *jobs, size_t n, enum err e)
{
    if (e == ERR_STORE)
        d->dead = true;
    roll_back(d);
    for (size_t i = 0; i < n; i++) {
        if (!jobs[i].settled && store_op_writes(jobs[i].req->op)) {
            jobs[i].req->err = e;
            jobs[i].settled = true;
        }
    }
    return ROUND_AGAIN;
}

static enum round run_round(struct db *d, struct db_job *jobs, size_t n)
{
    bool begun = false;
    for (size_t i = 0; i < n; i++) {
        struct store_req *r = jobs[i].req;
        if (jobs[i].settled)
            continue;
        bool row, writes = store_op_writes(r->op);
        d->disk_err = ERR_OK;
        if (writes && !begun) {
            enum err e = db_row(d, db_use(d, STMT_BEGIN), &row);
            if (e)
                return lose_writes(d, jobs, n, d->disk_err ? d->disk_err : e);
            begun = true;
        }
        store_req_discard(r);
        store_req_set_key(r, jobs[i].key);
        d->changed = false;
        r->err = run_request(d, r);
        if (r->err == ERR_OK)
            continue;
        store_req_discard(r);
        if (d->disk_err)
            return lose_writes(d, jobs, n, d->disk_err);
        if (writes && (d->changed || sqlite3_get_autocommit(d->sql))) {
            jobs[i].settled = true; /* half of it was done: the others start again without it */
            roll_back(d);
            return ROUND_AGAIN;
        }
    }
    d->disk_err = ERR_OK;
    enum err e = begun ? commit(d) : ERR_OK;
    return e ? lose_writes(d, jobs, n, d->disk_err ? d->disk_err : e) : ROUND_DONE;
}

void db_run_batch(struct db *d, struct db_job *jobs, size_t n)
{
    assert(n <= DB_BATCH_MAX);
    for (size_t i = 0; i < n; i++) {
        struct store_req *r = jobs[i].req;
        store_req_begin(r);
        jobs[i].key = store_req_key(r);
        if (!r->err && !d->dead)
            r->err = store_req_check(r);
        jobs[i].settled = r->err != ERR_OK;
    }
    while (!d->dead && run_round(d, jobs, n) == ROUND_AGAIN)
        ;
    bool worked = false;
    for (size_t i = 0; i < n; i++) {
        struct store_req *r = jobs[i].req;
        if (d->dead && !jobs[i].settled) {
            store_req_discard(r);
            r->err = ERR_STORE;
        } else if (!r->err && work_is(r->op)) {
            /* the others of the batch wait for one slice, not for many */
            r->err = work_begin(d, r, !worked && !d->work, &jobs[i].slow);
            worked = true;
        }
    }
}

bool db_has_work(const struct db *d)
{
    return d->work != NULL;
}

struct store_req *db_work(struct db *d)
{
    return d->work ? work_go_on(d) : NULL;
}
