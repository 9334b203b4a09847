#include "client/editor/model_state.h"

#include <string.h>

const struct text *model_text(const struct editor *ed)
{
    const struct form_row *row = model_focus_row(ed);
    if (!row || row->kind != FORM_LIVE || row->held)
        return NULL;
    return audit_text(model_audit(ed), row->field);
}

static size_t text_len(const struct editor *ed)
{
    const struct text *t = model_text(ed);
    return t ? text_len_cp(t) : 0;
}

/* The position of an anchor; where it last was when its character is not known (yet) here. */
static size_t anchor_pos(const struct text *t, struct text_anchor a, size_t last)
{
    size_t pos;
    if (!t)
        return 0;
    if (text_anchor_pos(t, a, &pos))
        pos = last;
    return pos < text_len_cp(t) ? pos : text_len_cp(t);
}

void model_find_cursor(struct editor *ed)
{
    const struct text *t = model_text(ed);
    const struct form_row *row = model_focus_row(ed);
    ed->pos_cp = anchor_pos(t, ed->head, ed->pos_cp);
    ed->mark_cp = anchor_pos(t, ed->tail, ed->mark_cp);
    if (t && row && !ed->authors) /* somebody may have typed a mark behind my character */
        ed->pos_cp = layout_snap(&row->layout, ed->pos_cp);
}

/* Text typed by others at my cursor comes behind it: the cursor stays on what I wrote. */
static struct text_anchor anchor_at(const struct text *t, size_t pos_cp)
{
    if (!t || !pos_cp)
        return (struct text_anchor){.bias = TEXT_AFTER};
    return text_anchor_at(t, pos_cp, TEXT_AFTER);
}

static void move_to(struct editor *ed, size_t pos_cp)
{
    size_t len = text_len(ed);
    ed->pos_cp = pos_cp < len ? pos_cp : len;
    ed->head = anchor_at(model_text(ed), ed->pos_cp);
}

static void set_mark(struct editor *ed)
{
    ed->marked = true;
    ed->mark_cp = ed->pos_cp;
    ed->tail = ed->head;
}

void model_set_cursor(struct editor *ed, size_t pos_cp)
{
    ed->marked = ed->mark_sticky = false;
    ed->goal_col = -1;
    move_to(ed, pos_cp);
}

bool model_selection(const struct editor *ed, size_t *start_cp, size_t *end_cp)
{
    if (!ed->marked || ed->in_tree || ed->mark_cp == ed->pos_cp || !model_text(ed))
        return false;
    *start_cp = ed->mark_cp < ed->pos_cp ? ed->mark_cp : ed->pos_cp;
    *end_cp = ed->mark_cp < ed->pos_cp ? ed->pos_cp : ed->mark_cp;
    return true;
}

/* ---- motions ---- */

/* Up and down by lines as shown. False at the text's edge. */
static bool move_lines(struct editor *ed, const struct layout *l, long by)
{
    size_t line;
    uint16_t col;
    layout_place(l, ed->pos_cp, &line, &col);
    if (ed->goal_col < 0)
        ed->goal_col = col;
    if ((by < 0 && line == 0) || (by > 0 && line + 1 >= l->nlines))
        return false;
    long to = (long)line + by;
    if (to < 0)
        to = 0;
    if (to >= (long)l->nlines)
        to = (long)l->nlines - 1;
    int goal = ed->goal_col;
    move_to(ed, layout_cp_at(l, (size_t)to, (uint16_t)goal));
    ed->goal_col = goal;
    return true;
}

static size_t motion_target(const struct layout *l, size_t pos, enum action a)
{
    switch ((int)a) {
    case ACT_LEFT:
        return layout_left(l, pos);
    case ACT_RIGHT:
        return layout_right(l, pos);
    case ACT_WORD_LEFT:
        return layout_word_left(l, pos);
    case ACT_WORD_RIGHT:
        return layout_word_right(l, pos);
    case ACT_HOME:
        return layout_line_start(l, pos);
    case ACT_END:
        return layout_line_end(l, pos);
    case ACT_TOP:
        return 0;
    case ACT_BOTTOM:
        return l->len_cp;
    default:
        return pos;
    }
}

static void motion(struct editor *ed, enum action a, bool select)
{
    const struct form_row *row = model_focus_row(ed);
    long page = model_geometry(ed).pane.rows - 1;
    if (select && !ed->marked)
        set_mark(ed);
    if (!select && !ed->mark_sticky)
        ed->marked = false;
    replica_undo_boundary(ed->r);
    switch ((int)a) {
    case ACT_UP:
    case ACT_DOWN:
        if (!move_lines(ed, &row->layout, a == ACT_UP ? -1 : 1) && !ed->marked)
            model_focus_step(ed, a == ACT_UP ? -1 : 1);
        return;
    case ACT_PAGE_UP:
    case ACT_PAGE_DOWN:
        if (!move_lines(ed, &row->layout, (a == ACT_PAGE_UP ? -1 : 1) * (page > 1 ? page : 1)) &&
            !ed->marked)
            model_focus_step(ed, a == ACT_PAGE_UP ? -1 : 1);
        return;
    default:
        ed->goal_col = -1;
        move_to(ed, motion_target(&row->layout, ed->pos_cp, a));
        return;
    }
}

/* ---- edits ---- */

/* One step of undo is a run of one kind of edit without a pause. */
static void edit_begins(struct editor *ed, enum action kind)
{
    if (kind != ed->edit_kind || ed->mono_ms - ed->edit_ms > UNDO_PAUSE_MS)
        replica_undo_boundary(ed->r);
    ed->edit_kind = kind;
    ed->edit_ms = ed->mono_ms;
    ed->stale = true;
    ed->goal_col = -1;
    ed->follow = 0;
}

static bool erase_range(struct editor *ed, size_t start, size_t end)
{
    struct err_info why = {0};
    if (start >= end)
        return true;
    enum err e = replica_delete(ed->r, ed->field, start, end, &why);
    if (e) {
        model_refused(ed, e, &why);
        return false;
    }
    model_set_cursor(ed, start);
    return true;
}

static bool erase_selection(struct editor *ed)
{
    size_t start, end;
    if (!model_selection(ed, &start, &end)) {
        ed->marked = ed->mark_sticky = false;
        return true;
    }
    return erase_range(ed, start, end);
}

static bool is_writable(struct editor *ed)
{
    const struct form_row *row = model_focus_row(ed);
    struct err_info why = {0};
    if (!row || row->kind != FORM_LIVE || row->right == RIGHT_WRITE)
        return true;
    (void)audit_right(model_audit(ed), replica_me(ed->r), row->field, &why); /* for its sentence */
    model_refused(ed, ERR_REFUSED_ROLE, &why);
    return false;
}

void model_type(struct editor *ed, const uint8_t *utf8, size_t len, enum action kind)
{
    struct err_info why = {0};
    const struct form_row *row = model_focus_row(ed);
    if (!row || row->kind != FORM_LIVE || !len || !is_writable(ed))
        return;
    edit_begins(ed, kind);
    if (!erase_selection(ed))
        return;
    size_t pos = ed->pos_cp, before = text_len(ed);
    enum err e = replica_insert(ed->r, ed->field, pos, (const char *)utf8, len, &why);
    if (e) {
        model_refused(ed, e, &why);
        return;
    }
    model_set_cursor(ed, pos + (text_len(ed) - before));
    if (kind == ACT_PASTE || kind == ACT_ENTER)
        replica_undo_boundary(ed->r);
}

static void erase(struct editor *ed, enum action a)
{
    const struct form_row *row = model_focus_row(ed);
    const struct layout *l = &row->layout;
    size_t start, end, pos = ed->pos_cp;
    if (!is_writable(ed))
        return;
    edit_begins(ed, a);
    if (model_selection(ed, &start, &end)) {
        (void)erase_selection(ed); /* a refusal has been told */
        return;
    }
    start = end = pos;
    switch ((int)a) {
    case ACT_ERASE_BACK:
        start = layout_left(l, pos);
        break;
    case ACT_ERASE:
        end = layout_right(l, pos);
        break;
    case ACT_ERASE_WORD_BACK:
        start = layout_word_left(l, pos);
        break;
    case ACT_ERASE_WORD:
        end = layout_word_right(l, pos);
        break;
    default:
        break;
    }
    (void)erase_range(ed, start, end); /* a refusal has been told */
}

void model_undo(struct editor *ed, bool redo)
{
    struct err_info why = {0};
    size_t pos = 0;
    const struct form_row *row = model_focus_row(ed);
    if (ed->in_tree || !row || row->kind != FORM_LIVE) {
        editor_say(ed, "Undo works in a text: go to the text first.");
        return;
    }
    ed->stale = true;
    enum err e = redo ? replica_redo(ed->r, ed->field, &pos, &why)
                      : replica_undo(ed->r, ed->field, &pos, &why);
    if (e == ERR_NOT_FOUND)
        editor_say(ed, redo ? "Nothing to redo here." : "Nothing of yours to undo here.");
    else if (e)
        model_refused(ed, e, &why);
    else
        model_set_cursor(ed, pos);
    ed->edit_kind = ACT_NONE;
}

/* ---- clipboard ---- */

void model_copy(struct editor *ed)
{
    size_t start, end;
    struct form_row *row = model_focus_row(ed);
    bool pending;
    if (ed->in_tree || !row || row->held)
        return;
    if (row->kind == FORM_LIVE) {
        if (!model_selection(ed, &start, &end)) {
            editor_say(ed, "Nothing is selected (Shift and arrows, or Ctrl-Space).");
            return;
        }
        buf_clear(&ed->clipboard);
        text_read(model_text(ed), start, end, &ed->clipboard);
        editor_say(ed, "Copied %zu characters.", end - start);
    } else if (row->kind == FORM_FIELD) {
        buf_clear(&ed->clipboard);
        buf_append_str(&ed->clipboard, replica_value(ed->r, row->field, &pending).value);
        editor_say(ed, "Copied.");
    }
}

static void cut(struct editor *ed)
{
    size_t start, end;
    if (!is_writable(ed))
        return;
    model_copy(ed);
    if (!model_selection(ed, &start, &end) || buf_failed(&ed->clipboard))
        return;
    edit_begins(ed, ACT_CUT);
    (void)erase_selection(ed); /* a refusal has been told */
}

void model_text_action(struct editor *ed, enum action a, bool select)
{
    switch ((int)a) {
    case ACT_UP:
    case ACT_DOWN:
    case ACT_LEFT:
    case ACT_RIGHT:
    case ACT_WORD_LEFT:
    case ACT_WORD_RIGHT:
    case ACT_HOME:
    case ACT_END:
    case ACT_TOP:
    case ACT_BOTTOM:
    case ACT_PAGE_UP:
    case ACT_PAGE_DOWN:
        motion(ed, a, select);
        return;
    case ACT_MARK:
        set_mark(ed);
        ed->mark_sticky = true;
        editor_say(ed, "Mark set: move to select, Esc to stop.");
        return;
    case ACT_SELECT_ALL:
        model_set_cursor(ed, 0);
        set_mark(ed);
        move_to(ed, text_len(ed));
        return;
    case ACT_CUT:
        cut(ed);
        return;
    case ACT_PASTE:
        model_type(ed, ed->clipboard.data, ed->clipboard.len, ACT_PASTE);
        return;
    case ACT_ENTER:
        model_type(ed, (const uint8_t *)"\n", 1, ACT_ENTER);
        return;
    case ACT_ERASE_BACK:
    case ACT_ERASE:
    case ACT_ERASE_WORD_BACK:
    case ACT_ERASE_WORD:
        erase(ed, a);
        return;
    default:
        return;
    }
}
