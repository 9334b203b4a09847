#include "tests/sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/content/template_yaml.h"
#include "server/store/summary.h"

/* The server's side of the world: hooks of the core, its start, its crash, and the site that
 * everybody finds in place. */

static bool on_send(void *user, uint64_t conn, const uint8_t *payload, size_t len)
{
    return network_to_client(user, conn, payload, len);
}

static size_t on_queued_bytes(void *user, uint64_t conn)
{
    return network_queued(user, conn);
}

static void on_close(void *user, uint64_t conn)
{
    network_close(user, conn);
}

static void on_set_max_frame(void *user, uint64_t conn, size_t max_bytes)
{
    (void)user, (void)conn, (void)max_bytes;
}

static enum err on_sign(void *user, const void *csr_der, size_t len, uint32_t person,
                        int64_t now_utc_ms, int64_t ends_utc_ms, struct buf *cert_der,
                        uint8_t serial[20], struct err_info *why)
{
    (void)user, (void)csr_der, (void)len, (void)person, (void)now_utc_ms, (void)ends_utc_ms;
    (void)cert_der, (void)serial;
    return err_set(why, ERR_INPUT, "nobody enrols in the simulator");
}

static void on_authority_der(void *user, struct buf *out)
{
    (void)user, (void)out;
}

static void on_random(void *user, void *out, size_t len)
{
    for (uint8_t *p = out, *end = p + len; p < end; p++)
        *p = (uint8_t)sim_random(user);
}

static void on_fatal(void *user, const char *why)
{
    world_fail(user, "the server gave up: %s", why);
}

static void on_ready(void *user, enum err e)
{
    struct world *w = user;
    w->core_ready = !e;
    if (e)
        world_fail(w, "the server did not start: %s", err_name(e));
}

void server_start(struct world *w)
{
    const struct core_hooks hooks = {
        .user = w,
        .send = on_send,
        .queued_bytes = on_queued_bytes,
        .close = on_close,
        .set_max_frame = on_set_max_frame,
        .sign = on_sign,
        .authority_der = on_authority_der,
        .random = on_random,
        .fatal = on_fatal,
    };
    struct core_settings settings;
    core_settings_default(&settings);
    settings.snapshot_every_events = 20; /* so that short lives pass through snapshots too */
    settings.idle_audit_ms = 2000;
    settings.fanout_window_ms = sim_chance(w, 2) ? 10 : 0;
    settings.fanout_window_people = 3;
    w->core_ready = false;
    w->core = core_new(&hooks, &settings, w->store, w->now_ms, w->now_ms);
    core_start(w->core, on_ready, w);
}

void server_crash(struct world *w)
{
    w->crashes++;
    store_mem_crash(w->store);
    core_free(w->core);
    w->core = NULL;
    w->core_ready = false;
    w->core_back_ms = w->now_ms + 50 + sim_below(w, 3000);
    network_server_gone(w);
    check_log(w);
}

static void nothing(struct store_req *r)
{
    (void)r;
}

enum err server_store_now(struct world *w, struct store_req *r)
{
    r->done = nothing;
    store_submit(w->store, r);
    store_mem_step(w->store, 1000000);
    return r->err;
}

static bool put_person(struct world *w, const char *name, enum role role)
{
    struct store_person_put put = {.req.op = STORE_PERSON_PUT};
    snprintf(put.person.name, sizeof put.person.name, "%s", name);
    put.person.roles[0].role = role;
    snprintf(put.person.roles[0].team, sizeof put.person.roles[0].team, "north");
    put.person.nroles = 1;
    if (server_store_now(w, &put.req))
        return false;
    struct store_cert_put cert = {.req.op = STORE_CERT_PUT};
    cert.cert.serial[19] = (uint8_t)put.person.id;
    cert.cert.person = put.person.id;
    cert.cert.not_after_utc_ms = w->now_ms + (int64_t)86400000 * 365;
    if (w->nclients < SIM_MAX_CLIENTS)
        w->clients[w->nclients++] = (struct sim_client){
            .person = put.person.id, .role = role, .outside = role == ROLE_IROM};
    return !server_store_now(w, &cert.req);
}

static bool load_template(struct world *w)
{
    struct err_info why = {0};
    enum err read = w->races ? template_yaml_load("tests/sim/races.yaml", &w->fca, &why)
                             : template_builtin("FCA", &w->fca, &why);
    if (read) {
        world_fail(w, "%s", why.text);
        return false;
    }
    struct buf bytes = BUF_INIT;
    template_encode(w->fca, &bytes);
    struct store_template_put put = {.req.op = STORE_TEMPLATE_PUT,
                                     .version = w->fca->version,
                                     .data = bytes.data,
                                     .len = bytes.len};
    snprintf(put.id, sizeof put.id, "%s", w->fca->id);
    enum err e = server_store_now(w, &put.req);
    buf_free(&bytes);
    return !e;
}

/* The audit is there before anybody comes: one creation event with its members. */
static bool make_audit(struct world *w)
{
    struct store_create_audit create = {.req.op = STORE_CREATE_AUDIT, .year = 2026};
    snprintf(create.template_id, sizeof create.template_id, "FCA");
    if (server_store_now(w, &create.req))
        return false;
    snprintf(w->ref, sizeof w->ref, "%s", create.ref);
    w->audit = create.audit;
    struct audit_op ops[1 + SIM_MAX_CLIENTS] = {
        {.kind = OP_CREATE,
         .create = {.ref = w->ref,
                    .template_id = "FCA",
                    .template_version = w->fca->version,
                    .team = "north",
                    .carer_ref = "CR-1",
                    .period_from = "2025-11-01",
                    .period_to = "2026-10-31",
                    .state = AUDIT_IN_PROGRESS}}
    };
    size_t nops = 1;
    for (int i = 0; i < w->nclients; i++)
        if (w->clients[i].role != ROLE_QA && w->clients[i].role != ROLE_IROM)
            ops[nops++] = (struct audit_op){
                .kind = OP_MEMBER_ADD,
                .member = {.person = w->clients[i].person,
                           .role = w->clients[i].role,
                           .sections = w->clients[i].role == ROLE_CSW ? "B" : ""}
            };
    struct event_body body = {.ops = ops, .nops = nops};
    struct event e = {.seq = 1, .utc_ms = w->now_ms, .actor = w->clients[0].person, .body = body};
    struct audit *a = audit_new(w->fca);
    struct buf bytes = BUF_INIT;
    struct store_summary summary;
    struct store_member *members = NULL;
    size_t nmembers = 0;
    event_body_encode(&body, &bytes);
    bool ok = a && !audit_apply(a, &e) && !summary_members_of(a, &members, &nmembers);
    if (ok) {
        summary_of(a, &summary);
        struct store_event stored = {.seq = 1,
                                     .utc_ms = w->now_ms,
                                     .actor = e.actor,
                                     .body = bytes.data,
                                     .body_len = bytes.len};
        struct store_append append = {.req.op = STORE_APPEND,
                                      .audit = w->audit,
                                      .events = &stored,
                                      .nevents = 1,
                                      .summary = &summary,
                                      .members = members,
                                      .nmembers = nmembers};
        ok = !server_store_now(w, &append.req);
    }
    audit_free(a);
    buf_free(&bytes);
    free(members);
    return ok;
}

bool server_setup(struct world *w)
{
    static const struct somebody {
        const char *name;
        enum role role;
    } writers[] =
        {
            {"Ana",  ROLE_FRO},
            {"Ben",  ROLE_FSW},
            {"Cleo", ROLE_FSW},
            {"Dan",  ROLE_FRO},
            {"Eve",  ROLE_FSW},
    },
      racers[] = {
          /* races.c knows them by their place */
          {"Ana", ROLE_FRO}, {"Ben", ROLE_FSW}, {"Cleo", ROLE_CSW}, {"Iris", ROLE_IRO},
          {"Ian", ROLE_IRO}, {"Quin", ROLE_QA}, {"Mae", ROLE_IROM},
      };
    int n = w->races ? (int)(sizeof racers / sizeof *racers) : 2 + (int)sim_below(w, 4);
    const struct somebody *people = w->races ? racers : writers;
    bool ok = load_template(w);
    for (int i = 0; ok && i < n; i++)
        ok = put_person(w, people[i].name, people[i].role);
    ok = ok && make_audit(w);
    if (!ok)
        world_fail(w, "the site could not be set up");
    return ok;
}
