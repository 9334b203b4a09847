#include "server/store/heads.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct head **bucket_of(struct heads *h, uint64_t audit)
{
    return &h->bucket[audit % HEADS_BUCKETS];
}

static void unlink_use(struct heads *h, struct head *e)
{
    *(e->newer ? &e->newer->older : &h->newest) = e->older;
    *(e->older ? &e->older->newer : &h->oldest) = e->newer;
}

static void link_newest(struct heads *h, struct head *e)
{
    e->newer = NULL;
    e->older = h->newest;
    *(h->newest ? &h->newest->newer : &h->oldest) = e;
    h->newest = e;
}

struct head *heads_find(struct heads *h, uint64_t audit)
{
    struct head *e = *bucket_of(h, audit);
    while (e && e->audit != audit)
        e = e->next_in_bucket;
    if (e && e != h->newest) {
        unlink_use(h, e);
        link_newest(h, e);
    }
    return e;
}

static void head_free(struct head *e)
{
    free(e->duties);
    free(e);
}

void heads_keep_duties(struct head *head, const struct store_duty *duties, size_t n)
{
    struct store_duty *copy = n ? malloc(n * sizeof *copy) : NULL;
    if (copy)
        memcpy(copy, duties, n * sizeof *copy);
    free(head->duties);
    head->duties = copy;
    head->has_duties = copy || n == 0;
    head->nduties = copy ? n : 0;
}

static void drop_oldest(struct heads *h)
{
    struct head *e = h->oldest;
    assert(!e->dirty);
    struct head **p = bucket_of(h, e->audit);
    while (*p != e)
        p = &(*p)->next_in_bucket;
    *p = e->next_in_bucket;
    unlink_use(h, e);
    head_free(e);
    h->n--;
}

struct head *heads_add(struct heads *h, uint64_t audit)
{
    struct head *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    if (h->n == HEADS_MAX)
        drop_oldest(h);
    e->audit = audit;
    e->next_in_bucket = *bucket_of(h, audit);
    *bucket_of(h, audit) = e;
    link_newest(h, e);
    h->n++;
    return e;
}

void heads_mark_dirty(struct heads *h, struct head *head)
{
    if (head->dirty)
        return;
    head->dirty = true;
    h->dirty[h->ndirty++] = head;
}

void heads_committed(struct heads *h)
{
    for (size_t i = 0; i < h->ndirty; i++)
        h->dirty[i]->dirty = false;
    h->ndirty = 0;
}

void heads_forget(struct heads *h)
{
    for (struct head *e = h->newest, *older; e; e = older) {
        older = e->older;
        head_free(e);
    }
    memset(h, 0, sizeof *h);
}
