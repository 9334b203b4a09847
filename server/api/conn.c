/* Connections: what they may send, how fast, how long they may be silent, and how they end. */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "server/api/core_inner.h"

/* ---- the set ---- */

static struct conn *conn_find(struct core *c, uint64_t id)
{
    struct conn *cn = map_find(&c->conns, id);
    return cn && !cn->closing ? cn : NULL;
}

struct conn *conn_of_serial(struct core *c, uint64_t id, uint64_t serial)
{
    struct conn *cn = conn_find(c, id);
    return cn && cn->serial == serial ? cn : NULL;
}

static void stranger_add(struct conn *cn)
{
    struct core *c = cn->core;
    cn->older = c->newest_stranger;
    cn->newer = NULL;
    if (c->newest_stranger)
        c->newest_stranger->newer = cn;
    else
        c->oldest_stranger = cn;
    c->newest_stranger = cn;
    c->nstrangers++;
}

static void stranger_remove(struct conn *cn)
{
    struct core *c = cn->core;
    if (!cn->older && !cn->newer && c->oldest_stranger != cn)
        return; /* authenticated, or gone already */
    *(cn->older ? &cn->older->newer : &c->oldest_stranger) = cn->newer;
    *(cn->newer ? &cn->newer->older : &c->newest_stranger) = cn->older;
    cn->older = cn->newer = NULL;
    c->nstrangers--;
}

void conns_wake_at(struct core *c, int64_t mono_ms)
{
    int64_t at = (mono_ms + TICK_MS - 1) / TICK_MS * TICK_MS;
    if (at < c->next_ms)
        c->next_ms = at;
}

static void conn_free(struct conn *cn)
{
    outflow_free(cn);
    buf_free(&cn->early);
    free(cn->seats);
    free(cn);
}

static void leave_rooms(struct conn *cn)
{
    while (cn->nseats)
        live_leave(cn->seats[--cn->nseats]);
}

void core_conn_open(struct core *c, uint64_t conn, const struct core_peer *peer)
{
    assert(!map_find(&c->conns, conn));
    struct conn *cn = calloc(1, sizeof *cn);
    if (!cn || map_put(&c->conns, conn, cn)) {
        log_error("core", "conn_no_memory", "conn=%llu", (unsigned long long)conn);
        free(cn);
        c->hooks.close(c->hooks.user, conn);
        return;
    }
    cn->core = c;
    cn->id = conn;
    cn->serial = ++c->serials;
    cn->peer = *peer;
    cn->opened_ms = cn->heard_ms = cn->tokens_at_ms = c->mono_ms;
    cn->tokens_milli = (int64_t)c->settings.requests_burst * 1000;
    stranger_add(cn);
    if (c->down) {
        conn_close(cn, 0, ERR_NET, "The server is going down. Try again in a moment.");
        return;
    }
    if (c->nstrangers > c->settings.max_unauthenticated)
        conn_close(c->oldest_stranger, 0, ERR_FULL,
                   "Too many connections wait to be recognised; this was the oldest. Try again.");
    conns_wake_at(c, c->mono_ms + c->settings.hello_timeout_ms);
}

/* ---- those of one person: nobody takes all descriptors of the server ---- */

static size_t lines_of(const struct core *c, uint32_t person)
{
    return (size_t)(uintptr_t)map_find(&c->lines_of, person);
}

static void uncount(struct conn *cn)
{
    struct map *m = &cn->core->lines_of;
    size_t n = lines_of(cn->core, cn->person);
    if (!cn->counted)
        return;
    cn->counted = false;
    if (n == 1)
        map_remove(m, cn->person);
    else if (map_put(m, cn->person, (void *)(uintptr_t)(n - 1)))
        assert(false && "replacing takes no memory");
}

static void close_quietest_of(struct core *c, uint32_t person, const struct conn *but)
{
    struct conn *quietest = NULL;
    MAP_EACH(&c->conns, i)
    {
        struct conn *cn = c->conns.slots[i].value;
        if (cn != but && cn->counted && cn->person == person &&
            (!quietest || cn->heard_ms < quietest->heard_ms))
            quietest = cn;
    }
    if (quietest)
        conn_close(quietest, 0, ERR_FULL,
                   "You are connected too many times at once; this was the quietest connection.");
}

static void count(struct conn *cn)
{
    struct core *c = cn->core;
    size_t n = lines_of(c, cn->person) + 1;
    cn->counted = !map_put(&c->lines_of, cn->person, (void *)(uintptr_t)n);
    if (n > c->settings.max_per_person)
        close_quietest_of(c, cn->person, cn);
}

void core_conn_closed(struct core *c, uint64_t conn)
{
    struct conn *cn = map_find(&c->conns, conn);
    if (!cn)
        return;
    leave_rooms(cn);
    stranger_remove(cn);
    uncount(cn);
    if (cn->person)
        c->nauthenticated--;
    map_remove(&c->conns, conn);
    conn_free(cn);
}

void conn_authenticated(struct conn *cn, uint32_t person)
{
    stranger_remove(cn);
    cn->person = person;
    cn->core->nauthenticated++;
    count(cn);
    cn->core->hooks.set_max_frame(cn->core->hooks.user, cn->id, cn->core->settings.max_frame_bytes);
}

/* ---- sending ---- */

static bool send_bytes(struct conn *cn, const struct buf *b)
{
    struct core *c = cn->core;
    return !cn->closing && !buf_failed(b) && c->hooks.send(c->hooks.user, cn->id, b->data, b->len);
}

bool conn_send_out(struct conn *cn)
{
    bool sent = send_bytes(cn, &cn->core->out);
    buf_clear(&cn->core->out);
    return sent;
}

bool conn_send_feed(struct conn *cn)
{
    struct core *c = cn->core;
    size_t limit = c->settings.max_outbound_bytes;
    size_t queued = c->hooks.queued_bytes(c->hooks.user, cn->id);
    if (cn->slow_since_ms && queued <= limit / 2)
        cn->slow_since_ms = 0; /* it was for a moment */
    bool sent =
        !cn->slow_since_ms && queued + c->out.len <= limit - limit / 16 && send_bytes(cn, &c->out);
    buf_clear(&c->out);
    return sent;
}

void conn_too_slow(struct conn *cn)
{
    struct core *c = cn->core;
    if (cn->slow_since_ms)
        return;
    log_warn("core", "slow_reader", "conn=%llu person=%u", (unsigned long long)cn->id, cn->person);
    cn->slow_since_ms = c->mono_ms ? c->mono_ms : 1;
    conns_wake_at(c, c->mono_ms + SLOW_CUT_MS);
}

static void answer_out(struct conn *cn, uint32_t id)
{
    struct core *c = cn->core;
    if (buf_failed(&c->out)) {
        buf_free(&c->out);
        conn_close(cn, id, ERR_NOMEM, err_text(ERR_NOMEM));
    } else if (c->out.len > FRAME_MAX_BYTES) { /* what makes answers keeps them shorter */
        log_error("core", "answer_too_long", "bytes=%zu", c->out.len);
        buf_clear(&c->out);
        conn_error(cn, id, ERR_TOO_LARGE, "", "The answer is too long to be sent.");
    } else if (!conn_send_out(cn)) {
        conn_too_slow(cn);
    }
}

void conn_answer(struct conn *cn, const Tandem__Envelope *e)
{
    wire_pack(&cn->core->out, e);
    answer_out(cn, e->id);
}

void conn_answer_packed(struct conn *cn, uint32_t id, const struct buf *frame)
{
    buf_append(&cn->core->out, frame->data, frame->len);
    answer_out(cn, id);
}

void conn_error(struct conn *cn, uint32_t id, enum err e, const char *field, const char *text)
{
    Tandem__Error err = TANDEM__ERROR__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    err.code = (uint32_t)e;
    err.text = (char *)text;
    err.field = (char *)field;
    env.id = id;
    env.body_case = TANDEM__ENVELOPE__BODY_ERROR;
    env.error = &err;
    conn_answer(cn, &env);
}

void conn_close(struct conn *cn, uint32_t id, enum err e, const char *text)
{
    struct core *c = cn->core;
    if (cn->closing)
        return;
    log_info("core", "conn_close", "conn=%llu person=%u err=%s", (unsigned long long)cn->id,
             cn->person, err_name(e));
    if (e != ERR_NOMEM) {
        Tandem__Error err = TANDEM__ERROR__INIT;
        Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
        err.code = (uint32_t)e;
        err.text = (char *)text;
        env.id = id;
        env.body_case = TANDEM__ENVELOPE__BODY_ERROR;
        env.error = &err;
        wire_pack(&c->out, &env);
        (void)conn_send_out(cn); /* it is closed, told or not */
    }
    leave_rooms(cn);
    stranger_remove(cn);
    uncount(cn);
    cn->closing = true;
    c->hooks.close(c->hooks.user, cn->id);
}

/* ---- seats ---- */

struct live_seat *conn_seat(const struct conn *cn, uint32_t room)
{
    for (size_t i = 0; i < cn->nseats; i++)
        if (cn->seats[i]->room == room && !cn->seats[i]->waiting)
            return cn->seats[i];
    return NULL;
}

enum err conn_seat_add(struct conn *cn, struct live_seat *s)
{
    if (cn->nseats == cn->seats_cap) {
        size_t cap = cn->seats_cap ? cn->seats_cap * 2 : 1;
        struct live_seat **seats = realloc(cn->seats, cap * sizeof(struct live_seat *));
        if (!seats)
            return ERR_NOMEM;
        cn->seats = seats;
        cn->seats_cap = cap;
    }
    cn->seats[cn->nseats++] = s;
    return ERR_OK;
}

void conn_seat_remove(struct conn *cn, const struct live_seat *s)
{
    for (size_t i = 0; i < cn->nseats; i++)
        if (cn->seats[i] == s) {
            cn->seats[i] = cn->seats[--cn->nseats];
            return;
        }
}

/* ---- limits in time ---- */

static void refill(struct conn *cn)
{
    const struct core_settings *set = &cn->core->settings;
    int64_t passed = cn->core->mono_ms - cn->tokens_at_ms;
    int64_t full = (int64_t)set->requests_burst * 1000;
    if (passed <= 0)
        return;
    int64_t most = full / (set->requests_per_s ? set->requests_per_s : 1) + 1;
    cn->tokens_milli += (passed < most ? passed : most) * set->requests_per_s;
    if (cn->tokens_milli >= full) {
        cn->tokens_milli = full;
        cn->refused_calls = 0;
    }
    cn->tokens_at_ms = cn->core->mono_ms;
}

bool conn_take_tokens(struct conn *cn, uint32_t id, unsigned cost)
{
    unsigned most = cn->core->settings.requests_burst;
    int64_t milli = (int64_t)(cost < most ? cost : most) * 1000;
    refill(cn);
    if (cn->tokens_milli >= milli) {
        cn->tokens_milli -= milli;
        return true;
    }
    cn->core->refused_total++;
    if (++cn->refused_calls > cn->core->settings.requests_burst)
        conn_close(cn, id, ERR_SLOW_DOWN, "Far too many requests, in spite of being told.");
    else
        conn_error(cn, id, ERR_SLOW_DOWN, "", err_text(ERR_SLOW_DOWN));
    return false;
}

static void check_slow(struct conn *cn)
{
    struct core *c = cn->core;
    if (c->hooks.queued_bytes(c->hooks.user, cn->id) <= c->settings.max_outbound_bytes / 2)
        cn->slow_since_ms = 0;
    else if (c->mono_ms - cn->slow_since_ms >= SLOW_CUT_MS)
        conn_close(cn, 0, ERR_SLOW_DOWN, "Your line takes too little of what is sent to it.");
    else
        conns_wake_at(c, cn->slow_since_ms + SLOW_CUT_MS);
}

void conn_time(struct conn *cn)
{
    struct core *c = cn->core;
    const struct core_settings *set = &c->settings;
    if (cn->closing)
        return;
    int64_t silent = c->mono_ms - cn->heard_ms;
    if (!cn->person && c->mono_ms - cn->opened_ms >= set->hello_timeout_ms) {
        conn_close(cn, 0, ERR_NOT_AUTHENTICATED, "You did not say who you are in time.");
        return;
    }
    if (silent >= set->silence_ms) {
        conn_close(cn, 0, ERR_NET, "Nothing was heard from you for too long.");
        return;
    }
    if (silent >= set->ping_after_ms && !cn->pinged) {
        cn->pinged = true;
        wire_ping(&c->out);
        (void)conn_send_out(cn); /* a full queue shows in the silence that follows */
    }
    if (cn->slow_since_ms)
        check_slow(cn);
    if (cn->closing)
        return;
    if (!cn->person)
        conns_wake_at(c, cn->opened_ms + set->hello_timeout_ms);
    conns_wake_at(c, cn->heard_ms + (cn->pinged ? set->silence_ms : set->ping_after_ms));
    if (cn->outflow)
        outflow_pump(cn);
}
