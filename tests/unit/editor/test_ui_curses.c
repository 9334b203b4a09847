/* The real screen: curses in a pseudo-terminal, read by libvterm as a person would see it. The
 * program is the editor with real replicas in one process; F12 lets another person type. */
#include "client/editor/ui_curses.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "tests/lib/vterm_screen.h"
#include "tests/unit/editor/people.h"

struct program {
    struct people *p;
    struct ui *ui;
    struct key_input keys;
};

static int winch[2]; /* a pipe: the signal must not slip in before poll */

static void on_winch(int signum)
{
    (void)signum;
    (void)!write(winch[1], "", 1);
}

static void on_key(void *user, struct key k)
{
    struct program *g = user;
    if (k.code == ED_F12)
        other_types(g->p, P_FSW, "B1.rationale", 0, "theirs ");
    else
        editor_key(g->p->ed, k);
}

static void on_paste(void *user, const uint8_t *data, size_t len)
{
    editor_paste(((struct program *)user)->p->ed, data, len);
}

static void take_size(struct program *g)
{
    uint16_t rows, cols;
    ui_size(g->ui, &rows, &cols);
    editor_resize(g->p->ed, rows, cols);
}

static int program(void *user)
{
    struct program g = {.p = people_new(P_FRO, 24, 80)};
    struct key_input_hooks hooks = {&g, on_key, on_paste};
    struct err_info why = {0};
    struct sigaction on = {.sa_handler = on_winch};
    (void)user;
    if (ui_start(0, 1, &g.ui, &why)) {
        dprintf(1, "%s\n", why.text);
        return 3;
    }
    cr_assert_eq(pipe(winch), 0);
    sigaction(SIGWINCH, &on, NULL);
    take_size(&g);
    while (!editor_left(g.p->ed)) {
        uint8_t data[512];
        struct pollfd pf[2] = {
            {.fd = 0,        .events = POLLIN},
            {.fd = winch[0], .events = POLLIN}
        };
        pump(g.p);
        look(g.p);
        if (editor_wants_redraw(g.p->ed))
            ui_redraw(g.ui);
        ui_show(g.ui, &g.p->grid);
        int wait = key_input_wait_ms(&g.keys);
        int n = poll(pf, 2, wait ? wait : -1);
        if (n > 0 && pf[1].revents && read(winch[0], data, sizeof data) > 0)
            take_size(&g);
        if (n == 0)
            key_input_timeout(&g.keys, &hooks);
        if (n <= 0 || !pf[0].revents)
            continue;
        ssize_t len = read(0, data, sizeof data);
        if (len <= 0)
            break;
        key_input_feed(&g.keys, data, (size_t)len, &hooks);
    }
    ui_stop(g.ui);
    dprintf(1, "back at the shell\n");
    return 0;
}

static struct vscreen *start(const char *const *env, uint16_t rows, uint16_t cols)
{
    struct vscreen *s = vscreen_start_fn(program, NULL, env, rows, cols);
    cr_assert_not_null(s);
    cr_assert(vscreen_wait_text(s, "Ctrl-Q leave", 10000), "%s", vscreen_dump(s));
    return s;
}

static void write_in_b1(struct vscreen *s, const char *words)
{
    vscreen_ctrl(s, 'g');
    cr_assert(vscreen_wait_text(s, "Go to question", 5000), "%s", vscreen_dump(s));
    vscreen_type(s, "B1.rationale\r");
    cr_assert(vscreen_wait_text(s, "> rationale:", 5000), "%s", vscreen_dump(s));
    vscreen_type(s, words);
}

Test(ui_curses, a_person_writes_is_saved_and_leaves_the_terminal_as_it_was)
{
    struct vscreen *s = start(NULL, 24, 80);
    uint16_t row, col;
    write_in_b1(s, "The plan is followed.");
    cr_assert(vscreen_wait_text(s, "  The plan is followed.", 5000), "%s", vscreen_dump(s));
    cr_assert(vscreen_wait_text(s, " Saved ", 5000), "%s", vscreen_dump(s));
    vscreen_cursor(s, &row, &col);
    cr_assert(strstr(vscreen_row(s, row), "The plan is followed."));
    cr_assert_eq(col, 27 + 2 + 21);
    vscreen_ctrl(s, 'q');
    cr_assert(vscreen_wait_text(s, "back at the shell", 5000), "%s", vscreen_dump(s));
    cr_assert_not(vscreen_has(s, "rationale"));
    cr_assert_eq(vscreen_end(s, 5000), 0);
}

Test(ui_curses, arrows_function_keys_escape_and_paste_come_through)
{
    struct vscreen *s = start(NULL, 24, 80);
    write_in_b1(s, "one three");
    cr_assert(vscreen_wait_text(s, "  one three", 5000));
    vscreen_key_mod(s, VSCREEN_LEFT, VSCREEN_CTRL);
    vscreen_paste(s, "two \033[31m");
    cr_assert(vscreen_wait_text(s, "  one two [31mthree", 5000), "%s", vscreen_dump(s));
    vscreen_ctrl(s, 'z');
    cr_assert(vscreen_wait_text(s, "  one three", 5000), "%s", vscreen_dump(s));
    vscreen_key(s, VSCREEN_F1);
    cr_assert(vscreen_wait_text(s, "this help", 5000), "%s", vscreen_dump(s));
    vscreen_key(s, VSCREEN_ESC);
    cr_assert(vscreen_wait_no_text(s, "this help", 5000), "%s", vscreen_dump(s));
    vscreen_free(s);
}

Test(ui_curses, wide_and_combining_characters_keep_the_columns)
{
    struct vscreen *s = start(NULL, 24, 80);
    write_in_b1(s, "\u65e5\u672ce\u0301\U0001F469\u200d\U0001F467|");
    cr_assert(vscreen_wait_text(s, "\u65e5\u672ce\u0301\U0001F469+|", 5000), "%s", vscreen_dump(s));
    uint16_t row, col;
    vscreen_cursor(s, &row, &col);
    cr_assert_eq(col, 27 + 2 + 4 + 1 + 3 + 1);
    vscreen_key(s, VSCREEN_HOME);
    vscreen_key(s, VSCREEN_DEL);
    cr_assert(vscreen_wait_text(s, "  \u672ce\u0301\U0001F469+|", 5000), "%s", vscreen_dump(s));
    vscreen_free(s);
}

Test(ui_curses, a_typed_character_costs_few_bytes_on_a_slow_line)
{
    struct vscreen *s = start(NULL, 24, 80);
    write_in_b1(s, "some words ");
    cr_assert(vscreen_wait_text(s, "  some words", 5000));
    vscreen_settle(s, 100, 5000);
    uint64_t before = vscreen_bytes(s);
    static const char words[] = "abcdefghij";
    for (size_t i = 0; i < 10; i++) {
        char letter[2] = {words[i], 0}, seen[24];
        snprintf(seen, sizeof seen, "words %.*s", (int)i + 1, words);
        vscreen_type(s, letter);
        cr_assert(vscreen_wait_text(s, seen, 5000), "%s", vscreen_dump(s));
    }
    vscreen_settle(s, 100, 5000);
    uint64_t each = (vscreen_bytes(s) - before) / 10;
    cr_assert_leq(each, 40u, "%u bytes for one typed character", (unsigned)each);
    vscreen_free(s);
}

Test(ui_curses, somebody_elses_words_cost_only_what_changed)
{
    struct vscreen *s = start(NULL, 24, 80);
    write_in_b1(s, "mine");
    cr_assert(vscreen_wait_text(s, "  mine", 5000));
    vscreen_settle(s, 100, 5000);
    uint64_t before = vscreen_bytes(s);
    vscreen_key_mod(s, VSCREEN_F1 + 11, 0);
    cr_assert(vscreen_wait_text(s, "  theirs mine", 5000), "%s", vscreen_dump(s));
    vscreen_settle(s, 100, 5000);
    cr_assert_leq(vscreen_bytes(s) - before, 250u);
    vscreen_free(s);
}

Test(ui_curses, without_colour_the_same_can_be_read)
{
    static const char *const none[] = {"NO_COLOR=1", NULL};
    static const char *const mono[] = {"TERM=vt220", NULL};
    struct vscreen *with = start(NULL, 24, 80), *without = start(none, 24, 80),
                   *vt220 = start(mono, 24, 80);
    cr_assert(vscreen_coloured(with));
    cr_assert_not(vscreen_coloured(without));
    cr_assert_not(vscreen_coloured(vt220));
    for (uint16_t r = 0; r < 24; r++) {
        char *row = strdup(vscreen_row(with, r));
        cr_assert_str_eq(vscreen_row(without, r), row);
        cr_assert_str_eq(vscreen_row(vt220, r), row);
        free(row);
    }
    vscreen_free(with);
    vscreen_free(without);
    vscreen_free(vt220);
}

/* The status line is the last of `user` rows. */
static bool status_is_last(struct vscreen *const *s, size_t n, void *user)
{
    (void)n;
    return strstr(vscreen_row(s[0], (uint16_t)(*(int *)user - 1)), " Saved ") != NULL;
}

Test(ui_curses, follows_the_windows_size)
{
    int rows = 30;
    struct vscreen *s = start(NULL, 24, 80);
    vscreen_resize(s, 30, 132);
    cr_assert(vscreen_wait_text(s, "Comments (0)", 5000), "%s", vscreen_dump(s));
    cr_assert(vscreen_wait(s, status_is_last, &rows, 5000), "%s", vscreen_dump(s));
    vscreen_resize(s, 10, 40);
    cr_assert(vscreen_wait_no_text(s, "Comments", 5000));
    rows = 10;
    cr_assert(vscreen_wait(s, status_is_last, &rows, 5000), "%s", vscreen_dump(s));
    vscreen_resize(s, 24, 80);
    cr_assert(vscreen_wait_text(s, "[ ] B4", 5000), "%s", vscreen_dump(s));
    vscreen_free(s);
}

Test(ui_curses, a_terminal_that_is_unknown_or_too_simple_is_explained)
{
    static const char *const unknown[] = {"TERM=no-such-terminal", NULL};
    static const char *const dumb[] = {"TERM=dumb", NULL};
    const char *const *const envs[] = {unknown, dumb};
    for (int i = 0; i < 2; i++) {
        struct vscreen *s = vscreen_start_fn(program, NULL, envs[i], 24, 80);
        cr_assert(vscreen_wait_text(s, "use --plain", 5000), "%s", vscreen_dump(s));
        cr_assert_eq(vscreen_end(s, 5000), 3);
    }
}
