#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "client/render/render.h"
#include "tests/lib/audit_make.h"
#include "tests/lib/leaks.h"

static const char *name_of(void *user, uint32_t person)
{
    static const char *const names[] = {"nobody", "Ana", "Ben",  "Cat",
                                        "Iris",   "Hal", "Quin", "Sue"};
    (void)user;
    return person < sizeof names / sizeof *names ? names[person] : "somebody";
}

static struct render_source source(const struct audit *a, uint32_t person)
{
    return (struct render_source){a, audit_make_viewer(person), name_of, NULL};
}

static const uint32_t here[] = {P_FRO, P_FSW};

/* clang-format off */
static const struct row {
    uint32_t by;
    struct audit_op op;
    const char *says[4]; /* behind the name */
    const char *json[4];
} rows[] = {
    {P_FRO, {.kind = OP_SIGN, .sign = {.role = ROLE_FRO, .revision = 1}},
     {"Ana signed revision 1 as FRO"},
     {"\"op\":\"sign\"", "\"role\":\"FRO\"", "\"revision\":1", "\"fingerprint\":null"}},
    {P_FTM, {.kind = OP_SIGN,
             .sign = {.role = ROLE_FSW, .revision = 1, .absent = true, .reason = "away",
                      .difference = "B4 is better", .fingerprint = {0xab}}},
     {"Sue signed revision 1 as FSW", "absent practitioner: away", "sees differently: B4 is better"},
     {"\"absent\":true", "\"difference\":\"B4 is better\"", "\"fingerprint\":\"ab00"}},
    {P_FRO, {.kind = OP_MOVE,
             .move = {.to = AUDIT_AGREED, .reason = "done", .present = here, .npresent = 2}},
     {"Ana moved the audit to AGREED: done"},
     {"\"to\":\"AGREED\"", "\"reason\":\"done\"", "\"present\":[\"Ana\",\"Ben\"]"}},
    {P_IRO, {.kind = OP_MOVE, .move = {.to = AUDIT_AGREED, .stage = 3}},
     {"Iris began stage 2"}, {"\"stage\":2"}},
    {P_IRO, {.kind = OP_MOVE, .move = {.to = AUDIT_MODERATED, .result = "changed"}},
     {"moved the audit to MODERATED, result changed"}, {"\"result\":\"changed\""}},
    {P_QA, {.kind = OP_ASSIGN, .assign = {.person = P_IRO, .reason = "their own"}},
     {"Quin asked Iris to moderate: their own"},
     {"\"op\":\"assign\"", "\"name\":\"Iris\""}},
    {P_FSW, {.kind = OP_FLAG,
             .flag = {.text = "a bruise", .told = "FTM Sue", .told_utc_ms = 1750000000000}},
     {"Ben raised a flag: told FTM Sue at 2025-06-15", "; a bruise"},
     {"\"told\":\"FTM Sue\"", "\"told_at\":\"2025-06-15T", "\"text\":\"a bruise\""}},
    {P_FTM, {.kind = OP_FLAG_NOTE, .flag_note = {.flag = 8, .text = "seen", .closed = true}},
     {"Sue closed flag 8: seen"}, {"\"flag\":8", "\"closed\":true"}},
    {P_QA, {.kind = OP_GLASS,
            .glass = {.person = P_STRANGER, .until_utc_ms = 1900000000000, .reason = "complaint"}},
     {"opened the record to somebody until 2030-03-17", "break-glass", "complaint"},
     {"\"op\":\"break_glass\"", "\"until\":\"2030-03-17T"}},
    {P_QA, {.kind = OP_GLASS_END, .glass = {.person = P_STRANGER}},
     {"closed the record to somebody again"}, {"\"op\":\"break_glass_end\""}},
    {P_QA, {.kind = OP_LINK, .link = {.kind = "re_audit", .ref = "FCA-2027-0001"}},
     {"linked FCA-2027-0001 as re_audit"}, {"\"kind\":\"re_audit\"", "\"ref\":\"FCA-2027-0001\""}},
    {P_QA, {.kind = OP_PLAN, .plan = {.planned = "2027-03-25", .reason = "moved"}},
     {"planned the audit for 2027-03-25: moved"}, {"\"planned\":\"2027-03-25\""}},
};
/* clang-format on */
enum { ROWS = sizeof rows / sizeof *rows };

static struct room *lived(void)
{
    struct room *r = room_new();
    for (size_t i = 0; i < ROWS; i++)
        cr_assert_eq(room_serve(r, rows[i].by, rows[i].op), ERR_OK, "%zu: %s", i, r->why.text);
    return r;
}

static void expect_event(const struct room *r, size_t i)
{
    const struct made_event *from = &r->events[i + 1];
    struct render_source src = source(r->a, P_QA);
    struct event e = {.seq = from->seq, .utc_ms = from->utc_ms, .actor = from->actor};
    struct event_body *body;
    struct buf line = BUF_INIT;
    cr_assert_eq(event_body_decode(from->body.data, from->body.len, &body, NULL), ERR_OK);
    e.body = *body;
    render_event(&src, &e, &line);
    json_t *j = render_event_json(&src, &e);
    char *text = json_dumps(j, JSON_COMPACT);
    for (size_t k = 0; k < 4 && rows[i].says[k]; k++)
        cr_expect(strstr(buf_cstr(&line), rows[i].says[k]), "%s", buf_cstr(&line));
    for (size_t k = 0; k < 4 && rows[i].json[k]; k++)
        cr_expect(strstr(text, rows[i].json[k]), "%s: %s", rows[i].json[k], text);
    free(text);
    json_decref(j);
    buf_free(&line);
    event_body_free(body);
}

Test(render_life, each_operation_is_a_sentence_and_fields)
{
    struct room *r = lived();
    for (size_t i = 0; i < ROWS; i++)
        expect_event(r, i);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(render_life, show_has_a_chapter_of_what_happened)
{
    static const char *const lines[] = {
        "What happened to this audit",
        "Planned for 2027-03-25",
        "Ana moved the audit to AGREED: done; present: Ana, Ben",
        "Ana signed revision 1 as FRO",
        "raised a flag: told FTM Sue",
        "a bruise (flag 8, closed)",
        "Linked: FCA-2027-0001 (re_audit)",
        "Quin asked Iris to moderate",
    };
    struct room *r = lived();
    struct render_source src = source(r->a, P_QA);
    struct buf text = BUF_INIT, markdown = BUF_INIT;
    render_text(&src, &text);
    render_markdown(&src, &markdown);
    const char *from = buf_cstr(&text);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        cr_expect(strstr(buf_cstr(&markdown), lines[i]), "%s: %s", lines[i], buf_cstr(&markdown));
    cr_expect(strstr(from, "What happened to this audit"), "%s", from);
    cr_expect(strstr(from, "Linked: FCA-2027-0001 (re_audit)"), "%s", from);
    buf_free(&text);
    buf_free(&markdown);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(render_life, a_void_signature_says_so)
{
    struct room *r = room_new();
    cr_assert_eq(room_serve(r, P_FRO, rows[0].op), ERR_OK);
    cr_assert_eq(room_set(r, P_FSW, "B2", "yes"), ERR_OK);
    struct render_source src = source(r->a, P_QA);
    struct buf out = BUF_INIT;
    render_markdown(&src, &out);
    cr_expect(strstr(buf_cstr(&out), "as FRO; void since event 3"), "%s", buf_cstr(&out));
    json_t *j = render_json(&src);
    json_t *s = json_array_get(json_object_get(j, "signatures"), 0);
    cr_expect(json_is_true(json_object_get(s, "void")));
    cr_expect_eq(json_integer_value(json_object_get(s, "void_seq")), 3);
    cr_expect_eq(json_integer_value(json_object_get(j, "revision")), 3);
    json_decref(j);
    buf_free(&out);
    room_free(r);
    CHECK_NO_LEAKS();
}

/* The client of one who may not read it has nothing but this. */
Test(render_life, a_held_flag_names_who_was_told_and_for_whom_its_words_are)
{
    struct room *r = lived();
    struct audit *seen = audit_new(audit_make_template());
    for (size_t i = 0; i < r->nevents; i++)
        cr_assert_eq(room_replay(r, i, seen, audit_make_viewer(P_FRO), NULL), ERR_OK);
    struct render_source src = source(seen, P_FRO);
    struct buf out = BUF_INIT;
    render_markdown(&src, &out);
    cr_expect(strstr(buf_cstr(&out), "told FTM Sue"), "%s", buf_cstr(&out));
    cr_expect(strstr(buf_cstr(&out), "its words are for named roles"), "%s", buf_cstr(&out));
    cr_expect_null(strstr(buf_cstr(&out), "bruise"));
    json_t *j = render_json(&src);
    json_t *f = json_array_get(json_object_get(j, "flags"), 0);
    cr_expect(json_is_true(json_object_get(f, "held")));
    cr_expect_str_eq(json_string_value(json_object_get(f, "text")), "");
    json_decref(j);
    buf_free(&out);
    audit_free(seen);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(render_life, an_audit_to_which_nothing_happened_has_no_such_chapter)
{
    struct room *r = room_new();
    struct render_source src = source(r->a, P_QA);
    struct buf out = BUF_INIT;
    render_text(&src, &out);
    cr_assert_null(strstr(buf_cstr(&out), "What happened"));
    buf_free(&out);
    room_free(r);
    CHECK_NO_LEAKS();
}
