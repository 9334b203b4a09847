/* What happened, and how things stood. The past is shown by the rights of the present: what
 * somebody may not see now they may not see as it was, and what was shared with them since they
 * may. */

#include <stdlib.h>
#include <string.h>

#include "server/api/act.h"

enum { HISTORY_MAX_EVENTS = 5000, HISTORY_MAX_BYTES = 256 * 1024 };

/* ---- history ---- */

/* The chain is over whole bodies: a hash would tell what is held to whoever guesses it. */
static bool fill_event(struct call *c, Tandem__Event *to, const struct store_event *from,
                       const struct viewer *v, bool hashes)
{
    struct event_body *b = NULL;
    struct buf body = BUF_INIT;
    bool changed, reveal;
    tandem__event__init(to);
    to->seq = from->seq;
    to->utc_ms = from->utc_ms;
    to->actor = from->actor;
    if (hashes)
        to->hash = (ProtobufCBinaryData){.len = HASH_LEN, .data = (uint8_t *)from->hash};
    enum err e = event_body_decode(from->body, from->body_len, &b, NULL);
    if (!e)
        e = audit_redact_body(live_state(c->la), v, b, &body, &changed, &reveal);
    uint8_t *copy = e ? NULL : call_alloc(c, body.len);
    if (copy)
        memcpy(copy, body.data, body.len);
    to->body = (ProtobufCBinaryData){.len = copy ? body.len : 0, .data = copy};
    event_body_free(b);
    buf_free(&body);
    return copy;
}

static void history_read(struct call *c, enum err e)
{
    struct store_events page = c->store.events;
    if (!call_goes_on(c, e)) {
        free(page.events);
        return;
    }
    const struct person *me = call_person(c);
    const struct audit *a = live_state(c->la);
    Tandem__HistoryPage answer = TANDEM__HISTORY_PAGE__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    answer.events = call_alloc(c, page.nevents * sizeof *answer.events);
    Tandem__Event *ev = call_alloc(c, page.nevents * sizeof *ev);
    bool ok = answer.events && ev, hashes = !audit_holds_back(a, &me->viewer);
    for (size_t i = 0; ok && i < page.nevents; i++) {
        ok = fill_event(c, &ev[i], &page.events[i], &me->viewer, hashes);
        answer.events[answer.n_events++] = &ev[i];
    }
    answer.people = named_people(c, a, &answer.n_people);
    answer.last_seq = live_committed_seq(c->la);
    answer.template_id = audit_template(a)->id;
    answer.template_version = audit_template(a)->version;
    env.body_case = TANDEM__ENVELOPE__BODY_HISTORY_PAGE;
    env.history_page = &answer;
    if (ok && answer.people)
        call_answer(c, &env);
    else
        call_no_memory(c);
    free(page.events);
}

static void history_noted(struct call *c, enum err e)
{
    if (!call_goes_on(c, e))
        return;
    const Tandem__History *r = c->env->history;
    uint64_t from = r->from_seq ? r->from_seq : 1;
    uint32_t max =
        r->max_events && r->max_events < HISTORY_MAX_EVENTS ? r->max_events : HISTORY_MAX_EVENTS;
    memset(&c->store, 0, sizeof c->store);
    c->store.events.audit = live_number(c->la);
    c->store.events.from_seq = from;
    c->store.events.max_events = max;
    c->store.events.max_bytes = HISTORY_MAX_BYTES;
    call_store(c, STORE_EVENTS, history_read);
}

void handle_history(struct call *c)
{
    call_enter(c, "history", false, history_noted);
}

/* ---- as it stood ---- */

static bool has_template(const Tandem__ViewAt *r, const struct template *t)
{
    return !strcmp(r->have_template, t->id) && r->have_template_version == t->version;
}

static void answer_view(struct call *c, uint64_t seq, int64_t utc_ms, bool now)
{
    const struct conn *cn = call_conn(c);
    const struct audit *a = live_state(c->la);
    const struct person *me = call_person(c);
    const struct template *t = audit_template(a);
    Tandem__View v = TANDEM__VIEW__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    struct buf snapshot = c->data, frames = BUF_INIT, *frame = &c->core->out;
    c->data = (struct buf)BUF_INIT;
    v.seq = seq;
    v.utc_ms = utc_ms;
    if (!has_template(c->env->view_at, t)) {
        const struct template_held *h = core_template(c->core, t->id, t->version);
        v.template_ = (ProtobufCBinaryData){.len = h->bytes.len, .data = h->bytes.data};
    }
    v.people = named_people(c, a, &v.n_people);
    if (now)
        v.here = present_people(c, c->la, &me->viewer, NULL, &v.n_here);
    if (snapshot.len > SNAPSHOT_PART_BYTES * 2) {
        v.snapshot_in_parts = true;
        outflow_add_parts(&frames, frame, c->id, snapshot.data, snapshot.len);
    } else {
        v.snapshot = (ProtobufCBinaryData){.len = snapshot.len, .data = snapshot.data};
    }
    env.id = c->id;
    env.body_case = TANDEM__ENVELOPE__BODY_VIEW;
    env.view = &v;
    wire_pack(frame, &env);
    outflow_add(&frames, frame);
    if (buf_failed(&frames) || !v.people || (now && !v.here)) {
        buf_free(&frames);
        call_no_memory(c);
    } else {
        outflow_start((struct conn *)cn, &frames, NULL);
        call_free(c);
    }
    buf_free(&snapshot);
}

static void now_is_durable(struct call *c, enum err e)
{
    if (call_goes_on(c, e))
        answer_view(c, c->seq, c->utc_ms, true);
}

static enum err fold_past(struct call *c, const struct store_load *load, struct audit **out)
{
    const struct template *t = audit_template(live_state(c->la));
    enum err e = ERR_OK;
    *out = NULL;
    if (load->snapshot.len)
        e = audit_decode(t, load->snapshot.data, load->snapshot.len, out, NULL);
    else if (!(*out = audit_new(t)))
        e = ERR_NOMEM;
    for (size_t i = 0; !e && i < load->nevents; i++) {
        const struct store_event *se = &load->events[i];
        struct event_body *b = NULL;
        e = event_body_decode(se->body, se->body_len, &b, NULL);
        if (e)
            break;
        const struct event ev = {
            .seq = se->seq, .utc_ms = se->utc_ms, .actor = se->actor, .body = *b};
        e = audit_apply(*out, &ev);
        event_body_free(b);
    }
    return e;
}

static void past_loaded(struct call *c, enum err e)
{
    struct store_load load = c->store.load;
    struct audit *past = NULL;
    if (e == ERR_NOT_FOUND && call_conn(c)) {
        call_fail(c, ERR_INPUT, "utc_ms", "The audit did not exist then.");
    } else if (e == ERR_INPUT && call_conn(c)) {
        call_fail(c, ERR_INPUT, "seq", "The audit has no event of that number yet.");
    } else if (call_goes_on(c, e)) {
        e = fold_past(c, &load, &past);
        if (!e)
            audit_encode_past(past, live_state(c->la), &call_person(c)->viewer, &c->data);
        if (e || buf_failed(&c->data))
            call_fail(c, ERR_STORE, "", "That state of the audit cannot be read.");
        else
            answer_view(c, audit_seq(past), audit_utc_ms(past), false);
    }
    audit_free(past);
    buf_free(&load.snapshot);
    free(load.events);
}

static void view_noted(struct call *c, enum err e)
{
    if (!call_goes_on(c, e))
        return;
    const Tandem__ViewAt *r = c->env->view_at;
    const struct audit *a = live_state(c->la);
    if (!r->seq && !r->utc_ms) {
        audit_encode(a, &call_person(c)->viewer, &c->data);
        c->seq = audit_seq(a);
        c->utc_ms = audit_utc_ms(a);
        if (buf_failed(&c->data))
            call_no_memory(c);
        else
            call_wait(c, c->seq, now_is_durable);
        return;
    }
    memset(&c->store, 0, sizeof c->store);
    c->store.load.audit = live_number(c->la);
    c->store.load.at_seq = r->seq;
    c->store.load.at_utc_ms = r->seq ? 0 : r->utc_ms;
    call_store(c, STORE_LOAD, past_loaded);
}

void handle_view_at(struct call *c)
{
    if (outflow_is_full(call_conn(c)))
        call_fail(c, ERR_SLOW_DOWN, "", "%s", err_text(ERR_SLOW_DOWN));
    else
        call_enter(c, "show", false, view_noted);
}
