/* Fails the n-th allocation, for every n until there is none left to fail: a list of duties is
 * whole or there is none. */
#include <criterion/criterion.h>
#include <string.h>

#include "server/rules/duty.h"
#include "tests/lib/leaks.h"
#include "tests/lib/record_make.h"

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
Test(duty_memory, only_where_malloc_is_ours)
{
    cr_skip("AddressSanitizer has its own malloc");
}
#else

#include "tests/lib/failing_malloc.h"

enum { ACTIONS = 40 };

/* An audit that is followed up, with many actions. */
static struct record *make(void)
{
    struct record *r = record_new("FCA", "2026-12-18", "2026-12-01");
    record_move(r, FAY, AUDIT_ACTION_PLANNING);
    for (int i = 0; i < ACTIONS; i++)
        record_add(r, FAY, "L5.actions");
    record_move(r, FAY, AUDIT_FOLLOW_UP);
    return r;
}

Test(duty_memory, every_allocation_may_fail)
{
    struct record *r = make();
    struct facts f = record_facts(r);
    size_t n = 1;
    for (;; n++) {
        struct duty_list list = {0};
        fail_at = n;
        failed = false;
        long before = live;
        enum err e = duties_of(&f, &list);
        fail_at = 0;
        cr_assert_eq(e, failed ? ERR_NOMEM : ERR_OK, "allocation %zu: %s", n, err_name(e));
        cr_assert_eq(list.n, failed ? 0 : ACTIONS, "allocation %zu: %zu duties", n, list.n);
        duty_list_free(&list);
        cr_assert_eq(live - before, 0, "allocation %zu: something is leaked", n);
        if (!failed)
            break;
    }
    cr_assert(n > 2, "only %zu allocations were failed", n - 1);
    record_free(r);
}
#endif
