#include "server/store/store_mem.h"

#include <assert.h>
#include <stdlib.h>

#include "server/store/mem_state.h"
#include "server/store/request.h"

enum { QUEUE_MAX = 65536 };

struct store_mem {
    struct store store;
    struct store_req *first, **last; /* what waits, in order */
    size_t queued;
    bool dead;
    struct mem_state now;

    /* The positive control: what the disk holds while `now` is ahead of it. */
    bool ack_before_commit;
    bool lagging;
    struct mem_state disk; /* valid while lagging */

    unsigned fail_in; /* commits until one fails; 0 = none */
    enum err fail_with;
};

static struct store_mem *of(struct store *s)
{
    return (struct store_mem *)s;
}

static void submit(struct store *s, struct store_req *r)
{
    struct store_mem *m = of(s);
    r->next = NULL;
    r->err = m->queued >= QUEUE_MAX ? ERR_FULL : ERR_OK; /* answered in its turn */
    *m->last = r;
    m->last = &r->next;
    m->queued++;
}

static bool is_dead(const struct store *s)
{
    return ((const struct store_mem *)s)->dead;
}

static size_t queued(const struct store *s)
{
    return ((const struct store_mem *)s)->queued;
}

static const struct store_vtable vtable = {submit, is_dead, queued};

static void forget_queue(struct store_mem *m)
{
    m->first = NULL;
    m->last = &m->first;
    m->queued = 0;
}

struct store *store_mem_new(void)
{
    struct store_mem *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->store.vtable = &vtable;
    forget_queue(m);
    return &m->store;
}

void store_mem_free(struct store *s)
{
    if (!s)
        return;
    struct store_mem *m = of(s);
    mem_state_fini(&m->now);
    if (m->lagging)
        mem_state_fini(&m->disk);
    free(m);
}

/* The first `max` of the queue as a list of their own. */
static struct store_req *take(struct store_mem *m, size_t max, size_t *taken)
{
    struct store_req *batch = m->first, **end = &batch;
    size_t n = 0;
    while (*end && n < max) {
        end = &(*end)->next;
        n++;
    }
    m->first = *end;
    *end = NULL;
    if (!m->first)
        m->last = &m->first;
    m->queued -= n;
    *taken = n;
    return batch;
}

/* Does this batch's commit fail? Only a batch that writes has one. */
static enum err commit_fails(struct store_mem *m, const struct store_req *batch)
{
    bool writes = false;
    for (const struct store_req *r = batch; r; r = r->next)
        writes = writes || store_op_writes(r->op);
    if (!writes || m->fail_in == 0 || --m->fail_in > 0)
        return ERR_OK;
    return m->fail_with;
}

static void before_commit(struct store_mem *m)
{
    if (m->ack_before_commit && !m->lagging) {
        mem_state_copy(&m->disk, &m->now);
        m->lagging = true;
    } else if (!m->ack_before_commit && m->lagging) {
        mem_state_fini(&m->disk);
        m->lagging = false;
    }
}

static enum err run_one(struct store_mem *m, struct store_req *r, enum err commit)
{
    if (m->dead)
        return ERR_STORE;
    if (r->err)
        return r->err;
    enum err e = store_req_check(r);
    if (e)
        return e;
    if (commit && store_op_writes(r->op))
        return commit;
    return mem_state_run(&m->now, r);
}

size_t store_mem_step(struct store *s, size_t max)
{
    struct store_mem *m = of(s);
    size_t n;
    struct store_req *batch = take(m, max, &n);
    if (n > 0)
        before_commit(m);
    enum err commit = m->dead ? ERR_STORE : commit_fails(m, batch);
    for (struct store_req *r = batch; r; r = r->next) {
        store_req_begin(r);
        r->err = run_one(m, r, commit);
        if (r->err)
            store_req_discard(r);
    }
    if (commit && commit != ERR_FULL)
        m->dead = true;
    while (batch) { /* `done` may free the request, or submit it again */
        struct store_req *r = batch;
        batch = r->next;
        r->next = NULL;
        if (r->done)
            r->done(r);
    }
    return n;
}

void store_mem_crash(struct store *s)
{
    struct store_mem *m = of(s);
    forget_queue(m);
    if (m->lagging) {
        mem_state_fini(&m->now);
        m->now = m->disk;
        m->lagging = false;
    }
    m->dead = false; /* a new process opens it */
    m->fail_in = 0;
}

void store_mem_set_ack_before_commit(struct store *s, bool on)
{
    of(s)->ack_before_commit = on;
}

void store_mem_fail_commit(struct store *s, unsigned n, enum err e)
{
    assert(n == 0 || e != ERR_OK);
    of(s)->fail_in = n;
    of(s)->fail_with = e;
}
