#include "server/store/rebuild.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/log.h"
#include "server/store/seal.h"
#include "server/store/store_offline.h"
#include "server/store/store_sqlite.h"
#include "server/store/summary.h"
#include "server/store/walk.h"

struct rebuild {
    struct db *d;
    const struct store_rules *rules;
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

static enum err project_duties(struct rebuild *r, uint64_t audit, const struct audit *a,
                               const struct store_summary *s)
{
    static const struct duty_list none;
    struct store_projection made = {0};
    if (!r->rules)
        return ERR_OK;
    enum err e = r->rules->project(r->rules->user, a, &made);
    if (!e)
        e = store_duties_write(r->d, audit, s->ref, s->team, &none, made.duties, made.nduties);
    free(made.duties);
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
        e = store_members_write(r->d, audit, s.ref, members, n);
    if (!e)
        e = project_duties(r, audit, a, &s);
    free(members);
    return e;
}

static enum err clear(struct rebuild *r)
{
    enum err e = db_write(r->d, db_use(r->d, STMT_SUMMARIES_CLEAR));
    if (!e)
        e = db_write(r->d, db_use(r->d, STMT_MEMBERS_CLEAR));
    if (!e && r->rules)
        e = db_write(r->d, db_use(r->d, STMT_DUTIES_CLEAR));
    return e;
}

/* The version of the rules stays when there are none. */
static enum err note_versions(struct rebuild *r)
{
    sqlite3_stmt *q = db_use(r->d, r->rules ? STMT_PROJECTED_PUT : STMT_PROJECTED_PUT_SUMMARIES);
    bind_int(q, 1, SUMMARY_VERSION);
    if (r->rules)
        bind_num(q, 2, r->rules->version);
    return db_write(r->d, q);
}

static enum err rebuild_all(struct rebuild *r, struct err_info *why)
{
    enum err e = clear(r);
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
        e = note_versions(r);
    if (!e)
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

static enum err run(struct rebuild *r, struct err_info *why)
{
    enum err e = walk_templates_load(r->d, &r->templates, why);
    if (!e)
        e = rebuild_in_transaction(r, why);
    walk_templates_free(&r->templates);
    return e;
}

enum err store_sqlite_rebuild(const char *dir, const struct store_rules *rules, FILE *report,
                              struct err_info *why)
{
    struct store_offline o;
    enum err e = store_offline_open(&o, dir, why);
    if (e)
        return e;
    struct rebuild r = {.d = &o.db, .rules = rules};
    e = run(&r, why);
    if (!e)
        fprintf(report, "rebuilt: audits=%" PRIu64 " events=%" PRIu64 " snapshots=%" PRIu64 "\n",
                r.audits, r.events, r.snapshots);
    store_offline_close(&o);
    return e;
}

/* ---- when the store is opened ---- */

static enum err is_old(struct db *d, const struct store_rules *rules, bool *old)
{
    bool row;
    sqlite3_stmt *q = db_use(d, STMT_PROJECTED_GET);
    enum err e = db_row(d, q, &row);
    *old = !e && (!row || sqlite3_column_int64(q, 0) != SUMMARY_VERSION ||
                  (rules && col_num(q, 1) != rules->version));
    db_reset(q);
    return e;
}

enum err rebuild_if_old(struct db *d, const struct store_rules *rules, struct err_info *why)
{
    bool old;
    struct err_info bad = {0};
    struct rebuild r = {.d = d, .rules = rules};
    enum err e = is_old(d, rules, &old);
    if (!e && !old)
        return ERR_OK;
    if (!e)
        e = run(&r, &bad);
    if (e == ERR_CORRUPT && !d->dead) {
        log_error("store", "projections_old", "why=%s", bad.text);
        return ERR_OK;
    }
    if (e)
        return err_set(why, e, "the lists cannot be made again: %s",
                       bad.text[0] ? bad.text : err_text(e));
    if (r.audits)
        log_info("store", "projections_made", "audits=%" PRIu64, r.audits);
    return ERR_OK;
}
