/* The logs: appending, reading back, snapshots. */

#include <stdlib.h>
#include <string.h>

#include "server/store/db.h"
#include "server/store/request.h"
#include "server/store/seal.h"

const struct db_statement store_events_sql[] = {
    {STMT_EVENT_INSERT,    "INSERT INTO events (audit, seq, utc_ms, actor, hash, body)"
                        " VALUES (?, ?, ?, ?, ?, ?)"                          },
    {STMT_EVENT_LAST,      "SELECT seq, utc_ms, hash FROM events WHERE audit = ?"
                      " ORDER BY seq DESC LIMIT 1"                              },
    {STMT_EVENT_TIME,      "SELECT utc_ms FROM events WHERE audit = ? AND seq = ?"                   },
    {STMT_EVENT_RANGE,     "SELECT seq, utc_ms, actor, hash, body FROM events"
                       " WHERE audit = ? AND seq >= ? AND seq < ? ORDER BY seq"},
    {STMT_SNAPSHOT_LAST,   "SELECT seq, nth FROM snapshots WHERE audit = ?"
                         " ORDER BY seq DESC LIMIT 1"                        },
    {STMT_SNAPSHOT_AT,     "SELECT seq, data FROM snapshots WHERE audit = ? AND seq <= ?"
                       " ORDER BY seq DESC LIMIT 1"                            },
    {STMT_SNAPSHOT_INSERT, "INSERT INTO snapshots (audit, seq, nth, data) VALUES (?, ?, ?, ?)"       },
    {STMT_SNAPSHOT_DELETE, "DELETE FROM snapshots WHERE audit = ? AND seq = ?"                       },
    {0,                    NULL                                                                      },
};

/* ---- heads ---- */

static enum err read_head(struct db *d, struct head *h)
{
    bool row;
    sqlite3_stmt *q = db_use(d, STMT_AUDIT_GET);
    bind_num(q, 1, h->audit);
    enum err e = db_row(d, q, &row);
    if (e || !row)
        return e ? e : ERR_NOT_FOUND;
    h->next_agent = col_u32(q, 1);
    e = col_str(q, 0, h->ref, sizeof h->ref);
    db_reset(q);
    if (e)
        return e;
    q = db_use(d, STMT_EVENT_LAST);
    bind_num(q, 1, h->audit);
    e = db_row(d, q, &row);
    if (e || !row)
        return e;
    h->seq = col_num(q, 0);
    h->utc_ms = sqlite3_column_int64(q, 1);
    e = col_bytes(q, 2, h->hash, HASH_LEN);
    db_reset(q);
    return e;
}

enum err store_head_get(struct db *d, uint64_t audit, struct head **out)
{
    *out = heads_find(&d->heads, audit);
    if (*out)
        return ERR_OK;
    struct head fresh = {.audit = audit};
    enum err e = read_head(d, &fresh);
    if (e)
        return e;
    struct head *h = heads_add(&d->heads, audit);
    if (!h)
        return ERR_NOMEM;
    h->seq = fresh.seq;
    h->utc_ms = fresh.utc_ms;
    h->next_agent = fresh.next_agent;
    memcpy(h->hash, fresh.hash, sizeof h->hash);
    memcpy(h->ref, fresh.ref, sizeof h->ref);
    *out = h;
    return ERR_OK;
}

/* ---- append ---- */

static enum err insert_event(struct db *d, struct head *h, struct store_event *e)
{
    buf_clear(&d->scratch);
    enum err err = seal_close(h->audit, e->body, e->body_len, &d->scratch);
    if (err)
        return err;
    seal_chain(h->hash, h->audit, e->seq, e->utc_ms, e->actor, d->scratch.data, d->scratch.len,
               e->hash);
    sqlite3_stmt *q = db_use(d, STMT_EVENT_INSERT);
    bind_num(q, 1, h->audit);
    bind_num(q, 2, e->seq);
    bind_int(q, 3, e->utc_ms);
    bind_int(q, 4, e->actor);
    bind_bytes(q, 5, e->hash, HASH_LEN);
    bind_bytes(q, 6, d->scratch.data, d->scratch.len);
    err = db_write(d, q);
    if (err)
        return err;
    h->seq = e->seq;
    h->utc_ms = e->utc_ms;
    memcpy(h->hash, e->hash, HASH_LEN);
    return ERR_OK;
}

static bool same_duties(const struct head *h, const struct store_append *r)
{
    bool same = h->has_duties && h->nduties == r->nduties;
    for (size_t i = 0; same && i < r->nduties; i++)
        same = store_duty_equal(&h->duties[i], &r->duties[i]);
    return same;
}

static enum err append_duties(struct db *d, struct head *h, const struct store_append *r)
{
    if (same_duties(h, r))
        return ERR_OK;
    struct duty_list old = {.list = h->duties, .n = h->nduties};
    bool known = h->has_duties;
    enum err e = ERR_OK;
    if (!known) {
        old = (struct duty_list){0};
        e = store_duties_read(d, r->audit, &old);
    }
    if (!e)
        e = store_duties_write(d, r->audit, h->ref, r->summary->team, &old, r->duties, r->nduties);
    if (!known)
        free(old.list);
    if (!e)
        heads_keep_duties(h, r->duties, r->nduties);
    return e;
}

enum err store_append_run(struct db *d, struct store_append *r)
{
    struct head *h;
    enum err e = store_head_get(d, r->audit, &h);
    if (e)
        return e;
    if (h->seq != r->expected_seq)
        return ERR_STALE;
    if ((r->summary && strcmp(r->summary->ref, h->ref) != 0) ||
        (h->seq > 0 && r->events[0].utc_ms < h->utc_ms))
        return ERR_INPUT;
    for (size_t i = 0; !e && i < r->nevents; i++)
        e = insert_event(d, h, &r->events[i]);
    if (!e && r->summary && !(h->has_summary && store_summary_equal(r->summary, &h->summary))) {
        e = store_summary_write(d, r->audit, r->summary);
        h->summary = *r->summary;
        h->has_summary = true;
    }
    if (!e && r->members)
        e = store_members_write(d, r->audit, h->ref, r->members, r->nmembers);
    if (!e && r->duties)
        e = append_duties(d, h, r);
    if (!e)
        heads_mark_dirty(&d->heads, h);
    return e; /* after an error the transaction is rolled back and the heads forgotten */
}

/* ---- reading ---- */

/* Rows of STMT_EVENT_RANGE as they come in. */
struct event_rows {
    struct store_event *list;
    size_t *offsets; /* of the bodies */
    size_t n, cap;
    struct buf bodies;
};

static enum err rows_reserve(struct event_rows *rows)
{
    if (rows->n < rows->cap)
        return ERR_OK;
    size_t cap = rows->cap ? 2 * rows->cap : 64;
    struct store_event *list = realloc(rows->list, cap * sizeof *list);
    if (list)
        rows->list = list;
    size_t *offsets = realloc(rows->offsets, cap * sizeof *offsets);
    if (offsets)
        rows->offsets = offsets;
    if (!list || !offsets)
        return ERR_NOMEM;
    rows->cap = cap;
    return ERR_OK;
}

static enum err rows_add(struct event_rows *rows, uint64_t audit, sqlite3_stmt *q)
{
    enum err e = rows_reserve(rows);
    if (e)
        return e;
    struct store_event *ev = &rows->list[rows->n];
    *ev = (struct store_event){
        .seq = col_num(q, 0), .utc_ms = sqlite3_column_int64(q, 1), .actor = col_u32(q, 2)};
    e = col_bytes(q, 3, ev->hash, HASH_LEN);
    const uint8_t *body;
    if (!e)
        e = seal_open(audit, sqlite3_column_blob(q, 4), (size_t)sqlite3_column_bytes(q, 4), &body,
                      &ev->body_len);
    if (e)
        return e;
    rows->offsets[rows->n++] = rows->bodies.len;
    buf_append(&rows->bodies, body, ev->body_len);
    return buf_failed(&rows->bodies) ? ERR_NOMEM : ERR_OK;
}

/* Events [from, end), at most so many bytes of bodies but at least one event. Returns new. */
static enum err read_events(struct db *d, uint64_t audit, uint64_t from, uint64_t end,
                            size_t max_bytes, struct store_event **out, size_t *nout)
{
    struct event_rows rows = {0};
    sqlite3_stmt *q = db_use(d, STMT_EVENT_RANGE);
    bind_num(q, 1, audit);
    bind_num(q, 2, from);
    bind_num(q, 3, end);
    bool row;
    enum err e = db_row(d, q, &row);
    while (!e && row) {
        size_t len = (size_t)sqlite3_column_bytes(q, 4);
        if (rows.n > 0 && (len - 1 > max_bytes || rows.bodies.len > max_bytes - (len - 1)))
            break;
        e = rows_add(&rows, audit, q);
        if (!e && rows.list[rows.n - 1].seq != from + rows.n - 1)
            e = ERR_CORRUPT;
        if (!e)
            e = db_row(d, q, &row);
    }
    db_reset(q);
    if (!e) {
        *out = store_events_pack(rows.list, rows.n, rows.offsets, &rows.bodies);
        *nout = *out ? rows.n : 0;
        e = *out ? ERR_OK : ERR_NOMEM;
    }
    buf_free(&rows.bodies);
    free(rows.offsets);
    free(rows.list);
    return e;
}

/* The audit's last seq, 0 when there is no event. */
static enum err last_seq(struct db *d, uint64_t audit, uint64_t *seq)
{
    sqlite3_stmt *q = db_use(d, STMT_EVENT_LAST);
    bind_num(q, 1, audit);
    bool row;
    enum err e = db_row(d, q, &row);
    *seq = !e && row ? col_num(q, 0) : 0;
    db_reset(q);
    return e;
}

/* The last event of 1 ... last that is not later than `utc_ms`, 0 when none is: times do not run
 * backwards in a log, so halving finds it. */
static enum err seq_at_time(struct db *d, uint64_t audit, uint64_t last, int64_t utc_ms,
                            uint64_t *seq)
{
    uint64_t low = 0, high = last; /* low: not later; above high: later */
    while (low < high) {
        uint64_t middle = low + (high - low + 1) / 2;
        sqlite3_stmt *q = db_use(d, STMT_EVENT_TIME);
        bind_num(q, 1, audit);
        bind_num(q, 2, middle);
        bool row;
        enum err e = db_row(d, q, &row);
        if (e || !row)
            return e ? e : ERR_CORRUPT;
        if (sqlite3_column_int64(q, 0) <= utc_ms)
            low = middle;
        else
            high = middle - 1;
        db_reset(q);
    }
    *seq = low;
    return ERR_OK;
}

static enum err read_snapshot(struct db *d, uint64_t audit, uint64_t upto, struct store_load *r)
{
    sqlite3_stmt *q = db_use(d, STMT_SNAPSHOT_AT);
    bind_num(q, 1, audit);
    bind_num(q, 2, upto);
    bool row;
    enum err e = db_row(d, q, &row);
    if (e || !row)
        return e;
    const uint8_t *data;
    size_t len;
    e = seal_open(audit, sqlite3_column_blob(q, 1), (size_t)sqlite3_column_bytes(q, 1), &data,
                  &len);
    if (!e) {
        buf_append(&r->snapshot, data, len);
        r->snapshot_seq = col_num(q, 0);
        e = buf_failed(&r->snapshot) ? ERR_NOMEM : ERR_OK;
    }
    db_reset(q);
    return e;
}

static enum err find_audit(struct db *d, struct store_load *r)
{
    sqlite3_stmt *q = db_use(d, r->audit ? STMT_AUDIT_GET : STMT_AUDIT_FIND_REF);
    if (r->audit)
        bind_num(q, 1, r->audit);
    else
        bind_str(q, 1, r->ref);
    bool row;
    enum err e = db_row(d, q, &row);
    if (e || !row)
        return e ? e : ERR_NOT_FOUND;
    r->next_agent = col_u32(q, 1);
    if (r->audit)
        e = col_str(q, 0, r->ref, sizeof r->ref);
    else
        r->audit = col_num(q, 0);
    db_reset(q);
    return e;
}

enum err store_load_run(struct db *d, struct store_load *r)
{
    uint64_t to;
    enum err e = find_audit(d, r);
    if (!e)
        e = last_seq(d, r->audit, &to);
    if (!e && to == 0)
        e = ERR_NOT_FOUND;
    if (e)
        return e;
    if (r->at_seq) {
        if (r->at_seq > to)
            return ERR_INPUT;
        to = r->at_seq;
    } else if (r->at_utc_ms) {
        e = seq_at_time(d, r->audit, to, r->at_utc_ms, &to);
        if (e || to == 0)
            return e ? e : ERR_NOT_FOUND;
    }
    e = read_snapshot(d, r->audit, to, r);
    if (e)
        return e;
    return read_events(d, r->audit, r->snapshot_seq + 1, to + 1, SIZE_MAX, &r->events, &r->nevents);
}

enum err store_events_run(struct db *d, struct store_events *r)
{
    uint64_t last;
    enum err e = last_seq(d, r->audit, &last);
    if (e || last == 0)
        return e ? e : ERR_NOT_FOUND;
    if (r->from_seq > last)
        return read_events(d, r->audit, last + 1, last + 1, 0, &r->events, &r->nevents);
    uint64_t end = last + 1 - r->from_seq > r->max_events ? r->from_seq + r->max_events : last + 1;
    return read_events(d, r->audit, r->from_seq, end, r->max_bytes, &r->events, &r->nevents);
}

/* ---- snapshots ---- */

static enum err snapshot_delete(struct db *d, uint64_t audit, uint64_t seq)
{
    sqlite3_stmt *q = db_use(d, STMT_SNAPSHOT_DELETE);
    bind_num(q, 1, audit);
    bind_num(q, 2, seq);
    return db_write(d, q);
}

enum err store_save_snapshot_run(struct db *d, const struct store_save_snapshot *r)
{
    struct head *h;
    enum err e = store_head_get(d, r->audit, &h);
    if (e || h->seq == 0)
        return e ? e : ERR_NOT_FOUND;
    if (r->seq > h->seq)
        return ERR_STALE;
    sqlite3_stmt *q = db_use(d, STMT_SNAPSHOT_LAST);
    bind_num(q, 1, r->audit);
    bool row;
    e = db_row(d, q, &row);
    if (e)
        return e;
    uint64_t before = row ? col_num(q, 0) : 0, nth = row ? col_num(q, 1) : 0;
    db_reset(q);
    if (r->seq <= before)
        return ERR_OK;
    struct buf stored = BUF_INIT;
    e = seal_close(r->audit, r->data, r->len, &stored);
    if (!e && nth > 0 && (nth - 1) % STORE_SNAPSHOT_KEEP != 0)
        e = snapshot_delete(d, r->audit, before);
    if (!e) {
        q = db_use(d, STMT_SNAPSHOT_INSERT);
        bind_num(q, 1, r->audit);
        bind_num(q, 2, r->seq);
        bind_num(q, 3, nth + 1);
        bind_bytes(q, 4, stored.data, stored.len);
        e = db_write(d, q);
    }
    buf_free(&stored);
    return e;
}
