/* What SQLite means to do for each statement: nothing that people wait for reads a whole table or
 * sorts what it has read, however large the site. */

#include "server/store/db.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/store_impl.h"

static struct db db;
static char dir[64];

static void make(void)
{
    char file[100];
    struct err_info why = {0};
    temp_dir_make(dir);
    snprintf(file, sizeof file, "%s/tandem.db", dir);
    cr_assert_eq(db_open(&db, file, true, &why), ERR_OK, "%s", why.text);
}
static void unmake(void)
{
    db_close(&db);
    temp_dir_remove(dir);
}
TestSuite(db, .init = make, .fini = unmake);

/* The steps of a statement's plan, one a line. */
static const char *plan(const char *sql)
{
    static char text[2000], explain[2000];
    size_t len = 0;
    sqlite3_stmt *q;
    text[0] = '\0';
    snprintf(explain, sizeof explain, "EXPLAIN QUERY PLAN %s", sql);
    cr_assert_eq(sqlite3_prepare_v2(db.sql, explain, -1, &q, NULL), SQLITE_OK, "%s", sql);
    while (sqlite3_step(q) == SQLITE_ROW)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s\n",
                                (const char *)sqlite3_column_text(q, 3));
    sqlite3_finalize(q);
    return text;
}

static void no_scan_in(const struct db_statement *table)
{
    for (const struct db_statement *s = table; s->sql; s++) {
        const char *steps = plan(s->sql);
        cr_assert_null(strstr(steps, "SCAN"), "%s\n%s", s->sql, steps);
        cr_assert_null(strstr(steps, "TEMP B-TREE"), "%s\n%s", s->sql, steps);
    }
}

Test(db, no_question_about_audits_reads_them_all)
{
    no_scan_in(store_events_sql);
    no_scan_in(list_audits_sql);
    no_scan_in(store_duties_sql);
    no_scan_in(store_find_sql);
}

Test(db, who_entered_and_what_they_read_is_found_by_index)
{
    static const enum stmt ids[] = {
        STMT_AUDIT_GET, STMT_AUDIT_FIND_REF,   STMT_SUMMARY_GET,    STMT_MEMBERS_GET,
        STMT_READ_LIST, STMT_READ_LIST_PERSON, STMT_READ_LIST_BOTH,
    };
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        const char *steps = plan(sqlite3_sql(db.stmt[ids[i]]));
        cr_assert_null(strstr(steps, "SCAN"), "%s", steps);
        cr_assert_null(strstr(steps, "TEMP B-TREE"), "%s", steps);
    }
}

/* Would the test notice? */
Test(db, a_question_without_an_index_shows_in_its_plan)
{
    cr_assert(strstr(plan("SELECT audit FROM summaries WHERE carer_ref = 'x'"), "SCAN"));
    cr_assert(strstr(plan("SELECT audit FROM duties WHERE person = 1 AND person > 0 ORDER BY text"),
                     "TEMP B-TREE"));
}
