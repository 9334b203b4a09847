#include <stdlib.h>
#include <string.h>

#include "common/audit/template.h"
#include "common/pb_alloc.h"
#include "proto/template.pb-c.h"

typedef Tandem__Tpl__Template PbTemplate;
typedef Tandem__Tpl__Question PbQuestion;
typedef Tandem__Tpl__Section PbSection;
typedef Tandem__Tpl__Grade PbGrade;

/* ---- encode: messages that point into the template, in an arena ---- */

static ProtobufCBinaryData bytes_of(const char *s)
{
    return (ProtobufCBinaryData){.len = s ? strlen(s) : 0, .data = (uint8_t *)s};
}

static ProtobufCBinaryData *list_of(struct pb_alloc *a, char *const *list, size_t *n)
{
    *n = 0;
    while (list && list[*n])
        (*n)++;
    ProtobufCBinaryData *out = *n ? pb_alloc_get(a, *n * sizeof *out) : NULL;
    if (!out)
        *n = 0; /* nothing, or no memory: the arena remembers */
    for (size_t i = 0; i < *n; i++)
        out[i] = bytes_of(list[i]);
    return out;
}

/* `count` messages of `size` bytes each, and the array of pointers to them. */
static void *messages_of(struct pb_alloc *a, size_t count, size_t size, void *array)
{
    unsigned char *m = pb_alloc_get(a, count * size);
    void **at = pb_alloc_get(a, count * sizeof *at);
    if (!m || !at)
        return NULL;
    for (size_t i = 0; i < count; i++)
        at[i] = m + i * size;
    memcpy(array, &at, sizeof at);
    return m;
}

static void put_question(struct pb_alloc *a, const struct question *q, PbQuestion *m)
{
    tandem__tpl__question__init(m);
    m->code = bytes_of(q->code);
    m->section = q->section;
    m->title = bytes_of(q->title);
    m->text = bytes_of(q->text);
    m->prompts = list_of(a, q->prompts, &m->n_prompts);
    m->kinds = q->kinds;
    m->required = q->required;
    m->key = q->key;
    m->blind = q->blind;
    m->overall = q->overall;
    m->carry_forward = q->carry_forward;
    m->core_area = bytes_of(q->core_area);
    m->needs_when = bytes_of(q->needs_when);
    m->items = list_of(a, q->items, &m->n_items);
    m->options = list_of(a, q->options, &m->n_options);
    m->unit = bytes_of(q->unit);
    m->low = bytes_of(q->low);
    m->high = bytes_of(q->high);
    m->sign = bytes_of(q->sign);
    m->voice = bytes_of(q->voice);
    m->min_child = q->min_child;
    m->min_carer = q->min_carer;
    m->write = q->write;
    m->use = bytes_of(q->use);
    m->choose = q->choose;
}

static bool put_lists(struct pb_alloc *a, const struct template *t, PbTemplate *m)
{
    PbGrade *grades = messages_of(a, t->ngrades, sizeof *grades, &m->grades);
    PbSection *sections = messages_of(a, t->nsections, sizeof *sections, &m->sections);
    PbQuestion *questions = messages_of(a, t->nquestions, sizeof *questions, &m->questions);
    if (!grades || !sections || !questions)
        return false;
    m->n_grades = t->ngrades;
    m->n_sections = t->nsections;
    m->n_questions = t->nquestions;
    for (size_t i = 0; i < t->ngrades; i++) {
        tandem__tpl__grade__init(&grades[i]);
        grades[i].code = bytes_of(t->grades[i].code);
        grades[i].label = bytes_of(t->grades[i].label);
        grades[i].weak = t->grades[i].weak;
    }
    for (size_t i = 0; i < t->nsections; i++) {
        tandem__tpl__section__init(&sections[i]);
        sections[i].code = bytes_of(t->sections[i].code);
        sections[i].title = bytes_of(t->sections[i].title);
        sections[i].write = t->sections[i].write;
        sections[i].comment = t->sections[i].comment;
        sections[i].needs_when = bytes_of(t->sections[i].needs_when);
    }
    for (size_t i = 0; i < t->nquestions; i++)
        put_question(a, &t->questions[i], &questions[i]);
    return !a->no_memory;
}

void template_encode(const struct template *t, struct buf *out)
{
    struct pb_alloc a;
    pb_alloc_init(&a, SIZE_MAX, SIZE_MAX);
    PbTemplate m = TANDEM__TPL__TEMPLATE__INIT;
    m.id = bytes_of(t->id);
    m.version = t->version;
    m.title = bytes_of(t->title);
    m.purpose = bytes_of(t->purpose);
    m.audience = bytes_of(t->audience);
    m.type = bytes_of(t->type);
    m.default_period_months = t->default_period_months;
    m.overall = (uint32_t)t->overall;
    if (!put_lists(&a, t, &m)) {
        out->failed = true;
    } else if (buf_reserve(out, tandem__tpl__template__get_packed_size(&m))) {
        out->len += tandem__tpl__template__pack(&m, out->data + out->len);
    }
    pb_alloc_fini(&a);
}

/* ---- decode: unpack within a budget, copy, validate ---- */

struct copier {
    bool nul;       /* a NUL inside a string */
    bool no_memory; /* remembered: asked once, at the end */
};

static char *copy_string(struct copier *c, ProtobufCBinaryData b)
{
    if (b.len && memchr(b.data, 0, b.len))
        c->nul = true;
    char *s = malloc(b.len + 1);
    if (!s) {
        c->no_memory = true;
        return NULL;
    }
    if (b.len)
        memcpy(s, b.data, b.len);
    s[b.len] = 0;
    return s;
}

static char **copy_list(struct copier *c, const ProtobufCBinaryData *list, size_t n)
{
    char **out = calloc(n + 1, sizeof *out);
    if (!out) {
        c->no_memory = true;
        return NULL;
    }
    for (size_t i = 0; i < n && !c->no_memory; i++)
        out[i] = copy_string(c, list[i]);
    return out;
}

static void get_question(struct copier *c, const PbQuestion *m, struct question *q)
{
    q->section = (uint16_t)m->section;
    q->code = copy_string(c, m->code);
    q->title = copy_string(c, m->title);
    q->text = copy_string(c, m->text);
    q->prompts = copy_list(c, m->prompts, m->n_prompts);
    q->kinds = m->kinds;
    q->required = m->required;
    q->key = m->key;
    q->blind = m->blind;
    q->overall = m->overall;
    q->carry_forward = m->carry_forward;
    q->core_area = copy_string(c, m->core_area);
    q->needs_when = copy_string(c, m->needs_when);
    q->items = copy_list(c, m->items, m->n_items);
    q->options = copy_list(c, m->options, m->n_options);
    q->unit = copy_string(c, m->unit);
    q->low = copy_string(c, m->low);
    q->high = copy_string(c, m->high);
    q->sign = copy_string(c, m->sign);
    q->voice = copy_string(c, m->voice);
    q->min_child = m->min_child;
    q->min_carer = m->min_carer;
    q->write = m->write;
    q->use = copy_string(c, m->use);
    q->choose = m->choose;
}

static void get_lists(struct copier *c, const PbTemplate *m, struct template *t)
{
    t->grades = calloc(m->n_grades + 1, sizeof *t->grades);
    t->sections = calloc(m->n_sections + 1, sizeof *t->sections);
    t->questions = calloc(m->n_questions + 1, sizeof *t->questions);
    if (!t->grades || !t->sections || !t->questions) {
        c->no_memory = true;
        return;
    }
    t->ngrades = m->n_grades;
    t->nsections = m->n_sections;
    t->nquestions = m->n_questions;
    for (size_t i = 0; i < t->ngrades; i++) {
        t->grades[i].code = copy_string(c, m->grades[i]->code);
        t->grades[i].label = copy_string(c, m->grades[i]->label);
        t->grades[i].weak = m->grades[i]->weak;
    }
    for (size_t i = 0; i < t->nsections; i++) {
        t->sections[i].code = copy_string(c, m->sections[i]->code);
        t->sections[i].title = copy_string(c, m->sections[i]->title);
        t->sections[i].write = m->sections[i]->write;
        t->sections[i].comment = m->sections[i]->comment;
        t->sections[i].needs_when = copy_string(c, m->sections[i]->needs_when);
    }
    for (size_t i = 0; i < t->nquestions; i++) {
        get_question(c, m->questions[i], &t->questions[i]);
        t->questions[i].number = (uint16_t)(i + 1);
    }
}

static enum err get_template(const PbTemplate *m, struct template **out, struct err_info *why)
{
    /* counts that do not fit our own numbers, before anything is copied */
    bool too_many = m->n_grades > TEMPLATE_MAX_GRADES || m->n_sections > TEMPLATE_MAX_SECTIONS ||
                    m->n_questions > TEMPLATE_MAX_QUESTIONS;
    for (size_t i = 0; i < m->n_questions; i++)
        too_many = too_many || m->questions[i]->section > TEMPLATE_MAX_SECTIONS;
    if (too_many)
        return err_set(why, ERR_TOO_LARGE,
                       "The template has more than %d sections, %d questions or %d grades.",
                       TEMPLATE_MAX_SECTIONS, TEMPLATE_MAX_QUESTIONS, TEMPLATE_MAX_GRADES);
    struct template *t = calloc(1, sizeof *t);
    if (!t)
        return err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    struct copier c = {0};
    t->id = copy_string(&c, m->id);
    t->version = m->version;
    t->title = copy_string(&c, m->title);
    t->purpose = copy_string(&c, m->purpose);
    t->audience = copy_string(&c, m->audience);
    t->type = copy_string(&c, m->type);
    t->default_period_months = m->default_period_months;
    t->overall = (enum overall_grade)m->overall;
    get_lists(&c, m, t);
    enum err e = ERR_OK;
    if (c.no_memory)
        e = err_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    else if (c.nul)
        e = err_set(why, ERR_INPUT, "The template's words have a control character (U+0000).");
    else
        e = template_validate(t, why);
    if (e) {
        template_free(t);
        return e;
    }
    *out = t;
    return ERR_OK;
}

enum err template_decode(const void *data, size_t len_bytes, struct template **out,
                         struct err_info *why)
{
    *out = NULL;
    if (len_bytes > TEMPLATE_MAX_BYTES)
        return err_set(why, ERR_TOO_LARGE, "The template has %zu bytes; %d are allowed.", len_bytes,
                       TEMPLATE_MAX_BYTES);
    struct pb_alloc a;
    pb_alloc_init(&a, pb_alloc_budget(len_bytes), PB_ALLOC_COUNT);
    PbTemplate *m = tandem__tpl__template__unpack(&a.pb, len_bytes, data);
    enum err e = m ? get_template(m, out, why) : pb_alloc_error(&a, why);
    pb_alloc_fini(&a);
    return e;
}
