#include "client/render/duties.h"

#include <criterion/criterion.h>
#include <string.h>

#include "common/audit/event.h"
#include "common/utf8.h"
#include "server/rules/duty.h"
#include "tests/lib/leaks.h"

static Tandem__Duty duty(const char *text, const char *due, int days_left, bool mine)
{
    Tandem__Duty d = TANDEM__DUTY__INIT;
    d.ref = "FCA-2026-0001";
    d.text = (char *)(uintptr_t)text;
    d.due = (char *)(uintptr_t)due;
    d.days_left = days_left;
    d.kind = "agree";
    d.role = ROLE_FTM;
    d.mine = mine;
    return d;
}

static const char *clock_of(int days_left, const char *due, struct buf *out)
{
    Tandem__Duty d = duty("x", due, days_left, true);
    buf_clear(out);
    render_clock(&d, out);
    return buf_cstr(out);
}

Test(duties, the_clock_counts_working_days)
{
    struct buf b = BUF_INIT;
    cr_assert_str_eq(clock_of(-3, "2026-11-19", &b), "3 wd late");
    cr_assert_str_eq(clock_of(0, "2026-11-24", &b), "today");
    cr_assert_str_eq(clock_of(12, "2026-12-10", &b), "in 12 wd");
    cr_assert_str_eq(clock_of(0, "", &b), "");
    buf_free(&b);
    CHECK_NO_LEAKS();
}

Test(duties, are_grouped_and_keep_their_order)
{
    Tandem__Duty a = duty("first late", "2026-11-10", -10, true);
    Tandem__Duty b = duty("second late", "2026-11-20", -2, true);
    Tandem__Duty c = duty("due today", "2026-11-24", 0, true);
    Tandem__Duty d = duty("no day", "", 0, true), e = duty("soon", "2026-11-26", 2, false);
    Tandem__Duty *all[] = {&d, &a, &b, &c, &e};
    struct buf out = BUF_INIT;
    cr_assert_eq(render_duties(all, 5, 0, &out), 5);
    const char *s = buf_cstr(&out), *at = s;
    static const char *const order[] = {"Late\n",  "first late",      "second late",
                                        "Today\n", "due today",       "Coming\n",
                                        "soon",    "Without a day\n", "no day"};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        at = strstr(at, order[i]);
        cr_assert(at, "%s after what stands before it: %s", order[i], s);
    }
    cr_assert(strstr(s, "FTM: soon"), "whose it is, when it is not the reader's: %s", s);
    cr_assert_not(strstr(s, "FTM: due today"), "%s", s);
    cr_assert(strstr(s, "tandem sign FCA-2026-0001"), "%s", s);
    buf_free(&out);
    CHECK_NO_LEAKS();
}

static size_t lines_of(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += *s == '\n';
    return n;
}

Test(duties, a_short_list_says_how_many_more_there_are)
{
    Tandem__Duty late = duty("late", "2026-11-10", -10, true),
                 soon = duty("soon", "2026-12-01", 5, true);
    Tandem__Duty *all[] = {&soon, &soon, &late, &soon};
    struct buf out = BUF_INIT;
    render_duties_short(all, 4, 3, &out);
    const char *s = buf_cstr(&out);
    cr_assert_eq(lines_of(s), 3, "%s", s);
    cr_assert(strstr(s, "late") < strstr(s, "soon"), "what is late stands first: %s", s);
    cr_assert(strstr(s, "and 2 more: tandem inbox"), "%s", s);
    buf_clear(&out);
    render_duties_short(all, 3, 3, &out);
    cr_assert_eq(lines_of(buf_cstr(&out)), 3);
    cr_assert_not(strstr(buf_cstr(&out), "more"), "%s", buf_cstr(&out));
    buf_clear(&out);
    render_duties_short(all, 0, 3, &out);
    cr_assert_eq(out.len, 0);
    buf_free(&out);
    CHECK_NO_LEAKS();
}

/* The server names its duties; whoever adds one decides here what does it. */
Test(duties, of_every_kind_name_a_command)
{
    static const char *const in_the_room[] = {
        "prepare_view", "prepare_assessment", "answer",  "settle",
        "moderate",     "answer_query",       "respond", "decide",
        "plan"};
    for (int k = DUTY_VIEW; k < DUTY_END; k++) {
        Tandem__Duty d = duty("x", "", 0, true);
        struct buf out = BUF_INIT;
        bool room = false;
        d.kind = (char *)(uintptr_t)duty_def((enum duty_kind)k)->code;
        for (size_t i = 0; i < sizeof in_the_room / sizeof *in_the_room; i++)
            room = room || !strcmp(in_the_room[i], d.kind);
        render_duty_command(&d, &out);
        cr_assert_eq(room, !strcmp(buf_cstr(&out), "tandem open FCA-2026-0001"), "%s: %s", d.kind,
                     buf_cstr(&out));
        buf_free(&out);
    }
    CHECK_NO_LEAKS();
}

Test(duties, hide_no_character)
{
    Tandem__Duty d = duty("see\x1b[2Jthis\nand that", "2026-11-24", 0, true);
    struct buf out = BUF_INIT;
    render_duty(&d, &out);
    cr_assert_not(strchr(buf_cstr(&out), '\x1b'), "%s", buf_cstr(&out));
    cr_assert_not(strchr(buf_cstr(&out), '\n'), "one line");
    buf_free(&out);
    CHECK_NO_LEAKS();
}

/* ---- what may follow ---- */

static Tandem__Missing missing(const char *sentence)
{
    Tandem__Missing m = TANDEM__MISSING__INIT;
    m.sentence = (char *)(uintptr_t)sentence;
    return m;
}

Test(steps, say_what_is_missing_one_per_line)
{
    Tandem__Missing rationale = missing("B3 has a grade and no reason yet"),
                    voice = missing("The carer's view (J2) is not asked for");
    Tandem__Missing *list[] = {&rationale, &voice};
    Tandem__Step sign = TANDEM__STEP__INIT, withdraw = TANDEM__STEP__INIT;
    sign.to = AUDIT_AGREED;
    sign.title = "Sign";
    sign.command = "tandem sign FCA-2026-0001";
    sign.you = true;
    sign.by_signing = true;
    sign.n_missing = 2;
    sign.missing = list;
    withdraw.to = AUDIT_WITHDRAWN;
    withdraw.title = "Withdraw";
    withdraw.who = "Quin Day (QA)";
    withdraw.reason = "why: a duplicate";
    withdraw.reason_needed = true;
    Tandem__Step *steps[] = {&withdraw, &sign};
    Tandem__Steps all = TANDEM__STEPS__INIT;
    all.state = AUDIT_IN_PROGRESS;
    all.revision = 142;
    all.n_steps = 2;
    all.steps = steps;
    struct buf out = BUF_INIT;
    render_steps("FCA-2026-0001", &all, &out);
    const char *s = buf_cstr(&out);
    cr_assert(strstr(s, "FCA-2026-0001 is IN_PROGRESS, revision 142.\n"), "%s", s);
    cr_assert(strstr(s, "You can:\n  Sign: tandem sign FCA-2026-0001\n    Still missing:\n"
                        "      - B3 has a grade and no reason yet\n"
                        "      - The carer's view (J2) is not asked for\n"),
              "%s", s);
    cr_assert(strstr(s, "Others can:\n  Withdraw - Quin Day (QA)\n    The reason says why"), "%s",
              s);
    cr_assert(strstr(s, "You can") < strstr(s, "Others can"), "%s", s);
    buf_clear(&out);
    cr_assert_eq(render_missing(&all, AUDIT_AGREED, &out), 2);
    cr_assert_eq(lines_of(buf_cstr(&out)), 2);
    cr_assert_eq(render_missing(&all, AUDIT_CLOSED, &out), 0);
    buf_free(&out);
    CHECK_NO_LEAKS();
}

Test(steps, of_json_have_the_fields_that_the_help_names)
{
    Tandem__Duty d = duty("Sign", "2026-11-20", -2, true), undated = duty("Look", "", 0, true);
    Tandem__Duty *duties[] = {&d, &undated};
    Tandem__Step begin = TANDEM__STEP__INIT;
    begin.to = AUDIT_IN_PROGRESS;
    begin.stage = 3;
    Tandem__Step *steps[] = {&begin};
    Tandem__Steps all = TANDEM__STEPS__INIT;
    all.state = AUDIT_PLANNED;
    all.n_steps = 1;
    all.steps = steps;
    all.n_duties = 2;
    all.duties = duties;
    json_t *j = render_steps_json("CHA-2026-0001", &all);
    cr_assert_not_null(j);
    json_t *step = json_array_get(json_object_get(j, "steps"), 0);
    cr_assert_eq(json_integer_value(json_object_get(step, "stage")), 2, "stages count from 0");
    json_t *row = json_array_get(json_object_get(j, "duties"), 0);
    cr_assert_eq(json_integer_value(json_object_get(row, "days_left")), -2);
    cr_assert_str_eq(json_string_value(json_object_get(row, "role")), "FTM");
    row = json_array_get(json_object_get(j, "duties"), 1);
    cr_assert(json_is_null(json_object_get(row, "days_left")), "no day, no days left");
    json_decref(j);
    CHECK_NO_LEAKS();
}
