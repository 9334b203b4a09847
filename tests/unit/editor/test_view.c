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
