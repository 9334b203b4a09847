#ifndef TANDEM_CLIENT_EDITOR_MODEL_STATE_H
#define TANDEM_CLIENT_EDITOR_MODEL_STATE_H

/* Inside the model: its state, shared by model*.c and view.c and by nobody else. */

#include "client/editor/describe.h"
#include "client/editor/keymap.h"
#include "client/editor/layout.h"
#include "client/editor/model.h"

enum { HOME_COLS = 80, HOME_ROWS = 24, TREE_COLS = 27, COMMENT_COLS = 36, WIDE_COLS = 120 };
enum { GUTTER_LEFT = 2, GUTTER_RIGHT = 4 }; /* beside a text: focus and comment marks; initials */
enum { MAX_CHOICES = 64, MAX_NOTICES = 32, UNDO_PAUSE_MS = 1000 };

/* ---- the list of questions ---- */
struct tree_row {
    bool is_section;
    uint16_t section;  /* index */
    uint16_t question; /* number; of a section row: its first question */
};

/* ---- the answer, as rows ---- */
enum form_kind {
    FORM_STATIC, /* heading, wording, prompts, a remark */
    FORM_FIELD,  /* "label: value" */
    FORM_LIVE,   /* a label and a live text below it */
    FORM_LIST,   /* head of a list; items can be added */
    FORM_ITEM,   /* head of an item; it can be removed */
};
struct form_row {
    enum form_kind kind;
    uint8_t attrs;
    uint8_t indent;
    bool held, pending;
    enum right right; /* not FORM_STATIC */
    struct field field;
    const struct part_def *def; /* not FORM_STATIC */
    struct buf label;           /* FORM_LIVE: the line above; else unused */
    struct buf text;            /* what is laid out */
    struct layout layout;
    struct span *spans; /* how to draw which positions: who wrote them, or hints */
    size_t nspans, cap_spans;
    size_t first_line, nlines; /* in the pane */
};
struct span {
    size_t start_cp, end_cp;
    uint8_t attrs, colour;
    uint8_t hint; /* enum identifier_kind; 0 in the authorship view */
};
static inline bool form_focusable(const struct form_row *row)
{
    return row->kind != FORM_STATIC;
}
/* Lines of the row before its text. */
static inline size_t form_label_lines(const struct form_row *row)
{
    return row->kind == FORM_LIVE ? 1 : 0;
}

/* ---- boxes ---- */
enum popup { POPUP_NONE, POPUP_PICKER, POPUP_LINE, POPUP_ASK, POPUP_HELP, POPUP_DESK };

/* What is chosen: a value of `field`, or what a choice's code says. */
enum picker_purpose {
    PICK_VALUE,
    PICK_FOLLOW,    /* a person, by number */
    PICK_MODERATOR, /* the same */
    PICK_STEP,      /* of an action */
    PICK_DRAFT,     /* for a slot of the draft */
};

struct picker {
    char title[96];
    struct choice choices[MAX_CHOICES];
    bool ticked[MAX_CHOICES];
    size_t n, selected;
    bool several; /* several may be ticked */
    enum picker_purpose purpose;
    int slot;           /* PICK_DRAFT: enum draft_slot */
    bool can_clear;     /* the last choice is "(empty)" */
    uint32_t typed[24]; /* letters typed soon after each other, lower case */
    size_t ntyped;
    bool typing;      /* the last key was such a letter */
    int64_t typed_ms; /* when the last one was */
    struct field field;
};

enum line_purpose { LINE_VALUE, LINE_FIND, LINE_GO, LINE_COMMENT, LINE_REPLY, LINE_DRAFT };
struct line_box {
    enum line_purpose purpose;
    char title[96];
    char hint[96];
    char error[400];
    struct buf text;
    size_t pos_cp;
    bool is_date;
    struct field field;
    bool on_words, must_answer;
    struct text_anchor start, end; /* LINE_COMMENT on words */
    uint64_t comment;              /* LINE_REPLY */
    int slot;                      /* LINE_DRAFT: enum draft_slot */
};

enum ask_purpose { ASK_LEAVE, ASK_REMOVE, ASK_FORGET, ASK_DRAFT };
struct ask_box {
    enum ask_purpose purpose;
    char text[300];
    struct field field;
};

/* ---- the life of the record (model_life.c, model_desk.c, model_draft.c) ---- */

/* An errand that is being filled in, box by box, before it is sent. */
enum draft_slot { SLOT_TEXT, SLOT_PERSON, SLOT_VALUE, SLOT_OTHER, SLOT_REASON, SLOT_COUNT };
struct draft {
    struct errand errand;
    char title[96];
    struct draft_ask {
        bool asked, needed; /* needed: it may not be left empty */
        bool is_date;
        char hint[96];
    } asks[SLOT_COUNT];
    unsigned filled; /* bits 1u << slot */
    bool confirm;    /* nothing is asked for: whether it is meant */
};

enum desk_show { DESK_STEPS, DESK_READERS, DESK_INBOX };
enum desk_row_kind {
    DESK_WORDS,
    DESK_STEP,
    DESK_PLACE, /* Enter goes to `field` */
    DESK_FLAG,
};
struct desk_row {
    enum desk_row_kind kind;
    uint8_t indent, attrs;
    size_t step;        /* DESK_STEP: index into steps->steps */
    struct field field; /* DESK_PLACE */
    uint64_t flag;      /* DESK_FLAG */
    struct buf text;
};
enum { MAX_ERRANDS = 8 };
struct life {
    struct errand_answer *steps; /* the last that came; NULL: none yet */
    char why[400];               /* why none came; "" */
    struct errand_answer *moderators, *readers, *inbox;
    struct errand waiting[MAX_ERRANDS]; /* to be sent */
    size_t nwaiting;
    size_t nasked;                 /* on their way; MAX_ERRANDS at most */
    bool wants_steps, asked_steps; /* asked: on its way */
    int64_t want_ms, want_latest_ms;
    bool greeted;
    struct draft draft;
    enum desk_show show;
    bool by_line; /* for the plain mode: names its commands instead of keys */
    struct desk_row *rows;
    size_t nrows, cap_rows, selected;
};

struct notice {
    char *text;
    char *kept;         /* or NULL; also in the replica, and there until it is let go */
    struct field field; /* of the kept words */
};

struct editor {
    struct replica *r;
    char ref[64];
    uint16_t rows, cols;
    int64_t mono_ms, utc_ms;
    uint64_t seen_version;
    bool stale; /* rebuild even though the replica has not changed */
    bool left, redraw, told_kept;
    enum editor_line line;
    char line_why[200];

    /* where I am */
    bool in_tree;
    uint16_t question;
    struct field field; /* the focused row */
    enum form_kind field_kind;
    struct text_anchor head, tail; /* in field's text; tail counts while `marked` */
    size_t pos_cp, mark_cp;        /* where they stood at the last refresh */
    bool marked, mark_sticky; /* sticky: set by the mark key, motions without Shift select too */
    int goal_col;             /* column that up and down aim for; -1 = where the cursor is */

    /* the tree */
    struct tree_row *tree;
    size_t ntree;

    /* the pane */
    struct form_row *form;
    size_t nform, cap_form;
    size_t focus; /* index into form; nform when nothing can be focused */
    size_t nlines, top_line;
    bool prompts_hidden, authors, struck;
    struct audit *log; /* with the words that were struck out; NULL until asked for */
    struct template *log_template;
    bool wants_log, asked_log;

    /* boxes */
    enum popup popup;
    struct picker picker;
    struct line_box line_box;
    struct ask_box ask;
    size_t help_top;

    /* comments */
    bool comments_open, show_resolved;
    uint64_t comment; /* the selected one's id */

    struct life life;

    struct notice notices[MAX_NOTICES];
    size_t nnotices, notices_lost;
    char said[300];

    struct buf clipboard;
    struct buf needle;
    uint32_t follow; /* person; 0 = nobody */
    struct field follow_at;
    int64_t edit_ms; /* last own edit, for undo steps */
    enum action edit_kind;
};

enum { HELP_SIGNS = 9 }; /* lines of help on signs, after those on keys (view_box.c) */

/* ---- geometry: where things are for this size of screen ---- */
struct geometry {
    bool too_small;
    bool tree_shown, comments_shown;
    struct rect title, banner, tree, pane, comments, notice, who, status;
};
struct geometry model_geometry(const struct editor *ed);
uint16_t model_text_cols(const struct editor *ed); /* width that texts are wrapped to */

/* ---- model.c ---- */
/* Rebuilds what is shown. `keep_eye`: the cursor's line stays on its row of the screen. */
void model_rebuild(struct editor *ed, bool keep_eye);
void model_follow(struct editor *ed);      /* to where the person is whom I follow */
void model_drop_notice(struct editor *ed); /* the first one */
void model_refused(struct editor *ed, enum err e, const struct err_info *why);
void model_notice(struct editor *ed, const char *text, const char *kept, struct field f);
void model_forget_kept(struct editor *ed); /* of the notice that is shown, which goes too */
void model_ask(struct editor *ed, enum ask_purpose purpose, struct field f, const char *text);
const struct audit *model_audit(const struct editor *ed); /* NULL before the join */
const struct question *model_question(const struct editor *ed);
/* Goes to a question (and a part of it when f.part is not 0); position pos_cp in a text. */
void model_go(struct editor *ed, struct field f, size_t pos_cp);
void model_send_cursor(struct editor *ed);

/* ---- model_keys.c ---- */
enum key_context model_context(const struct editor *ed);

/* ---- model_tree.c ---- */
bool model_build_tree(struct editor *ed);
void model_tree_action(struct editor *ed, enum action a);
void model_next_unanswered(struct editor *ed);
/* Where to begin in a question whose first grades are hidden from each other: one's own grade while
 * it is empty. Any other field, and one that names a part of its own, stays as it is. */
struct field model_own_grade(const struct editor *ed, struct field f);
void model_step_question(struct editor *ed, int by);

/* ---- model_shown.c ---- */
/* Is this part of an answer worth a row now? What only comes up later, or only for some, would hide
 * what matters; whoever goes there sees it all the same. */
bool model_is_shown(struct editor *ed, struct field f);

/* ---- model_form.c ---- */
bool model_build_form(struct editor *ed);
void model_free_form(struct editor *ed);
struct form_row *model_focus_row(const struct editor *ed); /* or NULL */
void model_focus_step(struct editor *ed, int by); /* to the next or previous focusable row */
void model_focus_field(struct editor *ed, struct field f); /* nearest when it is not there */
size_t model_cursor_line(const struct editor *ed);         /* in the pane */
void model_show_cursor(struct editor *ed);                 /* scrolls as little as it takes */
void model_scroll(struct editor *ed, int by);
void model_fill_pane(struct editor *ed); /* scrolls back over empty lines at its end */
void model_field_action(struct editor *ed, enum action a);

/* ---- model_text.c ---- */
void model_text_action(struct editor *ed, enum action a, bool select);
void model_type(struct editor *ed, const uint8_t *utf8, size_t len, enum action kind);
void model_set_cursor(struct editor *ed, size_t pos_cp); /* in the focused text; ends a selection */
void model_find_cursor(struct editor *ed);               /* anchors -> positions */
const struct text *model_text(const struct editor *ed);  /* of the focused row, or NULL */
bool model_selection(const struct editor *ed, size_t *start_cp, size_t *end_cp);
void model_undo(struct editor *ed, bool redo);
void model_copy(struct editor *ed);

/* ---- model_pick.c: pickers, lines to fill in, questions ---- */
void model_open_value(struct editor *ed, const struct form_row *row, uint32_t first);
void model_open_line(struct editor *ed, enum line_purpose p, const char *title, const char *hint);
void model_open_follow(struct editor *ed);
void model_picker_action(struct editor *ed, enum action a);
/* What "go to" means: an address, or a question alone that has no main part, as a checklist (the
 * field has no part then). */
MUST_CHECK enum err model_find_place(struct editor *ed, const char *where, struct field *f,
                                     struct err_info *why);
void model_picker_type(struct editor *ed, uint32_t cp);
void model_line_action(struct editor *ed, enum action a);
void model_line_type(struct editor *ed, const uint8_t *utf8, size_t len);
void model_ask_answer(struct editor *ed, bool yes);

/* As YYYY-MM-DD; "" when the time is not known. */
void model_today(const struct editor *ed, char out[16]);

/* ---- model_hint.c ---- */
bool model_add_span(struct form_row *row, struct span span); /* false without memory */
/* Spans of what looks like an identifier and is not explained. False without memory. */
bool model_add_hints(struct editor *ed, struct form_row *row);
/* As hint_smart, for today. */
struct smart;
bool model_smart(const struct editor *ed, struct field f, struct smart *out);
/* One line about the text or part where the cursor is. False: there is nothing to say. */
bool model_append_identifier(const struct editor *ed, bool at_cursor, struct buf *out);
bool model_append_smart(const struct editor *ed, struct buf *out);
void model_why_needed(struct editor *ed);

/* ---- model_life.c: what is asked of the server, and what it answered ---- */
void model_life_fini(struct editor *ed);
/* Steps and duties may have changed: to be asked again soon (`now`: at once). */
void model_life_stale(struct editor *ed, bool now);
void model_life_news(struct editor *ed, const struct replica_news *n);
/* Tells what an event did to the record's life: somebody's step, or a signature that is void. */
void model_announce(struct editor *ed, const struct event *e);
/* To be sent; takes what `e` owns and leaves it all zero. False (and said): there is no line. */
bool model_send_errand(struct editor *ed, struct errand *e);
/* The content that stands on the screen, to be signed. */
uint64_t model_revision(const struct editor *ed);
/* My most urgent duty about this record, or NULL. */
const struct errand_duty *model_urgent(const struct editor *ed);

/* ---- model_moderate.c: the moderator's view, a letter each ---- */
/* A letter on a view that I may give: sets it and goes where the next thing is to be written.
 * False: it means nothing here. */
bool model_moderate(struct editor *ed, uint32_t letter);
/* What the letters mean, where I stand on such a view. False: I do not. */
bool model_append_moderate(const struct editor *ed, struct buf *out);
/* What a view is about, before it: "agreed Good; ". Nothing for other rows. */
void model_append_moderated(const struct editor *ed, struct field f, struct buf *out);

/* ---- model_desk.c: the pane of what comes next, and other lists ---- */
void model_desk_open(struct editor *ed, enum desk_show show);
void model_desk_build(struct editor *ed);
void model_desk_action(struct editor *ed, enum action a);

/* ---- model_draft.c: boxes that fill in an errand ---- */
void model_draft_fini(struct editor *ed);
void model_draft_step(struct editor *ed, const struct errand_step *s);
void model_draft_assign(struct editor *ed);
void model_draft_moderator(struct editor *ed, uint32_t person);
void model_draft_flag(struct editor *ed);
void model_draft_flag_note(struct editor *ed, uint64_t flag);
/* The steps of the action where the cursor is. */
void model_draft_action(struct editor *ed);
void model_draft_action_step(struct editor *ed, const char *code);
/* A slot has been filled in; false: it may not be so, and `why` says why. */
bool model_draft_fill(struct editor *ed, enum draft_slot slot, const char *words,
                      struct err_info *why);
void model_draft_send(struct editor *ed);

/* ---- model_comment.c ---- */
/* Comments in the order of the questions, resolved ones when shown. Returns how many. */
size_t model_comments(const struct editor *ed, const struct audit_comment **list, size_t cap);
void model_comment_new(struct editor *ed);
void model_comment_commit(struct editor *ed);
void model_comments_toggle(struct editor *ed);
void model_comments_action(struct editor *ed, enum action a);
/* Open comments on this question; *must counts those that must be answered. */
size_t model_open_comments(const struct editor *ed, uint16_t question, size_t *must);

/* ---- model_search.c ---- */
void model_find(struct editor *ed, bool backward);

/* ---- clipboard.c ---- */
/* Appends what may be in an answer: newlines for any line end, no controls. Returns how many
 * characters were left out. `one_line`: newlines and tabs become blanks. */
size_t clipboard_clean(const uint8_t *data, size_t len, bool one_line, struct buf *out);

#endif
