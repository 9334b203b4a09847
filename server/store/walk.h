#ifndef TANDEM_SERVER_STORE_WALK_H
#define TANDEM_SERVER_STORE_WALK_H

/* Reading one audit's log from its first event, checking its chain on the way and folding it: what
 * verification and rebuilding have in common. Part of db.h. */

#include "server/store/db.h"

/* Every template in the database, decoded. */
struct walk_templates {
    struct template **list;
    size_t n;
};
MUST_CHECK enum err walk_templates_load(struct db *d, struct walk_templates *out,
                                        struct err_info *why);
void walk_templates_free(struct walk_templates *t);

/* Called for every snapshot with the audit as it stands after event `seq`, and the stored bytes
 * (unsealed; NULL: they cannot be read). An error stops the walk. */
typedef enum err (*walk_snapshot_fn)(void *user, uint64_t audit, uint64_t seq,
                                     const struct audit *a, const struct buf *stored);

/* Folds the audit's whole log. *out returns new (audit_free), NULL when there is no event; *events
 * counts them. ERR_CORRUPT: `why` (never NULL) says which event and what is wrong with it. */
MUST_CHECK enum err walk_log(struct db *d, const struct walk_templates *templates, uint64_t audit,
                             walk_snapshot_fn on_snapshot, void *user, struct audit **out,
                             uint64_t *events, struct err_info *why);

#endif
