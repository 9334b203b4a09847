#include "server/api/core.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "server/api/core_inner.h"
#include "server/api/keeper.h"
#include "server/api/record.h"
#include "server/api/routes.h"

void core_settings_default(struct core_settings *s)
{
    *s = (struct core_settings){
        .site = "Tandem",
        .max_frame_bytes = 1024 * 1024,
        .max_batch_bytes = 64 * 1024,
        .max_text_cp = 256 * 1024,
        .max_outbound_bytes = 4 * 1024 * 1024,
        .requests_per_s = 200,
        .requests_burst = 1000,
        .ping_after_ms = 30 * 1000,
        .silence_ms = 90 * 1000,
        .hello_timeout_ms = 10 * 1000,
        .max_unauthenticated = 256,
        .max_per_person = 64,
        .cert_days = 90,
        .code_hours = 72,
        .snapshot_every_events = 500,
        .idle_audit_ms = 60 * 1000,
        .fanout_window_ms = 5,
        .fanout_window_people = 12,
    };
    clock_values_default(&s->clock);
    holidays_init(&s->holidays);
}

/* ---- templates ---- */

const struct template_held *core_template(const struct core *c, const char *id, uint32_t version)
{
    const struct template_held *best = NULL;
    for (size_t i = 0; i < c->ntemplates; i++) {
        const struct template_held *h = &c->templates[i];
        if (strcmp(h->t->id, id) || (version && h->t->version != version))
            continue;
        if (!best || h->t->version > best->t->version)
            best = h;
    }
    return best;
}

static const struct template *find_template(void *user, const char *id, uint32_t version)
{
    const struct template_held *h = version ? core_template(user, id, version) : NULL;
    return h ? h->t : NULL;
}

enum err core_template_added(struct core *c, const void *data, size_t len)
{
    struct template *t = NULL;
    enum err e = template_decode(data, len, &t, NULL);
    if (e)
        return e;
    if (core_template(c, t->id, t->version)) { /* frozen: it is the same */
        template_free(t);
        return ERR_OK;
    }
    struct template_held *all = realloc(c->templates, (c->ntemplates + 1) * sizeof *all);
    if (!all) {
        template_free(t);
        return ERR_NOMEM;
    }
    c->templates = all;
    all[c->ntemplates] = (struct template_held){.t = t};
    buf_append(&all[c->ntemplates].bytes, data, len);
    if (buf_failed(&all[c->ntemplates].bytes)) {
        buf_free(&all[c->ntemplates].bytes);
        template_free(t);
        return ERR_NOMEM;
    }
    c->ntemplates++;
    return ERR_OK;
}

/* ---- life ---- */

void core_fatal(struct core *c, const char *why)
{
    if (!c->told_fatal)
        c->hooks.fatal(c->hooks.user, why);
    c->told_fatal = true;
}

static void on_fatal(void *user, const char *why)
{
    core_fatal(user, why);
}

static enum err project(void *user, const struct audit *a, struct store_projection *out)
{
    struct core *c = user;
    return projection_make(&c->projection, a, out);
}

struct core *core_new(const struct core_hooks *hooks, const struct core_settings *settings,
                      struct store *store, int64_t mono_ms, int64_t utc_ms)
{
    struct core *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->hooks = *hooks;
    c->settings = *settings;
    c->store = store;
    c->mono_ms = mono_ms;
    c->utc_ms = utc_ms;
    c->next_ms = INT64_MAX;
    const struct live_hooks lh = {.user = c,
                                  .template_find = find_template,
                                  .event = room_event,
                                  .acked = room_acked,
                                  .not_stored = room_not_stored,
                                  .closed = room_closed,
                                  .present = room_present,
                                  .project = project,
                                  .fatal = on_fatal};
    const struct live_settings ls = {.snapshot_every_events = settings->snapshot_every_events,
                                     .idle_audit_ms = settings->idle_audit_ms,
                                     .fanout_window_ms = settings->fanout_window_ms,
                                     .fanout_window_people = settings->fanout_window_people,
                                     .max_text_cp = settings->max_text_cp,
                                     .max_events_in_flight = MAX_EVENTS_IN_FLIGHT};
    c->people = people_new();
    c->live = live_new(&lh, &ls, store);
    c->keeper = keeper_new(c);
    c->projection = (struct projection_from){c->people, &c->settings.clock, &c->settings.holidays};
    if (!c->people || !c->live || !c->keeper) {
        keeper_free(c->keeper);
        people_free(c->people);
        live_free(c->live);
        free(c);
        return NULL;
    }
    live_time(c->live, mono_ms, utc_ms);
    return c;
}

void core_free(struct core *c)
{
    if (!c)
        return;
    MAP_EACH(&c->conns, i)
    {
        struct conn *cn = c->conns.slots[i].value;
        outflow_free(cn);
        buf_free(&cn->early);
        free(cn->seats);
        free(cn);
    }
    map_fini(&c->conns);
    map_fini(&c->lines_of);
    free(c->starting);
    calls_forget(c);
    records_forget(c);
    keeper_free(c->keeper);
    live_free(c->live);
    people_free(c->people);
    for (size_t i = 0; i < c->ntemplates; i++) {
        template_free(c->templates[i].t);
        buf_free(&c->templates[i].bytes);
    }
    free(c->templates);
    buf_free(&c->out);
    free(c);
}

/* ---- start: people, then templates ---- */

struct start_job {
    union {
        struct store_req req;
        struct store_people_load people;
        struct store_template_load templates;
    } store;
    struct core *core;
};

static void early_frames(struct core *c);

static void started(struct start_job *j, enum err e)
{
    struct core *c = j->core;
    free(j);
    c->starting = NULL;
    c->ready = !e;
    c->start_error = e;
    if (e)
        log_error("core", "start_failed", "err=%s", err_name(e));
    c->on_ready(c->on_ready_user, e);
    if (!e) {
        keeper_start(c);
        early_frames(c);
    }
}

static void templates_loaded(struct store_req *r)
{
    struct start_job *j = (struct start_job *)r;
    enum err e = r->err;
    struct store_template_load *load = &j->store.templates;
    for (size_t i = 0; !e && i < load->ntemplates; i++)
        e = core_template_added(j->core, load->templates[i].data, load->templates[i].len);
    free(load->templates);
    started(j, e);
}

static enum err take_people(struct core *c, const struct store_people_load *load)
{
    enum err e = ERR_OK;
    for (size_t i = 0; !e && i < load->npeople; i++) {
        const struct store_person *sp = &load->people[i];
        struct person p = {.revoked = sp->revoked};
        p.viewer.person = sp->id;
        p.viewer.nroles = sp->nroles;
        memcpy(p.viewer.roles, sp->roles, sizeof p.viewer.roles);
        memcpy(p.name, sp->name, sizeof p.name);
        e = people_put(c->people, &p);
    }
    for (size_t i = 0; !e && i < load->ncerts; i++)
        e = people_put_cert(c->people, load->certs[i].serial, load->certs[i].person,
                            load->certs[i].revoked);
    return e;
}

static void people_loaded(struct store_req *r)
{
    struct start_job *j = (struct start_job *)r;
    struct store_people_load *load = &j->store.people;
    enum err e = r->err ? r->err : take_people(j->core, load);
    free(load->people);
    free(load->certs);
    if (e) {
        started(j, e);
        return;
    }
    memset(&j->store, 0, sizeof j->store);
    j->store.req = (struct store_req){.op = STORE_TEMPLATE_LOAD, .done = templates_loaded};
    store_submit(j->core->store, &j->store.req);
}

void core_start(struct core *c, void (*ready)(void *user, enum err e), void *user)
{
    c->on_ready = ready;
    c->on_ready_user = user;
    struct start_job *j = calloc(1, sizeof *j);
    if (!j) {
        ready(user, ERR_NOMEM);
        return;
    }
    c->starting = j;
    j->core = c;
    j->store.people.now_utc_ms = c->utc_ms;
    j->store.req = (struct store_req){.op = STORE_PEOPLE_LOAD, .done = people_loaded};
    store_submit(c->store, &j->store.req);
}

/* ---- frames ---- */

static void frame(struct conn *cn, const uint8_t *payload, size_t len)
{
    struct core *c = cn->core;
    size_t max = cn->person ? c->settings.max_frame_bytes : FRAME_MAX_UNAUTHENTICATED_BYTES;
    if (len > max) {
        conn_close(cn, 0, ERR_TOO_LARGE, "That frame is longer than this server takes.");
        return;
    }
    if (cn->person && cn->peer.cert_ends_utc_ms && c->utc_ms >= cn->peer.cert_ends_utc_ms) {
        conn_close(cn, 0, ERR_NOT_AUTHENTICATED,
                   "Your certificate has ended. Connect again to renew it, or enrol.");
        return;
    }
    struct call *call = call_new(cn);
    if (!call) {
        conn_close(cn, 0, ERR_NOMEM, err_text(ERR_NOMEM));
        return;
    }
    struct err_info why;
    pb_alloc_reset(&call->alloc, REQUEST_BYTES + 2 * len, REQUEST_ALLOCS);
    call->env = tandem__envelope__unpack(&call->alloc.pb, len, payload);
    const ProtobufCMessage *inner = call->env ? wire_inner(call->env) : NULL;
    if (!call->env) {
        (void)pb_alloc_error(&call->alloc, &why); /* fills `why` */
        conn_close(cn, 0, why.code, why.text);
        call_free(call);
        return;
    }
    call->id = call->env->id;
    call->route = route_find((int)call->env->body_case);
    if (!conn_take_tokens(cn, call->id, call->route ? call->route->cost : 1)) {
        call_free(call);
    } else if (inner && wire_check_strings(inner, &why)) {
        call_fail_info(call, &why);
    } else {
        route_call(call);
    }
}

void core_conn_frame(struct core *c, uint64_t conn, const uint8_t *payload, size_t len)
{
    struct conn *cn = map_find(&c->conns, conn);
    if (!cn || cn->closing)
        return;
    cn->heard_ms = c->mono_ms;
    cn->pinged = false;
    if (c->ready) {
        frame(cn, payload, len);
        return;
    }
    if (cn->early.len + len + 4 > EARLY_BYTES) {
        conn_close(cn, 0, ERR_SLOW_DOWN, "The server has not started yet. Try again in a moment.");
        return;
    }
    buf_append_u32be(&cn->early, (uint32_t)len);
    buf_append(&cn->early, payload, len);
    if (buf_failed(&cn->early))
        conn_close(cn, 0, ERR_NOMEM, err_text(ERR_NOMEM));
}

static void early_frames(struct core *c)
{
    MAP_EACH(&c->conns, i)
    {
        struct conn *cn = c->conns.slots[i].value;
        struct buf early = cn->early;
        cn->early = (struct buf)BUF_INIT;
        for (size_t at = 0; at + 4 <= early.len && !cn->closing;) {
            const uint8_t *p = early.data + at;
            size_t len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
            frame(cn, p + 4, len);
            at += 4 + len;
        }
        buf_free(&early);
    }
}

void core_conn_bad_frame(struct core *c, uint64_t conn, enum err e, const char *text)
{
    struct conn *cn = map_find(&c->conns, conn);
    if (cn)
        conn_close(cn, 0, e, text);
}

/* ---- time, end ---- */

void core_time(struct core *c, int64_t mono_ms, int64_t utc_ms)
{
    c->mono_ms = mono_ms;
    c->utc_ms = utc_ms;
    live_time(c->live, mono_ms, utc_ms);
    keeper_time(c);
    if (mono_ms < c->next_ms)
        return;
    c->next_ms = INT64_MAX;
    MAP_EACH(&c->conns, i)
    conn_time(c->conns.slots[i].value);
}

int64_t core_next_ms(const struct core *c)
{
    int64_t live = live_next_ms(c->live), keeper = keeper_next_ms(c);
    int64_t next = live < c->next_ms ? live : c->next_ms;
    return keeper < next ? keeper : next;
}

void core_shutdown(struct core *c)
{
    c->down = true;
    MAP_EACH(&c->conns, i)
    conn_close(c->conns.slots[i].value, 0, ERR_NET,
               "The server is going down. What you typed and was not saved stays with you.");
}

/* ---- people ---- */

struct people *core_people(struct core *c)
{
    return c->people;
}

void core_person_changed(struct core *c, const struct person *person)
{
    if (people_put(c->people, person)) {
        core_fatal(c, "no memory to take a change of somebody's rights");
        return;
    }
    if (!person->revoked) {
        live_person_changed(c->live, &person->viewer);
        return;
    }
    MAP_EACH(&c->conns, i)
    {
        struct conn *cn = c->conns.slots[i].value;
        if (cn->person == person->viewer.person)
            conn_close(cn, 0, ERR_NOT_AUTHENTICATED,
                       "Your access has been withdrawn. Ask your administrator.");
    }
}

struct core_health core_health(const struct core *c)
{
    struct live_health l = live_health(c->live);
    return (struct core_health){.connections = c->conns.len,
                                .authenticated = c->nauthenticated,
                                .rooms = l.seats,
                                .audits_in_memory = l.audits,
                                .events_in_flight = l.events_in_flight,
                                .events_total = l.events_total,
                                .refused_total = c->refused_total,
                                .disk_full = c->disk_full,
                                .store_dead = store_is_dead(c->store)};
}
