#ifndef TANDEM_CLIENT_EDITOR_KEYMAP_H
#define TANDEM_CLIENT_EDITOR_KEYMAP_H

/* THE table of keys: what each does, where, and the words that F1 shows for it. */

#include "client/editor/key.h"

/* Where the keys go. One at a time; a table row may name several. */
enum key_context {
    CTX_TREE = 1 << 0,     /* the list of questions */
    CTX_TEXT = 1 << 1,     /* a live text */
    CTX_FIELD = 1 << 2,    /* any other part of an answer */
    CTX_AUTHORS = 1 << 3,  /* who wrote what */
    CTX_PICKER = 1 << 4,   /* a list to choose from */
    CTX_LINE = 1 << 5,     /* one line to fill in */
    CTX_COMMENTS = 1 << 6, /* the list of comments */
    CTX_ASK = 1 << 7,      /* a question that wants yes or no */
    CTX_HELP = 1 << 8,     /* help */
    CTX_DESK = 1 << 9,     /* what comes next, who has read it, what waits for me */
    CTX_COUNT = 10,
};

enum action {
    ACT_NONE,
    ACT_HELP,
    ACT_LEAVE,
    ACT_REDRAW,
    ACT_BACK,
    ACT_NEXT_UNANSWERED,
    ACT_FIND,
    ACT_FIND_NEXT,
    ACT_FIND_PREV,
    ACT_AUTHORS,
    ACT_STRUCK,
    ACT_FOLLOW,
    ACT_COMMENTS,
    ACT_COMMENT_NEW,
    ACT_WHY_NEEDED,
    ACT_PROMPTS,
    ACT_GO,
    ACT_QUESTION_PREV,
    ACT_QUESTION_NEXT,
    ACT_TREE,
    ACT_NOTICE_COPY,
    ACT_NOTICE_FORGET,
    ACT_FIELD_NEXT,
    ACT_FIELD_PREV,
    ACT_UP,
    ACT_DOWN,
    ACT_LEFT,
    ACT_RIGHT,
    ACT_WORD_LEFT,
    ACT_WORD_RIGHT,
    ACT_HOME,
    ACT_END,
    ACT_TOP,
    ACT_BOTTOM,
    ACT_PAGE_UP,
    ACT_PAGE_DOWN,
    ACT_MARK,
    ACT_SELECT_ALL,
    ACT_COPY,
    ACT_CUT,
    ACT_PASTE,
    ACT_UNDO,
    ACT_REDO,
    ACT_ERASE_BACK,
    ACT_ERASE,
    ACT_ERASE_WORD_BACK,
    ACT_ERASE_WORD,
    ACT_ENTER,
    ACT_TOGGLE,
    ACT_CLEAR,
    ACT_ITEM_ADD,
    ACT_ITEM_REMOVE,
    ACT_DAY_NEXT,
    ACT_DAY_PREV,
    ACT_MUST_ANSWER,
    ACT_REPLY,
    ACT_RESOLVE,
    ACT_SHOW_RESOLVED,
    ACT_STEPS,
    ACT_ACTION_STEPS,
    ACT_FLAG,
    ACT_ASSIGN,
    ACT_READERS,
    ACT_INBOX,
    ACT_YES,
    ACT_NO,
    ACT_COUNT,
};

struct key_row {
    struct key key;
    unsigned contexts; /* enum key_context bits */
    enum action action;
    const char *help; /* NULL: the row before says it (a second key for the same) */
};
const struct key_row *keymap_table(size_t *count);

/* With ED_SHIFT on a motion in a text, *select is set and the motion itself returned. */
enum action keymap_find(struct key k, enum key_context ctx, bool *select);
/* The first key of an action, for hints ("F1"). `out` as in key_name; "" when it has none there. */
void keymap_key_of(enum action a, enum key_context ctx, char out[40]);

/* One line of help per table row that says something, those for `ctx` first, then the rest:
 * "F1   this help", with the other keys that do the same there. Headings have no key. */
struct help_line {
    char keys[64];
    const char *text;
    bool heading;
};
/* Returns how many there are; fills at most `cap`. */
size_t keymap_help(enum key_context ctx, struct help_line *lines, size_t cap);
const char *keymap_context_name(enum key_context ctx);

#endif
