#ifndef TANDEM_TESTS_LIB_STORE_CONFORM_H
#define TANDEM_TESTS_LIB_STORE_CONFORM_H

/* Tests of what store.h promises, asked of every implementation. */

#include <criterion/criterion.h>

#include "tests/lib/store_impl.h"

/* A test of suite `store` named `name` that runs for each implementation with `t` open. */
#define CONFORMS(name)                                                                             \
    static void check_##name(struct store_under_test *t);                                          \
    Test(store, name)                                                                              \
    {                                                                                              \
        static const struct store_impl *const impls[] = {&store_impl_mem, &store_impl_sqlite};     \
        for (size_t i = 0; i < sizeof impls / sizeof impls[0]; i++) {                              \
            struct store_under_test t = {.impl = impls[i]};                                        \
            impls[i]->open(&t);                                                                    \
            check_##name(&t);                                                                      \
            impls[i]->close(&t);                                                                   \
        }                                                                                          \
    }                                                                                              \
    static void check_##name(struct store_under_test *t)

#define RUN(request) t->impl->run(t, &(request).req)
#define ASSERT_ERR(got, wanted)                                                                    \
    do {                                                                                           \
        enum err got_ = (got), wanted_ = (wanted);                                                 \
        cr_assert_eq(got_, wanted_, "%s: %s instead of %s", t->impl->name, err_name(got_),         \
                     err_name(wanted_));                                                           \
    } while (0)

#endif
