#include "client/render/diff.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "client/render/words.h"
#include "tests/lib/audit_make.h"
#include "tests/lib/leaks.h"

static const char *name_of(void *user, uint32_t person)
{
    (void)user;
    return person == P_FRO ? "Ana" : person == P_FSW ? "Ben" : person == P_IRO ? "Iris" : "Quin";
}

/* The audit as it stands now, as somebody is given it. */
static struct audit *state_of(const struct room *r)
{
    struct buf bytes = BUF_INIT;
    struct audit *a = NULL;
    audit_encode(r->a, audit_make_viewer(P_FRO), &bytes);
    cr_assert_eq(audit_decode(audit_make_template(), bytes.data, bytes.len, &a, NULL), ERR_OK);
    buf_free(&bytes);
    return a;
}

static struct diff_source source(const struct audit *from, const struct audit *to)
{
    return (struct diff_source){
        .from = from,
        .to = to,
        .names = {to, audit_make_viewer(P_FRO), name_of, NULL},
        .from_words = "submitted",
        .to_words = "now"
    };
}

/* ---- words ---- */

struct written {
    struct buf all, from, to;
};

static void on_piece(void *user, const struct words_piece *p)
{
    struct written *w = user;
    const char *kind = p->kind == WORDS_SAME ? "=" : p->kind == WORDS_STRUCK ? "-" : "+";
    cr_assert(p->len_bytes > 0);
    buf_appendf(&w->all, "%s%s%s|", kind, p->utf8, p->by ? name_of(NULL, p->by) : "");
    if (p->kind != WORDS_ADDED)
        buf_append(&w->from, p->utf8, p->len_bytes);
    if (p->kind != WORDS_STRUCK)
        buf_append(&w->to, p->utf8, p->len_bytes);
}

static void written_free(struct written *w)
{
    buf_free(&w->all);
    buf_free(&w->from);
    buf_free(&w->to);
}

/* Puts `words` in the place of [start, end), in the writer's own replica. */
static enum err rewrite(struct room *r, uint32_t person, const char *where, size_t start,
                        size_t end, const char *words)
{
    struct field f = room_field(r, where);
    struct buf state = BUF_INIT, op = BUF_INIT;
    struct text *mine = NULL;
    text_encode(audit_text(r->a, f), true, &state);
    cr_assert_eq(text_decode(state.data, state.len, &mine), ERR_OK);
    if (start < end)
        cr_assert_eq(text_delete(mine, person, start, end, TEXT_WHEN_PENDING, &op), ERR_OK);
    cr_assert_eq(text_insert(mine, person, start, words, strlen(words), &op), ERR_OK);
    struct audit_op edit = {
        .kind = OP_TEXT, .text = {.field = f, .blob = op.data, .blob_len = op.len}
    };
    enum err e = room_do(r, person, &edit, 1);
    text_free(mine);
    buf_free(&state);
    buf_free(&op);
    return e;
}

Test(words, name_who_struck_out_and_who_wrote)
{
    struct room *r = room_new();
    struct written w = {.all = BUF_INIT};
    cr_assert_eq(room_type(r, P_FRO, "B1.rationale", "Visits are seldom and short."), ERR_OK);
    struct audit *from = state_of(r);
    cr_assert_eq(rewrite(r, P_FSW, "B1.rationale", 11, 17, "regular"), ERR_OK, "%s", r->why.text);
    struct audit *to = state_of(r);
    struct field f = room_field(r, "B1.rationale");
    cr_assert_eq(words_diff(audit_text(from, f), audit_text(to, f), to, on_piece, &w), ERR_OK);
    cr_assert_str_eq(buf_cstr(&w.all), "=Visits are |-seldomBen|+regularBen|= and short.|");
    written_free(&w);
    audit_free(from);
    audit_free(to);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(words, of_two_people_are_two_pieces)
{
    struct room *r = room_new();
    struct written w = {.all = BUF_INIT};
    cr_assert_eq(room_type(r, P_FRO, "B1.rationale", "Good."), ERR_OK);
    struct audit *from = state_of(r);
    cr_assert_eq(room_type(r, P_FRO, "B1.rationale", " Seen twice."), ERR_OK);
    cr_assert_eq(room_type(r, P_FSW, "B1.rationale", " Agreed."), ERR_OK);
    struct audit *to = state_of(r);
    struct field f = room_field(r, "B1.rationale");
    cr_assert_eq(words_diff(audit_text(from, f), audit_text(to, f), to, on_piece, &w), ERR_OK);
    cr_assert_str_eq(buf_cstr(&w.all), "=Good.|+ Seen twice.Ana|+ Agreed.Ben|");
    written_free(&w);
    audit_free(from);
    audit_free(to);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(words, that_changed_beside_each_other_read_as_one_change)
{
    struct room *r = room_new();
    struct written w = {.all = BUF_INIT};
    cr_assert_eq(room_type(r, P_FRO, "B1.rationale", "He likes old trains."), ERR_OK);
    struct audit *from = state_of(r);
    cr_assert_eq(rewrite(r, P_FRO, "B1.rationale", 9, 19, "new houses"), ERR_OK);
    struct audit *to = state_of(r);
    struct field f = room_field(r, "B1.rationale");
    cr_assert_eq(words_diff(audit_text(from, f), audit_text(to, f), to, on_piece, &w), ERR_OK);
    cr_assert_str_eq(buf_cstr(&w.all), "=He likes |-old trainsAna|+new housesAna|=.|");
    written_free(&w);
    audit_free(from);
    audit_free(to);
    room_free(r);
    CHECK_NO_LEAKS();
}

/* Whatever is written: the pieces make both texts again. */
Test(words, pieces_joined_are_both_texts)
{
    static const char *const insertions[] = {"one two ", "\n", "caf\u00e9 ", "it's", " x"};
    struct room *r = room_new();
    uint32_t seed = 20261124;
    cr_assert_eq(room_type(r, P_FRO, "B1.rationale", "The first words of it."), ERR_OK);
    struct field f = room_field(r, "B1.rationale");
    for (int round = 0; round < 60; round++) {
        struct written w = {.all = BUF_INIT};
        struct buf before = BUF_INIT, after = BUF_INIT;
        struct audit *from = state_of(r);
        for (int k = 0; k < 3; k++) {
            seed = seed * 1664525 + 1013904223;
            size_t len = text_len_cp(audit_text(r->a, f));
            size_t start = (seed >> 8) % (len + 1), end = start + (seed >> 20) % 5;
            cr_assert_eq(rewrite(r, k % 2 ? P_FSW : P_FRO, "B1.rationale", start,
                                 end < len ? end : len, insertions[(seed >> 4) % 5]),
                         ERR_OK);
        }
        struct audit *to = state_of(r);
        cr_assert_eq(words_diff(audit_text(from, f), audit_text(to, f), to, on_piece, &w), ERR_OK);
        cr_assert_str_eq(buf_cstr(&w.from), room_text(from, f, &before), "round %d", round);
        cr_assert_str_eq(buf_cstr(&w.to), room_text(to, f, &after), "round %d", round);
        written_free(&w);
        buf_free(&before);
        buf_free(&after);
        audit_free(from);
        audit_free(to);
    }
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- the whole ---- */

/* An audit that Ana wrote, and what Ben and the server made of it; *out is the state between. */
static struct room *changed(struct audit **out)
{
    struct room *r = room_new();
    cr_assert_eq(room_set(r, P_FRO, "B1.grade_auditor", "good"), ERR_OK);
    cr_assert_eq(room_set(r, P_FRO, "B1.grade_agreed", "good"), ERR_OK, "%s", r->why.text);
    cr_assert_eq(room_type(r, P_FRO, "B1.rationale", "Visits are seldom."), ERR_OK);
    cr_assert_eq(room_add(r, P_FRO, "L2.findings"), ERR_OK);
    cr_assert_eq(room_type(r, P_FRO, "L2[1].text", "Visits were missed"), ERR_OK);
    cr_assert_eq(room_add(r, P_FRO, "L3.actions"), ERR_OK);
    cr_assert_eq(room_set(r, P_FRO, "L3[1].due", "2026-12-01"), ERR_OK);
    *out = state_of(r);
    cr_assert_eq(room_set(r, P_FRO, "B1.grade_agreed", "requires_improvement"), ERR_OK);
    cr_assert_eq(room_type(r, P_FSW, "B1.rationale", " Since May."), ERR_OK);
    cr_assert_eq(room_remove(r, P_FSW, "L2[1].findings"), ERR_OK, "%s", r->why.text);
    cr_assert_eq(room_set(r, P_FSW, "L3[1].due", "2026-12-15"), ERR_OK);
    cr_assert_eq(room_add(r, P_FSW, "L3.actions"), ERR_OK);
    cr_assert_eq(room_move(r, AUDIT_AGREED), ERR_OK, "%s", r->why.text);
    return r;
}

Test(diff, shows_answers_grades_findings_actions_and_moves)
{
    struct audit *from;
    struct room *r = changed(&from);
    struct audit *to = state_of(r);
    struct diff_source src = source(from, to);
    struct buf out = BUF_INIT;
    struct audit_item gone;
    cr_assert(diff_has_removals(from, to));
    cr_assert_not(diff_has_removals(from, from));
    cr_assert_eq(audit_items(from, room_field(r, "L2.findings").question, PART_FINDINGS, &gone, 1),
                 1);
    struct diff_removal removal = {
        {room_field(r, "L2.findings").question, PART_FINDINGS, gone.id},
        P_FSW
    };
    src.removals = &removal;
    src.nremovals = 1;
    cr_assert_eq(render_diff(&src, &out), ERR_OK);
    const char *s = buf_cstr(&out);
    static const char *const expected[] = {
        "from submitted: event ",
        "agreed grade: Good -> Requires improvement (Ana)",
        "Visits are seldom.[+ Since May.+ Ben]",
        "L2[1]: taken out (Ben)",
        "[-Visits were missed-",
        "L3[2]: added (Ben)",
        "L3[1].due: 2026-12-01 -> 2026-12-15 (Ben)",
        "moved the audit to AGREED",
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        cr_assert(strstr(s, expected[i]), "\"%s\" is not in: %s", expected[i], s);
    cr_assert_not(strstr(s, "auditor's grade"), "what did not change is not shown: %s", s);
    buf_free(&out);
    audit_free(from);
    audit_free(to);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(diff, of_json_says_the_same)
{
    struct audit *from;
    struct room *r = changed(&from);
    struct audit *to = state_of(r);
    struct diff_source src = source(from, to);
    json_t *j = render_diff_json(&src);
    cr_assert_not_null(j);
    cr_assert_eq(json_array_size(json_object_get(j, "items")), 2);
    cr_assert_eq(json_array_size(json_object_get(j, "moves")), 1);
    size_t words = 0, values = 0, i;
    json_t *change;
    json_array_foreach(json_object_get(j, "changes"), i, change)
    {
        words += json_object_get(change, "words") != NULL;
        values += json_object_get(change, "to") != NULL;
    }
    cr_assert_eq(words, 2, "B1's rationale and the finding's text");
    cr_assert_eq(values, 2, "B1's grade and the action's day");
    json_decref(j);
    audit_free(from);
    audit_free(to);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(diff, of_a_state_with_itself_is_nothing)
{
    struct audit *from;
    struct room *r = changed(&from);
    struct diff_source src = source(from, from);
    struct buf out = BUF_INIT;
    cr_assert_eq(render_diff(&src, &out), ERR_OK);
    cr_assert(strstr(buf_cstr(&out), "No answer that you may read has changed."), "%s",
              buf_cstr(&out));
    cr_assert_not(strstr(buf_cstr(&out), "between"), "%s", buf_cstr(&out));
    buf_free(&out);
    audit_free(from);
    room_free(r);
    CHECK_NO_LEAKS();
}

/* ---- points ---- */

Test(diff, points_are_found_by_name_number_and_time)
{
    struct room *r = room_new();
    struct diff_point p;
    struct err_info why;
    const char *from, *to;
    cr_assert_eq(diff_point_find(r->a, "submitted", &p, &why), ERR_INPUT);
    cr_assert(strstr(why.text, "not been submitted"), "%s", why.text);
    diff_points_usual(r->a, &from, &to);
    cr_assert_null(from, "nothing to begin with");
    cr_assert_eq(room_move(r, AUDIT_AGREED), ERR_OK, "%s", r->why.text);
    uint64_t agreed = audit_seq(r->a);
    diff_points_usual(r->a, &from, &to);
    cr_assert_str_eq(from, "agreed");
    cr_assert_str_eq(to, "now");
    cr_assert_eq(room_move(r, AUDIT_SUBMITTED), ERR_OK);
    cr_assert_eq(room_move(r, AUDIT_MODERATING), ERR_OK);
    cr_assert_eq(room_move(r, AUDIT_MODERATED), ERR_OK);
    uint64_t final = audit_seq(r->a);
    cr_assert_eq(diff_point_find(r->a, "agreed", &p, &why), ERR_OK);
    cr_assert_eq(p.seq, agreed);
    cr_assert_eq(diff_point_find(r->a, "final", &p, &why), ERR_OK);
    cr_assert_eq(p.seq, final);
    cr_assert_eq(diff_point_find(r->a, "now", &p, &why), ERR_OK);
    cr_assert_eq(p.seq, 0);
    cr_assert_eq(diff_point_find(r->a, "2", &p, &why), ERR_OK);
    cr_assert_eq(p.seq, 2);
    cr_assert_eq(diff_point_find(r->a, "2026-11-24T09:30Z", &p, &why), ERR_OK);
    cr_assert(p.utc_ms > 0 && !p.seq);
    cr_assert_eq(diff_point_find(r->a, "9999", &p, &why), ERR_INPUT);
    cr_assert_eq(diff_point_find(r->a, "yesterday", &p, &why), ERR_INPUT);
    diff_points_usual(r->a, &from, &to);
    cr_assert_str_eq(from, "submitted");
    cr_assert_str_eq(to, "final");
    room_free(r);
    CHECK_NO_LEAKS();
}
