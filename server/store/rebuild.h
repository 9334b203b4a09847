#ifndef TANDEM_SERVER_STORE_REBUILD_H
#define TANDEM_SERVER_STORE_REBUILD_H

/* Projections made again from the logs, when the store is opened. Part of db.h. */

#include "server/store/db.h"

/* Does nothing when the projections were made by this version of the summaries and of `rules`
 * (NULL: any). A damaged log is logged and is no error: the projections stay as they are. */
MUST_CHECK enum err rebuild_if_old(struct db *d, const struct store_rules *rules,
                                   struct err_info *why);

#endif
