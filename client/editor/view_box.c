#include <stdio.h>
#include <string.h>

#include "client/editor/view_state.h"

static struct rect box(struct view *v, int rows, int cols, const char *title)
{
    uint16_t all_rows = v->g->rows, all_cols = v->g->cols;
    rows = rows > all_rows - 2 ? all_rows - 2 : rows;
    cols = cols > all_cols - 2 ? all_cols - 2 : cols;
    struct rect r = {(uint16_t)((all_rows - rows) / 2), (uint16_t)((all_cols - cols) / 2),
                     (uint16_t)rows, (uint16_t)cols};
    static const char *const corners[] = {"\u250c", "\u2510", "\u2514",
                                          "\u2518", "\u2500", "\u2502"};
    struct rect in = {(uint16_t)(r.row + 1), (uint16_t)(r.col + 2), (uint16_t)(rows - 2),
                      (uint16_t)(cols - 4)};
    grid_clear(v->g, r);
    for (int col = 1; col + 1 < cols; col++) {
        view_put(v, r, 0, col, corners[4], 0);
        view_put(v, r, rows - 1, col, corners[4], 0);
    }
    for (int row = 1; row + 1 < rows; row++) {
        view_put(v, r, row, 0, corners[5], 0);
        view_put(v, r, row, cols - 1, corners[5], 0);
    }
    view_put(v, r, 0, 0, corners[0], 0);
    view_put(v, r, 0, cols - 1, corners[1], 0);
    view_put(v, r, rows - 1, 0, corners[2], 0);
    view_put(v, r, rows - 1, cols - 1, corners[3], 0);
    struct rect head = {r.row, r.col, 1, (uint16_t)(cols - 1)};
    view_put(v, head, 0, 2, title, CELL_BOLD);
    v->g->cursor_shown = false;
    return in;
}

void view_picker(struct view *v)
{
    const struct picker *p = &v->ed->picker;
    size_t width = text_cols(p->title) + 4;
    for (size_t i = 0; i < p->n; i++)
        if (text_cols(p->choices[i].label) + 10 > width)
            width = text_cols(p->choices[i].label) + 10;
    struct rect in = box(v, (int)p->n + 3, (int)(width < 44 ? 44 : width), p->title);
    size_t rows = in.rows > 1 ? in.rows - 1u : 1;
    size_t top = p->selected >= rows ? p->selected - rows + 1 : 0;
    for (size_t i = top; i < p->n && i - top < rows; i++) {
        const char *tick = p->ticked[i] ? "(*) " : p->several ? "( ) " : "    ";
        uint8_t attrs = i == p->selected ? CELL_REVERSE : 0;
        int row = (int)(i - top);
        int col = view_put(v, in, row, 0, i == p->selected ? "> " : "  ", attrs);
        col = view_put(v, in, row, col, tick, attrs);
        view_put(v, in, row, col, p->choices[i].label, attrs);
        if (i == p->selected)
            view_cursor_at(v, in, row, 0);
    }
    view_put(v, in, in.rows - 1, 0,
             p->several ? "Space ticks, Enter saves, Esc leaves it"
                        : "Enter chooses, Esc leaves it",
             CELL_DIM);
}

/* Ctrl-T means something in this box. */
static bool has_switch(const struct editor *ed)
{
    const struct line_box *b = &ed->line_box;
    return b->purpose == LINE_COMMENT ||
           (b->purpose == LINE_DRAFT && ed->life.draft.errand.kind == ERRAND_FLAG_NOTE);
}

/* A long line scrolls sideways so that the cursor is in sight. */
void view_line_box(struct view *v)
{
    const struct line_box *b = &v->ed->line_box;
    struct rect in = box(v, b->error[0] ? 7 : 5, 64, b->title);
    struct layout l = {0};
    size_t line;
    uint16_t at;
    char hint[160];
    if (layout_make(&l, b->text.data, b->text.len, UINT16_MAX)) {
        layout_fini(&l);
        return;
    }
    layout_place(&l, b->pos_cp, &line, &at);
    int shift = at >= in.cols ? at - in.cols + 1 : 0, col = -shift;
    for (size_t i = 0; i < l.nglyphs; i++) {
        struct glyph drawn;
        grapheme_glyph(l.utf8 + l.glyphs[i].byte, l.glyphs[i].len_bytes, &drawn);
        grid_glyph(v->g, in, 0, col, &drawn, CELL_UNDERLINE, COLOUR_NONE);
        col += l.glyphs[i].width;
    }
    grid_fill(v->g, in, 0, col, CELL_UNDERLINE, COLOUR_NONE);
    snprintf(hint, sizeof hint, "%s%s", b->hint,
             !has_switch(v->ed) ? ""
             : b->must_answer   ? " (now: yes)"
                                : " (now: no)");
    view_put(v, in, 1, 0, hint, CELL_DIM);
    if (b->error[0])
        view_wrapped(v, in, 2, 0, b->error, CELL_BOLD);
    view_cursor_at(v, in, 0, at - shift);
    layout_fini(&l);
}

void view_ask(struct view *v)
{
    struct rect in = box(v, 7, 64, "Please say");
    view_wrapped(v, in, 0, 0, v->ed->ask.text, 0);
    view_put(v, in, in.rows - 1, 0, "y yes   n no", CELL_BOLD);
}

static const struct help_line signs[HELP_SIGNS] = {
    {.text = "Signs on the screen", .heading = true                                                          },
    {.keys = "[x] [~] [ ]",         .text = "answered, partly, not yet"                                      },
    {.keys = "-",                   .text = "not asked in this audit, or not now"                            },
    {.keys = "* (key)",             .text = "required; counts most"                                          },
    {.keys = "AF",                  .text = "somebody is here, by their initials (the line below names them)"},
    {.keys = "c2, c2!",             .text = "open comments; one must be answered"                            },
    {.keys = "!",                   .text = "a comment is on words of this line"                             },
    {.keys = "?",                   .text = "words of this line look like an identifier"                     },
    {.keys = "\u2191 \u2193",       .text = "there is more above, below"                                     },
};

void view_help(struct view *v)
{
    struct help_line lines[256 + HELP_SIGNS];
    size_t n = keymap_help(v->ed->in_tree   ? CTX_TREE
                           : v->ed->authors ? CTX_AUTHORS
                                            : CTX_TEXT,
                           lines, 256);
    if (n > 256)
        n = 256;
    memcpy(lines + n, signs, sizeof signs);
    n += HELP_SIGNS;
    struct rect in = box(v, v->g->rows, v->g->cols, "Keys (Esc: back, arrows and PgDn: more)");
    for (size_t i = 0; i < in.rows && v->ed->help_top + i < n; i++) {
        const struct help_line *l = &lines[v->ed->help_top + i];
        if (l->heading) {
            view_put(v, in, (int)i, 0, l->text, CELL_BOLD | CELL_UNDERLINE);
            continue;
        }
        int col = view_put(v, in, (int)i, 1, l->keys, CELL_BOLD);
        view_put(v, in, (int)i, col < 16 ? 16 : col + 1, l->text, 0);
    }
}

static int desk_lines(const struct desk_row *row, uint16_t cols)
{
    struct layout l = {0};
    int width = cols - row->indent - 2, n = 1;
    if (!layout_make(&l, row->text.data, row->text.len, width > 0 ? (uint16_t)width : 1))
        n = (int)l.nlines;
    layout_fini(&l);
    return n;
}

/* Rows before the selected one that fill at most `rows` lines with it. */
static size_t desk_top(const struct life *l, uint16_t cols, int rows)
{
    size_t top = l->selected < l->nrows ? l->selected : 0;
    int used = 0;
    for (size_t i = top + 1; i-- > 0;) {
        used += desk_lines(&l->rows[i], cols);
        if (used > rows)
            break;
        top = i;
    }
    return top;
}

void view_desk(struct view *v)
{
    static const char *const titles[] = {
        [DESK_STEPS] = "What comes next", [DESK_READERS] = "Readers", [DESK_INBOX] = "Inbox"};
    const struct life *l = &v->ed->life;
    struct rect in = box(v, v->g->rows, v->g->cols, titles[l->show]);
    struct rect list = in;
    if (in.rows < 3)
        return;
    list.rows = (uint16_t)(in.rows - 2);
    int row = 0;
    for (size_t i = desk_top(l, list.cols, list.rows); i < l->nrows && row < list.rows; i++) {
        const struct desk_row *r = &l->rows[i];
        bool selected = i == l->selected && r->kind != DESK_WORDS;
        struct buf text = BUF_INIT; /* a copy: what is drawn is not changed */
        buf_append(&text, r->text.data, r->text.len);
        if (selected) {
            view_put(v, list, row, 0, ">", CELL_BOLD);
            view_cursor_at(v, list, row, 0);
        }
        row = view_wrapped(v, list, row, r->indent + 1, buf_cstr(&text),
                           selected ? (uint8_t)(r->attrs | CELL_REVERSE) : r->attrs);
        buf_free(&text);
    }
    view_put(v, in, in.rows - 1, 0,
             v->ed->said[0] ? v->ed->said
                            : "Enter: do it, go there   a: ask to moderate   r: readers   i: inbox"
                              "   Esc",
             v->ed->said[0] ? CELL_BOLD : CELL_DIM);
}
