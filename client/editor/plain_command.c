#include "client/editor/plain_state.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/utf8.h"

/* The commands of the plain mode, in one table. */

struct command {
    const char *name;
    const char *usage, *help;
    void (*run)(struct plain *p, char *args);
    bool before_join; /* works when nothing is here yet */
};

/* Cuts the first word off. */
static char *take_word(char **args)
{
    char *start = *args + strspn(*args, " \t");
    size_t n = strcspn(start, " \t");
    *args = start + n;
    if (**args) {
        *(*args)++ = 0;
        *args += strspn(*args, " \t");
    }
    return start;
}

static const struct audit *audit_of(struct plain *p)
{
    return replica_audit(p->r);
}

/* "B1.rationale", or without the question: "rationale", "[2].due". */
static bool find_field(struct plain *p, const char *where, struct field *f)
{
    struct err_info why = {0}, first = {0};
    const struct question *q = model_question(p->ed);
    char whole[200];
    if (!audit_field_parse(audit_of(p), where, f, &first))
        return true;
    snprintf(whole, sizeof whole, "%s%s%s", q ? q->code : "", *where == '[' ? "" : ".", where);
    if (!audit_field_parse(audit_of(p), whole, f, &why))
        return true;
    plain_say(p, "Not done: %s", first.text);
    return false;
}

/* ---- where am I, what is here ---- */

static void say_row(struct plain *p, const struct form_row *row)
{
    char indent[8] = "";
    struct buf label = BUF_INIT;
    memset(indent, ' ', row->indent < 7 ? row->indent : 7);
    indent[row->indent < 7 ? row->indent : 7] = 0;
    buf_append(&label, row->label.data, row->label.len);
    if (row->kind == FORM_LIVE) {
        plain_say(p, "%s%s%s", indent, buf_cstr(&label), row->text.len || row->held ? "" : " -");
        plain_say_text(p, row->indent ? "    " : "  ", (const char *)row->text.data, row->text.len);
        plain_told(p, row->field);
    } else if (row->text.len) {
        /* The keys that a row names are the full screen's. */
        size_t len = row->text.len;
        const char *keys = row->kind == FORM_LIST ? memmem(row->text.data, len, "  [", 3) : NULL;
        if (keys)
            len = (size_t)(keys - (const char *)row->text.data);
        plain_say(p, "%s%.*s%s", indent, (int)len, (const char *)row->text.data,
                  keys ? " (\"add\" makes one)" : "");
    }
    buf_free(&label);
}

static void say_question_comments(struct plain *p, uint16_t question);

void plain_show(struct plain *p)
{
    const struct question *q = model_question(p->ed);
    editor_refresh(p->ed);
    if (!q)
        return;
    for (size_t i = 0; i < p->ed->nform; i++)
        say_row(p, &p->ed->form[i]);
    plain_say(p, "(%s: %s)", q->code, describe_state(audit_question_state(audit_of(p), q->number)));
    say_question_comments(p, q->number);
}

static void arrive(struct plain *p)
{
    p->text = (struct field){0};
    replica_set_cursor(p->r, (struct field){.question = p->ed->question}, 0, 0);
    plain_show(p);
}

static void run_show(struct plain *p, char *args)
{
    (void)args;
    plain_show(p);
}

static void step(struct plain *p, int by)
{
    uint16_t before = p->ed->question;
    model_step_question(p->ed, by);
    if (p->ed->question == before)
        plain_say(p, by < 0 ? "This is the first question." : "This is the last question.");
    else
        arrive(p);
}

static void run_next(struct plain *p, char *args)
{
    (void)args;
    step(p, 1);
}

static void run_prev(struct plain *p, char *args)
{
    (void)args;
    step(p, -1);
}

static void run_go(struct plain *p, char *args)
{
    struct field f;
    if (!find_field(p, args, &f))
        return;
    model_go(p->ed, (struct field){.question = f.question}, 0);
    arrive(p);
}

static void run_todo(struct plain *p, char *args)
{
    uint16_t before = p->ed->question;
    (void)args;
    p->ed->said[0] = 0;
    model_next_unanswered(p->ed);
    if (p->ed->said[0])
        plain_say(p, "%s", p->ed->said);
    else if (p->ed->question == before)
        plain_say(p, "Only this question is left.");
    else
        arrive(p);
}

static void run_list(struct plain *p, char *args)
{
    const struct audit *a = audit_of(p);
    const struct template *t = audit_template(a);
    (void)args;
    for (size_t i = 0; i < p->ed->ntree; i++) {
        const struct tree_row *row = &p->ed->tree[i];
        const struct question *q = template_question(t, row->question);
        size_t must, n = model_open_comments(p->ed, row->question, &must);
        if (row->is_section) {
            plain_say(p, "%s %s", t->sections[row->section].code, t->sections[row->section].title);
            continue;
        }
        char comments[80] = "";
        if (n)
            snprintf(comments, sizeof comments, ", %zu open comment%s%s", n, n == 1 ? "" : "s",
                     must ? ", must answer" : "");
        plain_say(p, "  %s %s: %s%s", q->code, q->title,
                  describe_state(audit_question_state(a, q->number)), comments);
    }
}

static void on_missing(void *user, struct field f, enum missing_why why, const char *sentence)
{
    (void)f;
    (void)why;
    plain_say(user, "  %s", sentence);
}

static void run_missing(struct plain *p, char *args)
{
    struct audit_progress n = audit_progress(audit_of(p));
    (void)args;
    plain_say(p, "%u of %u answered.", (unsigned)n.answered, (unsigned)n.required);
    audit_missing(audit_of(p), on_missing, p);
}

static void run_who(struct plain *p, char *args)
{
    const struct viewer *me = replica_me(p->r);
    const struct question *q = model_question(p->ed);
    (void)args;
    plain_say(p, "Here: %s (%s), you%s%s", replica_name(p->r, me->person),
              role_code(describe_my_role(p->r)), q ? ", at " : "", q ? q->code : "");
    for (size_t i = 0; i < replica_present_count(p->r); i++) {
        struct replica_present who = replica_present_at(p->r, i);
        q = template_question(audit_template(audit_of(p)), who.field.question);
        if (!who.me)
            plain_say(p, "Here: %s (%s)%s%s", who.name, role_code(who.role), q ? ", at " : "",
                      q ? q->code : "");
    }
}

static void run_status(struct plain *p, char *args)
{
    struct buf line = BUF_INIT;
    (void)args;
    describe_status(p->r, p->ed->line_why, p->line == LINE_JOINING, &line);
    plain_say(p, "%s", buf_cstr(&line));
    buf_free(&line);
}

static void run_authors(struct plain *p, char *args)
{
    p->ed->authors = true;
    p->ed->struck = !strcmp(args, "struck");
    p->ed->wants_log = false;
    p->ed->stale = true;
    editor_refresh(p->ed);
    for (size_t i = 0; i < p->ed->nform; i++)
        if (p->ed->form[i].kind == FORM_LIVE && p->ed->form[i].text.len)
            say_row(p, &p->ed->form[i]);
    p->ed->authors = false;
    p->ed->stale = true;
    editor_refresh(p->ed);
}

static void run_find(struct plain *p, char *args)
{
    struct buf where = BUF_INIT;
    if (*args) {
        buf_clear(&p->ed->needle);
        buf_append_str(&p->ed->needle, args);
    }
    p->ed->said[0] = 0;
    model_find(p->ed, false);
    if (!p->ed->in_tree && strstr(p->ed->said, "found")) {
        describe_field(p->r, p->ed->field, &where);
        plain_say(p, "In %s. %s", buf_cstr(&where), p->ed->said);
        plain_show(p);
    } else {
        plain_say(p, "%s", p->ed->said);
    }
    buf_free(&where);
}

static void run_follow(struct plain *p, char *args)
{
    if (!*args) {
        p->ed->follow = 0;
        plain_say(p, "Following nobody.");
        return;
    }
    for (size_t i = 0; i < replica_present_count(p->r); i++) {
        struct replica_present who = replica_present_at(p->r, i);
        if (who.me || (strncasecmp(who.name, args, strlen(args)) != 0 &&
                       strcasecmp(replica_initials(p->r, who.person), args) != 0))
            continue;
        p->ed->follow = who.person;
        plain_say(p, "Following %s; \"follow\" alone ends it.", who.name);
        if (who.field.question && who.field.question != p->ed->question) {
            uint32_t person = who.person;
            model_go(p->ed, (struct field){.question = who.field.question}, 0);
            p->ed->follow = person;
            arrive(p);
        }
        return;
    }
    plain_say(p, "Nobody here is called so; \"who\" lists who is here.");
}

/* ---- texts ---- */

/* The text meant: named, or the one used before, or the question's first. */
static bool find_text(struct plain *p, const char *where, struct field *f)
{
    if (*where) {
        const struct part_def *def;
        struct field named;
        if (!find_field(p, where, &named))
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
    if (audit_right(audit_of(p), replica_me(p->r), f, &why) == RIGHT_WRITE)
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

static void run_write(struct plain *p, char *args)
{
    begin_write(p, args, false);
}

static void run_append(struct plain *p, char *args)
{
    begin_write(p, args, true);
}

/* Before one's own edit: what others wrote there is told, so that it is not taken for one's own. */
static void edit_begins(struct plain *p)
{
    plain_flush(p);
    replica_undo_boundary(p->r);
}

static void edit_done(struct plain *p, struct field f, enum err e, const struct err_info *why)
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
    edit_begins(p);
    if (!p->appending) {
        e = replica_replace(p->r, p->write_field, buf_cstr(&p->written), p->written.len, &why);
    } else {
        const struct text *t = audit_text(audit_of(p), p->write_field);
        size_t at = t ? text_len_cp(t) : 0;
        struct buf words = BUF_INIT;
        if (at)
            buf_append_u8(&words, '\n');
        buf_append(&words, p->written.data, p->written.len);
        e = replica_insert(p->r, p->write_field, at, buf_cstr(&words), words.len, &why);
        buf_free(&words);
    }
    edit_done(p, p->write_field, e, &why);
}

/* Line `n` (from 1) of a text: its positions, the newline not included. */
static bool find_line(struct plain *p, struct field f, unsigned long n, size_t *start, size_t *end)
{
    struct buf words = BUF_INIT;
    const struct text *t = audit_text(audit_of(p), f);
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

static void run_lines(struct plain *p, char *args)
{
    struct field f;
    struct buf words = BUF_INIT;
    unsigned n = 1;
    if (!find_text(p, args, &f))
        return;
    const struct text *t = audit_text(audit_of(p), f);
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
    unsigned long n = strtoul(take_word(&args), NULL, 10);
    if (!n) {
        plain_say(p, "Give the number of the line; \"lines\" shows them.");
        return;
    }
    if (!find_text(p, "", &f) || !may_write(p, f) || !find_line(p, f, n, &start, &end))
        return;
    edit_begins(p);
    enum err e = ERR_OK;
    struct buf words = BUF_INIT;
    buf_append_str(&words, args);
    if (!replace && !erase)
        buf_append_u8(&words, '\n');
    if (erase) {
        size_t len = text_len_cp(audit_text_edit((struct audit *)(uintptr_t)audit_of(p), f));
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
    edit_done(p, f, e, &why);
}

static void run_edit(struct plain *p, char *args)
{
    edit_line(p, args, true, false);
}

static void run_insert(struct plain *p, char *args)
{
    edit_line(p, args, false, false);
}

static void run_delete(struct plain *p, char *args)
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
    edit_begins(p);
    enum err e = redo ? replica_redo(p->r, f, &pos, &why) : replica_undo(p->r, f, &pos, &why);
    if (e == ERR_NOT_FOUND) {
        plain_say(p, redo ? "Nothing to redo here." : "Nothing of yours to undo here.");
        return;
    }
    edit_done(p, f, e, &why);
    if (!e)
        plain_say(p, redo ? "Redone." : "Undone.");
}

static void run_undo(struct plain *p, char *args)
{
    (void)args;
    undo(p, false);
}

static void run_redo(struct plain *p, char *args)
{
    (void)args;
    undo(p, true);
}

/* ---- values ---- */

/* The code that the words name: themselves, or a label, whatever their letters' size. */
static const char *code_named(struct plain *p, struct field f, const char *words,
                              struct choice *choices, size_t cap)
{
    const struct template *t = audit_template(audit_of(p));
    const struct question *q = template_question(t, f.question);
    const struct part_def *def = part_find((enum part)f.part);
    size_t n = def && q ? describe_choices(t, q, def, f.item && def->list, choices, cap) : 0;
    for (size_t i = 0; i < n && i < cap; i++)
        if (!strcasecmp(choices[i].code, words) || !strcasecmp(choices[i].label, words))
            return choices[i].code;
    return words;
}

static void set_value(struct plain *p, struct field f, const char *words)
{
    struct choice choices[MAX_CHOICES];
    struct err_info why = {0};
    const struct part_def *def = part_find((enum part)f.part);
    if (def && def->type == TYPE_TEXT) {
        plain_say(p, "That is a text: use \"write\".");
        return;
    }
    enum err e = replica_set(p->r, f, code_named(p, f, words, choices, MAX_CHOICES), &why);
    edit_done(p, f, e, &why);
}

static void run_set(struct plain *p, char *args)
{
    struct field f;
    char *where = take_word(&args);
    if (find_field(p, where, &f))
        set_value(p, f, args);
}

static void run_clear(struct plain *p, char *args)
{
    struct field f;
    if (find_field(p, args, &f))
        set_value(p, f, "");
}

/* One's own grade, or the one named first: "grade good", "grade agreed good". */
static void run_grade(struct plain *p, char *args)
{
    static const struct {
        const char *name;
        enum part part;
    } named[] = {
        {"agreed",       PART_GRADE_AGREED      },
        {"auditor",      PART_GRADE_AUDITOR     },
        {"practitioner", PART_GRADE_PRACTITIONER},
        {"moderator",    PART_GRADE_MODERATOR   },
        {"final",        PART_GRADE_FINAL       },
    };
    const struct question *q = model_question(p->ed);
    enum role role = describe_my_role(p->r);
    struct field f = {.question = p->ed->question, .part = PART_GRADE_AUDITOR};
    if (!q || !(q->kinds & KIND_JUDGEMENT)) {
        plain_say(p, "This question has no grade.");
        return;
    }
    if (role == ROLE_FSW)
        f.part = PART_GRADE_PRACTITIONER;
    if (role == ROLE_IRO)
        f.part = PART_GRADE_MODERATOR;
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        size_t n = strlen(named[i].name);
        if (strncasecmp(args, named[i].name, n) || args[n] != ' ')
            continue;
        f.part = (uint16_t)named[i].part;
        args += n + strspn(args + n, " ");
        break;
    }
    set_value(p, f, args);
}

static void run_add(struct plain *p, char *args)
{
    struct err_info why = {0};
    struct field f = {0};
    const struct part_def *def;
    struct buf name = BUF_INIT;
    if (*args) {
        if (!find_field(p, args, &f))
            return;
    } else {
        for (size_t i = 0; i < p->ed->nform && !f.question; i++)
            if (p->ed->form[i].kind == FORM_LIST)
                f = p->ed->form[i].field;
    }
    def = part_find((enum part)f.part);
    if (!def || def->type != TYPE_LIST) {
        plain_say(p, "This question has no list to add to.");
        return;
    }
    enum err e = replica_item_add(p->r, f.question, def->part, &f.item, &why);
    edit_done(p, f, e, &why);
    if (e)
        return;
    describe_field(p->r, f, &name);
    plain_say(p, "Added: %s.", buf_cstr(&name));
    buf_free(&name);
}

static void run_remove(struct plain *p, char *args)
{
    struct err_info why = {0};
    struct field f;
    if (!find_field(p, args, &f))
        return;
    const struct part_def *def = part_find((enum part)f.part);
    if (!def || !f.item || (def->type != TYPE_LIST && !def->list)) {
        plain_say(p, "Name an item, as in: remove L2[1]");
        return;
    }
    enum part list = def->type == TYPE_LIST ? def->part : def->list;
    enum err e = replica_item_remove(p->r, f.question, list, f.item, &why);
    edit_done(p, f, e, &why);
}

/* ---- comments ---- */

static void say_comment(struct plain *p, size_t number, const struct audit_comment *c)
{
    struct buf where = BUF_INIT, words = BUF_INIT;
    size_t start, end;
    const struct text *t = c->on_words ? audit_text(audit_of(p), c->field) : NULL;
    describe_field(p->r, c->field, &where);
    if (t && !text_anchor_pos(t, c->start, &start) && !text_anchor_pos(t, c->end, &end) &&
        start < end) {
        text_read(t, start, end, &words);
        buf_appendf(&where, ", on \"%s\"", buf_cstr(&words));
    }
    plain_say(p, "Comment %zu by %s on %s%s%s: %s", number, replica_name(p->r, c->by),
              buf_cstr(&where), c->must_answer && !c->resolved ? " (must answer)" : "",
              c->resolved ? " (resolved)" : "", c->text);
    for (size_t i = 0; i < c->nreplies; i++)
        plain_say(p, "  %s: %s", replica_name(p->r, c->replies[i].by), c->replies[i].text);
    buf_free(&where);
    buf_free(&words);
}

/* Comments are named by their place in the whole audit, which does not change. */
static void say_comments(struct plain *p, uint16_t question, bool resolved_too)
{
    const struct audit *a = audit_of(p);
    size_t said = 0;
    for (size_t i = 0; i < audit_comment_count(a); i++) {
        const struct audit_comment *c = audit_comment_at(a, i);
        if ((question && c->field.question != question) || (c->resolved && !resolved_too))
            continue;
        say_comment(p, i + 1, c);
        said++;
    }
    if (!said && !question)
        plain_say(p, "There are no open comments.");
}

static void say_question_comments(struct plain *p, uint16_t question)
{
    say_comments(p, question, false);
}

static void run_comments(struct plain *p, char *args)
{
    say_comments(p, 0, !strcmp(args, "all"));
}

/* Finds the words in the question's texts. */
static bool find_words(struct plain *p, const char *words, struct field *f, size_t *start,
                       size_t *end)
{
    for (size_t i = 0; i < p->ed->nform; i++) {
        const struct form_row *row = &p->ed->form[i];
        const uint8_t *at = row->kind == FORM_LIVE && row->text.len
                                ? memmem(row->text.data, row->text.len, words, strlen(words))
                                : NULL;
        if (!at)
            continue;
        *f = row->field;
        *start = (size_t)utf8_count(row->text.data, (size_t)(at - row->text.data));
        *end = *start + (size_t)utf8_count(words, strlen(words));
        return true;
    }
    return false;
}

static void comment(struct plain *p, char *args, bool must_answer)
{
    struct err_info why = {0};
    struct field f = {.question = p->ed->question};
    size_t start = 0, end = 0;
    uint64_t id;
    bool on_words = false;
    char *close = args[0] == '"' ? strchr(args + 1, '"') : NULL;
    if (close && close > args + 1) {
        *close = 0;
        on_words = find_words(p, args + 1, &f, &start, &end);
        if (!on_words) {
            plain_say(p, "Not done: \"%s\" is not in this question's texts.", args + 1);
            return;
        }
        args = close + 1 + strspn(close + 1, " ");
    } else {
        const struct question *q = model_question(p->ed);
        f.part = q ? (uint16_t)question_main_part(q) : 0;
    }
    enum err e = replica_comment(p->r, f, on_words, start, end, must_answer, args, &id, &why);
    edit_done(p, f, e, &why);
}

static void run_comment(struct plain *p, char *args)
{
    comment(p, args, false);
}

static void run_ask(struct plain *p, char *args)
{
    comment(p, args, true);
}

static const struct audit_comment *comment_numbered(struct plain *p, char **args)
{
    unsigned long n = strtoul(take_word(args), NULL, 10);
    if (n && n <= audit_comment_count(audit_of(p)))
        return audit_comment_at(audit_of(p), n - 1);
    plain_say(p, "Give the comment's number; \"comments\" lists them.");
    return NULL;
}

static void run_reply(struct plain *p, char *args)
{
    struct err_info why = {0};
    const struct audit_comment *c = comment_numbered(p, &args);
    if (c) {
        struct field f = c->field;
        edit_done(p, f, replica_reply(p->r, c->id, args, &why), &why);
    }
}

static void run_resolve(struct plain *p, char *args)
{
    struct err_info why = {0};
    const struct audit_comment *c = comment_numbered(p, &args);
    if (c) {
        struct field f = c->field;
        edit_done(p, f, replica_resolve(p->r, c->id, &why), &why);
    }
}

/* ---- words that were refused ---- */

static void run_kept(struct plain *p, char *args)
{
    (void)args;
    for (size_t i = 0; i < replica_kept_count(p->r); i++) {
        struct replica_kept k = replica_kept_at(p->r, i);
        struct buf where = BUF_INIT;
        describe_field(p->r, k.field, &where);
        plain_say(p, "Kept words %zu, for %s (%s):", i + 1, buf_cstr(&where), k.why);
        plain_say_text(p, "  ", k.words, strlen(k.words));
        buf_free(&where);
    }
    if (!replica_kept_count(p->r))
        plain_say(p, "Nothing was refused.");
}

static void run_forget(struct plain *p, char *args)
{
    unsigned long n = strtoul(args, NULL, 10);
    if (!n || n > replica_kept_count(p->r)) {
        plain_say(p, "Give the number of the words; \"kept\" lists them.");
        return;
    }
    replica_kept_forget(p->r, n - 1);
    plain_say(p, "Gone.");
}

/* ---- leaving, help ---- */

static void run_quit(struct plain *p, char *args)
{
    struct replica_status s = replica_status(p->r);
    (void)args;
    if (s.saved == REPLICA_OFFLINE && (s.pending_chars || s.pending_ops) && !p->asked_to_leave) {
        p->asked_to_leave = true;
        plain_say(p,
                  "%zu characters and %zu other changes are not saved on the server yet; they are "
                  "kept on this computer. \"quit\" again leaves.",
                  s.pending_chars, s.pending_ops);
        return;
    }
    p->left = true;
}

static void run_help(struct plain *p, char *args);

static const struct command commands[] = {
    {"next",     "next",                     "the next question",                                    run_next,     false},
    {"prev",     "prev",                     "the question before",                                  run_prev,     false},
    {"go",       "go QUESTION",              "to a question, as in: go B1",                          run_go,       false},
    {"todo",     "todo",                     "to the next question that is not answered",            run_todo,     false},
    {"show",     "show",                     "this question and its answer again",                   run_show,     false},
    {"list",     "list",                     "all questions with their state",                       run_list,     false},
    {"missing",  "missing",                  "what is missing, and why",                             run_missing,  false},
    {"write",    "write [PART]",             "write a text anew; end with a line that has only a .", run_write,
     false                                                                                                              },
    {"append",   "append [PART]",            "add to a text; end with a line that has only a .",     run_append,
     false                                                                                                              },
    {"lines",    "lines [PART]",             "the text with its lines numbered",                     run_lines,    false},
    {"edit",     "edit N WORDS",             "replace line N of the text",                           run_edit,     false},
    {"insert",   "insert N WORDS",           "put a line before line N",                             run_insert,   false},
    {"delete",   "delete N",                 "strike out line N",                                    run_delete,   false},
    {"undo",     "undo",                     "undo my last edit of the text (never another's)",      run_undo,     false},
    {"redo",     "redo",                     "redo it",                                              run_redo,     false},
    {"grade",    "grade [WHOSE] GRADE",      "my grade, or: grade agreed good",                      run_grade,    false},
    {"set",      "set PART VALUE",           "any other part, as in: set ynp yes, set D1[3] met",    run_set,      false},
    {"clear",    "clear PART",               "empty a part",                                         run_clear,    false},
    {"add",      "add [LIST]",               "a new finding, action, evidence, person",              run_add,      false},
    {"remove",   "remove ITEM",              "take an item away, as in: remove L2[1]",               run_remove,   false},
    {"comment",  "comment [\"WORDS\"] TEXT", "comment on the answer, or on words of it",             run_comment,
     false                                                                                                              },
    {"ask",      "ask [\"WORDS\"] TEXT",     "the same; it must be answered",                        run_ask,      false},
    {"comments", "comments [all]",           "open comments, or resolved ones too",                  run_comments, false},
    {"reply",    "reply N TEXT",             "answer comment N",                                     run_reply,    false},
    {"resolve",  "resolve N",                "comment N is settled",                                 run_resolve,  false},
    {"who",      "who",                      "who is here, and where",                               run_who,      false},
    {"follow",   "follow [NAME]",            "go where this person goes",                            run_follow,   false},
    {"authors",  "authors [struck]",         "who wrote what, and what was struck out",              run_authors,  false},
    {"find",     "find [WORDS]",             "search in all answers; alone: the next place",         run_find,     false},
    {"kept",     "kept",                     "words of mine that could not be stored",               run_kept,     false},
    {"forget",   "forget N",                 "let kept words N go for good",                         run_forget,   false},
    {"status",   "status",                   "what is saved, and how the line is",                   run_status,   true },
    {"help",     "help",                     "this list",                                            run_help,     true },
    {"quit",     "quit",                     "leave",                                                run_quit,     true },
};

size_t plain_commands(struct plain_command_help *rows, size_t cap)
{
    size_t n = sizeof commands / sizeof *commands;
    for (size_t i = 0; i < n && i < cap; i++)
        rows[i] = (struct plain_command_help){commands[i].usage, commands[i].help};
    return n;
}

static void run_help(struct plain *p, char *args)
{
    (void)args;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        plain_say(p, "%-26s %s", commands[i].usage, commands[i].help);
}

void plain_command(struct plain *p, const char *line)
{
    char *copy = strdup(line), *args = copy;
    if (!copy)
        return;
    for (size_t n = strlen(copy); n && isspace((unsigned char)copy[n - 1]);)
        copy[--n] = 0;
    char *name = take_word(&args);
    const struct command *found = NULL;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (!strcasecmp(commands[i].name, name))
            found = &commands[i];
    if (strcasecmp(name, "quit") != 0)
        p->asked_to_leave = false;
    if (!*name)
        ; /* an empty line */
    else if (!found)
        plain_say(p, "There is no command \"%s\"; \"help\" lists them.", name);
    else if (!found->before_join && !audit_of(p))
        plain_say(p, "The audit is not here yet.");
    else
        found->run(p, args);
    free(copy);
}
