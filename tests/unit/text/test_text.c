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

/* Two people type runs of random lengths at one place, with jumps back to its start, and exchange
 * them in random order: each run stays in one piece. */
Test(text, no_two_runs_at_one_place_ever_interleave)
{
    for (unsigned seed = 0; seed < 2000; seed++) {
        struct text *t[2] = {text_new(), text_new()};
        struct buf start = put(t[0], CARA, 0, "()"), ops[2] = {BUF_INIT, BUF_INIT};
        apply(t[1], CARA, 0, &start);
        for (uint32_t who = 0; who < 2; who++) {
            size_t forwards = 1 + (seed >> 3 * who) % 8, n = 2 + (seed >> (6 + who)) % 5;
            for (size_t k = 0; k < n; k++) { /* typed forwards, or each before the last */
                size_t pos = forwards > 2 ? 1 + k : 1;
                cr_assert_eq(text_insert(t[who], who + 1, pos, who ? "B" : "A", 1, &ops[who]), 0);
            }
        }
        apply(t[0], BEN, 0, &ops[1]);
        apply(t[1], ANNA, 0, &ops[0]);
        struct buf b = BUF_INIT;
        text_read(t[0], 0, text_len_cp(t[0]), &b);
        const char *s = buf_cstr(&b);
        size_t changes = 0;
        for (size_t i = 2; s[i] != ')'; i++)
            changes += s[i] != s[i - 1];
        cr_assert_eq(changes, 1, "seed %u: %s", seed, s);
        expect_same(t[0], t[1]);
        for (size_t i = 0; i < 2; i++) {
            text_free(t[i]);
            buf_free(&ops[i]);
        }
        buf_free(&b);
        buf_free(&start);
    }
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

Test(text, undo_leaves_what_others_wrote_and_redo_brings_back_mine)
{
    struct text *t = text_new();
    struct buf mine = put(t, ANNA, 0, "The visit went well."),
               theirs = put(t, BEN, 9, " on Monday");
    struct buf undone = undo(t, ANNA, &mine);
    expect(t, " on Monday");
    struct buf redone = undo(t, ANNA, &undone);
    expect(t, "The visit on Monday went well.");
    struct buf again = undo(t, ANNA, &redone);
    expect(t, " on Monday");
    struct buf nothing = undo(t, ANNA, &redone);
    cr_assert(text_blob_is_empty(nothing.data, nothing.len));
    buf_free(&mine);
    buf_free(&theirs);
    buf_free(&undone);
    buf_free(&redone);
    buf_free(&again);
    text_free(t);
}

Test(text, undo_says_where_it_changed_something)
{
    struct text *t = text_new();
    size_t at = 99;
    struct buf a = put(t, ANNA, 0, "one two three"), del = cut(t, ANNA, 4, 8, 1),
               inverse = BUF_INIT;
    cr_assert_eq(text_undo(t, ANNA, del.data, del.len, &inverse, &at), ERR_OK);
    cr_assert_eq(at, 8); /* behind what came back */
    buf_clear(&inverse);
    struct buf more = put(t, ANNA, 3, " and a half");
    cr_assert_eq(text_undo(t, ANNA, more.data, more.len, &inverse, &at), ERR_OK);
    cr_assert_eq(at, 3); /* where it was */
    buf_free(&a);
    buf_free(&del);
    buf_free(&inverse);
    buf_free(&more);
    text_free(t);
}

static size_t pos_of(const struct text *t, struct text_anchor a)
{
    size_t pos = 999;
    cr_assert_eq(text_anchor_pos(t, a, &pos), ERR_OK);
    return pos;
}

Test(text, anchors_stay_on_their_characters)
{
    struct text *t = text_new();
    struct buf ops[4] = {put(t, ANNA, 0, "abcdef")};
    struct text_anchor before = text_anchor_at(t, 3, TEXT_BEFORE),
                       after = text_anchor_at(t, 3, TEXT_AFTER),
                       start = text_anchor_at(t, 0, TEXT_AFTER),
                       end = text_anchor_at(t, 6, TEXT_BEFORE);
    ops[1] = put(t, BEN, 3, "XY");
    cr_assert_eq(pos_of(t, before), 5);
    cr_assert_eq(pos_of(t, after), 3);
    ops[2] = put(t, BEN, 0, "<");
    ops[3] = put(t, BEN, 9, ">");
    cr_assert_eq(pos_of(t, start), 0);
    cr_assert_eq(pos_of(t, end), 10);
    struct buf del = cut(t, ANNA, 3, 8, 1); /* both characters go */
    cr_assert_eq(pos_of(t, before), 3);
    cr_assert_eq(pos_of(t, after), 3);
    struct text_anchor unknown = {
        .id = {77, 0}
    };
    size_t pos;
    cr_assert_eq(text_anchor_pos(t, unknown, &pos), ERR_NOT_FOUND);
    for (size_t i = 0; i < 4; i++)
        buf_free(&ops[i]);
    buf_free(&del);
    text_free(t);
}

static bool append_run(void *user, const struct text_run *run)
{
    buf_appendf(user, "%u%s", (unsigned)run->id.agent, run->deleted ? "-" : "+");
    if (run->deleted)
        buf_appendf(user, "%u@%llu", (unsigned)run->deleted_by,
                    (unsigned long long)run->deleted_when);
    buf_append(user, "\"", 1);
    buf_append(user, run->utf8 ? run->utf8 : "?", run->utf8 ? run->len_bytes : 1);
    buf_append(user, "\" ", 2);
    return true;
}

static void expect_runs(const struct text *t, const char *want)
{
    struct buf b = BUF_INIT;
    text_runs(t, 0, text_len_cp(t), append_run, &b);
    cr_expect_str_eq(buf_cstr(&b), want);
    buf_free(&b);
}

Test(text, replacing_keeps_the_authors_of_what_stays)
{
    struct text *t = text_new();
    struct buf a = put(t, ANNA, 0, "He sees his brother on Mondays."), op = BUF_INIT;
    const char *want = "He sees his sister on Tuesdays.";
    cr_assert_eq(text_replace(t, BEN, want, strlen(want), 9, &op), ERR_OK);
    expect(t, want);
    expect_runs(t, "1+\"He sees his \" 1-2@9\"bro\" 2+\"sis\" 1+\"t\" 1-2@9\"h\" "
                   "1+\"er on \" 1-2@9\"Mon\" 2+\"Tues\" 1+\"days.\" ");
    struct text *other = text_new();
    apply(other, ANNA, 1, &a);
    apply(other, BEN, 9, &op);
    expect_same(t, other);
    buf_free(&a);
    buf_free(&op);
    text_free(t);
    text_free(other);
}

Test(text, the_earliest_of_several_deletions_is_reported)
{
    struct text *t = text_new();
    struct buf a = put(t, ANNA, 0, "abc");
    struct text *u = text_new();
    apply(u, ANNA, 1, &a);
    struct buf ben = cut(t, BEN, 0, 2, 20), cara = cut(u, CARA, 1, 3, 10);
    apply(t, CARA, 10, &cara);
    apply(u, BEN, 20, &ben);
    expect_runs(t, "1-2@20\"a\" 1-3@10\"bc\" ");
    expect_same(t, u);
    struct buf back = undo(t, CARA, &cara);
    expect_runs(t, "1-2@20\"ab\" 1+\"c\" ");
    buf_free(&a);
    buf_free(&ben);
    buf_free(&cara);
    buf_free(&back);
    text_free(t);
    text_free(u);
}

Test(text, a_deletion_is_pending_until_the_server_gives_its_time)
{
    struct text *t = text_new();
    struct buf a = put(t, ANNA, 0, "abc"), del = cut(t, ANNA, 0, 1, TEXT_WHEN_PENDING);
    expect_runs(t, "1-1@18446744073709551615\"a\" 1+\"bc\" ");
    apply(t, ANNA, 42, &del);
    expect_runs(t, "1-1@42\"a\" 1+\"bc\" ");
    apply(t, ANNA, 43, &del);
    expect_runs(t, "1-1@42\"a\" 1+\"bc\" ");
    buf_free(&a);
    buf_free(&del);
    text_free(t);
}

Test(text, struck_words_are_saved_only_when_asked_and_come_back_with_a_restore)
{
    struct text *t = text_new(), *joined = NULL;
    struct buf a = put(t, ANNA, 0, "visible hidden"), del = cut(t, ANNA, 7, 14, 5),
               state = BUF_INIT;
    text_encode(t, false, &state);
    cr_assert_eq(text_decode(state.data, state.len, &joined), ERR_OK);
    expect_runs(joined, "1+\"visible\" 1-1@5\"?\" ");
    struct buf back = undo(t, ANNA, &del);
    apply(joined, ANNA, 6, &back);
    expect(joined, "visible hidden");
    apply(t, ANNA, 6, &back);
    expect_same(t, joined);
    buf_free(&a);
    buf_free(&del);
    buf_free(&state);
    buf_free(&back);
    text_free(t);
    text_free(joined);
}

Test(text, a_typed_character_travels_in_a_few_bytes)
{
    struct text *t = text_new();
    struct buf a = put(t, ANNA, 0, "a"), b = put(t, ANNA, 1, "b"), bs = cut(t, ANNA, 1, 2, 5);
    cr_assert_leq(a.len, 3);
    cr_assert_leq(b.len, 3);
    cr_assert_leq(bs.len, 3);
    buf_free(&a);
    buf_free(&b);
    buf_free(&bs);
    text_free(t);
}

Test(text, joined_operations_do_the_same_in_fewer_bytes)
{
    struct text *t = text_new(), *u = text_new();
    struct buf ops = BUF_INIT, joined = BUF_INIT;
    for (size_t i = 0; i < 200; i++)
        cr_assert_eq(text_insert(t, ANNA, i, "x", 1, &ops), ERR_OK);
    for (size_t i = 200; i > 150; i--)
        cr_assert_eq(text_delete(t, ANNA, i - 1, i, 3, &ops), ERR_OK);
    cr_assert_eq(text_join(ANNA, ops.data, ops.len, &joined), ERR_OK);
    cr_assert_lt(joined.len, 220);
    apply(u, ANNA, 3, &joined);
    expect_same(t, u);
    uint8_t bad[] = {0x03};
    cr_assert_eq(text_join(ANNA, bad, 1, &joined), ERR_INPUT);
    buf_free(&ops);
    buf_free(&joined);
    text_free(t);
    text_free(u);
}

Test(text, an_operation_without_its_causes_changes_nothing)
{
    struct text *t = text_new(), *u = text_new();
    struct buf first = put(t, ANNA, 0, "abc"), second = put(t, ANNA, 3, "def"),
               third = cut(t, BEN, 1, 5, 9);
    cr_assert_eq(text_apply(u, ANNA, 1, second.data, second.len), ERR_INPUT);
    cr_assert_eq(text_apply(u, BEN, 1, third.data, third.len), ERR_INPUT);
    expect(u, "");
    apply(u, ANNA, 1, &first);
    cr_assert_eq(text_apply(u, BEN, 1, third.data, third.len), ERR_INPUT);
    expect(u, "abc");
    apply(u, ANNA, 1, &second);
    apply(u, BEN, 9, &third);
    expect(u, "af");
    buf_free(&first);
    buf_free(&second);
    buf_free(&third);
    text_free(t);
    text_free(u);
}
