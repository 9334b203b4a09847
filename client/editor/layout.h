#ifndef TANDEM_CLIENT_EDITOR_LAYOUT_H
#define TANDEM_CLIENT_EDITOR_LAYOUT_H

/* A text broken into lines of a given width: by words, at graphemes, with wide and combining
 * characters counted right; and the motions of a cursor over it. Positions are in scalar values
 * (_cp) and always stand between two graphemes. Blanks at the end of a line hang over the edge
 * instead of starting the next line. Pure. */

#include "client/editor/cells.h"

struct layout_glyph {
    uint32_t byte; /* where it begins */
    uint32_t cp;
    uint32_t len_bytes;
    uint8_t width; /* columns; a newline has 0; a tab reaches to the next multiple of 4 */
    uint8_t kind;  /* enum layout_kind */
};
enum layout_kind { GLYPH_WORD, GLYPH_OTHER, GLYPH_BLANK, GLYPH_NEWLINE };

struct layout_line {
    uint32_t start, end; /* glyphs [start, end), the newline or hanging blanks included */
};

struct layout {
    const uint8_t *utf8; /* kept until layout_fini or the next layout_make */
    size_t len_bytes;
    uint32_t len_cp;
    struct layout_glyph *glyphs;
    size_t nglyphs;
    struct layout_line *lines; /* at least one; an empty text has one empty line */
    size_t nlines;
    uint16_t width;
};

/* `l` is zeroed or was made before. Keeps `utf8`. width is at least 1. */
MUST_CHECK enum err layout_make(struct layout *l, const uint8_t *utf8, size_t len, uint16_t width);
void layout_fini(struct layout *l);

/* The glyph that begins at or contains pos_cp; nglyphs for the end of the text. */
size_t layout_glyph_at(const struct layout *l, size_t pos_cp);
size_t layout_glyph_cp(const struct layout *l, size_t glyph); /* glyph may be nglyphs */
/* pos_cp moved back to the start of its grapheme. */
size_t layout_snap(const struct layout *l, size_t pos_cp);
/* Where a position is shown. A position at a soft break is at the start of the next line. */
void layout_place(const struct layout *l, size_t pos_cp, size_t *line, uint16_t *col);
/* The position nearest to this column. */
size_t layout_cp_at(const struct layout *l, size_t line, uint16_t col);
uint16_t layout_line_cols(const struct layout *l, size_t line); /* as drawn, hanging blanks cut */

size_t layout_left(const struct layout *l, size_t pos_cp);
size_t layout_right(const struct layout *l, size_t pos_cp);
size_t layout_word_left(const struct layout *l, size_t pos_cp);  /* to the start of a word */
size_t layout_word_right(const struct layout *l, size_t pos_cp); /* to the start of the next word */
size_t layout_line_start(const struct layout *l, size_t pos_cp);
size_t layout_line_end(const struct layout *l, size_t pos_cp);

#endif
