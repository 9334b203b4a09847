#include "common/audit/event_codec.h"

/* ---- writing ---- */

static void write_move(struct buf *out, const struct op_move *op)
{
    pbw_u64(out, 1, (uint64_t)op->to);
    event_write_str(out, 2, op->reason);
    pbw_u64(out, 3, op->revision);
    event_write_fingerprint(out, 4, op->fingerprint);
    pbw_u64(out, 5, op->stage);
    event_write_str(out, 6, op->result);
    if (!op->npresent)
        return;
    size_t m = pbw_begin(out, 7);
    for (size_t i = 0; i < op->npresent; i++)
        buf_append_varint(out, op->present[i]);
    pbw_end(out, m);
}

static void write_sign(struct buf *out, const struct op_sign *op)
{
    pbw_u64(out, 1, (uint64_t)op->role);
    pbw_u64(out, 2, op->revision);
    event_write_fingerprint(out, 3, op->fingerprint);
    event_write_str(out, 4, op->difference);
    pbw_u64(out, 5, op->absent);
    event_write_str(out, 6, op->reason);
}

static void write_flag(struct buf *out, const struct op_flag *op)
{
    event_write_str(out, 1, op->text);
    event_write_str(out, 2, op->told);
    pbw_u64(out, 3, (uint64_t)op->told_utc_ms);
    pbw_u64(out, 4, op->told_person);
    pbw_u64(out, 5, op->held);
}

static void write_flag_note(struct buf *out, const struct op_flag_note *op)
{
    pbw_u64(out, 1, op->flag);
    event_write_str(out, 2, op->text);
    pbw_u64(out, 3, op->closed);
    pbw_u64(out, 4, op->held);
}

static void write_glass(struct buf *out, const struct op_glass *op)
{
    pbw_u64(out, 1, op->person);
    pbw_u64(out, 2, (uint64_t)op->until_utc_ms);
    event_write_str(out, 3, op->reason);
}

static uint32_t number_of(enum op_kind kind)
{
    return kind == OP_MOVE ? 13 : 15 + (uint32_t)(kind - OP_SIGN);
}

void event_write_life(struct buf *out, const struct audit_op *op)
{
    if (op->kind == OP_GLASS_END) {
        pbw_u64_always(out, number_of(op->kind), op->glass.person);
        return;
    }
    size_t m = pbw_begin(out, number_of(op->kind));
    if (op->kind == OP_MOVE) {
        write_move(out, &op->move);
    } else if (op->kind == OP_SIGN) {
        write_sign(out, &op->sign);
    } else if (op->kind == OP_ASSIGN) {
        pbw_u64(out, 1, op->assign.person);
        event_write_str(out, 2, op->assign.reason);
    } else if (op->kind == OP_FLAG) {
        write_flag(out, &op->flag);
    } else if (op->kind == OP_FLAG_NOTE) {
        write_flag_note(out, &op->flag_note);
    } else if (op->kind == OP_GLASS) {
        write_glass(out, &op->glass);
    } else if (op->kind == OP_LINK) {
        event_write_str(out, 1, op->link.kind);
        event_write_str(out, 2, op->link.ref);
    } else {
        event_write_str(out, 1, op->plan.planned);
        event_write_str(out, 2, op->plan.reason);
    }
    pbw_end(out, m);
}

/* ---- reading ---- */

typedef Tandem__Audit__Op PbOp;

static enum err copy_reason(struct event_copier *c, const ProtobufCBinaryData *from,
                            const char *what, const char **out)
{
    return event_copy_words(c, from, true, EVENT_MAX_REASON_CP, what, out);
}

static enum err read_fingerprint(struct event_copier *c, const ProtobufCBinaryData *from,
                                 uint8_t to[FINGERPRINT_LEN])
{
    if (from->len && from->len != FINGERPRINT_LEN)
        return err_set(c->why, ERR_INPUT, "a fingerprint has %d bytes", FINGERPRINT_LEN);
    if (from->len)
        memcpy(to, from->data, FINGERPRINT_LEN);
    return ERR_OK;
}

static enum err read_move(struct event_copier *c, const Tandem__Audit__Move *from,
                          struct op_move *to)
{
    to->to = (enum audit_state)from->to;
    to->revision = from->revision;
    to->stage = from->stage;
    to->present = c->present;
    to->npresent = from->n_present;
    if (from->n_present)
        memcpy(c->present, from->present, from->n_present * sizeof *from->present);
    c->present += from->n_present;
    enum err e = copy_reason(c, &from->reason, "the reason", &to->reason);
    if (!e)
        e = read_fingerprint(c, &from->fingerprint, to->fingerprint);
    return e ? e : event_copy_line(c, &from->result, "the result", &to->result);
}

static enum err read_sign(struct event_copier *c, const Tandem__Audit__Sign *from,
                          struct op_sign *to)
{
    to->role = (enum role)from->role;
    to->revision = from->revision;
    to->absent = from->absent;
    enum err e = read_fingerprint(c, &from->fingerprint, to->fingerprint);
    if (!e)
        e = copy_reason(c, &from->difference, "the difference of view", &to->difference);
    return e ? e : copy_reason(c, &from->reason, "the reason", &to->reason);
}

static enum err read_flag(struct event_copier *c, const Tandem__Audit__Flag *from,
                          struct op_flag *to)
{
    to->told_utc_ms = from->told_utc_ms;
    to->told_person = from->told_person;
    to->held = from->held;
    enum err e = copy_reason(c, &from->text, "the flag", &to->text);
    return e ? e : event_copy_line(c, &from->told, "who was told", &to->told);
}

static enum err read_flag_note(struct event_copier *c, const Tandem__Audit__FlagNote *from,
                               struct op_flag_note *to)
{
    to->flag = from->flag;
    to->closed = from->closed;
    to->held = from->held;
    return copy_reason(c, &from->text, "the note", &to->text);
}

static enum err read_link(struct event_copier *c, const Tandem__Audit__Link *from,
                          struct op_link *to)
{
    enum err e = event_copy_line(c, &from->kind, "the kind of link", &to->kind);
    return e ? e : event_copy_line(c, &from->ref, "the reference", &to->ref);
}

static enum err read_plan(struct event_copier *c, const Tandem__Audit__Plan *from,
                          struct op_plan *to)
{
    enum err e = event_copy_line(c, &from->planned, "the planned day", &to->planned);
    return e ? e : copy_reason(c, &from->reason, "the reason", &to->reason);
}

enum err event_read_life(struct event_copier *c, const PbOp *from, struct audit_op *to)
{
    switch ((int)from->what_case) {
    case TANDEM__AUDIT__OP__WHAT_MOVE:
        to->kind = OP_MOVE;
        return read_move(c, from->move, &to->move);
    case TANDEM__AUDIT__OP__WHAT_SIGN:
        to->kind = OP_SIGN;
        return read_sign(c, from->sign, &to->sign);
    case TANDEM__AUDIT__OP__WHAT_ASSIGN:
        to->kind = OP_ASSIGN;
        to->assign.person = from->assign->person;
        return copy_reason(c, &from->assign->reason, "the reason", &to->assign.reason);
    case TANDEM__AUDIT__OP__WHAT_FLAG:
        to->kind = OP_FLAG;
        return read_flag(c, from->flag, &to->flag);
    case TANDEM__AUDIT__OP__WHAT_FLAG_NOTE:
        to->kind = OP_FLAG_NOTE;
        return read_flag_note(c, from->flag_note, &to->flag_note);
    case TANDEM__AUDIT__OP__WHAT_GLASS:
        to->kind = OP_GLASS;
        to->glass.person = from->glass->person;
        to->glass.until_utc_ms = from->glass->until_utc_ms;
        return copy_reason(c, &from->glass->reason, "the reason", &to->glass.reason);
    case TANDEM__AUDIT__OP__WHAT_GLASS_END:
        to->kind = OP_GLASS_END;
        to->glass = (struct op_glass){.person = from->glass_end, .reason = ""};
        return ERR_OK;
    case TANDEM__AUDIT__OP__WHAT_LINK:
        to->kind = OP_LINK;
        return read_link(c, from->link, &to->link);
    case TANDEM__AUDIT__OP__WHAT_PLAN:
        to->kind = OP_PLAN;
        return read_plan(c, from->plan, &to->plan);
    }
    return err_set(c->why, ERR_INPUT, "an operation of an unknown kind");
}

const void *event_life_message(const PbOp *op)
{
    switch ((int)op->what_case) {
    case TANDEM__AUDIT__OP__WHAT_MOVE:
        return op->move;
    case TANDEM__AUDIT__OP__WHAT_SIGN:
        return op->sign;
    case TANDEM__AUDIT__OP__WHAT_ASSIGN:
        return op->assign;
    case TANDEM__AUDIT__OP__WHAT_FLAG:
        return op->flag;
    case TANDEM__AUDIT__OP__WHAT_FLAG_NOTE:
        return op->flag_note;
    case TANDEM__AUDIT__OP__WHAT_GLASS:
        return op->glass;
    case TANDEM__AUDIT__OP__WHAT_LINK:
        return op->link;
    case TANDEM__AUDIT__OP__WHAT_PLAN:
        return op->plan;
    }
    return NULL;
}
