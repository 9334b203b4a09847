#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/audit/event.h"
#include "proto/event.pb-c.h"
#include "tests/lib/leaks.h"

static const char *const children[] = {"CH-1", "CH-2"};

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
                .state = AUDIT_PREPARING}},
    {.kind = OP_MEMBER_ADD,                                                 .member = {31, ROLE_CSW, "B,G"}},
    {.kind = OP_MEMBER_REMOVE,.member = {32, ROLE_NONE, ""}},
    {.kind = OP_MOVE,                          .move = {AUDIT_RETURNED, "two lines\nof reason"}},
    {.kind = OP_TEXT,                                                 .text = {{5, PART_RATIONALE, 0}, (const uint8_t *)"\x01\x00\xff", 3}},
    {.kind = OP_SET,.set = {{10, PART_CHECK, 2}, "not_seen", 88}},
    {.kind = OP_SET,                                   .set = {{10, PART_CHECK, 3}, "", 0}},
    {.kind = OP_ITEM_ADD,                                                 .item = {{20, PART_FINDINGS, 3u << 20 | 9}, 0}},
    {.kind = OP_ITEM_REMOVE,                              .item = {{20, PART_FINDINGS, 4u << 20 | 1}, 0}},
    {.kind = OP_ITEM_REMOVE,                                    .item = {{20, PART_FINDINGS, 4u << 20 | 2}, 77}},
    {.kind = OP_COMMENT_ADD,
     .comment = {.comment = 3u << 20 | 1,
                 .field = {5, PART_RATIONALE, 0},
                 .start = {{3, 4}, TEXT_BEFORE},
                 .end = {{0, 0}, TEXT_AFTER},
                 .on_words = true,
                 .must_answer = true,
                 .text = "why \xe2\x80\x98good\xe2\x80\x99?"}},
    {.kind = OP_COMMENT_ADD,
     .comment = {.comment = 3u << 20 | 2, .field = {11, PART_TEXT, 0}, .text = "x"}},
    {.kind = OP_COMMENT_REPLY,                            .comment = {.comment = 3u << 20 | 1, .text = "because"}},
    {.kind = OP_COMMENT_RESOLVE,                                                 .comment = {.comment = 3u << 20 | 1, .text = ""}},
    {.kind = OP_HELD},
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
    }
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
