#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/audit_make.h"
#include "tests/lib/leaks.h"

#define OK(call) cr_assert_eq((call), ERR_OK, "%s: %s", #call, r->why.text)
#define REFUSED(call, code)                                                                        \
    do {                                                                                           \
        uint64_t seq_before = audit_seq(r->a);                                                     \
        enum err got_ = (call);                                                                    \
        cr_assert_eq(got_, code, "%s: %s (%s)", #call, err_name(got_), r->why.text);               \
        cr_assert_eq(audit_seq(r->a), seq_before);                                                 \
        cr_assert(*r->why.text);                                                                   \
    } while (0)

static const char *value(const struct room *r, const char *where)
{
    return audit_value(r->a, room_field(r, where)).value;
}

/* ---- creation, members, moves ---- */

Test(audit_fold, creation_says_what_the_audit_is_about)
{
    struct room *r = room_new();
    struct audit_info i = audit_info(r->a);
    cr_assert_str_eq(i.ref, "TST-2026-0001");
    cr_assert_str_eq(i.team, "North");
    cr_assert_str_eq(i.carer_ref, "CA-77");
    cr_assert_eq(i.nchild_refs, 2);
    cr_assert_str_eq(i.child_refs[1], "CH-2");
    cr_assert_str_eq(i.period_from, "2026-01-01");
    cr_assert_str_eq(i.period_to, "2026-12-31");
    cr_assert_eq(i.state, AUDIT_IN_PROGRESS);
    cr_assert_eq(i.created_by, P_FRO);
    cr_assert_eq(i.created_utc_ms, r->utc_ms);
    cr_assert_eq(audit_member_count(r->a), 5);
    cr_assert_eq(audit_member_find(r->a, P_CSW)->role, ROLE_CSW);
    cr_assert_str_eq(audit_member_find(r->a, P_CSW)->sections, "B");
    cr_assert_null(audit_member_find(r->a, P_QA));
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fold, creation_answers_the_questions_that_ask_for_the_same)
{
    struct room *r = room_new();
    cr_assert_str_eq(value(r, "A2.carer_ref"), "CA-77");
    cr_assert_str_eq(value(r, "A2.child_refs"), "CH-1, CH-2");
    cr_assert_str_eq(value(r, "A3.period_from"), "2026-01-01");
    cr_assert_str_eq(value(r, "A3.period_to"), "2026-12-31");
    OK(room_set(r, P_FRO, "A2.carer_ref", "CA-78"));
    cr_assert_str_eq(value(r, "A2.carer_ref"), "CA-78");
    cr_assert_str_eq(audit_info(r->a).carer_ref, "CA-77");
    room_free(r);
    CHECK_NO_LEAKS();
}

static struct audit_op creation(void)
{
    return (struct audit_op){
        .kind = OP_CREATE,
        .create = {.ref = "TST-1",
                   .template_id = "TST",
                   .template_version = 1,
                   .team = "",
                   .carer_ref = "C",
                   .period_from = "2026-01-01",
                   .period_to = "2026-01-01",
                   .state = AUDIT_PLANNED}
    };
}

static enum err check_creation(const struct template *t, const struct audit_op *op,
                               struct err_info *why)
{
    struct audit *a = audit_new(t);
    struct event_body b = {.ops = (struct audit_op *)(uintptr_t)op, .nops = 1};
    enum err e = audit_check(a, audit_make_viewer(P_FRO), &b, why, NULL);
    if (!e) {
        struct event ev = {.seq = 1, .utc_ms = 1, .actor = P_FRO, .body = b};
        e = audit_apply(a, &ev);
    }
    audit_free(a);
    return e;
}

/* What is about a child asks for the child (the question that is used for it); the rest for a
 * carer. */
Test(audit_fold, a_record_is_about_a_carer_or_where_it_asks_for_one_a_child)
{
    const struct template *t = audit_make_template();
    struct question *questions = calloc(t->nquestions, sizeof *questions);
    struct template of_child = *t;
    struct err_info why = {0};
    const char *child = "CH-1";
    struct audit_op op = creation();
    memcpy(questions, t->questions, t->nquestions * sizeof *questions);
    of_child.questions = questions;
    questions[template_question_find(t, "A2")->number - 1].use = (char *)(uintptr_t) "child";
    op.create.carer_ref = "";
    op.create.child_refs = &child;
    op.create.nchild_refs = 1;
    cr_assert_eq(check_creation(t, &op, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "carer"), "%s", why.text);
    cr_assert_eq(check_creation(&of_child, &op, &why), ERR_OK, "%s", why.text);
    op.create.nchild_refs = 0;
    cr_assert_eq(check_creation(&of_child, &op, &why), ERR_INPUT, "nobody at all");
    cr_assert(strstr(why.text, "child"), "%s", why.text);
    op.create.carer_ref = "CA-77";
    cr_assert_eq(check_creation(&of_child, &op, &why), ERR_OK, "%s", why.text);
    free(questions);
    CHECK_NO_LEAKS();
}

Test(audit_fold, what_creation_leaves_open_stays_unanswered)
{
    struct audit *a = audit_new(audit_make_template());
    struct audit_op op = creation();
    struct event ev = {
        .seq = 1, .utc_ms = 1, .actor = P_FRO, .body = {.ops = &op, .nops = 1}
    };
    cr_assert_eq(audit_apply(a, &ev), ERR_OK);
    cr_assert_eq(audit_value(a, (struct field){2, PART_CHILD_REFS, 0}).rev, 0);
    cr_assert_eq(audit_value(a, (struct field){2, PART_CARER_REF, 0}).rev, 1);
    audit_free(a);
    CHECK_NO_LEAKS();
}

static enum err check_first(struct audit_op *ops, size_t nops)
{
    struct audit *a = audit_new(audit_make_template());
    struct event_body b = {.ops = ops, .nops = nops};
    struct err_info why = {0};
    enum err e = audit_check(a, audit_make_viewer(P_FRO), &b, &why, NULL);
    cr_assert_eq(e == ERR_OK, why.code == ERR_OK);
    audit_free(a);
    return e;
}

Test(audit_fold, creation_is_checked)
{
    struct audit_op op = creation();
    cr_assert_eq(check_first(&op, 1), ERR_OK);
    op.create.ref = "";
    cr_assert_eq(check_first(&op, 1), ERR_INPUT);
    op = creation();
    op.create.template_version = 2;
    cr_assert_eq(check_first(&op, 1), ERR_INPUT);
    op = creation();
    op.create.template_id = "FCA";
    cr_assert_eq(check_first(&op, 1), ERR_INPUT);
    op = creation();
    op.create.carer_ref = "";
    cr_assert_eq(check_first(&op, 1), ERR_INPUT);
    op = creation();
    op.create.period_to = "2025-12-31";
    cr_assert_eq(check_first(&op, 1), ERR_INPUT);
    op = creation();
    op.create.period_to = "soon";
    cr_assert_eq(check_first(&op, 1), ERR_INPUT);
    op = creation();
    op.create.state = (enum audit_state)99;
    cr_assert_eq(check_first(&op, 1), ERR_INPUT);
    op = creation();
    op.create.team = "a team whose name is far longer than 31";
    cr_assert_eq(check_first(&op, 1), ERR_TOO_LARGE);
    struct audit_op member = {
        .kind = OP_MEMBER_ADD, .member = {1, ROLE_FRO, ""}
    };
    cr_assert_eq(check_first(&member, 1), ERR_INPUT, "the first event creates");
    struct audit_op both[] = {member, creation()};
    cr_assert_eq(check_first(both, 2), ERR_INPUT, "the first operation creates");
    cr_assert_eq(check_first(NULL, 0), ERR_INPUT, "an empty batch");
    CHECK_NO_LEAKS();
}

Test(audit_fold, an_audit_is_created_once)
{
    struct room *r = room_new();
    struct audit_op op = creation();
    REFUSED(room_do(r, 0, &op, 1), ERR_INPUT);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fold, members_come_change_and_go)
{
    struct room *r = room_new();
    OK(room_member(r, P_QA, ROLE_QA, ""));
    cr_assert_eq(audit_member_find(r->a, P_QA)->role, ROLE_QA);
    OK(room_member(r, P_CSW, ROLE_CSW, "B,C"));
    cr_assert_str_eq(audit_member_find(r->a, P_CSW)->sections, "B,C");
    cr_assert_eq(audit_member_count(r->a), 6);
    OK(room_member(r, P_CSW, ROLE_NONE, ""));
    cr_assert_null(audit_member_find(r->a, P_CSW));
    REFUSED(room_member(r, P_CSW, ROLE_NONE, ""), ERR_NOT_FOUND);
    REFUSED(room_member(r, 0, ROLE_FSW, ""), ERR_INPUT);
    REFUSED(room_member(r, P_SM, ROLE_ADMIN, ""), ERR_INPUT);
    REFUSED(room_member(r, P_SM, ROLE_BOARD, ""), ERR_INPUT);
    REFUSED(room_member(r, P_SM, (enum role)77, ""), ERR_INPUT);
    REFUSED(room_member(r, P_SM, ROLE_CSW, "B,Z"), ERR_INPUT);
    REFUSED(room_member(r, P_SM, ROLE_CSW, "B,"), ERR_INPUT);
    REFUSED(room_member(r, P_SM, ROLE_FSW, "B"), ERR_INPUT);
    for (uint32_t p = 100; audit_member_count(r->a) < 64; p++)
        OK(room_member(r, p, ROLE_PANEL, ""));
    REFUSED(room_member(r, 999, ROLE_PANEL, ""), ERR_TOO_LARGE);
    OK(room_member(r, 100, ROLE_SSL, ""));
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fold, the_state_moves_to_another_state)
{
    struct room *r = room_new();
    OK(room_move(r, AUDIT_AGREED));
    cr_assert_eq(audit_info(r->a).state, AUDIT_AGREED);
    REFUSED(room_move(r, AUDIT_AGREED), ERR_REFUSED_STATE);
    REFUSED(room_move(r, (enum audit_state)0), ERR_INPUT);
    REFUSED(room_move(r, (enum audit_state)14), ERR_INPUT);
    struct audit_op twice[] = {
        {.kind = OP_MOVE, .move = {AUDIT_SUBMITTED, ""} },
        {.kind = OP_MOVE, .move = {AUDIT_MODERATING, ""}}
    };
    OK(room_do(r, 0, twice, 2)); /* one may follow from another at once */
    cr_assert_eq(audit_info(r->a).state, AUDIT_MODERATING);
    cr_assert_eq(audit_move_count(r->a), 3);
    cr_assert_eq(audit_move_at(r->a, 2)->from, AUDIT_SUBMITTED);
    cr_assert_eq(audit_move_at(r->a, 2)->seq, audit_move_at(r->a, 1)->seq);
    twice[0].move.to = twice[1].move.to = AUDIT_RETURNED;
    REFUSED(room_do(r, 0, twice, 2), ERR_REFUSED_STATE);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fold, people_do_not_do_what_the_server_does_nor_the_reverse)
{
    struct room *r = room_new();
    struct audit_op server[] = {
        creation(),
        {.kind = OP_MEMBER_ADD,    .member = {P_STRANGER, ROLE_FRO, ""}},
        {.kind = OP_MEMBER_REMOVE, .member = {P_FSW, ROLE_NONE, ""}    },
        {.kind = OP_MOVE,          .move = {AUDIT_CLOSED, ""}          },
    };
    for (size_t i = 0; i < 4; i++)
        REFUSED(room_do(r, P_FRO, &server[i], 1), ERR_INPUT);
    struct audit_op text = {
        .kind = OP_TEXT, .text = {room_field(r, "C2"), (const uint8_t *)"\x20\x01x", 3}
    };
    REFUSED(room_do(r, 0, &text, 1), ERR_INPUT);
    struct audit_op item = {
        .kind = OP_ITEM_ADD, .item = {{21, PART_ACTIONS, 1}, 0}
    };
    REFUSED(room_do(r, 0, &item, 1), ERR_INPUT);
    struct audit_op held = {.kind = OP_HELD};
    REFUSED(room_do(r, P_FRO, &held, 1), ERR_INPUT);
    REFUSED(room_do(r, 0, &held, 1), ERR_INPUT);
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- batches ---- */

Test(audit_fold, batches_are_numbered_without_gaps_and_known_again)
{
    struct room *r = room_new();
    OK(room_set(r, P_FRO, "B2", "yes"));
    OK(room_set(r, P_FRO, "B3", "7"));
    cr_assert_eq(audit_batch_no(r->a, P_FRO), 2);
    cr_assert_eq(audit_batch_seq(r->a, P_FRO), 3);
    r->batch_no[P_FRO] = 0; /* sends batch 1 again */
    REFUSED(room_set(r, P_FRO, "B2", "yes"), ERR_EXISTS);
    r->batch_no[P_FRO] = 1; /* and 2 */
    REFUSED(room_set(r, P_FRO, "B3", "7"), ERR_EXISTS);
    r->batch_no[P_FRO] = 3;
    REFUSED(room_set(r, P_FRO, "B3", "8"), ERR_INPUT);
    r->batch_no[P_FRO] = 2;
    OK(room_set(r, P_FRO, "B3", "8"));
    r->batch_no[P_FSW] = 1; /* a stranger starts at 1 */
    REFUSED(room_set(r, P_FSW, "B3", "9"), ERR_INPUT);
    r->batch_no[P_FSW] = UINT64_MAX; /* wraps to 0 */
    REFUSED(room_set(r, P_FSW, "B3", "9"), ERR_INPUT);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fold, an_agent_belongs_to_the_person_who_wrote_first_with_it)
{
    struct room *r = room_new();
    OK(room_set(r, P_FRO, "B2", "yes"));
    cr_assert_eq(audit_agent_person(r->a, P_FRO), P_FRO);
    cr_assert_eq(audit_agent_person(r->a, P_FSW), 0);
    cr_assert_eq(audit_max_agent(r->a), P_FRO);
    cr_assert_eq(audit_agent_count(r->a), 1, "however large its number is");
    cr_assert_eq(audit_agent_person_at(r->a, 0), P_FRO);
    struct audit_op op = {
        .kind = OP_SET, .set = {room_field(r, "B3"), "7", 0}
    };
    struct event_body b = {.agent = P_FRO, .batch_no = 2, .ops = &op, .nops = 1};
    cr_assert_eq(audit_check(r->a, audit_make_viewer(P_FRO), &b, NULL, NULL), ERR_OK);
    cr_assert_eq(audit_check(r->a, audit_make_viewer(P_FSW), &b, NULL, NULL), ERR_INPUT);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fold, a_refused_batch_changes_nothing_at_all)
{
    struct room *r = room_new();
    struct buf before = BUF_INIT, after = BUF_INIT;
    audit_encode(r->a, NULL, &before);
    struct audit_op ops[] = {
        {.kind = OP_SET,      .set = {room_field(r, "B2"), "yes", 0}                             },
        {.kind = OP_ITEM_ADD,
         .item = {{room_field(r, "L3.actions").question, PART_ACTIONS, event_local_id(P_FRO, 1)}}},
        {.kind = OP_SET,      .set = {room_field(r, "B3"), "11", 0}                              },
    };
    REFUSED(room_do(r, P_FRO, ops, 3), ERR_INPUT);
    audit_encode(r->a, NULL, &after);
    cr_assert_eq(before.len, after.len);
    cr_assert_eq(memcmp(before.data, after.data, before.len), 0);
    buf_free(&before);
    buf_free(&after);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fold, a_batch_changes_a_field_once)
{
    struct room *r = room_new();
    struct audit_op sets[] = {
        {.kind = OP_SET, .set = {room_field(r, "B2"), "yes", 0}},
        {.kind = OP_SET, .set = {room_field(r, "B2"), "no", 0} }
    };
    REFUSED(room_do(r, P_FRO, sets, 2), ERR_INPUT);
    struct text *mine = text_new();
    struct buf x = BUF_INIT, y = BUF_INIT;
    cr_assert_eq(text_insert(mine, P_FRO, 0, "x", 1, &x), ERR_OK);
    cr_assert_eq(text_insert(mine, P_FRO, 1, "y", 1, &y), ERR_OK);
    struct audit_op texts[] = {
        {.kind = OP_TEXT, .text = {room_field(r, "C2"), x.data, x.len}},
        {.kind = OP_TEXT, .text = {room_field(r, "C2"), y.data, y.len}},
    };
    REFUSED(room_do(r, P_FRO, texts, 2), ERR_INPUT);
    OK(room_do(r, P_FRO, texts, 1));
    OK(room_do(r, P_FRO, texts + 1, 1));
    buf_free(&x);
    buf_free(&y);
    text_free(mine);
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- values ---- */

Test(audit_fold, a_value_says_who_set_it_when_and_in_which_event)
{
    struct room *r = room_new();
    OK(room_set(r, P_FSW, "B2", "partly"));
    struct audit_value v = audit_value(r->a, room_field(r, "B2"));
    cr_assert_str_eq(v.value, "partly");
    cr_assert_eq(v.rev, 2);
    cr_assert_eq(v.by, P_FSW);
    cr_assert_eq(v.utc_ms, r->utc_ms);
    OK(room_set(r, P_FRO, "B2", ""));
    v = audit_value(r->a, room_field(r, "B2"));
    cr_assert_str_eq(v.value, "");
    cr_assert_eq(v.rev, 3);
    cr_assert_eq(audit_value(r->a, room_field(r, "B3")).rev, 0);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fold, a_stale_set_is_refused_and_shows_the_other_value)
{
    struct room *r = room_new();
    OK(room_set(r, P_FSW, "B1.grade_practitioner", "good"));
    OK(room_set(r, P_FRO, "B1", "good"));
    struct audit_op op = {
        .kind = OP_SET, .set = {room_field(r, "B1"), "inadequate", 0}
    };
    REFUSED(room_do(r, P_FRO, &op, 1), ERR_STALE);
    cr_assert(field_equal(r->conflict.field, op.set.field));
    cr_assert_str_eq(r->conflict.value, "good");
    cr_assert_eq(r->conflict.rev, 3);
    cr_assert_eq(r->conflict.by, P_FRO);
    cr_assert(strstr(r->why.text, "B1") && strstr(r->why.text, "good"), "%s", r->why.text);
    op.set.base_rev = 4; /* from the future */
    REFUSED(room_do(r, P_FRO, &op, 1), ERR_STALE);
    op.set.base_rev = 3;
    OK(room_do(r, P_FRO, &op, 1));
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fold, values_are_checked)
{
    struct room *r = room_new();
    REFUSED(room_set(r, P_FRO, "B1", "excellent"), ERR_INPUT);
    REFUSED(room_set(r, P_FRO, "B2", "maybe"), ERR_INPUT);
    REFUSED(room_set(r, P_FRO, "B2.date", "yesterday"), ERR_INPUT);
    REFUSED(room_set(r, P_FRO, "B3", "11"), ERR_INPUT);
    REFUSED(room_set(r, P_FRO, "B4", "many"), ERR_INPUT);
    REFUSED(room_set(r, P_FRO, "B5", "other"), ERR_INPUT);
    REFUSED(room_set(r, P_FRO, "C2", "a text is not set"), ERR_INPUT);
    REFUSED(room_set(r, P_FRO, "L3.actions", "a list is not set"), ERR_INPUT);
    struct audit_op op = {
        .kind = OP_SET, .set = {{99, PART_YNP, 0}, "yes", 0}
    };
    REFUSED(room_do(r, P_FRO, &op, 1), ERR_INPUT);
    op.set.field = (struct field){6, PART_SCALE, 0};
    REFUSED(room_do(r, P_FRO, &op, 1), ERR_INPUT);
    op.set.field = (struct field){10, PART_CHECK, 4};
    op.set.value = "met";
    REFUSED(room_do(r, P_FRO, &op, 1), ERR_INPUT);
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- texts ---- */

Test(audit_fold, several_people_write_one_text)
{
    struct room *r = room_new();
    struct buf out = BUF_INIT;
    OK(room_type(r, P_FRO, "C2", "The plan "));
    OK(room_type(r, P_FSW, "C2", "is clear."));
    cr_assert_str_eq(room_text(r->a, room_field(r, "C2"), &out), "The plan is clear.");
    cr_assert_null(audit_text(r->a, room_field(r, "B1.rationale")));
    buf_free(&out);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fold, texts_are_checked)
{
    struct room *r = room_new();
    struct audit_op op = {
        .kind = OP_TEXT, .text = {room_field(r, "C2"), (const uint8_t *)"\xff\xff", 2}
    };
    REFUSED(room_do(r, P_FRO, &op, 1), ERR_INPUT);
    cr_assert_null(audit_text(r->a, room_field(r, "C2")));
    REFUSED(room_type(r, P_FRO, "C2", "a bell \x07"), ERR_INPUT);
    struct text *mine = text_new();
    struct buf blob = BUF_INIT;
    cr_assert_eq(text_insert(mine, P_FRO, 0, "x", 1, &blob), ERR_OK);
    op.text = (struct op_text){room_field(r, "B2"), blob.data, blob.len};
    REFUSED(room_do(r, P_FRO, &op, 1), ERR_INPUT); /* yes or no is no text */
    op.text.field = room_field(r, "C2");
    OK(room_do(r, P_FRO, &op, 1));
    REFUSED(room_do(r, P_FRO, &op, 1), ERR_INPUT); /* the same characters in a new batch */
    text_free(mine);
    buf_free(&blob);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fold, a_text_has_a_limit_in_characters, .timeout = 60)
{
    enum { PIECE = 16 * 1024, PIECES = 16 }; /* 256 Ki in all, three bytes each */
    static char words[3 * PIECE + 1];
    struct room *r = room_new();
    for (size_t i = 0; i < 3 * PIECE; i++)
        words[i] = "\xe2\x82\xac"[i % 3];
    for (int i = 0; i < PIECES - 1; i++)
        OK(room_type(r, P_FRO, "C2", words));
    cr_assert_eq(room_type(r, P_FRO, "C2", words + 3), ERR_OK);
    OK(room_type(r, P_FSW, "C2", "x"));
    cr_assert_eq(text_len_cp(audit_text(r->a, room_field(r, "C2"))), AUDIT_MAX_TEXT_CP);
    REFUSED(room_type(r, P_FSW, "C2", "x"), ERR_TOO_LARGE);
    OK(room_type(r, P_FSW, "B1.rationale", "x"));
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- lists ---- */

Test(audit_fold, a_batch_may_add_an_item_and_fill_it)
{
    struct room *r = room_new();
    struct field list = room_field(r, "L3.actions");
    uint64_t id = event_local_id(P_FSW, 5);
    struct text *mine = text_new();
    struct buf blob = BUF_INIT, out = BUF_INIT;
    cr_assert_eq(text_insert(mine, P_FSW, 0, "Visit weekly", 12, &blob), ERR_OK);
    struct audit_op ops[] = {
        {.kind = OP_ITEM_ADD, .item = {{list.question, PART_ACTIONS, id}, 0}                   },
        {.kind = OP_SET,      .set = {{list.question, PART_DUE, id}, "2026-12-01", 0}          },
        {.kind = OP_TEXT,     .text = {{list.question, PART_SPECIFIC, id}, blob.data, blob.len}},
    };
    REFUSED(room_do(r, P_FSW, ops + 1, 2), ERR_NOT_FOUND);
    OK(room_do(r, P_FSW, ops, 3));
    cr_assert_str_eq(value(r, "L3[1].due"), "2026-12-01");
    cr_assert_str_eq(room_text(r->a, room_field(r, "L3[1].specific"), &out), "Visit weekly");
    struct audit_item item;
    cr_assert_eq(audit_items(r->a, list.question, PART_ACTIONS, &item, 1), 1);
    cr_assert_eq(item.id, id);
    cr_assert_eq(item.rev, audit_seq(r->a));
    cr_assert_eq(item.by, P_FSW);
    text_free(mine);
    buf_free(&blob);
    buf_free(&out);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fold, items_stand_in_order_of_addition)
{
    struct room *r = room_new();
    OK(room_add(r, P_FSW, "L1.findings"));
    OK(room_add(r, P_FRO, "L1.findings"));
    OK(room_add(r, P_FSW, "L1.findings"));
    struct audit_item items[3];
    cr_assert_eq(audit_items(r->a, 19, PART_FINDINGS, items, 3), 3);
    cr_assert_eq(items[0].by, P_FSW);
    cr_assert_eq(items[1].by, P_FRO);
    cr_assert_eq(items[2].by, P_FSW);
    cr_assert_eq(audit_items(r->a, 20, PART_FINDINGS, items, 3), 0);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fold, item_ids_are_the_writers_own_and_never_used_twice)
{
    struct room *r = room_new();
    struct field f = room_field(r, "L1.findings");
    struct audit_op op = {
        .kind = OP_ITEM_ADD, .item = {{f.question, PART_FINDINGS, 0}, 0}
    };
    REFUSED(room_do(r, P_FRO, &op, 1), ERR_INPUT); /* no id */
    op.item.field.item = event_local_id(P_FSW, 1);
    REFUSED(room_do(r, P_FRO, &op, 1), ERR_INPUT); /* another's */
    op.item.field.item = event_local_id(P_FRO, 0);
    REFUSED(room_do(r, P_FRO, &op, 1), ERR_INPUT);
    op.item.field.item = event_local_id(P_FRO, 3);
    OK(room_do(r, P_FRO, &op, 1));
    REFUSED(room_do(r, P_FRO, &op, 1), ERR_INPUT);
    OK(room_remove(r, P_FRO, "L1[1].findings"));
    REFUSED(room_do(r, P_FRO, &op, 1), ERR_INPUT); /* not even when it has gone */
    op.item.field.item = event_local_id(P_FRO, 2);
    REFUSED(room_do(r, P_FRO, &op, 1), ERR_INPUT); /* nor going back */
    op.item.field.part = PART_SIGN;
    op.item.field.item = event_local_id(P_FRO, 9);
    REFUSED(room_do(r, P_FRO, &op, 1), ERR_INPUT); /* a sign is no list */
    struct audit_op twice[] = {op, op};
    twice[0].item.field.part = twice[1].item.field.part = PART_FINDINGS;
    REFUSED(room_do(r, P_FRO, twice, 2), ERR_INPUT);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fold, removing_an_item_takes_its_answers_along_and_keeps_what_was_said)
{
    struct room *r = room_new();
    OK(room_add(r, P_FRO, "L3.actions"));
    OK(room_add(r, P_FRO, "L3.actions"));
    OK(room_set(r, P_FRO, "L3[1].due", "2026-12-01"));
    OK(room_set(r, P_FRO, "L3[2].due", "2026-12-02"));
    OK(room_type(r, P_FRO, "L3[1].specific", "first"));
    OK(room_type(r, P_FRO, "L3[2].specific", "second"));
    OK(room_comment(r, P_IRO, "L3[1].due", "so soon?"));
    struct field gone = room_field(r, "L3[1].due");
    OK(room_remove(r, P_FSW, "L3[1].actions"));
    cr_assert_str_eq(value(r, "L3[1].due"), "2026-12-02");
    cr_assert_eq(audit_value(r->a, gone).rev, 0);
    cr_assert_eq(audit_comment_count(r->a), 1);
    struct audit_op late = {
        .kind = OP_SET, .set = {gone, "2027-01-01", 0}
    };
    REFUSED(room_do(r, P_FRO, &late, 1), ERR_NOT_FOUND);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fold, removing_what_one_has_not_seen_is_stale)
{
    struct room *r = room_new();
    OK(room_add(r, P_FRO, "L3.actions"));
    struct audit_item item;
    audit_items(r->a, 21, PART_ACTIONS, &item, 1);
    struct audit_op op = {
        .kind = OP_ITEM_REMOVE, .item = {{21, PART_ACTIONS, item.id}, 0}
    };
    REFUSED(room_do(r, P_FSW, &op, 1), ERR_STALE);
    op.item.base_rev = item.rev + 1;
    REFUSED(room_do(r, P_FSW, &op, 1), ERR_STALE);
    op.item.base_rev = item.rev;
    OK(room_do(r, P_FSW, &op, 1));
    REFUSED(room_do(r, P_FSW, &op, 1), ERR_NOT_FOUND);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fold, a_writer_may_remove_their_item_before_they_hear_that_it_is_there)
{
    struct room *r = room_new();
    OK(room_add(r, P_FRO, "L3.actions"));
    struct audit_op op = {
        .kind = OP_ITEM_REMOVE, .item = {{21, PART_ACTIONS, event_local_id(P_FRO, 1)}, 0}
    };
    OK(room_do(r, P_FRO, &op, 1));
    struct field second = {21, PART_ACTIONS, event_local_id(P_FRO, 2)};
    struct audit_op both[] = {
        {.kind = OP_ITEM_ADD,    .item = {second, 0}                                  },
        {.kind = OP_ITEM_REMOVE, .item = {second, 0}                                  },
        {.kind = OP_SET,         .set = {{21, PART_DUE, second.item}, "2026-12-01", 0}},
    };
    REFUSED(room_do(r, P_FRO, both, 3), ERR_NOT_FOUND);
    OK(room_do(r, P_FRO, both, 2));
    cr_assert_not(audit_item_exists(r->a, 21, PART_ACTIONS, second.item));
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fold, lists_have_a_limit)
{
    struct room *r = room_new();
    for (int i = 0; i < 200; i++)
        OK(room_add(r, P_FRO, "L3.actions"));
    REFUSED(room_add(r, P_FRO, "L3.actions"), ERR_TOO_LARGE);
    r->ids[P_FRO]--;
    OK(room_add(r, P_FRO, "L1.findings"));
    struct audit_op swap[] = {
        {.kind = OP_ITEM_REMOVE, .item = {{21, PART_ACTIONS, event_local_id(P_FRO, 1)}, 0}  },
        {.kind = OP_ITEM_ADD,    .item = {{21, PART_ACTIONS, event_local_id(P_FRO, 900)}, 0}},
        {.kind = OP_ITEM_ADD,    .item = {{21, PART_ACTIONS, event_local_id(P_FRO, 901)}, 0}},
    };
    REFUSED(room_do(r, P_FRO, swap, 3), ERR_TOO_LARGE);
    OK(room_do(r, P_FRO, swap, 2));
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- comments ---- */

Test(audit_fold, comments_have_threads_and_are_resolved_once)
{
    struct room *r = room_new();
    OK(room_comment(r, P_IRO, "B1", "How do we know?"));
    uint64_t id = audit_comment_at(r->a, 0)->id;
    struct audit_op reply = {
        .kind = OP_COMMENT_REPLY, .comment = {.comment = id, .text = "From the visit in May."}
    };
    struct audit_op resolve = {
        .kind = OP_COMMENT_RESOLVE, .comment = {.comment = id, .text = ""}
    };
    OK(room_do(r, P_FSW, &reply, 1));
    OK(room_do(r, P_IRO, &resolve, 1));
    REFUSED(room_do(r, P_FRO, &resolve, 1), ERR_STALE);
    cr_assert_eq(r->conflict.by, P_IRO);
    OK(room_do(r, P_FRO, &reply, 1)); /* nothing typed is lost to a race */
    const struct audit_comment *c = audit_comment_find(r->a, id);
    cr_assert_str_eq(c->text, "How do we know?");
    cr_assert_eq(c->by, P_IRO);
    cr_assert(c->resolved);
    cr_assert_eq(c->resolved_by, P_IRO);
    cr_assert_eq(c->nreplies, 2);
    cr_assert_str_eq(c->replies[0].text, "From the visit in May.");
    cr_assert_eq(c->replies[0].by, P_FSW);
    cr_assert_eq(c->replies[1].by, P_FRO);
    reply.comment.comment++;
    REFUSED(room_do(r, P_FRO, &reply, 1), ERR_NOT_FOUND);
    resolve.comment.comment++;
    REFUSED(room_do(r, P_FRO, &resolve, 1), ERR_NOT_FOUND);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fold, a_batch_may_comment_answer_and_resolve)
{
    struct room *r = room_new();
    uint64_t id = event_local_id(P_IRO, 1);
    struct audit_op ops[] = {
        {.kind = OP_COMMENT_ADD,
         .comment = {.comment = id, .field = room_field(r, "B1"), .text = "a"}},
        {.kind = OP_COMMENT_REPLY,   .comment = {.comment = id, .text = "b"}  },
        {.kind = OP_COMMENT_RESOLVE, .comment = {.comment = id, .text = ""}   },
        {.kind = OP_COMMENT_RESOLVE, .comment = {.comment = id, .text = ""}   },
    };
    REFUSED(room_do(r, P_IRO, ops, 4), ERR_INPUT);
    OK(room_do(r, P_IRO, ops, 3));
    cr_assert_eq(audit_comment_at(r->a, 0)->nreplies, 1);
    cr_assert(audit_comment_at(r->a, 0)->resolved);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fold, comments_are_checked)
{
    struct room *r = room_new();
    REFUSED(room_comment(r, P_IRO, "B1", ""), ERR_INPUT);
    struct audit_op op = {
        .kind = OP_COMMENT_ADD,
        .comment = {
                    .comment = event_local_id(P_FRO, 1), .field = room_field(r, "B1"), .text = "x"}
    };
    REFUSED(room_do(r, P_IRO, &op, 1), ERR_INPUT); /* another's id */
    op.comment.comment = event_local_id(P_IRO, 1);
    op.comment.on_words = true;
    REFUSED(room_do(r, P_IRO, &op, 1), ERR_INPUT); /* a grade has no words */
    op.comment.field = room_field(r, "C2");
    REFUSED(room_do(r, P_IRO, &op, 1), ERR_INPUT); /* nothing written there yet */
    OK(room_type(r, P_FRO, "C2", "some words"));
    op.comment.start.id = (struct text_id){P_FRO, 77};
    REFUSED(room_do(r, P_IRO, &op, 1), ERR_INPUT); /* no such character */
    op.comment.start = (struct text_anchor){
        {P_FRO, 7},
        TEXT_BEFORE
    };
    op.comment.end = (struct text_anchor){
        {P_FRO, 2},
        TEXT_AFTER
    };
    OK(room_do(r, P_IRO, &op, 1)); /* back to front: taken as the place where it starts */
    size_t start, end;
    cr_assert(audit_comment_words(r->a, audit_comment_at(r->a, 0), &start, &end));
    cr_assert_eq(start, 7);
    cr_assert_eq(end, 7);
    op.comment.comment++;
    op.comment.end = (struct text_anchor){
        {P_FRO, 9},
        TEXT_AFTER
    };
    OK(room_do(r, P_IRO, &op, 1));
    cr_assert(audit_comment_words(r->a, audit_comment_at(r->a, 1), &start, &end));
    cr_assert_eq(end, 10);
    r->ids[P_IRO] = 5;
    OK(room_comment(r, P_IRO, "C2", "all of it"));
    cr_assert_not(audit_comment_words(r->a, audit_comment_at(r->a, 2), &start, &end));
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fold, a_comment_stays_on_its_words_while_others_write)
{
    struct room *r = room_new();
    OK(room_type(r, P_FRO, "C2", "The plan is clear."));
    struct field f = room_field(r, "C2");
    const struct text *t = audit_text(r->a, f);
    struct audit_op op = {
        .kind = OP_COMMENT_ADD,
        .comment = {.comment = event_local_id(P_IRO, 1),
                    .field = f,
                    .on_words = true,
                    .start = text_anchor_at(t, 4, TEXT_BEFORE),
                    .end = text_anchor_at(t, 8, TEXT_AFTER),
                    .text = "which?"}
    };
    OK(room_do(r, P_IRO, &op, 1));
    struct text *fsw = text_new();
    struct buf state = BUF_INIT, blob = BUF_INIT, words = BUF_INIT;
    text_free(fsw);
    text_encode(t, true, &state);
    cr_assert_eq(text_decode(state.data, state.len, &fsw), ERR_OK);
    cr_assert_eq(text_replace(fsw, P_FSW, "We think the plan is clear to all.", 34, 1, &blob),
                 ERR_OK);
    struct audit_op edit = {
        .kind = OP_TEXT, .text = {f, blob.data, blob.len}
    };
    OK(room_do(r, P_FSW, &edit, 1));
    size_t start, end;
    t = audit_text(r->a, f);
    cr_assert(audit_comment_words(r->a, audit_comment_at(r->a, 0), &start, &end));
    text_read(t, start, end, &words);
    cr_assert_str_eq(buf_cstr(&words), "plan");
    text_free(fsw);
    buf_free(&state);
    buf_free(&blob);
    buf_free(&words);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fold, comments_and_replies_have_limits)
{
    struct room *r = room_new();
    for (int i = 0; i < 1000; i++)
        OK(room_comment(r, P_IRO, "B1", "again"));
    REFUSED(room_comment(r, P_IRO, "B1", "again"), ERR_TOO_LARGE);
    struct audit_op reply = {
        .kind = OP_COMMENT_REPLY,
        .comment = {.comment = audit_comment_at(r->a, 0)->id, .text = "yes"}
    };
    for (int i = 0; i < 200; i++)
        OK(room_do(r, P_FRO, &reply, 1));
    REFUSED(room_do(r, P_FRO, &reply, 1), ERR_TOO_LARGE);
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- damaged logs ---- */

Test(audit_fold, events_come_in_order)
{
    struct room *r = room_new();
    OK(room_set(r, P_FRO, "B2", "yes"));
    OK(room_set(r, P_FRO, "B2", "no"));
    struct audit *a = audit_new(audit_make_template());
    cr_assert_eq(room_replay(r, 1, a, NULL, NULL), ERR_INPUT);
    cr_assert_eq(room_replay(r, 0, a, NULL, NULL), ERR_OK);
    cr_assert_eq(room_replay(r, 0, a, NULL, NULL), ERR_INPUT);
    cr_assert_eq(room_replay(r, 2, a, NULL, NULL), ERR_INPUT);
    cr_assert_eq(room_replay(r, 1, a, NULL, NULL), ERR_OK);
    audit_free(a);
    room_free(r);
    CHECK_NO_LEAKS();
}

static enum err apply_second(struct audit_op op, uint32_t agent, uint64_t batch_no,
                             int64_t later_ms)
{
    struct room *r = room_new();
    struct event ev = {
        .seq = 2,
        .utc_ms = r->utc_ms + later_ms,
        .actor = P_FRO,
        .body = {.agent = agent, .batch_no = batch_no, .ops = &op, .nops = 1}
    };
    enum err e = audit_apply(r->a, &ev);
    room_free(r);
    return e;
}

Test(audit_fold, what_could_not_have_been_accepted_is_damage)
{
    struct audit_op good = {
        .kind = OP_SET, .set = {{6, PART_YNP, 0}, "yes", 0}
    };
    cr_assert_eq(apply_second(good, 1, 1, 0), ERR_OK);
    cr_assert_eq(apply_second(good, 1, 2, 0), ERR_CORRUPT, "a gap");
    cr_assert_eq(apply_second(good, 0, 0, 0), ERR_OK, "the server sets in somebody's name");
    struct audit_op text = {
        .kind = OP_TEXT, .text = {{11, PART_TEXT, 0}, (const uint8_t *)"\x20\x01x", 3}
    };
    cr_assert_eq(apply_second(text, 0, 0, 0), ERR_CORRUPT, "but it writes no texts");
    cr_assert_eq(apply_second(good, 1, 1, -1), ERR_CORRUPT, "time goes back");
    struct audit_op bad[] = {
        {.kind = OP_SET,             .set = {{6, PART_YNP, 0}, "perhaps", 0}                          },
        {.kind = OP_SET,             .set = {{6, PART_YNP, 0}, "yes", 1}                              },
        {.kind = OP_SET,             .set = {{60, PART_YNP, 0}, "yes", 0}                             },
        {.kind = OP_SET,             .set = {{21, PART_DUE, 5}, "2026-01-01", 0}                      },
        {.kind = OP_TEXT,            .text = {{11, PART_TEXT, 0}, (const uint8_t *)"\xff", 1}         },
        {.kind = OP_ITEM_ADD,        .item = {{21, PART_ACTIONS, event_local_id(2, 1)}, 0}            },
        {.kind = OP_ITEM_REMOVE,     .item = {{21, PART_ACTIONS, event_local_id(1, 1)}, 0}            },
        {.kind = OP_COMMENT_ADD,     .comment = {.comment = 1, .field = {6, PART_YNP, 0}, .text = "x"}},
        {.kind = OP_COMMENT_REPLY,   .comment = {.comment = 1, .text = "x"}                           },
        {.kind = OP_COMMENT_RESOLVE, .comment = {.comment = 1, .text = ""}                            },
        {.kind = OP_MOVE,            .move = {AUDIT_CLOSED, ""}                                       },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(apply_second(bad[i], 1, 1, 0), ERR_CORRUPT, "%zu", i);
    CHECK_NO_LEAKS();
}

/* ---- size ---- */

Test(audit_fold, an_empty_audit_is_small)
{
    struct room *r = room_new();
    cr_assert_lt(audit_memory_bytes(r->a), 4096, "%zu", audit_memory_bytes(r->a));
    room_free(r);
    CHECK_NO_LEAKS();
}
