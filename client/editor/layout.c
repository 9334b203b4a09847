#include "client/editor/layout.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "common/utf8.h"

void layout_fini(struct layout *l)
{
    free(l->glyphs);
    free(l->lines);
    memset(l, 0, sizeof *l);
}

static enum layout_kind kind_of(uint32_t cp)
{
    if (cp == '\n')
        return GLYPH_NEWLINE;
    if (cp == ' ' || cp == '\t')
        return GLYPH_BLANK;
    if (cp == '\'' || cp == 0x2019 || cp == '_')
        return GLYPH_WORD;
    if (cp < 0x80)
        return isalnum((int)cp) ? GLYPH_WORD : GLYPH_OTHER;
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return GLYPH_WORD;
    default:
        return GLYPH_OTHER;
    }
}

static uint32_t count_cp(const uint8_t *p, size_t len)
{
    uint32_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += (p[i] & 0xc0) != 0x80;
    return n ? n : 1;
}

static bool make_glyphs(struct layout *l)
{
    size_t cap = l->len_bytes + 1; /* a grapheme has at least one byte */
    struct layout_glyph *g = realloc(l->glyphs, cap * sizeof *g);
    if (!g)
        return false;
    l->glyphs = g;
    l->nglyphs = 0;
    l->len_cp = 0;
    for (size_t at = 0; at < l->len_bytes;) {
        size_t n = grapheme_len(l->utf8, l->len_bytes, at);
        uint32_t cp = 0xfffd;
        struct glyph drawn;
        (void)utf8_decode(l->utf8 + at, l->utf8 + l->len_bytes,
                          &cp); /* ill-formed: drawn as such */
        grapheme_glyph(l->utf8 + at, n, &drawn);
        g[l->nglyphs++] = (struct layout_glyph){
            .byte = (uint32_t)at,
            .cp = l->len_cp,
            .len_bytes = (uint32_t)n,
            .width = cp == '\n' ? 0 : drawn.width,
            .kind = (uint8_t)kind_of(cp),
        };
        l->len_cp += count_cp(l->utf8 + at, n);
        at += n;
    }
    return true;
}

static bool add_line(struct layout *l, size_t *cap, size_t start, size_t end)
{
    if (l->nlines == *cap) {
        size_t more = *cap ? *cap * 2 : 16;
        struct layout_line *lines = realloc(l->lines, more * sizeof *lines);
        if (!lines)
            return false;
        l->lines = lines;
        *cap = more;
    }
    l->lines[l->nlines++] = (struct layout_line){(uint32_t)start, (uint32_t)end};
    return true;
}

/* May a line end between these two? After blanks, and around wide characters (written without
 * blanks between words), and after a hyphen. */
static bool may_break(const struct layout *l, size_t before)
{
    const struct layout_glyph *a = &l->glyphs[before - 1], *b = &l->glyphs[before];
    if (b->kind == GLYPH_BLANK || b->kind == GLYPH_NEWLINE)
        return false;
    if (a->kind == GLYPH_BLANK)
        return true;
    if (a->width >= 2 && b->width >= 2)
        return true;
    return l->utf8[a->byte] == '-' && a->kind == GLYPH_OTHER && b->kind == GLYPH_WORD;
}

/* The end of the line that begins at glyph `start`. */
static size_t line_end(struct layout *l, size_t start)
{
    size_t breakable = start;
    unsigned col = 0;
    for (size_t i = start; i < l->nglyphs; i++) {
        struct layout_glyph *g = &l->glyphs[i];
        if (g->kind == GLYPH_NEWLINE)
            return i + 1;
        if (i > start && may_break(l, i))
            breakable = i;
        if (l->utf8[g->byte] == '\t')
            g->width = (uint8_t)(4 - col % 4);
        if (g->kind != GLYPH_BLANK && col + g->width > l->width && i > start)
            return breakable > start ? breakable : i;
        col += g->width;
    }
    return l->nglyphs;
}

enum err layout_make(struct layout *l, const uint8_t *utf8, size_t len, uint16_t width)
{
    l->utf8 = utf8;
    l->len_bytes = len;
    l->width = width ? width : 1;
    size_t cap = l->lines ? l->nlines : 0;
    l->nlines = 0;
    if (!make_glyphs(l))
        return ERR_NOMEM;
    size_t at = 0;
    while (at < l->nglyphs) {
        size_t end = line_end(l, at);
        if (!add_line(l, &cap, at, end))
            return ERR_NOMEM;
        at = end;
    }
    bool open = !l->nglyphs || l->glyphs[l->nglyphs - 1].kind == GLYPH_NEWLINE;
    return !open || add_line(l, &cap, at, at) ? ERR_OK : ERR_NOMEM;
}

/* ---- positions ---- */

size_t layout_glyph_at(const struct layout *l, size_t pos_cp)
{
    size_t low = 0, high = l->nglyphs;
    if (pos_cp >= l->len_cp)
        return l->nglyphs;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (l->glyphs[mid].cp <= pos_cp)
            low = mid;
        else
            high = mid;
    }
    return low;
}

size_t layout_glyph_cp(const struct layout *l, size_t glyph)
{
    return glyph < l->nglyphs ? l->glyphs[glyph].cp : l->len_cp;
}

size_t layout_snap(const struct layout *l, size_t pos_cp)
{
    return layout_glyph_cp(l, layout_glyph_at(l, pos_cp));
}

static size_t line_of_glyph(const struct layout *l, size_t glyph)
{
    size_t low = 0, high = l->nlines;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (l->lines[mid].start <= glyph)
            low = mid;
        else
            high = mid;
    }
    return low;
}

void layout_place(const struct layout *l, size_t pos_cp, size_t *line, uint16_t *col)
{
    size_t glyph = layout_glyph_at(l, pos_cp);
    unsigned c = 0;
    *line = line_of_glyph(l, glyph);
    for (size_t i = l->lines[*line].start; i < glyph; i++)
        c += l->glyphs[i].width;
    *col = (uint16_t)(c > l->width ? l->width : c);
}

/* Behind the last glyph that a cursor on this line may stand behind. */
static size_t last_stop(const struct layout *l, size_t line)
{
    size_t end = l->lines[line].end, start = l->lines[line].start;
    if (end > start && l->glyphs[end - 1].kind == GLYPH_NEWLINE)
        return end - 1;
    return line + 1 < l->nlines && end > start ? end - 1 : end;
}

size_t layout_cp_at(const struct layout *l, size_t line, uint16_t col)
{
    if (line >= l->nlines)
        return l->len_cp;
    size_t end = last_stop(l, line);
    unsigned c = 0;
    for (size_t i = l->lines[line].start; i < end; i++) {
        if (c + (l->glyphs[i].width + 1u) / 2 > col)
            return l->glyphs[i].cp;
        c += l->glyphs[i].width;
    }
    return layout_glyph_cp(l, end);
}

uint16_t layout_line_cols(const struct layout *l, size_t line)
{
    unsigned c = 0;
    for (size_t i = l->lines[line].start; i < l->lines[line].end; i++)
        c += l->glyphs[i].width;
    return (uint16_t)(c > l->width ? l->width : c);
}

/* ---- motions ---- */

size_t layout_left(const struct layout *l, size_t pos_cp)
{
    size_t g = layout_glyph_at(l, pos_cp);
    if (layout_glyph_cp(l, g) < pos_cp) /* inside a grapheme: to its start */
        return layout_glyph_cp(l, g);
    return g ? l->glyphs[g - 1].cp : 0;
}

size_t layout_right(const struct layout *l, size_t pos_cp)
{
    size_t g = layout_glyph_at(l, pos_cp);
    return g < l->nglyphs ? layout_glyph_cp(l, g + 1) : l->len_cp;
}

static bool is_word(const struct layout *l, size_t g)
{
    return l->glyphs[g].kind == GLYPH_WORD;
}

size_t layout_word_left(const struct layout *l, size_t pos_cp)
{
    size_t g = layout_glyph_at(l, pos_cp);
    while (g && !is_word(l, g - 1))
        g--;
    while (g && is_word(l, g - 1))
        g--;
    return layout_glyph_cp(l, g);
}

size_t layout_word_right(const struct layout *l, size_t pos_cp)
{
    size_t g = layout_glyph_at(l, pos_cp);
    while (g < l->nglyphs && is_word(l, g))
        g++;
    while (g < l->nglyphs && !is_word(l, g))
        g++;
    return layout_glyph_cp(l, g);
}

size_t layout_line_start(const struct layout *l, size_t pos_cp)
{
    return layout_glyph_cp(l, l->lines[line_of_glyph(l, layout_glyph_at(l, pos_cp))].start);
}

size_t layout_line_end(const struct layout *l, size_t pos_cp)
{
    return layout_glyph_cp(l, last_stop(l, line_of_glyph(l, layout_glyph_at(l, pos_cp))));
}
