/* The lives of records that are no collaborative audit: a dip audit and the challenge that comes
 * from it, a care planning meeting, a thematic audit; with the real server and the real clients, as
 * domain sections 3, 6, 11 and 12 say. Who is who: tests/lib/life_flow.h. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/life_flow.h"

static struct story s;

static void up(void)
{
    story_up(&s);
}

static void down(void)
{
    story_down(&s);
}

static void shows(const char *who, const char *path, const char *value)
{
    char *shown = story_shown(&s, who, path);
    cr_assert_str_eq(shown, value, "%s is %s, not %s", path, shown, value);
    free(shown);
}

/* From here on the story is the other record's. */
static void go_on_with_other(void)
{
    char first[sizeof s.ref];
    memcpy(first, s.ref, sizeof first);
    memcpy(s.ref, s.other, sizeof s.ref);
    memcpy(s.other, first, sizeof s.other);
}

/* ---- a dip audit, and what comes of it ---- */

Test(life_beside, dip_audit_leads_to_a_challenge_that_is_answered_at_stage_3, .init = up,
     .fini = down)
{
    story_new(&s, "iris", "new IDA --child CH-1 --team north");
    story_state(&s, "PLANNED");
    story_refused(&s, "ana", "move REF IN_PROGRESS", "no such record");
    story_do(&s, "iris", "move REF IN_PROGRESS", "IN_PROGRESS");
    story_refused(&s, "iris", "sign REF", "A2");
    story_fill(&s, NULL, NULL);
    story_do(&s, "iris", "set REF R1 challenge", "");
    story_do(&s, "iris", "sign REF", "AGREED"); /* alone: the worker's response is welcome */
    story_refused(&s, "quin", "move REF SUBMITTED", "does not go to SUBMITTED");
    story_do(&s, "iris", "move REF ACTION_PLANNING", "ACTION_PLANNING");
    story_new_other(&s, "iris",
                    "challenge new --child CH-1 --subject pep_actions_undone --from REF --team "
                    "north --result 'Her PEP is agreed and acted on by half term.'");
    story_do(&s, "iris", "move REF CLOSED", "CLOSED");
    go_on_with_other();
    story_do(&s, "iris", "show REF", s.other);
    story_refused(&s, "iris", "move REF IN_PROGRESS --stage 1", "your position at stage 1");
    story_do(&s, "iris",
             "challenge step REF 0 --position 'Her PEP is from last year: please meet her school.'",
             "at stage 0 now");
    shows("iris", "moves/-1/stage", "0");
    story_refused(&s, "iris", "move REF IN_PROGRESS --stage 1", "your position at stage 1");
    story_do(&s, "iris",
             "challenge step REF 1 --position 'No meeting is planned, three weeks later.'",
             "at stage 1 now");
    shows("iris", "moves/-1/stage", "1");
    story_refused(&s, "iris", "challenge step REF 0 --position 'Shall we talk again?'",
                  "stage 0 has been");
    story_waits(&s, "tom: stage_answer; iris:");
    story_refused(&s, "sue", "challenge answer REF 'We have planned it.'", "read only: FTM");
    story_do(&s, "tom", "challenge answer REF 'The school has no day before Easter.'", "stage 1");
    story_do(&s, "iris", "challenge step REF 2 --position 'Easter is too late for her exams.'",
             "at stage 2 now");
    shows("iris", "moves/-1/stage", "2");
    story_waits(&s, "sue: stage_answer; iris:; tom:");
    story_do(&s, "iris",
             "challenge step REF 3 --position 'She sits her exams in May; who can help?'",
             "at stage 3 now");
    shows("iris", "moves/-1/stage", "3");
    story_waits(&s, "hugh: stage_answer; iris:; sue:; tom:");
    story_do(&s, "hugh", "challenge answer REF 'I have asked the head: we meet on Friday.'",
             "stage 3");
    story_waits(&s, "iris: stage_next; hugh:");
    story_refused(&s, "iris", "move REF CLOSED", "outcome");
    story_do(&s, "iris",
             "challenge outcome REF agreed --difference 'Her tutor comes twice a week now.'",
             "CLOSED");
    shows("quin", "moves/-1/to", "CLOSED");
    story_waits(&s, "");
    story_ends(&s, 5);
}

/* ---- meetings ---- */

static const char why_it_is_held[] =
    "set A2 route_b\nwrite A3.text\nShe may go home to her mother.\n.\nset A5 no\n";

Test(life_beside, meeting_that_is_too_late_is_booked_with_a_reason_only, .init = up, .fini = down)
{
    story_refused(&s, "sue",
                  "meeting new --child CH-1 --trigger reunification --on DAY+20 --hearing DAY+30",
                  "is only 10 days before the final hearing");
    story_refused(&s, "sue",
                  "meeting new --child CH-1 --trigger reunification --on DAY+20 --hearing DAY+30",
                  "at least 3 weeks before it");
    story_refused(&s, "sue",
                  "meeting new --child CH-1 --trigger reunification --on DAY+31 --hearing DAY+30 "
                  "--reason 'Her lawyer is away.'",
                  "before the final hearing");
    story_new(&s, "sue",
              "meeting new --child CH-1 --trigger reunification --on DAY+20 --hearing DAY+30 "
              "--chair 'Sue P.' --reason 'Her lawyer is away until then.'");
    story_do(&s, "sue", "history REF", "Her lawyer is away until then.");
    story_waits(&s, "sue: meeting_hold meeting_late");
    story_refused(&s, "tom", "move REF IN_PROGRESS", "SM");
    story_do(&s, "sue", "move REF IN_PROGRESS", "IN_PROGRESS");
    story_refused(&s, "sue", "move REF FOLLOW_UP", "B1");
    story_fill(&s, "B C D E", NULL);
    story_write(&s, "sue", why_it_is_held);
    story_do(&s, "sue", "set REF E1 reunification", "");
    story_do(&s, "sue", "move REF FOLLOW_UP", "FOLLOW_UP");
    story_do(&s, "sue", "move REF CLOSED", "CLOSED");
    story_waits(&s, "");
    story_ends(&s, 3);
}

Test(life_beside, no_child_enters_care_before_the_family_has_met, .init = up, .fini = down)
{
    story_new(&s, "sue", "meeting new --child CH-1 --trigger permanence --on DAY+9");
    story_do(&s, "sue", "move REF IN_PROGRESS", "IN_PROGRESS");
    story_fill(&s, "A C D E", NULL);
    story_write(&s, "sue",
                "set A4.ynp no\nset B1.ynp no\n"
                "write B2.text\nHis grandmother was asked twice.\n.\n");
    story_do(&s, "sue", "set REF E1 enter_care", "");
    story_refused(&s, "sue", "move REF FOLLOW_UP", "family-led meeting is accepted");
    story_do(&s, "sue", "set REF B3 yes", "");
    story_do(&s, "sue", "move REF FOLLOW_UP", "FOLLOW_UP");
    story_ends(&s, 2);
}

/* ---- a thematic audit ---- */

Test(life_beside, thematic_audit_of_a_study_group, .init = up, .fini = down)
{
    story_new(&s, "ana",
              "new PSA --carer CR-2041 --child CH-1 --child CH-2 --practitioner 'Ben Okafor'");
    story_do(&s, "ana", "invite REF 'Cleo Marsh' --role CSW --sections A,B", "");
    story_state(&s, "PREPARING");
    story_do(&s, "ana", "move REF IN_PROGRESS", "IN_PROGRESS");
    story_refused(&s, "ana", "sign REF", "P1");
    story_fill(&s, NULL, "D4 requires_improvement");
    story_write(&s, "ana",
                "add P5.evidence\nset P5[3].record other\nset P5[3].place school file\n"
                "set P4.date DAY+40\nset P1.choice pattern\n");
    story_do(&s, "cleo", "set REF A2 3", "");
    story_refused(&s, "cleo", "set REF L1 yes", "read only: you were invited to write in section");
    story_do(&s, "ana", "sign REF", "Ben Okafor");
    story_do(&s, "ben", "sign REF", "AGREED");
    story_do(&s, "ana", "move REF SUBMITTED", "SUBMITTED");
    story_do(&s, "quin", "assign REF 'Ivor Penn'", "MODERATING");
    story_write(&s, "ivor",
                "set Q1[B1].view agree\nset Q1[D4].view agree\nset Q1[F4].view agree\n"
                "set Q1[G3].view agree\nset Q1[J1].view agree\nset Q1[M1].view agree\n"
                "set Q1[M2].view agree\nset Q2.ynp yes\n");
    story_do(&s, "ivor", "move REF MODERATED", "ACTION_PLANNING");
    story_write(&s, "tom",
                "add N3.actions\n"
                "write N3[1].change\nChildren on short notice keep their school.\n.\n"
                "write N3[1].specific\nBen agrees transport with each school within two days.\n.\n"
                "write N3[1].measure\nFour of four children stay at their school.\n.\n"
                "set N3[1].owner Ben Okafor\nset N3[1].due DAY+28\nset N3[1].finding N1[1]\n");
    story_do(&s, "tom", "move REF FOLLOW_UP", "FOLLOW_UP");
    story_do(&s, "ben", "action REF N3[1] start", "");
    story_do(&s, "ben", "action REF N3[1] claim 'Four of four, by the transport list'", "");
    story_do(&s, "tom", "action REF N3[1] verify", "");
    story_do(&s, "tom", "move REF CLOSED", "CLOSED");
    story_ends(&s, 9);
}
