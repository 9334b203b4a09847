#include "client/editor/keymap.h"

#include <stdio.h>
#include <string.h>

enum {
    MAIN = CTX_TREE | CTX_TEXT | CTX_FIELD | CTX_AUTHORS,
    ALL = (1 << CTX_COUNT) - 1,
};

/* One row per key, read as a table. */
/* clang-format off */
#define CTRL(c) {c, ED_CTRL}
#define ALT(c)  {c, ED_ALT}
#define KEY(c)  {c, 0}
#define FN(n)   {ED_F1 + (n) - 1, 0}
static const struct key_row rows[] = {
  /* key                  where                                        what  in words */
    {FN(1),                  ALL & ~CTX_HELP,                                             ACT_HELP,            "this help"                                                     },
    {CTRL('q'),              MAIN | CTX_COMMENTS | CTX_HELP | CTX_DESK,                   ACT_LEAVE,
     "leave (asks when something is not saved yet)"                                                                                                                            },
    {CTRL('l'),              ALL,                                                         ACT_REDRAW,          "draw the whole screen again"                                   },
    {KEY(ED_ESC),            ALL,                                                         ACT_BACK,            "dismiss a notice, else step back: selection, box, answer, list"},
    {CTRL('c'),              CTX_PICKER | CTX_LINE | CTX_COMMENTS | CTX_ASK | CTX_HELP | CTX_DESK, ACT_BACK,            NULL                                                            },
    {FN(1),                  CTX_HELP,                                                    ACT_BACK,            NULL                                                            },
    {KEY('q'),               CTX_HELP,                                                    ACT_BACK,            NULL                                                            },
    {FN(2),                  MAIN,                                                        ACT_NEXT_UNANSWERED, "go to the next question that is not answered"                  },
    {CTRL('n'),              MAIN,                                                        ACT_QUESTION_NEXT,   "next question"                                                 },
    {ALT(ED_DOWN),           MAIN,                                                        ACT_QUESTION_NEXT,   NULL                                                            },
    {{ED_PGDN, ED_CTRL},     MAIN,                                                        ACT_QUESTION_NEXT,   NULL                                                            },
    {CTRL('p'),              MAIN,                                                        ACT_QUESTION_PREV,   "previous question"                                             },
    {ALT(ED_UP),             MAIN,                                                        ACT_QUESTION_PREV,   NULL                                                            },
    {{ED_PGUP, ED_CTRL},     MAIN,                                                        ACT_QUESTION_PREV,   NULL                                                            },
    {CTRL('g'),              MAIN,                                                        ACT_GO,              "go to a question by its code"                                  },
    {CTRL('f'),              MAIN,                                                        ACT_FIND,            "search in all answers"                                         },
    {FN(3),                  MAIN,                                                        ACT_FIND_NEXT,       "next place found"                                              },
    {{ED_F1 + 2, ED_SHIFT},  MAIN,                                                        ACT_FIND_PREV,       "previous place found"                                          },
    {FN(4),                  MAIN,                                                        ACT_AUTHORS,         "show who wrote what (any typing returns to writing)"           },
    {FN(5),                  MAIN,                                                        ACT_STRUCK,          "show struck-out words too, with who struck them out"           },
    {FN(6),                  MAIN,                                                        ACT_FOLLOW,          "follow a person from question to question"                     },
    {FN(7),                  MAIN,                                                        ACT_COMMENTS,        "comments: list, jump, reply, resolve"                          },
    {FN(7),                  CTX_COMMENTS,                                                ACT_BACK,            NULL                                                            },
    {FN(8),                  MAIN & ~CTX_AUTHORS,                                         ACT_COMMENT_NEW,
     "comment on the selected words, or on this part of the answer"                                                                                                            },
    {CTRL('r'),              CTX_TEXT,                                                    ACT_WHY_NEEDED,      "say why what looks like an identifier is needed"               },
    {FN(9),                  MAIN,                                                        ACT_PROMPTS,         "show or hide the prompts"                                      },
    {FN(10),                 MAIN,                                                        ACT_TREE,            "to the list of questions and back"                             },
    {FN(12),                 MAIN | CTX_DESK,                                             ACT_STEPS,
     "what comes next: sign, move, what is missing, what waits for whom"                                                                                                       },
    {CTRL('o'),              MAIN | CTX_DESK,                                             ACT_STEPS,           NULL                                                            },
    {CTRL('s'),              CTX_TEXT | CTX_FIELD,                                        ACT_ACTION_STEPS,    "an action: what can be done about it (begin, done, verify ...)"},
    {CTRL('u'),              MAIN | CTX_COMMENTS | CTX_DESK,                              ACT_FLAG,            "raise a safeguarding flag"                                     },
    {CTRL('k'),              MAIN,                                                        ACT_NOTICE_COPY,     "copy the words that a notice keeps"                            },

    {CTRL('d'), MAIN, ACT_NOTICE_FORGET, "let the words that a notice keeps go for good (asks)"},

    {KEY(ED_TAB),            MAIN,                                                        ACT_FIELD_NEXT,      "next part of the answer"                                       },
    {{ED_TAB, ED_SHIFT},     MAIN,                                                        ACT_FIELD_PREV,      "previous part of the answer"                                   },
    {KEY(ED_UP),             ALL & ~(CTX_LINE | CTX_ASK),                                 ACT_UP,              "up"                                                            },
    {KEY(ED_DOWN),           ALL & ~(CTX_LINE | CTX_ASK),                                 ACT_DOWN,            "down"                                                          },
    {KEY(ED_LEFT),           CTX_TEXT | CTX_LINE,                                         ACT_LEFT,            "one character to the left"                                     },
    {KEY(ED_RIGHT),          CTX_TEXT | CTX_LINE,                                         ACT_RIGHT,           "one character to the right"                                    },
    {KEY(ED_LEFT),           CTX_FIELD | CTX_AUTHORS,                                     ACT_TREE,            "to the list of questions"                                      },
    {KEY(ED_RIGHT),          CTX_TREE,                                                    ACT_ENTER,           "into the answer"                                               },
    {{ED_LEFT, ED_CTRL},     CTX_TEXT | CTX_LINE,                                         ACT_WORD_LEFT,       "one word to the left"                                          },
    {{ED_LEFT, ED_ALT},      CTX_TEXT | CTX_LINE,                                         ACT_WORD_LEFT,       NULL                                                            },
    {{ED_RIGHT, ED_CTRL},    CTX_TEXT | CTX_LINE,                                         ACT_WORD_RIGHT,      "one word to the right"                                         },
    {{ED_RIGHT, ED_ALT},     CTX_TEXT | CTX_LINE,                                         ACT_WORD_RIGHT,      NULL                                                            },
    {KEY(ED_HOME),           ALL & ~CTX_ASK,                                              ACT_HOME,            "start of the line or list"                                     },
    {KEY(ED_END),            ALL & ~CTX_ASK,                                              ACT_END,             "end of the line or list"                                       },
    {{ED_HOME, ED_CTRL},     CTX_TEXT,                                                    ACT_TOP,             "start of the text"                                             },
    {{ED_END, ED_CTRL},      CTX_TEXT,                                                    ACT_BOTTOM,          "end of the text"                                               },
    {KEY(ED_PGUP),           ALL & ~(CTX_LINE | CTX_ASK),                                 ACT_PAGE_UP,         "one page up"                                                   },
    {KEY(ED_PGDN),           ALL & ~(CTX_LINE | CTX_ASK),                                 ACT_PAGE_DOWN,       "one page down"                                                 },

    {CTRL(' '),              CTX_TEXT,                                                    ACT_MARK,            "set the mark: motions select from here (or hold Shift)"        },
    {CTRL('a'),              CTX_TEXT,                                                    ACT_SELECT_ALL,      "select the whole text"                                         },
    {CTRL('c'),              MAIN,                                                        ACT_COPY,            "copy"                                                          },
    {CTRL('x'),              CTX_TEXT,                                                    ACT_CUT,             "cut"                                                           },
    {CTRL('v'),              CTX_TEXT | CTX_LINE,                                         ACT_PASTE,           "paste"                                                         },
    {CTRL('z'),              MAIN,                                                        ACT_UNDO,            "undo my last edit here (never another's)"                      },
    {CTRL('y'),              MAIN,                                                        ACT_REDO,            "redo"                                                          },
    {KEY(ED_BACKSPACE),      CTX_TEXT | CTX_LINE,                                         ACT_ERASE_BACK,      "erase the character before"                                    },
    {KEY(ED_DEL),            CTX_TEXT | CTX_LINE,                                         ACT_ERASE,           "erase the character after"                                     },
    {CTRL('w'),              CTX_TEXT | CTX_LINE,                                         ACT_ERASE_WORD_BACK, "erase the word before"                                         },
    {{ED_BACKSPACE, ED_ALT}, CTX_TEXT | CTX_LINE,                                         ACT_ERASE_WORD_BACK, NULL                                                            },
    {{ED_DEL, ED_CTRL},      CTX_TEXT | CTX_LINE,                                         ACT_ERASE_WORD,      "erase the word after"                                          },

    {KEY(ED_ENTER),          CTX_TREE | CTX_FIELD | CTX_PICKER | CTX_LINE | CTX_COMMENTS | CTX_DESK, ACT_ENTER,
     "choose, change, confirm, jump there"                                                                                                                                     },
    {KEY(ED_ENTER),          CTX_TEXT,                                                    ACT_ENTER,           "new line"                                                      },
    {KEY(' '),               CTX_PICKER | CTX_FIELD,                                      ACT_TOGGLE,          "tick or untick"                                                },
    {KEY(ED_BACKSPACE),      CTX_FIELD,                                                   ACT_CLEAR,           "empty this part of the answer"                                 },
    {KEY(ED_INS),            CTX_FIELD,                                                   ACT_ITEM_ADD,        "add an item to this list"                                      },
    {KEY('+'),               CTX_FIELD,                                                   ACT_ITEM_ADD,        NULL                                                            },
    {KEY(ED_DEL),            CTX_FIELD,                                                   ACT_ITEM_REMOVE,     "remove this item (asks)"                                       },
    {KEY('-'),               CTX_FIELD,                                                   ACT_ITEM_REMOVE,     NULL                                                            },
    {KEY(ED_UP),             CTX_LINE,                                                    ACT_DAY_NEXT,        "in a date: the next day"                                       },
    {KEY(ED_DOWN),           CTX_LINE,                                                    ACT_DAY_PREV,        "in a date: the day before"                                     },
    {CTRL('t'),              CTX_LINE,                                                    ACT_MUST_ANSWER,     "a comment: must be answered, yes or no"                        },

    {KEY('r'),               CTX_COMMENTS,                                                ACT_REPLY,           "reply to this comment"                                         },
    {KEY('x'),               CTX_COMMENTS,                                                ACT_RESOLVE,         "resolve this comment"                                          },
    {KEY('a'),               CTX_COMMENTS,                                                ACT_SHOW_RESOLVED,   "show resolved comments too"                                    },

    {KEY('a'),               CTX_DESK,                                                    ACT_ASSIGN,          "ask somebody to moderate"                                      },
    {KEY('r'),               CTX_DESK,                                                    ACT_READERS,         "who has opened this record"                                    },
    {KEY('i'),               CTX_DESK,                                                    ACT_INBOX,           "what waits for me, in all records"                             },

    {KEY('y'),               CTX_ASK,                                                     ACT_YES,             "yes"                                                           },
    {KEY('n'),               CTX_ASK,                                                     ACT_NO,              "no"                                                            },
};
/* clang-format on */

const struct key_row *keymap_table(size_t *count)
{
    *count = sizeof rows / sizeof *rows;
    return rows;
}

static enum action find_exact(struct key k, enum key_context ctx)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (key_equal(rows[i].key, k) && (rows[i].contexts & ctx))
            return rows[i].action;
    return ACT_NONE;
}

enum action keymap_find(struct key k, enum key_context ctx, bool *select)
{
    *select = false;
    enum action a = find_exact(k, ctx);
    if (!a && ctx != CTX_TEXT && k.code > ED_NAMED && (k.mods & ED_SHIFT))
        return find_exact((struct key){k.code, (uint8_t)(k.mods & ~ED_SHIFT)}, ctx);
    if (a || ctx != CTX_TEXT || !(k.mods & ED_SHIFT) || k.code < ED_UP || k.code > ED_PGDN)
        return a;
    k.mods &= (uint8_t)~ED_SHIFT;
    a = find_exact(k, ctx);
    *select = a >= ACT_UP && a <= ACT_PAGE_DOWN;
    return *select ? a : ACT_NONE;
}

void keymap_key_of(enum action a, enum key_context ctx, char out[40])
{
    out[0] = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].action == a && (rows[i].contexts & ctx)) {
            key_name(rows[i].key, out);
            return;
        }
}

const char *keymap_context_name(enum key_context ctx)
{
    switch (ctx) {
    case CTX_TREE:
        return "In the list of questions";
    case CTX_TEXT:
        return "In a text";
    case CTX_FIELD:
        return "On another part of an answer";
    case CTX_AUTHORS:
        return "Seeing who wrote what";
    case CTX_PICKER:
        return "Choosing";
    case CTX_LINE:
        return "Filling in a line";
    case CTX_COMMENTS:
        return "In the comments";
    case CTX_ASK:
        return "Asked yes or no";
    case CTX_HELP:
        return "In this help";
    case CTX_DESK:
        return "Looking at what comes next";
    case CTX_COUNT:
        break;
    }
    return "";
}

struct help_out {
    struct help_line *lines;
    size_t cap, n;
};

static struct help_line *add_line(struct help_out *o, const char *text, bool heading)
{
    struct help_line *l = o->n < o->cap ? &o->lines[o->n] : NULL;
    o->n++;
    if (l)
        *l = (struct help_line){.text = text, .heading = heading};
    return l;
}

static void add_row(struct help_out *o, size_t i, unsigned ctx)
{
    struct help_line *l = add_line(o, rows[i].help, false);
    if (!l)
        return;
    key_name(rows[i].key, l->keys);
    for (size_t j = 0; j < sizeof rows / sizeof *rows; j++) {
        if (rows[j].action != rows[i].action || rows[j].help || !(rows[j].contexts & ctx))
            continue;
        char name[40];
        key_name(rows[j].key, name);
        size_t used = strlen(l->keys);
        snprintf(l->keys + used, sizeof l->keys - used, ", %s", name);
    }
}

/* Rows that exist in `ctx` and were not printed for one of `before`. */
static void add_context(struct help_out *o, unsigned ctx, unsigned before)
{
    bool any = false;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].help || !(rows[i].contexts & ctx) || (rows[i].contexts & before))
            continue;
        if (!any)
            add_line(o, keymap_context_name((enum key_context)ctx), true);
        any = true;
        add_row(o, i, ctx);
    }
}

size_t keymap_help(enum key_context ctx, struct help_line *lines, size_t cap)
{
    struct help_out o = {.lines = lines, .cap = cap};
    add_context(&o, ctx, 0);
    unsigned before = ctx;
    for (unsigned c = 1; c < (1u << CTX_COUNT); c <<= 1) {
        add_context(&o, c, before);
        before |= c;
    }
    return o.n;
}
