/* Exhaustive small worlds: every sequence of a few actions by two or three people on "ab", with
 * every order of delivery, each held against the slow model and ending equal everywhere. */

#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/text_world.h"

enum { DEPTH_MAX = 6, PLACES = 3 };

/* What one replica may do: insert at 3 places, delete at 3, take back its last, hear another. */
enum { INSERT = 0, DELETE = PLACES, UNDO = 2 * PLACES, HEAR, KINDS };

static bool act(struct world *w, size_t who, size_t what, size_t from)
{
    struct replica *r = &w->r[who];
    struct buf op = BUF_INIT;
    size_t len = text_len_cp(r->t), pos = what % PLACES, n = w->n_made[who];
    if (what == HEAR) {
        if (!world_may_receive(w, r, from))
            return false;
        world_receive(w, r, from);
        return true;
    }
    if (what < DELETE && pos <= len) {
        char letter[] = {(char)('k' + who), (char)('0' + n % 10)};
        EXPECT(w, !text_insert(r->t, r->agent, pos, letter, 2, &op));
    } else if (what >= DELETE && what < UNDO && pos < len) {
        EXPECT(w, !text_delete(r->t, r->agent, pos, pos + 1, TEXT_WHEN_PENDING, &op));
    } else if (what == UNDO && n) {
        const struct buf *last = &w->made[who][n - 1].blob;
        EXPECT(w, !text_undo(r->t, r->agent, last->data, last->len, &op, NULL));
    }
    if (!op.len)
        return false;
    world_publish(w, r, op);
    return true;
}

/* Runs the actions that `code` spells. False: one of them is impossible where it stands. */
static bool run_world(size_t people, size_t depth, uint64_t code)
{
    static struct world w;
    struct buf start = BUF_INIT;
    world_init(&w, code, people);
    EXPECT(&w, !text_insert(w.r[0].t, 1, 0, "ab", 2, &start));
    world_publish(&w, &w.r[0], start);
    for (size_t i = 1; i < people; i++)
        world_receive(&w, &w.r[i], 0);
    size_t kinds = UNDO + 1 + (people - 1);
    bool possible = true;
    for (size_t i = 0; i < depth && possible; i++) {
        size_t who = code % people;
        code /= people;
        size_t what = code % kinds;
        code /= kinds;
        size_t from = what > UNDO ? (who + what - UNDO) % people : 0;
        possible = act(&w, who, what > UNDO ? HEAR : what, from);
    }
    if (possible) {
        world_settle(&w);
        world_expect_all_equal(&w);
    }
    world_fini(&w);
    return possible;
}

static uint64_t run_worlds(size_t people, size_t depth)
{
    uint64_t n = 1, possible = 0;
    for (size_t i = 0; i < depth; i++)
        n *= people * (UNDO + 1 + (people - 1));
    for (uint64_t code = 0; code < n; code++)
        possible += run_world(people, depth, code);
    return possible;
}

Test(text_worlds, two_people_always_agree, .timeout = 0)
{
    cr_assert_gt(run_worlds(2, 5), 100000);
}

Test(text_worlds, three_people_always_agree, .timeout = 0)
{
    cr_assert_gt(run_worlds(3, 3), 5000);
}
