#include "server/store/walk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/seal.h"

/* ---- templates ---- */

enum err walk_templates_load(struct db *d, struct walk_templates *out, struct err_info *why)
{
    struct store_template_load q = {.req.op = STORE_TEMPLATE_LOAD};
    memset(out, 0, sizeof *out);
    enum err e = store_template_load_run(d, &q);
    if (e)
        return err_set(why, e, "cannot read the templates");
    out->list = calloc(q.ntemplates + 1, sizeof *out->list);
    if (!out->list)
        e = err_set(why, ERR_NOMEM, "not enough memory for the templates");
    for (size_t i = 0; !e && i < q.ntemplates; i++) {
        const struct store_template *t = &q.templates[i];
        struct err_info bad = {0};
        if (template_decode(t->data, t->len, &out->list[i], &bad) == ERR_OK)
            out->n++;
        else
            e = err_set(why, ERR_CORRUPT, "template %s version %" PRIu32 ": cannot be read: %.200s",
                        t->id, t->version, bad.text);
    }
    free(q.templates);
    if (e)
        walk_templates_free(out);
    return e;
}

void walk_templates_free(struct walk_templates *t)
{
    for (size_t i = 0; i < t->n; i++)
        template_free(t->list[i]);
    free(t->list);
    memset(t, 0, sizeof *t);
}

static const struct template *find_template(const struct walk_templates *t, const char *id,
                                            uint32_t version)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->list[i]->version == version && strcmp(t->list[i]->id, id) == 0)
            return t->list[i];
    return NULL;
}

/* ---- one log ---- */

struct walk {
    struct db *d;
    const struct walk_templates *templates;
    uint64_t audit;
    uint64_t seq; /* of the last event read */
    int64_t utc_ms;
    uint8_t hash[HASH_LEN];
    struct audit *a;
    struct err_info *why;
};

static enum err bad(struct walk *w, const char *what)
{
    return err_set(w->why, ERR_CORRUPT, "audit %" PRIu64 " event %" PRIu64 ": %s", w->audit, w->seq,
                   what);
}

static enum err begin_fold(struct walk *w, const uint8_t *body, size_t len)
{
    char id[32];
    uint32_t version;
    if (audit_template_of(body, len, false, id, &version))
        return bad(w, "does not create an audit");
    const struct template *t = find_template(w->templates, id, version);
    if (!t)
        return bad(w, "asks for a template that is not there");
    w->a = audit_new(t);
    return w->a ? ERR_OK : ERR_NOMEM;
}

static enum err fold(struct walk *w, uint32_t actor, const uint8_t *body, size_t len)
{
    enum err e = w->seq == 1 ? begin_fold(w, body, len) : ERR_OK;
    if (e)
        return e;
    struct event_body *decoded = NULL;
    e = event_body_decode(body, len, &decoded, NULL);
    if (!e) {
        struct event ev = {.seq = w->seq, .utc_ms = w->utc_ms, .actor = actor, .body = *decoded};
        e = audit_apply(w->a, &ev);
    }
    event_body_free(decoded);
    return !e || e == ERR_NOMEM ? e : bad(w, "cannot have happened to this audit");
}

/* One row of STMT_EVENT_RANGE. */
static enum err take_event(struct walk *w, sqlite3_stmt *q)
{
    uint64_t expected = w->seq + 1;
    int64_t before = w->utc_ms;
    w->seq = col_num(q, 0);
    w->utc_ms = sqlite3_column_int64(q, 1);
    uint32_t actor = col_u32(q, 2);
    uint8_t stored_hash[HASH_LEN];
    if (w->seq != expected) {
        w->seq = expected;
        return bad(w, "is missing");
    }
    const void *stored = sqlite3_column_blob(q, 4);
    size_t stored_len = (size_t)sqlite3_column_bytes(q, 4);
    seal_chain(w->hash, w->audit, w->seq, w->utc_ms, actor, stored, stored_len, w->hash);
    if (col_bytes(q, 3, stored_hash, HASH_LEN) || memcmp(stored_hash, w->hash, HASH_LEN) != 0)
        return bad(w, "does not match its hash");
    if (w->seq > 1 && w->utc_ms < before)
        return bad(w, "is earlier than the one before");
    const uint8_t *body;
    size_t len;
    if (seal_open(w->audit, stored, stored_len, &body, &len))
        return bad(w, "cannot be unsealed");
    return fold(w, actor, body, len);
}

/* The snapshot after the last event read, which is there. */
static enum err take_snapshot(struct walk *w, walk_snapshot_fn on_snapshot, void *user)
{
    sqlite3_stmt *q = db_use(w->d, STMT_SNAPSHOT_FROM);
    bind_num(q, 1, w->audit);
    bind_num(q, 2, w->seq);
    bool row;
    enum err e = db_row(w->d, q, &row);
    if (e)
        return e;
    struct buf data = BUF_INIT;
    const uint8_t *p;
    size_t len;
    bool readable = row && seal_open(w->audit, sqlite3_column_blob(q, 1),
                                     (size_t)sqlite3_column_bytes(q, 1), &p, &len) == ERR_OK;
    if (readable)
        buf_append(&data, p, len);
    db_reset(q); /* on_snapshot may write */
    e = buf_failed(&data) ? ERR_NOMEM
                          : on_snapshot(user, w->audit, w->seq, w->a, readable ? &data : NULL);
    buf_free(&data);
    return e;
}

/* The seq of the first snapshot at or after `from`; 0 when there is none. */
static enum err find_snapshot(struct walk *w, uint64_t from, uint64_t *seq)
{
    sqlite3_stmt *q = db_use(w->d, STMT_SNAPSHOT_FROM);
    bind_num(q, 1, w->audit);
    bind_num(q, 2, from);
    bool row;
    enum err e = db_row(w->d, q, &row);
    *seq = !e && row ? col_num(q, 0) : 0;
    db_reset(q);
    return e;
}

enum err walk_log(struct db *d, const struct walk_templates *templates, uint64_t audit,
                  walk_snapshot_fn on_snapshot, void *user, struct audit **out, uint64_t *events,
                  struct err_info *why)
{
    struct walk w = {.d = d, .templates = templates, .audit = audit, .why = why};
    uint64_t next_snapshot;
    *out = NULL;
    why->code = ERR_OK;
    enum err e = find_snapshot(&w, 1, &next_snapshot);
    sqlite3_stmt *q = db_use(d, STMT_EVENT_RANGE);
    bind_num(q, 1, audit);
    bind_num(q, 2, 1);
    bind_num(q, 3, INT64_MAX);
    bool row = false;
    if (!e)
        e = db_row(d, q, &row);
    while (!e && row) {
        e = take_event(&w, q);
        if (!e && w.seq == next_snapshot) {
            e = take_snapshot(&w, on_snapshot, user);
            if (!e)
                e = find_snapshot(&w, w.seq + 1, &next_snapshot);
        }
        if (!e)
            e = db_row(d, q, &row);
    }
    db_reset(q);
    if (!e && next_snapshot != 0)
        e = err_set(why, ERR_CORRUPT,
                    "audit %" PRIu64 ": a snapshot after event %" PRIu64 ", which is not there",
                    audit, next_snapshot);
    *events = w.seq;
    if (e) {
        audit_free(w.a);
        w.a = NULL;
        if (e != ERR_CORRUPT || why->code != ERR_CORRUPT)
            e = err_set(why, e, "audit %" PRIu64 ": %s", audit, err_text(e));
    }
    *out = w.a;
    return e;
}
