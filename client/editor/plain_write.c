/* Commands of the plain mode that write texts. */
#include "client/editor/plain_state.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/utf8.h"

/* The text meant: named, or the one used before, or the question's first. */
static bool find_text(struct plain *p, const char *where, struct field *f)
{
    if (*where) {
        const struct part_def *def;
        struct field named;
        if (!plain_find_field(p, where, &named))
            return false;
        def = part_find((enum part)named.part);
        if (def && def->type == TYPE_TEXT) {
            p->text = *f = named;
            return true;
        }
        if (def && def->type != TYPE_LIST && strchr(where, '.')) {
            plain_say(p, "%s is not a text: use \"set\".", where);
            return false;
        }
        if (named.question != p->ed->question) {
            model_go(p->ed, (struct field){.question = named.question}, 0);
            editor_refresh(p->ed);
        }
        p->text = (struct field){0};
    }
    if (p->text.question == p->ed->question && p->text.part) {
        *f = p->text;
        return true;
    }
    for (size_t i = 0; i < p->ed->nform; i++)
        if (p->ed->form[i].kind == FORM_LIVE) {
            p->text = *f = p->ed->form[i].field;
            return true;
        }
    plain_say(p, "There is no text in this question; add an item first, or use \"set\".");
    return false;
}

static bool may_write(struct plain *p, struct field f)
{
    struct err_info why = {0};
    if (audit_right(plain_audit(p), replica_me(p->r), f, &why) == RIGHT_WRITE)
        return true;
    plain_refused(p, ERR_REFUSED_ROLE, &why);
    return false;
}

static void begin_write(struct plain *p, char *args, bool appending)
{
    struct field f;
    struct buf name = BUF_INIT;
    if (!find_text(p, args, &f) || !may_write(p, f))
        return;
    p->writing = true;
    p->appending = appending;
    p->write_field = f;
    buf_clear(&p->written);
    replica_set_cursor(p->r, f, 0, 0);
    describe_field(p->r, f, &name);
    plain_say(p, "%s %s; end with a line that has only a full stop.",
              appending ? "Adding to" : "Writing", buf_cstr(&name));
    buf_free(&name);
}

void plain_run_write(struct plain *p, char *args)
{
    begin_write(p, args, false);
}

void plain_run_append(struct plain *p, char *args)
{
    begin_write(p, args, true);
}

void plain_edit_begins(struct plain *p)
{
    plain_flush(p);
    replica_undo_boundary(p->r);
}

void plain_edit_done(struct plain *p, struct field f, enum err e, const struct err_info *why)
{
    replica_undo_boundary(p->r);
    if (e) {
        plain_refused(p, e, why);
        return;
    }
    p->ed->stale = true;
    plain_told(p, f);
    struct replica_status s = replica_status(p->r);
    if (s.saved == REPLICA_OFFLINE)
        plain_say(p, "Kept here until the line is back.");
    p->saved = s.saved; /* "Saved." is said when it is */
    plain_hint(p, f);
}

void plain_write_line(struct plain *p, const char *line)
{
    struct err_info why = {0};
    enum err e;
    if (strcmp(line, ".") != 0) {
        if (p->written.len)
            buf_append_u8(&p->written, '\n');
        buf_append_str(&p->written, line[0] == '.' && line[1] == '.' ? line + 1 : line);
        if (!p->written.len) /* an empty first line */
            buf_append_u8(&p->written, '\n');
        return;
    }
    p->writing = false;
    plain_edit_begins(p);
    if (!p->appending) {
        e = replica_replace(p->r, p->write_field, buf_cstr(&p->written), p->written.len, &why);
    } else {
        const struct text *t = audit_text(plain_audit(p), p->write_field);
        size_t at = t ? text_len_cp(t) : 0;
        struct buf words = BUF_INIT;
        if (at)
            buf_append_u8(&words, '\n');
        buf_append(&words, p->written.data, p->written.len);
        e = replica_insert(p->r, p->write_field, at, buf_cstr(&words), words.len, &why);
        buf_free(&words);
    }
    plain_edit_done(p, p->write_field, e, &why);
}

/* Line `n` (from 1) of a text: its positions, the newline not included. */
static bool find_line(struct plain *p, struct field f, unsigned long n, size_t *start, size_t *end)
{
    struct buf words = BUF_INIT;
    const struct text *t = audit_text(plain_audit(p), f);
    unsigned long line = 1;
    size_t cp = 0, len = t ? text_len_cp(t) : 0;
    bool found = false;
    if (t)
        text_read(t, 0, len, &words);
    *start = 0;
    for (size_t at = 0; at < words.len && !found; at++) {
        if ((words.data[at] & 0xc0) == 0x80)
            continue;
        if (words.data[at] == '\n') {
            found = line == n;
            if (!found) {
                line++;
                *start = cp + 1;
            }
        }
        cp += !found;
    }
    *end = cp;
    found = found || line == n;
    buf_free(&words);
    if (!found)
        plain_say(p, "There is no line %lu: the text has %lu.", n, line);
    return found;
}

void plain_run_lines(struct plain *p, char *args)
{
    struct field f;
    struct buf words = BUF_INIT;
    unsigned n = 1;
    if (!find_text(p, args, &f))
        return;
    const struct text *t = audit_text(plain_audit(p), f);
    if (t)
        text_read(t, 0, text_len_cp(t), &words);
    char *line = (char *)(uintptr_t)buf_cstr(&words);
    for (char *nl; line; line = nl, n++) {
        nl = strchr(line, '\n');
        if (nl)
            *nl++ = 0;
        plain_say(p, "%u: %s", n, line);
    }
    plain_told(p, f);
    buf_free(&words);
}

static void edit_line(struct plain *p, char *args, bool replace, bool erase)
{
    struct field f;
    struct err_info why = {0};
    size_t start, end;
    unsigned long n = strtoul(plain_take_word(&args), NULL, 10);
    if (!n) {
        plain_say(p, "Give the number of the line; \"lines\" shows them.");
        return;
    }
    if (!find_text(p, "", &f) || !may_write(p, f) || !find_line(p, f, n, &start, &end))
        return;
    plain_edit_begins(p);
    enum err e = ERR_OK;
    struct buf words = BUF_INIT;
    buf_append_str(&words, args);
    if (!replace && !erase)
        buf_append_u8(&words, '\n');
    if (erase) {
        size_t len = text_len_cp(audit_text_edit((struct audit *)(uintptr_t)plain_audit(p), f));
        if (end < len)
            end++; /* its newline goes with it */
        else if (start)
            start--;
    }
    if (!erase && words.len) /* first what is new: others' cursors stay at the line */
        e = replica_insert(p->r, f, start, buf_cstr(&words), words.len, &why);
    if (!e && (replace || erase) && end > start) {
        long more = erase ? 0 : utf8_count(words.data, words.len);
        size_t by = more > 0 ? (size_t)more : 0;
        e = replica_delete(p->r, f, start + by, end + by, &why);
    }
    buf_free(&words);
    plain_edit_done(p, f, e, &why);
}

void plain_run_edit(struct plain *p, char *args)
{
    edit_line(p, args, true, false);
}

void plain_run_insert(struct plain *p, char *args)
{
    edit_line(p, args, false, false);
}

void plain_run_delete(struct plain *p, char *args)
{
    edit_line(p, args, false, true);
}

static void undo(struct plain *p, bool redo)
{
    struct field f;
    struct err_info why = {0};
    size_t pos;
    if (!find_text(p, "", &f))
        return;
    plain_edit_begins(p);
    enum err e = redo ? replica_redo(p->r, f, &pos, &why) : replica_undo(p->r, f, &pos, &why);
    if (e == ERR_NOT_FOUND) {
        plain_say(p, redo ? "Nothing to redo here." : "Nothing of yours to undo here.");
        return;
    }
    plain_edit_done(p, f, e, &why);
    if (!e)
        plain_say(p, redo ? "Redone." : "Undone.");
}

void plain_run_undo(struct plain *p, char *args)
{
    (void)args;
    undo(p, false);
}

void plain_run_redo(struct plain *p, char *args)
{
    (void)args;
    undo(p, true);
}
