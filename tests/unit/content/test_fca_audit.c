/* The built-in template in an audit: what is missing can be given, by those who are in the room. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "server/content/template_yaml.h"
#include "tests/lib/audit_make.h"
#include "tests/lib/leaks.h"

struct first_missing {
    bool any;
    struct field field;
    char sentence[400];
};

static void note(void *user, struct field f, enum missing_why why, const char *sentence)
{
    (void)why;
    struct first_missing *m = user;
    if (m->any)
        return;
    m->any = true;
    m->field = f;
    (void)snprintf(m->sentence, sizeof m->sentence, "%s", sentence);
}

static struct first_missing first_missing(const struct room *r)
{
    struct first_missing m = {0};
    audit_missing(r->a, note, &m);
    return m;
}

/* Somebody in the room who may write there; 0 = nobody. */
static uint32_t writer_of(const struct room *r, struct field f)
{
    for (uint32_t person = P_FRO; person < P_END; person++)
        if (audit_right(r->a, audit_make_viewer(person), f, NULL) == RIGHT_WRITE)
            return person;
    return 0;
}

/* An answer that fits; `round` makes them differ where several are needed. */
static bool last; /* of several codes, which? */

static const char *answer_for(const struct room *r, struct field f, size_t round)
{
    const struct part_def *d = part_find((enum part)f.part);
    const char *const *codes = field_codes(audit_template(r->a), f);
    if (f.part == PART_RECORD)
        return round % 2 ? "child" : "carer";
    if (f.part == PART_STATUS)
        return last ? "not_possible" : "obtained";
    size_t n = 0;
    while (last && codes && codes[n] && codes[n + 1])
        n++;
    switch (d->type) {
    case TYPE_GRADE:
        return "good";
    case TYPE_CODE:
    case TYPE_CODES:
    case TYPE_CHOICE:
        return codes[n];
    case TYPE_DATE:
        return "2026-11-20";
    case TYPE_NUMBER:
    case TYPE_SCALE:
        return "7";
    case TYPE_LINE:
        return "CA-77";
    case TYPE_ITEMS:
    case TYPE_PERSON:
        return "1";
    case TYPE_TEXT:
    case TYPE_LIST:
        break;
    }
    return "words";
}

static void give(struct room *r, const struct first_missing *m, size_t round)
{
    struct buf where = BUF_INIT;
    audit_field_format(r->a, m->field, &where);
    uint32_t person = writer_of(r, m->field);
    cr_assert(person, "nobody in the room may write %s: %s", buf_cstr(&where), m->sentence);
    enum err e = ERR_OK;
    switch (part_find((enum part)m->field.part)->type) {
    case TYPE_TEXT:
        e = room_type(r, person, buf_cstr(&where), "What we saw, and what it means.");
        break;
    case TYPE_LIST:
        e = room_add(r, person, buf_cstr(&where));
        break;
    case TYPE_GRADE:
    case TYPE_CODE:
    case TYPE_CODES:
    case TYPE_DATE:
    case TYPE_NUMBER:
    case TYPE_SCALE:
    case TYPE_CHOICE:
    case TYPE_LINE:
    case TYPE_ITEMS:
    case TYPE_PERSON:
        e = room_set(r, person, buf_cstr(&where), answer_for(r, m->field, round));
        break;
    }
    cr_assert_eq(e, ERR_OK, "%s by person %u: %s", buf_cstr(&where), (unsigned)person, r->why.text);
    buf_free(&where);
}

static struct template *fca(void)
{
    struct template *t = NULL;
    struct err_info why = {0};
    cr_assert_eq(template_builtin("FCA", &t, &why), ERR_OK, "%s", why.text);
    return t;
}

static void fill(struct room *r)
{
    size_t round = 0;
    for (struct first_missing m; (m = first_missing(r)).any; round++) {
        cr_assert(round < 1000, "still missing after %zu answers: %s", round, m.sentence);
        give(r, &m, round);
    }
}

Test(fca_audit, can_be_finished_by_those_in_the_room)
{
    struct template *t = fca();
    struct room *r = room_new_of(t);
    struct audit_progress p = audit_progress(r->a);
    /* 6 A, 6 B, 5 C, 2 D (D3 waits for A4), E, F, G, 4 H, 5 J, 1 K, 4 L */
    cr_expect_eq(p.required, 36u);
    fill(r);
    p = audit_progress(r->a);
    cr_expect_eq(p.answered, p.required);
    /* the first reason to choose is the first review, and the first answer about an earlier audit
     * is yes: so D3 and H4 are asked as well */
    cr_expect_eq(p.required, 37u);
    room_free(r);
    template_free(t);
    CHECK_NO_LEAKS();
}

/* Those who write in some of the others, besides the people of the room. */
static struct room *room_of_all_roles(const struct template *t)
{
    struct room *r = room_new_of(t);
    struct buf sections = BUF_INIT;
    for (size_t i = 0; i < t->nsections; i++)
        buf_appendf(&sections, "%s%s", i ? "," : "", t->sections[i].code);
    cr_assert_eq(room_member(r, P_CSW, ROLE_CSW, buf_cstr(&sections)), ERR_OK, "%s", r->why.text);
    cr_assert_eq(room_member(r, P_FTM, ROLE_FTM, ""), ERR_OK, "%s", r->why.text);
    cr_assert_eq(room_member(r, P_SM, ROLE_SM, ""), ERR_OK, "%s", r->why.text);
    cr_assert_eq(room_member(r, P_STRANGER, ROLE_DIR, ""), ERR_OK, "%s", r->why.text);
    buf_free(&sections);
    return r;
}

Test(builtin_audit, can_be_finished_by_those_who_write_in_it)
{
    for (const char *const *id = template_builtin_ids(); *id; id++)
        for (int way = 0; way < 2; way++) {
            struct template *t = NULL;
            cr_assert_eq(template_builtin(*id, &t, NULL), ERR_OK);
            struct room *r = room_of_all_roles(t);
            last = way;
            cr_expect(audit_progress(r->a).required > 0, "%s asks something", *id);
            fill(r);
            struct audit_progress p = audit_progress(r->a);
            cr_expect_eq(p.answered, p.required, "%s", *id);
            room_free(r);
            template_free(t);
        }
    CHECK_NO_LEAKS();
}

Test(builtin_audit, of_a_list_to_choose_from_one_item_is_enough)
{
    struct template *t = NULL;
    cr_assert_eq(template_builtin("IDA", &t, NULL), ERR_OK);
    struct room *r = room_new_of(t);
    uint16_t s1 = template_question_find(t, "S1")->number;
    cr_expect_eq(audit_question_state(r->a, s1), QUESTION_NOT_NEEDED);
    cr_assert_eq(room_set(r, P_IRO, "A3", "looked_after"), ERR_OK, "%s", r->why.text);
    cr_expect_eq(audit_question_state(r->a, s1), QUESTION_EMPTY);
    cr_assert_eq(room_set(r, P_IRO, "S1[5].challenge_made", "yes"), ERR_OK, "%s", r->why.text);
    cr_expect_eq(audit_question_state(r->a, s1), QUESTION_PARTLY, "it does not say what was found");
    cr_assert_eq(room_set(r, P_IRO, "S1[5]", "not_met"), ERR_OK, "%s", r->why.text);
    cr_expect_eq(audit_question_state(r->a, s1), QUESTION_DONE);
    room_free(r);
    template_free(t);
    CHECK_NO_LEAKS();
}

Test(builtin_audit, what_is_about_a_child_asks_for_the_childs_reference)
{
    struct template *t = NULL;
    cr_assert_eq(template_builtin("CHA", &t, NULL), ERR_OK);
    struct room *r = room_new_of(t);
    cr_expect_eq(audit_question_state(r->a, 1), QUESTION_DONE, "as it was opened");
    cr_assert_eq(room_set(r, P_IRO, "A1.carer_ref", ""), ERR_OK, "%s", r->why.text);
    cr_expect_eq(audit_question_state(r->a, 1), QUESTION_DONE, "not every child is fostered");
    cr_assert_eq(room_set(r, P_IRO, "A1.carer_ref", "CA-77"), ERR_OK, "%s", r->why.text);
    cr_assert_eq(room_set(r, P_IRO, "A1.child_refs", ""), ERR_OK, "%s", r->why.text);
    cr_expect_eq(audit_question_state(r->a, 1), QUESTION_PARTLY);
    cr_assert_eq(room_set(r, P_IRO, "A1.child_refs", "CH-1"), ERR_OK, "%s", r->why.text);
    cr_expect_eq(audit_question_state(r->a, 1), QUESTION_DONE);
    room_free(r);
    template_free(t);
    CHECK_NO_LEAKS();
}

Test(fca_audit, what_does_not_apply_is_not_asked)
{
    struct template *t = fca();
    struct room *r = room_new_of(t);
    cr_assert_eq(room_set(r, P_FRO, "A4", "annual_review"), ERR_OK, "%s", r->why.text);
    cr_assert_eq(room_set(r, P_FRO, "A5", "no"), ERR_OK, "%s", r->why.text);
    cr_expect_eq(audit_progress(r->a).required, 35u);
    fill(r);
    cr_expect_eq(audit_progress(r->a).answered, 35u);
    cr_expect_eq(audit_question_state(r->a, template_question_find(t, "D3")->number),
                 QUESTION_NOT_NEEDED);
    cr_expect_eq(audit_question_state(r->a, template_question_find(t, "H4")->number),
                 QUESTION_NOT_NEEDED);
    room_free(r);
    template_free(t);
    CHECK_NO_LEAKS();
}

Test(fca_audit, only_the_iro_writes_the_young_persons_view)
{
    struct template *t = fca();
    struct room *r = room_new_of(t);
    struct field words = room_field(r, "J3.words");
    for (uint32_t person = P_FRO; person < P_END; person++) {
        enum right right = audit_right(r->a, audit_make_viewer(person), words, NULL);
        cr_expect_eq(right == RIGHT_WRITE, person == P_IRO, "person %u", (unsigned)person);
    }
    room_free(r);
    template_free(t);
}

Test(fca_audit, a_sites_own_template_can_be_finished_too)
{
    struct template *t = NULL;
    struct err_info why = {0};
    cr_assert_eq(template_yaml_load("tests/unit/content/site_template.yaml", &t, &why), ERR_OK,
                 "%s", why.text);
    struct room *r = room_new_of(t);
    cr_expect_eq(audit_progress(r->a).required, 2u, "S1 and S4");
    cr_assert_eq(room_set(r, P_FRO, "S1", "emergency"), ERR_OK, "%s", r->why.text);
    cr_expect_eq(audit_progress(r->a).required, 3u, "S2 as well");
    cr_assert_eq(room_set(r, P_FRO, "S4", "unsafe"), ERR_OK, "%s", r->why.text);
    cr_expect_eq(audit_progress(r->a).required, 4u, "T2 as well");
    cr_assert_eq(room_set(r, P_FRO, "S4", "good"), ERR_INPUT, "not a grade of this scale");
    room_free(r);
    template_free(t);
}
