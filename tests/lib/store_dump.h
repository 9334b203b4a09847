#ifndef TANDEM_TESTS_LIB_STORE_DUMP_H
#define TANDEM_TESTS_LIB_STORE_DUMP_H

/* Everything that a store can be asked for, as text: two stores with the same dump hold the same.
 */

#include "tests/lib/store_impl.h"

/* Returns new (free()). Audits 1 ... naudits; settings "s1" ... "s9". */
char *store_dump(struct store_under_test *t, uint64_t naudits);

/* Checks that every audit's log is dense and chained; NULL, or what is wrong (static). */
const char *store_check_logs(struct store_under_test *t, uint64_t naudits);

#endif
