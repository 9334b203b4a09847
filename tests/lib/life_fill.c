/* Answers made from the template: what kind of question it is says what is written there. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/content/template_yaml.h"
#include "tests/lib/life_flow.h"

/* Who writes a part, first come first served. */
static const struct writer {
    enum role role;
    const char *profile;
} writers[] = {
    {ROLE_FRO, "ana" },
    {ROLE_SM,  "sue" },
    {ROLE_FTM, "tom" },
    {ROLE_IRO, "iris"},
    {ROLE_FSW, "ben" },
    {ROLE_CSW, "cleo"},
};
enum { WRITERS = sizeof writers / sizeof *writers };

struct fill {
    const char *grades;
    struct buf scripts[WRITERS];
    struct buf *to; /* the question's writer's */
};

static struct buf *script_of(struct fill *f, enum role role)
{
    for (size_t i = 0; i < WRITERS; i++)
        if (writers[i].role == role)
            return &f->scripts[i];
    return NULL;
}

/* "B1 inadequate, L1 good": the grade behind the code, or good. */
static void grade_of(const char *grades, const char *code, char out[32])
{
    size_t n = strlen(code);
    (void)snprintf(out, 32, "good");
    for (const char *p = grades; p && *p; p += strcspn(p, ","), p += strspn(p, ", "))
        if (!strncmp(p, code, n) && p[n] == ' ')
            (void)snprintf(out, 32, "%.*s", (int)strcspn(p + n + 1, ","), p + n + 1);
}

static void put_evidence(struct fill *f, const char *code, const char *record, unsigned n)
{
    buf_appendf(f->to, "add %s.evidence\nset %s[%u].record %s\n", code, code, n, record);
    buf_appendf(f->to, "set %s[%u].place visits, May\n", code, n);
}

static void fill_judgement(struct fill *f, const struct question *q)
{
    char grade[32];
    grade_of(f->grades, q->code, grade);
    buf_appendf(f->to, "set %s.grade_auditor %s\nset %s.grade_agreed %s\n", q->code, grade, q->code,
                grade);
    buf_appendf(script_of(f, ROLE_FSW), "set %s.grade_practitioner %s\n", q->code, grade);
    buf_appendf(f->to, "write %s.rationale\nBoth records show it, and the child said so.\n.\n",
                q->code);
    put_evidence(f, q->code, "child", 1);
}

static void fill_text(struct fill *f, const struct question *q)
{
    buf_appendf(f->to, "write %s.text\nWe talked about it and wrote down what helped.\n.\n",
                q->code);
}

static void fill_items(struct fill *f, const struct question *q)
{
    for (unsigned i = 1; q->items && q->items[i - 1]; i++) {
        buf_appendf(f->to, "set %s[%u].check met\n", q->code, i);
        if (q->choose)
            return;
    }
}

static void fill_people(struct fill *f, const struct question *q)
{
    buf_appendf(f->to, "add %s.people\nset %s[1].role FRO\nset %s[1].ref AF\n", q->code, q->code,
                q->code);
}

static void fill_voice(struct fill *f, const struct question *q)
{
    buf_appendf(f->to, "set %s.status obtained\nset %s.date DAY-2\n", q->code, q->code);
    buf_appendf(f->to, "write %s.words\nIt helps when somebody comes who was here before.\n.\n",
                q->code);
}

static void fill_observation(struct fill *f, const struct question *q)
{
    buf_appendf(f->to, "set %s.reason_none Planned for the spring, when school is back.\n",
                q->code);
}

static void fill_findings(struct fill *f, const struct question *q)
{
    buf_appendf(f->to, "add %s.findings\nset %s[1].theme visits\n", q->code, q->code);
    if (!q->sign || !*q->sign)
        buf_appendf(f->to, "set %s[1].sign development\n", q->code);
    buf_appendf(f->to, "write %s[1].text\nVisits are told the day before.\n.\n", q->code);
}

static void fill_evidence(struct fill *f, const struct question *q)
{
    put_evidence(f, q->code, "child", 1);
    put_evidence(f, q->code, "carer", 2);
}

static void fill_choice(struct fill *f, const struct question *q)
{
    buf_appendf(f->to, "set %s.choice %s\n", q->code, q->options[0]);
}

static void fill_refs(struct fill *f, const struct question *q)
{
    buf_appendf(f->to, "set %s.carer_ref CR-2041\nset %s.child_refs CH-1\n", q->code, q->code);
}

static void fill_period(struct fill *f, const struct question *q)
{
    buf_appendf(f->to, "set %s.period_from DAY-370\nset %s.period_to DAY-5\n", q->code, q->code);
}

static void fill_ynp(struct fill *f, const struct question *q)
{
    buf_appendf(f->to, "set %s.ynp yes\n", q->code);
}

static void fill_date(struct fill *f, const struct question *q)
{
    buf_appendf(f->to, "set %s.date DAY-3\n", q->code);
}

static void fill_number(struct fill *f, const struct question *q)
{
    buf_appendf(f->to, "set %s.number 2\n", q->code);
}

static void fill_scale(struct fill *f, const struct question *q)
{
    buf_appendf(f->to, "set %s.scale 7\n", q->code);
}

static const struct {
    uint32_t kind;
    void (*fill)(struct fill *f, const struct question *q);
} kinds[] = {
    {KIND_JUDGEMENT,   fill_judgement  },
    {KIND_TEXT,        fill_text       },
    {KIND_CHECKLIST,   fill_items      },
    {KIND_PEOPLE,      fill_people     },
    {KIND_VOICE,       fill_voice      },
    {KIND_OBSERVATION, fill_observation},
    {KIND_FINDINGS,    fill_findings   },
    {KIND_EVIDENCE,    fill_evidence   },
    {KIND_CHOICE,      fill_choice     },
    {KIND_REFS,        fill_refs       },
    {KIND_PERIOD,      fill_period     },
    {KIND_YNP,         fill_ynp        },
    {KIND_DATE,        fill_date       },
    {KIND_NUMBER,      fill_number     },
    {KIND_SCALE,       fill_scale      },
};

static void fill_question(struct fill *f, const struct template *t, const struct question *q)
{
    role_set may = q->write ? q->write : t->sections[q->section].write;
    f->to = NULL;
    for (size_t i = 0; i < WRITERS && !f->to; i++)
        if (may & ROLE_BIT(writers[i].role))
            f->to = &f->scripts[i];
    cr_assert_not_null(f->to, "nobody in the story writes %s", q->code);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (q->kinds & kinds[i].kind)
            kinds[i].fill(f, q);
}

/* Is `code` one of the words? */
static bool is_among(const char *words, const char *code)
{
    size_t n = strlen(code);
    for (const char *p = words; *p; p += strcspn(p, " "), p += strspn(p, " "))
        if (!strncmp(p, code, n) && (!p[n] || p[n] == ' '))
            return true;
    return false;
}

void story_fill(struct story *s, const char *sections, const char *grades)
{
    struct fill f = {.grades = grades};
    struct template *t;
    char id[32];
    (void)snprintf(id, sizeof id, "%.*s", (int)strcspn(s->ref, "-"), s->ref);
    cr_assert_eq(template_builtin(id, &t, NULL), 0, "no template %s", id);
    for (size_t i = 0; i < t->nquestions; i++) {
        const struct question *q = &t->questions[i];
        if (q->required && (!sections || is_among(sections, t->sections[q->section].code)))
            fill_question(&f, t, q);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        if (f.scripts[i].len)
            story_write(s, writers[i].profile, buf_cstr(&f.scripts[i]));
        buf_free(&f.scripts[i]);
    }
    template_free(t);
}
