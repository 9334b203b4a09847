/* The contract of common/text/text.h, case by case. */

#include <criterion/criterion.h>
#include <string.h>

#include "common/text/text.h"

enum { ANNA = 1, BEN = 2, CARA = 3 };

static struct buf put(struct text *t, uint32_t agent, size_t pos, const char *s)
{
    struct buf op = BUF_INIT;
    cr_assert_eq(text_insert(t, agent, pos, s, strlen(s), &op), ERR_OK);
    return op;
}

static struct buf cut(struct text *t, uint32_t agent, size_t start, size_t end, uint64_t when)
{
    struct buf op = BUF_INIT;
    cr_assert_eq(text_delete(t, agent, start, end, when, &op), ERR_OK);
    return op;
}

static void apply(struct text *t, uint32_t agent, uint64_t when, const struct buf *op)
{
    cr_assert_eq(text_apply(t, agent, when, op->data, op->len), ERR_OK);
}

static void expect(const struct text *t, const char *want)
{
    struct buf b = BUF_INIT;
    text_check_invariants(t);
    text_read(t, 0, text_len_cp(t), &b);
    cr_assert_str_eq(buf_cstr(&b), want);
    buf_free(&b);
}

static void expect_same(const struct text *a, const struct text *b)
{
    struct buf x = BUF_INIT, y = BUF_INIT;
    text_encode(a, true, &x);
    text_encode(b, true, &y);
    cr_assert_eq(x.len, y.len);
    cr_assert_eq(memcmp(x.data, y.data, x.len), 0);
    buf_free(&x);
    buf_free(&y);
}

static struct buf undo(struct text *t, uint32_t agent, const struct buf *op)
{
    struct buf inverse = BUF_INIT;
    cr_assert_eq(text_undo(t, agent, op->data, op->len, &inverse, NULL), ERR_OK);
    return inverse;
}

Test(text, what_is_typed_is_read_back)
{
    struct text *t = text_new();
    struct buf a = put(t, ANNA, 0, "Liam is well"), b = put(t, ANNA, 8, "very "),
               c = put(t, ANNA, 17, " \u2013 caf\u00e9");
    expect(t, "Liam is very well \u2013 caf\u00e9");
    cr_assert_eq(text_len_cp(t), 24);
    cr_assert_eq(text_len_bytes(t), 27);
    cr_assert_eq(text_byte_of_cp(t, 19), 21);
    cr_assert_eq(text_cp_of_byte(t, 21), 19);
    buf_free(&a);
    buf_free(&b);
    buf_free(&c);
    text_free(t);
}

Test(text, two_runs_typed_at_one_place_do_not_interleave)
{
    struct text *a = text_new(), *b = text_new();
    struct buf ops[2][6];
    for (size_t i = 0; i < 6; i++) {
        ops[0][i] = put(a, ANNA, i, (const char[]){"hello "[i], 0});
        ops[1][i] = put(b, BEN, i, (const char[]){"world "[i], 0});
    }
    for (size_t i = 0; i < 6; i++) {
        apply(a, BEN, 0, &ops[1][i]);
        apply(b, ANNA, 0, &ops[0][i]);
        buf_free(&ops[0][i]);
        buf_free(&ops[1][i]);
    }
    expect(a, "hello world ");
    expect_same(a, b);
    text_free(a);
    text_free(b);
}

Test(text, undo_takes_back_only_my_own_deletion)
{
    struct text *a = text_new(), *b = text_new();
    struct buf words = put(a, ANNA, 0, "abcdef");
    apply(b, ANNA, 0, &words);
    struct buf mine = cut(a, ANNA, 1, 4, 10), theirs = cut(b, BEN, 2, 5, 20);
    apply(a, BEN, 20, &theirs);
    apply(b, ANNA, 10, &mine);
    expect(a, "af");
    struct buf back = undo(a, ANNA, &mine);
    expect(a, "abf");
    apply(b, ANNA, 30, &back);
    apply(a, ANNA, 30, &back); /* confirmed */
    expect_same(a, b);
    struct buf again = undo(a, ANNA, &back);
    expect(a, "af");
    buf_free(&words);
    buf_free(&mine);
    buf_free(&theirs);
    buf_free(&back);
    buf_free(&again);
    text_free(a);
    text_free(b);
}

Test(text, a_late_retry_of_a_deletion_does_not_strike_out_what_was_restored)
{
    struct text *a = text_new(), *b = text_new();
    struct buf words = put(a, ANNA, 0, "abc"), del = cut(a, ANNA, 0, 2, 5);
    struct buf back = undo(a, ANNA, &del);
    apply(b, ANNA, 1, &words);
    apply(b, ANNA, 5, &del);
    apply(b, ANNA, 6, &back);
    apply(b, ANNA, 5, &del);
    expect(b, "abc");
    apply(a, ANNA, 6, &back);
    expect_same(a, b);
    buf_free(&words);
    buf_free(&del);
    buf_free(&back);
    text_free(a);
    text_free(b);
}
