#ifndef TANDEM_SERVER_STORE_STORE_OFFLINE_H
#define TANDEM_SERVER_STORE_STORE_OFFLINE_H

/* A data directory opened by a command while no server runs. Part of db.h. */

#include "server/store/db.h"

struct store_offline {
    int lock_fd;
    struct db db;
};

/* Locks and opens; errors of dir_lock and db_open. After an error there is nothing to close. */
MUST_CHECK enum err store_offline_open(struct store_offline *o, const char *dir,
                                       struct err_info *why);
void store_offline_close(struct store_offline *o);

/* The audit with the next higher number (begin with 0), reserved ones included. ERR_NOT_FOUND at
 * the end. */
MUST_CHECK enum err store_offline_next_audit(struct db *d, uint64_t *audit, char ref[32],
                                             uint32_t *next_agent);

#endif
