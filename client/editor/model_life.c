/* What is asked of the server about the record's life, and what it answered. */
#include "client/editor/model_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GATHER_MS = 400, /* what comes in a burst is asked about once */
    GATHER_MOST_MS = 2000,
    GREET_DUTIES = 3,
};

void model_life_fini(struct editor *ed)
{
    struct life *l = &ed->life;
    errand_answer_free(l->steps);
    errand_answer_free(l->moderators);
    errand_answer_free(l->readers);
    errand_answer_free(l->inbox);
    for (size_t i = 0; i < l->nwaiting; i++)
        errand_fini(&l->waiting[i]);
    for (size_t i = 0; i < l->cap_rows; i++)
        buf_free(&l->rows[i].text);
    free(l->rows);
    model_draft_fini(ed);
    *l = (struct life){.nrows = 0};
}

/* ---- asking ---- */

void model_life_stale(struct editor *ed, bool now)
{
    struct life *l = &ed->life;
    int64_t at = now ? ed->mono_ms : ed->mono_ms + GATHER_MS;
    if (!l->wants_steps)
        l->want_latest_ms = ed->mono_ms + GATHER_MOST_MS;
    if (!l->wants_steps || now || l->want_ms < at)
        l->want_ms = at < l->want_latest_ms ? at : l->want_latest_ms;
    l->wants_steps = true;
}

static bool steps_are_due(const struct editor *ed)
{
    const struct life *l = &ed->life;
    return l->wants_steps && !l->asked_steps && ed->line == LINE_UP && model_audit(ed) &&
           l->want_ms <= ed->mono_ms;
}

int64_t editor_next_ms(const struct editor *ed)
{
    const struct life *l = &ed->life;
    bool waits = l->wants_steps && !l->asked_steps && ed->line == LINE_UP && model_audit(ed);
    if (l->nasked == MAX_ERRANDS) /* an answer comes first */
        return INT64_MAX;
    return l->nwaiting ? ed->mono_ms : waits ? l->want_ms : INT64_MAX;
}

static void put_waiting(struct editor *ed, const struct errand *e)
{
    ed->life.waiting[ed->life.nwaiting++] = *e;
}

bool model_send_errand(struct editor *ed, struct errand *e)
{
    const char *why = ed->line != LINE_UP
                          ? "There is no line to the server now: please try again when it is back."
                      : ed->life.nwaiting == MAX_ERRANDS
                          ? "Too much is waiting for an answer: please try again in a moment."
                          : NULL;
    if (why)
        editor_say(ed, "%s", why);
    else
        put_waiting(ed, e);
    if (why)
        errand_fini(e);
    *e = (struct errand){0};
    return !why;
}

/* On the first visit: where the record stands, and what waits for me. */
static void greet(struct editor *ed)
{
    struct errand inbox = {.kind = ERRAND_INBOX};
    if (ed->life.greeted || ed->line != LINE_UP || !model_audit(ed))
        return;
    ed->life.greeted = true;
    put_waiting(ed, &inbox);
    model_life_stale(ed, true);
}

bool editor_take_errand(struct editor *ed, struct errand *out)
{
    struct life *l = &ed->life;
    greet(ed);
    if (l->nasked == MAX_ERRANDS)
        return false;
    if (steps_are_due(ed)) {
        l->wants_steps = false;
        l->asked_steps = true;
        l->nasked++;
        *out = (struct errand){.kind = ERRAND_NEXT};
        return true;
    }
    if (!l->nwaiting)
        return false;
    *out = l->waiting[0];
    l->nasked++;
    l->nwaiting--;
    memmove(l->waiting, l->waiting + 1, l->nwaiting * sizeof *l->waiting);
    return true;
}

/* ---- answers ---- */

static const char *text_of(const struct errand_answer *a)
{
    return !a ? err_text(ERR_NOMEM) : a->text && a->text[0] ? a->text : err_text(a->err);
}

static void keep(struct errand_answer **where, struct errand_answer *a)
{
    errand_answer_free(*where);
    *where = a;
}

static void take_steps(struct editor *ed, struct errand_answer *a)
{
    struct life *l = &ed->life;
    l->asked_steps = false;
    if (a && !a->err) {
        keep(&l->steps, a);
        l->why[0] = 0;
        return;
    }
    snprintf(l->why, sizeof l->why, "%s", text_of(a));
    if (a && a->err == ERR_NET) /* asked again when the line is back */
        model_life_stale(ed, false);
    errand_answer_free(a);
}

/* What waits for me anywhere: one line, gone with the next key. */
static void say_inbox(struct editor *ed, const struct errand_answer *a)
{
    struct buf line = BUF_INIT;
    size_t others = 0;
    for (size_t i = 0; i < a->nduties; i++) {
        const struct errand_duty *d = &a->duties[i];
        if (!strcmp(d->ref, ed->ref)) /* the status line shows it */
            continue;
        if (others++ >= GREET_DUTIES)
            continue;
        buf_append_str(&line, others == 1 ? "Waits for you: " : "; ");
        buf_appendf(&line, "%s ", d->ref);
        describe_duty(d, &line);
    }
    if (others > GREET_DUTIES)
        buf_appendf(&line, "; and %zu%s more", others - GREET_DUTIES, a->more ? " or" : "");
    if (others && !ed->said[0] && !buf_failed(&line))
        editor_say(ed, "%s", buf_cstr(&line));
    buf_free(&line);
}

static void take_list(struct editor *ed, struct errand_answer **where, struct errand_answer *a,
                      const char *what)
{
    if (a && !a->err) {
        keep(where, a);
        return;
    }
    editor_say(ed, "%s cannot be shown now: %s", what, text_of(a));
    errand_answer_free(a);
}

/* Not done; what was written for it stays in the notice. A stale signature says what has changed
 * since, and the person decides again. */
static void tell_refused(struct editor *ed, const struct errand *e, const struct errand_answer *a)
{
    struct buf text = BUF_INIT;
    const char *words = e->text && *e->text ? e->text : e->reason;
    buf_append_str(&text, e->kind == ERRAND_SIGN ? "Not signed yet: " : "Not done: ");
    buf_append_str(&text, text_of(a));
    model_notice(ed, buf_cstr(&text), words, (struct field){0});
    buf_free(&text);
}

static void take_done(struct editor *ed, const struct errand *e, struct errand_answer *a)
{
    static const char *const done[] = {
        [ERRAND_MOVE] = "Done.",
        [ERRAND_SIGN] = "Signed.",
        [ERRAND_ACTION] = "Noted with the action.",
        [ERRAND_FLAG] = "The flag is raised. Please make sure that the person has heard it.",
        [ERRAND_FLAG_NOTE] = "Noted with the flag.",
    };
    if (a && !a->err)
        editor_say(ed, "%s", a->text && a->text[0] ? a->text : done[e->kind]);
    else
        tell_refused(ed, e, a);
    errand_answer_free(a);
    model_life_stale(ed, true);
}

void editor_answer(struct editor *ed, const struct errand *e, struct errand_answer *a)
{
    struct life *l = &ed->life;
    ed->stale = true;
    l->nasked -= l->nasked > 0;
    switch (e->kind) {
    case ERRAND_NEXT:
        take_steps(ed, a);
        break;
    case ERRAND_INBOX:
        if (a && !a->err && !l->inbox)
            say_inbox(ed, a);
        if (l->inbox || (a && !a->err))
            take_list(ed, &l->inbox, a, "What waits for you");
        else
            errand_answer_free(a); /* nobody has asked to see it */
        break;
    case ERRAND_READERS:
        take_list(ed, &l->readers, a, "Who has read it");
        break;
    case ERRAND_MODERATORS:
        take_list(ed, &l->moderators, a, "Who could moderate");
        if (l->moderators && !ed->popup)
            model_draft_assign(ed);
        break;
    case ERRAND_MOVE:
    case ERRAND_SIGN:
    case ERRAND_ACTION:
    case ERRAND_FLAG:
    case ERRAND_FLAG_NOTE:
        take_done(ed, e, a);
        break;
    }
    if (ed->popup == POPUP_DESK)
        model_desk_build(ed);
}

uint64_t model_revision(const struct editor *ed)
{
    return audit_revision(model_audit(ed));
}

const struct errand_duty *model_urgent(const struct editor *ed)
{
    const struct errand_answer *a = ed->life.steps;
    const struct errand_duty *most = NULL;
    for (size_t i = 0; a && i < a->nduties; i++) {
        const struct errand_duty *d = &a->duties[i];
        if (!d->mine)
            continue;
        if (!most || (*d->due && (!*most->due || d->days_left < most->days_left)))
            most = d;
    }
    return most;
}

/* ---- news ---- */

/* Which operations can change what comes next. What people fill in does too, but would be asked
 * about all the time: only while somebody looks at it. */
static bool changes_steps(const struct editor *ed, const struct event *e)
{
    for (size_t i = 0; i < e->body.nops; i++)
        switch (e->body.ops[i].kind) {
        case OP_TEXT:
        case OP_HELD:
            break;
        case OP_SET:
        case OP_ITEM_ADD:
        case OP_ITEM_REMOVE:
            if (ed->popup == POPUP_DESK)
                return true;
            break;
        case OP_CREATE:
        case OP_MEMBER_ADD:
        case OP_MEMBER_REMOVE:
        case OP_MOVE:
        case OP_COMMENT_ADD:
        case OP_COMMENT_REPLY:
        case OP_COMMENT_RESOLVE:
        case OP_SIGN:
        case OP_ASSIGN:
        case OP_FLAG:
        case OP_FLAG_NOTE:
        case OP_GLASS:
        case OP_GLASS_END:
        case OP_LINK:
        case OP_PLAN:
            return true;
        }
    return false;
}

/* Worth dismissing: it changes what can be written. The rest is said, and gone with a key. */
static bool is_worth_a_notice(const struct event *e)
{
    for (size_t i = 0; i < e->body.nops; i++)
        if (e->body.ops[i].kind == OP_MOVE)
            return true;
    return false;
}

static bool is_of_life(const struct event *e)
{
    for (size_t i = 0; i < e->body.nops; i++)
        if (e->body.ops[i].kind == OP_MOVE || e->body.ops[i].kind >= OP_SIGN)
            return true;
    return false;
}

static void on_line(void *user, struct field f, const char *line)
{
    struct buf *out = user;
    (void)f;
    if (out->len)
        buf_append_str(out, "; ");
    buf_append_str(out, line);
}

void model_announce(struct editor *ed, const struct event *e)
{
    struct buf text = BUF_INIT;
    const struct viewer *me = replica_me(ed->r);
    describe_voided(ed->r, e, &text);
    if (text.len)
        model_notice(ed, buf_cstr(&text), NULL, (struct field){0});
    buf_clear(&text);
    if (is_of_life(e) && !(me && me->person == e->actor)) /* my own steps are answered */
        describe_event(ed->r, e, on_line, &text);
    if (text.len && is_worth_a_notice(e))
        model_notice(ed, buf_cstr(&text), NULL, (struct field){0});
    else if (text.len)
        editor_say(ed, "%s.", buf_cstr(&text));
    buf_free(&text);
}

void model_life_news(struct editor *ed, const struct replica_news *n)
{
    if (n->kind == NEWS_CAUGHT_UP ||
        (n->kind == NEWS_EVENT && n->event && changes_steps(ed, n->event)))
        model_life_stale(ed, false);
}
