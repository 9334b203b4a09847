/* Random concurrent histories: 2 to 5 replicas write, delete, undo, receive in any causal order,
 * receive again, are saved and loaded; each is held against the slow model all the way, and all end
 * equal. TEXT_HISTORIES=1000000 runs more, TEXT_SEED=n starts elsewhere; a failure names its seed.
 */

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/text_world.h"

/* ---- steps ---- */

static size_t random_words(struct world *w, char out[64])
{
    static const char *const letters[] = {"a",  "b",      "c",      " ",
                                          "\n", "\u00e9", "\u2013", "\U0001F600"};
    size_t n = 1 + world_dice(w, world_dice(w, 4) ? 3 : 9), len = 0;
    for (size_t i = 0; i < n; i++) {
        const char *s = letters[world_dice(w, world_dice(w, 3) ? 4 : 8)];
        memcpy(out + len, s, strlen(s));
        len += strlen(s);
    }
    return len;
}

static void insert_long(struct world *w, struct replica *r, size_t pos, struct buf *op)
{
    struct buf words = BUF_INIT;
    for (size_t n = 5 + world_dice(w, 20); n; n--) {
        char some[64];
        buf_append(&words, some, random_words(w, some));
    }
    EXPECT(w, text_insert(r->t, r->agent, pos, (char *)words.data, words.len, op) == ERR_OK);
    buf_free(&words);
}

static void undo_some(struct world *w, struct replica *r, struct buf *op)
{
    size_t me = r->agent - 1, n = w->n_made[me];
    if (!n)
        return;
    size_t k = world_dice(w, 2) ? n - 1 : world_dice(w, (uint32_t)n), changed = 0;
    const struct buf *blob = &w->made[me][k].blob;
    EXPECT(w, text_undo(r->t, r->agent, blob->data, blob->len, op, &changed) == ERR_OK);
    EXPECT(w, changed <= text_len_cp(r->t));
}

/* Takes everything back in the same blob, and perhaps that again. */
static void undo_at_once(struct world *w, struct replica *r, struct buf *op)
{
    struct buf last = BUF_INIT;
    buf_append(&last, op->data, op->len);
    for (size_t n = world_dice(w, 4); n; n--) {
        struct buf inverse = BUF_INIT;
        EXPECT(w, text_undo(r->t, r->agent, last.data, last.len, &inverse, NULL) == ERR_OK);
        buf_append(op, inverse.data, inverse.len);
        buf_free(&last);
        last = inverse;
    }
    buf_free(&last);
}

static void edit_much(struct world *w, struct replica *r, struct buf *op)
{
    for (size_t n = 1 + world_dice(w, 3); n; n--) {
        char words[64];
        size_t len = text_len_cp(r->t), pos = world_dice(w, (uint32_t)len + 1);
        size_t m = random_words(w, words);
        EXPECT(w, text_insert(r->t, r->agent, pos, words, m, op) == ERR_OK);
        if (len)
            EXPECT(w, text_delete(r->t, r->agent, world_dice(w, (uint32_t)len), len,
                                  TEXT_WHEN_PENDING, op) == ERR_OK);
    }
    undo_at_once(w, r, op);
}

static void edit(struct world *w, struct replica *r)
{
    struct buf op = BUF_INIT;
    size_t len = text_len_cp(r->t), pos = world_dice(w, (uint32_t)len + 1), n;
    char words[64];
    switch (world_dice(w, 10)) {
    case 0:
    case 1:
    case 2:                                             /* typing on */
        pos = r->typing_at <= len ? r->typing_at : len; /* fall through */
    case 3:
    case 4:
        n = random_words(w, words);
        EXPECT(w, text_insert(r->t, r->agent, pos, words, n, &op) == ERR_OK);
        r->typing_at = pos + text_len_cp(r->t) - len;
        break;
    case 5: /* backspace or delete */
        pos = r->typing_at <= len ? r->typing_at : len;
        if (pos < len && world_dice(w, 2))
            pos++;
        if (pos)
            EXPECT(w, text_delete(r->t, r->agent, pos - 1, pos, TEXT_WHEN_PENDING, &op) == ERR_OK);
        r->typing_at = pos ? pos - 1 : 0;
        break;
    case 6:
        n = world_dice(w, (uint32_t)(len - pos) + 1);
        EXPECT(w, text_delete(r->t, r->agent, pos, pos + n, TEXT_WHEN_PENDING, &op) == ERR_OK);
        r->typing_at = pos;
        break;
    case 7:
        undo_some(w, r, &op);
        break;
    case 8:
        if (world_dice(w, 8) == 0)
            insert_long(w, r, pos, &op);
        break;
    default: /* several in one blob */
        edit_much(w, r, &op);
    }
    if (op.len)
        world_publish(w, r, op);
    else
        buf_free(&op);
}

static void step(struct world *w)
{
    struct replica *r = &w->r[world_dice(w, (uint32_t)w->n)];
    size_t from = world_dice(w, (uint32_t)w->n);
    switch (world_dice(w, 16)) {
    case 0:
        world_receive_again(w, r);
        break;
    case 1:
    case 2:
        world_confirm_next(w, r);
        break;
    case 3:
        if (world_dice(w, 3) == 0)
            world_save_and_load(w, r, !w->words_lost || world_dice(w, 2));
        break;
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
        if (world_may_receive(w, r, from))
            world_receive(w, r, from);
        break;
    default:
        if (w->n_made[r->agent - 1] < OPS_MAX)
            edit(w, r);
    }
    if (world_dice(w, 14) == 0)
        world_compare(w, r);
}

static void run_history(uint64_t seed, bool words_lost, size_t steps)
{
    static struct world w;
    world_init(&w, seed, 0);
    w.words_lost = words_lost;
    for (size_t i = 0; i < steps; i++)
        step(&w);
    world_settle(&w);
    world_expect_all_equal(&w);
    world_fini(&w);
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *s = getenv(name);
    return s ? strtoull(s, NULL, 10) : otherwise;
}

/* Four parts, so that they run beside each other. */
static void run_part(uint64_t part)
{
    uint64_t n = setting("TEXT_HISTORIES", 100000) / 4, from = setting("TEXT_SEED", 1) + part * n;
    for (uint64_t i = 0; i < n; i++) {
        /* how it goes depends on the seed only, so that it can be run alone */
        run_history(from + i, (from + i) % 8 == 7, (from + i) % 16 == 15 ? 160 : 40);
    }
}

Test(text_histories, first_part_converges, .timeout = 0)
{
    run_part(0);
}

Test(text_histories, second_part_converges, .timeout = 0)
{
    run_part(1);
}

Test(text_histories, third_part_converges, .timeout = 0)
{
    run_part(2);
}

Test(text_histories, fourth_part_converges, .timeout = 0)
{
    run_part(3);
}
