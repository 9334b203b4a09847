#include "tests/unit/editor/people.h"

Test(editor_form, a_grade_is_picked_from_the_templates_scale)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B1.grade_auditor");
    press(p, ED_ENTER, 0);
    SEES(p, "B1 auditor's grade");
    SEES(p, "Outstanding");
    SEES(p, "Requires improvement");
    press_n(p, 2, ED_DOWN, 0);
    press(p, ED_ENTER, 0);
    SEES(p, "auditor's grade: Requires improvement (unsaved)");
    pump(p);
    cr_assert_str_eq(value_of(p, "B1.grade_auditor"), "requires_improvement");
    SEES(p, "auditor's grade: Requires improvement (AF)");
    people_free(p);
}

Test(editor_form, a_letter_jumps_to_a_choice_and_escape_leaves_it)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B1.grade_auditor");
    type(p, "g");
    SEES(p, "> ");
    press(p, ED_ENTER, 0);
    pump(p);
    cr_assert_str_eq(value_of(p, "B1.grade_auditor"), "good");
    type(p, "i");
    press(p, ED_ESC, 0);
    pump(p);
    cr_assert_str_eq(value_of(p, "B1.grade_auditor"), "good");
    press(p, ED_BACKSPACE, 0); /* empties it */
    pump(p);
    cr_assert_str_eq(value_of(p, "B1.grade_auditor"), "");
    people_free(p);
}

Test(editor_form, yes_partly_no_choice_scale_and_number)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B2.ynp");
    type(p, "p");
    press(p, ED_ENTER, 0);
    go(p, "B3");
    press(p, ED_ENTER, 0);
    SEES(p, "0  ");
    press(p, ED_END, 0);
    press(p, ED_UP, 0);
    press(p, ED_ENTER, 0);
    go(p, "B4");
    type(p, "12");
    press(p, ED_ENTER, 0);
    go(p, "B5");
    type(p, "u");
    press(p, ED_ENTER, 0);
    pump(p);
    cr_assert_str_eq(value_of(p, "B2.ynp"), "partly");
    cr_assert_str_eq(value_of(p, "B3"), "9");
    cr_assert_str_eq(value_of(p, "B4"), "12");
    cr_assert_str_eq(value_of(p, "B5"), "unplanned");
    SEES(p, "[x] B5");
    people_free(p);
}

Test(editor_form, a_date_is_typed_or_stepped_and_a_wrong_one_is_explained)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B2.date");
    press(p, ED_ENTER, 0);
    SEES(p, "YYYY-MM-DD");
    press(p, ED_UP, 0); /* today */
    press(p, ED_UP, 0);
    press(p, ED_ENTER, 0);
    pump(p);
    cr_assert_str_eq(value_of(p, "B2.date"), "2026-03-04");
    press(p, ED_ENTER, 0);
    press_n(p, 4, ED_DOWN, 0); /* over the end of a month */
    press(p, ED_ENTER, 0);
    pump(p);
    cr_assert_str_eq(value_of(p, "B2.date"), "2026-02-28");
    type(p, "2026-02-30");
    press(p, ED_ENTER, 0);
    cr_assert_str_eq(value_of(p, "B2.date"), "2026-02-28");
    SEES(p, "2026-02-30"); /* still there, to be put right */
    press_n(p, 2, ED_BACKSPACE, 0);
    type(p, "27");
    press(p, ED_ENTER, 0);
    pump(p);
    cr_assert_str_eq(value_of(p, "B2.date"), "2026-02-27");
    people_free(p);
}

Test(editor_form, a_checklist_tells_not_seen_from_not_met)
{
    struct people *p = people_new(P_FRO, 40, 80);
    go(p, "C1[2].check");
    press(p, ED_ENTER, 0);
    SEES(p, "not met");
    SEES(p, "not seen");
    press_n(p, 3, ED_DOWN, 0);
    press(p, ED_ENTER, 0);
    pump(p);
    cr_assert_str_eq(value_of(p, "C1[2].check"), "not_seen");
    SEES(p, "2 children's views: not seen");
    press(p, ED_TAB, 0);
    type(p, "not in the file");
    pump(p);
    cr_assert_str_eq(text_of(p, P_FSW, "C1[2].note"), "not in the file");
    people_free(p);
}

Test(editor_form, findings_are_added_filled_in_and_removed)
{
    struct people *p = people_new(P_FRO, 40, 100);
    go(p, "L2");
    SEES(p, "findings (0)");
    press(p, ED_ENTER, 0); /* the head of the list: add */
    SEES(p, "findings (1)");
    SEES(p, "finding 1");
    type(p, "Visits were late in spring.");
    press(p, ED_TAB, 0);
    type(p, "d"); /* development */
    press(p, ED_ENTER, 0);
    press(p, ED_TAB, 0);
    press(p, ED_ENTER, 0); /* themes: several */
    type(p, "v");
    press(p, ' ', 0);
    type(p, "s");
    press(p, ' ', 0);
    press(p, ED_ENTER, 0);
    pump(p);
    cr_assert_str_eq(text_of(p, P_FSW, "L2[1].text"), "Visits were late in spring.");
    cr_assert_str_eq(value_of(p, "L2[1].sign"), "development");
    cr_assert_str_eq(value_of(p, "L2[1].theme"), "voice, supervision", "%s",
                     value_of(p, "L2[1].theme"));
    press(p, ED_HOME, 0);
    press(p, ED_DOWN, 0); /* the item's head */
    press(p, ED_DEL, 0);
    SEES(p, "Remove finding 1? (y/n)");
    type(p, "n");
    SEES(p, "findings (1)");
    press(p, ED_DEL, 0);
    type(p, "y");
    pump(p);
    SEES(p, "findings (0)");
    people_free(p);
}

Test(editor_form, actions_and_evidence_are_small_forms)
{
    struct people *p = people_new(P_FSW, 40, 100);
    go(p, "L3.actions");
    press(p, '+', 0);
    SEES(p, "action 1");
    SEES(p, "owner: -");
    SEES(p, "due: -");
    go(p, "L3[1].status");
    press(p, ED_ENTER, 0);
    SEES(p, "the server records how an action stands");
    SEES_NOT(p, "in progress");
    go(p, "L3[1].priority");
    press(p, ED_ENTER, 0);
    SEES(p, "normal");
    press(p, ED_ESC, 0);
    go(p, "L3[1].owner");
    type(p, "FTM North");
    press(p, ED_ENTER, 0);
    go(p, "B1.evidence");
    press(p, ED_ENTER, 0);
    go(p, "B1[1].record");
    type(p, "c");
    press(p, ED_ENTER, 0);
    pump(p);
    cr_assert_str_eq(value_of(p, "L3[1].owner"), "FTM North");
    cr_assert_str_eq(value_of(p, "B1[1].record"), "child");
    people_free(p);
}

Test(editor_form, an_action_grows_with_what_happens_to_it)
{
    struct people *p = people_new(P_FRO, 60, 100);
    go(p, "L3.actions");
    press(p, '+', 0);
    SEES(p, "owner: -");
    SEES_NOT(p, "first due");
    SEES_NOT(p, "updates");
    SEES_NOT(p, "difference it made");
    pump(p);
    people_serve(p, P_FRO, "L3[1].status", "in_progress");
    SEES(p, "updates");
    SEES(p, "difference it made: -");
    SEES_NOT(p, "closed by");
    people_serve(p, P_FSW, "L3[1].closed_by", "2");
    SEES(p, "closed by: Jo Marsh");
    go(p, "L3[1].close_reason"); /* whoever goes there sees it */
    SEES(p, "why it was closed so: -");
    SEES(p, "use tandem action cancel");
    people_serve(p, P_FTM, "L3[1].close_reason", "no longer needed");
    SEES(p, "why it was closed so: no longer needed");
    people_free(p);
}

Test(editor_form, an_action_answers_findings_that_are_picked)
{
    struct people *p = people_new(P_FRO, 60, 100);
    go(p, "L3.actions");
    press(p, '+', 0);
    go(p, "L3[1].finding");
    press(p, ED_ENTER, 0);
    SEES(p, "add one first");
    go(p, "L1.findings");
    press(p, '+', 0);
    type(p, "The carer rang every Friday.");
    go(p, "L2.findings");
    press(p, '+', 0);
    type(p, "Visits were late in spring.");
    go(p, "L3[1].finding");
    press(p, ED_ENTER, 0);
    SEES(p, "L1[1]  The carer rang every Friday.");
    SEES(p, "L2[1]  Visits were late in spring.");
    press(p, ED_DOWN, 0);
    press(p, ' ', 0);
    press(p, ED_ENTER, 0);
    SEES(p, "findings that it answers: L2[1]");
    pump(p);
    char id[24];
    (void)snprintf(id, sizeof id, "%llu", (unsigned long long)at(p, "L2[1].text").item);
    cr_assert_str_eq(value_of(p, "L3[1].finding"), id);
    people_free(p);
}

Test(editor_form, an_item_that_another_removes_is_left_for_its_neighbour)
{
    struct people *p = people_new(P_FRO, 40, 100);
    struct err_info why;
    uint64_t id;
    go(p, "L2.findings");
    press(p, ED_ENTER, 0);
    type(p, "first");
    pump(p);
    id = at(p, "L2[1].text").item;
    cr_assert_eq(replica_item_remove(p->r[P_FSW], at(p, "L2").question, PART_FINDINGS, id, &why),
                 ERR_OK);
    pump(p);
    SEES(p, "findings (0)");
    type(p, "x"); /* goes nowhere, harms nothing */
    pump(p);
    cr_assert_eq(editor_field(p->ed).part, PART_FINDINGS);
    people_free(p);
}

Test(editor_form, what_is_held_says_by_whom_and_shows_nothing)
{
    struct people *p = people_new(P_FSW, 30, 100);
    other_types(p, P_IRO, "J3.words", 0, "secret words of the child");
    pump(p);
    go(p, "J3");
    SEES(p, "held by IRO");
    SEES_NOT(p, "secret");
    press(p, 'f', ED_CTRL);
    type(p, "secret");
    press(p, ED_ENTER, 0);
    SEES(p, "\"secret\" is not in any answer");
    people_free(p);
}

Test(editor_form, the_iro_writes_the_young_persons_words)
{
    struct people *p = people_new(P_IRO, 30, 100);
    go(p, "J3.words");
    type(p, "I feel safe here.");
    pump(p);
    cr_assert_str_eq(text_of(p, 0, "J3.words"), "I feel safe here.");
    people_free(p);
}

Test(editor_form, a_choice_that_met_anothers_says_so_until_dismissed)
{
    struct people *p = people_new(P_FRO, 24, 80);
    struct err_info why;
    go(p, "B2.ynp");
    cr_assert_eq(replica_set(p->r[P_FSW], at(p, "B2.ynp"), "no", &why), ERR_OK);
    type(p, "y"); /* the picker at "yes" */
    press(p, ED_ENTER, 0);
    cr_assert(people_step(p, P_FSW)); /* theirs is first */
    pump(p);
    SEES(p, "Jo Marsh's value stands: no");
    SEES(p, "Esc: dismiss");
    press(p, ED_UP, 0);
    SEES(p, "Jo Marsh's value stands: no");
    press(p, ED_ESC, 0);
    SEES_NOT(p, "value stands");
    cr_assert_str_eq(value_of(p, "B2.ynp"), "no");
    people_free(p);
}

Test(editor_form, words_struck_out_before_i_came_are_shown_from_the_log)
{
    struct people *p = people_new(P_FRO, 24, 80);
    struct err_info why;
    other_types(p, P_FSW, "B1.rationale", 0, "It was bad and good.");
    pump(p);
    cr_assert_eq(replica_delete(p->r[P_FSW], at(p, "B1.rationale"), 7, 15, &why), ERR_OK);
    pump(p);
    people_join(p, P_FRO, false); /* a snapshot has no struck-out words */
    editor_refresh(p->ed);
    go(p, "B1.rationale");
    press(p, ED_F1 + 3, 0);
    look(p);
    cr_assert_not(editor_wants_log(p->ed)); /* nothing struck out is shown yet */
    press(p, ED_F1 + 4, 0);
    SEES(p, "[JM]It was [JM-(8 characters)-JM][JM]good.");
    cr_assert(editor_wants_log(p->ed));
    cr_assert_not(editor_wants_log(p->ed)); /* asked once */
    struct audit *log = audit_new(audit_make_template());
    for (size_t i = 0; i < p->room->nevents; i++)
        cr_assert_eq(room_replay(p->room, i, log, audit_make_viewer(P_FRO), NULL), ERR_OK);
    editor_set_log(p->ed, log, NULL, "");
    SEES(p, "[JM]It was [JM-bad and -JM][JM]good.");
    people_free(p);
}

Test(editor_form, letters_typed_in_a_row_spell_a_choice)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B1.grade_agreed");
    type(p, "go"); /* the o is not Outstanding's */
    press(p, ED_ENTER, 0);
    pump(p);
    cr_assert_str_eq(value_of(p, "B1.grade_agreed"), "good");
    press(p, ED_ENTER, 0);
    type(p, "iz"); /* the z fits nothing and changes nothing */
    press(p, ED_ENTER, 0);
    pump(p);
    cr_assert_str_eq(value_of(p, "B1.grade_agreed"), "inadequate");
    press(p, ED_ENTER, 0);
    type(p, "requires i"); /* the space does not choose yet */
    SEES(p, "Enter chooses");
    press(p, ED_ESC, 0);
    press(p, ED_ENTER, 0);
    type(p, "g");
    editor_time(p->ed, 60000, 1772496000000);
    type(p, "o"); /* after a pause a new word begins */
    press(p, ED_ENTER, 0);
    pump(p);
    cr_assert_str_eq(value_of(p, "B1.grade_agreed"), "outstanding");
    people_free(p);
}

Test(editor_form, prose_on_a_choice_chooses_nothing)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B2.ynp");
    type(p, "More respite is planned now.");
    press(p, ED_ESC, 0);
    pump(p);
    cr_assert_str_eq(value_of(p, "B2.ynp"), "");
    type(p, "z");
    SEES(p, "Not typed: no choice begins so.");
    people_free(p);
}

Test(editor_form, a_date_may_be_typed_day_first)
{
    struct people *p = people_new(P_FRO, 24, 80);
    go(p, "B2.date");
    type(p, "3/9/2026\n");
    pump(p);
    cr_assert_str_eq(value_of(p, "B2.date"), "2026-09-03");
    people_free(p);
}

Test(editor_form, typing_where_nothing_can_be_typed_is_told)
{
    struct people *p = people_new(P_FRO, 24, 80);
    type(p, "lost");
    SEES(p, "Not typed: this is the list of questions.");
    go(p, "L3");
    type(p, "lost");
    SEES(p, "Not typed: ");
    people_free(p);
}

/* Where the first grades are hidden from each other, everybody begins with their own. */
Test(editor_form, in_a_blind_question_one_begins_with_ones_own_grade)
{
    static const struct {
        uint32_t me;
        const char *own;
    } rows[] = {
        {P_FRO, "A6.grade_auditor"     },
        {P_FSW, "A6.grade_practitioner"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct people *p = people_new(rows[i].me, 24, 80);
        go(p, "A3");
        go(p, "A6");
        cr_assert(field_equal(editor_field(p->ed), at(p, rows[i].own)), "by address");
        go(p, "A3");
        press(p, 'n', ED_CTRL);
        cr_assert(field_equal(editor_field(p->ed), at(p, rows[i].own)), "as the next question");
        go(p, "A3");
        press(p, ED_F1 + 1, 0);
        cr_assert(field_equal(editor_field(p->ed), at(p, rows[i].own)), "as what is missing");
        go(p, "A6.rationale");
        cr_assert(field_equal(editor_field(p->ed), at(p, "A6.rationale")), "unless asked to");
        type(p, "So it is.");
        go(p, rows[i].own);
        type(p, "good");
        press(p, ED_ENTER, 0);
        pump(p);
        go(p, "A6");
        cr_assert_not(field_equal(editor_field(p->ed), at(p, rows[i].own)), "it is in");
        people_free(p);
    }
}
