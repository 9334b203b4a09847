#ifndef TANDEM_SERVER_STORE_DIR_LOCK_H
#define TANDEM_SERVER_STORE_DIR_LOCK_H

/* One process per data directory: `serve` and the commands that open the database themselves. The
 * lock goes with the process, however it ends. */

#include <stdbool.h>

#include "common/err.h"

/* Makes the directory (0700) when `create` and it is missing, and locks it. *fd is released with
 * dir_unlock. ERR_LOCKED names the process that holds it; ERR_NOT_FOUND, ERR_STORE. */
MUST_CHECK enum err dir_lock(const char *dir, bool create, int *fd, struct err_info *why);
void dir_unlock(int fd); /* -1 is allowed */

#endif
