#include "client/commands.h"

#include <stdio.h>
#include <string.h>

static const struct cli_option enrol_options[] = {
    {"--server", "HOST:PORT", "when the code's own address is not right from here"},
    {NULL,       NULL,        NULL                                                }
};
static const struct cli_option new_options[] = {
    {"--carer",        "REF",      "the carer's record"                              },
    {"--child",        "REF",      "a child's record; may be repeated"               },
    {"--practitioner", "PERSON",   "the fostering social worker (name or number)"    },
    {"--period",       "FROM..TO", "YYYY-MM-DD..YYYY-MM-DD; default: up to today"    },
    {"--team",         "TEAM",     "when you are reviewing officer for several teams"},
    {NULL,             NULL,       NULL                                              }
};
static const struct cli_option invite_options[] = {
    {"--role",     "ROLE", "their part: FSW, CSW, IRO, FRO or a manager's role"},
    {"--sections", "A,B",  "CSW: which sections they write in"                 },
    {NULL,         NULL,   NULL                                                }
};
static const struct cli_option show_options[] = {
    {"--at",     "SEQ|TIME", "as it was: an event's number, YYYY-MM-DD or YYYY-MM-DDTHH:MM"},
    {"--format", "FORMAT",   "text (default), markdown or json"                            },
    {NULL,       NULL,       NULL                                                          }
};
static const struct cli_option set_options[] = {
    {"--was", "VALUE", "only if this stands there; else it is a conflict (exit code 5)"},
    {NULL,    NULL,    NULL                                                            }
};
static const struct cli_option write_options[] = {
    {"--append", NULL, "put it behind what stands there, on a new line"},
    {"--empty",  NULL, "take all words out; reads nothing"             },
    {NULL,       NULL, NULL                                            }
};
static const struct cli_option comment_options[] = {
    {"--on",          "WORDS", "on these words of the answer's text"   },
    {"--must-answer", NULL,    "the audit waits until this is answered"},
    {NULL,            NULL,    NULL                                    }
};
static const struct cli_option open_options[] = {
    {"--plain",     NULL, "line by line: for a screen reader or a simple terminal"},
    {"--read-only", NULL, "look without writing; nobody is told"                  },
    {NULL,          NULL, NULL                                                    }
};
static const struct cli_option kept_options[] = {
    {"--forget", NULL, "let them go"},
    {NULL,       NULL, NULL         }
};

static const char write_more[] =
    "The text comes from standard input. What stays the same keeps its authors; a last line end\n"
    "is not part of the text. A question without a part means its words: B1 is B1.rationale.\n"
    "What looks like an identifier of a person (an NHS number, a date of birth, a postcode, a "
    "phone\n"
    "number) is written all the same; a note says so, and how to say why it is needed.";
static const char set_more[] =
    "QUESTION is as `tandem show` prints it: B1, B5.date, D1[3].check, L5[2].due. VALUE \"\" "
    "empties\n"
    "it. VALUE + adds an item to a list and prints its address; - takes an item away. The grade "
    "of\n"
    "a judgement without a part is your own: the auditor's for FRO, the practitioner's for FSW.";

/* clang-format off: two lines for each, the second the same for all */
static const struct command table[] = {
    {"enrol",    "CODE [--as NAME] [--server HOST:PORT]",
     "make your key and certificate with a code from an administrator",                                                                 1, 1, true,  enrol_options,
     cmd_enrol,                                                                                                                                                                    NULL      },
    {"whoami",   "",                                                   "who you are here, and until when",                              0, 0, true,  NULL,            cmd_whoami,  NULL      },
    {"new",
     "TEMPLATE --carer REF [--child REF]... [--practitioner PERSON] [--period FROM..TO] [--team "
     "TEAM]",                                                          "begin an audit; prints its reference",                          1, 1, true,  new_options,     cmd_new,     NULL      },
    {"audits",   "",                                                   "the audits that you may see, how far they are, who is in them", 0, 0, true,
     NULL,                                                                                                                                                            cmd_audits,  NULL      },
    {"status",   "",                                                   "for managers: what is under way and what waits",                0, 0, true,  NULL,            cmd_status,
     NULL                                                                                                                                                                                    },
    {"people",   "",                                                   "who works here, with their roles",                              0, 0, true,  NULL,            cmd_people,  NULL      },
    {"invite",   "REF PERSON --role ROLE [--sections A,B]",            "give somebody a part in an audit",                              2, 2,
     true,                                                                                                                                           invite_options,  cmd_invite,  NULL      },
    {"uninvite", "REF PERSON",                                         "take somebody's part in an audit away",                         2, 2, true,  NULL,
     cmd_uninvite,                                                                                                                                                                 NULL      },
    {"open",     "REF [--plain] [--read-only]",                        "write together",                                                1, 1, false, open_options,    cmd_open,
     NULL                                                                                                                                                                                    },
    {"show",     "REF [--at SEQ|TIME] [--format text|json|markdown]",
     "print an audit as it stands, or as it was",                                                                                       1, 1, true,  show_options,    cmd_show,    NULL      },
    {"set",      "REF QUESTION VALUE [--was VALUE]",
     "choose an answer: a grade, yes or no, a date, a list's item",                                                                     3, 3, true,  set_options,
     cmd_set,                                                                                                                                                                      set_more  },
    {"write",    "REF QUESTION [--append|--empty]",                    "write an answer's words, from standard input",                  2,
     2,                                                                                                                                       true,  write_options,   cmd_write,   write_more},
    {"comment",  "REF QUESTION [--on \"words\"] [--must-answer] TEXT",
     "comment on an answer or on some of its words",                                                                                    3, 3, true,  comment_options, cmd_comment,
     NULL                                                                                                                                                                                    },
    {"reply",    "REF COMMENT TEXT",                                   "answer a comment",                                              3, 3, true,  NULL,            cmd_reply,   NULL      },
    {"resolve",  "REF COMMENT",                                        "close a comment",                                               2, 2, true,  NULL,            cmd_resolve, NULL      },
    {"follow",   "REF",                                                "what happens in an audit, line by line, as it happens",         1, 1, true,  NULL,
     cmd_follow,                                                                                                                                                                   NULL      },
    {"who",      "REF",                                                "who is in the audit's room now",                                1, 1, true,  NULL,            cmd_who,     NULL      },
    {"history",  "REF [QUESTION]",                                     "what happened in an audit so far",                              1, 2, true,  NULL,            cmd_history,
     NULL                                                                                                                                                                                    },
    {"blame",    "REF QUESTION",                                       "who wrote and who struck out which words, and when",            2, 2, true,
     NULL,                                                                                                                                                            cmd_blame,   NULL      },
    {"kept",     "REF [--forget]",                                     "words that could not be stored and are kept on this machine",   1, 1,
     true,                                                                                                                                           kept_options,    cmd_kept,    NULL      },
    {"help",     "[COMMAND]",                                          "this list, or a command's options; `help json` for the fields", 0, 1,
     false,                                                                                                                                          NULL,            cmd_help,    NULL      },
};
/* clang-format on */
enum { COMMANDS = sizeof table / sizeof *table };

const struct command *commands_table(size_t *count)
{
    *count = COMMANDS;
    return table;
}

const struct command *commands_find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (!strcmp(table[i].name, name))
            return &table[i];
    return NULL;
}

const char *commands_nearest(const char *word)
{
    const char *names[COMMANDS + 1];
    for (size_t i = 0; i < COMMANDS; i++)
        names[i] = table[i].name;
    names[COMMANDS] = NULL;
    return cli_nearest(word, names);
}

static int unknown(const char *word)
{
    struct err_info text;
    const char *near = commands_nearest(word);
    (void)err_set(&text, ERR_INPUT, "There is no command \"%s\"%s%s%s Try: tandem help", word,
                  near ? "; did you mean \"" : ".", near ? near : "", near ? "\"?" : "");
    (void)cli_fail(ERR_INPUT, text.text);
    return EXIT_USAGE;
}

/* `tandem --as NAME COMMAND ...`: the profile may also stand before the command. */
static void put_command_first(int argc, char **argv)
{
    int n = 0;
    if (argc > 2 && !strcmp(argv[0], "--as"))
        n = 2;
    else if (argc > 1 && !strncmp(argv[0], "--as=", 5))
        n = 1;
    char *command = n ? argv[n] : NULL;
    for (int i = n; i > 0; i--)
        argv[i] = argv[i - 1];
    if (command)
        argv[0] = command;
}

int commands_run(int argc, char **argv)
{
    struct cli c;
    struct err_info why;
    const struct command *command;
    put_command_first(argc, argv);
    if (argc < 1 || !strcmp(argv[0], "--help") || !strcmp(argv[0], "-h")) {
        command = commands_find("help");
        argc = 0;
    } else if (!strcmp(argv[0], "--version")) {
        (void)puts(TANDEM_VERSION);
        return EXIT_DONE;
    } else {
        command = commands_find(argv[0]);
        if (!command)
            return unknown(argv[0]);
        argc--;
        argv++;
    }
    for (int i = 0; i < argc && strcmp(argv[i], "--"); i++)
        if (!strcmp(argv[i], "--help")) {
            c = (struct cli){.command = commands_find("help"), .nargs = 1};
            c.args[0] = command->name;
            return cmd_help(&c);
        }
    if (cli_parse(command, argc, argv, &c, &why)) {
        (void)cli_fail(ERR_INPUT, why.text);
        (void)fprintf(stderr, "Try: tandem help %s\n", command->name);
        return EXIT_USAGE;
    }
    return command->run(&c);
}
