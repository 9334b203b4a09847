#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/audit/event.h"
#include "proto/event.pb-c.h"
#include "tests/lib/leaks.h"

static const char *const children[] = {"CH-1", "CH-2"};
static const uint32_t present[] = {7, 300};

/* One of each kind; field values differ from each other so that a swap is seen. */
static struct audit_op every_kind[] = {
    {.kind = OP_CREATE,
     .create = {.ref = "FCA-2026-0001",
                .template_id = "FCA",
                .template_version = 7,
                .team = "North",
                .carer_ref = "CA-1",
                .child_refs = children,
                .nchild_refs = 2,
                .period_from = "2026-01-01",
                .period_to = "2026-12-31",
                .state = AUDIT_PREPARING,
                .planned = "2027-03-25",
                .way_in = "complaint",
                .source = "CHA-2026-0003"}                                                                                                                      },
    {.kind = OP_MEMBER_ADD,                                                                 .member = {31, ROLE_CSW, "B,G"}                                     },
    {.kind = OP_MEMBER_REMOVE,                                                              .member = {32, ROLE_NONE, ""}                                       },
    {.kind = OP_MOVE,
     .move = {.to = AUDIT_RETURNED,
              .reason = "two lines\nof reason",
              .revision = 142,
              .fingerprint = {1, 2, 3},
              .stage = 4,
              .result = "changed",
              .present = present,
              .npresent = 2}                                                                                                                                    },
    {.kind = OP_MOVE,                                                                       .move = {.to = AUDIT_AGREED, .reason = "", .result = ""}            },
    {.kind = OP_TEXT,                                                                       .text = {{5, PART_RATIONALE, 0}, (const uint8_t *)"\x01\x00\xff", 3}},
    {.kind = OP_SET,                                                                        .set = {{10, PART_CHECK, 2}, "not_seen", 88}                        },
    {.kind = OP_SET,                                                                        .set = {{10, PART_CHECK, 3}, "", 0}                                 },
    {.kind = OP_ITEM_ADD,                                                                   .item = {{20, PART_FINDINGS, 3u << 20 | 9}, 0}                      },
    {.kind = OP_ITEM_REMOVE,                                                                .item = {{20, PART_FINDINGS, 4u << 20 | 1}, 0}                      },
    {.kind = OP_ITEM_REMOVE,                                                                .item = {{20, PART_FINDINGS, 4u << 20 | 2}, 77}                     },
    {.kind = OP_COMMENT_ADD,
     .comment = {.comment = 3u << 20 | 1,
                 .field = {5, PART_RATIONALE, 0},
                 .start = {{3, 4}, TEXT_BEFORE},
                 .end = {{0, 0}, TEXT_AFTER},
                 .on_words = true,
                 .must_answer = true,
                 .text = "why \xe2\x80\x98good\xe2\x80\x99?"}                                                                                                   },
    {.kind = OP_COMMENT_ADD,
     .comment = {.comment = 3u << 20 | 2, .field = {11, PART_TEXT, 0}, .text = "x"}                                                                             },
    {.kind = OP_COMMENT_REPLY,                                                              .comment = {.comment = 3u << 20 | 1, .text = "because"}             },
    {.kind = OP_COMMENT_RESOLVE,                                                            .comment = {.comment = 3u << 20 | 1, .text = ""}                    },
    {.kind = OP_HELD                                                                      },
    {.kind = OP_HELD,                                                            .held = {.content = true}                                                                    },
    {.kind = OP_SIGN,
     .sign = {.role = ROLE_FSW,
              .revision = 143,
              .fingerprint = {[31] = 9},
              .difference = "I see B4\notherwise.",
              .absent = true,
              .reason = "away\nsince May"}},
    {.kind = OP_ASSIGN,                          .assign = {.person = 34, .reason = "conflict\nof interest"}                                                                                                                    },
    {.kind = OP_FLAG,
     .flag = {.text = "a concern\nof ours",
              .told = "FTM Sue",
              .told_utc_ms = 1750000000001,
              .told_person = 35}},
    {.kind = OP_FLAG,
     .flag = {.text = "", .told = "SM Tom", .told_utc_ms = 1750000000002, .held = true}                                                                                                                                                                              },
    {.kind = OP_FLAG_NOTE,                     .flag_note = {.flag = 77, .text = "seen\ntoday", .closed = true}},
    {.kind = OP_FLAG_NOTE,                                  .flag_note = {.flag = 78, .text = "", .held = true}                                                                                                                                                                           },
    {.kind = OP_GLASS,
     .glass = {.person = 36, .until_utc_ms = 1750000000003, .reason = "a complaint\ncame"}},
    {.kind = OP_GLASS_END,                                                .glass = {.person = 37, .reason = ""}                                                                                                                                                                           },
    {.kind = OP_LINK,                                 .link = {.kind = "re_audit", .ref = "FCA-2027-0002"}},
    {.kind = OP_PLAN,                     .plan = {.planned = "2027-03-26", .reason = "the review\nmoved"}                                                                                                                                                                           },
};
enum { NKINDS = sizeof every_kind / sizeof *every_kind };

static void expect_same_op(const struct audit_op *x, const struct audit_op *y)
{
    cr_assert_eq(x->kind, y->kind);
    switch (x->kind) {
    case OP_CREATE:
        cr_assert_str_eq(x->create.ref, y->create.ref);
        cr_assert_str_eq(x->create.template_id, y->create.template_id);
        cr_assert_eq(x->create.template_version, y->create.template_version);
        cr_assert_str_eq(x->create.team, y->create.team);
        cr_assert_str_eq(x->create.carer_ref, y->create.carer_ref);
        cr_assert_eq(x->create.nchild_refs, y->create.nchild_refs);
        for (size_t i = 0; i < x->create.nchild_refs; i++)
            cr_assert_str_eq(x->create.child_refs[i], y->create.child_refs[i]);
        cr_assert_str_eq(x->create.period_from, y->create.period_from);
        cr_assert_str_eq(x->create.period_to, y->create.period_to);
        cr_assert_eq(x->create.state, y->create.state);
        cr_assert_str_eq(x->create.planned, y->create.planned);
        cr_assert_str_eq(x->create.way_in, y->create.way_in);
        cr_assert_str_eq(x->create.source, y->create.source);
        break;
    case OP_MEMBER_ADD:
    case OP_MEMBER_REMOVE:
        cr_assert_eq(x->member.person, y->member.person);
        cr_assert_eq(x->member.role, y->member.role);
        cr_assert_str_eq(x->member.sections, y->member.sections);
        break;
    case OP_MOVE:
        cr_assert_eq(x->move.to, y->move.to);
        cr_assert_str_eq(x->move.reason, y->move.reason);
        cr_assert_eq(x->move.revision, y->move.revision);
        cr_assert_eq(memcmp(x->move.fingerprint, y->move.fingerprint, FINGERPRINT_LEN), 0);
        cr_assert_eq(x->move.stage, y->move.stage);
        cr_assert_str_eq(x->move.result, y->move.result);
        cr_assert_eq(x->move.npresent, y->move.npresent);
        for (size_t i = 0; i < x->move.npresent; i++)
            cr_assert_eq(x->move.present[i], y->move.present[i]);
        break;
    case OP_TEXT:
        cr_assert(field_equal(x->text.field, y->text.field));
        cr_assert_eq(x->text.blob_len, y->text.blob_len);
        cr_assert_eq(memcmp(x->text.blob, y->text.blob, x->text.blob_len), 0);
        break;
    case OP_SET:
        cr_assert(field_equal(x->set.field, y->set.field));
        cr_assert_str_eq(x->set.value, y->set.value);
        cr_assert_eq(x->set.base_rev, y->set.base_rev);
        break;
    case OP_ITEM_ADD:
    case OP_ITEM_REMOVE:
        cr_assert(field_equal(x->item.field, y->item.field));
        cr_assert_eq(x->item.base_rev, y->item.base_rev);
        break;
    case OP_COMMENT_ADD:
        cr_assert(field_equal(x->comment.field, y->comment.field));
        cr_assert_eq(x->comment.on_words, y->comment.on_words);
        cr_assert_eq(x->comment.must_answer, y->comment.must_answer);
        cr_assert_eq(x->comment.start.id.agent, y->comment.start.id.agent);
        cr_assert_eq(x->comment.start.id.seq, y->comment.start.id.seq);
        cr_assert_eq(x->comment.start.bias, y->comment.start.bias);
        cr_assert_eq(x->comment.end.id.agent, y->comment.end.id.agent);
        cr_assert_eq(x->comment.end.bias, y->comment.end.bias);
        /* fall through */
    case OP_COMMENT_REPLY:
    case OP_COMMENT_RESOLVE:
        cr_assert_eq(x->comment.comment, y->comment.comment);
        cr_assert_str_eq(x->comment.text, y->comment.text);
        break;
    case OP_HELD:
        cr_assert_eq(x->held.content, y->held.content);
        break;
    case OP_SIGN:
        cr_assert_eq(x->sign.role, y->sign.role);
        cr_assert_eq(x->sign.revision, y->sign.revision);
        cr_assert_eq(memcmp(x->sign.fingerprint, y->sign.fingerprint, FINGERPRINT_LEN), 0);
        cr_assert_str_eq(x->sign.difference, y->sign.difference);
        cr_assert_eq(x->sign.absent, y->sign.absent);
        cr_assert_str_eq(x->sign.reason, y->sign.reason);
        break;
    case OP_ASSIGN:
        cr_assert_eq(x->assign.person, y->assign.person);
        cr_assert_str_eq(x->assign.reason, y->assign.reason);
        break;
    case OP_FLAG:
        cr_assert_str_eq(x->flag.text, y->flag.text);
        cr_assert_str_eq(x->flag.told, y->flag.told);
        cr_assert_eq(x->flag.told_utc_ms, y->flag.told_utc_ms);
        cr_assert_eq(x->flag.told_person, y->flag.told_person);
        cr_assert_eq(x->flag.held, y->flag.held);
        break;
    case OP_FLAG_NOTE:
        cr_assert_eq(x->flag_note.flag, y->flag_note.flag);
        cr_assert_str_eq(x->flag_note.text, y->flag_note.text);
        cr_assert_eq(x->flag_note.closed, y->flag_note.closed);
        cr_assert_eq(x->flag_note.held, y->flag_note.held);
        break;
    case OP_GLASS:
    case OP_GLASS_END:
        cr_assert_eq(x->glass.person, y->glass.person);
        cr_assert_eq(x->glass.until_utc_ms, y->glass.until_utc_ms);
        cr_assert_str_eq(x->glass.reason, y->glass.reason);
        break;
    case OP_LINK:
        cr_assert_str_eq(x->link.kind, y->link.kind);
        cr_assert_str_eq(x->link.ref, y->link.ref);
        break;
    case OP_PLAN:
        cr_assert_str_eq(x->plan.planned, y->plan.planned);
        cr_assert_str_eq(x->plan.reason, y->plan.reason);
        break;
    }
}

Test(event_codec, every_kind_of_operation_comes_back_as_it_went)
{
    for (size_t i = 0; i <= NKINDS; i++) { /* each alone, then all of them */
        struct event_body b = {.agent = 3, .batch_no = 41, .ops = every_kind + i, .nops = 1};
        if (i == NKINDS) {
            b.ops = every_kind;
            b.nops = NKINDS;
        }
        struct buf bytes = BUF_INIT, again = BUF_INIT;
        struct event_body *back;
        struct err_info why = {0};
        event_body_encode(&b, &bytes);
        cr_assert_eq(event_body_decode(bytes.data, bytes.len, &back, &why), ERR_OK, "%zu: %s", i,
                     why.text);
        cr_assert_eq(back->agent, 3);
        cr_assert_eq(back->batch_no, 41);
        cr_assert_eq(back->nops, b.nops);
        for (size_t k = 0; k < b.nops; k++)
            expect_same_op(&b.ops[k], &back->ops[k]);
        event_body_encode(back, &again);
        cr_assert_eq(bytes.len, again.len);
        cr_assert_eq(memcmp(bytes.data, again.data, bytes.len), 0);
        event_body_free(back);
        buf_free(&bytes);
        buf_free(&again);
    }
    CHECK_NO_LEAKS();
}

Test(event_codec, protobuf_itself_would_write_the_same_bytes)
{
    struct event_body b = {.agent = 3, .batch_no = 41, .ops = every_kind, .nops = NKINDS};
    struct buf bytes = BUF_INIT;
    event_body_encode(&b, &bytes);
    Tandem__Audit__EventBody *m = tandem__audit__event_body__unpack(NULL, bytes.len, bytes.data);
    cr_assert_not_null(m);
    uint8_t *packed = malloc(bytes.len + 64);
    cr_assert_eq(tandem__audit__event_body__get_packed_size(m), bytes.len);
    cr_assert_eq(tandem__audit__event_body__pack(m, packed), bytes.len);
    cr_assert_eq(memcmp(packed, bytes.data, bytes.len), 0);
    free(packed);
    tandem__audit__event_body__free_unpacked(m, NULL);
    buf_free(&bytes);
    CHECK_NO_LEAKS();
}

Test(event_codec, one_typed_character_is_under_16_bytes)
{
    struct text *t = text_new();
    struct buf blob = BUF_INIT, bytes = BUF_INIT;
    for (int i = 0; i < 100; i++) { /* the hundredth character of somebody's hundredth batch */
        buf_clear(&blob);
        cr_assert_eq(text_insert(t, 9, (size_t)i, "x", 1, &blob), ERR_OK);
    }
    struct audit_op op = {
        .kind = OP_TEXT, .text = {{10, PART_RATIONALE, 0}, blob.data, blob.len}
    };
    struct event_body b = {.agent = 9, .batch_no = 100, .ops = &op, .nops = 1};
    event_body_encode(&b, &bytes);
    cr_assert_lt(bytes.len, 16, "%zu", bytes.len);
    buf_free(&blob);
    buf_free(&bytes);
    text_free(t);
    CHECK_NO_LEAKS();
}

static enum err decode_only(const void *data, size_t len)
{
    struct event_body *b = NULL;
    struct err_info why = {0};
    enum err e = event_body_decode(data, len, &b, &why);
    cr_assert_eq(e == ERR_OK, b != NULL);
    cr_assert_eq(e == ERR_OK, why.code == ERR_OK, "an error says why");
    event_body_free(b);
    return e;
}

static enum err round_trip(struct audit_op *op)
{
    struct event_body b = {.agent = 1, .batch_no = 1, .ops = op, .nops = 1};
    struct buf bytes = BUF_INIT;
    event_body_encode(&b, &bytes);
    enum err e = decode_only(bytes.data, bytes.len);
    buf_free(&bytes);
    return e;
}

Test(event_codec, words_that_could_do_harm_are_refused)
{
    static const char *const bad[] = {"\x1b[2J",  "a\x07",        "\xe2\x80\xae", "\xef\xbb\xbf",
                                      "\xc0\x80", "\xed\xa0\x80", "\xff",         "a\x7f"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct audit_op ops[] = {
            {.kind = OP_SET,           .set = {{1, 1, 0}, bad[i], 0}                                },
            {.kind = OP_COMMENT_ADD,   .comment = {.comment = 1, .field = {1, 1, 0}, .text = bad[i]}},
            {.kind = OP_COMMENT_REPLY, .comment = {.comment = 1, .text = bad[i]}                    },
            {.kind = OP_MOVE,          .move = {AUDIT_AGREED, bad[i]}                               },
            {.kind = OP_MEMBER_ADD,    .member = {1, ROLE_CSW, bad[i]}                              },
            {.kind = OP_CREATE,
             .create = {.ref = bad[i],
                        .template_id = "",
                        .team = "",
                        .carer_ref = "",
                        .period_from = "",
                        .period_to = ""}                                                            },
            {.kind = OP_CREATE,
             .create = {.ref = "",
                        .template_id = "",
                        .team = "",
                        .carer_ref = "",
                        .child_refs = &bad[i],
                        .nchild_refs = 1,
                        .period_from = "",
                        .period_to = ""}                                                            },
        };
        for (size_t k = 0; k < sizeof ops / sizeof *ops; k++)
            cr_assert_eq(round_trip(&ops[k]), ERR_INPUT, "%zu %zu", i, k);
        struct audit_op life[] = {
            {.kind = OP_MOVE,      .move = {.to = AUDIT_AGREED, .result = bad[i]}},
            {.kind = OP_SIGN,      .sign = {.difference = bad[i]}                },
            {.kind = OP_SIGN,      .sign = {.reason = bad[i]}                    },
            {.kind = OP_ASSIGN,    .assign = {.reason = bad[i]}                  },
            {.kind = OP_FLAG,      .flag = {.text = bad[i]}                      },
            {.kind = OP_FLAG,      .flag = {.told = bad[i]}                      },
            {.kind = OP_FLAG_NOTE, .flag_note = {.text = bad[i]}                 },
            {.kind = OP_GLASS,     .glass = {.reason = bad[i]}                   },
            {.kind = OP_LINK,      .link = {.kind = bad[i]}                      },
            {.kind = OP_LINK,      .link = {.ref = bad[i]}                       },
            {.kind = OP_PLAN,      .plan = {.planned = bad[i]}                   },
            {.kind = OP_PLAN,      .plan = {.reason = bad[i]}                    },
        };
        for (size_t k = 0; k < sizeof life / sizeof *life; k++)
            cr_assert_eq(round_trip(&life[k]), ERR_INPUT, "%zu %zu", i, k);
    }
    CHECK_NO_LEAKS();
}

Test(event_codec, what_is_left_null_is_empty)
{
    struct audit_op ops[] = {
        {.kind = OP_MOVE, .move = {.to = AUDIT_AGREED}},
        {.kind = OP_SIGN              },
        {.kind = OP_ASSIGN},
        {.kind = OP_FLAG              },
        {.kind = OP_GLASS},
        {.kind = OP_PLAN              },
    };
    struct event_body b = {.ops = ops, .nops = sizeof ops / sizeof *ops}, *back;
    struct buf bytes = BUF_INIT;
    event_body_encode(&b, &bytes);
    cr_assert_eq(event_body_decode(bytes.data, bytes.len, &back, NULL), ERR_OK);
    cr_assert_str_eq(back->ops[0].move.reason, "");
    cr_assert_str_eq(back->ops[0].move.result, "");
    cr_assert_str_eq(back->ops[1].sign.difference, "");
    cr_assert_str_eq(back->ops[2].assign.reason, "");
    cr_assert_str_eq(back->ops[3].flag.told, "");
    cr_assert_str_eq(back->ops[4].glass.reason, "");
    cr_assert_str_eq(back->ops[5].plan.planned, "");
    event_body_free(back);
    buf_free(&bytes);
    CHECK_NO_LEAKS();
}

Test(event_codec, a_nul_inside_a_value_is_refused)
{
    /* ops { at: 5<<7|1, set { value: "go\0od" } } */
    static const uint8_t body[] = {0x08, 1, 0x10, 1, 0x1a, 12,  0x08, 0x81, 0x05,
                                   0x22, 7, 0x0a, 5, 'g',  'o', 0,    'o',  'd'};
    cr_assert_eq(decode_only(body, sizeof body), ERR_INPUT);
    CHECK_NO_LEAKS();
}

Test(event_codec, lines_stay_lines_and_comments_may_have_several)
{
    struct audit_op set = {
        .kind = OP_SET, .set = {{1, 1, 0}, "a\nb", 0}
    };
    struct audit_op comment = {
        .kind = OP_COMMENT_ADD, .comment = {.comment = 1, .field = {1, 1, 0}, .text = "a\nb"}
    };
    cr_assert_eq(round_trip(&set), ERR_INPUT);
    cr_assert_eq(round_trip(&comment), ERR_OK);
    CHECK_NO_LEAKS();
}

Test(event_codec, lengths_have_limits_in_characters)
{
    enum { ROOM = 3 * (EVENT_MAX_COMMENT_CP + 1) + 1 };
    static char words[ROOM];
    struct audit_op set = {
        .kind = OP_SET, .set = {{1, 1, 0}, words, 0}
    };
    struct audit_op comment = {
        .kind = OP_COMMENT_ADD, .comment = {.comment = 1, .field = {1, 1, 0}, .text = words}
    };
    for (size_t i = 0; i + 1 < ROOM; i++)
        words[i] = "\xe2\x82\xac"[i % 3]; /* euro signs */
    words[3 * EVENT_MAX_LINE_CP] = 0;
    cr_assert_eq(round_trip(&set), ERR_OK);
    words[3 * EVENT_MAX_LINE_CP] = '\xe2';
    words[3 * (EVENT_MAX_LINE_CP + 1)] = 0;
    cr_assert_eq(round_trip(&set), ERR_TOO_LARGE);
    words[3 * (EVENT_MAX_LINE_CP + 1)] = '\xe2';
    words[3 * EVENT_MAX_COMMENT_CP] = 0;
    cr_assert_eq(round_trip(&comment), ERR_OK);
    words[3 * EVENT_MAX_COMMENT_CP] = '\xe2';
    cr_assert_eq(round_trip(&comment), ERR_TOO_LARGE);
    CHECK_NO_LEAKS();
}

Test(event_codec, reasons_and_people_present_have_limits)
{
    static char words[EVENT_MAX_REASON_CP + 2];
    static uint32_t crowd[EVENT_MAX_PRESENT + 1];
    struct audit_op ops[] = {
        {.kind = OP_MOVE,      .move = {.to = AUDIT_AGREED, .reason = words}},
        {.kind = OP_SIGN,      .sign = {.difference = words}                },
        {.kind = OP_ASSIGN,    .assign = {.reason = words}                  },
        {.kind = OP_FLAG,      .flag = {.text = words}                      },
        {.kind = OP_FLAG_NOTE, .flag_note = {.text = words}                 },
        {.kind = OP_GLASS,     .glass = {.reason = words}                   },
        {.kind = OP_PLAN,      .plan = {.reason = words}                    },
    };
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        memset(words, 'x', sizeof words - 1);
        cr_assert_eq(round_trip(&ops[i]), ERR_TOO_LARGE, "%zu", i);
        words[EVENT_MAX_REASON_CP] = 0;
        cr_assert_eq(round_trip(&ops[i]), ERR_OK, "%zu", i);
    }
    struct audit_op move = {
        .kind = OP_MOVE,
        .move = {.to = AUDIT_AGREED, .present = crowd, .npresent = EVENT_MAX_PRESENT}
    };
    cr_assert_eq(round_trip(&move), ERR_OK);
    move.move.npresent++;
    cr_assert_eq(round_trip(&move), ERR_TOO_LARGE);
    CHECK_NO_LEAKS();
}

Test(event_codec, too_many_operations_or_bytes_are_refused)
{
    static struct audit_op ops[EVENT_MAX_OPS + 1];
    for (size_t i = 0; i <= EVENT_MAX_OPS; i++)
        ops[i] = (struct audit_op){.kind = OP_HELD};
    struct event_body b = {.agent = 1, .batch_no = 1, .ops = ops, .nops = EVENT_MAX_OPS};
    struct buf bytes = BUF_INIT;
    event_body_encode(&b, &bytes);
    cr_assert_eq(decode_only(bytes.data, bytes.len), ERR_OK);
    buf_clear(&bytes);
    b.nops++;
    event_body_encode(&b, &bytes);
    cr_assert_eq(decode_only(bytes.data, bytes.len), ERR_TOO_LARGE);
    buf_free(&bytes);
    static uint8_t zeros[EVENT_MAX_BYTES + 1];
    cr_assert_eq(decode_only(zeros, sizeof zeros), ERR_TOO_LARGE);
    CHECK_NO_LEAKS();
}

Test(event_codec, what_this_version_does_not_know_is_refused)
{
    static const struct {
        const char *what;
        uint8_t bytes[16];
        size_t len;
    } strange[] = {
        {"an unknown field of the body",        {0x08, 1, 0x10, 1, 0x38, 1},                   6},
        {"an operation of no kind",             {0x1a, 0},                                     2},
        {"an operation of no kind but a field", {0x1a, 3, 0x08, 0x81, 0x05},                   5},
        {"an unknown kind",                     {0x1a, 3, 0x98, 0x06, 1},                      5},
        {"an unknown field of a set",           {0x1a, 7, 0x08, 0x81, 0x05, 0x22, 2, 0x38, 1}, 9},
        {"a text of no field",                  {0x1a, 3, 0x1a, 1, 'x'},                       5},
        {"short and long form at once",         {0x1a, 2, 0x70, 1, 0x20, 0x81, 0x05},          7},
        {"a short form without its field",      {0x32, 1, 'x'},                                3},
        {"a field where none belongs",          {0x1a, 5, 0x08, 0x81, 0x05, 0x70, 1},          7},
        {"a question number too high",          {0x20, 0x81, 0x80, 0x80, 0x80, 0x08},          6},
        {"half an anchor",                      {0x1a, 7, 0x08, 0x81, 0x05, 0x3a, 2, 0x22, 0}, 9},
        {"cut short",                           {0x1a, 7, 0x08},                               3},
        {"an anchor to neither side",
         {0x1a, 11, 0x08, 0x81, 0x05, 0x3a, 6, 0x22, 2, 0x18, 2, 0x2a, 0},
         13                                                                                     },
        {"two creations",                       {0x1a, 2, 0x52, 0, 0x1a, 2, 0x52, 0},          8},
        {"a creation that is not the first",    {0x1a, 2, 0x70, 1, 0x1a, 2, 0x52, 0},          8},
        {"a fingerprint of another length",     {0x1a, 5, 0x6a, 3, 0x22, 1, 7},                7},
        {"a signature's, too",                  {0x1a, 5, 0x7a, 3, 0x1a, 1, 7},                7},
        {"an unknown field of a signature",     {0x1a, 4, 0x7a, 2, 0x38, 1},                   6},
        {"an unknown way to withhold",          {0x1a, 2, 0x70, 3},                            4},
        {"a group",                             {0x0b},                                        1},
    };
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++)
        cr_assert_eq(decode_only(strange[i].bytes, strange[i].len), ERR_INPUT, "%s",
                     strange[i].what);
    CHECK_NO_LEAKS();
}

Test(event_codec, every_cut_and_every_flipped_bit_is_survived)
{
    struct event_body b = {.agent = 3, .batch_no = 41, .ops = every_kind, .nops = NKINDS};
    struct buf bytes = BUF_INIT;
    event_body_encode(&b, &bytes);
    for (size_t len = 0; len < bytes.len; len++)
        (void)decode_only(bytes.data, len); /* asserts that a refusal says why and leaks nothing */
    for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        (void)decode_only(bytes.data, bytes.len);
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    cr_assert_eq(decode_only(bytes.data, bytes.len), ERR_OK);
    buf_free(&bytes);
    CHECK_NO_LEAKS();
}
