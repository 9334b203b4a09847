/* From the plan of actions to the end, and back. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/leaks.h"
#include "tests/lib/life_make.h"

static const char small[] = "tests/unit/rules/life_audit.yaml";

#define says(w, words)                                                                             \
    cr_assert(strstr(buf_cstr(&(w)->sentences), words), "\"%s\" is not in:\n%s", words,            \
              buf_cstr(&(w)->sentences))
#define refuses_with(w, words)                                                                     \
    cr_assert(strstr((w)->why.text, words), "\"%s\" is not in: %s", words, (w)->why.text)

static const char *value(struct life_world *w, const char *where)
{
    return audit_value(w->r->a, room_field(w->r, where)).value;
}

/* With a plan: one finding, one action. */
static struct life_world *planning(const char *overall)
{
    struct life_world *w = life_world_new(small);
    life_fill(w, "good", "good", overall);
    life_plan(w);
    life_at(w, AUDIT_ACTION_PLANNING);
    return w;
}

/* ---- which way ---- */

struct grades {
    const char *key, *plain, *overall, *final_overall;
    bool weak;
    const char *say;
};
static const struct grades grades[] = {
    {"good",                 "good",        "good",                 "",           false, ""                                    },
    {"requires_improvement", "inadequate",  "good",                 "",           false, ""                                    },
    {"inadequate",           "outstanding", "good",                 "",           true,  "a key judgement (B1) is Inadequate"  },
    {"good",                 "good",        "requires_improvement", "",           true,
     "its overall grade (L1) is Requires improvement"                                                                          },
    {"good",                 "good",        "inadequate",           "",           true,  "its overall grade (L1) is Inadequate"},
    {"good",                 "good",        "requires_improvement", "good",       false, ""                                    },
    {"good",                 "good",        "good",                 "inadequate", true,  "its overall grade (L1) is Inadequate"},
    {"",                     "",            "",                     "",           false, ""                                    },
};

Test(life_close, a_weaker_audit_goes_by_assurance)
{
    for (size_t i = 0; i < sizeof grades / sizeof *grades; i++) {
        const struct grades *g = &grades[i];
        char say[160] = "";
        struct life_world *w = life_world_new(small);
        life_force(w, "B1.grade_agreed", g->key);
        life_force(w, "B2.grade_agreed", g->plain);
        life_force(w, "L1.grade_agreed", g->overall);
        life_force(w, "L1.grade_final", g->final_overall);
        life_at(w, AUDIT_ACTION_PLANNING);
        cr_assert_eq(life_is_weak(w->r->a, say), g->weak, "row %zu", i);
        cr_assert_str_eq(say, g->say);
        enum audit_state way = g->weak ? AUDIT_ASSURANCE : AUDIT_FOLLOW_UP;
        enum audit_state other = g->weak ? AUDIT_FOLLOW_UP : AUDIT_ASSURANCE;
        cr_assert_eq(life_world_move(w, P_FTM, other, ""), ERR_REFUSED_STATE);
        refuses_with(w, g->weak ? g->say : "needs no assurance");
        cr_assert_eq(life_world_move(w, P_FTM, way, ""), ERR_OK, "%s", w->why.text);
        life_world_free(w);
    }
}

/* ---- the plan ---- */

Test(life_close, every_finding_to_change_leads_to_an_action_or_says_why_not)
{
    struct life_world *w = life_world_new(small);
    life_fill(w, "good", "good", "good");
    life_plan(w);
    life_add(w, P_FRO, "L4.findings"); /* a strength needs no action */
    life_write(w, P_FRO, "L4[1].text", "The log is read.");
    life_put(w, P_FRO, "L4[1].theme", "carer-log");
    life_put(w, P_FRO, "L4[1].sign", "strength");
    life_at(w, AUDIT_ACTION_PLANNING);
    life_force(w, "L3[1].finding", "");
    cr_assert_eq(life_world_move(w, P_FTM, AUDIT_FOLLOW_UP, ""), ERR_REFUSED_STATE);
    cr_assert_eq(w->nmissing, 1);
    says(w, "L2[1] leads to no action yet: name it in one, or say why none is needed");
    cr_assert_eq(w->last.field.part, PART_NO_ACTION);
    cr_assert_neq(w->last.field.item, 0);
    life_force(w, "L2[1].no_action", "It is done already.");
    cr_assert_eq(life_world_move(w, P_FTM, AUDIT_FOLLOW_UP, ""), ERR_OK, "%s", w->why.text);
    life_world_free(w);
}

Test(life_close, every_action_says_all_it_must)
{
    struct life_world *w = planning("good");
    life_force(w, "L3[1].owner", "");
    life_force(w, "L3[1].due", "");
    cr_assert_eq(life_world_move(w, P_FTM, AUDIT_FOLLOW_UP, ""), ERR_REFUSED_STATE);
    cr_assert_eq(w->nmissing, 2, "%s", buf_cstr(&w->sentences));
    says(w, "L3[1] has no owner yet");
    says(w, "L3[1] has no due date yet");
    life_world_free(w);
}

Test(life_close, following_up_opens_every_action_and_keeps_its_first_due_date)
{
    struct life_world *w = planning("good");
    cr_assert_eq(life_world_move(w, P_FTM, AUDIT_FOLLOW_UP, ""), ERR_OK, "%s", w->why.text);
    cr_assert_str_eq(value(w, "L3[1].status"), "open");
    cr_assert_str_eq(value(w, "L3[1].first_due"), "2027-04-09");
    life_world_free(w);
    CHECK_NO_LEAKS();
}

/* ---- assurance ---- */

Test(life_close, assurance_is_a_statement_and_opens_the_actions)
{
    struct life_world *w = planning("inadequate");
    cr_assert_eq(life_world_move(w, P_FTM, AUDIT_ASSURANCE, ""), ERR_OK, "%s", w->why.text);
    cr_assert_str_eq(value(w, "L3[1].status"), "", "not yet");
    cr_assert_eq(life_world_move(w, P_SM, AUDIT_FOLLOW_UP, ""), ERR_INPUT);
    refuses_with(w, "is the plan enough, and in reasonable time");
    cr_assert_eq(life_world_move(w, P_SM, AUDIT_FOLLOW_UP, "Enough, and soon."), ERR_OK, "%s",
                 w->why.text);
    cr_assert_str_eq(value(w, "L3[1].status"), "open");
    life_world_free(w);
}

Test(life_close, a_plan_is_sent_back_with_a_reason_as_often_as_it_needs)
{
    struct life_world *w = planning("inadequate");
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(life_world_move(w, P_FTM, AUDIT_ASSURANCE, ""), ERR_OK, "%s", w->why.text);
        cr_assert_eq(life_world_move(w, P_SM, AUDIT_ACTION_PLANNING, ""), ERR_INPUT);
        refuses_with(w, "what the plan still needs");
        cr_assert_eq(life_world_move(w, P_SM, AUDIT_ACTION_PLANNING, "Who pays?"), ERR_OK);
    }
    life_world_free(w);
}

Test(life_close, nobody_assures_a_plan_they_wrote)
{
    static const char *const parts[] = {"L3[1].owner", "L2[1].no_action"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct life_world *w = planning("inadequate");
        struct field f = room_field(w->r, parts[i]);
        struct audit_op set = {
            .kind = OP_SET,
            .set = {.field = f, .value = "Sol Gray", .base_rev = audit_value(w->r->a, f).rev}
        };
        cr_assert_eq(room_serve(w->r, W_SM2, set), ERR_OK, "%s", w->r->why.text);
        life_at(w, AUDIT_ASSURANCE);
        cr_assert_eq(life_world_move(w, W_SM2, AUDIT_FOLLOW_UP, "Enough."), ERR_REFUSED_STATE);
        says(w, "Sol Gray has written in this plan: nobody assures a plan they wrote");
        refuses_with(w, "Another service manager (SM) assures it");
        cr_assert_eq(life_world_move(w, P_SM, AUDIT_FOLLOW_UP, "Enough."), ERR_OK, "%s",
                     w->why.text);
        life_world_free(w);
    }
}

Test(life_close, nor_one_to_which_they_added_an_action)
{
    struct life_world *w = planning("inadequate");
    cr_assert_eq(room_member(w->r, P_SM, ROLE_FSW, ""), ERR_OK);
    life_add(w, P_SM, "L3.actions");
    cr_assert_eq(room_member(w->r, P_SM, ROLE_NONE, ""), ERR_OK);
    life_at(w, AUDIT_ASSURANCE);
    cr_assert_eq(life_world_move(w, P_SM, AUDIT_FOLLOW_UP, "Enough."), ERR_REFUSED_STATE);
    says(w, "Sue Park has written in this plan");
    life_world_free(w);
}

/* To open the actions is not to write the plan. */
Test(life_close, who_assured_an_earlier_plan_may_assure_the_next)
{
    struct life_world *w = planning("inadequate");
    life_at(w, AUDIT_ASSURANCE);
    cr_assert_eq(life_world_move(w, P_SM, AUDIT_FOLLOW_UP, "Enough."), ERR_OK, "%s", w->why.text);
    life_at(w, AUDIT_CLOSED);
    life_at(w, AUDIT_ASSURANCE);
    cr_assert_eq(life_world_move(w, P_SM, AUDIT_FOLLOW_UP, "Enough."), ERR_OK, "%s", w->why.text);
    life_world_free(w);
}

/* ---- closing ---- */

struct ending {
    const char *status, *close_reason, *leads_to;
    const char *sentence; /* NULL: it has ended */
};
static const struct ending endings[] = {
    {"open",          "",             "",  "the action L3[1] is still open"                      },
    {"in_progress",   "",             "",  "the action L3[1] is still under way"                 },
    {"done_claimed",  "",             "",  "L3[1] is said to be done: another person verifies it"},
    {"done_verified", "",             "",  NULL                                                  },
    {"superseded",    "",             "",  NULL                                                  },
    {"cancelled",     "",             "",  "L3[1] was cancelled; the reason is not written yet"  },
    {"cancelled",     "He moved on.", "",  NULL                                                  },
    {"not_effective", "No change.",   "",  "L3[1] did not bring the change"                      },
    {"not_effective", "No change.",   "7", NULL                                                  },
};

Test(life_close, every_action_has_come_to_its_end)
{
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        const struct ending *e = &endings[i];
        struct life_world *w = planning("good");
        life_at(w, AUDIT_FOLLOW_UP);
        life_force(w, "L3[1].status", e->status);
        life_force(w, "L3[1].close_reason", e->close_reason);
        life_force(w, "L3[1].leads_to", e->leads_to);
        cr_assert_eq(life_world_move(w, P_FTM, AUDIT_CLOSED, ""),
                     e->sentence ? ERR_REFUSED_STATE : ERR_OK, "%s: %s", e->status, w->why.text);
        if (e->sentence)
            says(w, e->sentence);
        life_world_free(w);
    }
}

Test(life_close, the_next_audit_of_a_weaker_one_has_its_latest_day)
{
    struct civil day;
    char words[11];
    struct life_world *w = planning("good");
    cr_assert(!life_reaudit(&w->f, &day));
    life_world_free(w);
    w = planning("requires_improvement"); /* six months from 3 March 2027 */
    cr_assert(life_reaudit(&w->f, &day));
    civil_format(day, words);
    cr_assert_str_eq(words, "2027-09-03");
    life_world_free(w);
    w = planning("inadequate"); /* three, from 30 November: to the end of February */
    w->f.now_utc_ms = civil_start_ms((struct civil){2026, 11, 30});
    cr_assert(life_reaudit(&w->f, &day));
    civil_format(day, words);
    cr_assert_str_eq(words, "2027-02-28");
    life_world_free(w);
}

Test(life_close, re_opening_asks_for_fresh_views_and_keeps_the_grades)
{
    struct life_world *w = planning("good");
    life_force(w, "M1[B1].view", "agree");
    life_force(w, "B1.grade_final", "good");
    life_at(w, AUDIT_CLOSED);
    cr_assert_eq(life_world_move(w, P_QA, AUDIT_IN_PROGRESS, ""), ERR_INPUT);
    refuses_with(w, "what has come to light");
    cr_assert_eq(life_world_move(w, P_QA, AUDIT_IN_PROGRESS, "A letter."), ERR_OK, "%s",
                 w->why.text);
    cr_assert_str_eq(value(w, "M1[B1].view"), "");
    cr_assert_str_eq(value(w, "B1.grade_final"), "good");
    cr_assert_str_eq(value(w, "B1.grade_agreed"), "good");
    life_world_free(w);
    CHECK_NO_LEAKS();
}

/* ---- a whole life ---- */

Test(life_close, one_audit_from_planned_to_closed_replays_to_the_same)
{
    struct life_world *w = life_world_new(small);
    static const char *const views[] = {"M1[A1].view", "M1[B1].view", "M1[B2].view", "M1[L1].view"};
    life_at(w, AUDIT_PLANNED);
    cr_assert_eq(life_world_move(w, 0, AUDIT_PREPARING, ""), ERR_OK, "%s", w->why.text);
    life_force(w, "A1.grade_practitioner", "good");
    life_force(w, "A2", "2027-03-02");
    cr_assert_eq(life_world_move(w, P_FRO, AUDIT_IN_PROGRESS, ""), ERR_OK, "%s", w->why.text);
    life_fill(w, "good", "good", "requires_improvement");
    life_plan(w);
    cr_assert_eq(life_world_sign(w, P_FRO), ERR_OK, "%s", w->why.text);
    cr_assert_eq(life_world_sign(w, P_FSW), ERR_OK, "%s", w->why.text);
    cr_assert_eq(life_world_move(w, P_FRO, AUDIT_SUBMITTED, ""), ERR_OK, "%s", w->why.text);
    cr_assert_eq(life_world_move(w, P_QA, AUDIT_MODERATING, ""), ERR_OK, "%s", w->why.text);
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        life_put(w, P_IRO, views[i], "agree");
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_MODERATED, ""), ERR_OK, "%s", w->why.text);
    cr_assert_eq(life_world_move(w, P_FTM, AUDIT_ASSURANCE, ""), ERR_OK, "%s", w->why.text);
    cr_assert_eq(life_world_move(w, P_SM, AUDIT_FOLLOW_UP, "Enough."), ERR_OK, "%s", w->why.text);
    life_force(w, "L3[1].status", "done_verified");
    cr_assert_eq(life_world_move(w, P_SM, AUDIT_CLOSED, ""), ERR_OK, "%s", w->why.text);

    struct audit *again = audit_new(w->t);
    uint8_t mine[FINGERPRINT_LEN], theirs[FINGERPRINT_LEN];
    for (size_t i = 0; i < w->r->nevents; i++)
        cr_assert_eq(room_replay(w->r, i, again, NULL, NULL), ERR_OK, "event %zu", i);
    audit_fingerprint(w->r->a, mine);
    audit_fingerprint(again, theirs);
    cr_assert_arr_eq(mine, theirs, FINGERPRINT_LEN);
    cr_assert_eq(audit_info(again).state, AUDIT_CLOSED);
    /* what both signed is what was closed: nothing of it has changed since */
    cr_assert_arr_eq(audit_signature_of(again, ROLE_FSW)->fingerprint, mine, FINGERPRINT_LEN);
    audit_free(again);
    life_world_free(w);
    CHECK_NO_LEAKS();
}
