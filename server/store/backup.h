#ifndef TANDEM_SERVER_STORE_BACKUP_H
#define TANDEM_SERVER_STORE_BACKUP_H

/* A copy of the database being made, a slice at a time, between batches: what is committed in the
 * meantime over the same connection goes into the copy as well. Part of db.h. */

#include "server/store/db.h"

struct backup {
    struct store_backup *req; /* NULL: none under way */
    sqlite3 *to;
    sqlite3_backup *copy;
    char file[4096];
};

/* Begins; ERR_EXISTS, ERR_IO, ERR_FULL, ERR_NOMEM: there is nothing then. */
MUST_CHECK enum err backup_begin(struct backup *b, struct db *d, struct store_backup *req);
/* Copies one slice. True when it has come to its end, with req->req.err set; `b` is free again. */
bool backup_slice(struct backup *b);
/* Gives up: removes what there is, req->req.err = `e`. */
void backup_abort(struct backup *b, enum err e);

#endif
