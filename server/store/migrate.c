#include "server/store/migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/embedded.h"
#include "common/log.h"

static const char folder[] = "server/store/migrations/";

/* The number of a migration's file, 0 for any other file. */
static int number_of(const struct embedded_file *f)
{
    size_t len = sizeof folder - 1;
    return strncmp(f->path, folder, len) == 0 ? (int)strtol(f->path + len, NULL, 10) : 0;
}

int migrate_newest(void)
{
    int newest = 0;
    for (const struct embedded_file *f = embedded_files; f->path; f++)
        if (number_of(f) > newest)
            newest = number_of(f);
    return newest;
}

static int get_version(sqlite3 *sql, int *version)
{
    sqlite3_stmt *q;
    int rc = sqlite3_prepare_v2(sql, "PRAGMA user_version", -1, &q, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(q) == SQLITE_ROW ? SQLITE_OK : sqlite3_errcode(sql);
        *version = sqlite3_column_int(q, 0);
        sqlite3_finalize(q);
    }
    return rc;
}

static int apply(sqlite3 *sql, const struct embedded_file *f)
{
    char set_version[64];
    snprintf(set_version, sizeof set_version, "PRAGMA user_version = %d", number_of(f));
    int rc = sqlite3_exec(sql, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(sql, (const char *)f->data, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(sql, set_version, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(sql, "COMMIT", NULL, NULL, NULL);
    if (rc != SQLITE_OK && !sqlite3_get_autocommit(sql))
        sqlite3_exec(sql, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

enum err migrate_run(sqlite3 *sql, int upto, int *rc, struct err_info *why)
{
    int version = 0;
    *rc = get_version(sql, &version);
    if (*rc != SQLITE_OK)
        return ERR_STORE;
    if (version > upto)
        return err_set(why, ERR_VERSION,
                       "the database has version %d, this program knows up to %d: use the newer "
                       "program that wrote it",
                       version, upto);
    for (const struct embedded_file *f = embedded_files; f->path; f++) { /* sorted by name */
        if (number_of(f) <= version || number_of(f) > upto)
            continue;
        *rc = apply(sql, f);
        if (*rc != SQLITE_OK)
            return ERR_STORE;
        log_info("store", "migrated", "version=%d", number_of(f));
    }
    return ERR_OK;
}
