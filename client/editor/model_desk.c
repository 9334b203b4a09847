/* The pane of what comes next for the record, who has read it, and what waits for me: rows made of
 * the server's last answer and of the record itself. Enter does what a row says, or goes there. */
#include "client/editor/model_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- rows ---- */

/* Returns its empty text; NULL without memory. */
static struct buf *add_row(struct editor *ed, struct desk_row row)
{
    struct life *l = &ed->life;
    if (l->nrows == l->cap_rows) {
        size_t cap = l->cap_rows ? l->cap_rows * 2 : 32;
        struct desk_row *rows = realloc(l->rows, cap * sizeof *rows);
        if (!rows)
            return NULL;
        memset(rows + l->cap_rows, 0, (cap - l->cap_rows) * sizeof *rows);
        l->rows = rows;
        l->cap_rows = cap;
    }
    row.text = l->rows[l->nrows].text; /* its memory is used again */
    buf_clear(&row.text);
    l->rows[l->nrows] = row;
    return &l->rows[l->nrows++].text;
}

static void add_words(struct editor *ed, uint8_t indent, uint8_t attrs, const char *words)
{
    struct buf *out =
        add_row(ed, (struct desk_row){.kind = DESK_WORDS, .indent = indent, .attrs = attrs});
    if (out)
        buf_append_str(out, words);
}

static void add_heading(struct editor *ed, const char *words)
{
    if (ed->life.nrows)
        add_words(ed, 0, 0, "");
    add_words(ed, 0, CELL_BOLD | CELL_UNDERLINE, words);
}

/* ---- what comes next ---- */

static void add_how(const struct editor *ed, const struct errand_step *s, struct buf *out)
{
    buf_append_str(out, ": you can do this now (");
    if (!ed->life.by_line)
        buf_append_str(out, "Enter");
    else if (s->by_signing)
        buf_append_str(out, "sign");
    else
        buf_appendf(out, "move %s", audit_state_code((enum audit_state)s->to));
    buf_append_str(out, ")");
}

static void add_step(struct editor *ed, size_t i)
{
    const struct errand_step *s = &ed->life.steps->steps[i];
    struct buf *out = add_row(ed, (struct desk_row){.kind = DESK_STEP, .indent = 1, .step = i});
    if (!out)
        return;
    buf_append_str(out, s->title);
    if (s->by_itself)
        buf_append_str(out, ": by itself");
    else if (s->you && s->nmissing)
        buf_append_str(out, ": you, but first");
    else if (s->you)
        add_how(ed, s, out);
    else
        buf_appendf(out, ": %s", s->who);
    for (size_t k = 0; k < s->nmissing; k++) {
        const struct errand_missing *m = &s->missing[k];
        out = add_row(ed, (struct desk_row){.kind = m->field.question ? DESK_PLACE : DESK_WORDS,
                                            .indent = 3,
                                            .field = m->field});
        if (out)
            buf_append_str(out, m->sentence);
    }
}

static void add_duty(struct editor *ed, const struct errand_duty *d, bool with_ref)
{
    bool here = !strcmp(d->ref, ed->ref) || !*d->ref;
    struct buf *out =
        add_row(ed, (struct desk_row){.kind = here && d->field.question ? DESK_PLACE : DESK_WORDS,
                                      .indent = 1,
                                      .field = d->field});
    if (!out)
        return;
    if (with_ref)
        buf_appendf(out, "%s: ", d->ref);
    else if (d->mine)
        buf_append_str(out, "You: ");
    else if (*d->name)
        buf_appendf(out, "%s: ", d->name);
    else
        buf_appendf(out, "%s: ", role_code((enum role)d->role));
    describe_duty(d, out);
}

static void add_duties(struct editor *ed, const struct errand_answer *a)
{
    if (a->nduties)
        add_heading(ed, "What waits, and for whom");
    for (int mine = 1; mine >= 0; mine--)
        for (size_t i = 0; i < a->nduties; i++)
            if (a->duties[i].mine == mine)
                add_duty(ed, &a->duties[i], false);
}

static void add_standing(struct editor *ed, const struct errand_answer *a)
{
    struct buf *out = add_row(ed, (struct desk_row){.kind = DESK_WORDS, .attrs = CELL_BOLD});
    if (!out)
        return;
    /* What the server said may be ahead of the event that says it to everybody. */
    enum audit_state state = audit_info(model_audit(ed)).state;
    buf_append_str(out, audit_state_code(a && a->state ? (enum audit_state)a->state : state));
    if (a && a->since_utc_ms) {
        buf_append_str(out, " since ");
        describe_time(a->since_utc_ms, ed->utc_ms, out);
    }
}

static void add_signatures(struct editor *ed)
{
    const struct audit *a = model_audit(ed);
    for (size_t i = 0; i < audit_signature_count(a); i++) {
        const struct audit_signature *s = audit_signature_at(a, i);
        struct buf *out = s->void_seq ? NULL : add_row(ed, (struct desk_row){.kind = DESK_WORDS});
        if (!out)
            continue;
        buf_append_str(out, "Signed by ");
        describe_signature(ed->r, s, ed->utc_ms, out);
    }
}

static void add_flags(struct editor *ed)
{
    const struct audit *a = model_audit(ed);
    if (audit_flag_count(a))
        add_heading(ed, ed->life.by_line ? "Safeguarding flags"
                                         : "Safeguarding flags (Enter: add to it, close it)");
    for (size_t i = 0; i < audit_flag_count(a); i++) {
        const struct audit_flag *f = audit_flag_at(a, i);
        struct buf *out =
            add_row(ed, (struct desk_row){.kind = DESK_FLAG, .indent = 1, .flag = f->seq});
        if (out)
            describe_flag(ed->r, f, ed->utc_ms, out);
    }
}

static void build_steps(struct editor *ed)
{
    const struct life *l = &ed->life;
    const struct errand_answer *a = l->steps;
    add_standing(ed, a);
    add_signatures(ed);
    if (!a) {
        add_words(ed, 0, 0,
                  l->why[0]             ? l->why
                  : ed->line != LINE_UP ? "There is no line to the server now."
                                        : "Asking the server ...");
        add_flags(ed);
        return;
    }
    add_heading(ed, "What comes next");
    for (size_t i = 0; i < a->nsteps; i++)
        add_step(ed, i);
    if (!a->nsteps)
        add_words(ed, 1, 0, "Nothing more: this record has come to its end.");
    add_duties(ed, a);
    add_flags(ed);
}

/* ---- other lists ---- */

/* Somebody who goes on looking is told of once. */
static bool is_same_reading(const struct errand_reader *x, const struct errand_reader *before)
{
    return x->person == before->person && !strcmp(x->what, before->what);
}

static void build_readers(struct editor *ed)
{
    const struct errand_answer *a = ed->life.readers;
    add_heading(ed, "Who has opened this record");
    if (!a)
        add_words(ed, 1, 0, "Asking the server ...");
    for (size_t i = 0; a && i < a->nreaders; i++) {
        if (i && is_same_reading(&a->readers[i], &a->readers[i - 1]))
            continue;
        struct buf *out = add_row(ed, (struct desk_row){.kind = DESK_WORDS, .indent = 1});
        if (!out)
            return;
        describe_time(a->readers[i].utc_ms, ed->utc_ms, out);
        buf_appendf(out, "  %s  %s", a->readers[i].name, a->readers[i].what);
    }
    if (a && a->more)
        add_words(ed, 1, CELL_DIM, "... and more: tandem readers shows them all");
}

static void build_inbox(struct editor *ed)
{
    const struct errand_answer *a = ed->life.inbox;
    add_heading(ed, "What waits for you, in all records");
    if (!a)
        add_words(ed, 1, 0, "Asking the server ...");
    for (size_t i = 0; a && i < a->nduties; i++)
        add_duty(ed, &a->duties[i], true);
    if (a && !a->nduties)
        add_words(ed, 1, 0, "Nothing waits for you.");
    if (a && a->more)
        add_words(ed, 1, CELL_DIM, "... and more: tandem inbox shows them all");
}

static bool can_be_chosen(const struct desk_row *row)
{
    return row->kind != DESK_WORDS;
}

static void settle_selection(struct editor *ed)
{
    struct life *l = &ed->life;
    if (l->selected >= l->nrows)
        l->selected = l->nrows ? l->nrows - 1 : 0;
    for (size_t i = l->selected; i < l->nrows; i++)
        if (can_be_chosen(&l->rows[i])) {
            l->selected = i;
            return;
        }
    for (size_t i = l->selected; i-- > 0;)
        if (can_be_chosen(&l->rows[i])) {
            l->selected = i;
            return;
        }
}

void model_desk_build(struct editor *ed)
{
    static void (*const build[])(struct editor *) = {
        [DESK_STEPS] = build_steps, [DESK_READERS] = build_readers, [DESK_INBOX] = build_inbox};
    ed->life.nrows = 0;
    build[ed->life.show](ed);
    settle_selection(ed);
}

void model_desk_open(struct editor *ed, enum desk_show show)
{
    struct errand e = {.kind = show == DESK_READERS ? ERRAND_READERS : ERRAND_INBOX};
    ed->life.show = show;
    ed->life.selected = 0;
    if (show == DESK_STEPS)
        model_life_stale(ed, true);
    else
        (void)model_send_errand(ed, &e); /* it has said so, and what is here is shown */
    ed->popup = POPUP_DESK;
    model_desk_build(ed);
}

/* ---- keys ---- */

static void select_by(struct editor *ed, long by)
{
    struct life *l = &ed->life;
    long step = by < 0 ? -1 : 1, at = (long)l->selected;
    for (long left = by < 0 ? -by : by; left;) {
        long next = at + step;
        while (next >= 0 && next < (long)l->nrows && !can_be_chosen(&l->rows[next]))
            next += step;
        if (next < 0 || next >= (long)l->nrows)
            break;
        at = next;
        left--;
    }
    l->selected = (size_t)at;
}

static void go_there(struct editor *ed, struct field f)
{
    if (f.item && !f.part) /* an action as a whole: at its head */
        f.part = PART_ACTIONS;
    ed->popup = POPUP_NONE;
    ed->authors = false;
    model_go(ed, f, 0);
    ed->in_tree = false;
}

static void choose(struct editor *ed)
{
    struct life *l = &ed->life;
    const struct desk_row *row = l->selected < l->nrows ? &l->rows[l->selected] : NULL;
    if (!row)
        return;
    switch (row->kind) {
    case DESK_WORDS:
        return;
    case DESK_PLACE:
        go_there(ed, row->field);
        return;
    case DESK_STEP:
        if (l->steps && row->step < l->steps->nsteps)
            model_draft_step(ed, &l->steps->steps[row->step]);
        return;
    case DESK_FLAG:
        model_draft_flag_note(ed, row->flag);
        return;
    }
}

void model_desk_action(struct editor *ed, enum action a)
{
    int page = ed->rows > 6 ? ed->rows - 6 : 1;
    switch ((int)a) {
    case ACT_UP:
        select_by(ed, -1);
        return;
    case ACT_DOWN:
        select_by(ed, 1);
        return;
    case ACT_PAGE_UP:
        select_by(ed, -page);
        return;
    case ACT_PAGE_DOWN:
        select_by(ed, page);
        return;
    case ACT_HOME:
        select_by(ed, -(long)ed->life.nrows);
        return;
    case ACT_END:
        select_by(ed, (long)ed->life.nrows);
        return;
    case ACT_ENTER:
        choose(ed);
        return;
    case ACT_ASSIGN: {
        struct errand e = {.kind = ERRAND_MODERATORS};
        if (model_send_errand(ed, &e))
            ed->popup = POPUP_NONE; /* the list opens when it is here */
        return;
    }
    case ACT_READERS:
        model_desk_open(ed, DESK_READERS);
        return;
    case ACT_INBOX:
        model_desk_open(ed, DESK_INBOX);
        return;
    case ACT_STEPS:
        model_desk_open(ed, DESK_STEPS);
        return;
    default:
        return;
    }
}
