#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/text/inside.h"

/* Pieces: which leaf holds a character. */

static size_t chunk_size(uint32_t cap)
{
    return sizeof(struct chunk) + cap * sizeof(struct piece);
}

void ids_forget(struct text *t, struct agent *a)
{
    for (uint32_t k = 0; k < a->n_chunks; k++)
        mem_free(t, a->chunks[k].chunk, chunk_size(a->chunks[k].chunk->cap));
    mem_free(t, a->chunks, a->cap_chunks * sizeof *a->chunks);
    a->chunks = NULL;
    a->n_chunks = a->cap_chunks = 0;
}

/* The pieces are an index that can be lost: without memory for it, it is dropped and made again
 * when next needed; until then the leaves are searched. */
static void lose_index(struct text *t)
{
    for (uint32_t i = 0; i < t->n_agents; i++)
        ids_forget(t, &t->agents[i]);
    t->indexed = false;
}

static uint32_t chunk_at(const struct agent *a, uint32_t seq)
{
    uint32_t lo = 0, hi = a->n_chunks;
    while (hi - lo > 1) {
        uint32_t mid = (lo + hi) / 2;
        if (a->chunks[mid].seq <= seq)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

static uint32_t piece_at(const struct chunk *c, uint32_t seq)
{
    uint32_t lo = 0, hi = c->n;
    while (hi - lo > 1) {
        uint32_t mid = (lo + hi) / 2;
        if (c->pieces[mid].seq <= seq)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

/* Room for `more` pieces; they fit into a full chunk. */
static bool chunk_grow(struct text *t, struct chunk_ref *ref, uint32_t more)
{
    struct chunk *c = ref->chunk;
    uint32_t cap = c->cap;
    if (c->n + more <= cap)
        return true;
    while (cap < c->n + more)
        cap += cap / 2;
    cap = cap < CHUNK ? cap : CHUNK;
    c = mem_resize(t, c, chunk_size(c->cap), chunk_size(cap));
    if (!c)
        return false;
    c->cap = (uint16_t)cap;
    ref->chunk = c;
    return true;
}

static bool add_chunk(struct text *t, struct agent *a, uint32_t at, uint32_t seq, uint32_t cap)
{
    if (!mem_grow(t, (void **)&a->chunks, &a->cap_chunks, a->n_chunks + 1, sizeof *a->chunks))
        return false;
    struct chunk *c = mem_resize(t, NULL, 0, chunk_size(cap));
    if (!c)
        return false;
    c->n = 0;
    c->cap = (uint16_t)cap;
    memmove(a->chunks + at + 1, a->chunks + at, (a->n_chunks - at) * sizeof *a->chunks);
    a->chunks[at] = (struct chunk_ref){seq, c};
    a->n_chunks++;
    return true;
}

static bool push_piece(struct text *t, struct agent *a, uint32_t seq, uint32_t leaf)
{
    enum { FIRST = 4 };
    if (!a->n_chunks || a->chunks[a->n_chunks - 1].chunk->n == CHUNK)
        if (!add_chunk(t, a, a->n_chunks, seq, a->n_chunks ? CHUNK / 2 : FIRST))
            return false;
    struct chunk_ref *last = &a->chunks[a->n_chunks - 1];
    if (!chunk_grow(t, last, 1))
        return false;
    struct chunk *c = last->chunk;
    c->pieces[c->n++] = (struct piece){seq, leaf};
    return true;
}

void ids_append(struct text *t, uint32_t agent, uint32_t seq, const struct leaf *l)
{
    struct agent *a = &t->agents[agent];
    if (!t->indexed)
        return;
    if (a->n_chunks) {
        const struct chunk *c = a->chunks[a->n_chunks - 1].chunk;
        if (c->pieces[c->n - 1].leaf == l->no)
            return;
    }
    if (!push_piece(t, a, seq, l->no))
        lose_index(t);
}

/* Room for two more pieces in chunk k, where seq is; k moves when the chunk is cut. */
static bool chunk_room(struct text *t, struct agent *a, uint32_t *k, uint32_t seq)
{
    struct chunk *c = a->chunks[*k].chunk;
    if (c->n + 2 <= CHUNK)
        return chunk_grow(t, &a->chunks[*k], 2);
    uint32_t keep = CHUNK / 2;
    if (!add_chunk(t, a, *k + 1, c->pieces[keep].seq, CHUNK))
        return false;
    struct chunk *right = a->chunks[*k + 1].chunk;
    right->n = (uint16_t)(c->n - keep);
    memcpy(right->pieces, c->pieces + keep, right->n * sizeof *c->pieces);
    c->n = (uint16_t)keep;
    if (a->chunks[*k + 1].seq <= seq)
        ++*k;
    return true;
}

static void open_pieces(struct chunk *c, uint32_t at, uint32_t count)
{
    memmove(c->pieces + at + count, c->pieces + at, (c->n - at) * sizeof *c->pieces);
    c->n = (uint16_t)(c->n + count);
}

/* [start, end), or as much of it as lies in one piece, goes to leaf `to`. Returns where it ended;
 * `start` itself when there was no memory. */
static uint32_t move_part(struct text *t, struct agent *a, uint32_t start, uint32_t end,
                          uint32_t to)
{
    uint32_t k = chunk_at(a, start);
    if (!chunk_room(t, a, &k, start))
        return start;
    struct chunk *c = a->chunks[k].chunk;
    uint32_t p = piece_at(c, start), old_end = a->next_seq;
    struct piece old = c->pieces[p];
    bool last = p + 1 == c->n;
    if (!last)
        old_end = c->pieces[p + 1].seq;
    else if (k + 1 < a->n_chunks)
        old_end = a->chunks[k + 1].seq;
    if (end > old_end)
        end = old_end;
    bool join_before = old.seq == start && p && c->pieces[p - 1].leaf == to;
    bool join_behind = old_end == end && !last && c->pieces[p + 1].leaf == to;
    if (end < old_end) { /* the rest stays where it was */
        open_pieces(c, p + 1, 1);
        c->pieces[p + 1] = (struct piece){end, old.leaf};
    }
    if (old.seq < start) {
        p++;
        open_pieces(c, p, 1);
    }
    c->pieces[p] = (struct piece){start, to};
    if (join_behind) {
        memmove(c->pieces + p + 1, c->pieces + p + 2, (c->n - p - 2) * sizeof *c->pieces);
        c->n--;
    }
    if (join_before) {
        memmove(c->pieces + p, c->pieces + p + 1, (c->n - p - 1) * sizeof *c->pieces);
        c->n--;
    }
    return end;
}

/* Nearly always one piece: only at the edges of chunks neighbours are not joined. */
void ids_move(struct text *t, const struct span *s, const struct leaf *to)
{
    uint32_t start = s->seq, end = s->seq + s->len;
    while (t->indexed && start < end) {
        uint32_t next = move_part(t, &t->agents[s->agent], start, end, to->no);
        if (next == start)
            lose_index(t);
        start = next;
    }
}

/* ---- making the pieces of a whole text ---- */

struct found {
    uint32_t seq;
    uint32_t leaf;
};

static int found_compare(const void *x, const void *y)
{
    uint32_t a = ((const struct found *)x)->seq, b = ((const struct found *)y)->seq;
    return a < b ? -1 : a > b;
}

static bool index_agent(struct text *t, struct agent *a, struct found *f, uint32_t n)
{
    qsort(f, n, sizeof *f, found_compare);
    for (uint32_t i = 0; i < n; i++)
        if ((!i || f[i].leaf != f[i - 1].leaf) && !push_piece(t, a, f[i].seq, f[i].leaf))
            return false;
    return true;
}

static bool make_index(struct text *t)
{
    uint32_t spans = 0;
    for (const struct leaf *l = t->first; l; l = l->next)
        spans += l->n;
    struct found *f = malloc((spans + 1) * sizeof *f);
    uint32_t *from = calloc(t->n_agents + 2, sizeof *from);
    bool ok = f && from;
    for (const struct leaf *l = t->first; ok && l; l = l->next)
        for (uint32_t i = 0; i < l->n; i++)
            from[l->spans[i].agent + 2]++;
    for (uint32_t i = 0; ok && i < t->n_agents; i++)
        from[i + 2] += from[i + 1];
    for (const struct leaf *l = t->first; ok && l; l = l->next)
        for (uint32_t i = 0; i < l->n; i++)
            f[from[l->spans[i].agent + 1]++] = (struct found){l->spans[i].seq, l->no};
    for (uint32_t i = 0; ok && i < t->n_agents; i++)
        ok = index_agent(t, &t->agents[i], f + from[i], from[i + 1] - from[i]);
    free(f);
    free(from);
    t->indexed = ok;
    if (!ok)
        lose_index(t);
    return ok;
}

static bool find_in_leaf(const struct leaf *l, uint32_t agent, uint32_t seq, struct at *at)
{
    for (uint32_t i = 0; i < l->n; i++) {
        const struct span *s = &l->spans[i];
        if (s->agent == agent && seq - s->seq < s->len) {
            *at = (struct at){(struct leaf *)l, i, seq - s->seq};
            return true;
        }
    }
    return false;
}

static bool find_near_hint(const struct text *t, uint32_t agent, uint32_t seq, struct at *at)
{
    const struct leaf *l = t->hint;
    if (!l)
        return false;
    uint32_t from = t->hint_i ? t->hint_i - 1 : 0;
    for (uint32_t i = from; i < from + 3 && i < l->n; i++) {
        const struct span *s = &l->spans[i];
        if (s->agent == agent && seq - s->seq < s->len) {
            *at = (struct at){(struct leaf *)l, i, seq - s->seq};
            return true;
        }
    }
    return false;
}

struct at ids_find(const struct text *t, uint32_t agent, uint32_t seq)
{
    struct text *cache = (struct text *)t; /* the index and the hint say nothing new */
    struct at at = {0};
    if (find_near_hint(t, agent, seq, &at)) {
        cache->hint_i = at.i;
        return at;
    }
    if (t->indexed || make_index(cache)) {
        const struct agent *a = &t->agents[agent];
        const struct chunk *c = a->chunks[chunk_at(a, seq)].chunk;
        const struct leaf *l = t->leaves[c->pieces[piece_at(c, seq)].leaf];
        bool found = find_in_leaf(l, agent, seq, &at);
        assert(found);
    } else {
        const struct leaf *l = t->first;
        while (l && !find_in_leaf(l, agent, seq, &at))
            l = l->next;
        assert(l);
    }
    cache->hint = at.leaf;
    cache->hint_i = at.i;
    return at;
}
