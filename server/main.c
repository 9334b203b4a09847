/* tandemd: the command line. What the commands do is elsewhere. */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/process.h"
#include "server/net/control.h"
#include "server/net/daemon.h"
#include "server/offline.h"
#include "server/store/store_sqlite.h"

enum { MAX_WORDS = CONTROL_MAX_ARGS, MAX_ATTACHMENT = 1000 * 1000 };

static const char version[] = "tandemd 0.1.0";

/* ---- options ---- */

enum option {
    OPT_DATA = 1,
    OPT_SITE = 2,
    OPT_HOST = 4,
    OPT_LISTEN = 8,
    OPT_ROLE = 16,
    OPT_JSON = 32,
};
static const struct {
    const char *name;
    enum option option;
    const char *value; /* NULL: takes none */
    const char *help;
} options[] = {
    {"--data",   OPT_DATA,   "DIR",         "the site's data directory"                           },
    {"--site",   OPT_SITE,   "NAME",        "name of the authority or service, shown to everybody"},
    {"--host",   OPT_HOST,   "NAME",
     "name or address under which clients find the server; may "
     "be given several times, the first goes into codes"                                          },
    {"--listen", OPT_LISTEN, "ADDR:PORT",   "instead of the setting; port 0 = any free one"       },
    {"--role",   OPT_ROLE,   "ROLE[:TEAM]", "as in FRO:north; may be given several times"         },
    {"--json",   OPT_JSON,   NULL,          "for programs"                                        },
};
enum { NOPTIONS = sizeof options / sizeof *options };

/* A command line, taken apart. Words and values are borrowed from argv. */
struct call {
    const struct command *command;
    const char *words[MAX_WORDS]; /* behind the command's name */
    int nwords;
    const char *data, *site, *listen;
    const char *hosts[CONFIG_MAX_HOSTS + 1];
    size_t nhosts;
    const char *roles[MAX_WORDS];
    int nroles;
    bool json;
};

struct command {
    const char *name; /* one or two words */
    const char *usage, *help;
    int min_words, max_words;
    unsigned options; /* it may be given; OPT_DATA must be */
    int (*run)(const struct call *c);
};

static int run_init(const struct call *c);
static int run_serve(const struct call *c);
static int run_admin(const struct call *c);
static int run_template_add(const struct call *c);
static int run_backup(const struct call *c);
static int run_verify(const struct call *c);
static int run_rebuild(const struct call *c);
static int run_help(const struct call *c);
static int run_version(const struct call *c);

/* clang-format off */
static const struct command commands[] = {
    {"init", "--data DIR [--site NAME] [--host NAME]...",
     "make a site: authority, settings, database; prints the first administrator's code",
     0, 0, OPT_DATA | OPT_SITE | OPT_HOST, run_init},
    {"serve", "--data DIR [--listen ADDR:PORT]",
     "serve until stopped; prints \"listening on ADDR:PORT\" once it does",
     0, 0, OPT_DATA | OPT_LISTEN, run_serve},
    {"person add", "NAME --role ROLE[:TEAM] [--role ...] --data DIR",
     "add somebody; prints their enrolment code",
     1, 1, OPT_DATA | OPT_ROLE | OPT_JSON, run_admin},
    {"person list", "[--json] --data DIR",
     "everybody, with their roles",
     0, 0, OPT_DATA | OPT_JSON, run_admin},
    {"person revoke", "NAME --data DIR",
     "let somebody in no longer, from this moment",
     1, 1, OPT_DATA, run_admin},
    {"person code", "NAME [--json] --data DIR",
     "a new enrolment code (for another computer, or when the old one ran out)",
     1, 1, OPT_DATA | OPT_JSON, run_admin},
    {"template add", "FILE --data DIR",
     "check a template and make it ready for new audits",
     1, 1, OPT_DATA | OPT_JSON, run_template_add},
    {"template list", "[--json] --data DIR",
     "templates and their versions",
     0, 0, OPT_DATA | OPT_JSON, run_admin},
    {"verify", "--data DIR",
     "read everything and check it against its hashes (server stopped)",
     0, 0, OPT_DATA, run_verify},
    {"rebuild", "--data DIR",
     "make everything that is derived from the logs again (server stopped)",
     0, 0, OPT_DATA, run_rebuild},
    {"backup", "TO --data DIR",
     "a consistent copy of the whole site in a new directory, also while serving",
     1, 1, OPT_DATA, run_backup},
    {"health", "[--json] --data DIR",
     "how the running server is",
     0, 0, OPT_DATA | OPT_JSON, run_admin},
    {"help", "[COMMAND | settings]",
     "this, one command, or every setting of tandem.yaml",
     0, 2, 0, run_help},
    {"version", "", "which version this is", 0, 0, 0, run_version},
};
/* clang-format on */
enum { NCOMMANDS = sizeof commands / sizeof *commands };

/* ---- help ---- */

static void print_all(FILE *f)
{
    fprintf(f, "tandemd: the server of Tandem, for audits that several people write together\n\n"
               "usage: tandemd COMMAND ... --data DIR\n\n");
    for (size_t i = 0; i < NCOMMANDS; i++)
        fprintf(f, "  %-14s %s\n", commands[i].name, commands[i].help);
    fprintf(f, "\n`tandemd help COMMAND` says more; `tandemd help settings` explains "
               "tandem.yaml.\nExit codes: 0 done, 1 refused or failed, 2 usage, 3 no server is "
               "running.\n");
}

static void print_one(FILE *f, const struct command *c)
{
    fprintf(f, "usage: tandemd %s %s\n\n  %s\n\n", c->name, c->usage, c->help);
    for (size_t i = 0; i < NOPTIONS; i++)
        if (c->options & options[i].option)
            fprintf(f, "  %s %-*s  %s\n", options[i].name, 19 - (int)strlen(options[i].name),
                    options[i].value ? options[i].value : "", options[i].help);
}

/* How many letters must change to make one of the other (Levenshtein), for short words. */
static size_t distance(const char *a, const char *b)
{
    enum { MOST = 32 };
    size_t row[MOST + 1], n = strlen(b);
    if (n > MOST || strlen(a) > MOST)
        return MOST;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t change = corner + (a[i - 1] != b[j - 1]);
            size_t other = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            corner = row[j];
            row[j] = change < other ? change : other;
        }
    }
    return row[n];
}

static const char *nearest_command(const char *word)
{
    const char *best = NULL;
    size_t least = 4; /* farther away is not a typing error */
    for (size_t i = 0; i < NCOMMANDS; i++) {
        size_t d = distance(word, commands[i].name);
        if (d < least) {
            least = d;
            best = commands[i].name;
        }
    }
    return best;
}

static const char *nearest_option(const char *word)
{
    const char *best = NULL;
    size_t least = 4;
    for (size_t i = 0; i < NOPTIONS; i++) {
        size_t d = distance(word, options[i].name);
        if (d < least) {
            least = d;
            best = options[i].name;
        }
    }
    return best;
}

/* ---- taking the command line apart ---- */

/* The command that words [0, n) begin with; *used says how many are its name. */
static const struct command *find_command(const char *const *words, int n, int *used)
{
    for (size_t i = 0; i < NCOMMANDS; i++) {
        const char *name = commands[i].name, *space = strchr(name, ' ');
        size_t first = space ? (size_t)(space - name) : strlen(name);
        if (!n || strlen(words[0]) != first || strncmp(words[0], name, first))
            continue;
        if (space && (n < 2 || strcmp(words[1], space + 1)))
            continue;
        *used = space ? 2 : 1;
        return &commands[i];
    }
    return NULL;
}

static int usage(const struct command *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static int usage(const struct command *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "tandemd: ");
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    if (c)
        fprintf(stderr, "\nusage: tandemd %s %s\n", c->name, c->usage);
    else
        fprintf(stderr, "\n`tandemd help` lists the commands.\n");
    return EXIT_USAGE;
}

/* NULL: there is no such option. */
static const char *find_option(const char *word, size_t len, enum option *option, bool *takes_value)
{
    for (size_t i = 0; i < NOPTIONS; i++)
        if (strlen(options[i].name) == len && !strncmp(options[i].name, word, len)) {
            *option = options[i].option;
            *takes_value = options[i].value != NULL;
            return options[i].name;
        }
    return NULL;
}

static int take_option(struct call *c, enum option option, const char *value)
{
    switch (option) {
    case OPT_DATA:
        c->data = value;
        break;
    case OPT_SITE:
        c->site = value;
        break;
    case OPT_HOST:
        if (c->nhosts > CONFIG_MAX_HOSTS)
            return usage(c->command, "at most %d --host may be given.", CONFIG_MAX_HOSTS);
        c->hosts[c->nhosts++] = value;
        break;
    case OPT_LISTEN:
        c->listen = value;
        break;
    case OPT_ROLE:
        if (c->nroles == 16)
            return usage(c->command, "at most 16 roles may be given.");
        c->roles[c->nroles++] = value;
        break;
    case OPT_JSON:
        c->json = true;
        break;
    }
    return 0;
}

/* One argument that begins with "--"; *i moves on when it takes the next one as its value. */
static int parse_option(struct call *c, int argc, char **argv, int *i)
{
    const char *word = argv[*i], *equals = strchr(word, '=');
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    enum option option = 0;
    bool takes_value = false;
    const char *name = find_option(word, len, &option, &takes_value);
    if (!name) {
        const char *near = nearest_option(word);
        return near ? usage(c->command, "there is no option %s; did you mean %s?", word, near)
                    : usage(c->command, "there is no option %s.", word);
    }
    if (!(c->command->options & option))
        return usage(c->command, "`%s` does not take %s.", c->command->name, name);
    if (!takes_value)
        return equals ? usage(c->command, "%s takes no value.", name)
                      : take_option(c, option, NULL);
    const char *value = equals ? equals + 1 : *i + 1 < argc ? argv[++*i] : NULL;
    if (!value || !*value)
        return usage(c->command, "%s needs a value.", name);
    return take_option(c, option, value);
}

static int parse(struct call *c, int argc, char **argv)
{
    bool only_words = false;
    for (int i = 0; i < argc; i++) {
        int code = 0;
        if (!only_words && !strcmp(argv[i], "--"))
            only_words = true;
        else if (!only_words && !strncmp(argv[i], "--", 2))
            code = parse_option(c, argc, argv, &i);
        else if (c->nwords == MAX_WORDS)
            return usage(c->command, "too many words.");
        else
            c->words[c->nwords++] = argv[i];
        if (code)
            return code;
    }
    if (c->nwords < c->command->min_words)
        return usage(c->command, "something is missing.");
    if (c->nwords > c->command->max_words)
        return usage(c->command, "\"%s\" is too much; put names with spaces in quotes.",
                     c->words[c->command->max_words]);
    if ((c->command->options & OPT_DATA) && !c->data)
        return usage(c->command, "--data is missing: the site's data directory.");
    return 0;
}

/* ---- commands ---- */

/* The text belongs to stdout when all went well. */
static int say(int exit_code, struct buf *text)
{
    fputs(buf_cstr(text), exit_code ? stderr : stdout);
    buf_free(text);
    return exit_code;
}

static int run_init(const struct call *c)
{
    struct buf text = BUF_INIT;
    int code = offline_init(c->data, c->site ? c->site : "Tandem", c->hosts, c->nhosts, &text);
    if (!code)
        printf("A new site is in %s. Keep the file authority.key in it safe: it signs everybody's "
               "identity.\nStart the server with: tandemd serve --data %s\n\n",
               c->data, c->data);
    return say(code, &text);
}

static int run_serve(const struct call *c)
{
    static struct site site; /* large */
    struct err_info why;
    enum err e = site_load(c->data, &site, &why);
    if (e) {
        fprintf(stderr, "tandemd: %s\n", why.text);
        return (int)err_exit_code(e);
    }
    offline_add_builtins(c->data);
    static struct offline_rules rules; /* large */
    e = offline_rules_load(c->data, &rules, &why);
    if (!e) /* otherwise the server meets the same, and says so */
        site.config.store.rules = &rules.rules;
    int code = daemon_run(&site, c->listen);
    offline_rules_free(&rules);
    site_free(&site);
    return code;
}

/* Through the running server when there is one, else on the files. `words` replace those typed. */
static int run_through(const struct call *c, const char *const *words, int nwords,
                       const struct buf *attachment)
{
    const char *argv[MAX_WORDS];
    char first[16];
    int argc = 0, code = EXIT_REFUSED;
    struct buf text = BUF_INIT;
    struct err_info why;
    const char *space = strchr(c->command->name, ' ');
    size_t len = space ? (size_t)(space - c->command->name) : strlen(c->command->name);
    (void)snprintf(first, sizeof first, "%.*s", (int)len, c->command->name);
    argv[argc++] = first;
    if (space)
        argv[argc++] = space + 1;
    for (int i = 0; i < c->nroles; i++) {
        argv[argc++] = "--role";
        argv[argc++] = c->roles[i];
    }
    if (c->json)
        argv[argc++] = "--json";
    argv[argc++] = "--";
    for (int i = 0; i < nwords; i++)
        argv[argc++] = words[i];
    const void *data = attachment ? attachment->data : NULL;
    size_t data_len = attachment ? attachment->len : 0;
    enum err e = control_ask(c->data, argc, argv, data, data_len, &code, &text, &why);
    if (e == ERR_NET)
        code = offline_admin(c->data, argc, argv, data, data_len, &text);
    else if (e) {
        buf_clear(&text);
        buf_appendf(&text, "%s\n", why.text);
        code = EXIT_REFUSED;
    }
    return say(code, &text);
}

static int run_admin(const struct call *c)
{
    return run_through(c, c->words, c->nwords, NULL);
}

static int run_template_add(const struct call *c)
{
    struct buf file = BUF_INIT;
    int fd = open(c->words[0], O_RDONLY | O_CLOEXEC);
    ssize_t n = -1;
    while (fd >= 0 && file.len <= MAX_ATTACHMENT && buf_reserve(&file, 65536) &&
           (n = read(fd, file.data + file.len, 65536)) > 0)
        file.len += (size_t)n;
    int code = EXIT_REFUSED;
    if (n < 0)
        fprintf(stderr, "tandemd: %s cannot be read: %s.\n", c->words[0], strerror(errno));
    else if (n > 0)
        fprintf(stderr, "tandemd: %s is too large for a template.\n", c->words[0]);
    else
        code = run_through(c, c->words, 1, &file);
    if (fd >= 0)
        close(fd);
    buf_free(&file);
    return code;
}

/* The server makes the copy of the database, and may stand in another directory than we do. */
static int run_backup(const struct call *c)
{
    char here[2048] = "", to[4096];
    struct err_info why;
    const char *name = c->words[0];
    if (name[0] != '/' && !getcwd(here, sizeof here)) {
        fprintf(stderr, "tandemd: this directory has no path: %s.\n", strerror(errno));
        return EXIT_REFUSED;
    }
    if (snprintf(to, sizeof to, "%s%s%s", here, *here ? "/" : "", name) >= (int)sizeof to)
        return usage(c->command, "the path is too long.");
    const char *words[] = {to};
    int code = run_through(c, words, 1, NULL);
    if (code)
        return code;
    if (site_copy(c->data, to, &why)) {
        fprintf(stderr, "tandemd: %s The backup is not complete.\n", why.text);
        return EXIT_REFUSED;
    }
    printf("Authority and settings are copied as well: keep the copy as safe as the site. To "
           "restore it, stop the server and serve the copy: tandemd serve --data %s\n",
           name);
    return EXIT_DONE;
}

static int end_check(enum err e, const struct err_info *why)
{
    if (e)
        fprintf(stderr, "tandemd: %s\n", why->text[0] ? why->text : err_text(e));
    return (int)err_exit_code(e);
}

/* What people have to do also depends on who works here now, and is made again with a record's next
 * event only: no difference of it says that anything is damaged. */
static int run_verify(const struct call *c)
{
    struct err_info why = {0};
    return end_check(store_sqlite_verify(c->data, NULL, stdout, &why), &why);
}

static int run_rebuild(const struct call *c)
{
    struct err_info why = {0};
    static struct offline_rules rules; /* large */
    enum err e = offline_rules_load(c->data, &rules, &why);
    if (!e)
        e = store_sqlite_rebuild(c->data, &rules.rules, stdout, &why);
    offline_rules_free(&rules);
    return end_check(e, &why);
}

static int run_help(const struct call *c)
{
    int used;
    if (!c->nwords) {
        print_all(stdout);
        return EXIT_DONE;
    }
    if (!strcmp(c->words[0], "settings")) {
        struct buf text = BUF_INIT;
        config_help(&text);
        return say(EXIT_DONE, &text);
    }
    const struct command *about = find_command(c->words, c->nwords, &used);
    if (about) {
        print_one(stdout, about);
        return EXIT_DONE;
    }
    bool found = false; /* "person" alone: all that begin with it */
    for (size_t i = 0; i < NCOMMANDS; i++) {
        size_t len = strlen(c->words[0]);
        if (!strncmp(commands[i].name, c->words[0], len) && commands[i].name[len] == ' ') {
            print_one(stdout, &commands[i]);
            found = true;
        }
    }
    return found ? EXIT_DONE : usage(NULL, "there is no command \"%s\".", c->words[0]);
}

static int run_version(const struct call *c)
{
    (void)c;
    puts(version);
    return EXIT_DONE;
}

static int unknown_command(int argc, char **argv)
{
    char words[128];
    (void)snprintf(words, sizeof words, "%s%s%s", argv[1], argc > 2 && argv[2][0] != '-' ? " " : "",
                   argc > 2 && argv[2][0] != '-' ? argv[2] : "");
    const char *near = nearest_command(words);
    if (!near)
        near = nearest_command(argv[1]);
    return near ? usage(NULL, "there is no command \"%s\"; did you mean \"%s\"?", words, near)
                : usage(NULL, "there is no command \"%s\".", words);
}

int main(int argc, char **argv)
{
    struct call c = {0};
    int used = 0;
    process_leave_no_core();
    if (argc < 2) {
        print_all(stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        print_all(stdout);
        return EXIT_DONE;
    }
    if (!strcmp(argv[1], "--version"))
        return run_version(&c);
    c.command = find_command((const char *const *)(argv + 1), argc - 1, &used);
    if (!c.command)
        return unknown_command(argc, argv);
    for (int i = 1 + used; i < argc && strcmp(argv[i], "--"); i++)
        if (!strcmp(argv[i], "--help")) {
            print_one(stdout, c.command);
            return EXIT_DONE;
        }
    int code = parse(&c, argc - 1 - used, argv + 1 + used);
    return code ? code : c.command->run(&c);
}
