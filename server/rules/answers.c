#include "server/rules/answers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *answers_value(const struct audit *a, uint16_t question, enum part part, uint64_t item)
{
    return audit_value(a, (struct field){question, (uint16_t)part, item}).value;
}

static bool has_word(const struct audit *a, struct field f)
{
    const struct text *t = audit_text(a, f);
    struct buf words = BUF_INIT;
    if (!t)
        return false;
    text_read(t, 0, text_len_cp(t), &words);
    /* without memory: what is there is taken for a word */
    bool found = buf_failed(&words);
    const char *s = buf_cstr(&words);
    found = found || s[strspn(s, " \t\n")];
    buf_free(&words);
    return found;
}

bool answers_has(const struct audit *a, uint16_t question, enum part part, uint64_t item)
{
    struct field f = {question, (uint16_t)part, item};
    const struct part_def *def = part_find(part);
    if (def && def->type == TYPE_LIST)
        return audit_items(a, question, part, NULL, 0) > 0;
    if (def && def->type == TYPE_TEXT)
        return has_word(a, f);
    return *audit_value(a, f).value;
}

const char *answers_use(const struct audit *a, const char *use, enum part part)
{
    const struct question *q = template_use_find(audit_template(a), use);
    return q ? answers_value(a, q->number, part, 0) : "";
}

struct field answers_use_field(const struct audit *a, const char *use)
{
    const struct question *q = template_use_find(audit_template(a), use);
    return q ? (struct field){.question = q->number, .part = (uint16_t)question_main_part(q)}
             : (struct field){0};
}

bool answers_use_has(const struct audit *a, const char *use)
{
    struct field f = answers_use_field(a, use);
    return f.question && answers_has(a, f.question, (enum part)f.part, 0);
}

const char *answers_grade(const struct audit *a, const struct question *q)
{
    const char *final = answers_value(a, q->number, PART_GRADE_FINAL, 0);
    return *final ? final : answers_value(a, q->number, PART_GRADE_AGREED, 0);
}

const char *answers_grade_label(const struct template *t, const char *grade)
{
    for (size_t i = 0; i < t->ngrades; i++)
        if (!strcmp(t->grades[i].code, grade))
            return t->grades[i].label;
    return grade;
}

void answers_items(const struct audit *a, enum part list, answers_item_fn fn, void *user)
{
    static const struct list_kind {
        enum part list;
        uint32_t kinds;
    } lists[] = {
        {PART_FINDINGS, KIND_FINDINGS},
        {PART_ACTIONS,  KIND_ACTIONS }
    };
    const struct template *t = audit_template(a);
    uint32_t kinds = 0;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        kinds |= lists[i].list == list ? lists[i].kinds : 0;
    for (size_t i = 0; i < t->nquestions; i++) {
        struct audit_item items[AUDIT_MAX_ITEMS];
        const struct question *q = &t->questions[i];
        if (!(q->kinds & kinds))
            continue;
        size_t n = audit_items(a, q->number, list, items, AUDIT_MAX_ITEMS);
        for (size_t j = 0; j < n && j < AUDIT_MAX_ITEMS; j++)
            if (!fn(user, q, &items[j], j + 1))
                return;
    }
}

struct writer {
    const struct audit *a;
    uint32_t person;
    answers_counts_fn counts;
    bool wrote;
};

static void wrote_characters(void *user, uint32_t agent, uint32_t next_seq)
{
    struct writer *w = user;
    w->wrote = w->wrote || (next_seq && audit_agent_person(w->a, agent) == w->person);
}

static bool wrote_field(void *user, struct field f)
{
    struct writer *w = user;
    if (!w->counts(audit_template(w->a), f))
        return true;
    w->wrote = w->wrote || audit_value(w->a, f).by == w->person;
    const struct text *text = audit_text(w->a, f);
    if (text && !w->wrote)
        text_version(text, wrote_characters, w);
    return !w->wrote;
}

bool answers_wrote(const struct audit *a, uint32_t person, answers_counts_fn counts)
{
    struct writer w = {.a = a, .person = person, .counts = counts};
    audit_each_field(a, wrote_field, &w);
    return w.wrote;
}

bool answers_names_item(const char *items, uint64_t id)
{
    char wanted[24];
    (void)snprintf(wanted, sizeof wanted, "%" PRIu64, id);
    size_t len = strlen(wanted);
    for (const char *s = items; *s; s += strspn(s, ", ")) {
        size_t n = strcspn(s, ", ");
        if (n == len && !memcmp(s, wanted, n))
            return true;
        s += n;
    }
    return false;
}
