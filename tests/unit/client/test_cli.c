#include "client/cli.h"

#include <criterion/criterion.h>
#include <string.h>

#include "client/commands.h"

Test(cli, every_row_of_the_table_is_complete_and_named_once)
{
    size_t n;
    const struct command *rows = commands_table(&n);
    for (size_t i = 0; i < n; i++) {
        cr_assert(rows[i].name && rows[i].usage && rows[i].help && rows[i].run);
        cr_assert_leq(rows[i].min_args, rows[i].max_args, "%s", rows[i].name);
        cr_assert_leq(strlen(rows[i].name), 16, "%s fits its column", rows[i].name);
        cr_assert_leq(strlen(rows[i].help), 60, "%s: help fits 80 columns", rows[i].name);
        cr_assert_lt(rows[i].group, COMMAND_GROUPS, "%s", rows[i].name);
        cr_assert_eq(commands_find(rows[i].name), &rows[i], "%s is there twice", rows[i].name);
        for (const struct cli_option *o = rows[i].options; o && o->name; o++)
            cr_assert(!strncmp(o->name, "--", 2) && o->help[0], "%s %s", rows[i].name, o->name);
    }
}

static enum err parse(const char *name, struct cli *c, struct err_info *why, int argc, char **argv)
{
    return cli_parse(commands_find(name), argc, argv, c, why);
}

Test(cli, options_may_stand_anywhere_and_two_dashes_end_them)
{
    struct cli c;
    struct err_info why;
    char *argv[] = {"--must-answer", "REF", "--on=a b", "B1", "--as", "ana", "--", "--text"};
    cr_assert_eq(parse("comment", &c, &why, 8, argv), ERR_OK, "%s", why.text);
    cr_assert_eq(c.nargs, 3);
    cr_assert_str_eq(c.args[2], "--text");
    cr_assert_str_eq(cli_option(&c, "--on"), "a b");
    cr_assert_not_null(cli_option(&c, "--must-answer"));
    cr_assert_str_eq(c.as, "ana");
    cr_assert_not(c.json);
}

Test(cli, an_option_may_be_repeated)
{
    struct cli c;
    struct err_info why;
    char *argv[] = {"FCA", "--child", "A", "--carer", "X", "--child", "B"};
    cr_assert_eq(parse("new", &c, &why, 7, argv), ERR_OK);
    cr_assert_str_eq(cli_option_at(&c, "--child", 0), "A");
    cr_assert_str_eq(cli_option_at(&c, "--child", 1), "B");
    cr_assert_null(cli_option_at(&c, "--child", 2));
}

Test(cli, what_does_not_fit_is_refused_with_its_name)
{
    struct cli c;
    struct err_info why;
    char *unknown[] = {"REF", "--colour"}, *no_value[] = {"REF", "--at"};
    char *too_many[] = {"REF", "more"}, *valued[] = {"REF", "--json=yes"};
    char *no_json[] = {"REF", "--json"};
    cr_assert_eq(parse("show", &c, &why, 2, unknown), ERR_INPUT);
    cr_assert(strstr(why.text, "--colour"));
    cr_assert_eq(parse("show", &c, &why, 2, no_value), ERR_INPUT);
    cr_assert(strstr(why.text, "--at SEQ|TIME"));
    cr_assert_eq(parse("show", &c, &why, 2, too_many), ERR_INPUT);
    cr_assert(strstr(why.text, "more"));
    cr_assert_eq(parse("show", &c, &why, 0, NULL), ERR_INPUT);
    cr_assert_eq(parse("show", &c, &why, 2, valued), ERR_INPUT);
    cr_assert_eq(parse("open", &c, &why, 2, no_json), ERR_INPUT);
}

Test(cli, a_mistyped_word_finds_its_neighbour_and_nonsense_none)
{
    cr_assert_str_eq(commands_nearest("shwo"), "show");
    cr_assert_str_eq(commands_nearest("histroy"), "history");
    cr_assert_null(commands_nearest("zzzzzz"));
    cr_assert_null(commands_nearest(""));
}
