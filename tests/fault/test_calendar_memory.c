/* Fails the n-th allocation, for every n until there is none left to fail: copying activities,
 * filling the calendar in and the steps in it answer with "out of memory" and leave nothing
 * half-made behind. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/calendar_make.h"
#include "tests/lib/leaks.h"

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
Test(calendar_memory, only_where_malloc_is_ours)
{
    cr_skip("AddressSanitizer has its own malloc");
}
#else

#include "tests/lib/failing_malloc.h"

static struct service s;

static enum err copy_them(void)
{
    struct activities copy;
    enum err e = activities_copy(&s.activities, &copy);
    cr_expect(!e || !copy.n);
    activities_fini(&copy);
    return e;
}

static enum err fill_it(void)
{
    struct calendar c = {0};
    struct calendar_result r;
    struct err_info why = {0};
    const struct calendar_order order = {
        &s.programme, &s.activities, &s.facts,     &s.clock,
        &s.holidays,  {2026, 4, 1},
          {2026, 8, 1},
          {2026, 4, 1}
    };
    enum err e = calendar_generate(&c, &order, &r, &why);
    cr_expect(!e || *why.text);
    calendar_result_fini(&r);
    calendar_fini(&c);
    return e;
}

static enum err move_and_hold(void)
{
    struct occurrence o = {
        .end = OCCURRENCE_OPEN, .limit = {2027, 4, 30},
             .planned = {2027, 4, 30}
    };
    struct occurrence_step step = {
        .by = 1,
        .today = {2027, 4, 12},
        .day = {2027, 4, 12},
        .reason = "because",
        .record = "FCA-2027-0001"
    };
    enum err e = occurrence_move(&o, &step, &s.holidays, NULL);
    cr_expect(!e || (!o.moved && !o.sequence), "nothing or all");
    if (!e)
        e = occurrence_hold(&o, &step, NULL);
    cr_expect(!e || (o.end == OCCURRENCE_OPEN && !o.record), "nothing or all");
    occurrence_fini(&o);
    return e;
}

/* libical itself does not survive a malloc that fails: what it works out stays away here. */
static void without_rrules(void)
{
    for (size_t i = s.activities.n; i-- > 0;)
        if (s.activities.rows[i].rule == ACTIVITY_EVERY ||
            !strcmp(s.activities.rows[i].before[0], "PQA"))
            activities_remove(&s.activities, s.activities.rows[i].code);
}

static void fail_each(enum err (*fn)(void), const char *what, size_t at_least)
{
    size_t n = 1;
    for (;; n++) {
        fail_at = n;
        failed = false;
        long before = live;
        enum err e = fn();
        fail_at = 0;
        long leaked = live - before;
        cr_expect_eq(leaked, 0, "%s, allocation %zu: %ld pieces are leaked", what, n, leaked);
        if (!failed) {
            cr_expect_eq(e, ERR_OK, "%s without a failure", what);
            break;
        }
        cr_expect(e == ERR_NOMEM, "%s, allocation %zu: %s", what, n, err_name(e));
    }
    cr_expect(n > at_least, "%s: only %zu allocations were failed", what, n - 1);
}

Test(calendar_memory, every_allocation_may_fail)
{
    service_init(&s, (struct service_size){1, 40, 40}, 1);
    without_rrules();
    fail_each(copy_them, "copy", 20);
    fail_each(move_and_hold, "move and hold", 3);
    fail_each(fill_it, "fill in", 10);
    service_fini(&s);
}
#endif
