#ifndef TANDEM_CLIENT_EDITOR_CELLS_H
#define TANDEM_CLIENT_EDITOR_CELLS_H

/* What a person sees, as data: graphemes with their width on a terminal, and a grid of cells. This
 * is where text of others becomes harmless: controls, bidi and zero-width characters turn visible
 * here, whoever puts them in. Pure.
 *
 * Widths are chosen so that every terminal agrees, since a terminal that counts differently would
 * shift the rest of the line: an emoji sequence is shown by its first figure and a "+". */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

enum { CELL_BYTES = 28 };

/* One grapheme as it is drawn. */
struct glyph {
    char text[CELL_BYTES]; /* NUL-terminated; no controls in it */
    uint8_t width;         /* columns: 1 or more (several when something hidden is made visible) */
};

/* Length in bytes of the grapheme cluster at data[at] (at < len); ill-formed bytes count one each.
 */
size_t grapheme_len(const uint8_t *data, size_t len, size_t at);
/* The cluster data[0..len) as drawn. Tab and newline become a blank of width 1 (layout.h decides
 * on tabs). */
void grapheme_glyph(const uint8_t *data, size_t len, struct glyph *out);
/* Columns of a whole line of text, drawn. */
size_t text_cols(const char *s);

enum cell_attr {
    CELL_BOLD = 1,
    CELL_DIM = 2,
    CELL_UNDERLINE = 4,
    CELL_REVERSE = 8,
    CELL_STRIKE = 16, /* also said in letters wherever it matters */
};
/* What the colour stands for; the screen chooses one, or none. */
enum cell_colour {
    COLOUR_NONE,
    COLOUR_GOOD,
    COLOUR_WARN,
    COLOUR_BAD,
    COLOUR_PERSON, /* + (agent or person) % COLOUR_PERSONS */
    COLOUR_PERSONS = 6,
    COLOUR_COUNT = COLOUR_PERSON + COLOUR_PERSONS,
};

struct cell {
    char text[CELL_BYTES]; /* "" : the right half of a wide one */
    uint8_t width;         /* 0: the right half of a wide one */
    uint8_t attrs;
    uint8_t colour;
};

struct grid {
    uint16_t rows, cols;
    struct cell *cells;
    bool cursor_shown;
    uint16_t cursor_row, cursor_col;
};

void grid_fini(struct grid *g); /* a zeroed struct may be given to grid_size */
/* Makes it this large and blank. False without memory (then it has no rows). */
bool grid_size(struct grid *g, uint16_t rows, uint16_t cols);
static inline struct cell *grid_at(const struct grid *g, uint16_t row, uint16_t col)
{
    return &g->cells[(size_t)row * g->cols + col];
}
/* A place to draw, relative to which rows and columns are counted; nothing is drawn outside. */
struct rect {
    uint16_t row, col, rows, cols;
};
/* Draws one grapheme; half a wide one is never left behind. Returns the columns it took (0
 * outside).
 */
uint16_t grid_glyph(struct grid *g, struct rect in, int row, int col, const struct glyph *gl,
                    uint8_t attrs, uint8_t colour);
/* Draws one line (newlines made visible), cut at the right edge with "…". Returns the column behind
 * it. */
int grid_put(struct grid *g, struct rect in, int row, int col, const char *s, uint8_t attrs,
             uint8_t colour);
/* Blank cells over the rest of the row from `col`. */
void grid_fill(struct grid *g, struct rect in, int row, int col, uint8_t attrs, uint8_t colour);
void grid_clear(struct grid *g, struct rect in);
/* Adds attributes to what is drawn in columns [from, to) of a row. */
void grid_mark(struct grid *g, struct rect in, int row, int from, int to, uint8_t attrs,
               uint8_t colour);
/* The row as a person reads it, without blanks at its end (tests, captures). */
void grid_row_text(const struct grid *g, uint16_t row, struct buf *out);

#endif
