/* The pane of what comes next, and the boxes of its steps. The test answers for the server. */
#include "tests/unit/editor/people.h"

#include "tests/lib/leaks.h"

static char *dup(const char *s)
{
    return strdup(s ? s : "");
}

static struct errand_answer *answer_of(enum err e, const char *text)
{
    struct errand_answer *a = calloc(1, sizeof *a);
    a->err = e;
    a->text = dup(text);
    return a;
}

/* A step of an audit that is IN_PROGRESS, and a duty. */
struct step_row {
    enum audit_state to;
    const char *title, *who, *reason;
    bool you, by_signing, by_itself, reason_needed;
    const char *missing; /* a sentence, about `where`; NULL: nothing */
    const char *where;
};
struct duty_row {
    const char *text, *due, *name, *where;
    int days_left;
    bool mine;
};

static struct errand_answer *steps_of(struct people *p, const struct step_row *steps, size_t n,
                                      const struct duty_row *duties, size_t m)
{
    struct errand_answer *a = answer_of(ERR_OK, "");
    a->state = AUDIT_IN_PROGRESS;
    a->revision = 5;
    a->since_utc_ms = 1772496000000;
    a->steps = calloc(n ? n : 1, sizeof *a->steps);
    a->nsteps = n;
    for (size_t i = 0; i < n; i++) {
        a->steps[i] = (struct errand_step){.to = steps[i].to,
                                           .title = dup(steps[i].title),
                                           .command = dup(""),
                                           .who = dup(steps[i].who),
                                           .reason = dup(steps[i].reason),
                                           .you = steps[i].you,
                                           .by_signing = steps[i].by_signing,
                                           .by_itself = steps[i].by_itself,
                                           .reason_needed = steps[i].reason_needed};
        if (!steps[i].missing)
            continue;
        a->steps[i].missing = calloc(1, sizeof *a->steps[i].missing);
        a->steps[i].nmissing = 1;
        a->steps[i].missing[0].sentence = dup(steps[i].missing);
        if (steps[i].where)
            a->steps[i].missing[0].field = at(p, steps[i].where);
    }
    a->duties = calloc(m ? m : 1, sizeof *a->duties);
    a->nduties = m;
    for (size_t i = 0; i < m; i++) {
        a->duties[i] = (struct errand_duty){.ref = dup("TST-2026-0001"),
                                            .text = dup(duties[i].text),
                                            .due = dup(duties[i].due),
                                            .name = dup(duties[i].name),
                                            .level = dup(""),
                                            .role = ROLE_QA,
                                            .days_left = duties[i].days_left,
                                            .mine = duties[i].mine};
        if (duties[i].where)
            a->duties[i].field.question = at(p, duties[i].where).question;
    }
    return a;
}

static const struct step_row usual[] = {
    {.to = AUDIT_AGREED,
     .title = "Sign",
     .who = "Anna Frost (FRO) and Jo Marsh (FSW) sign",
     .you = true,
     .by_signing = true},
    {.to = AUDIT_WITHDRAWN,                  .title = "Withdraw it", .who = "QA can do this", .reason = "Why?"},
};
static const struct duty_row waits[] = {
    {.text = "Sign it",   .due = "2026-03-10", .days_left = 5, .mine = true},
    { .text = "Answer the comment on B1",
     .due = "2026-03-04",
     .days_left = 1,
     .mine = true,
     .where = "B1"},
    {                                                          .text = "Ask for the carer's view (J2)",
     .due = "2026-03-02",
     .days_left = -1,
     .name = "Jo Marsh",
     .where = "J2"},
};

/* Everything that the editor wants to ask is answered: the inbox with nothing, what comes next with
 * this. */
static void serve(struct people *p, const struct step_row *steps, size_t n)
{
    struct errand e;
    while (editor_take_errand(p->ed, &e)) {
        struct errand_answer *a = e.kind == ERRAND_NEXT
                                      ? steps_of(p, steps, n, waits, sizeof waits / sizeof *waits)
                                      : answer_of(ERR_OK, "");
        cr_assert(e.kind == ERRAND_NEXT || e.kind == ERRAND_INBOX, "asked for %d", e.kind);
        editor_answer(p->ed, &e, a);
        errand_fini(&e);
    }
}

static struct people *begin_as(uint32_t me)
{
    struct people *p = people_new(me, 24, 80);
    serve(p, usual, 2);
    return p;
}

static struct people *begin(void)
{
    return begin_as(P_FRO);
}

/* The next errand, which must be of this kind; the caller frees it. */
static struct errand taken(struct people *p, enum errand_kind kind)
{
    struct errand e = {.kind = ERRAND_NEXT};
    while (editor_take_errand(p->ed, &e) && e.kind == ERRAND_NEXT && kind != ERRAND_NEXT)
        editor_answer(p->ed, &e, steps_of(p, usual, 2, waits, 3));
    cr_assert_eq(e.kind, kind, "asked for %d", e.kind);
    return e;
}

static void nothing_is_asked(struct people *p)
{
    struct errand e;
    cr_assert_not(editor_take_errand(p->ed, &e), "asked for %d", e.kind);
}

enum { F12 = ED_F1 + 11 };

static void open_desk(struct people *p, const struct step_row *steps, size_t n)
{
    press(p, F12, 0);
    serve(p, steps, n);
}

Test(desk, the_status_line_shows_what_is_most_urgent_for_me)
{
    struct people *p = begin();
    SEES(p, "To do: Answer the comment on B1 (1 working day left)");
    people_free(p);
    CHECK_NO_LEAKS();
}

Test(desk, says_where_the_record_stands_what_i_can_do_and_what_waits_for_whom)
{
    struct people *p = begin();
    open_desk(p, usual, 2);
    SEES(p, "What comes next");
    SEES(p, "IN_PROGRESS since");
    SEES(p, "Sign: you can do this now (Enter)");
    SEES(p, "Withdraw it: QA can do this");
    SEES(p, "You: Sign it (5 working days left)");
    SEES(p, "Jo Marsh: Ask for the carer's view (J2) (1 working day late)");
    press(p, ED_ESC, 0);
    SEES_NOT(p, "You: Sign it");
    people_free(p);
    CHECK_NO_LEAKS();
}

Test(desk, the_state_is_the_one_that_the_steps_begin_from)
{
    struct people *p = begin();
    press(p, F12, 0);
    struct errand e = taken(p, ERRAND_NEXT);
    struct errand_answer *a = steps_of(p, usual, 2, waits, 3);
    a->state = AUDIT_WITHDRAWN; /* the event is still on its way */
    editor_answer(p->ed, &e, a);
    SEES(p, "WITHDRAWN since");
    people_free(p);
}

Test(desk, enter_on_what_is_missing_goes_there)
{
    static const struct step_row missing[] = {
        {.to = AUDIT_AGREED,
         .title = "Sign",
         .who = "",
         .you = true,
         .by_signing = true,
         .missing = "B1 has no rationale yet",
         .where = "B1.rationale"}
    };
    struct people *p = begin();
    open_desk(p, missing, 1);
    SEES(p, "Sign: you, but first");
    press(p, ED_DOWN, 0);
    press(p, ED_ENTER, 0);
    cr_assert(field_equal(editor_field(p->ed), at(p, "B1.rationale")));
    SEES_NOT(p, "you, but first");
    people_free(p);
}

Test(desk, a_step_for_which_something_is_missing_is_not_asked_for)
{
    static const struct step_row missing[] = {
        {.to = AUDIT_SUBMITTED,
         .title = "Submit it",
         .who = "",
         .you = true,
         .missing = "C2 has a comment that must be answered",
         .where = "C2"}
    };
    struct people *p = begin();
    open_desk(p, missing, 1);
    press(p, ED_ENTER, 0);
    SEES(p, "First: C2 has a comment that must be answered");
    nothing_is_asked(p);
    people_free(p);
}

Test(desk, signing_asks_for_a_difference_of_view_and_names_the_revision)
{
    struct people *p = begin();
    open_desk(p, usual, 2);
    press(p, ED_ENTER, 0);
    SEES(p, "see it differently");
    type(p, "I see C1 as good.");
    press(p, ED_ENTER, 0);
    struct errand e = taken(p, ERRAND_SIGN);
    cr_assert_str_eq(e.text, "I see C1 as good.");
    cr_assert_gt(e.revision, 0u);
    cr_assert_not(e.absent);
    editor_answer(p->ed, &e, answer_of(ERR_OK, "Signed. It waits for Jo Marsh's signature."));
    errand_fini(&e);
    SEES(p, "It waits for Jo Marsh's signature.");
    people_free(p);
    CHECK_NO_LEAKS();
}

/* What is on the screen is signed, also when it changed after the server was last asked. */
Test(desk, what_stands_on_the_screen_is_signed)
{
    struct people *p = begin();
    other_types(p, P_FSW, "C2", 0, "words");
    pump(p);
    press(p, F12, 0);
    press(p, ED_ENTER, 0);
    other_types(p, P_FSW, "C2", 0, "more ");
    uint64_t read = audit_revision(p->room->a);
    pump(p);
    press(p, ED_ENTER, 0);
    struct errand e = taken(p, ERRAND_SIGN);
    cr_assert_eq(e.revision, read);
    cr_assert_lt(e.revision, audit_revision(p->room->a));
    errand_fini(&e);
    people_free(p);
}

Test(desk, no_difference_of_view_is_fine)
{
    struct people *p = begin();
    open_desk(p, usual, 2);
    press(p, ED_ENTER, 0);
    press(p, ED_ENTER, 0);
    struct errand e = taken(p, ERRAND_SIGN);
    cr_assert_str_eq(e.text, "");
    errand_fini(&e);
    people_free(p);
}

Test(desk, a_stale_signature_says_kindly_what_has_changed_and_keeps_the_words)
{
    struct people *p = begin();
    open_desk(p, usual, 2);
    press(p, ED_ENTER, 0);
    type(p, "My own view");
    press(p, ED_ENTER, 0);
    struct errand e = taken(p, ERRAND_SIGN);
    editor_answer(p->ed, &e, answer_of(ERR_STALE, "Jo Marsh changed B1 after you read it."));
    errand_fini(&e);
    SEES(p, "Not signed yet: Jo Marsh changed B1 after you read it.");
    SEES(p, "My own view");
    e = taken(p, ERRAND_NEXT); /* what stands now */
    errand_fini(&e);
    people_free(p);
}

Test(desk, nothing_unsaved_is_signed)
{
    struct people *p = begin();
    go(p, "B1.rationale");
    type(p, "Words");
    open_desk(p, usual, 2);
    press(p, ED_ENTER, 0);
    SEES(p, "sign once the line below says so");
    nothing_is_asked(p);
    people_free(p);
}

Test(desk, a_move_that_wants_a_reason_is_not_sent_without)
{
    static const struct step_row open_early[] = {
        {.to = AUDIT_IN_PROGRESS,
         .title = "Open the room",
         .who = "",
         .you = true,
         .reason = "Why start before the review meeting?",
         .reason_needed = true,
         .missing = "The review meeting was not held"}
    };
    struct people *p = begin();
    open_desk(p, open_early, 1);
    press(p, ED_ENTER, 0);
    SEES(p, "Why start before the review meeting?");
    press(p, ED_ENTER, 0);
    SEES(p, "Please write this down");
    nothing_is_asked(p);
    type(p, "The carer is away in April.");
    press(p, ED_ENTER, 0);
    struct errand e = taken(p, ERRAND_MOVE);
    cr_assert_eq(e.to, (uint32_t)AUDIT_IN_PROGRESS);
    cr_assert_str_eq(e.reason, "The carer is away in April.");
    errand_fini(&e);
    people_free(p);
}

Test(desk, a_move_that_asks_for_nothing_is_confirmed)
{
    static const struct step_row submit[] = {
        {.to = AUDIT_SUBMITTED, .title = "Submit it", .who = "", .you = true}
    };
    struct people *p = begin();
    open_desk(p, submit, 1);
    press(p, ED_ENTER, 0);
    SEES(p, "Submit it? (y/n)");
    press(p, 'n', 0);
    nothing_is_asked(p);
    open_desk(p, submit, 1);
    press(p, ED_ENTER, 0);
    press(p, 'y', 0);
    struct errand e = taken(p, ERRAND_MOVE);
    cr_assert_eq(e.to, (uint32_t)AUDIT_SUBMITTED);
    editor_answer(p->ed, &e, answer_of(ERR_REFUSED_STATE, "A comment must be answered first."));
    errand_fini(&e);
    SEES(p, "Not done: A comment must be answered first.");
    people_free(p);
    CHECK_NO_LEAKS();
}

Test(desk, what_others_do_or_comes_by_itself_says_so)
{
    static const struct step_row theirs[] = {
        {.to = AUDIT_PREPARING, .title = "Prepare it", .who = "",             .by_itself = true},
        {.to = AUDIT_WITHDRAWN,                     .title = "Withdraw it",                      .who = "Quinn (QA) can do this"}
    };
    struct people *p = begin();
    open_desk(p, theirs, 2);
    press(p, ED_ENTER, 0);
    SEES(p, "This comes by itself.");
    press(p, ED_DOWN, 0);
    press(p, ED_ENTER, 0);
    SEES(p, "Quinn (QA) can do this");
    nothing_is_asked(p);
    people_free(p);
}

Test(desk, a_team_manager_signs_for_an_absent_practitioner_with_a_reason)
{
    struct people *p = people_new(P_FRO, 24, 80);
    cr_assert_eq(room_member(p->room, P_FTM, ROLE_FTM, ""), ERR_OK);
    people_free(p);
    p = people_new(P_FTM, 24, 80);
    serve(p, usual, 2);
    open_desk(p, usual, 2);
    press(p, ED_ENTER, 0);
    SEES(p, "Why is the practitioner absent");
    type(p, "Away since 1 February");
    press(p, ED_ENTER, 0);
    struct errand e = taken(p, ERRAND_SIGN);
    cr_assert(e.absent);
    cr_assert_str_eq(e.reason, "Away since 1 February");
    errand_fini(&e);
    people_free(p);
}

static struct errand_answer *moderators(void)
{
    struct errand_answer *a = answer_of(ERR_OK, "");
    a->moderators = calloc(2, sizeof *a->moderators);
    a->nmoderators = 2;
    a->moderators[0] = (struct errand_moderator){
        .person = P_IRO, .name = dup("Ines Rae"), .own = true, .open = 3, .conflict = dup("")};
    a->moderators[1] = (struct errand_moderator){
        .person = 40, .name = dup("Ivo Lund"), .conflict = dup("He wrote in this audit")};
    return a;
}

Test(desk, who_moderates_is_chosen_from_a_list_that_explains_conflicts)
{
    struct people *p = begin();
    open_desk(p, usual, 2);
    press(p, 'a', 0);
    struct errand e = taken(p, ERRAND_MODERATORS);
    editor_answer(p->ed, &e, moderators());
    SEES(p, "Ines Rae (the child's own IRO), moderates 3 now");
    SEES(p, "Ivo Lund: may not, He wrote in this audit");
    press(p, ED_DOWN, 0);
    press(p, ED_ENTER, 0);
    SEES(p, "Ivo Lund may not moderate this audit: He wrote in this audit");
    nothing_is_asked(p);
    press(p, F12, 0);
    press(p, 'a', 0);
    e = taken(p, ERRAND_MODERATORS);
    editor_answer(p->ed, &e, moderators());
    press(p, ED_ENTER, 0);
    type(p, "Please");
    press(p, ED_ENTER, 0);
    e = taken(p, ERRAND_MOVE);
    cr_assert_eq(e.to, (uint32_t)AUDIT_MODERATING);
    cr_assert_str_eq(e.person, "4");
    errand_fini(&e);
    people_free(p);
    CHECK_NO_LEAKS();
}

Test(desk, without_a_line_nothing_is_sent_and_what_was_typed_stays)
{
    struct people *p = begin();
    press(p, 'u', ED_CTRL);
    type(p, "He spoke of being hit.");
    editor_set_line(p->ed, LINE_DOWN, "the line is cut");
    press(p, ED_ENTER, 0);
    SEES(p, "There is no line to the server now.");
    SEES(p, "He spoke of being hit.");
    nothing_is_asked(p);
    editor_set_line(p->ed, LINE_UP, "");
    press(p, ED_ENTER, 0);
    SEES(p, "Which manager has been told?");
    type(p, "Sue Tan");
    press(p, ED_ENTER, 0);
    struct errand e = taken(p, ERRAND_FLAG);
    cr_assert_str_eq(e.text, "He spoke of being hit.");
    cr_assert_str_eq(e.person, "Sue Tan");
    editor_answer(p->ed, &e, answer_of(ERR_INPUT, "Nobody here is called Sue Tan."));
    errand_fini(&e);
    SEES(p, "Nobody here is called Sue Tan.");
    SEES(p, "He spoke of being hit."); /* and Ctrl-K copies it */
    people_free(p);
    CHECK_NO_LEAKS();
}

Test(desk, an_action_offers_what_can_be_done_about_it_and_asks_what_that_needs)
{
    struct people *p = begin();
    cr_assert_eq(room_add(p->room, P_FRO, "L3.actions"), ERR_OK);
    people_join(p, P_FRO, false);
    editor_refresh(p->ed);
    go(p, "B1.rationale");
    press(p, 's', ED_CTRL);
    SEES(p, "Go to an action first");
    go(p, "L3[1].specific");
    press(p, 's', ED_CTRL);
    SEES(p, "Begin it");
    SEES(p, "Say that it is done");
    SEES_NOT(p, "Verify that it is done");
    type(p, "an");
    press(p, ED_ENTER, 0);
    SEES(p, "Another day");
    type(p, "31/2/2026");
    press(p, ED_ENTER, 0);
    SEES(p, "Please write a day");
    press_n(p, 9, ED_BACKSPACE, 0);
    type(p, "1/4/2026");
    press(p, ED_ENTER, 0);
    SEES(p, "The first day is kept.");
    type(p, "The course is full.");
    press(p, ED_ENTER, 0);
    struct errand e = taken(p, ERRAND_ACTION);
    cr_assert_str_eq(e.step, "due");
    cr_assert_str_eq(e.value, "2026-04-01");
    cr_assert_str_eq(e.reason, "The course is full.");
    cr_assert_eq(e.question, at(p, "L3").question);
    cr_assert_eq(e.item, at(p, "L3[1].specific").item);
    errand_fini(&e);
    people_free(p);
    CHECK_NO_LEAKS();
}

Test(desk, an_action_that_did_not_help_names_the_one_that_follows)
{
    struct people *p = begin();
    cr_assert_eq(room_add(p->room, P_FRO, "L3.actions"), ERR_OK);
    cr_assert_eq(room_add(p->room, P_FRO, "L3.actions"), ERR_OK);
    people_join(p, P_FRO, false);
    editor_refresh(p->ed);
    go(p, "L3[1].specific");
    press(p, 's', ED_CTRL);
    type(p, "another action");
    press(p, ED_ENTER, 0);
    SEES(p, "Which action follows?");
    SEES(p, "L3[2]");
    SEES_NOT(p, "L3[1]  (");
    press(p, ED_ENTER, 0);
    type(p, "It covers both");
    press(p, ED_ENTER, 0);
    struct errand e = taken(p, ERRAND_ACTION);
    cr_assert_str_eq(e.step, "supersede");
    cr_assert_eq(e.other_item, at(p, "L3[2].specific").item);
    errand_fini(&e);
    people_free(p);
}

Test(desk, who_has_opened_the_record_is_a_key_away)
{
    struct people *p = begin();
    press(p, F12, 0);
    press(p, 'r', 0);
    struct errand e = taken(p, ERRAND_READERS);
    struct errand_answer *a = answer_of(ERR_OK, "");
    a->readers = calloc(2, sizeof *a->readers);
    a->nreaders = 2;
    a->readers[0] = (struct errand_reader){
        .utc_ms = 1772400000000, .person = 7, .name = dup("Quinn Hale"), .what = dup("opened it")};
    a->readers[1] = (struct errand_reader){
        .utc_ms = 1772400060000, .person = 7, .name = dup("Quinn Hale"), .what = dup("opened it")};
    editor_answer(p->ed, &e, a);
    SEES(p, "Who has opened this record");
    SEES(p, "Quinn Hale  opened it");
    const char *once = strstr(screen(p), "Quinn Hale  opened it");
    cr_assert_null(strstr(once + 1, "Quinn Hale  opened it"), "somebody who goes on looking");
    people_free(p);
    CHECK_NO_LEAKS();
}

Test(desk, the_inbox_greets_with_what_waits_elsewhere)
{
    struct people *p = people_new(P_FRO, 24, 80);
    struct errand e = {.kind = ERRAND_NEXT};
    while (editor_take_errand(p->ed, &e) && e.kind != ERRAND_INBOX)
        ;
    cr_assert_eq(e.kind, ERRAND_INBOX);
    struct errand_answer *a = steps_of(p, NULL, 0, waits, 2);
    free(a->duties[0].ref);
    a->duties[0].ref = dup("FCA-2026-0007");
    editor_answer(p->ed, &e, a);
    SEES(p, "Waits for you: FCA-2026-0007 Sign it (5 working days left)");
    SEES_NOT(p, "Waits for you: TST-2026-0001");
    people_free(p);
}

/* What others do is asked about once for a burst, and not for every key they press. */
Test(desk, asks_again_when_the_record_moves_but_not_for_every_word)
{
    struct people *p = begin();
    other_types(p, P_FSW, "C2", 0, "words");
    pump(p);
    cr_assert_eq(editor_next_ms(p->ed), INT64_MAX);
    nothing_is_asked(p);
    for (int i = 0; i < 3; i++) {
        uint64_t id;
        struct err_info why;
        cr_assert_eq(
            replica_comment(p->r[P_FSW], at(p, "C2"), false, 0, 0, true, "Why?", &id, &why),
            ERR_OK);
        pump(p);
    }
    nothing_is_asked(p);
    int64_t when = editor_next_ms(p->ed);
    cr_assert_gt(when, 1000);
    cr_assert_leq(when, 3000);
    editor_time(p->ed, when, 1772496000000);
    struct errand e = taken(p, ERRAND_NEXT);
    nothing_is_asked(p); /* one at a time */
    editor_answer(p->ed, &e, answer_of(ERR_OK, ""));
    errand_fini(&e);
    nothing_is_asked(p);
    people_free(p);
}

/* ---- what others do to the record ---- */

static void serve_op(struct people *p, uint32_t asker, struct audit_op op)
{
    cr_assert_eq(room_serve(p->room, asker, op), ERR_OK, "%s", p->room->why.text);
    for (uint32_t i = 1; i < P_END; i++)
        if (p->r[i])
            people_deliver(p, i, &p->room->events[p->room->nevents - 1]);
    editor_refresh(p->ed);
}

static void sign_as(struct people *p, uint32_t person, enum role role, const char *difference)
{
    struct audit_op op = {
        .kind = OP_SIGN,
        .sign = {.role = role, .revision = audit_revision(p->room->a), .difference = difference}
    };
    audit_fingerprint(p->room->a, op.sign.fingerprint);
    serve_op(p, person, op);
}

Test(desk, a_signature_that_my_change_voids_is_announced_to_all_who_are_here)
{
    static const struct {
        uint32_t me;
        const char *says;
    } rows[] = {
        {P_FSW, "Anna Frost's signature was voided by your change; it has to be given again."},
        {P_IRO, "Anna Frost's signature was voided by Jo Marsh's change"                     },
        {P_FRO, "Your signature was voided by Jo Marsh's change"                             },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct people *p = people_new(rows[i].me, 24, 100);
        sign_as(p, P_FRO, ROLE_FRO, "");
        SEES_NOT(p, "voided");
        other_types(p, P_FSW, "C2", 0, "words");
        pump(p);
        SEES(p, rows[i].says);
        people_free(p);
    }
    CHECK_NO_LEAKS();
}

Test(desk, one_that_takes_the_place_of_an_earlier_signature_is_no_loss)
{
    struct people *p = people_new(P_IRO, 24, 100);
    sign_as(p, P_FRO, ROLE_FRO, "");
    sign_as(p, P_FRO, ROLE_FRO, "");
    SEES_NOT(p, "voided");
    SEES(p, "Anna Frost signed revision");
    people_free(p);
}

Test(desk, who_signed_and_with_which_view_stands_at_the_top)
{
    struct people *p = begin();
    sign_as(p, P_FSW, ROLE_FSW, "I see C1 as good.");
    open_desk(p, usual, 2);
    SEES(p, "Signed by Jo Marsh (FSW), ");
    SEES(p, "sees it differently: I see"); /* a line is wrapped behind it */
    SEES(p, "C1 as good.");
    people_free(p);
    CHECK_NO_LEAKS();
}

Test(desk, a_move_by_somebody_else_is_announced_and_my_own_is_answered)
{
    static const struct {
        uint32_t by;
        bool announced;
    } rows[] = {
        {P_FSW, true },
        {P_FRO, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct people *p = begin();
        serve_op(p, rows[i].by,
                 (struct audit_op){
                     .kind = OP_MOVE, .move = {.to = AUDIT_AGREED, .reason = ""}
        });
        cr_assert_eq(sees(p, "moved the audit to AGREED"), rows[i].announced, "row %zu", i);
        people_free(p);
    }
}

static struct audit_op flag_op(void)
{
    return (struct audit_op){
        .kind = OP_FLAG,
        .flag = {
                 .text = "He spoke of being hit.", .told = "Sue (FTM)", .told_utc_ms = 1772496000000}
    };
}

Test(desk, an_open_flag_stays_in_sight_and_its_words_are_for_those_who_may_read_them)
{
    static const struct {
        uint32_t me;
        bool reads;
    } rows[] = {
        {P_FRO, true },
        {P_CSW, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct people *p = people_new(rows[i].me, 24, 160);
        serve_op(p, P_FRO, flag_op());
        uint64_t flag = audit_flag_at(p->room->a, 0)->seq;
        SEES(p, "Safeguarding flag raised");
        SEES(p, ", told Sue (FTM)");
        SEES_NOT(p, "He spoke of being hit.");
        open_desk(p, usual, 2);
        cr_assert_eq(sees(p, "He spoke of being hit."), rows[i].reads);
        cr_assert_neq(sees(p, "its words are for named roles"), rows[i].reads);
        press(p, ED_ESC, 0);
        serve_op(p, P_FRO,
                 (struct audit_op){
                     .kind = OP_FLAG_NOTE,
                     .flag_note = {.flag = flag, .text = "Seen by LADO", .closed = true}
        });
        SEES_NOT(p, "Safeguarding flag raised");
        people_free(p);
    }
    CHECK_NO_LEAKS();
}

Test(desk, enter_on_a_flag_adds_to_it)
{
    struct people *p = begin();
    serve_op(p, P_FRO, flag_op());
    open_desk(p, usual, 2);
    press(p, ED_END, 0);
    press(p, ED_ENTER, 0);
    SEES(p, "What was done?");
    type(p, "Strategy meeting held");
    press(p, ED_ENTER, 0);
    struct errand e = taken(p, ERRAND_FLAG_NOTE);
    cr_assert_eq(e.flag, audit_flag_at(p->room->a, 0)->seq);
    cr_assert_str_eq(e.text, "Strategy meeting held");
    errand_fini(&e);
    people_free(p);
}

Test(desk, who_reads_by_break_glass_why_and_until_when_is_shown_while_they_may)
{
    struct people *p = begin();
    serve_op(p, P_QA,
             (struct audit_op){
                 .kind = OP_GLASS,
                 .glass = {.person = P_HOS,
                           .until_utc_ms = 1772496000000 + 3600000,
                           .reason = "An inspector asks"}
    });
    SEES(p, "Break-glass: Hal Osborne reads this until");
    SEES(p, "An inspector asks");
    serve_op(p, P_QA, (struct audit_op){.kind = OP_GLASS_END, .glass = {.person = P_HOS}});
    SEES_NOT(p, "Break-glass: Hal Osborne");
    people_free(p);
    CHECK_NO_LEAKS();
}

Test(desk, is_drawn_whole_at_every_size)
{
    static const uint16_t sizes[][2] = {
        {24, 80 },
        {43, 132},
        {12, 59 },
        {6,  30 },
        {5,  20 }
    };
    struct people *p = begin();
    open_desk(p, usual, 2);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        editor_resize(p->ed, sizes[i][0], sizes[i][1]);
        look(p);
        cr_assert_eq(p->grid.rows, sizes[i][0]);
        for (int k = 0; k < 6; k++) {
            press(p, ED_DOWN, 0);
            look(p);
        }
        for (int k = 0; k < 9; k++)
            press(p, ED_UP, 0);
    }
    people_free(p);
    CHECK_NO_LEAKS();
}
