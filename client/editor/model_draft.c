/* Boxes that fill in an errand before it is sent: what a step asks for, one box after the other, or
 * whether it is meant when it asks for nothing. */
#include "client/editor/model_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void model_draft_fini(struct editor *ed)
{
    errand_fini(&ed->life.draft.errand);
    ed->life.draft = (struct draft){.filled = 0};
}

static struct draft *begin(struct editor *ed, enum errand_kind kind, const char *title)
{
    struct draft *d = &ed->life.draft;
    model_draft_fini(ed);
    d->errand.kind = kind;
    snprintf(d->title, sizeof d->title, "%s", title);
    return d;
}

static void ask(struct draft *d, enum draft_slot slot, bool needed, const char *hint)
{
    d->asks[slot].asked = true;
    d->asks[slot].needed = needed;
    snprintf(d->asks[slot].hint, sizeof d->asks[slot].hint, "%s", hint);
}

/* ---- what an action may be told ---- */

enum ask_for { ASK_NOTHING, ASK_DAY, ASK_IMPACT, ASK_ACTION_NEEDED, ASK_ACTION_OR_NONE };

/* The server decides (and says who may); here stands what is worth offering. */
static const struct action_row {
    const char *code, *title;
    const char *from; /* statuses in which it is offered */
    enum ask_for asks;
    bool reason_needed;
    const char *reason; /* "" : none is asked for */
} action_rows[] = {
    {"start",         "Begin it",                                              "open",                          ASK_NOTHING, false, ""                   },
    {"claim",         "Say that it is done",                                   "open in_progress",              ASK_NOTHING, false,
     "What shows that it is done?"                                                                                                                       },
    {"verify",        "Verify that it is done (somebody else than its owner)", "done_claimed",                  ASK_NOTHING,
     false,                                                                                                                         "How do you know?"   },
    {"reopen",        "Something is still to do",                              "done_claimed",                  ASK_NOTHING, true,  "What is it?"        },
    {"not_effective", "It was done, but did not help enough",                  "done_claimed done_verified",
     ASK_ACTION_NEEDED,                                                                                                      true,  "What have you seen?"},
    {"due",           "Another day",                                           "open in_progress done_claimed", ASK_DAY,     true,
     "Why? The first day is kept."                                                                                                                       },
    {"supersede",     "Another action takes its place",                        "open in_progress done_claimed",
     ASK_ACTION_OR_NONE,                                                                                                     true,  "Why?"               },
    {"cancel",        "It is not needed any more",                             "open in_progress done_claimed", ASK_NOTHING, true,
     "Why?"                                                                                                                                              },
    {"impact",        "Say what difference it made",                           "done_verified",                 ASK_IMPACT,  false,
     "What shows it? One line"                                                                                                                           },
};

static const struct action_row *action_row(const char *code)
{
    for (size_t i = 0; i < sizeof action_rows / sizeof *action_rows; i++)
        if (!strcmp(action_rows[i].code, code))
            return &action_rows[i];
    return NULL;
}

static bool has_word(const char *words, const char *word)
{
    size_t len = strlen(word);
    for (const char *p = words; (p = strstr(p, word)); p += len)
        if ((p == words || p[-1] == ' ') && (!p[len] || p[len] == ' '))
            return true;
    return false;
}

/* The action that the focused row belongs to; item 0: none. */
static struct field action_here(const struct editor *ed)
{
    const struct form_row *row = model_focus_row(ed);
    bool in_action = row && !ed->in_tree && row->def && row->field.item &&
                     (row->def->part == PART_ACTIONS || row->def->list == PART_ACTIONS);
    return in_action ? (struct field){row->field.question, PART_ACTIONS, row->field.item}
                     : (struct field){0};
}

void model_draft_action(struct editor *ed)
{
    struct picker *p = &ed->picker;
    struct field f = action_here(ed);
    struct buf title = BUF_INIT;
    bool pending;
    if (!f.item) {
        editor_say(ed, "Go to an action first: this shows what can be done about it.");
        return;
    }
    struct field status = {f.question, PART_STATUS, f.item};
    const char *is = replica_value(ed->r, status, &pending).value;
    memset(p, 0, sizeof *p);
    p->purpose = PICK_STEP;
    p->field = f;
    for (size_t i = 0; i < sizeof action_rows / sizeof *action_rows; i++) {
        if (!has_word(action_rows[i].from, *is ? is : "open"))
            continue;
        struct choice *c = &p->choices[p->n++];
        snprintf(c->code, sizeof c->code, "%s", action_rows[i].code);
        snprintf(c->label, sizeof c->label, "%s", action_rows[i].title);
    }
    if (!p->n) {
        editor_say(ed, "This action has come to its end.");
        return;
    }
    describe_field(ed->r, f, &title);
    snprintf(p->title, sizeof p->title, "%s", buf_cstr(&title));
    buf_free(&title);
    ed->popup = POPUP_PICKER;
}

/* ---- the next box ---- */

static void open_choices(struct editor *ed, enum draft_slot slot, const char *title)
{
    struct picker *p = &ed->picker;
    p->purpose = PICK_DRAFT;
    p->slot = (int)slot;
    snprintf(p->title, sizeof p->title, "%s", title);
    ed->popup = POPUP_PICKER;
}

static void open_impact(struct editor *ed)
{
    const struct template *t = audit_template(model_audit(ed));
    struct picker *p = &ed->picker;
    memset(p, 0, sizeof *p);
    p->n = describe_choices(t, NULL, part_find(PART_IMPACT), true, p->choices, MAX_CHOICES);
    open_choices(ed, SLOT_VALUE, "What difference did it make?");
}

static void open_other_action(struct editor *ed, bool or_none)
{
    struct picker *p = &ed->picker;
    struct field f = {ed->life.draft.errand.question, PART_LEADS_TO, ed->life.draft.errand.item};
    char self[24];
    size_t n;
    memset(p, 0, sizeof *p);
    snprintf(self, sizeof self, "%" PRIu64, f.item);
    n = describe_items(ed->r, f, p->choices, MAX_CHOICES - 1);
    n = n < MAX_CHOICES - 1 ? n : MAX_CHOICES - 1;
    for (size_t i = 0; i < n; i++)
        if (strcmp(p->choices[i].code, self) != 0)
            p->choices[p->n++] = p->choices[i];
    if (or_none)
        p->choices[p->n++] = (struct choice){.label = "(none)"};
    if (!p->n) {
        editor_say(ed, "Add the action that follows from this one first; then this one can end.");
        ed->popup = POPUP_NONE;
        return;
    }
    open_choices(ed, SLOT_OTHER, "Which action follows?");
}

static void open_words(struct editor *ed, enum draft_slot slot)
{
    const struct draft_ask *a = &ed->life.draft.asks[slot];
    model_open_line(ed, LINE_DRAFT, ed->life.draft.title, a->hint);
    ed->line_box.slot = (int)slot;
    ed->line_box.is_date = a->is_date;
}

static bool is_for(const struct draft *d, enum ask_for what)
{
    const struct action_row *row =
        d->errand.kind == ERRAND_ACTION && d->errand.step ? action_row(d->errand.step) : NULL;
    return row && row->asks == what;
}

static void go_on(struct editor *ed)
{
    struct draft *d = &ed->life.draft;
    int slot = 0;
    while (slot < SLOT_COUNT && (!d->asks[slot].asked || (d->filled & 1u << slot)))
        slot++;
    if (slot == SLOT_OTHER)
        open_other_action(ed, is_for(d, ASK_ACTION_OR_NONE));
    else if (slot == SLOT_VALUE && is_for(d, ASK_IMPACT))
        open_impact(ed);
    else if (slot < SLOT_COUNT)
        open_words(ed, (enum draft_slot)slot);
    else if (d->confirm)
        model_ask(ed, ASK_DRAFT, (struct field){0}, d->title);
    else
        model_draft_send(ed);
}

void model_draft_send(struct editor *ed)
{
    ed->popup = POPUP_NONE;
    if (model_send_errand(ed, &ed->life.draft.errand) && !ed->said[0])
        editor_say(ed, "Asking the server ...");
    model_draft_fini(ed);
}

static char **slot_of(struct errand *e, enum draft_slot slot)
{
    switch (slot) {
    case SLOT_TEXT:
        return &e->text;
    case SLOT_PERSON:
        return &e->person;
    case SLOT_VALUE:
        return &e->value;
    case SLOT_REASON:
        return &e->reason;
    case SLOT_OTHER:
    case SLOT_COUNT:
        break;
    }
    return NULL;
}

/* A whole day that there is, as YYYY-MM-DD in `date`. */
static bool read_day(const struct editor *ed, const char *words, char date[16])
{
    const struct errand *e = &ed->life.draft.errand;
    struct field due = {e->question, PART_DUE, e->item};
    if (!field_date_typed(words, date))
        snprintf(date, 16, "%s", words);
    return strlen(date) == strlen("2026-12-01") &&
           !field_check_value(audit_template(model_audit(ed)), due, date, NULL);
}

bool model_draft_fill(struct editor *ed, enum draft_slot slot, const char *words,
                      struct err_info *why)
{
    struct draft *d = &ed->life.draft;
    char **to = slot_of(&d->errand, slot);
    char date[16];
    if (ed->line != LINE_UP) {
        (void)err_set(why, ERR_NET,
                      "There is no line to the server now. What you wrote stays here: "
                      "Enter tries again.");
        return false;
    }
    if (d->asks[slot].needed && !words[strspn(words, " ")]) {
        (void)err_set(why, ERR_INPUT, "Please write this down; Esc leaves it undone.");
        return false;
    }
    if (d->asks[slot].is_date && !read_day(ed, words, date)) {
        (void)err_set(why, ERR_INPUT, "Please write a day as 2026-12-01 or 1/12/2026.");
        return false;
    }
    if (slot == SLOT_OTHER)
        d->errand.other_item = strtoull(words, NULL, 10);
    if (to) {
        free(*to);
        *to = strdup(d->asks[slot].is_date ? date : words);
    }
    d->filled |= 1u << slot;
    go_on(ed);
    return true;
}

/* ---- what begins a draft ---- */

void model_draft_action_step(struct editor *ed, const char *code)
{
    const struct action_row *row = action_row(code);
    struct field f = ed->picker.field;
    if (!row)
        return;
    struct draft *d = begin(ed, ERRAND_ACTION, row->title);
    d->errand.question = f.question;
    d->errand.item = f.item;
    d->errand.step = strdup(code);
    if (row->asks == ASK_DAY || row->asks == ASK_IMPACT)
        ask(d, SLOT_VALUE, true, "YYYY-MM-DD or D/M/YYYY; Up, Down: by days");
    d->asks[SLOT_VALUE].is_date = row->asks == ASK_DAY;
    if (row->asks == ASK_ACTION_NEEDED || row->asks == ASK_ACTION_OR_NONE)
        ask(d, SLOT_OTHER, row->asks == ASK_ACTION_NEEDED, "");
    if (*row->reason)
        ask(d, SLOT_REASON, row->reason_needed, row->reason);
    go_on(ed);
}

static void draft_signature(struct editor *ed, const struct errand_step *s)
{
    struct replica_status saved = replica_status(ed->r);
    bool absent = describe_my_role(ed->r) == ROLE_FTM;
    if (saved.pending_chars || saved.pending_ops) {
        editor_say(ed, "Your last changes are not saved yet: sign once the line below says so.");
        return;
    }
    struct draft *d = begin(ed, ERRAND_SIGN, s->title);
    d->errand.revision = model_revision(ed);
    d->errand.absent = absent;
    if (absent)
        ask(d, SLOT_REASON, true, "Why is the practitioner absent, and since when?");
    else
        ask(d, SLOT_TEXT, false,
            "Where you see it differently (printed beside it); empty: nowhere");
    go_on(ed);
}

static void draft_move(struct editor *ed, const struct errand_step *s)
{
    struct draft *d = begin(ed, ERRAND_MOVE, s->title);
    d->errand.to = s->to;
    d->errand.stage = s->stage;
    if (*s->reason)
        ask(d, SLOT_REASON, s->reason_needed, s->reason);
    d->confirm = !*s->reason;
    if (d->confirm)
        snprintf(d->title, sizeof d->title, "%s? (y/n)", s->title);
    go_on(ed);
}

/* Something is missing that no reason makes up for. */
static bool must_wait(const struct errand_step *s)
{
    return s->nmissing && !*s->reason;
}

void model_draft_step(struct editor *ed, const struct errand_step *s)
{
    if (s->by_itself)
        editor_say(ed, "This comes by itself.");
    else if (!s->you)
        editor_say(ed, "%s", s->who);
    else if (s->to == AUDIT_MODERATING && audit_info(model_audit(ed)).state == AUDIT_SUBMITTED)
        model_desk_action(ed, ACT_ASSIGN); /* what may be missing is who */
    else if (must_wait(s))
        editor_say(ed, "First: %s%s", s->missing[0].sentence,
                   s->nmissing > 1 ? " (and what stands below it)" : "");
    else if (s->by_signing)
        draft_signature(ed, s);
    else
        draft_move(ed, s);
}

/* The list of who could moderate is here. */
void model_draft_assign(struct editor *ed)
{
    const struct errand_answer *a = ed->life.moderators;
    struct picker *p = &ed->picker;
    memset(p, 0, sizeof *p);
    p->purpose = PICK_MODERATOR;
    snprintf(p->title, sizeof p->title, "Who moderates?");
    for (size_t i = 0; i < a->nmoderators && p->n < MAX_CHOICES; i++) {
        const struct errand_moderator *m = &a->moderators[i];
        struct choice *c = &p->choices[p->n++];
        snprintf(c->code, sizeof c->code, "%u", (unsigned)m->person);
        if (*m->conflict)
            snprintf(c->label, sizeof c->label, "%.30s: may not, %.50s", m->name, m->conflict);
        else
            snprintf(c->label, sizeof c->label, "%.40s%s, moderates %u now", m->name,
                     m->own ? " (the child's own IRO)" : "", (unsigned)m->open);
    }
    if (p->n)
        ed->popup = POPUP_PICKER;
    else
        editor_say(ed, "Nobody here could moderate this audit.");
}

static const struct errand_moderator *moderator(const struct editor *ed, uint32_t person)
{
    const struct errand_answer *a = ed->life.moderators;
    for (size_t i = 0; a && i < a->nmoderators; i++)
        if (a->moderators[i].person == person)
            return &a->moderators[i];
    return NULL;
}

void model_draft_moderator(struct editor *ed, uint32_t person)
{
    const struct errand_moderator *m = moderator(ed, person);
    char title[96], number[16];
    if (!m)
        return;
    if (*m->conflict) {
        editor_say(ed, "%s may not moderate this audit: %s", m->name, m->conflict);
        return;
    }
    bool again = audit_info(model_audit(ed)).state != AUDIT_SUBMITTED;
    snprintf(title, sizeof title, "Ask %.60s to moderate", m->name);
    snprintf(number, sizeof number, "%u", (unsigned)person);
    struct draft *d = begin(ed, ERRAND_MOVE, title);
    d->errand.to = AUDIT_MODERATING;
    d->errand.person = strdup(number);
    ask(d, SLOT_REASON, again,
        again ? "Why somebody else?"
              : "A word to them, or why not the child's own IRO; may be empty");
    go_on(ed);
}

void model_draft_flag(struct editor *ed)
{
    struct draft *d =
        begin(ed, ERRAND_FLAG, "Raise a safeguarding flag (never waits for the audit)");
    ask(d, SLOT_TEXT, true, "What is the concern? Shown to named roles only");
    ask(d, SLOT_PERSON, true, "Which manager has been told? Name, as in: Sue Tan");
    go_on(ed);
}

void model_draft_flag_note(struct editor *ed, uint64_t flag)
{
    struct draft *d = begin(ed, ERRAND_FLAG_NOTE, "Add to the flag");
    d->errand.flag = flag;
    ask(d, SLOT_TEXT, true, "What was done? Ctrl-T: all is done, closes the flag");
    go_on(ed);
}
