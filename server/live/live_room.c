/* Who is in the room, and what they are told. */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "server/live/live_inner.h"

/* ---- who is told that somebody came, went, moved ---- */

static void tell_others(struct live_audit *la, const struct live_seat *about, bool gone,
                        bool cursor)
{
    struct live *l = la->live;
    for (size_t i = 0; i < la->nseats; i++) {
        struct live_seat *to = la->seats[i];
        if (to != about && !to->waiting && !to->dead && !(cursor && to->no_cursors))
            l->hooks.present(l->hooks.user, to, about, gone, cursor);
    }
}

/* Takes the seat out and frees it. */
static void unseat(struct live_audit *la, struct live_seat *s, bool tell_them, enum err e)
{
    struct live *l = la->live;
    size_t i = 0;
    while (la->seats[i] != s)
        i++;
    memmove(&la->seats[i], &la->seats[i + 1], (la->nseats - i - 1) * sizeof(struct live_seat *));
    la->nseats--;
    l->seats--;
    la->cursors_waiting -= s->cursor_waits;
    if (tell_them)
        l->hooks.closed(l->hooks.user, s, e);
    if (s->agent && !s->waiting)
        tell_others(la, s, true, false);
    free(s);
}

void live_leave(struct live_seat *s)
{
    struct live_audit *la = s->audit;
    unseat(la, s, false, ERR_OK);
    live_settle(la);
}

void live_close_all_seats(struct live_audit *la, enum err e)
{
    for (size_t i = 0; i < la->nseats; i++)
        la->seats[i]->dead = true; /* nobody is told that the others go */
    while (la->nseats)
        unseat(la, la->seats[la->nseats - 1], true, e);
}

struct live_seat *live_seat_find(const struct live_audit *la, uint64_t id)
{
    for (size_t i = 0; id && i < la->nseats; i++)
        if (la->seats[i]->id == id)
            return la->seats[i];
    return NULL;
}

size_t live_seat_count(const struct live_audit *la)
{
    return la->nseats;
}

const struct live_seat *live_seat_at(const struct live_audit *la, size_t i)
{
    assert(i < la->nseats);
    return la->seats[i];
}

/* ---- agents ---- */

static struct given_agent *given_find(const struct live_audit *la, uint32_t agent)
{
    for (size_t i = 0; i < la->ngiven; i++)
        if (la->given[i].agent == agent)
            return &la->given[i];
    return NULL;
}

bool live_may_be_agent(const struct live_audit *la, uint32_t person, uint32_t agent)
{
    if (!agent || agent >= la->next_agent)
        return false;
    uint32_t wrote = audit_agent_person(la->audit, agent);
    if (wrote)
        return wrote == person;
    const struct given_agent *g = given_find(la, agent);
    return !g || g->person == person;
}

static enum err note_agent(struct live_audit *la, uint32_t agent, uint32_t person)
{
    if (agent >= la->next_agent)
        la->next_agent = agent + 1;
    if (!agent || given_find(la, agent))
        return ERR_OK;
    if (la->ngiven == la->given_cap) {
        size_t cap = la->given_cap ? la->given_cap * 2 : 8;
        struct given_agent *given = realloc(la->given, cap * sizeof *given);
        if (!given)
            return ERR_NOMEM;
        la->given = given;
        la->given_cap = cap;
    }
    la->given[la->ngiven++] = (struct given_agent){agent, person};
    return ERR_OK;
}

/* ---- coming ---- */

static enum err seats_room(struct live_audit *la)
{
    if (la->nseats < la->seats_cap)
        return ERR_OK;
    size_t cap = la->seats_cap ? la->seats_cap * 2 : 4;
    struct live_seat **seats = realloc(la->seats, cap * sizeof(struct live_seat *));
    if (!seats)
        return ERR_NOMEM;
    la->seats = seats;
    la->seats_cap = cap;
    return ERR_OK;
}

struct live_seat *live_sit(struct live_audit *la, const struct viewer *v, uint32_t agent,
                           bool no_cursors, void *user)
{
    assert(la->state == LIVE_READY);
    struct live *l = la->live;
    struct live_seat *s = calloc(1, sizeof *s);
    if (!s || note_agent(la, agent, v->person) || seats_room(la)) {
        free(s);
        return NULL;
    }
    for (size_t i = 0; agent && i < la->nseats; i++)
        if (la->seats[i]->agent == agent) {
            unseat(la, la->seats[i], true, ERR_EXISTS);
            break;
        }
    s->id = ++l->seat_ids;
    s->audit = la;
    s->user = user;
    s->viewer = *v;
    s->role = audit_role_of(la->audit, v);
    s->agent = agent;
    s->no_cursors = no_cursors;
    s->waiting = true;
    s->since_utc_ms = l->utc_ms;
    s->last_seq = audit_seq(la->audit);
    s->last_utc_ms = audit_utc_ms(la->audit);
    la->seats[la->nseats++] = s;
    l->seats++;
    la->idle_since_ms = 0;
    return s;
}

void live_seated(struct live_seat *s)
{
    s->waiting = false;
    if (s->agent)
        tell_others(s->audit, s, false, false);
}

/* ---- what each may see ---- */

void live_view_key(const struct live_audit *la, const struct viewer *v, struct buf *out)
{
    const struct audit_member *m = audit_member_find(la->audit, v->person);
    buf_clear(out);
    buf_appendf(out, "%u ", v->person); /* a snapshot has the counters of one's own agents */
    if (m)
        buf_appendf(out, "member %d %s", (int)m->role, m->sections ? m->sections : "");
    for (size_t i = 0; i < v->nroles; i++)
        buf_appendf(out, "\n%d %s", (int)v->roles[i].role, v->roles[i].team);
}

bool live_make_views(struct live_audit *la, struct live_event *e, const struct event_body *b)
{
    if (!la->nseats)
        return true;
    e->views = calloc(la->nseats, sizeof *e->views);
    if (!e->views)
        return false;
    for (size_t i = 0; i < la->nseats; i++) {
        const struct live_seat *s = la->seats[i];
        struct live_view *w = &e->views[e->nviews];
        bool changed = false;
        if (audit_redact_body(la->audit, &s->viewer, b, &w->body, &changed, &w->rejoin)) {
            buf_free(&w->body);
            return false;
        }
        w->leave = !audit_may_see(la->audit, &s->viewer);
        if (!changed)
            buf_free(&w->body);
        w->seat = s->id;
        e->nviews += changed || w->rejoin || w->leave;
    }
    return true;
}

static const struct live_view *view_of(const struct live_event *e, const struct live_seat *s)
{
    for (size_t i = 0; i < e->nviews; i++)
        if (e->views[i].seat == s->id)
            return &e->views[i];
    return NULL;
}

/* ---- giving ---- */

/* Gives one event to one seat. Anything but ERR_OK ends the seat. */
static enum err give(struct live_audit *la, struct live_seat *s, const struct live_event *e)
{
    struct live *l = la->live;
    const struct live_view *w = e->special ? view_of(e, s) : NULL;
    bool taken = true;
    if (e->author_seat == s->id)
        taken = l->hooks.acked(l->hooks.user, s, e, e->request, false);
    else if (w && (w->leave || w->rejoin))
        return w->leave ? ERR_NOT_FOUND : ERR_REJOIN;
    else if (w)
        taken = l->hooks.event(l->hooks.user, s, e, w->body.data, w->body.len);
    else
        taken = l->hooks.event(l->hooks.user, s, e, e->body, e->body_len);
    if (!taken)
        return ERR_SLOW_DOWN;
    s->last_seq = e->seq;
    s->last_utc_ms = e->utc_ms;
    if (w && w->leave)
        return ERR_NOT_FOUND;
    return w && w->rejoin ? ERR_REJOIN : ERR_OK;
}

/* Returns why the seat must end, or ERR_OK. */
static enum err catch_up(struct live_audit *la, struct live_seat *s)
{
    if (s->last_seq + 1 < la->first_seq)
        return s->last_seq < la->committed_seq ? ERR_REJOIN : ERR_OK;
    enum err e = ERR_OK;
    for (uint64_t q = s->last_seq + 1; !e && q <= la->committed_seq; q++)
        e = give(la, s, live_event_at(la, q));
    return e;
}

static void answer_repeats(struct live_audit *la, const struct live_event *e)
{
    struct live *l = la->live;
    for (const struct live_again *g = e->again; g; g = g->next) {
        struct live_seat *s = live_seat_find(la, g->seat);
        if (s && !s->waiting && !s->dead)
            (void)l->hooks.acked(l->hooks.user, s, e, g->request, true); /* asked once too often */
    }
}

static void tell_cursors(struct live_audit *la)
{
    for (size_t i = 0; la->cursors_waiting && i < la->nseats; i++) {
        struct live_seat *s = la->seats[i];
        if (!s->cursor_waits || s->cursor_seq > la->delivered_seq)
            continue;
        s->cursor_waits = false;
        la->cursors_waiting--;
        if (!s->dead && !s->waiting)
            tell_others(la, s, false, true);
    }
}

void live_deliver(struct live_audit *la)
{
    struct dead {
        struct live_seat *seat;
        enum err why;
    } few[8];
    size_t ndead = 0;
    bool again;
    la->deliver_at_ms = 0;
    la->delivering = true;
    do {
        again = false;
        for (size_t i = 0; i < la->nseats; i++) {
            struct live_seat *s = la->seats[i];
            if (s->waiting || s->held_back || s->dead)
                continue;
            if (ndead == sizeof few / sizeof *few) {
                again = true; /* the rest gets its turn after these are gone */
                break;
            }
            enum err e = catch_up(la, s);
            if (e) {
                s->dead = true;
                few[ndead++] = (struct dead){s, e};
            }
        }
        if (!again) {
            uint64_t from =
                la->delivered_seq + 1 > la->first_seq ? la->delivered_seq + 1 : la->first_seq;
            for (uint64_t q = from; q <= la->committed_seq; q++)
                if (live_event_at(la, q)->again)
                    answer_repeats(la, live_event_at(la, q));
            la->delivered_seq = la->committed_seq;
            tell_cursors(la);
        }
        while (ndead) {
            ndead--;
            unseat(la, few[ndead].seat, true, few[ndead].why);
        }
    } while (again);
    la->delivering = false;
    live_ring_trim(la);
}

void live_deliver_soon(struct live_audit *la)
{
    const struct live_settings *set = &la->live->settings;
    if (!set->fanout_window_ms || la->nseats < set->fanout_window_people) {
        live_deliver(la);
        return;
    }
    if (!la->deliver_at_ms)
        la->deliver_at_ms = la->live->mono_ms + set->fanout_window_ms;
    live_wake_at(la->live, la->deliver_at_ms);
}

void live_pause(struct live_seat *s)
{
    s->held_back = true;
}

void live_resume(struct live_seat *s)
{
    struct live_audit *la = s->audit;
    s->held_back = false;
    live_deliver(la); /* `s` may be gone */
    live_settle(la);
}

void live_move(struct live_seat *s, struct field field, const struct text_anchor *head,
               const struct text_anchor *tail)
{
    struct live_audit *la = s->audit;
    s->field = field;
    s->has_head = head;
    s->has_tail = head && tail;
    s->head = head ? *head : (struct text_anchor){0};
    s->tail = s->has_tail ? *tail : (struct text_anchor){0};
    if (s->waiting || !s->agent || la->state != LIVE_READY)
        return;
    s->cursor_seq = audit_seq(la->audit);
    if (s->cursor_seq <= la->delivered_seq) {
        tell_others(la, s, false, true);
        return;
    }
    la->cursors_waiting += !s->cursor_waits;
    s->cursor_waits = true;
}

/* ---- people change ---- */

static enum err person_changed_in(struct live_audit *la, struct live_seat *s,
                                  const struct viewer *v)
{
    struct buf before = BUF_INIT, after = BUF_INIT;
    live_view_key(la, &s->viewer, &before);
    live_view_key(la, v, &after);
    s->viewer = *v;
    enum err e = ERR_OK;
    if (!audit_may_see(la->audit, v))
        e = ERR_NOT_FOUND;
    else if (buf_failed(&before) || buf_failed(&after) || before.len != after.len ||
             memcmp(before.data, after.data, after.len) != 0)
        e = ERR_REJOIN;
    buf_free(&before);
    buf_free(&after);
    return e;
}

void live_person_changed(struct live *l, const struct viewer *v)
{
    for (size_t b = 0; b < BUCKETS; b++)
        for (struct live_audit *la = l->buckets[b], *next; la; la = next) {
            next = la->next;
            if (la->state != LIVE_READY)
                continue;
            for (size_t i = la->nseats; i-- > 0;) {
                struct live_seat *s = la->seats[i];
                enum err e = s->viewer.person == v->person ? person_changed_in(la, s, v) : ERR_OK;
                if (e)
                    unseat(la, s, true, e);
            }
            live_settle(la);
        }
}
