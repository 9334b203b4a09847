#include "common/pb_alloc.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "tests/lib/leaks.h"

Test(pb_alloc, memory_comes_zeroed_and_aligned_even_when_reused)
{
    struct pb_alloc a;
    pb_alloc_init(&a, 1000 * 1000, 1000);
    for (int round = 0; round < 3; round++) {
        for (size_t len = 1; len < 300; len += 7) {
            unsigned char *p = pb_alloc_get(&a, len);
            cr_assert_not_null(p);
            cr_assert_eq((uintptr_t)p % _Alignof(max_align_t), 0u);
            for (size_t i = 0; i < len; i++)
                cr_assert_eq(p[i], 0);
            memset(p, 0xaa, len);
        }
        pb_alloc_reset(&a, 1000 * 1000, 1000);
    }
    pb_alloc_fini(&a);
    CHECK_NO_LEAKS();
}

Test(pb_alloc, byte_budget_is_exact)
{
    struct pb_alloc a;
    pb_alloc_init(&a, 100, 1000);
    cr_assert_not_null(pb_alloc_get(&a, 60));
    cr_assert_not_null(pb_alloc_get(&a, 40));
    cr_assert_not_null(pb_alloc_get(&a, 0));
    cr_assert_null(pb_alloc_get(&a, 1));
    cr_assert_eq(pb_alloc_error(&a, NULL), ERR_TOO_LARGE);
    pb_alloc_fini(&a);
    CHECK_NO_LEAKS();
}

Test(pb_alloc, count_budget_is_exact)
{
    struct pb_alloc a;
    pb_alloc_init(&a, 1000, 3);
    for (int i = 0; i < 3; i++)
        cr_assert_not_null(pb_alloc_get(&a, 1));
    cr_assert_null(pb_alloc_get(&a, 1));
    cr_assert_eq(pb_alloc_error(&a, NULL), ERR_TOO_LARGE);
    pb_alloc_reset(&a, 1000, 1);
    cr_assert_not_null(pb_alloc_get(&a, 1), "a reset gives a new budget");
    cr_assert_eq(pb_alloc_error(&a, NULL), ERR_INPUT, "and forgets the refusal");
    pb_alloc_fini(&a);
    CHECK_NO_LEAKS();
}

Test(pb_alloc, works_through_the_door_of_protobuf_c)
{
    struct pb_alloc a;
    pb_alloc_init(&a, 50 * 1000, 100);
    char *small = a.pb.alloc(a.pb.allocator_data, 10);
    char *large = a.pb.alloc(a.pb.allocator_data, 40 * 1000);
    cr_assert(small && large);
    large[40 * 1000 - 1] = 1;
    a.pb.free(a.pb.allocator_data, large);
    small[9] = 1;
    cr_assert_null(a.pb.alloc(a.pb.allocator_data, SIZE_MAX));
    cr_assert_null(a.pb.alloc(a.pb.allocator_data, 40 * 1000), "what was freed is not given back");
    pb_alloc_fini(&a);
    pb_alloc_fini(&a);
    CHECK_NO_LEAKS();
}

Test(pb_alloc, budget_grows_with_the_message_and_does_not_wrap)
{
    cr_assert(pb_alloc_budget(0) >= 4096);
    cr_assert(pb_alloc_budget(1000) > pb_alloc_budget(0));
    cr_assert_eq(pb_alloc_budget(SIZE_MAX), SIZE_MAX);
    CHECK_NO_LEAKS();
}
