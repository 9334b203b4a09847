/* The real tandemd as its owner meets it: commands, files, refusals, starting and stopping. */

#include <criterion/criterion.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/pki.h"
#include "tests/lib/daemon.h"

static void expect_run(struct run r, int exit_code, const char *out_word, const char *err_word)
{
    cr_assert_eq(r.exit_code, exit_code, "exit %d instead of %d: %s%s", r.exit_code, exit_code,
                 run_out(&r), run_err(&r));
    cr_assert(!out_word || strstr(run_out(&r), out_word), "no \"%s\" in: %s", out_word,
              run_out(&r));
    cr_assert(!err_word || strstr(run_err(&r), err_word), "no \"%s\" in: %s", err_word,
              run_err(&r));
    run_free(&r);
}

static void write_file(const char *dir, const char *name, const char *mode, const char *text)
{
    char path[200];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, mode);
    cr_assert_not_null(f);
    cr_assert_geq(fputs(text, f), 0);
    cr_assert_eq(fclose(f), 0);
}

static mode_t mode_of(const char *dir, const char *name)
{
    char path[200];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    cr_assert_eq(stat(path, &st), 0, "%s", path);
    return st.st_mode & 0777;
}

static bool exists(const char *dir, const char *name)
{
    char path[200];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return !lstat(path, &st);
}

/* ---- init ---- */

Test(daemon, init_makes_a_site_and_prints_the_administrators_code)
{
    struct daemon d;
    struct pki_code code;
    char dir[100];
    daemon_init(&d);
    (void)snprintf(dir, sizeof dir, "%s/second", d.root);
    struct run r = RUN("tandemd", "init", "--data", dir, "--site", "North \"shire\": one", "--host",
                       "qa.example", "--host", "10.0.0.7");
    cr_assert_eq(r.exit_code, 0, "%s", run_err(&r));
    char *text = find_code(run_out(&r));
    cr_assert_eq(pki_code_parse(text, &code, NULL), ERR_OK);
    cr_assert_str_eq(code.host, "qa.example");
    cr_assert_eq(code.port, 7443);
    cr_assert_eq(mode_of(dir, "."), 0700u);
    cr_assert_eq(mode_of(dir, "authority.key"), 0600u);
    cr_assert_eq(mode_of(dir, "tandem.db"), 0600u);
    expect_run(RUN("tandemd", "person", "list", "--data", dir), 0, "admin", NULL);
    expect_run(RUN("tandemd", "template", "list", "--data", dir), 0, "FCA", NULL);
    expect_run(RUN("tandemd", "verify", "--data", dir), 0, "problems=0", NULL);
    free(text);
    run_free(&r);
    daemon_remove(&d);
}

Test(daemon, init_refuses_a_directory_that_has_a_site_and_changes_nothing)
{
    struct daemon d;
    daemon_init(&d);
    char path[100];
    (void)snprintf(path, sizeof path, "%s/authority.key", d.dir);
    struct run before = RUN("/usr/bin/sha256sum", path);
    expect_run(RUN("tandemd", "init", "--data", d.dir), 1, NULL, "already");
    struct run after = RUN("/usr/bin/sha256sum", path);
    cr_assert_str_eq(run_out(&before), run_out(&after));
    run_free(&before);
    run_free(&after);
    cr_assert_eq(unlink(path), 0);
    expect_run(RUN("tandemd", "init", "--data", d.dir), 1, NULL, "already"); /* half a site too */
    daemon_remove(&d);
}

Test(daemon, init_refuses_what_cannot_be_and_leaves_nothing)
{
    struct daemon d;
    char dir[100], under_file[100];
    daemon_init(&d);
    (void)snprintf(dir, sizeof dir, "%s/new", d.root);
    (void)snprintf(under_file, sizeof under_file, "%s/tandem.yaml/x", d.dir);
    expect_run(RUN("tandemd", "init"), 2, NULL, "--data");
    expect_run(RUN("tandemd", "init", "--data", dir, "--host", "a b"), 2, NULL, "a b");
    expect_run(RUN("tandemd", "init", "--data", dir, "--host", "x,IP:1.2.3.4"), 2, NULL,
               "computer");
    expect_run(RUN("tandemd", "init", "--data", dir, "--site", "two\nlines"), 2, NULL, "one line");
    expect_run(RUN("tandemd", "init", "--data", dir, "--listen", "1.2.3.4:5"), 2, NULL, "--listen");
    expect_run(RUN("tandemd", "init", "--data", under_file), 1, NULL, "Not a directory");
    cr_assert_not(exists(d.root, "new"));
    daemon_remove(&d);
}

/* ---- serve ---- */

Test(daemon, serves_says_where_and_ends_cleanly_on_both_signals)
{
    static const int signals[] = {SIGTERM, SIGINT};
    struct daemon d;
    daemon_init(&d);
    for (int i = 0; i < 2; i++) {
        daemon_start(&d);
        cr_assert(exists(d.dir, "control"));
        cr_assert_eq(mode_of(d.dir, "control"), 0600u);
        expect_run(RUN("tandemd", "health", "--data", d.dir), 0, "store             ok", NULL);
        (void)kill(d.pid, signals[i]);
        cr_assert_eq(program_wait(d.pid), 0);
        d.pid = 0;
        close(d.out_fd);
        cr_assert_not(exists(d.dir, "control"));
        expect_run(RUN("tandemd", "health", "--data", d.dir), 3, NULL, "No server");
    }
    expect_run(RUN("tandemd", "verify", "--data", d.dir), 0, "problems=0", NULL);
    daemon_remove(&d);
}

/* The soft limit of a file of the memory of a process that has crashed. */
static void expect_no_core(pid_t pid)
{
    char path[64], line[200];
    bool found = false;
    (void)snprintf(path, sizeof path, "/proc/%d/limits", (int)pid);
    FILE *f = fopen(path, "r");
    cr_assert_not_null(f);
    while (fgets(line, sizeof line, f))
        if (!strncmp(line, "Max core file size", 18)) {
            found = true;
            cr_assert_eq(strtol(line + 18, NULL, 10), 0, "%s", line);
            cr_assert_eq(line[18 + strspn(line + 18, " ")], '0', "%s", line);
        }
    cr_assert(found);
    fclose(f);
}

Test(daemon, a_crash_would_leave_nothing_of_the_records)
{
    struct daemon d;
    struct rlimit r;
    cr_assert_eq(getrlimit(RLIMIT_CORE, &r), 0);
    r.rlim_cur = r.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_CORE, &r), 0);
    daemon_init(&d);
    daemon_start(&d);
    expect_no_core(d.pid);
    daemon_remove(&d);
}

Test(daemon, starts_again_after_it_was_killed)
{
    struct daemon d;
    daemon_init(&d);
    daemon_start(&d);
    daemon_kill(&d);
    expect_run(RUN("tandemd", "health", "--data", d.dir), 3, NULL, "No server");
    expect_run(RUN("tandemd", "person", "list", "--data", d.dir), 0, "admin", NULL);
    daemon_start(&d);
    expect_run(RUN("tandemd", "health", "--data", d.dir), 0, "ok", NULL);
    cr_assert_eq(daemon_stop(&d), 0);
    daemon_remove(&d);
}

Test(daemon, a_second_server_on_the_same_site_is_refused)
{
    struct daemon d;
    daemon_init(&d);
    daemon_start(&d);
    expect_run(RUN("tandemd", "serve", "--data", d.dir, "--listen", "127.0.0.1:0"), 1, NULL,
               "in use by process");
    expect_run(RUN("tandemd", "verify", "--data", d.dir), 1, NULL, "in use");
    expect_run(RUN("tandemd", "health", "--data", d.dir), 0, "ok", NULL); /* the first goes on */
    cr_assert_eq(daemon_stop(&d), 0);
    daemon_remove(&d);
}

Test(daemon, a_port_that_is_taken_gets_a_sentence)
{
    struct daemon d, other;
    char listen[32];
    daemon_init(&d);
    daemon_init(&other);
    daemon_start(&d);
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%u", d.port);
    expect_run(RUN("tandemd", "serve", "--data", other.dir, "--listen", listen), 1, NULL,
               "taken by another program");
    cr_assert_not(exists(other.dir, "control"));
    cr_assert_eq(daemon_stop(&d), 0);
    daemon_remove(&d);
    daemon_remove(&other);
}

Test(daemon, impossible_addresses_and_directories_get_a_sentence)
{
    struct daemon d;
    char missing[100];
    daemon_init(&d);
    (void)snprintf(missing, sizeof missing, "%s/none", d.root);
    expect_run(RUN("tandemd", "serve", "--data", d.dir, "--listen", "localhost"), 2, NULL,
               "ADDR:PORT");
    expect_run(RUN("tandemd", "serve", "--data", d.dir, "--listen", "192.0.2.1:0"), 1, NULL,
               "does not have the address");
    expect_run(RUN("tandemd", "serve", "--data", missing), 1, NULL, "no site in");
    expect_run(RUN("tandemd", "person", "list", "--data", missing), 1, NULL, "tandemd init");
    expect_run(RUN("tandemd", "serve", "--data", "/dev/null"), 1, NULL, "no site in");
    expect_run(RUN("tandemd", "serve", "--data", d.dir, "more"), 2, NULL, "too much");
    daemon_remove(&d);
}

Test(daemon, a_database_of_a_newer_version_is_left_alone)
{
    struct daemon d;
    sqlite3 *db;
    char path[100];
    daemon_init(&d);
    (void)snprintf(path, sizeof path, "%s/tandem.db", d.dir);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "PRAGMA user_version = 9999", NULL, NULL, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
    expect_run(RUN("tandemd", "serve", "--data", d.dir), 1, NULL, "newer");
    expect_run(RUN("tandemd", "person", "list", "--data", d.dir), 1, NULL, "newer");
    daemon_remove(&d);
}

Test(daemon, settings_that_are_wrong_are_named_by_file_and_line)
{
    static const struct {
        const char *text, *word;
    } cases[] = {
        {"site: North\nlisten: here\n",             "tandem.yaml:2: listen"         },
        {"# c\n\nrequests_per_s: 0\n",              "tandem.yaml:3: requests_per_s" },
        {"requests_per_s: many\n",                  "whole number from 1 to 1000000"},
        {"site: North\nrequest_per_s: 5\n",         "tandem.yaml:2: there is no"    },
        {"site: [a\n",                              "tandem.yaml:"                  },
        {"hosts:\n  - qa.example\n  - \"a b\"\n",   "tandem.yaml:3: hosts"          },
        {"log_level: loud\n",                       "error, warn, info or debug"    },
        {"ping_after_ms: 2000\nsilence_ms: 1000\n", "tandem.yaml:2: silence_ms"     },
        {"cert_days: 5\nsite: x\ncert_days: 6\n",   "twice"                         },
        {"site: \"a\\u202eb\"\n",                   "tandem.yaml:1: site"           },
    };
    struct daemon d;
    daemon_init(&d);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_file(d.dir, "tandem.yaml", "w", cases[i].text);
        expect_run(RUN("tandemd", "serve", "--data", d.dir), 1, NULL, cases[i].word);
    }
    write_file(d.dir, "tandem.yaml", "w", "");
    daemon_start(&d); /* nothing said: all defaults */
    cr_assert_eq(daemon_stop(&d), 0);
    daemon_remove(&d);
}

/* ---- people ---- */

Test(daemon, people_are_added_while_serving_and_while_not)
{
    struct daemon d;
    struct pki_code code;
    daemon_init(&d);
    char *offline = daemon_add_person(&d, "Ana Flint", "FRO:north");
    daemon_start(&d);
    char *serving = daemon_add_person(&d, "Ben Moor", "FSW:north");
    char *again = daemon_code(&d, "ben moor");
    cr_assert(strcmp(offline, serving) && strcmp(serving, again));
    cr_assert_eq(pki_code_parse(again, &code, NULL), ERR_OK);
    cr_assert_eq(code.port, d.port, "the port that was found goes into the code");
    struct run r = RUN("tandemd", "person", "list", "--data", d.dir);
    cr_assert(strstr(run_out(&r), "Ana Flint") && strstr(run_out(&r), "FSW:north"));
    cr_assert_eq(daemon_stop(&d), 0);
    struct run stopped = RUN("tandemd", "person", "list", "--data", d.dir);
    cr_assert_str_eq(run_out(&r), run_out(&stopped), "both ways show the same");
    run_free(&r);
    run_free(&stopped);
    free(offline);
    free(serving);
    free(again);
    daemon_remove(&d);
}

static void people_refusals(struct daemon *d)
{
    char long_name[100], long_team[60] = "FRO:";
    memset(long_name, 'x', 64);
    long_name[64] = 0;
    memset(long_team + 4, 't', 32);
    long_team[36] = 0;
    const struct {
        const char *name, *role, *word;
        int exit_code;
    } cases[] = {
        {"Cara",             "BOSS",                    "no role \"BOSS\"", 2},
        {"Cara",             "FRO:",                    "not a team",       2},
        {"Cara",             "FRO:a b",                 "not a team",       2},
        {"Cara",             "FRO:a:b",                 "not a team",       2},
        {"Cara",             "FRO:\x1b[",               "not a team",       2},
        {"Cara",             long_team,                 "not a team",       2},
        {"Cara",             "FROOOOOOOOOOOOOOOOOOOOO", "no role",          2},
        {"12",               "FRO",                     "number",           2},
        {" Cara",            "FRO",                     "space",            2},
        {"Ca\nra",           "FRO",                     "may not hold",     2},
        {"Ca\x1b[1mra",      "FRO",                     "may not hold",     2},
        {"Ca\xe2\x80\xaera", "FRO",                     "may not hold",     2},
        {"Ca\xffra",         "FRO",                     "may not hold",     2},
        {long_name,          "FRO",                     "63 bytes",         2},
        {"ana FLINT",        "QA",                      "already",          1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_run(RUN("tandemd", "person", "add", cases[i].name, "--role", cases[i].role, "--data",
                       d->dir),
                   cases[i].exit_code, NULL, cases[i].word);
    expect_run(RUN("tandemd", "person", "add", "Cara", "--data", d->dir), 2, NULL, "role");
    expect_run(RUN("tandemd", "person", "add", "--role", "FRO", "--data", d->dir), 2, NULL,
               "missing");
    expect_run(RUN("tandemd", "person", "add", "Cara", "Lee", "--role", "FRO", "--data", d->dir), 2,
               NULL, "quotes");
    expect_run(RUN("tandemd", "person", "add", "Cara", "--role"), 2, NULL, "needs a value");
    expect_run(RUN("tandemd", "person", "code", "Nobody", "--data", d->dir), 1, NULL,
               "nobody called");
    expect_run(RUN("tandemd", "person", "revoke", "\x1b[2J", "--data", d->dir), 1, NULL,
               "nobody called \"\xe2\x90\x9b");
}

Test(daemon, impossible_people_are_refused_the_same_way_serving_or_not)
{
    struct daemon d;
    daemon_init(&d);
    free(daemon_add_person(&d, "Ana Flint", "FRO:north"));
    struct run before = RUN("tandemd", "person", "list", "--data", d.dir);
    people_refusals(&d);
    daemon_start(&d);
    people_refusals(&d);
    struct run after = RUN("tandemd", "person", "list", "--data", d.dir);
    cr_assert_str_eq(run_out(&before), run_out(&after));
    cr_assert_eq(daemon_stop(&d), 0);
    run_free(&before);
    run_free(&after);
    daemon_remove(&d);
}

Test(daemon, who_is_revoked_stays_in_the_list_and_gets_no_code)
{
    struct daemon d;
    daemon_init(&d);
    free(daemon_add_person(&d, "Ana Flint", "FRO:north"));
    daemon_start(&d);
    expect_run(RUN("tandemd", "person", "revoke", "Ana Flint", "--data", d.dir), 0, "revoked",
               NULL);
    expect_run(RUN("tandemd", "person", "list", "--data", d.dir), 0, "(revoked)", NULL);
    expect_run(RUN("tandemd", "person", "code", "Ana Flint", "--data", d.dir), 1, NULL, "nobody");
    expect_run(RUN("tandemd", "person", "code", "2", "--data", d.dir), 1, NULL, "revoked");
    free(daemon_add_person(&d, "Ana Flint", "FRO:north")); /* the name is free again */
    expect_run(RUN("tandemd", "person", "list", "--json", "--data", d.dir), 0, "\"revoked\": true",
               NULL);
    cr_assert_eq(daemon_stop(&d), 0);
    daemon_remove(&d);
}

Test(daemon, the_client_enrols_and_its_exit_codes_say_what_is_the_matter)
{
    struct daemon d;
    daemon_init(&d);
    daemon_start(&d);
    daemon_enrol(&d, "Ana Flint", "FRO:north", "ana");
    expect_run(RUN("tandem", "whoami", "--as", "ana"), 0, "Ana Flint", NULL);
    char *code = daemon_add_person(&d, "Ben Moor", "FSW:north");
    expect_run(RUN("tandem", "enrol", code, "--as", "ben"), 0, NULL, NULL);
    expect_run(RUN("tandem", "enrol", code, "--as", "second"), 4, NULL, "code");
    cr_assert_eq(daemon_stop(&d), 0);
    expect_run(RUN("tandem", "whoami", "--as", "ana"), 3, NULL, NULL);
    daemon_start(&d); /* on the port that the profile knows, with a new certificate of its own */
    expect_run(RUN("tandem", "whoami", "--as", "ana"), 0, "Ana Flint", NULL);
    expect_run(RUN("tandemd", "person", "revoke", "Ana Flint", "--data", d.dir), 0, NULL, NULL);
    expect_run(RUN("tandem", "whoami", "--as", "ana"), 4, NULL, "withdrawn");
    expect_run(RUN("tandem", "whoami", "--as", "ben"), 0, "Ben Moor", NULL);
    cr_assert_eq(daemon_stop(&d), 0);
    free(code);
    daemon_remove(&d);
}

/* ---- templates, backup, help ---- */

static const char own_template[] =
    "id: OWN\nversion: 1\ntitle: Our own\ntype: thematic\noverall: none\n"
    "scale:\n  - {code: good, label: Good}\n  - {code: weak, label: Weak, weak: yes}\n"
    "sections:\n"
    "  - code: A\n    title: About\n    write: [FRO]\n    questions:\n"
    "      - {code: A1, title: Why, kinds: [text], required: yes}\n";

Test(daemon, templates_are_checked_and_added_while_serving_and_while_not)
{
    struct daemon d;
    char path[100], bad[100], missing[100];
    daemon_init(&d);
    (void)snprintf(path, sizeof path, "%s/own.yaml", d.root);
    (void)snprintf(bad, sizeof bad, "%s/bad.yaml", d.root);
    (void)snprintf(missing, sizeof missing, "%s/none.yaml", d.root);
    write_file(d.root, "own.yaml", "w", own_template);
    write_file(d.root, "bad.yaml", "w", "id: OWN\nversion: 2\nstate: wrong\n");
    expect_run(RUN("tandemd", "template", "add", missing, "--data", d.dir), 1, NULL, "none.yaml");
    expect_run(RUN("tandemd", "template", "add", path, "--data", d.dir), 0, "OWN version 1", NULL);
    daemon_start(&d);
    expect_run(RUN("tandemd", "template", "add", bad, "--data", d.dir), 1, NULL, "bad.yaml:");
    expect_run(RUN("tandemd", "template", "add", path, "--data", d.dir), 0, "OWN version 1", NULL);
    write_file(d.root, "own.yaml", "a", "      - {code: A2, title: More, kinds: [text]}\n");
    expect_run(RUN("tandemd", "template", "add", path, "--data", d.dir), 1, NULL, "number 2");
    expect_run(RUN("tandemd", "template", "list", "--data", d.dir), 0, "Our own", NULL);
    cr_assert_eq(daemon_stop(&d), 0);
    daemon_remove(&d);
}

/* As if an older version had made the site: it lacks a template, and has another as it was then. */
Test(daemon, a_site_made_before_a_built_in_template_gets_it_and_keeps_its_own)
{
    static const char spoil[] = "DELETE FROM templates WHERE id = 'IDA';"
                                "UPDATE templates SET data = (SELECT data FROM templates WHERE id "
                                "= 'OBS') WHERE id = 'CPM'";
    struct daemon d;
    char path[200];
    sqlite3 *db;
    sqlite3_stmt *q;
    daemon_init(&d);
    (void)snprintf(path, sizeof path, "%s/tandem.db", d.dir);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, spoil, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
    daemon_start(&d);
    cr_assert_eq(daemon_stop(&d), 0);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    static const char count[] =
        "SELECT (SELECT count(*) FROM templates WHERE id = 'IDA'), (SELECT count(*) FROM templates "
        "a"
        " JOIN templates b ON a.data = b.data WHERE a.id = 'CPM' AND b.id = 'OBS')";
    cr_assert_eq(sqlite3_prepare_v2(db, count, -1, &q, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    cr_assert_eq(sqlite3_step(q), SQLITE_ROW);
    cr_expect_eq(sqlite3_column_int(q, 0), 1, "what was missing is there");
    cr_expect_eq(sqlite3_column_int(q, 1), 1, "what was there is as it was");
    (void)sqlite3_finalize(q);
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
    daemon_remove(&d);
}

Test(daemon, a_backup_taken_while_serving_can_be_served)
{
    struct daemon d, copy;
    daemon_init(&d);
    daemon_start(&d);
    free(daemon_add_person(&d, "Ana Flint", "FRO:north"));
    copy = d;
    (void)snprintf(copy.dir, sizeof copy.dir, "%s/copy", d.root);
    expect_run(RUN("tandemd", "backup", copy.dir, "--data", d.dir), 0, "tandemd serve", NULL);
    expect_run(RUN("tandemd", "backup", copy.dir, "--data", d.dir), 1, NULL, "already");
    cr_assert_eq(mode_of(copy.dir, "authority.key"), 0600u);
    expect_run(RUN("tandemd", "verify", "--data", copy.dir), 0, "problems=0", NULL);
    copy.pid = 0;
    copy.port = 0;
    daemon_start(&copy);
    expect_run(RUN("tandemd", "person", "list", "--data", copy.dir), 0, "Ana Flint", NULL);
    cr_assert_eq(daemon_stop(&copy), 0);
    cr_assert_eq(daemon_stop(&d), 0);
    daemon_remove(&d);
}

Test(daemon, help_comes_from_the_table_and_typing_errors_get_a_suggestion)
{
    expect_run(RUN("tandemd"), 2, NULL, "person add");
    expect_run(RUN("tandemd", "--help"), 0, "person add", NULL);
    expect_run(RUN("tandemd", "help", "person", "add"), 0, "--role ROLE[:TEAM]", NULL);
    expect_run(RUN("tandemd", "serve", "--help"), 0, "--listen ADDR:PORT", NULL);
    expect_run(RUN("tandemd", "help", "settings"), 0, "silence_ms", NULL);
    expect_run(RUN("tandemd", "help", "nothing"), 2, NULL, "no command \"nothing\"");
    expect_run(RUN("tandemd", "serv"), 2, NULL, "did you mean \"serve\"");
    expect_run(RUN("tandemd", "person", "ad", "x"), 2, NULL, "did you mean \"person add\"");
    expect_run(RUN("tandemd", "serve", "--lisen", "x"), 2, NULL, "did you mean --listen");
    expect_run(RUN("tandemd", "zzzzzzzz"), 2, NULL, "tandemd help");
    expect_run(RUN("tandemd", "--version"), 0, "tandemd ", NULL);
}

/* ---- the control socket ---- */

Test(daemon, the_control_socket_outlives_rubbish_and_half_requests)
{
    struct daemon d;
    daemon_init(&d);
    daemon_start(&d);
    static const char *const rubbish[] = {"", "GET / HTTP/1.1\r\n\r\n", "\xff\xff\xff\xff",
                                          "\x01\x01\x01\x01zzzzzz", "ab"};
    for (int round = 0; round < 8; round++)
        for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++) {
            struct sockaddr_un name = {.sun_family = AF_UNIX};
            (void)snprintf(name.sun_path, sizeof name.sun_path, "%s/control", d.dir);
            int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
            cr_assert_eq(connect(fd, (struct sockaddr *)&name, sizeof name), 0);
            (void)send(fd, rubbish[i], strlen(rubbish[i]), MSG_NOSIGNAL);
            close(fd);
        }
    expect_run(RUN("tandemd", "health", "--data", d.dir), 0, "ok", NULL);
    cr_assert_eq(daemon_stop(&d), 0);
    daemon_remove(&d);
}

Test(daemon, a_data_directory_with_a_very_long_path_works)
{
    struct daemon d;
    char dir[400], part[101];
    daemon_init(&d);
    memset(part, 'd', 100);
    part[100] = 0;
    (void)snprintf(dir, sizeof dir, "%s/%s", d.root, part);
    cr_assert_eq(mkdir(dir, 0700), 0);
    (void)snprintf(dir, sizeof dir, "%s/%s/%s", d.root, part, part);
    expect_run(RUN("tandemd", "init", "--data", dir), 0, "TANDEM-", NULL);
    int out_fd;
    pid_t pid = program_start(
        (const char *const[]){"tandemd", "serve", "--data", dir, "--listen", "127.0.0.1:0", NULL},
        &out_fd, d.log);
    char line[100];
    cr_assert_gt(read(out_fd, line, sizeof line), 0);
    expect_run(RUN("tandemd", "health", "--data", dir), 0, "ok", NULL);
    (void)kill(pid, SIGTERM);
    cr_assert_eq(program_wait(pid), 0);
    close(out_fd);
    daemon_remove(&d);
}
