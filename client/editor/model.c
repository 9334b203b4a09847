#include "client/editor/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/editor/model_state.h"

/* ---- life ---- */

static void on_news(void *user, const struct replica_news *n);

struct editor *editor_new(struct replica *r, const char *ref)
{
    struct editor *ed = calloc(1, sizeof *ed);
    if (!ed)
        return NULL;
    ed->r = r;
    snprintf(ed->ref, sizeof ed->ref, "%s", ref);
    ed->rows = HOME_ROWS;
    ed->cols = HOME_COLS;
    ed->in_tree = true;
    ed->stale = true;
    ed->goal_col = -1;
    ed->line = LINE_JOINING;
    replica_on_news(r, on_news, ed);
    return ed;
}

void model_drop_notice(struct editor *ed)
{
    free(ed->notices[0].text);
    free(ed->notices[0].kept);
    ed->nnotices--;
    memmove(ed->notices, ed->notices + 1, ed->nnotices * sizeof *ed->notices);
}

void editor_free(struct editor *ed)
{
    if (!ed)
        return;
    replica_on_news(ed->r, NULL, NULL);
    while (ed->nnotices)
        model_drop_notice(ed);
    model_free_form(ed);
    audit_free(ed->log);
    template_free(ed->log_template);
    free(ed->form);
    free(ed->tree);
    buf_free(&ed->line_box.text);
    buf_free(&ed->clipboard);
    buf_free(&ed->needle);
    model_life_fini(ed);
    free(ed);
}

const struct audit *model_audit(const struct editor *ed)
{
    return replica_audit(ed->r);
}

const struct question *model_question(const struct editor *ed)
{
    const struct audit *a = model_audit(ed);
    return a ? template_question(audit_template(a), ed->question) : NULL;
}

bool editor_left(const struct editor *ed)
{
    return ed->left;
}

bool editor_wants_log(struct editor *ed)
{
    bool wants = ed->wants_log && !ed->asked_log;
    ed->asked_log |= wants;
    return wants;
}

void editor_set_log(struct editor *ed, struct audit *log, struct template *t, const char *why)
{
    audit_free(ed->log);
    template_free(ed->log_template);
    ed->log = log;
    ed->log_template = t;
    ed->stale = true;
    if (!log) {
        ed->asked_log = false; /* F5 asks again */
        editor_say(ed, "The struck-out words cannot be shown now: %s", why);
    }
}

bool editor_wants_redraw(struct editor *ed)
{
    bool redraw = ed->redraw;
    ed->redraw = false;
    return redraw;
}

struct field editor_field(const struct editor *ed)
{
    return ed->in_tree ? (struct field){.question = ed->question} : ed->field;
}

size_t editor_pos_cp(const struct editor *ed)
{
    return ed->pos_cp;
}

const char *editor_clipboard(struct editor *ed)
{
    return buf_cstr(&ed->clipboard);
}

/* ---- saying things ---- */

void editor_say(struct editor *ed, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(ed->said, sizeof ed->said, fmt, ap);
    va_end(ap);
}

void model_refused(struct editor *ed, enum err e, const struct err_info *why)
{
    editor_say(ed, "%s", why && why->text[0] ? why->text : err_text(e));
}

/* Stays until dismissed. When too many wait, the oldest makes room for kept words; how many were
 * lost is said. */
void model_notice(struct editor *ed, const char *text, const char *kept, struct field f)
{
    bool has_words = kept && *kept;
    for (size_t i = 0; has_words && i < ed->nnotices; i++)
        if (ed->notices[i].kept && field_equal(ed->notices[i].field, f) &&
            !strcmp(ed->notices[i].kept, kept))
            return; /* told already */
    if (ed->nnotices == MAX_NOTICES) {
        ed->notices_lost++;
        if (!has_words)
            return;
        model_drop_notice(ed);
    }
    struct notice n = {.text = strdup(text), .kept = has_words ? strdup(kept) : NULL, .field = f};
    if (n.text)
        ed->notices[ed->nnotices++] = n;
    else
        free(n.kept);
}

/* Words refused on an earlier visit, from the recovery file. */
static void tell_kept(struct editor *ed)
{
    struct buf text = BUF_INIT;
    for (size_t i = 0; i < replica_kept_count(ed->r); i++) {
        struct replica_kept k = replica_kept_at(ed->r, i);
        buf_clear(&text);
        buf_append_str(&text, "Could not be stored in ");
        describe_field(ed->r, k.field, &text);
        buf_appendf(&text, " (%s):", k.why);
        model_notice(ed, buf_cstr(&text), k.words, k.field);
    }
    buf_free(&text);
}

void model_forget_kept(struct editor *ed)
{
    if (!ed->nnotices || !ed->notices[0].kept)
        return;
    const struct notice *n = &ed->notices[0];
    for (size_t i = 0; i < replica_kept_count(ed->r); i++) {
        struct replica_kept k = replica_kept_at(ed->r, i);
        if (field_equal(k.field, n->field) && !strcmp(k.words, n->kept)) {
            replica_kept_forget(ed->r, i);
            break;
        }
    }
    model_drop_notice(ed);
}

void model_ask(struct editor *ed, enum ask_purpose purpose, struct field f, const char *text)
{
    ed->ask = (struct ask_box){.purpose = purpose, .field = f};
    snprintf(ed->ask.text, sizeof ed->ask.text, "%s", text);
    ed->popup = POPUP_ASK;
}

static void tell_conflict(struct editor *ed, const struct replica_news *n)
{
    struct buf text = BUF_INIT;
    const struct part_def *def = part_find((enum part)n->field.part);
    if (n->text)
        buf_append_str(&text, n->text);
    else
        describe_field(ed->r, n->field, &text);
    if (n->theirs && model_audit(ed) && def) {
        buf_appendf(&text, " %s's value stands: ", replica_name(ed->r, n->person));
        if (*n->theirs)
            describe_field_value(ed->r, n->field, n->theirs, &text);
        else
            buf_append_str(&text, "(empty)");
    }
    model_notice(ed, buf_cstr(&text), NULL, n->field);
    buf_free(&text);
}

static void say_came(struct editor *ed, uint32_t person)
{
    char left[sizeof ed->said];
    snprintf(left, sizeof left, "%s has left.", replica_name(ed->r, person));
    if (person == replica_me(ed->r)->person)
        editor_say(ed, "You have this audit open in another window too.");
    else if (!strcmp(ed->said, left))
        ed->said[0] = 0; /* and is back at once: something was shared with them */
    else
        editor_say(ed, "%s has come in.", replica_name(ed->r, person));
}

static void on_news(void *user, const struct replica_news *n)
{
    struct editor *ed = user;
    ed->stale = true;
    model_life_news(ed, n);
    switch (n->kind) {
    case NEWS_EVENT:
        if (n->event)
            model_announce(ed, n->event);
        return;
    case NEWS_MOVED:
        return;
    case NEWS_CAME:
        say_came(ed, n->person);
        return;
    case NEWS_WENT:
        if (n->person != replica_me(ed->r)->person) /* else: a window of mine */
            editor_say(ed, "%s has left.", replica_name(ed->r, n->person));
        return;
    case NEWS_CONFLICT:
        tell_conflict(ed, n);
        return;
    case NEWS_REFUSED:
        model_notice(ed, n->text ? n->text : "The server refused what you wrote.", n->kept,
                     n->field);
        return;
    case NEWS_CAUGHT_UP:
        model_notice(ed, n->text ? n->text : "Back on line.", NULL, n->field);
        return;
    }
}

void editor_set_line(struct editor *ed, enum editor_line line, const char *why)
{
    if (line == LINE_UP && ed->line != LINE_UP && ed->life.greeted)
        model_life_stale(ed, false);
    ed->line = line;
    snprintf(ed->line_why, sizeof ed->line_why, "%s", why ? why : "");
}

void editor_time(struct editor *ed, int64_t mono_ms, int64_t utc_ms)
{
    ed->mono_ms = mono_ms;
    ed->utc_ms = utc_ms;
}

/* ---- geometry ---- */

/* Rows that what is to be said needs (at least the one that is kept free for it). */
static uint16_t notice_rows(const struct editor *ed, uint16_t cols)
{
    struct layout l = {0};
    size_t rows = 1;
    const char *text = ed->nnotices ? ed->notices[0].text : ed->said;
    const char *kept = ed->nnotices ? ed->notices[0].kept : NULL;
    if (*text && !layout_make(&l, (const uint8_t *)text, strlen(text), cols))
        rows = l.nlines;
    if (kept && !layout_make(&l, (const uint8_t *)kept, strlen(kept), cols))
        rows += l.nlines;
    layout_fini(&l);
    if (ed->nnotices)
        rows++; /* how to dismiss it */
    return (uint16_t)(rows < ed->rows / 3u ? rows : ed->rows / 3 ? ed->rows / 3 : 1);
}

/* Flags and break-glass that have to stay in sight. */
static uint16_t banner_rows(const struct editor *ed)
{
    struct buf line = BUF_INIT;
    uint16_t n = 0, most = ed->rows >= 20 ? 2 : ed->rows >= 12 ? 1 : 0;
    while (n < most && describe_banner(ed->r, n, ed->utc_ms, &line))
        n++;
    buf_free(&line);
    return n;
}

struct geometry model_geometry(const struct editor *ed)
{
    struct geometry g = {0};
    uint16_t cols = ed->cols, top = 0, bottom = ed->rows;
    g.too_small = cols < 20 || ed->rows < 5;
    if (!ed->rows || !cols)
        return g;
    g.status = (struct rect){--bottom, 0, 1, cols};
    if (g.too_small) {
        g.pane = (struct rect){0, 0, bottom, cols};
        return g;
    }
    if (ed->rows >= 8)
        g.who = (struct rect){--bottom, 0, 1, cols};
    uint16_t notice = notice_rows(ed, cols);
    bottom = (uint16_t)(bottom - notice);
    g.notice = (struct rect){bottom, 0, notice, cols};
    if (ed->rows >= 12)
        g.title = (struct rect){top++, 0, 1, cols};
    uint16_t banner = banner_rows(ed);
    g.banner = (struct rect){top, 0, banner, cols};
    top = (uint16_t)(top + banner);
    uint16_t height = (uint16_t)(bottom - top), left = 0, right = cols;
    bool narrow = cols < 60;
    g.tree_shown = !narrow || ed->in_tree;
    if (g.tree_shown) {
        uint16_t width = narrow ? cols : cols >= 100 ? TREE_COLS + 8 : TREE_COLS;
        g.tree = (struct rect){top, 0, height, width};
        left = narrow ? 0 : width;
    }
    if (cols >= WIDE_COLS) {
        right = (uint16_t)(cols - COMMENT_COLS);
        g.comments = (struct rect){top, right, height, COMMENT_COLS};
        g.comments_shown = true;
    } else if (ed->comments_open && height >= 6) {
        uint16_t half = height / 2;
        g.comments =
            (struct rect){(uint16_t)(top + height - half), left, half, (uint16_t)(cols - left)};
        g.comments_shown = true;
        height = (uint16_t)(height - half);
    }
    g.pane = (struct rect){top, left, height, (uint16_t)(right - left)};
    return g;
}

uint16_t model_text_cols(const struct editor *ed)
{
    struct editor probe = *ed; /* the width does not depend on where the keys go */
    probe.in_tree = false;
    uint16_t cols = model_geometry(&probe).pane.cols;
    return cols > GUTTER_LEFT + GUTTER_RIGHT + 1 ? (uint16_t)(cols - GUTTER_LEFT - GUTTER_RIGHT)
                                                 : 1;
}

/* ---- taking up changes ---- */

void model_follow(struct editor *ed)
{
    for (size_t i = 0; i < replica_present_count(ed->r); i++) {
        struct replica_present p = replica_present_at(ed->r, i);
        if (p.person != ed->follow || p.me)
            continue;
        size_t pos = 0;
        const struct text *t = p.has_cursor ? audit_text(model_audit(ed), p.field) : NULL;
        if (t && text_anchor_pos(t, p.head, &pos))
            pos = 0;
        if (p.field.question &&
            (!field_equal(p.field, editor_field(ed)) || (p.has_cursor && pos != ed->pos_cp))) {
            uint32_t person = ed->follow;
            model_go(ed, p.field, pos);
            ed->in_tree = !p.field.part;
            ed->follow = person;
            model_send_cursor(ed);
        }
        return;
    }
    ed->follow = 0;
    editor_say(ed, "The person you followed has left.");
}

static void first_question(struct editor *ed)
{
    const struct template *t = audit_template(model_audit(ed));
    if (!template_question(t, ed->question))
        ed->question = t->nquestions ? t->questions[0].number : 0;
}

void model_rebuild(struct editor *ed, bool keep_eye)
{
    long eye = (long)model_cursor_line(ed) - (long)ed->top_line;
    bool had = ed->nform > 0;
    ed->seen_version = replica_version(ed->r);
    ed->stale = false;
    if (!model_audit(ed))
        return;
    first_question(ed);
    if (!ed->told_kept)
        tell_kept(ed);
    ed->told_kept = true;
    if (!model_build_tree(ed) || !model_build_form(ed)) {
        editor_say(ed, "Out of memory: not everything is shown.");
        return;
    }
    model_focus_field(ed, ed->field);
    model_find_cursor(ed);
    if (had && keep_eye) {
        long top = (long)model_cursor_line(ed) - eye;
        ed->top_line = top > 0 ? (size_t)top : 0;
    }
    if (ed->nlines && ed->top_line >= ed->nlines)
        ed->top_line = ed->nlines - 1;
    if (!had)
        model_send_cursor(ed); /* where I am when I come in */
}

/* Somebody who is asked whether to leave with unsaved work need not answer once it is saved. */
static void leave_once_saved(struct editor *ed)
{
    struct replica_status s = replica_status(ed->r);
    if (ed->popup == POPUP_ASK && ed->ask.purpose == ASK_LEAVE && !s.pending_chars &&
        !s.pending_ops)
        ed->left = true;
}

void editor_refresh(struct editor *ed)
{
    leave_once_saved(ed);
    if (!ed->stale && ed->seen_version == replica_version(ed->r))
        return;
    model_rebuild(ed, true);
    if (ed->follow && model_audit(ed))
        model_follow(ed);
}

void editor_resize(struct editor *ed, uint16_t rows, uint16_t cols)
{
    ed->rows = rows;
    ed->cols = cols;
    model_rebuild(ed, false);
    model_fill_pane(ed);
    model_show_cursor(ed);
}

/* A part that has no row now (see model_is_shown) gets one, for who goes there. */
static void reveal(struct editor *ed, struct field f)
{
    for (size_t i = 0; i < ed->nform; i++)
        if (field_equal(ed->form[i].field, f))
            return;
    ed->field = f;
    model_rebuild(ed, false);
    ed->field = (struct field){0};
}

void model_go(struct editor *ed, struct field f, size_t pos_cp)
{
    bool same = ed->question == f.question;
    ed->question = f.question;
    ed->follow = 0;
    if (!same || ed->stale) {
        ed->field = (struct field){0};
        ed->focus = 0;
        ed->top_line = 0;
        model_rebuild(ed, false);
    }
    if (f.part) {
        reveal(ed, f);
        model_focus_field(ed, f);
        ed->in_tree = false;
        model_set_cursor(ed, pos_cp);
    } else if (!same) {
        struct field own = model_own_grade(ed, f);
        model_focus_field(ed, own.part ? own : (struct field){0});
    }
    model_show_cursor(ed);
}

void model_send_cursor(struct editor *ed)
{
    const struct form_row *row = model_focus_row(ed);
    if (!model_audit(ed))
        return;
    if (ed->in_tree || !row)
        replica_set_cursor(ed->r, (struct field){.question = ed->question}, 0, 0);
    else if (row->kind != FORM_LIVE || row->held)
        replica_set_cursor(ed->r, row->field, 0, 0);
    else
        replica_set_cursor(ed->r, row->field, ed->pos_cp, ed->marked ? ed->mark_cp : ed->pos_cp);
}
