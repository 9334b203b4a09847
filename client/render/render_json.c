#include <string.h>

#include "client/render/fields.h"
#include "client/render/life.h"

static json_t *address(const struct audit *a, struct field f)
{
    struct buf b = BUF_INIT;
    audit_field_format(a, f, &b);
    json_t *j = json_string(buf_cstr(&b));
    buf_free(&b);
    return j;
}

/* Adds a field under its part's code to `values` or `texts` of `to`. */
static void add_field(const struct render_source *src, json_t *to, struct field f)
{
    const struct part_def *def = part_find((enum part)f.part);
    if (!def || def->type == TYPE_LIST)
        return;
    if (def->type == TYPE_TEXT) {
        struct buf words = BUF_INIT;
        fields_text(src->audit, f, &words);
        (void)json_object_set_new(json_object_get(to, "texts"), def->code,
                                  json_string(buf_cstr(&words)));
        buf_free(&words);
        return;
    }
    struct audit_value v = audit_value(src->audit, f);
    if (!v.value[0])
        return;
    (void)json_object_set_new(json_object_get(to, "values"), def->code,
                              json_pack("{s:s, s:i, s:s, s:o, s:I}", "value", v.value, "by",
                                        (int)v.by, "name", src->name(src->user, v.by), "at",
                                        render_utc(v.utc_ms), "rev", (json_int_t)v.rev));
    if (def->type == TYPE_PERSON || def->type == TYPE_ITEMS) {
        struct buf shown = BUF_INIT;
        render_field_value(src, f, v.value, &shown);
        (void)json_object_set_new(json_object_get(json_object_get(to, "values"), def->code),
                                  "shown", json_string(buf_cstr(&shown)));
        buf_free(&shown);
    }
}

static json_t *item_json(const struct render_source *src, const char *list, size_t position,
                         struct field any, const struct fields *all)
{
    json_t *item = json_pack("{s:s, s:I, s:{}, s:{}}", "list", list, "position",
                             (json_int_t)position, "values", "texts");
    for (size_t i = 0; i < all->n; i++)
        if (all->f[i].question == any.question && all->f[i].item == any.item) {
            if (!json_object_get(item, "address"))
                (void)json_object_set_new(item, "address", address(src->audit, all->f[i]));
            add_field(src, item, all->f[i]);
        }
    return item;
}

static json_t *items_json(const struct render_source *src, const struct question *q,
                          const struct fields *all)
{
    static const enum part lists[] = {PART_FINDINGS, PART_ACTIONS, PART_PEOPLE, PART_EVIDENCE};
    json_t *out = json_array();
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        struct audit_item items[256];
        size_t n = audit_items(src->audit, q->number, lists[l], items, 256);
        for (size_t i = 0; i < n && i < 256; i++) {
            struct field f = {q->number, (uint16_t)lists[l], items[i].id};
            json_array_append_new(out, item_json(src, part_find(lists[l])->code, i + 1, f, all));
        }
    }
    uint64_t last = 0; /* checklist and moderation: items of the template, in order */
    for (size_t i = 0; i < all->n; i++) {
        struct field f = all->f[i];
        if (f.question != q->number || !f.item || f.item == last ||
            fields_list(src->audit, f) != PART_NONE)
            continue;
        last = f.item;
        json_array_append_new(out, item_json(src, q->kinds & KIND_CHECKLIST ? "checklist" : "view",
                                             (size_t)f.item, f, all));
    }
    return out;
}

static json_t *question_json(const struct render_source *src, const struct question *q,
                             const struct fields *all)
{
    static const char *const states[] = {"empty", "partly", "done", "not_needed"};
    struct field words = {q->number, PART_WORDS, 0};
    bool held = (q->kinds & KIND_VOICE) && audit_is_held(src->audit, src->viewer, words);
    json_t *j = json_pack("{s:s, s:s, s:s, s:b, s:{}, s:{}}", "code", q->code, "title", q->title,
                          "state", states[audit_question_state(src->audit, q->number)], "held",
                          (int)held, "values", "texts");
    for (size_t i = 0; i < all->n; i++)
        if (all->f[i].question == q->number && !all->f[i].item)
            add_field(src, j, all->f[i]);
    (void)json_object_set_new(j, "items", items_json(src, q, all));
    return j;
}

static json_t *comment_json(const struct render_source *src, size_t i)
{
    const struct audit_comment *c = audit_comment_at(src->audit, i);
    const struct text *t = c->on_words ? audit_text(src->audit, c->field) : NULL;
    struct buf on = BUF_INIT;
    size_t start, end;
    json_t *replies = json_array();
    for (size_t k = 0; k < c->nreplies; k++)
        json_array_append_new(
            replies, json_pack("{s:i, s:s, s:o, s:s}", "by", (int)c->replies[k].by, "name",
                               src->name(src->user, c->replies[k].by), "at",
                               render_utc(c->replies[k].utc_ms), "text", c->replies[k].text));
    if (t && !text_anchor_pos(t, c->start, &start) && !text_anchor_pos(t, c->end, &end) &&
        start < end)
        text_read(t, start, end, &on);
    json_t *j = json_pack(
        "{s:I, s:I, s:o, s:i, s:s, s:o, s:s, s:b, s:b, s:o}", "number", (json_int_t)(i + 1), "id",
        (json_int_t)c->id, "field", address(src->audit, c->field), "by", (int)c->by, "name",
        src->name(src->user, c->by), "at", render_utc(c->utc_ms), "text", c->text, "must_answer",
        (int)c->must_answer, "resolved", (int)c->resolved, "replies", replies);
    (void)json_object_set_new(j, "on", c->on_words ? json_string(buf_cstr(&on)) : json_null());
    buf_free(&on);
    return j;
}

struct missing {
    const struct render_source *src;
    json_t *list;
};

static void on_missing(void *user, struct field f, enum missing_why why, const char *sentence)
{
    struct missing *m = user;
    (void)why;
    json_array_append_new(
        m->list, json_pack("{s:o, s:s}", "field", address(m->src->audit, f), "why", sentence));
}

json_t *render_json(const struct render_source *src)
{
    const struct audit *a = src->audit;
    const struct template *t = audit_template(a);
    struct audit_info info = audit_info(a);
    struct audit_progress done = audit_progress(a);
    json_t *children = json_array(), *members = json_array(), *sections = json_array();
    json_t *comments = json_array(), *missing = json_array();
    struct fields all;
    fields_of(a, &all);
    for (size_t i = 0; i < info.nchild_refs; i++)
        json_array_append_new(children, json_string(info.child_refs[i]));
    for (size_t i = 0; i < audit_member_count(a); i++) {
        const struct audit_member *m = audit_member_at(a, i);
        json_array_append_new(members, json_pack("{s:i, s:s, s:s, s:s}", "person", (int)m->person,
                                                 "name", src->name(src->user, m->person), "role",
                                                 role_code(m->role), "sections", m->sections));
    }
    for (size_t s = 0; s < t->nsections; s++) {
        json_t *questions = json_array();
        for (size_t i = 0; i < t->nquestions; i++)
            if (t->questions[i].section == s)
                json_array_append_new(questions, question_json(src, &t->questions[i], &all));
        json_array_append_new(sections,
                              json_pack("{s:s, s:s, s:o}", "code", t->sections[s].code, "title",
                                        t->sections[s].title, "questions", questions));
    }
    for (size_t i = 0; i < audit_comment_count(a); i++)
        json_array_append_new(comments, comment_json(src, i));
    struct missing m = {src, missing};
    audit_missing(a, on_missing, &m);
    fields_free(&all);
    json_t *j =
        json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:o, s:{s:s, s:s}, s:I, s:o, s:i, s:i, s:o, "
                  "s:o, s:o, s:o}",
                  "ref", info.ref, "template", t->id, "template_version", (int)t->version, "state",
                  audit_state_code(info.state), "team", info.team, "carer", info.carer_ref,
                  "children", children, "period", "from", info.period_from, "to", info.period_to,
                  "seq", (json_int_t)audit_seq(a), "at", render_utc(audit_utc_ms(a)), "answered",
                  (int)done.answered, "required", (int)done.required, "members", members,
                  "sections", sections, "comments", comments, "missing", missing);
    if (j)
        render_life_json(src, j);
    return j;
}
