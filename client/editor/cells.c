#include "client/editor/cells.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "common/utf8.h"

/* ---- graphemes ---- */

size_t grapheme_len(const uint8_t *data, size_t len, size_t at)
{
    const uint8_t *end = data + len;
    uint32_t cp;
    if (data[at] < 0x80 && data[at] != '\r' && (at + 1 == len || data[at + 1] < 0x80))
        return 1; /* nearly all of them: ASCII never joins with ASCII but for CR LF */
    size_t n = utf8_decode(data + at, end, &cp);
    if (!n)
        return 1;
    utf8proc_int32_t state = 0;
    for (;;) {
        uint32_t next;
        size_t m = at + n < len ? utf8_decode(data + at + n, end, &next) : 0;
        if (!m ||
            utf8proc_grapheme_break_stateful((utf8proc_int32_t)cp, (utf8proc_int32_t)next, &state))
            return n;
        n += m;
        cp = next;
    }
}

static bool is_pictograph(uint32_t cp)
{
    return utf8proc_get_property((utf8proc_int32_t)cp)->boundclass ==
           UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;
}

static bool is_flag_part(uint32_t cp)
{
    return cp >= 0x1f1e6 && cp <= 0x1f1ff;
}

/* Columns of a character by itself, as wcwidth on common terminals says. */
static unsigned width_of(uint32_t cp)
{
    if (cp >= 0x1160 && cp <= 0x11ff) /* vowels and finals of composed Hangul */
        return 0;
    int w = utf8proc_charwidth((utf8proc_int32_t)cp);
    return w > 0 ? (unsigned)w : 0;
}

struct drawing {
    struct glyph *out;
    size_t len;
    unsigned width;
    bool cut;
};

static void draw_bytes(struct drawing *d, const uint8_t *p, size_t n, unsigned width)
{
    if (d->len + n >= CELL_BYTES - 2) { /* room for a "+" */
        d->cut = true;
        return;
    }
    memcpy(d->out->text + d->len, p, n);
    d->len += n;
    d->width += width;
}

/* Something that may not be drawn as it is: in the words of text_safe. */
static void draw_visible(struct drawing *d, const uint8_t *p, size_t n, uint32_t cp)
{
    struct buf safe = BUF_INIT;
    if (cp == 0x200c || cp == 0x200d || (cp >= 0xfe00 && cp <= 0xfe0f))
        buf_appendf(&safe, "\u2039U+%04X\u203a", (unsigned)cp);
    else
        text_safe(&safe, p, n, false);
    long cols = buf_failed(&safe) ? 0 : utf8_count(safe.data, safe.len);
    draw_bytes(d, safe.data, safe.len, cols > 0 ? (unsigned)cols : 0);
    buf_free(&safe);
}

static bool is_hidden(const uint8_t *p, size_t n)
{
    struct buf safe = BUF_INIT;
    text_safe(&safe, p, n, false);
    bool changed = safe.len != n || memcmp(safe.data, p, n);
    buf_free(&safe);
    return changed;
}

/* Draws what follows the base of a cluster. */
static void draw_rest(struct drawing *d, const uint8_t *p, const uint8_t *end, uint32_t base)
{
    bool sequence = is_pictograph(base), more = false;
    uint32_t cp;
    for (size_t n; p < end; p += n) {
        n = utf8_decode(p, end, &cp);
        if (!n)
            break;
        if (is_flag_part(base) && is_flag_part(cp))
            draw_bytes(d, p, n, width_of(cp));
        else if (sequence && (cp == 0x200d || (cp >= 0xe0020 && cp <= 0xe007f)))
            more = true;
        else if (sequence && (cp == 0xfe0e || cp == 0xfe0f || cp == 0x20e3))
            continue; /* how it is shown is the terminal's choice; the width stays ours */
        else if (sequence)
            more = true; /* a second figure, a skin tone */
        else if (cp == 0x200c || cp == 0x200d || is_hidden(p, n))
            draw_visible(d, p, n, cp);
        else
            draw_bytes(d, p, n, width_of(cp));
    }
    if (more || d->cut) {
        d->out->text[d->len++] = '+';
        d->width++;
    }
}

void grapheme_glyph(const uint8_t *data, size_t len, struct glyph *out)
{
    struct drawing d = {.out = out};
    uint32_t cp;
    memset(out, 0, sizeof *out);
    if (len && data[0] >= 0x20 && data[0] < 0x7f && len == 1) { /* nearly all of them */
        out->text[0] = (char)data[0];
        out->width = 1;
        return;
    }
    size_t n = utf8_decode(data, data + len, &cp);
    if (n && (cp == '\n' || cp == '\t')) {
        out->text[0] = ' ';
        out->width = 1;
        return;
    }
    if (!n) {
        draw_bytes(&d, (const uint8_t *)"\xef\xbf\xbd", 3, 1);
        n = 1;
    } else if (cp == 0x200c || cp == 0x200d || (cp >= 0xfe00 && cp <= 0xfe0f) ||
               is_hidden(data, n)) {
        draw_visible(&d, data, n, cp);
    } else if (width_of(cp) == 0) { /* a mark without a letter */
        draw_bytes(&d, (const uint8_t *)"\u25cc", 3, 1);
        draw_bytes(&d, data, n, 0);
    } else {
        draw_bytes(&d, data, n, width_of(cp));
    }
    draw_rest(&d, data + n, data + len, cp);
    out->text[d.len] = 0;
    out->width = (uint8_t)(d.width ? d.width : 1);
}

size_t text_cols(const char *s)
{
    const uint8_t *p = (const uint8_t *)s;
    size_t len = strlen(s), cols = 0;
    for (size_t at = 0; at < len;) {
        size_t n = grapheme_len(p, len, at);
        struct glyph g;
        grapheme_glyph(p + at, n, &g);
        cols += g.width;
        at += n;
    }
    return cols;
}

/* ---- the grid ---- */

void grid_fini(struct grid *g)
{
    free(g->cells);
    memset(g, 0, sizeof *g);
}

static const struct cell blank = {.text = " ", .width = 1};

bool grid_size(struct grid *g, uint16_t rows, uint16_t cols)
{
    size_t n = (size_t)rows * cols;
    struct cell *cells = n ? realloc(g->cells, n * sizeof *cells) : g->cells;
    if (!cells) {
        g->rows = g->cols = 0;
        return n == 0;
    }
    g->cells = cells;
    g->rows = rows;
    g->cols = cols;
    for (size_t i = 0; i < n; i++)
        cells[i] = blank;
    g->cursor_shown = false;
    return true;
}

/* Both halves of a wide one go when one of them is drawn over. */
static void clear_cell(struct grid *g, uint16_t row, uint16_t col)
{
    uint16_t start = col, end = (uint16_t)(col + 1);
    while (start > 0 && grid_at(g, row, start)->width == 0)
        start--;
    while (end < g->cols && grid_at(g, row, end)->width == 0)
        end++;
    for (uint16_t c = start; c < end; c++)
        *grid_at(g, row, c) = blank;
}

uint16_t grid_glyph(struct grid *g, struct rect in, int row, int col, const struct glyph *gl,
                    uint8_t attrs, uint8_t colour)
{
    if (row < 0 || row >= in.rows || col < 0 || col + gl->width > in.cols ||
        in.row + row >= g->rows || in.col + col + gl->width > g->cols)
        return 0;
    uint16_t r = (uint16_t)(in.row + row), c = (uint16_t)(in.col + col);
    for (uint16_t i = 0; i < gl->width; i++)
        clear_cell(g, r, (uint16_t)(c + i));
    for (uint16_t i = 0; i < gl->width; i++) {
        struct cell *cell = grid_at(g, r, (uint16_t)(c + i));
        *cell = (struct cell){.width = 0, .attrs = attrs, .colour = colour};
        if (i == 0) {
            memcpy(cell->text, gl->text, CELL_BYTES);
            cell->width = gl->width;
        }
    }
    return gl->width;
}

int grid_put(struct grid *g, struct rect in, int row, int col, const char *s, uint8_t attrs,
             uint8_t colour)
{
    static const struct glyph dots = {.text = "\u2026", .width = 1};
    const uint8_t *p = (const uint8_t *)s;
    size_t len = strlen(s);
    int before = col; /* where the last grapheme began, to put the dots over */
    for (size_t at = 0; at < len;) {
        size_t n = grapheme_len(p, len, at);
        struct glyph gl;
        if (p[at] == '\n' || p[at] == '\t')
            gl = (struct glyph){.text = "\u240a", .width = 1};
        else
            grapheme_glyph(p + at, n, &gl);
        if (p[at] == '\t')
            gl.text[2] = (char)0x89; /* U+2409 */
        if (col + gl.width > in.cols) {
            grid_glyph(g, in, row, col < in.cols ? col : before, &dots, attrs, colour);
            return in.cols;
        }
        before = col;
        grid_glyph(g, in, row, col, &gl, attrs, colour);
        col += gl.width;
        at += n;
    }
    return col;
}

void grid_fill(struct grid *g, struct rect in, int row, int col, uint8_t attrs, uint8_t colour)
{
    static const struct glyph space = {.text = " ", .width = 1};
    for (; col < in.cols; col++)
        grid_glyph(g, in, row, col, &space, attrs, colour);
}

void grid_clear(struct grid *g, struct rect in)
{
    for (int row = 0; row < in.rows; row++)
        grid_fill(g, in, row, 0, 0, 0);
}

void grid_mark(struct grid *g, struct rect in, int row, int from, int to, uint8_t attrs,
               uint8_t colour)
{
    if (row < 0 || row >= in.rows || in.row + row >= g->rows)
        return;
    for (int col = from < 0 ? 0 : from; col < to && col < in.cols && in.col + col < g->cols;
         col++) {
        struct cell *c = grid_at(g, (uint16_t)(in.row + row), (uint16_t)(in.col + col));
        c->attrs |= attrs;
        if (colour)
            c->colour = colour;
    }
}

void grid_row_text(const struct grid *g, uint16_t row, struct buf *out)
{
    size_t start = out->len;
    for (uint16_t c = 0; c < g->cols; c++)
        if (grid_at(g, row, c)->width)
            buf_append_str(out, grid_at(g, row, c)->text);
    while (out->len > start && out->data[out->len - 1] == ' ')
        out->len--;
}
