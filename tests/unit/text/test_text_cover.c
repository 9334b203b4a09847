#include <criterion/criterion.h>

#include "common/text/cover.h"

/* Every set of runs on a few characters, which lie somewhere on a longer line whose other
 * characters are covered by one run on each side. */

enum { FEW = 5 };

/* The runs of the set, as bits: [0,0] [0,1] .. [0,n-1] [1,1] .. Is each character in one? */
static bool put_set(struct cover *c, size_t from, size_t n, unsigned set, bool *added)
{
    unsigned times[FEW] = {0};
    size_t bit = 0;
    for (size_t first = 0; first < n; first++)
        for (size_t last = first; last < n; last++)
            if (set >> bit++ & 1) {
                *added &= cover_add(c, from + first, from + last);
                for (size_t k = first; k <= last; k++)
                    times[k]++;
            }
    bool whole = true;
    for (size_t k = 0; k < n; k++)
        whole &= times[k] == 1;
    return whole;
}

static void try_sets(size_t from, size_t n, size_t behind)
{
    for (unsigned set = 0; set < 1u << (n * (n + 1) / 2); set++) {
        struct cover c;
        bool added = true;
        cr_assert(cover_init(&c, from + n + behind));
        if (from)
            added &= cover_add(&c, 0, from - 1);
        bool whole = put_set(&c, from, n, set, &added);
        if (behind)
            added &= cover_add(&c, from + n, from + n + behind - 1);
        cr_assert_eq(added && cover_is_whole(&c), whole, "set %x of %zu at %zu of %zu", set, n,
                     from, from + n + behind);
        cover_fini(&c);
    }
}

Test(text_cover, runs_are_whole_when_each_character_is_in_one)
{
    for (size_t n = 0; n <= FEW; n++)
        try_sets(0, n, 0);
    try_sets(61, FEW, 0);
    try_sets(0, FEW, 59);
    try_sets(62, 4, 100);
    try_sets(64, 4, 64);
    try_sets(COVER_BLOCK - 2, 4, 0);
    try_sets(3 * COVER_BLOCK - 2, 4, 2 * COVER_BLOCK + 7);
}

Test(text_cover, a_hole_anywhere_is_found)
{
    enum { N = 3 * COVER_BLOCK + 5 };
    static const size_t at[] = {0, 1, 63, 64, COVER_BLOCK - 1, COVER_BLOCK, 2 * COVER_BLOCK, N - 1};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        struct cover c;
        cr_assert(cover_init(&c, N));
        if (at[i])
            cr_assert(cover_add(&c, 0, at[i] - 1));
        if (at[i] + 1 < N)
            cr_assert(cover_add(&c, at[i] + 1, N - 1));
        cr_assert_not(cover_is_whole(&c), "hole at %zu", at[i]);
        cr_assert(cover_add(&c, at[i], at[i]));
        cr_assert(cover_is_whole(&c), "filled at %zu", at[i]);
        cover_fini(&c);
    }
}
