/* Three people, three terminals, one answer: the real server and the real editor, read as a person
 * sees it. */

#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "tests/lib/flow_room.h"

static struct flow f;

static void up(void)
{
    flow_up(&f);
}

static void down(void)
{
    flow_down(&f);
}

static void write_as(const char *profile, const char *question, const char *words)
{
    free(
        flow_run(words, 0,
                 (const char *const[]){"tandem", "write", f.ref, question, "--as", profile, NULL}));
}

static void see_all(struct vscreen *const *s, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        flow_see(s[i], text);
}

/* Ana, Ben and Cleo, each on the rationale of B1. */
static void three_open(struct vscreen *s[3])
{
    static const char *const profiles[] = {"ana", "ben", "cleo"};
    for (int i = 0; i < 3; i++) {
        s[i] = flow_open(&f, profiles[i]);
        flow_go(s[i], "B1.rationale");
    }
}

/* What everybody else reads is what the screens show. */
static void stands_everywhere(const char *squeezed)
{
    char *words = flow_words(&f, "ana", "B1", "rationale"), *flat = flow_squeeze(words);
    cr_assert_str_eq(flat, squeezed, "show --json has: %s", words);
    char *shown = FLOW_RUN(0, "show", f.ref, "--as", "ben"), *flat_shown = flow_squeeze(shown);
    cr_assert(strstr(flat_shown, squeezed), "show has: %s", shown);
    free(words);
    free(flat);
    free(shown);
    free(flat_shown);
}

/* Types runs[i] on screens[i], `burst` keys at a time, in turn. */
static void type_in_turn(struct vscreen *const *s, const char *const *runs, size_t n, size_t burst)
{
    size_t longest = 0;
    for (size_t i = 0; i < n; i++)
        longest = strlen(runs[i]) > longest ? strlen(runs[i]) : longest;
    for (size_t at = 0; at < longest; at += burst)
        for (size_t i = 0; i < n; i++) {
            if (at >= strlen(runs[i]))
                continue;
            char keys[64];
            (void)snprintf(keys, sizeof keys, "%.*s", (int)burst, runs[i] + at);
            vscreen_type(s[i], keys);
        }
}

Test(three, type_in_the_same_sentence_and_end_with_the_same_words, .init = up, .fini = down)
{
    static const char *const runs[] = {
        ", who came to this home in May after two moves and has now begun to call it hers,",
        " (as her school wrote to us on the first of June; the letter lies on both records)",
        " and with her brother nearby whom she sees on Sundays and after the swimming lesson",
    };
    static const char begin[] = "The child", end[] = " is settled.";
    struct vscreen *s[3];
    char *squeezed[3];
    size_t chars = strlen("Thechildissettled.");
    write_as("ana", "B1", "The child is settled.");
    three_open(s);
    flow_see_words(s, 3, "The child is settled.");
    for (int i = 0; i < 3; i++) {
        vscreen_key(s[i], VSCREEN_HOME);
        for (size_t k = 0; k < strlen(begin); k++)
            vscreen_key(s[i], VSCREEN_RIGHT);
        squeezed[i] = flow_squeeze(runs[i]);
        chars += strlen(squeezed[i]);
    }
    type_in_turn(s, runs, 3, 4);
    char *words = flow_see_equal(s, 3, chars);
    see_all(s, 3, " Saved ");
    cr_assert_eq(strncmp(words, "Thechild", 8), 0, "%s", words);
    char *tail = flow_squeeze(end);
    cr_assert(strstr(words, tail) == words + strlen(words) - strlen(tail), "%s", words);
    for (int i = 0; i < 3; i++) {
        cr_assert(strstr(words, squeezed[i]), "\"%s\" is not in one piece in: %s", runs[i], words);
        free(squeezed[i]);
    }
    stands_everywhere(words);
    char *blame = FLOW_RUN(0, "blame", f.ref, "B1", "--as", "ana");
    cr_assert(strstr(blame, "Ana Flint") && strstr(blame, "Ben Okafor") &&
                  strstr(blame, "Cleo Marsh"),
              "%s", blame);
    for (int i = 0; i < 3; i++)
        flow_leave(s[i]);
    flow_verify(&f);
    daemon_start(&f.d); /* read from the disk again */
    stands_everywhere(words);
    free(blame);
    free(words);
    free(tail);
}

Test(three, erase_and_undo_among_each_others_words_and_end_equal, .init = up, .fini = down)
{
    static const char *const last[] = {"END0", "END1", "END2"};
    struct vscreen *s[3];
    write_as("ana", "B1", "One two three four five six seven eight nine ten.");
    three_open(s);
    flow_see_words(s, 3, "One two three four five six seven eight nine ten.");
    for (int round = 0; round < 4; round++) {
        vscreen_key_mod(s[0], VSCREEN_END, VSCREEN_CTRL);
        vscreen_ctrl(s[0], 'w'); /* the last word goes */
        vscreen_key_mod(s[1], VSCREEN_HOME, VSCREEN_CTRL);
        vscreen_type(s[1], "B ");
        vscreen_key(s[2], VSCREEN_HOME);
        vscreen_key_mod(s[2], VSCREEN_RIGHT, VSCREEN_CTRL);
        vscreen_type(s[2], "\xc3\xa9\xe2\x80\x93"); /* e acute, dash */
    }
    vscreen_ctrl(s[1], 'z');
    for (int i = 0; i < 3; i++) /* who has a person's last word has all that they did before */
        vscreen_type(s[i], last[i]);
    for (int i = 0; i < 3; i++)
        see_all(s, 3, last[i]);
    char *words = flow_words(&f, "ana", "B1", "rationale");
    flow_see_words(s, 3, words);
    size_t dashes = 0;
    for (const char *p = words; (p = strstr(p, "\xc3\xa9\xe2\x80\x93")); p++)
        dashes++;
    cr_assert_eq(dashes, 4u, "undo is of one's own words: %s", words);
    cr_assert(strstr(words, "three") && !strstr(words, "nine"), "%s", words);
    for (int i = 0; i < 3; i++)
        flow_leave(s[i]);
    flow_verify(&f);
    free(words);
}

Test(three, see_who_is_there_and_where, .init = up, .fini = down)
{
    struct vscreen *s[3];
    write_as("ana", "B1", "The plan is followed.\nIt is reviewed.");
    three_open(s);
    flow_see(s[0], "Ben Okafor FSW B1");
    flow_see(s[0], "Cleo Marsh CSW B1");
    flow_see(s[1], "Ana Flint FRO B1");
    flow_see(s[2], "Ben Okafor FSW B1");
    flow_go(s[1], "C4");
    flow_see(s[0], "Ben Okafor FSW C4"); /* he is seen to go */
    flow_see(s[2], "Ben Okafor FSW C4");
    flow_go(s[1], "B1.rationale");
    flow_go(s[2], "B2.rationale");
    vscreen_key_mod(s[1], VSCREEN_END, VSCREEN_CTRL);
    vscreen_type(s[1], " Twice.");
    flow_see(s[0], "It is reviewed. Twice.");
    flow_see(s[0], "BO \u2502"); /* his cursor's line has his initials */
    vscreen_key_mod(s[0], VSCREEN_HOME, VSCREEN_CTRL);
    vscreen_type(s[0], "We saw: ");
    flow_see(s[1], "We saw: The plan");
    flow_see(s[1], "AF \u2502");
    char *who = FLOW_RUN(0, "who", f.ref, "--as", "ana");
    cr_assert(strstr(who, "Ana Flint") && strstr(who, "Ben Okafor") && strstr(who, "Cleo Marsh"),
              "%s", who);
    free(who);
    flow_leave(s[2]);
    flow_see(s[0], "Cleo Marsh has left");
    flow_see_not(s[0], "Cleo Marsh CSW");
    flow_leave(s[1]);
    flow_leave(s[0]);
}

Test(three, the_reviewing_officer_comments_and_is_told_where_they_may_not_write, .init = up,
     .fini = down)
{
    write_as("ana", "B1", "Delegated authority is written down.");
    struct vscreen *ana = flow_open(&f, "ana"), *iris = flow_open(&f, "iris");
    flow_go(ana, "B1.rationale");
    flow_go(iris, "B1.rationale");
    flow_see(iris, "Delegated authority");
    char *before = flow_history(&f, "ana");
    vscreen_type(iris, "Not mine to write");
    flow_see(iris, "read only");
    flow_see(iris, "FRO, FSW, CSW of this audit write in section B");
    vscreen_key(iris, VSCREEN_F1 + 7); /* but comment they may */
    flow_see(iris, "Comment on");
    vscreen_type(iris, "Which decisions are meant?\r");
    flow_see(iris, "Comment sent.");
    flow_see(ana, "Which decisions");
    flow_see(ana, "Comments (1)");
    flow_see_words(&ana, 1, "Delegated authority is written down.");
    char *words = flow_words(&f, "ana", "B1", "rationale");
    cr_assert_str_eq(words, "Delegated authority is written down.");
    char *after = flow_history(&f, "ana");
    cr_assert(!strncmp(before, after, strlen(before)) && strstr(after, "Which decisions"), "%s",
              after);
    cr_assert_null(strstr(after, "Not mine"));
    flow_leave(iris);
    flow_leave(ana);
    free(before);
    free(after);
    free(words);
}

/* ---- the young person's own words ---- */

/* Nothing that Ben can ask for holds the words; `his`: his open screen. */
static void ben_does_not_get(struct vscreen *his, const char *secret)
{
    cr_assert_not(vscreen_has(his, secret), "%s", vscreen_dump(his));
    const char *const asks[][7] = {
        {"show",    f.ref,      "--as",     "ben" },
        {      "show",    f.ref,   "--json",     "--as",  "ben"},
        {      "show",    f.ref, "--format", "markdown", "--as", "ben"},
        { "history", f.ref,      "--as",     "ben" },
        {     "history",    f.ref,   "--json",     "--as",  "ben"},
        {      "history",    f.ref,       "J3",     "--as",  "ben"},
    };
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        const char *argv[9] = {"tandem"};
        memcpy(argv + 1, asks[i], sizeof asks[i]);
        char *out = flow_run(NULL, 0, argv);
        cr_assert(strlen(out) > 20 || i == 5, "%s says nothing", asks[i][0]);
        cr_assert_null(strstr(out, secret), "%s %s: %s", asks[i][0], asks[i][2], out);
        free(out);
    }
    struct run r = RUN("tandem", "blame", f.ref, "J3.words", "--as", "ben");
    cr_assert(!strstr(run_out(&r), secret) && !strstr(run_err(&r), secret));
    run_free(&r);
}

/* All that `follow` had printed when it is ended, and that it got as far as `until`. */
static char *followed(pid_t pid, int fd, const char *until)
{
    struct buf all = BUF_INIT;
    char bytes[4096];
    while (!strstr(buf_cstr(&all), until)) {
        ssize_t n = read(fd, bytes, sizeof bytes);
        cr_assert_gt(n, 0, "follow ended: %s", buf_cstr(&all));
        buf_append(&all, bytes, (size_t)n);
    }
    (void)kill(pid, SIGTERM);
    cr_assert_eq(program_wait(pid), 0);
    close(fd);
    char *s = strdup(buf_cstr(&all));
    buf_free(&all);
    return s;
}

Test(three, the_young_persons_words_stay_with_the_reviewing_officer_until_shared, .init = up,
     .fini = down)
{
    static const char secret[] = "lanterns";
    int fd;
    struct vscreen *ben = flow_open(&f, "ben"), *iris = flow_open(&f, "iris");
    pid_t follow = program_start(
        (const char *const[]){"tandem", "follow", f.ref, "--json", "--as", "ben", NULL}, &fd, NULL);
    flow_go(ben, "J3.words");
    flow_see(ben, "held by IRO");
    flow_go(iris, "J3.words");
    vscreen_type(iris, "I like the lanterns and being asked.");
    flow_see_words(&iris, 1, "I like the lanterns and being asked.");
    vscreen_settle(iris, 50, 5000);
    flow_see(iris, " Saved ");
    char *hers = flow_words(&f, "iris", "J3", "words");
    cr_assert_str_eq(hers, "I like the lanterns and being asked.");
    free(hers);
    write_as("ana", "C4", "Marker one."); /* when Ben has this, he has had all before it */
    flow_go(ben, "C4");
    flow_see(ben, "Marker one.");
    flow_go(ben, "J3.words");
    flow_see(ben, "held by IRO");
    ben_does_not_get(ben, secret);
    /* they are nowhere in what his programs keep either */
    char *trace = FLOW_RUN(0, "history", f.ref, "--json", "--as", "iris");
    cr_assert(strstr(trace, secret), "the words are in the log");
    free(trace);
    /* follow may have begun after the first marker: one that it must have */
    for (int i = 0; i < 3; i++) {
        char marker[32];
        (void)snprintf(marker, sizeof marker, "Marker %d of follow.", i);
        write_as("ana", "C5", marker);
    }
    char *lines = followed(follow, fd, "C5");
    cr_assert_null(strstr(lines, secret), "%s", lines);
    free(lines);
    FLOW_DO(0, "set", f.ref, "J3.shown_to", "auditors, worker", "--as", "iris");
    flow_see(ben, secret);
    char *now = flow_words(&f, "ben", "J3", "words");
    cr_assert_str_eq(now, "I like the lanterns and being asked.");
    free(now);
    flow_leave(ben);
    flow_leave(iris);
}

/* ---- thrown out, cut off, killed ---- */

/* What the recovery file of this person holds, by `tandem kept`. */
static size_t kept_chars(const char *profile)
{
    struct run r = RUN("tandem", "kept", f.ref, "--json", "--as", profile);
    cr_assert_eq(r.exit_code, 0, "kept: %s", run_err(&r));
    const char *n = strstr(run_out(&r), "\"unsent_characters\":");
    cr_assert_not_null(n, "%s", run_out(&r));
    size_t chars = strtoul(n + strlen("\"unsent_characters\":"), NULL, 10);
    run_free(&r);
    return chars;
}

/* The screen says "kept" a few milliseconds before the file is there: who kills a program to see
 * what is left of it waits for the file. */
static int watch_profile(const char *profile)
{
    char dir[200];
    (void)snprintf(dir, sizeof dir, "%s/home/%s/kept", f.d.root, profile);
    int fd = inotify_init1(IN_CLOEXEC);
    cr_assert_geq(inotify_add_watch(fd, dir, IN_MOVED_TO), 0, "%s", dir);
    return fd;
}

static void kept_on_disk(int watch)
{
    struct pollfd p = {.fd = watch, .events = POLLIN};
    cr_assert_eq(poll(&p, 1, FLOW_WAIT_MS), 1, "nothing is kept");
    close(watch);
}

Test(three, who_is_revoked_is_out_with_a_sentence_and_keeps_their_words, .init = up, .fini = down)
{
    struct vscreen *ana = flow_open(&f, "ana"), *ben = flow_open(&f, "ben");
    flow_go(ana, "B1.rationale");
    flow_go(ben, "B1.rationale");
    vscreen_type(ben, "Before.");
    flow_see(ana, "Before.");
    flow_see(ana, "Ben Okafor FSW B1");
    struct run r = RUN("tandemd", "person", "revoke", "Ben Okafor", "--data", f.d.dir);
    cr_assert_eq(r.exit_code, 0, "%s", run_err(&r));
    run_free(&r);
    flow_see(ben, "withdrawn");          /* said on his screen */
    flow_see_not(ana, "Ben Okafor FSW"); /* gone from hers */
    vscreen_type(ana, "Alone. ");
    flow_see(ana, "Alone.");
    vscreen_settle(ben, 100, 1000);
    cr_assert_not(vscreen_has(ben, "Alone."), "nothing reaches him any more");
    vscreen_free(ben);
    char *words = flow_words(&f, "ana", "B1", "rationale");
    cr_assert(strstr(words, "Before."), "%s", words); /* what he had written stays */
    free(words);
    FLOW_DO(4, "show", f.ref, "--as", "ben");
    free(flow_run("Not any more.", 4,
                  (const char *const[]){"tandem", "write", f.ref, "B1", "--as", "ben", NULL}));
    flow_leave(ana);
}

Test(three, who_is_revoked_while_cut_off_keeps_what_was_typed_meanwhile, .init = up, .fini = down)
{
    struct vscreen *ben = flow_open(&f, "ben");
    flow_go(ben, "B1.rationale");
    daemon_kill(&f.d);
    flow_see(ben, "Offline:");
    vscreen_type(ben, "Typed on the train.");
    flow_see(ben, "Offline: 19 characters kept here");
    struct run r = RUN("tandemd", "person", "revoke", "Ben Okafor", "--data", f.d.dir);
    cr_assert_eq(r.exit_code, 0, "%s", run_err(&r));
    run_free(&r);
    daemon_start(&f.d);
    flow_see(ben, "Ended:");
    flow_see(ben, "withdrawn");
    flow_see(ben, "19 characters kept here");
    vscreen_free(ben);
    cr_assert_eq(kept_chars("ben"), 19u);
    char *words = flow_words(&f, "ana", "B1", "rationale");
    cr_assert_str_eq(words, "");
    free(words);
}

Test(three, type_on_while_the_server_is_killed_and_are_saved_when_it_is_back, .init = up,
     .fini = down)
{
    static const char *const before[] = {"Ana began. ", "Ben began. ", "Cleo began. "};
    static const char *const offline[] = {"Ana alone for a while.", "Ben also.",
                                          "Cleo as well, yes."};
    static const char *const kept[] = {"Offline: 22 characters kept", "Offline: 9 characters kept",
                                       "Offline: 18 characters kept"};
    struct vscreen *s[3];
    size_t chars = 0;
    three_open(s);
    type_in_turn(s, before, 3, 3);
    for (int i = 0; i < 3; i++)
        for (const char *p = before[i]; *p; p++)
            chars += *p != ' ';
    free(flow_see_equal(s, 3, chars));
    daemon_kill(&f.d);
    see_all(s, 3, "Offline:");
    type_in_turn(s, offline, 3, 5);
    for (int i = 0; i < 3; i++) {
        flow_see(s[i], kept[i]);
        for (const char *p = offline[i]; *p; p++)
            chars += *p != ' ';
    }
    daemon_start(&f.d);
    char *words = flow_see_equal(s, 3, chars);
    see_all(s, 3, " Saved ");
    for (int i = 0; i < 3; i++) {
        char *mine = flow_squeeze(offline[i]);
        cr_assert(strstr(words, mine), "\"%s\" is not in one piece in: %s", mine, words);
        free(mine);
    }
    stands_everywhere(words);
    for (int i = 0; i < 3; i++)
        flow_leave(s[i]);
    flow_verify(&f);
    free(words);
}

Test(three, a_client_killed_while_offline_gives_the_words_back, .init = up, .fini = down)
{
    struct vscreen *ben = flow_open(&f, "ben");
    flow_go(ben, "B1.rationale");
    daemon_kill(&f.d);
    flow_see(ben, "Offline:");
    int watch = watch_profile("ben");
    vscreen_type(ben, "Written in the tunnel.");
    flow_see(ben, "Offline: 22 characters kept here");
    kept_on_disk(watch);
    cr_assert_eq(kill(vscreen_pid(ben), SIGKILL), 0);
    cr_assert_eq(vscreen_end(ben, FLOW_WAIT_MS), 128 + SIGKILL);
    cr_assert_eq(kept_chars("ben"), 22u, "%zu characters are kept", kept_chars("ben"));
    /* nobody else can read the file, and it says nothing in clear */
    struct run r = RUN("/bin/grep", "-rl", "tunnel", f.d.root);
    cr_assert_eq(r.exit_code, 1, "in clear in: %s", run_out(&r));
    run_free(&r);
    char dir[200];
    (void)snprintf(dir, sizeof dir, "%s/home/ben/kept", f.d.root);
    r = RUN("/usr/bin/find", dir, "-type", "f", "-size", "+0", "-perm", "600");
    cr_assert(strstr(run_out(&r), f.ref), "%s", run_out(&r));
    run_free(&r);
    r = RUN("/usr/bin/find", dir, "-type", "f", "-perm", "/077");
    cr_assert_str_eq(run_out(&r), "");
    run_free(&r);
    daemon_start(&f.d);
    write_as("ana", "B1", "Meanwhile Ana. ");
    ben = flow_open(&f, "ben");
    flow_go(ben, "B1.rationale");
    flow_see(ben, "Written in the tunnel.");
    flow_see(ben, "Meanwhile Ana.");
    flow_see(ben, " Saved ");
    char *words = flow_words(&f, "ana", "B1", "rationale");
    cr_assert(strstr(words, "Written in the tunnel."), "%s", words);
    free(words);
    flow_leave(ben);
    cr_assert_eq(kept_chars("ben"), 0u);
    ben = flow_open(&f, "ben"); /* and not twice */
    flow_go(ben, "B1.rationale");
    flow_see(ben, "Written in the tunnel.");
    flow_leave(ben);
    char *again = flow_words(&f, "ana", "B1", "rationale");
    const char *first = strstr(again, "Written");
    cr_assert(first && !strstr(first + 1, "Written"), "%s", again);
    free(again);
}

Test(three, leaving_with_unsaved_words_asks_and_keeps_them, .init = up, .fini = down)
{
    struct vscreen *ben = flow_open(&f, "ben");
    flow_go(ben, "B1.rationale");
    daemon_kill(&f.d);
    flow_see(ben, "Offline:");
    vscreen_type(ben, "Not sent.");
    flow_see(ben, "Offline: 9 characters kept here");
    vscreen_ctrl(ben, 'q');
    flow_see(ben, "9 characters");
    flow_see(ben, "Leave now?");
    vscreen_type(ben, "n"); /* no: on with it */
    flow_see_not(ben, "Leave now?");
    vscreen_type(ben, " More.");
    flow_see(ben, "Offline: 15 characters kept here");
    vscreen_ctrl(ben, 'q');
    flow_see(ben, "Leave now?");
    vscreen_type(ben, "y");
    cr_assert_eq(vscreen_end(ben, FLOW_WAIT_MS), 0);
    cr_assert_eq(kept_chars("ben"), 15u);
    daemon_start(&f.d);
    ben = flow_open(&f, "ben");
    flow_go(ben, "B1.rationale");
    flow_see(ben, "Not sent. More.");
    flow_see(ben, " Saved ");
    flow_leave(ben);
    char *words = flow_words(&f, "ana", "B1", "rationale");
    cr_assert_str_eq(words, "Not sent. More.");
    free(words);
}

Test(three, a_terminal_that_is_closed_right_after_the_last_key_loses_nothing, .init = up,
     .fini = down)
{
    struct vscreen *ben = flow_open(&f, "ben");
    flow_go(ben, "B1.rationale");
    daemon_kill(&f.d);
    flow_see(ben, "Offline:");
    vscreen_type(ben, "The last word");
    flow_see(ben, "The last word"); /* on the screen: that is what the person believes */
    cr_assert_eq(kill(vscreen_pid(ben), SIGHUP), 0);
    vscreen_end(ben, FLOW_WAIT_MS);
    cr_assert_eq(kept_chars("ben"), 13u);
}

Test(three, the_window_changes_its_size_while_people_type, .init = up, .fini = down)
{
    static const uint16_t sizes[][2] = {
        {24, 80 },
        {50, 200},
        {25, 90 },
        {30, 60 },
        {24, 80 },
        {10, 30 }
    };
    static const char run[] = "Every week the worker calls and asks how she is. ";
    struct vscreen *ana = flow_open(&f, "ana"), *ben = flow_open(&f, "ben");
    flow_go(ana, "B1.rationale");
    flow_go(ben, "B1.rationale");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        vscreen_type(ana, run);
        vscreen_resize(ana, sizes[i][0], sizes[i][1]);
        vscreen_type(ben, "ok ");
    }
    vscreen_resize(ana, FLOW_ROWS, FLOW_COLS);
    struct vscreen *both[] = {ana, ben};
    char *flat = flow_squeeze(run);
    free(flow_see_equal(both, 2, 6 * (strlen(flat) + 2)));
    see_all(both, 2, " Saved ");
    flow_see(ana, "Here: me FRO B1, BO Ben Okafor FSW B1");
    flow_leave(ana);
    flow_leave(ben);
    char *words = flow_words(&f, "ana", "B1", "rationale"), *squeezed = flow_squeeze(words);
    cr_assert_eq(strlen(squeezed), 6 * (strlen(flat) + 2), "%s", words);
    free(flat);
    free(words);
    free(squeezed);
}

Test(three, no_colour_where_none_is_wanted, .init = up, .fini = down)
{
    write_as("ana", "B1", "The plan is followed.");
    FLOW_DO(0, "comment", f.ref, "B1", "Which plan?", "--on", "plan", "--as", "iris");
    struct vscreen *plain = flow_open_at(&f, "ana", "NO_COLOR=1", 24, 80);
    struct vscreen *mono = flow_open_at(&f, "cleo", "TERM=vt100", 24, 80);
    struct vscreen *ben = flow_open(&f, "ben");
    struct vscreen *all[] = {plain, mono, ben};
    for (int i = 0; i < 3; i++)
        flow_go(all[i], "B1.rationale");
    vscreen_type(ben, "Mostly. ");
    see_all(all, 3, "Mostly. The plan is followed.");
    cr_assert(vscreen_coloured(ben), "colour is there for who wants it");
    cr_assert_not(vscreen_coloured(plain), "%s", vscreen_dump(plain));
    cr_assert_not(vscreen_coloured(mono), "%s", vscreen_dump(mono));
    /* what colour says is there in words and signs as well */
    for (int i = 0; i < 2; i++) {
        flow_see(all[i], "Saved");
        flow_see(all[i], "BO");
        flow_see(all[i], "c1");
        vscreen_key(all[i], VSCREEN_F1 + 6);
        flow_see(all[i], "Which plan?");
        cr_assert_not(vscreen_coloured(all[i]), "%s", vscreen_dump(all[i]));
        flow_leave(all[i]);
    }
    flow_leave(ben);
}

Test(three, a_word_that_is_hidden_in_another_is_made_visible, .init = up, .fini = down)
{
    /* escape sequences, a text direction override and zero-width signs from others */
    struct vscreen *ana = flow_open(&f, "ana");
    flow_go(ana, "B1.rationale");
    struct run r =
        run_program("clear\x1b[2J\x1b]0;owned\x07 screen",
                    (const char *const[]){"tandem", "write", f.ref, "B1", "--as", "ben", NULL});
    cr_assert_eq(r.exit_code, 1, "%s", run_err(&r));
    cr_assert_gt(strlen(run_err(&r)), 20u);
    cr_assert_null(strchr(run_err(&r), 0x1b));
    run_free(&r);
    write_as("ben", "B1", "zero\xe2\x80\x8bwidth ends");
    flow_see(ana, "width ends");
    cr_assert_not(vscreen_has(ana, "zerowidth"), "%s", vscreen_dump(ana));
    flow_leave(ana);
}
