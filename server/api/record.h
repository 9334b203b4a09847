#ifndef TANDEM_SERVER_API_RECORD_H
#define TANDEM_SERVER_API_RECORD_H

/* New records: who takes part, what they begin with, how far they go at once. Somebody asks for
 * them, a trigger makes them, or the calendar plans the audit that follows a weaker one. */

#include "server/api/core_inner.h"

struct record_value {
    const char *where, *value; /* "A3.date", "2027-04-19" */
};

/* What is wanted. Borrows everything; strings are never NULL. */
struct record_new {
    const struct template_held *held;
    const struct person *creator; /* NULL: the calendar */
    const char *team, *carer_ref;
    const char *const *child_refs;
    size_t nchild_refs;
    const char *period_from,
        *period_to;      /* "": up to the planned day, as long as the template says */
    const char *planned; /* "": today; for a meeting the day that its hearing asks for */
    const char *way_in;  /* "": the usual one of its kind */
    const char *source;
    const struct record_value *values;
    size_t nvalues;
    const struct op_member *members; /* besides the creator's own part */
    size_t nmembers;
    const char *link_kind, *link_ref; /* "": none */
    const char *start_reason; /* not "": it is opened at once, and why before all is there */
    const char *reason;       /* why against a rule that gives way to one */
};

/* Its first events and projection. Free it with record_events_free. */
struct record_events {
    struct store_event events[3];
    struct buf bodies[3];
    size_t n;
    struct store_summary summary;
    struct store_member *members;
    size_t nmembers;
    struct store_projection duties;
};
void record_events_free(struct record_events *e);

/* May it be made, and what would its first events be? One by the creator; where the day has come,
 * one by the calendar, which begins to prepare; where it is to start at once, one more by the
 * creator. A refusal says why. */
MUST_CHECK enum err record_make(const struct core *c, const struct record_new *n, const char *ref,
                                struct record_events *out, struct err_info *why);

/* Reserves a reference and makes the record. `make` is asked once the reference is known, for what
 * it borrows may have gone meanwhile; `made` hears of it once, durable or not (with a sentence for
 * a refusal). Neither runs inside record_start, nor after core_free. */
struct record_job {
    struct record_job *prev, *next; /* core.records */
    struct core *core;
    union {
        struct store_req req;
        struct store_create_audit create;
        struct store_append append;
    } store;
    struct record_events events;
    char ref[32];
    void *user;
    enum err (*make)(void *user, const char *ref, struct record_events *out, struct err_info *why);
    void (*made)(void *user, const char *ref, enum err e, const struct err_info *why);
};
/* ERR_NOMEM: nothing follows. */
MUST_CHECK enum err record_start(
    struct core *c, const char *template_id,
    enum err (*make)(void *user, const char *ref, struct record_events *out, struct err_info *why),
    void (*made)(void *user, const char *ref, enum err e, const struct err_info *why), void *user);
void records_forget(struct core *c); /* frees all, tells none */

#endif
