#include "client/editor/cells.h"

#include <criterion/criterion.h>
#include <string.h>

static struct glyph drawn(const char *cluster)
{
    struct glyph g;
    cr_assert_eq(grapheme_len((const uint8_t *)cluster, strlen(cluster), 0), strlen(cluster),
                 "not one grapheme: %s", cluster);
    grapheme_glyph((const uint8_t *)cluster, strlen(cluster), &g);
    return g;
}

static const struct {
    const char *cluster, *text;
    unsigned width;
} table[] = {
    {"a",                          "a",                    1},
    {"e\u0301",                    "e\u0301",              1},
    {"\u65e5",                     "\u65e5",               2},
    {"\uac00",                     "\uac00",               2},
    {"\u1112\u1161\u11ab",         "\u1112\u1161\u11ab",   2}, /* Hangul from its parts */
    {"\U0001F469",                 "\U0001F469",           2},
    {"\U0001F469\u200d\U0001F467", "\U0001F469+",          3}, /* a family: its first figure and a plus */
    {"\U0001F44D\U0001F3FD",       "\U0001F44D+",          3}, /* a skin tone */
    {"\U0001F1EC\U0001F1E7",       "\U0001F1EC\U0001F1E7", 2}, /* a flag */
    {"\u2602\ufe0f",               "\u2602",               1},
    {"\u0301",                     "\u25cc\u0301",         1}, /* a mark without a letter */
    {"\u200b",                     "\u2039U+200B\u203a",   8}, /* hidden things are shown */
    {"\u202e",                     "\u2039U+202E\u203a",   8},
    {"\u200d",                     "\u2039U+200D\u203a",   8},
    {"a\u200d",                    "a\u2039U+200D\u203a",  9},
    {"\033",                       "\u241b",               1},
    {"\x7f",                       "\u2421",               1},
};

Test(cells, a_grapheme_is_drawn_with_the_width_every_terminal_gives_it)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct glyph g = drawn(table[i].cluster);
        cr_assert_str_eq(g.text, table[i].text, "row %zu: %s", i, g.text);
        cr_assert_eq(g.width, table[i].width, "row %zu: %u", i, g.width);
    }
}

Test(cells, a_tower_of_marks_is_cut_and_says_so)
{
    struct buf tower = BUF_INIT;
    buf_append_str(&tower, "a");
    for (int i = 0; i < 200; i++)
        buf_append_str(&tower, "\u0301");
    struct glyph g = drawn(buf_cstr(&tower));
    cr_assert_lt(strlen(g.text), (size_t)CELL_BYTES);
    cr_assert_eq(g.text[strlen(g.text) - 1], '+');
    buf_free(&tower);
}

Test(cells, bytes_that_are_not_utf8_are_one_replacement_each)
{
    struct glyph g;
    const uint8_t bad[] = {0xff, 0xfe};
    cr_assert_eq(grapheme_len(bad, 2, 0), 1u);
    grapheme_glyph(bad, 1, &g);
    cr_assert_str_eq(g.text, "\ufffd");
}

static const char *row_of(const struct grid *g, struct buf *b)
{
    buf_clear(b);
    grid_row_text(g, 0, b);
    return buf_cstr(b);
}

Test(cells, half_a_wide_character_is_never_left_behind)
{
    struct grid g = {0};
    struct rect all = {0, 0, 1, 6};
    struct buf b = BUF_INIT;
    cr_assert(grid_size(&g, 1, 6));
    grid_put(&g, all, 0, 0, "\u65e5\u672c\u8a9e", 0, 0);
    cr_assert_str_eq(row_of(&g, &b), "\u65e5\u672c\u8a9e");
    grid_put(&g, all, 0, 1, "x", 0, 0);
    cr_assert_str_eq(row_of(&g, &b), " x\u672c\u8a9e");
    grid_put(&g, all, 0, 4, "y", 0, 0);
    cr_assert_str_eq(row_of(&g, &b), " x\u672cy");
    grid_fini(&g);
    buf_free(&b);
}

Test(cells, what_is_too_long_ends_in_dots_at_the_edge)
{
    struct grid g = {0};
    struct rect in = {0, 0, 1, 5};
    struct buf b = BUF_INIT;
    cr_assert(grid_size(&g, 1, 8));
    cr_assert_eq(grid_put(&g, in, 0, 0, "abcdefgh", 0, 0), 5);
    cr_assert_str_eq(row_of(&g, &b), "abcd\u2026");
    cr_assert(grid_size(&g, 1, 8));
    cr_assert_eq(grid_put(&g, in, 0, 0, "abcde", 0, 0), 5);
    cr_assert_str_eq(row_of(&g, &b), "abcde");
    cr_assert(grid_size(&g, 1, 8));
    grid_put(&g, in, 0, 0, "a\nb", 0, 0);
    cr_assert_str_eq(row_of(&g, &b), "a\u240ab");
    grid_fini(&g);
    buf_free(&b);
}

Test(cells, nothing_is_drawn_outside)
{
    struct grid g = {0};
    struct rect in = {0, 2, 3, 90};
    struct glyph gl = {.text = "x", .width = 1};
    cr_assert(grid_size(&g, 2, 4));
    cr_assert_eq(grid_glyph(&g, in, -1, 0, &gl, 0, 0), 0);
    cr_assert_eq(grid_glyph(&g, in, 2, 0, &gl, 0, 0), 0);
    cr_assert_eq(grid_glyph(&g, in, 0, 2, &gl, 0, 0), 0);
    cr_assert_eq(grid_glyph(&g, in, 0, 1, &gl, 0, 0), 1);
    grid_mark(&g, in, 0, -3, 50, CELL_BOLD, 0);
    cr_assert_eq(grid_at(&g, 0, 1)->attrs, 0);
    cr_assert_eq(grid_at(&g, 0, 3)->attrs, CELL_BOLD);
    grid_fini(&g);
}
