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
    char *strings[] = {q->code, q->title, q->text, q->core_area, q->needs_when, q->unit,
                       q->low,  q->high,  q->sign, q->voice,     q->use};
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

/* clang-format off */
static const struct template_use uses[] = {
    {"self_assessment", KIND_JUDGEMENT, "the practitioner's own grade, given before the audit begins"},
    {"review_date", KIND_DATE, "the day of the review that the audit belongs to"},
    {"trigger", KIND_CHOICE | KIND_CHECKLIST, "what called for this record"},
    {"scope", KIND_TEXT, "what a study looks at, and what not"},
    {"close_date", KIND_DATE, "when a study ends"},
    {"result", KIND_CHOICE, "what came of it"},
    {"child", KIND_REFS, "the child that it is about; the child's reference is needed, not the carer's"},
    {"route", KIND_CHOICE, "by which route a care planning meeting was called"},
    {"hearing", KIND_DATE, "the final hearing that a meeting must come before"},
    {"meeting_date", KIND_DATE, "the day of the meeting"},
    {"chair", KIND_PEOPLE | KIND_TEXT, "who chairs"},
    {"family_led", KIND_DATE, "the day of the family-led meeting"},
    {"family_absent", KIND_TEXT, "why there was no family-led meeting"},
    {"accepted", KIND_YNP, "whether the service manager accepts that explanation"},
    {"decision", KIND_CHOICE, "the kind of decision that is recorded"},
    {"subject", KIND_TEXT | KIND_CHOICE, "what a challenge is about"},
    {"desired", KIND_TEXT, "the result that is wanted for the child"},
    {"evidence", KIND_EVIDENCE | KIND_TEXT, "what a challenge or a study rests on"},
    {"steps", KIND_TEXT, "the restorative steps taken"},
    {"outcome", KIND_CHOICE, "how a challenge ended"},
    {"difference", KIND_TEXT, "the difference it made to the child"},
    {"position0", KIND_TEXT, "the independent reviewing officer's position at stage 0"},
    {"position1", KIND_TEXT, "the same at stage 1"},
    {"position2", KIND_TEXT, "the same at stage 2"},
    {"position3", KIND_TEXT, "the same at stage 3"},
    {"position4", KIND_TEXT, "the same at stage 4"},
    {"answer0", KIND_TEXT, "the answer of who holds stage 0; with its date"},
    {"answer1", KIND_TEXT, "the same at stage 1"},
    {"answer2", KIND_TEXT, "the same at stage 2"},
    {"answer3", KIND_TEXT, "the same at stage 3"},
    {"answer4", KIND_TEXT, "the same at stage 4"},
};
/* clang-format on */

const struct template_use *template_use_table(size_t *count)
{
    *count = sizeof uses / sizeof *uses;
    return uses;
}

const struct question *template_use_find(const struct template *t, const char *use)
{
    for (size_t i = 0; i < t->nquestions; i++)
        if (*use && t->questions[i].use && !strcmp(t->questions[i].use, use))
            return &t->questions[i];
    return NULL;
}
