#ifndef TANDEM_TESTS_LIB_FAILING_MALLOC_H
#define TANDEM_TESTS_LIB_FAILING_MALLOC_H

/* A malloc of the test's own that fails its n-th allocation and counts what nobody has freed. To be
 * included by one file of a program: it defines malloc, calloc, realloc and free for the whole of
 * it. A file that lets only some code fail defines FAILING_MALLOC_HERE() first. Not with
 * AddressSanitizer, which has a malloc of its own. */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#ifndef FAILING_MALLOC_HERE
#define FAILING_MALLOC_HERE() true
#endif

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

static size_t fail_at; /* 0 = never; counts down */
static bool failed;
static long live; /* allocations that nobody has freed */

static void *counted(void *p)
{
    live += p != NULL;
    return p;
}

static bool fails_now(void)
{
    if (!FAILING_MALLOC_HERE() || !fail_at || --fail_at)
        return false;
    failed = true;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails_now() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
    return fails_now() ? NULL : counted(__libc_calloc(n, size));
}

void *realloc(void *p, size_t size)
{
    if (fails_now())
        return NULL;
    return p ? __libc_realloc(p, size) : counted(__libc_malloc(size));
}

void free(void *p)
{
    live -= p != NULL;
    __libc_free(p);
}

#endif
