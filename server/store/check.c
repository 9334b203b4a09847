/* The statements with which everything is read for verification and rebuilding. */

#include <stdlib.h>

#include "server/store/db.h"

const struct db_statement store_check_sql[] = {
    {STMT_SNAPSHOT_FROM,     "SELECT seq, data FROM snapshots WHERE audit = ? AND seq >= ?"
                         " ORDER BY seq LIMIT 1"                          },
    {STMT_SNAPSHOT_PUT_DATA, "UPDATE snapshots SET data = ? WHERE audit = ? AND seq = ?"          },
    {STMT_AUDIT_LIST,        "SELECT audit, ref, next_agent FROM audits WHERE audit > ?"
                      " ORDER BY audit LIMIT 1"                              },
    {STMT_SUMMARY_GET,       "SELECT template_id, template_version, team, carer_ref, period_from,"
                       " period_to, state, answered, required, open_comments, max_agent"
                       " FROM summaries WHERE audit = ?"                    },
    {STMT_MEMBERS_GET,       "SELECT person, role, sections FROM members WHERE audit = ?"
                       " ORDER BY person"                                   },
    {STMT_EVENT_HASH,        "SELECT hash FROM events WHERE audit = ? AND seq = ?"                },
    {STMT_EVENT_LOST,        "SELECT DISTINCT audit FROM events"
                      " WHERE audit NOT IN (SELECT audit FROM audits)"       },
    {STMT_SUMMARY_LOST,      "SELECT audit FROM summaries s WHERE NOT EXISTS"
                        " (SELECT 1 FROM events e WHERE e.audit = s.audit)"},
    {STMT_MEMBERS_LOST,      "SELECT DISTINCT audit FROM members m WHERE NOT EXISTS"
                        " (SELECT 1 FROM events e WHERE e.audit = m.audit)"},
    {STMT_COMMITS_LIST,      "SELECT n, heads, hash FROM commits ORDER BY n"                      },
    {STMT_SUMMARIES_CLEAR,   "DELETE FROM summaries"                                              },
    {STMT_MEMBERS_CLEAR,     "DELETE FROM members"                                                },
    {0,                      NULL                                                                 },
};

static enum err read_summary(sqlite3_stmt *q, struct store_summary *s)
{
    s->template_version = col_u32(q, 1);
    s->state = (enum audit_state)sqlite3_column_int(q, 6);
    s->answered = col_u32(q, 7);
    s->required = col_u32(q, 8);
    s->open_comments = col_u32(q, 9);
    s->max_agent = col_u32(q, 10);
    enum err e = col_str(q, 0, s->template_id, sizeof s->template_id);
    if (!e)
        e = col_str(q, 2, s->team, sizeof s->team);
    if (!e)
        e = col_str(q, 3, s->carer_ref, sizeof s->carer_ref);
    if (!e)
        e = col_str(q, 4, s->period_from, sizeof s->period_from);
    if (!e)
        e = col_str(q, 5, s->period_to, sizeof s->period_to);
    return e;
}

static enum err read_members(struct db *d, uint64_t audit, struct store_member **members,
                             size_t *nmembers)
{
    size_t cap = 0;
    sqlite3_stmt *q = db_use(d, STMT_MEMBERS_GET);
    bind_num(q, 1, audit);
    bool row;
    enum err e = db_row(d, q, &row);
    while (!e && row) {
        if (*nmembers == cap) {
            cap = cap ? 2 * cap : 8;
            struct store_member *more = realloc(*members, cap * sizeof *more);
            if (!more) {
                e = ERR_NOMEM;
                break;
            }
            *members = more;
        }
        struct store_member *m = &(*members)[(*nmembers)++];
        m->person = col_u32(q, 0);
        m->role = (enum role)sqlite3_column_int(q, 1);
        e = col_str(q, 2, m->sections, sizeof m->sections);
        if (!e)
            e = db_row(d, q, &row);
    }
    db_reset(q);
    return e;
}

enum err store_projection_read(struct db *d, uint64_t audit, bool *found, struct store_summary *s,
                               struct store_member **members, size_t *nmembers)
{
    *members = NULL;
    *nmembers = 0;
    sqlite3_stmt *q = db_use(d, STMT_SUMMARY_GET);
    bind_num(q, 1, audit);
    enum err e = db_row(d, q, found);
    if (!e && *found)
        e = read_summary(q, s);
    db_reset(q);
    return e ? e : read_members(d, audit, members, nmembers);
}
