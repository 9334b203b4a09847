#include "tests/lib/vterm_screen.h"

#include <criterion/criterion.h>
#include <string.h>

static struct vscreen *shell(const char *script)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    struct vscreen *s = vscreen_start(argv, NULL, 6, 30);
    cr_assert_not_null(s);
    return s;
}

Test(vterm_screen, shows_what_a_program_prints_and_its_exit_status)
{
    struct vscreen *s = shell("printf 'one\\r\\n\\033[7mtwo\\033[0m \\346\\227\\245'; exit 7");
    cr_assert(vscreen_wait_text(s, "two 日", 5000), "%s", vscreen_dump(s));
    cr_assert_str_eq(vscreen_row(s, 0), "one");
    cr_assert(vscreen_reverse_at(s, 1, 0));
    cr_assert_not(vscreen_reverse_at(s, 0, 0));
    cr_assert_not(vscreen_coloured(s));
    cr_assert_not(vscreen_wait_text(s, "three", 50));
    cr_assert_eq(vscreen_end(s, 5000), 7);
}

Test(vterm_screen, feeds_keys_and_pastes_in_brackets_once_asked)
{
    struct vscreen *s = shell("stty -echo; printf '\\033[?2004hready'; read -r l; printf '\\r\\n'; "
                              "printf %s \"$l\" | tr '\\033' E; read -r x");
    cr_assert(vscreen_wait_text(s, "ready", 5000));
    vscreen_paste(s, "ab");
    vscreen_key(s, VSCREEN_ENTER);
    cr_assert(vscreen_wait_text(s, "E[200~abE[201~", 5000), "%s", vscreen_dump(s));
    vscreen_free(s);
}

Test(vterm_screen, waits_for_several_screens_and_tells_of_resizes)
{
    const char *script =
        "trap 'stty size' WINCH; echo up; while :; do read -r l && echo got $l; done";
    struct vscreen *both[2] = {shell(script), shell(script)};
    for (int i = 0; i < 2; i++)
        cr_assert(vscreen_wait_text(both[i], "up", 5000));
    vscreen_type(both[0], "x\n");
    vscreen_type(both[1], "y\n");
    cr_assert(vscreen_wait_text(both[0], "got x", 5000));
    cr_assert(vscreen_wait_text(both[1], "got y", 5000));
    vscreen_resize(both[0], 10, 40);
    vscreen_type(both[0], "z\n");
    cr_assert(vscreen_wait_text(both[0], "10 40", 5000), "%s", vscreen_dump(both[0]));
    vscreen_free(both[0]);
    vscreen_free(both[1]);
}

Test(vterm_screen, kills_a_program_that_does_not_end)
{
    struct vscreen *s = shell("while :; do read -r l; done");
    cr_assert_eq(vscreen_end(s, 50), -1);
}
