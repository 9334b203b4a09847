#include "client/editor/view.h"

#include <stdio.h>
#include <string.h>

#include "client/editor/view_state.h"

uint8_t view_person_colour(uint32_t person)
{
    return (uint8_t)(COLOUR_PERSON + person % COLOUR_PERSONS);
}

int view_put(struct view *v, struct rect in, int row, int col, const char *s, uint8_t attrs)
{
    return grid_put(v->g, in, row, col, s, attrs, COLOUR_NONE);
}

void view_cursor_at(struct view *v, struct rect in, int row, int col)
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
    int col = view_put(v, in, 0, 1, v->ed->ref, CELL_REVERSE | CELL_BOLD);
    if (a) {
        struct audit_progress p = audit_progress(a);
        struct audit_info info = audit_info(a);
        snprintf(right, sizeof right, "%s  %u of %u answered  F1 help",
                 audit_state_code(info.state), (unsigned)p.answered, (unsigned)p.required);
        int width = (int)text_cols(right);
        struct rect left = in;
        left.cols = in.cols > width + 2 ? (uint16_t)(in.cols - width - 2) : 1;
        col = view_put(v, left, 0, col + 2, audit_template(a)->title, CELL_REVERSE);
        if (width + col + 2 > in.cols)
            snprintf(right, sizeof right, "%u/%u F1 help", (unsigned)p.answered,
                     (unsigned)p.required);
    }
    int at = in.cols - (int)text_cols(right) - 1;
    if (at > col)
        view_put(v, in, 0, at, right, CELL_REVERSE);
}

static void draw_banner(struct view *v)
{
    struct rect in = v->geo.banner;
    struct buf line = BUF_INIT;
    for (uint16_t row = 0; row < in.rows; row++) {
        buf_clear(&line);
        (void)describe_banner(v->ed->r, row, v->ed->utc_ms, &line); /* the geometry has counted */
        grid_fill(v->g, in, row, 0, CELL_REVERSE, COLOUR_WARN);
        grid_put(v->g, in, row, 1, buf_cstr(&line), CELL_REVERSE | CELL_BOLD, COLOUR_WARN);
    }
    buf_free(&line);
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
    int col = view_put(v, left, row, 0, tp->sections[t->section].code, CELL_BOLD);
    view_put(v, left, row, col + 1, tp->sections[t->section].title, CELL_BOLD);
    view_put(v, in, row, at, line, 0);
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
    int col = view_put(v, left, row, 0, line, attrs);
    view_put(v, left, row, col, q->title, attrs);
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

/* ---- messages, people, status ---- */

/* The comment under the cursor. */
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

/* What helps with what is written here, when nothing else is to be said. */
static void append_hint(const struct editor *ed, struct buf *out)
{
    if (model_append_identifier(ed, true, out))
        return;
    append_comment_here(ed, out);
    if (!out->len && !model_append_identifier(ed, false, out) && !model_append_moderate(ed, out))
        (void)model_append_smart(ed, out); /* nothing to say is a fine answer */
}

static void draw_notice(struct view *v)
{
    const struct editor *ed = v->ed;
    struct rect in = v->geo.notice;
    struct buf line = BUF_INIT;
    if (!in.rows)
        return;
    if (ed->nnotices) {
        int row = view_wrapped(v, in, 0, 0, ed->notices[0].text, CELL_BOLD);
        if (ed->notices[0].kept)
            view_wrapped(v, in, row, 2, ed->notices[0].kept, 0);
        buf_appendf(&line, "Esc: dismiss");
        if (ed->nnotices > 1)
            buf_appendf(&line, " (%zu more)", ed->nnotices - 1 + ed->notices_lost);
        if (ed->notices[0].kept)
            buf_append_str(&line,
                           "   Ctrl-K: copy your words, which are kept; Ctrl-D: let them go");
        if (in.rows > 1) {
            grid_fill(v->g, in, in.rows - 1, 0, 0, COLOUR_NONE);
            view_put(v, in, in.rows - 1, 0, buf_cstr(&line), CELL_DIM);
        }
    } else if (ed->said[0]) {
        view_wrapped(v, in, 0, 0, ed->said, CELL_BOLD);
    } else {
        append_hint(ed, &line);
        static const struct glyph rule = {.text = "\u2500", .width = 1};
        if (line.len)
            view_put(v, in, 0, 0, buf_cstr(&line), 0);
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
    col = view_put(v, in, 0, col, " me", CELL_BOLD);
    return view_put(v, in, 0, col, line, 0);
}

static void draw_who(struct view *v)
{
    const struct editor *ed = v->ed;
    const struct template *t = model_audit(ed) ? audit_template(model_audit(ed)) : NULL;
    struct rect in = v->geo.who;
    int col;
    if (!in.rows || !t)
        return;
    col = view_put(v, in, 0, 0, "Here:", 0);
    col = put_me(v, in, col);
    for (size_t i = 0; i < replica_present_count(ed->r) && col < in.cols; i++) {
        struct replica_present p = replica_present_at(ed->r, i);
        const struct question *q = template_question(t, p.field.question);
        char line[160];
        if (p.me)
            continue;
        snprintf(line, sizeof line, ", %s", replica_initials(ed->r, p.person));
        col = grid_put(v->g, in, 0, col, line, CELL_BOLD, view_person_colour(p.person));
        if (ed->follow && p.person == ed->follow)
            col = view_put(v, in, 0, col, " (following)", CELL_BOLD);
        snprintf(line, sizeof line, " %s %s%s%s", p.name, role_code(p.role), q ? " " : "",
                 q ? q->code : "");
        col = view_put(v, in, 0, col, line, 0);
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
    const struct errand_duty *urgent = model_urgent(ed);
    if (urgent) {
        buf_append_str(&line, "  To do: ");
        describe_duty(urgent, &line);
    }
    int col = grid_put(v->g, in, 0, 1, buf_cstr(&line), CELL_REVERSE | CELL_BOLD, colour);
    static const char hint[] = "F1 help  Ctrl-Q leave";
    if (col + (int)sizeof hint + 1 < in.cols)
        view_put(v, in, 0, in.cols - (int)sizeof hint, hint, CELL_REVERSE);
    buf_free(&line);
}

void view_draw(const struct editor *ed, struct grid *g)
{
    struct view v = {.ed = ed, .g = g, .geo = model_geometry(ed)};
    if (!grid_size(g, ed->rows, ed->cols) || !g->rows || !g->cols)
        return;
    if (v.geo.too_small) {
        view_put(&v, v.geo.pane, 0, 0, "window too small", 0);
        draw_status(&v);
        return;
    }
    draw_title(&v);
    draw_banner(&v);
    draw_tree(&v);
    view_pane(&v);
    g->cursor_shown &= !ed->popup && !ed->comments_open;
    view_comments(&v);
    draw_notice(&v);
    draw_who(&v);
    draw_status(&v);
    switch (ed->popup) {
    case POPUP_NONE:
        break;
    case POPUP_PICKER:
        view_picker(&v);
        break;
    case POPUP_LINE:
        view_line_box(&v);
        break;
    case POPUP_ASK:
        view_ask(&v);
        break;
    case POPUP_HELP:
        view_help(&v);
        break;
    case POPUP_DESK:
        view_desk(&v);
        break;
    }
}
