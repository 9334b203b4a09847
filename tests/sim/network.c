#include "tests/sim/world.h"

#include <stdlib.h>
#include <string.h>

#include "proto/wire.pb-c.h"

/* The line between two programs as TCP gives it: in order, or not at all. */

static void pipe_clear(struct sim_pipe *p)
{
    while (p->first) {
        struct sim_frame *f = p->first;
        p->first = f->next;
        free(f);
    }
    *p = (struct sim_pipe){0};
}

static void pipe_push(struct world *w, struct sim_pipe *p, const uint8_t *data, size_t len)
{
    struct sim_frame *f = malloc(sizeof *f + len);
    if (!f)
        abort();
    int64_t due = w->now_ms + 1 + sim_below(w, sim_chance(w, 8) ? 400 : 12);
    if (p->last && p->last->due_ms > due)
        due = p->last->due_ms;
    *f = (struct sim_frame){.due_ms = due, .len = len};
    memcpy(f->data, data, len);
    if (p->last)
        p->last->next = f;
    else
        p->first = f;
    p->last = f;
    p->bytes += len;
}

static struct sim_frame *pipe_pop_due(struct sim_pipe *p, int64_t now_ms)
{
    struct sim_frame *f = p->first;
    if (!f || f->due_ms > now_ms)
        return NULL;
    p->first = f->next;
    if (!p->first)
        p->last = NULL;
    p->bytes -= f->len;
    return f;
}

static struct sim_line *line_find(struct world *w, uint64_t id)
{
    for (int i = 0; i < SIM_MAX_LINES; i++)
        if (w->lines[i].used && w->lines[i].id == id)
            return &w->lines[i];
    return NULL;
}

struct sim_line *network_line_of(struct world *w, int client)
{
    for (int i = 0; i < SIM_MAX_LINES; i++) {
        struct sim_line *l = &w->lines[i];
        if (l->used && l->client == client && (l->client_knows || l->opening))
            return l;
    }
    return NULL;
}

static void line_release(struct sim_line *l)
{
    if (l->server_knows || l->client_knows || l->opening)
        return;
    pipe_clear(&l->to_server);
    pipe_clear(&l->to_client);
    l->used = false;
}

static void tell_client_closed(struct world *w, struct sim_line *l, const char *why)
{
    if (!l->client_knows && !l->opening)
        return;
    l->client_knows = l->opening = false;
    if (w->clients[l->client].link)
        link_line_closed(w->clients[l->client].link, ERR_NET, why);
}

static void tell_server_closed(struct world *w, struct sim_line *l)
{
    if (!l->server_knows)
        return;
    l->server_knows = false;
    if (w->core)
        core_conn_closed(w->core, l->id);
}

void network_open(struct world *w, int client)
{
    for (int i = 0; i < SIM_MAX_LINES; i++) {
        struct sim_line *l = &w->lines[i];
        if (l->used)
            continue;
        *l = (struct sim_line){.used = true,
                               .id = ++w->next_line,
                               .client = client,
                               .opening = true,
                               .open_ms = w->now_ms + 1 + sim_below(w, 60)};
        return;
    }
    world_fail(w, "the network has no line left: connections are leaking");
}

static bool is_edit(const uint8_t *data, size_t len)
{
    Tandem__Envelope *m = tandem__envelope__unpack(NULL, len, data);
    bool yes = m && m->body_case == TANDEM__ENVELOPE__BODY_EDIT;
    tandem__envelope__free_unpacked(m, NULL);
    return yes;
}

void network_to_server(struct world *w, int client, const uint8_t *data, size_t len)
{
    struct sim_line *l = network_line_of(w, client);
    sim_trace(w, data, len);
    if (!l || l->dead || !l->client_knows)
        return;
    pipe_push(w, &l->to_server, data, len);
    /* A client that tries again too eagerly. Not in a race: what was refused once could be taken a
     * moment later, and its sender would have been told both. */
    if (!w->races && is_edit(data, len) && sim_chance(w, 15)) {
        w->retries++;
        pipe_push(w, &l->to_server, data, len);
    }
}

bool network_to_client(struct world *w, uint64_t line, const uint8_t *data, size_t len)
{
    struct sim_line *l = line_find(w, line);
    sim_trace(w, data, len);
    if (!l || l->closing)
        return false;
    if (l->to_client.bytes + len > 4u * 1024 * 1024)
        return false;
    pipe_push(w, &l->to_client, data, len);
    return true;
}

size_t network_queued(struct world *w, uint64_t line)
{
    struct sim_line *l = line_find(w, line);
    return l ? l->to_client.bytes : 0;
}

void network_close(struct world *w, uint64_t line)
{
    struct sim_line *l = line_find(w, line);
    if (l)
        l->closing = true;
}

void network_hang_up(struct world *w, int client)
{
    struct sim_line *l = network_line_of(w, client);
    if (!l)
        return;
    l->client_knows = l->opening = false; /* the server hears of it in network_step */
    pipe_clear(&l->to_client);
}

static void line_open_step(struct world *w, struct sim_line *l)
{
    if (w->now_ms < l->open_ms)
        return;
    if (!w->core || !w->core_ready || !w->clients[l->client].link) {
        tell_client_closed(w, l, "connection refused");
        return;
    }
    l->opening = false;
    l->client_knows = l->server_knows = true;
    struct core_peer peer = {.cert = CORE_CERT_OK, .cert_ends_utc_ms = w->now_ms + 86400000};
    peer.serial[19] = (uint8_t)w->clients[l->client].person;
    core_conn_open(w->core, l->id, &peer);
    link_line_open(w->clients[l->client].link);
}

static void line_deliver_step(struct world *w, struct sim_line *l)
{
    struct sim_frame *f;
    while (l->server_knows && w->core && (f = pipe_pop_due(&l->to_server, w->now_ms))) {
        core_conn_frame(w->core, l->id, f->data, f->len);
        free(f);
    }
    struct sim_client *c = &w->clients[l->client];
    while (l->client_knows && c->link && c->reads && (f = pipe_pop_due(&l->to_client, w->now_ms))) {
        races_frame(w, l->client, f->data, f->len);
        link_receive(c->link, f->data, f->len);
        free(f);
    }
    if (l->server_knows && !l->client_knows && !l->to_server.first)
        tell_server_closed(w, l);
    if (l->closing && !l->to_client.first) {
        tell_server_closed(w, l);
        tell_client_closed(w, l, "the server closed the line");
    }
}

void network_step(struct world *w)
{
    for (int i = 0; i < SIM_MAX_LINES && !world_failed(w); i++) {
        struct sim_line *l = &w->lines[i];
        if (!l->used)
            continue;
        if (l->opening)
            line_open_step(w, l);
        else if (!l->dead)
            line_deliver_step(w, l);
        else if (l->closing) /* the server gave up on a line that carries nothing */
            tell_server_closed(w, l);
        line_release(l);
    }
}

void network_cut(struct world *w, int client, bool half_open)
{
    struct sim_line *l = network_line_of(w, client);
    if (!l || l->opening)
        return;
    w->cuts++;
    pipe_clear(&l->to_server);
    pipe_clear(&l->to_client);
    if (half_open) {
        l->dead = true;
        return;
    }
    tell_server_closed(w, l);
    tell_client_closed(w, l, "the line was cut");
    line_release(l);
}

void network_server_gone(struct world *w)
{
    for (int i = 0; i < SIM_MAX_LINES; i++) {
        struct sim_line *l = &w->lines[i];
        if (!l->used)
            continue;
        l->server_knows = false; /* there is nobody left to tell */
        pipe_clear(&l->to_server);
        if (!l->dead && !l->opening)
            tell_client_closed(w, l, "connection reset");
        line_release(l);
    }
}
