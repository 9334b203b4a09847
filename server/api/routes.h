#ifndef TANDEM_SERVER_API_ROUTES_H
#define TANDEM_SERVER_API_ROUTES_H

/* One table: which message does what, who may send it, in which states of the audit, and from
 * where. The dispatcher checks a row's guards in one place before its handler runs; a missing row
 * means no. Guards that depend on the audit are checked again by the handlers after every wait. */

#include "common/audit/event.h"

struct audit;
struct call;

enum route_who {
    WHO_STRANGER = 1, /* before or without a certificate */
    WHO_KNOWN = 2,    /* with a certificate that we accept */
    WHO_BOTH = 3,
};
enum route_where {
    WHERE_NOWHERE, /* names no audit */
    WHERE_AUDIT,   /* names an audit that the sender may see */
    WHERE_NAMED,   /* names an audit; whether the sender may, the handler's rule says */
    WHERE_ROOM,    /* names a room that this connection has joined */
};
enum route_when {
    WHEN_FIRST,   /* only as the first message */
    WHEN_GREETED, /* only after it */
};

typedef uint32_t state_set;               /* bit (1u << enum audit_state) */
#define STATE_BIT(s) (UINT32_C(1) << (s)) /* as in server/rules/life.h */

struct route {
    int kind; /* TANDEM__ENVELOPE__BODY_... */
    /* NULL: only the server sends this. Takes the call: answers and frees it, now or later. */
    void (*handle)(struct call *c);
    enum route_when when;
    enum route_who who;
    role_set roles; /* any of these; 0: whoever is known */
    enum route_where where;
    state_set states;
    unsigned cost; /* requests that it counts as, for the limit in time */
    bool silent;   /* has no answer, a refusal is dropped */
};

const struct route *route_find(int kind); /* or NULL */
const struct route *route_table(size_t *count);

enum { ROUTE_REF_BYTES = 64 };
/* The name of the audit that a WHERE_AUDIT or WHERE_NAMED call is about, as records are named: what
 * people type as "fca-2026-1" is FCA-2026-0001. */
void route_ref(const struct call *c, char out[ROUTE_REF_BYTES]);
/* Checks the guards of c->route and runs its handler. Takes the call. */
void route_call(struct call *c);
/* The guards that the audit decides, as they stand now: ERR_OK, or the answer. */
MUST_CHECK enum err route_recheck(const struct call *c, struct err_info *why);
/* May the caller see the audit at this moment? A broken glass whose time is over shows nothing,
 * even before the keeper has mended it. */
bool route_may_see(const struct call *c, const struct audit *a);
/* Its row's states alone: for WHERE_NAMED, once the handler's rule has said yes. */
MUST_CHECK enum err route_check_state(const struct call *c, const struct audit *a,
                                      struct err_info *why);

#endif
