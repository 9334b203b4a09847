/* From the day it opens to the day it is submitted: what must be there first, said in sentences. */
#include <criterion/criterion.h>
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

/* ---- preparing ---- */

static struct life_world *planned_for(const char *day)
{
    struct life_world *w = life_world_new(small);
    struct audit_op plan = {
        .kind = OP_PLAN, .plan = {.planned = day, .reason = ""}
    };
    cr_assert_eq(room_do(w->r, 0, &plan, 1), ERR_OK);
    life_at(w, AUDIT_PLANNED);
    return w;
}

/* Good Friday is 26 March, Easter Monday 29 March 2027: 20 working days before Thu 1 April are
 * 31, 30, 25, 24, 23, 22, 19, 18, 17, 16, 15, 12, 11, 10, 9, 8, 5, 4, 3 and 2 March. */
Test(life_agree, preparation_begins_twenty_working_days_before)
{
    struct life_world *w = planned_for("2027-04-01");
    w->f.now_utc_ms = civil_end_ms((struct civil){2027, 3, 1}) - 1;
    cr_assert_eq(life_world_move(w, 0, AUDIT_PREPARING, ""), ERR_REFUSED_STATE);
    says(w, "preparation begins by itself on Tue 2 Mar 2027");
    w->f.now_utc_ms += 1;
    cr_assert_eq(life_world_move(w, 0, AUDIT_PREPARING, ""), ERR_OK, "%s", w->why.text);
    cr_assert_eq(audit_info(w->r->a).state, AUDIT_PREPARING);
    life_world_free(w);
    w = planned_for("2027-04-01");
    w->clock.prepare_days = 1; /* the site's own value */
    cr_assert_eq(life_world_move(w, 0, AUDIT_PREPARING, ""), ERR_REFUSED_STATE);
    says(w, "Wed 31 Mar 2027");
    life_world_free(w);
    CHECK_NO_LEAKS();
}

Test(life_agree, the_room_opens_with_practitioner_self_assessment_and_review)
{
    struct life_world *w = life_world_new(small);
    cr_assert_eq(room_member(w->r, P_FSW, ROLE_NONE, ""), ERR_OK);
    life_at(w, AUDIT_PREPARING);
    cr_assert_eq(life_world_move(w, P_FRO, AUDIT_IN_PROGRESS, ""), ERR_REFUSED_STATE);
    cr_assert_eq(w->nmissing, 3);
    says(w, "no practitioner (FSW) takes part yet");
    says(w, "the practitioner's own assessment (A1) is not in yet");
    says(w, "A2 does not say yet when the review meeting was held");
    refuses_with(w, "3 things are missing before it can be opened: no practitioner");
    refuses_with(w, "tandem invite");
    /* no reason stands in for a person */
    cr_assert_eq(life_world_move(w, P_FRO, AUDIT_IN_PROGRESS, "The review is tomorrow."),
                 ERR_REFUSED_STATE);
    cr_assert_eq(w->nmissing, 1);
    cr_assert_eq(w->nwarnings, 2);
    life_world_free(w);
    CHECK_NO_LEAKS();
}

Test(life_agree, a_reason_stands_in_for_assessment_and_review)
{
    struct life_world *w = life_world_new(small);
    life_at(w, AUDIT_PREPARING);
    life_force(w, "A2", "2027-03-04"); /* tomorrow */
    cr_assert_eq(life_world_move(w, P_FRO, AUDIT_IN_PROGRESS, " \n"), ERR_INPUT);
    says(w, "the review meeting (A2) is still to come: 2027-03-04");
    refuses_with(w, "why it begins without that (--reason)");
    cr_assert_eq(w->last.field.question, room_field(w->r, "A2").question, "an editor can go there");
    cr_assert_eq(w->last.field.part, PART_DATE);
    cr_assert(w->last.excusable);
    cr_assert_eq(life_world_move(w, P_FRO, AUDIT_IN_PROGRESS, "The worker leaves on Friday."),
                 ERR_OK, "%s", w->why.text);
    cr_assert_str_eq(audit_move_at(w->r->a, audit_move_count(w->r->a) - 1)->reason,
                     "The worker leaves on Friday.");
    life_world_free(w);
    CHECK_NO_LEAKS();
}

struct held {
    const char *date;
    enum err expected;
};
static const struct held helds[] = {
    {"2027-03-03", ERR_OK   }, /* today */
    {"2027-03",    ERR_OK   }, /* this month */
    {"2026-12-31", ERR_OK   },
    {"2027-03-04", ERR_INPUT},
    {"2027-04",    ERR_INPUT},
    {"",           ERR_INPUT},
};

Test(life_agree, a_review_is_held_when_its_day_has_come)
{
    for (size_t i = 0; i < sizeof helds / sizeof *helds; i++) {
        struct life_world *w = life_world_new(small);
        life_at(w, AUDIT_PREPARING);
        life_force(w, "A1.grade_practitioner", "good");
        if (*helds[i].date)
            life_force(w, "A2", helds[i].date);
        cr_assert_eq(life_world_move(w, P_FRO, AUDIT_IN_PROGRESS, ""), helds[i].expected, "%s: %s",
                     helds[i].date, w->why.text);
        life_world_free(w);
    }
}

Test(life_agree, only_a_collaborative_audit_waits_for_a_review)
{
    struct life_world *w = life_world_new("server/content/psa.yaml");
    life_at(w, AUDIT_PREPARING);
    cr_assert_eq(life_world_move(w, P_FRO, AUDIT_IN_PROGRESS, ""), ERR_OK, "%s", w->why.text);
    life_world_free(w);
}

Test(life_agree, who_was_in_the_room_is_recorded)
{
    static const uint32_t present[] = {P_FRO, P_FSW};
    struct life_world *w = life_world_new(small);
    life_at(w, AUDIT_PREPARING);
    w->f.present = present;
    w->f.npresent = 2;
    cr_assert_eq(life_world_move(w, P_FRO, AUDIT_IN_PROGRESS, "early"), ERR_OK);
    const struct audit_move *m = audit_move_last(w->r->a, AUDIT_IN_PROGRESS);
    cr_assert_eq(m->npresent, 2);
    cr_assert_eq(m->present[1], P_FSW);
    cr_assert_eq(m->by, P_FRO);
    cr_assert_eq(m->revision, audit_revision(w->r->a));
    uint8_t print[FINGERPRINT_LEN];
    audit_fingerprint(w->r->a, print);
    cr_assert_arr_eq(m->fingerprint, print, FINGERPRINT_LEN);
    life_world_free(w);
    CHECK_NO_LEAKS();
}

Test(life_agree, of_a_crowd_as_many_are_recorded_as_an_event_holds)
{
    uint32_t crowd[EVENT_MAX_PRESENT + 10];
    struct life_world *w = life_world_new(small);
    for (uint32_t i = 0; i < EVENT_MAX_PRESENT + 10; i++)
        crowd[i] = i + 1;
    life_at(w, AUDIT_PREPARING);
    w->f.present = crowd;
    w->f.npresent = EVENT_MAX_PRESENT + 10;
    cr_assert_eq(life_world_move(w, P_FRO, AUDIT_IN_PROGRESS, "early"), ERR_OK, "%s", w->why.text);
    cr_assert_eq(audit_move_last(w->r->a, AUDIT_IN_PROGRESS)->npresent, EVENT_MAX_PRESENT);
    life_world_free(w);
}

/* ---- agreeing ---- */

static struct life_world *written(void)
{
    struct life_world *w = life_world_new(small);
    life_fill(w, "good", "good", "good");
    return w;
}

Test(life_agree, both_sign_one_revision_and_it_is_agreed)
{
    struct life_world *w = written();
    cr_assert_eq(life_world_sign(w, P_FRO), ERR_OK, "%s", w->why.text);
    cr_assert_eq(audit_info(w->r->a).state, AUDIT_IN_PROGRESS, "one signature is not two");
    cr_assert_eq(life_unsigned(w->r->a), ROLE_BIT(ROLE_FSW));
    cr_assert_eq(life_world_sign(w, P_FSW), ERR_OK, "%s", w->why.text);
    cr_assert_eq(audit_info(w->r->a).state, AUDIT_AGREED);
    cr_assert_eq(life_unsigned(w->r->a), 0);
    const struct audit_signature *fro = audit_signature_of(w->r->a, ROLE_FRO);
    const struct audit_signature *fsw = audit_signature_of(w->r->a, ROLE_FSW);
    cr_assert(fro && fsw);
    cr_assert_eq(fro->revision, fsw->revision);
    cr_assert_arr_eq(fro->fingerprint, fsw->fingerprint, FINGERPRINT_LEN);
    cr_assert_eq(audit_move_last(w->r->a, AUDIT_AGREED)->revision, fro->revision);
    life_world_free(w);
    CHECK_NO_LEAKS();
}

Test(life_agree, a_difference_of_view_goes_with_the_signature)
{
    struct life_world *w = written();
    struct life_request q = life_world_request(w, P_FSW, 0);
    q.sign = true;
    q.difference = "I see B2 as outstanding.";
    cr_assert_eq(life_world_do(w, &q), ERR_OK, "%s", w->why.text);
    cr_assert_str_eq(audit_signature_of(w->r->a, ROLE_FSW)->difference, q.difference);
    life_world_free(w);
}

Test(life_agree, nobody_signs_twice_what_has_not_changed)
{
    struct life_world *w = written();
    cr_assert_eq(life_world_sign(w, P_FRO), ERR_OK);
    cr_assert_eq(life_world_sign(w, P_FRO), ERR_REFUSED_STATE);
    refuses_with(w, "Ana Flint has signed revision");
    life_world_free(w);
}

Test(life_agree, a_change_voids_and_the_other_signs_again)
{
    struct life_world *w = written();
    cr_assert_eq(life_world_sign(w, P_FRO), ERR_OK);
    life_write(w, P_FSW, "B3", "One more thing.");
    cr_assert_eq(life_world_sign(w, P_FSW), ERR_OK, "%s", w->why.text);
    cr_assert_eq(audit_info(w->r->a).state, AUDIT_IN_PROGRESS, "hers was void");
    cr_assert_eq(life_world_sign(w, P_FRO), ERR_OK, "%s", w->why.text);
    cr_assert_eq(audit_info(w->r->a).state, AUDIT_AGREED);
    life_world_free(w);
}

Test(life_agree, who_has_not_seen_the_last_change_is_told_who_changed_what)
{
    struct life_world *w = written();
    struct life_request q = life_world_request(w, P_FRO, 0);
    q.sign = true;
    q.revision = audit_revision(w->r->a);
    life_put(w, P_FSW, "B2.grade_practitioner", "outstanding");
    cr_assert_eq(life_world_check(w, &q), ERR_STALE);
    refuses_with(w, "Ben Okafor changed B2.grade_practitioner");
    refuses_with(w, "read it again");
    /* who typed words is in the log, if the log was asked */
    q.revision = audit_revision(w->r->a);
    life_write(w, P_FSW, "B3", "One more thing.");
    cr_assert_eq(life_world_check(w, &q), ERR_STALE);
    refuses_with(w, "was changed after revision");
    w->change = (struct life_change){
        audit_revision(w->r->a), P_FSW,
        civil_time_utc_ms((struct civil_time){{2027, 6, 14}, 14, 10, 0}
         ), room_field(w->r, "B3")
    };
    w->f.change = &w->change;
    cr_assert_eq(life_world_check(w, &q), ERR_STALE);
    refuses_with(w, "Ben Okafor changed B3");
    refuses_with(w, "Mon 14 Jun 2027, 14:10");
    q.revision = audit_revision(w->r->a) + 1;
    cr_assert_eq(life_world_check(w, &q), ERR_INPUT);
    refuses_with(w, "There is no revision");
    life_world_free(w);
    CHECK_NO_LEAKS();
}

struct gap {
    const char *where, *empty; /* taken away by the server */
    const char *sentence;
};
static const struct gap gaps[] = {
    {"B1.grade_agreed", "",      "B1 has no agreed grade yet"},
    {"J1.status",       "asked", "J1: they were asked"       },
    {"B2[1].place",     "",      "B2[1] does not say yet"    },
};

Test(life_agree, what_is_missing_is_said_before_anybody_signs)
{
    for (size_t i = 0; i < sizeof gaps / sizeof *gaps; i++) {
        struct life_world *w = written();
        life_force(w, gaps[i].where, gaps[i].empty);
        cr_assert_eq(life_world_sign(w, P_FRO), ERR_REFUSED_STATE);
        cr_assert_eq(w->nmissing, 1, "%s", buf_cstr(&w->sentences));
        says(w, gaps[i].sentence);
        refuses_with(w, "1 thing is missing before it can be agreed: ");
        refuses_with(w, gaps[i].sentence);
        cr_assert_eq(w->last.guard, GUARD_ANSWERS);
        cr_assert_eq(w->last.field.question, room_field(w->r, gaps[i].where).question);
        life_world_free(w);
    }
}

Test(life_agree, of_many_missing_things_the_first_are_named_and_all_are_told)
{
    struct life_world *w = life_world_new(small);
    cr_assert_eq(life_world_sign(w, P_FRO), ERR_REFUSED_STATE);
    cr_assert_gt(w->nmissing, 8);
    refuses_with(w, "things are missing before it can be agreed: B1 has no agreed grade yet");
    refuses_with(w, "and more (tandem next TST-2026-0001)");
    life_world_free(w);
}

Test(life_agree, a_young_persons_held_words_are_not_asked_for)
{
    struct life_world *w = life_world_new(small);
    life_fill(w, "good", "good", "good"); /* J1.shown_to stays empty: held */
    cr_assert_eq(life_world_sign(w, P_FRO), ERR_OK, "%s", w->why.text);
    life_world_free(w);
}

Test(life_agree, agreeing_is_signing)
{
    struct life_world *w = written();
    cr_assert_eq(life_world_move(w, P_FRO, AUDIT_AGREED, ""), ERR_INPUT);
    refuses_with(w, "tandem sign TST-2026-0001");
    life_world_free(w);
}

/* ---- the practitioner is away ---- */

static struct life_request absent(struct life_world *w, uint32_t person, const char *reason)
{
    struct life_request q = life_world_request(w, person, 0);
    q.sign = q.absent = true;
    q.reason = reason;
    return q;
}

Test(life_agree, the_team_manager_signs_for_an_absent_practitioner)
{
    struct life_world *w = written();
    cr_assert_eq(life_world_sign(w, P_FRO), ERR_OK);
    cr_assert_eq(life_world_sign(w, P_FTM), ERR_REFUSED_ROLE);
    refuses_with(w, "--absent");
    struct life_request q = absent(w, P_FTM, "");
    cr_assert_eq(life_world_do(w, &q), ERR_INPUT);
    refuses_with(w, "10 working days");
    q.reason = "Off since 1 February.";
    cr_assert_eq(life_world_do(w, &q), ERR_OK, "%s", w->why.text);
    cr_assert_eq(audit_info(w->r->a).state, AUDIT_AGREED);
    const struct audit_signature *s = audit_signature_of(w->r->a, ROLE_FSW);
    cr_assert(s && s->absent);
    cr_assert_eq(s->by, P_FTM);
    cr_assert_str_eq(s->reason, "Off since 1 February.");
    life_world_free(w);
}

Test(life_agree, nobody_else_signs_for_the_practitioner)
{
    static const uint32_t others[] = {P_FRO, P_IRO, P_QA, P_SM, P_HOS};
    struct life_world *w = written();
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct life_request q = absent(w, others[i], "Off since 1 February.");
        cr_assert_eq(life_world_check(w, &q), ERR_REFUSED_ROLE, "%u", others[i]);
        refuses_with(w, "(FTM)");
    }
    life_world_free(w);
}

Test(life_agree, one_person_gives_one_of_the_two_signatures)
{
    struct life_world *w = written();
    struct person *both = &(struct person){
        .viewer = {P_FRO, {{ROLE_FRO, "North"}, {ROLE_FTM, "North"}}, 2},
          .name = "Ana Flint"
    };
    cr_assert_eq(people_put(w->people, both), ERR_OK);
    cr_assert_eq(life_world_sign(w, P_FRO), ERR_OK, "%s", w->why.text);
    struct life_request q = absent(w, P_FRO, "Off since 1 February.");
    cr_assert_eq(life_world_check(w, &q), ERR_REFUSED_ROLE);
    refuses_with(w, "somebody else signs for the practitioner");
    life_world_free(w);
}

Test(life_agree, who_signed_for_the_practitioner_does_not_sign_as_auditor)
{
    struct life_world *w = written();
    struct person *both = &(struct person){
        .viewer = {P_FRO, {{ROLE_FRO, "North"}, {ROLE_FTM, "North"}}, 2},
          .name = "Ana Flint"
    };
    cr_assert_eq(people_put(w->people, both), ERR_OK);
    struct life_request q = absent(w, P_FRO, "Off since 1 February.");
    cr_assert_eq(life_world_do(w, &q), ERR_OK, "%s", w->why.text);
    cr_assert_eq(life_world_sign(w, P_FRO), ERR_REFUSED_ROLE);
    refuses_with(w, "somebody else signs for this one");
    cr_assert_eq(audit_info(w->r->a).state, AUDIT_IN_PROGRESS);
    life_world_free(w);
}

Test(life_agree, who_changes_parts_does_not_sign_again)
{
    struct life_world *w = written();
    cr_assert_eq(life_world_sign(w, P_FSW), ERR_OK, "%s", w->why.text);
    cr_assert_eq(room_member(w->r, P_FSW, ROLE_FRO, ""), ERR_OK);
    cr_assert_eq(life_world_sign(w, P_FSW), ERR_REFUSED_ROLE);
    cr_assert_eq(audit_info(w->r->a).state, AUDIT_IN_PROGRESS);
    life_world_free(w);
}

/* ---- back to writing, on to submission ---- */

Test(life_agree, either_signer_takes_it_back_with_a_reason)
{
    static const uint32_t signers[] = {P_FRO, P_FSW};
    for (size_t i = 0; i < 2; i++) {
        struct life_world *w = written();
        cr_assert_eq(life_world_sign(w, P_FRO), ERR_OK);
        cr_assert_eq(life_world_sign(w, P_FSW), ERR_OK);
        cr_assert_eq(life_world_move(w, signers[i], AUDIT_IN_PROGRESS, "  "), ERR_INPUT);
        refuses_with(w, "what needs to change");
        cr_assert_eq(life_world_move(w, signers[i], AUDIT_IN_PROGRESS, "B2 says too little."),
                     ERR_OK, "%s", w->why.text);
        cr_assert(!audit_signature_of(w->r->a, ROLE_FRO) && !audit_signature_of(w->r->a, ROLE_FSW));
        life_world_free(w);
    }
}

Test(life_agree, whose_signature_is_void_is_no_signer)
{
    struct life_world *w = written();
    struct audit_op sign = {
        .kind = OP_SIGN,
        .sign = {
                 .role = ROLE_FSW, .revision = audit_revision(w->r->a), .difference = "", .reason = ""}
    };
    cr_assert_eq(room_serve(w->r, P_CSW, sign), ERR_OK, "%s", w->r->why.text);
    cr_assert_eq(room_serve(w->r, P_FSW, sign), ERR_OK, "a later one for the same part");
    life_at(w, AUDIT_AGREED);
    cr_assert_eq(life_world_move(w, P_CSW, AUDIT_IN_PROGRESS, "Too short."), ERR_REFUSED_ROLE);
    refuses_with(w, "whoever has signed it");
    cr_assert_eq(life_world_move(w, P_FSW, AUDIT_IN_PROGRESS, "Too short."), ERR_OK);
    life_world_free(w);
}

Test(life_agree, an_open_question_holds_submission_back)
{
    struct life_world *w = written();
    uint64_t question = life_query(w, P_IRO, "B1");
    cr_assert_eq(life_world_sign(w, P_FRO), ERR_OK);
    cr_assert_eq(life_world_sign(w, P_FSW), ERR_OK);
    cr_assert_eq(life_world_move(w, P_FRO, AUDIT_SUBMITTED, ""), ERR_REFUSED_STATE);
    says(w, "Iris Moor's question on B1 is still open");
    cr_assert_eq(w->last.field.question, room_field(w->r, "B1").question);
    cr_assert_eq(room_comment(w->r, P_IRO, "B2", "Well told."), ERR_OK); /* asks for no answer */
    struct audit_op resolve = {.kind = OP_COMMENT_RESOLVE, .comment = {.comment = question}};
    cr_assert_eq(room_do(w->r, P_IRO, &resolve, 1), ERR_OK, "%s", w->r->why.text);
    cr_assert_eq(life_world_move(w, P_FRO, AUDIT_SUBMITTED, ""), ERR_OK, "%s", w->why.text);
    life_world_free(w);
    CHECK_NO_LEAKS();
}

Test(life_agree, withdrawing_needs_qa_and_a_reason)
{
    struct life_world *w = written();
    cr_assert_eq(life_world_move(w, P_FRO, AUDIT_WITHDRAWN, "A duplicate."), ERR_REFUSED_ROLE);
    refuses_with(w, "(QA)");
    cr_assert_eq(life_world_move(w, P_QA, AUDIT_WITHDRAWN, ""), ERR_INPUT);
    refuses_with(w, "a duplicate, the carer left, transferred");
    cr_assert_eq(life_world_move(w, P_QA, AUDIT_WITHDRAWN, "A duplicate."), ERR_OK);
    cr_assert_eq(life_world_move(w, P_QA, AUDIT_IN_PROGRESS, "Not so."), ERR_REFUSED_STATE);
    refuses_with(w, "this is its end");
    life_world_free(w);
}

Test(life_agree, a_refusal_by_state_names_the_ways_from_here)
{
    struct life_world *w = written();
    cr_assert_eq(life_world_move(w, P_QA, AUDIT_MODERATING, ""), ERR_REFUSED_STATE);
    refuses_with(w, "It is IN_PROGRESS");
    refuses_with(w, "AGREED (Agree and sign)");
    life_world_free(w);
}
