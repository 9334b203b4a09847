#include "client/editor/plain.h"

#include "tests/unit/editor/people.h"

/* A dialogue: what was said is kept as lines. */
struct dialogue {
    struct people *p;
    struct plain *plain;
    struct buf said;
};

static void on_say(void *user, const char *line)
{
    struct dialogue *d = user;
    cr_assert_null(strchr(line, '\n'), "two lines in one: %s", line);
    buf_append_str(&d->said, line);
    buf_append_u8(&d->said, '\n');
}

static struct dialogue *begin(uint32_t me)
{
    struct dialogue *d = calloc(1, sizeof *d);
    d->p = people_new(me, 24, 80);
    editor_free(d->p->ed);
    d->p->ed = NULL;
    d->plain = plain_new(d->p->r[me], "TST-2026-0001", on_say, d);
    plain_time(d->plain, 1000, 1772496000000);
    plain_set_line(d->plain, LINE_UP, "");
    return d;
}

static void end(struct dialogue *d)
{
    plain_free(d->plain);
    people_free(d->p);
    buf_free(&d->said);
    free(d);
}

/* Says lines (separated by newlines), and returns what was answered. */
static const char *say(struct dialogue *d, const char *lines)
{
    buf_clear(&d->said);
    for (const char *nl; *lines; lines = *nl ? nl + 1 : nl) {
        nl = strchr(lines, '\n');
        nl = nl ? nl : lines + strlen(lines);
        plain_line(d->plain, lines, (size_t)(nl - lines));
    }
    return buf_cstr(&d->said);
}

static const char *later(struct dialogue *d, int64_t mono_ms)
{
    buf_clear(&d->said);
    pump(d->p);
    plain_time(d->plain, mono_ms, 1772496000000);
    return buf_cstr(&d->said);
}

#define HEARS(heard, words)                                                                        \
    do {                                                                                           \
        const char *h_ = (heard);                                                                  \
        cr_assert(strstr(h_, words) != NULL, "not heard: %s\n%s", words, h_);                      \
    } while (0)
#define HEARS_NOT(heard, words)                                                                    \
    do {                                                                                           \
        const char *h_ = (heard);                                                                  \
        cr_assert(strstr(h_, words) == NULL, "heard: %s\n%s", words, h_);                          \
    } while (0)

Test(plain, greets_with_the_audit_who_is_here_and_the_first_question)
{
    struct dialogue *d = begin(P_FRO);
    const char *h = buf_cstr(&d->said);
    HEARS(h, "TST-2026-0001  A small audit, IN_PROGRESS. 1 of 19 answered.");
    HEARS(h, "Here: Jo Marsh (FSW)");
    HEARS(h, "Here: Anna Frost (FRO), you");
    HEARS(h, "A1  A1");
    HEARS(h, "(A1: empty)");
    end(d);
}

Test(plain, goes_from_question_to_question)
{
    struct dialogue *d = begin(P_FRO);
    HEARS(say(d, "next"), "A2  A2");
    HEARS(say(d, "go B1"), "B1  B1 * (key)");
    HEARS(say(d, "prev"), "A6  A6");
    cr_assert_str_eq(plain_prompt(d->plain), "A6> ");
    HEARS(say(d, "go A1\nprev"), "This is the first question.");
    HEARS(say(d, "go M2\nnext"), "This is the last question.");
    HEARS(say(d, "go Q7"), "Not done");
    HEARS(say(d, "list"), "  B4 B4: empty");
    HEARS(say(d, "missing"), "1 of 19 answered.");
    HEARS(say(d, "go B1\ntodo"), "B2  B2");
    end(d);
}

Test(plain, writes_a_text_with_a_full_stop_at_its_end)
{
    struct dialogue *d = begin(P_FRO);
    HEARS(say(d, "go B1\nwrite rationale"),
          "Writing B1 rationale; end with a line that has only a full stop.");
    cr_assert_str_eq(plain_prompt(d->plain), "B1 | ");
    say(d, "The plan is followed.\n\n..with a dot\n.");
    HEARS(later(d, 2000), "Saved.");
    cr_assert_str_eq(text_of(d->p, 0, "B1.rationale"), "The plan is followed.\n\n.with a dot");
    HEARS(say(d, "show"), "  The plan is followed.");
    say(d, "append\nMore.\n.");
    pump(d->p);
    cr_assert_str_eq(text_of(d->p, 0, "B1.rationale"),
                     "The plan is followed.\n\n.with a dot\nMore.");
    end(d);
}

Test(plain, a_rewrite_keeps_what_others_wrote)
{
    struct dialogue *d = begin(P_FRO);
    other_types(d->p, P_FSW, "B1.rationale", 0, "one two three");
    pump(d->p);
    say(d, "go B1\nwrite rationale\none 2 three\n.");
    pump(d->p);
    cr_assert_str_eq(text_of(d->p, 0, "B1.rationale"), "one 2 three");
    HEARS(say(d, "authors"), "[JM]one [AF]2[JM] three");
    end(d);
}

Test(plain, edits_inserts_and_deletes_lines)
{
    struct dialogue *d = begin(P_FRO);
    say(d, "go B1\nwrite rationale\none\ntwo\nthree\n.");
    HEARS(say(d, "lines"), "2: two\n3: three\n");
    say(d, "edit 2 deux");
    cr_assert_str_eq(text_of(d->p, P_FRO, "B1.rationale"), "one\ndeux\nthree");
    say(d, "insert 1 zero");
    cr_assert_str_eq(text_of(d->p, P_FRO, "B1.rationale"), "zero\none\ndeux\nthree");
    say(d, "delete 4");
    cr_assert_str_eq(text_of(d->p, P_FRO, "B1.rationale"), "zero\none\ndeux");
    say(d, "delete 1");
    cr_assert_str_eq(text_of(d->p, P_FRO, "B1.rationale"), "one\ndeux");
    HEARS(say(d, "edit 9 x"), "There is no line 9: the text has 2.");
    HEARS(say(d, "undo"), "Undone.");
    cr_assert_str_eq(text_of(d->p, P_FRO, "B1.rationale"), "zero\none\ndeux");
    HEARS(say(d, "redo"), "Redone.");
    cr_assert_str_eq(text_of(d->p, P_FRO, "B1.rationale"), "one\ndeux");
    pump(d->p);
    cr_assert_str_eq(text_of(d->p, 0, "B1.rationale"), "one\ndeux");
    end(d);
}

Test(plain, sets_grades_and_values_by_code_or_by_label)
{
    struct dialogue *d = begin(P_FRO);
    say(d, "go B1\ngrade Requires improvement\ngrade agreed good");
    say(d, "go B2\nset ynp Partly\nset date 2026-03");
    say(d, "set C1[3] not met\nset B3 7");
    pump(d->p);
    cr_assert_str_eq(value_of(d->p, "B1.grade_auditor"), "requires_improvement");
    cr_assert_str_eq(value_of(d->p, "B1.grade_agreed"), "good");
    cr_assert_str_eq(value_of(d->p, "B2.ynp"), "partly");
    cr_assert_str_eq(value_of(d->p, "B2.date"), "2026-03");
    cr_assert_str_eq(value_of(d->p, "C1[3].check"), "not_met");
    cr_assert_str_eq(value_of(d->p, "B3"), "7");
    HEARS(say(d, "set B2.ynp perhaps"), "Not done");
    say(d, "clear B3");
    pump(d->p);
    cr_assert_str_eq(value_of(d->p, "B3"), "");
    end(d);
}

Test(plain, adds_fills_and_removes_items)
{
    struct dialogue *d = begin(P_FRO);
    HEARS(say(d, "go L2\nadd"), "Added: L2 finding 1.");
    say(d, "write [1].text\nLate visits.\n.\nset [1].sign development");
    pump(d->p);
    cr_assert_str_eq(text_of(d->p, 0, "L2[1].text"), "Late visits.");
    cr_assert_str_eq(value_of(d->p, "L2[1].sign"), "development");
    HEARS(say(d, "show"), "finding 1");
    say(d, "remove L2[1]");
    pump(d->p);
    HEARS(say(d, "show"), "findings (0)");
    end(d);
}

Test(plain, names_a_finding_by_where_it_stands)
{
    struct dialogue *d = begin(P_FRO);
    say(d, "add L2.findings\nadd L3.actions");
    pump(d->p);
    say(d, "set L3[1].finding L2[1]");
    pump(d->p);
    HEARS(say(d, "go L3\nshow"), "L2[1]");
    HEARS(say(d, "set L3[1].finding L3[1]"), "not one of the findings");
    HEARS(say(d, "set L3[1].finding the first"), "as in L1[1]");
    end(d);
}

Test(plain, comments_on_words_and_answers)
{
    struct dialogue *d = begin(P_IRO);
    other_types(d->p, P_FRO, "B1.rationale", 0, "The plan is followed.");
    pump(d->p);
    say(d, "go B1\nask \"plan\" which one?");
    pump(d->p);
    HEARS(say(d, "comments"),
          "Comment 1 by Ines Rae on B1 rationale, on \"plan\" (must answer): which one?");
    HEARS(say(d, "comment \"absent words\" x"), "\"absent words\" is not in this question's texts");
    say(d, "reply 1 the one of May");
    pump(d->p);
    HEARS(say(d, "show"), "  Ines Rae: the one of May");
    say(d, "resolve 1");
    pump(d->p);
    HEARS(say(d, "comments"), "There are no open comments.");
    HEARS(say(d, "comments all"), "(resolved)");
    end(d);
}

Test(plain, tells_what_others_write_as_one_line_once_they_pause)
{
    struct dialogue *d = begin(P_FRO);
    for (int i = 0; i < 5; i++) {
        char letter[2] = {"hello"[i], 0};
        other_types(d->p, P_FSW, "B1.rationale", (size_t)i, letter);
        HEARS_NOT(later(d, 2000 + i * 100), "Jo Marsh");
    }
    HEARS(later(d, 2400 + PLAIN_GATHER_MS), "Jo Marsh wrote \"hello\" in B1 rationale\n");
    struct err_info why;
    cr_assert_eq(replica_delete(d->p->r[P_FSW], at(d->p, "B1.rationale"), 0, 4, &why), ERR_OK);
    pump(d->p);
    HEARS(later(d, 10000), "Jo Marsh struck out \"hell\" in B1 rationale\n");
    cr_assert_eq(replica_set(d->p->r[P_FSW], at(d->p, "B2.ynp"), "no_evidence", &why), ERR_OK);
    HEARS(later(d, 11000), "Jo Marsh set B2 yes, partly or no to no evidence\n");
    end(d);
}

Test(plain, my_own_words_are_never_told_as_anothers)
{
    struct dialogue *d = begin(P_FRO);
    other_types(d->p, P_FSW, "B1.rationale", 0, "theirs");
    buf_clear(&d->said);
    pump(d->p);
    HEARS(say(d, "append B1.rationale\nmine\n."), "Jo Marsh wrote \"theirs\"");
    HEARS_NOT(later(d, 20000), "mine");
    end(d);
}

Test(plain, a_conflict_and_a_refusal_are_told_with_what_stands_and_what_is_kept)
{
    struct dialogue *d = begin(P_FRO);
    struct err_info why;
    say(d, "go B1\nwrite rationale\ntoo late\n.");
    cr_assert_eq(replica_set(d->p->r[P_FSW], at(d->p, "B2.ynp"), "no", &why), ERR_OK);
    say(d, "set B2.ynp yes");
    cr_assert(people_step(d->p, P_FSW));
    HEARS(later(d, 3000), "Jo Marsh's value stands: no");
    say(d, "append\nlater still\n.");
    cr_assert_eq(room_move(d->p->room, AUDIT_CLOSED), ERR_OK);
    people_deliver(d->p, P_FRO, &d->p->room->events[d->p->room->nevents - 1]);
    const char *h = later(d, 4000);
    HEARS(h, "Refused:");
    HEARS(h, "later still");
    HEARS(say(d, "kept"), "Kept words 1, for B1 rationale");
    HEARS(say(d, "forget 2"), "Give the number");
    HEARS(say(d, "forget 1\nkept"), "Nothing was refused.");
    end(d);
}

Test(plain, one_who_may_only_comment_is_told_so)
{
    struct dialogue *d = begin(P_IRO);
    HEARS(say(d, "go B1\nwrite rationale"), "Not done");
    HEARS(say(d, "grade agreed good"), "Not done");
    pump(d->p);
    cr_assert_str_eq(value_of(d->p, "B1.grade_agreed"), "");
    HEARS(say(d, "status"), "Saved");
    end(d);
}

Test(plain, held_words_are_not_read_out)
{
    struct dialogue *d = begin(P_FSW);
    other_types(d->p, P_IRO, "J3.words", 0, "secret");
    HEARS_NOT(later(d, 9000), "secret");
    const char *h = say(d, "go J3");
    HEARS(h, "held by IRO");
    HEARS_NOT(h, "secret");
    end(d);
}

Test(plain, a_lost_line_is_said_and_leaving_with_unsaved_words_asks)
{
    struct dialogue *d = begin(P_FRO);
    replica_set_online(d->p->r[P_FRO], false);
    buf_clear(&d->said);
    plain_set_line(d->plain, LINE_DOWN, "no route");
    HEARS(buf_cstr(&d->said), "Offline: nothing unsaved (no route)");
    HEARS(say(d, "go B1\nwrite rationale\nwords\n."), "Kept here until the line is back.");
    HEARS(say(d, "quit"), "5 characters and 0 other changes are not saved");
    cr_assert_not(plain_left(d->plain));
    say(d, "quit");
    cr_assert(plain_left(d->plain));
    end(d);
}

Test(plain, goes_to_a_checklist_and_takes_a_date_day_first)
{
    struct dialogue *d = begin(P_FRO);
    HEARS(say(d, "go c1"), "C1  ");
    (void)say(d, "go B2\nset date 3/9/2026");
    pump(d->p);
    cr_assert_str_eq(value_of(d->p, "B2.date"), "2026-09-03");
    end(d);
}

Test(plain, follows_finds_and_helps)
{
    struct dialogue *d = begin(P_FRO);
    HEARS(say(d, "follow nobody"), "Nobody here is called so");
    HEARS(say(d, "follow jo"), "Following Jo Marsh");
    other_stands(d->p, P_FSW, "B3", 0);
    buf_clear(&d->said);
    people_cursors(d->p);
    other_types(d->p, P_FSW, "C2.text", 0, "a place at school");
    pump(d->p);
    HEARS(say(d, "find SCHOOL"), "C2");
    HEARS(say(d, "find nowhere"), "is not in any answer");
    struct plain_command_help rows[64];
    size_t n = plain_commands(rows, 64);
    const char *h = say(d, "help");
    for (size_t i = 0; i < n; i++)
        HEARS(h, rows[i].help);
    HEARS(say(d, "dance"), "There is no command \"dance\"");
    end(d);
}

Test(plain, what_others_write_cannot_control_a_terminal)
{
    struct dialogue *d = begin(P_FRO);
    other_types(d->p, P_FSW, "B1.rationale", 0, "a\u200bb\nc");
    pump(d->p);
    const char *h = later(d, 90000);
    HEARS(h, "\u2039U+200B\u203a");
    HEARS(h, "\u240a");
    end(d);
}

Test(plain, an_identifier_is_told_once_with_the_way_to_say_why)
{
    struct dialogue *d = begin(P_FRO);
    HEARS(say(d, "go B1\nwrite rationale\nHis number is 943 476 5919.\n."),
          "Note: in B1 rationale, \"943 476 5919\" looks like an NHS number: use the case-system "
          "reference, or say why it is needed: comment \"943 476 5919\" why needed: ...");
    HEARS_NOT(say(d, "append rationale\nAll is well.\n."), "looks like");
    HEARS(say(d, "append rationale\nCall 07700 900123.\n."), "looks like a phone number");
    (void)later(d, 5000);
    HEARS(say(d, "comment \"07700 900123\" why needed:"), "Not done: Please say why");
    (void)say(d, "comment \"07700 900123\" why needed: the number of the duty team");
    (void)later(d, 9000);
    HEARS_NOT(say(d, "edit 3 Do call 07700 900123."), "looks like");
    end(d);
}

Test(plain, a_part_of_an_action_is_told_what_it_lacks_of_smart)
{
    struct dialogue *d = begin(P_FRO);
    (void)say(d, "go L3\nadd");
    (void)later(d, 5000);
    HEARS(say(d, "write [1].measure\nIt is better\n."), "SMART, M missing: how shall we know");
    HEARS_NOT(say(d, "append [1].measure\nby far\n."), "SMART"); /* told already */
    HEARS_NOT(say(d, "append [1].measure\nTwo visits a month\n."), "SMART");
    HEARS(say(d, "set [1].due 2026-03"), "SMART, T missing: by which day?");
    HEARS_NOT(say(d, "set [1].due 2026-03-10"), "SMART");
    (void)later(d, 9000);
    HEARS(say(d, "show"), "SMART: S, A, R missing");
    end(d);
}

/* ---- the record's life; the test answers for the server ---- */

static struct errand_answer *answer_of(enum err e, const char *text)
{
    struct errand_answer *a = calloc(1, sizeof *a);
    a->err = e;
    a->text = strdup(text);
    return a;
}

static struct errand_answer *steps_of(struct dialogue *d)
{
    struct errand_answer *a = answer_of(ERR_OK, "");
    a->revision = 5;
    a->steps = calloc(1, sizeof *a->steps);
    a->nsteps = 1;
    a->steps[0] = (struct errand_step){.to = AUDIT_AGREED,
                                       .title = strdup("Sign"),
                                       .command = strdup(""),
                                       .who = strdup(""),
                                       .reason = strdup(""),
                                       .you = true,
                                       .by_signing = true,
                                       .nmissing = 1};
    a->steps[0].missing = calloc(1, sizeof *a->steps[0].missing);
    a->steps[0].missing[0].sentence = strdup("B1 has no rationale yet");
    a->steps[0].missing[0].field = at(d->p, "B1.rationale");
    a->duties = calloc(1, sizeof *a->duties);
    a->nduties = 1;
    a->duties[0] = (struct errand_duty){.ref = strdup("TST-2026-0001"),
                                        .text = strdup("Sign it"),
                                        .due = strdup("2026-03-10"),
                                        .name = strdup(""),
                                        .level = strdup(""),
                                        .days_left = -2,
                                        .mine = true};
    return a;
}

/* Answers what comes next; returns what else is asked for first (kind 0: nothing). */
static struct errand serve(struct dialogue *d)
{
    struct errand e;
    while (plain_take_errand(d->plain, &e)) {
        if (e.kind == ERRAND_NEXT)
            plain_answer(d->plain, &e, steps_of(d));
        else if (e.kind == ERRAND_INBOX)
            plain_answer(d->plain, &e, answer_of(ERR_OK, ""));
        else
            return e;
    }
    return (struct errand){.kind = (enum errand_kind)0};
}

Test(plain, says_what_i_have_to_do_first_and_what_comes_next)
{
    struct dialogue *d = begin(P_FRO);
    buf_clear(&d->said);
    (void)serve(d);
    HEARS(buf_cstr(&d->said), "To do: Sign it (2 working days late)");
    say(d, "steps");
    (void)serve(d);
    HEARS(buf_cstr(&d->said), "IN_PROGRESS");
    HEARS(buf_cstr(&d->said), "Sign: you, but first");
    HEARS(buf_cstr(&d->said), "B1 has no rationale yet");
    HEARS(buf_cstr(&d->said), "You: Sign it (2 working days late)");
    HEARS_NOT(buf_cstr(&d->said), "To do"); /* said already */
    end(d);
}

Test(plain, the_steps_of_a_records_life_are_commands)
{
    static const struct {
        const char *line;
        enum errand_kind kind;
        const char *text, *reason, *person, *step, *value;
    } rows[] = {
        {"sign",                                   ERRAND_SIGN,       "",                       "",               "",        "",      ""},
        {"sign C1 is better than that",            ERRAND_SIGN,       "C1 is better than that", "",               "",        "",      ""},
        {"move submitted",                         ERRAND_MOVE,       "",                       "",               "",        "",      ""},
        {"move in_progress It must change",        ERRAND_MOVE,       "",                       "It must change", "",        "",      ""},
        {"flag \"Sue Tan\" He was hit",            ERRAND_FLAG,       "He was hit",             "",               "Sue Tan", "",      ""},
        {"action L3[1] start",                     ERRAND_ACTION,     "",                       "",               "",        "start", ""},
        {"action L3[1] due 2026-05-01 It is full", ERRAND_ACTION,     "",                       "It is full",     "",        "due",
         "2026-05-01"                                                                                                                   },
        {"readers",                                ERRAND_READERS,    "",                       "",               "",        "",      ""},
        {"assign",                                 ERRAND_MODERATORS, "",                       "",               "",        "",      ""},
    };
    struct dialogue *d = begin(P_FRO);
    cr_assert_eq(room_add(d->p->room, P_FRO, "L3.actions"), ERR_OK);
    people_join(d->p, P_FRO, false);
    (void)serve(d);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        say(d, rows[i].line);
        struct errand e = serve(d);
        cr_assert_eq(e.kind, rows[i].kind, "%s: %s", rows[i].line, buf_cstr(&d->said));
        cr_assert_str_eq(e.text ? e.text : "", rows[i].text);
        cr_assert_str_eq(e.reason ? e.reason : "", rows[i].reason);
        cr_assert_str_eq(e.person ? e.person : "", rows[i].person);
        cr_assert_str_eq(e.step ? e.step : "", rows[i].step);
        cr_assert_str_eq(e.value ? e.value : "", rows[i].value);
        buf_clear(&d->said);
        plain_answer(d->plain, &e, answer_of(ERR_INPUT, "Not as things stand."));
        HEARS(buf_cstr(&d->said), "Not as things stand.");
        errand_fini(&e);
    }
    end(d);
}

Test(plain, a_step_that_lacks_something_says_how_it_is_written)
{
    struct dialogue *d = begin(P_FRO);
    (void)serve(d);
    HEARS(say(d, "move"), "move SUBMITTED");
    HEARS(say(d, "move nowhere"), "\"steps\" shows what comes next");
    HEARS(say(d, "flag He was hit"), "which manager has been told");
    HEARS(say(d, "action"), "action L5[1]");
    HEARS(say(d, "action B1 start"), "is not an action");
    cr_assert_eq((int)serve(d).kind, 0);
    plain_set_line(d->plain, LINE_DOWN, "the line is cut");
    HEARS(say(d, "readers"), "There is no line to the server now");
    cr_assert_eq((int)serve(d).kind, 0);
    end(d);
}
