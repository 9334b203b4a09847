/* A database of every past version becomes one of the newest, with what it held. */

#include "server/store/migrate.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "server/store/store_sqlite.h"
#include "tests/lib/store_impl.h"

/* What a site of each version may have held: one row per released version. Index = version. */
static const char *const content[] = {
    [0] = "",
    [1] = "INSERT INTO people VALUES (1, 'Asha', 5, 0, 0);"
          "INSERT INTO person_roles VALUES (1, 0, 1, 'north');"
          "INSERT INTO settings VALUES ('site', 'Northshire');"
          "INSERT INTO audits VALUES (1, 'FCA-2026-0001', 3);"
          "INSERT INTO read_log VALUES (1, 1, 10, 1, 'open')",
    [2] = "INSERT INTO people VALUES (1, 'Asha', 5, 0, 0);"
          "INSERT INTO settings VALUES ('site', 'Northshire');"
          "INSERT INTO audits VALUES (1, 'FCA-2026-0001', 3);"
          "INSERT INTO duties VALUES (1, 0, 'FCA-2026-0001', 'north', 'sign', 1, 1, '~', '', '',"
          " 0, 0, '');"
          "INSERT INTO read_log VALUES (1, 1, 10, 1, 'open')",
};

static char dir[64];
static void make(void)
{
    temp_dir_make(dir);
}
static void unmake(void)
{
    temp_dir_remove(dir);
}
TestSuite(migrate, .init = make, .fini = unmake);

static sqlite3 *open_raw(void)
{
    char file[100];
    snprintf(file, sizeof file, "%s/tandem.db", dir);
    sqlite3 *sql;
    cr_assert_eq(sqlite3_open(file, &sql), SQLITE_OK);
    return sql;
}

static int number(sqlite3 *sql, const char *select)
{
    sqlite3_stmt *q;
    cr_assert_eq(sqlite3_prepare_v2(sql, select, -1, &q, NULL), SQLITE_OK, "%s", select);
    cr_assert_eq(sqlite3_step(q), SQLITE_ROW);
    int n = sqlite3_column_int(q, 0);
    sqlite3_finalize(q);
    return n;
}

Test(migrate, every_version_has_its_sample)
{
    cr_assert_eq(sizeof content / sizeof content[0], (size_t)migrate_newest() + 1);
}

Test(migrate, every_past_version_opens_with_what_it_held)
{
    for (int version = 0; version <= migrate_newest(); version++) {
        int rc;
        sqlite3 *sql = open_raw();
        cr_assert_eq(migrate_run(sql, version, &rc, NULL), ERR_OK);
        cr_assert_eq(number(sql, "PRAGMA user_version"), version);
        cr_assert_eq(sqlite3_exec(sql, content[version], NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(sql);

        struct store *s;
        struct err_info why = {0};
        cr_assert_eq(store_sqlite_open(NULL, dir, true, NULL, &s, &why), ERR_OK, "%s", why.text);
        struct store_setting get = {.req.op = STORE_SETTING_GET, .name = "site"};
        cr_assert_eq(store_sqlite_run(s, &get.req), version ? ERR_OK : ERR_NOT_FOUND);
        store_sqlite_close(s, NULL, NULL);
        sql = open_raw();
        cr_assert_eq(number(sql, "PRAGMA user_version"), migrate_newest());
        cr_assert_eq(number(sql, "SELECT count(*) FROM people"), version > 0);
        cr_assert_eq(number(sql, "SELECT count(*) FROM read_log"), version > 0);
        sqlite3_close(sql);
        unmake();
        make();
    }
}

Test(migrate, a_migration_that_fails_leaves_the_version_before)
{
    int rc;
    sqlite3 *sql = open_raw();
    cr_assert_eq(sqlite3_exec(sql, "CREATE TABLE settings (x)", NULL, NULL, NULL), SQLITE_OK);
    cr_assert_eq(migrate_run(sql, 1, &rc, NULL), ERR_STORE); /* the name is taken, half way */
    cr_assert_neq(rc, SQLITE_OK);
    cr_assert_eq(number(sql, "PRAGMA user_version"), 0);
    cr_assert_eq(number(sql, "SELECT count(*) FROM sqlite_master"), 1);
    cr_assert_eq(sqlite3_exec(sql, "DROP TABLE settings", NULL, NULL, NULL), SQLITE_OK);
    cr_assert_eq(migrate_run(sql, 1, &rc, NULL), ERR_OK);
    sqlite3_close(sql);
}

Test(migrate, a_newer_version_is_refused)
{
    int rc;
    struct err_info why = {0};
    sqlite3 *sql = open_raw();
    sqlite3_exec(sql, "PRAGMA user_version = 7777", NULL, NULL, NULL);
    cr_assert_eq(migrate_run(sql, migrate_newest(), &rc, &why), ERR_VERSION);
    cr_assert_neq(why.text[0], '\0');
    sqlite3_close(sql);
}
