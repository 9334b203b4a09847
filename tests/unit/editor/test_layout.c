#include "client/editor/layout.h"

#include <criterion/criterion.h>
#include <string.h>

/* The lines as words, separated by "|". */
static const char *lines_of(const char *text, uint16_t width)
{
    static struct buf out;
    struct layout l = {0};
    buf_clear(&out);
    cr_assert_eq(layout_make(&l, (const uint8_t *)text, strlen(text), width), ERR_OK);
    for (size_t i = 0; i < l.nlines; i++) {
        buf_append_str(&out, i ? "|" : "");
        for (size_t g = l.lines[i].start; g < l.lines[i].end; g++)
            if (l.glyphs[g].kind != GLYPH_NEWLINE)
                buf_append(&out, text + l.glyphs[g].byte, l.glyphs[g].len_bytes);
    }
    layout_fini(&l);
    return buf_cstr(&out);
}

Test(layout, wraps_by_words_and_lets_blanks_hang)
{
    cr_assert_str_eq(lines_of("", 10), "");
    cr_assert_str_eq(lines_of("the plan is followed", 10), "the plan |is |followed");
    cr_assert_str_eq(lines_of("the plan   is", 8), "the plan   |is");
    cr_assert_str_eq(lines_of("a\nb\n", 8), "a|b|");
    cr_assert_str_eq(lines_of("\n\n", 8), "||");
    cr_assert_str_eq(lines_of("abcdefghij", 4), "abcd|efgh|ij");
    cr_assert_str_eq(lines_of("well-known", 6), "well-|known");
}

Test(layout, counts_wide_and_combining_characters)
{
    cr_assert_str_eq(lines_of("\u65e5\u672c\u8a9e", 4), "\u65e5\u672c|\u8a9e");
    cr_assert_str_eq(lines_of("a\u65e5\u672c", 4), "a\u65e5|\u672c");
    cr_assert_str_eq(lines_of("e\u0301e\u0301e\u0301e\u0301", 2), "e\u0301e\u0301|e\u0301e\u0301");
    cr_assert_str_eq(lines_of("\U0001F469\u200d\U0001F467 x", 3), "\U0001F469\u200d\U0001F467 |x");
}

static const char *const pieces[] = {
    "a",
    "b",
    "word",
    " ",
    "  ",
    "\n",
    "\t",
    "-",
    ".",
    "e\u0301",
    "\u65e5",
    "\u672c",
    "\U0001F469\u200d\U0001F467",
    "\U0001F1EC\U0001F1E7",
    "\U0001F44D\U0001F3FD",
    "\u200b",
    "\u0301",
    "longerword",
    "\u05d0\u05d1",
    "\u0e01\u0e33",
    "\u0915\u094d\u0937",
};

static void random_text(uint32_t *seed, struct buf *out)
{
    buf_clear(out);
    *seed = *seed * 1664525 + 1013904223;
    for (uint32_t n = (*seed >> 16) % 60; n; n--) {
        *seed = *seed * 1664525 + 1013904223;
        buf_append_str(out, pieces[(*seed >> 16) % (sizeof pieces / sizeof *pieces)]);
    }
}

/* Every grapheme is on exactly one line, in order, and no line is wider than allowed but for blanks
 * at its end and for a single grapheme that is wider than a line. */
static void check_lines(const struct layout *l, uint32_t seed)
{
    size_t next = 0;
    for (size_t i = 0; i < l->nlines; i++) {
        unsigned cols = 0, to_word = 0;
        cr_assert_eq(l->lines[i].start, next, "seed %u", seed);
        for (size_t g = l->lines[i].start; g < l->lines[i].end; g++) {
            cols += l->glyphs[g].width;
            if (l->glyphs[g].kind != GLYPH_BLANK && l->glyphs[g].kind != GLYPH_NEWLINE)
                to_word = cols;
            cr_assert(l->glyphs[g].kind != GLYPH_NEWLINE || g + 1 == l->lines[i].end, "seed %u",
                      seed);
        }
        cr_assert(to_word <= l->width || l->lines[i].end - l->lines[i].start <= 1 ||
                      l->glyphs[l->lines[i].start].width > l->width,
                  "seed %u: %u columns", seed, to_word);
        cr_assert(l->lines[i].end > l->lines[i].start || i + 1 == l->nlines, "seed %u", seed);
        next = l->lines[i].end;
    }
    cr_assert_eq(next, l->nglyphs, "seed %u", seed);
}

/* A position's place leads back to it (but for blanks that hang over the edge: to the last place
 * on that line), and every motion stays between graphemes. */
static void check_positions(const struct layout *l, uint32_t seed)
{
    for (size_t g = 0; g <= l->nglyphs; g++) {
        size_t pos = layout_glyph_cp(l, g), line, back_line;
        uint16_t col, back_col;
        layout_place(l, pos, &line, &col);
        cr_assert_leq(col, l->width, "seed %u", seed);
        size_t back = layout_cp_at(l, line, col);
        layout_place(l, back, &back_line, &back_col);
        cr_assert_eq(back_line, line, "seed %u pos %zu: line %zu, back %zu", seed, pos, line,
                     back_line);
        cr_assert(back == pos || col == l->width || back_col == col, "seed %u pos %zu back %zu",
                  seed, pos, back);
        cr_assert_eq(layout_glyph_at(l, pos), g, "seed %u", seed);
        size_t to[] = {layout_left(l, pos),       layout_right(l, pos),
                       layout_word_left(l, pos),  layout_word_right(l, pos),
                       layout_line_start(l, pos), layout_line_end(l, pos)};
        for (size_t i = 0; i < 6; i++)
            cr_assert_eq(layout_snap(l, to[i]), to[i], "seed %u", seed);
        cr_assert(g == 0 || layout_right(l, layout_left(l, pos)) == pos, "seed %u", seed);
        cr_assert(to[0] <= pos && to[1] >= pos && to[2] <= pos && to[3] >= pos);
        cr_assert(g == 0 ? to[0] == 0 : to[0] < pos);
        cr_assert(g == l->nglyphs || to[1] > pos);
    }
}

Test(layout, random_texts_are_wrapped_without_losing_or_doubling_anything)
{
    struct buf text = BUF_INIT;
    struct layout l = {0};
    for (uint32_t round = 1; round <= 3000; round++) {
        uint32_t seed = round;
        random_text(&seed, &text);
        uint16_t width = (uint16_t)(1 + (seed >> 16) % 30);
        cr_assert_eq(layout_make(&l, text.data, text.len, width), ERR_OK);
        check_lines(&l, round);
        check_positions(&l, round);
    }
    layout_fini(&l);
    buf_free(&text);
}

Test(layout, words_end_where_people_think_they_end)
{
    const char *s = "Don't stop, \u00e9t\u00e9!";
    struct layout l = {0};
    cr_assert_eq(layout_make(&l, (const uint8_t *)s, strlen(s), 40), ERR_OK);
    cr_assert_eq(layout_word_right(&l, 0), 6u);  /* stop */
    cr_assert_eq(layout_word_right(&l, 6), 12u); /* ete */
    cr_assert_eq(layout_word_right(&l, 12), 16u);
    cr_assert_eq(layout_word_left(&l, 16), 12u);
    cr_assert_eq(layout_word_left(&l, 12), 6u);
    cr_assert_eq(layout_word_left(&l, 6), 0u);
    layout_fini(&l);
}

Test(layout, end_of_a_wrapped_line_stays_on_that_line)
{
    const char *s = "aaa bbb ccc";
    struct layout l = {0};
    size_t line;
    uint16_t col;
    cr_assert_eq(layout_make(&l, (const uint8_t *)s, strlen(s), 4), ERR_OK);
    size_t end = layout_line_end(&l, 1);
    layout_place(&l, end, &line, &col);
    cr_assert_eq(line, 0u);
    cr_assert_eq(end, 3u);
    cr_assert_eq(layout_line_end(&l, 9), 11u);
    cr_assert_eq(layout_line_start(&l, 9), 8u);
    layout_fini(&l);
}
