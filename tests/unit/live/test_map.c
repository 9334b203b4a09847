#include "server/live/map.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* Against a plain array, over many random steps; keys cluster so that probes collide. */
Test(map, holds_what_was_put_and_not_removed)
{
    static int things[512];
    bool in[512] = {0};
    struct map m = {0};
    unsigned seed = 7;
    cr_assert_null(map_find(&m, 3));
    map_remove(&m, 3);
    for (int step = 0; step < 100000; step++) {
        size_t i = (size_t)rand_r(&seed) % 512;
        uint64_t key = i % 3 ? i : (uint64_t)i << 32;
        bool put = step / 4000 % 2 ? rand_r(&seed) % 4 == 0 : rand_r(&seed) % 4 != 0;
        if (put)
            cr_assert_eq(map_put(&m, key, &things[i]), ERR_OK);
        else
            map_remove(&m, key);
        in[i] = put;
        if (step % 500)
            continue;
        size_t n = 0, walked = 0;
        for (size_t k = 0; k < 512; k++) {
            uint64_t key_k = k % 3 ? k : (uint64_t)k << 32;
            cr_assert_eq(map_find(&m, key_k), in[k] ? &things[k] : NULL);
            n += in[k];
        }
        cr_assert_eq(m.len, n);
        MAP_EACH(&m, k)
        walked++;
        cr_assert_eq(walked, n);
    }
    map_fini(&m);
}

Test(map, a_key_put_again_has_the_new_value)
{
    struct map m = {0};
    int a, b;
    cr_assert_eq(map_put(&m, 0, &a), ERR_OK);
    cr_assert_eq(map_put(&m, 0, &b), ERR_OK);
    cr_assert_eq(map_find(&m, 0), &b);
    cr_assert_eq(m.len, 1);
    map_fini(&m);
}
