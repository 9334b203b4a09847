#ifndef TANDEM_SERVER_STORE_MIGRATE_H
#define TANDEM_SERVER_STORE_MIGRATE_H

/* The numbered migrations (migrations/NNNN_*.sql, built into the program), each applied in a
 * transaction of its own; user_version says how far a database is. */

#include <sqlite3.h>

#include "common/err.h"

/* The newest version that this program knows. */
int migrate_newest(void);
/* Brings the database up to version `upto` (<= migrate_newest). ERR_VERSION: it is newer than that
 * already. An SQLite code in *rc with ERR_STORE. */
MUST_CHECK enum err migrate_run(sqlite3 *sql, int upto, int *rc, struct err_info *why);

#endif
