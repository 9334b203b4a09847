#include "client/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/commands.h"
#include "common/utf8.h"

/* ---- beginning and end ---- */

static enum err start(struct session *s, struct transport_config *config)
{
    config->program = TANDEM_VERSION;
    enum err e = transport_new(&s->loop, config, &s->t, &s->why);
    if (!e)
        s->link = transport_link(s->t);
    return e;
}

static enum err prepare(struct session *s)
{
    *s = (struct session){.late = false};
    if (uv_loop_init(&s->loop))
        return err_set(&s->why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    s->loop_ok = true;
    (void)uv_timer_init(&s->loop, &s->deadline); /* cannot fail */
    s->deadline.data = s;
    return ERR_OK;
}

enum err session_open_kept(struct session *s, const struct cli *c, struct recovery *recovery)
{
    enum err e = prepare(s);
    if (!e)
        e = profile_load(c->as, &s->profile, &s->why);
    struct transport_config config = {.profile = &s->profile, .recovery = recovery};
    return e ? e : start(s, &config);
}

enum err session_open(struct session *s, const struct cli *c)
{
    return session_open_kept(s, c, NULL);
}

enum err session_open_at(struct session *s, const char *host, uint16_t port,
                         const uint8_t authority_hash16[16])
{
    enum err e = prepare(s);
    struct transport_config config = {
        .host = host, .port = port, .authority_hash16 = authority_hash16};
    return e ? e : start(s, &config);
}

static void on_deadline(uv_timer_t *h)
{
    struct session *s = h->data;
    s->late = true;
}

static void set_deadline(struct session *s, uint64_t ms)
{
    s->late = false;
    uv_update_time(&s->loop);
    (void)uv_timer_start(&s->deadline, on_deadline, ms, 0);
}

void session_close(struct session *s)
{
    enum { RENEWAL_MS = 3000 };
    if (!s->loop_ok)
        return;
    set_deadline(s, RENEWAL_MS);
    while (s->t && transport_is_renewing(s->t) && !s->late)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    transport_close(s->t);
    uv_close((uv_handle_t *)&s->deadline, NULL);
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&s->loop); /* everything has come back */
    profile_fini(&s->profile);
    free(s->theirs);
    free(s->refusal);
    s->loop_ok = false;
}

/* ---- asking ---- */

struct asked {
    struct session *s;
    session_answer_fn fn;
    void *user;
    bool done;
    enum err err;
};

static void on_answer(void *user, enum err e, const char *text, const Tandem__Envelope *m)
{
    struct asked *a = user;
    a->done = true;
    a->err = e;
    if (e)
        (void)err_set(&a->s->why, e, "%s", text);
    else
        a->err = a->fn(a->user, m, &a->s->why);
}

void session_hurry(struct session *s)
{
    s->hurried = true;
}

enum err session_ask(struct session *s, Tandem__Envelope *m, session_answer_fn fn, void *user)
{
    struct asked a = {.s = s, .fn = fn, .user = user};
    enum err e = link_request(s->link, m, on_answer, &a);
    if (e)
        return err_set(&s->why, e, "%s", link_why(s->link));
    set_deadline(s, s->hurried ? SESSION_HURRY_MS : SESSION_ACK_MS);
    while (!a.done && !s->late)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    uv_timer_stop(&s->deadline);
    if (!a.done) { /* the answer must not come after `a` has gone */
        link_goodbye(s->link);
        return err_set(&s->why, ERR_NET, "The server did not answer in time.");
    }
    return a.err;
}

void *session_copy(const ProtobufCMessage *m)
{
    size_t len = protobuf_c_message_get_packed_size(m);
    uint8_t *bytes = malloc(len + 1);
    if (!bytes)
        return NULL;
    (void)protobuf_c_message_pack(m, bytes);
    void *copy = protobuf_c_message_unpack(m->descriptor, NULL, len, bytes);
    free(bytes);
    return copy;
}

char *session_text(const char *s)
{
    return (char *)(uintptr_t)(s ? s : "");
}

enum err session_answer_is(const Tandem__Envelope *m, Tandem__Envelope__BodyCase kind,
                           struct err_info *why)
{
    return m->body_case == kind ? ERR_OK
                                : err_set(why, ERR_VERSION, "The server answered something else.");
}

int session_once(const struct cli *c, Tandem__Envelope *m, session_answer_fn fn, void *user)
{
    struct session s;
    enum err e = session_open(&s, c);
    if (!e)
        e = session_ask(&s, m, fn, user);
    int exit_code = e ? session_fail(&s, e) : EXIT_DONE;
    session_close(&s);
    return exit_code;
}

/* ---- the room ---- */

static void on_joined(void *user, enum err e, const char *text)
{
    struct session *s = user;
    s->joined = true;
    s->join_err = e;
    if (e)
        (void)err_set(&s->why, e, "%s", text);
}

static void on_news(void *user, const struct replica_news *n)
{
    struct session *s = user;
    if (n->kind == NEWS_CONFLICT) {
        s->conflict = true;
        s->conflict_field = n->field;
        s->conflict_person = n->person;
        free(s->theirs);
        s->theirs = strdup(n->theirs ? n->theirs : "");
    } else if (n->kind == NEWS_REFUSED) {
        s->refused = true;
        free(s->refusal);
        s->refusal = strdup(n->text ? n->text : "");
    }
}

/* A command does not wait for a server that is away, or has no room. */
static bool line_failed(struct session *s)
{
    enum link_state state = link_state(s->link);
    if (state == LINK_ENDED || (state == LINK_OFFLINE && link_err(s->link)) ||
        link_err(s->link) == ERR_FULL) {
        (void)err_set(&s->why, link_err(s->link), "%s", link_why(s->link));
        return true;
    }
    return false;
}

enum err session_join(struct session *s, const char *ref, bool only_read)
{
    replica_on_news(link_replica(s->link), on_news, s);
    enum err e = link_join(s->link, ref, only_read, NULL, 0, on_joined, s);
    if (e)
        return err_set(&s->why, ERR_NOT_FOUND, "There is no audit \"%s\", or you may not see it.",
                       ref);
    set_deadline(s, SESSION_ACK_MS);
    while (!s->joined && !s->late && !line_failed(s))
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    uv_timer_stop(&s->deadline);
    if (s->joined)
        return s->join_err;
    return s->late ? err_set(&s->why, ERR_NET, "The server did not answer in time.") : s->why.code;
}

enum err session_flush(struct session *s)
{
    set_deadline(s, SESSION_ACK_MS);
    while (!link_all_acknowledged(s->link) && !s->conflict && !s->refused && !s->late &&
           link_state(s->link) != LINK_ENDED && link_err(s->link) != ERR_FULL &&
           (!s->joined || !s->join_err))
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    uv_timer_stop(&s->deadline);
    if (s->conflict)
        return err_set(&s->why, ERR_STALE, "%s has set this to \"%s\"; that stands.",
                       replica_name(link_replica(s->link), s->conflict_person), s->theirs);
    if (s->refused)
        return err_set(&s->why, ERR_REFUSED_STATE, "%s", s->refusal);
    if (s->join_err)
        return s->why.code;
    if (link_all_acknowledged(s->link))
        return ERR_OK;
    if (link_state(s->link) == LINK_ENDED || link_err(s->link) == ERR_FULL)
        return err_set(&s->why, link_err(s->link), "%s", link_why(s->link));
    return err_set(&s->why, ERR_NET,
                   "The server has not acknowledged this in time; it may or may not be stored. "
                   "Look with: tandem show");
}

enum err session_await_state(struct session *s, enum audit_state state)
{
    const struct replica *r = link_replica(s->link);
    set_deadline(s, SESSION_ACK_MS);
    while (audit_info(replica_audit(r)).state != state && !s->late &&
           link_state(s->link) != LINK_ENDED)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    uv_timer_stop(&s->deadline);
    return audit_info(replica_audit(r)).state == state
               ? ERR_OK
               : err_set(&s->why, ERR_NET, "The server did not answer in time.");
}

/* ---- views ---- */

void view_fini(struct view *v)
{
    audit_free(v->audit);
    template_free(v->template);
    for (size_t i = 0; i < v->nnames; i++)
        free(v->names[i].name);
    free(v->names);
}

enum err view_add_names(struct view *v, Tandem__Person *const *people, size_t n)
{
    struct view_name *grown = realloc(v->names, (v->nnames + n + 1) * sizeof *grown);
    if (!grown)
        return ERR_NOMEM;
    v->names = grown;
    for (size_t i = 0; i < n; i++) {
        struct buf safe = BUF_INIT;
        char *name = strdup(text_safe_cstr(&safe, people[i]->name));
        buf_free(&safe);
        if (name)
            v->names[v->nnames++] = (struct view_name){people[i]->id, name};
    }
    return ERR_OK;
}

const char *view_name(struct view *v, uint32_t person)
{
    for (size_t i = 0; i < v->nnames; i++)
        if (v->names[i].person == person)
            return v->names[i].name;
    if (!person)
        return "the system";
    (void)snprintf(v->name_buf, sizeof v->name_buf, "person %u", (unsigned)person);
    return v->name_buf;
}

static enum err on_view(void *user, const Tandem__Envelope *m, struct err_info *why)
{
    struct view *v = user;
    if (m->body_case != TANDEM__ENVELOPE__BODY_VIEW)
        return err_set(why, ERR_VERSION, "The server answered something else.");
    const Tandem__View *from = m->view;
    enum err e = template_decode(from->template_.data, from->template_.len, &v->template, why);
    if (!e)
        e = audit_decode(v->template, from->snapshot.data, from->snapshot.len, &v->audit, why);
    if (!e)
        e = view_add_names(v, from->people, from->n_people);
    v->seq = from->seq;
    v->utc_ms = from->utc_ms;
    return e;
}

enum err session_view(struct session *s, const char *ref, uint64_t seq, int64_t utc_ms,
                      struct view *out)
{
    Tandem__ViewAt at = TANDEM__VIEW_AT__INIT;
    Tandem__Envelope m = TANDEM__ENVELOPE__INIT;
    *out = (struct view){.seq = 0};
    at.ref = (char *)(uintptr_t)ref;
    at.seq = seq;
    at.utc_ms = utc_ms;
    m.body_case = TANDEM__ENVELOPE__BODY_VIEW_AT;
    m.view_at = &at;
    enum err e = session_ask(s, &m, on_view, out);
    if (!e)
        out->me = *link_me(s->link);
    return e;
}

/* ---- output ---- */

int session_fail(struct session *s, enum err e)
{
    return cli_fail(e, s->why.text[0] ? s->why.text : err_text(e));
}

void print_json(json_t *j)
{
    (void)json_dumpf(j, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    (void)putchar('\n');
    json_decref(j);
}

void print_json_line(json_t *j)
{
    (void)json_dumpf(j, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
    (void)putchar('\n');
    (void)fflush(stdout);
    json_decref(j);
}

json_t *json_roles(const Tandem__Person *p)
{
    json_t *roles = json_array();
    for (size_t i = 0; i < p->n_roles; i++)
        json_array_append_new(roles, json_pack("{s:s, s:s}", "role",
                                               role_code((enum role)p->roles[i]->role), "team",
                                               p->roles[i]->team));
    return roles;
}
