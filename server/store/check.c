/* The statements with which everything is read for verification and rebuilding. */

#include "server/store/db.h"

/* clang-format off */
const struct db_statement store_check_sql[] = {
    {STMT_SNAPSHOT_FROM,            "SELECT seq, data FROM snapshots WHERE audit = ? AND seq >= ?"
                                    " ORDER BY seq LIMIT 1"},
    {STMT_SNAPSHOT_PUT_DATA,        "UPDATE snapshots SET data = ? WHERE audit = ? AND seq = ?"},
    {STMT_AUDIT_LIST,               "SELECT audit, ref, next_agent FROM audits WHERE audit > ?"
                                    " ORDER BY audit LIMIT 1"},
    {STMT_EVENT_HASH,               "SELECT hash FROM events WHERE audit = ? AND seq = ?"},
    {STMT_EVENT_LOST,               "SELECT DISTINCT audit FROM events"
                                    " WHERE audit NOT IN (SELECT audit FROM audits)"},
    {STMT_SUMMARY_LOST,             "SELECT audit FROM summaries s WHERE NOT EXISTS"
                                    " (SELECT 1 FROM events e WHERE e.audit = s.audit)"},
    {STMT_MEMBERS_LOST,             "SELECT DISTINCT audit FROM members m WHERE NOT EXISTS"
                                    " (SELECT 1 FROM events e WHERE e.audit = m.audit)"},
    {STMT_DUTIES_LOST,              "SELECT DISTINCT audit FROM duties d WHERE NOT EXISTS"
                                    " (SELECT 1 FROM events e WHERE e.audit = d.audit)"},
    {STMT_COPIES_WRONG,             "SELECT d.audit FROM duties d JOIN summaries s ON s.audit = d.audit"
                                    " WHERE d.ref <> s.ref OR d.team <> s.team UNION SELECT m.audit"
                                    " FROM members m JOIN audits a ON a.audit = m.audit WHERE m.ref <> a.ref"},
    {STMT_COMMITS_LIST,             "SELECT n, heads, hash FROM commits ORDER BY n"},
    {STMT_SUMMARIES_CLEAR,          "DELETE FROM summaries"},
    {STMT_DUTIES_CLEAR,             "DELETE FROM duties"},
    {STMT_MEMBERS_CLEAR,            "DELETE FROM members"},
    {STMT_PROJECTED_GET,            "SELECT summaries, rules FROM projected"},
    {STMT_PROJECTED_PUT,            "UPDATE projected SET summaries = ?, rules = ?"},
    {STMT_PROJECTED_PUT_SUMMARIES,  "UPDATE projected SET summaries = ?"},
    {0,                             NULL},
};
/* clang-format on */
