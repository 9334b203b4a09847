#include "client/commands.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdlib.h>
#include <string.h>

#include "client/cmd_life.h"

/* No profile and no server: what is refused here was refused before anybody was asked. */
static void nowhere(void)
{
    setenv("TANDEM_HOME", "/nonexistent", 1);
    cr_redirect_stderr();
    cr_redirect_stdout();
}

TestSuite(usage, .init = nowhere);

enum { MOST_WORDS = 12 };

static int run(const char *const *words)
{
    char *argv[MOST_WORDS + 1];
    int n = 0;
    for (; words[n]; n++)
        argv[n] = (char *)(uintptr_t)words[n];
    argv[n] = NULL;
    return commands_run(n, argv);
}

Test(usage, what_cannot_be_meant_is_refused_before_the_server_is_asked)
{
    /* clang-format off */
    static const char *const wrong[][MOST_WORDS] = {
        {"new", "FCA"},
        {"new", "FCA", "--carer", "C", "--planned", "soon"},
        {"new", "FCA", "--carer", "C", "--planned", "2027-02-30"},
        {"new", "FCA", "--carer", "C", "--period", "2027-01-01"},
        {"new", "FCA", "--carer", "C", "--period", "2027-01-01..later"},
        {"new", "FCA", "--carer", "C", "--start", ""},
        {"move", "FCA-2026-0001"},
        {"move", "FCA-2026-0001", "SUBMITED"},
        {"move", "FCA-2026-0001", "IN_PROGRESS", "--stage", "5"},
        {"move", "FCA-2026-0001", "IN_PROGRESS", "--stage", "-1"},
        {"move", "FCA-2026-0001", "IN_PROGRESS", "--stage", "two"},
        {"plan", "FCA-2026-0001", "2027-03-25"},
        {"plan", "FCA-2026-0001", "someday", "--reason", "x"},
        {"rules", "--dot", "--text"},
        {"assign", "FCA-2026-0001"},
        {"action", "FCA-2026-0001", "L5[1]", "due", "next week", "--reason", "x"},
        {"action", "FCA-2026-0001", "L5[1]", "vrify"},
        {"flag", "FCA-2026-0001", "a concern"},
        {"flag", "FCA-2026-0001", "a concern", "--told", "Tom", "--at", "just now"},
        {"flag-note", "FCA-2026-0001", "1"},
        {"readers", "FCA-2026-0001", "--since", "long ago"},
        {"break-glass", "FCA-2026-0001"},
        {"break-glass", "FCA-2026-0001", "--reason", "x"},
        {"break-glass", "FCA-2026-0001", "--reason", "x", "--until", "0h"},
        {"break-glass", "FCA-2026-0001", "--end", "--reason", "x"},
        {"trigger", "reg24_48h"},
        {"trigger", "reg24_48h", "--child", "C", "--since", "then"},
        {"meeting", "new", "--trigger", "sgo", "--on", "2027-03-25"},
        {"meeting", "new", "--child", "C", "--on", "2027-03-25"},
        {"meeting", "new", "--child", "C", "--trigger", "sgo"},
        {"meeting", "new", "--child", "C", "--trigger", "sgo", "--on", "2027-03-25", "--hearing",
         "x"},
        {"meeting", "hold", "CPM-2027-0001"},
        {"meeting", "postpone", "CPM-2027-0001"},
        {"challenge", "new", "--subject", "x"},
        {"challenge", "new", "--child", "C"},
        {"challenge", "new", "--child", "C", "--subject", "x", "--stage", "9"},
        {"challenge", "step", "CHA-2027-0001", "1"},
        {"challenge", "step", "CHA-2027-0001", "7", "--position", "x"},
        {"challenge", "answer", "CHA-2027-0001"},
        {"diff", "FCA-2026-0001", "--format", "html"},
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_expect_eq(run(wrong[i]), EXIT_USAGE, "%s %s %s", wrong[i][0], wrong[i][1],
                     wrong[i][2] ? wrong[i][2] : "");
}

/* Without a profile nobody is known: the words were good, and that is what is said. */
Test(usage, what_can_be_meant_goes_on_to_the_server)
{
    /* clang-format off */
    static const char *const right[][MOST_WORDS] = {
        {"new", "IDA", "--child", "C"},
        {"new", "FCA", "--carer", "C", "--planned", "25/3/2027", "--period", "1/1/2026..31/12/2026"},
        {"move", "FCA-2026-0001", "follow-up"},
        {"move", "CHA-2026-0001", "in_progress", "--stage", "0"},
        {"plan", "FCA-2026-0001", "25/3/2027", "--reason", "x"},
        {"action", "FCA-2026-0001", "L5[1]", "not-effective", "--reason", "x"},
        {"flag", "FCA-2026-0001", "a concern", "--told", "Tom", "--at", "08:30"},
        {"break-glass", "FCA-2026-0001", "--end"},
        {"break-glass", "FCA-2026-0001", "--reason", "x", "--until", "48h"},
        {"trigger"},
        {"meeting", "list"},
        {"challenge", "step", "CHA-2027-0001", "4", "--position", "x"},
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        cr_expect_eq(run(right[i]), EXIT_NOT_AUTHENTICATED, "%s %s", right[i][0],
                     right[i][1] ? right[i][1] : "");
}

Test(usage, stages_are_said_from_0_and_sent_from_1)
{
    uint32_t stage = 9;
    cr_assert(move_stage(NULL, &stage));
    cr_assert_eq(stage, 0, "none named");
    cr_assert(move_stage("0", &stage));
    cr_assert_eq(stage, 1);
    cr_assert(move_stage("4", &stage));
    cr_assert_eq(stage, 5);
    cr_assert_not(move_stage("5", &stage));
    cr_assert_not(move_stage("", &stage));
    cr_assert_not(move_stage("12", &stage));
}
