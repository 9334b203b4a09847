#include "tests/sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014). */
uint64_t sim_random(struct world *w)
{
    uint64_t z = w->rng += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void sim_trace(struct world *w, const void *data, size_t len)
{
    const uint8_t *p = data; /* FNV-1a */
    for (size_t i = 0; i < len; i++)
        w->trace = (w->trace ^ p[i]) * 0x100000001b3u;
    w->trace = (w->trace ^ (uint64_t)w->now_ms) * 0x100000001b3u;
}

void world_fail(struct world *w, const char *fmt, ...)
{
    if (world_failed(w))
        return;
    int n = snprintf(w->failure, sizeof w->failure,
                     "at %lld ms: ", (long long)(w->now_ms % 1000000000));
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(w->failure + n, sizeof w->failure - (size_t)n, fmt, ap);
    va_end(ap);
}

static void pick_fields(struct world *w)
{
    static const char *const full[] = {"B1", "B2", "C3", "C4", "C5"}, *const small[] = {"B1", "B2",
                                                                                        "B3", "B4",
                                                                                        "B5"};
    for (int i = 0; i < 5; i++) {
        const struct question *q = template_question_find(w->fca, (w->races ? small : full)[i]);
        if (!q) {
            world_fail(w, "the template has no question %s", (w->races ? small : full)[i]);
            return;
        }
        w->fields[i] = (struct field){
            .question = q->number, .part = q->kinds & KIND_JUDGEMENT ? PART_RATIONALE : PART_TEXT};
    }
    const struct question *voice = w->races ? template_question_find(w->fca, "J1") : NULL;
    w->secret = (struct field){.question = voice ? voice->number : 0, .part = PART_WORDS};
}

struct world *world_new(uint64_t seed, bool races, struct sim_control control)
{
    struct world *w = calloc(1, sizeof *w);
    if (!w)
        abort();
    w->seed = w->rng = seed;
    w->races = races;
    w->control = control;
    w->now_ms = 1795000000000; /* some day in November 2026 */
    w->next_cp = SIM_FIRST_CP;
    w->store = store_mem_new();
    if (server_setup(w))
        pick_fields(w);
    control_set(&control);
    store_mem_set_ack_before_commit(w->store, control.ack_before_commit);
    if (!world_failed(w))
        server_start(w);
    for (int i = 0; i < w->nclients && !world_failed(w); i++)
        client_start(w, i);
    return w;
}

void world_free(struct world *w)
{
    for (int i = 0; i < w->nclients; i++) {
        link_free(w->clients[i].link);
        w->clients[i].link = NULL;
        buf_free(&w->clients[i].kept);
    }
    store_mem_crash(w->store);
    if (w->core)
        core_free(w->core);
    w->core = NULL;
    network_server_gone(w);
    for (int i = 0; i < SIM_MAX_LINES; i++) { /* dead lines keep their frames until here */
        w->lines[i].client_knows = w->lines[i].opening = false;
        for (struct sim_frame *f = w->lines[i].to_client.first, *next; f; f = next) {
            next = f->next;
            free(f);
        }
        for (struct sim_frame *f = w->lines[i].to_server.first, *next; f; f = next) {
            next = f->next;
            free(f);
        }
    }
    store_mem_free(w->store);
    races_end(w);
    template_free(w->fca);
    free(w->acks);
    free(w);
}

static void trouble(struct world *w)
{
    int i = (int)sim_below(w, (uint32_t)w->nclients);
    struct sim_client *c = &w->clients[i];
    switch (sim_below(w, 12)) {
    case 0:
    case 1:
    case 2:
        network_cut(w, i, false);
        break;
    case 3:
        network_cut(w, i, true);
        break;
    case 4:
    case 5:
        if (!c->revoked && c->link && replica_audit(link_replica(c->link)))
            client_crash(w, i);
        break;
    case 6:
        if (w->core && w->core_ready)
            server_crash(w);
        break;
    case 7:
        c->reads = false;
        c->reads_again_ms = w->now_ms + sim_below(w, 20000);
        break;
    case 8:
        store_mem_fail_commit(w->store, 1 + sim_below(w, 5), ERR_FULL);
        break;
    case 9:
        if (w->races && sim_chance(w, 12))
            races_revoke(w);
        break;
    default:
        break;
    }
}

static void step(struct world *w)
{
    w->steps++;
    w->now_ms += w->calm || sim_chance(w, 40) ? 1 + sim_below(w, 400) : sim_below(w, 12);
    if (!w->core && w->now_ms >= w->core_back_ms)
        server_start(w);
    if (w->core)
        core_time(w->core, w->now_ms, w->now_ms);
    for (int i = 0; i < w->nclients; i++) {
        if (!w->clients[i].link && w->now_ms >= w->clients[i].back_ms)
            client_start(w, i);
        client_time(w, i);
    }
    network_step(w);
    if (w->calm || sim_chance(w, 2))
        store_mem_step(w->store, w->calm ? 1000 : 1 + sim_below(w, 20));
    if (w->calm)
        return;
    int somebody = (int)sim_below(w, (uint32_t)w->nclients);
    if (!w->races)
        client_act(w, somebody);
    else if (w->clients[somebody].link) {
        races_act(w, somebody);
        client_time(w, somebody);
    }
    if (sim_chance(w, 25))
        trouble(w);
}

/* What still moves, or NULL when the world is at rest. */
static const char *unrest(const struct world *w)
{
    for (int i = 0; i < w->nclients; i++) {
        const struct sim_client *c = &w->clients[i];
        if (c->revoked || (c->refused && c->link))
            continue;
        if (!c->link)
            return "somebody has not come back";
        if (c->open)
            return "somebody waits for an answer";
        if (link_state(c->link) != LINK_ONLINE)
            return "somebody is not online";
        if (c->outside)
            continue;
        if (!replica_audit(link_replica(c->link)))
            return "somebody has not joined";
        if (!link_all_acknowledged(c->link))
            return "somebody's edits are not acknowledged";
    }
    for (int i = 0; i < SIM_MAX_LINES; i++) {
        const struct sim_line *l = &w->lines[i];
        if (l->used && l->dead && l->client_knows)
            return "somebody has not noticed that their line is dead";
        if (l->used && !l->dead && (l->to_client.first || l->to_server.first))
            return "frames are on their way";
    }
    if (!w->core)
        return "the server has not come back";
    return core_health(w->core).events_in_flight ? "events are on their way to the disk" : NULL;
}

bool world_run(struct world *w, unsigned steps)
{
    for (unsigned i = 0; i < steps && !world_failed(w); i++) {
        step(w);
        check_step(w);
    }
    store_mem_fail_commit(w->store, 0, ERR_OK);
    w->calm = true;
    for (int i = 0; i < w->nclients; i++)
        w->clients[i].reads = true;
    unsigned waited = 0;
    for (; waited < 5000 && !world_failed(w) && !(waited > 50 && !unrest(w)); waited++) {
        step(w);
        check_step(w);
    }
    if (!world_failed(w) && unrest(w))
        world_fail(w, "it does not come to rest: %s", unrest(w));
    if (!world_failed(w))
        check_rest(w);
    return !world_failed(w);
}
