#include "client/render/render.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/address.h"
#include "common/utf8.h"
#include "tests/lib/audit_make.h"
#include "tests/lib/leaks.h"

static const char *name_of(void *user, uint32_t person)
{
    (void)user;
    return person == P_FRO ? "Ana Flint" : person == P_FSW ? "Ben Ode" : "Ida Ray";
}

static struct room *written(void)
{
    struct room *r = room_new();
    cr_assert_eq(room_set(r, P_FRO, "B1.grade_auditor", "requires_improvement"), ERR_OK);
    cr_assert_eq(room_type(r, P_FRO, "B1.rationale",
                           "A sentence that is long enough to need more than one line of eighty "
                           "columns on the screen of a terminal."),
                 ERR_OK);
    cr_assert_eq(room_set(r, P_FSW, "C1[2].check", "not_seen"), ERR_OK);
    cr_assert_eq(room_add(r, P_FRO, "L3.actions"), ERR_OK);
    cr_assert_eq(room_type(r, P_FRO, "L3[1].change", "Weekly call\x7f"), ERR_INPUT);
    cr_assert_eq(room_type(r, P_FRO, "L3[1].change", "Weekly call"), ERR_OK);
    cr_assert_eq(room_comment(r, P_IRO, "B1", "Why \u200bso?"), ERR_OK);
    return r;
}

static struct render_source source(const struct room *r)
{
    return (struct render_source){r->a, audit_make_viewer(P_FRO), name_of, NULL};
}

Test(render, text_fits_eighty_columns_and_hides_nothing)
{
    struct room *r = written();
    struct render_source src = source(r);
    struct buf out = BUF_INIT;
    render_text(&src, &out);
    const char *s = buf_cstr(&out);
    cr_assert(strstr(s, "auditor's grade: Requires improvement (Ana Flint)"), "%s", s);
    cr_assert(strstr(s, "children's views, "), "%s", s);
    cr_assert(strstr(s, "not seen"), "%s", s);
    cr_assert(strstr(s, "action 1, "), "%s", s);
    cr_assert(strstr(s, "comment 1, Ida Ray"), "%s", s);
    cr_assert(strstr(s, "\u2039U+200B\u203a"), "an invisible character is shown: %s", s);
    for (const char *line = s; *line;) {
        size_t len = strcspn(line, "\n");
        cr_assert_leq(utf8_count(line, len), 80, "%.*s", (int)len, line);
        line += len + (line[len] == '\n');
    }
    buf_free(&out);
    room_free(r);
    CHECK_NO_LEAKS();
}

/* An audit in which an action answers a finding and was verified by Ben. */
static struct room *with_action(void)
{
    struct room *r = written();
    char id[24];
    cr_assert_eq(room_add(r, P_FRO, "L2.findings"), ERR_OK);
    (void)snprintf(id, sizeof id, "%llu", (unsigned long long)room_field(r, "L2[1].text").item);
    cr_assert_eq(room_set(r, P_FRO, "L3[1].finding", id), ERR_OK, "%s", r->why.text);
    char ben[8];
    (void)snprintf(ben, sizeof ben, "%u", (unsigned)P_FSW);
    struct audit_op recorded[] = {
        {.kind = OP_SET, .set = {room_field(r, "L3[1].leads_to"), "99", 0}},
        {.kind = OP_SET, .set = {room_field(r, "L3[1].closed_by"), ben, 0}},
    };
    cr_assert_eq(room_do(r, 0, recorded, 2), ERR_OK, "%s", r->why.text);
    return r;
}

Test(render, people_are_named_and_items_have_addresses)
{
    struct room *r = with_action();
    struct render_source src = source(r);
    struct buf out = BUF_INIT;
    render_text(&src, &out);
    const char *s = buf_cstr(&out);
    cr_expect(strstr(s, "findings that it answers: L2[1]\n"), "%s", s);
    cr_expect(strstr(s, "actions that follow from it: [gone]\n"), "%s", s);
    cr_expect(strstr(s, "closed by: Ben Ode\n"), "%s", s);
    buf_free(&out);
    json_t *j = render_json(&src);
    char *text = json_dumps(j, JSON_COMPACT);
    cr_expect(strstr(text, "\"shown\":\"L2[1]\""), "%s", text);
    cr_expect(strstr(text, "\"shown\":\"Ben Ode\""), "%s", text);
    free(text);
    json_decref(j);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(render, json_has_what_was_answered)
{
    struct room *r = written();
    struct render_source src = source(r);
    json_t *j = render_json(&src);
    cr_assert_not_null(j);
    cr_assert_str_eq(json_string_value(json_object_get(j, "ref")), "TST-2026-0001");
    json_t *b = json_array_get(json_object_get(j, "sections"), 1);
    json_t *b1 = json_array_get(json_object_get(b, "questions"), 0);
    json_t *grade = json_object_get(json_object_get(b1, "values"), "grade_auditor");
    cr_assert_str_eq(json_string_value(json_object_get(grade, "value")), "requires_improvement");
    cr_assert_eq(json_integer_value(json_object_get(grade, "by")), P_FRO);
    cr_assert_not_null(json_object_get(json_object_get(b1, "texts"), "rationale"));
    cr_assert_eq(json_array_size(json_object_get(j, "comments")), 1);
    cr_assert_gt(json_array_size(json_object_get(j, "missing")), 0);
    char *text = json_dumps(j, 0);
    json_t *again = json_loads(text, 0, NULL);
    cr_assert(json_equal(j, again));
    free(text);
    json_decref(again);
    json_decref(j);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(render, markdown_has_headings_and_the_words)
{
    struct room *r = written();
    struct render_source src = source(r);
    struct buf out = BUF_INIT;
    render_markdown(&src, &out);
    cr_assert(strstr(buf_cstr(&out), "## B  Child"), "%s", buf_cstr(&out));
    cr_assert(strstr(buf_cstr(&out), "Weekly call"));
    buf_free(&out);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(render, wrapping_keeps_every_word_and_every_line_end)
{
    struct buf out = BUF_INIT;
    render_wrap("one two three\n\nfour", 2, 10, &out);
    cr_assert_str_eq(buf_cstr(&out), "  one two\n  three\n\n  four\n");
    buf_clear(&out);
    render_wrap("averyverylongword x", 0, 6, &out);
    cr_assert_str_eq(buf_cstr(&out), "averyverylongword\nx\n");
    buf_free(&out);
    CHECK_NO_LEAKS();
}

Test(address, a_bare_question_means_ones_own_grade_or_its_words)
{
    struct room *r = written();
    struct err_info why;
    struct field f;
    cr_assert_eq(address_choice(r->a, "b1", ROLE_FRO, &f, &why), ERR_OK, "%s", why.text);
    cr_assert_eq(f.part, PART_GRADE_AUDITOR);
    cr_assert_eq(address_choice(r->a, "B1", ROLE_FSW, &f, &why), ERR_OK);
    cr_assert_eq(f.part, PART_GRADE_PRACTITIONER);
    cr_assert_eq(address_choice(r->a, "B1.grade_agreed", ROLE_FSW, &f, &why), ERR_OK);
    cr_assert_eq(f.part, PART_GRADE_AGREED);
    cr_assert_eq(address_words(r->a, "B1", &f, &why), ERR_OK);
    cr_assert_eq(f.part, PART_RATIONALE);
    cr_assert_eq(address_words(r->a, "L3[1]", &f, &why), ERR_OK, "%s", why.text);
    cr_assert_eq(f.part, PART_CHANGE);
    cr_assert_eq(address_words(r->a, "B2", &f, &why), ERR_INPUT);
    cr_assert_eq(address_choice(r->a, "B1.rationale", ROLE_FRO, &f, &why), ERR_INPUT);
    cr_assert_eq(address_list(r->a, "L3", &f, &why), ERR_OK);
    cr_assert_eq(f.part, PART_ACTIONS);
    cr_assert_eq(address_list(r->a, "B1", &f, &why), ERR_OK);
    cr_assert_eq(f.part, PART_EVIDENCE);
    cr_assert_eq(address_list(r->a, "B3", &f, &why), ERR_INPUT);
    cr_assert_eq(address_find(r->a, "B9", &f, NULL, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "B1, B2, B3, B4, B5"), "%s", why.text);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(address, values_are_taken_as_people_say_them)
{
    struct room *r = written();
    struct field grade = room_field(r, "B1.grade_agreed"), check = room_field(r, "C1[1].check");
    struct buf out = BUF_INIT;
    address_value(r->a, grade, "Requires Improvement", &out);
    cr_assert_str_eq(buf_cstr(&out), "requires_improvement");
    buf_clear(&out);
    address_value(r->a, check, "Not met", &out);
    cr_assert_str_eq(buf_cstr(&out), "not_met");
    buf_clear(&out);
    address_value(r->a, grade, "Splendid", &out);
    cr_assert_str_eq(buf_cstr(&out), "Splendid", "what is no code stays for the refusal");
    cr_assert_eq(room_add(r, P_FRO, "L2.findings"), ERR_OK);
    char id[24];
    (void)snprintf(id, sizeof id, "%llu", (unsigned long long)room_field(r, "L2[1].text").item);
    buf_clear(&out);
    address_value(r->a, room_field(r, "L3[1].finding"), "L2[1]", &out);
    cr_assert_str_eq(buf_cstr(&out), id);
    buf_clear(&out);
    address_value(r->a, room_field(r, "L3[1].finding"), "L2[7]", &out);
    cr_assert_str_eq(buf_cstr(&out), "L2[7]", "stays for the refusal");
    buf_free(&out);
    room_free(r);
    CHECK_NO_LEAKS();
}
