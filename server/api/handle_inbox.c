/* What somebody has to do: read from what the store keeps beside each record, or, about one record,
 * from that record. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/api/act.h"
#include "server/api/duties.h"
#include "server/rules/permission.h"

enum { INBOX_ROWS = 200 };

/* ---- where a page ends: "2026-11-24 FCA-2026-0001 3" ---- */

static char *mark_of(struct call *c, const struct store_duty_row *row)
{
    char mark[80];
    (void)snprintf(mark, sizeof mark, "%s %s %u", row->duty.due[0] ? row->duty.due : "-", row->ref,
                   row->n);
    return call_strdup(c, mark);
}

static bool read_mark(const char *mark, struct store_duties *q)
{
    char due[11], ref[32], end;
    unsigned n;
    if (!*mark)
        return true;
    if (sscanf(mark, "%10s %31s %9u%c", due, ref, &n, &end) != 3)
        return false;
    struct civil day;
    if (strcmp(due, "-") != 0 && !facts_day(due, &day))
        return false;
    (void)snprintf(q->after.due, sizeof q->after.due, "%s", due[0] == '-' ? "" : due);
    (void)snprintf(q->after.ref, sizeof q->after.ref, "%s", ref);
    q->after.n = n;
    return true;
}

/* ---- all of them ---- */

/* Whose duties one page looks for; lives as long as the call. */
struct inbox_scope {
    struct viewer viewer;
    const char *teams[PERMISSION_MAX_TEAMS];
};

static bool fill(struct call *c, const struct store_duties *q, const struct viewer *me,
                 Tandem__InboxList *list)
{
    list->duties = call_alloc(c, q->nrows * sizeof(Tandem__Duty *));
    bool ok = list->duties;
    for (size_t i = 0; ok && i < q->nrows; i++) {
        bool later;
        Tandem__Duty *d = duty_of_row(c, me, &q->rows[i], &later);
        if (d)
            list->duties[list->n_duties++] = d;
        ok = d || later;
    }
    list->more = q->more;
    list->next = ok && q->more && q->nrows ? mark_of(c, &q->rows[q->nrows - 1]) : (char *)"";
    return ok && list->next;
}

static void read_done(struct call *c, enum err e)
{
    struct store_duties q = c->store.duties;
    const struct person *me = call_person(c);
    if (!me) {
        call_free(c);
    } else if (e) {
        call_fail(c, ERR_STORE, "", "The list cannot be read now. Try again in a moment.");
    } else {
        Tandem__InboxList list = TANDEM__INBOX_LIST__INIT;
        Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
        env.body_case = TANDEM__ENVELOPE__BODY_INBOX_LIST;
        env.inbox_list = &list;
        if (fill(c, &q, &me->viewer, &list))
            call_answer(c, &env);
        else
            call_no_memory(c);
    }
    if (!e)
        free(q.rows);
}

static void all_noted(struct call *c, enum err e)
{
    (void)e; /* call_enter goes on only without one */
    const struct person *me = call_person(c);
    struct inbox_scope *scope = me ? call_alloc(c, sizeof *scope) : NULL;
    if (!me) {
        call_free(c);
        return;
    }
    if (!scope) {
        call_no_memory(c);
        return;
    }
    scope->viewer = me->viewer; /* they may be given other roles while the store reads */
    struct store_duties q = {.person = scope->viewer.person,
                             .roles = scope->viewer.roles,
                             .nroles = scope->viewer.nroles,
                             .teams = scope->teams,
                             .limit = INBOX_ROWS};
    if (c->env->inbox->everybody)
        q.nteams = permission_teams(&scope->viewer, scope->teams);
    if (!read_mark(c->env->inbox->after, &q)) {
        call_fail(c, ERR_INPUT, "after", "That is no place in the list; begin again without it.");
        return;
    }
    c->store.duties = q;
    call_store(c, STORE_DUTIES, read_done);
}

/* ---- about one record ---- */

static void one_noted(struct call *c, enum err e)
{
    if (!call_goes_on(c, e))
        return;
    const struct viewer *me = &call_person(c)->viewer;
    Tandem__InboxList list = TANDEM__INBOX_LIST__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    size_t n = 0;
    if (!duties_of_record(c, me, &list.duties, &list.n_duties)) {
        call_no_memory(c);
        return;
    }
    for (size_t i = 0; i < list.n_duties; i++)
        if (c->env->inbox->everybody || list.duties[i]->mine)
            list.duties[n++] = list.duties[i];
    list.n_duties = n;
    env.body_case = TANDEM__ENVELOPE__BODY_INBOX_LIST;
    env.inbox_list = &list;
    call_answer_read(c, &env);
}

static void one_here(struct call *c, enum err e)
{
    if (!call_person(c))
        call_free(c);
    else if (e == ERR_REJOIN)
        call_wait(c, 0, one_here);
    else if (e == ERR_NOT_FOUND || (!e && !route_may_see(c, live_state(c->la))))
        call_not_found(c);
    else if (e)
        call_fail(c, ERR_STORE, "", "The audit cannot be read now. Try again in a moment.");
    else
        call_enter(c, "inbox", false, one_noted);
}

void handle_inbox(struct call *c)
{
    char ref[ROUTE_REF_BYTES];
    if (!call_keep(c))
        return;
    if (!*c->env->inbox->ref) {
        call_enter(c, "inbox", false, all_noted);
        return;
    }
    route_ref(c, ref);
    c->la = live_pin(c->core->live, ref);
    if (!c->la)
        call_no_memory(c);
    else
        call_wait(c, 0, one_here);
}
