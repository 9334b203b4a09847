#include "tests/unit/editor/people.h"

static const char *const words_of = "B1.rationale";

/* In the rationale of B1, with the auditor's words there. */
static struct people *writing(const char *words)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, words_of);
    type(p, words);
    pump(p);
    return p;
}

#define TEXT_IS(p, words)                                                                          \
    cr_assert_str_eq(text_of(p, P_FRO, words_of), words, "%s", text_of(p, P_FRO, words_of))

Test(editor_text, what_is_typed_is_in_the_text_and_reaches_the_others)
{
    struct people *p = writing("Caf\u00e9.\nTwo");
    TEXT_IS(p, "Caf\u00e9.\nTwo");
    cr_assert_str_eq(text_of(p, 0, words_of), "Caf\u00e9.\nTwo");
    cr_assert_str_eq(text_of(p, P_FSW, words_of), "Caf\u00e9.\nTwo");
    cr_assert_eq(editor_pos_cp(p->ed), 9u);
    people_free(p);
}

Test(editor_text, moves_and_erases_by_whole_graphemes)
{
    struct people *p = writing("a\U0001F469\u200d\U0001F467e\u0301\U0001F1EC\U0001F1E7\u65e5z");
    static const size_t stops[] = {10, 9, 8, 6, 4, 1, 0, 0};
    cr_assert_eq(editor_pos_cp(p->ed), stops[0]);
    for (size_t i = 1; i < 8; i++) {
        press(p, ED_LEFT, 0);
        cr_assert_eq(editor_pos_cp(p->ed), stops[i], "stop %zu: %zu", i, editor_pos_cp(p->ed));
    }
    press(p, ED_DEL, 0);
    TEXT_IS(p, "\U0001F469\u200d\U0001F467e\u0301\U0001F1EC\U0001F1E7\u65e5z");
    press(p, ED_DEL, 0);
    TEXT_IS(p, "e\u0301\U0001F1EC\U0001F1E7\u65e5z");
    press(p, ED_END, 0);
    press_n(p, 3, ED_BACKSPACE, 0);
    TEXT_IS(p, "e\u0301");
    press(p, ED_BACKSPACE, 0);
    TEXT_IS(p, "");
    press(p, ED_BACKSPACE, 0);
    press(p, ED_DEL, 0);
    TEXT_IS(p, "");
    people_free(p);
}

Test(editor_text, moves_by_words_and_lines)
{
    struct people *p = writing("one two\nthree four");
    press(p, ED_LEFT, ED_CTRL);
    cr_assert_eq(editor_pos_cp(p->ed), 14u);
    press(p, ED_HOME, 0);
    cr_assert_eq(editor_pos_cp(p->ed), 8u);
    press(p, ED_RIGHT, 0);
    press(p, ED_UP, 0);
    cr_assert_eq(editor_pos_cp(p->ed), 1u);
    press(p, ED_END, 0);
    cr_assert_eq(editor_pos_cp(p->ed), 7u);
    press(p, ED_DOWN, 0);
    cr_assert_eq(editor_pos_cp(p->ed), 15u);
    press(p, ED_HOME, ED_CTRL);
    cr_assert_eq(editor_pos_cp(p->ed), 0u);
    press(p, ED_RIGHT, ED_CTRL);
    cr_assert_eq(editor_pos_cp(p->ed), 4u);
    press(p, ED_END, ED_CTRL);
    cr_assert_eq(editor_pos_cp(p->ed), 18u);
    press(p, 'w', ED_CTRL);
    TEXT_IS(p, "one two\nthree ");
    people_free(p);
}

Test(editor_text, up_and_down_keep_the_column_over_a_short_line)
{
    struct people *p = writing("long first line\nab\nlong third line");
    press(p, ED_HOME, ED_CTRL);
    press_n(p, 10, ED_RIGHT, 0);
    press(p, ED_DOWN, 0);
    cr_assert_eq(editor_pos_cp(p->ed), 18u);
    press(p, ED_DOWN, 0);
    cr_assert_eq(editor_pos_cp(p->ed), 29u);
    people_free(p);
}

Test(editor_text, up_from_the_first_line_and_down_from_the_last_leave_the_text)
{
    struct people *p = writing("one line");
    press(p, ED_UP, 0);
    cr_assert_eq(editor_field(p->ed).part, PART_GRADE_AGREED);
    press(p, ED_DOWN, 0);
    cr_assert_eq(editor_field(p->ed).part, PART_RATIONALE);
    press(p, ED_DOWN, 0);
    cr_assert_neq(editor_field(p->ed).part, PART_RATIONALE);
    people_free(p);
}

Test(editor_text, selects_with_shift_and_with_the_mark_and_copies_cuts_pastes)
{
    struct people *p = writing("one two three");
    press(p, ED_LEFT, ED_SHIFT | ED_CTRL);
    press(p, 'c', ED_CTRL);
    cr_assert_str_eq(editor_clipboard(p->ed), "three");
    press(p, 'x', ED_CTRL);
    TEXT_IS(p, "one two ");
    press(p, ED_HOME, 0);
    press(p, 'v', ED_CTRL);
    TEXT_IS(p, "threeone two ");
    press(p, ' ', ED_CTRL); /* the mark */
    press_n(p, 3, ED_RIGHT, 0);
    press(p, 'x', ED_CTRL);
    cr_assert_str_eq(editor_clipboard(p->ed), "one");
    TEXT_IS(p, "three two ");
    press(p, 'a', ED_CTRL);
    type(p, "new");
    TEXT_IS(p, "new");
    press(p, 'a', ED_CTRL);
    press(p, ED_DEL, 0);
    TEXT_IS(p, "");
    people_free(p);
}

Test(editor_text, a_selection_is_seen_without_colour_and_ends_with_escape)
{
    struct people *p = writing("abc");
    press_n(p, 2, ED_LEFT, ED_SHIFT);
    int row = row_of(p, "  abc");
    cr_assert_geq(row, 0);
    cr_assert(grid_at(&p->grid, (uint16_t)row, 30)->attrs & CELL_REVERSE);
    cr_assert(grid_at(&p->grid, (uint16_t)row, 31)->attrs & CELL_REVERSE);
    cr_assert_not(grid_at(&p->grid, (uint16_t)row, 29)->attrs & CELL_REVERSE);
    press(p, ED_ESC, 0);
    look(p);
    cr_assert_not(grid_at(&p->grid, (uint16_t)row, 30)->attrs & CELL_REVERSE);
    cr_assert_eq(editor_field(p->ed).part, PART_RATIONALE); /* still there */
    press(p, ED_ESC, 0);
    cr_assert_eq(editor_field(p->ed).part, PART_NONE); /* now in the list */
    people_free(p);
}

Test(editor_text, a_paste_is_cleaned_and_says_what_was_left_out)
{
    struct people *p = writing("");
    static const char pasted[] = "one\r\ntwo\rthree\ttab\033[A\u202e";
    editor_paste(p->ed, (const uint8_t *)pasted, sizeof pasted - 1);
    TEXT_IS(p, "one\ntwo\nthree\ttab[A");
    SEES(p, "2 characters that may not be in an answer were left out");
    people_free(p);
}

Test(editor_text, undo_takes_back_my_own_words_only)
{
    struct people *p = writing("mine ");
    other_types(p, P_FSW, words_of, 5, "theirs ");
    pump(p);
    press(p, ED_END, ED_CTRL);
    editor_time(p->ed, 100000, 0);
    type(p, "more");
    pump(p);
    TEXT_IS(p, "mine theirs more");
    press(p, 'z', ED_CTRL);
    TEXT_IS(p, "mine theirs ");
    press(p, 'z', ED_CTRL);
    TEXT_IS(p, "theirs ");
    press(p, 'z', ED_CTRL);
    SEES(p, "Nothing of yours to undo here");
    press(p, 'y', ED_CTRL);
    press(p, 'y', ED_CTRL);
    TEXT_IS(p, "mine theirs more");
    pump(p);
    cr_assert_str_eq(text_of(p, P_IRO, words_of), "mine theirs more");
    people_free(p);
}

Test(editor_text, a_pause_begins_a_new_step_of_undo)
{
    struct people *p = writing("");
    type(p, "one ");
    editor_time(p->ed, 90000, 0);
    type(p, "two");
    press(p, 'z', ED_CTRL);
    TEXT_IS(p, "one ");
    press(p, 'z', ED_CTRL);
    TEXT_IS(p, "");
    people_free(p);
}

/* ---- others type meanwhile ---- */

Test(editor_text, the_cursor_stays_on_its_words_when_others_type)
{
    struct people *p = writing("one two three");
    press_n(p, 5, ED_LEFT, 0); /* before "three" */
    other_types(p, P_FSW, words_of, 0, "zero ");
    pump(p);
    cr_assert_eq(editor_pos_cp(p->ed), 13u);
    other_types(p, P_FSW, words_of, 18, " four");
    pump(p);
    cr_assert_eq(editor_pos_cp(p->ed), 13u);
    other_types(p, P_FSW, words_of, 13, "(here) "); /* at my cursor: behind it */
    pump(p);
    cr_assert_eq(editor_pos_cp(p->ed), 13u);
    type(p, "X");
    TEXT_IS(p, "zero one two X(here) three four");
    people_free(p);
}

Test(editor_text, two_people_type_in_one_sentence_and_end_equal)
{
    struct people *p = writing("The plan is followed.");
    press_n(p, 1, ED_LEFT, 0);
    type(p, " well");
    other_types(p, P_FSW, words_of, 8, " for the child");
    pump(p);
    TEXT_IS(p, "The plan for the child is followed well.");
    cr_assert_str_eq(text_of(p, P_FSW, words_of), text_of(p, 0, words_of));
    people_free(p);
}

static void fill(struct people *p, int lines)
{
    for (int i = 0; i < lines; i++) {
        char line[32];
        snprintf(line, sizeof line, "line number %d\n", i);
        type(p, line);
    }
    pump(p);
}

Test(editor_text, my_line_stays_where_my_eye_is_when_others_type_above)
{
    struct people *p = writing("");
    fill(p, 40);
    press_n(p, 10, ED_UP, 0);
    int row = row_of(p, "line number 30");
    cr_assert_geq(row, 0);
    look(p);
    cr_assert_eq(p->grid.cursor_row, row);
    for (int i = 0; i < 7; i++) {
        other_types(p, P_FSW, words_of, 0, "a new first line\nand a second\n");
        pump(p);
        cr_assert_eq(row_of(p, "line number 30"), row, "after %d\n%s", i, screen(p));
        cr_assert_eq(p->grid.cursor_row, row);
    }
    struct err_info why;
    cr_assert_eq(replica_delete(p->r[P_FSW], at(p, words_of), 0, 120, &why), ERR_OK);
    pump(p);
    cr_assert_eq(row_of(p, "line number 30"), row, "%s", screen(p));
    other_types(p, P_FSW, words_of, text_len_cp(audit_text(p->r[P_FSW]->audit, at(p, words_of))),
                "far below\n");
    pump(p);
    cr_assert_eq(row_of(p, "line number 30"), row);
    people_free(p);
}

Test(editor_text, my_line_stays_when_a_part_above_my_text_changes)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "J1.what_we_did");
    type(p, "what we did");
    pump(p);
    int row = row_of(p, "  what we did");
    for (int i = 0; i < 30; i++) {
        other_types(p, P_FSW, "J1.words", 0, "their words\n");
        pump(p);
    }
    cr_assert_eq(row_of(p, "  what we did"), row, "%s", screen(p));
    look(p);
    cr_assert_eq(p->grid.cursor_row, row);
    people_free(p);
}

Test(editor_text, random_typing_of_others_never_moves_my_line_or_my_words)
{
    for (uint32_t seed = 1; seed <= 20; seed++) {
        struct people *p = writing("");
        uint32_t s = seed * 7919;
        fill(p, 30);
        press_n(p, 8, ED_UP, 0);
        type(p, "HERE");
        pump(p);
        int row = row_of(p, "HERE");
        for (int i = 0; i < 25; i++) {
            const struct text *t = audit_text(p->r[P_FSW]->audit, at(p, words_of));
            size_t len = text_len_cp(t), here = 0;
            const char *all = text_of(p, P_FSW, words_of);
            here = (size_t)(strstr(all, "HERE") - all);
            s = s * 1664525 + 1013904223;
            size_t pos = (s >> 8) % (len + 1);
            if (pos > here && pos < here + 4)
                pos = here + 4;
            other_types(p, P_FSW, words_of, pos, (s >> 4) % 3 ? "more words " : "x\ny\n");
            pump(p);
            cr_assert(row_of(p, "HERE") == row || pos == here || row_of(p, "HERE") >= 0, "seed %u",
                      seed);
            look(p);
            cr_assert_eq(p->grid.cursor_row, row, "seed %u step %d\n%s", seed, i, screen(p));
        }
        cr_assert_str_eq(text_of(p, P_FRO, words_of), text_of(p, P_FSW, words_of));
        people_free(p);
    }
}

Test(editor_text, one_who_may_not_write_is_told_why_and_nothing_happens)
{
    struct people *p = people_new(P_IRO, 24, 80);
    other_types(p, P_FRO, words_of, 0, "The auditor's words");
    pump(p);
    go(p, words_of);
    type(p, "x");
    press(p, ED_DEL, 0);
    editor_paste(p->ed, (const uint8_t *)"y", 1);
    cr_assert_str_eq(text_of(p, P_IRO, words_of), "The auditor's words");
    SEES(p, "(read only)");
    pump(p);
    cr_assert_str_eq(text_of(p, 0, words_of), "The auditor's words");
    people_free(p);
}
