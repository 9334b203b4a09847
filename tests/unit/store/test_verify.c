/* tandemd verify and rebuild, on a database with one busy audit in it. */

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/audit/audit.h"
#include "server/store/store_sqlite.h"
#include "tests/lib/store_room.h"

static struct store_under_test t;

static void make(void)
{
    t = (struct store_under_test){.impl = &store_impl_sqlite};
    t.impl->open(&t);
    struct room *r = store_room_busy();
    store_room_put(&t, r, 6);
    room_free(r);
    put_person(&t, "Asha");
    store_sqlite_close(t.store, NULL, NULL);
}
static void unmake(void)
{
    temp_dir_remove(t.dir);
}
TestSuite(verify, .init = make, .fini = unmake);

static sqlite3 *open_raw(void)
{
    char file[128];
    snprintf(file, sizeof file, "%s/tandem.db", t.dir);
    sqlite3 *sql;
    cr_assert_eq(sqlite3_open(file, &sql), SQLITE_OK);
    return sql;
}

static void tamper(const char *statements)
{
    sqlite3 *sql = open_raw();
    char *why = NULL;
    cr_assert_eq(sqlite3_exec(sql, statements, NULL, NULL, &why), SQLITE_OK, "%s: %s", statements,
                 why);
    cr_assert_gt(sqlite3_total_changes(sql), 0, "%s: changed nothing", statements);
    sqlite3_close(sql);
}

/* Rules that know one duty: each member reads the audit. `user` counts the audits asked about. */
static enum err project(void *user, const struct audit *a, struct store_projection *out)
{
    size_t n = audit_member_count(a);
    ++*(int *)user;
    out->duties = calloc(n + 1, sizeof *out->duties);
    cr_assert_not_null(out->duties);
    for (size_t i = 0; i < n; i++)
        out->duties[out->nduties++] =
            (struct store_duty){.kind = "read", .person = audit_member_at(a, i)->person};
    return ERR_OK;
}
static int asked;
static struct store_rules rules = {.project = project, .user = &asked, .version = 1};

/* Verifies; *report (free()) is what it printed. */
static enum err verify_by(const struct store_rules *by, char **report)
{
    size_t len;
    struct err_info why = {0};
    FILE *f = open_memstream(report, &len);
    enum err e = store_sqlite_verify(t.dir, by, f, &why);
    fclose(f);
    cr_assert_eq(why.code, e);
    return e;
}
static enum err verify(char **report)
{
    return verify_by(NULL, report);
}

Test(verify, an_untouched_store_is_sound)
{
    char *report;
    cr_assert_eq(verify(&report), ERR_OK, "%s", report);
    cr_assert(strstr(report, "audits=1 "), "%s", report);
    cr_assert(strstr(report, "problems=0 "), "%s", report);
    free(report);
}

Test(verify, every_kind_of_tampering_is_found)
{
    static const struct {
        const char *sql, *found;
    } rows[] = {
        {"UPDATE events SET body = CAST(substr(body, 1, 4) || x'7a' || substr(body, 6) AS BLOB)"
         " WHERE seq = 5",                                                               "event 5: does not match its hash"       },
        {"UPDATE events SET body = CAST(body || x'00' AS BLOB) WHERE seq = 5",
         "event 5: does not match its hash"                                                                                                },
        {"UPDATE events SET actor = actor + 1 WHERE seq = 7",                                     "event 7: does not match its hash"       },
        {"UPDATE events SET utc_ms = utc_ms + 1 WHERE seq = 7",                                   "event 7: does not match its hash"       },
        {"UPDATE events SET hash = zeroblob(32) WHERE seq = 3",                                   "event 3: does not match its hash"       },
        {"DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)",
         "was committed and is missing"                                                                                                    },
        {"DELETE FROM events WHERE seq = 4",                                                      "event 4: is missing"                    },
        {"DELETE FROM events",                                                                    "event 1: was committed and is missing"  },
        {"UPDATE events SET seq = 1000 WHERE seq = 8; UPDATE events SET seq = 8 WHERE seq = 9;"
         "UPDATE events SET seq = 9 WHERE seq = 1000",                                   "event 8: does not match its hash"       },
        {"INSERT INTO events SELECT audit, seq + 1, utc_ms, actor, hash, body FROM events"
         " ORDER BY seq DESC LIMIT 1",                                                   "does not match its hash"                },
        {"INSERT INTO events SELECT 9, seq, utc_ms, actor, hash, body FROM events WHERE seq = 1",
         "audit 9: has events and was never reserved"                                                                                      },
        {"DELETE FROM commits WHERE n = (SELECT max(n) FROM commits)",                            "the site's chain with"                  },
        {"DELETE FROM commits WHERE n = 3",                                                       "commit 3: is missing"                   },
        {"UPDATE commits SET hash = zeroblob(32) WHERE n = 2",                                    "commit 2: does not match its hash"      },
        {"UPDATE commits SET heads = x'ffff' WHERE n = 2",                                        "commit 2: cannot be read"               },
        {"UPDATE summaries SET answered = answered + 1",                                          "the list's row is not what the log says"},
        {"UPDATE summaries SET team = 'South'",                                                   "the list's row is not what the log says"},
        {"DELETE FROM summaries",                                                                 "the list's row is not what the log says"},
        {"UPDATE members SET role = 17 WHERE person = 3",                                         "the members are not what the log says"  },
        {"DELETE FROM members WHERE person = 3",                                                  "the members are not what the log says"  },
        {"UPDATE summaries SET ref = 'TST-2026-0009'",                                            "the list's row is not what the log says"},
        {"UPDATE summaries SET since_utc_ms = since_utc_ms + 1",
         "the list's row is not what the log says"                                                                                         },
        {"UPDATE members SET ref = '' WHERE person = 3",                                          "another team or reference"              },
        {"INSERT INTO duties VALUES (1, 0, 'TST-2026-0001', 'South', 'x', 1, 0, '~', '', '', 0,"
         " 0, '')",                                                                      "another team or reference"              },
        {"INSERT INTO audits VALUES (8, 'TST-2026-0008', 1); INSERT INTO duties VALUES (8, 0,"
         " 'TST-2026-0008', '', 'x', 1, 0, '~', '', '', 0, 0, '')",                      "audit 8: has duties and no events"      },
        {"INSERT INTO members VALUES (1, 77, 1, '', 'TST-2026-0001')",
         "the members are not what the log says"                                                                                           },
        {"UPDATE snapshots SET data = CAST(data || x'00' AS BLOB) WHERE seq = 6",
         "the snapshot after event 6 is not what the log says"                                                                             },
        {"UPDATE snapshots SET seq = 7 WHERE seq = 6",
         "the snapshot after event 7 is not what the log says"                                                                             },
        {"UPDATE snapshots SET seq = 7000 WHERE seq = 6",                                         "event 7000, which is not there"         },
        {"UPDATE audits SET next_agent = 1",                                                      "would be given away again"              },
        {"UPDATE audits SET ref = 'TST-2026-0002'",                                               "another reference than its log"         },
        {"DELETE FROM templates",                                                                 "a template that is not there"           },
        {"UPDATE templates SET data = x'ff'",                                                     "cannot be read"                         },
        {"PRAGMA foreign_keys = OFF; INSERT INTO person_roles VALUES (55, 0, 1, '')",
         "foreign_key_check"                                                                                                               },
    };
    char copy[256], command[600];
    snprintf(copy, sizeof copy, "%s/good", t.dir);
    snprintf(command, sizeof command, "cp %s/tandem.db %s", t.dir, copy);
    cr_assert_eq(system(command), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tamper(rows[i].sql);
        char *report;
        cr_assert_eq(verify(&report), ERR_CORRUPT, "not found: %s\n%s", rows[i].sql, report);
        cr_assert(strstr(report, rows[i].found), "%s\nlooked for: %s\n%s", rows[i].sql,
                  rows[i].found, report);
        free(report);
        snprintf(command, sizeof command, "rm -f %s/tandem.db*; cp %s %s/tandem.db", t.dir, copy,
                 t.dir);
        cr_assert_eq(system(command), 0);
    }
    char *report;
    cr_assert_eq(verify(&report), ERR_OK, "%s", report);
    free(report);
}

Test(verify, a_word_changed_in_the_file_itself_is_found)
{
    char file[128];
    snprintf(file, sizeof file, "%s/tandem.db", t.dir);
    FILE *f = fopen(file, "r+b");
    static char bytes[4 * 1024 * 1024];
    size_t len = fread(bytes, 1, sizeof bytes, f);
    char *word = memmem(bytes, len, "child was heard", 15);
    cr_assert_not_null(word);
    fseek(f, word - bytes, SEEK_SET);
    fputc('C', f);
    fclose(f);
    char *report;
    cr_assert_eq(verify(&report), ERR_CORRUPT, "%s", report);
    free(report);
}

/* Everything in the projections, in order, as text. */
static char *dump(void)
{
    static const char *const selects[] = {
        "SELECT * FROM summaries ORDER BY audit",
        "SELECT * FROM members ORDER BY audit, person",
        "SELECT audit, seq, nth, hex(data) FROM snapshots ORDER BY audit, seq",
        "SELECT * FROM duties ORDER BY audit, n",
    };
    char *text;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    sqlite3 *sql = open_raw();
    for (size_t i = 0; i < sizeof selects / sizeof selects[0]; i++) {
        sqlite3_stmt *q;
        cr_assert_eq(sqlite3_prepare_v2(sql, selects[i], -1, &q, NULL), SQLITE_OK);
        while (sqlite3_step(q) == SQLITE_ROW)
            for (int c = 0; c < sqlite3_column_count(q); c++)
                fprintf(f, "%s%c", (const char *)sqlite3_column_text(q, c),
                        c + 1 < sqlite3_column_count(q) ? '|' : '\n');
        sqlite3_finalize(q);
    }
    sqlite3_close(sql);
    fclose(f);
    return text;
}

Test(verify, rebuild_makes_the_same_projections_again)
{
    static const char *const damage[] = {
        NULL,
        "DELETE FROM summaries; DELETE FROM members",
        "UPDATE summaries SET state = 12, carer_ref = 'x'; INSERT INTO members VALUES (1, 9, 9, "
        "'', '')",
        "UPDATE snapshots SET data = x'00ff'",
    };
    char *before = dump();
    cr_assert_gt(strlen(before), 1000);
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        if (damage[i])
            tamper(damage[i]);
        struct err_info why = {0};
        FILE *out = tmpfile();
        cr_assert_eq(store_sqlite_rebuild(t.dir, NULL, out, &why), ERR_OK, "%s", why.text);
        fclose(out);
        char *after = dump(), *report;
        cr_assert_str_eq(after, before);
        cr_assert_eq(verify(&report), ERR_OK, "%s", report);
        free(report);
        free(after);
    }
    free(before);
}

Test(verify, rebuild_changes_nothing_when_a_log_is_damaged)
{
    tamper("UPDATE events SET actor = 99 WHERE seq = 5; UPDATE summaries SET team = 'x'");
    char *before = dump();
    struct err_info why = {0};
    cr_assert_eq(store_sqlite_rebuild(t.dir, NULL, stdout, &why), ERR_CORRUPT);
    cr_assert(strstr(why.text, "event 5"), "%s", why.text);
    char *after = dump();
    cr_assert_str_eq(after, before);
    free(before);
    free(after);
}

Test(verify, a_store_that_is_not_there_or_in_use_is_not_touched)
{
    struct err_info why = {0};
    cr_assert_eq(store_sqlite_verify("/nonexistent/dir", NULL, stdout, &why), ERR_NOT_FOUND);
    struct store *s;
    cr_assert_eq(store_sqlite_open(NULL, t.dir, false, NULL, &s, &why), ERR_OK);
    cr_assert_eq(store_sqlite_verify(t.dir, NULL, stdout, &why), ERR_LOCKED);
    cr_assert_eq(store_sqlite_rebuild(t.dir, NULL, stdout, &why), ERR_LOCKED);
    store_sqlite_close(s, NULL, NULL);
    cr_assert_eq(store_sqlite_verify(t.dir, NULL, tmpfile(), &why), ERR_OK);
}

/* ---- duties ---- */

static void rebuild_by(const struct store_rules *by)
{
    struct err_info why = {0};
    FILE *out = tmpfile();
    cr_assert_eq(store_sqlite_rebuild(t.dir, by, out, &why), ERR_OK, "%s", why.text);
    fclose(out);
}

Test(verify, duties_are_compared_with_what_the_rules_make)
{
    static const char *const damage[] = {
        "DELETE FROM duties WHERE n = 2",
        "UPDATE duties SET kind = 'write' WHERE n = 0",
        "UPDATE duties SET due = '2026-12-01' WHERE n = 1",
        "DELETE FROM duties",
    };
    char *report;
    cr_assert_eq(verify_by(&rules, &report), ERR_CORRUPT, "nobody has made them");
    cr_assert(strstr(report, "the duties are not what the log says"), "%s", report);
    free(report);
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        rebuild_by(&rules);
        cr_assert_eq(verify_by(&rules, &report), ERR_OK, "%s", report);
        free(report);
        tamper(damage[i]);
        cr_assert_eq(verify_by(&rules, &report), ERR_CORRUPT, "not found: %s", damage[i]);
        free(report);
        cr_assert_eq(verify(&report), ERR_OK, "not asked about: %s", report);
        free(report);
    }
}

Test(verify, rebuild_without_rules_leaves_the_duties)
{
    rebuild_by(&rules);
    char *before = dump();
    rebuild_by(NULL);
    char *after = dump();
    cr_assert_str_eq(after, before);
    free(after);
    free(before);
}

/* ---- projections of another version ---- */

static void open_by(const struct store_rules *by)
{
    struct store *s;
    struct err_info why = {0};
    struct store_sqlite_options options = {.rules = by};
    asked = 0;
    cr_assert_eq(store_sqlite_open(NULL, t.dir, false, &options, &s, &why), ERR_OK, "%s", why.text);
    store_sqlite_close(s, NULL, NULL);
}

Test(verify, opening_with_other_rules_makes_the_duties_again)
{
    char *report;
    open_by(&rules);
    cr_assert_eq(asked, 1);
    cr_assert_eq(verify_by(&rules, &report), ERR_OK, "%s", report);
    free(report);
    open_by(&rules);
    cr_assert_eq(asked, 0, "they are those of this version");
    open_by(NULL);
    open_by(&rules);
    cr_assert_eq(asked, 0, "opening without rules changes nothing");
    rules.version = 2;
    open_by(&rules);
    cr_assert_eq(asked, 1);
}

Test(verify, opening_makes_the_summaries_of_an_older_program_again)
{
    char *before = dump(), *report;
    tamper("UPDATE projected SET summaries = 0; UPDATE summaries SET team = 'x', since_utc_ms = 0;"
           " DELETE FROM members");
    open_by(NULL);
    char *after = dump();
    cr_assert_str_eq(after, before);
    cr_assert_eq(verify(&report), ERR_OK, "%s", report);
    free(report);
    free(after);
    free(before);
}

Test(verify, a_damaged_log_does_not_keep_the_store_from_opening)
{
    tamper("UPDATE events SET actor = 99 WHERE seq = 5; UPDATE projected SET summaries = 0");
    char *before = dump();
    open_by(&rules);
    char *after = dump();
    cr_assert_str_eq(after, before);
    free(after);
    free(before);
    sqlite3 *sql = open_raw();
    sqlite3_stmt *q;
    cr_assert_eq(sqlite3_prepare_v2(sql, "SELECT summaries FROM projected", -1, &q, NULL),
                 SQLITE_OK);
    cr_assert_eq(sqlite3_step(q), SQLITE_ROW);
    cr_assert_eq(sqlite3_column_int(q, 0), 0, "it is tried again");
    sqlite3_finalize(q);
    sqlite3_close(sql);
}
