/* A body from a stranger, for a room in which something has happened: it is refused, or applied and
 * then the audit is whole. Bodies are decoded, encoded, redacted, checked and applied. The first
 * byte chooses: 0 the rest is a body; n it changes the n-th good one (two bytes each: where, what).
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/audit_make.h"

static struct room *start(void)
{
    struct room *r = room_new();
    enum err e = room_type(r, P_FRO, "C2", "some words of mine");
    e = e ? e : room_set(r, P_FRO, "B2", "yes");
    e = e ? e : room_add(r, P_FRO, "L3.actions");
    e = e ? e : room_type(r, P_FSW, "L3[1].change", "more");
    e = e ? e : room_comment(r, P_IRO, "B1", "why?");
    struct audit_op lived[] = {
        {.kind = OP_SIGN,  .sign = {.role = ROLE_FSW, .revision = audit_revision(r->a)}      },
        {.kind = OP_FLAG,  .flag = {.text = "a concern", .told = "FTM Sue", .told_utc_ms = 5}},
        {.kind = OP_GLASS,
         .glass = {.person = P_STRANGER, .until_utc_ms = INT64_MAX, .reason = "a complaint"} },
    };
    e = e ? e : room_do(r, 0, lived, 3);
    assert(!e);
    return r;
}

static void expect_whole(const struct audit *a)
{
    struct buf bytes = BUF_INIT, again = BUF_INIT;
    struct audit *back;
    audit_encode(a, NULL, &bytes);
    enum err e = audit_decode(audit_make_template(), bytes.data, bytes.len, &back, NULL);
    assert(!e);
    audit_encode(back, NULL, &again);
    assert(bytes.len == again.len && !memcmp(bytes.data, again.data, bytes.len));
    struct audit_progress p = audit_progress(back);
    assert(p.answered <= p.required);
    audit_free(back);
    buf_free(&bytes);
    buf_free(&again);
}

static void redact_for_all(const struct audit *a, const struct event_body *b)
{
    for (uint32_t p = P_FRO; p < P_END; p++) {
        struct buf out = BUF_INIT;
        bool changed, reveal;
        enum err e = audit_redact_body(a, audit_make_viewer(p), b, &out, &changed, &reveal);
        assert(!e);
        buf_free(&out);
    }
}

static const uint32_t present[] = {P_FRO, P_FSW, 300};

/* Good ones for start()'s room: people's, then the server's. */
/* clang-format off */
static const struct audit_op samples[] = {
    {.kind = OP_SET,             .set = {{6, PART_YNP, 0}, "no", 3}                           },
    {.kind = OP_TEXT,            .text = {{11, PART_TEXT, 0}, (const uint8_t *)"\x20\x12x", 3}},
    {.kind = OP_ITEM_ADD,        .item = {{21, PART_ACTIONS, 1u << 20 | 2}, 0}                },
    {.kind = OP_ITEM_REMOVE,     .item = {{21, PART_ACTIONS, 1u << 20 | 1}, 4}                },
    {.kind = OP_COMMENT_ADD,
     .comment = {.comment = 1u << 20 | 2,
                 .field = {11, PART_TEXT, 0},
                 .on_words = true,
                 .start = {{1, 0}, TEXT_BEFORE},
                 .end = {{1, 4}, TEXT_AFTER},
                 .text = "which?"}                                                            },
    {.kind = OP_COMMENT_REPLY,   .comment = {.comment = 4u << 20 | 1, .text = "so"}           },
    {.kind = OP_COMMENT_RESOLVE, .comment = {.comment = 4u << 20 | 1, .text = ""}             },
    {.kind = OP_MEMBER_ADD,      .member = {P_CSW, ROLE_CSW, "B,C"}                           },
    {.kind = OP_MEMBER_REMOVE,   .member = {P_CSW, ROLE_NONE, ""}                             },
    {.kind = OP_MOVE,
     .move = {.to = AUDIT_MODERATING,
              .reason = "why",
              .revision = 5,
              .fingerprint = {[3] = 7},
              .stage = 2,
              .result = "changed",
              .present = present,
              .npresent = 3}},
    {.kind = OP_SIGN,
     .sign = {.role = ROLE_FRO, .revision = 5, .fingerprint = {7}, .difference = "more"}},
    {.kind = OP_ASSIGN, .assign = {.person = P_IRO, .reason = "why"}},
    {.kind = OP_FLAG, .flag = {.text = "x", .told = "SM Tom", .told_utc_ms = 9, .told_person = 8}},
    {.kind = OP_FLAG_NOTE, .flag_note = {.flag = 7, .text = "seen", .closed = true}},
    {.kind = OP_GLASS, .glass = {.person = 90, .until_utc_ms = INT64_MAX, .reason = "why"}},
    {.kind = OP_GLASS_END, .glass = {.person = P_STRANGER}},
    {.kind = OP_LINK, .link = {.kind = "re_audit", .ref = "FCA-2027-0001"}},
    {.kind = OP_PLAN, .plan = {.planned = "2027-03-25", .reason = "why"}},
    {.kind = OP_SET, .set = {{6, PART_YNP, 0}, "no", 3}}, /* the server's own */
};
/* clang-format on */
enum { NSAMPLES = sizeof samples / sizeof *samples, OF_PEOPLE = 7 };

static void make_sample(size_t n, struct buf *out)
{
    struct audit_op ops[NSAMPLES];
    size_t nops = 1;
    ops[0] = samples[n];
    if (n == 0) /* and all that people do at once */
        for (; nops < OF_PEOPLE; nops++)
            ops[nops] = samples[nops];
    if (n == OF_PEOPLE) /* and all that the server does */
        for (; OF_PEOPLE + nops < NSAMPLES; nops++)
            ops[nops] = samples[OF_PEOPLE + nops];
    bool server = n >= OF_PEOPLE;
    struct event_body b = {
        .agent = server ? 0 : P_FRO, .batch_no = server ? 0 : 9, .ops = ops, .nops = nops};
    event_body_encode(&b, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static void try_bytes(const uint8_t *data, size_t size)
{
    struct event_body *b;
    struct err_info why = {0};
    if (event_body_decode(data, size, &b, &why)) {
        assert(why.code && *why.text);
        return;
    }
    struct buf bytes = BUF_INIT;
    struct event_body *again;
    event_body_encode(b, &bytes);
    enum err e = event_body_decode(bytes.data, bytes.len, &again, NULL);
    assert(!e && again->nops == b->nops);
    event_body_free(again);
    buf_free(&bytes);

    struct room *r = start();
    uint32_t person = b->agent < P_END ? b->agent : P_FRO;
    if (b->agent && b->agent < P_END)
        b->batch_no = audit_batch_no(r->a, b->agent) + 1; /* let it get further */
    redact_for_all(r->a, b);
    e = audit_check(r->a, audit_make_viewer(person), b, &why, NULL);
    struct event ev = {
        .seq = audit_seq(r->a) + 1, .utc_ms = r->utc_ms, .actor = person, .body = *b};
    if (!e) {
        e = audit_apply(r->a, &ev);
        assert(!e); /* what was found good can be applied */
        redact_for_all(r->a, b);
        expect_whole(r->a);
    } else {
        assert(why.code == e && *why.text);
        /* A damaged log instead: refused, or possible. What is left is only good to be freed. */
        if (!audit_apply(r->a, &ev))
            expect_whole(r->a);
    }
    event_body_free(b);
    room_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    if (!data[0]) {
        try_bytes(data + 1, size - 1);
        return 0;
    }
    struct buf b = BUF_INIT;
    make_sample(data[0] % NSAMPLES, &b);
    for (size_t i = 1; i + 2 <= size; i += 2)
        b.data[data[i] % b.len] = data[i + 1];
    try_bytes(b.data, b.len);
    buf_free(&b);
    return 0;
}
