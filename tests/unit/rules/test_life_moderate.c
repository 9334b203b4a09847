/* From submission to the moderator's last word, and what is written then. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/leaks.h"
#include "tests/lib/life_make.h"

static const char small[] = "tests/unit/rules/life_audit.yaml";

#define says(w, words)                                                                             \
    cr_assert(strstr(buf_cstr(&(w)->sentences), words), "\"%s\" is not in:\n%s", words,            \
              buf_cstr(&(w)->sentences))
#define refuses_with(w, words)                                                                     \
    cr_assert(strstr((w)->why.text, words), "\"%s\" is not in: %s", words, (w)->why.text)

static struct life_world *submitted(void)
{
    struct life_world *w = life_world_new(small);
    life_fill(w, "good", "good", "good");
    cr_assert_eq(life_world_sign(w, P_FRO), ERR_OK, "%s", w->why.text);
    cr_assert_eq(life_world_sign(w, P_FSW), ERR_OK, "%s", w->why.text);
    cr_assert_eq(life_world_move(w, P_FRO, AUDIT_SUBMITTED, ""), ERR_OK, "%s", w->why.text);
    return w;
}

static struct life_world *moderating(void)
{
    struct life_world *w = submitted();
    cr_assert_eq(life_world_move(w, P_QA, AUDIT_MODERATING, ""), ERR_OK, "%s", w->why.text);
    return w;
}

static const char *value(struct life_world *w, const char *where)
{
    return audit_value(w->r->a, room_field(w->r, where)).value;
}

/* ---- forwarding ---- */

Test(life_moderate, without_a_name_it_goes_to_the_childs_own_iro)
{
    struct life_world *w = moderating();
    cr_assert_eq(audit_info(w->r->a).moderator, P_IRO);
    cr_assert_eq(audit_assigned_count(w->r->a), 1);
    cr_assert_eq(audit_assigned_at(w->r->a, 0)->by, P_QA);
    life_world_free(w);
}

Test(life_moderate, another_iro_needs_a_reason_and_becomes_a_member)
{
    struct life_world *w = submitted();
    struct life_request q = life_world_request(w, P_QA, AUDIT_MODERATING);
    q.moderator = W_IRO2;
    cr_assert_eq(life_world_do(w, &q), ERR_INPUT);
    says(w, "Iris Moor is the child's own IRO and may moderate it");
    refuses_with(w, "why it is not the child's own IRO (--reason)");
    q.reason = "Iris has eleven others.";
    cr_assert_eq(life_world_do(w, &q), ERR_OK, "%s", w->why.text);
    cr_assert_eq(audit_info(w->r->a).moderator, W_IRO2);
    cr_assert_eq(audit_member_find(w->r->a, W_IRO2)->role, ROLE_IRO);
    cr_assert_str_eq(audit_assigned_at(w->r->a, 0)->reason, "Iris has eleven others.");
    life_world_free(w);
    CHECK_NO_LEAKS();
}

Test(life_moderate, whoever_may_not_moderate_is_refused_with_every_conflict)
{
    struct life_world *w = submitted();
    struct life_request q = life_world_request(w, P_QA, AUDIT_MODERATING);
    q.moderator = P_FSW;
    q.reason = "She knows it best."; /* no reason helps */
    cr_assert_eq(life_world_do(w, &q), ERR_REFUSED_STATE);
    says(w, "Ben Okafor is not an independent reviewing officer (IRO)");
    says(w, "Ben Okafor writes this audit as FSW: nobody moderates what they wrote");
    says(w, "Ben Okafor has signed this audit");
    cr_assert_eq(audit_info(w->r->a).state, AUDIT_SUBMITTED);
    life_world_free(w);
}

Test(life_moderate, an_own_iro_with_a_conflict_is_not_proposed)
{
    struct life_world *w = life_world_new(small);
    life_fill(w, "good", "good", "good");
    life_plan(w);
    life_put(w, P_FRO, "L3[1].owner", "Iris Moor");
    life_at(w, AUDIT_SUBMITTED);
    cr_assert_eq(life_world_move(w, P_QA, AUDIT_MODERATING, ""), ERR_REFUSED_STATE);
    says(w, "Iris Moor owns an action of this audit");
    says(w, "Stan Grey may moderate");
    struct life_request q = life_world_request(w, P_QA, AUDIT_MODERATING);
    q.moderator = W_IRO2; /* needs no reason then */
    cr_assert_eq(life_world_do(w, &q), ERR_OK, "%s", w->why.text);
    life_world_free(w);
}

Test(life_moderate, the_manager_of_iros_names_another_with_a_reason)
{
    struct life_world *w = moderating();
    struct life_ops ops = {0};
    struct life_request q = life_world_request(w, W_IROM, 0);
    q.moderator = W_IRO2;
    cr_assert_eq(life_check_assign(&w->f, &q, &w->why), ERR_INPUT);
    refuses_with(w, "why Iris Moor does not moderate it any more");
    q.reason = "Iris is ill.";
    cr_assert_eq(life_check_assign(&w->f, &q, &w->why), ERR_OK);
    cr_assert_eq(life_make_assign(&w->f, &q, &ops), ERR_OK);
    w->r->asker = W_IROM;
    cr_assert_eq(room_do(w->r, 0, ops.ops, ops.nops), ERR_OK, "%s", w->r->why.text);
    cr_assert_eq(audit_info(w->r->a).moderator, W_IRO2);
    cr_assert_eq(audit_info(w->r->a).state, AUDIT_MODERATING);
    cr_assert_eq(life_check_assign(&w->f, &q, &w->why), ERR_EXISTS);
    /* the one before may not end it any more */
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_MODERATED, ""), ERR_REFUSED_ROLE);
    life_ops_free(&ops);
    life_world_free(w);
    CHECK_NO_LEAKS();
}

struct assigning {
    uint32_t asker, moderator;
    enum audit_state state;
    enum err expected;
};
static const struct assigning assignings[] = {
    {P_QA,       W_IRO2,    AUDIT_SUBMITTED,   ERR_OK           },
    {W_IROM,     W_IRO2,    AUDIT_SUBMITTED,   ERR_OK           },
    {P_QA,       W_IRO2,    AUDIT_RETURNED,    ERR_OK           },
    {P_FRO,      W_IRO2,    AUDIT_SUBMITTED,   ERR_REFUSED_ROLE },
    {P_IRO,      W_IRO2,    AUDIT_SUBMITTED,   ERR_REFUSED_ROLE },
    {P_SM,       W_IRO2,    AUDIT_SUBMITTED,   ERR_REFUSED_ROLE },
    {P_STRANGER, W_IRO2,    AUDIT_SUBMITTED,   ERR_NOT_FOUND    },
    {P_QA,       W_IRO2,    AUDIT_IN_PROGRESS, ERR_REFUSED_STATE},
    {P_QA,       W_IRO2,    AUDIT_CLOSED,      ERR_REFUSED_STATE},
    {P_QA,       0,         AUDIT_SUBMITTED,   ERR_INPUT        },
    {P_QA,       P_FSW,     AUDIT_SUBMITTED,   ERR_REFUSED_ROLE },
    {P_QA,       W_IRO_FTM, AUDIT_SUBMITTED,   ERR_REFUSED_ROLE },
    {P_QA,       999,       AUDIT_SUBMITTED,   ERR_INPUT        },
};

Test(life_moderate, who_names_whom_and_when)
{
    for (size_t i = 0; i < sizeof assignings / sizeof *assignings; i++) {
        const struct assigning *c = &assignings[i];
        struct life_world *w = life_world_new(small);
        life_at(w, c->state);
        struct life_request q = life_world_request(w, c->asker, 0);
        q.moderator = c->moderator;
        cr_assert_eq(life_check_assign(&w->f, &q, &w->why), c->expected, "row %zu: %s", i,
                     w->why.text);
        life_world_free(w);
    }
}

/* ---- queries ---- */

Test(life_moderate, a_return_asks_something_and_waits_for_answers)
{
    struct life_world *w = moderating();
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_RETURNED, ""), ERR_REFUSED_STATE);
    says(w, "no question to the authors is open");
    uint64_t own = life_query(w, P_FSW, "B2"); /* the authors' own is none */
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_RETURNED, ""), ERR_REFUSED_STATE);
    life_reply(w, P_FRO, own);
    uint64_t query = life_query(w, P_IRO, "B1");
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_RETURNED, ""), ERR_OK, "%s", w->why.text);
    cr_assert_eq(life_world_move(w, P_FRO, AUDIT_MODERATING, ""), ERR_REFUSED_STATE);
    says(w, "Iris Moor's question on B1 has no answer yet");
    life_reply(w, P_IRO, query); /* one's own words are no answer */
    cr_assert_eq(life_world_move(w, P_FRO, AUDIT_MODERATING, ""), ERR_REFUSED_STATE);
    life_reply(w, P_FSW, query);
    cr_assert_eq(life_world_move(w, P_FRO, AUDIT_MODERATING, ""), ERR_OK, "%s", w->why.text);
    /* what was answered is no reason to return it again */
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_RETURNED, ""), ERR_REFUSED_STATE);
    life_world_free(w);
    CHECK_NO_LEAKS();
}

Test(life_moderate, what_was_changed_on_return_is_signed_again)
{
    struct life_world *w = moderating();
    uint64_t query = life_query(w, P_IRO, "B1");
    uint64_t before = audit_revision(w->r->a);
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_RETURNED, ""), ERR_OK);
    life_write(w, P_FSW, "B1.rationale", " And since May.");
    life_reply(w, P_FSW, query);
    cr_assert_eq(life_world_move(w, P_FRO, AUDIT_MODERATING, ""), ERR_REFUSED_STATE);
    says(w, "Ana Flint (FRO) has not signed yet");
    says(w, "Ben Okafor (FSW) has not signed yet");
    cr_assert_eq(life_world_sign(w, P_FRO), ERR_OK, "%s", w->why.text);
    cr_assert_null(w->row, "it moves nothing");
    cr_assert_eq(audit_info(w->r->a).state, AUDIT_RETURNED);
    cr_assert_eq(life_world_sign(w, P_FSW), ERR_OK, "%s", w->why.text);
    cr_assert_eq(audit_info(w->r->a).state, AUDIT_RETURNED);
    cr_assert_eq(life_world_move(w, P_FRO, AUDIT_MODERATING, ""), ERR_OK, "%s", w->why.text);
    cr_assert_gt(audit_move_last(w->r->a, AUDIT_MODERATING)->revision, before);
    /* the first signatures are kept, void */
    cr_assert_eq(audit_signature_count(w->r->a), 4);
    cr_assert_neq(audit_signature_at(w->r->a, 0)->void_seq, 0);
    cr_assert_eq(audit_signature_at(w->r->a, 0)->revision, before);
    life_world_free(w);
    CHECK_NO_LEAKS();
}

/* ---- the end of it ---- */

static void agree_to_all(struct life_world *w)
{
    static const char *const all[] = {"M1[A1].view", "M1[B1].view", "M1[B2].view", "M1[L1].view"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        life_put(w, P_IRO, all[i], "agree");
}

Test(life_moderate, upheld_and_the_plan_begins_at_once)
{
    struct life_world *w = moderating();
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_MODERATED, ""), ERR_REFUSED_STATE);
    cr_assert_eq(w->nmissing, 4);
    says(w, "B1 has no view yet: agree, differ or insufficient");
    agree_to_all(w);
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_MODERATED, ""), ERR_OK, "%s", w->why.text);
    cr_assert_eq(audit_info(w->r->a).state, AUDIT_ACTION_PLANNING);
    cr_assert_str_eq(audit_move_last(w->r->a, AUDIT_MODERATED)->result, "upheld");
    cr_assert_eq(audit_move_last(w->r->a, AUDIT_ACTION_PLANNING)->seq,
                 audit_move_last(w->r->a, AUDIT_MODERATED)->seq, "one event");
    cr_assert_str_eq(value(w, "B1.grade_moderator"), "good");
    cr_assert_str_eq(value(w, "B1.grade_final"), "good");
    cr_assert_str_eq(value(w, "M2"), "upheld");
    cr_assert(audit_signature_of(w->r->a, ROLE_FRO), "final grades void no signature");
    life_world_free(w);
    CHECK_NO_LEAKS();
}

Test(life_moderate, by_one_accepted_changes_the_final_grade_and_keeps_the_others)
{
    struct life_world *w = moderating();
    agree_to_all(w);
    life_put(w, P_IRO, "M1[L1].view", "differ");
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_MODERATED, ""), ERR_REFUSED_STATE);
    says(w, "L1 is seen differently; the proposed grade is not given yet");
    life_put(w, P_IRO, "M1[L1].proposed", "requires_improvement");
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_MODERATED, ""), ERR_REFUSED_STATE);
    says(w, "L1 is not agreed to; the reason is not written yet");
    life_write(w, P_IRO, "M1[L1].view_reason", "The plan has no dates.");
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_MODERATED, ""), ERR_REFUSED_STATE);
    says(w, "L1 is one grade apart: the authors (FRO) accept the proposed grade or answer");
    refuses_with(w, "where that does not end it, QA decides");
    cr_assert_eq(w->last.field.part, PART_RESPONSE);
    cr_assert_eq(w->last.field.item, template_question_find(w->t, "L1")->number);
    life_put(w, P_FRO, "M1[L1].response", "accept");
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_MODERATED, ""), ERR_OK, "%s", w->why.text);
    cr_assert_str_eq(audit_move_last(w->r->a, AUDIT_MODERATED)->result, "changed");
    cr_assert_str_eq(value(w, "L1.grade_agreed"), "good");
    cr_assert_str_eq(value(w, "L1.grade_moderator"), "requires_improvement");
    cr_assert_str_eq(value(w, "L1.grade_final"), "requires_improvement");
    char say[160];
    cr_assert(life_is_weak(w->r->a, say), "the final grade counts");
    cr_assert_str_eq(say, "its overall grade (L1) is Requires improvement");
    life_world_free(w);
}

Test(life_moderate, by_two_qa_decides)
{
    struct life_world *w = moderating();
    agree_to_all(w);
    life_put(w, P_IRO, "M1[B2].view", "differ");
    life_put(w, P_IRO, "M1[B2].proposed", "inadequate");
    life_write(w, P_IRO, "M1[B2].view_reason", "No school for a term.");
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_MODERATED, ""), ERR_REFUSED_STATE);
    says(w, "B2 is decided by QA, with a reason; that is still to come");
    life_put(w, P_QA, "M1[B2].decision", "requires_improvement");
    life_write(w, P_QA, "M1[B2].decision_reason", "A tutor came.");
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_MODERATED, ""), ERR_OK, "%s", w->why.text);
    cr_assert_str_eq(value(w, "B2.grade_final"), "requires_improvement");
    cr_assert_str_eq(value(w, "B2.grade_moderator"), "inadequate");
    cr_assert_str_eq(value(w, "M2"), "split_decided");
    life_world_free(w);
}

Test(life_moderate, too_little_to_judge_is_asked_for_first)
{
    struct life_world *w = moderating();
    agree_to_all(w);
    life_put(w, P_IRO, "M1[B2].view", "insufficient");
    life_write(w, P_IRO, "M1[B2].view_reason", "Where is the school's report?");
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_MODERATED, ""), ERR_REFUSED_STATE);
    says(w, "B2 shows too little to judge: ask the authors, and return it first");
    life_world_free(w);
}

Test(life_moderate, a_smaller_sample_asks_for_fewer_views)
{
    struct life_world *w = moderating();
    w->clock.sample_percent = 0;
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_MODERATED, ""), ERR_OK, "%s", w->why.text);
    cr_assert_str_eq(value(w, "B1.grade_final"), "good");
    cr_assert_str_eq(value(w, "B1.grade_moderator"), "");
    life_world_free(w);
    w = moderating();
    w->clock.sample_percent = 0;
    w->f.new_auditor = true;
    cr_assert_eq(life_world_move(w, P_IRO, AUDIT_MODERATED, ""), ERR_REFUSED_STATE);
    cr_assert_eq(w->nmissing, 4);
    life_world_free(w);
}

Test(life_moderate, what_is_made_is_made_of_nothing_refused)
{
    struct life_world *w = moderating();
    struct life_ops ops = {0};
    struct life_request q = life_world_request(w, P_IRO, AUDIT_MODERATED);
    cr_assert_eq(life_make(&w->f, &q, &ops), ERR_REFUSED_STATE);
    cr_assert_eq(ops.nops, 0);
    life_ops_free(&ops);
    life_world_free(w);
}
