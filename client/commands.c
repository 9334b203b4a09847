/* Long, because it is one flat list: options, further help, and the table. */
#include "client/commands.h"

#include <stdio.h>
#include <string.h>

static const struct cli_option enrol_options[] = {
    {"--server", "HOST:PORT", "when the code's own address is not right from here"},
    {NULL,       NULL,        NULL                                                }
};
static const struct cli_option new_options[] = {
    {"--carer",        "REF",      "the carer's record"                                  },
    {"--child",        "REF",      "a child's record; may be repeated"                   },
    {"--practitioner", "PERSON",   "the fostering social worker (name or number)"        },
    {"--period",       "FROM..TO", "YYYY-MM-DD..YYYY-MM-DD; default: up to today"        },
    {"--team",         "TEAM",     "when you are reviewing officer for several teams"    },
    {"--planned",      "DATE",     "the day that it is planned for; default: today"      },
    {"--way-in",       "CODE",     "how it came about; default: the template's usual one"},
    {"--start",        "REASON",   "open the room at once, and why before all is there"  },
    {NULL,             NULL,       NULL                                                  }
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

static const struct cli_option inbox_options[] = {
    {"--all", NULL, "of everybody in the teams that you manage"},
    {NULL,    NULL, NULL                                       }
};
static const struct cli_option move_options[] = {
    {"--reason", "TEXT", "why; some moves ask for it, and it stays in the record"},
    {"--person", "NAME", "who moderates, or who holds the stage"                 },
    {"--stage",  "N",    "a challenge's stage, 0 to 4; without it the next one"  },
    {NULL,       NULL,   NULL                                                    }
};
static const struct cli_option sign_options[] = {
    {"--difference", "TEXT", "your view where it differs; printed beside what was agreed"},
    {"--absent",     NULL,   "for a practitioner who is away or gone (FTM)"              },
    {"--reason",     "TEXT", "with --absent: why they cannot sign"                       },
    {NULL,           NULL,   NULL                                                        }
};
static const struct cli_option plan_options[] = {
    {"--reason", "TEXT", "why the day moves; the first one stays in the record"},
    {NULL,       NULL,   NULL                                                  }
};
static const struct cli_option flag_options[] = {
    {"--told", "NAME", "the manager whom you told: their name, or role and short name"},
    {"--at",   "TIME", "when you told them, as in 14:30; default: now"                },
    {NULL,     NULL,   NULL                                                           }
};
static const struct cli_option flag_note_options[] = {
    {"--close", NULL, "what had to be done is done"},
    {NULL,      NULL, NULL                         }
};
static const struct cli_option rules_options[] = {
    {"--dot",  NULL, "as diagrams, for Graphviz"},
    {"--text", NULL, "as text (the default)"    },
    {NULL,     NULL, NULL                       }
};
static const struct cli_option diff_options[] = {
    {"--from",   "POINT",  "default: submitted, else agreed"},
    {"--to",     "POINT",  "default: final, else now"       },
    {"--format", "FORMAT", "text (default) or json"         },
    {NULL,       NULL,     NULL                             }
};
static const struct cli_option action_options[] = {
    {"--reason",   "TEXT",    "why, or what shows it"                     },
    {"--leads-to", "ADDRESS", "the action that follows or takes its place"},
    {NULL,         NULL,      NULL                                        }
};
static const struct cli_option assign_options[] = {
    {"--reason", "TEXT", "why another than before"},
    {NULL,       NULL,   NULL                     }
};
static const struct cli_option readers_options[] = {
    {"--since", "TIME", "from this day or time on"},
    {NULL,      NULL,   NULL                      }
};
static const struct cli_option glass_options[] = {
    {"--reason", "TEXT", "why you need to read it"                              },
    {"--until",  "TIME", "48h: hours from now; or a day or time; at most 7 days"},
    {"--end",    NULL,   "give it back now"                                     },
    {NULL,       NULL,   NULL                                                   }
};
static const struct cli_option trigger_options[] = {
    {"--child", "REF",  "the child's record"                       },
    {"--carer", "REF",  "the carer's record"                       },
    {"--since", "TIME", "when it began; some ask for so many hours"},
    {"--team",  "TEAM", "when you work for several teams"          },
    {"--note",  "TEXT", "what else should be known"                },
    {NULL,      NULL,   NULL                                       }
};
static const struct cli_option meeting_options[] = {
    {"--child",   "REF",  "the child's record; may be repeated"                      },
    {"--carer",   "REF",  "the carer's record, if it is about a placement"           },
    {"--trigger", "CODE", "what calls for it; `tandem trigger` lists them"           },
    {"--on",      "DATE", "the day on which it will be held"                         },
    {"--hearing", "DATE", "the final hearing that it must come before"               },
    {"--chair",   "NAME", "who chairs: the service manager; for SGO the team manager"},
    {"--reason",  "TEXT", "why it can only be held later than three weeks before"    },
    {"--team",    "TEAM", "when you work for several teams"                          },
    {NULL,        NULL,   NULL                                                       }
};
static const struct cli_option challenge_options[] = {
    {"--child",      "REF",  "the child's record"                                       },
    {"--carer",      "REF",  "the carer's record, if it is about care from carers"      },
    {"--subject",    "TEXT", "what it is about, in words, or one of the subjects' codes"},
    {"--stage",      "N",    "begin at once at this stage, 0 to 4"                      },
    {"--position",   "TEXT", "what you see and what you ask for, at this stage"         },
    {"--result",     "TEXT", "what is to be different for the child"                    },
    {"--from",       "REF",  "the dip audit that it comes from"                         },
    {"--team",       "TEAM", "when you work for several teams"                          },
    {"--difference", "TEXT", "what it changed for the child"                            },
    {NULL,           NULL,   NULL                                                       }
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
    "a judgement without a part is your own: the auditor's for FRO, the practitioner's for FSW.\n"
    "The moderator's view on B1 is M1[B1].view: agree, differ, insufficient. A finding that an\n"
    "action answers: L5[1].finding L3[2].";

static const char new_more[] =
    "The record begins PLANNED; when its day is near, the calendar moves it to PREPARING.\n"
    "--start opens the room at once and keeps the reason for what is not there yet.\n"
    "--way-in: annual_review, monthly_manager, thematic, dip, observation, management_request,\n"
    "complaint. What follows: tandem next REF.";
static const char move_more[] =
    "`tandem next REF` says which moves there are, who may ask for them, and what is missing.\n"
    "STATE: PREPARING, IN_PROGRESS, AGREED, SUBMITTED, MODERATING, RETURNED, MODERATED,\n"
    "ACTION_PLANNING, ASSURANCE, FOLLOW_UP, CLOSED, WITHDRAWN. AGREED is reached by signing.";
static const char sign_more[] =
    "Shows state and revision, then signs that revision; if somebody changes an answer first,\n"
    "nothing is signed (exit code 5). When all have signed, the record is AGREED.";
static const char verify_more[] =
    "The server makes the fingerprint of each signed revision again, from the log. Exit code 1\n"
    "when one does not match.";
static const char diff_more[] =
    "POINT: agreed, submitted, moderated, final, now, an event's number (tandem history REF), or "
    "a\n"
    "time as in 2026-11-24T09:30. [-words NAME] were struck out by NAME, [+words NAME] written.";
static const char flag_more[] =
    "A concern never waits for the audit: tell a manager the same day, then record here whom and\n"
    "when. Its words are shown to you, to whom you told, and to named managers only.";
static const char actions_more[] =
    "gaps: the letters of SMART that the action's words do not show yet (specific, measurable,\n"
    "achievable, relevant, time-bound). late: days, weekends included.";
static const char action_more[] =
    "ADDRESS is as `tandem actions` prints it: L5[2]. STEP and VALUE:\n"
    "  start                       it has begun\n"
    "  claim [EVIDENCE]            its owner says that it is done\n"
    "  verify                      somebody else has seen that it is\n"
    "  reopen REASON               somebody else has seen what is still to do\n"
    "  due DATE --reason TEXT      another day; the first one is kept\n"
    "  not_effective --reason TEXT --leads-to ADDRESS   done, but more is needed\n"
    "  cancel REASON, supersede REASON [--leads-to ADDRESS]\n"
    "  impact better|same|worse|cannot_tell --reason EVIDENCE";
static const char glass_more[] =
    "For when a child's safety cannot wait for somebody to give you a part. What is sensitive\n"
    "stays held. The record shows who opened it, why and until when.";
static const char trigger_more[] =
    "Without CODE: the list, with what each one suggests. With it: the record that it asks for\n"
    "is made, and those who must know are told.";
static const char meeting_more[] =
    "At least three weeks before a final hearing; a later day needs its reason. To hold it, to "
    "agree\n"
    "the minutes, to close it: tandem move REF IN_PROGRESS, FOLLOW_UP, CLOSED; what is missing "
    "first:\n"
    "tandem next REF.";
static const char challenge_more[] =
    "Stages: 0 practice challenge (a restorative talk), 1 dispute with the team manager, 2 "
    "service\n"
    "manager, 3 head of service, 4 director, then executive. CODE: agreed, part, not_agreed, "
    "withdrawn,\n"
    "external. The case may be taken outside (to Cafcass) at any stage and at any time.";

/* clang-format off */
static const struct command table[] = {
    {"enrol", "CODE [--as NAME] [--server HOST:PORT]",
     "make your key and certificate with a code",
     1, 1, true, enrol_options, cmd_enrol, NULL, SITE},
    {"whoami", "", "who you are here, until when, and what waits for you",
     0, 0, true, NULL, cmd_whoami, NULL, SITE},
    {"people", "", "who works here, with their roles",
     0, 0, true, NULL, cmd_people, NULL, SITE},
    {"kept", "REF [--forget]", "words that could not be stored, kept on this machine",
     1, 1, true, kept_options, cmd_kept, NULL, SITE},
    {"help", "[COMMAND]", "this list, or a command's options; `help json`: fields",
     0, 1, false, NULL, cmd_help, NULL, SITE},

    {"audits", "", "the audits that you may see, how far, and who is in them",
     0, 0, true, NULL, cmd_audits, NULL, TOGETHER},
    {"open", "REF [--plain] [--read-only]", "write together",
     1, 1, false, open_options, cmd_open, NULL, TOGETHER},
    {"show", "REF [--at SEQ|TIME] [--format text|json|markdown]",
     "print an audit as it stands, or as it was",
     1, 1, true, show_options, cmd_show, NULL, TOGETHER},
    {"set", "REF QUESTION VALUE [--was VALUE]",
     "choose an answer: a grade, yes or no, a date, a list's item",
     3, 3, true, set_options, cmd_set, set_more, TOGETHER},
    {"write", "REF QUESTION [--append|--empty]", "write an answer's words, from standard input",
     2, 2, true, write_options, cmd_write, write_more, TOGETHER},
    {"comment", "REF QUESTION [--on \"words\"] [--must-answer] TEXT",
     "comment on an answer or on some of its words",
     3, 3, true, comment_options, cmd_comment, NULL, TOGETHER},
    {"reply", "REF COMMENT TEXT", "answer a comment",
     3, 3, true, NULL, cmd_reply, NULL, TOGETHER},
    {"resolve", "REF COMMENT", "close a comment",
     2, 2, true, NULL, cmd_resolve, NULL, TOGETHER},
    {"follow", "REF", "what happens in an audit, line by line, as it happens",
     1, 1, true, NULL, cmd_follow, NULL, TOGETHER},
    {"who", "REF", "who is in the audit's room now",
     1, 1, true, NULL, cmd_who, NULL, TOGETHER},
    {"history", "REF [QUESTION]", "what happened in an audit so far",
     1, 2, true, NULL, cmd_history, NULL, TOGETHER},
    {"blame", "REF QUESTION", "who wrote and who struck out which words, and when",
     2, 2, true, NULL, cmd_blame, NULL, TOGETHER},

    {"new",
     "TEMPLATE [--carer REF] [--child REF]... [--practitioner PERSON] [--period FROM..TO]\n"
     "           [--team TEAM] [--planned DATE] [--way-in CODE] [--start REASON]",
     "begin a record; prints its reference",
     1, 1, true, new_options, cmd_new, new_more, LIFE},
    {"inbox", "[REF] [--all]", "what waits for you, oldest first, and what does it",
     0, 1, true, inbox_options, cmd_inbox, NULL, LIFE},
    {"next", "REF", "what can be done now, by whom, and what is missing first",
     1, 1, true, NULL, cmd_next, NULL, LIFE},
    {"move", "REF STATE [--reason TEXT] [--person NAME] [--stage N]",
     "lead a record on to another state",
     2, 2, true, move_options, cmd_move, move_more, LIFE},
    {"sign", "REF [--difference TEXT] [--absent --reason TEXT]", "sign the record as it stands",
     1, 1, true, sign_options, cmd_sign, sign_more, LIFE},
    {"verify-signature", "REF", "does each signature match what it was given for?",
     1, 1, true, NULL, cmd_verify_signature, verify_more, LIFE},
    {"plan", "REF DATE --reason TEXT", "plan a record for another day",
     2, 2, true, plan_options, cmd_plan, NULL, LIFE},
    {"invite", "REF PERSON --role ROLE [--sections A,B]", "give somebody a part in an audit",
     2, 2, true, invite_options, cmd_invite, NULL, LIFE},
    {"uninvite", "REF PERSON", "take somebody's part in an audit away",
     2, 2, true, NULL, cmd_uninvite, NULL, LIFE},
    {"flag", "REF TEXT --told \"NAME\" [--at TIME]",
     "raise a concern about a child's safety, in any state",
     2, 2, true, flag_options, cmd_flag, flag_more, LIFE},
    {"flags", "REF", "the concerns raised in a record, and what was done",
     1, 1, true, NULL, cmd_flags, NULL, LIFE},
    {"flag-note", "REF N TEXT [--close]", "say what was done about a concern",
     3, 3, true, flag_note_options, cmd_flag_note, NULL, LIFE},
    {"diff", "REF [--from POINT] [--to POINT] [--format text|json]",
     "what changed between two states, word by word, by whom",
     1, 1, true, diff_options, cmd_diff, diff_more, LIFE},
    {"rules", "[--dot|--text]", "which state follows which, who may, what is needed",
     0, 0, true, rules_options, cmd_rules, NULL, LIFE},

    {"actions", "REF", "the agreed actions: status, owner, due, days late, gaps",
     1, 1, true, NULL, cmd_actions, actions_more, ACTIONS},
    {"action", "REF ADDRESS STEP [VALUE] [--reason TEXT] [--leads-to ADDRESS]",
     "take a step with an action: start, claim, verify ...",
     3, 4, true, action_options, cmd_action, action_more, ACTIONS},

    {"status", "", "for managers: what is under way and what waits",
     0, 0, true, NULL, cmd_status, NULL, MANAGERS},
    {"moderators", "REF", "who could moderate an audit, and what speaks against it",
     1, 1, true, NULL, cmd_moderators, NULL, MANAGERS},
    {"assign", "REF PERSON [--reason TEXT]", "ask somebody to moderate an audit",
     2, 2, true, assign_options, cmd_assign, NULL, MANAGERS},
    {"readers", "REF [--since TIME]", "who has looked at a record, and when",
     1, 1, true, readers_options, cmd_readers, NULL, MANAGERS},
    {"break-glass", "REF --reason TEXT --until TIME|HOURSh | --end",
     "read a record that is not yours; QA and SM are told",
     1, 1, true, glass_options, cmd_break_glass, glass_more, MANAGERS},
    {"trigger", "[CODE --child REF | --carer REF [--since TIME] [--team T] [--note TEXT]]",
     "something happened that asks for a challenge or a meeting",
     0, 1, true, trigger_options, cmd_trigger, trigger_more, MANAGERS},
    {"meeting",
     "new --child REF --trigger CODE --on DATE [--hearing DATE] [--chair NAME]\n"
     "           [--reason TEXT] [--team TEAM] | list",
     "call a care planning meeting early enough, or list them",
     1, 2, true, meeting_options, cmd_meeting, meeting_more, MANAGERS},
    {"challenge",
     "new --child REF --subject TEXT [--stage N [--position TEXT]] [--result TEXT]\n"
     "           [--from REF] [--team TEAM] | list | step REF STAGE --position TEXT |\n"
     "           answer REF TEXT | outcome REF CODE [--difference TEXT]",
     "ask for something to be put right, stage by stage",
     1, 3, true, challenge_options, cmd_challenge, challenge_more, MANAGERS},
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
