/* The list of audits, new ones, templates, people. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/api/core_inner.h"
#include "server/api/handlers.h"
#include "server/api/routes.h"
#include "server/rules/period.h"
#include "server/rules/permission.h"
#include "server/store/summary.h"

enum { LIST_ROWS = 2000 }; /* read for one answer: about as many as it holds */

/* ---- list ---- */

static enum role member_role(const struct store_audit_row *row, uint32_t person)
{
    for (size_t i = 0; i < row->nmembers; i++)
        if (row->members[i].person == person)
            return row->members[i].role;
    return ROLE_NONE;
}

static bool fill_members(struct call *c, Tandem__AuditRow *to, const struct store_audit_row *row)
{
    to->members = call_alloc(c, row->nmembers * sizeof *to->members);
    Tandem__Member *m = call_alloc(c, row->nmembers * sizeof *m);
    if (!to->members || !m)
        return false;
    for (size_t i = 0; i < row->nmembers; i++, m++) {
        const struct person *p = people_find(c->core->people, row->members[i].person);
        tandem__member__init(m);
        m->person = row->members[i].person;
        m->role = (uint32_t)row->members[i].role;
        m->sections = (char *)row->members[i].sections;
        m->name = (char *)(p ? p->name : "");
        to->members[to->n_members++] = m;
    }
    return true;
}

static bool fill_row(struct call *c, Tandem__AuditRow *to, const struct store_audit_row *row,
                     const struct viewer *reader)
{
    const struct store_summary *s = &row->summary;
    tandem__audit_row__init(to);
    to->ref = (char *)s->ref;
    to->template_id = (char *)s->template_id;
    to->carer_ref = (char *)s->carer_ref;
    to->team = (char *)s->team;
    to->state = (uint32_t)s->state;
    to->answered = s->answered;
    to->required = s->required;
    to->open_comments = s->open_comments;
    to->changed_utc_ms = s->utc_ms;
    to->period_from = (char *)s->period_from;
    to->period_to = (char *)s->period_to;
    const struct live_audit *la = live_find(c->core->live, s->ref);
    if (la && live_seat_count(la)) {
        to->here = present_people(c, la, reader, NULL, &to->n_here);
        if (!to->here)
            return false;
    }
    return fill_members(c, to, row);
}

/* The rows that the reader may see now, as many as one answer holds. */
static bool fill_list(struct call *c, Tandem__AuditList *list, const struct viewer *reader)
{
    const struct store_list_audits *l = &c->store.list;
    size_t bytes = 0;
    list->rows = call_alloc(c, l->nrows * sizeof *list->rows);
    if (!list->rows)
        return false;
    for (size_t i = 0; i < l->nrows; i++) {
        const struct store_audit_row *row = &l->rows[i];
        enum role r = member_role(row, reader->person);
        if (!permission_may_list(reader, r, row->summary.team))
            continue;
        if (bytes > MAX_ANSWER_BYTES) {
            list->more = true;
            break;
        }
        Tandem__AuditRow *to = call_alloc(c, sizeof *to);
        if (!to || !fill_row(c, to, row, reader))
            return false;
        list->rows[list->n_rows++] = to;
        bytes += tandem__audit_row__get_packed_size(to) + 4;
    }
    list->more = list->more || (l->more && list->n_rows); /* the next page begins behind a row */
    return true;
}

static void listed(struct call *c, enum err e)
{
    const struct person *p = call_person(c);
    void *rows = e ? NULL : c->store.list.rows;
    if (!call_conn(c) || !p) {
        call_free(c);
    } else if (e) {
        call_fail(c, ERR_STORE, "", "The list cannot be read now. Try again in a moment.");
    } else {
        Tandem__AuditList list = TANDEM__AUDIT_LIST__INIT;
        Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
        env.body_case = TANDEM__ENVELOPE__BODY_AUDIT_LIST;
        env.audit_list = &list;
        if (fill_list(c, &list, &p->viewer))
            call_answer(c, &env);
        else
            call_no_memory(c);
    }
    free(rows);
}

/* Whose audits one list looks for; lives as long as the call. */
struct list_scope {
    struct viewer viewer;
    const char *teams[PERMISSION_MAX_TEAMS]; /* of viewer.roles */
};

static void list_noted(struct call *c, enum err e)
{
    (void)e; /* call_enter goes on only without one */
    const struct person *p = call_person(c);
    if (!p) {
        call_free(c);
        return;
    }
    struct list_scope *scope = call_alloc(c, sizeof *scope);
    if (!scope) {
        call_no_memory(c);
        return;
    }
    scope->viewer = p->viewer; /* they may be given other roles while the store reads */
    memset(&c->store, 0, sizeof c->store);
    summary_copy(c->store.list.after_ref, sizeof c->store.list.after_ref,
                 c->env->list_audits->after_ref);
    c->store.list.limit = LIST_ROWS;
    c->store.list.person = scope->viewer.person;
    c->store.list.teams = scope->teams;
    c->store.list.nteams = permission_teams(&scope->viewer, scope->teams);
    call_store(c, STORE_LIST_AUDITS, listed);
}

void handle_list_audits(struct call *c)
{
    struct conn *cn = call_conn(c);
    if (cn->listing) {
        call_fail(c, ERR_SLOW_DOWN, "",
                  "Your list is being made already; ask again when you have it.");
        return;
    }
    if (!call_keep(c))
        return;
    cn->listing = c->lists = true;
    call_enter(c, "list", false, list_noted);
}

/* ---- templates, people ---- */

void handle_get_template(struct call *c)
{
    const Tandem__GetTemplate *r = c->env->get_template;
    const struct template_held *h = core_template(c->core, r->id, r->version);
    if (!h) {
        call_fail(c, ERR_NOT_FOUND, "id", "There is no such template on this site.");
        return;
    }
    Tandem__TemplateReply reply = TANDEM__TEMPLATE_REPLY__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    reply.template_ = (ProtobufCBinaryData){.len = h->bytes.len, .data = h->bytes.data};
    env.body_case = TANDEM__ENVELOPE__BODY_TEMPLATE_REPLY;
    env.template_reply = &reply;
    call_answer(c, &env);
}

void handle_list_people(struct call *c)
{
    const struct people *people = c->core->people;
    size_t n = people_count(people), bytes = 0;
    Tandem__PeopleList list = TANDEM__PEOPLE_LIST__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    list.people = call_alloc(c, n * sizeof *list.people);
    for (size_t i = 0; list.people && i < n; i++) {
        const struct person *p = people_at(people, i);
        if (p->viewer.person <= c->env->list_people->after_id)
            continue;
        Tandem__Person *to = call_alloc(c, sizeof *to);
        if (!to) {
            list.people = NULL;
            break;
        }
        if (bytes > MAX_ANSWER_BYTES) {
            list.more = true;
            break;
        }
        fill_person(c, to, p);
        list.people[list.n_people++] = to;
        bytes += tandem__person__get_packed_size(to) + 4;
    }
    if (!list.people) {
        call_no_memory(c);
        return;
    }
    env.body_case = TANDEM__ENVELOPE__BODY_PEOPLE_LIST;
    env.people_list = &list;
    call_answer(c, &env);
}
