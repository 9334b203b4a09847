#ifndef TANDEM_TESTS_LIB_TEXT_WORLD_H
#define TANDEM_TESTS_LIB_TEXT_WORLD_H

/* Some replicas of one text, each beside its slow model, and what each has made and received.
 * A broken expectation says the seed and aborts. */

#include "common/text/text.h"
#include "tests/lib/text_model.h"

enum { REPLICAS_MAX = 5, OPS_MAX = 64 };

struct made {
    struct buf blob;
    uint64_t when;
    size_t needs[REPLICAS_MAX];
};

struct replica {
    uint32_t agent;
    struct text *t;
    struct text_model *m;
    size_t seen[REPLICAS_MAX]; /* operations of each, own ones included */
    size_t confirmed;          /* own ones */
    size_t typing_at;
};

struct world {
    uint64_t rng;
    uint64_t seed;
    size_t n;
    struct replica r[REPLICAS_MAX];
    struct made made[REPLICAS_MAX][OPS_MAX];
    size_t n_made[REPLICAS_MAX];
    bool words_lost; /* a replica was loaded without struck words */
};

/* `seed` also names the world in what is printed; replicas 0: 2 to 5. */
void world_init(struct world *w, uint64_t seed, size_t replicas);
void world_fini(struct world *w);
uint32_t world_dice(struct world *w, uint32_t sides);
_Noreturn void world_fail(const struct world *w, const char *what);
#define EXPECT(w, x) ((x) ? (void)0 : world_fail(w, #x))

/* Is the replica what its model says: words, runs, positions, anchors, inner rules? */
void world_compare(struct world *w, const struct replica *r);
/* Takes `blob`, which r's text has just made; its model learns it. */
void world_publish(struct world *w, struct replica *r, struct buf blob);
/* Is there an operation of `from` whose causes are here? */
bool world_may_receive(const struct world *w, const struct replica *r, size_t from);
void world_receive(struct world *w, struct replica *r, size_t from);
void world_receive_again(struct world *w, struct replica *r);
/* The server's time for r's oldest operation without. */
void world_confirm_next(struct world *w, struct replica *r);
void world_save_and_load(struct world *w, struct replica *r, bool words);
/* Everything reaches everybody. */
void world_settle(struct world *w);
void world_expect_all_equal(struct world *w);

#endif
