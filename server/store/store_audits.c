/* The audits as a whole: numbers and references, who enters, the projection that lists show. */

#include <stdlib.h>
#include <string.h>

#include "server/store/db.h"
#include "server/store/request.h"

#define COLUMN(kind, name) ", " #name
#define PLACE(kind, name)  ", ?"
#define READ_ROWS                                                                                  \
    "SELECT r.utc_ms, r.audit, coalesce(a.ref, ''), r.person, r.what FROM read_log r"              \
    " LEFT JOIN audits a ON a.audit = r.audit WHERE "
#define READ_PAGE " AND r.utc_ms > ?3 ORDER BY r.utc_ms, r.id"

/* clang-format off */
const struct db_statement store_audits_sql[] = {
    {STMT_AUDIT_GET,        "SELECT ref, next_agent FROM audits WHERE audit = ?"},
    {STMT_AUDIT_FIND_REF,   "SELECT audit, next_agent FROM audits WHERE ref = ?"},
    {STMT_AUDIT_MAX,        "SELECT coalesce(max(audit), 0) FROM audits"},
    {STMT_AUDIT_INSERT,     "INSERT INTO audits (audit, ref, next_agent) VALUES (?, ?, 1)"},
    {STMT_AUDIT_NEXT_AGENT, "UPDATE audits SET next_agent = ? WHERE audit = ?"},
    {STMT_COUNTER_GET,      "SELECT last FROM ref_counters WHERE template_id = ? AND year = ?"},
    {STMT_COUNTER_PUT,      "INSERT OR REPLACE INTO ref_counters (template_id, year, last)"
                            " VALUES (?, ?, ?)"},
    {STMT_SUMMARY_PUT,      "INSERT OR REPLACE INTO summaries (audit" STORE_SUMMARY_FIELDS(COLUMN)
                            ") VALUES (?" STORE_SUMMARY_FIELDS(PLACE) ")"},
    {STMT_SUMMARY_GET,      "SELECT audit" STORE_SUMMARY_FIELDS(COLUMN)
                            " FROM summaries WHERE audit = ?"},
    {STMT_MEMBERS_GET,      "SELECT person, role, sections FROM members WHERE audit = ?"
                            " ORDER BY person"},
    {STMT_MEMBERS_DELETE,   "DELETE FROM members WHERE audit = ?"},
    {STMT_MEMBER_INSERT,    "INSERT INTO members (audit, person, role, sections, ref)"
                            " VALUES (?, ?, ?, ?, ?)"},
    {STMT_READ_INSERT,      "INSERT INTO read_log (audit, utc_ms, person, what) VALUES (?, ?, ?, ?)"},
    {STMT_READ_LIST,        READ_ROWS "r.audit = ?1" READ_PAGE},
    {STMT_READ_LIST_PERSON, READ_ROWS "r.person = ?2" READ_PAGE},
    {STMT_READ_LIST_BOTH,   READ_ROWS "r.audit = ?1 AND r.person = ?2" READ_PAGE},
    {0,                     NULL},
};
/* clang-format on */

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

static enum err read_log_row(sqlite3_stmt *q, struct store_read_row *out)
{
    memset(out, 0, sizeof *out);
    out->utc_ms = sqlite3_column_int64(q, 0);
    out->audit = col_num(q, 1);
    out->person = col_u32(q, 3);
    enum err e = col_str(q, 2, out->ref, sizeof out->ref);
    return e ? e : col_str(q, 4, out->what, sizeof out->what);
}

enum err store_read_log_run(struct db *d, struct store_read_log *r)
{
    size_t cap = 0;
    sqlite3_stmt *q = db_use(d, !r->person  ? STMT_READ_LIST
                                : !r->audit ? STMT_READ_LIST_PERSON
                                            : STMT_READ_LIST_BOTH);
    bind_num(q, 1, r->audit);
    if (r->person)
        bind_int(q, 2, r->person);
    bind_int(q, 3, r->after_utc_ms);
    bool row;
    enum err e = db_row(d, q, &row);
    while (!e && row) {
        int64_t utc_ms = sqlite3_column_int64(q, 0);
        if (r->nrows >= STORE_READ_LOG_PAGE && utc_ms != r->rows[r->nrows - 1].utc_ms)
            break;
        e = db_grow(&r->rows, r->nrows, &cap, sizeof *r->rows);
        if (!e)
            e = read_log_row(q, &r->rows[r->nrows]);
        if (!e) {
            r->nrows++;
            e = db_row(d, q, &row);
        }
    }
    db_reset(q);
    return e;
}

/* ---- the projection ---- */

enum err store_summary_write(struct db *d, uint64_t audit, const struct store_summary *s)
{
    sqlite3_stmt *q = db_use(d, STMT_SUMMARY_PUT);
    bind_num(q, 1, audit);
    for (size_t i = 0; i < STORE_SUMMARY_NFIELDS; i++) {
        const struct store_field *f = &store_summary_fields[i];
        const char *at = (const char *)s + f->at;
        uint32_t n32;
        int64_t n64;
        switch (f->kind) {
        case STORE_FIELD_TEXT:
            bind_str(q, (int)i + 2, at);
            break;
        case STORE_FIELD_NUM32:
            memcpy(&n32, at, sizeof n32);
            bind_int(q, (int)i + 2, n32);
            break;
        case STORE_FIELD_NUM64:
            memcpy(&n64, at, sizeof n64);
            bind_int(q, (int)i + 2, n64);
            break;
        }
    }
    return db_write(d, q);
}

static enum err read_summary(sqlite3_stmt *q, struct store_summary *s)
{
    enum err e = ERR_OK;
    for (size_t i = 0; !e && i < STORE_SUMMARY_NFIELDS; i++) {
        const struct store_field *f = &store_summary_fields[i];
        char *at = (char *)s + f->at;
        if (f->kind == STORE_FIELD_TEXT) {
            e = col_str(q, (int)i + 1, at, f->size);
        } else {
            int64_t n64 = sqlite3_column_int64(q, (int)i + 1);
            uint32_t n32 = (uint32_t)n64;
            memcpy(at, f->kind == STORE_FIELD_NUM32 ? (void *)&n32 : (void *)&n64, f->size);
        }
    }
    return e;
}

enum err store_summary_read(struct db *d, uint64_t audit, bool *found, struct store_summary *s)
{
    sqlite3_stmt *q = db_use(d, STMT_SUMMARY_GET);
    bind_num(q, 1, audit);
    enum err e = db_row(d, q, found);
    if (!e && *found)
        e = read_summary(q, s);
    db_reset(q);
    return e;
}

enum err store_members_write(struct db *d, uint64_t audit, const char *ref,
                             const struct store_member *m, size_t n)
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
        bind_str(q, 5, ref);
        e = db_write(d, q);
    }
    return e;
}

enum err store_members_read(struct db *d, uint64_t audit, struct member_list *out)
{
    sqlite3_stmt *q = db_use(d, STMT_MEMBERS_GET);
    bind_num(q, 1, audit);
    bool row;
    enum err e = db_row(d, q, &row);
    while (!e && row) {
        e = db_grow(&out->list, out->n, &out->cap, sizeof *out->list);
        if (e)
            break;
        struct store_member *m = &out->list[out->n];
        memset(m, 0, sizeof *m);
        m->person = col_u32(q, 0);
        m->role = (enum role)sqlite3_column_int(q, 1);
        e = col_str(q, 2, m->sections, sizeof m->sections);
        if (!e) {
            out->n++;
            e = db_row(d, q, &row);
        }
    }
    db_reset(q);
    return e;
}
