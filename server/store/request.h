#ifndef TANDEM_SERVER_STORE_REQUEST_H
#define TANDEM_SERVER_STORE_REQUEST_H

/* What every implementation of store.h must do alike with a request before it looks at any data:
 * is it well-formed, does it write, what must be put back before it is tried again. Not for users
 * of the store. No I/O. */

#include "server/store/store.h"

/* Upper bounds of what is stored, in bytes; far above what the rules allow. */
enum {
    STORE_MAX_BODY = 1024 * 1024,
    STORE_MAX_SNAPSHOT = 64 * 1024 * 1024,
    STORE_READ_LOG_PAGE = 1000, /* rows, and then those of the same millisecond */
    STORE_SNAPSHOT_KEEP = 100,  /* of each hundred snapshots the first is kept for good */
    STORE_MAX_NUMBER = INT32_MAX,
};

const char *store_op_name(enum store_op op); /* "append"; "?" for an unknown one */
bool store_op_writes(enum store_op op);

/* Is it well-formed? ERR_INPUT or ERR_TOO_LARGE; looks at nothing but the request. */
MUST_CHECK enum err store_req_check(const struct store_req *r);

/* Some requests carry a number in and out (LOAD its audit, PERSON_PUT its person). What it was
 * before the first try is kept and put back before another try. */
uint64_t store_req_key(const struct store_req *r);
void store_req_set_key(struct store_req *r, uint64_t key);

/* Makes a request empty of results, whatever was in these fields before: first thing of a run. */
void store_req_begin(struct store_req *r);
/* Frees what a request returned new and makes it empty of it. */
void store_req_discard(struct store_req *r);

/* The reference of the n-th audit of a template and year. ERR_TOO_LARGE: does not fit. */
MUST_CHECK enum err store_ref_make(const char *template_id, int year, uint32_t n, char ref[32]);

/* Every member of a summary but seq and utc_ms: what is compared, stored and read back. Columns of
 * the same names, in this order. */
#define STORE_SUMMARY_FIELDS(X)                                                                    \
    X(TEXT, ref)                                                                                   \
    X(TEXT, template_id)                                                                           \
    X(NUM32, template_version)                                                                     \
    X(TEXT, team)                                                                                  \
    X(TEXT, carer_ref)                                                                             \
    X(TEXT, period_from)                                                                           \
    X(TEXT, period_to)                                                                             \
    X(NUM32, state)                                                                                \
    X(NUM32, answered)                                                                             \
    X(NUM32, required)                                                                             \
    X(NUM32, open_comments)                                                                        \
    X(NUM32, max_agent)                                                                            \
    X(TEXT, planned)                                                                               \
    X(TEXT, way_in)                                                                                \
    X(TEXT, source)                                                                                \
    X(NUM32, moderator)                                                                            \
    X(NUM32, stage)                                                                                \
    X(NUM64, since_utc_ms)                                                                         \
    X(TEXT, overall)                                                                               \
    X(NUM32, weak)                                                                                 \
    X(NUM32, returns)                                                                              \
    X(NUM64, revision)                                                                             \
    X(NUM64, glass_until_utc_ms)
struct store_field {
    const char *name;
    enum store_field_kind { STORE_FIELD_TEXT, STORE_FIELD_NUM32, STORE_FIELD_NUM64 } kind;
    size_t at, size; /* in struct store_summary */
};
enum { STORE_SUMMARY_NFIELDS = 23 };
extern const struct store_field store_summary_fields[STORE_SUMMARY_NFIELDS];

/* Same content but for seq and utc_ms? */
bool store_summary_equal(const struct store_summary *a, const struct store_summary *b);
bool store_duty_equal(const struct store_duty *a, const struct store_duty *b);

/* Of a list of audits: does the row have the states, template and day asked for? And is it of one
 * of the teams or persons? */
bool store_list_selects(const struct store_list_audits *q, const struct store_summary *s);
bool store_list_concerns(const struct store_list_audits *q, const struct store_audit_row *row);

/* The order of STORE_DUTIES: < 0, 0, > 0. */
int store_duty_order(const struct store_duty_row *a, const struct store_duty_row *b);
/* `after` as a row to compare with; false: there is none, the page begins at the first. */
bool store_duty_after(const struct store_duties *q, struct store_duty_row *out);

/* A block that holds `events` and the bytes of their bodies behind them; offsets[i] is where body i
 * begins in `bodies`. Returns new (free()), or NULL without memory. For LOAD and EVENTS. */
struct store_event *store_events_pack(const struct store_event *events, size_t nevents,
                                      const size_t *offsets, const struct buf *bodies);

#endif
