#include "server/store/mem_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must_have(void *p)
{
    if (!p) {
        fprintf(stderr, "store_mem: out of memory\n");
        abort();
    }
    return p;
}

void *mem_list_add(struct mem_list *l, size_t item_size)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 8;
        l->items = must_have(realloc(l->items, l->cap * item_size));
    }
    void *item = (char *)l->items + l->n++ * item_size;
    memset(item, 0, item_size);
    return item;
}

struct mem_blob *mem_blob_new(const void *data, size_t len)
{
    struct mem_blob *b = must_have(malloc(sizeof *b + len));
    b->refs = 1;
    b->len = len;
    if (len)
        memcpy(b->bytes, data, len);
    return b;
}

struct mem_blob *mem_blob_ref(struct mem_blob *b)
{
    b->refs++;
    return b;
}

void mem_blob_unref(struct mem_blob *b)
{
    if (b && --b->refs == 0)
        free(b);
}

static void list_copy(struct mem_list *to, const struct mem_list *from, size_t item_size)
{
    *to = (struct mem_list){.n = from->n, .cap = from->n};
    if (from->n) {
        to->items = must_have(malloc(from->n * item_size));
        memcpy(to->items, from->items, from->n * item_size);
    }
}

static void audit_copy(struct mem_audit *to, const struct mem_audit *from)
{
    *to = *from;
    list_copy(&to->events, &from->events, sizeof(struct mem_event));
    list_copy(&to->members, &from->members, sizeof(struct store_member));
    list_copy(&to->duties, &from->duties, sizeof(struct store_duty));
    list_copy(&to->snapshots, &from->snapshots, sizeof(struct mem_snapshot));
    for (size_t i = 0; i < to->events.n; i++)
        mem_blob_ref(MEM_AT(struct mem_event, &to->events, i)->body);
    for (size_t i = 0; i < to->snapshots.n; i++)
        mem_blob_ref(MEM_AT(struct mem_snapshot, &to->snapshots, i)->data);
}

void mem_state_copy(struct mem_state *to, const struct mem_state *from)
{
    list_copy(&to->audits, &from->audits, sizeof(struct mem_audit));
    for (size_t i = 0; i < from->audits.n; i++)
        audit_copy(MEM_AT(struct mem_audit, &to->audits, i),
                   MEM_AT(struct mem_audit, &from->audits, i));
    list_copy(&to->counters, &from->counters, sizeof(struct mem_counter));
    list_copy(&to->reads, &from->reads, sizeof(struct store_read_row));
    list_copy(&to->people, &from->people, sizeof(struct store_person));
    list_copy(&to->certs, &from->certs, sizeof(struct store_cert));
    list_copy(&to->codes, &from->codes, sizeof(struct mem_code));
    list_copy(&to->templates, &from->templates, sizeof(struct mem_template));
    for (size_t i = 0; i < to->templates.n; i++)
        mem_blob_ref(MEM_AT(struct mem_template, &to->templates, i)->data);
    list_copy(&to->settings, &from->settings, sizeof(struct mem_setting));
}

static void audit_fini(struct mem_audit *a)
{
    for (size_t i = 0; i < a->events.n; i++)
        mem_blob_unref(MEM_AT(struct mem_event, &a->events, i)->body);
    for (size_t i = 0; i < a->snapshots.n; i++)
        mem_blob_unref(MEM_AT(struct mem_snapshot, &a->snapshots, i)->data);
    free(a->events.items);
    free(a->members.items);
    free(a->duties.items);
    free(a->snapshots.items);
}

void mem_state_fini(struct mem_state *s)
{
    for (size_t i = 0; i < s->audits.n; i++)
        audit_fini(MEM_AT(struct mem_audit, &s->audits, i));
    for (size_t i = 0; i < s->templates.n; i++)
        mem_blob_unref(MEM_AT(struct mem_template, &s->templates, i)->data);
    free(s->audits.items);
    free(s->counters.items);
    free(s->reads.items);
    free(s->people.items);
    free(s->certs.items);
    free(s->codes.items);
    free(s->templates.items);
    free(s->settings.items);
    memset(s, 0, sizeof *s);
}
