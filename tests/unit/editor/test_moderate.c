/* The moderator's view on each judgement. */
#include "tests/unit/editor/people.h"

#include "tests/lib/leaks.h"

/* B1 is agreed, the audit is being moderated, and `me` stands on the view of B1. */
static struct people *begin(uint32_t me)
{
    struct people *p = people_new(me, 24, 100);
    cr_assert_eq(room_set(p->room, P_FRO, "B1.grade_agreed", "good"), ERR_OK);
    cr_assert_eq(room_move(p->room, AUDIT_MODERATING), ERR_OK);
    for (uint32_t i = 1; i < P_END; i++)
        if (p->r[i])
            people_join(p, i, false);
    editor_refresh(p->ed);
    go(p, "M1[B1].view");
    return p;
}

Test(moderate, a_letter_gives_the_view_and_goes_where_something_is_to_be_written)
{
    static const struct {
        char letter;
        const char *value, *then;
    } rows[] = {
        {'a', "agree",        "M1[C1].view"       },
        {'d', "differ",       "M1[B1].proposed"   },
        {'i', "insufficient", "M1[B1].view_reason"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct people *p = begin(P_IRO);
        SEES(p, "a: agree   d: differ   i: too little to go by");
        press(p, (uint32_t)rows[i].letter, 0);
        pump(p);
        cr_assert_str_eq(value_of(p, "M1[B1].view"), rows[i].value);
        cr_assert(field_equal(editor_field(p->ed), at(p, rows[i].then)), "row %zu\n%s", i,
                  screen(p));
        people_free(p);
    }
    CHECK_NO_LEAKS();
}

Test(moderate, only_what_the_view_asks_for_is_to_be_filled_in)
{
    struct people *p = begin(P_IRO);
    SEES_NOT(p, "proposed grade");
    SEES_NOT(p, "reason for the view");
    press(p, 'i', 0);
    SEES_NOT(p, "proposed grade");
    SEES(p, "reason for the view");
    go(p, "M1[B1].view");
    press(p, 'd', 0);
    SEES(p, "proposed grade");
    SEES(p, "reason for the view");
    people_free(p);
}

Test(moderate, the_agreed_grade_stands_beside_the_view)
{
    struct people *p = begin(P_IRO);
    SEES(p, "B1 moderator's view: agreed Good");
    SEES(p, "C1 moderator's view: no agreed grade");
    people_free(p);
}

Test(moderate, the_letters_are_the_moderators_only)
{
    struct people *p = begin(P_FRO);
    SEES_NOT(p, "a: agree   d: differ");
    press(p, 'd', 0);
    pump(p);
    cr_assert_str_eq(value_of(p, "M1[B1].view"), "");
    people_free(p);
}

Test(moderate, other_letters_choose_from_the_list_as_everywhere)
{
    struct people *p = begin(P_IRO);
    press(p, ED_ENTER, 0);
    type(p, "ins");
    press(p, ED_ENTER, 0);
    pump(p);
    cr_assert_str_eq(value_of(p, "M1[B1].view"), "insufficient");
    people_free(p);
}
