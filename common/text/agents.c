#include "common/text/inside.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- agents ---- */

/* First place in by_number whose agent is not below `number`. */
static uint32_t lower_bound(const struct text *t, uint32_t number)
{
    uint32_t lo = 0, hi = t->n_agents;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (t->agents[t->by_number[mid]].number < number)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

int32_t agent_index(const struct text *t, uint32_t number)
{
    if (t->last_agent < t->n_agents && t->agents[t->last_agent].number == number)
        return t->last_agent;
    uint32_t k = lower_bound(t, number);
    if (k == t->n_agents || t->agents[t->by_number[k]].number != number)
        return -1;
    return t->by_number[k];
}

int32_t agent_get(struct text *t, uint32_t number)
{
    int32_t found = agent_index(t, number);
    if (found >= 0) {
        t->last_agent = (uint16_t)found;
        return found;
    }
    if (t->n_agents >= TEXT_AGENTS_MAX)
        return -1;
    uint32_t cap = t->cap_agents;
    if (t->n_agents == cap) {
        uint32_t more = cap + cap / 2 + 2;
        void *order =
            mem_resize(t, t->by_number, cap * sizeof *t->by_number, more * sizeof *t->by_number);
        if (!order)
            return -1;
        t->by_number = order;
        void *agents = mem_resize(t, t->agents, cap * sizeof *t->agents, more * sizeof *t->agents);
        if (!agents) { /* the larger index must not outlive its count */
            t->memory -= (more - cap) * sizeof *t->by_number;
            return -1;
        }
        t->agents = agents;
        t->cap_agents = more;
    }
    uint32_t k = lower_bound(t, number), index = t->n_agents;
    memmove(t->by_number + k + 1, t->by_number + k, (index - k) * sizeof *t->by_number);
    t->by_number[k] = (uint16_t)index;
    t->agents[index] = (struct agent){.number = number};
    t->n_agents++;
    t->last_agent = (uint16_t)index;
    return (int32_t)index;
}

void agents_free(struct text *t)
{
    for (uint32_t i = 0; i < t->n_agents; i++) {
        struct agent *a = &t->agents[i];
        ids_forget(t, a);
        mem_free(t, a->origins, a->cap_origins * sizeof *a->origins);
    }
    mem_free(t, t->agents, t->cap_agents * sizeof *t->agents);
    mem_free(t, t->by_number, t->cap_agents * sizeof *t->by_number);
}

/* ---- origins ---- */

bool agent_reserve_origin(struct text *t, uint32_t agent)
{
    struct agent *a = &t->agents[agent];
    return mem_grow(t, (void **)&a->origins, &a->cap_origins, a->n_origins + 1, sizeof *a->origins);
}

void agent_add_origin(struct text *t, uint32_t agent, uint32_t seq, struct text_id parent,
                      bool left)
{
    struct agent *a = &t->agents[agent];
    int32_t index = parent.agent ? agent_index(t, parent.agent) : -1;
    assert(a->n_origins < a->cap_origins && (index >= 0 || !parent.agent));
    a->origins[a->n_origins++] =
        (struct origin){seq, parent.seq, (uint16_t)(index + 1), (uint16_t)left};
}

const struct origin *agent_origin(const struct text *t, uint32_t agent, uint32_t seq)
{
    const struct agent *a = &t->agents[agent];
    uint32_t lo = 0, hi = a->n_origins; /* the first one has seq 0 */
    while (hi - lo > 1) {
        uint32_t mid = (lo + hi) / 2;
        if (a->origins[mid].seq <= seq)
            lo = mid;
        else
            hi = mid;
    }
    return &a->origins[lo];
}

struct text_id origin_parent(const struct text *t, const struct origin *o)
{
    if (!o->parent_agent)
        return (struct text_id){0, 0};
    return (struct text_id){t->agents[o->parent_agent - 1].number, o->parent_seq};
}

static int origin_compare(const void *x, const void *y)
{
    uint32_t a = ((const struct origin *)x)->seq, b = ((const struct origin *)y)->seq;
    return a < b ? -1 : a > b;
}

bool agent_sort_origins(struct agent *a)
{
    enum { DIGIT = 11, BUCKETS = 1 << DIGIT, FEW = 300 };
    if (a->n_origins < FEW) {
        if (a->n_origins > 1)
            qsort(a->origins, a->n_origins, sizeof *a->origins, origin_compare);
        return true;
    }
    struct origin *other = malloc(a->n_origins * sizeof *other), *from = a->origins, *to = other;
    if (!other)
        return false;
    for (unsigned shift = 0; shift < 32 && a->next_seq >> shift; shift += DIGIT) {
        uint32_t at[BUCKETS] = {0}, sum = 0;
        for (uint32_t i = 0; i < a->n_origins; i++)
            at[from[i].seq >> shift & (BUCKETS - 1)]++;
        for (uint32_t b = 0; b < BUCKETS; b++) {
            uint32_t n = at[b];
            at[b] = sum;
            sum += n;
        }
        for (uint32_t i = 0; i < a->n_origins; i++)
            to[at[from[i].seq >> shift & (BUCKETS - 1)]++] = from[i];
        struct origin *swap = from;
        from = to;
        to = swap;
    }
    if (from != a->origins)
        memcpy(a->origins, from, a->n_origins * sizeof *from);
    free(other);
    return true;
}
