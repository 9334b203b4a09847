#include "tests/lib/fake_server.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire.pb-c.h"

/* ---- queues ---- */

static void push(struct buf **queue, size_t *n, const void *data, size_t len)
{
    *queue = realloc(*queue, (*n + 1) * sizeof **queue);
    cr_assert_not_null(*queue);
    struct buf b = BUF_INIT;
    buf_append(&b, data, len);
    (*queue)[(*n)++] = b;
}

static struct buf pop(struct buf *queue, size_t *n)
{
    struct buf b = queue[0];
    memmove(&queue[0], &queue[1], --*n * sizeof queue[0]);
    return b;
}

static void drop_all(struct peer *p)
{
    while (p->nto_server)
        buf_free(&p->to_server[--p->nto_server]);
    while (p->nto_client)
        buf_free(&p->to_client[--p->nto_client]);
}

/* ---- hooks of a link ---- */

static void on_send(void *user, const uint8_t *payload, size_t len)
{
    struct peer *p = user;
    if (p->open)
        push(&p->to_server, &p->nto_server, payload, len);
}

static void on_open_line(void *user)
{
    struct peer *p = user;
    p->open = true; /* told in fake_step: hooks do not call back */
}

static void on_close_line(void *user)
{
    struct peer *p = user;
    p->open = p->joined = false;
    drop_all(p);
}

static void on_keep(void *user, const uint8_t *data, size_t len)
{
    struct peer *p = user;
    buf_clear(&p->kept);
    buf_append(&p->kept, data, len);
    p->keeps++;
}

static uint32_t on_random(void *user)
{
    (void)user;
    return 12345;
}

static void on_joined(void *user, enum err e, const char *text)
{
    struct peer *p = user;
    if (e)
        p->refusals++;
    else
        p->joins++;
    p->joined_err = e;
    (void)snprintf(p->joined_text, sizeof p->joined_text, "%s", text);
}

static void on_news(void *user, const struct replica_news *n)
{
    static const char *kinds[] = {
        [NEWS_EVENT] = "event",        [NEWS_CAME] = "came",         [NEWS_WENT] = "went",
        [NEWS_MOVED] = "moved",        [NEWS_CONFLICT] = "conflict", [NEWS_REFUSED] = "refused",
        [NEWS_CAUGHT_UP] = "caught up"};
    struct peer *p = user;
    buf_appendf(&p->news, "%s", kinds[n->kind]);
    if (n->text)
        buf_appendf(&p->news, ": %s", n->text);
    if (n->theirs)
        buf_appendf(&p->news, " [theirs %s]", n->theirs);
    if (n->kept)
        buf_appendf(&p->news, " [kept %s]", n->kept);
    buf_append_str(&p->news, "\n");
}

/* ---- the server's side ---- */

static void reply(struct peer *p, Tandem__Envelope *m)
{
    if (!p->open)
        return;
    size_t len = tandem__envelope__get_packed_size(m);
    uint8_t *data = malloc(len + 1);
    tandem__envelope__pack(m, data);
    push(&p->to_client, &p->nto_client, data, len);
    free(data);
}

static void reply_error(struct peer *p, uint32_t id, enum err e, const char *text,
                        const struct audit_conflict *c)
{
    Tandem__Error x = TANDEM__ERROR__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    x.code = (uint32_t)e;
    x.text = (char *)(uintptr_t)text;
    if (c && e == ERR_STALE) {
        x.their_value = (char *)(uintptr_t)c->value;
        x.their_rev = c->rev;
        x.their_person = c->by;
    }
    m.id = id;
    m.body_case = TANDEM__ENVELOPE__BODY_ERROR;
    m.error = &x;
    reply(p, &m);
}

static char *name_of(uint32_t person)
{
    static char *names[] = {"nobody", "Ana Flint", "Ben Ode", "Cy West", "Ida Ray"};
    return person < sizeof names / sizeof *names ? names[person] : "Somebody";
}

static void on_hello(struct peer *p, uint32_t id)
{
    Tandem__Welcome w = TANDEM__WELCOME__INIT;
    Tandem__Person you = TANDEM__PERSON__INIT;
    Tandem__RoleHeld held[16], *list[16];
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    const struct viewer *v = audit_make_viewer(p->person);
    for (size_t i = 0; i < v->nroles; i++) {
        held[i] = (Tandem__RoleHeld)TANDEM__ROLE_HELD__INIT;
        held[i].role = v->roles[i].role;
        held[i].team = (char *)(uintptr_t)v->roles[i].team;
        list[i] = &held[i];
    }
    you.id = p->person;
    you.name = name_of(p->person);
    you.n_roles = v->nroles;
    you.roles = list;
    w.protocol = 1;
    w.site = "Northfield";
    w.you = &you;
    w.utc_ms = p->f->utc_ms;
    m.id = id;
    m.body_case = TANDEM__ENVELOPE__BODY_WELCOME;
    m.welcome = &w;
    reply(p, &m);
}

static void fill_present(const struct peer *p, bool gone, Tandem__Present *out)
{
    *out = (Tandem__Present)TANDEM__PRESENT__INIT;
    out->person = p->person;
    out->name = name_of(p->person);
    out->agent = p->agent;
    out->gone = gone;
}

/* Who came or went, to everybody else in the room. */
static void tell_present(struct peer *who, bool gone)
{
    for (size_t i = 0; i < who->f->npeers; i++) {
        struct peer *p = who->f->peers[i];
        if (p == who || !p->joined)
            continue;
        Tandem__Present one, *list[1] = {&one};
        Tandem__Presents here = TANDEM__PRESENTS__INIT;
        Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
        fill_present(who, gone, &one);
        here.room = p->room;
        here.n_here = 1;
        here.here = list;
        m.body_case = TANDEM__ENVELOPE__BODY_PRESENTS;
        m.presents = &here;
        reply(p, &m);
    }
}

static void add_tail(const struct fake *f, uint64_t have, Tandem__Joined *j)
{
    j->events = calloc(f->room->nevents + 1, sizeof *j->events);
    for (size_t i = (size_t)have; i < f->room->nevents; i++) {
        const struct made_event *from = &f->room->events[i];
        Tandem__Event *e = malloc(sizeof *e);
        *e = (Tandem__Event)TANDEM__EVENT__INIT;
        e->seq = from->seq;
        e->utc_ms = from->utc_ms;
        e->actor = from->actor;
        e->body = (ProtobufCBinaryData){from->body.len, from->body.data};
        j->events[j->n_events++] = e;
    }
}

static void on_join(struct peer *p, uint32_t id, const Tandem__Join *join)
{
    struct fake *f = p->f;
    Tandem__Joined j = TANDEM__JOINED__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    Tandem__Person people[P_END], *list[P_END];
    struct buf snapshot = BUF_INIT;
    if (strcmp(join->ref, "TST-2026-0001") != 0 ||
        !audit_may_see(f->room->a, audit_make_viewer(p->person))) {
        reply_error(p, id, ERR_NOT_FOUND, "There is no such audit.", NULL);
        return;
    }
    uint32_t agent = join->agent;
    bool kept = agent && agent < 4096 && f->owners[agent] == p->person && !f->forget_agents;
    if (!kept && !join->only_read)
        f->owners[agent = f->next_agent++] = p->person;
    j.room = p->room = ++f->next_room;
    j.agent = join->only_read ? 0 : agent;
    j.batch_no = audit_batch_no(f->room->a, j.agent);
    j.seq = audit_seq(f->room->a);
    j.utc_ms = audit_utc_ms(f->room->a);
    if (!join->have_template[0])
        j.template_ = (ProtobufCBinaryData){f->template_bytes.len, f->template_bytes.data};
    if (!join->have_seq || f->always_snapshot) {
        audit_encode(f->room->a, audit_make_viewer(p->person), &snapshot);
        j.snapshot = (ProtobufCBinaryData){snapshot.len, snapshot.data};
    } else {
        add_tail(f, join->have_seq, &j);
    }
    for (uint32_t i = 0; i < 4; i++) {
        people[i] = (Tandem__Person)TANDEM__PERSON__INIT;
        people[i].id = i + 1;
        people[i].name = name_of(i + 1);
        list[i] = &people[i];
    }
    j.n_people = 4;
    j.people = list;
    j.ref = "TST-2026-0001";
    p->joined = true;
    p->agent = j.agent;
    Tandem__Present here[16], *here_list[16];
    for (size_t i = 0; i < f->npeers; i++) {
        if (!f->peers[i]->joined)
            continue;
        fill_present(f->peers[i], false, &here[j.n_here]);
        here_list[j.n_here] = &here[j.n_here];
        j.n_here++;
    }
    j.here = here_list;
    tell_present(p, false);
    p->only_read = join->only_read;
    m.id = id;
    m.body_case = TANDEM__ENVELOPE__BODY_JOINED;
    m.joined = &j;
    reply(p, &m);
    for (size_t i = 0; i < j.n_events; i++)
        free(j.events[i]);
    free(j.events);
    buf_free(&snapshot);
}

static void fan_out(struct fake *f, struct peer *author, uint32_t id, uint64_t batch_no)
{
    const struct made_event *last = &f->room->events[f->room->nevents - 1];
    for (size_t i = 0; i < f->npeers; i++) {
        struct peer *p = f->peers[i];
        if (!p->joined)
            continue;
        Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
        Tandem__Event e = TANDEM__EVENT__INIT;
        Tandem__Acked a = TANDEM__ACKED__INIT;
        if (p == author) {
            a.room = p->room;
            a.batch_no = batch_no;
            m.id = id;
            m.body_case = TANDEM__ENVELOPE__BODY_ACKED;
            m.acked = &a;
        } else {
            e.room = p->room;
            e.actor = last->actor;
            e.body = (ProtobufCBinaryData){last->body.len, last->body.data};
            m.body_case = TANDEM__ENVELOPE__BODY_EVENT;
            m.event = &e;
        }
        reply(p, &m);
    }
}

static void apply_edit(struct peer *p, uint32_t id, const struct event_body *b)
{
    struct fake *f = p->f;
    struct room *r = f->room;
    const struct viewer *v = audit_make_viewer(p->person);
    enum err e = audit_check(r->a, v, b, &r->why, &r->conflict);
    if (f->refuse_next) {
        reply_error(p, id, f->refuse_next, "The test says no.", NULL);
        f->refuse_next = ERR_OK;
        return;
    }
    if (e == ERR_EXISTS) {
        Tandem__Acked a = TANDEM__ACKED__INIT;
        Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
        a.room = p->room;
        a.batch_no = b->batch_no;
        a.seq = audit_batch_seq(r->a, b->agent);
        m.id = id;
        m.body_case = TANDEM__ENVELOPE__BODY_ACKED;
        m.acked = &a;
        reply(p, &m);
        return;
    }
    if (e) {
        reply_error(p, id, e, r->why.text, &r->conflict);
        return;
    }
    struct event ev = {
        .seq = audit_seq(r->a) + 1, .utc_ms = r->utc_ms, .actor = p->person, .body = *b};
    cr_assert_eq(audit_apply(r->a, &ev), ERR_OK);
    if (r->nevents == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 64;
        r->events = realloc(r->events, r->cap * sizeof *r->events);
    }
    struct made_event *kept = &r->events[r->nevents++];
    *kept = (struct made_event){.seq = ev.seq, .utc_ms = ev.utc_ms, .actor = ev.actor};
    event_body_encode(b, &kept->body);
    fan_out(f, p, id, b->batch_no);
}

void fake_tell_last(struct fake *f)
{
    fan_out(f, NULL, 0, 0);
}

static void lose_line(struct peer *p)
{
    bool was_in = p->joined;
    drop_all(p);
    p->open = p->joined = false;
    if (was_in)
        tell_present(p, true);
    link_line_closed(p->link, ERR_NET, "The line was cut.");
}

static void on_edit(struct peer *p, uint32_t id, const Tandem__Edit *edit)
{
    struct fake *f = p->f;
    struct event_body *b;
    p->edits_seen++;
    if (!p->joined || edit->room != p->room || p->only_read) {
        reply_error(p, id, ERR_REFUSED_ROOM, "Join first.", NULL);
        return;
    }
    if (f->cut_before_edit) {
        f->cut_before_edit = false;
        lose_line(p);
        return;
    }
    cr_assert_eq(event_body_decode(edit->body.data, edit->body.len, &b, NULL), ERR_OK);
    cr_assert(b->agent < 4096 && f->owners[b->agent] == p->person, "writes as another's agent");
    if (f->cut_after_edit) {
        f->cut_after_edit = false;
        p->joined = false; /* its acknowledgement goes nowhere */
        apply_edit(p, id, b);
        lose_line(p);
    } else {
        apply_edit(p, id, b);
    }
    event_body_free(b);
}

static void on_presence(struct peer *from, Tandem__Presence *presence, uint32_t agent)
{
    from->presence_seen++;
    for (size_t i = 0; i < from->f->npeers; i++) {
        struct peer *p = from->f->peers[i];
        if (p == from || !p->joined)
            continue;
        Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
        presence->room = p->room;
        presence->person = from->person;
        presence->agent = agent;
        m.body_case = TANDEM__ENVELOPE__BODY_PRESENCE;
        m.presence = presence;
        reply(p, &m);
    }
}

static void serve(struct peer *p, const struct buf *frame)
{
    Tandem__Envelope *m = tandem__envelope__unpack(NULL, frame->len, frame->data);
    cr_assert_not_null(m);
    Tandem__Envelope answer = TANDEM__ENVELOPE__INIT;
    Tandem__Pong pong = TANDEM__PONG__INIT;
    Tandem__Done done = TANDEM__DONE__INIT;
    answer.id = m->id;
    switch (m->body_case) {
    case TANDEM__ENVELOPE__BODY_HELLO:
        on_hello(p, m->id);
        break;
    case TANDEM__ENVELOPE__BODY_JOIN:
        on_join(p, m->id, m->join);
        break;
    case TANDEM__ENVELOPE__BODY_EDIT:
        on_edit(p, m->id, m->edit);
        break;
    case TANDEM__ENVELOPE__BODY_PRESENCE:
        on_presence(p, m->presence, p->agent);
        break;
    case TANDEM__ENVELOPE__BODY_PING:
        answer.body_case = TANDEM__ENVELOPE__BODY_PONG;
        answer.pong = &pong;
        reply(p, &answer);
        break;
    case TANDEM__ENVELOPE__BODY_LEAVE:
        p->joined = p->joined && m->leave->room != p->room;
        answer.body_case = TANDEM__ENVELOPE__BODY_DONE;
        answer.done = &done;
        reply(p, &answer);
        break;
    default:
        reply_error(p, m->id, ERR_INPUT, "not in this fake", NULL);
    }
    tandem__envelope__free_unpacked(m, NULL);
}

/* ---- moving ---- */

static void start_link(struct peer *p)
{
    struct link_hooks hooks = {.user = p,
                               .send = on_send,
                               .open_line = on_open_line,
                               .close_line = on_close_line,
                               .keep = on_keep,
                               .random = on_random};
    p->link = link_new(&hooks, "test", p->f->mono_ms);
    cr_assert_not_null(p->link);
    replica_on_news(link_replica(p->link), on_news, p);
    p->joins = p->refusals = p->keeps = 0;
}

struct fake *fake_new(void)
{
    struct fake *f = calloc(1, sizeof *f);
    f->room = room_new();
    f->mono_ms = 1000;
    f->utc_ms = f->room->utc_ms;
    f->next_agent = 100; /* the room's own people write as agents below */
    template_encode(audit_make_template(), &f->template_bytes);
    return f;
}

struct peer *fake_peer(struct fake *f, uint32_t person)
{
    struct peer *p = calloc(1, sizeof *p);
    p->f = f;
    p->person = person;
    p->reachable = true;
    f->peers[f->npeers++] = p;
    start_link(p);
    return p;
}

static void forget_peer(struct peer *p)
{
    drop_all(p);
    link_free(p->link);
    p->open = p->joined = false;
}

void fake_restart(struct peer *p)
{
    forget_peer(p);
    start_link(p);
}

void fake_free(struct fake *f)
{
    for (size_t i = 0; i < f->npeers; i++) {
        struct peer *p = f->peers[i];
        forget_peer(p);
        free(p->to_server);
        free(p->to_client);
        buf_free(&p->kept);
        buf_free(&p->news);
        free(p);
    }
    room_free(f->room);
    buf_free(&f->template_bytes);
    free(f);
}

static void line_up(struct peer *p)
{
    if (link_state(p->link) != LINK_OPENING)
        return;
    if (p->reachable) {
        link_line_open(p->link);
    } else {
        p->open = false;
        link_line_closed(p->link, ERR_NET, "There is no way to the server.");
    }
}

/* One message, in the server's or in the link's direction. */
static bool deliver(struct peer *p, bool to_server)
{
    if (to_server ? !p->nto_server || p->f->hold_answers : !p->nto_client)
        return false;
    struct buf b =
        to_server ? pop(p->to_server, &p->nto_server) : pop(p->to_client, &p->nto_client);
    if (to_server)
        serve(p, &b);
    else
        link_receive(p->link, b.data, b.len);
    buf_free(&b);
    return true;
}

static void tick(struct fake *f)
{
    for (size_t i = 0; i < f->npeers; i++) {
        link_time(f->peers[i]->link, f->mono_ms, f->utc_ms);
        line_up(f->peers[i]);
    }
}

static bool anything_moves(struct fake *f)
{
    bool moved = false;
    for (size_t i = 0; i < f->npeers; i++) {
        moved |= deliver(f->peers[i], true);
        moved |= deliver(f->peers[i], false);
    }
    return moved;
}

void fake_run(struct fake *f, int64_t most_ms)
{
    int64_t end = f->mono_ms + most_ms;
    tick(f);
    for (long turns = 0; turns < 1000 * 1000; turns++) {
        if (anything_moves(f))
            continue;
        int64_t next = INT64_MAX;
        for (size_t i = 0; i < f->npeers; i++) {
            int64_t at = link_next_ms(f->peers[i]->link);
            next = at < next ? at : next;
        }
        if (next > end)
            return;
        f->utc_ms += next > f->mono_ms ? next - f->mono_ms : 1;
        f->mono_ms = next > f->mono_ms ? next : f->mono_ms + 1;
        tick(f);
    }
    cr_assert(false, "the links never come to rest");
}

void fake_step(struct fake *f, uint32_t choice)
{
    for (size_t n = 0; n < 2 * f->npeers; n++) {
        size_t at = (choice + n) % (2 * f->npeers);
        if (deliver(f->peers[at / 2], at % 2))
            return;
    }
    f->mono_ms++;
    f->utc_ms++;
    tick(f);
}

void fake_cut(struct peer *p)
{
    if (p->open)
        lose_line(p);
}

void fake_join(struct peer *p, const void *recovered, size_t len)
{
    int before = p->joins;
    cr_assert_eq(link_join(p->link, "TST-2026-0001", false, recovered, len, on_joined, p), ERR_OK);
    fake_run(p->f, 1000);
    cr_assert_eq(p->joins, before + 1, "not joined: %s %s", link_why(p->link), p->joined_text);
}

/* ---- looking ---- */

static const char *text_of(const struct audit *a, const char *where)
{
    static struct buf out;
    struct field f;
    struct err_info why;
    buf_clear(&out);
    cr_assert_eq(audit_field_parse(a, where, &f, &why), ERR_OK, "%s", why.text);
    const struct text *t = audit_text(a, f);
    if (t)
        text_read(t, 0, text_len_cp(t), &out);
    return buf_cstr(&out);
}

const char *peer_text(struct peer *p, const char *where)
{
    return text_of(replica_audit(link_replica(p->link)), where);
}

const char *fake_text(struct fake *f, const char *where)
{
    return text_of(f->room->a, where);
}

struct field peer_field(struct peer *p, const char *where)
{
    struct field f;
    struct err_info why;
    enum err e = audit_field_parse(replica_audit(link_replica(p->link)), where, &f, &why);
    cr_assert_eq(e, ERR_OK, "%s", why.text);
    return f;
}

void peer_type(struct peer *p, const char *where, size_t pos_cp, const char *words)
{
    struct err_info why;
    enum err e = replica_insert(link_replica(p->link), peer_field(p, where), pos_cp, words,
                                strlen(words), &why);
    cr_assert_eq(e, ERR_OK, "%s", why.text);
}
