#ifndef TANDEM_SERVER_STORE_LIST_AUDITS_H
#define TANDEM_SERVER_STORE_LIST_AUDITS_H

/* STORE_LIST_AUDITS, a slice of rows at a time: a site of 100,000 audits takes half a second to
 * list, and people are typing. Part of db.h. */

#include "server/store/db.h"

/* Reads the first slice at once when `now`. *slow: there is more, list_audits_go_on will finish the
 * request. */
MUST_CHECK enum err list_audits_begin(struct db *d, struct store_list_audits *r, bool now,
                                      bool *slow);
/* Reads a slice of the oldest list under way. The request when it is finished (its err is set). */
struct store_list_audits *list_audits_go_on(struct db *d);

#endif
