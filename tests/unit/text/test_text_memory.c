/* Running out of memory, and how much memory is used. Every allocation of a case fails once, the
 * first, then the second and so on until the case passes; what is tried must then be undone
 * altogether. Under AddressSanitizer, which has its own allocator, only the sizes are tested. */

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/text/text.h"

#ifndef __SANITIZE_ADDRESS__
#define CAN_FAIL 1
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
static long fail_in = -1; /* allocations until the one that fails; < 0: none */

static bool fails(void)
{
    return fail_in >= 0 && fail_in-- == 0;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    return fails() ? NULL : __libc_realloc(p, size);
}
#else
#define CAN_FAIL 0
static long fail_in = -1;
#endif

struct attempt {
    const char *what;
    enum err (*run)(struct text *t, struct buf *op);
};

static enum err type_one(struct text *t, struct buf *op)
{
    return text_insert(t, 9, text_len_cp(t) / 2, "x", 1, op);
}

static enum err paste(struct text *t, struct buf *op)
{
    static char words[3000];
    memset(words, 'p', sizeof words);
    return text_insert(t, 9, text_len_cp(t) / 3, words, sizeof words, op);
}

static enum err cut_across(struct text *t, struct buf *op)
{
    return text_delete(t, 9, 3, text_len_cp(t) - 5, 77, op);
}

static enum err cut_one(struct text *t, struct buf *op)
{
    return text_delete(t, 9, 7, 8, 77, op);
}

static const struct attempt attempts[] = {
    {"typing a character",   type_one  },
    {"pasting a page",       paste     },
    {"deleting across runs", cut_across},
    {"deleting a character", cut_one   },
};

static struct text *written(void)
{
    struct text *t = text_new();
    struct buf op = BUF_INIT;
    for (size_t i = 0; i < 300; i++) {
        size_t len = text_len_cp(t);
        cr_assert_eq(text_insert(t, (uint32_t)(1 + i % 3), i * 7919 % (len + 1), "words", 5, &op),
                     ERR_OK);
        if (i % 4 == 3)
            cr_assert_eq(text_delete(t, 2, len / 2, len / 2 + 3, i, &op), ERR_OK);
    }
    buf_free(&op);
    return t;
}

Test(text_memory, what_fails_for_want_of_memory_changes_nothing)
{
    for (size_t k = 0; CAN_FAIL && k < sizeof attempts / sizeof *attempts; k++) {
        enum err e = ERR_NOMEM;
        long failed = 0;
        for (long n = 0; e; n++) {
            struct text *t = written();
            struct buf before = BUF_INIT, after = BUF_INIT, op = BUF_INIT;
            text_encode(t, true, &before);
            fail_in = n;
            e = attempts[k].run(t, &op);
            fail_in = -1;
            text_check_invariants(t);
            text_encode(t, true, &after);
            bool same = before.len == after.len && !memcmp(before.data, after.data, after.len);
            cr_assert(e ? e == ERR_NOMEM && same && !op.len : !same, "%s, allocation %ld: %s",
                      attempts[k].what, n, err_name(e));
            failed += e != ERR_OK;
            /* and it goes on working */
            buf_clear(&op);
            cr_assert_eq(attempts[k].run(t, &op), ERR_OK);
            text_check_invariants(t);
            text_free(t);
            buf_free(&before);
            buf_free(&after);
            buf_free(&op);
        }
        cr_assert_gt(failed, 0, "%s: nothing was made to fail", attempts[k].what);
    }
}

Test(text_memory, applying_and_loading_survive_every_failed_allocation)
{
    struct text *from = written(), *t = NULL;
    struct buf state = BUF_INIT, op = BUF_INIT;
    text_encode(from, true, &state);
    cr_assert_eq(paste(from, &op), ERR_OK);
    cr_assert_eq(cut_across(from, &op), ERR_OK);
    for (long n = 0; CAN_FAIL && !t; n++) {
        fail_in = n;
        enum err e = text_decode(state.data, state.len, &t);
        fail_in = -1;
        cr_assert(e == ERR_OK || e == ERR_NOMEM);
    }
    if (!t)
        cr_assert_eq(text_decode(state.data, state.len, &t), ERR_OK);
    enum err e = CAN_FAIL ? ERR_NOMEM : text_apply(t, 9, 77, op.data, op.len);
    for (long n = 0; e; n++) { /* what was applied in part is completed by the next try */
        fail_in = n;
        e = text_apply(t, 9, 77, op.data, op.len);
        fail_in = -1;
        cr_assert(e == ERR_OK || e == ERR_NOMEM);
        text_check_invariants(t);
    }
    struct buf a = BUF_INIT, b = BUF_INIT;
    text_encode(t, true, &a);
    text_encode(from, true, &b);
    cr_assert(a.len == b.len && !memcmp(a.data, b.data, a.len));
    text_free(t);
    text_free(from);
    buf_free(&state);
    buf_free(&op);
    buf_free(&a);
    buf_free(&b);
}

Test(text_memory, an_empty_answer_is_tiny)
{
    struct text *t = text_new();
    cr_assert_leq(text_memory_bytes(t), 256);
    text_free(t);
}

Test(text_memory, a_text_does_not_grow_by_being_saved_and_loaded_for_ever)
{
    struct text *t = written();
    size_t most = 0;
    for (size_t i = 0; i < 400; i++) {
        struct buf state = BUF_INIT, op = BUF_INIT, back = BUF_INIT;
        cr_assert_eq(text_delete(t, 5, 10, 40, 1000, &op), ERR_OK);
        cr_assert_eq(text_apply(t, 5, 1000, op.data, op.len), ERR_OK);
        cr_assert_eq(text_undo(t, 5, op.data, op.len, &back, NULL), ERR_OK);
        text_encode(t, true, &state);
        text_free(t);
        cr_assert_eq(text_decode(state.data, state.len, &t), ERR_OK);
        if (i == 10)
            most = text_memory_bytes(t);
        buf_free(&state);
        buf_free(&op);
        buf_free(&back);
    }
    cr_assert_leq(text_memory_bytes(t), most + 64);
    text_free(t);
}
