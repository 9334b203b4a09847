#include "server/store/work.h"

static struct work *make(struct store_req *r)
{
    return r->op == STORE_DUTIES ? list_duties_new((struct store_duties *)r)
                                 : list_audits_new((struct store_list_audits *)r);
}

bool work_is(enum store_op op)
{
    return op == STORE_DUTIES || op == STORE_LIST_AUDITS;
}

/* *done also after an error. */
static enum err slice(struct db *d, struct work *w, bool *done)
{
    d->disk_err = ERR_OK;
    enum err e = w->slice(d, w, done);
    if (d->disk_err == ERR_STORE)
        d->dead = true;
    *done = *done || e;
    return e;
}

static void add_last(struct db *d, struct work *w)
{
    struct work **end = &d->work;
    while (*end)
        end = &(*end)->next;
    w->next = NULL;
    *end = w;
}

enum err work_begin(struct db *d, struct store_req *r, bool now, bool *slow)
{
    struct work *w = make(r);
    if (!w)
        return ERR_NOMEM;
    bool done = false;
    enum err e = now ? slice(d, w, &done) : ERR_OK;
    *slow = !done;
    if (done) {
        w->free(w);
        return e;
    }
    add_last(d, w);
    return ERR_OK;
}

struct store_req *work_go_on(struct db *d)
{
    struct work *w = d->work;
    struct store_req *r = w->req;
    bool done = d->dead;
    r->err = d->dead ? ERR_STORE : slice(d, w, &done);
    d->work = w->next;
    if (!done) {
        add_last(d, w);
        return NULL;
    }
    w->free(w);
    return r;
}
