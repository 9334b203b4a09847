#ifndef TANDEM_CLIENT_CLI_H
#define TANDEM_CLIENT_CLI_H

/* The command line, taken apart as a command's row in the table says. */

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

enum { CLI_MAX_ARGS = 64 };

struct cli_option {
    const char *name; /* "--carer" */
    const char *arg;  /* "REF"; NULL: a switch */
    const char *help;
};

/* Which heading of `tandem help` a command stands under. */
enum command_group { TOGETHER, LIFE, ACTIONS, MANAGERS, SITE, COMMAND_GROUPS };

struct cli;
struct command {
    const char *name;
    const char *usage; /* what stands behind the name */
    const char *help;  /* one line */
    int min_args, max_args;
    bool json;                        /* has --json */
    const struct cli_option *options; /* ends with a row without name; NULL: none */
    int (*run)(const struct cli *c);  /* an exit code */
    const char *more;                 /* further help, or NULL */
    enum command_group group;
};

struct cli {
    const struct command *command;
    const char *args[CLI_MAX_ARGS];
    int nargs;
    struct {
        const char *name, *value;
    } options[CLI_MAX_ARGS];
    int noptions;
    bool json;
    const char *as; /* --as NAME */
};

/* The value of an option ("" for a switch that is set), or NULL. */
const char *cli_option(const struct cli *c, const char *name);
/* The i-th value of an option that may be repeated, or NULL. */
const char *cli_option_at(const struct cli *c, const char *name, int i);

/* ERR_INPUT with a sentence: an unknown option, one without its value, too few or many arguments.
 * Options may stand anywhere; "--" ends them. */
MUST_CHECK enum err cli_parse(const struct command *command, int argc, char **argv, struct cli *out,
                              struct err_info *why);

/* Prints "tandem: TEXT" to stderr, made safe, and returns the exit code that belongs to `e`. */
int cli_fail(enum err e, const char *text);
/* A note on what was done all the same: "tandem: note: TEXT" to stderr, made safe. */
void cli_note(const char *text);
/* As cli_fail for a usage error. */
int cli_usage(const struct cli *c, const char *text);
/* Prints what others wrote, made safe, on stdout. */
void cli_print_safe(const char *s, bool multi_line);

/* Which of `words` (NULL-terminated) is most like `word`? NULL when none is near. */
const char *cli_nearest(const char *word, const char *const *words);

#endif
