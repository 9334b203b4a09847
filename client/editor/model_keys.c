/* What keys and pastes do, once the table (keymap.h) has said which action they are. */
#include <stdio.h>
#include <string.h>

#include "client/editor/model_state.h"
#include "common/utf8.h"

enum key_context model_context(const struct editor *ed)
{
    const struct form_row *row = model_focus_row(ed);
    switch (ed->popup) {
    case POPUP_PICKER:
        return CTX_PICKER;
    case POPUP_LINE:
        return CTX_LINE;
    case POPUP_ASK:
        return CTX_ASK;
    case POPUP_HELP:
        return CTX_HELP;
    case POPUP_DESK:
        return CTX_DESK;
    case POPUP_NONE:
        break;
    }
    if (ed->comments_open)
        return CTX_COMMENTS;
    if (ed->in_tree || !row)
        return CTX_TREE;
    if (ed->authors)
        return CTX_AUTHORS;
    return row->kind == FORM_LIVE && !row->held ? CTX_TEXT : CTX_FIELD;
}

static void leave(struct editor *ed)
{
    struct replica_status s = replica_status(ed->r);
    char text[300];
    if (!s.pending_chars && !s.pending_ops) {
        ed->left = true;
        return;
    }
    snprintf(text, sizeof text,
             "%zu characters and %zu other changes are not saved on the server yet. They are kept "
             "on this computer and sent when you next open this audit. Leave now? (y/n)",
             s.pending_chars, s.pending_ops);
    model_ask(ed, ASK_LEAVE, (struct field){0}, text);
}

static void back(struct editor *ed)
{
    if (ed->popup)
        ed->popup = POPUP_NONE;
    else if (ed->comments_open)
        ed->comments_open = false;
    else if (ed->nnotices)
        model_drop_notice(ed);
    else if (ed->notices_lost)
        ed->notices_lost = 0;
    else if (ed->follow)
        ed->follow = 0;
    else if (ed->marked)
        ed->marked = ed->mark_sticky = false;
    else if (ed->authors)
        ed->authors = false, ed->stale = true;
    else
        ed->in_tree = true;
}

static void copy_kept(struct editor *ed)
{
    if (!ed->nnotices || !ed->notices[0].kept) {
        editor_say(ed, "No notice keeps words.");
        return;
    }
    buf_clear(&ed->clipboard);
    buf_append_str(&ed->clipboard, ed->notices[0].kept);
    model_drop_notice(ed);
    editor_say(ed, "Copied; Ctrl-V puts the words where you want them.");
}

static void ask_forget(struct editor *ed)
{
    if (ed->nnotices && ed->notices[0].kept)
        model_ask(ed, ASK_FORGET, ed->notices[0].field,
                  "Let these words go for good? They are in no answer and will not be kept on this "
                  "computer either. (y/n)");
    else
        editor_say(ed, "No notice keeps words.");
}

static void help_action(struct editor *ed, enum action a)
{
    size_t page = ed->rows > 4 ? ed->rows - 4u : 1,
           lines = keymap_help(CTX_TREE, NULL, 0) + HELP_SIGNS;
    size_t most = lines > page ? lines - page : 0;
    switch ((int)a) {
    case ACT_UP:
        ed->help_top -= ed->help_top > 0;
        break;
    case ACT_DOWN:
        ed->help_top++;
        break;
    case ACT_PAGE_UP:
        ed->help_top = ed->help_top > page ? ed->help_top - page : 0;
        break;
    case ACT_PAGE_DOWN:
        ed->help_top += page;
        break;
    case ACT_HOME:
        ed->help_top = 0;
        break;
    case ACT_END:
        ed->help_top = most;
        break;
    default:
        break;
    }
    if (ed->help_top > most)
        ed->help_top = most;
}

static void authors_action(struct editor *ed, enum action a)
{
    int page = model_geometry(ed).pane.rows - 1;
    switch ((int)a) {
    case ACT_UP:
        model_scroll(ed, -1);
        return;
    case ACT_DOWN:
        model_scroll(ed, 1);
        return;
    case ACT_PAGE_UP:
        model_scroll(ed, -(page > 1 ? page : 1));
        return;
    case ACT_PAGE_DOWN:
        model_scroll(ed, page > 1 ? page : 1);
        return;
    case ACT_HOME:
        ed->top_line = 0;
        return;
    case ACT_END:
        model_scroll(ed, (int)ed->nlines);
        return;
    default:
        return;
    }
}

static void step_field(struct editor *ed, int by)
{
    size_t before = ed->focus;
    model_focus_step(ed, by);
    if (ed->focus != before)
        return;
    uint16_t question = ed->question;
    model_step_question(ed, by);
    if (by < 0 && ed->question != question)
        model_field_action(ed, ACT_END);
}

/* What works in every main context. False: the context's own. */
static bool common_action(struct editor *ed, enum action a)
{
    switch ((int)a) {
    case ACT_HELP:
        ed->popup = POPUP_HELP;
        ed->help_top = 0;
        return true;
    case ACT_LEAVE:
        leave(ed);
        return true;
    case ACT_REDRAW:
        ed->redraw = true;
        return true;
    case ACT_BACK:
        back(ed);
        return true;
    default:
        break;
    }
    if (!model_audit(ed))
        return ed->popup != POPUP_HELP; /* nothing is here yet to do anything with */
    switch ((int)a) {
    case ACT_NEXT_UNANSWERED:
        model_next_unanswered(ed);
        return true;
    case ACT_FIND:
        model_open_line(ed, LINE_FIND, "Search in all answers", "Enter: search; F3: next");
        model_line_type(ed, ed->needle.data, ed->needle.len);
        return true;
    case ACT_FIND_NEXT:
    case ACT_FIND_PREV:
        model_find(ed, a == ACT_FIND_PREV);
        return true;
    case ACT_AUTHORS:
    case ACT_STRUCK:
        if (a == ACT_STRUCK)
            ed->struck = !ed->struck;
        ed->wants_log = false; /* building the view says whether it is needed */
        ed->authors = a == ACT_STRUCK ? true : !ed->authors;
        ed->stale = true;
        return true;
    case ACT_FOLLOW:
        if (ed->follow)
            ed->follow = 0;
        else
            model_open_follow(ed);
        return true;
    case ACT_COMMENTS:
        model_comments_toggle(ed);
        return true;
    case ACT_COMMENT_NEW:
        model_comment_new(ed);
        return true;
    case ACT_WHY_NEEDED:
        model_why_needed(ed);
        return true;
    case ACT_STEPS:
        model_desk_open(ed, DESK_STEPS);
        return true;
    case ACT_ACTION_STEPS:
        model_draft_action(ed);
        return true;
    case ACT_FLAG:
        model_draft_flag(ed);
        return true;
    case ACT_PROMPTS:
        ed->prompts_hidden = !ed->prompts_hidden;
        ed->stale = true;
        return true;
    case ACT_GO:
        model_open_line(ed, LINE_GO, "Go to question", "B1, B1.rationale, D1[3], ...");
        return true;
    case ACT_QUESTION_NEXT:
        model_step_question(ed, 1);
        return true;
    case ACT_QUESTION_PREV:
        model_step_question(ed, -1);
        return true;
    case ACT_TREE:
        ed->in_tree = !ed->in_tree || ed->focus >= ed->nform;
        return true;
    case ACT_NOTICE_COPY:
        copy_kept(ed);
        return true;
    case ACT_NOTICE_FORGET:
        ask_forget(ed);
        return true;
    case ACT_COPY:
        model_copy(ed);
        return true;
    case ACT_UNDO:
    case ACT_REDO:
        model_undo(ed, a == ACT_REDO);
        return true;
    default:
        return false;
    }
}

static void context_action(struct editor *ed, enum key_context ctx, enum action a, bool select)
{
    if ((ctx & (CTX_TEXT | CTX_FIELD | CTX_AUTHORS)) &&
        (a == ACT_FIELD_NEXT || a == ACT_FIELD_PREV)) {
        step_field(ed, a == ACT_FIELD_NEXT ? 1 : -1);
        return;
    }
    switch (ctx) {
    case CTX_TREE:
        model_tree_action(ed, a);
        return;
    case CTX_TEXT:
        model_text_action(ed, a, select);
        return;
    case CTX_FIELD:
        model_field_action(ed, a);
        return;
    case CTX_AUTHORS:
        authors_action(ed, a);
        return;
    case CTX_PICKER:
        model_picker_action(ed, a);
        return;
    case CTX_LINE:
        model_line_action(ed, a);
        return;
    case CTX_COMMENTS:
        model_comments_action(ed, a);
        return;
    case CTX_ASK:
        model_ask_answer(ed, a == ACT_YES);
        return;
    case CTX_HELP:
        help_action(ed, a);
        return;
    case CTX_DESK:
        model_desk_action(ed, a);
        return;
    case CTX_COUNT:
        return;
    }
}

/* Characters that no row of the table claims. */
static void type_text(struct editor *ed, enum key_context ctx, uint32_t cp)
{
    uint8_t u[4];
    size_t n = utf8_encode(cp, u);
    if (utf8_check_text(u, n, true, NULL))
        return;
    if (ctx == CTX_AUTHORS) {
        ed->authors = false;
        model_rebuild(ed, false);
        model_show_cursor(ed);
        ctx = model_context(ed);
    }
    if (ctx == CTX_TEXT)
        model_type(ed, u, n, ACT_NONE);
    else if (ctx == CTX_LINE)
        model_line_type(ed, u, n);
    else if (ctx == CTX_PICKER)
        model_picker_type(ed, cp);
    else if (ctx == CTX_FIELD && model_moderate(ed, cp))
        return;
    else if (ctx == CTX_FIELD && model_focus_row(ed)->kind == FORM_FIELD)
        model_open_value(ed, model_focus_row(ed), cp);
    else if (ctx == CTX_TREE)
        editor_say(ed, "Not typed: this is the list of questions. Enter goes into the answer.");
    else if (ctx == CTX_FIELD)
        editor_say(ed, model_focus_row(ed)->held ? "Not typed: these words are held back from you."
                                                 : "Not typed: this part has no words of its own.");
}

/* Own motions and edits end following; looking around does not. */
static bool ends_following(enum action a)
{
    switch ((int)a) {
    case ACT_HELP:
    case ACT_REDRAW:
    case ACT_BACK:
    case ACT_FOLLOW:
    case ACT_COMMENTS:
    case ACT_PROMPTS:
    case ACT_AUTHORS:
    case ACT_STRUCK:
    case ACT_NOTICE_COPY:
    case ACT_NOTICE_FORGET:
    case ACT_COPY:
    case ACT_LEAVE:
        return false;
    default:
        return true;
    }
}

/* After one's own key: the pane stays, and scrolls as little as the cursor needs. */
static void settle(struct editor *ed, enum action a)
{
    bool scrolled = ed->authors && !ed->in_tree && a >= ACT_UP && a <= ACT_PAGE_DOWN;
    if (ed->stale || ed->seen_version != replica_version(ed->r))
        model_rebuild(ed, false);
    if (a == ACT_PROMPTS || a == ACT_COMMENTS || a == ACT_BACK)
        model_fill_pane(ed);
    if (model_audit(ed) && !scrolled)
        model_show_cursor(ed);
    model_send_cursor(ed);
}

void editor_key(struct editor *ed, struct key k)
{
    bool select;
    editor_refresh(ed);
    ed->said[0] = 0;
    enum key_context ctx = model_context(ed);
    enum action a = keymap_find(k, ctx, &select);
    bool typed = !a && key_is_text(k);
    if ((a && ends_following(a) && ed->popup != POPUP_PICKER) || typed)
        ed->follow = 0;
    if (a && !common_action(ed, a))
        context_action(ed, ctx, a, select);
    else if (typed && model_audit(ed))
        type_text(ed, ctx, k.code);
    settle(ed, a);
}

void editor_paste(struct editor *ed, const uint8_t *data, size_t len)
{
    struct buf clean = BUF_INIT;
    editor_refresh(ed);
    ed->said[0] = 0;
    enum key_context ctx = model_context(ed);
    size_t dropped = clipboard_clean(data, len, ctx == CTX_LINE, &clean);
    if (dropped)
        editor_say(ed, "%zu characters that may not be in an answer were left out.", dropped);
    if (!buf_failed(&clean) && model_audit(ed)) {
        if (ctx == CTX_TEXT)
            model_type(ed, clean.data, clean.len, ACT_PASTE);
        else if (ctx == CTX_LINE)
            model_line_type(ed, clean.data, clean.len);
        else
            editor_say(ed, "Go to a text to paste into it.");
    }
    buf_free(&clean);
    settle(ed, ACT_NONE);
}
