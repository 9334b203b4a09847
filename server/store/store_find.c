/* Audits for which it is time: planned ones, open glasses, those that came from a record. */

#include <stdlib.h>
#include <string.h>

#include "server/store/db.h"

/* ?1: what is asked; behind (?2, ?3); at most ?4. A partial index is only used by a question that
 * repeats its condition. */
#define FOUND "SELECT audit, ref, planned, glass_until_utc_ms FROM summaries INDEXED BY "
/* clang-format off */
const struct db_statement store_find_sql[] = {
    {STMT_FIND_DUE,    FOUND "summaries_planned WHERE state = 1 AND planned > '' AND planned <= ?1"
                       " AND (planned, ref) > (?2, ?3) ORDER BY planned, ref LIMIT ?4"},
    {STMT_FIND_GLASS,  FOUND "summaries_by_glass WHERE glass_until_utc_ms > 0"
                       " AND glass_until_utc_ms <= ?1 AND (glass_until_utc_ms, ref) > (?2, ?3)"
                       " ORDER BY glass_until_utc_ms, ref LIMIT ?4"},
    {STMT_FIND_SOURCE, FOUND "summaries_by_source WHERE source > '' AND source = ?1 AND ref > ?3"
                       " ORDER BY ref LIMIT ?4"},
    {0,                NULL},
};
/* clang-format on */

static sqlite3_stmt *ask(struct db *d, const struct store_find_audits *r)
{
    sqlite3_stmt *q;
    if (r->req.op == STORE_GLASS_AUDITS) {
        q = db_use(d, STMT_FIND_GLASS);
        bind_int(q, 1, r->utc_ms);
        bind_int(q, 2, r->after.glass_until_utc_ms);
    } else if (r->req.op == STORE_DUE_AUDITS) {
        q = db_use(d, STMT_FIND_DUE);
        bind_str(q, 1, r->day);
        bind_str(q, 2, r->after.planned);
    } else {
        q = db_use(d, STMT_FIND_SOURCE);
        bind_str(q, 1, r->source);
    }
    bind_str(q, 3, r->after.ref);
    bind_num(q, 4, r->limit);
    return q;
}

enum err store_find_audits_run(struct db *d, struct store_find_audits *r)
{
    size_t cap = 0;
    sqlite3_stmt *q = ask(d, r);
    bool row;
    enum err e = db_row(d, q, &row);
    while (!e && row) {
        e = db_grow(&r->rows, r->nrows, &cap, sizeof *r->rows);
        if (e)
            break;
        struct store_found_audit *out = &r->rows[r->nrows];
        *out = (struct store_found_audit){.audit = col_num(q, 0),
                                          .glass_until_utc_ms = sqlite3_column_int64(q, 3)};
        e = col_str(q, 1, out->ref, sizeof out->ref);
        if (!e)
            e = col_str(q, 2, out->planned, sizeof out->planned);
        if (!e) {
            r->nrows++;
            e = db_row(d, q, &row);
        }
    }
    db_reset(q);
    return e;
}
