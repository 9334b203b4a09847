/* The audits as a whole: numbers and references, who enters, the projection that lists show. */

#include <stdlib.h>
#include <string.h>

#include "server/store/db.h"
#include "server/store/request.h"

const struct db_statement store_audits_sql[] = {
    {STMT_AUDIT_GET,        "SELECT ref, next_agent FROM audits WHERE audit = ?"                                     },
    {STMT_AUDIT_FIND_REF,   "SELECT audit, next_agent FROM audits WHERE ref = ?"                                     },
    {STMT_AUDIT_MAX,        "SELECT coalesce(max(audit), 0) FROM audits"                                             },
    {STMT_AUDIT_INSERT,     "INSERT INTO audits (audit, ref, next_agent) VALUES (?, ?, 1)"                           },
    {STMT_AUDIT_NEXT_AGENT, "UPDATE audits SET next_agent = ? WHERE audit = ?"                                       },
    {STMT_COUNTER_GET,      "SELECT last FROM ref_counters WHERE template_id = ? AND year = ?"                       },
    {STMT_COUNTER_PUT,      "INSERT OR REPLACE INTO ref_counters (template_id, year, last)"
                       " VALUES (?, ?, ?)"                                                     },
    {STMT_SUMMARY_PUT,      "INSERT OR REPLACE INTO summaries (audit, template_id, template_version,"
                       " team, carer_ref, period_from, period_to, state, answered, required,"
                       " open_comments, max_agent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
 /* The last event says seq and time: no second copy to write with every keystroke. */
    {STMT_SUMMARY_LIST,     "SELECT s.audit, a.ref, s.template_id, s.template_version, s.team,"
                        " s.carer_ref, s.period_from, s.period_to, s.state, s.answered,"
                        " s.required, s.open_comments, s.max_agent, e.seq, e.utc_ms"
                        " FROM audits a CROSS JOIN summaries s ON s.audit = a.audit"
                        " CROSS JOIN events e ON e.audit = a.audit AND e.seq ="
                        " (SELECT max(x.seq) FROM events x WHERE x.audit = a.audit)"
                        " WHERE a.ref > ? ORDER BY a.ref LIMIT ?"                             },
    {STMT_MEMBERS_DELETE,   "DELETE FROM members WHERE audit = ?"                                                    },
    {STMT_MEMBER_INSERT,    "INSERT INTO members (audit, person, role, sections)"
                         " VALUES (?, ?, ?, ?)"                                              },
    {STMT_READ_INSERT,      "INSERT INTO read_log (audit, utc_ms, person, what) VALUES (?, ?, ?, ?)"                 },
    {STMT_READ_LIST,        "SELECT utc_ms, person, what FROM read_log"
                     " WHERE audit = ? AND utc_ms > ? ORDER BY utc_ms, id"                       },
    {0,                     NULL                                                                                     },
};

/* ---- numbers, references, agents ---- */

static enum err get_number(struct db *d, sqlite3_stmt *q, uint64_t *n)
{
    bool row;
    enum err e = db_row(d, q, &row);
    *n = !e && row ? col_num(q, 0) : 0;
    db_reset(q);
    return e;
}

enum err store_create_audit_run(struct db *d, struct store_create_audit *r)
{
    uint64_t last, highest;
    sqlite3_stmt *q = db_use(d, STMT_COUNTER_GET);
    bind_str(q, 1, r->template_id);
    bind_int(q, 2, r->year);
    enum err e = get_number(d, q, &last);
    if (!e)
        e = get_number(d, db_use(d, STMT_AUDIT_MAX), &highest);
    if (!e)
        e = store_ref_make(r->template_id, r->year, (uint32_t)last + 1, r->ref);
    if (e)
        return e;
    q = db_use(d, STMT_COUNTER_PUT);
    bind_str(q, 1, r->template_id);
    bind_int(q, 2, r->year);
    bind_num(q, 3, last + 1);
    e = db_write(d, q);
    if (e)
        return e;
    r->audit = highest + 1;
    q = db_use(d, STMT_AUDIT_INSERT);
    bind_num(q, 1, r->audit);
    bind_str(q, 2, r->ref);
    return db_write(d, q);
}

enum err store_enter_run(struct db *d, struct store_enter *r)
{
    struct head *h = NULL;
    if (r->audit != 0) {
        enum err e = store_head_get(d, r->audit, &h);
        if (e || h->seq == 0)
            return e ? e : ERR_NOT_FOUND;
    }
    sqlite3_stmt *q = db_use(d, STMT_READ_INSERT);
    bind_num(q, 1, r->audit);
    bind_int(q, 2, r->utc_ms);
    bind_int(q, 3, r->person);
    bind_str(q, 4, r->what);
    enum err e = db_write(d, q);
    r->agent = 0;
    if (e || !r->want_agent)
        return e;
    q = db_use(d, STMT_AUDIT_NEXT_AGENT);
    bind_num(q, 1, (uint64_t)h->next_agent + 1);
    bind_num(q, 2, r->audit);
    e = db_write(d, q);
    if (!e)
        r->agent = h->next_agent++;
    return e;
}

enum err store_read_log_run(struct db *d, struct store_read_log *r)
{
    size_t cap = 0;
    sqlite3_stmt *q = db_use(d, STMT_READ_LIST);
    bind_num(q, 1, r->audit);
    bind_int(q, 2, r->after_utc_ms);
    bool row;
    enum err e = db_row(d, q, &row);
    while (!e && row) {
        int64_t utc_ms = sqlite3_column_int64(q, 0);
        if (r->nrows >= STORE_READ_LOG_PAGE && utc_ms != r->rows[r->nrows - 1].utc_ms)
            break;
        if (r->nrows == cap) {
            cap = cap ? 2 * cap : 64;
            struct store_read_row *rows = realloc(r->rows, cap * sizeof *rows);
            if (!rows) {
                e = ERR_NOMEM;
                break;
            }
            r->rows = rows;
        }
        struct store_read_row *out = &r->rows[r->nrows++];
        out->utc_ms = utc_ms;
        out->person = col_u32(q, 1);
        e = col_str(q, 2, out->what, sizeof out->what);
        if (!e)
            e = db_row(d, q, &row);
    }
    db_reset(q);
    return e;
}

/* ---- the projection ---- */

enum err store_summary_write(struct db *d, uint64_t audit, const struct store_summary *s)
{
    sqlite3_stmt *q = db_use(d, STMT_SUMMARY_PUT);
    bind_num(q, 1, audit);
    bind_str(q, 2, s->template_id);
    bind_int(q, 3, s->template_version);
    bind_str(q, 4, s->team);
    bind_str(q, 5, s->carer_ref);
    bind_str(q, 6, s->period_from);
    bind_str(q, 7, s->period_to);
    bind_int(q, 8, s->state);
    bind_int(q, 9, s->answered);
    bind_int(q, 10, s->required);
    bind_int(q, 11, s->open_comments);
    bind_int(q, 12, s->max_agent);
    return db_write(d, q);
}

enum err store_members_write(struct db *d, uint64_t audit, const struct store_member *m, size_t n)
{
    sqlite3_stmt *q = db_use(d, STMT_MEMBERS_DELETE);
    bind_num(q, 1, audit);
    enum err e = db_write(d, q);
    q = db_use(d, STMT_MEMBER_INSERT);
    for (size_t i = 0; !e && i < n; i++) {
        bind_num(q, 1, audit);
        bind_int(q, 2, m[i].person);
        bind_int(q, 3, m[i].role);
        bind_str(q, 4, m[i].sections);
        e = db_write(d, q);
    }
    return e;
}
