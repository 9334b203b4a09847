/* Rooms: joining and leaving, who is there, where they are. */

#include <string.h>

#include "common/log.h"
#include "server/api/core_inner.h"
#include "server/api/handlers.h"
#include "server/api/routes.h"

/* ---- join ---- */

static bool fill_events(struct call *c, Tandem__Joined *j, const struct viewer *v,
                        const struct live_catch_up *up)
{
    size_t n = (size_t)(up->seq - up->from_seq);
    struct buf scratch = BUF_INIT;
    j->events = call_alloc(c, n * sizeof *j->events);
    Tandem__Event *ev = call_alloc(c, n * sizeof *ev);
    bool ok = j->events && ev;
    for (uint64_t q = up->from_seq + 1; ok && q <= up->seq; q++, ev++) {
        const struct live_event *e = live_event_at(c->la, q);
        const uint8_t *body;
        size_t len;
        tandem__event__init(ev);
        ev->seq = e->seq;
        ev->utc_ms = e->utc_ms;
        ev->actor = e->actor;
        if (live_event_body(c->la, e, v, &scratch, &body, &len)) {
            ok = false;
            break;
        }
        if (body == scratch.data) { /* made for this reader: keep it until the answer is packed */
            uint8_t *copy = call_alloc(c, len);
            if (!copy) {
                ok = false;
                break;
            }
            memcpy(copy, body, len);
            body = copy;
        }
        ev->body = (ProtobufCBinaryData){.len = len, .data = (uint8_t *)body};
        j->events[j->n_events++] = ev;
    }
    buf_free(&scratch);
    return ok;
}

/* The frames of the answer, into c->data: the snapshot's parts when it is large, Joined last. */
static bool pack_joined(struct call *c, Tandem__Joined *j, const struct live_catch_up *up)
{
    struct buf *frame = &c->core->out;
    buf_clear(&c->data);
    if (up->snapshot_len > SNAPSHOT_PART_BYTES * 2) {
        j->snapshot_in_parts = true;
        outflow_add_parts(&c->data, frame, c->id, up->snapshot, up->snapshot_len);
    } else {
        j->snapshot =
            (ProtobufCBinaryData){.len = up->snapshot_len, .data = (uint8_t *)up->snapshot};
    }
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    env.id = c->id;
    env.body_case = TANDEM__ENVELOPE__BODY_JOINED;
    env.joined = j;
    wire_pack(frame, &env);
    outflow_add(&c->data, frame);
    return !buf_failed(&c->data);
}

static void join_start(struct call *c, enum err e);

/* Everything that the answer shows is durable. */
static void join_finish(struct call *c, enum err e)
{
    struct conn *cn = call_conn(c);
    struct live_seat *s = c->seat;
    if (!cn) {
        if (s)
            live_leave(s);
        call_free(c);
        return;
    }
    if (!s && c->closed == ERR_NOT_FOUND) {
        call_not_found(c);
        return;
    }
    if (!s && c->closed == ERR_EXISTS) {
        call_fail(c, ERR_REFUSED_ROOM, "", "%s", room_closed_text(ERR_EXISTS));
        return;
    }
    if (e || !s) { /* thrown away, or what they may see has changed: once more */
        if (s)
            live_leave(s);
        c->seat = NULL;
        call_wait(c, 0, join_start);
        return;
    }
    c->seat = NULL;
    s->user = cn;
    if (conn_seat_add(cn, s)) {
        live_leave(s);
        call_no_memory(c);
        return;
    }
    live_seated(s);
    log_info("core", "joined", "audit=%llu person=%u agent=%u",
             (unsigned long long)live_number(s->audit), s->viewer.person, s->agent);
    outflow_start(cn, &c->data, s);
    call_free(c);
}

static bool make_answer(struct call *c, const struct person *me, struct live_seat *s)
{
    const Tandem__Join *r = c->env->join;
    const struct audit *a = live_state(c->la);
    const struct template *t = audit_template(a);
    Tandem__Joined j = TANDEM__JOINED__INIT;
    struct live_catch_up up;
    if (live_catch_up(c->la, &me->viewer, r->have_seq, &up))
        return false;
    j.room = s->room;
    j.agent = s->agent;
    j.batch_no = s->agent ? audit_batch_no(a, s->agent) : 0;
    j.seq = c->seq = up.seq;
    j.utc_ms = up.utc_ms;
    j.ref = (char *)audit_info(a).ref;
    if (strcmp(r->have_template, t->id) || r->have_template_version != t->version) {
        const struct template_held *h = core_template(c->core, t->id, t->version);
        j.template_ = (ProtobufCBinaryData){.len = h->bytes.len, .data = h->bytes.data};
    }
    j.here = present_people(c, c->la, &me->viewer, s, &j.n_here);
    j.people = named_people(c, a, &j.n_people);
    return j.here && j.people && fill_events(c, &j, &me->viewer, &up) && pack_joined(c, &j, &up);
}

/* Joining again what this connection has joined already replaces that room without a word. */
static void leave_former(struct call *c, struct conn *cn)
{
    for (size_t i = 0; c->agent && i < cn->nseats; i++)
        if (cn->seats[i]->audit == c->la && cn->seats[i]->agent == c->agent) {
            struct live_seat *s = cn->seats[i];
            conn_seat_remove(cn, s);
            outflow_seat_gone(cn, s);
            live_leave(s);
            return;
        }
}

/* The read log has it, the agent is given: sit down. */
static void join_sit(struct call *c, enum err e)
{
    struct conn *cn = call_conn(c);
    const struct person *me = call_person(c);
    struct err_info why;
    if (!cn || !me) {
        call_free(c);
        return;
    }
    if (e || !live_is_settled(c->la, 0)) {
        call_wait(c, 0, join_start);
        return;
    }
    if (route_recheck(c, &why)) {
        call_fail_info(c, &why);
        return;
    }
    const Tandem__Join *r = c->env->join;
    c->closed = ERR_OK;
    leave_former(c, cn);
    c->seat = live_sit(c->la, &me->viewer, c->agent, r->silent_presence, c);
    if (!c->seat) {
        call_no_memory(c);
        return;
    }
    c->seat->room = ++cn->last_room;
    if (!make_answer(c, me, c->seat)) {
        live_leave(c->seat);
        call_no_memory(c);
        return;
    }
    call_wait(c, c->seq, join_finish);
}

static void join_start(struct call *c, enum err e)
{
    const struct conn *cn = call_conn(c);
    const Tandem__Join *r = c->env->join;
    struct err_info why;
    if (!cn) {
        call_free(c);
        return;
    }
    if (e == ERR_REJOIN) {
        call_wait(c, 0, join_start);
        return;
    }
    if (e == ERR_NOT_FOUND) {
        call_not_found(c);
        return;
    }
    if (e) {
        call_fail(c, ERR_STORE, "", "The audit cannot be read now. Try again in a moment.");
        return;
    }
    if (route_recheck(c, &why)) {
        call_fail_info(c, &why);
        return;
    }
    if (c->entered) {
        join_sit(c, ERR_OK);
        return;
    }
    if (!r->only_read && live_may_be_agent(c->la, cn->person, r->agent))
        c->agent = r->agent;
    call_enter(c, r->only_read ? "show" : "open", !r->only_read && !c->agent, join_sit);
}

void handle_join(struct call *c)
{
    const struct conn *cn = call_conn(c);
    if (cn->nseats >= MAX_ROOMS)
        call_fail(c, ERR_TOO_LARGE, "", "One connection joins at most %d rooms. Leave one first.",
                  MAX_ROOMS);
    else if (outflow_is_full(cn))
        call_fail(c, ERR_SLOW_DOWN, "", "%s", err_text(ERR_SLOW_DOWN));
    else
        join_start(c, ERR_OK);
}

/* ---- leave, who, presence ---- */

void handle_leave(struct call *c)
{
    struct conn *cn = call_conn(c);
    struct live_seat *s = c->seat;
    c->seat = NULL;
    conn_seat_remove(cn, s);
    outflow_seat_gone(cn, s);
    live_leave(s);
    call_done(c);
}

static void who_noted(struct call *c, enum err e)
{
    (void)e; /* call_enter goes on only without one */
    const struct person *me = call_person(c);
    struct err_info why;
    if (!me) {
        call_free(c);
        return;
    }
    if (!live_is_settled(c->la, 0)) {
        call_fail(c, ERR_STORE, "", "The audit cannot be read now. Try again in a moment.");
        return;
    }
    if (route_recheck(c, &why)) {
        call_fail_info(c, &why);
        return;
    }
    Tandem__Presents list = TANDEM__PRESENTS__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    list.here = present_people(c, c->la, &me->viewer, NULL, &list.n_here);
    env.body_case = TANDEM__ENVELOPE__BODY_PRESENTS;
    env.presents = &list;
    if (list.here)
        call_answer(c, &env);
    else
        call_no_memory(c);
}

void handle_who(struct call *c)
{
    call_enter(c, "who", false, who_noted);
}

static bool read_anchor(const Tandem__Anchor *from, struct text_anchor *to)
{
    if (!from || from->bias > TEXT_AFTER)
        return false;
    *to = (struct text_anchor){
        .id = {.agent = from->agent, .seq = from->seq},
          .bias = (uint8_t)from->bias
    };
    return true;
}

void handle_presence(struct call *c)
{
    const Tandem__Presence *r = c->env->presence;
    struct live_seat *s = c->seat;
    struct field f = {
        .question = (uint16_t)r->question, .part = (uint16_t)r->part, .item = r->item};
    const struct audit *a = live_state(s->audit);
    struct text_anchor head, tail;
    bool has_head = read_anchor(r->head, &head), has_tail = read_anchor(r->tail, &tail);
    bool good = r->question <= UINT16_MAX && r->part <= UINT16_MAX &&
                (!f.question || template_question(audit_template(a), f.question));
    if (good && s->agent)
        live_move(s, f, has_head ? &head : NULL, has_tail ? &tail : NULL);
    c->seat = NULL;
    call_free(c);
}
