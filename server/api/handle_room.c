/* Rooms: joining and leaving, who is there, where they are; and what the room tells everybody. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "server/api/core_inner.h"
#include "server/api/handlers.h"
#include "server/api/routes.h"

/* ---- who is there ---- */

static void fill_anchor(Tandem__Anchor *to, struct text_anchor from)
{
    tandem__anchor__init(to);
    to->agent = from.id.agent;
    to->seq = from.id.seq;
    to->bias = from.bias;
}

/* A place in words that the reader may not see is not theirs to know. */
static bool may_know_place(const struct audit *a, const struct viewer *reader, struct field f)
{
    return a && f.question && !audit_is_held(a, reader, f);
}

static void fill_present(struct core *core, Tandem__Present *to, Tandem__Anchor *head,
                         const struct live_seat *s, const struct viewer *reader)
{
    const struct person *p = people_find(core->people, s->viewer.person);
    const struct audit *a = live_state(s->audit);
    tandem__present__init(to);
    to->person = s->viewer.person;
    to->name = (char *)(p ? p->name : "");
    to->role = (uint32_t)s->role;
    to->agent = s->agent;
    to->since_utc_ms = s->since_utc_ms;
    to->question = s->field.question;
    if (!may_know_place(a, reader, s->field))
        return;
    to->part = s->field.part;
    to->item = s->field.item;
    if (s->has_head) {
        fill_anchor(head, s->head);
        to->head = head;
    }
}

Tandem__Present **present_people(struct call *c, const struct live_audit *la,
                                 const struct viewer *reader, const struct live_seat *except,
                                 size_t *n)
{
    size_t seats = live_seat_count(la);
    Tandem__Present **list = call_alloc(c, seats * sizeof(Tandem__Present *));
    Tandem__Present *here = call_alloc(c, seats * sizeof *here);
    Tandem__Anchor *heads = call_alloc(c, seats * sizeof *heads);
    *n = 0;
    if (!list || !here || !heads)
        return NULL;
    for (size_t i = 0; i < seats; i++) {
        const struct live_seat *s = live_seat_at(la, i);
        if (!s->agent || s->waiting || s->dead || s == except)
            continue;
        fill_present(c->core, &here[*n], &heads[*n], s, reader);
        list[*n] = &here[*n];
        ++*n;
    }
    return list;
}

void room_present(void *user, struct live_seat *to, const struct live_seat *about, bool gone,
                  bool cursor)
{
    struct core *core = user;
    struct conn *cn = to->user;
    if (cn->closing)
        return;
    const struct audit *a = live_state(about->audit);
    bool may_know = may_know_place(a, &to->viewer, about->field);
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    Tandem__Anchor head, tail;
    if (cursor) {
        Tandem__Presence p = TANDEM__PRESENCE__INIT;
        p.room = to->room;
        p.person = about->viewer.person;
        p.agent = about->agent;
        p.question = about->field.question;
        if (may_know) {
            p.part = about->field.part;
            p.item = about->field.item;
            fill_anchor(&head, about->head);
            fill_anchor(&tail, about->tail);
            p.head = about->has_head ? &head : NULL;
            p.tail = about->has_tail ? &tail : NULL;
        }
        env.body_case = TANDEM__ENVELOPE__BODY_PRESENCE;
        env.presence = &p;
        /* Half a queue is for what matters. */
        if (core->hooks.queued_bytes(core->hooks.user, cn->id) <=
            core->settings.max_outbound_bytes / 2) {
            wire_pack(&core->out, &env);
            (void)conn_send_feed(cn); /* the next one tells as well */
        }
        return;
    }
    Tandem__Presents list = TANDEM__PRESENTS__INIT;
    Tandem__Present p, *one = &p;
    fill_present(core, &p, &head, about, &to->viewer);
    p.gone = gone;
    list.room = to->room;
    list.here = &one;
    list.n_here = 1;
    env.body_case = TANDEM__ENVELOPE__BODY_PRESENTS;
    env.presents = &list;
    wire_pack(&core->out, &env);
    (void)conn_send_feed(
        cn); /* too slow: the next event ends the feed, and the room is told anew */
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Members, the opener, everybody who has written or commented. */
Tandem__Person **named_people(struct call *c, const struct audit *a, size_t *n)
{
    size_t most = audit_member_count(a) + 1 + audit_max_agent(a), count = 0;
    for (size_t i = 0; i < audit_comment_count(a); i++)
        most += 1 + audit_comment_at(a, i)->nreplies;
    uint32_t *ids = malloc(most * sizeof *ids);
    *n = 0;
    if (!ids)
        return NULL;
    for (size_t i = 0; i < audit_member_count(a); i++)
        ids[count++] = audit_member_at(a, i)->person;
    ids[count++] = audit_info(a).created_by;
    for (uint32_t agent = 1; agent && agent <= audit_max_agent(a); agent++)
        ids[count++] = audit_agent_person(a, agent);
    for (size_t i = 0; i < audit_comment_count(a); i++) {
        const struct audit_comment *k = audit_comment_at(a, i);
        ids[count++] = k->by;
        for (size_t r = 0; r < k->nreplies; r++)
            ids[count++] = k->replies[r].by;
    }
    qsort(ids, count, sizeof *ids, by_number);
    Tandem__Person **list = call_alloc(c, count * sizeof(Tandem__Person *));
    for (size_t i = 0; list && i < count; i++) {
        const struct person *p =
            i && ids[i] == ids[i - 1] ? NULL : people_find(c->core->people, ids[i]);
        Tandem__Person *to = p ? call_alloc(c, sizeof *to) : NULL;
        if (!p)
            continue;
        if (!to) {
            list = NULL;
            break;
        }
        fill_person(c, to, p);
        list[(*n)++] = to;
    }
    free(ids);
    return list;
}

/* ---- what a room tells ---- */

bool room_event(void *user, struct live_seat *s, const struct live_event *e, const uint8_t *body,
                size_t body_len)
{
    struct core *core = user;
    wire_event(&core->out, s->room, e->seq == s->last_seq + 1 ? 0 : e->seq,
               e->utc_ms - s->last_utc_ms, e->actor, body, body_len);
    return conn_send_feed(s->user);
}

bool room_acked(void *user, struct live_seat *s, const struct live_event *e, uint32_t request,
                bool again)
{
    struct core *core = user;
    if (again)
        wire_acked(&core->out, request, s->room, e->batch_no, e->seq, 0);
    else
        wire_acked(&core->out, request, s->room, e->batch_no,
                   e->seq == s->last_seq + 1 ? 0 : e->seq, e->utc_ms - s->last_utc_ms);
    return conn_send_feed(s->user);
}

void room_not_stored(void *user, struct live_seat *s, uint32_t request, uint64_t batch_no,
                     enum err e)
{
    struct core *core = user;
    Tandem__Error err = TANDEM__ERROR__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    err.code = (uint32_t)(e == ERR_FULL ? ERR_FULL : ERR_STORE);
    err.text = e == ERR_FULL ? "The server's disk is full: this was not stored. It is kept on your "
                               "screen; tell your administrator."
                             : "The server could not store this. It is kept on your screen and "
                               "sent again.";
    err.batch_no = batch_no;
    env.id = request;
    env.body_case = TANDEM__ENVELOPE__BODY_ERROR;
    env.error = &err;
    core->refused_total++;
    conn_answer(s->user, &env);
}

static const char *closed_text(enum err e)
{
    if (e == ERR_EXISTS)
        return "You joined this audit from elsewhere; that place has taken over from this one.";
    if (e == ERR_SLOW_DOWN)
        return "Your line was too slow for what happened here: join again from where you are.";
    if (e == ERR_NOT_FOUND)
        return "You do not take part in this audit any more.";
    return "What you see has changed: join again from where you are.";
}

void room_closed(void *user, struct live_seat *s, enum err e)
{
    struct core *core = user;
    if (s->waiting) {
        struct call *c = s->user;
        c->seat = NULL;
        c->closed = e;
        return;
    }
    struct conn *cn = s->user;
    conn_seat_remove(cn, s);
    outflow_seat_gone(cn, s);
    Tandem__RoomClosed closed = TANDEM__ROOM_CLOSED__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    closed.room = s->room;
    closed.code = (uint32_t)(e == ERR_EXISTS      ? ERR_REFUSED_ROOM
                             : e == ERR_SLOW_DOWN ? ERR_REJOIN
                                                  : e);
    closed.text = (char *)closed_text(e);
    env.body_case = TANDEM__ENVELOPE__BODY_ROOM_CLOSED;
    env.room_closed = &closed;
    wire_pack(&core->out, &env);
    (void)conn_send_out(cn); /* if not even this goes out, the cut that follows says it */
    if (e == ERR_SLOW_DOWN)
        conn_too_slow(cn);
}

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
        call_fail(c, ERR_REFUSED_ROOM, "", "%s", closed_text(ERR_EXISTS));
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
