#ifndef TANDEM_SERVER_STORE_STORE_SQLITE_H
#define TANDEM_SERVER_STORE_STORE_SQLITE_H

/* The store in SQLite: WAL, synchronous=FULL, exclusive locking, one connection used by one thread
 * of its own. What waits in its queue when it wakes goes into one transaction and one sync. */

#include <stdio.h>
#include <uv.h>

#include "server/store/store.h"

struct store_sqlite_options {
    uint32_t queue_max; /* requests; 0 = 65536 */
    /* Wait at most this long before a commit until as many requests wait as the last one had; 0 = a
     * quarter of what the last one took, at most 1 ms. A request alone after one alone never waits.
     */
    uint32_t commit_window_us;
    /* What makes the duties: borrowed while the store is opened. NULL: they stay as they are. */
    const struct store_rules *rules;
};

/* Opens DIR/tandem.db, making and migrating it as needed (`create` false: ERR_NOT_FOUND when there
 * is none). When the projections were made by another version of the program or of the rules, they
 * are made again, which reads every log once (a damaged one: it is logged, and they stay as they
 * are). Takes the directory's lock: ERR_LOCKED names the process that holds it. ERR_VERSION:
 * made by a newer program. Starts the storage thread; completions run on `loop` (NULL: there is
 * only store_sqlite_run). Returns new in *out. Threads: everything here, and store_submit, is
 * called on the loop's thread. */
MUST_CHECK enum err store_sqlite_open(uv_loop_t *loop, const char *dir, bool create,
                                      const struct store_sqlite_options *options,
                                      struct store **out, struct err_info *why);
/* Finishes what is queued (their `done` run), stops the thread, closes; then `closed` (may be NULL)
 * runs, on the loop, and the memory is gone. A store opened without a loop is closed when this
 * returns. */
void store_sqlite_close(struct store *s, void (*closed)(void *user), void *user);

/* Without a loop, for commands and tests: submits and waits until it is done; runs `done` (may be
 * NULL) on this thread. Not on a store that a loop is running. */
MUST_CHECK enum err store_sqlite_run(struct store *s, struct store_req *r);

/* Reads everything and checks chains, heads, projections and snapshots (folding every log) and
 * SQLite's own integrity; prints what it finds to `report`, one line each, ids only, and last a
 * line of counts with the site's head: noted elsewhere, it also shows when the newest commits are
 * gone. Duties are compared with what `rules` (borrowed; NULL: not at all) makes. ERR_CORRUPT when
 * anything differs. No server may run on DIR (ERR_LOCKED): verify its backup. */
MUST_CHECK enum err store_sqlite_verify(const char *dir, const struct store_rules *rules,
                                        FILE *report, struct err_info *why);
/* Throws the projections away and makes them again from the logs, and the snapshots' content; the
 * duties only when there are `rules` (borrowed). All or nothing; ERR_CORRUPT: a log is damaged
 * (`why` says where). */
MUST_CHECK enum err store_sqlite_rebuild(const char *dir, const struct store_rules *rules,
                                         FILE *report, struct err_info *why);
/* A consistent copy of the whole (SQLite's backup) to a new directory, when no server runs: the
 * server's own is STORE_BACKUP, asked for over its control socket. ERR_LOCKED says which it is. */
MUST_CHECK enum err store_sqlite_backup(const char *dir, const char *to_dir, struct err_info *why);

#endif
