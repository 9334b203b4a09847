/* Dip audits, observations, feedback, care planning meetings, challenges: where they differ. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/leaks.h"
#include "tests/lib/life_make.h"

#define says(w, words)                                                                             \
    cr_assert(strstr(buf_cstr(&(w)->sentences), words), "\"%s\" is not in:\n%s", words,            \
              buf_cstr(&(w)->sentences))
#define refuses_with(w, words)                                                                     \
    cr_assert(strstr((w)->why.text, words), "\"%s\" is not in: %s", words, (w)->why.text)

/* ---- a challenge ---- */

static struct life_request stage(struct life_world *w, uint32_t person, uint32_t n)
{
    struct life_request q = life_world_request(w, person, AUDIT_IN_PROGRESS);
    q.stage = 1 + n;
    return q;
}

static struct life_world *challenge(void)
{
    struct life_world *w = life_world_new("server/content/cha.yaml");
    life_at(w, AUDIT_PLANNED);
    return w;
}

Test(life_challenge, it_begins_at_any_stage_that_is_named)
{
    struct life_world *w = challenge();
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_IN_PROGRESS, ""), ERR_REFUSED_STATE);
    says(w, "say at which stage it begins: 0 (a practice challenge) to 4");
    struct life_request q = stage(w, P_IRO, 5);
    cr_assert_eq(life_world_do(w, &q), ERR_REFUSED_STATE);
    says(w, "stage 4 is the last");
    q = stage(w, P_IRO, 0);
    cr_assert_eq(life_world_do(w, &q), ERR_OK, "%s", w->why.text);
    cr_assert_eq(audit_info(w->r->a).stage, 1 + 0);
    life_world_free(w);
}

Test(life_challenge, a_dispute_begins_with_a_position)
{
    struct life_world *w = challenge();
    struct life_request q = stage(w, P_IRO, 2);
    cr_assert_eq(life_world_do(w, &q), ERR_INPUT);
    says(w, "your position at stage 2 (D1) is not written yet");
    cr_assert_eq(w->last.field.question, room_field(w->r, "D1").question);
    q.reason = "No visit for nine weeks; the plan asks for one a fortnight.";
    cr_assert_eq(life_world_do(w, &q), ERR_OK, "%s", w->why.text);
    cr_assert_eq(audit_info(w->r->a).stage, 1 + 2);
    life_world_free(w);
}

Test(life_challenge, the_next_stage_needs_its_own_position)
{
    struct life_world *w = challenge();
    struct life_request q = stage(w, P_IRO, 0);
    cr_assert_eq(life_world_do(w, &q), ERR_OK);
    q = life_world_request(w, P_IRO, AUDIT_IN_PROGRESS); /* the next */
    q.reason = "They did not answer.";                   /* is no position here */
    cr_assert_eq(life_world_do(w, &q), ERR_REFUSED_STATE);
    says(w, "your position at stage 1 (C1) is not written yet");
    life_write(w, P_IRO, "C1", " \n ");
    cr_assert_eq(life_world_do(w, &q), ERR_REFUSED_STATE, "blanks are no position");
    life_write(w, P_IRO, "C1", "The visits are owed.");
    cr_assert_eq(life_world_do(w, &q), ERR_OK, "%s", w->why.text);
    cr_assert_eq(audit_info(w->r->a).stage, 1 + 1);
    cr_assert_str_eq(audit_move_last(w->r->a, AUDIT_IN_PROGRESS)->reason, "They did not answer.");
    life_world_free(w);
    CHECK_NO_LEAKS();
}

Test(life_challenge, stages_may_be_left_out_and_it_is_said_which)
{
    struct life_world *w = challenge();
    struct life_request q = stage(w, P_IRO, 0);
    cr_assert_eq(life_world_do(w, &q), ERR_OK);
    life_write(w, P_IRO, "E1", "This cannot wait.");
    q = stage(w, P_IRO, 3);
    cr_assert_eq(life_world_do(w, &q), ERR_OK, "%s", w->why.text);
    const struct audit_move *m = audit_move_last(w->r->a, AUDIT_IN_PROGRESS);
    cr_assert_eq(m->stage, 1 + 3);
    cr_assert(strstr(m->reason, "From stage 0 to stage 3"), "%s", m->reason);
    for (uint32_t n = 2; n <= 3; n++) {
        q = stage(w, P_IRO, n);
        cr_assert_eq(life_world_do(w, &q), ERR_REFUSED_STATE);
        says(w, n == 2 ? "stage 2 has been" : "stage 3 has been");
        says(w, "it stands at stage 3");
    }
    life_write(w, P_IRO, "F1", "And still not.");
    q = stage(w, P_IRO, 4);
    cr_assert_eq(life_world_do(w, &q), ERR_OK, "%s", w->why.text);
    q = life_world_request(w, P_IRO, AUDIT_IN_PROGRESS);
    cr_assert_eq(life_world_do(w, &q), ERR_REFUSED_STATE);
    says(w, "stage 4 is the last");
    life_world_free(w);
}

struct outcome {
    const char *code;
    bool difference, action;
    enum err closes, followed;
    const char *sentence;
};
static const struct outcome outcomes[] = {
    {"",           true,  false, ERR_REFUSED_STATE, ERR_REFUSED_STATE, "the outcome (G1) is not recorded yet"},
    {"agreed",     true,  false, ERR_OK,            ERR_REFUSED_STATE, ""                                    },
    {"part",       true,  false, ERR_OK,            ERR_REFUSED_STATE, ""                                    },
    {"not_agreed", true,  false, ERR_OK,            ERR_REFUSED_STATE, ""                                    },
    {"agreed",     false, false, ERR_REFUSED_STATE, ERR_REFUSED_STATE,
     "the difference it made to the child (G2) is not written yet"                                           },
    {"withdrawn",  false, false, ERR_OK,            ERR_REFUSED_STATE, ""                                    },
    {"external",   false, false, ERR_OK,            ERR_REFUSED_STATE, ""                                    }, /* at any time */
    {"agreed",     true,  true,  ERR_REFUSED_STATE, ERR_OK,            "the action L1[1] has not begun yet"  },
};

Test(life_challenge, how_it_ends)
{
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        const struct outcome *o = &outcomes[i];
        for (int follow = 0; follow < 2; follow++) {
            struct life_world *w = challenge();
            struct life_request q = stage(w, P_IRO, 0);
            cr_assert_eq(life_world_do(w, &q), ERR_OK);
            if (*o->code)
                life_put(w, P_IRO, "G1", o->code);
            if (o->difference)
                life_write(w, P_IRO, "G2", "She is seen now.");
            if (o->action) {
                life_add(w, P_IRO, "L1.actions");
                life_write(w, P_IRO, "L1[1].change", "She is seen.");
                life_write(w, P_IRO, "L1[1].specific", "A plan of visits.");
                life_write(w, P_IRO, "L1[1].measure", "Four in eight weeks.");
                life_put(w, P_IRO, "L1[1].owner", "Ben Okafor");
                life_put(w, P_IRO, "L1[1].due", "2027-04-09");
            }
            enum err e = life_world_move(w, P_IRO, follow ? AUDIT_FOLLOW_UP : AUDIT_CLOSED, "");
            cr_assert_eq(e, follow ? o->followed : o->closes, "row %zu: %s", i, w->why.text);
            if (e && !follow)
                says(w, o->sentence);
            life_world_free(w);
        }
    }
}

/* ---- a dip audit ---- */

Test(life_dip, the_iro_signs_alone_and_it_is_agreed)
{
    struct life_world *w = life_world_new("tests/unit/rules/life_dip.yaml");
    life_at(w, AUDIT_PLANNED);
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_IN_PROGRESS, ""), ERR_OK, "%s", w->why.text);
    cr_assert_eq(life_world_sign(w, P_IRO), ERR_REFUSED_STATE);
    says(w, "R1 has not been chosen yet");
    life_put(w, P_IRO, "R1", "advice");
    cr_assert_eq(life_world_sign(w, P_FSW), ERR_REFUSED_ROLE);
    cr_assert_eq(life_world_sign(w, P_IRO), ERR_OK, "%s", w->why.text);
    cr_assert_eq(audit_info(w->r->a).state, AUDIT_AGREED);
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_ACTION_PLANNING, ""), ERR_OK, "%s", w->why.text);
    cr_assert_eq(life_world_move(w, P_FTM, AUDIT_CLOSED, ""), ERR_OK, "no action: %s", w->why.text);
    life_world_free(w);
    CHECK_NO_LEAKS();
}

Test(life_dip, its_actions_are_followed_up_before_it_is_closed)
{
    struct life_world *w = life_world_new("tests/unit/rules/life_dip.yaml");
    life_put(w, P_IRO, "R1", "advice");
    life_add(w, P_IRO, "L1.actions");
    life_put(w, P_IRO, "L1[1].due", "2027-04-09");
    life_at(w, AUDIT_AGREED);
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_ACTION_PLANNING, ""), ERR_OK, "%s", w->why.text);
    cr_assert_str_eq(audit_value(w->r->a, room_field(w->r, "L1[1].status")).value, "open");
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_CLOSED, ""), ERR_REFUSED_STATE);
    says(w, "the action L1[1] is still open");
    life_world_free(w);
}

/* ---- an observation ---- */

Test(life_observation, one_observer_signs)
{
    struct life_world *w = life_world_new("server/content/obs.yaml");
    struct life_request q = life_world_request(w, P_SM, 0);
    q.sign = true;
    cr_assert_eq(life_world_check(w, &q), ERR_REFUSED_STATE);
    cr_assert_gt(w->nmissing, 0, "it is not written yet");
    cr_assert_neq(life_unsigned(w->r->a), 0);
    struct audit_op sign = {
        .kind = OP_SIGN,
        .sign = {
                 .role = ROLE_SM, .revision = audit_revision(w->r->a), .difference = "", .reason = ""}
    };
    cr_assert_eq(room_serve(w->r, P_SM, sign), ERR_OK, "%s", w->r->why.text);
    cr_assert_eq(life_unsigned(w->r->a), 0, "the others need not");
    life_world_free(w);
}

/* ---- a care planning meeting ---- */

struct family {
    const char *name;
    const char *was, *held;
    bool explained;
    const char *accepted, *decision;
    bool blocks, warns;
    const char *sentence;
};
/* Today is 3 March 2027. */
/* clang-format off */
static const struct family families[] = {
    {"held",              "yes", "2027-02-20", false, "",    "enter_care", false, false, ""},
    {"held today",        "yes", "2027-03-03", false, "",    "enter_care", false, false, ""},
    {"still to come",     "yes", "2027-03-20", false, "",    "enter_care", true,  false, "there has been no family-led meeting"},
    {"a day, but no",     "no",  "2027-02-20", false, "",    "enter_care", true,  false, "there has been no family-led meeting"},
    {"nothing recorded",  "",    "",           false, "",    "enter_care", true,  false, "write the day on which it was held, or why there was none"},
    {"explained",         "no",  "",           true,  "",    "enter_care", true,  false, "the service manager has not yet said"},
    {"not accepted",      "no",  "",           true,  "no",  "enter_care", true,  false, "the service manager has not yet said"},
    {"accepted",          "no",  "",           true,  "yes", "enter_care", false, false, ""},
    {"only accepted",     "no",  "",           false, "yes", "enter_care", true,  false, "there has been no family-led meeting"},
    {"another decision",  "",    "",           false, "",    "permanence", false, true,  "there has been no family-led meeting"},
    {"no decision yet",   "",    "",           false, "",    "",           false, true,  "there has been no family-led meeting"},
};
/* clang-format on */

Test(life_meeting, entering_care_waits_for_the_familys_own_meeting)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        const struct family *f = &families[i];
        struct life_world *w = life_world_new("server/content/cpm.yaml");
        bool blocks = false, warns = false;
        life_force(w, "B1.ynp", f->was);
        life_force(w, "B1.date", f->held);
        if (f->explained)
            life_write(w, P_FSW, "B2", "Nobody could be found.");
        life_force(w, "B3", f->accepted);
        life_force(w, "E1.choice", f->decision);
        struct life_request q = life_world_request(w, P_SM, AUDIT_FOLLOW_UP);
        (void)life_world_check(w, &q); /* other things are missing as well */
        const char *sentence = *f->sentence ? strstr(buf_cstr(&w->sentences), f->sentence) : "";
        cr_assert(sentence, "%s: %s", f->name, buf_cstr(&w->sentences));
        warns = w->nwarnings == 1;
        blocks = *f->sentence && !warns;
        cr_assert_eq(blocks, f->blocks, "%s", f->name);
        cr_assert_eq(warns, f->warns, "%s", f->name);
        cr_assert_eq(strstr(buf_cstr(&w->sentences), "family-led") != NULL, *f->sentence != 0, "%s",
                     f->name);
        life_world_free(w);
    }
}
