#include "server/api/wire.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define BODY(k) TANDEM__ENVELOPE__BODY_##k

static void same_as_protobuf_c(const struct buf *hand, Tandem__Envelope *e)
{
    struct buf packed = BUF_INIT;
    wire_pack(&packed, e);
    cr_assert(!buf_failed(hand) && !buf_failed(&packed));
    cr_assert_eq(hand->len, packed.len);
    cr_assert(!packed.len || !memcmp(hand->data, packed.data, packed.len));
    buf_free(&packed);
}

/* Every size of varint, and nothing. */
static const uint64_t numbers[] = {0, 1, 127, 128, 16383, 16384, 300000, UINT32_MAX};
static const int64_t times[] = {0, 1, -1, 63, 64, -64, -65, 1000000, INT64_MAX, INT64_MIN};
#define COUNT(a) (sizeof(a) / sizeof *(a))

Test(wire, an_event_by_hand_is_what_protobuf_c_writes)
{
    uint8_t *body = malloc(70000);
    cr_assert_not_null(body);
    memset(body, 0xa5, 70000);
    static const size_t lens[] = {0, 1, 100, 127, 128, 16384, 70000};
    for (size_t i = 0; i < COUNT(numbers); i++)
        for (size_t k = 0; k < COUNT(times); k++)
            for (size_t l = 0; l < COUNT(lens); l++) {
                Tandem__Event ev = TANDEM__EVENT__INIT;
                Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
                struct buf out = BUF_INIT;
                ev.room = (uint32_t)numbers[i];
                ev.seq = numbers[(i + 3) % COUNT(numbers)] << 20;
                ev.dt_ms = times[k];
                ev.actor = (uint32_t)numbers[(i + k) % COUNT(numbers)];
                ev.body = (ProtobufCBinaryData){.len = lens[l], .data = body};
                e.body_case = BODY(EVENT);
                e.event = &ev;
                wire_event(&out, ev.room, ev.seq, ev.dt_ms, ev.actor, body, lens[l]);
                same_as_protobuf_c(&out, &e);
                buf_free(&out);
            }
    free(body);
}

Test(wire, an_acknowledgement_by_hand_is_what_protobuf_c_writes)
{
    for (size_t i = 0; i < COUNT(numbers); i++)
        for (size_t k = 0; k < COUNT(times); k++) {
            Tandem__Acked a = TANDEM__ACKED__INIT;
            Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
            struct buf out = BUF_INIT;
            e.id = (uint32_t)numbers[(i + k) % COUNT(numbers)];
            a.room = (uint32_t)numbers[i];
            a.batch_no = numbers[(i + 1) % COUNT(numbers)] << 30;
            a.seq = numbers[(i + 2) % COUNT(numbers)];
            a.dt_ms = times[k];
            e.body_case = BODY(ACKED);
            e.acked = &a;
            wire_acked(&out, e.id, a.room, a.batch_no, a.seq, a.dt_ms);
            same_as_protobuf_c(&out, &e);
            buf_free(&out);
        }
}

Test(wire, the_small_ones_by_hand_are_what_protobuf_c_writes)
{
    uint8_t data[300] = {1, 2, 3};
    for (size_t i = 0; i < COUNT(numbers); i++) {
        Tandem__Ping ping = TANDEM__PING__INIT;
        Tandem__Pong pong = TANDEM__PONG__INIT;
        Tandem__SnapshotPart part = TANDEM__SNAPSHOT_PART__INIT;
        Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
        struct buf out = BUF_INIT;
        e.id = (uint32_t)numbers[i];
        e.body_case = BODY(PONG);
        e.pong = &pong;
        wire_pong(&out, e.id);
        same_as_protobuf_c(&out, &e);
        buf_clear(&out);
        part.data = (ProtobufCBinaryData){.len = i * 40, .data = data};
        e.body_case = BODY(SNAPSHOT_PART);
        e.snapshot_part = &part;
        wire_snapshot_part(&out, e.id, data, i * 40);
        same_as_protobuf_c(&out, &e);
        buf_clear(&out);
        e.id = 0;
        e.body_case = BODY(PING);
        e.ping = &ping;
        wire_ping(&out);
        same_as_protobuf_c(&out, &e);
        buf_free(&out);
    }
}

static enum err check(const char *ref, char **children, size_t n, struct err_info *why)
{
    Tandem__NewAudit m = TANDEM__NEW_AUDIT__INIT;
    m.carer_ref = (char *)ref;
    m.child_refs = children;
    m.n_child_refs = n;
    return wire_check_strings(&m.base, why);
}

Test(wire, every_string_of_a_message_is_checked)
{
    struct err_info why = {0};
    char *good[] = {(char *)"CH-1", (char *)"Zoë"}, *bad[] = {(char *)"CH-1", (char *)"\x1b[2J"};
    cr_assert_eq(check("CA-1", good, 2, &why), ERR_OK);
    cr_assert_eq(check("CA\n1", good, 2, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "carer_ref"), "%s", why.text);
    cr_assert_eq(check("\xff", good, 2, &why), ERR_INPUT);
    cr_assert_eq(check("\xe2\x80\xae", good, 2, &why), ERR_INPUT, "right-to-left override");
    cr_assert_eq(check("CA-1", bad, 2, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "child_refs"), "%s", why.text);
    char *lengthy = malloc(WIRE_MAX_STRING_BYTES + 2);
    cr_assert_not_null(lengthy);
    memset(lengthy, 'x', WIRE_MAX_STRING_BYTES + 1);
    lengthy[WIRE_MAX_STRING_BYTES + 1] = 0;
    cr_assert_eq(check(lengthy, good, 2, &why), ERR_TOO_LARGE);
    lengthy[WIRE_MAX_STRING_BYTES] = 0;
    cr_assert_eq(check(lengthy, good, 2, &why), ERR_OK);
    free(lengthy);
}

Test(wire, strings_of_inner_messages_are_checked)
{
    Tandem__RoleHeld held = TANDEM__ROLE_HELD__INIT, *roles = &held;
    Tandem__Person p = TANDEM__PERSON__INIT;
    Tandem__Welcome w = TANDEM__WELCOME__INIT;
    p.n_roles = 1;
    p.roles = &roles;
    w.you = &p;
    cr_assert_eq(wire_check_strings(&w.base, NULL), ERR_OK);
    held.team = (char *)"\a";
    cr_assert_eq(wire_check_strings(&w.base, NULL), ERR_INPUT);
}

Test(wire, kinds_have_names)
{
    cr_assert_str_eq(wire_kind_name(BODY(LIST_AUDITS)), "list_audits");
    cr_assert_str_eq(wire_kind_name(0), "?");
    cr_assert_str_eq(wire_kind_name(1), "?");
    cr_assert_str_eq(wire_kind_name(999), "?");
}
