#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/request.h"
#include "server/store/site_chain.h"
#include "server/store/store_offline.h"
#include "server/store/store_sqlite.h"
#include "server/store/summary.h"
#include "server/store/walk.h"

struct verify {
    struct db *d;
    const struct store_rules *rules;
    FILE *report;
    struct walk_templates templates;
    uint64_t audits, events, commits, problems;
    struct site_chain_head *tips; /* last seq of each audit as the site's chain has it, by audit */
    size_t ntips;
};

static void problem(struct verify *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void problem(struct verify *v, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vfprintf(v->report, fmt, args);
    va_end(args);
    fputc('\n', v->report);
    v->problems++;
}

/* ---- SQLite's own checks ---- */

static enum err check_pragma(struct verify *v, const char *pragma, const char *good)
{
    sqlite3_stmt *q;
    int rc = sqlite3_prepare_v2(v->d->sql, pragma, -1, &q, NULL);
    if (rc != SQLITE_OK)
        return db_fail(v->d, rc, pragma);
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        const char *line = (const char *)sqlite3_column_text(q, 0);
        if (!line || !good || strcmp(line, good) != 0)
            problem(v, "database: %s: %s", pragma, line ? line : "?");
    }
    sqlite3_finalize(q);
    return rc == SQLITE_DONE ? ERR_OK : db_fail(v->d, rc, pragma);
}

static enum err check_lost(struct verify *v, enum stmt which, const char *what)
{
    sqlite3_stmt *q = db_use(v->d, which);
    bool row;
    enum err e = db_row(v->d, q, &row);
    while (!e && row) {
        problem(v, "audit %" PRIu64 ": %s", col_num(q, 0), what);
        e = db_row(v->d, q, &row);
    }
    db_reset(q);
    return e;
}

/* ---- the site's chain ---- */

/* Where in tips the audit is or belongs. */
static size_t tip_index(const struct verify *v, uint64_t audit)
{
    size_t low = 0, high = v->ntips;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (v->tips[middle].audit < audit)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint64_t tip_of(const struct verify *v, uint64_t audit)
{
    size_t i = tip_index(v, audit);
    return i < v->ntips && v->tips[i].audit == audit ? v->tips[i].seq : 0;
}

static enum err move_tip(struct verify *v, const struct site_chain_head *h)
{
    size_t i = tip_index(v, h->audit);
    if (i < v->ntips && v->tips[i].audit == h->audit) {
        if (h->seq <= v->tips[i].seq)
            problem(v, "audit %" PRIu64 ": the site's chain goes back to event %" PRIu64, h->audit,
                    h->seq);
        v->tips[i].seq = h->seq;
        return ERR_OK;
    }
    if (v->ntips % 1024 == 0) {
        struct site_chain_head *more = realloc(v->tips, (v->ntips + 1024) * sizeof *more);
        if (!more)
            return ERR_NOMEM;
        v->tips = more;
    }
    memmove(&v->tips[i + 1], &v->tips[i], (v->ntips - i) * sizeof *v->tips);
    v->tips[i] = *h;
    v->ntips++;
    return ERR_OK;
}

/* Fills in the hashes as the logs have them; *complete: every event is there. */
static enum err look_up_heads(struct verify *v, struct site_chain_head *heads, size_t n,
                              bool *complete)
{
    *complete = true;
    for (size_t i = 0; i < n; i++) {
        sqlite3_stmt *q = db_use(v->d, STMT_EVENT_HASH);
        bind_num(q, 1, heads[i].audit);
        bind_num(q, 2, heads[i].seq);
        bool row;
        enum err e = db_row(v->d, q, &row);
        if (e)
            return e;
        if (!row) {
            problem(v, "audit %" PRIu64 " event %" PRIu64 ": was committed and is missing",
                    heads[i].audit, heads[i].seq);
            *complete = false;
        } else if (col_bytes(q, 0, heads[i].hash, HASH_LEN)) {
            *complete = false;
        }
        db_reset(q);
    }
    return ERR_OK;
}

/* One row of STMT_COMMITS_LIST; `hash` goes from the commit before to this one. */
static enum err check_commit(struct verify *v, sqlite3_stmt *q, uint8_t hash[HASH_LEN])
{
    struct site_chain_head *heads = NULL;
    size_t n = 0;
    bool complete;
    uint8_t stored[HASH_LEN];
    uint64_t number = col_num(q, 0);
    if (number != v->commits + 1)
        problem(v, "commit %" PRIu64 ": is missing", v->commits + 1);
    v->commits = number;
    if (col_bytes(q, 2, stored, HASH_LEN) ||
        site_chain_decode(sqlite3_column_blob(q, 1), (size_t)sqlite3_column_bytes(q, 1), &heads,
                          &n)) {
        problem(v, "commit %" PRIu64 ": cannot be read", number);
        return ERR_OK;
    }
    enum err e = look_up_heads(v, heads, n, &complete);
    for (size_t i = 0; !e && i < n; i++)
        e = move_tip(v, &heads[i]);
    if (!e)
        e = site_chain_hash(hash, number, heads, n, &v->d->scratch, hash);
    if (!e && complete && memcmp(hash, stored, HASH_LEN) != 0)
        problem(v, "commit %" PRIu64 ": does not match its hash", number);
    memcpy(hash, stored, HASH_LEN); /* one break is reported once */
    free(heads);
    return e;
}

static enum err check_commits(struct verify *v, uint8_t site_head[HASH_LEN])
{
    memset(site_head, 0, HASH_LEN);
    sqlite3_stmt *q = db_use(v->d, STMT_COMMITS_LIST);
    bool row;
    enum err e = db_row(v->d, q, &row);
    while (!e && row) {
        e = check_commit(v, q, site_head);
        if (!e)
            e = db_row(v->d, q, &row);
    }
    db_reset(q);
    return e;
}

/* ---- one audit ---- */

static enum err on_snapshot(void *user, uint64_t audit, uint64_t seq, const struct audit *a,
                            const struct buf *stored)
{
    struct verify *v = user;
    struct buf made = BUF_INIT;
    audit_encode(a, NULL, &made);
    enum err e = buf_failed(&made) ? ERR_NOMEM : ERR_OK;
    if (!e &&
        (!stored || stored->len != made.len || memcmp(stored->data, made.data, made.len) != 0))
        problem(v,
                "audit %" PRIu64 ": the snapshot after event %" PRIu64 " is not what the log says",
                audit, seq);
    buf_free(&made);
    return e;
}

static bool members_equal(const struct store_member *a, size_t na, const struct store_member *b,
                          size_t nb)
{
    for (size_t i = 0; na == nb && i < na; i++)
        if (a[i].person != b[i].person || a[i].role != b[i].role ||
            strcmp(a[i].sections, b[i].sections) != 0)
            return false;
    return na == nb;
}

static bool duties_equal(const struct store_projection *a, const struct duty_list *b)
{
    bool equal = a->nduties == b->n;
    for (size_t i = 0; equal && i < b->n; i++)
        equal = store_duty_equal(&a->duties[i], &b->list[i]);
    return equal;
}

static enum err check_summary(struct verify *v, uint64_t audit, const struct audit *a)
{
    struct store_summary want, have = {0};
    bool found;
    summary_of(a, &want);
    enum err e = store_summary_read(v->d, audit, &found, &have);
    if (!e && (!found || !store_summary_equal(&want, &have)))
        problem(v, "audit %" PRIu64 ": the list's row is not what the log says", audit);
    return e;
}

static enum err check_members(struct verify *v, uint64_t audit, const struct audit *a)
{
    struct store_member *want = NULL;
    struct member_list have = {0};
    size_t n;
    enum err e = summary_members_of(a, &want, &n);
    if (!e)
        e = store_members_read(v->d, audit, &have);
    if (!e && !members_equal(want, n, have.list, have.n))
        problem(v, "audit %" PRIu64 ": the members are not what the log says", audit);
    free(want);
    free(have.list);
    return e;
}

static enum err check_duties(struct verify *v, uint64_t audit, const struct audit *a)
{
    struct store_projection want = {0};
    struct duty_list have = {0};
    if (!v->rules)
        return ERR_OK;
    enum err e = v->rules->project(v->rules->user, a, &want);
    if (!e)
        e = store_duties_read(v->d, audit, &have);
    if (!e && !duties_equal(&want, &have))
        problem(v, "audit %" PRIu64 ": the duties are not what the log says", audit);
    free(want.duties);
    free(have.list);
    return e;
}

static enum err check_audit(struct verify *v, uint64_t audit, const char *ref, uint32_t next_agent)
{
    struct err_info why;
    struct audit *a;
    uint64_t last;
    enum err e = walk_log(v->d, &v->templates, audit, on_snapshot, v, &a, &last, &why);
    if (e == ERR_CORRUPT) {
        problem(v, "%s", why.text);
        return ERR_OK;
    }
    v->events += last;
    if (!e && tip_of(v, audit) != last)
        problem(v, "audit %" PRIu64 ": ends with event %" PRIu64 ", the site's chain with %" PRIu64,
                audit, last, tip_of(v, audit));
    if (e || !a)
        return e;
    v->audits++;
    if (strcmp(audit_info(a).ref, ref) != 0)
        problem(v, "audit %" PRIu64 ": has another reference than its log", audit);
    if (audit_max_agent(a) >= next_agent)
        problem(v, "audit %" PRIu64 ": agent %" PRIu32 " has written and would be given away again",
                audit, audit_max_agent(a));
    e = check_summary(v, audit, a);
    if (!e)
        e = check_members(v, audit, a);
    if (!e)
        e = check_duties(v, audit, a);
    audit_free(a);
    return e;
}

static enum err check_audits(struct verify *v)
{
    char ref[32];
    uint64_t audit = 0;
    uint32_t next_agent;
    enum err e;
    while ((e = store_offline_next_audit(v->d, &audit, ref, &next_agent)) == ERR_OK) {
        e = check_audit(v, audit, ref, next_agent);
        if (e)
            return e;
    }
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* ---- the whole ---- */

static enum err check_all(struct verify *v, uint8_t site_head[HASH_LEN], struct err_info *why)
{
    enum err e = check_pragma(v, "PRAGMA integrity_check", "ok");
    if (!e)
        e = check_pragma(v, "PRAGMA foreign_key_check", NULL);
    if (!e)
        e = check_lost(v, STMT_EVENT_LOST, "has events and was never reserved");
    if (!e)
        e = check_lost(v, STMT_SUMMARY_LOST, "is in the list and has no events");
    if (!e)
        e = check_lost(v, STMT_MEMBERS_LOST, "has members and no events");
    if (!e)
        e = check_lost(v, STMT_DUTIES_LOST, "has duties and no events");
    if (!e)
        e = check_lost(v, STMT_COPIES_WRONG,
                       "has another team or reference in its duties or members");
    if (!e)
        e = check_commits(v, site_head);
    if (e)
        return err_set(why, e, "cannot read the database: %s", err_text(e));
    e = walk_templates_load(v->d, &v->templates, why);
    if (e)
        return e;
    e = check_audits(v);
    return e ? err_set(why, e, "cannot read the audits: %s", err_text(e)) : ERR_OK;
}

enum err store_sqlite_verify(const char *dir, const struct store_rules *rules, FILE *report,
                             struct err_info *why)
{
    struct store_offline o;
    uint8_t site_head[HASH_LEN];
    enum err e = store_offline_open(&o, dir, why);
    if (e)
        return e;
    struct verify v = {.d = &o.db, .rules = rules, .report = report};
    e = check_all(&v, site_head, why);
    if (e == ERR_CORRUPT) /* the database is too damaged to read on */
        problem(&v, "database: %s", why && why->text[0] ? why->text : err_text(e));
    fprintf(report,
            "audits=%" PRIu64 " events=%" PRIu64 " commits=%" PRIu64 " problems=%" PRIu64 " head=",
            v.audits, v.events, v.commits, v.problems);
    for (size_t i = 0; i < HASH_LEN; i++)
        fprintf(report, "%02x", site_head[i]);
    fputc('\n', report);
    walk_templates_free(&v.templates);
    free(v.tips);
    store_offline_close(&o);
    if (!e && v.problems)
        e = err_set(why, ERR_CORRUPT,
                    "%" PRIu64 " problems found: keep a copy of %s as it is and restore a backup",
                    v.problems, dir);
    return e;
}
