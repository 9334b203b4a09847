#ifndef TANDEM_COMMON_TEXT_INSIDE_H
#define TANDEM_COMMON_TEXT_INSIDE_H

/* The inside of a text, shared by the files of common/text/ and by nobody else. README.md in this
 * folder has the picture. In short: runs of characters ("spans") stand in document order in the
 * leaves of a B-tree that counts visible characters and bytes; beside it, per agent, where each of
 * its runs hangs (origins) and which leaf holds which seq (pieces). */

#include "common/text/op.h"
#include "common/text/text.h"

/* Debug builds have small nodes, so that small tests see them split. */
#ifdef TANDEM_DEBUG
enum { LEAF_SPANS = 8, LEAF_TEXT = 48, FAN = 4, CHUNK = 6 };
#else
enum {
    LEAF_SPANS = 64, /* spans in a full leaf */
    LEAF_TEXT = 512, /* bytes in a full leaf */
    FAN = 16,        /* children of a full inner node */
    CHUNK = 62,      /* pieces in a full chunk */
};
#endif
enum {
    SMALL_INSERT = LEAF_TEXT / 2, /* bytes that go into an existing leaf */
    TEXT_AGENTS_MAX = 65000,
    TEXT_CHARS_MAX = 1 << 27,     /* characters of one text for ever, struck ones included */
    TEXT_STRIKES_MAX = INT32_MAX, /* characters that one agent strikes and restores in a text */
};

enum span_flag {
    SPAN_ROOT = 1,  /* its first character has an origin of its own (else: chained to seq - 1) */
    SPAN_RIGHT = 2, /* its last character has a child on the right outside this span */
    SPAN_LEFT = 4,  /* its first character has a child on the left */
};

/* Characters agent:seq, seq + 1, ... in one leaf, next to each other, in one state. */
struct span {
    uint32_t seq;
    uint32_t held;  /* who holds it struck: index of the first hold; 0: nobody, visible */
    uint16_t agent; /* index, not number */
    uint16_t len;   /* characters, > 0 */
    uint16_t bytes; /* of its words in the leaf; 0: the words (struck) are not held */
    uint16_t flags; /* enum span_flag */
};

struct leaf {
    struct inner *parent;
    struct leaf *prev, *next; /* in document order */
    struct span *spans;
    uint8_t *text; /* the words of all its spans, struck ones too, one behind the other */
    uint32_t vis, vis_bytes;
    uint32_t no; /* place in text.leaves */
    uint16_t slot;
    uint16_t n, cap;
    uint16_t text_len, text_cap;
};

struct inner {
    struct inner *parent;
    uint16_t slot, n;
    bool leaves; /* the children are leaves */
    uint32_t vis[FAN], bytes[FAN];
    void *child[FAN];
};

/* Where a run hangs in Fugue's tree: its first character; the others hang in a chain behind it. */
struct origin {
    uint32_t seq;
    uint32_t parent_seq;
    uint16_t parent_agent; /* index + 1; 0: start of the text */
    uint16_t left;
};

/* Characters of an agent from seq up to the next piece lie in this leaf. */
struct piece {
    uint32_t seq;
    uint32_t leaf;
};
struct chunk {
    uint16_t n, cap; /* cap grows up to CHUNK */
    struct piece pieces[];
};
struct chunk_ref {
    uint32_t seq; /* of its first piece */
    struct chunk *chunk;
};

struct agent {
    uint32_t number;
    uint32_t next_seq;
    uint32_t strikes;   /* characters in strikes and restores seen */
    uint32_t confirmed; /* how many of them with the server's time */
    struct origin *origins;
    uint32_t n_origins, cap_origins;
    struct chunk_ref *chunks;
    uint32_t n_chunks, cap_chunks;
};

/* A deletion in force. Lists are sorted by (when, agent) and never change; spans share them. */
struct hold {
    uint64_t when;
    uint32_t next;  /* 0: last */
    uint16_t agent; /* index */
    uint16_t refs;  /* spans that point here (first of a list only); the most: never freed */
};

/* A place in the tree: before character `off` of span `i`. i == leaf->n: behind the last. leaf is
 * NULL only in a text that never had a character. */
struct at {
    struct leaf *leaf;
    uint32_t i;
    uint32_t off;
};

struct cursor {
    struct leaf *leaf; /* NULL: not valid */
    size_t leaf_pos;   /* visible characters before the leaf */
    uint32_t i;        /* boundary before this span */
    uint32_t vis;      /* visible characters of the leaf before it */
    uint32_t byte;     /* bytes of the leaf's text before it */
};

struct text {
    void *root; /* leaf or inner, as height says */
    struct leaf *first;
    struct leaf **leaves;
    uint32_t n_leaves, cap_leaves;
    uint32_t height; /* inner levels */
    uint32_t vis, vis_bytes, chars;
    struct agent *agents; /* in order of appearance */
    uint16_t *by_number;  /* indexes, sorted by number */
    uint32_t n_agents, cap_agents;
    struct hold *holds; /* [0] unused */
    uint32_t n_holds, cap_holds, free_hold;
    struct { /* the last change of a list, for the next span that needs the same */
        uint32_t from, to, agent;
        bool add;
        uint64_t when;
    } last_hold;
    struct inner *spare; /* inner nodes allocated ahead, linked by parent */
    struct cursor cur;
    struct leaf *hint; /* where the last identity was found */
    uint32_t hint_i;
    uint16_t last_agent;
    bool indexed; /* the pieces are complete; else they are made when first needed */
    size_t memory;
};

/* ---- tree.c: memory ---- */
void *mem_resize(struct text *t, void *p, size_t old_size, size_t new_size);
void mem_free(struct text *t, void *p, size_t size);
/* Makes room for `need` elements; grows by a quarter at least. */
bool mem_grow(struct text *t, void **array, uint32_t *cap, uint32_t need, size_t size);
/* Gives back what is allocated behind the first n elements. */
void mem_trim(struct text *t, void **array, uint32_t *cap, uint32_t n, size_t size);

/* ---- tree.c ---- */
/* A new empty leaf beside `beside` (NULL: the first of the text). NULL: no memory. */
struct leaf *tree_add_leaf(struct text *t, struct leaf *beside, bool before);
/* An empty leaf with room for so much and no more. NULL: no memory. */
struct leaf *leaf_alloc(struct text *t, uint32_t spans, uint32_t text_bytes);
void leaf_free(struct text *t, struct leaf *l);
/* Links a leaf that was made with leaf_alloc. Cannot fail after tree_reserve. */
void tree_link_leaf(struct text *t, struct leaf *beside, bool before, struct leaf *l);
/* Memory to link `leaves` leaves. */
bool tree_reserve(struct text *t, uint32_t leaves);
/* Makes room for more spans and bytes at `at` (off is kept), splitting the leaf when needed. With
 * `boundary` only the place between spans i-1 and i matters, so that a new leaf may be put there;
 * else span i is followed to where it goes. Nothing visible changes. */
bool tree_room(struct text *t, struct at *at, uint32_t spans, uint32_t bytes, bool boundary);
bool tree_split_leaf(struct text *t, struct leaf *l, uint32_t i);
void tree_count(struct text *t, struct leaf *l, int32_t vis, int32_t bytes);
/* The whole tree over leaves that are linked by next (t->first), for loading. */
bool tree_build(struct text *t);
void tree_free(struct text *t);

/* ---- seek.c ---- */
/* Finds the visible character at pos (pos == length: the end). off is inside a visible span. */
struct at tree_seek(const struct text *t, size_t pos, size_t *leaf_pos, size_t *leaf_byte);
struct at tree_seek_byte(const struct text *t, size_t byte, size_t *leaf_pos, size_t *leaf_byte);
struct leaf *tree_seek_leaf(const struct text *t, size_t pos, size_t *leaf_pos);
/* Visible characters before the leaf. */
size_t tree_pos_of_leaf(const struct leaf *l);
/* Is a's span before b's or, in the same, its off smaller? */
bool tree_before(const struct at *a, const struct at *b);
uint32_t leaf_byte_of(const struct leaf *l, uint32_t i);
/* Bytes of the first n characters of span i whose words start at `byte`. */
uint32_t span_bytes(const struct leaf *l, uint32_t i, uint32_t byte, uint32_t n);

static inline bool at_end(const struct at *a)
{
    return a->i == a->leaf->n && !a->leaf->next;
}
/* Moves from behind the last span of a leaf to the next leaf. */
static inline void at_normal(struct at *a)
{
    if (a->i == a->leaf->n && a->leaf->next)
        *a = (struct at){a->leaf->next, 0, 0};
}
static inline struct span *at_span(const struct at *a)
{
    return &a->leaf->spans[a->i];
}
/* The span before the boundary `a` (off 0), or NULL at the start. */
static inline struct span *at_span_before(const struct at *a)
{
    if (a->i)
        return &a->leaf->spans[a->i - 1];
    return a->leaf->prev ? &a->leaf->prev->spans[a->leaf->prev->n - 1] : NULL;
}

/* ---- agents.c ---- */
/* Index of the agent, or -1. */
int32_t agent_index(const struct text *t, uint32_t number);
/* The same, adding a stranger. -1: no memory or too many. */
int32_t agent_get(struct text *t, uint32_t number);
bool agent_reserve_origin(struct text *t, uint32_t agent);
void agent_add_origin(struct text *t, uint32_t agent, uint32_t seq, struct text_id parent,
                      bool left);
/* The origin of the run that seq is in. */
const struct origin *agent_origin(const struct text *t, uint32_t agent, uint32_t seq);
struct text_id origin_parent(const struct text *t, const struct origin *o);
/* After loading, which meets them in document order. False: no memory. */
bool agent_sort_origins(struct agent *a);
void agents_free(struct text *t);

/* ---- ids.c ---- */
/* Frees the agent's pieces; text.indexed has to say so. */
void ids_forget(struct text *t, struct agent *a);
/* Where is this character? It must exist. May build the pieces, hence not const inside. */
struct at ids_find(const struct text *t, uint32_t agent, uint32_t seq);
/* Characters at the end of the agent's, in this leaf. */
void ids_append(struct text *t, uint32_t agent, uint32_t seq, const struct leaf *l);
/* They moved to another leaf. */
void ids_move(struct text *t, const struct span *s, const struct leaf *to);

/* ---- held.c ---- */
/* The list `from` with the agent's hold added (or put at a new time), or without it. May be 0 for
 * "nobody" when taking away; UINT32_MAX: no memory. Not yet referenced. */
uint32_t held_with(struct text *t, uint32_t from, uint32_t agent, uint64_t when);
uint32_t held_without(struct text *t, uint32_t from, uint32_t agent);
bool held_by(const struct text *t, uint32_t held, uint32_t agent);
bool held_same(const struct text *t, uint32_t a, uint32_t b);
/* A list from sorted holds; UINT32_MAX: no memory. */
uint32_t held_make(struct text *t, const struct hold *holds, uint32_t n);
uint32_t held_one(struct text *t, uint32_t agent, uint64_t when);
static inline void held_ref(struct text *t, uint32_t held)
{
    if (held && t->holds[held].refs < UINT16_MAX)
        t->holds[held].refs++;
}
void held_unref(struct text *t, uint32_t held);
void held_drop_unused(struct text *t, uint32_t held);

/* ---- insert.c ---- */
/* Inserts at the boundary `at`, sets the parent's flag, adds the origin. On success *at is the
 * boundary behind what was inserted. All or nothing. */
MUST_CHECK enum err edit_insert(struct text *t, struct at *at, uint32_t agent, uint32_t seq,
                                struct text_id parent, bool left, const uint8_t *utf8,
                                uint32_t len_cp, size_t len_bytes);

/* ---- edit.c ---- */
/* In a leaf with room for it. */
void leaf_open_span(struct leaf *l, uint32_t i);
void leaf_put_words(struct leaf *l, uint32_t byte, const uint8_t *utf8, uint32_t bytes);
/* How many of the next n characters fit into `most` bytes? Their size in *bytes. */
uint32_t words_fit(const uint8_t *utf8, uint32_t n, uint32_t most, uint32_t *bytes);
/* Cuts the span so that the place becomes a boundary. */
bool edit_split(struct text *t, struct at *at);
/* Gives characters [off, off + n) of the span another list of holds and joins what has become
 * equal. Needs room for two spans when it is a part of the span. Returns the index of the span
 * behind. */
uint32_t edit_hold(struct text *t, const struct at *at, uint32_t n, uint32_t held);
/* One strike or restore by identity, on [seq, seq + len) of agent index `target`. */
MUST_CHECK enum err edit_strike(struct text *t, uint32_t agent, uint64_t when, uint32_t target,
                                uint32_t seq, uint32_t len, bool confirm_only);
MUST_CHECK enum err edit_restore(struct text *t, uint32_t agent, uint32_t target, uint32_t seq,
                                 const uint8_t *utf8, uint32_t len);
void edit_forget_cursor(struct text *t);

/* ---- apply.c ---- */
/* Reads a whole blob: is it well formed, and are its causes here or earlier in it? *n_ops, and the
 * last operation in *only; *all_here: nothing in it is new. */
MUST_CHECK enum err text_check_causes(const struct text *t, uint32_t agent, const void *blob,
                                      size_t len_bytes, struct err_info *why, bool *all_here,
                                      size_t *n_ops, struct op *only);

/* One operation of a blob that was read whole. */
MUST_CHECK enum err text_apply_op(struct text *t, uint32_t agent, uint64_t when,
                                  const struct op *op);

/* ---- order.c ---- */
struct place {
    struct at at;
    uint32_t steps;   /* how many spans were looked at */
    bool own_sibling; /* the agent hangs two characters on one side of one: nobody honest does */
};
/* Where a run of `agent` (number) hanging on this side of `parent` (which exists) goes. */
struct place order_place(const struct text *t, uint32_t agent, uint32_t seq, struct text_id parent,
                         bool left);
/* Does the right (left) sibling a stand before b? Siblings of one agent are made by nobody honest;
 * theirs is any order that is quick. */
static inline bool order_right_before(struct text_id a, struct text_id b)
{
    return a.agent != b.agent ? a.agent < b.agent : a.seq > b.seq;
}
static inline bool order_left_before(struct text_id a, struct text_id b)
{
    return a.agent != b.agent ? a.agent < b.agent : a.seq < b.seq;
}

static inline struct text_id span_first(const struct text *t, const struct span *s)
{
    return (struct text_id){t->agents[s->agent].number, s->seq};
}
static inline struct text_id span_last(const struct text *t, const struct span *s)
{
    return (struct text_id){t->agents[s->agent].number, s->seq + s->len - 1u};
}
static inline bool id_same(struct text_id a, struct text_id b)
{
    return a.agent == b.agent && a.seq == b.seq;
}
/* Is b the continuation of a, apart from their states? */
static inline bool span_continues(const struct span *a, const struct span *b)
{
    return a->agent == b->agent && a->seq + a->len == b->seq && !(b->flags & SPAN_ROOT);
}

#endif
