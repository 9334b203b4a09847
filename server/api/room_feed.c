/* What a room tells: events, acknowledgements, who is there and where; and the people that an audit
 * names. */

#include <stdlib.h>
#include <string.h>

#include "server/api/core_inner.h"

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

/* A list of person numbers; counts only while `ids` is NULL. */
struct ids {
    uint32_t *ids;
    size_t n;
};

static void add_id(struct ids *to, uint32_t person)
{
    if (to->ids)
        to->ids[to->n] = person;
    to->n++;
}

/* Those whom the audit's life names: in moves, signatures, flags and the like. */
static void add_life(struct ids *to, const struct audit *a)
{
    for (size_t i = 0; i < audit_move_count(a); i++) {
        const struct audit_move *m = audit_move_at(a, i);
        add_id(to, m->by);
        for (size_t k = 0; k < m->npresent; k++)
            add_id(to, m->present[k]);
    }
    for (size_t i = 0; i < audit_signature_count(a); i++)
        add_id(to, audit_signature_at(a, i)->by);
    for (size_t i = 0; i < audit_assigned_count(a); i++) {
        add_id(to, audit_assigned_at(a, i)->by);
        add_id(to, audit_assigned_at(a, i)->person);
    }
    for (size_t i = 0; i < audit_flag_count(a); i++) {
        const struct audit_flag *f = audit_flag_at(a, i);
        add_id(to, f->by);
        add_id(to, f->told_person);
        for (size_t k = 0; k < f->nnotes; k++)
            add_id(to, f->notes[k].by);
    }
    for (size_t i = 0; i < audit_glass_count(a); i++)
        add_id(to, audit_glass_at(a, i)->person);
}

/* Members, the opener, everybody who has written, commented, or is named by what happened. */
Tandem__Person **named_people(struct call *c, const struct audit *a, size_t *n)
{
    struct ids life = {0};
    size_t most = audit_member_count(a) + 1 + audit_agent_count(a), count = 0;
    for (size_t i = 0; i < audit_comment_count(a); i++)
        most += 1 + audit_comment_at(a, i)->nreplies;
    add_life(&life, a);
    uint32_t *ids = malloc((most + life.n) * sizeof *ids);
    *n = 0;
    if (!ids)
        return NULL;
    for (size_t i = 0; i < audit_member_count(a); i++)
        ids[count++] = audit_member_at(a, i)->person;
    ids[count++] = audit_info(a).created_by;
    for (size_t i = 0; i < audit_agent_count(a); i++)
        ids[count++] = audit_agent_person_at(a, i);
    for (size_t i = 0; i < audit_comment_count(a); i++) {
        const struct audit_comment *k = audit_comment_at(a, i);
        ids[count++] = k->by;
        for (size_t r = 0; r < k->nreplies; r++)
            ids[count++] = k->replies[r].by;
    }
    life = (struct ids){.ids = ids + count};
    add_life(&life, a);
    count += life.n;
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
    core->disk_full = false;
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
    core->disk_full = e == ERR_FULL;
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

const char *room_closed_text(enum err e)
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
    closed.text = (char *)room_closed_text(e);
    env.body_case = TANDEM__ENVELOPE__BODY_ROOM_CLOSED;
    env.room_closed = &closed;
    wire_pack(&core->out, &env);
    (void)conn_send_out(cn); /* if not even this goes out, the cut that follows says it */
    if (e == ERR_SLOW_DOWN)
        conn_too_slow(cn);
}
