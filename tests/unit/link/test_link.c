#include "client/link/link.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire.pb-c.h"
#include "tests/lib/fake_server.h"
#include "tests/lib/leaks.h"

/* Everybody shows what the server holds. */
static void assert_same(struct fake *f, const char *where)
{
    char *held = strdup(fake_text(f, where));
    for (size_t i = 0; i < f->npeers; i++)
        cr_assert_str_eq(peer_text(f->peers[i], where), held, "replica %zu differs", i);
    free(held);
}

static struct replica *rep(struct peer *p)
{
    return link_replica(p->link);
}

/* ---- the plain way ---- */

Test(link, what_is_typed_shows_at_once_and_is_saved_once_acknowledged)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO);
    fake_join(a, NULL, 0);
    cr_assert_eq(replica_status(rep(a)).saved, REPLICA_SAVED);
    peer_type(a, "C2", 0, "Visits were regular.");
    cr_assert_str_eq(peer_text(a, "C2"), "Visits were regular.");
    cr_assert_str_eq(fake_text(f, "C2"), "");
    struct replica_status s = replica_status(rep(a));
    cr_assert_eq(s.saved, REPLICA_UNSAVED);
    cr_assert_eq(s.pending_chars, 20);
    cr_assert_not(link_all_acknowledged(a->link));
    fake_run(f, 1000);
    cr_assert_str_eq(fake_text(f, "C2"), "Visits were regular.");
    cr_assert_eq(replica_status(rep(a)).saved, REPLICA_SAVED);
    cr_assert(link_all_acknowledged(a->link));
    cr_assert_eq(a->keeps, 0, "what is acknowledged at once does not touch the disk");
    fake_free(f);
    CHECK_NO_LEAKS();
}

Test(link, three_people_in_one_sentence_end_with_the_same_words)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO), *b = fake_peer(f, P_FSW);
    fake_join(a, NULL, 0);
    fake_join(b, NULL, 0);
    peer_type(a, "C2", 0, "The plan worked.");
    fake_run(f, 1000);
    peer_type(a, "C2", 4, "care ");
    peer_type(b, "C2", 15, " well");
    struct err_info why;
    cr_assert_eq(replica_delete(rep(b), peer_field(b, "C2"), 0, 4, &why), ERR_OK);
    fake_run(f, 1000);
    cr_assert_str_eq(fake_text(f, "C2"), "care plan worked well.");
    assert_same(f, "C2");
    fake_free(f);
    CHECK_NO_LEAKS();
}

Test(link, typing_within_the_window_travels_in_one_batch)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO);
    fake_join(a, NULL, 0);
    peer_type(a, "C2", 0, "a");
    fake_run(f, 1); /* the first leaves at once */
    cr_assert_eq(a->edits_seen, 1);
    for (int i = 0; i < 30; i++)
        peer_type(a, "C2", 1, "b");
    fake_run(f, 100);
    cr_assert_eq(a->edits_seen, 2);
    cr_assert_eq(strlen(fake_text(f, "C2")), 31);
    fake_free(f);
    CHECK_NO_LEAKS();
}

Test(link, a_very_long_answer_goes_in_several_batches)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO);
    fake_join(a, NULL, 0);
    enum { LEN = 200 * 1000 };
    char *words = malloc(LEN + 1);
    for (size_t i = 0; i < LEN; i++)
        words[i] = i % 7 == 6 ? ' ' : (char)('a' + i % 26);
    words[LEN] = '\0';
    peer_type(a, "C2", 0, words);
    fake_run(f, 1000);
    cr_assert_str_eq(fake_text(f, "C2"), words);
    cr_assert_gt(a->edits_seen, 3);
    struct err_info why;
    cr_assert_eq(replica_insert(rep(a), peer_field(a, "C2"), 0, words, LEN, &why), ERR_TOO_LARGE);
    cr_assert_eq(replica_replace(rep(a), peer_field(a, "C2"), "short", 5, &why), ERR_OK);
    fake_run(f, 1000);
    cr_assert_str_eq(fake_text(f, "C2"), "short");
    free(words);
    fake_free(f);
    CHECK_NO_LEAKS();
}

Test(link, a_choice_waits_for_the_one_before_it)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO);
    struct err_info why;
    fake_join(a, NULL, 0);
    struct field b2 = peer_field(a, "B2");
    cr_assert_eq(replica_set(rep(a), b2, "yes", &why), ERR_OK);
    f->hold_answers = true;
    fake_run(f, 10);
    cr_assert_eq(replica_set(rep(a), b2, "partly", &why), ERR_OK);
    bool pending;
    cr_assert_str_eq(replica_value(rep(a), b2, &pending).value, "partly");
    cr_assert(pending);
    fake_run(f, 10);
    f->hold_answers = false;
    fake_run(f, 1000);
    cr_assert_str_eq(audit_value(f->room->a, b2).value, "partly");
    cr_assert_str_eq(replica_value(rep(a), b2, &pending).value, "partly");
    cr_assert_not(pending);
    cr_assert_str_eq(a->news.len ? buf_cstr(&a->news) : "", "event\nevent\n", "no conflict");
    fake_free(f);
    CHECK_NO_LEAKS();
}

Test(link, a_choice_with_an_impossible_value_is_refused_here)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO);
    struct err_info why;
    fake_join(a, NULL, 0);
    cr_assert_eq(replica_set(rep(a), peer_field(a, "B2"), "maybe", &why), ERR_INPUT);
    cr_assert(strstr(why.text, "partly"), "says what is possible: %s", why.text);
    cr_assert(link_all_acknowledged(a->link));
    fake_free(f);
    CHECK_NO_LEAKS();
}

Test(link, items_texts_in_them_and_comments_arrive)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO), *b = fake_peer(f, P_FSW);
    struct err_info why;
    uint64_t item, comment;
    fake_join(a, NULL, 0);
    fake_join(b, NULL, 0);
    uint16_t l3 = peer_field(a, "L3").question;
    cr_assert_eq(replica_item_add(rep(a), l3, PART_ACTIONS, &item, &why), ERR_OK, "%s", why.text);
    struct field change = {l3, PART_CHANGE, item}, due = {l3, PART_DUE, item};
    cr_assert_eq(replica_insert(rep(a), change, 0, "Weekly call", 11, &why), ERR_OK);
    cr_assert_eq(replica_set(rep(a), due, "2027-01-05", &why), ERR_OK);
    cr_assert_eq(replica_comment(rep(a), change, true, 0, 6, true, "Every week?", &comment, &why),
                 ERR_OK);
    fake_run(f, 1000);
    cr_assert_str_eq(audit_value(replica_audit(rep(b)), due).value, "2027-01-05");
    const struct audit_comment *c = audit_comment_find(replica_audit(rep(b)), comment);
    cr_assert_not_null(c);
    cr_assert(c->on_words && c->must_answer);
    cr_assert_eq(replica_reply(rep(b), comment, "Yes.", &why), ERR_OK);
    fake_run(f, 1000);
    cr_assert_eq(replica_resolve(rep(a), comment, &why), ERR_OK, "who asked says it is answered");
    cr_assert_eq(replica_item_remove(rep(b), l3, PART_ACTIONS, item, &why), ERR_OK);
    fake_run(f, 1000);
    cr_assert_eq(audit_items(replica_audit(rep(a)), l3, PART_ACTIONS, NULL, 0), 0);
    cr_assert(audit_comment_find(f->room->a, comment)->resolved);
    fake_free(f);
    CHECK_NO_LEAKS();
}

Test(link, controls_are_refused_with_a_sentence_and_line_ends_become_one)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO);
    struct err_info why;
    fake_join(a, NULL, 0);
    cr_assert_eq(replica_insert(rep(a), peer_field(a, "C2"), 0, "a\x1b[2J", 5, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "U+001B"), "%s", why.text);
    cr_assert_str_eq(peer_text(a, "C2"), "");
    peer_type(a, "C2", 0, "one\r\ntwo\rthree");
    cr_assert_str_eq(peer_text(a, "C2"), "one\ntwo\nthree");
    fake_free(f);
    CHECK_NO_LEAKS();
}

Test(link, who_may_not_write_is_told_before_anything_is_sent)
{
    struct fake *f = fake_new();
    struct peer *iro = fake_peer(f, P_IRO);
    struct err_info why = {.text = ""};
    fake_join(iro, NULL, 0);
    cr_assert_eq(replica_insert(rep(iro), peer_field(iro, "C2"), 0, "x", 1, &why),
                 ERR_REFUSED_ROLE);
    cr_assert_neq(why.text[0], '\0');
    cr_assert(link_all_acknowledged(iro->link));
    peer_type(iro, "J3.words", 0, "I like it here");
    fake_run(f, 100);
    cr_assert_str_eq(fake_text(f, "J3.words"), "I like it here");
    fake_free(f);
    CHECK_NO_LEAKS();
}

/* ---- the line breaks ---- */

Test(link, typing_goes_on_without_a_line_and_merges_when_it_is_back)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO), *b = fake_peer(f, P_FSW);
    fake_join(a, NULL, 0);
    fake_join(b, NULL, 0);
    peer_type(a, "C2", 0, "Start. End.");
    fake_run(f, 1000);
    a->reachable = false;
    fake_cut(a);
    buf_clear(&a->news);
    peer_type(a, "C2", 7, "Mine. ");
    struct replica_status s = replica_status(rep(a));
    cr_assert_eq(s.saved, REPLICA_OFFLINE);
    cr_assert_eq(s.pending_chars, 6);
    peer_type(b, "C2", 7, "Theirs. ");
    struct err_info why;
    cr_assert_eq(replica_set(rep(b), peer_field(b, "B2"), "no", &why), ERR_OK);
    fake_run(f, 20 * 1000);
    cr_assert_gt(a->kept.len, 0, "typed without a line: in the recovery file");
    a->reachable = true;
    fake_run(f, 60 * 1000);
    assert_same(f, "C2");
    cr_assert_eq(replica_status(rep(a)).saved, REPLICA_SAVED);
    cr_assert_eq(a->kept.len, 0, "acknowledged: the recovery file is empty");
    cr_assert(strstr(buf_cstr(&a->news), "caught up: while you were offline: Ben Ode wrote 8 "
                                         "characters in C2, set 1 answer of B2"),
              "%s", buf_cstr(&a->news));
    fake_free(f);
    CHECK_NO_LEAKS();
}

Test(link, a_batch_lost_before_the_server_is_sent_again)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO);
    fake_join(a, NULL, 0);
    f->cut_before_edit = true;
    peer_type(a, "C2", 0, "once");
    fake_run(f, 60 * 1000);
    cr_assert_str_eq(fake_text(f, "C2"), "once");
    cr_assert_str_eq(peer_text(a, "C2"), "once");
    cr_assert(link_all_acknowledged(a->link));
    fake_free(f);
    CHECK_NO_LEAKS();
}

Test(link, a_batch_whose_acknowledgement_was_lost_is_not_doubled)
{
    for (int snapshot = 0; snapshot < 2; snapshot++) {
        struct fake *f = fake_new();
        struct peer *a = fake_peer(f, P_FRO);
        fake_join(a, NULL, 0);
        f->always_snapshot = snapshot;
        f->cut_after_edit = true;
        peer_type(a, "C2", 0, "once");
        fake_run(f, 5);
        peer_type(a, "C2", 4, " more");
        fake_run(f, 60 * 1000);
        cr_assert_str_eq(fake_text(f, "C2"), "once more");
        cr_assert_str_eq(peer_text(a, "C2"), "once more");
        cr_assert(link_all_acknowledged(a->link));
        fake_free(f);
    }
    CHECK_NO_LEAKS();
}

Test(link, a_snapshot_in_place_of_the_tail_keeps_what_is_pending)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO), *b = fake_peer(f, P_FSW);
    fake_join(a, NULL, 0);
    fake_join(b, NULL, 0);
    f->always_snapshot = true;
    a->reachable = false;
    fake_cut(a);
    peer_type(a, "C2", 0, "mine");
    peer_type(b, "C2", 0, "theirs ");
    fake_run(f, 1000);
    a->reachable = true;
    fake_run(f, 60 * 1000);
    assert_same(f, "C2");
    cr_assert_eq(strlen(fake_text(f, "C2")), 11);
    cr_assert(strstr(buf_cstr(&a->news), "Ben Ode wrote 7 characters in C2"));
    fake_free(f);
    CHECK_NO_LEAKS();
}

Test(link, another_agent_number_loses_no_words)
{
    for (int snapshot = 0; snapshot < 2; snapshot++) {
        struct fake *f = fake_new();
        struct peer *a = fake_peer(f, P_FRO), *b = fake_peer(f, P_FSW);
        struct err_info why;
        uint64_t item;
        fake_join(a, NULL, 0);
        fake_join(b, NULL, 0);
        peer_type(a, "C2", 0, "The plan worked.");
        fake_run(f, 1000);
        f->forget_agents = true;
        f->always_snapshot = snapshot;
        a->reachable = false;
        fake_cut(a);
        peer_type(a, "C2", 4, "care ");
        peer_type(a, "C2", 0, "Yes. ");
        cr_assert_eq(replica_delete(rep(a), peer_field(a, "C2"), 25, 26, &why), ERR_OK); /* . */
        uint16_t l3 = peer_field(a, "L3").question;
        cr_assert_eq(replica_item_add(rep(a), l3, PART_ACTIONS, &item, &why), ERR_OK);
        struct field change = {l3, PART_CHANGE, item};
        cr_assert_eq(replica_insert(rep(a), change, 0, "Call", 4, &why), ERR_OK);
        cr_assert_eq(replica_set(rep(a), (struct field){l3, PART_DUE, item}, "2027-01-05", &why),
                     ERR_OK);
        peer_type(b, "C2", 9, "always ");
        fake_run(f, 100);
        a->reachable = true;
        fake_run(f, 60 * 1000);
        cr_assert_str_eq(fake_text(f, "C2"), "Yes. The care plan always worked");
        assert_same(f, "C2");
        cr_assert_str_eq(fake_text(f, "L3[1].change"), "Call");
        cr_assert_str_eq(audit_value(f->room->a, peer_field(a, "L3[1].due")).value, "2027-01-05");
        cr_assert(link_all_acknowledged(a->link));
        fake_free(f);
    }
    CHECK_NO_LEAKS();
}

Test(link, a_silent_line_is_given_up_and_opened_again)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO);
    fake_join(a, NULL, 0);
    f->hold_answers = true; /* half open: nothing comes back */
    peer_type(a, "C2", 0, "still here");
    fake_run(f, 14 * 1000);
    cr_assert_neq(link_state(a->link), LINK_ONLINE);
    cr_assert_eq(replica_status(rep(a)).saved, REPLICA_OFFLINE);
    f->hold_answers = false;
    fake_run(f, 60 * 1000);
    cr_assert_eq(link_state(a->link), LINK_ONLINE);
    cr_assert_str_eq(fake_text(f, "C2"), "still here");
    fake_free(f);
    CHECK_NO_LEAKS();
}

Test(link, attempts_grow_apart_and_never_stop)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO);
    a->reachable = false;
    fake_run(f, 10 * 60 * 1000);
    cr_assert_eq(link_state(a->link), LINK_OFFLINE);
    cr_assert_eq(link_err(a->link), ERR_NET);
    int64_t wait = link_next_ms(a->link) - f->mono_ms;
    cr_assert_leq(wait, 20 * 1000);
    a->reachable = true;
    fake_run(f, 60 * 1000);
    cr_assert_eq(link_state(a->link), LINK_ONLINE);
    fake_free(f);
    CHECK_NO_LEAKS();
}

Test(link, a_certificate_that_is_refused_ends_it)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO);
    fake_join(a, NULL, 0);
    a->open = a->joined = false;
    link_line_closed(a->link, ERR_NOT_AUTHENTICATED, "Your certificate was revoked.");
    fake_run(f, 60 * 1000);
    cr_assert_eq(link_state(a->link), LINK_ENDED);
    cr_assert_str_eq(link_why(a->link), "Your certificate was revoked.");
    fake_free(f);
    CHECK_NO_LEAKS();
}

Test(link, an_audit_that_may_not_be_seen_is_not_asked_for_again)
{
    struct fake *f = fake_new();
    struct peer *x = fake_peer(f, P_STRANGER);
    cr_assert_eq(link_join(x->link, "TST-2026-0009", false, NULL, 0, NULL, NULL), ERR_OK);
    fake_run(f, 60 * 1000);
    cr_assert_eq(link_state(x->link), LINK_ONLINE);
    cr_assert_null(replica_audit(rep(x)));
    cr_assert_not(link_in_room(x->link));
    fake_free(f);
    CHECK_NO_LEAKS();
}

/* ---- refusals ---- */

Test(link, a_choice_that_met_another_shows_theirs)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO), *b = fake_peer(f, P_FSW);
    struct err_info why;
    fake_join(a, NULL, 0);
    fake_join(b, NULL, 0);
    struct field b2 = peer_field(a, "B2");
    f->hold_answers = true;
    cr_assert_eq(replica_set(rep(a), b2, "yes", &why), ERR_OK);
    cr_assert_eq(replica_set(rep(b), b2, "no", &why), ERR_OK);
    peer_type(b, "C2", 0, "in the same batch");
    fake_run(f, 10);
    buf_clear(&b->news);
    f->hold_answers = false;
    fake_run(f, 1000);
    bool pending;
    cr_assert_str_eq(replica_value(rep(b), b2, &pending).value, "yes");
    cr_assert_not(pending);
    cr_assert(strstr(buf_cstr(&b->news), "[theirs yes] [kept no]"), "%s", buf_cstr(&b->news));
    cr_assert_str_eq(fake_text(f, "C2"), "in the same batch", "the words beside it are stored");
    cr_assert(link_all_acknowledged(b->link));
    fake_free(f);
    CHECK_NO_LEAKS();
}

Test(link, words_that_a_state_change_refuses_are_kept_and_the_screen_shows_the_truth)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO);
    fake_join(a, NULL, 0);
    peer_type(a, "C2", 0, "Stored. ");
    fake_run(f, 1000);
    f->hold_answers = true;
    peer_type(a, "C2", 8, "Too late.");
    fake_run(f, 10);
    peer_type(a, "C5", 0, "Also late.");
    cr_assert_eq(room_move(f->room, AUDIT_CLOSED), ERR_OK);
    f->hold_answers = false;
    fake_run(f, 5 * 1000);
    cr_assert_str_eq(peer_text(a, "C2"), "Stored. ");
    cr_assert_str_eq(peer_text(a, "C5"), "");
    cr_assert_eq(replica_kept_count(rep(a)), 2);
    cr_assert_str_eq(replica_kept_at(rep(a), 0).words, "Too late.");
    cr_assert_str_eq(replica_kept_at(rep(a), 1).words, "Also late.");
    cr_assert_str_eq(replica_kept_at(rep(a), 1).where, "C5");
    struct replica *left;
    struct err_info why;
    cr_assert_eq(replica_of_recovery("TST-2026-0001", a->kept.data, a->kept.len, &left, &why),
                 ERR_OK, "%s", why.text);
    cr_assert_eq(replica_kept_count(left), 2);
    cr_assert_str_eq(replica_kept_at(left, 0).where, "C2");
    cr_assert_str_eq(replica_kept_at(left, 0).words, "Too late.");
    replica_free(left);
    cr_assert(strstr(buf_cstr(&a->news), "[kept Too late.]"), "%s", buf_cstr(&a->news));
    cr_assert_gt(a->kept.len, 0, "and in the recovery file");
    cr_assert_eq(replica_status(rep(a)).saved, REPLICA_READ_ONLY);
    replica_kept_forget(rep(a), 0);
    replica_kept_forget(rep(a), 0);
    fake_run(f, 1000);
    cr_assert_eq(a->kept.len, 0);
    fake_free(f);
    CHECK_NO_LEAKS();
}

Test(link, what_follows_a_refused_batch_still_arrives_under_its_number)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO);
    fake_join(a, NULL, 0);
    f->hold_answers = true;
    f->refuse_next = ERR_TOO_LARGE;
    peer_type(a, "C2", 0, "no");
    fake_run(f, 10);
    peer_type(a, "C5", 0, "yes"); /* on its way when the first is refused */
    fake_run(f, 10);
    f->hold_answers = false;
    fake_run(f, 5 * 1000);
    cr_assert_str_eq(fake_text(f, "C2"), "");
    cr_assert_str_eq(peer_text(a, "C2"), "");
    cr_assert_str_eq(fake_text(f, "C5"), "yes");
    cr_assert_eq(replica_kept_count(rep(a)), 1);
    peer_type(a, "C2", 0, "again"); /* the answer can be written in again */
    fake_run(f, 1000);
    cr_assert_str_eq(fake_text(f, "C2"), "again");
    fake_free(f);
    CHECK_NO_LEAKS();
}

Test(link, a_full_disk_is_not_a_refusal)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO);
    fake_join(a, NULL, 0);
    f->refuse_next = ERR_STORE;
    peer_type(a, "C2", 0, "words");
    fake_run(f, 100);
    cr_assert_eq(replica_status(rep(a)).pending_chars, 5, "still waiting");
    fake_run(f, 5 * 1000);
    cr_assert_str_eq(fake_text(f, "C2"), "words");
    cr_assert_eq(replica_kept_count(rep(a)), 0);
    fake_free(f);
    CHECK_NO_LEAKS();
}

struct told {
    int times;
    enum err e;
};

static void note_answer(void *user, enum err e, const char *text,
                        const struct Tandem__Envelope *answer)
{
    struct told *t = user;
    (void)text, (void)answer;
    t->times++;
    t->e = e;
}

/* Why an edit could not be stored is no answer to what was asked by name afterwards. */
Test(link, a_break_after_a_full_disk_leaves_requests_without_an_answer)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO);
    fake_join(a, NULL, 0);
    f->refuse_next = ERR_FULL;
    peer_type(a, "C2", 0, "words");
    fake_run(f, 100);
    cr_assert_eq(link_err(a->link), ERR_FULL, "this is what the test is about");
    struct told told = {0};
    Tandem__ListPeople list = TANDEM__LIST_PEOPLE__INIT;
    Tandem__Envelope ask = TANDEM__ENVELOPE__INIT;
    ask.body_case = TANDEM__ENVELOPE__BODY_LIST_PEOPLE;
    ask.list_people = &list;
    cr_assert_eq(link_request(a->link, &ask, note_answer, &told), ERR_OK);
    fake_cut(a);
    cr_assert_eq(told.times, 1);
    cr_assert_eq(told.e, ERR_NET);
    fake_free(f);
    CHECK_NO_LEAKS();
}

/* ---- recovery ---- */

Test(link, another_run_of_the_program_gives_the_words_back)
{
    for (int way = 0; way < 4; way++) { /* with or without the agent; sent before, or not */
        struct fake *f = fake_new();
        struct peer *a = fake_peer(f, P_FRO), *b = fake_peer(f, P_FSW);
        fake_join(a, NULL, 0);
        fake_join(b, NULL, 0);
        peer_type(a, "C2", 0, "Start.");
        fake_run(f, 1000);
        if (way & 2)
            f->cut_after_edit = true; /* the server has the first words already */
        else
            fake_cut(a);
        a->reachable = false;
        peer_type(a, "C2", 6, " One.");
        fake_run(f, 3);
        peer_type(a, "C2", 11, " Two.");
        fake_run(f, 2000);
        struct buf kept = BUF_INIT;
        buf_append(&kept, a->kept.data, a->kept.len);
        cr_assert_gt(kept.len, 0);
        fake_restart(a);
        a->reachable = true;
        f->forget_agents = way & 1;
        peer_type(b, "C2", 0, "Theirs. ");
        fake_join(a, kept.data, kept.len);
        fake_run(f, 60 * 1000);
        cr_assert_str_eq(fake_text(f, "C2"), "Theirs. Start. One. Two.", "way %d", way);
        assert_same(f, "C2");
        cr_assert_eq(a->kept.len, 0);
        buf_free(&kept);
        fake_free(f);
    }
    CHECK_NO_LEAKS();
}

Test(link, a_recovery_of_another_audit_or_damaged_is_refused)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO);
    fake_join(a, NULL, 0);
    fake_cut(a);
    a->reachable = false;
    peer_type(a, "C2", 0, "words to be damaged");
    fake_run(f, 2000);
    struct buf kept = BUF_INIT;
    buf_append(&kept, a->kept.data, a->kept.len);
    fake_restart(a);
    for (size_t cut = 0; cut < kept.len; cut++)
        if (cut)
            cr_assert_eq(link_join(a->link, "TST-2026-0001", false, kept.data, cut, NULL, NULL),
                         ERR_INPUT);
    cr_assert_eq(link_join(a->link, "TST-2026-0002", false, kept.data, kept.len, NULL, NULL),
                 ERR_INPUT);
    cr_assert_eq(link_join(a->link, "TST-2026-0001", false, kept.data, kept.len, NULL, NULL),
                 ERR_OK);
    buf_free(&kept);
    fake_free(f);
    CHECK_NO_LEAKS();
}

/* ---- undo ---- */

Test(link, undo_takes_back_my_steps_only_sent_or_not)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO), *b = fake_peer(f, P_FSW);
    struct err_info why;
    size_t at;
    fake_join(a, NULL, 0);
    fake_join(b, NULL, 0);
    struct field c2 = peer_field(a, "C2");
    peer_type(a, "C2", 0, "one ");
    replica_undo_boundary(rep(a));
    fake_run(f, 1000);
    peer_type(b, "C2", 4, "two ");
    fake_run(f, 1000);
    peer_type(a, "C2", 8, "three");
    peer_type(a, "C2", 13, "!");
    cr_assert_eq(replica_undo(rep(a), c2, &at, &why), ERR_OK);
    cr_assert_str_eq(peer_text(a, "C2"), "one two ");
    cr_assert_eq(replica_undo(rep(a), c2, &at, &why), ERR_OK);
    cr_assert_str_eq(peer_text(a, "C2"), "two ");
    cr_assert_eq(replica_undo(rep(a), c2, &at, &why), ERR_NOT_FOUND);
    cr_assert_eq(replica_redo(rep(a), c2, &at, &why), ERR_OK);
    cr_assert_eq(replica_redo(rep(a), c2, &at, &why), ERR_OK);
    cr_assert_str_eq(peer_text(a, "C2"), "one two three!");
    cr_assert_eq(replica_redo(rep(a), c2, &at, &why), ERR_NOT_FOUND);
    fake_run(f, 1000);
    assert_same(f, "C2");
    fake_free(f);
    CHECK_NO_LEAKS();
}

/* ---- who is where ---- */

Test(link, a_cursor_is_told_and_typing_moves_it_without_a_message)
{
    struct fake *f = fake_new();
    struct peer *a = fake_peer(f, P_FRO), *b = fake_peer(f, P_FSW);
    fake_join(a, NULL, 0);
    fake_join(b, NULL, 0);
    struct field c2 = peer_field(a, "C2");
    peer_type(a, "C2", 0, "Some words");
    replica_set_cursor(rep(a), c2, 4, 4);
    fake_run(f, 1000);
    cr_assert_eq(a->presence_seen, 1);
    cr_assert_eq(replica_present_count(rep(b)), 2);
    struct replica_present p = replica_present_at(rep(b), 0);
    p = p.me ? replica_present_at(rep(b), 1) : p;
    size_t at;
    const struct text *t = audit_text(replica_audit(rep(b)), c2);
    cr_assert_eq(p.person, P_FRO);
    cr_assert_str_eq(p.name, "Ana Flint");
    cr_assert(field_equal(p.field, c2) && p.has_cursor);
    cr_assert_eq(text_anchor_pos(t, p.head, &at), ERR_OK);
    cr_assert_eq(at, 4);
    peer_type(a, "C2", 4, " more");
    replica_set_cursor(rep(a), c2, 9, 9);
    fake_run(f, 500);
    cr_assert_eq(a->presence_seen, 1, "typing moves it");
    p = replica_present_at(rep(b), replica_present_at(rep(b), 0).me ? 1 : 0);
    cr_assert_eq(text_anchor_pos(t, p.head, &at), ERR_OK);
    cr_assert_eq(at, 9);
    fake_cut(a);
    a->reachable = false;
    fake_run(f, 10);
    cr_assert_eq(replica_present_count(rep(b)), 1);
    cr_assert(strstr(buf_cstr(&b->news), "went: Ana Flint has left"));
    cr_assert_str_eq(replica_initials(rep(b), P_FRO), "AF");
    fake_free(f);
    CHECK_NO_LEAKS();
}
