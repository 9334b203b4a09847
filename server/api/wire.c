#include "server/api/wire.h"

#include <string.h>

#include "common/utf8.h"

/* ---- by hand ---- */

enum { TYPE_VARINT = 0, TYPE_BYTES = 2 };

static size_t varint_len(uint64_t v)
{
    size_t n = 1;
    while (v >>= 7)
        n++;
    return n;
}

static uint64_t zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
}

/* All field numbers here are below 16: one byte of tag. */
static size_t number_len(uint64_t v)
{
    return v ? 1 + varint_len(v) : 0;
}

static void number(struct buf *out, unsigned field, uint64_t v)
{
    if (!v)
        return;
    buf_append_u8(out, (uint8_t)(field << 3 | TYPE_VARINT));
    buf_append_varint(out, v);
}

static void bytes(struct buf *out, unsigned field, const void *data, size_t len)
{
    if (!len)
        return;
    buf_append_u8(out, (uint8_t)(field << 3 | TYPE_BYTES));
    buf_append_varint(out, len);
    buf_append(out, data, len);
}

static void open_body(struct buf *out, uint32_t id, unsigned field, size_t len)
{
    number(out, 1, id);
    buf_append_u8(out, (uint8_t)(field << 3 | TYPE_BYTES));
    buf_append_varint(out, len);
}

void wire_event(struct buf *out, uint32_t room, uint64_t seq, int64_t dt_ms, uint32_t actor,
                const void *body, size_t body_len)
{
    size_t len = number_len(room) + number_len(seq) + number_len(zigzag(dt_ms)) +
                 number_len(actor) + (body_len ? 1 + varint_len(body_len) + body_len : 0);
    if (!buf_reserve(out, len + 16))
        return;
    open_body(out, 0, TANDEM__ENVELOPE__BODY_EVENT, len);
    number(out, 1, room);
    number(out, 2, seq);
    number(out, 3, zigzag(dt_ms));
    number(out, 4, actor);
    bytes(out, 5, body, body_len);
}

void wire_acked(struct buf *out, uint32_t id, uint32_t room, uint64_t batch_no, uint64_t seq,
                int64_t dt_ms)
{
    size_t len =
        number_len(room) + number_len(batch_no) + number_len(seq) + number_len(zigzag(dt_ms));
    open_body(out, id, TANDEM__ENVELOPE__BODY_ACKED, len);
    number(out, 1, room);
    number(out, 2, batch_no);
    number(out, 3, seq);
    number(out, 4, zigzag(dt_ms));
}

void wire_ping(struct buf *out)
{
    open_body(out, 0, TANDEM__ENVELOPE__BODY_PING, 0);
}

void wire_pong(struct buf *out, uint32_t id)
{
    open_body(out, id, TANDEM__ENVELOPE__BODY_PONG, 0);
}

void wire_snapshot_part(struct buf *out, uint32_t id, const void *data, size_t len)
{
    open_body(out, id, TANDEM__ENVELOPE__BODY_SNAPSHOT_PART, len ? 1 + varint_len(len) + len : 0);
    bytes(out, 1, data, len);
}

/* ---- by protobuf-c ---- */

void wire_pack(struct buf *out, const Tandem__Envelope *e)
{
    size_t len = tandem__envelope__get_packed_size(e);
    if (!buf_reserve(out, len))
        return;
    out->len += tandem__envelope__pack(e, out->data + out->len);
}

const ProtobufCMessage *wire_inner(const Tandem__Envelope *e)
{
    /* A oneof is a union of pointers: any of its members shows the pointer. */
    return e->body_case == TANDEM__ENVELOPE__BODY__NOT_SET ? NULL : &e->done->base;
}

const char *wire_kind_name(int kind)
{
    const ProtobufCFieldDescriptor *f =
        kind > 1
            ? protobuf_c_message_descriptor_get_field(&tandem__envelope__descriptor, (unsigned)kind)
            : NULL;
    return f ? f->name : "?";
}

static enum err check_string(const char *s, const ProtobufCFieldDescriptor *f, struct err_info *why)
{
    if (!s)
        return ERR_OK;
    size_t len = strlen(s);
    if (len > WIRE_MAX_STRING_BYTES)
        return err_set(why, ERR_TOO_LARGE, "\"%s\" is longer than %d bytes; shorten it.", f->name,
                       WIRE_MAX_STRING_BYTES);
    struct err_info what;
    if (utf8_check_text(s, len, false, &what))
        return err_set(why, ERR_INPUT, "\"%s\" contains %s; take that out.", f->name, what.text);
    return ERR_OK;
}

/* One field, once or repeated; our messages do not recurse, so neither does this for long. */
static enum err check_field(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                            struct err_info *why)
{
    const char *at = (const char *)m + f->offset;
    size_t n = 1;
    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        n = *(const size_t *)(const void *)((const char *)m + f->quantifier_offset);
        at = n ? *(const char *const *)(const void *)at : at;
    }
    enum err e = ERR_OK;
    for (size_t i = 0; !e && i < n; i++) {
        const void *p = *((const void *const *)(const void *)at + i);
        if (f->type == PROTOBUF_C_TYPE_STRING)
            e = check_string(p, f, why);
        else if (p)
            e = wire_check_strings(p, why);
    }
    return e;
}

enum err wire_check_strings(const ProtobufCMessage *m, struct err_info *why)
{
    enum err e = ERR_OK;
    for (unsigned i = 0; !e && i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        bool ours = f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_MESSAGE;
        if (ours && !(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
            e = check_field(m, f, why);
    }
    return e;
}
