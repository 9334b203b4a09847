/* Going about: questions, people, comments, search, leaving. */
#include "tests/unit/editor/people.h"

Test(editor_room, the_list_leads_from_question_to_question)
{
    struct people *p = people_new(P_FRO, 24, 80);
    SEES(p, ">[ ] A1");
    press_n(p, 4, ED_DOWN, 0);
    cr_assert_eq(editor_field(p->ed).question, at(p, "B1").question);
    press(p, ED_UP, 0);
    SEES(p, ">[ ] A6");
    press(p, ED_END, 0);
    SEES(p, "M2");
    press(p, ED_HOME, 0);
    SEES(p, ">[ ] A1");
    press(p, 'n', ED_CTRL);
    cr_assert_eq(editor_field(p->ed).question, at(p, "A2").question);
    people_free(p);
}

Test(editor_room, tab_walks_through_the_parts_and_on_to_the_next_question)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B2.ynp");
    press(p, ED_TAB, 0);
    cr_assert_eq(editor_field(p->ed).part, PART_DATE);
    press(p, ED_TAB, 0);
    cr_assert_eq(editor_field(p->ed).question, at(p, "B3").question);
    cr_assert_eq(editor_field(p->ed).part, PART_SCALE);
    press(p, ED_TAB, ED_SHIFT);
    cr_assert_eq(editor_field(p->ed).part, PART_DATE);
    people_free(p);
}

Test(editor_room, next_unanswered_goes_round_what_i_may_write)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B1");
    press(p, ED_F1 + 1, 0);
    cr_assert_eq(editor_field(p->ed).question, at(p, "B2").question);
    go(p, "L3");
    press(p, ED_F1 + 1, 0); /* section M is the moderator's: round to the first */
    cr_assert_eq(editor_field(p->ed).question, at(p, "A1").question);
    people_free(p);
}

Test(editor_room, go_takes_addresses_and_explains_a_wrong_one)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "C1[3].note");
    cr_assert(field_equal(editor_field(p->ed), at(p, "C1[3].note")));
    go(p, "c1"); /* the question alone: where its answer begins */
    cr_assert_eq(editor_field(p->ed).question, at(p, "C1[1].check").question);
    go(p, "C1[1].check");
    press(p, ' ', 0);
    SEES(p, "Enter chooses");
    SEES(p, "not applicable"); /* words, not codes */
    press(p, ED_ESC, 0);
    go(p, "C1[3].note");
    go(p, "Z9");
    SEES(p, "Go to question");
    SEES(p, "Z9");
    press(p, ED_ESC, 0);
    cr_assert(field_equal(editor_field(p->ed), at(p, "C1[3].note")));
    people_free(p);
}

/* Are these the initials at the right of this row? */
static bool beside(struct people *p, int row, const char *initials)
{
    const char *text = row_text(p, (uint16_t)row);
    size_t len = strlen(text), n = strlen(initials);
    return len >= n && text_cols(text) == 79 && !strcmp(text + len - n, initials);
}

Test(editor_room, others_are_seen_with_initials_in_the_list_and_beside_their_line)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B1.rationale");
    type(p, "one two three\nfour");
    pump(p);
    other_stands(p, P_FSW, "B1.rationale", 4);
    pump(p);
    int row = row_of(p, "  one two three");
    cr_assert_geq(row, 0);
    cr_assert(beside(p, row, "JM"), "%s", screen(p));
    cr_assert(grid_at(&p->grid, (uint16_t)row, 27 + 2 + 4)->attrs & CELL_REVERSE);
    cr_assert_not(beside(p, row + 1, "JM"));
    other_stands(p, P_FSW, "B1.rationale", 15);
    pump(p);
    cr_assert_not(beside(p, row, "JM"));
    cr_assert(beside(p, row + 1, "JM"));
    people_free(p);
}

Test(editor_room, following_goes_where_they_go_until_i_move)
{
    struct people *p = people_new(P_FRO, 24, 80);
    press(p, ED_F1 + 5, 0);
    SEES(p, "Follow whom?");
    SEES(p, "Jo Marsh (FSW)");
    type(p, "j");
    press(p, ED_ENTER, 0);
    other_types(p, P_FSW, "C2.text", 0, "what they write");
    other_stands(p, P_FSW, "C2.text", 5);
    pump(p);
    cr_assert_eq(editor_field(p->ed).question, at(p, "C2").question);
    SEES(p, "what they write");
    SEES(p, "(following)");
    other_stands(p, P_FSW, "B3", 0);
    pump(p);
    cr_assert_eq(editor_field(p->ed).question, at(p, "B3").question);
    press(p, ED_UP, 0);
    other_stands(p, P_FSW, "A6", 0);
    pump(p);
    cr_assert_eq(editor_field(p->ed).question, at(p, "B3").question);
    SEES_NOT(p, "(following)");
    people_free(p);
}

/* What others say of where they are is not checked by anybody on the way. */
Test(editor_room, a_place_that_is_none_leads_nowhere)
{
    static const struct field nowhere[] = {
        {4000,  PART_TEXT,          0         },
        {65535, 65535,              UINT64_MAX},
        {3,     99,                 0         },
        {3,     PART_GRADE_AUDITOR, 77        },
        {11,    PART_CHECK,         1u << 31  },
        {11,    PART_TEXT,          5         },
        {0,     PART_TEXT,          0         },
    };
    struct people *p = people_new(P_FRO, 24, 80);
    const struct text_anchor head = {
        {4711, 4711},
        TEXT_AFTER
    };
    other_types(p, P_FSW, "C2.text", 0, "what they write");
    pump(p);
    press(p, ED_F1 + 5, 0);
    type(p, "j");
    press(p, ED_ENTER, 0);
    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++)
        for (int with = 0; with < 2; with++) {
            replica_here_moved(p->r[P_FRO], P_FSW, P_FSW, nowhere[i], with ? &head : NULL,
                               with ? &head : NULL);
            pump(p);
            cr_assert_not_null(template_question(audit_template(replica_audit(p->r[P_FRO])),
                                                 editor_field(p->ed).question),
                               "%zu", i);
            press(p, ED_DOWN, 0);
            press(p, ED_F1 + 5, 0);
            type(p, "j");
            press(p, ED_ENTER, 0);
        }
    other_stands(p, P_FSW, "B3", 0);
    pump(p);
    cr_assert_eq(editor_field(p->ed).question, at(p, "B3").question, "and from there on");
    people_free(p);
}

Test(editor_room, comments_are_made_on_words_listed_jumped_to_answered_and_resolved)
{
    struct people *p = people_new(P_FRO, 30, 80);
    go(p, "B1.rationale");
    type(p, "The plan is followed.");
    pump(p);
    press(p, ED_HOME, 0);
    press_n(p, 8, ED_RIGHT, ED_SHIFT);
    press(p, ED_F1 + 7, 0);
    SEES(p, "Comment on the words of B1 rationale");
    press(p, 't', ED_CTRL);
    SEES(p, "must be answered (now: yes)");
    type(p, "which plan?");
    press(p, ED_ENTER, 0);
    pump(p);
    SEES(p, "c1!");
    int row = row_of(p, "The plan is followed.");
    look(p);
    cr_assert(grid_at(&p->grid, (uint16_t)row, 29)->attrs & CELL_UNDERLINE);
    cr_assert_not(grid_at(&p->grid, (uint16_t)row, 40)->attrs & CELL_UNDERLINE);
    cr_assert(strstr(row_text(p, (uint16_t)row), "!The plan") != NULL);
    press(p, ED_LEFT, 0); /* the cursor is in it */
    SEES(p, "comment by Anna Frost: which plan?");
    go(p, "A1");
    press(p, ED_F1 + 6, 0);
    SEES(p, "Comments (1)");
    SEES(p, "AF B1 rationale (must answer)");
    type(p, "r");
    type(p, "the one of May");
    press(p, ED_ENTER, 0);
    pump(p);
    SEES(p, "AF: the one of May");
    press(p, ED_ENTER, 0);
    cr_assert_eq(editor_field(p->ed).part, PART_RATIONALE);
    cr_assert_eq(editor_pos_cp(p->ed), 0u);
    press(p, ED_F1 + 6, 0);
    type(p, "x");
    pump(p);
    SEES_NOT(p, "c1!");
    cr_assert(audit_comment_at(p->room->a, 0)->resolved);
    people_free(p);
}

Test(editor_room, the_moderator_comments_where_they_may_not_write)
{
    struct people *p = people_new(P_IRO, 24, 80);
    go(p, "B1.rationale");
    press(p, ED_F1 + 7, 0);
    type(p, "how do we know?");
    press(p, ED_ENTER, 0);
    pump(p);
    cr_assert_eq(audit_comment_count(p->room->a), 1u);
    cr_assert_str_eq(audit_comment_at(p->room->a, 0)->text, "how do we know?");
    people_free(p);
}

Test(editor_room, search_finds_in_all_answers_whatever_the_letters_size_and_goes_round)
{
    struct people *p = people_new(P_FRO, 24, 80);
    other_types(p, P_FSW, "B1.rationale", 0, "The School was told.");
    other_types(p, P_FSW, "C2.text", 0, "no school place, another school");
    pump(p);
    press(p, 'f', ED_CTRL);
    type(p, "sCHOOL");
    press(p, ED_ENTER, 0);
    cr_assert_eq(editor_field(p->ed).question, at(p, "B1").question);
    cr_assert_eq(editor_pos_cp(p->ed), 4u);
    SEES(p, "3 found");
    press(p, ED_F1 + 2, 0);
    cr_assert_eq(editor_field(p->ed).question, at(p, "C2").question);
    cr_assert_eq(editor_pos_cp(p->ed), 3u);
    press(p, ED_F1 + 2, 0);
    cr_assert_eq(editor_pos_cp(p->ed), 25u);
    press(p, ED_F1 + 2, 0);
    cr_assert_eq(editor_field(p->ed).question, at(p, "B1").question);
    press(p, ED_F1 + 2, ED_SHIFT);
    cr_assert_eq(editor_pos_cp(p->ed), 25u);
    people_free(p);
}

Test(editor_room, leaving_asks_only_when_something_is_not_saved)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B1.rationale");
    type(p, "abc");
    press(p, 'q', ED_CTRL);
    cr_assert_not(editor_left(p->ed));
    SEES(p, "3 characters and 0 other changes are not saved");
    type(p, "n");
    cr_assert_not(editor_left(p->ed));
    cr_assert_str_eq(text_of(p, P_FRO, "B1.rationale"), "abc"); /* the "n" was an answer */
    pump(p);
    press(p, 'q', ED_CTRL);
    cr_assert(editor_left(p->ed));
    people_free(p);
}

Test(editor_room, a_question_about_leaving_answers_itself_once_all_is_saved)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B1.rationale");
    type(p, "abc");
    press(p, 'q', ED_CTRL);
    cr_assert_not(editor_left(p->ed));
    pump(p);
    cr_assert(editor_left(p->ed));
    people_free(p);
}

Test(editor_room, leaving_offline_with_unsaved_text_needs_a_yes)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B1.rationale");
    replica_set_online(p->r[P_FRO], false);
    type(p, "abc");
    press(p, 'q', ED_CTRL);
    SEES(p, "kept");
    type(p, "y");
    cr_assert(editor_left(p->ed));
    people_free(p);
}

Test(editor_room, people_who_come_and_go_are_told)
{
    struct people *p = people_new(P_FRO, 24, 80);
    struct replica_present who = {
        .person = P_CSW, .agent = P_CSW, .role = ROLE_CSW, .name = "Sam Cole"};
    replica_here_put(p->r[P_FRO], &who, false, true);
    SEES(p, "Sam Cole has come in.");
    SEES(p, "SC Sam Cole CSW");
    replica_here_put(p->r[P_FRO], &who, true, true);
    SEES(p, "Sam Cole has left.");
    SEES_NOT(p, "SC Sam Cole CSW");
    people_free(p);
}

Test(editor_room, who_comes_in_is_seen_where_they_stand_at_once)
{
    struct people *p = people_new(P_FRO, 24, 80);
    look(p);
    cr_assert_eq(p->r[P_FRO]->cursor_field.question, at(p, "A1").question);
    people_free(p);
}

Test(editor_room, following_goes_to_the_person_at_once)
{
    struct people *p = people_new(P_FRO, 24, 80);
    other_stands(p, P_FSW, "B3.scale", 0);
    pump(p);
    press(p, ED_F1 + 5, 0);
    type(p, "Jo M");
    press(p, ED_ENTER, 0);
    cr_assert(field_equal(editor_field(p->ed), at(p, "B3.scale")));
    SEES(p, "Following Jo Marsh");
    people_free(p);
}

Test(editor_room, a_window_of_my_own_is_no_visitor)
{
    struct people *p = people_new(P_FRO, 24, 80);
    struct replica_present me = {
        .person = P_FRO, .agent = 77, .role = ROLE_FRO, .name = "Anna Frost"};
    replica_here_put(p->r[P_FRO], &me, false, true);
    SEES(p, "open in another window too");
    press(p, ED_DOWN, 0);
    replica_here_put(p->r[P_FRO], &me, true, true);
    SEES_NOT(p, "has left");
    people_free(p);
}

Test(editor_room, a_larger_window_is_filled)
{
    struct people *p = people_new(P_FRO, 10, 40);
    go(p, "B2.date");
    editor_resize(p->ed, 50, 150);
    SEES_NOT(p, "\u2191"); /* nothing is hidden above */
    people_free(p);
}

Test(editor_room, help_ends_with_the_signs)
{
    struct people *p = people_new(P_FRO, 24, 80);
    press(p, ED_F1, 0);
    press(p, ED_END, 0);
    SEES(p, "Signs on the screen");
    SEES(p, "there is more above, below");
    people_free(p);
}
