/* What somebody reads who asks "what next?". */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/leaks.h"
#include "tests/lib/life_make.h"

static const char small[] = "tests/unit/rules/life_audit.yaml";

/* All that was told, as lines: "> TITLE | mine | ready | command | who", then "- what is missing".
 */
static void note_step(void *user, const struct life_step *s)
{
    buf_appendf(user, "> %s | %s | %s | %s | %s\n", s->row->title, s->mine ? "mine" : "theirs",
                s->ready ? "ready" : "not yet", s->command, s->who);
}

static void note_missing(void *user, const struct life_missing *m)
{
    buf_appendf(user, "- %s\n", m->sentence);
}

static const char *next(struct life_world *w, uint32_t person, struct buf *out)
{
    buf_clear(out);
    cr_assert_eq(life_next(&w->f, life_world_viewer(w, person), note_step, note_missing, out, NULL),
                 ERR_OK);
    return buf_cstr(out);
}

struct told {
    uint32_t person;
    enum audit_state state;
    const char *line; /* must be among them */
};
/* clang-format off */
static const struct told tolds[] = {
    {P_FRO, AUDIT_PREPARING,  "> Open the room | mine | ready | tandem move TST-2026-0001 IN_PROGRESS | Ana Flint (FRO)\n"},
    {P_FSW, AUDIT_PREPARING,  "> Open the room | theirs | ready |  | Ana Flint (FRO)\n"},
    {P_FRO, AUDIT_IN_PROGRESS,"> Agree and sign | mine | ready | tandem sign TST-2026-0001 | Ana Flint (FRO), Ben Okafor (FSW)\n"},
    {P_FSW, AUDIT_IN_PROGRESS,"> Agree and sign | mine | ready | tandem sign TST-2026-0001 | Ana Flint (FRO), Ben Okafor (FSW)\n"},
    {P_IRO, AUDIT_IN_PROGRESS,"> Agree and sign | theirs | not yet |  | Ana Flint (FRO), Ben Okafor (FSW)\n"},
    {P_QA,  AUDIT_IN_PROGRESS,"> Withdraw | mine | ready | tandem move TST-2026-0001 WITHDRAWN --reason TEXT | Quinn Ash (QA)\n"},
    {P_QA,  AUDIT_SUBMITTED,  "> Forward to the moderator | mine | ready | tandem assign TST-2026-0001 \"Iris Moor\" | Quinn Ash (QA)\n"},
    {P_QA,  AUDIT_PLANNED,    "> Begin to prepare | theirs | ready |  | by itself\n"},
    {P_SM,  AUDIT_ASSURANCE,  "> Assure the plan | mine | ready | tandem move TST-2026-0001 FOLLOW_UP --reason TEXT | Sue Park (SM), Sol Gray (SM)\n"},
    {P_FTM, AUDIT_ACTION_PLANNING, "> Begin to follow up | mine | ready | tandem move TST-2026-0001 FOLLOW_UP | Tom Reed (FTM), Kit Dove (FTM)\n"},
    {P_FTM, AUDIT_CLOSED,     "> Re-open | theirs | ready |  | Quinn Ash (QA)\n"},
};
/* clang-format on */

Test(life_next, says_what_may_be_done_by_whom_and_how)
{
    struct buf said = BUF_INIT;
    for (size_t i = 0; i < sizeof tolds / sizeof *tolds; i++) {
        struct life_world *w = life_world_new(small);
        life_fill(w, "good", "good", "good");
        life_at(w, tolds[i].state);
        cr_assert(strstr(next(w, tolds[i].person, &said), tolds[i].line), "%s is not in:\n%s",
                  tolds[i].line, buf_cstr(&said));
        life_world_free(w);
    }
    buf_free(&said);
    CHECK_NO_LEAKS();
}

Test(life_next, onward_comes_before_back_and_out)
{
    struct buf said = BUF_INIT;
    struct life_world *w = life_world_new(small);
    life_at(w, AUDIT_ASSURANCE);
    const char *s = next(w, P_SM, &said);
    cr_assert(strstr(s, "Assure the plan") < strstr(s, "Send the plan back"));
    life_at(w, AUDIT_RETURNED);
    s = next(w, P_FRO, &said);
    cr_assert(strstr(s, "Send it back answered") < strstr(s, "Withdraw"));
    life_at(w, AUDIT_WITHDRAWN);
    cr_assert_str_eq(next(w, P_FRO, &said), "", "this is the end");
    buf_free(&said);
    life_world_free(w);
}

Test(life_next, names_what_is_missing_sentence_by_sentence)
{
    struct buf said = BUF_INIT;
    struct life_world *w = life_world_new(small);
    cr_assert(strstr(next(w, P_FSW, &said), "| mine | not yet | tandem sign"));
    cr_assert(strstr(buf_cstr(&said), "- B1 has no agreed grade yet"));
    cr_assert(strstr(buf_cstr(&said), "- J1 does not say yet how this view stands"));
    buf_free(&said);
    life_world_free(w);
}

Test(life_next, says_whose_signature_it_waits_for)
{
    struct buf said = BUF_INIT;
    struct life_world *w = life_world_new(small);
    life_fill(w, "good", "good", "good");
    cr_assert(!strstr(next(w, P_FTM, &said), "--absent"),
              "it waits for more than the practitioner");
    cr_assert_eq(life_world_sign(w, P_FRO), ERR_OK, "%s", w->why.text);
    cr_assert(strstr(next(w, P_FRO, &said),
                     "> Agree and sign | theirs | not yet |  | Ben Okafor (FSW)\n"
                     "- Ben Okafor (FSW) has not signed yet\n"),
              "%s", buf_cstr(&said));
    cr_assert(
        strstr(next(w, P_FSW, &said),
               "> Agree and sign | mine | ready | tandem sign TST-2026-0001 | Ben Okafor (FSW)\n"));
    cr_assert(!strstr(buf_cstr(&said), "has not signed yet"), "theirs completes it");
    /* the manager learns how to sign for somebody who is away */
    cr_assert(strstr(next(w, P_FTM, &said), "tandem sign TST-2026-0001 --absent --reason TEXT"));
    buf_free(&said);
    life_world_free(w);
}

Test(life_next, a_returned_audit_that_was_changed_is_signed_first)
{
    struct buf said = BUF_INIT;
    struct life_world *w = life_world_new(small);
    life_fill(w, "good", "good", "good");
    life_at(w, AUDIT_RETURNED);
    const char *s = next(w, P_FRO, &said);
    cr_assert(strstr(s, "tandem sign"), "%s", s);
    cr_assert(strstr(s, "> Send it back answered | mine | not yet"), "%s", s);
    buf_free(&said);
    life_world_free(w);
}

Test(life_next, a_reason_that_will_be_asked_for_is_in_the_command)
{
    struct buf said = BUF_INIT;
    struct life_world *w = life_world_new(small);
    life_at(w, AUDIT_PREPARING); /* nothing is in yet */
    const char *s = next(w, P_FRO, &said);
    cr_assert(strstr(s, "> Open the room | mine | ready | tandem move TST-2026-0001 IN_PROGRESS "
                        "--reason TEXT |"),
              "%s", s);
    cr_assert(strstr(s, "- the practitioner's own assessment (A1) is not in yet\n"));
    buf_free(&said);
    life_world_free(w);
}

Test(life_next, a_challenge_is_told_its_next_stage)
{
    struct buf said = BUF_INIT;
    struct life_world *w = life_world_new("server/content/cha.yaml");
    life_at(w, AUDIT_PLANNED);
    const char *s = next(w, P_IRO, &said);
    cr_assert(strstr(s, "> Begin at a stage | mine | ready | tandem move TST-2026-0001 IN_PROGRESS "
                        "--stage N"),
              "%s", s);
    struct life_request q = life_world_request(w, P_IRO, AUDIT_IN_PROGRESS);
    q.stage = 1;
    cr_assert_eq(life_world_do(w, &q), ERR_OK);
    s = next(w, P_IRO, &said);
    cr_assert(strstr(s, "> Take it to the next stage | mine | not yet"), "%s", s);
    cr_assert(strstr(s, "- your position at stage 1 (C1) is not written yet"), "%s", s);
    buf_free(&said);
    life_world_free(w);
}

Test(life_next, a_stranger_learns_nothing)
{
    struct buf said = BUF_INIT;
    struct life_world *w = life_world_new(small);
    struct err_info why = {0};
    cr_assert_eq(
        life_next(&w->f, life_world_viewer(w, P_STRANGER), note_step, note_missing, &said, &why),
        ERR_NOT_FOUND);
    cr_assert_eq(said.len, 0);
    cr_assert_str_eq(why.text, err_text(ERR_NOT_FOUND));
    buf_free(&said);
    life_world_free(w);
}
