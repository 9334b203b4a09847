/* The built-in template on the screen: every part of it can be reached, read and filled in. */
#include "server/content/template_yaml.h"
#include "tests/unit/editor/people.h"

static struct template *builtin;

static struct people *open_builtin(const char *id, uint32_t me, uint16_t rows, uint16_t cols)
{
    struct err_info why = {0};
    cr_assert_eq(template_builtin(id, &builtin, &why), ERR_OK, "%s", why.text);
    return people_new_of(builtin, me, rows, cols);
}

static struct people *fca(uint32_t me, uint16_t rows, uint16_t cols)
{
    return open_builtin("FCA", me, rows, cols);
}

static void fca_free(struct people *p)
{
    people_free(p);
    template_free(builtin);
}

/* Tab by Tab through the whole template. Returns how many parts that was. */
static size_t walk(const char *id, uint32_t me, uint16_t rows, uint16_t cols)
{
    struct people *p = open_builtin(id, me, rows, cols);
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
    cr_assert_eq(visited, builtin->nquestions, "%s: %zu of %zu questions", id, visited,
                 builtin->nquestions);
    fca_free(p);
    return parts;
}

Test(view_fca, tab_reaches_every_part_and_shows_it)
{
    const size_t questions = 44;
    cr_assert_gt(walk("FCA", P_FRO, 24, 80), 2 * questions);
    cr_assert_gt(walk("FCA", P_FSW, 30, 100), 2 * questions);
    cr_assert_gt(walk("FCA", P_IRO, 43, 132), 2 * questions);
    cr_assert_gt(walk("FCA", P_FRO, 16, 60), 2 * questions);
}

Test(view_fca, tab_reaches_every_part_of_the_other_templates)
{
    for (const char *const *id = template_builtin_ids(); *id; id++) {
        cr_assert_gt(walk(*id, P_FRO, 24, 80), 1u, "%s", *id);
        cr_assert_gt(walk(*id, P_IRO, 24, 80), 1u, "%s", *id);
    }
}

Test(view_fca, an_item_of_a_list_to_choose_from_opens_once_it_is_chosen)
{
    struct people *p = open_builtin("IDA", P_IRO, 24, 80);
    go(p, "S1[3]");
    SEES(p, "3 drift is disputed: -");
    SEES_NOT(p, "3 restorative step");
    press(p, ED_ENTER, 0);
    type(p, "not m");
    press(p, ED_ENTER, 0);
    SEES(p, "3 drift is disputed: not met");
    SEES(p, "3 challenge made: -");
    SEES(p, "3 restorative step: -");
    SEES_NOT(p, "4 challenge made");
    go(p, "S1[3].restorative");
    type(p, "a talk on Friday");
    press(p, ED_ENTER, 0);
    go(p, "S1[3]");
    press(p, ED_ENTER, 0);
    press(p, ED_END, 0); /* (empty) */
    press(p, ED_ENTER, 0);
    SEES(p, "3 restorative step: a talk on Friday");
    SEES_NOT(p, "3 challenge made");
    pump(p);
    cr_assert_str_eq(value_of(p, "S1[3].restorative"), "a talk on Friday");
    fca_free(p);
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

Test(view_fca, a_difference_of_view_stands_beside_the_agreed_overall_grade)
{
    static const struct {
        const char *difference;
        bool shown;
    } rows[] = {
        {"I see it as good.", true },
        {"",                  false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct people *p = fca(P_FRO, 24, 100);
        struct audit_op op = {
            .kind = OP_SIGN,
            .sign = {.role = ROLE_FSW,
                     .revision = audit_revision(p->room->a),
                     .difference = rows[i].difference}
        };
        audit_fingerprint(p->room->a, op.sign.fingerprint);
        cr_assert_eq(room_serve(p->room, P_FSW, op), ERR_OK, "%s", p->room->why.text);
        people_deliver(p, P_FRO, &p->room->events[p->room->nevents - 1]);
        go(p, "L1.grade_agreed");
        cr_assert_eq(sees(p, "sees it differently:"), rows[i].shown, "row %zu\n%s", i, screen(p));
        go(p, "B1.grade_agreed");
        SEES_NOT(p, "sees it differently:");
        fca_free(p);
    }
}
