/* An audit for a person: the same walk prints plain text and Markdown. */
#include <stdlib.h>
#include <string.h>

#include "client/render/fields.h"
#include "client/render/life.h"
#include "common/utf8.h"

enum { WIDTH = 80 };

struct printer {
    const struct render_source *src;
    struct buf *out;
    bool markdown;
};

static void paragraph(struct printer *p, const char *words, size_t indent)
{
    struct buf b = BUF_INIT;
    text_safe(&b, words, strlen(words), true);
    render_wrap(buf_cstr(&b), p->markdown ? 0 : indent, p->markdown ? 100000 : WIDTH, p->out);
    buf_free(&b);
}

static void heading(struct printer *p, int level, const char *code, const char *title,
                    const char *behind)
{
    struct buf b = BUF_INIT;
    if (p->markdown)
        buf_appendf(&b, "\n%.*s ", level, "####");
    else
        buf_append_u8(&b, '\n');
    buf_appendf(&b, "%s%s", code, *code ? "  " : "");
    text_safe(&b, title, strlen(title), false);
    buf_appendf(&b, "%s%s", *behind ? "  " : "", behind);
    if (level < 3 || p->markdown) {
        buf_append(p->out, b.data, b.len);
        buf_append_u8(p->out, '\n');
    } else { /* may be long */
        render_wrap(buf_cstr(&b), 2, WIDTH, p->out);
    }
    if (level < 3 && !p->markdown) {
        for (size_t i = 1; i < b.len && i < WIDTH; i++)
            buf_append_u8(p->out, level == 1 ? '=' : '-');
        buf_append_u8(p->out, '\n');
    }
    if (p->markdown)
        buf_append_u8(p->out, '\n');
    buf_free(&b);
}

static void print_head(struct printer *p)
{
    const struct audit *a = p->src->audit;
    const struct template *t = audit_template(a);
    struct audit_info info = audit_info(a);
    struct audit_progress done = audit_progress(a);
    struct buf b = BUF_INIT;
    char when[32];
    heading(p, 1, info.ref, t->title, "");
    if (info.carer_ref[0])
        buf_appendf(&b, "Carer %s%s", info.carer_ref, info.nchild_refs ? "; " : "");
    for (size_t i = 0; i < info.nchild_refs; i++)
        buf_appendf(&b, "%s%s",
                    i                      ? ", "
                    : info.nchild_refs > 1 ? "children "
                                           : "child ",
                    info.child_refs[i]);
    buf_appendf(&b, "; team %s; period %s to %s.\n", info.team, info.period_from, info.period_to);
    buf_appendf(&b, "%s, %u of %u required answers complete; as of event %llu, %s.\n",
                audit_state_code(info.state), (unsigned)done.answered, (unsigned)done.required,
                (unsigned long long)audit_seq(a), render_time(audit_utc_ms(a), when));
    for (size_t i = 0; i < audit_member_count(a); i++) {
        const struct audit_member *m = audit_member_at(a, i);
        buf_appendf(&b, "%s%s (%s)", i ? ", " : "People: ", p->src->name(p->src->user, m->person),
                    role_code(m->role));
    }
    if (audit_member_count(a))
        buf_append_str(&b, ".\n");
    paragraph(p, buf_cstr(&b), 0);
    buf_free(&b);
}

static void print_life_line(void *user, const char *line)
{
    struct printer *p = user;
    struct buf b = BUF_INIT;
    buf_appendf(&b, "%s%s", p->markdown ? "- " : "", line);
    paragraph(p, buf_cstr(&b), 2);
    buf_free(&b);
}

static void note_line(void *user, const char *line)
{
    (void)line;
    *(bool *)user = true;
}

/* What happened to the audit as a whole; no heading over nothing. */
static void print_life(struct printer *p)
{
    bool lived = false;
    render_life(p->src, note_line, &lived);
    if (!lived)
        return;
    heading(p, 2, "", "What happened to this audit", "");
    render_life(p->src, print_life_line, p);
}

static const char *state_word(enum question_state s)
{
    switch (s) {
    case QUESTION_EMPTY:
        return "[empty]";
    case QUESTION_PARTLY:
        return "[partly]";
    case QUESTION_DONE:
        return "[done]";
    case QUESTION_NOT_NEEDED:
        return "[not needed]";
    }
    return "";
}

/* "evidence 2, " / "training record, " before a part's label. */
static void print_item(struct printer *p, struct field f, struct buf *out)
{
    const struct audit *a = p->src->audit;
    const struct template *t = audit_template(a);
    const struct question *q = template_question(t, f.question);
    enum part list = fields_list(a, f);
    if (!f.item)
        return;
    if (list == PART_NONE) {
        const struct part_def *def = part_find((enum part)f.part);
        const struct question *judged = template_question(t, (uint16_t)f.item);
        size_t n = 0;
        while (q->items && q->items[n])
            n++;
        if (def && (def->kinds & KIND_MODERATION) && judged)
            buf_appendf(out, "%s, ", judged->code);
        else if (f.item >= 1 && f.item <= n) {
            text_safe(out, q->items[f.item - 1], strlen(q->items[f.item - 1]), false);
            buf_append_str(out, ", ");
        }
        return;
    }
    struct audit_item items[256];
    size_t n = audit_items(a, f.question, list, items, 256);
    for (size_t i = 0; i < n && i < 256; i++)
        if (items[i].id == f.item)
            buf_appendf(out, "%s %zu, ",
                        list == PART_FINDINGS  ? "finding"
                        : list == PART_ACTIONS ? "action"
                        : list == PART_PEOPLE  ? "person"
                                               : "evidence",
                        i + 1);
}

static void print_field(struct printer *p, struct field f)
{
    const struct audit *a = p->src->audit;
    const struct part_def *def = part_find((enum part)f.part);
    struct buf b = BUF_INIT, words = BUF_INIT;
    if (!def || def->type == TYPE_LIST)
        return;
    if (p->markdown)
        buf_append_str(&b, "- **");
    print_item(p, f, &b);
    buf_append_str(&b, def->label);
    buf_append_str(&b, p->markdown ? ":** " : ": ");
    if (def->type == TYPE_TEXT) {
        fields_text(a, f, &words);
        if (!words.len)
            goto done;
        b.len--; /* the space: the words stand below */
        paragraph(p, buf_cstr(&b), 6);
        if (p->markdown)
            buf_append_str(p->out, "\n");
        paragraph(p, buf_cstr(&words), 8);
        if (p->markdown)
            buf_append_str(p->out, "\n");
        goto done;
    }
    struct audit_value v = audit_value(a, f);
    if (!v.value[0])
        goto done;
    render_field_value(p->src, f, v.value, &b);
    if (def->type == TYPE_GRADE)
        buf_appendf(&b, " (%s)", p->src->name(p->src->user, v.by));
    paragraph(p, buf_cstr(&b), 6);
done:
    buf_free(&b);
    buf_free(&words);
}

static void print_comment(struct printer *p, const struct audit_comment *c, size_t number)
{
    const struct audit *a = p->src->audit;
    const struct text *t = c->on_words ? audit_text(a, c->field) : NULL;
    struct buf b = BUF_INIT, on = BUF_INIT;
    size_t start, end;
    buf_appendf(&b, "%scomment %zu, %s%s", p->markdown ? "> " : "", number,
                p->src->name(p->src->user, c->by),
                c->resolved      ? " (resolved)"
                : c->must_answer ? " (must be answered)"
                                 : "");
    if (t && !text_anchor_pos(t, c->start, &start) && !text_anchor_pos(t, c->end, &end) &&
        start < end) {
        text_read(t, start, end, &on);
        buf_appendf(&b, " on \"%s\"", buf_cstr(&on));
    }
    buf_appendf(&b, ": %s", c->text);
    for (size_t i = 0; i < c->nreplies; i++)
        buf_appendf(&b, "\n%s%s: %s", p->markdown ? "> " : "  ",
                    p->src->name(p->src->user, c->replies[i].by), c->replies[i].text);
    paragraph(p, buf_cstr(&b), 6);
    buf_free(&b);
    buf_free(&on);
}

static bool is_held(struct printer *p, const struct question *q)
{
    static const enum part parts[] = {PART_WORDS, PART_GRADE_AUDITOR, PART_GRADE_PRACTITIONER};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const struct part_def *def = part_find(parts[i]);
        struct field f = {q->number, (uint16_t)parts[i], 0};
        if (def && (def->kinds & q->kinds) && audit_is_held(p->src->audit, p->src->viewer, f))
            return true;
    }
    return false;
}

static void print_question(struct printer *p, const struct question *q, const struct fields *all)
{
    const struct audit *a = p->src->audit;
    heading(p, 3, q->code, q->title,
            q->kinds == KIND_INFO ? "" : state_word(audit_question_state(a, q->number)));
    if (is_held(p, q))
        paragraph(p, "Part of this answer is held back from you.", 6);
    for (size_t i = 0; i < all->n; i++)
        if (all->f[i].question == q->number)
            print_field(p, all->f[i]);
    for (size_t i = 0; i < audit_comment_count(a); i++)
        if (audit_comment_at(a, i)->field.question == q->number)
            print_comment(p, audit_comment_at(a, i), i + 1);
}

static void print_audit(struct printer *p)
{
    const struct template *t = audit_template(p->src->audit);
    struct fields all;
    fields_of(p->src->audit, &all);
    print_head(p);
    for (size_t s = 0; s < t->nsections; s++) {
        heading(p, 2, t->sections[s].code, t->sections[s].title, "");
        for (size_t i = 0; i < t->nquestions; i++)
            if (t->questions[i].section == s)
                print_question(p, &t->questions[i], &all);
    }
    print_life(p);
    fields_free(&all);
}

void render_text(const struct render_source *src, struct buf *out)
{
    struct printer p = {.src = src, .out = out};
    print_audit(&p);
}

void render_markdown(const struct render_source *src, struct buf *out)
{
    struct printer p = {.src = src, .out = out, .markdown = true};
    print_audit(&p);
}
