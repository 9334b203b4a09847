#include "client/editor/view.h"

#include "tests/unit/editor/people.h"

Test(view, shows_the_questions_the_answer_the_people_and_what_is_saved)
{
    struct people *p = people_new(P_FRO, 24, 80);
    other_stands(p, P_FSW, "B1.rationale", 0);
    pump(p);
    go(p, "B1.rationale");
    type(p, "The plan is followed.");
    SEES(p, "TST-2026-0001");
    SEES(p, "IN_PROGRESS");
    SEES(p, ">[~] B1 B1              JM");
    SEES(p, "> rationale:");
    SEES(p, "  The plan is followed.");
    SEES(p, "JM Jo Marsh FSW B1");
    SEES(p, "IR Ines Rae IRO");
    SEES(p, "21 characters not yet saved");
    pump(p);
    SEES(p, " Saved ");
    SEES_NOT(p, "not yet saved");
    people_free(p);
}

Test(view, the_states_of_questions_differ_in_letters_not_only_in_colour)
{
    struct people *p = people_new(P_FRO, 24, 80);
    SEES(p, "[ ] B4");
    SEES(p, "[x] A2");
    SEES(p, "[~] A3");
    SEES(p, " -  C5"); /* not needed */
    go(p, "B4");
    type(p, "3");
    press(p, ED_ENTER, 0);
    pump(p);
    SEES(p, "[x] B4");
    SEES(p, "Child                1/5");
    people_free(p);
}

/* Every row is as wide as the screen, and something is always said about what is saved. */
static void check_grid(struct people *p, uint16_t rows, uint16_t cols)
{
    look(p);
    cr_assert_eq(p->grid.rows, rows);
    cr_assert_eq(p->grid.cols, cols);
    for (uint16_t r = 0; r < rows; r++) {
        unsigned width = 0;
        for (uint16_t c = 0; c < cols; c++)
            width += grid_at(&p->grid, r, c)->width;
        cr_assert_eq(width, cols, "%ux%u row %u", cols, rows, r);
    }
    if (p->grid.cursor_shown) {
        cr_assert_lt(p->grid.cursor_row, rows);
        cr_assert_lt(p->grid.cursor_col, cols);
    }
}

Test(view, every_size_is_drawn_whole_down_to_nothing)
{
    static const uint16_t sizes[][2] = {
        {24, 80 },
        {30, 100},
        {43, 132},
        {60, 200},
        {12, 59 },
        {8,  40 },
        {7,  30 },
        {5,  20 },
        {4,  19 },
        {2,  10 },
        {1,  1  },
        {1,  80 },
        {24, 1  },
        {3,  200},
    };
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B1.rationale");
    for (int i = 0; i < 30; i++)
        type(p, "many words of \u65e5\u672c and \U0001F469\u200d\U0001F467 here\n");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        editor_resize(p->ed, sizes[i][0], sizes[i][1]);
        check_grid(p, sizes[i][0], sizes[i][1]);
        press(p, ED_F1, 0);
        check_grid(p, sizes[i][0], sizes[i][1]);
        press(p, ED_ESC, 0);
        press(p, 'g', ED_CTRL);
        check_grid(p, sizes[i][0], sizes[i][1]);
        press(p, ED_ESC, 0);
        press(p, ED_F1 + 3, 0);
        check_grid(p, sizes[i][0], sizes[i][1]);
        press(p, ED_F1 + 3, 0);
        type(p, "x");
        if (sizes[i][0] >= 2 && sizes[i][1] >= 40)
            SEES(p, "not yet saved");
    }
    people_free(p);
}

Test(view, the_line_i_write_is_on_the_screen_at_every_size)
{
    static const uint16_t sizes[][2] = {
        {24, 80 },
        {30, 100},
        {43, 132},
        {10, 50 },
        {6,  30 }
    };
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B1.rationale");
    for (int i = 0; i < 50; i++)
        type(p, "line\n");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        editor_resize(p->ed, sizes[i][0], sizes[i][1]);
        char here[16];
        snprintf(here, sizeof here, "HERE%zu", i);
        type(p, here);
        SEES(p, here);
        look(p);
        cr_assert(p->grid.cursor_shown);
        cr_assert_eq(p->grid.cursor_row, row_of(p, here));
        press(p, ED_ENTER, 0);
    }
    people_free(p);
}

Test(view, on_a_wide_screen_comments_stand_beside_the_text)
{
    struct people *p = people_new(P_FRO, 43, 132);
    uint64_t id;
    struct err_info why;
    cr_assert_eq(replica_comment(p->r[P_IRO], at(p, "B1.rationale"), false, 0, 0, true,
                                 "How do we know that the plan is followed?", &id, &why),
                 ERR_OK);
    pump(p);
    go(p, "B1.rationale");
    SEES(p, "Comments (1)");
    SEES(p, "IR B1 rationale (must answer)");
    SEES(p, "How do we know that the plan is");
    people_free(p);
}

Test(view, the_status_tells_offline_and_what_is_kept)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B1.rationale");
    replica_set_online(p->r[P_FRO], false);
    editor_set_line(p->ed, LINE_DOWN, "no route to the server");
    SEES(p, "Offline: nothing unsaved (no route to the server)");
    type(p, "typing goes on");
    SEES(p, "typing goes on");
    SEES(p, "Offline: 14 characters kept here");
    SEES_NOT(p, "Saved");
    replica_set_online(p->r[P_FRO], true);
    editor_set_line(p->ed, LINE_UP, "");
    pump(p);
    SEES(p, " Saved ");
    cr_assert_str_eq(text_of(p, 0, "B1.rationale"), "typing goes on");
    people_free(p);
}

Test(view, the_status_never_says_saved_while_something_is_not)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B1.rationale");
    for (int i = 0; i < 30; i++) {
        type(p, "x");
        if (i % 7 == 6)
            pump(p);
        struct replica_status s = replica_status(p->r[P_FRO]);
        bool pending = s.pending_chars || s.pending_ops;
        char expected[64];
        snprintf(expected, sizeof expected, "%zu character%s not yet saved", s.pending_chars,
                 s.pending_chars == 1 ? "" : "s");
        cr_assert_eq(sees(p, " Saved "), !pending);
        cr_assert_eq(sees(p, expected), pending);
    }
    people_free(p);
}

Test(view, read_only_says_why)
{
    struct people *p = people_new(P_HOS, 24, 80);
    go(p, "B1.rationale");
    SEES(p, "Read only");
    SEES(p, "rationale (read only):");
    people_free(p);
}

Test(view, before_the_audit_is_here_it_says_what_it_waits_for)
{
    struct people *p = people_new(P_FRO, 24, 80);
    struct replica *empty = replica_new();
    struct editor *ed = editor_new(empty, "TST-2026-0009");
    struct editor *mine = p->ed;
    editor_resize(ed, 24, 80);
    editor_set_line(ed, LINE_JOINING, "cannot reach 127.0.0.1:7443");
    p->ed = ed;
    SEES(p, "TST-2026-0009");
    SEES(p, "cannot reach 127.0.0.1:7443");
    type(p, "words");
    press(p, ED_ENTER, 0);
    press(p, ED_F1, 0);
    SEES(p, "this help");
    press(p, ED_ESC, 0);
    press(p, 'q', ED_CTRL);
    cr_assert(editor_left(ed));
    p->ed = mine;
    editor_free(ed);
    replica_free(empty);
    people_free(p);
}

Test(view, a_refused_text_stays_on_the_screen_and_can_be_copied)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B1.rationale");
    type(p, "words that come too late");
    cr_assert_eq(room_move(p->room, AUDIT_CLOSED), ERR_OK);
    people_deliver(p, P_FRO, &p->room->events[p->room->nevents - 1]);
    pump(p);
    SEES(p, "words that come too late");
    SEES(p, "Ctrl-K: copy your words, which are kept");
    SEES(p, "Read only");
    press(p, ED_UP, 0);
    SEES(p, "words that come too late");
    press(p, 'k', ED_CTRL);
    cr_assert_str_eq(editor_clipboard(p->ed), "words that come too late");
    SEES_NOT(p, "which are kept");
    cr_assert_eq(replica_kept_count(p->r[P_FRO]), 1u); /* copied is not yet let go */
    people_free(p);
}

Test(view, words_refused_on_an_earlier_visit_are_told_until_they_are_let_go)
{
    struct people *p = people_new(P_FRO, 24, 80);
    struct buf kept = BUF_INIT;
    struct err_info why;
    go(p, "B1.rationale");
    type(p, "words that come too late");
    cr_assert_eq(room_move(p->room, AUDIT_CLOSED), ERR_OK);
    people_deliver(p, P_FRO, &p->room->events[p->room->nevents - 1]);
    pump(p);
    replica_save(p->r[P_FRO], &kept);
    cr_assert_gt(kept.len, 0u);
    struct replica *again = replica_new(), *old = p->r[P_FRO];
    snprintf(again->ref, sizeof again->ref, "%s", old->ref);
    cr_assert_eq(replica_restore(again, kept.data, kept.len, &why), ERR_OK, "%s", why.text);
    replica_set_me(again, audit_make_viewer(P_FRO));
    editor_free(p->ed);
    replica_free(old);
    p->r[P_FRO] = again;
    people_join(p, P_FRO, false);
    p->ed = editor_new(again, "TST-2026-0001");
    editor_resize(p->ed, 24, 80);
    SEES(p, "Could not be stored in B1 rationale");
    SEES(p, "words that come too late");
    press(p, 'd', ED_CTRL);
    SEES(p, "Let these words go for good?");
    type(p, "n");
    SEES(p, "words that come too late");
    press(p, 'd', ED_CTRL);
    type(p, "y");
    SEES_NOT(p, "words that come too late");
    cr_assert_eq(replica_kept_count(again), 0u);
    buf_free(&kept);
    people_free(p);
}

Test(view, hidden_characters_of_others_are_made_visible)
{
    struct people *p = people_new(P_FRO, 24, 80);
    other_types(p, P_FSW, "B1.rationale", 0, "a\u200bb\u00adc");
    pump(p);
    go(p, "B1.rationale");
    SEES(p, "a\u2039U+200B\u203ab\u2039U+00AD\u203ac");
    people_free(p);
}

Test(view, nothing_that_is_drawn_could_control_a_terminal)
{
    struct people *p = people_new(P_FRO, 24, 80);
    editor_say(p->ed, "evil \033[31m \u202e \x07 name");
    SEES(p, "evil \u241b[31m \u2039U+202E\u203a \u2407 name");
    for (uint16_t r = 0; r < p->grid.rows; r++)
        for (uint16_t c = 0; c < p->grid.cols; c++)
            for (const char *t = grid_at(&p->grid, r, c)->text; *t; t++)
                cr_assert((unsigned char)*t >= 0x20 && *t != 0x7f);
    people_free(p);
}

Test(view, authorship_tells_in_letters_who_wrote_and_who_struck_out)
{
    struct people *p = people_new(P_FRO, 24, 80);
    struct err_info why;
    go(p, "B1.rationale");
    type(p, "It is good.");
    pump(p);
    other_types(p, P_FSW, "B1.rationale", 5, " all");
    pump(p);
    cr_assert_eq(replica_delete(p->r[P_FSW], at(p, "B1.rationale"), 10, 14, &why), ERR_OK);
    pump(p);
    press(p, ED_F1 + 3, 0);
    SEES(p, "[AF]It is[JM] all[AF] .");
    SEES_NOT(p, "good");
    press(p, ED_F1 + 4, 0);
    SEES(p, "[AF]It is[JM] all[AF] [AF-good-JM][AF].");
    type(p, "x"); /* writing goes on where the cursor was */
    SEES_NOT(p, "[AF]");
    cr_assert_str_eq(text_of(p, P_FRO, "B1.rationale"), "It is all .x");
    people_free(p);
}

Test(view, help_is_printed_from_the_table)
{
    struct people *p = people_new(P_FRO, 24, 80);
    size_t n;
    const struct key_row *rows = keymap_table(&n);
    press(p, ED_F1, 0);
    bool found[128] = {false};
    for (int page = 0; page < 20; page++) {
        const char *s = screen(p);
        for (size_t i = 0; i < n; i++)
            found[i] |= rows[i].help && strstr(s, rows[i].help);
        press(p, ED_PGDN, 0);
    }
    for (size_t i = 0; i < n; i++)
        cr_assert(found[i] || !rows[i].help || strlen(rows[i].help) > 56, "not shown: %s",
                  rows[i].help);
    press(p, ED_ESC, 0);
    SEES_NOT(p, "this help");
    people_free(p);
}

Test(view, typing_one_character_changes_few_cells)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B1.rationale");
    type(p, "some words");
    look(p);
    struct cell *before = malloc(sizeof(struct cell) * 24 * 80);
    memcpy(before, p->grid.cells, sizeof(struct cell) * 24 * 80);
    type(p, "x");
    look(p);
    size_t changed = 0;
    for (size_t i = 0; i < (size_t)24 * 80; i++)
        changed += memcmp(&before[i], &p->grid.cells[i], sizeof *before) != 0;
    cr_assert_leq(changed, 4u, "%zu cells", changed);
    free(before);
    people_free(p);
}
