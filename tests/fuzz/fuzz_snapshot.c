/* A snapshot from a stranger: refused with a reason, or an audit that can be used. The first byte
 * chooses: the rest is a snapshot, or changes to a good one (three bytes each: where, where, what),
 * which get much further. */

#include <assert.h>
#include <string.h>

#include "tests/lib/audit_make.h"

static bool format(void *user, struct field f)
{
    struct buf name = BUF_INIT;
    audit_field_format(user, f, &name);
    buf_free(&name);
    return true;
}

static void missing(void *user, struct field f, enum missing_why why, const char *sentence)
{
    (void)user;
    (void)f;
    assert(why && *sentence);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct buf good;

static void make_good(void)
{
    struct room *r = room_new();
    enum err e = room_type(r, P_FRO, "C2", "some words of mine");
    e = e ? e : room_set(r, P_FRO, "B2", "yes");
    e = e ? e : room_add(r, P_FRO, "L3.actions");
    e = e ? e : room_type(r, P_FSW, "L3[1].change", "more");
    e = e ? e : room_set(r, P_FSW, "L3[1].due", "2027-01-31");
    e = e ? e : room_comment(r, P_IRO, "B1", "why?");
    const struct text *t = audit_text(r->a, room_field(r, "C2"));
    uint64_t id = event_local_id(P_IRO, ++r->ids[P_IRO]);
    struct audit_op ops[] = {
        {.kind = OP_COMMENT_ADD,
         .comment = {.comment = id,
                     .field = room_field(r, "C2"),
                     .on_words = true,
                     .start = text_anchor_at(t, 0, TEXT_BEFORE),
                     .end = text_anchor_at(t, 4, TEXT_AFTER),
                     .text = "which?"}                                        },
        {.kind = OP_COMMENT_REPLY, .comment = {.comment = id, .text = "those"}},
    };
    e = e ? e : room_do(r, P_IRO, ops, 2);
    static const uint32_t here[] = {P_FRO, 300};
    struct audit_op lived[] = {
        {.kind = OP_SIGN,
         .sign = {.role = ROLE_FSW, .revision = audit_revision(r->a), .fingerprint = {7}}        },
        {.kind = OP_SIGN,
         .sign = {.role = ROLE_FRO, .revision = audit_revision(r->a), .difference = "more"}      },
        {.kind = OP_FLAG,      .flag = {.text = "a concern", .told = "FTM Sue", .told_utc_ms = 5}},
        {.kind = OP_FLAG_NOTE, .flag_note = {.flag = audit_seq(r->a) + 1, .text = "seen"}        },
        {.kind = OP_GLASS,
         .glass = {.person = P_STRANGER, .until_utc_ms = INT64_MAX, .reason = "a complaint"}     },
        {.kind = OP_ASSIGN,    .assign = {.person = P_IRO}                                       },
        {.kind = OP_LINK,      .link = {.kind = "re_audit", .ref = "FCA-2027-0001"}              },
        {.kind = OP_PLAN,      .plan = {.planned = "2027-03-25"}                                 },
        {.kind = OP_MOVE,
         .move = {.to = AUDIT_RETURNED, .present = here, .npresent = 2, .fingerprint = {9}}      },
    };
    e = e ? e : room_do(r, 0, lived, sizeof lived / sizeof *lived);
    assert(!e);
    audit_encode(r->a, NULL, &good);
    room_free(r);
}

static void try_bytes(const uint8_t *data, size_t size)
{
    struct audit *a, *b;
    struct err_info why = {0};
    char id[32];
    uint32_t version;
    (void)(audit_template_of(data, size, true, id, &version) == ERR_OK);
    enum err e = audit_decode(audit_make_template(), data, size, &a, &why);
    if (e) {
        assert(why.code == e && *why.text && !a);
        return;
    }
    struct buf bytes = BUF_INIT, again = BUF_INIT;
    audit_encode(a, NULL, &bytes);
    e = audit_decode(audit_make_template(), bytes.data, bytes.len, &b, NULL);
    assert(!e);
    audit_encode(b, NULL, &again);
    assert(bytes.len == again.len && !memcmp(bytes.data, again.data, bytes.len));
    audit_free(b);
    for (uint32_t p = P_FRO; p < P_END; p++) {
        buf_clear(&bytes);
        audit_encode(a, audit_make_viewer(p), &bytes);
        e = audit_decode(audit_make_template(), bytes.data, bytes.len, &b, NULL);
        assert(!e);
        audit_free(b);
    }
    audit_each_field(a, format, a);
    audit_missing(a, missing, NULL);
    uint8_t print[32];
    audit_fingerprint(a, print);
    for (size_t i = 0; i < audit_comment_count(a); i++) {
        size_t start, end;
        if (audit_comment_words(a, audit_comment_at(a, i), &start, &end))
            assert(start <= end);
    }
    audit_free(a);
    buf_free(&bytes);
    buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!good.len)
        make_good();
    if (size && data[0] & 1) {
        try_bytes(data + 1, size - 1);
        return 0;
    }
    struct buf b = BUF_INIT;
    buf_append(&b, good.data, good.len);
    for (size_t i = 1; i + 3 <= size; i += 3)
        b.data[(size_t)(data[i] << 8 | data[i + 1]) % b.len] = data[i + 2];
    try_bytes(b.data, b.len);
    buf_free(&b);
    return 0;
}
