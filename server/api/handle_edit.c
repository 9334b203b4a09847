/* Edits: the busiest road. */

#include "server/api/core_inner.h"
#include "server/api/handlers.h"

static void refuse(struct call *c, struct conn *cn, enum err e, const struct err_info *why,
                   const struct audit_conflict *conflict, uint64_t batch_no, const char *field)
{
    Tandem__Error err = TANDEM__ERROR__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    err.code = (uint32_t)e;
    err.text = (char *)(why->code && why->text[0] ? why->text : err_text(e));
    err.batch_no = batch_no;
    err.field = (char *)field;
    if (e == ERR_STALE && conflict->value) {
        err.their_value = (char *)conflict->value;
        err.their_rev = conflict->rev;
        err.their_person = conflict->by;
    }
    env.id = c->id;
    env.body_case = TANDEM__ENVELOPE__BODY_ERROR;
    env.error = &err;
    c->core->refused_total++;
    conn_answer(cn, &env);
    call_free(c);
}

void handle_edit(struct call *c)
{
    struct conn *cn = call_conn(c);
    const Tandem__Edit *r = c->env->edit;
    const struct core_settings *set = &c->core->settings;
    struct event_body *b = NULL;
    struct err_info why = {0};
    struct audit_conflict conflict = {0};
    struct buf field = BUF_INIT;
    uint64_t seq = 0;
    enum err e = ERR_OK;
    if (!c->seat->agent)
        e = err_set(&why, ERR_REFUSED_ROOM, "You joined this room to read. Join it to write.");
    else if (r->body.len > set->max_batch_bytes)
        e = err_set(&why, ERR_TOO_LARGE,
                    "One batch holds at most %zu bytes; send what was typed in smaller ones.",
                    set->max_batch_bytes);
    if (!e)
        e = event_body_decode(r->body.data, r->body.len, &b, &why);
    if (!e)
        e = live_edit(c->seat, b, c->id, &why, &conflict, &seq);
    if (e == ERR_EXISTS) {
        /* Outside the order of the feed; 0 would mean "the next one". */
        wire_acked(&c->core->out, c->id, c->seat->room, b->batch_no, seq ? seq : 1, 0);
        if (!conn_send_out(cn))
            conn_too_slow(cn);
        call_free(c);
    } else if (e) {
        if (conflict.value)
            audit_field_format(live_state(c->seat->audit), conflict.field, &field);
        refuse(c, cn, e, &why, &conflict, b ? b->batch_no : 0, buf_cstr(&field));
        buf_free(&field);
    } else {
        call_free(c);
    }
    event_body_free(b);
}
