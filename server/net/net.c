#include "server/net/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "server/net/line.h"

enum { BACKLOG = 1024 };

void net_settings_default(struct net_settings *s)
{
    *s = (struct net_settings){
        .handshake_ms = 10 * 1000,
        .finish_ms = 3 * 1000,
        .max_unauthenticated = 256,
        .max_outbound_bytes = 4 * 1024 * 1024,
    };
}

/* ---- the table of connections ---- */

static struct line *find(const struct net *n, uint64_t id)
{
    uint32_t slot = (uint32_t)id;
    struct line *c = slot < n->nslots ? n->slots[slot] : NULL;
    return c && c->id == id ? c : NULL;
}

static bool grow(struct net *n)
{
    uint32_t more = n->nslots ? n->nslots * 2 : 64;
    struct line **slots = realloc(n->slots, more * sizeof(struct line *));
    if (!slots)
        return false;
    n->slots = slots;
    uint32_t *free_slots = realloc(n->free_slots, more * sizeof *free_slots);
    if (!free_slots)
        return false;
    n->free_slots = free_slots;
    for (uint32_t i = more; i-- > n->nslots;) {
        n->slots[i] = NULL;
        n->free_slots[n->nfree++] = i;
    }
    n->nslots = more;
    return true;
}

bool net_add(struct net *n, struct line *c)
{
    if (!n->nfree && !grow(n))
        return false;
    uint32_t slot = n->free_slots[--n->nfree];
    c->id = (uint64_t)++n->generation << 32 | slot;
    n->slots[slot] = c;
    n->nlines++;
    return true;
}

void net_remove(struct net *n, struct line *c)
{
    uint32_t slot = (uint32_t)c->id;
    n->slots[slot] = NULL;
    n->free_slots[n->nfree++] = slot;
    n->nlines--;
}

void net_stop_waiting(struct net *n, struct line *c)
{
    if (c->authenticated)
        return;
    c->authenticated = true;
    TAILQ_REMOVE(&n->waiting, c, waiting_link);
    n->nwaiting--;
}

/* ---- clocks ---- */

static int64_t now_ms(const struct net *n)
{
    return (int64_t)uv_now(n->loop);
}

static void on_timer(uv_timer_t *t);

static void arm(struct net *n)
{
    struct line *a = TAILQ_FIRST(&n->handshaking), *b = TAILQ_FIRST(&n->finishing);
    if (!a && !b) {
        (void)uv_timer_stop(&n->timer);
        return;
    }
    int64_t due = !b || (a && a->due_ms < b->due_ms) ? a->due_ms : b->due_ms;
    int64_t wait = due - now_ms(n);
    (void)uv_timer_start(&n->timer, on_timer, wait > 0 ? (uint64_t)wait : 0, 0);
}

static void close_overdue(struct net *n, struct line_list *list)
{
    struct line *c;
    while ((c = TAILQ_FIRST(list)) && c->due_ms <= now_ms(n)) {
        log_info("net", c->state == LINE_HANDSHAKE ? "handshake_timeout" : "finish_timeout",
                 "conn=%llu", (unsigned long long)c->id);
        line_close(c);
    }
}

static void on_timer(uv_timer_t *t)
{
    struct net *n = t->data;
    close_overdue(n, &n->handshaking);
    close_overdue(n, &n->finishing);
    arm(n);
}

void net_start_clock(struct net *n, struct line *c, struct line_list *list, uint32_t delay_ms)
{
    c->due_ms = now_ms(n) + delay_ms;
    c->timed = true;
    TAILQ_INSERT_TAIL(list, c, timed_link);
    if (!uv_is_active((uv_handle_t *)&n->timer) || TAILQ_FIRST(list) == c)
        arm(n);
}

/* The timer stays as it is: a run for nothing is cheaper than arming it for every handshake. */
void net_stop_clock(struct net *n, struct line *c)
{
    if (!c->timed)
        return;
    c->timed = false;
    TAILQ_REMOVE(c->state == LINE_HANDSHAKE ? &n->handshaking : &n->finishing, c, timed_link);
}

/* ---- start and end ---- */

static void on_idle(uv_idle_t *h)
{
    struct net *n = h->data;
    struct line *c;
    while ((c = TAILQ_FIRST(&n->dirty))) {
        TAILQ_REMOVE(&n->dirty, c, dirty_link);
        c->dirty = false;
        line_flush(c);
    }
    (void)uv_idle_stop(h);
}

static void free_net(struct net *n)
{
    tls_context_free(n->tls);
    buf_free(&n->plain);
    buf_free(&n->wire);
    free(n->slots);
    free(n->free_slots);
    free(n);
}

static void on_closed(uv_handle_t *h)
{
    net_unpin(h->data);
}

/* What one turn of the loop queues goes out together, before the loop waits again: an active idle
 * handle keeps it from waiting. */
void net_add_dirty(struct net *n, struct line *c)
{
    c->dirty = true;
    TAILQ_INSERT_TAIL(&n->dirty, c, dirty_link);
    (void)uv_idle_start(&n->idle, on_idle);
}

static void close_own_handles(struct net *n)
{
    if (uv_is_closing((uv_handle_t *)&n->timer))
        return;
    uv_close((uv_handle_t *)&n->timer, on_closed);
    uv_close((uv_handle_t *)&n->idle, on_closed);
}

void net_unpin(struct net *n)
{
    n->pins--;
    if (n->stopping && !n->nlines)
        close_own_handles(n);
    if (n->pins)
        return;
    void (*stopped)(void *) = n->stopped;
    void *user = n->stopped_user;
    free_net(n);
    stopped(user);
}

enum err net_new(uv_loop_t *loop, const struct net_settings *settings,
                 const struct net_handlers *handlers, struct tls_context *tls, struct net **out)
{
    struct net *n = calloc(1, sizeof *n);
    if (!n)
        return ERR_NOMEM;
    n->loop = loop;
    n->settings = *settings;
    n->handlers = *handlers;
    n->tls = tls;
    TAILQ_INIT(&n->waiting);
    TAILQ_INIT(&n->dirty);
    TAILQ_INIT(&n->handshaking);
    TAILQ_INIT(&n->finishing);
    /* Neither of them can fail. */
    (void)uv_timer_init(loop, &n->timer);
    n->timer.data = n;
    (void)uv_idle_init(loop, &n->idle);
    n->idle.data = n;
    n->pins = 2;
    *out = n;
    return ERR_OK;
}

void net_stop(struct net *n, void (*stopped)(void *user), void *user)
{
    if (n->stopping)
        return;
    n->stopping = true;
    n->stopped = stopped;
    n->stopped_user = user;
    if (n->listening)
        uv_close((uv_handle_t *)&n->listener, on_closed);
    for (uint32_t i = 0; i < n->nslots; i++)
        if (n->slots[i] && n->slots[i]->state == LINE_HANDSHAKE)
            line_close(n->slots[i]);
        else if (n->slots[i])
            line_finish(n->slots[i]);
    if (!n->nlines)
        close_own_handles(n);
}

void net_set_tls(struct net *n, struct tls_context *tls)
{
    tls_context_free(n->tls);
    n->tls = tls;
}

/* ---- listening ---- */

enum err net_parse_address(const char *address, struct sockaddr_storage *out, struct err_info *why)
{
    char host[64];
    const char *colon = strrchr(address, ':');
    size_t len = colon ? (size_t)(colon - address) : 0;
    char *end;
    unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
    bool ok = colon && colon[1] >= '0' && colon[1] <= '9' && !*end && port < 65536 && len &&
              len < sizeof host;
    if (ok) {
        bool brackets = len > 2 && address[0] == '[' && address[len - 1] == ']';
        (void)snprintf(host, sizeof host, "%.*s", (int)(brackets ? len - 2 : len),
                       address + (brackets ? 1 : 0));
        memset(out, 0, sizeof *out);
        ok = brackets ? !uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)out)
                      : !uv_ip4_addr(host, (int)port, (struct sockaddr_in *)out);
    }
    return ok ? ERR_OK
              : err_set(why, ERR_INPUT,
                        "\"%s\" is not an address to listen on. Write ADDR:PORT, for instance "
                        "127.0.0.1:7443, 0.0.0.0:7443 or [::]:7443.",
                        address);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct net *n = listener->data;
    if (status < 0) {
        log_warn("net", "accept_failed", "why=%s", uv_err_name(status));
        return;
    }
    line_accept(n);
}

static enum err explain_listen(const char *address, int error, struct err_info *why)
{
    switch (error) {
    case UV_EADDRINUSE:
        return err_set(why, ERR_NET,
                       "The port of %s is taken by another program. Stop that one, or choose "
                       "another port with --listen.",
                       address);
    case UV_EADDRNOTAVAIL:
        return err_set(why, ERR_NET, "This computer does not have the address of %s.", address);
    case UV_EACCES:
        return err_set(why, ERR_NET,
                       "This user may not listen on %s; ports below 1024 belong to root.", address);
    default:
        return err_set(why, ERR_NET, "Listening on %s failed: %s.", address, uv_strerror(error));
    }
}

static void note_address(struct net *n)
{
    struct sockaddr_storage name;
    int len = sizeof name;
    char host[64] = "?";
    (void)uv_tcp_getsockname(&n->listener, (struct sockaddr *)&name, &len);
    if (name.ss_family == AF_INET6) {
        n->port = ntohs(((struct sockaddr_in6 *)&name)->sin6_port);
        (void)uv_ip6_name((struct sockaddr_in6 *)&name, host, sizeof host);
        (void)snprintf(n->address, sizeof n->address, "[%s]:%u", host, n->port);
    } else {
        n->port = ntohs(((struct sockaddr_in *)&name)->sin_port);
        (void)uv_ip4_name((struct sockaddr_in *)&name, host, sizeof host);
        (void)snprintf(n->address, sizeof n->address, "%s:%u", host, n->port);
    }
}

enum err net_listen(struct net *n, const char *address, struct err_info *why)
{
    struct sockaddr_storage where;
    enum err e = net_parse_address(address, &where, why);
    if (e)
        return e;
    int failed = uv_tcp_init(n->loop, &n->listener);
    if (failed)
        return explain_listen(address, failed, why);
    n->listener.data = n;
    n->listening = true;
    n->pins++;
    failed = uv_tcp_bind(&n->listener, (struct sockaddr *)&where, 0);
    if (!failed)
        failed = uv_listen((uv_stream_t *)&n->listener, BACKLOG, on_connection);
    if (failed)
        return explain_listen(address, failed, why);
    note_address(n);
    return ERR_OK;
}

const char *net_address(const struct net *n)
{
    return n->address;
}

uint16_t net_port(const struct net *n)
{
    return n->port;
}

/* ---- for the upper side ---- */

bool net_send(struct net *n, uint64_t conn, const uint8_t *payload, size_t len)
{
    struct line *c = find(n, conn);
    if (!c || c->state != LINE_OPEN)
        return true; /* `closed` follows, or has been */
    if (net_queued_bytes(n, conn) + FRAME_HEADER_BYTES + len > n->settings.max_outbound_bytes)
        return false;
    frame_append(&c->plain, payload, len);
    if (buf_failed(&c->plain))
        line_close(c);
    else
        line_mark_dirty(c);
    return true;
}

size_t net_queued_bytes(const struct net *n, uint64_t conn)
{
    const struct line *c = find(n, conn);
    return c ? c->plain.len - c->plain_done + c->in_flight : 0;
}

void net_close(struct net *n, uint64_t conn)
{
    struct line *c = find(n, conn);
    if (c)
        line_finish(c);
}

void net_set_max_frame(struct net *n, uint64_t conn, size_t max_bytes)
{
    struct line *c = find(n, conn);
    if (!c || c->state != LINE_OPEN)
        return;
    c->decoder.max_bytes = max_bytes;
    if (max_bytes > FRAME_MAX_UNAUTHENTICATED_BYTES)
        net_stop_waiting(n, c);
}

struct net_stats net_stats(const struct net *n)
{
    return (struct net_stats){
        .connections = n->nlines,
        .unauthenticated = n->nwaiting,
        .accepted_total = n->accepted_total,
    };
}
