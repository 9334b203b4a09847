/* The built-in template on the screen: every part of it can be reached, read and filled in. */
#include "server/content/template_yaml.h"
#include "tests/unit/editor/people.h"

static struct template *builtin;

static struct people *fca(uint32_t me, uint16_t rows, uint16_t cols)
{
    struct err_info why = {0};
    cr_assert_eq(template_builtin("FCA", &builtin, &why), ERR_OK, "%s", why.text);
    return people_new_of(builtin, me, rows, cols);
}

static void fca_free(struct people *p)
{
    people_free(p);
    template_free(builtin);
}

/* Tab by Tab through the whole template. */
static void walk(uint32_t me, uint16_t rows, uint16_t cols)
{
    struct people *p = fca(me, rows, cols);
    size_t visited = 0, parts = 0;
    bool seen[256] = {false};
    press(p, ED_ENTER, 0);
    for (int step = 0; step < 2000; step++) {
        struct field before = editor_field(p->ed);
        const struct question *q = template_question(builtin, before.question);
        look(p);
        cr_assert(p->grid.cursor_shown, "%s at %ux%u:\n%s", q->code, cols, rows, screen(p));
        SEES(p, q->code);
        visited += !seen[before.question];
        seen[before.question] = true;
        parts++;
        press(p, ED_TAB, 0);
        if (field_equal(before, editor_field(p->ed)))
            break;
        if (!editor_field(p->ed).part) /* nothing to fill in there: on to the next */
            press(p, 'n', ED_CTRL);
    }
    cr_assert_eq(visited, builtin->nquestions, "%zu of %zu questions", visited,
                 builtin->nquestions);
    cr_assert_gt(parts, 2 * builtin->nquestions);
    fca_free(p);
}

Test(view_fca, tab_reaches_every_part_and_shows_it)
{
    walk(P_FRO, 24, 80);
    walk(P_FSW, 30, 100);
    walk(P_IRO, 43, 132);
    walk(P_FRO, 16, 60);
}

Test(view_fca, a_judgement_is_written_from_grade_to_evidence)
{
    struct people *p = fca(P_FRO, 24, 80);
    go(p, "B1.grade_auditor");
    type(p, "g");
    press(p, ED_ENTER, 0);
    go(p, "B1.rationale");
    type(p, "Contact happened in 46 of 52 weeks.");
    go(p, "B1.evidence");
    press(p, ED_ENTER, 0);
    type(p, "ch");
    press(p, ED_ENTER, 0);
    pump(p);
    cr_assert_str_eq(value_of(p, "B1.grade_auditor"), "good");
    cr_assert_str_eq(text_of(p, P_IRO, "B1.rationale"), "Contact happened in 46 of 52 weeks.");
    struct audit_item item;
    cr_assert_eq(audit_items(p->room->a, at(p, "B1").question, PART_EVIDENCE, &item, 1), 1u);
    SEES(p, "[~] B1");
    fca_free(p);
}

Test(view_fca, the_young_persons_words_are_held_for_the_auditor)
{
    struct people *p = fca(P_FRO, 24, 80);
    other_types(p, P_IRO, "J3.words", 0, "hidden");
    pump(p);
    go(p, "J3");
    SEES(p, "their words: held by IRO");
    SEES_NOT(p, "held by IRO:");
    SEES_NOT(p, "hidden");
    fca_free(p);
}
