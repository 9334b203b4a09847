#include "server/rules/mask.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/leaks.h"

/* One letter for each number of a table with its totals: as given, small, beside, absent. */
static void letters(const enum mask *out, size_t rows, size_t cols, char *s)
{
    for (size_t r = 0; r <= rows; r++) {
        for (size_t c = 0; c <= cols; c++)
            *s++ = ".sb-"[out[r * (cols + 1) + c]];
        *s++ = '/';
    }
    s[-1] = 0;
}

/* ---- what is small ---- */

Test(mask, one_to_four_are_small_and_zero_only_if_asked)
{
    static const struct {
        struct mask_rules rules;
        int64_t n;
        bool small;
    } rows[] = {
        {{5, false},  0,  false},
        {{5, false},  1,  true },
        {{5, false},  4,  true },
        {{5, false},  5,  false},
        {{5, true},   0,  true },
        {{10, false}, 9,  true },
        {{10, false}, 10, false},
        {{1, false},  1,  false},
        {{0, false},  0,  false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_eq(mask_is_small(&rows[i].rules, rows[i].n), rows[i].small, "row %zu", i);
    cr_assert(mask_rules_default.below == 5 && !mask_rules_default.zero);
}

Test(mask, a_share_is_shown_only_if_those_left_over_are_many_too)
{
    static const struct {
        int64_t n, d;
        bool within, shown;
    } rows[] = {
        {12, 20, true,  true },
        {3,  20, true,  false},
        {18, 20, true,  false}, /* two who were not */
        {20, 20, true,  true },
        {0,  20, true,  true },
        {0,  3,  true,  false},
        {6,  8,  false, true }, /* complaints for households: no part of them */
        {2,  80, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_eq(mask_may_show_share(&mask_rules_default, rows[i].n, rows[i].d, rows[i].within),
                     rows[i].shown, "row %zu", i);
}

/* ---- tables, worked out by hand ---- */

/* clang-format off */
static const struct {
    size_t rows, cols;
    int64_t cells[12];
    bool row_totals, col_totals, grand;
    const char *expected;
} tables[] = {
    /* nothing small: nothing masked */
    {1, 3, {7, 8, 9}, true, false, false, "..../----"},
    /* a list and its sum: the one small number would be the rest, so the smallest other goes too */
    {1, 4, {3, 20, 8, 30}, true, false, false, "s.b../-----"},
    /* without the sum the small one is masked alone */
    {1, 4, {3, 20, 8, 30}, false, false, false, "s...-/-----"},
    /* two small ones keep each other: 1 + 4 could be 2 + 3 */
    {1, 3, {1, 4, 9}, true, false, false, "ss../----"},
    /* 1 + 1 is the only way to 2 (zeros are shown): a third goes with them */
    {1, 4, {1, 1, 9, 7}, true, false, false, "ss.b./-----"},
    /* zeros are shown and are of no help */
    {1, 3, {2, 0, 9}, true, false, false, "s.b./----"},
    /* one number that is its own sum: the sum is small too */
    {1, 1, {3}, true, false, false, "ss/--"},
    /* all totals given: a rectangle of four, the cheapest */
    {2, 3, {2, 10, 20,
            30, 40, 50}, true, true, true, "sb../bb../...."},
    /* two small ones at opposite corners need only the other two corners */
    {2, 2, {2, 10,
            11, 3}, true, true, true, "sb./bs./..."},
    /* column totals alone: the other one of the column */
    {3, 2, {2, 9,
            8, 9,
            7, 9}, false, true, false, "s.-/..-/b.-/..-"},
    /* the only number above zero in its row: its row's sum moves with it, and so does the other
     * row with its sum */
    {2, 2, {3, 0,
            9, 8}, true, true, true, "s.s/b.b/..."},
};
/* clang-format on */

Test(mask, masks_what_is_small_and_what_would_give_it_away)
{
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        struct mask_table t = {tables[i].rows,       tables[i].cols,       tables[i].cells,
                               tables[i].row_totals, tables[i].col_totals, tables[i].grand};
        enum mask out[32];
        char seen[40];
        cr_assert_eq(mask_table(&mask_rules_default, &t, out, NULL), ERR_OK);
        letters(out, t.rows, t.cols, seen);
        cr_assert_str_eq(seen, tables[i].expected, "table %zu: %s", i, seen);
    }
    CHECK_NO_LEAKS();
}

Test(mask, refuses_what_is_no_table_of_counts)
{
    static const int64_t below[] = {3, -1}, huge[] = {INT64_MAX, INT64_MAX};
    enum mask out[8];
    struct err_info why = {0};
    struct mask_table t = {1, 2, below, true, true, true};
    cr_assert_eq(mask_table(&mask_rules_default, &t, out, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "below 0"));
    t.cells = huge;
    cr_assert_eq(mask_table(&mask_rules_default, &t, out, &why), ERR_INPUT);
    t.rows = 0;
    cr_assert_eq(mask_table(&mask_rules_default, &t, out, &why), ERR_INPUT);
    t.rows = MASK_MOST_LINES + 1;
    cr_assert_eq(mask_table(&mask_rules_default, &t, out, &why), ERR_INPUT);
}

Test(mask, the_note_says_the_limit_and_what_becomes_of_zero)
{
    char note[160];
    mask_note(&mask_rules_default, note);
    cr_assert(strstr(note, "below 5") && strstr(note, "not zero") && strstr(note, mask_sign));
    mask_note(&(struct mask_rules){10, true}, note);
    cr_assert(strstr(note, "below 10") && strstr(note, "zero too"), "%s", note);
}

/* ---- the promise, held against a reader who tries everything ---- */

enum { R = 2, C = 3, W = C + 1, N = (R + 1) * W };

struct reader {
    const struct mask_rules *rules;
    const int64_t *values; /* with totals */
    const enum mask *out;
    int64_t guess[N];
    bool other[N]; /* could be another number than it is */
};

/* May the guess stand, as far as the reader knows? */
static bool is_thinkable(const struct reader *x, size_t i)
{
    if (x->out[i] == MASK_SHOWN)
        return x->guess[i] == x->values[i];
    return x->out[i] == MASK_ABSENT || x->guess[i] > 0 || x->rules->zero;
}

static void check_guess(struct reader *x)
{
    for (size_t r = 0; r < R; r++) {
        x->guess[r * W + C] = 0;
        for (size_t c = 0; c < C; c++)
            x->guess[r * W + C] += x->guess[r * W + c];
    }
    for (size_t c = 0; c < W; c++)
        x->guess[R * W + c] = x->guess[c] + x->guess[W + c];
    for (size_t i = 0; i < N; i++)
        if (!is_thinkable(x, i))
            return;
    for (size_t i = 0; i < N; i++)
        x->other[i] |= x->guess[i] != x->values[i];
}

/* Every number within two of the true one, in every masked cell. */
static void guess_from(struct reader *x, size_t k)
{
    if (k == R * C) {
        check_guess(x);
        return;
    }
    size_t i = k / C * W + k % C;
    int64_t from = x->values[i], to = from;
    if (x->out[i] != MASK_SHOWN) {
        from = from > 2 ? from - 2 : 0;
        to += 2;
    }
    for (int64_t v = from; v <= to; v++) {
        x->guess[i] = v;
        guess_from(x, k + 1);
    }
}

Test(mask, what_is_masked_cannot_be_computed_from_what_is_shown)
{
    uint64_t seed = 20261124;
    for (int round = 0; round < 4000; round++) {
        int64_t cells[R * C], values[N] = {0};
        enum mask out[N];
        for (size_t k = 0; k < R * C; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            cells[k] = (int64_t)(seed >> 33) % (round % 3 ? 7 : 14);
        }
        const struct mask_rules rules = {round % 2 ? 5 : 3, round % 5 == 0};
        const struct mask_table t = {R, C, cells, round & 4, round & 8, round & 16};
        for (size_t k = 0; k < R * C; k++) {
            values[k / C * W + k % C] += cells[k];
            values[k / C * W + C] += cells[k];
            values[R * W + k % C] += cells[k];
            values[R * W + C] += cells[k];
        }
        cr_assert_eq(mask_table(&rules, &t, out, NULL), ERR_OK);
        struct reader x = {.rules = &rules, .values = values, .out = out};
        guess_from(&x, 0);
        for (size_t i = 0; i < N; i++) {
            cr_assert(out[i] != MASK_SHOWN || !mask_is_small(&rules, values[i]));
            cr_assert(out[i] == MASK_SHOWN || out[i] == MASK_ABSENT || x.other[i],
                      "round %d: number %zu can be computed", round, i);
            cr_assert(out[i] != MASK_BESIDE || !mask_is_small(&rules, values[i]));
        }
    }
}
