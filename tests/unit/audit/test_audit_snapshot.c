#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "proto/snapshot.pb-c.h"
#include "tests/lib/audit_make.h"
#include "tests/lib/leaks.h"

typedef Tandem__Snapshot__Snapshot PbSnapshot;

#define OK(call) cr_assert_eq((call), ERR_OK, "%s: %s", #call, r->why.text)

/* What happens to an audit as a whole: two of each. */
static void live(struct room *r)
{
    static const uint32_t here[] = {P_FRO, 300};
    struct audit_op sign = {
        .kind = OP_SIGN,
        .sign = {.role = ROLE_FRO, .revision = audit_revision(r->a), .difference = "more\nlines"}
    };
    audit_fingerprint(r->a, sign.sign.fingerprint);
    OK(room_serve(r, P_FRO, sign));
    sign.sign.absent = true;
    sign.sign.reason = "away";
    OK(room_serve(r, P_FTM, sign)); /* which voids the first */
    struct audit_op move = {
        .kind = OP_MOVE,
        .move = {.to = AUDIT_IN_PROGRESS, .stage = 2, .reason = "next", .revision = 3}
    };
    OK(room_serve(r, P_IRO, move));
    move.move = (struct op_move){.to = AUDIT_MODERATING,
                                 .result = "changed",
                                 .present = here,
                                 .npresent = 2,
                                 .fingerprint = {[5] = 1}};
    OK(room_serve(r, P_QA, move));
    for (size_t i = 0; i < 2; i++) {
        struct audit_op ops[] = {
            {.kind = OP_ASSIGN,    .assign = {.person = i ? P_IRO : P_HOS, .reason = "conflict"} },
            {.kind = OP_FLAG,
             .flag = {.text = "a concern", .told = "FTM Sue", .told_utc_ms = 5, .told_person = 7}},
            {.kind = OP_FLAG_NOTE,
             .flag_note = {.flag = audit_seq(r->a) + 1, .text = "seen", .closed = i}             },
            {.kind = OP_GLASS,
             .glass = {.person = 90, .until_utc_ms = INT64_MAX, .reason = "a complaint"}         },
            {.kind = OP_GLASS_END, .glass = {.person = 90}                                       },
            {.kind = OP_GLASS,
             .glass = {.person = 91 + (uint32_t)i, .until_utc_ms = INT64_MAX, .reason = "x"}     },
            {.kind = OP_LINK,      .link = {.kind = i ? "challenge" : "re_audit", .ref = "X-1"}  },
            {.kind = OP_PLAN,      .plan = {.planned = i ? "2027-03-25" : "2027-03-26"}          },
        };
        OK(room_do(r, 0, ops, sizeof ops / sizeof *ops));
    }
}

/* Something of everything. */
static struct room *full_room(void)
{
    struct room *r = room_new();
    OK(room_set(r, P_FRO, "B2", "yes"));
    OK(room_set(r, P_FSW, "B2", ""));
    OK(room_set(r, P_FRO, "B3", "7"));
    OK(room_add(r, P_FRO, "L3.actions"));
    OK(room_add(r, P_FSW, "L3.actions"));
    OK(room_add(r, P_FSW, "L3.actions")); /* which stays empty */
    OK(room_add(r, P_FRO, "B1.evidence"));
    OK(room_set(r, P_FRO, "L3[1].due", "2027-01-31"));
    OK(room_type(r, P_FSW, "L3[2].change", "she will be heard"));
    OK(room_type(r, P_FRO, "C2", "words of several "));
    OK(room_type(r, P_FSW, "C2", "people"));
    OK(room_comment(r, P_IRO, "B1", "how?"));
    const struct text *t = audit_text(r->a, room_field(r, "C2"));
    uint64_t id = event_local_id(P_IRO, ++r->ids[P_IRO]);
    struct audit_op ops[] = {
        {.kind = OP_COMMENT_ADD,
         .comment = {.comment = id,
                     .field = room_field(r, "C2"),
                     .on_words = true,
                     .must_answer = true,
                     .start = text_anchor_at(t, 0, TEXT_BEFORE),
                     .end = text_anchor_at(t, 5, TEXT_AFTER),
                     .text = "whose?"}                                           },
        {.kind = OP_COMMENT_REPLY,   .comment = {.comment = id, .text = "theirs"}},
        {.kind = OP_COMMENT_RESOLVE, .comment = {.comment = id, .text = ""}      },
    };
    OK(room_do(r, P_IRO, ops, 3));
    live(r);
    return r;
}

static void encode(const struct audit *a, const struct viewer *v, struct buf *out)
{
    buf_clear(out);
    audit_encode(a, v, out);
    cr_assert_not(buf_failed(out));
}

static bool same(const struct buf *x, const struct buf *y)
{
    return x->len == y->len && !memcmp(x->data, y->data, x->len);
}

/* What live() wrote. */
static void expect_lived(const struct audit *a)
{
    struct audit_info i = audit_info(a);
    cr_assert_str_eq(i.planned, "2027-03-25");
    cr_assert_str_eq(i.first_planned, "2027-03-26");
    cr_assert_eq(i.moderator, P_IRO);
    cr_assert_eq(i.stage, 2);
    cr_assert_eq(audit_revision(a), 12, "the last words typed");
    cr_assert_eq(audit_signature_count(a), 2);
    const struct audit_signature *first = audit_signature_at(a, 0), *s = audit_signature_at(a, 1);
    cr_assert_eq(first->void_seq, s->seq);
    cr_assert_eq(audit_signature_of(a, ROLE_FRO), s);
    cr_assert(s->absent);
    cr_assert_eq(s->by, P_FTM);
    cr_assert_str_eq(s->difference, "more\nlines");
    cr_assert_str_eq(s->reason, "away");
    uint8_t print[32];
    audit_fingerprint(a, print);
    cr_assert_eq(memcmp(print, s->fingerprint, 32), 0, "nothing has changed since");
    cr_assert_eq(audit_move_count(a), 2);
    const struct audit_move *m = audit_move_at(a, 1);
    cr_assert_eq(m->from, AUDIT_IN_PROGRESS);
    cr_assert_eq(m->to, AUDIT_MODERATING);
    cr_assert_str_eq(m->result, "changed");
    cr_assert_eq(m->present[1], 300);
    cr_assert_eq(m->fingerprint[5], 1);
    cr_assert_eq(audit_move_at(a, 0)->stage, 2);
    cr_assert_eq(audit_move_at(a, 0)->revision, 3);
    cr_assert_str_eq(audit_move_at(a, 0)->reason, "next");
    cr_assert_eq(audit_assigned_count(a), 2);
    cr_assert_eq(audit_assigned_at(a, 0)->person, P_HOS);
    cr_assert_eq(audit_flag_count(a), 2);
    const struct audit_flag *f = audit_flag_at(a, 1);
    cr_assert_str_eq(f->text, "a concern");
    cr_assert_str_eq(f->told, "FTM Sue");
    cr_assert_eq(f->told_utc_ms, 5);
    cr_assert_eq(f->told_person, 7);
    cr_assert(f->closed && !audit_flag_at(a, 0)->closed);
    cr_assert_str_eq(f->notes[0].text, "seen");
    cr_assert_eq(audit_glass_count(a), 4);
    cr_assert_neq(audit_glass_at(a, 0)->ended_utc_ms, 0);
    cr_assert_eq(audit_glass_of(a, 92), audit_glass_at(a, 3));
    cr_assert_eq(audit_link_count(a), 2);
    cr_assert_str_eq(audit_link_at(a, 1)->kind, "challenge");
}

Test(audit_snapshot, comes_back_as_it_went)
{
    struct room *r = full_room();
    struct buf bytes = BUF_INIT, again = BUF_INIT;
    struct audit *a;
    struct err_info why = {0};
    encode(r->a, NULL, &bytes);
    cr_assert_eq(audit_decode(audit_make_template(), bytes.data, bytes.len, &a, &why), ERR_OK, "%s",
                 why.text);
    encode(a, NULL, &again);
    cr_assert(same(&bytes, &again));
    cr_assert_eq(audit_seq(a), audit_seq(r->a));
    cr_assert_eq(audit_utc_ms(a), audit_utc_ms(r->a));
    cr_assert_eq(audit_batch_no(a, P_FRO), audit_batch_no(r->a, P_FRO));
    cr_assert_eq(audit_batch_seq(a, P_FSW), audit_batch_seq(r->a, P_FSW));
    struct audit_info i = audit_info(a);
    cr_assert_str_eq(i.ref, "TST-2026-0001");
    cr_assert_str_eq(i.child_refs[0], "CH-1");
    cr_assert_eq(i.created_by, P_FRO);
    cr_assert_eq(audit_member_count(a), 5);
    struct audit_value v = audit_value(a, room_field(r, "B2"));
    cr_assert_str_eq(v.value, "");
    cr_assert_eq(v.rev, 3, "that it was cleared is known");
    cr_assert_eq(v.by, P_FSW);
    struct buf words = BUF_INIT;
    cr_assert_str_eq(room_text(a, room_field(r, "C2"), &words), "words of several people");
    const struct audit_comment *c = audit_comment_at(a, 1);
    size_t start, end;
    cr_assert(audit_comment_words(a, c, &start, &end));
    cr_assert_eq(end, 5);
    cr_assert(c->must_answer && c->resolved);
    cr_assert_eq(c->resolved_by, P_IRO);
    cr_assert_str_eq(c->replies[0].text, "theirs");
    expect_lived(a);
    buf_free(&words);
    buf_free(&bytes);
    buf_free(&again);
    audit_free(a);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_snapshot, protobuf_itself_would_write_the_same_bytes)
{
    struct room *r = full_room();
    struct buf bytes = BUF_INIT;
    encode(r->a, NULL, &bytes);
    PbSnapshot *m = tandem__snapshot__snapshot__unpack(NULL, bytes.len, bytes.data);
    cr_assert_not_null(m);
    cr_assert_eq(tandem__snapshot__snapshot__get_packed_size(m), bytes.len);
    uint8_t *packed = malloc(bytes.len);
    tandem__snapshot__snapshot__pack(m, packed);
    cr_assert_eq(memcmp(packed, bytes.data, bytes.len), 0);
    free(packed);
    tandem__snapshot__snapshot__free_unpacked(m, NULL);
    buf_free(&bytes);
    room_free(r);
    CHECK_NO_LEAKS();
}

/* A log of the past has none of it. */
Test(audit_snapshot, without_a_life_it_is_as_it_was_before)
{
    struct room *r = room_new();
    struct buf bytes = BUF_INIT;
    encode(r->a, NULL, &bytes);
    PbSnapshot *m = tandem__snapshot__snapshot__unpack(NULL, bytes.len, bytes.data);
    m->revision = 0;
    uint8_t *packed = malloc(bytes.len);
    size_t len = tandem__snapshot__snapshot__pack(m, packed);
    struct audit *a;
    cr_assert_eq(audit_decode(audit_make_template(), packed, len, &a, NULL), ERR_OK);
    struct audit_info i = audit_info(a);
    cr_assert_str_eq(i.planned, "");
    cr_assert_str_eq(i.first_planned, "");
    cr_assert_str_eq(i.way_in, "");
    cr_assert_str_eq(i.source, "");
    cr_assert_eq(audit_revision(a), 0);
    cr_assert_eq(audit_move_count(a) + audit_signature_count(a) + audit_flag_count(a) +
                     audit_glass_count(a) + audit_link_count(a) + audit_assigned_count(a),
                 0);
    cr_assert_eq(audit_state_since_utc_ms(a), i.created_utc_ms);
    audit_free(a);
    free(packed);
    tandem__snapshot__snapshot__free_unpacked(m, NULL);
    buf_free(&bytes);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_snapshot, a_text_that_was_only_opened_is_not_content)
{
    struct room *r = full_room();
    struct buf before = BUF_INIT, after = BUF_INIT;
    encode(r->a, NULL, &before);
    cr_assert_not_null(audit_text_edit(r->a, room_field(r, "J2.words")));
    encode(r->a, NULL, &after);
    cr_assert(same(&before, &after));
    buf_free(&before);
    buf_free(&after);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_snapshot, struck_out_words_stay_on_the_server)
{
    struct room *r = room_new();
    struct field f = room_field(r, "C2");
    OK(room_type(r, P_FRO, "C2", "Quarkstrudel was a mistake"));
    struct text *mine = NULL;
    struct buf state = BUF_INIT, op = BUF_INIT, bytes = BUF_INIT;
    text_encode(audit_text(r->a, f), true, &state);
    cr_assert_eq(text_decode(state.data, state.len, &mine), ERR_OK);
    cr_assert_eq(text_delete(mine, P_FRO, 0, 13, 1, &op), ERR_OK);
    struct audit_op strike = {
        .kind = OP_TEXT, .text = {f, op.data, op.len}
    };
    OK(room_do(r, P_FRO, &strike, 1));
    for (uint32_t p = P_FRO; p <= P_IRO; p++) {
        struct audit *a;
        encode(r->a, audit_make_viewer(p), &bytes);
        cr_assert_null(memchr(bytes.data, 'Q', bytes.len)); /* no other Q is in there */
        cr_assert_eq(audit_decode(audit_make_template(), bytes.data, bytes.len, &a, NULL), ERR_OK);
        struct buf words = BUF_INIT;
        cr_assert_str_eq(room_text(a, f, &words), "was a mistake");
        buf_free(&words);
        audit_free(a);
    }
    encode(r->a, NULL, &bytes);
    cr_assert_not_null(memchr(bytes.data, 'Q', bytes.len));
    text_free(mine);
    buf_free(&state);
    buf_free(&op);
    buf_free(&bytes);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_snapshot, says_which_template_it_needs)
{
    struct room *r = full_room();
    struct buf bytes = BUF_INIT;
    char id[32];
    uint32_t version;
    encode(r->a, NULL, &bytes);
    cr_assert_eq(audit_template_of(bytes.data, bytes.len, true, id, &version), ERR_OK);
    cr_assert_str_eq(id, "TST");
    cr_assert_eq(version, 1);
    const struct buf *first = &r->events[0].body, *second = &r->events[1].body;
    cr_assert_eq(audit_template_of(first->data, first->len, false, id, &version), ERR_OK);
    cr_assert_str_eq(id, "TST");
    cr_assert_eq(version, 1);
    cr_assert_eq(audit_template_of(second->data, second->len, false, id, &version), ERR_INPUT);
    cr_assert_eq(audit_template_of(bytes.data, bytes.len, false, id, &version), ERR_INPUT);
    cr_assert_eq(audit_template_of(first->data, first->len, true, id, &version), ERR_INPUT);
    cr_assert_eq(audit_template_of(NULL, 0, true, id, &version), ERR_INPUT);
    for (size_t n = 0; n < 8; n++)
        cr_assert_eq(audit_template_of(bytes.data, n, true, id, &version), ERR_INPUT);
    struct template other = *audit_make_template();
    struct audit *a;
    other.version = 2;
    cr_assert_eq(audit_decode(&other, bytes.data, bytes.len, &a, NULL), ERR_INPUT);
    cr_assert_null(a);
    other.version = 1;
    other.id = (char[]){"FCA"};
    cr_assert_eq(audit_decode(&other, bytes.data, bytes.len, &a, NULL), ERR_INPUT);
    buf_free(&bytes);
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- from strangers ---- */

static void none(PbSnapshot *m)
{
    (void)m;
}
static void newer_format(PbSnapshot *m)
{
    m->format = 2;
}
static void no_seq(PbSnapshot *m)
{
    m->seq = 0;
}
static void no_such_state(PbSnapshot *m)
{
    m->state = 14;
}
static void control_in_ref(PbSnapshot *m)
{
    m->ref.data[0] = 7;
}
static void members_out_of_order(PbSnapshot *m)
{
    m->members[0]->person = 9;
}
static void member_without_role(PbSnapshot *m)
{
    m->members[0]->role = 99;
}
static void agents_out_of_order(PbSnapshot *m)
{
    m->agents[1]->agent = m->agents[0]->agent;
}
static void agent_from_the_future(PbSnapshot *m)
{
    m->agents[0]->batch_seq = m->seq + 1;
}
static void item_of_no_list(PbSnapshot *m)
{
    m->items[0]->at = 6 << 7 | PART_YNP;
}
static void item_twice(PbSnapshot *m)
{
    m->items[3]->id = m->items[2]->id;
}
static void items_out_of_order(PbSnapshot *m)
{
    m->items[1]->rev = m->items[2]->rev + 1;
}
static void item_unconfirmed(PbSnapshot *m)
{
    m->items[0]->rev = 0;
}
static void cell_of_no_question(PbSnapshot *m)
{
    m->cells[0]->at = 400 << 7 | PART_YNP;
}
static void cell_with_a_wild_address(PbSnapshot *m)
{
    m->cells[0]->at = UINT32_MAX;
}
static void cell_of_no_item(PbSnapshot *m)
{
    m->cells[m->n_cells - 1]->item += 100;
}
static void cell_with_a_bad_value(PbSnapshot *m)
{
    m->cells[m->n_cells - 1]->value.data[0] = 'x';
}
static void cell_never_set(PbSnapshot *m)
{
    m->cells[0]->rev = 0;
}
static void cell_twice(PbSnapshot *m)
{
    m->cells[1]->at = m->cells[0]->at;
}
static void cell_in_a_text(PbSnapshot *m)
{
    m->cells[0]->at = m->texts[0]->at;
}
static void text_in_a_cell(PbSnapshot *m)
{
    m->texts[0]->at = m->cells[0]->at;
}
static void text_damaged(PbSnapshot *m)
{
    m->texts[0]->state.len--;
}
static void text_of_no_item(PbSnapshot *m)
{
    m->texts[1]->item += 100;
}
static void comment_twice(PbSnapshot *m)
{
    m->comments[1]->id = m->comments[0]->id;
}
static void comment_on_unknown_words(PbSnapshot *m)
{
    m->comments[1]->start->seq = 999;
}
static void comment_with_a_bad_bias(PbSnapshot *m)
{
    m->comments[1]->end->bias = 2;
}
static void comment_half_anchored(PbSnapshot *m)
{
    m->comments[1]->end = NULL;
}
static void comment_resolved_by_someone_unresolved(PbSnapshot *m)
{
    m->comments[1]->resolved = 0;
}
static void comment_of_no_question(PbSnapshot *m)
{
    m->comments[0]->at = 0;
}
static void reply_with_an_escape(PbSnapshot *m)
{
    m->comments[1]->replies[0]->text.data[0] = 27;
}

static void move_from_nowhere(PbSnapshot *m)
{
    m->moves[1]->from = 0;
}
static void moves_out_of_order(PbSnapshot *m)
{
    m->moves[0]->seq = m->moves[1]->seq + 1;
}
static void move_of_no_event(PbSnapshot *m)
{
    m->moves[0]->seq = 0;
}
static void revision_to_come(PbSnapshot *m)
{
    m->revision = m->seq + 1;
}
static void fingerprint_cut(PbSnapshot *m)
{
    m->signatures[0]->fingerprint.len--;
}
static void signature_as_nobody(PbSnapshot *m)
{
    m->signatures[1]->role = 0;
}
static void two_signatures_stand(PbSnapshot *m)
{
    m->signatures[0]->void_seq = 0;
}
static void voided_before_it_was_given(PbSnapshot *m)
{
    m->signatures[0]->void_seq = 1;
}
static void two_flags_of_one_event(PbSnapshot *m)
{
    m->flags[1]->seq = m->flags[0]->seq;
}
static void glass_of_nobody(PbSnapshot *m)
{
    m->glasses[0]->person = 0;
}
static void glass_open_twice(PbSnapshot *m)
{
    m->glasses[1]->person = m->glasses[3]->person;
}
static void link_from_the_future(PbSnapshot *m)
{
    m->links[1]->seq = m->seq + 1;
}
static void nobody_moderates(PbSnapshot *m)
{
    m->assigned[0]->person = 0;
}

static enum err decode_changed(void (*change)(PbSnapshot *m))
{
    struct room *r = full_room();
    struct buf bytes = BUF_INIT;
    encode(r->a, NULL, &bytes);
    PbSnapshot *m = tandem__snapshot__snapshot__unpack(NULL, bytes.len, bytes.data);
    Tandem__Snapshot__Anchor *lost = m->comments[1]->end;
    change(m);
    uint8_t *packed = malloc(bytes.len + 64);
    size_t len = tandem__snapshot__snapshot__pack(m, packed);
    struct audit *a;
    struct err_info why = {0};
    enum err e = audit_decode(audit_make_template(), packed, len, &a, &why);
    cr_assert_eq(e == ERR_OK, a != NULL);
    cr_assert_eq(e == ERR_OK, why.code == ERR_OK, "an error says why");
    audit_free(a);
    m->comments[1]->end = lost;
    free(packed);
    tandem__snapshot__snapshot__free_unpacked(m, NULL);
    buf_free(&bytes);
    room_free(r);
    return e;
}

Test(audit_snapshot, what_audit_encode_would_not_write_is_refused)
{
    static const struct {
        const char *name;
        void (*change)(PbSnapshot *m);
        enum err expected;
    } table[] = {
        {"none",                                   none,                                   ERR_OK     },
        {"newer_format",                           newer_format,                           ERR_VERSION},
        {"no_seq",                                 no_seq,                                 ERR_INPUT  },
        {"no_such_state",                          no_such_state,                          ERR_INPUT  },
        {"control_in_ref",                         control_in_ref,                         ERR_INPUT  },
        {"members_out_of_order",                   members_out_of_order,                   ERR_INPUT  },
        {"member_without_role",                    member_without_role,                    ERR_INPUT  },
        {"agents_out_of_order",                    agents_out_of_order,                    ERR_INPUT  },
        {"agent_from_the_future",                  agent_from_the_future,                  ERR_INPUT  },
        {"item_of_no_list",                        item_of_no_list,                        ERR_INPUT  },
        {"item_twice",                             item_twice,                             ERR_INPUT  },
        {"items_out_of_order",                     items_out_of_order,                     ERR_INPUT  },
        {"item_unconfirmed",                       item_unconfirmed,                       ERR_INPUT  },
        {"cell_of_no_question",                    cell_of_no_question,                    ERR_INPUT  },
        {"cell_with_a_wild_address",               cell_with_a_wild_address,               ERR_INPUT  },
        {"cell_of_no_item",                        cell_of_no_item,                        ERR_INPUT  },
        {"cell_with_a_bad_value",                  cell_with_a_bad_value,                  ERR_INPUT  },
        {"cell_never_set",                         cell_never_set,                         ERR_INPUT  },
        {"cell_twice",                             cell_twice,                             ERR_INPUT  },
        {"cell_in_a_text",                         cell_in_a_text,                         ERR_INPUT  },
        {"text_in_a_cell",                         text_in_a_cell,                         ERR_INPUT  },
        {"text_damaged",                           text_damaged,                           ERR_INPUT  },
        {"text_of_no_item",                        text_of_no_item,                        ERR_INPUT  },
        {"comment_twice",                          comment_twice,                          ERR_INPUT  },
        {"comment_on_unknown_words",               comment_on_unknown_words,               ERR_INPUT  },
        {"comment_with_a_bad_bias",                comment_with_a_bad_bias,                ERR_INPUT  },
        {"comment_half_anchored",                  comment_half_anchored,                  ERR_INPUT  },
        {"comment_resolved_by_someone_unresolved", comment_resolved_by_someone_unresolved,
         ERR_INPUT                                                                                    },
        {"comment_of_no_question",                 comment_of_no_question,                 ERR_INPUT  },
        {"reply_with_an_escape",                   reply_with_an_escape,                   ERR_INPUT  },
        {"move_from_nowhere",                      move_from_nowhere,                      ERR_INPUT  },
        {"moves_out_of_order",                     moves_out_of_order,                     ERR_INPUT  },
        {"move_of_no_event",                       move_of_no_event,                       ERR_INPUT  },
        {"revision_to_come",                       revision_to_come,                       ERR_INPUT  },
        {"fingerprint_cut",                        fingerprint_cut,                        ERR_INPUT  },
        {"signature_as_nobody",                    signature_as_nobody,                    ERR_INPUT  },
        {"two_signatures_stand",                   two_signatures_stand,                   ERR_INPUT  },
        {"voided_before_it_was_given",             voided_before_it_was_given,             ERR_INPUT  },
        {"two_flags_of_one_event",                 two_flags_of_one_event,                 ERR_INPUT  },
        {"glass_of_nobody",                        glass_of_nobody,                        ERR_INPUT  },
        {"glass_open_twice",                       glass_open_twice,                       ERR_INPUT  },
        {"link_from_the_future",                   link_from_the_future,                   ERR_INPUT  },
        {"nobody_moderates",                       nobody_moderates,                       ERR_INPUT  },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        cr_assert_eq(decode_changed(table[i].change), table[i].expected, "%s", table[i].name);
    CHECK_NO_LEAKS();
}

Test(audit_snapshot, every_cut_and_every_flipped_bit_is_survived, .timeout = 60)
{
    struct room *r = full_room();
    struct buf bytes = BUF_INIT;
    struct audit *a;
    encode(r->a, NULL, &bytes);
    for (size_t len = 0; len < bytes.len; len++) {
        enum err e = audit_decode(audit_make_template(), bytes.data, len, &a, NULL);
        cr_assert_eq(e == ERR_OK, a != NULL); /* cut between two parts, it can be whole */
        audit_free(a);
    }
    for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (!audit_decode(audit_make_template(), bytes.data, bytes.len, &a, NULL)) {
            /* It says something else then, but something possible: it can be used. */
            struct buf out = BUF_INIT;
            struct audit *b;
            encode(a, NULL, &out);
            (void)audit_progress(a);
            cr_assert_eq(audit_decode(audit_make_template(), out.data, out.len, &b, NULL), ERR_OK);
            audit_free(b);
            buf_free(&out);
        }
        audit_free(a);
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    buf_free(&bytes);
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- fingerprint ---- */

static void print_of(const struct room *r, uint8_t out[32])
{
    audit_fingerprint(r->a, out);
}

static bool changed(const struct room *r, uint8_t last[32])
{
    uint8_t now[32];
    print_of(r, now);
    bool differs = memcmp(now, last, 32) != 0;
    memcpy(last, now, 32);
    return differs;
}

Test(audit_fingerprint, follows_the_answers_and_nothing_else)
{
    struct room *r = room_new();
    uint8_t last[32];
    print_of(r, last);
    OK(room_set(r, P_FRO, "B2", "yes"));
    cr_assert(changed(r, last));
    OK(room_set(r, P_FSW, "B2", "yes"));
    cr_assert_not(changed(r, last), "who set it does not matter");
    OK(room_type(r, P_FRO, "C2", "a"));
    cr_assert(changed(r, last));
    OK(room_add(r, P_FRO, "L3.actions"));
    cr_assert(changed(r, last));
    OK(room_set(r, P_FRO, "L3[1].due", "2027-01"));
    cr_assert(changed(r, last));
    OK(room_comment(r, P_IRO, "B1", "?"));
    OK(room_member(r, P_QA, ROLE_QA, ""));
    OK(room_move(r, AUDIT_AGREED));
    cr_assert_not(changed(r, last), "comments, members and state are not content");
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fingerprint, is_the_same_for_equal_answers_by_other_ways)
{
    struct room *x = room_new(), *r = room_new();
    uint8_t fx[32], fr[32];
    cr_assert_eq(room_add(x, P_FRO, "L3.actions"), ERR_OK);
    cr_assert_eq(room_set(x, P_FRO, "L3[1].due", "2027-01"), ERR_OK);
    cr_assert_eq(room_type(x, P_FRO, "C2", "one two"), ERR_OK);
    OK(room_type(r, P_FSW, "C2", "one "));
    OK(room_set(r, P_FSW, "B2", "yes"));
    OK(room_add(r, P_FSW, "L3.actions"));
    OK(room_add(r, P_FRO, "L3.actions"));
    OK(room_remove(r, P_FRO, "L3[2].actions")); /* what stays has another id than x's */
    OK(room_set(r, P_FSW, "L3[1].due", "2027-01"));
    OK(room_type(r, P_FRO, "C2", "two"));
    OK(room_set(r, P_FSW, "B2", ""));
    print_of(x, fx);
    print_of(r, fr);
    cr_assert_eq(memcmp(fx, fr, 32), 0);
    room_free(x);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(audit_fingerprint, tells_apart_where_an_empty_item_stands)
{
    struct room *x = room_new(), *r = room_new();
    uint8_t fx[32], fr[32];
    cr_assert_eq(room_add(x, P_FRO, "L1.findings"), ERR_OK);
    OK(room_add(r, P_FRO, "L2.findings"));
    print_of(x, fx);
    print_of(r, fr);
    cr_assert_neq(memcmp(fx, fr, 32), 0);
    room_free(x);
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- one's own, before the server confirms it ---- */

Test(audit_local, own_text_and_items_show_at_once_and_once)
{
    struct room *r = room_new();
    struct audit *mine = audit_new(audit_make_template());
    const struct viewer *v = audit_make_viewer(P_FRO);
    cr_assert_eq(room_replay(r, 0, mine, v, NULL), ERR_OK);
    uint64_t id = event_local_id(P_FRO, 1);
    struct field due = {21, PART_DUE, id}, change = {21, PART_CHANGE, id};
    struct text *typed = text_new();
    struct buf op = BUF_INIT, words = BUF_INIT;
    cr_assert_eq(text_insert(typed, P_FRO, 0, "calls", 5, &op), ERR_OK);
    struct audit_op ops[] = {
        {.kind = OP_ITEM_ADD, .item = {{21, PART_ACTIONS, id}, 0}},
        {.kind = OP_TEXT,     .text = {change, op.data, op.len}  },
        {.kind = OP_SET,      .set = {due, "2027-01", 0}         },
    };
    struct event_body b = {.agent = P_FRO, .batch_no = 1, .ops = ops, .nops = 3};
    cr_assert_eq(audit_apply_local(mine, &b), ERR_OK);
    struct audit_item item;
    cr_assert_eq(audit_items(mine, 21, PART_ACTIONS, &item, 1), 1);
    cr_assert_eq(item.rev, 0, "only here so far");
    cr_assert_str_eq(room_text(mine, change, &words), "calls");
    cr_assert_str_eq(audit_value(mine, due).value, "", "sets wait for their event");
    cr_assert_eq(audit_seq(mine), 1);

    struct buf early = BUF_INIT, before = BUF_INIT;
    encode(mine, v, &early);
    encode(r->a, v, &before);
    cr_assert(same(&early, &before), "nothing of it is the audit's yet");

    OK(room_add(r, P_FSW, "L3.actions")); /* somebody else's comes first */
    cr_assert_eq(room_replay(r, 1, mine, v, NULL), ERR_OK);
    struct audit_item two[2];
    cr_assert_eq(audit_items(mine, 21, PART_ACTIONS, two, 2), 2);
    cr_assert_eq(two[1].id, id, "own unconfirmed ones are last");
    OK(room_do(r, P_FRO, ops, 3));
    cr_assert_eq(room_replay(r, 2, mine, v, NULL), ERR_OK);
    cr_assert_str_eq(room_text(mine, change, &words), "calls");
    cr_assert_str_eq(audit_value(mine, due).value, "2027-01");
    cr_assert_eq(audit_items(mine, 21, PART_ACTIONS, two, 2), 2);
    cr_assert_eq(two[1].rev, 3);
    cr_assert_eq(audit_apply_local(mine, &b), ERR_OK); /* late: it is confirmed already */
    cr_assert_eq(audit_items(mine, 21, PART_ACTIONS, two, 2), 2);
    cr_assert_eq(two[1].rev, 3);
    cr_assert_str_eq(room_text(mine, change, &words), "calls");
    encode(mine, v, &early);
    encode(r->a, v, &before);
    cr_assert(same(&early, &before));
    text_free(typed);
    buf_free(&op);
    buf_free(&words);
    buf_free(&early);
    buf_free(&before);
    audit_free(mine);
    room_free(r);
    CHECK_NO_LEAKS();
}
