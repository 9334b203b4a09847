#include "client/editor/model_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/editor/hint.h"

enum { MAX_COMMENTS = 512 };

static int by_place(const void *a, const void *b)
{
    const struct audit_comment *x = *(const struct audit_comment *const *)a;
    const struct audit_comment *y = *(const struct audit_comment *const *)b;
    if (x->field.question != y->field.question)
        return x->field.question < y->field.question ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

size_t model_comments(const struct editor *ed, const struct audit_comment **list, size_t cap)
{
    const struct audit *a = model_audit(ed);
    size_t n = 0;
    for (size_t i = 0; a && i < audit_comment_count(a); i++) {
        const struct audit_comment *c = audit_comment_at(a, i);
        if (c->resolved && !ed->show_resolved)
            continue;
        if (n < cap)
            list[n++] = c;
    }
    qsort(list, n, sizeof *list, by_place);
    return n;
}

size_t model_open_comments(const struct editor *ed, uint16_t question, size_t *must)
{
    const struct audit *a = model_audit(ed);
    size_t n = 0;
    *must = 0;
    for (size_t i = 0; a && i < audit_comment_count(a); i++) {
        const struct audit_comment *c = audit_comment_at(a, i);
        if (c->resolved || c->field.question != question)
            continue;
        n++;
        *must += c->must_answer;
    }
    return n;
}

/* ---- a new one ---- */

void model_comment_new(struct editor *ed)
{
    const struct form_row *row = model_focus_row(ed);
    struct buf title = BUF_INIT;
    struct field f = {.question = ed->question};
    size_t start = 0, end = 0;
    bool on_words = !ed->in_tree && model_selection(ed, &start, &end);
    if (!ed->in_tree && row)
        f = row->field;
    else if (row)
        f.part = row->field.part, f.item = row->field.item;
    buf_append_str(&title, on_words ? "Comment on the words of " : "Comment on ");
    describe_field(ed->r, f, &title);
    model_open_line(ed, LINE_COMMENT, buf_cstr(&title), "Enter sends; Ctrl-T: must be answered");
    ed->line_box.field = f;
    ed->line_box.on_words = on_words;
    if (on_words) {
        ed->line_box.start = text_anchor_at(model_text(ed), start, TEXT_BEFORE);
        ed->line_box.end = text_anchor_at(model_text(ed), end, TEXT_AFTER);
    }
    buf_free(&title);
}

void model_comment_commit(struct editor *ed)
{
    struct line_box *b = &ed->line_box;
    struct err_info why = {0};
    uint64_t id = b->comment;
    size_t start = 0, end = 0;
    enum err e = hint_check_reason(buf_cstr(&b->text), &why);
    if (!e && b->purpose == LINE_REPLY) {
        e = replica_reply(ed->r, b->comment, buf_cstr(&b->text), &why);
    } else if (!e) {
        const struct text *t = b->on_words ? audit_text(model_audit(ed), b->field) : NULL;
        bool words = t && !text_anchor_pos(t, b->start, &start) &&
                     !text_anchor_pos(t, b->end, &end) && start < end;
        e = replica_comment(ed->r, b->field, words, start, end, b->must_answer, buf_cstr(&b->text),
                            &id, &why);
    }
    if (e) {
        snprintf(b->error, sizeof b->error, "%s", why.text[0] ? why.text : err_text(e));
        return;
    }
    ed->popup = POPUP_NONE;
    ed->comment = id;
    ed->stale = true;
    ed->marked = ed->mark_sticky = false;
    editor_say(ed, b->purpose == LINE_REPLY ? "Reply sent." : "Comment sent.");
}

/* ---- the list ---- */

static size_t selected_index(const struct editor *ed, const struct audit_comment **list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i]->id == ed->comment)
            return i;
    for (size_t i = 0; i < n; i++) /* none yet: the first of this question, or after it */
        if (list[i]->field.question >= ed->question)
            return i;
    return 0;
}

void model_comments_toggle(struct editor *ed)
{
    const struct audit_comment *list[MAX_COMMENTS];
    ed->comments_open = !ed->comments_open;
    if (!ed->comments_open)
        return;
    size_t n = model_comments(ed, list, MAX_COMMENTS);
    if (!n) {
        ed->comments_open = false;
        editor_say(ed, "There are no open comments (F8 makes one).");
        return;
    }
    ed->comment = list[selected_index(ed, list, n)]->id;
}

static void jump(struct editor *ed, const struct audit_comment *c)
{
    size_t pos = 0;
    struct field f = c->field;
    if (c->on_words) {
        const struct text *t = audit_text(model_audit(ed), f);
        if (t && text_anchor_pos(t, c->start, &pos))
            pos = 0;
    }
    ed->authors = false;
    model_go(ed, f, pos);
    ed->in_tree = false;
    ed->comments_open = false;
}

static void reply(struct editor *ed, const struct audit_comment *c)
{
    struct buf title = BUF_INIT;
    buf_appendf(&title, "Reply to %s", replica_name(ed->r, c->by));
    model_open_line(ed, LINE_REPLY, buf_cstr(&title), "Enter sends");
    ed->line_box.comment = c->id;
    buf_free(&title);
}

static void resolve(struct editor *ed, const struct audit_comment *c)
{
    struct err_info why = {0};
    enum err e = replica_resolve(ed->r, c->id, &why);
    if (e)
        model_refused(ed, e, &why);
    else
        editor_say(ed, "Resolved.");
    ed->stale = true;
}

void model_comments_action(struct editor *ed, enum action a)
{
    const struct audit_comment *list[MAX_COMMENTS];
    size_t n = model_comments(ed, list, MAX_COMMENTS);
    size_t at = selected_index(ed, list, n);
    if (a == ACT_SHOW_RESOLVED) {
        ed->show_resolved = !ed->show_resolved;
        return;
    }
    if (!n) {
        ed->comments_open = false;
        return;
    }
    switch ((int)a) {
    case ACT_UP:
        at = at ? at - 1 : 0;
        break;
    case ACT_DOWN:
        at = at + 1 < n ? at + 1 : at;
        break;
    case ACT_PAGE_UP:
    case ACT_HOME:
        at = 0;
        break;
    case ACT_PAGE_DOWN:
    case ACT_END:
        at = n - 1;
        break;
    case ACT_ENTER:
        jump(ed, list[at]);
        return;
    case ACT_REPLY:
        reply(ed, list[at]);
        return;
    case ACT_RESOLVE:
        resolve(ed, list[at]);
        return;
    default:
        return;
    }
    ed->comment = list[at]->id;
}
