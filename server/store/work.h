#ifndef TANDEM_SERVER_STORE_WORK_H
#define TANDEM_SERVER_STORE_WORK_H

/* Long queries, a slice at a time between commits: a site of 100,000 audits takes half a second to
 * list, and people are typing. Part of db.h. */

#include "server/store/db.h"

/* First member of each kind's struct; made by its ..._new. */
struct work {
    struct store_req *req;
    /* Reads on, about a millisecond. *done: the request has its result. */
    enum err (*slice)(struct db *d, struct work *w, bool *done);
    void (*free)(struct work *w);
    struct work *next;
};

/* Return new, or NULL without memory. */
struct work *list_audits_new(struct store_list_audits *r);
struct work *list_duties_new(struct store_duties *r);

/* Is it carried out in slices? */
bool work_is(enum store_op op);
/* Begins what work_is says yes to; reads the first slice at once when `now`. *slow: there is more,
 * work_go_on will finish the request. */
MUST_CHECK enum err work_begin(struct db *d, struct store_req *r, bool now, bool *slow);
/* A slice of the work under way, of each in turn: a short one does not wait for a long one to end.
 * The request when it is finished (its err is set), or NULL. */
struct store_req *work_go_on(struct db *d);

#endif
