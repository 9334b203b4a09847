#include "client/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

const char *cli_option_at(const struct cli *c, const char *name, int i)
{
    for (int k = 0; k < c->noptions; k++)
        if (!strcmp(c->options[k].name, name) && i-- == 0)
            return c->options[k].value;
    return NULL;
}

const char *cli_option(const struct cli *c, const char *name)
{
    return cli_option_at(c, name, 0);
}

static const struct cli_option everywhere[] = {
    {"--as",   "NAME", "which profile"},
    {"--json", NULL,   ""             },
    {NULL,     NULL,   NULL           }
};

static const struct cli_option *find(const struct cli_option *rows, const char *name, size_t len)
{
    for (; rows && rows->name; rows++)
        if (strlen(rows->name) == len && !strncmp(rows->name, name, len))
            return rows;
    return NULL;
}

static enum err take_option(struct cli *out, int argc, char **argv, int *i, struct err_info *why)
{
    const char *word = argv[*i], *equals = strchr(word, '=');
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    const struct cli_option *o = find(out->command->options, word, len);
    if (!o)
        o = find(everywhere, word, len);
    if (!o || (!strcmp(o->name, "--json") && !out->command->json))
        return err_set(why, ERR_INPUT, "%s has no option %.*s.", out->command->name, (int)len,
                       word);
    const char *value = equals ? equals + 1 : "";
    if (!o->arg && equals)
        return err_set(why, ERR_INPUT, "%s takes no value.", o->name);
    if (o->arg && !equals) {
        if (*i + 1 >= argc)
            return err_set(why, ERR_INPUT, "%s needs a value: %s %s.", o->name, o->name, o->arg);
        value = argv[++*i];
    }
    if (!strcmp(o->name, "--json"))
        out->json = true;
    else if (!strcmp(o->name, "--as"))
        out->as = value;
    if (out->noptions == CLI_MAX_ARGS)
        return err_set(why, ERR_INPUT, "There are too many options.");
    out->options[out->noptions].name = o->name;
    out->options[out->noptions++].value = value;
    return ERR_OK;
}

enum err cli_parse(const struct command *command, int argc, char **argv, struct cli *out,
                   struct err_info *why)
{
    *out = (struct cli){.command = command};
    bool options = true;
    for (int i = 0; i < argc; i++) {
        if (options && !strcmp(argv[i], "--")) {
            options = false;
        } else if (options && argv[i][0] == '-' && argv[i][1] == '-') {
            enum err e = take_option(out, argc, argv, &i, why);
            if (e)
                return e;
        } else if (out->nargs == CLI_MAX_ARGS) {
            return err_set(why, ERR_INPUT, "There are too many arguments.");
        } else {
            out->args[out->nargs++] = argv[i];
        }
    }
    if (out->nargs < command->min_args)
        return err_set(why, ERR_INPUT, "Something is missing: tandem %s %s", command->name,
                       command->usage);
    if (out->nargs > command->max_args)
        return err_set(why, ERR_INPUT, "\"%s\" is too much: tandem %s %s",
                       out->args[command->max_args], command->name, command->usage);
    return ERR_OK;
}

int cli_fail(enum err e, const char *text)
{
    struct buf safe = BUF_INIT;
    text_safe(&safe, text, strlen(text), true);
    (void)fflush(stdout);
    (void)fprintf(stderr, "tandem: %s\n", buf_cstr(&safe));
    buf_free(&safe);
    return (int)err_exit_code(e);
}

void cli_note(const char *text)
{
    struct buf safe = BUF_INIT;
    text_safe(&safe, text, strlen(text), false);
    (void)fprintf(stderr, "tandem: note: %s\n", buf_cstr(&safe));
    buf_free(&safe);
}

int cli_usage(const struct cli *c, const char *text)
{
    (void)cli_fail(ERR_INPUT, text);
    (void)fprintf(stderr, "usage: tandem %s %s\n", c->command->name, c->command->usage);
    return EXIT_USAGE;
}

void cli_print_safe(const char *s, bool multi_line)
{
    struct buf safe = BUF_INIT;
    text_safe(&safe, s, strlen(s), multi_line);
    (void)fputs(buf_cstr(&safe), stdout); /* safe text holds no NUL */
    buf_free(&safe);
}

/* ---- "did you mean" ---- */

/* Edits from `a` to `b`: a letter more, less or other, two neighbours swapped (Damerau 1964). Words
 * of at most 31 letters. */
static unsigned distance(const char *a, const char *b)
{
    unsigned rows[32][32];
    size_t la = strlen(a), lb = strlen(b);
    if (la > 31 || lb > 31)
        return 99;
    for (size_t i = 0; i <= la; i++)
        for (size_t j = 0; j <= lb; j++) {
            if (!i || !j) {
                rows[i][j] = (unsigned)(i + j);
                continue;
            }
            unsigned best = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            best = rows[i - 1][j] + 1 < best ? rows[i - 1][j] + 1 : best;
            best = rows[i][j - 1] + 1 < best ? rows[i][j - 1] + 1 : best;
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && rows[i - 2][j - 2] + 1 < best)
                best = rows[i - 2][j - 2] + 1;
            rows[i][j] = best;
        }
    return rows[la][lb];
}

const char *cli_nearest(const char *word, const char *const *words)
{
    const char *best = NULL;
    unsigned least = strlen(word) > 4 ? 3 : 2;
    for (; *words; words++) {
        unsigned d = distance(word, *words);
        if (d < least) {
            least = d;
            best = *words;
        }
    }
    return best;
}
