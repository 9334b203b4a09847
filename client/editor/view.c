#include "client/editor/view.h"

#include <stdio.h>
#include <string.h>

#include "client/editor/model_state.h"
#include "common/utf8.h"

struct view {
    const struct editor *ed;
    struct grid *g;
    struct geometry geo;
};

static uint8_t person_colour(uint32_t person)
{
    return (uint8_t)(COLOUR_PERSON + person % COLOUR_PERSONS);
}

static int put(struct view *v, struct rect in, int row, int col, const char *s, uint8_t attrs)
{
    return grid_put(v->g, in, row, col, s, attrs, COLOUR_NONE);
}

/* Also for those who see nothing of reverse or bold: a screen reader follows the cursor. */
static void cursor_at(struct view *v, struct rect in, int row, int col)
{
    if (row < 0 || row >= in.rows || col < 0 || col >= in.cols)
        return;
    v->g->cursor_shown = true;
    v->g->cursor_row = (uint16_t)(in.row + row);
    v->g->cursor_col = (uint16_t)(in.col + col);
}

/* ---- title ---- */

static void draw_title(struct view *v)
{
    const struct audit *a = model_audit(v->ed);
    struct rect in = v->geo.title;
    char right[80] = "F1 help";
    if (!in.rows)
        return;
    grid_fill(v->g, in, 0, 0, CELL_REVERSE, COLOUR_NONE);
    int col = put(v, in, 0, 1, v->ed->ref, CELL_REVERSE | CELL_BOLD);
    if (a) {
        struct audit_progress p = audit_progress(a);
        struct audit_info info = audit_info(a);
        snprintf(right, sizeof right, "%s  %u of %u answered  F1 help",
                 audit_state_code(info.state), (unsigned)p.answered, (unsigned)p.required);
        int width = (int)text_cols(right);
        struct rect left = in;
        left.cols = in.cols > width + 2 ? (uint16_t)(in.cols - width - 2) : 1;
        col = put(v, left, 0, col + 2, audit_template(a)->title, CELL_REVERSE);
        if (width + col + 2 > in.cols)
            snprintf(right, sizeof right, "%u/%u F1 help", (unsigned)p.answered,
                     (unsigned)p.required);
    }
    int at = in.cols - (int)text_cols(right) - 1;
    if (at > col)
        put(v, in, 0, at, right, CELL_REVERSE);
}

/* ---- the list of questions ---- */

static const char *state_mark(enum question_state s)
{
    switch (s) {
    case QUESTION_EMPTY:
        return "[ ]";
    case QUESTION_PARTLY:
        return "[~]";
    case QUESTION_DONE:
        return "[x]";
    case QUESTION_NOT_NEEDED:
        return " - ";
    }
    return "   ";
}

/* Who is in it, and its open comments: "AF c2" (an exclamation mark: must be answered). */
static void question_marks(struct view *v, uint16_t question, struct buf *out)
{
    const struct replica *r = v->ed->r;
    size_t must, n = model_open_comments(v->ed, question, &must), here = 0;
    for (size_t i = 0; i < replica_present_count(r); i++) {
        struct replica_present p = replica_present_at(r, i);
        if (p.me || p.field.question != question)
            continue;
        if (here++ < 2)
            buf_appendf(out, " %s", replica_initials(r, p.person));
    }
    if (here > 2)
        buf_append_str(out, "+");
    if (n)
        buf_appendf(out, " c%zu%s", n, must ? "!" : "");
}

static void draw_section(struct view *v, struct rect in, int row, const struct tree_row *t)
{
    const struct audit *a = model_audit(v->ed);
    const struct template *tp = audit_template(a);
    char line[128];
    unsigned done = 0, all = 0;
    for (size_t i = 0; i < tp->nquestions; i++) {
        if (tp->questions[i].section != t->section || tp->questions[i].kinds == KIND_INFO)
            continue;
        enum question_state s = audit_question_state(a, tp->questions[i].number);
        all += s != QUESTION_NOT_NEEDED;
        done += s == QUESTION_DONE;
    }
    snprintf(line, sizeof line, "%u/%u", done, all);
    int at = in.cols - (int)strlen(line) - 1;
    struct rect left = in;
    left.cols = (uint16_t)(at > 1 ? at - 1 : 1);
    int col = put(v, left, row, 0, tp->sections[t->section].code, CELL_BOLD);
    put(v, left, row, col + 1, tp->sections[t->section].title, CELL_BOLD);
    put(v, in, row, at, line, 0);
}

static void draw_question_row(struct view *v, struct rect in, int row, const struct tree_row *t)
{
    const struct audit *a = model_audit(v->ed);
    const struct question *q = template_question(audit_template(a), t->question);
    bool selected = t->question == v->ed->question;
    uint8_t attrs = !selected ? 0 : v->ed->in_tree ? (uint8_t)CELL_REVERSE : (uint8_t)CELL_BOLD;
    struct buf marks = BUF_INIT;
    char line[64];
    question_marks(v, t->question, &marks);
    int at = in.cols - (int)text_cols(buf_cstr(&marks)) - 1;
    struct rect left = in;
    left.cols = (uint16_t)(at > 0 ? at : 1);
    if (selected)
        grid_fill(v->g, left, row, 0, attrs, COLOUR_NONE);
    snprintf(line, sizeof line, "%c%s %s ", selected ? '>' : ' ',
             state_mark(audit_question_state(a, q->number)), q->code);
    int col = put(v, left, row, 0, line, attrs);
    put(v, left, row, col, q->title, attrs);
    grid_put(v->g, in, row, at, buf_cstr(&marks), CELL_BOLD, COLOUR_WARN);
    buf_free(&marks);
}

static void draw_tree(struct view *v)
{
    const struct editor *ed = v->ed;
    struct rect in = v->geo.tree;
    size_t at = 0, top;
    static const struct glyph bar = {.text = "\u2502", .width = 1};
    if (!v->geo.tree_shown || !in.rows)
        return;
    for (size_t i = 0; i < ed->ntree; i++)
        if (!ed->tree[i].is_section && ed->tree[i].question == ed->question)
            at = i;
    /* The list stays as long as the selected row is in sight. */
    top = at + 2 > in.rows ? at + 2 - in.rows : 0;
    if (in.rows >= 3 && top) {
        size_t page = in.rows / 2u;
        top = at / page * page;
        top = top > page / 2 ? top - page / 2 : 0;
        if (top + in.rows > ed->ntree)
            top = ed->ntree > in.rows ? ed->ntree - in.rows : 0;
    }
    for (uint16_t row = 0; row < in.rows; row++) {
        size_t i = top + row;
        if (in.cols < ed->cols)
            grid_glyph(v->g, in, row, in.cols - 1, &bar, CELL_DIM, COLOUR_NONE);
        if (i >= ed->ntree)
            continue;
        if (ed->tree[i].is_section)
            draw_section(v, in, row, &ed->tree[i]);
        else
            draw_question_row(v, in, row, &ed->tree[i]);
    }
}

/* ---- the answer ---- */

struct marks_of_line { /* what stands beside one line of a text */
    char initials[16];
    uint32_t person;
    bool comment, must;
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
                       head < tail ? tail : head, CELL_UNDERLINE, person_colour(p.person));
        if (!position_on_line(&fr->layout, head, line, &at))
            continue;
        grid_mark(v->g, v->geo.pane, row, col + at, col + at + 1, CELL_REVERSE | CELL_UNDERLINE,
                  person_colour(p.person));
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

/* Beside the line: "c" for a comment, at the right the initials of whose cursor is in it. */
static void draw_line_marks(struct view *v, int row, const struct marks_of_line *m)
{
    struct rect in = v->geo.pane;
    if (m->comment)
        grid_put(v->g, in, row, 1, m->must ? "!" : "c", CELL_BOLD, COLOUR_WARN);
    if (m->initials[0])
        grid_put(v->g, in, row, in.cols - GUTTER_RIGHT + 1, m->initials, CELL_REVERSE,
                 person_colour(m->person));
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
    draw_others(v, row, col, fr, line, &m);
    draw_line_marks(v, row, &m);
    if (!focused)
        return;
    if (model_selection(ed, &start, &end))
        mark_range(v, row, col, &fr->layout, line, start, end, CELL_REVERSE, COLOUR_NONE);
    if (position_on_line(&fr->layout, ed->pos_cp, line, &at))
        cursor_at(v, v->geo.pane, row, col + at);
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
    struct buf label = fr->label;
    in.cols = (uint16_t)(in.cols > GUTTER_RIGHT ? in.cols - GUTTER_RIGHT : in.cols);
    put(v, in, row, GUTTER_LEFT + fr->indent, buf_cstr(&label),
        (uint8_t)(CELL_UNDERLINE | (focused ? CELL_BOLD : 0)));
}

static void draw_form_line(struct view *v, int row, size_t index, size_t line)
{
    const struct editor *ed = v->ed;
    const struct form_row *fr = &ed->form[index];
    bool focused = index == ed->focus && !ed->in_tree && form_focusable(fr);
    if (focused && line == 0)
        put(v, v->geo.pane, row, 0, ">", CELL_BOLD);
    if (fr->kind == FORM_LIVE && line == 0) {
        draw_label(v, row, fr, focused);
        draw_field_marks(v, row, fr);
        if (focused && (fr->held || ed->authors))
            cursor_at(v, v->geo.pane, row, GUTTER_LEFT + fr->indent);
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
        cursor_at(v, v->geo.pane, row, col);
    if (line == 0)
        draw_field_marks(v, row, fr);
}

static void draw_pane(struct view *v)
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
        put(v, in, 0, in.cols - 1, "\u2191", CELL_DIM);
    if (ed->nlines > ed->top_line + in.rows)
        put(v, in, in.rows - 1, in.cols - 1, "\u2193", CELL_DIM);
}

/* ---- comments ---- */

static int draw_wrapped(struct view *v, struct rect in, int row, int col, const char *s,
                        uint8_t attrs)
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
    put(v, in, row++, 0, buf_cstr(&line), selected ? CELL_REVERSE : CELL_UNDERLINE);
    row = draw_wrapped(v, in, row, 3, c->text, 0);
    for (size_t i = 0; i < c->nreplies; i++) {
        buf_clear(&line);
        buf_appendf(&line, "%s: %s", replica_initials(r, c->replies[i].by), c->replies[i].text);
        row = draw_wrapped(v, in, row, 5, buf_cstr(&line), 0);
    }
    buf_free(&line);
    return row;
}

static void draw_comments(struct view *v)
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
    put(v, in, 0, 0, title, CELL_REVERSE);
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

/* ---- messages, people, status ---- */

/* The comment under the cursor, when nothing else is to be said. */
static void append_comment_here(const struct editor *ed, struct buf *out)
{
    const struct audit *a = model_audit(ed);
    const struct form_row *row = model_focus_row(ed);
    for (size_t i = 0; a && row && !ed->in_tree && i < audit_comment_count(a); i++) {
        const struct audit_comment *c = audit_comment_at(a, i);
        const struct text *t = audit_text(a, c->field);
        size_t start, end;
        if (c->resolved || !field_equal(c->field, row->field))
            continue;
        if (c->on_words &&
            (!t || text_anchor_pos(t, c->start, &start) || text_anchor_pos(t, c->end, &end) ||
             ed->pos_cp < start || ed->pos_cp > end))
            continue;
        buf_appendf(out, "comment by %s: %s%s (F7)", replica_name(ed->r, c->by), c->text,
                    c->must_answer ? " - must be answered" : "");
        return;
    }
}

static void draw_notice(struct view *v)
{
    const struct editor *ed = v->ed;
    struct rect in = v->geo.notice;
    struct buf line = BUF_INIT;
    if (!in.rows)
        return;
    if (ed->nnotices) {
        int row = draw_wrapped(v, in, 0, 0, ed->notices[0].text, CELL_BOLD);
        if (ed->notices[0].kept)
            draw_wrapped(v, in, row, 2, ed->notices[0].kept, 0);
        buf_appendf(&line, "Esc: dismiss");
        if (ed->nnotices > 1)
            buf_appendf(&line, " (%zu more)", ed->nnotices - 1 + ed->notices_lost);
        if (ed->notices[0].kept)
            buf_append_str(&line,
                           "   Ctrl-K: copy your words, which are kept; Ctrl-D: let them go");
        if (in.rows > 1) {
            grid_fill(v->g, in, in.rows - 1, 0, 0, COLOUR_NONE);
            put(v, in, in.rows - 1, 0, buf_cstr(&line), CELL_DIM);
        }
    } else if (ed->said[0]) {
        draw_wrapped(v, in, 0, 0, ed->said, CELL_BOLD);
    } else {
        append_comment_here(ed, &line);
        static const struct glyph rule = {.text = "\u2500", .width = 1};
        if (line.len)
            put(v, in, 0, 0, buf_cstr(&line), 0);
        else
            for (int col = 0; col < in.cols; col++)
                grid_glyph(v->g, in, 0, col, &rule, CELL_DIM, COLOUR_NONE);
    }
    buf_free(&line);
}

/* Where I am comes from the model: the server tells me about the others only. */
static int put_me(struct view *v, struct rect in, int col)
{
    const struct editor *ed = v->ed;
    const struct question *q = model_question(ed);
    char line[64];
    snprintf(line, sizeof line, " %s%s%s", role_code(describe_my_role(ed->r)), q ? " " : "",
             q ? q->code : "");
    col = put(v, in, 0, col, " me", CELL_BOLD);
    return put(v, in, 0, col, line, 0);
}

static void draw_who(struct view *v)
{
    const struct editor *ed = v->ed;
    const struct template *t = model_audit(ed) ? audit_template(model_audit(ed)) : NULL;
    struct rect in = v->geo.who;
    int col;
    if (!in.rows || !t)
        return;
    col = put(v, in, 0, 0, "Here:", 0);
    col = put_me(v, in, col);
    for (size_t i = 0; i < replica_present_count(ed->r) && col < in.cols; i++) {
        struct replica_present p = replica_present_at(ed->r, i);
        const struct question *q = template_question(t, p.field.question);
        char line[160];
        if (p.me)
            continue;
        snprintf(line, sizeof line, ", %s", replica_initials(ed->r, p.person));
        col = grid_put(v->g, in, 0, col, line, CELL_BOLD, person_colour(p.person));
        if (ed->follow && p.person == ed->follow)
            col = put(v, in, 0, col, " (following)", CELL_BOLD);
        snprintf(line, sizeof line, " %s %s%s%s", p.name, role_code(p.role), q ? " " : "",
                 q ? q->code : "");
        col = put(v, in, 0, col, line, 0);
    }
}

static void draw_status(struct view *v)
{
    const struct editor *ed = v->ed;
    struct rect in = v->geo.status;
    struct buf line = BUF_INIT;
    struct replica_status s = replica_status(ed->r);
    const struct form_row *row = model_focus_row(ed);
    uint8_t colour = s.saved == REPLICA_SAVED     ? COLOUR_GOOD
                     : s.saved == REPLICA_UNSAVED ? COLOUR_NONE
                                                  : COLOUR_WARN;
    grid_fill(v->g, in, 0, 0, CELL_REVERSE, COLOUR_NONE);
    if (ed->line == LINE_ENDED) {
        buf_appendf(&line, "Ended: %s. %zu characters kept here",
                    ed->line_why[0] ? ed->line_why : "the server closed the line", s.pending_chars);
        colour = COLOUR_BAD;
    } else {
        describe_status(ed->r, ed->line_why, ed->line != LINE_UP, &line);
    }
    if (model_audit(ed) && !ed->in_tree && row && form_focusable(row) && !row->held &&
        row->right != RIGHT_WRITE && s.saved != REPLICA_READ_ONLY) {
        struct err_info why = {0};
        (void)audit_right(model_audit(ed), replica_me(ed->r), row->field, &why); /* its sentence */
        buf_appendf(&line, " | here %s", why.text[0] ? why.text : "read only");
    }
    int col = grid_put(v->g, in, 0, 1, buf_cstr(&line), CELL_REVERSE | CELL_BOLD, colour);
    static const char hint[] = "F1 help  Ctrl-Q leave";
    if (col + (int)sizeof hint + 1 < in.cols)
        put(v, in, 0, in.cols - (int)sizeof hint, hint, CELL_REVERSE);
    buf_free(&line);
}

/* ---- boxes ---- */

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
        put(v, r, 0, col, corners[4], 0);
        put(v, r, rows - 1, col, corners[4], 0);
    }
    for (int row = 1; row + 1 < rows; row++) {
        put(v, r, row, 0, corners[5], 0);
        put(v, r, row, cols - 1, corners[5], 0);
    }
    put(v, r, 0, 0, corners[0], 0);
    put(v, r, 0, cols - 1, corners[1], 0);
    put(v, r, rows - 1, 0, corners[2], 0);
    put(v, r, rows - 1, cols - 1, corners[3], 0);
    struct rect head = {r.row, r.col, 1, (uint16_t)(cols - 1)};
    put(v, head, 0, 2, title, CELL_BOLD);
    v->g->cursor_shown = false;
    return in;
}

static void draw_picker(struct view *v)
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
        int col = put(v, in, row, 0, i == p->selected ? "> " : "  ", attrs);
        col = put(v, in, row, col, tick, attrs);
        put(v, in, row, col, p->choices[i].label, attrs);
        if (i == p->selected)
            cursor_at(v, in, row, 0);
    }
    put(v, in, in.rows - 1, 0,
        p->several ? "Space ticks, Enter saves, Esc leaves it" : "Enter chooses, Esc leaves it",
        CELL_DIM);
}

/* A long line scrolls sideways so that the cursor is in sight. */
static void draw_line_box(struct view *v)
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
             b->purpose != LINE_COMMENT ? ""
             : b->must_answer           ? " (now: yes)"
                                        : " (now: no)");
    put(v, in, 1, 0, hint, CELL_DIM);
    if (b->error[0])
        draw_wrapped(v, in, 2, 0, b->error, CELL_BOLD);
    cursor_at(v, in, 0, at - shift);
    layout_fini(&l);
}

static void draw_ask(struct view *v)
{
    struct rect in = box(v, 7, 64, "Please say");
    draw_wrapped(v, in, 0, 0, v->ed->ask.text, 0);
    put(v, in, in.rows - 1, 0, "y yes   n no", CELL_BOLD);
}

static void draw_help(struct view *v)
{
    struct help_line lines[256];
    size_t n = keymap_help(v->ed->in_tree   ? CTX_TREE
                           : v->ed->authors ? CTX_AUTHORS
                                            : CTX_TEXT,
                           lines, 256);
    struct rect in = box(v, v->g->rows, v->g->cols, "Keys (Esc: back, arrows and PgDn: more)");
    for (size_t i = 0; i < in.rows && v->ed->help_top + i < n; i++) {
        const struct help_line *l = &lines[v->ed->help_top + i];
        if (l->heading) {
            put(v, in, (int)i, 0, l->text, CELL_BOLD | CELL_UNDERLINE);
            continue;
        }
        int col = put(v, in, (int)i, 1, l->keys, CELL_BOLD);
        put(v, in, (int)i, col < 16 ? 16 : col + 1, l->text, 0);
    }
}

void view_draw(const struct editor *ed, struct grid *g)
{
    struct view v = {.ed = ed, .g = g, .geo = model_geometry(ed)};
    if (!grid_size(g, ed->rows, ed->cols) || !g->rows || !g->cols)
        return;
    if (v.geo.too_small) {
        put(&v, v.geo.pane, 0, 0, "window too small", 0);
        draw_status(&v);
        return;
    }
    draw_title(&v);
    draw_tree(&v);
    draw_pane(&v);
    g->cursor_shown &= !ed->popup && !ed->comments_open;
    draw_comments(&v);
    draw_notice(&v);
    draw_who(&v);
    draw_status(&v);
    switch (ed->popup) {
    case POPUP_NONE:
        break;
    case POPUP_PICKER:
        draw_picker(&v);
        break;
    case POPUP_LINE:
        draw_line_box(&v);
        break;
    case POPUP_ASK:
        draw_ask(&v);
        break;
    case POPUP_HELP:
        draw_help(&v);
        break;
    }
}
