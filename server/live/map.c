#include "server/live/map.h"

#include <stdlib.h>

/* Open addressing with linear probing; removal moves later ones back (Knuth, vol. 3, 6.4, R). */

static size_t home(const struct map *m, uint64_t key)
{
    uint64_t h = key * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(h >> 32) & (m->cap - 1);
}

void map_fini(struct map *m)
{
    free(m->slots);
    *m = (struct map){0};
}

static struct map_slot *slot_of(const struct map *m, uint64_t key)
{
    size_t i = home(m, key);
    while (m->slots[i].value && m->slots[i].key != key)
        i = (i + 1) & (m->cap - 1);
    return &m->slots[i];
}

static enum err grow(struct map *m)
{
    struct map bigger = {.cap = m->cap ? m->cap * 2 : 16, .len = m->len};
    bigger.slots = calloc(bigger.cap, sizeof *bigger.slots);
    if (!bigger.slots)
        return ERR_NOMEM;
    MAP_EACH(m, i)
    *slot_of(&bigger, m->slots[i].key) = m->slots[i];
    free(m->slots);
    *m = bigger;
    return ERR_OK;
}

enum err map_put(struct map *m, uint64_t key, void *value)
{
    struct map_slot *s = m->cap ? slot_of(m, key) : NULL;
    if (s && s->value) {
        s->value = value;
        return ERR_OK;
    }
    if (m->len * 2 >= m->cap) {
        enum err e = grow(m);
        if (e)
            return e;
        s = slot_of(m, key);
    }
    m->len++;
    *s = (struct map_slot){key, value};
    return ERR_OK;
}

void *map_find(const struct map *m, uint64_t key)
{
    return m->cap ? slot_of(m, key)->value : NULL;
}

void map_remove(struct map *m, uint64_t key)
{
    struct map_slot *s = m->cap ? slot_of(m, key) : NULL;
    if (!s || !s->value)
        return;
    m->len--;
    size_t mask = m->cap - 1, hole = (size_t)(s - m->slots), i = hole;
    for (;;) {
        i = (i + 1) & mask;
        if (!m->slots[i].value)
            break;
        if (((i - home(m, m->slots[i].key)) & mask) >= ((i - hole) & mask)) {
            m->slots[hole] = m->slots[i];
            hole = i;
        }
    }
    m->slots[hole].value = NULL;
}
