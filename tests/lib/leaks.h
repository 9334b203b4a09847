#ifndef TANDEM_TESTS_LIB_LEAKS_H
#define TANDEM_TESTS_LIB_LEAKS_H

/* Criterion's test processes end without the leak checker: ask for it in the test's body. Does
 * something only in the asan flavour. What is still reachable from a global is no leak. */

#include <criterion/criterion.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/lsan_interface.h>
#define CHECK_NO_LEAKS() cr_assert_eq(__lsan_do_recoverable_leak_check(), 0, "memory is leaked")
#else
#define CHECK_NO_LEAKS() ((void)0)
#endif

#endif
