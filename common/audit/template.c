#include "common/audit/template.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void free_list(char **list)
{
    for (size_t i = 0; list && list[i]; i++)
        free(list[i]);
    free(list);
}

static void free_question(struct question *q)
{
    char *strings[] = {q->code, q->title, q->text, q->core_area, q->needs_when,
                       q->unit, q->low,   q->high, q->sign,      q->voice};
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        free(strings[i]);
    free_list(q->prompts);
    free_list(q->items);
    free_list(q->options);
}

void template_free(struct template *t)
{
    if (!t)
        return;
    for (size_t i = 0; t->grades && i < t->ngrades; i++) {
        free(t->grades[i].code);
        free(t->grades[i].label);
    }
    for (size_t i = 0; t->sections && i < t->nsections; i++) {
        free(t->sections[i].code);
        free(t->sections[i].title);
        free(t->sections[i].needs_when);
    }
    for (size_t i = 0; t->questions && i < t->nquestions; i++)
        free_question(&t->questions[i]);
    free(t->grades);
    free(t->sections);
    free(t->questions);
    free(t->id);
    free(t->title);
    free(t->purpose);
    free(t->audience);
    free(t->type);
    free(t);
}

const struct question *template_question(const struct template *t, uint16_t number)
{
    return number >= 1 && number <= t->nquestions ? &t->questions[number - 1] : NULL;
}

const struct question *template_question_find(const struct template *t, const char *code)
{
    for (size_t i = 0; i < t->nquestions; i++)
        if (!strcasecmp(t->questions[i].code, code))
            return &t->questions[i];
    return NULL;
}
