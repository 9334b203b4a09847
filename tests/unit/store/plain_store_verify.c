/* Verify and rebuild outside Criterion, so that AddressSanitizer counts what is left at the end:
 * a sound store, a damaged one, and the store in memory. Exits 0 when all went as it should. */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/store_sqlite.h"
#include "tests/lib/store_dump.h"
#include "tests/lib/store_room.h"

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "plain_store_verify: %s\n", what);
        exit(1);
    }
}

static void tamper(const char *dir)
{
    char file[128];
    sqlite3 *sql;
    snprintf(file, sizeof file, "%s/tandem.db", dir);
    must(sqlite3_open(file, &sql) == SQLITE_OK, "open");
    must(sqlite3_exec(sql, "UPDATE events SET actor = 5 WHERE seq = 9", NULL, NULL, NULL) ==
             SQLITE_OK,
         "tamper");
    sqlite3_close(sql);
}

int main(void)
{
    struct store_under_test t = {.impl = &store_impl_sqlite}, m = {.impl = &store_impl_mem};
    struct room *r = store_room_busy();
    FILE *out = tmpfile();
    t.impl->open(&t);
    m.impl->open(&m);
    store_room_put(&t, r, 4);
    store_room_put(&m, r, 4);
    room_free(r);
    char *have = store_dump(&t, 2), *want = store_dump(&m, 2);
    must(strcmp(have, want) == 0, "both stores hold the same");
    free(have);
    free(want);
    m.impl->close(&m);
    store_sqlite_close(t.store, NULL, NULL);
    must(store_sqlite_verify(t.dir, NULL, out, NULL) == ERR_OK, "verify");
    must(store_sqlite_rebuild(t.dir, NULL, out, NULL) == ERR_OK, "rebuild");
    must(store_sqlite_verify(t.dir, NULL, out, NULL) == ERR_OK, "verify again");
    tamper(t.dir);
    must(store_sqlite_verify(t.dir, NULL, out, NULL) == ERR_CORRUPT, "find the damage");
    must(store_sqlite_rebuild(t.dir, NULL, out, NULL) == ERR_CORRUPT, "refuse to rebuild");
    temp_dir_remove(t.dir);
    fclose(out);
    return 0;
}
