#include "client/link/link_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

struct link *link_new(const struct link_hooks *hooks, const char *program, int64_t mono_ms)
{
    struct link *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->hooks = *hooks;
    l->program = strdup(program);
    l->replica = replica_new();
    l->mono_ms = l->retry_ms = mono_ms;
    l->window_ms = LINK_WINDOW_MS;
    l->next_id = 1;
    pb_alloc_init(&l->alloc, 0, 0);
    (void)snprintf(l->why, sizeof l->why, "%s", "not connected yet");
    if (l->program && l->replica)
        return l;
    link_free(l);
    return NULL;
}

static void request_free(struct request *q)
{
    buf_free(&q->payload);
    buf_free(&q->parts);
    free(q);
}

void link_free(struct link *l)
{
    if (!l)
        return;
    while (l->requests) {
        struct request *q = l->requests;
        l->requests = q->next;
        request_free(q);
    }
    pb_alloc_fini(&l->alloc);
    replica_free(l->replica);
    free(l->program);
    free(l);
}

/* ---- state ---- */

enum link_state link_state(const struct link *l)
{
    return l->state;
}
const char *link_why(const struct link *l)
{
    return l->why;
}
enum err link_err(const struct link *l)
{
    return l->err;
}
const struct viewer *link_me(const struct link *l)
{
    return &l->me;
}
const char *link_my_name(const struct link *l)
{
    return l->my_name;
}
const char *link_site(const struct link *l)
{
    return l->site;
}
int64_t link_certificate_ends_utc_ms(const struct link *l)
{
    return l->certificate_ends_utc_ms;
}
bool link_renew_soon(const struct link *l)
{
    return l->renew_soon;
}
struct replica *link_replica(struct link *l)
{
    return l->replica;
}
bool link_in_room(const struct link *l)
{
    return l->room_state == ROOM_IN;
}
void link_set_batch_window(struct link *l, uint32_t ms)
{
    l->window_ms = ms;
}
bool link_all_acknowledged(const struct link *l)
{
    return l->replica->nbatches == 0;
}

/* Sentences come from the other end: made safe here, once. */
void link_set_why(struct link *l, enum err e, const char *text)
{
    struct buf safe = BUF_INIT;
    l->err = e;
    l->said_farewell = false;
    (void)snprintf(l->why, sizeof l->why, "%s",
                   text_safe_cstr(&safe, text && text[0] ? text : err_text(e)));
    buf_free(&safe);
}

void link_all_is_well(struct link *l)
{
    l->err = ERR_OK;
    l->why[0] = '\0';
}

static void set_state(struct link *l, enum link_state state)
{
    if (l->state == state)
        return;
    l->state = state;
    if (l->hooks.state_changed)
        l->hooks.state_changed(l->hooks.user, state);
}

/* ---- requests ---- */

static void append_request(struct link *l, struct request *q)
{
    struct request **at = &l->requests;
    while (*at)
        at = &(*at)->next;
    *at = q;
}

uint32_t link_send(struct link *l, Tandem__Envelope *m)
{
    struct buf out = BUF_INIT;
    m->id = l->next_id++;
    size_t len = tandem__envelope__get_packed_size(m);
    if (buf_reserve(&out, len)) {
        tandem__envelope__pack(m, out.data);
        l->hooks.send(l->hooks.user, out.data, len);
    }
    buf_free(&out);
    return m->id;
}

static struct request *request_new(enum request_kind kind)
{
    struct request *q = calloc(1, sizeof *q);
    if (q)
        q->kind = kind;
    return q;
}

uint32_t link_ask(struct link *l, enum request_kind kind, Tandem__Envelope *m)
{
    struct request *q = request_new(kind);
    if (!q)
        return 0;
    append_request(l, q);
    q->id = link_send(l, m);
    return q->id;
}

enum err link_request(struct link *l, Tandem__Envelope *request, link_answer_fn answer, void *user)
{
    if (l->state == LINK_ENDED)
        return l->err ? l->err : ERR_NET;
    struct request *q = request_new(REQUEST_USER);
    if (!q)
        return ERR_NOMEM;
    q->answer = answer;
    q->user = user;
    if (l->state == LINK_ONLINE) {
        append_request(l, q);
        q->id = link_send(l, request);
        return ERR_OK;
    }
    request->id = 0;
    size_t len = tandem__envelope__get_packed_size(request);
    if (!buf_reserve(&q->payload, len)) {
        request_free(q);
        return ERR_NOMEM;
    }
    q->payload.len = tandem__envelope__pack(request, q->payload.data);
    append_request(l, q);
    return ERR_OK;
}

/* What waited for the line goes now. The id is Envelope's field 1: it can stand in front. */
static void send_waiting(struct link *l)
{
    for (struct request *q = l->requests; q; q = q->next) {
        if (q->id)
            continue;
        struct buf out = BUF_INIT;
        q->id = l->next_id++;
        buf_append_u8(&out, 1 << 3);
        buf_append_varint(&out, q->id);
        buf_append(&out, q->payload.data, q->payload.len);
        if (!buf_failed(&out))
            l->hooks.send(l->hooks.user, out.data, out.len);
        buf_free(&out);
        buf_free(&q->payload);
    }
}

/* Everything that was asked gets an answer, also when the line is gone. Answering may ask again:
 * that is not answered here. */
static void fail_requests(struct link *l, enum err e)
{
    struct request *all = l->requests;
    l->requests = NULL;
    while (all) {
        struct request *q = all;
        all = q->next;
        if (q->kind == REQUEST_USER && q->answer)
            q->answer(q->user, e, l->why, NULL);
        request_free(q);
    }
}

static struct request *request_find(struct link *l, uint32_t id)
{
    struct request *q = l->requests;
    while (q && (q->id != id || !id))
        q = q->next;
    return q;
}

static void request_take(struct link *l, struct request *q)
{
    struct request **at = &l->requests;
    while (*at && *at != q)
        at = &(*at)->next;
    if (*at)
        *at = q->next;
}

/* ---- the line ---- */

static bool ends_it(enum err e)
{
    return e == ERR_NOT_AUTHENTICATED || e == ERR_TLS || e == ERR_VERSION;
}

/* 0.25 s, doubling up to 15 s, each a quarter shorter or longer so that a whole office does not
 * come back in one moment. */
static int64_t backoff_ms(struct link *l)
{
    int64_t ms = LINK_RETRY_MIN_MS;
    for (unsigned i = 0; i < l->failures && ms < LINK_RETRY_MAX_MS; i++)
        ms *= 2;
    if (ms > LINK_RETRY_MAX_MS)
        ms = LINK_RETRY_MAX_MS;
    uint32_t random = l->hooks.random ? l->hooks.random(l->hooks.user) : 0;
    return ms * 3 / 4 + (int64_t)(random % (uint32_t)(ms / 2 + 1));
}

static void line_is_gone(struct link *l, enum err e, const char *why)
{
    if (l->state == LINK_OFFLINE || l->state == LINK_ENDED)
        return;
    /* What the server said before it hung up is the better reason; why it could not store an edit
     * earlier on is none. */
    bool said = ends_it(l->err) || (l->said_farewell && l->state == LINK_ONLINE);
    if (e != ERR_NET || !said)
        link_set_why(l, e, why);
    l->retry_ms = l->mono_ms + backoff_ms(l);
    l->failures++;
    l->pinged_ms = 0;
    replica_line_lost(l->replica);
    room_line_lost(l);
    l->state = ends_it(l->err) ? LINK_ENDED : LINK_OFFLINE;
    fail_requests(l, ends_it(l->err) ? l->err : ERR_NET); /* whether they were done is not known */
    if (l->hooks.state_changed)
        l->hooks.state_changed(l->hooks.user, l->state);
}

void link_line_closed(struct link *l, enum err e, const char *why)
{
    line_is_gone(l, e ? e : ERR_NET, why);
}

void link_drop_line(struct link *l, enum err e, const char *why)
{
    if (l->state != LINK_OPENING && l->state != LINK_GREETING && l->state != LINK_ONLINE)
        return;
    line_is_gone(l, e, why);
    l->hooks.close_line(l->hooks.user);
}

/* The recovery file: at once while offline; with a line only what stays unacknowledged. */
static int64_t keep_at_ms(const struct link *l)
{
    const struct replica *r = l->replica;
    bool any = r->nbatches || r->nkept;
    if (!l->hooks.keep || r->unsaved_version == l->kept_version || (!any && !l->kept_any))
        return INT64_MAX;
    if (!any)
        return l->mono_ms;
    int64_t at = l->kept_ms + LINK_KEEP_EVERY_MS;
    if (l->room_state == ROOM_IN && !r->nkept && l->unsaved_since_ms + LINK_KEEP_GRACE_MS > at)
        at = l->unsaved_since_ms + LINK_KEEP_GRACE_MS;
    return at;
}

static void keep(struct link *l)
{
    struct replica *r = l->replica;
    struct buf out = BUF_INIT;
    replica_save(r, &out);
    if (!buf_failed(&out)) {
        l->hooks.keep(l->hooks.user, out.data, out.len);
        l->kept_version = r->unsaved_version;
        l->kept_any = out.len > 0;
        l->kept_ms = l->mono_ms;
    }
    buf_free(&out);
}

void link_goodbye(struct link *l)
{
    bool open = l->state == LINK_ONLINE || l->state == LINK_GREETING || l->state == LINK_OPENING;
    if (keep_at_ms(l) != INT64_MAX) /* there is no later any more */
        keep(l);
    if (l->state == LINK_ENDED)
        return;
    if (l->room_state == ROOM_IN) {
        Tandem__Leave leave = TANDEM__LEAVE__INIT;
        Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
        leave.room = l->room;
        m.body_case = TANDEM__ENVELOPE__BODY_LEAVE;
        m.leave = &leave;
        (void)link_send(l, &m);
    }
    link_set_why(l, ERR_NET, "The connection was closed here.");
    room_line_lost(l);
    l->room_state = ROOM_NONE;
    l->state = LINK_ENDED;
    fail_requests(l, ERR_NET);
    if (open)
        l->hooks.close_line(l->hooks.user);
    if (l->hooks.state_changed)
        l->hooks.state_changed(l->hooks.user, l->state);
}

void link_line_open(struct link *l)
{
    if (l->state != LINK_OPENING)
        return;
    static char *features[] = {NULL};
    Tandem__Hello hello = TANDEM__HELLO__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    hello.protocol = 1;
    hello.program = l->program;
    hello.features = features;
    m.body_case = TANDEM__ENVELOPE__BODY_HELLO;
    m.hello = &hello;
    l->next_id = 1;
    l->opened_ms = l->heard_ms = l->mono_ms;
    set_state(l, LINK_GREETING);
    (void)link_ask(l, REQUEST_HELLO, &m);
}

/* ---- messages ---- */

static void viewer_of(const Tandem__Person *p, struct viewer *v)
{
    *v = (struct viewer){.person = p->id};
    size_t most = sizeof v->roles / sizeof v->roles[0];
    for (size_t i = 0; i < p->n_roles && v->nroles < most; i++) {
        struct viewer_role *role = &v->roles[v->nroles++];
        role->role = (enum role)p->roles[i]->role;
        (void)snprintf(role->team, sizeof role->team, "%s", p->roles[i]->team);
    }
}

static void on_welcome(struct link *l, const Tandem__Welcome *w)
{
    struct buf safe = BUF_INIT;
    (void)snprintf(l->site, sizeof l->site, "%s", text_safe_cstr(&safe, w->site));
    if (w->you) {
        viewer_of(w->you, &l->me);
        (void)snprintf(l->my_name, sizeof l->my_name, "%s", text_safe_cstr(&safe, w->you->name));
        replica_set_me(l->replica, &l->me);
        replica_put_name(l->replica, w->you->id, w->you->name);
    }
    buf_free(&safe);
    l->certificate_ends_utc_ms = w->certificate_ends_utc_ms;
    l->renew_soon = w->renew_soon;
    l->failures = 0;
    link_all_is_well(l);
    set_state(l, LINK_ONLINE);
    if (l->state == LINK_ONLINE)
        send_waiting(l);
}

/* An Error that answers nothing: the server is about to hang up, and says why. */
static void on_farewell(struct link *l, const Tandem__Error *x)
{
    link_set_why(l, (enum err)x->code, x->text);
    l->said_farewell = true;
}

static void on_error(struct link *l, struct request *q, const Tandem__Envelope *m)
{
    const Tandem__Error *x = m->error;
    enum err e = x->code ? (enum err)x->code : ERR_INPUT;
    switch (q->kind) {
    case REQUEST_HELLO:
        link_set_why(l, e, x->text);
        link_drop_line(l, e, x->text);
        return;
    case REQUEST_JOIN:
        room_refused(l, e, x->text);
        return;
    case REQUEST_USER:
        if (q->answer) {
            struct buf safe = BUF_INIT;
            q->answer(q->user, e, text_safe_cstr(&safe, x->text[0] ? x->text : err_text(e)), m);
            buf_free(&safe);
        }
        return;
    case REQUEST_OTHER:
        return;
    }
}

static void on_answer(struct link *l, struct request *q, Tandem__Envelope *m)
{
    if (m->body_case == TANDEM__ENVELOPE__BODY_ERROR) {
        on_error(l, q, m);
        return;
    }
    switch (q->kind) {
    case REQUEST_HELLO:
        if (m->body_case == TANDEM__ENVELOPE__BODY_WELCOME)
            on_welcome(l, m->welcome);
        else
            link_drop_line(l, ERR_VERSION, "The server does not speak this program's language.");
        return;
    case REQUEST_JOIN:
        if (m->body_case == TANDEM__ENVELOPE__BODY_JOINED) {
            if (m->joined->snapshot_in_parts)
                m->joined->snapshot = (ProtobufCBinaryData){q->parts.len, q->parts.data};
            room_joined(l, m->joined);
        }
        return;
    case REQUEST_USER:
        if (m->body_case == TANDEM__ENVELOPE__BODY_VIEW && m->view->snapshot_in_parts)
            m->view->snapshot = (ProtobufCBinaryData){q->parts.len, q->parts.data};
        if (q->answer)
            q->answer(q->user, ERR_OK, "", m);
        return;
    case REQUEST_OTHER:
        return;
    }
}

static void on_message(struct link *l, Tandem__Envelope *m)
{
    if (m->body_case == TANDEM__ENVELOPE__BODY_PONG)
        return;
    if (m->body_case == TANDEM__ENVELOPE__BODY_PING) {
        Tandem__Pong pong = TANDEM__PONG__INIT;
        Tandem__Envelope answer = TANDEM__ENVELOPE__INIT;
        answer.body_case = TANDEM__ENVELOPE__BODY_PONG;
        answer.pong = &pong;
        answer.id = m->id;
        uint8_t out[16];
        l->hooks.send(l->hooks.user, out, tandem__envelope__pack(&answer, out));
        return;
    }
    struct request *q = request_find(l, m->id);
    if (m->body_case == TANDEM__ENVELOPE__BODY_SNAPSHOT_PART) {
        enum { SNAPSHOT_MOST_BYTES = 256 * 1024 * 1024 };
        const ProtobufCBinaryData *data = &m->snapshot_part->data;
        if (q && q->parts.len + data->len <= SNAPSHOT_MOST_BYTES)
            buf_append(&q->parts, data->data, data->len);
        return;
    }
    if (room_message(l, m))
        return;
    if (q) {
        request_take(l, q);
        on_answer(l, q, m);
        request_free(q);
        return;
    }
    if (m->body_case == TANDEM__ENVELOPE__BODY_ERROR && !room_edit_refused(l, m->id, m->error) &&
        m->id == 0)
        on_farewell(l, m->error);
}

void link_receive(struct link *l, const uint8_t *payload, size_t len)
{
    if (l->state != LINK_GREETING && l->state != LINK_ONLINE)
        return;
    l->heard_ms = l->mono_ms;
    l->pinged_ms = 0;
    pb_alloc_reset(&l->alloc, pb_alloc_budget(len), PB_ALLOC_COUNT);
    Tandem__Envelope *m = tandem__envelope__unpack(&l->alloc.pb, len, payload);
    if (!m) {
        link_drop_line(l, ERR_NET, "The server sent something that is not a message.");
        return;
    }
    on_message(l, m);
    if (l->state == LINK_ONLINE)
        room_time(l);
}

/* ---- time ---- */

static bool answer_is_owed(const struct link *l)
{
    if (replica_in_flight_bytes(l->replica))
        return true;
    for (const struct request *q = l->requests; q; q = q->next)
        if (q->id)
            return true;
    return false;
}

static int64_t silence_ms(const struct link *l)
{
    return answer_is_owed(l) ? LINK_PING_WAITING_MS : LINK_PING_IDLE_MS;
}

static void check_silence(struct link *l)
{
    if (l->pinged_ms && l->mono_ms - l->pinged_ms >= LINK_DEAD_MS) {
        link_drop_line(l, ERR_NET, "The server does not answer.");
        return;
    }
    if (l->pinged_ms || l->mono_ms - l->heard_ms < silence_ms(l))
        return;
    Tandem__Ping ping = TANDEM__PING__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    m.body_case = TANDEM__ENVELOPE__BODY_PING;
    m.ping = &ping;
    (void)link_send(l, &m);
    l->pinged_ms = l->mono_ms;
}

void link_keep_before_sending(struct link *l)
{
    if (l->replica->renumbered && l->kept_any && l->hooks.keep)
        keep(l);
    l->replica->renumbered = false;
}

static void keep_time(struct link *l)
{
    struct replica *r = l->replica;
    bool any = r->nbatches || r->nkept;
    if (!any)
        l->unsaved_since_ms = 0;
    else if (!l->unsaved_since_ms)
        l->unsaved_since_ms = l->mono_ms ? l->mono_ms : 1;
    if (keep_at_ms(l) <= l->mono_ms)
        keep(l);
}

void link_time(struct link *l, int64_t mono_ms, int64_t utc_ms)
{
    l->mono_ms = mono_ms;
    l->utc_ms = utc_ms;
    switch (l->state) {
    case LINK_OFFLINE:
        if (mono_ms >= l->retry_ms) {
            l->opened_ms = mono_ms;
            set_state(l, LINK_OPENING);
            l->hooks.open_line(l->hooks.user);
        }
        break;
    case LINK_OPENING:
    case LINK_GREETING:
        if (mono_ms - l->opened_ms >= LINK_OPEN_TIMEOUT_MS)
            link_drop_line(l, ERR_NET, "The server does not answer.");
        break;
    case LINK_ONLINE:
        room_time(l);
        check_silence(l);
        break;
    case LINK_ENDED:
        break;
    }
    keep_time(l);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t link_next_ms(const struct link *l)
{
    int64_t next = keep_at_ms(l);
    switch (l->state) {
    case LINK_OFFLINE:
        return earlier(next, l->retry_ms);
    case LINK_OPENING:
    case LINK_GREETING:
        return earlier(next, l->opened_ms + LINK_OPEN_TIMEOUT_MS);
    case LINK_ONLINE:
        next = earlier(next, room_next_ms(l));
        return earlier(next,
                       l->pinged_ms ? l->pinged_ms + LINK_DEAD_MS : l->heard_ms + silence_ms(l));
    case LINK_ENDED:
        break;
    }
    return next;
}
