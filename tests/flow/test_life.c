/* The ways of a collaborative audit through its life, each from beginning to end with the real
 * server and the real clients, each ending with its whole log folded again. Who is who:
 * tests/lib/life_flow.h. What is expected is what domain sections 3, 8, 9 and 10 say. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/flow_room.h"
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

/* ---- the same part of every story ---- */

static void prepared(void)
{
    story_new(&s, "ana",
              "new FCA --carer CR-2041 --child CH-1 --practitioner 'Ben Okafor' --way-in "
              "annual_review");
    story_do(&s, "ana", "invite REF 'Iris Moor' --role IRO", "");
    story_state(&s, "PREPARING");
    story_fill(&s, "A J", NULL);
}

static void written(const char *grades)
{
    prepared();
    story_do(&s, "ana", "move REF IN_PROGRESS", "IN_PROGRESS");
    story_fill(&s, "B C D E F G H K L", grades);
}

static void agreed(const char *grades)
{
    written(grades);
    story_do(&s, "ana", "sign REF", "Ben Okafor");
    story_do(&s, "ben", "sign REF", "AGREED");
}

static void moderating(const char *grades)
{
    agreed(grades);
    story_do(&s, "ana", "move REF SUBMITTED", "SUBMITTED");
    story_do(&s, "quin", "assign REF 'Iris Moor'", "MODERATING");
}

static const char agrees_but_b1[] =
    "set M1[A6].view agree\nset M1[B2].view agree\nset M1[B3].view agree\nset M1[B4].view agree\n"
    "set M1[C1].view agree\nset M1[C2].view agree\nset M1[C3].view agree\nset M1[D2].view agree\n"
    "set M1[E1].view agree\nset M1[F1].view agree\nset M1[G1].view agree\nset M1[H1].view agree\n"
    "set M1[L1].view agree\nset M2.ynp yes\n";

static void upheld(const char *grades)
{
    moderating(grades);
    story_write(&s, "iris", agrees_but_b1);
    story_do(&s, "iris", "set REF M1[B1].view agree", "");
    story_do(&s, "iris", "move REF MODERATED", "ACTION_PLANNING");
}

/* An action of Ben's that answers the finding. */
static const char action[] =
    "add L5.actions\n"
    "write L5[1].change\nEmma knows two days before who comes and why.\n.\n"
    "write L5[1].specific\nBen tells the carer of every visit by text two days before it.\n.\n"
    "write L5[1].measure\nThe carer's log shows four visits that were told in time.\n.\n"
    "set L5[1].owner Ben Okafor\nset L5[1].due DAY+28\nset L5[1].finding L3[1]\n";

static void followed_up(void)
{
    upheld(NULL);
    story_write(&s, "tom", action);
    story_do(&s, "tom", "move REF FOLLOW_UP", "FOLLOW_UP");
}

static void done_and_verified(void)
{
    story_do(&s, "ben", "action REF L5[1] start", "");
    story_do(&s, "ben", "action REF L5[1] claim 'Four visits, told in time: carer log, May'", "");
    story_do(&s, "tom", "action REF L5[1] verify", "");
}

static void closed(void)
{
    followed_up();
    done_and_verified();
    story_do(&s, "tom", "move REF CLOSED", "CLOSED");
}

static void shows(const char *who, const char *path, const char *value)
{
    char *shown = story_shown(&s, who, path);
    cr_assert_str_eq(shown, value, "%s is %s, not %s", path, shown, value);
    free(shown);
}

/* A value of a question, as `show --json` has it. */
static void holds(const char *question, const char *part, const char *value)
{
    char *shown = story_value(&s, "quin", question, part);
    cr_assert_str_eq(shown, value, "%s.%s is %s, not %s", question, part, shown, value);
    free(shown);
}

/* ---- 1 ---- */

Test(life, upheld_from_planned_to_closed_with_everybody_told_what_is_theirs, .init = up,
     .fini = down)
{
    story_new(&s, "ana",
              "new FCA --carer CR-2041 --child CH-1 --practitioner 'Ben Okafor' --planned DAY+1");
    story_do(&s, "ana", "invite REF 'Iris Moor' --role IRO", "");
    story_state(&s, "PREPARING"); /* its day is near */
    story_waits(&s, "ana: prepare_open prepare_view prepare_view prepare_view;"
                    "ben: prepare_assessment prepare_view; iris: prepare_view;"
                    "tom:; sue:; quin:; cleo:; ivor:; fay:");
    story_fill(&s, "A J", NULL);
    story_waits(&s, "ana: prepare_open");
    story_do(&s, "ana", "move REF IN_PROGRESS", "IN_PROGRESS");
    story_waits(&s, "ana: agree; ben: agree");
    story_refused(&s, "ana", "sign REF", "B1 has no agreed grade yet");
    story_fill(&s, "B C D E F G H K L", NULL);
    story_do(&s, "ana", "sign REF", "Ben Okafor");
    story_waits(&s, "ben: agree");
    story_do(&s, "ben", "sign REF --difference 'I would have said outstanding for B2.'", "AGREED");
    story_waits(&s, "ana: submit");
    story_do(&s, "ana", "move REF SUBMITTED", "SUBMITTED");
    story_waits(&s, "quin: assign");
    story_do(&s, "quin", "assign REF 'Iris Moor'", "MODERATING");
    story_waits(&s, "iris: moderate");
    story_refused(&s, "iris", "move REF MODERATED", "has no view yet");
    story_write(&s, "iris", agrees_but_b1);
    story_do(&s, "iris", "set REF M1[B1].view agree", "");
    story_do(&s, "iris", "move REF MODERATED", "ACTION_PLANNING");
    shows("quin", "moves/-2/result", "upheld");
    holds("B1", "grade_final", "good");
    story_waits(&s, "tom: plan");
    story_refused(&s, "tom", "move REF FOLLOW_UP", "L3[1] leads to no action yet");
    story_write(&s, "tom", action);
    story_refused(&s, "tom", "move REF ASSURANCE", "needs no assurance");
    story_do(&s, "tom", "move REF FOLLOW_UP", "FOLLOW_UP");
    story_waits(&s, "ben: action");
    story_refused(&s, "tom", "move REF CLOSED", "L5[1] is still open");
    story_do(&s, "ben", "action REF L5[1] start", "");
    story_do(&s, "ben", "action REF L5[1] claim 'Four visits, told in time: carer log, May'", "");
    story_waits(&s, "tom: verify");
    story_refused(&s, "ben", "action REF L5[1] verify", "somebody else");
    story_do(&s, "tom", "action REF L5[1] verify", "");
    story_waits(&s, "tom: close");
    story_do(&s, "tom", "move REF CLOSED", "CLOSED");
    story_waits(&s, "");
    story_ends(&s, 9);
}

/* ---- 2, 3: differences ---- */

Test(life, changed_by_one_grade_that_the_authors_accept, .init = up, .fini = down)
{
    moderating(NULL);
    story_write(&s, "iris", agrees_but_b1);
    story_refused(&s, "iris", "set REF M1[B1].view differs", "agree, differ, insufficient");
    story_write(&s, "iris",
                "set M1[B1].view differ\nset M1[B1].proposed requires_improvement\n"
                "write M1[B1].view_reason\nThe plan is not on the carer's record.\n.\n");
    story_waits(&s, "iris: moderate; ana: respond");
    story_refused(&s, "iris", "move REF MODERATED", "B1 is one grade apart");
    story_do(&s, "ana", "set REF M1[B1].response accept", "");
    story_do(&s, "iris", "move REF MODERATED", "ACTION_PLANNING");
    shows("quin", "moves/-2/result", "changed");
    holds("B1", "grade_auditor", "good");
    holds("B1", "grade_practitioner", "good");
    holds("B1", "grade_agreed", "good");
    holds("B1", "grade_moderator", "requires_improvement");
    holds("B1", "grade_final", "requires_improvement");
    holds("L1", "grade_final", "good");
    story_write(&s, "tom", action);
    story_do(&s, "tom", "move REF FOLLOW_UP", "FOLLOW_UP");
    story_ends(&s, 8);
}

Test(life, split_by_two_grades_is_decided_by_qa_with_both_reasons_kept, .init = up, .fini = down)
{
    moderating(NULL);
    story_write(&s, "iris", agrees_but_b1);
    story_write(&s, "iris",
                "set M1[B1].view differ\nset M1[B1].proposed inadequate\n"
                "write M1[B1].view_reason\nNobody has read the plan since March.\n.\n");
    story_refused(&s, "iris", "move REF MODERATED", "B1 is decided by QA");
    story_waits(&s, "iris: moderate; quin: decide");
    story_refused(&s, "iris", "set REF M1[B1].decision inadequate", "QA");
    story_refused(&s, "ana", "set REF M1[B1].decision good", "QA");
    story_do(&s, "quin", "set REF M1[B1].decision requires_improvement", "");
    story_refused(&s, "iris", "move REF MODERATED", "with a reason");
    story_pipe(&s, "quin", "write REF M1[B1].decision_reason",
               "It was read in May; it is not on the carer's record.");
    story_do(&s, "iris", "move REF MODERATED", "ACTION_PLANNING");
    shows("quin", "moves/-2/result", "split_decided");
    holds("B1", "grade_agreed", "good");
    holds("B1", "grade_moderator", "inadequate");
    holds("B1", "grade_final", "requires_improvement");
    story_ends(&s, 7);
}

/* ---- 4 ---- */

Test(life, returned_twice_keeps_earlier_revisions_and_their_signatures, .init = up, .fini = down)
{
    moderating(NULL);
    story_refused(&s, "iris", "move REF RETURNED", "no question to the authors is open");
    story_do(&s, "iris", "comment REF B1 --must-answer 'Which plan do you mean?'", "comment 1");
    story_do(&s, "iris", "move REF RETURNED", "RETURNED");
    story_waits(&s, "ana: answer_query; ben: answer_query");
    story_refused(&s, "ana", "move REF MODERATING", "question on B1 has no answer yet");
    story_do(&s, "ben", "reply REF 1 'The one of 3 May; I have added where it is.'", "");
    story_pipe(&s, "ben", "write REF B1.rationale --append", "It is the plan of 3 May.");
    story_refused(&s, "ana", "move REF MODERATING", "has not signed yet");
    story_do(&s, "ana", "sign REF", "");
    story_do(&s, "ben", "sign REF", "");
    story_waits(&s, "ana: return");
    story_do(&s, "ana", "move REF MODERATING", "MODERATING");
    story_do(&s, "iris", "comment REF B2 --must-answer 'Who goes with her to the dentist?'",
             "comment 2");
    story_do(&s, "iris", "move REF RETURNED", "RETURNED");
    story_do(&s, "ana", "reply REF 2 'Her carer, every half year.'", "");
    story_do(&s, "ana", "move REF MODERATING", "MODERATING"); /* nothing was changed */
    story_write(&s, "iris", agrees_but_b1);
    story_do(&s, "iris", "set REF M1[B1].view agree", "");
    story_do(&s, "iris", "move REF MODERATED", "ACTION_PLANNING");
    char *list = story_say(&s, "ana", "verify-signature REF");
    cr_assert(strstr(list, "no longer stands") && !strstr(list, "DOES NOT"), "%s", list);
    free(list);
    char *diff = story_say(&s, "quin", "diff REF --from submitted --to final");
    cr_assert(strstr(diff, "B1") && strstr(diff, "It is the plan of 3 May."), "%s", diff);
    cr_assert(!strstr(diff, "B5 ") && !strstr(diff, "C4 "), "%s", diff); /* nobody touched them */
    free(diff);
    story_ends(&s, 11);
}

/* ---- 5 ---- */

Test(life, weak_audit_with_assurance_sent_back_once_closes_and_is_looked_at_again, .init = up,
     .fini = down)
{
    upheld("L1 requires_improvement");
    story_write(&s, "tom", action);
    story_refused(&s, "tom", "move REF FOLLOW_UP", "Move it to ASSURANCE");
    story_do(&s, "tom", "move REF ASSURANCE", "ASSURANCE");
    story_waits(&s, "sue: assure");
    story_refused(&s, "tom", "move REF FOLLOW_UP --reason 'It is good.'", "SM");
    story_refused(&s, "sue", "move REF FOLLOW_UP", "in reasonable time");
    story_refused(&s, "sue", "move REF ACTION_PLANNING --reason ' '", "Give a reason");
    story_do(&s, "sue", "move REF ACTION_PLANNING --reason 'Who tells her school?'",
             "ACTION_PLANNING");
    story_waits(&s, "tom: plan");
    story_pipe(&s, "tom", "write REF L5[1].specific --append", "Ben tells her school as well.");
    story_do(&s, "tom", "move REF ASSURANCE", "ASSURANCE");
    story_do(&s, "sue", "move REF FOLLOW_UP --reason 'Enough, and in reasonable time.'",
             "FOLLOW_UP");
    shows("quin", "moves/-1/reason", "Enough, and in reasonable time.");
    done_and_verified();
    story_waits(&s, "sue: close");
    story_refused(&s, "tom", "move REF CLOSED", "SM");
    story_do(&s, "sue", "move REF CLOSED", "CLOSED");
    char *next = story_awaited(&s, "quin", "links/0/ref");
    (void)snprintf(s.other, sizeof s.other, "%s", next);
    free(next);
    shows("quin", "links/0/kind", "re_audit");
    story_do(&s, "quin", "show OTHER", "PLANNED");
    story_do(&s, "quin", "show OTHER", s.ref);
    story_ends(&s, 12);
}

/* ---- 6, 7, 8 ---- */

Test(life, team_manager_signs_for_a_practitioner_who_is_away, .init = up, .fini = down)
{
    written(NULL);
    story_do(&s, "ana", "sign REF", "Ben Okafor");
    story_refused(&s, "tom", "sign REF", "for a practitioner who is away");
    story_refused(&s, "tom", "sign REF --absent", "why the practitioner cannot sign");
    story_refused(&s, "fay", "sign REF --absent --reason 'Ben left in May.'", "no such record");
    story_do(&s, "tom", "sign REF --absent --reason 'Ben has been ill for a month.'", "AGREED");
    shows("quin", "signatures/1/absent", "true");
    shows("quin", "signatures/1/reason", "Ben has been ill for a month.");
    story_ends(&s, 3);
}

Test(life, withdrawn_is_kept_and_asks_nobody_for_anything, .init = up, .fini = down)
{
    written(NULL);
    story_refused(&s, "ana", "move REF WITHDRAWN --reason 'Twice the same.'", "QA");
    story_refused(&s, "quin", "move REF WITHDRAWN", "Give a reason");
    story_do(&s, "quin", "move REF WITHDRAWN --reason 'A duplicate of the one of May.'",
             "WITHDRAWN");
    story_waits(&s, "");
    story_refused(&s, "ana", "set REF B5 no", "WITHDRAWN");
    story_refused(&s, "quin", "move REF IN_PROGRESS --reason 'It was none.'", "this is its end");
    story_do(&s, "ana", "show REF", "WITHDRAWN");
    story_ends(&s, 3);
}

Test(life, reopened_after_closing_keeps_earlier_signatures_with_their_revision, .init = up,
     .fini = down)
{
    closed();
    story_refused(&s, "ana", "set REF B5 no", "CLOSED");
    story_refused(&s, "quin", "move REF IN_PROGRESS", "Give a reason");
    story_refused(&s, "sue", "move REF IN_PROGRESS --reason 'Her brother told us more.'", "QA");
    story_do(&s, "quin", "move REF IN_PROGRESS --reason 'Her brother told us more.'",
             "IN_PROGRESS");
    story_pipe(&s, "ana", "write REF B3.rationale --append", "Her brother misses her.");
    char *old = story_json(&s, "ana", "verify-signature REF", "signatures/0/fingerprint");
    story_do(&s, "ana", "sign REF", "");
    story_do(&s, "ben", "sign REF", "AGREED");
    char *new = story_json(&s, "ana", "verify-signature REF", "signatures/2/fingerprint");
    cr_assert_str_neq(old, new);
    char *list = story_say(&s, "ana", "verify-signature REF");
    cr_assert(strstr(list, "no longer stands") && strstr(list, "what stands now") &&
                  !strstr(list, "DOES NOT"),
              "%s", list);
    free(old);
    free(new);
    free(list);
    story_ends(&s, 11);
}

/* ---- what happens beside the way ---- */

Test(life, words_on_their_way_when_it_is_submitted_are_kept_by_their_writer, .init = up,
     .fini = down)
{
    written(NULL);
    story_do(&s, "ana", "invite REF 'Cleo Marsh' --role CSW --sections B", "");
    story_do(&s, "cleo", "show REF", "");
    struct flow room = {.d = s.d};
    memcpy(room.ref, s.ref, sizeof room.ref);
    struct vscreen *cleo = flow_open(&room, "cleo");
    flow_go(cleo, "B2.rationale");
    daemon_kill(&s.d);
    flow_see(cleo, "Offline:");
    vscreen_type(cleo, "Her aunt takes her swimming. ");
    flow_see(cleo, "Offline: 29 characters kept here");
    vscreen_ctrl(cleo, 'q');
    flow_see(cleo, "Leave now?");
    vscreen_type(cleo, "y");
    cr_assert_eq(vscreen_end(cleo, FLOW_WAIT_MS), 0);
    daemon_start(&s.d);
    story_do(&s, "ana", "sign REF", "Ben Okafor");
    story_do(&s, "ben", "sign REF", "AGREED");
    story_do(&s, "ana", "move REF SUBMITTED", "SUBMITTED");
    struct run r = RUN("tandem", "open", s.ref, "--plain", "--as", "cleo");
    cr_assert(strstr(run_out(&r), "SUBMITTED"), "%s", run_out(&r));
    run_free(&r);
    story_do(&s, "cleo", "kept REF", "Her aunt takes her swimming.");
    char *shown = story_say(&s, "ana", "show REF");
    cr_assert(!strstr(shown, "swimming"));
    free(shown);
    story_ends(&s, 4);
}

Test(life, concern_in_a_closed_audit_is_told_to_its_manager, .init = up, .fini = down)
{
    closed();
    story_refused(&s, "ana", "flag REF ' ' --told 'Tom Reed'", "what the concern is");
    story_do(&s, "ana", "flag REF 'She said that she is afraid to go home.' --told 'Tom Reed'", "");
    story_waits(&s, "tom: flag");
    story_do(&s, "tom", "flags REF", "afraid to go home");
    char *ben = story_say(&s, "ben", "flags REF");
    cr_assert(!strstr(ben, "afraid"), "%s", ben);
    free(ben);
    story_do(&s, "tom", "flag-note REF 1 'I have seen her today; she stays with her aunt.' --close",
             "");
    story_waits(&s, "");
    story_state(&s, "CLOSED");
    story_ends(&s, 9);
}

Test(life, glass_is_broken_with_a_reason_and_seen_by_qa_and_sm, .init = up, .fini = down)
{
    written(NULL);
    story_refused(&s, "olga", "show REF", "There is no such record");
    story_refused(&s, "olga", "break-glass REF --reason ' ' --until 2h", "why you need to read");
    story_refused(&s, "olga", "break-glass REF --reason 'She is missing.' --until 200h", "7 days");
    story_do(&s, "olga", "break-glass REF --reason 'She is missing; who saw her?' --until 2h", "");
    story_do(&s, "olga", "show REF", "");
    story_refused(&s, "olga", "set REF B5 no", "read only");
    story_waits(&s, "ana: agree; ben: agree; quin: break_glass_notice; sue: break_glass_notice");
    story_do(&s, "ana", "show REF", "She is missing; who saw her?");
    story_do(&s, "ana", "readers REF", "Olga Reid");
    story_do(&s, "olga", "break-glass REF --end", "");
    story_refused(&s, "olga", "show REF", "There is no such record");
    story_ends(&s, 2);
}

/* ---- what cannot be meant ---- */

Test(life, what_cannot_be_meant_is_refused_with_a_reason_and_changes_nothing, .init = up,
     .fini = down)
{
    /* clang-format off */
    static const struct {
        const char *who, *line;
        int exit_code;
        const char *words;
    } refused[] = {
        {"ana",  "new FCA --carer CR-2041 --practitioner 'Nobody Known'", 1, "Nobody Known"},
        {"ana",  "new FCA --carer CR-2041 --planned 2026-02-30", 2, "--planned is a day"},
        {"ana",  "new FCA --carer CR-2041 --period 2026-05-01..2026-04-01", 1, "period"},
        {"ana",  "new FCA --carer CR-2041 --way-in gossip", 1, "gossip"},
        {"ben",  "new FCA --carer CR-2041", 1, "of this kind; ask: FRO, FTM, QA"},
        {"ana",  "set REF B5.date 2026-02-30", 1, "There is no such day"},
        {"ana",  "set REF B1.grade_agreed superb", 1, "must be one of: outstanding, good"},
        {"ana",  "set REF B1.grade_final good", 1, "the server records the final grade"},
        {"ana",  "move REF CLOSED", 1, "is for fostering team manager (FTM)"},
        {"ana",  "move REF SUBMITTED", 1, "IN_PROGRESS"},
        {"ana",  "move REF NOWHERE", 2, "NOWHERE"},
        {"quin", "move REF WITHDRAWN --reason '  '", 1, "why"},
        {"quin", "assign REF 'Iris Moor'", 1, "IN_PROGRESS"},
        {"ana",  "invite REF 'Nobody Known' --role IRO", 1, "Nobody Known"},
        {"sid",  "show REF", 1, "no such record"},
        {"rob",  "move REF IN_PROGRESS", 1, "no such record"},
    };
    /* clang-format on */
    written(NULL);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        story_not(&s, refused[i].who, refused[i].line, refused[i].exit_code, refused[i].words);
    }
    story_ends(&s, 2);
}

/* Nora Bay is a reviewing officer for children and for carers. */
static void nora_does(const char *const *argv)
{
    struct run r = run_program(NULL, argv);
    cr_assert_eq(r.exit_code, 0, "%s: %s", argv[1], run_err(&r));
    run_free(&r);
}

static void nora_comes(void)
{
    struct run r = RUN("tandemd", "person", "add", "Nora Bay", "--role", "IRO", "--role",
                       "FRO:north", "--data", s.d.dir);
    char *code = find_code(run_out(&r));
    cr_assert_not_null(code, "%s", run_err(&r));
    nora_does((const char *const[]){"tandem", "enrol", code, "--as", "nora", NULL});
    free(code);
    run_free(&r);
}

Test(life, nobody_moderates_an_audit_that_they_wrote_in, .init = up, .fini = down)
{
    written(NULL);
    nora_comes();
    story_do(&s, "ana", "invite REF 'Nora Bay' --role FRO", "");
    nora_does((const char *const[]){"tandem", "set", s.ref, "B5", "no", "--as", "nora", NULL});
    story_do(&s, "ana", "sign REF", "");
    story_do(&s, "ben", "sign REF", "AGREED");
    story_do(&s, "ana", "move REF SUBMITTED", "SUBMITTED");
    story_refused(&s, "quin", "assign REF 'Nora Bay'", "nobody moderates what they wrote");
    story_refused(&s, "quin", "assign REF 'Ana Flint'", "Ana Flint");
    story_do(&s, "quin", "assign REF 'Iris Moor'", "MODERATING");
    story_ends(&s, 5);
}
