#include <inttypes.h>
#include <stdlib.h>

#include "server/store/seal.h"
#include "server/store/store_offline.h"
#include "server/store/store_sqlite.h"
#include "server/store/summary.h"
#include "server/store/walk.h"

struct rebuild {
    struct db *d;
    struct walk_templates templates;
    uint64_t audits, events, snapshots;
};

static enum err on_snapshot(void *user, uint64_t audit, uint64_t seq, const struct audit *a,
                            const struct buf *stored)
{
    (void)stored;
    struct rebuild *r = user;
    struct buf made = BUF_INIT, sealed = BUF_INIT;
    audit_encode(a, NULL, &made);
    enum err e = buf_failed(&made) ? ERR_NOMEM : seal_close(audit, made.data, made.len, &sealed);
    if (!e) {
        sqlite3_stmt *q = db_use(r->d, STMT_SNAPSHOT_PUT_DATA);
        bind_bytes(q, 1, sealed.data, sealed.len);
        bind_num(q, 2, audit);
        bind_num(q, 3, seq);
        e = db_write(r->d, q);
        r->snapshots++;
    }
    buf_free(&sealed);
    buf_free(&made);
    return e;
}

static enum err project(struct rebuild *r, uint64_t audit, const struct audit *a)
{
    struct store_summary s;
    struct store_member *members;
    size_t n;
    summary_of(a, &s);
    enum err e = summary_members_of(a, &members, &n);
    if (!e)
        e = store_summary_write(r->d, audit, &s);
    if (!e)
        e = store_members_write(r->d, audit, members, n);
    free(members);
    return e;
}

static enum err rebuild_all(struct rebuild *r, struct err_info *why)
{
    enum err e = db_write(r->d, db_use(r->d, STMT_SUMMARIES_CLEAR));
    if (!e)
        e = db_write(r->d, db_use(r->d, STMT_MEMBERS_CLEAR));
    char ref[32];
    uint64_t audit = 0, events;
    uint32_t next_agent;
    while (!e && (e = store_offline_next_audit(r->d, &audit, ref, &next_agent)) == ERR_OK) {
        struct audit *a;
        struct err_info bad;
        e = walk_log(r->d, &r->templates, audit, on_snapshot, r, &a, &events, &bad);
        if (e)
            return err_set(why, e, "nothing was changed: %s", bad.text);
        if (a) {
            e = project(r, audit, a);
            r->audits++;
            r->events += events;
        }
        audit_free(a);
    }
    if (e == ERR_NOT_FOUND)
        return ERR_OK;
    return err_set(why, e, "nothing was changed: %s", err_text(e));
}

static enum err rebuild_in_transaction(struct rebuild *r, struct err_info *why)
{
    bool row;
    enum err e = db_row(r->d, db_use(r->d, STMT_BEGIN), &row);
    if (e)
        return err_set(why, e, "cannot begin: %s", err_text(e));
    e = rebuild_all(r, why);
    if (!e) {
        e = db_row(r->d, db_use(r->d, STMT_COMMIT), &row);
        if (e)
            (void)err_set(why, e, "nothing was changed: %s", err_text(e));
    }
    if (e && !sqlite3_get_autocommit(r->d->sql) && db_row(r->d, db_use(r->d, STMT_ROLLBACK), &row))
        r->d->dead = true; /* closing rolls back as well */
    return e;
}

enum err store_sqlite_rebuild(const char *dir, FILE *report, struct err_info *why)
{
    struct store_offline o;
    enum err e = store_offline_open(&o, dir, why);
    if (e)
        return e;
    struct rebuild r = {.d = &o.db};
    e = walk_templates_load(r.d, &r.templates, why);
    if (!e)
        e = rebuild_in_transaction(&r, why);
    if (!e)
        fprintf(report, "rebuilt: audits=%" PRIu64 " events=%" PRIu64 " snapshots=%" PRIu64 "\n",
                r.audits, r.events, r.snapshots);
    walk_templates_free(&r.templates);
    store_offline_close(&o);
    return e;
}
