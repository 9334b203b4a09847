#include "common/text/inside.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

void *mem_resize(struct text *t, void *p, size_t old_size, size_t new_size)
{
    void *q = realloc(p, new_size);
    if (q)
        t->memory += new_size - old_size;
    return q;
}

void mem_free(struct text *t, void *p, size_t size)
{
    if (p)
        t->memory -= size;
    free(p);
}

bool mem_grow(struct text *t, void **array, uint32_t *cap, uint32_t need, size_t size)
{
    if (need <= *cap)
        return true;
    uint32_t more = *cap + *cap / 4 + 2;
    if (more < need)
        more = need;
    void *p = mem_resize(t, *array, *cap * size, more * size);
    if (!p)
        return false;
    *array = p;
    *cap = more;
    return true;
}

void mem_trim(struct text *t, void **array, uint32_t *cap, uint32_t n, size_t size)
{
    void *p = n && n < *cap ? mem_resize(t, *array, *cap * size, n * size) : NULL;
    if (!p)
        return;
    *array = p;
    *cap = n;
}

static struct inner *inner_new(struct text *t)
{
    struct inner *n = t->spare;
    if (n)
        t->spare = n->parent;
    else
        n = mem_resize(t, NULL, 0, sizeof *n);
    if (n)
        memset(n, 0, sizeof *n);
    return n;
}

static bool reserve_inner(struct text *t, uint32_t count)
{
    for (struct inner *n = t->spare; n && count; n = n->parent)
        count--;
    for (; count; count--) {
        struct inner *n = mem_resize(t, NULL, 0, sizeof *n);
        if (!n)
            return false;
        n->parent = t->spare;
        t->spare = n;
    }
    return true;
}

/* ---- leaves ---- */

/* Small leaves grow by half, larger ones by an eighth of a full leaf: nearly all texts are one to
 * ten leaves, and what is allocated and not used counts. */
static uint32_t round_up(uint32_t need, uint32_t least, uint32_t most)
{
    uint32_t step = most / 8, cap = least;
    while (cap < need && cap < step)
        cap += cap / 2;
    if (cap < need)
        cap = (need + step - 1) / step * step;
    return cap < most ? cap : most;
}

static bool resize_spans(struct text *t, struct leaf *l, uint32_t cap)
{
    void *p = mem_resize(t, l->spans, l->cap * sizeof *l->spans, cap * sizeof *l->spans);
    if (!p)
        return false;
    l->spans = p;
    l->cap = (uint16_t)cap;
    return true;
}

static bool resize_text(struct text *t, struct leaf *l, uint32_t cap)
{
    void *p = mem_resize(t, l->text, l->text_cap, cap);
    if (!p)
        return false;
    l->text = p;
    l->text_cap = (uint16_t)cap;
    return true;
}

static bool leaf_reserve(struct text *t, struct leaf *l, uint32_t spans, uint32_t bytes)
{
    return (spans <= l->cap || resize_spans(t, l, round_up(spans, 4, LEAF_SPANS))) &&
           (bytes <= l->text_cap || resize_text(t, l, round_up(bytes, 32, LEAF_TEXT)));
}

struct leaf *leaf_alloc(struct text *t, uint32_t spans, uint32_t text_bytes)
{
    struct leaf *l = mem_resize(t, NULL, 0, sizeof *l);
    if (!l)
        return NULL;
    *l = (struct leaf){0};
    if ((spans && !resize_spans(t, l, spans)) || (text_bytes && !resize_text(t, l, text_bytes))) {
        leaf_free(t, l);
        return NULL;
    }
    return l;
}

void leaf_free(struct text *t, struct leaf *l)
{
    if (!l)
        return;
    mem_free(t, l->spans, l->cap * sizeof *l->spans);
    mem_free(t, l->text, l->text_cap);
    mem_free(t, l, sizeof *l);
}

/* Gives memory back after a leaf has lost its second half. */
static void leaf_shrink(struct text *t, struct leaf *l)
{
    uint32_t cap = round_up(l->n + 2u, 4, LEAF_SPANS);
    uint32_t text_cap = round_up(l->text_len + 16u, 32, LEAF_TEXT);
    if (cap < l->cap)
        (void)resize_spans(t, l, cap); /* else it stays as it is */
    if (text_cap < l->text_cap)
        (void)resize_text(t, l, text_cap);
}

/* ---- inner nodes ---- */

static void set_child(struct inner *p, uint32_t slot, void *child, uint32_t vis, uint32_t bytes)
{
    p->child[slot] = child;
    p->vis[slot] = vis;
    p->bytes[slot] = bytes;
    if (p->leaves) {
        ((struct leaf *)child)->parent = p;
        ((struct leaf *)child)->slot = (uint16_t)slot;
    } else {
        ((struct inner *)child)->parent = p;
        ((struct inner *)child)->slot = (uint16_t)slot;
    }
}

static void open_slot(struct inner *p, uint32_t slot)
{
    for (uint32_t k = p->n; k > slot; k--)
        set_child(p, k, p->child[k - 1], p->vis[k - 1], p->bytes[k - 1]);
    p->n++;
}

static void sum(const struct inner *p, uint32_t *vis, uint32_t *bytes)
{
    *vis = *bytes = 0;
    for (uint32_t k = 0; k < p->n; k++) {
        *vis += p->vis[k];
        *bytes += p->bytes[k];
    }
}

/* Puts `child` into `p` at `slot`; when p is full its upper half (or, at the end, only the new
 * child) goes to the new node `q`. */
static void put_child(struct inner *p, struct inner *q, uint32_t slot, void *child, uint32_t vis,
                      uint32_t bytes)
{
    if (q) {
        uint32_t keep = slot == FAN ? FAN : FAN / 2;
        q->leaves = p->leaves;
        for (uint32_t k = keep; k < FAN; k++)
            set_child(q, k - keep, p->child[k], p->vis[k], p->bytes[k]);
        q->n = (uint16_t)(FAN - keep);
        p->n = (uint16_t)keep;
        if (slot > keep || keep == FAN) {
            p = q;
            slot -= keep;
        }
    }
    open_slot(p, slot);
    set_child(p, slot, child, vis, bytes);
}

/* How many inner nodes does a new child of `p` cost? */
static uint32_t nodes_needed(const struct inner *p)
{
    uint32_t count = 0;
    for (; p && p->n == FAN; p = p->parent)
        count++;
    return count + !p;
}

/* The new child takes `vis` and `bytes` from its neighbour `beside`, whose place is `slot` in `p`
 * (p NULL: it was the root). Enough spare nodes must be there. */
static void link_child(struct text *t, struct inner *p, uint32_t slot, void *beside, bool before,
                       void *child, uint32_t vis, uint32_t bytes, bool leaves)
{
    while (p) {
        struct inner *q = p->n == FAN ? inner_new(t) : NULL;
        p->vis[slot] -= vis;
        p->bytes[slot] -= bytes;
        put_child(p, q, slot + !before, child, vis, bytes);
        if (!q)
            return;
        sum(q, &vis, &bytes);
        beside = p;
        child = q;
        before = false;
        leaves = false;
        slot = p->slot;
        p = p->parent;
    }
    struct inner *root = inner_new(t);
    root->leaves = leaves;
    root->n = 2;
    set_child(root, before, beside, t->vis - vis, t->vis_bytes - bytes);
    set_child(root, !before, child, vis, bytes);
    t->root = root;
    t->height++;
}

bool tree_reserve(struct text *t, uint32_t leaves)
{
    return mem_grow(t, (void **)&t->leaves, &t->cap_leaves, t->n_leaves + leaves,
                    sizeof(struct leaf *)) &&
           reserve_inner(t, leaves / (FAN / 2 - 1) + t->height + 3);
}

void tree_link_leaf(struct text *t, struct leaf *beside, bool before, struct leaf *l)
{
    l->no = t->n_leaves;
    t->leaves[t->n_leaves++] = l;
    if (!beside) {
        t->root = t->first = l;
        return;
    }
    l->prev = before ? beside->prev : beside;
    l->next = before ? beside : beside->next;
    if (l->prev)
        l->prev->next = l;
    else
        t->first = l;
    if (l->next)
        l->next->prev = l;
    link_child(t, beside->parent, beside->slot, beside, before, l, l->vis, l->vis_bytes, true);
}

static bool reserve_one(struct text *t, const struct leaf *beside)
{
    return mem_grow(t, (void **)&t->leaves, &t->cap_leaves, t->n_leaves + 1,
                    sizeof(struct leaf *)) &&
           (!beside || reserve_inner(t, nodes_needed(beside->parent)));
}

struct leaf *tree_add_leaf(struct text *t, struct leaf *beside, bool before)
{
    struct leaf *l = leaf_alloc(t, 4, 32);
    if (!l || !reserve_one(t, beside)) {
        leaf_free(t, l);
        return NULL;
    }
    tree_link_leaf(t, beside, before, l);
    return l;
}

bool tree_split_leaf(struct text *t, struct leaf *l, uint32_t i)
{
    assert(i > 0 && i < l->n);
    uint32_t byte = leaf_byte_of(l, i), n = l->n - i, text_len = l->text_len - byte;
    struct leaf *right =
        leaf_alloc(t, round_up(n + 2, 4, LEAF_SPANS), round_up(text_len + 16, 32, LEAF_TEXT));
    if (!right || !reserve_one(t, l)) {
        leaf_free(t, right);
        return false;
    }
    memcpy(right->spans, l->spans + i, n * sizeof *l->spans);
    if (text_len)
        memcpy(right->text, l->text + byte, text_len);
    right->n = (uint16_t)n;
    right->text_len = (uint16_t)text_len;
    for (uint32_t k = 0; k < n; k++)
        if (!right->spans[k].held) {
            right->vis += right->spans[k].len;
            right->vis_bytes += right->spans[k].bytes;
        }
    l->n = (uint16_t)i;
    l->text_len = (uint16_t)byte;
    l->vis -= right->vis;
    l->vis_bytes -= right->vis_bytes;
    leaf_shrink(t, l);
    tree_link_leaf(t, l, false, right);
    for (uint32_t k = 0; k < n; k++)
        ids_move(t, &right->spans[k], right);
    t->cur.leaf = NULL;
    t->hint = NULL;
    return true;
}

/* Where to cut a full leaf: in the middle of what is short, between two spans. */
static uint32_t middle(const struct leaf *l, bool by_bytes)
{
    uint32_t i = l->n / 2u;
    if (by_bytes) {
        uint32_t bytes = 0;
        for (i = 0; i < l->n && bytes + l->spans[i].bytes / 2u < l->text_len / 2u; i++)
            bytes += l->spans[i].bytes;
    }
    return i < 1 ? 1 : i >= l->n ? l->n - 1u : i;
}

bool tree_room(struct text *t, struct at *at, uint32_t spans, uint32_t bytes, bool boundary)
{
    for (;;) {
        struct leaf *l = at->leaf;
        bool fits_text = l->text_len + bytes <= LEAF_TEXT;
        if (l->n + spans <= LEAF_SPANS && fits_text)
            return leaf_reserve(t, l, l->n + spans, l->text_len + bytes);
        if (boundary && (at->i == l->n || at->i == 0)) {
            struct leaf *fresh = tree_add_leaf(t, l, at->i == 0 && l->n);
            if (!fresh)
                return false;
            t->cur.leaf = NULL;
            *at = (struct at){fresh, 0, 0};
            continue;
        }
        uint32_t cut = middle(l, !fits_text);
        if (!tree_split_leaf(t, l, cut))
            return false;
        if (at->i > cut || (at->i == cut && !boundary)) {
            at->leaf = l->next;
            at->i -= cut;
        }
    }
}

void tree_count(struct text *t, struct leaf *l, int32_t vis, int32_t bytes)
{
    l->vis += (uint32_t)vis;
    l->vis_bytes += (uint32_t)bytes;
    t->vis += (uint32_t)vis;
    t->vis_bytes += (uint32_t)bytes;
    uint32_t slot = l->slot;
    for (struct inner *p = l->parent; p; p = p->parent) {
        p->vis[slot] += (uint32_t)vis;
        p->bytes[slot] += (uint32_t)bytes;
        slot = p->slot;
    }
}

/* ---- building at once ---- */

static uint32_t groups_of(uint32_t n)
{
    return (n + FAN - 3) / (FAN - 2);
}

bool tree_build(struct text *t)
{
    uint32_t n = t->n_leaves;
    if (n == 0)
        return true;
    t->root = t->first;
    if (n == 1)
        return true;
    uint32_t inners = 0;
    for (uint32_t k = n; k > 1; inners += k)
        k = groups_of(k);
    void **level = calloc(n, sizeof *level);
    if (!level || !reserve_inner(t, inners)) {
        free(level);
        return false;
    }
    n = 0;
    for (struct leaf *l = t->first; l; l = l->next)
        level[n++] = l;
    for (bool leaves = true; n > 1; leaves = false) {
        uint32_t groups = groups_of(n), out = 0;
        for (uint32_t g = 0, from = 0; g < groups; g++) {
            uint32_t to = (uint32_t)((uint64_t)n * (g + 1) / groups);
            struct inner *p = inner_new(t);
            p->leaves = leaves;
            for (; from < to; from++) {
                uint32_t vis, bytes;
                if (leaves) {
                    vis = ((struct leaf *)level[from])->vis;
                    bytes = ((struct leaf *)level[from])->vis_bytes;
                } else {
                    sum(level[from], &vis, &bytes);
                }
                set_child(p, p->n++, level[from], vis, bytes);
            }
            level[out++] = p;
        }
        n = out;
        t->height++;
        t->root = level[0];
    }
    t->root = level[0];
    free(level);
    return true;
}

void tree_free(struct text *t)
{
    for (struct leaf *l = t->first, *next; l; l = next) {
        next = l->next;
        uint32_t slot = l->slot;
        struct inner *p = l->parent;
        leaf_free(t, l);
        while (p && slot == p->n - 1u) { /* its last child has gone */
            struct inner *up = p->parent;
            slot = p->slot;
            mem_free(t, p, sizeof *p);
            p = up;
        }
    }
    while (t->spare) {
        struct inner *up = t->spare->parent;
        mem_free(t, t->spare, sizeof *up);
        t->spare = up;
    }
    mem_free(t, t->leaves, t->cap_leaves * sizeof(struct leaf *));
}
