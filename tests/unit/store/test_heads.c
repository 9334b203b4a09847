#include "server/store/heads.h"

#include <criterion/criterion.h>

static struct heads h;
static void forget(void)
{
    heads_forget(&h);
}
TestSuite(heads, .fini = forget);

static void add(uint64_t audit)
{
    struct head *e = heads_add(&h, audit);
    cr_assert_not_null(e);
    e->seq = audit * 10;
}

Test(heads, finds_what_was_added_and_nothing_else)
{
    cr_assert_null(heads_find(&h, 1));
    for (uint64_t a = 1; a <= HEADS_MAX; a++)
        add(a);
    for (uint64_t a = 1; a <= HEADS_MAX; a++)
        cr_assert_eq(heads_find(&h, a)->seq, a * 10);
    cr_assert_null(heads_find(&h, HEADS_MAX + 1));
}

Test(heads, the_least_recently_used_make_room)
{
    for (uint64_t a = 1; a <= HEADS_MAX; a++)
        add(a);
    cr_assert_not_null(heads_find(&h, 1)); /* used: 2 is the oldest now */
    add(100001);
    cr_assert_null(heads_find(&h, 2));
    cr_assert_not_null(heads_find(&h, 1));
    add(100002);
    cr_assert_null(heads_find(&h, 3));
    cr_assert_eq(h.n, (size_t)HEADS_MAX);
    for (uint64_t a = 200000; a < 200000 + 3 * HEADS_MAX; a++)
        add(a);
    cr_assert_eq(h.n, (size_t)HEADS_MAX);
    cr_assert_null(heads_find(&h, 1));
    cr_assert_not_null(heads_find(&h, 200000 + 2 * HEADS_MAX));
}

Test(heads, the_dirty_ones_are_listed_once_until_the_commit)
{
    add(1);
    add(2);
    heads_mark_dirty(&h, heads_find(&h, 2));
    heads_mark_dirty(&h, heads_find(&h, 1));
    heads_mark_dirty(&h, heads_find(&h, 2));
    cr_assert_eq(h.ndirty, 2);
    cr_assert_eq(h.dirty[0]->audit, 2);
    cr_assert_eq(h.dirty[1]->audit, 1);
    heads_committed(&h);
    cr_assert_eq(h.ndirty, 0);
    heads_mark_dirty(&h, heads_find(&h, 1));
    cr_assert_eq(h.ndirty, 1);
    heads_forget(&h);
    cr_assert_eq(h.ndirty, 0);
    cr_assert_null(heads_find(&h, 1));
}
