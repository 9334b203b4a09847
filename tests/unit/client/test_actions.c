#include "client/render/actions.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/lib/audit_make.h"
#include "tests/lib/leaks.h"

/* An action with words for each letter but M, due on the first of December. */
static struct room *with_action(void)
{
    struct room *r = room_new();
    cr_assert_eq(room_add(r, P_FRO, "L3.actions"), ERR_OK);
    cr_assert_eq(room_type(r, P_FRO, "L3[1].specific",
                           "Book respite for the half-term\nand tell both children the dates"),
                 ERR_OK);
    cr_assert_eq(room_type(r, P_FRO, "L3[1].change", "The children know where they will be"),
                 ERR_OK);
    cr_assert_eq(room_set(r, P_FRO, "L3[1].owner", "FSW Ben O."), ERR_OK);
    cr_assert_eq(room_set(r, P_FRO, "L3[1].due", "2026-12-01"), ERR_OK);
    return r;
}

static enum err record(struct room *r, const char *where, const char *value)
{
    struct audit_op op = {
        .kind = OP_SET, .set = {.field = room_field(r, where), .value = value}
    };
    return room_do(r, 0, &op, 1);
}

Test(actions, say_how_they_stand_and_what_is_missing)
{
    struct room *r = with_action();
    struct action_line l;
    render_action(r->a, room_field(r, "L3[1].due"), "2026-11-24", &l);
    cr_assert_str_eq(l.where, "L3[1]");
    cr_assert_str_eq(l.status, "open", "nothing is recorded yet");
    cr_assert_str_eq(l.owner, "FSW Ben O.");
    cr_assert_eq(l.days_late, 0);
    cr_assert(strchr(l.gaps, 'M'), "how is it known that it is done? %s", l.gaps);
    cr_assert_not(strchr(l.gaps, 'T'), "%s", l.gaps);
    cr_assert_not(strchr(l.what, '\n'), "one line: %s", l.what);
    cr_assert(!strncmp(l.what, "Book respite for the half-term and", 34), "%s", l.what);
    action_line_fini(&l);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(actions, are_late_by_days_until_they_are_settled)
{
    struct room *r = with_action();
    struct action_line l;
    struct field f = room_field(r, "L3[1].due");
    render_action(r->a, f, "2026-12-01", &l);
    cr_assert_eq(l.days_late, 0, "not on the day itself");
    action_line_fini(&l);
    render_action(r->a, f, "2026-12-13", &l);
    cr_assert_eq(l.days_late, 12);
    cr_assert(strchr(l.gaps, 'T'), "its day is over");
    action_line_fini(&l);
    cr_assert_eq(record(r, "L3[1].status", "done_verified"), ERR_OK, "%s", r->why.text);
    render_action(r->a, f, "2026-12-13", &l);
    cr_assert_eq(l.days_late, 0);
    cr_assert_not(strchr(l.gaps, 'T'), "no day is missed any more: %s", l.gaps);
    action_line_fini(&l);
    room_free(r);
    CHECK_NO_LEAKS();
}

Test(actions, without_anything_written_have_every_gap)
{
    struct room *r = room_new();
    struct action_line l;
    cr_assert_eq(room_add(r, P_FRO, "L3.actions"), ERR_OK);
    render_action(r->a, room_field(r, "L3[1].due"), "2026-11-24", &l);
    cr_assert_str_eq(l.gaps, "SMART");
    cr_assert_str_eq(l.what, "");
    json_t *j = render_action_json(&l);
    cr_assert_str_eq(json_string_value(json_object_get(j, "smart_gaps")), "SMART");
    cr_assert_str_eq(json_string_value(json_object_get(j, "action")), "L3[1]");
    json_decref(j);
    action_line_fini(&l);
    room_free(r);
    CHECK_NO_LEAKS();
}
