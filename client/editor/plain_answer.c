/* Commands of the plain mode that set values, fill lists, comment. */
#include "client/editor/hint.h"
#include "client/editor/plain_state.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/utf8.h"

/* ---- values ---- */

/* The code that the words name: themselves, or a label, whatever their letters' size. */
static const char *code_named(struct plain *p, struct field f, const char *words,
                              struct choice *choices, size_t cap)
{
    const struct template *t = audit_template(plain_audit(p));
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
    struct buf ids = BUF_INIT;
    if (def && def->type == TYPE_ITEMS) {
        enum err e = audit_items_parse(replica_audit(p->r), def->part, words, &ids, &why);
        if (!e)
            e = replica_set(p->r, f, buf_cstr(&ids), &why);
        plain_edit_done(p, f, e, &why);
        buf_free(&ids);
        return;
    }
    char date[16];
    bool typed = def && def->type == TYPE_DATE && field_date_typed(words, date);
    enum err e =
        replica_set(p->r, f, typed ? date : code_named(p, f, words, choices, MAX_CHOICES), &why);
    plain_edit_done(p, f, e, &why);
}

void plain_run_set(struct plain *p, char *args)
{
    struct field f;
    char *where = plain_take_word(&args);
    if (plain_find_field(p, where, &f))
        set_value(p, f, args);
}

void plain_run_clear(struct plain *p, char *args)
{
    struct field f;
    if (plain_find_field(p, args, &f))
        set_value(p, f, "");
}

/* One's own grade, or the one named first: "grade good", "grade agreed good". */
void plain_run_grade(struct plain *p, char *args)
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

void plain_run_add(struct plain *p, char *args)
{
    struct err_info why = {0};
    struct field f = {0};
    const struct part_def *def;
    struct buf name = BUF_INIT;
    if (*args) {
        if (!plain_find_field(p, args, &f))
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
    plain_edit_done(p, f, e, &why);
    if (e)
        return;
    describe_field(p->r, f, &name);
    plain_say(p, "Added: %s.", buf_cstr(&name));
    buf_free(&name);
}

void plain_run_remove(struct plain *p, char *args)
{
    struct err_info why = {0};
    struct field f;
    if (!plain_find_field(p, args, &f))
        return;
    const struct part_def *def = part_find((enum part)f.part);
    if (!def || !f.item || (def->type != TYPE_LIST && !def->list)) {
        plain_say(p, "Name an item, as in: remove L2[1]");
        return;
    }
    enum part list = def->type == TYPE_LIST ? def->part : def->list;
    enum err e = replica_item_remove(p->r, f.question, list, f.item, &why);
    plain_edit_done(p, f, e, &why);
}

/* ---- comments ---- */

static void say_comment(struct plain *p, size_t number, const struct audit_comment *c)
{
    struct buf where = BUF_INIT, words = BUF_INIT;
    size_t start, end;
    const struct text *t = c->on_words ? audit_text(plain_audit(p), c->field) : NULL;
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
    const struct audit *a = plain_audit(p);
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

void plain_say_comments(struct plain *p, uint16_t question)
{
    say_comments(p, question, false);
}

void plain_run_comments(struct plain *p, char *args)
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
    enum err e = hint_check_reason(args, &why);
    if (!e)
        e = replica_comment(p->r, f, on_words, start, end, must_answer, args, &id, &why);
    plain_edit_done(p, f, e, &why);
}

void plain_run_comment(struct plain *p, char *args)
{
    comment(p, args, false);
}

void plain_run_ask(struct plain *p, char *args)
{
    comment(p, args, true);
}

static const struct audit_comment *comment_numbered(struct plain *p, char **args)
{
    unsigned long n = strtoul(plain_take_word(args), NULL, 10);
    if (n && n <= audit_comment_count(plain_audit(p)))
        return audit_comment_at(plain_audit(p), n - 1);
    plain_say(p, "Give the comment's number; \"comments\" lists them.");
    return NULL;
}

void plain_run_reply(struct plain *p, char *args)
{
    struct err_info why = {0};
    const struct audit_comment *c = comment_numbered(p, &args);
    if (c) {
        struct field f = c->field;
        plain_edit_done(p, f, replica_reply(p->r, c->id, args, &why), &why);
    }
}

void plain_run_resolve(struct plain *p, char *args)
{
    struct err_info why = {0};
    const struct audit_comment *c = comment_numbered(p, &args);
    if (c) {
        struct field f = c->field;
        plain_edit_done(p, f, replica_resolve(p->r, c->id, &why), &why);
    }
}

/* ---- words that were refused ---- */

void plain_run_kept(struct plain *p, char *args)
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

void plain_run_forget(struct plain *p, char *args)
{
    unsigned long n = strtoul(args, NULL, 10);
    if (!n || n > replica_kept_count(p->r)) {
        plain_say(p, "Give the number of the words; \"kept\" lists them.");
        return;
    }
    replica_kept_forget(p->r, n - 1);
    plain_say(p, "Gone.");
}
