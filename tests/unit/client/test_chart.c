#include "client/render/chart.h"

#include <criterion/criterion.h>
#include <string.h>

#include "client/editor/cells.h"

static const struct chart_style narrow = {24, false}, plain = {24, true};

#define KNOWN(n)                                                                                   \
    {                                                                                              \
        n, CHART_KNOWN                                                                             \
    }
static const struct chart_value blank = {0, CHART_BLANK}, masked = {3, CHART_MASKED};

/* Every line fits in so many columns. */
static void check_cols(const char *s, size_t cols)
{
    char line[400];
    while (*s) {
        size_t len = strcspn(s, "\n");
        cr_assert(len < sizeof line);
        memcpy(line, s, len);
        line[len] = 0;
        cr_assert_leq(text_cols(line), cols, "%s", line);
        s += len + (s[len] == '\n');
    }
}

/* ---- bars ---- */

Test(chart, bars_share_the_line_by_eighths)
{
    /* 24 columns: 5 label, a blank, the bar, a blank, 1 number: 24 - 5 - 1 - 1 - 1 = 16 */
    const struct chart_bar bars[] = {
        {"north", KNOWN(8)}, /* all 16 */
        {"south", KNOWN(4)}, /* 8 */
        {"east",  KNOWN(1)}, /* 2 */
        {"west",  KNOWN(0)},
    };
    struct buf out = BUF_INIT;
    chart_bars(&plain, bars, 4, &out);
    cr_assert_str_eq(buf_cstr(&out),
                     "north ################ 8\n"
                     "south ######## 4\n"
                     "east  ## 1\n"
                     "west  0\n",
                     "%s", buf_cstr(&out));
    check_cols(buf_cstr(&out), 24);
    buf_free(&out);
}

Test(chart, a_trace_is_left_of_the_smallest)
{
    const struct chart_bar bars[] = {
        {"a", KNOWN(100000)},
        {"b", KNOWN(1)     },
    };
    struct buf out = BUF_INIT;
    chart_bars(&narrow, bars, 2, &out); /* 24 - 1 - 1 - 1 - 6 = 15 */
    cr_assert(strstr(buf_cstr(&out), "b \u258f 1\n"), "%s", buf_cstr(&out));
    buf_clear(&out);
    chart_bars(&plain, bars, 2, &out);
    cr_assert_str_eq(buf_cstr(&out), "a ############### 100000\nb # 1\n");
    buf_free(&out);
}

Test(chart, halves_and_quarters_are_drawn)
{
    const struct chart_bar bars[] = {
        {"a", KNOWN(20)}, /* room 24 - 1 - 2 - 2 = 19 columns, 152 eighths */
        {"b", KNOWN(5) }, /* 38 eighths: 4 columns and 6 eighths */
    };
    struct buf out = BUF_INIT;
    chart_bars(&narrow, bars, 2, &out);
    cr_assert(strstr(buf_cstr(&out), "b \u2588\u2588\u2588\u2588\u258a 5\n"), "%s", buf_cstr(&out));
    check_cols(buf_cstr(&out), 24);
    buf_free(&out);
}

Test(chart, what_is_not_known_or_masked_has_no_bar)
{
    const struct chart_bar bars[] = {
        {"a", KNOWN(10)},
        {"b", blank    },
        {"c", masked   },
    };
    struct buf out = BUF_INIT;
    chart_bars(&narrow, bars, 3, &out);
    cr_assert(strstr(buf_cstr(&out), "\nb ?\nc *\n"), "%s", buf_cstr(&out));
    buf_free(&out);
}

Test(chart, labels_are_cut_by_columns_and_made_harmless)
{
    const struct chart_bar bars[] = {
        {"\u5b50\u4f9b\u5b50\u4f9b\u5b50\u4f9b", KNOWN(2)}, /* 12 columns; a third of 24 is 8 */
        {"a\x1b[2J",                             KNOWN(1)},
    };
    struct buf out = BUF_INIT;
    chart_bars(&plain, bars, 2, &out); /* 24 - 8 - 1 - 1 - 1 = 13 */
    cr_assert_str_eq(buf_cstr(&out),
                     "\u5b50\u4f9b\u5b50~  ############# 2\n"
                     "a\u241b[2J    ####### 1\n",
                     "%s", buf_cstr(&out));
    check_cols(buf_cstr(&out), 24);
    buf_free(&out);
}

Test(chart, nothing_to_show_is_nothing)
{
    const struct chart_bar zero = {"a", KNOWN(0)};
    struct buf out = BUF_INIT;
    chart_bars(&narrow, NULL, 0, &out);
    cr_assert_str_eq(buf_cstr(&out), "");
    chart_bars(&narrow, &zero, 1, &out);
    cr_assert_str_eq(buf_cstr(&out), "a 0\n");
    buf_free(&out);
}

/* ---- a line of quarters ---- */

Test(chart, a_spark_has_a_column_for_each_quarter)
{
    const struct chart_value values[] = {
        KNOWN(0), KNOWN(1), KNOWN(2), KNOWN(4), {0, CHART_BLANK },
            {3, CHART_MASKED},
            KNOWN(8),
    };
    struct buf out = BUF_INIT;
    chart_spark(&narrow, values, 7, &out);
    cr_assert_str_eq(buf_cstr(&out), "_\u2581\u2582\u2584?*\u2588");
    cr_assert_eq(text_cols(buf_cstr(&out)), 7);
    buf_clear(&out);
    chart_spark(&plain, values, 7, &out);
    cr_assert_str_eq(buf_cstr(&out), "_124?*8");
    buf_clear(&out);
    chart_spark(&narrow, values, 1, &out); /* nothing but 0 */
    cr_assert_str_eq(buf_cstr(&out), "_");
    buf_free(&out);
}

/* ---- grades side by side ---- */

static const char *const grades[] = {"outstanding", "good", "needs work", "inadequate"};

Test(chart, grades_divide_a_bar_of_one_length)
{
    static const struct chart_style wide = {44, true};
    static const int64_t first[] = {2, 5, 2, 1}, second[] = {0, 0, 4, 0}, none[] = {0, 0, 0, 0};
    const struct chart_stack stacks[] = {
        {"Q1", first },
        {"Q2", second},
        {"Q3", none  },
    };
    struct buf out = BUF_INIT;
    /* "2 + 5 + 2 + 1 = 10" are 18 columns: 44 - 2 - 1 - 1 - 18 = 22 for the bar. A tenth of it is
     * 2.2 columns: 4.4, 11, 4.4, 2.2, and the column left over goes to one of 4.4, the first */
    chart_stacks(&wide, grades, 4, stacks, 3, &out);
    cr_assert_str_eq(buf_cstr(&out),
                     "# outstanding  = good  + needs work\n"
                     "- inadequate\n"
                     "Q1 #####===========++++-- 2 + 5 + 2 + 1 = 10\n"
                     "Q2 ++++++++++++++++++++++ 0 + 0 + 4 + 0 = 4\n"
                     "Q3 none\n",
                     "%s", buf_cstr(&out));
    check_cols(buf_cstr(&out), 44);
    buf_free(&out);
}

Test(chart, even_one_of_many_keeps_a_column)
{
    static const struct chart_style wide = {60, false};
    static const int64_t counts[] = {1, 997, 1, 1};
    const struct chart_stack stack = {"Q1", counts};
    struct buf out = BUF_INIT;
    chart_stacks(&wide, grades, 4, &stack, 1, &out);
    /* 60 - 2 - 1 - 1 - 22 = 34: 1 + 31 + 1 + 1 */
    cr_assert(strstr(buf_cstr(&out), "Q1 \u2588\u2593\u2593"), "%s", buf_cstr(&out));
    cr_assert(strstr(buf_cstr(&out), "\u2593\u2592\u2591 1 + 997 + 1 + 1 = 1000\n"));
    check_cols(buf_cstr(&out), 60);
    const char *bar = strstr(buf_cstr(&out), "Q1");
    size_t filled = 0;
    for (; (bar = strstr(bar, "\u2593")); bar++)
        filled++;
    cr_assert_eq(filled, 31);
    buf_free(&out);
}

Test(chart, a_tiny_terminal_still_gets_its_chart)
{
    static const struct chart_style tiny = {1, true};
    const struct chart_bar bar = {"north", KNOWN(3)};
    struct buf out = BUF_INIT;
    chart_bars(&tiny, &bar, 1, &out); /* as in 20 columns: 20 - 5 - 1 - 1 - 1 = 12 */
    cr_assert_str_eq(buf_cstr(&out), "north ############ 3\n");
    buf_free(&out);
}
