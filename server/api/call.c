/* One request, from its frame to its answer. Most end at once and are used again for the next
 * frame; those that wait for the store or a commit are in core.calls. */

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/api/core_inner.h"
#include "server/api/routes.h"

struct call *call_new(struct conn *cn)
{
    struct core *core = cn->core;
    struct call *c = core->spare;
    core->spare = NULL;
    if (!c) {
        c = calloc(1, sizeof *c);
        if (!c)
            return NULL;
        pb_alloc_init(&c->alloc, 0, 0);
        pb_alloc_init(&c->out, 0, 0);
    }
    c->core = core;
    c->conn_id = cn->id;
    c->conn_serial = cn->serial;
    pb_alloc_reset(&c->out, SIZE_MAX / 4, SIZE_MAX / 4);
    return c;
}

static void call_destroy(struct call *c)
{
    pb_alloc_fini(&c->alloc);
    pb_alloc_fini(&c->out);
    buf_free(&c->data);
    audit_free(c->past);
    free(c);
}

void calls_forget(struct core *c)
{
    while (c->calls) {
        struct call *next = c->calls->next;
        call_destroy(c->calls);
        c->calls = next;
    }
    if (c->spare)
        call_destroy(c->spare);
    c->spare = NULL;
}

static void unlink_call(struct call *c)
{
    struct core *core = c->core;
    if (c->prev)
        c->prev->next = c->next;
    else
        core->calls = c->next;
    if (c->next)
        c->next->prev = c->prev;
}

void call_free(struct call *c)
{
    if (!c)
        return;
    struct core *core = c->core;
    assert(!c->storing);
    live_unpin(c->la);
    c->la = NULL;
    if (!c->async && !core->spare) {
        c->id = 0;
        c->env = NULL;
        c->route = NULL;
        c->seat = NULL;
        c->wrote = c->new_auditor = false;
        c->then = NULL;
        core->spare = c;
        return;
    }
    if (c->async) {
        struct conn *cn = call_conn(c);
        if (cn) {
            cn->calls--;
            cn->listing = cn->listing && !c->lists;
        }
        unlink_call(c);
    }
    call_destroy(c);
}

struct conn *call_conn(const struct call *c)
{
    return conn_of_serial(c->core, c->conn_id, c->conn_serial);
}

const struct person *call_person(const struct call *c)
{
    const struct conn *cn = call_conn(c);
    return cn && cn->person ? people_find(c->core->people, cn->person) : NULL;
}

bool call_keep(struct call *c)
{
    struct conn *cn = call_conn(c);
    assert(cn && !c->async);
    if (cn->calls >= MAX_CALLS) {
        call_fail(c, ERR_SLOW_DOWN, "",
                  "Too many requests of yours are waiting for their answers already (%d).",
                  MAX_CALLS);
        return false;
    }
    cn->calls++;
    c->async = true;
    c->prev = NULL;
    c->next = c->core->calls;
    if (c->next)
        c->next->prev = c;
    c->core->calls = c;
    return true;
}

void *call_alloc(struct call *c, size_t len)
{
    return pb_alloc_get(&c->out, len);
}

char *call_strdup(struct call *c, const char *s)
{
    size_t len = strlen(s);
    char *copy = call_alloc(c, len + 1);
    if (copy)
        memcpy(copy, s, len);
    return copy;
}

/* ---- answers ---- */

void call_answer(struct call *c, Tandem__Envelope *e)
{
    struct conn *cn = call_conn(c);
    e->id = c->id;
    if (cn)
        conn_answer(cn, e);
    call_free(c);
}

void call_done(struct call *c)
{
    Tandem__Done done = TANDEM__DONE__INIT;
    Tandem__Envelope e = TANDEM__ENVELOPE__INIT;
    e.body_case = TANDEM__ENVELOPE__BODY_DONE;
    e.done = &done;
    call_answer(c, &e);
}

void call_fail(struct call *c, enum err e, const char *field, const char *fmt, ...)
{
    char text[sizeof((struct err_info *)0)->text];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap); /* cut when too long: still a sentence's begin */
    va_end(ap);
    struct conn *cn = call_conn(c);
    c->core->refused_total++;
    if (cn && !(c->route && c->route->silent))
        conn_error(cn, c->id, e, field, text);
    call_free(c);
}

void call_fail_info(struct call *c, const struct err_info *why)
{
    call_fail(c, why->code, "", "%s", why->text);
}

void call_not_found(struct call *c)
{
    call_fail(c, ERR_NOT_FOUND, "", "%s", err_text(ERR_NOT_FOUND));
}

void call_no_memory(struct call *c)
{
    call_fail(c, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
}

/* ---- the store ---- */

static void call_stored(struct store_req *r)
{
    /* The request is the first thing in the union. */
    struct call *c = (struct call *)(void *)((char *)r - offsetof(struct call, store));
    c->storing = false;
    struct core *core = c->core;
    c->stored(c, r->err);
    if (store_is_dead(core->store))
        core_fatal(core, "the store refuses to go on after a failed write");
}

void call_store(struct call *c, enum store_op op, void (*stored)(struct call *c, enum err e))
{
    assert(c->async && !c->storing);
    c->store.req = (struct store_req){.op = op, .done = call_stored};
    c->stored = stored;
    c->storing = true;
    store_submit(c->core->store, &c->store.req);
}

static void call_waited(struct live_waiter *w, enum err e)
{
    struct call *c = (struct call *)(void *)((char *)w - offsetof(struct call, waiter));
    c->step(c, e);
}

void call_wait(struct call *c, uint64_t seq, void (*step)(struct call *c, enum err e))
{
    if (live_is_settled(c->la, seq)) {
        step(c, ERR_OK);
        return;
    }
    c->step = step;
    c->waiter.fn = call_waited;
    live_wait(c->la, &c->waiter, seq);
}

static void entered(struct call *c, enum err e)
{
    c->agent = c->store.enter.want_agent ? c->store.enter.agent : c->agent;
    c->entered = !e;
    c->core->disk_full = e == ERR_FULL;
    if (!call_conn(c))
        call_free(c);
    else if (e == ERR_FULL)
        call_fail(c, ERR_FULL, "",
                  "The server's disk is full: opening a record is noted before it is shown, and "
                  "there is no room for the note. Tell your administrator.");
    else if (e)
        call_fail(c, ERR_STORE, "",
                  "Opening a record is noted before it is shown, and the note "
                  "could not be kept. Try again in a moment.");
    else
        c->step(c, e);
}

void call_enter(struct call *c, const char *what, bool want_agent,
                void (*next)(struct call *c, enum err e))
{
    const struct conn *cn = call_conn(c);
    memset(&c->store, 0, sizeof c->store);
    c->store.enter.audit = c->la ? live_number(c->la) : 0;
    c->store.enter.person = cn->person;
    c->store.enter.utc_ms = c->core->utc_ms;
    c->store.enter.want_agent = want_agent;
    (void)snprintf(c->store.enter.what, sizeof c->store.enter.what, "%s", what);
    c->step = next;
    call_store(c, STORE_ENTER, entered);
}
