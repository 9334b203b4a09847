/* What a hostile peer may send: nothing of it crashes, everything impossible is refused. Half of it
 * is real traffic with some bytes changed. TEXT_HOSTILE=n runs more of the random part. */

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/text/op.h"
#include "tests/lib/text_hostile.h"
#include "tests/lib/text_world.h"

static uint64_t rounds(uint64_t otherwise)
{
    const char *s = getenv("TEXT_HOSTILE");
    return s ? strtoull(s, NULL, 10) : otherwise;
}

static struct op random_op(struct world *w, uint32_t agent, uint32_t *seq, uint32_t *number)
{
    static const char words[] = "abcdefghijklmnop";
    struct op op = {.kind = (enum op_kind)world_dice(w, 3),
                    .seq = *seq,
                    .number = *number,
                    .left = world_dice(w, 2),
                    .len_cp = 1 + world_dice(w, 4),
                    .utf8 = (const uint8_t *)words};
    struct text_id any = {1 + world_dice(w, 4), world_dice(w, 8)};
    op.parent = world_dice(w, 3) ? any : (struct text_id){agent, *seq ? *seq - 1 : 0};
    if (world_dice(w, 3) == 0)
        op.parent = (struct text_id){0, 0};
    op.left = op.left && op.parent.agent;
    op.target = any;
    if (op.kind == OP_INSERT)
        *seq += op.len_cp;
    else
        *number += op.len_cp;
    op.len_bytes = op.kind == OP_STRIKE ? 0 : op.len_cp;
    return op;
}

/* A script for text_hostile_ops of operations that are at least well formed. */
static void random_script(struct world *w, struct buf *script)
{
    uint32_t seq[5] = {0}, number[5] = {0};
    for (size_t n = 2 + world_dice(w, 12); n; n--) {
        if (world_dice(w, 3) == 0) {
            buf_append_u8(script, (uint8_t)(world_dice(w, 128) << 1 | 1));
            buf_append_u8(script, (uint8_t)world_dice(w, 256));
            continue;
        }
        struct buf blob = BUF_INIT;
        uint32_t agent = 1 + world_dice(w, 4);
        for (size_t k = 1 + world_dice(w, 3); k; k--) {
            struct op op = random_op(w, agent, &seq[agent], &number[agent]);
            op_write(&blob, agent, &op, false);
        }
        buf_append_u8(script, (uint8_t)(2 * (agent - 1)));
        buf_append_u8(script, (uint8_t)blob.len);
        buf_append(script, blob.data, blob.len);
        buf_free(&blob);
    }
}

Test(text_hostile, impossible_operations_are_refused_as_by_the_model, .timeout = 0)
{
    for (uint64_t seed = 1; seed <= rounds(60000); seed++) {
        struct world w = {.rng = seed * 0x9e3779b97f4a7c15u + 1};
        struct buf script = BUF_INIT;
        random_script(&w, &script);
        for (size_t n = world_dice(&w, 3); n && world_dice(&w, 2); n--)
            script.data[world_dice(&w, (uint32_t)script.len)] = (uint8_t)world_dice(&w, 256);
        text_hostile_ops(script.data, script.len);
        buf_free(&script);
    }
}

static void make_state(struct world *w, bool words, struct buf *state)
{
    struct text *t = text_new();
    struct buf op = BUF_INIT;
    for (size_t n = 1 + world_dice(w, 20); n; n--) {
        size_t len = text_len_cp(t), pos = world_dice(w, (uint32_t)len + 1);
        uint32_t agent = 1 + world_dice(w, 3);
        if (world_dice(w, 3))
            cr_assert_eq(text_insert(t, agent, pos, "caf\u00e9", 1 + 4 * world_dice(w, 2), &op), 0);
        else
            cr_assert_eq(text_delete(t, agent, pos / 2, pos, 5 + n, &op), 0);
    }
    text_encode(t, words, state);
    text_free(t);
    buf_free(&op);
}

Test(text_hostile, damaged_states_are_refused_or_are_states, .timeout = 0)
{
    for (uint64_t seed = 1; seed <= rounds(60000); seed++) {
        struct world w = {.rng = seed * 0x9e3779b97f4a7c15u + 1};
        struct buf state = BUF_INIT;
        make_state(&w, world_dice(&w, 2), &state);
        for (size_t n = 1 + world_dice(&w, 3); n; n--) {
            size_t at = world_dice(&w, (uint32_t)state.len);
            uint8_t bit = (uint8_t)(1u << world_dice(&w, 8));
            state.data[at] =
                world_dice(&w, 2) ? (uint8_t)(state.data[at] ^ bit) : (uint8_t)world_dice(&w, 256);
        }
        if (world_dice(&w, 8) == 0)
            state.len = world_dice(&w, (uint32_t)state.len);
        text_hostile_state(state.data, state.len);
        buf_free(&state);
    }
}

static const struct text_limits LIMITS = {.max_len_cp = 20};

struct refusal {
    const char *what;
    uint8_t blob[24];
    size_t len;
    enum err want;
};

/* Against "abcdef" by agent 1 (seq 0 to 5), of which agent 2 has struck "bc". */
static const struct refusal refusals[] = {
    {"an unknown kind",                   {0x03},                                           1, ERR_INPUT    },
    {"an insertion cut short",            {0x34, 0x00},                                     2, ERR_INPUT    },
    {"an insertion of nothing",           {0x14, 0x00, 0x00},                               3, ERR_INPUT    },
    {"words that are not UTF-8",          {0x34, 0x00, 0xff},                               3, ERR_INPUT    },
    {"a control character",               {0x34, 0x00, 0x07},                               3, ERR_INPUT    },
    {"an unknown parent",                 {0x2c, 0x00, 0x01, 0x06, 'x'},                    5, ERR_INPUT    },
    {"a parent of a stranger",            {0x2c, 0x00, 0x09, 0x00, 'x'},                    5, ERR_INPUT    },
    {"a chain to nothing",                {0x20, 0x01, 'x'},                                3, ERR_INPUT    },
    {"a gap in its seq",                  {0x34, 0x05, 'x'},                                3, ERR_INPUT    },
    {"itself as parent",                  {0x24, 0x00, 0x00, 'x'},                          4, ERR_INPUT    },
    {"a huge length",                     {0x14, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 'x'},  8, ERR_INPUT    },
    {"a seq that runs over",              {0x54, 0xff, 0xff, 0xff, 0xff, 0x0f, 'x', 'y'},   8, ERR_INPUT    },
    {"a varint without end",              {0x34, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 8, ERR_INPUT    },
    {"a strike of what does not exist",   {0x11, 0x02, 0x01, 0x06},                         4, ERR_INPUT    },
    {"a strike that runs over",
     {0x01, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x02, 0x01, 0x01},
     9,                                                                                        ERR_INPUT    },
    {"a strike with a gap in its number", {0x11, 0x03, 0x01, 0x00},                         4, ERR_INPUT    },
    {"a number that follows nothing",     {0x15, 0x01, 0x00},                               3, ERR_INPUT    },
    {"a restore of what is not struck",   {0x12, 0x02, 0x01, 0x00, 'a'},                    5, ERR_INPUT    },
    {"a restore with other words",        {0x12, 0x02, 0x01, 0x01, 'x'},                    5, ERR_INPUT    },
    {"more than the limit",
     {0x14, 0x11, 0x00, 'a', 'b', 'c', 'd', 'e', 'f', 'g',
      'h',  'i',  'j',  'k', 'l', 'm', 'n', 'o', 'p', 'q'},
     20,                                                                                       ERR_TOO_LARGE},
    {"a right restore",                   {0x12, 0x02, 0x01, 0x01, 'b'},                    5, ERR_OK       },
    {"a right insertion",                 {0x34, 0x00, 'x'},                                3, ERR_OK       },
    {"nothing",                           {0},                                              0, ERR_OK       },
};

Test(text_hostile, each_kind_of_bad_blob_is_refused_with_a_reason)
{
    struct text *t = text_new();
    struct buf a = BUF_INIT, b = BUF_INIT, before = BUF_INIT;
    cr_assert_eq(text_insert(t, 1, 0, "abcdef", 6, &a), ERR_OK);
    cr_assert_eq(text_delete(t, 2, 1, 3, 7, &b), ERR_OK);
    text_encode(t, true, &before);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const struct refusal *r = &refusals[i];
        struct err_info why = {0};
        enum err e = text_check(t, 2, r->blob, r->len, &LIMITS, &why);
        cr_expect_eq(e, r->want, "%s: %s (%s)", r->what, err_name(e), why.text);
        cr_expect_eq(why.text[0] != 0, e != ERR_OK, "%s: no reason", r->what);
    }
    cr_expect_eq(text_check(t, 1, a.data, a.len, &LIMITS, NULL), ERR_EXISTS);
    cr_expect_eq(text_check(t, 2, b.data, b.len, &LIMITS, NULL), ERR_EXISTS);
    cr_expect_eq(text_check(t, 0, b.data, b.len, &LIMITS, NULL), ERR_INPUT);
    struct buf after = BUF_INIT;
    text_encode(t, true, &after);
    cr_assert(after.len == before.len && !memcmp(after.data, before.data, after.len));
    text_free(t);
    buf_free(&a);
    buf_free(&b);
    buf_free(&before);
    buf_free(&after);
}

/* Each run hangs where the whole rest of the text must be stepped over: fine now and then, but not
 * thousands of times in one blob. */
static enum err check_tangle(size_t runs)
{
    struct text *t = text_new();
    struct buf words = BUF_INIT, blob = BUF_INIT;
    for (size_t i = 0; i < 4000; i++)
        cr_assert_eq(text_insert(t, 1, 0, "b", 1, &words), ERR_OK); /* typed backwards */
    for (uint32_t i = 0; i < runs; i++) {
        struct op op = {
            .kind = OP_INSERT,
            .seq = i,
            .parent = {1, 10 + i},
            .left = true,
            .len_cp = 1,
            .utf8 = (const uint8_t *)"x",
            .len_bytes = 1
        };
        op_write(&blob, 2, &op, false);
    }
    struct text_limits wide = {.max_len_cp = 100000};
    enum err e = text_check(t, 2, blob.data, blob.len, &wide, NULL);
    text_free(t);
    buf_free(&words);
    buf_free(&blob);
    return e;
}

/* A saved text of nothing but an agent that has struck out so much. */
static enum err load_striker(uint64_t strikes, struct text **t)
{
    struct buf b = BUF_INIT;
    static const uint8_t head[] = {1, 1, 1, 2, 0}; /* version, ASCII, one agent: 2, no characters */
    buf_append(&b, head, sizeof head);
    buf_append_varint(&b, strikes);
    buf_append(&b, "\0\0\0", 3); /* all confirmed; no words, no runs */
    enum err e = text_decode(b.data, b.len, t);
    buf_free(&b);
    return e;
}

Test(text_hostile, deletions_are_counted_to_a_limit_and_never_from_the_start_again)
{
    const uint32_t most = INT32_MAX, me = 2;
    struct text *t, *peer;
    struct buf typed = BUF_INIT, gone = BUF_INIT, more = BUF_INIT;
    cr_assert_eq(load_striker((uint64_t)most + 1, &t), ERR_INPUT);
    cr_assert_not(load_striker(most - 2, &t));
    cr_assert_not(load_striker(most - 2, &peer));
    cr_assert_not(text_insert(t, me, 0, "three", 5, &typed));
    cr_assert_not(text_apply(peer, me, 1, typed.data, typed.len));
    cr_assert_eq(text_delete(t, me, 0, 3, 1, &gone), ERR_TOO_LARGE);
    cr_assert_eq(gone.len, 0);
    cr_assert_eq(text_len_cp(t), 5);
    cr_assert_not(text_delete(t, me, 0, 2, 1, &gone));
    cr_assert_not(text_check(peer, me, gone.data, gone.len, &LIMITS, NULL));
    cr_assert_not(text_apply(peer, me, 1, gone.data, gone.len));
    cr_assert_eq(text_undo(t, me, gone.data, gone.len, &more, NULL), ERR_TOO_LARGE);
    cr_assert_eq(more.len, 0);

    struct op op = {
        .kind = OP_STRIKE, .number = most, .target = {me, 3},
                .len_cp = 1
    };
    struct err_info why = {0};
    op_write(&more, me, &op, false);
    cr_assert_eq(text_check(peer, me, more.data, more.len, &LIMITS, &why), ERR_TOO_LARGE);
    cr_assert_str_not_empty(why.text);
    cr_assert_eq(text_apply(peer, me, 1, more.data, more.len), ERR_TOO_LARGE);
    text_check_invariants(peer);
    text_free(t);
    text_free(peer);
    buf_free(&typed);
    buf_free(&gone);
    buf_free(&more);
}

Test(text_hostile, a_blob_that_would_take_long_to_place_is_refused)
{
    cr_assert_eq(check_tangle(100), ERR_OK);
    cr_assert_eq(check_tangle(3900), ERR_TOO_LARGE);
}
