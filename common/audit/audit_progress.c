#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/audit/audit_impl.h"

/* One look at one question: what is there, what is missing. With a callback it says so in words.
 * What others may not see (a young person's words, blind first grades) plays no part: everybody's
 * progress is the same. */
struct look {
    const struct audit *a;
    const struct question *q;
    bool begun;   /* something is there */
    bool missing; /* something is not */
    audit_missing_fn fn;
    void *user;
};

static void miss(struct look *l, enum part part, uint64_t item, enum missing_why why,
                 const char *fmt, ...) __attribute__((format(printf, 5, 6)));
static void miss(struct look *l, enum part part, uint64_t item, enum missing_why why,
                 const char *fmt, ...)
{
    l->missing = true;
    if (!l->fn)
        return;
    char sentence[400];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(sentence, sizeof sentence, fmt, ap); /* a cut sentence is still a sentence */
    va_end(ap);
    struct field f = {.question = l->q->number, .part = (uint16_t)part, .item = item};
    l->fn(l->user, f, why, sentence);
}

static const char *value(const struct look *l, enum part part, uint64_t item)
{
    struct field f = {.question = l->q->number, .part = (uint16_t)part, .item = item};
    return audit_value(l->a, f).value;
}

static bool is(const struct look *l, enum part part, const char *code)
{
    return !strcmp(value(l, part, 0), code);
}

static bool has_text(const struct look *l, enum part part, uint64_t item)
{
    struct field f = {.question = l->q->number, .part = (uint16_t)part, .item = item};
    const struct text *t = audit_text(l->a, f);
    return t && text_len_cp(t);
}

static bool has(const struct look *l, enum part part, uint64_t item)
{
    return part_find(part)->type == TYPE_TEXT ? has_text(l, part, item) : *value(l, part, item);
}

/* Something in this question? Its answers lie side by side. */
static bool is_begun(const struct audit *a, const struct question *q)
{
    struct field first = {.question = q->number};
    bool found;
    for (size_t i = audit_cell_index(a, first, &found);
         i < a->cells.len && a->cells.at[i].field.question == q->number; i++)
        if (*a->cells.at[i].value)
            return true;
    for (size_t i = audit_text_index(a, first, &found);
         i < a->texts.len && a->texts.at[i].field.question == q->number; i++)
        if (text_len_cp(a->texts.at[i].text))
            return true;
    size_t start, end;
    audit_item_range(a, q->number, 0, &start, &end);
    return start < a->items.len && a->items.at[start].question == q->number;
}

/* ---- one kind each ---- */

static void look_judgement(struct look *l)
{
    const char *code = l->q->code;
    bool agreed = *value(l, PART_GRADE_AGREED, 0);
    if (!agreed && *value(l, PART_CANNOT_JUDGE, 0))
        return; /* a reason stands in for the grade and all that goes with it */
    if (!agreed)
        miss(l, PART_GRADE_AGREED, 0, MISSING_GRADE,
             "%s has no agreed grade yet: agree one, or say why it cannot be judged", code);
    if (!has_text(l, PART_RATIONALE, 0))
        miss(l, PART_RATIONALE, 0, MISSING_RATIONALE,
             agreed ? "%s has a grade but no rationale yet" : "%s has no rationale yet", code);
    if (!audit_items(l->a, l->q->number, PART_EVIDENCE, NULL, 0))
        miss(l, PART_EVIDENCE, 0, MISSING_EVIDENCE,
             "%s has no evidence yet: name a place in the child's or the carer's record", code);
}

static void look_simple(struct look *l)
{
    /* some records are about one child, most about a household */
    bool child = l->q->use && !strcmp(l->q->use, "child");
    enum part refs = child ? PART_CHILD_REFS : PART_CARER_REF;
    const char *whose = child ? "does not name the child's reference yet"
                              : "does not name the carer's reference yet";
    const struct simple {
        uint32_t kind;
        enum part part;
        const char *sentence; /* behind the question's code */
    } simple[] = {
        {KIND_TEXT,   PART_TEXT,        "has not been written yet"                             },
        {KIND_YNP,    PART_YNP,         "has no answer yet: yes, partly, no, na or no_evidence"},
        {KIND_PERIOD, PART_PERIOD_FROM, "does not say yet when the period begins"              },
        {KIND_PERIOD, PART_PERIOD_TO,   "does not say yet when the period ends"                },
        {KIND_SCALE,  PART_SCALE,       "has no place on the scale yet"                        },
        {KIND_NUMBER, PART_NUMBER,      "has no number yet"                                    },
        {KIND_CHOICE, PART_CHOICE,      "has not been chosen yet"                              },
        {KIND_REFS,   refs,             whose                                                  },
    };
    for (size_t i = 0; i < sizeof simple / sizeof *simple; i++)
        if (l->q->kinds & simple[i].kind && !has(l, simple[i].part, 0))
            miss(l, simple[i].part, 0, MISSING_EMPTY, "%s %s", l->q->code, simple[i].sentence);
}

/* "Was the child seen alone, and when?": no date without a visit. */
static void look_date(struct look *l)
{
    bool never = l->q->kinds & KIND_YNP &&
                 (is(l, PART_YNP, "no") || is(l, PART_YNP, "na") || is(l, PART_YNP, "no_evidence"));
    if (!never && !*value(l, PART_DATE, 0))
        miss(l, PART_DATE, 0, MISSING_EMPTY, "%s has no date yet (a month is enough)", l->q->code);
}

/* Of a list to choose from, what was not chosen is not missing. */
static void look_chosen(struct look *l)
{
    for (uint64_t i = 1; l->q->items && l->q->items[i - 1]; i++)
        if (*value(l, PART_CHECK, i))
            return;
    miss(l, PART_CHECK, 1, l->begun ? MISSING_PARTLY : MISSING_EMPTY,
         "%s has nothing chosen yet: mark at least one of its items", l->q->code);
}

static void look_checklist(struct look *l)
{
    for (uint64_t i = 1; l->q->items && l->q->items[i - 1]; i++)
        if (!*value(l, PART_CHECK, i))
            miss(l, PART_CHECK, i, MISSING_PARTLY,
                 "%s[%" PRIu64 "] (%.60s) is open: met, not met, not applicable or not seen",
                 l->q->code, i, l->q->items[i - 1]);
}

static void look_voice(struct look *l)
{
    const char *code = l->q->code;
    if (!*value(l, PART_STATUS, 0)) {
        miss(l, PART_STATUS, 0, MISSING_EMPTY, "%s does not say yet how this view stands", code);
    } else if (is(l, PART_STATUS, "asked")) {
        miss(l, PART_STATUS, 0, MISSING_PARTLY,
             "%s: they were asked; what came of it is not recorded yet", code);
    } else if (question_is_young_person(l->q)) {
        return; /* the rest is held by the IRO, so nobody counts it */
    } else if (is(l, PART_STATUS, "obtained") && !question_is_voice_of(l->q, "fsw") &&
               !has_text(l, PART_WORDS, 0)) { /* not everybody sees the worker's own words */
        miss(l, PART_WORDS, 0, MISSING_PARTLY,
             "%s: their view was obtained; their words are not here yet", code);
    } else if (is(l, PART_STATUS, "not_possible") && !*value(l, PART_REASON, 0)) {
        miss(l, PART_REASON, 0, MISSING_REASON,
             "%s: their view was not possible to get; it does not say yet why", code);
    }
}

static void look_observation(struct look *l)
{
    const char *code = l->q->code;
    if (*value(l, PART_REASON_NONE, 0))
        return;
    bool date = *value(l, PART_DATE, 0);
    if (!date)
        miss(l, PART_DATE, 0, l->begun ? MISSING_PARTLY : MISSING_EMPTY,
             "%s has no observation yet: give its date, or say why there was none", code);
    if (date && !has_text(l, PART_SEEN, 0))
        miss(l, PART_SEEN, 0, MISSING_PARTLY, "%s does not say yet what was seen", code);
    if (date && !*value(l, PART_CHILD_ALONE, 0))
        miss(l, PART_CHILD_ALONE, 0, MISSING_PARTLY,
             "%s does not say yet whether the child was seen alone", code);
}

/* ---- lists ---- */

/* What an item needs, and how to say that it is not there. */
struct need {
    enum part part;
    const char *sentence;
};
static const struct need evidence_needs[] = {
    {PART_RECORD, "does not say yet whose record it is in"    },
    {PART_PLACE,  "does not say yet where in the record it is"},
    {PART_NONE,   NULL                                        }
};
static const struct need people_needs[] = {
    {PART_ROLE, "has no role yet"     },
    {PART_REF,  "has no reference yet"},
    {PART_NONE, NULL                  }
};
static const struct need finding_needs[] = {
    {PART_TEXT,  "has no words yet"                            },
    {PART_THEME, "has no theme yet"                            },
    {PART_SIGN,  "is not marked as strength or development yet"},
    {PART_NONE,  NULL                                          }
};
static const struct need action_needs[] = {
    {PART_CHANGE,   "does not say yet what will change for whom"   },
    {PART_SPECIFIC, "has no specific action yet"                   },
    {PART_MEASURE,  "does not say yet how we shall know it is done"},
    {PART_OWNER,    "has no owner yet"                             },
    {PART_DUE,      "has no due date yet"                          },
    {PART_NONE,     NULL                                           }
};

static void look_items(struct look *l, enum part list, const struct need *needs, const char *empty)
{
    size_t start, end;
    audit_item_range(l->a, l->q->number, (uint16_t)list, &start, &end);
    if (start == end && empty)
        miss(l, list, 0, MISSING_EMPTY, "%s %s", l->q->code, empty);
    bool signed_already = l->q->sign && *l->q->sign;
    for (size_t i = start; i < end; i++)
        for (const struct need *n = needs; n->part; n++)
            if (!has(l, n->part, l->a->items.at[i].id) && !(n->part == PART_SIGN && signed_already))
                miss(l, n->part, l->a->items.at[i].id, MISSING_PARTLY, "%s[%zu] %s", l->q->code,
                     i - start + 1, n->sentence);
}

static void look_records(struct look *l, const char *record, uint32_t least)
{
    size_t start, end;
    uint32_t n = 0;
    audit_item_range(l->a, l->q->number, PART_EVIDENCE, &start, &end);
    for (size_t i = start; i < end; i++)
        n += !strcmp(value(l, PART_RECORD, l->a->items.at[i].id), record);
    if (n < least)
        miss(l, PART_EVIDENCE, 0, MISSING_EVIDENCE,
             "%s names %" PRIu32 " place%s in the %s's record; at least %" PRIu32 " %s wanted",
             l->q->code, n, n == 1 ? "" : "s", record, least, least == 1 ? "is" : "are");
}

static void look_lists(struct look *l)
{
    uint32_t kinds = l->q->kinds;
    if (kinds & KIND_EVIDENCE) {
        bool named = l->q->min_child || l->q->min_carer;
        look_items(l, PART_EVIDENCE, evidence_needs, named ? NULL : "has no evidence yet");
        look_records(l, "child", l->q->min_child);
        look_records(l, "carer", l->q->min_carer);
    } else if (kinds & KIND_JUDGEMENT) {
        look_items(l, PART_EVIDENCE, evidence_needs, NULL);
    }
    if (kinds & KIND_PEOPLE)
        look_items(l, PART_PEOPLE, people_needs, "names nobody yet (role and reference)");
    if (kinds & KIND_FINDINGS)
        look_items(l, PART_FINDINGS, finding_needs, "has no finding yet");
    if (kinds & KIND_ACTIONS)
        look_items(l, PART_ACTIONS, action_needs, "has no action yet");
}

static void look_moderation(struct look *l)
{
    for (size_t i = 0; i < l->a->t->nquestions; i++) {
        const struct question *judged = &l->a->t->questions[i];
        if (!(judged->kinds & KIND_JUDGEMENT))
            continue;
        const char *view = value(l, PART_VIEW, judged->number);
        if (!*view)
            miss(l, PART_VIEW, judged->number, MISSING_PARTLY, "%s has no view on %s yet",
                 l->q->code, judged->code);
        else if (strcmp(view, "agree") != 0 && !has_text(l, PART_VIEW_REASON, judged->number))
            miss(l, PART_VIEW_REASON, judged->number, MISSING_REASON,
                 "%s: the view on %s has no reason yet", l->q->code, judged->code);
    }
}

/* ---- is it asked at all? ---- */

static const char *condition_value(void *user, uint16_t question, enum part part)
{
    struct field f = {.question = question, .part = (uint16_t)part};
    const char *v = audit_value(user, f).value;
    return *v ? v : NULL;
}

static bool is_met(const struct audit *a, const char *condition)
{
    return !condition || !*condition ||
           template_condition(a->t, condition, condition_value, (void *)(uintptr_t)a);
}

static bool is_needed(const struct audit *a, const struct question *q)
{
    bool moderated = a->state == AUDIT_MODERATING;
    if (!(q->kinds & ~(uint32_t)KIND_INFO) || (!moderated && audit_is_moderation(a->t, q)))
        return false;
    return is_met(a, a->t->sections[q->section].needs_when) && is_met(a, q->needs_when);
}

static enum question_state look_at(const struct audit *a, const struct question *q,
                                   audit_missing_fn fn, void *user)
{
    struct look l = {.a = a, .q = q, .begun = is_begun(a, q), .fn = fn, .user = user};
    if (q->kinds & KIND_JUDGEMENT)
        look_judgement(&l);
    look_simple(&l);
    if (q->kinds & KIND_DATE)
        look_date(&l);
    if (q->kinds & KIND_CHECKLIST && q->choose)
        look_chosen(&l);
    else if (q->kinds & KIND_CHECKLIST)
        look_checklist(&l);
    if (q->kinds & KIND_VOICE)
        look_voice(&l);
    if (q->kinds & KIND_OBSERVATION)
        look_observation(&l);
    look_lists(&l);
    if (q->kinds & KIND_MODERATION)
        look_moderation(&l);
    return !l.missing ? QUESTION_DONE : l.begun ? QUESTION_PARTLY : QUESTION_EMPTY;
}

/* ---- the cache ---- */

/* Texts that were handed out for writing may have become empty, or not empty, behind our back. */
static bool texts_changed(const struct audit *a)
{
    for (size_t i = 0; i < a->texts.len; i++) {
        const struct live_text *l = &a->texts.at[i];
        if (l->handed_out && (text_len_cp(l->text) == 0) != l->was_empty)
            return true;
    }
    return false;
}

static void reckon(const struct audit *a)
{
    struct progress_cache *p = a->progress;
    p->sums = (struct audit_progress){0};
    for (size_t i = 0; i < a->texts.len; i++)
        a->texts.at[i].was_empty = text_len_cp(a->texts.at[i].text) == 0;
    for (size_t i = 0; i < a->t->nquestions; i++) {
        const struct question *q = &a->t->questions[i];
        bool needed = is_needed(a, q);
        enum question_state s = needed ? look_at(a, q, NULL, NULL) : QUESTION_NOT_NEEDED;
        p->state[i] = (uint8_t)s;
        p->sums.required += needed && q->required;
        p->sums.answered += needed && q->required && s == QUESTION_DONE;
    }
    p->fresh = true;
}

static const struct progress_cache *progress(const struct audit *a)
{
    if (!a->progress->fresh || texts_changed(a))
        reckon(a);
    return a->progress;
}

struct audit_progress audit_progress(const struct audit *a)
{
    return progress(a)->sums;
}

enum question_state audit_question_state(const struct audit *a, uint16_t question)
{
    if (!template_question(a->t, question))
        return QUESTION_NOT_NEEDED;
    return (enum question_state)progress(a)->state[question - 1];
}

void audit_missing(const struct audit *a, audit_missing_fn fn, void *user)
{
    const struct progress_cache *p = progress(a);
    for (size_t i = 0; i < a->t->nquestions; i++) {
        const struct question *q = &a->t->questions[i];
        /* What need not be answered need not be finished: but a grade wants its reason. */
        bool asked = q->required || p->state[i] == QUESTION_PARTLY;
        if (asked && p->state[i] != QUESTION_DONE && p->state[i] != QUESTION_NOT_NEEDED)
            look_at(a, q, fn, user);
    }
}
