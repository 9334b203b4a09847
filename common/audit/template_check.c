#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/audit/template.h"
#include "common/utf8.h"

/* template_validate: everything that a template must be, in the order in which it is read. Codes
 * come first, since the sentences about all else name them. */

struct check {
    const struct template *t;
    struct err_info *why;
    char where[2 * TEMPLATE_MAX_CODE]; /* "question B1", or "" */
    size_t bytes;                      /* of all strings so far */
};

static enum err refuse(struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static enum err refuse(struct check *c, const char *fmt, ...)
{
    char text[sizeof c->why->text];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap); /* cut at the end when too long */
    va_end(ap);
    return err_set(c->why, ERR_INPUT, "%s%s%s", c->where, *c->where ? ": " : "", text);
}

/* ---- strings ---- */

static bool is_code(const char *s)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char all[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    size_t len = strspn(s, all);
    return len && !s[len] && len <= TEMPLATE_MAX_CODE && strchr(letters, s[0]);
}

/* As is_code, for what stands in addresses ("B1.rationale") and conditions. */
static bool is_plain_code(const char *s)
{
    return is_code(s) && !strpbrk(s, "_-") && strcasecmp(s, "and") && strcasecmp(s, "or");
}

static enum err check_string(struct check *c, const char *what, const char *s, bool multi_line,
                             bool needed)
{
    if (!s)
        return refuse(c, "the %s is missing", what);
    size_t len = strlen(s);
    long max = multi_line ? TEMPLATE_MAX_TEXT_CP : TEMPLATE_MAX_LINE_CP;
    struct err_info bad = {0};
    c->bytes += len + 8;
    if (!len)
        return needed ? refuse(c, "the %s is empty: give one", what) : ERR_OK;
    if (utf8_check_text(s, len, multi_line, &bad))
        return refuse(c, "the %s has %s", what, bad.text);
    if (utf8_count(s, len) > max)
        return refuse(c, "the %s is too long: %ld characters are allowed", what, max);
    return ERR_OK;
}

static enum err check_line(struct check *c, const char *what, const char *s, bool needed)
{
    return check_string(c, what, s, false, needed);
}

static enum err check_list(struct check *c, const char *what, char *const *list)
{
    size_t n = 0;
    for (; list && list[n]; n++) {
        enum err e = check_line(c, what, list[n], true);
        if (e)
            return e;
        for (size_t i = 0; i < n; i++)
            if (!strcmp(list[i], list[n]))
                return refuse(c, "the %s number %zu says the same as number %zu", what, n + 1,
                              i + 1);
        if (n >= TEMPLATE_MAX_LIST)
            return refuse(c, "more than %d of %s", TEMPLATE_MAX_LIST, what);
    }
    return ERR_OK;
}

static bool is_one_of(const char *s, const char *const *list)
{
    for (size_t i = 0; list[i]; i++)
        if (!strcmp(s, list[i]))
            return true;
    return false;
}

/* ---- codes ---- */

static enum err check_section_codes(struct check *c)
{
    const struct template *t = c->t;
    for (size_t i = 0; i < t->nsections; i++) {
        const char *code = t->sections[i].code;
        if (!code || !is_plain_code(code))
            return refuse(c,
                          "section number %zu: its code must be letters and digits that begin with "
                          "a letter, such as B",
                          i + 1);
        for (size_t j = 0; j < i; j++)
            if (!strcasecmp(t->sections[j].code, code))
                return refuse(c, "section %s: there are two sections of this code", code);
    }
    return ERR_OK;
}

static enum err check_question_codes(struct check *c)
{
    const struct template *t = c->t;
    for (size_t i = 0; i < t->nquestions; i++) {
        const char *code = t->questions[i].code;
        if (!code || !is_plain_code(code))
            return refuse(c,
                          "question number %zu: its code must be letters and digits that begin "
                          "with a letter, such as B1",
                          i + 1);
        for (size_t j = 0; j < i; j++)
            if (!strcasecmp(t->questions[j].code, code))
                return refuse(c, "question %s: there are two questions of this code", code);
    }
    return ERR_OK;
}

static enum err check_counts(struct check *c)
{
    const struct template *t = c->t;
    if (!t->nsections || !t->sections)
        return refuse(c, "there are no sections: a template has at least one");
    if (!t->nquestions || !t->questions)
        return refuse(c, "there are no questions: a template has at least one");
    if (t->nsections > TEMPLATE_MAX_SECTIONS)
        return refuse(c, "more than %d sections", TEMPLATE_MAX_SECTIONS);
    if (t->nquestions > TEMPLATE_MAX_QUESTIONS)
        return refuse(c, "more than %d questions", TEMPLATE_MAX_QUESTIONS);
    if (t->ngrades > TEMPLATE_MAX_GRADES || (t->ngrades && !t->grades))
        return refuse(c, "more than %d grades in the scale", TEMPLATE_MAX_GRADES);
    return ERR_OK;
}

/* ---- the template itself ---- */

static enum err check_head(struct check *c)
{
    static const char *const types[] = {"collaborative", "thematic", "dip",       "observation",
                                        "feedback",      "meeting",  "challenge", NULL};
    const struct template *t = c->t;
    if (!t->id || !is_code(t->id))
        return refuse(c,
                      "the template's id must be at most %d letters, digits, - or _ that begin "
                      "with a letter, such as FCA",
                      TEMPLATE_MAX_CODE);
    if (!t->version)
        return refuse(c, "the template's version must be 1 or more");
    enum err e = check_line(c, "template's title", t->title, true);
    if (!e)
        e = check_string(c, "template's purpose", t->purpose, true, false);
    if (!e)
        e = check_string(c, "template's audience", t->audience, true, false);
    if (e)
        return e;
    if (!t->type || !is_one_of(t->type, types))
        return refuse(c, "the template's type must be one of: collaborative, thematic, dip, "
                         "observation, feedback, meeting, challenge");
    if (t->default_period_months > 120)
        return refuse(c, "the default period may be 120 months at most");
    return ERR_OK;
}

static enum err check_scale(struct check *c)
{
    const struct template *t = c->t;
    uint32_t kinds = 0;
    for (size_t i = 0; i < t->nquestions; i++)
        kinds |= t->questions[i].kinds;
    if (kinds & (KIND_JUDGEMENT | KIND_MODERATION) && t->ngrades < 2)
        return refuse(c, "there are judgements, so the scale needs at least two grades");
    for (size_t i = 0; i < t->ngrades; i++) {
        const struct grade *g = &t->grades[i];
        if (!g->code || !is_code(g->code))
            return refuse(c,
                          "grade number %zu of the scale: its code must be letters, digits, - or "
                          "_ that begin with a letter",
                          i + 1);
        for (size_t j = 0; j < i; j++)
            if (!strcasecmp(t->grades[j].code, g->code))
                return refuse(c, "the scale has grade %s twice", g->code);
        enum err e = check_line(c, "label of a grade", g->label, true);
        if (e)
            return e;
    }
    return ERR_OK;
}

static enum err check_overall(struct check *c)
{
    const struct template *t = c->t;
    const char *first = NULL;
    for (size_t i = 0; i < t->nquestions; i++) {
        if (!t->questions[i].overall)
            continue;
        if (first)
            return refuse(c, "question %s: question %s is the overall grade already",
                          t->questions[i].code, first);
        first = t->questions[i].code;
    }
    switch (t->overall) {
    case OVERALL_REQUIRED:
    case OVERALL_OPTIONAL:
        return first ? ERR_OK
                     : refuse(c, "an overall grade is wanted: mark the judgement that is it with "
                                 "\"overall: yes\", or write \"overall: none\" for the template");
    case OVERALL_NONE:
        return first
                   ? refuse(c, "question %s is marked as overall grade, but the template has none",
                            first)
                   : ERR_OK;
    }
    return refuse(c, "the template's overall grade must be required, optional or none");
}

/* ---- sections ---- */

static enum err check_roles(struct check *c, const char *what, role_set roles)
{
    const role_set never = ROLE_BIT(ROLE_NONE) | ROLE_BIT(ROLE_ADMIN) | ROLE_BIT(ROLE_BOARD);
    if (roles >> ROLE_COUNT)
        return refuse(c, "%s: a role that this version does not know", what);
    if (roles & never)
        return refuse(c, "%s: system operators and board members do not see audits", what);
    return ERR_OK;
}

static enum err check_condition(struct check *c, const char *condition, uint16_t before)
{
    enum err e = check_line(c, "needs_when", condition, false);
    struct err_info bad = {0};
    if (!e && template_condition_check(c->t, condition, &bad))
        return refuse(c, "needs_when: %s", bad.text);
    uint16_t last = e ? 0 : template_condition_last(c->t, condition);
    if (last >= before)
        return refuse(c, "needs_when: it may only look at questions that come before; %s does not",
                      c->t->questions[last - 1].code);
    return e;
}

static enum err check_section(struct check *c, size_t index)
{
    const struct template *t = c->t;
    const struct section *s = &t->sections[index];
    size_t first = 0; /* its first question */
    while (first < t->nquestions && t->questions[first].section != index)
        first++;
    if (first == t->nquestions)
        return refuse(c, "it has no questions");
    enum err e = check_line(c, "title", s->title, true);
    if (!e)
        e = check_roles(c, "write", s->write);
    if (!e)
        e = check_roles(c, "comment", s->comment);
    if (!e && !s->write)
        return refuse(c, "write: name at least one role, or nobody could answer");
    return e ? e : check_condition(c, s->needs_when, (uint16_t)(first + 1));
}

/* ---- questions ---- */

static unsigned bits(uint32_t v)
{
    return (unsigned)__builtin_popcount(v);
}

static enum err check_kinds(struct check *c, const struct question *q)
{
    const uint32_t known = (uint32_t)KIND_DATED * 2 - 1;
    if (!q->kinds)
        return refuse(c, "it has no kind: say what is answered");
    if (q->kinds & ~known)
        return refuse(c, "a kind that this version does not know");
    if (q->kinds & KIND_INFO && q->kinds != KIND_INFO)
        return refuse(c, "info has no answer, so it goes with no other kind");
    if (q->kinds & KIND_INFO && q->required)
        return refuse(c, "info has no answer, so it cannot be required");
    if (bits(q->kinds & (KIND_DATE | KIND_VOICE | KIND_OBSERVATION)) > 1)
        return refuse(c, "date, voice and observation have the same date: one of them only");
    if (q->kinds & KIND_JUDGEMENT && q->kinds & KIND_EVIDENCE)
        return refuse(c, "a judgement has its evidence already: leave out evidence");
    if (q->kinds & (KIND_CHALLENGE | KIND_DATED) && !(q->kinds & KIND_CHECKLIST))
        return refuse(c, "%s says more about the items of a checklist: add checklist",
                      q->kinds & KIND_DATED ? "dated" : "challenge");
    bool judgement = q->kinds & KIND_JUDGEMENT;
    if (!judgement && (q->blind || q->key || q->overall))
        return refuse(c, "only a judgement can be %s",
                      q->blind ? "blind"
                      : q->key ? "key"
                               : "overall");
    return ERR_OK;
}

/* `present` only together with the kind, and with it always when `needed`. */
static enum err check_goes_with(struct check *c, const struct question *q, uint32_t kind,
                                const char *kind_name, const char *what, bool present, bool needed)
{
    bool has = q->kinds & kind;
    if (present && !has)
        return refuse(c, "%s: only for questions of kind %s", what, kind_name);
    if (has && needed && !present)
        return refuse(c, "%s: a question of kind %s needs it", what, kind_name);
    return ERR_OK;
}

static enum err check_details(struct check *c, const struct question *q)
{
    const struct {
        uint32_t kind;
        const char *kind_name, *what;
        bool present, needed;
    } rows[] = {
        {KIND_CHECKLIST, "checklist", "items",     q->items && q->items[0],     true },
        {KIND_CHECKLIST, "checklist", "choose",    q->choose,                   false},
        {KIND_CHOICE,    "choice",    "options",   q->options && q->options[0], true },
        {KIND_NUMBER,    "number",    "unit",      *q->unit != 0,               false},
        {KIND_SCALE,     "scale",     "low",       *q->low != 0,                true },
        {KIND_SCALE,     "scale",     "high",      *q->high != 0,               true },
        {KIND_FINDINGS,  "findings",  "sign",      *q->sign != 0,               false},
        {KIND_VOICE,     "voice",     "voice",     *q->voice != 0,              true },
        {KIND_EVIDENCE,  "evidence",  "min_child", q->min_child > 0,            false},
        {KIND_EVIDENCE,  "evidence",  "min_carer", q->min_carer > 0,            false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum err e = check_goes_with(c, q, rows[i].kind, rows[i].kind_name, rows[i].what,
                                     rows[i].present, rows[i].needed);
        if (e)
            return e;
    }
    return ERR_OK;
}

static enum err check_codes(struct check *c, const struct question *q)
{
    static const char *const areas[] = {"",     "CYP1", "CYP2", "CYP3", "CYP4", "CAR1",
                                        "CAR2", "CAR3", "CAR4", "CAR5", NULL};
    static const char *const signs[] = {"", "strength", "development", NULL};
    static const char *const voices[] = {"",       "fsw",     "carer", "young_person",
                                         "parent", "partner", NULL};
    if (!is_one_of(q->core_area, areas))
        return refuse(c, "core_area must be one of CYP1 to CYP4 or CAR1 to CAR5");
    if (!is_one_of(q->sign, signs))
        return refuse(c, "sign must be strength or development, or left out for both");
    if (!is_one_of(q->voice, voices))
        return refuse(c, "voice must be one of: fsw, carer, young_person, parent, partner");
    role_set writers = q->write ? q->write : c->t->sections[q->section].write;
    if (!strcmp(q->voice, "young_person") && writers != ROLE_BIT(ROLE_IRO))
        return refuse(c, "a young person's view is written by the independent reviewing officer "
                         "alone: add \"write: [IRO]\"");
    if (q->min_child > 20 || q->min_carer > 20)
        return refuse(c, "min_child and min_carer may be 20 at most");
    for (size_t i = 0; q->options && q->options[i]; i++)
        if (!is_code(q->options[i]))
            return refuse(c,
                          "option number %zu must be letters, digits, - or _ that begin with a "
                          "letter",
                          i + 1);
    if (q->kinds & KIND_CHOICE && !q->options[1])
        return refuse(c, "options: a choice needs at least two");
    return ERR_OK;
}

static enum err check_use(struct check *c, const struct question *q)
{
    if (!*q->use)
        return ERR_OK;
    size_t n, i = 0;
    const struct template_use *uses = template_use_table(&n);
    while (i < n && strcmp(uses[i].code, q->use))
        i++;
    if (i == n)
        return refuse(c, "use: \"%s\" is not known; server/content/README.md lists the uses",
                      q->use);
    if (!(q->kinds & uses[i].kinds)) {
        char kinds[80] = "";
        for (uint32_t k = 1; k <= KIND_DATED; k <<= 1)
            if (uses[i].kinds & k)
                (void)snprintf(kinds + strlen(kinds), sizeof kinds - strlen(kinds), "%s%s",
                               *kinds ? " or " : "", kind_code(k));
        return refuse(c, "use: %s is for a question of kind %s", q->use, kinds);
    }
    const struct question *first = template_use_find(c->t, q->use);
    if (first != q)
        return refuse(c, "use: question %s has the use %s already", first->code, q->use);
    return ERR_OK;
}

static enum err check_words(struct check *c, const struct question *q)
{
    const struct {
        const char *what, *s;
    } lines[] = {
        {"core_area", q->core_area},
        {"unit",      q->unit     },
        {"low end",   q->low      },
        {"high end",  q->high     },
        {"sign",      q->sign     },
        {"voice",     q->voice    },
        {"use",       q->use      },
    };
    enum err e = check_line(c, "title", q->title, true);
    if (!e)
        e = check_string(c, "text", q->text, true, false);
    for (size_t i = 0; !e && i < sizeof lines / sizeof *lines; i++)
        e = check_line(c, lines[i].what, lines[i].s, false);
    if (!e)
        e = check_list(c, "prompts", q->prompts);
    if (!e)
        e = check_list(c, "items", q->items);
    return e ? e : check_list(c, "options", q->options);
}

static enum err check_question(struct check *c, size_t index)
{
    const struct template *t = c->t;
    const struct question *q = &t->questions[index];
    if (q->number != index + 1)
        return refuse(c, "its number is %u, but it stands at place %zu", (unsigned)q->number,
                      index + 1);
    if (q->section >= t->nsections)
        return refuse(c, "its section does not exist");
    if (index && q->section < t->questions[index - 1].section)
        return refuse(c, "it stands behind a question of a later section");
    enum err e = check_words(c, q);
    if (!e)
        e = check_kinds(c, q);
    if (!e)
        e = check_details(c, q);
    if (!e)
        e = check_codes(c, q);
    if (!e)
        e = check_use(c, q);
    if (!e)
        e = check_roles(c, "write", q->write);
    return e ? e : check_condition(c, q->needs_when, q->number);
}

enum err template_validate(const struct template *t, struct err_info *why)
{
    struct check c = {.t = t, .why = why};
    enum err e = check_counts(&c);
    if (!e)
        e = check_section_codes(&c);
    if (!e)
        e = check_question_codes(&c);
    if (!e)
        e = check_head(&c);
    if (!e)
        e = check_scale(&c);
    for (size_t i = 0; !e && i < t->nquestions; i++) {
        (void)snprintf(c.where, sizeof c.where, "question %s", t->questions[i].code);
        e = check_question(&c, i);
    }
    for (size_t i = 0; !e && i < t->nsections; i++) {
        (void)snprintf(c.where, sizeof c.where, "section %s", t->sections[i].code);
        e = check_section(&c, i);
    }
    c.where[0] = 0;
    if (!e)
        e = check_overall(&c);
    if (!e && c.bytes > TEMPLATE_MAX_BYTES)
        return err_set(why, ERR_TOO_LARGE, "the template's words are too many: %d KiB are allowed",
                       TEMPLATE_MAX_BYTES / 1024);
    return e;
}
