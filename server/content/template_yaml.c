#include "server/content/template_yaml.h"

#include <cyaml/cyaml.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/embedded.h"
#include "common/utf8.h"
#include "server/content/yaml_refuse.h"

/* ---- what libcyaml fills: words as they are written, checked and turned into a template below, so
 * that each refusal can say what is allowed ---- */

struct raw_grade {
    char *code, *label, *weak;
};

struct raw_question {
    char *code, *title, *text, *core_area, *needs_when, *unit, *low, *high, *sign, *voice, *use;
    char *required, *key, *blind, *overall, *carry_forward, *choose;
    uint32_t min_child, min_carer;
    char **kinds, **prompts, **items, **options, **write;
    unsigned kinds_count, prompts_count, items_count, options_count, write_count;
};

struct raw_section {
    char *code, *title, *needs_when;
    char **write, **comment;
    unsigned write_count, comment_count;
    struct raw_question *questions;
    unsigned questions_count;
};

struct raw_template {
    char *id, *title, *purpose, *audience, *type, *overall;
    uint32_t version, default_period_months;
    struct raw_grade *scale;
    unsigned scale_count;
    struct raw_section *sections;
    unsigned sections_count;
};

#define STRING(key, type)                                                                          \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER, type, key, 0, CYAML_UNLIMITED)
#define MAYBE_STRING(key, type)                                                                    \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, key, 0,           \
                           CYAML_UNLIMITED)
#define MAYBE_UINT(key, type) CYAML_FIELD_UINT(#key, CYAML_FLAG_OPTIONAL, type, key)
#define LIST(key, type, entry)                                                                     \
    CYAML_FIELD_SEQUENCE(#key, CYAML_FLAG_POINTER, type, key, entry, 0, CYAML_UNLIMITED)
#define MAYBE_LIST(key, type, entry)                                                               \
    CYAML_FIELD_SEQUENCE(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, key, entry, 0,      \
                         CYAML_UNLIMITED)

static const cyaml_schema_value_t string_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED)};

static const cyaml_schema_field_t grade_fields[] = {
    STRING(code, struct raw_grade), STRING(label, struct raw_grade),
    MAYBE_STRING(weak, struct raw_grade), CYAML_FIELD_END};
static const cyaml_schema_value_t grade_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_grade, grade_fields)};

static const cyaml_schema_field_t question_fields[] = {
    STRING(code, struct raw_question),
    STRING(title, struct raw_question),
    MAYBE_STRING(text, struct raw_question),
    LIST(kinds, struct raw_question, &string_value),
    MAYBE_LIST(prompts, struct raw_question, &string_value),
    MAYBE_STRING(required, struct raw_question),
    MAYBE_STRING(key, struct raw_question),
    MAYBE_STRING(blind, struct raw_question),
    MAYBE_STRING(overall, struct raw_question),
    MAYBE_STRING(carry_forward, struct raw_question),
    MAYBE_STRING(core_area, struct raw_question),
    MAYBE_STRING(needs_when, struct raw_question),
    MAYBE_LIST(items, struct raw_question, &string_value),
    MAYBE_LIST(options, struct raw_question, &string_value),
    MAYBE_STRING(unit, struct raw_question),
    MAYBE_STRING(low, struct raw_question),
    MAYBE_STRING(high, struct raw_question),
    MAYBE_STRING(sign, struct raw_question),
    MAYBE_STRING(voice, struct raw_question),
    MAYBE_UINT(min_child, struct raw_question),
    MAYBE_UINT(min_carer, struct raw_question),
    MAYBE_LIST(write, struct raw_question, &string_value),
    MAYBE_STRING(use, struct raw_question),
    MAYBE_STRING(choose, struct raw_question),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t question_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_question, question_fields)};

static const cyaml_schema_field_t section_fields[] = {
    STRING(code, struct raw_section),
    STRING(title, struct raw_section),
    LIST(write, struct raw_section, &string_value),
    MAYBE_LIST(comment, struct raw_section, &string_value),
    MAYBE_STRING(needs_when, struct raw_section),
    LIST(questions, struct raw_section, &question_value),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t section_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_section, section_fields)};

static const cyaml_schema_field_t template_fields[] = {
    STRING(id, struct raw_template),
    CYAML_FIELD_UINT("version", CYAML_FLAG_DEFAULT, struct raw_template, version),
    STRING(title, struct raw_template),
    MAYBE_STRING(purpose, struct raw_template),
    MAYBE_STRING(audience, struct raw_template),
    STRING(type, struct raw_template),
    MAYBE_UINT(default_period_months, struct raw_template),
    STRING(overall, struct raw_template),
    MAYBE_LIST(scale, struct raw_template, &grade_value),
    LIST(sections, struct raw_template, &section_value),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t template_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_template, template_fields)};

/* Depths at which codes stand (see yaml_place.h): sections: - code:   questions: - code: */
enum { SECTION_DEPTH = 3, QUESTION_DEPTH = 5 };

/* ---- words -> template ---- */

struct builder {
    struct yaml_loader *l;
    const char *what, *code; /* "question", "B1"; code NULL: the template itself */
    size_t depth;            /* of its code */
    bool no_memory;
};

static enum err refuse_word(struct builder *b, const char *what, const char *word,
                            const char *allowed)
{
    char text[380];
    size_t line = 0;
    int n = 0;
    if (b->code) {
        n = snprintf(text, sizeof text, "%s %.20s: ", b->what, b->code);
        line = yaml_place_of_pair(&b->l->src, "code", b->code, b->depth);
    }
    (void)snprintf(text + n, sizeof text - (size_t)n, "%s: \"%.60s\" is not known; write %s.", what,
                   word, allowed);
    size_t exact = yaml_place_of_word(&b->l->src, word, line);
    return yaml_refuse_at(b->l, ERR_INPUT, exact ? exact : line, text);
}

static char *copy(struct builder *b, const char *s)
{
    size_t len = s ? strlen(s) : 0;
    while (len && strchr(" \n\t", s[len - 1]))
        len--; /* what block scalars leave */
    char *out = strndup(s ? s : "", len);
    b->no_memory = b->no_memory || !out;
    return out;
}

static char **copy_list(struct builder *b, char *const *list, unsigned count)
{
    char **out = calloc((size_t)count + 1, sizeof *out);
    b->no_memory = b->no_memory || !out;
    for (unsigned i = 0; out && i < count && !b->no_memory; i++)
        out[i] = copy(b, list[i]);
    return out;
}

static enum err to_bool(struct builder *b, const char *what, const char *word, bool *out)
{
    *out = word && (!strcasecmp(word, "yes") || !strcasecmp(word, "true"));
    if (!word || *out || !strcasecmp(word, "no") || !strcasecmp(word, "false"))
        return ERR_OK;
    return refuse_word(b, what, word, "yes or no");
}

static enum err to_roles(struct builder *b, const char *what, char *const *words, unsigned count,
                         role_set *out)
{
    *out = 0;
    for (unsigned i = 0; i < count; i++) {
        enum role r = role_find(words[i]);
        if (!r)
            return refuse_word(b, what, words[i],
                               "roles such as FRO, FSW, CSW, IRO, FTM, SM or QA");
        *out |= ROLE_BIT(r);
    }
    return ERR_OK;
}

static enum err to_kinds(struct builder *b, char *const *words, unsigned count, uint32_t *out)
{
    *out = 0;
    for (unsigned i = 0; i < count; i++) {
        uint32_t kind = kind_find(words[i]);
        if (!kind) {
            struct buf all = BUF_INIT;
            buf_append_str(&all, "some of");
            for (uint32_t k = 1; *kind_code(k) != '?'; k <<= 1)
                buf_appendf(&all, "%s %s", k > 1 ? "," : "", kind_code(k));
            enum err e = refuse_word(b, "kinds", words[i], buf_cstr(&all));
            buf_free(&all);
            return e;
        }
        *out |= kind;
    }
    return ERR_OK;
}

static enum err to_overall(struct builder *b, const char *word, enum overall_grade *out)
{
    static const char *const words[] = {"required", "optional", "none"};
    for (int i = 0; i < 3; i++)
        if (!strcmp(word, words[i])) {
            *out = (enum overall_grade)(i + OVERALL_REQUIRED);
            return ERR_OK;
        }
    return refuse_word(b, "overall", word, "required, optional or none");
}

static enum err build_question(struct builder *b, const struct raw_question *r, struct question *q)
{
    q->code = copy(b, r->code);
    q->title = copy(b, r->title);
    q->text = copy(b, r->text);
    q->prompts = copy_list(b, r->prompts, r->prompts_count);
    q->core_area = copy(b, r->core_area);
    q->needs_when = copy(b, r->needs_when);
    q->items = copy_list(b, r->items, r->items_count);
    q->options = copy_list(b, r->options, r->options_count);
    q->unit = copy(b, r->unit);
    q->low = copy(b, r->low);
    q->high = copy(b, r->high);
    q->sign = copy(b, r->sign);
    q->voice = copy(b, r->voice);
    q->use = copy(b, r->use);
    q->min_child = r->min_child;
    q->min_carer = r->min_carer;
    const struct {
        const char *what, *word;
        bool *out;
    } flags[] = {
        {"required",      r->required,      &q->required     },
        {"key",           r->key,           &q->key          },
        {"blind",         r->blind,         &q->blind        },
        {"overall",       r->overall,       &q->overall      },
        {"carry_forward", r->carry_forward, &q->carry_forward},
        {"choose",        r->choose,        &q->choose       },
    };
    enum err e = to_kinds(b, r->kinds, r->kinds_count, &q->kinds);
    for (size_t i = 0; !e && i < sizeof flags / sizeof *flags; i++)
        e = to_bool(b, flags[i].what, flags[i].word, flags[i].out);
    return e ? e : to_roles(b, "write", r->write, r->write_count, &q->write);
}

static enum err build_section(struct builder *b, const struct raw_section *r, struct section *s)
{
    s->code = copy(b, r->code);
    s->title = copy(b, r->title);
    s->needs_when = copy(b, r->needs_when);
    enum err e = to_roles(b, "write", r->write, r->write_count, &s->write);
    return e ? e : to_roles(b, "comment", r->comment, r->comment_count, &s->comment);
}

static enum err build_grades(struct builder *b, const struct raw_template *r, struct template *t)
{
    t->grades = calloc((size_t)r->scale_count + 1, sizeof *t->grades);
    if (!t->grades)
        return ERR_NOMEM;
    enum err e = ERR_OK;
    for (; t->ngrades < r->scale_count && !e; t->ngrades++) {
        struct grade *g = &t->grades[t->ngrades];
        g->code = copy(b, r->scale[t->ngrades].code);
        g->label = copy(b, r->scale[t->ngrades].label);
        e = to_bool(b, "weak", r->scale[t->ngrades].weak, &g->weak);
    }
    return e;
}

static enum err build_sections(struct builder *b, const struct raw_template *r, struct template *t)
{
    size_t total = 0;
    for (unsigned i = 0; i < r->sections_count; i++)
        total += r->sections[i].questions_count;
    t->sections = calloc((size_t)r->sections_count + 1, sizeof *t->sections);
    t->questions = calloc(total + 1, sizeof *t->questions);
    if (!t->sections || !t->questions)
        return ERR_NOMEM;
    enum err e = ERR_OK;
    for (unsigned i = 0; i < r->sections_count && !e; i++) {
        const struct raw_section *rs = &r->sections[i];
        b->what = "section";
        b->code = rs->code;
        b->depth = SECTION_DEPTH;
        e = build_section(b, rs, &t->sections[t->nsections++]);
        for (unsigned j = 0; j < rs->questions_count && !e; j++) {
            b->what = "question";
            b->code = rs->questions[j].code;
            b->depth = QUESTION_DEPTH;
            struct question *q = &t->questions[t->nquestions++];
            q->number = (uint16_t)t->nquestions;
            q->section = (uint16_t)i;
            e = build_question(b, &rs->questions[j], q);
        }
    }
    return e;
}

static enum err build(struct builder *b, const struct raw_template *r, struct template *t)
{
    t->id = copy(b, r->id);
    t->version = r->version;
    t->title = copy(b, r->title);
    t->purpose = copy(b, r->purpose);
    t->audience = copy(b, r->audience);
    t->type = copy(b, r->type);
    t->default_period_months = r->default_period_months;
    enum err e = to_overall(b, r->overall, &t->overall);
    if (!e)
        e = build_grades(b, r, t);
    if (!e)
        e = build_sections(b, r, t);
    return b->no_memory ? ERR_NOMEM : e;
}

/* The line of the section or question that a sentence of template_validate begins with. */
static size_t line_of_sentence(const struct yaml_loader *l, const char *text)
{
    char word[12], code[TEMPLATE_MAX_CODE + 1];
    size_t number;
    if (sscanf(text, "%11[a-z] number %5zu", word, &number) == 2) {
        if (!strcmp(word, "section"))
            return yaml_place_of_key(&l->src, "questions", SECTION_DEPTH, number);
        return strcmp(word, "question")
                   ? 0
                   : yaml_place_of_key(&l->src, "code", QUESTION_DEPTH, number);
    }
    if (sscanf(text, "%11[a-z] %31[A-Za-z0-9]:", word, code) != 2)
        return 0;
    if (!strcmp(word, "section"))
        return yaml_place_of_pair(&l->src, "code", code, SECTION_DEPTH);
    return strcmp(word, "question") ? 0 : yaml_place_of_pair(&l->src, "code", code, QUESTION_DEPTH);
}

static enum err to_template(struct yaml_loader *l, const struct raw_template *r,
                            struct template **out)
{
    struct template *t = calloc(1, sizeof *t);
    struct builder b = {.l = l};
    struct err_info bad = {0};
    enum err e = t ? build(&b, r, t) : ERR_NOMEM;
    if (e == ERR_NOMEM)
        e = yaml_refuse_at(l, ERR_NOMEM, 0, err_text(ERR_NOMEM));
    if (!e && (e = template_validate(t, &bad)))
        e = yaml_refuse_at(l, e, line_of_sentence(l, bad.text), bad.text);
    if (e) {
        template_free(t);
        return e;
    }
    *out = t;
    return ERR_OK;
}

/* ---- doors ---- */

enum err template_yaml_parse(const char *name, const void *data, size_t len_bytes,
                             struct template **out, struct err_info *why)
{
    *out = NULL;
    struct yaml_loader l = {
        .src = {name, data, len_bytes},
          .why = why
    };
    if (len_bytes > TEMPLATE_MAX_BYTES)
        return yaml_refuse_at(&l, ERR_TOO_LARGE, 0, "a template's file may have 256 KiB.");
    const cyaml_config_t config = {.log_fn = yaml_loader_log,
                                   .log_ctx = &l,
                                   .mem_fn = cyaml_mem,
                                   .log_level = CYAML_LOG_WARNING,
                                   .flags = CYAML_CFG_NO_ALIAS};
    struct raw_template *r = NULL;
    cyaml_err_t code =
        cyaml_load_data(data, len_bytes, &config, &template_value, (cyaml_data_t **)&r, NULL);
    enum err e;
    if (code != CYAML_OK)
        e = yaml_refuse(&l, code);
    else if (!r)
        e = yaml_refuse_at(
            &l, ERR_INPUT, 0,
            "the file is empty: begin with id, version, title, type, overall, scale and "
            "sections, as server/content/README.md shows.");
    else if (l.more_than_one)
        e = yaml_refuse_at(&l, ERR_INPUT, 0,
                           "one template per file: remove what follows the \"---\".");
    else
        e = to_template(&l, r, out);
    (void)cyaml_free(&config, &template_value, r, 0); /* only refuses wrong arguments */
    return e;
}

enum err template_yaml_load(const char *path, struct template **out, struct err_info *why)
{
    struct yaml_loader l = {.src = {.name = path}, .why = why};
    void *data;
    size_t len;
    *out = NULL;
    enum err e = yaml_loader_read(&l, TEMPLATE_MAX_BYTES, &data, &len);
    if (!e)
        e = template_yaml_parse(path, data, len, out, why);
    free(data);
    return e;
}

static const char *const builtin_ids[] = {"FCA", "PSA", "IDA", "OBS", "CPM", "CHA",
                                          "VFS", "VCA", "VYP", "VFA", "VPA", NULL};
static const char *const builtin_paths[] = {
    "server/content/fca.yaml", "server/content/psa.yaml", "server/content/ida.yaml",
    "server/content/obs.yaml", "server/content/cpm.yaml", "server/content/cha.yaml",
    "server/content/vfs.yaml", "server/content/vca.yaml", "server/content/vyp.yaml",
    "server/content/vfa.yaml", "server/content/vpa.yaml"};

const char *const *template_builtin_ids(void)
{
    return builtin_ids;
}

static const struct embedded_file *embedded_find(const char *path)
{
    for (const struct embedded_file *f = embedded_files; f->path; f++)
        if (!strcmp(f->path, path))
            return f;
    return NULL;
}

enum err template_builtin(const char *id, struct template **out, struct err_info *why)
{
    *out = NULL;
    for (size_t i = 0; builtin_ids[i]; i++) {
        const struct embedded_file *f = embedded_find(builtin_paths[i]);
        if (f && !strcasecmp(builtin_ids[i], id))
            return template_yaml_parse(f->path, f->data, f->len_bytes, out, why);
    }
    return err_set(why, ERR_NOT_FOUND, "There is no built-in template %.40s.", id);
}
