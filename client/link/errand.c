#include "client/link/errand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire.pb-c.h"

struct errand_run {
    errand_fn fn; /* NULL: cancelled */
    void *user;
    enum errand_kind kind;
};

void errand_fini(struct errand *e)
{
    free(e->text);
    free(e->reason);
    free(e->person);
    free(e->step);
    free(e->value);
    *e = (struct errand){0};
}

/* ---- answers ---- */

static void free_step(struct errand_step *s)
{
    for (size_t i = 0; i < s->nmissing; i++)
        free(s->missing[i].sentence);
    free(s->missing);
    free(s->title);
    free(s->command);
    free(s->who);
    free(s->reason);
}

static void free_duty(struct errand_duty *d)
{
    free(d->ref);
    free(d->text);
    free(d->due);
    free(d->name);
    free(d->level);
}

void errand_answer_free(struct errand_answer *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->nsteps; i++)
        free_step(&a->steps[i]);
    for (size_t i = 0; i < a->nduties; i++)
        free_duty(&a->duties[i]);
    for (size_t i = 0; i < a->nmoderators; i++) {
        free(a->moderators[i].name);
        free(a->moderators[i].conflict);
    }
    for (size_t i = 0; i < a->nreaders; i++) {
        free(a->readers[i].name);
        free(a->readers[i].what);
    }
    free(a->steps);
    free(a->duties);
    free(a->moderators);
    free(a->readers);
    free(a->text);
    free(a);
}

/* One answer being copied; a copy that could not be made is remembered. */
struct copying {
    struct errand_answer *a;
    bool failed;
};

static char *copy(struct copying *c, const char *s)
{
    char *new = strdup(s ? s : "");
    c->failed |= !new;
    return new;
}

/* Room for n things, all zero; *count is n when there is. */
static void *room_for(struct copying *c, size_t n, size_t size, size_t *count)
{
    void *p = n ? calloc(n, size) : NULL;
    c->failed |= n && !p;
    *count = p ? n : 0;
    return p;
}

/* The main part of a question that is meant as a whole stays 0. */
static struct field field_of(uint32_t question, uint32_t part, uint64_t item)
{
    if (question > UINT16_MAX || part > UINT16_MAX)
        return (struct field){0};
    return (struct field){(uint16_t)question, (uint16_t)part, item};
}

static void copy_step(struct copying *c, const Tandem__Step *from, struct errand_step *to)
{
    *to = (struct errand_step){.to = from->to,
                               .stage = from->stage,
                               .title = copy(c, from->title),
                               .command = copy(c, from->command),
                               .who = copy(c, from->who),
                               .reason = copy(c, from->reason),
                               .you = from->you,
                               .by_signing = from->by_signing,
                               .by_itself = from->by_itself,
                               .reason_needed = from->reason_needed};
    to->missing = room_for(c, from->n_missing, sizeof *to->missing, &to->nmissing);
    for (size_t i = 0; i < to->nmissing; i++) {
        const Tandem__Missing *m = from->missing[i];
        to->missing[i].sentence = copy(c, m->sentence);
        to->missing[i].field = field_of(m->question, m->part, m->item);
    }
}

static void copy_duties(struct copying *c, Tandem__Duty *const *from, size_t n)
{
    c->a->duties = room_for(c, n, sizeof *c->a->duties, &c->a->nduties);
    for (size_t i = 0; i < c->a->nduties; i++)
        c->a->duties[i] =
            (struct errand_duty){.ref = copy(c, from[i]->ref),
                                 .text = copy(c, from[i]->text),
                                 .due = copy(c, from[i]->due),
                                 .name = copy(c, from[i]->name),
                                 .level = copy(c, from[i]->level),
                                 .state = from[i]->state,
                                 .person = from[i]->person,
                                 .role = from[i]->role,
                                 .days_left = from[i]->days_left,
                                 .mine = from[i]->mine,
                                 .field = field_of(from[i]->question, 0, from[i]->item)};
}

static void copy_steps(struct copying *c, const Tandem__Steps *from)
{
    struct errand_answer *a = c->a;
    a->state = from->state;
    a->revision = from->revision;
    a->since_utc_ms = from->since_utc_ms;
    a->steps = room_for(c, from->n_steps, sizeof *a->steps, &a->nsteps);
    for (size_t i = 0; i < a->nsteps; i++)
        copy_step(c, from->steps[i], &a->steps[i]);
    copy_duties(c, from->duties, from->n_duties);
}

static void copy_moderators(struct copying *c, const Tandem__ModeratorList *from)
{
    struct errand_answer *a = c->a;
    a->moderators = room_for(c, from->n_rows, sizeof *a->moderators, &a->nmoderators);
    for (size_t i = 0; i < a->nmoderators; i++) {
        const Tandem__ModeratorRow *row = from->rows[i];
        struct buf why = BUF_INIT;
        for (size_t k = 0; k < row->n_conflicts; k++)
            buf_appendf(&why, "%s%s", k ? "; " : "", row->conflicts[k]);
        c->failed |= buf_failed(&why);
        a->moderators[i] = (struct errand_moderator){.person = row->person,
                                                     .open = row->open,
                                                     .name = copy(c, row->name),
                                                     .own = row->own,
                                                     .conflict = copy(c, buf_cstr(&why))};
        buf_free(&why);
    }
}

static void copy_readers(struct copying *c, const Tandem__ReaderList *from)
{
    struct errand_answer *a = c->a;
    a->readers = room_for(c, from->n_rows, sizeof *a->readers, &a->nreaders);
    for (size_t i = 0; i < a->nreaders; i++)
        a->readers[i] = (struct errand_reader){.utc_ms = from->rows[i]->utc_ms,
                                               .person = from->rows[i]->person,
                                               .name = copy(c, from->rows[i]->name),
                                               .what = copy(c, from->rows[i]->what)};
    a->more = from->more;
}

/* Which answer each kind is given. */
static const Tandem__Envelope__BodyCase expected[] = {
    [ERRAND_NEXT] = TANDEM__ENVELOPE__BODY_STEPS,
    [ERRAND_MOVE] = TANDEM__ENVELOPE__BODY_MOVED,
    [ERRAND_SIGN] = TANDEM__ENVELOPE__BODY_MOVED,
    [ERRAND_MODERATORS] = TANDEM__ENVELOPE__BODY_MODERATOR_LIST,
    [ERRAND_ACTION] = TANDEM__ENVELOPE__BODY_DONE,
    [ERRAND_FLAG] = TANDEM__ENVELOPE__BODY_DONE,
    [ERRAND_FLAG_NOTE] = TANDEM__ENVELOPE__BODY_DONE,
    [ERRAND_INBOX] = TANDEM__ENVELOPE__BODY_INBOX_LIST,
    [ERRAND_READERS] = TANDEM__ENVELOPE__BODY_READER_LIST,
};

static void copy_answer(struct copying *c, const Tandem__Envelope *m)
{
    switch ((int)m->body_case) {
    case TANDEM__ENVELOPE__BODY_STEPS:
        copy_steps(c, m->steps);
        return;
    case TANDEM__ENVELOPE__BODY_MOVED:
        c->a->state = m->moved->state;
        c->a->revision = m->moved->revision;
        free(c->a->text);
        c->a->text = copy(c, m->moved->text);
        return;
    case TANDEM__ENVELOPE__BODY_MODERATOR_LIST:
        copy_moderators(c, m->moderator_list);
        return;
    case TANDEM__ENVELOPE__BODY_INBOX_LIST:
        copy_duties(c, m->inbox_list->duties, m->inbox_list->n_duties);
        c->a->more = m->inbox_list->more;
        return;
    case TANDEM__ENVELOPE__BODY_READER_LIST:
        copy_readers(c, m->reader_list);
        return;
    default:
        return;
    }
}

static void on_answer(void *user, enum err e, const char *text, const Tandem__Envelope *m)
{
    struct errand_run *r = user;
    struct copying c = {.a = r->fn ? calloc(1, sizeof *c.a) : NULL};
    if (c.a) {
        if (!e && m->body_case != expected[r->kind])
            e = ERR_INPUT;
        c.a->err = e;
        c.a->text = copy(&c, e && !*text ? err_text(e) : text);
        if (!e)
            copy_answer(&c, m);
        if (c.failed)
            c.a->err = ERR_NOMEM;
    }
    if (r->fn) /* without memory the answer is NULL, and not worse than a line that broke */
        r->fn(r->user, c.a);
    free(r);
}

/* ---- asking ---- */

static char *or_empty(char *s)
{
    static char empty[1];
    return s ? s : empty;
}

struct asking {
    Tandem__Envelope m;
    Tandem__Next next;
    Tandem__MoveAudit move;
    Tandem__Sign sign;
    Tandem__Moderators moderators;
    Tandem__ActionStep action;
    Tandem__RaiseFlag flag;
    Tandem__NoteFlag note;
    Tandem__Inbox inbox;
    Tandem__Readers readers;
};

static void fill_move(struct asking *q, char *ref, const struct errand *e)
{
    tandem__move_audit__init(&q->move);
    q->move.ref = ref;
    q->move.to = e->to;
    q->move.stage = e->stage;
    q->move.reason = or_empty(e->reason);
    q->move.person = or_empty(e->person);
    q->m.body_case = TANDEM__ENVELOPE__BODY_MOVE_AUDIT;
    q->m.move_audit = &q->move;
}

static void fill_sign(struct asking *q, char *ref, const struct errand *e)
{
    tandem__sign__init(&q->sign);
    q->sign.ref = ref;
    q->sign.revision = e->revision;
    q->sign.difference = or_empty(e->text);
    q->sign.absent = e->absent;
    q->sign.reason = or_empty(e->reason);
    q->m.body_case = TANDEM__ENVELOPE__BODY_SIGN;
    q->m.sign = &q->sign;
}

static void fill_action(struct asking *q, char *ref, const struct errand *e)
{
    tandem__action_step__init(&q->action);
    q->action.ref = ref;
    q->action.question = e->question;
    q->action.item = e->item;
    q->action.step = or_empty(e->step);
    q->action.value = or_empty(e->value);
    q->action.reason = or_empty(e->reason);
    q->action.other_item = e->other_item;
    q->m.body_case = TANDEM__ENVELOPE__BODY_ACTION_STEP;
    q->m.action_step = &q->action;
}

static void fill_flag(struct asking *q, char *ref, const struct errand *e)
{
    tandem__raise_flag__init(&q->flag);
    q->flag.ref = ref;
    q->flag.text = or_empty(e->text);
    q->flag.told = or_empty(e->person);
    q->m.body_case = TANDEM__ENVELOPE__BODY_RAISE_FLAG;
    q->m.raise_flag = &q->flag;
}

static void fill_note(struct asking *q, char *ref, const struct errand *e)
{
    tandem__note_flag__init(&q->note);
    q->note.ref = ref;
    q->note.flag = e->flag;
    q->note.text = or_empty(e->text);
    q->note.closed = e->closed;
    q->m.body_case = TANDEM__ENVELOPE__BODY_NOTE_FLAG;
    q->m.note_flag = &q->note;
}

static void fill(struct asking *q, char *ref, const struct errand *e)
{
    tandem__envelope__init(&q->m);
    switch (e->kind) {
    case ERRAND_NEXT:
        tandem__next__init(&q->next);
        q->next.ref = ref;
        q->m.body_case = TANDEM__ENVELOPE__BODY_NEXT;
        q->m.next = &q->next;
        return;
    case ERRAND_MOVE:
        fill_move(q, ref, e);
        return;
    case ERRAND_SIGN:
        fill_sign(q, ref, e);
        return;
    case ERRAND_MODERATORS:
        tandem__moderators__init(&q->moderators);
        q->moderators.ref = ref;
        q->m.body_case = TANDEM__ENVELOPE__BODY_MODERATORS;
        q->m.moderators = &q->moderators;
        return;
    case ERRAND_ACTION:
        fill_action(q, ref, e);
        return;
    case ERRAND_FLAG:
        fill_flag(q, ref, e);
        return;
    case ERRAND_FLAG_NOTE:
        fill_note(q, ref, e);
        return;
    case ERRAND_INBOX:
        tandem__inbox__init(&q->inbox);
        q->m.body_case = TANDEM__ENVELOPE__BODY_INBOX;
        q->m.inbox = &q->inbox;
        return;
    case ERRAND_READERS:
        tandem__readers__init(&q->readers);
        q->readers.ref = ref;
        q->m.body_case = TANDEM__ENVELOPE__BODY_READERS;
        q->m.readers = &q->readers;
        return;
    }
}

struct errand_run *errand_start(struct link *l, const char *ref, const struct errand *e,
                                errand_fn fn, void *user)
{
    struct errand_run *r = calloc(1, sizeof *r);
    char *name = strdup(ref);
    struct asking q;
    if (r && name) {
        *r = (struct errand_run){.fn = fn, .user = user, .kind = e->kind};
        fill(&q, name, e);
    }
    if (!r || !name || link_request(l, &q.m, on_answer, r)) {
        free(r);
        r = NULL;
    }
    free(name);
    return r;
}

void errand_cancel(struct errand_run *r)
{
    if (r)
        r->fn = NULL;
}
