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
                        " ORDER BY a.ref"                                                     },
    {STMT_MEMBERS_DELETE,   "DELETE FROM members WHERE audit = ?"                                                    },
    {STMT_MEMBER_INSERT,    "INSERT INTO members (audit, person, role, sections)"
                         " VALUES (?, ?, ?, ?)"                                              },
    {STMT_MEMBERS_LIST,     "SELECT audit, person, role, sections FROM members"
                        " ORDER BY audit, person"                                             },
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

/* Room for one more item at the end of a growing array. */
static enum err grow(void **items, size_t n, size_t *cap, size_t item_size)
{
    if (n < *cap)
        return ERR_OK;
    size_t more = *cap ? 2 * *cap : 64;
    void *p = realloc(*items, more * item_size);
    if (!p)
        return ERR_NOMEM;
    *items = p;
    *cap = more;
    return ERR_OK;
}

static enum err read_row(sqlite3_stmt *q, struct store_audit_row *out)
{
    struct store_summary *s = &out->summary;
    memset(out, 0, sizeof *out);
    out->audit = col_num(q, 0);
    enum err e = col_str(q, 1, s->ref, sizeof s->ref);
    if (!e)
        e = col_str(q, 2, s->template_id, sizeof s->template_id);
    if (!e)
        e = col_str(q, 4, s->team, sizeof s->team);
    if (!e)
        e = col_str(q, 5, s->carer_ref, sizeof s->carer_ref);
    if (!e)
        e = col_str(q, 6, s->period_from, sizeof s->period_from);
    if (!e)
        e = col_str(q, 7, s->period_to, sizeof s->period_to);
    s->template_version = col_u32(q, 3);
    s->state = (enum audit_state)sqlite3_column_int(q, 8);
    s->answered = col_u32(q, 9);
    s->required = col_u32(q, 10);
    s->open_comments = col_u32(q, 11);
    s->max_agent = col_u32(q, 12);
    s->seq = col_num(q, 13);
    s->utc_ms = sqlite3_column_int64(q, 14);
    return e;
}

/* Everybody's membership, by audit and person. */
struct membership {
    uint64_t audit;
    struct store_member member;
};

static enum err read_members(struct db *d, struct membership **out, size_t *nout)
{
    void *list = NULL;
    size_t n = 0, cap = 0;
    sqlite3_stmt *q = db_use(d, STMT_MEMBERS_LIST);
    bool row;
    enum err e = db_row(d, q, &row);
    while (!e && row) {
        e = grow(&list, n, &cap, sizeof **out);
        if (e)
            break;
        struct membership *m = &((struct membership *)list)[n++];
        m->audit = col_num(q, 0);
        m->member.person = col_u32(q, 1);
        m->member.role = (enum role)sqlite3_column_int(q, 2);
        e = col_str(q, 3, m->member.sections, sizeof m->member.sections);
        if (!e)
            e = db_row(d, q, &row);
    }
    db_reset(q);
    *out = list;
    *nout = n;
    return e;
}

static int by_audit(const void *key, const void *item)
{
    uint64_t a = *(const uint64_t *)key, b = ((const struct membership *)item)->audit;
    return (a > b) - (a < b);
}

/* Copies each row's members behind the rows, into the same block. */
static void place_members(struct store_list_audits *r, const struct membership *all, size_t n)
{
    struct store_member *to = (struct store_member *)(r->rows + r->nrows);
    for (size_t i = 0; i < r->nrows; i++) {
        struct store_audit_row *row = &r->rows[i];
        row->members = to;
        const struct membership *m = n ? bsearch(&row->audit, all, n, sizeof *all, by_audit) : NULL;
        while (m && m > all && m[-1].audit == row->audit)
            m--;
        for (; m && m < all + n && m->audit == row->audit; m++) {
            *to++ = m->member;
            row->nmembers++;
        }
    }
}

enum err store_list_audits_run(struct db *d, struct store_list_audits *r)
{
    struct membership *members = NULL;
    size_t nmembers = 0, cap = 0;
    void *rows = NULL;
    sqlite3_stmt *q = db_use(d, STMT_SUMMARY_LIST);
    bool row;
    enum err e = db_row(d, q, &row);
    while (!e && row) {
        e = grow(&rows, r->nrows, &cap, sizeof *r->rows);
        if (!e)
            e = read_row(q, &((struct store_audit_row *)rows)[r->nrows]);
        if (!e) {
            r->nrows++;
            e = db_row(d, q, &row);
        }
    }
    db_reset(q);
    r->rows = rows;
    if (!e)
        e = read_members(d, &members, &nmembers);
    if (!e) {
        size_t len = r->nrows * sizeof *r->rows + nmembers * sizeof(struct store_member);
        rows = realloc(r->rows, len + 1);
        e = rows ? ERR_OK : ERR_NOMEM;
    }
    if (!e) {
        r->rows = rows;
        place_members(r, members, nmembers);
    }
    free(members);
    return e;
}
