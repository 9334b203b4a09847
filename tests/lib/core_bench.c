#include "tests/lib/core_bench.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "server/store/summary.h"
#include "tests/lib/audit_make.h"
#include "tests/lib/leaks.h"

#define NEED(e) cr_assert_eq((e), ERR_OK, "%s", #e)
#define BODY(k) TANDEM__ENVELOPE__BODY_##k

/* ---- hooks ---- */

static bool on_send(void *user, uint64_t conn, const uint8_t *payload, size_t len)
{
    struct bench *b = user;
    struct bench_conn *c = &b->conns[conn];
    bool inside = b->inside;
    b->inside = false;
    cr_assert(c->open && !c->closing, "sent to connection %d, which is closed", (int)conn);
    bool taken = c->queued + len <= b->settings.max_outbound_bytes;
    if (taken) {
        c->queued += c->stuck ? len : 0;
        buf_append_u32be(&c->sent, (uint32_t)len);
        buf_append(&c->sent, payload, len);
        buf_append(&c->all, payload, len);
    }
    b->inside = inside;
    return taken;
}

static size_t on_queued(void *user, uint64_t conn)
{
    return ((struct bench *)user)->conns[conn].queued;
}

static void on_close(void *user, uint64_t conn)
{
    struct bench_conn *c = &((struct bench *)user)->conns[conn];
    cr_assert(c->open && !c->closing, "closed twice");
    c->closing = true;
}

static void on_max_frame(void *user, uint64_t conn, size_t max_bytes)
{
    ((struct bench *)user)->conns[conn].max_frame = max_bytes;
}

static enum err on_sign(void *user, const void *csr_der, size_t len, uint32_t person,
                        int64_t now_utc_ms, int64_t ends_utc_ms, struct buf *cert_der,
                        uint8_t serial[20], struct err_info *why)
{
    struct bench *b = user;
    (void)person;
    cr_assert_gt(ends_utc_ms, now_utc_ms);
    if (len < 3 || memcmp(csr_der, "CSR", 3))
        return err_set(why, ERR_INPUT, "That is not a signing request.");
    memset(serial, 0, 20);
    serial[0] = 1;
    serial[19] = ++b->serials;
    buf_append_str(cert_der, "CERT");
    return ERR_OK;
}

static void on_authority(void *user, struct buf *out)
{
    (void)user;
    buf_append_str(out, "AUTHORITY");
}

static void on_random(void *user, void *out, size_t len)
{
    (void)user;
    memset(out, 7, len);
}

static void on_fatal(void *user, const char *why)
{
    cr_assert(*why);
    ((struct bench *)user)->fatal++;
}

static void on_ready(void *user, enum err e)
{
    cr_assert_eq(e, ERR_OK);
    ((struct bench *)user)->ready = true;
}

/* ---- before the store ---- */

static struct bench_front *asked_front; /* requests do not say whom they came through */

static void front_done(struct store_req *r)
{
    struct bench_front *f = asked_front;
    struct bench_asked *a = f->first;
    cr_assert(a && a->req == r, "answered out of order");
    f->first = a->next;
    if (!f->first)
        f->last = &f->first;
    r->done = a->done;
    free(a);
    f->bench->inside = true;
    r->done(r);
    f->bench->inside = false;
}

static void front_submit(struct store *s, struct store_req *r)
{
    struct bench_front *f = (struct bench_front *)s;
    bool inside = f->bench->inside;
    f->bench->inside = false;
    struct bench_asked *a = calloc(1, sizeof *a);
    cr_assert_not_null(a);
    *a = (struct bench_asked){.req = r, .done = r->done};
    *f->last = a;
    f->last = &a->next;
    r->done = front_done;
    asked_front = f;
    store_submit(f->bench->store, r);
    f->bench->inside = inside;
}

static bool front_is_dead(const struct store *s)
{
    return store_is_dead(((const struct bench_front *)s)->bench->store);
}

static size_t front_queued(const struct store *s)
{
    return store_queued(((const struct bench_front *)s)->bench->store);
}

static const struct store_vtable front_vtable = {front_submit, front_is_dead, front_queued};

static void front_forget(struct bench_front *f)
{
    while (f->first) {
        struct bench_asked *next = f->first->next;
        free(f->first);
        f->first = next;
    }
    f->last = &f->first;
}

/* ---- the bench ---- */

void bench_commit(struct bench *b)
{
    (void)store_mem_step(b->store, SIZE_MAX);
}

void bench_step(struct bench *b)
{
    for (int turns = 0; store_queued(b->store); turns++) {
        cr_assert_lt(turns, 1000, "the store is asked for ever");
        bench_commit(b);
    }
}

void bench_time(struct bench *b, int64_t later_ms)
{
    b->mono_ms += later_ms;
    b->utc_ms += later_ms;
    b->inside = true;
    core_time(b->core, b->mono_ms, b->utc_ms);
    b->inside = false;
}

static void ask_store(struct bench *b, struct store_req *r, enum store_op op)
{
    r->op = op;
    store_submit(b->store, r);
    bench_step(b);
    cr_assert_eq(r->err, ERR_OK, "store: %s", err_name(r->err));
}

static void nothing_done(struct store_req *r)
{
    (void)r;
}

void bench_begin(struct bench *b)
{
    const struct core_hooks hooks = {.user = b,
                                     .send = on_send,
                                     .queued_bytes = on_queued,
                                     .close = on_close,
                                     .set_max_frame = on_max_frame,
                                     .sign = on_sign,
                                     .authority_der = on_authority,
                                     .random = on_random,
                                     .fatal = on_fatal};
    b->ready = false;
    b->core = core_new(&hooks, &b->settings, &b->front.store, b->mono_ms, b->utc_ms);
    cr_assert_not_null(b->core);
    core_start(b->core, on_ready, b);
    cr_assert(!b->ready, "not from inside core_start");
}

static void start(struct bench *b)
{
    bench_begin(b);
    bench_step(b);
    cr_assert(b->ready);
}

struct bench *bench_new(const struct core_settings *settings)
{
    log_set_level(LOG_LEVEL_ERROR);
    struct bench *b = calloc(1, sizeof *b);
    cr_assert_not_null(b);
    if (settings) {
        b->settings = *settings;
    } else {
        core_settings_default(&b->settings);
        b->settings.fanout_window_ms = 0; /* who asks for nothing is shown everything at once */
    }
    b->store = store_mem_new();
    b->front.store.vtable = &front_vtable;
    b->front.bench = b;
    b->front.last = &b->front.first;
    cr_assert_not_null(b->store);
    b->mono_ms = 1000 * 1000;
    b->utc_ms = INT64_C(1790000000000); /* 21 September 2026 */
    for (size_t i = 0; i < BENCH_CONNS; i++)
        pb_alloc_init(&b->conns[i].alloc, 0, 0);
    struct buf t = BUF_INIT;
    template_encode(audit_make_template(), &t);
    struct store_template_put put = {.req = {.done = nothing_done},
                                     .id = "TST",
                                     .version = audit_make_template()->version,
                                     .data = t.data,
                                     .len = t.len};
    ask_store(b, &put.req, STORE_TEMPLATE_PUT);
    NEED(template_decode(t.data, t.len, &b->t, NULL));
    buf_free(&t);
    start(b);
    return b;
}

static void room_forget(struct bench_conn *c)
{
    audit_free(c->audit);
    c->audit = NULL;
    while (c->batches) {
        struct bench_batch *next = c->batches->next;
        buf_free(&c->batches->body);
        free(c->batches);
        c->batches = next;
    }
}

static void conn_reset(struct bench_conn *c)
{
    room_forget(c);
    buf_free(&c->sent);
    buf_free(&c->all);
    buf_free(&c->frame);
    pb_alloc_fini(&c->alloc);
    memset(c, 0, sizeof *c);
    pb_alloc_init(&c->alloc, 0, 0);
}

void bench_free(struct bench *b)
{
    core_free(b->core);
    front_forget(&b->front);
    for (size_t i = 0; i < BENCH_CONNS; i++)
        conn_reset(&b->conns[i]);
    store_mem_free(b->store);
    template_free(b->t);
    free(b);
    CHECK_NO_LEAKS();
}

void bench_stop(struct bench *b)
{
    store_mem_crash(b->store);
    front_forget(&b->front);
    core_free(b->core);
    b->core = NULL;
    for (size_t i = 0; i < BENCH_CONNS; i++)
        conn_reset(&b->conns[i]);
}

void bench_restart(struct bench *b)
{
    bench_stop(b);
    start(b);
}

/* ---- people ---- */

static void serial_of(uint32_t person, uint8_t serial[20])
{
    memset(serial, 0, 20);
    serial[19] = (uint8_t)person;
}

static void put_person(struct bench *b, struct store_person_put *put)
{
    put->req.done = nothing_done;
    ask_store(b, &put->req, STORE_PERSON_PUT);
    struct person p = {.revoked = put->person.revoked};
    p.viewer.person = put->person.id;
    p.viewer.nroles = put->person.nroles;
    memcpy(p.viewer.roles, put->person.roles, sizeof p.viewer.roles);
    memcpy(p.name, put->person.name, sizeof p.name);
    core_person_changed(b->core, &p);
}

static struct viewer_role one_role(enum role role, const char *team)
{
    struct viewer_role r = {.role = role};
    cr_assert_lt(strlen(team), sizeof r.team);
    memcpy(r.team, team, strlen(team));
    return r;
}

uint32_t bench_person(struct bench *b, const char *name, enum role role, const char *team)
{
    struct store_person_put put = {0};
    memcpy(put.person.name, name, strlen(name));
    put.person.nroles = role != ROLE_NONE;
    put.person.roles[0] = one_role(role, team);
    put.person.created_utc_ms = b->utc_ms;
    put_person(b, &put);
    struct store_cert_put cert = {.req = {.done = nothing_done}};
    serial_of(put.person.id, cert.cert.serial);
    cert.cert.person = put.person.id;
    cert.cert.not_after_utc_ms = b->utc_ms + INT64_C(90) * 86400 * 1000;
    ask_store(b, &cert.req, STORE_CERT_PUT);
    NEED(people_put_cert(core_people(b->core), cert.cert.serial, put.person.id, false));
    return put.person.id;
}

static struct store_person_put change_of(struct bench *b, uint32_t person)
{
    const struct person *p = people_find(core_people(b->core), person);
    cr_assert_not_null(p);
    struct store_person_put put = {0};
    put.person.id = person;
    put.person.nroles = p->viewer.nroles;
    memcpy(put.person.roles, p->viewer.roles, sizeof put.person.roles);
    memcpy(put.person.name, p->name, sizeof put.person.name);
    put.person.created_utc_ms = b->utc_ms;
    return put;
}

void bench_give_role(struct bench *b, uint32_t person, enum role role, const char *team)
{
    struct store_person_put put = change_of(b, person);
    put.person.roles[put.person.nroles++] = one_role(role, team);
    put_person(b, &put);
}

void bench_change_roles(struct bench *b, uint32_t person, enum role role, const char *team)
{
    struct store_person_put put = change_of(b, person);
    put.person.nroles = 1;
    put.person.roles[0] = one_role(role, team);
    put_person(b, &put);
}

void bench_revoke(struct bench *b, uint32_t person)
{
    struct store_person_put put = change_of(b, person);
    put.person.revoked = true;
    put.person.revoked_utc_ms = b->utc_ms;
    put_person(b, &put);
}

void bench_move(struct bench *b, const char *ref, enum audit_state to)
{
    bench_serve(b, ref, 0, (struct audit_op){.kind = OP_MOVE, .move = {.to = to}});
}

void bench_serve(struct bench *b, const char *ref, uint32_t asker, struct audit_op op)
{
    struct store_load load = {.req = {.done = nothing_done}};
    memcpy(load.ref, ref, strlen(ref));
    ask_store(b, &load.req, STORE_LOAD);
    struct audit *a = NULL;
    if (load.snapshot.len)
        NEED(audit_decode(b->t, load.snapshot.data, load.snapshot.len, &a, NULL));
    else
        cr_assert_not_null(a = audit_new(b->t));
    for (size_t i = 0; i < load.nevents; i++) {
        struct event_body *body;
        const struct store_event *se = &load.events[i];
        NEED(event_body_decode(se->body, se->body_len, &body, NULL));
        const struct event ev = {
            .seq = se->seq, .utc_ms = se->utc_ms, .actor = se->actor, .body = *body};
        NEED(audit_apply(a, &ev));
        event_body_free(body);
    }
    struct event ev = {
        .seq = audit_seq(a) + 1,
        .utc_ms = b->utc_ms,
        .actor = asker,
        .body = {.ops = &op, .nops = 1}
    };
    struct buf body = BUF_INIT;
    struct store_summary summary;
    struct store_member *members;
    size_t nmembers;
    NEED(audit_apply(a, &ev));
    event_body_encode(&ev.body, &body);
    summary_of(a, &summary);
    NEED(summary_members_of(a, &members, &nmembers));
    struct store_event se = {.seq = ev.seq,
                             .utc_ms = ev.utc_ms,
                             .actor = ev.actor,
                             .body = body.data,
                             .body_len = body.len};
    struct store_append append = {.req = {.done = nothing_done},
                                  .audit = load.audit,
                                  .expected_seq = ev.seq - 1,
                                  .events = &se,
                                  .nevents = 1,
                                  .summary = &summary,
                                  .members = members,
                                  .nmembers = nmembers};
    ask_store(b, &append.req, STORE_APPEND);
    audit_free(a);
    buf_free(&body);
    free(members);
    buf_free(&load.snapshot);
    free(load.events);
}

void bench_idle(struct bench *b)
{
    for (int i = 0; i < 4; i++) {
        bench_time(b, b->settings.idle_audit_ms);
        bench_step(b);
    }
    cr_assert_eq(core_health(b->core).audits_in_memory, 0);
}

/* ---- connections ---- */

struct core_peer bench_peer(struct bench *b, uint32_t person)
{
    struct core_peer p = {.cert = CORE_CERT_OK,
                          .cert_ends_utc_ms = b->utc_ms + INT64_C(90) * 86400 * 1000};
    serial_of(person, p.serial);
    return p;
}

void bench_open(struct bench *b, unsigned conn, const struct core_peer *peer)
{
    struct bench_conn *c = &b->conns[conn];
    cr_assert(!c->open);
    c->open = true;
    b->inside = true;
    core_conn_open(b->core, conn, peer);
    b->inside = false;
}

void bench_connect(struct bench *b, unsigned conn, uint32_t person)
{
    const struct core_peer peer = bench_peer(b, person);
    Tandem__Hello hello = TANDEM__HELLO__INIT;
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    bench_open(b, conn, &peer);
    b->conns[conn].person = person;
    hello.protocol = 1;
    hello.program = (char *)"bench";
    e.body_case = BODY(HELLO);
    e.hello = &hello;
    (void)bench_send(b, conn, &e);
    const Tandem__Envelope *w = bench_expect(b, conn, BODY(WELCOME));
    cr_assert(w->welcome->you && w->welcome->you->id == person);
}

void bench_drop(struct bench *b, unsigned conn)
{
    b->inside = true;
    core_conn_closed(b->core, conn);
    b->inside = false;
    conn_reset(&b->conns[conn]);
}

void bench_send_bytes(struct bench *b, unsigned conn, const void *payload, size_t len)
{
    b->inside = true;
    core_conn_frame(b->core, conn, payload, len);
    b->inside = false;
}

Tandem__Envelope *bench_make(struct bench_plain *m, int kind, const char *ref, uint32_t room)
{
    const ProtobufCFieldDescriptor *f =
        protobuf_c_message_descriptor_get_field(&tandem__envelope__descriptor, (unsigned)kind);
    cr_assert_not_null(f);
    const ProtobufCMessageDescriptor *d = f->descriptor;
    memset(m, 0, sizeof *m);
    tandem__envelope__init(&m->env);
    cr_assert_leq(d->sizeof_message, sizeof m->inner);
    protobuf_c_message_init(d, &m->inner);
    const ProtobufCFieldDescriptor *in = protobuf_c_message_descriptor_get_field_by_name(d, "ref");
    if (in)
        *(const char **)(void *)((char *)&m->inner + in->offset) = ref;
    in = protobuf_c_message_descriptor_get_field_by_name(d, "room");
    if (in)
        *(uint32_t *)(void *)((char *)&m->inner + in->offset) = room;
    m->env.body_case = (Tandem__Envelope__BodyCase)kind;
    m->env.done = (Tandem__Done *)&m->inner;
    return &m->env;
}

uint32_t bench_send(struct bench *b, unsigned conn, Tandem__Envelope *e)
{
    e->id = ++b->conns[conn].next_id;
    size_t len = tandem__envelope__get_packed_size(e);
    uint8_t *bytes = malloc(len + 1);
    cr_assert_not_null(bytes);
    (void)tandem__envelope__pack(e, bytes);
    bench_send_bytes(b, conn, bytes, len);
    free(bytes);
    return e->id;
}

const Tandem__Envelope *bench_take(struct bench *b, unsigned conn)
{
    struct bench_conn *c = &b->conns[conn];
    if (!c->sent.len)
        return NULL;
    const uint8_t *p = c->sent.data;
    size_t len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    buf_clear(&c->frame);
    buf_append(&c->frame, p + 4, len);
    buf_consume(&c->sent, 4 + len);
    pb_alloc_reset(&c->alloc, SIZE_MAX / 4, SIZE_MAX / 4);
    const Tandem__Envelope *e = tandem__envelope__unpack(&c->alloc.pb, c->frame.len, c->frame.data);
    cr_assert_not_null(e, "the core sent something malformed");
    return e;
}

const Tandem__Envelope *bench_expect(struct bench *b, unsigned conn, int kind)
{
    const Tandem__Envelope *e = bench_take(b, conn);
    cr_assert_not_null(e, "connection %u was sent nothing, kind %d was expected", conn, kind);
    cr_assert_eq((int)e->body_case, kind, "connection %u got kind %d, expected %d: %s", conn,
                 (int)e->body_case, kind, e->body_case == BODY(ERROR) ? e->error->text : "");
    return e;
}

const Tandem__Error *bench_expect_error(struct bench *b, unsigned conn, enum err code)
{
    const Tandem__Error *e = bench_expect(b, conn, BODY(ERROR))->error;
    cr_assert_eq(e->code, (uint32_t)code, "%s (%u), expected %s: %s", err_name((enum err)e->code),
                 e->code, err_name(code), e->text);
    cr_assert_gt(strlen(e->text), 10, "a refusal says why");
    return e;
}

void bench_expect_nothing(struct bench *b, unsigned conn)
{
    const Tandem__Envelope *e = bench_take(b, conn);
    cr_assert_null(e, "connection %u got kind %d unexpectedly: %s", conn, e ? (int)e->body_case : 0,
                   e && e->body_case == BODY(ERROR) ? e->error->text : "");
}

void bench_forget(struct bench *b, unsigned conn)
{
    buf_clear(&b->conns[conn].sent);
}

bool bench_was_sent(const struct bench *b, unsigned conn, const char *words)
{
    const struct buf *all = &b->conns[conn].all;
    return all->len && memmem(all->data, all->len, words, strlen(words));
}

/* ---- requests ---- */

void bench_template(struct bench *b, struct template *t)
{
    struct buf data = BUF_INIT;
    template_encode(t, &data);
    struct store_template_put put = {
        .req = {.done = nothing_done}, .version = t->version, .data = data.data, .len = data.len};
    (void)snprintf(put.id, sizeof put.id, "%s", t->id);
    ask_store(b, &put.req, STORE_TEMPLATE_PUT);
    NEED(core_template_added(b->core, data.data, data.len));
    buf_free(&data);
    template_free(b->t);
    b->t = t;
}

void bench_ask_new_audit(struct bench *b, unsigned conn, const char *practitioner)
{
    Tandem__NewAudit r = TANDEM__NEW_AUDIT__INIT;
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    r.template_id = b->t->id;
    r.carer_ref = (char *)"CA-1";
    r.practitioner = (char *)practitioner;
    r.start_reason = (char *)(*practitioner ? "tests write at once" : "");
    e.body_case = BODY(NEW_AUDIT);
    e.new_audit = &r;
    (void)bench_send(b, conn, &e);
}

void bench_new_audit(struct bench *b, unsigned conn, const char *practitioner, char ref[32])
{
    bench_ask_new_audit(b, conn, practitioner);
    bench_step(b);
    const char *made = bench_expect(b, conn, BODY(AUDIT_CREATED))->audit_created->ref;
    cr_assert_lt(strlen(made), 32);
    memcpy(ref, made, strlen(made) + 1);
    if (!*practitioner) /* the rules would not open it yet */
        bench_move(b, ref, AUDIT_IN_PROGRESS);
}

void bench_set_member(struct bench *b, unsigned conn, const char *ref, const char *person,
                      enum role role)
{
    Tandem__SetMember r = TANDEM__SET_MEMBER__INIT;
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    r.ref = (char *)ref;
    r.person = (char *)person;
    r.role = (uint32_t)role;
    e.body_case = BODY(SET_MEMBER);
    e.set_member = &r;
    (void)bench_send(b, conn, &e);
}

static void ask_join(struct bench *b, unsigned conn, const char *ref, bool only_read,
                     uint32_t agent, uint64_t have_seq)
{
    Tandem__Join r = TANDEM__JOIN__INIT;
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    r.ref = (char *)ref;
    r.only_read = only_read;
    r.agent = agent;
    r.have_seq = have_seq;
    e.body_case = BODY(JOIN);
    e.join = &r;
    (void)bench_send(b, conn, &e);
}

void bench_ask_join(struct bench *b, unsigned conn, const char *ref, bool only_read)
{
    ask_join(b, conn, ref, only_read, 0, 0);
}

static void fold_event(struct bench *b, struct bench_conn *c, uint64_t seq, int64_t utc_ms,
                       uint32_t actor, const void *body, size_t len)
{
    (void)b;
    struct event_body *eb = NULL;
    NEED(event_body_decode(body, len, &eb, NULL));
    const struct event ev = {.seq = seq, .utc_ms = utc_ms, .actor = actor, .body = *eb};
    enum err e = audit_apply(c->audit, &ev);
    cr_assert_eq(e, ERR_OK, "event %d does not fold: %s", (int)seq, err_name(e));
    event_body_free(eb);
    c->seq = seq;
    c->utc_ms = utc_ms;
}

void bench_take_joined(struct bench *b, unsigned conn)
{
    struct bench_conn *c = &b->conns[conn];
    struct buf snapshot = BUF_INIT;
    const Tandem__Envelope *e = bench_take(b, conn);
    while (e && e->body_case == BODY(SNAPSHOT_PART)) {
        buf_append(&snapshot, e->snapshot_part->data.data, e->snapshot_part->data.len);
        e = bench_take(b, conn);
    }
    cr_assert(e && e->body_case == BODY(JOINED), "connection %u: no Joined but %d: %s", conn,
              e ? (int)e->body_case : -1, e && e->body_case == BODY(ERROR) ? e->error->text : "");
    const Tandem__Joined *j = e->joined;
    cr_assert_eq(j->snapshot_in_parts, snapshot.len > 0);
    if (!snapshot.len)
        buf_append(&snapshot, j->snapshot.data, j->snapshot.len);
    if (snapshot.len) {
        struct err_info why = {0};
        audit_free(c->audit);
        c->audit = NULL;
        enum err err = audit_decode(b->t, snapshot.data, snapshot.len, &c->audit, &why);
        cr_assert_eq(err, ERR_OK, "snapshot: %s", why.text);
    }
    cr_assert_not_null(c->audit, "a tail without anything to fold it onto");
    c->room = j->room;
    c->agent = j->agent;
    c->batch_no = j->batch_no;
    c->room_closed = false;
    for (size_t i = 0; i < j->n_events; i++)
        fold_event(b, c, j->events[i]->seq, j->events[i]->utc_ms, j->events[i]->actor,
                   j->events[i]->body.data, j->events[i]->body.len);
    c->seq = j->seq;
    c->utc_ms = j->utc_ms;
    cr_assert_eq(audit_seq(c->audit), j->seq);
    while (c->batches && c->batches->batch_no <= j->batch_no) {
        struct bench_batch *next = c->batches->next;
        buf_free(&c->batches->body);
        free(c->batches);
        c->batches = next;
    }
    buf_free(&snapshot);
}

void bench_join(struct bench *b, unsigned conn, const char *ref)
{
    bench_ask_join(b, conn, ref, false);
    bench_step(b);
    bench_take_joined(b, conn);
}

void bench_rejoin(struct bench *b, unsigned conn, const char *ref, uint32_t agent,
                  uint64_t have_seq)
{
    ask_join(b, conn, ref, false, agent, have_seq);
    bench_step(b);
    bench_take_joined(b, conn);
}

/* ---- writing ---- */

static void send_edit(struct bench *b, unsigned conn, const struct buf *body)
{
    Tandem__Edit r = TANDEM__EDIT__INIT;
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    r.room = b->conns[conn].room;
    r.body = (ProtobufCBinaryData){.len = body->len, .data = body->data};
    e.body_case = BODY(EDIT);
    e.edit = &r;
    (void)bench_send(b, conn, &e);
}

void bench_batch(struct bench *b, unsigned conn, struct audit_op *ops, size_t nops)
{
    struct bench_conn *c = &b->conns[conn];
    struct bench_batch *batch = calloc(1, sizeof *batch), **at = &c->batches;
    const struct event_body body = {
        .agent = c->agent, .batch_no = ++c->batch_no, .ops = ops, .nops = nops};
    cr_assert_not_null(batch);
    batch->batch_no = body.batch_no;
    event_body_encode(&body, &batch->body);
    while (*at)
        at = &(*at)->next;
    *at = batch;
    send_edit(b, conn, &batch->body);
}

void bench_resend(struct bench *b, unsigned conn)
{
    cr_assert_not_null(b->conns[conn].batches);
    send_edit(b, conn, &b->conns[conn].batches->body);
}

static struct field field_of(const struct bench_conn *c, const char *where)
{
    struct field f;
    struct err_info why = {0};
    enum err e = audit_field_parse(c->audit, where, &f, &why);
    cr_assert_eq(e, ERR_OK, "%s: %s", where, why.text);
    return f;
}

void bench_type(struct bench *b, unsigned conn, const char *where, const char *words)
{
    struct bench_conn *c = &b->conns[conn];
    struct field f = field_of(c, where);
    struct text *t = audit_text_edit(c->audit, f);
    struct buf blob = BUF_INIT;
    cr_assert_not_null(t);
    NEED(text_insert(t, c->agent, text_len_cp(t), words, strlen(words), &blob));
    struct audit_op op = {.kind = OP_TEXT};
    op.text = (struct op_text){.field = f, .blob = blob.data, .blob_len = blob.len};
    bench_batch(b, conn, &op, 1);
    buf_free(&blob);
}

void bench_set(struct bench *b, unsigned conn, const char *where, const char *value)
{
    struct bench_conn *c = &b->conns[conn];
    struct audit_op op = {.kind = OP_SET};
    op.set.field = field_of(c, where);
    op.set.value = value;
    op.set.base_rev = audit_value(c->audit, op.set.field).rev;
    bench_batch(b, conn, &op, 1);
}

static void fold_ack(struct bench *b, struct bench_conn *c, const Tandem__Acked *a)
{
    struct bench_batch *batch = c->batches;
    if (a->seq && a->seq <= c->seq) /* a repeated batch: folded already */
        return;
    cr_assert(batch && batch->batch_no == a->batch_no, "an acknowledgement out of order");
    c->batches = batch->next;
    fold_event(b, c, a->seq ? a->seq : c->seq + 1, c->utc_ms + a->dt_ms, c->person,
               batch->body.data, batch->body.len);
    buf_free(&batch->body);
    free(batch);
    c->acked++;
}

void bench_fold(struct bench *b, unsigned conn)
{
    struct bench_conn *c = &b->conns[conn];
    for (const Tandem__Envelope *e; (e = bench_take(b, conn));) {
        if (e->body_case == BODY(EVENT)) {
            const Tandem__Event *ev = e->event;
            cr_assert_eq(e->id, 0);
            cr_assert_eq(ev->room, c->room);
            fold_event(b, c, ev->seq ? ev->seq : c->seq + 1, c->utc_ms + ev->dt_ms, ev->actor,
                       ev->body.data, ev->body.len);
            c->events++;
        } else if (e->body_case == BODY(ACKED)) {
            fold_ack(b, c, e->acked);
        } else if (e->body_case == BODY(ROOM_CLOSED)) {
            c->room_closed = true;
            c->closed_code = e->room_closed->code;
        } else if (e->body_case == BODY(ERROR) && e->error->code == ERR_STALE) {
            c->stale++;
        } else {
            cr_assert(e->body_case == BODY(PRESENTS) || e->body_case == BODY(PRESENCE),
                      "kind %d in the middle of a room: %s", (int)e->body_case,
                      e->body_case == BODY(ERROR) ? e->error->text : "");
        }
    }
}

const char *bench_text(struct bench *b, unsigned conn, const char *where, struct buf *out)
{
    const struct bench_conn *c = &b->conns[conn];
    const struct text *t = audit_text(c->audit, field_of(c, where));
    buf_clear(out);
    if (t)
        text_read(t, 0, text_len_cp(t), out);
    return buf_cstr(out);
}
