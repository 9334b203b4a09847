/* The built-in template against a list written by hand from the service's description of it. */
#include <criterion/criterion.h>
#include <string.h>

#include "server/content/template_yaml.h"
#include "tests/lib/leaks.h"
#include "tests/lib/template_expect.h"

enum { REQUIRED = 1, BLIND = 16, OVERALL = 32 }; /* and KEY */

struct expected {
    const char *code;
    uint32_t kinds;
    int flags;
    const char *area;
    const char *prompts; /* words that its prompts must have, split at ';' */
    const char *items;   /* words of its items, in order, split at ';' */
};

#define J KIND_JUDGEMENT
/* clang-format off */
static const struct expected expected[] = {
    {"A1", KIND_PEOPLE, REQUIRED, "", "", ""},
    {"A2", KIND_REFS, REQUIRED, "", "", ""},
    {"A3", KIND_DATE | KIND_PERIOD, REQUIRED, "", "", ""},
    {"A4", KIND_CHOICE | KIND_TEXT, REQUIRED, "", "", ""},
    {"A5", KIND_YNP | KIND_TEXT, REQUIRED, "", "", ""},
    {"A6", J | KIND_DATE, REQUIRED | BLIND, "", "", ""},
    {"B1", J, REQUIRED | KEY, "CYP1", "plan;contact;identity;delegated authority", ""},
    {"B2", J, REQUIRED, "CYP2", "PEP;health checks;friendships;activities", ""},
    {"B3", J, REQUIRED, "CYP3", "stability;siblings;transitions", ""},
    {"B4", J, REQUIRED | KEY, "CYP4", "how gathered;what changed", ""},
    {"B5", KIND_YNP | KIND_DATE, REQUIRED, "CYP4", "", ""},
    {"B6", KIND_SCALE, REQUIRED, "CYP4", "", ""},
    {"C1", J, REQUIRED, "CAR1", "visits;unannounced;checks current;log reviewed", ""},
    {"C2", KIND_CHECKLIST | J, REQUIRED, "CAR2", "",
     "moves;planning;reviews;delegated authority;leaving care;schooling"},
    {"C3", J, REQUIRED | KEY, "CAR3", "response to requests;respite;effect on the household", ""},
    {"C4", KIND_TEXT, REQUIRED, "CAR4", "", ""},
    {"C5", KIND_TEXT, REQUIRED, "CAR5", "", ""},
    {"D1", KIND_CHECKLIST, REQUIRED, "", "",
     "review report;carer's statement;children's views;partners' reports;health and DBS;home "
     "safety;safer-caring plan;training record;matching report;placements and complaints "
     "list;last decision letter"},
    {"D2", J, REQUIRED, "", "analysis;recommendation;candour", ""},
    {"D3", KIND_YNP, REQUIRED, "", "", ""},
    {"E1", J, REQUIRED | KEY, "CYP1",
     "current;whole;outcomes measurable;why things stay as they are;child and the family "
     "shaped;timescales;safety plan;what-if steps;change model;altered as needs change;stability "
     "meeting;ended placement",
     ""},
    {"F1", J, REQUIRED, "",
     "on time;information and responsibility;plans questioned;right people, right help;absence or "
     "silence challenged;learn together",
     ""},
    {"G1", J, REQUIRED, "",
     "key step;views weighed;family group conference;wider kin mapped;placement plan;regulations",
     ""},
    {"H1", J, REQUIRED | KEY, "", "timely;directive;effect", ""},
    {"H2", KIND_EVIDENCE, REQUIRED, "", "", ""},
    {"H3", KIND_YNP, REQUIRED, "", "", ""},
    {"H4", KIND_YNP, REQUIRED, "", "", ""},
    {"J1", KIND_VOICE, REQUIRED, "", "supervision;workload;helped;change", ""},
    {"J2", KIND_VOICE, REQUIRED, "CAR3", "support;information;included;training;need;complain", ""},
    {"J3", KIND_VOICE, REQUIRED, "CYP4", "safe;listened;matters;changed", ""},
    {"J4", KIND_VOICE, REQUIRED, "", "involved;told", ""},
    {"J5", KIND_VOICE, REQUIRED, "", "together", ""},
    {"K1", KIND_OBSERVATION, REQUIRED, "", "", ""},
    {"K2", KIND_TEXT, 0, "", "", ""},
    {"L1", J, REQUIRED | OVERALL, "", "", ""},
    {"L2", KIND_FINDINGS, REQUIRED, "", "", ""},
    {"L3", KIND_FINDINGS, REQUIRED, "", "", ""},
    {"L4", KIND_TEXT, REQUIRED, "", "", ""},
    {"L5", KIND_ACTIONS, 0, "", "", ""},
    {"L6", KIND_TEXT, 0, "", "", ""},
    {"M1", KIND_MODERATION, 0, "", "", ""},
    {"M2", KIND_YNP, 0, "", "", ""},
    {"M3", KIND_TEXT, 0, "", "", ""},
    {"M4", KIND_CHOICE, 0, "", "", ""},
};
/* clang-format on */
#undef J

static struct template *fca(void)
{
    struct template *t = NULL;
    struct err_info why = {0};
    cr_assert_eq(template_builtin("FCA", &t, &why), ERR_OK, "%s", why.text);
    return t;
}

static const struct question *question(const struct template *t, const char *code)
{
    const struct question *q = template_question_find(t, code);
    cr_assert_not_null(q, "%s is missing", code);
    return q;
}

Test(fca, every_question_with_its_kinds_and_flags)
{
    struct template *t = fca();
    size_t n = sizeof expected / sizeof *expected;
    cr_expect_eq(t->nquestions, n);
    for (size_t i = 0; i < n && i < t->nquestions; i++) {
        const struct expected *e = &expected[i];
        const struct question *q = &t->questions[i];
        cr_expect_str_eq(q->code, e->code);
        cr_expect_eq(q->number, i + 1);
        cr_expect_eq(q->kinds, e->kinds, "%s: kinds %x", q->code, (unsigned)q->kinds);
        cr_expect_eq(q->required, (e->flags & REQUIRED) != 0, "%s required", q->code);
        cr_expect_eq(q->key, (e->flags & KEY) != 0, "%s key", q->code);
        cr_expect_eq(q->blind, (e->flags & BLIND) != 0, "%s blind", q->code);
        cr_expect_eq(q->overall, (e->flags & OVERALL) != 0, "%s overall", q->code);
        cr_expect_str_eq(q->core_area, e->area, "%s", q->code);
        cr_expect_eq(t->sections[q->section].code[0], e->code[0], "%s: its section", q->code);
        cr_expect(strlen(q->title) >= 6, "%s has a title", q->code);
    }
    template_free(t);
    CHECK_NO_LEAKS();
}

Test(fca, every_prompt_is_there)
{
    struct template *t = fca();
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct question *q = question(t, expected[i].code);
        struct buf all = BUF_INIT;
        for (size_t p = 0; q->prompts[p]; p++)
            buf_appendf(&all, "%s\n", q->prompts[p]);
        char missing[80];
        cr_expect(template_has_words(buf_cstr(&all), expected[i].prompts, missing),
                  "%s: no prompt about \"%s\"", q->code, missing);
        buf_free(&all);
    }
    size_t prompts = 0; /* one for each of the twelve things that plans are asked */
    while (question(t, "E1")->prompts[prompts])
        prompts++;
    cr_expect_eq(prompts, 12u);
    template_free(t);
    CHECK_NO_LEAKS();
}

Test(fca, checklists_have_their_items_in_order)
{
    struct template *t = fca();
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct question *q = question(t, expected[i].code);
        size_t n = 0;
        char missing[80];
        for (const char *p = expected[i].items; *p; n++) {
            char word[80] = {0};
            size_t len = strcspn(p, ";");
            memcpy(word, p, len);
            cr_assert_not_null(q->items[n], "%s has no item %zu", q->code, n + 1);
            cr_expect(template_has_words(q->items[n], word, missing), "%s[%zu] is not \"%s\"",
                      q->code, n + 1, word);
            p += len + (p[len] == ';');
        }
        cr_expect_null(q->items[n], "%s has more items", q->code);
    }
    template_free(t);
    CHECK_NO_LEAKS();
}

Test(fca, head_scale_and_sections)
{
    static const char *const grades[] = {"outstanding", "good", "requires_improvement",
                                         "inadequate"};
    static const char sections[] = "ABCDEFGHJKLM";
    struct template *t = fca();
    cr_expect_str_eq(t->id, "FCA");
    cr_expect_str_eq(t->type, "collaborative");
    cr_expect_eq(t->default_period_months, 12u);
    cr_expect_eq(t->overall, OVERALL_REQUIRED);
    cr_assert_eq(t->ngrades, 4u);
    for (size_t i = 0; i < 4; i++) {
        cr_expect_str_eq(t->grades[i].code, grades[i]);
        cr_expect_eq(t->grades[i].weak, i >= 2, "%s", grades[i]);
    }
    cr_assert_eq(t->nsections, strlen(sections));
    for (size_t i = 0; i < t->nsections; i++) {
        const struct section *s = &t->sections[i];
        cr_expect_eq(s->code[0], sections[i]);
        role_set authors = ROLE_BIT(ROLE_FRO) | ROLE_BIT(ROLE_FSW) | ROLE_BIT(ROLE_CSW);
        cr_expect_eq(s->write, *s->code == 'M' ? ROLE_BIT(ROLE_IRO) : authors, "%s", s->code);
    }
    template_free(t);
    CHECK_NO_LEAKS();
}

Test(fca, who_writes_what_differs_from_its_section)
{
    struct template *t = fca();
    cr_expect_eq(question(t, "J3")->write, ROLE_BIT(ROLE_IRO),
                 "the IRO writes the young "
                 "person's view");
    cr_expect_eq(question(t, "L6")->write, ROLE_BIT(ROLE_FSW));
    cr_expect_eq(question(t, "J2")->write, ROLE_BIT(ROLE_FRO));
    for (size_t i = 0; i < t->nquestions; i++)
        if (!strchr("JLM", t->questions[i].code[0]))
            cr_expect_eq(t->questions[i].write, 0u, "%s", t->questions[i].code);
    template_free(t);
    CHECK_NO_LEAKS();
}

Test(fca, details_of_kinds)
{
    struct template *t = fca();
    const struct question *h2 = question(t, "H2"), *b6 = question(t, "B6");
    cr_expect_eq(h2->min_child, 1u);
    cr_expect_eq(h2->min_carer, 1u);
    cr_expect(*b6->low && *b6->high);
    cr_expect_str_eq(question(t, "L2")->sign, "strength");
    cr_expect_str_eq(question(t, "L3")->sign, "development");
    static const char *const voices[] = {"fsw", "carer", "young_person", "parent", "partner"};
    for (int i = 0; i < 5; i++) {
        char code[3] = {'J', (char)('1' + i), 0};
        cr_expect_str_eq(question(t, code)->voice, voices[i]);
    }
    const struct question *m4 = question(t, "M4");
    cr_expect_str_eq(m4->options[0], "upheld");
    cr_expect_str_eq(m4->options[1], "changed");
    cr_expect_str_eq(m4->options[2], "split_decided");
    template_free(t);
    CHECK_NO_LEAKS();
}

static const char *why_chosen, *earlier_audit;

static const char *answer(void *user, uint16_t number, enum part part)
{
    const struct question *q = template_question(user, number);
    if (!strcmp(q->code, "A4") && part == PART_CHOICE)
        return why_chosen;
    if (!strcmp(q->code, "A5") && part == PART_YNP)
        return earlier_audit;
    cr_assert_fail("asks for %s", q->code);
    return NULL;
}

Test(fca, first_review_and_earlier_audit_decide_what_is_asked)
{
    struct template *t = fca();
    const char *d3 = question(t, "D3")->needs_when, *h4 = question(t, "H4")->needs_when;
    cr_expect_not(template_condition(t, d3, answer, t));
    why_chosen = "annual_review";
    cr_expect_not(template_condition(t, d3, answer, t));
    why_chosen = "first_review";
    cr_expect(template_condition(t, d3, answer, t));
    cr_expect(template_condition(t, h4, answer, t),
              "as long as nobody has said that there is none");
    earlier_audit = "partly";
    cr_expect(template_condition(t, h4, answer, t));
    earlier_audit = "no";
    cr_expect_not(template_condition(t, h4, answer, t));
    for (size_t i = 0; i < t->nquestions; i++)
        if (strcmp(t->questions[i].code, "D3") && strcmp(t->questions[i].code, "H4"))
            cr_expect_str_empty(t->questions[i].needs_when);
    template_free(t);
    CHECK_NO_LEAKS();
}

Test(fca, built_in_templates_load_and_others_do_not_exist)
{
    for (size_t i = 0; template_builtin_ids()[i]; i++) {
        struct template *t = NULL;
        struct err_info why = {0};
        cr_expect_eq(template_builtin(template_builtin_ids()[i], &t, &why), ERR_OK, "%s", why.text);
        template_free(t);
    }
    struct template *t = NULL;
    cr_expect_eq(template_builtin("NONE", &t, NULL), ERR_NOT_FOUND);
    cr_expect_null(t);
    CHECK_NO_LEAKS();
}
