#include "server/store/store_sqlite.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "server/store/backup.h"
#include "server/store/db.h"
#include "server/store/dir_lock.h"
#include "server/store/rebuild.h"
#include "server/store/request.h"

/* Moving the log into the database costs a sync of its own and the pages that changed, once for
 * all that happened to them since: rarely is cheap. So: when nobody wants anything, or when the log
 * has become large. */
enum {
    QUEUE_MAX = 65536,
    CHECKPOINT_PAGES = 4096, /* 16 MiB */
    CHECKPOINT_IDLE_PAGES = 64,
    IDLE_NS = 200 * 1000 * 1000,
    COMPANY_MAX_NS = 1000 * 1000,
};

struct req_list {
    struct store_req *first, **last;
};

struct store_sqlite {
    struct store store;
    uv_loop_t *loop; /* NULL: only store_sqlite_run */
    uv_async_t async;
    uv_thread_t thread;
    int lock_fd;
    uint32_t queue_max, commit_window_us;
    size_t in_flight; /* submitted, `done` not yet run; the submitting thread's */
    void (*closed)(void *user);
    void *closed_user;

    uv_mutex_t mutex;
    uv_cond_t wake;           /* the storage thread: there is something in `waiting` */
    uv_cond_t news;           /* store_sqlite_run: there is something in `finished` */
    struct req_list waiting;  /* under mutex */
    struct req_list finished; /* under mutex */
    bool stopping, stopped;   /* under mutex */
    size_t nwaiting;          /* under mutex */
    size_t wake_at;           /* under mutex: signal `wake` when so many wait; 0: nobody listens */

    atomic_bool dead;

    /* The storage thread's own: */
    struct db db;
    struct backup backup;
    struct db_job jobs[DB_BATCH_MAX];
    size_t last_batch; /* how many requests the last one had, and how long it took */
    uint64_t last_batch_ns;
    int stuck_pages; /* in the log, that a checkpoint could not move: the disk was full */
};

static struct store_sqlite *of(struct store *s)
{
    return (struct store_sqlite *)s;
}

static void list_init(struct req_list *l)
{
    l->first = NULL;
    l->last = &l->first;
}

static void list_add(struct req_list *l, struct store_req *r)
{
    r->next = NULL;
    *l->last = r;
    l->last = &r->next;
}

/* ---- the submitting thread ---- */

static void submit(struct store *s, struct store_req *r)
{
    struct store_sqlite *m = of(s);
    r->err = m->in_flight >= m->queue_max ? ERR_FULL : ERR_OK; /* answered in its turn */
    m->in_flight++;
    uv_mutex_lock(&m->mutex);
    list_add(&m->waiting, r);
    if (++m->nwaiting == m->wake_at)
        uv_cond_signal(&m->wake);
    uv_mutex_unlock(&m->mutex);
}

static bool is_dead(const struct store *s)
{
    return atomic_load(&((const struct store_sqlite *)s)->dead);
}

static size_t queued(const struct store *s)
{
    return ((const struct store_sqlite *)s)->in_flight;
}

static const struct store_vtable vtable = {submit, is_dead, queued};

/* Takes everything finished. */
static struct store_req *take_finished(struct store_sqlite *m, bool *stopped)
{
    uv_mutex_lock(&m->mutex);
    struct store_req *r = m->finished.first;
    list_init(&m->finished);
    *stopped = m->stopped;
    uv_mutex_unlock(&m->mutex);
    return r;
}

/* Runs their `done`; true when `wanted` was among them. */
static bool run_done(struct store_sqlite *m, struct store_req *r, const struct store_req *wanted)
{
    bool found = false;
    while (r) {
        struct store_req *next = r->next;
        found = found || r == wanted;
        r->next = NULL;
        m->in_flight--;
        if (r->done)
            r->done(r); /* may free it or submit it again */
        r = next;
    }
    return found;
}

static void release(struct store_sqlite *m)
{
    uv_cond_destroy(&m->news);
    uv_cond_destroy(&m->wake);
    uv_mutex_destroy(&m->mutex);
    free(m);
}

static void on_async_closed(uv_handle_t *handle)
{
    struct store_sqlite *m = handle->data;
    void (*closed)(void *user) = m->closed;
    void *user = m->closed_user;
    release(m);
    if (closed)
        closed(user);
}

static void on_async(uv_async_t *async)
{
    struct store_sqlite *m = async->data;
    bool stopped;
    run_done(m, take_finished(m, &stopped), NULL);
    if (!stopped || uv_is_closing((uv_handle_t *)async))
        return;
    uv_thread_join(&m->thread);
    uv_close((uv_handle_t *)async, on_async_closed);
}

enum err store_sqlite_run(struct store *s, struct store_req *r)
{
    struct store_sqlite *m = of(s);
    submit(s, r);
    for (bool found = false; !found;) {
        uv_mutex_lock(&m->mutex);
        while (!m->finished.first)
            uv_cond_wait(&m->news, &m->mutex);
        uv_mutex_unlock(&m->mutex);
        bool stopped;
        found = run_done(m, take_finished(m, &stopped), r);
    }
    return r->err;
}

/* ---- the storage thread ---- */

static void finish(struct store_sqlite *m, struct store_req *const *reqs, size_t n)
{
    uv_mutex_lock(&m->mutex);
    for (size_t i = 0; i < n; i++)
        list_add(&m->finished, reqs[i]);
    uv_cond_signal(&m->news);
    uv_mutex_unlock(&m->mutex);
    if (m->loop)
        uv_async_send(&m->async);
}

/* Sleeps until `n` requests wait or the time is over (0: there is no end); mutex held. */
static void sleep_until(struct store_sqlite *m, size_t n, uint64_t timeout_ns)
{
    uint64_t end = uv_hrtime() + timeout_ns;
    m->wake_at = n;
    while (m->nwaiting < n && !m->stopping) {
        uint64_t now = timeout_ns ? uv_hrtime() : 0;
        if (timeout_ns && now >= end)
            break;
        if (timeout_ns)
            uv_cond_timedwait(&m->wake, &m->mutex, end - now);
        else
            uv_cond_wait(&m->wake, &m->mutex);
    }
    m->wake_at = 0;
}

/* Those who were answered together send their next at about the same time. The first of them alone
 * would cost a sync that the others then wait for; so it waits a little for as many as there were,
 * never longer than a fraction of what a commit takes. One writer alone never waits. */
static uint64_t company_ns(const struct store_sqlite *m)
{
    if (m->commit_window_us)
        return m->commit_window_us * 1000ull;
    uint64_t ns = m->last_batch_ns / 4;
    return ns < 1 ? 1 : ns > COMPANY_MAX_NS ? COMPANY_MAX_NS : ns;
}

/* Sleeps until there is something to do: a request, the end, or housekeeping that can be done while
 * nobody wants anything. Returns how many requests it took into jobs. */
static size_t take_waiting(struct store_sqlite *m, bool *stopping)
{
    bool can_tidy = m->db.wal_pages - m->stuck_pages >= CHECKPOINT_IDLE_PAGES && !m->db.dead;
    size_t n = 0;
    uv_mutex_lock(&m->mutex);
    if (!m->backup.req && !db_has_work(&m->db))
        sleep_until(m, 1, can_tidy ? IDLE_NS : 0);
    if (m->waiting.first && m->last_batch > m->nwaiting)
        sleep_until(m, m->last_batch, company_ns(m));
    while (m->waiting.first && n < DB_BATCH_MAX) {
        struct store_req *r = m->waiting.first;
        m->waiting.first = r->next;
        m->jobs[n++] = (struct db_job){.req = r};
    }
    m->nwaiting -= n;
    if (!m->waiting.first)
        m->waiting.last = &m->waiting.first;
    *stopping = m->stopping && !m->waiting.first;
    uv_mutex_unlock(&m->mutex);
    return n;
}

/* Moves backups out of the batch; one can be under way. Refused ones stay, with their error. */
static size_t start_backups(struct store_sqlite *m, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        struct store_req *r = m->jobs[i].req;
        if (r->op == STORE_BACKUP && !r->err && !m->db.dead && store_req_check(r) == ERR_OK) {
            r->err = m->backup.req ? ERR_SLOW_DOWN
                                   : backup_begin(&m->backup, &m->db, (struct store_backup *)r);
            if (!r->err)
                continue;
        }
        m->jobs[kept++] = m->jobs[i];
    }
    return kept;
}

static void checkpoint(struct store_sqlite *m)
{
    int pages = m->db.wal_pages;
    uint64_t begun = uv_hrtime();
    db_checkpoint(&m->db);
    m->stuck_pages = m->db.wal_pages;
    log_debug("store", "checkpoint", "pages=%d left=%d us=%" PRIu64, pages, m->db.wal_pages,
              (uv_hrtime() - begun) / 1000);
}

/* Before anybody hears of the failure: their `done` asks. */
static void note_death(struct store_sqlite *m)
{
    if (m->db.dead && !atomic_exchange(&m->dead, true))
        log_error("store", "dead", "reason=disk");
}

static void run_jobs(struct store_sqlite *m, size_t n)
{
    struct store_req *reqs[DB_BATCH_MAX];
    uint64_t begun = uv_hrtime();
    db_run_batch(&m->db, m->jobs, n);
    note_death(m);
    m->last_batch = n;
    m->last_batch_ns = uv_hrtime() - begun;
    size_t finished = 0;
    for (size_t i = 0; i < n; i++)
        if (!m->jobs[i].slow)
            reqs[finished++] = m->jobs[i].req;
    finish(m, reqs, finished);
    if (m->db.wal_pages - m->stuck_pages >= CHECKPOINT_PAGES)
        checkpoint(m);
}

static void copy_slice(struct store_sqlite *m)
{
    struct store_req *r = &m->backup.req->req;
    if (m->db.dead)
        backup_abort(&m->backup, ERR_STORE);
    else if (!backup_slice(&m->backup))
        return;
    finish(m, &r, 1);
}

static void list_slice(struct store_sqlite *m)
{
    struct store_req *r = db_work(&m->db);
    note_death(m);
    if (r)
        finish(m, &r, 1);
}

static void storage_thread(void *arg)
{
    struct store_sqlite *m = arg;
    for (bool stopping = false; !stopping || m->backup.req || db_has_work(&m->db);) {
        size_t n = start_backups(m, take_waiting(m, &stopping));
        bool slow = db_has_work(&m->db);
        if (n > 0)
            run_jobs(m, n);
        if (slow)
            list_slice(m);
        if (m->backup.req)
            copy_slice(m);
        else if (!slow && n == 0 && !stopping &&
                 m->db.wal_pages - m->stuck_pages >= CHECKPOINT_IDLE_PAGES)
            checkpoint(m);
        note_death(m);
    }
    db_close(&m->db);
    dir_unlock(m->lock_fd);
    m->lock_fd = -1;
    uv_mutex_lock(&m->mutex);
    m->stopped = true;
    uv_mutex_unlock(&m->mutex);
    if (m->loop)
        uv_async_send(&m->async);
}

/* ---- open, close ---- */

static void stop(struct store_sqlite *m)
{
    uv_mutex_lock(&m->mutex);
    m->stopping = true;
    uv_cond_signal(&m->wake);
    uv_mutex_unlock(&m->mutex);
}

/* The database and the thread: everything that can still fail after the lock. */
static enum err start(struct store_sqlite *m, uv_loop_t *loop, const char *dir, bool create,
                      const struct store_rules *rules, struct err_info *why)
{
    char file[4096];
    if (snprintf(file, sizeof file, "%s/tandem.db", dir) >= (int)sizeof file)
        return err_set(why, ERR_INPUT, "the directory's name is too long");
    enum err e = db_open(&m->db, file, create, why);
    if (!e)
        e = rebuild_if_old(&m->db, rules, why);
    if (e)
        return e;
    if (uv_thread_create(&m->thread, storage_thread, m) != 0)
        return err_set(why, ERR_NOMEM, "cannot start the storage thread");
    if (!loop)
        return ERR_OK;
    if (uv_async_init(loop, &m->async, on_async) != 0) {
        stop(m);
        uv_thread_join(&m->thread);
        return err_set(why, ERR_NOMEM, "cannot hear from the storage thread");
    }
    m->async.data = m;
    m->loop = loop; /* the thread looks at it after the first request or the end */
    return ERR_OK;
}

enum err store_sqlite_open(uv_loop_t *loop, const char *dir, bool create,
                           const struct store_sqlite_options *options, struct store **out,
                           struct err_info *why)
{
    struct store_sqlite *m = calloc(1, sizeof *m);
    if (!m)
        return err_set(why, ERR_NOMEM, "not enough memory to open the store");
    m->store.vtable = &vtable;
    m->queue_max = options && options->queue_max ? options->queue_max : QUEUE_MAX;
    m->commit_window_us = options ? options->commit_window_us : 0;
    list_init(&m->waiting);
    list_init(&m->finished);
    enum err e = dir_lock(dir, create, &m->lock_fd, why);
    if (e) {
        free(m);
        return e;
    }
    bool ready =
        uv_mutex_init(&m->mutex) == 0 && uv_cond_init(&m->wake) == 0 && uv_cond_init(&m->news) == 0;
    assert(ready); /* glibc's cannot fail */
    e = start(m, loop, dir, create, options ? options->rules : NULL, why);
    if (e) {
        db_close(&m->db);
        dir_unlock(m->lock_fd);
        release(m);
        return e;
    }
    *out = &m->store;
    return ERR_OK;
}

void store_sqlite_close(struct store *s, void (*closed)(void *user), void *user)
{
    struct store_sqlite *m = of(s);
    m->closed = closed;
    m->closed_user = user;
    bool in_loop = m->loop != NULL;
    stop(m);
    if (in_loop) /* the rest happens in on_async */
        return;
    uv_thread_join(&m->thread);
    bool stopped;
    run_done(m, take_finished(m, &stopped), NULL);
    assert(stopped);
    release(m);
    if (closed)
        closed(user);
}

enum err store_sqlite_backup(const char *dir, const char *to_dir, struct err_info *why)
{
    struct store *s;
    enum err e = store_sqlite_open(NULL, dir, false, NULL, &s, why);
    if (e)
        return e;
    struct store_backup b = {.req.op = STORE_BACKUP, .to_dir = to_dir};
    e = store_sqlite_run(s, &b.req);
    store_sqlite_close(s, NULL, NULL);
    if (e == ERR_EXISTS)
        return err_set(why, e, "there is a database in %s already: name a new directory", to_dir);
    return e ? err_set(why, e, "cannot copy to %s: %s", to_dir, err_text(e)) : ERR_OK;
}
