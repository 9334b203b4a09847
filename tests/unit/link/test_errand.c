#include "client/link/errand.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire.pb-c.h"
#include "tests/lib/leaks.h"

/* One link whose line is two buffers. */
struct line {
    struct link *link;
    struct buf sent; /* the last message */
    struct errand_answer *answer;
    int answers;
};

static void on_send(void *user, const uint8_t *payload, size_t len)
{
    struct line *l = user;
    buf_clear(&l->sent);
    buf_append(&l->sent, payload, len);
}
static void on_open(void *user)
{
    (void)user;
}

static void give(struct line *l, uint32_t id, Tandem__Envelope *m)
{
    uint8_t out[4096];
    m->id = id;
    cr_assert_leq(tandem__envelope__get_packed_size(m), sizeof out);
    link_receive(l->link, out, tandem__envelope__pack(m, out));
}

static struct line *begin(void)
{
    struct line *l = calloc(1, sizeof *l);
    struct link_hooks hooks = {
        .user = l, .send = on_send, .open_line = on_open, .close_line = on_open};
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    Tandem__Welcome welcome = TANDEM__WELCOME__INIT;
    l->link = link_new(&hooks, "test", 0);
    link_time(l->link, 1, 1);
    link_line_open(l->link);
    m.body_case = TANDEM__ENVELOPE__BODY_WELCOME;
    m.welcome = &welcome;
    give(l, 1, &m);
    cr_assert_eq(link_state(l->link), LINK_ONLINE);
    return l;
}

static void end(struct line *l)
{
    link_goodbye(l->link); /* answers what is left */
    link_free(l->link);
    errand_answer_free(l->answer);
    buf_free(&l->sent);
    free(l);
}

static void on_answer(void *user, struct errand_answer *a)
{
    struct line *l = user;
    errand_answer_free(l->answer);
    l->answer = a;
    l->answers++;
}

/* What was sent; the caller frees it. */
static Tandem__Envelope *ask(struct line *l, const struct errand *e)
{
    cr_assert_not_null(errand_start(l->link, "FCA-2026-0001", e, on_answer, l));
    cr_assert_eq(l->answers, 0, "never from inside errand_start");
    Tandem__Envelope *m = tandem__envelope__unpack(NULL, l->sent.len, l->sent.data);
    cr_assert_not_null(m);
    return m;
}

static void free_sent(Tandem__Envelope *m)
{
    tandem__envelope__free_unpacked(m, NULL);
}

Test(errand, what_comes_next_is_asked_and_copied_whole)
{
    struct line *l = begin();
    struct errand e = {.kind = ERRAND_NEXT};
    Tandem__Envelope *sent = ask(l, &e), m = TANDEM__ENVELOPE__INIT;
    cr_assert_eq(sent->body_case, TANDEM__ENVELOPE__BODY_NEXT);
    cr_assert_str_eq(sent->next->ref, "FCA-2026-0001");
    Tandem__Missing missing = TANDEM__MISSING__INIT, *misses[] = {&missing};
    Tandem__Step step = TANDEM__STEP__INIT, *steps[] = {&step};
    Tandem__Duty duty = TANDEM__DUTY__INIT, *duties[] = {&duty};
    Tandem__Steps s = TANDEM__STEPS__INIT;
    missing.sentence = "B1 has no rationale";
    missing.question = 7;
    missing.part = PART_RATIONALE;
    step.to = AUDIT_AGREED;
    step.title = "Sign";
    step.who = "Ana (FRO)";
    step.you = step.by_signing = true;
    step.missing = misses;
    step.n_missing = 1;
    duty.ref = "FCA-2026-0001";
    duty.text = "Sign it";
    duty.due = "2026-03-10";
    duty.days_left = -2;
    duty.mine = true;
    s.state = AUDIT_IN_PROGRESS;
    s.revision = 42;
    s.since_utc_ms = 99;
    s.steps = steps;
    s.n_steps = 1;
    s.duties = duties;
    s.n_duties = 1;
    m.body_case = TANDEM__ENVELOPE__BODY_STEPS;
    m.steps = &s;
    give(l, sent->id, &m);
    const struct errand_answer *a = l->answer;
    cr_assert_eq(l->answers, 1);
    cr_assert_eq(a->err, ERR_OK);
    cr_assert_eq(a->state, (uint32_t)AUDIT_IN_PROGRESS);
    cr_assert_eq(a->revision, 42u);
    cr_assert_eq(a->since_utc_ms, 99);
    cr_assert_eq(a->nsteps, 1u);
    cr_assert_eq(a->steps[0].to, (uint32_t)AUDIT_AGREED);
    cr_assert_str_eq(a->steps[0].title, "Sign");
    cr_assert(a->steps[0].you && a->steps[0].by_signing && !a->steps[0].by_itself);
    cr_assert_eq(a->steps[0].nmissing, 1u);
    cr_assert_str_eq(a->steps[0].missing[0].sentence, "B1 has no rationale");
    struct field f = {7, PART_RATIONALE, 0};
    cr_assert(field_equal(a->steps[0].missing[0].field, f));
    cr_assert_eq(a->nduties, 1u);
    cr_assert_eq(a->duties[0].days_left, -2);
    cr_assert(a->duties[0].mine);
    free_sent(sent);
    end(l);
    CHECK_NO_LEAKS();
}

Test(errand, a_signature_names_the_revision_that_was_read)
{
    struct line *l = begin();
    char text[] = "C1 is better than that";
    struct errand e = {.kind = ERRAND_SIGN, .revision = 17, .text = text};
    Tandem__Envelope *sent = ask(l, &e), m = TANDEM__ENVELOPE__INIT;
    Tandem__Moved moved = TANDEM__MOVED__INIT;
    cr_assert_eq(sent->body_case, TANDEM__ENVELOPE__BODY_SIGN);
    cr_assert_eq(sent->sign->revision, 17u);
    cr_assert_str_eq(sent->sign->difference, text);
    cr_assert_str_eq(sent->sign->reason, "");
    moved.text = "Signed. It waits for Ben's signature.";
    m.body_case = TANDEM__ENVELOPE__BODY_MOVED;
    m.moved = &moved;
    give(l, sent->id, &m);
    cr_assert_eq(l->answer->err, ERR_OK);
    cr_assert_str_eq(l->answer->text, moved.text);
    free_sent(sent);
    end(l);
    CHECK_NO_LEAKS();
}

Test(errand, a_refusal_keeps_its_code_and_its_sentence)
{
    struct line *l = begin();
    struct errand e = {.kind = ERRAND_MOVE, .to = AUDIT_SUBMITTED};
    Tandem__Envelope *sent = ask(l, &e), m = TANDEM__ENVELOPE__INIT;
    Tandem__Error error = TANDEM__ERROR__INIT;
    error.code = ERR_REFUSED_STATE;
    error.text = "Two comments must be answered first.";
    m.body_case = TANDEM__ENVELOPE__BODY_ERROR;
    m.error = &error;
    give(l, sent->id, &m);
    cr_assert_eq(l->answer->err, ERR_REFUSED_STATE);
    cr_assert_str_eq(l->answer->text, error.text);
    free_sent(sent);
    end(l);
    CHECK_NO_LEAKS();
}

Test(errand, another_answer_than_the_one_asked_for_is_an_error)
{
    struct line *l = begin();
    struct errand e = {.kind = ERRAND_READERS};
    Tandem__Envelope *sent = ask(l, &e), m = TANDEM__ENVELOPE__INIT;
    Tandem__Done done = TANDEM__DONE__INIT;
    m.body_case = TANDEM__ENVELOPE__BODY_DONE;
    m.done = &done;
    give(l, sent->id, &m);
    cr_assert_neq(l->answer->err, ERR_OK);
    cr_assert(l->answer->text[0]);
    free_sent(sent);
    end(l);
    CHECK_NO_LEAKS();
}

Test(errand, a_line_that_breaks_answers_too)
{
    struct line *l = begin();
    struct errand e = {.kind = ERRAND_MODERATORS};
    free_sent(ask(l, &e));
    link_line_closed(l->link, ERR_NET, "the line is cut");
    cr_assert_eq(l->answers, 1);
    cr_assert_eq(l->answer->err, ERR_NET);
    end(l);
    CHECK_NO_LEAKS();
}

Test(errand, nobody_hears_of_one_that_was_cancelled)
{
    struct line *l = begin();
    struct errand e = {.kind = ERRAND_INBOX};
    struct errand_run *run = errand_start(l->link, "", &e, on_answer, l);
    cr_assert_not_null(run);
    errand_cancel(run);
    end(l); /* the line ends: on_answer would be run with what is freed now */
    CHECK_NO_LEAKS();
}

/* Every kind goes out as a message of its own, with what it names. */
struct sent_row {
    struct errand e;
    Tandem__Envelope__BodyCase body;
};
Test(errand, every_kind_is_a_message_of_its_own)
{
    static char text[] = "words", who[] = "Sue", step[] = "due", day[] = "2026-12-01";
    const struct sent_row rows[] = {
        {{.kind = ERRAND_NEXT},                                               TANDEM__ENVELOPE__BODY_NEXT      },
        {{.kind = ERRAND_MOVE, .to = 4, .reason = text, .person = who},
         TANDEM__ENVELOPE__BODY_MOVE_AUDIT                                                                     },
        {{.kind = ERRAND_SIGN, .absent = true, .reason = text},               TANDEM__ENVELOPE__BODY_SIGN      },
        {{.kind = ERRAND_MODERATORS},                                         TANDEM__ENVELOPE__BODY_MODERATORS},
        {{.kind = ERRAND_ACTION,
          .question = 3,
          .item = 9,
          .step = step,
          .value = day,
          .reason = text,
          .other_item = 11},
         TANDEM__ENVELOPE__BODY_ACTION_STEP                                                                    },
        {{.kind = ERRAND_FLAG, .text = text, .person = who},                  TANDEM__ENVELOPE__BODY_RAISE_FLAG},
        {{.kind = ERRAND_FLAG_NOTE, .flag = 5, .text = text, .closed = true},
         TANDEM__ENVELOPE__BODY_NOTE_FLAG                                                                      },
        {{.kind = ERRAND_INBOX},                                              TANDEM__ENVELOPE__BODY_INBOX     },
        {{.kind = ERRAND_READERS},                                            TANDEM__ENVELOPE__BODY_READERS   },
    };
    struct line *l = begin();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Tandem__Envelope *m = ask(l, &rows[i].e);
        cr_assert_eq(m->body_case, rows[i].body, "row %zu", i);
        if (m->body_case == TANDEM__ENVELOPE__BODY_ACTION_STEP) {
            cr_assert_eq(m->action_step->question, 3u);
            cr_assert_eq(m->action_step->item, 9u);
            cr_assert_str_eq(m->action_step->step, "due");
            cr_assert_str_eq(m->action_step->value, day);
            cr_assert_str_eq(m->action_step->reason, text);
            cr_assert_eq(m->action_step->other_item, 11u);
        }
        if (m->body_case == TANDEM__ENVELOPE__BODY_MOVE_AUDIT)
            cr_assert_str_eq(m->move_audit->person, "Sue");
        if (m->body_case == TANDEM__ENVELOPE__BODY_RAISE_FLAG) {
            cr_assert_str_eq(m->raise_flag->told, "Sue");
            cr_assert_str_eq(m->raise_flag->text, text);
        }
        if (m->body_case == TANDEM__ENVELOPE__BODY_NOTE_FLAG)
            cr_assert(m->note_flag->closed && m->note_flag->flag == 5);
        free_sent(m);
    }
    end(l);
    CHECK_NO_LEAKS();
}
