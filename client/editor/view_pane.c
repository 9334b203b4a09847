#include <stdio.h>
#include <string.h>

#include "client/editor/view_state.h"

/* ---- the answer ---- */

struct marks_of_line { /* what stands beside one line of a text */
    char initials[16];
    uint32_t person;
    bool comment, must, hint;
};

/* One line of a laid-out text from column `col`. Returns the column behind it. */
static int draw_layout_line(struct view *v, int row, int col, const struct form_row *fr,
                            size_t line)
{
    const struct layout *l = &fr->layout;
    int edge = col + l->width;
    for (size_t i = l->lines[line].start; i < l->lines[line].end; i++) {
        const struct layout_glyph *lg = &l->glyphs[i];
        struct glyph drawn;
        if (lg->kind == GLYPH_NEWLINE || col + lg->width > edge)
            break;
        grapheme_glyph(l->utf8 + lg->byte, lg->len_bytes, &drawn);
        if (l->utf8[lg->byte] == '\t') {
            col += lg->width;
            continue;
        }
        col += grid_glyph(v->g, v->geo.pane, row, col, &drawn, fr->attrs, COLOUR_NONE);
    }
    return col;
}

/* Marks cells of positions [start, end) as far as they are on this line. */
static void mark_range(struct view *v, int row, int col, const struct layout *l, size_t line,
                       size_t start, size_t end, uint8_t attrs, uint8_t colour)
{
    int at = col, edge = col + l->width;
    for (size_t i = l->lines[line].start; i < l->lines[line].end && at < edge; i++) {
        const struct layout_glyph *lg = &l->glyphs[i];
        int width = lg->kind == GLYPH_NEWLINE ? 1 : lg->width;
        if (lg->cp >= start && lg->cp < end)
            grid_mark(v->g, v->geo.pane, row, at, at + width < edge ? at + width : edge, attrs,
                      colour);
        at += width;
    }
}

static bool position_on_line(const struct layout *l, size_t pos, size_t line, uint16_t *col)
{
    size_t at;
    layout_place(l, pos, &at, col);
    return at == line;
}

static void draw_others(struct view *v, int row, int col, const struct form_row *fr, size_t line,
                        struct marks_of_line *m)
{
    const struct replica *r = v->ed->r;
    const struct text *t = audit_text(model_audit(v->ed), fr->field);
    for (size_t i = 0; t && i < replica_present_count(r); i++) {
        struct replica_present p = replica_present_at(r, i);
        size_t head, tail;
        uint16_t at;
        if (p.me || !p.has_cursor || !field_equal(p.field, fr->field) ||
            text_anchor_pos(t, p.head, &head))
            continue;
        if (p.has_selection && !text_anchor_pos(t, p.tail, &tail))
            mark_range(v, row, col, &fr->layout, line, head < tail ? head : tail,
                       head < tail ? tail : head, CELL_UNDERLINE, view_person_colour(p.person));
        if (!position_on_line(&fr->layout, head, line, &at))
            continue;
        grid_mark(v->g, v->geo.pane, row, col + at, col + at + 1, CELL_REVERSE | CELL_UNDERLINE,
                  view_person_colour(p.person));
        if (m->initials[0]) /* several in one line */
            memcpy(m->initials + 2, "+", 2);
        else
            snprintf(m->initials, sizeof m->initials, "%s", replica_initials(r, p.person));
        m->person = p.person;
    }
}

static void draw_comment_marks(struct view *v, int row, int col, const struct form_row *fr,
                               size_t line, struct marks_of_line *m)
{
    const struct audit *a = model_audit(v->ed);
    const struct text *t = audit_text(a, fr->field);
    for (size_t i = 0; i < audit_comment_count(a); i++) {
        const struct audit_comment *c = audit_comment_at(a, i);
        size_t start = 0, end = 0;
        uint16_t at;
        if (c->resolved || !field_equal(c->field, fr->field))
            continue;
        if (c->on_words && t && !text_anchor_pos(t, c->start, &start) &&
            !text_anchor_pos(t, c->end, &end))
            mark_range(v, row, col, &fr->layout, line, start, end, CELL_UNDERLINE, COLOUR_WARN);
        if (!position_on_line(&fr->layout, start, line, &at))
            continue;
        m->comment = true;
        m->must |= c->must_answer;
    }
}

/* Beside the line: "c" or "!" for a comment, "?" for what looks like an identifier; at the right
 * the initials of whose cursor is in it. */
static void draw_line_marks(struct view *v, int row, const struct marks_of_line *m)
{
    struct rect in = v->geo.pane;
    if (m->comment)
        grid_put(v->g, in, row, 1, m->must ? "!" : "c", CELL_BOLD, COLOUR_WARN);
    else if (m->hint)
        grid_put(v->g, in, row, 1, "?", CELL_BOLD, COLOUR_WARN);
    if (m->initials[0])
        grid_put(v->g, in, row, in.cols - GUTTER_RIGHT + 1, m->initials, CELL_REVERSE,
                 view_person_colour(m->person));
}

static void draw_hints(struct view *v, int row, int col, const struct form_row *fr, size_t line,
                       struct marks_of_line *m)
{
    const struct layout *l = &fr->layout;
    size_t first = layout_glyph_cp(l, l->lines[line].start);
    size_t last = layout_glyph_cp(l, l->lines[line].end);
    for (size_t i = 0; i < fr->nspans; i++) {
        const struct span *s = &fr->spans[i];
        uint16_t at;
        if (s->end_cp <= first || s->start_cp >= last)
            continue;
        mark_range(v, row, col, &fr->layout, line, s->start_cp, s->end_cp, s->attrs, s->colour);
        m->hint |= position_on_line(&fr->layout, s->start_cp, line, &at);
    }
}

static void draw_live_line(struct view *v, int row, const struct form_row *fr, size_t line,
                           bool focused)
{
    const struct editor *ed = v->ed;
    int col = GUTTER_LEFT + fr->indent;
    size_t start, end;
    uint16_t at;
    struct marks_of_line m = {.person = 0};
    draw_layout_line(v, row, col, fr, line);
    if (ed->authors) {
        for (size_t i = 0; i < fr->nspans; i++)
            mark_range(v, row, col, &fr->layout, line, fr->spans[i].start_cp, fr->spans[i].end_cp,
                       fr->spans[i].attrs, fr->spans[i].colour);
        return;
    }
    if (fr->held)
        return;
    draw_comment_marks(v, row, col, fr, line, &m);
    draw_hints(v, row, col, fr, line, &m);
    draw_others(v, row, col, fr, line, &m);
    draw_line_marks(v, row, &m);
    if (!focused)
        return;
    if (model_selection(ed, &start, &end))
        mark_range(v, row, col, &fr->layout, line, start, end, CELL_REVERSE, COLOUR_NONE);
    if (position_on_line(&fr->layout, ed->pos_cp, line, &at))
        view_cursor_at(v, v->geo.pane, row, col + at);
}

/* Who is on a part but not in its words: initials at its right. */
static void draw_field_marks(struct view *v, int row, const struct form_row *fr)
{
    const struct replica *r = v->ed->r;
    const struct audit *a = model_audit(v->ed);
    struct marks_of_line m = {.person = 0};
    for (size_t i = 0; i < replica_present_count(r); i++) {
        struct replica_present p = replica_present_at(r, i);
        if (p.me || !field_equal(p.field, fr->field) || (fr->kind == FORM_LIVE && p.has_cursor))
            continue;
        snprintf(m.initials, sizeof m.initials, "%s", replica_initials(r, p.person));
        m.person = p.person;
    }
    for (size_t i = 0; fr->kind != FORM_LIVE && i < audit_comment_count(a); i++) {
        const struct audit_comment *c = audit_comment_at(a, i);
        if (c->resolved || !field_equal(c->field, fr->field))
            continue;
        m.comment = true;
        m.must |= c->must_answer;
    }
    draw_line_marks(v, row, &m);
}

static void draw_label(struct view *v, int row, const struct form_row *fr, bool focused)
{
    struct rect in = v->geo.pane;
    struct buf label = BUF_INIT; /* a copy: what is drawn is not changed */
    buf_append(&label, fr->label.data, fr->label.len);
    in.cols = (uint16_t)(in.cols > GUTTER_RIGHT ? in.cols - GUTTER_RIGHT : in.cols);
    view_put(v, in, row, GUTTER_LEFT + fr->indent, buf_cstr(&label),
             (uint8_t)(CELL_UNDERLINE | (focused ? CELL_BOLD : 0)));
    buf_free(&label);
}

static void draw_form_line(struct view *v, int row, size_t index, size_t line)
{
    const struct editor *ed = v->ed;
    const struct form_row *fr = &ed->form[index];
    bool focused = index == ed->focus && !ed->in_tree && form_focusable(fr);
    if (focused && line == 0)
        view_put(v, v->geo.pane, row, 0, ">", CELL_BOLD);
    if (fr->kind == FORM_LIVE && line == 0) {
        draw_label(v, row, fr, focused);
        draw_field_marks(v, row, fr);
        if (focused && (fr->held || ed->authors))
            view_cursor_at(v, v->geo.pane, row, GUTTER_LEFT + fr->indent);
        return;
    }
    if (fr->kind == FORM_LIVE) {
        draw_live_line(v, row, fr, line - 1, focused);
        return;
    }
    int col = GUTTER_LEFT + fr->indent;
    int end = draw_layout_line(v, row, col, fr, line);
    if (fr->kind == FORM_STATIC)
        return;
    if (focused)
        grid_mark(v->g, v->geo.pane, row, col, end, CELL_REVERSE, COLOUR_NONE);
    if (focused && line == 0)
        view_cursor_at(v, v->geo.pane, row, col);
    if (line == 0)
        draw_field_marks(v, row, fr);
}

void view_pane(struct view *v)
{
    const struct editor *ed = v->ed;
    struct rect in = v->geo.pane;
    if (!in.rows || !in.cols)
        return;
    for (size_t i = 0; i < ed->nform; i++) {
        const struct form_row *fr = &ed->form[i];
        for (size_t line = 0; line < fr->nlines; line++) {
            size_t at = fr->first_line + line;
            if (at >= ed->top_line && at < ed->top_line + in.rows)
                draw_form_line(v, (int)(at - ed->top_line), i, line);
        }
    }
    if (ed->top_line)
        view_put(v, in, 0, in.cols - 1, "\u2191", CELL_DIM);
    if (ed->nlines > ed->top_line + in.rows)
        view_put(v, in, in.rows - 1, in.cols - 1, "\u2193", CELL_DIM);
}

/* ---- comments ---- */

int view_wrapped(struct view *v, struct rect in, int row, int col, const char *s, uint8_t attrs)
{
    struct layout l = {0};
    uint16_t width = in.cols > col + 1 ? (uint16_t)(in.cols - col - 1) : 1;
    if (layout_make(&l, (const uint8_t *)s, strlen(s), width)) {
        layout_fini(&l);
        return row;
    }
    for (size_t i = 0; i < l.nlines && row < in.rows; i++, row++) {
        int at = col;
        for (size_t k = l.lines[i].start; k < l.lines[i].end; k++) {
            struct glyph drawn;
            if (l.glyphs[k].kind == GLYPH_NEWLINE)
                break;
            grapheme_glyph(l.utf8 + l.glyphs[k].byte, l.glyphs[k].len_bytes, &drawn);
            at += grid_glyph(v->g, in, row, at, &drawn, attrs, COLOUR_NONE);
        }
    }
    layout_fini(&l);
    return row;
}

static int draw_comment(struct view *v, struct rect in, int row, const struct audit_comment *c,
                        bool selected)
{
    const struct replica *r = v->ed->r;
    struct buf line = BUF_INIT;
    buf_appendf(&line, "%s%s ", selected ? "> " : "  ", replica_initials(r, c->by));
    describe_field(r, c->field, &line);
    if (c->resolved)
        buf_append_str(&line, " (resolved)");
    else if (c->must_answer)
        buf_append_str(&line, " (must answer)");
    view_put(v, in, row++, 0, buf_cstr(&line), selected ? CELL_REVERSE : CELL_UNDERLINE);
    row = view_wrapped(v, in, row, 3, c->text, 0);
    for (size_t i = 0; i < c->nreplies; i++) {
        buf_clear(&line);
        buf_appendf(&line, "%s: %s", replica_initials(r, c->replies[i].by), c->replies[i].text);
        row = view_wrapped(v, in, row, 5, buf_cstr(&line), 0);
    }
    buf_free(&line);
    return row;
}

void view_comments(struct view *v)
{
    const struct editor *ed = v->ed;
    const struct audit_comment *list[512];
    struct rect in = v->geo.comments;
    static const struct glyph bar = {.text = "\u2502", .width = 1};
    if (!v->geo.comments_shown || !model_audit(ed))
        return;
    size_t n = model_comments(ed, list, 512), first = 0;
    char title[96];
    if (in.cols < ed->cols && v->geo.comments.col > v->geo.pane.col) {
        for (int row = 0; row < in.rows; row++)
            grid_glyph(v->g, in, row, 0, &bar, CELL_DIM, COLOUR_NONE);
        in.col++;
        in.cols--;
    }
    snprintf(title, sizeof title, " Comments (%zu)%s", n,
             ed->comments_open ? "  Enter jump, r reply, x resolve, Esc" : "  F7");
    grid_fill(v->g, in, 0, 0, CELL_REVERSE, COLOUR_NONE);
    view_put(v, in, 0, 0, title, CELL_REVERSE);
    in.row++;
    in.rows--;
    for (size_t i = 0; i < n; i++)
        if (ed->comments_open ? list[i]->id == ed->comment : list[i]->field.question < ed->question)
            first = ed->comments_open ? i : i + 1 < n ? i + 1 : i;
    if (ed->comments_open && first) /* one before it stays in sight */
        first--;
    int row = 0;
    for (size_t i = first; i < n && row < in.rows; i++)
        row = draw_comment(v, in, row, list[i], ed->comments_open && list[i]->id == ed->comment);
}
