/* Every command once against a real tandemd, its JSON read by jansson, every exit code provoked. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/daemon.h"

static struct daemon d;

static void site_up(void)
{
    daemon_init(&d);
    daemon_start(&d);
    daemon_enrol(&d, "Ana Flint", "FRO:north", "ana");
    daemon_enrol(&d, "Ben Okafor", "FSW:north", "ben");
    daemon_enrol(&d, "Iris Moor", "IRO", "iris");
    daemon_enrol(&d, "Quin Day", "QA", "quin");
}

static void site_down(void)
{
    daemon_remove(&d);
}

/* Runs, expects an exit code, and returns what it printed (free()). */
static char *run_as(const char *input, int exit_code, const char *const *argv)
{
    struct run r = run_program(input, argv);
    cr_assert_eq(r.exit_code, exit_code, "tandem %s %s: exit %d, not %d\n%s%s", argv[1],
                 argv[2] ? argv[2] : "", r.exit_code, exit_code, run_out(&r), run_err(&r));
    cr_assert(exit_code == 0 || exit_code == 5 || strlen(run_err(&r)) > 8,
              "a failure says something");
    char *out = strdup(run_out(&r));
    run_free(&r);
    return out;
}
#define DO(code, ...)   free(run_as(NULL, code, (const char *const[]){"tandem", __VA_ARGS__, NULL}))
#define SAY(code, ...)  run_as(NULL, code, (const char *const[]){"tandem", __VA_ARGS__, NULL})
#define PUT(input, ...) free(run_as(input, 0, (const char *const[]){"tandem", __VA_ARGS__, NULL}))

static json_t *parse(char *out)
{
    json_error_t e;
    json_t *j = json_loads(out, 0, &e);
    cr_assert_not_null(j, "not JSON (%s): %s", e.text, out);
    free(out);
    return j;
}
#define JSON(...) parse(SAY(0, __VA_ARGS__, "--json"))

static const char *str(json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    cr_assert_not_null(s, "no \"%s\"", key);
    return s;
}

static char *new_audit(void)
{
    json_t *j = JSON("new", "FCA", "--as", "ana", "--carer", "CR-1", "--child", "CH-1", "--child",
                     "CH-2", "--practitioner", "Ben Okafor", "--period", "2025-11-01..2026-10-31",
                     "--start", "tests write at once");
    char *ref = strdup(str(j, "ref"));
    json_decref(j);
    return ref;
}

/* The question of `show --json`. */
static json_t *question(json_t *show, const char *code)
{
    size_t i, k;
    json_t *section, *q;
    json_array_foreach(json_object_get(show, "sections"), i, section)
    {
        json_array_foreach(json_object_get(section, "questions"), k, q)
        {
            if (!strcmp(str(q, "code"), code))
                return q;
        }
    }
    cr_assert(false, "no question %s", code);
    return NULL;
}

Test(commands, people_are_who_the_server_says, .init = site_up, .fini = site_down)
{
    json_t *me = JSON("whoami", "--as", "ben");
    cr_assert_str_eq(str(me, "name"), "Ben Okafor");
    cr_assert_str_eq(str(json_array_get(json_object_get(me, "roles"), 0), "role"), "FSW");
    cr_assert_str_eq(str(json_array_get(json_object_get(me, "roles"), 0), "team"), "north");
    json_t *people = JSON("people", "--as", "ana");
    cr_assert_geq(json_array_size(people), 4);
    json_decref(me);
    json_decref(people);
    DO(0, "people", "--as", "ana");
    setenv("TANDEM_PROFILE", "iris", 1);
    char *out = SAY(0, "whoami");
    cr_assert(strstr(out, "Iris Moor") && strstr(out, "IRO"));
    free(out);
}

Test(commands, an_audit_is_begun_chosen_written_and_shown, .init = site_up, .fini = site_down)
{
    char *ref = new_audit();
    DO(0, "set", ref, "B1", "Good", "--as", "ana");
    DO(0, "set", ref, "B1", "requires improvement", "--as", "ben");
    DO(0, "set", ref, "B5", "yes", "--as", "ben");
    DO(0, "set", ref, "B5.date", "14/9/2026", "--as", "ben");
    DO(0, "set", ref, "D1[3]", "not seen", "--as", "ana");
    PUT("One.\nTwo.\n", "write", ref, "B1", "--as", "ana");
    PUT("Three.\n", "write", ref, "B1.rationale", "--append", "--as", "ben");
    free(run_as("", 1, (const char *const[]){"tandem", "write", ref, "B1", "--as", "ana", NULL}));
    free(run_as(
        "\n", 1,
        (const char *const[]){"tandem", "write", ref, "B1", "--append", "--as", "ana", NULL}));
    PUT("Gone.", "write", ref, "C5", "--as", "ana");
    DO(0, "write", ref, "C5", "--empty", "--as", "ana");
    char *shown = SAY(0, "show", ref, "--as", "ana");
    cr_assert(strstr(shown, "One.") && !strstr(shown, "Gone."));
    free(shown);
    char *item = SAY(0, "set", ref, "L5", "+", "--as", "ana");
    cr_assert_str_eq(item, "L5[1]\n");
    free(item);
    DO(0, "set", ref, "L5[1].due", "2027-01-05", "--as", "ana");
    DO(1, "show", ref, "--as", "iris"); /* no part in it */
    json_t *show = JSON("show", ref, "--as", "ana");
    cr_assert_str_eq(str(show, "ref"), ref);
    cr_assert_str_eq(str(show, "state"), "IN_PROGRESS");
    json_t *b1 = question(show, "B1"), *values = json_object_get(b1, "values");
    cr_assert_str_eq(str(json_object_get(values, "grade_auditor"), "value"), "good");
    cr_assert_str_eq(str(json_object_get(values, "grade_auditor"), "name"), "Ana Flint");
    cr_assert_str_eq(str(json_object_get(values, "grade_practitioner"), "value"),
                     "requires_improvement");
    cr_assert_str_eq(str(json_object_get(b1, "texts"), "rationale"), "One.\nTwo.\nThree.");
    json_t *action = json_array_get(json_object_get(question(show, "L5"), "items"), 0);
    cr_assert_str_eq(str(json_object_get(json_object_get(action, "values"), "due"), "value"),
                     "2027-01-05");
    uint64_t seq = (uint64_t)json_integer_value(json_object_get(show, "seq"));
    json_decref(show);
    char *text = SAY(0, "show", ref, "--as", "ana");
    cr_assert(strstr(text, "        Three.\n") && strstr(text, "not seen"), "%s", text);
    free(text);
    text = SAY(0, "show", ref, "--format", "markdown", "--as", "ana");
    cr_assert(strstr(text, "## B") && strstr(text, "**rationale:**"), "%s", text);
    free(text);
    show = JSON("show", ref, "--at", "2", "--as", "ana");
    cr_assert_eq(json_object_size(json_object_get(question(show, "B1"), "texts")), 0,
                 "as it was before anybody wrote");
    json_decref(show);
    cr_assert_gt(seq, 8u);
    DO(0, "set", ref, "L5[1]", "-", "--as", "ana");
    DO(0, "audits", "--as", "ana");
    DO(0, "status", "--as", "quin");
    json_t *list = JSON("audits", "--as", "ben");
    cr_assert_str_eq(str(json_array_get(list, 0), "ref"), ref);
    json_decref(list);
    free(ref);
}

/* What `tandem write` of these words to B1 says besides: its exit code is 0 all the same. */
static char *notes_on(const char *ref, const char *words, const char *how)
{
    struct run r = run_program(
        words, (const char *const[]){"tandem", "write", ref, "B1", "--as", "ana", how, NULL});
    cr_assert_eq(r.exit_code, 0, "%s", run_err(&r));
    char *said = strdup(run_err(&r));
    run_free(&r);
    return said;
}

Test(commands, an_identifier_is_noted_until_its_writer_says_why, .init = site_up, .fini = site_down)
{
    char *ref = new_audit();
    char *said = notes_on(ref, "His number is 943 476 5919; CR-2041.", NULL);
    cr_assert(strstr(said, "note: \"943 476 5919\" looks like an NHS number"), "%s", said);
    cr_assert(strstr(said, " B1.rationale --on \"943 476 5919\" \"why needed: "), "%s", said);
    cr_assert_null(strstr(said, "CR-2041"), "%s", said);
    free(said);
    DO(1, "comment", ref, "B1.rationale", "why needed: ", "--on", "943 476 5919", "--as", "ana");
    DO(0, "comment", ref, "B1.rationale", "why needed: two children share a name", "--on",
       "943 476 5919", "--as", "ana");
    said = notes_on(ref, "And no more.", "--append");
    cr_assert_str_eq(said, "");
    free(said);
    free(ref);
}

Test(commands, words_keep_their_authors_and_the_log_tells_it, .init = site_up, .fini = site_down)
{
    char *ref = new_audit();
    PUT("The plan was followed.", "write", ref, "B3", "--as", "ana");
    PUT("The care plan was followed.", "write", ref, "B3", "--as", "ben");
    PUT("The care plan was kept.", "write", ref, "B3", "--as", "ana");
    json_t *rows = JSON("blame", ref, "B3", "--as", "ana");
    size_t i;
    json_t *row;
    char live[200] = "";
    bool by_ben = false, struck = false;
    json_array_foreach(rows, i, row)
    {
        if (json_object_get(row, "struck_by")) {
            struck |= strstr(str(row, "text"), "follow") != NULL;
            cr_assert_str_eq(str(row, "struck_name"), "Ana Flint");
            continue;
        }
        (void)strncat(live, str(row, "text"), sizeof live - strlen(live) - 1);
        if (strstr(str(row, "text"), "care")) {
            by_ben = true;
            cr_assert_str_eq(str(row, "name"), "Ben Okafor");
        }
    }
    cr_assert_str_eq(live, "The care plan was kept.");
    cr_assert(by_ben && struck);
    json_decref(rows);
    char *out = SAY(0, "blame", ref, "B3", "--as", "ana");
    cr_assert(strstr(out, "struck out by Ana Flint"), "%s", out);
    free(out);
    out = SAY(0, "history", ref, "B3", "--as", "ana");
    cr_assert(strstr(out, "Ben Okafor wrote") && !strstr(out, "began the audit"), "%s", out);
    free(out);
    out = SAY(0, "history", ref, "--json", "--as", "ana");
    for (char *line = out, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        json_t *event = parse(strdup(line));
        cr_assert_not_null(json_object_get(event, "ops"));
        json_decref(event);
    }
    free(out);
    free(ref);
}

Test(commands, comments_are_written_answered_and_resolved, .init = site_up, .fini = site_down)
{
    char *ref = new_audit();
    PUT("Delegated authority is written down.", "write", ref, "B1", "--as", "ana");
    DO(0, "invite", ref, "Iris Moor", "--role", "IRO", "--as", "ana");
    json_t *j = JSON("comment", ref, "B1", "Which decisions?", "--on", "authority", "--must-answer",
                     "--as", "iris");
    cr_assert_eq(json_integer_value(json_object_get(j, "comment")), 1);
    json_decref(j);
    DO(1, "comment", ref, "B1", "Where?", "--on", "not there", "--as", "iris");
    DO(0, "reply", ref, "1", "All of daily life.", "--as", "ana");
    DO(0, "resolve", ref, "1", "--as", "iris");
    DO(1, "resolve", ref, "7", "--as", "iris");
    json_t *show = JSON("show", ref, "--as", "ana");
    json_t *c = json_array_get(json_object_get(show, "comments"), 0);
    cr_assert_str_eq(str(c, "on"), "authority");
    cr_assert(json_is_true(json_object_get(c, "resolved")));
    cr_assert_eq(json_array_size(json_object_get(c, "replies")), 1);
    json_decref(show);
    DO(0, "uninvite", ref, "Iris Moor", "--as", "ana");
    DO(1, "comment", ref, "B1", "Still there?", "--as", "iris");
    free(ref);
}

Test(commands, follow_prints_events_as_they_happen, .init = site_up, .fini = site_down)
{
    char *ref = new_audit(), line[2000] = "";
    int fd;
    pid_t pid = program_start(
        (const char *const[]){"tandem", "follow", ref, "--json", "--as", "quin", NULL}, &fd, NULL);
    FILE *out = fdopen(fd, "r");
    struct pollfd said = {.fd = fd, .events = POLLIN};
    /* it may join before or after this: events until one arrives */
    for (int i = 0; i < 50 && !line[0]; i++) {
        char words[20];
        (void)snprintf(words, sizeof words, "words %d", i);
        PUT(words, "write", ref, "C4", "--as", "ben");
        if (poll(&said, 1, 200) == 1)
            cr_assert_not_null(fgets(line, sizeof line, out));
    }
    json_t *event = parse(strdup(line));
    cr_assert_str_eq(str(event, "name"), "Ben Okafor");
    cr_assert_str_eq(str(json_array_get(json_object_get(event, "ops"), 0), "op"), "text");
    json_decref(event);
    json_t *who = JSON("who", ref, "--as", "ana");
    cr_assert(json_is_array(who));
    json_decref(who);
    (void)kill(pid, SIGTERM);
    cr_assert_eq(program_wait(pid), 0);
    (void)fclose(out);
    free(ref);
}

Test(commands, follow_misses_nothing_when_something_is_shared_or_the_server_restarts,
     .init = site_up, .fini = site_down)
{
    char *ref = new_audit(), line[2000] = "";
    int fd;
    DO(0, "invite", ref, "Iris Moor", "--role", "IRO", "--as", "ana");
    PUT("I like it here.", "write", ref, "J3.words", "--as", "iris");
    DO(1, "blame", ref, "J3.words", "--as", "ben"); /* held, not empty */
    pid_t pid = program_start(
        (const char *const[]){"tandem", "follow", ref, "--json", "--as", "ben", NULL}, &fd, NULL);
    FILE *out = fdopen(fd, "r");
    struct pollfd said = {.fd = fd, .events = POLLIN};
    for (int i = 0; i < 50 && !line[0]; i++) { /* until it is known to follow */
        char value[8];
        (void)snprintf(value, sizeof value, "%d", i % 11);
        DO(0, "set", ref, "B6", value, "--as", "ana");
        if (poll(&said, 1, 200) == 1)
            cr_assert_not_null(fgets(line, sizeof line, out));
    }
    DO(0, "set", ref, "J3.shown_to", "auditors, worker", "--as", "iris");
    cr_assert_eq(daemon_stop(&d), 0);
    daemon_start(&d);
    DO(0, "set", ref, "B5", "partly", "--as", "ana");
    bool shared = false, after = false;
    json_int_t last = 0;
    for (int i = 0; i < 60 && !after && fgets(line, sizeof line, out); i++) {
        json_t *event = parse(strdup(line));
        json_int_t seq = json_integer_value(json_object_get(event, "seq"));
        cr_assert(!last || seq == last + 1, "event %lld after %lld", (long long)seq,
                  (long long)last);
        last = seq;
        shared |= strstr(line, "J3.shown_to") != NULL;
        after |= strstr(line, "B5") != NULL;
        json_decref(event);
    }
    cr_assert(shared && after);
    (void)kill(pid, SIGTERM);
    cr_assert_eq(program_wait(pid), 0);
    (void)fclose(out);
    free(ref);
}

Test(commands, exit_codes_say_what_went_wrong, .init = site_up, .fini = site_down)
{
    char *ref = new_audit();
    /* 1: refused by a rule */
    DO(1, "set", ref, "M1[B1].view", "agree", "--as", "ana");
    DO(1, "show", "FCA-2026-0099", "--as", "ana");
    DO(1, "new", "FCA", "--carer", "CR-2", "--as", "iris");
    DO(1, "set", ref, "B1", "splendid", "--as", "ana");
    DO(1, "set", ref, "B99", "good", "--as", "ana");
    /* 2: usage */
    DO(2, "shwo", ref);
    DO(2, "show");
    DO(2, "show", ref, "--frobnicate");
    DO(2, "show", ref, "--format", "pdf", "--as", "ana");
    DO(2, "new", "FCA", "--as", "ana");
    DO(2, "invite", ref, "Ben Okafor", "--role", "FSV", "--as", "ana");
    DO(2, "enrol", "TANDEM-12345");
    /* 4: not authenticated */
    DO(4, "whoami", "--as", "nobody");
    DO(4, "whoami"); /* several profiles, none chosen */
    struct run r = RUN("tandemd", "person", "revoke", "Ben Okafor", "--data", d.dir);
    cr_assert_eq(r.exit_code, 0, "%s", run_err(&r));
    run_free(&r);
    DO(4, "whoami", "--as", "ben");
    /* 5: conflict */
    DO(0, "set", ref, "B5", "yes", "--as", "ana");
    char *out = SAY(5, "set", ref, "B5", "no", "--was", "partly", "--json", "--as", "ana");
    json_t *j = parse(out), *c = json_object_get(j, "conflict");
    cr_assert_str_eq(str(c, "theirs"), "yes");
    cr_assert_str_eq(str(c, "name"), "Ana Flint");
    json_decref(j);
    DO(0, "set", ref, "B5", "no", "--was", "yes", "--as", "ana");
    /* 3: the server cannot be reached */
    cr_assert_eq(daemon_stop(&d), 0);
    DO(3, "audits", "--as", "ana");
    DO(3, "set", ref, "B5", "yes", "--as", "ana");
    DO(3, "show", ref, "--as", "ana");
    DO(3, "follow", ref, "--as", "ana");
    free(ref);
}

Test(commands, suggestions_come_with_a_mistake, .init = site_up, .fini = site_down)
{
    struct run r = RUN("tandem", "hisotry");
    cr_assert(strstr(run_err(&r), "\"history\""), "%s", run_err(&r));
    run_free(&r);
    char *ref = new_audit();
    r = RUN("tandem", "set", ref, "B9", "good", "--as", "ana");
    cr_assert(strstr(run_err(&r), "B1, B2"), "%s", run_err(&r));
    run_free(&r);
    r = RUN("tandem", "set", ref, "B1", "goood", "--as", "ana");
    cr_assert(strstr(run_err(&r), "requires_improvement"), "%s", run_err(&r));
    run_free(&r);
    r = RUN("tandem", "set", ref, "B1.rationale", "good", "--as", "ana");
    cr_assert(strstr(run_err(&r), "tandem write"), "%s", run_err(&r));
    run_free(&r);
    free(ref);
}

Test(commands, help_names_every_command, .init = site_up, .fini = site_down)
{
    static const char *const names[] = {"enrol",  "whoami", "new",     "audits",  "open",
                                        "show",   "set",    "write",   "comment", "resolve",
                                        "follow", "who",    "history", "blame"};
    char *out = SAY(0, "help");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_assert(strstr(out, names[i]), "%s", names[i]);
    cr_assert(strstr(out, "Exit codes"));
    free(out);
    DO(0, "help", "set");
    DO(0, "help", "json");
    DO(0, "show", "--help");
    DO(2, "help", "nothing");
}

Test(commands, a_code_works_once_and_a_wrong_server_is_told, .init = site_up, .fini = site_down)
{
    char *code = daemon_add_person(&d, "Tom Hale", "FTM:north"), address[64];
    DO(3, "enrol", code, "--as", "tom", "--server", "127.0.0.1:1");
    (void)snprintf(address, sizeof address, "localhost:%u", (unsigned)d.port);
    DO(0, "enrol", code, "--as", "tom", "--server", address);
    struct run r = RUN("tandem", "enrol", code, "--as", "tom2");
    cr_assert(r.exit_code == 1 || r.exit_code == 4, "%d", r.exit_code);
    run_free(&r);
    DO(1, "enrol", code, "--as", "ana"); /* that profile is there */
    DO(0, "whoami", "--as", "tom");
    free(code);
}

/* Sets one setting of the site; it is read when the server starts. */
static void set_setting(const char *line)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/tandem.yaml", d.dir);
    FILE *f = fopen(path, "a");
    cr_assert_not_null(f);
    (void)fprintf(f, "%s\n", line);
    cr_assert_eq(fclose(f), 0);
}

static char *identity_of(const char *profile)
{
    char path[160];
    static char text[8192];
    (void)snprintf(path, sizeof path, "%s/%s/identity.pem", getenv("TANDEM_HOME"), profile);
    FILE *f = fopen(path, "r");
    cr_assert_not_null(f, "%s", path);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    (void)fclose(f);
    return strdup(text);
}

Test(commands, a_certificate_that_ends_soon_is_renewed_with_a_new_key, .fini = site_down)
{
    daemon_init(&d);
    set_setting("cert_days: 1");
    daemon_start(&d);
    daemon_enrol(&d, "Ana Flint", "FRO:north", "ana");
    cr_assert_eq(daemon_stop(&d), 0);
    set_setting("# a day is less than a third of this:");
    char command[300];
    (void)snprintf(command, sizeof command,
                   "sed -i 's/^cert_days: 1$/cert_days: 90/' %s/tandem.yaml", d.dir);
    cr_assert_eq(system(command), 0);
    daemon_start(&d);
    char *before = identity_of("ana");
    json_t *me = JSON("whoami", "--as", "ana");
    json_decref(me);
    char *after = identity_of("ana");
    cr_assert_str_neq(after, before);
    cr_assert_neq(strncmp(after, before, 100), 0, "the key is new, too");
    struct run r = RUN("tandem", "whoami", "--as", "ana", "--json");
    cr_assert_eq(r.exit_code, 0, "%s", run_err(&r));
    me = parse(strdup(run_out(&r)));
    cr_assert_str_eq(str(me, "name"), "Ana Flint");
    run_free(&r);
    json_decref(me);
    char *third = identity_of("ana");
    cr_assert_str_eq(third, after, "once is enough");
    free(before);
    free(after);
    free(third);
}

Test(commands, what_was_typed_without_a_server_survives_the_end_of_the_program, .init = site_up,
     .fini = site_down)
{
    char *ref = new_audit(), *out = SAY(0, "kept", ref, "--as", "ana");
    cr_assert(strstr(out, "Nothing is kept"), "%s", out);
    free(out);
    char fifo[100], command[600];
    int from, to;
    (void)snprintf(fifo, sizeof fifo, "%s/keys", d.root);
    cr_assert_eq(mkfifo(fifo, 0600), 0);
    to = open(fifo, O_RDWR | O_CLOEXEC);
    const char *bin = getenv("TANDEM_BIN");
    (void)snprintf(command, sizeof command, "exec %s/tandem open %s --plain --as ana <%s",
                   bin ? bin : "build/debug", ref, fifo);
    pid_t pid = program_start((const char *const[]){"/bin/sh", "-c", command, NULL}, &from, NULL);
    FILE *says = fdopen(from, "r");
    char line[2000];
    do
        cr_assert_not_null(fgets(line, sizeof line, says));
    while (!strstr(line, "lists the commands")); /* it has joined */
    cr_assert_eq(daemon_stop(&d), 0);
    static const char typed[] = "go B4\nwrite rationale\nWords without a server.\n.\nstatus\n";
    cr_assert_eq(write(to, typed, sizeof typed - 1), (ssize_t)sizeof typed - 1);
    while (fgets(line, sizeof line, says) && !strstr(line, "characters kept here"))
        ;
    (void)kill(pid, SIGTERM);
    (void)program_wait(pid);
    json_t *kept = JSON("kept", ref, "--as", "ana");
    cr_assert_eq(json_integer_value(json_object_get(kept, "unsent_characters")), 23);
    json_decref(kept);
    daemon_start(&d);
    free(run_as("quit\n", 0,
                (const char *const[]){"tandem", "open", ref, "--plain", "--as", "ana", NULL}));
    out = SAY(0, "show", ref, "--as", "ana");
    cr_assert(strstr(out, "Words without a server."), "%s", out);
    free(out);
    out = SAY(0, "kept", ref, "--as", "ana");
    cr_assert(strstr(out, "Nothing is kept"), "%s", out);
    free(out);
    (void)fclose(says);
    (void)close(to);
    free(ref);
}
