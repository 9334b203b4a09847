/* The joined audit on the line: joining and coming back, batches, events, presence. */
#include "client/link/link_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

/* ---- joining ---- */

enum err link_join(struct link *l, const char *ref, bool only_read, const uint8_t *recovered,
                   size_t recovered_len, link_joined_fn joined, void *user)
{
    struct replica *r = l->replica;
    if (r->ref[0])
        return ERR_EXISTS; /* one audit per link */
    if (strlen(ref) >= sizeof r->ref)
        return ERR_INPUT;
    (void)snprintf(r->ref, sizeof r->ref, "%s", ref);
    r->only_read = only_read;
    if (recovered && recovered_len) {
        struct err_info why;
        enum err e = replica_restore(r, recovered, recovered_len, &why);
        if (e) {
            r->ref[0] = '\0';
            return e;
        }
        l->kept_version = r->unsaved_version;
        l->kept_any = true;
    }
    l->joined = joined;
    l->joined_user = user;
    l->room_state = ROOM_WANTED;
    return ERR_OK;
}

static void send_join(struct link *l)
{
    struct replica *r = l->replica;
    Tandem__Join join = TANDEM__JOIN__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    join.ref = r->ref;
    join.only_read = r->only_read;
    join.agent = r->agent;
    join.have_seq = r->audit && !r->need_fresh ? audit_seq(r->audit) : 0;
    if (r->template) {
        join.have_template = r->template->id;
        join.have_template_version = r->template->version;
    }
    m.body_case = TANDEM__ENVELOPE__BODY_JOIN;
    m.join = &join;
    if (link_ask(l, REQUEST_JOIN, &m))
        l->room_state = ROOM_JOINING;
}

static void tell_joined(struct link *l, enum err e, const char *text)
{
    if (l->joined)
        l->joined(l->joined_user, e, text);
}

/* Leaves the room as it is on this line and joins again (from nothing when the replica says so). */
static void join_again(struct link *l, int64_t wait_ms)
{
    if (l->room_state == ROOM_IN) {
        Tandem__Leave leave = TANDEM__LEAVE__INIT;
        Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
        leave.room = l->room;
        m.body_case = TANDEM__ENVELOPE__BODY_LEAVE;
        m.leave = &leave;
        (void)link_ask(l, REQUEST_OTHER, &m);
    }
    replica_line_lost(l->replica);
    l->room = 0;
    l->room_state = ROOM_WANTED;
    l->room_retry_ms = l->mono_ms + wait_ms;
    replica_set_online(l->replica, false);
}

/* What is here does not fit what the server says. */
static void read_anew(struct link *l, const char *text)
{
    l->replica->need_fresh = true;
    if (++l->fresh_attempts > LINK_MAX_FRESH) {
        room_refused(l, ERR_CORRUPT, text);
        return;
    }
    join_again(l, l->fresh_attempts > 1 ? LINK_ROOM_RETRY_MS : 0);
}

static bool comes_back_from(enum err e)
{
    return e == ERR_SLOW_DOWN || e == ERR_STORE || e == ERR_FULL || e == ERR_NOMEM ||
           e == ERR_REJOIN || e == ERR_LOCKED;
}

void room_refused(struct link *l, enum err e, const char *text)
{
    l->room = 0;
    replica_line_lost(l->replica);
    replica_set_online(l->replica, false);
    if (comes_back_from(e)) {
        link_set_why(l, e, text); /* what stands beside "kept here" until it goes on */
        l->room_state = ROOM_WANTED;
        l->room_retry_ms = l->mono_ms + LINK_ROOM_RETRY_MS;
        return;
    }
    struct buf safe = BUF_INIT;
    l->room_state = ROOM_REFUSED;
    tell_joined(l, e, text_safe_cstr(&safe, text && text[0] ? text : err_text(e)));
    buf_free(&safe);
}

static void put_present(struct link *l, const Tandem__Present *p, bool news)
{
    struct replica_present here = {
        .person = p->person,
        .agent = p->agent,
        .role = (enum role)p->role,
        .field = {(uint16_t)p->question, (uint16_t)p->part, p->item},
        .since_utc_ms = p->since_utc_ms
    };
    if (p->head) {
        here.has_cursor = true;
        here.head = (struct text_anchor){
            {p->head->agent, p->head->seq},
            p->head->bias ? TEXT_AFTER : TEXT_BEFORE
        };
        here.tail = here.head;
    }
    replica_put_name(l->replica, p->person, p->name);
    replica_here_put(l->replica, &here, p->gone, news);
}

static enum err decode_events(const Tandem__Joined *m, int64_t utc_ms, struct event *events,
                              struct event_body **bodies, struct err_info *why)
{
    uint64_t seq = m->seq - m->n_events;
    for (size_t i = 0; i < m->n_events; i++) {
        const Tandem__Event *from = m->events[i];
        enum err e = event_body_decode(from->body.data, from->body.len, &bodies[i], why);
        if (e)
            return e;
        utc_ms = from->utc_ms ? from->utc_ms : utc_ms + from->dt_ms;
        seq = from->seq ? from->seq : seq + 1;
        events[i] =
            (struct event){.seq = seq, .utc_ms = utc_ms, .actor = from->actor, .body = *bodies[i]};
    }
    return ERR_OK;
}

static enum err fold_joined(struct link *l, const Tandem__Joined *m, struct err_info *why)
{
    struct replica_joined j = {.agent = m->agent,
                               .batch_no = m->batch_no,
                               .nevents = m->n_events,
                               .after_break = l->was_in && l->broke};
    struct event *events = calloc(m->n_events + 1, sizeof *events);
    struct event_body **bodies = calloc(m->n_events + 1, sizeof *bodies);
    enum err e = events && bodies ? ERR_OK : ERR_NOMEM;
    if (!e)
        e = decode_events(m, l->room_utc_ms, events, bodies, why);
    if (!e && m->template_.len)
        e = template_decode(m->template_.data, m->template_.len, &j.template, why);
    if (!e) {
        j.events = events;
        j.snapshot = m->snapshot.len ? m->snapshot.data : NULL;
        j.snapshot_len = m->snapshot.len;
        e = replica_join(l->replica, &j, why);
    }
    for (size_t i = 0; bodies && i < m->n_events; i++)
        event_body_free(bodies[i]);
    free(bodies);
    free(events);
    return e;
}

/* The words that an earlier run of the program could not store. */
static void tell_kept(struct link *l)
{
    for (size_t i = 0; i < replica_kept_count(l->replica); i++) {
        struct replica_kept k = replica_kept_at(l->replica, i);
        struct replica_news n = {
            .kind = NEWS_REFUSED, .field = k.field, .text = k.why, .kept = k.words};
        replica_tell(l->replica, &n);
    }
}

void room_joined(struct link *l, Tandem__Joined *m)
{
    struct err_info why = {.text = ""};
    struct replica *r = l->replica;
    if (l->room_state != ROOM_JOINING)
        return;
    for (size_t i = 0; i < m->n_people; i++)
        replica_put_name(r, m->people[i]->id, m->people[i]->name);
    replica_here_clear(r);
    for (size_t i = 0; i < m->n_here; i++)
        put_present(l, m->here[i], false);
    l->room = m->room;
    l->room_state = ROOM_IN;
    bool first = !l->was_in;
    enum err e = fold_joined(l, m, &why);
    if (e) {
        read_anew(l, why.text);
        return;
    }
    l->room_utc_ms = m->utc_ms ? m->utc_ms : audit_utc_ms(r->audit);
    l->fresh_attempts = 0;
    l->was_in = true;
    l->broke = false;
    link_all_is_well(l);
    replica_set_online(r, true);
    tell_joined(l, ERR_OK, "");
    if (first)
        tell_kept(l);
}

void room_line_lost(struct link *l)
{
    if (l->room_state == ROOM_IN || l->room_state == ROOM_JOINING)
        l->room_state = ROOM_WANTED;
    l->room = 0;
    l->room_retry_ms = 0;
    l->broke = true;
    l->hold_edits_until_ms = 0;
    replica_here_clear(l->replica);
    replica_set_online(l->replica, false);
}

/* ---- what happens in the room ---- */

static void after_fold(struct link *l, enum err e, const struct err_info *why)
{
    if (e)
        read_anew(l, why->text);
    else if (l->replica->need_fresh && l->room_state == ROOM_IN)
        join_again(l, 0);
}

static void on_event(struct link *l, const Tandem__Event *m)
{
    struct err_info why = {.text = ""};
    struct event_body *body = NULL;
    struct replica *r = l->replica;
    l->room_utc_ms = m->utc_ms ? m->utc_ms : l->room_utc_ms + m->dt_ms;
    enum err e = event_body_decode(m->body.data, m->body.len, &body, &why);
    if (!e) {
        struct event ev = {.seq = m->seq ? m->seq : audit_seq(r->audit) + 1,
                           .utc_ms = l->room_utc_ms,
                           .actor = m->actor,
                           .body = *body};
        e = replica_event(r, &ev, &why);
    }
    event_body_free(body);
    after_fold(l, e, &why);
}

static void on_acked(struct link *l, uint32_t id, const Tandem__Acked *m)
{
    struct err_info why = {.text = ""};
    struct replica *r = l->replica;
    uint64_t seq = m->seq ? m->seq : audit_seq(r->audit) + 1;
    if (seq > audit_seq(r->audit))
        l->room_utc_ms += m->dt_ms;
    struct batch *b = replica_batch_of_request(r, id);
    uint64_t no = m->batch_no ? m->batch_no : b ? b->no : 0;
    after_fold(l, replica_acked(r, no, seq, l->room_utc_ms, &why), &why);
}

static void on_presence(struct link *l, const Tandem__Presence *m)
{
    struct text_anchor head = {0}, tail = {0};
    if (m->head)
        head = (struct text_anchor){
            {m->head->agent, m->head->seq},
            m->head->bias ? TEXT_AFTER : TEXT_BEFORE
        };
    if (m->tail)
        tail = (struct text_anchor){
            {m->tail->agent, m->tail->seq},
            m->tail->bias ? TEXT_AFTER : TEXT_BEFORE
        };
    struct field f = {(uint16_t)m->question, (uint16_t)m->part, m->item};
    replica_here_moved(l->replica, m->person, m->agent, f, m->head ? &head : NULL,
                       m->tail ? &tail : NULL);
}

static void on_room_closed(struct link *l, const Tandem__RoomClosed *m)
{
    if (m->code == ERR_REJOIN || comes_back_from((enum err)m->code)) {
        l->room_state = ROOM_JOINING; /* nothing to leave */
        join_again(l, m->code == ERR_REJOIN ? 0 : LINK_ROOM_RETRY_MS);
        return;
    }
    room_refused(l, (enum err)m->code, m->text);
}

bool room_message(struct link *l, const Tandem__Envelope *m)
{
    bool in = l->room_state == ROOM_IN;
    switch (m->body_case) {
    case TANDEM__ENVELOPE__BODY_EVENT:
        if (in && m->event->room == l->room)
            on_event(l, m->event);
        return true;
    case TANDEM__ENVELOPE__BODY_ACKED:
        if (in && m->acked->room == l->room)
            on_acked(l, m->id, m->acked);
        return true;
    case TANDEM__ENVELOPE__BODY_PRESENCE:
        if (in && m->presence->room == l->room)
            on_presence(l, m->presence);
        return true;
    case TANDEM__ENVELOPE__BODY_PRESENTS:
        if (m->id)
            return false; /* the answer to Who */
        for (size_t i = 0; in && m->presents->room == l->room && i < m->presents->n_here; i++)
            put_present(l, m->presents->here[i], true);
        return true;
    case TANDEM__ENVELOPE__BODY_ROOM_CLOSED:
        if (in && m->room_closed->room == l->room)
            on_room_closed(l, m->room_closed);
        return true;
    default: /* everything else is an answer */
        return false;
    }
}

bool room_edit_refused(struct link *l, uint32_t id, const Tandem__Error *x)
{
    struct batch *b = replica_batch_of_request(l->replica, id);
    if (!b)
        return false;
    enum err e = (enum err)x->code;
    if (e == ERR_REJOIN || e == ERR_REFUSED_ROOM) {
        join_again(l, 0);
        return true;
    }
    if (comes_back_from(e)) { /* nothing of it was kept; the same again a little later */
        link_set_why(l, e, x->text);
        replica_line_lost(l->replica);
        l->hold_edits_until_ms = l->mono_ms + LINK_ROOM_RETRY_MS;
        return true;
    }
    struct buf safe = BUF_INIT, value = BUF_INIT;
    struct replica_refusal refusal = {.batch_no = b->no,
                                      .code = e,
                                      .text = text_safe_cstr(&safe, x->text),
                                      .their_value = text_safe_cstr(&value, x->their_value),
                                      .their_person = x->their_person};
    replica_refused(l->replica, &refusal);
    buf_free(&safe);
    buf_free(&value);
    if (l->replica->need_fresh)
        join_again(l, 0);
    return true;
}

/* ---- what is sent ---- */

static void send_batch(struct link *l, struct batch *b)
{
    Tandem__Edit edit = TANDEM__EDIT__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    edit.room = l->room;
    edit.body = (ProtobufCBinaryData){b->body.len, b->body.data};
    m.body_case = TANDEM__ENVELOPE__BODY_EDIT;
    m.edit = &edit;
    b->request = link_send(l, &m);
    l->edit_sent_ms = l->mono_ms;
}

/* Something is waiting and not on its way. */
static bool edits_wait(const struct link *l)
{
    const struct replica *r = l->replica;
    return r->nbatches && !r->batches[r->nbatches - 1]->request;
}

static int64_t edits_at_ms(const struct link *l)
{
    int64_t at = l->edit_sent_ms + l->window_ms;
    return at > l->hold_edits_until_ms ? at : l->hold_edits_until_ms;
}

static void send_edits(struct link *l)
{
    if (!edits_wait(l) || l->mono_ms < edits_at_ms(l))
        return;
    link_keep_before_sending(l);
    while (l->room_state == ROOM_IN &&
           replica_in_flight_bytes(l->replica) < LINK_MAX_FLIGHT_BYTES) {
        struct batch *b = replica_next_batch(l->replica);
        if (!b)
            return;
        send_batch(l, b);
    }
}

static int64_t presence_at_ms(const struct link *l)
{
    const struct replica *r = l->replica;
    if (r->only_read || (!r->cursor_dirty && !r->cursor_inferred))
        return INT64_MAX;
    int64_t at = l->presence_sent_ms + LINK_PRESENCE_MS;
    if (!r->cursor_dirty && l->edit_sent_ms + LINK_PRESENCE_LAZY_MS > at)
        at = l->edit_sent_ms + LINK_PRESENCE_LAZY_MS;
    return at;
}

/* An anchor at a character that the server does not know yet would say nothing to others: it waits
 * for the acknowledgement. */
static bool cursor_is_known(const struct replica *r)
{
    return !r->cursor_text || r->nbatches == 0 ||
           (r->cursor_head.id.agent != r->agent && r->cursor_tail.id.agent != r->agent);
}

static void send_presence(struct link *l)
{
    struct replica *r = l->replica;
    if (presence_at_ms(l) > l->mono_ms || !cursor_is_known(r))
        return;
    Tandem__Presence p = TANDEM__PRESENCE__INIT;
    Tandem__Anchor head = TANDEM__ANCHOR__INIT, tail = TANDEM__ANCHOR__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    p.room = l->room;
    p.question = r->cursor_field.question;
    p.part = r->cursor_field.part;
    p.item = r->cursor_field.item;
    if (r->cursor_text) {
        head.agent = r->cursor_head.id.agent;
        head.seq = r->cursor_head.id.seq;
        head.bias = r->cursor_head.bias;
        p.head = &head;
    }
    if (r->cursor_text && r->cursor_selection) {
        tail.agent = r->cursor_tail.id.agent;
        tail.seq = r->cursor_tail.id.seq;
        tail.bias = r->cursor_tail.bias;
        p.tail = &tail;
    }
    m.body_case = TANDEM__ENVELOPE__BODY_PRESENCE;
    m.presence = &p;
    (void)link_send(l, &m);
    l->presence_sent_ms = l->mono_ms;
    r->cursor_dirty = r->cursor_inferred = false;
}

void room_time(struct link *l)
{
    if (l->room_state == ROOM_WANTED && l->mono_ms >= l->room_retry_ms)
        send_join(l);
    if (l->room_state != ROOM_IN)
        return;
    send_edits(l);
    send_presence(l);
}

int64_t room_next_ms(const struct link *l)
{
    if (l->room_state == ROOM_WANTED)
        return l->room_retry_ms;
    if (l->room_state != ROOM_IN)
        return INT64_MAX;
    int64_t next = cursor_is_known(l->replica) ? presence_at_ms(l) : INT64_MAX;
    bool can_send = edits_wait(l) && !l->replica->need_fresh &&
                    replica_in_flight_bytes(l->replica) < LINK_MAX_FLIGHT_BYTES;
    if (can_send && edits_at_ms(l) < next)
        next = edits_at_ms(l);
    return next;
}
