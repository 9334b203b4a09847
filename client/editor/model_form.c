#include "client/editor/hint.h"
#include "client/editor/model_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- rows ---- */

static void free_row(struct form_row *row)
{
    buf_free(&row->label);
    buf_free(&row->text);
    layout_fini(&row->layout);
    free(row->spans);
    memset(row, 0, sizeof *row);
}

void model_free_form(struct editor *ed)
{
    for (size_t i = 0; i < ed->nform; i++)
        free_row(&ed->form[i]);
    ed->nform = 0;
}

static struct form_row *add_row(struct editor *ed, enum form_kind kind, struct field f)
{
    if (ed->nform == ed->cap_form) {
        size_t cap = ed->cap_form ? ed->cap_form * 2 : 32;
        struct form_row *rows = realloc(ed->form, cap * sizeof *rows);
        if (!rows)
            return NULL;
        ed->form = rows;
        ed->cap_form = cap;
    }
    struct form_row *row = &ed->form[ed->nform++];
    *row = (struct form_row){.kind = kind, .field = f, .def = part_find((enum part)f.part)};
    if (kind != FORM_STATIC)
        row->right = audit_right(model_audit(ed), replica_me(ed->r), f, NULL);
    return row;
}

static bool lay_out(struct editor *ed, struct form_row *row)
{
    uint16_t cols = model_text_cols(ed);
    uint16_t width = cols > row->indent + 1 ? (uint16_t)(cols - row->indent) : 1;
    if (buf_failed(&row->text) || buf_failed(&row->label))
        return false;
    if (layout_make(&row->layout, row->text.data, row->text.len, width))
        return false;
    row->first_line = ed->nlines;
    row->nlines = form_label_lines(row) + (row->kind == FORM_LIVE && row->held
                                               ? 0 /* what is held has no words to show */
                                               : row->layout.nlines);
    ed->nlines += row->nlines;
    return true;
}

static bool add_static(struct editor *ed, const char *text, uint8_t attrs, uint8_t indent)
{
    struct form_row *row = add_row(ed, FORM_STATIC, (struct field){0});
    if (!row)
        return false;
    row->attrs = attrs;
    row->indent = indent;
    buf_append_str(&row->text, text);
    return lay_out(ed, row);
}

/* ---- who wrote what ---- */

struct authoring {
    struct editor *ed;
    struct form_row *row;
    size_t len_cp;
    uint32_t person; /* of the run before; UINT32_MAX at the start */
    bool deleted;
    bool failed;
};

static void author_append(struct authoring *a, const char *utf8, size_t len)
{
    buf_append(&a->row->text, utf8, len);
    for (size_t i = 0; i < len; i++)
        a->len_cp += ((uint8_t)utf8[i] & 0xc0) != 0x80;
}

static void author_span(struct authoring *a, size_t start, uint8_t attrs, uint8_t colour)
{
    a->failed |= !model_add_span(a->row, (struct span){start, a->len_cp, attrs, colour, 0});
}

static uint8_t person_colour(uint32_t person)
{
    return (uint8_t)(COLOUR_PERSON + person % COLOUR_PERSONS);
}

/* Words of a struck-out run from the audit's log, found by the identities of their characters. */
struct recalling {
    const struct text_run *run;
    struct authoring *a;
    size_t found_cp;
};

static bool on_logged_run(void *user, const struct text_run *from)
{
    struct recalling *c = user;
    const struct text_run *to = c->run;
    uint64_t from_end = (uint64_t)from->id.seq + from->len_cp;
    uint64_t to_end = (uint64_t)to->id.seq + to->len_cp;
    uint64_t start = from->id.seq > to->id.seq ? from->id.seq : to->id.seq;
    uint64_t end = from_end < to_end ? from_end : to_end;
    if (from->id.agent != to->id.agent || start >= end || !from->utf8)
        return true;
    const char *p = from->utf8, *stop = from->utf8 + from->len_bytes;
    uint64_t seq = from->id.seq;
    while (p < stop && seq < end) {
        const char *next = p + 1;
        while (next < stop && ((uint8_t)*next & 0xc0) == 0x80)
            next++;
        if (seq >= start)
            author_append(c->a, p, (size_t)(next - p));
        p = next;
        seq++;
    }
    c->found_cp += (size_t)(end - start);
    return true;
}

static size_t recall(struct authoring *a, const struct text_run *run)
{
    struct recalling c = {.run = run, .a = a};
    const struct text *t = a->ed->log ? audit_text(a->ed->log, a->row->field) : NULL;
    if (t)
        text_runs(t, 0, text_len_cp(t), on_logged_run, &c);
    return c.found_cp;
}

/* "[AF] words" for a run of hers, "[AF- words -JM]" for words of hers that JM struck out. */
static bool on_run(void *user, const struct text_run *run)
{
    struct authoring *a = user;
    struct replica *r = a->ed->r;
    uint32_t person = replica_agent_person(r, run->id.agent);
    char tag[48];
    size_t start, newlines = 0;
    if (run->deleted && !a->ed->struck)
        return true;
    /* The initials stand before the words, not at the end of the line above. */
    while (run->utf8 && !run->deleted && newlines < run->len_bytes && run->utf8[newlines] == '\n')
        newlines++;
    author_append(a, run->utf8, newlines);
    start = a->len_cp;
    if (run->deleted || a->deleted || person != a->person) {
        snprintf(tag, sizeof tag, run->deleted ? "[%s-" : "[%s]", replica_initials(r, person));
        author_append(a, tag, strlen(tag));
        author_span(a, start, CELL_REVERSE, person_colour(person));
    }
    start = a->len_cp;
    if (run->utf8) {
        author_append(a, run->utf8 + newlines, run->len_bytes - newlines);
    } else if (recall(a, run) < run->len_cp) {
        snprintf(tag, sizeof tag, "(%zu characters)", run->len_cp);
        author_append(a, tag, strlen(tag));
        a->ed->wants_log = true;
    }
    author_span(a, start, run->deleted ? CELL_STRIKE | CELL_DIM : 0, person_colour(person));
    if (run->deleted) {
        uint32_t by = replica_agent_person(r, run->deleted_by);
        start = a->len_cp;
        snprintf(tag, sizeof tag, "-%s]", replica_initials(r, by));
        author_append(a, tag, strlen(tag));
        author_span(a, start, CELL_REVERSE, person_colour(by));
    }
    a->person = person;
    a->deleted = run->deleted;
    return !a->failed;
}

static bool read_authors(struct editor *ed, struct form_row *row, const struct text *t)
{
    struct authoring a = {.ed = ed, .row = row, .person = UINT32_MAX};
    text_runs(t, 0, text_len_cp(t), on_run, &a);
    return !a.failed;
}

/* ---- parts of an answer ---- */

static void append_value(struct editor *ed, struct form_row *row)
{
    struct audit_value v = replica_value(ed->r, row->field, &row->pending);
    if (row->held)
        describe_held(ed->r, row->field, &row->text);
    else if (*v.value)
        describe_field_value(ed->r, row->field, v.value, &row->text);
    else
        buf_append_str(&row->text, row->right == RIGHT_WRITE ? "-" : "- (not filled in)");
    if (row->pending)
        buf_append_str(&row->text, " (unsaved)");
    else if (*v.value && !row->held && v.by && row->def->type == TYPE_GRADE)
        buf_appendf(&row->text, " (%s)", replica_initials(ed->r, v.by));
}

/* Beside the day: the first that was promised, once they differ. */
static void append_first_due(const struct editor *ed, struct field due, struct buf *out)
{
    struct field first = {due.question, PART_FIRST_DUE, due.item};
    bool pending;
    const char *was = replica_value(ed->r, first, &pending).value;
    if (*was && strcmp(was, replica_value(ed->r, due, &pending).value) != 0)
        buf_appendf(out, " (first %s)", was);
}

static bool add_live(struct editor *ed, struct form_row *row)
{
    const struct audit *a = model_audit(ed);
    const struct text *t = row->held ? NULL : audit_text(a, row->field);
    describe_part(ed->r, row->field, &row->label);
    if (row->held) {
        buf_append_str(&row->label, ": ");
        describe_held(ed->r, row->field, &row->label);
    } else {
        buf_append_str(&row->label, row->right == RIGHT_WRITE ? ":" : " (read only):");
    }
    if (t && ed->authors && !read_authors(ed, row, t))
        return false;
    if (t && !ed->authors)
        text_read(t, 0, text_len_cp(t), &row->text);
    if (t && !ed->authors && !model_add_hints(ed, row))
        return false;
    return lay_out(ed, row);
}

static bool add_field(struct editor *ed, struct field f, uint8_t indent)
{
    const struct part_def *def = part_find((enum part)f.part);
    bool live = def->type == TYPE_TEXT;
    if (field_check(audit_template(model_audit(ed)), f, NULL))
        return true;
    struct form_row *row = add_row(ed, live ? FORM_LIVE : FORM_FIELD, f);
    if (!row)
        return false;
    row->indent = indent;
    row->held = audit_is_held(model_audit(ed), replica_me(ed->r), f);
    if (live)
        return add_live(ed, row);
    if (def->part == PART_CHECK || !f.item || def->list == PART_NONE)
        describe_part(ed->r, f, &row->text);
    else
        buf_append_str(&row->text, def->label);
    buf_append_str(&row->text, ": ");
    model_append_moderated(ed, f, &row->text);
    append_value(ed, row);
    if (f.part == PART_DUE)
        append_first_due(ed, f, &row->text);
    return lay_out(ed, row);
}

/* What an action lacks, for whoever may write it; one line, so that nothing moves while they do. */
static bool add_smart(struct editor *ed, struct field action)
{
    struct buf line = BUF_INIT;
    struct smart s;
    bool ok = true;
    if (audit_right(model_audit(ed), replica_me(ed->r), action, NULL) != RIGHT_WRITE)
        return true;
    if (model_smart(ed, action, &s))
        hint_smart_short(&s, &line);
    ok = add_static(ed, buf_cstr(&line), CELL_DIM, 2);
    buf_free(&line);
    return ok;
}

static bool add_item(struct editor *ed, const struct question *q, enum part list,
                     const struct audit_item *item)
{
    struct field f = {.question = q->number, .part = (uint16_t)list, .item = item->id};
    struct form_row *row = add_row(ed, FORM_ITEM, f);
    size_t ndefs;
    const struct part_def *defs = part_table(&ndefs);
    if (!row)
        return false;
    row->attrs = CELL_UNDERLINE;
    describe_part(ed->r, f, &row->text);
    if (item->by)
        buf_appendf(&row->text, "  (added by %s)", replica_initials(ed->r, item->by));
    if (!lay_out(ed, row) || (list == PART_ACTIONS && !add_smart(ed, f)))
        return false;
    for (size_t i = 0; i < ndefs; i++) {
        f.part = (uint16_t)defs[i].part;
        if (defs[i].list == list && model_is_shown(ed, f) && !add_field(ed, f, 2))
            return false;
    }
    return true;
}

static bool add_list(struct editor *ed, const struct question *q, const struct part_def *def)
{
    struct audit_item items[256];
    size_t n = audit_items(model_audit(ed), q->number, def->part, items, 256);
    struct form_row *row =
        add_row(ed, FORM_LIST, (struct field){.question = q->number, .part = (uint16_t)def->part});
    if (!row)
        return false;
    row->attrs = CELL_BOLD;
    row->held = audit_is_held(model_audit(ed), replica_me(ed->r), row->field);
    buf_appendf(&row->text, "%s (%zu)", def->label, n);
    if (row->held) {
        buf_append_str(&row->text, ": ");
        describe_held(ed->r, row->field, &row->text);
    } else if (row->right == RIGHT_WRITE) {
        buf_append_str(&row->text, "  [Enter: add one]");
    }
    if (!lay_out(ed, row))
        return false;
    for (size_t i = 0; i < n && i < 256; i++)
        if (!add_item(ed, q, def->part, &items[i]))
            return false;
    return true;
}

static bool add_checklist(struct editor *ed, const struct question *q)
{
    static const enum part parts[] = {PART_CHECK,       PART_ITEM_DATE,     PART_CHALLENGE_MADE,
                                      PART_RESTORATIVE, PART_ITEM_EVIDENCE, PART_NOTE};
    for (uint16_t i = 0; q->items && q->items[i]; i++)
        for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
            struct field f = {q->number, (uint16_t)parts[p], i + 1u};
            if (model_is_shown(ed, f) && !add_field(ed, f, p ? 2 : 0))
                return false;
        }
    return true;
}

static bool add_moderation(struct editor *ed, const struct question *q)
{
    static const enum part parts[] = {PART_VIEW,           PART_PROPOSED,        PART_VIEW_REASON,
                                      PART_RESPONSE,       PART_RESPONSE_REASON, PART_DECISION,
                                      PART_DECISION_REASON};
    const struct template *t = audit_template(model_audit(ed));
    for (size_t i = 0; i < t->nquestions; i++) {
        if (!(t->questions[i].kinds & KIND_JUDGEMENT))
            continue;
        for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
            struct field f = {q->number, (uint16_t)parts[p], t->questions[i].number};
            if (model_is_shown(ed, f) && !add_field(ed, f, p ? 2 : 0))
                return false;
        }
    }
    return true;
}

/* Who signed and sees the whole differently: beside the overall grade that was agreed. */
static bool add_differences(struct editor *ed)
{
    const struct audit *a = model_audit(ed);
    struct buf line = BUF_INIT;
    bool ok = true;
    for (size_t i = 0; ok && i < audit_signature_count(a); i++) {
        const struct audit_signature *s = audit_signature_at(a, i);
        if (s->void_seq || !*s->difference)
            continue;
        buf_clear(&line);
        describe_signature(ed->r, s, ed->utc_ms, &line);
        ok = add_static(ed, buf_cstr(&line), 0, 2);
    }
    buf_free(&line);
    return ok;
}

static bool add_parts(struct editor *ed, const struct question *q)
{
    size_t ndefs;
    const struct part_def *defs = part_table(&ndefs);
    for (size_t i = 0; i < ndefs; i++) {
        const struct part_def *def = &defs[i];
        struct field f = {.question = q->number, .part = (uint16_t)def->part};
        bool ok = true;
        if (!(def->kinds & q->kinds))
            continue;
        if (def->part == PART_CHECK)
            ok = add_checklist(ed, q);
        else if (def->part == PART_VIEW)
            ok = add_moderation(ed, q);
        else if (def->kinds & (KINDS_OF_CHECKLIST | KIND_MODERATION))
            continue; /* with the part that they belong to */
        else if (def->type == TYPE_LIST)
            ok = add_list(ed, q, def);
        else if (model_is_shown(ed, f))
            ok = add_field(ed, f, 0) &&
                 (def->part != PART_GRADE_AGREED || !q->overall || add_differences(ed));
        if (!ok)
            return false;
    }
    return true;
}

static bool add_heading(struct editor *ed, const struct question *q)
{
    struct buf line = BUF_INIT;
    bool ok;
    buf_appendf(&line, "%s  %s", q->code, q->title);
    if (q->required)
        buf_append_str(&line, " *");
    if (q->key)
        buf_append_str(&line, " (key)");
    ok = add_static(ed, buf_cstr(&line), CELL_BOLD, 0);
    if (ok && *q->text && strcmp(q->text, q->title) != 0)
        ok = add_static(ed, q->text, 0, 0);
    if (ok && q->prompts && q->prompts[0]) {
        if (ed->prompts_hidden)
            ok = add_static(ed, "(F9 shows the prompts)", CELL_DIM, 0);
        for (size_t i = 0; ok && !ed->prompts_hidden && q->prompts[i]; i++) {
            buf_clear(&line);
            buf_appendf(&line, "\u00b7 %s", q->prompts[i]);
            ok = add_static(ed, buf_cstr(&line), CELL_DIM, 0);
        }
    }
    if (ok && audit_question_state(model_audit(ed), q->number) == QUESTION_NOT_NEEDED)
        ok = add_static(ed, "(not needed in this audit)", CELL_DIM, 0);
    ok = ok && add_static(ed, "", 0, 0);
    buf_free(&line);
    return ok;
}

bool model_build_form(struct editor *ed)
{
    const struct question *q = model_question(ed);
    model_free_form(ed);
    ed->nlines = 0;
    if (!q)
        return true;
    return add_heading(ed, q) && add_parts(ed, q);
}

/* ---- focus ---- */

struct form_row *model_focus_row(const struct editor *ed)
{
    return ed->focus < ed->nform ? &ed->form[ed->focus] : NULL;
}

static void take_focus(struct editor *ed, size_t i)
{
    ed->focus = i;
    if (i >= ed->nform)
        return;
    if (!field_equal(ed->field, ed->form[i].field) || ed->field_kind != ed->form[i].kind) {
        ed->field = ed->form[i].field;
        ed->field_kind = ed->form[i].kind;
        ed->marked = false;
        ed->goal_col = -1;
        ed->head = (struct text_anchor){.bias = TEXT_AFTER};
        ed->pos_cp = 0;
        replica_undo_boundary(ed->r);
    }
}

void model_focus_field(struct editor *ed, struct field f)
{
    size_t first = ed->nform, near = ed->nform;
    for (size_t i = 0; i < ed->nform; i++) {
        if (!form_focusable(&ed->form[i]))
            continue;
        if (field_equal(ed->form[i].field, f)) {
            take_focus(ed, i);
            return;
        }
        if (first == ed->nform)
            first = i;
        if (i <= ed->focus) /* the row itself has gone: the one before it */
            near = i;
    }
    take_focus(ed, f.part && near < ed->nform ? near : first);
}

void model_focus_step(struct editor *ed, int by)
{
    size_t i = ed->focus;
    for (;;) {
        if ((by < 0 && i == 0) || (by > 0 && i + 1 >= ed->nform))
            return;
        i = by < 0 ? i - 1 : i + 1;
        if (form_focusable(&ed->form[i]))
            break;
    }
    take_focus(ed, i);
}

/* ---- lines of the pane ---- */

size_t model_cursor_line(const struct editor *ed)
{
    const struct form_row *row = model_focus_row(ed);
    size_t line;
    uint16_t col;
    if (!row)
        return 0;
    if (row->kind != FORM_LIVE || ed->authors || row->held)
        return row->first_line;
    layout_place(&row->layout, ed->pos_cp, &line, &col);
    return row->first_line + 1 + line;
}

void model_show_cursor(struct editor *ed)
{
    size_t height = model_geometry(ed).pane.rows;
    const struct form_row *row = model_focus_row(ed);
    size_t line = model_cursor_line(ed), above = line;
    if (!height)
        return;
    if (!row || ed->in_tree) {
        ed->top_line = 0;
        return;
    }
    if (row->kind == FORM_LIVE && line == row->first_line + 1)
        above = line - 1; /* its label too */
    if (ed->focus && !form_focusable(&ed->form[ed->focus - 1]) && line < height)
        above = 0; /* and the question, for the first part */
    if (above < ed->top_line)
        ed->top_line = above;
    if (line >= ed->top_line + height)
        ed->top_line = line - height + 1;
}

/* No empty lines below while there is more above: the pane has grown, or its content shrunk. */
void model_fill_pane(struct editor *ed)
{
    size_t height = model_geometry(ed).pane.rows;
    size_t most = ed->nlines > height ? ed->nlines - height : 0;
    if (ed->top_line > most)
        ed->top_line = most;
}

void model_scroll(struct editor *ed, int by)
{
    size_t height = model_geometry(ed).pane.rows;
    size_t most = ed->nlines > height ? ed->nlines - height : 0;
    if (by < 0)
        ed->top_line = ed->top_line > (size_t)-by ? ed->top_line - (size_t)-by : 0;
    else
        ed->top_line = ed->top_line + (size_t)by > most ? most : ed->top_line + (size_t)by;
}

/* ---- keys on parts that are not a text ---- */

static void add_to_list(struct editor *ed, const struct form_row *row)
{
    struct err_info why = {0};
    struct field f = row->field;
    f.part = row->def->type == TYPE_LIST ? f.part : f.item ? (uint16_t)row->def->list : PART_NONE;
    if (!f.part) {
        editor_say(ed, "This is not a list.");
        return;
    }
    enum err e = replica_item_add(ed->r, f.question, (enum part)f.part, &f.item, &why);
    if (e) {
        model_refused(ed, e, &why);
        return;
    }
    ed->stale = true;
    editor_refresh(ed);
    model_focus_field(ed, f);
    model_focus_step(ed, 1); /* its first part */
}

static void remove_item(struct editor *ed, const struct form_row *row)
{
    struct buf text = BUF_INIT;
    if (!row->field.item || !row->def || row->kind != FORM_ITEM) {
        editor_say(ed, "Go to the head of an item to remove it; Backspace empties this part.");
        return;
    }
    buf_append_str(&text, "Remove ");
    describe_part(ed->r, row->field, &text);
    buf_append_str(&text, "? (y/n)");
    model_ask(ed, ASK_REMOVE, row->field, buf_cstr(&text));
    buf_free(&text);
}

static void clear_value(struct editor *ed, const struct form_row *row)
{
    struct err_info why = {0};
    if (row->kind != FORM_FIELD)
        return;
    enum err e = replica_set(ed->r, row->field, "", &why);
    if (e)
        model_refused(ed, e, &why);
}

void model_field_action(struct editor *ed, enum action a)
{
    struct form_row *row = model_focus_row(ed);
    int page = model_geometry(ed).pane.rows - 1;
    switch ((int)a) {
    case ACT_UP:
        model_focus_step(ed, -1);
        return;
    case ACT_DOWN:
        model_focus_step(ed, 1);
        return;
    case ACT_HOME:
        for (size_t i = 0; i < ed->nform; i++)
            model_focus_step(ed, -1);
        return;
    case ACT_END:
        for (size_t i = 0; i < ed->nform; i++)
            model_focus_step(ed, 1);
        return;
    case ACT_PAGE_UP:
    case ACT_PAGE_DOWN: {
        size_t goal = model_cursor_line(ed);
        size_t by = page > 1 ? (size_t)page : 1;
        for (size_t before = ed->nform; before != ed->focus;) {
            before = ed->focus;
            model_focus_step(ed, a == ACT_PAGE_UP ? -1 : 1);
            size_t now = model_cursor_line(ed);
            if (now > goal ? now - goal >= by : goal - now >= by)
                break;
        }
        return;
    }
    default:
        break;
    }
    if (!row)
        return;
    switch ((int)a) {
    case ACT_ENTER:
    case ACT_TOGGLE:
        if (row->kind == FORM_LIST || row->kind == FORM_ITEM)
            add_to_list(ed, row);
        else
            model_open_value(ed, row, 0);
        return;
    case ACT_CLEAR:
        clear_value(ed, row);
        return;
    case ACT_ITEM_ADD:
        add_to_list(ed, row);
        return;
    case ACT_ITEM_REMOVE:
        remove_item(ed, row);
        return;
    default:
        return;
    }
}
