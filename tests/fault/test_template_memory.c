/* Fails the n-th allocation, for every n until there is none left to fail: reading, encoding and
 * decoding a template answer with "out of memory", and leave nothing half-made behind. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "server/content/template_yaml.h"
#include "tests/lib/leaks.h"

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
Test(template_memory, only_where_malloc_is_ours)
{
    cr_skip("AddressSanitizer has its own malloc");
}
#else

#include "tests/lib/failing_malloc.h"

static enum err read_it(void)
{
    struct template *t = NULL;
    struct err_info why = {0};
    enum err e = template_yaml_load("tests/unit/content/site_template.yaml", &t, &why);
    template_free(t);
    return e;
}

static struct buf encoded;

static enum err decode_it(void)
{
    struct template *t = NULL;
    struct err_info why = {0};
    enum err e = template_decode(encoded.data, encoded.len, &t, &why);
    template_free(t);
    return e;
}

static const struct template *source;

static enum err encode_it(void)
{
    struct buf b = BUF_INIT;
    template_encode(source, &b);
    enum err e = buf_failed(&b) ? ERR_NOMEM : ERR_OK;
    buf_free(&b);
    return e;
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
        bool without = !e && fn == read_it; /* a file can be read without stdio's buffer */
        cr_expect(e == ERR_NOMEM || without, "%s, allocation %zu: %s", what, n, err_name(e));
    }
    cr_expect(n > at_least, "%s: only %zu allocations were failed", what, n - 1);
}

Test(template_memory, every_allocation_may_fail)
{
    struct template *t = NULL;
    cr_assert_eq(template_yaml_load("tests/unit/content/site_template.yaml", &t, NULL), ERR_OK);
    source = t;
    template_encode(t, &encoded);
    fail_each(encode_it, "encode", 2);
    fail_each(decode_it, "decode", 50);
    fail_each(read_it, "read", 200);
    template_free(t);
    buf_free(&encoded);
}
#endif
