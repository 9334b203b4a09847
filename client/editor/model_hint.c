/* Hints on the screen: identifiers marked in the texts, and one line about where the cursor is. */
#include <stdlib.h>
#include <string.h>

#include "client/editor/hint.h"
#include "client/editor/model_state.h"
#include "common/utf8.h"

bool model_add_span(struct form_row *row, struct span span)
{
    if (row->nspans == row->cap_spans) {
        size_t cap = row->cap_spans ? row->cap_spans * 2 : 16;
        struct span *spans = realloc(row->spans, cap * sizeof *spans);
        if (!spans)
            return false;
        row->spans = spans;
        row->cap_spans = cap;
    }
    row->spans[row->nspans++] = span;
    return true;
}

/* Whoever only reads could do nothing about them. */
bool model_add_hints(struct editor *ed, struct form_row *row)
{
    struct hint h = {.end_cp = 0};
    const struct audit *a = model_audit(ed);
    if (row->right != RIGHT_WRITE)
        return true;
    for (size_t from = 0; hint_next(a, row->field, row->text.data, row->text.len, from, &h);
         from = h.words.end) {
        struct span span = {h.start_cp, h.end_cp, CELL_UNDERLINE | CELL_BOLD, COLOUR_WARN,
                            (uint8_t)h.words.kind};
        if (!model_add_span(row, span))
            return false;
    }
    return true;
}

bool model_smart(const struct editor *ed, struct field f, struct smart *out)
{
    char today[16];
    model_today(ed, today);
    return hint_smart(ed->r, f, today, out);
}

/* The one at the cursor, else the last one before it, else the first. */
static const struct span *hint_of_cursor(const struct editor *ed)
{
    const struct form_row *row = model_focus_row(ed);
    const struct span *near = NULL;
    if (ed->in_tree || ed->authors || !row || row->kind != FORM_LIVE)
        return NULL;
    for (size_t i = 0; i < row->nspans; i++)
        if (!near || row->spans[i].start_cp <= ed->pos_cp)
            near = &row->spans[i];
    return near;
}

static bool is_at_cursor(const struct editor *ed, const struct span *s)
{
    return s->start_cp <= ed->pos_cp && ed->pos_cp <= s->end_cp;
}

bool model_append_identifier(const struct editor *ed, bool at_cursor, struct buf *out)
{
    const struct span *s = hint_of_cursor(ed);
    char key[40];
    if (!s || (at_cursor && !is_at_cursor(ed, s)))
        return false;
    const char *name = identifiers_name((enum identifier_kind)s->hint);
    const char *advice = identifiers_advice((enum identifier_kind)s->hint);
    keymap_key_of(ACT_WHY_NEEDED, CTX_TEXT, key);
    if (is_at_cursor(ed, s)) {
        buf_appendf(out, "Looks like %s: %s", name, advice);
    } else {
        buf_append_str(out, "\"");
        text_read(model_text(ed), s->start_cp, s->end_cp, out);
        buf_appendf(out, "\" looks like %s", name);
    }
    buf_appendf(out, " (%s: why needed)", key);
    return true;
}

bool model_append_smart(const struct editor *ed, struct buf *out)
{
    const struct form_row *row = model_focus_row(ed);
    struct smart s;
    if (ed->in_tree || !row || row->right != RIGHT_WRITE || !model_smart(ed, row->field, &s))
        return false;
    hint_smart_describe(&s, hint_smart_at(&s, row->field), out);
    return true;
}

/* A comment on the words that are warned of, for their writer to say why they must stand there. */
void model_why_needed(struct editor *ed)
{
    const struct span *s = hint_of_cursor(ed);
    struct line_box *b = &ed->line_box;
    struct buf title = BUF_INIT;
    if (!s) {
        editor_say(ed, "Nothing in this text looks like an identifier.");
        return;
    }
    buf_append_str(&title, "Why is \"");
    text_read(model_text(ed), s->start_cp, s->end_cp, &title);
    buf_append_str(&title, "\" needed?");
    model_open_line(ed, LINE_COMMENT, buf_cstr(&title), "Enter sends; Ctrl-T: must be answered");
    b->field = ed->field;
    b->on_words = true;
    b->start = text_anchor_at(model_text(ed), s->start_cp, TEXT_BEFORE);
    b->end = text_anchor_at(model_text(ed), s->end_cp, TEXT_AFTER);
    buf_append_str(&b->text, HINT_WHY_NEEDED);
    b->pos_cp = strlen(HINT_WHY_NEEDED);
    buf_free(&title);
}
